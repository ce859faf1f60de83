"""Train chapter 8's stacks on characters, wide against deep.

Plain cells, one to four layers, with and without a way past each layer, at
equal width and at equal numbers of weights; two learning rates, three seeds
each: under "depth.", bits per character of held-out files and the time of a
step; about four minutes on one core. "same_time" trains the wide layer once
more, for as long as the residual stack took; "ngrams" is the baseline.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import readout_vjp, rnn_cell_vjp
from rnncore.characters import one_hot
from rnncore.gradient_flow import orthogonal
from rnncore.layers import stack, stack_bptt
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    rnn_cell,
    zero_state,
)
from rnncore.sequence import bits_per_character, count_ngrams, surprisal
from rnncore.text.model import contiguous_windows
from tools.measurements import read
from tools.train.runner import Asked, Found, Training, bar, fitted
from tools.train.tasks.chars import Text, python_text

T, B, STEPS, HELD_OUT = 32, 32, 700, 1000
RATES = 0.005, 0.002
UNIT = "bits per character"


class Form(NamedTuple):
    """How many layers, how wide, and whether there is a way past each."""

    layers: int
    H: int
    residual: bool = False
    orthogonal: bool = False  # each W_h at the start


FORMS = {
    "narrow": Form(1, 64),
    "wide": Form(1, 128),
    "two": Form(2, 89),
    "four": Form(4, 64),
    "residual": Form(4, 64, residual=True),
    "orthogonal": Form(4, 64, orthogonal=True),
}


class Model(NamedTuple):
    """A stack, and the readout that predicts from the top layer."""

    layers: list[Params]
    readout: Readout


def forward(
    model: Model, x: Any, states: list, residual: bool
) -> tuple[Any, list, list]:
    """Like `stack`, one layer at a time where there is a way past it."""
    if not residual:
        return stack(rnn_cell, model.layers, x, states)
    y, last, tapes = stack(rnn_cell, model.layers[:1], x, states[:1])
    for layer, state in zip(model.layers[1:], states[1:], strict=True):
        up, (end,), (tape,) = stack(rnn_cell, [layer], y, [state])
        y = y + up
        last.append(end)
        tapes.append(tape)
    return y, last, tapes


def backward(model: Model, tapes: list, d_y: Any, residual: bool) -> list[Params]:
    """The gradients of the layers' weights."""
    nothing = [zero_state(p, B) for p in model.layers]
    if not residual:
        return stack_bptt(rnn_cell_vjp, model.layers, tapes, d_y, nothing)[0]
    found = []
    for k in reversed(range(len(tapes))):
        one = slice(k, k + 1)
        (d_layer,), d_x, _ = stack_bptt(
            rnn_cell_vjp, model.layers[one], tapes[one], d_y, nothing[one]
        )
        d_y = d_x + d_y if k else d_x  # through the layer, and past it
        found.append(d_layer)
    return found[::-1]


def init(rng: np.random.Generator, form: Form, K: int) -> Model:
    """The first weights in float32."""
    widths = [K] + [form.H] * (form.layers - 1)
    layers = [init_params(rng, D, form.H) for D in widths]
    if form.orthogonal:
        layers = [p._replace(W_h=orthogonal(rng, form.H)) for p in layers]
    return tree_map(np.float32, Model(layers, init_readout(rng, form.H, K)))


def train_one(
    form: Form, rate: float, seed: int, steps: int, label: str
) -> tuple[float, float, int]:
    """Held-out bits, seconds and number of weights of one run."""
    text = data()
    held_out = text.held_out
    model = init(np.random.default_rng(seed), form, len(text.alphabet))
    zero = [zero_state(p, B) for p in model.layers]

    def loss_and_gradient(
        model: Model, ids: Any, states: list
    ) -> tuple[Any, Model, list]:
        x = one_hot(ids[:-1], model.readout.W_y.T)
        y, states, tapes = forward(model, x, states, form.residual)
        logits = readout(model.readout, y)
        loss, cache = cross_entropy(logits, ids[1:])
        d_logits = cross_entropy_vjp(1.0, cache)
        d_readout, d_y = readout_vjp(d_logits, model.readout, y)
        d_layers = backward(model, tapes, d_y, form.residual)
        return loss, Model(d_layers, d_readout), states

    def bits(model: Model) -> float:
        x = one_hot(held_out[:-1], model.readout.W_y.T)
        y, _, _ = forward(model, x, zero, form.residual)
        loss, _ = cross_entropy(readout(model.readout, y), held_out[1:])
        return float(loss) / math.log(2)

    result, seconds = fitted(
        loss_and_gradient,
        model,
        contiguous_windows(text.rows, T),
        rate,
        steps,
        np.random.default_rng(seed),
        carry=zero,
        progress=bar(label),
    )
    count = sum(leaf.size for _, leaf in named_leaves(model))
    return bits(result.params), seconds, count


@cache
def data() -> Text:
    """Training and held-out lanes, the same for all runs."""
    text = python_text(B, B)
    return text._replace(held_out=text.held_out[: HELD_OUT + 1])


def baseline(asked: Asked) -> Iterator[Found]:
    """Bits of 1- to 5-grams that count the same characters."""
    rows, held_out, alphabet = data()
    letters = np.array(list(alphabet))
    seen = "".join(letters[rows[: STEPS * T + 1].T.ravel()])
    unseen = "".join(letters[held_out.T.ravel()])
    grams = count_ngrams(seen, 5, alphabet)
    bits = [
        bits_per_character(surprisal(grams._replace(order=order), unseen), len(unseen))
        for order in range(1, 6)
    ]
    yield Found("depth.ngrams", bits, UNIT, None)


# Milliseconds a step of each form, by run: the shortest is recorded.
TAKEN: dict[str, list[float]] = defaultdict(list)


def train(name: str, seed: int, asked: Asked) -> Iterator[Found]:
    """One form with each learning rate."""
    steps = asked.steps or STEPS
    for rate in RATES:
        label = f"{name} {rate} {seed}"
        bits, seconds, count = train_one(FORMS[name], rate, seed, steps, label)
        yield Found(f"depth.{name}.{rate}", bits, UNIT)
        TAKEN[name].append(1000 * seconds / steps)
    seeds, unit = list(asked.seeds), "ms of one core a step"
    yield Found(f"depth.{name}.milliseconds", min(TAKEN[name]), unit, seeds)
    yield Found(f"depth.{name}.weights", count, "", seeds)


def same_time(asked: Asked) -> Iterator[Found]:
    """The wide layer for the residual stack's time, from what is recorded."""
    known = read()
    wide, deep = (
        known[f"depth.{name}.milliseconds"]["value"] for name in ("wide", "residual")
    )
    steps = asked.steps or round(STEPS * deep / wide)
    found = [
        train_one(FORMS["wide"], RATES[0], seed, steps, f"wide {seed}")[0]
        for seed in asked.seeds
    ]
    seeds = list(asked.seeds)
    yield Found("depth.same_time", found, UNIT, seeds)
    yield Found("depth.same_time.steps", steps, "steps", seeds)


TRAINING = Training(
    "depth",
    __doc__,
    {name: partial(train, name) for name in FORMS},
    {"ngrams": baseline, "same_time": same_time},
)
