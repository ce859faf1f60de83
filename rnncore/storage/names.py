"""Names in a table, and the files of a folder that they mean."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import PurePosixPath

from rnncore.storage.files import composed

QUOTES = "\"'"


def plain_name(name: str) -> str:
    """A name as it is compared: / between folders, no quotes, one space."""
    text = " ".join(composed(name).split()).strip(QUOTES)
    return text.replace("\\", "/").removeprefix("./")


def match_names(
    asked: Iterable[str], there: Iterable[str]
) -> dict[str, str]:
    """For each name of a table the file that it means, if there is one.

    The same name; else the only one that differs in nothing but the case;
    else the only one without its ending, then without its folders. No
    file is meant by two names: the closer one has it.
    """
    ways: tuple[Callable[[str], str], ...] = (
        plain_name,
        lambda name: plain_name(name).lower(),
        lambda name: _drop_ending(plain_name(name)).lower(),
        lambda name: PurePosixPath(
            _drop_ending(plain_name(name))
        ).name.lower(),
    )
    found: dict[str, str] = {}
    left, files = [*dict.fromkeys(asked)], [*dict.fromkeys(there)]
    for way in ways:
        alike, wanted = defaultdict(list), defaultdict(list)
        for file in files:
            alike[way(file)].append(file)
        for name in left:
            wanted[way(name)].append(name)
        for key, names in wanted.items():
            if len(names) == len(alike[key]) == 1:
                found[names[0]] = alike[key][0]
        taken = {*found.values()}
        left = [name for name in left if name not in found]
        files = [file for file in files if file not in taken]
    return found


def _drop_ending(name: str) -> str:
    """Without a file's ending, such as .wav; a year is none."""
    path = PurePosixPath(name)
    ending = path.suffix[1:]
    short = ending.isalnum() and not ending.isdecimal() and len(ending) < 6
    return str(path.with_suffix("")) if short else name
