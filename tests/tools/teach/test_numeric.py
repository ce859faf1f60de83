"""Numeric questions: each answer is found again in another way."""

import random

import numpy as np
import pytest
import torch

from tests.helpers.arrays import assert_close
from tools import ROOT
from tools.teach.numeric import KINDS, draw_numeric, draw_some


def go_back(g, n, s):
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(4, 4)))[0]
    gradient = np.array([g, 0, 0, 0])
    for _ in range(n):
        gradient = s * turn.T @ gradient
    return np.linalg.norm(gradient)


def clip(a, b, t):
    gradient = np.array([a, b], float)
    return float((t * gradient / np.linalg.norm(gradient))[0])


def multiply_gates(f, n, g, m):
    return float(np.prod([f] * n + [g] * m))


def slope(h, d):
    a = torch.atanh(torch.tensor(h, dtype=torch.float64)).requires_grad_()
    (d * torch.tanh(a)).backward()
    return float(a.grad)


def count(layer):
    return lambda D, H: sum(w.numel() for w in layer(D, H).parameters())


AGAIN = {
    "perplexity from nats": lambda l: 2 ** (l / np.log(2)),
    "bits per character": lambda words, chars, p: (
        -np.log2((1 / p) ** (words / chars))
    ),
    "weights of a plain cell": count(torch.nn.RNN),
    "slope of tanh": slope,
    "size of a tape": lambda H, B, T: (
        np.empty((T, B, H), np.float32).nbytes / 1e6
    ),
    "loss at the start": lambda V: float(
        torch.nn.functional.cross_entropy(
            torch.zeros(1, V, dtype=torch.float64), torch.tensor([0])
        )
    ),
    "norm after steps": go_back,
    "clipping by norm": clip,
    "product of gates": multiply_gates,
    "half-life of a gate": lambda f: np.log2(0.5) / np.log2(f),
    "weights of an LSTM": count(torch.nn.LSTM),
    "a step of a GRU": lambda h, n, z: n + z * (h - n),
}


@pytest.mark.parametrize("name", KINDS)
def test_the_answer_is_right(name):
    kind = KINDS[name]
    for seed in range(5):
        rng = random.Random(seed)
        given = {key: rng.choice(of) for key, of in kind.drawn.items()}
        drawn = draw_numeric(name, random.Random(seed))
        assert_close(drawn.answer, AGAIN[name](**given))
        assert drawn.off <= 0.01 * abs(drawn.answer)
        assert "{" not in drawn.asked + drawn.why


@pytest.mark.parametrize("name", KINDS)
def test_neighbours_have_other_numbers_and_a_page_of_the_book(name):
    drawn = [draw_numeric(name, random.Random(seed)) for seed in range(40)]
    assert len({one.asked for one in drawn}) >= 5
    assert len({round(one.answer, 9) for one in drawn}) >= 5
    assert (ROOT / "book" / f"{KINDS[name].page}.md").exists()


def test_some_are_of_different_kinds_and_of_the_pages_alone():
    pages = ["ch06_lstm", "ch07_gru"]
    drawn = draw_some(pages, 3, random.Random(1))
    assert len({one.kind for one in drawn}) == 3
    assert {one.page for one in drawn} <= {*pages}
    assert draw_some(pages, 3, random.Random(1)) == drawn
    assert len(draw_some(["ch07_gru"], 3, random.Random(1))) == 1
    assert draw_some([], 3, random.Random(1)) == []
