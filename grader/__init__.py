"""Grades a class: nbgrader's gradebook and files, one process a submission.

Everything that learners control comes in through one module, `untrusted.py`, which
makes it plain, bounded and valid. A folder imports only from those above it:

    notebook/     a submitted notebook, repaired and cleaned; its failures
    course/       the course's folder, its gradebook, what was handed in
    assignments/  an assignment's text source, built into its notebooks
    isolation/    the sandbox in which a learner's code runs
    trusted/      its tests, run outside that sandbox
    reports/      points, feedback, and what an instructor should look at
    run/          a class's jobs, and the record of what they gave
    systems/      what comes from Moodle, Canvas, GitHub, a hub, and goes back
    commands/     what is called: python -m grader COMMAND

The guide is book/grading.md.
"""

import os
from pathlib import Path

COURSE_FILE = "course.toml"
CODE = Path(__file__).resolve().parent.parent  # where this package lies


def find_root(folder: Path) -> Path:
    """The course's folder: the nearest one, from `folder` up, with a course.toml.

    In the repository of this course, which needs no such file, it is that; where
    there is neither, `folder` itself. Settings are code that is run, so a file
    above `folder` counts only if it is yours, of the owner of `folder`, or root's.
    """
    trusted = {0, folder.stat().st_uid, *([os.getuid()] if os.name == "posix" else [])}
    for place in (folder, *folder.parents):
        path = place / COURSE_FILE
        if place == CODE or (path.is_file() and path.stat().st_uid in trusted):
            return place
    return folder


ROOT = find_root(Path.cwd())
