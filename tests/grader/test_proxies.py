"""What a test asks of a learner's process, and believes of its answers."""

# ruff: noqa: F811 - fixtures
from __future__ import annotations

import operator
import socket
import sqlite3
import sys
import types
import weakref

import numpy as np
import pytest
import torch

from grader.isolation.serialization import Decoder, Message, receive
from grader.isolation.session import Ended
from grader.trusted.errors import SPACE, LearnerError, Untrusted
from grader.trusted.link import MOST, Link, has_names
from grader.trusted.proxies import Proxy, state_of
from tests.helpers.linked import (  # noqa: F401 - fixtures
    NOTHING,
    called,
    ends,
    given,
    link,
    other,
    refused,
)


def thing(link, open_=False):
    """An object of the learner's."""
    return Proxy(link, {"h": 5}, "thing", open_)


def in_a_test(link, one):
    """The object in a test that runs, which has asked for its class."""
    link.sink, state_of(one).claims = (), Proxy
    return one


class Own:
    """A class of the test's own, as a test cell defines it."""

    __module__ = SPACE
    shared = 3

    def __init__(self):
        self.seen, self._kept = 4, 5


# ------------------------------------------------------- questions, answers


def test_a_name_that_is_called_is_asked_for_when_it_is_called(link, other):
    link.known = {"f"}
    f = link.name("f", "function")
    assert (repr(f), f.__name__) == ("<f of the submission>", "f")
    other.says({"value": {"u": [1, 2]}})
    assert f(3, k="x") == (1, 2)
    args = {"u": [{"u": [{"N": "f"}, 3]}, {"d": [["k", "x"]]}]}
    assert other.heard() == {"do": "call", "args": args}


def test_a_name_that_is_a_value_is_asked_for_at_once(link, other):
    other.says({"value": ["n"]}, {"value": 7})
    assert link.name("n", "value") == 7
    assert other.heard()["do"] == "names"
    args = {"u": [{"u": ["n"]}, NOTHING]}
    assert other.heard() == {"do": "name", "args": args}


def test_arrays_go_out_and_come_back_as_data(link, other):
    data = np.array([1.5, 2.5]).tobytes()
    other.says({"value": {"a": ["<f8", [2], [0, 16]]}}, data=data)
    found = link.do("x", np.arange(3), np.ones(1))
    np.testing.assert_array_equal(found, [1.5, 2.5])
    (first, second), _ = other.heard_args()
    np.testing.assert_array_equal(first, np.arange(3))
    np.testing.assert_array_equal(second, [1])


def test_without_gradients_the_other_side_keeps_none_either(link, other):
    other.says({"value": 1}, {"value": 1})
    with torch.no_grad():
        link.do("x")
    link.do("x")
    assert other.heard()["learn"] is False
    assert "learn" not in other.heard()


def test_gradients_are_asked_for_by_the_graphs_number(link, other):
    other.says({"value": [{"h": 6}]})
    grads = [None, np.ones(1), np.zeros(1), thing(link)]
    (found,) = link.differentiate(3, grads, [])
    assert state_of(found).node == {"h": 6}
    tree, data = receive(other.sock, MOST)
    assert tree["do"] == "differentiate"
    (number, got), words = Decoder(
        Message(tree, data, []), lambda node: node
    ).decode(tree["args"])
    assert (number, got[1], got[2], words) == (3, [1], [0], {})
    assert (got[0], got[3]) == (None, {"h": 5})


def test_a_gradient_has_gradients_that_are_asked_for_too(link, other):
    x = torch.ones(1, requires_grad=True)
    node = {"t": ["float32", [1], [0, 4]], "grad": 0}
    data = np.array([3], "<f4").tobytes()
    other.says({"value": [node, {"h": 3}], "graph": 4}, data=data)
    y, _ = link.do("call", x)
    other.says({"value": [node], "graph": 5}, data=data)
    (d_x,) = torch.autograd.grad(y, x, create_graph=True)
    assert d_x.tolist() == [3]
    none = {"value": [{"t": ["float32", [1], [0, 4]]}, None]}
    other.says(none, data=data)
    d_x.backward()
    assert x.grad.tolist() == [3]
    asked = [other.heard()["do"] for _ in range(3)]
    assert asked == ["call", "differentiate", "backward"]


