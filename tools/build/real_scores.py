"""The table of scores on real data, from the measurements, and the README's rows.

Each row is a public set and its protocol: `python -m rnncore data get` brings
the set, the row's command repeats the training. *Public sets* has it, too.
"""

from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import numpy as np

Known = dict[str, dict[str, Any]]


class Spread(NamedTuple):
    """A forecast's second score, that of its distribution."""

    network: str
    rival: str
    form: str


class Row(NamedTuple):
    """A set, and where in the measurements its scores are."""

    chapter: int
    what: str  # the set, its protocol, the unit
    training: str  # python -m tools.train NAME; a page lists its commands
    network: str  # a pattern of keys; what follows ":" leads into a value
    rival: str
    than: str  # the rival's name
    published: str = ""  # with the year
    form: str = ".1f"
    spread: Spread | None = None


ROWS = [
    Row(
        10,
        "tinyshakespeare, last tenth, nats per character",
        "shakespeare",
        "real.shakespeare.longer.network",
        "real.shakespeare.ngrams",
        "modified Kneser-Ney",
        "1.55 (minGRU, 2024)",
        ".2f",
    ),
    Row(
        10,
        "the same, while both learn from what they have read",
        "shakespeare",
        "real.shakespeare.longer.moving",
        "real.shakespeare.longer.counts.moving",
        "modified Kneser-Ney",
        "",
        ".2f",
    ),
    Row(
        11,
        "M4, 414 hourly series, OWA; MSIS of 95 %, GRU + linear model",
        "m4",
        "real.m4.network.owa",
        "real.m4.line.owa",
        "linear model",
        "OWA 0.44 (ES-RNN, 2020)",
        ".2f",
        Spread("real.m4.network.msis", "real.m4.line.msis", ".1f"),
    ),
    Row(
        11,
        "ETTh1, 24 hours, seven series, z-scores, squared error; CRPS",
        "ett",
        "real.ett.ETTh1-all.24.mse",
        "real.ett.ETTh1-all.24.line.mse",
        "linear model",
        "squared 0.32 (SCINet, convolutions, reproduced)",
        ".3f",
        Spread("real.ett.ETTh1-all.24.crps", "real.ett.ETTh1-all.24.line.crps", ".3f"),
    ),
    Row(
        11,
        "ETTh2, 24 hours, seven series, z-scores, squared error; CRPS",
        "ett",
        "real.ett.ETTh2-all.24.mse",
        "real.ett.ETTh2-all.24.line.mse",
        "linear model",
        form=".3f",
        spread=Spread(
            "real.ett.ETTh2-all.24.crps", "real.ett.ETTh2-all.24.line.crps", ".3f"
        ),
    ),
    Row(
        11,
        "exchange rates, 24 days, RSE; CRPS in %",
        "exchange",
        "real.exchange.24.rse",
        "real.exchange.24.last.rse",
        "the last value",
        form=".3f",
        spread=Spread("real.exchange.24.crps", "real.exchange.24.last.crps", ".2f"),
    ),
    Row(
        11,
        "car parts, the last 8 months, counts, CRPS",
        "carparts",
        "real.carparts.with more zeros.seeds.crps",
        "real.carparts.past values:crps",
        "past values of one's own and of all",
        form=".3f",
    ),
    Row(
        11,
        "Australian shops, 2017 and 2018, MASE; CRPS, network and ETS",
        "retail",
        "real.retail.*.season.network and ETS:mase",
        "real.retail.*.season.ETS:mase",
        "ETS",
        form=".2f",
        spread=Spread(
            "real.retail.*.season.network and ETS:crps",
            "real.retail.*.season.ETS:crps",
            ".2f",
        ),
    ),
    Row(
        12,
        "JSB chorales, one key asked at a time, nats per frame",
        "ch12_music",
        "music.published.apart:0",
        "real.piano_rolls.JSB_Chorales.chain",
        "each key from itself before",
        "8.10 (convolutions, 2018)",
        ".2f",
    ),
    Row(
        12,
        "Nottingham's tunes, independent keys, nats per frame",
        "piano_rolls",
        "real.piano_rolls.Nottingham.keys",
        "real.piano_rolls.Nottingham.chain",
        "each key from itself before",
        "3.29, 3.07 (LSTM, convolutions, 2018)",
        ".2f",
    ),
    Row(
        14,
        "Multi30k, English to German, test 2016, BLEU, one vector",
        "multi30k",
        "real.multi30k.vector.beam:test_2016.bleu",
        "real.multi30k.baselines.nearest:test_2016.bleu",
        "most similar caption's",
    ),
    Row(
        14,
        "the same, attention",
        "multi30k",
        "real.multi30k.dot.beam:test_2016.bleu",
        "real.multi30k.baselines.nearest:test_2016.bleu",
        "most similar caption's",
    ),
    Row(
        15,
        "AN4, ten other people, % word errors, read greedily",
        "an4",
        "real.an4.greedy",
        "real.an4.nearest",
        "most similar recording",
        "9.6 (deepspeech.pytorch)",
    ),
    Row(
        15,
        "the same, with a letter model and a list of words",
        "an4",
        "real.an4.lexicon",
        "real.an4.nearest",
        "most similar recording",
        "5.95 (Kaldi, no neural network)",
    ),
    Row(
        15,
        "spoken digits, each of six men left out, % wrong",
        "fsdd",
        "real.fsdd.*.errors",
        "real.fsdd.*.nearest",
        "most similar recording",
    ),
    Row(
        16,
        "AVLetters, takes 1 and 2, then 3, % of 26 letters right",
        "avletters",
        "real.avletters.loop.right",
        "real.avletters.bag.right",
        "the same encoder, averaged",
    ),
    Row(
        16,
        "AVLetters, each of ten people left out, % right",
        "avletters",
        "real.avletters.left.*.right",
        "real.avletters.left.*.nearest",
        "nearest film",
    ),
    Row(
        16,
        "MSR Action3D (poses), other people, % of 20 actions right",
        "msr_action3d",
        "real.msr_action3d.loop.right",
        "real.msr_action3d.bag.right",
        "poses and movements, averaged",
    ),
    Row(
        17,
        "Flickr8k (photographs), five references, BLEU-4",
        "flickr8k",
        "real.flickr8k.captioner.beam:five.3",
        "real.flickr8k.baselines.agreed:five.3",
        "a caption copied from neighbours",
        "19.5, 21.3 (soft, hard attention on VGG, 2015)",
    ),
]


