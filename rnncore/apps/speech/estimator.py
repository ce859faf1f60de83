"""What is said in a recording, learned from recordings."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator, setting

if TYPE_CHECKING:
    import numpy as np

    from rnncore.apps.spine.evaluation import Scores

    Path_ = str | os.PathLike
    Sound = Path_ | tuple[np.ndarray, int]
    Sounds = Path_ | Sequence[Sound]  # their folder, or they themselves
    Texts = Sequence[str] | None
    Part = Path_ | tuple[Sequence[Sound], *tuple[Sequence[str], ...]]

UNITS = ["auto", "one", "words", "letters"]


@dataclass(kw_only=True)
class Transcriber(Estimator):
    """What is said in a recording.

    A sound is a file of any kind that PyAV opens, or its samples (N,) and
    their rate. A folder of sounds has `transcripts.tsv`: on each line a file, a
    tab, its words and, where known, a tab and its speaker.
    """

    application = "speech"

    units: str = setting(
        "auto",
        "one of a few words a file, strings of whole words, or letters, which "
        "write any word; auto: words where each is said ten times",
        choices=UNITS,
    )
    longest: float = setting(20.0, "seconds of the longest recording")
    hidden: int = setting(64, "units")
    layers: int = setting(2, "layers of the network")
    batch: int = setting(32, "recordings an update")
    steps: int = setting(800, "updates at most")
    rate: float = setting(0.004, "Adam's learning rate, before it falls to 0")
    falls: float = setting(0.4, "share of the steps in which it falls")
    dropout: float = setting(0.4, "share of the units left out in training")
    evaluate_every: int = setting(100, "updates between two looks at validation")
    patience: int = setting(10, "looks without anything better, then it stops")

    def fit(
        self,
        sounds: Sounds,
        texts: Texts = None,
        speakers: Texts = None,
        *,
        validation: Part | None = None,
        test: Part | None = None,
        path: Path_ | None = None,
    ) -> Self:
        """Learn from a folder; or from sounds, what is said, and by whom.

        Of a tenth of the recordings the speakers are for the score, of another
        they choose the weights; both parts may be given instead, as folders or
        as (sounds, texts, speakers). At `path` the model's file is written, and
        a run that broke off goes on.

        Raises Refused where there are fewer than three speakers, or the folder
        has another form.
        """
        given = {"validation": validation, "test": test}
        work = self._work()

        def prepare(options: Any) -> Any:
            others = {
                name: work.read(options.longest, *_as_part(part))
                for name, part in given.items()
                if part is not None
            }
            found = work.read(options.longest, sounds, texts, speakers)
            return work.prepare(options, found, others)

        return self._train(prepare, None if path is None else Path(path))

    def predict(self, sounds: Sequence[Sound], beam: int = 1) -> list[str]:
        """What is said in each sound; nothing in digital silence."""
        from rnncore.apps.speech.sound import as_samples

        known, write = self._fitted(), self._work().write_down
        return [
            write(known, self.about_, *as_samples(sound), beam)[0] for sound in sounds
        ]

    def score(
        self, sounds: Sounds | None = None, texts: Texts = None, speakers: Texts = None
    ) -> float:
        """Word errors in percent: lower is better.

        Of the recordings that `fit` held out; of these, if they are the same; of
        all others.

        Raises Refused where all of them were learned from.
        """
        return self._score(sounds, texts, speakers)

    def _rescore(
        self, sounds: Sounds, texts: Texts = None, speakers: Texts = None
    ) -> Scores:
        known, work = self._fitted(), self._work()
        found = work.read(self.longest, sounds, texts, speakers, self.about_)
        scores: Scores = work.score_recordings(known, self.about_, found)
        return scores


def _as_part(part: Any) -> tuple:
    """A folder, or sounds with their texts, as `fit` takes them."""
    return (part,) if isinstance(part, str | os.PathLike) else tuple(part)
