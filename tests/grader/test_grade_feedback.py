"""Each task's feedback: points, the code, what came, what to do now."""

import os
import re
import shutil
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
)

from grader.commands import grade
from grader.course.by_hand.regrades import Request
from grader.course.settings import Course, SetupError, load_config
from grader.course.submissions import Submission
from grader.notebook import markdown, task_texts
from grader.notebook.failures import LEFT_UNMADE
from grader.notebook.names import cell_metadata
from grader.reports import feedback
from grader.reports.changes import LATE, Told
from grader.reports.feedback import list_compared, render_page
from grader.reports.points import Row, TaskPoints
from rnncore.storage.files import CHECKS
from rnncore.testing.checks_file import pack_checks
from rnncore.testing.failure import (
    ADVICE,
    KIND_TEXTS,
    KINDS,
    Failure,
    Place,
    next_step,
)
from tests.grader.test_pictures import png
from tests.helpers.grading import (
    NEEDS_SANDBOX,
    ROOT,
    cell_of,
    hand_in,
    make_course,
    solved,
    told,
)

MISTAKE = Failure(
    about="value",
    what="d_a",
    at=(0, 1),
    expected="1.5",
    got="3 (2 of 4 entries differ)",
    all_expected="1  1.5\n2    3",
    all_got="1    3*\n2    6*",
    function="vjp",
    call="called with d_h (2, 2)",
    mistake="the slope was forgotten",
    read=Place("ch03_bptt", "Windows", "windows"),
)
CODE = "def vjp(d_h):\n    return 2 * d_h  # <i>&amp;"
WORDING = task_texts.Asked(
    "Assignment 3: `bptt`",
    {
        "vjp": task_texts.TaskText(
            "Task 1: *back*",
            "Backward through `cell`.",
            hint="Draw `a < b`.\n\n<script>alert(1)</script>",
        )
    },
)


@pytest.mark.parametrize(
    ("failure", "parts"),
    [
        (MISTAKE, ["d_a[0, 1]", "1.5", "3 (2 of 4 entries differ)"]),
        (
            Failure("TypeError", "error", "f", got="no", function="f"),
            ["f", "", "TypeError: no"],
        ),
        (
            Failure(about="shape", what="y", expected="(1,)").masked(),
            ["y", feedback.HIDDEN, feedback.HIDDEN],
        ),
        (Failure(got="y: expected 1, got 2"), []),
        (Failure(about="argument", function="f", changed="x"), []),
    ],
)
def test_a_comparison_is_shown_in_its_parts(failure, parts):
    assert [text for _, text, _ in list_compared(failure)] == parts


def shown(
    failure=None,
    *,
    site="",
    points=0.0,
    comment="",
    answers=None,
    wording=None,
    **row,
):
    task = TaskPoints("test_vjp", points, 3, False, comment, failure)
    made = Row(
        Submission("ann", "demo", None),
        "graded",
        "",
        points=points,
        of=3,
        tasks=[task],
        **row,
    )
    result = {"reason": None, "errors": [], "remarks": []}
    if answers:
        result["answers"] = answers
    where = {"vjp": Place("ch03_bptt", "Windows", "windows")}
    return render_page(made.submission, result, made, where, site, wording)


def test_a_lost_task_says_all_that_is_known():
    text = unescape(shown(MISTAKE))
    for part in (
        "<dt>Expected</dt><dd>1.5<pre>1  1.5\n2    3</pre></dd>",
        "<dt>Got</dt><dd>3 (2 of 4 entries differ)<pre>1    3*\n2    6*</pre>",
        "<dt>The call</dt><dd>vjp was called with d_h (2, 2)</dd>",
        "<dt>Mistake</dt><dd>the slope was forgotten</dd>",
        "<dt>Read again</dt><dd>Windows, chapter 3</dd>",
        "<dt>Try next</dt><dd>Fix this one mistake",
        "make check NOTEBOOK=exercises/demo",
    ):
        assert part in text
    assert re.search(r"vjp</span>\s*<span [^>]*>0 of 3 points<", text)
    assert "<a " not in text


