"""A learner's functions and objects, which stay in their process.

A test is ordinary code; the names that are the learner's stand for
a `Proxy` there. What a call gives is data where it can be, a copy that the
test may trust to be what it seems; else another proxy.

An object that comes in place of data may be read, and what is read may be
data that is right. It is never asked about the test's values: whether it
equals one, is less, or holds it. Only an object that the test has made of a
class that the course asks for is asked that, and what was read from it if its
own class is asked for too.
"""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import inspect
import sys
import types
from functools import partialmethod
from typing import Any

import numpy as np

from grader.trusted.errors import Untrusted, find_error

# Classes that an object may be said to be of: none that comes over as data.
PLAIN_CLASSES = {
    "builtins:generator": types.GeneratorType,
    "builtins:property": property,
    "builtins:method": types.MethodType,
    "builtins:module": types.ModuleType,
}
CLAIMED = {"sklearn", "matplotlib", "sqlite3", "scipy", "networkx", "sympy"}
PUBLIC = {
    *("__name__", "__doc__", "__qualname__", "__annotations__", "__defaults__"),
    *("__dict__", "__dataclass_fields__", "__module__", "__slots__"),
}
# What comes over as data; its methods may compare it with their arguments.
DATA: tuple[Any, ...] = (
    *(str, bytes, int, float, complex, list, tuple, dict, set, frozenset, range),
    *(datetime.date, datetime.time, datetime.datetime, datetime.timedelta),
    *(decimal.Decimal, np.ndarray, np.generic),
)
TABLES = "DataFrame", "Series", "Index", "Timestamp"  # of pandas
COMPARING = {  # methods of these and of torch's, which may not be loaded here
    *("equal", "allclose", "isclose", "array_equal", "dist", "greater", "less"),
    *("equals", "eq", "ne", "lt", "le", "gt", "ge", "isin", "compare", "between"),
    *("add", "sub", "mul", "div", "divide", "subtract", "multiply", "truediv"),
    *("floordiv", "mod", "pow", "radd", "rsub", "rmul", "rdiv", "corr", "corrwith"),
    *("merge", "join", "where", "mask", "difference", "symmetric_difference"),
    *("combine", "combine_first", "align", "identical", "searchsorted"),
}
LOOKUPS = {"get", "pop", "transform", "item", "head", "tail", "plot"}
LONGEST = 1 << 31  # of anything that tells its length

isinstance_ = isinstance  # a test may see another one


@dataclasses.dataclass(slots=True)
class State:
    """What is known here of a learner's object.

    `open`: whether it may say how it compares with the test's values;
    `makes`: whether what it gives may, when it is called or iterated.
    `method` of `owner` is what it was read from.
    """

    link: Any
    node: Any
    name: str
    open: bool
    makes: bool
    what: str  # "class", "function" or "object"
    asked: bool  # by a name of the course's; else it is the learner's word
    method: str = ""
    owner: Any = None
    claims: Any = None  # what isinstance goes by
    kind: str = ""  # the class it is of, where the assignment asks for that


def state_of(proxy: Proxy) -> State:
    """What is known of a proxy's object."""
    return STATE.__get__(proxy)


