"""The frame model, the joint model, chords and the chain: likelihoods."""

import math

import numpy as np
import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from rnncore.application import seeded
from rnncore.music.chords import (
    END,
    ChordModel,
    apart_nats,
    chord_loss,
    chord_nats,
    chords,
    key_chances,
)
from rnncore.music.frames import (
    FrameModel,
    drawn_pieces,
    frame_loss,
    frame_nats,
    key_chain,
    key_frequencies,
    nats_a_frame,
    padded,
    shifted,
)
from rnncore.music.markov import FACTS, Chain, Past
from rnncore.music.score import (
    HOLD,
    KEYS,
    REST,
    TOKENS,
    decode,
    encode,
    piano_roll,
    transpose,
)
from rnncore.music.voices import (
    NOTHING,
    VoiceModel,
    facts,
    independent_nats,
    marginals,
    masked_logits,
    moved,
    score_nats,
    together,
    voice_batches,
    voice_loss,
    voice_nats,
)
from tests.helpers.arrays import assert_close
from tests.helpers.music import any_tokens, score


def pieces(*lengths, V=3, seed=0):
    rng = np.random.default_rng(seed)
    return [decode(any_tokens(rng, T, V, 50, 70), bar=4) for T in lengths]


def random_rolls(*lengths, seed=0, p=0.05):
    rng = np.random.default_rng(seed)
    return [(rng.random((T, KEYS)) < p).astype(np.float32) for T in lengths]


def small_voices(V=3):
    with seeded(0):
        return VoiceModel(V, hidden=8, width=6, drop=0.5).double().eval()


def small_frames():
    with seeded(0):
        return FrameModel(hidden=5, drop=0.5).eval()


# frames


def test_independent_coins_cost_88_log_2():
    roll = padded(random_rolls(4))[0]
    nats = frame_nats(torch.zeros(4, 1, KEYS), roll)
    assert_close(nats, KEYS * math.log(2))


def test_frame_nats_are_summed_over_keys_and_refuse_other_shapes():
    roll = padded(random_rolls(4, 3))[0]
    logits = torch.linspace(-2, 2, roll.numel()).reshape(roll.shape)
    mean = binary_cross_entropy_with_logits(logits, roll)
    assert_close(frame_nats(logits, roll).mean(), float(mean) * KEYS)
    with pytest.raises(ValueError, match=r"^roll:"):
        frame_nats(logits, roll[:3])


def test_the_score_leaves_out_first_frames_and_padding():
    rolls, model = random_rolls(6, 2, 9), small_frames()
    total = frames = 0
    for roll in rolls:
        x = torch.tensor(roll)[:, None]
        nats = frame_nats(model(x[:-1]), x[1:]).detach()
        total += float(nats.sum())
        frames += len(roll) - 1
    expected = total / frames
    assert_close(
        nats_a_frame(model, rolls), expected, computed_in="float32"
    )
    assert_close(
        nats_a_frame(model, rolls, B=2), expected, computed_in="float32"
    )
    with pytest.raises(ValueError, match="two frames"):
        nats_a_frame(model, random_rolls(1))


def test_the_frame_model_sees_no_frame_before_its_time():
    x = padded(random_rolls(7))[0]
    later = x.clone()
    later[4] = 1 - later[4]
    model = small_frames()
    a, b = model(x), model(later)
    assert_close(a[:4], b[:4])
    assert not torch.equal(a[4], b[4])


def test_frequencies_and_the_chain_are_counts():
    a = np.zeros((5, KEYS), np.float32)
    a[1:, 40] = [1, 1, 0, 1]
    p = torch.sigmoid(key_frequencies([a])(torch.zeros(1, 1, KEYS)))
    assert_close(p[0, 0, 40], 3.5 / 5)
    assert_close(p[0, 0, 0], 0.5 / 5)
    x = torch.zeros(2, 1, KEYS)
    x[1, 0, 40] = 1
    p = torch.sigmoid(key_chain([a])(x))
    assert_close(p[0, 0, 40], 2.5 / 3)  # 0>1, 0>1
    assert_close(p[1, 0, 40], 1.5 / 3)  # 1>1, 1>0


