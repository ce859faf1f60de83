"""What happens in a film: a class, or a sentence."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator, setting
from rnncore.apps.spine.options import at_least

if TYPE_CHECKING:
    import numpy as np

    from rnncore.apps.spine.evaluation import Scores

    Path_ = str | os.PathLike
    Film = Path_ | np.ndarray
    Films = Path_ | Sequence[Film]  # their folder, or they themselves
    Captions = Sequence[str] | Sequence[Sequence[str]]

ENCODERS = ["efficientnet-lite0"]


@dataclass(kw_only=True)
class FilmEstimator(Estimator):
    """What a classifier and a captioner of films have in common.

    A film is a file that PyAV opens or, without an encoder, an array of its
    grey frames (T, S, S) from 0 to 1.
    """

    application = "video"

    encoder: str | None = setting(
        None,
        "a frozen image network that sees each frame (default: none, frames are "
        "seen as grey pixels)",
        choices=ENCODERS,
        metavar="NAME",
    )
    frames: int = setting(24, "frames taken from a film")
    size: int = setting(24, "width and height of a frame in pixels")
    hidden: int = setting(128, "units")
    batch: int = setting(32, "films, or captions, an update")
    steps: int = setting(1500, "updates at most")
    rate: float = setting(0.002, "Adam's learning rate")
    evaluate_every: int = setting(50, "updates between two looks at validation")

    def _see(self, films: Sequence[Film]) -> np.ndarray:
        """Films as the fitted network sees them.

        Shapes: -> frames (N, T, S, S)
        """
        from rnncore.apps.video.folder import see_films, view_of

        device = next(self._fitted()[0].parameters()).device
        return see_films(films, view_of(self.about_, device))


@dataclass(kw_only=True)
class VideoClassifier(FilmEstimator):
    """Names the class of a film: `video` on a folder of films for each class."""

    dropout: float = setting(0.5, "share of what is read out that is left out")
    patience: int = setting(20, "looks without anything better, then it stops")

    @property
    def classes_(self) -> list[str]:
        """The names of the classes, in alphabetic order."""
        self._fitted()
        return [*self.about_["classes"]]

    def fit(
        self,
        films: Films,
        labels: Sequence[str] | None = None,
        *,
        test: Path_ | None = None,
        path: Path_ | None = None,
    ) -> Self:
        """Learn from films; a fifth of each class is for the score.

        `films` is a folder with a folder of films for each class; or they
        are the films, and `labels` their classes. `test` is another such
        folder, to be scored on instead. At `path` the model's file is
        written, and a run that broke off goes on.

        Raises Refused where a class has too few.
        """
        work = self._work()

        def prepare(options: Any) -> Any:
            return work.prepare(options, films, labels, test)

        return self._train(prepare, None if path is None else Path(path))

    def predict_proba(self, films: Sequence[Film]) -> np.ndarray:
        """The probability of each class, as `classes_` has them.

        Shapes: -> p (N, K)
        """
        (model,), work = self._fitted(), self._work()
        p: np.ndarray = work.rate_classes(model, self._see(films))[-1]
        return p

    def predict(self, films: Sequence[Film]) -> list[str]:
        """The likeliest class of each film; it never abstains."""
        best = self.predict_proba(films).argmax(axis=1)
        return [self.classes_[k] for k in best]

    def score(
        self, films: Films | None = None, labels: Sequence[str] | None = None
    ) -> float:
        """Percent of the films that are named rightly.

        Of the films that `fit` held out, or of all others.

        Raises Refused where the classes are others.
        """
        return self._score(films, labels)

    def _rescore(self, films: Films, labels: Sequence[str] | None = None) -> Scores:
        found: Scores = self._work().score_films(
            self._fitted(), self.about_, films, labels
        )
        return found


@dataclass(kw_only=True)
class Captioner(FilmEstimator):
    """Says in words what a film shows: `video` on a folder with captions.tsv."""

    work = "captions_command"

    patience: int = setting(8, "looks without anything better, then it stops")
    pieces: int | None = setting(
        None,
        "with captions.tsv: learn so many pieces of words, 259 at least (default: "
        "whole words)",
        at_least(259),
    )

    def fit(
        self,
        films: Films,
        captions: Captions | None = None,
        *,
        path: Path_ | None = None,
    ) -> Self:
        """Learn from films; a fifth of them is for the score.

        `films` is a folder with a table captions.tsv, on each line a film's
        name below the folder, a tab and a caption; or they are the films,
        and `captions` what is to be said of each: a caption, or several. At
        `path` the model's file is written, and a run that broke off goes on.

        Raises Refused where there are too few films.
        """
        work = self._work()

        def prepare(options: Any) -> Any:
            return work.prepare(options, films, captions)

        return self._train(prepare, None if path is None else Path(path))

    def predict(self, films: Sequence[Film]) -> list[str]:
        """What is said of each film; it never abstains."""
        model, words = self._fitted()
        return list(self._work().describe(model, words, self._see(films)))

    def score(
        self, films: Films | None = None, captions: Captions | None = None
    ) -> float:
        """CIDEr of the captions: higher is better.

        Of the films that `fit` held out, or of all others.
        """
        return self._score(films, captions)

    def _rescore(self, films: Films, captions: Captions | None = None) -> Scores:
        found: Scores = self._work().score_films(
            self._fitted(), self.about_, films, captions
        )
        return found
