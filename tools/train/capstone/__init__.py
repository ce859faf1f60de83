"""The training of the capstone."""
