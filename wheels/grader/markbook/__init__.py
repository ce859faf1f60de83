"""The grader of the course on recurrent neural networks, for any course.

It holds two folders that are put on Python's path in the grader's own
processes, and in no other:

    lib/       the package `grader`; first: other packages may be called so
    beside/    the few modules of `rnncore` that it works with; last, and
               only where no rnncore is installed: they hide nobody's
"""

import os
import sys
from importlib.util import find_spec
from pathlib import Path

VERSION = "0"  # tools/publish/grader_wheel.py writes that of rnncore
HERE = Path(__file__).resolve().parent


class WrongVersionError(Exception):
    """Raised where the rnncore that is installed is of another edition."""


def prepare() -> None:
    """Let this process, and those that it starts, import the grader.

    Raises WrongVersionError where another edition of rnncore is installed.
    """
    places = [str(HERE / "lib")]
    beside = str(HERE / "beside")
    if find_spec("rnncore") is None:
        places.append(beside)
    else:
        from rnncore import __version__ as found

        if found != VERSION:
            raise WrongVersionError(
                f"expected rnncore {VERSION}, as this markbook has, "
                f"got rnncore {found}: pip install rnncore=={VERSION}, or "
                f"markbook=={found}"
            )
    if places[0] not in sys.path:
        sys.path.insert(0, places[0])
        sys.path += places[1:]
    others = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    new = [place for place in places if place not in others]
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [*new, *filter(None, others)]
    )
