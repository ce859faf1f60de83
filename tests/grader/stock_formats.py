"""Whole notebooks in the forms that nbgrader's courses have, written for these tests.

What differs is the form: versions of nbgrader's metadata and of the notebook's
format, what editors leave in cells, kinds of graded cells, and the ways
of writing a test that nbgrader's documentation shows.
"""

from __future__ import annotations

from typing import NamedTuple

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

OLD = {"display_name": "Python", "language": "python", "name": "python"}
NEW = {
    "display_name": "Python 3 (ipykernel)",
    "language": "python",
    "name": "python3",
}
INFO = {
    "codemirror_mode": {"name": "ipython", "version": 3},
    "file_extension": ".py",
    "mimetype": "text/x-python",
    "name": "python",
    "nbconvert_exporter": "python",
    "pygments_lexer": "ipython3",
    "version": "3.9.12",
}


class Format(NamedTuple):
    """A notebook with its own solutions, and how an answer is made wrong."""

    notebook: NotebookNode
    was: str  # in the solutions
    now: str
    files: dict[str, str] = {}  # noqa: RUF012 - what lies beside it


FORMATS: dict[str, Format] = {}
LETTERS = (
    "def vowels(text):\n"
    '    """How many vowels a text has."""\n'
    "    ### BEGIN SOLUTION\n"
    "    return sum(text.lower().count(c) for c in 'aeiou')\n"
    "    ### END SOLUTION"
)
LETTERS_TEST = "assert vowels('Recurrent') == 3\nassert vowels('') == 0"
SHARE = (
    "def share(text):\n"
    '    """The share of vowels, by way of vowels()."""\n'
    "    ### BEGIN SOLUTION\n"
    "    return vowels(text) / len(text)\n"
    "    ### END SOLUTION"
)
USES = (
    "kept = vowels\ndel vowels\ntry:\n    share('ab')\nexcept NameError:\n"
    "    pass\nelse:\n    raise AssertionError('share does not use vowels')\n"
    "finally:\n    vowels = kept"
)


def mark(version=3, **known):
    """A cell's metadata for nbgrader, of a version; 0: before there were any."""
    made = {"grade": False, "locked": False, "solution": False} | known
    if version:
        made["schema_version"] = version
    return {"nbgrader": made}


def add(
    name, cells, was, now, *, minor=4, kernel=None, files=None, **metadata
):
    """Add a form; `cells` have ids of their own from minor version 5 on."""
    notebook = new_notebook(cells=cells)
    notebook.metadata.update({"kernelspec": kernel or NEW} | metadata)
    notebook.nbformat_minor = minor
    for number, cell in enumerate(notebook.cells):
        cell.pop("id", None)
        if minor >= 5:
            cell["id"] = f"{name.replace('_', '-')}-{number}"
    FORMATS[name] = Format(notebook, was, now, files or {})


def letters(version, **extra):
    """Two answers with three tests, as the tutorial's notebook has them."""
    solution = {"solution": True}
    test = {"grade": True, "points": 1.0}
    return [
        new_markdown_cell(
            "Read this first.",
            metadata=mark(version, grade_id="read", locked=True),
        ),
        new_markdown_cell("---\n## Part A (1 point)"),
        new_code_cell(
            LETTERS,
            metadata=extra | mark(version, grade_id="vowels", **solution),
        ),
        new_markdown_cell("Try it:"),
        new_code_cell("vowels('gate')", metadata=extra),
        new_code_cell(
            f'"""Check that vowels counts"""\n{LETTERS_TEST}',
            metadata=extra
            | mark(version, grade_id="counts_vowels", **test),
        ),
        new_markdown_cell("---\n## Part B (1 point)"),
        new_code_cell(
            SHARE,
            metadata=extra | mark(version, grade_id="share", **solution),
        ),
        new_code_cell(
            "assert share('ab') == 0.5",
            metadata=extra
            | mark(version, grade_id="divides", **(test | {"points": 0.5})),
        ),
        new_code_cell(
            USES,
            metadata=extra
            | mark(
                version, grade_id="uses_vowels", **(test | {"points": 0.5})
            ),
        ),
    ]


