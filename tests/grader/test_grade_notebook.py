"""What was handed in is read, repaired and named, without a run."""

import ast
import json
import os
import re
import stat
import time
import tracemalloc
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
)

from grader import untrusted
from grader.course import versions
from grader.course.fingerprint import compute_edition, compute_fingerprint
from grader.course.seeds import course_secret, seed_of, submission_key
from grader.course.settings import Limits
from grader.course.submissions import (
    Submission,
    find_submissions,
    key_of,
    load_result,
    replace_text,
    result_path,
    unknown_reason,
)
from grader.notebook.cells import grade_id, is_test, task_of
from grader.notebook.failures import stand_in
from grader.notebook.names import (
    Names,
    cell_metadata,
    find_bound_names,
    free_names,
)
from grader.notebook.repair import (
    Broken,
    read_notebook,
    read_timestamp,
    repair,
)
from grader.notebook.restore import restore, write_cells
from grader.notebook.sanitise import sanitise
from tests.helpers.grading import cell_of, solved, source_notebook
from tests.helpers.oracles import said

LIMIT = 1_000_000


@pytest.fixture
def folder(tmp_path):
    """A folder as a learner hands it in, still empty."""
    path = tmp_path / "demo"
    path.mkdir()
    return path


def refused(folder, content=None, limit=LIMIT):
    """Why a folder with such a demo.ipynb is not graded."""
    if content is not None:
        (folder / "demo.ipynb").write_bytes(content)
    return said(read_notebook, folder, "demo", limit, error=Broken)


def test_a_notebook_is_read_without_outputs_and_tags(folder):
    cell = new_code_cell("x = 1", id="mine", metadata={"tags": ["a"]})
    cell.outputs = [
        new_output("error", ename="E", evalue="text", traceback=[])
    ]
    cell.metadata["nbgrader"] = {"grade_id": "x"}
    spec = {"name": "python3", "display_name": "Python 3"}
    made = new_notebook(cells=[cell], metadata={"kernelspec": spec})
    nbformat.write(made, folder / "demo.ipynb")
    found = read_notebook(folder, "demo", LIMIT)
    (read,) = found.cells
    assert (read.source, read.cell_type) == ("x = 1", "code")
    assert read.outputs == []
    none = dict.fromkeys(["grade", "solution", "locked"], False)
    mark = {"grade_id": "x", **none}
    assert read.metadata == {"nbgrader": mark, "was": "mine"}
    assert read.id != "mine"
    assert found.metadata == {"kernelspec": {"name": "python3"}}


@pytest.mark.filterwarnings("error")  # cells of one id are told
def test_what_an_old_or_careless_editor_writes_can_be_read(folder):
    path = folder / "demo.ipynb"
    cells = [
        {"cell_type": "code", "source": ["a\n", "b"], "metadata": None},
        {"cell_type": "raw", "source": "\ud800", "id": 7},
        {"cell_type": "raw", "source": "", "id": "i" * 150},
    ]
    cells[0]["metadata"] = {"nbgrader": "no dict"}
    content = {"cells": cells, "metadata": {"kernelspec": "python"}}
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(content).encode())
    found = read_notebook(folder, "demo", LIMIT)
    assert [cell.source for cell in found.cells] == ["a\nb", "?", ""]
    was = {"was": "i" * 100 + " ..."}
    assert [cell.metadata for cell in found.cells] == [{}, {}, was]
    assert found.metadata["kernelspec"] == {}
    old = {
        "nbformat": 3,
        "nbformat_minor": 0,
        "metadata": {},
        "worksheets": [
            {
                "cells": [
                    {
                        "cell_type": "code",
                        "input": "x = 3",
                        "language": "python",
                        "outputs": [],
                    }
                ]
            }
        ],
    }
    path.write_text(json.dumps(old))
    (cell,) = read_notebook(folder, "demo", LIMIT).cells
    assert cell.source == "x = 3"


OUTPUTS = 200_000  # 2.6 MB; 11 MB of them took 1,256 MB of memory
OLD = {
    1: {"cells": [{"cell_type": "code", "code": "x = 3"}]},
    2: {
        "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 3"}]}]
    },
    3: {
        "worksheets": [{"cells": [{"cell_type": "code", "input": "x = 3"}]}]
    },
}


