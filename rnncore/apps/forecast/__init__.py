"""Forecasts of the columns of a table."""
