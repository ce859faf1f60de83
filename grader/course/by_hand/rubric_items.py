"""The items of a rubric: what a marker clicks, and its points; beside the marks.

They lie in two tables of nbgrader's gradebook, so that a mark and its reasons are
entered together or not at all. A mark rests on items while it is their sum: one
that was changed elsewhere, or that waits for a person again, has none.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from nbgrader.api import Gradebook
from sqlalchemy import (
    Column,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    delete,
    insert,
    inspect,
    select,
    update,
)

from grader import untrusted

LONGEST = 300  # characters of an item
TABLES = MetaData()
ITEMS = Table(
    "rubric_items",
    TABLES,
    Column("id", Integer, primary_key=True),
    Column("assignment", String, nullable=False),
    Column("task", String, nullable=False),  # its graded cell
    Column("text", String, nullable=False),
    Column("points", Float, nullable=False),
)
GIVEN = Table(
    "rubric_items_given",
    TABLES,
    Column("item", ForeignKey(ITEMS.c.id), primary_key=True),
    Column("learner", String, primary_key=True),
)


class Item(NamedTuple):
    """A reason for points; below 0 they are taken off."""

    id: int
    text: str
    points: float


def list_items(book: Gradebook, assignment: str, task: str) -> list[Item]:
    """The items of a task, the oldest first."""
    if not _are_there(book):
        return []
    query = (
        select(ITEMS.c.id, ITEMS.c.text, ITEMS.c.points)
        .where(ITEMS.c.assignment == assignment, ITEMS.c.task == task)
        .order_by(ITEMS.c.id)
    )
    return [Item(*found) for found in book.db.execute(query)]


def read_given(
    book: Gradebook, assignment: str
) -> Mapping[tuple[str, str], tuple[Item, ...]]:
    """The items that learners were given, by learner and task."""
    given: defaultdict[tuple[str, str], tuple[Item, ...]] = defaultdict(tuple)
    if _are_there(book):
        query = (
            select(GIVEN.c.learner, ITEMS.c.task, *(ITEMS.c[k] for k in Item._fields))
            .join(ITEMS, GIVEN.c.item == ITEMS.c.id)
            .where(ITEMS.c.assignment == assignment)
            .order_by(ITEMS.c.id)
        )
        for learner, task, *item in book.db.execute(query):
            given[learner, task] += (Item(*item),)
    return given


def give_items(
    book: Gradebook, assignment: str, task: str, learner: str, items: Iterable[Item]
) -> None:
    """Let a learner's mark for a task rest on these items, and on no others."""
    own = select(ITEMS.c.id).where(
        ITEMS.c.assignment == assignment, ITEMS.c.task == task
    )
    TABLES.create_all(book.db.connection())
    book.db.execute(
        delete(GIVEN).where(GIVEN.c.learner == learner, GIVEN.c.item.in_(own))
    )
    for item in items:
        book.db.execute(insert(GIVEN).values(item=item.id, learner=learner))


def save_item(
    book: Gradebook, assignment: str, task: str, item: Item, most: float
) -> None:
    """Add an item, whose number is then 0, or change one.

    `most` is what the task gives. Raises ValueError if there is no such item, it
    says nothing, or its points are not between -most and most.
    """
    text = untrusted.line(item.text, LONGEST + 1)
    if not text or len(text) > LONGEST:
        raise ValueError(
            f"item: expected a text of 1 to {LONGEST} characters, got {len(text)}"
        )
    if not math.isfinite(item.points) or abs(item.points) > most:
        raise ValueError(
            f"item: expected points from {-most:g} to {most:g}, got {item.points:g}"
        )
    TABLES.create_all(book.db.connection())
    now = {"text": text, "points": item.points}
    if not item.id:
        new = insert(ITEMS).values(assignment=assignment, task=task, **now)
        book.db.execute(new)
        return
    pick_items(list_items(book, assignment, task), [item.id])
    book.db.execute(update(ITEMS).where(ITEMS.c.id == item.id).values(**now))


def pick_items(items: Sequence[Item], numbers: Iterable[int]) -> list[Item]:
    """The items of these numbers. Raises ValueError if one is of another task."""
    known, asked = {item.id: item for item in items}, sorted(set(numbers))
    if strange := [number for number in asked if number not in known]:
        raise ValueError(
            f"item: expected one of {sorted(known)}, got {strange}: load the page again"
        )
    return [known[number] for number in asked]


def sum_points(items: Iterable[Item], most: float) -> float:
    """What these items give: their sum, but not below 0 nor above `most`."""
    return min(max(sum(item.points for item in items), 0.0), most)


def _are_there(book: Gradebook) -> bool:
    """Whether a marker has used items in this gradebook."""
    return bool(inspect(book.db.connection()).has_table(GIVEN.name))
