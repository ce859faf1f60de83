"""Hostile notebooks, and what each must not gain."""
