"""A cell's equation, run once on symbols, as a graph of operations.

A cell is a function of one unit: its gates' pre-activations and its own
state. Python runs it on symbols, and each operation leaves a node. Equal
operations are one node, so no value is ever computed twice.
"""

import inspect
import math
import sys
import traceback
from collections.abc import Callable, Iterator
from numbers import Real
from types import CodeType
from typing import Any, NamedTuple, NoReturn

HERE = __file__.rpartition("trace.py")[0]
BY_NAME = "take the gates apart by name, i, f = a"
OWN = (
    "; a weight of each unit is a part of the state that is returned as "
    "it came"
)
COMMUTE = {"add", "mul", "and", "or"}
LOGIC = {  # operations whose arguments are conditions
    "and": [True, True],
    "or": [True, True],
    "not": [True],
    "where": [True, False, False],
}
TRUTHS = {"less", "less_equal", "equal", "and", "or", "not"}


class Graph:
    """The nodes of one cell in the order in which they are computed."""

    def __init__(self) -> None:
        self.nodes: dict[tuple, Node] = {}
        self.names: dict[int, str] = {}  # what the cell calls its values
        self.running: CodeType | None = None  # the cell's, while it runs

    def node(self, op: str, *args: Any) -> "Node":
        """The node of this operation, made if there is none yet."""
        if op in COMMUTE:
            args = tuple(sorted(args, key=lambda a: a.place))
        key = op, *map(_key, args)
        if key not in self.nodes:
            self.nodes[key] = Node(self, op, args, len(self.nodes))
        return self.nodes[key]

    def constant(self, value: float) -> "Node":
        """The node of a number."""
        return self.node("constant", float(value))

    def read_names(self) -> None:
        """Note the cell's local names as they are at this operation."""
        frame = sys._getframe(1) if self.running else None
        while frame is not None and frame.f_code is not self.running:
            frame = frame.f_back
        for name, value in frame.f_locals.items() if frame else ():
            if type(value) is Node and value.graph is self:
                self.names.setdefault(value.place, name)


class Node:
    """One value of one unit: a symbol, a constant or an operation."""

    __array_ufunc__ = None  # NumPy's functions refuse it

    def __init__(self, graph: Graph, op: str, args: tuple, place: int):
        self.graph, self.op, self.args, self.place = graph, op, args, place

    def __add__(self, other: Any) -> "Node":
        return apply("add", self, other)

    def __sub__(self, other: Any) -> "Node":
        return apply("sub", self, other)

    def __rsub__(self, other: Any) -> "Node":
        return apply("sub", other, self)

    def __mul__(self, other: Any) -> "Node":
        return apply("mul", self, other)

    def __truediv__(self, other: Any) -> "Node":
        return apply("div", self, other)

    def __rtruediv__(self, other: Any) -> "Node":
        return apply("div", other, self)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> "Node":
        return apply("neg", self)

    def __pos__(self) -> "Node":
        return self

    def __abs__(self) -> "Node":
        return apply("abs", self)

    def __pow__(self, power: Any) -> "Node":
        return raised(self, power)

    def __rpow__(self, base: float) -> "Node":
        if not base > 0:
            raise TypeError(f"expected a base above 0, got {base!r}")
        return apply("exp", apply("mul", math.log(base), self))

    def __lt__(self, other: Any) -> "Node":
        return apply("less", self, other)

    def __le__(self, other: Any) -> "Node":
        return apply("less_equal", self, other)

    def __gt__(self, other: Any) -> "Node":
        return apply("less", other, self)

    def __ge__(self, other: Any) -> "Node":
        return apply("less_equal", other, self)

    def __eq__(self, other: object) -> "Node":  # type: ignore[override]
        return apply("equal", self, other)

    def __ne__(self, other: object) -> "Node":  # type: ignore[override]
        return ~(self == other)

    __hash__ = object.__hash__

    def __and__(self, other: Any) -> "Node":
        return apply("and", self, other)

    def __or__(self, other: Any) -> "Node":
        return apply("or", self, other)

    def __invert__(self) -> "Node":
        return apply("not", self)

    def __bool__(self) -> NoReturn:
        raise TypeError("branches on a value; use where(condition, a, b)")

    def __float__(self) -> NoReturn:
        raise TypeError(
            "takes a unit's value for a number; a cell has the functions "
            "of rnncore.fused"
        )

    __int__ = __index__ = __complex__ = __float__

    def __len__(self) -> int:
        raise TypeError("takes one unit's value for a list of values")

    def __iter__(self) -> Iterator["Node"]:
        raise TypeError("takes one unit's value for a list of values")

    def __getitem__(self, k: Any) -> "Node":
        raise TypeError("reads other units than its own")

    def __matmul__(self, other: Any) -> NoReturn:
        raise TypeError("mixes units in a product")

    __rmatmul__ = __matmul__

    def __getattr__(self, name: str) -> NoReturn:
        if name.startswith("__"):
            raise AttributeError(name)
        raise TypeError(
            f"asks one unit's value for .{name}; write tanh(x), "
            "minimum/maximum, or i, g = a"
        )


