"""The applications from Python, by the names of scikit-learn.

Each is the command of its application and nothing else: what `fit` trains
and scores, `train` does, and a model's file of either is one of the other.
torch and the application are imported when they are needed.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import importlib
import io
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, Self

from rnncore.music.plan import VOICES
from rnncore.storage.intake import parse_json

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from rnncore.music.score import Score

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
class Estimator:
    """What all applications have in common.

    After `fit` or `load`, `about_` tells what is known of the model: its
    settings, sizes and scores, as its file has them.
    """

    application: ClassVar[str] = ""  # a folder of `rnncore.apps`
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
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def set_params(self, **params: Any) -> Self:
        """Change options; the model that is fitted stays as it is.

        Raises ValueError naming an option that there is not.
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
        self._command().APP.save(path, *model, self.about_)

    @classmethod
    def load(cls, path: str | os.PathLike, device: str = "auto") -> Self:
        """What `save`, or a command, wrote; or a model of the course's.

        Raises Refused naming the file where it is no such model.
        """
        from rnncore.application import choose_device
        from rnncore.apps.spine import inputs

        app = cls._command().APP
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
        app = self._command().APP
        while self._deferred:
            name, score = next(iter(self._deferred.items()))
            self.about_ = evaluation.add_best(app, score(self.about_))
            del self._deferred[name]
        table: pd.DataFrame = app.show(self.about_).table
        return table

    @classmethod
    def _command(cls) -> Any:
        return importlib.import_module(f"rnncore.apps.{cls.application}.command")

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
        from rnncore.apps.spine import runs, watch
        from rnncore.storage.weights import read_about

        app, options = self._command().APP, replace(self)
        app.check(options)
        device = choose_device(self.device)
        data, known = prepare(options)
        settings = options.get_params() | {"kind": app.kind} | known
        settings = {k: settings[k] for k in settings.keys() - self.outside}
        run = watch.Run(options, settings)
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


@dataclass(kw_only=True)
class Translator(Estimator):
    """Sentences into those of another language: the command `translate`.

    None is for what is chosen by the number of pairs.
    """

    application = "translate"
    outside = Estimator.outside | {"encoding"}

    header: str = "auto"  # of a file: whether its first line is one
    languages: Sequence[str] | None = None  # of a .tmx file: ["en", "de"]
    columns: Sequence[int] | None = None  # of a file: source and target
    encoding: str = "utf-8"  # of a file
    decoder: str = "dot"  # or additive, vector
    pieces: int | None = None  # sub-words a side
    longest: int = 80  # pieces of a sentence that is learned from
    hidden: int | None = None  # units
    batch: int = 64  # pairs an update
    steps: int | None = None  # updates at most
    rate: float = 0.002  # Adam's, before it falls to 0
    dropout: float = 0.3
    evaluate_every: int | None = None  # updates between two looks
    patience: int = 5  # looks at validation without anything better

    def fit(self, sources: Texts, targets: Sentences = None) -> Self:
        """Learn from pairs; a tenth of the sources is for the score.

        `sources` is a file of pairs; or they are sentences, and `targets`
        their translations.

        Raises Refused where there are too few.
        """
        command = self._command()
        if targets is None:
            path = _as_path("sources", sources)
            return self._train(lambda own: command.prepare_files(own, path))
        pairs = _pair(sources, targets)
        known = {"data": _compute_digest(pairs)}
        return self._train(
            lambda own: (command.prepare(own, "pairs", pairs, {}), known)
        )

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
        known, translate = self._fitted(), self._command().translate_line
        return [
            translate(known, self.about_, sentence, *how)[0][0]
            for sentence in sentences
        ]

    def score(self, sources: Texts | None = None, targets: Sentences = None) -> float:
        """chrF of the translations: higher is better.

        Of the pairs that `fit` held out, or of all others.
        """
        model, command = self._fitted(), self._command()
        if sources is None:
            return float(self.about_["score"])
        if targets is None:
            path = _as_path("sources", sources)
            found = command.score_file(model, self.about_, path, self)
            return self._score(found)
        pairs = _pair(sources, targets)
        known = self.about_.get("settings", {}).get("data")
        same = known == _compute_digest(pairs)
        given = model, self.about_, "pairs", pairs, same
        return self._score(command.score_pairs(*given))


