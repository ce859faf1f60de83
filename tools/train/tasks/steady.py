"""What do layer normalisation and noise on the state do to training?

"norm": an LSTM of 48 units, with and without layer normalisation, on chapter
8's characters; five seeds. "noise": LSTMs of 32 units on only 2,560 characters,
which they learn by heart, with dropout on h (a mask at each step, or one a
sequence), with zoneout, and with nothing; rate and share are tuned. "memory": one
of eight symbols is said again 20 steps later; GRUs and LSTMs of 24 units with
the same noise at a share of 0.2, and an LSTM with layer normalisation. Three
seeds. All contenders of a study have the same updates and the same grid; the
weights of the best look at the validation set are tested. The curves and the
milliseconds of an update are kept of the chosen runs. Six minutes of one core.
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
from rnncore.comparison import Comparison, Setting, Trained, compare, to_json
from rnncore.data.tasks import copy_problem
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
from tools.train.runner import Asked, Found, Training, fitted
from tools.train.tasks.chars import python_text

LOOKS = 20  # at the validation set in a run, whose best weights are kept
RATES = [0.003, 0.01, 0.03]
SHARES = [0.1, 0.2, 0.4]
SHARE = 0.2  # of noise, in "memory"
SEEDS, HEADLINE = (0, 1, 2), (0, 1, 2, 3, 4)
LAG, SYMBOLS = 20, 8

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
    carried: bool  # the state, from batch to batch


class Study(NamedTuple):
    """What is compared, where, and how long."""

    networks: dict[str, Network]
    sets: Callable[[int], Sets]  # of a seed
    H: int
    steps: int
    grid: dict[str, list[float]]
    seeds: tuple[int, ...] = SEEDS


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


def looped(cell: Cell, noisy: Callable, quiet: Callable, vjp: Callable) -> Network:
    """A cell with noise when it trains, and what replaces that in a test."""

    def forward(
        layer: Any, x: Array, state: State, noise: Noise, share: float
    ) -> tuple:
        run = quiet(state, share) if noise is None else noisy(noise, state)
        return unroll(run, layer, x, state)

    def backward(layer: Any, tape: Any, d_y: Array, d_state: State) -> Any:
        return bptt(vjp, layer, tape, d_y, d_state)[0]

    return Network(partial(first_layer, cell), forward, backward, cell.parts)


def without(cell: Cell) -> Network:
    """No noise."""
    return looped(cell, lambda n, s: cell.forward, lambda s, p: cell.forward, cell.vjp)


def with_dropout(cell: Cell, masks: Callable) -> Network:
    """Dropout on the h that W_h and the readout get."""
    plain, vjp = without(cell), dropped_vjp(cell.vjp)

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


def with_zoneout(cell: Cell) -> Network:
    """Zoneout on every part of the state; at test time its mean."""

    def noisy(noise: tuple, state: State) -> Callable:
        rng, share = noise
        holds = hold_each_step(rng, state[0], [share] * cell.parts)
        return zoneout(cell.forward, holds)

    def quiet(state: State, share: float) -> Callable:
        return zoneout(cell.forward, repeat([np.full_like(s, share) for s in state]))

    return looped(cell, noisy, quiet, zoneout_vjp(cell.vjp))


def kinds(cell: Cell) -> dict[str, Network]:
    """A cell without noise, and with each kind of it."""
    return {
        "none": without(cell),
        "each step": with_dropout(cell, mask_each_step),
        "each sequence": with_dropout(cell, mask_each_sequence),
        "zoneout": with_zoneout(cell),
    }


NORMED = Network(
    first_normed,
    lambda layer, x, state, noise, share: unroll_normed(layer, x, state),
    lambda *args: bptt_normed(*args)[0],
)
LSTM, GRU = CELLS["LSTM"], CELLS["GRU"]


@cache
def characters(B: int, rows: int | None, T: int, held_out: int) -> Sets:
    """Python source in B lanes of at most so many rows; others held out."""
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
        True,
    )


def symbols(seed: int) -> Sets:
    """A symbol, a wait, and the symbol again; sets that belong to the seed."""

    def draw(rng: np.random.Generator, B: int) -> tuple[Array, Array]:
        x, targets = copy_problem(rng, LAG, B, SYMBOLS, 1)
        return x.astype(np.float32), targets

    validation, test = (
        draw(np.random.default_rng(k + seed), 500) for k in (10_000, 20_000)
    )
    return Sets(lambda rng, step: draw(rng, 32), validation, test, False)


STUDIES = {
    "norm": Study(
        {"LSTM": without(LSTM), "layer norm": NORMED},
        lambda seed: characters(16, None, 24, 200),
        48,
        300,
        {"rate": RATES},
        HEADLINE,
    ),
    "noise": Study(
        kinds(LSTM),
        lambda seed: characters(8, 321, 32, 300),
        32,
        200,
        {"rate": RATES, "share": SHARES},
    ),
    "memory": Study(
        {f"GRU, {name}": n for name, n in kinds(GRU).items()}
        | {f"LSTM, {name}": n for name, n in kinds(LSTM).items()}
        | {"LSTM, layer norm": NORMED},
        symbols,
        24,
        300,
        {"rate": RATES},
    ),
}


def bits(
    network: Network, share: float, pair: tuple[Array, Array], weights: Any
) -> float:
    """Surprisal of the targets, which are those of the last steps."""
    layer, out = weights
    x, targets = pair
    nothing = first_state(weights, x, network)
    y, _, _ = network.forward(layer, x, nothing, None, share)
    loss, _ = cross_entropy(readout(out, y[-len(targets) :]), targets)
    return float(loss) / math.log(2)


def first_state(weights: Any, x: Array, network: Network) -> State:
    """Zeros of the readout's width."""
    layer, _ = weights
    inner = getattr(layer, "layer", layer)
    return zero_state(inner, x.shape[1], network.parts)


