"""The wire format between the grader's process and a learner's.

A message is a tree in JSON and one run of bytes that its arrays point
into. Numbers, texts, containers, NumPy arrays and torch tensors cross by
value; nothing is unpickled, evaluated or imported at the other side's
word. Other values are left to the `keep` of the sender, which names each
so that the receiver can ask for it, and to the receiver's `fetch`.
"""

from __future__ import annotations

import functools
import importlib
import json
import math
import re
import socket
import struct
import sys
import time
from collections import Counter, OrderedDict, namedtuple
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

from grader import untrusted
from grader.isolation import frames, generators

HEAD = struct.Struct("!QQ")  # bytes of JSON, bytes of arrays
KINDS = "biufc"  # of NumPy's dtypes; "U" too, for texts
LARGEST_INT = 2**63
NODES = 2_000_000  # in one message
TENSORS = [
    *("float16", "float32", "float64", "bfloat16", "complex64"),
    *("complex128", "bool", "uint8", "int8", "int16", "int32", "int64"),
]
DICTS = {"d": dict, "D": OrderedDict, "C": Counter}
SEQUENCES: dict[Any, str] = {tuple: "u", set: "s", frozenset: "z"}
BASES: tuple[Any, ...] = (int, float, str, list, tuple, dict, set)
LIBRARIES = {"rnncore", "numpy", "torch", "math", "operator", "builtins"}

Tree = Any  # what json can write


class WireError(ValueError):
    """A value that can't be sent, or a malformed message."""


class Message(NamedTuple):
    """A tree, the bytes of its arrays, and the arrays it was made from."""

    tree: Tree
    data: bytes
    arrays: list[Any]


# ---------------------------------------------------------------- encoding


