"""Learn while the stream goes by: one update a step, from which gradient?

A plain network of 12 units reads eight streams of random signs and says, at
each step, the sign of 8 steps before. After every step the weights change.
All predict from the state that they carry, and differ in the gradient alone:
that of real-time recurrent learning, or that of the last steps, back through
the states as they were. The last contender runs its window again with today's
weights at each step, and predicts from the state at its end. Each has its own
best rate of Adam; the rate is chosen on one stream, and the error reported is
that of another. Five seeds; about a quarter of an hour of one core.

"eighth" runs the window again, and updates, at every eighth step only, as in
Williams & Peng 1990: the gradient is that of the eight new errors, and a state
is computed twice. Half a minute.

The halves of that last contender are its state and its gradient: each is tried
with the other half of the window that is not run again. Half a minute.
"""

from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from rnncore.backend import Array
from rnncore.bptt import bptt, readout_vjp, rnn_cell_vjp
from rnncore.comparison import Setting, Trained, compare, to_json
from rnncore.optim import adam, clip_by_global_norm
from rnncore.rnn import (
    Params,
    Readout,
    State,
    Tape,
    init_params,
    init_readout,
    rnn_cell,
    unroll,
    zero_state,
)
from rnncore.rtrl import influence_vjp, no_influence, rtrl_step
from tools.train.runner import Measurement, Options, Training

H, B, LAG, STEPS = 12, 8, 8, 3000
RATES = (0.001, 0.003, 0.01)
FINER = (0.01, 0.015, 0.0225)  # of the window that is run every eighth step
SEEDS = (0, 1, 2, 3, 4)
WINDOWS = (1, 4, 8, 16, 64)
EIGHTH = 8  # steps to an update, and half of the window


class Weights(NamedTuple):
    """What is learned."""

    layer: Params
    out: Readout


class Forward:
    """The gradient that travels with the state."""

    def __init__(self, params: Params, state: State) -> None:
        self.state, self.influence = state, no_influence(params, state)

    def step(self, params: Params, x: Array) -> Array:
        """One step on; its hidden state."""
        self.state, self.influence = rtrl_step(
            rnn_cell, rnn_cell_vjp, params, x, self.state, self.influence
        )
        return self.state[0]

    def gradient(self, params: Params, d_h: Array) -> Params:
        """Of a loss that reads this step's hidden state."""
        return influence_vjp(self.influence, d_h)


class Window:
    """The gradient through the last steps, as they were when they were taken.

    Source: Williams & Peng 1990, truncated at a length, one step at a time.
    """

    def __init__(self, length: int, params: Params, state: State) -> None:
        self.tapes: deque[Tape] = deque(maxlen=length)
        self.state = state

    def step(self, params: Params, x: Array) -> Array:
        """One step on; its hidden state."""
        _, self.state, tape = unroll(rnn_cell, params, x[None], self.state)
        self.tapes.append(tape)
        return self.state[0]

    def gradient(self, params: Params, d_h: Array) -> Params:
        """Of a loss that reads this step's hidden state."""
        first = self.tapes[0]
        tape = Tape(
            np.concatenate([one.x for one in self.tapes]),
            first.state,
            [h for one in self.tapes for h in one.h_before],
            [cache for one in self.tapes for cache in one.caches],
        )
        d_y = np.zeros((len(self.tapes), *d_h.shape))
        return bptt(rnn_cell_vjp, params, tape, d_y, (d_h,))[0]


class WindowAgain:
    """The gradient through the last steps, run again with today's weights."""

    def __init__(self, length: int, params: Params, state: State) -> None:
        self.inputs: deque[Array] = deque(maxlen=length)
        self.firsts: deque[State] = deque(maxlen=length)
        self.state = state

    def step(self, params: Params, x: Array) -> Array:
        """One step on; its hidden state."""
        self.inputs.append(x)
        self.firsts.append(self.state)
        _, self.state, self.tape = unroll(
            rnn_cell, params, np.stack(self.inputs), self.firsts[0]
        )
        return self.state[0]

    def gradient(self, params: Params, d_h: Array) -> Params:
        """Of a loss that reads this step's hidden state."""
        d_y = np.zeros((len(self.inputs), *d_h.shape))
        return bptt(rnn_cell_vjp, params, self.tape, d_y, (d_h,))[0]


class StateAgain(Window):
    """The state that is run again; the gradient through those that were not."""

    def __init__(self, length: int, params: Params, state: State) -> None:
        super().__init__(length, params, state)
        self.again = WindowAgain(length, params, state)

    def step(self, params: Params, x: Array) -> Array:
        """One step on; the hidden state of today's weights."""
        super().step(params, x)
        return self.again.step(params, x)


class GradientAgain(WindowAgain):
    """The state that is carried; the gradient through those that are run again."""

    def step(self, params: Params, x: Array) -> Array:
        """One step on; its hidden state."""
        before = self.state
        super().step(params, x)
        _, self.state, _ = unroll(rnn_cell, params, x[None], before)
        return self.state[0]


