"""Kneser-Ney and PPM: by hand, written twice, sums to one, as code."""

import lzma
import math
from collections import Counter, defaultdict
from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnncore.text import ngrams
from rnncore.text.ngrams import (
    bits_given,
    cache_probabilities,
    fit_kneser_ney,
    kneser_ney_models,
    kneser_ney_next,
    kneser_ney_probabilities,
    one_discount,
    ppm_probabilities,
    three_discounts,
)
from tests.helpers.arrays import assert_close

DISCOUNTS = pytest.mark.parametrize(
    "discounts", [one_discount, three_discounts]
)
rows = st.lists(st.integers(0, 3), min_size=5, max_size=60)
contexts = st.lists(st.integers(0, 4), max_size=9)


def test_a_bigram_probability_by_hand():
    # a b a b a c with a, b, c = 0, 1, 2: bigrams ab 2, ba 2, ac 1.
    # One bigram occurs once, two twice: d_2 = 1 / (1 + 2 * 2) = 0.2.
    # Left neighbours: a after b (1), b after a (1), c after a (1);
    # three unigrams with one kind, none with two: d_1 = 3 / 3 = 1.
    ids = np.array([0, 1, 0, 1, 0, 2])
    model = fit_kneser_ney(ids, 2, 3)
    assert_close(model.orders[0].discounts, [0.0, 1.0, 1.0, 1.0])
    assert_close(model.orders[1].discounts, [0.0, 0.2, 0.2, 0.2])
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


def test_three_discounts_by_hand():
    # n_1, n_2, n_3, n_4 = 10, 5, 4, 2: d = 10 / 20 = 0.5.
    counts = np.repeat([1, 2, 3, 4, 7], [10, 5, 4, 2, 3])
    expected = [0, 0.5, 2 - 3 * 0.5 * 4 / 5, 3 - 4 * 0.5 * 2 / 4]
    assert_close(three_discounts(counts), expected)
    assert_close(one_discount(counts), [0, 0.5, 0.5, 0.5])


@pytest.mark.parametrize(
    "numbers",
    [
        (10, 5, 0, 2),
        (10, 0, 4, 2),
        (0, 0, 3, 3),
        (4, 1, 9, 90),
        (0, 0, 0, 0),
    ],
)
def test_discounts_that_the_formula_cannot_give_are_that_of_all(numbers):
    counts = np.repeat([1, 2, 3, 4, 5], [*numbers, 1])
    ones, threes = one_discount(counts), three_discounts(counts)
    assert ones[0] == threes[0] == 0
    assert (ones[1:] > 0).all()
    assert (ones[1:] <= 1).all()
    assert (threes[1:] > 0).all()
    assert (threes <= np.arange(4)).all()
    for k in 2, 3:
        if not numbers[k - 1] or numbers == (4, 1, 9, 90):
            assert threes[k] == ones[k]


def test_each_count_has_its_own_discount_by_hand():
    # a b a b a c again: after a came b twice and c once.
    given_ones = np.array([0, 0.5, 0.75, 1])
    ids = np.array([0, 1, 0, 1, 0, 2])
    model = fit_kneser_ney(ids, 2, 3, lambda counts: given_ones)
    unigram = (1 - 0.5) / 3 + 3 * 0.5 / 3 * (1 / 3)
    rest = (0.75 + 0.5) / 3 * unigram
    expected = [rest, (2 - 0.75) / 3 + rest, (1 - 0.5) / 3 + rest]
    assert_close(kneser_ney_next(model, np.array([0])), expected)


def test_ppm_by_hand():
    # The same text; 3 is never seen. After a: 1.5 / 3 for b, 0.5 / 3 for
    # c, and 2 / 6 for the two others. Of those, one came after another
    # token, and the shorter context has 1 / 2 for it, 1 / 2 for the rest.
    model = fit_kneser_ney([0, 1, 0, 1, 0, 2], 2, 4)
    expected = [1 / 6, 1 / 2, 1 / 6, 1 / 6]
    assert_close(ppm_next(model, [0]), expected)


