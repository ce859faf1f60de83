"""N-grams, autoregressions, baselines and the scores of chapter 1."""

from fractions import Fraction
from math import exp, log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.tsa.ar_model import AutoReg

from rnncore.backend import to_numpy, tree_map
from rnncore.sequence import (
    bits_per_character,
    count_ngrams,
    fit_autoregression,
    forecast,
    mase,
    perplexity,
    persistence,
    probability,
    seasonal_naive,
    surprisal,
    windows,
    without_copies,
)
from tests.helpers.arrays import assert_close

texts = st.text("abc", min_size=1, max_size=30)


def by_definition(text, order, vocabulary, gram):
    """Witten-Bell in fractions, counted anew from the text at each call."""
    context, token = gram[:-1], gram[-1]
    grams = [
        text[t - len(context) : t + 1]
        for t in range(len(context), len(text))
    ]
    after = [g[-1] for g in grams if g[:-1] == context]
    shorter = (
        by_definition(text, order, vocabulary, gram[1:])
        if context
        else Fraction(1, len(vocabulary))
    )
    kinds = len(set(after))
    if not after:
        return shorter
    return (after.count(token) + kinds * shorter) / (len(after) + kinds)


def test_probabilities_that_can_be_worked_out_by_hand():
    model = count_ngrams("abab", 2, "ab")
    assert probability(model, "b") == (2 + 2 / 2) / (4 + 2)
    assert probability(model, "ab") == (2 + 1 / 2) / (2 + 1)
    assert probability(model, "aa") == (0 + 1 / 2) / (2 + 1)


@given(text=texts, before=texts, order=st.integers(1, 4))
def test_probabilities_are_those_of_the_definition(text, before, order):
    model = count_ngrams(text, order, "abcd")
    gram = before[-order:]
    expected = by_definition(text, order, "abcd", gram)
    assert_close(probability(model, before), float(expected))


@given(text=texts, before=st.text("abcd"), order=st.integers(1, 4))
def test_probabilities_of_all_tokens_sum_to_one(text, before, order):
    model = count_ngrams(text, order, "abcd")
    p = [probability(model, before + token) for token in "abcd"]
    assert min(p) > 0  # also of d, which was never seen
    assert_close(sum(p), 1)


def test_a_model_used_less_deep_is_the_model_of_lower_order():
    deep, low = (count_ngrams("abracadabra", n, "abcdr") for n in (4, 2))
    nats = surprisal(deep._replace(order=2), "cadabra")
    assert np.array_equal(nats, surprisal(low, "cadabra"))


def test_a_copied_model_still_counts_what_it_has_not_seen_as_zero():
    copy = tree_map(lambda leaf: leaf, count_ngrams("abab", 2, "ab"))
    assert copy.seen["bb"] == 0
    assert probability(copy, "bb") == (0 + 1 / 2) / (1 + 1)


def test_words_in_a_tuple_count_like_letters():
    words, letters = ("x", "yy", "x", "yy", "yy"), "ababb"
    one = count_ngrams(words, 3, {"x", "yy"})
    other = count_ngrams(letters, 3, "ab")
    assert np.array_equal(surprisal(one, words), surprisal(other, letters))


def test_surprisal_gives_each_token_those_before_it():
    model = count_ngrams("abab", 2, "ab")
    expected = [-log(1 / 2), -log(5 / 6), -log(probability(model, "ba"))]
    assert_close(surprisal(model, "aba"), expected)


def test_a_bag_is_blind_to_order_and_a_bigram_is_not(rng):
    text = "the cat sat on the mat and the rat sat on the cat"
    mixed = "".join(rng.permutation(list(text)))
    bag, pair = (count_ngrams(text, n, set(text)) for n in (1, 2))
    total = surprisal(bag, text).sum()
    assert_close(surprisal(bag, mixed).sum(), total)
    assert surprisal(pair, mixed).sum() > 1.5 * surprisal(pair, text).sum()


def test_perplexity_of_four_tokens_by_hand(move):
    nats = move(np.log([2.0, 4.0, 4.0, 2.0]))
    assert_close(perplexity(nats), 2**1.5)


@given(kinds=st.integers(1, 50), length=st.integers(1, 20))
def test_perplexity_between_equally_likely_tokens_is_their_number(
    kinds, length
):
    nats = np.full(length, log(kinds))
    assert_close(perplexity(nats), kinds)


def test_bits_per_character_by_hand(move):
    nats = move(np.full(1000, log(64)))  # 6 bits each
    assert_close(bits_per_character(nats, 5000), 1.2)


def test_bits_per_character_and_perplexity_agree_on_letters():
    model = count_ngrams("abracadabra", 3, "abcdr")
    nats = surprisal(model, "abracadabra")
    bits = bits_per_character(nats, 11)
    assert_close(2**bits, perplexity(nats))


def test_copies_are_taken_out_and_short_agreements_stay():
    training = tuple("xx-abcde-yy-abc-zz")
    rest = without_copies(training, tuple("..abcde.."), 4)
    assert "".join(rest) == "xx--yy-abc-zz"


