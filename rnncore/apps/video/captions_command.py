"""What `video train` and `video evaluate` do with --captions."""

import time
from argparse import Namespace
from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sacrebleu.metrics import BLEU

from rnncore.application import seeded, split
from rnncore.apps.spine import common, evaluation, models, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import (
    NETWORK,
    Scores,
    add_rows,
    corpus_intervals,
    mean_interval,
    share_interval,
)
from rnncore.apps.video import seen
from rnncore.apps.video.album import NETWORK as ALBUM
from rnncore.apps.video.album import PENALTIES, WIDTH, album_recipe
from rnncore.apps.video.consensus import cider_scores
from rnncore.apps.video.folder import (
    LONGEST,
    Captioned,
    frame_sizes,
    nearest,
    read_captioned,
)
from rnncore.apps.video.photographs import PhotoCaptioner, describe_parts
from rnncore.apps.video.seen import build_captioner
from rnncore.storage import weights
from rnncore.storage.files import Refused
from rnncore.translate.subwords import learn_subwords
from rnncore.video.captions import CaptionBatch, Words, caption_batch, caption_loss, say

KIND = "captions"
SHARES = (0.15, 0.2)  # of the films: validation and test
UNKNOWN = "(unknown)"  # a word that training has once, or never
MOST = 10_000  # words that a network knows
D = 128  # numbers that a frame becomes
COLUMNS = ["CIDEr", "BLEU", "% exact"]
OLD_COLUMNS = ["% exact", "BLEU"]  # of models without them
AT_ONCE = 64  # films that are looked at together
Said = tuple[int, list[int]]  # a film, and one of its captions
Model = tuple[torch.nn.Module, Any]


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The films, and which of them are in which part."""
    sizes = arguments.frames, arguments.size
    paths = arguments.folder, arguments.captions
    films = read_films(*paths, sizes, arguments.encoder, arguments)
    return prepare(arguments, films, str(arguments.captions))


def prepare(options: Any, films: Captioned, name: str) -> tuple[tuple, Facts]:
    """Films with captions, and which of them are in which part.

    Raises Refused, naming the table, where there are too few.
    """
    parts = _split(name, films, options.seed)
    return (films, parts), {"data": _compute_fingerprint(films)}


def _fit(
    arguments: Any, data: tuple, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A captioner that has learned the training films."""
    films, (training, validation, _) = data
    words = _learn_words(films, training, arguments.pieces)
    S, H = arguments.size, arguments.hidden
    about: Facts = {"kind": KIND}
    if arguments.pieces:
        about["pieces"] = words.as_json()
    else:
        about["words"] = words.words
    about |= {"T": films.frames.shape[1], "S": S, "D": D, "H": H}
    if films.encoder:
        about |= {"encoder": films.encoder, "places": films.places}
        about["features"] = films.frames.shape[2]
    if films.places:
        about["network"] = ALBUM
    with seeded(arguments.seed):
        model = build_captioner(about, words.size).to(device)
    parts = [_encode(films, part, words) for part in (training, validation)]
    make = _make_album_recipe if films.places else _make_recipe
    return runs.train_run(
        run,
        (model, words),
        about,
        bar=common.Bar(f"GRU {H}, attention"),
        unit="nats per piece" if arguments.pieces else "nats per word",
        **make(arguments, films, parts, device),
    )


def _make_recipe(
    arguments: Any, films: Captioned, parts: Sequence[list[Said]], device: Any
) -> Facts:
    """How a captioner of films learns."""
    learned, held_out = parts

    def next_batch(rng: Any, step: int) -> CaptionBatch:
        chosen = rng.integers(len(learned), size=arguments.batch)
        return _make_batch(films, [learned[k] for k in chosen], device)

    return {
        "loss": caption_loss,
        "next_batch": next_batch,
        "evaluate": lambda m: _measure_nats(m, films, held_out, device),
    }


def _make_album_recipe(
    arguments: Any, films: Captioned, parts: Sequence[list[Said]], device: Any
) -> Facts:
    """How one of photographs learns."""

    def gather(pairs: list[Said]) -> tuple[Any, list]:
        said: dict[int, list[list[int]]] = {}
        for k, caption in pairs:
            said.setdefault(k, []).append(caption)
        places = [*said]

        def make(rows: list[int], captions: list) -> CaptionBatch:
            pairs = [(places[row], c) for row, c in zip(rows, captions, strict=True)]
            return _make_batch(films, pairs, device)

        return make, [*said.values()]

    how = arguments.batch, arguments.steps, arguments.rate
    return album_recipe(gather(parts[0]), gather(parts[1]), *how)


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """The scores of the same films, or of all films of another folder."""
    paths = arguments.folder, arguments.captions
    sizes = frame_sizes(arguments.model, about)
    films = read_films(*paths, sizes, about.get("encoder"), arguments)
    return score_films(model, about, films)


