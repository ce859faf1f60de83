"""The closing questions as a question bank, in Moodle's XML format.

The usual wrong answers are the choices, with their replies as feedback. Moodle
documents the format at docs.moodle.org, "Moodle XML format".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from xml.etree import ElementTree as ET

from bs4 import BeautifulSoup

from tools.teach.pages import Question

LONGEST = 100  # characters of a question's name


def moodle_xml(course: str, pages: Iterable[tuple[str, list[Question]]]) -> bytes:
    """The questions of pages, by their titles: a category for each page."""
    quiz = ET.Element("quiz")
    for title, asked in pages:
        kind = ET.SubElement(quiz, "question", type="category")
        names = [part.replace("/", "//") for part in (course, title)]
        _add_text(kind, "category", "/".join(["$course$/top", *names]))
        for number, question in enumerate(asked, 1):
            _add(quiz, number, question)
    ET.indent(quiz)
    return ET.tostring(quiz, "utf-8", xml_declaration=True) + b"\n"


def _add(quiz: ET.Element, number: int, question: Question) -> None:
    one = ET.SubElement(quiz, "question", type="multichoice")
    words = BeautifulSoup(_with_tex(question.asked), "html.parser").get_text()
    name = " ".join(f"{question.page} {number}: {words}".split())
    _add_text(one, "name", name[:LONGEST])
    _add_text(one, "questiontext", question.asked, "html")
    _add_text(one, "generalfeedback", question.answer, "html")
    for tag, value in (
        ("defaultgrade", "1"),
        ("penalty", "0.3333333"),
        ("hidden", "0"),
        ("single", "true"),
        ("shuffleanswers", "true"),
        ("answernumbering", "abc"),
    ):
        ET.SubElement(one, tag).text = value
    _add_answer(one, "100", question.answer, "")
    for wrong in question.wrong:
        _add_answer(one, "0", wrong.says, wrong.reply)


def _with_tex(text: str) -> str:
    r"""HTML with formulas as Moodle's filters read them, between \( and \)."""
    made = BeautifulSoup(text, "html.parser")
    for formula in made.find_all("math"):
        ends = "[]" if formula.get("display") else "()"
        formula.replace_with(f"\\{ends[0]}{formula.get('alttext', '')}\\{ends[1]}")
    return str(made)


def _add_answer(one: ET.Element, fraction: str, text: str, feedback: str) -> None:
    answer = ET.SubElement(one, "answer", fraction=fraction, format="html")
    ET.SubElement(answer, "text").text = _remove_invalid(_with_tex(text))
    _add_text(answer, "feedback", feedback, "html")


def _add_text(parent: ET.Element, tag: str, text: str, form: str = "") -> None:
    element = ET.SubElement(parent, tag, {"format": form} if form else {})
    ET.SubElement(element, "text").text = _remove_invalid(
        _with_tex(text) if form else text
    )


def _remove_invalid(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", text)
