"""One question over all learners: grouped, marked on a page, written back."""

import csv
import json
import shutil
import threading
import urllib.error
import urllib.request

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from nbgrader.api import Gradebook

from grader.commands import grade
from grader.commands.marking import Desk, main, open_server
from grader.course.gradebook import _take_over
from grader.course.settings import Course, SetupError
from grader.course.submissions import Submission
from grader.reports.marking.page import deal_out, group_answers
from grader.reports.points import Row, TaskPoints
from tests.helpers.grading import (
    NAME,
    NEEDS_SANDBOX,
    cell_of,
    hand_in,
    make_course,
    make_once,
    solved,
    told,
)

ATTACK = "</pre><script>fetch('/x')</script><img src=x onerror=alert(1)>{{ 7*7 }}"
ANSWERS = {
    "ann": "Because of  the Carousel.",
    "bob": "because of the carousel.",
    "cid": "No idea",
    "eve": ATTACK,
}


def row(who, points=0.0, is_open=True, comment=""):
    task = TaskPoints("why", points, 2.0, is_open, comment)
    return Row(Submission(who, NAME, None), "graded", "", tasks=[task])


def grouped(texts, **rows):
    answers = {who: {"why": text} for who, text in texts.items()}
    return group_answers(
        NAME, "why", [rows.get(who) or row(who) for who in texts], answers
    )


def test_answers_with_the_same_words_are_one_group_and_similar_ones_are_neighbours():
    found = grouped(
        {
            "a": "the gate is shut for good",
            "b": "nothing at all to say here",
            "c": "The gate is  shut, for good",
            "d": "the gate is\nshut for GOOD",
        }
    )
    assert [[s.learner for s in g.shown] for g in found.groups] in (
        [["a", "d"], ["c"], ["b"]],
        [["b"], ["a", "d"], ["c"]],
    )


def test_a_group_has_points_and_a_comment_if_all_of_it_have_the_same():
    texts = dict.fromkeys("ab", "x")
    same = dict.fromkeys("ab", row("a", 1.0, False, "so"))
    one = grouped(texts, **same).groups[0]
    assert (one.points, one.comment, one.open) == (1.0, "so", False)
    apart = {"a": row("a", 1.0, False, "so"), "b": row("b", 2.0, False)}
    one = grouped(texts, **apart).groups[0]
    assert (one.points, one.comment, one.open) == (None, "", False)


def test_graders_share_all_groups_and_none_twice():
    groups = grouped({str(k): f"answer {k}" for k in range(7)}).groups
    parts = [deal_out(groups, k, 3) for k in (1, 2, 3)]
    assert [group for part in parts for group in part] == groups
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def make_class(root):
    root.mkdir()
    make_course(root)
    for who, text in ANSWERS.items():
        notebook = solved()
        cell_of(notebook, "why").source = text
        hand_in(root, who, notebook)
    assert grade.main(["--root", str(root)]) == 0


@pytest.fixture
def root(tmp_path, tmp_path_factory):
    """A graded class, whose answers nobody has read."""
    made = make_once(tmp_path_factory, "marking", make_class)
    shutil.copytree(made, tmp_path / "course", symlinks=True)
    return tmp_path / "course"


@pytest.fixture
def desk(root):
    made = Desk(Course(root), NAME, None, "kim")
    yield made
    made.course.close()


@pytest.fixture
def site(desk):
    """The page's server: a function that asks it."""
    with open_server(desk) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()

        def ask(path="", data=None, address=server.address, **headers):
            request = urllib.request.Request(
                address + path,
                data if data is None else json.dumps(data).encode(),
                headers,
            )
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    return (
                        answer.status,
                        answer.read().decode(),
                        answer.headers,
                    )
            except urllib.error.HTTPError as error:
                return error.code, error.read().decode(), error.headers

        ask.server = server
        yield ask
        server.shutdown()
        thread.join()


def entered(root, who):
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        found = book.find_grade("why", NAME, NAME, who)
        comment = book.find_comment("why", NAME, NAME, who).manual_comment
        return found.manual_score, bool(found.needs_manual_grade), comment


