"""An exam of a part of the book with its key, drawn from a seed."""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.teach.choices import Item, explain
from tools.teach.documents import render_document
from tools.teach.numeric import Numeric

COUNT = 8  # questions with choices of an exam
NUMBERS = 2  # questions with a number as their answer
MINUTES = 5  # for each of both
LETTERS = "ABCD"


class Asked(NamedTuple):
    """A question as the exam puts it; `why` is HTML, the rest plain text.

    `letter` is that of the right choice.
    """

    page: str
    asked: str
    choices: list[str]
    letter: str
    why: str


def draw(pages: list[list[Item]], seed: int, part: str) -> list[Asked]:
    """The questions of an exam, spread over the pages as evenly as they go.

    The same seed and part give the same exam.
    """
    rng = random.Random(f"{seed} {part}")
    left = [rng.sample(page, len(page)) for page in pages]
    rng.shuffle(left)
    chosen: list[Item] = []
    while len(chosen) < COUNT and any(left):
        for page in left:
            if page and len(chosen) < COUNT:
                chosen.append(page.pop())
    order = {id(item): k for k, item in enumerate(i for page in pages for i in page)}
    chosen.sort(key=lambda item: order[id(item)])
    return [_shuffle_choices(item, rng) for item in chosen]


def _shuffle_choices(item: Item, rng: random.Random) -> Asked:
    asked, right, wrong = item.choices
    shown = rng.sample([right, *wrong], 1 + len(wrong))
    letter = LETTERS[shown.index(right)]
    return Asked(item.question.page, asked, shown, letter, explain(item.question))


def exam_documents(
    course: str, part: str, asked: list[Asked], numbers: list[Numeric], seed: int
) -> tuple[str, str]:
    """The exam and its key as HTML."""
    told = {"course": course, "asked": asked, "numbers": numbers, "seed": seed}
    count = len(asked) + len(numbers)
    told |= {"minutes": MINUTES * count, "points": 2 * count}
    both = [
        render_document("exam.html", f"{part}{end}", **told, key=key)
        for end, key in (("", False), (", key", True))
    ]
    return both[0], both[1]
