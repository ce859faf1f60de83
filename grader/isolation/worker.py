"""The learner's process: runs its cells, and answers calls of its names.

Everything here is at the mercy of the learner's code, so nothing that it
says is believed: the grader's process reads data and judges for itself.
"""

from __future__ import annotations

import builtins
import contextlib
import operator
import os
import resource
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from grader.isolation.generators import move_on, tell_drawn
from grader.isolation.linux.groups import offer
from grader.isolation.serialization import (
    Decoder,
    Encoder,
    Message,
    Tree,
    bytes_of,
    import_named,
    receive,
    send,
)
from rnncore.checking.shell import LONGEST, OUTPUTS, Shell, Stream, execute
from rnncore.testing.changes import find_change, keep_entries

WAITING, AT_WORK = 0, 500  # how readily the kernel may end a process
FORKED_SECONDS = 5  # before a process ends that a cell forked
MOST_SAID = 1_000_000  # characters printed during one call
LEFT_OUT = "\n... the rest is left out ...\n"
PRINT, INPUT = builtins.print, builtins.input
MOST = 1 << 30  # bytes of a message from the grader, which is trusted


# -------------------------------------------------------------- the server


class Stub:
    """Stands for a function that stays in the grader's process."""

    def __init__(self, helper: Helper, number: int, name: str):
        self._helper, self._number = helper, number
        self.__name__ = self.__qualname__ = name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._helper.call_back(self._number, args, kwargs)


