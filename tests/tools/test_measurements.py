"""The file of measurements, and the command that trains."""

import importlib
import json
import shlex
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

import tools
from tools import measurements
from tools.train import __main__ as train_command
from tools.train import runner


def test_writers_at_the_same_time_lose_nothing(tmp_path):
    path = tmp_path / "measurements.json"

    def write(k):
        measurements.record(
            {f"key.{k}": k}, unit="1", seed=k, command="none", path=path
        )

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    known = measurements.read(path)
    assert {key: e["value"] for key, e in known.items()} == {
        f"key.{k}": k for k in range(40)
    }


def test_a_measurement_says_all_that_is_needed_to_repeat_it(tmp_path):
    path = tmp_path / "measurements.json"
    about = {"unit": "s", "seed": 3, "command": "make bench"}
    measurements.record({"a": 1.5}, **about, path=path)
    measurements.record({"a": 2.5, "b": [1]}, **about, path=path)
    known = measurements.read(path)
    assert known["a"]["value"] == 2.5
    assert set(known["b"]) == {
        "value",
        "unit",
        "seed",
        "device",
        "command",
        "date",
    }
    assert list(json.loads(path.read_text())) == ["a", "b"]


def test_seeds_are_kept_beside_those_that_were_there(tmp_path):
    path = tmp_path / "measurements.json"
    for values in {2: 0.2, 0: 0.0}, {1: 0.1, 2: 0.5}:
        measurements.keep_seeds("a", values, "s", "make bench", path)
    (entry,) = measurements.read(path).values()
    assert (entry["seed"], entry["value"]) == ([0, 1, 2], [0.0, 0.1, 0.5])
    assert (entry["unit"], entry["command"]) == ("s", "make bench")


def test_nothing_is_known_before_the_first_measurement(tmp_path):
    assert measurements.read(tmp_path / "measurements.json") == {}


def test_a_folder_has_a_file_for_each_page(tmp_path):
    values = {"lags.copy.50": 1, "text.words-apart.order": 2, "times.x": 3}
    about = {"unit": "s", "seed": 3, "command": "make bench"}
    measurements.record(values, **about, path=tmp_path)
    names = ["ch05_long_lags.json", "ch10_language.json", "readme.json"]
    assert sorted(p.name for p in tmp_path.iterdir()) == names
    known = measurements.read(tmp_path)
    assert {key: entry["value"] for key, entry in known.items()} == values


def test_every_measurement_is_in_the_file_of_a_page_that_reads_it():
    book = measurements.PATH.parent
    for path in measurements.PATH.glob("*.json"):
        known = measurements.read(path)
        assert {measurements.find_page(key) for key in known} == {path.stem}
        if path.stem != measurements.README:
            text = (book / f"{path.stem}.md").read_text()
            assert f"measurements/{path.stem}.json" in text or (
                f'"{path.stem}"' in text
            )


def toy(name, seed, asked):
    """A run that finds how many steps it was given."""
    yield from runner.list_measurements(
        f"toy.{name}",
        {"": (asked.steps or 9) + seed / 10, "seed": seed},
        "steps",
    )


TOY = runner.Training(
    "toy", "Toys.", {f"one.{k}": partial(toy, f"one.{k}") for k in "abc"}
)


def train(path, words):
    """Run the toys; what is recorded."""
    runner.main(TOY, [*words.split(), "--path", str(path)])
    return measurements.read(path)


def test_runs_are_recorded_with_a_value_for_each_seed(tmp_path):
    found = train(tmp_path / "m.json", "--seeds 1 0 --steps 3")
    keys = {f"toy.one.{k}" for k in "abc"}
    assert set(found) == keys | {f"{key}.seed" for key in keys}
    assert found["toy.one.b"]["value"] == [3.0, 3.1]
    assert found["toy.one.b"]["seed"] == [0, 1]


def test_a_check_trains_and_writes_nothing(tmp_path, capsys):
    path = tmp_path / "m.json"
    assert train(path, "--check") == {}
    assert not path.exists()
    assert "toy.one.a: 20.0" in capsys.readouterr().out


def test_what_is_recorded_is_not_trained_again_where_it_is_missing(
    tmp_path,
):
    path = tmp_path / "m.json"
    train(path, "one.a --steps 3 --seeds 0")
    found = train(path, "one.a --steps 5 --missing --seeds 0 1")
    assert found["toy.one.a"]["value"] == [3.0, 5.1]
    assert found["toy.one.a"]["seed"] == [0, 1]
    found = train(path, "--steps 7 --missing --seeds 0 1")
    assert found["toy.one.a"]["value"] == [3.0, 5.1]
    assert found["toy.one.c"]["value"] == [7.0, 7.1]