def test_shifting_a_roll_is_transposing():
    roll = random_rolls(5, p=0.02)[0]
    roll[:, :10] = roll[:, -10:] = 0
    assert np.array_equal(shifted(shifted(roll, 4), -4), roll)
    assert shifted(roll, 3)[:, 3:].sum() == roll.sum()
    edge = roll.copy()
    edge[0, KEYS - 1] = 1
    assert shifted(edge, 1) is edge  # nothing falls off, nothing wraps


def test_drawn_pieces_are_windows_of_the_pieces():
    chosen = drawn_pieces(
        random_rolls(4, 50), np.random.default_rng(0), B=6, longest=10
    )
    assert len(chosen) == 6
    assert {len(r) for r in chosen} <= {4, 10}
    loss, _ = frame_loss(small_frames(), padded(chosen))
    assert torch.isfinite(loss)


def test_a_share_of_the_drawn_pieces_stays_in_its_key():
    roll = np.zeros((3, KEYS), np.float32)
    roll[:, 40] = 1

    def stayed(home):
        rng = np.random.default_rng(0)
        chosen = drawn_pieces([roll], rng, B=500, shifts=5, home=home)
        return np.mean([r[0, 40] for r in chosen])

    assert stayed(1) == 1
    assert abs(stayed(0) - 1 / 11) < 0.05  # five standard deviations: 0.06
    assert abs(stayed(0.5) - (0.5 + 0.5 / 11)) < 0.1


# voices


def test_an_ignorant_model_pays_the_number_of_choices():
    model = small_voices(2)
    for p in model.parameters():
        p.data.zero_()
    s = score([[60, 48], ["-", 50], [".", "-"]])
    nats = voice_nats(model, together([facts(s)]))
    without_hold, all_tokens = math.log(TOKENS - 1), math.log(TOKENS)
    expected = [[without_hold] * 2, [all_tokens] * 2, [all_tokens] * 2]
    assert_close(nats[:, 0].tolist(), np.array(expected))


@pytest.mark.slow
def test_the_probabilities_of_all_frames_add_up_to_one():
    """Over every frame that two voices can sing after a given past."""
    model = small_voices(2)
    past = [[60, "."], ["-", 50]]
    total = 0.0
    keys = range(21, 109)
    frames = []
    for soprano in [*keys, "-", "."]:
        rows = [[*past, [soprano, bass]] for bass in [*keys, "-", "."]]
        frames += [facts(score(r)) for r in rows]
    with torch.no_grad():
        nats = voice_nats(model, together(frames))[2].sum(-1)
    total = float(torch.exp(-nats).sum())
    assert_close(total, 1)


def test_a_voice_hears_those_above_it_in_its_frame_and_no_later_one():
    model, s = small_voices(), pieces(9)[0]
    t = 4
    tokens = encode(s)
    for v in range(3):
        other = tokens.copy()
        other[t, v] = 30 if tokens[t, v] != 30 else 31
        other[t + 1 :] = 1  # so that it is a score again
        base = tokens.copy()
        base[t + 1 :] = 1
        a, b = (
            model(*(x for x in together([facts(decode(k, bar=4))])[:2]))
            for k in (base, other)
        )
        assert_close(a[:t], b[:t])
        assert_close(a[t, :, : v + 1], b[t, :, : v + 1])
        for later in range(v + 1, 3):
            assert not torch.equal(a[t, :, later], b[t, :, later])
        assert not torch.equal(a[t + 1], b[t + 1])


def test_independent_voices_hear_nothing_in_their_frame():
    s = pieces(6)[0]
    with_others, alone = facts(s), facts(s, joint=False)
    assert (alone.slots[..., 1:] == NOTHING).all()
    assert np.array_equal(alone.slots[..., 0], with_others.slots[..., 0])
    assert np.array_equal(alone.past, with_others.past)


