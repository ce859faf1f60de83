"""Train the networks of chapters 16 and 17 on films, and score them.

Tasks: actions (stick figures), digits (which one moves), captions. Three seeds each,
of the network and of its baselines; runs are named such as "captions.bag". The test
films are drawn from a seed of their own; those of digits are written by hands on no
training film, those of actions are paired with themselves run backward. Scores go
under "video.", the weights of seed 0 to rnncore/weights/.

"digits.rates", "actions.rates", "captions.rates" and "bag.rates": networks at every
learning rate with three seeds, each then tested at its own; the captioners are first
those with a loop, then the one without. About 12, 5, 36 and 15 minutes of one core.
"actions.neighbours" is a network that sees each frame beside the one before it and
has no loop; its eye learns with it, as the loop's does. A minute;
"actions.neighbours.rates" is its search, "actions.neighbours_longer" gives it four
times the updates: four minutes each. "digits.layered" is the bag with a layer before
its mean, "digits.layered.rates" its search, with one seed: a minute each.
"captions.longer" gives the captioner twice the updates. Networks on digits have the
stored eye, and the captioners' loops begin as the stored classifier's: after a new
eye, train them all.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import sacrebleu
import torch
from tqdm import tqdm

from rnncore.application import seeded
from rnncore.comparison import Comparison, Setting, Trained, compare, to_json
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
from rnncore.storage.weights import halved, load_module, save_weights
from rnncore.video import captions, model
from rnncore.video.captions import Captioner, FrameBag, words_of
from rnncore.video.model import (
    BagOfFrames,
    FilmClassifier,
    FrameEncoder,
    SingleFrame,
    film_batch,
)
from tools.train.grids import search_rate
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    describe_run,
    fit_module,
    list_measurements,
)

FIRST = [0.001, 0.002, 0.004]  # where the search for a rate begins
SLOW = [0.000375, 0.00075, 0.0015, 0.003]  # and where that of a captioner


class Search(NamedTuple):
    """A study's task, the networks that get their own rates, where it begins."""

    task: str
    networks: list[str]
    rates: list[float]
    seeds: tuple[int, ...] = (0, 1, 2)  # one alone chooses, and is all there is


RATED = {
    "digits": Search("digits", ["loop", "bag", "single"], FIRST),
    "digits.layered": Search("digits", ["layered"], FIRST, (0,)),
    "actions": Search("actions", ["loop", "bag", "single"], FIRST),
    "actions.neighbours": Search("actions", ["neighbours"], FIRST),
    "captions": Search("captions", ["attention", "vector"], SLOW),
    "bag": Search("captions", ["bag"], SLOW),
}
EYED = "bag", "single"  # have the eye of the loop
LONGER = [  # tasks, networks that train longer, its study, how many times as long
    ("captions", "attention", "longer", 2),
    ("actions", "neighbours", "neighbours_longer", 4),
]
TEST = 1000  # the seed of the test films
S, TESTED, EVERY = 24, 1000, 125
AT_ONCE = 2000  # films that are drawn and looked at together
SIZES = {"S": S, "D": 64, "H": 128}
FINE = SIZES | {"D": 128, "fine": True}  # digits are small