@pytest.mark.parametrize("version", OLD)
def test_of_an_old_notebook_only_what_is_read_is_converted(folder, version):
    text = json.dumps(OLD[version] | {"nbformat": version, "metadata": {}})
    outputs = ",".join(['{"a":{},"b":[]}'] * OUTPUTS)
    text = text.replace('"x = 3"', '"x = 3", "outputs": [' + outputs + "]")
    (folder / "demo.ipynb").write_text(text)
    tracemalloc.start()
    (cell,) = read_notebook(folder, "demo", 10 * LIMIT).cells
    parsed = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert cell.source == "x = 3"
    tracemalloc.start()
    json.loads(text)
    assert parsed < 1.2 * tracemalloc.get_traced_memory()[1] + 4 * len(text)
    tracemalloc.stop()


def test_what_an_old_notebook_says_of_its_tasks_stays(folder):
    marks = {"grade_id": "double", "solution": True}
    cells = [
        {"cell_type": "heading", "level": 2, "source": "A"},
        {"cell_type": "markdown", "source": ["b\n", "c"]},
        {
            "cell_type": "code",
            "input": "1",
            "metadata": {"nbgrader": marks},
        },
    ]
    old = {
        "nbformat": 3,
        "metadata": {"kernelspec": {"name": "mine"}},
        "worksheets": [{"cells": cells}],
    }
    (folder / "demo.ipynb").write_text(json.dumps(old))
    found = read_notebook(folder, "demo", LIMIT)
    assert [c.source for c in found.cells] == ["## A", "b\nc", "1"]
    assert found.cells[2].metadata["nbgrader"]["grade_id"] == "double"
    assert found.metadata["kernelspec"] == {"name": "mine"}


def test_what_a_notebook_says_of_its_owner_stays(folder):
    said = {"gave_up": ["double"], "rnncore_variant": "class"}
    old = {"nbformat": 4, "metadata": said, "cells": []}
    (folder / "demo.ipynb").write_text(json.dumps(old))
    found = read_notebook(folder, "demo", LIMIT)
    assert found.metadata == {"kernelspec": {}, **said}


def test_a_notebook_that_fills_the_memory_is_refused(folder, monkeypatch):
    def fill(data):
        raise MemoryError

    monkeypatch.setattr("grader.untrusted.notebook", fill)
    assert refused(folder, b"{}").startswith("demo.ipynb takes too much")


def test_an_old_notebook_may_have_no_cells(folder):
    (folder / "demo.ipynb").write_text('{"nbformat": 3, "metadata": {}}')
    assert read_notebook(folder, "demo", LIMIT).cells == []


def test_a_folder_without_its_notebook_is_told_what_it_holds(folder):
    assert refused(folder) == (
        "there is no demo.ipynb in the folder, it holds no notebook. "
        "Name your notebook demo.ipynb and hand it in again."
    )
    for name in ("demo.docx", "demo.py", "timestamp.txt"):
        (folder / name).write_text("x")
    assert refused(folder) == (
        "there is no demo.ipynb in the folder, it holds no notebook, "
        "'demo.docx', 'demo.py'. Hand in the notebook demo.ipynb itself, "
        "not what was made of it."
    )
    for name in ("b.ipynb", "a.ipynb"):
        (folder / name).write_text("{}")
    assert refused(folder) == (
        "there is no demo.ipynb in the folder, it holds 'a.ipynb'. "
        "Name your notebook demo.ipynb and hand it in again."
    )
    (folder / ("A" * 150 + ".ipynb")).write_text("{}")
    assert f"it holds '{'A' * 100} ...'. Name" in refused(folder)


def test_of_very_many_notebooks_a_hundred_are_looked_at(
    folder, monkeypatch
):
    def many(path, pattern):
        yield from (path / f"{999 - k}.ipynb" for k in range(100))
        raise AssertionError("one more")

    monkeypatch.setattr(Path, "glob", many)
    assert "it holds '900.ipynb'" in refused(folder)


def test_what_is_no_folder_is_told(folder):
    loose = folder / "demo.ipynb"
    loose.write_text("{}")
    assert refused(loose) == (
        "'demo.ipynb' is a file. Hand in a folder 'demo' with demo.ipynb "
        "in it."
    )
    link = folder.with_name("link")
    link.symlink_to(folder)
    text = "is a link to another folder. Hand in the folder itself."
    assert refused(link) == f"'link' {text}"
    (folder / "inner").mkdir()
    assert refused(link / "inner") == f"'inner' {text}"


