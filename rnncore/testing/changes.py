"""What a call did to its arguments: kinds, lengths, order and values."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from rnncore.testing.values import identical, is_array, is_close

TAKEN = "took entries out of {}"
PUT_IN = "put entries into {}"
MOVED = "put the entries of {} in another order"
REPLACED = "put other entries into {}"
WRITTEN = "changed {} in place"
RESTORED = "changed {} in place, and put it back only up to rounding"
BARELY = 1e-12  # of the largest entry: a rounding, and no new value


class Change(NamedTuple):
    """One thing that was changed: where, and how."""

    path: str  # "tape.caches.0"
    how: str  # one of the texts above


class Kept(NamedTuple):
    """A thing, and what it held when it was handed over."""

    thing: Any
    names: list[Any]  # of its entries, in order
    entries: list["Kept"]


def keep_structure(tree: Any) -> Kept:
    """Return what each container of a tree holds now."""
    names, entries = _entries_of(tree)
    return Kept(tree, names, [keep_structure(entry) for entry in entries])


def keep_entries(thing: Any) -> Kept:
    """Return what one container holds now, and not what these hold."""
    names, entries = _entries_of(thing)
    return Kept(thing, names, [Kept(entry, [], []) for entry in entries])


def find_change(kept: Kept) -> str:
    """How a container's entries changed since; empty if they did not."""
    return _compare(kept, *_entries_of(kept.thing))


def find_changes(
    before: Any, kept: Kept, path: str = ""
) -> Iterator[Change]:
    """Find what became of a tree since its structure was kept.

    `before` has the values of its arrays, in copies. A container that
    does not hold what it held is told as a whole, an array that was
    written into by itself.
    """
    if is_array(kept.thing) and not identical(before, kept.thing):
        close = is_close(before, kept.thing, BARELY)
        yield Change(path, RESTORED if close else WRITTEN)
    names, entries = _entries_of(kept.thing)
    how = _compare(kept, names, entries)
    if how:
        yield Change(path, how)
        return
    _, copies = _entries_of(before)
    for name, copy, entry in zip(names, copies, kept.entries, strict=True):
        below = f"{path}.{name}" if path else str(name)
        yield from find_changes(copy, entry, below)


def _entries_of(tree: Any) -> tuple[list[Any], list[Any]]:
    """The names and the entries of a container; none of another thing."""
    if isinstance(tree, dict):
        return list(tree), list(tree.values())
    if isinstance(tree, tuple | list):
        names = getattr(tree, "_fields", range(len(tree)))
        return list(names), list(tree)
    return [], []


def _compare(kept: Kept, names: list[Any], entries: list[Any]) -> str:
    """How the entries differ from those it had; empty if they do not."""
    were = [entry.thing for entry in kept.entries]
    if len(entries) != len(were):
        return TAKEN if len(entries) < len(were) else PUT_IN
    same = names == kept.names
    if same and not any(map(_is_other, were, entries)):
        return ""
    if set(map(repr, names)) != set(map(repr, kept.names)):
        return PUT_IN
    return MOVED if _hold_the_same(were, entries) else REPLACED


def _hold_the_same(were: list[Any], entries: list[Any]) -> bool:
    """Whether each entry is still there, somewhere."""
    left = list(entries)
    for was in were:
        found = [k for k, now in enumerate(left) if not _is_other(was, now)]
        if not found:
            return False
        del left[found[0]]
    return True


def _is_other(was: Any, now: Any) -> bool:
    """Whether another thing stands where one stood.

    A number or a text is its value. Of everything else nobody asks what
    it equals: it is the thing that it was, or another.
    """
    if isinstance(was, bool | int | float | complex | str | bytes):
        return type(was) is not type(now) or repr(was) != repr(now)
    return was is not now
