"""Sample answers: the archive, and what the tests tell about them."""

import gzip
import sys

import numpy as np
import pytest

from grader.assignments.calling import calls
from grader.assignments.samples import coverage, sample_answers
from grader.assignments.samples.sample_answers import SampleAnswer
from grader.assignments.source import list_assignments, read
from rnncore.testing.failure import Failure
from rnncore.testing.fingerprints import Seen, fingerprint_of

TASK = "def tick():\n    return 3"
RECORD = (
    '{"assignment": "x", "task": "tick", "label": "in haste", '
    '"named": "late", "source": "pass"}'
)


@pytest.mark.weekly
@pytest.mark.parametrize("name", list_assignments())
def test_the_guides_table_says_what_the_tests_tell_now(name):
    answers = sample_answers.read_answers(name)
    judged = list(coverage.judge_answers(read(name), answers))
    assert coverage.format_row(name, judged) in coverage.TABLE.read_text()
    assert list(coverage.find_unfair(judged)) == []


def test_the_causes_of_each_assignment_are_measured_and_none_is_false():
    rows = coverage.read_rows()
    assert (
        list(rows) == sample_answers.list_answered() == list_assignments()
    )
    assert {int(line.split("|")[9]) for line in rows.values()} == {0}


def test_the_first_run_stands_beside_todays_shares():
    first = coverage.read_first_run()
    for name, row in coverage.read_rows().items():
        wrong, helped = first.get(name, (0, 0))
        due = f"{helped / wrong:.0%} of {wrong}" if wrong else "–"
        assert row.split("|")[8].strip() == due


def test_the_archive_gives_back_what_was_written(tmp_path):
    answers = [
        SampleAnswer("x", "tick", "in haste", "late", TASK),
        SampleAnswer("y", "tock", "right, “quoted”", "", 'a = "#\\n"'),
    ]
    archive = tmp_path / "answers.jsonl.gz"
    sample_answers.write_answers(answers, archive)
    assert sample_answers.read_answers(archive=archive) == answers
    assert sample_answers.read_answers("y", archive) == answers[1:]
    written = archive.read_bytes()
    sample_answers.write_answers(answers, archive)
    assert archive.read_bytes() == written  # no time in it


def test_the_archive_is_in_the_courses_order():
    answers = sample_answers.read_answers()
    found = [answer.assignment for answer in answers]
    assert found == sorted(found, key=list_assignments().index)
    keys = [(a.assignment, a.task, a.label) for a in answers]
    assert len({*keys}) == len(keys)


@pytest.mark.parametrize(
    "wrong",
    [
        RECORD.replace('"named"', '"called"'),
        RECORD.replace('"named": "late", ', ""),
        RECORD.replace('"late"', "3"),
        RECORD[:-1],
        "[3]",
    ],
)
def test_a_record_without_its_fields_is_named_by_its_line(tmp_path, wrong):
    archive = tmp_path / "answers.jsonl.gz"
    archive.write_bytes(gzip.compress(f"{RECORD}\n{wrong}\n".encode()))
    expected = (
        r"answers.jsonl.gz:2: expected texts assignment, task, .*, got '"
    )
    with pytest.raises(ValueError, match=expected):
        sample_answers.read_answers(archive=archive)


def test_every_answer_survives_an_export_and_an_import(
    tmp_path, monkeypatch, capsys
):
    answers = sample_answers.read_answers()
    monkeypatch.setattr(
        sample_answers,
        "write_answers",
        lambda new: written.append(list(new)),
    )
    written = []
    file = tmp_path / "answers.py"
    for name in list_assignments():
        for way in "--export", "--import":
            monkeypatch.setattr(
                sys, "argv", ["samples", name, way, str(file)]
            )
            sample_answers.main()
    assert written == [answers] * len(list_assignments())
    assert "answers to ch01_sequences are in" in capsys.readouterr().out


