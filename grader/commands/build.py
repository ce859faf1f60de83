"""Builds the assignments, and tries each before anybody hands in.

    python -m grader build            all of solutions/ (or those named)
    python -m grader build --check    fail when exercises/ is stale
    python -m grader build --variant SEED    with values drawn for the class
    python -m grader build --roster FILE     for each learner, grading/handout/

The source's own solution, and the notebook as it is released, are graded as
`make grade` would grade them. A test that the solution fails stops the build;
so does one that passes where nothing is written, except in notebooks of
nbgrader's own, where it is told. Afterwards `python -m grader mistakes` runs
the known mistakes against the tests.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from grader import ROOT
from grader.assignments import builder
from grader.assignments.empty_results import find_passed_by_empty
from grader.assignments.mistakes import judge_variant
from grader.assignments.parameters import Values
from grader.assignments.source import list_assignments, list_parameters, read
from grader.assignments.variants import NONE, Variants
from grader.course import course_file, course_reader
from grader.course.course_file import CourseFile
from grader.course.home import make_home
from grader.course.roster import read_roster
from grader.course.settings import SetupError
from grader.notebook.cells import grade_id, is_test
from grader.run.trial import try_assignment


def main() -> None:
    """Build what is asked for; exit with a message if something is amiss."""
    options = _parse_options()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    course = read_own_course()
    if options.check:
        os.environ.pop("BOOK_ADDRESS", None)  # exercises/ is for any address
    variants = Variants(make_home(ROOT / "grading"))
    learners = _read_learners(options.roster) if options.roster else []
    stale: list[str] = []
    built: list[str] = []
    judged: list[str] = []  # as they were built; the others are yet to be
    chosen = options.names or builder.list_buildable()
    if not chosen:
        sys.exit(
            f"exercises: expected solutions/NAME/ with a notebook or NAME.py in "
            f"{ROOT}, got none"
        )
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) if options.check else ROOT
        for name in chosen:
            start = time.perf_counter()
            try:
                if learners and list_parameters(name):
                    hand_out(name, learners, variants, course)
                    judged.append(name)
                else:
                    values = _draw_for_class(variants, name, options.variant)
                    build_one(name, root, course, values)
                    if options.variant:
                        variants.save()
                    judged += [name] if values else []
            except ValueError as error:
                print(f"exercises: {error}", file=sys.stderr, flush=True)
                variants = Variants(variants.home)  # without what was drawn for it
                continue
            built.append(name)
            if options.check:
                stale += builder.diff_folders(
                    root / "exercises" / name, ROOT / "exercises" / name
                )
            took = time.perf_counter() - start
            print(f"exercises: {name} built and tried in {took:.1f} s", flush=True)
    if stale:
        sys.exit("".join(stale) + "\nexercises/ is stale: make exercises")
    status = _judge([name for name in built if name not in judged])
    if failed := [name for name in chosen if name not in built]:
        sys.exit(f"exercises: not built, see above: {', '.join(failed)}")
    sys.exit(status)


def _judge(names: list[str]) -> int:
    """Run the known mistakes of those with a text source: the exit status."""
    module = "grader.assignments.mistakes"
    ours = [name for name in names if name in list_assignments()]
    return subprocess.call([sys.executable, "-m", module, *ours]) if ours else 0


def _draw_for_class(variants: Variants, name: str, seed: str | None) -> Values | None:
    """The class's values, drawn anew if there is a seed; None: the usual text."""
    return variants.give_class(name, seed) if seed else variants.find_class(name)


def _parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="assignments; default: all")
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument(
        "--check", action="store_true", help="fail when exercises/ is stale"
    )
    kinds.add_argument(
        "--variant", metavar="SEED", help=f"a class's values; {NONE}: the usual text"
    )
    kinds.add_argument(
        "--roster", type=Path, metavar="FILE", help="values of each learner's own"
    )
    return parser.parse_args()


def build_one(
    name: str, root: Path, course: CourseFile, values: Values | None = None
) -> None:
    """Build an assignment, or a variant of it, under `root`, and try it.

    Raises ValueError with what the author must correct.
    """
    builder.build(name, root, values, course)
    heed_trial(name, root)
    builder.give_answers(name, root, course, values)
    if values and (failed := judge_variant(name, values, root)):
        raise ValueError("\n".join(failed))