@given(training=texts, held_out=texts, length=st.integers(1, 5))
def test_no_run_of_held_out_text_is_left(training, held_out, length):
    """Every training token that was kept stood in no common run."""
    training, held_out = tuple(training), tuple(held_out)
    runs = {held_out[t : t + length] for t in range(len(held_out))}
    expected = [
        token
        for t, token in enumerate(training)
        if not any(
            training[s : s + length] in runs
            for s in range(max(0, t - length + 1), t + 1)
            if s + length <= len(training)
        )
    ]
    assert without_copies(training, held_out, length) == tuple(expected)


def test_windows_by_hand(move):
    before, after = windows(move(np.arange(5.0)), 2)
    assert to_numpy(before).tolist() == [[0, 1], [1, 2], [2, 3]]
    assert to_numpy(after).tolist() == [2, 3, 4]


def test_an_autoregression_finds_the_rule_of_a_wave(move):
    x = np.sin(0.3 * np.arange(60))  # x_t = 2 cos(0.3) x_{t-1} - x_{t-2}
    model = fit_autoregression(move(x), 2)
    expected = [-1, 2 * np.cos(0.3)]
    assert_close(model.w, expected)
    assert_close(float(model.b), 0, scale=1)
    wave = np.sin(0.3 * np.arange(60, 80))
    # each of the 20 steps carries on the roundings of those before
    assert_close(forecast(model, move(x), 20), wave, amplified=20)


@pytest.mark.parametrize("order", [1, 5])
def test_an_autoregression_is_that_of_statsmodels(rng, order):
    x = 50 + np.cumsum(rng.normal(size=120))
    theirs = AutoReg(x, order).fit()
    ours = fit_autoregression(x, order)
    lagged = np.column_stack([np.ones(120 - order), windows(x, order)[0]])
    hard = np.linalg.cond(lagged)  # of two solvers' least squares
    assert_close(ours.b, theirs.params[0], amplified=hard)
    assert_close(ours.w[::-1], theirs.params[1:], amplified=hard)
    expected = theirs.forecast(12)
    assert_close(forecast(ours, x, 12), expected, amplified=hard)


def test_naive_forecasts_by_hand(move):
    x = move(np.array([9.0, 1.0, 2.0, 3.0]))
    assert to_numpy(persistence(x, 2)).tolist() == [3, 3]
    season = to_numpy(seasonal_naive(x, 5, 3))
    assert season.tolist() == [1, 2, 3, 1, 2]


def test_mase_by_hand(move):
    training = np.array([1.0, 3.0, 2.0, 5.0])  # steps of 2, 1, 3: mean 2
    actual, predicted = np.array([6.0, 2.0]), np.array([5.0, 5.0])
    # errors of 1 and 3: mean 2
    assert mase(*move((actual, predicted, training))) == 1.0


def test_mase_has_no_unit(rng):
    training, actual, predicted = (rng.normal(size=n) for n in (30, 7, 7))
    score = mase(actual, predicted, training)
    in_other_units = mase(
        32 + 1.8 * actual, 32 + 1.8 * predicted, 32 + 1.8 * training
    )
    assert_close(in_other_units, score)


def test_scores_of_persistence_within_training_are_one():
    x = np.array([4.0, 1.0, 1.0, 8.0, 7.0])
    assert mase(x[1:], x[:-1], x) == 1.0
    assert exp(0) == perplexity(np.zeros(3))


X = np.arange(6.0)
MODEL = count_ngrams("abab", 2, "ab")
WRONG = {
    "order": lambda: count_ngrams("ab", 0, "ab"),
    "tokens: 'c'": lambda: count_ngrams("abc", 2, "ab"),
    "tokens: expected a str": lambda: surprisal(MODEL, ["a", "b"]),
    "tokens: expected a str or": lambda: surprisal(MODEL, ""),
    "tokens: expected at least": lambda: probability(MODEL, ""),
    "tokens: 'z'": lambda: surprisal(MODEL, "az"),
    "nats": lambda: perplexity(np.zeros((2, 2))),
    "nats: expected": lambda: bits_per_character(np.zeros(0), 3),
    "characters": lambda: bits_per_character(np.zeros(3), 0),
    "length": lambda: without_copies(("a",), ("a",), 0),
    "size: expected 1 to 5, got 6": lambda: windows(X, 6),
    "size: expected 1 to 5, got 0": lambda: fit_autoregression(X, 0),
    "x: expected": lambda: windows(X[:, None], 2),
    "x: expected at least": lambda: forecast(
        fit_autoregression(X, 3), X[:2], 1
    ),
    "period: expected 1 to 6, got 7": lambda: seasonal_naive(X, 2, 7),
    "horizon": lambda: persistence(X, 0),
    "horizon: expected": lambda: forecast(fit_autoregression(X, 1), X, 0),
    "predicted": lambda: mase(X, X[:3], X),
    "training": lambda: mase(X, X, np.ones(5)),
    "training: expected": lambda: mase(X, X, X[:1]),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_does_not_fit_is_refused_by_name(message):
    with pytest.raises(ValueError, match=message):
        WRONG[message]()
