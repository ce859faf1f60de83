"""What happens in a film: a class, or a sentence."""

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
class VideoClassifier(Estimator):
    """What happens in a film: the command `video` without --captions.

    A film is a file, or an array of its grey frames (T, S, S) from 0 to 1;
    where there is an encoder, of its features (T, F).
    """

    application = "video"

    encoder: str | None = None  # efficientnet-lite0, or given: features
    frames: int = 24  # T: taken from a film
    size: int = 24  # S: width and height of a frame
    hidden: int = 128  # units
    batch: int = 32  # films an update
    steps: int = 1500  # updates at most
    rate: float = 0.002  # Adam's, which falls to 0
    dropout: float = 0.5
    evaluate_every: int = 50  # updates between two looks at validation
    patience: int = 20  # looks without anything better

    @property
    def classes_(self) -> list[str]:
        """The names of the classes, in alphabetic order."""
        self._fitted()
        return [*self.about_["classes"]]

    def fit(self, films: Films, labels: Sequence[str] | None = None) -> Self:
        """Learn from films; a fifth of each class is for the score.

        `films` is a folder with a folder of films for each class; or they
        are the films, and `labels` their classes.

        Raises Refused where a class has too few.
        """
        how = (self.frames, self.size), True, self.encoder
        folder = self._read(films, labels, *how)
        return self._train(lambda options: self._command().prepare(options, folder))

    def predict_proba(self, films: Sequence[Film]) -> np.ndarray:
        """The probability of each class, as `classes_` has them.

        Shapes: -> p (N, K)
        """
        import torch

        from rnncore.video.model import logits_of

        (model,) = self._fitted()
        found = _read_each(films, *_frames_of(self.about_))
        frames = torch.as_tensor(found).transpose(0, 1)
        device = next(model.parameters()).device
        logits = logits_of(model, frames.to(device))[-1]
        p: np.ndarray = logits.softmax(dim=1).numpy()
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
        model = self._fitted()
        if films is None:
            return float(self.about_["score"])
        command = self._command()
        folder = self._read(films, labels, *_frames_of(self.about_))
        command.check_classes("films", folder, self.classes_)
        return self._score(command.score_films(model, self.about_, folder))

    def _read(self, films: Any, labels: Any, *how: Any) -> Any:
        command = self._command()
        if labels is None:
            return command.read_folder(Path(films), *how)
        given = zip(labels, _read_each(films, *how), strict=True)
        named = [(c, f"film {k}", f) for k, (c, f) in enumerate(given)]
        return command.gather(named, "labels", "classes")


@dataclass(kw_only=True)
class Captioner(Estimator):
    """A film in words: the command `video` with --captions.

    A film is a file, or an array of its grey frames (T, S, S) from 0 to 1;
    where there is an encoder, of its features (T, F).
    """

    application = "video"
    work = "captions_command"

    encoder: str | None = None  # efficientnet-lite0, or given: features
    frames: int = 16  # T: taken from a film
    size: int = 24  # S: width and height of a frame
    hidden: int = 128  # units
    batch: int = 32  # captions an update
    steps: int = 1500  # updates at most
    rate: float = 0.002  # Adam's
    evaluate_every: int = 50  # updates between two looks at validation
    patience: int = 8  # looks without anything better
    pieces: int | None = None  # of words, in place of whole words

    def fit(self, films: Films, captions: Captions) -> Self:
        """Learn from films; a fifth of them is for the score.

        `films` is a folder and `captions` a table, on each line a film's
        name below the folder, a tab and a caption; or they are the films,
        and what is to be said of each: a caption, or several.

        Raises Refused where there are too few films.
        """
        how = (self.frames, self.size), False, self.encoder
        found = self._read(films, captions, *how)
        return self._train(
            lambda options: self._command().prepare(options, found, "captions")
        )

    def predict(self, films: Sequence[Film]) -> list[str]:
        """What is said of each film; it never abstains."""
        model, words = self._fitted()
        seen = _read_each(films, *_frames_of(self.about_))
        penalty = self.about_.get("penalty")
        return list(self._command().describe(model, words, seen, penalty))

    def score(
        self, films: Films | None = None, captions: Captions | None = None
    ) -> float:
        """CIDEr of the captions: higher is better.

        Of the films that `fit` held out, or of all others.
        """
        model = self._fitted()
        if films is None:
            return float(self.about_["score"])
        found = self._read(films, captions, *_frames_of(self.about_))
        score = self._command().score_films
        return self._score(score(model, self.about_, found))

    def _read(self, films: Any, captions: Any, *how: Any) -> Any:
        from rnncore.apps.video.folder import Captioned, as_caption

        if isinstance(films, str | os.PathLike):
            paths, (sizes, _, encoder) = (Path(films), Path(captions)), how
            return self._command().read_films(*paths, sizes, encoder)
        seen = _read_each(films, *how)
        several = [[c] if isinstance(c, str) else c for c in captions]
        if len(several) != len(seen):
            raise ValueError(f"captions: expected {len(seen)}, got {len(several)}")
        said = [[as_caption(one) for one in some] for some in several]
        return Captioned(seen, said, encoder=how[2])


def _frames_of(about: dict[str, Any]) -> tuple[tuple[int, int], bool, str | None]:
    """How many frames of which size a model sees; whether all of each."""
    from rnncore.apps.video.folder import frame_sizes

    sizes = frame_sizes(Path("the model"), about)
    return sizes, about.get("whole", False), about.get("encoder")


def _read_each(
    films: Sequence[Film],
    sizes: tuple[int, int],
    whole: bool = False,
    encoder: str | None = None,
) -> np.ndarray:
    """Films as a network of T frames of S x S pixels sees them.

    Shapes: -> frames (N, T, S, S)

    Raises Refused naming a file that is no film, ValueError where an array
    has another shape.
    """
    import numpy as np

    from rnncore.apps.spine.common import note
    from rnncore.apps.video.features import spread
    from rnncore.apps.video.folder import make_reader, stack_films
    from rnncore.backend import check_shape

    T, S = sizes
    read = make_reader(T, S, whole, encoder, note).read
    found = []
    for film in films:
        if isinstance(film, str | os.PathLike):
            found.append(read(Path(film)))
        elif encoder is None:
            check_shape("film", film, T, S, S)
            found.append(np.asarray(film, np.float32))
        else:
            check_shape("film", film, "T", "F")
            found.append(spread(np.asarray(film), T))
    return stack_films(found)
