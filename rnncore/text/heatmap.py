"""How surprised a model was by each token, shown on the text itself."""

from collections.abc import Sequence
from html import escape

import numpy as np

from rnncore.backend import check_shape
from rnncore.display import HTML, table

# Up to how many bits; what is said of it; the line under it; how much red
LEVELS = (
    (1.0, "expected", "none", 0.0),
    (3.0, "unsure", "2px dotted", 0.15),
    (6.0, "surprised", "2px solid", 0.35),
    (float("inf"), "very surprised", "4px double", 0.6),
)


def heat_map(
    tokens: Sequence[str],
    bits: np.ndarray,
    label: str,
    between: str = "",
    guesses: Sequence[str] | None = None,
) -> HTML:
    """A text whose tokens are marked by their surprisal in bits.

    A line under a token (none, dotted, solid, double) says the same as
    its colour. The pointer shows the number and what the model would have
    guessed; a folded table holds both for all readers. The colour lies
    half transparent over the page's own, so that it can be read on dark
    and on light.

    Raises ValueError unless there is a number for each token.
    """
    check_shape("bits", bits, len(tokens))
    parts = [
        _span(token, float(b), guesses[k] if guesses else "")
        for k, (token, b) in enumerate(zip(tokens, bits, strict=True))
    ]
    bounds = ["below 1 bit", "1 to 3", "3 to 6", "more than 6"]
    key = " · ".join(
        f'<span style="{_style(level)}">{bound}: {level[1]}</span>'
        for bound, level in zip(bounds, LEVELS, strict=True)
    )
    name = escape(label)
    heads = ["token", "bits", "guessed"] if guesses else ["token", "bits"]
    rows = [
        (
            _named(token),
            f"{b:.1f}",
            *([repr(guesses[k])] if guesses else []),
        )
        for k, (token, b) in enumerate(zip(tokens, bits, strict=True))
    ]
    return HTML(
        f'<figure class="rnn-heat" aria-label="{name}">'
        f"<figcaption>{name}<br>{key}</figcaption>"
        '<div style="white-space:pre-wrap;overflow-wrap:anywhere;'
        'font-family:monospace;line-height:1.9">'
        f"{between.join(parts)}</div>"
        "<details><summary>The numbers, as a table</summary>"
        f"{table(heads, rows).html}</details></figure>"
    )


def _span(token: str, bits: float, guess: str) -> str:
    level = next(level for level in LEVELS if bits <= level[0])
    title = f"{bits:.1f} bits"
    if guess:
        title += f"; guessed {guess!r}"
    shown = escape(token).replace("\n", "\N{RETURN SYMBOL}\n")
    if level is LEVELS[0]:
        return f'<span title="{escape(title)}">{shown}</span>'
    style = _style(level)
    return f'<span title="{escape(title)}" style="{style}">{shown}</span>'


def _named(token: str) -> str:
    """The token; a space or the end of a line has no look of its own."""
    return token if token.strip() else repr(token)


def _style(level: tuple[float, str, str, float]) -> str:
    _, _, line, red = level
    return f"background:rgba(213,94,0,{red});border-bottom:{line}"
