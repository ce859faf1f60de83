"""What `train` says of a network that loses, or learns nothing."""

import subprocess
import sys
from argparse import Namespace
from functools import partial

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU, CHRF

from rnncore.apps import ABOUT
from rnncore.apps.spine import common, evaluation, runs
from tests.helpers.arrays import assert_close
from tests.helpers.commands import ENV

APP = evaluation.Application(*["kind", *[None] * 5], hint="more of it")


@pytest.mark.parametrize(
    ("higher", "score", "told"),
    [(False, 2.0, True), (False, 0.5, False),
     (True, 2.0, False), (True, 0.5, True)],
)  # fmt: skip
def test_only_a_network_that_loses_is_told_so(capsys, higher, score, told):
    app = APP._replace(higher=higher)
    evaluation.tell_loser(app, {"score": score, "baseline": 1.0})
    line = (
        f"The network is worse than the best baseline, {score:.3f} to "
        "1.000: use that, or try more of it.\n"
    )
    assert capsys.readouterr().out == line * told


@pytest.mark.parametrize("higher", [False, True])
@pytest.mark.parametrize(
    ("score", "more", "level"),
    [
        (1.0, {}, True),
        (1.2, {"interval": ["% wrong", 0.9, 1.5]}, True),
        (0.9, {"interval": ["% wrong", 0.8, 1.1]}, True),
        (1.2, {"interval": ["% wrong", 1.1, 1.5]}, False),
        (1.2, {"difference": ["MASE, ETS", 9, -0.1, 0.5]}, True),
        (0.9, {"difference": ["MASE, ETS", 9, -0.3, 0.1]}, True),
        (1.2, {"difference": ["MASE, ETS", 9, 0.1, 0.3]}, False),
    ],
)
def test_what_chance_may_have_made_is_called_level(
    capsys, higher, score, more, level
):
    """By the interval of the cases, or of what they differ by."""
    app = APP._replace(higher=higher)
    evaluation.tell_loser(app, {"score": score, "baseline": 1.0} | more)
    line = (
        f"The network and the best baseline are level, {score:.3f} to "
        "1.000, a difference that chance may make: use the simpler one, or "
        "try more of it.\n"
    )
    assert (capsys.readouterr().out == line) is level


@pytest.mark.parametrize("higher", [False, True])
def test_json_has_the_verdict_that_a_reader_is_told(higher):
    app = APP._replace(higher=higher)
    words = ["ahead", "behind"] if higher else ["behind", "ahead"]
    for score, word in zip([2.0, 0.5], words, strict=True):
        found = {"score": score, "baseline": 1.0}
        assert evaluation.compare_baseline(app, found) == word
        found["interval"] = ["% wrong", 0.4, 2.5]
        assert evaluation.compare_baseline(app, found) == "level"
    assert evaluation.compare_baseline(app, {"score": 1.0}) is None


def test_one_origin_says_nothing_of_a_difference():
    assert evaluation.paired_interval("MASE, ETS", np.ones(1)) == {}
    assert evaluation.paired_interval("MASE, ETS", np.ones(9), 5) == {}
    found = evaluation.paired_interval("MASE, ETS", np.full(9, -0.5))
    assert found == {"difference": ["MASE, ETS", 9, -0.5, -0.5]}


def test_no_case_wrong_is_no_certainty():
    """Resampling cases without an error would give 0 to 0."""
    none, ten = np.zeros(96), np.full(96, 10)
    name, low, high = evaluation.error_interval(
        "% wrong", none, ten, range(96)
    )
    assert (name, low) == ("% wrong", 0)
    squared = 1.959964**2  # Wilson's end, of 0 in 96: z^2 / (96 + z^2)
    assert_close(high, 100 * squared / (96 + squared), within=1e-4)
    found = evaluation.error_interval("% wrong", none + 1, ten, range(96))
    assert found == ["% wrong", 10.0, 10.0]


def test_the_cases_of_a_speaker_are_drawn_together():
    """Two of four speakers have all errors: 100 recordings are as four."""
    speakers = np.repeat(["a", "b", "c", "d"], 25)
    wrong = np.isin(speakers, ["a", "b"]).astype(int)
    length = np.ones(100)
    _, low, high = evaluation.error_interval("%", wrong, length, speakers)
    assert (low, high) == (0, 100)
    _, low, high = evaluation.error_interval("%", wrong, length, range(100))
    assert 35 < low < 50 < high < 65


