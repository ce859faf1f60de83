"""One file of measurements, book/measurements.json, for pages and README.

A measurement is {value, unit, seed, device, command, date} under a key such
as "lags.adding.tanh.50". Several scripts write to the file, perhaps at the
same time: `record` locks, reads, changes its own keys and writes the whole
file in one step. Run as a script, it lists what is there.
"""

import argparse
import fcntl
import json
import platform
from datetime import date
from pathlib import Path
from typing import Any

from rnncore.files import whole_file
from tools import ROOT

PATH = ROOT / "book/measurements.json"


def read(path: Path = PATH) -> dict[str, dict[str, Any]]:
    """All measurements by key; none where the file is not there yet."""
    return json.loads(path.read_text("utf-8")) if path.exists() else {}


def record(
    values: dict[str, Any],
    *,
    unit: str,
    seed: Any,
    command: str,
    device: str = "",
    path: Path = PATH,
) -> None:
    """Store several values that share unit, seed, device and command."""
    about = {
        "unit": unit,
        "seed": seed,
        "device": device or f"CPU, {platform.machine()}",
        "command": command,
        "date": date.today().isoformat(),
    }
    with open(__file__) as lock:  # a file that all writers have
        fcntl.flock(lock, fcntl.LOCK_EX)  # until it is closed
        known = read(path)
        known |= {key: {"value": v, **about} for key, v in values.items()}
        text = json.dumps(known, indent=1, sort_keys=True) + "\n"
        with whole_file(path) as file:
            file.write(text.encode("utf-8"))


def keep_seeds(
    key: str, values: dict[int, Any], unit: str, command: str, path: Path = PATH
) -> None:
    """Store one value per seed, beside those of seeds trained before."""
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
