"""What torch.compile, a scan and checkpoints make of a loop over an LSTM.

    python -m tools.bench.compiling --save

Forward plus backward, one thread, float32, all ways in turns; a time is the
least of several, of the processor, as a ratio to the loop in Python. `seconds`
are those of the first call, its C++ compiler included, with nothing compiled
before. A way that torch's compiler refuses has no time and is listed under
`refused`. Peak memory is what tensors made by one run hold at a time.
"""

import argparse
import math
import os
import shlex
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch._higher_order_ops.associative_scan import associative_scan
from torch._higher_order_ops.scan import scan
from torch.utils.checkpoint import checkpoint

import rnncore.nn
from rnncore.rnn import Params
from tools.bench.loops import (
    EQUATIONS,
    device_name,
    in_torch,
    make_module_run,
    peak_bytes,
)
from tools.bench.timing import make_problem, time_in_turns
from tools.measurements import record

B, D, H = 32, 64, 128
COMMAND = "python -m tools.bench.compiling"
cell = in_torch(EQUATIONS["LSTM"])
State = tuple[torch.Tensor, ...]


def step(W_h: torch.Tensor, a_x: torch.Tensor, *state: torch.Tensor) -> State:
    """One step of the LSTM, for an input that has been multiplied."""
    return cell((a_x + state[0] @ W_h.T).chunk(4, -1), *state)


def loop(params: Params, x: torch.Tensor, *state: torch.Tensor, each=step):
    """The outputs of all steps, and the state after them."""
    y = []
    for a_x in (x @ params.W_x.T + params.b_x + params.b_h).unbind():
        state = each(params.W_h, a_x, *state)
        y.append(state[0])
    return torch.stack(y), *state


def run_scan(params: Params, x: torch.Tensor, *state: torch.Tensor):
    """The same by torch's own operator for a loop, a prototype in 2.13."""

    def each(now, a_x):
        now = step(params.W_h, a_x, *now)
        return now, now[0].clone()  # a carry may not be an output too

    a_x = x @ params.W_x.T + params.b_x + params.b_h
    last, y = scan(each, state, a_x)
    return y, *last


def run_checkpointed(params: Params, x: torch.Tensor, *state: torch.Tensor):
    """Pieces of about sqrt(T) steps; a piece keeps only its first state."""
    y = []
    for piece in x.split(math.isqrt(len(x))):
        part, *state = checkpoint(loop, params, piece, *state, use_reentrant=False)
        y.append(part)
    return torch.cat(y), *state


def make_training_run(given: tuple, over: Callable) -> Callable:
    """Forward and backward through one of the loops above."""
    params, x, state, d_y = given
    params = Params(*(w.clone().requires_grad_() for w in params))
    x = x.clone().requires_grad_()

    def run():
        for leaf in (*params, x):
            leaf.grad = None
        y, *_ = over(params, x, *state)
        y.backward(d_y)
        return y, x.grad

    return run


def list_ways(given: tuple) -> dict[str, Callable]:
    """Every way to train, by name."""
    compiled = partial(torch.compile, dynamic=False)
    return {
        "eager": make_training_run(given, loop),
        "step": make_training_run(given, partial(loop, each=compiled(step))),
        "whole": make_training_run(given, compiled(loop)),
        "scan": make_training_run(given, compiled(run_scan)),
        "scan-traced": make_training_run(
            given, compiled(run_scan, backend="aot_eager")
        ),
        "fused": make_module_run(rnncore.nn, "LSTM", *given),
        "torch.nn": make_module_run(torch.nn, "LSTM", *given),
    }


def measure_processor_seconds() -> float:
    """Processor seconds until now, with those of compilers that have ended."""
    return sum(os.times()[:4])


def time_first_calls(runs: dict[str, Callable]) -> dict[str, float]:
    """Seconds of each first call; what torch cannot compile is left out.

    Raises ValueError if a result differs from that of the first.
    """
    seconds: dict[str, float] = {}
    right: Any = None
    for name, run in runs.items():
        start = measure_processor_seconds()
        try:
            found = run()
        except torch._dynamo.exc.BackendCompilerFailed as error:
            print(f"{name}: {' '.join(str(error).split()[:12])}", flush=True)
            continue
        seconds[name] = measure_processor_seconds() - start
        print(f"{name}: {seconds[name]:.1f} s at first", flush=True)
        right = right or found
        for a, b in zip(found, right, strict=True):
            if not torch.allclose(a, b, rtol=1e-3, atol=1e-4):
                raise ValueError(f"{name}: another result than the loop's")
    return seconds


