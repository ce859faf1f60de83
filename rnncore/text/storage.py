"""A language model on disk: its weights, its sizes and its vocabulary."""

import os
from typing import Any

import torch

from rnncore.storage.weights import load_module, save_weights
from rnncore.text.blocks import BlockModel
from rnncore.text.model import LanguageModel
from rnncore.text.vocabulary import Vocabulary

KIND = "text"
SIZES = ("H", "cell", "layers", "dropout")  # and a width, if it has one
OF_BLOCKS = ("D", "mixer", "layers", "hidden", "dropout", "reach")


def save_model(
    path: str | os.PathLike,
    model: LanguageModel | BlockModel,
    vocabulary: Vocabulary,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """One file with all that is needed to go on writing; see save_weights.

    Raises ValueError where about is no JSON.
    """
    known = _sizes_of(model)
    tokens = {"tokens": list(vocabulary.tokens), "words": vocabulary.words}
    extra = {"kind": KIND, "sizes": known, "vocabulary": tokens}
    save_weights(path, model, {**about, **extra}, dtype)


def load_model(
    path: str | os.PathLike,
) -> tuple[Any, Vocabulary, dict[str, Any]]:
    """The model, its vocabulary, and what else is known of it.

    Raises Refused naming the file where it is damaged or of another kind.
    """
    model, about = load_module(path, KIND, _build, "language model")
    return model, _vocabulary(about), about


def _sizes_of(model: LanguageModel | BlockModel) -> dict[str, Any]:
    """What `_build` needs of it, beside the vocabulary."""
    layers, dropout = len(model.layers), model.dropout
    if isinstance(model, BlockModel):
        mixer, D, hidden = model.shape
        of_all = D, mixer, layers, hidden, dropout, model.reach
        return dict(zip(OF_BLOCKS, of_all, strict=True))
    H, cell = model.readout.in_features, type(model.layers[0]).__name__
    known = dict(zip(SIZES, (H, cell, layers, dropout), strict=True))
    if model.readout.weight is model.embedding.weight:
        return known
    return known | {"width": model.embedding.embedding_dim}


def _build(about: dict[str, Any]) -> LanguageModel | BlockModel:
    K, known = _vocabulary(about).size, about["sizes"]
    if "mixer" in known:
        return BlockModel(K, **{name: known[name] for name in OF_BLOCKS})
    of_all = {name: known[name] for name in SIZES}
    return LanguageModel(K, **of_all, width=known.get("width"))


def _vocabulary(about: dict[str, Any]) -> Vocabulary:
    known = about["vocabulary"]
    return Vocabulary(tuple(known["tokens"]), known["words"])
