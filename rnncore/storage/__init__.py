"""What is kept in files: weights, interrupted runs, written whole."""
