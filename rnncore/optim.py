"""Optimisers: from a gradient to the next weights."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from rnncore.backend import (
    array_namespace,
    check_tree,
    named_leaves,
    tree_map,
)

Tree = Any  # weights, or their gradients: arrays in nested tuples or dicts


class Optimizer(NamedTuple):
    """Two functions: the state before step 1, and one step."""

    init: Callable[[Tree], Any]  # params -> state
    update: Callable  # params, d_params, state -> params, state


class Moments(NamedTuple):
    """What Adam keeps: running means of d and d^2 for every weight."""

    steps: int
    mean: Tree
    square: Tree


def sgd(learning_rate: float, momentum: float = 0.0) -> Optimizer:
    """v = momentum v + d, then w = w - learning_rate v.

    Raises ValueError for a negative rate or a momentum outside [0, 1).
    Source: Polyak 1964, as in torch.optim.SGD.
    """
    _check_range("learning_rate", learning_rate, math.inf)
    _check_range("momentum", momentum, 1.0)

    def init(params):
        check_tree("params", params, params)
        return _zeros(params)

    def update(params, d_params, state):
        check_tree("d_params", d_params, params)
        state = tree_map(lambda v, d: momentum * v + d, state, d_params)
        params = tree_map(lambda w, v: w - learning_rate * v, params, state)
        return params, state

    return Optimizer(init, update)


def adam(
    learning_rate: float,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-8,
) -> Optimizer:
    """Each weight moves by its mean gradient over its root mean square.

    Raises ValueError for a negative rate, a beta outside [0, 1) or an
    epsilon that is not positive.
    Source: Kingma & Ba 2015, algorithm 1.
    """
    _check_range("learning_rate", learning_rate, math.inf)
    _check_range("beta_1", beta_1, 1.0)
    _check_range("beta_2", beta_2, 1.0)
    _check_positive("epsilon", epsilon)

    def init(params):
        check_tree("params", params, params)
        zero = _zeros(params)
        return Moments(0, zero, zero)

    def update(params, d_params, state):
        check_tree("d_params", d_params, params)
        steps = state.steps + 1
        mean = tree_map(
            lambda m, d: beta_1 * m + (1 - beta_1) * d,
            state.mean,
            d_params,
        )
        square = tree_map(
            lambda s, d: beta_2 * s + (1 - beta_2) * d * d,
            state.square,
            d_params,
        )
        bias_1 = 1 - beta_1**steps  # both began at zero:
        bias_2 = 1 - beta_2**steps  # divided by their weights' sum

        def step(w, m, s):
            root = (s / bias_2) ** 0.5
            return w - learning_rate * (m / bias_1) / (root + epsilon)

        params = tree_map(step, params, mean, square)
        return params, Moments(steps, mean, square)

    return Optimizer(init, update)


def scheduled(
    optimizer: Callable[[float], Optimizer], rate: Callable[[int], float]
) -> Optimizer:
    """`optimizer(rate(k))` at step k, which is counted from 0.

    The state is the optimiser's own, which counts its steps as Adam's
    does, so a run that goes on finds its place in the schedule.

    Raises ValueError where a state counts no steps.
    """

    def init(params):
        state = optimizer(rate(0)).init(params)
        if not hasattr(state, "steps"):
            raise ValueError(
                "optimizer: expected one whose state counts its steps, "
                f"as adam's, got {type(state).__name__}"
            )
        return state

    def update(params, d_params, state):
        now = optimizer(rate(state.steps))
        return now.update(params, d_params, state)

    return Optimizer(init, update)


def falling(
    rate: float, steps: int, last: float = 0.4
) -> Callable[[int], float]:
    """Constant, then linear to 0 over the last share of the steps.

    Raises ValueError unless steps is at least 1 and last in (0, 1].
    """
    if steps < 1:
        raise ValueError(f"steps: expected at least 1, got {steps}")
    if not 0 < last <= 1:
        raise ValueError(f"last: expected above 0, at most 1, got {last}")

    def at(step):
        left = (steps - step) / (last * steps)
        return rate * min(1.0, max(left, 0.0))

    return at


def global_norm(d_params: Tree) -> float:
    """The norm of the gradient: the root of the sum of all squares.

    Each array is divided by its largest entry before it is squared, so
    that a gradient of 1e30 in float32 has a length too.
    """
    norms = []
    for _, d in named_leaves(d_params):
        xp = array_namespace(d)
        largest = float(xp.max(xp.abs(d)))
        if 0 < largest < math.inf:
            squares = float(xp.sum((d / largest) ** 2))
            norms.append(largest * math.sqrt(squares))
        else:
            norms.append(largest)  # 0, infinite or not a number
    return math.hypot(*norms)


def clip_by_global_norm(d_params: Tree, limit: float) -> tuple[Tree, float]:
    """The gradient, shortened to `limit` if it is longer; its old norm.

    All arrays are scaled by one number: the direction stays.

    Raises ValueError unless the limit is positive.
    Source: Pascanu, Mikolov & Bengio 2013, algorithm 1.
    """
    _check_positive("limit", limit)
    norm = global_norm(d_params)
    if not limit < norm < math.inf:
        return d_params, norm  # short enough, or nothing to be saved
    return tree_map(lambda d: d * (limit / norm), d_params), norm


def _zeros(params: Tree) -> Tree:
    return tree_map(lambda w: array_namespace(w).zeros_like(w), params)


def _check_range(name: str, value: float, end: float) -> None:
    if not 0 <= value < end:
        upper = "" if end == math.inf else f" and below {end:g}"
        raise ValueError(f"{name}: expected at least 0{upper}, got {value}")


def _check_positive(name: str, value: float) -> None:
    if not value > 0:
        raise ValueError(f"{name}: expected more than 0, got {value}")