def hand_out(
    name: str, learners: list[str], variants: Variants, course: CourseFile
) -> None:
    """Build what each learner gets: grading/handout/LEARNER/NAME/.

    Learners with the same values share a build. Nothing is written before all of
    them are built. Raises ValueError where one cannot be.
    """
    variants.give_learners(name, learners)
    values = {who: variants.find_own(name, who) or {} for who in learners}
    places = {who: variants.place(mine) for who, mine in values.items()}
    drawn = {places[who]: mine for who, mine in values.items()}
    with tempfile.TemporaryDirectory(dir=variants.home) as scratch:
        for place, one in drawn.items():
            build_one(name, Path(scratch, place.name), course, one)
        for who, place in places.items():
            built = Path(scratch, place.name, "exercises", name)
            replace_folder(built, variants.home / "handout" / who / name)
        for place in drawn:
            built = Path(scratch, place.name, "grading", "source", name)
            replace_folder(built, place / name)
    variants.save()
    print(
        f"exercises: {name}: {len(drawn)} variants for {len(learners)} learners in "
        f"{variants.home / 'handout'}",
        flush=True,
    )


def replace_folder(fresh: Path, kept: Path) -> None:
    """Put a copy of a folder in another's place."""
    kept.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(fresh, kept, copy_function=shutil.copyfile)


def _read_learners(path: Path) -> list[str]:
    """The learners of a roster, as their folders are called."""
    try:
        return [learner.id for learner in read_roster(path)]
    except SetupError as error:
        sys.exit(f"exercises: {error}")


def read_own_course() -> CourseFile:
    """What course.toml says; without one, solutions come after one's own tries.

    That is so in the course's public tree: a class's says it in its file.
    """
    path = ROOT / course_file.NAME
    try:
        course = course_reader.read_course_file(path)
    except ValueError as error:
        sys.exit(f"exercises: {error}")
    return course if path.exists() else replace(course, solutions="try")


def heed_trial(name: str, root: Path) -> None:
    """Try what was built; refuse what no right answer could satisfy.

    Raises ValueError with each test at fault, its place and what it says.
    """
    trial = try_assignment(name, root)
    for cell, way in trial.ways.items():
        after = ", after the tests before it" if way.kind == "in order" else ""
        print(f"exercises: {where(name, cell, 0)}: runs inside{after}: {way.reason}")
    inside = len(trial.ways)
    print(
        f"exercises: {name}: {trial.outside} of {trial.outside + inside} tests run "
        f"outside the answer's process, {inside} inside"
    )
    for path in sorted((root / "grading" / "source" / name).glob("*.ipynb")):
        _warn_of_empty(name, nbformat.read(path, as_version=4))
    plain = name not in list_assignments()
    lost = [f"{where(name, f.cell, f.line)}: {f.says}" for f in trial.lost]
    given = [
        f"{where(name, cell, 0)}: it gives points where nothing is written"
        for cell in trial.given
    ]
    if not lost and (plain or _is_draft(name)):
        for line in given:
            print(f"exercises: {line}", file=sys.stderr, flush=True)
        return
    if lost or given:
        raise ValueError("\n".join([*lost, *given]))


def _warn_of_empty(name: str, notebook: NotebookNode) -> None:
    """Name the tests that an empty array passes."""
    for cell in filter(is_test, notebook.cells):
        for line in find_passed_by_empty(cell.source):
            print(
                f"exercises: {where(name, grade_id(cell) or '', line)}: an empty array "
                "passes this: NumPy finds it close to any one number. assert_close of "
                "rnncore.testing does not, nor does math.isclose",
                file=sys.stderr,
            )


def _is_draft(name: str) -> bool:
    return name in list_assignments() and read(name).draft


def where(name: str, cell: str, line: int) -> str:
    """A test cell's place in its source; the line, if any, is the cell's."""
    if name in list_assignments():
        test = read(name).of("test").get(cell.removeprefix("test_"))
        if test is not None:
            below = max(line - 1, 1) - 1  # the build has written a line above
            return f"{test.file}:{test.line + below}: {cell}"
    at = f", line {line}" if line else ""
    return f"solutions/{name}: the cell {cell!r}{at}"


if __name__ == "__main__":
    main()
