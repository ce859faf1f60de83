"""Pairs of sentences from the files that translators have."""

import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.data.translation import Pair, read_pairs
from rnncore.storage.files import Refused, composed, lines_of, read_bytes, read_text

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
PLACEHOLDER = re.compile(rb"charset=CHARSET\b")  # of gettext's templates
CODES = {"bpt", "ept", "it", "ph", "ut"}  # of TMX: they hold no words
TITLES = {"source", "target", "src", "tgt", "trg", "original"}
TITLES |= {"translation", "sentence", "input", "output", "text"}
LOOKED = 1_000  # lines in which the kind of a column is looked for
NEARLY = 0.9  # of a column's cells: then it is one of numbers
MANY, FEW = 20, 3  # cells, and different ones of a column of codes
Report = Callable[[str], None]


def read_any_pairs(
    path: str | os.PathLike,
    report: Report | None = None,
    languages: Sequence[str] | None = None,
    header: str = "auto",
    encoding: str = "utf-8",
    columns: Sequence[int] | None = None,
) -> list[Pair]:
    """Pairs of a file: gettext's .po, .tmx, else two columns with a tab.

    `languages` are the codes of source and target in a TMX file that has
    more than two. A first line of columns is a header if `header` is
    "yes", or "auto" and both are names of languages or words such as
    source and target. `encoding` is that of columns; the other formats
    name their own. `columns` are those of source and target, counted from
    1; not given they are the first two, which must then not be numbers or
    codes beside further columns. What is left out is told to `report`.

    Raises Refused naming the file, and the line where there is one, where
    it is not as expected or has no pair.
    """
    path = Path(path)
    ending = path.suffix.lower()
    tell = report or (lambda line: None)
    if ending in (".po", ".pot"):
        return _list_pairs(path, _messages(path, tell))
    if ending == ".tmx":
        return _list_pairs(path, _units(path, tell, languages))
    if columns is None:
        _check_columns(path, encoding)
    pairs = read_pairs(path, report, encoding=encoding, columns=columns or (1, 2))
    first = pairs[0]
    if header == "yes" or (header == "auto" and is_header(first)):
        if header == "auto":
            tell(
                f"{path}, line 1: a header, {first.source!r} and "
                f"{first.target!r} (--header no learns it)"
            )
        return _list_pairs(path, iter(pairs[1:]))
    return pairs


def _check_columns(path: Path, encoding: str) -> None:
    """Raise Refused where the first two of more columns are no sentences.

    Tatoeba's own files have numbers and codes of languages there.
    """
    lines = lines_of(read_text(path, encoding))[: LOOKED + 1]
    rows = [line.split("\t") for line in lines[1:] if line.strip()]
    width = min(map(len, rows), default=0)
    if width < 3:
        return
    columns = [[row[k].strip() for row in rows] for k in range(width)]
    said = [k for k, one in enumerate(columns, 1) if not _is_label(one)]
    if said[:2] == [1, 2]:
        return
    other = f"--columns {said[0]} {said[1]}" if len(said) > 1 else "two"
    held = " and ".join(map(str, said)) or "none"
    raise Refused(
        f"{path}: of the {width} columns 1 and 2 are not both sentences "
        f"({held} may be), got {' | '.join(rows[0])[:60]!r}: expected "
        f"{other} (--columns 1 2 learns them as they are)"
    )


def _is_label(column: Sequence[str]) -> bool:
    """Whether nearly all are numbers, or the same few words."""
    numbers = sum(cell.isdecimal() for cell in column)
    few = len(column) >= MANY and len(set(column)) <= FEW
    return numbers >= NEARLY * len(column) or few


def is_header(pair: Pair) -> bool:
    """Whether both sides are names of languages, or of columns.

    The languages' names are those in English and in themselves.
    """
    sides = [side.strip().lower() for side in pair]
    if sides[0] == sides[1] or max(map(len, sides)) > 30:
        return False
    names = TITLES | _language_names()
    return all(side in names for side in sides)


def _language_names() -> set[str]:
    from babel import Locale, localedata

    codes = {c for c in localedata.locale_identifiers() if "_" not in c}
    english = Locale("en").languages
    own = {str(Locale(code).display_name).lower() for code in codes}
    return {name.lower() for name in english.values()} | own | codes


def _list_pairs(path: Path, pairs: Iterator[Pair]) -> list[Pair]:
    found = [*pairs]
    if not found:
        raise Refused(f"{path}: expected pairs, got none")
    return found


def _pair(source: Any, target: Any) -> Pair:
    sides = (composed(" ".join(str(side).split())) for side in (source, target))
    return Pair(*sides)


