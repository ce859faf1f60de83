"""The set-up goes on where it ended, and says in a sentence why it ended."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools import ROOT, set_up

OLDEST = "3.11"
LEARNERS = 2  # calls of pip: what the course needs, and the course
# what stands for .venv's Python: pip, whose words and end a file says
PIP = """#!/bin/sh
here=${0%/.venv/bin/python}
echo "$@" >> "$here/calls"
case "$*" in *--version*) exit 0;; esac
test -e "$here/says" || exit 0
cat "$here/says" >&2
test ! -e "$here/hangs" || exec sleep 100
exit 1
"""


@pytest.fixture
def course(tmp_path):
    """A course's folder, in a path that no shell takes for one word."""
    folder = tmp_path / "bäre machine"
    (folder / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "set_up.py", folder / "tools")
    (folder / "requirements").mkdir()
    for name in "requirements", "requirements/dev", "requirements/oldest":
        (folder / f"{name}.txt").touch()
    (folder / "requirements/constraints.txt").touch()
    write_project(folder, OLDEST)
    return folder


@pytest.fixture
def with_pip(course):
    (course / ".venv" / "bin").mkdir(parents=True)
    python = course / ".venv" / "bin" / "python"
    python.write_text(PIP)
    python.chmod(0o755)
    return course


def write_project(folder, version):
    wanted = f'requires-python = ">={version}"\n'
    (folder / "pyproject.toml").write_text(wanted)


def call(folder, *words, python=sys.executable):
    return subprocess.run(
        [python, str(folder / "tools" / "set_up.py"), *words],
        cwd=folder.parent,
        capture_output=True,
        text=True,
        check=False,
    )


def installs(folder):
    said = (folder / "calls").read_text().splitlines()
    return [line for line in said if " install " in line]


def test_it_installs_once_and_again_where_a_file_changed(with_pip):
    stamp = with_pip / ".venv" / ".installed"
    assert call(with_pip).returncode == 0
    assert stamp.exists()
    assert len(installs(with_pip)) == LEARNERS
    assert call(with_pip).stdout == ""
    assert len(installs(with_pip)) == LEARNERS
    assert call(with_pip, "--dev").returncode == 0
    both = LEARNERS + len(set_up.AUTHORS)
    assert len(installs(with_pip)) == both
    os.utime(stamp, (1, 1))
    assert call(with_pip, "--dev").returncode == 0
    assert len(installs(with_pip)) == 2 * both


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError",
            "the network",
        ),
        ("urllib3.exceptions.ReadTimeoutError: Read timed out.", "network"),
        ("fatal error: Python.h: No such file or directory", "headers"),
        ("error: command 'gcc' failed: No such file", "headers"),
        ("OSError: [Errno 30] Read-only file system: '.venv'", "written"),
        ("something else", "the lines above"),
    ],
)
def test_how_it_ended_is_told_and_the_next_one_goes_on(
    with_pip, said, told
):
    (with_pip / "says").write_text(f"{said}\n")
    ended = call(with_pip)
    assert ended.returncode == 1
    assert said in ended.stderr
    last = ended.stderr.splitlines()[-1]
    assert last.startswith("Not set up: ")
    assert told in last
    assert "goes on from here" in last
    assert not (with_pip / ".venv" / ".installed").exists()
    (with_pip / "says").unlink()
    assert call(with_pip).returncode == 0
    assert (with_pip / ".venv" / ".installed").exists()