class Neighbours(torch.nn.Module):
    """Each frame with the one before it; the mean over these pairs.

    It knows which of two frames comes first, and nothing of the order of pairs.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)
    """

    def __init__(self, S: int, D: int, H: int, K: int):
        super().__init__()
        self.encoder = FrameEncoder(S, D)
        self.think = torch.nn.Linear(2 * D, H)
        self.readout = torch.nn.Linear(H, K)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Logits after each frame; the first one is paired with itself."""
        x = self.encoder(frames)
        pairs = torch.cat([torch.cat([x[:1], x[:-1]]), x], dim=2)
        said = self.readout(torch.tanh(self.think(pairs)))
        count = torch.arange(1, len(x) + 1, device=x.device)
        return said.cumsum(dim=0) / count[:, None, None]


class LayeredBag(BagOfFrames):
    """The bag of frames, with a layer of its own before the mean.

    Shapes: frames (T, B, S, S) -> logits (T, B, K)
    """

    def __init__(self, S: int, D: int, H: int, K: int, fine: bool = False):
        super().__init__(S, D, H, K, fine)
        self.look = torch.nn.Linear(D, H)
        self.think = torch.nn.Linear(H, H)

    def forward(self, frames: torch.Tensor) -> torch.Tensor:
        """Logits after each frame: of the mean of all until then."""
        x = torch.relu(self.look(self.encoder(frames)))
        count = torch.arange(1, len(x) + 1, device=x.device)
        mean = x.cumsum(dim=0) / count[:, None, None]
        return self.readout(torch.tanh(self.think(mean)))


class VideoTask(NamedTuple):
    """One thing to learn: its films, its networks, how long they train."""

    films: Callable[[np.random.Generator, int, bool], Films]
    networks: dict[str, Callable[[], torch.nn.Module]]
    drawn: int  # films to train on
    batch: int
    steps: int
    rates: dict[str, float]  # of each network


def digit_films(rng: np.random.Generator, count: int, test: bool) -> Films:
    """Films of digits, those of the test by other hands."""
    return moving_digits(rng, count, held_out=test)


def action_films(rng: np.random.Generator, count: int, test: bool) -> Films:
    """Stick figures; in the test each film is paired with its reverse."""
    if not test:
        return stick_figures(rng, count)
    return twins(stick_figures(rng, count // 2))


def make_classifiers(
    K: int, about: dict[str, Any]
) -> dict[str, Callable[[], torch.nn.Module]]:
    """The loop, and what sees frames without their order."""
    sizes = S, about["D"], about["H"], K, about.get("fine", False)
    return {
        "loop": lambda: FilmClassifier(*sizes),
        "bag": lambda: BagOfFrames(*sizes),
        "single": lambda: SingleFrame(*sizes),
    }


def make_captioners(K: int) -> dict[str, Callable[[], torch.nn.Module]]:
    """With attention, from one vector, and without order."""
    sizes = S, FINE["D"], FINE["H"], K
    return {
        "attention": lambda: Captioner(*sizes),
        "vector": lambda: Captioner(*sizes, decoder=VectorDecoder),
        "bag": lambda: Captioner(*sizes, encoder=FrameBag),
    }


WORDS = words_of(moving_digits(np.random.default_rng(0), 500).captions)
TASKS = {
    "digits": VideoTask(
        digit_films,
        make_classifiers(len(DIGITS), FINE),
        24_000,
        64,
        3000,
        {"loop": 0.002, "bag": 0.004, "single": 0.008, "layered": 0.004},
    ),
    "captions": VideoTask(
        digit_films,
        make_captioners(WORDS.size),
        24_000,
        32,
        6400,
        {"attention": 0.0015, "vector": 0.0015, "bag": 0.0015},
    ),
    "actions": VideoTask(
        action_films,
        make_classifiers(len(ACTIONS), SIZES),
        2500,
        16,
        700,
        {"loop": 0.002, "bag": 0.002, "single": 0.002, "neighbours": 0.004},
    ),
}
RIVALS: dict[str, dict[str, Callable[[], torch.nn.Module]]] = {  # not of the tasks
    "actions": {
        "neighbours": lambda: Neighbours(S, SIZES["D"], SIZES["H"], len(ACTIONS))
    },
    "digits": {
        "layered": lambda: LayeredBag(S, FINE["D"], FINE["H"], len(DIGITS), True)
    },
}
ON_DIGITS = "digits", "captions"  # with an eye that knows digits
EYE, EYE_STEPS = "video.eye", 5000
QUESTIONS, SIXTHS = 2, 6  # where, across and down
LOOPS: dict[tuple[str, int], Any] = {}  # the eye of a loop: its baselines'
FITS: dict[tuple[Any, ...], "Fitted"] = {}  # on digits, that a study may ask again


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


def caption_scores(network: Any, films: Films) -> dict[str, Any]:
    """Percent exact, BLEU, and percent right of each part of a caption."""
    batch = film_batch(films.frames, films.labels)
    said: list[str] = []
    for k in range(0, len(films.captions), 250):
        part = captions.say(network, batch.frames[:, k : k + 250])
        said += map(WORDS.decode, part)
    return {
        "exact": measure_share(zip(said, films.captions, strict=True)),
        "bleu": sacrebleu.corpus_bleu(said, [films.captions]).score,
        **{
            name: measure_share(
                (f(a), f(b)) for a, b in zip(said, films.captions, strict=True)
            )
            for name, f in PARTS.items()
        },
    }


PARTS: dict[str, Callable[[str], Any]] = {  # "the six moves up and stops"
    "digit": lambda c: c.split()[1:2],
    "way": lambda c: c.split()[3:4],
    "end": lambda c: c.split()[4:],
}


def measure_share(pairs: Any) -> float:
    """Percent of pairs that are equal."""
    return 100 * float(np.mean([a == b for a, b in pairs]))


@lru_cache(maxsize=1)
def load_eye(steps: int, folder: Path) -> torch.nn.Sequential:
    """A frame encoder that was trained on still pictures of two digits.

    It is trained once, and all networks on digits have it; for another,
    delete its file.
    """
    path = folder / "video_eye.safetensors"
    if path.exists():
        made, known = load_module(path, EYE, eye_of, "frame encoder")
        if known["steps"] == steps:
            return made
    frames, seen = still_digits(np.random.default_rng(3), min(60_000, 300 * steps))
    with seeded(0):
        made = eye_of(FINE)
    labels = seen.reshape(len(seen), QUESTIONS, -1)
    next_batch = model.film_batches(frames[:, None], labels, 128)
    _, seconds = fit_module(made, model.seen_loss, next_batch, 0.003, steps, 0, "eye")
    right = named_in_stills(halved(made))
    if steps == EYE_STEPS:
        asked = Options("python -m tools.train video eye")
        known = describe_run(asked, seconds, steps=steps, kind=EYE, score=right)
        save_weights(path, made, known | FINE, torch.float16)
    return made


def measure_eye(asked: Options) -> Iterator[Measurement]:
    """How good the eye is that all networks on digits have."""
    named = named_in_stills(load_eye(asked.steps or EYE_STEPS, asked.weights))
    yield Measurement("video.eye.named", [named], "%", [0])


def load_watcher(folder: Path) -> torch.nn.Module:
    """The loop that says which digit moves: where captioners begin."""
    path = folder / "video_digits.safetensors"
    return model.load_classifier(path)[0].loop


def eye_of(about: dict[str, Any]) -> torch.nn.Sequential:
    """An eye, and which digits it sees in which sixth, across and down."""
    S, D = about["S"], about["D"]
    readout = torch.nn.Linear(D, QUESTIONS * len(DIGITS) * SIXTHS)
    return torch.nn.Sequential(FrameEncoder(S, D, fine=True), readout)


def named_in_stills(sight: torch.nn.Module) -> float:
    """Percent of the two digits in a still that it names, wherever."""
    frames, seen = still_digits(np.random.default_rng(TEST), TESTED, held_out=True)
    logits = model.logits_of(sight, torch.as_tensor(frames[None]))[0]
    by_place = logits.unflatten(1, (QUESTIONS, len(DIGITS), -1))
    digit = by_place.logsumexp(dim=3).sum(dim=1)
    two = digit.topk(2, dim=1).indices
    there = torch.as_tensor(seen.max(axis=(1, 3)))
    return 100 * float(there.gather(1, two).mean())


@torch.no_grad()
def encode_films(encoder: torch.nn.Module, films: Films) -> Films:
    """What an encoder that does not learn makes of films, once for all."""
    parts = [
        encoder(torch.as_tensor(part).transpose(0, 1)).transpose(0, 1)
        for part in np.array_split(films.frames, -(-len(films.frames) // 250))
    ]
    return films._replace(frames=torch.cat(parts).numpy())


@lru_cache(maxsize=3)
def make_data(
    make: Callable[..., Films], seed: int, count: int, sight: Any
) -> list[Films]:
    """Films to train on, and to look at on the way: as `sight` sees them."""

    def draw(key: list[int], count: int) -> Films:
        films = make(np.random.default_rng(key), count, False)
        return encode_films(sight, films) if sight else films

    parts = [
        draw([1, seed, k], min(count - k * AT_ONCE, AT_ONCE))
        for k in range(-(-count // AT_ONCE))
    ]
    together = Films(
        np.concatenate([films.frames for films in parts]),
        np.concatenate([films.labels for films in parts]),
        [caption for films in parts for caption in films.captions],
    )
    return [together, draw([2, seed], 300)]


@lru_cache(maxsize=1)
def judged_films(name: str, tested: int = TESTED) -> Films:
    """The films that a task is judged by."""
    return TASKS[name].films(np.random.default_rng(TEST), tested, True)


def prepare_network(
    name: str, network: str, seed: int, asked: Options
) -> tuple[Any, ...]:
    """An untrained network, where its eye belongs, the eye, and its films.

    The eye of a network on digits has learned, and learns no more.
    """
    task, sight = TASKS[name], None
    if name in ON_DIGITS:
        sight = load_eye(asked.steps or EYE_STEPS, asked.weights)[0]
    count = 40 if asked.check else task.drawn
    films, valid = make_data(task.films, seed, count, sight)
    with seeded(seed):
        made: Any = (task.networks | RIVALS.get(name, {}))[network]()
    place = made.encoder if name == "captions" else made
    if name == "captions" and network in ("attention", "vector"):
        place.loop.load_state_dict(load_watcher(asked.weights).state_dict())
    return made, place, sight, films, valid


class Fitted(NamedTuple):
    """A trained network, its loss on films to look at by updates, its seconds."""

    network: Any
    curve: list[list[float]]  # after how many updates, and the losses
    seconds: float

    @property
    def valid(self) -> float:
        """The lowest loss: that of the network."""
        return min(self.curve[1])


def fitted_to(
    name: str,
    network: str,
    seed: int,
    rate: float,
    steps: int,
    every: int,
    asked: Options,
) -> Fitted:
    """One network, trained at this rate; where it is looked at, the best stays."""
    key = name, network, seed, rate, steps, every
    if key in FITS:
        return FITS[key]
    made, place, sight, films, valid = prepare_network(name, network, seed, asked)
    if not sight and network in EYED:
        if (name, seed) not in LOOPS:
            raise ValueError(
                f"{name}.{network}: expected {name}.loop in the same "
                "command, whose eye it has"
            )
        sight = LOOPS[name, seed]
        films, valid = (encode_films(sight, f) for f in (films, valid))
    if sight:
        place.encoder = torch.nn.Identity()  # the eye has looked already
    loss, next_batch, evaluate = how_to_train(name, films, valid)
    result, seconds = fit_module(
        made,
        loss,
        next_batch,
        rate,
        steps,
        seed,
        f"{name} {network} {rate:g}",
        evaluate=evaluate,
        evaluate_every=every,
    )
    if sight:
        place.encoder = sight
    history = result.history
    found = Fitted(made, [history.evaluated, history.score], seconds)
    if name in ON_DIGITS:
        FITS[key] = found
    return found


def train(name: str, network: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One run, and its scores on the test films."""
    task, steps = TASKS[name], asked.steps or TASKS[name].steps
    rate = task.rates[network]
    made, curve, seconds = fitted_to(name, network, seed, rate, steps, EVERY, asked)
    if network == "loop":
        LOOPS[name, seed] = made.encoder
    test = judged_films(name, 16 if asked.check else TESTED)
    facts = measure_scores(name, made, test) | {"seconds": seconds, "steps": steps}
    facts |= {"rate": rate, "curve": curve}
    yield from list_measurements(f"video.{name}.{network}", facts, UNITS)
    if (name, network) in STORED and asked.keeps(seed):
        save(name, network, made, test, asked, seconds)


