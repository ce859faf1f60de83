"""The command of every training: its runs, their seeds, what is kept."""

import argparse
import shlex
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from rnncore.application import cooling, train_module
from rnncore.optim import Optimizer, adam
from rnncore.storage.weights import (
    WEIGHTS,
    load_weights,
    origin,
    put_weights,
    save_weights,
)
from rnncore.train import Fit, Schedule, fit
from tools.measurements import PATH, keep_seeds, read, record

SEEDS = (0, 1, 2)
FEW = 20  # steps of a check
BY_SEED = "by seed"  # of a value that is stored with those of other seeds


class Measurement(NamedTuple):
    """One measurement, under the key that it has in the file."""

    key: str
    value: Any
    unit: str
    seed: Any = BY_SEED
    device: str = ""
    path: Path | None = None  # of another file


class Options(NamedTuple):
    """What the command line asks of a run."""

    command: str = ""  # that repeats it
    seeds: tuple[int, ...] = SEEDS
    steps: int | None = None  # instead of the planned ones
    check: bool = False
    weights: Path = WEIGHTS

    def keeps(self, seed: int) -> bool:
        """Whether this run's weights go into the package."""
        return seed == 0 and not self.check and self.steps is None


class Training(NamedTuple):
    """What is particular to one training.

    `runs` are repeated with every seed, `studies` are not. The keys of a
    run or study NAME begin with "key.NAME"; those of a single run may
    begin with "key" alone.
    """

    name: str  # of the command
    about: str
    runs: Mapping[str, Callable[[int, Options], Iterable[Measurement]]]
    studies: Mapping[str, Callable[[Options], Iterable[Measurement]]] = {}
    key: str = ""  # where it is not the name


def main(training: Training, argv: list[str] | None = None) -> None:
    """Run what the command line selects; keep each result as it comes."""
    names, given = _parse_options(training, argv)
    torch.set_num_threads(1)
    seeds, steps = given.seeds, given.steps
    if given.check:
        seeds, steps = seeds[:1], steps or FEW
    known = read(given.path) if given.missing else {}
    todo = [(n, s) for s in seeds for n in names if n in training.runs]
    todo += [(n, None) for n in names if n in training.studies]
    for name, seed in todo:
        if _is_known(training, name, seed, known):
            continue
        command = f"python -m tools.train {training.name} {shlex.quote(name)}"
        command += f" --steps {steps}" if steps else ""
        asked = Options(command, seeds, steps, given.check, given.weights)
        if seed is None:
            found = training.studies[name](asked)
        else:
            found = training.runs[name](seed, asked)
        for one in found:
            text = str(one.value)
            short = text if len(text) < 100 else f"{text[:97]}..."
            tqdm.write(f"{one.key}: {short}")
            if not given.check:
                _record(one, seed, command, given.path)


