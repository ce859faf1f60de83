"""Computes the scores of a model and its baselines, and reports them."""

import json
import math
from argparse import Namespace
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import torch

from rnncore.apps.spine.common import Facts, note
from rnncore.apps.spine.options import settings_of
from rnncore.comparison.intervals import block_bootstrap, bootstrap, wilson
from rnncore.storage.files import Refused

NETWORK = "the network"  # its rows of a table begin so
Deferred = dict[str, Callable[[Facts], Facts]]  # further scores, by name
Scores = tuple[Facts, Deferred]  # the network's, with a table; the rivals'
Data = TypeVar("Data")
Model = TypeVar("Model", bound=tuple)


def keep_model(options: Any, data: Any, model: Any, *more: Any) -> Any:
    """The model that was trained is the one that is kept."""
    return model


class Described(NamedTuple):
    """The description of a model that is printed."""

    network: str  # in a few words
    table: Any  # of pandas, or text
    lines: Sequence[str]  # what it was scored on


class Application(NamedTuple, Generic[Data, Model]):
    """What `train` and `evaluate` of one application are made of.

    `Data` is what is learned from; the network, or a list of them, comes
    first in `Model`. Options are an estimator, with what its data chose.
    """

    kind: str  # of the model file
    # options, data, the run, the device
    fit: Callable[[Any, Data, Any, torch.device], tuple[Model, Facts]]
    score: Callable[[Model, Data], Scores]
    save: Callable[..., None]  # path, *model, facts
    load: Callable[..., Any]  # path -> *model, facts
    show: Callable[[Facts], Described]
    hint: str = "more data, more --steps"
    finish: Callable[..., Model] = keep_model
    choosing: bool = False  # a rival may be the one that is used
    advise: Callable[[Facts], str | None] = lambda found: None
    higher: bool = False  # of two scores the higher one is better
    cases: str = "origins"  # that network and baselines are asked at


def show(path: Path, about: Facts, described: Described) -> None:
    """A model in one line, what it was scored on, and the table."""
    network, table, lines = described
    steps = f", {about['steps']} steps" if "steps" in about else ""
    seconds = f"{about['seconds']:.0f} s"
    print(f"{path}: {network}, seed {about['seed']}{steps} in {seconds}")
    print("\n".join(lines))
    print(table if isinstance(table, str) else show_table(table))


def list_rows(about: Facts, *columns: str) -> Any:
    """The scores as a pandas table: one row per method."""
    found = {name: values for name, *values in about["table"]}
    return pd.DataFrame.from_dict(found, orient="index", columns=columns)


def show_table(table: Any) -> str:
    """A pandas table as text, numbers with three decimals."""
    return table.to_string(float_format="{:.3f}".format, na_rep="")


def show_likeliest(classes: Sequence[str], p: np.ndarray) -> None:
    """The five classes with the highest probability."""
    table = pd.Series(p, classes, name="probability")
    table = table.sort_values(ascending=False).head(5)
    print(show_table(table.to_frame()))


def add_deferred(app: Application, found: Facts, deferred: Deferred) -> Facts:
    """Add the scores of the baselines.

    Ctrl-C ends it, with what is scored by then.
    """
    left = list(deferred)
    try:
        while left:
            note(f"scoring {left[0]} ...")
            found = deferred[left[0]](found)
            left.pop(0)
    except KeyboardInterrupt as stopped:
        if type(stopped) is not KeyboardInterrupt:  # SIGTERM
            if isinstance(found["table"], str):  # may be all that remains
                note(found["table"])
            raise
        note(f"not scored: {', '.join(left)}; `evaluate` scores them")
    return add_best(app, found)


def add_best(app: Application, found: Facts) -> Facts:
    """Add the score of the best baseline in the table, if there is one."""
    if isinstance(found["table"], str):
        return found
    rest = [row[1] for row in found["table"] if not row[0].startswith(NETWORK)]
    if "score" not in found or not rest:
        return found
    return found | {"baseline": (max if app.higher else min)(rest)}


