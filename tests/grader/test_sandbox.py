"""The sandbox: what a learner's process cannot reach, take or leave behind."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest

from grader.commands import grade
from grader.course.settings import Limits, SetupError
from grader.isolation import client, sandbox
from grader.isolation.client import Server
from grader.isolation.linux import priority
from grader.isolation.session import Ended, Session
from tests.helpers import ROOT
from tests.helpers.grading import hand_in, make_course, solved

OWN = "PWD", "PYTHONPATH"  # of the sandbox alone
LIMITS = Limits(total_seconds=30, file_bytes=10_000_000, processes=32)
PATIENCE = 100  # seconds


@contextlib.contextmanager
def open_session(limits=LIMITS):
    """A learner's process in the sandbox, with a file."""
    if why := sandbox.why_not():
        pytest.skip(why)
    server = client.get_server(torch=False)
    session = Session(server.path, {"data/x.txt": b"seven"}, limits, "")
    try:
        yield session
    finally:
        session.close()


@pytest.fixture(scope="module")
def session():
    """The session of all that tries something and leaves nothing."""
    with open_session() as found:
        yield found


def said(session, source):
    """What a cell prints, or the last line of its error."""
    outputs, _ = session.run(source, 1, PATIENCE)
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
        "not permitted",
    ),
    "another host": (
        "import socket\nsocket.create_connection(('1.1.1.1', 53), 2)",
        "not permitted",
    ),
    "the environment": (
        (
            "import os\nprint(sorted(k for k in os.environ if k not in "
            f"{sorted([*sandbox.make_environment('/tmp'), *OWN])}))"
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
        "['__init__.py', 'isolation', 'untrusted.py']",
    ),
    "a command of the shell": ("!echo se''ven", "seven"),
    "the shell's exit status": ("!exit 3\nprint(_exit_code)", "3"),
    "a session of its own": (
        (
            "import os\nbefore = os.getsid(0)\nread, write = os.pipe()\n"
            "if os.fork() == 0:\n    os.setsid()\n"
            "    os.write(write, bytes(f'{os.getsid(0) == before}', 'ascii'))\n"
            "    os._exit(0)\nprint(os.read(read, 9))"
        ),
        "True",
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


LEAVE = (
    *("many files", "many processes", "a session of its own"),
    *("files beyond one size", "memory of a file's"),
)


@pytest.mark.system
@pytest.mark.parametrize(
    "what", [what for what in TRIES if what not in LEAVE]
)
def test_a_learner_reaches_its_own_and_nothing_else(session, what):
    check_try(session, what)


@pytest.mark.system
@pytest.mark.parametrize("what", LEAVE)
def test_a_learner_takes_no_more_than_its_share(what):
    with open_session() as own:
        check_try(own, what)


def check_try(session, what):
    source, expected = TRIES[what]
    assert expected in said(session, source)


@pytest.mark.system
def test_nothing_outlives_its_session():
    before = {p.pid for p in psutil.process_iter()}
    with open_session() as session:
        said(
            session,
            "import subprocess\nfor _ in range(3):\n    subprocess.Popen("
            "['sleep', '9876'], start_new_session=True)",
        )
    left = [
        p
        for p in psutil.process_iter(["cmdline"])
        if p.pid not in before and "9876" in (p.info["cmdline"] or [])
    ]
    assert left == []


@pytest.mark.system
def test_two_submissions_do_not_meet():
    with open_session() as one, open_session() as two:
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
        assert "refused" in refused or "not permitted" in refused


HOLDS = {  # ways to hold 900 MB, of which one process may not show much
    "in processes": (
        "import os, time\nfor _ in range(4):\n    if os.fork() == 0:\n"
        "        x = os.urandom(10**6) * 240\n        time.sleep(60)\n"
        "time.sleep(60)"
    ),
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
@pytest.mark.parametrize("where", HOLDS)
def test_memory_counts_wherever_it_is(where):
    limits = Limits(memory_bytes=600_000_000, computing=64)
    said = pytest.raises(Ended, match="took more than 600 MB of memory")
    with open_session(limits) as session, said:
        session.run(HOLDS[where], 1, 60)


@pytest.mark.system
def test_memory_that_copies_share_counts_once():
    takes = (
        "import os, time\nx = os.urandom(10**6) * 300\n"
        "for _ in range(8):\n"
        "    if os.fork() == 0: time.sleep(5); os._exit(0)\n"
        "time.sleep(2)\nprint('held')"
    )
    with open_session(Limits(memory_bytes=900_000_000)) as session:
        assert said(session, takes) == "held"


BURNS = (
    "import os, time\nfor _ in range({}):\n    if os.fork() == 0:\n"
    "        os.setsid()\n        while True: pass\n"
    "time.sleep(60)"
)
WORK = (
    "import time\nbegan = time.perf_counter()\n"
    "for number in range(12_000_000): number += 1\n"
    "print(time.perf_counter() - began)"
)


@pytest.mark.system
def test_who_computes_everywhere_is_stopped():
    said = pytest.raises(Ended, match="in more than 4 processes at once")
    limits = Limits(computing=4)
    with open_session(limits) as session, said:
        session.run(BURNS.format(10), 1, 60)


@pytest.mark.system
def test_who_computes_everywhere_ends_with_the_time_of_its_cell():
    limits, over = Limits(computing=1000), (TimeoutError, Ended)
    with open_session(limits) as session, pytest.raises(over):
        session.run(BURNS.format(10), 1, 5)


@pytest.mark.system
@pytest.mark.weekly
@pytest.mark.parametrize("burners", [8, 60])
def test_beside_burners_an_honest_learner_takes_at_most_twice_as_long(
    burners,
):
    """The best of three in turn, each, as other programs only add time."""
    alone, beside = [], []
    patient = Limits(computing=1000, processes=1000)  # they are not ended

    def burn(session):
        with contextlib.suppress(OSError, Ended):  # it is closed meanwhile
            session.run(BURNS.format(burners), 1, 60)

    with open_session() as honest:
        for _ in range(3):
            alone.append(float(said(honest, WORK)))
            with open_session(patient) as other:
                burner = threading.Thread(target=burn, args=[other])
                burner.start()
                time.sleep(1)  # they are all there, and were seen
                beside.append(float(said(honest, WORK)))
                assert burner.is_alive()
                other.link.shutdown(socket.SHUT_RDWR)
                burner.join()
    assert min(beside) <= 2 * min(alone)


def computes(process):
    return "R" in [state for _, state in priority.list_threads(process)]


def test_a_process_that_computes_is_seen_and_waits_for_others():
    burns = [sys.executable, "-c", "while True: pass"]
    with subprocess.Popen(burns, start_new_session=True) as process:
        try:
            while not computes(process.pid):
                time.sleep(0.01)
            group = Path(f"/proc/{process.pid}/autogroup")
            for _ in range(20):  # the kernel refuses two changes at once
                priority.let_others_first([process.pid])
                last = not group.exists() or group.read_text(
                    encoding="utf-8"
                ).endswith("nice 19\n")
                if last:
                    break
                time.sleep(0.2)
            assert last
            assert os.sched_getscheduler(process.pid) == os.SCHED_IDLE
        finally:
            process.kill()
    assert not computes(process.pid)


@pytest.mark.system
def test_a_server_that_died_is_started_again():
    first = client.get_server()
    assert client.get_server() is first
    first.process.kill()
    first.process.wait()
    second = client.get_server()
    assert second is not first
    Session(second.path, {}, LIMITS, "").close()
    second.stop()
    first.stop()


@pytest.mark.system
def test_the_server_ends_with_its_owner():
    if why := sandbox.why_not():
        pytest.skip(why)
    server = Server(modules=client.NUMPY)
    family = psutil.Process(server.process.pid).children(recursive=True)
    server.way.close()  # as when the owner is killed
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []
    server.stop()


def test_a_sandbox_that_there_is_not_is_named():
    with pytest.raises(SetupError, match="is none of bubblewrap, none"):
        sandbox.require("docker")


@pytest.mark.slow
def test_without_a_sandbox_the_grader_refuses(
    tmp_path, monkeypatch, capsys
):
    make_course(tmp_path)
    hand_in(tmp_path, "ann", solved())
    sandbox.why_not.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path))
    try:
        assert grade.main(["--root", str(tmp_path)]) == 2
    finally:
        sandbox.why_not.cache_clear()
    told = capsys.readouterr().err
    assert "bwrap is missing" in told
    assert "--sandbox=none" in told
    assert not (tmp_path / "grading" / "autograded").exists()


def test_a_server_that_cannot_start_says_why():
    with pytest.raises(SetupError, match="Empty module name"):
        Server(sandbox.NONE, modules=("",))


def test_a_server_that_is_not_ready_in_time_says_so(monkeypatch):
    monkeypatch.setattr(client, "START_SECONDS", 0.1)
    with pytest.raises(SetupError, match=r"it took over 0\.1 s"):
        Server(sandbox.NONE)


def test_a_server_starts_without_what_is_not_installed():
    Server(sandbox.NONE, modules=("no_such_module",)).stop()


def test_a_process_that_does_not_start_is_an_error(tmp_path):
    with pytest.raises(SetupError, match="did not start"):
        Session(str(tmp_path / "none"), {}, LIMITS, "")


@pytest.mark.slow
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
