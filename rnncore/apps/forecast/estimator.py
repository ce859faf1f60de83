"""What comes after the last row of a table."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeAlias

from rnncore.apps.spine.estimator import Estimator, setting
from rnncore.apps.spine.options import whole_number

if TYPE_CHECKING:
    import pandas as pd

    from rnncore.apps.forecast.tables import Table
    from rnncore.apps.spine.evaluation import Scores

    Frame: TypeAlias = pd.DataFrame | pd.Series | Table
    Known: TypeAlias = pd.DataFrame | Mapping[str, pd.DataFrame] | None


@dataclass(kw_only=True)
class Forecaster(Estimator):
    """What comes after the last row of a table.

    A table has dates as its index, in steady steps, and a series in each
    column; NaN stands before a series begins, and after it ended. `known`
    has columns of numbers that are known ahead: its index reaches
    `horizon` steps further. One table is for all series; a dictionary has
    one for each, by its name.

    None is for what is chosen by the dates and the values.
    """

    application = "forecast"

    horizon: int = setting(14, "steps ahead")
    history: int | None = setting(None, "steps read before a forecast", whole_number)
    period: int | str | Sequence[int | str] | None = setting(
        None,
        "a season, or two: steps (1 for none), or day, week, year, as in `--period "
        "day week` (default: chosen by the dates)",
        str,
        nargs="+",
        metavar="N",
    )
    cell: str = setting("GRU", "of the networks", choices=["RNN", "LSTM", "GRU"])
    seeds: int = setting(3, "networks that are trained; they forecast their mean")
    method: str | None = setting(None, "that forecasts, as `compare` names it")
    logs: bool | None = setting(None, "whether changes are learned in percent")
    support: str | None = setting(
        None,
        "what a value can be: any number, one from 0 on, a share from 0 to 1",
        choices=["real", "positive", "share"],
    )
    hidden: int = setting(32, "units")
    batch: int = setting(64, "windows an update")
    steps: int = setting(1500, "updates at most")
    rate: float = setting(0.003, "Adam's learning rate, before it falls to 0")
    origins: int | None = setting(
        None, "at most, of the back-test of a series", whole_number
    )

    def __post_init__(self) -> None:
        """Nothing is fitted yet."""
        super().__post_init__()
        self._table: Table | None = None

    def fit(
        self,
        frame: Frame,
        known: Known = None,
        *,
        path: str | os.PathLike | None = None,
    ) -> Self:
        """Learn from a table; the last fifth is for the score.

        All rivals are scored, too, for the best method is the one that
        forecasts. At `path` the model's file is written, and a run that
        broke off goes on.

        Raises Refused where a value is missing, or there are too few.
        """
        work = self._work()
        table = work.tabulate(frame, known)

        def prepare(options: Any) -> Any:
            return work.prepare(options, table)

        self._train(prepare, None if path is None else Path(path))
        self._table = table
        return self

    def predict(
        self, frame: Frame | None = None, known: Known = None, steps: int | None = None
    ) -> pd.DataFrame:
        """Quantiles of the steps after a table, by series and date.

        The table is the one that was fitted, unless another is given;
        all steps of the horizon are told, unless fewer are asked for.

        Raises ValueError where more are asked for, or there is no table;
        Refused where it is not like the one that was learned from.
        """
        model = self._fitted()
        horizon = model[1].horizon
        if steps is not None and not 0 < steps <= horizon:
            raise ValueError(f"steps: expected 1 to {horizon}, got {steps}")
        work = self._work()
        table = self._table if frame is None else work.tabulate(frame, known)
        if table is None:
            raise ValueError("frame: expected a table, got none")
        said: pd.DataFrame = work.forecast(model, self.about_, table)
        return said.groupby(level=0, sort=False).head(steps or horizon)

    def score(self, frame: Frame | None = None, known: Known = None) -> float:
        """The networks' MASE in the back-test: lower is better.

        Of the table that was fitted, or of another; NaN where no series
        can be scored.
        """
        self._fitted()
        found = self.about_ if frame is None else self._rescore(frame, known)[0]
        return float(found.get("score", "nan"))

    def compare(self) -> pd.DataFrame:
        """The scores of the networks and of their rivals, by series."""
        import pandas as pd

        self._fitted()
        rows, index = self.about_["scores"], ["series", "method"]
        table = pd.DataFrame(rows, columns=None if rows else index)
        return table.set_index(index)

    def _rescore(self, frame: Any, known: Known = None) -> Scores:
        work = self._work()
        table = work.tabulate(frame, known, self.about_)
        found: Scores = work.score_table(
            self._fitted(), self.about_, table, self.origins
        )
        return found