def test_the_task_and_its_hint_stand_in_the_assignments_words():
    text = shown(MISTAKE, wording=WORDING)
    for part in (
        "<title>Assignment 3: bptt: feedback for ann</title>",
        "<h1>Assignment 3: <code>bptt</code></h1>",
        "<span>Task 1: <em>back</em></span>",
        "<p>Backward through <code>cell</code>.</p>",
        "<p>Draw <code>a &lt; b</code>.</p>",
        "&lt;script&gt;alert(1)",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("failure", "points"),
    [(None, 3.0), (None, 1.0), (Failure("NotRun", why="no"), 0.0)],
)
def test_a_hint_is_for_an_answer_that_was_found_wrong(failure, points):
    assert "Draw" not in shown(failure, points=points, wording=WORDING)


def test_the_learners_code_stands_beside_what_came():
    text = shown(MISTAKE, answers={"vjp": CODE})
    assert "<pre>def vjp(d_h):\n    return 2 * d_h  # &lt;i&gt;" in text
    assert CODE in unescape(text)
    assert '<div class="beside two">' in text


@pytest.mark.parametrize(
    ("failure", "points"),
    [(None, 3.0), (Failure("NotImplementedError"), 0.0)],
)
def test_code_with_nothing_to_say_about_is_left_out(failure, points):
    assert CODE not in unescape(
        shown(failure, points=points, answers={"vjp": CODE})
    )


def test_an_answer_in_words_stands_above_its_comment():
    text = shown(points=1.0, comment="yes", answers={"test_vjp": "so"})
    assert "<h3>Your answer</h3>" not in text  # it belongs to no test
    task = TaskPoints("why", 1.0, 2.0, False, "and why?")
    row = Row(Submission("ann", "demo", None), "graded", "", tasks=[task])
    result = {"reason": None, "errors": [], "remarks": []}
    result["answers"] = {"why": "Because <b>."}
    text = render_page(row.submission, result, row, {}, "")
    assert "<h3>Your answer</h3>\n<pre>Because &lt;b&gt;.</pre>" in text
    assert "<dd>and why?</dd>" in text


def test_every_failure_has_a_next_step():
    told = {name for name in KIND_TEXTS if name != "PartOfThePoints"}
    assert ADVICE.keys() == KINDS.keys() | told | {"PartOfThePoints"}
    assert next_step(MISTAKE).startswith("Fix this one mistake")
    wrong = MISTAKE._replace(mistake="")
    assert next_step(wrong) == ADVICE["value"]
    assert next_step(wrong.masked()).endswith(ADVICE["value"])
    assert "inputs of your own" in next_step(wrong.masked())
    small = wrong._replace(costs="sizes").masked()
    assert "one sequence" in next_step(small)
    assert next_step(Failure("KeyError", got="x")) == ADVICE["error"]


def test_a_task_with_all_points_sends_nobody_to_the_book():
    assert "Read again" not in shown(points=3.0)


def test_the_book_is_linked_where_its_address_is_known():
    text = shown(MISTAKE, site="https://rnn.example")
    link = (
        '<a href="https://rnn.example/ch03_bptt.html#windows">Windows</a>'
    )
    assert link in text


@pytest.mark.parametrize(
    ("url", "site"),
    [
        ("https://rnn.example/book/", "https://rnn.example/book"),
        ("", ""),
        ("javascript:alert(1)", None),
        ("rnn.example", None),
        ("https:///", None),
    ],
)
def test_the_books_address_is_one_that_a_browser_opens(tmp_path, url, site):
    root = make_course(tmp_path)
    (root / "course.toml").write_text(f'book_address = "{url}"\n')
    if site is not None:
        assert Course(root).book_url == site
        return
    with pytest.raises(SetupError, match="line 1: expected an address"):
        Course(root)


def test_an_answer_without_a_failure_is_sent_to_the_book_too():
    assert "<dd>Windows, chapter 3</dd>" in shown(points=1.0)


def test_a_hidden_value_is_told_to_be_one():
    text = shown(MISTAKE.masked())
    assert text.count("<dd>a value that stays hidden</dd>") == 2
    assert "<dd>1.5" not in text
    assert "2 of 4" not in text
    assert "3*" not in text
    assert "in a hidden test, whose values are not shown" in text