def test_a_tensor_of_the_learners_graph_is_joined_to_the_tests(link, other):
    x = torch.ones(2, requires_grad=True)
    node = {"t": ["float32", [2], [0, 8]], "grad": 0}
    data = np.array([3, 3], "<f4").tobytes()
    other.says({"value": node, "graph": 4}, data=data)
    y = link.do("call", x)
    assert y.tolist() == [3, 3]
    gradient = {"value": [{"t": ["float32", [2], [0, 8]]}]}
    other.says(gradient, data=np.array([5, 6], "<f4").tobytes())
    y.sum().backward()
    assert x.grad.tolist() == [5, 6]
    other.heard()
    (number, (d_y,), keep), _ = other.heard_args()
    assert (number, d_y.tolist(), keep) == (4, [1, 1], False)


def test_a_leaf_of_the_learners_comes_with_its_gradient(link, other):
    data = np.array([3, 8], "<f4").tobytes()
    other.says(
        {"value": {"t": ["float32", [2], [0, 8]], "grad": 0}}, data=data
    )
    assert link.do("x").requires_grad  # without a graph to be joined to
    leaf = {"t": ["float32", [1], [0, 4]], "grad": 0, "leaf": None}
    other.says({"value": leaf, "graph": 0}, data=data)
    found = link.do("x")
    assert found.requires_grad
    assert found.grad is None
    leaf["leaf"] = {"t": ["float32", [1], [4, 4]]}
    other.says({"value": leaf, "graph": 0}, data=data)
    found = link.do("x")
    assert (found.tolist(), found.grad.tolist()) == ([3], [8])


@pytest.mark.parametrize("number", [-1, True, "0", None])
def test_a_graph_without_a_number_is_refused(link, other, number):
    other.says({"value": 1, "graph": number})
    assert "expected a number" in refused(link.do, "x")


# ------------------------------------------------------------ what goes wrong


@pytest.mark.parametrize(
    ("said", "kind", "text", "notes"),
    [
        (["ValueError", "x: no", ""], ValueError, "x: no", []),
        (
            ["KeyError", "'a'", "line 3"],
            KeyError,
            "'a'",
            ["in the learner's code:\nline 3"],
        ),
        (["Own", "x"], LearnerError, "Own: x", []),
        (["O" * 120, "x"], LearnerError, "O" * 100 + ": x", []),
        (["SystemExit", "x"], LearnerError, "SystemExit: x", []),
        ("Own", LearnerError, "Own: ", []),
        (["ValueError\x07", "\x1b[2Jx", "\x00y"], ValueError, "x", ["y"]),
        ([], LearnerError, ": ", []),
    ],
)
def test_a_learners_exception_is_one_of_pythons_or_its_own(
    link, other, said, kind, text, notes
):
    other.says({"error": said})
    with pytest.raises(kind) as raised:
        link.do("x")
    assert type(raised.value) is kind
    assert str(raised.value) == text
    found = getattr(raised.value, "__notes__", [])
    assert [note[-len(end) :] for note, end in zip(found, notes)] == notes
    assert len(found) == len(notes)


def test_an_exception_that_keeps_more_than_its_arguments_has_its_text(
    link, other
):
    try:
        np.zeros(2**50)
    except (
        MemoryError
    ) as error:  # one of NumPy's own, with a shape and dtype
        text, line = str(error), type(error).mro()
    names = [f"{k.__module__}:{k.__qualname__}" for k in line]
    said = [line[0].__name__, text, "", names, {"u": []}, {"h": 0}]
    other.says({"error": said})
    with pytest.raises(MemoryError) as raised:
        link.do("x")
    assert str(raised.value) == text


def test_a_process_that_has_gone_is_told(link, other):
    other.sock.close()
    with pytest.raises(Ended) as ended:
        link.do("x")
    assert (ended.value.kind, ended.value.reason) == (
        "KernelDied",
        "ended the Python process",
    )


def test_a_process_that_goes_before_its_answer_is_told(link, other):
    other.sock.shutdown(socket.SHUT_WR)
    with pytest.raises(Ended, match="ended the Python process"):
        link.do("x")


def test_an_answer_after_the_time_is_told(link, other):
    other.says({"value": 1})
    link.until = 0.0
    with pytest.raises(Ended) as ended:
        link.do("x")
    assert (ended.value.kind, ended.value.reason) == (
        "TimeLimit",
        "used up its time",
    )


def test_what_is_no_answer_is_refused(link, other):
    other.sock.sendall(bytes(16))
    assert "no JSON" in refused(link.do, "x")
    other.says({"a": 1})
    assert refused(link.do, "x") == "it is not an answer"
    other.says({"value": {"q": 1, "b": 2, "d": 3, "a": 4}})
    assert refused(link.do, "x") == "unknown node ['a', 'b', 'd']"
    other.says({"value": {"f": 0}})
    assert refused(link.do, "x") == "unknown node ['f']"
    other.says({"value": {"h": -1}})
    assert refused(link.do, "x") == "expected a number, got -1"
    other.says({"value": {"h": "x" * 99}})
    assert refused(link.do, "x") == "expected a number, got '" + "x" * 39


