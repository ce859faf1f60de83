"""The work of the captioner: `video` on a folder with captions.tsv."""

from collections import Counter
from collections.abc import Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sacrebleu.metrics import BLEU

from rnncore.application import choose_device, seeded, split
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import (
    NETWORK,
    Scores,
    add_rows,
    corpus_intervals,
    mean_interval,
    share_interval,
)
from rnncore.apps.video import seen
from rnncore.apps.video.consensus import cider_scores
from rnncore.apps.video.folder import (
    LONGEST,
    Films,
    View,
    read_captions,
    read_given,
    show_read,
    view_of,
)
from rnncore.apps.video.rivals import nearest
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
AT_ONCE = 64  # films that are looked at together
Said = tuple[int, list[int]]  # a film, and one of its captions
Model = tuple[torch.nn.Module, Any]


def read(given: Any, captions: Any, view: View) -> Films:
    """The films of a folder and its table, or films themselves with captions."""
    if captions is None:
        return read_captions(Path(given), view)
    return read_given(given, captions, view, of_classes=False)


def prepare(options: Any, given: Any, captions: Any) -> Prepared:
    """Films with captions, and which of them are in which part.

    Raises Refused where there are too few.
    """
    device = choose_device(options.device)
    view = View(options.frames, options.size, False, options.encoder, device)
    films = read(given, captions, view)
    lines = show_read(films, of_classes=False)
    parts = split_films(films, options.seed)
    return Prepared((films, parts), {"data": films.digest}, lines)


def _fit(options: Any, data: tuple, run: watch.Run, device: Any) -> tuple[Model, Facts]:
    """A captioner that has learned the training films."""
    films, (training, validation, _) = data
    words = _learn_words(films, training, options.pieces)
    H = options.hidden
    about: Facts = {"kind": KIND}
    if options.pieces:
        about["pieces"] = words.as_json()
    else:
        about["words"] = words.words
    about |= {"T": options.frames, "S": options.size, "D": D, "H": H}
    if options.encoder:
        about |= {"encoder": options.encoder, "features": films.frames.shape[2]}
    with seeded(options.seed):
        model = build_captioner(about, words.size).to(device)
    learned, held_out = (_encode(films, part, words) for part in (training, validation))

    def next_batch(rng: Any, step: int) -> CaptionBatch:
        chosen = rng.integers(len(learned), size=options.batch)
        return _make_batch(films, [learned[k] for k in chosen], device)

    return runs.train_run(
        run,
        (model, words),
        about,
        caption_loss,
        next_batch,
        lambda model: _measure_nats(model, films, held_out, device),
        common.Bar(f"GRU {H}, attention"),
        unit="nats per piece" if options.pieces else "nats per word",
    )


def score_films(model: Any, about: Facts, given: Any, captions: Any) -> Scores:
    """The scores of the test part, if it was learned from; else of all."""
    device = next(model[0].parameters()).device
    films = read(given, captions, view_of(about, device))
    common.tell_read(show_read(films, of_classes=False))
    parts: list[list[int]] = [[], [], [*range(len(films.said))]]
    if evaluation.was_learned(about, films.digest, films.where):
        parts = split_films(films, about["seed"])
    return _compute_scores(model, (films, parts))


def split_films(films: Films, seed: int) -> list[list[int]]:
    """Training, validation and test: each film in one, with its captions.

    Raises Refused where there are too few.
    """
    count = len(films.said)
    if count < 3:
        raise Refused(
            f"{films.where}: expected captions of at least 3 films, got {count}"
        )
    order = np.random.default_rng(seed).permutation(count)
    return [order[list(p)].tolist() for p in split(count, *SHARES)]


def _learn_words(
    films: Films, training: Sequence[int], pieces: int | None = None
) -> Any:
    """The words that training has more than once; all others are one.

    Or so many pieces of words.
    """
    if pieces:
        said = [c for k in training for c in films.said[k]]
        return learn_subwords(said, pieces)

    often = Counter(
        word for k in training for caption in films.said[k] for word in caption.split()
    )
    kept = [word for word, n in often.most_common(MOST) if n > 1]
    if rare := len(often) - len(kept):
        note(f"{format_count(rare, 'rare word')} learned as {UNKNOWN}")
    return Words((UNKNOWN, *sorted(kept)))


def _encode(films: Films, part: Sequence[int], words: Any) -> list[Said]:
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
        for caption in films.said[k]
    ]


def _make_batch(films: Films, pairs: Sequence[Said], device: Any) -> CaptionBatch:
    chosen, said = zip(*pairs, strict=True)
    return caption_batch(films.frames[list(chosen)], said, device)


def _measure_nats(
    model: Any, films: Films, pairs: Sequence[Said], device: Any
) -> float:
    """The mean surprise of a word of these captions."""
    total, count = 0.0, 0
    for start in range(0, len(pairs), AT_ONCE):
        some = pairs[start : start + AT_ONCE]
        loss, _ = caption_loss(model, _make_batch(films, some, device), None)
        tokens = sum(len(said) + 1 for _, said in some)  # END is one
        total, count = total + tokens * float(loss), count + tokens
    return total / count


def _compute_scores(known: Model, data: tuple) -> Scores:
    """Consensus, BLEU and exact captions of the test films, and baselines.

    Where nothing was trained on, their own commonest caption is one.
    """
    (model, words), (films, (training, _, test)) = known, data
    true = [films.said[k] for k in test]
    own = describe(model, words, films.frames[test])
    scores = _measure_quality(own, true)
    what = format_count(len(test), "film")
    found = {
        "table": [(NETWORK, *scores)],
        "columns": COLUMNS,
        "score": scores[0],
        "test": f"{what}, not seen in training"
        if training
        else f"all {what} of {films.where}. "
        "They are not those that the model was trained on",
    }
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
        said = [films.said[k][0] for k in found]
        return {near: _measure_quality(said, true)}

    def score_most_frequent() -> dict[str, tuple]:
        learned = [c for k in training or test for c in films.said[k]]
        said, _ = Counter(learned).most_common(1)[0]
        return {often: _measure_quality([said] * len(test), true)}

    deferred = {near: add_rows(score_nearest)} if training else {}
    return found, deferred | {often: add_rows(score_most_frequent)}


def describe(model: Any, words: Any, films: np.ndarray) -> list[str]:
    """What the network says of these films.

    Shapes: films (N, T, S, S)
    """
    device = next(model.parameters()).device
    said: list[str] = []
    for start in range(0, len(films), AT_ONCE):
        frames = torch.as_tensor(films[start : start + AT_ONCE]).transpose(0, 1)
        said += map(words.decode, say(model, frames.to(device), LONGEST))
    return said


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
    table = evaluation.list_rows(about, *COLUMNS)
    network = f"GRU of {about['H']} units with attention"
    if "encoder" in about:
        network += f", features {about['encoder']}"
    return evaluation.Described(network, table, [f"scored on {about['test']}"])


def _save(path: Path, model: Any, words: Any, about: Facts) -> None:
    weights.save_weights(path, model, about)


APP = evaluation.Application(
    kind=KIND,
    fit=_fit,
    score=_compute_scores,
    save=_save,
    load=seen.load_captioner,
    show=_show,
    hint="more captions a film, more --steps, half of the --rate",
    higher=True,
)
