"""The command `music`: scores of one's own, learned and continued."""

from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from scipy.io import wavfile

from rnncore.apps.music import rolls_command as rolls
from rnncore.apps.music.estimator import Composer
from rnncore.apps.music.options import MOST_VOICES
from rnncore.apps.spine import common, evaluation, models, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows, mean_interval
from rnncore.music import files, generate, infill, training
from rnncore.music.files import read_folder, read_score
from rnncore.music.markov import Chain
from rnncore.music.score import TOKENS, Score, encode, to_voices
from rnncore.music.sound import synthesise
from rnncore.music.split import ScoreParts, fingerprint, melody, split
from rnncore.music.training import train_voices
from rnncore.music.voices import moved, score_nats
from rnncore.storage.files import Refused, whole_file
from rnncore.storage.weights import halved

KIND = "music, voices"
TYPICAL = {"bar": 8, "frame": 0.5, "tempo": 80.0}
RATE = 22_050  # samples a second of a WAV file
VOICES_ONLY, ROLLS_ONLY = ("frame", "voices"), ("network", "home")
Model = tuple[torch.nn.Module]


def _choose_app(arguments: Namespace) -> evaluation.Application:
    """Whether it is a folder of scores, or a published set.

    Raises Refused where an option is of the other.
    """
    if rolls.is_published(arguments.folder):
        runs.leave_out(arguments, VOICES_ONLY, "without a published set")
        return rolls.APP
    runs.leave_out(arguments, ROLLS_ONLY, "only with a published set")
    runs.fill_in(arguments, vars(Composer()))
    return APP


def _read(arguments: Namespace) -> tuple[tuple, Facts]:
    """The parts, and how far their pieces are moved."""
    scores = read_scores(arguments.folder, arguments.frame)
    return prepare(arguments, scores, arguments.folder)


def prepare(
    options: Any, scores: list[Score], folder: Path | None = None
) -> tuple[tuple, Facts]:
    """The parts of some pieces, and how far they are moved.

    Raises Refused where there are fewer than three different ones.
    """
    V = options.voices or _usual_voices(scores)
    parts = _split(folder, scores, V, options.seed)
    prints = sorted("".join(_fingerprint_names(s)) for s in scores)
    known = {"voices": V, "data": common.compute_fingerprint(" ".join(prints))}
    return (parts, options.transpose), known


def _fit(
    arguments: Any, data: tuple, run: watch.Run, device: Any
) -> tuple[Model, Facts]:
    """A model of voices that has learned the training pieces."""
    parts, _ = data
    bar = common.Bar(format_count(run.settings["voices"], "voice"))
    own = _find_typical(parts.train)
    own["learned"] = [_fingerprint_names(s)[0] for s in parts.train]
    both = [*parts.train, *parts.validation]
    own["seen"] = sorted({name for s in both for name in _fingerprint_names(s)})
    model, about = train_voices(
        parts,
        seed=arguments.seed,
        steps=arguments.steps,
        hidden=arguments.hidden,
        drop=arguments.dropout,
        rate=arguments.rate,
        shifts=arguments.transpose,
        B=arguments.batch,
        window=arguments.window,
        evaluate_every=arguments.evaluate_every,
        device=device,
        checkpoint=run.checkpoint,
        progress=bar,
        stop=run.stop(bar),
        keep=lambda model, about: run.keep((model,), about | own),
    )
    simple = _measure_frequencies(parts.train, parts.validation)
    begun = min(about.pop("untrained"), simple)
    runs.tell_unlearned(begun, about["curve"][1], "nats per frame")
    return (halved(model),), about | own


def _measure_loss(model: Model, data: tuple) -> Scores:
    parts, shifts = data
    return _compute_scores(model[0], parts.train, parts.test, shifts)


def _sample(arguments: Namespace) -> int:
    """Compose or harmonise; write the files."""
    midi, xml, wav = _check_outputs(arguments)
    model, about = models.load_model(arguments, KIND, training.load_voices)
    names = "bars", "temperature", "tempo", "seed"
    how = {name: getattr(arguments, name) for name in names}
    melody = None
    if arguments.melody:
        frame = (TYPICAL | about)["frame"]
        melody = _read_melody(arguments.melody, frame)
    score = write_score(model, about, melody, **how)
    files.write_midi(midi, score)
    files.write_musicxml(xml, score)
    written = [midi, xml]
    if arguments.wav:
        written.append(_write_wav(wav, score))
    print("\n".join(map(str, written)))
    return 0


