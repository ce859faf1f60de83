"""Builds the notebooks that open in a browser, with nothing installed.

    .venv/lite/bin/python -m tools.publish.browser.lite      (make lite)

JupyterLite brings Python and NumPy as WebAssembly; the course's package,
and the few that it needs there, come in one archive with them, which the
kernel unpacks when it starts (tools/publish/browser/lite_kernel.py). The site is
built in _build/lite and copied into the book's HTML, as lite/, where each
page that has a notebook gets a link to it.

It runs in a separate environment (requirements/lite.txt), because
JupyterLite takes up whatever JupyterLab extensions it finds.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from pkgutil import iter_modules
from typing import Any

from rnncore.storage.files import ANSWERS
from tools import measurements
from tools.publish import PublishError, find_time, set_time
from tools.publish.browser.drawing import matplotlib
from tools.publish.browser.lite_kernel import (
    ADDED,
    ADDON,
    INSTEAD,
    KERNEL,
    STATIC,
    LiteError,
    pack,
    replace,
    wait_for_folder,
)

ROOT = Path(__file__).resolve().parents[3]
EXERCISES = ROOT / "exercises"
HTML = ROOT / "_build" / "html"
SITE = ROOT / "_build" / "lite"
PAGES = ROOT / "_build" / "notebooks"  # by tools.publish.notebooks
ABSENT = {"distutils", "ensurepip", "idlelib", "lib2to3", "lzma", "tkinter", "venv"}
THERE = {*sys.stdlib_module_names, *ADDED, *INSTEAD, "IPython", "numpy"} - ABSENT
DRAWN = {*vars(matplotlib), *(m.name for m in iter_modules(matplotlib.__path__))}
# What a notebook says of torch, and says in the browser, which has none.
ON_TORCH = re.compile(
    r'Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch\.'
)
WITHOUT_TORCH = 'Leave `"numpy"`: the browser has no torch.'
DRAWS = (
    "*In the browser, a small drawing library stands in for Matplotlib: it has the "
    "usual plots and says so where it lacks one. On your own machine, `make lab` has "
    "all of Matplotlib.*"
)
MARK = "<!--lite-->", "<!--/lite-->"
NAMED = re.compile(
    r'<code[^>]*><span class="pre">exercises/(?P<name>\w+)/</span></code>'
)
TITLE = re.compile(r"<h1>(?:(?!</h1>).)*headerlink(?:(?!</h1>).)*</h1>", re.DOTALL)
PLACE = re.compile(r'(<p id="in-browser">)(</p>)')
IN_BROWSER = (
    "These run in the browser, with nothing installed. Your work is kept there: "
    "<em>File, Download</em> gives the notebook to hand in, and <em>check</em> "
    "runs the visible tests of the saved one:"
)
# The File menu has no download; guard.js has the command, and needs the app for it.
DOWNLOAD = {"id": "jp-mainmenu-file", "items": [{"command": "course:download"}]}
SETTINGS = {"@jupyterlab/mainmenu-extension:plugin": {"menus": [DOWNLOAD]}}
CONFIG = {
    "jupyter-lite-schema-version": 0,
    "jupyter-config-data": {"exposeAppInBrowser": True},
}
# JupyterLite's service worker forgets a question when the next one comes.
ASK = "async function broadcastOne("
QUEUE = (
    "let last=Promise.resolve();function broadcastOne(request){"
    "const late=()=>new Promise(done=>setTimeout(()=>done(Response.error()),1e4));"
    "return last=last.then(()=>Promise.race([broadcastNext(request),late()]))"
    ".catch(()=>Response.error())}"
)
GUARD = '<script defer src="../guard.js"></script>'


# ------------------------------------------- what runs with NumPy alone


def find_imports(source: str, everywhere: bool = False) -> Iterator[str]:
    """The modules that a source imports when it is run.

    Those of its functions count only `everywhere`: a module may import
    there what not every caller needs.
    """
    waiting: list[ast.AST] = [ast.parse(source)]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            waiting += node.orelse
        elif everywhere or not isinstance(node, ast.FunctionDef | ast.Try):
            waiting += ast.iter_child_nodes(node)


def find_lacking(notebook: dict[str, Any]) -> set[str]:
    """The packages, and parts of Matplotlib, that a notebook needs in vain there."""
    code = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    waiting = [n for c in code for n in find_imports("".join(c["source"]), True)]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _of_the_course(name)
    parts = [name.split(".") for name in seen]
    drawing = (p[:2] for p in parts if p[0] == "matplotlib" and p[1:])
    undrawn = {".".join(p) for p in drawing if p[1] not in DRAWN}
    return {p[0] for p in parts} - THERE - {"rnncore"} | undrawn


def _of_the_course(module: str) -> list[str]:
    """What a module of rnncore imports in its turn; of others, nothing."""
    path = ROOT / module.replace(".", "/")
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    if not module.startswith("rnncore") or not path.exists():
        return []
    above = module.rpartition(".")[0]
    return [*find_imports(path.read_text("utf-8")), *([above] if above else [])]


def list_assignments() -> list[str]:
    """The assignments that run in a browser, in their order."""
    return [
        path.name
        for path in sorted(EXERCISES.iterdir())
        if path.is_dir() and not find_lacking(_find_notebook(path))
    ]


def _find_notebook(folder: Path) -> dict[str, Any]:
    path = folder / f"{folder.name}.ipynb"
    notebook: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return notebook


# ------------------------------------------------------------ the site


def write_contents(folder: Path) -> None:
    """Copy the notebooks and their files into a folder."""
    for name in list_assignments():
        place = folder / "assignments" / name
        shutil.copytree(EXERCISES / name, place, ignore=_no_leftovers)
        own = for_browser(_find_notebook(EXERCISES / name))
        _write_notebook(place / f"{name}.ipynb", own)
        _write_notebook(place / "check.ipynb", _make_checker(name))
    (folder / "pages").mkdir(parents=True)
    for path in sorted(PAGES.glob("*.ipynb")):
        notebook = json.loads(path.read_text("utf-8"))
        if not find_lacking(notebook):
            _write_notebook(folder / "pages" / path.name, for_browser(notebook))


def for_browser(notebook: dict[str, Any]) -> dict[str, Any]:
    """The notebook with a line on what the browser draws with, and without torch."""
    cells = []
    for cell in notebook["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "markdown" and ON_TORCH.search(source):
            cell = {**cell, "source": ON_TORCH.sub(WITHOUT_TORCH, source)}
        cells.append(cell)
    says = {"cell_type": "markdown", "id": "browser", "metadata": {}, "source": DRAWS}
    first = cells[:1] if cells and cells[0]["cell_type"] == "markdown" else []
    return {**notebook, "cells": [*first, says, *cells[len(first) :]]}


def _no_leftovers(_: str, names: list[str]) -> list[str]:
    return [n for n in names if n.startswith((".", "__")) or n == ANSWERS]


def _write_notebook(path: Path, notebook: dict[str, Any]) -> None:
    """With the browser's kernel, or else it would ask which to start."""
    notebook["metadata"]["kernelspec"] = KERNEL
    path.write_text(json.dumps(notebook, indent=1), "utf-8")


