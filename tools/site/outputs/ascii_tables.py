"""Printed tables of finished pages as tables, with headings.

What a cell printed in columns is text: a screen reader reads its lines from
left to right, and no heading with a number. Here each grid of a printed block
becomes a table: columns with two blanks between them in every line, words over
each but the first, and under them figures, or anything if the corner is empty.
Over it a line may name groups of columns if each has the same headings. Sentences
around a grid stay text. Columns of words stand to the left, those of figures to
the right. A block with a line that leaves any doubt (a row under
no heading, a phrase over columns of which it is not said how many) stays as it is.
"""

import html
import re
from dataclasses import dataclass
from itertools import groupby, pairwise

PRINTED = re.compile(
    r'(<div class="output stream highlight-[\w-]+ notranslate">'
    r'<div class="highlight"><pre>)(?:<span></span>)?(.*?)(</pre></div>\s*</div>)',
    re.DOTALL,
)
GAP = re.compile(r" {2,}|(?<=[\d%)]) (?=[-+−]?\d)")  # two cells, not one
PHRASE = re.compile(r"\S+(?: \S+)*")
WORDS = re.compile(r"[^\W\d_]+")
HYPHEN = re.compile(r"(?<![\w.)])-(?=\d)")  # for a minus
POWER = re.compile(r"(?<![\w.])(\d(?:\.\d+)?)e([+-])(\d\d+)(?![\w.])")
FIGURE = re.compile(r"[-+−<>~(]?\s?\d")
NO_FIGURE = {"", "-", "–", "none", "nan", "inf", "True", "False"}


@dataclass(frozen=True)
class Grid:
    """Rows of cells, headings first; groups: a first column, how many, a name."""

    rows: list[list[str]]
    groups: list[tuple[int, int, str]]


def convert_tables(page: str) -> str:
    """The page's HTML with its printed tables as tables."""
    return PRINTED.sub(_convert_block, page)


def _convert_block(block: re.Match[str]) -> str:
    found = split_text(html.unescape(re.sub(r"<[^>]+>", "", block[2])))
    if not any(isinstance(part, Grid) for part in found):
        return block[0]
    return "\n".join(
        _format_table(part)
        if isinstance(part, Grid)
        else f"{block[1]}{html.escape(part)}\n{block[3]}"
        for part in found
    )


def _format_table(grid: Grid) -> str:
    heads, *body = grid.rows
    names, *columns = zip(*grid.rows, strict=True)
    sides = [  # where the style sheet would put them on the other
        ' class="figures"' if _is_figures(*names) else "",
        *("" if _is_figures(*column) else ' class="words"' for column in columns),
    ]
    top = "".join(
        f'<th scope="col"{side}>{html.escape(head)}</th>' if head else "<td></td>"
        for head, side in zip(heads, sides, strict=True)
    )
    lines = "".join(
        f'<tr><th scope="row"{sides[0]}>{_format_cell(name)}</th>'
        + "".join(
            f"<td{side}>{_format_cell(value)}</td>"
            for value, side in zip(values, sides[1:], strict=True)
        )
        + "</tr>\n"
        for name, *values in body
    )
    return (
        '<div class="output text_html"><table class="rnn-table">\n'
        f"{_find_groups(grid, len(heads))}<tr>{top}</tr></thead>\n"
        f"<tbody>{lines}</tbody></table></div>"
    )


def _format_cell(text: str) -> str:
    """A cell's words or figures, with signs and powers of ten as a book sets them."""
    if not FIGURE.match(text):
        return html.escape(text)
    return POWER.sub(_format_power, html.escape(HYPHEN.sub("−", text)))


def _format_power(found: re.Match[str]) -> str:
    factor, sign, exponent = found[1], found[2].replace("-", "−"), int(found[3])
    if exponent == 0 or float(factor) == 0:
        return factor
    return f"{factor}\u202f×\u202f10<sup>{sign.strip('+')}{exponent}</sup>"


def _find_groups(grid: Grid, width: int) -> str:
    """How the head begins, with the line over groups of columns if there is one."""
    if not grid.groups:
        return "<thead>"
    spans, cells, at = "", "", 0
    for start, many, name in [*grid.groups, (width, 0, "")]:
        if start > at:
            spans += f'<colgroup span="{start - at}"></colgroup>'
            cells += f'<td colspan="{start - at}"></td>'
        if many:
            spans += f'<colgroup span="{many}"></colgroup>'
            told = html.escape(name)
            cells += f'<th colspan="{many}" scope="colgroup">{told}</th>'
        at = start + many
    return f"{spans}\n<thead><tr>{cells}</tr>\n"


def split_text(text: str) -> list[str | Grid]:
    """A printed text as texts and grids; as one text if there is any doubt."""
    whole = text.strip("\n")
    found: list[str | Grid] = []
    lines = [line.rstrip() for line in whole.split("\n")]
    for filled, group in groupby(lines, key=bool):
        paragraph = list(group)
        if not filled:
            continue
        split = _split(paragraph)
        if split is None:
            return [whole]
        found += split
    return found if any(isinstance(part, Grid) for part in found) else [whole]


