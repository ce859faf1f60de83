"""Language models: words and characters, trained, scored and written with.

The chapter's face for a command line and for notebooks; the parts are
`vocabulary`, `splits`, `ngrams`, `model`, `sampling`, `generation`,
`judge`, `probe`, `heatmap` and `tunes`.
"""

from rnncore.text.generation import generate, likeliest, stream, write_text
from rnncore.text.heatmap import heat_map
from rnncore.text.model import (
    LanguageModel,
    contiguous_windows,
    dynamic_nats,
    language_loss,
    stretches,
    token_nats,
)
from rnncore.text.ngrams import (
    bits_given,
    fit_kneser_ney,
    kneser_ney_next,
    kneser_ney_probabilities,
)
from rnncore.text.sampling import (
    at_temperature,
    beam_search,
    draw_tokens,
    nucleus,
    top_k,
)
from rnncore.text.storage import load_model, save_model
from rnncore.text.vocabulary import (
    Vocabulary,
    character_vocabulary,
    word_vocabulary,
)

__all__ = [
    "LanguageModel",
    "Vocabulary",
    "at_temperature",
    "beam_search",
    "bits_given",
    "character_vocabulary",
    "contiguous_windows",
    "draw_tokens",
    "dynamic_nats",
    "fit_kneser_ney",
    "generate",
    "heat_map",
    "kneser_ney_next",
    "kneser_ney_probabilities",
    "language_loss",
    "likeliest",
    "load_model",
    "nucleus",
    "save_model",
    "stream",
    "stretches",
    "token_nats",
    "top_k",
    "word_vocabulary",
    "write_text",
]
