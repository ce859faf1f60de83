"""What the `Shapes:` entry of a docstring promises, the function keeps.

The entry is parsed, arrays of the sizes that it names are made for the
arguments, the function is called, and what it returns is compared. A
class that is a torch module is built and called.
"""

import ast
import importlib
import inspect
import operator
import pkgutil
import re
from typing import NamedTuple

import numpy as np
import pytest
import torch

import rnncore
from rnncore.backend import named_leaves
from tests.helpers.shape_arguments import (
    ANY,
    MODULES,
    NUMBERS,
    OTHERS,
    found,
    letters,
    module,
)

# Their arguments are not in shape_arguments.py yet.
LATER = ("video.", "speech.training.")
TORCH = {
    "seq2seq",
    "recipe",
}  # modules about torch, whatever their annotations say
# Where float32 would be too coarse.
DOUBLE = {"sampling", "generate", "infill"}
STEPS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
}


class Entry(NamedTuple):
    """One name of a `Shapes:` entry; shapes is None where it has no dims."""

    name: str
    shapes: tuple[tuple[str, ...], ...] | None
    more: bool  # it ends in ...: one or more such arrays


def documented():
    """All that is public and has a `Shapes:` entry, in every package."""
    names = pkgutil.walk_packages(rnncore.__path__, "rnncore.")
    for info in names:
        if info.name.endswith("__main__"):
            continue
        module_ = importlib.import_module(info.name)
        for name, f in inspect.getmembers(module_):
            own = getattr(f, "__module__", "") == info.name
            own &= inspect.isfunction(f) or inspect.isclass(f)
            if own and name[0] != "_" and "Shapes:" in (f.__doc__ or ""):
                yield f"{info.name.removeprefix('rnncore.')}.{name}", f


def called():
    """Functions, and modules that stand on their own."""
    return {
        name: f
        for name, f in documented()
        if not name.startswith(LATER)
        if not inspect.isclass(f)
        or (issubclass(f, torch.nn.Module) and name != "nn.Recurrent")
    }


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
    """The number that an expression such as "T // B + 1" stands for.

    None where a letter may be any number.
    """

    def value(node):
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name):
            return sizes[node.id]
        return STEPS[type(node.op)](value(node.left), value(node.right))

    return value(ast.parse(text.strip(), mode="eval").body)


def arguments(name, f, given, sizes):
    """A value for each argument of `f` that has no default."""
    rng = np.random.default_rng(0)
    shaped = {e.name: e for e in given if e.shapes is not None}
    home = name.split(".")[-2]
    values = {}
    for key, parameter in inspect.signature(f).parameters.items():
        if key in shaped:
            numbers = found(NUMBERS, name, key) or _normal
            arrays = [
                numbers(rng, [size(s, sizes) for s in shape])
                for shape in shaped[key].shapes
            ]
            plural = shaped[key].more or "state" in key
            values[key] = tuple(arrays) if plural else arrays[0]
            tensor = parameter.annotation in (torch.Tensor, "Tensor")
            if tensor or home in TORCH:
                values[key] = _as_torch(values[key], home)
        elif parameter.default is inspect.Parameter.empty:
            if key == "cache" and name.endswith("_vjp"):
                values[key] = _cache(name, f, sizes)
                continue
            other = found(OTHERS, name, key)
            if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                continue
            assert other, f"shape_arguments.py: say what {key!r} may be"
            values[key] = other(f, home, sizes)
    if {"targets", "logits"} <= set(values) and home != "frames":
        shape = values["targets"].shape
        values["targets"] = rng.integers(0, sizes["K"], shape)
        if home in TORCH:
            values["targets"] = torch.asarray(values["targets"])
    return values


def _normal(rng, shape):
    return rng.normal(size=shape)


def _as_torch(value, home):
    if isinstance(value, tuple):
        return tuple(_as_torch(a, home) for a in value)
    tensor = torch.asarray(value)
    single = tensor.is_floating_point() and home not in DOUBLE
    return tensor.float() if single else tensor


def _cache(name, f, sizes):
    """What the forward function of a vjp leaves."""
    forward = getattr(
        importlib.import_module(f.__module__),
        f.__name__.removesuffix("_vjp"),
    )
    given, _ = parse(forward.__doc__)
    return forward(**arguments(name, forward, given, sizes))[-1]


def result(name, f, given, sizes):
    """What the call gives; a class is built, and its module called."""
    if not inspect.isclass(f):
        value = f(**arguments(name, f, given, sizes))
        return next(value) if inspect.isgenerator(value) else value
    assert name in MODULES, f"shape_arguments.py: say how to build {name}"
    made = module(name, sizes)
    values = arguments(name, made.forward, given, sizes)
    with torch.no_grad():
        return made(
            **{
                k: torch.as_tensor(_single(v))
                if isinstance(v, np.ndarray)
                else v
                for k, v in values.items()
            }
        )


def _single(a):
    kinds = {"f": np.float32, "b": np.float32, "i": np.int64}
    return a.astype(kinds[a.dtype.kind])


def leaves(part):
    return [leaf for _, leaf in named_leaves(part)]


def test_there_are_functions_to_test():
    packages = {name.split(".")[0] for name in called()}
    assert {"bptt", "text", "forecast", "music", "data"} <= packages
    assert len(called()) > 100


@pytest.mark.parametrize(
    "docstring", [pytest.param(f.__doc__, id=n) for n, f in documented()]
)
def test_every_entry_follows_the_grammar(docstring):
    given, returned = parse(docstring)
    assert given or returned


@pytest.mark.parametrize(("name", "f"), called().items(), ids=called())
def test_a_docstrings_shapes_are_those_of_the_call(name, f):
    sizes = letters(name)
    given, returned = parse(f.__doc__)
    value = result(name, f, given, sizes)
    if not returned:  # it gives no array
        assert all(np.ndim(leaf) == 0 for leaf in leaves(value))
        return
    parts = value if len(returned) > 1 else (value,)
    if len(returned) > 1 and len(parts) != len(returned):
        parts = leaves(value)
    assert len(parts) == len(returned)
    for entry, part in zip(returned, parts, strict=True):
        if entry.shapes is None:
            continue
        shapes = [tuple(np.shape(leaf)) for leaf in leaves(part)]
        expected = list(entry.shapes)
        if entry.more:
            expected = expected[:1] * len(shapes)
        assert len(shapes) == len(expected), entry.name
        for shape, dims in zip(shapes, expected, strict=True):
            wanted = [size(s, sizes) for s in dims]
            assert len(shape) == len(wanted), entry.name
            if ANY not in wanted:
                assert list(shape) == wanted, entry.name


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
    assert size("T // B + 1", {"T": 7, "B": 2}) == 4
    assert size("N", {"N": ANY}) is ANY