def test_what_is_no_plain_file_is_told(folder):
    path = folder / "demo.ipynb"
    path.mkdir()
    assert refused(folder) == "demo.ipynb is a folder, not a notebook."
    path.rmdir()
    path.symlink_to("nowhere")
    no_file = "demo.ipynb is a link or a device. Hand in the file itself."
    assert refused(folder) == no_file
    path.unlink()
    os.mkfifo(path)
    assert refused(folder) == no_file


def test_sizes_are_told_and_the_limit_itself_is_allowed(folder):
    assert refused(folder, b"") == (
        "demo.ipynb is empty (0 bytes). Save the notebook again and look "
        "at its size before you hand it in."
    )
    assert refused(folder, b" " * 3_400_001, limit=3_400_000) == (
        "demo.ipynb has 3 MB, more than the 3 MB that are graded. Clear "
        "its outputs (menu Edit, Clear Outputs of All Cells) and save it."
    )
    content = json.dumps({"cells": []}).encode()
    path = folder / "demo.ipynb"
    path.write_bytes(content)
    assert read_notebook(folder, "demo", len(content)).cells == []


def test_what_is_no_notebook_inside_is_told(folder):
    assert refused(folder, b'{"cells": [\n1, 2') == (
        "demo.ipynb is not a notebook: its JSON breaks off or is damaged "
        "at line 2, column 5. Open it in JupyterLab; if that fails too, "
        "copy your answers into a fresh copy of the assignment."
    )
    assert refused(folder, b"\xff\xfe") == (
        "demo.ipynb is not a notebook: it is not UTF-8 text. Save it in "
        "JupyterLab and hand in that file."
    )
    assert refused(folder, b"[" * 100_000) == (
        "demo.ipynb is nested too deeply."
    )
    assert refused(folder, b"1" * 5000).startswith(
        "demo.ipynb cannot be read: Exceeds the limit"
    )
    for content in (b"[]", b"{}", b'{"cells": [{"source": "x"}]}'):
        assert refused(folder, content).startswith(
            "demo.ipynb is JSON, but no notebook: "
        )
    assert refused(folder, b"{}") == (
        "demo.ipynb is JSON, but no notebook: KeyError while reading its "
        "cells. Copy your answers into a fresh copy of the assignment."
    )


def test_a_timestamp_is_read_where_it_can_be(folder):
    path = folder / "timestamp.txt"
    assert read_timestamp(path) is None
    for text in ("", "  \n", "no time", "99999999-01-01"):
        path.write_text(text)
        assert read_timestamp(path) is None
    path.write_text(" 2026-01-02 10:00:00 UTC\n")
    assert str(read_timestamp(path)) == "2026-01-02 10:00:00"
    link = folder / "link.txt"
    link.symlink_to(path)
    assert read_timestamp(link) is None
    path.write_bytes(b"\xff")
    assert read_timestamp(path) is None
    path.write_bytes(b"2026-01-02 10:00:00 UTC" + b" " * 977 + b"\xff")
    assert str(read_timestamp(path)) == "2026-01-02 10:00:00"


def submitted(notebook):
    """A notebook as `read_notebook` would hand it on."""
    for cell in notebook.cells:
        cell.metadata["was"] = cell.id
    return notebook


def mended(change):
    """The repaired notebook, and what was amiss after a change."""
    notebook = submitted(solved())
    change(notebook)
    return repair(notebook, source_notebook())


def test_nothing_is_amiss_with_what_the_assignment_gave():
    notebook, remarks = mended(lambda notebook: None)
    assert remarks == []
    names = [grade_id(cell) for cell in notebook.cells]
    assert names == [grade_id(cell) for cell in source_notebook().cells]
    assert [cell.id for cell in notebook.cells] == [
        f"cell-{number}" for number in range(len(names))
    ]
    assert all("was" not in cell.metadata for cell in notebook.cells)
    assert notebook.metadata == source_notebook().metadata


