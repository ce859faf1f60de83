"""Begins the reader's own package, tests it, and trains with it.

`begin` is what `lab --own` (make lab OWN=1) runs first.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rnncore.checking.find import PACKAGE, NotebookError
from rnncore.own import suite
from rnncore.own.loading import Own, load
from rnncore.own.tasks import FILES, FOLDER, begin
from rnncore.storage.files import Refused

if TYPE_CHECKING:
    from rnncore.own.training import Learnt


def main(argv: list[str] | None = None) -> int:
    """Begin, or test and train; 1 where a test fails, 2 if misused."""
    parser = argparse.ArgumentParser(
        prog="own", description=__doc__.split("\n")[0]
    )
    parser.add_argument("what", nargs="?", choices=["begin"])
    parser.add_argument("--seconds", type=float, default=60)
    arguments = parser.parse_args(argv)
    try:
        if arguments.what == "begin":
            made = begin(FOLDER)
            print(f"{FOLDER}: {len(made)} files begun, the rest is yours")
            return 0
        if not FOLDER.is_dir():
            raise Refused(
                f"there is no {PACKAGE}/ yet: `make lab OWN=1`, or "
                "`python -m rnncore lab --own`, begins it"
            )
        own = load(FOLDER)
        print(own.says(), flush=True)
        if not own.functions and not own.problems:
            first = FILES[0]
            print(
                f"Nothing is yours yet: begin with `{first.functions[0]}` "
                f"in {PACKAGE}/{first.name}.py, then test it with this."
            )
            return 1
        wrong = []
        for verdict in suite.run_tests(own, FOLDER):
            print(verdict, flush=True)
            if verdict.holds is False:
                wrong.append(verdict.name)
        if wrong or own.problems:
            print(_refuse_training(wrong))
            return 1
        train(own, FOLDER / "network.html", arguments.seconds)
    except (Refused, NotebookError, OSError) as error:
        print(f"own: {error}", file=sys.stderr)
        return 2
    return 0


def _refuse_training(wrong: list[str]) -> str:
    """Why nothing is trained, and what to do."""
    which = ", ".join(wrong) or "the files named above"
    return (
        f"Nothing was trained: a network learns from what all functions "
        f"give it. Mend {which} first; a function without a body is the "
        "course's."
    )


def train(own: Own, path: Path, seconds: float) -> None:
    """Train with the reader's functions, and write the page of it.

    Raises Refused where a function of theirs breaks off or the loss is
    not finite.
    """
    from rnncore.own import page, training

    training.install(own.functions)
    try:
        text = training.learn_characters(seconds)
        print(f"characters: {_score(text)}", flush=True)
        music = training.learn_chorales(seconds)
        print(f"chorales: {_score(music.learnt)}", flush=True)
    except Exception as error:
        where = _place(error)
        raise Refused(
            f"training broke off{where}: {type(error).__name__}: {error}"
        ) from error
    page.write_page(path, own, text, music)
    print(f"your network, for your own page: {path}")


def _score(learnt: "Learnt") -> str:
    says = (
        f"{learnt.bits:.2f} bits held out after {learnt.updates} updates, "
        f"3-grams {learnt.counted:.2f}"
    )
    if learnt.is_lost():
        says += (
            "\n  Your network lost to the 3-grams, which only count. "
            "`own --seconds 300` lets it learn longer."
        )
    return says


def _place(error: BaseException) -> str:
    """The last line of the reader's package on the way to an error."""
    found, trace = "", error.__traceback__
    while trace:
        path = Path(trace.tb_frame.f_code.co_filename)
        if path.parent.name == PACKAGE:
            found = f" in {PACKAGE}/{path.name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return found
