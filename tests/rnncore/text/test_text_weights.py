"""The stored language models are what the records say they are."""

import re
from importlib.metadata import version

import pytest

from rnncore.data.text import checksum
from rnncore.storage.weights import stored
from rnncore.text.corpora import (
    documentation_corpus,
    python_corpus,
    tunes_corpus,
)
from rnncore.text.model import stretches, token_nats
from rnncore.text.storage import load_model
from rnncore.text.tunes import folk_tunes
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tools import measurements

CORPORA = {
    "text_words": (
        "tokenizers",
        lambda: documentation_corpus(0, apart=True),
    ),
    "text_python": ("pytest", python_corpus),
    "text_tunes": ("music21", tunes_corpus),
}
each = pytest.mark.parametrize("name", CORPORA)


@each
def test_a_stored_model_is_small_and_says_where_it_comes_from(name):
    path = stored(name)
    assert path.stat().st_size <= 2_000_000
    _, vocabulary, about = load_model(path)
    assert vocabulary.size == len(set(vocabulary.tokens))
    assert about["seed"] == 0
    assert about["seconds"] > 0
    assert re.search(r"train.text", about["command"])
    measured = measurements.read()
    score = measured[f"text.{about['set']}.network"]["value"][0]
    # the record is of full precision, the file of half
    assert_close(about["score"], score, within=2e-3)


@pytest.mark.slow
@each
def test_a_stored_model_has_the_recorded_score(name):
    model, vocabulary, about = load_model(stored(name))
    package, corpus = CORPORA[name]
    if about["versions"][package] != version(package):
        pytest.skip(f"the text varies with {package}, and so the score")
    ids = vocabulary.encode(corpus().texts()[2])
    nats = token_nats(model, stretches(ids, about["lanes"]))
    # another build of torch adds the same numbers in another order
    assert_close(nats.mean(), about["score"], within=1e-4)


def test_the_tunes_are_those_of_the_list_of_sources():
    sources = (ROOT / "rnncore/data/SOURCES.md").read_text()
    if f"music21 {version('music21')}" not in sources:
        pytest.skip("another music21")
    assert checksum("\n".join(folk_tunes().values())) in sources
