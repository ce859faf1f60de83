"""A submitted notebook: repaired, cleaned, and its failures explained."""
