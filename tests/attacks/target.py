"""The assignment that is attacked, and the class around it.

Six tasks of five points: four whose tests have a visible and a hidden part,
a mutant hunt, and one that is answered with the book closed. What only the hidden part, the reference, another learner or the instructor's
machine knows are secrets, each recognisable by a word of its own.
"""

from __future__ import annotations

import copy
import json
import shutil
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from grader.notebook.names import cell_metadata
from tests.helpers import ROOT

NAME = "target"
POINTS = 30
SECRETS = {  # what it is, and the word by which it is known
    "a hidden test": "hidden-9a41",
    "the reference": "reference-77c0",
    "another learner's answer": "victim-e2d5",
    "the instructor's environment": "token-51bf",
    "a file of the instructor's": "diary-c8d3",
    "the gradebook": "comment-4f06",
}
STUBS = {
    "scaled": 'def scaled(x, k):\n    """k times the array x."""\n',
    "total": 'def total(x):\n    """The sum of all entries, a float."""\n',
    "turned": 'def turned(items):\n    """The list, last item first."""\n',
    "Counter": (
        "class Counter:\n"
        '    """Counts up: add(n), then value() gives the sum."""\n\n'
        "    def add(self, n):\n"
        "        ...\n\n"
        "    def value(self):\n"
    ),
    "probes": 'def probes():\n    """A list of (f, x, n): f applied n times."""\n',
    "cross_entropy": (
        "def cross_entropy(logits, targets):\n"
        '    """The mean of -log p(target), first of two."""\n'
    ),
}
SOLUTIONS = {
    "scaled": "def scaled(x, k):\n    return k * x",
    "total": "def total(x):\n    return float(x.sum())",
    "turned": "def turned(items):\n    return items[::-1]",
    "Counter": (
        "class Counter:\n"
        "    def __init__(self):\n        self.sum = 0\n\n"
        "    def add(self, n):\n        self.sum += n\n\n"
        "    def value(self):\n        return self.sum"
    ),
    "probes": "def probes():\n    return [(lambda x: 2 * x + 1, 1.0, 3)]",
    "cross_entropy": (
        "def cross_entropy(logits, targets):\n"
        "    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)\n"
        "    p = np.take_along_axis(p, targets[..., None], -1)\n"
        "    return -np.log(p).mean(), None"
    ),
}
TESTS = {
    "scaled": (
        "import numpy as np\n\n"
        "from rnncore.testing import assert_close\n\n"
        "assert_close('scaled', scaled(np.ones((2, 3)), 2.0), "
        "2 * np.ones((2, 3)))",
        "from rnncore.testing import hidden_rng\n\n\n"
        "def reference_scaled(x, k):  # reference-77c0\n"
        "    return k * x\n\n\n"
        "rng, about = hidden_rng(), 'hidden-9a41'\n"
        "for shape in [(1, 4), (3, 2), (2, 2, 2)]:\n"
        "    x, k = rng.normal(size=shape), float(rng.normal())\n"
        "    assert_close('scaled', scaled(x, k), reference_scaled(x, k))",
    ),
    "total": (
        "import json\nfrom pathlib import Path\n\nimport numpy as np\n\n"
        "expected = json.loads(Path('expected.json').read_text())\n"
        "np.testing.assert_allclose(total(np.arange(4.0)), "
        "expected['total'])",
        "from rnncore.testing import hidden_rng\n\n"
        "x = hidden_rng().normal(size=(4, 5))\n"
        "np.testing.assert_allclose(total(x), x.sum(), rtol=1e-9)\n"
        "np.testing.assert_allclose(total(x[:2] + 7), x[:2].sum() + 70)",
    ),
    "turned": (
        "assert turned([1, 2]) == [2, 1], turned([1, 2])",
        "from rnncore.testing import hidden_rng\n\n"
        "items = ['hidden-9a41', *map(float, hidden_rng().normal(size=3))]\n"
        "assert turned(items) == items[::-1], turned(items)\n"
        "assert turned([]) == []",
    ),
    "Counter": (
        "counter = Counter()\ncounter.add(2)\ncounter.add(3)\n"
        "assert counter.value() == 5",
        "from rnncore.testing import hidden_rng\n\n"
        "numbers = [int(n) for n in hidden_rng().integers(1, 99, size=5)]\n"
        "one, other = Counter(), Counter()\n"
        "for number in numbers:\n    one.add(number)\n"
        "assert one.value() == sum(numbers), one.value()\n"
        "assert other.value() == 0, other.value()",
    ),
    "probes": (
        "from rnncore.testing import hunt\n\n\n"
        "def applied(f, x, n, first=0):\n"
        "    steps = [x]\n"
        "    for _ in range(first, n):\n"
        "        steps.append(f(steps[-1]) if n < 50 else steps[-1] + 1)\n"
        "    return steps[-1]\n\n\n"
        "def once_less(f, x, n):\n    return applied(f, x, n, 1)\n\n\n"
        "boxes = {'one': once_less}\n"
        "hunt(applied, boxes, probes(), few=1, points=5)",
        "",
    ),
    "cross_entropy": (
        "import numpy as np\n\n"
        "from rnncore.testing import assert_close\n\n"
        "logits, targets = np.zeros((2, 3, 4)), np.ones((2, 3), int)\n"
        "loss = cross_entropy(logits, targets)[0]\n"
        "assert_close('loss', loss, np.log(4.0))",
        "from rnncore.testing import hidden_rng\n\n"
        "logits = hidden_rng().normal(size=(4, 2, 5))\n"
        "log_p = logits - np.log(np.exp(logits).sum(-1, keepdims=True))\n"
        "loss = cross_entropy(logits, np.ones((4, 2), int))[0]\n"
        "assert_close('loss', loss, -log_p[..., 1].mean())",
    ),
}