def measure_beside(
    name: str, network: str, key: str, times: int, asked: Options
) -> Iterator[Measurement]:
    """A further network of a task, after `times` as many updates."""
    task, steps = TASKS[name], times * (asked.steps or TASKS[name].steps)
    rate = task.rates[network]
    test = judged_films(name, 16 if asked.check else TESTED)
    found: dict[str, list[Any]] = {}
    for seed in asked.seeds:
        made, curve, seconds = fitted_to(name, network, seed, rate, steps, EVERY, asked)
        facts = measure_scores(name, made, test) | {"seconds": seconds, "steps": steps}
        for part, value in (facts | {"rate": rate, "curve": curve}).items():
            found.setdefault(part, []).append(value)
    yield from list_measurements(f"video.{name}.{key}", found, UNITS, list(asked.seeds))


def measure_rates(study: str, asked: Options) -> Iterator[Measurement]:
    """Networks of a task, each at its own rate."""
    name, rated, rates, seeds = RATED[study]
    steps = asked.steps or TASKS[name].steps
    fits: dict[tuple[str, float, int], Fitted] = {}
    # The runs on digits have the rates that are chosen: none is repeated.
    every = EVERY if name in ON_DIGITS else steps

    def run(network: str, setting: Setting, seed: int, steps: int) -> Trained:
        rate = setting["rate"]
        if (network, rate, seed) not in fits:
            found = fitted_to(name, network, seed, rate, steps, every, asked)
            tqdm.write(f"{network} {rate:g} {seed}: {found.valid:.5f}")
            fits[network, rate, seed] = found
        made, *_ = found = fits[network, rate, seed]
        test = judged_films(name, 16 if asked.check else TESTED)
        return Trained(
            found.valid,
            steps,
            lambda: 100 - measure_scores(name, made, test)[SCORE[name]],
        )

    def compare_networks(networks: Sequence[str]) -> Comparison:
        contenders = {network: partial(run, network) for network in networks}
        if len(seeds) == 1:
            alone = {
                network: search_rate(train, rates, steps, seeds)
                for network, train in contenders.items()
            }
            return Comparison(steps, list(seeds), {"rate": rates}, alone)
        return compare(contenders, {"rate": rates}, steps=steps, seeds=seeds)

    tuned_eye = name not in ON_DIGITS and any(n in EYED for n in rated)
    if tuned_eye:  # the others have the eye of the tuned loop
        rate = compare_networks(["loop"]).results["loop"].chosen["rate"]
        for seed in seeds:
            LOOPS[name, seed] = fits["loop", rate, seed].network.encoder
    found = compare_networks(rated)
    if tuned_eye and found.results["loop"].chosen["rate"] != rate:
        raise ValueError(f"{name}.loop: chosen at {rate:g}, then at another rate")
    yield Measurement(f"video.{study}.rates", to_json(found), "% wrong", list(seeds))