def ppm_next(model, ids):
    """The probabilities of all tokens after these, one by one."""
    each = [ppm_probabilities(model, [*ids, w])[-1] for w in range(model.K)]
    return np.array(each)


def slow_tables(ids, order):
    """The counts of the grams of each length, in dictionaries."""
    tables = {}
    for n in range(1, order + 1):
        places = range(len(ids) - n + 1)
        grams = Counter(tuple(ids[t : t + n]) for t in places)
        before = defaultdict(set)
        for t in places[1:]:
            before[tuple(ids[t : t + n])].add(ids[t - 1])
        kinds = {gram: max(1, len(before[gram])) for gram in grams}
        tables[n] = dict(grams) if n == order else kinds
    return tables


def slow_discounts(table, three):
    """Y and D_1, D_2, D_3+ as in section 3 of Chen & Goodman 1999."""
    n = Counter(table.values())
    Y = Fraction(max(1, n[1]), max(1, n[1]) + 2 * n[2])
    found = [0, Y, Y, Y]
    for k in (2, 3) if three else ():
        D = k - (k + 1) * Y * Fraction(n[k + 1], n[k]) if n[k] else 0
        found[k] = D if D > 0 else Y
    return found


def slow_kneser_ney(tables, K, three, context, w):
    """The recursion of the book, without a single array."""
    shorter = Fraction(1, K)
    if context:
        shorter = slow_kneser_ney(tables, K, three, context[1:], w)
    table = tables[len(context) + 1]
    D = slow_discounts(table, three)
    here = {g[-1]: c for g, c in table.items() if g[:-1] == context}
    if not here:
        return shorter
    count = here.get(w, 0)
    taken = sum(D[min(c, 3)] for c in here.values())
    own = count - D[min(count, 3)]
    return (own + taken * shorter) / sum(here.values())


def slow_ppm(tables, K, context, w, ruled_out=frozenset()):
    """One context after the other, with a set of what is ruled out."""
    table = tables[len(context) + 1]
    seen = {g[-1]: c for g, c in table.items() if g[:-1] == context}
    here = {v: c for v, c in seen.items() if v not in ruled_out}
    half = 0 if len(seen) == K else Fraction(1, 2)
    if w in here:
        return (here[w] - half) / sum(here.values())
    escape = half * len(here) / sum(here.values()) if here else 1
    ruled_out = ruled_out | set(seen)
    if not context:
        return escape * Fraction(1, K - len(ruled_out))
    return escape * slow_ppm(tables, K, context[1:], w, ruled_out)


@pytest.mark.slow
@given(rows, st.integers(1, 5), st.sampled_from([4, 5]), contexts)
def test_both_are_what_a_slow_program_finds(ids, order, K, context):
    context = [w % K for w in context]
    tables = slow_tables(ids, order)
    last = tuple(context[max(0, len(context) + 1 - order) :])
    for three, discounts in enumerate((one_discount, three_discounts)):
        model = fit_kneser_ney(ids, order, K, discounts)
        slow = [
            float(slow_kneser_ney(tables, K, three, last, w))
            for w in range(K)
        ]
        assert_close(kneser_ney_next(model, context), slow)
        slow = [float(slow_ppm(tables, K, last, w)) for w in range(K)]
        assert_close(ppm_next(model, context), slow)


def test_texts_side_by_side_have_what_each_has_alone():
    rng = np.random.default_rng(0)
    model = fit_kneser_ney(rng.integers(0, 5, 60), 4, 5)
    texts = rng.integers(0, 5, (6, 3))
    for T in range(7):
        together = kneser_ney_next(model, texts[:T])
        alone = [kneser_ney_next(model, text) for text in texts[:T].T]
        assert np.array_equal(together, alone)
    with pytest.raises(ValueError, match=r"ids: expected \(T, B\), got"):
        kneser_ney_next(model, texts[None])


@given(rows, st.integers(1, 5), st.sampled_from([4, 5]), contexts)
def test_all_probabilities_after_any_context_sum_to_one(
    ids, order, K, context
):
    context = [w % K for w in context]
    for discounts in one_discount, three_discounts:
        model = fit_kneser_ney(ids, order, K, discounts)
        for after in (
            kneser_ney_next(model, context),
            ppm_next(model, context),
        ):
            assert_close(after.sum(), 1)
            assert (after > 0).all()


