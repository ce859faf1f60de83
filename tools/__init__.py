"""Scripts of the course's makers, run from its folder: python -m tools.X."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the course's folder
