"""Slips: the small edits of a solution that anybody makes, in every task.

A known mistake is an idea that is wrong, written by an author. A slip is a
sign turned, a factor left out, an index off by one: the same few kinds
everywhere, so the build makes them itself from the solution's syntax tree. A
text about a slip names its kind, and neither the line nor a part of it.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from typing import Any

from grader.assignments.known_mistakes import Mistake
from rnncore.testing.slips import EPSILON

SIGN = "one sign is turned: a minus where a plus belongs, or a plus for a minus"
FACTOR = "one factor or divisor is left out"
INVERSE = "multiplied by what it is to be divided by, or the other way round"
TWICE = "one term counts twice: it is multiplied by 2, or added once more"
SQUARED = "one factor stands there twice: it is squared, or its square is no square"
TERM = "one term of a sum or difference is left out"
FUNCTION = "one function is left out: an exp, a root, a tanh, an append ..."
REDUCTION = "a sum stands for a mean or a mean for a sum, or a maximum for a minimum"
AXIS = "one axis is wrong"
TRANSPOSED = "one matrix is transposed that is not to be, or is not and should be"
OFF_BY_ONE = "one number, index or bound is off by one"
BORDER = "one comparison is wrong: at its border, or turned round"
CONDITION = "one condition is turned round, or one of its parts is left out"
LINE = "one line is missing"
AGAIN = "one line runs twice"
ORDER = "an old value is read where the new one belongs, or a new one for an old one"
LOOP = "one line stands inside a loop and belongs before or after it, or the reverse"
FIRST = "the first step's or sequence's value stands for all of them, in one place"
ZERO = "one variable counts as zero: it is left out, or nobody reads it"
SLOPE = "the slope of a sigmoid stands where a tanh's belongs, or the reverse"
EXCHANGED = "two operands or arguments have changed places"
VARIABLE = "one variable stands where another one belongs"

SIGNS = {ast.Add: ast.Sub, ast.Sub: ast.Add}
QUOTIENTS = {ast.Mult: ast.Div, ast.Div: ast.Mult}
COMPARISONS: dict[type, tuple[type, ...]] = {
    ast.Lt: (ast.LtE, ast.Gt),
    ast.LtE: (ast.Lt, ast.GtE),
    ast.Gt: (ast.GtE, ast.Lt),
    ast.GtE: (ast.Gt, ast.LtE),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
REDUCTIONS = {
    "sum": ("mean",),
    "mean": ("sum", "median"),
    "median": ("mean",),
    "max": ("min",),
    "min": ("max",),
}
TURNS = ("T", "mT")
LITTLE = 1e-7  # an epsilon whose errors are in proportion to it
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"

Edit = tuple[str, Callable[[], None], Callable[[], None]]  # kind, do, undo


def list_slips(solution: str) -> Iterator[Mistake]:
    """Each slip of a solution cell, once, as an edit of the whole cell.

    What the learner is given is left as it is, and so is whatever decides
    how long a `while` runs.
    """
    tree = ast.parse(solution)
    first, last = _written_lines(solution)
    kinds: dict[str, str] = {}
    for kind, do, undo in _list_edits(tree, first, last):
        do()
        kinds.setdefault(ast.unparse(ast.fix_missing_locations(tree)), kind)
        undo()
    kinds.pop(ast.unparse(tree), None)
    order = [*_KINDS]
    for text, kind in sorted(kinds.items(), key=lambda one: order.index(one[1])):
        yield Mistake(f"slip: {kind}", solution, text, kind, True, 0)


_KINDS = (
    *(SIGN, FACTOR, INVERSE, TWICE, SQUARED, TERM, FUNCTION, REDUCTION, AXIS),
    *(SLOPE, TRANSPOSED, OFF_BY_ONE, BORDER, CONDITION, ORDER, LOOP, LINE),
    *(AGAIN, EXCHANGED, FIRST, ZERO, VARIABLE, EPSILON),
)


def _written_lines(solution: str) -> tuple[int, int]:
    """The first and last line of what the learner is to write."""
    lines = [line.strip() for line in solution.split("\n")]
    return lines.index(BEGIN) + 1, lines.index(END) + 1


def _list_edits(tree: ast.Module, first: int, last: int) -> Iterator[Edit]:
    """All edits of the statements and expressions between these lines."""
    names = _names_at_hand(tree, first, last)
    for parent in _walk_outside_while(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, list):
                if field in ("body", "orelse"):
                    yield from _edit_block(parent, field, value, first, last)
                places: list[tuple[Any, Any]] = [(value, k) for k in range(len(value))]
            else:
                places = [(parent.__dict__, field)]
            for holder, key in places:
                node = holder[key]
                if isinstance(node, ast.expr) and first < node.lineno < last:
                    for kind, new in _edit_expression(node, names):
                        yield kind, *_put(holder, key, node, new)


def _walk_outside_while(tree: ast.AST) -> Iterator[ast.AST]:
    yield tree
    for child in ast.iter_child_nodes(tree):
        if not isinstance(child, ast.While | ast.Raise | ast.Assert | ast.JoinedStr):
            yield from _walk_outside_while(child)


def _names_at_hand(tree: ast.Module, first: int, last: int) -> list[str]:
    """The variables of the functions that the learner writes in."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if not isinstance(node, ast.FunctionDef | ast.Lambda):
            continue
        end = node.end_lineno or 0
        if node.lineno <= last and end >= first:
            found |= dict.fromkeys(a.arg for a in node.args.args)
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None
    return [name for name in found if name not in ("self", "xp", "ctx")]


