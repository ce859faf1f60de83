"""Time forward plus backward against torch.nn and a per-step autograd loop.

All run in turn in one process, so that a slow moment of the machine meets
each of them; what is reported are ratios of the paired times. All compute
the gradients of the weights, the input and the first state, in float32.
Peak memory is what the tensors made by one run hold at a time. A second
table compares the modules of rnncore.nn with torch.nn's: more layers, both
directions, and bfloat16 through autocast. A third, on a CPU, has the compiled
loops of rnncore.fused, for training and forward alone, and their memory. A
fourth has cells that no library has, compiled, beside our LSTM and beside
what users would write instead: a step at a time, as it is and through
torch.compile, which needs a C++ compiler. Packed sequences have a table of their own, made
by packed.py. Where there is a GPU, the first two and that of packed ones are
done there too, and then what cuda.py measures.
"""

import argparse
import contextlib
import os
import platform
import statistics
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from functools import partial
from types import FunctionType
from typing import Any

import numpy as np
import torch

import rnncore.nn
from rnncore.bptt import bptt
from rnncore.fused import sigmoid, tanh
from rnncore.nn import EQUATIONS as OF_MODE
from rnncore.nn import Cell
from rnncore.rnn import Params, unroll
from tools.bench import cuda, packed
from tools.bench.profile_step import measure_parts
from tools.bench.timing import CELLS, make_problem, time_in_turns
from tools.measurements import record

SHAPES = [(35, 20, 200, 200), (128, 32, 64, 128)]
SHAPES += [(100, 64, 128, 256), (512, 8, 32, 64)]
LIMITS = {  # what the course asks of its modules at these shapes, on a CPU
    "RNN": [1.2, 1.2, 1.2, 1.2],
    "LSTM": [3.0, 4.0, 2.2, 9.0],
    "GRU": [1.2, 1.2, 1.2, 1.2],
}
OPTIONS: dict[str, dict[str, Any]] = {  # at the second shape
    "1 layer": {},
    "2 layers": {"num_layers": 2},
    "both directions": {"bidirectional": True},
    "bfloat16": {},
}
FUSED_SHAPES = [*SHAPES, (1000, 1, 64, 128)]
FUSED_LIMITS = {"RNN": 0.6, "GRU": 0.8, "LSTM": 1.0}
FORWARD_LIMIT, ALONE_LIMIT = 0.9, 0.5  # forward; training, one sequence
MEMORY_LIMIT, OWN_LIMIT = 1.0, 1.15  # own cells: of our LSTM's time


def peephole(a, h, c, w_i, w_f, w_o):
    """A cell that no library has: Gers & Schmidhuber 2000."""
    i, f, g, o = a
    i, f = sigmoid(i + w_i * c), sigmoid(f + w_f * c)
    c = f * c + i * tanh(g)
    return sigmoid(o + w_o * c) * tanh(c), c, w_i, w_f, w_o


def coupled(a, h, c):
    """An LSTM without an input gate: it writes what it forgets."""
    f, g, o = a
    f = sigmoid(f)
    c = f * c + (1 - f) * tanh(g)
    return sigmoid(o) * tanh(c), c


def minimal(a_x, a_h, h):
    """The minimal gated unit, its gate after the product: Zhou et al. 2016."""
    f = sigmoid(a_x[0] + a_h[0])
    n = tanh(a_x[1] + f * a_h[1])
    return n + (1 - f) * (h - n)


EQUATIONS = {name: OF_MODE[{"RNN": "RNN_TANH"}.get(name, name)] for name in CELLS}
OWN: dict[str, Callable] = {
    "coupled gates": coupled,
    "minimal gated unit": minimal,
    "peephole LSTM": peephole,
}


def make_our_run(name: str, params: Params, x, state, d_y) -> Callable:
    """The loop and the cell as the book prints them."""
    cell, cell_vjp, _, _ = CELLS[name]
    nothing = tuple(torch.zeros_like(s) for s in state)

    def run():
        _, _, tape = unroll(cell, params, x, state)
        return bptt(cell_vjp, params, tape, d_y, nothing)

    return run


