"""Count for chapter 21 the rounds in which Newton's method finds all states.

"drawn.CELL": networks as they are drawn, by the size of their recurrent weights.
"TASK.NET": a network before and after training, on test sequences: the
exponent of its states, and the rounds of `rnncore.newton.solve_states` with and
without the bound of 1 on each guess; None where CAP rounds do not do. Beside it
how far the third guess is from the loop's states, and the score. The networks of
a task have about the same number of weights; "within" is "diagonal", whose
recurrent weights are cut to LIMIT after each update. About twenty minutes of one
core.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import islice
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from rnncore.application import seeded, train_module
from rnncore.cells import CELLS, Cell
from rnncore.data.tasks import adding_problem, copy_problem, swap_problem
from rnncore.newton import Diagonal, NotConverged, newton_rounds, solve_states, widen
from rnncore.optim import Optimizer, adam
from rnncore.rnn import Params, unroll, zero_state
from rnncore.rtrl import step_jacobians
from rnncore.text.model import contiguous_windows
from rnncore.train import Schedule
from tools.train.ch04.chars import Text, python_text
from tools.train.runner import Measurement, Options, Training, show_progress

Weights = Params | Diagonal
LENGTHS = 64, 256, 1024
SIZES = {  # of recurrent weights, times the usual 1/sqrt(H)
    "tanh": (0.3, 0.9, 1.3, 1.6, 2.0, 3.0),
    "GRU": (0.3, 1.0, 2.0, 3.0, 5.0),
    "LSTM": (0.3, 1.0, 2.0, 3.0, 5.0),
    "diagonal GRU": (0.3, 0.5, 1.0, 2.0, 3.0),
}
DRAWN_CELLS = {
    "tanh": CELLS["RNN_TANH"],
    "GRU": CELLS["GRU"],
    "LSTM": CELLS["LSTM"],
    "diagonal GRU": CELLS["GRU"],
}
DRAWN_H, DRAWN_D = 8, 4
H, B, RATE = 32, 32, 0.005
LIMIT, CAP, FAR = 0.5, 60, 1024
TESTED = 6  # sequences


class Task(NamedTuple):
    """What is learnt, and on how many steps it is tested."""

    draw: Callable[[np.random.Generator, int, int], tuple]  # rng, T, B
    D: int
    K: int
    T: int  # what `draw` is given: steps, or a lag
    updates: int
    score: Callable[[Tensor, Tensor], Tensor]
    far: int | None = None  # steps of a longer test, if there can be one


class Net(NamedTuple):
    """What its layers are."""

    layers: int
    diagonal: bool = False
    limit: float = math.inf  # of the recurrent weights


class Stack(nn.Module):
    """Layers of torch's GRU, whose recurrent weights may be diagonal."""

    def __init__(self, net: Net, D: int, width: int, K: int) -> None:
        super().__init__()
        sizes = [D, *[width] * (net.layers - 1)]
        self.layers = nn.ModuleList(nn.GRU(size, width) for size in sizes)
        self.readout = nn.Linear(width, K)
        mask = torch.eye(width).repeat(3, 1) if net.diagonal else torch.tensor(1.0)
        for layer in self.layers:
            weight = cast(Tensor, layer.weight_hh_l0)
            weight.data *= mask
            weight.register_hook(lambda d: d * mask)

    def forward(self, x: Tensor) -> Tensor:
        """Outputs of all steps, (T, B, K)."""
        for layer in self.layers:
            x, _ = layer(x)
        return self.readout(x)


NETS = {
    "full": Net(1),
    "stacked": Net(2),
    "diagonal": Net(2, True),
    "within": Net(2, True, LIMIT),
}


@cache
def read_text() -> Text:
    """Chapter 4's, in B lanes."""
    return python_text(B, B)


def draw_characters(rng: np.random.Generator, T: int, B: int) -> tuple:
    """Windows of held-out text, each with the characters that follow."""
    text = read_text()
    starts = rng.integers(0, len(text.held_out) - T - 1, B)
    ids = np.stack([text.held_out[s : s + T + 1, k] for k, s in enumerate(starts)], 1)
    return np.eye(len(text.alphabet))[ids[:-1]], ids[1:]


def share_right(outputs: Tensor, targets: Tensor) -> Tensor:
    """Of the most probable answers."""
    return (outputs.argmax(-1) == targets).float().mean()


def bits(outputs: Tensor, targets: Tensor) -> Tensor:
    """Per character."""
    loss = cross_entropy(outputs.flatten(0, 1), targets.flatten())
    return loss / math.log(2)


TASKS = {
    "parity": Task(swap_problem, 2, 2, 32, 600, share_right, FAR),
    "adding": Task(adding_problem, 2, 1, 50, 600, mse_loss),
    "copying": Task(copy_problem, 10, 8, 10, 800, share_right),
}


