"""What numba makes of the loops: the machine code that is kept."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from rnncore.fused.elementary import make_functions
from rnncore.fused.emit import BLOCK
from rnncore.fused.product import make_product
from rnncore.fused.target import llvm, panel_width, target_machine
from rnncore.fused.vector import (
    Vec,
    full,
    llvm_vec,
    load,
    load_some,
    store,
    store_some,
    vec_of,
)

OWN = ("Py", "numba_", "NRT_")  # what Python and numba alone can provide


@cache
def shared_names(dtype: str) -> dict[str, Any]:
    """What the loops of every cell call, for one dtype."""
    vec = vec_of(dtype)
    made = make_functions(dtype) | make_product(dtype)
    return made | {
        "L": vec.lanes,
        "W": panel_width(),
        "BLOCK": BLOCK,
        "full": full,
        "load": load,
        "load_some": load_some,
        "store": store,
        "store_some": store_some,
        "nothing": _nothing(vec),
    }


def machine_code(
    source: str, functions: Mapping[str, Sequence[bool]], dtype: str
) -> bytes:
    """An object file of the functions that the source defines.

    Of each function's parameters it is said which ones are arrays. The
    file's functions call each other and nothing of numba or Python.
    """
    names = dict(shared_names(dtype), __name__=__name__)
    exec(compile(source, "<loops>", "exec"), names)  # noqa: S102
    array = types.CPointer(getattr(types, dtype))
    whole = None
    for name, arrays in functions.items():
        given = tuple(array if a else types.int64 for a in arrays)
        made = njit(types.void(*given), nogil=True, error_model="numpy")
        names[name] = made(names[name])
        module = _isolate_entry(names[name], given, name)
        if whole is None:
            whole = module
        else:
            whole.link_in(module)
    assert whole is not None
    return target_machine().emit_object(whole)


def _isolate_entry(made: Any, given: tuple[Any, ...], name: str) -> Any:
    """A compiled function's LLVM module with one entry, under its name."""
    inside = made.overloads[given].fndesc.llvm_func_name
    module = llvm().parse_assembly(made.inspect_llvm(given))
    for f in module.functions:
        if f.name == inside:
            f.name = name
        elif not f.is_declaration:
            f.linkage = "internal"
    for g in module.global_variables:
        if not g.is_declaration:
            g.linkage = "internal"
    builder = llvm().create_pass_builder(
        target_machine(), llvm().create_pipeline_tuning_options(0)
    )
    passes = llvm().create_new_module_pass_manager()
    passes.add_global_dead_code_eliminate_pass()
    passes.run(module, builder)
    left = [f.name for f in module.functions if f.name.startswith(OWN)]
    if left:  # an error could be raised, or memory be asked for
        raise RuntimeError(f"{name}: expected no calls of {left}")
    return module


def _nothing(vec: Vec) -> Any:
    """A register of zeros, which says what the loops load."""

    @intrinsic
    def nothing(typing_context):
        def code(context, builder, sig, args):
            return ir.Constant(llvm_vec(vec), [0.0] * vec.lanes)

        return vec(), code

    return nothing