def how_to_train(name: str, films: Films, valid: Films) -> tuple[Any, Any, Any]:
    """Loss, batches, and what is looked at on the way."""
    if name == "captions":
        ids = [WORDS.encode(c) for c in films.captions]
        others = [WORDS.encode(c) for c in valid.captions]
        held_out = captions.caption_batches(valid.frames, others, 300)
        batch: Any = held_out(np.random.default_rng(0), 0)
        loss: Any = captions.caption_loss
        next_batch: Any = captions.caption_batches(films.frames, ids, TASKS[name].batch)
    else:
        batch = film_batch(valid.frames, valid.labels)
        loss = model.film_loss
        next_batch = model.film_batches(films.frames, films.labels, TASKS[name].batch)
    return loss, next_batch, lambda m: float(loss(m, batch, None)[0])


def measure_scores(name: str, network: Any, test: Films) -> dict[str, Any]:
    """What is recorded of a trained network."""
    network.eval()
    if name == "captions":
        return caption_scores(network, test)
    return classifier_scores(network, test, name == "actions")


def save(
    name: str, network: str, made: Any, test: Films, asked: Options, seconds: float
) -> None:
    """The weights in half precision, with the score that they have."""
    score = measure_scores(name, halved(made), test)[SCORE[name]]
    known = describe_run(asked, seconds, network=network, score=score)
    known |= FINE if name in ON_DIGITS else SIZES
    known |= {"T": test.frames.shape[1], **ABOUT[name]}
    if network == "bag":
        known["kind"] = "video.bag"
    stem = f"video_{name}" + "_bag" * (network == "bag")
    path = asked.weights / f"{stem}.safetensors"
    save_weights(path, made, known, torch.float16)


