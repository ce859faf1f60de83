"""The command `video`: what happens in a film, and saying so."""

import math
import time
from argparse import Namespace
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch
from torch import nn

from rnncore.application import check_device, split
from rnncore.apps.spine import common, evaluation, inputs, models, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows
from rnncore.apps.video import captions_command as captions
from rnncore.apps.video import changes, folder, seen
from rnncore.apps.video import poses_command as poses
from rnncore.apps.video.changes import logits_by_frame
from rnncore.apps.video.estimator import Captioner, VideoClassifier
from rnncore.apps.video.features import PHOTOGRAPHS
from rnncore.apps.video.folder import (
    ENDINGS,
    check_features,
    frame_sizes,
    is_photograph,
    nearest,
    read_films,
    stack_films,
)
from rnncore.apps.video.looks import draw_looks
from rnncore.apps.video.options import GIVEN
from rnncore.apps.video.plan import FilmPlan, Network, build_classifier, film_recipe
from rnncore.apps.video.protocols import group_of, read_split
from rnncore.apps.video.rivals import OF_FEATURES, RIVALS, train_rival
from rnncore.data.public.pictures import are_motions
from rnncore.data.video import ACTIONS, moving_digits, stick_figures
from rnncore.storage import weights
from rnncore.storage.files import Refused, composed
from rnncore.storage.names import match_names
from rnncore.storage.same import Seen
from rnncore.storage.weights import read_about
from rnncore.video.captions import looks
from rnncore.video.files import CONTAINERS, write_video
from rnncore.video.model import accuracy_by_frame, film_batch

KIND = "video"
SHARES = (0.15, 0.2)  # of the films: validation and test
Model = tuple[torch.nn.Module]


class Folder(NamedTuple):
    """Films of a folder that has a folder for each class."""

    classes: list[str]
    frames: np.ndarray  # (N, T, S, S)
    labels: np.ndarray  # (N,)
    names: list[str]  # of the files

    def part(self, chosen: Any) -> Any:
        """Some of the films, as a network reads them."""
        return film_batch(self.frames[chosen], self.labels[chosen])


def _choose_app(arguments: Namespace) -> evaluation.Application:
    """Classes, captions or poses, by the options and the folder.

    Raises Refused where an option is of another.
    """
    if are_motions(arguments.folder):
        poses.fill_in(arguments)
        return poses.APP
    kind = Captioner if arguments.captions else VideoClassifier
    if arguments.captions:
        runs.leave_out(arguments, ("dropout",), "not with --captions")
    runs.fill_in(arguments, vars(kind()))
    for name in "test", "split":
        if arguments.captions and getattr(arguments, name, None):
            raise Refused(f"--{name}: not with --captions")
    if "pieces" in arguments and not arguments.captions:
        if arguments.pieces:
            raise Refused("--pieces: only with --captions")
        decides = [n for n in arguments.decides if n != "pieces"]
        arguments.decides = decides  # of a classifier it is no option
    return captions.APP if arguments.captions else APP


def _classify(arguments: Namespace) -> int:
    """The likeliest classes, and since which frame the first has led."""
    _need_model(arguments, KIND)
    if arguments.file.suffix == ".txt":
        return poses.run_classify(arguments)
    frames, model, about = _read_film(arguments, KIND, seen.load_film_model)
    p = logits_by_frame(model, frames)[:, 0].softmax(dim=1).numpy()
    best = p.argmax(axis=1)
    found = int(best[-1])
    before = [k for k, other in enumerate(best) if other != found]
    since = max(before, default=-1) + 2  # from 1, after the last other
    print(f"{arguments.file}: {about['classes'][found]}")
    print(f"the best answer from frame {since} of {len(best)} on")
    evaluation.show_likeliest(about["classes"], p[-1])
    return 0


def _run_caption(arguments: Namespace) -> int:
    """A sentence, and where each of its words looked."""
    _need_model(arguments, captions.KIND)
    if arguments.looks:
        common.output_file(arguments.looks, arguments.force, ".png")
    frames, model, words, about = _read_film(
        arguments, captions.KIND, seen.load_captioner
    )
    (said,) = captions.write_tokens(model, frames, about.get("penalty"))
    print(f"{arguments.file}: {words.decode(said)}")
    weights, p = looks(model, frames, said)
    most, names = weights.argmax(dim=1), [words.decode([k]) for k in said]
    places = about.get("places", False)
    at = "looked most at " + ("row, column" if places else "frame")
    side = math.isqrt(len(frames))
    shown = [
        k + 1
        if not places
        else f"{k // side + 1}, {k % side + 1}"
        if k < len(frames)
        else "all of it"
        for k in most.tolist()
    ]
    table = pd.DataFrame(
        {"probability": p.tolist(), at: shown}, index=[*names, "(end)"]
    )
    print(evaluation.show_table(table))
    if arguments.looks:
        draw_looks(
            arguments.looks,
            arguments.file,
            names,
            weights.cpu()[:, : len(frames)],
            places,
        )
        note(f"written: {arguments.looks}")
    return 0