class Object(Stub):
    """Stands for an object there, whose public names may be asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._helper.ask(self._number, name)


class Helper:
    """Serves one socket: runs cells, takes snapshots, does operations."""

    def __init__(self, shell: Shell, sock: socket.socket):
        self.shell, self.sock = shell, sock
        self.objects: list[Any] = []
        self.graphs: list[tuple[list[Any], list[Any]]] = []
        self.pinned: dict[str, Any] = {}  # what a name meant before a test set it
        self.asked: Any = None  # what is replaced over there
        self.said: list[list[str]] = []  # printed since the last message
        self.room = 0
        self.running = False  # a cell, which an interrupt may end
        self.process = os.getpid()
        self.waits = False  # as a copy, for what it is to do

    def serve(self) -> None:
        """Answer until the grader hangs up."""
        _replace_builtins(self)
        signal.signal(signal.SIGINT, self._interrupt)
        while True:
            try:
                head, data = receive(self.sock, MOST)
                if self.waits and "fork" not in head:
                    offer(AT_WORK)
                    self.waits = False
                if "cell" in head:
                    self.run_cell(**head["cell"])
                elif "fork" in head:
                    self.fork()
                else:
                    self.do(head, data)
            except EOFError:
                return

    def send(self, tree: Tree, data: bytes = b"") -> None:
        """Send a message; a process that the learner's code forked ends instead.

        There would be two answers, and two that wait for the next question.
        It ends a while later: where all fork without end, none then gets the
        place of another.
        """
        if os.getpid() != self.process:
            time.sleep(FORKED_SECONDS)
            os._exit(0)
        send(self.sock, tree, data)

    def run_cell(self, source: str, count: int, most: int) -> None:
        """Run a cell and send its outputs; only the cell can be interrupted."""
        signal.signal(signal.SIGINT, self._interrupt)  # a cell may set its own
        self.running = True
        try:
            try:
                execute(self.shell, source, count, most)
            finally:
                self.running = False
        except KeyboardInterrupt:
            self.shell.showtraceback()
        answer = {"outputs": OUTPUTS.as_json(), "flooded": OUTPUTS.flooded}
        try:
            self.send(answer)
        except (TypeError, ValueError):  # an output that is no JSON
            texts = [o for o in OUTPUTS.found if "data" not in o]
            self.send({"outputs": texts, "flooded": False})

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        """End the cell that runs; one that came too late for it is nothing.

        Half a message would put all that follow it out of step.
        """
        if self.running:
            self.running = False
            raise KeyboardInterrupt

    def fork(self) -> None:
        """Leave a copy of the process as it is now, on a new socket.

        The copy answers, so that no two of them are busy at once. It leads a
        group of its own, and can be ended with all that it starts.
        """
        with _room_for("NOFILE", 0):
            _, fds, _, _ = socket.recv_fds(self.sock, 1, 1)
        with _room_for("NPROC", 1):
            forked = os.fork()
        if forked == 0:
            offer(WAITING)
            os.setpgid(0, 0)
            self.process = os.getpid()
            self.waits = True
            os.dup2(fds[0], self.sock.fileno())
            os.close(fds[0])
            try:
                self.send({"forked": self.process})
                self.serve()
            finally:
                os._exit(0)
        os.close(fds[0])

    # -- operations on the learner's objects

    def do(self, head: Tree, data: bytes) -> None:
        """Do an operation and send its result, or the error."""
        inputs: list[Any] = []
        outer = self.asked, OUTPUTS.stream
        self.asked = head.get("replaced", ())
        if outer[0] is None:
            self.said, self.room = [], MOST_SAID
        OUTPUTS.stream = self.say  # type: ignore

        def attach(tensor: Any, node: Tree) -> Any:
            tensor.requires_grad_()
            inputs.append(tensor)
            return tensor

        decoder = Decoder(Message(head, data, []), self.fetch, attach)
        try:
            args, kwargs = decoder.decode(head["args"])
            before = list(decoder.arrays)
            kept = [*map(keep_entries, decoder.containers)]
            function = getattr(self, "do_" + head["do"], None)
            function = function or OPERATIONS[head["do"]]
            lists = self._list_changeable(args, kwargs)
            with _gradients(head.get("learn", True)):
                result = function(*args, **kwargs)
            answer = self._answer(result, inputs, before)
            self._add_changes(answer[0], lists, result)
            told = [(k, find_change(held)) for k, held in enumerate(kept)]
            if changed := [[k, how] for k, how in told if how]:
                answer[0]["entries"] = changed
        except EOFError as error:
            if error.args and error.args[0] == "the other side has gone":
                raise
            answer = self._describe(error)
        except BaseException as error:  # noqa: BLE001 - it is sent
            answer = self._describe(error)
        finally:
            self.asked, OUTPUTS.stream = outer  # type: ignore
        answer[0].update(tell_drawn(decoder.generators))
        answer[0]["said"], self.said = self.said, []
        self.send(*answer)

    # -- what is printed, and asked for

    def say(self, name: str, text: str) -> None:
        """Keep what the learner's code prints, for the test's own streams."""
        if len(text) > self.room:
            text = text[: self.room] + LEFT_OUT if self.room else ""
        self.room = max(0, self.room - len(text))
        if text and len(self.said) and self.said[-1][0] == name[3]:
            self.said[-1][1] += text
        elif text:
            self.said.append([name[3], text])

    def print(self, *args: Any, **kwargs: Any) -> None:
        """The built-in print; where the test has its own, that one."""
        file = kwargs.get("file")
        if self.asked and "print" in self.asked and file in (None, sys.stdout):
            kwargs.pop("file", None)
            self.call_back("print", args, kwargs)
        else:
            PRINT(*args, **kwargs)

    def input(self, prompt: Any = "") -> Any:
        """The built-in input, which the test answers if it has its own."""
        if self.asked and "input" in self.asked:
            return self.call_back("input", (str(prompt),) if prompt != "" else (), {})
        return INPUT(prompt)

    # -- changes of what was passed

    def _list_changeable(self, args: tuple, kwargs: dict) -> list[Any]:
        """Arguments that a call may change, as they are before it."""
        named = [*enumerate(args), *kwargs.items()]
        return [
            (key, value, self._tree(value))
            for key, value in named
            if type(value) in (list, dict, set) or is_frame(value)
        ]

    def _tree(self, value: Any) -> Any:
        encoder = Encoder(lambda other: {"id": id(other)})
        return encoder.encode(value), b"".join(encoder.chunks)

    def _add_changes(self, head: Tree, before: list[Any], result: Any) -> None:
        """Arguments that were changed in place by what gives nothing."""
        if result is not None:
            return
        found = []
        for key, value, tree in before:
            if self._tree(value) != tree:
                encoder = Encoder(self.keep)
                now = encoder.encode(value)
                found.append([key, now, b"".join(encoder.chunks).hex()])
        if found:
            head["mutated"] = found

    def do_set_name(self, name: str, value: Any) -> None:
        """Have a name mean what it means in the test."""
        self._pin(name)
        self.shell.user_ns[name] = value

    def do_delete_name(self, name: str) -> None:
        """Forget a name that the test has deleted."""
        self._pin(name)
        self.shell.user_ns.pop(name, None)

    def _pin(self, name: str) -> None:
        if name in self.shell.user_ns:
            self.pinned.setdefault(name, self.shell.user_ns[name])

    def do_names(self) -> list[str]:
        """The names of the notebook, without those of IPython."""
        hidden = self.shell.user_ns_hidden
        return [n for n in self.shell.user_ns if n not in hidden and n[:1] != "_"]

    def name_of(self, kind: type) -> str:
        """A class by the notebook's name, or by that of its module."""
        own = kind.__module__ == "__main__"
        for name in (kind.__name__, *self.shell.user_ns) if own else ():
            if self.shell.user_ns.get(name) is kind or self.pinned.get(name) is kind:
                return f"N:{name}"
        return f"{kind.__module__}:{kind.__qualname__}"[:200]

    def do_class(self, value: Any) -> list[str]:
        """The names of a class and of its bases."""
        kind = value if isinstance(value, type) else type(value)
        return [self.name_of(k) for k in type.mro(kind)[:20]]

    def _describe(self, error: BaseException) -> tuple[Tree, bytes]:
        """An error, with its class, its arguments and itself."""
        said: list[Any] = list(_describe_error(error))
        try:
            encoder = Encoder(self.keep)
            more = [self.do_class(error), encoder.encode(error.args), self.keep(error)]
            return {"error": said + more}, b"".join(encoder.chunks)
        except Exception:  # noqa: BLE001 - whatever its class does
            return {"error": said}, b""

    def _answer(
        self, result: Any, inputs: list[Any], before: list[Any]
    ) -> tuple[Tree, bytes]:
        """The result, its graph, and the arguments that were changed."""
        head: dict[str, Any] = {}
        if isinstance(result, Differentiated):
            inputs, result = result.inputs, list(result.outputs)
        encoder = Encoder(self.keep, inputs)
        head["value"] = encoder.encode(result)
        changed = [
            [k, encoder.encode(array)]
            for k, (array, sent) in enumerate(before)
            if _get_bytes(array) != sent
        ]
        if encoder.leaves:
            head["graph"] = len(self.graphs)
            self.graphs.append((inputs, list(encoder.leaves)))
        if changed:
            head["changed"] = changed
        return head, b"".join(encoder.chunks)

    def keep(self, value: Any) -> Tree:
        """A number for what cannot be sent; it stays here."""
        if isinstance(value, Stub):
            return {"f": value._number}
        self.objects.append(value)
        node: Tree = {"h": len(self.objects) - 1}
        if isinstance(value, type):
            node |= {"c": "class", "k": self.name_of(value)}
        elif callable(value) and hasattr(value, "__name__"):
            node["c"] = "function"
        else:
            node["k"] = self.name_of(type(value))
        return node

    def fetch(self, node: Tree) -> Any:
        """What the grader means by a node that is no data."""
        if "h" in node:
            return self.objects[node["h"]]
        if "N" in node:
            return self.do_name(node["N"])
        if "m" in node:
            return import_named(node["m"])
        kind = Object if node.get("o") else Stub
        return kind(self, node["f"], node.get("k", "function"))

    def call_back(self, number: int | str, args: tuple, kwargs: dict) -> Any:
        """Call a function of the grader."""
        encoder = Encoder(self.keep)
        head = {"callback": number, "args": encoder.encode((args, kwargs))}
        head["said"], self.said = self.said, []
        self.send(head, b"".join(encoder.chunks))
        return self._answered(encoder.generators)

    def ask(self, number: int, name: str) -> Any:
        """What an object of the grader's calls by a name."""
        self.send({"callback": number, "attribute": name})
        return self._answered([])

    def _answered(self, generators: list[Any]) -> Any:
        """The grader's answer; meanwhile it may ask for more.

        `generators`, which it was given, go on from where it drew last.
        """
        while True:
            head, data = receive(self.sock, MOST)
            if "do" in head:
                self.do(head, data)
                continue
            move_on(generators, head.get("drawn", []))
            if "raise" in head:
                raise _make_exception(*head["raise"])
            message = Message(head, data, [])
            return Decoder(message, self.fetch).decode(head["value"])

    def do_name(self, name: str) -> Any:
        """What the notebook calls by a name."""
        if name in self.pinned:  # as it was before the test took it
            return self.pinned[name]
        if name not in self.shell.user_ns:
            raise NameError(f"name '{name}' is not defined")
        return self.shell.user_ns[name]

    def do_close(self, name: str) -> None:
        """Close the book: the package's function is no answer."""
        from rnncore.testing import closed

        for function in closed.own_functions(name):
            closed.close(function)

    def do_backward(self, graph: int, grads: list, retain: bool) -> Any:
        """The gradients of a graph's inputs; its parameters get theirs."""
        import torch

        inputs, outputs = self.graphs[graph]
        pairs = [
            (o, g.detach())
            for o, g in zip(outputs, grads, strict=False)
            if g is not None
        ]
        for leaf in inputs:
            leaf.grad = None
        torch.autograd.backward(
            [o for o, _ in pairs], [g for _, g in pairs], retain_graph=retain
        )
        return [leaf.grad for leaf in inputs]

    def do_differentiate(self, graph: int, grads: list) -> Differentiated:
        """The gradients of the inputs, to be differentiated once more."""
        import torch

        inputs, outputs = self.graphs[graph]
        pairs = [
            (o, g.requires_grad_())
            for o, g in zip(outputs, grads, strict=False)
            if g is not None
        ]
        found = torch.autograd.grad(
            [o for o, _ in pairs],
            inputs,
            [g for _, g in pairs],
            create_graph=True,
            allow_unused=True,
        )
        return Differentiated([*inputs, *(g for _, g in pairs)], found)