# ------------------------------------------------------------------ callbacks


def test_a_function_of_the_test_is_called_back(link, other):
    def half(x, by=2):
        return np.array([x / by])

    other.says(called(given(3, by=4)), {"value": {"f": 0}})
    assert link.do("call", half) is half
    (args, _) = other.heard()["args"]["u"]
    assert args == {"u": [{"f": 0, "k": "half", "o": False}]}
    tree, data = receive(other.sock, MOST)
    assert (
        Decoder(Message(tree, data, []), str).decode(tree["value"]) == 0.75
    )


def test_arrays_and_objects_go_to_a_function_of_the_test_and_back(
    link, other
):
    def twice(array, thing):
        return [2 * array, thing, 3 * array]

    array = {"a": ["<f8", [1], [0, 8]]}
    data = np.array([1.5]).tobytes()
    other.says(called(given(array, {"h": 7})), data=data)
    other.says({"value": 1})
    link.do("call", twice)
    other.heard()
    tree, data = receive(other.sock, MOST)
    decoder = Decoder(Message(tree, data, []), lambda node: node)
    assert decoder.decode(tree["value"]) == [[3], {"h": 7}, [4.5]]


def test_what_a_function_of_the_test_raises_is_raised_over_there(
    link, other
):
    def refuses(x):
        raise ValueError(f"x: {x}")

    other.says(called(given(3)), {"value": 1})
    assert link.do("call", refuses) == 1
    other.heard()
    raised = {"raise": ["ValueError", "x: 3"]}
    assert receive(other.sock, MOST) == (raised, b"")


@pytest.mark.parametrize("number", [-1, 1, True, "0", 0.0, None])
def test_a_function_that_was_not_lent_cannot_be_called(link, other, number):
    other.says(called(given(), number))
    said = "called back a function that does not exist"
    assert refused(link.do, "call", lambda: 1) == said


@pytest.mark.parametrize(
    "args",
    [
        None,
        {"u": []},
        {"u": [{"u": []}, NOTHING, 1]},
        {"u": [[], NOTHING]},
        {"u": [{"u": []}, []]},
        [{"u": []}, NOTHING],
    ],
)
def test_a_call_back_needs_arguments(link, other, args):
    other.says(called(args))
    assert refused(link.do, "call", lambda: 1) == "a call needs arguments"


def test_the_words_of_a_call_back_are_texts(link, other):
    other.says(called({"u": [{"u": []}, {"d": [[1, 2]]}]}), {"value": 0})
    link.do("call", lambda **words: list(words))
    other.heard()
    assert other.heard() == {"value": ["1"]}


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("seen", {"value": 4}),
        ("shared", {"value": 3}),
        ("_kept", None),
        ("__class__", None),
        ("__module__", None),
        ("nothing", None),
        (3, None),
    ],
)
def test_an_object_of_the_test_tells_its_public_names(
    link, other, name, found
):
    other.says({"callback": 0, "attribute": name}, {"value": 1})
    link.do("call", Own())
    (args, _) = other.heard()["args"]["u"]
    assert args == {"u": [{"f": 0, "k": "Own", "o": True}]}
    expected = {"raise": ["AttributeError", f"{name!r}"]}
    assert receive(other.sock, MOST) == (found or expected, b"")


def test_a_name_may_stand_for_arrays_and_functions(link, other):
    own = Own()
    own.arrays, own.call = [np.ones(1), np.zeros(1)], lambda: 1
    for name in ("arrays", "call", "arrays"):
        other.says({"callback": 0, "attribute": name}, {"value": 1})
        link.do("call", own)
        other.heard()
        tree, data = receive(other.sock, MOST)
        decoder = Decoder(Message(tree, data, []), lambda node: node)
        found = decoder.decode(tree["value"])
        if name == "call":
            assert found == {"f": 1, "k": "<lambda>", "o": False}
        else:
            assert found == [[1], [0]]


def test_an_object_without_a_dict_tells_its_names_too(link, other):
    class Slim:
        __module__ = SPACE
        __slots__ = ("seen",)

    slim = Slim()
    slim.seen = 4
    for name, found in (
        ("seen", {"value": 4}),
        ("nothing", {"raise": ["AttributeError", "'nothing'"]}),
    ):
        other.says({"callback": 0, "attribute": name}, {"value": 1})
        link.do("call", slim)
        other.heard()
        assert other.heard() == found


