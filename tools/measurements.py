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

import filelock

from rnncore.storage.files import whole_file
from tools import ROOT

Known = dict[str, dict[str, Any]]

PATH = ROOT / "book" / "measurements"
LOCK = ROOT / "_build" / "measurements.lock"
README = "readme"
PAGES = {  # by how the keys begin; the longest beginning counts
    "bench-modules": "ch09_torch",
    "bench-packed": "ch09_torch",
    "bench.": "ch09_torch",
    "blocks": "ch22_language",
    "capstone": "capstone",
    "cells": "ch07_compared",
    "cells.reset": "ch07_gru",
    "chars": "ch04_characters",
    "clipping": "ch05_clipping",
    "compiling": "ch09_torch",
    "cuda": "ch09_torch",
    "depth": "ch08_deeper",
    "exposure": "ch13_exposure",
    "factors": "ch19_factors",
    "forecast": "ch11_forecasting",
    "forecast.countries": "ch11_many",
    "forecast.leak": "ch11_series",
    "forecast.lines.countries": "ch11_many",
    "forecast.rates.countries": "ch11_many",
    "forecast.rates.leak": "ch11_series",
    "forecast.rates.share": "ch11_series",
    "forecast.rates.units": "ch11_many",
    "forecast.rates.weather": "ch11_series",
    "forecast.rates.wine": "ch11_many",
    "forecast.rivals": "ch11_many",
    "forecast.units": "ch11_many",
    "forecast.weather": "ch11_series",
    "forecast.spread": "ch11_many",
    "forecast.wine": "ch11_many",
    "frames": "ch16_frames",
    "gaps": "ch22_work",
    "hybrids": "ch21_today",
    "infill": "ch12_infilling",
    "intervals": "ch11_intervals",
    "lags": "ch05_long_lags",
    "limits": "ch18_limits",
    "music": "ch12_music",
    "nonlinear": "ch21_nonlinear",
    "online": "ch03_forward",
    "parallel": "ch18_limits",
    "real.an4": "ch15_speech",
    "real.avletters": "ch16_video",
    "real.carparts": "ch11_many",
    "real.ett": "ch11_forecasting",
    "real.exchange": "ch11_forecasting",
    "real.flickr8k": "ch17_captioning",
    "real.fsdd": "ch15_speech",
    "real.m4": "ch11_many",
    "real.msr_action3d": "ch16_actions",
    "real.multi30k": "ch14_attention",
    "real.piano_rolls": "ch12_music",
    "real.shakespeare": "ch10_language",
    "real.retail": "ch11_many",
    "real.sp500": "ch11_shares",
    "recall": "ch20_memory",
    "reservoir": "ch05_reservoir",
    "ruler": "ch07_compared",
    "sampling": "ch13_exposure",
    "speech": "ch15_speech",
    "speech.lexicon": "ch15_ctc",
    "starts": "ch05_long_lags",
    "steady": "ch08_steady",
    "text": "ch10_generation",
    "text.vocabulary": "ch10_vocabulary",
    "text.words": "ch10_language",
    "transducer": "ch15_transducer",
    "tries": "own_data",
    "translate": "ch13_translation",
    "video": "ch16_video",
    "video.actions": "ch16_actions",
    "video.bag": "ch17_captioning",
    "video.captions": "ch17_captioning",
    "video.next": "ch16_frames",
    "writing": "ch10_generation",
    "zeros": "ch11_many",
}


def find_page(key: str) -> str:
    """The page that reports what is measured under a key, or "readme"."""
    beginnings = [start for start in PAGES if key.startswith(start)]
    return PAGES[max(beginnings, key=len)] if beginnings else README


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
    with filelock.FileLock(LOCK):
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
