"""A score as a picture: verovio draws it, the page's ink colours it."""

import re
from html import escape

from rnncore.display import HTML
from rnncore.music.files import musicxml
from rnncore.music.score import REST, Score

NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "G♯", "A", "B♭", "B")
VOICES = ("soprano", "alto", "tenor", "bass")
WIDTH = 1050  # of verovio's units: a staff of 72 is legible on a telephone


def engrave(score: Score, label: str = "") -> HTML:
    """The score as an SVG in the colour of the text around it.

    The label is its caption; with the first and the last chord it is also
    what a screen reader says.

    Raises ValueError where verovio cannot draw it.
    """
    import verovio

    kit = verovio.toolkit()
    verovio.enableLog(verovio.LOG_OFF)
    kit.setOptions(
        {
            "adjustPageHeight": True,
            "breaks": "auto",
            "footer": "none",
            "header": "none",
            "pageMarginLeft": 10,
            "pageMarginRight": 10,
            "pageWidth": WIDTH,
            "pageHeight": 60_000,
            "scale": 40,
            "smuflTextFont": "none",  # no font to be fetched
            "svgFormatRaw": True,
            "svgRemoveXlink": True,
            "svgViewBox": True,
            "xmlIdSeed": 1,
        }
    )
    xml = musicxml(score).decode()  # no tempo: its sign needs a font
    xml = re.sub(r"<direction\b.*?</direction>", "", xml, flags=re.DOTALL)
    if not kit.loadData(xml):
        raise ValueError("score: verovio cannot draw it")
    alt = " ".join(part for part in (label, described(score)) if part)
    svg = kit.renderToSVG(1)
    svg = re.sub(r'\scolor="black"', "", svg, count=1)
    svg = re.sub(r"<desc>.*?</desc>|<\?xml.*?\?>", "", svg, flags=re.DOTALL)
    svg = svg.replace(
        "<svg ",
        f'<svg role="img" aria-label="{escape(alt)}" '
        'style="width:100%;max-width:34rem;height:auto;'
        'color:inherit;fill:currentColor" ',
        1,
    )
    caption = f"<figcaption>{escape(label)}</figcaption>" if label else ""
    return HTML(f'<figure class="rnn-score">{svg}{caption}</figure>')


def described(score: Score) -> str:
    """What a picture of the score shows, in words."""
    T, V = score.pitches.shape
    parts = "one voice" if V == 1 else f"{V} voices"
    bars = -(-(T - score.pickup) // score.bar)
    return (
        f"{parts}, {bars} bars; it begins with {chord(score, 0)} and ends "
        f"with {chord(score, T - 1)}."
    )


def chord(score: Score, t: int) -> str:
    """What sounds in a frame, from the lowest voice up: "C3, G3, E4"."""
    sung = [int(p) for p in score.pitches[t, ::-1] if p != REST]
    return ", ".join(pitch_name(p) for p in sung) or "silence"


def pitch_name(pitch: int) -> str:
    """A MIDI number as a name: 60 is C4."""
    return f"{NAMES[pitch % 12]}{pitch // 12 - 1}"