def make_module_run(package: Any, name: str, params: Params, x, state, d_y):
    """The module of torch.nn or rnncore.nn with the same weights."""
    made = getattr(package, name)(x.shape[2], state[0].shape[1])
    load(made, params)
    return make_run(made, x, tuple(s[None] for s in state), d_y)


def load(made: torch.nn.Module, params: Params) -> None:
    """Give a module of one layer these weights; others stay as they are."""
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    given = dict(zip(names, params, strict=True))
    made.load_state_dict(made.state_dict() | given)


def make_run(made: torch.nn.Module, x, state, d_y, half=False) -> Callable:
    """Forward and backward through a module, in bfloat16 if half."""
    made.to(x.device)
    x = x.clone().requires_grad_()
    first = tuple(s.clone().requires_grad_() for s in state)

    def run():
        made.zero_grad()
        for leaf in (x, *first):
            leaf.grad = None
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            y, _ = made(x, first if len(first) == 2 else first[0])
        y.backward(d_y.to(y.dtype))
        return y, x.grad

    return run


def make_autograd_run(name: str, params: Params, x, state, d_y) -> Callable:
    """The loop that learners usually write: all of a step, every step."""
    cell = CELLS[name].forward
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


MAKERS: dict[str, Callable] = {
    "ours": make_our_run,
    "rnncore.nn": partial(make_module_run, rnncore.nn),
    "torch.nn": partial(make_module_run, torch.nn),
    "autograd": make_autograd_run,
}


def wait_of(device: str) -> Callable[[], Any]:
    """What waits until all work is done."""
    return int if device == "cpu" else torch.cuda.synchronize


def peak_bytes(run: Callable) -> int:
    """The most memory that tensors made by one run hold at a time."""
    run()  # what is made once, such as gradients' buffers, is not counted
    with _silence_stderr(), torch.profiler.profile(profile_memory=True) as profile:
        run()
    events = [
        e for e in profile.profiler.kineto_results.events() if e.name() == "[memory]"
    ]
    held = np.cumsum([e.nbytes() for e in sorted(events, key=lambda e: e.start_ns())])
    return int(held.max())


def device_name(device: str, threads: int) -> str:
    """What the figures are of: the accelerator's name, or the CPU's threads."""
    if device != "cpu":
        return torch.cuda.get_device_name(device)
    return f"CPU, {platform.machine()}, {threads} thread{'s' * (threads > 1)}"


def compute_ratio(times: dict[str, list[float]], way: str, other: str) -> float:
    """The median of the ratios of paired times."""
    pairs = zip(times[way], times[other], strict=True)
    return statistics.median(a / b for a, b in pairs)


