"""What a learner reads when something is wrong, and what passes."""

import json
import time
from typing import NamedTuple

import numpy as np
import pytest
import torch

from rnncore import testing
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.storage.files import CHECKS
from rnncore.testing import (
    Properties,
    Stored,
    assert_close,
    assert_gradient,
    assert_refuses,
    assert_shape,
    assert_that,
    check,
    check_causal,
    check_independent,
    edited,
    fingerprint_of,
    hunt,
    mover,
    observe,
    stored,
)
from rnncore.testing.checks_file import pack_checks, unpack_checks
from rnncore.testing.fingerprints import (
    STORED_DIGITS,
    Seen,
    decoded,
    encoded,
    is_same_fingerprint,
    with_shapes,
    without_shapes,
)
from rnncore.testing.mutants import black_boxes
from rnncore.testing.values import without_false_alarms
from tests.helpers import arrays

A = np.arange(6.0).reshape(3, 2)
ROWS = "[[0, 1], [2, 3], [4, 5]]"


def double(x):
    return 2 * x


def complaint(candidate, reference=double, x=A, **options):
    with pytest.raises(AssertionError) as caught:
        check(candidate, reference, [{"x": x}], **options)
    return str(caught.value)


def known(mistake, says, inputs):
    looks = [fingerprint_of(observe(mistake, args)) for args in inputs]
    return testing.Mistake(says, json.loads(json.dumps(looks)))


def test_a_right_function_passes_on_every_backend(move):
    check(lambda x: x + x, double, [{"x": move(A)}])


def test_a_wrong_number_is_named_with_index_and_both_values():
    def wrong(x):
        y = 2 * x
        y[2, 1] = 7
        return y

    text = complaint(wrong, outputs="y")
    assert text.startswith("y[2, 1]: expected 10, got 7 (1 of 6 entries")
    assert f"wrong was called with x (3, 2) = {ROWS})" in text


def test_whole_numbers_that_stand_for_something_have_words():
    tokens = np.array([[0, 1], [41, 43]])
    words = {0: "HOLD", 1: "SILENCE", 41: "pitch 60"}

    def said(wrong, right=tokens, name="tokens"):
        return complaint(
            lambda x: wrong, lambda x: right, outputs=name, words=words
        ).split("\n")[0]

    held = tokens.copy()
    held[0, 0] = 1
    assert said(held) == (
        "tokens[0, 0]: expected HOLD (0), got SILENCE (1) "
        "(1 of 4 entries differ)"
    )
    low = tokens.copy()
    low[1, 0] = 39  # has no word
    assert "[1, 0]: expected pitch 60 (41), got 39 (1 of" in said(low)
    inside = said([(held, 0)], [(tokens, 0)], "train")
    assert "train[0][0][0, 0]: expected HOLD (0)" in inside
    flags, numbers = tokens > 0, 1.0 * tokens
    assert "expected 0, got 1 (" in said(~flags, flags)
    assert "expected 0, got 1 (" in said(1.0 * held, numbers)
    with pytest.raises(
        AssertionError, match=r"HOLD \(0\), got SILENCE \(1"
    ):
        assert_close("tokens", held, tokens, words=words)


def test_arguments_of_a_few_numbers_are_shown(move):
    def wrong(*args):
        return 0.0

    def told(**args):
        with pytest.raises(AssertionError) as caught:
            check(wrong, lambda *args: 1.0, [move(args)])
        return str(caught.value).split("\n")[1]

    before, x = np.array([55, 59, 62, 67]), np.array([[1.0, 1 / 3]])
    assert told(before=before, x=x) == (
        "(wrong was called with before (4,) = [55, 59, 62, 67], "
        "x (1, 2) = [[1, 0.333]])"
    )
    assert told(state=(np.zeros((1, 1)),), flag=np.array([True])) == (
        "(wrong was called with state ((1, 1) = [[0]],), flag (1,) = [True])"
    )
    assert "x () = 0.667)" in told(x=np.array(2 / 3))
    assert "x (8,) = [0, 1, 2, 3, 4, 5, 6, 7])" in told(x=np.arange(8.0))
    assert told(x=np.arange(9.0)).endswith("with x (9,))")
    assert told(x=np.zeros((0, 2))).endswith("with x (0, 2))")


