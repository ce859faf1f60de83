"""What a cell may compute: functions of numbers, arrays and symbols."""

from typing import Any

from rnncore.backend import array_namespace
from rnncore.fused.trace import Node, apply
from rnncore.lstm import sigmoid as array_sigmoid


def tanh(a: Any) -> Any:
    """The hyperbolic tangent."""
    return _call("tanh", a)


def sigmoid(a: Any) -> Any:
    """1 / (1 + exp(-a))."""
    return _call("sigmoid", a)


def exp(a: Any) -> Any:
    """The exponential function."""
    return _call("exp", a)


def log(a: Any) -> Any:
    """The natural logarithm."""
    return _call("log", a)


def sqrt(a: Any) -> Any:
    """The square root."""
    return _call("sqrt", a)


def maximum(a: Any, b: Any) -> Any:
    """The larger; where both are equal, the gradient goes to b."""
    return _call("maximum", a, b)


def minimum(a: Any, b: Any) -> Any:
    """The smaller; where both are equal, the gradient goes to b."""
    return _call("minimum", a, b)


def where(condition: Any, a: Any, b: Any) -> Any:
    """a where the condition holds, else b.

    Both are computed, and both their gradients: one that is infinite
    makes the result's NaN even where it is not chosen.
    """
    if isinstance(condition, bool):
        return a if condition else b
    return _call("where", condition, a, b)


def power(a: Any, p: float) -> Any:
    """What the derived source calls for a**p with no whole p."""
    return a**p


def full(like: Any, number: float) -> Any:
    """The number in the shape and dtype of an array."""
    return array_namespace(like).full_like(like, number)


def joined(*gates: Any) -> Any:
    """The gates side by side, as one product writes or reads them."""
    return array_namespace(gates[0]).concat(list(gates), axis=-1)


def _call(op: str, *args: Any) -> Any:
    if any(isinstance(a, Node) for a in args):
        return apply(op, *args)
    arrays = [a for a in args if not isinstance(a, int | float)]
    if not arrays or not all(hasattr(a, "dtype") for a in arrays):
        raise TypeError(
            f"{op}: expected a value of the unit, "
            f"got {', '.join(type(a).__name__ for a in args)}"
        )
    if op == "sigmoid":
        return array_sigmoid(arrays[0])
    xp, like = array_namespace(arrays[0]), arrays[-1]
    full = [
        xp.full_like(like, a) if isinstance(a, int | float) else a
        for a in args
    ]
    return getattr(xp, op)(*full)
