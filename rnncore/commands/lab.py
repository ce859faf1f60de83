"""JupyterLab with the course's assignments open."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rnncore.checking.find import FOLDER, TREE
from rnncore.storage.files import Refused

OWN = Path(__file__).parents[1] / "own"
STARTUP = OWN / "startup.py"
FOR_FIGURES = ("anywidget", "@jupyter-widgets/jupyterlab-manager")
HIDDEN = ("checks.json", "answers.json", "__pycache__")  # no learner opens


def build_words(words: list[str]) -> list[str]:
    """JupyterLab's command line; `words` are options of its own.

    Raises Refused where the assignments are not there.
    """
    folder = TREE / FOLDER
    if not folder.is_dir():
        raise Refused(
            f"there is no folder {folder}: `lab` needs the course's folder"
        )
    hidden = ", ".join(map(repr, HIDDEN))
    elsewhere = any(word.startswith("--notebook-dir") for word in words)
    return [
        *([] if elsewhere else [f"--notebook-dir={folder}"]),
        f"--ContentsManager.hide_globs=[{hidden}]",
        f"--LabApp.app_settings_dir={OWN / 'lab'}",  # no news
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *words,
    ]


def choose_extensions(folder: Path) -> str:
    """JupyterLab's option that lets it load FOR_FIGURES alone.

    A menu for teachers is none of a learner's business, and an extension
    made for a newer JupyterLab fills the browser's console with warnings.
    `folder` gets a copy of each.
    """
    from jupyter_core.paths import jupyter_path

    for name in FOR_FIGURES:
        for path in map(Path, jupyter_path("labextensions")):
            if (path / name).is_dir() and not (folder / name).exists():
                shutil.copytree(path / name, folder / name)
    return f"--LabApp.labextensions_path={folder}"


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
    with tempfile.TemporaryDirectory(prefix="lab-") as folder:
        LabApp.launch_instance([choose_extensions(Path(folder)), *words])
    return 0
