"""Grades a class: nbgrader's gradebook and files, one process a submission.

`tools/grade.py` (make grade) is the command; book/grading.md the guide.
"""
