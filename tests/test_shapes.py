"""What the `Shapes:` entry of a docstring promises, the function keeps.

The entry is parsed, arrays of the sizes that it names are made for the
arguments, the function is called, and what it returns is compared.
"""

import ast
import importlib
import inspect
import math
import pkgutil
import re
from typing import NamedTuple

import numpy as np
import pytest
import torch
from oracles import KINDS, problem

import rnncore
import rnncore.data
from rnncore.backend import named_leaves
from rnncore.gru import unroll_reset_before
from rnncore.layers import unroll_padded
from rnncore.rnn import init_readout, unroll

SIZES = {"T": 7, "B": 2, "D": 4, "H": 5, "K": 6, "S": 5, "E": 3}
SIZES["N"] = 50  # samples of a sound
TORCH = {"seq2seq"}  # modules about torch
GATES = {"lstm": 4, "gru": 3}  # elsewhere a plain cell's 1


class Entry(NamedTuple):
    """One name of a `Shapes:` entry; shapes is None where it has no dims."""

    name: str
    shapes: tuple[tuple[str, ...], ...] | None
    more: bool  # it ends in ...: one or more such arrays


def functions():
    """Each public function of the package with a `Shapes:` entry."""
    found = {}
    for parent in (rnncore, rnncore.data):
        for info in pkgutil.iter_modules(
            parent.__path__, parent.__name__ + "."
        ):
            if info.name.endswith("__main__"):
                continue
            module = importlib.import_module(info.name)
            for name, f in inspect.getmembers(module, inspect.isfunction):
                own = f.__module__ == info.name and not name.startswith("_")
                if own and "Shapes:" in (f.__doc__ or ""):
                    found[f"{info.name}.{name}"] = f
    return found


def parse(docstring):
    """The entries before and after the arrow of a `Shapes:` entry."""
    block = re.search(
        r"Shapes:(.*?)(?:\n\s*\n|$)", docstring, re.DOTALL
    ).group(1)
    block = " ".join(block.split())
    given, _, returned = block.partition("->")
    return [
        [_entry(part) for part in _split(side)]
        for side in (given, returned)
    ]


def _split(side):
    return [part.strip() for part in side.split(";") if part.strip()]


def _entry(text):
    name, _, dims = text.partition(" ")
    assert re.fullmatch(r"\w+", name), f"not an entry: {text!r}"
    if not dims:
        return Entry(name, None, False)
    more = "..." in dims
    dims = dims.replace(", ...", ",").replace("...", "")
    tree = ast.parse(dims.strip(), mode="eval").body
    assert isinstance(tree, ast.Tuple), f"not dims: {text!r}"
    nested = bool(tree.elts) and isinstance(tree.elts[0], ast.Tuple)
    rows = tree.elts if nested else [tree]
    shapes = tuple(
        tuple(ast.unparse(size) for size in row.elts) for row in rows
    )
    return Entry(name, shapes, more)


def size(text, sizes):
    """The number that a product such as "G*H" stands for."""
    factors = (f.strip() for f in text.split("*"))
    return math.prod(int(f) if f.isdigit() else sizes[f] for f in factors)


def arguments(f, given, sizes):
    """A value for each argument of `f` that has no default."""
    rng = np.random.default_rng(0)
    shaped = {e.name: e for e in given if e.shapes is not None}
    module = f.__module__.rpartition(".")[2]
    values = {}
    for name, parameter in inspect.signature(f).parameters.items():
        if name in shaped:
            arrays = [
                rng.normal(size=[size(s, sizes) for s in shape])
                for shape in shaped[name].shapes
            ]
            if name == "norms":  # a length is never negative
                arrays = [np.abs(a) for a in arrays]
            plural = shaped[name].more or "state" in name
            values[name] = tuple(arrays) if plural else arrays[0]
        elif parameter.default is inspect.Parameter.empty:
            values[name] = OTHERS[name](f, module, sizes)
    classes = ["ids"] + ["targets"] * ("logits" in values)
    for name in set(classes) & set(values):
        values[name] = rng.integers(0, sizes["K"], values[name].shape)
    if "mask" in values:
        values["mask"] = np.ones(values["mask"].shape, bool)
    if module in TORCH:
        values = {k: _as_torch(v) for k, v in values.items()}
    return values


def _as_torch(value):
    return torch.asarray(value) if isinstance(value, np.ndarray) else value


def _network(module, sizes):
    kind = KINDS.get(module, KINDS["rnn"])
    p = problem(kind, *(sizes[k] for k in "TBDH"))
    return kind, p


