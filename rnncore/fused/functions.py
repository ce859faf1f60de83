"""What a cell may compute: functions of numbers, arrays and symbols."""

from typing import Any

from rnncore.fused.trace import Node, apply


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
    """a where the condition holds, else b."""
    if isinstance(condition, bool):
        return a if condition else b
    return _call("where", condition, a, b)


def _call(op: str, *args: Any) -> Node:
    if not any(isinstance(a, Node) for a in args):
        raise TypeError(
            f"{op}: expected a value of the unit, "
            f"got {', '.join(type(a).__name__ for a in args)}"
        )
    return apply(op, *args)
