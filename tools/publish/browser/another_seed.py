"""Runs cells of a page with other seeds; the browser's Python loads this file.

A page makes its random generators by `default_rng(seed)`. Here the same number
is added to every seed, wherever the page has it from, so that a loop over seeds
goes on to be one, and 0 gives the page's own. A claim, or an assertion outside
functions, that does not hold is part of the result and no mistake.

What a page reads from the stored measurements is not computed again: of those
it is given one seed alone.
"""

from __future__ import annotations

import ast
import io
import json
import operator
import sys
from collections.abc import Callable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Type
from traitlets.config import Config

import rnncore.comparison

GENERATOR = "default_rng"
MEASURED = "measurements/"
BY_SEED = {"test", "validation", "scores", "seeds"}  # in a stored comparison
NO_HISTORY = {"HistoryManager": {"enabled": False}}
MOST = 200_000  # characters of text; more than any page prints


class Exchange(ast.NodeTransformer):
    """`default_rng(s)` becomes `default_rng(_seed(s))`; an assertion, a claim.

    `json.loads(...)` of the measurements becomes `_recorded(json.loads(...))`.
    """

    inside = 0  # functions: what they assert is about their arguments

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """Exchange the seed of a generator."""
        self.generic_visit(node)
        if called(node) == GENERATOR:
            node.args = [_call("_seed", each) for each in node.args]
            for keyword in node.keywords:
                keyword.value = _call("_seed", keyword.value)
        if called(node) == "loads" and MEASURED in ast.unparse(node):
            return _call("_recorded", node)
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """Leave a function's assertions as they are."""
        self.inside += 1
        self.generic_visit(node)
        self.inside -= 1
        return node

    def visit_Assert(self, node: ast.Assert) -> ast.stmt:
        """Say whether it holds, and go on."""
        self.generic_visit(node)
        if self.inside:
            return node
        says = ast.Constant(ast.unparse(node.test))
        claim = ast.Expr(_call("_claim", says, node.test))
        return ast.fix_missing_locations(ast.copy_location(claim, node))


def called(node: ast.Call) -> str:
    """The last name of what is called: f of f(), a.f() and a.b.f()."""
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _call(name: str, *arguments: ast.expr) -> ast.Call:
    made = ast.Call(ast.Name(name, ast.Load()), list(arguments), [])
    return ast.fix_missing_locations(ast.copy_location(made, arguments[-1]))


def seeds_of(entry: dict[str, Any]) -> list[int]:
    """The seeds of which a measurement has a value each."""
    each = isinstance(entry["seed"], list) and isinstance(entry["value"], list | dict)
    return entry["seed"] if each else []


def of_seed(value: Any, at: int) -> Any:
    """What a measurement of several seeds has of one; a grid, say, stays."""
    if isinstance(value, list):
        return [value[at]]
    return {name: _of_part(name, part, at) for name, part in value.items()}


def _of_part(name: str, part: Any, at: int) -> Any:
    if name in BY_SEED:
        return [part[at]]
    if name == "tried":
        return [of_seed(each, at) for each in part]
    return of_seed(part, at) if isinstance(part, dict) else part


Note = Callable[[str, dict[str, Any]], None]


class Recorded(dict[str, Any]):
    """The stored measurements as of one seed; what is read goes to `note`."""

    def __init__(self, stored: dict[str, Any], seed: int, note: Note) -> None:
        super().__init__(stored)
        self.seed, self.note = seed, note

    def __getitem__(self, key: str) -> Any:
        entry = super().__getitem__(key)
        self.note(key, entry)
        value, seeds = entry["value"], seeds_of(entry)
        if self.seed not in seeds:
            return entry
        return entry | {"value": of_seed(value, seeds.index(self.seed))}

    def __or__(self, other: dict[str, Any]) -> Recorded:  # type: ignore[override]
        """Those of two files."""
        return Recorded({**self, **other}, self.seed, self.note)


_shown: list[dict[str, str]] = []  # by kind of content, in the order of showing


