"""Numbers as colours, by maps of nine colours between which others are mixed."""

from __future__ import annotations

from typing import Any

import numpy as np

MAPS = {
    "viridis": "440154 472d7b 3b528b 2c728e 21918c 28ae80 5ec962 addc30 fde725",
    "plasma": "0d0887 4c02a1 7e03a8 aa2395 cc4778 e66c5c f89540 fdc527 f0f921",
    "magma": "000004 1d1147 51127c 832681 b73779 e75263 fc8961 fec488 fcfdbf",
    "inferno": "000004 210c4a 57106e 8a226a bc3754 e45a31 f98e09 f9cb35 fcffa4",
    "cividis": "00224e 1a386f 434e6c 61656f 7d7c78 9b9476 bcae6c dec958 fee838",
    "gray": "000000 202020 404040 606060 808080 a0a0a0 c0c0c0 e0e0e0 ffffff",
    "Greys": "ffffff f0f0f0 d9d9d9 bdbdbd 959595 727272 515151 242424 000000",
    "Blues": "f7fbff deebf7 c6dbef 9dcae1 6aaed6 4191c6 2070b4 08509b 08306b",
    "Reds": "fff5f0 fee0d2 fcbba1 fc9272 fb694a ee3a2c ca181d a30f15 67000d",
    "Oranges": "fff5eb fee6ce fdd0a2 fdae6a fd8c3b f16813 d84801 a53603 7f2704",
    "RdBu": "67001f bb2a34 e58368 fbceb7 f6f7f7 c0dceb 68abd0 2870b1 053061",
    "coolwarm": "3b4cc0 6282ea 8db0fe b9d0f9 dddcdc f5c4ac f4987a dd5f4b b40426",
}


def mapped(share: Any, name: str | None = None) -> str:
    """The colour of a share from 0 to 1.

    Raises ValueError for a map that is none of MAPS, or one of them with "_r".
    """
    name = str(getattr(name, "name", name) or "viridis")
    known = MAPS.get(name.removesuffix("_r"))
    if known is None:
        raise ValueError(f"cmap: expected one of {', '.join(MAPS)}, got {name!r}")
    parts = np.array(
        [[int(c[k : k + 2], 16) for k in (0, 2, 4)] for c in known.split()]
    )
    share = 1 - share if name.endswith("_r") else share
    at = np.linspace(0, 1, len(parts))
    mixed = (np.interp(share, at, part) for part in parts.T)
    return f"rgb({','.join(str(round(float(part))) for part in mixed)})"


def shares(numbers: Any, low: Any = None, high: Any = None) -> np.ndarray:
    """Numbers scaled to 0 for the lowest and 1 for the highest."""
    numbers = np.asarray(numbers, float)
    if np.isnan(numbers).all():
        return numbers
    low = np.nanmin(numbers) if low is None else low
    high = np.nanmax(numbers) if high is None else high
    return np.clip((numbers - low) / max(high - low, 1e-300), 0, 1)
