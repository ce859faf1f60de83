"""What `pip install .` brings, and that the environment is pinned."""

import ast
import contextlib
import inspect
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from email import message_from_string
from importlib.metadata import (
    PackageNotFoundError,
    packages_distributions,
    requires,
)
from pathlib import Path
from typing import NamedTuple

import nbformat
import numpy
import pytest
from packaging.requirements import Requirement

from rnncore.data.text import python_source
from tests.helpers import ROOT
from tests.helpers.checking import solved_release
from tools.build import book
from tools.pages import weave
from tools.publish import unpack
from tools.publish.notebooks import make_notebook

REQUIREMENTS = "requirements.txt", "requirements/dev.txt"
PAGES = [
    p.stem for p in book.page_paths() if "{code-cell}" in p.read_text()
]
# The capstone's cells belong to a notebook of the learner's own.
PAGES.remove("capstone")

BUILD = """
import sys
from setuptools import build_meta as backend
folder = sys.argv[1]  # the backend has arguments of its own
backend.build_sdist(folder)
backend.build_wheel(folder)
"""
COMMANDS = [["text"], ["forecast"], ["music"], ["translate"], ["speech"]]
COMMANDS += [["video"], ["data"], ["memory-ruler"], ["diagnose"]]
EXTRAS = {"text", "forecast", "music", "translate", "speech", "video"}


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Wheel and source distribution of what git keeps, and what was said."""
    folder = tmp_path_factory.mktemp("built")
    ignored = (ROOT / ".gitignore").read_text().split()
    names = {Path(line.strip("/")).name for line in ignored} | {".git"}
    left_out = shutil.ignore_patterns(*names)
    shutil.copytree(ROOT, folder / "tree", ignore=left_out)
    run = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)],
        cwd=folder / "tree",
        capture_output=True,
        text=True,
        check=True,
    )
    (path,) = folder.glob("rnncore-*.whl")
    (source,) = folder.glob("rnncore-*.tar.gz")
    return path, source, run.stdout + run.stderr


@pytest.fixture(scope="module")
def wheel(built):
    return zipfile.ZipFile(built[0])


@pytest.fixture(scope="module")
def metadata(wheel):
    (path,) = (n for n in wheel.namelist() if n.endswith("/METADATA"))
    return message_from_string(wheel.read(path).decode())


@pytest.mark.slow
def test_it_is_built_without_a_warning_about_packages(built):
    assert "absent from" not in built[2]


@pytest.mark.slow
def test_the_wheel_tells_where_data_come_from_and_that_it_is_typed(
    wheel, metadata
):
    names = wheel.namelist()
    assert "rnncore/py.typed" in names
    assert "rnncore/data/SOURCES.md" in names
    assert any(n.endswith("licenses/LICENSE") for n in names)
    assert "rnncore/CHANGELOG.md" in names
    assert metadata["Author"]
    assert "LSTM" in metadata["Keywords"]
    assert "Typing :: Typed" in metadata.get_all("Classifier")
    assert not any("__pycache__" in n or n.startswith("t") for n in names)


@pytest.mark.slow
def test_each_application_has_an_extra_and_apps_is_all_of_them(metadata):
    assert set(metadata.get_all("Provides-Extra")) >= EXTRAS
    needs = [Requirement(r) for r in metadata.get_all("Requires-Dist")]

    def of(extra):
        return {
            name
            for r in needs
            if r.marker and r.marker.evaluate({"extra": extra})
            for name in (
                set().union(*map(of, r.extras)) if r.extras else {r.name}
            )
        }

    assert of("apps") == set().union(*map(of, EXTRAS)) | {
        "matplotlib",
        "pooch",
    }
    for extra in EXTRAS:
        assert {"torch", "safetensors", "tqdm"} <= of(extra)
        assert {"numba", "filelock"} <= of(extra)  # fast, not only able
    assert of("diagnose") == of("torch") == {"torch"}
    assert "music21" not in of("forecast")
    assert {"av"} <= of("video") & of("speech") - of("text")
    assert {"sacrebleu"} <= of("translate")


@pytest.mark.slow
def test_the_source_distribution_has_tests_and_no_solutions(built):
    with tarfile.open(built[1]) as source:
        names = {n.partition("/")[2] for n in source.getnames()}
    for name in (
        "CHANGELOG.md",
        "rnncore/data/SOURCES.md",
        "rnncore/py.typed",
        "tests/conftest.py",
        "tests/helpers/arrays.py",
        "tests/helpers/oracles.py",
        "tests/attacks",
        "tools/__init__.py",
        "examples/my_cell.py",
        "book/api.md",
    ):
        assert name in names, name
    assert not [n for n in names if n.startswith("solutions")]


class Installed(NamedTuple):
    """An environment of its own with the wheel, beside the libraries."""

    own: Path
    env: dict[str, str]

    def run(self, *words, **options):
        return subprocess.run(
            [self.own / "bin" / words[0], *words[1:]],
            check=False,
            capture_output=True,
            text=True,
            env=self.env,
            **options,
        )


@pytest.fixture(scope="module")
def installed(built, tmp_path_factory):
    own = tmp_path_factory.mktemp("installed") / "own"
    venv.create(own, with_pip=True)
    # grading in this process, by an earlier test, has set PYTHONPATH
    env = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
    there = Installed(own, env | {"MPLBACKEND": "agg"})
    pip = "python", "-m", "pip", "install", "--no-deps", "--no-index"
    done = there.run(*pip, built[0])
    assert done.returncode == 0, done.stderr
    (place,) = own.glob("lib/python*/site-packages")
    site = Path(numpy.__file__).parents[1]
    (place / "libraries.pth").write_text(f"{site}\n")
    where = "import rnncore; print(rnncore.__file__)"
    found = there.run("python", "-c", where, cwd=own).stdout
    assert found.startswith(str(own))
    return there


@pytest.mark.weekly
def test_what_was_built_is_installed_and_tested(built, installed, tmp_path):
    run, empty = installed.run, tmp_path / "empty"
    empty.mkdir()
    told = run("rnncore", "--help", cwd=empty)
    assert told.returncode == 0, told.stderr
    assert "memory-ruler" in told.stdout
    for words in COMMANDS:
        helped = run("rnncore", *words, "--help", cwd=empty)
        assert helped.returncode == 0, helped.stderr
        assert f"rnncore {' '.join(words)}" in helped.stdout
    script = "from rnncore.display.figures import bundle; print(bundle('machine'))"
    figure = run("python", "-c", script, cwd=empty)
    assert "live-machine" in figure.stdout, figure.stderr
    path = solved_release("ch02_cell", tmp_path)
    script = f"from rnncore.checking.inprocess import check; check({str(path)!r})"
    checked = run("python", "-c", script, cwd=empty)
    assert "6 of 6 hold" in checked.stdout, checked.stdout + checked.stderr

    with tarfile.open(built[1]) as archive:
        unpack(archive, tmp_path)
    (tree,) = tmp_path.glob("rnncore-*")
    tests = ["rnn", "bptt", "lstm", "gru", "nn", "ctc", "losses", "backend"]
    files = [f"tests/rnncore/test_{name}.py" for name in tests]
    options = "-q", "-p", "no:cacheprovider"
    tested = run("python", "-m", "pytest", *options, *files, cwd=tree)
    assert tested.returncode == 0, tested.stdout[-3000:]


@pytest.mark.weekly
@pytest.mark.parametrize("name", PAGES)
def test_a_page_s_notebook_runs_in_an_empty_folder(
    installed, name, tmp_path
):
    page = make_notebook(book.BOOK / f"{name}.md", {})
    nbformat.write(page, tmp_path / "page.ipynb")
    ran = installed.run(
        "python", "-m", "IPython", "page.ipynb", cwd=tmp_path
    )
    assert ran.returncode == 0, (ran.stdout + ran.stderr)[-5000:]


@pytest.mark.slow
def test_the_package_brings_numpy_and_the_array_api_alone(metadata):
    needs = [
        Requirement(line) for line in metadata.get_all("Requires-Dist")
    ]
    always = {r.name for r in needs if r.marker is None}
    assert always == {"numpy", "array-api-compat"}
    assert {"torch", "book"} <= set(metadata.get_all("Provides-Extra"))


@pytest.mark.slow
def test_every_file_of_the_package_is_in_the_wheel(wheel):
    files = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "rnncore").rglob("*")
        if path.suffix
        in {".py", ".mplstyle", ".json", ".npz", ".safetensors", ".toml"}
        and path.name
        != "ruff.toml"  # for who writes here, not who installs
    }
    assert "rnncore/display/widgets.mjs" in wheel.namelist()
    live = ROOT / "book" / "_static" / "live"
    for path in live.glob("*.mjs"):
        name = f"rnncore/live/{path.name}"
        assert wheel.read(name) == path.read_bytes()
    assert files <= set(wheel.namelist())


def test_direct_dependencies_are_exact_and_say_what_they_are_for():
    texts = [(ROOT / name).read_text() for name in REQUIREMENTS]
    every = "".join(texts).splitlines()
    lines = [k for k in every if k and not k.startswith("#")]
    assert len({line.partition("==")[0] for line in lines}) == len(lines)
    for line in lines:
        assert re.fullmatch(r"[\w.-]+(\[\w+\])?==[\w.]+( +# .+)?", line), (
            line
        )


def test_the_constraints_agree_with_the_requirements():
    def pins(name):
        found = re.findall(
            r"^([\w.-]+)(?:\[\w+\])?==([\w.]+)",
            (ROOT / name).read_text(),
            re.MULTILINE,
        )
        return {re.sub(r"[-_.]+", "-", n).lower(): v for n, v in found}

    constraints = pins("requirements/constraints.txt")
    for file in REQUIREMENTS:
        for name, version in pins(file).items():
            assert constraints.get(name) == version, name


def imported(source):
    """The modules that a source imports, in functions too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{a.name}" for a in node.names)


