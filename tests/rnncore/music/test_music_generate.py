"""Whatever the weights, what is drawn is a score."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from rnncore.application import seeded
from rnncore.music.generate import Frame, compose, draw
from rnncore.music.markov import Chain
from rnncore.music.score import REST, check_score, decode, encode
from rnncore.music.voices import (
    VoiceModel,
    facts,
    masked_logits,
    together,
    voice_nats,
)
from tests.helpers.arrays import assert_close
from tests.helpers.music import any_tokens

COMPASS = np.array([[57, 81], [50, 74], [36, 64]])
ALL = np.array([[21, 108]] * 3)


def untrained(seed=0, scale=1.0, V=3):
    with seeded(seed):
        model = VoiceModel(V, hidden=8, width=6)
    for p in model.parameters():
        p.data *= scale
    return model.eval()


@pytest.mark.slow
@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 2**32),
    st.integers(0, 50),
    st.sampled_from([0.0, 1.0, 30.0, 1000.0]),
    st.sampled_from([0.05, 0.5, 1.0, 5.0]),
    st.sampled_from([(8, 0), (8, 2), (6, 5), (12, 3)]),
)
def test_an_untrained_model_composes_nothing_but_scores(
    seed, weights, scale, temperature, meter
):
    bar, pickup = meter
    drawn = compose(
        untrained(weights, scale),
        COMPASS,
        10,
        np.random.default_rng(seed),
        B=3,
        temperature=temperature,
        bar=bar,
        pickup=pickup,
    )
    assert len(drawn) == 3
    for s in drawn:
        check_score(s)
        assert s.pitches.shape == (10, 3)
        assert (s.bar, s.pickup) == meter
        sung = s.pitches != REST
        assert (s.pitches >= COMPASS[:, 0])[sung].all()
        assert (s.pitches <= COMPASS[:, 1])[sung].all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_a_chain_composes_nothing_but_scores(seed):
    rng = np.random.default_rng(seed)
    chain = Chain([decode(any_tokens(rng, 20, 3, 50, 70))])
    check_score(chain.compose(12, rng))


def test_what_is_drawn_has_the_probability_that_the_likelihood_says():
    """Frame by frame: training and drawing must read the same facts."""
    model, rng = untrained(), np.random.default_rng(4)
    s = decode(any_tokens(rng, 7, 3, 50, 70), bar=6, pickup=1)
    batch = together([facts(s)])
    with torch.no_grad():
        expected = -voice_nats(model, batch)[:, 0]
        logits = masked_logits(
            model(batch.past, batch.slots), batch.may_hold
        )
    frame, tokens = Frame(model, ALL, 1), encode(s)
    for t in range(7):
        frame.listen((t - 1) % 6, 6)
        for v in range(3):
            log_p = frame.log_p(v)
            assert_close(
                log_p[0, tokens[t, v]],
                float(expected[t, v]),
                computed_in="float32",
            )
            warm = torch.log_softmax(logits[t, 0, v].double() / 0.7, -1)
            assert_close(
                frame.log_p(v, 0.7)[0], warm, computed_in="float32"
            )
            frame.sing(v, tokens[t, v : v + 1])


def test_draws_are_as_frequent_as_their_probabilities():
    p = torch.tensor([[0.5, 0.0, 0.2, 0.3]]).double()
    tokens = draw(p.log().expand(20_000, 4), np.random.default_rng(0))
    share = np.bincount(tokens, minlength=4) / 20_000
    assert share[1] == 0
    # 4 standard deviations of a share of 0.5 in 20,000 draws are 0.014
    assert np.abs(share - p[0].numpy()).max() < 0.014


def test_drawing_is_repeatable_and_batches_are_independent_draws():
    model = untrained()
    one, two = (
        compose(model, COMPASS, 8, np.random.default_rng(5), B=2)
        for _ in range(2)
    )
    assert all(
        np.array_equal(a.pitches, b.pitches) for a, b in zip(one, two)
    )
    assert not np.array_equal(one[0].pitches, one[1].pitches)


def test_what_makes_no_sense_is_refused():
    model, rng = untrained(), np.random.default_rng(0)
    with pytest.raises(ValueError, match="frames: expected at least 1"):
        compose(model, COMPASS, 0, rng)
    with pytest.raises(ValueError, match=r"^temperature:"):
        compose(model, COMPASS, 4, rng, temperature=0)
    with pytest.raises(ValueError, match=r"compass: expected \(3, 2\)"):
        compose(model, COMPASS[:2], 4, rng)
