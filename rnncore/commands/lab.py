"""JupyterLab with the course's assignments open."""

import argparse
import os
import sys
import tempfile
from pathlib import Path

from rnncore.checking.find import FOLDER, TREE
from rnncore.storage.files import Refused

STARTUP = TREE / "rnncore" / "own" / "startup.py"


def build_words(words: list[str]) -> list[str]:
    """JupyterLab's command line; `words` are options of its own.

    Raises Refused where the assignments are not there.
    """
    folder = TREE / FOLDER
    if not folder.is_dir():
        raise Refused(
            f"there is no folder {folder}: `lab` needs the course's folder"
        )
    return [
        f"--notebook-dir={folder}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *words,
    ]


def warn_of_lost_work() -> None:
    """Say that nothing is saved where the folder cannot be written."""
    folder = TREE / FOLDER
    if not os.access(folder, os.W_OK):
        print(
            f"{folder} cannot be written, so JupyterLab will save nothing: "
            "make the folder yours, or copy the course to one that is.",
            file=sys.stderr,
        )


def settle() -> None:
    """Give Jupyter a place where the home folder cannot be written."""
    home = Path.home()
    if home.is_dir() and os.access(home, os.W_OK):
        return
    place = tempfile.mkdtemp(prefix="jupyter-")
    for name in ("CONFIG", "DATA", "RUNTIME"):
        os.environ.setdefault(f"JUPYTER_{name}_DIR", f"{place}/{name}")
    os.environ.setdefault("IPYTHONDIR", f"{place}/ipython")


def main(argv: list[str] | None = None) -> int:
    """Run JupyterLab until it is ended."""
    parser = argparse.ArgumentParser(
        prog="lab",
        description=__doc__,
        epilog="All other options are JupyterLab's own, as --no-browser.",
    )
    parser.add_argument(
        "--own",
        action="store_true",
        help="begin a package of your own, with which notebooks compute",
    )
    options, words = parser.parse_known_args(argv)
    words = build_words(words)
    warn_of_lost_work()
    settle()
    if options.own:
        from rnncore.own import command

        if code := command.main(["begin"]):
            return code
        os.environ["PYTHONSTARTUP"] = str(STARTUP)
    from jupyterlab.labapp import LabApp

    sys.argv[0] = "jupyter-lab"
    LabApp.launch_instance(words)
    return 0