def _need_model(arguments: Namespace, kind: str) -> None:
    """Raise Refused where no model is named."""
    if arguments.model is None:
        table = " --captions captions.tsv" * (kind == captions.KIND)
        raise Refused(
            "--model: expected one of films like yours: `video train "
            f"films/{table} --model NAME.safetensors` makes it. The "
            f"course's own, {arguments.stored}, knows nothing but "
            f"{arguments.knows}"
        )


def _read_film(arguments: Namespace, kind: str, load: Callable) -> tuple:
    """The film's frames (T, 1, S, S) as the model sees them; the model.

    Raises Refused where there is no encoder.
    """
    check_device(arguments.device)
    path = inputs.model_file(arguments.model, kind)
    about = read_about(path)
    sizes, encoder = frame_sizes(path, about), about.get("encoder")
    whole = about.get("whole", False)
    file, places = arguments.file, about.get("places", False)
    if places != is_photograph(file):
        what = "photograph" if places else "film"
        kinds = ", ".join(PHOTOGRAPHS if places else ENDINGS)
        raise Refused(f"{file}: expected a {what} ({kinds}), as {path} learned from")
    film = make_reader(sizes, whole, encoder, arguments).read(file)
    check_features(file, film, about)
    found = models.load_model(arguments, kind, load)
    device = next(found[0].parameters()).device
    return torch.as_tensor(film)[:, None].to(device), *found


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The films, and which of them are in which part."""
    sizes = arguments.frames, arguments.size
    how = sizes, True, arguments.encoder, arguments
    folder, other = read_folder(arguments.folder, *how), None
    if arguments.split is not None:
        folder, other = apply_split(folder, arguments.split)
    elif arguments.test is not None:
        other = read_folder(arguments.test, *how)
        check_classes(arguments.test, other, folder.classes)
    return prepare(arguments, folder, other)


def apply_split(folder: Folder, path: Path) -> tuple[Folder, Folder]:
    """The films to learn from and those to test on, as a set has them.

    Raises Refused where a class has none of one part.
    """
    names = ["/".join(Path(name).parts[-2:]) for name in folder.names]
    parts = []
    for part, wanted in read_split(path)._asdict().items():
        found = match_names(wanted, names)
        if missing := len(wanted) - len(found):
            note(
                f"{path}: of the {len(wanted)} films of the {part} part "
                f"{missing} are not there"
            )
        inside = {*found.values()}
        kept = [k for k, name in enumerate(names) if name in inside]
        present = {folder.classes[k] for k in folder.labels[kept]}
        if lacking := sorted({*folder.classes} - present):
            raise Refused(f"{path}: no {part} film of {lacking[0]}")
        parts.append(_choose(folder, kept))
    return parts[0], parts[1]


def _choose(folder: Folder, kept: list[int]) -> Folder:
    """Some of the films."""
    names = [folder.names[k] for k in kept]
    frames, labels = folder.frames[kept], folder.labels[kept]
    return folder._replace(frames=frames, labels=labels, names=names)


def prepare(
    options: Any, folder: Folder, other: Folder | None = None
) -> tuple[tuple, Facts]:
    """The films, and which are in which part; the other ones are the test.

    Raises Refused where a class has too few.
    """
    known = {"data": _compute_fingerprint(folder)}
    if other is None:
        parts = _split(folder, options.seed)
        return (folder, parts, vars(options)), known
    folder = _leave_out(folder, other)
    parts = _split(folder, options.seed, SHARES[:1])
    both = Folder(
        folder.classes,
        np.concatenate([folder.frames, other.frames]),
        np.concatenate([folder.labels, other.labels]),
        folder.names + other.names,
    )
    parts.append(np.arange(len(folder.labels), len(both.labels)))
    known["test"] = _compute_fingerprint(other)
    return (both, parts, vars(options)), known


def _fit(
    arguments: Any, data: tuple, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A classifier that has learned the training films."""
    folder, (training, validation, _), _ = data
    plan, classes = _make_plan(vars(arguments), folder), folder.classes
    kind: Any = changes
    make: type[Network] = changes.ChangeClassifier
    if plan.features:
        kind, make = seen, seen.FeatureClassifier
    model = build_classifier(make, plan, len(classes))
    about = {"kind": KIND, "network": kind.NETWORK, "classes": classes}
    if plan.features:
        about |= {"encoder": arguments.encoder, "features": plan.features}
    about |= {"T": plan.frames, "S": plan.size, "D": plan.seen}
    about |= {"H": plan.hidden, "whole": True}
    films = folder.frames, folder.labels
    recipe = film_recipe(*films, training, validation, plan, device)
    return runs.train_run(
        run,
        (model.to(device),),
        about,
        bar=common.Bar(f"GRU {plan.hidden}"),
        unit="error",
        **recipe,
    )


