"""Copies are found, also renamed ones; what all have is no evidence."""

import csv
import random
import re
import time
from itertools import chain

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from grader.assignments import builder
from grader.commands import similarity
from grader.reports.similarity import (
    WIDEST,
    Alike,
    code_prints,
    compare,
    find_alike,
    tokens_of,
)
from tests.helpers.arrays import assert_close
from tests.helpers.grading import (
    NAME,
    cell_of,
    hand_in,
    make_course,
    solved,
)

ANSWER = """
def double(x):
    # mine
    total = 0
    for step in range(len(x)):
        if x[step] > 3 and step % 2 == 0:
            total += x[step] * 2 - step
        elif x[step] < -3:
            total -= abs(x[step]) ** 2 + 1
        else:
            total = max(total, x[step] / 4)
    return [value * 2 for value in x], total
"""
RENAMED = (
    ANSWER.replace("total", "summe")
    .replace("step", "i")
    .replace("# mine", "# my very own idea")
    .replace("3", "7")
)
OTHER = """
def double(x):
    import numpy as np
    values = np.asarray(x, dtype=float)
    kept = np.where(values > 0, values, np.zeros_like(values))
    scale = np.sqrt((kept ** 2).mean(axis=-1, keepdims=True))
    return np.concatenate([kept / scale, values[::-1]], axis=0).tolist()
"""


def notebook(*sources):
    return new_notebook(cells=[new_code_cell(s) for s in sources])


def test_a_renamed_copy_is_found_and_another_answer_is_not():
    class_ = {"ann": ANSWER, "bob": RENAMED, "cy": OTHER}
    made = {who: notebook(text) for who, text in class_.items()}
    (pair,) = compare(made, [])
    assert (pair.learners, pair.kind) == (("ann", "bob"), "code")
    assert pair.share == 1


def test_what_the_assignment_gives_is_no_evidence():
    made = {who: notebook(ANSWER) for who in ("ann", "bob")}
    assert compare(made, [notebook(ANSWER)]) == []


def test_what_many_have_is_no_evidence():
    made = {f"s{i}": notebook(ANSWER) for i in range(40)}
    assert compare(made, []) == []


def test_a_ring_of_copies_is_a_group_and_no_pairs():
    """Four of twelve are more than chance, and fewer than half."""
    ring = {f"r{i}": notebook(ANSWER, OTHER) for i in range(4)}
    rest = {
        f"s{i}": notebook(f"x = {'f(' * i}{'+ a.b[1] * ' * 20} 1{')' * i}")
        for i in range(8)
    }
    (found,) = compare(ring | rest, [])
    assert (found.learners, found.share) == (("r0", "r1", "r2", "r3"), 1)
    assert found.shared >= 8


def test_a_ring_in_which_each_wrote_a_task_alone_is_a_group():
    made = {
        f"r{i}": {
            100 * (t if t != i else 50 + i) + k
            for t in range(5)
            for k in range(9)
        }
        for i in range(5)
    }
    rest = {
        f"s{i}": {10**5 + 50 * i + k for k in range(45)} for i in range(25)
    }
    (found,) = find_alike(made | rest, set(), "code")
    assert (found.learners, found.share) == (tuple(made), 0.8)


def find_shared(*passages, others=""):
    """What is found where each passage is had by the learners it names."""
    class_ = {who: set() for who in [*others, *chain(*passages)]}
    for number, learners in enumerate(passages):
        for who in learners:
            class_[who].add(number)
    return find_alike(class_, set(), "words")


def test_half_of_a_class_is_a_group_and_more_are_not():
    passages = [*["abcd"] * 4, "abc", "abd"]
    group = Alike((*"abcd",), "words", 4 / 5, 4)
    assert find_shared(*passages, others="wxyz") == [group]
    assert find_shared(*passages, others="xyz") == []


def test_those_with_whom_one_of_them_shares_enough_are_a_group():
    """Half of what each has: 6 of 12. Two of the others share but 4."""
    shared = ["abcd", "abce", "acde", "bcde"] * 2
    alone = [*"abde" * 6, *"c" * 4]
    found = find_shared(*shared, *alone, others="vwxyz")
    assert found == [Alike((*"abcde",), "words", 8 / 12, 6)]


def test_so_few_as_are_listed_in_pairs_are_no_group():
    """a, b and c share enough, but d and e, whom a is near, not with them."""
    assert find_shared(*["abcd", "abce", "adwx", "aeyz"] * 2) == []


def test_a_passage_that_too_many_have_makes_no_group_of_its_learners():
    for size, found in ((WIDEST + 1, 1), (WIDEST + 2, 0)):
        ring = [chr(1000 + k) for k in range(size)]
        rest = [chr(2000 + k) for k in range(size)]
        passages = [[*ring[:k], *ring[k + 1 :]] for k in range(4)]
        assert len(find_shared(*passages * 4, others=rest)) == found


