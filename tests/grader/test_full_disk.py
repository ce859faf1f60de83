"""A full disk is told as that, by every command on a class."""

import errno
import sqlite3

import pytest

from grader.course.settings import run_alone
from tests.helpers.grading import make_course


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        sqlite3.OperationalError("database or disk is full"),
    ],
)
def test_a_full_disk_is_told_in_one_line(tmp_path, capsys, error):
    def work(course):
        raise error

    root = make_course(tmp_path)
    assert run_alone(root, "make grade", work) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("make grade: the disk is full")
    error = OSError(errno.EACCES, "Permission denied")
    with pytest.raises(OSError, match="denied"):
        run_alone(root, "make grade", work)
