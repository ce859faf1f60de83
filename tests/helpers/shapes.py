"""What the `Shapes:` entry of a docstring says, and arguments of these shapes."""

import ast
import importlib
import inspect
import operator
import pkgutil
import re
from typing import NamedTuple

import numpy as np
import torch

import rnncore
from tests.helpers.shape_arguments import (
    NUMBERS,
    OTHERS,
    found,
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
        place = info.name.removeprefix("rnncore.").removeprefix("apps.")
        for name, f in inspect.getmembers(module_):
            own = getattr(f, "__module__", "") == info.name
            own &= inspect.isfunction(f) or inspect.isclass(f)
            if own and name[0] != "_" and "Shapes:" in (f.__doc__ or ""):
                yield f"{place}.{name}", f


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
