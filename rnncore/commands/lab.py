"""JupyterLab with the course's assignments open."""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

from rnncore.checking.find import FOLDER, TREE
from rnncore.storage.files import (
    CHECKS,
    Refused,
    read_bytes,
    read_text,
    whole_file,
)
from rnncore.storage.intake import parse_json

OWN = Path(__file__).parents[1] / "own"
STARTUP = OWN / "startup.py"
FOR_FIGURES = ("anywidget", "@jupyter-widgets/jupyterlab-manager")
START = "README.md"
TITLE = "# Start here"
BEGIN = f"""{TITLE}

Open an assignment, write the marked cells, and run the check below each.
A check is one folded line: click it, then Shift+Enter. It says which
mistake it found. *Run All* goes on past what is not written yet.

"""
HIDDEN = (CHECKS, "answers.json", "__pycache__")  # no learner opens


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
        *([] if elsewhere else open_folder(folder)),
        f"--ContentsManager.hide_globs=[{hidden}]",
        f"--LabApp.app_settings_dir={OWN / 'lab'}",  # no news
        *(["--allow-root"] if is_root() else []),  # as in a container
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *words,
    ]


def is_root() -> bool:
    """Whether the system has a user who may do everything, and it is us."""
    return hasattr(os, "geteuid") and os.geteuid() == 0


def open_folder(folder: Path) -> list[str]:
    """The options that serve the folder, and open its start page."""
    page = write_start_page(folder)
    return [
        f"--notebook-dir={folder}",
        *([f"--LabApp.default_url={page}"] if page else []),
    ]


def write_start_page(folder: Path) -> str:
    """List the assignments on a page that JupyterLab opens first.

    Returns its address; the empty string where the page cannot be written,
    or another file has its name.
    """
    kept = folder / START
    lines = [
        f"- [{title}]({path.relative_to(folder).as_posix()}): {about}"
        for path in sorted(folder.glob("*/*.ipynb"), key=place)
        for title, about in [read_opening(path)]
    ]
    try:
        if kept.exists() and not read_text(kept).startswith(TITLE):
            return ""
        with whole_file(kept) as file:
            file.write((BEGIN + "\n".join(lines) + "\n").encode())
    except (OSError, Refused):  # `warn_of_lost_work` has told
        return ""
    return f"/lab/tree/{START}"


def place(path: Path) -> tuple[bool, str]:
    """Chapters first, in order, and then what has no number."""
    return not path.stem.startswith("ch"), path.stem


def read_opening(path: Path) -> tuple[str, str]:
    """A notebook's title and the line below it; else its file's name."""
    try:
        first = parse_json(read_bytes(path))["cells"][0]["source"]
    except (Refused, ValueError, LookupError, TypeError):
        return path.stem, "cannot be read"
    lines = [line for line in "".join(first).splitlines() if line.strip()]
    if not lines or not lines[0].startswith("# "):
        return path.stem, ""
    return lines[0].removeprefix("# "), " ".join(lines[1:2]).strip("*")


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