def test_a_missing_return_is_told():
    text = complaint(lambda x: None, outputs="y")
    assert "y: expected an array (3, 2), got None" in text
    assert "Is a `return` missing?" in text


def test_a_wrong_number_of_results_is_told_with_their_names():
    text = complaint(
        lambda x: (x, x),
        lambda x: (x, x, x),
        outputs="d_a_x, d_a_h, d_state",
    )
    assert "expected 3 values (d_a_x, d_a_h, d_state), got 2 values" in text


def test_swapped_axes_are_told():
    text = complaint(lambda x: 2 * x.T, outputs="y")
    assert "y: expected shape (3, 2), got (2, 3)" in text
    assert "(transposed)" in text


def test_nan_is_never_right():
    assert "got nan" in complaint(lambda x: x * np.nan)


def test_a_list_is_no_array():
    text = complaint(lambda x: (2 * x).tolist(), outputs="y")
    assert "y: expected" in text
    assert "a list of 3" in text


def test_another_dtype_or_library_is_told():
    single = A.astype("float32")
    text = complaint(lambda x: (2 * x).astype("float64"), x=single)
    assert "expected float32 on cpu as the arguments, got float64" in text
    text = complaint(lambda x: 2 * x.numpy(), x=torch.asarray(A))
    assert "expected torch float64 on cpu as the arguments" in text


def test_an_argument_changed_in_place_is_named(move):
    def careless(x):
        x += x
        return x

    x = move(A)
    text = complaint(careless, x=x)
    assert "careless changed its argument x in place" in text
    assert float(x[2, 1]) == 5  # check works on copies


def test_an_argument_changed_on_the_way_to_a_wrong_result_is_named():
    def careless(x):
        x *= 3
        return x

    text = complaint(careless, outputs="y")
    assert text.startswith("y[2, 1]: expected 10, got 15")
    assert "careless also changed its argument x in place" in text


def test_an_exception_is_told_with_its_first_lines():
    def broken(x):
        raise ValueError("cannot load:\n\tx: (2,)\n\ty: (3,)\n\nz\nw")

    text = complaint(broken)
    said = "ValueError: cannot load: x: (2,) y: (3,) ...\n(broken was"
    assert said in text


def test_an_exception_is_told_with_its_type():
    def broken(x):
        return x @ x

    text = complaint(broken)
    assert text.startswith("broken raised ValueError: ")


def test_a_stub_says_that_nothing_is_written_yet():
    def stub(x):
        raise NotImplementedError

    with pytest.raises(
        NotImplementedError, match="stub is not written yet"
    ):
        check(stub, double, [{"x": A}])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_a_known_mistake_is_recognised_in_either_dtype(move, dtype):
    inputs = [{"x": np.linspace(-1, 1, 7)}, {"x": A / 7}]
    mistakes = [
        known(lambda x: x + 2, "two was added", inputs),
        known(lambda x: x, "nothing was done", inputs),
        known(lambda x: x @ x.T, "a product, or an error", inputs),
    ]
    moved = [{"x": move(args["x"].astype(dtype))} for args in inputs]
    for wrong, says in [
        (lambda x: x + 2, "A known mistake: two was added"),
        (lambda x: x + 0, "A known mistake: nothing was done"),
    ]:
        with pytest.raises(AssertionError, match=says):
            check(wrong, double, moved, mistakes)
    with pytest.raises(AssertionError) as caught:
        check(lambda x: x + 1.99, double, moved, mistakes)
    assert "known mistake" not in str(caught.value)


def test_sketches_of_almost_equal_results_differ():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 3))
    moved = x.copy()
    moved[2, 1] += 0.01
    look, other = (
        fingerprint_of(observe(lambda x: x, {"x": a})) for a in (x, moved)
    )
    assert is_same_fingerprint(look, look)
    assert not is_same_fingerprint(look, other)


@pytest.mark.parametrize(
    "values", [np.inf, [1.5, -np.inf, 1 / 3], [[np.nan, 2.0]]]
)
def test_numbers_that_are_not_finite_are_stored_in_json_that_all_read(
    values,
):
    values = np.asarray(values)
    text = json.dumps(encoded(values), allow_nan=False)
    back = decoded(json.loads(text))
    assert back.dtype == float
    np.testing.assert_array_equal(back, values.round(STORED_DIGITS))


