"""Sample answers to the assignments, most of them wrong, kept as data.

    python -m grader samples NAME --export FILE   to a file, to edit or add to
    python -m grader samples NAME --import FILE   and back, in place of the old

The archive, solutions/sample_answers.jsonl.gz, has one record per answer, with
the fields of `SampleAnswer`. In the exported file, in Jupytext's percent format,
an answer is a cell below a heading, which says how it came about:

    # %% lstm_step_vjp: forgot the path through c
    # %% lstm_step_vjp: right, with einsum
    # %% attend: minus ten [makes: low score]

The authors of the course wrote these answers to try out its tests.
"""

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from grader import ROOT
from grader.assignments.source import list_assignments

ARCHIVE = ROOT / "solutions" / "sample_answers.jsonl.gz"
HEADING = re.compile(r"^# %%(.*)\n", re.MULTILINE)
TITLE = re.compile(r" ([^:\n]+): (.+?)(?: \[makes: (.+)\])?")


class SampleAnswer(NamedTuple):
    """A complete answer to a task."""

    assignment: str
    task: str
    label: str  # how it came about; begins with "right" where it is right
    named: str  # the mistake that it was judged to make, if any
    source: str


def read_answers(
    assignment: str | None = None, archive: Path = ARCHIVE
) -> list[SampleAnswer]:
    """The answers to an assignment, or to all, in the archive's order.

    Raises ValueError naming the line whose fields are not a sample answer's.
    """
    with gzip.open(archive, "rt", encoding="utf-8") as lines:
        found = [_parse(line, f"{archive.name}:{k}") for k, line in enumerate(lines, 1)]
    return [a for a in found if assignment in (None, a.assignment)]


def _parse(line: str, place: str) -> SampleAnswer:
    try:
        record = json.loads(line)
        texts = all(isinstance(value, str) for value in record.values())
    except (AttributeError, json.JSONDecodeError):
        record, texts = {}, False
    if texts and record.keys() == {*SampleAnswer._fields}:
        return SampleAnswer(**record)
    expected = f"expected texts {', '.join(SampleAnswer._fields)}"
    raise ValueError(f"{place}: {expected}, got {line.strip()[:80]!r}")


def write_answers(answers: Iterable[SampleAnswer], archive: Path = ARCHIVE) -> None:
    """Write the archive; the same answers give the same bytes."""
    records = [json.dumps(a._asdict(), ensure_ascii=False) + "\n" for a in answers]
    archive.write_bytes(gzip.compress("".join(records).encode(), mtime=0))


def list_answered() -> list[str]:
    """The assignments that have sample answers, in the course's order."""
    answered = {answer.assignment for answer in read_answers()}
    return [name for name in list_assignments() if name in answered]


def format_cells(answers: Iterable[SampleAnswer]) -> str:
    """Answers in the percent format."""
    cells = []
    for a in answers:
        makes = f" [makes: {a.named}]" if a.named else ""
        cells.append(f"# %% {a.task}: {a.label}{makes}\n{a.source}\n")
    return "\n\n".join(cells)


def parse_cells(assignment: str, text: str) -> list[SampleAnswer]:
    """Answers from the percent format.

    Raises ValueError for a heading that is not "task: how it came about".
    """
    before, *parts = HEADING.split(text)
    expected = f"{assignment}: expected # %% task: how it came about"
    if before.strip():
        raise ValueError(f"{expected}, got {before.strip()[:40]!r}")
    found = []
    for title, source in zip(parts[::2], parts[1::2], strict=True):
        match = TITLE.fullmatch(title)
        if not match:
            raise ValueError(
                f"{expected}, got {title.strip()!r} above {source.strip()[:40]!r}"
            )
        task, label, named = match.groups(default="")
        found.append(SampleAnswer(assignment, task, label, named, source.strip("\n")))
    return found


def replace_answers(assignment: str, new: list[SampleAnswer]) -> list[SampleAnswer]:
    """All answers, with those to one assignment replaced."""
    kept = [a for a in read_answers() if a.assignment != assignment]
    order = list_assignments().index
    return sorted([*kept, *new], key=lambda a: order(a.assignment))  # a stable sort


def main() -> None:
    """Export or import the answers to an assignment."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", help="an assignment")
    way = parser.add_mutually_exclusive_group(required=True)
    way.add_argument("--export", type=Path, metavar="FILE", help="write them to FILE")
    way.add_argument("--import", type=Path, metavar="FILE", help="take them from FILE")
    options = vars(parser.parse_args())
    name = options["name"]
    if name not in list_assignments():
        sys.exit(
            f"{name}: expected an assignment, one of {', '.join(list_assignments())}"
        )
    if file := options["export"]:
        mine = read_answers(name)
        file.write_text(format_cells(mine), "utf-8")
        print(f"{len(mine)} answers to {name} are in {file}")
        return
    try:
        mine = parse_cells(name, options["import"].read_text("utf-8"))
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    write_answers(replace_answers(name, mine))
    print(f"{name} has {len(mine)} answers; python -m grader coverage {name}")
