"""Video: what moves, what happens, and saying so."""
