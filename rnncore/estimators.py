"""The applications from Python, by the names of scikit-learn.

Each is the command of its application and nothing else: what `fit` trains
and scores, `train` does, and a model's file of either is one of the other.
torch and the application are imported when they are needed.
"""

import copy
import importlib
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

if TYPE_CHECKING:
    import pandas as pd

Paths = str | os.PathLike | Sequence[str | os.PathLike]


@dataclass(kw_only=True)
class Estimator:
    """What all applications have in common.

    After `fit` or `load`, `about_` tells what is known of the model: its
    settings, sizes and scores, as its file has them.
    """

    application: ClassVar[str] = ""  # a module of `rnncore.commands`
    outside: ClassVar = {"device", "minutes"}  # no outcome depends on them

    seed: int = 0  # the same seed gives the same result
    device: str = "auto"  # cpu, cuda or cuda:1; auto: a GPU, if any
    minutes: float | None = None  # then training ends with the best so far

    def __post_init__(self) -> None:
        """Nothing is fitted yet."""
        self._model: Any = None
        self._deferred: dict[str, Callable] = {}  # rivals still to score
        self.about_: dict[str, Any] = {}

    @property
    def line(self) -> str:
        """What a model's file says that made it."""
        return repr(self)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The options, by name."""
        return {
            field.name: getattr(self, field.name) for field in fields(self)
        }

    def set_params(self, **params: Any) -> Self:
        """Change options; the model that is fitted stays as it is.

        Raises ValueError naming an option that there is not.
        """
        for name in params.keys() - self.get_params().keys():
            raise ValueError(
                f"{name}: expected one of {', '.join(self.get_params())}"
            )
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
        self._command().APP.save(path, *model, self.about_)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str = "auto") -> Self:
        """What `save`, or a command, wrote; or a model of the course's.

        Raises Refused naming the file where it is no such model.
        """
        from rnncore.application import choose_device
        from rnncore.commands import common

        app = cls._command().APP
        *model, about = app.load(common.model_file(Path(path), app.kind))
        names = {field.name for field in fields(cls)} - cls.outside
        known = about.get("settings", {})
        params = {name: known[name] for name in names & known.keys()}
        self = cls(**params, device=device)
        model[0].to(choose_device(device))
        self._model, self.about_ = tuple(model), about
        return self

    def compare(self) -> "pd.DataFrame":
        """The scores of the network and of its rivals, on the test part.

        Raises ValueError where nothing is fitted.
        """
        from rnncore.commands import evaluation

        self._fitted()
        app = self._command().APP
        while self._deferred:
            name, score = next(iter(self._deferred.items()))
            self.about_ = evaluation.add_best(app, score(self.about_))
            del self._deferred[name]
        table: pd.DataFrame = app.show(self.about_).table
        return table

    @classmethod
    def _command(cls) -> Any:
        return importlib.import_module(
            f"rnncore.commands.{cls.application}"
        )

    def _fitted(self) -> tuple:
        if self._model is None:
            raise ValueError(
                f"{type(self).__name__}: expected a model, got none: call "
                "fit or load first"
            )
        found: tuple = self._model
        return found

    def _train(self, prepare: Callable[[Any], tuple[Any, dict]]) -> Self:
        """Train and score with what `prepare(options)` makes of the data.

        That are the data, and what is known of them.
        """
        from rnncore.application import choose_device
        from rnncore.commands import runs
        from rnncore.storage.weights import read_about

        app, options = self._command().APP, replace(self)
        app.check(options)
        device = choose_device(self.device)
        data, known = prepare(options)
        settings = options.get_params() | {"kind": app.kind} | known
        settings = {k: settings[k] for k in settings.keys() - self.outside}
        settings = json.loads(json.dumps(settings, sort_keys=True))
        run = runs.Run(options, settings)
        given = app, options, data, run, device
        model, about, (found, deferred) = runs.train(*given)
        self._model, self._deferred = model, copy.copy(deferred)
        with tempfile.TemporaryDirectory() as folder:  # as a file has it
            path = Path(folder, "model.safetensors")
            app.save(path, *model, run.describe(about | found))
            self.about_ = read_about(path)
        return self

    def _score(self, found: tuple[dict, dict]) -> float:
        """The network's score, of what a command's scoring gives."""
        return float(found[0]["table"][0][1])


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
    batch: int = 32  # stretches of the text an update
    steps: int = 2500  # updates at most
    rate: float = 0.006  # Adam's, before it falls to 0
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
        return "".join(self._command().write_on(self._fitted(), *how))

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
