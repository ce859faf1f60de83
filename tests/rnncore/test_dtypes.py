"""Every public function, with torch's tensors of every dtype.

test_shapes.py knows how to call them. What comes out has the gradient of
finite differences (in coarser dtypes, that of float64), or an exception
in words says why not: no wrong number, and no accident on the way.
"""

import inspect
import warnings

import numpy as np
import pytest
import torch

from rnncore.backend import named_leaves, tree_map
from tests.helpers.arrays import assert_close
from tests.helpers.shape_arguments import letters
from tests.helpers.shapes import arguments, called, parse

SAID = (ValueError, TypeError, RuntimeError, NotImplementedError)
COARSE = {torch.float32: 1e-3, torch.float16: 0.1, torch.bfloat16: 0.5}
OTHER = [torch.complex64, torch.complex128, torch.int64, torch.bool]
VJPS = {n.split(".")[-1] for n in called() if n.endswith("_vjp")}
FORMULAS = "_cell", "_writes", ".unit"  # right for complex numbers as well
LOOPS_AND_LOSSES = {
    name
    for name in called()
    if name.split(".")[-1] + "_vjp" in VJPS and not name.endswith(FORMULAS)
}
LOOPS_AND_LOSSES |= {
    n
    for n in called()
    if {"bptt", "unroll"} & set(n.split(".")[-1].split("_"))
}
FUNCTIONS = {n: f for n, f in called().items() if not inspect.isclass(f)}


def is_float(a):
    dtype = getattr(a, "dtype", None)
    if isinstance(dtype, torch.dtype):
        return dtype.is_floating_point or dtype.is_complex
    return isinstance(a, np.ndarray) and a.dtype.kind == "f"


def is_array(a):
    return isinstance(a, np.ndarray) and a.dtype.kind in "ib"


def moved(name, values, dtype, leaves):
    """The arguments as tensors; each array of floats is one of `leaves`."""

    def move(a):
        if not is_float(a):
            return torch.as_tensor(a) if is_array(a) else a
        given = torch.as_tensor(a).detach()
        to = given.to(dtype).clone()
        if dtype.is_floating_point or dtype.is_complex:
            to.requires_grad_()
        leaves.append(to)
        return to

    own = {"tape"} if name.startswith("fused.") else set()  # always NumPy's
    return {
        key: value if key in own else tree_map(move, value)
        for key, value in values.items()
    }


def run(name, f, dtype, change=None):
    """The leaves that were given, and a weighted sum of what came."""
    torch.manual_seed(0)
    given, _ = parse(f.__doc__)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = arguments(name, f, given, letters(name))
        leaves: list[torch.Tensor] = []
        values = moved(name, values, dtype, leaves)
        if change is not None:
            with torch.no_grad():
                change(leaves)
        value = f(**values)
        value = next(value) if inspect.isgenerator(value) else value
    total = 0
    for k, (_, a) in enumerate(named_leaves(value)):
        if isinstance(a, torch.Tensor) and a.requires_grad:
            ramp = torch.linspace(1, 2 + k, a.numel(), dtype=torch.float64)
            ramp = ramp.to(a.dtype).reshape(a.shape)
            total = total + (a * ramp)[a.detach().abs() < 1e30].sum()
    return leaves, total


def gradients(name, f, dtype):
    """Each leaf's gradient, or None where no gradient comes out."""
    leaves, total = run(name, f, dtype)
    if not (isinstance(total, torch.Tensor) and total.requires_grad):
        return None
    found = torch.autograd.grad(
        total, leaves, allow_unused=True, materialize_grads=True
    )
    return [g.detach() for g in found]


def unless_refused(call, *given):
    """What comes of it; None where an exception says in words why not."""
    try:
        return call(*given)
    except SAID as error:
        told = str(error)
    assert len(told) > 10
    return None


@pytest.mark.parametrize(
    ("name", "f"),
    [
        pytest.param(  # the whole ones compile
            name,
            f,
            marks=[pytest.mark.slow] * name.startswith("fused.loop."),
        )
        for name, f in FUNCTIONS.items()
    ],
    ids=FUNCTIONS,
)
def test_a_gradient_is_right_or_refused_in_words(name, f):
    exact = unless_refused(gradients, name, f, torch.float64)
    if exact is not None:
        along_one_direction(name, f, exact)
    for dtype, tolerance in COARSE.items():
        found = unless_refused(gradients, name, f, dtype)
        if exact is None or found is None:
            continue
        largest = max([1.0, *(float(g.abs().max()) for g in exact)])
        for g, e in zip(found, exact, strict=True):
            assert g.isfinite().all(), dtype
            assert float((g - e).abs().max()) < tolerance * largest, dtype


def along_one_direction(name, f, exact):
    """Central differences of all leaves at once, in float64."""
    generator = torch.Generator().manual_seed(1)
    steps = [
        torch.randn(g.shape, generator=generator, dtype=g.dtype)
        for g in exact
    ]
    totals = []
    for size in 1e-6, -1e-6:

        def change(leaves, size=size):
            for leaf, step in zip(leaves, steps, strict=True):
                leaf += size * step

        total = run(name, f, torch.float64, change)[1]
        totals.append(float(total.detach()))
    numerical = (totals[0] - totals[1]) / 2e-6
    found = sum(float((g * s).sum()) for g, s in zip(exact, steps))
    assert all(g.isfinite().all() for g in exact)
    within = 1e-5 * max(1, abs(numerical))
    assert_close(found, numerical, within=within)


@pytest.mark.parametrize("dtype", OTHER, ids=str)
@pytest.mark.parametrize(("name", "f"), FUNCTIONS.items(), ids=FUNCTIONS)
def test_other_dtypes_are_refused_in_words_or_are_numbers(name, f, dtype):
    result = unless_refused(run, name, f, dtype)
    if result is None:
        return
    _, total = result
    if dtype.is_complex:  # the vjps take no conjugates
        assert name not in LOOPS_AND_LOSSES
    assert np.isfinite(complex(total))


def test_loops_and_losses_are_among_what_is_called():
    assert {"losses.squared_error", "scan.linear_scan", "ctc.ctc_loss"} <= (
        LOOPS_AND_LOSSES
    )
    assert {"bptt.bptt", "rnn.unroll", "rnn.readout"} <= LOOPS_AND_LOSSES
