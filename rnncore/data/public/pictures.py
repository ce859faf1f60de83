"""Films, poses and pictures that published scores refer to."""

import csv
import os
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from rnncore.data.public.store import path_of
from rnncore.storage.files import Refused, read_text

JOINTS = 20
MOTION = re.compile(r"a(\d+)_s(\d+)_e(\d+)_skeleton3D\.txt")
ROWS, COLUMNS = 60, 80  # of a film's frame


class Lips(NamedTuple):
    """A mouth that says a letter."""

    letter: str
    person: str
    take: int  # 1 to 3
    frames: np.ndarray  # (T, 60, 80) grey, uint8, 25 a second


class Motion(NamedTuple):
    """Joints of a person who does something."""

    action: int  # 1 to 20
    person: int  # 1 to 10
    take: int
    joints: np.ndarray  # (T, 20, 3) metres; a frame of zeros: nobody seen


class Photograph(NamedTuple):
    """A photograph as a published network sees it, and what it shows."""

    name: str
    captions: list[str]  # five
    pooled: np.ndarray  # (1280,)
    grid: np.ndarray  # (49, 96): 7 x 7 places, row by row; int8


class Album(NamedTuple):
    """Photographs in the official three parts."""

    train: list[Photograph]
    validation: list[Photograph]
    test: list[Photograph]
    scale: np.ndarray  # (96,) by which a grid is multiplied


def avletters(folder: str | os.PathLike | None = None) -> list[Lips]:
    """780 films of mouths: 26 letters, ten people, three takes.

    Raises Refused where the set is not there, or a file is no such film.
    Source: Matthews et al. 2002.
    """
    from scipy.io import loadmat

    found = []
    for path in sorted(
        path_of("avletters", "avletters/Lips", folder).glob("*.mat")
    ):
        named = re.fullmatch(r"([A-Z])(\d)_(\w+)-lips", path.stem)
        try:
            video = loadmat(path)["vid"]
        except Exception as error:  # scipy lets many kinds through
            raise Refused(f"{path}: no film: {error}") from error
        if not named or video.ndim != 2 or len(video) != ROWS * COLUMNS:
            raise Refused(f"{path}: not a film of {ROWS} x {COLUMNS}")
        letter, take, person = named.groups()
        # each column of the file is a frame, column after column
        frames = video.T.reshape(-1, COLUMNS, ROWS).swapaxes(1, 2)
        found.append(Lips(letter, person, int(take), frames))
    return found


def msr_action3d(folder: str | os.PathLike | None = None) -> list[Motion]:
    """567 sequences of a depth camera's joints: 20 actions, ten people.

    One (action 13, person 9, take 2) is all zeros, as published.

    Raises Refused where the set is not there, or as `read_motions` does.
    Source: Li et al. 2010.
    """
    place = "dataset/MSRAction3D/MSRAction3DSkeletonReal3D"
    return read_motions(path_of("msr_action3d", place, folder))


def read_motions(folder: Path) -> list[Motion]:
    """All sequences of joints in a folder, by the names of its files.

    Raises Refused as `read_motion` does.
    """
    return [read_motion(path) for path in sorted(folder.glob("*.txt"))]


def read_motion(path: Path) -> Motion:
    """A sequence of joints.

    Raises Refused where the file is not named as the set's are, or is not
    frames of 20 lines of x, y, z and a confidence.
    """
    named = MOTION.fullmatch(path.name)
    try:
        rows = np.array(read_text(path).split(), np.float32)
        frames = rows.reshape(-1, JOINTS, 4)[..., :3]
    except ValueError as error:
        raise Refused(f"{path}: no joints: {error}") from error
    if not named or not np.isfinite(frames).all():
        raise Refused(f"{path}: no joints of aN_sN_eN")
    action, person, take = map(int, named.groups())
    return Motion(action, person, take, frames)


def flickr8k(folder: str | os.PathLike | None = None) -> Album:
    """8,000 photographs' features, with five captions of each.

    The features are EfficientNet-Lite0's, which was trained on ImageNet:
    the last convolution's mean over all places, and 96 principal
    components of what precedes it at each of 7 x 7 places.

    Raises Refused where the set is not there, or its files do not agree.
    Source: Hodosh, Young and Hockenmaier 2013.
    """
    said: dict[str, list[str]] = {}
    path = path_of("flickr8k", "captions.txt", folder)
    for name, *text in csv.reader(read_text(path).splitlines()[1:]):
        said.setdefault(name, []).append(",".join(text).strip())
    names = read_text(path_of("flickr8k", "names.txt", folder)).split()
    path = path_of("flickr8k", "features.npz", folder)
    with np.load(path, allow_pickle=False) as stored:
        grid, pooled = stored["grid"], stored["pooled"]
        scale = stored["scale"]
    if not len(names) == len(grid) == len(pooled):
        raise Refused(f"{path}: expected {len(names)} rows of features")
    row = {name: k for k, name in enumerate(names)}
    parts = []
    for part in "train", "dev", "test":
        path = path_of("flickr8k", f"split/{part}.txt", folder)
        listed = read_text(path).split()
        strange = [n for n in listed if n not in row or n not in said]
        if strange:
            raise Refused(f"{path}: nothing is known of {strange[0]}")
        parts.append(
            [
                Photograph(n, said[n], pooled[row[n]], grid[row[n]])
                for n in listed
            ]
        )
    train, validation, test = parts
    return Album(train, validation, test, scale)