def task(answer, test, *, points=1, after="", version=3, **known):
    """One answer and its test, locked, with all marks that nbgrader now writes."""
    known = {"task": False} | known
    meta = mark(version, grade_id="answer", solution=True, **known)
    graded = mark(
        version,
        grade_id="test_answer",
        grade=True,
        locked=True,
        points=points,
        **known,
    )
    text = f"### BEGIN SOLUTION\n{answer}\n### END SOLUTION{after}"
    return [
        new_code_cell(text, metadata=meta),
        new_code_cell(test, metadata=graded),
    ]


for old in (1, 2):
    add(
        f"schema_{old}",
        letters(old, collapsed=False),
        "'aeiou'",
        "'aeio'",
        minor=0,
        kernel=OLD,
    )
add(
    "schema_3_without_task",
    letters(3, collapsed=False),
    "vowels(text) /",
    "sum(c in 'aeiou' for c in text) /",
    minor=0,
    kernel=OLD,
)
add(
    "schema_0",
    letters(0, collapsed=False),
    "'aeiou'",
    "'aeio'",
    minor=0,
    kernel=OLD,
)
add(
    "classic_toolbar",
    task(
        "def mean(xs):\n    return sum(xs) / len(xs)",
        "assert mean([1, 2]) == 1.5",
    ),
    "/ len(xs)",
    "// len(xs)",
    minor=1,
    celltoolbar="Create Assignment",
    language_info=INFO,
)
lab = task(
    "def mean(xs):\n    return sum(xs) / len(xs)",
    "assert mean([1, 2]) == 1.5\n### BEGIN HIDDEN TESTS\n"
    "assert mean([7]) == 7\n### END HIDDEN TESTS",
    points=2,
)
for cell in lab:
    cell.metadata |= {
        "deletable": False,
        "editable": True,
        "slideshow": {"slide_type": ""},
        "tags": [],
    }
add(
    "lab_with_ids",
    lab,
    "/ len(xs)",
    "/ 2",
    minor=5,
    language_info=INFO,
    widgets={},
)
code = task("a = [3, 1, 2]", "assert sorted(a) == [1, 2, 3]")
for cell in code:
    cell.metadata["vscode"] = {"languageId": "python"}
add("saved_by_vscode", code, "3, 1, 2", "3, 1", language_info=INFO)
colab = task("b = {'x': 1}", "assert b['x'] == 1 and len(b) == 1")
for number, cell in enumerate(colab):
    cell.metadata |= {"id": f"Zx{number}qK", "outputId": "0f", "colab": {}}
