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

LONGEST = 100  # characters of a question's name


def moodle_xml(course: str, pages: Iterable[tuple[str, list[Item]]]) -> bytes:
    """The questions of pages, by their titles: a category for each page."""
    quiz = ET.Element("quiz")
    for title, items in pages:
        kind = ET.SubElement(quiz, "question", type="category")
        names = [part.replace("/", "//") for part in (course, title)]
        _add_text(kind, "category", "/".join(["$course$/top", *names]))
        for number, item in enumerate(items, 1):
            _add(quiz, number, item)
    ET.indent(quiz)
    return ET.tostring(quiz, "utf-8", xml_declaration=True) + b"\n"


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