def _make_checker(name: str) -> dict[str, Any]:
    """A notebook of one cell that checks the saved notebook in its folder."""
    says = (
        f"# Check {name}\n\nSave the assignment (Ctrl-S), then run the cell: it "
        "runs your saved notebook from its start, as `make check` does, and "
        "says what each visible test found."
    )
    code = f'from rnncore.checking.inprocess import check\n\ncheck("{name}.ipynb")'
    return {
        "cells": [
            {"cell_type": "markdown", "id": "says", "metadata": {}, "source": says},
            {
                "cell_type": "code",
                "id": "check",
                "metadata": {},
                "source": code,
                "outputs": [],
                "execution_count": None,
            },
        ],
        "metadata": {"language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def build(site: Path) -> None:
    """Build the site completely, or not at all."""
    site.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=site.parent, prefix=".lite-") as scratch:
        contents, out = Path(scratch) / "contents", Path(scratch) / "out"
        contents.mkdir()
        write_contents(contents)
        set_time([contents], find_time())
        _build_jupyterlite(contents, out)
        pack(out / STATIC)
        wait_for_folder(out / STATIC)
        _guard(out)
        shutil.rmtree(site, ignore_errors=True)
        out.rename(site)


def put_into(html: Path, site: Path) -> None:
    """Copy the site into a built book, and link it from the book's pages.

    Raises LiteError where there is no book.
    """
    if not (html / "index.html").exists():
        raise LiteError(f"there is no book in {html}: run make book first")
    shutil.rmtree(html / "lite", ignore_errors=True)
    shutil.copytree(site, html / "lite")
    there = {p.stem for p in (site / "files" / "assignments").glob("*")}
    pages = {p.stem for p in (site / "files" / "pages").glob("*.ipynb")}
    known = measurements.read()
    for page in html.glob("*.html"):
        text = page.read_text("utf-8")
        own = page.stem if page.stem in pages else ""
        taken = known.get(f"lite.{own}.seconds", {"value": 0.0})["value"]
        linked = with_links(text, there, own, taken)
        if linked != text:
            page.write_text(linked, "utf-8")


def with_links(
    text: str, there: Collection[str], page: str = "", seconds: float = 0
) -> str:
    """A page's HTML with links to its own notebook and to those it names.

    Where all cells of its own one take minutes, a reader is told so.
    """

    def link(match: re.Match[str]) -> str:
        if match["name"] not in there:
            return match[0]
        opens = _to_assignment(match["name"], "open it in the browser")
        return f"{match[0]}{MARK[0]} ({opens}, {_to_check(match['name'])}){MARK[1]}"

    def fill(match: re.Match[str]) -> str:
        links = [f"{_to_assignment(n, n)} ({_to_check(n)})" for n in sorted(there)]
        says = f"{MARK[0]}{IN_BROWSER} {', '.join(links)}.{MARK[1]}"
        return f"{match[1]}{says}{match[2]}"

    plain = re.sub(f"{MARK[0]}.*?{MARK[1]}", "", text, flags=re.DOTALL)
    if page:
        own = _make_link(f"pages/{page}.ipynb", "Run this page in the browser")
        wait = f" All its cells take about {round(seconds / 60)} minutes there."
        wait = wait if seconds >= 90 else ""
        says = f"{MARK[0]}<p>{own}, with nothing installed.{wait}</p>{MARK[1]}"
        plain = TITLE.sub(lambda match: f"{match[0]}{says}", plain, count=1)
    return PLACE.sub(fill, NAMED.sub(link, plain))


def _to_assignment(name: str, words: str) -> str:
    return _make_link(f"assignments/{name}/{name}.ipynb", words)


def _to_check(name: str) -> str:
    return _make_link(f"assignments/{name}/check.ipynb", "check")


def _make_link(path: str, words: str) -> str:
    return f'<a href="lite/notebooks/index.html?path={path}">{words}</a>'


def _build_jupyterlite(contents: Path, out: Path) -> None:
    program = Path(sys.executable).with_name("jupyter-lite")
    if not program.exists():
        raise LiteError(f"there is no {program}: run make lite")
    for name, what in (("overrides", SETTINGS), ("jupyter-lite", CONFIG)):
        (contents.parent / f"{name}.json").write_text(json.dumps(what), "utf-8")
    made = subprocess.run(
        [
            *(program, "build", "--contents", contents, "--output-dir", out),
            *("--no-sourcemaps", "--disable-addons", ADDON),
            *("--source-date-epoch", str(find_time())),
        ],
        cwd=contents.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise LiteError(f"jupyter-lite build failed:\n{made.stdout}{made.stderr}")


def _guard(out: Path) -> None:
    """Say in every page what this browser cannot do, and queue its files.

    Raises LiteError where the service worker is not as expected.
    """
    replace(out / "service-worker.js", ASK, QUEUE + ASK.replace("One", "Next"))
    shutil.copy(Path(__file__).with_name("guard.js"), out)
    for page in out.glob("*/index.html"):
        text = page.read_text("utf-8")
        page.write_text(text.replace("<body", f"{GUARD}<body", 1), "utf-8")


def main(argv: list[str] | None = None) -> int:
    """Build the site; return 0 on success."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--out", type=Path, default=SITE, help="the site's folder")
    parser.add_argument(
        "--html", type=Path, default=HTML, help="the built book that gets it"
    )
    parser.add_argument(
        "--alone", action="store_true", help="build the site, without a book"
    )
    options = parser.parse_args(argv)
    try:
        build(options.out.resolve())
        if not options.alone:
            put_into(options.html, options.out)
    except (LiteError, PublishError) as refused:
        print(f"make lite: {refused}", file=sys.stderr)
        return 2
    print(options.out if options.alone else options.html / "lite")
    return 0


if __name__ == "__main__":
    sys.exit(main())