def learner(
    network: Network, share: float, carried: bool, noise: np.random.Generator
) -> Callable:
    """What `fit` asks for: surprisal of the last steps, and its gradient."""

    def loss_and_gradient(weights: Any, batch: tuple, carry: Any) -> tuple:
        layer, out = weights
        x, targets = batch
        zero = first_state(weights, x, network)
        first = carry if carried else zero
        y, state, tape = network.forward(layer, x, first, (noise, share), share)
        last = y[-len(targets) :]
        loss, cached = cross_entropy(readout(out, last), targets)
        d_out, d_last = readout_vjp(cross_entropy_vjp(1.0, cached), out, last)
        silent = np.zeros_like(y[: len(y) - len(targets)])
        d_y = np.concatenate([silent, d_last])
        d_layer = network.backward(layer, tape, d_y, zero)
        return loss, (d_layer, d_out), state if carried else carry

    return loss_and_gradient


class Course(NamedTuple):
    """How a run went: its looks at the validation set, and its time."""

    scores: list[float]
    milliseconds: float


COURSES: dict[tuple, Course] = {}  # by study, contender, setting and seed


def train(study: str, name: str, setting: Setting, seed: int, steps: int) -> Trained:
    """One run."""
    plan = STUDIES[study]
    network, sets = plan.networks[name], plan.sets(seed)
    rng, share = np.random.default_rng(seed), setting.get("share", SHARE)
    D = sets.validation[0].shape[2]
    K = D if sets.carried else SYMBOLS
    first = network.init(rng, D, plan.H), init_readout(rng, plan.H, K)
    weights = tree_map(lambda w: w.astype(np.float32), first)
    x, _ = sets.batch(np.random.default_rng(0), 0)
    carry = first_state(weights, x, network) if sets.carried else None
    score = partial(bits, network, share)
    result, seconds = fitted(
        learner(network, share, sets.carried, np.random.default_rng(seed + 100)),
        weights,
        sets.batch,
        setting["rate"],
        steps,
        rng,
        carry=carry,
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


def contender(study: str, name: str) -> Callable[[Setting, int, int], Trained]:
    """What `compare` trains; without noise a share changes nothing."""
    if name != "none":
        return partial(train, study, name)

    @cache
    def once(rate: float, seed: int, steps: int) -> Trained:
        return train(study, name, {"rate": rate}, seed, steps)

    return lambda setting, seed, steps: once(setting["rate"], seed, steps)


def courses(study: str, found: Comparison) -> dict[str, Any]:
    """The chosen runs' looks, one list a seed, and their time an update."""
    value = {}
    for name, result in found.results.items():
        setting = result.chosen
        if name == "none":
            setting = {"rate": setting["rate"]}
        every = [COURSES[study, name, *setting.values(), s] for s in found.seeds]
        value[name] = {
            "scores": [course.scores for course in every],
            "milliseconds": round(min(c.milliseconds for c in every), 2),
        }
    return value


def run(name: str, asked: Asked) -> Iterator[Found]:
    """One comparison, whole."""
    plan = STUDIES[name]
    found = compare(
        {n: contender(name, n) for n in plan.networks},
        plan.grid,
        steps=asked.steps or plan.steps,
        seeds=plan.seeds,
        headline=plan.seeds == HEADLINE,
        extensions=1,
    )
    seeds, unit = list(plan.seeds), "bits per symbol"
    yield Found(f"steady.{name}", to_json(found), f"test, {unit}", seeds)
    unit = f"validation, {unit}, at {LOOKS} looks; ms an update with looks"
    yield Found(f"steady.{name}.courses", courses(name, found), unit, seeds)


TRAINING = Training(
    "steady", __doc__, {}, {name: partial(run, name) for name in STUDIES}
)
