"""The command `music`: scores of one's own, learned and continued."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
    positive,
    refusing,
    refusing_file,
    several,
    show_table,
    whole_number,
)
from rnncore.files import Refused, whole_file

if TYPE_CHECKING:
    from rnncore.music.score import Score
    from rnncore.music.split import Parts

KIND = "music, voices"
TRAIN = "python -m rnncore music train songs/ --model songs.safetensors"
SAMPLE = (
    "python -m rnncore music sample songs.safetensors --out new.mid --wav"
)
EVALUATE = "python -m rnncore music evaluate songs.safetensors songs/"
EPILOG = f"""\
example:
  {TRAIN}
  {SAMPLE}
  {EVALUATE}

songs/ is a folder of MIDI, MusicXML or ABC files. Interrupted with Ctrl-C
or otherwise, the same `train` goes on where it was.
"""
NETWORK = "the network"
TYPICAL = {"bar": 8, "frame": 0.5, "tempo": 80.0}
MOST_VOICES = 4  # unless --voices asks for more
RATE = 22_050  # samples a second of a WAV file
SETTINGS = (  # all that the outcome depends on, with the scores
    *("frame", "voices", "transpose", "hidden", "window", "batch"),
    *("steps", "rate", "dropout", "evaluate_every", "seed"),
)


def add(commands: Any) -> None:
    """Add `music train`, `music sample` and `music evaluate`."""
    parts = group(
        commands,
        "music",
        "music in voices from a folder of scores: learn it, write more",
        EPILOG,
    )
    train = parts.add("train", _train, "learn from a folder", TRAIN)
    train.add_argument("folder", metavar="FOLDER", type=Path)
    train.add_argument(
        "--frame",
        type=positive,
        default=0.5,
        metavar="X",
        help="the shortest note, in quarter notes (default: %(default)s)",
    )
    train.add_argument(
        "--voices",
        type=whole_number,
        metavar="N",
        help="how many (default: as most pieces have, at most "
        f"{MOST_VOICES}); of others outer ones stay, silent ones are added",
    )
    train.add_argument(
        "--transpose",
        type=_semitones,
        default=5,
        metavar="N",
        help="learn each piece also up to N semitones higher and lower "
        "(default: %(default)s)",
    )
    add_training(
        train,
        hidden=192,
        window=64,
        batch=16,
        steps=1200,
        rate=0.005,
        dropout=0.2,
        evaluate_every=100,
    )
    _add_sample(parts)
    parts.add_evaluate(
        _evaluate, "score pieces that were held out", EVALUATE, "folder"
    )


def _add_sample(parts: Any) -> None:
    sample = parts.add(
        "sample", _sample, "write a new piece, or harmonise one", SAMPLE
    )
    sample.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a file that `train` wrote, or a model that comes with the "
        "course: music_voices",
    )
    sample.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="NAME.mid",
        help="the MIDI file to be written; NAME.musicxml comes with it",
    )
    sample.add_argument(
        "--wav", action="store_true", help="write NAME.wav too, to listen"
    )
    sample.add_argument(
        "--bars",
        type=whole_number,
        default=16,
        metavar="N",
        help="(default: %(default)s)",
    )
    sample.add_argument(
        "--melody",
        type=Path,
        metavar="FILE",
        help="write lower voices for the first voice of this score",
    )
    for name, what in (
        ("--temperature", "below 1 cautious, above 1 daring (default: 1)"),
        ("--tempo", "quarter notes a minute (default: the pieces' own)"),
    ):
        sample.add_argument(
            name,
            type=positive,
            default=1.0 if name == "--temperature" else None,
            metavar="X",
            help=what,
        )
    add_seed(sample)
    add_device(sample)


def _semitones(text: str) -> int:
    """For argparse: 0 to 11."""
    if not text.isdecimal() or int(text) > 11:
        raise argparse.ArgumentTypeError(f"expected 0 to 11, got {text!r}")
    return int(text)


def _train(arguments: argparse.Namespace) -> int:
    """Train, or go on; then score, and write the model."""
    from rnncore import application
    from rnncore.music import training

    device = application.choose_device(arguments.device)
    output_file(arguments.model, ".safetensors")
    scores = _read(arguments.folder, arguments.frame)
    V = arguments.voices or _usual_voices(scores)
    parts = _split(arguments.folder, scores, V, arguments.seed)
    settings = {name: getattr(arguments, name) for name in SETTINGS}
    settings |= {"kind": KIND, "voices": V}
    prints = sorted("".join(_names(s)) for s in scores)
    settings["data"] = fingerprint(" ".join(prints))
    run = begin(arguments.model, settings, arguments.restart)
    if run is None:
        _print(arguments.model, training.load_voices(arguments.model)[1])
        return 0
    clock, bar = Clock(run), Bar(several(V, "voice"))

    def progress(todo: Any) -> Any:
        for step in bar(todo):
            if step % arguments.evaluate_every == 0:
                clock.seconds()
            yield step

    with refusing():
        model, about = training.train_voices(
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
            checkpoint=run.checkpoint,
            progress=progress,
            device=device,
        )
    note("scoring the pieces held out, beside what counts ...")
    training.rounded(model)
    about |= about_run(arguments, settings, clock.seconds())
    about |= _typical(parts.train)
    about["learned"] = [_names(s)[0] for s in parts.train]
    both = [*parts.train, *parts.validation]
    about["seen"] = sorted({name for s in both for name in _names(s)})
    about |= _scores(model, parts.train, parts.test, arguments.transpose)
    training.save_model(arguments.model, model, about)
    finish(run)
    _print(arguments.model, about)
    return 0


def _sample(arguments: argparse.Namespace) -> int:
    """Compose or harmonise; write the files."""
    import numpy as np

    from rnncore import application
    from rnncore.music import files, generate, training

    midi = output_file(arguments.out, ".mid", ".midi")
    model, about = training.load_voices(model_file(arguments.model))
    about = TYPICAL | about  # the course's own has eighths in 4/4
    model.to(application.choose_device(arguments.device))
    rng = np.random.default_rng(arguments.seed)
    compass = np.asarray(about["compass"])
    bar, tempo = about["bar"], arguments.tempo or about["tempo"]
    if arguments.melody:
        melody = _melody(arguments.melody, about["frame"])
        if arguments.tempo:
            melody = melody._replace(tempo=arguments.tempo)
        with refusing():
            score, _ = generate.harmonise(
                model,
                compass,
                melody,
                rng,
                temperature=arguments.temperature,
                progress=Bar("frames", "frame"),
            )
    else:
        (score,) = generate.compose(
            model,
            compass,
            arguments.bars * bar,
            rng,
            temperature=arguments.temperature,
            progress=Bar("frames", "frame"),
            bar=bar,
            tempo=tempo,
            frame=about["frame"],
            title=f"seed {arguments.seed}",
        )
    xml = midi.with_suffix(".musicxml")
    files.write_midi(midi, score)
    files.write_musicxml(xml, score)
    written = [midi, xml]
    if arguments.wav:
        written.append(_write_wav(midi.with_suffix(".wav"), score))
    print("\n".join(map(str, written)))
    return 0


def _evaluate(arguments: argparse.Namespace) -> int:
    """Nats a frame of the pieces that training did not see."""
    from rnncore import application
    from rnncore.music import training
    from rnncore.music.score import to_voices

    model, about = training.load_voices(arguments.model)
    model.to(application.choose_device(arguments.device))
    scores = _read(arguments.folder, (TYPICAL | about)["frame"])
    scores = [to_voices(s, about["V"]) for s in scores]
    if "seen" not in about:
        raise Refused(f"{arguments.model}: it does not tell what it saw")
    learned, seen = set(about["learned"]), set(about["seen"])
    fresh = [s for s in scores if not seen & set(_names(s))]
    if not fresh:
        raise Refused(
            f"{arguments.folder}: the model saw all "
            f"{several(len(scores), 'piece')} in training, or others with "
            "their melodies"
        )
    known = [s for s in scores if _names(s)[0] in learned]
    if len(known) < len(learned):
        note("not all that was learned from is here: no baseline can be")
        known = []
    about |= _scores(model, known, fresh, about["shifts"])
    _print(arguments.model, about)
    return 0


def _read(folder: Path, frame: float) -> list["Score"]:
    """The scores of a folder; what cannot be read is named on stderr.

    Raises Refused where there is no score.
    """
    from rnncore.music.files import read_folder

    bar = Bar("reading", "file")
    with refusing():
        found = read_folder(folder, frame, bar)
    bar.close()
    for name, reason in found.unreadable.items():
        note(f"{name}: {reason}")
    if found.unreadable:
        note(
            f"{several(len(found.unreadable), 'file')} could not be read; "
            f"going on with {several(len(found.scores), 'piece')}"
        )
    return found.scores


def _usual_voices(scores: list["Score"]) -> int:
    """As many voices as most pieces have; of equally many, the more."""
    counts = [s.pitches.shape[1] for s in scores]
    usual = max(set(counts), key=lambda V: (counts.count(V), V))
    usual = min(usual, MOST_VOICES)
    if others := len(counts) - counts.count(usual):
        note(
            f"learning {several(usual, 'voice')} a piece: {others} of "
            f"{several(len(counts), 'piece')} have more or fewer (--voices)"
        )
    return usual


def _split(
    folder: Path, scores: list["Score"], V: int, seed: int
) -> "Parts":
    """Training, validation and test pieces in V voices.

    Raises Refused where there are fewer than three different pieces.
    """
    from rnncore.music.score import to_voices
    from rnncore.music.split import split

    with refusing_file(folder):
        return split([to_voices(s, V) for s in scores], seed=seed)


def _names(score: "Score") -> list[str]:
    """By what a piece, and another with its melody, is known again."""
    from rnncore.music.split import fingerprint, melody

    return [fingerprint(score)[:16], melody(score)[:16]]


def _typical(scores: list["Score"]) -> dict[str, Any]:
    """The commonest bar, the middle tempo."""
    bars = [s.bar for s in scores]
    tempos = sorted(s.tempo for s in scores)
    return {
        "bar": max(set(bars), key=bars.count),
        "frame": scores[0].frame,
        "tempo": tempos[len(tempos) // 2],
    }


def _scores(
    model: Any, learned: list["Score"], test: list["Score"], shifts: int
) -> dict[str, Any]:
    """Nats a frame of the network, and of what counts the same pieces."""
    from rnncore.music.markov import Chain
    from rnncore.music.voices import moved, score_nats

    with refusing():
        table = [(NETWORK, score_nats(model, test))]
    if learned:
        keys = [
            moved(s, k) for s in learned for k in range(-shifts, shifts + 1)
        ]
        table.append(("Markov chain", Chain(learned).nats(test)))
        if shifts:
            name = "Markov chain, from all keys"
            table.append((name, Chain(keys).nats(test)))
        name = "how often each note occurs in each voice"
        table.append((name, _frequencies(learned, test)))
    return {
        "table": table,
        "score": table[0][1],
        "baseline": min((v for _, v in table[1:]), default=None),
        "test": f"{several(len(test), 'piece')} that training did not see, "
        f"{sum(len(s.pitches) for s in test)} frames",
    }


def _frequencies(learned: list["Score"], test: list["Score"]) -> float:
    """Nats a frame where each voice's tokens are drawn without a past."""
    import numpy as np

    from rnncore.music.score import TOKENS, encode

    seen = np.concatenate([encode(s) for s in learned])
    asked = np.concatenate([encode(s)[1:] for s in test])
    total = 0.0
    for voice, tokens in zip(seen.T, asked.T, strict=True):
        counts = np.bincount(voice, minlength=TOKENS) + 1
        total -= float(np.log(counts[tokens] / counts.sum()).mean())
    return total


def _melody(path: Path, frame: float) -> "Score":
    """The first voice of a file."""
    from rnncore.music.files import read_score
    from rnncore.music.score import to_voices

    with refusing():
        return to_voices(read_score(path, frame), 1)


def _write_wav(path: Path, score: "Score") -> Path:
    """The piece as one channel of 16 bits."""
    import wave

    import numpy as np

    from rnncore.music.sound import synthesise

    with refusing():
        samples = synthesise(score, RATE)
    with whole_file(path) as file, wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((samples * 32_767).astype(np.int16).tobytes())
    return path


def _print(path: Path, about: dict[str, Any]) -> None:
    """What is known of a model, and its table of scores."""
    import pandas as pd

    network = (
        f"GRU of {about['hidden']} units, {several(about['V'], 'voice')}"
    )
    print(describe(path, network, about))
    print(f"scored on {about['test']}")
    print(show_table(pd.DataFrame({"nats a frame": dict(about["table"])})))