def add_rows(score: Callable[[], dict[str, Any]]) -> Callable:
    """An entry of `Deferred` that adds rows, numbers or tuples by name."""

    def add(found: Facts) -> Facts:
        rows = [
            [name, *(v if isinstance(v, tuple) else (v,))]
            for name, v in score().items()
        ]
        return found | {"table": [*found["table"], *rows]}

    return add


def share_interval(what: str, right: int, cases: int) -> Facts:
    """A 95% interval of the network's share of right cases, in %."""
    if not cases:
        return {}
    low, high = (100 * end for end in wilson(right, cases))
    return {"interval": [f"% {what}", low, high]}


def error_interval(what: str, errors: Any, lengths: Any, groups: Any) -> list:
    """A 95% interval of an error in %, by resampling groups (bootstrap).

    The cases of a group, such as a speaker's, are drawn together. Where
    no case has an error all draws agree; then that of a share of groups.
    """
    _, of = np.unique(np.asarray(groups), return_inverse=True)
    wrong, all_ = (np.bincount(of, weights=a) for a in (errors, lengths))

    def error(places: Any) -> float:
        return 100 * float(wrong[places].sum() / all_[places].sum())

    low, high = bootstrap(error, len(all_), np.random.default_rng(0))
    if not high:
        high = 100 * wilson(0, len(all_))[1]
    return [what, low, high]


def mean_interval(what: str, values: Any, weights: Any) -> Facts:
    """A 95% interval of a weighted mean, by resampling its cases.

    Where there is one case alone it says nothing.
    """
    values, weights = np.asarray(values), np.asarray(weights)
    if len(values) < 2:
        return {}

    def mean(places: Any) -> float:
        chosen = weights[places]
        return float((values[places] * chosen).sum() / chosen.sum())

    ends = bootstrap(mean, len(values), np.random.default_rng(0))
    return {"interval": [what, *ends]}


def corpus_intervals(metrics: dict[str, Any], said: Any, references: Any) -> Facts:
    """95% intervals of sacrebleu's metrics, by resampling the sentences.

    Where there is one case alone, or all draws agree, they say nothing.
    sacrebleu's own resampling fails where a draw has no match at all.
    """
    found = []
    for what, metric in metrics.items():
        counts = np.array(metric._extract_corpus_statistics(said, references), float)

        def score(places: Any, metric=metric, counts=counts) -> float:
            drawn = counts[places].sum(axis=0)
            return float(metric._compute_score_from_stats(drawn).score)

        ends = bootstrap(score, len(counts), np.random.default_rng(0))
        if ends[0] < ends[1]:
            found.append([what, *ends])
    return {"intervals": found}


def paired_interval(rival: str, apart: Any, least: int = 1) -> Facts:
    """A 95% interval of a mean difference to a rival, of cases in order.

    `least` neighbours have something in common. Where there are not two
    of such blocks it says nothing.
    """
    if len(apart) < 2 * least:
        return {}
    ends = block_bootstrap(
        lambda places: float(apart[places].mean()),
        len(apart),
        np.random.default_rng(0),
        least=least,
    )
    return {"difference": [rival, len(apart), *ends]}


def was_learned(about: Facts, digest: str, name: str) -> bool:
    """Whether a model learned from these data, and a part was held out.

    Raises Refused where all of them were learned from.
    """
    settings = about.get("settings", {})
    if digest != settings.get("data"):
        return False
    if "test data" in settings:
        raise Refused(
            f"{name}: the model has learned from all of it: expected what it "
            "was tested on, or other data"
        )
    return True


def train(
    kind: Any, arguments: Namespace, *data: Any, inputs: Sequence[str] = ()
) -> int:
    """Fit a class with what a command line has of its settings; report it.

    `inputs` are further arguments of its `fit`, such as validation.
    """
    model = kind(**settings_of(arguments, kind))
    model.line = arguments.line
    more = {name: getattr(arguments, name) for name in inputs}
    model.fit(*data, path=arguments.model, **more)
    report(model._app(), arguments.model, model.about_, model.about_)
    return 0


