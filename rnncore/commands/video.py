"""The command `video`: what happens in a film, and saying so."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rnncore.commands.common import (
    Bar,
    Clock,
    about_run,
    add_device,
    add_seed,
    add_training,
    begin,
    describe,
    fingerprint,
    finish,
    group,
    model_file,
    note,
    output_file,
    several,
    show_table,
    train_run,
    whole_number,
)
from rnncore.files import Refused

if TYPE_CHECKING:
    import numpy as np
    import torch

    from rnncore.video.model import FilmClassifier

KIND = "video"
DRAW = 'python -m rnncore video draw sitting.mp4 --what "sit down"'
CLASSIFY = "python -m rnncore video classify sitting.mp4"
DRAW_DIGITS = "python -m rnncore video draw digits.mp4 --what digits"
CAPTION = "python -m rnncore video caption digits.mp4"
TRAIN = "python -m rnncore video train films/ --model films.safetensors"
EVALUATE = "python -m rnncore video evaluate films.safetensors films/"
EPILOG = f"""\
example:
  {DRAW}
  {CLASSIFY}
  {DRAW_DIGITS}
  {CAPTION}
  {TRAIN}
  {EVALUATE}

Interrupted with Ctrl-C or otherwise, the same `train` goes on where it was.
"""
ENDINGS = ".mp4", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".gif"
SHARES = (0.15, 0.2)  # of the films: validation and test
NETWORK = "the network"
D = 64  # numbers that a frame becomes
SETTINGS = (  # all that the outcome depends on, with the films themselves
    *("frames", "size", "hidden", "batch", "steps", "rate"),
    *("evaluate_every", "patience", "seed"),
)


class Folder(NamedTuple):
    """Films of a folder that has a folder for each class."""

    classes: list[str]
    frames: "np.ndarray"  # (N, T, S, S)
    labels: "np.ndarray"  # (N,)

    def part(self, chosen: Any) -> Any:
        """Some of the films, as a network reads them."""
        from rnncore.video.model import film_batch

        return film_batch(self.frames[chosen], self.labels[chosen])


def add(commands: Any) -> None:
    """Add `video classify`, `caption`, `train`, `evaluate`, `draw`."""
    parts = group(
        commands,
        KIND,
        "what happens in a film: classes of one's own, or a caption",
        EPILOG,
    )
    classify = parts.add(
        "classify", _classify, "say what happens in a video file", CLASSIFY
    )
    _add_file(classify, "video_actions")
    caption = parts.add(
        "caption", _caption, "say in words what moves", CAPTION
    )
    _add_file(caption, "video_captions")
    _add_train(parts)
    parts.add_evaluate(
        _evaluate,
        "score the films that were not trained on",
        EVALUATE,
        "folder",
    )
    draw = parts.add("draw", _draw, "make a film to try the rest on", DRAW)
    draw.add_argument("file", metavar="FILE", type=Path)
    draw.add_argument(
        "--what",
        default="any action",
        metavar="WHAT",
        help="digits, an action such as 'sit down', or any action "
        "(default: %(default)s)",
    )
    add_seed(draw)


def _add_file(parser: argparse.ArgumentParser, model: str) -> None:
    parser.add_argument("file", metavar="FILE", type=Path)
    parser.add_argument(
        "--model",
        type=Path,
        default=Path(model),
        metavar="FILE",
        help="a file of weights, or what comes with the course "
        "(default: %(default)s)",
    )
    add_device(parser)


def _add_train(parts: Any) -> None:
    train = parts.add(
        "train",
        _train,
        "learn from a folder that has a folder of films for each class",
        TRAIN,
    )
    train.add_argument("folder", metavar="FOLDER", type=Path)
    train.add_argument(
        "--frames",
        type=whole_number,
        default=16,
        metavar="N",
        help="frames that are taken from a film (default: %(default)s)",
    )
    train.add_argument(
        "--size",
        type=whole_number,
        default=24,
        metavar="N",
        help="width and height of a frame (default: %(default)s)",
    )
    add_training(
        train,
        hidden=128,
        batch=32,
        steps=1500,
        rate=0.002,
        evaluate_every=50,
        patience=8,
    )


def _classify(arguments: argparse.Namespace) -> int:
    """The likeliest classes, and from when on it was the best."""
    import pandas as pd

    from rnncore.video.model import load_classifier, logits_of

    model, about = load_classifier(model_file(arguments.model))
    model, frames = _ready(arguments, model, about)
    p = logits_of(model, frames)[:, 0].softmax(dim=1).numpy()
    best = p.argmax(axis=1)
    found = int(best[-1])
    since = len(best) - _run_of(best == found)
    print(f"{arguments.file}: {about['classes'][found]}")
    print(f"the best answer from frame {since + 1} of {len(best)} on")
    table = pd.Series(p[-1], about["classes"], name="probability")
    table = table.sort_values(ascending=False).head(5)
    print(show_table(table.to_frame()))
    return 0


def _run_of(same: "np.ndarray") -> int:
    """How many at the end are True."""
    return len(same) if same.all() else int(same[::-1].argmin())


def _caption(arguments: argparse.Namespace) -> int:
    """A sentence, and where each of its words looked."""
    import pandas as pd

    from rnncore.video.captions import load_captioner, looks, say

    model, words, about = load_captioner(model_file(arguments.model))
    model, frames = _ready(arguments, model, about)
    said = say(model, frames)[0]
    print(f"{arguments.file}: {words.decode(said)}")
    weights, p = looks(model, frames, said)
    table = pd.DataFrame(
        {
            "probability": p.tolist(),
            "looked most at frame": (weights.argmax(dim=1) + 1).tolist(),
        },
        index=[*words.decode(said).split(), "(end)"],
    )
    print(show_table(table))
    return 0


def _ready(
    arguments: argparse.Namespace, model: Any, about: dict[str, Any]
) -> tuple[Any, "torch.Tensor"]:
    """The model, and the film's frames (T, 1, S, S), on the device."""
    import torch

    from rnncore.application import choose_device
    from rnncore.video.files import read_video

    device = choose_device(arguments.device)
    frames = read_video(arguments.file, about["T"], about["S"])
    return model.to(device), torch.as_tensor(frames)[:, None].to(device)


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore import application
    from rnncore.video import model as package

    device = application.choose_device(arguments.device)
    folder = _read_folder(
        arguments.folder, arguments.frames, arguments.size
    )
    parts = _split(folder, arguments.seed)
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {"kind": KIND, "data": _fingerprint(folder)}
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        _print(arguments.model, package.load_classifier(arguments.model)[1])
        return 0
    S, H, K = arguments.size, arguments.hidden, len(folder.classes)
    with application.seeded(arguments.seed):
        model = package.FilmClassifier(S, D, H, K).to(device)
    validation = folder.part(parts[1])
    clock, bar = Clock(run), Bar(f"GRU {arguments.hidden}")

    def evaluate(model: "FilmClassifier") -> float:
        clock.seconds()
        batch = package.FilmBatch(*(a.to(device) for a in validation))
        loss, _ = package.film_loss(model, batch, None)
        return bar.tell("nats", float(loss))

    result = train_run(
        run,
        arguments,
        model,
        package.film_loss,
        package.film_batches(
            folder.frames[parts[0]],
            folder.labels[parts[0]],
            arguments.batch,
            device,
        ),
        evaluate=evaluate,
        progress=bar,
    )
    seconds = clock.seconds()
    about = _scores(model, folder, parts)
    about |= about_run(arguments, settings, seconds)
    about |= {"kind": KIND, "classes": folder.classes}
    about |= {"T": arguments.frames, "S": S, "D": D, "H": H}
    about |= {"steps": len(result.history.loss)}
    application.save_weights(arguments.model, model, about)
    finish(run)
    _print(arguments.model, package.load_classifier(arguments.model)[1])
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """The table of scores, computed again."""
    from rnncore import application
    from rnncore.video.model import load_classifier

    model, about = load_classifier(arguments.model)
    model.to(application.choose_device(arguments.device))
    folder = _read_folder(arguments.folder, about["T"], about["S"])
    if folder.classes != about["classes"]:
        raise Refused(
            f"{arguments.folder}: expected the classes "
            f"{', '.join(about['classes'])}; "
            f"got {', '.join(folder.classes)}"
        )
    if _fingerprint(folder) == about.get("settings", {}).get("data"):
        scores = _scores(model, folder, _split(folder, about["seed"]))
    else:
        scores = _scores_elsewhere(model, folder)
    _print(arguments.model, about | scores)
    return 0