def _put(holder: Any, key: Any, old: Any, new: Any) -> tuple[Callable, Callable]:
    def do() -> None:
        holder[key] = new

    def undo() -> None:
        holder[key] = old

    return do, undo


def _edit_block(
    parent: ast.AST, field: str, block: list[ast.stmt], first: int, last: int
) -> Iterator[Edit]:
    """Lines left out, run twice, and exchanged with the next."""

    def change(kind: str, new: list[ast.stmt]) -> Edit:
        return kind, *_put(parent.__dict__, field, block, new)

    for k, line in enumerate(block):
        end = line.end_lineno or line.lineno
        if not first < line.lineno <= end < last:
            continue
        before, after = block[:k], block[k + 1 :]
        if isinstance(line, ast.If) and not line.orelse:
            yield change(CONDITION, [*before, *line.body, *after])
        if not isinstance(line, ast.Return):
            yield change(LINE, [*before, *(after or ([] if k else [ast.Pass()]))])
            simple = isinstance(line, ast.Assign | ast.AugAssign | ast.Expr)
            if simple:
                yield change(AGAIN, [*before, line, line, *after])
            if after and simple and not isinstance(after[0], ast.Return):
                yield change(ORDER, [*before, after[0], line, *after[1:]])
            for at, later in enumerate(after):
                if isinstance(later, ast.For):
                    inside = _with_body(later, [line, *later.body])
                    new = [*after[:at], inside, *after[at + 1 :]]
                    yield change(LOOP, [*before, *(new if simple else block[k:])])
        if isinstance(line, ast.For) and len(line.body) > 1:
            outside = [_with_body(line, line.body[:-1]), line.body[-1]]
            yield change(LOOP, [*before, *outside, *after])
        for new in _read_the_old(line, after):
            yield change(ORDER, [*before, *new])


def _with_body(loop: ast.For, body: list[ast.stmt]) -> ast.For:
    return ast.For(loop.target, loop.iter, body, loop.orelse)