def test_the_model_is_told_what_was_before_the_window_and_nothing_later():
    s = pieces(8)[0]
    whole = facts(s)
    tokens = encode(s)
    tokens[5:] = 1
    cut = facts(decode(tokens, bar=4))
    assert np.array_equal(whole.past[:6], cut.past[:6])
    assert (whole.past[0, :3] == NOTHING).all()


def test_facts_tell_apart_a_hold_from_a_second_stroke():
    held = facts(score([[60, 48], ["-", "-"], ["-", "-"]]))
    struck = facts(score([[60, 48], [60, "-"], ["-", "-"]]))
    assert np.array_equal(held.past[1], struck.past[1])
    assert not np.array_equal(held.past[2], struck.past[2])
    assert not np.array_equal(held.slots[1, 1], struck.slots[1, 1])


def test_the_score_is_a_mean_over_frames_not_over_pieces():
    model, found = small_voices(), pieces(3, 12, 5)
    total = frames = 0
    for s in found:
        with torch.no_grad():
            nats = voice_nats(model, together([facts(s)]))
        total += float(nats[1:].sum())
        frames += len(s.pitches) - 1
    assert_close(
        score_nats(model, found), total / frames, computed_in="float32"
    )
    assert_close(
        score_nats(model, found, B=2), total / frames, computed_in="float32"
    )
    with pytest.raises(ValueError, match="two frames"):
        score_nats(model, pieces(1))


def test_the_loss_counts_first_frames_and_no_padding():
    model, found = small_voices(), pieces(3, 7)
    loss, _ = voice_loss(model, together([facts(s) for s in found]))
    with torch.no_grad():
        each = [
            voice_nats(model, together([facts(s)])).sum() for s in found
        ]
    assert_close(loss, float(sum(each)) / 10)


def test_hold_is_impossible_where_nothing_sounds():
    logits = masked_logits(
        torch.zeros(1, 2, TOKENS), torch.tensor([[True, False]])
    )
    assert logits[0, 0, HOLD] == 0
    assert logits[0, 1, HOLD] == -torch.inf
    assert (logits[..., 1:] == 0).all()


def test_batches_hold_every_key_of_every_piece():
    (s,) = pieces(6, V=1)
    batch = voice_batches([s], B=200, shifts=2)
    seen = batch(np.random.default_rng(0), 0)
    wanted = {
        tuple(encode(transpose(s, k))[:, 0].tolist()) for k in range(-2, 3)
    }
    assert {tuple(b.tolist()) for b in seen.targets[:, :, 0].T} == wanted


def test_a_piece_at_the_end_of_the_piano_stays_where_it_is():
    s = score([[108], ["-"]])
    assert moved(s, 1) is s
    assert moved(s, -1).pitches.tolist() == [[107], [107]]


# chords


def test_a_frame_is_a_sentence_of_its_keys_from_low_to_high():
    roll = np.zeros((2, KEYS), np.float32)
    roll[1, [7, 3]] = 1
    batch = chords([roll])
    assert batch.targets[:, 0].tolist() == [[END] * 3, [3, 7, END]]
    assert batch.ended[:, 0].tolist() == [
        [False, True, True],
        [False] * 3,
    ]


def three_keys():
    """A model of the lowest three keys, and all frames after a first."""
    with seeded(1):
        model = ChordModel(hidden=4, inner=4).eval()
    model.readout.bias.data[3:END] = -torch.inf
    rolls = []
    for kept in range(8):
        roll = np.zeros((2, KEYS), np.float32)
        roll[0, 50] = 1
        roll[1, :3] = [kept & 1, kept & 2, kept & 4]
        rolls.append(np.minimum(roll, 1))
    return model, rolls


