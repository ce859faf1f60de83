"""The kept drawings of cells: a gate's colour, and letters large enough."""

import re
import xml.etree.ElementTree as ET

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnncore.display import GATE_COLORS, use_style
from tests.helpers import ROOT

BOOK = ROOT / "book"
WIRES = sorted((BOOK / "wires").glob("*.svg"))
SVG = "{http://www.w3.org/2000/svg}"
INK = "#111111"  # of a letter that is not faded
LIT = {"lstm-forget": "f", "lstm-input": "ig", "lstm-output": "o"}
NUMBER = r"-?\d+\.?\d*"


def drawing(path):
    """The SVG's elements; a comment names each text."""
    keeps = ET.TreeBuilder(insert_comments=True)
    return ET.parse(path, ET.XMLParser(target=keeps)).getroot()


def texts(path):
    """What each text says, its size, its colour and its place."""
    for group in drawing(path).iter(f"{SVG}g"):
        if not group.get("id", "").startswith("text_"):
            continue
        (said,) = (e.text.strip() for e in group if e.tag is ET.Comment)
        letters = group.find(f"{SVG}g")
        move = letters.get("transform")
        x, y, size = re.match(
            rf"translate\(({NUMBER}) ({NUMBER})\) scale\(({NUMBER}) ", move
        ).groups()
        colour = letters.get("style").removeprefix("fill: ")
        yield (
            said,
            100 * float(size),
            colour,
            np.array([float(x), float(y)]),
        )


def gates(path):
    """The outline's colour of the sigmoid or tanh nearest to each gate's letter."""
    shapes = []
    for group in drawing(path).iter(f"{SVG}g"):
        use = group.find(f".//{SVG}use")
        if not group.get("id", "").startswith("Fill") or use is None:
            continue
        outline = group.find(f".//{SVG}path").get("d")
        points = re.findall(rf"[ML] ({NUMBER}) ({NUMBER})", outline)
        at = np.mean(np.array(points, float), axis=0)
        at += float(use.get("x")), float(use.get("y"))
        shapes.append(
            (at, re.search(r"stroke: (#\w+)", use.get("style"))[1])
        )

    def nearest(at, of):
        return min(of, key=lambda shape: np.linalg.norm(shape[0] - at))

    said = [*texts(path)]
    squash = [
        nearest(at, shapes)
        for word, _, _, at in said
        if word in ("σ", "tanh")
    ]
    found = {}
    for word, _, colour, at in said:
        if (
            gate := re.fullmatch(r"\$([ifgorzn])_t\$", word)
        ) and colour == INK:
            found[gate[1]] = nearest(at, squash)[1]
    return found


def colours(cell):
    """The colour of each gate's letter in the live machine."""
    source = (BOOK / "_static" / "live" / "machine.mjs").read_text("utf8")
    rows = re.search(rf"  {cell}: \[\n(.*?)\n  \],", source, re.DOTALL)[1]
    named = re.findall(r'\["(\w)", "[^"]*", "(\w+)"', rows)
    return {g: GATE_COLORS[c].lower() for g, c in named if c in GATE_COLORS}


@pytest.mark.parametrize("path", WIRES, ids=lambda path: path.stem)
def test_gates_have_the_colours_of_the_live_machine(path):
    cell = path.stem.partition("-")[0]
    if cell == "rnn":
        assert not gates(path)
        return
    known = colours(cell)
    drawn = LIT.get(path.stem, {"lstm": "figo", "gru": "zrn"}[cell])
    assert gates(path) == {gate: known[gate] for gate in drawn}


@pytest.mark.parametrize("path", WIRES, ids=lambda path: path.stem)
def test_letters_are_as_large_as_those_of_other_figures(path):
    with plt.rc_context():
        use_style()
        least = plt.rcParams["font.size"]
    assert min(size for _, size, _, _ in texts(path)) >= least
