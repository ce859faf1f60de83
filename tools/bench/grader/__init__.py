"""What grading takes: a submission, a class, an attack."""
