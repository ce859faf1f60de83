"""The gradient of a cell's graph, and what the way back must be told.

The vjp is the same kind of graph: reverse mode, one rule an operation.
"""

from collections.abc import Callable
from typing import NamedTuple

from rnncore.fused.trace import Node, Traced, apply, reached

DEAR = {"tanh", "sigmoid", "exp", "log", "pow", "div", "sqrt"}


class Derived(NamedTuple):
    """A cell with its vjp: both are nodes of one graph."""

    cell: Traced
    held: list[int]  # parts of the state that the step does not change
    d_after: list[Node]  # symbols: upstream gradients of the new state
    slots: list[str]  # symbols of gates, in the order of their gradients
    d_slots: list[Node]  # gradients of the gates
    d_state: list[Node]  # gradients of the state, not through a_h
    kept: list[Node]  # what each step keeps for the way back
    names: dict[int, str]  # of nodes, for readers of the source


def derive(cell: Traced) -> Derived:
    """The vjp of a cell and the fewest values that a step has to keep."""
    graph = cell.graph
    slots = [f"a_x{g}" for g in cell.apart] + cell.shared
    slots += [f"a_h{g}" for g in cell.apart]
    symbols = [graph.node("symbol", name) for name in slots]
    forward = reached([*cell.after, *cell.state, *symbols])
    d_after = [
        graph.node("symbol", f"d_s{k}") for k in range(len(cell.after))
    ]
    d: dict[int, Node] = {}
    for node, upstream in zip(cell.after, d_after, strict=True):
        _add(d, node, upstream)
    for node in reversed(forward):
        if node.place in d and node.op in RULES:
            for a, part in RULES[node.op](node, d[node.place]):
                if a.op != "constant":
                    _add(d, a, part)
    zero = graph.constant(0.0)
    d_slots = [d.get(s.place, zero) for s in symbols]
    d_state = [d.get(s.place, zero) for s in cell.state]
    held = [
        k
        for k, (a, b) in enumerate(zip(cell.state, cell.after, strict=True))
        if k and a is b
    ]
    kept = _kept(cell, forward, [*d_slots, *d_state])
    names = _names(cell, held, symbols, forward, d)
    return Derived(
        cell, held, d_after, slots, d_slots, d_state, kept, names
    )


def _names(
    cell: Traced,
    held: list[int],
    symbols: list[Node],
    forward: list[Node],
    d: dict[int, Node],
) -> dict[int, str]:
    """The cell's own names, `new_c` for its state, `d_c` for gradients.

    A value without a name has one after what is done, `sigmoid_f`.
    """
    names = {n.place: n.args[0] for n in symbols} | cell.graph.names
    for k, (node, part) in enumerate(
        zip(cell.after, cell.parts, strict=True)
    ):
        if k not in held:
            names[node.place] = f"new_{part}"
    for node, part in zip(cell.state, cell.parts, strict=True):
        names[node.place] = part
    for n in forward:
        if len(n.args) == 1 and isinstance(n.args[0], Node):
            of = names.get(n.args[0].place)
            if of:
                names.setdefault(n.place, f"{n.op}_{of}")
        if n.op in DEAR:
            names.setdefault(n.place, f"{n.op}_{n.place}")
    old = {n.place for n in cell.state}
    for n in [*symbols, *cell.after, *cell.state, *reversed(forward)]:
        if n.place in d and n.place in names:
            name = f"d_{names[n.place]}" + "_before" * (n.place in old)
            names.setdefault(d[n.place].place, name)
    return names


def _add(d: dict[int, Node], node: Node, part: Node) -> None:
    known = d.get(node.place)
    d[node.place] = part if known is None else known + part


def _kept(
    cell: Traced, forward: list[Node], roots: list[Node]
) -> list[Node]:
    """The costly values that depend on the gates; others are recomputed.

    The state before and after a step is in memory anyway.
    """
    first = {n.place for n in forward}
    free = {n.place for n in [*cell.state, *cell.after]}
    gated: set[int] = set()  # depends on the gates past what is free
    for n in forward:
        inside = any(
            a.place in gated for a in n.args if isinstance(a, Node)
        )
        if n.place not in free and (inside or n.op == "symbol"):
            gated.add(n.place)
    kept: dict[int, Node] = {}
    left, seen = list(roots), set()
    while left:
        n = left.pop()
        if n.place in seen or n.place in free:
            continue
        seen.add(n.place)
        if n.place in gated and (n.op in DEAR or n.op == "symbol"):
            kept[n.place] = n
        else:
            left += [a for a in n.args if isinstance(a, Node)]
    return [kept[p] for p in sorted(kept) if p in first]


def _where(c: Node, a: Node | float, b: Node | float) -> Node:
    return apply("where", c, a, b)


RULES: dict[str, Callable[[Node, Node], list[tuple[Node, Node]]]] = {
    "add": lambda n, d: [(n.args[0], d), (n.args[1], d)],
    "sub": lambda n, d: [(n.args[0], d), (n.args[1], -d)],
    "neg": lambda n, d: [(n.args[0], -d)],
    "mul": lambda n, d: [
        (n.args[0], d * n.args[1]),
        (n.args[1], d * n.args[0]),
    ],
    "div": lambda n, d: [
        (n.args[0], d / n.args[1]),
        (n.args[1], -(d * (n / n.args[1]))),
    ],
    "tanh": lambda n, d: [(n.args[0], d * (1 - n * n))],
    "sigmoid": lambda n, d: [(n.args[0], d * (n * (1 - n)))],
    "exp": lambda n, d: [(n.args[0], d * n)],
    "log": lambda n, d: [(n.args[0], d / n.args[0])],
    "sqrt": lambda n, d: [(n.args[0], d * (0.5 / n))],
    "pow": lambda n, d: [
        (
            n.args[0],
            d * (n.args[0] ** (n.args[1].args[0] - 1) * n.args[1].args[0]),
        )
    ],
    "abs": lambda n, d: [
        (
            n.args[0],
            _where(n.args[0] > 0, d, _where(n.args[0] < 0, -d, 0 * d)),
        )
    ],
    # written so that a comparison with NaN lets the gradient pass
    "maximum": lambda n, d: [
        (n.args[0], _where(n.args[0] <= n.args[1], 0.0, d)),
        (n.args[1], _where(n.args[0] <= n.args[1], d, 0.0)),
    ],
    "minimum": lambda n, d: [
        (n.args[0], _where(n.args[0] < n.args[1], d, 0.0)),
        (n.args[1], _where(n.args[0] < n.args[1], 0.0, d)),
    ],
    "where": lambda n, d: [
        (n.args[1], _where(n.args[0], d, 0.0)),
        (n.args[2], _where(n.args[0], 0.0, d)),
    ],
}
