"""Any cell as fast as a library's own: write the equation, run the loop.

A cell is a function of one unit: the pre-activations of its gates and its
own state. Its gradient, the loops, the memory and the threads follow::

    def lstm(a, h, c):
        i, f, g, o = a
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        return sigmoid(o) * tanh(c), c

Its parameters are (a, h, ...), or (a_x, a_h, h, ...) where it reads what
comes from the input apart from what comes from h: a_x and a_h then have as
many gates as each other. It returns h and the rest of its state in the
same order. It says how many gates it has by taking `a` apart or by a[2]; if
it uses a as a whole, there is one gate. It may compute with `+ - * / **`,
abs, comparisons, `& | ~` and the functions below; `where` takes the place
of `if`. A part of the state other than h that is returned as it came is a
weight of the unit.

It may also use numbers from its surroundings, and parameters with a
default, which are numbers too, not parts of the state. The function runs
once, so a number that is changed later stays as it was. Its types can only
be `typing.Any`: a, h and c are neither floats nor arrays. In float32, exp
overflows past 88: bound what goes into it, or write sigmoid where it fits.

`unroll` and `bptt` run it as those of `rnncore.rnn` and `rnncore.bptt` run
a printed cell. `rnncore.nn.Cell(lstm, 64, 128)` is a torch module of it,
whose parts of the state that are weights are parameters; they stand last.
`pair` makes a cell and its vjp for the printed loop, on every backend,
which `rnncore.bptt.check_gradient` can check; `vjp_source` shows the vjp.
What is no cell is refused with the line that makes it none.
"""

from rnncore.fused.functions import (
    exp,
    log,
    maximum,
    minimum,
    sigmoid,
    sqrt,
    tanh,
    where,
)
from rnncore.fused.loop import bptt, unroll
from rnncore.fused.source_text import (
    equation_of,
    loop_source,
    pair,
    vjp_source,
)

__all__ = [
    "available",
    "bptt",
    "equation_of",
    "exp",
    "log",
    "loop_source",
    "maximum",
    "minimum",
    "pair",
    "sigmoid",
    "sqrt",
    "tanh",
    "unroll",
    "vjp_source",
    "where",
]


def __dir__() -> list[str]:
    return __all__


def available() -> bool:
    """Whether numba is there to compile the loops."""
    from importlib.util import find_spec

    return find_spec("numba") is not None
