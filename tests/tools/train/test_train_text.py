"""The scripts that train chapter 10's models and judge their writing."""

import math

import numpy as np
import pytest

from rnncore.text.corpora import Corpus
from rnncore.text.ngrams import (
    cache_probabilities,
    fit_kneser_ney,
    kneser_ney_next,
    kneser_ney_probabilities,
    three_discounts,
)
from rnncore.text.sampling import draw_tokens, nucleus
from rnncore.text.storage import load_model
from rnncore.text.vocabulary import character_vocabulary
from tests.helpers.arrays import assert_close
from tools.train import runner
from tools.train.ch10 import judge_text, text

LINE = "def f(a):\n    return a + 1\n\n"


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A plan that takes a second: a text of one line, again and again."""
    corpus = Corpus({"a": LINE * 60}, {"b": LINE * 20}, {"c": LINE * 20})
    plan = text.PLANS["python"]._replace(
        corpus=lambda seed: corpus, H=8, T=16, B=4, steps=30, every=10,
        orders=(2, 24, 32), lanes=2, weights="tiny",
    )  # fmt: skip
    monkeypatch.setitem(text.PLANS, "python", plan)
    return tmp_path / "tiny.safetensors"


def train(tiny, seed):
    """What a run finds, by the last part of its key."""
    asked = runner.Options(
        "python -m tools.train text", weights=tiny.parent
    )
    found = text.train("python", seed, asked)
    return {
        one.key.removeprefix("text.python."): one.value for one in found
    }


def test_a_run_scores_the_network_beside_its_baselines(tiny):
    scores = train(tiny, 0)
    assert scores["tokens"] == [60 * 28, 20 * 28, 20 * 28]
    assert len(scores["curve"]) == 3
    assert scores["valid"] == min(scores["curve"])
    assert scores["network"] < math.log(17)
    assert scores["order"] in (2, 24)
    kept = scores["discounts"]
    assert scores["order"] == scores[f"order_{kept}"]
    assert scores["ngrams"] == scores[f"ngrams_{kept}"]
    assert scores["ppm_order"] in (2, 24)
    assert scores["ppm"] < 0.5
    assert len(scores["ppm_by_order"]) == 4
    assert scores["orders"] == [1, 2, 24, 32]
    assert scores["by_order"][-1] < 0.3  # the line is all there is
    best = min(scores["network"], scores["ngrams"])
    assert scores["mixed"] < max(scores["network"], scores["ngrams"])
    assert scores["mixed"] > 0.5 * best
    assert scores["dynamic_rate"] in text.RATES
    assert scores["lzma"] < 0.5
    _, _, about = load_model(tiny)
    assert_close(about["score"], scores["network"], within=0.01)
    assert about["set"] == "python"


def test_orders_that_end_where_they_still_gain_are_refused(
    tiny, monkeypatch
):
    plan = text.PLANS["python"]._replace(orders=(2,))
    monkeypatch.setitem(text.PLANS, "python", plan)
    with pytest.raises(ValueError, match="orders: the longest, 2, is"):
        train(tiny, 0)


def test_counts_alone_are_those_of_the_training(tiny, monkeypatch):
    trained = train(tiny, 0)
    monkeypatch.setattr(text, "stored", lambda name: tiny)
    monkeypatch.setattr(text, "PLANS", {"python": text.PLANS["python"]})
    found = {
        one.key.removeprefix("text.python."): one
        for one in text.run_counts(runner.Options(seeds=(0, 1)))
    }
    for key in ("order", "ngrams"):
        assert found[key].value == [trained[key]] * 2
        assert found[key].seed == [0, 1]
    assert found["mixed"].seed == [0]
    assert_close(found["mixed"].value[0], trained["mixed"], within=0.01)


def test_shares_of_a_mixture_go_from_counts_alone_to_the_network(
    tiny, monkeypatch
):
    trained = train(tiny, 0)
    known = {f"text.python.{key}": {"value": [value]}
             for key, value in trained.items()}  # fmt: skip
    monkeypatch.setattr(text, "read", lambda: known)
    monkeypatch.setattr(text, "stored", lambda name: tiny)
    monkeypatch.setattr(text, "PLANS", {"python": text.PLANS["python"]})
    found = {
        one.key.removeprefix("text.python.shares."): one.value
        for one in text.run_shares(runner.Options())
    }
    share = found["of"][int(np.argmin(found["validation"]))]
    assert share == trained["mixed_share"]
    by_share = dict(zip(found["of"], found["test"], strict=True))
    assert_close(by_share[share], trained["mixed"], within=0.01)
    assert_close(by_share[0], trained["ngrams"], within=0.01)
    assert_close(by_share[1], trained["network"], within=0.01)


def test_counting_on_gains_where_the_test_repeats_itself_for_every_seed(
    tiny, monkeypatch
):
    trained = train(tiny, 0)
    known = {f"text.python.{key}": {"value": [value], "seed": [0]}
             for key, value in trained.items()}  # fmt: skip
    monkeypatch.setattr(text, "read", lambda: known)
    monkeypatch.setattr(text, "PLANS", {"python": text.PLANS["python"]})
    found = {
        one.key.removeprefix("text.python.counting_on"): one.value
        for one in text.measure_adaptive_ngrams(
            runner.Options(seeds=(0, 1))
        )
    }
    assert found[".parts"] == [12, 12]
    assert found[""][0] == found[""][1] < trained["ngrams"]


def test_dynamic_evaluation_reads_in_order_with_the_stored_network(
    tiny, monkeypatch
):
    trained = train(tiny, 0)
    monkeypatch.setattr(text, "stored", lambda name: tiny)
    plan = text.PLANS["python"]
    plans = {"python": plan, "words": plan._replace(words=True, weights="")}
    monkeypatch.setattr(text, "PLANS", plans)
    found = {
        one.key: one
        for one in text.run_dynamic(runner.Options(seeds=(0, 1)))
    }
    once = found["text.python.dynamic"]
    assert once.seed == [0]
    assert_close(once.value, [trained["dynamic"]], within=0.01)
    assert found["text.words.dynamic"].seed == [0, 1]
    model, vocabulary, _ = load_model(tiny)
    nats = text.dynamic_nats(
        model,
        vocabulary.encode(LINE * 20)[:, None],
        found["text.python.dynamic_rate"].value[0],
        plan.T,
    )
    assert_close(once.value, [nats.mean()])


def test_the_words_that_come_again_and_the_others_make_up_the_score(
    tiny, monkeypatch
):
    plan = text.PLANS["python"]._replace(
        words=True, orders=(2, 12, 24), lanes=1
    )
    monkeypatch.setattr(text, "PLANS", {"python": plan})
    trained = train(tiny, 0)
    known = {f"text.python.{key}": {"value": [value]}
             for key, value in trained.items()}  # fmt: skip
    monkeypatch.setattr(text, "read", lambda: known)
    monkeypatch.setattr(text, "stored", lambda name: tiny)
    found = {
        one.key.removeprefix("text.python.again."): one.value
        for one in text.run_again(runner.Options())
    }
    _, vocabulary, _ = load_model(tiny)
    share = text.find_repeats(vocabulary.encode(LINE * 20), 8)[1:].mean()
    assert 0.5 < share < 1
    for who in "network", "dynamic":
        both = share * found[f"{who}_earlier"]
        both += (1 - share) * found[f"{who}_elsewhere"]
        assert_close(both, trained[who], within=0.01)


def noisy_repeats(seed, times=4):
    """A text that comes again, every eighth token another one."""
    rng = np.random.default_rng(seed)
    ids = np.tile(rng.integers(0, 9, 60), times)
    other = rng.random(len(ids)) < 1 / 8
    return np.where(other, rng.integers(0, 9, len(ids)), ids)


def test_validation_chooses_a_cache_and_the_test_is_only_scored():
    held = [noisy_repeats(0), noisy_repeats(1)]
    own = [np.full(len(ids) - 1, math.log(9)) for ids in held]
    found = text.add_cache(own, held, 9)
    share, longest = found["share"], found["longest"]
    for part, ids in ("valid", held[0]), ("", held[1]):
        p = cache_probabilities(ids, longest, 9)[-1, 1:]
        mixed = -np.log((1 - share) / 9 + share * p)
        assert_close(found[part], mixed.mean())
    assert found["valid"] < found[""] + 0.3 < math.log(9)
    assert 0 < longest < 31
    assert found["earlier"] < found["elsewhere"]
    other = np.random.default_rng(2).integers(0, 9, 240)
    other[-20:] = other[:20]  # hardly anything comes again
    changed = text.add_cache(own, [held[0], other], 9)
    for key in "share", "longest", "valid":
        assert changed[key] == found[key]
    assert changed[""] > found[""] + 0.3


def test_a_cache_of_which_the_least_is_best_is_refused():
    noise = np.random.default_rng(0).integers(0, 9, 200)
    own = np.full(199, math.log(9))
    with pytest.raises(ValueError, match=r"share of 0\.05 are the best"):
        text.add_cache([own, own], [noise, noise], 9)


def test_counts_and_a_learning_network_get_the_same_cache(
    tiny, monkeypatch
):
    letters = "def f(a):"  # of which training holds no such texts
    held = ["".join(letters[k] for k in noisy_repeats(s)) for s in (0, 1)]
    corpus = Corpus({"a": LINE * 60}, {"b": held[0]}, {"c": held[1]})
    plan = text.PLANS["python"]._replace(corpus=lambda seed: corpus)
    monkeypatch.setattr(text, "PLANS", {"python": plan})
    trained = train(tiny, 0)
    known = {f"text.python.{key}": {"value": [value], "seed": [0]}
             for key, value in trained.items()}  # fmt: skip
    monkeypatch.setattr(text, "read", lambda: known)
    monkeypatch.setattr(text, "stored", lambda name: tiny)
    found = {
        one.key.removeprefix("text.python.cache"): one
        for one in text.run_cache(runner.Options(seeds=(0, 1)))
    }
    assert found[""].seed == [0, 1]
    assert found[""].value[0] == found[""].value[1] < trained["ngrams"]
    assert found[".dynamic"].seed == 0
    assert found[".dynamic"].value < trained["dynamic"]


def test_counts_that_count_on_are_made_again_before_each_part():
    rng = np.random.default_rng(0)
    training, half = rng.integers(0, 5, 400), rng.integers(0, 5, 60)
    test = np.concatenate([half, half])
    given = (4, 5, three_discounts)
    moving = text.moving_nats(training, test, *given, 6)
    for begin in range(0, 120, 20):
        so_far = np.concatenate([training, test[:begin]])
        p = kneser_ney_probabilities(fit_kneser_ney(so_far, *given), test)
        part = slice(begin, begin + 20)
        assert_close(moving[part], -np.log(p[part]))
    still = text.moving_nats(training, test, *given, 1)
    assert moving[60:].mean() < still[60:].mean() - 0.2
    other = np.concatenate([half, rng.integers(0, 5, 60)])
    changed = text.moving_nats(training, other, *given, 6)
    assert_close(changed[:60], moving[:60])


def test_a_run_of_the_test_stood_earlier_once_it_comes_again():
    test = np.array([1, 2, 3, 4, 1, 2, 3, 3, 3, 3, 3])
    found = text.find_repeats(test, 3)
    assert found.tolist() == [False] * 6 + [True, False, False, True, True]


def test_counts_write_many_texts_as_they_would_each(monkeypatch):
    vocabulary = character_vocabulary(LINE * 9 + "return f(a)\n")
    ids = vocabulary.encode(LINE * 9 + "return f(a)\n")
    fitted = fit_kneser_ney(ids, 5, vocabulary.size)
    monkeypatch.setattr(judge_text, "LENGTH", 12)
    written = judge_text.counted_texts(
        fitted, vocabulary, "re", 3, 4, lambda p: nucleus(p, 0.9)
    )
    rng, score_one_by_one = np.random.default_rng(3), ["re"] * 4
    for _ in range(12):
        p = [kneser_ney_next(fitted, vocabulary.encode(t)[-4:])
             for t in score_one_by_one]  # fmt: skip
        drawn = draw_tokens(rng, nucleus(np.stack(p), 0.9))
        score_one_by_one = [t + vocabulary.decode([k])
                      for t, k in zip(score_one_by_one, drawn, strict=True)]  # fmt: skip
    assert ["re" + text for text in written] == score_one_by_one
    assert len(set(written)) > 1


def test_other_seeds_are_not_kept(tiny):
    train(tiny, 1)
    assert not tiny.exists()


def test_copied_tokens_end_a_run_that_training_holds():
    training = np.array([1, 2, 3, 4, 5])
    test = np.array([2, 3, 4, 9, 1, 2, 3])
    found = text.stand_in(training, test, 3)
    assert found.tolist() == [False, False, True] + [False] * 3 + [True]


def test_a_set_that_is_not_there_is_refused(capsys):
    with pytest.raises(SystemExit):
        runner.main(text.TRAINING, ["poems"])
    assert "words-apart" in capsys.readouterr().err


def test_functions_are_judged_by_the_parser():
    written = ["f(self):\n        return 1\n\n    @property\n",
               "f(self:\n        return 1\n\n    @property\n",
               "f(self):\n        return 1"]  # fmt: skip
    found = judge_text.judge_functions(written, "nothing of the kind " * 9)
    assert_close(found["finished"], 2 / 3)
    assert_close(found["accepted"], 1 / 3)
    assert found["lines"] == 1  # the first lines and broken-off ones aside
    assert found["copied"] == 0


def test_tunes_are_judged_by_their_bars():
    pytest.importorskip("music21")
    bar = "GAB cde|"
    written = [bar * 6 + "\n\nM:", "GAB cd|" * 6]
    found = judge_text.judge_tunes(written, bar * 9)
    assert found["finished"] == 0.5
    assert found["accepted"] == 1
    assert found["bars"] == 0.5
    assert 0.3 < found["copied"] < 0.7
