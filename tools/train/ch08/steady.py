"""What do layer normalisation and noise on the state do to training?

"norm": an LSTM of 48 units, with and without layer normalisation, on chapter
8's characters. W_x is multiplied at the start by a tuned number, and "as drawn" is
the LSTM without that; the first of three seeds chooses. "noise": LSTMs of 32 units
on only 2,560 characters, which they learn by heart, with dropout on h (a mask at
each step, or one a sequence), with zoneout, and with nothing; rate and share are
tuned; three seeds. "output": the same with a mask at the readout alone, as the
control of both dropouts. All contenders of a study have the same updates and the
same grid; the weights of the best look at the validation set are tested. The looks
and the milliseconds of an update are kept of the chosen runs of "norm". Five minutes
of one core.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import repeat
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.backend import Array, tree_map
from rnncore.bptt import bptt, readout_vjp
from rnncore.cells import CELLS, Cell
from rnncore.characters import one_hot
from rnncore.comparison import Comparison, Result, Setting, Trained, compare, to_json
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.norm import (
    bptt_normed,
    dropped,
    dropped_vjp,
    hold_each_step,
    init_normed,
    mask_each_sequence,
    mask_each_step,
    unroll_normed,
    zoneout,
    zoneout_vjp,
)
from rnncore.rnn import State, init_params, init_readout, readout, unroll, zero_state
from rnncore.text.model import contiguous_windows
from tools.train.ch04.chars import python_text
from tools.train.grids import search_start
from tools.train.runner import Measurement, Options, Training, fit_cell

LOOKS = 20  # at the validation set in a run, whose best weights are kept
RATES = [0.003, 0.01, 0.03]
SHARES = [0.1, 0.2, 0.4]
SCALES = [1.0, 4.0, 16.0, 64.0]  # of W_x at the start
SEEDS = (0, 1, 2)

Noise = tuple[np.random.Generator, float] | None  # its share; None: at test


class Network(NamedTuple):
    """One layer: its first weights, and both ways through it."""

    init: Callable[[np.random.Generator, int, int], Any]  # rng, D, H
    forward: Callable[[Any, Array, State, Noise, float], tuple]
    backward: Callable[[Any, Any, Array, State], Any]  # -> d_layer
    parts: int = 2


class Sets(NamedTuple):
    """Batches to train on, and what is held out: inputs and targets."""

    batch: Callable[[np.random.Generator, int], tuple[Array, Array]]
    validation: tuple[Array, Array]
    test: tuple[Array, Array]


class SteadyStudy(NamedTuple):
    """What is compared, where, and how long."""

    networks: dict[str, Network]
    sets: Callable[[], Sets]
    H: int
    steps: int
    grid: dict[str, list[float]]


def first_layer(cell: Cell, rng: np.random.Generator, D: int, H: int) -> Any:
    """torch's weights, with a forget bias of 1."""
    layer = init_params(rng, D, H, cell.G)
    if cell.parts == 2:
        layer.b_x[H : 2 * H], layer.b_h[H : 2 * H] = 1, 0
    return layer


def first_normed(rng: np.random.Generator, D: int, H: int) -> Any:
    """The same, where the forget bias stands after the normalisation."""
    params = init_normed(rng, D, H)
    params.norm.bias[H : 2 * H] = 1
    return params


def make_looped(cell: Cell, noisy: Callable, quiet: Callable, vjp: Callable) -> Network:
    """A cell with noise when it trains, and what replaces that in a test."""

    def forward(
        layer: Any, x: Array, state: State, noise: Noise, share: float
    ) -> tuple:
        run = quiet(state, share) if noise is None else noisy(noise, state)
        return unroll(run, layer, x, state)

    def backward(layer: Any, tape: Any, d_y: Array, d_state: State) -> Any:
        return bptt(vjp, layer, tape, d_y, d_state)[0]

    return Network(partial(first_layer, cell), forward, backward, cell.parts)


def make_without_noise(cell: Cell) -> Network:
    """No noise."""
    return make_looped(
        cell, lambda n, s: cell.forward, lambda s, p: cell.forward, cell.vjp
    )