def chance_of_each(model, rolls):
    nats = [
        float(chord_loss(model, chords([r]))[0].detach()) for r in rolls
    ]
    return np.exp(-np.array(nats))


def test_the_probabilities_of_all_chords_add_up_to_one():
    total = sum(chance_of_each(*three_keys()))
    assert_close(
        total, 1, terms=2000, computed_in="float32"
    )  # keys, steps and chords


def test_a_key_s_chance_is_the_sum_over_all_frames_that_have_it():
    model, rolls = three_keys()
    model.readout.weight.data *= 8  # a key matters for those above
    exact = sum(
        p * r[1] for p, r in zip(chance_of_each(model, rolls), rolls)
    )
    assert np.ptp(exact[:3]) > 0.1
    generator = torch.Generator().manual_seed(0)
    first = torch.tensor(rolls[0][:1])
    found = key_chances(model, first, generator, draws=4000)
    assert found.shape == (1, KEYS)
    # six standard deviations of a mean over so many draws, at most
    assert_close(
        found[0].double().numpy(), exact, within=6 * 0.5 / 4000**0.5
    )
    y = rolls[5][1]
    p = np.clip(exact, 1e-9, 1 - 1e-9)
    nats = -np.log(np.where(y, p, 1 - p)).sum()
    apart = apart_nats(model, rolls[5:6], generator, draws=4000)
    assert_close(apart, nats, within=0.3)


def test_a_score_without_a_second_frame_is_refused():
    model, rolls = three_keys()
    with pytest.raises(ValueError, match="two frames"):
        apart_nats(model, [rolls[0][:1]], torch.Generator())


def test_the_chord_score_does_not_depend_on_the_batch():
    with seeded(1):
        model = ChordModel(hidden=4, inner=4).eval()
    rolls = random_rolls(5, 9, 3)
    alone = [
        float(chord_loss(model, chords([r]))[0].detach()) * (len(r) - 1)
        for r in rolls
    ]
    expected = sum(alone) / (4 + 8 + 2)
    for B in (1, 2, 8):
        assert_close(
            chord_nats(model, rolls, B), expected, computed_in="float32"
        )


# the chain


PLAIN = ("own", "beat", "above")


def test_the_chains_probabilities_add_up_to_one_and_need_a_note_to_hold():
    chain = Chain(pieces(30, 30, V=2), PLAIN)
    contexts = [(1,), (1, 60), (1, 60, 0), (1, 60, 0, 64)]
    assert_close(chain.p(contexts, True).sum(), 1)
    silent = chain.p([(1,), (1, REST)], False)
    assert_close(silent.sum(), 1)
    assert silent[HOLD] == 0
    assert (silent[1:] > 0).all()


def test_a_context_is_doubted_as_it_was_followed_by_many_tokens():
    chain = Chain([score([[60], [62], [60], [64], [60]])], ("own",), 3.0)
    assert chain.counts[0, 60] == {62 - 19: 1, 64 - 19: 1}
    p = chain.p([(0,), (0, 60)], True)
    # two kinds in two events: 3 * 2 / (3 * 2 + 2) of it is the shorter's
    shorter = (9 / (9 + 5)) / TOKENS + 1 / (9 + 5)  # three kinds in five
    assert_close(p[62 - 19], 6 / 8 * shorter + 1 / 8)


def test_a_chain_learns_a_loop_that_one_frame_decides():
    tokens = [[60], [62], [64]] * 30
    loop = score(tokens, bar=4)
    other = score([[60], [64], [62]] * 30, bar=4)
    chain = Chain([loop], PLAIN, doubt=1)
    assert chain.nats([loop]) < 0.5
    assert chain.nats([other]) > 3
    drawn = chain.compose(60, np.random.default_rng(0))
    assert len(drawn.pitches) == 60


