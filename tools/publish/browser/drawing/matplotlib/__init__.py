"""The part of matplotlib that the course's pages draw with, as SVG.

The browser's Python has no matplotlib. This draws lines, points, bars,
texts, arrows, boxes and pictures of numbers as Matplotlib would; what it does
not have is refused with a sentence that says what there is.
"""

__version__ = "0 (the course's small drawing library, not Matplotlib)"
rcParams: dict[str, object] = {}
