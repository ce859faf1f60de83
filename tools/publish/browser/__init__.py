"""Python in the reader's browser: notebooks, and experiments with another seed."""
