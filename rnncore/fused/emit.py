"""A cell and its vjp as Python source: for arrays, and for the loops.

The first is for readers and for every backend: the pair of functions that
the printed loop takes. The second is what numba compiles: one loop over
the steps forward and one backward, in registers' worth of units.
"""

from collections.abc import Callable

from rnncore.fused import functions
from rnncore.fused.autodiff import Derived
from rnncore.fused.trace import Node, reached

SIGNS = {"add": "+", "sub": "-", "mul": "*", "div": "/"}
TESTS = {"less": "<", "less_equal": "<=", "equal": "==", "and": "&"}
TESTS |= {"or": "|"}
FUNCTIONS = {"tanh", "sigmoid", "exp", "log", "sqrt", "pow", "abs"}
FUNCTIONS |= {"maximum", "minimum"}


POWER = {"pow": "power"}
RESERVED = {*vars(functions), "gates", "check_parts", "abs", "state"}
RESERVED |= {"cache", "d_state", "a", "a_x", "a_h", "d_a_x", "d_a_h"}


class Writer:
    """Assignments for the nodes that a block of code computes."""

    def __init__(self, call: Callable[..., str]):
        self.call = call
        self.names: dict[int, str] = {}
        self.wishes: dict[int, str] = {}  # names to give, where free
        self.symbols: dict[str, str] = {}
        self.like = ""  # an array with the dtype that numbers take on
        self.lines: list[str] = []

    def write(self, roots: list[Node]) -> None:
        """One line for each value that is used twice or costs much."""
        given = {n.place for n in _find_needed(roots, self.names)}
        uses: dict[int, int] = {}
        nodes = [n for n in reached(roots) if n.place in given]
        for n in nodes:
            for a in n.args:
                if isinstance(a, Node) and n.place not in self.names:
                    uses[a.place] = uses.get(a.place, 0) + 1
        ends = {n.place for n in roots}
        for n in nodes:
            twice = uses.get(n.place, 0) > 1
            if n.place in self.names or n.op in {"constant", "symbol"}:
                continue
            if twice or n.place in ends:
                text = _bare(self.text(n))
                self.lines.append(f"{self.name(n)} = {text}")

    def name(self, n: Node) -> str:
        """The name of a node, given to it if it has none."""
        if n.place not in self.names:
            wish, number = self.wishes.get(n.place, f"t{n.place}"), 2
            taken = {*self.names.values(), *RESERVED}
            self.names[n.place] = wish
            while self.names[n.place] in taken:
                self.names[n.place] = f"{wish}_{number}"
                number += 1
        return self.names[n.place]

    def text(self, n: Node) -> str:
        """The node's name, or the expression that it stands for."""
        if n.place in self.names:
            return self.names[n.place]
        if n.op == "constant":
            return self.call("constant", repr(n.args[0]))
        if n.op == "symbol":
            return self.symbols.get(n.args[0], n.args[0])
        if n.op == "pow":
            base, power = n.args
            return self.call("pow", self.text(base), repr(power.args[0]))
        args = [self.text(a) for a in n.args]
        numbers = all(a.op == "constant" for a in n.args[1:])
        if self.like and n.op == "where" and numbers:
            args[1] = f"full({self.like}, {args[1]})"
        return self.call(n.op, *args)


def _find_needed(roots: list[Node], known: dict[int, str]) -> list[Node]:
    """What the roots need that is not known yet, and the known itself."""
    found, left = {}, list(roots)
    while left:
        n = left.pop()
        if n.place in found:
            continue
        found[n.place] = n
        if n.place not in known:
            left += [a for a in n.args if isinstance(a, Node)]
    return list(found.values())


def _bare(text: str) -> str:
    """The expression without the brackets around all of it."""
    if not text.startswith("("):
        return text
    depth = 0
    for k, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if depth == 0:
            return text[1:-1] if k == len(text) - 1 else text
    return text


