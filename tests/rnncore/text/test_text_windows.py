"""Windows from anywhere in a text, and their loss."""

import numpy as np
import pytest

from rnncore.apps.text.windows import random_windows, window_loss
from rnncore.text.model import LanguageModel, token_nats
from tests.helpers.arrays import assert_close


def test_windows_are_pieces_of_the_text_from_everywhere(rng):
    ids = np.arange(20)
    next_batch = random_windows(ids, 4, 3)
    windows = [next_batch(rng, step) for step in range(200)]
    for window in windows:
        assert window.shape == (5, 3)
        assert (np.diff(window, axis=0) == 1).all()
    starts = {int(k) for window in windows for k in window[0]}
    assert starts == {*range(16)}
    with pytest.raises(ValueError, match="T: expected 1 to 19"):
        random_windows(ids, 20, 3)


def test_each_window_begins_with_zeros_whatever_came_before(rng):
    model = LanguageModel(6, 5, width=3).eval()
    ids = rng.integers(0, 6, (9, 2))
    loss, carry = window_loss(model, ids, None)
    assert carry is None
    each = [token_nats(model, ids[:, k : k + 1]).mean() for k in (0, 1)]
    assert_close(float(loss.detach()), np.mean(each), within=1e-6)
