"""What a piece of code computes, whatever its names and statements.

A local name stands for the expression that was assigned to it, so that a
statement split into two stays the same. The variables that remain are
numbered as they occur, sums and products are sorted, and `np.sum(a)`,
`xp.sum(a)` and `a.sum()` are one.
"""

import ast
from collections.abc import Iterable

LEAST, MOST = 4, 60  # nodes of the expressions that are compared
LIBRARIES = {"name np", "name xp", "name torch", "name math"}
LIBRARIES |= {"name array_namespace"}  # what it returns


class Node:
    """An expression: an operation, or a variable or constant, and its parts."""

    def __init__(self, label: str, *parts: "Node"):
        self.label = label
        self.parts = parts
        self.size: int = 1 + sum(part.size for part in parts)
        # the text in which all variables are alike, to sort by
        self.shape = label.split(" ")[0]
        if parts and self.size <= MOST:
            self.shape += f"({','.join(part.shape for part in parts)})"


def find_expressions(body: Iterable[ast.stmt]) -> dict[str, int]:
    """The normal forms of all expressions of some statements, with sizes."""
    reader = _Reader()
    reader.block(body)
    found, seen, stack = {}, set(), list(reader.roots)
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            stack += node.parts
            if LEAST <= node.size <= MOST:
                found[_number_variables(node)] = node.size
    return found


def _number_variables(node: Node) -> str:
    """An expression as text, its variables numbered as they occur."""
    numbers: dict[str, int] = {}

    def text(node: Node) -> str:
        if node.label.startswith("variable "):
            return f"v{numbers.setdefault(node.label, len(numbers))}"
        parts = ",".join(map(text, node.parts))
        return f"{node.label}({parts})" if parts else node.label

    return text(node)


def _is_library(node: Node) -> bool:
    """Whether this is np, torch or the like, not an array."""
    made = node.parts[0].label if node.parts else node.label
    return made in LIBRARIES


class _Reader:
    """Reads statements in order, and keeps what each name stands for."""

    def __init__(self) -> None:
        self.names: dict[str, Node] = {}
        self.roots: list[Node] = []  # everything that is assigned or has an effect
        self.made = 0

    def variable(self) -> Node:
        self.made += 1
        return Node(f"variable {self.made}")

    def block(self, body: Iterable[ast.stmt]) -> None:
        for statement in body:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Note what a statement computes; docstrings and errors are none."""
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    self.assign(target, value)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self.assign(target, value)
            case ast.AugAssign(target=target, op=op, value=value):
                load = ast.parse(ast.unparse(target), mode="eval").body
                self.assign(target, ast.BinOp(load, op, value))
            case ast.Return(value=ast.expr() as value) | ast.Expr(value):
                if not isinstance(value, ast.Constant):
                    self.roots.append(self.read(value))
            case ast.FunctionDef(args=args, body=body):
                outer = dict(self.names)
                self.forget(args)
                self.block(body)
                self.names = outer
            case ast.ClassDef(body=body):
                self.block(body)
            case ast.For() | ast.While() | ast.If() | ast.With():
                self.compound(node)

    def compound(self, node: ast.For | ast.While | ast.If | ast.With) -> None:
        """Read a block that runs an unknown number of times."""
        if isinstance(node, ast.With):
            return self.block(node.body)
        head = node.iter if isinstance(node, ast.For) else node.test
        self.roots.append(self.read(head))
        if isinstance(node, ast.If):
            before = dict(self.names)
            self.block(node.body)
            self.names = before
            self.block(node.orelse)
            return self.forget(*node.body, *node.orelse)
        if isinstance(node, ast.For):
            self.forget(node.target)
        self.forget(*node.body)
        self.block(node.body)
        return self.block(node.orelse)

    def forget(self, *nodes: ast.AST) -> None:
        """Make variables of all names that are bound there."""
        for outer in nodes:
            for node in ast.walk(outer):
                if isinstance(node, ast.arg):
                    self.names[node.arg] = self.variable()
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.names[node.id] = self.variable()

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        made = self.read(value)
        pairs = [(target, made)]
        if isinstance(target, ast.Tuple):
            pairs = [(t, self.variable()) for t in target.elts]
            if len(made.parts) == len(pairs) and made.label == "Tuple":
                pairs = list(zip(target.elts, made.parts, strict=True))
        for name, node in pairs:
            if isinstance(name, ast.Name):
                self.names[name.id] = node
            elif isinstance(name, ast.Subscript):
                node = Node("store", self.read(name), node)
            else:
                self.forget(name)
            self.roots.append(node)
        self.roots.append(made)

    def read(self, node: ast.AST) -> Node:
        """What an expression computes."""
        match node:
            case ast.Name(id=name):
                known = name[0].isupper() or f"name {name}" in LIBRARIES
                free = Node(f"{'name' if known else 'variable'} {name}")
                return self.names.get(name, free)
            case ast.Call(func=ast.Name(id=name)) if name not in self.names:
                arguments = map(self.read, [*node.args, *node.keywords])
                return Node("Call", Node(f"name {name}"), *arguments)
            case ast.Constant(value=int() | float() as value):
                return Node(f"constant {float(value)}")  # 1 is 1.0
            case ast.Constant(value=value):
                return Node(f"constant {value!r}")
            case ast.Attribute(value=value, attr=name):
                base = self.read(value)
                library = _is_library(base)
                return Node(f"name {name}") if library else Node(f".{name}", base)
            case ast.Call(func=ast.Attribute(value=value, attr=name)):
                base = self.read(value)
                arguments = map(self.read, [*node.args, *node.keywords])
                first = [] if _is_library(base) else [base]
                return Node("Call", Node(f"name {name}"), *first, *arguments)
            case ast.BinOp(left=left, op=ast.Add() | ast.Mult() as op):
                return self.sorted(op, left, node.right)
            case ast.Subscript(value=value, slice=ast.Tuple(elts=elts)):
                while len(elts) > 1 and ast.unparse(elts[-1]) == "...":
                    elts = elts[:-1]  # a[t, ...] is a[t]
                return Node("item", *map(self.read, [value, *elts]))
            case ast.Subscript(value=value, slice=index):
                return Node("item", self.read(value), self.read(index))
        return self.other(node)

    def sorted(self, op: ast.operator, *sides: ast.expr) -> Node:
        """A sum or a product of any number of terms."""
        label = type(op).__name__
        terms: list[Node] = []
        for side in map(self.read, sides):
            terms += side.parts if side.label == label else [side]
        return Node(label, *sorted(terms, key=lambda term: term.shape))

    def other(self, node: ast.AST) -> Node:
        """Any other expression: its kind, its operators, its parts."""
        before = dict(self.names)
        if isinstance(node, ast.Lambda):
            self.forget(node.args)
            node = node.body
        label, parts = type(node).__name__, []
        for generator in getattr(node, "generators", []):
            parts.append(self.read(generator.iter))
            self.forget(generator.target)
            parts += map(self.read, generator.ifs)
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.operator | ast.unaryop | ast.cmpop):
                label += f"-{type(child).__name__}"
            elif isinstance(child, ast.expr | ast.keyword):
                parts.append(self.read(child))
        if isinstance(node, ast.keyword):
            label += f" {node.arg}"
        self.names = before
        return Node(label, *parts)
