"""Machine translation: pairs of sentences, sub-words, two decoders."""