class Gates(Node):
    """The pre-activations; how many there are, the cell says itself.

    It does so by taking them apart, `i, f, g, o = a`, or by `a[3]`; a
    cell that does neither has one.
    """

    def __init__(self, graph: Graph, name: str, count: int | None):
        first = graph.node("symbol", f"{name}0")
        super().__init__(graph, first.op, first.args, first.place)
        self.name, self.count, self.asked = name, count, 0
        self.whole = False  # whether it is read as one value

    def __getitem__(self, k: Any) -> Node:
        if not isinstance(k, int) or isinstance(k, bool):
            raise TypeError(f"expected the number of one gate, got {k!r}")
        limit = 64 if self.count is None else self.count
        if not 0 <= k < limit:
            raise IndexError(
                f"asks for gate {k}: expected one of 0 to {limit - 1}"
            )
        self.asked = max(self.asked, k + 1)
        return self.graph.node("symbol", f"{self.name}{k}")

    def __iter__(self) -> Iterator[Node]:
        for k in range(64 if self.count is None else self.count):
            yield self[k]
        if self.count is None:
            raise TypeError(f"reads gates without end; {BY_NAME}")

    def __len__(self) -> int:
        if self.count is None:
            raise TypeError(f"asks how many gates it has; {BY_NAME}")
        return self.count


class Traced(NamedTuple):
    """A cell as a graph: what it reads and what it returns."""

    name: str
    parts: list[str]  # the cell's own names of the state's parts
    graph: Graph
    shared: list[str]  # gates that see only the sum a_x + a_h
    apart: list[int]  # numbers of the gates that see a_x and a_h apart
    gates: int
    state: list[Node]  # before the step
    after: list[Node]  # after it, the hidden state first


def trace(cell: Callable, gates: int | None = None) -> Traced:
    """A cell's graph, from one run of its function on symbols.

    Raises ValueError naming the line where the function is not one of a
    single unit, branches on a value or returns the wrong number of parts.
    """
    names = _parameters(cell)
    sums = names[0] == "a"
    G = gates or _count_gates(cell, names, sums)
    graph = Graph()
    graph.running = cell.__code__
    given = _symbols(graph, names, sums, G)
    try:
        returned = cell(*given)
        if not isinstance(returned, tuple | Node | Real):
            raise TypeError(
                "expected it to return h or a tuple of its state, "
                f"got {type(returned).__name__}"
            )
        parts = returned if isinstance(returned, tuple) else (returned,)
        after = [_node(graph, part) for part in parts]
        _check_whole(cell, [a for a in given if isinstance(a, Gates)])
        if any(part.op in TRUTHS for part in after):
            raise TypeError("returns a condition; use where")
    except Exception as error:  # noqa: BLE001 - told with its line
        _refuse(cell, error)
    graph.running = None
    state = given[1 if sums else 2 :]
    if len(after) != len(state):
        raise ValueError(
            f"{_place(cell)}: {cell.__name__}: expected "
            f"{len(state)} part(s) of the state, got {len(after)}"
        )
    if after[0] is state[0]:
        raise ValueError(
            f"{_place(cell)}: {cell.__name__}: returns h as it came; "
            "expected the new h first"
        )
    apart = [] if sums else _find_separate_gates(graph, after, G)
    graph, state, after = _with_sums(graph, state, after, G, apart, sums)
    shared = [f"a{g}" for g in range(G) if g not in apart]
    own = names[1 if sums else 2 :]
    name = cell.__name__ if cell.__name__.isidentifier() else "cell"
    return Traced(name, own, graph, shared, apart, G, state, after)


