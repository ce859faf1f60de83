"""Fair comparisons of what was trained, and claims bound to them."""

import html
import itertools
import math
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

Setting = dict[str, float]  # such as {"rate": 0.001}
Grid = dict[str, list[float]]  # what is tuned, and its values
SEEDS, HEADLINE = 3, 5  # at least so many
OTHERWISE = "On this machine this came out otherwise"
FALSE = "false_claim"  # the key of a note's metadata


class Trained(NamedTuple):
    """One run: how it did, and how to ask for its score on the test set.

    Lower scores are better. `steps` is how many it really took.
    """

    validation: float
    steps: int
    test: Callable[[], float]


Train = Callable[[Setting, int, int], Trained]  # setting, seed, steps


class Tried(NamedTuple):
    """One setting of one contender, and a validation score per seed."""

    setting: Setting
    validation: list[float]

    @property
    def median(self) -> float:
        """What settings are chosen by."""
        return float(np.median(self.validation))


class Result(NamedTuple):
    """What became of one contender."""

    chosen: Setting
    test: list[float]  # one per seed, of the chosen setting
    tried: list[Tried]
    edges: list[str]  # of the grid, at which the search gave up

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """The test scores' lower quartile, median and upper quartile."""
        return quartiles(self.test)

    @property
    def median(self) -> float:
        """The test scores' median."""
        return self.quartiles[1]

    def at(self, **setting: float) -> Tried:
        """What was tried with this setting.

        Raises ValueError where it was not.
        """
        for tried in self.tried:
            if tried.setting == setting:
                return tried
        known = [tried.setting for tried in self.tried]
        raise ValueError(f"setting: expected one of {known}, got {setting}")


class Comparison(NamedTuple):
    """Contenders that had the same steps, seeds and grid."""

    steps: int
    seeds: list[int]
    grid: Grid  # as far as it was extended
    results: dict[str, Result]

    def difference(self, one: str, other: str) -> list[float]:
        """Test score of one less that of the other, seed by seed."""
        pair = self.results[one].test, self.results[other].test
        return [a - b for a, b in zip(*pair, strict=True)]


def quartiles(scores: Sequence[float]) -> tuple[float, float, float]:
    """The lower quartile, the median and the upper quartile."""
    low, middle, high = np.quantile(scores, [0.25, 0.5, 0.75])
    return float(low), float(middle), float(high)


def compare(
    contenders: Mapping[str, Train],
    grid: Mapping[str, Sequence[float]],
    *,
    steps: int,
    seeds: Sequence[int],
    headline: bool = False,
    extensions: int = 2,
) -> Comparison:
    """Train all contenders with all settings and seeds; test the chosen.

    The setting with the lowest median validation score is chosen. Where
    it lies at an edge of the grid, for any contender, the grid grows
    there by its last ratio, for all of them, at most `extensions` times
    at each edge; where that was not enough, `edges` says so. Only then is
    the test set asked, once for each run with a chosen setting. A run
    that raises FloatingPointError has diverged: its scores are infinite.

    Raises ValueError for too few seeds, a grid that cannot be extended,
    or a run with other steps than those that all were given.
    """
    _check(contenders, grid, seeds, HEADLINE if headline else SEEDS)
    axes = {name: [float(v) for v in grid[name]] for name in grid}
    runs: dict[str, dict[tuple, list[Trained]]] = {
        c: {} for c in contenders
    }
    left = {(n, side): extensions for n in axes for side in (0, -1)}
    while True:
        for setting in _settings(axes):
            for name, train in contenders.items():
                known = runs[name]
                if _key(setting) not in known:
                    known[_key(setting)] = [
                        _run(name, train, setting, seed, steps)
                        for seed in seeds
                    ]
        chosen = {name: _choose(axes, runs[name]) for name in contenders}
        edges = {e for c in chosen.values() for e in _edges(axes, c)}
        todo = [edge for edge in sorted(edges) if left[edge]]
        if not todo:
            break
        for axis, side in todo:
            left[axis, side] -= 1
            _extend(axes[axis], side)
    return Comparison(
        steps,
        list(seeds),
        axes,
        {
            name: Result(
                chosen[name],
                [run.test() for run in runs[name][_key(chosen[name])]],
                [
                    Tried(s, [r.validation for r in runs[name][_key(s)]])
                    for s in _settings(axes)
                ],
                [
                    f"{axis} {axes[axis][side]:g}"
                    for axis, side in _edges(axes, chosen[name])
                ],
            )
            for name in contenders
        },
    )


def to_json(comparison: Comparison) -> dict[str, Any]:
    """What a file can hold; an infinite score becomes None."""

    def plain(value: Any) -> Any:
        if isinstance(value, tuple):
            value = value._asdict()  # type: ignore[attr-defined]
        if isinstance(value, dict):
            return {key: plain(v) for key, v in value.items()}
        if isinstance(value, list):
            return [plain(v) for v in value]
        return None if value == math.inf else value

    return plain(comparison)


