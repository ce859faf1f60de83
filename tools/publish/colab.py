"""Pages and assignments that open in Google's Colab: `make publish SOURCE=URL`.

Colab opens notebooks that lie on GitHub. Where SOURCE is a repository there, the
branch that its host serves (BRANCH, or gh-pages) holds the edition, and in its
download/ each page's notebook and each assignment, as it was released. All begin
with the same cell, which installs the edition's wheel where there is no rnncore:
so they run on Kaggle too. Where SOURCE is elsewhere, nothing is written or linked.

GitHub shows Colab public repositories only; whether one is, no test here can know.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from rnncore.storage.files import ANSWERS, CHECKS
from tools import ROOT
from tools.publish import PublishError, require_program
from tools.publish.browser.lite import NAMED, TITLE

BRANCH = "gh-pages"  # GitHub Pages' usual one; .ci/publish says which it pushes to
MAIN = "main"
LISTED = '<p id="in-browser">'  # before it the page of exercises lists them
REPOSITORY = re.compile(r"https://github\.com/([\w-]+/[\w.-]+?)(?:\.git)?/?")
COLAB = "https://colab.research.google.com/github"
RAW = "https://raw.githubusercontent.com"
BINDER = "https://mybinder.org/v2/gh"
ASSIGNMENTS = "exercises"  # in download/, and in the repository
INSTALLS = """\
# Where the course's package is not there yet, as in Colab, this brings it: a minute.
import importlib.util
import subprocess
import sys

if importlib.util.find_spec("rnncore") is None:
    package = "rnncore[pages] @ {wheel}"
    subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", package], check=True)
    importlib.invalidate_caches()
"""
FETCHES = """\
# What the visible tests compare with.
from pathlib import Path
from urllib.request import urlopen

if not Path("{name}").exists():
    with urlopen("{checks}") as answer:
        Path("{name}").write_bytes(answer.read())
"""


class Place(NamedTuple):
    """Where an edition's downloads lie on GitHub."""

    repository: str  # OWNER/NAME
    branch: str
    folder: str  # on the branch: 0.1.0/download


def find_place(source: str, branch: str, folder: str) -> Place | None:
    """Where the downloads will lie; None where the source is not on GitHub."""
    found = REPOSITORY.fullmatch(source)
    return Place(found[1], quote(branch), folder) if found else None


def find_file(place: Place, path: str) -> str:
    """The address of a published download, for programs."""
    return f"{RAW}/{place.repository}/{place.branch}/{place.folder}/{path}"


def find_notebook(place: Place, path: str) -> str:
    """The address at which Colab opens a published notebook."""
    return f"{COLAB}/{place.repository}/blob/{place.branch}/{place.folder}/{path}"


def find_binder(place: Place) -> str:
    """The address at which Binder starts JupyterLab with the assignments."""
    return f"{BINDER}/{place.repository}/{MAIN}?urlpath=lab/tree/{ASSIGNMENTS}"


def make_first_cell(place: Place, wheel: str) -> NotebookNode:
    """The cell that installs the package, the same for all notebooks."""
    source = INSTALLS.format(wheel=find_file(place, wheel))
    return new_code_cell(source.rstrip(), id="install")


def write_assignments(
    into: Path, place: Place, wheel: str, root: Path = ROOT
) -> list[str]:
    """Write the assignments into the downloads; their notebooks' paths there.

    They are the last commit's, so that no answer of somebody's own travels along.
    Raises PublishError where there is no git repository.
    """
    written = []
    listed = _ask_git(root, "ls-tree", "-r", "-z", "--name-only", "HEAD", "exercises/")
    for name in filter(None, listed.decode().split("\0")):
        if Path(name).name == ANSWERS:
            continue  # `make answer` reads them, and is not there
        content = _ask_git(root, "show", f"HEAD:{name}")
        path = into / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            made = nbformat.reads(content.decode(), as_version=4)
            checks = find_file(place, f"{Path(name).parent.as_posix()}/{CHECKS}")
            made.cells[:0] = [
                make_first_cell(place, wheel),
                new_code_cell(
                    FETCHES.format(name=CHECKS, checks=checks).rstrip(), id="checks"
                ),
            ]
            nbformat.validate(made)
            nbformat.write(made, path)
            written.append(name)
        else:
            path.write_bytes(content)
    return written


def _ask_git(root: Path, *words: str) -> bytes:
    asked = [require_program("git"), *words]
    run = subprocess.run(asked, cwd=root, capture_output=True, check=False)
    if run.returncode:
        raise PublishError(f"no assignments: {run.stderr.decode().strip()}")
    return run.stdout


def link_pages(
    html: Path, place: Place, pages: Collection[str], assignments: Collection[str]
) -> None:
    """Link each page to its notebook, and to those of the assignments it names.

    `pages` are names of pages, `assignments` paths of notebooks in the downloads.
    """
    there = {Path(path).stem: path for path in assignments}
    for path in sorted(html.glob("*.html")):
        text = path.read_text("utf8")
        linked = _link_page(text, place, path.stem if path.stem in pages else "", there)
        if linked != text:
            path.write_text(linked, "utf8")


def _link_page(text: str, place: Place, page: str, there: dict[str, str]) -> str:
    def name(match: re.Match[str]) -> str:
        if match["name"] not in there:
            return match[0]
        return f"{match[0]} ({make_link(place, there[match['name']])})"

    text = NAMED.sub(name, text).replace(LISTED, _list_all(place, there) + LISTED, 1)
    if not page:
        return text
    own = f"<p>{make_link(place, f'{page}.ipynb', 'Open in Colab')}</p>"
    return TITLE.sub(lambda match: f"{match[0]}{own}", text, count=1)


def _list_all(place: Place, there: dict[str, str]) -> str:
    links = ", ".join(make_link(place, path, name) for name, path in there.items())
    return (
        f"<p>Open in Colab, where the first cell installs the package: {links}. "
        f'<a href="{find_binder(place)}">Open all on Binder</a>, which takes minutes '
        "to start.</p>"
    )


def make_link(place: Place, path: str, words: str = "open in Colab") -> str:
    """A link that opens a published notebook in Colab."""
    return f'<a href="{find_notebook(place, path)}">{words}</a>'