def test_a_function_of_the_test_tells_none_of_its_names(link, other):
    def f():
        return 1

    f.seen = 3
    other.says({"callback": 0, "attribute": "seen"}, {"value": 1})
    link.do("call", f)
    other.heard()
    assert other.heard() == {"raise": ["AttributeError", "'seen'"]}
    other.says({"callback": 0, "attribute": "x" * 200}, {"value": 1})
    link.do("call", f)
    other.heard()
    assert len(other.heard()["raise"][1]) == 100


def test_only_a_plain_class_of_the_test_has_names():
    class Derived(Own):
        __module__ = SPACE

    assert has_names(Own())
    assert not has_names(Derived())  # of another, which may have more
    assert not has_names(Own)
    assert not has_names(print)


# ------------------------------------------------------------ what is passed


def test_what_cannot_be_passed_is_told(link):
    with pytest.raises(Untrusted) as told:
        link.do("call", object())
    assert str(told.value) == (
        "a object cannot be passed to a learner's function, which runs in "
        "another process; expected numbers, texts, arrays, tuples, lists, "
        "dicts or functions"
    )
    with socket.socket() as sock:
        strange = thing(Link(sock))
        with pytest.raises(Untrusted) as told:
            link.do("call", strange)
    assert str(told.value) == (
        "<thing of the submission> belongs to another test cell: create it "
        "again in this one"
    )


def test_a_function_is_lent_once_and_the_packages_go_by_name(link, other):
    def one():
        return 1

    def two():
        return 2

    other.says({"value": 1})
    link.do("call", one, two, one, np.tanh, thing(link))
    (args, _) = other.heard()["args"]["u"]
    lent = [
        {"f": k, "k": name, "o": False}
        for k, name in enumerate(("one", "two"))
    ]
    assert args == {"u": [*lent, lent[0], {"m": "numpy:tanh"}, {"h": 5}]}
    assert link.functions == [one, two]


def test_only_what_was_lent_is_changed(link, other):
    lent, kept = np.zeros(2), np.zeros(2)
    tensor = torch.zeros(2, requires_grad=True)
    for array in (lent, tensor):
        link.lend(array)
    data = (
        np.array([1.0, 2.0]).tobytes() + np.array([3, 4], "<f4").tobytes()
    )
    new = {"a": ["<f8", [2], [0, 16]]}
    changed = [[0, new], [1, new], [2, {"t": ["float32", [2], [16, 8]]}]]
    other.says({"value": 1, "changed": changed}, data=data)
    link.do("call", lent, kept, tensor)
    assert lent.tolist() == [1, 2]
    assert kept.tolist() == [0, 0]
    assert tensor.tolist() == [3, 4]


@pytest.mark.parametrize(
    "new",
    [
        {"a": ["<f8", [1], [0, 8]]},
        {"a": ["<f4", [2], [0, 8]]},
        {"h": 1},
        3,
        None,
    ],
)
def test_a_change_of_another_shape_or_dtype_is_none(link, other, new):
    lent = np.zeros(2)
    link.lend(lent)
    other.says({"value": 1, "changed": [[0, new]]}, data=bytes([1] * 8))
    assert link.do("call", lent) == 1
    assert lent.tolist() == [0, 0]


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (1, "changed an array that was not passed"),
        (-1, "expected a number, got -1"),
        (True, "expected a number, got True"),
        ("0", "expected a number, got '0'"),
    ],
)
def test_a_change_of_what_was_not_passed_is_refused(
    link, other, number, says
):
    other.says({"value": 1, "changed": [[number, 1]]})
    assert refused(link.do, "call", np.zeros(2)) == says


def test_what_was_lent_lives_as_long_as_the_link(link):
    array = np.zeros(2)
    alive = weakref.ref(array)
    link.lend(array)
    del array  # another one could get its number
    assert alive() is not None


# ------------------------------------------------------- a learner's objects


def test_an_object_stays_over_there_under_a_harmless_name(link, other):
    for k in ("<i>", "S31415", "N:S31415", "x:thing", 3, None):
        other.says({"value": {"h": 3, "k": k}})
        assert repr(link.do("x")) == "<an object of the submission>"
        other.heard()
    other.says({"value": {"h": 3, "k": "N:thing"}})
    found = link.do("x")
    assert repr(found) == "<thing of the submission>"
    assert state_of(found).open is False
    other.says({"value": "i"})  # its own word, as any attribute
    assert found.__name__ == "i"
    other.says({"value": state_of(found).node})
    assert type(link.do("call", found)) is Proxy
    other.heard()
    other.heard()
    assert other.heard()["args"]["u"][0] == {"u": [{"h": 3}]}


