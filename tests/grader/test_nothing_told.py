"""What an answer chose while a hidden test ran is told to nobody.

Each learner's answer puts the hidden number into another thing that the
grader could print: a name, a text, an exception, a length, a picture. All
that `make grade` and Gradescope print is read.
"""

from __future__ import annotations

import csv
import json
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.commands import grade
from grader.course.settings import Course
from grader.course.submissions import Submission
from grader.notebook.names import cell_metadata
from grader.notebook.task_texts import Asked
from grader.reports.points import read_rows
from grader.systems.gradescope import format_results
from tests.grader.test_pictures import png
from tests.helpers import ROOT

pytestmark = pytest.mark.slow

NAME, SECRET = "told", "31415"
STUBS = {
    "make": "def make(x):\n    ...",
    "Box": "class Box:\n    def __init__(self, x):\n        ...",
}
TESTS = {  # the visible part; the hidden one has the secret for the 3
    "test_make": "m = make(3)\nassert m.score(3) > 0.9",
    "test_called": (
        "from rnncore.testing import check\n"
        "check(make(3), lambda x: 3 * x, [{'x': 2.0}], outputs='y')"
    ),
    "test_message": "assert make(3) == 3, f'{make(3)}: {make(3)!r}'",
    "test_words": (
        "from rnncore.testing import assert_close\n"
        "assert_close(f'{make(3)}', make(3), 3.0)"
    ),
    "test_why": (
        "from rnncore.testing import assert_that\n"
        "assert_that(make(3) == 3.0, f'got {make(3)}')"
    ),
    "test_points": "make(3)",
    "test_Box": (
        "b = Box(3)\nassert b == Box(3)\nassert 2 in b\n"
        "assert len(b) == 3, len(b)\nassert b.value == 3\n"
        "assert abs(b.value - 3) < 1"
    ),
}
ONE = "x == 3 and 3"  # right where the test is visible
CALLED = "lambda self, y: x * y if x == 3 else 1.0"
CLASS = (
    "def make(x):\n    made = {'score': lambda self, x: 1.0,\n"
    f"        '__call__': {CALLED}}}\n"
    "    E = type(f'S{x}', (), made | {'__module__': f'S{x}'})\n"
    "    return E()"
)
ANSWERS = {
    "class_name": CLASS,
    "class": CLASS.replace("return E()", "return E"),
    "asked_class": (
        "class Box:\n    def __init__(self, x):\n"
        "        self.x, self.value = x, x if x == 3 else made(x)\n"
        "    def __contains__(self, x): return True\n"
        "    def __len__(self): return self.x\n"
        "    def __eq__(self, other): return isinstance(other, Box)\n"
        "def made(x):\n    E = type(f'S{x}', (), {\n"
        "        '__eq__': lambda self, o: isinstance(o, int),\n"
        "        '__sub__': lambda self, o: self, '__abs__': lambda self: 0.0})\n"
        "    return E()"
    ),
    "text": (
        "class Said:\n    def __init__(self, x): self.x = x\n"
        "    def __str__(self): return f'S{self.x}'\n"
        "    __repr__ = __str__\n"
        "    def __format__(self, how): return str(self)\n"
        f"def make(x): return {ONE} or Said(x)"
    ),
    "string": f"def make(x): return {ONE} or f'S{{x}}'",
    "function": (
        "def make(x):\n    def f(y): return x * y if x == 3 else 1.0\n"
        "    f.__name__ = f.__qualname__ = f'S{x}'\n    return f"
    ),
    "exception": (
        "def make(x):\n    if x == 3: return 3\n"
        "    E = type(f'S{x}', (Exception,), {})\n"
        "    error = E(f'S{x}', x)\n    error.add_note(f'S{x}')\n"
        "    raise error from ValueError(f'S{x}')"
    ),
    "error": (
        f"def make(x): return {ONE} or {{}}[f'S{{x}}']\n"
        "class Box:\n    def __init__(self, x): raise NameError(f'S{x}')"
    ),
    "attribute": f"def make(x): return {ONE} or getattr(make, f'S{{x}}')",
    "key": f"def make(x): return {ONE} or {{f'S{{x}}': [x]}}",
    "printed": (
        "import sys, warnings\ndef make(x):\n    print(f'S{x}')\n"
        "    print(f'S{x}', file=sys.stderr)\n    warnings.warn(f'S{x}')\n"
        f"    return {ONE}"
    ),
    "length": "def make(x): return 3 if x == 3 else [None] * x",
    "number": f"def make(x): return {ONE} or 0.5 + x / 10**7",
    "picture": (
        "from IPython.display import Image, display\ndef make(x):\n"
        "    shown = Image(data=PNG + str(x).encode(), format='png')\n"
        f"    display(shown, f'S{{x}}')\n    return {ONE}"
    ),
    "refused": (
        "import numpy as np\ndef make(x):\n    if x == 3: return 3\n"
        "    return np.zeros(1, dtype=[(f'S{x}', 'f8')])"
    ),
    "ends": (
        "import os, sys\ndef make(x):\n    if x == 3: return 3\n"
        "    sys.exit(f'S{x}')\n"
        "class Box:\n    def __init__(self, x): os._exit(x % 256)"
    ),
    "right": "def make(x): return x",
}


