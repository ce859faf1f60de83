"""The script that trains chapter 15's recogniser and its rivals."""

import numpy as np
import torch

from rnncore.application import seeded
from rnncore.comparison import from_json
from rnncore.speech.model import (
    DilatedRecognizer,
    batch_of,
    log_probabilities,
)
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train.ch15 import speech


def test_each_network_has_the_rate_that_its_study_chose():
    found = measurements.read()
    for key in "speech.rates", "speech.rates.dilated", "speech.rates.wide":
        study = from_json(found[key]["value"])
        for name, result in study.results.items():
            assert result.edges == []
            assert result.chosen == {"rate": speech.NETWORKS[name].rate}
            assert study.steps == speech.NETWORKS[name].steps
    longer, short = (
        speech.NETWORKS[n] for n in ("dilated.longer", "dilated")
    )
    alike = {"steps": short.steps, "optimizer": short.optimizer}
    assert longer._replace(**alike) == short


def test_the_wide_stack_has_the_loops_weights():
    def weights(name):
        plan = speech.NETWORKS[name]
        made = plan.kind(2 * speech.BANDS, plan.units, 16)
        return sum(w.numel() for w in made.parameters())

    assert 1 <= weights("wide") / weights("loop") < 1.01
    wide, stack = (speech.NETWORKS[n] for n in ("wide", "dilated"))
    assert wide._replace(units=stack.units, rate=stack.rate) == stack


def test_the_plain_stack_is_the_dilated_one_without_its_normalisation(rng):
    with seeded(0):
        normed = DilatedRecognizer(3, 8, 4)
    with seeded(0):
        plain = speech.plain_stack(3, 8, 4)
    weights = dict(normed.named_parameters())
    for name, weight in plain.named_parameters():
        assert_close(weight, weights.pop(name))
    assert {name.partition(".")[0] for name in weights} == {"norms"}
    features = rng.normal(size=(9, 3)).astype(np.float32)
    x = plain.see(torch.tensor(features.T)[None]).relu()
    for layer in plain.widen:
        x = x + layer(x).relu()
    logits = plain.readout(x[0].T).detach()
    found = log_probabilities(plain, batch_of([features], [[1]]))
    assert_close(found[:, 0], logits.log_softmax(dim=1))
