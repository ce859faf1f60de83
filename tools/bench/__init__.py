"""Measure times, memory and scores."""
