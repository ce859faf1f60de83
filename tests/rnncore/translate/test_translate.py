"""Sub-words, batches, training and scores of translation."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded, train_module
from rnncore.data.translation import Pair, number_pairs
from rnncore.optim import adam
from rnncore.seq2seq import END, PAD, START
from rnncore.train import Schedule
from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.subwords import SubWords, learn_subwords
from rnncore.translate.training import (
    DECODERS,
    batch_of,
    build_translator,
    mean_loss,
    quality,
    search,
    shuffled_batches,
    translate,
    translate_loss,
)
from tests.helpers.arrays import assert_close

SENTENCES = [
    "vierundachtzig und einundzwanzig",
    "naïve élève",
    "שלום עולם",
    "tab\tand  two spaces",
    "🙂 日本語",
]


def test_every_script_comes_back_as_it_was():
    subwords = learn_subwords(SENTENCES[:1] * 5, 280)
    for sentence in [*SENTENCES, "never seen: ж"]:
        ids = subwords.encode(sentence)
        assert min(ids) > END
        assert subwords.decode(ids) == sentence


def test_the_names_of_signs_are_text_like_any_other():
    subwords = learn_subwords(SENTENCES, 280)
    for text in "a <pad> b", "<start><end>":
        ids = subwords.encode(text)
        assert min(ids) > END
        assert subwords.decode(ids) == text


def test_what_is_frequent_becomes_one_piece():
    subwords = learn_subwords(["hundert tausend hundert"] * 20, 300)
    assert "hundert" in subwords.pieces("hundert")
    assert len(subwords.encode("hundert")) < 3
    assert subwords.size <= 300


def test_subwords_come_back_from_their_form():
    subwords = learn_subwords(SENTENCES, 300)
    again = SubWords(subwords.as_json())
    assert again.encode(SENTENCES[0]) == subwords.encode(SENTENCES[0])
    for wrong in "", "{}", '{"a": 1}':
        with pytest.raises(ValueError, match="form: no sub-words"):
            SubWords(wrong)
    with pytest.raises(ValueError, match="size: expected at least 259"):
        learn_subwords(SENTENCES, 100)


def test_a_batch_reads_start_and_says_end():
    batch = batch_of([[5, 6], [7]], [[8], [9, 8]])
    assert batch.ids.tolist() == [[5, 7], [6, PAD]]
    assert batch.read.tolist() == [[START, START], [8, 9], [PAD, 8]]
    assert batch.targets.tolist() == [[8, 9], [END, 8], [PAD, END]]


def test_batches_hold_sentences_of_similar_length(rng):
    sources = [[3] * n for n in rng.integers(1, 40, 400)]
    draw = shuffled_batches(sources, sources, 16)
    spread = [np.ptp(draw(rng, step).lengths) for step in range(40)]
    assert np.median(spread) < 10  # of 16 drawn from all it would be 35
    seen = {n for step in range(60) for n in draw(rng, step).lengths}
    assert min(seen) < 4
    assert max(seen) > 36


def test_scores_by_hand():
    pairs = [Pair("a", "ein Haus"), Pair("b", "zwei Häuser")]
    assert quality(["ein Haus", "zwei Häuser"], pairs)[:2] == (100, 100)
    half = quality(["ein Haus", "drei Katzen"], pairs)
    assert half.exact == 50
    assert 0 < half.chrf < 100
    with pytest.raises(ValueError, match="said: expected 2 translations"):
        quality(["ein Haus"], pairs)


def test_a_table_finds_which_piece_stands_for_which():
    words = ["one", "two", "three"], ["eins", "zwei", "drei"]
    pairs = [
        Pair(f"{words[0][a]} {words[0][b]}", f"{words[1][b]} {words[1][a]}")
        for a in range(3)
        for b in range(3)
    ]
    both = [learn_subwords([p[k] for p in pairs] * 20, 300) for k in (0, 1)]
    table = learn_word_table(*both, pairs)
    said = table.translate(["two three", "one", ""])
    assert [s.replace(" ", "") for s in said] == ["zweidrei", "eins", ""]


def test_the_nearest_sentence_shares_most_pieces():
    pairs = [Pair("a red house", "A"), Pair("a green tree", "B")]
    pieces = learn_subwords([p.source for p in pairs] * 9, 300)
    asked = ["a red tree house", "green trees"]
    assert nearest(pieces, pairs, asked) == ["A", "B"]
    with pytest.raises(ValueError, match=r"^pairs:"):
        nearest(pieces, [], asked)


def test_the_baselines_tell_how_far_they_are():
    pairs = [Pair("a red house", "A"), Pair("a green tree", "B")]
    pieces = learn_subwords([p.source for p in pairs] * 9, 300)
    seen = []

    def progress(todo):
        for one in todo:
            seen.append(len(todo))
            yield one

    nearest(pieces, pairs, ["a", "b", "c"], progress)
    assert seen == [3, 3, 3]
    learn_word_table(pieces, pieces, pairs, 2, progress)
    assert seen[3:] == [2, 2]


def random_translator(decoder="dot"):
    pieces = learn_subwords(SENTENCES, 300)
    with seeded(1):
        model = build_translator(300, 300, 8, 12, decoder).double()
    with torch.no_grad():
        for weights in model.parameters():
            weights *= 3
    return model.eval(), pieces


def test_the_mean_loss_is_over_all_tokens_whatever_the_batches():
    model, pieces = random_translator()
    coded = [(pieces.encode(s), pieces.encode(s[::-1])) for s in SENTENCES]
    with torch.no_grad():
        one = [
            float(translate_loss(model, batch_of([a], [b]), None)[0])
            for a, b in coded
        ]
    tokens = [len(b) + 1 for _, b in coded]
    expected = sum(n * x for n, x in zip(tokens, one, strict=True))
    expected /= sum(tokens)
    for B in 1, 2, 9:
        assert_close(mean_loss(model, coded, B), expected)
    with pytest.raises(ValueError, match=r"^pairs:"):
        mean_loss(model, [])


def test_a_beam_of_one_says_what_greed_says():
    model, pieces = random_translator()
    for sentence in SENTENCES[1:3]:
        (greedy,) = translate(model, pieces, pieces, [sentence])
        found = search(model, pieces, pieces, sentence, 1, 0.0)
        assert found[0][0] == greedy
        wide = search(model, pieces, pieces, sentence, 3, 0.0)
        scores = [h.score for _, h in wide]
        assert scores == sorted(scores, reverse=True)


def test_a_first_state_alone_tells_all_that_its_decoder_knows():
    model, pieces = random_translator("state")
    ids = [pieces.encode(s) for s in SENTENCES[:2]]
    batch = batch_of(ids, ids)
    source = model.encoder(batch.ids, batch.lengths)
    h = model.decoder.start(source)
    other = source._replace(summary=source.summary + 1)
    logits, _ = model.decoder(batch.read, h, source)
    same, _ = model.decoder(batch.read, h, other)
    assert_close(logits, same)
    moved, _ = model.decoder(batch.read, h + 1, source)
    assert (moved - logits).abs().max() > 0.01


def test_an_unknown_decoder_is_refused():
    with pytest.raises(ValueError, match=r"^decoder:"):
        build_translator(9, 9, 4, 4, "none")


@pytest.mark.weekly
@pytest.mark.parametrize("decoder", DECODERS[1:])  # "state" hardly does
def test_each_decoder_learns_small_numbers(decoder):
    pairs = number_pairs(np.random.default_rng(0), "en", "de", 2, 60, 10)
    known = pairs.train
    source = learn_subwords([p.source for p in known], 280)
    target = learn_subwords([p.target for p in known], 280)
    with seeded(0):
        model = build_translator(
            source.size, target.size, 16, 48, decoder, rate=0.0
        )
    train_module(
        model,
        translate_loss,
        shuffled_batches(
            [source.encode(p.source) for p in known],
            [target.encode(p.target) for p in known],
            32,
        ),
        optimizer=adam(0.01),
        schedule=Schedule(150, clip=1.0),
        rng=np.random.default_rng(0),
    )
    said = translate(model, source, target, [p.source for p in known])
    assert quality(said, known).exact > 90
    assert translate(model, source, target, []) == []


@pytest.mark.slow
def test_the_order_of_the_sentences_stays():
    source = learn_subwords(SENTENCES, 300)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = build_translator(source.size, source.size, 8, 8).double()
    many = translate(model, source, source, SENTENCES, B=2)
    for sentence, said in zip(SENTENCES, many, strict=True):
        (alone,) = translate(model, source, source, [sentence])
        assert said == alone