def score_films(model: Any, about: Facts, films: Captioned) -> Scores:
    """The scores of the test part, if it was learned from; else of all."""
    if _compute_fingerprint(films) == about.get("settings", {}).get("data"):
        parts = _split("captions", films, about["seed"])
    else:
        note("not the films that the model was trained on")
        parts = [[], [], [*range(len(films.captions))]]
    penalty = about.get("penalty")
    return _compute_scores(model, (films, parts), penalty)


def read_films(
    folder: Path,
    table: Path,
    sizes: tuple[int, int],
    encoder: str | None = None,
    options: Any = None,
) -> Captioned:
    """The films or photographs of a folder that a table has captions for.

    An encoder sees them on the options' device.
    """
    device = models.choose_device(options) if encoder and options else None
    bar, begun = common.Bar("reading", "film"), time.monotonic()
    how = *sizes, note, bar, encoder, device
    films = read_captioned(folder, table, *how)
    if films.encoder:
        seconds = time.monotonic() - begun
        count = format_count(len(films.frames), "file")
        note(f"{count} seen by {films.encoder} in {seconds:.0f} s")
    return films


def _split(table: str, films: Captioned, seed: int) -> list[list[int]]:
    """Training, validation and test: each film in one, with its captions.

    Raises Refused where there are too few.
    """
    count = len(films.captions)
    if {0, 1, 2} <= {*films.parts}:
        note("training, validation and test are the published ones")
        return [
            [k for k, part in enumerate(films.parts) if part == wanted]
            for wanted in range(3)
        ]
    if count < 3:
        raise Refused(f"{table}: expected captions of at least 3 films, got {count}")
    order = np.random.default_rng(seed).permutation(count)
    return [order[list(p)].tolist() for p in split(count, *SHARES)]


def _compute_fingerprint(films: Captioned) -> str:
    said = repr(films.captions).encode()
    return common.compute_fingerprint(films.frames.tobytes() + said)


def _learn_words(
    films: Captioned, training: Sequence[int], pieces: int | None = None
) -> Any:
    """The words that training has more than once; all others are one.

    Or so many pieces of words.
    """
    if pieces:
        said = [c for k in training for c in films.captions[k]]
        return learn_subwords(said, pieces)

    often = Counter(
        word
        for k in training
        for caption in films.captions[k]
        for word in caption.split()
    )
    kept = [word for word, n in often.most_common(MOST) if n > 1]
    if rare := len(often) - len(kept):
        note(f"{format_count(rare, 'rare word')} learned as {UNKNOWN}")
    return Words((UNKNOWN, *sorted(kept)))


def _encode(films: Captioned, part: Sequence[int], words: Any) -> list[Said]:
    """Each caption of these films, paired with its film."""
    known = set(getattr(words, "words", ()))

    def replace_unknown(caption: str) -> str:
        if not known:  # pieces spell any word
            return caption
        found = caption.split()
        return " ".join(w if w in known else UNKNOWN for w in found)

    return [
        (k, words.encode(replace_unknown(caption)))
        for k in part
        for caption in films.captions[k]
    ]


def _make_batch(films: Captioned, pairs: Sequence[Said], device: Any) -> CaptionBatch:
    chosen, said = zip(*pairs, strict=True)
    return caption_batch(films.frames[list(chosen)], said, device)


def _measure_nats(
    model: Any, films: Captioned, pairs: Sequence[Said], device: Any
) -> float:
    """The mean surprise of a word of these captions."""
    total, count = 0.0, 0
    for start in range(0, len(pairs), AT_ONCE):
        some = pairs[start : start + AT_ONCE]
        loss, _ = caption_loss(model, _make_batch(films, some, device), None)
        tokens = sum(len(said) + 1 for _, said in some)  # END is one
        total, count = total + tokens * float(loss), count + tokens
    return total / count


