"""The way to a learner's process: operations over there, and calls back."""

from __future__ import annotations

import builtins
import contextlib
import math
import socket
import sys
from collections.abc import Collection
from typing import Any

from grader import untrusted
from grader.isolation.generators import move_on, tell_drawn
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
from grader.notebook.names import OBJECT
from grader.trusted.errors import (
    RAISED,
    SPACE,
    ErrorClasses,
    LearnerError,
    Mirror,
    Text,
    Untrusted,
    can_be_told,
    find_builtin,
)
from grader.trusted.proxies import Proxy, state_of
from rnncore.testing import changes
from rnncore.testing.failure import text_of

MOST = 1 << 26  # bytes of one answer
REAL = {"print": builtins.print, "input": builtins.input}
STDIN = sys.stdin
MISSING = object()
MOST_CALLS = 20_000  # of the test's print and input
HIDDEN = "what a hidden test compares"


class Link:
    """One way to a learner's process: operations, and calls back."""

    def __init__(self, sock: socket.socket, asked: Collection[str] = ()):
        self.sock = sock
        self.asked = asked  # the names that the assignment asks for
        self.until = math.inf  # by time.monotonic()
        self.functions: list[Any] = []  # the test's own, to be called back
        self.lent: dict[int, Any] = {}  # may be changed, by id
        self.space: dict[str, Any] = {}  # the test's names
        self.shown: dict[str, Any] = {}  # what the learner's side has of them
        self.sink: Any = None  # where the cell's own output goes
        self.classes: dict[str, Any] = {}  # the learner's, by name
        self.errors = ErrorClasses()
        self.believed: list[str] = []  # what only a person can judge
        self.hidden = False  # whether a hidden part of the test runs
        self.known: set[str] | None = None  # the notebook's names
        self.calls = 0  # back, of the built-in functions

    def believe(self, what: str) -> None:
        """Remember that a test rests on what the learner's class says.

        Of a hidden part only that: which object, and how many, is the
        answer's choice, which may tell what the test holds.
        """
        what = HIDDEN if self.hidden else what
        if what not in self.believed:
            self.believed.append(what)

    def called(self, node: Tree) -> str:
        """What the grader calls an object: all that it says of its name.

        It is a name of the assignment's, or *an object*: any other would be
        the answer's choice.
        """
        origin, _, name = str(node.get("k")).partition(":")
        return name if origin == "N" and name in self.asked else OBJECT

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
        if isinstance(found, Proxy) and state_of(found).what == "class":
            state_of(found).node.setdefault("N", name)
            return self._name_class(found, name)
        return found

    def _name_class(self, proxy: Proxy, name: str) -> Any:
        """A class of the learner's; of an exception, one that can be caught."""
        line = self.do("class", proxy)
        self.classes[f"N:{name}"] = proxy
        if isinstance(line, list) and "builtins:BaseException" in line:
            found = self.errors.find(line)
            if found is not None:
                return found
        return proxy

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
        if replaced:
            head["replaced"] = replaced
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
            said = {"raise": [type(error).__name__, text_of(error)]}
            return said | tell_drawn(decoder.generators), b""
        encoder = Encoder(self._keep)
        answer = {"value": encoder.encode(result)}
        return answer | tell_drawn(decoder.generators), b"".join(encoder.chunks)

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
            result = getattr(builtins, name)(*args, **kwargs)
        except Exception as error:  # noqa: BLE001 - raised over there again
            return {"raise": [type(error).__name__, text_of(error)]}, b""
        encoder = Encoder(self._keep)
        answer = {"value": encoder.encode(None if name == "print" else result)}
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
        try:
            move_on(encoder.generators, head.get("drawn", []))
        except (ValueError, TypeError) as error:
            raise WireError(str(error)) from error
        if "error" in head:
            raise self._error(head["error"], message)
        if "value" not in head:
            raise WireError("it is not an answer")
        if "changed" in head:
            self._change(message, encoder.arrays)
        if "entries" in head:
            self._change_entries(head["entries"], encoder.containers)
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

    def _change_entries(self, told: Any, containers: list[Any]) -> None:
        """Spoil the lent lists and dicts that were changed over there.

        What they hold there is not brought back: it is enough that they
        differ from what they were in the same way.
        """
        for pair in told if isinstance(told, list) else [told]:
            number, how = pair if isinstance(pair, list) else (pair, "")
            if not 0 <= _check_whole(number) < len(containers):
                raise WireError("changed a list that was not passed")
            if id(containers[number]) in self.lent:
                _spoil(containers[number], how)

    def _change(self, message: Message, arrays: list[Any]) -> None:
        """Bring changes back into what was lent, and into nothing else."""
        pairs = Decoder(message, self._fetch).decode(message.tree["changed"])
        for number, now in pairs:
            if not 0 <= _check_whole(number) < len(arrays):
                raise WireError("changed an array that was not passed")
            array = arrays[number]
            same = type(now) is not Proxy and (
                getattr(now, "shape", None) == array.shape
            )
            if id(array) in self.lent and same and now.dtype == array.dtype:
                if hasattr(array, "detach"):
                    array.detach().copy_(now)
                else:
                    array[...] = now

    def _error(self, said: Any, message: Message) -> Exception:
        """The learner's exception: one of Python's own, or LearnerError."""
        kind = self.errors.find(said[3]) if len(said) == 6 else None
        if kind is None:
            return self._plain_error(said)
        text, where = untrusted.text(said[1]), untrusted.text(said[2])
        args = Decoder(message, self._fetch).decode(said[4])
        if kind is KeyError:
            args = (Text(text),)
        error = kind.__new__(kind)
        error.args = args if isinstance(args, tuple) else (text,)
        if not can_be_told(error):
            error = find_builtin(kind)(Text(text))
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
            error = known(Text(text))
        if where:
            error.add_note(f"in the learner's code:\n{where}")
        return error

    def _keep(self, value: Any) -> Tree:
        """How a value that cannot be sent is named over there."""
        if isinstance(value, Proxy):
            if state_of(value).link is not self:
                raise Untrusted(
                    f"{value!r} belongs to another test cell: create it "
                    "again in this one"
                )
            return state_of(value).node
        if isinstance(value, type) and issubclass(value, Mirror) and value._node:
            return value._node
        if isinstance(value, Mirror):
            return state_of(value.__dict__["_mirrored"]).node
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
            name = self.called(node)
            found = Proxy(self, {"h": _check_whole(node["h"])}, name, False)
            if node.get("c") in ("class", "function"):
                state_of(found).what = node["c"]
            elif name != OBJECT:
                state_of(found).kind = name
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


def _spoil(container: Any, how: Any) -> None:
    """Change a list or a dict in one of the ways of rnncore.testing.changes."""
    keys = list(container) if isinstance(container, dict) else range(len(container))
    if how == changes.TAKEN and keys:
        del container[keys[-1]]
    elif how == changes.PUT_IN or not keys:
        if isinstance(container, dict):
            container[object()] = None
        else:
            container.append(None)
    elif how == changes.MOVED and isinstance(container, dict):
        container[keys[0]] = container.pop(keys[0])
    elif how == changes.MOVED:
        container.reverse()
    else:
        container[keys[0]] = object()


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
