"""The processor's registers, and machine code that runs on them.

This is all that a second start needs: llvmlite loads what numba compiled
at the first one, and numba itself stays on the disk.
"""

import ctypes
import platform
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np


@cache
def llvm() -> Any:
    """llvmlite's binding; it is loaded when a loop is to run, not before.

    Raises ModuleNotFoundError where llvmlite is not installed.
    """
    from llvmlite import binding

    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    return binding


@cache
def register_bytes() -> int:
    """How many bytes a register of this machine's processor holds."""
    has = llvm().get_host_cpu_features()
    return 64 if has.get("avx512f") else 32 if has.get("avx2") else 16


@cache
def many_registers() -> bool:
    """Whether there are 32 of them, as on AVX-512 and ARM, not 16."""
    triple = llvm().get_default_triple()
    return register_bytes() == 64 or triple.startswith(("aarch64", "arm64"))


def lanes_of(dtype: str) -> int:
    """How many numbers of this NumPy dtype a register holds."""
    return register_bytes() // np.dtype(dtype).itemsize


def panel_width() -> int:
    """How many registers lie side by side in a panel of packed weights."""
    return 4 if many_registers() else 2


def processor() -> str:
    """All that machine code depends on of the machine."""
    parts = [platform.machine(), llvm().get_host_cpu_name()]
    return "\n".join([*parts, llvm().get_host_cpu_features().flatten()])


def tiles_name(dtype: str) -> str:
    """What the function that computes any tile is called in memory."""
    return f"rnncore_tile_{dtype}"


def target_machine() -> Any:
    """What turns LLVM's code into this processor's."""
    target = llvm().Target.from_triple(llvm().get_process_triple())
    return target.create_target_machine(
        cpu=llvm().get_host_cpu_name(),
        features=llvm().get_host_cpu_features().flatten(),
        opt=3,
        reloc="pic",
        codemodel="jitdefault",
        jit=True,
    )


def load(code: bytes) -> Callable[[str], int]:
    """Bring an object file into memory; its functions are found by name.

    It stays there as long as the process lives, and a fork inherits it.
    """
    empty = llvm().parse_assembly(f'target triple = "{_triple()}"')
    engine = llvm().create_mcjit_compiler(empty, target_machine())
    engine.add_object_file(llvm().ObjectFileRef.from_data(code))
    engine.finalize_object()
    _loaded.append(engine)
    return engine.get_function_address


_loaded: list[Any] = []


def _triple() -> str:
    return llvm().get_process_triple()


class Function:
    """A loop in memory, called with arrays of one dtype and whole numbers.

    numba's convention: before the arguments stand places for the result and
    for an error, and neither is used. Other threads run meanwhile.

    Raises TypeError for an array of another dtype or order.
    """

    def __init__(self, place: int, arrays: Sequence[bool], dtype: str):
        kinds = [ctypes.c_void_p if a else ctypes.c_int64 for a in arrays]
        two = [ctypes.c_void_p, ctypes.c_void_p]
        self.run = ctypes.CFUNCTYPE(ctypes.c_int, *two, *kinds)(place)
        self.arrays, self.dtype = tuple(arrays), np.dtype(dtype)

    def __call__(self, *given: Any) -> None:
        """Run it; the arrays are written in their places."""
        flat = [
            self._place(a) if array else a
            for a, array in zip(given, self.arrays, strict=True)
        ]
        result, error = ctypes.c_void_p(), ctypes.c_void_p()
        self.run(ctypes.byref(result), ctypes.byref(error), *flat)

    def _place(self, a: np.ndarray) -> int:
        if a.dtype != self.dtype or not a.flags.c_contiguous:
            raise TypeError(
                f"expected a contiguous array of {self.dtype}, "
                f"got {a.dtype} with strides {a.strides}"
            )
        return a.ctypes.data
