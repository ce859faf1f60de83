"""The recipe of real sentences, scaled to the pairs that there are."""

import tracemalloc

import numpy as np
import pytest

from rnncore.apps.translate.plan import (
    TranslationPlan,
    begin_translator,
    encode_pairs,
    plan_for,
)
from rnncore.data.translation import Pair
from rnncore.translate.baselines import nearest
from rnncore.translate.recipe import is_tied
from rnncore.translate.storage import load_translator, save_translator
from rnncore.translate.subwords import learn_subwords
from rnncore.translate.training import translate


def test_many_pairs_have_the_whole_recipe_and_few_a_part_of_it():
    assert plan_for(29_000) == plan_for(20_000) == TranslationPlan()
    plans = [plan_for(n) for n in (1, 200, 2_000, 8_000, 20_000)]
    for name in "hidden", "pieces", "steps", "evaluate_every":
        sizes = [getattr(plan, name) for plan in plans]
        assert sizes == sorted(sizes), name
        assert 3 * sizes[0] < sizes[-1] <= 5.2 * sizes[0], name
    half = plan_for(5_000)
    assert (half.hidden, half.pieces, half.steps) == (128, 1000, 2500)
    with pytest.raises(ValueError, match="pairs: expected at least 1"):
        plan_for(0)


def test_what_is_given_is_kept_and_none_is_chosen():
    plan = plan_for(100, hidden=33, steps=None, decoder="vector")
    assert (plan.hidden, plan.decoder) == (33, "vector")
    assert plan.steps == plan_for(100).steps


def test_one_set_of_weights_reads_and_writes_before_and_after_saving(
    tmp_path,
):
    pairs = [Pair(f"the {k}", f"die {k}") for k in range(20)]
    plan = plan_for(20, hidden=8, pieces=270)
    known = begin_translator(pairs, plan, 0)
    assert is_tied(known[0])
    path = tmp_path / "m.safetensors"
    save_translator(path, *known[:1], plan.decoder, *known[1:], {})
    *again, _ = load_translator(path)
    assert is_tied(again[0])
    sentences = [p.source for p in pairs]
    assert translate(*again, sentences) == translate(*known, sentences)


def test_a_pair_is_long_if_one_side_is():
    pieces = learn_subwords(["a b c"], 260)
    pairs = [Pair("a", "abcd"), Pair("abc", "ab"), Pair("abcde", "a")]
    coded = encode_pairs(pairs, pieces, pieces, 4)
    assert [(len(a), len(b)) for a, b in coded] == [(1, 4), (3, 2)]
    assert len(encode_pairs(pairs, pieces, pieces)) == 3


def count_apart(one, other):
    """How many pieces the two do not share, counted one by one."""
    left = list(other)
    for piece in one:
        if piece in left:
            left.remove(piece)
    return len(one) + len(other) - 2 * (len(other) - len(left))


def test_the_nearest_is_the_one_with_fewest_other_pieces():
    rng = np.random.default_rng(0)
    words = ["red", "blue", "house", "car", "the", "runs", "a"]
    known = [
        Pair(" ".join(rng.choice(words, rng.integers(1, 9))), f"t{k}")
        for k in range(60)
    ]
    pieces = learn_subwords([p.source for p in known], 300)
    asked = [" ".join(rng.choice(words, 5)) for _ in range(20)]
    coded = [pieces.encode(p.source) for p in known]
    for sentence, said in zip(asked, nearest(pieces, known, asked)):
        ids = pieces.encode(sentence)
        apart = [count_apart(ids, one) for one in coded]
        assert said == known[int(np.argmin(apart))].target


def test_the_memory_of_pairs_grows_with_their_words_alone():
    """No table of pairs and pieces: that of these would take 80 MB."""
    known = [Pair(f"n{k}", str(k)) for k in range(20_000)]
    pieces = learn_subwords([p.source for p in known], 2000)
    asked = ["n17"]
    nearest(pieces, known[:10], asked)
    tracemalloc.start()
    assert nearest(pieces, known, asked) == ["17"]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25e6
