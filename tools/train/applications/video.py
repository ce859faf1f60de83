"""Train the networks of chapters 16 and 17 on films, and score them.

    python -m tools.train video
    python -m tools.train video --tasks actions captions --seeds 2

Tasks: actions (stick figures), digits (which one moves), next (the frame to
come), captions. Three seeds each, of the network and of its baselines. The
test films are drawn from a seed of their own; those of digits are written
by hands on no training film, those of actions stand beside themselves run
backward. Scores go to book/measurements.json under "video.", the weights of
seed 0 to rnncore/weights/. With --check it trains a few steps and writes
nothing.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
import sacrebleu
import torch
from tqdm import tqdm

from rnncore.application import (
    WEIGHTS,
    cooling,
    load_module,
    origin,
    save_weights,
    seeded,
    train_module,
)
from rnncore.data.video import (
    ACTIONS,
    DIGITS,
    Films,
    moving_digits,
    stick_figures,
    still_digits,
    twins,
)
from rnncore.seq2seq import VectorDecoder
from rnncore.train import Schedule
from rnncore.video import captions, model
from rnncore.video.captions import Captioner, FrameBag, words_of
from rnncore.video.model import (
    BagOfFrames,
    FilmClassifier,
    FrameEncoder,
    NextFrame,
    SingleFrame,
    film_batch,
)
from tools.measurements import keep_seeds

COMMAND = "python -m tools.train video"
SEEDS = range(3)
TEST = 1000  # the seed of the test films
S, TESTED, EVERY = 24, 1000, 125
AT_ONCE = 2000  # films that are drawn and looked at together
SIZES = {"S": S, "D": 64, "H": 128}
FINE = SIZES | {"D": 128, "fine": True}  # digits are small


class Task(NamedTuple):
    """One thing to learn: its films, its networks, how long they train."""

    films: Callable[[np.random.Generator, int, bool], Films]
    networks: dict[str, Callable[[], torch.nn.Module]]
    drawn: int  # films to train on
    batch: int
    steps: int
    rate: float


def digit_films(rng: np.random.Generator, count: int, test: bool) -> Films:
    """Films of digits, those of the test by other hands."""
    return moving_digits(rng, count, held_out=test)


def action_films(rng: np.random.Generator, count: int, test: bool) -> Films:
    """Stick figures; in the test each film beside the same run backward."""
    if not test:
        return stick_figures(rng, count)
    return twins(stick_figures(rng, count // 2))


def clean_films(rng: np.random.Generator, count: int, test: bool) -> Films:
    """Stick figures without noise, which nobody could foresee."""
    return stick_figures(rng, count, noise=0.0)


def classifiers(
    K: int, about: dict[str, Any]
) -> dict[str, Callable[[], torch.nn.Module]]:
    """The loop, and what sees frames without their order."""
    sizes = S, about["D"], about["H"], K, about.get("fine", False)
    return {
        "loop": lambda: FilmClassifier(*sizes),
        "bag": lambda: BagOfFrames(*sizes),
        "single": lambda: SingleFrame(*sizes),
    }


def captioners(K: int) -> dict[str, Callable[[], torch.nn.Module]]:
    """With attention, from one vector, and without order."""
    sizes = S, FINE["D"], FINE["H"], K
    return {
        "attention": lambda: Captioner(*sizes),
        "vector": lambda: Captioner(*sizes, decoder=VectorDecoder),
        "bag": lambda: Captioner(*sizes, encoder=FrameBag),
    }


WORDS = words_of(moving_digits(np.random.default_rng(0), 500).captions)
TASKS = {
    "digits": Task(
        digit_films,
        classifiers(len(DIGITS), FINE),
        24_000,
        64,
        1500,
        0.004,
    ),
    "captions": Task(
        digit_films, captioners(WORDS.size), 24_000, 32, 3200, 0.003
    ),
    "actions": Task(
        action_films,
        classifiers(len(ACTIONS), SIZES),
        2500,
        16,
        700,
        0.002,
    ),
    "next": Task(
        clean_films,
        {"loop": lambda: NextFrame(S, SIZES["D"], SIZES["H"])},
        2500,
        16,
        1200,
        0.002,
    ),
}
ON_DIGITS = "digits", "captions"  # with an eye that knows digits
EYE, EYE_STEPS = "video.eye", 5000
QUESTIONS, SIXTHS = 2, 6  # where, across and down
LOOPS: dict[tuple[str, int], Any] = {}  # the eye of a loop: its baselines'
NEXT = 8, 6  # frames that are seen, and frames that are then imagined


def classifier_scores(
    network: torch.nn.Module, films: Films, paired: bool
) -> dict[str, Any]:
    """Percent right after each frame and, within pairs, of the two."""
    batch = film_batch(films.frames, films.labels)
    right = 100 * model.accuracy_by_frame(network, batch)
    found = {"by_frame": right.tolist(), "accuracy": float(right[-1])}
    if paired:
        within = 100 * model.within_pairs(network, batch)
        found["pairs_by_frame"] = within.tolist()
        found["pairs"] = float(within[-1])
        found["pairs_mean"] = float(within.mean())
    return found


def next_scores(network: torch.nn.Module, films: Films) -> dict[str, Any]:
    """Squared error a pixel: of the next frame, and of several ahead."""
    frames = film_batch(films.frames, films.labels).frames
    with torch.no_grad():
        guess = network(frames[:-1]).sigmoid()
    seen, ahead = NEXT
    imagined = model.imagine(network, frames[:seen], ahead)
    true, last = frames[seen : seen + ahead], frames[seen - 1]

    def error(a: torch.Tensor, b: torch.Tensor) -> list[float]:
        return ((a - b) ** 2).flatten(1).mean(dim=1).tolist()

    return {
        "error": float(np.mean(error(guess, frames[1:]))),
        "copy": float(np.mean(error(frames[:-1], frames[1:]))),
        "ahead": error(imagined, true),
        "copy_ahead": error(last.expand_as(true), true),
    }


def caption_scores(network: Any, films: Films) -> dict[str, Any]:
    """Percent exact, BLEU, and percent right of each part of a caption."""
    batch = film_batch(films.frames, films.labels)
    said: list[str] = []
    for k in range(0, len(films.captions), 250):
        part = captions.say(network, batch.frames[:, k : k + 250])
        said += map(WORDS.decode, part)
    return {
        "exact": share(zip(said, films.captions, strict=True)),
        "bleu": sacrebleu.corpus_bleu(said, [films.captions]).score,
        **{
            name: share(
                (f(a), f(b))
                for a, b in zip(said, films.captions, strict=True)
            )
            for name, f in PARTS.items()
        },
    }


PARTS: dict[str, Callable[[str], Any]] = {  # "the six moves up and stops"
    "digit": lambda c: c.split()[1:2],
    "way": lambda c: c.split()[3:4],
    "end": lambda c: c.split()[4:],
}


def share(pairs: Any) -> float:
    """Percent of pairs that are equal."""
    return 100 * float(np.mean([a == b for a, b in pairs]))


@lru_cache(maxsize=1)
def eye(steps: int) -> torch.nn.Module:
    """A frame encoder that was trained on still pictures of two digits.

    It is trained once, and all networks on digits have it; for another,
    delete its file.
    """
    path = WEIGHTS / "video_eye.safetensors"
    if path.exists():
        made, about = load_module(path, EYE, eye_of, "frame encoder")
        if about["steps"] == steps:
            return made[0]
    frames, seen = still_digits(
        np.random.default_rng(3), min(60_000, 300 * steps)
    )
    with seeded(0):
        sight = eye_of(FINE)
    labels = seen.reshape(len(seen), QUESTIONS, -1)
    begun = time.process_time()
    train_module(
        sight,
        model.seen_loss,
        model.film_batches(frames[:, None], labels, 128),
        optimizer=cooling(0.003, steps),
        schedule=Schedule(
            steps,
            clip=1.0,
            progress=lambda s: tqdm(s, desc="eye", mininterval=30),
        ),
        rng=np.random.default_rng(0),
    )
    seconds = time.process_time() - begun
    for _, tensor in sight.named_parameters():
        tensor.data = tensor.data.half().float()
    right = named_in_stills(sight)
    print(
        f"eye: {right:.1f} % of the two named, {seconds:.0f} s", flush=True
    )
    if steps == EYE_STEPS:
        about = {**origin(COMMAND), **FINE, "kind": EYE, "score": right}
        about |= {"seed": 0, "steps": steps, "seconds": round(seconds)}
        save_weights(path, sight, about, torch.float16)
        keep_seeds("video.eye.named", {0: right}, "%", COMMAND)
    return sight[0]


def watcher() -> torch.nn.Module:
    """The loop that says which digit moves: where captioners begin."""
    path = WEIGHTS / "video_digits.safetensors"
    return model.load_classifier(path)[0].loop


def eye_of(about: dict[str, Any]) -> torch.nn.Sequential:
    """An eye, and which digits it sees in which sixth, across and down."""
    S, D = about["S"], about["D"]
    readout = torch.nn.Linear(D, QUESTIONS * len(DIGITS) * SIXTHS)
    return torch.nn.Sequential(FrameEncoder(S, D, fine=True), readout)


def named_in_stills(sight: torch.nn.Module) -> float:
    """Percent of the two digits in a still that it names, wherever."""
    frames, seen = still_digits(
        np.random.default_rng(TEST), TESTED, held_out=True
    )
    logits = model.logits_of(sight, torch.as_tensor(frames[None]))[0]
    by_place = logits.unflatten(1, (QUESTIONS, len(DIGITS), -1))
    digit = by_place.logsumexp(dim=3).sum(dim=1)
    two = digit.topk(2, dim=1).indices
    there = torch.as_tensor(seen.max(axis=(1, 3)))
    return 100 * float(there.gather(1, two).mean())


@torch.no_grad()
def looked_at(encoder: torch.nn.Module, films: Films) -> Films:
    """What an encoder that does not learn makes of films, once for all."""
    parts = [
        encoder(torch.as_tensor(part).transpose(0, 1)).transpose(0, 1)
        for part in np.array_split(
            films.frames, -(-len(films.frames) // 250)
        )
    ]
    return films._replace(frames=torch.cat(parts).numpy())


@lru_cache(maxsize=1)
def data(
    make: Callable[..., Films], seed: int, count: int, seen: int
) -> list[Films]:
    """Films to train on, and to look at on the way.

    Those of digits are what an eye of so many steps has seen.
    """
    drawn = []
    for part in range(-(-count // AT_ONCE)):
        rng = np.random.default_rng([1, seed, part])
        films = make(rng, min(count - part * AT_ONCE, AT_ONCE), False)
        drawn.append(looked_at(eye(seen), films) if seen else films)
    valid = make(np.random.default_rng([2, seed]), 300, False)
    return [
        Films(
            np.concatenate([films.frames for films in drawn]),
            np.concatenate([films.labels for films in drawn]),
            [caption for films in drawn for caption in films.captions],
        ),
        looked_at(eye(seen), valid) if seen else valid,
    ]


@lru_cache(maxsize=1)
def judged_films(name: str, tested: int = TESTED) -> Films:
    """The films that a task is judged by."""
    return TASKS[name].films(np.random.default_rng(TEST), tested, True)


def train(
    name: str, network: str, seed: int, steps: int, count: int, tested: int
) -> tuple[torch.nn.Module, dict[str, Any]]:
    """One run, and its scores on the test films."""
    task, seen = TASKS[name], 0
    if name in ON_DIGITS:
        seen = EYE_STEPS if steps > 3 else 3
    films, valid = data(task.films, seed, count, seen)
    with seeded(seed):
        made: Any = task.networks[network]()
    place = made.encoder if name == "captions" else made
    sight = eye(seen) if seen else None
    if name == "captions" and network != "bag":
        place.loop.load_state_dict(watcher().state_dict())
    if not seen and network in ("bag", "single"):
        sight = LOOPS[name, seed]
        films, valid = (looked_at(sight, f) for f in (films, valid))
    if sight:
        place.encoder = torch.nn.Identity()  # the eye has looked already
    loss, next_batch, evaluate = how_to_train(name, films, valid)
    begun = time.process_time()
    result = train_module(
        made,
        loss,
        next_batch,
        optimizer=cooling(task.rate, steps),
        schedule=Schedule(
            steps,
            clip=1.0,
            evaluate_every=EVERY,
            progress=lambda s: tqdm(
                s, desc=f"{name} {network} {seed}", mininterval=30
            ),
        ),
        rng=np.random.default_rng(seed),
        evaluate=evaluate,
    )
    if sight:
        place.encoder = sight
    if network == "loop":
        LOOPS[name, seed] = made.encoder
    facts = scores(name, made, judged_films(name, tested))
    facts |= {"seconds": time.process_time() - begun, "steps": steps}
    shown = {k: v for k, v in facts.items() if isinstance(v, float)}
    print(name, network, seed, shown, result.history.score, flush=True)
    return made, facts


def how_to_train(
    name: str, films: Films, valid: Films
) -> tuple[Any, Any, Any]:
    """Loss, batches, and what is looked at on the way."""
    if name == "captions":
        ids = [WORDS.encode(c) for c in films.captions]
        others = [WORDS.encode(c) for c in valid.captions]
        held_out = captions.caption_batches(valid.frames, others, 300)
        batch: Any = held_out(np.random.default_rng(0), 0)
        loss: Any = captions.caption_loss
        next_batch: Any = captions.caption_batches(
            films.frames, ids, TASKS[name].batch
        )
    else:
        batch = film_batch(valid.frames, valid.labels)
        loss = model.next_frame_loss if name == "next" else model.film_loss
        next_batch = model.film_batches(
            films.frames, films.labels, TASKS[name].batch
        )
    return loss, next_batch, lambda m: float(loss(m, batch, None)[0])


def scores(name: str, network: Any, test: Films) -> dict[str, Any]:
    """What is recorded of a trained network."""
    network.eval()
    if name == "captions":
        return caption_scores(network, test)
    if name == "next":
        return next_scores(network, test)
    return classifier_scores(network, test, name == "actions")


def save(
    name: str, network: str, made: Any, tested: int, seconds: float
) -> None:
    """The weights in half precision, with the score that they have."""
    for _, tensor in made.named_parameters():
        tensor.data = tensor.data.half().float()
    test = judged_films(name, tested)
    sizes = FINE if name in ON_DIGITS else SIZES
    about: dict[str, Any] = {**origin(COMMAND), **sizes, "seed": 0}
    about["seconds"] = round(seconds, 1)
    about |= {"T": test.frames.shape[1], "network": network}
    about |= ABOUT[name] | {"score": scores(name, made, test)[SCORE[name]]}
    if network == "bag":
        about["kind"] = "video.bag"
    stem = f"video_{name}" + "_bag" * (network == "bag")
    save_weights(
        WEIGHTS / f"{stem}.safetensors", made, about, torch.float16
    )


ABOUT: dict[str, dict[str, Any]] = {
    "actions": {"kind": model.KIND, "classes": ACTIONS},
    "digits": {"kind": model.KIND, "classes": DIGITS},
    "next": {"kind": "video.next"},
    "captions": {"kind": captions.KIND, "words": WORDS.words},
}
SCORE = {  # what is stored with the weights
    "actions": "accuracy",
    "digits": "accuracy",
    "next": "error",
    "captions": "exact",
}
STORED = {
    ("actions", "loop"),
    ("actions", "bag"),
    ("digits", "loop"),
    ("next", "loop"),
    ("captions", "attention"),
}


UNITS = {
    "seconds": "s",
    "steps": "updates",
    "bleu": "BLEU",
    "error": "squared error a pixel",
    "copy": "squared error a pixel",
    "ahead": "squared error a pixel, by frames ahead",
    "copy_ahead": "squared error a pixel, by frames ahead",
    "by_frame": "%, after each frame",
    "pairs_by_frame": "% of the two, after each frame",
}


def main(words: Sequence[str] | None = None) -> None:
    """Some tasks, some seeds, all their networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--seeds", type=int, nargs="+", default=[*SEEDS])
    parser.add_argument(
        "--tasks", nargs="+", choices=TASKS, default=[*TASKS]
    )
    parser.add_argument("--networks", nargs="+", help="only these")
    arguments = parser.parse_args(words)
    for seed in arguments.seeds:
        for name in arguments.tasks:
            for network in TASKS[name].networks:
                if arguments.networks and network not in arguments.networks:
                    continue
                if arguments.check:
                    train(name, network, 0, 3, 40, 16)
                    continue
                task = TASKS[name]
                made, facts = train(
                    name, network, seed, task.steps, task.drawn, TESTED
                )
                for key, value in facts.items():
                    unit = UNITS.get(key, "%")
                    keep_seeds(
                        f"video.{name}.{network}.{key}",
                        {seed: value},
                        unit,
                        COMMAND,
                    )
                if seed == 0 and (name, network) in STORED:
                    save(name, network, made, TESTED, facts["seconds"])
        if arguments.check:
            break


if __name__ == "__main__":
    main()
