"""The closing questions as a question bank, in Moodle's XML format.

The general feedback is the page's answer, with its replies to the usual wrong
ones. Moodle documents the format at docs.moodle.org, "Moodle XML format".
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable
from html import escape
from xml.etree import ElementTree as ET

from bs4 import BeautifulSoup

from tools.teach.choices import Item, explain
from tools.teach.numeric import KINDS, Numeric, draw_numeric

LONGEST = 100  # characters of a question's name
VARIANTS = 20  # of a numeric question


def moodle_xml(
    course: str, pages: Iterable[tuple[str, str, list[Item]]], seed: int
) -> bytes:
    """The questions of pages, by their names and titles: a category for each page.

    After them come the numeric questions of these pages, a category for each
    kind: a quiz draws from it. Their parameters are drawn from `seed`.
    """
    quiz, names = ET.Element("quiz"), set()
    for name, title, items in pages:
        names.add(name)
        _add_category(quiz, course, title)
        for number, item in enumerate(items, 1):
            _add(quiz, number, item)
    for kind in (kind for kind, one in KINDS.items() if one.page in names):
        _add_category(quiz, course, f"Numbers: {kind}")
        rng = random.Random(f"{seed} {kind}")
        for number in range(1, VARIANTS + 1):
            _add_numeric(quiz, number, draw_numeric(kind, rng))
    ET.indent(quiz)
    return ET.tostring(quiz, "utf-8", xml_declaration=True) + b"\n"


def _add_category(quiz: ET.Element, course: str, title: str) -> None:
    kind = ET.SubElement(quiz, "question", type="category")
    names = [part.replace("/", "//") for part in (course, title)]
    _add_text(kind, "category", "/".join(["$course$/top", *names]))


def _add_numeric(quiz: ET.Element, number: int, drawn: Numeric) -> None:
    one = ET.SubElement(quiz, "question", type="numerical")
    _add_text(one, "name", f"{drawn.kind} {number}")
    _add_text(one, "questiontext", escape(drawn.asked), "html")
    _add_text(one, "generalfeedback", escape(drawn.why), "html")
    ET.SubElement(one, "defaultgrade").text = "1"
    ET.SubElement(one, "penalty").text = "0.3333333"
    ET.SubElement(one, "hidden").text = "0"
    answer = ET.SubElement(one, "answer", fraction="100", format="moodle_auto_format")
    ET.SubElement(answer, "text").text = repr(drawn.answer)
    ET.SubElement(answer, "tolerance").text = repr(drawn.off)
    _add_text(answer, "feedback", "", "html")


def _add(quiz: ET.Element, number: int, item: Item) -> None:
    asked, right, wrong = item.choices
    one = ET.SubElement(quiz, "question", type="multichoice")
    name = " ".join(f"{item.question.page} {number}: {asked}".split())
    _add_text(one, "name", name[:LONGEST])
    _add_text(one, "questiontext", escape(asked), "html")
    _add_text(one, "generalfeedback", explain(item.question), "html")
    for tag, value in (
        ("defaultgrade", "1"),
        ("penalty", "0.3333333"),
        ("hidden", "0"),
        ("single", "true"),
        ("shuffleanswers", "true"),
        ("answernumbering", "abc"),
    ):
        ET.SubElement(one, tag).text = value
    shown = [right, *wrong]  # in another order, for programs that keep it
    for text in random.Random(asked).sample(shown, len(shown)):
        _add_answer(one, "100" if text == right else "0", text)


def _with_tex(text: str) -> str:
    r"""HTML with formulas as Moodle's filters read them, between \( and \)."""
    made = BeautifulSoup(text, "html.parser")
    for formula in made.find_all("math"):
        ends = "[]" if formula.get("display") else "()"
        formula.replace_with(f"\\{ends[0]}{formula.get('alttext', '')}\\{ends[1]}")
    return str(made)


def _add_answer(one: ET.Element, fraction: str, text: str) -> None:
    answer = ET.SubElement(one, "answer", fraction=fraction, format="html")
    ET.SubElement(answer, "text").text = _remove_invalid(escape(text))
    _add_text(answer, "feedback", "", "html")


def _add_text(parent: ET.Element, tag: str, text: str, form: str = "") -> None:
    element = ET.SubElement(parent, tag, {"format": form} if form else {})
    ET.SubElement(element, "text").text = _remove_invalid(
        _with_tex(text) if form else text
    )


def _remove_invalid(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
