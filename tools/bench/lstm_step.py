"""Where an LSTM's training step goes, at the shapes where torch.nn's is as fast.

Every part, both steps and a product of two large matrices are run in turns, on one
thread and on two, and of each the shortest time counts: other work only lengthens
one. The clock is the processor's, of all threads together, so that other programs do
not count; start it with OMP_WAIT_POLICY=passive, or a thread that waits counts as one
that works. A cell without exponentials, which reads, keeps and writes as many
numbers, has the same products: what it saves in both loops is the exponentials' time.
"""

import argparse
import platform
import time
from typing import Any

import torch

from tools.bench.loops import EQUATIONS, SHAPES, fused_pair, make_run
from tools.bench.profile_step import list_parts
from tools.bench.timing import make_problem, time_in_turns
from tools.measurements import record

WIDE = 1024  # rows and columns of the large matrices
REPEATS = 12
COMMAND = "OMP_WAIT_POLICY=passive python -m tools.bench.lstm_step --save"
LOOPS = "forward", "backward"


def linear(a: Any, h: Any, c: Any) -> Any:
    """An LSTM whose gates are what enters them, made small."""
    i, f, g, o = a
    i, f, g, o = 0.25 * i, 0.25 * f, 0.25 * g, 0.25 * o
    c = f * c + i * g
    return o * c, c


def time_parts(
    shape: tuple[int, ...], threads: int, repeats: int
) -> dict[str, dict[str, float]]:
    """The shortest seconds of the parts of both cells, and of what is whole."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    made, theirs, *rest = fused_pair("LSTM", shape)
    square = torch.randn(WIDE, WIDE)
    problem = make_problem("LSTM", shape, "cpu")
    runs = {
        "whole ours": make_run(made, *rest),
        "whole torch": make_run(theirs, *rest),
        "whole product": lambda: square @ square,
    }
    for name, cell in (("LSTM", EQUATIONS["LSTM"]), ("linear", linear)):
        for part, run in list_parts(cell, problem).items():
            runs[f"{name} {part}"] = run
    found = time_in_turns(runs, repeats, warm_up=2, clock=time.process_time)
    torch.set_num_threads(before)
    seconds: dict[str, dict[str, float]] = {"whole": {}, "LSTM": {}, "linear": {}}
    for key, times in found.items():
        name, _, part = key.partition(" ")
        seconds[name][part] = min(times)
    for of in seconds["LSTM"], seconds["linear"]:
        of["backward"] = of.pop("both ways back") - of["weights"]
    return seconds


def share_out(
    shape: tuple[int, ...], seconds: dict[str, dict[str, float]]
) -> dict[str, float]:
    """Each part's share of the step, and the products' speed beside the large one's."""
    T, B, D, H = shape
    whole, ours, plain = seconds["whole"], seconds["LSTM"], seconds["linear"]
    parts = {"layout": ours["layout"]}
    parts |= {loop: plain[loop] for loop in LOOPS}
    parts["weights"] = ours["weights"]
    parts["exponentials"] = sum(ours[loop] - plain[loop] for loop in LOOPS)
    found = {"ratio": whole["ours"] / whole["torch"]}
    found |= {name: part / whole["ours"] for name, part in parts.items()}
    found["rest"] = 1 - sum(parts.values()) / whole["ours"]
    one_of_three = 2.0 * T * B * 4 * H * (D + H)  # operations of each kind of product
    speed = 2.0 * WIDE**3 / whole["product"]
    for name in (*LOOPS, "weights"):
        found[f"{name}-speed"] = one_of_three / parts[name] / speed
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--save", action="store_true", help="keep the ratios")
    given = parser.parse_args()
    for threads in given.threads:
        for shape in SHAPES[:2]:
            found = share_out(shape, time_parts(shape, threads, given.repeats))
            rounded = {name: round(value, 2) + 0.0 for name, value in found.items()}
            print(f"{threads} {shape} {rounded}", flush=True)
            if not given.save:
                continue
            row = f"LSTM, {threads} thread{'s' * (threads > 1)}"
            key = f"bench-lstm.cpu.{row}.{'x'.join(map(str, shape))}"
            record(
                {f"{key}.{name}": value for name, value in rounded.items()},
                unit="ratio",
                seed=0,
                device=f"CPU, {platform.machine()}",
                command=COMMAND,
            )


if __name__ == "__main__":
    main()
