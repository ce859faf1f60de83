"""What opens in Colab: addresses, the first cell, and what lies at them."""

import json
import os
import re
import subprocess
import sys

import nbformat
import pytest

import rnncore
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import read_checks
from tests.helpers import ROOT
from tests.tools.publish import test_publish as two
from tests.tools.test_supported_pythons import SUPPORTED
from tools.build import book
from tools.publish import colab, publish
from tools.publish.browser.lite import NAMED
from tools.publish.volume import paper, pdf

SOURCE = "https://github.com/someone/course"
PLACE = colab.Place("someone/course", "site", "0.1.0/download")
HREF = re.compile(rf'href="{colab.COLAB}/someone/course/blob/site/([^"]*)"')
NAMES = sorted(p.name for p in (ROOT / "exercises").iterdir() if p.is_dir())
EXERCISES = (
    "# Third\n\nThe folder `exercises/ch02_cell/`, and `exercises/none/`.\n\n"
    '```{raw} html\n<p id="in-browser"></p>\n```\n'
)
# Colab: no rnncore; the network is the folder of the site
ALONE = """
import io, json, subprocess, sys, urllib.request
from pathlib import Path

site, cells = json.loads(sys.stdin.read())
sys.meta_path[:] = [f for f in sys.meta_path if "editable" not in str(f).lower()]
sys.path_importer_cache.clear()
sys.path[:] = [p for p in sys.path if "editable" not in p]
sys.path.append("new")
Path("new").mkdir(exist_ok=True)
run = subprocess.run


def find(address):
    host = "https://raw.githubusercontent.com/someone/course/site/"
    assert address.startswith(host), address
    return Path(site, address.removeprefix(host))


def install(command, **how):
    *pip, package = command
    name, address = package.split(" @ ")
    assert name == "rnncore[pages]"
    offline = ["--no-deps", "--no-index", "--target", "new", str(find(address))]
    return run([*pip, *offline], **how)


subprocess.run = install
urllib.request.urlopen = lambda address: io.BytesIO(find(address).read_bytes())
try:
    import rnncore
except ModuleNotFoundError:
    pass
else:
    raise AssertionError(rnncore.__file__)
for cell in cells:
    exec(cell, {"__name__": "__main__"})
import rnncore.rnn
print(Path(rnncore.rnn.__file__).resolve().parent.parent)
"""


@pytest.mark.parametrize("end", ["", "/", ".git", ".git/"])
def test_a_repository_on_github_is_found(end):
    place = colab.find_place(SOURCE + end, "site", "0.1.0/download")
    assert place == PLACE
    assert colab.find_notebook(place, "a.ipynb") == (
        "https://colab.research.google.com/github/someone/course/"
        "blob/site/0.1.0/download/a.ipynb"
    )


@pytest.mark.parametrize(
    "source",
    [
        "",
        "https://gitlab.com/someone/course",
        "https://github.com.example.org/someone/course",
        "https://github.com/someone",
        "https://github.com/someone/course/tree/main",
        'https://github.com/someone/"><script>',
        "git@github.com:someone/course.git",
    ],
)
def test_any_other_source_is_none(source):
    assert colab.find_place(source, "site", "0.1.0/download") is None


def make_site(root, patch, source):
    """A book of three pages, published; paper stays out."""
    patch.setattr(pdf, "make_pdf", lambda *args, **kwargs: b"paper")
    patch.setattr(two, "TOC", f"{two.TOC}      - file: third\n")
    (root / "book").mkdir()
    (root / "book" / "third.md").write_text(EXERCISES)
    html = two.make(root, patch)
    toc = paper.list_entries(book.BOOK / "_toc.yml")
    site = root / "site"
    publish.publish(
        html,
        toc,
        site,
        code=False,
        epoch=two.EPOCH,
        source=source,
        branch="site",
    )
    return site


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return make_site(tmp_path_factory.mktemp("site"), patch, SOURCE)


def read_code(path):
    cells = nbformat.read(path, as_version=4).cells
    return [c.source for c in cells if c.cell_type == "code"]


