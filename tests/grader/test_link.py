"""What a learner's process may ask of a test, and change of what is the test's."""

# ruff: noqa: F811 - fixtures
from __future__ import annotations

import io
import sys
import types

import numpy as np
import pytest
import torch

from grader.isolation.serialization import (
    Decoder,
    Encoder,
    Message,
    receive,
)
from grader.trusted import link as link_module
from grader.trusted.link import MOST
from grader.trusted.proxies import Proxy
from rnncore.testing.changes import (
    MOVED,
    PUT_IN,
    REPLACED,
    TAKEN,
    find_change,
    keep_entries,
)
from tests.helpers.linked import (  # noqa: F401 - fixtures
    NOTHING,
    called,
    ends,
    given,
    link,
    other,
    refused,
)

NO_INPUT = {"raise": ["EOFError", "the test has no input"]}
ARRAY = {"a": ["<f8", [1], [0, 8]]}
BASES = ["builtins:Exception", "builtins:BaseException", "builtins:object"]


@pytest.fixture
def ask(link, other):
    """What the learner's print or input gets of the test's."""

    def run(name, *args, **words):
        data = np.array([1.5]).tobytes()
        other.says(called(given(*args, **words), name), data=data)
        other.says({"value": 0})
        link.do("call")
        other.heard()
        tree, data = receive(other.sock, MOST)
        if not data:
            return tree.get("value", tree)
        message = Message(tree, data, [])
        return Decoder(message, lambda node: node).decode(tree["value"])

    return run


# --------------------------------------------------- what a request tells


def test_names_that_a_test_sets_or_deletes_are_so_over_there(link, other):
    link.shown = {"a": 1, "b": 2, "c": 3, "d": 4}
    link.space |= {"a": 1, "b": 5, "d": object()}  # which stays the test's
    other.says(*[{"value": None}] * 4)
    link.do("x")
    link.do("x")
    asked = [
        ("set_name", ["b", 5]),
        ("delete_name", ["c"]),
        *[("x", [])] * 2,
    ]
    for do, args in asked:
        args = {"u": [{"u": args}, NOTHING]}
        assert other.heard() == {"do": do, "args": args}


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["builtins.print"], ["print"]),
        (["sys.stdin"], ["input"]),
        (["builtins.input", "sys.stdin"], ["input"]),
        (["builtins.print", "builtins.input"], ["print", "input"]),
        ([], None),
    ],
)
def test_what_the_test_replaced_is_told(
    link, other, monkeypatch, names, told
):
    for name in names:
        monkeypatch.setattr(name, None)
    other.says({"value": 1})
    link.do("x")
    monkeypatch.undo()
    assert other.heard().get("replaced") == told


def test_what_is_printed_there_is_printed_here(link, other, capsys):
    said = [["o", "a\ud800"], ["e", "b"], ["o", 3], ["x", "c"]]
    wrong = [["o"], ["o", "d", "e"], "oo", 3]
    other.says({**called(given()), "said": said[:2]})
    other.says({"value": 1, "said": [*wrong, *said[2:]]})
    link.do("x", lambda: 1)
    assert tuple(capsys.readouterr()) == ("a?3", "b")
    link.sink = (sys.stdout,)  # nobody has put another one there
    other.says({"value": 1, "said": said}, {"value": 1, "said": 3})
    link.do("x")
    link.do("x")
    assert tuple(capsys.readouterr()) == ("", "b")


def test_a_generator_goes_on_from_where_it_was_drawn_from(link, other):
    ours, same = np.random.default_rng(3), np.random.default_rng(3)
    same.random(2)
    other.says({"value": 1, "drawn": [[0, 2, None]]})
    link.do("x", ours)
    assert ours.random() == same.random()
    for told in ([[1, 2, None]], [[0, -1, None]], [3], 3):
        other.says({"value": 1, "drawn": told})
        said = refused(link.do, "x", ours)
        assert "generator" in said or "unpack" in said


def test_a_function_of_the_test_tells_what_it_drew(link, other):
    def draw(rng):
        rng.random(2)
        return rng.choice([])  # an error

    state = Encoder(str).encode(np.random.default_rng(3))
    for function in (draw, lambda rng: rng.random()):
        other.says(called(given(state), 0), {"value": 1})
        link.functions = []
        link.do("x", function)
        other.heard()
        assert other.heard()["drawn"] == [[0, 1 + (function is draw), None]]


def test_a_leaf_beside_a_result_is_not_asked_about(link, other):
    made = {"t": ["float32", [1], [0, 4]], "grad": 0}
    leaf = {"t": ["float32", [1], [4, 4]], "grad": 1, "leaf": None}
    other.says({"value": [made, leaf], "graph": 4}, data=bytes(8))
    y, _ = link.do("call", torch.ones(1, requires_grad=True))
    other.says({"value": [None]})
    y.backward()
    other.heard()
    assert len(other.heard_args()[0][1]) == 1  # y's gradient