def _read_folder(path: Path, T: int, S: int) -> Folder:
    """All films of a folder; those that cannot be read are told.

    Raises Refused where there are not two classes with films.
    """
    import numpy as np

    from rnncore.video.files import read_video

    if not path.is_dir():
        raise Refused(f"{path}: expected a folder with a folder a class")
    frames: list[np.ndarray] = []
    labels: list[int] = []
    classes: list[str] = []
    for place in sorted(p for p in path.iterdir() if p.is_dir()):
        before = len(frames)
        files = sorted(place.iterdir())
        for file in Bar(place.name, "film")(files):
            if file.suffix.lower() not in ENDINGS:
                continue
            try:
                frames.append(read_video(file, T, S))
                labels.append(len(classes))
            except Refused as error:
                note(f"left out: {error}")
        if len(frames) > before:
            classes.append(place.name)
    if len(classes) < 2:
        raise Refused(
            f"{path}: expected at least two folders with films "
            f"({', '.join(ENDINGS)}), got {len(classes)}"
        )
    return Folder(classes, np.stack(frames), np.array(labels))


def _split(folder: Folder, seed: int) -> list["np.ndarray"]:
    """Training, validation and test, each with films of every class.

    Raises Refused naming a class that has too few films.
    """
    import numpy as np

    from rnncore.application import split

    rng = np.random.default_rng(seed)
    parts: list[list[int]] = [[], [], []]
    for k, name in enumerate(folder.classes):
        own = rng.permutation(np.flatnonzero(folder.labels == k))
        if len(own) < 3:
            raise Refused(
                f"{name}: expected at least 3 films of a class, "
                f"got {len(own)}"
            )
        for part, chosen in zip(
            parts, split(len(own), *SHARES), strict=True
        ):
            part += own[list(chosen)].tolist()
    return [np.array(part) for part in parts]


