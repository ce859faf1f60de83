"""The memory ruler: how long a cell remembers, and what a step costs.

A cell and its vjp are checked, timed and trained beside the plain cell,
LSTM and GRU. The figure of memory against milliseconds is the course's
poster. All weights are drawn as torch.nn draws them; so an LSTM's forget
gate starts half open, which its copy lag shows.
"""

import json
import math
import re
import time
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import named_leaves
from rnncore.bptt import (
    bptt,
    check_gradient,
    numerical_gradient,
)
from rnncore.cells import CELLS as KNOWN
from rnncore.cells import Cell
from rnncore.data.tasks import copy_problem, loss_at_the_end
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.optim import adam, clip_by_global_norm
from rnncore.rnn import (
    Params,
    State,
    init_params,
    init_readout,
    unroll,
    zero_state,
)
from rnncore.testing import Stored, assert_shape, check, observe

BUDGET, SEEDS = 400, (0, 1, 2)  # updates a lag
QUICK_BUDGET, QUICK_SEEDS = 200, SEEDS[:1]
LAGS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)
HORIZON = 1000  # steps after which a half-life counts as endless
SYMBOLS = 8
LEARNED = 0.1  # nats; guessing one of 8 symbols costs 2.08
IN_A_ROW = 5  # batches, each of them new
SPOTS = [  # of a name: points to the right and above its dot, and its side
    (x, y, side)
    for x, side in ((7, "left"), (-7, "right"))
    for y in (5, -4, -15, 14)
]
HIDDEN, BATCH, LEARNING_RATE, CLIP = 32, 32, 1e-2, 1.0


class Dot(NamedTuple):
    """Where a cell lies on the poster."""

    name: str
    copy_lags: tuple[int, ...]  # one per seed
    milliseconds: float


class Ruler(NamedTuple):
    """What `measure` found."""

    name: str
    gradient_error: float  # the largest, relative
    half_life: float  # steps; infinite where over HORIZON
    copy_lag: int  # the median of copy_lags; 0 where not even lag 1
    copy_lags: tuple[int, ...]  # one per seed
    milliseconds: float  # a step, forward and backward: the best of 20
    ratio: float  # the same over the plain cell's
    beside: tuple[Dot, ...]  # plain, LSTM and GRU


CELLS = {  # with stored copy lags
    "plain": KNOWN["RNN_TANH"],
    "GRU": KNOWN["GRU"],
    "LSTM": KNOWN["LSTM"],
}


def measure(
    cell: Callable,
    cell_vjp: Callable,
    G: int = 1,
    parts: int = 1,
    *,
    budget: int = BUDGET,
    seeds: Sequence[int] = SEEDS,
    progress: Callable[[int], Any] | None = None,
) -> Ruler:
    """Check a cell, then measure its memory and its time.

    `progress` is called with the number of lags that were just decided,
    of len(LAGS) a seed. The copy lags of the other cells are stored: they
    were trained with the same seeds and up to the same budget. All times
    are of this call.

    Raises AssertionError naming what is wrong with the cell; ValueError
    for a budget or seeds that the stored lags do not cover.
    """
    if not 1 <= budget <= BUDGET:
        raise ValueError(f"budget: expected 1 to {BUDGET}, got {budget}")
    if not seeds or not set(seeds) <= set(SEEDS):
        raise ValueError(f"seeds: expected some of {SEEDS}, got {seeds}")
    own = Cell(cell, cell_vjp, G, parts)
    error = check_cell(own)
    memory = half_life(own)
    times = step_times({"own": own, **CELLS})
    lags = []
    for seed in seeds:
        needed = updates_by_lag(own, seed, budget, progress)
        lags.append(longest_lag(needed, budget))
    return Ruler(
        getattr(cell, "__name__", "the cell"),
        error,
        memory,
        middle(lags),
        tuple(lags),
        min(times["own"]),
        min(times["own"]) / min(times["plain"]),
        course_dots(times, budget, seeds),
    )


def course_dots(
    times: dict[str, list[float]],
    budget: int = BUDGET,
    seeds: Sequence[int] = SEEDS,
) -> tuple[Dot, ...]:
    """Plain, GRU and LSTM on the poster: stored lags, and these times."""
    known = stored_lags()["value"]
    return tuple(
        Dot(
            name,
            tuple(longest_lag(known[name][s], budget) for s in seeds),
            min(times[name]),
        )
        for name in CELLS
    )


