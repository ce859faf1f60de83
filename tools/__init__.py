"""Scripts of the course's makers, run from its folder: python -m tools.X."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent  # the course's folder

# Before NumPy is imported: what is timed here has one core, and pages and
# tests run side by side.
for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")