def test_what_a_learner_writes_is_no_html():
    script = "<script>alert(1)</script>"
    failure = MISTAKE._replace(expected="<b>1</b>", got=script)
    for text in (
        shown(failure),
        shown(Failure(got=script)),
        shown(comment=script),
        shown(MISTAKE._replace(all_got=script, all_expected="<b>")),
        shown(MISTAKE, answers={"vjp": script, "why": script}),
        shown(MISTAKE, wording=WORDING),
        render_page(
            Submission(script, "demo", None),
            {"reason": script, "errors": [script], "remarks": [script]},
            Row(Submission(script, "demo", None), "graded", ""),
            {},
            "",
        ),
    ):
        assert "<script>" not in text
        assert "<b>" not in text


def read_of(*cells, folder):
    path = folder / "demo.ipynb"
    nbformat.write(new_notebook(cells=[*cells]), path)
    return task_texts.read_tasks(path)


def answer(name, source, *, new=new_code_cell, **role):
    return new(source, metadata=cell_metadata(name, solution=True, **role))


def test_what_is_asked_is_read_from_the_release(tmp_path):
    found = read_of(
        new_markdown_cell("# Assignment 3: bptt\n\n*60 minutes*"),
        new_markdown_cell(
            "## Task 1: a way back (3 points)\n\nWrite its vjp.\n\n"
            "<details><summary>Hint 1</summary>\n\nDraw it.\n</details>\n"
            "<details><summary>Hint 2</summary>\n\nMore.\n</details>"
        ),
        new_markdown_cell("No heading."),
        answer("vjp", 'def vjp(a):\n    """Backward.\n\n    More."""'),
        new_code_cell(
            "assert vjp", metadata=cell_metadata("test_vjp", grade=True)
        ),
        answer("gap", "def gap(:"),
        new_markdown_cell(
            "## In your own words (2 points)\n\n*Core, about 15 minutes.*\n\n"
            "*Read: [Gates](x.html).*\n\nA. In\nB: c?\n\nTwo *sentences*."
        ),
        answer("why", "YOUR ANSWER", new=new_markdown_cell, grade=True),
        folder=tmp_path,
    )
    graded = task_texts.list_tasks_with_points(tmp_path / "demo.ipynb")
    assert graded == ["vjp", "why"]
    heading = "Task 1: a way back"
    assert found.title == "Assignment 3: bptt"
    assert found.tasks == {
        "vjp": task_texts.TaskText(heading, "Backward.", hint="Draw it."),
        "gap": task_texts.TaskText(heading, hint="Draw it."),
        "why": task_texts.TaskText(
            "In your own words",
            question="A. In\nB: c?\n\nTwo *sentences*.",
            minutes=15,
        ),
    }


def test_of_no_release_nothing_is_known(tmp_path):
    assert (
        task_texts.read_tasks(None)
        == task_texts.read_tasks(tmp_path / "no")
        == task_texts.Asked()
    )
    assert task_texts.list_tasks_with_points(None) == []
    assert task_texts.list_tasks_with_points(tmp_path / "no") == []
    answers = answer("vjp", "def vjp(a): return a")
    bare = read_of(answers, folder=tmp_path)
    assert bare == task_texts.Asked("", {"vjp": task_texts.TaskText()})


def test_a_task_is_told_from_the_text_right_above_it(tmp_path):
    gap = answer(
        "gap", 'x = 1\ndef f(): pass\n\n\nclass gap:\n    "A gap."'
    )
    found = read_of(
        new_code_cell("# No title\n## No task"),
        new_markdown_cell("Before it.\n\n# No first line"),
        answer("early", "YOUR ANSWER", new=new_markdown_cell),
        gap,
        new_markdown_cell("#  The title \n\n## One\n\nIt."),
        new_markdown_cell("# Another"),
        new_markdown_cell(
            "## Two\n\n<details><summary>Hint 1</summary>No.</details>\n\n"
            "### Three (1.5 points)\n\nA *list*. It is. What\nholds?\n\nAnd. More."
        ),
        new_markdown_cell("And this?"),
        answer("why", "YOUR ANSWER", new=new_markdown_cell),
        answer("more", "YOUR ANSWER", new=new_markdown_cell),
        new_markdown_cell(
            "## Kept\n\nSo?", metadata=cell_metadata("own", locked=True)
        ),
        answer("last", "YOUR ANSWER", new=new_markdown_cell),
        answer("other", "def f():\n    'Not this.'"),
        folder=tmp_path,
    )
    assert found.title == "The title"
    assert found.tasks == {
        "early": task_texts.TaskText(
            question="Before it.\n\n# No first line"
        ),
        "gap": task_texts.TaskText(line="A gap."),
        "why": task_texts.TaskText("Three", question="And this?"),
        "more": task_texts.TaskText("Three"),
        "own": task_texts.TaskText("Three"),
        "last": task_texts.TaskText("Three", question="So?"),
        "other": task_texts.TaskText("Three"),
    }


