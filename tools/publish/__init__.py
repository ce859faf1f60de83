"""The book in its other forms: on paper, as an EPUB, on a host, as notebooks."""
