"""Text from a language model, token by token."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np
import torch

from rnncore.application import evaluating
from rnncore.backend import check_shape, to_numpy
from rnncore.display import growing_output
from rnncore.text.model import LanguageModel, States
from rnncore.text.sampling import Hypothesis, beam_search, draw_tokens
from rnncore.text.vocabulary import Vocabulary

__all__ = [
    "Shape",
    "generate",
    "likeliest",
    "next_logits",
    "stream",
    "write_text",
]


def __dir__() -> list[str]:
    return __all__


Shape = Callable[[np.ndarray], np.ndarray]  # logits (B, K) -> p (B, K)


def next_logits(
    model: LanguageModel, ids: np.ndarray, state: States | None = None
) -> tuple[np.ndarray, States]:
    """The logits after the last of these tokens, and the state.

    The model evaluates, without dropout, and is left in its mode.

    Shapes: ids (T, B) -> logits (B, K); state
    """
    check_shape("ids", ids, "T", "B")
    with evaluating(model), torch.no_grad():
        tokens = torch.as_tensor(ids, device=model.readout.bias.device)
        y, state = model.hidden(tokens, state)
        return to_numpy(model.readout(y[-1])).astype(float), state


def generate(
    model: LanguageModel,
    prompts: np.ndarray,
    rng: np.random.Generator,
    shape: Shape,
) -> Iterator[np.ndarray]:
    """Endless tokens, one row per step, each read before the next.

    `shape` turns logits into the probabilities that are drawn from.

    Shapes: prompts (T, B) -> ids (B,)
    """
    logits, state = next_logits(model, prompts)
    while True:
        ids = draw_tokens(rng, shape(logits))
        yield ids
        logits, state = next_logits(model, ids[None], state)


def write_text(
    model: LanguageModel,
    vocabulary: Vocabulary,
    prompt: str,
    rng: np.random.Generator,
    shape: Shape,
    length: int,
) -> Iterator[str]:
    """The prompt, then piece by piece what the model makes of it.

    Raises ValueError where the prompt is empty, TypeError where rng or
    shape is nothing of its type.
    """
    if not isinstance(rng, np.random.Generator):
        raise TypeError(
            f"rng: expected a numpy Generator, got {type(rng).__name__}"
        )
    if not callable(shape):
        raise TypeError(
            f"shape: expected a function of logits, got {shape!r}"
        )
    ids = vocabulary.encode(prompt)
    check_shape("prompt", ids, "T")
    yield vocabulary.decode(ids)
    before = int(ids[-1])
    tokens = generate(model, ids[:, None], rng, shape)
    for _, (token,) in zip(range(length), tokens, strict=False):
        both = vocabulary.decode([before, token])
        yield both[len(vocabulary.decode([before])) :]
        before = int(token)


def stream(pieces: Iterable[str]) -> str:
    """Show each piece as soon as it is there; the whole text."""
    show, shown = growing_output(), []
    for piece in pieces:
        show(piece)
        shown.append(piece)
    show("\n")
    return "".join(shown)


def likeliest(
    model: LanguageModel, prompt: np.ndarray, width: int, length: int
) -> list[Hypothesis]:
    """Beam search from a prompt of token ids (T,), best first.

    Raises TypeError where the prompt is a string.
    """
    if isinstance(prompt, str):
        raise TypeError(
            "prompt: expected token ids (T,), got str; "
            "use vocabulary.encode"
        )
    check_shape("prompt", prompt, "T")

    def log_p(logits):
        a = logits[0] - logits[0].max()
        return a - np.log(np.exp(a).sum())

    def advance(state, token):
        logits, state = next_logits(model, np.array([[token]]), state)
        return log_p(logits), state

    logits, state = next_logits(model, prompt[:, None])
    return beam_search(advance, log_p(logits), state, width, length)