def lines(root, name):
    with (root / "grading" / name).open(newline="") as file:
        return list(csv.DictReader(file))


def number_of(desk, who):
    return next(
        k
        for k, group in enumerate(desk.groups)
        if who in {s.learner for s in group.shown}
    )


whole = [pytest.mark.slow, NEEDS_SANDBOX]
whole.append(pytest.mark.filterwarnings("ignore:Object of type <Submitted"))
pytestmark = whole


def test_one_mark_reaches_all_who_wrote_the_same_and_their_pages(
    root, desk, site
):
    status, page, _ = site()
    assert status == 200
    assert "carousel" in page.casefold()
    asked = {
        "group": number_of(desk, "ann"),
        "points": 0.5,
        "comment": "half",
    }
    assert site("mark", asked)[0] == 200
    assert entered(root, "ann") == (0.5, False, "half")
    assert entered(root, "bob") == (0.5, False, "half")
    assert entered(root, "cid")[1]
    by = {
        (m["by"], m["learner"], m["points"])
        for m in lines(root, "marks.csv")
    }
    assert by == {("kim", "ann", "0.5"), ("kim", "bob", "0.5")}
    assert grade.main(["--root", str(root)]) == 0
    assert "half" in told(root, "bob")
    assert "A person gave these points" in told(root, "bob")


def test_a_mark_without_a_comment_leaves_the_comment(root, desk, site):
    site()
    asked = {
        "group": number_of(desk, "cid"),
        "points": 0,
        "comment": "read 6.2",
    }
    assert site("mark", asked)[0] == 200
    assert site("mark", asked | {"points": 1, "comment": None})[0] == 200
    assert entered(root, "cid") == (1, False, "read 6.2")


@pytest.mark.parametrize(
    "asked",
    [
        {"points": 1.5},
        {"points": -1},
        {"points": float("nan")},
        {"points": float("inf")},
        {"points": True},
        {"points": "1"},
        {"points": 10**400},
        {"points": 1, "comment": 3},
        {"points": 1, "comment": "x" * 6000},
    ],
)
def test_what_is_no_mark_is_refused_and_changes_nothing(
    root, desk, site, asked
):
    site()
    status, said, _ = site("mark", {"group": 0, "comment": None} | asked)
    assert status == 400
    assert "expected" in said
    assert all(entered(root, who)[1] for who in ANSWERS)
    assert not (root / "grading" / "marks.csv").exists()


def test_a_table_of_marks_in_another_form_takes_no_mark(root, desk, site):
    site()
    table = root / "grading" / "marks.csv"
    table.write_text("when;by;learner\n")  # as a spreadsheet saves it
    asked = {"group": 0, "points": 1, "comment": None}
    status, said, _ = site("mark", asked)
    assert (status, "marks.csv, line 1" in said) == (400, True)
    assert all(entered(root, who)[1] for who in ANSWERS)
    table.unlink()
    assert site("mark", asked)[0] == 200


@pytest.mark.parametrize(
    "asked", [[], 7, {"group": -1, "points": 1}, {"points": 1}]
)
def test_a_request_of_another_form_is_refused(site, asked):
    site()
    assert site("mark", asked)[0] in (400, 409)


@pytest.mark.parametrize(
    "length", ["9" * 5000, "9" * 6, "-1", "+1", "", "x"]
)
def test_a_length_that_no_mark_has_is_refused(site, length):
    asked = {"group": 0, "points": 1, "comment": None}
    lengths = {"Content-Length": length}
    assert site("mark", asked, **lengths)[0] == 413


def test_a_mark_that_another_gave_meanwhile_is_not_overwritten(
    root, desk, site
):
    site()
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        answer = book.find_grade("why", NAME, NAME, "ann")
        answer.manual_score, answer.needs_manual_grade = 1, False
        book.db.commit()
    asked = {"group": number_of(desk, "ann"), "points": 0, "comment": "no"}
    status, said, _ = site("mark", asked)
    assert (status, "ann has 1" in said) == (409, True)
    assert entered(root, "ann") == (1, False, None)
    assert entered(root, "bob")[1]  # all of a group, or none


