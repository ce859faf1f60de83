"""Characters in, characters out: the network that reads and writes text."""

import math

import numpy as np
import pytest

from rnncore.backend import to_numpy, tree_map
from rnncore.bptt import check_gradient, rnn_cell_vjp
from rnncore.characters import (
    Model,
    encode,
    held_out_bits,
    init_model,
    lanes,
    next_character,
    one_hot,
    sample,
)
from rnncore.optim import adam
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    rnn_cell,
    zero_state,
)
from rnncore.train import Schedule, fit
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import KINDS, said


def test_characters_have_places():
    assert encode("abba", "abc").tolist() == [0, 1, 1, 0]
    assert encode("", "abc").shape == (0,)
    with pytest.raises(ValueError, match="'é' is not in the alphabet"):
        encode("café", "acf")


def test_lanes_are_stretches_side_by_side():
    assert lanes(np.arange(7), 2).T.tolist() == [[0, 1, 2], [3, 4, 5]]
    with pytest.raises(ValueError, match="ids: expected at least 8, got 7"):
        lanes(np.arange(7), 8)


def test_one_hot_selects_a_column_of_W_x(move, rng):
    W_x = move(rng.normal(size=(5, 3)))
    x = one_hot(np.array([[2, 0]]), W_x)
    assert x.shape == (1, 2, 3)
    # exact: each sum has one term that is not zero
    np.testing.assert_array_equal(
        to_numpy(x @ W_x.T)[0], to_numpy(W_x)[:, [2, 0]].T
    )


def test_weights_of_zero_hesitate_between_all_characters(move):
    model = move(
        tree_map(np.zeros_like, init_model(np.random.default_rng(0), 8, 4))
    )
    state = zero_state(model.cell, 2)
    ids = np.arange(10).reshape(5, 2) % 8
    assert_close(held_out_bits(rnn_cell, model, ids, state), 3)
    loss, _, _ = next_character(rnn_cell, rnn_cell_vjp)(model, ids, state)
    assert_close(float(loss), math.log(8))


@pytest.mark.parametrize("name", KINDS)
def test_every_gradient_is_a_finite_difference(name, rng):
    kind = KINDS[name]
    model = Model(init_params(rng, 4, 3, kind.G), init_readout(rng, 3, 4))
    ids = rng.integers(4, size=(6, 2))
    state = tuple(rng.normal(size=(2, 3)) for _ in range(kind.parts))
    step = next_character(kind.cell, kind.vjp)
    _, d_model, last = step(model, ids, state)
    assert len(last) == kind.parts
    for part in Model._fields:
        weights, gradients = getattr(model, part), getattr(d_model, part)
        for field in weights._fields:

            def loss(w, part=part, field=field, weights=weights):
                moved = weights._replace(**{field: w})
                return step(model._replace(**{part: moved}), ids, state)[0]

            check_gradient(
                loss, getattr(weights, field), getattr(gradients, field)
            )


def test_two_windows_read_what_one_long_one_reads(rng):
    model = init_model(rng, 4, 3)
    ids, state = rng.integers(4, size=(7, 2)), zero_state(model.cell, 2)
    step = next_character(rnn_cell, rnn_cell_vjp)
    whole, _, at_end = step(model, ids, state)
    first, _, carried = step(model, ids[:4], state)
    second, _, carried = step(model, ids[3:], carried)
    assert_close((first + second) / 2, whole)
    assert_close(carried[0], at_end[0])


@pytest.mark.slow
def test_it_learns_a_text_by_heart_and_recites_it(move):
    alphabet = "abcd "
    text = "abc dcba bad cab "
    ids = encode(text * 2, alphabet)[:, None]
    rng = np.random.default_rng(0)
    model = move(init_model(rng, 5, 16))
    state = zero_state(model.cell, 1)
    result = fit(
        next_character(rnn_cell, rnn_cell_vjp),
        model,
        lambda rng, step: ids,
        optimizer=adam(0.02),
        schedule=Schedule(150),
        rng=rng,
        carry=state,
    )
    recited = sample(
        rng, rnn_cell, result.params, state, ids[:19, 0], 15, 0.01
    )
    assert recited.tolist() == ids[19:, 0].tolist()


