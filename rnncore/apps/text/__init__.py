"""A language model of text files."""
