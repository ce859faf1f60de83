"""Where the loop ends, and recurrence as it is today: chapters 18 to 22."""
