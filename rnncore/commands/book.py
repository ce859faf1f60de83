"""Execute and build the course's book, or serve what was built."""

import runpy
import sys

from rnncore.checking.find import TREE
from rnncore.storage.files import Refused

BUILDER = "tools.build.book"
SHORT = "--short"  # the short course's book


def main(argv: list[str]) -> int:
    """Build the book, or a page of it; the words are the builder's."""
    _run("build", argv)
    return 0


def serve(argv: list[str]) -> int:
    """Build the book and serve it on this machine until interrupted."""
    if not {"-h", "--help"} & set(argv):
        _run("build", [word for word in argv if word == SHORT])
    _run("serve", argv)
    return 0


def _run(what: str, words: list[str]) -> None:
    """Run the builder as the program that it is.

    Raises Refused where it is not there.
    """
    path = TREE.joinpath(*BUILDER.split(".")).with_suffix(".py")
    if not path.is_file():
        raise Refused(
            f"there is no {path}: the book needs the course's folder"
        )
    if str(TREE) not in sys.path:
        sys.path.insert(0, str(TREE))
    sys.argv[:] = [str(path), what, *words]
    runpy.run_module(BUILDER, run_name="__main__", alter_sys=True)
