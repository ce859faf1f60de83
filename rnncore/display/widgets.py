"""The pages' live figures in a notebook, filled with a cell's own numbers.

They are worked out in Python by the cell that is given, also those that the
reader asks for later: another text in the figure's field, another weight.
"""

import sys
import traceback
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rnncore.backend import (
    Array,
    check_layer,
    check_real,
    check_shape,
    to_numpy,
)
from rnncore.characters import encode, one_hot
from rnncore.rnn import Params, State, unroll, zero_state

if TYPE_CHECKING:
    from rnncore.display.figures import Figure

LONGEST = 40  # steps that fit into a figure
FARTHEST = 5.0  # the largest weight, input or target of `unrolled`
GATES = "ifgo"
INPUTS = ["w", "h0", "x1", "x2", "x3", "y1", "y2", "y3"]


def show(make: Callable[[], "Figure"]) -> None:
    """Show the figure that a function without arguments makes.

    A sentence stands in its place where a function that it needs is not
    written yet, where anywidget is missing, and outside of a notebook on a
    kernel: in the grader, in `make check` and in the browser's notebooks.
    """
    from IPython import get_ipython
    from IPython.display import display

    kernel = getattr(get_ipython(), "kernel", None)
    if kernel is None or sys.platform == "emscripten":
        print(
            "The live figure is shown in JupyterLab, VS Code and Colab, "
            "not here."
        )
        return
    try:
        figure = make()
    except NotImplementedError as error:
        name = traceback.extract_tb(error.__traceback__)[-1].name
        print(f"Write {name} first, then run this cell again.")
    except ModuleNotFoundError as error:
        if error.name not in {"anywidget", "traitlets"}:
            raise
        print(error)
    else:
        display(figure)


def machine(
    cell: Callable,
    params: Params,
    text: str,
    alphabet: str,
    state: State | None = None,
) -> "Figure":
    """An LSTM as a machine: its gates and its state over a text.

    The first entries of the cell's cache are its gates i, f, g and o. The
    text, in letters of the alphabet, may be changed in the figure. Without
    a state, the cell's begins as h and c of zeros.

    Raises ValueError where the weights, what the cell returns or the text
    do not fit; TypeError where the cell is no function.
    """
    _check_function("cell", cell, "(a_x, a_h, state)")
    check_layer(params)
    check_shape("W_x", params.W_x, "G*H", len(alphabet))
    start = zero_state(params, 1, 2) if state is None else state

    def compute(text: str) -> dict[str, Any]:
        x = _letters(text, alphabet, params)
        steps = _watch(cell, params, x, start)
        return {"text": text, "H": params.W_h.shape[1], "steps": steps}

    shown = {"cell": "lstm", "mode": "trained", "text": text}
    return _figure(
        "machine",
        shown,
        compute(text),
        lambda asked: compute(asked["text"]),
    )


def unrolled(
    cell: Callable,
    cell_vjp: Callable,
    G: int = 1,
    parts: int = 1,
    *,
    w: float,
    inputs: Sequence[float],
    targets: Sequence[float],
    h_0: float = 0.0,
) -> "Figure":
    """The unrolled graph: three steps of one unit, forward and backward.

    Each of the cell's G blocks gets the same sum, w h + x. The state has so
    many parts; those beside h begin at 0. Inputs and targets are three
    numbers each; the loss of a step is (h_t - target)^2 / 2. Where finite
    differences of the cell disagree with its vjp, the figure says so.

    Raises ValueError where numbers or what the cell returns do not fit;
    TypeError where the cell is no function.
    """
    _check_function("cell", cell, "(a_x, a_h, state)")
    _check_function("cell_vjp", cell_vjp, "(d_state, cache)")
    check_shape("inputs", np.asarray(inputs), 3)
    check_shape("targets", np.asarray(targets), 3)

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: float(asked[name]) for name in INPUTS}
        for name, v in wanted.items():
            if not abs(v) <= FARTHEST:
                raise ValueError(
                    f"{name}: expected -{FARTHEST:g} to {FARTHEST:g}, "
                    f"got {v:g}"
                )
        run = _three_steps(cell, cell_vjp, G, parts, wanted)
        return {"inputs": wanted, "run": run}

    numbers = (w, h_0, *inputs, *targets)
    start = dict(zip(INPUTS, numbers, strict=True))
    return _figure("unrolled", start, answer(start), answer)


def _figure(*given: Any) -> "Figure":
    """The widget; anywidget takes a while to import, so it comes late."""
    from rnncore.display.figures import Figure

    return Figure(*given)


def _check_function(name: str, function: Any, given: str) -> None:
    if not callable(function):
        raise TypeError(
            f"{name}: expected a function of {given}, "
            f"got {type(function).__name__}"
        )


def _letters(text: str, alphabet: str, params: Params) -> Array:
    """A text as the input of each step.

    Shapes: -> x (T, 1, D)
    """
    if max(alphabet + text, default="") > "\uffff":
        raise ValueError(
            "text: expected characters that JavaScript counts as one, "
            "got one beyond U+FFFF"
        )
    if not text.strip():
        raise ValueError(f"text: expected letters, got {text!r}")
    if len(text) > LONGEST:
        raise ValueError(
            f"text: expected 1 to {LONGEST} letters, got {len(text)}"
        )
    return one_hot(encode(text, alphabet)[:, None], params.W_x)


