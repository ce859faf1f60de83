"""Calls of a learner's functions and objects, which stay in its process.

A test is ordinary code; the names that are the learner's stand for
a `Proxy` there. What a call gives is data where it can be, a copy that the
test may trust to be what it seems; else another proxy.
"""

from __future__ import annotations

import builtins
import math
import socket
import sys
from typing import Any

from grader import untrusted
from grader.isolation.serialization import (
    Decoder,
    Encoder,
    Message,
    Tree,
    WireError,
    name_importable,
    receive,
    send,
)
from grader.isolation.session import Ended

MOST = 1 << 26  # bytes of one answer
SPACE = "test"  # the module that a test's own classes say they are of
RAISED = {
    name: getattr(builtins, name)
    for name in (
        *("ArithmeticError", "AssertionError", "AttributeError"),
        *("FloatingPointError", "ImportError", "IndexError", "KeyError"),
        *("LookupError", "MemoryError", "ModuleNotFoundError"),
        *("NameError", "NotImplementedError", "OSError", "OverflowError"),
        *("RecursionError", "RuntimeError", "TypeError", "ValueError"),
        *("UnboundLocalError", "ZeroDivisionError"),
    )
}


class LearnerError(Exception):
    """An exception of a type that is the learner's own."""


class Untrusted(AssertionError):
    """A test would have to believe what a learner's object says."""


