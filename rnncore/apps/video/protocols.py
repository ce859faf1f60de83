"""Splits and captions of public sets, in the files they are published in.

UCF101 (Soomro et al. 2012), HMDB51 (Kuehne et al. 2011), MSVD (Chen &
Dolan 2011), MSR-VTT (Xu et al. 2016) and Flickr8k (Hodosh et al. 2013).
"""

import csv
import re
from collections import defaultdict
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from rnncore.storage.files import Refused, lines_of, read_bytes, read_text
from rnncore.storage.intake import parse_json

UCF101 = re.compile(r"(train|test)list(\d+)\.txt")
HMDB51 = re.compile(r"(.+)_test_split(\d+)\.txt")
GROUP = re.compile(r"_g\d+(?=_c\d+$)")  # UCF101: clips of one film
FLICKR = re.compile(r"(.+\.jpg)#\d\t(.+)")
FLICKR_LISTS = [f"Flickr_8k.{part}Images.txt" for part in ("train", "dev", "test")]
MSVD = 1200, 1300  # the numbers of youtube_mapping.txt that end a part
PARTS = {"train": 0, "validate": 1, "val": 1, "validation": 1, "test": 2}


class Split(NamedTuple):
    """Names of films, as CLASS/FILE, to learn from and to test on."""

    training: frozenset[str]
    test: frozenset[str]


class Said(NamedTuple):
    """Captions of films by their names, with an ending or without."""

    captions: dict[str, list[str]]
    parts: dict[str, int]  # training, validation or test; {}: not told


def read_split(path: Path) -> Split:
    """A published split, by one of its files; its fellows lie beside it.

    Of UCF101 trainlist01.txt or testlist01.txt; of HMDB51 one of the files
    CLASS_test_split1.txt. A film in neither part is in none.

    Raises Refused naming what is not there, or is none of these.
    """
    if found := UCF101.fullmatch(path.name):
        lists = [f"{part}list{found[2]}.txt" for part in ("train", "test")]
        parts = [
            [line.split()[0] for line in _lines(path.with_name(name))] for name in lists
        ]
    elif found := HMDB51.fullmatch(path.name):
        parts = [[], []]
        pattern = f"*_test_split{found[2]}.txt"
        for file in sorted(path.parent.glob(pattern)):
            match = HMDB51.fullmatch(file.name)
            for line in _lines(file):
                name, _, part = line.strip().rpartition(" ")
                if part not in ("0", "1", "2") or match is None:
                    raise Refused(
                        f"{file}: expected a film and 0, 1 or 2, got {line[:60]!r}"
                    )
                if part != "0":
                    full = f"{match[1]}/{name.strip()}"
                    parts[int(part) - 1].append(full)
    else:
        raise Refused(
            f"{path}: expected UCF101's trainlist01.txt, or one of "
            "HMDB51's CLASS_test_split1.txt"
        )
    split = Split(*map(frozenset, parts))
    for name, part in split._asdict().items():
        if not part:
            raise Refused(f"{path}: the {name} part has no film")
    if both := split.training & split.test:
        raise Refused(f"{path}: {min(both)} is in both parts")
    return split


def group_of(name: str) -> str:
    """Which clips are of one film: UCF101's names say it (g08_c01).

    A name that does not say it is a group of its own.
    """
    path = PurePosixPath(name.replace("\\", "/"))
    found = GROUP.search(path.stem)
    return path.stem[: found.end()] if found else name


def read_said(path: Path) -> Said | None:
    """The captions of a published set; None where the file is another.

    MSR-VTT's is JSON, with a list of videos and one of sentences. MSVD's
    has a video's name, a space and a caption on each line; its parts are
    those of youtube_mapping.txt, if that lies beside it. Flickr8k's is
    Flickr8k.token.txt, or a table of image and caption; its parts are those
    of Flickr_8k.trainImages.txt and so on.

    Raises Refused naming the file where it is damaged.
    """
    if path.suffix.lower() == ".json":
        return _read_msr_vtt(path)
    lines = [line for line in _lines(path) if not line.startswith("#")]
    if lines and (FLICKR.fullmatch(lines[0]) or lines[0] == "image,caption"):
        return _read_flickr(path, lines)
    if not lines or any("\t" in line for line in lines):
        return None
    captions = defaultdict(list)
    for line in lines:
        name, _, text = line.partition(" ")
        if not re.fullmatch(r"[\w-]{11}_\d+_\d+", name):
            return None  # an address of YouTube's, and seconds
        captions[name].append(text)
    mapping, parts = path.with_name("youtube_mapping.txt"), {}
    if mapping.is_file():
        for line in _lines(mapping):
            name, _, number = line.partition(" ")
            count = number.strip().removeprefix("vid")
            if not count.isdecimal():
                raise Refused(f"{mapping}: expected NAME vidN, got {line!r}")
            parts[name] = sum(int(count) > last for last in MSVD)
    return Said(dict(captions), parts)


def _read_flickr(path: Path, lines: list[str]) -> Said:
    captions = defaultdict(list)
    if lines[0] == "image,caption":
        for name, *text in csv.reader(lines[1:]):
            captions[name].append(",".join(text))
    else:
        for line in lines:
            if not (found := FLICKR.fullmatch(line)):
                raise Refused(
                    f"{path}: expected NAME.jpg#0, a tab and a caption, "
                    f"got {line[:60]!r}"
                )
            captions[found[1]].append(found[2])
    lists = [path.with_name(name) for name in FLICKR_LISTS]
    parts = {
        name.strip(): part
        for part, file in enumerate(lists)
        if file.is_file()
        for name in _lines(file)
    }
    return Said(dict(captions), parts)


def _read_msr_vtt(path: Path) -> Said:
    content = parse_json(read_bytes(path, "json"))
    captions = defaultdict(list)
    try:
        parts = {str(one["video_id"]): PARTS[one["split"]] for one in content["videos"]}
        for one in content["sentences"]:
            captions[str(one["video_id"])].append(str(one["caption"]))
    except (KeyError, TypeError) as error:
        raise Refused(
            f"{path}: expected videos with video_id and split, sentences "
            f"with video_id and caption: {error}"
        ) from error
    return Said(dict(captions), parts)


def _lines(path: Path) -> list[str]:
    """The lines that are not empty."""
    return [one for one in lines_of(read_text(path)) if one.strip()]