def test_a_release_that_changed_is_read_again(tmp_path):
    def of(text, moment):
        cell = new_markdown_cell(text)
        nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
        os.utime(tmp_path / "a.ipynb", (moment, moment))
        return task_texts.read_tasks(tmp_path / "a.ipynb")

    one = of("# One", 1)
    assert one.title == "One"
    assert of("# Two", 2).title == "Two"
    assert of("# Three", 2).title == "Two"  # not read: it has not changed


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "exercises").glob("*/*.ipynb")),
    ids=lambda path: path.stem,
)
def test_every_task_of_the_course_has_a_title_a_line_and_a_hint(path):
    found = task_texts.read_tasks(path)
    assert found.title
    for name, task in found.tasks.items():
        assert task.title, name
        assert 10 < len(task.line) < 300 or task.question, name
        if "words" not in task.title and path.stem != "capstone":
            assert task.hint, name


# ------------------------------------------------------------- as it is seen

WIDE = MISTAKE._replace(
    all_got="  ".join(["-0.12345*"] * 4),
    call=f"called with {'d_h (2, 2), ' * 30}",
)


@dataclass
class Demo:
    """As much of a course as the page is written from."""

    root: Path
    book_url: str = "https://rnn.example"

    @property
    def feedback(self):
        return self.root / "feedback"

    @property
    def source(self):
        return self.root / "source"

    @property
    def autograded(self):
        return self.root / "autograded"

    def released(self, name, variant=""):
        return self.root / f"{name}.ipynb"


def test_a_page_is_written_where_it_says_something_new(tmp_path):
    course, who = Demo(tmp_path), Submission("ann", "demo", None)
    (course.source / "demo").mkdir(parents=True)
    explained = (
        '{"explained": {"vjp": {"page": "intro", "title": "Words"}}}'
    )
    (course.source / "demo" / CHECKS).write_bytes(pack_checks(explained))
    read_of(
        new_markdown_cell("# The title"),
        answer("vjp", 'def vjp(a):\n    """Back."""'),
        folder=tmp_path,
    )
    result = {"reason": None, "errors": [], "remarks": []}
    row = Row(
        who, "graded", "", tasks=[TaskPoints("test_vjp", 0, 3, False)]
    )
    feedback.write_feedback(course, who, result, row)
    path = tmp_path / "feedback/ann/demo/demo.html"
    text = path.read_text("utf-8")
    assert "<title>The title: feedback for ann</title>" in text
    assert "<p>Back.</p>" in text
    assert (
        '<a href="https://rnn.example/intro.html">Words</a>, intro' in text
    )
    os.utime(path, (1, 1))
    feedback.write_feedback(course, who, result, row)
    assert path.stat().st_mtime == 1
    result["remarks"] = ["the cell \u00e9 was missing"]
    feedback.write_feedback(course, who, result, row)
    assert "the cell \u00e9 was missing" in path.read_text("utf-8")


def test_a_page_tells_what_came_in_what_changed_and_what_was_asked(
    tmp_path,
):
    course, who = Demo(tmp_path), Submission("ann", "demo", None)
    heading = new_markdown_cell("## Task 1: *back*")
    read_of(heading, answer("vjp", "def vjp(a): return a"), folder=tmp_path)
    graded = course.autograded / "ann/demo"
    graded.mkdir(parents=True)
    drawn = answer("why", "So.", new=new_markdown_cell, grade=True)
    drawn["attachments"] = {"s.png": {"image/png": png()}}
    read_of(drawn, folder=graded)
    row = Row(who, "graded", "", tasks=[TaskPoints("why", 0, 3, False)])
    result = {
        "reason": None,
        "errors": [],
        "remarks": [],
        "pictures": {"why": []},
    }
    names = ("test_vjp", LATE, "test_gone")
    history = [Told("Monday", name, "1", "3", "") for name in names]
    asked = [Request("vjp", "Why?"), Request("", "And all?", "Yes.")]
    write = (
        course,
        who,
        result,
        row,
        history,
        ["a file is missing"],
        asked,
    )
    feedback.write_feedback(*write)
    path = tmp_path / "feedback/ann/demo/demo.html"
    text = path.read_text("utf-8")
    changed = re.findall("<li>Monday, (.*): from 1 to 3</li>", text)
    title, late, gone = changed
    assert (title, gone) == ("Task 1: <em>back</em>", "gone")
    assert "late" in late
    about = re.findall(
        "<dt>(Task|You asked|Answer)</dt><dd>(.*)</dd>", text
    )
    assert about == [
        *(
            ("Task", title),
            ("You asked", "Why?"),
            ("Answer", "not answered yet"),
        ),
        *(("You asked", "And all?"), ("Answer", "Yes.")),
    ]
    assert "<pre>a file is missing</pre>" in text
    assert 'alt="your picture s.png"' in text
    del result["pictures"]
    feedback.write_feedback(*write)
    assert "your picture" not in path.read_text("utf-8")