def test_a_result_survives_being_stored():
    rng = np.random.default_rng(0)
    result = (init_params(rng, 2, 3), None, ("W_h", (2, 1)), np.arange(3))
    text = json.dumps(encoded(result))
    back = decoded(json.loads(text))
    within = 0.5 * 10.0**-STORED_DIGITS
    arrays.assert_close(back[0].W_h, result[0].W_h, within=within)
    assert back[1:3] == result[1:3]
    assert back[3].dtype.kind == "i"


def test_integers_and_text_must_be_equal_exactly():
    text = complaint(lambda x: ("W_h", 2), lambda x: ("W_x", 2))
    assert "expected 'W_x', got 'W_h'" in text
    check(lambda x: np.int64(3), lambda x: 3, [{"x": A}])


def test_shape_and_closeness_take_scalars_and_name_the_kind():
    assert_close("area", 0.1 + 0.2, 0.3)
    with pytest.raises(AssertionError, match="area: expected 2, got 3"):
        assert_close("area", 3.0, 2.0)
    with pytest.raises(
        AssertionError, match=r"h: expected an array .* got st"
    ):
        assert_shape("h", "text", (2,))


def test_gradient_names_the_entry():
    def cube(x):
        return float((x**3).sum())

    assert_gradient(cube, A, 3 * A**2)
    wrong = 3 * A**2
    wrong[1, 0] = 0
    with pytest.raises(
        AssertionError, match=r"d_x\[1, 0\]: expected 12.0*"
    ):
        assert_gradient(cube, A, wrong)


def run(params, x, h_0):
    return unroll(rnn_cell, params, x, (h_0,))[0]


def network(move):
    rng = np.random.default_rng(0)
    return move(
        {
            "params": init_params(rng, 2, 3),
            "x": rng.normal(size=(5, 4, 2)),
            "h_0": rng.normal(size=(4, 3)),
        }
    )


def test_a_recurrent_network_is_causal_and_its_sequences_independent(move):
    args = network(lambda tree: tree)
    args = {k: move(v) for k, v in args.items()}
    check_causal(run, args, "x")
    check_independent(run, args, {"x": 1, "h_0": 0})


def test_a_look_into_the_future_is_seen():
    args = network(lambda tree: tree)

    def peeking(params, x, h_0):
        return run(params, x[::-1], h_0)

    with pytest.raises(
        AssertionError, match="step 0 of the result changes"
    ):
        check_causal(peeking, args, "x")


def test_mixed_sequences_are_seen():
    args = network(lambda tree: tree)

    def mixed(params, x, h_0):
        return run(params, x - x.mean(1, keepdims=True), h_0)

    with pytest.raises(
        AssertionError, match="sequence 0 changes when only"
    ):
        check_independent(mixed, args, {"x": 1})


def test_an_axis_that_is_not_the_batch_s_is_refused():
    args = network(lambda tree: tree)
    expected = (
        "x's axis 0 has 5, h_0's axis 0 has 4, the result's axis 1 has 4"
    )
    with pytest.raises(ValueError, match=expected):
        check_independent(run, args, {"x": 0, "h_0": 0})
    with pytest.raises(ValueError, match="the result's axis 0 has 5"):
        check_independent(run, args, {"x": 1}, axis=0)


def test_a_mistake_is_named_only_if_it_agrees_on_all_inputs():
    inputs = [{"x": A}, {"x": 1 + A}, {"x": A[:1]}]

    def wrong(x):  # as the mistake, but for the last input
        return x if len(x) == 1 else 2 * x + (x[0, 0] == 1)

    added = known(lambda x: 2 * x + (x[0, 0] == 1), "one added", inputs)
    with pytest.raises(AssertionError) as caught:
        check(wrong, double, inputs, mistakes=[added])
    assert "one added" not in str(caught.value)


