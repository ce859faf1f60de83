"""Cells on tasks that show what they can do: chapters 4 to 9, the capstone."""
