"""What chapter 9 says of a GPU, measured: loops.py calls it where one is.

Four parts, each recorded by itself under "cuda." as soon as it is done:

    launches    kernels of one run of the loop, and which share of the time
                is products, other kernels, and no kernel at all
    batching    microseconds a step, forward and backward, by batch
    graphs      the same run recorded once as a CUDA graph and replayed
    precision   float32, TF32 and bfloat16 against float32

Nothing here runs, and nothing of CUDA is touched, before `measure` is
called. A `Machine` says how to wait, record and trace; the tests put a CPU
in its place.
"""

import contextlib
import statistics
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch

from rnncore.backend import named_leaves, tree_map
from rnncore.bptt import bptt
from rnncore.rnn import unroll
from tools.bench import timing
from tools.bench.timing import CELLS
from tools.measurements import PATH, record

PRODUCTS = ("mm", "addmm", "bmm", "matmul", "linear")  # operators
COMMAND = "make bench SAVE=1"
POWERS = tuple(2**k for k in range(13))
Span = tuple[str, float, float]  # a kernel's kind, begin and end


class Machine(NamedTuple):
    """Where it runs, and what differs between a GPU and its stand-in."""

    device: str
    name: str
    wait: Callable[[], None]  # until all work is done
    recorded: Callable[[Callable], tuple[Callable, Any]]
    spans: Callable[[Callable], list[Span]]  # of the kernels of one run


class Sizes(NamedTuple):
    """How large, and how often."""

    T: int = 32
    D: int = 64
    H: int = 128
    wide: int = 1024  # units where the products are to count
    traced: tuple[int, ...] = (1, 32, 256, 2048)
    batches: tuple[int, ...] = POWERS
    graphs: tuple[int, ...] = (1, 32, 256)
    square: int = 4096  # of the product that a loop is compared with
    repeats: int = 20


def describe_gpu(device: str = "cuda") -> Machine:
    """The GPU as a Machine."""
    return Machine(
        device,
        torch.cuda.get_device_name(device),
        torch.cuda.synchronize,
        recorded_graph,
        cuda_spans,
    )


def recorded_graph(run: Callable) -> tuple[Callable, Any]:
    """A function that replays one run, and the arrays that it fills.

    A graph replays on the very memory that it was recorded with: who wants
    another input copies it into the old one. The runs that warm up make
    what a library makes on first use, which a recording must not; they use
    the stream that is recorded, since handles belong to a stream.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(3):
            run()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph, stream=stream):
        results = run()
    return graph.replay, results


def cuda_spans(run: Callable) -> list[Span]:
    """The kernels of one run, from torch's profiler."""
    run()
    torch.cuda.synchronize()
    kinds = torch.profiler.ProfilerActivity
    with torch.profiler.profile(activities=[kinds.CPU, kinds.CUDA]) as profile:
        run()
        torch.cuda.synchronize()
    found = spans_of(profile.events(), "CUDA")
    if not found:
        raise RuntimeError("the profiler has seen no kernel")
    return found


def spans_of(events: Any, kind: str) -> list[Span]:
    """Kind, begin and end of each kernel in a profile, in microseconds.

    A kernel is of kind "product" where an operator that multiplies
    matrices launched it, else "other". (Profiles of NVIDIA's libraries call
    products gemm, cutlass, nvjet: the operator that launched them says more.)
    On a CPU the outermost operators stand for kernels.
    """
    products = {
        kernel.name
        for event in events
        if event.name.removeprefix("aten::") in PRODUCTS
        for kernel in event.kernels
        if not kernel.name.lower().startswith(("mem", "void at::native"))
    }
    found = []
    for event in events:
        if event.device_type.name != kind:
            continue
        name = event.name
        if kind == "CPU":
            if event.cpu_parent is not None or "aten::" not in name:
                continue
            is_product = name.removeprefix("aten::") in PRODUCTS
        else:
            is_product = name in products
        what = "product" if is_product else "other"
        span = event.time_range
        found.append((what, float(span.start), float(span.end)))
    return sorted(found, key=lambda s: s[1])


def cuda_peak(run: Callable) -> int:
    """The most bytes that arrays made by one run hold at a time."""
    run()
    torch.cuda.synchronize()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() - before


def compute_shares(spans: list[Span]) -> dict[str, float]:
    """Shares of the time from the first kernel's begin to the last's end.

    Overlapping kernels count once: time without a kernel is a gap.
    """
    begin = min(b for _, b, _ in spans)
    whole = max(e for _, _, e in spans) - begin
    busy = {"product": 0.0, "other": 0.0}
    done = begin
    for what, b, e in spans:
        kind = "product" if what == "product" else "other"
        busy[kind] += max(0.0, e - max(b, done))
        done = max(done, e)
    part = {kind: time / whole for kind, time in busy.items()}
    return part | {"gap": 1 - sum(part.values()), "microseconds": whole}


def make_problem(
    m: Machine, s: Sizes, B: int, cell="RNN", H=0, dtype=torch.float32
) -> tuple:
    """Weights, input, first state (zeros), upstream gradient."""
    shape = s.T, B, s.D, H or s.H
    params, x, state, d_y = timing.make_problem(cell, shape, m.device, dtype)
    return params, x, tree_map(torch.zeros_like, state), d_y


