"""Train the capstone's worked examples on the memory ruler.

For each cell of examples/capstone/ the longest lag of the copy task that it
learned ("capstone.lags.slow_start"). The third example's gradient is wrong
on purpose; it is trained all the same, as its author did, and once mended.
A minute on a quiet core.
"""

import runpy
from typing import Any

from rnncore.comparison import ruler
from tools import ROOT
from tools.train.ch07.ruler import copy_lags
from tools.train.runner import Training

FOLDER = ROOT / "examples/capstone"


def read_example(name: str) -> ruler.Cell:
    """One of the examples' cells, from its file."""
    found = runpy.run_path(str(FOLDER / f"{name}.py"))
    return ruler.Cell(
        found[f"{name}_cell"], found[f"{name}_cell_vjp"], found.get("G", 1)
    )


def make_mended() -> ruler.Cell:
    """The third example with its gate's gradient."""
    wrong = read_example("own_gate")

    def vjp(d_state: Any, cache: Any) -> Any:
        n, _, h = cache
        d_a, _, past = wrong.vjp(d_state, cache)
        d_a = d_a + d_state[0] * 2 * n * (n - h) * (1 - n * n)
        return d_a, d_a, past

    return wrong._replace(vjp=vjp)


def list_cells() -> dict[str, ruler.Cell]:
    """What is trained."""
    names = [path.stem for path in sorted(FOLDER.glob("*.py"))]
    return {n: read_example(n) for n in names} | {"own_gate.mended": make_mended()}


TRAINING = Training(
    "capstone", __doc__, copy_lags("capstone.lags", list_cells()), {}, "capstone.lags"
)
