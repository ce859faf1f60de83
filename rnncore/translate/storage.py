"""A translator on disk: its weights, its sizes and its sub-words."""

import os
from typing import Any

import torch

from rnncore.seq2seq import Translator
from rnncore.storage.weights import load_module, save_weights
from rnncore.translate.recipe import is_tied, tie_readout
from rnncore.translate.subwords import SubWords
from rnncore.translate.training import build_translator

KIND = "translate"


def save_translator(
    path: str | os.PathLike,
    model: Translator,
    decoder: str,
    source: SubWords,
    target: SubWords,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """One file with all that is needed to go on translating.

    Raises ValueError where about is no JSON; see save_weights.
    """
    encoder = model.encoder
    sizes = {
        "D": encoder.embedding.embedding_dim,
        "H": encoder.loop.hidden_size,
        "decoder": decoder,
        "rate": encoder.rate,
        "tied": is_tied(model),
    }
    pieces = {"source": source.as_json(), "target": target.as_json()}
    extra = {"kind": KIND, "sizes": sizes, "pieces": pieces}
    save_weights(path, model, {**about, **extra}, dtype)


def load_translator(
    path: str | os.PathLike,
) -> tuple[Translator, SubWords, SubWords, dict[str, Any]]:
    """The model, the sub-words of both sides, and what is known of it.

    Raises Refused naming the file where it is damaged or of another kind.
    """
    model, about = load_module(path, KIND, _build, "translator")
    return model, *_pieces(about), about


def _build(about: dict[str, Any]) -> Translator:
    source, target = _pieces(about)
    sizes = {**about["sizes"]}
    tied = sizes.pop("tied", False)  # older files do not say it
    model = build_translator(source.size, target.size, **sizes)
    return tie_readout(model) if tied else model


def _pieces(about: dict[str, Any]) -> tuple[SubWords, SubWords]:
    pieces = about["pieces"]
    return SubWords(pieces["source"]), SubWords(pieces["target"])