def test_an_arithmetic_coder_needs_no_more_bits_than_ppm_says():
    rng = np.random.default_rng(0)
    ids = np.cumsum(rng.integers(1, 3, 300)) % 5
    model = fit_kneser_ney(ids[:250], 4, 6)
    text = [int(w) for w in ids[250:]]
    code = arithmetic_code(text, partial(exact_next, model))
    bits = -np.log2(ppm_probabilities(model, text)).sum()
    assert bits <= len(code) < bits + 2 < 50 * math.log2(6)
    assert decoded(code, len(text), partial(exact_next, model)) == text


def exact_next(model, ids):
    """The probabilities after a text as fractions, with the sum 1."""
    parts = [Fraction(p) for p in ppm_next(model, ids)]
    return [p / sum(parts) for p in parts]


def arithmetic_code(ids, next_one):
    """The shortest row of bits whose interval lies in that of the text."""
    low, width = Fraction(0), Fraction(1)
    for t, w in enumerate(ids):
        p = next_one(ids[:t])
        low, width = low + width * sum(p[:w]), width * p[w]
    k = 0
    while math.ceil(low * 2**k) + 1 > (low + width) * 2**k:
        k += 1
    return f"{math.ceil(low * 2**k):0{k}b}"


def decoded(code, length, next_one):
    """The text of that many tokens in whose interval the code lies."""
    value, ids = Fraction(int(code, 2), 2 ** len(code)), []
    for _ in range(length):
        p = next_one(ids)
        w = max(k for k in range(len(p)) if sum(p[:k]) <= value)
        value = (value - sum(p[:w])) / p[w]
        ids.append(w)
    return ids


@DISCOUNTS
def test_the_models_on_the_way_are_those_of_their_orders(discounts):
    ids = np.random.default_rng(0).integers(0, 4, 200)
    models = list(kneser_ney_models(ids, 4, 5, discounts))
    text = np.random.default_rng(1).integers(0, 5, 50)
    assert [len(model.orders) for model in models] == [1, 2, 3, 4]
    for order, model in enumerate(models, start=1):
        fitted = fit_kneser_ney(ids, order, 5, discounts)
        for score in kneser_ney_probabilities, ppm_probabilities:
            assert np.array_equal(score(model, text), score(fitted, text))


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


@DISCOUNTS
@pytest.mark.parametrize("order", [1, 2, 4])
def test_a_text_is_scored_as_one_token_after_another(order, discounts):
    rng = np.random.default_rng(0)
    model = fit_kneser_ney(rng.integers(0, 5, 200), order, 6, discounts)
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
    for score in kneser_ney_probabilities, ppm_probabilities:
        a, b = (score(model, x) for x in (text, other))
        assert (a[:10] == b[:10]).all()


def test_a_repeated_text_is_predicted_after_its_first_tokens():
    text = np.tile(np.random.default_rng(2).integers(0, 50, 400), 3)
    model = fit_kneser_ney(text, 4, 50)
    p = kneser_ney_probabilities(model, text)
    assert np.median(p[3:]) > 0.9
    assert p[0] < 0.1
    p = ppm_probabilities(model, text)
    assert np.median(p[3:]) > 0.8  # 2.5 / 3
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
    with pytest.raises(ValueError, match="ids: expected 0 to 2"):
        ppm_probabilities(model, np.array([3]))


def test_what_was_read_before_costs_a_compressor_little():
    rng = np.random.default_rng(0)
    text = "".join(chr(97 + k) for k in rng.integers(0, 26, 4000))
    alone = bits_given("", text) / len(text)
    assert 4.7 < alone < 5.5  # log2(26) = 4.70 is the least there can be
    assert bits_given(text, text) / len(text) < 0.3