class _Hook(DisplayHook):
    """Keeps the value of a cell's last line."""

    def write_output_prompt(self) -> None:
        pass

    def write_format_data(self, format_dict: Any, md_dict: Any = None) -> None:
        _shown.append(dict(format_dict))

    def finish_displayhook(self) -> None:
        pass


class _Publisher(DisplayPublisher):
    """Keeps what `display` is given."""

    def publish(self, data: Any, *_: Any, **__: Any) -> None:
        _shown.append(dict(data))


class _Printed(io.TextIOBase):
    """Keeps what is printed, in turn with what is displayed."""

    def write(self, text: str) -> int:
        if not _shown or "printed" not in _shown[-1]:
            _shown.append({"printed": ""})
        _shown[-1]["printed"] = (_shown[-1]["printed"] + text)[:MOST]
        return len(text)


class Shell(InteractiveShell):
    """What a notebook's kernel runs cells with, and no history."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)

    def _showtraceback(self, *_: Any) -> None:
        pass  # the result names the exception


class Rerun:
    """The cells of one experiment, with `shift` added to each seed.

    With `recorded`, the seeds stay, and of the stored measurements those of
    that seed are read.
    """

    def __init__(self, shift: int, recorded: int | None = None) -> None:
        self.shift = operator.index(shift)
        self.recorded = recorded
        self.asked: dict[str, Any] = {}  # measurements, by the cell that is shown
        self.earlier: dict[str, Any] = {}  # and by those before it
        self.seeds: dict[int, int] = {}  # the page's, and those here
        self.claims: list[tuple[str, bool]] = []
        self.stopped = ""  # by which exception
        self.outputs: list[dict[str, str]] = []
        self.shell = Shell.instance(config=Config(NO_HISTORY))
        self.shell.ast_transformers[:] = [Exchange()]
        self.shell.reset()
        own = {"_seed": self._seed, "_claim": self._claim, "_recorded": self._alone}
        self.shell.push(own)

    def cell(self, source: str, part: str) -> bool:
        """Run a cell; whether to go on. Of "shown" the outputs are kept.

        Claims are kept of "shown" and of "after", not of "before".
        """
        _shown.clear()
        claims = len(self.claims)
        if part == "shown":  # what others read is not what it shows
            self.earlier, self.asked = self.asked, {}
        stdout, stderr = sys.stdout, sys.stderr
        own, rnncore.comparison.claim = rnncore.comparison.claim, self._claim
        sys.stdout = sys.stderr = _Printed()
        try:
            result = self.shell.run_cell(source, store_history=True)
        finally:
            sys.stdout, sys.stderr = stdout, stderr
            rnncore.comparison.claim = own
        if part == "shown":
            self.outputs += _shown
        elif part == "before":
            del self.claims[claims:]
        error = result.error_before_exec or result.error_in_exec
        if error is not None:
            self.stopped = f"{type(error).__name__}: {error}"
        return error is None

    def result(self) -> str:
        """What there is to show, as JSON."""
        names = "claims", "stopped", "outputs"
        found = {name: getattr(self, name) for name in names}
        found |= {"seeds": sorted(self.seeds.items()), "recorded": self._asked()}
        return json.dumps(found, default=str)

    def _asked(self) -> dict[str, Any]:
        """Which seeds the measurements have that were read, and their commands."""
        entries = [*(self.asked or self.earlier).values()]
        seeds = [set(found) for found in map(seeds_of, entries) if found]
        commands = {" ".join(entry["command"].split()[:4]) for entry in entries}
        common = sorted(set.intersection(*seeds)) if seeds else []
        return {"seeds": common, "commands": sorted(commands)}

    def _note(self, key: str, entry: dict[str, Any]) -> None:
        self.asked[key] = entry

    def _alone(self, stored: dict[str, Any]) -> dict[str, Any]:
        if self.recorded is None:
            return stored
        return Recorded(stored, self.recorded, self._note)

    def _seed(self, seed: Any) -> int:
        own = operator.index(seed)
        self.seeds[own] = own + self.shift
        return self.seeds[own]

    def _claim(self, sentence: str, condition: Any) -> None:
        self.claims.append((sentence, bool(condition)))
