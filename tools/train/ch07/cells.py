"""Compare plain, LSTM and GRU cells with as many weights, each with its own start.

Three tasks, and on each two comparisons by `rnncore.comparison`: after equally
many updates, "cells.TASK.updates", and after as many seconds of one core as an
update takes on a quiet machine, "cells.TASK.time", whose "steps" are
milliseconds. Both read the same runs, at looks that stand at common updates:
the weights of the best look at the validation set so far are tested. A
contender is a cell with a start: torch's and orthogonal ones for all three, the
identity with ReLU for the plain cell too; a gate that keeps starts at sigmoid(1).
All have the same grid of rates and five seeds; about 40 minutes of one core.
"copy.lstm-more" and so on are gated cells with two more starts, chrono and a gate
that keeps at sigmoid(5), and "copy.lstm-torch" with torch's biases, after as many
updates, by the compiled loops; a minute each. "characters.plain" and so on are
the cells on characters with an orthogonal W_h and W_x, whose input is one-hot,
multiplied at the start by 4, 16 or 64: three seeds, of which the first chooses,
looks and updates as in the time of "characters", by the compiled loops; a minute
each. "counts" is what counting says
on the characters that those updates read; it trains nothing.
"""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore import fused
from rnncore.backend import tree_map
from rnncore.bptt import readout_vjp
from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.characters import Model, held_out_bits, next_character, one_hot
from rnncore.comparison import Comparison, Setting, Trained, to_json
from rnncore.comparison import compare as compare_all
from rnncore.data.tasks import loss_at_the_end
from rnncore.fused import cells as equations
from rnncore.gradient_flow import identity, orthogonal
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.rnn import Params, init_params, init_readout, readout, unroll, zero_state
from rnncore.sequence import bits_per_character, count_ngrams, surprisal
from rnncore.text.model import contiguous_windows
from tools.train.ch04.chars import python_text
from tools.train.ch05 import lags
from tools.train.ch05.lags import choose_units, count_weights
from tools.train.grids import search_start
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_cell,
    list_measurements,
)

Score = Callable[[Cell, int, Model], float]  # of a seed; lower is better


class CellTask(NamedTuple):
    """What one task asks `fit` for, given a cell and its units."""

    D: int
    K: int
    H: int  # of the GRU; the others get equally many weights
    loss: Callable[[Cell], Callable]
    batch: Callable[[np.random.Generator, int], Any]
    carry: Callable[[Any, Cell], Any]
    validation: Score
    test: Score
    unit: str


Matrix = Callable[[np.random.Generator, int, int], np.ndarray]  # of H, G


class Contender(NamedTuple):
    """A cell, and how its W_h starts; None: as torch.nn draws it."""

    kind: str
    cell: Cell
    W_h: Matrix | None


def make_identity(rng: np.random.Generator, H: int, G: int) -> np.ndarray:
    """The identity, for the one gate of a plain cell (Le et al. 2015)."""
    return identity(H)


KINDS = {"plain": KNOWN["RNN_TANH"], "lstm": KNOWN["LSTM"], "gru": KNOWN["GRU"]}
CONTENDERS = {
    f"{kind}, {start}": Contender(kind, cell, W_h)
    for kind, cell in KINDS.items()
    for start, W_h in (("uniform", None), ("orthogonal", orthogonal))
}
CONTENDERS["plain, identity"] = Contender("plain", KNOWN["RNN_RELU"], make_identity)
RATES = (0.001, 0.003, 0.01, 0.03)
SCALES = (4.0, 16.0, 64.0)  # of W_x, where the input is one-hot
SEEDS = (0, 1, 2, 3, 4)
SECONDS = 4  # a run
REPEATS = 40  # of what is timed
POINTS = 8  # looks of the slowest cell
ADDING, COPY = 40, 15  # length; lag


def task_at_the_end(like: lags.LagTask, lag: int, H: int) -> CellTask:
    """A task of chapter 5 with another lag and smaller batches."""
    D, K = like.D, like.K

    def loss(c: Cell) -> Callable:
        run = loss_at_the_end(c.forward, c.vjp, *like.loss, c.parts)

        def loss_and_gradient(model: Model, batch: Any, carry: Any) -> Any:
            value, gradient, carry = run(tuple(model), batch, carry)
            return value, Model(*gradient), carry

        return loss_and_gradient

    def score(first: int, c: Cell, seed: int, model: Model) -> float:
        run = partial(unroll, c.forward)
        network = model.cell, model.readout
        return lags.measure_score(like, run, c.parts, lag, first + seed, network)

    return CellTask(
        D,
        K,
        H,
        loss,
        lambda rng, step: like.batch(rng, lag, 32),
        lambda model, c: None,
        partial(score, 10_000),
        partial(score, 20_000),
        f"held-out {like.unit}",
    )


