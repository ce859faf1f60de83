"""Runs a notebook's visible tests: python -m rnncore check NOTEBOOK."""
