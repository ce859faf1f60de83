"""Visible tests of the functions that no assignment asks for.

An assignment's notebook tests nine of the reader's functions, and its
checks have their known mistakes. The others are compared here, in the
same way and the same words, with the course's function on drawn inputs.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.layers import stack
from rnncore.own.tasks import course_function
from rnncore.rnn import Readout, init_params, rnn_cell
from rnncore.testing import Mistake, Seen, Stored, fingerprint_of, observe
from rnncore.testing.mutants import edited

SIZES = [(4, 3, 5, 2), (3, 1, 1, 4)]  # T, B, D, H of the visible inputs
Args = dict[str, Any]
Rng = np.random.Generator


class VisibleTest(NamedTuple):
    """What `check` is given: inputs, right results, names of outputs."""

    inputs: list[Args]
    right: Stored
    outputs: str
    call: Callable  # the function, taking the inputs' names


class Drawn(NamedTuple):
    """How a function is tried: its inputs, and edits that are mistakes."""

    make: Callable[[Rng, int, int, int, int], Args]
    outputs: str
    edits: list[tuple[str, str, str]]  # was, now, what is told
    call: Callable = lambda function: function


def visible_test(name: str) -> VisibleTest:
    """The test of a function that is in `DRAWN`.

    It runs the course's function, and each mistake in it, so that it is
    made before a book is closed.
    """
    drawn = DRAWN[name]
    rng = np.random.default_rng(0)
    inputs = [drawn.make(rng, *sizes) for sizes in SIZES]
    inputs.append(tree_map(_in_float32, inputs[0]))
    course = course_function(name)
    results = [_see(drawn.call(course), args).result for args in inputs]
    mistakes = []
    for was, now, says in drawn.edits:
        wrong = drawn.call(edited(course, was, now))
        seen = [fingerprint_of(_see(wrong, args)) for args in inputs]
        mistakes.append(Mistake(says, seen))
    right = Stored(results, mistakes, name)
    return VisibleTest(inputs, right, drawn.outputs, drawn.call)


def _in_float32(a: Any) -> Any:
    floats = isinstance(a, np.ndarray) and a.dtype == np.float64
    return np.float32(a) if floats else a


def _see(function: Callable, args: Args) -> Seen:
    with np.errstate(all="ignore"):  # a mistake may overflow
        return observe(function, args)


# ------------------------------------------------------------- the inputs


def _cell(rng: Rng, T: int, B: int, D: int, H: int, gates: int = 1) -> Args:
    a_x, a_h = rng.normal(size=(2, B, gates * H))
    return {"a_x": a_x, "a_h": a_h, "state": (rng.normal(size=(B, H)),)}


def _cell_back(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    d_h, a = rng.normal(size=(2, B, H))
    return {"d_state": (d_h,), "h": np.tanh(a)}


def _readout(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    weights = Readout(rng.normal(size=(D, H)), rng.normal(size=D))
    return {"weights": weights, "y": rng.normal(size=(T, B, H))}


def _readout_back(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    d_logits = rng.normal(size=(T, B, D))
    return {"d_logits": d_logits, **_readout(rng, T, B, D, H)}


def _logits(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    logits = rng.normal(size=(T, B, D + 1))
    logits[0] += 1000  # whose exponential overflows
    return {"logits": logits}


def _loss_back(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    a = rng.normal(size=(T, B, D + 1))
    log_p = a - np.log(np.exp(a).sum(-1, keepdims=True))
    one_hot = np.eye(D + 1, dtype=bool)[rng.integers(D + 1, size=(T, B))]
    return {"d_loss": rng.normal(size=()), "cache": (log_p, one_hot)}


def _gradient(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    return {"d_params": init_params(rng, D, H)}


def _clipped(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    limit = 0.1 if B > 1 else 1e3  # a long gradient, and a short one
    return {**_gradient(rng, T, B, D, H), "limit": limit}


def _preactivation(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    return {"a": rng.normal(size=(B, H))}


def _held(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    runs = np.arange(B)[:, None] % 2 == 0
    d_h, a = rng.normal(size=(2, B, H))
    cache = runs, np.tanh(a)
    return {"d_state": (d_h, np.zeros((B, 1))), "cache": cache}


def _layers(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    params = [init_params(rng, D, H), init_params(rng, H, H)]
    x = rng.normal(size=(T, B, D))
    states = [(h,) for h in rng.normal(size=(2, B, H))]
    masks = [2.0 * (rng.random(size=(T, B, H)) < 0.5)]
    return {"params": params, "x": x, "states": states, "masks": masks}


def _layers_back(rng: Rng, T: int, B: int, D: int, H: int) -> Args:
    args = _layers(rng, T, B, D, H)
    d_y = rng.normal(size=(T, B, H))
    d_states = [(h,) for h in rng.normal(size=(2, B, H))]
    return {**args, "d_y": d_y, "d_states": d_states}


def _call_masked_vjp(function: Callable) -> Callable:
    """What the function makes of the plain cell's vjp."""
    return lambda d_state, cache: function(_plain_vjp)(d_state, cache)