@dataclass(kw_only=True)
class Transcriber(Estimator):
    """What is said in a recording: the command `speech`.

    A sound is a file, or its samples (N,) and their rate.
    """

    application = "speech"

    transcripts: str = "files"  # of a folder: or folders, whose names are
    speakers: str = "unknown"  # of a folder: or names, folders
    units: str = "auto"  # that are written: one, words or letters
    normalise: str = "speech"  # or recording, band
    plain: bool = False  # then voices and tempo are not varied
    longest: float = 20.0  # seconds of a recording
    hidden: int = 64  # units
    layers: int = 2
    batch: int = 32  # recordings an update
    steps: int = 800  # updates at most
    rate: float = 0.004  # Adam's, before it falls to 0
    falls: float = 0.4  # of the steps, in which it does
    dropout: float = 0.4
    evaluate_every: int = 100  # updates between two looks at validation
    patience: int = 10  # looks without anything better

    def fit(
        self, sounds: Sounds, texts: Sentences = None, speakers: Sentences = None
    ) -> Self:
        """Learn from recordings; some speakers are for the score.

        `sounds` is a folder as `speech train` reads it; or they are the
        sounds, and `texts` what is said in each, by these speakers.

        Raises Refused where there are fewer than three speakers.
        """
        found = self._read(sounds, texts, speakers, vars(self))
        return self._train(lambda own: self._command().prepare(own, found))

    def predict(self, sounds: Sequence[Sound], beam: int = 1) -> list[str]:
        """What is said in each sound; nothing in digital silence."""
        from rnncore.apps.speech.folder import as_samples

        known, write = self._fitted(), self._command().write_down
        return [
            write(known, self.about_, *as_samples(sound), beam)[0] for sound in sounds
        ]

    def score(
        self,
        sounds: Sounds | None = None,
        texts: Sentences = None,
        speakers: Sentences = None,
    ) -> float:
        """Word errors in percent: lower is better.

        Of the recordings that `fit` held out, or of all others.
        """
        model = self._fitted()
        if sounds is None:
            return float(self.about_["score"])
        settings = self.about_.get("settings", {})
        found = self._read(sounds, texts, speakers, settings)
        score = self._command().score_recordings
        return self._score(score(model, self.about_, found))

    def _read(self, sounds: Any, texts: Any, speakers: Any, settings: dict) -> list:
        command = self._command()
        if texts is None:
            path = _as_path("sounds", sounds)
            return list(command.read_recordings(path, settings))
        return list(command.hear(sounds, texts, speakers, settings))


@dataclass(kw_only=True)
class Composer(Estimator):
    """Music in voices: the command `music`."""

    application = "music"

    frame: float = 0.5  # the shortest note, in quarter notes
    voices: int | None = None  # as most pieces have, at most four
    transpose: int = VOICES.transpose  # semitones by which pieces are moved, at most
    hidden: int = VOICES.hidden  # units
    window: int = VOICES.window  # frames between two updates
    batch: int = VOICES.batch  # pieces an update
    steps: int = VOICES.steps  # updates
    rate: float = VOICES.rate  # Adam's
    dropout: float = VOICES.dropout
    evaluate_every: int = (
        VOICES.evaluate_every
    )  # updates between two looks at validation

    def fit(self, scores: Path_ | Sequence[Score]) -> Self:
        """Learn from pieces, of a folder or as scores; some are held out.

        Raises Refused where there are fewer than three different ones.
        """
        found = self._read(scores, self.frame)
        return self._train(lambda own: self._command().prepare(own, found))

    def compose(
        self,
        bars: int = 16,
        melody: Score | None = None,
        temperature: float = 1.0,
        tempo: float | None = None,
        seed: int = 0,
    ) -> Score:
        """A new piece of so many bars, or lower voices for a melody.

        Raises Refused where the melody is none for this model.
        """
        how = {"bars": bars, "temperature": temperature, "tempo": tempo}
        (model,), write = self._fitted(), self._command().write_score
        score: Score = write(model, self.about_, melody, seed=seed, **how)
        return score

    def score(self, scores: Path_ | Sequence[Score] | None = None) -> float:
        """Nats per frame: lower is better.

        Of the pieces that `fit` held out, or of those of others that it
        did not see.
        """
        model, command = self._fitted(), self._command()
        if scores is None:
            return float(self.about_["score"])
        found = self._read(scores, (command.TYPICAL | self.about_)["frame"])
        given = model, self.about_, found
        return self._score(command.score_pieces(*given))

    def _read(self, scores: Any, frame: float) -> list[Score]:
        if isinstance(scores, str | os.PathLike):
            return list(self._command().read_scores(Path(scores), frame))
        return [*scores]


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

    application = "captions"

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


def _as_path(name: str, given: Any) -> Path:
    """The path that stands alone where nothing is said of its contents."""
    if not isinstance(given, str | os.PathLike):
        raise ValueError(  # noqa: TRY004 - the other argument is missing
            f"{name}: expected a path, or what belongs to them, too; "
            f"got {type(given).__name__} alone"
        )
    return Path(given)


def _pair(sources: Any, targets: Any) -> list:
    """Sentences side by side, as a file of pairs has them."""
    from rnncore.data.translation import Pair
    from rnncore.storage.files import composed

    if len(sources) != len(targets):
        raise ValueError(f"targets: expected {len(sources)}, got {len(targets)}")
    both = zip(sources, targets, strict=True)
    return [Pair(composed(a), composed(b)) for a, b in both]


def _compute_digest(pairs: list) -> str:
    """Of what a file with these pairs would hold."""
    from rnncore.apps.spine.common import compute_fingerprint

    return compute_fingerprint("".join(f"{a}\t{b}\n" for a, b in pairs))
