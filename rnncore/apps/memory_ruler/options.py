"""The options of `memory-ruler`."""

import argparse
from pathlib import Path
from typing import Any

from rnncore.apps import ABOUT
from rnncore.apps.spine.options import (
    PROGRAM,
    add_flag,
    add_force,
    add_operand,
    add_option,
)
from rnncore.comparison import ruler

RULER_HELP = """\
Puts a cell of your own beside the plain cell, GRU and LSTM.

FILE is a Python file with two functions, NAME and NAME_vjp:

    state, cache = NAME(a_x, a_h, state)
    d_a_x, d_a_h, d_state = NAME_vjp(d_state, cache)

a_x and a_h are (B, G*H) arrays, the state is a tuple of PARTS arrays
(B, H), the hidden state first. Where G or PARTS is not 1, the file says so:
G = 3, PARTS = 2.

Measured are
  gradient check  the vjp against finite differences, alone and through
                  the loop, in float64
  half-life       Without training: two runs differ in one symbol, then
                  both wait. The steps until the distance of their states
                  is half of what the symbol made it.
  copy lag        The longest of the lags
                  {lags}
                  over which one symbol of 8 is remembered after at most
                  {budget} updates at a learning rate of {rate} from fresh
                  weights (drawn as torch.nn's; an LSTM's forget gate starts
                  half open), as over all shorter lags. The median of
                  {seeds} seeds; another rate may give another lag.
  time            milliseconds a step, forward and backward (B = 32,
                  H = 64; the best of 20 runs in turns), and the ratio
                  to the plain cell's
"""
EXAMPLE = f"""\
example:
  {PROGRAM} memory-ruler examples/my_cell.py --poster poster.svg

exit codes: 0 all is measured, 1 the cell has a mistake, 2 the command or
the file cannot be used
"""


def add(commands: Any) -> None:
    """The command memory-ruler, and its options."""
    command = commands.add_parser(
        "memory-ruler",
        help=ABOUT["memory-ruler"],
        description=RULER_HELP.format(
            lags=", ".join(map(str, ruler.LAGS)),
            budget=ruler.BUDGET,
            rate=ruler.LEARNING_RATE,
            seeds=len(ruler.SEEDS),
        ),
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_operand(command, "file")
    what = "draw memory against milliseconds into a .png or .svg file"
    add_option(command, "--poster", what, kind=Path)
    add_force(command)
    what = "where FILE holds several cells"
    add_option(command, "--cell", what, metavar="NAME")
    how_long = command.add_mutually_exclusive_group()
    what = f"updates a lag, 1 to {ruler.BUDGET}"
    add_option(how_long, "--budget", what, ruler.BUDGET, int)
    what = f"{ruler.QUICK_BUDGET} updates a lag, one seed"
    add_flag(how_long, "--quick", what)