def infix(op: str, *args: str) -> str:
    """An operation as one writes it, in brackets."""
    if op in SIGNS or op in TESTS:
        sign = (SIGNS | TESTS)[op]
        return f"({args[0]} {sign} {args[1]})"
    if op == "neg":
        return f"(-{args[0]})"
    if op == "not":
        return f"(~{args[0]})"
    if op == "constant":
        return args[0]
    return f"{op}({', '.join(args)})"


def in_registers(op: str, *args: str) -> str:
    """The same in the terms of `rnncore.fused.vector`."""
    if op == "where":
        return f"select({args[0]}, {as_register(args[1])}, {args[2]})"
    if op in FUNCTIONS:
        args = (as_register(args[0]), *args[1:])
    if op == "maximum":  # either NaN is the result
        a, b = args
        return f"select(({a} > {b}) | ~({a} == {a}), {a}, {b})"
    if op == "minimum":
        a, b = args
        return f"select(({a} < {b}) | ~({a} == {a}), {a}, {b})"
    return infix("absolute" if op == "abs" else op, *args)


def as_register(text: str) -> str:
    """A number's text as a register that holds it in every place."""
    try:
        float(text)
    except ValueError:
        return text
    return f"full(zero, {text})"


def in_arrays(op: str, *args: str) -> str:
    """The same in the terms of `rnncore.fused.functions`."""
    return infix("abs" if op == "abs" else POWER.get(op, op), *args)


def cell_source(cell: Derived) -> str:
    """The cell as a function of arrays, as the printed loop takes it."""
    traced, G = cell.cell, cell.cell.gates
    w = _names_of_state(cell, in_arrays)
    parts = [w.name(node) for node in traced.state]
    out = [
        f"def {traced.name}_cell(a_x, a_h, state):",
        f"    {_list(parts)} = check_parts(state, {len(parts)})",
    ]
    if traced.shared:
        out.append(f"    a = gates(a_x + a_h, {G})")
    if traced.apart:
        out.append(f"    a_x, a_h = gates(a_x, {G}), gates(a_h, {G})")
    for name in cell.slots:
        w.symbols[name] = name.rstrip("0123456789") + (
            f"[{name.lstrip('a_xh')}]"
        )
    w.write([*traced.after, *cell.kept])
    out += [f"    {k}" for k in w.lines]
    zero = f" + 0 * {parts[0]}"
    after = [
        w.text(n) + (zero if n.op == "constant" else "")
        for n in traced.after
    ]
    cache = ", ".join(w.text(n) for n in _list_cached(cell))
    out.append(f"    return ({', '.join(after)},), ({cache},)")
    return "\n".join(out) + "\n"


def vjp_source(cell: Derived) -> str:
    """The derived way back through one step, as a function of arrays."""
    traced = cell.cell
    w = _names_of_state(cell, in_arrays)
    for node, part in zip(cell.d_after, traced.parts, strict=True):
        w.wishes[node.place] = f"d_{part}"
    upstream = [w.name(node) for node in cell.d_after]
    read = [w.name(node) for node in _list_cached(cell)]
    roots = [*cell.d_slots, *cell.d_state]
    w.write(roots)
    of_slot = dict(zip(cell.slots, cell.d_slots, strict=True))
    zero = f"0 * {upstream[0]}"

    def text(n: Node) -> str:
        return zero if n.op == "constant" else w.text(n)

    G = range(traced.gates)
    rows = [
        [
            text(of_slot[f"{a}{g}" if g in traced.apart else f"a{g}"])
            for g in G
        ]
        for a in ("a_x", "a_h")
    ]
    out = [
        f"def {traced.name}_vjp(d_state, cache):",
        f"    {_list(upstream)} = d_state",
        f"    {_list(read)} = cache",
        *(f"    {k}" for k in w.lines),
        f"    d_a_x = joined({', '.join(rows[0])})",
    ]
    d_a_h = "d_a_x"
    if traced.apart:
        out.append(f"    d_a_h = joined({', '.join(rows[1])})")
        d_a_h = "d_a_h"
    d_state = ", ".join(text(n) for n in cell.d_state)
    out.append(f"    return d_a_x, {d_a_h}, ({d_state},)")
    return "\n".join(out) + "\n"