def parts(task, answers=(), wording=WORDING, where=(), errors=()):
    result = {"answers": dict(answers), "errors": errors}
    return feedback._describe_task(task, wording, result, dict(where))


def test_a_part_of_the_page_in_its_words():
    place = Place("ch12_music", "Tunes")
    hint = WORDING.tasks["vjp"].hint
    task = TaskPoints("test_vjp", 0, 3, False, "", MISTAKE, (WIDE,))
    task.properties.update(values=[1, 2], own=[0, 1])
    made = parts(task, {"vjp": CODE}, where={"vjp": place})
    assert made == {
        "task": task,
        "cause": "",
        "failures": [MISTAKE, WIDE],
        "properties": [
            ("values", "the right values", 1, 2),
            ("own", "own", 0, 1),
        ],
        "name": "vjp",
        "in_words": False,
        "answer": CODE,
        "title": "Task 1: *back*",
        "line": "Backward through `cell`.",
        "question": "",
        "hint": hint,
        "place": MISTAKE.read,
        "chapter": "chapter 3",
    }
    made = parts(
        TaskPoints("why", 1, 2, False), {"why": "So."}, where={"why": place}
    )
    assert made == {
        "task": TaskPoints("why", 1, 2, False),
        "cause": "",
        "failures": [],
        "properties": [],
        "name": "why",
        "in_words": True,
        "answer": "So.",
        "title": "why",
        "line": "",
        "question": "",
        "hint": "",
        "place": place,
        "chapter": "chapter 12",
    }
    made = parts(TaskPoints("later", 0, 2, True))
    assert (made["in_words"], made["answer"]) == (True, "")
    assert (made["place"], made["chapter"]) == (None, "")
    assert parts(TaskPoints("test_vjp", 3, 3, False))["hint"] == ""
    assert "30 h after the due date" in shown(late=30.0)


@pytest.mark.parametrize(
    ("kind", "answer", "hint"),
    [
        ("NotImplementedError", "", True),
        ("ValueError", CODE, True),
        ("NotRun", CODE, False),
        ("NotGraded", CODE, False),
    ],
)
def test_each_kind_of_failure_has_its_answer_and_its_hint(
    kind, answer, hint
):
    made = parts(
        TaskPoints("test_vjp", 0, 3, False, "", Failure(kind)),
        {"vjp": CODE},
    )
    assert made["answer"] == answer
    assert bool(made["hint"]) is hint


OWN = "code cell 2 (def vjp(x):), line 2: SyntaxError"
LEFT = (
    f"code cell 3 (a = 1/0), line 1: ZeroDivisionError ({LEFT_UNMADE}a, b)"
)


@pytest.mark.parametrize(
    ("kind", "got", "errors", "cause"),
    [
        ("NameError", "name 'vjp' is not defined", [LEFT, OWN], OWN),
        ("NameError", "name 'a' is not defined", [LEFT], LEFT),
        ("NameError", "name 'b' is not defined", [LEFT, OWN], LEFT),
        ("NameError", "name 'bb' is not defined", [LEFT], ""),
        ("NameError", "of another kind", [LEFT, OWN], OWN),
        ("NameError", "of another kind", [LEFT], ""),
        ("NameError", "name 'vjp'", [OWN.replace("vjp", "vjps")], ""),
        ("TypeError", "name 'a' is not defined", [LEFT, OWN], ""),
    ],
)
def test_a_missing_name_is_told_with_the_error_that_left_it_unmade(
    kind, got, errors, cause
):
    task = TaskPoints("test_vjp", 0, 3, False, "", Failure(kind, got=got))
    assert parts(task, errors=errors)["cause"] == cause


