"""Printed tables of finished pages as tables, with headings.

What a cell printed in columns is text: a screen reader reads its lines from
left to right, and no heading with a number. Here a printed block becomes a
table if all of it is one: columns with two blanks between them in every line,
words over each column but the first, and figures under them. A block that
leaves any doubt (a heading over two columns, a sentence below) stays as it is.
"""

import html
import re
from itertools import pairwise

PRINTED = re.compile(
    r'<div class="output stream highlight-[\w-]+ notranslate">'
    r'<div class="highlight"><pre>(?:<span></span>)?(.*?)</pre></div>\s*</div>',
    re.DOTALL,
)
GAP = re.compile(r" {2,}")
WORDS = re.compile(r"[^\W\d_]+")


def tables(page: str) -> str:
    """The page's HTML with its printed tables as tables."""
    return PRINTED.sub(_table, page)


def _table(block: re.Match[str]) -> str:
    text = html.unescape(re.sub(r"<[^>]+>", "", block[1]))
    rows = cells(text)
    if rows is None:
        return block[0]
    heads, *body = rows
    top = "".join(
        f'<th scope="col">{html.escape(head)}</th>' if head else "<td></td>"
        for head in heads
    )
    lines = "".join(
        f'<tr><th scope="row">{html.escape(name)}</th>'
        + "".join(f"<td>{html.escape(value)}</td>" for value in values)
        + "</tr>\n"
        for name, *values in body
    )
    return (
        '<div class="output text_html"><table class="rnn-table">\n'
        f"<thead><tr>{top}</tr></thead>\n<tbody>{lines}</tbody></table></div>"
    )


def cells(text: str) -> list[list[str]] | None:
    """The rows of a printed table, headings first; None if it is not one."""
    lines = [line.rstrip() for line in text.strip("\n").split("\n")]
    if len(lines) < 3 or not all(lines):
        return None
    width = max(map(len, lines))
    lines = [line.ljust(width) for line in lines]
    blank = "".join(
        " " if all(line[k] == " " for line in lines) else "x" for k in range(width)
    )
    starts = [0, *(gap.end() for gap in GAP.finditer(blank) if gap.start()), width]
    rows = [[line[a:b].strip() for a, b in pairwise(starts) if a < b] for line in lines]
    heads, *body = rows
    if len(heads) < 2 or not all(row[0] for row in body):
        return None
    if any(GAP.search(cell) for row in rows for cell in row):
        return None  # a heading over two columns, or a sentence
    columns = list(zip(*rows, strict=True))[1:]
    return rows if all(_headed(*column) for column in columns) else None


def _headed(head: str, *column: str) -> bool:
    """Whether words stand over figures, and not more of the same."""
    said = WORDS.findall(head)
    return (
        bool(said)
        and any(re.search(r"\d", cell) for cell in column)
        and all(WORDS.findall(cell) != said for cell in column)
    )