def test_the_visible_check_tries_float32_where_dtypes_count():
    inputs = [{"x": A.astype(float)}]
    right = Stored([2.0 * A], [], "double")

    def keeps(x):
        return 2 * x

    def makes_float64(x):
        return np.asarray(2 * x, dtype=float)

    for answer, lost in [(keeps, set()), (makes_float64, {"dtype"})]:
        by = Properties(values=1, dtype=1)
        check(answer, right, inputs, by=by)
        assert set(by.lost) == lost
    by = Properties(values=1, sizes=1)  # nobody counts dtypes
    check(makes_float64, right, inputs, by=by)
    assert not by.lost


def test_of_two_mistakes_the_results_that_are_right_are_told():
    inputs = [{"x": A}]
    listed = [known(lambda x: (x, 3 * x), "tripled", inputs)]
    right = Stored([(A, A + 1)], listed, "pair")
    with pytest.raises(AssertionError) as caught:
        check(lambda x: (x, 5 * x), right, inputs, outputs="loss, d_x")
    failure = caught.value.failure
    assert "Right on these inputs: loss. Wrong: d_x." in failure.why
    assert "None of the mistakes that we know" in failure.why
    with pytest.raises(AssertionError) as caught:
        check(lambda x: (x, 3 * x), right, inputs, outputs="loss, d_x")
    assert caught.value.failure.mistake == "tripled"
    assert not caught.value.failure.why


def test_a_probe_whose_state_is_no_tuple_is_told_so():
    from rnncore.lstm import lstm_cell

    probes = [(np.ones((3, 8)), np.ones((3, 8)), np.ones((3, 2)))]
    says = r"state: expected a tuple of 2 array\(s\), got ndarray"
    with pytest.raises(AssertionError, match=says):
        hunt(lstm_cell, {}, probes, few=1, points=2)


@pytest.mark.parametrize(
    ("wrong", "says"), [(np.nan, "logarithm"), (np.inf, "exp of a large")]
)
def test_where_nan_and_inf_come_from_is_said_and_explains_them(wrong, says):
    listed = [known(lambda x: 3 * x, "tripled", [{"x": A}])]
    right = Stored([2 * A], listed, "double")
    with pytest.raises(AssertionError) as caught:
        check(lambda x: np.full_like(x, wrong), right, [{"x": A}])
    assert says in caught.value.failure.why
    assert "two mistakes" not in caught.value.failure.why


def test_a_number_that_went_through_float32_is_one_mistake():
    listed = [known(lambda x: 3 * x, "tripled", [{"x": A}])]
    right = Stored([2 * A / 3], listed, "two thirds")

    def through_float32(x):
        return (2 * x / 3).astype("float32").astype("float64")

    with pytest.raises(AssertionError) as caught:
        check(through_float32, right, [{"x": A}])
    assert "float32" in caught.value.failure.why
    assert "two mistakes" not in caught.value.failure.why


def test_torchs_own_words_about_bools_are_translated():
    import torch

    inputs = [{"x": torch.ones(3)}]
    with pytest.raises(AssertionError) as caught:
        check(lambda x: x - (x > 0), lambda x: x, inputs)
    assert "xp.astype" in caught.value.failure.why


@pytest.mark.parametrize(
    "wrong",
    [
        lambda x: x.astype(x.dtype),
        lambda x: np.zeros(3, dtype=x.dtype),
        lambda x: np.ones((3, 3)) @ x,
    ],
)
def test_numpys_functions_on_torchs_arrays_are_sent_to_xp(wrong):
    import torch

    with pytest.raises(AssertionError) as caught:
        check(wrong, lambda x: x, [{"x": torch.ones(3)}])
    assert "`xp`" in caught.value.failure.why


def test_a_list_where_an_array_is_due_is_told_in_words_of_the_course():
    from rnncore.backend import array_namespace

    def stacks(x):
        states = [(x,), (np.stack([x, x]),)]  # state @ W, and not state[0]
        return np.stack(states)

    for wrong in (lambda x: array_namespace([x]), stacks):
        with pytest.raises(AssertionError) as caught:
            check(wrong, double, [{"x": A}])
        assert "state[0]" in caught.value.failure.why


