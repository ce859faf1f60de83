"""The table of cells holds every cell of the package, once."""

import importlib

import torch

from rnncore.cells import CELLS
from rnncore.comparison.ruler import check_cell
from rnncore.memory import gated_delta_cell
from tests.helpers import ROOT

PACKAGE = ROOT / "rnncore"
MATRICES = {gated_delta_cell}  # the table is of states (B, H)


def test_every_cell_of_the_package_is_in_the_table():
    found = set()
    for path in PACKAGE.glob("[!_]*.py"):
        module = importlib.import_module(f"rnncore.{path.stem}")
        found |= {f for n, f in vars(module).items() if n.endswith("_cell")}
    found = {f for f in found if not f.__name__.startswith(("_", "check_"))}
    assert {c.forward for c in CELLS.values()} == found - MATRICES
    assert len(CELLS) == len(found - MATRICES)
    assert found >= MATRICES


def test_a_name_of_torch_means_torch_s_class():
    own = {n for n in CELLS if not hasattr(torch.nn, n.partition("_")[0])}
    assert own == {"minimal", "sLSTM"}


def test_gates_and_parts_are_those_of_the_cell():
    for name, cell in CELLS.items():
        assert check_cell(cell) < 1e-7, name
