"""Writes what chapter 1 reads from a library that the browser does not have.

    python -m tools.publish.browser.lite_data

The stand-in of statsmodels (tools/publish/browser/drawing) gives these tables; a
test compares them with what the library gives. They are in the public domain
(rnncore/data/SOURCES.md).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

DRAWING = Path(__file__).with_name("drawing")
TABLES = DRAWING / "statsmodels" / "tables.npz"


def make_tables() -> dict[str, np.ndarray]:
    """Sunspots by year, and carbon dioxide by day with gaps."""
    from statsmodels.datasets import co2, sunspots

    spots, air = sunspots.load_pandas().data, co2.load_pandas().data
    return {
        "YEAR": spots["YEAR"].to_numpy(np.int16),
        "SUNACTIVITY": spots["SUNACTIVITY"].to_numpy(float),
        "days": air.index.to_numpy().astype("datetime64[D]").astype(np.int32),
        "co2": air["co2"].to_numpy(float),
    }


def main() -> None:
    """Write them."""
    np.savez_compressed(TABLES, allow_pickle=False, **make_tables())
    print(TABLES)


if __name__ == "__main__":
    main()