# ------------------------------------------------------------ print and input


@pytest.mark.parametrize(
    ("name", "gets"), [("print", None), ("input", [[3], {"h": 7}, [4.5]])]
)
def test_the_tests_own_print_and_input_are_called(
    ask, monkeypatch, name, gets
):
    def own(array, thing, by):
        return [2 * array, thing, by * array]

    monkeypatch.setattr(f"builtins.{name}", own)
    assert ask(name, ARRAY, {"h": 7}, by=3) == gets


def test_what_the_tests_own_print_raises_is_raised_over_there(
    ask, monkeypatch
):
    monkeypatch.setattr("builtins.print", lambda: int("x"))
    said = "invalid literal for int() with base 10: 'x'"
    assert ask("print") == {"raise": ["ValueError", said]}


def test_pythons_own_print_and_input_are_not_called(ask, monkeypatch):
    assert ask("print", "x") == ask("input") == NO_INPUT
    monkeypatch.setattr("sys.stdin", io.StringIO("a\n"))
    assert ask("print", "x") == NO_INPUT
    assert sys.stdin.read() == "a\n"


def test_input_reads_the_tests_lines_until_they_end(
    ask, monkeypatch, capsys
):
    monkeypatch.setattr("sys.stdin", io.StringIO("\t1 X\n\nlast"))
    lines = [ask("input", 3), ask("input"), ask("input", "n? ")]
    assert lines == ["\t1 X", "", "last"]
    assert capsys.readouterr().out == "3n? "
    said = {"raise": ["EOFError", "EOF when reading a line"]}
    assert ask("input") == said


def test_print_and_input_are_called_so_often(ask, monkeypatch):
    monkeypatch.setattr(link_module, "MOST_CALLS", 2)
    for name in ("print", "input"):
        monkeypatch.setattr(f"builtins.{name}", lambda: 3)
    assert (ask("print"), ask("input")) == (None, 3)
    assert refused(ask, "print") == "called print more than 2 times"


# ----------------------------------------------------------- lists and dicts


@pytest.mark.parametrize(
    ("how", "was"),
    [
        *((how, [None, "a", "b"]) for how in (TAKEN, PUT_IN, REPLACED)),
        *((how, [None]) for how in (TAKEN, PUT_IN, REPLACED)),
        *((how, {"a": None}) for how in (TAKEN, PUT_IN, REPLACED)),
        (MOVED, [1, 2, 3]),
        (MOVED, {"a": 1, "b": 2, "c": 3}),
        (PUT_IN, []),
        (PUT_IN, {}),
    ],
)
def test_a_lent_list_or_dict_is_changed_in_the_same_way(
    link, other, how, was
):
    was = was.copy()  # a test may run twice
    lent, kept = keep_entries(was), keep_entries(was.copy())
    link.lend(was)
    other.says({"value": 1, "entries": [[0, how], [1, how]]})
    link.do("call", was, kept.thing)
    assert (find_change(lent), find_change(kept)) == (how, "")


@pytest.mark.parametrize(
    "told", [[[2, ""]], [2], 2, [["0", ""]], [[-1, ""]], "x", [None]]
)
def test_a_change_of_a_list_that_was_not_passed_is_refused(
    link, other, told
):
    other.says({"value": 1, "entries": told})
    said = refused(link.do, "call", [1])  # with a dict of keyword arguments
    assert said.startswith(("changed a list", "expected a number"))


@pytest.mark.parametrize(
    ("was", "now"),
    [
        ([1], [2, ARRAY, {"f": 0}]),
        ({"a": 1}, {"d": [["b", 2]]}),
        ({1}, {"s": [2]}),
    ],
)
@pytest.mark.parametrize("key", [1, "k"])
def test_what_gives_nothing_may_change_its_arguments(
    link, other, was, now, key
):
    data = np.array([1.5]).tobytes().hex()
    before, was = was, was.copy()
    link.functions.append(print)
    args, words = ((0, was), {}) if key == 1 else ((), {"k": was})
    for tree, value in ((3, None), (now, 1)):  # neither changes anything
        other.says({"value": value, "mutated": [[key, tree, data]]})
        link.do("x", *args, **words)
        assert was == before
    told = [[key, 3, ""], [key, now, data], [7, None, ""]]
    other.says({"value": None, "mutated": told})
    link.do("x", *args, **words)
    message = Message({}, bytes.fromhex(data), [])
    assert was == Decoder(message, lambda _: print).decode(now)


