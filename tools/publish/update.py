"""Brings a new edition of the learners' tree to one in which work has begun.

    make course DIR=path UPDATE=1

`.course.json` in the tree says what was handed out. What nobody changed is
replaced. A notebook keeps the answers and the cells that were written into it, and
gets the new tests, texts and tasks; another file that was changed stays. What was
there before lies in updates/TIME/before/, a new file that could not take its place
in updates/TIME/new/. Nothing is followed that leads out of the tree.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from grader.notebook.cells import grade_id, is_answer
from rnncore.storage.files import whole_file

RECORD = ".course.json"
PLACE = "updates"
ASIDE = {PLACE, ".git"}  # no part of an edition


class UpdateError(Exception):
    """Why a tree cannot be brought to a new edition."""


@dataclass
class Done:
    """What an update did, in paths of the tree."""

    replaced: list[str] = field(default_factory=list)
    merged: list[str] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)  # theirs; the new one lies aside
    removed: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    aside: str = ""  # the folder in updates/, if there is one

    def format(self) -> str:
        """The lines that `make course` prints."""
        lines = [f"{len(self.replaced)} files are new, {len(self.removed)} are gone"]
        lines += [f"{path}: new edition, with what was written" for path in self.merged]
        lines += [
            f"{path} was changed, and stays; the new one is {self.aside}/new/{path}"
            for path in self.kept
        ]
        if self.merged or self.removed:
            lines.append(f"What was there before is in {self.aside}/before/")
        return "\n".join([*lines, *self.told])


def write_record(tree: Path) -> None:
    """Write down what a tree holds, as it is handed out."""
    record = {"files": {p: describe_file(tree / p) for p in list_files(tree)}}
    with whole_file(tree / RECORD) as file:
        file.write(json.dumps(record, indent=1, sort_keys=True).encode())


def read_record(tree: Path) -> dict[str, dict[str, Any]]:
    """What a tree held when it was handed out, by path.

    Raises UpdateError where it does not say so.
    """
    path = tree / RECORD
    try:
        if path.is_symlink():
            raise ValueError("a link")
        files: dict[str, dict[str, Any]] = json.loads(path.read_bytes())["files"]
        _ = {p: (v["sha256"], v.get("cells", [])) for p, v in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UpdateError(
            f"{path}: expected what make course wrote when it handed the tree out, "
            f"got {error}: export into an empty folder, and copy the notebooks there"
        ) from error
    return files


def list_files(tree: Path) -> list[str]:
    """The files of an edition, as paths in the tree."""
    found = (p.relative_to(tree) for p in sorted(tree.rglob("*")) if p.is_file())
    return [
        path.as_posix()
        for path in found
        if path.parts[0] not in ASIDE and path.as_posix() != RECORD
    ]


def describe_file(path: Path) -> dict[str, Any]:
    """A file's fingerprint; of a notebook, those of its cells too."""
    found: dict[str, Any] = {"sha256": hash_content(path.read_bytes())}
    if path.suffix == ".ipynb":
        cells = nbformat.read(path, as_version=4).cells
        found["cells"] = {key: hash_cell(cell) for key, cell in key_cells(cells)}
    return found


def hash_content(content: bytes) -> str:
    """SHA-256, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def hash_cell(cell: NotebookNode) -> str:
    """A fingerprint of what a cell is and says."""
    text = f"{cell.cell_type} {cell.source.rstrip()}"
    return hash_content(text.encode("utf-8", "replace"))[:16]


def key_cells(cells: list[NotebookNode]) -> Iterator[tuple[str, NotebookNode]]:
    """Each cell with what tells it from others: nbgrader's name, or else its text."""
    seen: dict[str, int] = {}
    for cell in cells:
        name = grade_id(cell)
        key = f"name {name}" if name else f"text {hash_cell(cell)}"
        seen[key] = seen.get(key, 0) + 1
        yield f"{key} {seen[key]}", cell


def update(tree: Path, new: Path) -> Done:
    """Bring `tree` to the edition in `new`; say what was done.

    Raises UpdateError, before anything is changed, where `tree` is none.
    """
    old = read_record(tree)
    if (tree / PLACE).is_symlink():
        raise UpdateError(f"{tree / PLACE}: expected a folder of its own, got a link")
    done = Done(aside=f"{PLACE}/{datetime.now():%Y-%m-%d_%H%M%S}")
    wanted = list_files(new)
    for path in sorted({*wanted, *old}):
        if why := _find_way_out(tree, path):
            done.told.append(f"{path}: {why} is a link, or no folder, and left alone")
        elif path not in wanted:
            _remove(tree, path, old[path], done)
        else:
            _bring(tree, new, path, old.get(path), done)
    _place(new / RECORD, tree / RECORD)
    return done


def _find_way_out(tree: Path, path: str) -> str:
    """The part of a path that is a link, or a file in a folder's place."""
    here, parts = tree, Path(path).parts
    if Path(path).is_absolute() or ".." in parts:
        return path
    for part in parts:
        here /= part
        folder = here != tree / path
        if here.is_symlink() or (here.exists() and here.is_dir() != folder):
            return str(here.relative_to(tree))
    return ""


def _remove(tree: Path, path: str, old: Mapping[str, Any], done: Done) -> None:
    """Take away what is no part of the new edition, unless somebody changed it."""
    mine = tree / path
    if not mine.exists():
        return
    if hash_content(mine.read_bytes()) != old["sha256"]:
        done.told.append(f"{path} is no part of the new edition; yours stays")
        return
    _save(tree, path, done)
    mine.unlink()
    done.removed.append(path)


