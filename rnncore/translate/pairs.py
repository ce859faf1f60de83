"""Pairs of sentences from the files that translators have."""

import io
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rnncore.data.translation import Pair, read_pairs
from rnncore.storage.files import Refused, composed, read_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LANG = "{http://www.w3.org/XML/1998/namespace}lang"
CODES = {"bpt", "ept", "it", "ph", "ut"}  # of TMX: they hold no words
TITLES = {"source", "target", "src", "tgt", "trg", "original"}
TITLES |= {"translation", "sentence", "input", "output", "text"}
Report = Callable[[str], None]


def read_any_pairs(
    path: str | os.PathLike,
    report: Report | None = None,
    languages: Sequence[str] | None = None,
    header: str = "auto",
    encoding: str = "utf-8",
) -> list[Pair]:
    """Pairs of a file: gettext's .po, .tmx, else two columns with a tab.

    `languages` are the codes of source and target in a TMX file that has
    more than two. A first line of columns is a header if `header` is
    "yes", or "auto" and both are names of languages or words such as
    source and target. `encoding` is that of columns; the other formats
    name their own. What is left out is told to `report`.

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
    pairs = read_pairs(path, report, encoding=encoding)
    first = pairs[0]
    if header == "yes" or (header == "auto" and is_header(first)):
        if header == "auto":
            tell(
                f"{path}, line 1: a header, {first.source!r} and "
                f"{first.target!r} (--header no learns it)"
            )
        return _list_pairs(path, iter(pairs[1:]))
    return pairs


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
    sides = (
        composed(" ".join(str(side).split())) for side in (source, target)
    )
    return Pair(*sides)


def _messages(path: Path, tell: Report) -> Iterator[Pair]:
    """What is translated in a gettext catalogue, and not fuzzy.

    Of a plural, the first and the last form.
    """
    from babel.messages.pofile import PoFileError, read_po

    content = read_bytes(path)
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


def _units(
    path: Path, tell: Report, languages: Sequence[str] | None
) -> Iterator[Pair]:
    """The units of a TMX file that have both languages."""
    sides = [_code(language) for language in languages or ()]
    every: set[str] = set()
    found = False
    for number, unit in enumerate(_elements(path), 1):
        said: dict[str, str] = {}
        for variant in unit.iter("tuv"):
            code = _code(variant.get(LANG) or variant.get("lang") or "")
            segment = variant.find("seg")
            if segment is not None:
                said.setdefault(code, "".join(_words(segment)))
        every |= set(said)
        if not sides and len(said) == 2:
            sides = [*said]
            tell(f"{path}: from {sides[0]!r} to {sides[1]!r} (--languages)")
        if not languages and len(set(said) | set(sides)) > 2:
            codes = ", ".join(sorted(set(said) | set(sides)))
            raise Refused(
                f"{path}: unit {number}: expected two languages, got "
                f"{codes}: name two of them, such as --languages en de"
            )
        texts = [said.get(side, "") for side in sides]
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


def _code(language: str) -> str:
    """The language without its country: en of en-US."""
    return language.strip().lower().replace("_", "-").partition("-")[0]


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
    except (
        ParseError,
        DefusedXmlException,
        ValueError,
        LookupError,
    ) as error:
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
