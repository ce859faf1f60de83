"""The controls of the training: what a prediction network remembers."""

import torch

from rnncore.application import seeded
from rnncore.ctc import BLANK
from rnncore.speech.autoregressive import Transducer
from tools.train.ch15.transducer import (
    LAYERS,
    STACK,
    WORDS,
    Forgetful,
    H,
    J,
    LastLabel,
    TransducerOutcome,
    run_forgetting,
)

SIZES = 40 * STACK, H, 1 + len(WORDS), J, LAYERS


def test_a_forgetful_transducer_has_the_weights_and_no_memory():
    with seeded(0):
        trained = Transducer(*SIZES)
    (run,) = run_forgetting([TransducerOutcome(trained, 1.5)])
    assert isinstance(run.model, Forgetful)
    assert run.seconds == 1.5
    last = torch.full((1, 2), 3)
    _, after_one = run.model.predict(torch.full((1, 2), BLANK))
    _, after_more = run.model.predict(torch.full((4, 2), 5))
    one, _ = run.model.predict(last, after_one)
    more, _ = run.model.predict(last, after_more)
    assert torch.equal(one, more)
    fresh, _ = trained.predict(
        torch.cat([torch.full_like(last, BLANK), last])
    )
    assert torch.equal(one, fresh[-1:])


def test_the_last_label_alone_is_all_that_the_control_sees():
    with seeded(0):
        model = LastLabel(*SIZES)
    ids = torch.tensor([[BLANK], [4], [7], [4]])
    g, h = model.predict(ids)
    assert torch.equal(g[1], g[3])
    assert torch.equal(h, g[-1:])
