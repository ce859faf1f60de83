"""What hosts run of each proposed change, and what they show to who proposes."""

import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers import ROOT
from tools import set_up
from tools.check import subjects

TEST = ROOT / ".github/workflows/test.yml"
HOSTS = TEST, ROOT / ".github/workflows/pages.yml", ROOT / ".gitlab-ci.yml"
MAKEFILE = (ROOT / "Makefile").read_text()


def commands(value):
    """All strings of a workflow, however deep."""
    if isinstance(value, dict):
        value = value.values()
    elif isinstance(value, str):
        yield value
        return
    elif not isinstance(value, list):
        return
    for part in value:
        yield from commands(part)


@pytest.mark.parametrize("path", HOSTS, ids=lambda path: path.name)
def test_what_a_host_runs_is_there(path):
    text = "\n".join(commands(yaml.safe_load(path.read_text())))
    called = re.findall(r"^(?:.*; )?make ([a-z-]+)", text, re.MULTILINE)
    scripts = re.findall(r"^(\.ci/\w+)", text, re.MULTILINE)
    modules = re.findall(r"python -m (tools\S+)", text)
    assert called or scripts
    for target in called:
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE)
    for script in scripts:
        assert (ROOT / script).stat().st_mode & 0o100
    for module in modules:
        assert (ROOT / f"{module.replace('.', '/')}.py").exists()


def test_a_change_and_a_week_start_a_run_on_both_hosts():
    github = yaml.safe_load(TEST.read_text())
    assert {"pull_request", "schedule"} <= github[
        True
    ].keys()  # YAML's "on"
    steps = {
        name: list(commands(job["steps"]))
        for name, job in github["jobs"].items()
    }
    assert "make test" in steps["change"]
    assert ".ci/weekly" in steps["weekly"]
    gitlab = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
    for job, event, command in (
        ("test", "merge_request_event", "make test"),
        ("weekly", "schedule", ".ci/weekly"),
    ):
        rules = " ".join(commands(gitlab[job]["rules"]))
        assert f'"{event}"' in rules
        assert command in gitlab[job]["script"]


def test_both_hosts_ask_the_same():
    ours = ROOT / ".gitlab"
    change = ROOT / ".github" / "PULL_REQUEST_TEMPLATE.md"
    default = ours / "merge_request_templates" / "Default.md"
    assert change.read_text() == default.read_text()
    forms = sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.md"))
    assert len(forms) == len(list((ours / "issue_templates").iterdir())) > 0
    for form in forms:
        _, head, text = form.read_text().split("---\n")
        assert yaml.safe_load(head).keys() == {"name", "about"}
        assert text.strip() == (
            (ours / "issue_templates" / form.name).read_text().strip()
        )


def test_hooks_use_what_is_installed_for_tests():
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    (local,) = config["repos"]
    assert (
        local["repo"] == "local"
    )  # no version besides requirements/dev.txt
    for hook in local["hooks"]:
        python, option, module, *_ = hook["entry"].split()
        assert (python, option) == (".venv/bin/python", "-m")
        if module.startswith("tools."):
            assert (ROOT / f"{module.replace('.', '/')}.py").exists()


def test_a_subject_of_73_characters_is_refused(tmp_path, capsys):
    message = tmp_path / "COMMIT_EDITMSG"
    for length, status in ((72, 0), (73, 1)):
        message.write_text(f"# a comment\n\n{'x' * length}\n\n{'y' * 90}\n")
        assert subjects.main([str(message)]) == status
    assert capsys.readouterr().out.startswith("73 characters, expected at")
    message.write_text(f"Merge branch '{'x' * 80}'\n")
    assert subjects.main([str(message)]) == 0


@pytest.mark.system
def test_the_subjects_of_a_change_are_those_of_its_commits(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@localhost"]
    subprocess.run([*git, "init", "-q"], check=True)
    for subject in ("before " + "x" * 80, "good", "long " + "x" * 80):
        subprocess.run(
            [*git, "commit", "-q", "--allow-empty", "-m", subject],
            check=True,
        )
    assert subjects.main(["HEAD~2..HEAD"]) == 1
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith("85 characters")
    assert "long xx" in line
    assert subjects.main(["HEAD~2..HEAD~1"]) == 0
    assert subjects.main(["nothing..HEAD"]) == 2
    assert "nothing..HEAD" in capsys.readouterr().err


def test_a_learner_s_steps_begin_with_the_portable_set_up(monkeypatch):
    """.ci/learner.py, on the three systems, with what it starts left out."""
    job = yaml.safe_load(TEST.read_text())["jobs"]["learner"]
    assert "python .ci/learner.py" in list(commands(job["steps"]))
    systems = [s.split("-")[0] for s in job["strategy"]["matrix"]["system"]]
    assert systems == ["ubuntu", "macos", "windows"]
    assert "container" not in job
    steps = runpy.run_path(str(ROOT / ".ci" / "learner.py"))
    called = []

    def start(command, **how):
        called.append(command)
        right = "check" not in command or "return 2" in (
            Path(command[-1]).read_text("utf-8")
        )
        return subprocess.CompletedProcess(command, 0 if right else 1)

    monkeypatch.setattr(subprocess, "run", start)
    steps["main"]()
    first, *rest = called
    assert first == [sys.executable, "tools/set_up.py"]
    assert {python for python, *_ in rest} == {str(set_up.PY)}
    modules = [words[words.index("-m") + 1] for _, *words in rest]
    assert modules == [*["rnncore"] * 4, "pip", "pytest"]
    pinned = "".join(
        (ROOT / name).read_text("utf-8") for name in steps["PINS"]
    )
    assert all(f"\n{name}==" in pinned for name in steps["FOR_TESTS"])
    assert all((ROOT / path).is_file() for path in steps["TESTS"])
