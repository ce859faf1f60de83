"""Time forward plus backward against torch.nn and a per-step autograd loop.

All three run in turn in one process, so that a slow moment of the machine
meets each of them; what is reported are ratios of the paired times. All
compute the gradients of the weights, the input and the first state, in
float32. Peak memory is what the tensors made by one run hold at a time.
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch
from measurements import record

from rnncore.backend import tree_map
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import Params, init_params, rnn_cell, unroll

SHAPES = [(35, 20, 200, 200), (128, 32, 64, 128)]
SHAPES += [(100, 64, 128, 256), (512, 8, 32, 64)]
CELLS = {
    "RNN": (rnn_cell, rnn_cell_vjp, 1, 1, torch.nn.RNN),
    "LSTM": (lstm_cell, lstm_cell_vjp, 4, 2, torch.nn.LSTM),
    "GRU": (gru_cell, gru_cell_vjp, 3, 1, torch.nn.GRU),
}
LIMITS = {  # what the course asks of itself, at the four shapes
    "RNN": [1.2, 1.2, 1.2, 1.2],
    "LSTM": [3.0, 4.0, 2.2, 9.0],
    "GRU": [1.2, 1.2, 1.2, 1.2],
}
WAYS = ("ours", "torch.nn", "autograd")


def problem(name: str, shape: tuple[int, ...], device: str) -> tuple:
    """Weights, input, first state and upstream gradient, as torch tensors."""
    T, B, D, H = shape
    _, _, G, parts, _ = CELLS[name]
    rng = np.random.default_rng(0)
    arrays = (
        init_params(rng, D, H, G),
        rng.normal(size=(T, B, D)),
        tuple(rng.normal(size=(B, H)) for _ in range(parts)),
        rng.normal(size=(T, B, H)),
    )
    return tree_map(
        lambda a: torch.asarray(a, dtype=torch.float32, device=device),
        arrays,
    )


def ours(name: str, params: Params, x, state, d_y) -> Callable:
    """The loop and the cell as the book prints them."""
    cell, cell_vjp, *_ = CELLS[name]
    nothing = tuple(torch.zeros_like(s) for s in state)

    def run():
        _, _, tape = unroll(cell, params, x, state)
        return bptt(cell_vjp, params, tape, d_y, nothing)

    return run


def torch_nn(name: str, params: Params, x, state, d_y) -> Callable:
    """The module of torch.nn with the same weights."""
    module = CELLS[name][-1](x.shape[2], state[0].shape[1]).to(x.device)
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    module.load_state_dict(dict(zip(names, params, strict=True)))
    x = x.clone().requires_grad_()
    first = tuple(s[None].clone().requires_grad_() for s in state)

    def run():
        module.zero_grad()
        x.grad = None
        y, _ = module(x, first if len(first) == 2 else first[0])
        y.backward(d_y)

    return run


def autograd(name: str, params: Params, x, state, d_y) -> Callable:
    """The loop that learners usually write: all of a step, every step."""
    cell = CELLS[name][0]
    params = Params(*(w.clone().requires_grad_() for w in params))
    x = x.clone().requires_grad_()
    state = tuple(s.clone().requires_grad_() for s in state)

    def run():
        for leaf in (*params, x, *state):
            leaf.grad = None
        now, y = state, []
        for x_t in x:
            a_x = x_t @ params.W_x.T + params.b_x
            a_h = now[0] @ params.W_h.T + params.b_h
            now, _ = cell(a_x, a_h, now)
            y.append(now[0])
        torch.stack(y).backward(d_y)

    return run


MAKERS = dict(zip(WAYS, (ours, torch_nn, autograd), strict=True))


def seconds(
    runs: dict[str, Callable], repeats: int
) -> dict[str, list[float]]:
    """The time of each run, taken in turn, `repeats` times."""
    sync = torch.cuda.synchronize if torch.cuda.is_available() else int
    times: dict[str, list[float]] = {way: [] for way in runs}
    for k in range(repeats + 2):  # two rounds to warm up
        for way, run in runs.items():
            sync()
            start = time.perf_counter()
            run()
            sync()
            if k > 1:
                times[way].append(time.perf_counter() - start)
    return times


def peak_bytes(run: Callable) -> int:
    """The most memory that tensors made by one run hold at a time."""
    run()  # what is made once, such as gradients' buffers, is not counted
    with _quiet(), torch.profiler.profile(profile_memory=True) as profile:
        run()
    events = [
        e
        for e in profile.profiler.kineto_results.events()
        if e.name() == "[memory]"
    ]
    held = np.cumsum([e.nbytes() for e in sorted(events, key=_when)])
    return int(held.max())


def device_name(device: str, threads: int) -> str:
    """What the figures are of: the accelerator's name, or the CPU's threads."""
    if device != "cpu":
        return torch.cuda.get_device_name(device)
    return f"CPU, {platform.machine()}, {threads} threads"


def ratios(
    name: str, shape: tuple[int, ...], device: str, repeats: int
) -> dict[str, float]:
    """Time against torch.nn and the autograd loop; memory against torch.nn."""
    given = problem(name, shape, device)
    runs = {way: make(name, *given) for way, make in MAKERS.items()}
    times = seconds(runs, repeats)

    def against(way: str) -> float:
        pairs = zip(times["ours"], times[way], strict=True)
        return statistics.median(a / b for a, b in pairs)

    memory = peak_bytes(runs["ours"]) / peak_bytes(runs["torch.nn"])
    return {
        "nn": against("torch.nn"),
        "autograd": against("autograd"),
        "memory": memory,
    }


def keep(
    found: dict[str, float],
    name: str,
    shape: tuple[int, ...],
    device: str,
    where: str,
) -> None:
    """Store one row of the table as measurements."""
    prefix = f"bench.{device}.{name}.{'x'.join(map(str, shape))}"
    record(
        {f"{prefix}.{k}": round(v, 2) for k, v in found.items()},
        unit="ratio",
        seed=0,
        device=where,
        command="make bench SAVE=1",
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--save",
        action="store_true",
        help="keep the ratios as measurements",
    )
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    where = device_name(given.device, given.threads)
    print(f"{where}; medians of {given.repeats} paired runs")
    print(
        "cell  T, B, D, H          ours/torch.nn  limit  ours/autograd"
        "  memory/torch.nn",
        flush=True,
    )
    for name in CELLS:
        for shape, limit in zip(SHAPES, LIMITS[name], strict=True):
            found = ratios(name, shape, given.device, given.repeats)
            if given.save:
                keep(found, name, shape, given.device, where)
            print(
                f"{name:5} {shape!s:19} {found['nn']:13.2f} {limit:6.1f} "
                f"{found['autograd']:14.2f} {found['memory']:16.2f}",
                flush=True,
            )
    return 0


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Drop what the profiler's C++ side writes to standard error."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _when(event) -> int:
    return event.start_ns()


if __name__ == "__main__":
    sys.exit(main())
