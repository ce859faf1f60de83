"""A language model on disk: its weights, its sizes and its vocabulary."""

import os
from typing import Any

import torch

from rnncore.application import (
    Refused,
    load_weights,
    put_weights,
    save_weights,
)
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
    weights, about = load_weights(path, KIND)
    try:
        sizes = {name: about["sizes"][name] for name in SIZES}
        known = about["vocabulary"]
        vocabulary = Vocabulary(tuple(known["tokens"]), known["words"])
        model = LanguageModel(vocabulary.size, **sizes)
        put_weights(model, weights)
    except (KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path}: no language model: {error}") from error
    return model.eval(), vocabulary, about
