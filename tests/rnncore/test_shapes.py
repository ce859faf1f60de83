"""What the `Shapes:` entry of a docstring promises, the function keeps.

The entry is parsed, arrays of the sizes that it names are made for the
arguments, the function is called, and what it returns is compared. A
class that is a torch module is built and called.
"""

import inspect

import numpy as np
import pytest
import torch

from rnncore.backend import named_leaves
from tests.helpers.shape_arguments import (
    ANY,
    MODULES,
    letters,
    module,
)
from tests.helpers.shapes import (
    Entry,
    arguments,
    called,
    documented,
    parse,
    size,
)


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