def notebooks_sources():
    """The code of pages and assignments."""
    for page in (ROOT / "book").glob("*.md"):
        for cell in weave.find_cells(page.read_text()):
            yield "\n".join(
                k for k in cell.lines if k[:1] not in ("%", "!")
            )
    for path in (ROOT / "exercises").glob("*/*.ipynb"):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code":
                lines = cell.source.splitlines()
                yield "\n".join(k for k in lines if k[:1] not in ("%", "!"))


def learners_sources():
    """The code of pages, notebooks and of what builds the book."""
    yield from notebooks_sources()
    yield "import tools.build.book, tools.pages.weave, rnncore.checking.runner"
    for path in (ROOT / "tools" / "site").glob("*.py"):
        yield path.read_text()


def reached(sources):
    """The other packages that sources import, through the project's own."""
    waiting = [name for source in sources for name in imported(source)]
    seen, others = set(), set()
    while waiting:
        name = waiting.pop()
        top = name.partition(".")[0]
        if name in seen or top in sys.stdlib_module_names:
            continue
        seen.add(name)
        if top not in ("rnncore", "tools", "grader"):
            others.add(top)
            continue
        path = ROOT / name.replace(".", "/")
        path = (
            path / "__init__.py"
            if path.is_dir()
            else path.with_suffix(".py")
        )
        if path.exists():
            waiting += imported(path.read_text())
    return others


