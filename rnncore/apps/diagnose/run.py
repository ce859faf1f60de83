"""Watch a script, or a model that is given, and say what is wrong."""

import copy
import re
import runpy
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from rnncore.apps.diagnose.finding import Finding
from rnncore.apps.diagnose.findings import find_faults
from rnncore.apps.diagnose.look import Enough
from rnncore.apps.diagnose.record import Record
from rnncore.apps.diagnose.watch import watch
from rnncore.storage.files import read_bytes
from rnncore.storage.intake import parse_json

Loss = Callable[..., Tensor]


def diagnose(
    model: torch.nn.Module,
    batch: Sequence[Tensor],
    loss: Loss,
    optimizer: Callable[..., torch.optim.Optimizer] | None = None,
    steps: int = 30,
) -> list[Finding]:
    """The faults of a model, the surest first, [] where none was found.

    `loss(model, *batch)` calls the model and gives a number. A copy of
    the model takes `steps` steps on this batch by
    `optimizer(parameters)`, Adam where None is given; the model itself
    and the random numbers that follow stay as they were.

    Raises ValueError where no recurrent layer of torch.nn is called, or
    the loss is no single number.
    """
    model = copy.deepcopy(model)
    make = optimizer or torch.optim.Adam
    stepper = make(model.parameters())
    with torch.random.fork_rng(devices=[]), watch() as record:
        for _ in range(steps):
            value = loss(model, *batch)
            if value.numel() != 1:
                raise ValueError(
                    "loss: expected a single number, got the shape "
                    f"{tuple(value.shape)}"
                )
            stepper.zero_grad()
            try:
                value.backward()
            except RuntimeError:
                if record.carried:
                    break  # the state's graph is gone: that is a finding
                raise
            stepper.step()
    if not record.models:
        raise ValueError(
            "model: expected a module with a recurrent layer of torch.nn "
            "that the loss calls, got none"
        )
    record.clipped = True  # whoever calls this has a loop of their own
    return find_faults(record)


def watch_script(
    path: Path,
    words: Sequence[str] = (),
    seconds: float = 60.0,
    stop: int | None = None,
) -> tuple[Record, BaseException | None]:
    """Run a Python file, or a notebook, as a program: what was seen, and
    how it failed.
    """
    argv, folders = sys.argv, sys.path[:]
    sys.argv = [str(path), *words]
    failed: BaseException | None = None
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with watch(seconds, stop) as record:
            try:
                _run(path.resolve())
            except Enough:
                pass
            except SystemExit as end:
                failed = end if end.code else None
            except Exception as error:  # noqa: BLE001 - told with its line
                failed, record.stopped = error, True
    finally:
        sys.argv, sys.path[:] = argv, folders
    return record, failed


def _run(path: Path) -> None:
    if path.suffix != ".ipynb":
        runpy.run_path(str(path), run_name="__main__")
        return
    main, before = types.ModuleType("__main__"), sys.modules["__main__"]
    main.__dict__["display"] = print
    sys.modules["__main__"] = main
    try:
        for name, code in read_cells(path):
            exec(compile(code, name, "exec"), main.__dict__)  # noqa: S102 - its own
    finally:
        sys.modules["__main__"] = before


def read_cells(path: Path) -> list[tuple[str, str]]:
    """The code cells of a notebook: a name for each, and its Python.

    Lines of a shell (!) or of IPython (%) are left out, cells that begin
    with a %% of another language, too. Raises ValueError where the file
    is no notebook.
    """
    try:
        cells = parse_json(read_bytes(path))["cells"]
        sources = ["".join(c["source"]) for c in cells if c["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path}: expected a notebook of format 4") from error
    named = []
    for number, source in enumerate(sources, 1):
        if re.match(r"\s*%%(?!time|capture)", source):
            continue
        plain = re.sub(r"(?m)^(\s*)[!%].*$", r"\1pass", source)
        named.append((f"{path}, cell {number}", plain))
    return named
