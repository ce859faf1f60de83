"""A run is never lost, never waits unseen, and ends when it is told to."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

import pytest
import torch

import rnncore
from rnncore import __main__
from rnncore.apps.spine import common, evaluation
from rnncore.storage.weights import read_about
from rnncore.text import ngrams
from tests.helpers.commands import ENV, Killed, run, shown_help, stopped
from tests.helpers.commands import weights as weights_of
from tests.helpers.sales import TINY as TABLE
from tests.helpers.sales import sales, write

pytestmark = pytest.mark.slow

TINY = ["--hidden", 8, "--batch", 4, "--window", 8, "--steps", 20]
TINY += ["--evaluate-every", 5]


@pytest.fixture
def words(tmp_path):
    """A small training, and the model's path last."""
    book = tmp_path / "book.txt"
    book.write_text("The cat sat on a mat. It slept.\n" * 90)
    model = tmp_path / "m.safetensors"
    return ["text", "train", book, *TINY, "--model", model]


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


def test_the_best_weights_so_far_are_a_model(words, capsys, monkeypatch):
    model = words[-1]
    checkpoint = model.with_name(model.name + ".run") / "run.npz"
    stopped(monkeypatch, capsys, Killed, checkpoint, *words)
    assert read_about(model, "text")["steps"] == 5
    sample = ["text", "sample", model, "--prompt", "The ", "--length", 9]
    code, out, _ = run(capsys, *sample)
    assert (code, out[:4]) == (0, "The ")
    evaluate = ["text", "evaluate", model, words[2], "--no-baselines"]
    assert run(capsys, *evaluate)[0] == 0
    checkpoint.unlink()  # the same run is begun again, another one is not
    code, _, err = run(capsys, *words, "--seed", 1)
    assert (code, "seed was 0, now 1" in err) == (2, True)
    assert run(capsys, *words)[0] == 0
    assert "n-grams" in " ".join(methods(model))


def test_a_model_is_trained_by_one_command_at_a_time(
    words, capsys, monkeypatch, tmp_path
):
    """A second one is refused from the first step to the last score."""
    model, told = words[-1], []

    def try_again(*given):
        told.append(run(capsys, *words, "--seed", 2))

    call, score = common.Bar.__call__, ngrams.kneser_ney_models

    def begin(bar, todo):
        try_again()
        return call(bar, todo)

    def count(*given, **named):
        try_again()
        return score(*given, **named)

    monkeypatch.setattr(common.Bar, "__call__", begin)
    monkeypatch.setattr(ngrams, "kneser_ney_models", count)
    assert run(capsys, *words)[0] == 0
    assert len(told) >= 2
    for code, out, err in told:
        assert (code, out) == (2, "")
        assert f"{model} is being trained by another command" in err
    assert read_about(model)["settings"]["seed"] == 0
    assert read_about(model)["steps"] == 20
    left = {path.name for path in tmp_path.iterdir()}
    assert left == {"book.txt", model.name}


def test_a_run_that_is_killed_holds_its_model_no_longer(words, capsys):
    model = words[-1]
    lock = model.with_name(f".{model.name}.lock")
    long = [*words[:-1], model, "--steps", 10**6, "--evaluate-every", 5]
    given = [sys.executable, "-m", "rnncore", *map(str, long)]
    with subprocess.Popen(given, env=ENV, stderr=subprocess.DEVNULL) as one:
        try:
            begun = time.monotonic()
            while not model.exists() and time.monotonic() - begun < 300:
                time.sleep(0.1)
            code, _, err = run(capsys, *words)
            assert code == 2
            assert "is being trained by another command" in err
        finally:
            one.kill()
    assert lock.exists()
    assert run(capsys, *long, "--steps", 5)[0] == 0
    assert not lock.exists()


def test_ctrl_c_ends_a_run_with_its_scores_and_it_can_go_on(
    words, capsys, monkeypatch
):
    model = words[-1]
    whole = model.with_name("whole.safetensors")
    assert run(capsys, *words[:-1], whole)[0] == 0
    with monkeypatch.context() as patch:
        pressed(patch, 7)
        code, out, err = run(capsys, *words)
    assert code == 0
    assert "ending with the best weights so far" in err
    assert "n-grams" in out
    assert read_about(model)["steps"] == 8
    handler = signal.getsignal(signal.SIGINT)
    assert handler is signal.default_int_handler
    code, _, err = run(capsys, *words)
    assert (code, "goes on after step 8" in err) == (0, True)
    assert read_about(model)["steps"] == 20
    assert weights_of(model) == weights_of(whole)
    assert not model.with_name(model.name + ".run").exists()


def test_a_second_ctrl_c_stops_at_once(words, capsys, monkeypatch):
    model = words[-1]
    with monkeypatch.context() as patch:
        pressed(patch, 7, times=2)
        code, _, err = run(capsys, *words)
    assert code == 130
    assert "interrupted; the same command goes on from here" in err
    assert read_about(model)["steps"] == 5
    code, _, err = run(capsys, *words)
    assert (code, "goes on after step 5" in err) == (0, True)


