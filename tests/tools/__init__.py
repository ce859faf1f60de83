"""Build, checks, trainings, teaching material, publishing."""
