"""The book in its other forms: on paper, as an EPUB, as a folder for a host."""