ABOUT: dict[str, dict[str, Any]] = {
    "actions": {"kind": model.KIND, "classes": ACTIONS},
    "digits": {"kind": model.KIND, "classes": DIGITS},
    "captions": {"kind": captions.KIND, "words": WORDS.words},
}
SCORE = {  # what is stored with the weights
    "actions": "accuracy",
    "digits": "accuracy",
    "captions": "exact",
}
STORED = {
    ("actions", "loop"),
    ("actions", "bag"),
    ("digits", "loop"),
    ("captions", "attention"),
}


UNITS = {
    "": "%",
    "seconds": "s",
    "steps": "updates",
    "rate": "learning rate",
    "curve": "updates; validation loss",
    "bleu": "BLEU",
    "by_frame": "%, after each frame",
    "pairs_by_frame": "% of the two, after each frame",
}


TRAINING = Training(
    "video",
    __doc__,
    {
        f"{name}.{network}": partial(train, name, network)
        for name, task in TASKS.items()
        for network in task.networks
    },
    {
        "eye": measure_eye,
        **{
            f"{name}.{key}": partial(measure_beside, name, network, key, times)
            for name, network, key, times in LONGER
        },
        **{
            f"{name}.{network}": partial(measure_beside, name, network, network, 1)
            for name, networks in RIVALS.items()
            for network in networks
        },
        **{f"{study}.rates": partial(measure_rates, study) for study in RATED},
    },
)
