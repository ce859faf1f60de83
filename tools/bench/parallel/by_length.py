"""Time, by the length of the sequences, layers that step and layers that scan.

    python -m tools.bench.parallel --device cuda --save

"layers": torch.nn's LSTM, the layer of chapter 18 that is one scan, and causal
attention with its four products; forward and backward, milliseconds. "newton":
all states of a diagonal GRU, forward alone, milliseconds: a step at a time; the
same steps recorded as one CUDA graph; in one kernel of Triton's, where it is
installed; by Newton's method with three rounds, and with as many as it takes.
A way that is given no time at a length would have taken too long. "updates": one
update of a model of characters by the course's own engine, milliseconds, by the
number of its units: the same on both devices.
"""

import argparse
import platform
import statistics
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from rnncore.cells import CELLS
from rnncore.newton import Diagonal, newton_rounds, solve_states
from rnncore.scan import Minimal, minimal_layer, minimal_layer_vjp
from rnncore.text.model import LanguageModel
from tools.bench.applications import run_updates, text
from tools.bench.cuda import describe_gpu, recorded_graph, round_floats
from tools.bench.timing import time_in_turns
from tools.measurements import record

COMMAND = "python -m tools.bench.parallel --device cuda --save"
GRU = CELLS["GRU"]
HEADS = 4
ROUNDS = 3  # the published choice: Danieli et al. 2026


class Sizes(NamedTuple):
    """How long, how wide, how often."""

    lengths: tuple[int, ...] = (128, 512, 2048, 8192, 32768)
    B: int = 8
    H: int = 256
    batches: tuple[int, ...] = (1, 32, 256)  # of the diagonal GRU
    narrow: int = 128  # its units
    newton: tuple[int, ...] = (32, 128, 512, 2048, 8192)
    stepped: int = 2048  # the longest loop that is launched step by step
    units: tuple[int, ...] = (128, 512, 1024)  # of the model of characters
    updates: int = 20  # of a run
    repeats: int = 7


SIZES = Sizes()