def apply(op: str, *args: Any) -> Node:
    """An operation on nodes and numbers, left out if it changes nothing.

    Raises TypeError where an argument is neither.
    """
    graphs = [a.graph for a in args if isinstance(a, Node)]
    graph = graphs[0]
    graph.read_names()
    nodes = tuple(_node(graph, a) for a in args)
    wants = LOGIC.get(op, [False] * len(args))
    if [n.op in TRUTHS for n in nodes] != wants:
        raise TypeError("computes with a condition; use where")
    if op in {"add", "sub", "mul", "div"}:
        a, b = nodes
        one = 0.0 if op in {"add", "sub"} else 1.0
        if b.op == "constant" and b.args[0] == one:
            return a
        if a.op == "constant" and a.args[0] == one and op in COMMUTE:
            return b
    if op == "neg" and nodes[0].op == "neg":
        return nodes[0].args[0]
    return graph.node(op, *nodes)


def raised(base: Node, power: Any) -> Any:
    """A power: whole numbers as products, 0.5 as a root, others by exp."""
    if isinstance(power, Node):
        return apply("exp", power * apply("log", base))
    if power == 0.5:
        return apply("sqrt", base)
    if float(power) != int(power) or abs(power) > 64:
        return apply("pow", base, power)
    if power < 0:
        return 1.0 / raised(base, -power)
    if power == 0:
        return 1.0
    half = raised(base, power // 2) if power > 1 else None
    even = half * half if half is not None else base
    return even * base if half is not None and power % 2 else even


def _key(a: Any) -> Any:
    return a.place if isinstance(a, Node) else repr(a)  # repr: -0.0, nan


def _node(graph: Graph, a: Any) -> Node:
    if isinstance(a, Node):
        if a.graph is not graph:
            raise TypeError("mixes values of two runs")
        if isinstance(a, Gates):
            a.whole = True
        return a
    if isinstance(a, bool) or not isinstance(a, Real):
        raise TypeError(
            f"expected a value of the unit or a number, "
            f"got {type(a).__name__}{OWN if hasattr(a, 'shape') else ''}"
        )
    if not math.isfinite(a):
        raise TypeError(f"expected a finite number, got {a}")
    return graph.constant(float(a))


def _parameters(cell: Callable) -> list[str]:
    if not inspect.isfunction(cell):
        raise ValueError(
            f"cell: expected a function, got {type(cell).__name__}"
        )
    kinds = inspect.Parameter
    names = [
        p.name
        for p in inspect.signature(cell).parameters.values()
        if p.kind in (kinds.POSITIONAL_ONLY, kinds.POSITIONAL_OR_KEYWORD)
        and p.default is p.empty
    ]
    fits = names[:1] == ["a"] and len(names) > 1
    if not fits and not (names[:2] == ["a_x", "a_h"] and len(names) > 2):
        raise ValueError(
            f"{_place(cell)}: {cell.__name__}: expected parameters "
            f"(a, h, ...) or (a_x, a_h, h, ...), got ({', '.join(names)})"
        )
    return names


def _symbols(
    graph: Graph, names: list[str], sums: bool, G: int | None
) -> list[Any]:
    first = 1 if sums else 2
    gates: list[Node] = []
    for name in names[:first]:
        gates.append(Gates(graph, name, G))
    state = [
        graph.node("symbol", f"s{k}") for k in range(len(names[first:]))
    ]
    return [*gates, *state]


def _count_gates(cell: Callable, names: list[str], sums: bool) -> int:
    """How many gates the cell takes from symbols that have no end."""
    graph = Graph()
    given = _symbols(graph, names, sums, None)
    gates = given[: 1 if sums else 2]
    try:
        cell(*given)
    except Exception as error:  # noqa: BLE001 - told with its line
        if "too many values to unpack" not in str(error):
            _refuse(cell, error)
        return max(g.asked for g in gates) - 1  # one more to see the end
    return max(1, *(g.asked for g in gates))


def _check_whole(cell: Callable, gates: list[Gates]) -> None:
    """Raise TypeError where a whole `a` stands beside its several gates."""
    several = max((g.asked for g in gates), default=0) > 1
    for name in [g.name for g in gates if g.whole and several]:
        raise TypeError(
            f"uses {name} as a whole and also takes it apart; "
            f"name the gate: r, z = {name}"
        )


def _refuse(cell: Callable, error: Exception) -> NoReturn:
    """Raise again, naming the line of the cell's file that did it."""
    lines = traceback.extract_tb(error.__traceback__)
    file = cell.__code__.co_filename
    theirs = [k for k in lines if k.filename == file]
    place, line, why = _place(cell), "", str(error)
    if theirs:
        place = f"{file}:{theirs[-1].lineno}"
        line = f": {theirs[-1].line}"
    if "values to unpack" in why:
        why += "; a_x and a_h have as many gates as each other"
    elif not lines[-1].filename.startswith(HERE) and isinstance(
        error, TypeError | ValueError | AttributeError
    ):
        why += "; a cell has + - * / ** and the functions of rnncore.fused"
    raise ValueError(f"{place}: {cell.__name__}: {why}{line}") from error


def _place(cell: Callable) -> str:
    code = cell.__code__
    return f"{code.co_filename}:{code.co_firstlineno}"


def reached(roots: list[Node]) -> list[Node]:
    """All nodes that the roots are computed from, in order."""
    found: dict[int, Node] = {}
    left = list(roots)
    while left:
        node = left.pop()
        if node.place not in found:
            found[node.place] = node
            left += [a for a in node.args if isinstance(a, Node)]
    return [found[place] for place in sorted(found)]


def _find_separate_gates(
    graph: Graph, after: list[Node], G: int
) -> list[int]:
    """The gates whose a_x or a_h is read outside of their sum."""
    read: set[str] = set()
    for node in reached(after):
        names = [a.args[0] for a in node.args if _is_symbol(a)]
        both = {n.replace("a_x", "a_h") for n in names}
        if node.op == "add" and len(both) == 1 and len(names) == 2:
            continue
        read |= set(names)
    read |= {a.args[0] for a in after if _is_symbol(a)}
    return [g for g in range(G) if {f"a_x{g}", f"a_h{g}"} & read]


def _is_symbol(a: Any) -> bool:
    return isinstance(a, Node) and a.op == "symbol"


def _with_sums(graph, state, after, G, apart, sums):
    """The same graph with one symbol a_g where only the sum is read."""
    if sums:
        return graph, state, after
    new, moved = Graph(), {}
    for g in range(G):
        for name in (f"a_x{g}", f"a_h{g}") if g in apart else (f"a{g}",):
            new.node("symbol", name)
    state_ = [new.node("symbol", s.args[0]) for s in state]
    shared = {
        frozenset((f"a_x{g}", f"a_h{g}")): f"a{g}"
        for g in range(G)
        if g not in apart
    }
    for node in reached([*after, *state]):
        names = frozenset(a.args[0] for a in node.args if _is_symbol(a))
        if node.op == "add" and names in shared:
            moved[node.place] = new.node("symbol", shared[names])
        elif not _is_symbol(node) or node.args[0][:3] not in {"a_x", "a_h"}:
            args = [
                moved[a.place] if isinstance(a, Node) else a
                for a in node.args
            ]
            moved[node.place] = new.node(node.op, *args)
        elif int(node.args[0][3:]) in apart:
            moved[node.place] = new.node("symbol", node.args[0])
    for place, name in graph.names.items():
        if place in moved:
            new.names.setdefault(moved[place].place, name)
    return new, state_, [moved[n.place] for n in after]
