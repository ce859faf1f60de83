"""The command `memory-ruler`: compares your cell with the others."""

import argparse
import contextlib
import importlib.util
import math
import sys
import traceback
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from rnncore.apps.spine import common
from rnncore.comparison import ruler
from rnncore.storage.files import Refused, whole_file


class Found(NamedTuple):
    """What a learner's file holds."""

    cell: Callable
    cell_vjp: Callable
    G: int
    parts: int


def _measure_cell(arguments: argparse.Namespace) -> int:
    """Measure the cell in a file; print, and draw where asked to."""
    if not 1 <= arguments.budget <= ruler.BUDGET:
        raise Refused(f"--budget: expected 1 to {ruler.BUDGET}, got {arguments.budget}")
    _check_poster(arguments.poster, arguments.force)
    found = _load_cell(arguments.file, arguments.cell)
    budget = arguments.budget
    seeds: Sequence[int] = ruler.SEEDS
    if arguments.quick:
        budget, seeds = ruler.QUICK_BUDGET, ruler.QUICK_SEEDS
    try:
        count = len(seeds) * len(ruler.LAGS)
        bar = common.make_progress_bar(desc="copy lag", unit="lag", total=count)
        with contextlib.closing(bar):
            result = ruler.measure(
                *found, budget=budget, seeds=seeds, progress=bar.update
            )
    except Exception as error:
        at = _find_place(error, arguments.file)
        if not isinstance(error, AssertionError | NotImplementedError):
            if not at:
                raise  # not the learner's mistake
            at = f"{type(error).__name__}: {error}\n{at}"
            error = Exception(f"{arguments.file} cannot be measured")
        print(f"{error}\n{at}".rstrip(), file=sys.stderr)
        return 1
    if arguments.poster:
        kind = arguments.poster.suffix[1:].lower()
        with whole_file(arguments.poster) as file:
            ruler.draw(result).savefig(file, format=kind)
    print(_report(result, budget))
    if arguments.poster:
        print(f"the poster: {arguments.poster}")
    return 0


def _report(result: ruler.Ruler, budget: int) -> str:
    """What was measured, as lines of text."""
    left = f"{result.half_life:.1f} steps"
    if math.isinf(result.half_life):
        left = f"over {ruler.HORIZON} steps"
    facts = {
        "gradient check": f"passed; largest error {result.gradient_error:.0e}",
        "half-life": f"{left}, without training",
        "copy lag": f"{result.copy_lag} steps, after at most {budget} updates a lag",
        "time": f"{result.milliseconds:.3f} ms a step, "
        f"{result.ratio:.2f} times the plain cell's",
    }
    lines = [result.name]
    lines += [f"  {name:16}{fact}" for name, fact in facts.items()]
    lines += ["", f"  {'':16}{'ms a step':>9}{'copy lag':>10}   seeds"]
    own = ruler.Dot(result.name, result.copy_lags, result.milliseconds)
    for dot in (own, *result.beside):
        lines.append(
            f"  {dot.name:16}{dot.milliseconds:9.3f}"
            f"{ruler.middle(dot.copy_lags):10}   " + ", ".join(map(str, dot.copy_lags))
        )
    about = ruler.stored_lags()
    lines.append(
        f"  (copy lags of the others: {about['device']}, {about['date']}; "
        "times: this run)"
    )
    return "\n".join(lines)


def _load_cell(path: Path, name: str | None) -> Found:
    """The cell in a learner's file, and what it says of G and PARTS."""
    if not path.is_file():
        raise Refused(f"{path}: there is no such file")
    module = types.ModuleType("rnncore_own_cell")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses look for it
    try:
        code = compile(path.read_bytes(), str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f", line {line}" if line else ""
        raise Refused(f"{path}{where}: not Python: {error}") from error
    sys.path.insert(0, str(path.parent))  # as `python FILE` does
    try:
        exec(code, module.__dict__)  # noqa: S102 - the learner's own file
    except (Exception, SystemExit) as error:
        raise Refused(
            f"{path}: {type(error).__name__}: {error}\n{_find_place(error, path)}"
        ) from error
    finally:
        sys.path.remove(str(path.parent))
    names = vars(module)
    made = {n: f for n, f in names.items() if callable(f)}
    pairs = [n for n in made if f"{n}_vjp" in made]
    own = [n for n in pairs if made[n].__module__ == module.__name__]
    named = [n for n in pairs if n == name]
    # what is imported counts where there is no other
    pairs = (own or pairs) if name is None else named
    if len(pairs) != 1:
        wanted = name or "NAME"
        got = ", ".join(pairs) or "no such pair"
        more = "; choose one with --cell" if pairs else ""
        raise Refused(
            f"{path}: expected two functions {wanted} and {wanted}_vjp, got {got}{more}"
        )
    sizes = {k: names.get(k, 1) for k in ("G", "PARTS")}
    for k, value in sizes.items():
        if type(value) is not int or value < 1:
            raise Refused(
                f"{path}: {k}: expected an integer of at least 1, got {value!r}"
            )
    cell, vjp = names[pairs[0]], names[pairs[0] + "_vjp"]
    return Found(cell, vjp, sizes["G"], sizes["PARTS"])


def _find_place(error: BaseException, path: Path) -> str:
    """The last line of the file that the exception came through."""
    seen: BaseException | None = error
    while seen is not None:
        frames = traceback.extract_tb(seen.__traceback__)
        for frame in reversed(frames):
            if frame.filename == str(path):
                return f"  {path}, line {frame.lineno}: {frame.line}"
        seen = seen.__cause__
    return ""


def _check_poster(path: Path | None, force: bool) -> None:
    """Raise Refused now, not after a minute of training."""
    if path is None:
        return
    common.output_file(path, force, ".png", ".svg")
    if importlib.util.find_spec("matplotlib") is None:
        raise Refused("--poster needs matplotlib: python -m pip install matplotlib")


PARTS = {"": _measure_cell}
