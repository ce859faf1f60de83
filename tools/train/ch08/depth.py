"""Compare chapter 8's stacks on characters, wide with deep.

Plain cells: one wide layer, and four layers with a skip connection around each,
at equal numbers of weights. The W_x that reads the characters is multiplied at the
start by a tuned number, and "as drawn" is the same without that; the first of three
seeds chooses. "depth.updates" is after equally many updates, "depth.time" after
equal time of the compiled loops, whose "steps" are milliseconds. Bits per character
of held-out files after the last update; five minutes of one core. "ngrams" is the
baseline.
"""

import math
from collections.abc import Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore import fused
from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import readout_vjp
from rnncore.characters import one_hot
from rnncore.comparison import Comparison, Result, Setting, Trained, to_json
from rnncore.fused import cells as equations
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.rnn import Params, Readout, init_params, init_readout, readout, zero_state
from rnncore.sequence import bits_per_character, count_ngrams, surprisal
from rnncore.text.model import contiguous_windows
from tools.train.ch04.chars import Text, python_text
from tools.train.grids import search_start
from tools.train.runner import Measurement, Options, Training, fit_cell

T, B, STEPS, HELD_OUT = 32, 32, 500, 1000
RATES, SCALES = (0.002, 0.005, 0.0125), (1.0, 4.0, 16.0, 64.0)
SEEDS = (0, 1, 2)
REPEATS = 40  # of what is timed
UNIT = "bits per held-out character"
VALIDATION, TEST = slice(0, B // 2), slice(B // 2, B)  # lanes


class Form(NamedTuple):
    """How many layers, how wide, and whether there is a way past each."""

    layers: int
    H: int
    residual: bool = False


FORMS = {"wide": Form(1, 128), "residual": Form(4, 64, residual=True)}


class Model(NamedTuple):
    """A stack, and the readout that predicts from the top layer."""

    layers: list[Params]
    readout: Readout


def run_forward(
    model: Model, x: Any, states: list, residual: bool
) -> tuple[Any, list, list]:
    """`rnncore.layers.stack` by the compiled loops, or with a way past each layer."""
    last, tapes = [], []
    for k, (layer, state) in enumerate(zip(model.layers, states, strict=True)):
        y, end, tape = fused.unroll(equations.rnn, layer, x, state)
        x = x + y if residual and k else y
        last.append(end)
        tapes.append(tape)
    return x, last, tapes


def run_backward(model: Model, tapes: list, d_y: Any, residual: bool) -> list[Params]:
    """The gradients of the layers' weights."""
    found = []
    for k in reversed(range(len(tapes))):
        layer = model.layers[k]
        nothing = zero_state(layer, d_y.shape[1])
        d_layer, d_x, _ = fused.bptt(
            equations.rnn, layer, tapes[k], d_y, nothing, d_x=bool(k)
        )
        d_y = d_x + d_y if residual and k else d_x  # through the layer, and past it
        found.append(d_layer)
    return found[::-1]


def init(rng: np.random.Generator, form: Form, K: int, scale: float = 1.0) -> Model:
    """torch's first weights in float32, the lowest W_x times a number."""
    widths = [K] + [form.H] * (form.layers - 1)
    layers = [init_params(rng, D, form.H) for D in widths]
    layers[0] = layers[0]._replace(W_x=scale * layers[0].W_x)
    return tree_map(np.float32, Model(layers, init_readout(rng, form.H, K)))


class DepthRun(NamedTuple):
    """The weights after some updates, and how long an update took."""

    models: dict[float, Model]  # by the number of updates
    milliseconds: float


@cache
def run(
    name: str, rate: float, scale: float, seed: int, steps: int, look: int
) -> DepthRun:
    """One form, trained and timed; its weights at each `look` and at the end."""
    form, text = FORMS[name], make_data()
    model = init(np.random.default_rng(seed), form, len(text.alphabet), scale)
    models: list[Model] = []

    def loss_and_gradient(
        model: Model, ids: Any, states: list
    ) -> tuple[Any, Model, list]:
        x = one_hot(ids[:-1], model.readout.W_y.T)
        y, states, tapes = run_forward(model, x, states, form.residual)
        logits = readout(model.readout, y)
        loss, cache = cross_entropy(logits, ids[1:])
        d_logits = cross_entropy_vjp(1.0, cache)
        d_readout, d_y = readout_vjp(d_logits, model.readout, y)
        d_layers = run_backward(model, tapes, d_y, form.residual)
        return loss, Model(d_layers, d_readout), states

    def keep(model: Model) -> float:
        models.append(model)
        return 0.0

    result, seconds = fit_cell(
        loss_and_gradient,
        model,
        contiguous_windows(text.rows, T),
        rate,
        steps,
        np.random.default_rng(seed),
        carry=[zero_state(p, B) for p in model.layers],
        evaluate=keep,
        evaluate_every=look,
    )
    kept = dict(zip(result.history.evaluated, models, strict=True))
    return DepthRun(kept, 1000 * seconds / steps)


def measure_bits(form: Form, model: Model, lanes: slice) -> float:
    """The score on some lanes of the held-out files."""
    ids = make_data().held_out[:, lanes]
    x = one_hot(ids[:-1], model.readout.W_y.T)
    zero = [zero_state(p, ids.shape[1]) for p in model.layers]
    y, _, _ = run_forward(model, x, zero, form.residual)
    loss, _ = cross_entropy(readout(model.readout, y), ids[1:])
    return float(loss) / math.log(2)


def train(
    name: str, look: int, until: int, setting: Setting, seed: int, steps: int
) -> Trained:
    """Half of the held-out lanes choose, the others test, after `steps` updates.

    They are `look` or `until`, where the run ends.
    """
    done = run(name, setting["rate"], setting["scale"], seed, until, look)
    score = partial(measure_bits, FORMS[name], done.models[steps])
    trained = Trained(score(VALIDATION), steps, lambda: score(TEST))
    tqdm.write(f"{name} {steps} {setting} {seed}: {trained.validation:.3f}")
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
        {name: run(name, 0.002, 1.0, k, 5, 5).milliseconds for name in FORMS}
        for k in range(REPEATS)
    ]
    return {name: min(one[name] for one in runs) for name in FORMS}


def compare_depths(asked: Options) -> Iterator[Measurement]:
    """Both comparisons, of the same runs."""
    taken, steps = time_updates(), asked.steps or STEPS
    budget = math.ceil(steps * taken["residual"])
    updates = {name: int(budget / ms) for name, ms in taken.items()}
    for key, at in ("updates", dict.fromkeys(FORMS, steps)), ("time", updates):
        results: dict[str, Result] = {}
        for name in FORMS:
            contender = partial(train, name, steps, updates[name])
            finish, best = search_start(contender, RATES, SCALES, at[name], SEEDS)
            results |= {f"{name}, as drawn": finish(1.0), name: finish(best)}
        grid = {"rate": [*RATES], "scale": [*SCALES]}
        total = steps if key == "updates" else budget
        found = Comparison(total, list(SEEDS), grid, results)
        yield Measurement(f"depth.{key}", to_json(found), UNIT, list(SEEDS))
    yield Measurement("depth.time.updates", updates, "updates", list(SEEDS))
    for name, form in FORMS.items():
        model = init(np.random.default_rng(0), form, len(make_data().alphabet))
        count = sum(leaf.size for _, leaf in named_leaves(model))
        yield Measurement(f"depth.{name}.weights", count, "", None)


TRAINING = Training(
    "depth", __doc__, {}, {"ngrams": run_baseline, "forms": compare_depths}
)
