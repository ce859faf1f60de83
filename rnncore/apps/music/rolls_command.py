"""What `music train` and `music evaluate` do with a published set."""

from argparse import Namespace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rnncore.apps.music.options import ENDINGS
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows, mean_interval
from rnncore.music import published_sets
from rnncore.music.chords import ChordModel, apart_nats, chord_nats
from rnncore.music.frames import Rolls, key_chain, key_frequencies, nats_a_frame
from rnncore.music.published_sets import (
    Published,
    RollPlan,
    plan_for,
    read_published,
    train_rolls,
)
from rnncore.storage import weights
from rnncore.storage.files import Refused

KIND = "music, rolls"
DRAWS = 256  # frames drawn to ask for a single key
UNIT = "nats per frame"
SAID = {
    "jointly": "LSTM of {} units, a frame's keys one after another",
    "keys": "LSTM of {} units, each key by itself",
}
Model = tuple[torch.nn.Module]


def is_published(path: Path) -> bool:
    """Whether this is a file of pieces in three parts, by its name."""
    return path.suffix.lower() in ENDINGS and not path.is_dir()


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The parts of a set, and the seed of what is drawn for its score."""
    parts = read_parts(arguments.folder)
    return prepare(arguments, parts), {"data": _compute_fingerprint(parts)}


def read_parts(path: Path) -> Published:
    """The three parts of such a file. Raises Refused naming it."""
    with common.refuse_in_words():
        return read_published(path)


def prepare(options: Any, parts: Published) -> tuple:
    """The parts; what is not chosen is, by how many frames are learned."""
    plan = _make_plan(options, parts)
    for option, value in plan._asdict().items():
        setattr(options, option, value)
    return parts, options.seed


def _make_plan(options: Any, parts: Published) -> RollPlan:
    given = {name: getattr(options, name) for name in RollPlan._fields}
    return plan_for(sum(map(len, parts.train)), **given)


def _fit(
    arguments: Any, data: tuple, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A network that has learned the training pieces."""
    parts, seed = data
    plan = _make_plan(arguments, parts)
    bar = common.Bar(plan.network)
    known = [*parts.train, *parts.validation]
    own = {"seen": sorted({_hash_roll(roll) for roll in known})}
    model, about = train_rolls(
        parts[:2],
        plan,
        seed=seed,
        device=device,
        checkpoint=run.checkpoint,
        progress=bar,
        stop=run.stop(bar),
        keep=lambda model, about: run.keep((model,), about | own),
    )
    simple = nats_a_frame(key_frequencies(parts.train), parts.validation)
    begun = min(about.pop("untrained"), simple)
    runs.tell_unlearned(begun, about["curve"][1], UNIT)
    return (model,), about | own


def _measure_loss(model: Model, data: tuple) -> Scores:
    parts, seed = data
    return _compute_scores(model[0], parts.train, parts.test, seed)


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The test part again, or that of another file.

    Raises Refused where training saw all of it.
    """
    parts, seed = read_parts(arguments.folder), about["seed"]
    data = about.get("settings", {}).get("data")
    if _compute_fingerprint(parts) == data:
        return _compute_scores(model[0], parts.train, parts.test, seed)
    note("not the file that the model was trained on: no baseline can be")
    seen = set(about["seen"])
    fresh = [roll for roll in parts.test if _hash_roll(roll) not in seen]
    if not fresh:
        raise Refused(f"{arguments.folder}: the model saw all test pieces in training")
    return _compute_scores(model[0], [], fresh, seed)


def _hash_roll(roll: Any) -> str:
    return common.compute_fingerprint(roll.astype("u1").tobytes())[:16]


def _compute_fingerprint(parts: Published) -> str:
    """The digest of the pieces, whatever the form of their file."""
    hashes = [" ".join(map(_hash_roll, part)) for part in parts]
    return common.compute_fingerprint("\n".join(hashes))


def _compute_scores(model: Any, learned: Rolls, test: Rolls, seed: int) -> Scores:
    """Nats a frame of all frames but the first of each test piece.

    A network that says a frame's keys one after another is asked for each
    key by itself, as the published ones are, and then for whole frames.
    """
    long = [roll for roll in test if len(roll) > 1]
    frames = [len(roll) - 1 for roll in long]
    with common.refuse_in_words():
        rows, each = _score_network(model, test, long, seed)
    found: Facts = {
        "table": rows,
        "score": rows[0][1],
        "test": f"the set's {format_count(len(test), 'test piece')}, "
        f"{sum(frames)} frames",
    }
    found |= mean_interval(UNIT, each, frames)
    rivals = {
        "each key, given itself before": key_chain,
        "each key's frequency": key_frequencies,
    }

    def row(name: str) -> dict[str, float]:
        return {name: nats_a_frame(rivals[name](learned), test)}

    names = rivals if len(learned) else {}
    return found, {name: add_rows(partial(row, name)) for name in names}


def _score_network(
    model: Any, test: Rolls, long: Rolls, seed: int
) -> tuple[list[tuple], list[float]]:
    """Its rows of the table, and what the first is of each long piece."""
    if not isinstance(model, ChordModel):
        row = NETWORK, nats_a_frame(model, test)
        return [row], [nats_a_frame(model, [roll]) for roll in long]
    device = next(model.parameters()).device
    drawn = torch.Generator(device).manual_seed(seed)
    bar = common.Bar("one key asked at a time", "piece")
    each = [apart_nats(model, [roll], drawn, DRAWS) for roll in bar(long)]
    weights = [len(roll) - 1 for roll in long]
    apart = float(np.average(each, weights=weights)) if long else np.nan
    return [
        (f"{NETWORK}, one key asked at a time", apart),
        (f"{NETWORK}, all keys of a frame", chord_nats(model, test)),
    ], each


def _show(about: Facts) -> evaluation.Described:
    """What is known of a network, and its table of scores."""
    network = SAID[about["network"]].format(about["hidden"])
    table = evaluation.list_rows(about, UNIT)
    return evaluation.Described(network, table, [f"scored on {about['test']}"])


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=weights.save_weights,
    load=published_sets.load_rolls,
    show=_show,
    hint="more --steps, another --home",
)