def test_an_object_in_place_of_data_is_not_asked_about_the_tests_values(
    link,
):
    one = thing(link)
    text = (
        "expected a number, a text or an array, got <thing of the "
        "submission>, whose word about itself is not trusted"
    )
    for ask in (
        lambda: one == 1,
        lambda: one != 1,
        lambda: one == 1,
        lambda: one < 1,
        lambda: bool(one),
        lambda: int(one),
        lambda: float(one),
        lambda: complex(one),
        lambda: abs(one),
        lambda: 1 + one,
        lambda: one + 1,
        lambda: np.asarray(one),
        lambda: [1, 2].index(one),
        lambda: [1, 2][one],
    ):
        with pytest.raises(Untrusted) as told:
            ask()
        assert str(told.value) == text
    with pytest.raises(TypeError, match=r"^<thing of the submission>"):
        hash(one)


@pytest.mark.parametrize(
    "method", ["equals", "issubset", "sub", "startswith", "__eq__", "count"]
)
def test_a_method_of_data_that_compares_is_not_believed(
    link, other, method
):
    other.says({"value": {"h": 6, "k": "method"}}, {"value": True})
    with pytest.raises((Untrusted, AttributeError)):
        getattr(thing(link), method)(3)


def test_a_private_name_of_an_object_in_place_of_data_is_not_read(link):
    with pytest.raises(AttributeError):  # never asked over there
        _ = thing(link)._hidden


def test_in_compares_the_parts_here(link, other):
    parts = [{"value": {"u": [k]}} for k in (1, 2)]
    for wanted, found in ((2, True), (2.0, True), (3, False)):
        other.says({"value": {"h": 6, "k": "iterator"}}, *parts)
        other.says({"value": {"u": []}})
        assert (wanted in thing(link)) is found
        while other.heard()["do"] != "next":
            pass
        for end in range(1 if found else 2):
            assert other.heard()["do"] == "next", end
        if found:  # what was not asked is taken away
            receive(link.sock, MOST)


@pytest.mark.parametrize("says", [True, False])
def test_an_object_of_an_asked_class_compares_and_it_is_remarked(
    link, other, says
):
    other.says({"value": says}, {"value": False})
    assert (thing(link, open_=True) == 3) is says
    assert link.believed == ["how <thing of the submission> compares"]


def test_an_object_that_equals_anything_is_refused(link, other):
    other.says({"value": True}, {"value": True})
    with pytest.raises(Untrusted, match=r"^<thing of the submission>"):
        _ = thing(link, open_=True) == 3
    asked = {"u": [{"u": [{"h": 5}, 3]}, NOTHING]}
    assert other.heard() == {"do": "eq", "args": asked}
    asked = {"u": [{"u": [{"h": 5}]}, NOTHING]}
    assert other.heard() == {"do": "equals anything", "args": asked}


def test_no_object_equals_none_and_none_is_asked(link):
    none = None
    assert thing(link) != none
    assert not thing(link) == none  # noqa: SIM201
    with pytest.raises(Untrusted):
        _ = thing(link) < none


def test_an_open_object_is_asked_whether_another_equals_it(link, other):
    other.says({"value": False})
    assert not thing(link) == thing(link, open_=True)  # noqa: SIM201
    with pytest.raises(Untrusted):
        _ = thing(link) == thing(link)


def test_a_closed_object_and_an_open_one_make_an_open_one(link, other):
    for k, made in (("N:part", True), ("x:sum", False)):
        other.says({"value": {"h": 6, "k": k}})
        found = thing(link) + thing(link, open_=True)
        assert state_of(found).open is made


def test_an_operator_keeps_the_order_of_its_two_sides(link, other):
    other.says({"value": 7})
    assert 2 - thing(link, open_=True) == 7
    asked = {"u": [{"u": [2, {"h": 5}]}, NOTHING]}
    assert other.heard() == {"do": "subtract", "args": asked}


def test_no_object_is_of_a_class_that_comes_over_as_data(link, other):
    link.sink = ()
    for line in (
        ["builtins:int"],
        ["pandas:DataFrame"],
        ["numpy:ndarray"],
        3,
    ):
        other.says({"value": line})
        kind = thing(link)
        assert not isinstance(kind, int | np.ndarray | float | str)


@pytest.mark.parametrize(
    ("ask", "what", "args"),
    [
        (lambda one: one.x, "attribute", ["x"]),
        (lambda one: one[2], "item", [2]),
        (lambda one: setattr(one, "x", 3), "set attribute", ["x", 3]),
        (lambda one: one.__setitem__(2, 3), "set item", [2, 3]),
        (lambda one: len(one), "length", []),
        (lambda one: iter(one), "iterate", []),
        (lambda one: one(4), "call", [4]),
    ],
)
def test_an_open_object_is_asked_over_there(link, other, ask, what, args):
    part = {"h": 6, "k": "part"}
    other.says({"value": part if what == "iterate" else 7})
    found = ask(thing(link, open_=True))
    if what == "iterate":
        assert state_of(found).node == {"h": 6}
    elif not what.startswith("set"):
        assert found == 7
    asked = {"u": [{"u": [{"h": 5}, *args]}, NOTHING]}
    assert other.heard() == {"do": what, "args": asked}