def test_a_comparison_names_its_parts():
    assert list_compared(MISTAKE) == [
        ("Checked", "d_a[0, 1]", ""),
        ("Expected", "1.5", MISTAKE.all_expected),
        ("Got", MISTAKE.got, MISTAKE.all_got),
    ]
    failure = Failure("TypeError", "error", "f", function="f")
    assert list_compared(failure)[2] == ("Got", "TypeError", "")


@pytest.fixture(scope="module")
def whole_page():
    """A page with every kind of part, and texts that are hard to fit."""
    failures = [
        WIDE,
        WIDE.masked(),
        Failure("TypeError", "error", "f", got="no " * 40, function="f"),
        Failure("NotImplementedError", got="f is not written yet"),
        Failure(why="x" * 400),
    ]
    tasks = [
        TaskPoints(f"test_f{k}", 0, 3, False, "", failure)
        for k, failure in enumerate(failures)
    ]
    tasks += [
        TaskPoints("test_right", 3, 3, False),
        TaskPoints("why", 1, 2, False, "and then? " * 20),
        TaskPoints("later", 0, 2, True),
    ]
    result = {
        "reason": None,
        "errors": ["code cell 3 (x), line 1: NameError: x"],
        "remarks": ["the cell 'why' was missing: it was put back"],
        "answers": {
            "f0": CODE + "\n\treturn " + "very_long_name" * 20,
            "f1": CODE,
            "why": "Because. " * 40,
        },
    }
    row = Row(
        Submission("ann", "demo", None),
        "graded",
        "",
        points=4,
        of=22,
        penalty=1,
        late=30,
        open=True,
        tasks=tasks,
    )
    tasks = {f"f{k}": WORDING.tasks["vjp"] for k in range(len(failures))}
    wording = task_texts.Asked(
        "Assignment 3: " + "backpropagation" * 5, tasks
    )
    site = "https://rnn.example/a/long/way/to/the/book/of/the/course"
    return render_page(row.submission, result, row, {}, site, wording)


@pytest.fixture(scope="module")
def graded_page(released, tmp_path_factory):
    """The page of a notebook that was graded, with a known mistake in it."""
    name = "ch03_bptt"
    root = make_course(tmp_path_factory.mktemp("page"))
    course = released(name)
    shutil.copytree(
        course / "grading" / "source" / name,
        root / "grading" / "source" / name,
    )
    path = course / "exercises" / name / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    cell_of(notebook, "residual_cell_vjp").source = (
        "def residual_cell_vjp(d_state, r):\n"
        "    d_a = d_state[0] * (1 - r)\n"
        "    return d_a, d_a, d_state"
    )
    hand_in(root, "ann", notebook, name)
    assert grade.main(["--root", str(root)]) == 0
    page = root / "grading" / "feedback" / "ann" / name / f"{name}.html"
    return page.read_text()


@NEEDS_SANDBOX
@pytest.mark.system
def test_a_graded_page_says_all_of_a_task(browser, graded_page):
    window = browser.new_page(viewport={"width": 320, "height": 900})
    window.set_content(graded_page)
    assert window.title() == (
        "Assignment 3: backpropagation through time: feedback for ann"
    )
    assert window.evaluate("document.documentElement.scrollWidth") == 320
    task = window.locator("section").first.inner_text()
    for part in (
        "Task 1: a way past the tanh",
        "0 of 3 points",
        "Backward through residual_cell.",
        "d_a = d_state[0] * (1 - r)",
        "entries differ",
        "* differs",
        "the slope of tanh is 1 - r², not 1 - r",
        "Draw the cell: how many arrows",
        "From numbers to arrays, chapter 3",
        "Fix this one mistake",
    ):
        assert part in task
    window.close()


@pytest.fixture
def seen(browser, whole_page):
    """A function: the page in a window of a width, light or dark."""
    opened = []

    def see(width, theme):
        size = {"width": width, "height": 900}
        opened.append(browser.new_page(viewport=size, color_scheme=theme))
        opened[-1].set_content(whole_page)
        return opened[-1]

    yield see
    for page_ in opened:
        page_.close()