def test_usual_ways_to_answer_are_no_group():
    """Each of thirty takes one of four ways in each of five tasks."""
    rng = random.Random(0)
    made = {
        f"s{i}": {
            100 * t + 10 * way + k
            for t in range(5)
            for way in [rng.randrange(4)]
            for k in range(9)
        }
        | {10**5 + 10 * i + k for k in range(6)}
        for i in range(30)
    }
    found = find_alike(made, set(), "code")
    assert [one for one in found if len(one.learners) > 2] == []


def test_what_others_have_too_takes_nothing_from_a_group():
    ring = {f"r{i}": notebook(ANSWER, RENAMED) for i in range(5)}
    rest = {f"s{i}": notebook(OTHER) for i in range(12)}
    (found,) = compare(ring | rest, [])
    assert found.learners == tuple(ring)


@pytest.mark.parametrize(
    "first",
    [
        "!true '''",
        "%%time",
        "%matplotlib 'inline",
        "(",
        "'''",
        "$",
        "  x\n y",
    ],
)
def test_a_first_line_that_is_no_python_blinds_nothing(first):
    made = {
        "ann": notebook(ANSWER),
        "bob": notebook(f"{first}\n{RENAMED}"),
        "cy": notebook(OTHER),
    }
    (pair,) = compare(made, [])
    assert pair.learners == ("ann", "bob")
    assert pair.share > 0.7


@pytest.mark.parametrize(
    ("source", "left"),
    [
        ("%matplotlib inline\nx = 1", "name = 0"),
        ("if x:\n    !ls -l\n    ?print\n    y = 1", "if name : name = 0"),
        (
            "x = a.b + 2 + 3 + 4\n'''\ny = 5",
            "name = name . b + 0 + 0 + 0 name = 0",
        ),
        (
            "if x:\n    y = 1\n  z = 2\nw",
            "if name : name = 0 name = 0 name",
        ),
        ("0 + x", "name"),
        ("'''\n(x)", "name"),
    ],
)
def test_all_lines_count_but_commands_and_what_cannot_be_read(source, left):
    assert tokens_of(source) == left.split()


@pytest.mark.parametrize(
    "written",
    [
        "return [(value) * (2) for value in (x)], (total)",
        "return ([1 * (value * 2) for value in x], +total)",
        "return (([((value)) * 2 for value in x]), total + 0)",
    ],
)
def test_parentheses_and_operands_that_change_nothing_hide_nothing(written):
    plain = "return [value * 2 for value in x], total"
    assert plain in ANSWER
    hidden = tokens_of(ANSWER.replace(plain, written))
    assert hidden == tokens_of(ANSWER)


def test_parentheses_of_a_call_count():
    assert tokens_of("f(x)(y)[0](z)") == [
        *("name", "(", "name", ")", "(", "name", ")", "[", "0", "]"),
        *("(", "name", ")"),
    ]
    assert tokens_of(") + (x) )") == [")", "+", "name", ")"]


def test_a_copied_passage_is_found_in_longer_notebooks():
    made = {
        "ann": notebook(ANSWER, OTHER),
        "bob": notebook(RENAMED, "import math\n" * 3),
    }
    (pair,) = compare(made, [])
    assert_close(pair.share, 1)


def test_answers_in_words_are_compared():
    text = "The gradient fades because each step multiplies it by less than one, and so"
    first, second = solved(), solved()
    cell_of(first, "why").source = f"Well. {text}"
    cell_of(second, "why").source = f"{text} on."
    pairs = compare({"ann": first, "bob": second}, [])
    assert "words" in {pair.kind for pair in pairs}


@pytest.mark.parametrize("source", ["", "def f(:", "'''open", "x = \x00"])
def test_what_cannot_be_read_is_no_reason_to_stop(source):
    tokens_of(source)
    assert compare({"a": notebook(source), "b": notebook(source)}, []) == []


@pytest.mark.parametrize(
    "line", ["if 1:\n    x\n  y\n", "x = (\n", "'''\n\"\"\"\n"]
)
def test_code_that_cannot_be_read_takes_time_in_proportion(line):
    """Eight times as much: not 64 times as long."""
    took = []
    for n in (1500, 12_000):
        began = time.process_time()
        tokens_of(n * line)
        took.append(time.process_time() - began)
    assert took[1] < 24 * took[0]


def test_more_than_is_compared_is_named_and_the_rest_compared(
    course, capsys
):
    for who in ("ann", "bob"):
        path = hand_in(course, who, answered(ANSWER))
        (path.parent / "x.py").write_text("if 1:\n    x\n  y\n" * 10**5)
    hand_in(course, "cy", answered("x = 1\n" * 10**6))
    assert similarity.main(["--root", str(course)]) == 0
    said = capsys.readouterr()
    assert [(row["learner"], row["other"]) for row in rows(course)] == [
        ("ann", "bob")
    ]
    for file in ("ann: x.py", "bob: x.py", "cy: demo.ipynb"):
        assert f"{file}: not compared" in said.err


