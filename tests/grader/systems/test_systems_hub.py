"""JupyterHub and its exchange: two learners and an instructor, for real.

The three are ordinary users of a machine whose list of users is this test's
own: bubblewrap puts it in the place of the machine's.
"""

import contextlib
import json
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
import requests

from grader.course.settings import Course
from grader.course.submissions import Submission
from grader.systems.exchange import add_stamp
from rnncore import programs
from tests.helpers import ROOT, free_port
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    SECRET,
    make_course,
    solved,
)

CONFIG = ROOT / "grader" / "systems" / "jupyterhub_config.py"
ADDED = ROOT / ".venv" / "hub"
PASSWORD = "correct horse battery staple"
PEOPLE = {"ines": 20_001, "ann": 20_002, "bob": 20_003}
SECONDS = 120  # until a server answers
NEEDS_HUB = pytest.mark.skipif(
    os.getuid() != 0 or not programs.find("npm"),
    reason="a hub starts servers for others as root, and its proxy needs npm",
)


class Machine:
    """A folder with homes and a course, and how a program sees them."""

    def __init__(self, folder):
        self.folder = folder
        self.course = make_course(folder / "course")
        (self.course / "grader").symlink_to(ROOT / "grader")
        give(self.course, "ines")
        (self.course / "grading").chmod(0o700)
        self.hub = folder / "hub"
        self.hub.mkdir()
        (self.hub / "learners.txt").write_text("ann\nbob\n")
        passwd, group = (
            Path("/etc", n).read_text(encoding="utf-8")
            for n in ("passwd", "group")
        )
        for name, number in PEOPLE.items():
            home = folder / "home" / name
            home.mkdir(parents=True)
            home.chmod(0o700)
            os.chown(home, number, number)
            passwd += f"{name}:x:{number}:{number}::{home}:/bin/bash\n"
            group += f"{name}:x:{number}:\n"
        (folder / "passwd").write_text(passwd)
        (folder / "group").write_text(group)

    def seen(self):
        """bubblewrap with the users, and hidden tests closed to them."""
        command = ["bwrap", "--die-with-parent", "--dev-bind", "/", "/"]
        command += ["--unshare-pid", "--proc", "/proc"]  # all end with it
        python = Path(sys.base_prefix)
        if python.is_relative_to(Path.home()):  # which is closed to others
            command += ["--perms", "0755", "--tmpfs", str(Path.home())]
            for parent in reversed(python.relative_to(Path.home()).parents):
                command += [
                    "--perms",
                    "0755",
                    "--dir",
                    str(Path.home() / parent),
                ]
            command += ["--ro-bind", str(python), str(python)]
        for name in ("solutions", "grading", ".git"):
            if (ROOT / name).is_dir():
                command += ["--perms", "0700", "--tmpfs", str(ROOT / name)]
        for name in ("passwd", "group"):
            command += [
                "--ro-bind",
                str(self.folder / name),
                f"/etc/{name}",
            ]
        return [*command, "--chdir", str(self.folder), "--"]


def give(folder, name):
    """Give a folder, with all that is in it, to a user."""
    for path in (folder, *folder.rglob("*")):
        os.chown(path, PEOPLE[name], PEOPLE[name], follow_symlinks=False)


@pytest.fixture
def machine():
    folder = Path(tempfile.mkdtemp(prefix="hub-"))
    folder.chmod(0o755)
    try:
        yield Machine(folder)
    finally:
        shutil.rmtree(folder)


@pytest.fixture(scope="session")
def installed():
    """What `make hub` installs."""
    target = str(ADDED.relative_to(ROOT) / ".installed")
    subprocess.run(
        ["make", "--silent", target], cwd=ROOT, check=True, timeout=500
    )