def _plain_vjp(d_state: Any, cache: Any) -> Any:
    """The plain cell's, with a way past W_h, as the GRU has one."""
    d_a_x, d_a_h, _ = rnn_cell_vjp(d_state, cache)
    return d_a_x, d_a_h, (0.5 * d_state[0],)


def _call_stack(function: Callable) -> Callable:
    """The results that a user reads; the tapes are for the way back."""

    def call(params: Any, x: Any, states: Any, masks: Any) -> Any:
        made = function(rnn_cell, params, x, states, None, masks)
        return made[:2] if isinstance(made, tuple) else made

    return call


def _call_stack_bptt(function: Callable) -> Callable:
    """The gradients, on the tapes of the course's `stack`."""

    def call(
        params: Any,
        x: Any,
        states: Any,
        masks: Any,
        d_y: Any,
        d_states: Any,
    ) -> Any:
        tapes = stack(rnn_cell, params, x, states, None, masks)[2]
        return function(rnn_cell_vjp, params, tapes, d_y, d_states, masks)

    return call


# ----------------------------------------------------------- the functions

DRAWN = {
    "rnn_cell": Drawn(
        _cell,
        "state, cache",
        [
            (
                "xp.tanh(a_x + a_h)",
                "a_x + a_h",
                "the sum is not squashed: h is its tanh",
            ),
            (
                "xp.tanh(a_x + a_h)",
                "xp.tanh(a_x)",
                "a_h was left out: nothing is remembered",
            ),
            (
                "xp.tanh(a_x + a_h)",
                "xp.tanh(a_x) + xp.tanh(a_h)",
                "each term was squashed alone: add first",
            ),
        ],
    ),
    "readout": Drawn(
        _readout,
        "logits",
        [(" + weights.b_y", "", "the bias b_y was left out")],
    ),
    "rnn_cell_vjp": Drawn(
        _cell_back,
        "d_a_x, d_a_h, d_state",
        [
            ("(1 - h * h)", "(1 - h)", "tanh' is 1 - h^2, not 1 - h"),
            ("(1 - h * h)", "h * h", "tanh' is 1 - h^2, not h^2"),
            (
                "(1 - h * h)",
                "(1 - array_namespace(h).tanh(h) ** 2)",
                "tanh was applied twice: h is tanh(a) already",
            ),
            (
                "(0.0,)",
                "(d_a,)",
                "h_{t-1} is reached through a_h alone, which the loop "
                + "brings back through W_h: nothing went past it",
            ),
        ],
    ),
    "readout_vjp": Drawn(
        _readout_back,
        "d_weights, d_y",
        [
            (
                "xp.sum(d_logits",
                "xp.mean(d_logits",
                "d_b_y is the sum over all steps and sequences, no mean",
            ),
        ],
    ),
    "log_softmax": Drawn(
        _logits,
        "log_p",
        [
            (
                "logits - xp.max(logits, axis=-1, keepdims=True)",
                "logits",
                "large numbers overflow: take the largest off first",
            ),
            (
                "return logits - xp.log(total)",
                "return xp.exp(logits) / total",
                "these are the probabilities: their logarithm is asked for",
            ),
            (
                "xp.exp(logits), axis=-1",
                "xp.exp(logits), axis=0",
                "the sum ran over the steps instead of the classes",
            ),
        ],
    ),
    "cross_entropy_vjp": Drawn(
        _loss_back,
        "d_logits",
        [
            (
                "(d_loss / (log_p.shape[0] * log_p.shape[1]))",
                "d_loss",
                "the loss is a mean over T B targets: divide by T B",
            ),
            (
                "return error * (d_loss",
                "return -error * (d_loss",
                "the sign: it is p minus one-hot",
            ),
            (
                "(d_loss /",
                "(1 /",
                "d_loss was left out: the chain rule multiplies by it",
            ),
        ],
    ),
    "global_norm": Drawn(
        _gradient,
        "norm",
        [
            (
                "math.hypot(*norms)",
                "math.fsum(norms)",
                "norms of arrays do not add up: their squares do",
            ),
            (
                "math.hypot(*norms)",
                "math.hypot(*norms) ** 2",
                "this is the sum of squares: its root is the norm",
            ),
            (
                "math.hypot(*norms)",
                "max(norms)",
                "this is the norm of one array: all count together",
            ),
        ],
    ),
    "clip_by_global_norm": Drawn(
        _clipped,
        "d_params, norm",
        [
            (
                "if not limit < norm < math.inf",
                "if not norm < math.inf",
                "a gradient that was short enough was made longer",
            ),
            (
                "(limit / norm), d_params), norm",
                "(limit / norm), d_params), limit",
                "the second result is the norm before clipping",
            ),
        ],
    ),
    "sigmoid": Drawn(
        _preactivation,
        "gate",
        [
            (
                "0.5 * (1 + xp.tanh(0.5 * a))",
                "0.5 * (1 + xp.tanh(a))",
                "it is the tanh of a / 2, not of a",
            ),
            (
                "0.5 * (1 + xp.tanh(0.5 * a))",
                "xp.tanh(a)",
                "this is tanh: a gate lies between 0 and 1",
            ),
            (
                "0.5 * (1 + xp.tanh(0.5 * a))",
                "0.5 * (1 - xp.tanh(0.5 * a))",
                "the sign: it is exp(-a) in the denominator",
            ),
        ],
    ),
    "gru_cell": Drawn(
        partial(_cell, gates=3),
        "state, cache",
        [
            (
                "h = n + z * (h_before - n)",
                "h = h_before + z * (n - h_before)",
                "z and 1 - z are exchanged: z keeps the old state",
            ),
            (
                "r, z = sigmoid",
                "z, r = sigmoid",
                "the gates stand in the order r, z, n",
            ),
            (
                "xp.tanh(x_n + r_h)",
                "xp.tanh(x_n + h_n)",
                "the reset gate is not used: n is tanh(x_n + r h_n)",
            ),
            (
                "xp.tanh(x_n + r_h)",
                "xp.tanh(r * (x_n + h_n))",
                "the reset gate multiplies h_n alone, not x_n",
            ),
        ],
    ),
    "masked_vjp": Drawn(
        _held,
        "d_a_x, d_a_h, d_state",
        [
            (
                "b + (d - a)",
                "b",
                "where a state was held, its gradient passes on",
            ),
            (
                "b + (d - a)",
                "b + d",
                "where the cell ran, d came through it: add it no more",
            ),
        ],
        _call_masked_vjp,
    ),
    "stack": Drawn(
        _layers,
        "y, states",
        [
            (
                'y = _drop(y, f"masks[{k - 1}]", masks[k - 1])',
                "pass",
                "the masks of dropout were not used",
            ),
        ],
        _call_stack,
    ),
    "stack_bptt": Drawn(
        _layers_back,
        "d_params, d_x, d_states",
        [
            (
                "d_params[::-1], d_y",
                "d_params, d_y",
                "d_params stands from the top down: turn it round",
            ),
            (
                "d_first[::-1]",
                "d_first",
                "d_states stands from the top down: turn it round",
            ),
            (
                "if masks and k:",
                "if False:",
                "the masks of dropout multiply the gradient, too",
            ),
        ],
        _call_stack_bptt,
    ),
}