def test_repairing_leaves_both_notebooks_as_they_were():
    notebook, release = submitted(solved()), source_notebook()
    del notebook.cells[-1]
    before = nbformat.writes(notebook), nbformat.writes(release)
    made, _ = repair(notebook, release)
    for cell in made.cells:
        cell.source = "changed"
        cell.metadata.get("nbgrader", {})["points"] = -1
    made.metadata.kernelspec.name = "other"
    assert (nbformat.writes(notebook), nbformat.writes(release)) == before


def test_changed_points_are_put_right_and_told():
    def change(notebook):
        cell_of(notebook, "test_double").metadata["nbgrader"]["points"] = 9

    notebook, remarks = mended(change)
    assert remarks == [
        (
            "the points of 'test_double' had been changed: they are 3, as in "
            "the assignment"
        )
    ]
    cell = cell_of(notebook, "test_double")
    assert cell.metadata["nbgrader"]["points"] == 3


def test_a_lost_mark_is_known_by_the_cells_id_or_the_tests_text():
    def change(notebook):
        for cell in notebook.cells:
            name = grade_id(cell)
            if name in ("double", "test_double"):
                del cell.metadata["nbgrader"]
            if name == "test_double":
                cell.metadata["was"] = "another"
                cell.source = cell_of(source_notebook(), name).source

    notebook, remarks = mended(change)
    text = "had been changed or removed: it was recognised and restored"
    assert remarks == [
        f"the mark of 'double' {text}",
        f"the mark of 'test_double' {text}",
    ]
    assert cell_of(notebook, "double").source.endswith("return 2 * x")


def test_of_two_cells_with_one_mark_the_last_one_counts():
    def change(notebook):
        copy = new_code_cell("def double(x): return 7")
        copy.metadata = cell_metadata("double", solution=True)
        copy.metadata["was"] = "copy"
        notebook.cells.append(copy)

    notebook, remarks = mended(change)
    assert remarks == [
        (
            "two cells are marked 'double' (a copied cell keeps its mark): the "
            "last one counts"
        )
    ]
    assert cell_of(notebook, "double") is notebook.cells[-1]
    # the earlier one ran as a cell of the learner's own
    assert notebook.cells[2].source.endswith("return 2 * x")
    assert grade_id(notebook.cells[2]) is None


def test_a_mark_that_there_is_not_is_told():
    def change(notebook):
        stray = new_code_cell("x = 1")
        stray.metadata = cell_metadata("mine") | {"was": "stray"}
        notebook.cells.insert(0, stray)

    notebook, remarks = mended(change)
    assert remarks == [
        (
            "a cell is marked 'mine', which this assignment does not have: it "
            "ran as a cell of your own"
        )
    ]
    assert grade_id(notebook.cells[0]) is None


@pytest.mark.parametrize("name", ["imports", "test_double", "why"])
def test_a_missing_cell_is_put_back_where_it_stood(name):
    def change(notebook):
        notebook.cells.remove(cell_of(notebook, name))

    notebook, remarks = mended(change)
    assert remarks == [f"the cell '{name}' was missing: it was put back"]
    found = list(filter(None, map(grade_id, notebook.cells)))
    assert found == list(filter(None, map(grade_id, solved().cells)))
    cell = cell_of(notebook, name)
    assert cell.source == cell_of(source_notebook(), name).source


def test_a_missing_answer_stays_missing_and_is_told():
    def change(notebook):
        notebook.cells.remove(cell_of(notebook, "double"))

    notebook, remarks = mended(change)
    assert remarks == [
        (
            "the answer cell 'double' is missing: its task finds only what "
            "other cells define. Write into the cell that the assignment gives"
        )
    ]
    assert "double" not in map(grade_id, notebook.cells)
    # the test that follows it is put back at the end, not lost
    both = submitted(solved())
    both.cells = [new_code_cell("y = 2", metadata={"was": "y"})]
    made, _ = repair(both, source_notebook())
    found = [grade_id(cell) for cell in made.cells]
    assert found == [
        "imports",
        None,
        "test_double",
        "test_triple",
        "why",
    ]


def test_a_cell_gets_the_type_that_the_assignment_gave_it():
    def change(notebook):
        cell = cell_of(notebook, "double")
        other = new_markdown_cell(cell.source, metadata=cell.metadata)
        notebook.cells[notebook.cells.index(cell)] = other

    notebook, remarks = mended(change)
    assert remarks == []
    cell = cell_of(notebook, "double")
    assert (cell.cell_type, cell.outputs) == ("code", [])
    assert cell.source.endswith("return 2 * x")


