"""A translator, learned from pairs of sentences."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rnncore.apps.spine.estimator import Estimator, setting
from rnncore.apps.spine.options import at_least, whole_number

if TYPE_CHECKING:
    from rnncore.apps.spine.evaluation import Scores

    Path_ = str | os.PathLike
    Pairs = Path_ | Sequence[tuple[str, str]]  # of a file, or they themselves

DECODERS = ["dot", "additive", "vector"]


@dataclass(kw_only=True)
class Translator(Estimator):
    """Sentences into those of another language.

    Pairs are (source, target), or a UTF-8 file with a pair a line, the two
    separated by a tab. None is for what is chosen by the number of pairs.
    """

    application = "translate"

    columns: Sequence[int] | None = setting(
        None,
        "which of a file's columns are source and target, as 2 4 (default: it has two)",
        whole_number,
        nargs=2,
        metavar="N",
    )
    decoder: str = setting(
        "dot", "two kinds of attention, or one vector", choices=DECODERS
    )
    pieces: int | None = setting(None, "sub-words a side, 259 at least", at_least(259))
    longest: int = setting(80, "pieces of the longest sentence that is learned from")
    hidden: int | None = setting(None, "units", whole_number)
    batch: int = setting(64, "pairs an update")
    steps: int | None = setting(None, "updates at most", whole_number)
    rate: float = setting(0.002, "Adam's learning rate, before it falls to 0")
    dropout: float = setting(0.3, "share of the units left out in training")
    evaluate_every: int | None = setting(
        None, "updates between two looks at validation", whole_number
    )
    patience: int = setting(5, "looks without anything better, then it stops")

    def fit(
        self,
        pairs: Pairs,
        *,
        validation: Pairs | None = None,
        test: Pairs | None = None,
        path: Path_ | None = None,
    ) -> Self:
        """Learn from pairs; a tenth of the sources is for the score.

        Another tenth chooses the weights; both may be given instead. At
        `path` the model's file is written, and a run that broke off goes on.

        Raises Refused where there are too few pairs, or a line has none.
        """
        given = {"validation": validation, "test": test}
        work = self._work()

        def prepare(options: Any) -> Any:
            others = {
                name: work.read(some, options.columns).pairs
                for name, some in given.items()
                if some is not None
            }
            return work.prepare(options, work.read(pairs, options.columns), others)

        return self._train(prepare, None if path is None else Path(path))

    def predict(
        self,
        sentences: Sequence[str],
        beam: int | None = None,
        length_penalty: float | None = None,
    ) -> list[str]:
        """A translation of each sentence, of an empty one an empty one.

        By the beam that the model was scored with, unless given.
        """
        how = beam, length_penalty
        known, translate = self._fitted(), self._work().translate_line
        return [
            translate(known, self.about_, sentence, *how)[0][0]
            for sentence in sentences
        ]

    def score(self, pairs: Pairs | None = None) -> float:
        """chrF of the translations: higher is better.

        Of the pairs that `fit` held out; of these, if they are the same; of
        all others.

        Raises Refused where all of them were learned from.
        """
        return self._score(pairs)

    def _rescore(self, pairs: Pairs) -> Scores:
        work = self._work()
        found: Scores = work.score_pairs(
            self._fitted(), self.about_, work.read(pairs, self.columns)
        )
        return found
