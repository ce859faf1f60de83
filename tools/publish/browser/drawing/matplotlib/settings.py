"""What a page says of axes: words, limits, scales, ticks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .marks import Mark


class Settings:
    """The methods of axes that draw nothing by themselves."""

    figure: Any
    marks: list[Mark]
    title: str
    xlabel: str
    ylabel: str
    log: dict[str, bool]
    base: dict[str, float]
    limits: dict[str, Any]
    ticks: dict[str, Any]
    names: list[tuple[Mark, str]]
    gridded: bool
    span: Callable[[str], tuple[float, float]]
    _tick_list: Callable[..., list[tuple[float, str]]]
    on: bool
    equal: bool

    def set(self, **given: Any) -> None:
        """Title, labels, limits, scales and ticks."""
        for key, value in given.items():
            getattr(self, f"set_{key}")(value)

    def set_title(self, words: str, **_: Any) -> None:
        """Words above."""
        self.title = words

    def set_xlabel(self, words: str, **_: Any) -> None:
        """What is below."""
        self.xlabel = words

    def set_ylabel(self, words: str, **_: Any) -> None:
        """What is on the left."""
        self.ylabel = words

    def set_xlim(self, *given: Any, **ends: Any) -> None:
        """The first and the last number below; None is free."""
        self._limit("x", given, (ends.get("left"), ends.get("right")))

    def set_ylim(self, *given: Any, **ends: Any) -> None:
        """The lowest and the highest number on the left; None is free."""
        self._limit("y", given, (ends.get("bottom"), ends.get("top")))

    def _limit(self, side: str, given: Any, ends: Any) -> None:
        if len(given) == 1 and isinstance(given[0], tuple | list):
            given = given[0]
        if len(given) == 1:
            given = (given[0], self.limits[side][1])
        was = self.limits[side]
        self.limits[side] = given or [
            new if new is not None else old for new, old in zip(ends, was, strict=True)
        ]

    def set_xscale(self, how: str, base: float = 10) -> None:
        """Linear or log, with ticks at the powers of a base."""
        self.log["x"], self.base["x"] = how == "log", base

    def set_yscale(self, how: str, base: float = 10) -> None:
        """Linear or log, with ticks at the powers of a base."""
        self.log["y"], self.base["y"] = how == "log", base

    def set_xticks(self, at: Any, labels: Any = None, **_: Any) -> None:
        """Which numbers label the horizontal axis, and with which text."""
        self.ticks["x"] = (list(at), None if labels is None else list(labels))

    def set_yticks(self, at: Any, labels: Any = None, **_: Any) -> None:
        """Which numbers label the vertical axis, and with which text."""
        self.ticks["y"] = (list(at), None if labels is None else list(labels))

    def set_xticklabels(self, labels: Any, **_: Any) -> None:
        """What the numbers below are called."""
        self.ticks["x"] = (
            (self.ticks["x"] or ([],))[0],
            [str(label) for label in labels],
        )

    def set_yticklabels(self, labels: Any, **_: Any) -> None:
        """What the numbers on the left are called."""
        self.ticks["y"] = (
            (self.ticks["y"] or ([],))[0],
            [str(label) for label in labels],
        )

    def set_aspect(self, how: Any, **_: Any) -> None:
        """Equal: a circle is round."""
        self.equal = how == "equal"

    def axis(self, how: str) -> None:
        """Off: no frame, no numbers."""
        self.on = self.on and how != "off"
        self.equal = self.equal or how == "equal"

    def set_axis_off(self) -> None:
        """No frame, no numbers."""
        self.on = False

    def legend(self, *given: Any, **style: Any) -> None:
        """The names of the marks, above these axes."""
        marks, names = self.get_legend_handles_labels()
        if len(given) == 1 and all(isinstance(one, str) for one in given[0]):
            marks = [m for m in self.marks if m.kind in ("line", "points", "area")]
            names = list(given[0])
        elif given or "handles" in style:
            marks = list(given[0] if given else style["handles"])
            given_names = given[1] if len(given) > 1 else style.get("labels")
            names = list(given_names or [m.name for m in marks])
        self.names = list(zip(marks, names, strict=False))

    def get_legend_handles_labels(self) -> tuple[list[Mark], list[str]]:
        """The marks that have names, and the names."""
        marks = [mark for mark in self.marks if mark.name]
        return marks, [mark.name for mark in marks]

    def minorticks_off(self) -> None:
        """There are none."""

    def tick_params(self, **_: Any) -> None:
        """Ticks have one length here."""

    def grid(self, visible: bool = True, **_: Any) -> None:
        """Faint lines at the ticks."""
        self.gridded = bool(visible)

    def get_xlim(self) -> tuple[float, float]:
        """The first and the last number below."""
        return self.span("x")

    def get_ylim(self) -> tuple[float, float]:
        """The lowest and the highest number on the left."""
        return self.span("y")

    def get_xticks(self) -> Any:
        """The numbers below."""
        return [at for at, _ in self._tick_list("x", *self.span("x"))]

    def get_yticks(self) -> Any:
        """The numbers on the left."""
        return [at for at, _ in self._tick_list("y", *self.span("y"))]

    def get_title(self) -> str:
        """The words above."""
        return self.title

    def margins(self, *_: Any, **__: Any) -> None:
        """Margins have one width here."""