class _Text(str):
    """A string that KeyError prints without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


class Link:
    """One way to a learner's process: operations, and calls back."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.until = math.inf  # by time.monotonic()
        self.functions: list[Any] = []  # the test's own, to be called back
        self.lent: dict[int, Any] = {}  # may be changed, by id

    def lend(self, leaf: Any) -> None:
        """Let changes of this array come back."""
        self.lent[id(leaf)] = leaf

    def name(self, name: str, kind: str) -> Any:
        """What the learner calls by a name that stands for a `kind`.

        The kinds are "function", "class" and "value".
        """
        if kind == "value":
            return self.do("name", name)
        return Proxy(self, {"N": name}, name, kind == "class", kind)

    def do(self, what: str, *args: Any, **kwargs: Any) -> Any:
        """Do an operation in the learner's process.

        Raises the learner's exception, or Ended.
        """
        encoder = Encoder(self._keep)
        head = {"do": what, "args": encoder.encode((args, kwargs))}
        torch = sys.modules.get("torch")
        if torch is not None and not torch.is_grad_enabled():
            head["learn"] = False
        answer = self._converse(head, b"".join(encoder.chunks))
        return self._take(answer, encoder)

    def differentiate(self, number: int, grads: list, given: list) -> Any:
        """A graph's gradients as tensors that depend on what is `given`."""
        encoder = Encoder(self._keep)
        args = encoder.encode(((number, grads), {}))
        head = {"do": "differentiate", "args": args}
        answer = self._converse(head, b"".join(encoder.chunks))
        encoder.leaves = given
        return self._take(answer, encoder)

    def _converse(self, head: Tree, data: bytes) -> Message:
        """Send a request and answer what comes back until it is done."""
        try:
            send(self.sock, head, data)
            while True:
                found, body = receive(self.sock, MOST, self.until)
                if "callback" not in found:
                    return Message(found, body, [])
                send(self.sock, *self._call_back(found, body))
        except TimeoutError:
            raise Ended("TimeLimit", "used up its time") from None
        except (EOFError, ConnectionError):
            raise Ended("KernelDied", "ended the Python process") from None
        except WireError as error:
            raise Ended(
                "KernelDied", "gave what the grader refuses", str(error)
            ) from None

    def _call_back(self, head: Tree, body: bytes) -> tuple[Tree, bytes]:
        """Call one of the test's functions for the learner's code."""
        number = head["callback"]
        if type(number) is not int or not (0 <= number < len(self.functions)):
            raise WireError("called back a function that does not exist")
        if "attribute" in head:
            return self._tell_attribute(self.functions[number], head["attribute"])
        decoder = Decoder(Message(head, body, []), self._fetch)
        args, kwargs = _check_arguments(decoder.decode(head.get("args")))
        try:
            result = self.functions[number](*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised over there again
            return {"raise": [type(error).__name__, str(error)]}, b""
        encoder = Encoder(self._keep)
        answer = {"value": encoder.encode(result)}
        return answer, b"".join(encoder.chunks)

    def _tell_attribute(self, owner: Any, name: Any) -> tuple[Tree, bytes]:
        """What an object of the test's own class calls by a public name."""
        if (
            not isinstance(name, str)
            or name.startswith("_")
            or not has_names(owner)
            or not (name in vars(type(owner)) or name in _get_attributes(owner))
        ):
            return {"raise": ["AttributeError", f"{name!r:.100}"]}, b""
        encoder = Encoder(self._keep)
        answer = {"value": encoder.encode(getattr(owner, name))}
        return answer, b"".join(encoder.chunks)

    def _take(self, message: Message, encoder: Encoder) -> Any:
        """The value of an answer, with changes and gradients."""
        try:
            return self._taken(message, encoder)
        except WireError as error:
            raise Ended(
                "KernelDied", "gave what the grader refuses", str(error)
            ) from None

    def _taken(self, message: Message, encoder: Encoder) -> Any:
        head = message.tree
        if "error" in head:
            raise self._error(head["error"])
        if "value" not in head:
            raise WireError("it is not an answer")
        if "changed" in head:
            self._change(message, encoder.arrays)
        attach = None
        if "graph" in head:
            attach = self._attach(message, encoder)
        decoder = Decoder(message, self._fetch, attach)
        return decoder.decode(head["value"])

    def _attach(self, message: Message, encoder: Encoder) -> Any:
        """Join the learner's part of an autograd graph to the test's."""
        from grader.trusted import gradients

        raw: dict[int, Any] = {}

        def collect(tensor: Any, node: Tree) -> Any:
            if "leaf" not in node:
                raw[_check_whole(node["grad"])] = tensor
            return tensor

        decoder = Decoder(message, self._fetch, collect)
        decoder.decode(message.tree["value"])
        number = _check_whole(message.tree["graph"])
        joined = gradients.join(self, number, raw, encoder.leaves)

        def attach(tensor: Any, node: Tree) -> Any:
            if "leaf" not in node:
                return joined[node["grad"]]
            tensor.requires_grad_()
            if node["leaf"] is not None:
                grad = Decoder(message, self._fetch).decode(node["leaf"])
                tensor.grad = grad
            return tensor

        return attach

    def _change(self, message: Message, arrays: list[Any]) -> None:
        """Bring changes back into what was lent, and into nothing else."""
        pairs = Decoder(message, self._fetch).decode(message.tree["changed"])
        for number, now in pairs:
            if not 0 <= _check_whole(number) < len(arrays):
                raise WireError("changed an array that was not passed")
            array = arrays[number]
            same = getattr(now, "shape", None) == array.shape
            if id(array) in self.lent and same and now.dtype == array.dtype:
                if hasattr(array, "detach"):
                    array.detach().copy_(now)
                else:
                    array[...] = now

    def _error(self, said: Any) -> Exception:
        """The learner's exception: one of Python's own, or LearnerError."""
        words = [*(said if isinstance(said, list) else [said]), "", "", ""]
        kind, text, where = (untrusted.text(word) for word in words[:3])
        known = RAISED.get(kind)
        if known is None:
            error: Exception = LearnerError(f"{kind[:100]}: {text}")
        else:
            error = known(_Text(text))
        if where:
            error.add_note(f"in the learner's code:\n{where}")
        return error

    def _keep(self, value: Any) -> Tree:
        """How a value that cannot be sent is named over there."""
        if isinstance(value, Proxy):
            if value._link is not self:
                raise Untrusted(
                    f"{value!r} belongs to another test cell: create it "
                    "again in this one"
                )
            return value._node
        if found := name_importable(value):
            return {"m": found}
        if not callable(value) and not has_names(value):
            raise Untrusted(
                f"a {type(value).__name__} cannot be passed to a learner's "
                "function, which runs in another process; expected "
                "numbers, texts, arrays, tuples, lists, dicts or functions"
            )
        if value not in self.functions:
            self.functions.append(value)
        number = self.functions.index(value)
        name = getattr(value, "__name__", type(value).__name__)
        return {"f": number, "k": name, "o": has_names(value)}

    def _fetch(self, node: Tree) -> Any:
        """What a node of an answer stands for that is no data."""
        if "h" in node:
            kind = "".join(c for c in str(node.get("k")) if c.isalnum())
            return Proxy(self, {"h": _check_whole(node["h"])}, kind[:40], False)
        if "f" in node and 0 <= _check_whole(node["f"]) < len(self.functions):
            return self.functions[node["f"]]
        raise WireError(f"unknown node {sorted(map(str, node))[:3]}")


def has_names(value: Any) -> bool:
    """Whether a learner may ask for an object's attributes: where its class
    is in the test or in the assignment, and nowhere else."""
    kind = type(value)
    return kind.__module__ == SPACE and kind.__mro__[1:] == (object,)


def _get_attributes(value: Any) -> dict[str, Any]:
    return getattr(value, "__dict__", {})


def _check_whole(number: Any) -> int:
    if type(number) is not int or number < 0:
        raise WireError(f"expected a number, got {number!r:.40}")
    return number


def _check_arguments(found: Any) -> tuple[tuple, dict]:
    if not isinstance(found, tuple) or len(found) != 2:
        raise WireError("a call needs arguments")
    args, kwargs = found
    if not isinstance(args, tuple) or not isinstance(kwargs, dict):
        raise WireError("a call needs arguments")
    return args, {str(k): v for k, v in kwargs.items()}


class Proxy:
    """Stands for a learner's object.

    It can be called, iterated over and handed back. If it is the
    learner's class, or an object that the test made of it, it also has
    attributes and items. Whether it equals something is not for it to say.
    """

    __array_ufunc__ = None  # NumPy leaves operators to this class
    __hash__ = None  # type: ignore

    _link: Link
    _node: Tree
    _name: str

    def __init__(self, link: Link, node: Tree, name: str, open_: bool, kind: str = ""):
        self.__dict__.update(
            _link=link, _node=node, _open=open_, _makes=kind == "class", _name=name
        )
        if kind:  # else the name is the learner's own word
            self.__dict__["__name__"] = name

    def __repr__(self) -> str:
        return f"<{self._name} of the submission>"

    def _made(self, result: Any, open_: bool) -> Any:
        if isinstance(result, Proxy):
            result.__dict__["_open"] = open_
        return result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self._link.do("call", self, *args, **kwargs)
        return self._made(result, self._makes)

    def __iter__(self) -> Any:
        return self._made(self._link.do("iterate", self), self._open)

    def __next__(self) -> Any:
        found = self._link.do("next", self)
        if not isinstance(found, tuple) or len(found) > 1:
            raise Untrusted(f"{self!r} is not an iterator")
        if not found:
            raise StopIteration
        return self._made(found[0], self._open)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or not self._open:
            raise AttributeError(
                f"{self!r} is not data: a test may call it, iterate over "
                f"it and pass it back, but cannot read its {name!r}"
            )
        return self._made(self._link.do("attribute", self, name), True)

    def __setattr__(self, name: str, value: Any) -> None:
        self._opened("attributes")
        self._link.do("set attribute", self, name, value)

    def __getitem__(self, key: Any) -> Any:
        self._opened("items")
        return self._made(self._link.do("item", self, key), True)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._opened("items")
        self._link.do("set item", self, key, value)

    def __len__(self) -> int:
        if not self._open:  # a TypeError: list() asks for it, and continues
            raise TypeError(f"{self!r} is not data: it has no length")
        found = self._link.do("length", self)
        if type(found) is not int:
            raise TypeError(f"the length of {self!r} is not a number")
        return found

    def _opened(self, what: str) -> None:
        if not self._open:
            raise Untrusted(f"{self!r} is not data: it has no {what}")

    def _operate(self, what: str, other: Any) -> Any:
        """Combine two of the learner's objects into a third."""
        if not isinstance(other, Proxy):
            self._refuse()
        result = self._link.do(what, self, other)
        if not isinstance(result, Proxy):
            self._refuse()
        return self._made(result, self._open)

    def __add__(self, other: Any) -> Any:
        return self._operate("add", other)

    def __sub__(self, other: Any) -> Any:
        return self._operate("subtract", other)

    def __mul__(self, other: Any) -> Any:
        return self._operate("multiply", other)

    def __truediv__(self, other: Any) -> Any:
        return self._operate("divide", other)

    def __matmul__(self, other: Any) -> Any:
        return self._operate("matmul", other)

    def _refuse(self, *_: Any) -> Any:
        raise Untrusted(
            f"expected a number, a text or an array, got {self!r}, whose "
            "word about itself is not trusted"
        )

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = _refuse
    __bool__ = __int__ = __float__ = __complex__ = __index__ = _refuse
    __contains__ = __abs__ = __neg__ = __array__ = __round__ = _refuse
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rmatmul__ = _refuse
    __pow__ = __rpow__ = __mod__ = __floordiv__ = __and__ = __or__ = _refuse