def _cache(f, module, sizes):
    """What the forward function of a vjp leaves."""
    forward = getattr(
        importlib.import_module(f.__module__),
        f.__name__.removesuffix("_vjp"),
    )
    given, _ = parse(forward.__doc__)
    return forward(**arguments(forward, given, sizes))[-1]


def _tape(f, module, sizes):
    kind, p = _network(module, sizes)
    if f.__name__.endswith("_reset_before"):
        return unroll_reset_before(p.params, p.x, p.state)[2]
    return unroll(kind.cell, p.params, p.x, p.state)[2]


def _two(one):
    """A pair of it, for a layer in both directions; elsewhere a list."""

    def value(f, module, sizes):
        args = f, module, sizes
        if module != "layers" or "padded" in f.__name__:
            return one(*args)
        if "bidirectional" in f.__name__:
            return one(*args), one(*args)
        return [one(*args)]

    return value


def _padded(f, module, sizes):
    """The tape of a padded batch: each sequence a step shorter."""
    _, p = _network(module, sizes)
    T, B = sizes["T"], sizes["B"]
    rest = [0] * B, [T - k for k in range(B)]
    return unroll_padded(KINDS["rnn"].cell, p.params, p.x, p.state, *rest)[
        2
    ]


def _state(f, module, sizes):
    return _network(module, sizes)[1].state


OTHERS = {
    "cell": lambda f, m, s: _network(m, s)[0].cell,
    "cell_vjp": lambda f, m, s: _network(m, s)[0].vjp,
    "params": _two(lambda f, m, s: _network(m, s)[1].params),
    "state": _state,
    "states": _two(_state),
    "d_states": _two(_state),
    "tape": lambda f, m, s: (_padded if m == "layers" else _tape)(f, m, s),
    "tapes": _two(_padded),
    "begins": lambda f, m, s: [0] * s["B"],
    "ends": lambda f, m, s: list(range(1, s["B"] + 1)),
    "anew": lambda f, m, s: [k % 2 == 0 for k in range(s["B"])],
    "rate": lambda f, m, s: 0.5,
    "cache": _cache,
    "weights": lambda f, m, s: init_readout(
        np.random.default_rng(0), s["H"], s["K"]
    ),
    "rng": lambda f, m, s: np.random.default_rng(0),
    "window": lambda f, m, s: 2,
    "period": lambda f, m, s: 2,
    "order": lambda f, m, s: s["K"],
    "labels": lambda f, m, s: [[1, 2]] * s["B"],  # S = 2 + 2 + 1
    "frames": lambda f, m, s: [s["T"]] * s["B"],
    "sequences": lambda f, m, s: [[3] * s["T"]] * s["B"],
    "signal_to_noise": lambda f, m, s: 10.0,
    "width": lambda f, m, s: 4,
    "horizon": lambda f, m, s: s["K"],
    "characters": lambda f, m, s: 100,
    **{letter: lambda f, m, s, k=letter: s[k] for letter in "TBDHGK"},
}


def test_there_are_functions_to_test():
    assert len(functions()) > 20


@pytest.mark.parametrize("f", functions().values(), ids=functions())
def test_a_docstrings_shapes_are_those_of_the_call(f):
    module = f.__module__.rpartition(".")[2]
    sizes = {**SIZES, "G": GATES.get(module, 1)}
    given, returned = parse(f.__doc__)
    assert returned, "a Shapes: entry says what is returned"
    result = f(**arguments(f, given, sizes))
    parts = result if len(returned) > 1 else (result,)
    if len(returned) > 1 and len(parts) != len(returned):
        parts = [leaf for _, leaf in named_leaves(result)]
    assert len(parts) == len(returned)
    for entry, part in zip(returned, parts, strict=True):
        if entry.shapes is None:
            continue
        leaves = [leaf for _, leaf in named_leaves(part)]
        shapes = [tuple(np.shape(leaf)) for leaf in leaves]
        expected = [
            tuple(size(s, sizes) for s in shape) for shape in entry.shapes
        ]
        if entry.more:
            expected = expected[:1] * len(shapes)
        assert shapes == expected, entry.name


def test_the_parser_reads_the_grammar():
    given, returned = parse(
        """One line.

        Shapes: x (T, B, D); state ((B, H), ...)
            -> y (T*B, 4*H); loss (); cache

        Raises ValueError.
        """
    )
    assert given[0] == Entry("x", (("T", "B", "D"),), False)
    assert given[1] == Entry("state", (("B", "H"),), True)
    assert returned[0] == Entry("y", (("T * B", "4 * H"),), False)
    assert returned[1] == Entry("loss", ((),), False)
    assert returned[2] == Entry("cache", None, False)
    assert size("4*H", {"H": 5}) == 20
