"""What the pages and the notebooks show with: figures, sliders, sound.

Nothing here is about recurrent networks. matplotlib is imported only by
what needs it, so that all else runs where there is none.
"""

import base64
import io
import sys
import wave
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import escape
from importlib import resources
from typing import Any

import numpy as np

IN_A_BROWSER = sys.platform == "emscripten"

BLUE = "#0072B2"
VERMILLION = "#D55E00"
GREEN = "#009E73"
PINK = "#CC79A7"
ORANGE = "#E69F00"
SKY = "#56B4E9"
GREY = "#666666"
CYCLE = BLUE, VERMILLION, GREEN, PINK, ORANGE, SKY, GREY  # lines in turn

GATE_COLORS = {
    "input": BLUE,
    "forget": VERMILLION,
    "candidate": GREEN,
    "output": PINK,
}


@dataclass(frozen=True)
class HTML:
    """A piece of HTML that a notebook or a page shows as it is."""

    html: str = field(repr=False)

    def _repr_html_(self) -> str:
        return self.html


def use_style() -> None:
    """Set the course's matplotlib style, and SVG pictures in a notebook."""
    if IN_A_BROWSER:  # every figure there is SVG, and in this style
        return
    from matplotlib import style

    path = resources.files("rnncore.display") / "course.mplstyle"
    with resources.as_file(path) as file:
        style.use(file)
    shell = _notebook_shell()
    if shell is not None:
        from matplotlib_inline.config import InlineBackend

        inline = InlineBackend.instance(parent=shell)
        inline.figure_formats = {"svg"}


def flipbook(
    draw: Callable[[Any], Any],
    values: Sequence[Any],
    label: str,
    alt: str | Callable[[Any], str],
) -> HTML:
    """A range slider over figures that are drawn in advance, one per value.

    `draw(value)` returns a matplotlib Figure; `alt`, a text or a function
    of the value, says what a reader who cannot see the frame should know.

    Raises ValueError where there is no value, TypeError where `draw`
    returns no figure.
    """
    if len(values) == 0:
        raise ValueError("values: expected at least one, got none")
    frames = []
    for k, value in enumerate(values):
        text = alt(value) if callable(alt) else alt
        hidden = " hidden" if k else ""
        frames.append(
            f'<img src="{_png(draw(value), value)}" alt="{escape(text)}" '
            f'data-value="{escape(_show(value))}"{hidden}>'
        )
    first = escape(_show(values[0]))
    return HTML(
        '<figure class="rnn-flipbook">'
        f"{''.join(frames)}<label><span>{escape(label)}: "
        f'<output>{first}</output></span> <input type="range" min="0" '
        f'max="{len(values) - 1}" value="0" step="1" '
        f'aria-label="{escape(label)}" aria-valuetext="{first}" '
        f'oninput="{_TURN}" autocomplete="off">'
        "</label></figure>"
    )


_TURN = (
    "const f=this.closest('.rnn-flipbook');"
    "f.querySelectorAll('img').forEach((m,i)=>{m.hidden=i!=this.value;"
    "if(!m.hidden){f.querySelector('output').value=m.dataset.value;"
    "this.setAttribute('aria-valuetext',m.dataset.value)}})"
)


