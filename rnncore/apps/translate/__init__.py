"""A translator from pairs of sentences."""
