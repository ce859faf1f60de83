"""A Sphinx extension with the box in which a reader predicts a result.

    :::{predict}
    :choices: the first | the last
    :answer: the last
    Which of the two gets the larger part?
    :::

:choices: has two or more, between " | "; `:number: %` asks for a number with
this unit, or with none; :curve: for a line over two axes, each a name with the
words at its two ends, "length, 1 to 14 | right answers, 50 % to 100 %". Without
one of them, the answer is a short free text. :answer: is what the page says: one
of the choices, a number, typed or pasted ({glue:text}`share:.0f`), or words; it
appears next to the reader's.

What follows the box in its section, up to the next box or a {predict-end}, is
the result; where nothing follows, the next section is. With a script it is
hidden until the reader has predicted or skipped (book/_static/predict.js);
without one, and on paper, all is there as it stands.
"""

import json
import re
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

AXIS = re.compile(r"(?P<name>.+), (?P<low>.+?) to (?P<high>.+)")
END = "predict-end"
KINDS = "choices", "number", "curve"


class Field(nodes.Element):
    """Where the reader answers: the choices, or nothing until a script runs."""


class Answer(nodes.Element):
    """What the page says, for the script."""


class Result(nodes.Element):
    """What is hidden until there is a prediction."""


def split_choices(text: str) -> list[str]:
    """The choices of a box; a ValueError unless they are two or more, all different."""
    found = [part.strip() for part in re.split(r"\s\|\s", text)]
    if len(found) < 2 or len(set(found)) < len(found) or "" in found:
        raise ValueError(
            f":choices: expected two or more that differ, between ' | ', got {text!r}"
        )
    return found


def read_axes(text: str) -> list[dict[str, str]]:
    """The two axes of a curve; a ValueError unless both have a name and two ends."""
    found = [AXIS.fullmatch(part) for part in re.split(r"\s\|\s", text)]
    if len(found) != 2 or None in found:
        raise ValueError(
            f":curve: expected 'NAME, LOW to HIGH | NAME, LOW to HIGH', got {text!r}"
        )
    return [match.groupdict() for match in found if match]


def check(options: dict[str, str]) -> None:
    """A ValueError if a box's options don't go together.

    An answer to a choice is one of the choices; one to a number is a number or is
    pasted. Both have one.
    """
    asked = [kind for kind in KINDS if kind in options]
    if len(asked) > 1:
        raise ValueError(f"expected one of {', '.join(KINDS)}, got {asked}")
    answer = options.get("answer", "")
    if "choices" in options:
        choices = split_choices(options["choices"])
        if answer not in choices:
            raise ValueError(f":answer: expected one of {choices}, got {answer!r}")
    if "curve" in options:
        read_axes(options["curve"])
    if "number" in options and "{" not in answer:
        try:
            float(answer.replace(",", ""))
        except ValueError:
            raise ValueError(
                f":answer: expected a number or a pasted one, got {answer!r}"
            ) from None


class Predict(SphinxDirective):
    """The box."""

    has_content = True
    option_spec: ClassVar = dict.fromkeys([*KINDS, "answer"], directives.unchanged)

    def run(self) -> list[nodes.Node]:
        """An admonition with the question, the field and the page's answer."""
        self.assert_has_content()
        try:
            check(self.options)
        except ValueError as error:
            raise self.error(f"{{predict}}: {error}") from None
        box = nodes.admonition("", nodes.title("", "Predict"))
        box["classes"] += ["predict", "tip"]
        self.set_source_info(box)
        self.state.nested_parse(self.content, self.content_offset, box)
        box += self._field()
        if answer := self.options.get("answer"):
            box += Answer("", *self._inline(answer))
        return [box]

    def _inline(self, text: str) -> list[nodes.Node]:
        found, messages = self.state.inline_text(text, self.lineno)
        return [*found, *messages]

    def _field(self) -> Field:
        kind = next((kind for kind in KINDS if kind in self.options), "text")
        field = Field(kind=kind)
        said = self.options.get(kind, "")
        if kind == "choices":
            items = [
                nodes.list_item("", nodes.paragraph("", "", *self._inline(choice)))
                for choice in split_choices(said)
            ]
            field += nodes.bullet_list("", *items)
        field["told"] = {
            "curve": lambda: json.dumps(read_axes(said)),
            "number": lambda: said,
        }.get(kind, str)()
        return field


class PredictEnd(SphinxDirective):
    """The end of a result."""

    def run(self) -> list[nodes.Node]:
        """A mark that no reader sees."""
        return [nodes.comment(END, END)]


def is_box(node: nodes.Node) -> bool:
    """Whether this is a box with a prediction."""
    return isinstance(node, nodes.admonition) and "predict" in node["classes"]


def list_results(box: nodes.Element) -> tuple[nodes.Element, int, int]:
    """Where a box's result stands: the parent, its first child, the one after it."""
    parent = box.parent
    first = parent.index(box) + 1
    if first == len(parent) and isinstance(parent, nodes.section):
        above, place = parent.parent, parent.parent.index(parent) + 1
        if place < len(above) and isinstance(above[place], nodes.section):
            parent, first = above[place], 1
    last = first
    while last < len(parent) and not (
        is_box(parent[last])
        or (isinstance(parent[last], nodes.comment) and parent[last].astext() == END)
    ):
        last += 1
    return parent, first, last


def wrap_results(app: Sphinx, document: nodes.document, page: str) -> None:
    """Move what each box of a page hides into one element next to it."""
    for number, box in enumerate(list(document.findall(is_box)), 1):
        parent, first, last = list_results(box)
        if first < last:
            inside = parent[first:last]
            box["ids"].append(f"predict-{number}")
            result = Result(box=f"predict-{number}")
            parent[first:last] = [result]
            result += inside


def _open_field(self: Any, node: Field) -> None:
    about = {"data-kind": node["kind"], "data-told": node["told"]}
    said = {name: value for name, value in about.items() if value}
    self.body.append(self.starttag(node, "div", CLASS="predict-field", **said))


def _open_answer(self: Any, node: Answer) -> None:
    self.body.append(self.starttag(node, "div", "", CLASS="predict-answer", hidden=""))


def _open_result(self: Any, node: Result) -> None:
    box = {"data-box": node["box"]}
    self.body.append(self.starttag(node, "div", CLASS="predict-result", **box))


def _close(self: Any, node: nodes.Element) -> None:
    self.body.append("</div>\n")


def _pass(self: Any, node: nodes.Element) -> None:
    pass


def _skip(self: Any, node: nodes.Element) -> None:
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    others = "latex", "text", "man", "texinfo"
    plain: dict[str, Any] = dict.fromkeys(others, (_pass, _pass))
    app.add_node(Field, html=(_open_field, _close), **plain)
    app.add_node(Result, html=(_open_result, _close), **plain)
    gone: dict[str, Any] = dict.fromkeys(others, (_skip, None))
    app.add_node(Answer, html=(_open_answer, _close), **gone)
    app.add_directive("predict", Predict)
    app.add_directive(END, PredictEnd)
    app.connect("doctree-resolved", wrap_results, priority=950)  # after the search's
    return {"parallel_read_safe": True, "parallel_write_safe": True}
