"""What each side of a comparison is given, and where its page says so.

    python -m tools.check.contests           fail, and name what is missing
    python -m tools.check.contests --list    one line for each comparison

Authors keep book/contests.toml: an entry for each comparison of the book,
with what each side is given (GIVEN). Where the sides differ, the entry quotes
the words of the page that say so: `said` in its open text, `folded` where
they stand in a fold alone, `unsaid` where they stand nowhere. The check fails

- if an entry lacks a part, or quotes words that its page does not have;
- if a measurement that it names does not exist;
- if a page claims that something is ahead, better, level, ... (WORDS) and has
  no entry, or a study of book/measurements/ is in none, unless [none] says why.
"""

import argparse
import fnmatch
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools import ROOT, measurements
from tools.check.chapters import read_as_text

GIVEN = {
    "data": "what it learns from, and what it reads while it is tested",
    "updates": "how many updates, passes or fits",
    "time": "a limit of time, or what it took",
    "state": "what it predicts from: a state carried, begun again, none",
    "start": "how it is initialised",
    "tuning": "what was chosen, from which grid, whether inside it, and on what",
    "spread": "whether it gives a distribution or a point",
    "seeds": "how often it was trained or drawn",
}
TEXTS = ("page", "compares", "unit")
SAYS = ("said", "folded")
PARTS = {*TEXTS, *SAYS, *GIVEN, "measured", "unsaid"}
WORDS = re.compile(
    r"\b(?:ahead|behind|beats?|best|better|worse|level|wins?|loses?|lowest|"
    r"fewer|fewest|faster|slower|longer than|most errors|helps?)\b"
)
CLAIM = re.compile(r"\bclaim\(\s*((?:f?\"[^\"]*\"\s*)+),")
FOLD = re.compile(r"^(:::+|```+)\{dropdown\}.*?^\1$", re.MULTILINE | re.DOTALL)

Entry = Mapping[str, Any]


def read(path: Path) -> dict[str, Any]:
    """The file of contests; raises ValueError where it is no TOML."""
    try:
        return tomllib.loads(path.read_text("utf8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{path.name}: {error}") from None


def find_problems(book: Path) -> list[str]:
    """What the book's contests lack, a line for each."""
    known = read(book / "contests.toml")
    entries, none = known.get("contest", []), known.get("none", {})
    keys = measurements.read(book / "measurements")
    lines = []
    for number, entry in enumerate(entries, 1):
        name = f"contests.toml: contest {number} ({entry.get('page', 'no page')})"
        lines += [f"{name}: {what}" for what in _check_entry(entry, book, keys)]
    lines += _find_missing_pages(entries, none, book)
    lines += _find_missing_studies(entries, none, keys)
    pages = {entry.get("page") for entry in entries}
    for name, reason in none.items():
        if name in pages or not reason:
            lines.append(f"contests.toml: [none] {name}: expected a reason, no contest")
        if not (book / f"{name}.md").is_file() and not fnmatch.filter(keys, name):
            lines.append(f"contests.toml: [none] {name} is no page and no measurement")
    return lines


def _check_entry(entry: Entry, book: Path, keys: Mapping[str, Any]) -> Iterator[str]:
    for part in (*TEXTS, *GIVEN):
        if not entry.get(part):
            yield f"expected {part!r}: {GIVEN.get(part, 'a text')}"
    for part in sorted(set(entry) - PARTS):
        yield f"got {part!r}, expected one of {', '.join(sorted(PARTS))}"
    for pattern in entry.get("measured", ["no measured = [...]"]):
        if not fnmatch.filter(keys, pattern):
            yield f"no measurement is called {pattern!r}"
    page = book / f"{entry.get('page')}.md"
    if not page.is_file():
        yield f"there is no page {page.name}"
        return
    yield from _check_differences(entry, page)


def _check_differences(entry: Entry, page: Path) -> Iterator[str]:
    differ = {part for part in GIVEN if isinstance(entry.get(part), dict)}
    told = [part for says in SAYS for part in entry.get(says, {})]
    told += entry.get("unsaid", [])
    for part in sorted(differ - set(told)):
        yield (
            f"the sides differ in {part!r}; quote the page's words in `said` "
            "(or `folded`), or list it in `unsaid`"
        )
    for part in sorted(set(told) - differ):
        yield f"{part!r} is quoted, and the same for all sides"
    text = read_as_text(page.read_text("utf8"))
    where = {"said": FOLD.sub("", text), "folded": text}
    for says in SAYS:
        for part, words in entry.get(says, {}).items():
            if _join(words) not in _join(where[says]):
                place = "open text" if says == "said" else "text"
                yield f"{part!r}: {page.name} has no {words!r} in its {place}"


def _find_missing_pages(entries: list[Entry], none: Entry, book: Path) -> Iterator[str]:
    have = {entry.get("page") for entry in entries}
    for page in sorted(book.glob("ch*.md")):
        if page.stem in have or page.stem in none:
            continue
        for claim in CLAIM.findall(page.read_text("utf8")):
            if WORDS.search(claim):
                yield (
                    f"{page.name} compares ({_join(claim)}): expected a [[contest]] "
                    f"in contests.toml, or {page.stem} under [none] with a reason"
                )
                break


def _find_missing_studies(
    entries: list[Entry], none: Entry, keys: Mapping[str, Any]
) -> Iterator[str]:
    patterns = [p for entry in entries for p in entry.get("measured", [])]
    patterns += none
    left: dict[str, str] = {}
    for key in keys:
        if measurements.find_page(key).startswith("ch") and not any(
            fnmatch.fnmatchcase(key, pattern) for pattern in patterns
        ):
            left.setdefault(".".join(key.split(".")[:2]), key)
    for study, key in left.items():
        yield (
            f"measurements of {study!r} ({key}) are in no contest's `measured`; "
            "expected them there, or under [none] with a reason"
        )


def _join(text: str) -> str:
    return " ".join(text.split())


def describe(entry: Entry) -> str:
    """A contest in one line: its page, what differs, and how that is told."""
    told = [
        f"{part} ({how})"
        for how in (*SAYS, "unsaid")
        for part in entry.get(how, ())
        if how != "said"
    ] + list(entry.get("said", ()))
    differs = "differ in " + ", ".join(told) if told else "the same for all"
    return f"{entry['page']}: {entry['compares']}: {differs}"


def main(arguments: list[str] | None = None) -> int:
    """Print the complaints, or the contests; 1 where there is a complaint."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true", help="print all contests")
    options = parser.parse_args(arguments)
    book = ROOT / "book"
    lines = find_problems(book)
    if options.list:
        print(*map(describe, read(book / "contests.toml")["contest"]), sep="\n")
    print("\n".join(lines))
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
