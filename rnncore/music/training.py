"""The models trained, scored, stored and loaded: what commands call."""

import os
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from rnncore.application import (
    cooling,
    evaluated,
    seeded,
    train_module,
)
from rnncore.music import plan
from rnncore.music.chords import (
    ChordModel,
    Chords,
    chord_loss,
    chord_nats,
    chords,
)
from rnncore.music.frames import (
    Batch,
    FrameModel,
    Rolls,
    drawn_pieces,
    frame_loss,
    nats_a_frame,
    padded,
)
from rnncore.music.score import Score, piano_roll
from rnncore.music.split import ScoreParts, compass
from rnncore.music.voices import (
    VoiceModel,
    score_nats,
    voice_batches,
    voice_loss,
)
from rnncore.storage.weights import load_module, save_weights
from rnncore.train import Schedule

VOICES, FRAMES = "music, voices", "music, frames"  # kinds of weights


def rolls(scores: Sequence[Score]) -> list[np.ndarray]:
    """The piano rolls of some scores, as the frame model reads them.

    Shapes: scores -> roll (T, 88)
    """
    return [piano_roll(s)[0].astype(np.float32) for s in scores]


def train_voices(
    parts: ScoreParts,
    *,
    seed: int,
    hidden: int = plan.VOICES.hidden,
    width: int = 96,
    drop: float = plan.VOICES.dropout,
    rate: float = plan.VOICES.rate,
    shifts: int = plan.VOICES.transpose,
    joint: bool = True,
    B: int = plan.VOICES.batch,
    window: int = plan.VOICES.window,
    device: torch.device | str = "cpu",
    keep: Callable[[VoiceModel, dict[str, Any]], None] | None = None,
    make: Callable[..., VoiceModel] = VoiceModel,
    **schedule: Any,
) -> tuple[VoiceModel, dict[str, Any]]:
    """A trained model of a frame's voices, and what is to be told of it.

    It keeps the weights that were best on the validation part; `keep`
    gets each of them, with what can be told so far. `make` builds the
    model as the class does. `schedule` is what a `Schedule` is to have,
    other than by `plan.VOICES` with a clipped gradient.

    Raises ValueError where the scores have not equally many voices.
    """
    reach = compass([*parts.train, *parts.validation])
    with seeded(seed):
        model = make(len(reach), hidden, width, drop).to(device)
    own = {"kind": VOICES, "V": len(reach), "compass": reach.tolist()}
    own |= {"hidden": hidden, "width": width, "drop": drop}
    own |= {"joint": joint, "shifts": shifts}
    if keep is not None:
        schedule["keep"] = lambda model: keep(model, own)
    about = _train(
        model,
        voice_loss,
        voice_batches(parts.train, B, window, shifts, joint, device),
        lambda m: score_nats(m, parts.validation, joint),
        rate,
        seed,
        _planned(plan.VOICES) | schedule,
    )
    return model, own | about


def train_frames(
    parts: Sequence[Rolls],
    *,
    seed: int,
    hidden: int = plan.KEYS.hidden,
    drop: float = plan.KEYS.dropout,
    rate: float = plan.KEYS.rate,
    shifts: int = plan.KEYS.transpose,
    home: float = 0.0,
    B: int = plan.KEYS.batch,
    window: int = plan.KEYS.window,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> tuple[FrameModel, dict[str, Any]]:
    """A trained model of 88 independent keys; parts: train, validation.

    Pieces come from `drawn_pieces`. The best weights and `schedule` are as
    for voices, but by `plan.KEYS`.
    """
    train, validation = parts[:2]
    with seeded(seed):
        model = FrameModel(hidden, drop).to(device)

    def next_batch(rng: np.random.Generator, step: int) -> Batch:
        chosen = drawn_pieces(train, rng, B, window, shifts, home)
        return padded(chosen, device)

    about = _train(
        model,
        frame_loss,
        next_batch,
        lambda m: nats_a_frame(m, validation),
        rate,
        seed,
        _planned(plan.KEYS) | schedule,
    )
    own = {"kind": FRAMES, "hidden": hidden, "drop": drop}
    return model, own | {"shifts": shifts} | about


def train_chords(
    parts: Sequence[Rolls],
    *,
    seed: int,
    hidden: int = plan.CHORDS.hidden,
    drop: float = plan.CHORDS.dropout,
    rate: float = plan.CHORDS.rate,
    shifts: int = plan.CHORDS.transpose,
    home: float = 0.0,
    B: int = plan.CHORDS.batch,
    window: int = plan.CHORDS.window,
    device: torch.device | str = "cpu",
    **schedule: Any,
) -> tuple[ChordModel, dict[str, Any]]:
    """A trained model of whole frames; parts: train, validation.

    Pieces come from `drawn_pieces`. The best weights and `schedule` are as
    for voices, but by `plan.CHORDS`.
    """
    train, validation = parts[:2]
    with seeded(seed):
        model = ChordModel(hidden, drop=drop).to(device)

    def next_batch(rng: np.random.Generator, step: int) -> Chords:
        chosen = drawn_pieces(train, rng, B, window, shifts, home)
        return chords(chosen, device)

    about = _train(
        model,
        chord_loss,
        next_batch,
        lambda m: chord_nats(m, validation),
        rate,
        seed,
        _planned(plan.CHORDS) | schedule,
    )
    return model, about


def _planned(of: plan.MusicPlan) -> dict[str, Any]:
    return {"steps": of.steps, "evaluate_every": of.evaluate_every}


def _train(
    model: torch.nn.Module,
    loss: Callable,
    next_batch: Callable,
    evaluate: Callable,
    rate: float,
    seed: int,
    schedule: dict[str, Any],
) -> dict[str, Any]:
    """What is to be told of a model that was trained in place."""
    how = Schedule(clip=1.0, **schedule)
    untrained = evaluated(model, evaluate)
    begun = time.process_time()
    history = train_module(
        model,
        loss,
        next_batch,
        optimizer=cooling(rate, how.steps),
        schedule=how,
        rng=np.random.default_rng(seed),
        evaluate=evaluate,
    ).history
    return {
        "steps": len(history.loss),
        "rate": rate,
        "seed": seed,
        "seconds": round(time.process_time() - begun, 1),
        "untrained": untrained,
        "validation": min(history.score),
        "curve": [history.evaluated, history.score],
    }


def save_model(
    path: str | os.PathLike, model: torch.nn.Module, about: dict[str, Any]
) -> None:
    """Weights and what they are, in half precision: see `load_voices`."""
    save_weights(path, model, about, torch.float16)


def load_voices(
    path: str | os.PathLike,
) -> tuple[VoiceModel, dict[str, Any]]:
    """A model that `train_voices` made, and what was stored of it.

    Raises Refused naming the file where it is no such model.
    """
    return load_module(
        path,
        VOICES,
        lambda about: VoiceModel(
            about["V"], about["hidden"], about["width"], about["drop"]
        ),
        "model of voices",
    )


def load_frames(
    path: str | os.PathLike,
) -> tuple[FrameModel, dict[str, Any]]:
    """A model that `train_frames` made, and what was stored of it.

    Raises Refused naming the file where it is no such model.
    """
    return load_module(
        path,
        FRAMES,
        lambda about: FrameModel(about["hidden"], about["drop"]),
        "model of frames",
    )
