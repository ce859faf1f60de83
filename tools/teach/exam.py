"""An exam of a part of the book with its key, drawn from a seed."""

from __future__ import annotations

import random
from typing import NamedTuple

from tools.teach.documents import render_document
from tools.teach.pages import Question

COUNT = 8  # questions of an exam
LETTERS = "ABCDEFGH"


class Choice(NamedTuple):
    """One of the answers to choose from; as HTML, with the reply to a wrong one."""

    text: str
    right: bool
    reply: str


class Asked(NamedTuple):
    """A question as the exam puts it."""

    question: Question
    choices: list[Choice]

    @property
    def letter(self) -> str:
        return next(LETTERS[k] for k, c in enumerate(self.choices) if c.right)


def draw(pages: list[list[Question]], seed: int, part: str) -> list[Asked]:
    """The questions of an exam, spread over the pages as evenly as they go.

    The same seed and part give the same exam.
    """
    rng = random.Random(f"{seed} {part}")
    left = [rng.sample(page, len(page)) for page in pages]
    rng.shuffle(left)
    chosen: list[Question] = []
    while len(chosen) < COUNT and any(left):
        for page in left:
            if page and len(chosen) < COUNT:
                chosen.append(page.pop())
    order = {id(q): k for k, q in enumerate(q for page in pages for q in page)}
    chosen.sort(key=lambda question: order[id(question)])
    return [_format_question(question, rng) for question in chosen]


def _format_question(question: Question, rng: random.Random) -> Asked:
    choices = [Choice(question.answer, True, "")]
    choices += [Choice(wrong.says, False, wrong.reply) for wrong in question.wrong]
    rng.shuffle(choices)
    return Asked(question, choices)


def exam_documents(
    course: str, part: str, asked: list[Asked], seed: int
) -> tuple[str, str]:
    """The exam and its key as HTML."""
    both = [
        render_document(
            "exam.html", f"{part}{end}", course=course, asked=asked, seed=seed, key=key
        )
        for end, key in (("", False), (", key", True))
    ]
    return both[0], both[1]
