"""Times of runs that take turns, so that a slow moment meets all of them."""

import time
from collections.abc import Callable, Mapping


def no_wait() -> None:
    """On a CPU all work is done when a call returns."""


def in_turns(
    runs: Mapping[str, Callable],
    repeats: int,
    *,
    warm_up: int = 0,
    wait: Callable[[], None] = no_wait,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of each run, `repeats` times, from idle to idle."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(warm_up + repeats):
        for name, run in runs.items():
            wait()
            begun = clock()
            run()
            wait()
            if turn >= warm_up:
                times[name].append(clock() - begun)
    return times
