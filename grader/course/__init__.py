"""The course as nbgrader keeps it: folders, gradebook, submissions."""
