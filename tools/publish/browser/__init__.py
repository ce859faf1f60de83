"""Python in the reader's browser: the notebooks of assignments and pages."""
