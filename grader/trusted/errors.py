"""The exceptions that a learner's code raises, as a test catches them."""

from __future__ import annotations

import builtins
import sys
from typing import Any

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
PASSED_OVER = {"builtins:object", "builtins:BaseException"}
# Libraries whose exceptions a test catches; none skips or ends a test.
RAISING = {"builtins", "numpy", "pandas", "sqlite3", "sklearn", "decimal", "json"}
LONGEST_NAME = 60


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
        return getattr(found, name)


class Untrusted(AssertionError):
    """A test would have to believe what a learner's object says."""


class Text(str):
    """A string that KeyError prints without quotes."""

    __slots__ = ()
    __repr__ = str.__str__


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


def can_be_told(error: Exception) -> bool:
    """Whether its text can be had: some classes keep more than arguments."""
    try:
        str(error)
    except Exception:  # noqa: BLE001 - whatever its class does
        return False
    return True


def find_builtin(kind: type[Exception]) -> type[Exception]:
    """The nearest of Python's own classes that an exception's class is based on."""
    return next(base for base in kind.__mro__ if base in RAISED.values())


class ErrorClasses:
    """The learner's exceptions, each as a class of this process."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, ...], Any] = {}

    def find(self, line: Any) -> Any:
        """The class for the names of an exception's class and bases; or None."""
        if not isinstance(line, list) or not all(type(n) is str for n in line):
            return None
        base: Any = None
        for k in range(len(line) - 1, -1, -1):
            key = tuple(line[k:])
            found = self.known.get(key) or find_error(line[k])
            if found is None and line[k] in PASSED_OVER:
                continue
            if found is None and base is None:
                return None
            self.known[key] = base = found or _mirror(line[k], base)
        return base


def _mirror(label: str, base: Any) -> Any:
    """A class that stands for a learner's, which is derived from `base`."""
    name = label.rpartition(":")[2].rpartition(".")[2]
    name = "".join(c for c in name if c.isalnum() or c == "_")[:LONGEST_NAME]
    bases = (base,) if issubclass(base, Mirror) else (Mirror, base)
    made: Any = type(name or "LearnerError", bases, {"__module__": SPACE})
    made._node = {"N": label[2:]} if label[:2] == "N:" else None
    return made
