"""How an LSTM's training step is shared out."""

import torch

from rnncore.fused.source_text import derived
from tests.helpers.arrays import assert_close
from tools.bench import lstm_step
from tools.bench.loops import EQUATIONS


def test_the_cell_without_exponentials_keeps_as_much():
    ours, plain = derived(EQUATIONS["LSTM"]), derived(lstm_step.linear)
    assert len(plain.kept) == len(ours.kept)
    assert len(plain.slots) == len(ours.slots)
    assert plain.held == ours.held


def test_the_parts_of_a_step_are_timed_and_the_threads_given_back():
    before = torch.get_num_threads()
    seconds = lstm_step.time_parts((3, 2, 4, 5), 1, 2)
    assert torch.get_num_threads() == before
    assert {*seconds["whole"]} == {"ours", "torch", "product"}
    for cell in "LSTM", "linear":
        assert {*seconds[cell]} == {
            "layout",
            "forward",
            "backward",
            "weights",
        }
    assert min(seconds["whole"].values()) > 0


def test_shares_and_speeds_follow_from_the_seconds():
    parts = {"layout": 1.0, "forward": 3.0, "backward": 4.0, "weights": 2.0}
    plain = parts | {"forward": 2.0, "backward": 3.5}
    whole = {
        "ours": 20.0,
        "torch": 10.0,
        "product": 2.0 * lstm_step.WIDE**3,
    }
    seconds = {"whole": whole, "LSTM": parts, "linear": plain}
    found = lstm_step.share_out((3, 2, 4, 5), seconds)
    shares = (
        "layout",
        "forward",
        "backward",
        "weights",
        "exponentials",
        "rest",
    )
    assert_close(sum(found[name] for name in shares), 1.0)
    assert_close(found["ratio"], 2.0)
    assert_close(found["exponentials"], 1.5 / 20)
    assert_close(found["rest"], 10.0 / 20)
    operations = 2 * 3 * 2 * 20 * 9  # steps, sequences, rows, columns
    assert_close(found["forward-speed"], operations / 2.0)
    assert_close(found["weights-speed"], operations / 2.0)
