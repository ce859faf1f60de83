"""make own: the package's tests, training and a page, with the reader's."""

import json
import re
import subprocess
import sys

import pytest

from grader import ROOT
from rnncore.own import command, suite
from rnncore.own.loading import Own, load
from rnncore.own.tasks import TASKS, begin, course_function
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


def test_nothing_written_needs_no_test():
    assert suite.run_tests({}, ROOT).startswith("no test was run")


@pytest.mark.slow
def test_the_packages_tests_hold_for_what_is_solved(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    own = load(folder)
    chosen = ("unroll", "bptt", "lstm_cell_vjp", "global_norm")
    said = suite.run_tests(
        {name: own.functions[name] for name in chosen}, folder
    )
    assert re.search(r"\b\d+ passed", said), said


@pytest.mark.slow
def test_the_packages_tests_find_a_wrong_function(tmp_path):
    folder = solve(tmp_path / "my_rnn")
    path = folder / "lstm.py"
    path.write_text(path.read_text().replace("d_f = d_c", "d_f = -d_c"))
    own = load(folder)
    chosen = {"lstm_cell_vjp": own.functions["lstm_cell_vjp"]}
    said = suite.run_tests(chosen, folder)
    assert "test_one_step_back_by_hand" in said, said


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
    suite.install(Own({}, []).functions)
    assert course_function("unroll") is before
