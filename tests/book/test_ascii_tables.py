"""What a page prints in columns, as tables; what may be none, as it is."""

import html
import random

import pytest
from bs4 import BeautifulSoup

from tools.site.outputs import ascii_tables

BLOCK = (
    '<div class="output stream highlight-myst-ansi notranslate">'
    '<div class="highlight"><pre><span></span>{}</pre></div>\n</div>'
)


def read(text):
    """What a reader finds: texts, and tables as {row: {headings: value}}.

    Read as a browser does: a heading stands over the columns of its span,
    and a group's heading before the column's.
    """
    page = ascii_tables.convert_tables(BLOCK.format(html.escape(text)))
    found = []
    for part in BeautifulSoup(page, "html.parser").select("pre, table"):
        if part.name == "pre":
            found.append(part.get_text())
            continue
        over = [
            [
                cell.get_text()
                for cell in row.find_all(["td", "th"])
                for _ in range(int(cell.get("colspan", 1)))
            ]
            for row in part.thead.find_all("tr")
        ]
        assert len({len(row) for row in over}) == 1
        heads = [": ".join(filter(None, names)) for names in zip(*over)]
        rows = {}
        for row in part.tbody.find_all("tr"):
            name, *values = row.find_all(["td", "th"])
            assert (name.name, name["scope"]) == ("th", "row")
            assert name.get_text() not in rows
            assert len(values) + 1 == len(heads)
            rows[name.get_text()] = dict(
                zip(heads[1:], (value.get_text() for value in values))
            )
        found.append(rows)
    return found


def test_figures_under_words_become_a_table():
    text = (
        "  B  operators  in all\n  1        787     20%\n 32        787\n"
    )
    assert read(text) == [
        {
            "1": {"operators": "787", "in all": "20%"},
            "32": {"operators": "787", "in all": ""},
        }
    ]


def test_headings_have_their_scope_and_text_is_escaped():
    text = "<b>  a&b\none  < 1\ntwo    2\n"
    page = ascii_tables.convert_tables(BLOCK.format(html.escape(text)))
    assert '<th scope="col">&lt;b&gt;</th>' in page
    assert '<th scope="col">a&amp;b</th>' in page
    assert "<td>&lt; 1</td>" in page


def test_a_sentence_above_or_below_stays_text():
    table = {"1": {"one discount": "246.3"}, "12": {"one discount": "83.8"}}
    text = (
        "perplexity on the test:\n"
        "order   one discount\n    1          246.3\n   12           83.8\n"
        "all probabilities sum to 1.0\nin each of 2 orders\n"
    )
    assert read(text) == [
        "perplexity on the test:\n",
        table,
        "all probabilities sum to 1.0\nin each of 2 orders\n",
    ]


def test_each_grid_of_a_block_becomes_a_table():
    text = (
        "order  bits\n    1   2.0\n    2   1.5\n\n"
        "what the network writes:\n  def f():\n  ...\n\n"
        "rate  loss\n 0.1   3.0\n 0.2   4.5\n"
        "and after each of the updates\n"
        "rate  loss\n 0.1   1.0\n 0.2   1.5\n"
    )
    assert read(text) == [
        {"1": {"bits": "2.0"}, "2": {"bits": "1.5"}},
        "what the network writes:\n  def f():\n  ...\n",
        {"0.1": {"loss": "3.0"}, "0.2": {"loss": "4.5"}},
        "and after each of the updates\n",
        {"0.1": {"loss": "1.0"}, "0.2": {"loss": "1.5"}},
    ]


def test_a_line_over_the_headings_may_name_groups_of_columns():
    text = (
        "          reset after         reset before\n"
        " B    H   forward  backward   forward  backward  before / after\n"
        " 1   64      0.76      0.53      0.70      0.51            0.94\n"
        "32   64      2.23      2.30      2.33      1.74            0.90\n"
    )
    assert read(text) == [
        {
            b: {
                "H": "64",
                "reset after: forward": after[0],
                "reset after: backward": after[1],
                "reset before: forward": before[0],
                "reset before: backward": before[1],
                "before / after": ratio,
            }
            for b, after, before, ratio in [
                ("1", ("0.76", "0.53"), ("0.70", "0.51"), "0.94"),
                ("32", ("2.23", "2.30"), ("2.33", "1.74"), "0.90"),
            ]
        }
    ]
    page = ascii_tables.convert_tables(BLOCK.format(text))
    assert '<th colspan="2" scope="colgroup">reset after</th>' in page
    assert page.count("<colgroup") == 4  # B and H, two groups, the ratio