def test_an_answer_handed_in_meanwhile_is_not_marked_as_the_old_one(
    root, desk, site
):
    site()
    number = number_of(desk, "cid")
    path = root / "grading" / "results" / "cid" / f"{NAME}.json"
    result = json.loads(path.read_text())
    result["answers"]["why"] = "A new one"
    path.write_text(json.dumps(result))
    status, said, _ = site(
        "mark", {"group": number, "points": 1, "comment": None}
    )
    assert (status, "cid" in said) == (409, True)
    assert entered(root, "cid")[1]


def test_what_a_learner_wrote_is_inert(site):
    _, page, headers = site()
    assert "&lt;script&gt;fetch" in page
    assert "<img" not in page
    assert "{{ 7*7 }}" in page
    assert page.count("<script") == 1
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_nobody_gets_in_without_the_secret_or_from_another_page(
    root, desk, site
):
    site()
    home = f"http://127.0.0.1:{site.server.server_port}/"
    mark = {"group": 0, "points": 1, "comment": None}
    assert site(address=home)[0] == 404
    assert site(address=home + "x" * 32 + "/")[0] == 404
    assert site(Host="evil.example:80")[0] == 404
    assert site("mark", mark, Origin="http://evil.example")[0] == 404
    assert site("mark", mark, address=home)[0] == 404
    assert all(entered(root, who)[1] for who in ANSWERS)


def add_item(site, text="the carousel", points=0.5, number=0):
    asked = {"id": number, "text": text, "points": points}
    return site("item", asked)[0]


def click(site, desk, who, *items):
    asked = {
        "group": number_of(desk, who),
        "points": None,
        "items": [*items],
    }
    status, said, _ = site("mark", asked)
    return json.loads(said) if status == 200 else status


def items_of(desk, who):
    rows = desk._rows()
    (found,) = [r for r in rows if r.submission.student == who]
    return {t.id: [i.text for i in t.items] for t in found.tasks}["why"]


def test_items_give_their_sum_and_are_the_reasons_on_the_learners_page(
    root, desk, site
):
    assert [add_item(site), add_item(site, "<b>&amp;", -0.25)] == [200, 200]
    site()
    assert click(site, desk, "ann", 2, 1) == {
        "points": 0.25,
        "items": [2, 1],
    }
    assert click(site, desk, "cid", 1) == {"points": 0.5, "items": [1]}
    assert entered(root, "bob") == (0.25, False, None)
    assert items_of(desk, "bob") == ["the carousel", "<b>&amp;"]
    _, page, _ = site()
    assert 'data-points="0.25" data-items="1 2"' in page
    assert "<b>" not in page
    assert "&lt;b&gt;&amp;amp;" in page
    assert grade.main(["--root", str(root)]) == 0
    assert "the carousel: +0.5" in told(root, "bob")
    assert "<b>&amp;: -0.25" in told(root, "bob")
    assert "<b>&amp;" not in told(root, "cid")
    kept = (
        root / "grading" / "feedback" / "bob" / NAME / f"{NAME}.html"
    ).read_text()
    assert "&lt;b&gt;&amp;amp;: -0.25" in kept


def test_a_new_price_counts_for_all_who_have_the_item_and_for_no_one_else(
    root, desk, site
):
    add_item(site)
    add_item(site, "too long", -0.25)
    site()
    click(site, desk, "ann", 1, 2)
    click(site, desk, "cid", 2)
    site("mark", {"group": number_of(desk, "eve"), "points": 0.5})
    changed = {"id": 1, "text": "the Carousel", "points": 1}
    status, said, _ = site("item", changed)
    assert (status, json.loads(said)) == (200, {"changed": 2})
    assert [entered(root, who)[0] for who in ANSWERS] == [
        0.75,
        0.75,
        0,
        0.5,
    ]
    assert items_of(desk, "ann") == ["the Carousel", "too long"]
    last = lines(root, "marks.csv")[-2:]
    assert {(m["learner"], m["before"], m["points"]) for m in last} == {
        ("ann", "0.25", "0.75"),
        ("bob", "0.25", "0.75"),
    }
    assert (
        click(site, desk, "ann", 1) == 409
    )  # the page shows the old points
    site()
    assert click(site, desk, "ann", 1)["points"] == 1
    assert add_item(site, "more", 1) == 200
    assert (
        click(site, desk, "ann", 1, 3)["points"] == 1
    )  # there are no more


