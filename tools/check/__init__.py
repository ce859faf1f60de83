"""What is checked without building the book."""
