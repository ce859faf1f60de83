"""Pictures that belong to a written answer.

A cell holds them as attachments, its text has them as data, or names a file
that was handed in beside the notebook. What is a picture by its first bytes
is kept, within the limits of the table.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import re
from collections.abc import Container, Iterable
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import quote

import nbformat
from nbformat import NotebookNode

from grader import untrusted
from grader.notebook.cells import grade_id, is_task
from grader.notebook.sanitise import PICTURES, keep_shown
from rnncore.storage.files import Refused, read_bytes
from rnncore.storage.limits import LIMITS

LIMIT = LIMITS["picture"]
DATA = re.compile(r"data:(image/[a-z+.-]{1,20});base64,([A-Za-z0-9+/=]+)")
FILES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg"}
LEFT = "pictures_left_out"  # in a cell's metadata, until a remark tells it


def keep_pictures(cell: NotebookNode, attachments: Any) -> None:
    """Give a cell its pictures as attachments; those in its text too.

    What is left out stands by its name in the cell's metadata.
    """
    found: dict[str, tuple[str, str]] = {}
    left: list[str] = []
    for name, data in attachments.items() if isinstance(attachments, dict) else ():
        kind = next(iter(PICTURES & {*data}), "") if isinstance(data, dict) else ""
        found[untrusted.line(name, 100)] = kind, data[kind] if kind else ""

    def take_out(match: re.Match[str]) -> str:
        name = f"pasted-{len(found) + 1}"
        found[name] = match[1], match[2]
        return f"attachment:{name}"

    cell.source = DATA.sub(take_out, cell.source)
    kept: dict[str, dict[str, str]] = {}
    for name, (kind, data) in found.items():
        short = isinstance(data, str | list) and _count(data) <= LIMIT.bytes * 4 / 3
        shown = keep_shown({kind: data}) if kind and short else {}
        if kind not in shown or len(kept) >= LIMIT.parts:
            left.append(name)
        else:
            kept[name] = {kind: shown[kind]}
    if kept:
        cell["attachments"] = NotebookNode(kept)
    if left:
        cell.metadata[LEFT] = left


def attach_files(
    notebook: NotebookNode, folder: Path, given: Container[Path]
) -> list[str]:
    """Give the cells the pictures beside the notebook that they name; remarks.

    `folder` holds plain files alone, `given` are the paths of the assignment's.
    """
    texts = [cell for cell in notebook.cells if cell.cell_type == "markdown"]
    code = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    unnamed = []
    for path in sorted(folder.rglob("*")):
        kind, name = FILES.get(path.suffix.lower()), path.relative_to(folder)
        data = b""
        if not kind or name in given or not path.is_file():
            continue
        naming = [cell for cell in texts if _names(cell.source, path.name)]
        if not naming and not any(path.name in source for source in code):
            unnamed.append(untrusted.line(str(name), 100))
        with contextlib.suppress(Refused):  # it is told as one left out
            data = read_bytes(path, "picture") if naming else data
        shown = {kind: base64.b64encode(data).decode()}
        for cell in naming:
            keep_pictures(cell, cell.get("attachments", {}) | {path.name: shown})
    remarks = tell_left(texts)
    if unnamed:
        names = ", ".join(f"'{name}'" for name in unnamed[:20])
        remarks.append(
            f"a picture lies beside the notebook, and no cell names it: {names}. "
            "Write its name into the answer that it belongs to"
        )
    return remarks


def _names(text: str, name: str) -> bool:
    return name in text or quote(name) in text


def _count(data: str | list[Any]) -> int:
    return len(data) if isinstance(data, str) else sum(map(len, map(str, data)))


def tell_left(cells: Iterable[NotebookNode], limit: int = 100) -> list[str]:
    """Remarks on the pictures that were left out; the cells forget them."""
    left = [name for cell in cells for name in cell.metadata.pop(LEFT, [])]
    if not left:
        return []
    names = ", ".join(f"'{name}'" for name in left[:limit])
    remark = (
        f"a picture is left out: {names}. Expected at most {LIMIT.parts} in a cell, "
        f"PNG or JPEG, each of at most {LIMIT.bytes / 1e6:g} MB: paste it smaller, "
        "or hand it in as a file beside the notebook"
    )
    return [remark]


def collect_pictures(
    notebook: NotebookNode, answers: Iterable[str]
) -> dict[str, list[str]]:
    """What identifies the pictures of each answer that has some."""
    return {
        name: [hashlib.sha256(address.encode()).hexdigest() for _, address in shown]
        for name, shown in _list_pictures(notebook).items()
        if name in answers
    }


def read_pictures(folder: Path) -> dict[str, list[tuple[str, str]]]:
    """The pictures of each answer in a folder of graded notebooks.

    Each is its name and an address that holds it.
    """
    paths = sorted(folder.glob("*.ipynb"))
    parts = [_list_pictures(nbformat.read(path, as_version=4)) for path in paths]
    return dict(chain.from_iterable(part.items() for part in parts))


def _list_pictures(notebook: NotebookNode) -> dict[str, list[tuple[str, str]]]:
    """By the name of the marked cell that they are in, or are below."""
    found: dict[str, list[tuple[str, str]]] = {}
    task = ""
    for cell in notebook.cells:
        name = grade_id(cell)
        if name:
            task = name if is_task(cell) else ""
        owner = name or task
        for called, data in cell.get("attachments", {}).items():
            shown = keep_shown(data)
            kind = next(iter(PICTURES & {*shown}), "")
            if owner and kind:
                picture = called, f"data:{kind};base64,{''.join(shown[kind].split())}"
                found.setdefault(owner, []).append(picture)
    return found
