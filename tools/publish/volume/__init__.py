"""Makes one file of the book: a PDF."""