def test_another_kernel_is_told_and_none_is_no_reason():
    def kernel(name):
        return mended(
            lambda notebook: notebook.metadata.kernelspec.update(name=name)
        )[1]

    assert kernel("julia") == [
        (
            "the notebook asks for the kernel 'julia': it was graded with "
            "'python3', the assignment's"
        )
    ]
    assert kernel("python3") == kernel(None) == []
    assert kernel("xeus-python") == []  # the browser's Python
    release = source_notebook()
    release.metadata.kernelspec.name = "xpython"
    _, remarks = repair(submitted(solved()), release)
    assert remarks == [
        (
            "the notebook asks for the kernel 'python3': it was graded with "
            "'xpython', the assignment's"
        )
    ]
    del release.metadata["kernelspec"]
    assert repair(submitted(solved()), release)[1] == []


def test_cells_that_never_had_an_id_are_repaired_too():
    _, remarks = repair(solved(), source_notebook())
    assert remarks == []


def test_a_test_gives_points_and_is_no_answer():
    release = source_notebook()
    assert is_test(cell_of(release, "test_double"))
    for name in ("imports", "double", "why"):
        assert not is_test(cell_of(release, name))
    assert not is_test(new_code_cell())
    for odd in ("", 3, None):
        cell = new_code_cell(metadata={"nbgrader": {"grade_id": odd}})
        assert grade_id(cell) is None


def test_a_task_is_named_without_what_all_tests_names_share():
    names = ["test_a", "test-a", "a", "a_test_", "test_test-a"]
    assert [*map(task_of, names)] == ["a", "a", "a", "a_test_", "a"]


def test_a_stand_in_fails_every_test_for_one_reason():
    release = source_notebook()
    cell_of(release, "double").outputs = [
        new_output("error", ename="Old", evalue="output", traceback=[])
    ]
    notebook = stand_in(release, "there is no demo.ipynb")
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        if is_test(cell):
            (output,) = outputs
            assert output.output_type == "error"
            assert output.ename == "NotGraded"
            assert output.evalue == "there is no demo.ipynb"
            assert output.traceback == ["NotGraded: there is no demo.ipynb"]
        else:
            assert outputs == []
    assert cell_of(release, "test_double").outputs == []


def test_locked_cells_and_their_hidden_tests_are_put_back(tmp_path):
    path = tmp_path / "cells.json"
    write_cells(
        path,
        {
            "test_double": {"source": "1", "locked": True, "checksum": "a"},
            "double": {"source": "2", "locked": False, "checksum": "b"},
        },
    )
    notebook = solved()
    before = {grade_id(c): c.source for c in notebook.cells}
    restore(notebook, path)
    after = {grade_id(c): c.source for c in notebook.cells}
    assert after == before | {"test_double": "1"}
    sums = [
        cell_of(notebook, name).metadata["nbgrader"].get("checksum")
        for name in ("double", "test_double", "triple")
    ]
    assert sums == ["b", "a", None]


RELEASE = new_notebook(
    cells=[
        new_markdown_cell("text = 1"),
        new_code_cell(
            "import numpy as np\nfrom os import path, sep as s\n"
            "LIMIT = 3\ndef given(): pass\nclass Kept: pass\n"
            "for k in [1]: pass"
        ),
        new_code_cell("def given(): 'again'\nLIMIT = 4"),
        new_code_cell("%magic\nlost = 1"),
        new_code_cell("seen = 1", metadata=cell_metadata("t", locked=True)),
        new_code_cell(
            "import math\nasync def f(): pass\nclass C: pass\nv, (w, *u) = 1, (2, 3)",
            metadata=cell_metadata("f", solution=True),
        ),
    ]
)


def test_names_are_asked_of_the_learner_or_given():
    names = Names(RELEASE)
    assert names.asked == {
        "f": "function",
        "C": "class",
        "v": "value",
        "w": "value",
        "u": "value",
    }
    assert list(names.given) == ["np", "path", "s", "given", "Kept"]
    assert list(names.constants) == ["LIMIT", "k"]
    # the first definition counts
    assert ast.unparse(names.constants["LIMIT"]) == "LIMIT = 3"
    assert ast.unparse(names.given["given"]).endswith("pass")


