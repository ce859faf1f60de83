"""Translate Multi30k's captions from English to German: chapters 13 and 14.

"dot" has attention, "vector" one vector; the two have about as many weights,
the same pieces, batches, updates and rates. Each is a `Translator`, the command
`translate` in Python, with nothing but its defaults: what is measured is what
the command gives. The tests of 2016 and 2017 are asked once. BLEU and
chrF by sacrebleu on raw text. "baselines": a table of pieces, the nearest
known sentence, a copy. About 40 minutes of one core a network; --weights
FOLDER keeps the weights there (the set's licence keeps them out of the
package), and a network that is there already is scored, not trained. Under
"real.multi30k.".
"""

from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU, CHRF

from rnncore.apps.translate.estimator import Translator
from rnncore.apps.translate.plan import plan_for, translate_by_beam
from rnncore.data.public.texts import Captions, multi30k
from rnncore.data.translation import Pair
from rnncore.storage.weights import WEIGHTS
from rnncore.translate.baselines import learn_word_table, nearest
from rnncore.translate.storage import load_translator
from rnncore.translate.subwords import SubWords, learn_subwords
from rnncore.translate.training import translate
from tools.train.runner import Measurement, Options, Training, list_measurements

TABLE = 3000  # pairs from which the table of pieces is learned
LENGTHS = 1, 8, 11, 14, 18, 100  # words of a source: from one to below the next
READ = 10  # translations to be read
UNITS = {"": "see keys", "seconds": "s of one core", "weights": "weights"}

Say = Callable[[Sequence[str]], list[str]]


@cache
def read_parts() -> Captions:
    """The captions in English and German."""
    return multi30k("en", "de")


def train_network(
    decoder: str, seed: int, asked: Options, parts: Captions
) -> tuple[Any, dict[str, Any]]:
    """A translator with its sub-words, and what is known of it."""
    with TemporaryDirectory() as made:
        kept = Path(made) if asked.weights == WEIGHTS else asked.weights
        path = kept / f"multi30k_{decoder}_{seed}.safetensors"
        if not path.exists():
            model = Translator(
                decoder=decoder, seed=seed, steps=asked.steps, device="cpu"
            )
            test = parts.test_2016
            model.fit(parts.train, validation=parts.validation, test=test)
            model.save(path)
        *known, about = load_translator(path)
    return tuple(known), about


def measure_scores(said: Sequence[str], pairs: Sequence[Pair]) -> dict[str, Any]:
    """BLEU with its 95 % interval over sentences, chrF, and their signatures."""
    wanted = [[p.target for p in pairs]]
    bleu, chrf = BLEU(), CHRF()
    found = bleu.corpus_score(list(said), wanted, n_bootstrap=1000)
    return {
        "bleu": round(found.score, 2),
        "interval": round(getattr(found, "_ci", 0.0), 2),
        "chrf": round(chrf.corpus_score(list(said), wanted).score, 2),
        "length": round(found.sys_len / found.ref_len, 3),
        "signatures": [str(bleu.get_signature()), str(chrf.get_signature())],
    }


def by_length(said: Sequence[str], pairs: Sequence[Pair]) -> list[dict[str, Any]]:
    """BLEU of shorter and of longer sources, each as a separate corpus."""
    size = np.array([len(p.source.split()) for p in pairs])
    found = []
    for low, high in pairwise(LENGTHS):
        chosen = np.flatnonzero((size >= low) & (size < high)).tolist()
        if len(chosen):
            part = measure_scores([said[k] for k in chosen], [pairs[k] for k in chosen])
            kept = {name: part[name] for name in ("bleu", "interval", "length")}
            words = [low, int(size[chosen].max())]
            found.append({"words": words, "sentences": len(chosen), **kept})
    return found


def run_tests(parts: Captions, say: Say) -> dict[str, Any]:
    """The scores of both tests, and by length over the two together."""
    known: list[Pair] = []
    said: list[str] = []
    found: dict[str, Any] = {}
    for name in ("test_2016", "test_2017"):
        pairs = getattr(parts, name)
        new = say([p.source for p in pairs])
        found[name] = measure_scores(new, pairs)
        known, said = known + pairs, said + new
    return {**found, "by_length": by_length(said, known)}


def run(decoder: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """One network: what its training gave, and what it is worth."""
    parts = read_parts()
    known, about = train_network(decoder, seed, asked, parts)
    by_beam = partial(translate_by_beam, known, penalty=about["penalty"])
    found = {name: about[name] for name in ("seconds", "weights", "steps", "penalty")}
    found["validation_bleu"] = {
        f"beam {alpha:g}": round(bleu, 2) for alpha, bleu in about["penalties"]
    }
    found["beam"] = run_tests(parts, by_beam)
    found["greedy"] = run_tests(parts, partial(translate, *known))
    test = parts.test_2016
    drawn = np.random.default_rng(0).choice(len(test), READ, replace=False)
    read = [test[k] for k in sorted(drawn)]
    said = by_beam([p.source for p in read])
    found["read"] = [[*pair, out] for pair, out in zip(read, said, strict=True)]
    yield from list_measurements(f"real.multi30k.{decoder}", found, UNITS)


def learn_pieces(parts: Captions) -> tuple[SubWords, SubWords]:
    """The networks' sub-words: of the training part alone."""
    pieces = plan_for(len(parts.train)).pieces
    source, target = zip(*parts.train, strict=True)
    return learn_subwords(source, pieces), learn_subwords(target, pieces)


def run_baselines(asked: Options) -> Iterator[Measurement]:
    """What needs no network, on both tests."""
    parts = read_parts()
    source, target = learn_pieces(parts)
    table = learn_word_table(source, target, parts.train[:TABLE])
    rivals: dict[str, Say] = {
        "table": table.translate,
        "nearest": lambda s: nearest(source, parts.train, s),
        "copy": list,
    }
    found = {name: run_tests(parts, say) for name, say in rivals.items()}
    yield from list_measurements("real.multi30k.baselines", found, "see keys", 0)


TRAINING = Training(
    "multi30k",
    __doc__,
    {name: partial(run, name) for name in ("dot", "vector")},
    {"baselines": run_baselines},
    "real.multi30k",
)