def compare_shape(
    name: str, shape: tuple[int, ...], device: str, repeats: int
) -> dict[str, float]:
    """One cell at one shape, every way; what is kept as a measurement."""
    given = make_problem(name, shape, device)
    runs = {way: make(name, *given) for way, make in MAKERS.items()}
    times = time_in_turns(runs, repeats, warm_up=2, wait=wait_of(device))
    found = {
        "nn": compute_ratio(times, "ours", "torch.nn"),
        "module": compute_ratio(times, "rnncore.nn", "torch.nn"),
        "autograd": compute_ratio(times, "ours", "autograd"),
    }
    peak = peak_bytes if device == "cpu" else cuda.cuda_peak
    found["memory"] = peak(runs["ours"]) / peak(runs["torch.nn"])
    if device == "cpu":
        modules = {way: runs[way] for way in ("rnncore.nn", "torch.nn")}
        with one_thread():
            times = time_in_turns(modules, repeats, warm_up=2)
        found["one-thread"] = compute_ratio(times, "rnncore.nn", "torch.nn")
    return found


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Have torch, and with it our loops, compute on one core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def compare_option(
    name: str, option: str, device: str, repeats: int
) -> dict[str, float]:
    """The two modules with an option, at the second shape."""
    T, B, D, H = SHAPES[1]
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(D, H, **OPTIONS[option])
    made = getattr(rnncore.nn, name)(D, H, **OPTIONS[option])
    made.load_state_dict(theirs.state_dict())
    directions = 2 if made.bidirectional else 1
    rows = made.num_layers * directions
    x = torch.randn(T, B, D, device=device)
    state = torch.randn(CELLS[name].parts, rows, B, H, device=device)
    d_y = torch.randn(T, B, H * directions, device=device)
    half = option == "bfloat16"
    runs = {
        way: make_run(m, x, tuple(state), d_y, half)
        for way, m in (("rnncore.nn", made), ("torch.nn", theirs))
    }
    if half and is_refused(runs["torch.nn"]):
        del runs["torch.nn"]
    times = time_in_turns(runs, repeats, warm_up=2, wait=wait_of(device))
    found = {"milliseconds": 1e3 * statistics.median(times["rnncore.nn"])}
    if "torch.nn" in times:
        found["module"] = compute_ratio(times, "rnncore.nn", "torch.nn")
    return found


def is_refused(run: Callable) -> bool:
    """Whether torch has no such code here, as for bfloat16 before AVX-512."""
    try:
        run()
    except RuntimeError as error:
        if "primitive" not in str(error):
            raise
        return True
    return False


def fused_pair(name: str, shape: tuple[int, ...]) -> tuple[Any, ...]:
    """The compiled cell and torch's module, and their problem."""
    params, x, state, d_y = make_problem(name, shape, "cpu")
    D, H = shape[2:]
    made = Cell(EQUATIONS[name], D, H)
    theirs = getattr(torch.nn, name)(D, H)
    for m in made, theirs:
        load(m, params)
    return made, theirs, x, tuple(s[None] for s in state), d_y


def compare_fused(name: str, shape: tuple[int, ...], repeats: int) -> dict[str, float]:
    """The compiled loops of one cell at one shape, against torch.nn."""
    made, theirs, x, state, d_y = fused_pair(name, shape)
    modules = {"fused": made, "torch.nn": theirs}
    train = {way: make_run(m, x, state, d_y) for way, m in modules.items()}
    forward = {
        way: partial(make_inference_run, m, x, state) for way, m in modules.items()
    }
    found = {
        kind: compute_ratio(
            time_in_turns(runs, repeats, warm_up=2), "fused", "torch.nn"
        )
        for kind, runs in (("train", train), ("forward", forward))
    }
    held = peak_bytes(train["fused"]) + numpy_peak(train["fused"])  # at most
    return found | {"memory": held / peak_bytes(train["torch.nn"])}


def taken_apart(name: str, shape: tuple[int, ...], repeats: int) -> dict[str, float]:
    """The parts of a compiled step, and their shares of the roofline."""
    made, theirs, x, state, d_y = fused_pair(name, shape)
    whole, other = (make_run(m, x, state, d_y) for m in (made, theirs))
    return measure_parts(
        EQUATIONS[name], make_problem(name, shape, "cpu"), whole, other, repeats
    )


def numpy_peak(run: Callable) -> int:
    """The most memory that arrays made by one run hold at a time."""
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    run()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak - before


def own_runs(name: str, shape: tuple[int, ...]) -> dict[str, Callable]:
    """Compare a user's cell with our LSTM and with steps in Python."""
    _, x, state, d_y = make_problem("LSTM", shape, "cpu")
    torch.manual_seed(0)
    D, H = shape[2:]
    made, lstm = Cell(OWN[name], D, H), rnncore.nn.LSTM(D, H)
    own = state[: made.parts]
    return {
        "own": make_run(made, x, tuple(s[None] for s in own), d_y),
        "LSTM": make_run(lstm, x, tuple(s[None] for s in state), d_y),
        "steps": make_stepwise_run(made, x, own, d_y),
        "compiled": make_stepwise_run(made, x, own, d_y, torch.compile),
    }


