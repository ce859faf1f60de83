"""Made exports: a class as Moodle, Canvas and others hand it over."""

import csv
import shutil
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbgrader import api
from nbgrader.api import Gradebook

from tests.helpers.grading import NAME, make_course, solved

HEAD = [
    "Identifier", "Full name", "Email address", "Status", "Grade",
    "Maximum Grade", "Grade can be changed", "Last modified (submission)",
    "Last modified (grade)", "Feedback comments",
]  # fmt: skip


def moodle(name, number, file=f"{NAME}.ipynb"):
    """A file's path, as Moodle exports it today."""
    return f"{name}_{number}_assignsubmission_file/{file}"


def worksheet(path: Path, people, most="6.00", groups=None) -> Path:
    """Moodle's grading worksheet: number, name, email and when.

    `groups` has the column *Group* of an assignment for teams, by number.
    """
    lines = [
        [
            f"Participant {number}", name, email, "Submitted for grading", "",
            most, "Yes", when or "-", "-", "",
        ]
        for number, name, email, when in people
    ]  # fmt: skip
    table = [HEAD, *lines]
    if groups is not None:
        said = ["Group", *(groups.get(number, "") for number, *_ in people)]
        table = [
            [*line[:4], group, *line[4:]]
            for line, group in zip(table, said, strict=True)
        ]
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(table)
    return path


def pack(path: Path, files) -> Path:
    """A zip with these paths; what holds None is a solved notebook."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = nbformat.writes(solved())
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in dict(files).items():
            file.writestr(name, text if content is None else content)
    return path


def make_empty(root: Path, zone: str = "Europe/Berlin") -> Path:
    """A course in this zone with an empty gradebook."""
    make_course(root)
    (root / "course.toml").write_text(f'time_zone = "{zone}"\n')
    with pytest.MonkeyPatch.context() as patch:  # alembic takes seconds
        patch.setattr(api, "get_alembic_version", lambda: "any")
        empty = root / "grading" / ".empty.db"
        Gradebook(f"sqlite:///{empty}", "rnn").close()
    shutil.copy(empty, root / "grading" / "gradebook.db")
    return root