def test_two_mistakes_at_once_are_told_where_they_explain_all():
    inputs = [{"x": A}, {"x": 1 + A}]
    outputs = "first, second, third"

    def made(first=1, second=1, third=1):
        return lambda x: (first * x, second * 2 * x, third * x.T)

    mistakes = [
        known(made(first=2), "the first was doubled", inputs),
        known(made(first=2, second=2), "two were doubled", inputs),
        known(made(first=3, third=2), "tripled and doubled", inputs),
        known(made(second=3), "the second was tripled", inputs),
        known(made(third=5), "the third is too large", inputs),
    ]
    for wrong, says in [
        (
            made(second=3, third=5),
            "the second was tripled And another: the third is too large",
        ),
        (made(first=2, third=7), ""),  # the third is not explained
        (made(first=3, second=7), ""),  # the third output is right
        (made(first=5, third=5), ""),  # the first wrong one is unknown
    ]:
        with pytest.raises(AssertionError) as caught:
            check(wrong, made(), inputs, mistakes, outputs=outputs)
        told = str(caught.value).partition("A known mistake: ")[2]
        told = told.partition("\n")[0]
        assert told == says

    def raises(x):
        if x[0, 0] == 1:
            raise ValueError("no")
        return made(first=2, third=7)(x)

    with pytest.raises(AssertionError) as caught:
        check(raises, made(), inputs, mistakes, outputs=outputs)
    assert "known mistake" not in str(caught.value)


def test_an_answer_of_another_dtype_is_not_called_another_mistake():
    inputs = [{"x": A.astype(np.float32)}, {"x": 1 + A}]
    later = known(
        lambda x: double(x) + (x.dtype == float), "one added", inputs
    )
    with pytest.raises(AssertionError, match="float64") as caught:
        check(lambda x: 2.0 * x.astype(float), double, inputs, [later])
    assert "known mistake" not in str(caught.value)


def test_a_list_of_one_is_not_asked_for_as_a_tuple():
    with pytest.raises(AssertionError, match=r"y: expected 1 value, got 3"):
        check(lambda x: [x] * 3, lambda x: [x], [{"x": 1}], outputs="y")
    with pytest.raises(
        AssertionError, match=r"a tuple of one, \(y\[0\],\)"
    ):
        check(lambda x: x, lambda x: (x,), [{"x": A}], outputs="y")


def test_a_mistake_that_only_raises_is_known_by_what_it_raises():
    def wrong(x, message):
        raise ValueError(message)

    inputs = [{"x": A, "message": "expected 8 gradients, got 6"}]
    mistake = known(wrong, "two were forgotten", inputs)
    check_of = {"mistakes": [mistake], "inputs": inputs}
    with pytest.raises(AssertionError, match="mistake: two were forgotten"):
        check(wrong, lambda x, message: x, **check_of)

    def other_message(x, message):
        raise ValueError("expected (3, 2), got (2,)")

    def other_type(x, message):
        raise TypeError(message)

    for other in other_message, other_type:
        with pytest.raises(AssertionError) as caught:
            check(other, lambda x, message: x, **check_of)
        assert "known mistake" not in str(caught.value)


def test_a_task_is_named_whatever_calls_the_learners_function(tmp_path):
    path = tmp_path / CHECKS
    entry = {"results": [encoded(2 * A)], "mistakes": []}
    made = json.dumps({"checks": {"twice": entry}})
    path.write_bytes(pack_checks(made))

    def through_a_wrapper(x):
        return x @ x

    with pytest.raises(AssertionError) as caught:
        check(through_a_wrapper, stored("twice", path), [{"x": A}])
    text = str(caught.value)
    assert text.startswith("twice raised ValueError: ")
    assert f"(twice was checked with x (3, 2) = {ROWS})" in text


def test_a_refusal_inside_a_check_is_told_as_it_is():
    def asks_for_a_shape(x):
        assert_shape("W_x", x.T, (3, 2))

    text = complaint(asks_for_a_shape)
    assert text.startswith("W_x: expected shape (3, 2), got (2, 3) (trans")
    assert f"(asks_for_a_shape was called with x (3, 2) = {ROWS})" in text

    def asks_for_a_property(x):
        assert_that(False, "the weights have no latch")

    text = complaint(asks_for_a_property)
    assert text.startswith(
        "the weights have no latch\n(asks_for_a_property"
    )


