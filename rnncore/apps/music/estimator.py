"""Music in voices, learned from scores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator
from rnncore.music.plan import VOICES

if TYPE_CHECKING:
    import numpy as np

    from rnncore.music.score import Score

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
class Composer(Estimator):
    """Music in voices: the command `music`."""

    application = "music"

    frame: float = 0.5  # the shortest note, in quarter notes
    voices: int | None = None  # as most pieces have, at most four
    transpose: int = VOICES.transpose  # semitones by which pieces are moved, at most
    hidden: int = VOICES.hidden  # units
    window: int = VOICES.window  # frames between two updates
    batch: int = VOICES.batch  # pieces an update
    steps: int = VOICES.steps  # updates
    rate: float = VOICES.rate  # Adam's
    dropout: float = VOICES.dropout
    evaluate_every: int = (
        VOICES.evaluate_every
    )  # updates between two looks at validation

    def fit(self, scores: Path_ | Sequence[Score]) -> Self:
        """Learn from pieces, of a folder or as scores; some are held out.

        Raises Refused where there are fewer than three different ones.
        """
        found = self._read(scores, self.frame)
        return self._train(lambda own: self._command().prepare(own, found))

    def compose(
        self,
        bars: int = 16,
        melody: Score | None = None,
        temperature: float = 1.0,
        tempo: float | None = None,
        seed: int = 0,
    ) -> Score:
        """A new piece of so many bars, or lower voices for a melody.

        Raises Refused where the melody is none for this model.
        """
        how = {"bars": bars, "temperature": temperature, "tempo": tempo}
        (model,), write = self._fitted(), self._command().write_score
        score: Score = write(model, self.about_, melody, seed=seed, **how)
        return score

    def score(self, scores: Path_ | Sequence[Score] | None = None) -> float:
        """Nats per frame: lower is better.

        Of the pieces that `fit` held out, or of those of others that it
        did not see.
        """
        model, command = self._fitted(), self._command()
        if scores is None:
            return float(self.about_["score"])
        found = self._read(scores, (command.TYPICAL | self.about_)["frame"])
        given = model, self.about_, found
        return self._score(command.score_pieces(*given))

    def _read(self, scores: Any, frame: float) -> list[Score]:
        if isinstance(scores, str | os.PathLike):
            return list(self._command().read_scores(Path(scores), frame))
        return [*scores]