@pytest.fixture
def heeded():
    """Interrupts, which a job in the background was told to ignore."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_it_can_be_interrupted(with_pip, heeded):
    (with_pip / "says").write_text("half of it is there\n")
    (with_pip / "hangs").touch()
    with subprocess.Popen(
        [sys.executable, str(with_pip / "tools" / "set_up.py")],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        process.stderr.readline()
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        said = process.stderr.read()
    assert process.returncode == 130
    assert said.splitlines()[-1].startswith("Interrupted")
    assert "Traceback" not in said
    (with_pip / "says").unlink()
    assert call(with_pip).returncode == 0


def test_what_was_half_installed_is_installed_again(tmp_path):
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name in "half-1.dist-info", "whole-1.dist-info":
        (packages / name).mkdir(parents=True)
        (packages / name / "METADATA").touch()
    (packages / "whole-1.dist-info" / "RECORD").touch()
    set_up.forget_unfinished(tmp_path)
    assert [p.name for p in packages.iterdir()] == ["whole-1.dist-info"]


@pytest.mark.parametrize(
    "said",
    [
        "/usr/bin/python3: No module named venv",
        (
            "The virtual environment was not created successfully because "
            "ensurepip is not available."
        ),
    ],
)
def test_a_python_without_venv_is_told(course, said):
    python = course / "python"
    python.write_text(
        f'#!/bin/sh\ncase "$*" in *venv*) echo "{said}" >&2; exit 1;; esac\n'
        f'exec "{sys.executable}" "$@"\n'
    )
    python.chmod(0o755)
    script = course / "tools" / "set_up.py"
    text = script.read_text().replace(
        "sys.executable,", f"{str(python)!r},"
    )
    script.write_text(text)
    ended = call(course)
    assert ended.returncode == 1
    assert "python3-venv" in ended.stderr.splitlines()[-1]


@pytest.mark.skipif(
    getattr(os, "getuid", int)() == 0, reason="root writes everywhere"
)
def test_a_folder_that_cannot_be_written_is_told(course):
    course.chmod(0o555)
    ended = call(course)
    course.chmod(0o755)
    assert ended.returncode == 1
    (last,) = ended.stderr.splitlines()
    assert "cannot be written" in last


@pytest.mark.slow
def test_the_next_one_goes_on_where_the_network_was_lost(course):
    """With venv and pip themselves, and an index where nobody listens."""
    (course / "requirements.txt").write_text("a-package-of-nobody==1\n")
    here = {k: v for k, v in os.environ.items() if "PIP_" not in k}
    lost = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "1",
    }
    command = [sys.executable, str(course / "tools" / "set_up.py")]
    ended = subprocess.run(
        command,
        env=here | lost,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "the network" in ended.stderr.splitlines()[-1]
    assert (course / ".venv" / "pyvenv.cfg").exists()


@pytest.mark.parametrize("needed", [OLDEST, "3.99"])
def test_make_refuses_a_python_that_is_too_old(with_pip, needed):
    """And takes one whose path has a space."""
    write_project(with_pip, needed)
    shutil.copy(ROOT / "Makefile", with_pip)
    python = with_pip / "a python"
    python.symlink_to(sys.executable)
    run = subprocess.run(
        ["make", "--silent", f"PYTHON={python}", ".venv/.installed"],
        cwd=with_pip,
        capture_output=True,
        text=True,
        check=False,
    )
    too_old = needed == "3.99"
    assert (run.returncode != 0) == too_old, run.stderr
    told = "Python 3.99 or newer is needed, this is" in run.stderr
    assert told == too_old


def test_it_needs_nothing_but_python_and_starts_with_no_other_path(course):
    """So that old Pythons can say that they are."""
    run = subprocess.run(
        [sys.executable, "-I", "-S", course / "tools/set_up.py", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert Path(set_up.__file__).read_text("utf-8").isascii()


def test_a_smaller_set_has_its_own_list_and_stamp(with_pip):
    (with_pip / "requirements/parts-1-2.txt").touch()
    assert call(with_pip, "--parts", "1-2").returncode == 0
    assert (with_pip / ".venv" / ".installed-1-2").exists()
    assert not (with_pip / ".venv" / ".installed").exists()
    first, course = installs(with_pip)
    assert "--requirement requirements/parts-1-2.txt" in first
    assert course.endswith("--editable .")


def test_torch_is_chosen_before_the_rest_is_installed(with_pip):
    chooser = with_pip / "tools" / "cpu_torch.py"
    chooser.touch()
    call(with_pip, "--torch", "cpu")
    said = (with_pip / "calls").read_text().splitlines()
    chosen = [
        k for k, line in enumerate(said) if line.endswith(f"{chooser} cpu")
    ]
    first = min(k for k, line in enumerate(said) if " install " in line)
    assert chosen == [first - 1]


def test_jupyterlite_gets_an_environment_of_its_own_and_goes_on(with_pip):
    (with_pip / "requirements/lite.txt").touch()
    lite = with_pip / ".venv" / "lite"
    (lite / "bin").mkdir(parents=True)
    python = lite / "bin" / "python"
    python.write_text(PIP.replace("/.venv/bin/", "/.venv/lite/bin/"))
    python.chmod(0o755)
    said = "OSError: [Errno 28] No space left on device"
    assert call(with_pip).returncode == 0
    (with_pip / "says").write_text(said)
    run = call(with_pip, "--lite")
    assert run.returncode == 1
    assert "the disk is full" in run.stderr
    assert not (lite / ".installed").exists()
    (with_pip / "says").unlink()
    assert call(with_pip, "--lite").returncode == 0
    assert (lite / ".installed").exists()
    assert installs(with_pip)[-1].endswith("requirements/lite.txt")
    before = len(installs(with_pip))
    assert call(with_pip, "--lite").stdout == ""
    assert len(installs(with_pip)) == before


@pytest.mark.parametrize("there", [True, False])
def test_jupyterhub_needs_npm_and_says_so(with_pip, monkeypatch, there):
    (with_pip / "requirements/hub.txt").touch()
    programs = with_pip / "programs"
    programs.mkdir()
    npm = programs / "npm"
    npm.write_text('#!/bin/sh\necho "$@" > npm_asked\nmkdir -p .venv/hub\n')
    npm.chmod(0o755 if there else 0o644)
    usual = os.defpath if there else ""
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{usual}".rstrip(":"))
    run = call(with_pip, "--hub")
    hub = with_pip / ".venv" / "hub"
    assert run.returncode == (0 if there else 1), run.stderr
    assert (hub / ".installed").exists() == there
    if not there:
        assert "install npm" in run.stderr
        return
    assert "--prefix .venv/hub" in (with_pip / "npm_asked").read_text(
        "utf-8"
    )
    assert installs(with_pip)[-1].endswith("requirements/hub.txt")
