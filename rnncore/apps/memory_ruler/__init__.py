"""How long a cell of one's own remembers."""
