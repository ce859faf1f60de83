"""An assignment: its text source, its notebooks, its known mistakes."""
