"""Scripts in the forms of public code: who is healthy isn't accused."""

import pytest

from tools.bench.doctor import (
    CORPUS,
    Script,
    Verdict,
    is_named,
    judge,
    make_table,
    read,
    read_all,
)

SCRIPTS = read_all()
MINIMAL = [
    "healthy/step_by_step",
    "healthy/rows_of_pictures",
    "healthy/digits_by_rows",
    "healthy/by_hand",
    "healthy/sentence_at_a_time",
    "faulty/cut_by_data",
    "faulty/column_against_row",
    "faulty/column_minus_row",
    "faulty/view_for_transpose",
    "faulty/by_hand_never_cleared",
    "faulty/copies_yesterday",
    "faulty/letters_at_random",
    "faulty/cleared_before_the_step",
    "healthy/four_halves_a_step",
]


@pytest.mark.parametrize("name", MINIMAL)
def test_a_minimal_script_of_strangers_comes_out_right(name):
    script = read(CORPUS / f"{name}.py")
    verdict = judge(script)
    assert is_named(script, verdict) if script.fault else not verdict.names


@pytest.mark.slow
@pytest.mark.parametrize(
    "script",
    [s for s in SCRIPTS if not s.fault],
    ids=lambda s: s.path.stem,
)
def test_no_healthy_script_of_the_corpus_is_accused(script):
    verdict = judge(script)
    assert verdict.failed == ""
    assert verdict.names == []


@pytest.mark.slow
def test_four_fifths_of_the_faults_are_named_with_their_line():
    tuned = [s for s in SCRIPTS if s.fault and not s.held]
    named = [is_named(s, judge(s)) for s in tuned]
    assert sum(named) >= 0.8 * len(named)


def test_the_corpus_is_what_the_page_says():
    assert len(SCRIPTS) >= 60
    healthy = [s for s in SCRIPTS if not s.fault]
    assert abs(2 * len(healthy) - len(SCRIPTS)) <= 2
    assert 3 * sum(s.held for s in SCRIPTS) >= len(SCRIPTS)
    for script in SCRIPTS:
        folder = "faulty" if script.fault else "healthy"
        assert script.path.parent.name == folder
        assert bool(script.lines) == bool(script.fault)
        code = script.path.read_text("utf-8").split('"""', 2)[2]
        assert sum(bool(line.strip()) for line in code.splitlines()) <= 40


def test_each_source_has_a_row_with_an_address():
    table = (CORPUS / "SOURCES.md").read_text("utf-8").splitlines()
    rows = {
        line.split("|")[1].strip(): line for line in table if "|" in line
    }
    for script in SCRIPTS:
        number = (
            script.path.read_text("utf-8").split("source: ")[1].split()[0]
        )
        assert "://" in rows[number]


def test_the_table_counts_accusations_and_what_is_named(tmp_path):
    path = tmp_path / "one.py"
    healthy = Script(path, "", False, frozenset())
    faulty = Script(path, "shapes", False, frozenset({3}))
    judged = [
        (healthy, Verdict(["leak"], 1, "", [])),
        (faulty, Verdict(["shapes"], 3, "", [])),
        (faulty, Verdict(["shapes"], 4, "", [])),
        (faulty, Verdict([], None, "", [])),
    ]
    row = make_table(judged, "2000-01-01").splitlines()[2]
    assert row == "| tuned on | 1 | 1 | 3 | 1 | 2 | 33% | 33% |"