def test_what_returns_nothing_to_a_wrapper_is_told(tmp_path):
    path = tmp_path / CHECKS
    entry = {"results": [encoded((A, A))], "mistakes": []}
    made = json.dumps({"checks": {"twins": entry}})
    path.write_bytes(pack_checks(made))

    def twins(x):
        x + x

    def swapped(x):
        a, b = twins(x)
        return b, a

    def first_of(x):
        return twins(x)[0]

    def calls_an_answer(x):
        return swapped(x)

    def said(candidate):
        with pytest.raises(AssertionError) as caught:
            check(candidate, stored("twins", path), [{"x": A}])
        return str(caught.value)

    for wrapper in swapped, first_of:
        text = said(wrapper)
        assert text.startswith("twins: expected a result, got nothing")
        assert "Is a `return` missing" in text
        assert f"(twins was checked with x (3, 2) = {ROWS})" in text
    text = said(calls_an_answer)  # whose own error stays what it is
    assert text.startswith("twins raised TypeError: cannot unpack")


def test_none_may_be_an_answer():
    def place(x):
        return ("x", (int(x.argmax()),)) if x.any() else None

    boxed = encoded(("x", (np.int64(2),)))
    assert json.dumps(boxed) == json.dumps(encoded(("x", (2,))))
    zeros = [{"x": np.zeros(2)}]
    check(lambda x: None, place, zeros)
    with pytest.raises(AssertionError, match="expected None") as caught:
        check(lambda x: "None", place, zeros)
    with pytest.raises(AssertionError) as caught:
        check(lambda x: None, place, [{"x": np.arange(3)}, *zeros])
    assert "expected ('x', (2,)), got None" in str(caught.value)
    assert "missing" not in str(caught.value)


def test_assert_refuses_wants_a_value_error_that_begins_so():
    def root(x):
        if x < 0:
            raise ValueError("x: negative")
        return 1 / x

    assert_refuses(root, {"x": -1}, "below zero")
    assert_refuses(root, {"x": -1}, "below zero", "x")
    with pytest.raises(AssertionError, match="'y', got ValueError: x: neg"):
        assert_refuses(root, {"x": -1}, "below zero", "y")
    with pytest.raises(AssertionError, match="got ZeroDivisionError: "):
        assert_refuses(root, {"x": 0}, "at zero")
    with pytest.raises(AssertionError, match=r"root, above .* a result"):
        assert_refuses(root, {"x": 2}, "above zero")


def test_mover_keeps_integers_and_casts_floats():
    tree = mover("cpu")((A, np.arange(3)), "float32")
    assert tree[0].dtype == torch.float32
    assert tree[1].dtype == torch.int64


def test_hunt_counts_boxes_and_rewards_few_probes(capsys):
    def boxed(x, y):
        return x + y

    boxes = {"minus": lambda x, y: x - y, "first": lambda x, y: x}
    assert hunt(boxed, boxes, [(1.0, 2.0)], few=1, points=3) == 3
    assert hunt(boxed, boxes, [(1.0, 2.0)] * 2, few=1, points=3) == 2
    assert hunt(boxed, boxes, [(1.0, 0.0)], few=1, points=3) == 0
    assert "first: NOT told apart" in capsys.readouterr().out


def test_hunt_takes_tensors_as_probes(capsys):
    boxes = {"minus": lambda x: -x}
    assert hunt(lambda x: x, boxes, [(torch.ones(2),)], 1, points=2) == 2
    capsys.readouterr()
    with pytest.raises(AssertionError, match="over 10,000 numbers"):
        hunt(lambda x: x, boxes, [(torch.ones(20_000),)], 1, points=2)


def test_hunt_says_that_nan_is_equal_to_nothing(capsys):
    with pytest.raises(AssertionError, match=r"probe 1: .* NaN"):
        hunt(lambda x: x / x, {"x": abs}, [(np.zeros(2),)], 1, points=2)
    assert not capsys.readouterr().out


def test_hunt_refuses_probes_that_answer_by_chance_or_by_count():
    calls = []

    def count(x):
        calls.append(x)
        return len(calls)

    rng = np.random.default_rng(0)
    for probe in (count, lambda x: rng.normal()):
        with pytest.raises(
            AssertionError, match="another answer each time"
        ):
            hunt(lambda f: f(1), {}, [(probe,)], few=1, points=1)


