"""Measure times and memory."""
