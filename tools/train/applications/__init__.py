"""The networks of the applications: chapters 10 to 17."""
