"""Loaders of data, one file a subject."""
