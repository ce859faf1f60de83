"""Folk tunes in ABC notation, from the text files of music21's corpus."""

import re
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from rnncore.text.splits import overlapping_groups, split_groups

BOOKS = ("oneills1850", "ryansMammoth")
HEAD = "MLK"  # metre, unit length, key: what is needed to read the notes
ORNAMENTS = re.compile(r'"[^"]*"|![^!]*!|\{[^}]*\}|[~.uvTHPSRJ]')


def folk_tunes(books: tuple[str, ...] = BOOKS) -> dict[str, str]:
    """Tunes of O'Neill's and Ryan's collections: name to ABC, no titles.

    Each has its metre, unit length and key, then the melody; ornaments,
    chord names, words and comments are left out, and so is a tune without
    one of the three or in several voices.

    Raises ValueError where music21 is not installed or has no such book.
    """
    spec = find_spec("music21")
    if spec is None or spec.origin is None:
        raise ValueError("books: expected music21 to be installed")
    found: dict[str, str] = {}
    for book in books:
        folder = Path(spec.origin).parent / "corpus" / book
        paths = sorted(folder.glob("*.abc"))
        if not paths:
            raise ValueError(f"books: music21's corpus has no {book!r}")
        for path in paths:
            text = path.read_text(encoding="latin-1")
            for tune in re.split(r"^(?=X:)", text, flags=re.MULTILINE)[1:]:
                number = tune[2:].split(maxsplit=1)[0]
                abc = plain_abc(tune)
                if abc:
                    found[f"{book}/{path.stem}/{number}"] = abc
    return found


def plain_abc(tune: str) -> str | None:
    """A tune's metre, unit length, key and melody; None without these."""
    head: dict[str, str] = {}
    melody = []
    for line in tune.splitlines():
        line = line.split("%")[0].strip().rstrip("\\").strip()
        if field := re.match(r"([A-Za-z]):", line):
            name = field.group(1)
            if name == "V" or (name in head and name in HEAD):
                return None  # several voices; a change on the way
            head[name] = line[2:].strip()
            continue
        line = re.sub(r"\s+", " ", ORNAMENTS.sub("", line)).strip()
        if line:
            melody.append(line)
    if not melody or not all(head.get(name) for name in HEAD):
        return None
    fields = [f"{name}:{head[name]}" for name in HEAD]
    return "\n".join([*fields, *melody]) + "\n"


def split_tunes(
    tunes: dict[str, str], rng: np.random.Generator, *shares: float
) -> list[dict[str, str]]:
    """Tunes in parts, versions of one tune kept together.

    Two tunes are taken for versions of one where they share 16 notes in
    a row, whatever their lengths and octaves.
    """
    letters = [
        re.findall("[A-G]", melody(tune).upper()) for tune in tunes.values()
    ]
    groups = overlapping_groups(letters, 16)
    sizes = [len(tune) for tune in tunes.values()]
    names = list(tunes)
    return [
        {names[k]: tunes[names[k]] for k in part}
        for part in split_groups(rng, groups, sizes, *shares)
    ]


def melody(abc: str) -> str:
    """The lines of a tune that are no fields."""
    lines = abc.splitlines()
    return "\n".join(x for x in lines if not re.match(r"[A-Za-z]:", x))
