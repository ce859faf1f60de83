"""The pages' live figures in a notebook, filled with a cell's own numbers.

The numbers of `machine` and `unrolled` are worked out in Python by the cell
that is given, also those that the reader asks for later: another text in
the figure's field, another weight. `live` shows any figure as a page does.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rnncore.backend import (
    Array,
    array_namespace,
    check_layer,
    check_real,
    check_shape,
    from_numpy,
    to_numpy,
)
from rnncore.characters import encode, one_hot
from rnncore.figures import bundle, data, fields, names
from rnncore.losses import log_softmax
from rnncore.rnn import (
    Params,
    Readout,
    State,
    readout,
    unroll,
    zero_state,
)

try:
    import anywidget
    import traitlets
except ModuleNotFoundError as error:
    if error.name not in {"anywidget", "traitlets"}:
        raise
    raise ModuleNotFoundError(
        "rnncore.widgets needs anywidget: "
        "python -m pip install 'rnncore[widgets]'",
        name=error.name,
    ) from error

LONGEST = 40  # steps that fit into a figure
FARTHEST = 5.0  # the largest weight, input or target of `unrolled`
GATES = {4: "ifgo", 3: "rzn"}  # by the number of gates
CELLS = {"lstm": set("ifgo"), "gru": set("rzn")}
INPUTS = ["w", "h0", "x1", "x2", "x3", "y1", "y2", "y3"]


class Figure(anywidget.AnyWidget):
    """A live figure in a notebook: what the browser needs to show it."""

    _esm = traitlets.Unicode().tag(sync=True)
    attributes = traitlets.Dict().tag(sync=True)
    given = traitlets.Dict().tag(sync=True)  # a cell's numbers
    asked = traitlets.Dict().tag(sync=True)  # what the browser wants next

    def __init__(
        self,
        name: str,
        attributes: dict[str, Any],
        given: dict[str, Any] | None = None,
        answer: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
        files: dict[str, Any] | None = None,
    ):
        self._answer = answer
        super().__init__(
            _esm=bundle(name, files or {}),
            attributes={k: str(v) for k, v in attributes.items()},
            given=_plain(given or {}),
        )

    @traitlets.observe("asked")
    def _work_out(self, change: dict[str, Any]) -> None:
        """Answer the browser; an error is told where the reader looks."""
        if self._answer is None:
            return
        try:
            self.given = _plain(self._answer(change["new"]))
        except Exception as error:  # noqa: BLE001 - told in the figure
            told = f"{type(error).__name__}: {error}"
            self.given = {**self.given, "error": told}


def live(name: str, **attributes: float | str) -> Figure:
    """A live figure of the pages by its name, such as "cliff".

    An attribute is a field of the state in which the figure starts, as the
    page's own attributes and the links to a state name it.

    Raises ValueError where there is no such figure or no such field.
    """
    known = names()
    if name not in known:
        raise ValueError(f"name: expected one of {known}, got {name!r}")
    allowed = fields(name)
    for field in attributes:
        if field not in allowed:
            raise ValueError(
                f"{name}: expected attributes among {allowed}, "
                f"got {field!r}"
            )
    return Figure(name, attributes, files=data(name))


def machine(
    cell: Callable,
    params: Params,
    tokens: str | Array,
    *,
    alphabet: str = "",
    weights: Readout | None = None,
    state: State | None = None,
    gates: str = "",
    unit: int = 1,
) -> Figure:
    """A gated cell as a machine: its gates and its state over a sequence.

    The tokens are a text in the alphabet, which may be changed in the
    figure, or an input (T, D). The first entries of the cell's cache are
    its gates, one letter each in `gates`: "ifgo", if there are four, or
    "rzn", if there are three. Without an i, as in "fgo", it is 1 - f. With
    the weights of a readout the figure says what the network expects.

    Raises ValueError where the weights, what the cell returns or the tokens
    do not fit; TypeError where the cell is no function.
    """
    _check_cell("cell", cell)
    _check_params(params)
    H = params.W_h.shape[1]
    gates = gates or GATES.get(params.W_h.shape[0] // H, "")
    if not (unit == int(unit) and 1 <= unit <= H):
        raise ValueError(f"unit: expected 1 to {H}, got {unit}")
    kind = _kind(gates)
    if state is None:
        state = zero_state(params, 1, 2 if kind == "lstm" else 1)
    if isinstance(tokens, str):
        check_shape("W_x", params.W_x, "G*H", len(alphabet))
    if weights is not None and alphabet:
        check_shape("W_y", weights.W_y, len(alphabet), H)

    def worked(tokens: str | Array) -> dict[str, Any]:
        x, text = _input(tokens, alphabet, params)
        steps, next_ = _watch(cell, params, x, state, gates, weights)
        return {
            "text": text,
            "letters": isinstance(tokens, str),
            "H": H,
            "steps": steps,
            "next": next_,
            "alphabet": alphabet,
        }

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        return worked(str(asked.get("text")))

    given = worked(tokens)
    shown = {"cell": kind, "mode": "trained", "unit": int(unit)}
    return Figure(
        "machine", {**shown, "text": given["text"]}, given, answer
    )


def unrolled(
    cell: Callable,
    cell_vjp: Callable | None,
    params: Params,
    inputs: Sequence[float],
    targets: Sequence[float],
    h_0: float = 0.0,
) -> Figure:
    """The unrolled graph: three steps of one unit, forward and backward.

    Inputs and targets are three numbers each; the loss of a step is
    (h_t - target)^2 / 2. Where finite differences of the cell disagree with
    its vjp, the figure says so. Without a vjp, as None, the graph ends
    where the way back would begin.

    Raises ValueError where the layer is not one unit with one input, or
    where numbers or what the cell returns do not fit; TypeError where the
    cell is no function.
    """
    _check_cell("cell", cell)
    if cell_vjp is not None:
        _check_cell("cell_vjp", cell_vjp, "(d_state, cache)")
    _check_params(params)
    check_shape("W_x", params.W_x, 1, 1)
    check_shape("W_h", params.W_h, 1, 1)
    x, target = np.asarray(inputs, float), np.asarray(targets, float)
    check_shape("inputs", x, 3)
    check_shape("targets", target, 3)
    W_x, w, b_x, b_h = (float(to_numpy(p).ravel()[0]) for p in params)
    x = W_x * x + b_x + b_h  # what comes in beside w h
    xp = array_namespace(params.W_h)
    like = xp.astype(params.W_h, xp.float64)  # for finite differences
    numbers = (w, float(h_0), *x.tolist(), *target.tolist())

    def answer(asked: dict[str, Any]) -> dict[str, Any]:
        wanted = {name: float(asked[name]) for name in INPUTS}
        for name, v in wanted.items():
            if not abs(v) <= FARTHEST:
                raise ValueError(
                    f"{name}: expected -{FARTHEST:g} to {FARTHEST:g}, "
                    f"got {v:g}"
                )
        run = _three_steps(cell, cell_vjp, wanted, like)
        return {"inputs": wanted, "run": run}

    start = dict(zip(INPUTS, numbers, strict=True))
    given = answer(start)
    return Figure("unrolled", start, given, answer)


def fates(W_h: Array, radius: float | None = None) -> Figure:
    """The figure of chapter 5 with your own recurrent weights.

    It begins at the spectral radius that they have, or at another.

    Raises ValueError where W_h is not (H, H) and finite, or has only the
    eigenvalue 0, or where the radius is not one from 0.3 to 3.
    """
    check_shape("W_h", W_h, "H", "H")
    W = to_numpy(W_h).astype(float)
    check_shape("W_h", W_h, len(W), len(W))
    if not np.isfinite(W).all():
        raise ValueError(
            "W_h: expected finite numbers, got one that is not"
        )
    found = np.linalg.eigvals(W)
    own = float(abs(found).max())
    if not own > 0:
        raise ValueError("W_h: expected an eigenvalue other than 0, got 0")
    radius = own if radius is None else float(radius)
    if not 0.3 <= radius <= 3:
        raise ValueError(f"radius: expected 0.3 to 3, got {radius:g}")
    matrix = {
        "H": len(W),
        "W_h": (W / own).ravel().tolist(),
        "eigenvalues": [[z.real / own, z.imag / own] for z in found],
    }
    return Figure("fates", {"radius": radius}, files={"matrix": matrix})


def _check_cell(
    name: str, cell: Any, given: str = "(a_x, a_h, state)"
) -> None:
    if not callable(cell):
        raise TypeError(
            f"{name}: expected a function of {given}, "
            f"got {type(cell).__name__}"
        )


def _check_params(params: Any) -> None:
    missing = [k for k in Params._fields if not hasattr(params, k)]
    if missing:
        raise ValueError(
            f"params: expected W_x, W_h, b_x and b_h, "
            f"got {type(params).__name__} without {missing[0]}"
        )
    check_layer(params)


def _kind(gates: str) -> str:
    """ "lstm" or "gru": the machine that has such gates."""
    for kind, known in CELLS.items():
        left_out = known - set(gates)
        if set(gates) <= known and left_out <= {"i"}:
            return kind
    raise ValueError(
        "gates: expected i, f, g and o, without i f, g and o, or r, z "
        f"and n, in the order of the cache, got {gates!r}"
    )


def _input(tokens: Any, alphabet: str, params: Params) -> tuple[Array, str]:
    """The input of each step, and a letter for each below the figure.

    Shapes: -> x (T, 1, D); text
    """
    if isinstance(tokens, str):
        if max(alphabet + tokens, default="") > "\uffff":
            raise ValueError(
                "tokens: expected characters that JavaScript counts as "
                "one, got one beyond U+FFFF"
            )
        if not tokens.strip():
            raise ValueError(f"tokens: expected a text, got {tokens!r}")
        ids = encode(tokens, alphabet)
        x, text = one_hot(ids[:, None], params.W_x), tokens
    else:
        check_shape("tokens", tokens, "T", params.W_x.shape[1])
        x = tokens[:, None, :]
        text = "".join(str(t % 10) for t in range(1, x.shape[0] + 1))
    if not 1 <= len(text) <= LONGEST:
        raise ValueError(
            f"tokens: expected 1 to {LONGEST} steps, got {len(text)}"
        )
    return x, text


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
    cell: Callable,
    params: Params,
    x: Array,
    state: State,
    gates: str,
    weights: Readout | None,
) -> tuple[list[dict[str, Any]], list[Any]]:
    """Each step's gates and states, and what is expected after it.

    Shapes: x (T, 1, D); state ((1, H), ...) -> steps; next
    """
    H, part = params.W_h.shape[1], 0 if "r" in gates else 1
    steps, expected = [], []
    for t in range(x.shape[0]):
        before = state
        y, state, tape = unroll(
            _returned(cell), params, x[t : t + 1, ...], state
        )
        if len(state) <= part:
            raise ValueError(
                f"cell: expected a state (h, c), got {len(state)} array(s)"
            )
        step = {"before": before[part], "h": state[0], "c": state[part]}
        for k, gate in enumerate(gates):
            step[gate] = _entry(tape.caches[0], k, gate, H)
        step = {name: to_numpy(a)[0] for name, a in step.items()}
        if part and "i" not in step:
            step["i"] = 1 - step["f"]
        steps.append(step)
        if weights is not None:
            log_p = log_softmax(readout(weights, y))
            expected.append(np.exp(to_numpy(log_p)[0, 0]))
    return steps, expected


def _entry(cache: Any, k: int, gate: str, H: int) -> Array:
    if not isinstance(cache, Sequence) or len(cache) <= k:
        raise ValueError(
            f"the cell's cache: expected a tuple whose entry {k} is the "
            f"gate {gate}, got {type(cache).__name__}"
        )
    check_shape(f"the cell's cache[{k}], gate {gate}", cache[k], 1, H)
    return cache[k]


def _forward(
    cell: Callable, inputs: dict[str, float], like: Array
) -> tuple[list[float], list[float], list[Any], float]:
    """h and the caches of three steps, with `a`, and the loss."""
    w, h_0, *rest = (np.full((1, 1), inputs[k]) for k in INPUTS)
    zero, one = np.zeros(1), np.ones((1, 1))
    parts = [from_numpy(p, like) for p in (one, w, zero, zero)]
    x = from_numpy(np.stack(rest[:3]), like)
    y, _, tape = unroll(
        _returned(cell), Params(*parts), x, (from_numpy(h_0, like),)
    )
    h = [inputs["h0"], *to_numpy(y).ravel().tolist()]
    a = [0.0]
    for t in (1, 2, 3):
        a.append(inputs["w"] * h[t - 1] + inputs[f"x{t}"])
    errors = [h[t] - inputs[f"y{t}"] for t in (1, 2, 3)]
    return h, a, tape.caches, sum(e * e for e in errors) / 2


def _three_steps(
    cell: Callable,
    cell_vjp: Callable | None,
    inputs: dict[str, float],
    like: Array,
) -> dict[str, Any]:
    """Every number of the graph; entry t of a list belongs to step t."""
    h, a, caches, loss = _forward(cell, inputs, like)
    d_y = [0.0] + [h[t] - inputs[f"y{t}"] for t in (1, 2, 3)]
    run: dict[str, Any] = {"w": inputs["w"], "a": a, "h": h, "loss": loss}
    run |= {"d_y": d_y, "losses": [e * e / 2 for e in d_y]}
    if cell_vjp is None:
        return run
    names = "d_h", "d_a", "d_x", "share", "past"
    back = {name: [0.0] * 4 for name in names} | {"back": [0.0] * 5}
    for t in (3, 2, 1):
        d_h = d_y[t] + back["back"][t + 1]
        upstream = from_numpy(np.full((1, 1), d_h), like)
        d_a_x, d_a_h, (past, *_) = _went_back(
            cell_vjp((upstream,), caches[t - 1])
        )
        d_x, d_a, past = (_number(v) for v in (d_a_x, d_a_h, past))
        back["d_h"][t], back["d_a"][t], back["d_x"][t] = d_h, d_a, d_x
        back["share"][t], back["past"][t] = d_a * h[t - 1], past
        back["back"][t] = d_a * inputs["w"] + past
    run |= back | {"d_w": sum(back["share"])}
    return run | {"check": _differences(cell, inputs, like)}


def _went_back(made: Any) -> Any:
    """What a vjp returned, if it has three parts."""
    if not (isinstance(made, tuple) and len(made) == 3):
        raise ValueError(
            "cell_vjp: expected (d_a_x, d_a_h, d_state), "
            f"got {type(made).__name__}"
        )
    if not (isinstance(made[2], tuple) and made[2]):
        raise ValueError(
            "cell_vjp: expected d_state as a tuple, "
            f"got {type(made[2]).__name__}"
        )
    return made


def _number(a: Any) -> float:
    """The one number of an array (1, 1), or a number."""
    if isinstance(a, int | float):
        return float(a)
    check_shape("what cell_vjp returns", a, 1, 1)
    check_real("what cell_vjp returns", a)
    return float(to_numpy(a)[0, 0])


def _differences(
    cell: Callable, inputs: dict[str, float], like: Array
) -> dict[str, float]:
    """What the loss gains where the weight or an input moves a little."""
    step, found = 1e-6, {}
    for name in ("w", "x1", "x2", "x3"):
        ends = [
            _forward(cell, inputs | {name: inputs[name] + move}, like)[3]
            for move in (step, -step)
        ]
        found[name] = (ends[0] - ends[1]) / (2 * step)
    return found


def _plain(tree: Any) -> Any:
    """Arrays as lists; what JSON has no number for as its name."""
    if isinstance(tree, dict):
        return {k: _plain(v) for k, v in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(v) for v in tree]
    if isinstance(tree, np.ndarray):
        return _plain(tree.astype(float).tolist())
    if isinstance(tree, float) and not math.isfinite(tree):
        return str(tree)
    return tree