def make_characters() -> CellTask:
    """The next character of Python source, as in chapter 4."""
    B, T = 16, 32
    text = python_text(B, 64)
    held_out, K = text.held_out[:257], len(text.alphabet)

    def score(lanes: slice, c: Cell, seed: int, model: Model) -> float:
        ids = held_out[:, lanes]
        state = zero_state(model.cell, ids.shape[1], c.parts)
        return held_out_bits(c.forward, model, ids, state)

    return CellTask(
        K,
        K,
        64,
        lambda c: next_character(c.forward, c.vjp),
        contiguous_windows(text.rows, T),
        lambda model, c: zero_state(model.cell, B, c.parts),
        partial(score, slice(0, 32)),
        partial(score, slice(32, 64)),
        "bits per held-out character",
    )


TASKS: dict[str, Callable[[], CellTask]] = {
    "adding": partial(task_at_the_end, lags.TASKS["adding"], ADDING, 48),
    "copy": partial(task_at_the_end, lags.TASKS["copy"], COPY, 64),
    "characters": make_characters,
}


def draw_layer(
    rng: np.random.Generator, D: int, H: int, G: int, W_h: Matrix | None
) -> Params:
    """A layer as torch.nn draws it, or with another W_h and biases of 0."""
    layer = init_params(rng, D, H, G)
    if W_h is None:
        return layer
    zero = np.zeros_like(layer.b_x)
    return Params(layer.W_x, W_h(rng, H, G), zero, zero.copy())


def first_model(
    task: CellTask, one: Contender, H: int, rng: np.random.Generator
) -> Model:
    """Weights in float32; the gate that keeps starts at sigmoid(1)."""
    c = one.cell
    layer = draw_layer(rng, task.D, H, c.G, one.W_h)
    if c.G > 1:  # f of an LSTM and z of a GRU: both second
        layer.b_x[H : 2 * H] = 1
        layer.b_h[H : 2 * H] = 0
    model = Model(layer, init_readout(rng, H, task.K))
    return tree_map(lambda w: w.astype(np.float32), model)


class CellPlan(NamedTuple):
    """A task for all contenders: units of each kind, and an update's time."""

    task: CellTask
    H: dict[str, int]
    milliseconds: dict[str, float]
    seconds: float  # a run
    every: int  # updates between two looks, of all cells

    def updates(self, name: str) -> int:
        """The number of updates that fit into a run, up to a look."""
        fit = int(1000 * self.seconds / self.milliseconds[name] / self.every)
        return max(1, fit) * self.every


def time_updates(task: CellTask, H: dict[str, int]) -> dict[str, float]:
    """One update of each contender: the shortest of several short runs."""
    taken: dict[str, list[float]] = {name: [] for name in CONTENDERS}
    for seed in range(REPEATS):  # in turn: a slow moment meets all
        for name, one in CONTENDERS.items():
            rng = np.random.default_rng(seed)
            model = first_model(task, one, H[one.kind], rng)
            carry, loss = task.carry(model, one.cell), task.loss(one.cell)
            run = fit_cell(loss, model, task.batch, RATES[0], 5, rng, carry=carry)
            taken[name].append(run[1])
    return {name: 1000 * min(runs) / 5 for name, runs in taken.items()}


def make_plan(name: str, updates: int | None = None) -> CellPlan:
    """What all cells of a task have in common; updates of the slowest."""
    task = TASKS[name]()
    H = {kind: choose_units(c.G, task.D, task.H, task.K) for kind, c in KINDS.items()}
    ms = time_updates(task, H)
    slowest = max(ms.values())
    seconds = updates * slowest / 1000 if updates else SECONDS
    return CellPlan(
        task, H, ms, seconds, max(1, int(1000 * seconds / slowest / POINTS))
    )


class Look(NamedTuple):
    """The validation score after some updates, and the weights that had it."""

    score: float
    model: Model


Looks = Callable[[str, float, int], list[Look]]  # contender, rate, seed


def make_runs(study: CellPlan) -> Looks:
    """Each run once, as long as its time lasts."""
    task = study.task

    @cache
    def list_looks(name: str, rate: float, seed: int) -> list[Look]:
        one, found = CONTENDERS[name], []
        c, rng = one.cell, np.random.default_rng(seed)
        model = first_model(task, one, study.H[one.kind], rng)

        def evaluate(model: Model) -> float:
            found.append(Look(task.validation(c, seed, model), model))
            return found[-1].score

        _, seconds = fit_cell(
            task.loss(c),
            model,
            task.batch,
            rate,
            study.updates(name),
            rng,
            carry=task.carry(model, c),
            evaluate=evaluate,
            evaluate_every=study.every,
        )
        best = min(look.score for look in found)
        tqdm.write(f"{name} {rate:g} {seed}: {best:.4f}, {seconds:.1f} s")
        return found

    return list_looks


