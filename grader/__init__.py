"""Grades a class: nbgrader's gradebook and files, one process a submission.

Everything that learners control comes in through one module, `untrusted.py`, which
makes it plain, bounded and valid. A submission passes these, in this order:

    assignments/  an assignment's text source, built into its notebooks
    course/       the course's folder, its gradebook, what was handed in
    notebook/     a submitted notebook, repaired and cleaned; its failures
    isolation/    the sandbox in which a learner's code runs
    trusted/      its tests, run outside that sandbox
    run/          a class's jobs, and the record of what they gave
    reports/      points, feedback, and what an instructor should look at
    services/     a course that lives on Gradescope, GitHub or a hub
    commands/     what is called: python -m grader COMMAND

The guide is book/grading.md.
"""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the course's folder