def with_dropout(cell: Cell, masks: Callable) -> Network:
    """Dropout on the h that W_h and the readout get."""
    plain, vjp = make_without_noise(cell), dropped_vjp(cell.vjp)

    def forward(
        layer: Any, x: Array, state: State, noise: Noise, share: float
    ) -> tuple:
        if noise is None:
            return plain.forward(layer, x, state, None, share)
        run = dropped(cell.forward, masks(noise[0], state[0], noise[1]))
        y, (_, *memory, h), tape = unroll(run, layer, x, (*state, state[0]))
        return y, (h, *memory), tape

    def backward(layer: Any, tape: Any, d_y: Array, d_state: State) -> Any:
        nothing = np.zeros_like(d_state[0])
        return bptt(vjp, layer, tape, d_y, (*d_state, nothing))[0]

    return plain._replace(forward=forward, backward=backward)


def with_output_dropout(cell: Cell, masks: Callable) -> Network:
    """Dropout on the h that the readout gets; W_h gets all of it."""
    plain = make_without_noise(cell)

    def forward(
        layer: Any, x: Array, state: State, noise: Noise, share: float
    ) -> tuple:
        y, state, tape = plain.forward(layer, x, state, None, share)
        if noise is None:
            return y, state, tape
        drawn = masks(noise[0], y[0], noise[1])
        mask = np.stack([next(drawn) for _ in y])
        return y * mask, state, (tape, mask)

    def backward(layer: Any, tape: Any, d_y: Array, d_state: State) -> Any:
        steps, mask = tape
        return plain.backward(layer, steps, d_y * mask, d_state)

    return plain._replace(forward=forward, backward=backward)


def with_zoneout(cell: Cell) -> Network:
    """Zoneout on every part of the state; at test time its mean."""

    def noisy(noise: tuple, state: State) -> Callable:
        rng, share = noise
        holds = hold_each_step(rng, state[0], [share] * cell.parts)
        return zoneout(cell.forward, holds)

    def quiet(state: State, share: float) -> Callable:
        return zoneout(cell.forward, repeat([np.full_like(s, share) for s in state]))

    return make_looped(cell, noisy, quiet, zoneout_vjp(cell.vjp))


def make_kinds(cell: Cell) -> dict[str, Network]:
    """A cell without noise, and with each kind of it."""
    return {
        "none": make_without_noise(cell),
        "each step": with_dropout(cell, mask_each_step),
        "each sequence": with_dropout(cell, mask_each_sequence),
        "zoneout": with_zoneout(cell),
    }


NORMED = Network(
    first_normed,
    lambda layer, x, state, noise, share: unroll_normed(layer, x, state),
    lambda *args: bptt_normed(*args)[0],
)
LSTM = CELLS["LSTM"]


@cache
def make_characters(B: int, rows: int | None, T: int, held_out: int) -> Sets:
    """Python source in B lanes of at most `rows` rows; others held out."""
    text = python_text(B, 2 * B)
    like = np.zeros((1, len(text.alphabet)), np.float32)
    windows = contiguous_windows(text.rows[:rows], T)

    def pair(ids: Array) -> tuple[Array, Array]:
        return one_hot(ids[:-1], like), ids[1:]

    unseen = text.held_out[: held_out + 1]
    return Sets(
        lambda rng, step: pair(windows(rng, step)),
        pair(unseen[:, :B]),
        pair(unseen[:, B:]),
    )


STUDIES = {
    "norm": SteadyStudy(
        {"LSTM": make_without_noise(LSTM), "layer norm": NORMED},
        lambda: make_characters(16, None, 24, 200),
        48,
        300,
        {"rate": RATES, "scale": SCALES},
    ),
    "noise": SteadyStudy(
        make_kinds(LSTM),
        lambda: make_characters(8, 321, 32, 300),
        32,
        200,
        {"rate": RATES, "share": SHARES},
    ),
    "output": SteadyStudy(
        {"readout alone": with_output_dropout(LSTM, mask_each_step)},
        lambda: make_characters(8, 321, 32, 300),
        32,
        200,
        {"rate": RATES, "share": SHARES},
    ),
}


def scale_input(layer: Any, by: float) -> Any:
    """The same layer with W_x times a number, under a normalisation too."""
    inner = getattr(layer, "layer", layer)
    inner = inner._replace(W_x=by * inner.W_x)
    return layer._replace(layer=inner) if hasattr(layer, "layer") else inner


def measure_bits(
    network: Network, share: float, pair: tuple[Array, Array], weights: Any
) -> float:
    """The mean surprisal of what is held out."""
    layer, out = weights
    x, targets = pair
    nothing = first_state(weights, x, network)
    y, _, _ = network.forward(layer, x, nothing, None, share)
    loss, _ = cross_entropy(readout(out, y), targets)
    return float(loss) / math.log(2)


def first_state(weights: Any, x: Array, network: Network) -> State:
    """Zeros of the readout's width."""
    layer, _ = weights
    inner = getattr(layer, "layer", layer)
    return zero_state(inner, x.shape[1], network.parts)


