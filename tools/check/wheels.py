"""Asks the package index whether each pin can be installed wherever learners sit.

    python -m tools.check.wheels             requirements/constraints.txt, for the systems served
    python -m tools.check.wheels FILE ...    other lists of pins
    python -m tools.check.wheels --system macos-x86_64     for one more system

A pin can be installed on a system with a Python if its marker leaves it out there, or
if the index has a wheel of this version for both. A source archive will do where it
has nothing to compile: PURE_SOURCES names those. The index is the one that pip is
set up with; it is asked once for each pin, in the JSON of PEP 691. Where something
is missing, a line says what, and the exit status is 1.
"""

import argparse
import os
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import requests
from packaging import tags
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import (
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from tools import ROOT

JSON = "application/vnd.pypi.simple.v1+json"
PUBLIC = "https://pypi.org/simple"  # pip's own default
CLASSIFIED = re.compile(r"Programming Language :: Python :: (3\.\d+)")
PURE_SOURCES = {"docopt"}  # no wheel, and nothing to compile
GLIBC = 35  # 2.35: Ubuntu 22.04, as in Colab; Debian 12 has a newer one
MACOS = 14, 0  # the oldest that the wheels of torch take


def _linux(machine: str) -> list[str]:
    named = [f"manylinux_2_{minor}_{machine}" for minor in range(GLIBC, 4, -1)]
    return [*named, *(f"manylinux{y}_{machine}" for y in ("2014", "2010", "1"))]


class System(NamedTuple):
    """The tags of wheels that a system takes, and what markers see there."""

    platforms: list[str]
    sys_platform: str
    platform_system: str
    platform_machine: str


SYSTEMS = {
    "linux-x86_64": System(_linux("x86_64"), "linux", "Linux", "x86_64"),
    "linux-aarch64": System(_linux("aarch64"), "linux", "Linux", "aarch64"),
    "macos-arm64": System(
        [*tags.mac_platforms(MACOS, "arm64")], "darwin", "Darwin", "arm64"
    ),
    "windows-x86_64": System(["win_amd64"], "win32", "Windows", "AMD64"),
}
UNSERVED = {
    "macos-x86_64": System(
        [*tags.mac_platforms((15, 0), "x86_64")], "darwin", "Darwin", "x86_64"
    )
}


class File(NamedTuple):
    """A file of the index: its name, and the Pythons that it says it is for."""

    name: str
    pythons: str = ""


def read_pins(path: Path) -> list[Requirement]:
    """The pins of a list. Raises ValueError for a line that is none."""
    pins = []
    for line in path.read_text("utf8").splitlines():
        if not (text := line.partition("#")[0].strip()):
            continue
        pin = Requirement(text)
        if [s.operator for s in pin.specifier] != ["=="]:
            raise ValueError(f"{path.name}: expected NAME==VERSION, found {text!r}")
        pins.append(pin)
    return pins


def read_supported_pythons() -> list[str]:
    """The Pythons that pyproject.toml names, such as 3.11."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf8"))["project"]
    return [m[1] for m in map(CLASSIFIED.fullmatch, project["classifiers"]) if m]


def find_index() -> str:
    """The address of the index that pip is set up with."""
    pip = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    said = subprocess.run(pip, capture_output=True, text=True, check=False)
    return os.environ.get("PIP_INDEX_URL") or said.stdout.strip() or PUBLIC


def fetch_files(index: str, name: str) -> list[File]:
    """All files that the index has of a package, without those withdrawn.

    Raises requests.RequestException where it does not answer in JSON.
    """
    address = f"{index.rstrip('/')}/{canonicalize_name(name)}/"
    answer = requests.get(address, headers={"Accept": JSON}, timeout=60)
    answer.raise_for_status()
    return [
        File(file["filename"], file.get("requires-python") or "")
        for file in answer.json()["files"]
        if not file.get("yanked")
    ]


def can_install(
    pin: Requirement, files: Iterable[File], system: System, python: str
) -> bool:
    """Whether the pin is left out on the system with this Python, or has a file there."""
    if pin.marker and not pin.marker.evaluate(_describe(system, python)):
        return True
    (version,) = (Version(specifier.version) for specifier in pin.specifier)
    major, minor = map(int, python.split("."))
    taken = {
        *tags.cpython_tags((major, minor), platforms=system.platforms),
        *tags.compatible_tags((major, minor), f"cp{major}{minor}", system.platforms),
    }
    return any(
        _fits(file.name, version, taken, canonicalize_name(pin.name) in PURE_SOURCES)
        and SpecifierSet(file.pythons).contains(f"{python}.99")
        for file in files
    )


def _describe(system: System, python: str) -> dict[str, str]:
    return {
        "python_version": python,
        "python_full_version": f"{python}.99",
        "sys_platform": system.sys_platform,
        "platform_system": system.platform_system,
        "platform_machine": system.platform_machine,
        "os_name": "nt" if system.sys_platform == "win32" else "posix",
    }


def _fits(name: str, version: Version, taken: set[tags.Tag], source: bool) -> bool:
    if name.endswith(".whl"):
        _, made, _, fits = parse_wheel_filename(name)
        return made == version and not taken.isdisjoint(fits)
    if source and name.endswith((".tar.gz", ".zip")):
        return parse_sdist_filename(name)[1] == version
    return False


def find_missing(
    pin: Requirement, files: list[File], systems: dict[str, System], pythons: list[str]
) -> list[str]:
    """One line for each system where the pin has no file, with the Pythons there."""
    missing = defaultdict(list)
    for name, system in systems.items():
        for python in pythons:
            if not can_install(pin, files, system, python):
                missing[name].append(python)
    return [
        f"{pin.name}{pin.specifier}: nothing for {name} with Python {', '.join(lacking)}"
        for name, lacking in missing.items()
    ]


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("lists", nargs="*", type=Path, metavar="FILE")
    parser.add_argument("--system", choices=SYSTEMS | UNSERVED)
    asked = parser.parse_args(arguments)
    systems = SYSTEMS | UNSERVED
    systems = {asked.system: systems[asked.system]} if asked.system else SYSTEMS
    index, pythons = find_index(), read_supported_pythons()
    pins = [
        p
        for f in asked.lists or [ROOT / "requirements/constraints.txt"]
        for p in read_pins(f)
    ]
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda pin: fetch_files(index, pin.name), pins)
        missing = [
            line
            for pin, files in zip(pins, found, strict=True)
            for line in find_missing(pin, files, systems, pythons)
        ]
    print(*missing, sep="\n", end="\n" if missing else "")
    print(
        f"{len(pins)} pins, {', '.join(systems)}: {len(missing) or 'nothing'} missing"
    )
    return bool(missing)


if __name__ == "__main__":
    sys.exit(main())
