"""Music in voices, learned from scores."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator, setting
from rnncore.apps.spine.options import at_least, whole_number
from rnncore.music.plan import VOICES

if TYPE_CHECKING:
    from rnncore.apps.spine.evaluation import Scores
    from rnncore.music.score import Score

    Path_ = str | os.PathLike
    Scores_ = Path_ | Sequence[Score]  # their folder, or they themselves

MOST_VOICES = 4  # unless another number is asked for


@dataclass(kw_only=True)
class Composer(Estimator):
    """Music in voices: a folder of MIDI, MusicXML or ABC, or scores."""

    application = "music"

    frame: float = setting(0.5, "the shortest note, in quarter notes")
    voices: int | None = setting(
        None,
        f"how many (default: as most pieces have, at most {MOST_VOICES}); of "
        "others outer ones stay, silent ones are added",
        whole_number,
    )
    transpose: int = setting(
        VOICES.transpose,
        "learn each piece also up to N semitones higher and lower",
        at_least(0),
    )
    hidden: int = setting(VOICES.hidden, "units")
    window: int = setting(VOICES.window, "frames between two updates")
    batch: int = setting(VOICES.batch, "pieces an update")
    steps: int = setting(VOICES.steps, "updates at most")
    rate: float = setting(VOICES.rate, "Adam's learning rate")
    dropout: float = setting(VOICES.dropout, "share of the units left out in training")
    evaluate_every: int = setting(
        VOICES.evaluate_every, "updates between two looks at validation"
    )

    def fit(self, scores: Scores_, *, path: Path_ | None = None) -> Self:
        """Learn from pieces; some are held out for the score.

        At `path` the model's file is written, and a run that broke off goes
        on.

        Raises Refused where there are fewer than three different ones.
        """
        work = self._work()
        return self._train(
            lambda options: work.prepare(options, work.read(scores, options.frame)),
            None if path is None else Path(path),
        )

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
        (model,), write = self._fitted(), self._work().write_score
        score: Score = write(model, self.about_, melody, seed=seed, **how)
        return score

    def score(self, scores: Scores_ | None = None) -> float:
        """Nats per frame: lower is better.

        Of the pieces that `fit` held out, or of those of others that it
        did not see.

        Raises Refused where it saw all of them.
        """
        return self._score(scores)

    def _rescore(self, scores: Any) -> Scores:
        model, work = self._fitted(), self._work()
        read = work.read(scores, (work.TYPICAL | self.about_)["frame"])
        found: Scores = work.score_pieces(model, self.about_, read)
        return found