class Differentiated:
    """Gradients, and what they can be differentiated by."""

    def __init__(self, inputs: list[Any], outputs: Any):
        self.inputs, self.outputs = inputs, outputs


def _call(function: Callable, *args: Any, **kwargs: Any) -> Any:
    return function(*args, **kwargs)


def _get_next(iterator: Any) -> tuple:
    """The next value in a tuple, which is empty at the end."""
    try:
        return (next(iterator),)
    except StopIteration:
        return ()


def _replace_builtins(helper: Helper) -> None:
    """Have print and input go through the helper, as functions of Python's."""

    def print(*args: Any, **kwargs: Any) -> None:
        helper.print(*args, **kwargs)

    def input(prompt: Any = "") -> Any:
        return helper.input(prompt)

    for function in (print, input):
        function.__module__ = "builtins"
        function.__qualname__ = function.__name__
        setattr(builtins, function.__name__, function)


def is_frame(value: Any) -> bool:
    """Whether a value is a table of pandas'."""
    pd = sys.modules.get("pandas")
    return pd is not None and type(value) in (pd.DataFrame, pd.Series)


def _signature(function: Any) -> list[Any]:
    """The parameters of a function: names, kinds, and whether they may miss."""
    import inspect

    found = inspect.signature(function).parameters.values()
    return [[p.name, int(p.kind), p.default is not p.empty] for p in found]


