"""Grading, from a source to the feedback."""