def make_learner(
    network: Network, share: float, noise: np.random.Generator
) -> Callable:
    """What `fit` asks for; the state is carried from batch to batch."""

    def loss_and_gradient(weights: Any, batch: tuple, state: State) -> tuple:
        layer, out = weights
        x, targets = batch
        nothing = first_state(weights, x, network)
        y, state, tape = network.forward(layer, x, state, (noise, share), share)
        loss, cached = cross_entropy(readout(out, y), targets)
        d_out, d_y = readout_vjp(cross_entropy_vjp(1.0, cached), out, y)
        d_layer = network.backward(layer, tape, d_y, nothing)
        return loss, (d_layer, d_out), state

    return loss_and_gradient


class Course(NamedTuple):
    """How a run went: its looks at the validation set, and its time."""

    scores: list[float]
    milliseconds: float


COURSES: dict[tuple, Course] = {}  # by study, contender, setting and seed


def train(study: str, name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run."""
    plan = STUDIES[study]
    network, sets = plan.networks[name], plan.sets()
    rng, share = np.random.default_rng(seed), setting.get("share", 0.0)
    x, _ = sets.batch(rng, 0)
    K = x.shape[2]
    layer = scale_input(network.init(rng, K, plan.H), setting.get("scale", 1.0))
    first = layer, init_readout(rng, plan.H, K)
    weights = tree_map(lambda w: w.astype(np.float32), first)
    score = partial(measure_bits, network, share)
    result, seconds = fit_cell(
        make_learner(network, share, np.random.default_rng(seed + 100)),
        weights,
        sets.batch,
        setting["rate"],
        steps,
        rng,
        carry=first_state(weights, x, network),
        evaluate=partial(score, sets.validation),
        evaluate_every=max(1, steps // LOOKS),
    )
    best = min(result.history.score)
    tqdm.write(f"{name} {setting} {seed}: {best:.4f}, {seconds:.1f} s")
    COURSES[study, name, *setting.values(), seed] = Course(
        result.history.score, 1000 * seconds / steps
    )
    return Trained(
        best, len(result.history.loss), lambda: score(sets.test, result.params)
    )


def make_contender(study: str, name: str) -> Callable[[Setting, int, int], Trained]:
    """What `compare` trains; without noise a share changes nothing."""
    if name != "none":
        return partial(train, study, name)

    @cache
    def once(rate: float, seed: int, steps: int) -> Trained:
        return train(study, name, {"rate": rate}, seed, steps)

    return lambda setting, seed, steps: once(setting["rate"], seed, steps)


def list_courses(found: Comparison) -> dict[str, Any]:
    """The chosen runs' looks, one list per seed, and their time an update."""
    value = {}
    for name, result in found.results.items():
        network = "LSTM" if name == "as drawn" else name
        key = "norm", network, *result.chosen.values()
        every = [COURSES[*key, seed] for seed in found.seeds]
        value[name] = {
            "scores": [course.scores for course in every],
            "milliseconds": round(min(c.milliseconds for c in every), 2),
        }
    return value


def compare_normed(steps: int) -> Comparison:
    """The LSTM with W_x as drawn, and it and the normalised one as they choose."""
    plan = STUDIES["norm"]
    results: dict[str, Result] = {}
    for name in plan.networks:
        contender = make_contender("norm", name)
        finish, best = search_start(contender, RATES, SCALES, steps, SEEDS)
        results |= {"as drawn": finish(1.0)} if name == "LSTM" else {}
        results[name] = finish(best)
    return Comparison(steps, list(SEEDS), plan.grid, results)


def run(name: str, asked: Options) -> Iterator[Measurement]:
    """One complete comparison."""
    plan = STUDIES[name]
    steps = asked.steps or plan.steps
    if name == "norm":
        found = compare_normed(steps)
    else:
        contenders = {n: make_contender(name, n) for n in plan.networks}
        found = compare(contenders, plan.grid, steps=steps, seeds=SEEDS, extensions=1)
    seeds, unit = list(SEEDS), "bits per symbol"
    yield Measurement(f"steady.{name}", to_json(found), f"test, {unit}", seeds)
    if name != "norm":
        return
    unit = f"validation, {unit}, at {LOOKS} looks; ms an update with looks"
    yield Measurement(f"steady.{name}.courses", list_courses(found), unit, seeds)


TRAINING = Training(
    "steady", __doc__, {}, {name: partial(run, name) for name in STUDIES}
)
