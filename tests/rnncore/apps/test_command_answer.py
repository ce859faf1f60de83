"""make answer: the course's solutions, after one's own tries."""

import json
import subprocess
from datetime import UTC, datetime, timedelta

import nbformat
import pytest

from grader.assignments import source
from rnncore.checking import tries
from rnncore.checking.answers import Answers, Worked, read_answers
from rnncore.checking.find import NotebookError
from rnncore.commands import answer
from tests.helpers import ROOT
from tests.helpers.checking import solved_release, write
from tests.helpers.grading import NAME

WHY = "Twice is a sum of two.\nOr a product with 2.\nNot a square."
MARKED = (
    "def double(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n"
    "    ### END SOLUTION\n"
)
STUB = (
    "def double(x):\n    # YOUR CODE HERE\n    raise NotImplementedError()"
)
WRONG = "def double(x):\n    return x * x"
OTHER = "def double(x):\n    return 3 * x"
HINTS = (
    "## Task 1\n\n<details><summary>Hint 1</summary>\n\nAdd x &amp; x.\n"
    "</details>\n\n<details><summary>Hint 2</summary>\n\nTwo.\n</details>"
)
TWO = Answers({"double": Worked(MARKED, WHY)}, {"why": "Because."})


@pytest.fixture
def notebook(tmp_path):
    """A notebook of two tasks, one of which has an answer beside it."""
    folder = tmp_path / NAME
    folder.mkdir()
    (folder / "answers.json").write_text(TWO.as_text())
    return folder / f"{NAME}.ipynb"


def save(path, source):
    """The notebook with this in the first task's cell, below its hints."""
    made = write(path, double=source)
    made.cells.insert(2, nbformat.v4.new_markdown_cell(HINTS))
    nbformat.write(made, path)


def ask(path, capsys, *more):
    """Exit status and what is told."""
    status = answer.main([str(path), "double", *more])
    said = capsys.readouterr()
    return status, said.out + said.err


# ---------------------------------------------------- what holds the answers


def test_answers_are_read_as_they_were_written_and_not_at_a_glance(
    tmp_path,
):
    path = tmp_path / "answers.json"
    opens = datetime(2026, 10, 20, 12, tzinfo=UTC)
    path.write_text(TWO._replace(opens=opens).as_text())
    assert read_answers(path) == TWO._replace(opens=opens)
    for secret in ("return 2", "Because", "product"):
        assert secret not in path.read_text()
    worked = TWO.tasks["double"]
    assert worked.code == "def double(x):\n    return 2 * x\n"
    assert answer.is_stub(STUB, worked)
    assert answer.is_stub("# nothing\n", worked)
    for tried in (WRONG, worked.code, "def double(x) return 2", "x = 1"):
        assert not answer.is_stub(tried, worked)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "[" * 100_000,
        '{"tasks": [], "written": {}}',
        '{"tasks": {"double": 3}, "written": {}}',
        '{"tasks": {"double": "%%%"}, "written": {}}',
        '{"tasks": {"double": "MQ=="}, "written": {}}',
        '{"tasks": {}, "written": {"why": "/w=="}}',
        '{"tasks": {}, "written": {}, "opens": "tomorrow"}',
    ],
)
def test_what_the_builder_did_not_write_is_refused(tmp_path, content):
    path = tmp_path / "answers.json"
    path.write_text(content)
    with pytest.raises(NotebookError, match="take a fresh copy"):
        read_answers(path)


def test_before_their_time_answers_are_shown_to_nobody(notebook, capsys):
    save(notebook, WRONG)
    later = datetime.now(UTC) + timedelta(days=2)
    shut = TWO._replace(opens=later).as_text()
    notebook.with_name("answers.json").write_text(shut)
    for more in [], ["--give-up"]:
        status, said = ask(notebook, capsys, *more)
        assert status == 2
        assert f"from {later.astimezone():%d %B %Y}" in said
        assert "return 2 * x" not in said
    assert answer.main([str(notebook)]) == 2
    assert "gave_up" not in nbformat.read(notebook, 4).metadata


def test_a_task_that_is_none_is_told_with_those_there_are(notebook, capsys):
    save(notebook, WRONG)
    assert answer.main([str(notebook), "dubble"]) == 2
    said = capsys.readouterr().err
    assert "Did you mean double?" in said


# ------------------------------------------------------------------- tries


def test_two_tries_differ_in_what_they_say(tmp_path):
    assert tries.note_try(tmp_path, "double", WRONG) == (1, True)
    spaced = "def double(x):\n\n    return x*x  # better?\n"
    assert tries.note_try(tmp_path, "double", spaced) == (1, False)
    assert tries.note_try(tmp_path, "triple", WRONG) == (1, True)
    assert tries.note_try(tmp_path, "double", OTHER) == (2, True)
    with pytest.raises(SyntaxError):
        tries.note_try(tmp_path, "double", "def double(x) return 2")
    for k in range(50):
        tries.note_try(tmp_path, "double", f"x = {k}")
    (kept,) = tmp_path.iterdir()
    assert kept.name == ".tries.json"
    assert len(kept.read_bytes()) < 200


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xfe",
        b"[" * 100_000,
        b"3",
        b'["double"]',
        b'{"double": 3}',
        b'{"double": {"a": 1}}',
        b"{\"double\": [\"__import__('os').system('true')\", null, 1e999]}",
        b'{"double": [["0123456789abcdef"], "0123456789ABCDEF"]}',
        b'{"double": ["' + b"0" * 10_000 + b'"]}',
        b'{"double": NaN}',
    ],
)
def test_a_file_of_tries_that_is_none_counts_nothing(tmp_path, content):
    (tmp_path / ".tries.json").write_bytes(content)
    assert not any(tries.read_tries(tmp_path).values())
    assert tries.note_try(tmp_path, "double", WRONG) == (1, True)
    assert tries.read_tries(tmp_path)["double"]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path):
    other = tmp_path / "other.txt"
    other.write_text("mine")
    (tmp_path / ".tries.json").symlink_to(other)
    tries.note_try(tmp_path, "double", WRONG)
    assert other.read_text() == "mine"
    assert not (tmp_path / ".tries.json").is_symlink()