def test_what_gives_nothing_may_change_a_table(link, other):
    pd = pytest.importorskip("pandas")
    table, now = pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [2, 3]})
    encoder = Encoder(str)
    tree = encoder.encode(now)
    told = [[0, tree, b"".join(encoder.chunks).hex()]]
    other.says({"value": None, "mutated": told})
    link.do("x", table)
    pd.testing.assert_frame_equal(table, now)


@pytest.mark.parametrize(
    "told",
    [[[0, []]], [3], [[[], [], ""]], [[0, [], "x"]], [[0, {"q": 1}, ""]]],
)
def test_a_change_that_cannot_be_read_is_refused(link, other, told):
    other.says({"value": None, "mutated": told})
    assert refused(link.do, "x", [1]) not in ("", "None", None)


# -------------------------------------------------------- classes and objects


def test_an_exceptions_class_can_be_caught(link, other):
    line = ["N:E", "builtins:ValueError", *BASES]
    error = ["E", "no", "", line, {"u": ["no"]}, {"h": 3}]
    other.says({"value": ["E"]}, {"value": line}, {"error": error})
    kind = link.name("E", "class")
    with pytest.raises(kind, match="no"):
        link.do("x")
    assert (kind.__name__, issubclass(kind, ValueError)) == ("E", True)
    other.heard()
    args = {"u": [{"u": [{"N": "E"}]}, NOTHING]}
    assert other.heard() == {"do": "class", "args": args}


def test_a_caught_exception_has_its_text_and_names(link, other):
    line = ["N:E", "builtins:ValueError", *BASES]
    error = [
        "E",
        "\x07no",
        "line 3",
        line,
        {"u": [ARRAY, {"h": 9}]},
        {"h": 3},
    ]
    other.says({"error": error}, data=np.array([1.5]).tobytes())
    with pytest.raises(ValueError, match="no") as raised:
        link.do("x")
    error = raised.value
    assert str(error) == "no"
    assert error.__notes__ == ["in the learner's code:\nline 3"]
    assert (error.args[0], type(error.args[1])) == ([1.5], Proxy)
    other.says({"value": 4}, {"value": 1})
    assert error.size == 4
    link.do("y", error, type(error))
    other.heard()
    for args in ([{"h": 3}, "size"], [{"h": 3}, {"N": "E"}]):
        assert other.heard()["args"] == {"u": [{"u": args}, NOTHING]}


@pytest.mark.parametrize(
    ("kind", "args", "found"),
    [
        (KeyError, {"u": ["a"]}, ("'a'",)),
        (ValueError, {"u": ["no", 3]}, ("no", 3)),
        (ValueError, ["no"], ("'a'",)),
    ],
)
def test_an_exception_of_pythons_has_its_arguments(
    link, other, kind, args, found
):
    line = [f"builtins:{kind.__name__}", *BASES]
    other.says({"error": ["", "'a'", "", line, args, {"h": 3}]})
    with pytest.raises(kind) as raised:
        link.do("x")
    assert raised.value.args == found
    assert not hasattr(raised.value, "__notes__")
    if kind is KeyError:
        assert str(raised.value) == "'a'"


def test_a_name_that_is_not_there_is_an_error(link, other):
    other.says({"value": ["a"]})
    with pytest.raises(NameError, match="'b'"):
        link.name("b", "value")


@pytest.mark.parametrize(
    "line", [3, BASES[2:], ["N:A", "builtins:SystemExit", *BASES[1:]]]
)
def test_another_class_stays_over_there(link, other, line):
    other.says({"value": ["A"]}, {"value": line})
    assert type(link.name("A", "class")) is Proxy


def test_the_bases_of_a_class_are_those_that_a_test_knows(link, other):
    line = ["N:B", "N:A", "builtins:object"]
    a_class = {"h": 3, "k": "A", "c": "class"}
    other.says({"value": ["A", "B"]}, {"value": a_class})
    other.says(*[{"value": line}] * 3)
    a, b = link.name("A", "value"), link.name("B", "class")
    assert b.__bases__ == (a,)
    other.says({"value": 1})
    link.do("x", a)
    for _ in range(5):
        other.heard()
    args = {"u": [{"u": [{"h": 3, "N": "A"}]}, NOTHING]}
    assert other.heard()["args"] == args


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("class", type),
        ("function", types.FunctionType),
        ("object", Proxy),
        (None, Proxy),
    ],
)
def test_an_object_is_what_it_is_said_to_be(link, other, said, kind):
    other.says({"value": {"h": 3, "k": "x", "c": said}})
    assert link.do("x").__class__ is kind


def test_what_rests_on_a_learners_word_is_kept_once(link):
    for what in "aba":
        link.believe(what)
    assert link.believed == ["a", "b"]
    link.hidden = True
    for what in "cd":
        link.believe(what)  # what, and how often, is the answer's choice
    assert link.believed == ["a", "b", "what a hidden test compares"]
