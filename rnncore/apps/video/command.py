"""The command `video`, and the work of its classifier."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from rnncore.application import choose_device, split
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows
from rnncore.apps.video import TABLE, changes, seen
from rnncore.apps.video.changes import logits_by_frame
from rnncore.apps.video.estimator import Captioner, VideoClassifier
from rnncore.apps.video.folder import (
    LONGEST,
    Films,
    View,
    read_classes,
    read_given,
    show_read,
    view_of,
)
from rnncore.apps.video.looks import draw_looks
from rnncore.apps.video.plan import FilmPlan, Network, build_classifier, film_recipe
from rnncore.apps.video.rivals import OF_FEATURES, RIVALS, nearest, train_rival
from rnncore.data.video import ACTIONS, moving_digits, stick_figures
from rnncore.storage import weights
from rnncore.storage.files import Refused
from rnncore.storage.same import Seen
from rnncore.video.captions import looks, say
from rnncore.video.files import CONTAINERS, write_video
from rnncore.video.model import accuracy_by_frame, film_batch, logits_of

KIND = "video"
SHARES = (0.15, 0.2)  # of the films: validation and test
Model = tuple[torch.nn.Module]


class Classes(NamedTuple):
    """Films with their classes, and which of them are in which part."""

    names: list[str]  # of the classes
    frames: np.ndarray  # (N, T, S, S); of features (N, T, F)
    labels: np.ndarray  # (N,)
    parts: list[np.ndarray]  # training, validation, test
    plan: FilmPlan  # by which a network learns them

    def part(self, chosen: Any) -> Any:
        """Some of the films, as a network reads them."""
        return film_batch(self.frames[chosen], self.labels[chosen])


def read(given: Any, labels: Any, view: View) -> Films:
    """The films of a folder, or films themselves with their classes."""
    if labels is None:
        return read_classes(Path(given), view)
    return read_given(given, labels, view, of_classes=True)


def prepare(options: Any, given: Any, said: Any, test: Any) -> Prepared:
    """Films, and which of them are in which part; those of `test` are the test.

    Raises Refused where a class has too few, or the test has other classes.
    """
    device = choose_device(options.device)
    view = View(options.frames, options.size, True, options.encoder, device)
    films = read(given, said, view)
    known = {"data": films.digest}
    if test is not None:
        other = read_classes(Path(test), view)
        known["test data"] = other.digest
        films = _leave_out(films, other)
    names, labels = number_classes(films)
    lines = show_read(films, of_classes=True)
    if test is None:
        frames, parts = films.frames, split_classes(names, labels, options.seed)
    else:
        check_classes(other, names)
        lines.append("test: " + show_read(other, of_classes=True)[0])
        parts = split_classes(names, labels, options.seed, SHARES[:1])
        parts.append(np.arange(len(labels), len(labels) + len(other.names)))
        frames = np.concatenate([films.frames, other.frames])
        labels = np.concatenate([labels, number_classes(other)[1]])
    plan = make_plan(options.get_params(), frames)
    return Prepared(Classes(names, frames, labels, parts, plan), known, lines)


def number_classes(films: Films) -> tuple[list[str], np.ndarray]:
    """The classes in alphabetic order, and the number of each film's.

    Shapes: -> numbers (N,)
    """
    of = [said[0] for said in films.said]
    names = sorted({*of})
    return names, np.array([names.index(name) for name in of])


def check_classes(films: Films, classes: list[str]) -> None:
    """Raise Refused unless films have these classes."""
    found, _ = number_classes(films)
    if found != classes:
        raise Refused(
            f"{films.where}: expected the classes {', '.join(classes)}; "
            f"got {', '.join(found)}"
        )


def _leave_out(films: Films, test: Films) -> Films:
    """The films that are not in the test, too.

    Raises Refused where none is left.
    """
    there, kept, left_out = Seen(), list[int](), dict[str, str]()
    for frames in test.frames:
        there.find("the test", frames.tobytes())
    for k, name in enumerate(films.names):
        if there.find(name, films.frames[k].tobytes()) is None:
            kept.append(k)
        else:
            left_out[name] = f"in {test.where}, too"
    if not kept:
        raise Refused(f"{films.where}: all of its films are in {test.where}, too")
    return films.choose(kept, left_out)


def split_classes(
    names: list[str], labels: np.ndarray, seed: int, shares: tuple[float, ...] = SHARES
) -> list[np.ndarray]:
    """Training, validation and test, each with films of every class.

    Without the share of a test part, there is none.

    Raises Refused naming a class that has too few films.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[] for _ in (0, *shares)]
    for k, name in enumerate(names):
        own = np.flatnonzero(labels == k)
        if len(own) < 3:
            raise Refused(
                f"{name}: expected at least 3 films of a class, got {len(own)}"
            )
        order = own[rng.permutation(len(own))]
        for part, chosen in zip(parts, split(len(own), *shares), strict=True):
            part += order[list(chosen)].tolist()
    return [np.array(part) for part in parts]