def _make_plan(settings: Facts, folder: Folder | None = None) -> Any:
    """The plan with what these options say, and what the films are."""
    names = settings.keys() & {*FilmPlan._fields}
    plan = FilmPlan(**{name: settings[name] for name in names})
    if folder is not None and folder.frames.ndim == 3:
        return plan._replace(features=folder.frames.shape[2])
    return plan


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The scores of the same films, or of all films of another folder."""
    sizes = frame_sizes(arguments.model, about)
    how = sizes, about.get("whole", False), about.get("encoder"), arguments
    folder = read_folder(arguments.folder, *how)
    if arguments.split is not None:
        _, folder = apply_split(folder, arguments.split)
    check_classes(arguments.folder, folder, about["classes"])
    return score_films(model, about, folder, str(arguments.folder))


def score_films(
    model: Any, about: Facts, folder: Folder, name: str = "the films"
) -> Scores:
    """The scores of the test part, if it was learned from; else of all.

    Raises Refused where all of it was learned from.
    """
    settings = about.get("settings", {})
    if _compute_fingerprint(folder) == settings.get("data"):
        if "test" in settings:
            raise Refused(
                f"{name}: it was trained on these films; "
                "expected those of --test, or others"
            )
        parts = _split(folder, about["seed"])
        return _compute_scores(model, (folder, parts, settings))
    every = range(len(folder.labels))
    return _compute_scores(model, (folder, ([], [], every), {}))


def read_folder(
    path: Path,
    sizes: tuple[int, int],
    whole: bool,
    encoder: str | None = None,
    options: Any = None,
) -> Folder:
    """Read all films of a folder, and report the unreadable ones.

    T frames of S x S pixels of each: of full frames, or their middle
    square; or what an encoder sees of them, on the options' device.

    Raises Refused where there are not two classes with films.
    """
    if not path.is_dir():
        raise Refused(f"{path}: expected a folder with a folder a class")
    reader = make_reader(sizes, whole, encoder, options)
    begun = time.monotonic()
    found: list[tuple[str, str, np.ndarray]] = []
    places = {composed(p.name): p for p in path.iterdir() if p.is_dir()}
    for name, place in sorted(places.items()):
        files = common.Bar(place.name, "film")(sorted(place.iterdir()))
        for file, film in read_films(files, reader, note):
            found.append((name, str(file), film))
    if encoder is not None:
        tell_seen(len(found), encoder, begun)
    kinds = f"folders with films ({', '.join(reader.endings)})"
    return gather(found, str(path), kinds)


def make_reader(
    sizes: tuple[int, int], whole: bool, encoder: str | None, options: Any
) -> Any:
    """How a network sees films; see `rnncore.apps.video.folder`."""
    device = None
    if encoder not in (None, GIVEN) and options is not None:
        device = models.choose_device(options)
    return folder.make_reader(*sizes, whole, encoder, note, device)


def tell_seen(films: int, encoder: str, begun: float) -> None:
    """How long it took to see them; what is kept takes no time."""
    seconds = time.monotonic() - begun
    count = format_count(films, "film")
    note(f"{count} seen by {encoder} in {seconds:.0f} s")


def gather(
    films: Sequence[tuple[str, str, np.ndarray]], where: str, kinds: str
) -> Folder:
    """Films of which each comes with its class and its name.

    One that was seen before is left out; one in two classes is in none.

    Raises Refused where there are not two classes.
    """
    seen = Seen()
    found: dict[str, tuple[str, np.ndarray]] = {}
    for name, file, film in films:
        first = seen.find(file, film.tobytes())
        if first is None:
            found[file] = name, film
            continue
        note(f"left out: {file}: the same film as {first}")
        if first in found and found[first][0] != name:
            note(f"left out: {first}: it is in another class, too")
            del found[first]
    classes = sorted({name for name, _ in found.values()})
    if len(classes) < 2:
        raise Refused(f"{where}: expected at least two {kinds}, got {len(classes)}")
    labels = [classes.index(name) for name, _ in found.values()]
    frames = stack_films([film for _, film in found.values()])
    return Folder(classes, frames, np.array(labels), [*found])


def _leave_out(folder: Folder, test: Folder) -> Folder:
    """The films that are not in the test, too."""
    seen = Seen()
    for name, film in zip(test.names, test.frames, strict=True):
        seen.find(name, film.tobytes())
    kept = []
    for k, name in enumerate(folder.names):
        first = seen.find(name, folder.frames[k].tobytes())
        if first is None:
            kept.append(k)
        else:
            note(f"left out: {name}: the same film as {first}")
    return _choose(folder, kept)


def check_classes(path: Path, folder: Folder, classes: list[str]) -> None:
    """Raise Refused unless a folder has these classes."""
    if folder.classes != classes:
        raise Refused(
            f"{path}: expected the classes {', '.join(classes)}; "
            f"got {', '.join(folder.classes)}"
        )


def _split(
    folder: Folder, seed: int, shares: tuple[float, ...] = SHARES
) -> list[np.ndarray]:
    """Training, validation and test, each with films of every class.

    Clips of one film are in one part, where their names say it. Without
    the share of a test part, there is none.

    Raises Refused naming a class that has too few films.
    """
    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[] for _ in (0, *shares)]
    for k, name in enumerate(folder.classes):
        groups: dict[str, list[int]] = {}
        for film in np.flatnonzero(folder.labels == k).tolist():
            groups.setdefault(group_of(folder.names[film]), []).append(film)
        own = [*groups.values()]
        if len(own) < 3:
            raise Refused(
                f"{name}: expected at least 3 films of a class, got {len(own)}"
            )
        order = rng.permutation(len(own))
        for part, chosen in zip(parts, split(len(own), *shares), strict=True):
            part += [film for g in order[list(chosen)] for film in own[g]]
    return [np.array(part) for part in parts]


def _compute_fingerprint(folder: Folder) -> str:
    return common.compute_fingerprint(folder.frames.tobytes() + folder.labels.tobytes())


def _compute_scores(known: Model, data: tuple) -> Scores:
    """Percent of the test films that are named rightly, and baselines.

    Where nothing was trained on, without what has to see the training.
    """
    (model,), (folder, parts, settings) = known, data
    training, validation, test = parts
    rivals = OF_FEATURES if folder.frames.ndim == 3 else RIVALS
    right, films = _score_network(model, folder, test), len(test)
    named = round(right[NETWORK] * films / 100)
    sure = evaluation.share_interval("right", named, films)
    if not len(training):
        name = "as if all classes were equally likely"
        elsewhere: Facts = {
            "table": [*right.items(), (name, 100 / len(folder.classes))],
            "test": f"all {format_count(films, 'film')} of the folder. "
            "They are not those that the model was trained on",
        }
        return elsewhere | sure, {}
    found: Facts = {
        "table": [*right.items()],
        "score": right[NETWORK],
        "test": f"{format_count(films, 'film')}, not seen in training",
    }
    found |= sure
    true, known_ones = folder.labels[test], folder.labels[training]
    near, often = (
        "the class of the nearest film, without order",
        "the most frequent class",
    )

    def row(name: str) -> dict[str, float]:
        said = np.bincount(known_ones).argmax()
        if name == near:
            bar = common.Bar("nearest", "film")
            alike = nearest(folder.frames, training, test, bar)
            said = folder.labels[alike]
        return {name: 100 * float((said == true).mean())}

    def learn_row(name: str) -> dict[str, float]:
        device = next(model.parameters()).device
        rival = train_rival(
            rivals[name],
            *(folder.frames, folder.labels, (training, validation)),
            _make_plan(settings, folder),
            device,
            common.Bar(name),
        )
        part = folder.part(test)
        part = part._replace(frames=part.frames.to(device))
        return {name: 100 * float(accuracy_by_frame(rival, part)[-1])}

    deferred = {n: add_rows(partial(row, n)) for n in (near, often)}
    if "steps" in settings:  # else nobody knows how the network learned
        learned = {n: add_rows(partial(learn_row, n)) for n in rivals}
        deferred |= learned
    return found, deferred


def _score_network(
    model: nn.Module, folder: Folder, chosen: np.ndarray
) -> dict[str, float]:
    """Percent right after half of each film, and after all of it."""
    device = next(model.parameters()).device
    films = folder.part(chosen)
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
    read=_read,
    fit=_fit,
    score=_compute_scores,
    rescore=_score_again,
    save=weights.save_weights,
    load=seen.load_film_model,
    show=_show,
    hint="more films a class, more --frames or a larger --size",
    higher=True,
)


def _train(arguments: Namespace) -> int:
    return runs.learn(_choose_app(arguments), arguments)


def _evaluate(arguments: Namespace) -> int:
    return evaluation.score_again(_choose_app(arguments), arguments)


PARTS = {
    "train": _train,
    "classify": _classify,
    "caption": _run_caption,
    "evaluate": _evaluate,
    "draw": _draw,
}