def test_what_a_statement_binds():
    for text, expected in {
        "import a.b.c": ["a"],
        "import a.b as c": ["c"],
        "x.y = z": [],
        "a = b = 1": ["a", "b"],
        "with open(p) as f: g = 1": ["f", "g"],
    }.items():
        (node,) = ast.parse(text).body
        assert find_bound_names(node) == expected, text


def test_free_names_are_those_that_come_from_elsewhere():
    source = "import a\ndef f(x, y=z):\n    global g\n    return x + b + g\nclass K: m = n\nh = f(a)\n"
    assert free_names(source) == {"z", "g", "b", "n"}
    assert free_names("x = x") == set()
    assert free_names("[q for q in r]") == {"r"}


def test_metadata_of_a_cell_say_what_is_not_said():
    assert cell_metadata("a", grade=True, points=2) == {
        "nbgrader": {
            "schema_version": 3,
            "grade_id": "a",
            "grade": True,
            "solution": False,
            "locked": False,
            "task": False,
            "points": 2,
        }
    }


def test_the_secret_is_made_once_and_no_other_reads_it(tmp_path):
    (tmp_path / ".secret.part").write_bytes(b"left by a run that broke off")
    secret = course_secret(tmp_path)
    assert len(secret) == 32
    assert course_secret(tmp_path) == secret
    (path,) = tmp_path.iterdir()
    assert path.name == ".secret"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    (tmp_path / "other").mkdir()
    assert course_secret(tmp_path / "other") != secret


def test_seeds_depend_on_all_that_was_handed_in():
    secret = bytes(16)
    given = ["ann", "demo", b"{}"]
    key = submission_key(secret, *given)
    assert key == submission_key(secret, *given)
    assert len(key) == 32
    others = [
        submission_key(bytes(15) + b"1", *given),
        submission_key(secret, "bob", "demo", b"{}"),
        submission_key(secret, "ann", "dem", b"{}"),
        submission_key(secret, "ann", "demo", b"{ }"),
        submission_key(secret, "ann demo", "", b"{}"),
        submission_key(secret, "ann\udcff", "demo", b"{}"),
    ]
    assert len({key, *others}) == 7
    assert said(submission_key, bytes(15), *given) == (
        "secret: expected 16 bytes or more, got 15"
    )
    seeds = {seed_of(key, cell) for cell in ("a", "b")}
    assert len(seeds) == 2
    assert all(2**32 < seed < 2**48 for seed in seeds)  # six bytes


class Folders:
    """What of a course says where submissions and results lie."""

    def __init__(self, root):
        self.root = root
        self.submitted = root / "grading" / "submitted"
        self.results = root / "grading" / "results"


@pytest.fixture
def course(tmp_path):
    return Folders(tmp_path)


def test_submissions_are_found_in_order_and_strays_are_told(course):
    assert find_submissions(course) == ([], [])
    top = course.submitted
    for name in ("bob/demo", "ann/two", "ann/demo", ".hidden/demo"):
        (top / name).mkdir(parents=True)
    (top / "a.txt").write_text("")
    (top / "ann" / "two.ipynb").write_text("")  # beside its folder
    (top / "ann" / "loose.ipynb").write_text("")
    (top / "ann" / "notes.txt").write_text("")
    (top / "ann" / "bare").write_text("")
    (top / "ann" / "link.x").symlink_to("nowhere")
    (top / "ann" / "bad\n").mkdir()
    found, stray = find_submissions(course)
    assert [str(submission) for submission in found] == [
        "ann bare",
        "ann demo",
        "ann link.x",
        "ann loose",
        "ann two",
        "bob demo",
    ]
    names = ["bare", "demo", "link.x", "loose.ipynb", "two"]
    assert [one.path for one in found[:5]] == [
        top / "ann" / name for name in names
    ]
    assert stray == [
        (
            "grading/submitted/a.txt belongs to no learner: "
            "grading/submitted/<learner>/<assignment>/ is the place"
        ),
        (
            "'bad\\n' in ann/ has a name that is no text in UTF-8, or has "
            "characters that cannot be seen: rename it"
        ),
    ]
    of_another_class = find_submissions(Folders(top / "x"), top)
    assert of_another_class[1][0].startswith(f"{top / 'a.txt'} belongs")


