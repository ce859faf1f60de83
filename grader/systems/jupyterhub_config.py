"""A course on JupyterHub, on one machine: make hub INSTRUCTOR=login.

The hub runs as root and starts a server for each login, which is an ordinary
user of the machine. The instructor's server opens the course's folder, with
the formgrader; a learner's opens the home folder, without it. Settings come
from the environment, and from the command line, as everywhere in Jupyter:

    INSTRUCTOR   the login of the one who teaches
    COURSE       the course's folder; this project's by default
    HUB          a folder for what the hub keeps, open to all: /srv/rnn-hub
    DOMAIN       the hub's name; each server has a subdomain of it
    CERT, KEY    files of TLS, for DOMAIN and *.DOMAIN

Without the last three the hub is for trying it, on this machine alone.
HUB/learners.txt has the learners' logins, one a line.
"""

import json
import os
import pwd
import stat
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COURSE = Path(os.environ.get("COURSE", ROOT)).resolve()
HUB = Path(os.environ.get("HUB", "/srv/rnn-hub")).resolve()
INSTRUCTOR = os.environ.get("INSTRUCTOR", "")
ADDED = Path(os.environ.get("PYTHONPATH", "").split(os.pathsep)[0]).resolve()
DOMAIN, CERT, KEY = (os.environ.get(n, "") for n in ("DOMAIN", "CERT", "KEY"))
SHARED = 0o1777  # in which nobody renames or removes what is another's
CLOSED = (".git", "solutions", "grading")  # in which hidden tests stand
FORMGRADER = "nbgrader.server_extensions.formgrader"


def stop(reason: str) -> None:
    """Say what is to be done first."""
    sys.exit(f"make hub: {reason}")


def check() -> None:
    """Refuse what would show hidden tests, or start nothing."""
    if not INSTRUCTOR:
        stop("say who teaches: make hub INSTRUCTOR=login")
    if any((DOMAIN, CERT, KEY)) and not all((DOMAIN, CERT, KEY)):
        stop(
            "DOMAIN, CERT and KEY are expected together: passwords go through "
            "TLS, and a page of one server's may not act in another"
        )
    hidden = COURSE / "grading"  # if it were made later, it would be open to all
    if not hidden.exists():
        stop(f"{hidden} is missing: install -d -m 700 -o {INSTRUCTOR} {hidden}")
    for path in list_closed():
        if path.stat().st_mode & stat.S_IRWXO:
            stop(f"{path} is open to learners: chmod go-rwx {path}")


def list_closed() -> list[Path]:
    """The folders that are no learner's to read."""
    paths = [folder / name for folder in {COURSE, ROOT} for name in CLOSED]
    return [path for path in paths if path.is_dir()]


def check_groups(logins: set[str]) -> None:
    """Refuse a folder that a learner may read as one of its group."""
    for path in list_closed():
        found = path.stat()
        if not found.st_mode & stat.S_IRWXG:
            continue
        for login in sorted(logins):
            if found.st_gid in groups_of(login):
                stop(f"{path} is open to {login}, by its group: chmod g-rwx {path}")


def groups_of(login: str) -> list[int]:
    """The groups of a login; none of one that this machine does not know."""
    try:
        return os.getgrouplist(login, pwd.getpwnam(login).pw_gid)
    except KeyError:
        return []


def read_learners() -> set[str]:
    """The logins in HUB/learners.txt."""
    path = HUB / "learners.txt"
    if not path.exists():
        stop(f"{path} is expected, with a learner's login on each line")
    return set(path.read_text(encoding="utf-8").split())


def make_exchange() -> None:
    """The exchange's folders, which the learners cannot put others in place of.

    nbgrader's own mode lets any user rename the course's folder, and what is
    fetched from the one in its place runs with the rights of who fetched it.
    """
    root = HUB / "exchange"
    root.mkdir(parents=True, exist_ok=True)
    root.chmod(SHARED)
    try:
        owner = pwd.getpwnam(INSTRUCTOR)
    except KeyError:
        stop(f"INSTRUCTOR: {INSTRUCTOR} is no login of this machine")
    course = root / "rnn"
    if not course.exists():
        course.mkdir(mode=0o755)
        os.chown(course, owner.pw_uid, owner.pw_gid)
    found = course.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner.pw_uid:
        stop(f"{course} is not {INSTRUCTOR}'s own folder: remove it")


def write_settings(who: str, lines: list[str]) -> Path:
    """A folder of Jupyter's settings for learners or for the instructor."""
    folder = HUB / "settings" / who
    folder.mkdir(parents=True, exist_ok=True)
    taught = who == "instructor"
    extensions = {"ServerApp": {"jpserver_extensions": {FORMGRADER: taught}}}
    text = json.dumps(extensions, indent=1)
    (folder / "jupyter_server_config.json").write_text(text, "utf-8")
    exchange = f"c.Exchange.root = {str(HUB / 'exchange')!r}"
    shared = ["c = get_config()", *lines, exchange]
    (folder / "nbgrader_config.py").write_text("\n".join(shared) + "\n", "utf-8")
    return folder


check()
LEARNERS = read_learners()
check_groups(LEARNERS)
make_exchange()
(HUB / "state").mkdir(mode=0o700, exist_ok=True)
SETTINGS = {
    True: write_settings(
        "instructor", [f"load_subconfig({str(COURSE / 'nbgrader_config.py')!r})"]
    ),
    False: write_settings("learners", ["c.CourseDirectory.course_id = 'rnn'"]),
}

c = get_config()  # type: ignore[name-defined] # noqa: F821 - JupyterHub defines it
c.Authenticator.allowed_users = LEARNERS | {INSTRUCTOR}
c.JupyterHub.db_url = f"sqlite:///{HUB}/state/jupyterhub.sqlite"
c.JupyterHub.cookie_secret_file = f"{HUB}/state/cookie_secret"
c.ConfigurableHTTPProxy.pid_file = f"{HUB}/state/proxy.pid"
c.ConfigurableHTTPProxy.command = [
    str(ADDED / "node_modules" / ".bin" / "configurable-http-proxy")
]
if DOMAIN:
    c.JupyterHub.bind_url = "https://:443"
    c.JupyterHub.subdomain_host = f"https://{DOMAIN}"
    c.JupyterHub.ssl_cert, c.JupyterHub.ssl_key = CERT, KEY
    c.JupyterHub.cookie_host_prefix_enabled = True  # no subdomain sets another's
else:  # passwords would go over the network as they are
    c.JupyterHub.bind_url = "http://127.0.0.1:8000"
c.Spawner.disable_user_config = True  # else a learner turns off what guards others
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.default_url = "/lab"
c.Spawner.environment = {
    "PYTHONPATH": str(ADDED),
    "JUPYTER_CONFIG_PATH": lambda s: str(SETTINGS[s.user.name == INSTRUCTOR]),
    "PATH": f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin",
    "OMP_NUM_THREADS": "1",
}


def set_folder(spawner: object) -> None:
    """The instructor's server opens the course's folder."""
    if spawner.user.name == INSTRUCTOR:  # type: ignore[attr-defined]
        spawner.notebook_dir = str(COURSE)  # type: ignore[attr-defined]


c.Spawner.pre_spawn_hook = set_folder
