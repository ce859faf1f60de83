"""Closed-book tasks: the package's own function is no answer to them.

Such a task is called like the function that it asks for, or stands in
`SHORTER` with the function that would answer it. While its test runs, code
of the notebook that calls the package's function is refused, by whatever
name it calls it; what the package itself calls goes on.
"""

import contextlib
import functools
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType
from typing import Any

from rnncore.testing.failure import CheckFailure, Failure

PACKAGE = str(Path(__file__).parents[1])
STAND_IN = """
def stand_in(*args, **kwargs):
    from rnncore.testing.closed import forward_call
    return forward_call({key}, args, kwargs)
"""
ALIASES = {"readout_of_stream": "fit_readout"}  # of all states
_originals: dict[int, FunctionType] = {}  # what stands for a closed one
_allowed: set[str] = set()  # files that may call closed functions


def own_functions(name: str) -> list[FunctionType]:
    """The functions of the package that would answer a task."""
    name = ALIASES.get(name, name)
    return [
        found
        for place in _places()
        if (module := sys.modules.get(place))
        and isinstance(found := getattr(module, name, None), FunctionType)
        and found.__module__ == place
        and not found.__closure__
    ]


@functools.cache
def _places() -> list[str]:
    """The package's modules by name.

    To look through `sys.modules` would touch, and so copy in a process
    that was forked, memory that belongs to thousands of modules.
    """
    folder = Path(PACKAGE)
    files = [p.relative_to(folder.parent) for p in folder.rglob("*.py")]
    names = [".".join(file.with_suffix("").parts) for file in files]
    return [name.removesuffix(".__init__") for name in names]


def close(function: FunctionType) -> None:
    """Refuse calls by code that is not the package's, from now on."""
    key = id(function)
    kept = FunctionType(
        function.__code__,
        function.__globals__,
        function.__name__,
        function.__defaults__,
    )
    kept.__kwdefaults__ = function.__kwdefaults__
    _originals[key] = kept
    made: dict[str, Any] = {}
    exec(STAND_IN.format(key=key), made)  # noqa: S102 - the text above
    function.__code__ = made["stand_in"].__code__


def forward_call(key: int, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call a closed function for the package, for nobody else."""
    __tracebackhide__ = True
    file = sys._getframe(2).f_code.co_filename
    if not (file.startswith(PACKAGE) or file in _allowed):
        raise handed_back(_originals[key].__name__)
    return _originals[key](*args, **kwargs)


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
    functions = own_functions(name)
    if any(answer is function for function in functions):
        raise handed_back(name)
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
