"""Slips, made from a solution: the edits, and whether what they are called is true."""
