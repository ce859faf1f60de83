"""Train the two networks that chapters 6 and 7 open in the page.

An LSTM and a GRU of 24 units read the language reference of Python in small
letters, as chapter 6's networks do, and predict the next character. Their
weights, rounded to two decimals, go to book/_static/live/data/letters-NAME.json
with the bits per held-out character of those rounded weights, beside what
pairs of characters give, and with the unit whose keeping gate (forget or
update) differs most between a space and other characters. Two minutes on a
quiet core.
"""

import argparse
import json
import re

import numpy as np
from tqdm import tqdm

from rnncore.backend import tree_map
from rnncore.cells import CELLS as KNOWN
from rnncore.characters import (
    Model,
    encode,
    held_out_bits,
    lanes,
    next_character,
    one_hot,
)
from rnncore.data.text import documentation_topics
from rnncore.optim import adam
from rnncore.rnn import init_params, init_readout, unroll, zero_state
from rnncore.train import Schedule, fit
from tools import ROOT

UNITS, LANES, WINDOW, PASSES = 24, 32, 32, 6
FOLDER = ROOT / "book/_static/live/data"
CELLS = {"lstm": KNOWN["LSTM"], "gru": KNOWN["GRU"]}


def plain_letters(text: str) -> str:
    """Small letters, spaces, and a few signs; _ for every other."""
    text = re.sub(r"\s+", " ", text.lower())
    return re.sub(r"[^a-z .,()']", "_", text)


def read_texts() -> tuple[str, str]:
    """The reference without every tenth topic, and these topics."""
    topics = documentation_topics()
    held = list(topics)[::10]
    text = "".join(plain_letters(topics[k]) for k in topics if k not in held)
    return text, "".join(plain_letters(topics[k]) for k in held)


def pair_bits(ids: np.ndarray, new: np.ndarray, K: int) -> float:
    """Bits per new character of counting which one follows which."""
    pairs = np.ones((K, K))
    np.add.at(pairs, (ids[:-1], ids[1:]), 1)
    pairs /= pairs.sum(1, keepdims=True)
    return float(-np.log2(pairs[new[:-1], new[1:]]).mean())


def train(name: str, grid: np.ndarray, K: int) -> Model:
    """One network, its weights rounded."""
    cell, vjp, G, parts = CELLS[name]
    rng = np.random.default_rng(0)
    layer = init_params(rng, K, UNITS, G)
    layer.b_x[UNITS : 2 * UNITS] += 1  # forget, or update: keep at first
    model = Model(layer, init_readout(rng, UNITS, K))
    windows = (len(grid) - 1) // WINDOW
    run = fit(
        next_character(cell, vjp),
        model,
        lambda rng, step: grid[step % windows * WINDOW :][: WINDOW + 1],
        optimizer=adam(0.005),
        rng=rng,
        carry=zero_state(layer, LANES, parts),
        schedule=Schedule(
            PASSES * windows, clip=1.0, progress=lambda steps: tqdm(steps, desc=name)
        ),
    )
    return tree_map(lambda w: np.round(w, 2), run.params)


def space_unit(name: str, model: Model, exam: np.ndarray, K: int) -> int:
    """The unit whose keeping gate moves most at a space."""
    cell, _, _, parts = CELLS[name]
    x = one_hot(exam[:600], model.cell.W_x)
    start = zero_state(model.cell, LANES, parts)
    _, _, tape = unroll(cell, model.cell, x, start)
    keep = np.stack([cache[1] for cache in tape.caches])  # f, or z
    space = exam[:600] == 0
    moves = keep[space].mean(0) - keep[~space].mean(0)
    return int(abs(moves).argmax())


def main() -> None:
    """Train both and write what the pages load."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    text, unseen = read_texts()
    alphabet = "".join(sorted(set(text + unseen)))
    K = len(alphabet)
    if alphabet[0] != " ":
        raise ValueError(f"alphabet: expected a space first, got {alphabet}")
    ids, new = encode(text, alphabet), encode(unseen, alphabet)
    grid, exam = lanes(ids, LANES), lanes(new, LANES)
    FOLDER.mkdir(exist_ok=True)
    for name, (cell, _, _, parts) in CELLS.items():
        model = train(name, grid, K)
        start = zero_state(model.cell, LANES, parts)
        weights = model.cell._asdict() | model.readout._asdict()
        made = {
            "alphabet": alphabet,
            "H": UNITS,
            "bits": round(held_out_bits(cell, model, exam, start), 3),
            "pairs": round(pair_bits(ids, new, K), 3),
            "unit": space_unit(name, model, exam, K),
            **{k: w.ravel().tolist() for k, w in weights.items()},
        }
        path = FOLDER / f"letters-{name}.json"
        path.write_text(json.dumps(made, separators=(",", ":")) + "\n", "utf-8")
        tqdm.write(f"{path.name}: {made['bits']} bits, unit {made['unit']}")


if __name__ == "__main__":
    main()