class Hub:
    """A running hub, asked over HTTP as a browser would."""

    def __init__(self, address):
        self.address = address
        self.tokens = {}

    def ask(self, who, method, path, **options):
        """Ask in a user's name; the JSON of the answer."""
        options.setdefault("timeout", SECONDS)
        if who:
            options["headers"] = {
                "Authorization": f"token {self.tokens[who]}"
            }
        answer = requests.request(
            method, f"{self.address}{path}", **options
        )
        assert answer.ok, (
            f"{path}: {answer.status_code} {answer.text[:2000]}"
        )
        return answer.json() if answer.content else None

    def log_in(self, who):
        """Take a token for a name and the password; start the server."""
        asked = {"auth": {"username": who, "password": PASSWORD}}
        path = f"/hub/api/users/{who}"
        self.tokens[who] = self.ask(
            "", "POST", f"{path}/tokens", json=asked
        )["token"]
        self.ask(who, "POST", f"{path}/server")
        until = time.monotonic() + SECONDS
        while (
            not self.ask(who, "GET", path)["servers"]
            .get("", {})
            .get("ready")
        ):
            assert time.monotonic() < until
            time.sleep(0.3)

    def assignments(self, who, action=""):
        """The learner's list of assignments, after an action of the list's."""
        asked = {"course_id": "rnn", "assignment_id": NAME}
        path = f"/user/{who}/assignments"
        if action:
            answer = self.ask(who, "POST", f"{path}/{action}", json=asked)
            assert answer["success"], answer
        answer = self.ask(who, "GET", path, params={"course_id": "rnn"})
        assert answer["success"], answer
        return answer["value"]

    def formgrader(self, action):
        """A button of the instructor's."""
        path = f"/user/ines/formgrader/api/assignment/{NAME}/{action}"
        answer = self.ask("ines", "POST", path)
        assert answer["success"], answer["log"]


@contextlib.contextmanager
def running(machine):
    """The hub, as `make hub` starts it, with a password for all."""
    ports = [free_port() for _ in range(3)]
    address = f"http://127.0.0.1:{ports[0]}"
    command = [sys.executable, "-m", "jupyterhub", "--config", str(CONFIG)]
    command += [
        "--JupyterHub.authenticator_class=dummy",
        f"--DummyAuthenticator.password={PASSWORD}",
        f"--JupyterHub.bind_url={address}",
        f"--JupyterHub.hub_port={ports[1]}",
        f"--ConfigurableHTTPProxy.api_url=http://127.0.0.1:{ports[2]}",
    ]
    log = machine.folder / "hub.log"
    with log.open("w") as file:
        process = subprocess.Popen(
            machine.seen() + command,
            env=os.environ
            | {
                "PYTHONPATH": str(ADDED),
                "HUB": str(machine.hub),
                "COURSE": str(machine.course),
                "INSTRUCTOR": "ines",
            },
            stdout=file,
            stderr=file,
        )
    hub = Hub(address)
    try:
        until = time.monotonic() + SECONDS
        while True:
            with contextlib.suppress(
                requests.ConnectionError, AssertionError
            ):
                hub.ask("", "GET", "/hub/api/")
                break
            assert process.poll() is None, log.read_text()[-5000:]
            assert time.monotonic() < until, log.read_text()[-5000:]
            time.sleep(0.3)
        yield hub
    except BaseException:
        print(log.read_text()[-12_000:])
        raise
    finally:
        process.terminate()
        process.wait(SECONDS)


