"""Files of each format that users bring, made at random."""
