"""Finds tests that an empty array passes: `np.allclose` against one number.

NumPy compares an array without entries with nothing, and says that it is close.
"""

import ast
from collections.abc import Iterator

CLOSE = {"allclose", "assert_allclose", "assert_almost_equal", "assert_array_equal"}
NUMBERS = {"float", "int", "abs", "len"}  # functions that give one
REDUCED = {"sum", "mean", "std", "var", "max", "min", "prod", "norm", "item", "dot"}


def find_passed_by_empty(source: str) -> Iterator[int]:
    """The lines of a test that compare with one number in this way."""
    try:
        tree = ast.parse(source)
    except SyntaxError:  # told when it runs
        return
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or _name_of(node.func) not in CLOSE:
            continue
        if any(map(_is_number, node.args[:2])):
            yield node.lineno


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _is_number(node: ast.expr) -> bool:
    """Whether an expression gives one number, as far as can be seen."""
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_number(node.left) and _is_number(node.right)
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int | float)
    if not isinstance(node, ast.Call):
        return False
    name, axes = _name_of(node.func), {word.arg for word in node.keywords}
    return name in NUMBERS or (name in REDUCED and not axes & {"axis", "keepdims"})