def test_figures_are_headings_over_rows_with_names():
    text = (
        "characters a second, after\n"
        "         100   1,000\nLSTM     906     952\nminGRU 1,537   1,483\n"
    )
    text = text.replace("minGRU 1", "minGRU  1").replace("LSTM ", "LSTM  ")
    text = text.replace("         100", "          100")
    assert read(text) == [
        "characters a second, after\n",
        {
            "LSTM": {"100": "906", "1,000": "952"},
            "minGRU": {"100": "1,537", "1,000": "1,483"},
        },
    ]


def test_words_stand_under_words_if_it_is_sure_what_is_a_heading():
    corner = (
        "              careful  last step\n"
        "transposed     caught     MISSED\nthe mean       caught     caught\n"
    )
    assert read(corner) == [
        {
            "transposed": {"careful": "caught", "last step": "MISSED"},
            "the mean": {"careful": "caught", "last step": "caught"},
        }
    ]
    figures = (
        "task    cell   units\nadding  plain     84\ncopy    LSTM      54\n"
    )
    assert read(figures) == [
        {
            "adding": {"cell": "plain", "units": "84"},
            "copy": {"cell": "LSTM", "units": "54"},
        }
    ]


def test_words_stand_to_the_left_and_figures_to_the_right():
    text = (
        "decoder    at   greedy       shift\n"
        "CTC         1   one-two    -0.5 ± 1.0\n"
        "LSTM-2    10    3-4         1e-03\n"
        "rest       -    none         none\n"
    )
    page = BeautifulSoup(
        ascii_tables.convert_tables(BLOCK.format(text)), "html.parser"
    )
    heads, *rows = [
        row.find_all(["td", "th"]) for row in page.find_all("tr")
    ]
    for row in [heads, *rows]:  # names to the left, else to the right
        marks = [cell.get("class") for cell in row]
        assert marks == [None, None, ["words"], None]
    assert [[cell.get_text() for cell in row] for row in rows] == [
        ["CTC", "1", "one-two", "−0.5 ± 1.0"],  # a minus, not a hyphen
        ["LSTM-2", "10", "3-4", "1\u202f×\u202f10−3"],  # the −3 is raised
        ["rest", "-", "none", "none"],
    ]
    powers = "    at\na  0e+00\nb  2e-16\nc  7.5e+04\nd  1e+00\ne  v1e-5\n"
    page = BeautifulSoup(
        ascii_tables.convert_tables(BLOCK.format(powers)), "html.parser"
    )
    assert [
        cell.decode_contents() for cell in page.tbody.find_all("td")
    ] == [
        "0",
        "2\u202f×\u202f10<sup>−16</sup>",
        "7.5\u202f×\u202f10<sup>4</sup>",
        "1",
        "v1e-5",
    ]
    page = ascii_tables.convert_tables(
        BLOCK.format(" B  at\n-1   2\n32   7\n")
    )
    assert '<th scope="col" class="figures">B</th>' in page
    assert '<th scope="row" class="figures">−1</th>' in page


def test_a_spread_stays_with_its_figure():
    text = (
        "          exact, %     chrF\n"
        "vector    82.4 ±  4.2  97.8\nnearest    0.0         74.6\n"
    )
    assert read(text) == [
        {
            "vector": {"exact, %": "82.4 ± 4.2", "chrF": "97.8"},
            "nearest": {"exact, %": "0.0", "chrF": "74.6"},
        }
    ]


