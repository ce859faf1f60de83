"""What is done to the pages while Sphinx writes them, and after."""
