"""Scores of the stored networks and of baselines on held-out data.

    python -m tools.train.scores                 all applications: make scores
    python -m tools.train.scores text speech     some of them

Each score is computed now, from the weights in rnncore/weights/ and data
that neither training nor tuning saw. So is its baseline, if that needs
no training; one marked * was trained once, and is read
from book/measurements/. A stored network is one seed: its chapter has
three. With --save the rows go there too, under "scores.", for the README.

The data of translate, speech and video are made by programs; what networks of
the same kind score on real data is measured by python -m tools.train.

To add an application, write a function that yields its rows and name it in
APPLICATIONS. About a minute and a half of one core.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import numpy as np
import torch

from rnncore.storage.files import Refused
from rnncore.storage.weights import load_weights, put_weights, stored
from tools.measurements import read, record


class Row(NamedTuple):
    """One score, and what it is to be compared with."""

    chapter: int
    what: str  # and in which unit
    network: float
    baseline: float
    than: str  # the baseline's name
    higher: bool = False  # is better


def list_text_scores() -> Iterator[Row]:
    """Bits per character and perplexity, compared with n-grams."""
    from rnncore.text.model import stretches, token_nats
    from rnncore.text.ngrams import fit_kneser_ney, kneser_ney_probabilities
    from rnncore.text.storage import load_model
    from tools.train.ch10.text import PLANS, SMOOTHED

    known = read()  # the order and discounts that the validation text chose
    names = {"one": "Kneser-Ney", "three": "modified Kneser-Ney"}
    for name, what in (
        ("text_tunes", "folk tunes, bits per character"),
        ("text_python", "Python source, bits per character"),
        ("text_words", "documentation, perplexity of a word"),
    ):
        model, vocabulary, about = load_model(stored(name))
        plan = PLANS[about["set"]]
        training, _, test = map(vocabulary.encode, plan.corpus(0).texts())
        rows = stretches(test, about["lanes"])
        nats = float(token_nats(model, rows).mean())
        order = known[f"text.{about['set']}.order"]["value"][0]
        kept = known[f"text.{about['set']}.discounts"]["value"][0]
        fitted = fit_kneser_ney(training, order, vocabulary.size, SMOOTHED[kept])
        p = kneser_ney_probabilities(fitted, test)
        counted = float(-np.log(p[1:]).mean())
        unit = np.exp if plan.words else lambda a: a / np.log(2)
        than = f"{names[kept]} {order}-grams"
        yield Row(10, what, float(unit(nats)), float(unit(counted)), than)


def list_forecast_scores() -> Iterator[Row]:
    """Countries and sunspots, as distributions; beside them a rival each."""
    from rnncore.forecast import examples
    from rnncore.forecast.heads import quantile_head
    from rnncore.forecast.models import Direct
    from rnncore.forecast.scores import crps
    from rnncore.forecast.training import ask

    head = quantile_head(examples.LEVELS)
    countries, spots = examples.countries(2002), examples.sunspots()

    def predict(name: str, features: int, windows: Any) -> np.ndarray:
        module = Direct("GRU", features, 32, 10, head.P)
        put_weights(module, load_weights(stored(name))[0])
        return head.quantiles(ask(module, windows), examples.LEVELS).numpy()

    said = predict("forecast_countries", 1, countries.test)
    births = crps(countries.actual - countries.last, said, examples.LEVELS)
    dense = compute_mean("forecast.rivals.feedforward_2002_crps")
    what = "births per woman in 188 countries, CRPS over ten years"
    yield Row(11, what, births, dense, "feedforward network *")
    said = spots.back(predict("forecast_sunspots", 0, spots.test))
    ahead = crps(spots.actual, said, examples.LEVELS) / spots.unit
    line = compute_mean("forecast.lines.sunspots_crps")
    what = "sunspots, CRPS over five years, in units of MASE"
    yield Row(11, what, ahead, line, "linear autoregression, pinball loss *")


def list_music_scores() -> Iterator[Row]:
    """Chorales, compared with a Markov chain trained in all keys."""
    from rnncore.data.music import chorales
    from rnncore.music.markov import Chain
    from rnncore.music.split import split
    from rnncore.music.training import load_voices
    from rnncore.music.voices import moved, score_nats

    parts = split(chorales())
    model, _ = load_voices(stored("music_voices"))
    keys = [moved(s, k) for s in parts.train for k in range(-5, 6)]
    yield Row(
        12,
        "chorales in four voices, nats per frame",
        score_nats(model, parts.test),
        Chain(keys).nats(parts.test),
        "Markov chain",
    )


def list_translate_scores() -> Iterator[Row]:
    """Exact-match rate of the number translators, with two baselines."""
    from rnncore.translate.storage import load_translator
    from tools.train.ch13 import translate as tool

    task = tool.task_of("de")
    found = {
        name: tool.model_scores(task, load_translator(stored(name))[0])
        for name in ("translate_dot", "translate_vector")
    }
    dot, vector = found["translate_dot"], found["translate_vector"]
    table = max(
        (scores["test"]["exact"], name)
        for name, scores in tool.score_baselines(task).items()
    )
    names = {"table": "table of pieces", "nearest": "nearest pair known"}
    what, one = "numbers in words, English to German", "one vector"
    seen, than = f"{what}, % exact", names[table[1]]
    yield Row(13, seen, vector["test"]["exact"], table[0], than, True)
    for name, where in ("test", "attention"), ("longer", "longer numbers"):
        rivals = dot[name]["exact"], vector[name]["exact"]
        yield Row(14, f"the same, {where}", *rivals, one, True)


def list_speech_scores() -> Iterator[Row]:
    """Words wrong, by voices that training never heard."""
    from rnncore.speech.model import load_recognizer
    from tools.train.ch15 import speech as tool

    model, letters, _ = load_recognizer(stored("speech_digits"))
    for level in 20, 0:
        yield Row(
            15,
            f"strings of digits at {level} dB, % word errors",
            tool.error_rate(model, tool.make_unheard(float(level)), letters),
            compute_mean(f"speech.dilated.longer.{level}"),
            "dilated convolutions, equal time *",
        )


def list_video_scores() -> Iterator[Row]:
    """Actions and captions, compared with models that ignore order."""
    from rnncore.storage.weights import load_module
    from rnncore.video.captions import load_captioner
    from rnncore.video.model import BagOfFrames, load_classifier
    from tools.train.shared import video as tool

    def measure(task: str, model: Any) -> dict[str, Any]:
        return tool.measure_scores(task, model, tool.judged_films(task))

    def bag(about: dict[str, Any]) -> BagOfFrames:
        sizes = about["S"], about["D"], about["H"]
        return BagOfFrames(*sizes, len(about["classes"]))

    model, _ = load_classifier(stored("video_actions"))
    path = stored("video_actions_bag")
    unordered, _ = load_module(path, "video.bag", bag, "network")
    yield Row(
        16,
        "actions of stick figures, % right",
        measure("actions", model)["accuracy"],
        measure("actions", unordered)["accuracy"],
        "bag of frames",
        True,
    )
    captioner, _, _ = load_captioner(stored("video_captions"))
    yield Row(
        17,
        "captions of moving digits, % exact",
        measure("captions", captioner)["exact"],
        compute_mean("video.captions.bag.exact"),
        "bag of frames *",
        True,
    )


APPLICATIONS: dict[str, Callable[[], Iterator[Row]]] = {
    "text": list_text_scores,
    "forecast": list_forecast_scores,
    "music": list_music_scores,
    "translate": list_translate_scores,
    "speech": list_speech_scores,
    "video": list_video_scores,
}


def compute_mean(key: str) -> float:
    """The mean over seeds of a measurement.

    Raises Refused if there is none.
    """
    known = read()
    if key not in known:
        raise Refused(f"{key} is not in book/measurements/")
    return float(np.mean(known[key]["value"]))


def format_row(row: Row) -> str:
    """A row of the table, with a sign where the network is worse."""
    won = (row.network > row.baseline) == row.higher
    return (
        f"{row.chapter:2}  {row.what:55} {row.network:8.3f} "
        f"{row.baseline:8.3f}  {row.than}{'' if won else '  (better)'}"
    )


def print_rows(name: str, save: bool) -> bool:
    """One application; whether all of it is there."""
    begun, rows = time.process_time(), []
    try:
        for row in APPLICATIONS[name]():
            print(format_row(row), flush=True)
            rows.append(row._asdict())
    except Refused as error:
        print(f"    python -m rnncore {name}: {error}", flush=True)
        return False
    seconds = time.process_time() - begun
    print(f"    python -m rnncore {name}: {seconds:.0f} s", flush=True)
    if save:
        key, command = f"scores.{name}", "make scores"
        record({key: rows}, unit="see keys", seed=0, command=command)
    return True


def main() -> int:
    """Print the rows as they are found; 1 where weights are missing."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*APPLICATIONS, []])
    parser.add_argument("--save", action="store_true")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{'':4}{'held-out data':55} {'network':>8} {'baseline':>8}")
    names = chosen.names or list(APPLICATIONS)
    done = [print_rows(name, chosen.save) for name in names]
    return 0 if all(done) else 1


if __name__ == "__main__":
    sys.exit(main())