def make_plan(settings: Facts, frames: np.ndarray) -> FilmPlan:
    """The plan with these settings, and what the films are."""
    names = settings.keys() & {*FilmPlan._fields}
    plan = FilmPlan(**{name: settings[name] for name in names})
    return plan._replace(features=frames.shape[2]) if frames.ndim == 3 else plan


def _fit(
    options: Any, data: Classes, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A classifier that has learned the training films."""
    (training, validation, _), plan = data.parts, data.plan
    kind: Any = changes
    make: type[Network] = changes.ChangeClassifier
    if plan.features:
        kind, make = seen, seen.FeatureClassifier
    model = build_classifier(make, plan, len(data.names))
    about = {"kind": KIND, "network": kind.NETWORK, "classes": data.names}
    if plan.features:
        about |= {"encoder": options.encoder, "features": plan.features}
    about |= {"T": plan.frames, "S": plan.size, "D": plan.seen}
    about |= {"H": plan.hidden, "whole": True}
    films = data.frames, data.labels
    recipe = film_recipe(*films, training, validation, plan, device)
    return runs.train_run(
        run,
        (model.to(device),),
        about,
        bar=common.Bar(f"GRU {plan.hidden}"),
        unit="error",
        **recipe,
    )


def score_films(model: Model, about: Facts, given: Any, said: Any) -> Scores:
    """The scores of the test part, if it was learned from; else of all.

    Raises Refused where all of it was learned from, or the classes are others.
    """
    device = next(model[0].parameters()).device
    films = read(given, said, view_of(about, device))
    common.tell_read(show_read(films, of_classes=True))
    check_classes(films, about["classes"])
    names, labels = number_classes(films)
    plan = make_plan(about.get("settings", {}), films.frames)
    if evaluation.was_learned(about, films.digest, films.where):
        parts = split_classes(names, labels, about["seed"])
        return _score_parts(model, Classes(names, films.frames, labels, parts, plan))
    every = np.arange(len(labels))
    data = Classes(names, films.frames, labels, [every[:0], every[:0], every], plan)
    right = _score_network(model[0], data, every)
    chance = "as if all classes were equally likely", 100 / len(names)
    found: Facts = {
        "table": [*right.items(), chance],
        "test": f"all {format_count(len(every), 'film')} of {films.where}. "
        "They are not those that the model was trained on",
    }
    return found | _share(right, every), {}


def _score_parts(model: Model, data: Classes) -> Scores:
    """Percent of the test films that are named rightly, and baselines."""
    training, validation, test = data.parts
    right = _score_network(model[0], data, test)
    found: Facts = {
        "table": [*right.items()],
        "score": right[NETWORK],
        "test": f"{format_count(len(test), 'film')}, not seen in training",
    }
    found |= _share(right, test)
    true, known = data.labels[test], data.labels[training]
    rivals = OF_FEATURES if data.frames.ndim == 3 else RIVALS

    def row_nearest() -> dict[str, float]:
        bar = common.Bar("nearest", "film")
        alike = nearest(data.frames, training, test, bar)
        return {near: 100 * float((data.labels[alike] == true).mean())}

    def row_frequent() -> dict[str, float]:
        said = np.bincount(known).argmax()
        return {often: 100 * float((said == true).mean())}

    def row_learned(name: str) -> dict[str, float]:
        device = next(model[0].parameters()).device
        rival = train_rival(
            rivals[name],
            *(data.frames, data.labels, (training, validation)),
            data.plan,
            device,
            common.Bar(name),
        )
        part = data.part(test)
        part = part._replace(frames=part.frames.to(device))
        return {name: 100 * float(accuracy_by_frame(rival, part)[-1])}

    near, often = (
        "the class of the nearest film, without order",
        "the most frequent class",
    )
    deferred = {near: add_rows(row_nearest), often: add_rows(row_frequent)}
    deferred |= {name: add_rows(partial(row_learned, name)) for name in rivals}
    return found, deferred


def _share(right: dict[str, float], test: np.ndarray) -> Facts:
    named = round(right[NETWORK] * len(test) / 100)
    return evaluation.share_interval("right", named, len(test))


def _score_network(
    model: nn.Module, data: Classes, chosen: np.ndarray
) -> dict[str, float]:
    """Percent right after half of each film, and after all of it."""
    device = next(model.parameters()).device
    films = data.part(chosen)
    films = films._replace(frames=films.frames.to(device))
    first = films.frames[: (len(films.frames) + 1) // 2]
    half = films._replace(frames=first)
    return {
        name: 100 * float(accuracy_by_frame(model, part)[-1])
        for name, part in ((NETWORK, films), (f"{NETWORK}, half-way", half))
    }


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    network = f"GRU of {about['H']} units"
    if "encoder" in about:
        network += f", features {about['encoder']}"
    table = evaluation.list_rows(about, "% right")
    scored = [f"scored on {about['test']}"]
    return evaluation.Described(network, table, scored)


def _train(arguments: Namespace) -> int:
    """The class that the folder is for, by whether it has a table."""
    folder = arguments.folder
    if (folder / TABLE).exists():
        if arguments.test is not None:
            raise Refused(f"--test: not where the folder has {TABLE}")
        return evaluation.train(Captioner, arguments, folder)
    if arguments.pieces is not None:
        raise Refused(f"--pieces: only where the folder has {TABLE}")
    return evaluation.train(VideoClassifier, arguments, folder, inputs=["test"])


def _evaluate(arguments: Namespace) -> int:
    of_captions = (arguments.folder / TABLE).exists()
    kind = Captioner if of_captions else VideoClassifier
    return evaluation.evaluate(kind, arguments, arguments.folder)


def _classify(arguments: Namespace) -> int:
    """The likeliest classes, and since which frame the first has led."""
    _need_model(arguments)
    classifier = VideoClassifier.load(arguments.model, arguments.device)
    (model,), film = classifier._fitted(), classifier._see([arguments.file])
    p = rate_classes(model, film, logits_by_frame)[:, 0]
    best = p.argmax(axis=1)
    found = int(best[-1])
    before = [k for k, other in enumerate(best) if other != found]
    since = max(before, default=-1) + 2  # from 1, after the last other
    print(f"{arguments.file}: {classifier.classes_[found]}")
    print(f"the best answer from frame {since} of {len(best)} on")
    evaluation.show_likeliest(classifier.classes_, p[-1])
    return 0


def _run_caption(arguments: Namespace) -> int:
    """A sentence, and where each of its words looked."""
    _need_model(arguments)
    if arguments.looks:
        common.output_file(arguments.looks, arguments.force, ".png")
    captioner = Captioner.load(arguments.model, arguments.device)
    (model, words), film = captioner._fitted(), captioner._see([arguments.file])
    frames = _as_input(model, film)
    (said,) = say(model, frames, LONGEST)
    print(f"{arguments.file}: {words.decode(said)}")
    weights, p = looks(model, frames, said)
    names = [words.decode([k]) for k in said]
    most = [k + 1 for k in weights.argmax(dim=1).tolist()]
    columns = {"probability": p.tolist(), "looked most at frame": most}
    table = pd.DataFrame(columns, index=[*names, "(end)"])
    print(evaluation.show_table(table))
    if arguments.looks:
        draw_looks(arguments.looks, names, weights.cpu())
        note(f"written: {arguments.looks}")
    return 0


def rate_classes(
    model: nn.Module, films: np.ndarray, rate: Callable = logits_of
) -> np.ndarray:
    """The probability of each class, after each of T answers.

    Shapes: films (N, T, S, S) -> p (T, N, K)
    """
    p: np.ndarray = rate(model, _as_input(model, films)).softmax(dim=2).numpy()
    return p


def _as_input(model: nn.Module, films: np.ndarray) -> torch.Tensor:
    """Films as a network reads them, time first, on its device."""
    device = next(model.parameters()).device
    return torch.as_tensor(films).transpose(0, 1).to(device)


def _need_model(arguments: Namespace) -> None:
    """Raise Refused where no model is named."""
    if arguments.model is None:
        raise Refused(
            "--model: expected one of films like yours: `video train films/ "
            f"--model NAME.safetensors` makes it. The course's own, "
            f"{arguments.stored}, knows nothing but {arguments.knows}"
        )


def _draw(arguments: Namespace) -> int:
    """A film of digits or of a figure, and what it shows."""
    what, rng = arguments.what, np.random.default_rng(arguments.seed)
    if what not in (*ACTIONS, "digits", "any action"):
        raise Refused(
            f"--what: expected digits, any action, {', '.join(ACTIONS)}; got {what!r}"
        )
    path = common.output_file(arguments.file, arguments.force, *CONTAINERS)
    if what == "digits":
        films, k = moving_digits(rng, 1, held_out=True), 0
    else:
        films = stick_figures(rng, len(ACTIONS))
        k = films.captions.index(what) if what in ACTIONS else 0
    write_video(path, films.frames[k])
    print(f"{path}: {films.captions[k]}")
    return 0


APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_score_parts,
    save=weights.save_weights,
    load=seen.load_film_model,
    show=_show,
    hint="more films a class, more --frames or a larger --size",
    higher=True,
)
PARTS = {
    "train": _train,
    "classify": _classify,
    "caption": _run_caption,
    "evaluate": _evaluate,
    "draw": _draw,
}
