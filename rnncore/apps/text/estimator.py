"""A language model, learned from a text."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator, setting
from rnncore.apps.spine.options import parse_share, whole_number

if TYPE_CHECKING:
    from rnncore.apps.spine.evaluation import Scores

    Path_ = str | os.PathLike
    Text = str | os.PathLike | Sequence[os.PathLike]  # itself, or its files


@dataclass(kw_only=True)
class TextModel(Estimator):
    """A language model of a text.

    A string is the text itself; a path, or several, are UTF-8 files, which
    are read one after another.
    """

    application = "text"

    tokens: str = setting(
        "characters", "what is predicted", choices=["characters", "words"]
    )
    cell: str = setting("LSTM", "of the layers", choices=["RNN", "LSTM", "GRU"])
    layers: int = setting(1, "layers of cells")
    hidden: int = setting(256, "units")
    window: int = setting(64, "steps between two updates")
    batch: int = setting(32, "stretches of the text an update")
    steps: int | None = setting(None, "updates at most", whole_number)
    rate: float = setting(0.006, "Adam's learning rate, before it falls to 0")
    falls: float = setting(0.8, "share of the steps in which it falls", parse_share)
    dropout: float = setting(0.1, "share of the units left out in training")
    evaluate_every: int = setting(100, "updates between two looks at validation")
    patience: int = setting(8, "looks without anything better, then it stops")

    def fit(
        self,
        text: Text,
        *,
        validation: Text | None = None,
        test: Text | None = None,
        start: Path_ | None = None,
        path: Path_ | None = None,
    ) -> Self:
        """Learn eight tenths of a text; the last tenth is for the score.

        The tenth between chooses the weights; both may be texts of their
        own. `start` is a model to go on from, with its vocabulary and sizes.
        At `path` the model's file is written, and a run that broke off goes
        on.

        Raises Refused where the text is too short.
        """
        work = self._work()
        given = {"validation": validation, "test": test}

        def prepare(options: Any) -> Any:
            others = {k: work.read(v) for k, v in given.items() if v is not None}
            begin = None if start is None else Path(start)
            return work.prepare(options, work.read(text), others, begin)

        return self._train(prepare, None if path is None else Path(path))

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
        return "".join(self._work().write_after(self._fitted(), *how))

    def score(self, text: Text | None = None) -> float:
        """Bits per token: lower is better.

        Of the last tenth of the text that was learned; of all of another.

        Raises Refused where all of it was learned from.
        """
        return self._score(text)

    def _rescore(self, text: Text) -> Scores:
        work = self._work()
        found: Scores = work.score_text(self._fitted(), self.about_, work.read(text))
        return found
