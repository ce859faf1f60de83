"""What is drawn into a gap fits what is given: exactly, on tiny models."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore.application import seeded
from rnncore.music.infill import (
    all_but,
    conditional,
    fill,
    harmonise,
    log_p_of,
    resample,
    revise,
)
from rnncore.music.score import (
    FIRST,
    HOLD,
    LOWEST,
    SILENCE,
    check_score,
    decode,
    encode,
)
from rnncore.music.voices import (
    VoiceModel,
    facts,
    masked_logits,
    together,
    voice_nats,
)
from tests.helpers.arrays import assert_close
from tests.helpers.music import any_tokens, score

COMPASS = np.array([[57, 81], [50, 74], [36, 64]])
ALL = np.array([[21, 108]] * 3)
TWO = np.array([[60, 61], [50, 51]])  # two keys for each of two voices


def untrained(seed=0, scale=1.0, V=3):
    with seeded(seed):
        model = VoiceModel(V, hidden=8, width=6)
    for p in model.parameters():
        p.data *= scale
    return model.eval()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 20))
def test_a_harmonised_melody_is_a_score_with_that_melody(seed, weights):
    rng = np.random.default_rng(seed)
    melody = decode(any_tokens(rng, 9, 1, 60, 80), bar=6, pickup=2)
    found, cost = harmonise(untrained(weights), COMPASS, melody, rng, B=5)
    check_score(found)
    assert np.array_equal(encode(found)[:, 0], encode(melody)[:, 0])
    assert (found.bar, found.pickup) == (6, 2)
    assert np.isfinite(cost)


@pytest.mark.slow
@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32), st.integers(0, 20))
def test_what_is_given_stays_whatever_the_mask(seed, weights):
    rng = np.random.default_rng(seed)
    tokens = any_tokens(rng, 9, 3, 57, 64)
    whole = decode(tokens, bar=6, pickup=2, title="kept")
    mask = rng.random((9, 3)) < 0.5
    for t in range(1, 9):  # a given hold needs a note that is given
        mask[t] &= (tokens[t] != HOLD) | mask[t - 1]
    model = untrained(weights)
    filled, cost = fill(model, COMPASS, whole, mask, rng, B=5)
    again = revise(model, COMPASS, filled, mask, rng)
    for found in (filled, again):
        check_score(found)
        assert np.array_equal(encode(found)[mask], tokens[mask])
        assert (found.bar, found.pickup, found.title) == (6, 2, "kept")
    assert np.isfinite(cost)


def test_resampling_keeps_everybody_where_all_are_equal():
    rng = np.random.default_rng(0)
    assert resample(np.full(6, -3.0), rng).tolist() == [0, 1, 2, 3, 4, 5]
    heavy = resample(np.log([0.25, 0.75, 1e-30, 1e-30]), rng)
    assert np.bincount(heavy).tolist() == [1, 3]


def test_the_filter_knows_what_the_melody_costs():
    """A model of independent voices: the melody's cost is exact."""
    model = untrained(3)
    model.slots.weight.data[1 + 3 * 89 :] = 0  # nobody hears anybody
    model.past.weight.data[1 + 2 * 89 :] *= 0  # and all forget the others
    melody = score([[60], ["-"], [62], [64]])
    rng = np.random.default_rng(0)
    _, cost = harmonise(model, ALL, melody, rng, B=3)
    whole = decode(np.hstack([encode(melody), np.ones((4, 2), int)]))
    with torch.no_grad():
        nats = voice_nats(model, together([facts(whole)]))[:, 0, 0]
    assert_close(cost, float(nats.mean()), computed_in="float32")


def test_a_gap_frees_notes_to_their_end():
    s = score([[60, 50], [62, "-"], ["-", 52], ["-", 53], [60, "-"]])
    given = all_but(s, 1, 2)
    free = [[0, 0], [1, 1], [1, 0], [1, 0], [0, 0]]
    assert np.array_equal(~given, np.array(free, bool))


# Frames 0 and 2 are given, and two voices are missing in frame 1.
MISSING = score([[60, 50], [61, 51], [60, 51], [61, "-"]])
GIVEN = np.array([[1, 1], [0, 0], [1, 1], [1, 1]], bool)
NAMES = {v: [HOLD, SILENCE, *(TWO[v] - LOWEST + FIRST)] for v in (0, 1)}


def exact(model, whole=MISSING, given=GIVEN, voices=TWO):
    """p(missing tokens | given ones), all fillings tried one by one."""
    tokens, log_p = encode(whole), {}
    cells = np.argwhere(~given)
    for filling in itertools.product(*(NAMES[v] for _, v in cells)):
        tokens[~given] = filling
        try:
            meter = {"bar": whole.bar, "pickup": whole.pickup}
            batch = together([facts(decode(tokens, **meter))])
        except ValueError:
            continue  # it holds silence
        with torch.no_grad():
            logits = model(batch.past, batch.slots)
        logits = masked_logits(logits, batch.may_hold)[:, 0].double()
        total = 0.0
        for t, v in np.ndindex(tokens.shape):
            column = NAMES[v].index(tokens[t, v])
            total += logits[t, v, NAMES[v]].log_softmax(0)[column]
        log_p[filling] = float(total)
    total = np.logaddexp.reduce(list(log_p.values()))
    return {k: np.exp(x - total) for k, x in log_p.items()}, total


def variation(p, drawn):
    """Half the sum of |p - share|, over all fillings."""
    shares = dict.fromkeys(p, 0.0)
    for filling in drawn:
        shares[filling] += 1 / len(drawn)
    return 0.5 * sum(abs(p[k] - shares[k]) for k in p)