def test_the_pitch_before_the_last_decides_what_one_frame_does_not():
    loop = score([[60], [62], [60], [64]] * 30, bar=3)
    one_frame, last = (
        Chain([loop], ("own",), 1),
        Chain([loop], ("own", "last"), 1),
    )
    assert one_frame.nats([loop]) > 0.5 * math.log(2)
    assert last.nats([loop]) < one_frame.nats([loop]) / 2


def test_what_a_chain_looks_up_is_what_was_sung():
    (piece,) = pieces(12)
    past, V = Past(3), 3
    for t, row in enumerate(encode(piece).tolist()):
        before = piece.pitches[t - 1].tolist() if t else [REST] * V
        for v, token in enumerate(row):
            now = piece.pitches[t, :v][::-1].tolist()
            begun = (row[u] != HOLD for u in reversed(range(v)))
            assert list(FACTS["own"](past, v)) == [before[v]]
            assert list(FACTS["above"](past, v)) == now
            assert list(FACTS["over"](past, v)) == before[:v][::-1]
            assert list(FACTS["below"](past, v)) == before[v + 1 :]
            assert list(FACTS["begun"](past, v)) == [
                2 * pitch + new for pitch, new in zip(now, begun)
            ]
            past.sing(token)


def test_a_chain_of_other_voices_is_refused():
    with pytest.raises(ValueError, match="equally many voices"):
        Chain([*pieces(4, V=2), *pieces(4, V=3)])
    with pytest.raises(ValueError, match="frames"):
        Chain(pieces(4)).compose(0, np.random.default_rng(0))


def test_voices_that_hear_nobody_cost_the_same_alone():
    model, found = small_voices(), pieces(9, 4)
    model.slots.weight.data[1 + 3 * 89 :] = 0
    rng = np.random.default_rng(0)
    alone, _ = independent_nats(model, found, rng, draws=2)
    jointly = []
    for s in found:
        with torch.no_grad():
            jointly.append(voice_nats(model, together([facts(s)]))[1:, 0])
    assert_close(alone, np.concatenate(jointly))


def every_second_frame(first):
    """Each frame that two voices can sing after `first`, by tokens."""
    names = [*range(21, 109), "-", "."]
    return [[first, [a, b]] for a in names for b in names]


@pytest.mark.slow
def test_marginals_are_sums_over_all_that_the_other_voices_can_sing():
    model = small_voices(2)
    model.slots.weight.data *= 8  # the bass minds the soprano
    first = [60, 48]
    frames = every_second_frame(first)
    with torch.no_grad():
        nats = voice_nats(
            model, together([facts(score(f)) for f in frames])
        )
    p = np.exp(-nats[1].sum(-1).numpy())
    bass, keys = np.zeros(TOKENS), np.zeros(KEYS)
    for weight, frame in zip(p, frames):
        s = score(frame)
        bass[encode(s)[1, 1]] += weight
        keys += weight * piano_roll(s)[0][1]
    rng = np.random.default_rng(0)
    drawn = marginals(model, score([first, [62, 50]]), rng, 20_000)
    # means of 20,000 draws: 4 standard deviations of a share of 0.05
    assert_close(drawn[0][1, 1], bass, within=0.006)
    assert_close(drawn[1][1], keys, within=0.006)
    # 20,000 roundings add up in one direction: they are no random walk
    assert_close(drawn[0].sum(-1), np.ones((2, 2)), terms=20_000**2 / 64)


def test_independent_keys_and_voices_cost_what_their_marginals_say():
    model = small_voices(2)
    s = score([[60, 48], ["-", "-"], [60, 60]])
    tokens, keys = marginals(model, s, np.random.default_rng(1), 8)
    voices, each = independent_nats(model, [s], np.random.default_rng(1), 8)
    right = encode(s)
    assert_close(voices[1, 1], -np.log(tokens[2, 1, right[2, 1]]))
    on = keys[2, 60 - 21]
    off = np.delete(keys[2], 60 - 21)
    expected = -np.log(on) - np.log1p(-off).sum()
    assert_close(each[1], expected)
