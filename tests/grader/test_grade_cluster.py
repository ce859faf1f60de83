"""Grading on a Dask cluster: the same points, each submission once."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter

import psutil
import pytest

from grader.commands import grade
from grader.run import cluster, record
from tests.helpers.grading import (
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    solved,
)

pytestmark = [
    pytest.mark.slow,
    NEEDS_SANDBOX,
    pytest.mark.filterwarnings("ignore:Object of type <Submitted"),
]


def test_a_folder_arrives_as_it_was(tmp_path):
    folder = tmp_path / "one"
    (folder / "in").mkdir(parents=True)
    (folder / "in" / "a.txt").write_text("text")
    (folder / "link").symlink_to("/etc/passwd")
    os.mkfifo(folder / "pipe")
    with (folder / "large").open("wb") as file:
        file.truncate(10**9)
    cluster.unpack(cluster.pack(folder, 1000), tmp_path / "two")
    assert (tmp_path / "two" / "in" / "a.txt").read_text() == "text"
    assert os.readlink(tmp_path / "two" / "link") == "/etc/passwd"
    assert (tmp_path / "two" / "pipe").is_fifo()
    assert (tmp_path / "two" / "large").stat().st_size == 10**9


def test_an_address_without_a_scheduler_is_told(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(cluster, "PATIENCE", "1s")
    root = make_course(tmp_path)
    hand_in(root, "ann", solved())
    asked = ["--root", str(root), "--executor", "dask://127.0.0.1:1"]
    assert grade.main(asked) == 2
    assert "no Dask scheduler answers" in capsys.readouterr().err


def test_another_kind_of_executor_is_refused(capsys):
    with pytest.raises(SystemExit):
        grade.main(["--executor", "ray://x"])
    assert "dask://HOST:PORT is expected" in capsys.readouterr().err


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def start(*command):
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "distributed.cli." + command[0],
            *command[1:],
        ],
        env=os.environ | {"DASK_DISTRIBUTED__WORKER__DAEMON": "False"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


@pytest.fixture
def dask(tmp_path):
    """A scheduler, and a function that adds workers to it."""
    address = f"127.0.0.1:{free_port()}"
    host, port = address.split(":")
    started = [
        start(
            "dask_scheduler",
            f"--host={host}",
            f"--port={port}",
            "--no-dashboard",
            "--no-show",
        )
    ]

    def add(count):
        from distributed import Client

        made = [
            start(
                "dask_worker",
                f"tcp://{address}",
                "--nthreads=1",
                "--no-dashboard",
                "--no-nanny",
                f"--local-directory={tmp_path}/worker-{k}",
            )
            for k in range(count)
        ]
        started.extend(made)
        with Client(f"tcp://{address}", timeout="60s") as client:
            client.wait_for_workers(count, timeout=120)
        return made

    yield f"dask://{address}", add
    for process in reversed(started):
        process.kill()
        process.wait()


def make_class(root):
    course = make_course(root)
    for number in range(8):
        notebook = solved()
        if number % 2:
            cell_of(notebook, "double").source = "def double(x): return 0"
        hand_in(course, f"s{number}", notebook)
    hand_in(course, "broken", "not json")
    return course


def points_of(root):
    with (root / "grading" / "points.csv").open() as file:
        return sorted(file.read().splitlines())


@pytest.mark.weekly
def test_a_worker_that_dies_loses_nothing(tmp_path, dask, monkeypatch):
    address, add = dask
    first, _ = add(2)
    entered = Counter()
    real = record.record

    def count(course, submission, *rest):
        entered[submission.student] += 1
        if len(entered) == 2:
            family = psutil.Process(first.pid).children(recursive=True)
            first.send_signal(signal.SIGKILL)
            first.wait()
            orphans.extend(family)
        real(course, submission, *rest)

    orphans = []
    monkeypatch.setattr(record, "record", count)
    here, there = make_class(tmp_path / "a"), make_class(tmp_path / "b")
    assert grade.main(["--root", str(there), "--executor", address]) == 0
    assert set(entered.values()) == {1}
    assert len(entered) == 9
    monkeypatch.setattr(record, "record", real)
    assert grade.main(["--root", str(here)]) == 0
    assert points_of(there) == points_of(here)
    assert not psutil.wait_procs(orphans, timeout=30)[1]


@pytest.mark.weekly
def test_a_scheduler_without_workers_is_told(tmp_path, dask, capsys):
    address, _ = dask
    time.sleep(5)
    course = make_class(tmp_path)
    assert grade.main(["--root", str(course), "--executor", address]) == 2
    assert "has no workers" in capsys.readouterr().err