@pytest.mark.parametrize(
    ("ask", "what", "args", "said", "found"),
    [
        (repr, "repr", [], "a", "a"),
        (str, "text", [], "a", "a"),
        (lambda one: f"{one:>3}", "format", [">3"], "  a", "  a"),
        (bool, "truth", [], False, False),
        (int, "int", [], 3, 3),
        (float, "float", [], 2.5, 2.5),
        (hash, "hash", [], 3, 3),
        (len, "length", [], 0, 0),
        (dir, "names of", [], ["a", 3], ["3", "a"]),
        (lambda one: 3 in one, "contains", [3], True, True),
        (lambda one: 3 in one, "contains", [3], 1, False),
        (lambda one: delattr(one, "x"), "delete attribute", ["x"], 1, None),
        (lambda one: operator.delitem(one, 2), "delete item", [2], 1, None),
        (reversed, "reversed", [], 3, 3),
        (lambda one: one.__enter__(), "enter", [], 3, 3),
        (lambda one: one.__exit__(None), "exit", [], True, None),
        (round, "round", [], 3, 3),
        (lambda one: one - 3, "subtract", [3], 1, 1),
        (lambda one: one < 3, "lt", [3], False, False),
    ],
)
def test_an_operator_is_a_question_to_an_open_object(
    link, other, ask, what, args, said, found
):
    other.says({"value": said})
    answer = ask(in_a_test(link, thing(link, open_=True)))
    assert (type(answer), answer) == (type(found), found)
    asked = {"u": [{"u": [{"h": 5}, *args]}, NOTHING]}
    assert other.heard() == {"do": what, "args": asked}


@pytest.mark.parametrize(
    ("ask", "said", "kind"),
    [
        (repr, 3, "str"),
        (str, None, "str"),
        (lambda one: f"{one}", 3, "str"),
        (bool, 1, "bool"),
        (int, True, "int"),
        (float, 1, "float"),
        (hash, 2.0, "int"),
    ],
)
def test_what_python_asks_for_is_of_its_kind(link, other, ask, said, kind):
    other.says({"value": said})
    told = f"^<thing of the submission> gave no {kind}$"
    with pytest.raises(Untrusted, match=told):
        ask(in_a_test(link, thing(link, open_=True)))


@pytest.mark.parametrize(
    ("open_", "kind", "listening", "shown"),
    [
        (True, "", True, ("said", "said")),
        (False, "", True, ("<thing of the submission>", "said")),
        (True, "class", True, ("<thing of the submission>", "said")),
        (True, "", False, ("<thing of the submission>",) * 2),
    ],
)
def test_only_a_test_has_an_object_tell_its_text(
    link, other, open_, kind, listening, shown
):
    other.says({"value": "said"}, {"value": "said"})
    one = in_a_test(link, Proxy(link, {"h": 5}, "thing", open_, kind))
    link.sink = () if listening else None
    assert (repr(one), str(one)) == shown


@pytest.mark.parametrize(
    ("check", "what"),
    [(isinstance, "is instance"), (issubclass, "is subclass")],
)
def test_whether_it_is_of_a_learners_class_is_asked_there(
    link, other, check, what
):
    kind = Proxy(link, {"N": "A"}, "A", True, "class")
    for said, found in ((True, True), (1, False), (False, False)):
        other.says({"value": said})
        assert check(thing(link), kind) is found
        asked = {"u": [{"u": [{"h": 5}, {"N": "A"}]}, NOTHING]}
        assert other.heard() == {"do": what, "args": asked}
    other.says({"value": True})
    assert not check(int, kind)  # the test's own: not asked


def test_a_learners_class_is_its_own_subclass_and_no_object_has_instances(
    link,
):
    kind = Proxy(link, {"N": "A"}, "A", True, "class")
    assert issubclass(kind, kind)
    with pytest.raises(TypeError, match="isinstance"):
        isinstance(3, thing(link))