@pytest.mark.system
@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_everybody_can_read_the_page(seen, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    window = seen(width, theme)
    found = Axe().run(window).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    root = "document.documentElement"
    assert window.evaluate(f"{root}.scrollWidth") == width
    over = window.evaluate(
        "[...document.querySelectorAll('*')].filter(e =>"
        " e.scrollWidth > e.clientWidth + 1 && e.clientWidth)"
        ".map(e => e.outerHTML.slice(0, 99))"
    )
    assert over == []


@pytest.mark.system
def test_code_stands_beside_what_came_where_there_is_room(seen):
    def corners(width):
        parts = seen(width, "light").locator(".two").first.locator("> div")
        return [parts.nth(k).bounding_box() for k in range(2)]

    code, came = corners(1280)
    assert code["y"] == came["y"]
    assert code["x"] < came["x"]
    code, came = corners(320)
    assert code["y"] < came["y"]
    assert code["x"] == came["x"]


@pytest.mark.system
def test_the_page_prints_black_on_white_with_addresses(seen):
    window = seen(700, "dark")
    window.emulate_media(media="print")
    look = window.evaluate(
        "(s => [s.color, s.backgroundColor])(getComputedStyle(document.body))"
    )
    assert look == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    link = (
        "getComputedStyle(document.querySelector('a'), '::after').content"
    )
    assert "https://rnn.example/a/long" in window.evaluate(link)
    assert window.evaluate("document.documentElement.scrollWidth") == 700
    assert window.pdf(format="A4").startswith(b"%PDF")


@NEEDS_SANDBOX
@pytest.mark.slow
def test_the_page_of_a_broken_notebook_begins_with_the_cause(tmp_path):
    root = make_course(tmp_path)
    broken = solved()
    cell_of(broken, "double").source = "def double(x):\n    return (2 * x"
    hand_in(root, "ann", broken)
    assert grade.main(["--root", str(root)]) == 0
    page = told(root, "ann")
    at, test = (
        page.index("SyntaxError"),
        page.index("<section>\n<h2><span>"),
    )
    assert at < test
    assert (
        "code cell 2 (def double(x):), line 2: SyntaxError"
        in page[at - 60 :]
    )
    part = page[test:].split("</section>")[0]
    assert "SyntaxError" in part
    for inside in ("WireError", "LearnerError", "NameError", "was called"):
        assert inside not in page


def test_hints_are_folded_in_the_formgrader():
    config = load_config(ROOT)
    shown = config.HTMLExporter.filters["strip_files_prefix"]
    hint = "<details><summary>Hint 1</summary>\n<p>Draw it.</p></details>"
    assert shown(hint) == hint
    assert "onclick" not in shown("<details ontoggle='x()' onclick='x()'>")


def list_written(path):
    """The names of the cells with a written answer, and what the page asks."""
    found = task_texts.read_tasks(path).tasks
    cells = nbformat.read(path, as_version=4).cells
    for k, cell in enumerate(cells):
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and marks.get("solution"):
            yield cells[k - 1].source, found[marks["grade_id"]]


@pytest.mark.parametrize(
    "path",
    sorted((ROOT / "exercises").glob("*/*.ipynb")),
    ids=lambda path: path.stem,
)
def test_the_pages_show_all_of_every_written_answers_question(path):
    written = [*list_written(path)]
    assert written
    for above, task in written:
        *_, last = above.strip().split("\n\n")
        assert task.question.endswith(last)
        assert len(task.question.split()) > 30
        assert "minutes.*" not in task.question
        drawn = str(markdown.render_markdown(task.question))
        assert drawn.count("<math") == len(
            re.findall(r"\$[^$]+\$", task.question)
        )
        assert "<code>\\" not in drawn


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("$x_1 < 2$", "<msub>"),
        (r"$\text{<img>}$", "&lt;img&gt;"),
        (r"$\href{javascript:f()}{y}$", "<mi>y</mi>"),
        (r"$\frac{$", r"<code>\frac{</code>"),
        ("<script>f()</script>", "&lt;script&gt;"),
    ],
)
def test_markdown_with_formulas_holds_no_html_of_its_own(text, shown):
    drawn = str(markdown.render_markdown(text))
    assert shown in drawn
    for wrong in ("<img", "<script", "href="):
        assert wrong not in drawn