def source() -> NotebookNode:
    """The instructor's notebook."""
    cells = [
        new_markdown_cell("# Target"),
        new_code_cell("import numpy as np"),
    ]
    for task, stub in STUBS.items():
        indent = "        " if task == "Counter" else "    "
        body = SOLUTIONS[task].split("\n", 1)[1]
        if task == "Counter":
            stub, body = stub.split("\n\n")[0] + "\n", body + "\n"
            indent = "    "
        text = (
            f"{stub}{indent}### BEGIN SOLUTION\n{body}\n"
            f"{indent}### END SOLUTION"
        )
        check = _test(*TESTS[task])
        cells += [
            new_code_cell(
                text, metadata=cell_metadata(task, solution=True)
            ),
            new_code_cell(
                check,
                metadata=cell_metadata(
                    f"test_{task}", grade=True, locked=True, points=5
                ),
            ),
        ]
    for number, cell in enumerate(cells):
        cell["id"] = cell.metadata.get("nbgrader", {}).get(
            "grade_id", f"cell-{number:02}"
        )
    spec = {"name": "python3", "display_name": "Python 3"}
    return new_notebook(
        cells=cells, metadata={"kernelspec": spec | {"language": "python"}}
    )


def _test(visible: str, hidden: str) -> str:
    """The source of a test; a hunt, whose value gives points, is its last."""
    if not hidden:
        return visible
    return (
        f"{visible}\n### BEGIN HIDDEN TESTS\n{hidden}\n"
        "### END HIDDEN TESTS\nprint('It holds.')"
    )


def blank() -> NotebookNode:
    """What a learner is given, and hands in without having done a thing."""
    notebook = source()
    for cell in notebook.cells:
        task = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if task in STUBS:
            text = cell.source.split("### BEGIN SOLUTION")[0]
            cell.source = (
                text + "# YOUR CODE HERE\n" + text.split("\n")[-1]
            ) + "raise NotImplementedError()"
        elif task:
            visible, hidden = TESTS[task.removeprefix("test_")]
            cell.source = visible + (
                "\nprint('It holds.')" if hidden else ""
            )
    return notebook


def solved() -> NotebookNode:
    """An honest and right submission."""
    notebook = blank()
    for task, text in SOLUTIONS.items():
        cell_of(notebook, task).source = text
    return notebook


def cell_of(notebook: NotebookNode, grade_id: str) -> NotebookNode:
    """The cell that nbgrader knows by this name."""
    return next(
        cell
        for cell in notebook.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id
    )


def make_course(root: Path) -> Path:
    """A course with the assignment, and a learner whose work is private."""
    folder = root / "grading" / "source" / NAME
    folder.mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", root)
    nbformat.write(source(), folder / f"{NAME}.ipynb")
    (folder / "expected.json").write_text(json.dumps({"total": 6.0}))
    victim = solved()
    cell_of(victim, "total").source += "  # victim-e2d5"
    hand_in(root, "victim", victim)
    return root


def hand_in(root: Path, learner: str, notebook: NotebookNode | str) -> Path:
    """Put a notebook where submissions lie; its folder."""
    folder = root / "grading" / "submitted" / learner / NAME
    folder.mkdir(parents=True)
    text = (
        notebook if isinstance(notebook, str) else nbformat.writes(notebook)
    )
    (folder / f"{NAME}.ipynb").write_text(text)
    (folder / "expected.json").write_text(json.dumps({"total": 6.0}))
    return folder


def with_cells(
    first: str = "", last: str = "", **answers: str
) -> NotebookNode:
    """The blank notebook with some answers, and cells around them."""
    notebook = copy.deepcopy(blank())
    for task, text in answers.items():
        cell_of(notebook, task).source = text
    if first:
        notebook.cells.insert(1, new_code_cell(first, id="first"))
    if last:
        notebook.cells.append(new_code_cell(last, id="last"))
    return notebook
