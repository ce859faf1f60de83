"""An assignment of which a course has some tasks."""

import pytest

from grader.assignments import builder, selection, source
from grader.course.course_file import CourseFile
from grader.course.course_reader import read_course_file

WHOLE = source.read("ch02_cell")


def headings(assignment):
    return [
        line
        for cell in assignment.cells
        if cell.kind == "text"
        for line in cell.source.splitlines()
        if line.startswith("## ")
    ]


def test_the_chosen_tasks_stay_with_what_stands_above_the_first():
    cut = selection.select_tasks(WHOLE, [3, 5])
    found = headings(cut)
    assert found[0] == "## Imports, and where to compute"
    tasks = [line for line in found if line.startswith("## Task")]
    assert [line[:9] for line in tasks] == ["## Task 3", "## Task 5"]
    assert not any("hunt" in line or "words" in line for line in found)
    assert set(cut.of("test")) == set(cut.of("solution"))
    assert len(cut.of("solution")) == 2
    whole = {cell.source for cell in WHOLE.cells if cell.kind != "text"}
    assert {c.source for c in cut.cells if c.kind != "text"} <= whole


def test_the_head_says_its_own_minutes_points_and_tasks():
    cut = selection.select_tasks(WHOLE, [3, 5])
    head = cut.cells[0].source
    points = sum(
        int(cell.options["points"]) for cell in cut.of("test").values()
    )
    minutes = selection.OPENING + 25 + 20
    assert f"*About {minutes} minutes, {points} points.*" in head
    assert "- Task 3: sequences of different lengths\n" in head
    assert "core" not in head
    assert "Chapter" not in head
    assert "| $W_h$" in head or "W_h" in head  # the table of letters
    assert selection.count_minutes(cut.cells) == minutes


def test_a_task_that_is_not_there_is_refused():
    with pytest.raises(
        ValueError, match="expected some of 1, 2, 3, 4, 5, got 9"
    ):
        selection.select_tasks(WHOLE, [3, 9])


def test_a_task_that_needs_one_that_goes_is_refused_by_line():
    cells = list(WHOLE.cells)
    for k, cell in enumerate(cells):
        if cell.kind == "solution" and cell.name == "unroll":
            cells[k] = cell._replace(
                source=f"{cell.source}\nceiling_step\n"
            )
    (made,) = [c for c in WHOLE.cells if c.kind == "solution"][:1]
    name = made.name
    for k, cell in enumerate(cells):
        if "ceiling_step" in cell.source:
            cells[k] = cell._replace(
                source=cell.source.replace("ceiling_step", name)
            )
    with pytest.raises(
        ValueError, match=f"it uses {name}, which is defined at"
    ):
        selection.select_tasks(WHOLE._replace(cells=cells), [5])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[tasks]\nch02_cell = []\n", "numbers of tasks, such as"),
        ("[tasks]\nch02_cell = 3\n", "numbers of tasks, such as"),
        ("[tasks]\nch02_cell = [0]\n", "numbers of tasks, such as"),
        ("[tasks]\nch02_cell = [true]\n", "numbers of tasks, such as"),
        ("tasks = [1]\n", "a table of assignments"),
        ("short = 1\n", "true or false"),
    ],
)
def test_a_course_file_that_chooses_wrongly_is_refused(
    tmp_path, text, said
):
    path = tmp_path / "course.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_course_file(path)


def test_a_course_file_that_chooses_from_nowhere_is_refused(tmp_path):
    path = tmp_path / "course.toml"
    path.write_text("[tasks]\nch99_no = [1]\n")
    with pytest.raises(ValueError, match="line 2: expected one of"):
        read_course_file(path).check_assignments(["ch02_cell"])


def test_what_the_course_s_book_lacks_is_read_in_the_long_one():
    cut = selection.select_tasks(WHOLE, [3, 5])
    here = ("ch02_loop", "What must wait, and what need not")
    for sections, said in [
        (None, "on the book's page ch02_loop"),
        ({here}, "on the book's page ch02_loop"),
        (set(), "on the long book's page ch02_loop"),
    ]:
        text = "".join(
            c.source for c in builder.source_notebook(cut, sections).cells
        )
        assert said in text


def test_a_question_of_a_chapter_that_the_book_lacks_is_left_out():
    of_one = {("ch01_sequences", "How good is a guess?")}
    head = selection.drop_questions(WHOLE, of_one).cells[0].source
    assert "Chapter 0: " not in head
    assert "Chapter 1: " in head
    assert "### Before you start: a question from an earlier" in head
    none = selection.drop_questions(WHOLE, set()).cells[0].source
    assert "Before you start" not in none
    assert "<summary>" not in none
    both = {*of_one, ("ch00_backpropagation", "A product")}
    assert selection.drop_questions(WHOLE, both) == WHOLE


@pytest.mark.slow
def test_a_part_of_an_assignment_is_built_and_released(tmp_path):
    (tmp_path / "exercises").mkdir()
    builder.build(
        "ch02_cell",
        tmp_path,
        course=CourseFile(tasks={"ch02_cell": (3, 5)}),
    )
    text = (
        tmp_path / "exercises" / "ch02_cell" / "ch02_cell.ipynb"
    ).read_text()
    assert "Task 3: sequences of different lengths" in text
    assert "Task 2" not in text
    assert "BEGIN SOLUTION" not in text