@pytest.mark.parametrize(
    ("method", "believed"),
    [
        ("get", True),
        ("predict", True),
        ("greater", False),
        ("nlargest", False),  # of a table, once pandas is loaded
    ],
)
def test_a_method_is_believed_that_data_has_not(
    link, other, monkeypatch, method, believed
):
    table = type("Series", (), {"nlargest": None})
    pandas = types.SimpleNamespace(Series=table)
    for loaded in (pandas, None):
        monkeypatch.setitem(sys.modules, "pandas", loaded)
        other.says({"value": {"h": 6, "k": "method"}}, {"value": 7})
        call = getattr(thing(link), method)
        if believed or (method == "nlargest" and not loaded):
            assert call(3) == 7
            continue
        with pytest.raises(Untrusted):
            call(3)


def test_it_is_remarked_that_an_object_told_its_own_score(link, other):
    for said in ({"h": 7, "k": "score"}, 0.5, 0.6):
        other.says({"value": {"h": 6, "k": "method"}}, {"value": said})
        thing(link).score(3)
    assert link.believed == ["the score of <thing of the submission>"]


@pytest.mark.parametrize(
    ("open_", "kind", "name"),
    [
        (False, "", "__doc__"),
        (False, "function", "__doc__"),
        (True, "class", "x"),
        (False, "class", "_kept"),
    ],
)
def test_a_public_name_is_read_there(link, other, open_, kind, name):
    other.says({"value": 7})
    assert getattr(Proxy(link, {"h": 5}, "A", open_, kind), name) == 7


@pytest.mark.parametrize(
    "name", ["__signature__", "__code__", "__bases__", "__weird__"]
)
def test_a_name_that_is_pythons_is_not_an_objects(link, other, name):
    other.says({"value": []})
    with pytest.raises(AttributeError, match=r"^<thing of the submission>"):
        getattr(thing(link, open_=True), name)


def test_classes_and_functions_are_what_they_are_asked_for_as(link):
    kinds = {"class": type, "function": types.FunctionType}
    for kind, found in kinds.items():
        assert Proxy(link, {"N": "A"}, "A", False, kind).__class__ is found


def test_a_function_tells_what_its_code_names(link, other):
    f = Proxy(link, {"N": "f"}, "f", False, "function")
    other.says({"value": [3, 1, ["x"], ["print"]]}, {"value": [3, 1]})
    assert vars(f.__code__) == {
        "co_flags": 3,
        "co_argcount": 1,
        "co_varnames": ["x"],
        "co_names": ["print"],
    }
    asked = {"u": [{"u": [{"N": "f"}]}, NOTHING]}
    assert other.heard() == {"do": "code", "args": asked}
    with pytest.raises(ValueError, match="zip"):
        _ = f.__code__


def test_a_function_tells_its_parameters(link, other):
    f = Proxy(link, {"N": "f"}, "f", False, "function")
    other.says({"value": [["x", 1, False], ["k", 3, True]]})
    assert str(f.__signature__) == "(x, *, k=None)"
    asked = {"u": [{"u": [{"N": "f"}]}, NOTHING]}
    assert other.heard() == {"do": "signature", "args": asked}
    other.says({"value": [[f"x{k}", 1, False] for k in range(101)]})
    assert len(f.__signature__.parameters) == 100


def test_the_bases_of_a_class_are_those_that_are_known_here(link, other):
    kind = Proxy(link, {"N": "A"}, "A", True, "class")
    link.classes["N:B"] = base = Proxy(link, {"N": "B"}, "B", True, "class")
    other.says({"value": ["N:A", "N:B", "x:y", "builtins:ValueError"]})
    assert kind.__bases__ == (base, ValueError)
    asked = {"u": [{"u": [{"N": "A"}]}, NOTHING]}
    assert other.heard() == {"do": "class", "args": asked}
    other.says({"value": ["N:A", "x:y"]})
    assert kind.__bases__ == (object,)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (["builtins:generator", "builtins:object"], types.GeneratorType),
        (["sqlite3:Row"], sqlite3.Row),
        (["sympy.core.symbol:Symbol"], Own),
        (["sqlite3:connect"], Proxy),  # not a class
        (["sqlite3:nothing"], Proxy),
        (["sympy.none:Symbol"], Proxy),  # not loaded
        (["os:DirEntry"], Proxy),
        ([3], Proxy),
        ([], Proxy),
        ("sqlite3:Row", Proxy),
    ],
)
def test_an_object_is_of_a_class_that_a_library_here_has(
    link, other, monkeypatch, line, found
):
    symbol = types.SimpleNamespace(Symbol=Own)
    monkeypatch.setitem(sys.modules, "sympy.core.symbol", symbol)
    link.sink, one = (), thing(link)
    other.says({"value": line})
    assert [one.__class__, one.__class__] == [found, found]  # asked once
    asked = {"u": [{"u": [{"h": 5}]}, NOTHING]}
    assert other.heard() == {"do": "class", "args": asked}


