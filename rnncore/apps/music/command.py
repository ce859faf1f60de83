"""The command `music`, and the work of its class."""

import os
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from scipy.io import wavfile

from rnncore.apps.music.estimator import MOST_VOICES, Composer
from rnncore.apps.spine import common, evaluation, runs, watch
from rnncore.apps.spine.common import Facts, format_count, note
from rnncore.apps.spine.estimator import Prepared
from rnncore.apps.spine.evaluation import NETWORK, Scores, add_rows, mean_interval
from rnncore.music import files, generate, infill, training
from rnncore.music.engrave import pitch_name
from rnncore.music.files import read_folder, read_score
from rnncore.music.markov import Chain
from rnncore.music.score import REST, TOKENS, Score, encode, to_voices
from rnncore.music.sound import synthesise
from rnncore.music.split import fingerprint, melody, split
from rnncore.music.training import train_voices
from rnncore.music.voices import moved, score_nats
from rnncore.storage.files import Refused, whole_file
from rnncore.storage.weights import halved

KIND = "music, voices"
TYPICAL = {"bar": 8, "frame": 0.5, "tempo": 80.0}
RATE = 22_050  # samples a second of a WAV file
BAR = 16  # frames of the first bars that are shown, at most
Model = tuple[torch.nn.Module]


class Read(NamedTuple):
    """Scores, where they are from, and what is shown of them."""

    scores: list[Score]
    name: str
    lines: list[str]


def read(given: Any, frame: float) -> Read:
    """The scores of a folder, or scores themselves.

    Raises Refused where there is no folder, or no score in it.
    """
    if not isinstance(given, str | os.PathLike):
        scores = [*given]
        return Read(scores, "the pieces", _show_read(scores, "the pieces"))
    folder = Path(given)
    with common.refuse_in_words():
        found = read_folder(folder, frame, common.Bar("reading", "file"))
    lines = _show_read(found.scores, str(folder))
    written, kept = found.tally
    if kept < written:
        lines.append(
            f"{1 - kept / written:.1%} of the notes are lost between frames of "
            f"{frame:g} quarter notes: a smaller --frame keeps more"
        )
    if found.remarks:
        name, remark = next(iter(found.remarks.items()))
        more = f"; {len(found.remarks) - 1} more of the kind"
        lines.append(f"{name}: {remark}{more * (len(found.remarks) > 1)}")
    lines += common.count_left_out(found.unreadable)
    return Read(found.scores, str(folder), lines)


def _show_read(scores: list[Score], name: str) -> list[str]:
    """How many pieces, and the first bars of the first."""
    first = scores[0]
    frames = sum(len(score.pitches) for score in scores)
    counts = sorted({score.pitches.shape[1] for score in scores})
    voices = " to ".join(map(str, dict.fromkeys([counts[0], counts[-1]])))
    size = f"{format_count(len(scores), 'piece')} in {name}: {frames} frames of "
    size += f"{first.frame:g} quarter notes, {voices} voice{'s' * (counts[-1] > 1)}"
    return [size, f"  {first.title}: {_name_bars(first)}"]


def _name_bars(score: Score) -> str:
    """The notes of the first two bars, voice by voice: `-` holds, `.` rests."""
    length = score.pickup or score.bar
    ends = min(length, BAR), min(length + score.bar, BAR)
    voices = []
    for pitches, starts in zip(score.pitches.T, score.starts.T, strict=True):
        notes = [
            "." if pitch == REST else pitch_name(pitch) if start else "-"
            for pitch, start in zip(pitches[: ends[1]], starts[: ends[1]], strict=True)
        ]
        voices.append(" ".join([*notes[: ends[0]], "|", *notes[ends[0] :]]))
    return " / ".join(voices)