@pytest.mark.system
def test_every_button_opens_a_notebook_of_the_published_folder(site):
    buttons = {
        path.relative_to(site).as_posix(): HREF.findall(path.read_text())
        for path in site.rglob("*.html")
    }
    assert all(
        (site / target).is_file()
        for targets in buttons.values()
        for target in targets
    )
    version = rnncore.__version__
    downloads = f"{version}/download"
    tasks = [f"{downloads}/exercises/{n}/{n}.ipynb" for n in NAMES]
    for edition in version, "latest":
        assert buttons[f"{edition}/first.html"] == []  # it has no code
        assert buttons[f"{edition}/second.html"] == [
            f"{downloads}/second.ipynb"
        ]
        named = f"{downloads}/exercises/ch02_cell/ch02_cell.ipynb"
        assert buttons[f"{edition}/third.html"] == [named, *tasks]
        listed = buttons[f"{edition}/download/index.html"]
        assert listed == [f"{downloads}/second.ipynb", *tasks]


@pytest.mark.system
def test_the_first_cell_is_the_same_for_all(site):
    notebooks = [
        nbformat.read(path, as_version=4)
        for path in sorted(site.rglob("*.ipynb"))
        if "download" in path.parts
    ]
    assert len(notebooks) == 2 * (len(NAMES) + 1)
    assert {nb.cells[0].cell_type for nb in notebooks} == {"code"}
    assert len({nb.cells[0].source for nb in notebooks}) == 1


@pytest.mark.system
def test_an_assignment_is_the_released_one_and_has_its_checks(site):
    place = site / "latest" / "download"
    for name in NAMES:
        path = f"exercises/{name}/{name}.ipynb"
        released = nbformat.reads(
            two.git(ROOT, "show", f"HEAD:{path}"), as_version=4
        )
        made = nbformat.read(place / path, as_version=4)
        assert made.cells[2:] == released.cells
        assert read_checks((place / path).with_name(CHECKS))


@pytest.mark.system
@pytest.mark.parametrize(
    "name", ["second", "exercises/ch02_cell/ch02_cell"]
)
def test_the_first_cells_leave_a_working_import(site, tmp_path, name):
    path = site / "latest" / "download" / f"{name}.ipynb"
    count = 2 if "/" in name else 1
    cells = read_code(path)[:count]
    said = json.dumps([str(site), cells])
    run = subprocess.run(
        [sys.executable, "-c", ALONE],
        input=said,
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == [str((tmp_path / "new").resolve())]
    there = tmp_path / CHECKS
    assert there.exists() == (count == 2)
    if there.exists():
        kept = path.with_name(CHECKS).read_bytes()
        assert there.read_bytes() == kept


def test_where_the_package_is_there_the_first_cell_does_nothing(
    monkeypatch,
):
    monkeypatch.setattr(subprocess, "run", None)
    cell = colab.make_first_cell(PLACE, "rnncore-0.1.0-py3-none-any.whl")
    exec(cell.source, {})  # noqa: S102 - what the notebook runs


@pytest.mark.system
@pytest.mark.parametrize(
    "source", ["", "https://gitlab.com/someone/course"]
)
def test_without_a_source_on_github_there_is_no_button(
    tmp_path, monkeypatch, source
):
    made = make_site(tmp_path, monkeypatch, source)
    pages = [path.read_text() for path in made.rglob("*.html")]
    assert len(pages) > 4
    assert any(NAMED.search(page) for page in pages)
    assert not any("Colab" in page or "colab" in page for page in pages)
    assert not list(made.rglob("download/exercises"))
    (first, *_) = read_code(made / "latest" / "download" / "second.ipynb")
    assert "pip" not in first


def test_binder_installs_what_pages_and_assignments_import(tmp_path):
    """.binder/postBuild, with a `python` that writes down what it is asked."""
    folder = ROOT / ".binder"
    runtime = (folder / "runtime.txt").read_text()
    named = re.fullmatch(r"python-(3\.\d+)\n", runtime)[1]
    assert named in SUPPORTED
    script = folder / "postBuild"
    assert script.stat().st_mode & 0o100
    python = tmp_path / "python"
    python.write_text('#!/bin/sh\necho "$@" >> "$ASKED"\n')
    python.chmod(0o755)
    asked = tmp_path / "asked"
    path = f"{tmp_path}:{os.environ['PATH']}"
    subprocess.run(
        [str(script)],
        cwd=ROOT,
        env={**os.environ, "PATH": path, "ASKED": str(asked)},
        check=True,
    )
    torch, course = asked.read_text().splitlines()
    chooser, build = torch.split()
    assert (ROOT / chooser).is_file()
    assert build == "cpu"
    *_, constraints, _, what = course.split()
    assert (ROOT / constraints).is_file()
    assert what == ".[pages]"
    assert colab.find_binder(PLACE).endswith(
        "/main?urlpath=lab/tree/exercises"
    )
