"""Where the time of a compiled training step goes, and how far it could go.

A step is split into parts: laying out the weights, the loop forward, the loop
backward, the gradients of the weights, and the rest. Next to these is
what the machine allows: the speed at which it multiplies large matrices, and
that at which a core reads the weights from its cache, as each loop does at
each step.
"""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

import torch

from rnncore.fused import loop
from rnncore.fused.source_text import derived
from rnncore.rnn import Params
from tools.bench.timing import time_in_turns


def find_shortest(run: Callable[[], Any], repeats: int = 20) -> float:
    """The shortest time of a few runs: other work only lengthens one."""
    found = []
    for _ in range(repeats):
        begun = time.perf_counter()
        run()
        found.append(time.perf_counter() - begun)
    return min(found)


@cache
def measure_peak(threads: int) -> float:
    """Operations a second in a product of two large matrices."""
    torch.set_num_threads(threads)
    square = torch.randn(1536, 1536)
    return 2 * 1536**3 / find_shortest(lambda: square @ square)


@cache
def measure_reading(numbers: int) -> float:
    """float32 numbers a second that a core reads from an array of this size."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    a, many = torch.ones(numbers), 1 + (1 << 23) // numbers
    seconds = find_shortest(lambda: [a.sum() for _ in range(many)])
    torch.set_num_threads(threads)
    return numbers * many / seconds


def list_parts(cell: Callable, problem: tuple[Any, ...]) -> dict[str, Callable]:
    """The parts of a training step, each to be run separately."""
    params, x, state, d_y = problem
    made, zero = derived(cell), tuple(torch.zeros_like(s) for s in state)
    packed = loop.Packed(cell, params)
    _, _, tape = loop.unroll(cell, params, x, state, packed=packed)
    assert tape is not None
    slots = len(made.slots)
    d = torch.randn(*x.shape[:2], slots, state[0].shape[1]).numpy()
    given = tape.x, tape.steps[0], d

    def layout():
        now = loop.Packed(cell, Params(*params))
        return now.forward, now.backward

    return {
        "layout": layout,
        "forward": lambda: loop.unroll(cell, params, x, state, packed=packed),
        "both ways back": lambda: loop.bptt(
            cell, params, tape, d_y, zero, packed=packed
        ),
        "weights": lambda: loop.weight_gradients(made, packed.loops, *given),
    }


def measure_parts(
    cell: Callable,
    problem: tuple[Any, ...],
    whole: Callable,
    theirs: Callable,
    repeats: int,
) -> dict[str, float]:
    """Each part's share of a step; of the roof, what two ways reach.

    `whole` and `theirs` run a training step of ours and of torch.nn.
    """
    runs = list_parts(cell, problem) | {"whole": whole, "theirs": theirs}
    found = time_in_turns(runs, repeats, warm_up=2)
    seconds = {name: sorted(times)[repeats // 2] for name, times in found.items()}
    seconds["backward"] = seconds.pop("both ways back") - seconds["weights"]
    parts = "layout", "forward", "backward", "weights"
    step = seconds["whole"]
    shares = {name: seconds[name] / step for name in parts}
    shares["rest"] = 1 - sum(shares.values())
    params, x, _, _ = problem
    T, B, _ = x.shape
    weights = params.W_x.numel() + params.W_h.numel()
    operations = 6.0 * T * B * weights  # forward, and twice as many back
    limit = measure_peak(torch.get_num_threads())
    return shares | {
        "roof": operations / step / limit,
        "torch": operations / seconds["theirs"] / limit,
        "read": 2 * T * params.W_h.numel() / measure_reading(weights) / step,
    }
