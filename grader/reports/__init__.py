"""What learners and instructors read after a run."""