def _messages(path: Path, tell: Report) -> Iterator[Pair]:
    """What is translated in a gettext catalogue, and not fuzzy.

    Of a plural, the first and the last form.
    """
    from babel.messages.pofile import PoFileError, read_po

    # a template's header has a placeholder in place of an encoding
    content = PLACEHOLDER.sub(b"charset=UTF-8", read_bytes(path), 1)
    try:
        catalog = read_po(io.BytesIO(content), abort_invalid=True)
    except (PoFileError, ValueError, LookupError, IndexError) as error:
        why = " ".join(str(error).split())
        raise Refused(f"{path}: no gettext catalogue: {why}") from error
    for message in catalog:
        if not message.id:  # the header
            continue
        where = f"{path}, line {message.lineno}"
        if message.fuzzy:
            tell(f"{where}: fuzzy")
            continue
        several = isinstance(message.id, tuple | list)
        ids: Any = message.id if several else [message.id]
        texts: Any = message.string if several else [message.string]
        if not (texts and all(texts)):
            tell(f"{where}: not translated")
            continue
        yield _pair(ids[0], texts[0])
        if several:
            yield _pair(ids[1], texts[-1])


def _units(path: Path, tell: Report, languages: Sequence[str] | None) -> Iterator[Pair]:
    """The units of a TMX file that have both languages."""
    sides = [_code(language) for language in languages or ()]
    if len(set(sides)) == 1:
        raise Refused(f"--languages: expected two, got {sides[0]!r} twice")
    every: set[str] = set()
    found = False
    for number, unit in enumerate(_elements(path), 1):
        said = _read_unit(unit)
        every |= set(said)
        if not sides and len(said) == 2:
            sides = _name_sides(*said)
            tell(f"{path}: from {sides[0]!r} to {sides[1]!r} (--languages)")
        where = f"{path}: unit {number}"
        codes = [_find_code(where, side, said) for side in sides]
        others = set(said) - {*codes}
        if not languages and others and len(others | {*sides}) > 2:
            raise Refused(
                f"{where}: expected two languages, got "
                f"{', '.join(sorted({*said, *sides}))}: name two of them, "
                "such as --languages en de"
            )
        if len(codes) == 2 and codes[0] == codes[1] is not None:
            raise Refused(f"{where}: both languages are {codes[0]!r}")
        texts = [said.get(code or "", "") for code in codes]
        if len(texts) == 2 and all(text.strip() for text in texts):
            found = True
            yield _pair(*texts)
        else:
            wanted = " and ".join(map(repr, sides)) or "two languages"
            tell(f"{path}, unit {number}: expected {wanted}")
    if languages and not found:
        raise Refused(
            f"{path}: expected units in {' and '.join(sides)} "
            f"(--languages), got {', '.join(sorted(every)) or 'none'}"
        )


def _read_unit(unit: "Element") -> dict[str, str]:
    """The first segment of each language, by its whole code."""
    said: dict[str, str] = {}
    for variant in unit.iter("tuv"):
        code = _code(variant.get(LANG) or variant.get("lang") or "")
        segment = variant.find("seg")
        if segment is not None:
            said.setdefault(code, "".join(_words(segment)))
    return said


def _code(language: str) -> str:
    """A code as others write it: pt-br of pt_BR."""
    return language.strip().lower().replace("_", "-")


def _name_sides(one: str, other: str) -> list[str]:
    """Languages without countries, where that tells them apart."""
    alone = [code.partition("-")[0] for code in (one, other)]
    return alone if alone[0] != alone[1] else [one, other]


def _find_code(where: str, side: str, said: dict[str, str]) -> str | None:
    """Which code of a unit is meant: this one, or one with more or less.

    Raises Refused where that may be several.
    """
    if side in said:
        return side
    meant = [
        code
        for code in said
        if f"{code}-".startswith(f"{side}-") or f"{side}-".startswith(f"{code}-")
    ]
    if len(meant) > 1:
        raise Refused(
            f"{where}: {side} may be {' or '.join(sorted(meant))}: name "
            "one, as --languages en pt-BR does"
        )
    return meant[0] if meant else None


def _elements(path: Path) -> "Iterator[Element]":
    """One unit after another; what is read is forgotten.

    Entities, by which a small file becomes a large one, are refused.
    """
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import iterparse

    root = None
    source = io.BytesIO(read_bytes(path))
    try:
        for event, element in iterparse(source, events=("start", "end")):
            root = element if root is None else root
            if event == "end" and element.tag == "tu":
                yield element
                element.clear()
                root.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        if isinstance(error, Refused):
            raise
        raise Refused(f"{path}: no TMX file: {error}") from error


def _words(segment: "Element") -> Iterator[str]:
    """The text of a segment, without the codes of its layout."""
    yield segment.text or ""
    for inner in segment:
        if inner.tag not in CODES:
            yield from _words(inner)
        yield inner.tail or ""