def test_runs_are_chosen_by_patterns_and_unknown_names_are_refused(
    tmp_path, capsys
):
    found = train(tmp_path / "m.json", "*.b --steps 2 --seeds 1")
    assert set(found) == {"toy.one.b", "toy.one.b.seed"}
    assert found["toy.one.b"]["command"] == (
        "python -m tools.train toy one.b --steps 2"
    )
    with pytest.raises(SystemExit):
        train(tmp_path / "m.json", "poems")
    told = capsys.readouterr().err
    assert "poems: expected some of one.a, one.b, one.c" in told


def test_every_command_that_is_recorded_names_a_run_that_there_is():
    folder = Path(measurements.__file__).parent / "train"
    modules = {
        path.stem: f"tools.train.{path.parent.name}.{path.stem}"
        for path in folder.glob("*/[a-z]*.py")
    }
    commands = {entry["command"] for entry in measurements.read().values()}
    trained = [c for c in commands if c.startswith("python -m tools.train")]
    assert len(trained) > 50
    for command in trained:
        name, run = shlex.split(command)[3:5]
        training = importlib.import_module(modules[name]).TRAINING
        assert run in {**training.runs, **training.studies}, command


def test_a_page_names_the_commands_of_its_numbers_by_file():
    found = train_command.find_commands("ch05_clipping")
    assert found == {
        "tools/train/ch05/clipping.py": [
            "python -m tools.train clipping adam",
            "python -m tools.train clipping memory",
        ]
    }


@pytest.mark.parametrize("page", ["capstone", "ch05_clipping"])
def test_a_name_alone_lists_a_page_also_if_a_training_has_it(
    page, monkeypatch, capsys
):
    monkeypatch.setattr("sys.argv", ["tools.train", page])
    monkeypatch.setattr(
        train_command.runner, "main", lambda *_: pytest.fail("trained")
    )
    train_command.main()
    listed = capsys.readouterr().out
    for file, commands in train_command.find_commands(page).items():
        assert file in listed
        assert all(command in listed for command in commands)


def test_a_training_with_a_pages_name_runs_with_further_arguments(
    monkeypatch,
):
    started = []
    monkeypatch.setattr("sys.argv", ["tools.train", "capstone", "adding"])
    monkeypatch.setattr(
        train_command.runner, "main", lambda *given: started.append(given)
    )
    train_command.main()
    [(training, options)] = started
    assert training.name == "capstone"
    assert options == ["adding"]


def test_a_page_without_stored_numbers_is_told_as_such(monkeypatch):
    monkeypatch.setattr("sys.argv", ["tools.train", "ch06_lstm"])
    with pytest.raises(SystemExit, match=r"ch06_lstm: .*no stored numbers"):
        train_command.main()


def test_a_name_of_nothing_is_answered_by_the_known_ones(monkeypatch):
    monkeypatch.setattr("sys.argv", ["tools.train", "ch06"])
    with pytest.raises(SystemExit, match=r"training or a page: .*an4"):
        train_command.main()


def test_a_training_lies_under_the_chapter_whose_numbers_it_makes():
    served = defaultdict(set)
    for page in measurements.PAGES:
        for file in filter(None, train_command.find_commands(page)):
            served[file].add(page.partition("_")[0])
    modules = train_command.known_trainings().values()
    assert {f.replace("/", ".") for f in served} == {
        f"{m}.py" for m in modules
    }
    for file, (chapter, *others) in served.items():
        assert Path(file).parent.name == ("shared" if others else chapter)


@pytest.mark.parametrize("page", sorted(measurements.PAGES))
def test_every_page_of_measurements_finds_how_they_are_made(page):
    found = train_command.find_commands(page)
    listed = {
        command for commands in found.values() for command in commands
    }
    known = measurements.read(measurements.PATH / f"{page}.json").values()
    assert listed == {entry["command"] for entry in known}
    for file in filter(None, found):
        assert (tools.ROOT / file).is_file()


def test_the_command_lists_them(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["train", "ch05_clipping"])
    train_command.main()
    first, *commands = capsys.readouterr().out.splitlines()
    assert first == "tools/train/ch05/clipping.py"
    assert commands[0] == "    python -m tools.train clipping adam"


def test_a_name_that_is_no_training_and_no_page_is_refused(monkeypatch):
    monkeypatch.setattr("sys.argv", ["train", "ch99_none"])
    with pytest.raises(SystemExit, match="ch05_clipping"):
        train_command.main()
