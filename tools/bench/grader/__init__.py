"""What grading takes: a submission, a class, a gradebook, an attack."""
