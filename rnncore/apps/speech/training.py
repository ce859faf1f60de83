"""What training a recogniser takes: a recipe, batches, word errors."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import torch

from rnncore.application import cooling, seeded
from rnncore.apps.speech.estimator import Transcriber
from rnncore.backend import check_shape
from rnncore.ctc import BLANK, ctc_loss, greedy, prefix_beam
from rnncore.data.speech import Recording
from rnncore.speech.features import BANDS
from rnncore.speech.letters import Choice, Letters, Words
from rnncore.speech.model import (
    Batch,
    Recognizer,
    batch_of,
    log_probabilities,
    speech_loss,
)

AT_ONCE = 64  # recordings that are read side by side
STEP = 0.02  # seconds a step of the network
STRETCH, WARP = 0.2, 0.15  # of time and of the bands, at most, either way
COLOUR, BENDS = 0.25, 5  # how much louder bands get, at so many places
HIDDEN_BANDS, HIDDEN_FRAMES = 6, 8  # at most, in training
UNLIKELY = 2.0  # nats that the blank is behind at first
Vary = Callable[[np.random.Generator, np.ndarray, int], np.ndarray]


def speech_recipe(
    learned: Sequence[Recording],
    held_out: Sequence[Recording],
    known: Any,
    plan: Transcriber,
    device: torch.device | None = None,
    vary: Vary | None = None,
) -> tuple[Recognizer, dict[str, Any]]:
    """A network with its first weights, and what `train_module` needs.

    That is its loss, next_batch, evaluate (word errors of `held_out`, in
    percent) and optimizer; `known` is what the network may write. It reads
    features as `held_out` has them, and as `vary`, if not `varied`, makes
    them of those that are learned from.
    """
    features = [r.features for r in learned]
    labels = [known.encode(r.text) for r in learned]
    sizes = held_out[0].features.shape[1], plan.hidden, known.size, plan.layers
    with seeded(plan.seed):
        network = speaking(Recognizer(*sizes, plan.dropout))
    return network.to(device), {
        "loss": choice_loss if isinstance(known, Choice) else speech_loss,
        "next_batch": similar_lengths(
            features, labels, plan.batch, device, vary or varied
        ),
        "evaluate": lambda network: measure_errors(network, held_out, known),
        "optimizer": cooling(plan.rate, plan.steps, plan.falls),
    }


def measure_errors(network: Any, recordings: Sequence[Recording], known: Any) -> float:
    """Word errors of recordings, in percent.

    Where a network errs on other people's voices it soon errs with
    confidence: its loss rises while its errors still fall.
    """
    found = outputs(network, [r.features for r in recordings])
    read = [written(log_p, known) for log_p in found]
    return word_errors([r.text for r in recordings], read)


def similar_lengths(
    features: Sequence[np.ndarray],
    labels: Sequence[Sequence[int]],
    B: int,
    device: torch.device | None = None,
    vary: Vary = lambda rng, features, least: features,
) -> Callable[[np.random.Generator, int], Batch]:
    """The next_batch of `train_module`: little padding, all at random.

    Of four times as many recordings, ordered by length, it takes a
    quarter. Each of them is varied, and keeps the steps that it needs.
    """
    sizes = np.array([len(a) for a in features])

    def next_batch(rng: np.random.Generator, step: int) -> Batch:
        drawn = rng.integers(len(features), size=4 * B)
        drawn = drawn[np.argsort(sizes[drawn], kind="stable")]
        chosen = drawn[B * rng.integers(4) :][:B]
        return batch_of(
            [vary(rng, features[k], needed(labels[k])) for k in chosen],
            [labels[k] for k in chosen],
            device,
        )

    return next_batch


def needed(labels: Sequence[Any]) -> int:
    """Steps of the shortest path: a blank stands between two alike."""
    return len(labels) + sum(a == b for a, b in pairwise(labels))


def varied(
    rng: np.random.Generator, features: np.ndarray, least: int = 1
) -> np.ndarray:
    """As another voice might say it elsewhere, with two gaps.

    It is faster or slower, of `least` steps at least, and its bands are
    moved as a shorter or longer throat would, and made louder or softer
    as another microphone would; the gaps are average.

    Shapes: features (T, D) -> features (U, D)

    Source: Jaitly & Hinton 2013; Park et al. 2019.
    """
    frames = features.reshape(-1, BANDS)
    k = len(frames) // len(features)  # frames a step
    fast, high = 1 + rng.uniform(-1, 1, 2) * (STRETCH, WARP)
    T = max(round(len(features) * fast), least, 1) * k
    frames = _between(frames, np.linspace(0, len(frames) - 1, T))
    frames = _between(frames.T, np.arange(BANDS) * high).T
    bends = np.linspace(0, BANDS - 1, BENDS)
    louder = rng.normal(0, COLOUR, BENDS)
    frames += np.interp(np.arange(BANDS), bends, louder).astype(frames.dtype)
    for part, most in (frames, HIDDEN_FRAMES), (frames.T, HIDDEN_BANDS):
        width = int(rng.integers(min(most, len(part) // 4) + 1))
        first = int(rng.integers(len(part) - width + 1))
        part[first : first + width] = 0
    return np.ascontiguousarray(frames).reshape(-1, features.shape[1])


def _between(a: np.ndarray, places: np.ndarray) -> np.ndarray:
    """The rows at places between rows; those outside are the outermost."""
    places = np.clip(places, 0, len(a) - 1)
    low = places.astype(int)
    high = np.minimum(low + 1, len(a) - 1)
    part = (places - low)[:, None].astype(a.dtype)
    return a[low] * (1 - part) + a[high] * part


def speaking(model: Recognizer) -> Recognizer:
    """The same network, but the blank begins as an unlikely label.

    Most frames are blanks, so the first thing that CTC's gradient teaches
    is to write nothing; some runs never come away from that.
    """
    with torch.no_grad():
        model.readout.bias[BLANK] -= UNLIKELY
    return model


def choice_loss(model: Any, batch: Batch, carry: None) -> tuple[torch.Tensor, None]:
    """The cross entropy of one word a recording, in nats.

    A word's score is the mean of its logit over all steps, so that each
    step has a vote and none has to know when the word is said.
    """
    logits = model(batch.features, batch.lengths)
    lengths = torch.tensor(batch.lengths, device=logits.device)
    steps = torch.arange(len(logits), device=logits.device)
    inside = (steps[:, None] < lengths)[..., None]
    votes = (logits * inside).sum(0) / lengths[:, None]
    numbers = [row[0] - 1 for row in batch.labels]
    said = torch.tensor(numbers, device=logits.device)
    return torch.nn.functional.cross_entropy(votes[:, 1:], said), None


def outputs(model: Any, features: Sequence[np.ndarray]) -> list[np.ndarray]:
    """log p of the blank and each letter, one (T, K) a recording."""
    device = next(model.parameters()).device
    found = []
    for k in range(0, len(features), AT_ONCE):
        some = features[k : k + AT_ONCE]
        batch = batch_of(some, [[]] * len(some), device)
        log_p = log_probabilities(model, batch).cpu().numpy()
        found += [log_p[:n, b] for b, n in enumerate(batch.lengths)]
    return found


def written(
    log_p: np.ndarray,
    letters: Letters | Words | Choice,
    width: int = 1,
    language: Callable[[tuple[int, ...], int], float] | None = None,
) -> str:
    """The text of one recording: greedy, or by a beam of this width.

    Of a `Choice` it is the word that the steps find likeliest on average.

    Shapes: log_p (T, K) -> text
    """
    if isinstance(letters, Choice):
        return letters.decode([1 + int(log_p[:, 1:].mean(axis=0).argmax())])
    if width == 1 and language is None:
        return letters.decode(greedy(log_p[:, None])[0])
    return letters.decode(prefix_beam(log_p, width, language)[0][0])


def confidence(log_p: np.ndarray) -> float:
    """How sure a network is of what it writes, from 0 to 1.

    The geometric mean of the likeliest label's probability, over the
    steps at which that is no blank; 0 where all are.

    Shapes: log_p (T, K) -> sure
    """
    check_shape("log_p", log_p, "T", "K")
    said = log_p.argmax(axis=1) != BLANK
    if not said.any():
        return 0.0
    return float(np.exp(log_p.max(axis=1)[said].mean()))


def word_times(
    log_p: np.ndarray, letters: Letters | Words | Choice, text: str
) -> list[tuple[float, str]]:
    """When each word of the text begins, in seconds.

    By the frame at which most paths that read as the text say the word's
    first letter. The one word of a `Choice` begins with the recording.

    Shapes: log_p (T, K) -> times
    """
    if isinstance(letters, Choice):
        return [(0.0, text)] if text else []
    _, cache = ctc_loss(log_p[:, None], [letters.encode(text)])
    said = cache.on_paths[:, 0, 1::2].argmax(axis=0) * STEP
    firsts = [k for k, a in enumerate(text) if a != " " and text[:k][-1:] in ("", " ")]
    if isinstance(letters, Words):
        firsts = [*range(len(firsts))]
    return [
        (float(said[k]), word) for k, word in zip(firsts, text.split(), strict=True)
    ]


def count_errors(
    true: Sequence[str], read: Sequence[str], letters: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Wrong, missing and extra words of each recording, and all it has.

    Of letters in place of words if `letters`. The sums' quotient is that
    of `word_errors` or `letter_errors`.

    Shapes: -> errors (N,); lengths (N,)
    """
    import jiwer

    count = jiwer.process_characters if letters else jiwer.process_words
    found = [count(*pair) for pair in zip(true, read, strict=True)]
    errors = [o.substitutions + o.deletions + o.insertions for o in found]
    lengths = [o.substitutions + o.deletions + o.hits for o in found]
    return np.array(errors), np.array(lengths)


def word_errors(true: Sequence[str], read: Sequence[str]) -> float:
    """Words that are wrong, too many or missing, in percent of all."""
    import jiwer

    return 100 * jiwer.wer(list(true), list(read))


def letter_errors(true: Sequence[str], read: Sequence[str]) -> float:
    """The same of letters."""
    import jiwer

    return 100 * jiwer.cer(list(true), list(read))