def test_hunt_refuses_a_function_that_counts_the_boxes_calls():
    """Constant while the right function asks, first and last."""
    calls = []

    def counts(x):
        calls.append(x)
        return 0.0 if len(calls) in (1, 4) else float(len(calls))

    boxes = {"one": lambda f: f(1) + 0, "two": lambda f: 0 + f(1)}
    with pytest.raises(AssertionError, match="on earlier calls"):
        hunt(lambda f: f(1), boxes, [(counts,)], few=1, points=3)
    assert len(calls) == 4


def test_hunt_looks_at_functions_inside_a_probe_and_at_errors():
    calls = []

    def counts(x):
        calls.append(x)
        if len(calls) == 2:
            raise ValueError("now")
        return 0.0

    boxes = {"one": lambda fs: fs[0](1) + 0}
    with pytest.raises(AssertionError, match="on earlier calls"):
        hunt(lambda fs: fs[0](1), boxes, [([counts],)], few=1, points=3)


def test_hunt_takes_a_function_that_changes_what_it_gets(capsys):
    def spy(past):
        said = float(past.sum())
        past[:] = 0
        return said

    def right(x, f):
        return f(x.copy()) + f(x.copy())

    def box(x, f):
        x = x.copy()
        return f(x) + f(x)

    probe = np.arange(3.0), spy
    assert hunt(right, {"one": box}, [probe], few=1, points=2) == 2


@pytest.mark.parametrize("size", [10**12, -(10**12), np.int64(10**12)])
def test_hunt_refuses_a_size_that_would_fill_the_memory(size):
    def right(x, width):
        raise RuntimeError("never called")

    with pytest.raises(AssertionError, match="whole numbers up to 1,000"):
        hunt(right, {}, [(np.zeros(2), size)], few=1, points=2)


def test_a_box_is_not_told_apart_by_a_lack_of_memory():
    def full(x):
        raise MemoryError

    with pytest.raises(AssertionError, match="too much memory"):
        hunt(lambda x: x, {"full": full}, [(1.0,)], few=1, points=2)


class Lying(NamedTuple):
    """Says that it is an array, and a large one."""

    shape: tuple
    dtype: tuple
    device: tuple


def test_a_tuple_with_the_fields_of_an_array_is_none():
    lie = Lying((10**12,), (1,), (0,))
    with pytest.raises(AssertionError, match="expected a number"):
        assert_close("d", lie, 0.0)
    with pytest.raises(AssertionError, match="expected an array"):
        assert_close("d", lie, np.zeros(2))
    with pytest.raises(AssertionError):
        check(lambda x: lie, lambda x: 0.0, [{"x": A}], outputs="d")


def test_a_float32_is_named_and_long_lists_are_cut_short():
    with pytest.raises(AssertionError, match="float32"):
        assert_close("d", 0.1 + 1e-9, float(np.float32(0.1)))
    with pytest.raises(AssertionError) as wrong:
        assert_close("d", 0.1, 0.11)
    assert "float32" not in str(wrong.value)
    with pytest.raises(AssertionError, match=r"30 values \(p\[0\], ..., p"):
        check(
            lambda x: [x] * 29, lambda x: [x] * 30, [{"x": 1}], outputs="p"
        )


def test_float32_is_no_guess_where_the_mistake_is_known():
    def slightly(x):
        return 2 * x + 1e-8

    inputs = [{"x": A}]
    assert "float32" in complaint(slightly)
    mistake = known(slightly, "epsilon was added", inputs)
    text = complaint(slightly, mistakes=[mistake])
    assert "A known mistake: epsilon was added" in text
    assert "float32" not in text


def test_hunt_refuses_what_is_no_probe():
    for probes in (None, [], [3], (A, A), [(np.zeros(20_000), 1)]):
        with pytest.raises(AssertionError, match="probe"):
            hunt(lambda x, y: x, {}, probes, few=1, points=1)


