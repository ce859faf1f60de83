"""Compare chapter 8's stacks on characters, wide with deep.

Plain cells, one to four layers, with and without a skip connection around each
layer, at equal width and at equal numbers of weights. `rnncore.comparison` gives
all forms the same rates and seeds: after equally many updates, "depth.updates",
and, the residual stack against one wide layer, after equal time, "depth.time",
whose "steps" are milliseconds. Bits per character of held-out files after the
last update; about seven minutes of one core. "longer.residual" and "longer.wide"
go on for eight times as long, in equal time, and are scored at eight looks; three
seeds, ten minutes each. "ngrams" is the baseline.
"controls" are four plain layers whose W_x is orthogonal too, from the second
layer on, with an orthogonal W_h and with half of it; one minute.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore import fused
from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import readout_vjp, rnn_cell_vjp
from rnncore.characters import one_hot
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.fused import cells as equations
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
from rnncore.train import Fit
from tools.train.ch04.chars import Text, python_text
from tools.train.runner import Measurement, Options, Training, fit_cell

T, B, STEPS, HELD_OUT = 32, 32, 500, 1000
RATES = (0.002, 0.005, 0.0125)
SEEDS = (0, 1, 2, 3, 4)
REPEATS = 40  # of what is timed
LONG_RATES, LONG_SEEDS = (0.001, 0.002, 0.005, 0.0125), (0, 1, 2)
AT_A_LOOK = {"residual": 500, "wide": 774}  # updates, in equal time: depth.time
UNIT = "bits per held-out character"
VALIDATION, TEST = slice(0, B // 2), slice(B // 2, B)  # lanes


class Form(NamedTuple):
    """How many layers, how wide, and whether there is a way past each."""

    layers: int
    H: int
    residual: bool = False
    orthogonal: bool = False  # each W_h at the start
    inputs: bool = False  # each W_x from the second layer on, too
    scale: float = 1.0  # of an orthogonal W_h


FORMS = {
    "narrow": Form(1, 64),
    "wide": Form(1, 128),
    "two": Form(2, 89),
    "four": Form(4, 64),
    "residual": Form(4, 64, residual=True),
    "orthogonal": Form(4, 64, orthogonal=True),
}
CONTROLS = {
    "W_x": Form(4, 64, orthogonal=True, inputs=True),
    "W_x, W_h halved": Form(4, 64, orthogonal=True, inputs=True, scale=0.5),
}


class Model(NamedTuple):
    """A stack, and the readout that predicts from the top layer."""

    layers: list[Params]
    readout: Readout


def run_forward(
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


def run_backward(model: Model, tapes: list, d_y: Any, residual: bool) -> list[Params]:
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
        layers = [p._replace(W_h=form.scale * orthogonal(rng, form.H)) for p in layers]
    if form.inputs:
        upper = [p._replace(W_x=orthogonal(rng, form.H)) for p in layers[1:]]
        layers = [layers[0], *upper]
    return tree_map(np.float32, Model(layers, init_readout(rng, form.H, K)))


def forward_compiled(
    model: Model, x: Any, states: list, residual: bool
) -> tuple[Any, list, list]:
    """`run_forward` of a stack without skip connections, by the compiled loops."""
    last, tapes = [], []
    for layer, state in zip(model.layers, states, strict=True):
        x, end, tape = fused.unroll(equations.rnn, layer, x, state)
        last.append(end)
        tapes.append(tape)
    return x, last, tapes


def backward_compiled(
    model: Model, tapes: list, d_y: Any, residual: bool
) -> list[Params]:
    """`run_backward` of a stack without skip connections, by the compiled loops."""
    found = []
    for layer, tape in zip(reversed(model.layers), reversed(tapes), strict=True):
        nothing = zero_state(layer, B)
        d_layer, d_y, _ = fused.bptt(equations.rnn, layer, tape, d_y, nothing)
        found.append(d_layer)
    return found[::-1]


class DepthRun(NamedTuple):
    """The weights after the last update, and how long an update took."""

    model: Model
    milliseconds: float


def train_form(
    name: str,
    rate: float,
    seed: int,
    steps: int,
    look: Callable[[Model], float] | None = None,
    every: int = 1,
) -> tuple[Fit, float]:
    """One form, trained, and looked at after each `every` updates; seconds."""
    form, text = (FORMS | CONTROLS)[name], make_data()
    model = init(np.random.default_rng(seed), form, len(text.alphabet))

    ahead, back = run_forward, run_backward
    if name in CONTROLS:  # whose time is not compared
        ahead, back = forward_compiled, backward_compiled

    def loss_and_gradient(
        model: Model, ids: Any, states: list
    ) -> tuple[Any, Model, list]:
        x = one_hot(ids[:-1], model.readout.W_y.T)
        y, states, tapes = ahead(model, x, states, form.residual)
        logits = readout(model.readout, y)
        loss, cache = cross_entropy(logits, ids[1:])
        d_logits = cross_entropy_vjp(1.0, cache)
        d_readout, d_y = readout_vjp(d_logits, model.readout, y)
        d_layers = back(model, tapes, d_y, form.residual)
        return loss, Model(d_layers, d_readout), states

    return fit_cell(
        loss_and_gradient,
        model,
        contiguous_windows(text.rows, T),
        rate,
        steps,
        np.random.default_rng(seed),
        carry=[zero_state(p, B) for p in model.layers],
        evaluate=look,
        evaluate_every=every,
    )


@cache
def run(name: str, rate: float, seed: int, steps: int) -> DepthRun:
    """One form, trained, and timed."""
    result, seconds = train_form(name, rate, seed, steps)
    return DepthRun(result.params, 1000 * seconds / steps)


def measure_bits(form: Form, model: Model, lanes: slice) -> float:
    """The score on some lanes of the held-out files."""
    ids = make_data().held_out[:, lanes]
    x = one_hot(ids[:-1], model.readout.W_y.T)
    zero = [zero_state(p, ids.shape[1]) for p in model.layers]
    y, _, _ = run_forward(model, x, zero, form.residual)
    loss, _ = cross_entropy(readout(model.readout, y), ids[1:])
    return float(loss) / math.log(2)


def train(name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run: half of the held-out lanes choose, the others test."""
    score = partial(
        measure_bits,
        (FORMS | CONTROLS)[name],
        run(name, setting["rate"], seed, steps).model,
    )
    trained = Trained(score(VALIDATION), steps, lambda: score(TEST))
    tqdm.write(f"{name} {setting['rate']:g} {seed}: {trained.validation:.3f}")
    return trained


