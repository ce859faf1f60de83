"""The script that compares heads and rivals, in small."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from rnncore.forecast.examples import sunspots
from tools.train.ch11 import intervals
from tools.train.ch11.forecast import StudyRun


@pytest.mark.parametrize("name", intervals.RIVALS)
def test_deepar_alone_keeps_its_weights_by_the_next_step(name, monkeypatch):
    seen = []

    def run(plan, *_):
        seen.append(plan.windows)
        return StudyRun(None, 0.0)

    monkeypatch.setattr(intervals, "run", run)
    intervals.train_network.__wrapped__("sunspots", name, 0.5, 0, 2)
    e, (windows,) = sunspots(), seen
    ahead = 1 if name == "DeepAR" else 10
    assert np.array_equal(windows.training.target, e.training.target)
    assert np.array_equal(windows.validation.past, e.validation.past)
    assert np.array_equal(
        windows.validation.target, e.validation.target[:ahead]
    )
    assert len(windows.validation.known) == ahead
