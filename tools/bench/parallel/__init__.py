"""Time, by the length of the sequences, layers that step and that scan."""
