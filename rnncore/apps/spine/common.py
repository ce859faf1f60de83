"""What all commands share: progress, refusals, fingerprints."""

import contextlib
import hashlib
import io
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from pathlib import Path
from typing import Any

from rnncore.storage.files import Refused

Facts = dict[str, Any]  # of a model: its settings, sizes and scores
REASONS = 5  # for which something is left out, that are told
MINUTE = 60.0  # seconds between two lines of progress, but in a terminal
LINE = "{desc}: {unit} {n_fmt} of {total_fmt}{postfix}, {remaining} left"


def compute_fingerprint(content: bytes | str) -> str:
    """The SHA-256 digest by which data are recognised again."""
    raw = content.encode() if isinstance(content, str) else content
    return hashlib.sha256(raw).hexdigest()


def tell_read(lines: Sequence[str]) -> None:
    """Show what was read, as it was understood: at most six lines."""
    for line in lines:
        note(line)


def count_left_out(reasons: Mapping[str, str]) -> list[str]:
    """A line on what is left out, by reason: how many, and which first.

    `reasons` has a reason by name. Nothing where nothing is left out.
    """
    of: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        of.setdefault(reason, []).append(name)
    most = sorted(of.items(), key=lambda one: -len(one[1]))
    shown = [
        f"{len(names)} {reason} ({names[0]}{' ...' if len(names) > 1 else ''})"
        for reason, names in most[:REASONS]
    ]
    if rest := sum(len(names) for _, names in most[REASONS:]):
        shown.append(f"{rest} for other reasons")
    return [f"left out: {'; '.join(shown)}"] if shown else []


@contextlib.contextmanager
def refuse_in_words(path: Path | None = None) -> Iterator[None]:
    """Turn a ValueError into one line that names the file."""
    try:
        yield
    except ValueError as error:
        where = f"{path}: " if path else ""
        hint = "; without it training begins anew"
        damaged = str(error).startswith("checkpoint: ")
        raise Refused(f"{where}{error}{hint * damaged}") from error


def format_count(count: int, what: str) -> str:
    """ "1 piece", "2 pieces"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


class Bar:
    """Progress on stderr: steps done, and the latest score."""

    def __init__(self, label: str, unit: str = "step"):
        self.label, self.unit = label, unit
        self.bar: Any = None
        self.shown: dict[str, str] = {}

    def __call__(self, todo: Iterable) -> Iterable:
        first = todo.start if isinstance(todo, range) else 0
        total = todo.stop if isinstance(todo, range) else None
        if total is None and isinstance(todo, Sized):
            total = len(todo)
        if first:
            note(f"goes on after step {first}")
        named = {"desc": self.label, "unit": self.unit}
        self.bar = make_progress_bar(todo, total=total, initial=first, **named)
        return self.bar

    def tell(self, name: str, value: float) -> float:
        """Show the number of this name at the bar; return it."""
        self.shown[name] = f"{name} {value:.4g}"
        if self.bar is not None:
            beside = ", ".join(self.shown.values())
            self.bar.set_postfix_str(beside, refresh=False)
        return value

    def say(self, text: str) -> None:
        """A line above the bar, which stays whole."""
        from tqdm import tqdm

        with tqdm.external_write_mode(sys.stderr):
            note(text)


def make_progress_bar(todo: Iterable | None = None, **about: Any) -> Any:
    """A bar of tqdm's; where there is no terminal, a line per minute.

    `about` holds arguments of tqdm: desc, unit, total, initial.
    """
    from tqdm import tqdm

    if sys.stderr.isatty():
        return tqdm(todo, dynamic_ncols=True, leave=False, **about)

    class Lines(tqdm):
        """Whole lines; what would move a cursor goes nowhere."""

        def display(self, msg: str | None = None, pos: int | None = None) -> None:
            if msg is None:
                note(str(self))

    return Lines(
        todo,
        file=io.StringIO(),
        leave=False,
        mininterval=MINUTE,
        delay=MINUTE,
        miniters=1,
        bar_format=LINE,
        **about,
    )


def process_each(paths: Sequence[Any], do: Callable[[Any], None]) -> int:
    """Process each item even if others fail; return the exit status.

    Refused items are listed at the end, with reasons; then it is 1. Of
    one alone, the refusal is the command's.
    """
    if len(paths) == 1:
        do(paths[0])
        return 0
    failed = []
    for path in paths:
        try:
            do(path)
        except BrokenPipeError:  # of the output: there is no reader
            raise
        except (Refused, OSError) as error:
            failed.append(reason_of(error))
    return tell_failed(failed, "file")


def tell_failed(failed: Sequence[str], what: str) -> int:
    """Report at the end what failed and why; return the exit status."""
    for reason in failed:
        note(reason)
    if failed:
        note(f"{format_count(len(failed), what)} failed")
    return 1 if failed else 0


def reason_of(error: Exception) -> str:
    """An exception's message without the system's error numbers."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror}"
    return str(error)


def note(text: str) -> None:
    """A line on stderr: progress for the user, not part of the result.

    If its reader has gone, work continues.
    """
    try:
        print(text, file=sys.stderr, flush=True)
    except BrokenPipeError:
        unplug(sys.stderr)


def unplug(stream: Any) -> None:
    """Discard further output once the reader of a pipe has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def output_file(path: Path, force: bool, *endings: str) -> Path:
    """The path, if a file of this kind can be written there.

    Raises Refused; also where one is there, unless it may be replaced.
    """
    if path.suffix.lower() not in endings:
        raise Refused(f"{path}: expected a file that ends in {' or '.join(endings)}")
    if not path.parent.is_dir():
        raise Refused(f"{path}: there is no folder {path.parent}")
    if path.is_dir():
        raise Refused(f"{path}: expected a file, got a folder")
    if path.exists() and not force:
        raise Refused(f"{path}: it is there already; --force replaces it")
    return path