def test_a_compressor_reads_in_pieces_what_it_would_read_at_once(
    monkeypatch,
):
    rng, seen = np.random.default_rng(0), []
    text = "".join(rng.choice(list("abcdefgh"), 5000))

    def packed(what):
        best = 9 | lzma.PRESET_EXTREME
        return 8 * len(lzma.compress(what.encode(), preset=best))

    def progress(pieces):
        for piece in pieces:
            seen.append(len(pieces))
            yield piece

    monkeypatch.setattr(ngrams, "PIECE", 700)
    bits = bits_given(text[:4000], text[4000:], progress)
    assert bits == packed(text) - packed(text[:4000])
    assert seen == [8] * 8 + [6] * 6


def test_lists_are_taken_wherever_arrays_are():
    ids = [0, 1, 2, 0, 1, 1]
    of_list = fit_kneser_ney(ids, 2, 3)
    of_array = fit_kneser_ney(np.array(ids), 2, 3)
    functions = kneser_ney_probabilities, kneser_ney_next, ppm_probabilities
    for function in functions:
        expected = function(of_array, np.array(ids))
        assert np.array_equal(function(of_list, ids), expected)
        assert np.array_equal(function(of_list, tuple(ids)), expected)
        with pytest.raises(ValueError, match="ids: expected 0 to 2, got"):
            function(of_list, [0, 3])
        with pytest.raises(ValueError, match=r"^ids:"):
            function(of_list, [0.5])
    with pytest.raises(ValueError, match=r"^ids:"):
        fit_kneser_ney([0.0, 1.0], 2, 3)
    assert kneser_ney_next(of_list, []).shape == (3,)


def test_a_cache_by_hand():
    # a b a b of three tokens. With no context: 1/3; a 1 of 1, one kind;
    # then a 1, b 1, two kinds; then a 2, b 1.
    p = cache_probabilities(np.array([0, 1, 0, 1]), 2, 3)
    first, second = Fraction(1, 3), (0 + 1 * Fraction(1, 3)) / (1 + 1)
    third = (1 + 2 * Fraction(1, 3)) / (2 + 2)
    fourth = (1 + 2 * Fraction(1, 3)) / (3 + 2)
    assert_close(p[0], [float(x) for x in (first, second, third, fourth)])
    # a was followed by b once, b by nothing yet, and no pair came twice
    after_a = (1 + 1 * fourth) / (1 + 1)
    assert_close(p[1], [*p[0, :3], float(after_a)])
    assert_close(p[2], p[1])


@given(ids=rows, longest=st.integers(0, 6))
def test_a_cache_is_what_a_slow_program_counts(ids, longest):
    def counted(n, t, w):
        if n < 0:
            return 1 / 4
        shorter = counted(n - 1, t, w)
        if n > t:
            return shorter
        c = ids[t - n : t]
        after = Counter(ids[s] for s in range(n, t) if ids[s - n : s] == c)
        kinds = len(after)
        if not after:
            return shorter
        return (after[w] + kinds * shorter) / (after.total() + kinds)

    p = cache_probabilities(ids, longest, 4)
    assert p.shape == (longest + 1, len(ids))
    for n in range(longest + 1):
        slow = [counted(n, t, w) for t, w in enumerate(ids)]
        assert_close(p[n], slow)


@given(before=rows, longest=st.integers(0, 6))
def test_what_a_cache_gives_all_next_tokens_sums_to_one(before, longest):
    each = [cache_probabilities([*before, w], longest, 4) for w in range(4)]
    assert_close(sum(p[:, -1] for p in each), np.ones(longest + 1))
    for p in each:  # each is predicted before it is counted
        assert_close(p[:, :-1], each[0][:, :-1])


def test_a_cache_knows_a_passage_when_it_comes_again():
    passage = np.random.default_rng(0).integers(0, 20, 50)
    p = cache_probabilities(np.concatenate([passage, passage]), 8, 20)
    assert p[8, :50].mean() < 0.1
    assert p[8, 60:].min() > 0.5


def test_a_cache_without_contexts_or_numbers_is_refused():
    with pytest.raises(ValueError, match="longest: expected at least 0"):
        cache_probabilities([0, 1], -1, 2)
    with pytest.raises(
        ValueError, match="ids: expected 0 to 1, got 0 to 2"
    ):
        cache_probabilities([0, 2], 1, 2)