def test_a_mean_of_few_cases_has_an_interval():
    """Of weighted cases; one case says nothing, equal ones no spread."""
    assert evaluation.mean_interval("nats", [2.0], [9]) == {}
    found = evaluation.mean_interval("nats", [2.0, 2.0, 2.0], [1, 2, 3])
    assert found["interval"] == ["nats", 2.0, 2.0]
    found = evaluation.mean_interval(
        "nats", [1.0, 3.0, 2.0, 2.5], [9, 1, 1, 1]
    )
    _, low, high = found["interval"]
    assert 1 <= low < 16.5 / 12 < high <= 3


def test_bleu_and_chrf_have_the_intervals_of_sacrebleu():
    metrics = {"BLEU": BLEU(), "chrF": CHRF()}
    true = [f"the {k} red houses of number {k}" for k in range(30)]
    said = [t.replace("red", "old") if len(t) > 34 else t for t in true]
    found = evaluation.corpus_intervals(metrics, said, [true])
    for name, low, high in found["intervals"]:
        score = metrics[name].corpus_score(said, [true]).score
        assert 0 < low < score < high < 100, name
    again = evaluation.corpus_intervals(metrics, said, [true])
    assert again == found
    for k in 1, 30:  # one case, and none that is wrong, say nothing
        found = evaluation.corpus_intervals(metrics, true[:k], [true[:k]])
        assert found == {"intervals": []}


def test_a_draw_of_sentences_without_a_match_has_a_score_too():
    said, true = ["aaaa", "cc", "dd"], ["aaaa", "bb", "bb"]
    found = evaluation.corpus_intervals({"chrF": CHRF()}, said, [true])
    ((_, low, high),) = found["intervals"]
    assert (low, high) == (0, 100)


def test_without_a_baseline_nothing_is_compared(capsys):
    for about in {}, {"score": 1.0}, {"score": 1.0, "baseline": None}:
        evaluation.tell_loser(APP, about)
    assert capsys.readouterr().out == ""


def trained(folder, rate, **more):
    """A line through the origin, from 0, to y = x."""
    network = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(network.weight)
    x = torch.ones(4, 1)

    def loss(network, batch, carry):
        return ((network(batch) - batch) ** 2).mean(), None

    given = Namespace(
        steps=30,
        rate=rate,
        evaluate_every=10,
        patience=5,
        seed=0,
        minutes=None,
        model=folder / "m.safetensors",
    )
    app = APP._replace(save=lambda *given: None)
    return runs.train_run(
        runs.TrainingRun(app, given, {}, given.model, folder),
        (network,),
        {},
        loss,
        lambda rng, step: x,
        lambda network: float(loss(network, x, None)[0]),
        common.Bar("line"),
        **more,
    )


@pytest.mark.parametrize(
    ("rate", "trivial", "told"),
    [(0.05, np.inf, False), (1e-5, np.inf, True), (0.05, 1e-6, True)],
)
def test_a_run_that_learns_nothing_is_noticed(
    tmp_path, capsys, rate, trivial, told
):
    """It gets no better than at the start, or than one answer to all."""
    run = partial(trained, tmp_path, rate, trivial=trivial)
    assert run()[1] == {"steps": 30}
    err = capsys.readouterr().err
    assert ("nothing was learned: validation began at" in err) is told
    assert run()[1] == {"steps": 30}  # from the checkpoint of its end
    again = capsys.readouterr().err
    assert ("nothing was learned" in again) is told


LOADED = """
import contextlib, io, sys
from rnncore.__main__ import main
with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
    main(sys.argv[1:])
print(*sorted({name.partition(".")[0] for name in sys.modules}))
print(*sorted(name for name in sys.modules if name.startswith("rnncore.")))
"""


@pytest.mark.parametrize(
    "command", [None, *ABOUT, "lab", "check", "answer"]
)
def test_help_waits_for_no_library_and_no_other_command(command):
    words = [command, "--help"] if command else ["--help"]
    done = subprocess.run(
        [sys.executable, "-c", LOADED, *words],
        capture_output=True,
        text=True,
        check=True,
        env=ENV,
    )
    libraries, own = (set(x.split()) for x in done.stdout.splitlines())
    if command != "memory-ruler":  # its help names numbers of the ruler
        assert not libraries & {"numpy", "pandas", "torch", "matplotlib"}
    others = {name.replace("-", "_") for name in ABOUT if name != command}
    loaded = {name.split(".")[2] for name in own if name.count(".") > 2}
    assert not loaded & others
