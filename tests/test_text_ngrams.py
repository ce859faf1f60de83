"""Kneser-Ney: by hand, sums to one; what a compressor knows."""

import numpy as np
import pytest
from arrays import assert_close

from rnncore.text.ngrams import (
    bits_given,
    fit_kneser_ney,
    kneser_ney_next,
    kneser_ney_probabilities,
)


def test_a_bigram_probability_by_hand():
    # a b a b a c with a, b, c = 0, 1, 2: bigrams ab 2, ba 2, ac 1.
    # One bigram occurs once, two twice: d_2 = 1 / (1 + 2 * 2) = 0.2.
    # Left neighbours: a after b (1), b after a (1), c after a (1);
    # three unigrams with one kind, none with two: d_1 = 3 / 3 = 1.
    ids = np.array([0, 1, 0, 1, 0, 2])
    model = fit_kneser_ney(ids, 2, 3)
    assert model.orders[0].discount == 1.0
    assert_close(model.orders[1].discount, 0.2)
    unigram = (1 - 1) / 3 + 1 * 3 / 3 * (1 / 3)
    p_b_after_a = (2 - 0.2) / 3 + 0.2 * 2 / 3 * unigram
    p_c_after_a = (1 - 0.2) / 3 + 0.2 * 2 / 3 * unigram
    p_c_after_b = 0.2 * 1 / 2 * unigram
    after_a = kneser_ney_next(model, np.array([0]))
    after_b = kneser_ney_next(model, np.array([1]))
    assert_close(after_a[1], p_b_after_a)
    assert_close(after_a[2], p_c_after_a)
    assert_close(after_b[2], p_c_after_b)


def test_shorter_grams_count_the_words_before_them():
    # 3 ("Francisco") is the most frequent, always after 2 ("San").
    ids = np.array([2, 3, 2, 3, 2, 3, 2, 3, 0, 1, 4, 1, 0, 1, 5, 1, 2])
    p = kneser_ney_next(fit_kneser_ney(ids, 2, 6), np.array([], int))
    assert (ids == 3).sum() >= (ids == 1).sum()
    assert p[1] > 2 * p[3]  # after three words, and after one


@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_the_probabilities_of_all_tokens_sum_to_one(order):
    rng = np.random.default_rng(order)
    ids = rng.integers(0, 6, 300)
    model = fit_kneser_ney(ids, order, 7)  # 6 is never seen
    for length in (0, 1, 2, 6):
        for _ in range(10):
            after = kneser_ney_next(model, rng.integers(0, 7, length))
            assert_close(after.sum(), 1)
            assert (after > 0).all()


@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_text_is_scored_as_one_token_after_another(order):
    rng = np.random.default_rng(0)
    model = fit_kneser_ney(rng.integers(0, 5, 200), order, 6)
    text = rng.integers(0, 6, 40)
    one_by_one = [
        kneser_ney_next(model, text[max(0, t + 1 - order) : t])[text[t]]
        for t in range(len(text))
    ]
    together = kneser_ney_probabilities(model, text)
    assert_close(together, one_by_one)


def test_a_later_token_changes_no_earlier_probability():
    rng = np.random.default_rng(1)
    model = fit_kneser_ney(rng.integers(0, 4, 100), 3, 4)
    text = rng.integers(0, 4, 20)
    other = text.copy()
    other[10:] = (other[10:] + 1) % 4
    a, b = (kneser_ney_probabilities(model, x) for x in (text, other))
    assert (a[:10] == b[:10]).all()


def test_a_repeated_text_is_predicted_after_its_first_tokens():
    text = np.tile(np.random.default_rng(2).integers(0, 50, 400), 3)
    p = kneser_ney_probabilities(fit_kneser_ney(text, 4, 50), text)
    assert np.median(p[3:]) > 0.9
    assert p[0] < 0.1


def test_ids_and_orders_that_make_no_sense_are_refused():
    ids = np.array([0, 1, 2])
    with pytest.raises(ValueError, match="order: expected at least 1"):
        fit_kneser_ney(ids, 0, 3)
    with pytest.raises(
        ValueError, match="ids: expected 0 to 1, got 0 to 2"
    ):
        fit_kneser_ney(ids, 2, 2)
    with pytest.raises(ValueError, match="ids: expected at least 4"):
        fit_kneser_ney(ids, 4, 3)
    model = fit_kneser_ney(ids, 2, 3)
    with pytest.raises(ValueError, match="ids: expected 0 to 2"):
        kneser_ney_probabilities(model, np.array([3]))


def test_what_was_read_before_costs_a_compressor_little():
    rng = np.random.default_rng(0)
    text = "".join(chr(97 + k) for k in rng.integers(0, 26, 4000))
    alone = bits_given("", text) / len(text)
    assert 4.7 < alone < 5.5  # log2(26) = 4.70 is the least there can be
    assert bits_given(text, text) / len(text) < 0.3


def test_lists_are_taken_wherever_arrays_are():
    ids = [0, 1, 2, 0, 1, 1]
    of_list = fit_kneser_ney(ids, 2, 3)
    of_array = fit_kneser_ney(np.array(ids), 2, 3)
    for function in kneser_ney_probabilities, kneser_ney_next:
        expected = function(of_array, np.array(ids))
        assert np.array_equal(function(of_list, ids), expected)
        assert np.array_equal(function(of_list, tuple(ids)), expected)
        with pytest.raises(ValueError, match="ids: expected 0 to 2, got"):
            function(of_list, [0, 3])
        with pytest.raises(ValueError, match="ids: expected whole numbers"):
            function(of_list, [0.5])
    with pytest.raises(ValueError, match="ids: expected whole numbers"):
        fit_kneser_ney([0.0, 1.0], 2, 3)
    assert kneser_ney_next(of_list, []).shape == (3,)
