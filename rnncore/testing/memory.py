"""Cells that tell whether what a loop has kept of them is still in memory.

They run beside a learner's code, where its arrays are, and tell what they
have seen in a loop's outputs, which is all that a test gets.
"""

import gc
import weakref
from typing import Any

from rnncore.backend import Array
from rnncore.rnn import rnn_cell

_noted: list[weakref.ref] = []  # the caches of the cells since the count


def noted_cell(
    a_x: Array, a_h: Array, state: tuple[Array, ...]
) -> tuple[tuple[Array, ...], Array]:
    """Do what `rnn_cell` does, and note the cache, an array of its own.

    Shapes: a_x (B, H); a_h (B, H); state ((B, H),)
        -> state ((B, H),); cache (B, H)
    """
    state, cache = rnn_cell(a_x, a_h, state)
    kept: Any = cache + 0
    _noted.append(weakref.ref(kept))
    return state, kept


def counting_cell(
    a_x: Array, a_h: Array, state: tuple[Array, ...]
) -> tuple[tuple[Array, ...], Array]:
    """Give the number of noted caches that live, in each entry of h.

    It is told once: the caches are forgotten, and a second step gives 0.

    Shapes: a_x (B, H); a_h (B, H); state ((B, H),)
        -> state ((B, H),); cache (B, H)
    """
    gc.collect()
    alive = sum(noted() is not None for noted in _noted)
    _noted.clear()
    h = 0 * (a_x + a_h) + alive
    return (h,), h
