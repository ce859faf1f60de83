"""The page of the command line: all that it shows works."""

import re
import shlex
import shutil
import sys
from pathlib import Path

import pytest

from rnncore.__main__ import main
from tests.helpers.commands import (
    APPLICATIONS,
    ROOT,
    examples,
    run,
    shown_help,
)
from tests.helpers.films import draw as films
from tests.helpers.music import airs
from tests.helpers.recordings import fill
from tests.helpers.sales import sales, write

PAGE = (ROOT / "book/commands.md").read_text("utf-8")
FEW = {  # so that it takes seconds
    "text": ["--hidden", 8],
    "forecast": ["--hidden", 4],
    "music": ["--transpose", 0, "--hidden", 8],
    "translate": ["--hidden", 8, "--pieces", 260],
    "speech": ["--hidden", 8],
    "video": ["--hidden", 8],
}


@pytest.mark.weekly
def test_every_example_of_the_page_works(tmp_path, capsys, monkeypatch):
    from rnncore.comparison import ruler

    monkeypatch.setattr(ruler, "LAGS", (1, 2))
    monkeypatch.chdir(tmp_path)
    Path("book.txt").write_text(
        "The cat sat on a mat. It slept.\n" * 200, encoding="utf-8"
    )
    write(Path("sales.csv"), sales(120))
    Path("songs").mkdir()
    for k, tune in enumerate(airs(5)):
        tune.write("midi", f"songs/{k}.mid")
    shutil.copy("songs/0.mid", "tune.mid")
    pairs = "".join(f"the {k}\tder {k}\n" for k in range(40))
    Path("pairs.tsv").write_text(pairs, encoding="utf-8")
    Path("new.txt").write_text("the 3\nthe 4\n", encoding="utf-8")
    fill(Path("recordings"), 8, 4)
    shutil.copy("recordings/voice0-000.wav", "file.wav")
    films(Path("films"), ["down", "up"], 3)
    shutil.copytree("films", "told")
    table = [f"{k}/{n}.mp4\t{k}\n" for k in ("up", "down") for n in "012"]
    Path("told/captions.tsv").write_text("".join(table), encoding="utf-8")
    Path("examples").mkdir()
    shutil.copy(ROOT / "examples/my_cell.py", "examples")
    right = ROOT / "tests/rnncore/apps/diagnose/scripts/right/time_first.py"
    shutil.copy(right, "train.py")
    for line in examples(PAGE):
        words = shlex.split(line)
        if words[0] == "data":  # fetched: tests/test_data_public_store.py
            continue
        few = words[1] == "train"
        more = ["--steps", 2, *FEW[words[0]]] if few else []
        code, _, err = run(capsys, *words, *more)
        assert code == 0, (line, err)
    for name in PAGE.split():
        if name.endswith((".mid", ".svg", "ahead.csv")):
            assert Path(name).exists(), name


def test_the_page_names_every_command(capsys):
    out = shown_help(capsys)
    for name in (*APPLICATIONS, "data", "memory-ruler", "diagnose"):
        assert re.search(rf"^ +{name}\b", out, re.MULTILINE)
        assert f"| `{name}` |" in PAGE
        assert f"python -m rnncore {name}" in PAGE


@pytest.mark.parametrize("name", APPLICATIONS)
def test_a_command_needs_a_part(name, capsys):
    with pytest.raises(SystemExit) as ended:
        main([name])
    assert ended.value.code == 2
    assert "the following arguments are required: COMMAND" in (
        capsys.readouterr().err
    )


def test_every_option_says_what_it_does(capsys):
    """No option without help; options of the page exist."""
    known = set()
    data = {"data": ["list", "get", "verify"]}
    for name, parts in (APPLICATIONS | data).items():
        for part in parts:
            out = shown_help(capsys, name, part)
            known |= {
                w.strip(",[]()") for w in out.split() if w[:2] == "--"
            }
    shown = {w.strip("`(),.;:*") for w in PAGE.split()}
    options = {w for w in shown if w.startswith("--") and w != "---"}
    assert options - known - {"--help", "--quick", "--version"} == set()


def test_a_package_that_is_missing_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    (tmp_path / "book.txt").write_text("The cat sat on a mat.\n" * 200)
    words = ["--model", tmp_path / "m.safetensors", "--steps", 1]
    code, _, err = run(
        capsys, "text", "train", tmp_path / "book.txt", *words
    )
    assert code == 2
    assert (
        "text train: needs pandas: python -m pip install '.[apps]'" in err
    )


def test_the_page_is_short():
    text = re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL)
    assert len(text.split()) <= 1_800
