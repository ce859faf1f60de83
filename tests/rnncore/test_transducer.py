"""The transducer: enumeration of all paths, published numbers, torch."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnncore.bptt import check_gradient
from rnncore.transducer import (
    by_frame,
    diagonals,
    transducer_loss,
    transducer_loss_vjp,
)
from tests.helpers.arrays import assert_close


def log_softmax(logits):
    return logits - np.logaddexp.reduce(logits, axis=-1, keepdims=True)


def by_enumeration(logits, row):
    """The sum over all orders of T blanks, the last at the end, and row."""
    log_p, T, n = log_softmax(logits), len(logits), len(row)
    total = 0.0
    for written in itertools.combinations(range(T - 1 + n), n):
        t = u = 0
        p = 0.0
        for step in range(T + n):
            if step in written:
                p += log_p[t, u, row[u]]
                u += 1
            else:
                p += log_p[t, u, 0]
                t += 1
        assert (t, u) == (T, n)
        total += math.exp(p)
    return total


def batches():
    return st.tuples(
        st.integers(1, 5),
        st.integers(1, 3),
        st.integers(2, 5),
        st.integers(0, 2**32 - 1),
    )


def draw(T, B, K, seed, most=4):
    rng = np.random.default_rng(seed)
    lengths = [int(n) for n in rng.integers(1, T + 1, B)]
    labels = [
        rng.integers(1, K, rng.integers(0, most + 1)).tolist()
        for _ in range(B)
    ]
    U = 1 + max(map(len, labels))
    logits = rng.normal(0, 2, (T, U, B, K))
    return logits, labels, lengths, rng.normal(size=B)


def test_one_label_in_two_frames_by_hand():
    # The blank has 1/4 everywhere: write first, or after one blank.
    logits = np.log(np.broadcast_to([0.25, 0.75], (2, 2, 1, 2)))
    loss, cache = transducer_loss(logits, [[1]])
    assert_close(np.exp(-loss), [2 * 0.75 * 0.25**2])
    d = transducer_loss_vjp(np.ones(1), cache)
    # Half of the paths write at (0, 0), half leave it by the blank.
    assert_close(d[0, 0, 0], [0.25 - 0.5, 0.75 - 0.5])
    assert_close(d[0, 1, 0], [0.5 * (0.25 - 1), 0.5 * 0.75])
    assert_close(d[1, 1, 0], [0.25 - 1, 0.75])


def test_the_numbers_of_warp_transducers_own_test():
    # github.com/HawkAaron/warp-transducer, tests/test_cpu.cpp, small_test
    logits = np.array(
        [
            [[0.1, 0.6, 0.1, 0.1, 0.1]],
            [[0.1, 0.1, 0.6, 0.1, 0.1]],
            [[0.1, 0.1, 0.2, 0.8, 0.1]],
            [[0.1, 0.6, 0.1, 0.1, 0.1]],
            [[0.1, 0.1, 0.2, 0.1, 0.1]],
            [[0.7, 0.1, 0.2, 0.1, 0.1]],
        ]
    ).reshape(2, 3, 1, 5)
    loss, _ = transducer_loss(logits, [[1, 2]])
    assert_close(loss, [4.495666], within=1e-6)


@given(size=batches())
def test_the_loss_is_the_sum_of_all_paths(size):
    logits, labels, lengths, _ = draw(*size)
    loss, _ = transducer_loss(logits, labels, lengths)
    for b, (row, n) in enumerate(zip(labels, lengths, strict=True)):
        own = logits[:n, : len(row) + 1, b]
        expected = -math.log(by_enumeration(own, row))
        assert_close(loss[b], expected, scale=1)


def test_all_transcripts_together_have_probability_one():
    # With p(label) = 0 after two labels, no transcript is longer.
    logits = np.random.default_rng(0).normal(size=(3, 3, 1, 3))
    logits[:, 2, :, 1:] = -1e9
    total = 0.0
    for n in range(3):
        for row in itertools.product((1, 2), repeat=n):
            loss, _ = transducer_loss(logits[:, : n + 1], [row])
            total += math.exp(-loss[0])
    assert_close(total, 1)


@pytest.mark.slow
@given(size=batches())
def test_autograd_through_the_loss_is_the_backward_function(size):
    logits, labels, lengths, d_loss = draw(*size)
    a = torch.tensor(logits, requires_grad=True)
    loss, _ = transducer_loss(a, labels, lengths)
    (loss * torch.tensor(d_loss)).sum().backward()
    _, cache = transducer_loss(logits, labels, lengths)
    d_logits = transducer_loss_vjp(d_loss, cache)
    assert_close(a.grad, d_logits, scale=1)


@pytest.mark.slow
def test_the_gradient_is_that_of_finite_differences():
    logits, labels, lengths, d_loss = draw(5, 3, 4, 5)
    _, cache = transducer_loss(logits, labels, lengths)
    check_gradient(
        lambda a: (transducer_loss(a, labels, lengths)[0] * d_loss).sum(),
        logits,
        transducer_loss_vjp(d_loss, cache),
        "logits",
    )


def test_every_path_crosses_every_diagonal_once():
    logits, labels, _, _ = draw(6, 3, 4, 2)
    _, cache = transducer_loss(logits, labels)
    here = diagonals(cache.on_blank + cache.on_label)
    for b, row in enumerate(labels):
        crossed = np.where(np.isinf(here[:, b]), 0, here[:, b]).sum(axis=1)
        steps = len(logits) + len(row)
        assert_close(crossed[:steps], np.ones(steps))
        assert not crossed[steps:].any()


def test_the_diagonals_and_back():
    a = np.arange(24.0).reshape(4, 3, 2)
    rows = diagonals(a)
    for t, u, b in np.ndindex(4, 3, 2):
        assert rows[t + u, b, u] == a[t, u, b]
    assert np.isinf(rows).sum() == rows.size - a.size
    assert_close(by_frame(rows, 4), a)


def test_one_code_path_for_all_backends(move):
    logits, labels, lengths, d_loss = draw(6, 3, 4, 1)
    expected, cache = transducer_loss(logits, labels, lengths)
    loss, moved = transducer_loss(move(logits), labels, lengths)
    assert_close(loss, expected)
    assert_close(
        transducer_loss_vjp(move(d_loss), moved),
        transducer_loss_vjp(d_loss, cache),
    )


def test_what_stands_outside_reaches_nothing():
    logits = np.random.default_rng(0).normal(size=(6, 4, 2, 4))
    labels = [[1, 2, 3], [3]]
    loss, cache = transducer_loss(logits, labels, [6, 4])
    other = logits.copy()
    other[4:, :, 1] += 100
    other[:, 2:, 1] -= 100
    assert_close(transducer_loss(other, labels, [6, 4])[0], loss)
    d = transducer_loss_vjp(np.ones(2), cache)
    assert not d[4:, :, 1].any()
    assert not d[:, 2:, 1].any()
    assert d[4:, :, 0].any()


def test_a_long_recording_does_not_underflow():
    logits = np.zeros((600, 101, 1, 8))
    loss, cache = transducer_loss(logits, [[1, 2, 3, 3] * 25])
    # every path has 700 answers, of 8 each; the last one is the blank
    ways = math.lgamma(700) - math.lgamma(101) - math.lgamma(600)
    assert_close(loss, [700 * math.log(8) - ways], terms=700)
    assert np.isfinite(transducer_loss_vjp(np.ones(1), cache)).all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_a_gradient_that_is_a_number(dtype):
    logits, labels, lengths, _ = draw(6, 3, 4, 1)
    a = torch.tensor(logits, dtype=dtype, requires_grad=True)
    loss, _ = transducer_loss(a, labels, lengths)
    loss.sum().backward()
    assert a.grad.isfinite().all()


@pytest.mark.parametrize(
    ("labels", "lengths", "message"),
    [
        ([[0]], None, r"labels\[0\]: expected 1 to 3 .* got 0"),
        ([[4]], None, r"labels\[0\]: expected 1 to 3 .* got 4"),
        ([[1], [1]], None, "labels: expected 1 transcripts, got 2"),
        ([[1, 2]], None, r"logits: expected \(T, 3, B, K\)"),
        ([[1]], [6], r"lengths\[0\]: expected 1 to 5, got 6"),
    ],
)
def test_a_transcript_that_cannot_be_is_refused(labels, lengths, message):
    with pytest.raises(ValueError, match=message):
        transducer_loss(np.zeros((5, 2, 1, 4)), labels, lengths)