def compare_own(name: str, shape: tuple[int, ...], repeats: int) -> dict[str, float]:
    """The ratios of its times to the others'."""
    times = time_in_turns(own_runs(name, shape), repeats, warm_up=2)
    return {way: compute_ratio(times, "own", way) for way in times if way != "own"}


def make_stepwise_run(
    made: Cell, x, state, d_y, compiled: Callable = lambda step: step
):
    """The loop that users write for a cell, with the weights of `made`."""
    cell = in_torch(made.function)
    leaves = [w.detach().clone() for w in made.parameters()]
    leaves += [x.clone(), *(s.clone() for s in state)]
    for leaf in leaves:
        leaf.requires_grad_()
    W_x, W_h, b_x, b_h, *own = leaves[: -1 - len(state)]
    gates = len(b_x) // made.hidden_size
    apart = cell.__code__.co_varnames[0] == "a_x"

    @compiled
    def step(x_t, *now):
        a_x = (x_t @ W_x.T + b_x).chunk(gates, -1)
        a_h = (now[0] @ W_h.T + b_h).chunk(gates, -1)
        a = (a_x, a_h) if apart else ([x + h for x, h in zip(a_x, a_h, strict=True)],)
        made = cell(*a, *now)
        return made if isinstance(made, tuple) else (made,)

    def run():
        for leaf in leaves:
            leaf.grad = None
        now = *leaves[-len(state) :], *(w.expand(x.shape[1], -1) for w in own)
        y = []
        for x_t in leaves[-1 - len(state)].unbind():
            now = step(x_t, *now)
            y.append(now[0])
        y = torch.stack(y)
        y.backward(d_y)
        return y, leaves[-1 - len(state)].grad

    return run


def in_torch(function: Callable) -> FunctionType:
    """The same text with torch's own functions."""
    known = function.__globals__ | {"sigmoid": torch.sigmoid, "tanh": torch.tanh}
    return FunctionType(function.__code__, known, function.__name__)


def make_inference_run(made: torch.nn.Module, x: torch.Tensor, state: Any) -> Any:
    """Forward alone, with nothing kept for a way back."""
    with torch.no_grad():
        return made(x, state if len(state) == 2 else state[0])


def keep(prefix: str, found: dict[str, float], where: str) -> None:
    """Store what one row found."""
    for key, value in found.items():
        record(
            {f"{prefix}.{key}": round(value, 2)},
            unit="ms" if key == "milliseconds" else "ratio",
            seed=0,
            device=where,
            command="make bench SAVE=1",
        )


def table_of_shapes(device: str, where: str, repeats: int, save: bool):
    """The loops and the modules at four shapes."""
    print(
        "                            / torch.nn\n"
        "cell  T, B, D, H          loop  module  limit  1 thread  "
        "loop/autograd  memory",
        flush=True,
    )
    for name in CELLS:
        for shape, limit in zip(SHAPES, LIMITS[name], strict=True):
            found = compare_shape(name, shape, device, repeats)
            if save:
                sizes = "x".join(map(str, shape))
                keep(f"bench.{device}.{name}.{sizes}", found, where)
            asked = f"{limit:6.1f}" if device == "cpu" else "     -"
            alone = f"{found['one-thread']:9.2f}" if device == "cpu" else "        -"
            print(
                f"{name:5} {shape!s:19} {found['nn']:4.2f} "
                f"{found['module']:7.2f} {asked} {alone} "
                f"{found['autograd']:14.2f} {found['memory']:7.2f}",
                flush=True,
            )