def _bring(
    tree: Path, new: Path, path: str, old: Mapping[str, Any] | None, done: Done
) -> None:
    """Bring one file of the new edition."""
    mine, theirs = tree / path, new / path
    content = theirs.read_bytes()
    if not mine.exists():
        if old is None or hash_content(content) != old["sha256"]:
            _place(theirs, mine)
            done.replaced.append(path)
            done.told += _tell_renamed(tree, theirs, path) if old else []
        return
    before = mine.read_bytes()
    if before == content or (old and hash_content(content) == old["sha256"]):
        return
    if old and hash_content(before) == old["sha256"]:
        _place(theirs, mine)
        done.replaced.append(path)
        return
    if path.endswith(".ipynb"):
        try:
            notebook = nbformat.reads(before.decode("utf-8"), as_version=4)
            nbformat.validate(notebook)
            fresh = nbformat.read(theirs, as_version=4)
            told = merge(notebook, fresh, (old or {}).get("cells", {}))
        except Exception as error:  # noqa: BLE001 - whatever a reader may raise
            said = type(error).__name__
            done.told.append(f"{path} cannot be read as a notebook ({said})")
        else:
            done.told += [f"{path}: {line}" for line in told]
            _save(tree, path, done)
            with whole_file(mine) as file:
                file.write(f"{nbformat.writes(fresh)}\n".encode())
            done.merged.append(path)
            return
    _place(theirs, tree / done.aside / "new" / path)
    done.kept.append(path)


def merge(mine: NotebookNode, new: NotebookNode, old: Mapping[str, str]) -> list[str]:
    """Put what was written in `mine` into the new edition; say what is special.

    `old` has the cells that were handed out. Answers stay; tests are the new ones.
    Cells that the learner changed or added stay, each after the one it followed.
    Those that the learner removed stay away, unless answers or tests.
    """
    have = dict(key_cells(mine.cells))
    told: list[str] = []
    out: dict[str, NotebookNode] = {}
    for key, cell in key_cells(new.cells):
        there = have.get(key)
        known = old.get(key)
        if there is None:
            if known == hash_cell(cell) and not grade_id(cell):
                continue  # removed, or changed and so a cell of the learner's
            if known:
                told.append(f"{grade_id(cell)} was missing, and is back")
            out[key] = cell
        elif hash_cell(there) == hash_cell(cell):
            out[key] = _keep_outputs(there, cell)
        elif known == hash_cell(there):
            out[key] = cell
        elif not is_answer(cell):
            told.append(f"{grade_id(cell)} is no answer, and is the new one")
            out[key] = cell
        else:
            if known and known != hash_cell(cell):
                told.append(
                    f"the text to begin {grade_id(cell)} with is another now; the "
                    "answer stays"
                )
            out[key] = _keep_outputs(there, cell)
            out[key].source = there.source
    _insert_own(out, mine, new, old)
    new.cells = [*out.values()]
    for key in ("kernelspec", "language_info"):
        if key in mine.metadata:
            new.metadata[key] = mine.metadata[key]
    return told


def _keep_outputs(there: NotebookNode, cell: NotebookNode) -> NotebookNode:
    """The new edition's cell with what the learner's put out."""
    if cell.cell_type == "code" and there.cell_type == "code":
        cell.outputs, cell.execution_count = there.outputs, there.execution_count
    if "attachments" in there:
        cell.attachments = there.attachments
    return cell


def _insert_own(
    out: dict[str, NotebookNode],
    mine: NotebookNode,
    new: NotebookNode,
    old: Mapping[str, str],
) -> None:
    """Put the learner's own cells after those that they followed."""
    fresh = dict(key_cells(new.cells))
    ids = {cell.get("id") for cell in new.cells}
    order = [*out]
    after = -1
    for key, cell in key_cells(mine.cells):
        if key in out:
            after = order.index(key)
            continue
        if key in fresh or old.get(key) == hash_cell(cell):
            continue  # handed out: the new edition has it, or not any more
        own = nbformat.from_dict(cell)
        own.metadata.pop("nbgrader", None)  # of a task that is gone
        for lock in ("deletable", "editable"):
            own.metadata.pop(lock, None)
        if own.get("id") in ids:
            own.id = hash_content(f"{key} {after}".encode())[:8]
        ids.add(own.get("id"))
        after += 1
        order.insert(after, f"own {key}")
        out[f"own {key}"] = own
    cells = {key: out.pop(key) for key in order}
    out.update(cells)


def _tell_renamed(tree: Path, theirs: Path, path: str) -> list[str]:
    """Where a notebook went that is no more where it was handed out, perhaps."""
    if theirs.suffix != ".ipynb":
        return []
    names = {grade_id(c) for c in nbformat.read(theirs, as_version=4).cells} - {""}
    for other in sorted((tree / "exercises").rglob("*.ipynb")):
        if other == tree / path or other.is_symlink():
            continue
        try:
            cells = nbformat.read(other, as_version=4).cells
            there = {grade_id(cell) for cell in cells}
        except Exception:  # noqa: BLE001, S112 - no notebook is none of ours
            continue
        if names & there:
            where = other.relative_to(tree)
            return [f"{path} had gone; {where}, which looks like it, is as it was"]
    return [f"{path} had gone; the new edition of it is there"]


def _save(tree: Path, path: str, done: Done) -> None:
    """Keep what is about to change."""
    _place(tree / path, tree / done.aside / "before" / path)


def _place(source: Path, target: Path) -> None:
    """Copy a file atomically, and make the folders above it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(target) as file:
        file.write(source.read_bytes())
    shutil.copymode(source, target)
