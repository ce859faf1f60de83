"""What the reader's own package is to hold, and its first, empty files."""

import ast
import importlib
import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from rnncore.checking.find import OWN
from rnncore.storage.files import Refused, whole_file

FOLDER = OWN


class OwnTask(NamedTuple):
    """A function that a chapter prints and the reader writes again."""

    file: str  # of the reader's package, without its ending
    module: str  # of the course's package
    name: str


class File(NamedTuple):
    """A file of the reader's package: its title, imports and functions."""

    name: str
    title: str
    module: str
    functions: tuple[str, ...]
    imports: str


BACKEND = "from rnncore.backend import array_namespace"
RNN = f"{BACKEND}\nfrom rnncore.rnn import "
FILES = (  # in the order in which the chapters come to them
    File(
        "sequence",
        "Chapter 1: what came next.",
        "sequence",
        ("probability",),
        "",
    ),
    File(
        "cell",
        "Chapter 2: the cell and the loop.",
        "rnn",
        ("rnn_cell", "unroll", "readout"),
        f"{RNN}Tape",
    ),
    File(
        "bptt",
        "Chapter 3: the loop, from its last step.",
        "bptt",
        ("rnn_cell_vjp", "bptt", "readout_vjp"),
        f"{BACKEND}\nfrom rnncore.bptt import rows\n"
        "from rnncore.rnn import Params, Readout",
    ),
    File(
        "losses",
        "Chapter 4: the loss, and its gradient.",
        "losses",
        ("log_softmax", "cross_entropy", "cross_entropy_vjp"),
        BACKEND,
    ),
    File(
        "clipping",
        "Chapter 5: how long a gradient is, and may be.",
        "optim",
        ("global_norm", "clip_by_global_norm"),
        "from rnncore.backend import array_namespace, named_leaves, "
        "tree_map",
    ),
    File(
        "flow",
        "Chapter 5: how far a gradient reaches.",
        "gradient_flow",
        ("state_jacobians",),
        "from rnncore.backend import array_namespace, device",
    ),
    File(
        "lstm",
        "Chapter 6: a cell that keeps.",
        "lstm",
        ("sigmoid", "lstm_cell", "lstm_cell_vjp"),
        f"{BACKEND}\nfrom rnncore.lstm import gates",
    ),
    File(
        "gru",
        "Chapter 7: two gates, one state.",
        "gru",
        ("gru_cell", "gru_cell_vjp"),
        f"{BACKEND}\nfrom rnncore.lstm import gates, sigmoid",
    ),
    File(
        "layers",
        "Chapter 8: padding, and layers on layers.",
        "layers",
        ("masked", "masked_vjp", "stack", "stack_bptt"),
        f"{BACKEND}\nfrom rnncore.layers import (\n"
        "    bidirectional,\n    bidirectional_bptt,\n"
        "    bptt_padded,\n    unroll_padded,\n)\n"
        "from rnncore.rnn import Params",
    ),
)
TASKS = {
    name: OwnTask(file.name, f"rnncore.{file.module}", name)
    for file in FILES
    for name in file.functions
}
README = """\
# my_rnn

Your own recurrent networks: write the functions here, in any order; the
course's stand in for what is not written yet. The page *How to do the
exercises* says how notebooks and `make check` use them.
"""


def begin(folder: Path = FOLDER) -> list[Path]:
    """Write the files that are not there yet; those that were written.

    Raises Refused where the folder's place is taken by something else.
    """
    if os.path.lexists(folder) and not folder.is_dir():
        raise Refused(f"{folder}: expected a folder, got something else")
    folder.mkdir(exist_ok=True)
    texts = {"README.md": README}
    texts |= {f"{file.name}.py": write_stubs(file) for file in FILES}
    made = []
    for name, text in texts.items():
        if not os.path.lexists(folder / name):
            with whole_file(folder / name) as file:
                file.write(text.encode())
            made.append(folder / name)
    return made


def write_stubs(file: File) -> str:
    """The text of a file in which no function has a body yet."""
    stubs = [_stub(course_function(name)) for name in file.functions]
    head = f'"""{file.title}"""\n'
    if file.imports:
        head += f"\n{file.imports}\n"
    return "\n\n".join([head, *stubs])


def course_function(name: str) -> Callable:
    """The course's own function of a task."""
    return getattr(importlib.import_module(TASKS[name].module), name)


def _stub(function: Callable) -> str:
    """The function without its body and its types."""
    tree = ast.parse(inspect.getsource(function)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    for argument in ast.walk(tree.args):
        if isinstance(argument, ast.arg):
            argument.annotation = None
    says = ast.get_docstring(tree, clean=False)
    given = ast.unparse(tree.args)
    return f'def {tree.name}({given}):\n    """{says}"""\n'


def is_stub(tree: ast.FunctionDef) -> bool:
    """Whether a function has no body, or raises NotImplementedError."""
    told = [n for n in ast.walk(tree) if isinstance(n, ast.Raise)]
    if any("NotImplementedError" in ast.unparse(n) for n in told):
        return True
    return all(
        isinstance(line, ast.Pass)
        or (
            isinstance(line, ast.Expr)
            and isinstance(line.value, ast.Constant)
        )
        for line in tree.body
    )
