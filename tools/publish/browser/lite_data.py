"""Writes what chapter 1 reads from libraries that the browser does not have.

    python -m tools.publish.browser.lite_data

The stand-ins of statsmodels and of music21 (tools/publish/browser/drawing) give these
tables and tunes; a test compares them with what the libraries give. The tables
and the tunes are in the public domain (rnncore/data/SOURCES.md); of the tunes
only titles, pitches and lengths are here.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from rnncore.data import music

DRAWING = Path(__file__).with_name("drawing")
TABLES = DRAWING / "statsmodels" / "tables.npz"
REELS = DRAWING / "music21" / "reels.npz"


def tables() -> dict[str, np.ndarray]:
    """Sunspots by year, and carbon dioxide by day with gaps."""
    from statsmodels.datasets import co2, sunspots

    spots, air = sunspots.load_pandas().data, co2.load_pandas().data
    return {
        "YEAR": spots["YEAR"].to_numpy(np.int16),
        "SUNACTIVITY": spots["SUNACTIVITY"].to_numpy(float),
        "days": air.index.to_numpy().astype("datetime64[D]").astype(np.int32),
        "co2": air["co2"].to_numpy(float),
    }


def reels() -> dict[str, np.ndarray]:
    """The notes of all tunes, one after the other, and where each begins."""
    tunes = music.tunes()
    notes = [note for tune in tunes.values() for note in tune]
    return {
        "titles": np.array(list(tunes)),
        "ends": np.cumsum([len(tune) for tune in tunes.values()]),
        "pitches": np.array([note.pitch for note in notes], np.int8),
        "beats": np.array([note.beats for note in notes]),
    }


def main() -> None:
    """Write both."""
    np.savez_compressed(TABLES, allow_pickle=False, **tables())
    np.savez_compressed(REELS, allow_pickle=False, **reels())
    print(f"{TABLES}\n{REELS}")


if __name__ == "__main__":
    main()
