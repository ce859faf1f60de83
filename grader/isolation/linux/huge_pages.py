"""Memory in large pages, so that a process is copied quickly.

A fork copies the table of a process's pages, and its end takes that table
apart. Memory that lies in pages of 2 MB instead of 4 kB needs a table of
one entry where it needed 512. What a copy writes to is still copied in
small pages, so a copy takes no more memory than before.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from pathlib import Path

HUGE = 1 << 21
MADV_COLLAPSE = 25  # <linux/mman.h>, since Linux 6.1


def use_large() -> int:
    """Put this process's memory into large pages; the bytes it is asked of.

    Where the system does not know how, nothing changes.
    """
    if sys.platform != "linux":
        return 0
    libc, asked = ctypes.CDLL(None), 0
    for first, last in list(_list_writable()):
        first, last = -(-first // HUGE) * HUGE, last // HUGE * HUGE
        if first < last:
            size = last - first
            address = ctypes.c_void_p(first)
            libc.madvise(address, ctypes.c_size_t(size), MADV_COLLAPSE)
            asked += size
    return asked


def _list_writable() -> Iterator[tuple[int, int]]:
    """The ranges of addresses that are this process's own."""
    for line in Path("/proc/self/maps").read_text("utf-8").splitlines():
        place, rights, _, _, file, *name = line.split(maxsplit=5)
        if rights == "rw-p" and file == "0" and name != ["[stack]"]:
            first, last = place.split("-")
            yield int(first, 16), int(last, 16)