def train(
    study: CellPlan,
    looks: Looks,
    name: str,
    in_time: bool,
    setting: Setting,
    seed: int,
    steps: int,
) -> Trained:
    """The best look within a number of updates, or of milliseconds."""
    updates = int(steps / study.milliseconds[name]) if in_time else steps
    seen = looks(name, setting["rate"], seed)[: max(1, updates // study.every)]
    best = min(seen, key=lambda look: look.score)
    test = partial(study.task.test, CONTENDERS[name].cell, seed, best.model)
    return Trained(best.score, steps, test)


def compare_contenders(study: CellPlan, looks: Looks, in_time: bool) -> Comparison:
    """All contenders on one task with one budget."""
    least = min(study.updates(name) for name in CONTENDERS)
    return compare_all(
        {name: partial(train, study, looks, name, in_time) for name in CONTENDERS},
        {"rate": RATES},
        steps=round(1000 * study.seconds) if in_time else least,
        seeds=SEEDS,
        headline=True,
    )


def best_starts(found: Comparison) -> dict[str, str]:
    """The contender of each kind whose validation score is lowest."""

    def score(name: str) -> float:
        result = found.results[name]
        return result.at(**result.chosen).median

    return {
        kind: min((n for n, c in CONTENDERS.items() if c.kind == kind), key=score)
        for kind in KINDS
    }


def compare(name: str, asked: Options) -> Iterator[Measurement]:
    """Both comparisons on one task, and how the runs chosen by time went."""
    study, seeds = make_plan(name, asked.steps), list(SEEDS)
    task, looks = study.task, make_runs(study)
    for key, in_time in ("updates", False), ("time", True):
        found = compare_contenders(study, looks, in_time)
        yield Measurement(f"cells.{name}.{key}", to_json(found), task.unit, seeds)
    for kind, best in best_starts(found).items():
        rate, c = found.results[best].chosen["rate"], CONTENDERS[best].cell
        of = [looks(best, rate, seed) for seed in SEEDS]
        scores = [[look.score for look in run] for run in of]
        key, unit = (
            f"cells.{name}.{kind}",
            f"validation, {task.unit}, one list per seed",
        )
        yield Measurement(
            f"{key}.scores", scores, f"{unit}; {best}, Adam at {rate:g}", seeds
        )
        ms = study.milliseconds[best]
        yield Measurement(f"{key}.milliseconds", ms, "ms of one core an update", 0)
        H = study.H[kind]
        count = count_weights(c.G, task.D, H, task.K)
        values = {"every": study.every, "units": H, "weights": count}
        kinds = {"every": "updates", "units": "", "weights": "numbers"}
        yield from list_measurements(key, values, kinds, None)


EQUATIONS: dict[str, Callable] = {
    "plain": equations.rnn,
    "lstm": equations.lstm,
    "gru": equations.gru,
}
EVERY, LOOKS = 103, {"plain": 11, "lstm": 8, "gru": 8}  # of cells.characters.time


def next_character_compiled(equation: Callable, parts: int) -> Callable:
    """`rnncore.characters.next_character`, by the compiled loops."""

    def loss_and_gradient(model: Model, ids: Any, state: Any) -> Any:
        x = one_hot(ids[:-1], model.cell.W_x)
        y, state, tape = fused.unroll(equation, model.cell, x, state)
        assert tape is not None
        loss, cache = cross_entropy(readout(model.readout, y), ids[1:])
        d_logits = cross_entropy_vjp(1.0, cache)
        d_out, d_y = readout_vjp(d_logits, model.readout, y)
        nothing = zero_state(model.cell, ids.shape[1], parts)
        d_cell, _, _ = fused.bptt(equation, model.cell, tape, d_y, nothing, d_x=False)
        return loss, Model(d_cell, d_out), state

    return loss_and_gradient


def enlarge_input(kind: str, asked: Options) -> Iterator[Measurement]:
    """Characters from a larger W_x: after equal updates, and in equal time."""
    task, one = make_characters(), CONTENDERS[f"{kind}, orthogonal"]
    every = asked.steps or EVERY
    H = choose_units(one.cell.G, task.D, task.H, task.K)

    @cache
    def list_looks(rate: float, scale: float, seed: int) -> list[Look]:
        rng, found = np.random.default_rng(seed), []
        model = first_model(task, one, H, rng)
        W_x = np.float32(scale) * model.cell.W_x
        model = model._replace(cell=model.cell._replace(W_x=W_x))

        def evaluate(model: Model) -> float:
            found.append(Look(task.validation(one.cell, seed, model), model))
            return found[-1].score

        fit_cell(
            next_character_compiled(EQUATIONS[kind], one.cell.parts),
            model,
            task.batch,
            rate,
            every * LOOKS[kind],
            rng,
            carry=task.carry(model, one.cell),
            evaluate=evaluate,
            evaluate_every=every,
        )
        best = min(look.score for look in found)
        tqdm.write(f"{kind} {rate:g} times {scale:g}, {seed}: {best:.4f}")
        return found

    def train(setting: Setting, seed: int, looks: int) -> Trained:
        seen = list_looks(setting["rate"], setting["scale"], seed)[:looks]
        best = min(seen, key=lambda look: look.score)
        return Trained(
            best.score, looks, partial(task.test, one.cell, seed, best.model)
        )

    results = {}
    for budget, looks in ("updates", min(LOOKS.values())), ("time", LOOKS[kind]):
        finish, best = search_start(train, RATES[1:], SCALES, looks, SEEDS[:3])
        results[budget] = finish(best)
    found = Comparison(every, list(SEEDS[:3]), {"scale": [*SCALES]}, results)
    unit = f"{task.unit}, test, by budget"
    yield Measurement(
        f"cells.characters.{kind}.larger", to_json(found), unit, found.seeds
    )
    chosen = results["time"].chosen
    of = [list_looks(chosen["rate"], chosen["scale"], seed) for seed in found.seeds]
    scores = [[look.score for look in run] for run in of]
    unit = f"validation, {task.unit}, one list per seed; {chosen}"
    yield Measurement(
        f"cells.characters.{kind}.larger.scores", scores, unit, found.seeds
    )


def count_characters(asked: Options) -> Iterator[Measurement]:
    """Grams counted on what 824 updates of the characters read.

    The order is chosen on the validation lanes; the others are the test.
    """
    updates, T, B = asked.steps or 824, 32, 16
    text = python_text(B, 64)
    read = [tuple(lane.tolist()) for lane in text.rows[: updates * T + 1].T]
    held_out = [tuple(lane.tolist()) for lane in text.held_out[:257].T]
    vocabulary = range(len(text.alphabet))

    def measure_bits(order: int, lanes: list[tuple[int, ...]]) -> float:
        grams = counted[order]
        nats = [surprisal(grams, lane)[1:] for lane in lanes]
        return bits_per_character(np.concatenate(nats), 256 * len(lanes))

    counted = {
        order: count_ngrams(sum(read, ()), order, vocabulary) for order in range(1, 9)
    }
    tried = {order: measure_bits(order, held_out[:32]) for order in counted}
    best = min(tried, key=lambda order: tried[order])
    value = {
        "updates": updates,
        "order": best,
        "test": measure_bits(best, held_out[32:]),
        "validation": list(tried.values()),
    }
    unit = "bits per held-out character; validation: orders 1 to 8"
    yield Measurement("cells.counts", value, unit, None)


def make_more_starts(
    kind: str,
    name: str,
    lag: int,
    H: int,
    steps: int,
    rates: tuple[float, ...],
    names: tuple[str, ...] = ("chrono", "open 5"),
) -> lags.LagStudy:
    """More starts of a gated cell, with the weights of a GRU of H units."""
    start, spread = GATED[kind]
    like = lags.TASKS[name]
    start = start._replace(H=choose_units(start.cell.G, like.D, H, like.K))
    starts = {
        "chrono": start._replace(change=spread),
        "open 5": start._replace(change=lags.forget(lambda lag: 5.0)),
        "torch": start,
    }
    contenders = {f"{kind}, {n}": starts[n] for n in names}
    return lags.LagStudy(name, lag, contenders, steps, rates, SEEDS, looks=POINTS)


GATED = {"lstm": (lags.LSTM, lags.spread_biases), "gru": (lags.GRU, lags.spread_update)}
MORE = {  # as many updates as cells.copy.updates and cells.adding.updates
    "copy.lstm-more": make_more_starts(
        "lstm", "copy", COPY, 64, 1016, (0.01, 0.03, 0.09)
    ),
    "copy.gru-more": make_more_starts(
        "gru", "copy", COPY, 64, 1016, (0.003, 0.01, 0.03)
    ),
    "adding.lstm-more": make_more_starts(
        "lstm", "adding", ADDING, 48, 600, (0.01, 0.03, 0.09)
    ),
    "copy.lstm-torch": make_more_starts(
        "lstm", "copy", COPY, 64, 1016, RATES, ("torch",)
    ),
    "copy.gru-torch": make_more_starts(
        "gru", "copy", COPY, 64, 1016, RATES, ("torch",)
    ),
}
TRAINING = Training(
    "cells",
    __doc__,
    {},
    {name: partial(compare, name) for name in TASKS}
    | {n: partial(lags.run, f"cells.{n}", study) for n, study in MORE.items()}
    | {f"characters.{kind}": partial(enlarge_input, kind) for kind in KINDS}
    | {"counts": count_characters},
)