class Encoder:
    """Makes one message; an array that occurs twice is sent once."""

    def __init__(self, keep: Callable[[Any], Tree], given: Iterable[Any] = ()):
        self.keep = keep
        self.given = {id(tensor) for tensor in given}  # these are no leaves
        self.chunks: list[bytes] = []
        self.size = 0
        self.arrays: list[Any] = []
        self.containers: list[Any] = []  # lists and dicts, outer ones first
        self.leaves: list[Any] = []  # tensors that require a gradient
        self.generators: list[np.random.Generator] = []
        self.memo: dict[int, Tree] = {}

    def message(self, value: Any) -> Message:
        """The message that holds a value."""
        tree = self.encode(value)
        return Message(tree, b"".join(self.chunks), self.arrays)

    def encode(self, value: Any) -> Tree:
        """The tree of a value; its arrays go into the message."""
        kind = type(value)
        if value is None or kind is bool or kind is str or kind is float:
            return value
        if kind is int:
            small = -LARGEST_INT < value < LARGEST_INT
            return value if small else {"i": hex(value)}
        if kind is list:
            self.containers.append(value)
            return [self.encode(v) for v in value]
        if kind in (tuple, set, frozenset):
            tag = SEQUENCES[kind]
            return {tag: [self.encode(v) for v in value]}
        for tag, known in DICTS.items():
            if kind is known:
                self.containers.append(value)
                pairs = value.items()
                return {tag: [[self.encode(k), self.encode(v)] for k, v in pairs]}
        return self._encode_other(value)

    def _encode_other(self, value: Any) -> Tree:
        if isinstance(value, np.ndarray):
            if isinstance(value, np.ma.MaskedArray):
                mask = np.ma.getmaskarray(value)
                return {"K": [self._array(value.data), self._array(mask)]}
            if isinstance(value, np.matrix):
                return {"W": self._array(np.asarray(value))}
            return self._array(value)
        if isinstance(value, np.generic):
            return self._scalar(value)
        torch = sys.modules.get("torch")
        if torch is not None:
            if isinstance(value, torch.Tensor):
                return self._tensor(value, torch)
            if isinstance(value, torch.Size):
                return {"u": list(map(int, value))}
            if isinstance(value, torch.dtype):
                return {"T": str(value).rpartition(".")[2]}
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            kind = type(value)
            parts = [self.encode(v) for v in tuple(value)]
            name = f"{kind.__module__}:{kind.__qualname__}"
            return {"n": [name, list(value._fields), parts]}
        if isinstance(value, complex):
            return {"c": [value.real, value.imag]}
        if isinstance(value, bytes | bytearray):
            return {"b": self._bytes(bytes(value))}
        if isinstance(value, slice | range):
            tag = "x" if isinstance(value, slice) else "r"
            ends = value.start, value.stop, value.step
            return {tag: [self.encode(v) for v in ends]}
        if value is Ellipsis:
            return {"e": 0}
        if isinstance(value, np.dtype) and value.kind in KINDS + "U":
            return {"y": value.str}
        if isinstance(value, np.random.Generator):
            return self._generator(value)
        mark = len(self.chunks), self.size, dict(self.memo), list(self.arrays)
        count = len(self.generators)
        try:
            return frames.encode(value, self.encode)
        except frames.Unknown:
            del self.chunks[mark[0] :], self.generators[count:]
            self.size, self.memo, self.arrays = mark[1:]
        return self._subclass(value)

    def _subclass(self, value: Any) -> Tree:
        """An instance of a class derived from one of BASES, as that one."""
        for kind in BASES:
            if isinstance(value, kind):
                return self.encode(kind(value))
        return self.keep(value)

    def _bytes(self, data: bytes) -> list[int]:
        """The place of the bytes: their start and their number."""
        at = [self.size, len(data)]
        self.chunks.append(data)
        self.size += len(data)
        return at

    def _array(self, value: np.ndarray) -> Tree:
        found = self.memo.get(id(value))
        if found is not None:
            return found
        if value.dtype.kind == "O":
            shape = list(value.shape)
            return {"O": [shape, [self.encode(v) for v in value.ravel().tolist()]]}
        if value.dtype.kind in "mM":
            name, numbers = value.dtype.str, np.ascontiguousarray(value).view("i8")
            return {"M": [name, list(value.shape), self._array(numbers.reshape(-1))]}
        if value.dtype.kind not in KINDS + "U" or value.dtype.names:
            return self.keep(value)
        whole = np.ascontiguousarray(np.asarray(value))
        at = self._bytes(whole.tobytes())
        node = {"a": [value.dtype.str, list(value.shape), at]}
        self.memo[id(value)] = node
        self.arrays.append(value)
        return node

    def _scalar(self, value: np.generic) -> Tree:
        if value.dtype.kind in "mM":
            return {"J": self._array(np.asarray(value).reshape(1))}
        if value.dtype.kind not in KINDS + "U":
            return self.keep(value)
        at = self._bytes(value.tobytes())
        return {"g": [value.dtype.str, [], at]}

    def _tensor(self, value: Any, torch: Any) -> Tree:
        found = self.memo.get(id(value))
        if found is not None:
            return found
        name = str(value.dtype).rpartition(".")[2]
        if name not in TENSORS or value.layout != torch.strided:
            return self.keep(value)
        at = self._bytes(bytes_of(value, torch))
        node: Tree = {"t": [name, list(value.shape), at]}
        if value.requires_grad:
            node["grad"] = len(self.leaves)
            self.leaves.append(value)
            if value.is_leaf and id(value) not in self.given:
                node["leaf"] = self.encode(value.grad)
        self.memo[id(value)] = node
        self.arrays.append(value)
        return node

    def _generator(self, value: np.random.Generator) -> Tree:
        if (found := self.memo.get(id(value))) is not None:
            return found
        if not generators.knows(value):
            return self.keep(value)
        state = self.encode(value.bit_generator.state)
        node = self.memo[id(value)] = {"R": [len(self.generators), state]}
        self.generators.append(value)
        return node


def bytes_of(tensor: Any, torch: Any) -> bytes:
    """The bytes of a tensor's entries.

    It is copied, as a tensor of one entry is contiguous to torch whatever its
    stride is, and `view` asks for a stride of 1.
    """
    whole = tensor.detach().cpu().resolve_conj().resolve_neg()
    whole = whole.clone(memory_format=torch.contiguous_format).reshape(-1)
    return bytes(whole.view(torch.uint8).numpy())


def name_importable(value: Any) -> str | None:
    """The name by which the other side has the same thing, if it has."""
    module = getattr(value, "__module__", None)
    name = getattr(value, "__name__", None)
    if isinstance(value, np.ufunc):
        module = "numpy"
    if isinstance(value, type(sys)):
        package = value.__name__.partition(".")[0]
        return f"{value.__name__}:" if package in LIBRARIES else None
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    if module.partition(".")[0] not in LIBRARIES:
        return None
    known = sys.modules.get(module)
    if known is None or getattr(known, name, None) is not value:
        return None
    return f"{module}:{name}"


def import_named(name: str) -> Any:
    """What `name_importable` named. For the learner's side only."""
    module, _, attribute = name.partition(":")
    found = importlib.import_module(module)
    return getattr(found, attribute) if attribute else found


# ---------------------------------------------------------------- decoding


