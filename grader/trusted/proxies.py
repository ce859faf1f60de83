"""Calls of a learner's functions and objects, which stay in its process.

A test is ordinary code; the names that are the learner's stand for
a `Proxy` there. What a call gives is data where it can be, a copy that the
test may trust to be what it seems; else another proxy.
"""

from __future__ import annotations

import builtins
import contextlib
import importlib
import inspect
import math
import socket
import sys
import types
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
        *("UnboundLocalError", "ZeroDivisionError", "Exception"),
        *("EOFError", "FileNotFoundError", "FileExistsError", "PermissionError"),
        *("NotADirectoryError", "IsADirectoryError", "TimeoutError"),
        *("BufferError", "UnicodeError", "Warning"),
        *("UserWarning", "DeprecationWarning", "ConnectionError"),
    )
}


REAL = {"print": builtins.print, "input": builtins.input}
STDIN = sys.stdin
MISSING = object()
MOST_CALLS = 20_000  # of the test's print and input
PASSED_OVER = {"builtins:object", "builtins:BaseException"}
# Libraries whose exceptions a test catches; none skips or ends a test.
RAISING = {"builtins", "numpy", "pandas", "sqlite3", "sklearn", "decimal", "json"}
# Classes that an object may be said to be of: none that comes over as data.
PLAIN_CLASSES = {
    "builtins:generator": types.GeneratorType,
    "builtins:property": property,
    "builtins:method": types.MethodType,
    "builtins:module": types.ModuleType,
}
CLAIMED = {"sklearn", "matplotlib", "sqlite3", "scipy", "networkx"}
PUBLIC = {
    *("__name__", "__doc__", "__qualname__", "__annotations__", "__defaults__"),
    *("__dict__", "__dataclass_fields__", "__module__", "__slots__"),
}
# Methods that tell how their owner compares with what they are given.
COMPARING = {
    *("equals", "eq", "ne", "lt", "le", "gt", "ge", "isin", "compare", "between"),
    *("issubset", "issuperset", "isdisjoint", "startswith", "endswith"),
    *("sub", "subtract", "rsub", "difference", "symmetric_difference"),
    *("allclose", "isclose", "equal", "array_equal", "dot", "div", "divide"),
    *("intersection", "union", "merge", "join", "isnull", "where", "mask"),
    *("add", "mul", "multiply", "mod", "pow", "floordiv", "truediv", "corr"),
}


def find_error(name: str) -> Any:
    """An exception's class of a library that is loaded here."""
    module, _, attribute = name.partition(":")
    if module == "builtins":
        return RAISED.get(attribute)
    if module.partition(".")[0] not in RAISING or "." in attribute:
        return None
    found = vars(sys.modules.get(module, sys)).get(attribute)
    good = isinstance(found, type) and issubclass(found, Exception)
    return found if good and found.__module__ == module else None


def _read_line(prompt: str = "") -> str:
    """What the test's own sys.stdin holds next."""
    sys.stdout.write(str(prompt))
    line = sys.stdin.readline()
    if not line:
        raise EOFError("EOF when reading a line")
    return line.rstrip("\n")


class LearnerError(Exception):
    """An exception of a type that is the learner's own."""