def play(
    samples: np.ndarray, rate: int, label: str, bits: int = 16
) -> HTML:
    """An audio player with a visible label; the sound is in the page.

    With 8 bits a sample it is half as large, and hisses a little.

    Raises ValueError unless samples is a row of numbers from -1 to 1 and
    bits 8 or 16.
    """
    if bits not in (8, 16):
        raise ValueError(f"bits: expected 8 or 16, got {bits}")
    samples = np.asarray(samples, dtype=float)
    if samples.ndim != 1 or samples.size == 0:
        raise ValueError(
            f"samples: expected a row of numbers, got {samples.shape}"
        )
    peak = float(np.max(np.abs(samples)))
    if not peak <= 1:  # also true of nan
        raise ValueError(
            "samples: expected numbers from -1 to 1, "
            f"got a peak of {peak:g}"
        )
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(bits // 8)
        out.setframerate(rate)
        if bits == 8:  # WAV has these without a sign
            numbers = (np.round(samples * 127) + 128).astype("u1")
        else:
            numbers = np.round(samples * 32767).astype("<i2")
        out.writeframes(numbers.tobytes())
    name = escape(label)
    return HTML(
        f'<figure class="rnn-audio"><figcaption>{name}</figcaption>'
        f'<audio controls aria-label="{name}" preload="metadata" '
        f'src="{_data_uri("audio/wav", file.getvalue())}"></audio></figure>'
    )


def table(
    heads: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = ""
) -> HTML:
    """A table whose heads, and the first cell of each row, are headings.

    A row's first cell and a column of words stand to the left, the others
    to the right, as numbers do; what is no text is shown as `str` gives it.

    Raises ValueError where a row is longer or shorter than the heads.
    """
    for k, row in enumerate(rows):
        if len(row) != len(heads):
            raise ValueError(
                f"rows[{k}]: expected {len(heads)} cells, got {len(row)}"
            )
    kinds = [
        _class_of_column([row[k] for row in rows])
        for k in range(len(heads))
    ]
    lines = []
    for row in rows:
        name, *cells = (escape(_show(cell)) for cell in row)
        lines.append(
            f'<tr><th scope="row">{name}</th>'
            + "".join(
                f"<td{kind}>{cell}</td>"
                for kind, cell in zip(kinds[1:], cells, strict=True)
            )
            + "</tr>"
        )
    top = "".join(
        f'<th scope="col"{kind}>{escape(head)}</th>'
        if head
        else "<td></td>"
        for head, kind in zip(heads, kinds, strict=True)
    )
    told = f"<caption>{escape(caption)}</caption>" if caption else ""
    return HTML(
        f'<table class="rnn-table">{told}<thead><tr>{top}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table>"
    )


def _class_of_column(cells: Sequence[Any]) -> str:
    """That of words, where each cell begins with a letter."""
    return (
        ' class="words"'
        if all(_show(c)[:1].isalpha() for c in cells)
        else ""
    )


def power_of_ten(value: float) -> str:
    """A number for a sentence, as one digit and a power of ten.

    Raises ValueError unless value is finite.
    """
    if not np.isfinite(value):
        raise ValueError(f"value: expected a finite number, got {value}")
    if value == 0:
        return "0"
    digit, exponent = f"{value:.0e}".split("e")
    raised = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
    return f"{digit} · 10{str(int(exponent)).translate(raised)}"


def growing_output() -> Callable[[str], None]:
    """A function that shows one more piece of a text each time.

    In a notebook the text is one output that grows, so that a page holds
    it as a whole; elsewhere the pieces are printed.
    """
    if _notebook_shell() is None:
        return lambda piece: print(piece, end="", flush=True)
    from IPython.display import display

    text = ""
    handle = display({"text/plain": text}, raw=True, display_id=True)

    def show(piece: str) -> None:
        nonlocal text
        text += piece
        handle.update({"text/plain": text}, raw=True)

    return show


def plot_lines(
    series: dict[str, Any],
    xlabel: str,
    ylabel: str,
    title: str = "",
    x: Any = None,
) -> None:
    """Show curves over steps, or over x.

    Raises ValueError where a curve is no row of numbers or does not fit x,
    ModuleNotFoundError where there is no matplotlib.
    """
    curves = _curves(series, x)
    try:
        import matplotlib.pyplot as plt
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            "plot_lines needs matplotlib: python -m pip install matplotlib",
            name=error.name,
        ) from error
    use_style()
    fig, ax = plt.subplots()
    for name, (across, up) in curves.items():
        ax.plot(across, up, label=name)
    ax.set(xlabel=xlabel, ylabel=ylabel, title=title)
    if len(curves) > 1:
        fig.legend(ncols=4, loc="outside upper center")
    plt.show()


def _curves(
    series: dict[str, Any], x: Any
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    if not series:
        raise ValueError("series: expected at least one curve, got none")
    curves = {}
    for name, values in series.items():
        up = np.asarray(values, dtype=float)
        across = np.arange(up.size) if x is None else np.asarray(x, float)
        if up.ndim != 1 or up.size == 0 or up.shape != across.shape:
            wanted = "a row of numbers" if x is None else f"{across.shape}"
            raise ValueError(f"{name}: expected {wanted}, got {up.shape}")
        curves[name] = across, up
    return curves


def _png(figure: Any, value: Any) -> str:
    import matplotlib.pyplot as plt
    from matplotlib.figure import Figure

    if not isinstance(figure, Figure):
        raise TypeError(
            f"draw({value!r}): expected a matplotlib Figure, "
            f"got {type(figure).__name__}"
        )
    file = io.BytesIO()
    kind = "svg" if IN_A_BROWSER else "png"
    figure.savefig(file, format=kind)
    plt.close(figure)
    name = {"svg": "image/svg+xml", "png": "image/png"}[kind]
    return _data_uri(name, file.getvalue())


def _data_uri(kind: str, content: bytes) -> str:
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def _show(value: Any) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:g}"
    return str(value)


def _notebook_shell() -> Any:
    try:
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return shell if hasattr(shell, "kernel") else None