def _equals_anything(value: Any) -> bool:
    """Whether an object says that it equals what it cannot know."""
    try:
        return bool(value == object())
    except Exception:  # noqa: BLE001 - it looks for its own attributes
        return False


def _code(function: Any) -> list[Any]:
    code = function.__code__
    return [code.co_flags, code.co_argcount, code.co_varnames, code.co_names]


def _source(value: Any) -> str:
    import inspect

    return inspect.getsource(value)


def _is_instance(value: Any, kind: Any) -> bool:
    """As isinstance, but no class has a say in it."""
    kinds = kind if isinstance(kind, tuple) else (kind,)
    return any(k in type.mro(type(value)) for k in kinds)


def _seed(name: str, *seeds: Any) -> None:
    """Seed a library's random numbers as the test seeds its own."""
    if name == "random":
        import random

        random.seed(*seeds)
    elif name == "numpy":
        import numpy as np

        np.random.seed(*seeds)
    elif "torch" in sys.modules:
        sys.modules["torch"].manual_seed(*seeds)


OPERATIONS: dict[str, Callable] = {
    "seed": _seed,
    "names of": dir,
    "type": type,
    "is instance": _is_instance,
    "is subclass": lambda a, b: b in type.mro(a),
    "signature": _signature,
    "source": _source,
    "delete attribute": delattr,
    "delete item": lambda o, k: o.__delitem__(k),
    "contains": lambda o, v: v in o if hasattr(type(o), "__contains__") else None,
    "text": str,
    "repr": repr,
    "format": format,
    "truth": bool,
    "int": int,
    "float": float,
    "index": operator.index,
    "hash": hash,
    "abs": abs,
    "negative": lambda a: -a,
    "round": round,
    "enter": lambda o: type(o).__enter__(o),
    "exit": lambda o: type(o).__exit__(o, None, None, None),
    "reversed": reversed,
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
    "equals anything": _equals_anything,
    "code": _code,
    "floor divide": lambda a, b: a // b,
    "modulo": lambda a, b: a % b,
    "power": lambda a, b: a**b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "invert": lambda a: ~a,
    "call": _call,
    "attribute": getattr,
    "set attribute": setattr,
    "item": lambda o, k: o[k],
    "set item": lambda o, k, v: o.__setitem__(k, v),
    "length": len,
    "iterate": iter,
    "next": _get_next,
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "matmul": lambda a, b: a @ b,
}


