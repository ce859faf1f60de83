"""Films and photographs as features: T rows of D numbers each.

A frozen network computes them once, and they are kept beside the film; or
another program did, and they are files of NumPy's.
"""

import hashlib
import os
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.storage.files import Refused, read_bytes, whole_file
from rnncore.storage.intake import load_array, open_picture
from rnncore.video.frames import read_pictures

GIVEN = "given"  # in place of an encoder's name: .npy files
KIND, ENDING = "features", ".npy"
PHOTOGRAPHS = ".jpg", ".jpeg", ".png", ".webp"
DECODED = "JPEG", "PNG", "WEBP"  # as Pillow calls them


def read_features(path: str | os.PathLike) -> np.ndarray:
    """The features in a file that another program wrote.

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


def spread(features: np.ndarray, T: int) -> np.ndarray:
    """T rows, evenly spread; where there are fewer, some come again.

    Shapes: features (N, D) -> rows (T, D)
    """
    chosen = np.linspace(0, len(features) - 1, T).round().astype(int)
    return features[chosen].astype(np.float16)


def read_photograph(path: str | os.PathLike, side: int) -> np.ndarray:
    """A photograph in colour, upright, squeezed into a square.

    The camera's note of how it was held is heeded (EXIF).

    It is (side, side, 3), uint8.

    Raises Refused naming the file where it is no photograph, or has too
    many pixels.
    """
    from PIL import Image, ImageOps

    content = read_bytes(path, "photograph")
    try:
        with open_picture(content, "photograph", *DECODED) as image:
            image.draft("RGB", (2 * side, 2 * side))  # a JPEG is read small
            small = _to_rgb(ImageOps.exif_transpose(image))
            small = small.resize((side, side), Image.Resampling.BOX)
    except Refused as error:
        raise Refused(f"{path}: no photograph: {error}") from error
    return np.asarray(small)


def _to_rgb(image: Any) -> Any:
    """A picture of Pillow's with 8 bits a colour.

    Of grey with 16 bits its `convert` makes all white that is above 255;
    the upper 8 bits are what the pixels look like.
    """
    from PIL import Image

    if image.mode.startswith("I"):  # "I;16"; "I" in older versions
        high = (np.asarray(image) // 256).astype(np.uint8)
        image = Image.fromarray(high)
    return image.convert("RGB")


class Encoder:
    """What a frozen network sees of films and photographs, by its name.

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

        return self._keep(path, f"{T}", T, see)

    def see_photograph(self, path: Path) -> np.ndarray:
        """A photograph at each of P places, row by row.

        Shapes: -> features (P, D)
        """
        from rnncore.apps.video.encoder import PLACES, SIDE

        def see() -> np.ndarray:
            return self._encode(iter([read_photograph(path, SIDE)]))[0]

        return self._keep(path, "places", PLACES, see)

    def _encode(self, pictures: Iterator[np.ndarray]) -> np.ndarray:
        from rnncore.apps.video.encoder import encode, load_encoder

        first = next(pictures)  # a film that is none needs no network
        if self.network is None:
            self.network = load_encoder(self.name, self.device)
        return encode(self.network, chain([first], pictures))

    def _keep(
        self, path: Path, what: str, T: int, see: Callable[[], np.ndarray]
    ) -> np.ndarray:
        """What lies beside the file, or what `see` makes of it now."""
        if not path.is_file():  # a pipe can be read once
            return see().astype(np.float16)
        with open(path, "rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()[:16]
        name = f".{path.name}.{self.name}-{what}.{digest}{ENDING}"
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
