"""Time packed sequences, forward plus backward, against torch.nn.

Both modules take the same packed batch in turn, on one thread, and the least
of each one's times counts. torch's profiler then says in which operations
its backward pass spends them. `make bench` shows the same table.
"""

import argparse
import platform
import sys
from collections.abc import Callable
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence

import rnncore.nn
from tools.bench.timing import time_in_turns
from tools.measurements import record

LENGTHS = [100, 500, 1000, 2000]  # steps of the longest sequence
B, D, H = 32, 32, 64
LIMIT, FROM = 0.1, 500  # of torch's time, from so many steps on
PROFILED = 500  # steps; of more, the profiler keeps tens of gigabytes
WHOLE = "aten::zeros", "aten::zero_", "aten::fill_", "aten::add_", "aten::add"
COMMAND = "python -m tools.bench.packed --save"


def make_runs(name: str, T: int, device: str) -> dict[str, Callable]:
    """The module of each package over one packed batch."""
    torch.manual_seed(0)
    lengths = torch.randint(T // 2, T + 1, (B,))
    lengths[0] = T
    x = torch.randn(T, B, D, device=device)
    theirs = getattr(torch.nn, name)(D, H)
    ours = getattr(rnncore.nn, name)(D, H)
    ours.load_state_dict(theirs.state_dict())
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    modules = {"rnncore.nn": ours.to(device), "torch.nn": theirs.to(device)}
    d_y = torch.randn(len(packed.data), H, device=device)
    return {way: make_run(m, packed, d_y) for way, m in modules.items()}


def make_run(made: torch.nn.Module, packed: Any, d_y: torch.Tensor) -> Callable:
    """Forward and backward; what is returned are the gradients."""
    data = packed.data.clone().requires_grad_()

    def run() -> list[torch.Tensor]:
        made.zero_grad()
        data.grad = None
        y, _ = made(packed._replace(data=data))
        y.data.backward(d_y)
        return [data.grad, *(w.grad for w in made.parameters())]

    return run


def check_equal(runs: dict[str, Callable]) -> float:
    """The largest relative difference of a gradient.

    Raises ValueError where it is more than float32's rounding makes it.
    """
    pairs = zip(runs["rnncore.nn"](), runs["torch.nn"](), strict=True)
    off = max(float((a - b).abs().max() / b.abs().max()) for a, b in pairs)
    if not off < 1e-4:
        raise ValueError(f"gradients: expected torch.nn's, got {off:.0e} off")
    return off


def compare_packed(name: str, T: int, device: str, repeats: int) -> dict[str, float]:
    """The least time of each module in seconds, and their ratio."""
    runs = make_runs(name, T, device)
    check_equal(runs)  # which also warms up
    wait = int if device == "cpu" else torch.cuda.synchronize
    times = time_in_turns(runs, repeats, wait=wait)
    ours, theirs = (min(times[way]) for way in runs)
    return {"ours": ours, "torch": theirs, "ratio": ours / theirs}


def share_of_whole(name: str, T: int) -> float:
    """The share of torch's time that fills and adds arrays of all steps.

    Each step's input is a slice of the packed batch. Its gradient, in
    autograd, is an array of zeros as large as the batch, with one part
    filled, and all of these are added.
    """
    run = make_runs(name, T, "cpu")["torch.nn"]
    kind = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=kind) as profile:
        run()
    events = profile.key_averages()
    whole = sum(e.self_cpu_time_total for e in events if e.key in WHOLE)
    return whole / sum(e.self_cpu_time_total for e in events)


def keep(key: str, value: float, unit: str, where: str) -> None:
    """Store one figure."""
    record(
        {f"bench-packed.{key}": float(f"{value:.3g}")},
        unit=unit,
        seed=0,
        device=where,
        command=COMMAND,
    )


def table_of_packed(
    device: str, where: str, repeats: int, save: bool, lengths: list[int]
) -> None:
    """A row for each cell and length, on one thread."""
    print(
        f"\npacked, B {B}, D {D}, H {H}, lengths T/2 to T; seconds\n"
        "cell     T  rnncore.nn  torch.nn   ratio  limit  filled and added",
        flush=True,
    )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for name in ("LSTM", "GRU"):
        for T in lengths:
            found = compare_packed(name, T, device, repeats)
            if device == "cpu" and T <= PROFILED:
                found["whole"] = share_of_whole(name, T)
            if save:
                for key, value in found.items():
                    unit = "s" if key in ("ours", "torch") else "ratio"
                    keep(f"{device}.{name}.{T}.{key}", value, unit, where)
            asked = f"{LIMIT:6.2f}" if device == "cpu" and T >= FROM else "     -"
            share = f"{found['whole']:17.2f}" if "whole" in found else ""
            print(
                f"{name:5} {T:4} {found['ours']:11.3f} {found['torch']:9.3f} "
                f"{found['ratio']:7.3f} {asked} {share}",
                flush=True,
            )
    torch.set_num_threads(threads)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--save", action="store_true")
    given = parser.parse_args()
    where = f"CPU, {platform.machine()}, 1 thread"
    if given.device == "cuda":
        where = torch.cuda.get_device_name()
    table_of_packed(given.device, where, given.repeats, given.save, given.lengths)
    return 0


if __name__ == "__main__":
    sys.exit(main())
