"""Pictures in written answers reach the marker and the learner's page."""

import base64
import re
import struct

import nbformat
import pytest

from grader.commands import grade
from grader.commands.marking import Desk
from grader.course.settings import Course
from grader.notebook import pictures
from grader.notebook.pictures import read_pictures
from grader.notebook.repair import read_notebook, repair
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
    told,
)

LIMIT = 100_000_000
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")


def png(width=3, height=2, tail=b""):
    head = struct.pack("!I4sII", 13, b"IHDR", width, height)
    data = b"\x89PNG\r\n\x1a\n" + head + b"\x08\x02\0\0\0" + tail
    return base64.b64encode(data).decode()


def drawn(attachments, text="![s](attachment:s.png)"):
    notebook = solved()
    cell = cell_of(notebook, "why")
    cell.source = text
    if attachments is not None:
        cell["attachments"] = attachments
    return notebook


def take(tmp_path, notebook):
    """The answer's pictures, and the remarks, as the grader takes them in."""
    hand_in(tmp_path, "ann", notebook)
    folder = tmp_path / "grading" / "submitted" / "ann" / NAME
    repaired, remarks = repair(read_notebook(folder, NAME, LIMIT), solved())
    nbformat.validate(repaired)
    cell = cell_of(repaired, "why")
    return cell.get("attachments", {}), remarks, cell.source


def test_a_pasted_picture_stays_with_its_answer(tmp_path):
    given = {"s.png": {"image/png": png()}}
    kept, remarks, _ = take(tmp_path, drawn(given))
    assert kept == given
    assert not remarks


def test_a_picture_in_the_text_becomes_an_attachment(tmp_path):
    text = f"See ![x](data:image/png;base64,{png()}) there."
    kept, remarks, source = take(tmp_path, drawn(None, text))
    ((name, data),) = kept.items()
    assert data == {"image/png": png()}
    assert source == f"See ![x](attachment:{name}) there."
    assert not remarks


@pytest.mark.parametrize(
    "data",
    [
        {"image/svg+xml": "<svg onload=alert(1)>"},
        {"text/html": "<script>alert(1)</script>"},
        {"image/png": "<script>alert(1)</script>"},
        {"image/png": base64.b64encode(b"GIF89a").decode()},
        {"image/png": png(100_000, 100_000)},
        {"image/png": png(tail=b"x" * (pictures.LIMIT.bytes + 10))},
        {"image/png": 7},
        {},
    ],
)
def test_what_is_no_picture_or_too_large_is_left_out_and_told(
    tmp_path, data
):
    kept, remarks, _ = take(tmp_path, drawn({"s.png": data}))
    assert not kept
    (remark,) = remarks
    assert "'s.png'" in remark


def test_too_many_are_left_out_and_told(tmp_path):
    most = pictures.LIMIT.parts
    given = {f"{k}.png": {"image/png": png()} for k in range(most + 1)}
    kept, remarks, _ = take(tmp_path, drawn(given))
    assert len(kept) == most
    (left,) = given.keys() - kept.keys()
    assert f"'{left}'" in remarks[0]


@NEEDS_SANDBOX
@pytest.mark.slow
def test_marker_and_learner_see_it(tmp_path):
    """Two answers with the same text and other pictures are two answers."""
    root = make_course(tmp_path)
    for who, width in (("ann", 3), ("bob", 3), ("cid", 4)):
        given = {'s".png': {"image/png": png(width)}}
        hand_in(root, who, drawn(given))
    svg = {"s.svg": {"image/svg+xml": "<svg onload=alert(1)>"}}
    hand_in(root, "eve", drawn(svg))
    assert grade.main(["--root", str(root)]) == 0
    shown = re.compile(r'<img src="data:image/png;base64,([^"]*)"')
    assert shown.findall(told(root, "ann")) == [png(3)]
    assert shown.findall(told(root, "cid")) == [png(4)]
    assert "<img" not in told(root, "eve")
    assert "'s.svg'" in told(root, "eve")
    folder = root / "grading" / "autograded" / "ann" / NAME
    assert [*read_pictures(folder)] == ["why"]  # the formgrader's
    desk = Desk(Course(root), NAME, "why", "a grader")
    page = desk.page("nonce")
    assert sorted(shown.findall(page)) == sorted([png(3), png(4)])
    assert len(desk.groups) == 3
    assert page.count("<img") == 2