Way = Forward | Window | WindowAgain
CONTENDERS: dict[str, Callable[[Params, State], Way]] = {
    "rtrl": Forward,
    **{f"window {length}": partial(Window, length) for length in WINDOWS},
    "again 16": partial(WindowAgain, 16),
}
HALVES: dict[str, Callable[[Params, State], Way]] = {
    "state again": partial(StateAgain, 16),
    "gradient again": partial(GradientAgain, 16),
}


def measure_errors(
    name: str, rate: float, steps: int, seed: int, stream: int
) -> np.ndarray:
    """The mean squared error at each step, before that step's update."""
    rng = np.random.default_rng(seed)
    weights = Weights(init_params(rng, 1, H), init_readout(rng, H, 1))
    optimizer = adam(rate)
    memory = optimizer.init(weights)
    x = np.random.default_rng(stream).choice((-1.0, 1.0), (steps + LAG, B, 1))
    way = (CONTENDERS | HALVES)[name](weights.layer, zero_state(weights.layer, B))
    found = np.zeros(steps)
    for t in range(steps):
        h = way.step(weights.layer, x[t + LAG])
        miss = h @ weights.out.W_y.T + weights.out.b_y - x[t]
        found[t] = np.mean(miss**2)
        d = miss / B
        gradient = Weights(
            way.gradient(weights.layer, d @ weights.out.W_y), Readout(d.T @ h, d.sum(0))
        )
        gradient, _ = clip_by_global_norm(gradient, 1.0)
        weights, memory = optimizer.update(weights, gradient, memory)
    return found


def measure_eighth(rate: float, steps: int, seed: int, stream: int) -> np.ndarray:
    """The same, where a window is run again and followed at each eighth step."""
    rng = np.random.default_rng(seed)
    weights = Weights(init_params(rng, 1, H), init_readout(rng, H, 1))
    optimizer = adam(rate)
    memory = optimizer.init(weights)
    x = np.random.default_rng(stream).choice((-1.0, 1.0), (steps + LAG, B, 1))
    state, old = zero_state(weights.layer, B), x[:0]
    found = np.zeros(steps)
    for t in range(0, steps, EIGHTH):
        new, targets = x[LAG:][t : t + EIGHTH], x[:steps][t : t + EIGHTH]
        window = np.concatenate([old, new])
        y, _, tape = unroll(rnn_cell, weights.layer, window, state)
        h = y[len(old) :]
        miss = h @ weights.out.W_y.T + weights.out.b_y - targets
        found[t : t + EIGHTH] = np.mean(miss**2, axis=(1, 2))
        if len(old):
            state = (y[len(old) - 1],)  # of today's weights, where `new` begins
        d_out, d_h = readout_vjp(miss / miss.size, weights.out, h)
        d_y = np.concatenate([np.zeros_like(y[: len(old)]), d_h])
        start = (np.zeros_like(state[0]),)
        d_layer = bptt(rnn_cell_vjp, weights.layer, tape, d_y, start)[0]
        gradient, _ = clip_by_global_norm(Weights(d_layer, d_out), 1.0)
        weights, memory = optimizer.update(weights, gradient, memory)
        old = new
    return found


def train(
    measure: Callable[[float, int, int, int], np.ndarray],
    setting: Setting,
    seed: int,
    steps: int,
) -> Trained:
    """One run; what counts is the last sixth of a stream."""

    def score(stream: int) -> float:
        of = measure(setting["rate"], steps, seed, stream)
        return float(of[-steps // 6 :].mean())

    found = score(10_000 + seed)
    tqdm.write(f"{setting['rate']:g} {seed}: {found:.4f}")
    return Trained(found, steps, lambda: score(20_000 + seed))


def run(asked: Options) -> Iterator[Measurement]:
    """The complete comparison."""
    found = compare(
        {name: partial(train, partial(measure_errors, name)) for name in CONTENDERS},
        {"rate": RATES},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement("online.delay", to_json(found), "mean squared error", list(SEEDS))


def run_eighth(asked: Options) -> Iterator[Measurement]:
    """An eighth of the updates, an eighth of the price."""
    found = compare(
        {"eighth": partial(train, measure_eighth)},
        {"rate": FINER},
        steps=asked.steps or STEPS,
        seeds=SEEDS,
        headline=True,
    )
    yield Measurement(
        "online.eighth", to_json(found), "mean squared error", list(SEEDS)
    )


def run_halves(asked: Options) -> Iterator[Measurement]:
    """What is fresh is the state or the gradient alone, at two rates."""
    steps = asked.steps or STEPS
    found = {
        name: {
            str(rate): [
                train(
                    partial(measure_errors, name), {"rate": rate}, s, steps
                ).validation
                for s in SEEDS
            ]
            for rate in RATES[1:]
        }
        for name in HALVES
    }
    yield Measurement("online.halves", found, "mean squared error", list(SEEDS))


TRAINING = Training(
    "online", __doc__, {}, {"delay": run, "eighth": run_eighth, "halves": run_halves}
)