def _list(names: list[str]) -> str:
    return ", ".join(names) if len(names) > 1 else f"({names[0]},)"


def _names_of_state(cell: Derived, call: Callable[..., str]) -> Writer:
    w = Writer(call)
    w.wishes = dict(cell.names)
    for node, part in zip(cell.cell.state, cell.cell.parts, strict=True):
        w.wishes[node.place] = part
        w.name(node)
    w.like = w.name(cell.cell.state[0])
    return w


def _list_cached(cell: Derived) -> list[Node]:
    """What the cache of a step holds: the state, the new one, the rest."""
    new = [
        node
        for k, node in enumerate(cell.cell.after)
        if k not in cell.held and node.op != "constant"
    ]
    return [*cell.cell.state, *new, *cell.kept]


BLOCK = 256  # steps times sequences whose gradients are packed at a time
SHARED = '''
def copy(rows, N, a, a0, a_row, c, c0, c_row):
    zero = nothing()
    for r in range(rows):
        A, C = a0 + r * a_row, c0 + r * c_row
        j = 0
        while j + L <= N:
            store(c, C + j, load(zero, a, A + j))
            j += L
        if j < N:
            store_some(c, C + j, load_some(zero, a, A + j, N - j), N - j)


def pack(K, G, H, P, a_k, a_j, a, c):
    """Panels of the weights a: of K rows, and G gates of H columns."""
    zero = nothing()
    N = G * P // L
    n = 0
    while n < N:
        p = min(N - n, W)
        for v in range(p):
            g = (n + v) * L // P
            j = (n + v) * L - g * P
            some = min(L, H - j)
            at, to = (g * H + j) * a_j, (n * K + v) * L
            for k in range(K):
                if a_j == 1 and some == L:
                    store(c, to, load(zero, a, at))
                else:
                    store(c, to, zero)
                    for i in range(some):
                        c[to + i] = a[at + i * a_j]
                at += a_k
                to += p * L
        n += p


def times(low, rows, steps, M, a0, a, block, panel, out, wide):
    """out += d^T a for one block, in panels of nearly the same width."""
    zero = nothing()
    tiles = (rows + ROWS - 1) // ROWS
    N = (M + L - 1) // L
    panels = (N + W - 1) // W
    n = 0
    for s in range(panels):
        p = (N - n + panels - s - 1) // (panels - s)
        for v in range(p):
            c = (n + v) * L
            at, to = a0 + c, v * L
            for k in range(steps):
                if c + L <= M:
                    store(panel, to, load(zero, a, at))
                else:
                    store(panel, to, load_some(zero, a, at, M - c))
                at += M
                to += p * L
        m = 0
        for t in range(tiles):
            r = (rows - m + tiles - t - 1) // (tiles - t)
            to = (low + m) * wide + n * L
            tile(r, p, steps, block, m * steps, 1, r, panel, 0,
                 out, to, wide, out, to, wide)
            m += r
        n += p


def outer(low, high, K, D, H, x, h, d, d_row, block, panel, sums,
          out_x, x_wide, out_h, h_wide):
    """Some rows of d^T x and d^T h, and the sums of these columns of d."""
    zero = nothing()
    rows = high - low
    tiles = (rows + ROWS - 1) // ROWS
    for k0 in range(0, K, BLOCK):  # whose rows of d and a stay in the cache
        steps = min(K - k0, BLOCK)
        for k in range(steps):
            at = (k0 + k) * d_row + low
            c = low
            while c + L <= high:
                store(sums, c, load(zero, sums, c) + load(zero, d, at))
                c += L
                at += L
            for i in range(high - c):
                sums[c + i] += d[at + i]
        m = 0
        for t in range(tiles):  # in the order in which a tile reads them
            r = (rows - m + tiles - t - 1) // (tiles - t)
            at = k0 * d_row + low + m
            for k in range(steps):
                to = m * steps + k * r
                if at + r + L <= K * d_row:  # what follows is d, too
                    for i in range(0, r, L):
                        store(block, to + i, load(zero, d, at + i))
                else:
                    for i in range(r):
                        block[to + i] = d[at + i]
                at += d_row
            m += r
        times(low, rows, steps, D, k0 * D, x, block, panel, out_x, x_wide)
        times(low, rows, steps, H, k0 * H, h, block, panel, out_h, h_wide)
'''  # loops that do not depend on the cell


