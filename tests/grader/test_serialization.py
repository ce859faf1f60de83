"""Only plain data cross between the processes, and come back as they were."""

from __future__ import annotations

import ast
import datetime
import decimal
import fractions
import json
import math
import pathlib
import socket
from collections import Counter, OrderedDict, namedtuple

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.isolation import serialization
from grader.isolation.serialization import (
    HEAD,
    Decoder,
    Encoder,
    Message,
    WireError,
    import_named,
    name_importable,
    receive,
    send,
)
from rnncore import rnn
from rnncore.rnn import Params, rnn_cell
from rnncore.testing.failure import Place


def keep(value):
    return {"kept": type(value).__name__}


def there(value):
    """A value after it was written as JSON and read again."""
    message = Encoder(keep).message(value)
    tree = json.loads(json.dumps(message.tree))
    return Decoder(message._replace(tree=tree), lambda node: node).decode(
        tree
    )


def read(tree, data=b""):
    return Decoder(Message(tree, data, []), lambda node: node).decode(tree)


def kinds(tree):
    """The types of a tree's parts, where these have an order."""
    if isinstance(tree, list | tuple):
        return type(tree), [kinds(part) for part in tree]
    if isinstance(tree, dict):
        return dict, [kinds(part) for part in tree.values()]
    return type(tree)


scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.complex_numbers(allow_nan=False)
    | st.binary()
)
hashable = st.booleans() | st.integers() | st.text()
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(hashable, inner)
        | st.sets(hashable)
    ),
    max_leaves=20,
)