def evaluate(kind: Any, arguments: Namespace, *data: Any, **more: Any) -> int:
    """Score a model of this kind on data as its `score` takes them."""
    model = kind.load(arguments.model, arguments.device)
    found = add_deferred(model._app(), *model._rescore(*data, **more))
    about = model.about_ | found
    report(model._app(), arguments.model, about, found, arguments.json)
    return 0


def report(
    app: Application, path: Path, about: Facts, found: Facts, as_json: bool = False
) -> None:
    """Print the model's description, what was read, and its scores."""
    described = app.show(about)
    lines = [*about.get("read", []), *described.lines]
    first = [found["interval"]] if "interval" in found else []
    for what, low, high in [*first, *found.get("intervals", [])]:
        line = f"95% interval of the network's {what}: "
        digits = 1 if what.startswith(("%", "BLEU", "chrF")) else 3
        lines.append(f"{line}{low:.{digits}f} to {high:.{digits}f}")
    if "difference" in found:
        rival, cases, low, high = found["difference"]
        lines.append(
            f"95% interval of the difference in {rival}, at the same "
            f"{cases} {app.cases}: {low:+.3f} to {high:+.3f}"
        )
    if as_json:
        described = described._replace(lines=lines[len(about.get("read", [])) :])
        print(_as_json(app, path, about, found, described))
        return
    described = described._replace(lines=lines)
    show(path, about, described)
    advice = app.advise(found)
    if advice is None:
        tell_loser(app, found)
    else:
        print(advice)


def _as_json(
    app: Application, path: Path, about: Facts, found: Facts, described: Described
) -> str:
    """The same report as JSON; NaN and infinity become null."""
    table, rows = described.table, about.get("scores", [])
    if not isinstance(table, str):
        table = table.rename_axis("method").reset_index()
        rows = table.to_dict(orient="records")
    for row in rows:
        for name, value in row.items():
            if isinstance(value, float) and not math.isfinite(value):
                row[name] = None
    content: Facts = {"model": str(path), "network": described.network}
    known = "kind", "seed", "steps", "seconds"
    content |= {name: about[name] for name in known if name in about}
    scores = "score", "baseline", "interval", "intervals", "difference"
    content |= {name: found[name] for name in scores if name in found}
    content["verdict"] = compare_baseline(app, found)
    content |= {k: found[k] for k in ("method", "choice") if k in found}
    content |= {"read": about.get("read", []), "about": described.lines}
    return json.dumps(content | {"scores": rows}, indent=1)


def compare_baseline(app: Application, found: Facts) -> str | None:
    """Whether the network is "ahead", "level" or "behind".

    Level is what chance may make: the baseline lies in the interval of the
    network's score or, if both were asked the same in order, the interval
    of their difference holds 0. None without a baseline.
    """
    score, baseline = found.get("score"), found.get("baseline")
    if score is None or baseline is None:
        return None
    _, low, high = found.get("interval", ["", score, score])
    if "difference" in found:
        low, high = (baseline + end for end in found["difference"][2:])
    if low <= baseline <= high:
        return "level"
    return "ahead" if (score > baseline) is app.higher else "behind"


def tell_loser(app: Application, about: Facts) -> None:
    """Say where the network is not clearly ahead, and what to try."""
    verdict = compare_baseline(app, about)
    if verdict not in ("level", "behind"):
        return
    numbers = f"{about['score']:.3f} to {about['baseline']:.3f}"
    if verdict == "level":
        print(
            f"The network and the best baseline are level, {numbers}, a "
            "difference that chance may make: use the simpler one, or try "
            f"{app.hint}."
        )
    else:
        print(
            f"The network is worse than the best baseline, {numbers}: use "
            f"that, or try {app.hint}."
        )
