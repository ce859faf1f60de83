"""Caption Flickr8k's photographs from stored features: chapter 17.

"captioner": the decoder with attention of chapters 14 and 17 over 49 places and
the whole of each photograph, as EfficientNet-Lite0, trained on ImageNet, saw it (of
each place the set has 96 principal components); 6,000 photographs with five
captions each. Teacher forcing's loss on the
validation part keeps the best weights, its BLEU-4 chooses the beam's length
penalty and what the baselines may choose; the test part is asked once. BLEU-1
to 4 by sacrebleu, lower case without punctuation, tokenize none, against five
references; "four" against the other four, where a person writes too (the mean
over which of the five is left out); CIDEr-D, a person's against four. About six
minutes of one core; a network that is in --weights FOLDER already is not
trained. Under "real.flickr8k.".
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from sacrebleu.metrics import BLEU
from scipy.sparse import csr_matrix, vstack

from rnncore.application import seeded
from rnncore.apps.video.consensus import cider_scores
from rnncore.data.public.pictures import Photograph, flickr8k
from rnncore.translate.subwords import SubWords, learn_subwords
from tools.train.ch17._photographs import (
    PENALTIES,
    WIDTH,
    PhotoCaptioner,
    Seen,
    album_recipe,
    build_captioner,
    describe,
    photo_batch,
    see,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_once,
    list_measurements,
)

PIECES, H, B = 2000, 256, 64
STEPS, RATE = 1200, 0.002
CONSTANT = "a man in a red shirt is standing in the street"
CANDIDATES, LEAST = 20, 9  # the commonest captions, of at least LEAST words
NEIGHBOURS = 1, 10, 30, 90  # photographs of which the most agreed caption is taken
READ = 6  # captions to be read
UNITS = {"": "see keys", "seconds": "s of one core", "weights": "weights"}


class PhotoPart(NamedTuple):
    """Photographs of one part, seen, with five plain captions each."""

    seen: Seen
    said: list[list[str]]


class CaptionTask(NamedTuple):
    """The three official parts, and pieces of the training captions."""

    train: PhotoPart
    validation: PhotoPart
    test: PhotoPart
    pieces: SubWords


def normalise_caption(caption: str) -> str:
    """Lower case, letters and digits alone."""
    return " ".join(re.sub(r"[^a-z0-9 ]", "", caption.lower()).split())


@cache
def task_of(pieces: int = PIECES) -> CaptionTask:
    """The same for the network and the baselines."""
    album = flickr8k()

    def part(photographs: list[Photograph]) -> PhotoPart:
        said = [[normalise_caption(c) for c in p.captions] for p in photographs]
        return PhotoPart(see(photographs, album.scale), said)

    train = part(album.train)
    learned = learn_subwords([c for some in train.said for c in some], pieces)
    return CaptionTask(train, part(album.validation), part(album.test), learned)


def measure_bleus(
    said: Sequence[str], references: Sequence[Sequence[str]]
) -> list[float]:
    """BLEU-1 to BLEU-4, with equally many references for each."""
    streams = [list(stream) for stream in zip(*references, strict=True)]
    found = BLEU(tokenize="none").corpus_score(list(said), streams)
    logs = [math.log(max(p, 1e-9)) for p in found.precisions]
    return [round(found.bp * math.exp(np.mean(logs[:n])), 2) for n in range(1, 5)]


def score_captions(said: Sequence[str], part: PhotoPart) -> dict[str, Any]:
    """Against five references, and against each four of them, averaged."""
    four = [measure_bleus(said, drop_reference(part, k)) for k in range(5)]
    mean = [round(float(x), 2) for x in np.mean(four, axis=0)]
    words = float(np.mean([len(s.split()) for s in said]))
    return {
        "five": measure_bleus(said, part.said),
        "cider": round(float(cider_scores(said, part.said).mean()), 2),
        "four": mean,
        "words": round(words, 2),
        "different": len(set(said)),
    }


def drop_reference(part: PhotoPart, k: int) -> list[list[str]]:
    """The references less the k-th of each photograph."""
    return [[*some[:k], *some[k + 1 :]] for some in part.said]


def run_person(part: PhotoPart) -> dict[str, Any]:
    """Each of the five people against the other four, averaged."""
    four = [
        measure_bleus([s[k] for s in part.said], drop_reference(part, k))
        for k in range(5)
    ]
    cider = [
        cider_scores([s[k] for s in part.said], drop_reference(part, k)).mean()
        for k in range(5)
    ]
    return {
        "four": [round(float(x), 2) for x in np.mean(four, axis=0)],
        "cider": round(float(np.mean(cider)), 2),
    }


def build(task: CaptionTask, seed: int) -> PhotoCaptioner:
    """The network with its first weights."""
    G, F = task.train.seen.grid.shape[2], task.train.seen.pooled.shape[1]
    with seeded(seed):
        return build_captioner(G, F, H, task.pieces.size)


def load_or_train(
    seed: int, asked: Options, task: CaptionTask
) -> tuple[PhotoCaptioner, dict[str, Any]]:
    """A network and what is known of its training; from a file if it is there."""
    model = build(task, seed)
    steps, encode = asked.steps or STEPS, task.pieces.encode
    learned, held_out = (
        (partial(photo_batch, part.seen), [[encode(c) for c in s] for s in part.said])
        for part in (task.train, task.validation)
    )
    recipe = album_recipe(learned, held_out, B, steps, RATE)
    optimizer = recipe.pop("optimizer")
    facts = fit_once(
        model,
        "flickr8k",
        "flickr8k",
        seed,
        asked,
        rate=RATE,
        steps=steps,
        optimizer=lambda rate, steps: optimizer,
        evaluate_every=max(1, steps // 10),
        **recipe,
    )
    return model, facts


def run(seed: int, asked: Options) -> Iterator[Measurement]:
    """The network: what its training gave, and what it is worth."""
    task = task_of()
    model, facts = load_or_train(seed, asked, task)
    key = "real.flickr8k.captioner"
    yield from list_measurements(key, facts, UNITS)

    def say(part: PhotoPart, width: int, alpha: float) -> list[str]:
        return [task.pieces.decode(c) for c in describe(model, part.seen, width, alpha)]

    held, test = task.validation, task.test
    tried = {
        alpha: measure_bleus(say(held, WIDTH, alpha), held.said)[3]
        for alpha in PENALTIES
    }
    best = max(PENALTIES, key=lambda alpha: tried[alpha])
    said = say(test, WIDTH, best)
    drawn = np.random.default_rng(0).permutation(len(test.said))[:READ]
    found = {
        "validation_bleu": {f"beam {k:g}": v for k, v in tried.items()},
        "penalty": best,
        "beam": score_captions(said, test),
        "greedy": score_captions(say(test, 1, 0.0), test),
        "read": [[said[k], test.said[k][0]] for k in sorted(drawn)],
    }
    yield from list_measurements(key, found, UNITS)


def count_grams(captions: Sequence[str], place: dict[str, int]) -> csr_matrix:
    """Which words and pairs of words each caption has, rows of length 1."""
    rows: list[int] = []
    columns: list[int] = []
    for n, caption in enumerate(captions):
        words = caption.split()
        pairs = [" ".join(two) for two in pairwise(words)]
        known = {place.setdefault(g, len(place)) for g in words + pairs}
        rows += [n] * len(known)
        columns += known
    size = np.bincount(rows, minlength=len(captions)) ** -0.5
    shape = len(captions), 200_000
    return csr_matrix((size[rows], (rows, columns)), shape)


def choose_agreed(
    part: PhotoPart, train: PhotoPart, counts: Sequence[int]
) -> dict[int, list[str]]:
    """The caption of the nearest photographs that is most like the others'."""
    known, asked = train.seen.pooled, part.seen.pooled
    near = (asked @ known.T).topk(min(max(counts), len(known))).indices.tolist()
    place: dict[str, int] = {}
    coded = [count_grams(some, place) for some in train.said]
    found: dict[int, list[str]] = {n: [] for n in counts}
    for row in near:
        for n in counts:
            all_said = [c for k in row[:n] for c in train.said[k]]
            X = vstack([coded[k] for k in row[:n]]).tocsr()
            total = np.asarray(X @ X.sum(axis=0).T).ravel()
            found[n].append(all_said[int(total.argmax())])
    return found


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """One sentence for all, the captions of what looks alike, a person."""
    task = task_of()
    train, held, test = task.train, task.validation, task.test
    counted = Counter(c for s in train.said for c in s if len(c.split()) >= LEAST)
    every = [CONSTANT, *(c for c, _ in counted.most_common(CANDIDATES))]
    scored = {c: measure_bleus([c] * len(held.said), held.said)[3] for c in every}
    constant = max(every, key=lambda c: scored[c])
    tried = {
        n: measure_bleus(s, held.said)[3]
        for n, s in choose_agreed(held, train, NEIGHBOURS).items()
    }
    best = max(tried, key=lambda n: tried[n])
    nearest = (test.seen.pooled @ train.seen.pooled.T).argmax(dim=1).tolist()
    found = {
        "sentence": constant,
        "constant": score_captions([constant] * len(test.said), test),
        "nearest": score_captions([train.said[k][0] for k in nearest], test),
        "neighbours": best,
        "neighbours_validation": {str(n): v for n, v in tried.items()},
        "agreed": score_captions(choose_agreed(test, train, [best])[best], test),
        "person": run_person(test),
    }
    yield from list_measurements("real.flickr8k.baselines", found, "see keys", 0)


TRAINING = Training(
    "flickr8k",
    __doc__,
    {"captioner": run},
    {"baselines": run_baselines},
    "real.flickr8k",
)