def from_json(value: Mapping[str, Any]) -> Comparison:
    """What `to_json` was given."""

    def scores(values: list[float | None]) -> list[float]:
        return [math.inf if v is None else v for v in values]

    def result(entry: Mapping[str, Any]) -> Result:
        tried = [
            Tried(t["setting"], scores(t["validation"]))
            for t in entry["tried"]
        ]
        test = scores(entry["test"])
        return Result(entry["chosen"], test, tried, entry["edges"])

    results = {name: result(e) for name, e in value["results"].items()}
    return Comparison(
        value["steps"], value["seeds"], value["grid"], results
    )


def claim(sentence: str, condition: bool | np.bool_) -> None:
    """Say so, here, where the numbers no longer say what the sentence says.

    What training gives differs in its last digits between processors, and
    so may a conclusion: a notebook shows a note and goes on, as does a
    script, which prints it. With STRICT=1 in the environment, as authors
    have it, AssertionError is raised with the sentence; TypeError always
    for a condition that is neither true nor false, such as an array.
    """
    if not isinstance(condition, bool | np.bool_):
        kind = type(condition).__name__
        raise TypeError(f"condition: expected a bool, got {kind}")
    if condition:
        return
    if os.environ.get("STRICT", "0") not in ("", "0"):
        raise AssertionError(f"no longer so: {sentence}")
    _show_note(sentence)


def read_clock() -> float:
    """Seconds that this program has computed so far, for differences.

    Other programs do not count, so that a claim about time is no bet on
    them. It is the time that has passed where OMP_NUM_THREADS asks for
    several threads, whose times would add up, and on Windows, which
    counts in steps of 16 ms, too coarse for a page.
    """
    alone = os.environ.get("OMP_NUM_THREADS", "1") == "1"
    if alone and os.name != "nt":
        return time.process_time()
    return time.perf_counter()


def _show_note(sentence: str) -> None:
    """Show it where a notebook or a terminal shows what a cell gives."""
    plain = f"{OTHERWISE}: {sentence}"
    ipython = sys.modules.get("IPython")
    if ipython is None or ipython.get_ipython() is None:
        print(plain)
        return
    note = (
        f'<div class="admonition note false-claim"><p class="admonition-'
        f'title">{OTHERWISE}</p><p>{html.escape(sentence)}</p></div>'
    )
    ipython.display.display(
        {"text/plain": plain, "text/html": note},
        raw=True,
        metadata={FALSE: {"sentence": sentence, "line": _find_line()}},
    )


def _find_line() -> int:
    """The line of the claim in the cell that runs, from 1."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_name != "<module>":
        frame = frame.f_back
    return 1 if frame is None else frame.f_lineno


def _check(
    contenders: Mapping[str, Train],
    grid: Mapping[str, Sequence[float]],
    seeds: Sequence[int],
    least: int,
) -> None:
    """Raise ValueError before the first run."""
    if not contenders:
        raise ValueError("contenders: expected at least one, got none")
    if len(set(seeds)) < least or len(set(seeds)) < len(seeds):
        raise ValueError(
            f"seeds: expected at least {least}, all different, got "
            f"{list(seeds)}"
        )
    for name, values in grid.items():
        rising = all(a < b for a, b in itertools.pairwise(values))
        if len(values) < 3 or not rising or min(values) <= 0:
            raise ValueError(
                f"grid: expected at least three rising values above 0 for "
                f"{name}, got {list(values)}"
            )


def _settings(axes: Grid) -> Iterator[Setting]:
    """All combinations."""
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _key(setting: Setting) -> tuple:
    return tuple(setting.values())


def _run(
    name: str, train: Train, setting: Setting, seed: int, steps: int
) -> Trained:
    """One run that used all of its steps, or diverged."""
    try:
        run = train(setting, seed, steps)
    except FloatingPointError:
        return Trained(math.inf, steps, lambda: math.inf)
    if run.steps != steps:
        raise ValueError(
            f"{name}, {setting}, seed {seed}: expected {steps} steps, as "
            f"all have, got {run.steps}"
        )
    if math.isnan(run.validation):
        raise ValueError(
            f"{name}, {setting}, seed {seed}: its score is nan"
        )
    return run


def _choose(axes: Grid, runs: Mapping[tuple, list[Trained]]) -> Setting:
    """The lowest median; of equal ones the farthest from an edge."""

    def rank(setting: Setting) -> tuple[float, int]:
        scores = [run.validation for run in runs[_key(setting)]]
        return float(np.median(scores)), len(_edges(axes, setting))

    return min(_settings(axes), key=rank)


def _edges(axes: Grid, setting: Setting) -> list[tuple[str, int]]:
    """The axes on which a setting has the first (0) or last (-1) value."""
    return [
        (name, side)
        for name, values in axes.items()
        for side in (0, -1)
        if setting[name] == values[side]
    ]


def _extend(values: list[float], side: int) -> None:
    """One more value beyond an edge, in the ratio of the last two."""
    last, before = (values[-1], values[-2]) if side else values[:2]
    value = float(f"{last * last / before:.6g}")
    values.insert(len(values) if side else 0, value)
