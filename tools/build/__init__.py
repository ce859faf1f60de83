"""Make what readers see: the book, its woven code, the README."""
