"""Small photographs with captions, for what learns to describe them."""

import numpy as np
from PIL import Image

ORIENTATION = 0x0112  # EXIF's number of it
COLOURS = {"red": (200, 30, 30), "blue": (30, 30, 200)}


def write_photograph(path, picture, orientation=1):
    """A picture (A, C, 3) as a camera would store it, held this way."""
    image = Image.fromarray(picture)
    known = image.getexif()
    known[ORIENTATION] = orientation
    image.save(path, exif=known)
    return path


def make_album(folder, count):
    """Photographs of one colour, and a table that says which."""
    folder.mkdir(parents=True)
    rng, lines = np.random.default_rng(0), []
    for k in range(count):
        name = [*COLOURS][k % 2]
        picture = np.full((60, 80, 3), COLOURS[name], np.uint8)
        picture[:20, :20] = rng.integers(255, size=3)
        ending = "png" if k % 4 == 1 else "jpg"
        write_photograph(folder / f"{k}.{ending}", picture)
        lines.append(f"{k}.{ending}\ta {name} picture\n")
    table = folder.parent / "photographs.tsv"
    table.write_text("".join(lines), "utf-8")
    return table