FEW = "tinyshakespeare", "M4", "JSB chorales", "AN4", "Flickr8k"


def average_runs(found: Known, name: str) -> float | None:
    """The mean over keys and seeds; None where nothing is measured.

    Raises KeyError where a value does not hold what it should.
    """
    pattern, _, path = name.partition(":")
    values = []
    for key, entry in found.items():
        if fnmatchcase(key, pattern):
            value, seeds = entry["value"], entry["seed"]
            by_seed = isinstance(seeds, list) and len(value) == len(seeds)
            for one in value if by_seed else [value]:  # else it is their mean
                for step in filter(None, path.split(".")):
                    one = one[int(step) if isinstance(one, list) else step]
                values.append(one)
    return float(np.mean(values)) if values else None


def count_runs(found: Known, name: str) -> int:
    """How many trainings a score is based on."""
    pattern = name.partition(":")[0]
    return sum(
        len(entry["seed"]) if isinstance(entry["seed"], list) else 1
        for key, entry in found.items()
        if fnmatchcase(key, pattern)
    )


def format_scores(found: Known, row: Row, of: str) -> str:
    """A side's scores; none where one is not measured."""
    scores: list[Row | Spread] = [row, row.spread] if row.spread else [row]
    values = [(average_runs(found, getattr(one, of)), one.form) for one in scores]
    if any(value is None for value, _ in values):
        return ""
    return "; ".join(format(value, form) for value, form in values)


def format_few(found: Known) -> str:
    """The README's rows: one for each kind of data."""
    rows = [row for row in ROWS if row.what.startswith(FEW)]
    head = "held-out data | network | baseline | published"
    lines = [f"| {head} |", "| --- " * 4 + "|"]
    for row in rows:
        network, rival = (format_scores(found, row, of) for of in ("network", "rival"))
        cells = row.what, network, f"{rival}, {row.than}", row.published
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def format_real(found: Known) -> str:
    """The table, a row for each set and protocol that is measured."""
    head = ["held-out data", "network", "runs", "baseline", "published"]
    head += ["`tools.train`"]
    lines = [f"| {' | '.join(head)} |", "| --- " * len(head) + "|"]
    for row in ROWS:
        network, rival = (format_scores(found, row, of) for of in ("network", "rival"))
        if not network or not rival:
            continue
        cells = [
            row.what,
            network,
            str(count_runs(found, row.network)),
            f"{rival}, {row.than}",
            row.published,
            f"`{row.training}`",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)
