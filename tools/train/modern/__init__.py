"""Recurrence as it is today: chapters 19 to 22."""
