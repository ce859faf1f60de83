"""Tests that run outside the process of the code that they test."""
