"""Solved notebooks to check, and a check of one."""

import shutil

import nbformat

from grader.assignments import builder
from rnncore.checking import client
from tests.helpers.grading import cell_of, solved


def write(path, **changes):
    """The solved notebook with other texts in some cells."""
    made = solved()
    for name, source in changes.items():
        cell_of(made, name).source = source
    nbformat.write(made, path)
    return made


def check(path, capsys, *options):
    """Exit status and what is printed."""
    status = client.main([str(path), *options])
    return status, capsys.readouterr().out


def solved_release(name, folder):
    """The released assignment with its solutions filled in."""
    shutil.copytree(builder.ROOT / "exercises" / name, folder / name)
    path = folder / name / f"{name}.ipynb"
    made = nbformat.read(path, as_version=4)
    for task, cell in builder.read(name).of("solution").items():
        cell_of(made, task).source = cell.source
    nbformat.write(made, path)
    return path