class Proxy:
    # Stands for a learner's object. No docstring: `__doc__` is the object's,
    # as is every name but the one slot's.
    __slots__ = ("__weakref__", "_state_of_proxy")

    __array_ufunc__ = None  # NumPy leaves operators to this class

    def __init__(self, link: Any, node: Any, name: str, open_: bool, kind: str = ""):
        what = kind if kind in ("class", "function") else "object"
        state = State(link, node, name, open_, kind == "class", what, bool(kind))
        STATE.__set__(self, state)

    def __getattribute__(self, name: str) -> Any:
        return _read(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        state_of(self).link.do("set attribute", self, name, value)

    def __delattr__(self, name: str) -> None:
        state_of(self).link.do("delete attribute", self, name)

    def __dir__(self) -> list[str]:
        found = state_of(self).link.do("names of", self)
        return [str(name) for name in found]

    def __repr__(self) -> str:
        state = state_of(self)
        if state.open and state.what == "object" and state.link.listening():
            return _tell(self, "repr", str)
        return label(self)

    def __str__(self) -> str:
        listening = state_of(self).link.listening()
        return _tell(self, "text", str) if listening else label(self)

    def __format__(self, how: str) -> str:
        return _tell(self, "format", str, how)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _call(self, args, kwargs)

    def __iter__(self) -> Any:
        return _iterator(self, state_of(self).link.do("iterate", self))

    def __reversed__(self) -> Any:
        return _iterator(self, state_of(self).link.do("reversed", self))

    def __next__(self) -> Any:
        found = state_of(self).link.do("next", self)
        if not isinstance_(found, tuple) or len(found) > 1:
            raise Untrusted(f"{label(self)} is not an iterator")
        if not found:
            raise StopIteration
        return _part(found[0], state_of(self).open or state_of(self).makes)

    def __instancecheck__(self, value: Any) -> bool:
        if state_of(self).what != "class":
            raise TypeError("isinstance() arg 2 must be a type")
        if type(value) is not Proxy:
            return False
        return state_of(self).link.do("is instance", value, self) is True

    def __subclasscheck__(self, value: Any) -> bool:
        if value is self:
            return True
        ours = type(value) is Proxy
        return ours and state_of(self).link.do("is subclass", value, self) is True

    def __getitem__(self, key: Any) -> Any:
        return _part(state_of(self).link.do("item", self, key), state_of(self).open)

    def __setitem__(self, key: Any, value: Any) -> None:
        state_of(self).link.do("set item", self, key, value)

    def __delitem__(self, key: Any) -> None:
        state_of(self).link.do("delete item", self, key)

    def __len__(self) -> int:
        found = state_of(self).link.do("length", self)
        if type(found) is not int or not 0 <= found < LONGEST:
            raise TypeError(f"the length of {label(self)} is not a number")
        return found

    def __bool__(self) -> bool:
        return _tell(self, "truth", bool)

    def __int__(self) -> int:
        return _tell(self, "int", int)

    def __float__(self) -> float:
        return _tell(self, "float", float)

    def __hash__(self) -> int:
        if not state_of(self).open:
            raise TypeError(f"{label(self)} is not data: it has no hash")
        return _tell(self, "hash", int)

    def __enter__(self) -> Any:
        return _part(state_of(self).link.do("enter", self), state_of(self).open)

    def __exit__(self, *error: object) -> None:
        state_of(self).link.do("exit", self)

    def __contains__(self, value: Any) -> bool:
        link = state_of(self).link
        found = link.do("contains", self, value) if state_of(self).open else None
        if found is None:  # its parts come here to be compared
            return any(part is value or part == value for part in self)
        link.believe(f"what {label(self)} holds")
        return found is True

    def __index__(self) -> int:
        raise _refusal(self)

    def __complex__(self) -> complex:
        raise _refusal(self)

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise _refusal(self)


STATE: Any = vars(Proxy)["_state_of_proxy"]


def label(proxy: Proxy) -> str:
    """How the grader calls an object, whatever it says of itself."""
    return f"<{state_of(proxy).name} of the submission>"


def _refusal(proxy: Proxy) -> Untrusted:
    return Untrusted(
        f"expected a number, a text or an array, got {label(proxy)}, "
        "whose word about itself is not trusted"
    )


def _made(result: Any, open_: bool) -> Any:
    if type(result) is Proxy:
        state_of(result).open = open_
    return result


def _part(result: Any, open_: bool) -> Any:
    """What came from an object: as open if it is of a class that is asked for."""
    asked = type(result) is Proxy and bool(state_of(result).kind)
    return _made(result, open_ and asked)


def _iterator(proxy: Proxy, result: Any) -> Any:
    """What runs over an object: closed itself, its parts may be open."""
    if type(result) is Proxy:
        state_of(result).makes = state_of(proxy).open
    return _part(result, state_of(proxy).open)


def _tell(proxy: Proxy, what: str, kind: type, *args: Any) -> Any:
    """What it says of itself; nothing of the test's is in the question."""
    if kind is not str and not state_of(proxy).open:
        raise _refusal(proxy)
    found = state_of(proxy).link.do(what, proxy, *args)
    if type(found) is not kind:
        raise Untrusted(f"{label(proxy)} gave no {kind.__name__}")
    return found


def _call(proxy: Proxy, args: tuple, kwargs: dict[str, Any]) -> Any:
    """Call it; a method that tells how its owner compares is not asked."""
    state = state_of(proxy)
    closed = state.owner is not None and not state_of(state.owner).open
    compares = closed and bool(args or kwargs) and _compares(state.method)
    result = state.link.do("call", proxy, *args, **kwargs)
    if compares and result is not None:
        raise _refusal(state.owner)
    if state.method == "score" and type(result) is not Proxy:
        state.link.believe(f"the score of {label(state.owner)}")
    return _made(result, state.makes)


def _compares(method: str) -> bool:
    """Whether data has such a method, which may compare."""
    if method in LOOKUPS or not method:
        return False
    if method in COMPARING:
        return True
    pandas = sys.modules.get("pandas")
    tables = [getattr(pandas, name, object) for name in TABLES] if pandas else []
    return any(hasattr(kind, method) for kind in (*DATA, *tables))


# -------------------------------------------------------------- attributes


def _read(proxy: Proxy, name: str) -> Any:
    """An attribute: data where it can be."""
    state = state_of(proxy)
    if name == "__class__":
        return _find_class(proxy)
    if name == "__name__" and state.asked:
        return state.name
    if name == "__signature__" and state.what != "object":
        return _read_signature(proxy)
    if name == "__code__" and state.what == "function":
        parts = state.link.do("code", proxy)
        names = ("co_flags", "co_argcount", "co_varnames", "co_names")
        return types.SimpleNamespace(**dict(zip(names, parts, strict=True)))
    if name == "__bases__" and state.what == "class":
        return _read_bases(proxy)
    if name in vars(Proxy) and name not in PUBLIC and name[:2] == "__":
        return object.__getattribute__(proxy, name)  # an operator
    hidden = name.startswith("_") and not state.open and state.what != "class"
    if (hidden or name.startswith("__")) and name not in PUBLIC:
        raise AttributeError(f"{label(proxy)} has no {name!r} for a test")
    result = state.link.do("attribute", proxy, name)
    if type(result) is Proxy:
        state_of(result).method, state_of(result).owner = name, proxy
    return _part(result, state.open)


def _read_signature(proxy: Proxy) -> inspect.Signature:
    found = state_of(proxy).link.do("signature", proxy)
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


def _read_bases(proxy: Proxy) -> tuple[Any, ...]:
    link = state_of(proxy).link
    line = link.do("class", proxy)[1:]
    found = [link.classes.get(name, find_error(name)) for name in line]
    return tuple(kind for kind in found if kind is not None) or (object,)


def _find_class(proxy: Proxy) -> Any:
    """What isinstance goes by: never a class that comes over as data."""
    state = state_of(proxy)
    if state.what == "class":
        return type
    if state.what == "function":
        return types.FunctionType
    if not state.link.listening():
        return Proxy
    if state.claims is None:
        state.claims = Proxy  # while it is asked
        state.claims = _find_library_class(state.link.do("class", proxy))
    return state.claims


def _find_library_class(line: Any) -> Any:
    """A library's class that is loaded here, or that of a generator."""
    if type(line) is not list or not line or type(line[0]) is not str:
        return Proxy
    if line[0] in PLAIN_CLASSES:
        return PLAIN_CLASSES[line[0]]
    module, _, name = line[0].partition(":")
    if module.partition(".")[0] not in CLAIMED or not name.isidentifier():
        return Proxy
    found = vars(sys.modules.get(module, sys)).get(name)
    return found if isinstance_(found, type) else Proxy


# --------------------------------------------------------------- operators


def _operate(proxy: Proxy, what: str, *others: Any, turned: bool = False) -> Any:
    """An operator, of a class that is asked for, or between two objects."""
    ours = bool(others) and all(type(other) is Proxy for other in others)
    open_ = state_of(proxy).open or (ours and state_of(others[0]).open)
    if not open_ and not ours:
        raise _refusal(proxy)
    args = (*others, proxy) if turned else (proxy, *others)
    result = state_of(proxy).link.do(what, *args)
    if not open_ and type(result) is not Proxy:
        raise _refusal(proxy)
    if others and not ours and type(result) is not Proxy:
        state_of(proxy).link.believe(f"what {label(proxy)} makes of a value")
    return _part(result, open_)


def _compare(proxy: Proxy, what: str, other: Any) -> Any:
    """A comparison, which only a class that is asked for may make."""
    if other is None and what in ("eq", "ne"):  # it is not None
        return what == "ne"
    if not state_of(proxy).open and not (type(other) is Proxy and state_of(other).open):
        raise _refusal(proxy)
    link = state_of(proxy).link
    found = link.do(what, proxy, other)
    if found is True and link.do("equals anything", proxy) is not False:
        raise Untrusted(f"{label(proxy)} says that it equals anything")
    link.believe(f"how {label(proxy)} compares")
    return found


for _name, _what in {
    "add": "add",
    "sub": "subtract",
    "mul": "multiply",
    "truediv": "divide",
    "matmul": "matmul",
    "floordiv": "floor divide",
    "mod": "modulo",
    "pow": "power",
    "and": "and",
    "or": "or",
    "xor": "xor",
}.items():
    setattr(Proxy, f"__{_name}__", partialmethod(_operate, _what))
    setattr(Proxy, f"__r{_name}__", partialmethod(_operate, _what, turned=True))
for _name, _what in {
    "abs": "abs",
    "neg": "negative",
    "round": "round",
    "invert": "invert",
}.items():
    setattr(Proxy, f"__{_name}__", partialmethod(_operate, _what))
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(Proxy, f"__{_name}__", partialmethod(_compare, _name))
