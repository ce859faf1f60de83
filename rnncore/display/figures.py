"""A live figure of the pages as a widget of a notebook.

A page loads a figure's modules one by one, from the folder beside it; a
notebook has no such folder, so that they become one module here.
"""

import hashlib
import math
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.display.scripts import join_modules

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    if error.name not in {"anywidget", "traitlets"}:
        raise
    raise ModuleNotFoundError(
        "A live figure needs anywidget: python -m pip install anywidget",
        name=error.name,
    ) from error

BEFORE = """\
const HERE = "file:///", figures = {};
const customElements = {
  define: (name, figure) => { figures[name] = figure; },
};"""


def _folder() -> Path:
    """Where the modules are: in the wheel, or in the course's folder."""
    package = Path(str(resources.files("rnncore")))
    installed = package / "live"
    here = package.parent / "book" / "_static" / "live"
    return installed if installed.is_dir() else here


def bundle(name: str) -> str:
    """One module of JavaScript with all that a figure needs."""
    modules = {
        path.stem: path.read_text("utf-8")
        for path in sorted(_folder().glob("*.mjs"))
    }
    shown = resources.files("rnncore.display").joinpath("widgets.mjs")
    parts = [BEFORE, join_modules(name, modules), f'const NAME = "{name}";']
    made = "\n".join([*parts, shown.read_text("utf-8")])
    version = hashlib.sha256(made.encode()).hexdigest()[:12]
    return f'const VERSION = "{version}";\n{made}'


class Figure(anywidget.AnyWidget):
    """A live figure in a notebook: what the browser needs to show it."""

    _esm = traitlets.Unicode().tag(sync=True)
    attributes = traitlets.Dict().tag(sync=True)
    given = traitlets.Dict().tag(sync=True)  # a cell's numbers
    asked = traitlets.Dict().tag(sync=True)  # what the browser wants next

    def __init__(
        self,
        name: str,
        attributes: dict[str, Any],
        given: dict[str, Any],
        answer: Callable[[dict[str, Any]], dict[str, Any]],
    ):
        self._answer = answer
        super().__init__(
            _esm=bundle(name),
            attributes={k: str(v) for k, v in attributes.items()},
            given=_to_plain(given),
        )

    @traitlets.observe("asked")
    def _work_out(self, change: dict[str, Any]) -> None:
        """Answer the browser; an error is told where the reader looks."""
        try:
            self.given = _to_plain(self._answer(change["new"]))
        except Exception as error:  # noqa: BLE001 - told in the figure
            told = f"{type(error).__name__}: {error}"
            self.given = {**self.given, "error": told}


def _to_plain(tree: Any) -> Any:
    """Arrays as lists; what JSON has no number for as its name."""
    if isinstance(tree, dict):
        return {k: _to_plain(v) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return [_to_plain(v) for v in tree]
    if isinstance(tree, np.ndarray):
        return _to_plain(tree.astype(float).tolist())
    if isinstance(tree, float) and not math.isfinite(tree):
        return str(tree)
    return tree
