"""The choices of the closing questions, as exams and the question bank set them.

choices/PAGE.toml has a [[question]] for each closing question of a page, in the
page's order: `asked`, which stands alone, one short `right` choice and three
`wrong` ones of its length and form. All is plain text. The page's own answer
explains them.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import NamedTuple

from tools.teach.pages import Question, Unreadable

FOLDER = Path(__file__).parent / "choices"
KEYS = {"asked", "right", "wrong"}
WRONG = 3  # choices of a question beside the right one


class Choices(NamedTuple):
    """A question with its choices; as plain text."""

    asked: str
    right: str
    wrong: tuple[str, ...]


class Item(NamedTuple):
    """A closing question of a page, and how an exam puts it."""

    question: Question
    choices: Choices


def read_choices(page: str, folder: Path = FOLDER) -> list[Choices]:
    """The choices of a page's closing questions, in the page's order.

    Raises Unreadable if the page has no such file, or one in another form.
    """
    path = folder / f"{page}.toml"
    try:
        found = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise Unreadable(f"expected the choices of {page} in {path}") from None
    except ValueError as error:
        raise Unreadable(f"{path}: expected TOML in UTF-8: {error}") from error
    questions = found.get("question")
    if found.keys() != {"question"} or not isinstance(questions, list):
        raise Unreadable(f"{path}: expected [[question]] alone, got {[*found]}")
    return [
        _read_choices(f"{path}, question {number}", one)
        for number, one in enumerate(questions, 1)
    ]


def _read_choices(place: str, found: object) -> Choices:
    if not isinstance(found, dict) or found.keys() != KEYS:
        raise Unreadable(f"{place}: expected {sorted(KEYS)}, got {found}")
    asked, right, wrong = found["asked"], found["right"], found["wrong"]
    if not isinstance(wrong, list) or len(wrong) != WRONG:
        raise Unreadable(f"{place}: expected {WRONG} wrong choices, got {wrong}")
    for text in (asked, right, *wrong):
        if not isinstance(text, str) or not text.strip():
            raise Unreadable(f"{place}: expected a text, got {text!r}")
    if len({right, *wrong}) != 1 + WRONG:
        raise Unreadable(f"{place}: expected different choices, got {[right, *wrong]}")
    return Choices(asked, right, tuple(wrong))


def pair(questions: list[Question], choices: list[Choices], page: str) -> list[Item]:
    """A page's closing questions with their choices.

    Raises Unreadable if there are not as many.
    """
    if len(questions) != len(choices):
        raise Unreadable(
            f"{page}: expected choices for {len(questions)} closing questions,"
            f" got them for {len(choices)}"
        )
    return [Item(*both) for both in zip(questions, choices, strict=True)]


def explain(question: Question) -> str:
    """The page's answer and its replies to the usual wrong ones, as HTML."""
    usual = "".join(
        f"<dt>“{wrong.says}”</dt><dd>{wrong.reply}</dd>" for wrong in question.wrong
    )
    return f"{question.answer}<dl>{usual}</dl>"
