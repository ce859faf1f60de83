"""Parts I and II run with the packages of requirements/parts-1-2.txt alone."""

import json
import re
import subprocess
import sys
from importlib.metadata import packages_distributions

import nbformat
import pytest
from packaging.utils import canonicalize_name

from tests.rnncore.test_package import installed_by
from tools import ROOT
from tools.build import book

FILE = "requirements/parts-1-2.txt"
PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)
PAGES = sorted((ROOT / "book").glob("ch0*.md"))
NOTEBOOKS = sorted((ROOT / "exercises").glob("ch0*/*.ipynb"))
ALONE = """
import ast, json, linecache, sys

refused, sources, whole = json.loads(sys.stdin.read())


class Without:
    def __init__(self, finder):
        self.finder = finder

    def __getattr__(self, name):
        return getattr(self.finder, name)

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in refused:
            return None  # as if it were not installed
        return self.finder.find_spec(name, path, target)


sys.meta_path[:] = map(Without, sys.meta_path)
import matplotlib
matplotlib.use("agg")
for source in sources:
    tree = ast.parse(source)
    if not whole:
        kinds = ast.Import, ast.ImportFrom
        tree.body = [n for n in ast.walk(tree) if isinstance(n, kinds)]
    # pages print functions: inspect.getsource finds them here
    linecache.cache["<cells>"] = 0, None, source.splitlines(True), "<cells>"
    exec(compile(tree, "<cells>", "exec"), {"__name__": "__main__"})
"""


def pins(name):
    """The versions of a list, by package."""
    found = PIN.findall((ROOT / name).read_text("utf8"))
    return {
        canonicalize_name(package): version for package, version in found
    }


def code_of(path):
    """The code of a page or notebook, without lines for the shell."""
    made = (
        nbformat.read(path, as_version=4)
        if path.suffix == ".ipynb"
        else book.read_notebook(path)
    )
    lines = [
        line
        for cell in made.cells
        if cell.cell_type == "code"
        for line in cell.source.splitlines()
    ]
    return "\n".join(line for line in lines if line[:1] not in ("%", "!"))


def run_alone(sources, whole):
    """Run code where only the packages of the set can be imported."""
    there = installed_by(FILE)
    refused = [
        name
        for name, homes in packages_distributions().items()
        if not {*map(canonicalize_name, homes)} & there
        and name not in ("rnncore", "tools", "tests")
    ]
    assert {"music21", "av", "sklearn", "pmdarima"} <= set(refused)
    run = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=json.dumps([refused, sources, whole]),
        cwd=ROOT / "book",
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr


def test_the_smaller_set_has_the_versions_of_the_whole():
    whole = pins("requirements/constraints.txt")
    small = pins(FILE)
    assert "torch" in small
    assert small == {name: whole[name] for name in small}
    assert installed_by(FILE) < installed_by("requirements.txt")


@pytest.mark.slow
def test_all_that_chapters_0_to_9_import_is_in_the_smaller_set():
    assert len(PAGES) >= 20
    assert len(NOTEBOOKS) >= 9
    tools = "import rnncore.checking.runner, rnncore.display.widgets, jupyterlab, ipywidgets"
    run_alone([tools, *map(code_of, [*PAGES, *NOTEBOOKS])], whole=False)


@pytest.mark.weekly
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_of_chapters_0_to_9_runs_with_the_smaller_set(page):
    """What functions import while they run is in the set too."""
    run_alone([code_of(page)], whole=True)
