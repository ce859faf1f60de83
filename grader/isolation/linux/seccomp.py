"""Closes calls of the system that a learner's code has no use for.

What is refused keeps memory that no process counts for (files in memory,
System V's segments, shared pages without a name, sockets' buffers: pairs of
sockets, which the monitor counts, are left, at their usual size), or reaches into other
processes and the kernel. A session of its own would get a share of the
processor of its own, so `setsid` does nothing, and says that it did: what
starts a program in a new session goes on. The filter is a program of the
Berkeley packet filter, <linux/seccomp.h>; what a process starts inherits it.
"""

from __future__ import annotations

import ctypes
import errno
import platform
from typing import NamedTuple

LOAD, AND, EQUAL, AT_LEAST, RETURN = 0x20, 0x54, 0x15, 0x35, 0x06
NUMBER, ARCH, FLAGS = 0, 4, 40  # their offsets; the flags are mmap's
KILL, ERRNO, ALLOW = 0x80000000, 0x00050000, 0x7FFF0000
SHARED_WITHOUT_NAME = 0x21  # MAP_SHARED and MAP_ANONYMOUS
X32 = 0x40000000  # the second set of numbers that x86 has
PR_SET_SECCOMP, FILTER = 22, 2


class Machine(NamedTuple):
    """A kind of processor: its mark, two numbers, the refused calls."""

    arch: int
    mmap: int
    setsid: int
    refused: dict[str, int]


MACHINES = {
    "x86_64": Machine(
        0xC000003E,
        9,
        112,
        {
            "memfd_create": 319,
            "memfd_secret": 447,
            "shmget": 29,
            "semget": 64,
            "msgget": 68,
            "mq_open": 240,
            "add_key": 248,
            "request_key": 249,
            "keyctl": 250,
            "ptrace": 101,
            "process_vm_readv": 310,
            "process_vm_writev": 311,
            "kcmp": 312,
            "pidfd_getfd": 438,
            "userfaultfd": 323,
            "io_uring_setup": 425,
            "bpf": 321,
            "perf_event_open": 298,
            "socket": 41,
            "setsockopt": 54,
            "mount": 165,
            "unshare": 272,
            "setns": 308,
        },
    ),
    "aarch64": Machine(
        0xC00000B7,
        222,
        157,
        {
            "memfd_create": 279,
            "memfd_secret": 447,
            "shmget": 194,
            "semget": 190,
            "msgget": 186,
            "mq_open": 180,
            "add_key": 217,
            "request_key": 218,
            "keyctl": 219,
            "ptrace": 117,
            "process_vm_readv": 270,
            "process_vm_writev": 271,
            "kcmp": 272,
            "pidfd_getfd": 438,
            "userfaultfd": 282,
            "io_uring_setup": 425,
            "bpf": 280,
            "perf_event_open": 241,
            "socket": 198,
            "setsockopt": 208,
            "mount": 40,
            "unshare": 97,
            "setns": 268,
        },
    ),
}


class Step(ctypes.Structure):
    """One instruction: what to do, how far to jump, with which number."""

    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_so", ctypes.c_uint8),
        ("if_not", ctypes.c_uint8),
        ("k", ctypes.c_uint32),
    ]


class Program(ctypes.Structure):
    """The steps, and how many they are."""

    _fields_ = [("length", ctypes.c_uint16), ("steps", ctypes.POINTER(Step))]


def make_steps(machine: Machine) -> list[Step]:
    """The filter's instructions."""
    refuse = Step(RETURN, 0, 0, ERRNO | errno.EPERM)
    found = [
        Step(LOAD, 0, 0, ARCH),
        Step(EQUAL, 1, 0, machine.arch),
        Step(RETURN, 0, 0, KILL),
        Step(LOAD, 0, 0, NUMBER),
        Step(AT_LEAST, 0, 1, X32),
        refuse,
    ]
    for number in machine.refused.values():
        found += [Step(EQUAL, 0, 1, number), refuse]
    return [
        *found,
        Step(EQUAL, 0, 1, machine.setsid),
        Step(RETURN, 0, 0, ERRNO),  # no error, and nothing done
        Step(EQUAL, 0, 4, machine.mmap),
        Step(LOAD, 0, 0, FLAGS),
        Step(AND, 0, 0, SHARED_WITHOUT_NAME),
        Step(EQUAL, 0, 1, SHARED_WITHOUT_NAME),
        refuse,
        Step(RETURN, 0, 0, ALLOW),
    ]


def close_calls(libc: ctypes.CDLL) -> bool:
    """Refuse the calls from now on; False on an unknown processor.

    The process must have given up new rights. Raises OSError.
    """
    machine = MACHINES.get(platform.machine())
    if machine is None:
        return False
    made = make_steps(machine)
    array = (Step * len(made))(*made)
    program = Program(len(made), array)
    at = ctypes.byref(program)
    if libc.prctl(PR_SET_SECCOMP, FILTER, at, 0, 0) < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    return True
