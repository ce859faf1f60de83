"""Tests: a folder for each of the others, and helpers for all."""