def train_step(cell: str, params, x, state, d_y):
    """Forward and backward, without autograd."""
    forward, backward, _, _ = CELLS[cell]
    _, _, tape = unroll(forward, params, x, state)
    return bptt(backward, params, tape, d_y, state)


def time_runs(
    m: Machine, runs: Mapping[str, Callable], repeats: int
) -> dict[str, float]:
    """Medians of runs that take turns."""
    times = timing.time_in_turns(runs, repeats, warm_up=3, wait=m.wait)
    return {way: statistics.median(taken) for way, taken in times.items()}


def count_launches(m: Machine, s: Sizes) -> Iterator[tuple[str, Any, str]]:
    """Kernels and shares of the plain network, by batch."""
    for B in s.traced:
        spans = m.spans(partial(train_step, "RNN", *make_problem(m, s, B)))
        found = compute_shares(spans) | {"kernels": len(spans), "steps": s.T}
        yield f"launches.{B}", found, "shares of the time; kernels of a run"


def time_batches(m: Machine, s: Sizes) -> Iterator[tuple[str, Any, str]]:
    """Time a step by batch, of a narrow network and of a wide one."""
    for H in s.H, s.wide:
        found = {}
        for B in s.batches:
            try:
                run = partial(train_step, "RNN", *make_problem(m, s, B, H=H))
                taken = time_runs(m, {"run": run}, s.repeats)["run"]
            except torch.OutOfMemoryError:
                break  # what fitted is kept
            found[str(B)] = 1e6 * taken / s.T
        yield f"batching.{H}", found, "microseconds a step, by batch"


def time_graphs(m: Machine, s: Sizes) -> Iterator[tuple[str, Any, str]]:
    """Each cell's run against its recording."""
    for cell in CELLS:
        for B in s.graphs:
            given = make_problem(m, s, B, cell)
            run = partial(train_step, cell, *given)
            replay, results = m.recorded(run)
            given[1].mul_(0.5)  # another input, in the old one's place
            replay()
            m.wait()
            pairs = zip(named_leaves(run()), named_leaves(results), strict=True)
            error = max(
                float((a - b).abs().max() / a.abs().max().clamp(min=1e-30))
                for (_, a), (_, b) in pairs
            )
            if not error < 1e-4:  # float32, sums in another order at most
                raise RuntimeError(f"{cell}: a replay is off by {error:.0e}")
            taken = time_runs(m, {"run": run, "replay": replay}, s.repeats)
            found = {
                "ratio": taken["run"] / taken["replay"],
                "run": 1e3 * taken["run"],
                "replay": 1e3 * taken["replay"],
            }
            yield (f"graphs.{cell}.{B}", found, "milliseconds, and run/replay")


def compare_dtypes(m: Machine, s: Sizes) -> Iterator[tuple[str, Any, str]]:
    """A large product, the loop and the error of d_W_h in each dtype."""
    exact = None
    for name, dtype in {
        "float64": torch.float64,
        "float32": torch.float32,
        "TF32": torch.float32,
        "bfloat16": torch.bfloat16,
    }.items():
        with tensor_cores(name == "TF32"):
            A = torch.ones((s.square, s.square), dtype=dtype, device=m.device)
            runs: dict[str, Callable] = {"product": partial(torch.mm, A, A)}
            for B, H in (s.graphs[-1], s.H), (s.graphs[-1], s.wide):
                given = make_problem(m, s, B, H=H, dtype=dtype)
                runs[f"loop {H}"] = partial(train_step, "RNN", *given)
            d_W_h = runs[f"loop {s.H}"]()[0].W_h.double()
            exact = d_W_h if exact is None else exact
            found = time_runs(m, runs, s.repeats)
            found["error"] = float((d_W_h - exact).norm() / exact.norm())
        yield f"precision.{name}", found, "seconds; error of d_W_h"


PARTS: dict[str, Callable] = {
    "launches": count_launches,
    "batching": time_batches,
    "graphs": time_graphs,
    "precision": compare_dtypes,
}


def measure(m: Machine, s: Sizes, save: bool, path: Path = PATH) -> list[str]:
    """Measure every part; return the names of those that failed.

    What a part has found is kept before the next begins: a machine is
    often lent for minutes.
    """
    failed = []
    for name, part in PARTS.items():
        print(f"\n{name}:", flush=True)
        try:
            for key, value, unit in part(m, s):
                print(f"  {key:24} {format_value(value)}", flush=True)
                if save:
                    record(
                        {f"cuda.{key}": round_floats(value)},
                        unit=unit,
                        seed=0,
                        device=m.name,
                        command=COMMAND,
                        path=path,
                    )
        except RuntimeError as error:
            failed.append(name)
            print(f"  {name} failed: {error}", flush=True)
    return failed


@contextlib.contextmanager
def tensor_cores(allowed: bool) -> Iterator[None]:
    """TF32 in float32's products inside, and as it was after."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if allowed else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def round_floats(value: Any) -> Any:
    """Floats with four digits; the file is read by people, too."""
    if isinstance(value, float):
        return float(f"{value:.4g}")
    if isinstance(value, dict):
        return {k: round_floats(v) for k, v in value.items()}
    if isinstance(value, list):
        return [round_floats(v) for v in value]
    return value


def format_value(value: Any) -> str:
    """A value on one line, cut where it is long."""
    text = str(round_floats(value))
    return text if len(text) < 100 else text[:97] + "..."
