"""Trainings on public sets, by their published protocols."""
