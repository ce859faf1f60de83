"""What is written is judged by the language's own parser, and by metre."""

import re
from fractions import Fraction

import numpy as np
import pytest

from rnncore.text.heatmap import heat_map
from rnncore.text.sample_quality import (
    bars_that_fit,
    duration,
    first_function,
    line_parses,
    parses,
    read_tune,
)
from rnncore.text.tunes import folk_tunes, plain_abc, split_tunes

SCALE = "M:4/4\nL:1/8\nK:D\nDEFG ABcd|d2 c2 B2 A2|G4 F4|E2 D2 z4|]\n"


def test_a_function_ends_where_the_indentation_does():
    text = "def f(a,\n      b\n):\n    return a\n\n    # done\n\nx = 1\n"
    assert first_function(text) == text[: text.index("\n\nx")] + "\n"
    assert first_function("def f():\n    return") is None
    assert first_function("def f():\n    pass\n\n\nclass") is not None
    method = "    def f(self):\n        pass\n\n    @property\n"
    assert first_function(method) == "def f(self):\n    pass\n"


@pytest.mark.parametrize(
    ("source", "fine"),
    [
        ("def f():\n    return 1\n", True),
        ("def f(:\n    return 1\n", False),
        ("def f():\nreturn 1\n", False),
        ("x = '\\d'\n", True),
        ("x = '\0'\n", False),
        ("(" * 5000, False),
    ],
)
def test_python_says_whether_it_is_python(source, fine):
    assert parses(source) is fine


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("        return self.x", True),
        ("    except (A, B) as e:", True),
        ("elif x:", True),
        ("for k in range(3):", True),
        ("@property", True),
        ("# said beside it", False),  # a block needs a statement
        ("yield 3", True),
        ("break", True),
        ("if x", False),
        ("f(a,", False),
        ("def f(self, x: int) -> None:", True),
    ],
)
def test_a_line_is_accepted_if_it_could_stand_somewhere(line, fine):
    assert line_parses(line) is fine


@pytest.mark.parametrize(
    ("bar", "units"),
    [
        ("DEFG", 4),
        ("A2B/c//", Fraction(11, 4)),
        ("A3/2B1/2", 2),
        ("A>B", 2),
        ("A<Bc", 3),
        ("(3ABc d", 3),
        ("[DFA]2z2", 4),
        ("^c'=B,_e", 3),
        ("(3A/B/c/", 1),
        ("(AB) c-c", 4),
    ],
)
def test_the_notes_of_a_bar_are_added_up(bar, units):
    assert duration(bar) == units


def test_bars_are_held_against_the_metre():
    assert bars_that_fit(SCALE) == (2, 2)  # without the first and last
    assert bars_that_fit(SCALE.replace("G4 F4", "G4 F3")) == (1, 2)
    assert bars_that_fit(SCALE.replace("M:4/4", "M:6/8")) == (0, 2)
    with pytest.raises(ValueError, match=r"^abc:"):
        bars_that_fit("K:D\nABc|")


def test_music21_reads_a_scale():
    pytest.importorskip("music21")
    notes = read_tune(SCALE)
    assert [n.pitch for n in notes[:3]] == [62, 64, 66]  # F is sharp in D
    assert [n.beats for n in notes[7:9]] == [0.5, 1.0]
    with pytest.raises(ValueError, match="abc: music21"):
        read_tune("M:4/4\nK:D\n\n")


def test_a_tune_is_reduced_to_what_is_played():
    tune = (
        "X: 1\nT: The Cat\nM: 6/8\nL:1/8\nK: D % major\n"
        'A|"D"{cB}~d3 .e2!trill!f|\nw: la\ng3- \\\n'
    )
    assert plain_abc(tune) == "M:6/8\nL:1/8\nK:D\nA|d3 e2f|\ng3-\n"
    assert plain_abc(tune.replace("M: 6/8\n", "")) is None
    assert plain_abc(tune + "K:G\nabc|\n") is None
    assert plain_abc(tune + "V:2\nabc|\n") is None


@pytest.mark.slow
def test_versions_of_a_tune_are_not_split():
    pytest.importorskip("music21")
    tunes = folk_tunes()
    assert len(tunes) > 2500
    parts = split_tunes(tunes, np.random.default_rng(0), 0.1, 0.1)
    assert sum(map(len, parts)) == len(tunes)
    same = {text: set() for text in tunes.values()}
    for k, part in enumerate(parts):
        for text in part.values():
            same[text].add(k)
    assert max(map(len, same.values())) == 1  # 30 stand there twice
    assert len(same) < len(tunes)
    fits = [bars_that_fit(text) for text in parts[2].values()]
    right, counted = map(sum, zip(*fits))
    assert right / counted > 0.95


def test_a_heat_map_says_in_lines_what_it_says_in_colours():
    html = heat_map(
        ["a", "<b>", "\n", "d"],
        np.array([0.5, 2.0, 4.0, 9.0]),
        "how <sure>",
        guesses=["a", "b", "c", "x"],
    ).html
    assert "&lt;b&gt;" in html
    assert "<b>" not in html
    assert "how &lt;sure&gt;" in html
    for line in ("2px dotted", "2px solid", "4px double"):
        assert html.count(line) == 2  # once in the key, once in the text
    assert "9.0 bits; guessed" in html
    rows = re.findall(r'<tr><th scope="row">(.*?)</th>(.*?)</tr>', html)
    assert rows[1] == ("&lt;b&gt;", "<td>2.0</td><td>&#x27;b&#x27;</td>")
    assert rows[2][0] == "&#x27;\\n&#x27;"
    with pytest.raises(ValueError, match=r"bits: expected \(2,\)"):
        heat_map(["a", "b"], np.zeros(3), "x")