class Decoder:
    """Reads one message, which may hold anything.

    `fetch` gives what a node that this module does not know stands for;
    `attach` takes a tensor that requires a gradient, with its node.
    """

    def __init__(
        self,
        message: Message,
        fetch: Callable[[Tree], Any],
        attach: Callable[[Any, Tree], Any] | None = None,
    ):
        self.data = message.data
        self.fetch, self.attach = fetch, attach
        self.memo: dict[tuple, Any] = {}
        self.arrays: list[tuple[Any, bytes]] = []  # and their bytes, as sent
        self.containers: list[Any] = []  # in the Encoder's order
        self.generators: dict[int, tuple[Any, Any]] = {}  # and their states
        self.nodes = self.taken = 0  # parts, bytes

    def decode(self, tree: Tree) -> Any:
        """The value of a tree. Raises WireError."""
        try:
            return self._decode(tree)
        except RecursionError:
            raise WireError("it is nested too deeply") from None
        except (WireError, NameError):  # of a name that was not defined
            raise
        except Exception as error:  # whatever such a tree may hold
            raise WireError(f"it cannot be read: {error}") from error

    def _decode(self, tree: Tree) -> Any:
        self.nodes += 1
        if self.nodes > NODES:
            raise WireError(f"it has more than {NODES:,} parts")
        if tree is None or isinstance(tree, str | bool | int | float):
            return tree
        if isinstance(tree, list):
            made: list[Any] = []
            self.containers.append(made)
            made.extend(self._decode(v) for v in tree)
            return made
        tag, body = next(iter(tree.items()))
        if tag == "a":
            return self._array(body)
        if tag == "t":
            return self._tensor(tree)
        if tag == "u":
            return tuple(self._decode(v) for v in body)
        if tag in DICTS:
            found = DICTS[tag]()
            self.containers.append(found)
            pairs = ((self._decode(k), self._decode(v)) for k, v in body)
            found.update(dict(pairs))
            return found
        if tag == "n":
            return self._namedtuple(*body)
        return self._decode_other(tag, body, tree)

    def _decode_other(self, tag: str, body: Any, tree: Tree) -> Any:
        if tag == "g":
            return self._view(*body)[0].reshape(())[()]
        if tag == "i":
            return int(body[:10_000], 16)
        if tag in ("s", "z"):
            parts = (self._decode(v) for v in body)
            return set(parts) if tag == "s" else frozenset(parts)
        if tag == "c":
            return complex(*map(float, body))
        if tag == "b":
            return bytes(self._slice(*body))
        if tag == "x":
            return slice(*(self._decode(v) for v in body))
        if tag == "r":
            made = range(*map(int, body))
            if len(made) > NODES:  # a test might make a list of it
                raise WireError(f"a range of {len(made):,} numbers")
            return made
        if tag == "e":
            return Ellipsis
        if tag == "y":
            return _parse_dtype(body)
        if tag == "T" and body in TENSORS:
            return getattr(importlib.import_module("torch"), body)
        if tag == "P":
            return frames.decode(body, self._decode)
        if tag == "Q":
            return frames.decode_exact(body, self._decode)
        if tag == "O":
            return self._objects(*body)
        if tag == "M":
            name, shape, numbers = body
            if not re.fullmatch(r"<[mM]8(\[\d{0,4}[a-zA-Z]{1,2}\])?", str(name)):
                raise WireError(f"no array holds {name!r:.40}")
            return self._decode(numbers).view(name).reshape(shape)
        if tag == "J":
            return self._decode(body)[0]
        if tag == "W":
            return np.asmatrix(self._decode(body))
        if tag == "K":
            return np.ma.MaskedArray(*(self._decode(part) for part in body))
        if tag == "R":
            return self._generator(*body)
        return self.fetch(tree)

    def _generator(self, number: int, state: Tree) -> np.random.Generator:
        if number not in self.generators:
            made = np.random.default_rng(0)
            made.bit_generator.state = self._decode(state)
            self.generators[number] = made, made.bit_generator.state
        generator: np.random.Generator = self.generators[number][0]
        return generator

    def _objects(self, shape: list[int], parts: list) -> np.ndarray:
        _check_size(shape, 1, len(parts))
        made = np.empty(len(parts), dtype=object)
        for k, part in enumerate(parts):
            made[k] = self._decode(part)
        return made.reshape(shape)

    def _slice(self, start: int, size: int) -> memoryview:
        if not 0 <= start <= start + size <= len(self.data):
            raise WireError("its bytes are not there")
        self.taken += size
        if self.taken > len(self.data):  # an array that occurs twice is one
            raise WireError("it uses the same bytes for several things")
        return memoryview(self.data)[start : start + size]

    def _view(
        self, name: str, shape: list[int], at: list[int]
    ) -> tuple[np.ndarray, memoryview]:
        """The description of an array's layout, and its bytes."""
        dtype, data = _parse_dtype(name), self._slice(*at)
        _check_size(shape, dtype.itemsize, len(data))
        flat = np.frombuffer(data, dtype) if len(data) else np.empty(0, dtype)
        return flat.reshape(shape), data

    def _array(self, body: list) -> np.ndarray:
        key = tuple(body[2])
        if key[1] and key in self.memo:
            return self.memo[key]
        view, data = self._view(*body)
        array = self.memo[key] = view.copy()
        self.arrays.append((array, bytes(data)))
        return array

    def _tensor(self, node: Tree) -> Any:
        torch = importlib.import_module("torch")
        name, shape, at = node["t"]
        key = tuple(at)
        if key[1] and key in self.memo:
            return self.memo[key]
        if name not in TENSORS:
            raise WireError(f"no tensor holds {name!r}")
        dtype, data = getattr(torch, name), bytes(self._slice(*at))
        _check_size(shape, dtype.itemsize, len(data))
        tensor = torch.empty(shape, dtype=dtype)
        if data:
            flat = torch.frombuffer(bytearray(data), dtype=dtype)
            tensor = flat.reshape(shape)
        if "grad" in node and self.attach is not None:
            tensor = self.attach(tensor, node)
        elif "grad" in node:
            tensor.requires_grad_()
        self.memo[key] = tensor
        self.arrays.append((tensor, data))
        return tensor

    def _namedtuple(self, name: str, fields: list[str], parts: list) -> Any:
        values = [self._decode(v) for v in parts]
        kind = _known_tuple(name)
        if kind is None or len(kind._fields) != len(values):
            if "shape" in fields or "dtype" in fields:
                return tuple(values)  # or else it would be taken for an array
            kind = _own_tuple(tuple(map(str, fields)))
        return kind._make(values)


