"""Installs torch without CUDA: on Linux, a third of the size of the set-up.

    python -m tools.cpu_torch          where nothing speaks against it
    python -m tools.cpu_torch cpu      in any case (make TORCH=cpu ...)
    python -m tools.cpu_torch cuda     not at all (make TORCH=cuda ...)

The public index has torch for Linux with CUDA; PyTorch's own index has it without.
Against it speak an NVIDIA driver, and a pip that was set up with an index or with a
folder of packages: whoever did so knows what is to be had. Where PyTorch's index
does not answer, a sentence says so, and what the other index has is installed later.
On macOS and Windows torch comes without CUDA from either.
"""

import argparse
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]  # it runs by its path, before all else
INDEX = "https://download.pytorch.org/whl/cpu"


def is_wanted(asked: str | None) -> bool:
    """Whether torch is to come without CUDA, where `asked` is "cpu", "cuda" or None."""
    if platform.system() != "Linux" or asked == "cuda":
        return False
    if asked == "cpu":
        return True
    return shutil.which("nvidia-smi") is None and not _has_own_sources()


def _has_own_sources() -> bool:
    """Whether pip looks elsewhere than at the public index."""
    pip = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(pip, capture_output=True, text=True, check=True).stdout
    return "index-url=" in said or "find-links=" in said


def install_cpu_torch(index: str = INDEX) -> bool:
    """Install the pinned torch from an index of builds without CUDA; was it there?"""
    pip = [
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
        *("--retries", "1", "--timeout", "10", "--index-url", index),
        *("--constraint", str(ROOT / "requirements/constraints.txt"), "torch"),
    ]
    run = subprocess.run(pip, capture_output=True, text=True, check=False)
    if run.returncode:
        told = run.stderr.strip().splitlines() or [f"exit status {run.returncode}"]
        print(
            f"torch without CUDA did not come from {index} ({told[-1]}). The torch of "
            "your package index is installed instead: with CUDA, 4 GB more."
        )
    return run.returncode == 0


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("build", nargs="?", choices=["cpu", "cuda"])
    if is_wanted(parser.parse_args(arguments).build):
        install_cpu_torch()


if __name__ == "__main__":
    main()
