"""What runs where a course lives elsewhere: Gradescope, Classroom, a hub."""