def time_runs(runs: dict[str, Callable], repeats: int) -> dict[str, float]:
    """The least processor time of each run."""
    times = time_in_turns(runs, repeats, warm_up=1, clock=time.process_time)
    return {name: min(t) for name, t in times.items()}


def compare(T: int, repeats: int) -> dict[str, Any]:
    """Least times as ratios to the eager loop's; first calls in seconds."""
    runs = list_ways(make_problem("LSTM", (T, B, D, H), "cpu"))
    seconds = time_first_calls(runs)
    left = {name: runs[name] for name in seconds}
    least = time_runs(left, repeats)
    found = {f"time.{name}.{T}": t / least["eager"] for name, t in least.items()}
    found |= {f"seconds.{name}.{T}": s for name, s in seconds.items()}
    found[f"milliseconds.{T}"] = 1000 * least["eager"]
    return found | {f"refused.{T}": sorted(runs.keys() - seconds)}


def combine_steps(first: State, second: State) -> State:
    """Two steps of h -> f h + u are one such step."""
    return first[0] * second[0], second[0] * first[1] + second[1]


def compare_linear(T: int, repeats: int) -> dict[str, float]:
    """Compare a scan over steps that are linear in the state with the loop."""
    torch.manual_seed(0)
    f = torch.rand(T, B, H).requires_grad_()
    u = torch.randn(T, B, H).requires_grad_()

    def step_by_step():
        h, y = torch.zeros(B, H), []
        for f_t, u_t in zip(f, u, strict=True):
            h = f_t * h + u_t
            y.append(h)
        return torch.stack(y)

    def at_once():
        return associative_scan(combine_steps, (f, u), 0, combine_mode="generic")[1]

    def run(over):
        f.grad = u.grad = None
        y = over()
        y.sum().backward()
        return y, f.grad

    runs: dict[str, Callable[..., Any]] = {
        way.__name__: partial(run, way) for way in (step_by_step, at_once)
    }
    time_first_calls(runs)
    least = time_runs(runs, repeats)
    return {f"linear.{T}": least["at_once"] / least["step_by_step"]}


def measure_saved_memory(T: int, repeats: int) -> dict[str, float]:
    """Peak megabytes with checkpoints and without, and what they cost."""
    given = make_problem("LSTM", (T, B, D, H), "cpu")
    runs = {
        "plain": make_training_run(given, loop),
        "kept": make_training_run(given, run_checkpointed),
    }
    found = {f"memory.{name}.{T}": peak_bytes(run) / 1e6 for name, run in runs.items()}
    least = time_runs(runs, repeats)
    return found | {f"again.{T}": least["kept"] / least["plain"]}


UNITS = {"refused": "names", "seconds": "s", "milliseconds": "ms", "memory": "MB"}


def keep(found: dict[str, Any], command: str) -> None:
    """Store each figure under its unit, with the command that gave it."""
    for key, value in found.items():
        record(
            {f"compiling.{key}": value if isinstance(value, list) else round(value, 2)},
            unit=UNITS.get(key.split(".")[0], "ratio"),
            seed=0,
            device=device_name("cpu", 1),
            command=command,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--lengths", type=int, nargs="*", default=[16])
    parser.add_argument("--long", type=int, nargs="*", default=[64, 256])
    parser.add_argument("--repeats", type=int, default=9)
    parser.add_argument("--save", action="store_true", help="as measurements")
    given = parser.parse_args()
    torch.set_num_threads(1)
    torch._inductor.config.force_disable_caches = True  # what a first call costs
    torch._inductor.config.compile_threads = 1  # this process waits for them
    measured = [(compare, T) for T in given.lengths]
    measured += [
        (way, T) for T in given.long for way in (measure_saved_memory, compare_linear)
    ]
    for measure, T in measured:
        found = measure(T, given.repeats)
        for key, value in found.items():
            print(f"{key:24} {value}", flush=True)
        if given.save:
            keep(found, f"{COMMAND} {shlex.join(sys.argv[1:])}")


if __name__ == "__main__":
    main()
