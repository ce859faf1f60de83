"""make own: the visible tests, training and a page, with the reader's."""

import json
import re
import subprocess
import sys

import numpy as np
import pytest

from grader import ROOT
from rnncore.own import command, page, suite, training
from rnncore.own.catalogue import DRAWN, visible_test
from rnncore.own.loading import load
from rnncore.own.tasks import TASKS, begin, course_function
from rnncore.own.training import Learnt
from rnncore.testing import CheckFailure, check, edited
from tests.helpers.own import solve


def test_begin_says_how_many_files_are_new(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command, "FOLDER", tmp_path / "my_rnn")
    assert command.main(["begin"]) == 0
    assert command.main(["begin"]) == 0
    assert capsys.readouterr().out.split("\n")[1].count(": 0 files begun")


def test_without_a_package_it_says_how_to_begin(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "FOLDER", tmp_path / "my_rnn")
    assert command.main([]) == 2
    assert "lab --own" in capsys.readouterr().err


def test_where_nothing_is_written_the_first_function_is_named(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(command, "FOLDER", tmp_path / "my_rnn")
    monkeypatch.setattr(command, "train", None)  # would be called
    command.main(["begin"])
    assert command.main([]) == 1
    said = capsys.readouterr().out
    assert "begin with `probability` in my_rnn/sequence.py" in said


def test_each_function_has_a_test():
    assert all(suite._find_test(name) for name in TASKS)


def judge(own, folder, *names):
    """The verdicts on some of the reader's functions, by name."""
    chosen = {name: own.functions[name] for name in names}
    verdicts = suite.run_tests(own._replace(functions=chosen), folder)
    return {verdict.name: verdict for verdict in verdicts}


@pytest.mark.parametrize("name", DRAWN)
def test_each_known_mistake_is_told_by_its_name(name):
    test = visible_test(name)
    outputs = test.outputs
    right = test.call(course_function(name))
    check(right, test.right, test.inputs, outputs=outputs)
    for was, now, says in DRAWN[name].edits:
        wrong = test.call(edited(course_function(name), was, now))
        with np.errstate(all="ignore"), pytest.raises(CheckFailure) as told:
            check(wrong, test.right, test.inputs, outputs=outputs)
        assert told.value.failure.mistake == says


@pytest.mark.slow
def test_what_is_solved_holds(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    verdicts = judge(load(folder), folder, *TASKS)
    assert {v.name: v.says for v in verdicts.values()} == dict.fromkeys(
        TASKS, "holds"
    )


@pytest.mark.slow
def test_numpys_methods_are_no_mistake(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    path = folder / "bptt.py"
    text = path.read_text()
    assert text.count("rows(d_logits)") == 1
    path.write_text(
        "from .helpers import flat\n"
        + text.replace("rows(d_logits)", "flat(d_logits)")
    )
    (folder / "helpers.py").write_text(
        "def flat(a):\n    return a.reshape(-1, a.shape[-1])\n"
    )
    verdicts = judge(load(folder), folder, "bptt", "readout_vjp")
    assert all(v.holds for v in verdicts.values()), verdicts


@pytest.mark.slow
def test_a_wrong_function_is_told_in_the_words_of_its_test(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    path = folder / "lstm.py"
    text = path.read_text()
    assert text.count("i * g") == 1
    text = text.replace("i * g", "g").replace("0.5 * a", "a")
    path.write_text(text)
    verdicts = judge(load(folder), folder, "sigmoid", "lstm_cell")
    assert [v.holds for v in verdicts.values()] == [False, False]
    sigmoid, cell = (v.says for v in verdicts.values())
    assert "A known mistake: it is the tanh of a / 2" in sigmoid
    assert "It calls sigmoid" in cell


@pytest.mark.slow
@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("while True: pass", "did not end within"),
        ("import os; os._exit(0)", "ended Python"),
        ("return a_x / 'a'", "(my_rnn/cell.py, line 2)"),
        (
            "from rnncore.rnn import rnn_cell as f; return f(a_x, a_h, state)",
            "the package's own rnn_cell",
        ),
    ],
)
def test_a_function_may_do_anything(tmp_path, body, says):
    folder = tmp_path / "my_rnn"
    begin(folder)
    (folder / "cell.py").write_text(
        f"def rnn_cell(a_x, a_h, state):\n    {body}\n"
    )
    (verdict,) = suite.run_tests(load(folder), folder, seconds=3)
    assert verdict.holds is False
    assert says in verdict.says


@pytest.mark.slow
def test_nothing_is_trained_with_a_wrong_function_or_a_broken_file(
    tmp_path, monkeypatch, capsys
):
    folder = tmp_path / "my_rnn"
    begin(folder)
    monkeypatch.setattr(command, "FOLDER", folder)

    def fail(*_):
        raise AssertionError("it was trained")

    monkeypatch.setattr(command, "train", fail)
    (folder / "cell.py").write_text(
        "def rnn_cell(a_x, a_h, state):\n    return (a_x + a_h,), a_x\n"
    )
    assert command.main([]) == 1
    out = capsys.readouterr().out
    assert out.startswith("Yours: 1 of 22 (rnn_cell)\n  - rnn_cell: ")
    assert "Mend rnn_cell first" in out
    (folder / "cell.py").write_text("def f(:")
    assert command.main([]) == 1
    assert "Nothing was trained" in capsys.readouterr().out


def test_a_network_that_loses_to_counting_is_told_so():
    learnt = Learnt(None, "", 4000, 4.03, 6.5, 2.82, [4.0])
    assert "lost to the 3-grams" in command._score(learnt)
    assert "lost to the 3-grams" in page._curve(learnt, "character")
    learnt = learnt._replace(bits=2.5)
    assert "lost" not in command._score(learnt)
    assert "lost" not in page._curve(learnt, "character")
    assert learnt._replace(bits=float("nan")).is_lost()


SCRIPT = """
import sys
from pathlib import Path
from rnncore.own import command
from rnncore.own.loading import load

folder = Path(sys.argv[1])
own = load(folder)
command.train(own, folder / "network.html", 2)
import rnncore.characters, rnncore.train
assert rnncore.characters.bptt is own.functions["bptt"]
assert rnncore.characters.unroll is own.functions["unroll"]
clip = own.functions["clip_by_global_norm"]
assert rnncore.train.clip_by_global_norm is clip
"""


@pytest.mark.slow
def test_the_readers_network_learns_and_its_page_stands_alone(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    page = (folder / "network.html").read_text()
    assert not re.findall(r'(?:src|href)="(?!data:|#)', page)
    assert page.count("</script>") == 1
    made = re.search(r"const NETWORK = (\{.*\});", page)
    network = json.loads(made[1])
    assert len(network["weights"]) == 5
    assert all(f"<code>{name}</code>" in page for name in TASKS)


@pytest.mark.slow
def test_a_function_that_breaks_off_training_is_named(tmp_path):
    folder = tmp_path / "my_rnn"
    begin(folder)
    path = folder / "cell.py"
    text = path.read_text().partition("\n\n\ndef")[0]
    path.write_text(
        f"{text}\n\n\ndef rnn_cell(a_x, a_h, state):\n    return a_x / 'a'\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "training broke off in my_rnn/cell.py, line 8" in run.stderr
    assert not (folder / "network.html").exists()


def test_installing_nothing_changes_nothing():
    before = course_function("unroll")
    training.install({})
    assert course_function("unroll") is before