def test_imported_answers_replace_those_of_their_assignment(monkeypatch):
    new = [SampleAnswer("ch03_bptt", "bptt", "in haste", "", TASK)]
    found = sample_answers.replace_answers("ch03_bptt", new)
    others = [a for a in found if a.assignment != "ch03_bptt"]
    assert [a for a in found if a.assignment == "ch03_bptt"] == new
    assert others == [
        a
        for a in sample_answers.read_answers()
        if a.assignment != "ch03_bptt"
    ]
    order = [a.assignment for a in found]
    assert order == sorted(order, key=list_assignments().index)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"# %% tick\n{TASK}\n", "how it came about, got 'tick' above"),
        (f"# %%\n{TASK}\n", "how it came about, got '' above 'def tick"),
        ("# %% [markdown]\n# Notes\n", "got '.markdown.' above '# Notes"),
        (f"{TASK}\n", "how it came about, got 'def tick"),
    ],
)
def test_a_heading_says_how_an_answer_came_about(text, expected):
    with pytest.raises(ValueError, match="x: expected # %% .*" + expected):
        sample_answers.parse_cells("x", text)


def test_a_heading_says_which_mistake_an_answer_makes():
    text = (
        f"# %% tick: d[j, i] in haste [makes: late]\n{TASK}\n\n"
        f"# %% tick: d[j, i]\n{TASK}\n"
    )
    assert sample_answers.parse_cells("x", text) == [
        SampleAnswer("x", "tick", "d[j, i] in haste", "late", TASK),
        SampleAnswer("x", "tick", "d[j, i]", "", TASK),
    ]


def test_an_answer_to_no_task_is_told():
    answer = SampleAnswer("ch03_bptt", "tick", "hasty", "", TASK)
    with pytest.raises(ValueError, match="ch03_bptt has no task tick"):
        list(coverage.judge_answers(read("ch03_bptt"), [answer]))


@pytest.mark.slow
def test_an_answer_that_draws_is_judged_on_the_same_draw():
    draws = "random.random(), np.random.rand(), float(torch.rand(1))"
    source = (
        "import random\n\nimport numpy as np\nimport torch\n\n\n"
        f"def ceiling_cell(*args, **kwargs):\n    raise ValueError({draws})"
    )
    answer = SampleAnswer(
        "ch02_cell", "ceiling_cell", "at random", "", source
    )
    one, two = (
        list(coverage.judge_answers(read("ch02_cell"), [answer]))
        for _ in range(2)
    )
    assert "0.84" in one[0].message  # what Python draws after seed 0
    assert one == two


@pytest.mark.parametrize(
    ("failures", "kind"),
    [
        ([Failure(about="value"), Failure(mistake="d_x lost")], "named"),
        ([Failure(about="value"), Failure()], "numbers"),
        ([Failure(about="value", why="T is one longer")], "clear"),
        ([Failure(about="value", changed="state.0")], "clear"),
        ([Failure(about="value"), Failure(about="shape")], "clear"),
        ([Failure(kind="TypeError", got="no number")], "clear"),
    ],
)
def test_what_helps_a_learner_is_told_from_numbers(failures, kind):
    assert coverage.classify(failures) == kind


def _calls(*results, right=(1.0, 2.0)):
    due = fingerprint_of(
        Seen(tuple(np.full(3, a) for a in right), [], None)
    )
    return [
        [
            calls.Call(
                fingerprint_of(
                    Seen(None, [], result)
                    if isinstance(result, Exception)
                    else Seen(
                        tuple(np.full(3, a) for a in result), [], None
                    )
                ),
                due,
            )
        ]
        for result in results
    ]


@pytest.mark.parametrize(
    ("mine", "its", "holds"),
    [
        ([(1.0, 5.0), (1.0, 6.0)], [(1.0, 5.0), (1.0, 6.0)], True),
        ([(1.0, 5.0), (1.0, 6.0)], [(1.0, 5.0), (1.0, 2.0)], False),
        ([(5.0, 7.0)], [(5.0, 2.0)], True),  # another mistake beside it
        ([(5.0, 2.0)], [(1.0, 5.0)], False),
        ([(5.0, 2.0), IndexError()], [(5.0, 2.0), TypeError()], True),
        ([(5.0, 2.0), IndexError()], [(5.0, 2.0), (1.0, 2.0)], False),
    ],
)
def test_a_cause_is_false_where_the_results_speak_against_it(
    mine, its, holds
):
    assert calls.is_same_mistake(_calls(*mine), _calls(*its)) is holds