def find_task(name: str) -> Task:
    """The text is read if it is asked for."""
    if name != "characters":
        return TASKS[name]
    K = len(read_text().alphabet)
    return Task(draw_characters, K, K, 32, 400, bits)


def count_weights(net: Net, task: Task, width: int) -> int:
    """What such a network trains."""
    total, D = task.K * (width + 1), task.D
    for _ in range(net.layers):
        total += 3 * width * (D + (1 if net.diagonal else width) + 2)
        D = width
    return total


def find_width(net: Net, task: Task) -> int:
    """The units of a layer with which it is as large as the full GRU."""
    target = count_weights(NETS["full"], task, H)
    return min(range(2, 100), key=lambda n: abs(count_weights(net, task, n) - target))


def limited(optimizer: Optimizer, limit: float) -> Optimizer:
    """The same, with all recurrent weights cut after each update."""

    def update(params: Any, d_params: Any, state: Any) -> tuple:
        params, state = optimizer.update(params, d_params, state)
        cut = {
            name: w.clamp(-limit, limit) if "weight_hh" in name else w
            for name, w in params.items()
        }
        return cut, state

    return Optimizer(optimizer.init, update)


def compute_loss(model: Stack, batch: tuple, carry: Any) -> tuple[Tensor, Any]:
    """Of the last steps, as many as there are targets."""
    x, targets = (torch.as_tensor(a) for a in batch)
    out = model(x.float())[-len(targets) :]
    if targets.is_floating_point():
        return mse_loss(out, targets.float()), carry
    return cross_entropy(out.flatten(0, 1), targets.flatten()), carry


def choose_batches(name: str, task: Task) -> Callable:
    """What trains: new sequences, or windows of the text."""
    if name != "characters":
        return lambda rng, step: task.draw(rng, task.T, B)
    windows = contiguous_windows(read_text().rows, task.T)

    def next_batch(rng: np.random.Generator, step: int) -> tuple:
        ids = windows(rng, step)
        return np.eye(task.K)[ids[:-1]], ids[1:]

    return next_batch