def test_an_edition_is_of_the_limits_too():
    editions = {compute_edition(Limits(time)) for time in (1, 2, 2)}
    assert [len(edition) for edition in editions] == [12, 12]


def test_a_fingerprint_changes_with_all_that_could_change_the_points(
    tmp_path,
):
    folder = tmp_path / "demo"
    folder.mkdir()
    submission = Submission("ann", "demo", folder)

    def now(version="1", limit=100):
        return key_of(submission, version, limit)

    path = folder / "a.txt"
    seen = [now()]
    path.write_bytes(b"x")
    seen += [now(), now("2")]
    path.write_bytes(b"y")
    seen.append(now())
    path.rename(folder / "b.txt")
    seen.append(now())
    path.symlink_to("b.txt")
    seen.append(now())
    path.unlink()
    path.symlink_to("c.txt")
    seen.append(now())
    path.unlink()
    os.mkfifo(path)
    seen.append(now())
    assert len(set(seen)) == len(seen)
    assert now() == now()
    path.unlink()
    # of a large file the size and the time count, not the content
    path.write_bytes(b"z" * 101)
    os.utime(path, ns=(5, 5))
    large = now()
    path.write_bytes(b"w" * 101)
    os.utime(path, ns=(5, 5))
    assert now() == large
    assert now(limit=101) != large
    os.utime(path, ns=(6, 6))
    assert now() != large


def test_files_are_read_until_there_are_too_many_bytes_of_them(tmp_path):
    folder = tmp_path / "demo"
    folder.mkdir()

    def seen(*files):
        """The fingerprint with files that all have one time."""
        for name, content in files:
            (folder / name).write_bytes(content)
            os.utime(folder / name, ns=(5, 5))
        return compute_fingerprint(folder, limit=100)

    first, one, two = ("b", b"x" * 60), ("c", b"y" * 60), ("c", b"z" * 60)
    assert seen(first, one) == seen(first, two)
    assert compute_fingerprint(folder) != compute_fingerprint(folder, "2")
    # neither a link nor what is not read takes anything off
    (folder / "a").symlink_to("b")
    (folder / "c").unlink()
    assert seen(("b", b"x" * 100)) != seen(("b", b"y" * 100))
    (folder / "a").unlink()
    large = ("a", b"x" * 101)
    assert seen(large, ("b", b"x" * 100)) != seen(("b", b"y" * 100))


def test_of_a_folder_with_too_much_in_it_the_notebooks_count(
    tmp_path, monkeypatch
):
    monkeypatch.setattr(untrusted, "ENTRIES", 3)
    folder = tmp_path / "demo"
    folder.mkdir()
    for name in ("a.ipynb", "b.ipynb", "c", "d"):
        (folder / name).write_bytes(b"1")
    os.utime(folder, ns=(5, 5))
    whole, part = (
        compute_fingerprint(folder),
        compute_fingerprint(folder, limit=100),
    )
    (folder / "c").write_bytes(b"2")
    assert (
        compute_fingerprint(folder) != whole
    )  # the grader's own has no limit
    assert compute_fingerprint(folder, limit=100) == part
    os.utime(folder, ns=(6, 6))
    assert compute_fingerprint(folder, limit=100) != part
    os.utime(folder, ns=(5, 5))
    (folder / "b.ipynb").write_bytes(b"2")
    assert compute_fingerprint(folder, limit=100) != part

    def many(path, pattern):
        yield from (path / f"{k}.ipynb" for k in range(100))
        raise AssertionError("one more")

    monkeypatch.setattr(Path, "glob", many)
    assert compute_fingerprint(folder, limit=100) != part


def test_what_may_not_be_read_is_told_and_stops_nobody(course, monkeypatch):
    folder = course.submitted / "ann"
    folder.mkdir(parents=True)
    submission = Submission("ann", "demo", folder)
    before = key_of(submission, "1", 100)

    def forbidden(path):
        raise PermissionError

    monkeypatch.setattr(Path, "iterdir", forbidden)
    assert find_submissions(course) == ([], ["submitted/ may not be read"])
    monkeypatch.setattr(Path, "lstat", forbidden)
    unread = key_of(submission, "1", 100)
    assert unread == key_of(submission, "1", 100) != before