def _compute_scores(known: Model, data: tuple, penalty: float | None = None) -> Scores:
    """Consensus, BLEU and exact captions of the test films, and baselines.

    Where nothing was trained on, their own commonest caption is one. The
    length penalty of a beam is the one given; else validation chooses it.
    """
    (model, words), (films, (training, validation, test)) = known, data
    true = [films.captions[k] for k in test]
    if penalty is None and films.places and len(validation):
        penalty = _choose_penalty(known, films, validation)
    own = describe(model, words, films.frames[test], penalty)
    scores = _measure_quality(own, true)
    what = format_count(len(test), "film")
    found = {
        "table": [(NETWORK, *scores)],
        "columns": COLUMNS,
        "score": scores[0],
        "test": f"{what}, not seen in training"
        if training
        else f"all {what} of the folder. "
        "They are not those that the model was trained on",
    }
    if penalty is not None:
        found["penalty"] = penalty
    found |= mean_interval("CIDEr", cider_scores(own, true), [1] * len(test))
    bleu = {"BLEU": _make_bleu()}
    drawn = corpus_intervals(bleu, own, [*zip_longest(*true)])["intervals"]
    exact = round(scores[2] * len(test) / 100)
    sure = share_interval("exact", exact, len(test))["interval"]
    found["intervals"] = [*drawn, sure]
    near, often = (
        "a caption of the nearest film, without order",
        "the most frequent caption",
    )

    def score_nearest() -> dict[str, tuple]:
        bar = common.Bar("nearest", "film")
        found = nearest(films.frames, training, test, bar)
        said = [films.captions[k][0] for k in found]
        return {near: _measure_quality(said, true)}

    def score_most_frequent() -> dict[str, tuple]:
        learned = [c for k in training or test for c in films.captions[k]]
        said, _ = Counter(learned).most_common(1)[0]
        return {often: _measure_quality([said] * len(test), true)}

    deferred = {near: add_rows(score_nearest)} if training else {}
    return found, deferred | {often: add_rows(score_most_frequent)}


def _choose_penalty(known: Any, films: Captioned, validation: Sequence[int]) -> float:
    """The length penalty that gives validation the highest BLEU."""
    model, words = known
    true = [films.captions[k] for k in validation]
    bar, bleu = common.Bar("beam", "length penalty"), {}
    for penalty in bar(PENALTIES):
        said = describe(model, words, films.frames[validation], penalty)
        score = _make_bleu().corpus_score(said, [*zip_longest(*true)])
        bleu[penalty] = score.score
    return max(PENALTIES, key=lambda penalty: bleu[penalty])


def describe(
    model: Any, words: Any, films: np.ndarray, penalty: float | None = None
) -> list[str]:
    """What the network says of these films.

    `films` are (N, T, S, S); of photographs (N, P, F), and the best of a
    beam is said.
    """
    device = next(model.parameters()).device
    said: list[str] = []
    for start in range(0, len(films), AT_ONCE):
        some = films[start : start + AT_ONCE]
        frames = torch.as_tensor(some).transpose(0, 1).to(device)
        said += map(words.decode, write_tokens(model, frames, penalty))
    return said


def write_tokens(
    model: Any, frames: Any, penalty: float | None = None
) -> list[list[int]]:
    """The same as numbers; `frames` are (T, B, S, S), or (P, B, F)."""
    if not isinstance(model, PhotoCaptioner):
        return say(model, frames, LONGEST)
    alpha = PENALTIES[-1] if penalty is None else penalty
    return describe_parts(model, [frames], WIDTH, alpha)


def _measure_quality(
    said: Sequence[str], true: Sequence[Sequence[str]]
) -> tuple[float, float, float]:
    """CIDEr and BLEU against all captions of a film, and % equal to one."""
    right = sum(text in some for text, some in zip(said, true, strict=True))
    references = [*zip_longest(*true)]  # the first of each film, and so on
    return (
        float(cider_scores(said, true).mean()),
        _make_bleu().corpus_score(said, references).score,
        100 * right / len(said),
    )


def _make_bleu() -> Any:
    return BLEU(effective_order=True)  # captions may have three words


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    table = evaluation.list_rows(about, *about.get("columns", OLD_COLUMNS))
    network = f"GRU of {about['H']} units with attention"
    if "encoder" in about:
        network += f", features {about['encoder']}"
    scored = [f"scored on {about['test']}"]
    if "penalty" in about:
        scored.append(f"by a beam, length penalty {about['penalty']:g}")
    return evaluation.Described(network, table, scored)


def _save(path: Path, model: Any, words: Any, about: Facts) -> None:
    weights.save_weights(path, model, about)


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_compute_scores,
    rescore=_score_again,
    save=_save,
    load=seen.load_captioner,
    show=_show,
    hint="more captions a film, more --steps, half of the --rate",
    higher=True,
)