@pytest.mark.parametrize(
    ("ask", "open_", "made"),
    [
        (lambda one: one.x, True, True),
        (lambda one: one[0], True, True),
        (lambda one: one(), True, False),
        (iter, True, True),
        (iter, False, False),
        (reversed, True, True),
        (reversed, False, False),
        (lambda one: one.__enter__(), True, True),
        (lambda one: one.__enter__(), False, False),
        (lambda one: one + one, True, True),
        (lambda one: one + one, False, False),
    ],
)
def test_parts_of_an_open_object_are_open_if_their_class_is_asked_for(
    link, other, ask, open_, made
):
    for k, asked in (("N:part", True), ("part", False), ("N:Lie", False)):
        other.says({"value": {"h": 6, "k": k}})
        assert state_of(ask(thing(link, open_))).open is (made and asked)


@pytest.mark.parametrize("run", [iter, reversed])
def test_what_an_open_object_is_iterated_to_is_open_too(link, other, run):
    other.says({"value": {"h": 6, "k": "builtins:list_iterator"}})
    iterator = run(thing(link, open_=True))
    for k, made in (("N:part", True), ("N:Lie", False)):
        other.says({"value": {"u": [{"h": 7, "k": k}]}})
        assert state_of(next(iterator)).open is made


@pytest.mark.parametrize("holds", [True, False])
def test_what_an_open_object_holds_is_remarked(link, other, holds):
    other.says({"value": holds})
    assert (3 in thing(link, open_=True)) is holds
    assert link.believed == ["what <thing of the submission> holds"]


def test_a_class_that_cannot_say_what_it_holds_is_not_asked(link, other):
    other.says(*[{"value": None}, {"value": {"h": 6, "k": "iterator"}}])
    other.says({"value": {"u": [{"h": 7, "k": "N:Lie"}]}})
    with pytest.raises(Untrusted):
        _ = 3 in thing(link, open_=True)


def test_what_an_open_object_makes_of_a_value_is_remarked(link, other):
    other.says({"value": 0.0}, {"value": 0.0}, {"value": 3})
    abs(thing(link, open_=True))
    thing(link, open_=True) + thing(link)
    assert link.believed == []  # nothing of the test's was handed over
    assert 5 - thing(link, open_=True) == 3
    told = "what <thing of the submission> makes of a value"
    assert link.believed == [told]


def test_what_a_learners_class_makes_is_open(link, other):
    for kind, made in (("class", True), ("function", False)):
        link.known = {"A"}
        other.says(
            *[{"value": ["N:A", "builtins:object"]}] * (kind == "class")
        )
        other.says({"value": {"h": 6, "k": "part"}})
        found = link.name("A", kind)
        assert state_of(found).open is made
        assert state_of(found()).open is made


def test_an_iterator_gives_one_thing_or_ends(link, other):
    one = thing(link, open_=True)
    other.says({"value": {"u": [3]}}, {"value": {"u": []}})
    assert next(one) == 3
    with pytest.raises(StopIteration):
        next(one)
    args = {"u": [{"u": [{"h": 5}]}, NOTHING]}
    assert other.heard() == {"do": "next", "args": args}
    other.says({"value": {"u": [{"h": 6, "k": "N:part"}]}})
    assert state_of(next(one)).open
    for wrong in ({"u": [1, 2]}, [], 3):
        other.says({"value": wrong})
        with pytest.raises(Untrusted) as told:
            next(one)
        said = "<thing of the submission> is not an iterator"
        assert str(told.value) == said


@pytest.mark.parametrize("length", [2.0, True, "2", None, 1 << 31])
def test_a_length_is_a_number(link, other, length):
    other.says({"value": length})
    with pytest.raises(TypeError) as told:
        len(thing(link, open_=True))
    said = "the length of <thing of the submission> is not a number"
    assert str(told.value) == said


@pytest.mark.parametrize(
    ("operate", "what"),
    [
        (lambda a, b: a + b, "add"),
        (lambda a, b: a - b, "subtract"),
        (lambda a, b: a * b, "multiply"),
        (lambda a, b: a / b, "divide"),
        (lambda a, b: a @ b, "matmul"),
    ],
)
def test_two_objects_of_the_learners_make_a_third(
    link, other, operate, what
):
    one, two = thing(link), Proxy(link, {"h": 8}, "other", False)
    other.says({"value": {"h": 6, "k": "sum"}})
    assert repr(operate(one, two)) == "<an object of the submission>"
    args = {"u": [{"u": [{"h": 5}, {"h": 8}]}, NOTHING]}
    assert other.heard() == {"do": what, "args": args}
    other.says({"value": 3})  # data: the learner's class said so
    with pytest.raises(Untrusted):
        operate(one, two)
