"""Only plain data cross between the processes, and come back as they were."""

from __future__ import annotations

import json
import math
import socket
from collections import Counter, OrderedDict

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grader.isolation.wire import (
    HEAD,
    Decoder,
    Encoder,
    Message,
    WireError,
    importable,
    imported,
    receive,
    send,
)
from rnncore.rnn import Params, rnn_cell


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
    assert there(rng).normal() == rng.normal()


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


@pytest.mark.parametrize(
    "value", [object(), print, np.array([object()]), lambda: 0, socket]
)
def test_what_is_not_plain_is_left_to_the_sender(value):
    assert "kept" in Encoder(keep).encode(value)


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
    assert imported(importable(rnn_cell)) is rnn_cell
    assert imported(importable(np.tanh)) is np.tanh
    assert imported(importable(np)) is np
    assert (
        importable(test_functions_of_the_package_are_known_by_name) is None
    )
    assert importable(lambda x: x) is None


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
        assert receive(two, 1000)[0] == {"x": 1}
        with pytest.raises(EOFError):
            receive(two, 1000)


@pytest.mark.parametrize("body", [[0, 10**9, 1], [0, 10**30, 1]])
def test_a_range_that_would_grow_is_refused(body):
    with pytest.raises(WireError):
        read({"r": body})