@pytest.mark.slow
@given(trees)
def test_a_tree_of_plain_values_comes_back_equal_in_value_and_type(tree):
    back = there(tree)
    assert back == tree
    assert kinds(back) == kinds(tree)


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((0, 3)),
        np.float32(1.5),
        np.array(2),
        np.arange(6, dtype="int8").reshape(2, 3).T,
        np.array([True, False]),
        np.array([1 + 2j]),
        np.array(["a", "bcd"]),
        np.array([math.nan, -math.inf]),
    ],
    ids=str,
)
def test_an_array_keeps_dtype_shape_and_entries(array):
    back = there(array)
    assert type(back) is type(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(back, array)


@pytest.mark.parametrize(
    "dtype", [torch.float32, torch.bfloat16, torch.bool, torch.complex64]
)
def test_a_tensor_keeps_dtype_shape_and_entries(dtype):
    tensor = torch.tensor([[1, 0, 1]]).to(dtype).T
    back = there(tensor)
    assert back.dtype == dtype
    assert torch.equal(back, tensor)


def test_one_entry_of_a_larger_tensor_comes_back():
    """It counts as contiguous, though its stride is not one."""
    column = torch.arange(6.0).reshape(2, 3)[:1, 2]
    assert column.stride() == (3,)
    assert torch.equal(there(column), column)


@pytest.mark.parametrize(
    "value",
    [
        Params(1, 2.0, "x", None),
        OrderedDict(b=1, a=2),
        Counter("aab"),
        slice(1, None, 2),
        range(3),
        Ellipsis,
        np.dtype("float32"),
        torch.float64,
        10**400,
        1 + 2j,
        {1, "a"},
        frozenset([2, (1, 3)]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_other_plain_kinds_come_back_as_they_were(value):
    back = there(value)
    assert back == value
    assert type(back) is type(value)


def test_a_generator_goes_on_alike():
    rng = np.random.default_rng(3)
    rng.normal(size=5)
    one, two = there([rng, rng])
    assert one is two
    assert one.normal() == rng.normal()
    encoder = Encoder(keep)
    encoder.encode([rng, "text", rng])
    assert [*map(id, encoder.generators)] == [id(rng)]


def test_an_array_that_is_handed_over_twice_is_one_array():
    a = np.ones(2)
    one, two = there((a, a))
    assert one is two


def test_a_class_that_claims_to_be_an_array_arrives_as_its_numbers():
    class Evil(np.ndarray):
        def __eq__(self, other):
            return True

    back = there(np.ones(2).view(Evil))
    assert type(back) is np.ndarray
    assert not (back == 3).any()


@pytest.mark.parametrize("value", [object(), print, lambda: 0, socket])
def test_what_is_not_plain_is_left_to_the_sender(value):
    assert Encoder(keep).encode(value) == keep(value)


@pytest.mark.parametrize(
    "tree",
    [
        {"a": ["<f8", [10**12], [0, 8]]},  # a giant shape
        {"a": ["<f8", [-1], [0, 8]]},
        {"a": ["<f8", [True], [0, 8]]},
        {"a": ["<f8", [1.0], [0, 8]]},
        {"a": ["<f8", [1] * 100, [0, 8]]},
        {"a": ["O", [1], [0, 8]]},
        {"a": ["O8,f8", [1], [0, 16]]},
        {"a": ["<f8", [1], [0, 10**9]]},
        {"a": ["<f8", [1], [-8, 8]]},
        {"a": ["<f8"]},
        {"t": ["qint8", [1], [0, 1]]},
        {"n": ["os:system", ["__class__"], ["ls"]]},
        {"n": ["rnncore.rnn:Params", ["a b"], [1]]},
        {"u": 3},
        {"d": [[[], 1]]},
        {"R": {"d": []}},
        {},
        {"y": "O"},
    ],
    ids=str,
)
def test_a_false_message_is_refused(tree):
    with pytest.raises(WireError):
        read(tree, bytes(16))


def test_a_message_that_is_nested_too_deeply_is_refused():
    tree = []
    for _ in range(5000):
        tree = [tree]
    with pytest.raises(WireError, match="deep"):
        read(tree)


def test_a_learners_tuple_gets_no_class_of_another_module():
    back = read({"n": ["subprocess:Popen", ["args"], [1]]})
    assert type(back).__module__ not in ("subprocess", "os")
    assert back == (1,)


def test_functions_of_the_package_are_known_by_name():
    assert import_named(name_importable(rnn_cell)) is rnn_cell
    assert import_named(name_importable(np.tanh)) is np.tanh
    assert import_named(name_importable(np)) is np
    assert (
        name_importable(test_functions_of_the_package_are_known_by_name)
        is None
    )
    assert name_importable(lambda x: x) is None


def test_a_frame_that_is_too_large_is_refused_before_it_is_read():
    one, two = socket.socketpair()
    with one, two:
        one.sendall(HEAD.pack(10**15, 0))
        with pytest.raises(WireError, match="MB"):
            receive(two, 1000)


@pytest.mark.parametrize("text", [b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_a_frame_that_is_no_message_is_refused(text):
    one, two = socket.socketpair()
    with one, two:
        one.sendall(HEAD.pack(len(text), 0) + text)
        with pytest.raises(WireError):
            receive(two, 1_000_000)


def test_a_frame_that_does_not_come_is_not_waited_for():
    one, two = socket.socketpair()
    with one, two:
        one.sendall(HEAD.pack(10, 0))
        with pytest.raises(TimeoutError):
            receive(two, 1000, until=0.0)


def test_the_end_of_the_other_side_is_told():
    one, two = socket.socketpair()
    send(one, {"x": 1})
    one.close()
    with two:
        assert receive(two, 1000) == ({"x": 1}, b"")
        with pytest.raises(EOFError, match=r"^the other side has gone$"):
            receive(two, 1000)


@pytest.mark.parametrize("body", [[0, 10**9, 1], [0, 10**30, 1]])
def test_a_range_that_would_grow_is_refused(body):
    with pytest.raises(WireError):
        read({"r": body})


# ------------------------------------------------------------- as it is sent

Pair = namedtuple("Pair", "first second")


class Count(int):
    """A learner's own kind of number."""


@pytest.mark.parametrize(
    ("value", "tree"),
    [
        (2**63 - 1, 2**63 - 1),
        (1 - 2**63, 1 - 2**63),
        (2**63, {"i": "0x8000000000000000"}),
        (-(2**63), {"i": "-0x8000000000000000"}),
        ((1, [2]), {"u": [1, [2]]}),
        ({1}, {"s": [1]}),
        (frozenset([1]), {"z": [1]}),
        ({"a": (1,)}, {"d": [["a", {"u": [1]}]]}),
        (OrderedDict(a=1), {"D": [["a", 1]]}),
        (Counter("a"), {"C": [["a", 1]]}),
        (1 + 2j, {"c": [1.0, 2.0]}),
        (bytearray(b"ab"), {"b": [0, 2]}),
        ((b"abc", b"d"), {"u": [{"b": [0, 3]}, {"b": [3, 1]}]}),
        (slice(1, None), {"x": [1, None, None]}),
        (range(1, 9, 2), {"r": [1, 9, 2]}),
        (Ellipsis, {"e": 0}),
        (np.dtype("int32"), {"y": "<i4"}),
        (np.dtype("U3"), {"y": "<U3"}),
        (np.float32(1), {"g": ["<f4", [], [0, 4]]}),
        (np.str_("ab"), {"g": ["<U2", [], [0, 8]]}),
        (np.zeros((2, 1), "i2"), {"a": ["<i2", [2, 1], [0, 4]]}),
        (torch.Size([2, 3]), {"u": [2, 3]}),
        (torch.bfloat16, {"T": "bfloat16"}),
        (torch.zeros(2, 1), {"t": ["float32", [2, 1], [0, 8]]}),
        (Count(3), 3),
        (type("Words", (list,), {})("ab"), ["a", "b"]),
        (
            Pair(1, 2),
            {"n": [f"{__name__}:Pair", ["first", "second"], [1, 2]]},
        ),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_value_has_one_tree(value, tree):
    assert Encoder(keep).encode(value) == tree


@pytest.mark.parametrize(
    "value",
    [
        *(np.zeros(1, "i4,f8"), np.zeros(1, "i4,f8")[0]),
        np.dtype("M8[s]"),
        np.random.Generator(np.random.MT19937(0)),
        torch.eye(2).to_sparse(),
        torch.zeros(1, dtype=torch.float8_e4m3fn),
    ],
    ids=str,
)
def test_rare_kinds_are_left_to_the_sender(value):
    assert Encoder(keep).encode(value) == keep(value)


def test_tensors_that_want_gradients_say_which_they_are():
    leaf = torch.ones(1, requires_grad=True)
    given = torch.ones(1, requires_grad=True)
    leaf.grad = torch.ones(1)
    made = 2 * leaf
    encoder = Encoder(keep, [given])
    plain, first, second, third, again = encoder.encode(
        [torch.ones(1), made, given, leaf, made]
    )
    assert "grad" not in plain
    assert (first["grad"], second["grad"], third["grad"]) == (0, 1, 2)
    assert "leaf" not in first
    assert "leaf" not in second
    assert third["leaf"] == {"t": ["float32", [1], [16, 4]]}
    assert again is first
    assert [
        part is known
        for part, known in zip(encoder.leaves, [made, given, leaf])
    ] == [True] * 3


def test_a_message_has_its_arrays_bytes_one_after_another():
    a, t = np.ones(2, "i1"), torch.ones(3, dtype=torch.int8)
    message = Encoder(keep).message([a, t, a, b"\2"])
    assert message.data == bytes([1, 1, 1, 1, 1, 2])
    assert [one is other for one, other in zip(message.arrays, [a, t])] == [
        True
    ] * 2
    assert len(message.arrays) == 2


# ------------------------------------------------------------- as it is read


def error(tree, data=b"", **how):
    with pytest.raises(WireError) as refused:
        Decoder(Message(tree, data, []), lambda node: node, **how).decode(
            tree
        )
    return str(refused.value)


def test_a_message_of_too_many_parts_is_refused(monkeypatch):
    monkeypatch.setattr(serialization, "NODES", 10)
    assert read([1] * 9) == [1] * 9
    assert error([1] * 10) == "it has more than 10 parts"
    assert len(read({"r": [0, 10, 1]})) == 10
    assert error({"r": [0, 11, 1]}) == "a range of 11 numbers"


@pytest.mark.parametrize(
    ("tree", "says"),
    [
        (
            {"a": ["<f8", [3], [0, 16]]},
            "an array of shape [3] has not 16 bytes",
        ),
        ({"a": ["<f8", [1] * 33, [0, 8]]}, "has not 8 bytes"),
        ({"a": ["<f8", "ab", [0, 16]]}, "an array of shape ab has not"),
        ({"a": ["O", [1], [0, 8]]}, "no array holds 'O'"),
        ({"y": "M8[s]"}, "no array holds 'M8[s]'"),
        ({"M": ["M8[s]", [0], []]}, "no array holds 'M8[s]'"),
        ({"y": "i4,f8"}, "no array holds 'i4,f8'"),
        ({"y": "(2,)f8"}, "no array holds '(2,)f8'"),
        ({"t": ["qint8", [1], [0, 1]]}, "no tensor holds 'qint8'"),
        ({"b": [0, 17]}, "its bytes are not there"),
        ({"b": [16, 1]}, "its bytes are not there"),
        ({"b": [-1, 1]}, "its bytes are not there"),
        ({"b": [4, -1]}, "its bytes are not there"),
        (
            [{"b": [0, 16]}, {"b": [15, 1]}],
            "it uses the same bytes for several things",
        ),
        ({"n": ["a:B", ["a"] * 101, [1]]}, "it has too many fields"),
        ({"u": 3}, "it cannot be read: 'int' object is not iterable"),
    ],
    ids=str,
)
def test_a_false_message_is_refused_with_the_reason(tree, says):
    assert says in error(tree, bytes(16))


def test_a_number_is_one_and_of_bounded_length():
    found = read({"g": ["<f8", [1], [0, 8]]}, bytes(8))
    assert (type(found), found) == (np.float64, 0)
    says = "cannot reshape array of size 2"
    assert says in error({"g": ["<f8", [2], [0, 16]]}, bytes(16))
    assert read({"i": "1" * 20_000}) == int("1" * 10_000, 16)


def test_what_is_not_known_is_fetched():
    for tree in (
        {"": [1]},
        {"sz": [1]},
        {"h": 3},
        {"T": "qint8"},
        {"T": "Tensor"},
    ):
        assert read(tree) == tree
    assert read({"T": "int8"}) is torch.int8


def test_all_bytes_may_be_used_and_empty_arrays_use_none():
    empty = {"a": ["<f8", [0], [0, 0]]}
    found = read([{"b": [0, 8]}, {"b": [8, 8]}, empty, empty], bytes(16))
    assert found[:2] == [bytes(8), bytes(8)]
    assert found[2] is not found[3]
    assert found[2].shape == (0,)
    nothing = {"t": ["int8", [0, 2], [0, 0]]}
    one, two = read([nothing, nothing])
    assert (one.shape, one.dtype) == ((0, 2), torch.int8)
    assert one is not two


def test_arrays_are_copies_that_the_receiver_may_change():
    tree = {
        "u": [{"a": ["<i2", [2], [0, 4]]}, {"t": ["int16", [2], [4, 4]]}]
    }
    data = np.arange(4, dtype="<i2").tobytes()
    decoder = Decoder(Message(tree, data, []), str)
    array, tensor = decoder.decode(tree)
    array += 1
    tensor += 1
    assert (array.tolist(), tensor.tolist()) == ([1, 2], [3, 4])
    kept = [sent for _, sent in decoder.arrays]
    assert kept == [data[:4], data[4:]]
    assert decoder.arrays[0][0] is array
    assert decoder.arrays[1][0] is tensor


def test_a_tensor_that_wants_gradients_is_attached_or_a_leaf():
    node = {"t": ["float32", [1], [0, 4]], "grad": 0}
    assert read(node, bytes(4)).requires_grad
    assert not read({"t": node["t"]}, bytes(4)).requires_grad
    message = Message(node, bytes(4), [])
    for tree, made in ((node, True), ({"t": node["t"]}, False)):
        decoder = Decoder(message, str, lambda tensor, at: (tensor, at))
        found = decoder.decode([tree, tree])
        assert (type(found[0]) is tuple) is made
        assert found[0] is found[1]
        tensor, at = found[0] if made else (found[0], tree)
        assert tensor.tolist() == [0]
        assert at is tree


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("rnncore.rnn:Params", Params),
        ("rnncore.rnn:Params.x", None),
        ("rnncore.rnn:rnn_cell", None),
        ("rnncore.rnn:nothing", None),
        ("rnncore.nothing:Params", None),
        ("collections:namedtuple", None),
        (f"{__name__}:Pair", None),
    ],
)
def test_only_the_packages_tuples_are_made_by_name(name, kind):
    fields, parts = list("abcd"), [1, 2, 3, 4]
    found = read({"n": [name, fields, parts]})
    assert found == (1, 2, 3, 4)
    assert found._fields == (kind._fields if kind else tuple("abcd"))
    assert type(found).__name__ == (kind.__name__ if kind else "Result")
    if kind:  # of another length it is the learner's own
        other = read({"n": [name, ["a"], [1]]})
        assert other._fields == ("a",)


def test_a_name_of_the_package_that_is_no_tuple_makes_none(monkeypatch):
    monkeypatch.setattr(rnn, "Node", ast.Name, raising=False)
    found = read({"n": ["rnncore.rnn:Node", ["a", "b"], [1, 2]]})
    assert (type(found).__name__, found) == ("Result", (1, 2))
    place = Place("ch03_bptt", "Windows", "windows")
    assert type(there(place)) is Place


def test_a_learners_class_that_claims_a_library_is_not_known_by_name():
    class Tanh:
        __module__ = "numpy"
        __name__ = "tanh"

    class Nothing:
        __module__ = "numpy"

    assert name_importable(Nothing) is None
    assert name_importable(Tanh) is None
    assert name_importable(Tanh()) is None
    assert name_importable(socket) is None
    assert name_importable(socket.socket) is None
    assert name_importable(math) == "math:"
    assert name_importable(np.linalg) == "numpy.linalg:"
    assert name_importable(math.sin) == "math:sin"
    assert name_importable(np.linalg.norm) == "numpy.linalg:norm"
    assert name_importable(rnn_cell) == "rnncore.rnn:rnn_cell"
    assert name_importable(len) == "builtins:len"
    assert name_importable(str.lower) is None
    assert name_importable(3) is None


# -------------------------------------------------------------------- frames


def test_a_frame_may_be_as_large_as_was_said():
    one, two = socket.socketpair()
    with one, two:
        send(one, {"x": 1}, b"abc")
        send(one, {"x": 1}, b"abc")
        assert receive(two, len('{"x": 1}abc')) == ({"x": 1}, b"abc")
        with pytest.raises(WireError, match="it has 0 MB, more than 0 MB"):
            receive(two, len('{"x": 1}abc') - 1)


def test_the_sizes_of_a_frame_are_told():
    one, two = socket.socketpair()
    with one, two:
        one.sendall(HEAD.pack(3 * 10**12, 10**12))
        with pytest.raises(WireError) as refused:
            receive(two, 2 * 10**12)
        assert str(refused.value) == (
            "it has 4,000,000 MB, more than 2,000,000 MB"
        )
        one.sendall(HEAD.pack(3, 0) + b"[1]")
        with pytest.raises(WireError, match=r"^it is no message$"):
            receive(two, 10)
        one.sendall(HEAD.pack(1, 0) + b"{")
        with pytest.raises(WireError, match=r"^it is no JSON: Expecting"):
            receive(two, 10)


class Parts:
    """A socket that gives what it was told to, part by part."""

    def __init__(self, *parts):
        self.parts, self.asked, self.waits = [*parts], [], []

    def settimeout(self, seconds):
        self.waits.append(seconds)

    def recv(self, size):
        self.asked.append(size)
        return self.parts.pop(0)


def test_a_frame_is_put_together_from_its_parts(monkeypatch):
    monkeypatch.setattr(serialization.time, "monotonic", lambda: 5.0)
    head, whole = HEAD.pack(2, (1 << 20) + 3), 1 << 20
    parts = [head[:5], head[5:], b"{}", b"a" * whole, b"b", b"cd"]
    sock = Parts(*parts)
    found = receive(sock, 1 << 21, until=5.5)
    assert found == ({}, b"a" * whole + b"bcd")
    assert sock.asked == [16, 11, 2, whole, 3, 2]
    assert sock.waits == [0.5] * 6
    sock = Parts(*parts)
    receive(sock, 1 << 21)
    assert sock.waits == []  # without a limit there is none to set
    with pytest.raises(TimeoutError):
        receive(Parts(*parts), 1 << 21, until=5.0)


def test_a_tuple_that_says_it_is_an_array_is_a_plain_one():
    """A test would make an array of the shape that it claims."""
    Lie = namedtuple("Lie", ["shape", "dtype", "device"])
    assert type(there(Lie((10**9,), 1, 2))) is tuple
    Own = namedtuple("Own", ["h", "c"])
    assert there(Own(1, 2)).c == 2


@pytest.mark.parametrize(
    "value",
    [
        decimal.Decimal("0.10"),
        fractions.Fraction(1, 3),
        datetime.date(2024, 2, 29),
        datetime.datetime(2024, 2, 29, 1, 2, 3, 4, datetime.UTC),
        datetime.timedelta(days=-1, microseconds=3),
        pathlib.Path("a/b.txt"),
        *(np.datetime64("2026"), np.timedelta64(3, "m")),
        pd.Timestamp("2024-01-02", tz="Europe/Rome"),
        pd.Timedelta("3min"),
    ],
    ids=str,
)
def test_exact_numbers_and_dates_are_data(value):
    back = there(value)
    assert type(back) is type(value)
    assert back == value


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame({"a": [1, 2], "b": [0.5, None], "c": ["x", None]}),
        pd.DataFrame({"k": pd.Categorical(["u", "v"], ordered=True)}),
        pd.DataFrame({"t": pd.to_datetime(["2024-01-01", "2024-01-02"])}),
        pd.DataFrame({"n": pd.array([1, None], "Int64")}, index=["p", "q"]),
        pd.DataFrame({("a", 1): [1], ("a", 2): [2]}),
        pd.DataFrame(index=[3, 4]),
    ],
    ids=range(6),
)
def test_a_table_is_data_with_its_kinds_and_its_indexes(table):
    pd.testing.assert_frame_equal(there(table), table)
    for name in table.columns:
        pd.testing.assert_series_equal(there(table[name]), table[name])


def test_a_table_that_claims_to_equal_everything_arrives_as_a_table():
    class Evil(pd.DataFrame):
        def equals(self, other):
            return True

    back = there(Evil({"a": [1]}))
    assert type(back) is pd.DataFrame
    assert not back.equals(pd.DataFrame({"a": [2]}))


def test_an_array_of_objects_is_an_array_of_what_these_are():
    back = there(np.array(["a", None, 1.5], dtype=object))
    assert back.tolist() == ["a", None, 1.5]


@pytest.mark.filterwarnings("ignore:the matrix subclass")
@pytest.mark.parametrize(
    ("make", "args"),
    [
        (np.array, ([["a", None], [1.5, 2]], object)),
        (np.array, ([["2026-01-01", "NaT"]] * 2, "M8[s]")),
        (np.asmatrix, ([[1, 2], [3, 4]],)),
        (np.ma.MaskedArray, ([[1, 2], [3, 4]], [[0, 1], [0, 0]])),
    ],
)
def test_a_table_of_a_rarer_kind_is_one(make, args):
    table = make(*args)
    back = there(table)
    assert (type(back), back.dtype) == (type(table), table.dtype)
    assert repr(back.tolist()) == repr(table.tolist())
