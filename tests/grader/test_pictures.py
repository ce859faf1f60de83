"""Pictures in written answers reach the marker and the learner's page."""

import base64
import re
import struct
from pathlib import Path

import nbformat
import pytest

from grader.commands import grade
from grader.commands.marking import Desk
from grader.course.settings import Course
from grader.notebook import pictures
from grader.notebook.pictures import attach_files, read_pictures
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


def beside(tmp_path, text, name, data, given=(), code=None):
    """What an answer gets that names a file beside the notebook."""
    (tmp_path / name).write_bytes(base64.b64decode(data))
    notebook = drawn(None, text)
    if code:
        cell_of(notebook, "double").source = code
    remarks = attach_files(notebook, tmp_path, {Path(g) for g in given})
    nbformat.validate(notebook)
    return cell_of(notebook, "why").get("attachments", {}), remarks


@pytest.mark.parametrize(
    "text",
    [
        "![it](my%20sketch.png)",
        '<img src="my sketch.png">',
        "See my sketch.png.",
    ],
)
def test_a_file_that_an_answer_names_is_its_picture(tmp_path, text):
    kept, remarks = beside(tmp_path, text, "my sketch.png", png())
    assert kept == {"my sketch.png": {"image/png": png()}}
    assert not remarks


@pytest.mark.parametrize(
    "data", [base64.b64encode(b"<svg>").decode(), png(100_000, 100_000), ""]
)
def test_a_file_that_is_no_picture_is_told(tmp_path, data):
    kept, remarks = beside(tmp_path, "![](a.png)", "a.png", data)
    assert not kept
    assert "'a.png'" in remarks[0]


def test_a_file_that_no_cell_names_is_told(tmp_path):
    kept, remarks = beside(tmp_path, "As drawn.", "a.png", png())
    assert not kept
    assert "no cell names it: 'a.png'" in remarks[0]
    code = "plt.savefig('a.png')"
    assert beside(tmp_path, "No.", "a.png", png(), code=code) == ({}, [])
    assert beside(tmp_path, "![](a.png)", "a.png", png(), ["a.png"]) == (
        {},
        [],
    )


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
    file = hand_in(root, "fay", drawn(None, "![](f.png)")).with_name(
        "f.png"
    )
    file.write_bytes(base64.b64decode(png(5)))
    assert grade.main(["--root", str(root)]) == 0
    shown = re.compile(r'<img src="data:image/png;base64,([^"]*)"')
    assert shown.findall(told(root, "ann")) == [png(3)]
    assert shown.findall(told(root, "cid")) == [png(4)]
    assert shown.findall(told(root, "fay")) == [png(5)]
    assert "<img" not in told(root, "eve")
    assert "'s.svg'" in told(root, "eve")
    folder = root / "grading" / "autograded" / "ann" / NAME
    assert [*read_pictures(folder)] == ["why"]  # the formgrader's
    desk = Desk(Course(root), NAME, "why", "a grader")
    page = desk.page("nonce")
    assert sorted(shown.findall(page)) == sorted(map(png, (3, 4, 5)))
    assert len(desk.groups) == 4
    assert page.count("<img") == 3