class Mirror(LearnerError):
    """An exception of the learner's, whose class stands for theirs."""

    _node: Any = None

    def __str__(self) -> str:
        return self.__dict__.get("_text") or Exception.__str__(self)

    def __getattr__(self, name: str) -> Any:
        found = self.__dict__.get("_mirrored")
        if found is None or name.startswith("__"):
            raise AttributeError(name)
        return found._link.do("attribute", found, name)


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
        self.space: dict[str, Any] = {}  # the test's names
        self.shown: dict[str, Any] = {}  # what the learner's side has of them
        self.sink: Any = None  # where the cell's own output goes
        self.classes: dict[str, Any] = {}  # the learner's, by name
        self.errors: dict[tuple[str, ...], Any] = {}
        self.believed: dict[str, int] = {}  # what only a person can judge
        self.known: set[str] | None = None  # the notebook's names
        self.calls = 0  # back, of the built-in functions

    def believe(self, what: str) -> None:
        """Remember that a test rests on what the learner's class says."""
        self.believed[what] = self.believed.get(what, 0) + 1

    def listening(self) -> bool:
        """Whether a test runs that may ask."""
        return self.sink is not None

    def lend(self, leaf: Any) -> None:
        """Let changes of this array come back."""
        self.lent[id(leaf)] = leaf

    def name(self, name: str, kind: str) -> Any:
        """What the learner calls by a name that stands for a `kind`.

        The kinds are "function", "class" and "value".
        """
        if self.known is None:
            self.known = set(self.do("names"))
        if name not in self.known:
            raise NameError(f"name {name!r} is not defined")
        found = Proxy(self, {"N": name}, name, kind == "class", kind)
        if kind == "value":
            found = self.do("name", name)
        if isinstance(found, Proxy) and found._what == "class":
            found._node.setdefault("N", name)
            return self._name_class(found, name)
        return found

    def _name_class(self, proxy: Proxy, name: str) -> Any:
        """A class of the learner's; of an exception, one that can be caught."""
        line = self.do("class", proxy)
        self.classes[f"N:{name}"] = proxy
        if isinstance(line, list) and "builtins:BaseException" in line:
            found = self.error_class(line)
            if found is not None:
                return found
        return proxy

    def error_class(self, line: Any) -> Any:
        """The class of this process for an exception's class and bases."""
        if not isinstance(line, list) or not all(type(n) is str for n in line):
            return None
        base: Any = None
        for k in range(len(line) - 1, -1, -1):
            key = tuple(line[k:])
            known = self.errors.get(key) or find_error(line[k])
            if known is None and line[k] in PASSED_OVER:
                continue
            if known is None:
                if base is None:
                    return None
                name = line[k].rpartition(":")[2].rpartition(".")[2]
                name = "".join(c for c in name if c.isalnum() or c == "_")[:60]
                bases = (base,) if issubclass(base, Mirror) else (Mirror, base)
                known = type(name or "LearnerError", bases, {"__module__": SPACE})
                known._node = {"N": line[k][2:]} if line[k][:2] == "N:" else None
            self.errors[key] = base = known
        return base

    def do(self, what: str, *args: Any, **kwargs: Any) -> Any:
        """Do an operation in the learner's process.

        Raises the learner's exception, or Ended.
        """
        self._share_names()
        return self._do(what, args, kwargs)

    def _share_names(self) -> None:
        """Have names that the test deleted or replaced be so over there."""
        for name, shown in list(self.shown.items()):
            now = self.space.get(name, MISSING)
            if now is shown:
                continue
            self.shown[name] = now
            if now is MISSING:
                self._do("delete_name", (name,), {})
            else:
                with contextlib.suppress(Untrusted):  # it stays the test's
                    self._do("set_name", (name, now), {})

    def _do(self, what: str, args: tuple, kwargs: dict[str, Any]) -> Any:
        encoder = Encoder(self._keep)
        head = {"do": what, "args": encoder.encode((args, kwargs))}
        replaced = [n for n in REAL if getattr(builtins, n) is not REAL[n]]
        if "input" not in replaced and sys.stdin is not STDIN:
            replaced.append("input")
        head["replaced"] = dict.fromkeys(replaced, 1)
        torch = sys.modules.get("torch")
        if torch is not None and not torch.is_grad_enabled():
            head["learn"] = False
        answer = self._converse(head, b"".join(encoder.chunks))
        result = self._take(answer, encoder)
        if result is None:  # else what a test expects might be made to fit
            try:
                self._change_arguments(answer.tree.get("mutated"), args, kwargs)
            except (WireError, ValueError, TypeError) as error:
                raise Ended(
                    "KernelDied", "gave what the grader refuses", str(error)
                ) from None
        return result

    def _change_arguments(self, found: Any, args: tuple, kwargs: dict) -> None:
        """Bring back what a call changed in the test's lists and tables."""
        for key, tree, data in found if isinstance(found, list) else []:
            named: Any = kwargs if isinstance(key, str) else dict(enumerate(args))
            old = named.get(key)
            message = Message({}, bytes.fromhex(str(data)), [])
            now = Decoder(message, self._fetch).decode(tree)
            if type(now) is not type(old):
                continue
            if isinstance(old, list):
                old[:] = now
            elif isinstance(old, dict | set):
                old.clear()
                old.update(now)
            elif type(old).__module__.partition(".")[0] == "pandas":
                old._update_inplace(now)

    def _replay(self, said: Any) -> None:
        """Print here what was printed there, if the test listens."""
        for part in said if isinstance(said, list) else []:
            if not isinstance(part, list) or len(part) != 2:
                continue
            stream = {"o": sys.stdout, "e": sys.stderr}.get(part[0])
            if stream is not None and stream not in (self.sink or ()):
                stream.write(untrusted.valid(str(part[1])))

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
                self._replay(found.get("said"))
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
        if number in ("print", "input"):
            return self._call_builtin(number, head, body)
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

    def _call_builtin(self, name: str, head: Tree, body: bytes) -> tuple[Tree, bytes]:
        """Call the test's own print or input for the learner's code."""
        self.calls += 1
        if getattr(builtins, name) is REAL[name] and (
            name == "print" or sys.stdin is STDIN
        ):
            return {"raise": ["EOFError", "the test has no input"]}, b""
        if self.calls > MOST_CALLS:
            raise WireError(f"called {name} more than {MOST_CALLS:,} times")
        decoder = Decoder(Message(head, body, []), self._fetch)
        args, kwargs = _check_arguments(decoder.decode(head.get("args")))
        try:
            if name == "input" and builtins.input is REAL["input"]:
                result = _read_line(*args)
            else:
                result = getattr(builtins, name)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised over there again
            return {"raise": [type(error).__name__, str(error)]}, b""
        encoder = Encoder(self._keep)
        if name == "print":
            result = None
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
            raise self._error(head["error"], message)
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

    def _error(self, said: Any, message: Message) -> Exception:
        """The learner's exception: one of Python's own, or LearnerError."""
        kind = self.error_class(said[3]) if len(said) == 6 else None
        if kind is None:
            return self._plain_error(said)
        text, where = untrusted.text(said[1]), untrusted.text(said[2])
        args = Decoder(message, self._fetch).decode(said[4])
        if kind in RAISED.values() or not isinstance(args, tuple):
            args = (_Text(text),) if kind is KeyError else args
        error = kind.__new__(kind)
        error.args = args if isinstance(args, tuple) else (text,)
        if isinstance(error, Mirror):
            error.__dict__["_mirrored"] = self._fetch(said[5])
            error.__dict__["_text"] = text
        if where:
            error.add_note(f"in the learner's code:\n{where}")
        return error

    def _plain_error(self, said: Any) -> Exception:
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
        if isinstance(value, type) and issubclass(value, Mirror) and value._node:
            return value._node
        if isinstance(value, Mirror):
            return value.__dict__["_mirrored"]._node
        if found := name_importable(value):
            return {"m": found}
        if not callable(value) and not has_names(value):
            raise Untrusted(
                f"a {type(value).__name__} cannot be passed to a learner's "
                "function, which runs in another process; expected "
                "numbers, texts, arrays, tuples, lists, dicts or functions"
            )
        number = next((k for k, f in enumerate(self.functions) if f is value), None)
        if number is None:
            number = len(self.functions)
            self.functions.append(value)
        name = getattr(value, "__name__", type(value).__name__)
        return {"f": number, "k": name, "o": has_names(value)}

    def _fetch(self, node: Tree) -> Any:
        """What a node of an answer stands for that is no data."""
        if "h" in node:
            kind = "".join(c for c in str(node.get("k")) if c.isalnum())
            found = Proxy(self, {"h": _check_whole(node["h"])}, kind[:40], False)
            if node.get("c") in ("class", "function"):
                found.__dict__["_what"] = node["c"]
            return found
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

    Its attributes, items and methods give data where they can, and proxies
    where not. Whether it equals what the test expects is for it to say only
    where it is the learner's own class that is asked for (`_open`): an
    object that the test made of it, or what its operators gave.
    """

    __array_ufunc__ = None  # NumPy leaves operators to this class

    _link: Link
    _node: Tree
    _name: str

    def __init__(self, link: Link, node: Tree, name: str, open_: bool, kind: str = ""):
        what = kind if kind in ("class", "function") else "object"
        self.__dict__.update(
            _link=link, _node=node, _open=open_, _makes=kind == "class", _name=name
        )
        self.__dict__.update(_what=what, _method="", _owner=None)
        if kind:  # else the name is the learner's own word
            self.__dict__["__name__"] = name

    def __repr__(self) -> str:
        if self._open and self._what == "object" and self._link.listening():
            return self._tell("repr", str)
        return self._label()

    def _label(self) -> str:
        return f"<{self._name} of the submission>"

    def __str__(self) -> str:
        return self._tell("text", str) if self._link.listening() else self._label()

    def __format__(self, how: str) -> str:
        return self._tell("format", str, how)

    def _tell(self, what: str, kind: type, *args: Any) -> Any:
        """What it says of itself; nothing of the test's is in the question."""
        if kind is not str and not self._open:
            self._refuse()
        found = self._link.do(what, self, *args)
        if type(found) is not kind:
            raise Untrusted(f"{self._label()} gave no {kind.__name__}")
        return found

    def _made(self, result: Any, open_: bool) -> Any:
        if isinstance(result, Proxy):
            result.__dict__["_open"] = open_
        return result

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self._method in COMPARING and (args or kwargs) and not self._owner._open:
            self._owner._refuse()
        result = self._link.do("call", self, *args, **kwargs)
        if self._method == "score" and not isinstance_(result, Proxy):
            self._link.believe(f"the score of {self._owner._label()}")
        return self._made(result, self._makes)

    def __iter__(self) -> Any:
        return self._made(self._link.do("iterate", self), self._open)

    def __next__(self) -> Any:
        found = self._link.do("next", self)
        if not isinstance(found, tuple) or len(found) > 1:
            raise Untrusted(f"{self._label()} is not an iterator")
        if not found:
            raise StopIteration
        return self._made(found[0], self._open)

    def __reversed__(self) -> Any:
        return self._made(self._link.do("reversed", self), self._open)

    def __getattr__(self, name: str) -> Any:
        if name == "__signature__" and self._what != "object":
            return self._signature()
        if name == "__code__" and self._what == "function":
            parts = self._link.do("code", self)
            names = ("co_flags", "co_argcount", "co_varnames", "co_names")
            return types.SimpleNamespace(**dict(zip(names, parts, strict=True)))
        if name == "__bases__" and self._what == "class":
            return self._bases()
        hidden = name.startswith("_") and not self._open and self._what != "class"
        if (hidden or name.startswith("__")) and name not in PUBLIC:
            raise AttributeError(f"{self._label()} has no {name!r} for a test")
        result = self._link.do("attribute", self, name)
        if isinstance(result, Proxy):
            result.__dict__.update(_method=name, _owner=self)
        return self._made(result, self._open)

    def _signature(self) -> inspect.Signature:
        found = self._link.do("signature", self)
        kinds = list(inspect._ParameterKind)
        return inspect.Signature(
            [
                inspect.Parameter(
                    str(name),
                    kinds[kind],
                    default=None if may_miss else inspect.Parameter.empty,
                )
                for name, kind, may_miss in found[:100]
            ]
        )

    def _bases(self) -> tuple[Any, ...]:
        line = self._link.do("class", self)[1:]
        found = [self._link.classes.get(n) or find_error(n) for n in line]
        return tuple(k for k in found if k is not None) or (object,)

    @property
    def __class__(self) -> Any:  # type: ignore
        """What isinstance goes by: never a class that comes over as data."""
        if self._what == "class":
            return type
        if self._what == "function":
            return types.FunctionType
        if not self._link.listening():
            return Proxy
        if "_claims" not in self.__dict__:
            self.__dict__["_claims"] = Proxy  # while it is asked
            self.__dict__["_claims"] = _find_class(self._link.do("class", self))
        return self._claims

    def __instancecheck__(self, value: Any) -> bool:
        if self._what != "class":
            raise TypeError("isinstance() arg 2 must be a type")
        if not isinstance_(value, Proxy):
            return False
        return self._link.do("is instance", value, self) is True

    def __subclasscheck__(self, value: Any) -> bool:
        if value is self:
            return True
        ours = isinstance_(value, Proxy)
        return ours and self._link.do("is subclass", value, self) is True

    def __setattr__(self, name: str, value: Any) -> None:
        self._link.do("set attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        self._link.do("delete attribute", self, name)

    def __getitem__(self, key: Any) -> Any:
        return self._made(self._link.do("item", self, key), self._open)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._link.do("set item", self, key, value)

    def __delitem__(self, key: Any) -> None:
        self._link.do("delete item", self, key)

    def __len__(self) -> int:
        found = self._link.do("length", self)
        if type(found) is not int or not 0 <= found < 1 << 31:
            raise TypeError(f"the length of {self._label()} is not a number")
        return found

    def __bool__(self) -> bool:
        return self._tell("truth", bool)

    def __int__(self) -> int:
        return self._tell("int", int)

    def __float__(self) -> float:
        return self._tell("float", float)

    def __enter__(self) -> Any:
        return self._made(self._link.do("enter", self), self._open)

    def __exit__(self, *error: Any) -> None:
        self._link.do("exit", self)

    def __contains__(self, value: Any) -> bool:
        if not self._open:  # its parts come here to be compared
            return any(part is value or part == value for part in self)
        found = self._link.do("contains", self, value)
        return found is True

    def __hash__(self) -> int:
        if not self._open:
            raise TypeError(f"{self._label()} is not data: it has no hash")
        return self._tell("hash", int)

    def _operate(self, what: str, *others: Any, turned: bool = False) -> Any:
        """An operator, of a class that is asked for, or between two objects."""
        ours = all(isinstance_(o, Proxy) for o in others)
        open_ = self._open or (ours and any(o._open for o in others))
        if not open_ and not (ours and others):
            self._refuse()
        args = (*others, self) if turned else (self, *others)
        result = self._link.do(what, *args)
        if not open_ and not isinstance_(result, Proxy):
            self._refuse()
        return self._made(result, open_)

    def _compare(self, what: str, other: Any) -> Any:
        if other is None and what in ("eq", "ne"):  # it is not None
            return what == "ne"
        open_ = self._open or (isinstance_(other, Proxy) and other._open)
        if not open_:
            self._refuse()
        found = self._link.do(what, self, other)
        if found is True and self._link.do("equals anything", self) is not False:
            raise Untrusted(f"{self._label()} says that it equals anything")
        self._link.believe(f"how {self._label()} compares")
        return found

    def _refuse(self, *_: Any) -> Any:
        raise Untrusted(
            f"expected a number, a text or an array, got {self._label()}, "
            "whose word about itself is not trusted"
        )

    __index__ = __complex__ = __array__ = _refuse


isinstance_ = isinstance


def _find_class(line: Any) -> Any:
    """A library's class that is loaded here, or that of a generator."""
    if not isinstance_(line, list) or not line or type(line[0]) is not str:
        return Proxy
    if line[0] in PLAIN_CLASSES:
        return PLAIN_CLASSES[line[0]]
    module, _, name = line[0].partition(":")
    if module.partition(".")[0] not in CLAIMED or not name.isidentifier():
        return Proxy
    found = vars(sys.modules.get(module, sys)).get(name)
    return found if type(found) is type(object) or isinstance_(found, type) else Proxy


def _operator(what: str, *, turned: bool = False) -> Any:
    def operate(self: Proxy, *others: Any) -> Any:
        return self._operate(what, *others, turned=turned)

    return operate


for _name, _what in {
    **{"add": "add", "sub": "subtract", "mul": "multiply", "truediv": "divide"},
    **{"matmul": "matmul", "floordiv": "floor divide", "mod": "modulo"},
    **{"pow": "power", "and": "and", "or": "or", "xor": "xor"},
}.items():
    setattr(Proxy, f"__{_name}__", _operator(_what))
    setattr(Proxy, f"__r{_name}__", _operator(_what, turned=True))
for _name, _what in {"abs": "abs", "neg": "negative", "round": "round"}.items():
    setattr(Proxy, f"__{_name}__", _operator(_what))
Proxy.__invert__ = _operator("invert")  # type: ignore
for _what in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Proxy, f"__{_what}__", lambda s, o, w=_what: s._compare(w, o))
