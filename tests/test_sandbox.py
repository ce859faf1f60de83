"""The sandbox: what a learner's process cannot reach, take or leave behind."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent

from grader.commands import grade
from grader.course.settings import Limits, SetupError
from grader.isolation import bubblewrap, client, sandbox
from grader.isolation.client import Server
from grader.isolation.session import Ended, Session
from grading import hand_in, make_course, solved

OWN = "PWD", "PYTHONPATH"  # of the sandbox alone
LIMITS = Limits(total_seconds=30, file_bytes=10_000_000, processes=32)
needs_sandbox = pytest.mark.skipif(
    sandbox.why_not() is not None, reason=str(sandbox.why_not())
)


@pytest.fixture(scope="module")
def server():
    found = Server()
    yield found
    found.stop()


@pytest.fixture
def session(server):
    found = Session(server.path, {"data/x.txt": b"seven"}, LIMITS, "")
    yield found
    found.close()


def said(session, source):
    """What a cell prints, or the last line of its error."""
    outputs, _ = session.run(source, 1, 20)
    texts = [o.get("text") or o.get("evalue") for o in outputs]
    return "".join(map(str, texts)).strip()


# a cell that tries something, and what comes of it
TRIES = {
    "the course": (
        f"import os\nprint(os.path.exists({str(ROOT / 'solutions')!r}))",
        "False",
    ),
    "the home": (
        (
            f"import os\nprint(os.path.exists({str(Path.home() / '.ssh')!r}), "
            "os.path.exists('/etc/shadow'))"
        ),
        "False False",
    ),
    "a network": (
        "import socket\nprint([n for _, n in socket.if_nameindex()])",
        "['lo']",
    ),
    "another host": (
        "import socket\nsocket.create_connection(('1.1.1.1', 53), 2)",
        "unreachable",
    ),
    "the environment": (
        (
            "import os\nprint(sorted(k for k in os.environ if k not in "
            f"{sorted([*sandbox.environment('/tmp'), *OWN])}))"
        ),
        "[]",
    ),
    "a Python beside it": (
        (
            "import subprocess, sys\n"
            "run = [sys.executable, '-c', 'import rnncore; print(7)']\n"
            "print(subprocess.run(run, capture_output=True, text=True))"
        ),
        r"stdout='7\n'",
    ),
    "the package": (
        "import rnncore\nopen(rnncore.__file__, 'a')",
        "denied",
    ),
    "the grader": (
        (
            "import grader\nfrom pathlib import Path\n"
            "here = Path(grader.__file__).parent\n"
            "print(sorted(p.name for p in here.iterdir()))"
        ),
        "['__init__.py', 'door.py', 'isolation']",
    ),
    "Python": ("import os\nopen(os.__file__, 'a')", "denied"),
    "another user": ("import os\nprint(os.getuid() == 0)", "False"),
    "root": ("import os\nos.setuid(0)", "Invalid argument"),
    "a namespace of its own": (
        "import ctypes\nprint(ctypes.CDLL(None).unshare(0x10000000))",
        "-1",
    ),
    "a mount": (
        (
            "import ctypes\nprint(ctypes.CDLL(None).mount(b'x', b'/tmp', "
            "b'tmpfs', 0, None))"
        ),
        "-1",
    ),
    "other processes": (
        (
            "import os\nprint(sorted(int(p) for p in os.listdir('/proc') "
            "if p.isdigit()) == [1, os.getpid()])"
        ),
        "True",
    ),
    "the init process": (
        "import os, time\nos.kill(1, 9)\ntime.sleep(0.1)\nprint('alive')",
        "alive",
    ),
    "a large file": (
        "open('big', 'wb').write(bytes(20_000_000))",
        "File too large",
    ),
    "many files": (
        "files = [open('f', 'w') for _ in range(1000)]",
        "Too many open files",
    ),
    "many processes": (
        (
            "import os, time\nmade = 0\n"
            "try:\n    while True:\n"
            "        if os.fork() == 0: time.sleep(60)\n        made += 1\n"
            "except BlockingIOError:\n    print(made < 32)"
        ),
        "True",
    ),
    "the server's input": (
        (
            "import glob, os\nfor path in glob.glob('/proc/1/fd/*'):\n"
            "    print(os.readlink(path) == '/dev/null')"
        ),
        "True\nTrue\nTrue",
    ),
    "a file among the devices": ("open('/dev/x', 'w')", "Read-only"),
    "a file that only memory holds": (
        "import os\nos.memfd_create('x')",
        "not permitted",
    ),
    "a shared segment": (
        (
            "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
            "print(libc.shmget(0, 4096, 0o1600), ctypes.get_errno())"
        ),
        "-1 1",
    ),
    "shared pages without a name": (
        "import mmap\nmmap.mmap(-1, 4096)",
        "not permitted",
    ),
    "shared pages of /dev/zero": (
        (
            "import mmap, os\n"
            "mmap.mmap(os.open('/dev/zero', os.O_RDWR), 4096)"
        ),
        "No such device",
    ),
    "memory of a file's": (
        (
            "import mmap\nfile = open('/dev/shm/x', 'w+b')\n"
            "file.truncate(4096)\nm = mmap.mmap(file.fileno(), 4096)\n"
            "m[:2] = b'ab'\nprint(open('/dev/shm/x').read(2))"
        ),
        "ab",
    ),
    "files beyond one size": (
        (
            "import os\ntry:\n"
            "    for place in ('/tmp', '/dev/shm', os.getcwd()):\n"
            "        for n in range(10):\n"
            "            with open(f'{place}/{n}', 'wb') as file:\n"
            "                file.write(bytes(9_000_000))\n"
            "except OSError as error: print(place, error)"
        ),
        "No space left",
    ),
    "its own files": ("print(open('data/x.txt').read())", "seven"),
    "a file of its own": (
        "open('y', 'w').write('1')\nprint(open('y').read())",
        "1",
    ),
}


@pytest.mark.system
@needs_sandbox
@pytest.mark.parametrize("what", TRIES)
def test_a_learner_reaches_its_own_and_nothing_else(session, what):
    source, expected = TRIES[what]
    assert expected in said(session, source)


@pytest.mark.system
@needs_sandbox
def test_nothing_outlives_its_session(server):
    before = {p.pid for p in psutil.process_iter()}
    session = Session(server.path, {}, LIMITS, "")
    said(
        session,
        "import subprocess\nfor _ in range(3):\n    subprocess.Popen("
        "['sleep', '9876'], start_new_session=True)",
    )
    session.close()
    left = [
        p
        for p in psutil.process_iter(["cmdline"])
        if p.pid not in before and "9876" in (p.info["cmdline"] or [])
    ]
    assert left == []


@pytest.mark.system
@needs_sandbox
def test_two_submissions_do_not_meet(server):
    one = Session(server.path, {}, LIMITS, "")
    two = Session(server.path, {}, LIMITS, "")
    try:
        said(
            one,
            "open('/tmp/x', 'w').write('1')\nimport socket\n"
            "s = socket.socket(socket.AF_UNIX)\ns.bind(b'\\0meet')\n"
            "s.listen()",
        )
        seen = said(two, "import os\nprint(os.path.exists('/tmp/x'))")
        assert seen == "False"
        refused = said(
            two,
            "import socket\nsocket.socket("
            "socket.AF_UNIX).connect(b'\\0meet')",
        )
        assert "refused" in refused
    finally:
        one.close()
        two.close()


@pytest.mark.system
@needs_sandbox
def test_memory_of_all_processes_together_is_limited(server):
    limits = Limits(memory_bytes=700_000_000, total_seconds=60)
    session = Session(server.path, {}, limits, "")
    takes = (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = os.urandom(10**6) * 300\n        time.sleep(60)\n"
        "time.sleep(60)"
    )
    try:
        with pytest.raises(Ended, match="took more than 700 MB of memory"):
            session.run(takes, 1, 60)
    finally:
        session.close()


HOLDS = {  # ways to hold 900 MB, of which no process shows much
    "in files": (
        "import time\nfor n in range(19):\n"
        "    with open(f'/tmp/{n}', 'wb') as f: f.write(bytes(9_900_000))\n"
        "x = b'x' * 450_000_000\ntime.sleep(60)"
    ),
    "in programs": (
        "import subprocess, sys, time\n"
        "code = 'import time; x = bytes(range(250)) * 120_000; time.sleep(60)'\n"
        "for _ in range(30):\n"
        "    subprocess.Popen([sys.executable, '-S', '-c', code])\n"
        "time.sleep(60)"
    ),
}


@pytest.mark.system
@needs_sandbox
@pytest.mark.parametrize("where", HOLDS)
def test_memory_counts_wherever_it_is(server, where):
    limits = Limits(memory_bytes=600_000_000, computing=64)
    session = Session(server.path, {}, limits, "")
    try:
        with pytest.raises(Ended, match="took more than 600 MB of memory"):
            session.run(HOLDS[where], 1, 60)
    finally:
        session.close()


@pytest.mark.system
@needs_sandbox
def test_memory_that_copies_share_counts_once(server):
    limits = Limits(memory_bytes=900_000_000, total_seconds=60)
    session = Session(server.path, {}, limits, "")
    takes = (
        "import os, time\nx = os.urandom(10**6) * 300\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0: time.sleep(5); os._exit(0)\n"
        "time.sleep(2)\nprint('held')"
    )
    try:
        assert said(session, takes) == "held"
    finally:
        session.close()


@pytest.mark.system
@needs_sandbox
def test_who_computes_everywhere_is_stopped(server):
    limits = Limits(computing=4, total_seconds=60)
    session = Session(server.path, {}, limits, "")
    burns = (
        "import os, time\nfor _ in range(10):\n"
        "    if os.fork() == 0:\n        os.setsid()\n"
        "        while True: pass\n"
        "time.sleep(60)"
    )
    try:
        with pytest.raises(Ended, match="in more than 4 processes at once"):
            session.run(burns, 1, 60)
    finally:
        session.close()


@pytest.mark.system
@needs_sandbox
def test_a_server_that_died_is_started_again():
    first = client.server()
    assert client.server() is first
    first.process.kill()
    first.process.wait()
    second = client.server()
    assert second is not first
    Session(second.path, {}, LIMITS, "").close()
    second.stop()
    first.stop()


@pytest.mark.system
@needs_sandbox
def test_the_server_ends_with_its_owner():
    server = Server()
    family = psutil.Process(server.process.pid).children(recursive=True)
    server.way.close()  # as when the owner is killed
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    server.stop()


def test_without_a_sandbox_the_grader_refuses(
    tmp_path, monkeypatch, capsys
):
    make_course(tmp_path)
    hand_in(tmp_path, "ann", solved())
    bubblewrap.why_not.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert grade.main(["--root", str(tmp_path)]) == 2
    finally:
        bubblewrap.why_not.cache_clear()
    told = capsys.readouterr().err
    assert "bwrap is missing" in told
    assert "--sandbox=none" in told
    assert not (tmp_path / "grading" / "autograded").exists()


def test_a_server_that_cannot_start_says_why():
    with pytest.raises(SetupError, match="no_such_module"):
        Server(sandbox.NONE, modules=("no_such_module",))


def test_a_process_that_does_not_start_is_an_error(tmp_path):
    with pytest.raises(SetupError, match="did not start"):
        Session(str(tmp_path / "none"), {}, LIMITS, "")


def test_without_a_sandbox_nothing_outlives_its_session(tmp_path):
    server = Server(sandbox.NONE)
    session = Session(server.path, {}, LIMITS, str(tmp_path / "scratch"))
    try:
        said(
            session,
            "import subprocess\nsubprocess.Popen(['sleep', '98761'], "
            "start_new_session=True)",
        )
    finally:
        session.close()
        server.stop()
    left = [
        p
        for p in psutil.process_iter(["cmdline"])
        if "98761" in (p.info["cmdline"] or [])
    ]
    assert not psutil.wait_procs(left, timeout=60)[1]
    assert os.getcwd() != str(tmp_path)
