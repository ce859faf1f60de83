"""Make what readers see: the book and the README."""
