"""The part of matplotlib that the course's pages draw with, as SVG.

The browser's Python has no matplotlib. This draws lines, points, bars,
texts, arrows, boxes and pictures of numbers; what it does not draw is named
in a sentence below the figure, and stands in the book's own page.
"""
