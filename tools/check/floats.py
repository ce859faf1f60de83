"""Refuse comparisons of floats that hold on one machine alone.

    python -m tools.check.floats [PATH ...]

Looks at the syntax of the tests (without a path: of all), and refuses

- every comparison with a tolerance but tests/arrays.py's: NumPy's, torch's
  and pytest's take one that does not follow the array, `atol=0` asks of a
  number near zero what no sum can give, and a difference that an assertion
  holds against a small number is both by hand;
- equality after a product: whether its sum is the same to the last bit is
  decided by the BLAS, the processor, the threads and the other operands.

It follows the names of one function, not what other functions return: a
product is what PRODUCTS and LAYERS name, and `@`. Code that a test holds as
text is not looked at. Where exactness, or the tolerance, is the claim, a
comment on the line, or on lines of their own before it, says why:

    # exact: whole numbers
"""

import argparse
import ast
import re
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from tools import ROOT

HELPER = ROOT / "tests" / "arrays.py"

TOLERANT = {
    "numpy": {"allclose", "isclose"},
    "numpy.testing": {
        *("assert_allclose", "assert_almost_equal", "assert_approx_equal"),
        *("assert_array_almost_equal", "assert_array_almost_equal_nulp"),
        "assert_array_max_ulp",
    },
    "torch": {"allclose", "isclose"},
    "torch.testing": {"assert_close"},
    "math": {"isclose"},
    "cmath": {"isclose"},
    "pytest": {"approx"},
}
# No statistical claim is held so narrowly, and no rounding needs as much.
SMALL = 1e-3
MAGNITUDES = {"abs", "absolute", "fabs", "norm"}
LARGEST = {"max", "amax", "min", "mean", "all", "any", "bool", "float", "item", "sum"}
LIBRARY = re.compile(r"(np|numpy|torch|math|xp)(\.\w+)*")
EQUAL = {"array_equal", "assert_array_equal", "assert_equal", "equal"}
PRODUCTS = {
    # of the libraries
    *("addmm", "addmv", "bmm", "conv1d", "conv2d", "convolve", "correlate"),
    *("dot", "einsum", "inner", "linear", "matmul", "matvec", "mm", "multi_dot"),
    *("mv", "tensordot", "vdot", "vecdot", "vecmat"),
    # of rnncore
    *("bidirectional", "bidirectional_bptt", "both_ways", "bptt"),
    *("bptt_reset_before", "gradient_by_lag", "minimal_layer", "readout"),
    *("minimal_layer_vjp", "stack", "stack_bptt", "truncated_bptt"),
    *("unroll", "unroll_reset_before"),
}
LAYERS = {  # of torch.nn and rnncore.nn: what they give when called
    *("Bilinear", "Conv1d", "Conv2d", "Linear", "MultiheadAttention"),
    *("GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNCell"),
}
# What is asked of an array here holds no rounding.
ABOUT = {"dtype", "ndim", "shape", "device", "grad_fn", "mode", "training"}
ASKED = {"argmax", "argmin", "len", "type", "isinstance", "array_namespace"}

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description="Refuse comparisons of floats that hold on one machine alone."
    )
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH")
    paths = parser.parse_args(arguments).paths or tests()
    found = [line for path in paths for line in complaints(path)]
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


def tests() -> list[Path]:
    """All files of the tests but the helper."""
    return [p for p in sorted(HELPER.parent.rglob("*.py")) if p != HELPER]


def complaints(path: Path) -> Iterator[str]:
    """A line for each comparison of the file that is refused."""
    source = path.read_text(encoding="utf-8")
    allowed = excused(source.split("\n"))
    tree = ast.parse(source, path)
    for line, what in sorted({*tolerant(tree), *narrow(tree), *equal(tree)}):
        if line not in allowed:
            yield f"{path}:{line}: {what}"


