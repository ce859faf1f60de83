"""The learner's process: runs its cells, and answers calls of its names.

Everything here is at the mercy of the learner's code, so nothing that it
says is believed: the grader's process reads data and judges for itself.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from typing import Any

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

    def serve(self) -> None:
        """Answer until the grader hangs up."""
        while True:
            try:
                head, data = receive(self.sock, MOST)
                if "cell" in head:
                    self.run_cell(**head["cell"])
                elif "fork" in head:
                    self.fork()
                else:
                    self.do(head, data)
            except EOFError:
                return
            except KeyboardInterrupt:  # came too late for its cell
                continue

    def run_cell(self, source: str, count: int, most: int) -> None:
        """Run a cell and send its outputs."""
        try:
            execute(self.shell, source, count, most)
        except KeyboardInterrupt:
            self.shell.showtraceback()
        answer = {"outputs": OUTPUTS.as_json(), "flooded": OUTPUTS.flooded}
        try:
            send(self.sock, answer)
        except (TypeError, ValueError):  # an output that is no JSON
            texts = [o for o in OUTPUTS.found if "data" not in o]
            send(self.sock, {"outputs": texts, "flooded": False})

    def fork(self) -> None:
        """Leave a copy of the process as it is now, on a new socket."""
        _, fds, _, _ = socket.recv_fds(self.sock, 1, 1)
        if os.fork() == 0:
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            self.sock.close()
            self.sock = socket.socket(fileno=fds[0])
            try:
                self.serve()
            finally:
                os._exit(0)
        os.close(fds[0])
        send(self.sock, {"forked": True})

    # -- operations on the learner's objects

    def do(self, head: Tree, data: bytes) -> None:
        """Do an operation and send its result, or the error."""
        inputs: list[Any] = []

        def attach(tensor: Any, node: Tree) -> Any:
            tensor.requires_grad_()
            inputs.append(tensor)
            return tensor

        try:
            decoder = Decoder(Message(head, data, []), self.fetch, attach)
            args, kwargs = decoder.decode(head["args"])
            before = list(decoder.arrays)
            function = getattr(self, "do_" + head["do"], None)
            function = function or OPERATIONS[head["do"]]
            with _gradients(head.get("learn", True)):
                result = function(*args, **kwargs)
            answer = self._answer(result, inputs, before)
        except EOFError:
            raise
        except BaseException as error:  # noqa: BLE001 - it is sent
            answer = {"error": _describe_error(error)}, b""
        send(self.sock, *answer)

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
        return {"h": len(self.objects) - 1, "k": type(value).__name__[:100]}

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

    def call_back(self, number: int, args: tuple, kwargs: dict) -> Any:
        """Call a function of the grader."""
        encoder = Encoder(self.keep)
        head = {"callback": number, "args": encoder.encode((args, kwargs))}
        send(self.sock, head, b"".join(encoder.chunks))
        return self._answered()

    def ask(self, number: int, name: str) -> Any:
        """What an object of the grader's calls by a name."""
        send(self.sock, {"callback": number, "attribute": name})
        return self._answered()

    def _answered(self) -> Any:
        """The grader's answer; meanwhile it may ask for more."""
        while True:
            head, data = receive(self.sock, MOST)
            if "do" in head:
                self.do(head, data)
            elif "raise" in head:
                raise _make_exception(*head["raise"])
            else:
                message = Message(head, data, [])
                return Decoder(message, self.fetch).decode(head["value"])

    def do_name(self, name: str) -> Any:
        """What the notebook calls by a name."""
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


OPERATIONS: dict[str, Callable] = {
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


def prepare_process(files: str) -> None:
    """Streams, folder and random numbers of a fresh learner's process."""
    import random

    os.chdir(files)
    sys.stdout, sys.stderr = Stream("stdout"), Stream("stderr")
    sys.path.insert(0, "")
    os.environ.pop("TORCHINDUCTOR_CACHE_DIR", None)  # torch's own doing
    random.seed()
    if "numpy" in sys.modules:
        sys.modules["numpy"].random.seed()
    if "torch" in sys.modules:
        sys.modules["torch"].seed()
