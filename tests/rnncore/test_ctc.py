"""CTC: torch's loss, enumeration of all paths, and values by hand."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rnncore.bptt import check_gradient
from rnncore.ctc import (
    ctc_loss,
    ctc_loss_vjp,
    greedy,
    log_sum,
    prefix_beam,
    read_path,
)
from rnncore.losses import log_softmax
from tests.helpers.arrays import assert_close


def log_probabilities(rng, T, K):
    return log_softmax(rng.normal(0, 2, (T, 1, K)))[:, 0]


def by_enumeration(log_p):
    """The sum over all K^T paths, transcript by transcript."""
    T, K = log_p.shape
    total = {}
    for path in itertools.product(range(K), repeat=T):
        p = math.exp(sum(log_p[t, k] for t, k in enumerate(path)))
        key = tuple(read_path(path))
        total[key] = total.get(key, 0.0) + p
    return total


@pytest.mark.parametrize(
    ("path", "labels"),
    [
        ([], []),
        ([0, 0], []),
        ([1, 1, 0, 1, 2, 2], [1, 1, 2]),
        ([8, 0, 5, 5, 12, 0, 12, 15], [8, 5, 12, 12, 15]),
        ([8, 5, 12, 12, 15], [8, 5, 12, 15]),
    ],
)
def test_repeats_are_merged_before_blanks_are_dropped(path, labels):
    assert read_path(path) == labels


def test_two_frames_by_hand():
    # p = 1/4, 3/4 at both frames: "a" is read from a-, -a and aa.
    logits = np.log([[[0.25, 0.75]], [[0.25, 0.75]]])
    loss, cache = ctc_loss(logits, [[1]])
    assert_close(np.exp(-loss), [15 / 16])
    d = ctc_loss_vjp(np.ones(1), cache)
    # 3 of the 15 sixteenths begin with the blank: 1/4 - 3/15.
    assert_close(d[0, 0], [0.05, -0.05])


def test_a_five_frame_word_is_the_sum_of_all_its_paths(rng):
    log_p = log_probabilities(rng, 5, 4)
    total = by_enumeration(log_p)
    assert_close(sum(total.values()), 1)
    for labels, p in total.items():
        loss, _ = ctc_loss(log_p[:, None], [list(labels)])
        assert_close(np.exp(-loss), [p])


def batches():
    return st.tuples(
        st.integers(1, 9),
        st.integers(1, 4),
        st.integers(2, 5),
        st.integers(0, 2**32 - 1),
    )


def draw(T, B, K, seed):
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, T + 1, B)
    labels = []
    for n in lengths:
        row = list(rng.integers(1, K, rng.integers(0, n + 1)))
        while len(row) + sum(np.diff(row) == 0) > n:
            row.pop()
        labels.append([int(k) for k in row])
    return rng.normal(0, 2, (T, B, K)), labels, lengths, rng.normal(size=B)


@given(size=batches())
def test_loss_and_gradient_are_torchs(size):
    logits, labels, lengths, d_loss = draw(*size)
    loss, cache = ctc_loss(logits, labels, lengths)
    ours = torch.tensor(logits, requires_grad=True)
    flat = [k for row in labels for k in row]
    theirs = torch.nn.functional.ctc_loss(
        ours.log_softmax(2),
        torch.tensor(flat, dtype=torch.long),
        torch.tensor(lengths),
        torch.tensor([len(row) for row in labels]),
        reduction="none",
    )
    assert_close(loss, theirs, scale=1)
    (theirs * torch.tensor(d_loss)).sum().backward()
    d_logits = ctc_loss_vjp(d_loss, cache)
    # probabilities of whole paths, one of which may nearly be ruled out
    assert_close(d_logits, ours.grad, scale=1)


def test_the_gradient_is_that_of_finite_differences(rng):
    logits, labels, lengths, d_loss = draw(7, 3, 4, 5)
    _, cache = ctc_loss(logits, labels, lengths)
    check_gradient(
        lambda a: (ctc_loss(a, labels, lengths)[0] * d_loss).sum(),
        logits,
        ctc_loss_vjp(d_loss, cache),
        "logits",
    )


def test_one_code_path_for_all_backends(move):
    logits, labels, lengths, d_loss = draw(6, 3, 4, 1)
    expected, cache = ctc_loss(logits, labels, lengths)
    loss, moved = ctc_loss(move(logits), labels, lengths)
    assert_close(loss, expected)
    assert_close(
        ctc_loss_vjp(move(d_loss), moved), ctc_loss_vjp(d_loss, cache)
    )


def test_what_stands_after_the_end_reaches_nothing(rng):
    logits, labels = rng.normal(size=(6, 2, 4)), [[1, 2], [3]]
    loss, cache = ctc_loss(logits, labels, [6, 4])
    other = logits.copy()
    other[4:, 1] += 100 * rng.normal(size=(2, 4))
    assert_close(ctc_loss(other, labels, [6, 4])[0], loss)
    d = ctc_loss_vjp(np.ones(2), cache)
    assert not d[4:, 1].any()
    assert d[4:, 0].any()


def test_a_thousand_frames_do_not_underflow():
    logits = np.zeros((2000, 1, 30))
    loss, cache = ctc_loss(logits, [[1, 2, 3] * 100])
    assert np.isfinite(loss).all()
    assert loss[0] > 1000  # exp(-1000) is 0 in float64
    assert np.isfinite(ctc_loss_vjp(np.ones(1), cache)).all()


@pytest.mark.parametrize(
    ("labels", "lengths", "message"),
    [
        ([[0]], None, r"labels\[0\]: expected 1 to 3 .* got 0"),
        ([[4]], None, r"labels\[0\]: expected 1 to 3 .* got 4"),
        ([[1, 1]], [2], r"labels\[0\]: needs 3 frames, .* got 2"),
        ([[1], [1]], None, "labels: expected 1 transcripts, got 2"),
        ([[1]], [6], r"lengths\[0\]: expected 1 to 5, got 6"),
    ],
)
def test_a_transcript_that_cannot_be_is_refused(labels, lengths, message):
    with pytest.raises(ValueError, match=message):
        ctc_loss(np.zeros((5, 1, 4)), labels, lengths)


def test_a_wide_beam_adds_up_all_paths(rng):
    log_p = log_probabilities(rng, 5, 3)
    total = by_enumeration(log_p)
    found = dict(prefix_beam(log_p, width=1000))
    assert set(found) == set(total)
    for labels, p in total.items():
        assert_close(math.exp(found[labels]), p)
    scores = list(found.values())
    assert scores == sorted(scores, reverse=True)


def test_the_best_path_may_not_be_the_best_transcript():
    # Blank is likeliest at both frames, .6 and .6, yet "a" has .64.
    log_p = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert greedy(log_p[:, None]) == [[]]
    assert prefix_beam(log_p, width=4)[0][0] == (1,)


def test_a_language_model_breaks_a_tie():
    log_p = np.log([[0.2, 0.4, 0.4]])
    for liked in (1, 2):
        best, _ = prefix_beam(
            log_p, 4, lambda prefix, k, like=liked: 0.5 * (k == like)
        )[0]
        assert best == (liked,)


def test_greedy_stops_at_each_sequences_end():
    log_p = np.log(
        np.full((3, 2, 3), 0.1) + 0.7 * np.eye(3)[[1, 0, 2]][:, None]
    )
    assert greedy(log_p) == [[1, 2], [1, 2]]
    assert greedy(log_p, [1, 3]) == [[1], [1, 2]]


def test_a_beam_needs_a_width():
    with pytest.raises(ValueError, match="width: expected at least 1"):
        prefix_beam(np.zeros((2, 3)), 0)


@given(size=batches())
def test_autograd_through_the_loss_is_the_backward_function(size):
    logits, labels, lengths, d_loss = draw(*size)
    a = torch.tensor(logits, requires_grad=True)
    loss, _ = ctc_loss(a, labels, lengths)
    (loss * torch.tensor(d_loss)).sum().backward()
    _, cache = ctc_loss(logits, labels, lengths)
    assert_close(a.grad, ctc_loss_vjp(d_loss, cache), scale=1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_has_a_gradient_that_is_a_number(dtype):
    logits, labels, lengths, _ = draw(6, 3, 4, 1)
    a = torch.tensor(logits, dtype=dtype, requires_grad=True)
    loss, _ = ctc_loss(a, labels, lengths)
    loss.sum().backward()
    assert a.grad.isfinite().all()


def test_impossible_and_impossible_is_impossible_with_gradient_zero():
    a = torch.full((1, 3), -math.inf, requires_grad=True)
    total = log_sum(a)
    assert total.item() == -math.inf
    total.sum().backward()
    assert a.grad.tolist() == [[0, 0, 0]]
