"""Takes from a notebook's outputs what would act by itself.

An instructor opens the executed notebook in a browser, where HTML, SVG and
scripts among its outputs would run with the instructor's rights, and reads
its texts in a terminal, which obeys control codes. Text and pixels stay.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

from grader import untrusted

KEPT = ("text/plain", "image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
LONGEST = 3_000_000  # characters of one output: `Limits` keep it shorter


def sanitised(text: str) -> str:
    """Text without codes that a terminal obeys, or that a page hides."""
    return untrusted.text(text, LONGEST)


def sanitise(notebook: NotebookNode) -> None:
    """Leave text and pixels in all outputs, in place."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _clean(output)


def _clean(output: NotebookNode) -> None:
    for key in ("text", "ename", "evalue"):
        if key in output:
            output[key] = sanitised(_joined(output[key]))
    if "traceback" in output:
        output.traceback = [sanitised(_joined(line)) for line in output.traceback]
    if "data" in output:
        output.data = NotebookNode(shown(output.data))
        output.metadata = NotebookNode()


def shown(data: dict[str, Any]) -> dict[str, str]:
    """The kinds that only show, with a word for what was left out."""
    kept: dict[str, str] = {}
    for kind in KEPT:
        value = _joined(data.get(kind))
        if kind == "text/plain":
            value = sanitised(value)
        elif not _BASE64.fullmatch(value):
            continue
        if value:
            kept[kind] = value
    if data.keys() - set(KEPT) and not kept:
        kept["text/plain"] = "(an output that is not shown here)"
    return kept


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(v for v in value if isinstance(v, str))
    return value if isinstance(value, str) else ""