def check_cell(cell: Cell) -> float:
    """The largest error of the gradients against finite differences.

    The cell is called alone first, so that a mistake has the name of the
    vjp's own output; then `unroll` and `bptt` run it over five steps.

    Raises AssertionError naming what is wrong, as in the assignments.
    """
    B, H = 3, 4
    rng = np.random.default_rng(0)
    a_x, a_h = rng.normal(size=(2, B, cell.G * H))
    state = tuple(rng.normal(size=(cell.parts, B, H)))
    d_state = tuple(rng.normal(size=(cell.parts, B, H)))
    args = {"a_x": a_x, "a_h": a_h, "state": state}
    cache = _check_forward(cell, args)

    def numerical(name: str, k: int | None = None) -> np.ndarray:
        def loss(moved: np.ndarray) -> float:
            part = moved if k is None else _with(state, k, moved)
            new, _ = cell.forward(*{**args, name: part}.values())
            return sum(
                float((d * s).sum())
                for d, s in zip(d_state, new, strict=True)
            )

        start = args[name] if k is None else state[k]
        return numerical_gradient(loss, start)

    expected = (
        numerical("a_x"),
        numerical("a_h"),
        tuple(numerical("state", k) for k in range(cell.parts)),
    )
    check(
        cell.vjp,
        Stored([expected], [], wrong_by=2e-8),  # finite differences
        [{"d_state": d_state, "cache": cache}],
        outputs="d_a_x, d_a_h, d_state",
    )
    d_a = cell.vjp(d_state, cache)[:2]
    for name, d in zip(("d_a_x", "d_a_h"), d_a, strict=True):
        assert_shape(name, d, a_x.shape)  # the loop takes no 0.0 here
    return _check_loop(cell, rng)


def half_life(cell: Cell) -> float:
    """Steps until half of a change of the state is left, without training.

    Two runs differ in the first symbol of the copy task alone; then both
    wait. The distance of their states (all parts, the root of the mean
    square over 8 pairs of symbols and 5 draws of the weights, H = 32) is
    taken relative to that after the first symbol. The half-life is the
    first time at which it is 1/2, between two steps on a straight line in
    its logarithm; infinite where that takes over 1000 steps.

    Raises AssertionError where a state is not finite.
    """
    symbols = np.eye(SYMBOLS + 2)
    pairs = np.concatenate([symbols[:-2], np.roll(symbols[:-2], 1, 0)])
    blank = np.broadcast_to(symbols[SYMBOLS], pairs.shape)
    layers = [
        init_params(
            np.random.default_rng(seed),
            SYMBOLS + 2,
            HIDDEN,
            cell.G,
        )
        for seed in range(5)
    ]
    states = [zero_state(w, len(pairs), cell.parts) for w in layers]
    first = before = math.nan
    for step in range(HORIZON + 1):
        x = blank if step else pairs
        states = [
            unroll(cell.forward, layer, x[None], state)[1]
            for layer, state in zip(layers, states, strict=True)
        ]
        now = _distance(states)
        if not math.isfinite(now):
            raise AssertionError(
                f"the state is not finite after {step} steps of waiting"
            )
        if step == 0:
            first = now
            if not first:  # the input never reaches the state
                return 0.0
        elif now <= first / 2:
            late = math.log(before * 2 / first)  # how far above one half
            fall = math.log(before / now) if now else math.inf
            return step - 1 + late / fall
        before = now
    return math.inf


def step_times(cells: dict[str, Cell]) -> dict[str, list[float]]:
    """Milliseconds a step, forward and backward: a list of runs a cell.

    The cells take turns, so that a busy moment meets all of them. Sizes:
    T = 50, B = 32, D = 32, H = 64, in float64 on NumPy.
    """
    T, B, D, H = 50, 32, 32, 64
    rng = np.random.default_rng(0)
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    times: dict[str, list[float]] = {name: [] for name in cells}
    for turn in range(21):
        for name, cell in cells.items():
            params = init_params(rng, D, H, cell.G)
            state = zero_state(params, B, cell.parts)
            start = time.perf_counter()
            _, _, tape = unroll(cell.forward, params, x, state)
            bptt(cell.vjp, params, tape, d_y, state)
            spent = time.perf_counter() - start
            if turn:  # the first warms up
                times[name].append(1000 * spent / T)
    return times


def updates_by_lag(
    cell: Cell,
    seed: int,
    budget: int,
    progress: Callable[[int], Any] | None = None,
    rate: float = LEARNING_RATE,
    start: Callable[[np.random.Generator], Params] | None = None,
) -> list[int]:
    """How many updates each lag took, up to the first not learned.

    Each lag is learned from fresh weights, as `updates_needed` says.
    """

    def needed(lag: int) -> int | None:
        return updates_needed(cell, lag, seed, budget, rate, start)

    return by_lag(needed, progress)


def by_lag(
    needed: Callable[[int], int | None],
    progress: Callable[[int], Any] | None = None,
) -> list[int]:
    """`needed` of each lag in turn, up to the first where it is None."""
    found: list[int] = []
    for k, lag in enumerate(LAGS):
        updates = needed(lag)
        if progress:
            progress(1 if updates else len(LAGS) - k)
        if updates is None:
            break
        found.append(updates)
    return found


