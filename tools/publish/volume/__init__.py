"""Makes one file of the book: a PDF, an EPUB."""