def grade(machine):
    """`make grade`, and the files are the instructor's again."""
    done = subprocess.run(
        [sys.executable, "-m", "grader", "grade", "--root", machine.course],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    give(machine.course / "grading", "ines")
    return done.stdout


def write(hub, who, notebook):
    """Save a learner's notebook, as JupyterLab does."""
    content = {"type": "notebook", "content": notebook}
    path = f"/user/{who}/api/contents/{NAME}/{NAME}.ipynb"
    hub.ask(who, "PUT", path, json=content)


@pytest.mark.system
@NEEDS_SANDBOX
@NEEDS_HUB
def test_a_course_goes_through_the_hub(machine, installed):
    with running(machine) as hub:
        for who in PEOPLE:
            hub.log_in(who)
        hub.formgrader("assign")
        hub.formgrader("release")
        for who in ("ann", "bob"):
            [listed] = hub.assignments(who)
            assert listed["assignment_id"] == NAME
            assert listed["status"] == "released"
            hub.assignments(who, "fetch")
            given = machine.folder / "home" / who / NAME / f"{NAME}.ipynb"
            assert SECRET not in given.read_text()
            assert given.stat().st_uid == PEOPLE[who]
        write(hub, "ann", solved())
        for who in ("ann", "bob"):
            hub.assignments(who, "submit")
        hub.formgrader("collect")
        collected = machine.course / "grading" / "submitted"
        assert {p.name for p in collected.iterdir()} == {"ann", "bob"}
        table = grade(machine)
        assert "ann" in table
        hub.formgrader("release_feedback")
        pages = {}
        for who in ("ann", "bob"):
            hub.assignments(who, "fetch_feedback")
            place = machine.folder / "home" / who / NAME / "feedback"
            [page] = place.rglob("*.html")
            pages[who] = page.read_text()
            assert SECRET not in pages[who]
            own = machine.course / "grading" / "feedback" / who / NAME
            assert pages[who] == (own / f"{NAME}.html").read_text()
        assert pages["ann"] != pages["bob"]
        formgrader = f"{hub.address}/user/ann/formgrader"
        token = {"Authorization": f"token {hub.tokens['ann']}"}
        answer = requests.get(formgrader, headers=token, timeout=SECONDS)
        assert answer.status_code == 404  # the instructor's alone
        other = hub.address + "/user/bob/api/contents"
        answer = requests.get(other, headers=token, timeout=SECONDS)
        assert answer.status_code in (403, 404)


def config(tmp_path, file=CONFIG, **environment):
    """Read the hub's configuration, as the hub does; its end."""
    read = f"from runpy import run_path; run_path({str(file)!r})"
    return subprocess.run(
        [sys.executable, "-c", read],
        env=os.environ | {"HUB": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_course_that_learners_could_read_is_not_started(tmp_path):
    course = tmp_path / "course"
    (course / "grading").mkdir(parents=True)
    (course / "grading").chmod(0o755)
    done = config(tmp_path, COURSE=str(course), INSTRUCTOR="ines")
    assert done.returncode != 0
    assert "is open to learners: chmod go-rwx" in done.stderr


@pytest.mark.parametrize(
    ("mode", "open_to_it"), [(0o750, True), (0o700, False)]
)
def test_a_course_that_a_learners_group_could_read_is_not_started(
    tmp_path, mode, open_to_it
):
    login = pwd.getpwuid(os.getuid()).pw_name
    (tmp_path / "learners.txt").write_text(f"nobody-here\n{login}\n")
    folder = tmp_path / "course" / "grading"
    folder.mkdir(parents=True)
    os.chown(folder, -1, os.getgid())
    folder.chmod(mode)
    file = folder.parent / "grader" / "systems" / CONFIG.name
    file.parent.mkdir(parents=True)
    shutil.copy(CONFIG, file)  # the repository's own folders may be open
    done = config(
        tmp_path, file, COURSE=str(folder.parent), INSTRUCTOR="ines"
    )
    said = (
        f"{folder} is open to {login}, by its group: chmod g-rwx {folder}"
    )
    assert (said in done.stderr) is open_to_it


def test_a_course_without_a_folder_for_hidden_tests_is_not_started(
    tmp_path,
):
    done = config(tmp_path, COURSE=str(tmp_path), INSTRUCTOR="ines")
    assert done.returncode != 0
    command = f"install -d -m 700 -o ines {tmp_path}/grading"
    assert f"{tmp_path}/grading is missing: {command}" in done.stderr


def settings(tmp_path, **environment):
    """What the configuration sets, as text; of a course that may be started."""
    login = pwd.getpwuid(os.getuid()).pw_name
    (tmp_path / "learners.txt").write_text("nobody-here\n")
    file = tmp_path / "course" / "grader" / "systems" / CONFIG.name
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(CONFIG, file)
    folder = tmp_path / "course" / "grading"
    folder.mkdir(exist_ok=True)
    folder.chmod(0o700)
    read = (
        "from runpy import run_path\n"
        "from traitlets.config import Config\n"
        "c = Config()\n"
        f"run_path({str(file)!r}, {{'get_config': lambda: c}})\n"
        "import json\n"
        "print(json.dumps(c, default=str))"
    )
    return subprocess.run(
        [sys.executable, "-c", read],
        env=os.environ
        | {
            "HUB": str(tmp_path),
            "COURSE": str(folder.parent),
            "INSTRUCTOR": login,
        }
        | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_hub_keeps_users_apart_as_jupyterhub_asks(tmp_path):
    done = settings(
        tmp_path, DOMAIN="hub.example.org", CERT="/a.crt", KEY="/a.key"
    )
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["JupyterHub"]["subdomain_host"] == "https://hub.example.org"
    assert made["JupyterHub"]["ssl_cert"] == "/a.crt"
    assert made["JupyterHub"]["ssl_key"] == "/a.key"
    assert made["JupyterHub"]["bind_url"].startswith("https://")
    assert made["JupyterHub"]["cookie_host_prefix_enabled"] is True
    assert made["Spawner"]["disable_user_config"] is True


def test_without_tls_the_hub_listens_to_this_machine_alone(tmp_path):
    done = settings(tmp_path)
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    assert made["JupyterHub"]["bind_url"] == "http://127.0.0.1:8000"


def test_no_learner_can_swap_the_courses_folder(tmp_path):
    done = settings(tmp_path)
    assert done.returncode == 0, done.stderr
    root = tmp_path / "exchange"
    assert stat.S_IMODE(root.stat().st_mode) == 0o1777
    assert (root / "rnn").stat().st_uid == os.getuid()
    (root / "rnn").rename(root / "old")
    (root / "rnn").symlink_to(tmp_path)
    done = settings(tmp_path)
    assert done.returncode != 0
    assert "own folder: remove it" in done.stderr


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "say who teaches"),
        (
            {"INSTRUCTOR": "ines", "DOMAIN": "hub.example.org"},
            "DOMAIN, CERT and KEY are expected together",
        ),
    ],
)
def test_what_the_hub_is_not_told_it_asks_for(tmp_path, environment, said):
    done = config(tmp_path, **environment)
    assert done.returncode == 1
    assert said in done.stderr


def test_the_marks_of_an_exchange_are_put_beside_the_page(tmp_path):
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    course = Course(tmp_path)
    folder = course.submitted / "ann" / NAME
    folder.mkdir(parents=True)
    (folder / "timestamp.txt").write_text("2026-02-01 18:00:00 UTC")
    hidden = tmp_path / "hidden.txt"
    hidden.write_text("the course's secret")
    (folder / "submission_secret.txt").symlink_to(hidden)
    add_stamp(course, Submission("ann", NAME, folder))
    page = course.feedback / "ann" / NAME
    assert [p.name for p in page.iterdir()] == ["timestamp.txt"]
    (folder / "submission_secret.txt").unlink()
    os.mkfifo(folder / "submission_secret.txt")
    add_stamp(course, Submission("ann", NAME, folder))
    (folder / "submission_secret.txt").unlink()
    (folder / "submission_secret.txt").write_text("x" * 2_000)
    add_stamp(course, Submission("ann", NAME, folder))
    assert [p.name for p in page.iterdir()] == ["timestamp.txt"]
    (folder / "submission_secret.txt").write_text("9f86d081")
    add_stamp(course, Submission("ann", NAME, folder))
    assert (page / "submission_secret.txt").read_text() == "9f86d081"