def _returned(cell: Callable) -> Callable:
    """The cell; what it returns has the form that the loop needs."""

    def step(a_x: Array, a_h: Array, state: State) -> tuple[State, Any]:
        made = cell(a_x, a_h, state)
        fits = isinstance(made, tuple) and len(made) == 2
        if not (fits and isinstance(made[0], tuple) and made[0]):
            raise ValueError(
                "cell: expected ((h, ...), cache), "
                f"got {type(made).__name__}"
            )
        return made

    return step


def _watch(
    cell: Callable, params: Params, x: Array, state: State
) -> list[dict[str, Any]]:
    """Each step's gates and states.

    Shapes: x (T, 1, D); state ((1, H), ...) -> steps
    """
    H, steps = params.W_h.shape[1], []
    for t in range(x.shape[0]):
        before = state
        _, state, tape = unroll(
            _returned(cell), params, x[t : t + 1, ...], state
        )
        if len(state) < 2:
            raise ValueError(
                f"cell: expected a state (h, c), got {len(state)} array(s)"
            )
        step = {"before": before[1], "h": state[0], "c": state[1]}
        for k, gate in enumerate(GATES):
            step[gate] = _entry(tape.caches[0], k, gate, H)
        steps.append({name: to_numpy(a)[0] for name, a in step.items()})
    return steps


def _entry(cache: Any, k: int, gate: str, H: int) -> Array:
    if not isinstance(cache, Sequence) or len(cache) <= k:
        raise ValueError(
            f"the cell's cache: expected a tuple whose entry {k} is the "
            f"gate {gate}, got {type(cache).__name__}"
        )
    check_shape(f"the cell's cache[{k}], gate {gate}", cache[k], 1, H)
    return cache[k]


def _forward(
    cell: Callable, G: int, parts: int, inputs: dict[str, float]
) -> tuple[list[float], list[float], list[Any], float]:
    """h and the caches of three steps, with `a`, and the loss."""
    one, zero = np.ones((G, 1)), np.zeros(G)
    params = Params(one, inputs["w"] * one, zero, zero)
    x = np.reshape([inputs[f"x{t}"] for t in (1, 2, 3)], (3, 1, 1))
    state = [np.full((1, 1), inputs["h0"])]
    state += [np.zeros((1, 1)) for _ in range(parts - 1)]
    y, _, tape = unroll(_returned(cell), params, x, tuple(state))
    h = [inputs["h0"], *y.ravel().tolist()]
    a = [0.0]
    for t in (1, 2, 3):
        a.append(inputs["w"] * h[t - 1] + inputs[f"x{t}"])
    errors = [h[t] - inputs[f"y{t}"] for t in (1, 2, 3)]
    return h, a, tape.caches, sum(e * e for e in errors) / 2


def _three_steps(
    cell: Callable,
    cell_vjp: Callable,
    G: int,
    parts: int,
    inputs: dict[str, float],
) -> dict[str, Any]:
    """Every number of the graph; entry t of a list belongs to step t."""
    h, a, caches, loss = _forward(cell, G, parts, inputs)
    d_y = [0.0] + [h[t] - inputs[f"y{t}"] for t in (1, 2, 3)]
    run: dict[str, Any] = {"w": inputs["w"], "a": a, "h": h, "loss": loss}
    run |= {"d_y": d_y, "losses": [e * e / 2 for e in d_y]}
    names = "d_h", "d_a", "d_x", "share", "past"
    back = {name: [0.0] * 4 for name in names} | {"back": [0.0] * 5}
    d_rest: tuple = (np.zeros((1, 1)),) * (parts - 1)
    for t in (3, 2, 1):
        d_h = d_y[t] + back["back"][t + 1]
        d_state = (np.full((1, 1), d_h), *d_rest)
        d_a_x, d_a_h, (past, *d_rest) = _went_back(
            cell_vjp(d_state, caches[t - 1]), parts
        )
        d_x, d_a = _sum(d_a_x, G), _sum(d_a_h, G)
        back["d_h"][t], back["d_a"][t], back["d_x"][t] = d_h, d_a, d_x
        back["share"][t], back["past"][t] = d_a * h[t - 1], _sum(past, 1)
        back["back"][t] = d_a * inputs["w"] + back["past"][t]
    run |= back | {"d_w": sum(back["share"])}
    return run | {"check": _differences(cell, G, parts, inputs)}


def _went_back(made: Any, parts: int) -> Any:
    """What a vjp returned, if it has three parts."""
    if not (isinstance(made, tuple) and len(made) == 3):
        raise ValueError(
            "cell_vjp: expected (d_a_x, d_a_h, d_state), "
            f"got {type(made).__name__}"
        )
    if not (isinstance(made[2], tuple) and len(made[2]) == parts):
        raise ValueError(
            f"cell_vjp: expected d_state as a tuple of {parts}, "
            f"got {made[2]!r}"
        )
    return made


def _sum(a: Any, G: int) -> float:
    """The sum of a gradient (1, G), or a number."""
    if isinstance(a, int | float):
        return float(a)
    check_shape("what cell_vjp returns", a, 1, G)
    check_real("what cell_vjp returns", a)
    return float(a.sum())


def _differences(
    cell: Callable, G: int, parts: int, inputs: dict[str, float]
) -> dict[str, float]:
    """What the loss gains where the weight or an input moves a little."""
    step, found = 1e-6, {}
    for name in ("w", "x1", "x2", "x3"):
        ends = [
            _forward(cell, G, parts, inputs | {name: inputs[name] + move})[
                3
            ]
            for move in (step, -step)
        ]
        found[name] = (ends[0] - ends[1]) / (2 * step)
    return found
