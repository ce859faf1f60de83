"""Takes from a notebook's outputs what would act by itself.

An instructor opens the executed notebook in a browser, where HTML, SVG and
scripts among its outputs would run with the instructor's rights, and reads
its texts in a terminal, which obeys control codes. Text and pixels stay.
"""

from __future__ import annotations

import re
from typing import Any

from nbformat import NotebookNode

KEPT = ("text/plain", "image/png", "image/jpeg")
_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")
_CODES = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\|$)"  # titles, clipboard
    r"|\x1b.",
    re.DOTALL,
)
_CONTROL = {number: None for number in range(32)} | {127: None}
_CONTROL |= {number: None for number in range(128, 160)}
for kept in "\n\t":
    del _CONTROL[ord(kept)]


def harmless_text(text: str) -> str:
    """Text without codes that a terminal obeys."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CODES.sub("", text).translate(_CONTROL)


def make_harmless(notebook: NotebookNode) -> None:
    """Leave text and pixels in all outputs, in place."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            _clean(output)


def _clean(output: NotebookNode) -> None:
    for key in ("text", "ename", "evalue"):
        if key in output:
            output[key] = harmless_text(_joined(output[key]))
    if "traceback" in output:
        output.traceback = [
            harmless_text(_joined(line)) for line in output.traceback
        ]
    if "data" in output:
        output.data = NotebookNode(_data(output.data))
        output.metadata = NotebookNode()


def _data(data: dict[str, Any]) -> dict[str, str]:
    """The kinds that only show, with a word for what was left out."""
    kept: dict[str, str] = {}
    for kind in KEPT:
        value = _joined(data.get(kind, ""))
        if kind == "text/plain":
            value = harmless_text(value)
        elif not _BASE64.fullmatch(value):
            continue
        if value:
            kept[kind] = value
    if data.keys() - set(KEPT) and not kept:
        kept["text/plain"] = "(an output that is not shown here)"
    return kept


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return value if isinstance(value, str) else str(value)
