"""What one cell takes, or ends, costs no other cell its points."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.utils import determine_grade

from grader.course.settings import Limits
from grader.isolation import client, sandbox
from grader.isolation.session import Ended, Session
from grader.notebook.names import cell_metadata
from grader.trusted.execute import TrustedExecute
from grader.trusted.link import Link

pytestmark = [pytest.mark.slow, pytest.mark.system]
LIMITS = Limits(
    cell_seconds=20,
    total_seconds=400,
    memory_bytes=700_000_000,
    processes=40,
)
PATIENCE = 100  # seconds
FIVE = range(1, 6)
ENDLESS = {
    "memory": "x = []\nwhile True: x.append(b'x' * 10_000_000)",
    "memory that it keeps": (
        "import time\nx = []\ntry:\n"
        "    while True: x.append(b'x' * 10_000_000)\n"
        "except MemoryError: time.sleep(1)"
    ),
    "memory of processes": (
        "import os, time\nfor _ in range(6):\n"
        "    if os.fork() == 0: x = b'x' * 200_000_000; time.sleep(90)\n"
        "time.sleep(90)"
    ),
    "forks": "import os\nwhile True: os.fork()",
    "programs": (
        "import subprocess\nwhile True: subprocess.Popen(['sleep', '90'])"
    ),
    "threads": (
        "import threading, time\nwhile True:\n"
        "    threading.Thread(target=time.sleep, args=[90]).start()"
    ),
    "files": "x = []\nwhile True: x.append(open('/dev/null'))",
    "time": (
        "import time\nwhile True:\n    try: time.sleep(0.01)\n"
        "    except BaseException: pass"
    ),
    "an exit": "import os\nos._exit(3)",
}


def write_notebook(third):
    """Five tasks with a test each, and how the third is solved."""
    cells = [new_code_cell("import math")]
    for n in FIVE:
        right = f"def f{n}(x):\n    return {n} * x"
        meta = cell_metadata(f"f{n}", solution=True)
        cells.append(
            new_code_cell(third if n == 3 else right, metadata=meta)
        )
        meta = cell_metadata(
            f"test_f{n}", grade=True, locked=True, points=2
        )
        cells.append(
            new_code_cell(
                f"import math\nassert f{n}(2) == {2 * n} * math.cos(0)\n"
                "### BEGIN HIDDEN TESTS\n"
                f"assert f{n}(7) == {7 * n}\n### END HIDDEN TESTS",
                metadata=meta,
            )
        )
    return new_notebook(cells=cells)


def make_execute(server, released, folder):
    def start():
        return Session(server.path, {}, LIMITS, str(folder / "scratch"), 7)

    return TrustedExecute(LIMITS, released, folder, b"", start)


def grade(third, folder):
    """The points of five tests, and what is said of the notebook."""
    if why := sandbox.why_not():
        pytest.skip(why)
    server = client.get_server(torch=False)
    released = write_notebook("def f3(x):\n    ...")
    execute = make_execute(server, released, folder)
    done, _ = execute.preprocess(write_notebook(third), {})
    tests = [c for c in done.cells if "test_" in str(c.metadata)]
    return [determine_grade(c)[0] for c in tests], execute.remarks


@pytest.mark.parametrize("what", ENDLESS)
def test_what_a_cell_takes_without_end_costs_its_own_points(what, tmp_path):
    points, remarks = grade(ENDLESS[what], tmp_path)
    assert points == [2, 2, 0, 2, 2], remarks


@pytest.mark.parametrize("what", ENDLESS)
def test_what_an_answer_takes_without_end_costs_its_own_points(
    what, tmp_path
):
    body = "\n".join(f"    {line}" for line in ENDLESS[what].split("\n"))
    points, remarks = grade(f"def f3(x):\n{body}", tmp_path)
    assert points == [2, 2, 0, 2, 2], remarks


def test_the_cell_that_ended_the_process_is_named(tmp_path):
    right = "def f3(x):\n    return 3 * x"
    points, remarks = grade(f"{right}\n{ENDLESS['an exit']}", tmp_path)
    assert points == [2, 2, 0, 2, 2]
    assert remarks == [
        "code cell 6 ended the Python process: all other cells ran without it"
    ]


def test_what_was_made_between_a_test_and_the_end_is_made_again(tmp_path):
    ends = "y = 5\n"
    notebook = write_notebook(ENDLESS["an exit"])
    notebook.cells[5:5] = [new_code_cell(ends)]
    notebook.cells[-2].source = "def f5(x): return y * x"
    server = client.get_server(sandbox.NONE, torch=False)
    execute = make_execute(server, write_notebook(""), tmp_path)
    done, _ = execute.preprocess(notebook, {})
    assert determine_grade(done.cells[-1])[0] == 2


LEAVES = {  # ways to end, with processes of the learner's besides
    "it ends": "import os\nos._exit(0)",
    "it is killed": "import os\nos.kill(os.getpid(), 9)",
    "a child ends": "import os\nif os.fork() == 0: os._exit(3)\nos.wait()",
    "a grandchild ends": (
        "import os, time\nif os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); time.sleep(0.2); os._exit(0)\n"
        "    os._exit(0)\nos.wait(); time.sleep(0.4)"
    ),
    "it ends before a grandchild": (
        "import os, time\nif os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); time.sleep(0.2); os._exit(0)\n"
        "    os._exit(0)\nos.wait(); os._exit(1)"
    ),
    "a grandchild is killed": (
        "import os, time\nread, write = os.pipe()\nif os.fork() == 0:\n"
        "    if os.fork() == 0:\n"
        "        os.setsid(); os.write(write, b'%d ' % os.getpid())\n"
        "        time.sleep(90)\n"
        "    os._exit(0)\nos.wait(); os.kill(int(os.read(read, 9)), 9)"
    ),
}


@pytest.mark.parametrize("how", LEAVES)
def test_a_copy_lives_on_whatever_ends(how):
    if why := sandbox.why_not():
        pytest.skip(why)
    server = client.get_server(torch=False)
    session = Session(server.path, {}, LIMITS, "", 3)
    try:
        session.run("def double(x): return 2 * x", 1, PATIENCE)
        copy = session.snapshot()
        try:
            session.run(LEAVES[how], 2, PATIENCE)
        except Ended:
            assert "it " in how
        session.use(copy)
        link = Link(copy.sock)
        double = link._do("name", ("double",), {})
        assert link._do("call", (double, 4), {}) == 8
    finally:
        session.close()