def excused(lines: list[str]) -> set[int]:
    """The numbers of the lines that `# exact: reason` speaks of."""
    found, before = set(), False
    for number, line in enumerate(lines, 1):
        here = re.search(r"# exact: \S", line) is not None
        alone = line.lstrip().startswith("#")
        if here or (before and not alone):
            found.add(number)
        before = here if not alone else here or before
        if here and not alone:
            before = False
    return found


def tolerant(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Comparisons that take a tolerance, and tolerances of zero."""
    say = "compare by arrays.assert_close, not by "
    modules = {"np": "numpy"}
    for node in parts(tree):
        for local, full in imported(node):
            modules[local] = full
            if isinstance(node, ast.ImportFrom) and takes_tolerance(full):
                yield node.lineno, say + full
    for node in parts(tree):
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        first, dot, rest = name.partition(".")
        method = rest.rpartition(".")[2] in TOLERANT["torch"]  # of a tensor
        if dot and (method or takes_tolerance(f"{modules.get(first, first)}.{rest}")):
            yield node.lineno, say + name
        for given in node.keywords:
            zero = isinstance(given.value, ast.Constant) and (given.value.value == 0)
            if given.arg in {"atol", "abs_tol"} and zero:
                yield (node.lineno, f"{given.arg}=0 refuses rounding near zero")


def imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """The names that an import gives, each with what it stands for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            if alias.asname:  # without one, the name says all
                yield alias.asname, alias.name
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def takes_tolerance(full: str) -> bool:
    module, _, name = full.rpartition(".")
    return name in TOLERANT.get(module, ())


def narrow(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Differences that an assertion holds against a small number."""
    say = "a tolerance by hand; use assert_close, with within= if it is no rounding"
    for function in functions(tree):
        names = named(function, difference)
        for line, test, denied in claims(function):
            for low, high in [] if denied else ordered(test):
                if small(high) and difference(low, names):
                    yield line, say


def ordered(test: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    """What is compared as smaller, with what is larger."""
    if isinstance(test, ast.Compare):
        sides = [test.left, *test.comparators]
        for op, left, right in zip(test.ops, sides, sides[1:], strict=False):
            if isinstance(op, ast.Lt | ast.LtE):
                yield left, right
            if isinstance(op, ast.Gt | ast.GtE):
                yield right, left


def difference(node: ast.AST, names: set[str]) -> bool:
    """Is it the magnitude of a difference, or the largest of them?"""
    if isinstance(node, ast.Call):
        called = _called(node)
        inside = _operand(node)
        if inside and called in MAGNITUDES:
            return any(
                isinstance(part, ast.BinOp) and isinstance(part.op, ast.Sub)
                for part in ast.walk(inside)
            )
        return bool(inside and called in LARGEST and difference(inside, names))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        return difference(node.left, names)
    return isinstance(node, ast.Name) and node.id in names


def small(node: ast.AST) -> bool:
    """Is the bound a small number, or that many times something?"""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float) and 0 < node.value <= SMALL
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult):
        return small(node.left) or small(node.right)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return small(node.left) and small(node.right)
    return False


def equal(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Claims of equality of what a product gave, function by function."""
    say = "equality after a product; use assert_close, or # exact: why"
    for function in functions(tree):
        names = named(function, rounded)
        for line, test, denied in claims(function):
            if any(rounded(one, names) for one in claimed_equal(test, denied)):
                yield line, say


@lru_cache(maxsize=1000)
def parts(node: ast.AST) -> list[ast.AST]:
    """The node and all below it."""
    return list(ast.walk(node))


def functions(tree: ast.AST) -> list[Function]:
    return [node for node in parts(tree) if isinstance(node, Function)]


def claims(function: Function) -> Iterator[tuple[int, ast.expr, bool]]:
    """The function's claims: the line, what is compared, whether that is denied."""
    for node in parts(function):
        if isinstance(node, ast.Expr | ast.Assert):
            left = [(node.value if isinstance(node, ast.Expr) else node.test, False)]
            while left:
                test, denied = left.pop()
                inside = _operand(test)
                if isinstance(test, ast.BoolOp):
                    left += [(part, denied) for part in test.values]
                elif isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
                    left.append((test.operand, not denied))
                elif isinstance(test, ast.GeneratorExp | ast.ListComp):
                    left.append((test.elt, denied))
                elif inside and _called(test) in {"all", "any", "bool"}:
                    left.append((inside, denied))
                else:
                    yield node.lineno, test, denied


def claimed_equal(test: ast.expr, denied: bool) -> list[ast.expr]:
    """What is claimed to be equal: nothing if no such is claimed."""
    if isinstance(test, ast.Call) and _called(test) in EQUAL and not denied:
        return test.args
    if isinstance(test, ast.Compare):
        same = ast.NotEq if denied else ast.Eq
        compared = [test.left, *test.comparators]
        if all(isinstance(op, same) for op in test.ops):
            return [] if any(map(_is_text, compared)) else compared
    return []


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def named(function: Function, holds: Callable[[ast.AST, set[str]], bool]) -> set[str]:
    """The names that the function gives to values that hold such."""
    given = list(bound(function))
    names = {f"{name}()" for value, new in given if is_layer(value) for name in new}
    size = -1
    while size < len(names):
        size = len(names)
        for value, targets in given:
            if not targets <= names and holds(value, names):
                names |= targets
    return names


def bound(function: Function) -> Iterator[tuple[ast.expr, set[str]]]:
    """Each value that is given to names, and those names."""
    for node in parts(function):
        if isinstance(node, ast.Assign):
            yield node.value, _stored(*node.targets)
        elif isinstance(node, ast.AnnAssign | ast.AugAssign | ast.NamedExpr):
            if node.value:
                yield node.value, _stored(node.target)
        elif isinstance(node, ast.For | ast.comprehension):
            yield node.iter, _stored(node.target)


def rounded(node: ast.AST, names: set[str]) -> bool:
    """Does the value hold what a product gave?"""
    if isinstance(node, ast.Attribute) and node.attr in ABOUT:
        return False
    if isinstance(node, ast.Call):
        called = _called(node)
        if called in ASKED:
            return False
        plain = isinstance(node.func, ast.Name)  # np.stack is no product
        if called in PRODUCTS and (plain or called != "stack"):
            return True
        if is_layer(node.func) or f"{ast.unparse(node.func)}()" in names:
            return True
    if isinstance(node, ast.Name | ast.Attribute) and ast.unparse(node) in names:
        return True
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return True
    if isinstance(node, ast.Lambda | ast.Compare):
        return False
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        return rounded(node.elt, names)
    return any(rounded(part, names) for part in ast.iter_child_nodes(node))


def is_layer(node: ast.expr) -> bool:
    """Is a layer made here, as in `nn.LSTM(3, 4).double()`?"""
    while isinstance(node, ast.Call) and _called(node) not in LAYERS:
        node = getattr(node.func, "value", node.func)
    return isinstance(node, ast.Call)


def _stored(*targets: ast.expr) -> set[str]:
    """The names that are bound, but `_`, which nobody reads."""
    found = set()
    for target in targets:
        for part in ast.walk(target):
            if isinstance(getattr(part, "ctx", None), ast.Store):
                if isinstance(part, ast.Subscript):  # a part of what it names
                    found.add(ast.unparse(part.value))
                elif isinstance(part, ast.Name | ast.Attribute):
                    found.add(ast.unparse(part))
    return found - {"_"}


def _operand(node: ast.AST) -> ast.expr | None:
    """What a function is called with, or whose method is called."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            whose = node.func.value
            if not LIBRARY.fullmatch(ast.unparse(whose)):
                return whose
        return node.args[0] if node.args else None
    return None


def _called(node: ast.AST) -> str:
    """The last part of the name of what is called, or nothing."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute):
            return node.func.attr
        if isinstance(node.func, ast.Name):
            return node.func.id
    return ""


if __name__ == "__main__":
    sys.exit(main())
