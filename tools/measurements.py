"""What was measured once, for the pages and the README: book/measurements/.

One file holds what one page reports, `measurements/ch05_long_lags.json`, and
another page that quotes it reads that file too; what only the README shows is
in readme.json. A measurement is {value, unit, seed, device, command, date}
under a key such as "lags.adding.100", and a line of its file. Several scripts
may write at the same time: `record` locks, reads, changes its own keys and
writes a whole file in one step. Run as a script, it lists what is there.
"""

import argparse
import json
import platform
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

from rnncore.storage.files import locked, whole_file
from tools import ROOT

Known = dict[str, dict[str, Any]]

PATH = ROOT / "book" / "measurements"
LOCK = ROOT / "_build" / "measurements.lock"
README = "readme"
PAGES = {  # how the keys of each begin; the longest beginning counts
    "capstone": "capstone",
    "ch03_forward": "online",
    "ch04_characters": "chars",
    "ch05_clipping": "clipping",
    "ch05_counting": "rest",
    "ch05_long_lags": "lags starts",
    "ch05_reservoir": "reservoir",
    "ch07_compared": "cells ruler",
    "ch08_depth": "depth",
    "ch08_noise": "steady.noise steady.output",
    "ch08_steady": "steady",
    "ch09_torch": "bench-modules bench-packed bench. compiling cuda",
    "ch10_generation": "text writing",
    "ch10_language": "real.shakespeare text.words",
    "ch11_forecasting": "forecast real.ett real.exchange",
    "ch11_intervals": "intervals",
    "ch11_many": (
        "forecast.countries forecast.lines.countries forecast.rates.countries "
        "forecast.rates.units forecast.rivals forecast.units real.carparts real.m4 "
        "real.retail"
    ),
    "ch11_series": (
        "forecast.leak forecast.rates.leak forecast.rates.share "
        "forecast.rates.weather forecast.weather"
    ),
    "ch11_shares": "real.sp500",
    "ch11_zeros": "zeros",
    "ch12_infilling": "infill",
    "ch12_music": "music real.piano_rolls",
    "ch13_translation": "translate",
    "ch14_attention": "real.multi30k",
    "ch15_ctc": "speech.lexicon",
    "ch15_speech": "real.an4 real.fsdd speech",
    "ch16_video": "real.avletters real.msr_action3d video",
    "ch17_captioning": "real.flickr8k video.bag video.captions",
    "ch18_limits": "limits",
    "ch19_factors": "factors",
    "ch20_memory": "recall",
    "ch21_depth": "iterations",
    "ch21_nonlinear": "nonlinear",
    "ch22_language": "recurrences",
    "ch22_work": "gaps",
    "own_data": "tries",
}


def find_page(key: str) -> str:
    """The page that reports what is measured under a key, or "readme"."""
    pages = {start: page for page, keys in PAGES.items() for start in keys.split()}
    beginnings = [start for start in pages if key.startswith(start)]
    return pages[max(beginnings, key=len)] if beginnings else README


def read(path: Path = PATH) -> Known:
    """All measurements of a file or a folder; none if it does not exist yet."""
    if path.is_dir():
        files = sorted(path.glob("*.json"))
        return {key: entry for file in files for key, entry in read(file).items()}
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def write(known: Known, path: Path) -> None:
    """Write a complete file, one line per measurement."""
    lines = [
        f"{json.dumps(key)}: {json.dumps(entry, sort_keys=True)}"
        for key, entry in sorted(known.items())
    ]
    with whole_file(path) as file:
        file.write(("{\n" + ",\n".join(lines) + "\n}\n").encode("utf-8"))


def record(
    values: dict[str, Any],
    *,
    unit: str,
    seed: Any,
    command: str,
    device: str = "",
    path: Path = PATH,
) -> None:
    """Store several values that share unit, seed, device and command.

    In a folder each goes to its page's file; `path` may name a file instead.
    """
    about = {
        "unit": unit,
        "seed": seed,
        "device": device or f"CPU, {platform.machine()}",
        "command": command,
        "date": date.today().isoformat(),
    }
    entries: dict[Path, Known] = defaultdict(dict)
    for key, value in values.items():
        file = path if path.suffix else path / f"{find_page(key)}.json"
        entries[file][key] = {"value": value, **about}
    LOCK.parent.mkdir(exist_ok=True)
    with locked(LOCK):
        for file, new in entries.items():
            write(read(file) | new, file)


def keep_seeds(
    key: str, values: dict[int, Any], unit: str, command: str, path: Path = PATH
) -> None:
    """Store one value per seed, and keep those of seeds trained before."""
    before = read(path).get(key, {"seed": [], "value": []})
    both = dict(zip(before["seed"], before["value"], strict=True)) | values
    seeds = sorted(both)
    record(
        {key: [both[seed] for seed in seeds]},
        unit=unit,
        seed=seeds,
        command=command,
        path=path,
    )


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__).parse_args()
    for key, entry in sorted(read().items()):
        print(f"{key:40} {entry['value']} {entry['unit']}")