def write_score(
    model: Any,
    about: Facts,
    melody: Score | None = None,
    *,
    bars: int = 16,
    temperature: float = 1.0,
    tempo: float | None = None,
    seed: int = 0,
) -> Score:
    """A new piece, or lower voices for a melody.

    Raises Refused where the melody is none for this model.
    """
    known: Facts = TYPICAL | about  # the course's own has eighths in 4/4
    rng = np.random.default_rng(seed)
    compass, bar = np.asarray(known["compass"]), known["bar"]
    how: dict[str, Any] = {"temperature": temperature}
    how["progress"] = common.Bar("frames", "frame")
    if melody is not None:
        if tempo:
            melody = melody._replace(tempo=tempo)
        with common.refuse_in_words():
            return infill.harmonise(model, compass, melody, rng, **how)[0]
    (score,) = generate.compose(
        model,
        compass,
        bars * bar,
        rng,
        bar=bar,
        tempo=tempo or known["tempo"],
        frame=known["frame"],
        title=f"seed {seed}",
        **how,
    )
    return score


def _check_outputs(arguments: Namespace) -> tuple[Path, Path, Path]:
    """The MIDI, MusicXML and WAV files, if they can be written.

    Raises Refused; of the last only where it is asked for.
    """
    midi, force = arguments.out, arguments.force
    common.output_file(midi, force, ".mid", ".midi")
    xml, wav = (midi.with_suffix(end) for end in (".musicxml", ".wav"))
    common.output_file(xml, force, ".musicxml")
    if arguments.wav:
        common.output_file(wav, force, ".wav")
    return midi, xml, wav


def _score_again(arguments: Namespace, model: Model, about: Facts) -> Scores:
    """Nats a frame of the pieces that training did not see."""
    scores = read_scores(arguments.folder, (TYPICAL | about)["frame"])
    names = str(arguments.folder), str(arguments.model)
    return score_pieces(model, about, scores, *names)


def score_pieces(
    model: Any,
    about: Facts,
    scores: list[Score],
    name: str = "the pieces",
    path: str = "the model",
) -> Scores:
    """Nats a frame of the pieces that training did not see.

    Raises Refused, naming them, where it saw all.
    """
    scores = [to_voices(s, about["V"]) for s in scores]
    if "seen" not in about:
        raise Refused(f"{path}: it does not tell what it saw")
    learned, seen = set(about["learned"]), set(about["seen"])
    fresh = [s for s in scores if not seen & set(_fingerprint_names(s))]
    if not fresh:
        raise Refused(
            f"{name}: the model saw all "
            f"{format_count(len(scores), 'piece')} in training, or others "
            "with their melodies"
        )
    known = [s for s in scores if _fingerprint_names(s)[0] in learned]
    if len(known) < len(learned):
        note("not all that was learned from is here: no baseline can be")
        known = []
    return _compute_scores(model[0], known, fresh, about["shifts"])


def read_scores(folder: Path, frame: float) -> list[Score]:
    """The scores of a folder; what cannot be read is named on stderr.

    Raises Refused where there is no score.
    """
    with common.refuse_in_words():
        found = read_folder(folder, frame, common.Bar("reading", "file"))
    for name, reason in (found.unreadable | found.remarks).items():
        note(f"{name}: {reason}")
    if found.unreadable:
        tunes = " or tunes" if any(", " in k for k in found.unreadable) else ""
        count = format_count(len(found.unreadable), "file")
        note(
            f"{count}{tunes} could not be read; "
            f"going on with {format_count(len(found.scores), 'piece')}"
        )
    written, kept = found.tally
    if kept < written:
        note(
            f"{1 - kept / written:.1%} of the notes are lost between "
            f"frames of {frame:g} quarter notes: a smaller --frame keeps "
            "more"
        )
    return found.scores


def _usual_voices(scores: list[Score]) -> int:
    """The commonest number of voices; the larger one if tied."""
    counts = [s.pitches.shape[1] for s in scores]
    usual = max(set(counts), key=lambda V: (counts.count(V), V))
    usual = min(usual, MOST_VOICES)
    if others := len(counts) - counts.count(usual):
        note(
            f"learning {format_count(usual, 'voice')} a piece: {others} of "
            f"{format_count(len(counts), 'piece')} have more or fewer "
            "(--voices)"
        )
    return usual