def test_the_larger_class_takes_time_in_proportion():
    prints = {
        f"s{i}": set(range(i * 50, i * 50 + 100)) for i in range(3000)
    }
    assert len(find_alike(prints, set(), "code")) == 2999


def test_the_command_writes_the_pairs(tmp_path, capsys):
    root = make_course(tmp_path)
    for who, text in (("ann", ANSWER), ("bob", RENAMED), ("cy", OTHER)):
        made = solved()
        cell_of(made, "double").source = text
        hand_in(root, who, made)
    hand_in(root, "dan", "not json")
    assert similarity.main(["--root", str(root)]) == 0
    assert f"{NAME}: ann and bob" in capsys.readouterr().out
    lines = (root / "grading" / "similarity.csv").read_text().splitlines()
    assert lines[1].startswith(f"{NAME},ann,bob,code,1.00")
    assert len(lines) == 2


def answered(text):
    made = solved()
    cell_of(made, "double").source = text
    return made


@pytest.fixture
def course(tmp_path):
    return make_course(tmp_path / "course")


def rows(root):
    with (root / "grading" / "similarity.csv").open() as file:
        return [*csv.DictReader(file)]


def test_blank_notebooks_are_not_alike(course):
    """The release is known text; it is longer than four passages."""
    source = course / "grading" / "source" / NAME / f"{NAME}.ipynb"
    made = nbformat.read(source, as_version=4)
    body = ANSWER.replace("def double(x):\n", "")
    text = (
        f"{ANSWER.replace('double', 'given')}\n\ndef double(x):\n"
        f"    ### BEGIN SOLUTION\n{body}\n    ### END SOLUTION"
    )
    cell_of(made, "double").source = text
    nbformat.write(made, source)
    stub = text.split("    ### BEGIN")[0] + (
        "    # YOUR CODE HERE\n    raise NotImplementedError()"
    )
    for who in ("ann", "bob"):
        hand_in(course, who, answered(stub))
    assert similarity.main(["--root", str(course)]) == 0
    assert rows(course) == []


def test_files_beside_the_notebook_are_read(course):
    hand_in(course, "ann", answered(ANSWER))
    moved = answered("from mine import double")
    path = hand_in(course, "bob", moved)
    (path.parent / "mine.py").write_text(RENAMED)
    path = hand_in(course, "cy", moved)
    other = nbformat.writes(notebook(RENAMED))
    (path.parent / "draft.ipynb").write_text(other)
    (path.parent / "broken.ipynb").write_text("{")
    similarity.main(["--root", str(course)])
    pairs = {(row["learner"], row["other"]) for row in rows(course)}
    assert {("ann", "bob"), ("ann", "cy"), ("bob", "cy")} == pairs


def test_an_earlier_class_is_compared_with_this_one_only(course, tmp_path):
    earlier = make_course(tmp_path / "2025")
    for who in ("dan", "eve"):
        hand_in(earlier, who, answered(RENAMED))
    hand_in(course, "ann", answered(ANSWER))
    hand_in(course, "bob", answered(OTHER))
    folder = earlier / "grading" / "submitted"
    assert (
        similarity.main(["--root", str(course), "--with", str(folder)]) == 0
    )
    pairs = {(row["learner"], row["other"]) for row in rows(course)}
    assert {who for pair in pairs for who in pair} == {
        "ann",
        f"{folder}/dan",
        f"{folder}/eve",
    }
    assert (f"{folder}/dan", f"{folder}/eve") not in pairs


def test_a_folder_without_submissions_is_refused(course, tmp_path, capsys):
    for path in (tmp_path / "nothing", tmp_path):
        command = ["--root", str(course), "--with", str(path)]
        assert similarity.main(command) == 2
        assert str(path) in capsys.readouterr().err


def test_the_answers_stand_side_by_side(course):
    nasty = ANSWER + "    # <script>alert(1)</script>\n"
    hand_in(course, "ann", answered(nasty))
    hand_in(course, "bob", answered(RENAMED))
    similarity.main(["--root", str(course)])
    page = (course / "grading" / "similarity.html").read_text()
    assert "<script" not in page
    marked = set(re.findall("<mark>(.*?)</mark>", page))
    assert "        if x[step] &gt; 3 and step % 2 == 0:" in marked
    assert "        if x[i] &gt; 7 and i % 2 == 0:" in marked
    assert "def triple(x):" in page


@pytest.mark.slow
def test_the_courses_own_tasks_are_long_enough_for_it():
    for name in builder.list_assignments():
        cells = builder.read(name).of("solution").values()
        assert len(code_prints(notebook(*(c.source for c in cells)))) > 30
