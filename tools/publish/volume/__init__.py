"""The whole book as one file: a PDF, an EPUB."""
