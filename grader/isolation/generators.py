"""What was drawn from a generator of random numbers that has crossed.

A generator crosses as a copy. So that two calls may share one, as in one
process, the other side tells how far it has drawn, and the sender's own
object goes on from there. It is told as a number of steps: what the other
side says moves a generator forward in its own stream, and nowhere else.
"""

from __future__ import annotations

from typing import Any

import numpy as np

MOST = 1 << 33  # steps that one call may draw
WINDOW = 100_000  # steps in which the half of a number that waits was drawn
# of PCG64, as O'Neill (2014), "PCG: A family of simple fast space-efficient
# statistically good algorithms for random number generation", has it
MULTIPLIER = (2549297995355413924 << 64) + 4865540595714422341
MODULUS = 1 << 128

Drawn = dict[str, list[list[Any]]]  # the generator's number, steps, waiting half


def knows(generator: np.random.Generator) -> bool:
    """Whether a generator's numbers are of the kind that can be told."""
    return bool(generator.bit_generator.state["bit_generator"] == "PCG64")


def tell_drawn(given: dict[int, tuple[np.random.Generator, Any]]) -> Drawn:
    """What was drawn from generators, by number, since each had its state.

    It is a part of a message, empty where nothing was drawn. A generator that
    was put elsewhere than forward in its stream is left out.
    """
    told = []
    for number, (generator, before) in given.items():
        now = generator.bit_generator.state
        steps = _count_steps(before["state"], now["state"])
        waits = _find_half(now)
        if steps is not None and (steps or waits != _find_half(before)):
            told.append([number, steps, waits])
    return {"drawn": told} if told else {}


def move_on(generators: list[np.random.Generator], told: Any) -> None:
    """Move generators on as they were drawn from at the other side.

    Raises ValueError where that cannot have been.
    """
    for number, steps, waits in told if isinstance(told, list) else [told]:
        if type(number) is not int or not 0 <= number < len(generators):
            raise ValueError("drew from a generator that was not passed")
        if type(steps) is not int or not 0 <= steps <= MOST:
            raise ValueError("expected a number of steps of a generator")
        _move_one(generators[number].bit_generator, steps, waits)


def _move_one(bits: Any, steps: int, waits: Any) -> None:
    before = bits.state
    if waits is not None and waits not in _list_halves(before, steps):
        raise ValueError("a generator holds what it has not drawn")
    bits.advance(steps)  # nothing waits after it
    if waits is not None:
        bits.state = {**bits.state, "has_uint32": 1, "uinteger": waits}


def _list_halves(before: Any, steps: int) -> set[int]:
    """The upper halves that may wait after so many steps."""
    found = {half for half in [_find_half(before)] if half is not None}
    bits = np.random.PCG64()
    bits.state = before
    window = min(steps, WINDOW)
    bits.advance(steps - window)
    return found | set((bits.random_raw(window) >> np.uint64(32)).tolist())


def _find_half(state: Any) -> int | None:
    """The half of a drawn number that waits for the next small one."""
    return int(state["uinteger"]) if state["has_uint32"] else None


def _count_steps(before: dict[str, int], now: dict[str, int]) -> int | None:
    """Steps from one state to another, bit by bit; None if more than MOST.

    The lower k bits of the state have a period of 2**k.
    """
    state, goal, plus = before["state"], now["state"], before["inc"]
    if now["inc"] != plus:
        return None
    multiplier, bit, steps = MULTIPLIER, 1, 0
    while state != goal:
        if bit > MOST:
            return None
        if (state ^ goal) & bit:
            state = (state * multiplier + plus) % MODULUS
            steps |= bit
        plus = (multiplier + 1) * plus % MODULUS
        multiplier = multiplier * multiplier % MODULUS
        bit <<= 1
    return steps