def _split(lines: list[str]) -> list[str | Grid] | None:
    """Split lines that no empty line separates; None if in doubt."""
    found: list[str | Grid] = []
    said: list[str] = []
    at = 0
    while at < len(lines):
        stops = range(len(lines), at + 2, -1)
        tries = ((stop, parse_grid(lines[at:stop])) for stop in stops)
        stop, here = next((t for t in tries if t[1]), (at + 1, None))
        if here:
            found += ["\n".join(said), here] if said else [here]
            said = []
        else:
            said.append(lines[at])
        at = stop
    found += ["\n".join(said)] if said else []
    alone = not any(isinstance(part, Grid) for part in found)
    texts = [
        line for part in found if isinstance(part, str) for line in part.split("\n")
    ]
    return found if all(_is_text(line, alone) for line in texts) else None


def _is_text(line: str, alone: bool) -> bool:
    """Whether a line is no row: a sentence, or words that stand alone."""
    if "  " in line.strip():
        return False
    words = [word for word in WORDS.findall(line) if len(word) > 1]
    if alone:
        return bool(words) or not re.search(r"\d", line)
    return len(words) > 2 and not line.startswith(" ")


def parse_grid(lines: list[str]) -> Grid | None:
    """These lines as one grid, or None if they are not one."""
    rows = parse_cells(lines)
    if rows:
        return Grid(rows, [])
    rows = parse_cells(lines[1:])
    groups = _find_groups_over(lines[0], lines[1:], rows) if rows else []
    return Grid(rows, groups) if rows and groups else None


def parse_cells(lines: list[str]) -> list[list[str]] | None:
    """The rows of a printed grid, headings first; None if it is not one."""
    if len(lines) < 3:
        return None
    edges = _find_edges(lines)
    rows = [
        [re.sub("± +", "± ", line[a:b].strip()) for a, b in edges] for line in lines
    ]
    heads, *body = rows
    if len(heads) < 2 or not all(row[0] for row in body):
        return None
    if any(GAP.search(cell) for row in rows for cell in row):
        return None
    if any(
        _is_two_columns(a, [line[a:b].ljust(b - a) for line in lines]) for a, b in edges
    ):
        return None
    names, *columns = zip(*rows, strict=True)
    named = not heads[0] and all(WORDS.search(name) for name in names[1:])
    if not all(_is_headed(*column, figures=named) for column in columns):
        return None
    if any(re.search(r"\d", cell) for row in body for cell in row[1:]):
        sure = named or any(_is_figures(*column) for column in columns)
        return rows if sure and all(_is_row(*row) for row in body) else None
    return rows if named and all(map(all, body)) else None


def _find_edges(lines: list[str]) -> list[tuple[int, int]]:
    """Where each column begins, and where the next one does."""
    width = max(map(len, lines))
    lines = [line.ljust(width) for line in lines]
    blank = "".join(
        " " if all(line[k] == " " for line in lines) else "x" for k in range(width)
    )
    gaps = re.finditer(" {2,}", blank)
    starts = [0, *(gap.end() for gap in gaps if gap.start()), width]
    return [(a, b) for a, b in pairwise(starts) if a < b]


def _is_two_columns(at: int, lines: list[str]) -> bool:
    """Whether this may be two columns, the second of figures, one blank between."""
    for k in range(1, len(lines[0]) - 1):
        if any(line[k] != " " for line in lines):
            continue
        (left, right), *body = [(line[:k].strip(), line[k:].strip()) for line in lines]
        first = any(a and not b for a, b in body)
        second = [a for a, b in body if FIGURE.match(b) and not a.endswith("±")]
        doubt = any(second) or (first and "" in second)
        if doubt and right and (left or not at):
            return True
    return False


def _is_headed(head: str, *column: str, figures: bool) -> bool:
    """Whether a heading stands over the cells, and not more of the same.

    It has words, or is a figure where that can be no row's.
    """
    said = WORDS.findall(head)
    if not said:
        return figures and bool(re.search(r"\d", head)) and head not in column
    return (
        head not in NO_FIGURE
        and all(WORDS.findall(cell) != said for cell in column)
        and not (FIGURE.match(head) and WORDS.search("".join(column)))
    )


def _is_figures(head: str, *column: str) -> bool:
    """Whether the column has figures, and nothing else that is to be known."""
    del head
    told = [cell for cell in column if cell not in NO_FIGURE]
    return bool(told) and all(FIGURE.match(cell) for cell in told)


def _is_row(name: str, *values: str) -> bool:
    """Whether this is a row of figures, and not a heading of rows or columns."""
    del name
    return any(re.search(r"\d", v) or v in NO_FIGURE - {""} for v in values)


def _find_groups_over(
    line: str, lines: list[str], rows: list[list[str]]
) -> list[tuple[int, int, str]]:
    """The groups of columns that a line names; none if in doubt.

    It names at least two, each over the same headings and over no other.
    """
    starts = [start for start, _ in _find_edges(lines)]
    stops = [
        max(len(row[a:b].rstrip()) + a for row in lines) for a, b in _find_edges(lines)
    ]
    starts.append(max(len(line), *stops))
    heads = rows[0]
    phrases = list(PHRASE.finditer(line))
    found = [
        [(k + g * m, m, phrase[0]) for g, phrase in enumerate(phrases)]
        for m in range(2, len(heads))
        for k in range(1, len(heads) - len(phrases) * m + 1)
        if len(phrases) > 1
        and all(
            heads[k + g * m : k + (g + 1) * m] == heads[k : k + m]
            and stops[k + g * m - 1] < phrase.start()
            and phrase.end() <= starts[k + (g + 1) * m]
            for g, phrase in enumerate(phrases)
        )
    ]
    return found[0] if len(found) == 1 else []