def _parse_options(
    training: Training, argv: list[str] | None
) -> tuple[list[str], argparse.Namespace]:
    """The names of runs and studies that are selected, and the rest."""
    every = [*training.runs, *training.studies]
    parser = argparse.ArgumentParser(
        prog=f"python -m tools.train {training.name}",
        description=training.about,
        epilog="runs and studies: " + ", ".join(every),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("names", nargs="*", metavar="NAME", help="or a pattern; else all")
    add("--seeds", type=int, nargs="+", default=SEEDS)
    add("--steps", type=int, help="else as many as are planned")
    add("--check", action="store_true", help="few steps, nothing is kept")
    add("--missing", action="store_true", help="what is not recorded yet")
    add("--path", type=Path, default=PATH, help="of the measurements")
    add("--weights", type=Path, default=WEIGHTS, help="a folder")
    given = parser.parse_args(argv)
    given.seeds = tuple(given.seeds)
    for asked in given.names:
        if not any(fnmatchcase(name, asked) for name in every):
            parser.error(f"{asked}: expected some of {', '.join(every)}")
    patterns = given.names or ["*"]
    chosen = [n for n in every if any(fnmatchcase(n, p) for p in patterns)]
    return chosen, given


def _record(found: Measurement, seed: int | None, command: str, path: Path) -> None:
    key, value, unit, of, device, other = found
    if of == BY_SEED and seed is not None:
        keep_seeds(key, {seed: value}, unit, command, path)
        return
    record(
        {key: value},
        unit=unit,
        seed=of,
        command=command,
        device=device,
        path=other or path,
    )


def _is_known(
    training: Training, name: str, seed: int | None, known: Mapping[str, dict[str, Any]]
) -> bool:
    """Whether something of a run with this seed, or of a study, is there."""
    key = training.key or training.name
    prefix = f"{key}." if len(training.runs) == 1 else f"{key}.{name}."
    return any(
        f"{known_key}.".startswith(prefix)
        and (
            seed is None
            or seed == entry["seed"]
            or (isinstance(entry["seed"], list) and seed in entry["seed"])
        )
        for known_key, entry in known.items()
    )


def list_measurements(
    prefix: str,
    values: Mapping[str, Any],
    units: Mapping[str, str] | str,
    seed: Any = BY_SEED,
) -> Iterator[Measurement]:
    """A measurement for each value; units[""] where no other is named."""
    for key, value in values.items():
        unit = units
        if not isinstance(unit, str):
            unit = unit[key if key in unit else ""]
        yield Measurement(f"{prefix}.{key}" if key else prefix, value, unit, seed)


def show_progress(label: str) -> Callable[[Iterable[int]], Iterable[int]]:
    """A progress bar for `fit`."""
    return lambda steps: tqdm(steps, desc=label, mininterval=5)


def fit_cell(
    loss_and_gradient: Callable,
    params: Any,
    next_batch: Callable,
    rate: float,
    steps: int,
    rng: np.random.Generator,
    *,
    optimizer: Callable[[float], Optimizer] = adam,
    evaluate_every: int = 100,
    progress: Callable | None = None,
    **options: Any,
) -> tuple[Fit, float]:
    """Clipping at 1: the outcome, and the seconds of one core."""
    begun = time.process_time()
    result = fit(
        loss_and_gradient,
        params,
        next_batch,
        optimizer=optimizer(rate),
        schedule=Schedule(steps, 1.0, evaluate_every, progress=progress),
        rng=rng,
        **options,
    )
    return result, time.process_time() - begun


def fit_module(
    module: torch.nn.Module,
    loss: Callable,
    next_batch: Callable,
    rate: float,
    steps: int,
    seed: int,
    label: str,
    *,
    optimizer: Callable[[float, int], Optimizer] = cooling,
    evaluate_every: int = 100,
    **options: Any,
) -> tuple[Fit, float]:
    """The same of a module, whose rate falls to 0 at the end."""
    begun = time.process_time()
    progress = show_progress(f"{label} {seed}")
    result = train_module(
        module,
        loss,
        next_batch,
        optimizer=optimizer(rate, steps),
        schedule=Schedule(steps, 1.0, evaluate_every, progress=progress),
        rng=np.random.default_rng(seed),
        **options,
    )
    return result, time.process_time() - begun


def fit_once(
    module: torch.nn.Module, kind: str, name: str, seed: int, asked: Options, **fit: Any
) -> dict[str, Any]:
    """What is known of a training; `fit` is what `fitted_module` takes besides.

    For sets whose licence keeps their networks out of the package: the
    weights go to another --weights folder, if one is given, and a network
    that is there already is not trained again.
    """
    path = asked.weights / f"{name}_{seed}.safetensors"
    if path.exists():
        weights, known = load_weights(path, kind)
        put_weights(module, weights)
        module.eval()
        return known["facts"]
    result, seconds = fit_module(module, seed=seed, label=name, **fit)
    facts = {
        "seconds": round(seconds, 1),
        "weights": sum(w.numel() for w in module.parameters()),
        "steps": fit["steps"],
        "validation": [round(x, 4) for x in result.history.score],
    }
    if asked.weights != WEIGHTS:
        save_weights(path, module, describe_run(asked, seconds, kind=kind, facts=facts))
    return facts


def describe_run(asked: Options, seconds: float, **more: Any) -> dict[str, Any]:
    """What is stored with the weights of seed 0."""
    known = {"seed": 0, "seconds": round(seconds, 1)}
    return {**origin(asked.command), **known, **more}