def updates_needed(
    cell: Cell,
    lag: int,
    seed: int,
    budget: int,
    rate: float = LEARNING_RATE,
    start: Callable[[np.random.Generator], Params] | None = None,
) -> int | None:
    """After how many updates a cell remembers one symbol over the lag.

    `start` draws a layer for SYMBOLS + 2 inputs, with as many units as it
    likes; without it the layer has HIDDEN, drawn as torch.nn draws them.
    """
    rng = np.random.default_rng(seed)
    if start:
        layer = start(rng)
    else:
        layer = init_params(rng, SYMBOLS + 2, HIDDEN, cell.G)
    H = layer.W_h.shape[1]
    params: Any = layer, init_readout(rng, H, SYMBOLS)
    step = loss_at_the_end(
        cell.forward, cell.vjp, cross_entropy, cross_entropy_vjp, cell.parts
    )
    return updates_to_learn(step, params, lag, rng, budget, rate)


def updates_to_learn(
    step: Callable,
    params: Any,
    lag: int,
    rng: np.random.Generator,
    budget: int,
    rate: float = LEARNING_RATE,
) -> int | None:
    """After how many updates one symbol is remembered over the lag.

    It is, where five new batches in a row each cost under 0.1 nats (the
    guess costs 2.08). None where the budget was not enough, or the loss
    or its gradient was not finite: then no further update can help.
    `step` is what `fit` asks for, of a cell or of any other network.
    """
    optimizer = adam(rate)
    state, row = optimizer.init(params), 0
    for update in range(1, budget + 1):
        batch = copy_problem(rng, lag, BATCH, SYMBOLS, length=1)
        loss, gradient, _ = step(params, batch, None)
        row = row + 1 if loss < LEARNED else 0
        if row == IN_A_ROW:
            return update
        d_params, norm = clip_by_global_norm(gradient, CLIP)
        if not (math.isfinite(loss) and math.isfinite(norm)):
            return None
        params, state = optimizer.update(params, d_params, state)
    return None


def longest_lag(needed: Sequence[int], budget: int) -> int:
    """The longest lag that, as all shorter ones, was within the budget."""
    lag = 0
    for candidate, updates in zip(LAGS, needed, strict=False):
        if updates > budget:
            break
        lag = candidate
    return lag


def stored_lags() -> dict[str, Any]:
    """What python -m tools.train ruler wrote of plain, GRU and LSTM.

    Its "value" holds the updates by lag for each of SEEDS; beside it stand
    device, date and command.
    """
    text = (resources.files("rnncore.comparison") / "ruler.json").read_text(
        "utf-8"
    )
    return json.loads(text)["ruler.updates_by_lag"]


def draw(*rulers: Ruler) -> Any:
    """Plot lags against milliseconds, with plain, GRU and LSTM.

    Raises ValueError if there is no ruler.
    """
    if not rulers:
        raise ValueError("rulers: expected at least one, got none")
    own = [Dot(r.name, r.copy_lags, r.milliseconds) for r in rulers]
    return draw_dots(rulers[0].beside, own)


def draw_dots(course: Sequence[Dot], own: Sequence[Dot] = ()) -> Any:
    """Memory against milliseconds, as a matplotlib Figure.

    A dot is the median over the seeds, the line through it their range.
    """
    import matplotlib.pyplot as plt

    from rnncore.display import BLUE, GREY, use_style

    use_style()
    fig, ax = plt.subplots()
    for dots, color, marker in (course, GREY, "o"), (own, BLUE, "D"):
        for dot in dots:
            lags = [max(lag, 0.5) for lag in dot.copy_lags]
            ms, lag = dot.milliseconds, max(middle(dot.copy_lags), 0.5)
            ax.plot([ms, ms], [min(lags), max(lags)], "-", color=color)
            ax.plot(ms, lag, marker, color=color)
            ax.annotate(
                dot.name, (ms, lag), (0, 0), textcoords="offset points"
            )
    ticks = [0.5, *(2**k for k in range(21))]
    ax.set_yscale("log", base=2)
    ax.set_yticks(ticks, ["none", *map(str, ticks[1:])])
    ax.set(
        xlabel="milliseconds a step, forward and backward",
        ylabel="longest copy lag learned",
        ylim=(0.4, 180),
    )
    right = max(dot.milliseconds for dot in (*course, *own))
    ax.set_xlim(0, 1.25 * right)  # room for the last name
    ax.grid(axis="y")
    _place_names(ax)
    plt.close(fig)  # a notebook shows what is returned, once
    return fig


