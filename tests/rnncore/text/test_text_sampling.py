"""Temperature, top-k, nucleus, beam and drawing, on numbers by hand."""

from itertools import islice

import numpy as np
import pytest

from rnncore.text.sampling import (
    at_temperature,
    beam_search,
    draw_tokens,
    nucleus,
    repeated_share,
    top_k,
)
from tests.helpers.arrays import assert_close

P = np.array([0.1, 0.4, 0.2, 0.3])


@pytest.mark.parametrize(
    "cut", [lambda a: top_k(a, 3), lambda a: nucleus(a, 0.9)]
)
@pytest.mark.parametrize(
    "logits", [np.zeros((2, 4)), [[3, -1, -0.5, -0.5]]]
)
def test_logits_are_refused_where_probabilities_are_cut(cut, logits):
    with pytest.raises(ValueError, match="sum to 1; turn logits into prob"):
        cut(np.array(logits))
    assert_close(
        cut(at_temperature(logits, 1)).sum(-1), np.ones(len(logits))
    )


def test_a_temperature_of_one_is_the_softmax():
    logits = np.log([1.0, 2.0, 5.0])
    assert_close(at_temperature(logits, 1.0), [0.125, 0.25, 0.625])


def test_half_the_temperature_squares_the_odds():
    # odds 1 : 2 : 5 become 1 : 4 : 25; p / temperature would stay as it is
    logits = np.log([1.0, 2.0, 5.0])
    assert_close(at_temperature(logits, 0.5), np.array([1, 4, 25]) / 30)
    assert_close(
        at_temperature(logits, 2.0)[2] / at_temperature(logits, 2.0)[0],
        5**0.5,
    )


def test_large_logits_do_not_overflow():
    p = at_temperature(np.array([1e4, 0.0, -1e4]), 0.01)
    assert p.tolist() == [1, 0, 0]


def test_top_k_keeps_the_likeliest():
    assert_close(top_k(P, 2), [0, 4 / 7, 0, 3 / 7])
    assert_close(top_k(P, 9), P)
    assert top_k(np.full(4, 0.25), 2).tolist() == [0.5, 0.5, 0, 0]
    assert P.tolist() == [0.1, 0.4, 0.2, 0.3]


@pytest.mark.parametrize(
    ("mass", "kept"),
    [
        (0.3, [0, 1, 0, 0]),
        (0.5, [0, 4 / 7, 0, 3 / 7]),  # the token that crosses 0.5 stays
        (0.71, [0, 4 / 9, 2 / 9, 3 / 9]),
        (1.0, P),
    ],
)
def test_a_nucleus_holds_the_token_that_crosses_the_mass(mass, kept):
    assert_close(nucleus(P, mass), kept)


def test_each_row_of_a_batch_has_its_own_nucleus():
    both = np.stack([P, P[::-1]])
    for f in (lambda p: top_k(p, 3), lambda p: nucleus(p, 0.6)):
        assert_close(f(both)[0], f(P))
        assert_close(f(both)[1], f(P)[::-1])


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: at_temperature(P, 0), "temperature: expected more than 0"),
        (lambda: top_k(P, 0), "k: expected at least 1"),
        (lambda: nucleus(P, 0), "mass: expected more than 0"),
        (lambda: nucleus(P, 1.1), "mass: expected more than 0"),
        (lambda: beam_search(None, P, None, 0, 3), "width, length"),
        (lambda: repeated_share("abc", 4), "tokens: expected more than 4"),
    ],
)
def test_what_makes_no_sense_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


def test_tokens_are_drawn_as_often_as_their_probability_says():
    rng = np.random.default_rng(0)
    p = np.array([[0.0, 0.5, 0.0, 0.5, 0.0], [0.1, 0.2, 0.3, 0.4, 0.0]])
    drawn = np.stack([draw_tokens(rng, p) for _ in range(20_000)])
    shares = [np.bincount(d, minlength=5) / 20_000 for d in drawn.T]
    # four standard deviations of a share of 20,000 draws are 0.014
    assert_close(shares, p, within=0.014)
    assert shares[0][[0, 2, 4]].tolist() == [0, 0, 0]


def test_a_token_without_probability_is_never_drawn():
    class Zero:
        def random(self, shape):
            return np.zeros(shape)

    assert draw_tokens(Zero(), np.array([[0.0, 0.0, 1.0]])).tolist() == [2]


# After the start a is likelier, but what follows b is surer:
# a c 0.6 * 0.4, a d 0.6 * 0.35, b d 0.4 * 0.9 = 0.36, the likeliest pair.
TREE = {
    (): [0.6, 0.4, 0.0, 0.0],
    (0,): [0.15, 0.10, 0.40, 0.35],
    (1,): [0.05, 0.00, 0.05, 0.90],
}


def advance(state, token):
    state = (*state, token)
    with np.errstate(divide="ignore"):
        return np.log(TREE.get(state, [0.25] * 4)), state


def search(width):
    with np.errstate(divide="ignore"):
        start = np.log(TREE[()])
    return beam_search(advance, start, (), width, 2)


def test_a_beam_of_one_is_greedy_and_misses_the_likeliest():
    (best,) = search(1)
    assert best.tokens == (0, 2)
    assert_close(np.exp(best.log_p), 0.24)


def test_a_beam_of_two_finds_the_likeliest():
    best, second = search(2)
    assert best.tokens == best.state == (1, 3)
    assert_close(np.exp(best.log_p), 0.36)
    assert second.tokens == (0, 2)


def test_repetition_is_the_share_of_runs_seen_before():
    assert repeated_share("abcdefgh") == 0
    assert repeated_share("abababab", 4) == 1 - 2 / 5
    assert repeated_share([1] * 10, 4) == 1 - 1 / 7


def test_nothing_is_drawn_ahead_of_what_is_asked_for():
    torch = pytest.importorskip("torch")
    from rnncore.application import seeded
    from rnncore.text.generation import generate
    from rnncore.text.model import LanguageModel

    with seeded(0):
        model = LanguageModel(7, 5)
    rng = np.random.default_rng(0)
    shown = []

    def shape(logits):
        shown.append(logits.shape)
        return at_temperature(logits, 1.0)

    drawn = list(
        islice(generate(model, np.ones((3, 2), int), rng, shape), 4)
    )
    assert len(shown) == 4
    assert shown[0] == (2, 7)
    assert np.shape(drawn) == (4, 2)
    assert torch.is_grad_enabled()
