"""Public sets: what the applications are worth on real data."""
