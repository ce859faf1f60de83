"""A language model on disk: its weights, its sizes and its vocabulary."""

import os
from typing import Any

import torch

from rnncore.application import load_module, save_weights
from rnncore.text.model import LanguageModel
from rnncore.text.vocabulary import Vocabulary

KIND = "text"
SIZES = ("H", "cell", "layers", "dropout")


def save_model(
    path: str | os.PathLike,
    model: LanguageModel,
    vocabulary: Vocabulary,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """One file with all that is needed to go on writing; see save_weights.

    Raises ValueError where about is no JSON.
    """
    sizes = {
        "H": model.embedding.embedding_dim,
        "cell": type(model.layers[0]).__name__,
        "layers": len(model.layers),
        "dropout": model.dropout,
    }
    tokens = {"tokens": list(vocabulary.tokens), "words": vocabulary.words}
    extra = {"kind": KIND, "sizes": sizes, "vocabulary": tokens}
    save_weights(path, model, {**about, **extra}, dtype)


def load_model(
    path: str | os.PathLike,
) -> tuple[LanguageModel, Vocabulary, dict[str, Any]]:
    """The model, its vocabulary, and what else is known of it.

    Raises Refused naming the file where it is damaged or of another kind.
    """
    model, about = load_module(path, KIND, _build, "language model")
    return model, _vocabulary(about), about


def _build(about: dict[str, Any]) -> LanguageModel:
    sizes = {name: about["sizes"][name] for name in SIZES}
    return LanguageModel(_vocabulary(about).size, **sizes)


def _vocabulary(about: dict[str, Any]) -> Vocabulary:
    known = about["vocabulary"]
    return Vocabulary(tuple(known["tokens"]), known["words"])