def _read_the_old(line: ast.stmt, after: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """A line that renews a variable, whose old value is read once later."""
    if not isinstance(line, ast.Assign) or not isinstance(line.targets[0], ast.Name):
        return
    name = line.targets[0].id
    count = sum(_reads(node, name) for one in after for node in ast.walk(one))
    if not any(_reads(node, name) for node in ast.walk(line.value)):
        return
    keep = ast.Assign([ast.Name("_old", ast.Store())], ast.Name(name, ast.Load()))
    for n in range(count):
        later = copy.deepcopy(after)
        found = [x for one in later for x in ast.walk(one) if _reads(x, name)]
        found[n].id = "_old"  # type: ignore[attr-defined]
        yield [keep, line, *later]


def _reads(node: ast.AST, name: str) -> bool:
    """Whether a node is this variable, where it is read."""
    is_it = isinstance(node, ast.Name) and node.id == name
    return is_it and isinstance(node.ctx, ast.Load)  # type: ignore[attr-defined]


def _edit_expression(
    node: ast.expr, names: list[str]
) -> Iterator[tuple[str, ast.expr]]:
    """What may stand there by a slip."""
    for edit in (_edit_operation, _edit_call, _edit_number, _edit_condition):
        yield from edit(node)
    if isinstance(node, ast.Attribute) and node.attr in TURNS:
        yield TRANSPOSED, node.value
    if isinstance(node, ast.Name) and node.id in names and _reads(node, node.id):
        for name in names:
            if name != node.id:
                yield VARIABLE, ast.Name(name, ast.Load())
        yield ZERO, ast.BinOp(ast.Constant(0), ast.Mult(), node)
        yield FIRST, ast.parse(f"{node.id}[:1, ...]", mode="eval").body


def _edit_operation(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        yield SIGN, node.operand
    if not isinstance(node, ast.BinOp):
        return
    left, op, right = node.left, node.op, node.right
    yield from _edit_slope(node)
    if type(op) in SIGNS:
        yield SIGN, ast.BinOp(left, SIGNS[type(op)](), right)
        yield TERM, left
        yield TERM, right if isinstance(op, ast.Add) else _negative(right)
        if isinstance(op, ast.Sub):
            yield EXCHANGED, ast.BinOp(right, op, left)
        if not _is_whole(left) and not _is_whole(right):
            yield TWICE, ast.BinOp(left, op, _double(right))
            yield TWICE, ast.BinOp(_double(left), op, right)
    elif type(op) in QUOTIENTS:
        yield INVERSE, ast.BinOp(left, QUOTIENTS[type(op)](), right)
        yield FACTOR, left
        if isinstance(op, ast.Mult):
            yield FACTOR, right
            yield SQUARED, ast.BinOp(node, op, copy.deepcopy(left))
        yield SQUARED, ast.BinOp(node, op, copy.deepcopy(right))
        if isinstance(op, ast.Div):
            yield EXCHANGED, ast.BinOp(right, op, left)
            yield EPSILON, ast.BinOp(left, op, _add_little(right))
    elif isinstance(op, ast.Pow):
        yield FUNCTION if _is_half(right) else SQUARED, left
        yield EPSILON, ast.BinOp(_add_little(left), op, right)
    elif isinstance(op, ast.MatMult):
        yield TRANSPOSED, ast.BinOp(left, op, ast.Attribute(right, "T", ast.Load()))
        yield TRANSPOSED, ast.BinOp(ast.Attribute(left, "T", ast.Load()), op, right)
        yield EXCHANGED, ast.BinOp(right, op, left)


def _edit_slope(node: ast.BinOp) -> Iterator[tuple[str, ast.expr]]:
    """1 - y * y for y * (1 - y), and the reverse."""
    match node:
        case ast.BinOp(
            ast.Constant(1), ast.Sub(), ast.BinOp(y, ast.Mult() | ast.Pow(), _)
        ):
            slope = ast.BinOp(ast.Constant(1), ast.Sub(), y)
            yield SLOPE, ast.BinOp(y, ast.Mult(), slope)
        case ast.BinOp(
            ast.BinOp(rest, ast.Mult(), y),
            ast.Mult(),
            ast.BinOp(ast.Constant(1), ast.Sub(), z),
        ) if ast.dump(y) == ast.dump(z):
            square = ast.BinOp(y, ast.Mult(), y)
            slope = ast.BinOp(ast.Constant(1), ast.Sub(), square)
            yield SLOPE, ast.BinOp(rest, ast.Mult(), slope)


def _edit_call(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if not isinstance(node, ast.Call):
        return
    name = ""
    if isinstance(node.func, ast.Attribute):
        name = node.func.attr
    elif isinstance(node.func, ast.Name):
        name = node.func.id
    if name in ("log", "sqrt") and len(node.args) == 1:
        yield EPSILON, ast.Call(node.func, [_add_little(node.args[0])], node.keywords)
    for other in REDUCTIONS.get(name, ()):
        func: ast.expr = ast.Name(other, ast.Load())
        if isinstance(node.func, ast.Attribute):
            func = ast.Attribute(node.func.value, other, ast.Load())
        yield REDUCTION, ast.Call(func, node.args, node.keywords)
    if len(node.args) == 1 and not node.keywords:
        lines_up = name in ("reversed", "sorted")
        yield ORDER if lines_up else FUNCTION, node.args[0]
    for k in range(len(node.args) - 1):
        args = [*node.args]
        args[k], args[k + 1] = args[k + 1], args[k]
        yield EXCHANGED, ast.Call(node.func, args, node.keywords)
    for k, word in enumerate(node.keywords):
        if word.arg in ("axis", "dim"):
            for axis in (-2, -1, 0, 1):
                words = [*node.keywords]
                words[k] = ast.keyword(word.arg, ast.Constant(axis))
                yield AXIS, ast.Call(node.func, node.args, words)


def _edit_number(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    """A number, a size or a bound, one more and one less."""
    if _is_whole(node):
        for by in (1, -1):
            yield OFF_BY_ONE, ast.Constant(node.value + by)  # type: ignore[attr-defined]
    elif _is_count(node):
        for op in (ast.Sub(), ast.Add()):
            yield OFF_BY_ONE, ast.BinOp(node, op, ast.Constant(1))
    if isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, int | float) and not isinstance(value, bool):
            yield TWICE, ast.Constant(2 * value)


def _is_count(node: ast.expr) -> bool:
    """Whether it is a size or an index: T, t, len(x), x.shape[0]."""
    match node:
        case ast.Name(name, ast.Load()):
            return len(name) == 1 and (name.isupper() or name in "tkn")
        case ast.Call(ast.Name("len")) | ast.Subscript(ast.Attribute(_, "shape")):
            return True
    return False


def _edit_condition(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        for other in COMPARISONS.get(type(node.ops[0]), ()):
            yield BORDER, ast.Compare(node.left, [other()], node.comparators)
    elif isinstance(node, ast.BoolOp):
        for k in range(len(node.values)):
            rest = node.values[:k] + node.values[k + 1 :]
            one = ast.BoolOp(node.op, rest) if len(rest) > 1 else rest[0]
            yield CONDITION, one
        turned = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield CONDITION, ast.BoolOp(turned, node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not | ast.Invert):
        yield CONDITION, node.operand
    elif isinstance(node, ast.IfExp):
        yield CONDITION, node.body
        yield CONDITION, node.orelse


def _is_whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _is_half(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0.5


def _double(node: ast.expr) -> ast.expr:
    return ast.BinOp(ast.Constant(2), ast.Mult(), node)


def _add_little(node: ast.expr) -> ast.expr:
    return ast.BinOp(node, ast.Add(), ast.Constant(LITTLE))


def _negative(node: ast.expr) -> ast.expr:
    return ast.UnaryOp(ast.USub(), node)
