"""A run is never lost, never waits unseen, and ends when it is told to."""

import io
import json
import os
import signal
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import rnncore
from rnncore import __main__
from rnncore.apps.spine import common
from rnncore.apps.text.estimator import TextModel
from rnncore.storage.files import Refused, locked
from rnncore.storage.weights import read_about
from rnncore.text import ngrams
from tests.helpers.arrays import assert_close
from tests.helpers.commands import ENV, cut_off, run, shown_help
from tests.helpers.commands import weights as weights_of
from tests.helpers.sales import sales, write

pytestmark = pytest.mark.slow

TINY = {"hidden": 8, "batch": 4, "window": 8, "steps": 20}
TINY |= {"evaluate_every": 5}
FEW = ["--hidden", 8, "--steps", 3]


@pytest.fixture
def book(tmp_path):
    path = tmp_path / "book.txt"
    path.write_text("The cat sat on a mat. It slept.\n" * 90)
    return path


@pytest.fixture
def model(tmp_path):
    """Where a model's file is to be."""
    return tmp_path / "m.safetensors"


def fit(book, path, **change):
    return TextModel(**TINY | change).fit(book, path=path)


@pytest.fixture(autouse=True)
def heard():
    """Ctrl-C is not ignored, as it is in a script's background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def pressed(monkeypatch, step, times=1):
    """Ctrl-C before this step of the training, once or twice."""
    left = iter(range(times))

    def call(bar, todo):
        for k in todo:
            if k == step:
                for _ in left:
                    signal.raise_signal(signal.SIGINT)
            yield k

    monkeypatch.setattr(common.Bar, "__call__", call)


def methods(path):
    return [row[0] for row in read_about(path)["table"]]


def test_the_best_weights_so_far_are_a_model(book, model, monkeypatch):
    checkpoint = model.with_name(model.name + ".run") / "run.npz"
    with cut_off(monkeypatch, checkpoint):
        fit(book, model)
    assert read_about(model, "text")["steps"] == 5
    found = TextModel.load(model)
    assert found.generate("The ", 9).startswith("The ")
    assert found.score(book) > 0
    checkpoint.unlink()  # the same run is begun again, another one is not
    with pytest.raises(Refused, match="seed was 0, now 1"):
        fit(book, model, seed=1)
    fit(book, model)
    assert "n-grams" in " ".join(methods(model))


def test_a_model_is_trained_by_one_command_at_a_time(
    book, model, monkeypatch
):
    """A second one is refused from the first step to the last score."""
    told = []

    def try_again():
        with pytest.raises(Refused) as refused:
            fit(book, model, seed=2)
        told.append(str(refused.value))

    call, score = common.Bar.__call__, ngrams.kneser_ney_models

    def begin(bar, todo):
        try_again()
        return call(bar, todo)

    def count(*given, **named):
        try_again()
        return score(*given, **named)

    monkeypatch.setattr(common.Bar, "__call__", begin)
    monkeypatch.setattr(ngrams, "kneser_ney_models", count)
    fit(book, model)
    assert len(told) >= 2
    for message in told:
        assert f"{model} is being trained by another command" in message
    assert read_about(model)["settings"]["seed"] == 0
    left = {path.name for path in model.parent.iterdir()}
    assert left == {"book.txt", model.name}


def test_a_run_that_is_killed_holds_its_model_no_longer(book, model):
    """Its lock is there still, and nobody holds it."""
    lock = model.with_name(f".{model.name}.lock")
    held = locked(lock, seconds=0, held=Refused("held"))
    other = pytest.raises(Refused, match="is being trained by another")
    with held, other:
        fit(book, model)
    assert lock.exists()
    fit(book, model)
    assert not lock.exists()


def test_ctrl_c_ends_a_run_with_its_scores_and_it_can_go_on(
    book, model, capsys, monkeypatch
):
    whole = model.with_name("whole.safetensors")
    fit(book, whole)
    with monkeypatch.context() as patch:
        pressed(patch, 7)
        fit(book, model)
    err = capsys.readouterr().err
    assert "ending with the best weights so far" in err
    assert "n-grams" in " ".join(methods(model))
    assert read_about(model)["steps"] == 8
    handler = signal.getsignal(signal.SIGINT)
    assert handler is signal.default_int_handler
    fit(book, model)
    assert "goes on after step 8" in capsys.readouterr().err
    assert read_about(model)["steps"] == 20
    assert weights_of(model) == weights_of(whole)
    assert not model.with_name(model.name + ".run").exists()


def test_a_second_ctrl_c_stops_at_once(book, model, capsys, monkeypatch):
    with monkeypatch.context() as patch:
        pressed(patch, 7, times=2)
        with pytest.raises(KeyboardInterrupt):
            fit(book, model)
    assert read_about(model)["steps"] == 5
    capsys.readouterr()
    fit(book, model)
    assert "goes on after step 5" in capsys.readouterr().err


def test_minutes_end_a_run_and_the_same_command_goes_on(
    book, model, capsys
):
    words = ["text", "train", book, *FEW, "--model", model, "--minutes"]
    code, out, err = run(capsys, *words, 1e-9)
    assert (code, "n-grams" in out) == (0, True)
    assert "ended before its --steps; the same command goes on" in err
    assert read_about(model)["steps"] == 1
    code, _, err = run(capsys, *words, 60)
    assert (code, "goes on after step 1" in err) == (0, True)
    assert read_about(model)["steps"] == 3


@pytest.mark.parametrize("steps", [7, 3])
def test_a_run_that_goes_on_may_have_fewer_steps(
    book, model, capsys, monkeypatch, steps
):
    folder = model.with_name(model.name + ".run")
    with cut_off(monkeypatch, folder / "run.npz"):
        fit(book, model)
    fit(book, model, steps=steps)
    assert read_about(model)["steps"] == max(5, steps)
    assert not folder.exists()
    capsys.readouterr()
    fit(book, model, steps=steps)
    assert "is already trained" in capsys.readouterr().err
    with pytest.raises(Refused, match=f"steps was {steps}, now 20"):
        fit(book, model)  # its checkpoint is gone


@pytest.mark.parametrize(
    ("how", "status"),
    [(KeyboardInterrupt, 0), (__main__.Terminated, 143)],
)
def test_baselines_can_be_interrupted(
    book, model, capsys, monkeypatch, how, status
):
    def interrupted(*given):
        raise how

    words = ["text", "train", book, *FEW, "--model", model]
    with monkeypatch.context() as patch:
        patch.setattr(ngrams, "kneser_ney_models", interrupted)
        code, _, err = run(capsys, *words)
    assert code == status
    assert ("not scored: n-grams, lzma" in err) is (status == 0)
    about = read_about(model)
    assert ("table" in about) is (status == 0)
    code, _, err = run(capsys, *words)
    assert ("is already trained" in err) is (status == 0)
    assert ("n-grams" in " ".join(methods(model))) is (status == 143)


def test_scores_are_told_as_json(book, model, capsys):
    fit(book, model)
    capsys.readouterr()
    code, out, _ = run(capsys, "text", "evaluate", model, book, "--json")
    found, about = json.loads(out), read_about(model)
    assert code == 0
    assert found["read"] == about["read"]
    assert [row["method"] for row in found["scores"]] == methods(model)
    (own,) = [r for r in found["scores"] if r["method"] == "the network"]
    assert_close(own["bits per character"], about["score"])


def test_the_version_is_told(capsys):
    with pytest.raises(SystemExit) as ended:
        __main__.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"rnncore {rnncore.__version__}\n"


def test_a_program_calls_itself_by_its_name(capsys):
    script = (
        "import sys; sys.argv = ['/usr/bin/rnncore', 'text', '--help']\n"
        "from rnncore.__main__ import main\nmain()"
    )
    shown = subprocess.run(
        [sys.executable, "-c", script],
        env=ENV,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.startswith("usage: rnncore text ")
    assert "\n  rnncore text train book.txt" in shown.stdout
    assert "python -m" not in shown.stdout
    out = shown_help(capsys, "text")
    assert out.startswith("usage: python -m rnncore text ")


@pytest.fixture
def closed(monkeypatch):
    """Makes an output one that nobody reads; it is put back."""
    opened = []

    def close(name):
        reader, writer = os.pipe()
        os.close(reader)
        stream = io.TextIOWrapper(
            os.fdopen(writer, "wb", 0), encoding="utf-8"
        )
        opened.append(stream)
        monkeypatch.setattr(sys, name, stream)

    yield close
    monkeypatch.undo()
    for stream in opened:
        stream.close()


def test_a_pipe_that_closes_loses_no_file(tmp_path, closed):
    table = write(tmp_path / "sales.csv", sales())
    model = tmp_path / "m.safetensors"
    train = ["forecast", "train", table, "--date", "day", "--value", "sold"]
    train += ["--horizon", 3, "--model", model, *FEW]
    out, plot = tmp_path / "z.csv", tmp_path / "b.svg"
    forecast = ["forecast", "forecast", model, table, "--out", out]
    closed("stdout")
    closed("stderr")
    assert __main__.main([*map(str, train)]) == 141
    closed("stdout")
    line = [*map(str, [*forecast, "--plot", plot])]
    assert __main__.main(line) == 141
    assert all(path.stat().st_size for path in (model, out, plot))
    assert "table" in read_about(model)


def test_a_wheel_names_what_is_missing_and_nothing_of_its_own(monkeypatch):
    monkeypatch.setattr(__main__, "CHECKOUT", False)
    there = [*metadata.distributions()]
    some = [d for d in there if d.name.lower() not in ("numba", "pandas")]
    lines = ['rnncore[run]; extra == "text"', 'pandas>=2; extra == "text"']
    lines += ['numba>=0.6; extra == "run"', 'av>=1; extra == "video"']
    monkeypatch.setattr(metadata, "distributions", lambda: iter(some))
    monkeypatch.setattr(metadata, "requires", lambda name: lines)
    how = __main__.describe_install("pandas", "text")
    assert how == "python -m pip install numba pandas"
    how = __main__.describe_install("matplotlib", "memory-ruler")
    assert how == "python -m pip install matplotlib"


def test_our_warnings_are_a_line_and_others_keep_their_place(
    capsys, monkeypatch
):
    told = []
    monkeypatch.setattr(
        __main__, "SHOW_WARNING", lambda *given: told.append(given)
    )
    ours = Path("site-packages", "rnncore", "nn.py")
    __main__.show_warning("numba is not installed", UserWarning, ours)
    assert capsys.readouterr().err == "numba is not installed\n"
    __main__.show_warning("deprecated", UserWarning, "other.py", 7)
    assert told == [("deprecated", UserWarning, "other.py", 7)]
    assert capsys.readouterr().err == ""