def loop_source(cell: Derived) -> str:
    """The forward and the backward loop of a cell, as they are compiled."""
    return _forward(cell) + "\n\n" + _backward(cell)


def _state(cell: Derived) -> list[int]:
    return list(range(len(cell.d_after)))


def _forward(cell: Derived) -> str:
    states = _state(cell)
    n, nap = len(cell.slots), len(cell.cell.apart)
    G, nq = cell.cell.gates, len(cell.kept)
    arrays = ", ".join(f"s{k}, s{k}_t" for k in states)
    to = f"first + {nap} * P" if nap else "first"
    out = [
        "def forward(T, B, D, H, lo, hi, x, W_x, W_h, bias, some, row, a,",
        f"            q, q_t, {arrays}):",
        "    zero = nothing()",
        "    P = (H + L - 1) // L * L",
        f"    wide = {n} * P",
        "    rows = hi - lo",
        "    for t in range(T):",
        "        now = t % some * rows",
        "        if now == 0:  # the inputs' share of some steps",
        "            steps = min(some, T - t)",
        "            for k in range(steps):",
        "                copy(rows, D, x, ((t + k) * B + lo) * D, D,",
        "                     row, k * rows * D, D)",
        f"            product(steps * rows, D, {G} * P // L, row, 0, D, 1,",
        "                    W_x, 0, bias, 0, 0, a, 0, wide)",
        "        first = now * wide",
        f"        copy(rows, {nap} * P, bias, {G} * P, 0,",
        f"             a, first + {G} * P, wide)",
        f"        product(rows, H, {G} * P // L, s0, t * s0_t + lo * H,",
        f"                H, 1, W_h, 0, a, {to}, wide, a, {to}, wide)",
    ]
    if not nap:
        del out[-4:-2]
    body = []
    w = Writer(in_registers)
    needed = reached([*cell.cell.after, *cell.kept])
    for g, name in enumerate(cell.slots):
        if any(s.op == "symbol" and s.args[0] == name for s in needed):
            body.append(f"{name} = LOAD(a, o + {g} * P + j)")
    for k in states:
        body.append(f"v{k} = LOAD(s{k}, t * s{k}_t + b * H + j)")
        w.names[cell.cell.state[k].place] = f"v{k}"
    w.write([*cell.cell.after, *cell.kept])
    body += w.lines
    for k in states:
        if k not in cell.held:
            value = as_register(w.text(cell.cell.after[k]))
            place = f"(t + 1) * s{k}_t + b * H + j"
            body.append(f"STORE(s{k}, {place}, {value})")
    for k, node in enumerate(cell.kept):
        place = f"t * q_t + (b * {nq} + {k}) * H + j"
        body.append(f"STORE(q, {place}, {w.text(node)})")
    out += _units(body, "            o = first + (b - lo) * wide")
    return "\n".join(out) + "\n"