@cache
def make_data() -> Text:
    """Training and held-out lanes, the same for all runs."""
    text = python_text(B, B)
    return text._replace(held_out=text.held_out[: HELD_OUT + 1])


def run_baseline(asked: Options) -> Iterator[Measurement]:
    """Bits of 1- to 5-grams that count the same characters."""
    rows, held_out, alphabet = make_data()
    letters = np.array(list(alphabet))
    seen = "".join(letters[rows[: STEPS * T + 1].T.ravel()])
    unseen = "".join(letters[held_out[:, TEST].T.ravel()])
    grams = count_ngrams(seen, 5, alphabet)
    found = [
        bits_per_character(surprisal(grams._replace(order=order), unseen), len(unseen))
        for order in range(1, 6)
    ]
    yield Measurement("depth.ngrams", found, UNIT, None)


def time_updates() -> dict[str, float]:
    """An update of each form: the shortest of several short runs, in turn."""
    runs = [
        {name: run(name, RATES[0], k, 5).milliseconds for name in FORMS}
        for k in range(REPEATS)
    ]
    return {name: min(one[name] for one in runs) for name in FORMS}


def all_forms(asked: Options) -> Iterator[Measurement]:
    """After equally many updates."""
    seeds = list(SEEDS)
    found = compare(
        {name: partial(train, name) for name in FORMS},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("depth.updates", to_json(found), UNIT, seeds)
    for name in FORMS:
        count = sum(leaf.size for _, leaf in named_leaves(run(name, 1.0, 0, 1).model))
        yield Measurement(f"depth.{name}.weights", count, "", None)


def run_controls(asked: Options) -> Iterator[Measurement]:
    """Four plain layers from better starts, after the same updates."""
    found = compare(
        {name: partial(train, name) for name in CONTROLS},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("depth.controls", to_json(found), UNIT, list(SEEDS))


def same_time(asked: Options) -> Iterator[Measurement]:
    """One wide layer and the residual stack, in the time of the stack."""
    taken = time_updates()
    for name, ms in taken.items():
        yield Measurement(
            f"depth.{name}.milliseconds", ms, "ms of one core an update", 0
        )
    budget = math.ceil((asked.steps or STEPS) * taken["residual"])
    updates = {name: int(budget / taken[name]) for name in ("wide", "residual")}

    def train_for(name: str, setting: Setting, seed: int, budget: int) -> Trained:
        return train(name, setting, seed, updates[name])._replace(steps=budget)

    found = compare(
        {name: partial(train_for, name) for name in updates},
        {"rate": RATES},
        steps=budget,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("depth.time", to_json(found), UNIT, list(SEEDS))
    yield Measurement("depth.time.updates", updates, "updates", list(SEEDS))


def go_on(name: str, asked: Options) -> Iterator[Measurement]:
    """Validation and test at eight looks, in equal time, for each rate and seed."""
    form = FORMS[name]
    every = asked.steps or AT_A_LOOK[name]
    found: dict[str, list[list[list[float]]]] = {}
    for rate in LONG_RATES:
        found[f"{rate:g}"] = runs = []
        for seed in LONG_SEEDS:
            scores: list[list[float]] = []

            def look(model: Model, scores: list[list[float]] = scores) -> float:
                both = (measure_bits(form, model, part) for part in (VALIDATION, TEST))
                scores.append(list(both))
                return scores[-1][0]

            train_form(name, rate, seed, 8 * every, look, every)
            tqdm.write(f"{name} {rate:g} {seed}: {scores[-1][0]:.3f}")
            runs.append(scores)
    unit = f"{UNIT}: validation and test, by rate, seed and look"
    yield Measurement(
        f"depth.longer.{name}",
        {"every": every, "scores": found},
        unit,
        list(LONG_SEEDS),
    )


TRAINING = Training(
    "depth",
    __doc__,
    {},
    {
        "ngrams": run_baseline,
        "updates": all_forms,
        "time": same_time,
        "controls": run_controls,
    }
    | {f"longer.{name}": partial(go_on, name) for name in AT_A_LOOK},
)
