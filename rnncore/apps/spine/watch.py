"""Watches a training run: how long it takes, and when it is to end."""

import contextlib
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rnncore.apps.spine.common import Bar, Facts, note

LATELY = 50  # steps, over which the loss of training is averaged


class Ending:
    """Decides when training stops before all its steps are done."""

    def __init__(self, minutes: float | None = None):
        self.begun, self.minutes = time.monotonic(), minutes
        self.wanted = self.announced = False

    def is_reached(self) -> bool:
        """Whether the time is over, or Ctrl-C was pressed."""
        if self.wanted and not self.announced:
            self.announced = True
            note("ending with the best weights so far; Ctrl-C: at once")
        late = self.minutes is not None and (
            time.monotonic() - self.begun >= 60 * self.minutes
        )
        return self.wanted or late

    @contextlib.contextmanager
    def catch_interrupts(self) -> Iterator[None]:
        """Inside, Ctrl-C asks for the end; a second one interrupts."""

        def handle(number: int, frame: Any) -> None:
            if self.wanted:
                raise KeyboardInterrupt
            self.wanted = True

        before = signal.getsignal(signal.SIGINT)
        main = threading.current_thread() is threading.main_thread()
        if not main or before in (signal.SIG_IGN, None):
            yield
            return
        signal.signal(signal.SIGINT, handle)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)


class Run:
    """A training run in memory."""

    checkpoint: Path | None = None  # where its state is written

    def __init__(self, options: Any, settings: Facts):
        self.options = options  # the estimator, with what the data chose
        self.settings = settings  # everything that the outcome depends on
        self.facts: Facts = {"seed": options.seed, "settings": settings}
        self.begun = time.perf_counter()
        self.before = 0.0  # seconds in earlier parts
        self.ending = Ending(options.minutes)
        self.steps, self.is_cut = 0, False

    def seconds(self) -> float:
        """So far."""
        return self.before + time.perf_counter() - self.begun

    def describe(self, about: Facts) -> Facts:
        """What is known of the model, with how it came to be."""
        facts: Facts = {"steps": self.steps}
        facts |= about | self.facts
        return facts | {"seconds": round(self.seconds(), 1)}

    def keep(self, model: Any, about: Facts) -> None:
        """Nothing: the model is in memory."""

    def stop(self, bar: Bar) -> Callable[[Any], bool]:
        """For `Schedule`: whether to stop; the bar shows the loss."""

        def stop(history: Any) -> bool:
            self.steps = len(history.loss)
            lately = history.loss[-LATELY:]
            bar.tell("loss", sum(lately) / len(lately))
            self.is_cut = self.ending.is_reached()
            return self.is_cut

        return stop