def _backward(cell: Derived) -> str:
    states = _state(cell)
    nap, nq = len(cell.cell.apart), len(cell.kept)
    G = cell.cell.gates
    arrays = ", ".join(f"s{k}, s{k}_t, d_s{k}" for k in states)
    out = [
        "def backward(T, B, D, H, lo, hi, d_y, q, d, d_n, W_h, W_x, d_h,",
        f"             some, row, x_row, P_x, d_x, {arrays}):",
        "    zero = nothing()",
        "    P = (H + L - 1) // L * L",
        f"    rows, N = hi - lo, {G} * H",
        "    for t in range(T - 1, -1, -1):",
    ]
    w = Writer(in_registers)
    for node, name in zip(cell.cell.state, states, strict=True):
        w.names[node.place] = f"v{name}"
    for k in states:
        if k not in cell.held:
            w.names.setdefault(cell.cell.after[k].place, f"n{k}")
    for k, node in enumerate(cell.kept):
        w.names.setdefault(node.place, f"q{k}")
    for k, node in enumerate(cell.d_after):
        w.names[node.place] = f"u{k}"
    roots = [*cell.d_slots, *cell.d_state]
    read = {w.names.get(n.place) for n in _find_needed(roots, w.names)}
    body = ["u0 = LOAD(d_h, o + j) + LOAD(d_y, (t * B + b) * H + j)"]
    for k in states:
        here = f"t * s{k}_t + b * H + j"
        if k:
            body.append(f"u{k} = LOAD(d_s{k}, b * H + j)")
        if f"v{k}" in read:
            body.append(f"v{k} = LOAD(s{k}, {here})")
        if f"n{k}" in read:
            body.append(f"n{k} = LOAD(s{k}, s{k}_t + {here})")
    for k in range(nq):
        if f"q{k}" in read:
            place = f"((t * B + b) * {nq} + {k}) * H + j"
            body.append(f"q{k} = LOAD(q, {place})")
    w.write(roots)
    body += w.lines
    for g, node in enumerate(cell.d_slots):
        place = f"((t * B + b) * d_n + {g}) * H + j"
        body.append(f"STORE(d, {place}, {as_register(w.text(node))})")
    for k, node in enumerate(cell.d_state):
        place = f"d_s{k}, b * H + j" if k else "d_h, o + j"
        body.append(f"STORE({place}, {as_register(w.text(node))})")
    out += _units(body, "            o = (b - lo) * P")
    out += [
        "        product(rows, N, P // L, d,",
        f"                ((t * B + lo) * d_n + {nap}) * H, d_n * H, 1,",
        "                W_h, 0, d_h, 0, P, d_h, 0, P)",
        "        if P_x and t % some == 0:  # no d_x asked: P_x is 0",
        "            steps = min(some, T - t)",
        "            for k in range(steps):",
        "                copy(rows, N, d, ((t + k) * B + lo) * d_n * H,",
        "                     d_n * H, row, k * rows * N, N)",
        "            product(steps * rows, N, P_x // L, row, 0, N, 1,",
        "                    W_x, 0, x_row, 0, 0, x_row, P_x, P_x)",
        "            for k in range(steps):",
        "                copy(rows, D, x_row, (1 + k * rows) * P_x, P_x,",
        "                     d_x, ((t + k) * B + lo) * D, D)",
        "    copy(rows, H, d_h, 0, P, d_s0, lo * H, H)",
    ]
    return "\n".join(out) + "\n"


def _units(body: list[str], offset: str) -> list[str]:
    """The body for each row: whole registers of units, then the rest."""
    whole = [
        k.replace("LOAD(", "load(zero, ").replace("STORE(", "store(")
        for k in body
    ]
    some = []
    for k in body:
        k = k.replace("LOAD(", "load_some(zero, ")
        k = k.replace("STORE(", "store_some(")
        if k.startswith("store_some("):
            k = k[:-1] + ", H - j)"
        else:
            k = k.replace("+ j)", "+ j, H - j)")
        some.append(k)
    return [
        "        for b in range(lo, hi):",
        offset,
        "            j = 0",
        "            while j + L <= H:",
        *(f"                {k}" for k in whole),
        "                j += L",
        "            if j < H:",
        *(f"                {k}" for k in some),
    ]