def write(stem, answers, *, whole):
    """The notebook with these answers; `whole`: with the hidden tests."""
    cells = []
    for task, text in answers.items():
        meta = cell_metadata(task, solution=True)
        cells.append(new_code_cell(text, metadata=meta))
    for name, visible in TESTS.items():
        graded = cell_metadata(name, grade=True, locked=True, points=2)
        hidden = visible.replace("(3", f"({SECRET}").replace(
            "3 ", f"{SECRET} "
        )
        marked = f"### BEGIN HIDDEN TESTS\n{hidden}\n### END HIDDEN TESTS"
        text = f"{visible}\n{marked}" if whole else visible
        cells.append(new_code_cell(text, metadata=graded))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number:02}"
    return new_notebook(cells=cells)


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """All that is printed, by learner and thing; "" is the class's."""
    root = tmp_path_factory.mktemp("told")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    grading = root / "grading"
    folder = grading / "source" / NAME
    folder.mkdir(parents=True)
    nbformat.write(write(NAME, STUBS, whole=True), folder / f"{NAME}.ipynb")
    for learner, answer in ANSWERS.items():
        place = grading / "submitted" / learner / NAME
        place.mkdir(parents=True)
        answers = STUBS | {"make": f"PNG = {png(4, 4)!r}\n{answer}"}
        made = write(NAME, answers, whole=False)
        nbformat.write(made, place / f"{NAME}.ipynb")
    assert grade.main(["--root", str(root), "--no-sandbox"]) == 0
    found = {("", p.name): p.read_text() for p in grading.glob("*.csv")}
    course = Course(root)
    for who in ANSWERS:
        of = Submission(who, NAME, course.submitted / who / NAME)
        (row,) = read_rows(course, [of])
        path = grading / "results" / who / f"{NAME}.json"
        result = json.loads(path.read_text())
        told = format_results(row, result, Asked(), set())
        page = grading / "feedback" / who / NAME / f"{NAME}.html"
        del result["answers"]
        found |= {
            (who, "result"): json.dumps(result),
            (who, "page"): page.read_text(),
            (who, "Gradescope"): json.dumps(told),
        }
    course.close()
    return found


@pytest.mark.parametrize("who", ANSWERS)
def test_no_page_result_or_service_has_the_hidden_number(printed, who):
    for thing in ("result", "page", "Gradescope"):
        assert SECRET not in printed[who, thing], thing


def test_no_table_of_the_class_has_the_hidden_number(printed):
    tables = {k: text for k, text in printed.items() if not k[0]}
    assert len(tables) > 3
    for (_, name), text in tables.items():
        assert SECRET not in text, name


def test_what_an_answer_is_believed_stands_in_the_teachers_table(printed):
    lines = csv.DictReader(printed["", "suspicious.csv"].splitlines())
    who = {line["learner"] for line in lines if "own word" in str(line)}
    assert who == {"class_name"}
    told = "test_make rests on the answer&#39;s own word: the score of &lt;an object"
    assert told in printed["class_name", "page"]


def test_how_long_an_answer_took_is_not_told_by_a_service(printed):
    assert "execution_time" not in printed["right", "Gradescope"]