@functools.lru_cache(maxsize=64)
def _own_tuple(fields: tuple[str, ...]) -> Any:
    if len(fields) > 100:
        raise WireError("it has too many fields")
    return namedtuple("Result", fields)


def _known_tuple(name: str) -> Any:
    """A NamedTuple of the package that is loaded here already."""
    module, _, attribute = str(name).partition(":")
    if module.partition(".")[0] != "rnncore":
        return None
    kind = getattr(sys.modules.get(module), attribute, None)
    named = isinstance(kind, type) and issubclass(kind, tuple)
    return kind if named and hasattr(kind, "_fields") else None


def _parse_dtype(name: str) -> np.dtype:
    dtype = np.dtype(str(name)[:20])
    if dtype.kind not in KINDS + "U" or dtype.names or dtype.shape:
        raise WireError(f"no array holds {name!r}")
    return dtype


def _check_size(shape: list[int], item: int, size: int) -> None:
    whole = isinstance(shape, list) and all(type(n) is int and n >= 0 for n in shape)
    if not whole or len(shape) > 32 or math.prod(shape) * item != size:
        raise WireError(f"an array of shape {shape} has not {size} bytes")


# -------------------------------------------------------------- the socket


def send(sock: socket.socket, head: Tree, data: bytes = b"") -> None:
    """Write one frame."""
    text = json.dumps(head).encode()
    sock.sendall(HEAD.pack(len(text), len(data)) + text + data)


def receive(
    sock: socket.socket, most: int, until: float = math.inf
) -> tuple[Tree, bytes]:
    """Read one frame of at most `most` bytes, before time.monotonic() is
    `until`.

    Raises WireError where it is larger or no frame, EOFError at the end,
    TimeoutError where it is late.
    """
    text_size, data_size = HEAD.unpack(_receive_exactly(sock, HEAD.size, until))
    if text_size + data_size > most:
        raise WireError(
            f"it has {(text_size + data_size) / 1e6:,.0f} MB, more than "
            f"{most / 1e6:,.0f} MB"
        )
    text = _receive_exactly(sock, text_size, until)
    data = _receive_exactly(sock, data_size, until)
    try:
        tree = untrusted.message(bytes(text))
    except (ValueError, RecursionError) as error:
        raise WireError(f"it is no JSON: {error}") from error
    if not isinstance(tree, dict):
        raise WireError("it is no message")
    return tree, bytes(data)


def _receive_exactly(sock: socket.socket, size: int, until: float) -> bytearray:
    found = bytearray()
    while len(found) < size:
        if until != math.inf:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError
            sock.settimeout(left)
        part = sock.recv(min(size - len(found), 1 << 20))
        if not part:
            raise EOFError("the other side has gone")
        found += part
    return found
