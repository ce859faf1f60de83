"""Films as features: T rows of D numbers each.

A frozen network computes them once, and they are kept beside the film.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.storage.files import Refused, read_bytes, whole_file
from rnncore.storage.intake import load_array
from rnncore.video.frames import read_pictures

KIND, ENDING = "features", ".npy"


def read_features(path: str | os.PathLike) -> np.ndarray:
    """The features that are kept in a file.

    Shapes: -> features (T, D)

    Raises Refused naming the file where it holds none.
    """
    try:
        found: np.ndarray = load_array(read_bytes(path, KIND), KIND)
    except ValueError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise Refused(f"{path}: no array of NumPy: {error}") from error
    if found.ndim != 2 or not found.size:
        raise Refused(f"{path}: expected features (T, D), got {found.shape}")
    if not np.isfinite(found).all():
        raise Refused(f"{path}: a number is none, or infinite")
    return found


class Encoder:
    """What a frozen network sees of films, by its name.

    The network is loaded when the first is looked at. Features are kept
    beside each file, under its name, the encoder's and its content's hash;
    `report` is told once where they cannot be.
    """

    def __init__(self, name: str, report: Callable[[str], None], device: Any = None):
        from rnncore.apps.video.encoder import find_weights

        find_weights(name)  # a refusal does not wait for the first film
        self.name, self.report, self.device = name, report, device
        self.network: Any = None
        self.told = False

    def see_film(self, path: Path, T: int) -> np.ndarray:
        """The mean over all places of T frames.

        Shapes: -> features (T, D)
        """
        from rnncore.apps.video.encoder import SIDE

        def see() -> np.ndarray:
            pictures = read_pictures(path, T, SIDE)
            return self._encode(pictures).mean(axis=1, dtype=np.float32)

        return self._keep(path, T, see)

    def _encode(self, pictures: Iterator[np.ndarray]) -> np.ndarray:
        from rnncore.apps.video.encoder import encode, load_encoder

        first = next(pictures)  # a film that is none needs no network
        if self.network is None:
            self.network = load_encoder(self.name, self.device)
        return encode(self.network, chain([first], pictures))

    def _keep(self, path: Path, T: int, see: Callable[[], np.ndarray]) -> np.ndarray:
        """What lies beside the file, or what `see` makes of it now."""
        if not path.is_file():  # a pipe can be read once
            return see().astype(np.float16)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        name = f".{path.name}.{self.name}-{T}.{digest}{ENDING}"
        place = path.with_name(name)
        if place.is_file():
            try:
                found = read_features(place)
            except Refused as error:
                self.report(f"{error}; it is computed again")
            else:
                if len(found) == T:
                    return found.astype(np.float16)
        found = see().astype(np.float16)
        try:
            with whole_file(place) as kept:
                np.save(kept, found)
        except OSError as error:
            if not self.told:
                why = error.strerror or type(error).__name__
                self.report(f"features are not kept: {place}: {why}")
            self.told = True
        return found
