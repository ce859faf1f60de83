"""What is folded in a page: code, docstrings, and the names that it defines."""