def installed_by(file):
    """The distributions of a file of requirements, and what they require."""
    text = (ROOT / file).read_text()
    return brought_by(re.findall(r"^([\w.-]+)", text, re.MULTILINE))


def brought_by_extra(extra):
    """The distributions of one of rnncore's extras, and what they require."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())[
        "project"
    ]
    waiting, names = [extra], list(project["dependencies"])
    while waiting:
        for need in map(
            Requirement, project["optional-dependencies"][waiting.pop()]
        ):
            waiting += need.extras
            names += [] if need.name == "rnncore" else [need.name]
    return brought_by([Requirement(name).name for name in names])


def brought_by(names):
    """These distributions, and what they require."""
    waiting, found = list(names), set()
    while waiting:
        name = re.sub(r"[-_.]+", "-", waiting.pop()).lower()
        if name in found:
            continue
        found.add(name)
        with contextlib.suppress(PackageNotFoundError):
            needs = map(Requirement, requires(name) or ())
            waiting += [
                need.name
                for need in needs
                if not need.marker or need.marker.evaluate({"extra": ""})
            ]
    return found


@pytest.mark.slow
def test_what_learners_run_needs_the_learners_requirements_alone():
    there = installed_by("requirements.txt")
    homes = packages_distributions()
    lacking = {
        name
        for name in reached(learners_sources())
        if not {re.sub(r"[-_.]+", "-", h).lower() for h in homes[name]}
        & there
    }
    assert lacking == set()
    text = inspect.signature(python_source).parameters["package"].default
    assert text in there  # which pages read as a text, and do not import


@pytest.mark.slow
def test_what_pages_and_assignments_import_is_in_the_extra_pages():
    there, homes = brought_by_extra("pages"), packages_distributions()
    needed = reached(notebooks_sources()) | {"IPython"}
    assert {"torch", "music21", "myst_nb"} <= needed
    # rnncore itself opens JupyterLab, and looks at its own processes
    lacking = {
        name
        for name in needed - {"jupyterlab"}
        if not {re.sub(r"[-_.]+", "-", h).lower() for h in homes[name]}
        & there
    }
    assert lacking == set()
    assert "jupyter-book" not in there
    assert "jupyter-book" in brought_by_extra("book")


def test_a_private_name_is_used_by_its_own_module_alone():
    parts = "grader", "rnncore", "tools"
    taken = [
        f"{path}: {alias.name}"
        for part in parts
        for path in (ROOT / part).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ImportFrom)
        and (node.level or str(node.module).split(".")[0] in parts)
        for alias in node.names
        if re.match("_[^_]", alias.name)
    ]
    assert taken == []


def public():
    """Every public function and class, and the methods of plain classes.

    In a class with a base a method may be one that the base explains.
    """
    for path in sorted((ROOT / "rnncore").rglob("*.py")):
        for node in ast.parse(path.read_text()).body:
            plain = isinstance(node, ast.ClassDef) and not node.bases
            parts = node.body if plain else []
            for part in (node, *parts):
                kinds = ast.FunctionDef | ast.ClassDef
                if isinstance(part, kinds) and part.name[0] != "_":
                    yield f"{path.stem}.{part.name}", part


def test_everything_public_says_what_it_is():
    silent = [
        name for name, node in public() if not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_module_of_networks_has_types():
    tree = ast.parse((ROOT / "rnncore" / "nn.py").read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            assert node.returns is not None, node.name
            given = [a for a in node.args.args if a.arg != "self"]
            assert all(a.annotation for a in given), node.name


def test_without_torch_the_modules_say_what_to_install():
    script = "import sys; sys.modules['torch'] = None; import rnncore.nn"
    run = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stderr.splitlines()[-1] == (
        "ModuleNotFoundError: rnncore.nn needs torch: "
        "python -m pip install torch"
    )


def test_a_folder_of_the_tools_and_the_grader_has_at_most_twelve_modules():
    full = {}
    for folder in (ROOT / "grader", ROOT / "tools"):
        for inside in (folder, *folder.rglob("*")):
            modules = {*inside.glob("*.py")} - {inside / "__init__.py"}
            if len(modules) > 12:
                full[str(inside.relative_to(ROOT))] = len(modules)
    assert full == {}, "split it by what its modules are for"
