"""Trainings on public sets, by the protocols of the literature."""
