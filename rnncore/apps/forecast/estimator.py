"""What comes after the last row of a table."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, Self

from rnncore.apps.spine.estimator import Estimator
from rnncore.storage.intake import parse_json

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

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
class Forecaster(Estimator):
    """What comes after the last row of a table: the command `forecast`.

    None is for what is chosen by the dates and the values.
    """

    application = "forecast"

    horizon: int = 14  # steps ahead
    history: int | None = None  # steps that are read before a forecast
    period: int | str | Sequence[int | str] | None = None  # of a season
    cell: str = "GRU"  # or LSTM, RNN
    seeds: int = 3  # networks that are trained
    method: str | None = None  # that forecasts: the one that is ahead
    logs: bool | None = None  # whether changes are learnt in percent
    scale: str | None = None  # of what is learnt: levels, season, prices
    support: str | None = None  # real, positive, share, counts
    holidays: str | None = None  # of a place that are known: DE, AU-NSW
    fill: str | None = None  # of empty cells: linear, last, zero, season
    gaps: bool = False  # then a row is a step, whatever the dates
    hidden: int = 32  # units
    batch: int = 64  # windows an update
    steps: int = 1500  # updates at most
    rate: float = 0.003  # Adam's
    origins: int | None = None  # of the back-test, at most

    def __post_init__(self) -> None:
        """Nothing is fitted yet."""
        super().__post_init__()
        self._frame: pd.DataFrame | None = None

    def fit(self, frame: pd.DataFrame | pd.Series) -> Self:
        """Learn from a table: dates are its index, series its columns.

        The last fifth is for the score. All rivals are scored, for the
        best method is the one that forecasts.

        Raises Refused where the table cannot be forecast.
        """
        table = _as_frame(frame)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            words = self._write(folder, table) + self._list_words()
            self._run("train", [*words, "--model", path])
            fitted = type(self).load(path, self.device)
        self._model, self.about_ = fitted._model, fitted.about_
        self._frame = table
        return self

    def predict(
        self, steps: int | None = None, frame: pd.DataFrame | pd.Series | None = None
    ) -> pd.DataFrame:
        """Quantiles of the steps after a table, by series and date.

        The table is the one that was fitted, unless another is given;
        all steps of the horizon are told, unless fewer are asked for.

        Raises ValueError where more are asked for, or there is no table.
        """
        import pandas as pd

        given = self._frame if frame is None else _as_frame(frame)
        ahead = self.about_.get("plan", {}).get("horizon", 0)
        self._fitted()
        if given is None:
            raise ValueError("frame: expected a table, got none")
        if steps is not None and not 0 < steps <= ahead:
            raise ValueError(f"steps: expected 1 to {ahead}, got {steps}")
        with tempfile.TemporaryDirectory() as folder:
            path, out = Path(folder, "model.safetensors"), f"{folder}/a.csv"
            self.save(path)
            table = self._write(folder, given)[0]
            self._run("forecast", [path, table, "--out", out])
            found = pd.read_csv(out)
        found[found.columns[1]] = pd.to_datetime(found[found.columns[1]])
        said = found.set_index([*found.columns[:2]])
        return said if steps is None else said.groupby(level=0).head(steps)

    def score(self, frame: pd.DataFrame | pd.Series | None = None) -> float:
        """The network's MASE in the back-test: lower is better.

        Of the table that was fitted, or of another.
        """
        self._fitted()
        if frame is None:
            return float(self.about_["score"])
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.safetensors")
            self.save(path)
            table = self._write(folder, _as_frame(frame))[0]
            words = [path, table, "--json", "--no-baselines"]
            if self.origins is not None:
                words += ["--origins", self.origins]
            shown = self._run("evaluate", words)
        return float(parse_json(shown.encode())["score"])

    def _list_words(self) -> list[Any]:
        """The options as `forecast train` takes them."""
        words: list[Any] = []
        for name, value in self.get_params().items():
            option = f"--{name.replace('_', '-')}"
            if name == "logs" and value is not None:
                words += [option, "yes" if value else "no"]
            elif value is True:
                words.append(option)
            elif isinstance(value, list | tuple):
                words += [option, *value]
            elif value is not None and value is not False:
                words += [option, value]
        return words

    def _write(self, folder: str, frame: pd.DataFrame) -> list[Any]:
        """The table as a file, and the words that say what is in it."""
        path, date = Path(folder, "table.csv"), frame.index.name
        frame.to_csv(path)
        return [path, "--date", date, "--value", *frame.columns]

    def _run(self, part: str, words: Sequence[Any]) -> str:
        """Run a part of the command; what it prints."""
        from rnncore.apps.forecast import options as forecast
        from rnncore.apps.spine import options as common

        parser = _Parser()
        forecast.add(parser.add_subparsers(dest="command"))
        given = parser.parse_args(["forecast", part, *map(str, words)])
        given.line = self.line
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            common.find_work(given)(given)
        return shown.getvalue()


class _Parser(argparse.ArgumentParser):
    """Raises an error where a command's parser would end the program."""

    def error(self, message: str) -> NoReturn:
        """Raise ValueError saying which option is wrong."""
        raise ValueError(message)


def _as_frame(given: Any) -> pd.DataFrame:
    """A table whose index and columns have names.

    Raises ValueError where its index has no dates.
    """
    import pandas as pd

    frame = given.to_frame() if isinstance(given, pd.Series) else given
    if not isinstance(frame.index, pd.DatetimeIndex | pd.PeriodIndex):
        raise ValueError(  # noqa: TRY004 - it is a table, of other rows
            f"frame: expected dates as its index, got {type(frame.index).__name__}"
        )
    frame = frame.rename(columns=str)
    return frame.rename_axis(index=frame.index.name or "date")
