"""Machine translation: pairs of sentences, sub-words, four decoders."""