# ---------------------------------------------------------- who is shown it


@pytest.mark.parametrize("source", [STUB, "", "# later"])
def test_what_is_not_written_yet_is_shown_nothing(notebook, capsys, source):
    save(notebook, source)
    status, said = ask(notebook, capsys)
    assert status == 1
    assert "not written yet" in said
    assert "return 2 * x" not in said
    assert not notebook.with_name(".tries.json").exists()


@pytest.mark.slow
def test_a_first_try_is_pointed_at_its_test_and_a_second_is_shown_ours(
    notebook, capsys
):
    save(notebook, WRONG)
    for said_of in "first try", "same try as before":
        status, said = ask(notebook, capsys)
        assert status == 1
        assert said_of in said
        assert "double(1): expected 2, got 1" in said
        assert "Hint 1: Add x & x." in said
        assert "Two." not in said
        assert "return 2 * x" not in said
    save(notebook, OTHER)
    status, said = ask(notebook, capsys)
    assert status == 0
    assert WHY in said
    assert "-    return 3 * x\n+    return 2 * x" in said
    assert "gave_up" not in nbformat.read(notebook, 4).metadata


@pytest.mark.slow
def test_a_half_written_one_and_one_that_is_no_python_are_no_tries(
    notebook, capsys
):
    save(notebook, f"{STUB}  # or\n\n\nhalf = 1")
    assert ask(notebook, capsys)[0] == 1
    save(notebook, "def double(x) return 2")
    status, said = ask(notebook, capsys)
    assert status == 1
    assert "that is no try" in said
    assert not notebook.with_name(".tries.json").exists()


@pytest.mark.slow
def test_one_that_never_ends_is_stopped_and_counts(
    notebook, capsys, monkeypatch
):
    monkeypatch.setattr(answer, "SECONDS", 1.0)
    save(notebook, "def double(x):\n    while True:\n        pass")
    status, said = ask(notebook, capsys)
    assert status == 1
    assert "was stopped after 1 s" in said
    assert tries.read_tries(notebook.parent)["double"]


@pytest.mark.slow
def test_one_that_passes_is_shown_ours_at_once(notebook, capsys):
    save(notebook, "def double(x):\n    return x + x")
    status, said = ask(notebook, capsys)
    assert status == 0
    assert "-    return x + x" in said
    assert not notebook.with_name(".tries.json").exists()


def test_who_gives_up_is_shown_it_and_the_notebook_says_so(
    notebook, capsys
):
    save(notebook, STUB)
    before = nbformat.read(notebook, 4)
    before.metadata["gave_up"] = ["triple", 3]
    nbformat.write(before, notebook)
    status, said = ask(notebook, capsys, "--give-up")
    assert status == 0
    assert "return 2 * x" in said
    assert "reload it" in said
    after = nbformat.read(notebook, 4)
    assert after.metadata["gave_up"] == ["double", "triple"]
    assert after.cells == before.cells
    assert [
        p.name for p in notebook.parent.iterdir() if ".part" in p.name
    ] == []


@pytest.mark.parametrize("metadata", [None, 3, [], {"gave_up": {"a": 1}}])
def test_metadata_of_any_kind_take_the_note(notebook, capsys, metadata):
    save(notebook, STUB)
    made = json.loads(notebook.read_text())
    made["metadata"] = metadata
    notebook.write_text(json.dumps(made))
    assert ask(notebook, capsys, "--give-up")[0] == 0
    found = json.loads(notebook.read_text())["metadata"]["gave_up"]
    assert found == ["double"]


def test_a_notebook_without_the_cell_is_refused(notebook, capsys):
    made = write(notebook)
    made.cells = [c for c in made.cells if c["id"] != "double"]
    nbformat.write(made, notebook)
    status, said = ask(notebook, capsys, "--give-up")
    assert status == 2
    assert "has no cell for double" in said
    notebook.write_text('{"cells": [3]}')
    assert ask(notebook, capsys)[0] == 2


def test_make_hands_over_the_task_and_the_giving_up():
    said = subprocess.run(
        ["make", "-n", "answer", "3", "TASK=masked_bptt", "GIVE_UP=1"],
        check=True,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    wanted = '-m rnncore answer "3" "masked_bptt" --give-up'
    assert wanted in said.stdout


@pytest.mark.weekly
@pytest.mark.parametrize("name", source.list_assignments())
def test_a_solved_task_of_the_course_s_passes_by_itself(
    name, tmp_path, monkeypatch
):
    """Without the tests of the other tasks, and with their solutions."""
    monkeypatch.setattr(answer, "SECONDS", 300.0)
    path = solved_release(name, tmp_path)
    for task in read_answers(path.with_name("answers.json")).tasks:
        assert answer.check_task(path, task) is None, task