def train(name: str, net: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One network, looked at before and after."""
    task, kind = find_task(name), NETS[net]
    updates = asked.steps or task.updates
    with seeded(seed):
        model = Stack(kind, task.D, find_width(kind, task), task.K)
    found: dict[str, Any] = {
        "weights": count_weights(kind, task, find_width(kind, task))
    }
    found["before"] = look_at(model, name, task, kind, seed)
    train_module(
        model,
        compute_loss,
        choose_batches(name, task),
        optimizer=limited(adam(RATE), kind.limit),
        schedule=Schedule(updates, 1.0, progress=show_progress(f"{name} {net} {seed}")),
        rng=np.random.default_rng(seed),
    )
    found["after"] = look_at(model, name, task, kind, seed)
    found["score"] = measure_score(model, task, task.T, seed)
    if task.far:
        found["far"] = measure_score(model, task, task.far, seed)
    unit = f"score, exponents and rounds, {updates} updates of Adam at {RATE:g}"
    yield Measurement(f"nonlinear.{name}.{net}", found, unit)


def measure_score(model: Stack, task: Task, T: int, seed: int) -> float:
    """On 256 sequences that were not seen."""
    rng = np.random.default_rng((seed, 1))
    batches = [task.draw(rng, T, B) for _ in range(8)]
    x, targets = (
        torch.as_tensor(np.concatenate(a, 1)) for a in zip(*batches, strict=True)
    )
    with torch.no_grad():
        out = model(x.float())[-len(targets) :]
    if targets.is_floating_point():
        targets = targets.float()
    return float(task.score(out, targets))


def look_at(model: Stack, name: str, task: Task, net: Net, seed: int) -> list:
    """What `measure_rounds` finds in each layer, at one length or two."""
    rng = np.random.default_rng((seed, 2))
    x, _ = task.draw(rng, task.T, TESTED)
    lengths = {"near": x.astype(float)}
    if task.far:
        lengths["far"] = task.draw(rng, task.far, 2)[0].astype(float)
    layers = []
    for layer in model.layers:
        weights = read_weights(cast(nn.GRU, layer), net.diagonal)
        found = {}
        for key, x in lengths.items():
            found[key] = measure_rounds(CELLS["GRU"], weights, x)
            lengths[key] = run_loop(CELLS["GRU"], weights, x)[0]
        layers.append(found)
    return layers


def read_weights(layer: nn.GRU, diagonal: bool) -> Weights:
    """In float64, as matrices or as diagonals."""
    parts = [w.detach().double().numpy() for w in layer.parameters()]
    if not diagonal:
        return Params(*parts)
    blocks = parts[1].reshape(3, -1, parts[1].shape[1])
    return Diagonal(parts[0], np.einsum("gii->gi", blocks).copy(), *parts[2:])


def as_matrices(weights: Weights) -> Params:
    """As the loop wants them."""
    return widen(weights) if isinstance(weights, Diagonal) else weights


def run_loop(cell: Cell, weights: Weights, x: np.ndarray) -> tuple:
    """From a state of zeros."""
    params = as_matrices(weights)
    return unroll(cell.forward, params, x, zero_state(params, x.shape[1], cell.parts))


def measure_rounds(cell: Cell, weights: Weights, x: np.ndarray) -> dict[str, Any]:
    """Exponent, rounds and the third guess's error, the worst sequence's."""
    state = zero_state(as_matrices(weights), 1, cell.parts)
    bounds = (1.0,) if cell.parts == 1 else (1.0, math.inf)
    rounds: dict[str, list] = {"free": [], "cut": []}
    third = {"free": 0.0, "cut": 0.0}
    for k in range(x.shape[1]):
        one = x[:, k : k + 1]
        y, _, _ = run_loop(cell, weights, one)
        for way, within in ("free", None), ("cut", bounds):
            args = *cell[:2], weights, one, state, within
            rounds[way].append(count_rounds(*args))
            guess, _ = next(islice(newton_rounds(*args), 2, None))
            off = float(np.abs(guess[..., : y.shape[-1]] - y).max())
            third[way] = max(third[way], off)
    return {"exponent": measure_exponent(cell, weights, x), "third": third, **rounds}


def count_rounds(
    cell: Callable, vjp: Callable, weights: Weights, x: Any, state: Any, bounds: Any
) -> int | None:
    """None where CAP rounds do not do."""
    try:
        return solve_states(cell, vjp, weights, x, state, bounds, CAP)[2].rounds
    except NotConverged:
        return None


def measure_exponent(cell: Cell, weights: Weights, x: np.ndarray) -> float:
    """The largest: mean log factor a step along the states of the loop.

    Four orthogonal columns travel with the states, as in chapter 5; with
    diagonal weights each unit has a factor of its own.
    """
    _, last, tape = run_loop(cell, weights, x)
    params = as_matrices(weights)
    logs, Q = [], None
    for cached in tape.caches:
        J = step_jacobians(cell.vjp, params, cached, last)[2]
        if isinstance(weights, Diagonal):
            factors = np.einsum("bii->bi", J)
        else:
            if Q is None:
                start = np.random.default_rng(0).normal(size=(len(J), J.shape[-1], 4))
                Q = np.linalg.qr(start)[0]
            Q, R = np.linalg.qr(J @ Q)
            factors = np.einsum("bii->bi", R)
        logs.append(np.log(np.abs(factors) + 1e-300))
    return float(np.mean(logs, axis=0).max(axis=-1).mean())


def draw_weights(name: str, size: float, rng: np.random.Generator) -> Weights:
    """Recurrent weights of this size, and no biases."""
    G = DRAWN_CELLS[name].G
    diagonal = name == "diagonal GRU"
    shape = (G, DRAWN_H) if diagonal else (G * DRAWN_H, DRAWN_H)
    w = size * rng.normal(size=shape) / (1 if diagonal else DRAWN_H**0.5)
    W_x, b = 0.5 * rng.normal(size=(G * DRAWN_H, DRAWN_D)), np.zeros(G * DRAWN_H)
    return Diagonal(W_x, w, b, b) if diagonal else Params(W_x, w, b, b)


def look_at_drawn(name: str, asked: Options) -> Iterator[Measurement]:
    """Rounds at each length, by size and seed."""
    cell = DRAWN_CELLS[name]
    found: dict[str, list] = {}
    for size in SIZES[name][:1] if asked.check else SIZES[name]:
        found[f"{size:g}"] = rows = []
        for seed in asked.seeds:
            rng = np.random.default_rng(seed)
            weights = draw_weights(name, size, rng)
            x = rng.normal(size=(max(LENGTHS), 1, DRAWN_D))
            looks = [measure_rounds(cell, weights, x[:T]) for T in LENGTHS]
            row = {way: [look[way][0] for look in looks] for way in ("free", "cut")}
            row["third"] = [look["third"]["cut"] for look in looks]
            rows.append({"exponent": looks[-1]["exponent"], **row})
    unit = f"exponent, and rounds at {LENGTHS} steps, by size of weights and seed"
    yield Measurement(f"nonlinear.drawn.{name}", found, unit, list(asked.seeds))


TRAINING = Training(
    "nonlinear",
    __doc__,
    {
        f"{task}.{net}": partial(train, task, net)
        for task in (*TASKS, "characters")
        for net in (NETS if task in ("parity", "adding") else ("full",))
    },
    {f"drawn.{name}": partial(look_at_drawn, name) for name in SIZES},
)