@pytest.mark.parametrize(
    "text",
    [
        "one  1.0\ntwo  2.0",  # two lines
        "one  1.0\ntwo  2.0\nthree  3.0",  # no headings
        "one  none\ntwo   2.0\nsix   3.0",  # a first row, no heading
        "a  loss 1.0\nb  loss 2.0\nc  loss 3.0",  # more of the same
        "a  2.0 s\nb  2.0 m\nc  2.0 h",
        "one    apple\ntwo    banana\nthree  cherry",  # which is a heading?
        "      1.0  2.0\n 3.0  4.0  5.0\n 6.0  7.0  8.0",  # a matrix
        "      1.0\n3.0  4.0\n6.0  7.0",
        # a heading of two lines
        (
            "      share of  perplexity\nname     words        LSTM\n"
            "x         1.0         2.0\ny         2.0         3.0"
        ),
        # a phrase that stands over one column of two, or of three
        "   before      after\n   x     y     x\na  1.0   2.0   3.0",
        "       before\n      x    y    z\na   1.0  2.0  3.0\nb   1.0  2.0  3.0",
        # one that reaches over the next group's columns
        (
            "       before and still later  after\n"
            "         x    y    x    y\na      1.0  2.0  3.0  4.0\n"
            "b      1.0  2.0  3.0  4.0"
        ),
        # groups whose headings differ
        (
            "       before    after\n         x    y    u    v\n"
            "a      1.0  2.0  3.0  4.0\nb      1.0  2.0  3.0  4.0"
        ),
        # a row that would stand alone below, or under no heading
        "a    b    c\n1    2    3\n4    5    6\n\n7    8    9",
        "a    b    c\n1    2    3\n4    5    6\n7 8 9",
        "a    b    c\n1    2    3\n4    5    6\n  7",
        "name   rate\nSGD\nx       0.1\ny       0.2",  # a heading over rows
        "a    b\n\n1    2\n3    4",  # two blocks
        "threshold  most\n      1.0    52\n     0.1  56  62",  # one more cell
    ],
)
def test_what_may_be_no_table_stays_as_it_was_printed(text):
    block = BLOCK.format(html.escape(text))
    assert ascii_tables.convert_tables(block) == block


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_no_value_comes_under_a_wrong_heading(seed):
    """Of grids well and badly printed: a table holds what was meant.

    Columns stand to the left or right. Either cells may be empty, or columns
    one blank apart, lines shifted and wider than their columns.
    """
    rng = random.Random(seed)
    raised = {"1e-03": "1\u202f×\u202f10−3"}
    became = 0
    for _ in range(2000):
        neat = rng.random() < 0.5
        heads = rng.sample(
            ["rate", "test loss", "at 32", "ms", "in all"], 3
        )
        heads = heads[: rng.randint(1, 3)]
        names = rng.sample(["SGD", "Adam, 2 layers", "no clipping", "x"], 3)
        values = [
            "0.5",
            "12.25",
            "7",
            "−3",
            "1e-03",
            *([""] if neat else []),
        ]
        rows = [
            [name, *(rng.choice(values) for _ in heads)] for name in names
        ]
        sides = [rng.choice("<>") for _ in heads]
        wide = [rng.randint(9 if neat else 2, 12) for _ in heads]
        gap = " " * rng.randint(2 if neat else 1, 3)
        first = rng.randint(14 if neat else 3, 16)
        lines = []
        for name, *cells in [["", *heads], *rows]:
            printed_ = (
                f"{c:{s}{w}}" for c, s, w in zip(cells, sides, wide)
            )
            lines.append(gap.join([f"{name:{first}}", *printed_]))
        if not neat and rng.random() < 0.5:
            k = rng.randrange(len(lines))
            lines[k] = lines[k].replace("  ", " " * rng.randint(1, 6), 1)
        if rng.random() < 0.3:
            lines.append("and all of this in one sentence")
        text = "\n".join(lines)
        tables = [part for part in read(text) if isinstance(part, dict)]
        if tables:
            became += 1
            meant = {
                name: dict(zip(heads, [raised.get(c, c) for c in cells]))
                for name, *cells in rows
            }
            assert tables == [meant], text
    assert became > 200
