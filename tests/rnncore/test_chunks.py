"""Chunks against the loop, their way back against finite differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.bptt import check_gradient
from rnncore.chunks import (
    DELTA,
    HEBB,
    _solve,
    memory_chunks,
    memory_chunks_vjp,
)
from rnncore.memory import Steps, delta, hebb, memory_loop
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import memory, said

RULES = pytest.mark.parametrize(
    ("rule", "chunked"), [(hebb, HEBB), (delta, DELTA)]
)


@RULES
@pytest.mark.parametrize("decays", [1, 3])
@given(st.integers(1, 40), st.integers(1, 45), st.integers(0, 5))
def test_any_chunk_gives_the_outputs_of_the_loop(
    rule, chunked, decays, T, C, seed
):
    steps, S = memory(T, decays=decays, seed=seed)
    y, last, _ = memory_chunks(chunked, steps, S, C)
    # reflections keep what a rate of 2 wrote: sums of many like terms
    assert_close((y, last), memory_loop(rule, steps, S), amplified=64)


@RULES
@pytest.mark.parametrize("C", [1, 4, 9])
@pytest.mark.parametrize("decays", [1, 3])
def test_so_it_does_in_every_library_and_backward(
    move, rule, chunked, C, decays
):
    steps, S = memory(9, decays=decays)
    d_y, d_S = memory(9, seed=1)[0].v, memory(9, seed=2)[1]
    _, _, chunks = memory_chunks(chunked, steps, S, 3)
    expected = memory_chunks_vjp(chunked, chunks, d_y, d_S)
    steps, S, d_y, d_S = move((steps, S, d_y, d_S))
    y, last, chunks = memory_chunks(chunked, steps, S, C)
    assert_close((y, last), memory_loop(rule, steps, S), amplified=8)
    found = memory_chunks_vjp(chunked, chunks, d_y, d_S)
    assert_close(found, expected, amplified=8)


@RULES
@pytest.mark.parametrize("C", [1, 3, 7])
@pytest.mark.parametrize("decays", [1, 3])
def test_the_gradient_is_that_of_finite_differences(
    rule, chunked, C, decays
):
    steps, S = memory(7, decays=decays)
    d_y, d_S = memory(7, seed=1)[0].v, memory(7, seed=2)[1]
    _, _, chunks = memory_chunks(chunked, steps, S, C)
    d_steps, d_first = memory_chunks_vjp(chunked, chunks, d_y, d_S)
    named = {**steps._asdict(), "S": S}
    found = {**d_steps._asdict(), "S": d_first}
    for name, value in named.items():

        def loss(moved, name=name):
            v = {**named, name: moved}
            first = v.pop("S")
            y, last = memory_loop(rule, Steps(**v), first)
            return float((d_y * y).sum() + (d_S * last).sum())

        # central differences with a step of 1e-6 are good to about 1e-9
        assert check_gradient(loss, value, found[name], f"d_{name}") < 1e-7


def test_one_chunk_by_hand(move):
    # The second key is (3/5, 4/5): of the first value, 10, it reads 6.
    # So the second step, whose value is 7, writes 1; a decay of 1/2
    # leaves 3 of those 6, and it writes 4.
    one = np.ones((2, 1, 1))
    key = np.reshape([1.0, 0.0, 0.6, 0.8], (2, 1, 2))
    value = np.reshape([10.0, 7.0], (2, 1, 1))
    for alpha, written in (1.0, 1.0), (0.5, 4.0):
        steps = Steps(key, key, value, np.log(alpha) * one, one)
        given = move((steps, np.zeros((1, 1, 2))))
        y, _, (chunk,) = memory_chunks(DELTA, *given, 2)
        assert_close(chunk.u, np.reshape([10.0, written], (1, 2, 1)))
        assert_close(y, value)  # a rate of 1: what was written is read


@RULES
def test_a_memory_that_has_been_emptied_stays_finite(rule, chunked):
    steps, S = memory(30)
    strong = steps.log_a.copy()
    strong[10:20] = -400.0  # a product of these is 0, its inverse inf
    steps = steps._replace(log_a=strong)
    with np.errstate(under="ignore"):
        y, last, chunks = memory_chunks(chunked, steps, S, 30)
        d_steps, d_S = memory_chunks_vjp(chunked, chunks, y, last)
    assert_close((y, last), memory_loop(rule, steps, S), amplified=64)
    assert all(np.isfinite(d).all() for d in (*d_steps, d_S))


def test_a_later_step_changes_no_earlier_output():
    steps, S = memory(9)
    y, _, _ = memory_chunks(DELTA, steps, S, 9)
    for name in Steps._fields:
        part = getattr(steps, name).copy()
        part[6:] = -part[6:] if name == "log_a" else 7 + part[6:]
        changed = steps._replace(**{name: part})
        after, _, _ = memory_chunks(DELTA, changed, S, 9)
        assert_close(after[:6], y[:6])
        assert (np.abs(after[6:] - y[6:]) > 1e-3).any()


def test_no_gradient_of_autograd_differs():
    torch = pytest.importorskip("torch")
    steps, S = memory(8, decays=3)
    _, _, chunks = memory_chunks(DELTA, steps, S, 3)
    d_y, d_S = memory(8, seed=1)[0].v, memory(8, seed=2)[1]
    expected = memory_chunks_vjp(DELTA, chunks, d_y, d_S)
    leaves = [torch.tensor(a, requires_grad=True) for a in (*steps, S)]
    y, last, _ = memory_chunks(DELTA, Steps(*leaves[:5]), leaves[5], 3)
    torch.autograd.backward(
        [y, last], [torch.tensor(d) for d in (d_y, d_S)]
    )
    found = Steps(*(a.grad for a in leaves[:5])), leaves[5].grad
    assert_close(found, expected)


@pytest.mark.parametrize("upper", [False, True])
def test_a_triangular_system_is_solved_in_every_library(move, upper):
    rng = np.random.default_rng(0)
    L = np.eye(5) + np.tril(rng.normal(size=(2, 5, 5)), k=-1)
    L = L.swapaxes(1, 2) if upper else L
    U = rng.normal(size=(2, 5, 3))
    assert_close(_solve(*move((L, L @ U)), upper), U, amplified=64)


@pytest.mark.parametrize("upper", [False, True])
def test_torch_reads_the_triangle_alone(upper):
    torch = pytest.importorskip("torch")
    R, empty = torch.ones(1, 4, 2), torch.full((4, 4), torch.nan)
    rest = empty.tril() if upper else empty.triu()
    assert_close(_solve(rest[None], R, upper), R)


def test_what_does_not_fit_is_named():
    steps, S = memory(rates=4)
    told = said(memory_chunks, HEBB, steps, S, 3)
    assert told == "beta: expected (6, 2, 1), got (6, 2, 4)"
    steps, S = memory()
    told = said(memory_chunks, HEBB, steps, S, 0)
    assert told == "C: expected at least 1, got 0"
    _, _, chunks = memory_chunks(HEBB, steps, S, 4)
    told = said(memory_chunks_vjp, HEBB, chunks, steps.v[:4], S)
    assert told == "d_y: expected 2 chunk(s) of 4, got 4 steps"
    told = said(memory_chunks_vjp, HEBB, chunks, steps.v, S[:1])
    assert told == "d_S: expected (2, 4, 3), got (1, 4, 3)"