def test_results_are_kept_by_learner_and_a_damaged_one_is_none(course):
    submission = Submission("ann", "demo", course.submitted / "ann/demo")
    path = result_path(course, submission)
    assert path == course.results / "ann" / "demo.json"
    assert load_result(course, submission) is None
    replace_text(path, '{"points": "\ud800"}')
    assert load_result(course, submission) == {"points": "?"}
    replace_text(path, '{"po')
    assert load_result(course, submission) is None
    assert list(path.parent.iterdir()) == [path]


def test_a_name_that_there_is_not_is_told_with_the_closest():
    rest = (
        "Name the folder like the one that you were given, and the "
        "notebook in it likewise."
    )
    known = ["ch05_gradients", "ch06_lstm"]
    assert unknown_reason("ch06-lstn", known) == (
        f"there is no assignment 'ch06-lstn'. Is it 'ch06_lstm'? {rest}"
    )
    assert "Is it 'ch06_lstm'?" in unknown_reason("lstm_six_x", known)
    assert unknown_reason("zzz", known) == (
        f"there is no assignment 'zzz'. {rest}"
    )


def test_versions_are_numbered_dated_and_kept(tmp_path):
    path = tmp_path / "made" / "new" / "demo.json"
    assert versions.read(path) == []
    release = source_notebook()
    first = versions.enter(path, "a", release)
    changed = source_notebook()
    cell_of(changed, "test_double").source = "assert True, 'Ω\ud800'"
    both = versions.enter(path, "b", changed)
    assert versions.read(path) == both
    assert [v["number"] for v in both] == [1, 2]
    assert [v["fingerprint"] for v in both] == ["a", "b"]
    assert both[:1] == first
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", both[1]["since"])
    year = time.localtime().tm_year
    assert abs(int(both[1]["since"][:4]) - year) <= 1
    assert list(first[0]["tests"]) == ["test_double", "test_triple"]
    assert {len(look) for look in first[0]["tests"].values()} == {16}
    # an earlier source that comes back is a version of its own
    assert versions.enter(path, "a", release)[-1]["number"] == 3


def test_the_remark_of_an_older_release_in_full(tmp_path):
    path = tmp_path / "demo.json"
    versions.enter(path, "a", source_notebook())
    changed = source_notebook()
    cell_of(changed, "test_double").source = "assert double(2) == 4"
    known = versions.enter(path, "b", changed)
    cell_of(changed, "test_double").source = "assert double(3) == 6"
    known = versions.enter(path, "c", changed)
    known[0]["since"] = "2026-03-04 05:06"
    assert versions.make_remarks(known, source_notebook()) == [
        (
            "your notebook was made from version 1 of the assignment "
            "(2026-03-04); it was graded with version 3, whose tests are the "
            "ones that count"
        )
    ]


def harmless(*outputs):
    """Outputs as they are after what could act was taken out."""
    cell = new_code_cell("x")
    cell.outputs = [nbformat.from_dict(output) for output in outputs]
    notebook = (
        new_notebook()
    )  # which would refuse what a learner's may hold
    notebook.cells = [new_markdown_cell("text"), cell]
    sanitise(notebook)
    return cell.outputs


def test_every_text_of_an_output_is_made_harmless():
    code, error = (
        "\x1b[2J",
        {"ename": "\x1b[2JE", "evalue": ["\x1b[2J", "a", 1]},
    )
    error |= {
        "output_type": "error",
        "traceback": [f"{code}b", ["c", code]],
    }
    (found,) = harmless(error)
    assert (found.ename, found.evalue) == ("E", "a")
    assert found.traceback == ["b", "c"]
    (stream,) = harmless({"output_type": "stream", "text": 3})
    assert stream.text == ""  # no text


def test_a_damaged_picture_takes_no_other_with_it():
    png = "iVBORw0KGgoAAAANSUhEUgAAAAMAAAACAQAAAABh8g=="  # 3 by 2 pixels
    shown = {"image/jpeg": "<svg>", "image/png": [png[:8], png[8:]]}
    about = {"output_type": "display_data", "metadata": {"a": 1}}
    (found,) = harmless({**about, "data": shown})
    assert found.data == {"image/png": png}
    assert found.metadata == {}
