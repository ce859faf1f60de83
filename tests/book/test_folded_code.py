"""What the lines say behind which code and docstrings are folded."""

import re

import pytest
from bs4 import BeautifulSoup
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

from tools.site import postprocess
from tools.site.folded.folded_code import (
    fold_docstrings,
    say_what_is_folded,
)

FIGURE = (
    '<figure class="align-default" id="fig-a"><img src="a.svg"><figcaption>'
    '<p><span class="caption-number">Fig. 6.1 </span>Words.</p></figcaption>'
    "</figure>"
)
PRINTED = '''# rnncore.rnn.double
def double(x):
    """Twice x.

    Shapes: x (T, B) -> (T, B)
    """
    return 2 * x


def once(x):
    """X itself."""
    return x
'''


def colour(code):
    return highlight(code, PythonLexer(), HtmlFormatter())


def cell(code, output=""):
    return (
        '<div class="cell docutils container">\n'
        '<details class="admonition hide above-input">\n'
        '<summary aria-label="Toggle hidden content">\n'
        '<p class="collapsed admonition-title">Show code cell source</p>\n'
        '<p class="expanded admonition-title">Hide code cell source</p>\n'
        f'</summary>\n<div class="cell_input">{colour(code)}</div>\n'
        f'</details>\n<div class="cell_output">{output}</div></div>\n'
    )


@pytest.mark.parametrize(
    ("code", "output", "said"),
    [
        ("a = 1\nb = 2\n", FIGURE, "Fig. 6.1, 2 lines"),
        ("from a import (\n    b,\n)\nimport c\n", "", "imports, 4 lines"),
        ("a = draw()\n", '<img src="a.png">', "the picture below, 1 line"),
        ("a = rows()\n", "<table></table>", "the table below, 1 line"),
        ("def f(x):\n    return x\n", "", "f, 2 lines"),
    ],
)
def test_a_folded_cell_says_what_it_holds(code, output, said):
    done = say_what_is_folded(
        cell(code, output) + cell("z = 0\n", "<table>")
    )
    first = BeautifulSoup(done, "html.parser").find("summary")
    assert first.get_text().strip() == f"Code: {said}"


def test_each_of_two_folded_cells_is_named_by_its_own_output():
    page = say_what_is_folded(cell("a = 1\n") + cell("b = 1\n", FIGURE))
    said = BeautifulSoup(page, "html.parser").find_all("summary")
    assert ["Fig. 6.1" in one.get_text() for one in said] == [False, True]


def test_of_a_printed_docstring_the_first_line_stays_in_sight():
    page = BeautifulSoup(fold_docstrings(colour(PRINTED)), "html.parser")
    assert page.find("pre").get_text() == PRINTED  # and all of it is copied
    (rest,) = page.find_all(class_="doc-rest")
    assert rest.get_text() == (
        '\n\n    Shapes: x (T, B) -> (T, B)\n    """'
    )
    (button,) = page.find_all("button")
    assert button["aria-label"]
    assert button["aria-expanded"] == "false"


def test_code_that_the_package_does_not_hold_keeps_its_docstrings():
    own = colour(PRINTED.partition("\n")[2])
    assert fold_docstrings(own) == own


def test_the_contents_have_a_sign_for_pages_with_a_live_figure():
    links = "".join(
        f'<li><a class="{kind}reference internal" href="{to}">x</a></li>'
        for kind, to in (("", "a.html"), ("current ", "#"), ("", "b.html"))
    )
    page = (
        f'<nav class="bd-links bd-docs-nav"><ul>{links}</ul></nav>'
        '<a class="reference internal" href="a.html">a</a>'
    )
    for here, marked in (("c.html", 1), ("d.html", 2)):
        done = postprocess.mark_live_pages(page, here, {"a.html", "d.html"})
        assert len(re.findall("has-live", done)) == marked
        assert done.endswith(
            '<a class="reference internal" href="a.html">a</a>'
        )