add(
    "saved_by_colab",
    colab,
    "'x': 1",
    "'x': 2",
    minor=0,
    kernel={"name": "python3", "display_name": "Python 3"},
    colab={"provenance": [], "toc_visible": True},
    accelerator="GPU",
)
sums = task(
    "from math import sqrt\ndef norm(*xs):\n    return sqrt(sum(x * x for x in xs))",
    "assert norm(3, 4) == 5",
)
sums[1:1] = [
    new_markdown_cell(
        "$\\sqrt{\\sum_i x_i^2}$",
        metadata=mark(
            grade_id="formula", grade=True, solution=True, points=2
        ),
    ),
    new_code_cell(
        "# an example\nnorm(1, 2, 2)",
        metadata=mark(
            grade_id="example", grade=True, solution=True, points=1
        ),
    ),
    new_markdown_cell(
        "Plan it.\n\n=== BEGIN MARK SCHEME ===\n\n- 1 for order\n\n"
        "=== END MARK SCHEME ===",
        metadata=mark(grade_id="plan", locked=True, points=4, task=True),
    ),
]
add("parts_for_a_person", sums, "x * x", "x + x")
nothing = task("seed = 7", "assert seed == 7", points=0)
nothing += [
    new_code_cell(
        "assert seed > 0",
        metadata=mark(
            grade_id="cell-bfbd81e7a1", grade=True, locked=True, points=3
        ),
    )
]
add("a_test_without_points", nothing, "seed = 7", "seed = -7")
add(
    "a_file_beside_it",
    task(
        "def lines(name):\n    with open(name) as file:\n"
        "        return file.read().split('\\n')",
        "assert lines('words.txt') == ['gate', 'cell', 'state']",
        points=10,
    ),
    ".split('\\n')",
    ".split()[:2]",
    files={"words.txt": "gate\ncell\nstate"},
)
auto = task(
    "a, b = 4, 'gate'\nc = [1, 2.5, 'x']\nd = {'k': (1, 2)}",
    "### AUTOTEST a\n### AUTOTEST type(b); b.upper()\n"
    "### HASHED AUTOTEST c\n### AUTOTEST len(d); d['k']",
)
add("autotests", auto, "2.5", "2.6", minor=1, language_info=INFO)
add(
    "hidden_autotests",
    task(
        "rate = 0.5",
        "### AUTOTEST type(rate)\n### BEGIN HIDDEN TESTS\n"
        "### AUTOTEST rate\n### END HIDDEN TESTS",
    ),
    "0.5",
    "0.25",
    minor=1,
)
add(
    "recipe_words_of_the_same_letters",
    task(
        "def same(a, b):\n    keep = lambda t: sorted(filter(str.isalpha, t.lower()))\n"
        "    return keep(a) == keep(b)",
        "import unittest\nequal = unittest.TestCase().assertEqual\n"
        "equal(same('listen', 'Silent!'), True)\n"
        "equal(same('cell', 'call'), False)\nequal(same('aab', 'ab'), False)",
    ),
    "sorted(",
    "set(",
)
add(
    "recipe_main_print",
    task(
        "def greet(name):\n    print('hello', name)",
        "from unittest.mock import patch\n"
        "with patch('__main__.print') as said:\n    greet('ada')\n"
        "said.assert_called_once_with('hello', 'ada')",
    ),
    "print('hello',",
    "print('hallo',",
)
add(
    "recipe_main_min",
    task(
        "def least(a, b):\n    return a if a < b else b",
        "from unittest.mock import patch\nassert least(2, 1) == 1\n"
        "with patch('__main__.min') as asked:\n    least(1, 2)\n"
        "asked.assert_not_called()",
    ),
    "a if a < b else b",
    "min(a, b)",
)
loops = task(
    "def doubled(x):\n    y = list(x)\n    for i in range(len(x)):\n"
    "        y[i] = 2 * x[i]\n    return y",
    "arr = [5, 7]\nassert doubled(arr) == [10, 14]\n"
    "arr2 = [3, 2, 1]\nassert doubled(arr2) == [6, 4, 2]",
)
loops.insert(0, new_code_cell("arr = [1, 2, 3]"))
add("recipe_names_of_the_notebook", loops, "len(x)", "len(arr)")
add(
    "recipe_a_clean_space",
    task(
        "def square(x):\n    return x * x",
        "square_of = square\n%time found = square_of(3)\nassert found == 9",
    ),
    "x * x",
    "x + x",
)
add(
    "partial_points",
    task(
        "def limits(xs):\n    return min(xs), max(xs)",
        "points = 0\nif limits([2, 1])[0] == 1:\n    points += 1\n"
        "if limits([2, 1])[1] == 2:\n    points += 2\npoints",
        points=3,
    ),
    "max(xs)",
    "xs[-1]",
)
add(
    "a_test_that_warns",
    task(
        "import warnings\ndef old(x):\n    warnings.warn('old', DeprecationWarning)\n"
        "    return x",
        "import warnings\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')\n    assert old(3) == 3",
    ),
    "return x",
    "return -x",
)