def table_of_options(device: str, where: str, repeats: int, save: bool):
    """The modules with what a layer's loop is put together to."""
    print(
        f"\nmodule/torch.nn at {SHAPES[1]}\n"
        f"cell  {''.join(f'{option:>17}' for option in OPTIONS)}"
    )
    for name in CELLS:
        print(f"{name:5} ", end="", flush=True)
        for option in OPTIONS:
            found = compare_option(name, option, device, repeats)
            if save:
                key = option.replace(" ", "-")
                keep(f"bench-modules.{device}.{name}.{key}", found, where)
            ratios = f"{found['module']:.2f}" if "module" in found else "-"
            print(f"{ratios:>17}", end="", flush=True)
        print()


def table_of_fused(where: str, repeats: int, save: bool):
    """The compiled loops at the same shapes, and with one long sequence."""
    print(
        "\n                          fused / torch.nn\n"
        "cell  T, B, D, H          train  limit  forward  limit  memory  limit",
        flush=True,
    )
    shares = {}
    for name, limit in FUSED_LIMITS.items():
        for shape in FUSED_SHAPES:
            found = compare_fused(name, shape, repeats)
            shares[name, shape] = taken_apart(name, shape, repeats)
            if save:
                sizes = "x".join(map(str, shape))
                keep(f"bench-fused.cpu.{name}.{sizes}", found, where)
                keep(f"bench-parts.cpu.{name}.{sizes}", shares[name, shape], where)
            asked = ALONE_LIMIT if shape[1] == 1 else limit
            print(
                f"{name:5} {shape!s:19} {found['train']:5.2f} {asked:6.2f} "
                f"{found['forward']:8.2f} {FORWARD_LIMIT:6.2f} "
                f"{found['memory']:7.2f} {MEMORY_LIMIT:6.2f}",
                flush=True,
            )
    print("\nwhere a compiled training step spends its time, in shares of it")
    for (name, shape), found in shares.items():
        parts = "  ".join(f"{part} {share:.2f}" for part, share in found.items())
        print(f"{name:5} {shape!s:19} {parts}")


def table_of_own(where: str, repeats: int, save: bool):
    """Cells that no library has."""
    print(
        "\n                                        compiled cell /\n"
        "cell                T, B, D, H          our LSTM  limit  "
        "steps  torch.compile",
        flush=True,
    )
    for name in OWN:
        for shape in SHAPES:
            found = compare_own(name, shape, repeats)
            if save:
                sizes = "x".join(map(str, shape))
                keep(f"bench-own.cpu.{name}.{sizes}", found, where)
            print(
                f"{name:19} {shape!s:19} {found['LSTM']:8.2f} {OWN_LIMIT:6.2f} "
                f"{found['steps']:6.2f} {found['compiled']:14.2f}",
                flush=True,
            )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument(
        "--device", help="cpu or cuda; otherwise every one that there is"
    )
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument(
        "--fused", action="store_true", help="only the loops of rnncore.fused"
    )
    parser.add_argument(
        "--save", action="store_true", help="keep the ratios as measurements"
    )
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    devices = ["cpu"]
    if torch.cuda.is_available() and not arguments.fused:
        devices.append("cuda")
    failed: list[str] = []
    for device in [arguments.device] if arguments.device else devices:
        where = device_name(device, arguments.threads)
        print(f"{where}; medians of {arguments.repeats} paired runs")
        rest = where, arguments.repeats, arguments.save
        alone = device_name(device, 1)  # torch takes seconds for one run
        packed_rest = alone, 3, arguments.save, packed.LENGTHS
        if not arguments.fused:
            table_of_shapes(device, *rest)
            table_of_options(device, *rest)
            packed.table_of_packed(device, *packed_rest)
        if device == "cpu":
            table_of_fused(*rest)
            table_of_own(*rest)
        else:
            machine, sizes = cuda.describe_gpu(device), cuda.Sizes()
            failed += cuda.measure(machine, sizes, arguments.save)
    return 1 if failed else 0


@contextlib.contextmanager
def _silence_stderr() -> Iterator[None]:
    """Drop what the profiler's C++ side writes to standard error."""
    sys.stderr.flush()
    kept = os.dup(2)
    with open(os.devnull, "w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


if __name__ == "__main__":
    sys.exit(main())
