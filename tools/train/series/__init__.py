"""Trainings on public sets of series, by their published protocols."""
