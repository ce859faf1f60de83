"""After installation nothing reaches for a network."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from grader.assignments import builder
from tools.build import book

CLOSED = '''
"""Every Python process that finds this file may talk to itself only."""
import sys

LOCAL = ("localhost", "127.0.0.1", "::1", "0.0.0.0", "", None)


def refuse(event, args):
    if event == "socket.getaddrinfo":
        host = args[0]
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        host = args[0]
    elif event in ("socket.connect", "socket.sendto"):
        address = args[1]  # a tuple, or a path of a socket on this machine
        host = address[0] if isinstance(address, tuple) else None
    else:
        return
    host = host.decode() if isinstance(host, bytes) else host
    if host not in LOCAL:
        raise PermissionError(f"sockets are refused: {event} {host}")


sys.addaudithook(refuse)
'''

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

"""


def seldom(names, often):
    """All names; those that are not run often carry the mark `slow`."""
    return [
        n if n in often else pytest.param(n, marks=pytest.mark.slow)
        for n in names
    ]


CHAPTERS = [p.stem for p in book.page_paths() if p.stem.startswith("ch")]


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """A folder from which no process that is started reaches a network."""
    closed = tmp_path / "closed"
    closed.mkdir()
    (closed / "sitecustomize.py").write_text(CLOSED)
    monkeypatch.setenv("PYTHONPATH", str(closed))
    return tmp_path


def execute(page, notebook):
    book.execute(page, notebook)  # raises where a cell does
    assert all(
        output.output_type != "error"
        for cell in notebook.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.org', 80)",
        "urllib.request.urlopen('http://example.org/', timeout=1)",
    ],
)
def test_a_cell_that_reaches_out_fails(offline, attempt):
    page = offline / "page.md"
    code = f"import socket, urllib.request\n{attempt}"
    page.write_text(f"{HEAD}```{{code-cell}} ipython3\n{code}\n```\n")
    notebook = book.read_notebook(page)
    with pytest.raises(book.BuildError, match="sockets are refused"):
        book.execute(page, notebook)


@pytest.mark.parametrize("name", seldom(CHAPTERS, {"ch02_loop"}))
def test_a_chapter_runs_without_a_network(offline, name):
    page = book.BOOK / f"{name}.md"
    execute(page, book.read_notebook(page))


@pytest.mark.parametrize("name", seldom(builder.names(), {"ch03_bptt"}))
def test_an_assignment_runs_without_a_network(offline, name):
    released = book.ROOT / "exercises" / name
    shutil.copytree(released, offline, dirs_exist_ok=True)
    notebook = builder.source_notebook(builder.read(name))
    notebook.metadata["source_map"] = list(range(len(notebook.cells)))
    execute(offline / f"{name}.ipynb", notebook)


def test_the_data_of_all_chapters_load_without_a_network(
    offline, monkeypatch
):
    monkeypatch.setenv("HOME", str(offline))  # nor from an earlier download
    code = (
        "from rnncore.data import music, series, text\n"
        "assert len(music.tunes()) and series.sunspots() and series.co2()\n"
        "assert text.documentation() and text.python_source()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
