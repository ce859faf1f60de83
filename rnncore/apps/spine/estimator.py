"""An application: its settings, and what is learned with them.

A command's parser is made of these settings, and calls the class. torch and
the application's work are imported when they are needed.
"""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

from rnncore.apps.spine.options import at_least, parse_positive

if TYPE_CHECKING:
    import pandas as pd

    from rnncore.apps.spine.evaluation import Application, Scores

    Prepare = Callable[[Any], "Prepared"]


class Prepared(NamedTuple):
    """What was read, ready to be learned from."""

    data: Any  # as the application's `fit` takes it
    known: dict[str, Any]  # fingerprints, and the form in which it was read
    lines: list[str]  # what is shown of it, at most six


def setting(default: Any, what: str, kind: Any = None, **more: Any) -> Any:
    """A field of an estimator: its default, and the sentence that tells it.

    `kind` parses a word of the command line, unless the default's type says
    how; `more` goes to argparse, such as choices or metavar.
    """
    return field(default=default, metadata={"what": what, "kind": kind, **more})


@dataclass(kw_only=True)
class Estimator:
    """What all applications have in common.

    After `fit` or `load`, `about_` tells what is known of the model: its
    settings, sizes and scores, and what was read, as its file has them.
    """

    application: ClassVar[str] = ""  # a folder of `rnncore.apps`
    work: ClassVar[str] = "command"  # its module that does the work
    outside: ClassVar = {"device", "minutes"}  # no outcome depends on them

    hidden: int | None = setting(None, "units")  # each has its own
    steps: int | None = setting(None, "updates at most")
    seed: int = setting(0, "the same seed gives the same result", at_least(0))
    device: str = setting("auto", "auto, cpu, cuda or cuda:1 (default: a GPU, if any)")
    minutes: float | None = setting(
        None, "end after so long with the best weights so far", parse_positive
    )

    def __post_init__(self) -> None:
        """Nothing is fitted yet."""
        self._model: Any = None
        self._deferred: dict[str, Callable] = {}  # rivals still to score
        self.about_: dict[str, Any] = {}
        self.line = ""  # the command that made it, if it was one

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The settings, by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Change settings; the model that is fitted stays as it is.

        Raises ValueError naming a setting that there is not.
        """
        for name in params.keys() - self.get_params().keys():
            raise ValueError(f"{name}: expected one of {', '.join(self.get_params())}")
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def save(self, path: str | os.PathLike) -> None:
        """Write the model's file, which the commands read, too.

        Raises ValueError where nothing is fitted, or the path does not
        end in .safetensors.
        """
        path = Path(path)
        if path.suffix != ".safetensors":
            raise ValueError(f"path: expected NAME.safetensors, got {path}")
        model = self._fitted()
        self._app().save(path, *model, self.about_)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str = "auto") -> Self:
        """What `save`, or a command, wrote; or a model of the course's.

        Raises Refused naming the file where it is no such model.
        """
        from rnncore.application import choose_device
        from rnncore.apps.spine import inputs

        app = cls._app()
        *model, about = app.load(inputs.model_file(Path(path), app.kind))
        names = {field.name for field in fields(cls)} - cls.outside
        known = about.get("settings", {})
        params = {name: known[name] for name in names & known.keys()}
        self = cls(**params, device=device)
        several = model[0] if isinstance(model[0], list) else [model[0]]
        for network in several:
            network.to(choose_device(device))
        self._model, self.about_ = tuple(model), about
        return self

    def compare(self) -> pd.DataFrame:
        """The scores of the network and of its rivals, on the test part.

        Raises ValueError where nothing is fitted.
        """
        from rnncore.apps.spine import evaluation

        self._fitted()
        app = self._app()
        while self._deferred:
            name, score = next(iter(self._deferred.items()))
            self.about_ = evaluation.add_best(app, score(self.about_))
            del self._deferred[name]
        table: pd.DataFrame = app.show(self.about_).table
        return table

    @classmethod
    def _work(cls) -> ModuleType:
        return importlib.import_module(f"rnncore.apps.{cls.application}.{cls.work}")

    @classmethod
    def _app(cls) -> Application:
        app: Application = cls._work().APP
        return app

    def _fitted(self) -> tuple:
        if self._model is None:
            raise ValueError(
                f"{type(self).__name__}: expected a model, got none: call "
                "fit or load first"
            )
        found: tuple = self._model
        return found

    def _train(self, prepare: Prepare, path: Path | None = None) -> Self:
        """Train and score with what `prepare(settings)` makes of the data.

        With a path the model's file is written as training goes on, and a
        run that broke off goes on. What `prepare` chooses by the data is
        chosen in its argument, a copy of the settings.
        """
        from rnncore.apps.spine import runs

        options = replace(self)
        options.line = self.line or repr(self)
        found = runs.learn(self._app(), options, prepare, path)
        self._model, self.about_, self._deferred = found
        return self

    def _rescore(self, *given: Any, **named: Any) -> Scores:
        """The scores of data as `score` takes them: all rows, rivals later."""
        raise NotImplementedError

    def _score(self, given: Any, *more: Any) -> float:
        """The network's score of such data; None: of what `fit` held out."""
        self._fitted()
        if given is None:
            return float(self.about_["score"])
        return float(self._rescore(given, *more)[0]["table"][0][1])
