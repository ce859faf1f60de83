"""Execute and build the course's book, or serve what was built."""

import runpy
import sys

from rnncore.checking.find import TREE
from rnncore.storage.files import Refused

BUILDER = "tools.build.book"
SERVER = "tools.build.serving"


def main(argv: list[str]) -> int:
    """Build the book, or a page of it; the words are the builder's."""
    _run(BUILDER, ["build", *argv])
    return 0


def serve(argv: list[str]) -> int:
    """Serve the book on this machine, and make it, until interrupted."""
    _run(SERVER, argv)
    return 0


def _run(program: str, words: list[str]) -> None:
    """Run a program of the course's tools.

    Raises Refused where it is not there.
    """
    path = TREE.joinpath(*program.split(".")).with_suffix(".py")
    if not path.is_file():
        raise Refused(
            f"there is no {path}: the book needs the course's folder"
        )
    if str(TREE) not in sys.path:
        sys.path.insert(0, str(TREE))
    sys.argv[:] = [str(path), *words]
    runpy.run_module(program, run_name="__main__", alter_sys=True)