def as_near_as_exact_draws(p, drawn):
    """Whether exact draws are sometimes as far from p as these."""
    rng, names = np.random.default_rng(0), list(p)
    others = [
        variation(
            p,
            [
                names[k]
                for k in rng.choice(
                    len(names), len(drawn), p=list(p.values())
                )
            ],
        )
        for _ in range(50)
    ]
    return variation(p, drawn) <= max(others)


def missing(s):
    return tuple(encode(s)[~GIVEN].tolist())


def opinionated():
    """Weights large enough that the past alone predicts badly."""
    return untrained(OPINION, 4.0, V=2)


OPINION = 1  # the exact answer is 0.57 from what the past says


@pytest.mark.slow
def test_what_the_filter_draws_converges_to_the_exact_conditional():
    model, rng = opinionated(), np.random.default_rng(0)
    p, _ = exact(model)
    off = {}
    for B in (1, 4, 64):
        drawn = [
            missing(fill(model, TWO, MISSING, GIVEN, rng, B)[0])
            for _ in range(300)
        ]
        off[B] = variation(p, drawn)
    assert off[1] > 0.3  # the past alone is far from it
    assert off[1] > 1.5 * off[4] > 3 * off[64]
    assert off[64] < 0.1


@pytest.mark.slow
def test_a_melody_given_is_harmonised_as_the_exact_conditional_says():
    """The draw that is returned may not be the first of the particles."""
    model, rng = opinionated(), np.random.default_rng(1)
    melody = score([[60], [61], [60]])
    whole = score([[60, 50], [61, 50], [60, 50]])
    given = np.array([[1, 0]] * 3, bool)
    p, total = exact(model, whole, given)
    drawn, costs = [], []
    for _ in range(300):
        found, cost = harmonise(model, TWO, melody, rng, B=32)
        drawn.append(tuple(encode(found)[:, 1].tolist()))
        costs.append(cost)
    assert as_near_as_exact_draws(p, drawn)
    # the estimate of p(melody) has no bias; that of its logarithm little
    mean = np.mean(np.exp(-3 * np.array(costs)))
    assert abs(np.log(mean) - total) < 0.05


def test_a_gap_costs_what_is_given_after_it():
    model, rng = opinionated(), np.random.default_rng(2)
    _, total = exact(model)
    costs = [
        fill(model, TWO, MISSING, GIVEN, rng, 64)[1] for _ in range(50)
    ]
    assert abs(np.log(np.mean(np.exp(-np.array(costs)))) - total) < 0.1


def test_where_all_is_given_the_cost_is_the_scores_own():
    model, rng = opinionated(), np.random.default_rng(0)
    given = np.ones_like(GIVEN)
    same, cost = fill(model, TWO, MISSING, given, rng)
    assert np.array_equal(encode(same), encode(MISSING))
    log_p = exact(model, MISSING, given)[1]
    assert_close(cost, -log_p, computed_in="float32")


def test_one_token_given_all_others_has_its_exact_distribution():
    model = opinionated()
    for t, v in ((0, 0), (1, 0), (1, 1), (2, 1), (3, 0)):
        given = np.ones_like(GIVEN)
        given[t, v] = False
        p, _ = exact(model, MISSING, given)
        found = np.exp(conditional(model, TWO, encode(MISSING), t, v))
        expected = np.zeros(90)
        for (token,), share in p.items():
            expected[token] = share
        assert_close(found, expected, computed_in="float32", amplified=10)


@pytest.mark.slow
def test_revising_ends_in_the_exact_conditional():
    model, rng = opinionated(), np.random.default_rng(3)
    now, drawn = MISSING._replace(bar=6, pickup=1), []
    p, _ = exact(model, now)
    for _ in range(600):
        now = revise(model, TWO, now, GIVEN, rng)
        drawn.append(missing(now))
    assert variation(p, drawn) < 0.1


@pytest.mark.parametrize("since", [0, 1, 4])
def test_log_probabilities_are_those_of_the_likelihood(since):
    """From the middle on too, where all begin alike."""
    model, rng = untrained(), np.random.default_rng(4)
    both = [decode(any_tokens(rng, 7, 3), bar=6, pickup=1)] * 2
    expected = -voice_nats(model, together([facts(s) for s in both]))
    tokens = np.stack([encode(s) for s in both], 1)
    found = log_p_of(model, ALL, tokens, 6, 1, since)
    assert_close(
        found, expected[since:].detach().numpy(), computed_in="float32"
    )


def test_what_makes_no_sense_is_refused():
    model, rng = untrained(), np.random.default_rng(0)
    whole = score([[60, 55, 40], ["-", "-", "-"], [62, 55, 40]])
    hole = np.array([[1, 1, 1], [0, 1, 1], [1, 1, 1]], bool)
    with pytest.raises(ValueError, match=r"^melody:"):
        harmonise(model, COMPASS, score([[60, 50]]), rng)
    with pytest.raises(ValueError, match="transpose it"):
        harmonise(model, COMPASS, score([[100]]), rng)
    with pytest.raises(ValueError, match="given: frame 1, voice 2 holds"):
        fill(model, COMPASS, whole, np.roll(hole, -1, 0)[:, ::-1], rng)
    with pytest.raises(ValueError, match=r"given: expected \(3, 3\)"):
        fill(model, COMPASS, whole, hole[:2], rng)
    with pytest.raises(ValueError, match=r"^temperature:"):
        fill(model, COMPASS, whole, hole, rng, temperature=0)
    with pytest.raises(ValueError, match="B: expected at least 1"):
        fill(model, COMPASS, whole, hole, rng, B=0)
    with pytest.raises(ValueError, match="transpose it"):
        revise(model, COMPASS + 24, whole, hole, rng)
    with pytest.raises(ValueError, match="expected a gap within 3 frames"):
        all_but(whole, 2, 4)
