"""The stored translators have the scores that are recorded with them."""

import numpy as np
import pytest

from rnncore.comparison import from_json
from rnncore.data.translation import Pair, draw_numbers, number_in_words
from rnncore.storage.weights import stored
from rnncore.translate.storage import load_translator
from rnncore.translate.training import translate
from tests.helpers.arrays import assert_close
from tools import measurements
from tools.train.ch13 import translate as train_translate
from tools.train.runner import SEEDS

each = pytest.mark.parametrize("run", train_translate.KEPT)


@each
def test_a_stored_translator_is_small_and_says_where_it_comes_from(run):
    path = stored(train_translate.KEPT[run])
    assert path.stat().st_size <= 2_000_000
    _, source, target, about = load_translator(path)
    plan = train_translate.PLANS[run]
    assert about["sizes"]["decoder"] == plan.decoder
    assert about["steps"] == plan.steps
    assert about["seed"] == 0
    assert about["command"].endswith(f" {run}")  # the network's name
    assert source.size == target.size == train_translate.PIECES
    measured = measurements.read()
    facts = measured[f"translate.{run}.0"]["value"]
    # the record is of full precision, the file of half
    score = about["scores"]["test"]["exact"]
    assert_close(score, facts["test"]["exact"], within=0.5)


@each
def test_a_stored_translator_has_the_recorded_score(run):
    """On all test numbers of ten digits, a tenth of the whole test."""
    model, source, target, about = load_translator(
        stored(train_translate.KEPT[run])
    )
    numbers = draw_numbers(np.random.default_rng(0), 11, 20_000, 1_000)[2]
    pairs = [
        Pair(number_in_words(int(n), "en"), number_in_words(int(n), "de"))
        for n in numbers
        if len(str(n)) == 10
    ]
    said = translate(model, source, target, [p.source for p in pairs])
    right = sum(a == p.target for a, p in zip(said, pairs, strict=True))
    expected, count = about["scores"]["by_digits"]["10"]
    assert len(pairs) == count
    # another build of torch adds the same numbers in another order
    assert abs(right - expected) <= 1


def test_each_run_has_the_rate_that_was_chosen_for_its_decoder():
    """Those that train longer than "rates" have it from "rates.whole"."""
    measured = measurements.read()
    short, whole = (
        from_json(measured[f"translate.{study}"]["value"])
        for study in ("rates", "rates.whole")
    )
    for name, plan in train_translate.PLANS.items():
        if name == "de-dot-fast":
            assert plan.rate == short.results["de-dot"].chosen["rate"]
            continue
        run = f"de-{plan.decoder}"
        longer = plan.steps > short.steps and run in whole.results
        found = (whole if longer else short).results[run]
        assert found.chosen == {"rate": plan.rate}


@pytest.mark.slow
def test_attention_reaches_its_aim_on_unseen_numbers():
    """99.5 % exact on lengths of training, by every seed."""
    measured = measurements.read()
    for seed in SEEDS:
        facts = measured[f"translate.de-dot.{seed}"]["value"]
        assert facts["test"]["exact"] >= 99.5
