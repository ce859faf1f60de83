"""Closed-book tasks: the package's own function is no answer to them.

Such a task is called like the function that it asks for, or stands in
`ALIASES` with the function that would answer it. While its test runs, code
of the notebook that calls the package's function, itself or by another one,
is refused, by whatever name it calls it.
"""

import contextlib
import functools
import importlib
import inspect
import re
import sys
import sysconfig
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FrameType, FunctionType
from typing import Any

from rnncore.testing.failure import CheckFailure, Failure

PACKAGE = str(Path(__file__).parents[1])
LIBRARIES = tuple(
    sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib")
)
ENGINE = str(Path(LIBRARIES[1], "torch", "autograd", "function.py"))
STAND_IN = """
def make({free}):
    def stand_in(*args, **kwargs):
        ({free})
        from rnncore.testing.closed import forward_call
        return forward_call({key}, args, kwargs)
    return stand_in
"""
DEFINES = re.compile(r"^(?:async )?(?:def|class) (\w+)", re.MULTILINE)
ALIASES = {"readout_of_stream": "fit_readout"}  # of all states
_originals: dict[int, FunctionType] = {}  # what stands for a closed one
_allowed: set[str] = set()  # files that may call closed functions


def own_answers(name: str) -> list[Any]:
    """The functions and classes of the package that would answer a task."""
    name = ALIASES.get(name, name)
    answers = []
    for place in _definers(name):
        with contextlib.suppress(ImportError):  # nor can the answer use it
            found = getattr(importlib.import_module(place), name, None)
            if getattr(found, "__module__", None) == place:
                answers.append(found)
    return answers


def own_functions(name: str) -> list[FunctionType]:
    """What of the package is closed for a task.

    These are the functions inside decorators, and of a class its methods.
    """
    found = []
    for answer in own_answers(name):
        parts = (
            vars(answer).values() if isinstance(answer, type) else [answer]
        )
        for part in parts:
            part = getattr(part, "__func__", part)  # a class method's
            if callable(part) and not isinstance(part, type):
                part = inspect.unwrap(part)
            if isinstance(part, FunctionType) and _is_here(part):
                found.append(part)
    return found


def _is_here(function: FunctionType) -> bool:
    """Whether the package's own text defines it, and no decorator."""
    return function.__code__.co_filename.startswith(PACKAGE)


def _definers(name: str) -> list[str]:
    """The modules that define a function or a class of this name."""
    return _index().get(name, [])


@functools.cache
def _index() -> dict[str, list[str]]:
    """The modules whose text defines a name, by the name.

    One that nobody has imported yet may be imported by the answer. To look
    through `sys.modules` would touch, and so copy in a process that was
    forked, memory that belongs to thousands of modules.
    """
    folder, found = Path(PACKAGE), defaultdict(list)
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        place = ".".join(parts).removesuffix(".__init__")
        for name in DEFINES.findall(file.read_text("utf-8")):
            found[name].append(place)
    return dict(found)


def close(function: FunctionType) -> None:
    """Refuse calls by the notebook's code, from now on."""
    key = id(function)
    kept = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
        function.__closure__,
    )
    kept.__kwdefaults__ = function.__kwdefaults__
    _originals[key] = kept
    free = ", ".join(function.__code__.co_freevars)  # as many as it had
    made: dict[str, Any] = {}
    text = STAND_IN.format(key=key, free=free)
    exec(compile(text, __file__, "exec"), made)  # noqa: S102 - as above
    cells = function.__code__.co_freevars
    function.__code__ = made["make"](*cells).__code__


def forward_call(key: int, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call a closed function for a test, for nobody else."""
    __tracebackhide__ = True
    original = _originals[key]
    if not _may_call(sys._getframe(2), original.__code__):
        raise handed_back(original.__qualname__)
    return original(*args, **kwargs)


def _may_call(frame: FrameType | None, closed: CodeType) -> bool:
    """Whether a test calls a closed function, or torch asks for a gradient.

    What counts is who had the package or a library call it, further out.
    """
    engine = (
        False  # of torch, which calls `backward` in a thread of its own
    )
    while frame is not None:
        code = frame.f_code
        file = code.co_filename
        if file in _allowed:
            return True
        engine |= file == ENGINE
        if not file.startswith((PACKAGE, *LIBRARIES)):
            return False
        frame = frame.f_back
    return engine and closed.co_name == "backward"


def handed_back(name: str) -> CheckFailure:
    """The error of an answer that is the package's own."""
    why = (
        f"this task is answered with the book closed: the answer calls the "
        f"package's own {name}, which it is to write again"
    )
    return CheckFailure(Failure(why=why))


@contextlib.contextmanager
def closed_book(name: str, answer: Any, allowed: str) -> Iterator[None]:
    """Close the package's functions of this name for a while.

    `allowed` is the file of the test, which may compare with them.

    Raises CheckFailure where the answer itself is one.
    """
    if any(_is_or_extends(answer, own) for own in own_answers(name)):
        raise handed_back(name)
    functions = own_functions(name)
    before = [function.__code__ for function in functions]
    _allowed.add(allowed)
    try:
        for function in functions:
            close(function)
        yield
    finally:
        for function, code in zip(functions, before, strict=True):
            function.__code__ = code
        _allowed.discard(allowed)


def _is_or_extends(answer: Any, own: Any) -> bool:
    """Whether an answer is the package's, or a class derived from it."""
    both = isinstance(answer, type) and isinstance(own, type)
    return answer is own or (both and issubclass(answer, own))
