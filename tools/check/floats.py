"""Refuse comparisons of floats that hold on one machine alone.

    python -m tools.check.floats [PATH ...]

Looks at the syntax of the tests (without a path: of all), and refuses

- every comparison with a tolerance but tests/arrays.py's: NumPy's, torch's
  and pytest's take one that does not follow the array, and `atol=0` asks
  of a number near zero what no sum can give;
- equality after a product: whether its sum is the same to the last bit is
  decided by the BLAS, the processor, the threads and the other operands.

Code that a test holds as text is not looked at. Where exactness is the claim,
a comment on the line, or on lines of their own before it, says why:

    # exact: whole numbers
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from tools import ROOT

HELPER = ROOT / "tests" / "arrays.py"

TOLERANT = re.compile(
    r"(np|numpy)\.(allclose|isclose|testing\.assert_(allclose|almost_equal"
    r"|approx_equal|array_almost_equal(_nulp)?|array_max_ulp))"
    r"|torch\.(allclose|isclose|testing\.assert_close)"
    r"|math\.isclose|cmath\.isclose|pytest\.approx"
)
IMPORTED = {
    "numpy": {"allclose", "isclose"},
    "numpy.testing": {"assert_allclose", "assert_almost_equal"},
    "torch": {"allclose", "isclose"},
    "torch.testing": {"assert_close"},
    "math": {"isclose"},
    "pytest": {"approx"},
}
EQUAL = {"array_equal", "assert_array_equal", "assert_equal", "equal"}
PRODUCTS = {
    # of the libraries
    *("addmm", "bmm", "dot", "einsum", "inner", "linear", "matmul", "mm"),
    *("multi_dot", "tensordot", "vdot", "vecdot"),
    # of rnncore
    *("bidirectional", "bidirectional_bptt", "both_ways", "bptt"),
    *("bptt_reset_before", "gradient_by_lag", "minimal_layer", "readout"),
    *("minimal_layer_vjp", "stack", "stack_bptt", "truncated_bptt"),
    *("unroll", "unroll_reset_before"),
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
    for line, what in sorted({*tolerant(tree), *equal(tree)}):
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
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for name in IMPORTED.get(node.module or "", set()):
                if name in {a.name for a in node.names}:
                    yield node.lineno, say + f"{node.module}.{name}"
        if not isinstance(node, ast.Call):
            continue
        name = ast.unparse(node.func)
        if TOLERANT.fullmatch(name):
            yield node.lineno, say + name
        for given in node.keywords:
            zero = isinstance(given.value, ast.Constant) and (given.value.value == 0)
            if given.arg in {"atol", "abs_tol"} and zero:
                yield (node.lineno, f"{given.arg}=0 refuses rounding near zero")


def equal(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Claims of equality of what a product gave, function by function."""
    say = "equality after a product; use assert_close, or # exact: why"
    for function in ast.walk(tree):
        if not isinstance(function, Function):
            continue
        names = products_of(function)
        for node in ast.walk(function):
            if isinstance(node, ast.Expr | ast.Assert) and any(
                rounded(operand, names) for operand in claimed_equal(node)
            ):
                yield node.lineno, say


def claimed_equal(node: ast.Expr | ast.Assert) -> list[ast.expr]:
    """What the node claims to be equal: nothing if it claims no such."""
    test = node.value if isinstance(node, ast.Expr) else node.test
    while isinstance(test, ast.Call) and _called(test) in {"all", "bool"}:
        if test.args:
            test = test.args[0]
        elif isinstance(test.func, ast.Attribute):
            test = test.func.value
        else:
            return []
    if isinstance(test, ast.Call) and _called(test) in EQUAL:
        return test.args
    if isinstance(test, ast.Compare) and all(isinstance(op, ast.Eq) for op in test.ops):
        compared = [test.left, *test.comparators]
        return [] if any(map(_is_text, compared)) else compared
    return []


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def products_of(function: Function) -> set[str]:
    """The names that the function gives to what a product gave."""
    names: set[str] = set()
    size = -1
    while size < len(names):
        size = len(names)
        for node in ast.walk(function):
            if isinstance(node, ast.Assign) and rounded(node.value, names):
                names |= _stored(*node.targets)
            if isinstance(node, ast.For) and rounded(node.iter, names):
                names |= _stored(node.target)
    return names


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
    if isinstance(node, ast.Name):
        return node.id in names
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
        return True
    if isinstance(node, ast.Lambda | ast.Compare):
        return False
    if isinstance(node, ast.ListComp | ast.SetComp | ast.GeneratorExp):
        for part in node.generators:
            if rounded(part.iter, names):
                names = names | _stored(part.target)
        return rounded(node.elt, names)
    return any(rounded(part, names) for part in ast.iter_child_nodes(node))


def _stored(*targets: ast.expr) -> set[str]:
    """The names that are bound, but `_`, which nobody reads."""
    found = {
        part.id
        for target in targets
        for part in ast.walk(target)
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }
    return found - {"_"}


def _called(node: ast.AST) -> str:
    """The last part of the name of what is called, or nothing."""
    if not isinstance(node, ast.Call):
        return ""
    return ast.unparse(node.func).rsplit(".", 1)[-1]


if __name__ == "__main__":
    sys.exit(main())