class Attention(nn.Module):
    """Causal attention alone: no norm, no layer of units by themselves."""

    def __init__(self, H: int) -> None:
        super().__init__()
        self.read, self.write = nn.Linear(H, 3 * H), nn.Linear(H, H)

    def forward(self, x: Tensor) -> tuple[Tensor, None]:
        """The sequences stand first, as torch's attention has them.

        Shapes: x (B, T, H) -> y (B, T, H); no state
        """
        B, T, H = x.shape
        q, k, v = self.read(x).view(B, T, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        y = scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.write(y.transpose(1, 2).reshape(B, T, H)), None


def make_module_run(made: nn.Module, x: Tensor, d_y: Tensor) -> Callable:
    """Forward and backward through a module."""
    made.to(x.device)
    x = x.clone().requires_grad_()

    def run() -> None:
        made.zero_grad()
        x.grad = None
        made(x)[0].backward(d_y)

    return run


def make_scan_run(x: Tensor, d_y: Tensor) -> Callable:
    """Forward and backward through chapter 18's layer."""
    H = x.shape[-1]
    params = Minimal(
        torch.randn(2 * H, H, device=x.device) / H**0.5,
        torch.zeros(2 * H, device=x.device),
    )
    h = torch.zeros_like(x[0])

    def run() -> None:
        _, cache = minimal_layer(params, x, h)
        minimal_layer_vjp(params, cache, d_y)

    return run


def time_layers(device: str, s: Sizes) -> Iterator[tuple[str, dict, str]]:
    """A row for each length."""
    for T in s.lengths:
        torch.manual_seed(0)
        x, d_y = torch.randn(2, T, s.B, s.H, device=device)
        runs = {
            "LSTM": make_module_run(nn.LSTM(s.H, s.H), x, d_y),
            "scan": make_scan_run(x, d_y),
            "attention": make_module_run(
                Attention(s.H),
                x.transpose(0, 1).contiguous(),
                d_y.transpose(0, 1).contiguous(),
            ),
        }
        found = median_milliseconds(runs, device, s.repeats)
        yield f"layers.{T}", found, f"ms by way; {s.B} sequences, {s.H} units"


def median_milliseconds(
    runs: dict[str, Callable], device: str, repeats: int
) -> dict[str, float]:
    """Of runs that take turns."""
    wait = int if device == "cpu" else torch.cuda.synchronize
    times = time_in_turns(runs, repeats, warm_up=3, wait=wait)
    return {way: 1e3 * statistics.median(taken) for way, taken in times.items()}


def make_diagonal(T: int, B: int, H: int, device: str) -> tuple:
    """Weights, inputs and first state of a diagonal GRU."""
    torch.manual_seed(0)
    weights = Diagonal(
        torch.randn(3 * H, H, device=device) / H**0.5,
        0.5 * torch.randn(3, H, device=device),
        *torch.zeros(2, 3 * H, device=device),
    )
    state = (torch.zeros(B, H, device=device),)
    return weights, torch.randn(T, B, H, device=device), state


def step_through(weights: Diagonal, x: Tensor, state: tuple) -> Tensor:
    """The states, a step at a time, by the course's cell."""
    a_x, y = x @ weights.W_x.T + weights.b_x, []
    for a_t in a_x.unbind():
        a_h = (weights.w_h * state[0][:, None, :]).flatten(1) + weights.b_h
        state, _ = GRU.forward(a_t, a_h, state)
        y.append(state[0])
    return torch.stack(y)


def guess_three_times(weights: Diagonal, x: Tensor, state: tuple) -> Tensor:
    """The states after ROUNDS rounds of Newton's method."""
    rounds = newton_rounds(GRU.forward, GRU.vjp, weights, x, state, (1.0,))
    return next(islice(rounds, ROUNDS - 1, None))[0]


def settle(weights: Diagonal, x: Tensor, state: tuple) -> tuple:
    """The states, in as many rounds as float32 lets settle."""
    bounds, least = (1.0,), 1e-5
    return solve_states(
        GRU.forward, GRU.vjp, weights, x, state, bounds, tolerance=least
    )


def find_ways(given: tuple, longest: int) -> dict[str, Callable[[], Any]]:
    """What computes the states here, in at most so many launched steps."""
    x = given[1]
    ways: dict[str, Callable[[], Any]] = {}
    if len(x) <= longest:
        ways["steps"] = partial(step_through, *given)
        if x.is_cuda:
            ways["graph"], _ = recorded_graph(ways["steps"])
    if x.is_cuda:
        from tools.bench.parallel.one_kernel import run_in_one_kernel

        ways["kernel"] = partial(run_in_one_kernel, *given)
    ways["three"] = partial(guess_three_times, *given)
    ways["settled"] = partial(settle, *given)
    return ways


def check_states(ways: dict[str, Callable[[], Any]]) -> int:
    """The rounds of Newton's method; all ways that are exact agree.

    Raises ValueError where one is off.
    """
    y, _, solved = ways["settled"]()
    for name in "steps", "kernel":
        if name in ways:
            off = float((ways[name]() - y).abs().max())
            if not off < 1e-3:
                raise ValueError(f"{name}: expected Newton's states, got {off:.0e} off")
    return solved.rounds


def time_newton(device: str, s: Sizes) -> Iterator[tuple[str, dict, str]]:
    """A row for each batch and length."""
    for B in s.batches:
        for T in s.newton:
            given = make_diagonal(T, B, s.narrow, device)
            ways = find_ways(given, s.stepped)
            rounds = check_states(ways)
            found = median_milliseconds(ways, device, s.repeats)
            unit = f"ms by way, and rounds; {s.narrow} units"
            yield f"newton.{B}.{T}", found | {"rounds": rounds}, unit


def build_model(H: int, device: str) -> nn.Module:
    """The model that `run_updates` trains."""
    return LanguageModel(80, H).to(device)


def time_updates(device: str, s: Sizes) -> Iterator[tuple[str, dict, str]]:
    """A row for each number of units."""
    _, loss, batches = text()
    for H in s.units:
        problem = partial(build_model, H, device), loss, batches
        run = partial(run_updates, problem, s.updates, True)
        found = median_milliseconds({"updates": run}, device, s.repeats)
        unit = "ms an update; 32 lanes of 64 characters"
        yield f"updates.{H}", {"update": found["updates"] / s.updates}, unit


PARTS = {"layers": time_layers, "newton": time_newton, "updates": time_updates}


def main(argv: list[str] | None = None, s: Sizes = SIZES) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--parts", nargs="+", default=[*PARTS], choices=PARTS)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args(argv)
    where = f"CPU, {platform.machine()}, {torch.get_num_threads()} threads"
    if given.device == "cuda":
        where = describe_gpu().name
    for name in given.parts:
        for key, value, unit in PARTS[name](given.device, s):
            print(f"{key:18}", round_floats(value), flush=True)
            if given.save:
                record(
                    {f"parallel.{given.device}.{key}": round_floats(value)},
                    unit=unit,
                    seed=0,
                    device=where,
                    command=COMMAND.replace("cuda", given.device),
                )
    return 0