def _split(folder: Path | None, scores: list[Score], V: int, seed: int) -> ScoreParts:
    """Training, validation and test pieces in V voices.

    Raises Refused where there are fewer than three different pieces.
    """
    with common.refuse_in_words(folder):
        return split([to_voices(s, V) for s in scores], seed=seed)


def _fingerprint_names(score: Score) -> list[str]:
    """The fingerprints of a piece and of its melody."""
    return [fingerprint(score)[:16], melody(score)[:16]]


def _find_typical(scores: list[Score]) -> Facts:
    """The commonest bar, the middle tempo."""
    bars = [s.bar for s in scores]
    tempos = sorted(s.tempo for s in scores)
    return {
        "bar": max(set(bars), key=bars.count),
        "frame": scores[0].frame,
        "tempo": tempos[len(tempos) // 2],
    }


def _compute_scores(
    model: Any, learned: list[Score], test: list[Score], shifts: int
) -> Scores:
    """Nats a frame of the network, and of what counts the same pieces."""
    with common.refuse_in_words():
        nats = score_nats(model, test)
    found = {
        "table": [(NETWORK, nats)],
        "score": nats,
        "test": f"{format_count(len(test), 'piece')} that training did not "
        f"see, {sum(len(s.pitches) for s in test)} frames",
    }
    long = [s for s in test if len(s.pitches) > 1]
    found |= mean_interval(
        "nats per frame",
        [score_nats(model, [s]) for s in long],
        [len(s.pitches) - 1 for s in long],  # the first is not scored
    )

    def in_all_keys() -> float:
        keys = [moved(s, k) for s in learned for k in range(-shifts, shifts + 1)]
        return Chain(keys).nats(test)

    simple: dict[str, Callable[[], float]] = {}
    if learned:
        simple["Markov chain"] = lambda: Chain(learned).nats(test)
        if shifts:
            simple["Markov chain, from all keys"] = in_all_keys
        name = "how often each note occurs in each voice"
        simple[name] = lambda: _measure_frequencies(learned, test)

    def row(name: str) -> dict[str, float]:
        return {name: simple[name]()}

    return found, {name: add_rows(partial(row, name)) for name in simple}


def _measure_frequencies(learned: list[Score], test: list[Score]) -> float:
    """Nats a frame where each voice's tokens are drawn without a past."""
    seen = np.concatenate([encode(s) for s in learned])
    asked = np.concatenate([encode(s)[1:] for s in test])
    total = 0.0
    for voice, tokens in zip(seen.T, asked.T, strict=True):
        counts = np.bincount(voice, minlength=TOKENS) + 1
        total -= float(np.log(counts[tokens] / counts.sum()).mean())
    return total


def _read_melody(path: Path, frame: float) -> Score:
    """The first voice of a file."""
    with common.refuse_in_words():
        return to_voices(read_score(path, frame), 1)


def _write_wav(path: Path, score: Score) -> Path:
    """The piece as one channel of 16 bits."""
    with common.refuse_in_words():
        samples = synthesise(score, RATE)
    with whole_file(path) as file:
        wavfile.write(file, RATE, (samples * 32_767).astype(np.int16))
    return path


def _show(about: Facts) -> evaluation.Described:
    """What is known of a model, and its table of scores."""
    voices = format_count(about["V"], "voice")
    network = f"GRU of {about['hidden']} units, {voices}"
    table = evaluation.list_rows(about, "nats per frame")
    scored = [f"scored on {about['test']}"]
    return evaluation.Described(network, table, scored)


APP = evaluation.Application(
    kind=KIND,
    read=_read,
    fit=_fit,
    score=_measure_loss,
    rescore=_score_again,
    save=training.save_model,
    load=training.load_voices,
    show=_show,
    hint="more pieces of one style, more --transpose, more --steps",
)


def _train(arguments: Namespace) -> int:
    return runs.learn(_choose_app(arguments), arguments)


def _evaluate(arguments: Namespace) -> int:
    return evaluation.score_again(_choose_app(arguments), arguments)


PARTS = {"train": _train, "sample": _sample, "evaluate": _evaluate}