def test_minutes_end_a_run_and_the_same_command_goes_on(words, capsys):
    model = words[-1]
    code, out, err = run(capsys, *words, "--minutes", 1e-9)
    assert (code, "n-grams" in out) == (0, True)
    assert "ended before its --steps; the same command goes on" in err
    assert read_about(model)["steps"] == 1
    code, _, err = run(capsys, *words, "--minutes", 60)
    assert (code, "goes on after step 1" in err) == (0, True)
    assert read_about(model)["steps"] == 20


def test_minutes_end_a_forecaster_with_the_networks_it_has(
    tmp_path, capsys
):
    table = write(tmp_path / "sales.csv", sales())
    model = tmp_path / "m.safetensors"
    train = ["forecast", "train", table, "--model", model, *TABLE]
    code, out, _ = run(capsys, *train, "--seeds", 2, "--minutes", 1e-9)
    assert (code, "ARIMA" in out) == (0, True)
    assert read_about(model)["networks"] == 1


@pytest.mark.parametrize("steps", [7, 3])
def test_a_run_that_goes_on_may_have_fewer_steps(
    words, capsys, monkeypatch, steps
):
    model = words[-1]
    folder = model.with_name(model.name + ".run")
    stopped(monkeypatch, capsys, Killed, folder / "run.npz", *words)
    few = [*words, "--steps", steps]
    assert run(capsys, *few)[0] == 0
    assert read_about(model)["steps"] == max(5, steps)
    assert not folder.exists()
    code, _, err = run(capsys, *few)
    assert (code, "is already trained" in err) == (0, True)
    code, _, err = run(capsys, *words)  # its checkpoint is gone
    assert (code, f"steps was {steps}, now 20" in err) == (2, True)


def test_baselines_can_be_left_out(words, capsys):
    code, out, err = run(capsys, *words, "--no-baselines")
    assert (code, "scoring n-grams" in err) == (0, False)
    assert methods(words[-1]) == [evaluation.NETWORK]
    assert "worse than" not in out
    evaluate = ["text", "evaluate", words[-1], words[2]]
    code, out, err = run(capsys, *evaluate)
    assert (code, "scoring n-grams" in err) == (0, True)
    assert "lzma" in out


@pytest.mark.parametrize(
    ("how", "status"),
    [(KeyboardInterrupt, 0), (__main__.Terminated, 143)],
)
def test_baselines_can_be_interrupted(
    words, capsys, monkeypatch, how, status
):
    def interrupted(*given):
        raise how

    model = words[-1]
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


def test_scores_are_told_as_json(words, tmp_path, capsys):
    code, out, _ = run(capsys, *words, "--json")
    found = json.loads(out)
    about = read_about(words[-1])
    assert code == 0
    assert found["score"] == about["score"]
    assert found["baseline"] == about["baseline"]
    assert [tuple(row.values()) for row in found["scores"]] == [
        tuple(row) for row in about["table"]
    ]
    table = write(tmp_path / "sales.csv", sales())
    model = tmp_path / "f.safetensors"
    train = ["forecast", "train", table, "--model", model, *TABLE]
    assert run(capsys, *train, "--no-baselines")[0] == 0
    words = ["forecast", "evaluate", model, table, "--json"]
    code, out, _ = run(capsys, *words, "--origins", 2)
    found = json.loads(out)
    (own,) = [
        r for r in found["scores"] if r["method"] == "GRU, their mean"
    ]
    assert own["MASE"] == found["score"]
    assert {"ARIMA", "drift"} < {r["method"] for r in found["scores"]}


def test_threads_are_torch_s(words, capsys, monkeypatch):
    given = []
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    assert run(capsys, *words, "--threads", 3)[0] == 0
    run(capsys, *words, "--threads", 1)  # which is no other run
    run(capsys, "text", "sample", words[-1], "--threads", 2, "--length", 1)
    assert given == [3, 2]


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


def test_a_pipe_that_closes_loses_no_file(tmp_path, capsys, closed):
    table = write(tmp_path / "sales.csv", sales())
    model = tmp_path / "m.safetensors"
    train = ["forecast", "train", table, "--model", model, *TABLE]
    out, plots = (
        tmp_path / "z.csv",
        [tmp_path / n for n in ("a.png", "b.svg")],
    )
    forecast = ["forecast", "forecast", model, table, "--out", out]
    closed("stdout")
    closed("stderr")
    line = [*map(str, [*train, "--plot", plots[0]])]
    assert __main__.main(line) == 141
    closed("stdout")
    line = [*map(str, [*forecast, "--plot", plots[1]])]
    assert __main__.main(line) == 141
    assert all(path.stat().st_size for path in (model, out, *plots))
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


def test_short_bars_in_a_row_speak_once_a_minute(capsys, monkeypatch):
    """The minute goes on from one to the next."""
    now = [0.0]
    clock = common.Clock(lambda: now[0])
    monkeypatch.setattr(common, "CLOCK", clock)
    for k in range(5):
        for _ in common.Lines(range(2), f"series {k}", "step", 2):
            now[0] += 20
    told = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in told] == [
        "series 1", "series 2", "series 4",
    ]  # fmt: skip


def test_time_left_is_told_by_the_pace_so_far():
    lines = common.Lines(range(9), "label", "step", 9)
    lines.begun, lines.done = 0.0, 3
    assert lines.tell_left(90.0) == ", 3 min left"
    lines.total = 900
    assert lines.tell_left(90.0) == ", 7.5 h left"
    lines.total = None
    assert lines.tell_left(90.0) == ""