def prepare(options: Any, found: Read) -> Prepared:
    """The parts of some pieces, and how far they are moved.

    Raises Refused where there are fewer than three different ones.
    """
    scores, lines = found.scores, [*found.lines]
    V = options.voices or _usual_voices(scores, lines)
    options.voices = V
    try:
        parts = split([to_voices(s, V) for s in scores], seed=options.seed)
    except ValueError as error:
        left_out = [line for line in lines if line.startswith("left out")]
        why = "; ".join([f"{found.name}: {error}", *left_out])
        raise Refused(why) from error
    prints = sorted("".join(_fingerprint_names(s)) for s in scores)
    known = {"data": common.compute_fingerprint(" ".join(prints))}
    return Prepared((parts, options.transpose), known, lines)


def _fit(options: Any, data: tuple, run: watch.Run, device: Any) -> tuple[Model, Facts]:
    """A model of voices that has learned the training pieces."""
    parts, _ = data
    bar = common.Bar(format_count(options.voices, "voice"))
    own = _find_typical(parts.train)
    own["learned"] = [_fingerprint_names(s)[0] for s in parts.train]
    both = [*parts.train, *parts.validation]
    own["seen"] = sorted({name for s in both for name in _fingerprint_names(s)})
    model, about = train_voices(
        parts,
        seed=options.seed,
        steps=options.steps,
        hidden=options.hidden,
        drop=options.dropout,
        rate=options.rate,
        shifts=options.transpose,
        B=options.batch,
        window=options.window,
        evaluate_every=options.evaluate_every,
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


def _train(arguments: Namespace) -> int:
    return evaluation.train(Composer, arguments, arguments.folder)


def _evaluate(arguments: Namespace) -> int:
    return evaluation.evaluate(Composer, arguments, arguments.folder)


def _sample(arguments: Namespace) -> int:
    """Compose or harmonise; write the files."""
    midi, xml, wav = _check_outputs(arguments)
    composer = Composer.load(arguments.model, arguments.device)
    melody = None
    if arguments.melody:
        frame = (TYPICAL | composer.about_)["frame"]
        melody = _read_melody(arguments.melody, frame)
    names = "bars", "temperature", "tempo", "seed"
    how = {name: getattr(arguments, name) for name in names}
    score = composer.compose(melody=melody, **how)
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


def score_pieces(model: Any, about: Facts, read: Read) -> Scores:
    """Nats a frame of the pieces that training did not see.

    Raises Refused, naming them, where it saw all.
    """
    common.tell_read(read.lines)
    scores = [to_voices(s, about["V"]) for s in read.scores]
    if "seen" not in about:
        raise Refused("model: expected one that tells what it saw, got none")
    learned, seen = set(about["learned"]), set(about["seen"])
    fresh = [s for s in scores if not seen & set(_fingerprint_names(s))]
    if not fresh:
        raise Refused(
            f"{read.name}: the model has learned from all of it, or from pieces "
            "with the same melodies: expected other data"
        )
    known = [s for s in scores if _fingerprint_names(s)[0] in learned]
    if len(known) < len(learned):
        note("not all that was learned from is here: no baseline can be")
        known = []
    return _compute_scores(model[0], known, fresh, about["shifts"])


def _usual_voices(scores: list[Score], lines: list[str]) -> int:
    """The commonest number of voices, the larger one if tied; it is told."""
    counts = [s.pitches.shape[1] for s in scores]
    usual = max(set(counts), key=lambda V: (counts.count(V), V))
    usual = min(usual, MOST_VOICES)
    if others := len(counts) - counts.count(usual):
        lines.append(
            f"learning {format_count(usual, 'voice')} a piece: {others} of "
            f"{format_count(len(counts), 'piece')} have more or fewer (--voices)"
        )
    return usual


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
    fit=_fit,
    score=_measure_loss,
    save=training.save_model,
    load=training.load_voices,
    show=_show,
    hint="more pieces of one style, more --transpose, more --steps",
)
PARTS = {"train": _train, "sample": _sample, "evaluate": _evaluate}