@pytest.mark.slow
def test_temperature_makes_bold_or_timid(rng):
    model = init_model(rng, 3, 2)
    b_y = np.log([0.7, 0.2, 0.1])
    model = tree_map(np.zeros_like, model)
    model = model._replace(readout=model.readout._replace(b_y=b_y))
    state, prompt = zero_state(model.cell, 1), np.array([0])

    def shares(temperature):
        drawn = sample(
            rng, rnn_cell, model, state, prompt, 2000, temperature
        )
        return np.bincount(drawn, minlength=3) / 2000

    # p^(1/temperature), scaled to sum to 1; 2000 draws: 0.04 is 4 sigma
    assert_close(shares(1.0), [0.7, 0.2, 0.1], within=0.04)
    assert_close(shares(0.5), np.array([49, 4, 1]) / 54, within=0.04)
    assert_close(shares(1e6), 1 / 3, within=0.045)
    assert shares(1e-3).tolist() == [1, 0, 0]
    for wrong in (0, -1, math.nan):
        with pytest.raises(ValueError, match=r"^temperature:"):
            shares(wrong)


def test_refusals_of_the_characters_in_full(rng):
    assert said(encode, "zoé", "abc") == "text: 'o' is not in the alphabet"
    assert (
        said(lanes, np.ones((2, 2)), 1) == "ids: expected (T,), got (2, 2)"
    )
    assert said(lanes, np.arange(3), 4) == "ids: expected at least 4, got 3"
    model = init_model(rng, 3, 2)
    state = zero_state(model.cell, 1)
    asked = rng, rnn_cell, model, state, np.array([0]), 5
    assert said(sample, *asked, 0) == (
        "temperature: expected more than 0, got 0"
    )


def test_places_and_drawn_characters_are_whole_numbers(rng):
    model = init_model(rng, 3, 2)
    state = zero_state(model.cell, 1)
    nothing = sample(rng, rnn_cell, model, state, np.array([0]), 0)
    for ids in (encode("", "abc"), encode("ab", "abc"), nothing):
        assert ids.dtype.kind == "i"
    assert nothing.shape == (0,)


def test_as_many_lanes_as_characters_is_one_row():
    assert lanes(np.arange(3), 3).tolist() == [[0, 1, 2]]
    assert lanes(np.arange(3), 1).tolist() == [[0], [1], [2]]


def test_a_sample_is_drawn_at_temperature_1_unless_asked(rng):
    model = tree_map(lambda w: 3 * w, init_model(rng, 5, 8))
    state = zero_state(model.cell, 1)

    def drawn(*temperature):
        asked = rnn_cell, model, state, np.array([0, 1]), 30, *temperature
        return sample(np.random.default_rng(3), *asked).tolist()

    assert drawn() == drawn(1.0) != drawn(3.0)


def test_a_sample_goes_on_from_the_prompts_last_character(rng):
    # The model says again what it reads: W_x turns ids into +-1, W_y back.
    eye = np.eye(3)
    cell = Params(20 * eye, 0 * eye, 0 * eye[0], 0 * eye[0])
    model = Model(cell, Readout(50 * eye, 0 * eye[0]))
    state = zero_state(cell, 1)
    prompt = np.array([0, 1, 2])
    assert (
        sample(rng, rnn_cell, model, state, prompt, 4).tolist() == [2] * 4
    )


def test_float32_probabilities_of_many_characters_can_be_drawn_from(rng):
    model = tree_map(
        lambda w: (5 * w).astype(np.float32), init_model(rng, 90, 16)
    )
    state = zero_state(model.cell, 1)
    drawn = sample(rng, rnn_cell, model, state, np.array([0]), 200)
    assert len(set(drawn.tolist())) > 5