def test_points_given_otherwise_rest_on_no_item_and_keep_from_its_price(
    root, desk, site
):
    add_item(site)
    site()
    click(site, desk, "ann", 1)
    click(site, desk, "cid", 1)
    click(site, desk, "eve", 1)
    site("mark", {"group": number_of(desk, "cid"), "points": 0.5})
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        book.find_grade("why", NAME, NAME, "bob").manual_score = 1
        book.find_grade("why", NAME, NAME, "eve").needs_manual_grade = True
        book.db.commit()
    assert [items_of(desk, who) for who in ("bob", "cid", "eve")] == [
        [],
        [],
        [],
    ]
    add_item(site, "the carousel", 0.75, 1)
    assert [entered(root, who)[0] for who in ANSWERS] == [0.75, 1, 0.5, 0.5]


def test_a_mark_can_be_taken_back(root, desk, site):
    add_item(site)
    site()
    click(site, desk, "cid", 1)
    assert click(site, desk, "cid") == {"points": None, "items": []}
    assert entered(root, "cid") == (None, True, None)
    assert items_of(desk, "cid") == []
    assert lines(root, "marks.csv")[-1]["points"] == ""
    assert click(site, desk, "cid", 1)["points"] == 0.5
    assert (
        site("mark", {"group": number_of(desk, "cid"), "points": None})[0]
        == 200
    )
    assert entered(root, "cid")[1]


def test_a_mark_that_passes_to_a_team_mate_keeps_its_items(
    root, desk, site
):
    add_item(site)
    site()
    click(site, desk, "cid", 1)
    with desk.course.ledger.transaction() as book:
        _take_over(book, NAME, "cid", "eve")
        book.db.commit()
    assert entered(root, "eve") == (0.5, False, None)
    assert items_of(desk, "eve") == ["the carousel"]


@pytest.mark.parametrize(
    "asked",
    [
        {"text": ""},
        {"text": " \n"},
        {"text": 3},
        {"text": "x" * 301},
        {"points": 1.5},
        {"points": -1.5},
        {"points": float("nan")},
        {"points": None},
        {"points": "1"},
        {"id": 7},
        {"id": -1},
        {"id": True},
        {"id": 10**400},
    ],
)
def test_what_is_no_item_is_refused_and_changes_nothing(
    root, desk, site, asked
):
    add_item(site)
    site()
    click(site, desk, "ann", 1)
    item = {"id": 1, "text": "new", "points": 1}
    status, said, _ = site("item", item | asked)
    assert (status, "expected" in said) == (400, True)
    assert entered(root, "ann")[0] == 0.5
    assert items_of(desk, "ann") == ["the carousel"]


@pytest.mark.parametrize(
    "asked",
    [
        {"items": [9]},
        {"items": "1"},
        {"items": [True]},
        {"items": [1], "points": 1},
    ],
)
def test_a_mark_by_no_such_item_is_refused(root, desk, site, asked):
    add_item(site)
    site()
    mark = {"group": number_of(desk, "ann"), "points": None}
    status, said, _ = site("mark", mark | asked)
    assert (status, "expected" in said) == (400, True)
    assert entered(root, "ann")[1]


def test_a_price_that_cannot_be_written_down_changes_no_mark(
    root, desk, site
):
    add_item(site)
    site()
    click(site, desk, "ann", 1)
    table = root / "grading" / "marks.csv"
    table.write_text("when;by;learner\n")
    assert add_item(site, "dear", 1, 1) == 400
    assert entered(root, "ann")[0] == 0.5
    assert items_of(desk, "ann") == ["the carousel"]


