"""After installation nothing reaches for a network.

The build executes each chapter with sockets refused, and the sandbox each
assignment (tests/test_grade_assignments.py); here is shown that they are.
"""

import subprocess
import sys

import pytest

from tools.build import book, kernels

pytestmark = pytest.mark.slow

HEAD = """---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3}
---

"""


@pytest.fixture(scope="module", params=["started", "forked"])
def manager(request):
    """A kernel is started, or forked from a process that is warm."""
    if request.param == "started":
        yield kernels.Manager
        return
    with kernels.start_fork_server() as warm:
        yield warm


@pytest.mark.parametrize(
    "attempt",
    [
        "socket.create_connection(('192.0.2.1', 80), timeout=1)",
        "socket.getaddrinfo('example.org', 80)",
        "urllib.request.urlopen('http://example.org/', timeout=1)",
        """import subprocess, sys
code = "import socket; socket.getaddrinfo('example.org', 80)"
child = [sys.executable, "-c", code]
raise OSError(subprocess.run(child, stderr=subprocess.PIPE).stderr)""",
    ],
)
def test_a_cell_that_reaches_out_fails(tmp_path, manager, attempt):
    page = tmp_path / "page.md"
    code = f"import socket, urllib.request\n{attempt}"
    page.write_text(f"{HEAD}```{{code-cell}} ipython3\n{code}\n```\n")
    notebook = book.read_notebook(page)
    with pytest.raises(book.BuildError, match="sockets are refused"):
        book.execute(page, notebook, manager)


@pytest.mark.weekly
def test_the_data_of_all_chapters_load_without_a_network(tmp_path):
    own = {"HOME": str(tmp_path)}  # nor from an earlier download
    code = (
        "from rnncore.data import music, series, text\n"
        "assert len(music.tunes()) and series.sunspots() and series.co2()\n"
        "assert text.documentation() and text.python_source()\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        cwd=book.ROOT,
        env=kernels.offline_environment() | own,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
