"""What `video train`, `evaluate`, `classify` do with people's joints."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rnncore.apps.spine import common, evaluation, models, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import NETWORK, Deferred, Scores, add_rows
from rnncore.apps.video import poses
from rnncore.apps.video.poses import (
    PoseBag,
    PosePlan,
    Sequences,
    StillBag,
    is_asked,
    is_learned,
    name_classes,
    nearest_actions,
    normalise_joints,
    predict_actions,
    rate_actions,
    select_sequences,
    train_poses,
)
from rnncore.data.public.pictures import Motion, read_motion, read_motions
from rnncore.storage import weights
from rnncore.storage.files import Refused

KIND = "video, poses"
# options of films
UNUSED = (
    *("captions", "pieces", "encoder", "size", "test", "split"),
    *("evaluate_every", "patience"),
)
Model = tuple[torch.nn.Module]


def fill_in(arguments: Namespace) -> None:
    """What is not given is as the published network has it."""
    runs.leave_out(arguments, UNUSED, "not with files of joints")
    runs.fill_in(arguments, PosePlan()._asdict())


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The sequences, and what is learned with."""
    motions = _read_motions(arguments.folder)
    known = {"data": _compute_fingerprint(motions)}
    return (motions, _make_plan(vars(arguments))), known


def _read_motions(folder: Path) -> list[Motion]:
    """All sequences. Raises Refused where people of one part are none."""
    motions = read_motions(folder)
    for keep, which in (is_learned, "an odd"), (is_asked, "an even"):
        if not any(keep(one.person) for one in motions):
            raise Refused(f"{folder}: expected a person with {which} number")
    if len(name_classes(motions)) < 2:
        raise Refused(f"{folder}: expected at least two actions, got one")
    return motions


def _make_plan(settings: Facts) -> PosePlan:
    return PosePlan(**{name: settings[name] for name in PosePlan._fields})


def _fit(
    arguments: Any, data: tuple, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A network that has learned what people with odd numbers did."""
    motions, plan = data
    classes = name_classes(motions)
    bar = common.Bar(f"GRU {plan.hidden}")
    model, fit = train_poses(
        select_sequences(motions, is_learned),
        plan,
        len(classes),
        device=device,
        checkpoint=run.checkpoint,
        progress=bar,
        stop=run.stop(bar),
    )
    about: Facts = {"kind": KIND, "classes": classes, "hidden": plan.hidden}
    about |= {"frames": plan.frames, "steps": len(fit.history.loss)}
    return (model,), about


def _measure_loss(model: Model, data: tuple) -> Scores:
    motions, plan = data
    learned, asked = (
        select_sequences(motions, keep) for keep in (is_learned, is_asked)
    )
    found = _compute_scores(model[0], asked, plan.frames)
    found["test"] += " by people with even numbers, not seen in training"
    return found, _list_rivals(model[0], learned, asked, plan)


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The same people again, or all of another folder.

    Raises Refused where it has other actions.
    """
    motions, settings = _read_motions(arguments.folder), about["settings"]
    if _compute_fingerprint(motions) == settings["data"]:
        return _measure_loss(model, (motions, _make_plan(settings)))
    classes = name_classes(motions)
    if classes != about["classes"]:
        raise Refused(
            f"{arguments.folder}: expected the actions "
            f"{', '.join(about['classes'])}; got {', '.join(classes)}"
        )
    note("not the folder that the model was trained on: no baseline can be")
    every = select_sequences(motions, lambda person: True)
    return _compute_scores(model[0], every, about["frames"]), {}


def _compute_fingerprint(motions: list[Motion]) -> str:
    rows = [
        f"{one.action} {one.person} {one.take} "
        + common.compute_fingerprint(one.joints.tobytes())
        for one in motions
    ]
    return common.compute_fingerprint("\n".join(rows))


def _compute_scores(model: Any, asked: Sequences, T: int) -> Facts:
    """Percent of these sequences that are named rightly."""
    said, many = predict_actions(model, asked.joints, T), len(asked.joints)
    right = int((said == asked.labels).sum())
    found: Facts = {"table": [(NETWORK, 100 * right / many)]}
    found["score"] = found["table"][0][1]
    found["test"] = format_count(many, "sequence")
    return found | evaluation.share_interval("right", right, many)


def _list_rivals(
    model: Any, learned: Sequences, asked: Sequences, plan: PosePlan
) -> Deferred:
    """Networks without order, trained alike, and the nearest sequence."""
    device, T = next(model.parameters()).device, plan.frames
    K = model.readout.out_features

    def measure(name: str, said: Any) -> dict[str, float]:
        return {name: 100 * float((said == asked.labels).mean())}

    def learn_row(name: str, make: Any) -> dict[str, float]:
        given = learned, plan, K, make
        bag, _ = train_poses(*given, device=device, progress=common.Bar(name))
        return measure(name, predict_actions(bag, asked.joints, T))

    def nearest_row(name: str) -> dict[str, float]:
        joints = common.Bar(name, "sequence")(asked.joints)
        return measure(name, nearest_actions(learned, joints, T))

    rows: dict[str, Callable[[str], dict[str, float]]] = {
        "poses and movements, averaged": partial(learn_row, make=PoseBag),
        "poses alone, averaged": partial(learn_row, make=StillBag),
        "the nearest sequence, time warped": nearest_row,
    }
    return {name: add_rows(partial(row, name)) for name, row in rows.items()}


def run_classify(arguments: Namespace) -> int:
    """The likeliest actions of a sequence of joints."""
    given = arguments, KIND, poses.load_poses
    model, about = models.load_model(*given)
    joints = normalise_joints(read_motion(arguments.file))
    (p,) = rate_actions(model, [joints], about["frames"])
    print(f"{arguments.file}: {about['classes'][p.argmax()]}")
    evaluation.show_likeliest(about["classes"], p)
    return 0


def _show(about: Facts) -> evaluation.Described:
    """What is known of a network, and its table of scores."""
    network = f"GRU of {about['hidden']} units, poses"
    table = evaluation.list_rows(about, "% right")
    return evaluation.Described(network, table, [f"scored on {about['test']}"])


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=weights.save_weights,
    load=poses.load_poses,
    show=_show,
    hint="more people, more --steps",
    higher=True,
)