def _place_names(ax: Any) -> None:
    """Put each name beside its dot, where it touches the fewest others."""
    fig = ax.figure
    width = fig.get_figwidth()
    fig.set_figwidth(3.6)  # a telephone's: what is clear here stays clear
    fig.draw_without_rendering()
    taken = [line.get_window_extent() for line in ax.lines]
    taken.append(ax.yaxis.get_tightbbox())

    def count_touched(spot: tuple[int, int, str]) -> int:
        name.xyann = spot[:2]
        name.set_ha(spot[2])
        box = name.get_window_extent().padded(4, 0)  # a gap beside it
        outside = box.x1 > fig.bbox.x1
        return outside + sum(box.overlaps(other) for other in taken)

    for name in ax.texts:
        count_touched(min(SPOTS, key=count_touched))
        taken.append(name.get_window_extent())
    fig.set_figwidth(width)


def middle(lags: Sequence[int]) -> int:
    """The median, the lower one of an even number."""
    return sorted(lags)[(len(lags) - 1) // 2]


def _check_forward(cell: Cell, args: dict[str, Any]) -> Any:
    """The cache of one call, where the call gave what the loop needs."""
    name = getattr(cell.forward, "__name__", "the cell")
    call = observe(cell.forward, args)
    if call.error:
        first = str(call.error).split("\n")[0]
        raise AssertionError(
            f"{name} raised {type(call.error).__name__}: {first}"
        ) from call.error
    result, parts = call.result, cell.parts
    if result is None:
        raise AssertionError(
            f"{name}: expected 2 values (state, cache), got None\n"
            "Is a `return` missing?"
        )
    if not isinstance(result, tuple) or len(result) != 2:
        raise AssertionError(
            f"{name}: expected 2 values (state, cache), got {_kind(result)}"
        )
    state, cache = result
    if not isinstance(state, tuple) or len(state) != parts:
        form = "(h,)" if parts == 1 else f"of {parts} arrays"
        raise AssertionError(
            f"state: expected a tuple {form}, got {_kind(state)}"
        )
    for k, (new, old) in enumerate(zip(state, args["state"], strict=True)):
        assert_shape(f"state[{k}]", new, old.shape)
        if new.dtype != old.dtype:
            raise AssertionError(
                f"state[{k}]: expected {old.dtype} as the arguments, "
                f"got {new.dtype}"
            )
        if not np.isfinite(new).all():
            raise AssertionError(f"state[{k}]: not all numbers are finite")
    if call.changed:
        changed = re.sub(r"\.(\d+)", r"[\1]", call.changed[0])
        raise AssertionError(
            f"{name} changed its argument {changed} in place: the caller "
            "still needs it (`a = a + b` makes a new array, `a += b` does "
            "not)"
        )
    return cache


def _check_loop(cell: Cell, rng: np.random.Generator) -> float:
    """`check_gradient` for weights, input and first state, over 5 steps."""
    T, B, D, H = 5, 2, 3, 4
    params = init_params(rng, D, H, cell.G)
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    state = tuple(rng.normal(size=(cell.parts, B, H)))
    d_last = tuple(rng.normal(size=(cell.parts, B, H)))
    given = {**params._asdict(), "x": x}
    given |= {f"state[{k}]": s for k, s in enumerate(state)}

    def run(values: dict[str, Any]) -> tuple[float, Any]:
        weights = Params(*(values[n] for n in Params._fields))
        first = tuple(v for n, v in values.items() if "state" in n)
        y, last, tape = unroll(cell.forward, weights, values["x"], first)
        pairs = [(d_y, y), *zip(d_last, last, strict=True)]
        return sum(float((d * a).sum()) for d, a in pairs), tape

    _, tape = run(given)
    d_params, d_x, d_state = bptt(cell.vjp, params, tape, d_y, d_last)
    found = {**d_params._asdict(), "x": d_x}
    found |= {f"state[{k}]": d for k, d in enumerate(d_state)}
    largest = 0.0
    for name, value in given.items():

        def loss(moved: np.ndarray, name: str = name) -> float:
            return run({**given, name: moved})[0]

        error = check_gradient(loss, value, found[name], f"d_{name}")
        largest = max(largest, error)
    return largest


def _distance(states: Sequence[State]) -> float:
    """The root mean square between the first and second half's rows."""
    squares = []
    for _, part in named_leaves(states):
        one, other = np.split(part, 2)
        squares.append(float(np.mean((one - other) ** 2)))
    return math.sqrt(sum(squares))


def _with(state: State, k: int, part: np.ndarray) -> State:
    return (*state[:k], part, *state[k + 1 :])


def _kind(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"a {type(value).__name__} of {len(value)}"
    if hasattr(value, "shape"):
        return f"an array {tuple(value.shape)}"
    return type(value).__name__
