"""Machine translation: pairs of sentences, sub-words, four decoders.

The chapter's face for a command line and for notebooks; the parts are
`subwords`, `training`, `baselines` and `storage`.
"""

from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.storage import load_translator, save_translator
from rnncore.translate.subwords import SubWords, learn_subwords
from rnncore.translate.training import (
    build_translator,
    mean_loss,
    quality,
    search,
    shuffled_batches,
    translate,
    translate_loss,
)

__all__ = [
    "SubWords",
    "build_translator",
    "learn_subwords",
    "learn_word_table",
    "load_translator",
    "mean_loss",
    "nearest",
    "quality",
    "save_translator",
    "search",
    "shuffled_batches",
    "translate",
    "translate_loss",
]
