"""What is said of what this library does not have."""

from __future__ import annotations

HAS = (
    "plot, scatter, bar, barh, hist, step, stem, errorbar, fill_between, imshow, "
    "matshow, pcolormesh, contourf, semilogx, semilogy, loglog, axhline, axvline, "
    "axhspan, axvspan, hlines, vlines, text, annotate, legend, colorbar, grid, "
    "subplots, title, xlabel, ylabel, xlim, ylim, xticks, yticks, savefig"
)


class NotDrawn(AttributeError):
    """What Matplotlib has and the browser's drawing does not."""


def refusal(name: str) -> NotDrawn:
    """Say what is lacking, what there is, and where the rest is."""
    return NotDrawn(
        f"{name}: the browser has a small drawing library in place of Matplotlib, "
        f"without {name}. It has {HAS}. On your own machine, make lab has all of "
        "Matplotlib."
    )