class _gradients:
    """torch's gradients as the grader's process has them."""

    def __init__(self, on: bool):
        self.on = on

    def __enter__(self) -> None:
        torch = sys.modules.get("torch")
        self.context = torch.set_grad_enabled(self.on) if torch else None

    def __exit__(self, *error: object) -> None:
        if self.context is not None:
            self.context.__exit__(*error)


def _get_bytes(array: Any) -> bytes:
    if hasattr(array, "detach"):
        import torch

        return bytes_of(array, torch)
    return array.tobytes()


def _describe_error(error: BaseException) -> list[str]:
    """An error's type, its text, and where in the notebook it arose."""
    frames = traceback.extract_tb(error.__traceback__)[-20:]
    lines = [f"{f.name}: {f.line}" for f in frames if f.line]
    try:
        text = str(error)
    except Exception as second:  # noqa: BLE001 - a learner's __str__
        text = f"an error whose text raises {type(second).__name__}"
    return [type(error).__name__, text[:LONGEST], "\n".join(lines)[:LONGEST]]


def _make_exception(kind: str, text: str) -> BaseException:
    """The exception of this name, if it is one of Python's own."""
    import builtins

    found = getattr(builtins, kind, RuntimeError)
    return found(text)


@contextlib.contextmanager
def _room_for(name: str, more: int) -> Iterator[None]:
    """Let this process have as much as its copies may; then `more` than before."""
    kind = getattr(resource, f"RLIMIT_{name}", None)
    if kind is None:
        yield
        return
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (hard, hard))
    try:
        yield
    finally:
        least = soft if soft == hard else min(soft + more, hard)
        resource.setrlimit(kind, (least, hard))


def prepare_process(files: str) -> None:
    """Streams, folder and random numbers of a fresh learner's process."""
    import random

    os.chdir(files)
    offer(AT_WORK)
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    sys.path.insert(0, "")
    os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)  # torch's own doing
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