def test_hunt_says_what_a_probe_of_another_length_lacks():
    with pytest.raises(AssertionError) as wrong:
        hunt(lambda x, y, z: x, {}, [(1.0, 2.0)], few=1, points=1)
    text = str(wrong.value)
    assert text == "probe 1: expected (x, y, z), got a tuple of 2"


def test_edited_finds_the_module_of_a_decorated_function():
    class Follows:
        def start(self, source):
            return source.summary[None]

        def __call__(self, ids, h, source):
            return h, torch.roll(h, 1, 2)

    from rnncore.seq2seq import Encoded, greedy

    states = torch.zeros(2, 1, 1)
    summary = torch.tensor([[0.0, 0.0, 1.0, 2.0, 3.0]])
    source = Encoded(states, states[..., 0] == 0, summary)
    right = greedy(Follows(), source, 2)
    wrong = edited(greedy, "range(limit)", "range(limit - 1)")
    assert wrong(Follows(), source, 2) == [right[0][:1]]


def test_edited_changes_a_copy_only():
    from rnncore.bptt import rnn_cell_vjp

    wrong = edited(rnn_cell_vjp, "1 - h * h", "1 - h")
    h, d_h = np.full((1, 1), 0.5), np.ones((1, 1))
    assert float(wrong((d_h,), h)[0][0, 0]) == 0.5
    assert float(rnn_cell_vjp((d_h,), h)[0][0, 0]) == 0.75
    with pytest.raises(ValueError, match="occurs 0 times"):
        edited(rnn_cell_vjp, "no such text", "")


@pytest.mark.parametrize("size", [1, 6, 1000])
def test_the_tolerance_follows_dtype_and_size(size):
    want = np.linspace(0.5, 1, size)
    for off, dtype in ((8e-5, "float32"), (1e-6, "float64")):
        with pytest.raises(AssertionError, match="expected"):
            assert_close("x", (want * (1 + off)).astype(dtype), want)
    assert_close("x", (want * (1 + 1.5e-5)).astype("float32"), want)
    assert_close("x", want * (1 + 1e-11), want)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("product", [np.matmul, np.dot])
def test_a_product_of_matrices_raises_no_false_alarm(product):
    huge = np.full((2, 2), np.inf)
    with without_false_alarms():
        assert np.isnan(product(huge, np.zeros((2, 2)))).all()
        with pytest.warns(RuntimeWarning, match="in subtract"):
            huge - huge
    with pytest.warns(RuntimeWarning, match="encountered in"):
        product(huge, np.zeros((2, 2)))


def test_a_right_shape_is_left_out_and_comes_back():
    right = [(np.ones((3, 2)), "a", 1.0), (np.zeros((2,)), None, 2.0)]
    results = [
        (np.full((3, 2), 5.0), "b", 2.0),
        (np.full((2, 2), 7.0), None, np.inf),
    ]
    wrong = [fingerprint_of(Seen(r, ["x"], None)) for r in results]
    short = without_shapes(wrong, right)
    assert short[0][1] == [wrong[0][1][0][2:], "b", wrong[0][1][2][2:]]
    assert short[1] == wrong[1]
    assert with_shapes(short, right) == wrong
    error = fingerprint_of(Seen(None, [], ValueError("3 is not 2")))
    other = fingerprint_of(Seen(np.ones(3), [], None))
    for whole in ([error, other], [other, error]):
        assert without_shapes(whole, right) == whole
        assert with_shapes(whole, right) == whole


def test_checks_are_the_same_bytes_each_time(monkeypatch):
    now = pack_checks("{}")
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert pack_checks("{}") == now
    assert unpack_checks(now) == "{}"


@pytest.mark.parametrize(
    "content", [b"", b'{"checks": {}}', pack_checks("{}")[:-9]]
)
def test_checks_that_are_no_longer_whole_are_told(content, tmp_path):
    path = tmp_path / CHECKS
    path.write_bytes(content)
    with pytest.raises(ValueError, match=f"expected {CHECKS} as it was"):
        stored("step", path)


@pytest.mark.parametrize("read", [stored, black_boxes])
def test_a_notebook_without_its_checks_says_what_it_lacks(
    read, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as told:
        read("step")
    said = str(told.value)
    assert f"expected {CHECKS} beside the notebook" in said
    assert str(tmp_path) in said
    assert "put both into one" in said
