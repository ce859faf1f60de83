"""A language model of a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
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
class TextModel(Estimator):
    """A language model of a text: the command `text`.

    Options as those of `text train`.
    """

    application = "text"
    outside = Estimator.outside | {"start"}

    cell: str = "LSTM"  # or GRU, RNN
    model_kind: str | None = None  # blocks in place of cells: "minGRU", ...
    tokens: str = "characters"  # or words
    start: str | os.PathLike | None = None  # a model to go on from
    hidden: int = 256  # units
    layers: int = 1
    window: int = 64  # steps between two updates
    windows: str = "in-order"  # or anywhere in the text, from a state of 0
    batch: int = 32  # stretches of the text an update
    steps: int | None = None  # updates at most
    rate: float = 0.006  # Adam's, before it falls to 0
    falls: float = 0.8  # of the steps, in which it does
    warm: int = 0  # steps in which it rises first
    beta: float = 0.999  # of Adam's mean square, kept each step
    average: float = 0.0  # of the weights' mean, kept each step; 0: none
    dropout: float = 0.1
    evaluate_every: int = 100  # updates between two looks at validation
    patience: int = 8  # looks without anything better

    def fit(self, text: str | os.PathLike | Sequence[os.PathLike]) -> Self:
        """Learn eight tenths of a text; the last tenth is for the score.

        A string is the text itself; a path, or several, are files,
        folders or patterns of files.

        Raises Refused where the text is too short.
        """
        name, whole = self._read(text)
        return self._train(
            lambda options: self._command().prepare(options, name, whole)
        )

    def generate(
        self,
        prompt: str | None = None,
        length: int = 400,
        temperature: float = 1.0,
        top_k: int | None = None,
        nucleus: float | None = None,
        beam: int | None = None,
        seed: int = 0,
    ) -> str:
        """The prompt, and so many tokens that follow it.

        Raises Refused where the prompt is empty or has unknown tokens.
        """
        how = prompt, length, temperature, top_k, nucleus, beam, seed
        return "".join(self._command().write_after(self._fitted(), *how))

    def score(
        self, text: str | os.PathLike | Sequence[os.PathLike] | None = None
    ) -> float:
        """Bits per token: lower is better.

        Of the last tenth of the text that was learned; of all of another.
        """
        model = self._fitted()
        if text is None:
            return float(self.about_["score"])
        given = model, self.about_, *self._read(text)
        return self._score(self._command().score_text(*given))

    def _read(self, text: Any) -> tuple[str, str]:
        """A text and its name."""
        if isinstance(text, str):
            return "the text", text
        paths = [text] if isinstance(text, os.PathLike) else [*text]
        name = ", ".join(os.fspath(path) for path in paths)
        return name, self._command().read_files(paths)
