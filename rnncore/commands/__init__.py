"""The commands of `python -m rnncore`, one module each."""