def _fingerprint(folder: Folder) -> str:
    return fingerprint(folder.frames.tobytes() + folder.labels.tobytes())


def _scores(
    model: "FilmClassifier", folder: Folder, parts: list["np.ndarray"]
) -> dict[str, Any]:
    """Percent of the test films that are named rightly, and baselines."""
    import numpy as np

    training, _, test = parts
    right = _network_scores(model, folder, test)
    known, asked = (
        folder.frames[p].mean(axis=1).reshape(len(p), -1)
        for p in (training, test)
    )
    away = [((film - known) ** 2).sum(axis=1).argmin() for film in asked]
    nearest = folder.labels[training][away]
    often = np.bincount(folder.labels[training]).argmax()
    true = folder.labels[test]
    right |= {
        "the class of the nearest film, without order": _share(
            nearest == true
        ),
        "the most frequent class": _share(often == true),
    }
    return {
        "table": list(right.items()),
        "score": right[NETWORK],
        "test": f"{several(len(true), 'film')}, not seen in training",
    }


def _scores_elsewhere(
    model: "FilmClassifier", folder: Folder
) -> dict[str, Any]:
    """All films of another folder, without what has to see the training."""
    import numpy as np

    everything = np.arange(len(folder.labels))
    right = _network_scores(model, folder, everything)
    right["as if all classes were equally likely"] = 100 / len(
        folder.classes
    )
    return {
        "table": list(right.items()),
        "test": f"all {several(len(everything), 'film')} of the folder. "
        "They are not those that the model was trained on",
    }


def _network_scores(
    model: "FilmClassifier", folder: Folder, chosen: "np.ndarray"
) -> dict[str, float]:
    """Percent right after half of each film, and after all of it."""
    from rnncore.video.model import accuracy_by_frame

    device = next(model.parameters()).device
    films = folder.part(chosen)
    films = films._replace(frames=films.frames.to(device))
    right = 100 * accuracy_by_frame(model, films)
    half = float(right[(len(right) - 1) // 2])
    return {NETWORK: float(right[-1]), f"{NETWORK}, half-way": half}


def _share(right: "np.ndarray") -> float:
    return 100 * float(right.mean())


def _print(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its table of scores."""
    import pandas as pd

    network = f"GRU of {about['H']} units"
    print(describe(path, network, about))
    print(f"scored on {about['test']}")
    print(show_table(pd.DataFrame({"% right": dict(about["table"])})))


def _draw(arguments: argparse.Namespace) -> int:
    """A film of digits or of a figure, and what it shows."""
    import numpy as np

    from rnncore.data.video import ACTIONS, moving_digits, stick_figures
    from rnncore.video.files import write_video

    path = output_file(arguments.file, *ENDINGS[:-1])
    what, rng = arguments.what, np.random.default_rng(arguments.seed)
    if what not in (*ACTIONS, "digits", "any action"):
        raise Refused(
            f"--what: expected digits, any action, {', '.join(ACTIONS)}; "
            f"got {what!r}"
        )
    if what == "digits":
        films, k = moving_digits(rng, 1, held_out=True), 0
    else:
        films = stick_figures(rng, len(ACTIONS))
        k = films.captions.index(what) if what in ACTIONS else 0
    write_video(path, films.frames[k])
    print(f"{path}: {films.captions[k]}")
    return 0
