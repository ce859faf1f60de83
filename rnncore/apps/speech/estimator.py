"""What is said in a recording, learned from recordings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator

if TYPE_CHECKING:
    import numpy as np

    Path_ = str | os.PathLike
    Film = Path_ | np.ndarray
    Films = Path_ | Sequence[Film]  # their folder, or they themselves
    Labels = Sequence[str] | None
    Sentences = Sequence[str] | None
    Texts = Path_ | Sequence[str]  # of a file, or they themselves
    Sound = Path_ | tuple[np.ndarray, int]
    Sounds = Path_ | Sequence[Sound]  # their folder, or they themselves
    Captions = Path_ | Sequence[str] | Sequence[Sequence[str]]


@dataclass(kw_only=True)
class Transcriber(Estimator):
    """What is said in a recording: the command `speech`.

    A sound is a file, or its samples (N,) and their rate.
    """

    application = "speech"

    transcripts: str = "files"  # of a folder: or folders, whose names are
    speakers: str = "unknown"  # of a folder: or names, folders
    units: str = "auto"  # that are written: one, words or letters
    normalise: str = "speech"  # or recording, band
    plain: bool = False  # then voices and tempo are not varied
    longest: float = 20.0  # seconds of a recording
    hidden: int = 64  # units
    layers: int = 2
    batch: int = 32  # recordings an update
    steps: int = 800  # updates at most
    rate: float = 0.004  # Adam's, before it falls to 0
    falls: float = 0.4  # of the steps, in which it does
    dropout: float = 0.4
    evaluate_every: int = 100  # updates between two looks at validation
    patience: int = 10  # looks without anything better

    def fit(
        self, sounds: Sounds, texts: Sentences = None, speakers: Sentences = None
    ) -> Self:
        """Learn from recordings; some speakers are for the score.

        `sounds` is a folder as `speech train` reads it; or they are the
        sounds, and `texts` what is said in each, by these speakers.

        Raises Refused where there are fewer than three speakers.
        """
        found = self._read(sounds, texts, speakers, vars(self))
        return self._train(lambda own: self._command().prepare(own, found))

    def predict(self, sounds: Sequence[Sound], beam: int = 1) -> list[str]:
        """What is said in each sound; nothing in digital silence."""
        from rnncore.apps.speech.folder import as_samples

        known, write = self._fitted(), self._command().write_down
        return [
            write(known, self.about_, *as_samples(sound), beam)[0] for sound in sounds
        ]

    def score(
        self,
        sounds: Sounds | None = None,
        texts: Sentences = None,
        speakers: Sentences = None,
    ) -> float:
        """Word errors in percent: lower is better.

        Of the recordings that `fit` held out, or of all others.
        """
        model = self._fitted()
        if sounds is None:
            return float(self.about_["score"])
        settings = self.about_.get("settings", {})
        found = self._read(sounds, texts, speakers, settings)
        score = self._command().score_recordings
        return self._score(score(model, self.about_, found))

    def _read(self, sounds: Any, texts: Any, speakers: Any, settings: dict) -> list:
        command = self._command()
        if texts is None:
            path = _as_path("sounds", sounds)
            return list(command.read_recordings(path, settings))
        return list(command.hear(sounds, texts, speakers, settings))


def _as_path(name: str, given: Any) -> Path:
    """The path that stands alone where nothing is said of its contents."""
    if not isinstance(given, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the other argument is missing
            f"{name}: expected a path, or what belongs to them, too; "
            f"got {type(given).__name__} alone"
        )
    return Path(given)