def test_the_page_asks_the_whole_question(desk, site):
    release = desk.course.released(NAME)
    notebook = nbformat.read(release, 4)
    (k,) = [
        k
        for k, c in enumerate(notebook.cells)
        if c.metadata.get("nbgrader", {}).get("grade_id") == "why"
    ]
    text = "## Why (1 point)\n\n*Core, about 5 minutes.*\n\nIs *it* so?\n\nAnd $h_t$?"
    notebook.cells.insert(k, new_markdown_cell(text))
    nbformat.write(notebook, release)
    _, page, _ = site()
    asked = page.split('aria-label="the question">')[1].split("</section>")[
        0
    ]
    assert "<p>Is <em>it</em> so?</p>" in asked
    assert "<msub>" in asked
    assert "minutes" not in asked
    assert page.index("so?</p>") < page.index("Model answer")


def test_a_task_in_code_can_be_marked_too(root):
    desk = Desk(Course(root), NAME, "double", "kim")
    desk.page("x")
    assert [len(group.shown) for group in desk.groups] == [4]
    desk.mark({"group": 0, "points": 2.5, "comment": "on paper"})
    desk.course.close()
    assert grade.main(["--root", str(root)]) == 0
    assert "on paper" in told(root, "eve")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], NAME),
        ([NAME, "--task", "who"], "test_double"),
        ([NAME, "--by", " "], "the grader's name"),
    ],
)
def test_what_cannot_be_marked_is_refused_by_name(
    root, capsys, words, says
):
    assert main([*words, "--root", str(root)]) == 2
    assert says in capsys.readouterr().err


def test_a_class_that_is_not_graded_is_refused(tmp_path):
    course = Course(make_course(tmp_path))
    with course.alone(), pytest.raises(SetupError, match="make grade"):
        Desk(course, NAME, None, "kim")


@pytest.mark.system
def test_keys_mark_a_class_in_the_browser(root, desk, site, browser):
    view, wrong = browser.new_page(), []
    view.on("pageerror", lambda error: wrong.append(error.stack))
    view.on("console", lambda said: wrong.append(said.text))
    view.on("dialog", lambda said: (wrong.append(said.type), said.accept()))
    view.goto(site.server.address)
    assert view.locator("#left").inner_text() == "3"
    assert not view.locator(".who").first.is_visible()
    view.keyboard.press("w")
    assert view.locator(".who").first.is_visible()
    first = desk.groups[0].shown[0].learner
    view.keyboard.press("c")
    view.keyboard.type("j1h: see 6.2")
    view.keyboard.press("Escape")
    view.keyboard.press("1")
    view.locator(".said", has_text="1 given").wait_for()
    assert entered(root, first) == (1, False, "j1h: see 6.2")
    view.keyboard.press("9")  # more than there are: nothing happens
    view.keyboard.press("n")
    view.keyboard.press("h")
    view.locator(".said", has_text="0.5 given").wait_for()
    second = desk.groups[1].shown[0].learner
    assert entered(root, second) == (0.5, False, None)
    view.get_by_role("article").nth(2).get_by_role(
        "button", name="0", exact=True
    ).click()
    view.locator("#left", has_text="0").wait_for()
    view.reload()
    assert view.locator("#left").inner_text() == "0"
    assert view.locator("textarea").first.input_value() == "j1h: see 6.2"
    view.get_by_label("new item", exact=True).fill("<i>1n</i>")
    view.get_by_label("points of the new item").fill("0.75")
    with view.expect_navigation():
        view.keyboard.press("Enter")
    view.get_by_role("article").nth(1).click()
    view.keyboard.press("Shift+Digit1")
    view.locator(".said", has_text="0.75 given").wait_for()
    assert entered(root, second)[0] == 0.75
    view.get_by_label("points of item 1").fill("0.25")
    with view.expect_navigation():
        view.get_by_role("button", name="Change").click()
    assert entered(root, second)[0] == 0.25
    view.get_by_role("article").nth(1).click()
    pressed = view.get_by_role(
        "button", name="<i>1n</i> (+0.25)", pressed=True
    )
    assert pressed.count() == 1
    view.keyboard.press("u")
    view.locator("#left", has_text="1").wait_for()
    assert entered(root, second)[1]
    view.keyboard.press("c")
    view.keyboard.type("not sent")
    with view.expect_event("dialog") as stay:
        view.evaluate("setTimeout(() => location.reload())")
    assert stay.value.type == "beforeunload"
    assert wrong == ["beforeunload"]
    wrong.clear()
    assert wrong == []
