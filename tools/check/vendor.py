"""Checks the files of others that the book carries against their manifest.

    python -m tools.check.vendor            rewrite book/extra/vendor/manifest.json
    python -m tools.check.vendor --check    fail where a file differs from it

The manifest names each package's origin, version and licence, and for every
file its SHA-256. It is written by hand but for the sums.
"""

import argparse
import hashlib
import json
import sys

from tools import ROOT

VENDOR = ROOT / "book" / "extra" / "vendor"
MANIFEST = VENDOR / "manifest.json"


def compute_sums(package: str) -> dict[str, str]:
    """The SHA-256 of every file of a vendored package."""
    files = sorted(p for p in (VENDOR / package).rglob("*") if p.is_file())
    return {
        p.relative_to(VENDOR).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in files
    }


def find_problems(manifest: dict) -> list[str]:
    """What the folder holds and the manifest does not say, or the reverse."""
    found = []
    there = {p.name for p in VENDOR.iterdir() if p.is_dir()}
    found += [f"{name}: not in the manifest" for name in there - set(manifest)]
    for name, entry in manifest.items():
        actual, said = compute_sums(name), entry["sha256"]
        for path in sorted(set(actual) | set(said)):
            if actual.get(path) != said.get(path):
                found.append(f"{path}: differs from the manifest")
    return found


def main() -> None:
    """Write the sums, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    if parser.parse_args().check:
        if found := find_problems(manifest):
            sys.exit("\n".join(found))
        return
    for name, entry in manifest.items():
        entry["sha256"] = compute_sums(name)
    MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


if __name__ == "__main__":
    main()
