"""What every chapter's page owes its reader, read from its source."""

import ast
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.helpers import ROOT
from tools.pages import chapters, weave
from tools.site import reading

BOOK = ROOT / "book"
PAGES = sorted(BOOK.glob("ch*.md"))
CHAPTERS = chapters.read(BOOK)
each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
QUESTION = re.compile(
    r"^:::\{dropdown\} (\d+)\. .+?\n(.+?)^:::$", re.DOTALL | re.MULTILINE
)


def test_there_are_pages():
    assert PAGES


@each_page
def test_no_line_of_code_is_cut_off(page):
    for cell in weave.find_cells(page.read_text()):
        for k, line in enumerate(cell.lines):
            where = f"{page.name}:{cell.start + k + 1}"
            assert len(line) <= 76, f"{where}: {len(line)} characters"


@each_page
def test_a_page_keeps_to_its_words(page):
    """Prose and questions, without code, formulas and wrong answers."""
    assert reading.count_prose(page.read_text()) <= 1800


@each_page
def test_the_first_cell_is_hidden_and_holds_the_imports(page):
    text = page.read_text()
    first, *others = weave.find_cells(text)
    assert "hide-input" in reading.read_options(text, first).get("tags", [])
    for cell in others:
        for k, line in enumerate(cell.lines):
            where = f"{page.name}:{cell.start + k + 1}"
            assert not re.match(r"(import|from) ", line), where


@pytest.mark.parametrize(
    "page",
    [p for p in PAGES if p.name < "ch10"],
    ids=lambda page: page.stem,
)
def test_a_page_of_the_first_two_parts_begins_with_text(page):
    before = page.read_text().partition("\n## ")[0]
    for cell in weave.find_cells(before):
        assert "hide-input" not in reading.read_options(before, cell).get(
            "tags", []
        )


@each_page
def test_every_name_is_defined_on_the_page_and_every_import_used(page):
    text = page.read_text()
    code = "\n\n".join("\n".join(c.lines) for c in weave.find_cells(text))
    rules = "--select=F401,F811,F821,F841"  # unused, or nowhere defined
    run = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--isolated", rules, "-"],
        input=code,
        capture_output=True,
        text=True,
        check=False,  # the assertion shows what it said
    )
    assert run.returncode == 0, run.stdout + run.stderr


@each_page
def test_every_figure_has_a_caption_and_an_alternative_text(page):
    text = page.read_text()
    for cell in weave.find_cells(text):
        code = "\n".join(cell.lines)
        draws = re.search(
            r"^(fig|_)?.*plt\.(subplots|figure)\(", code, re.MULTILINE
        )
        inside = re.search(
            r"^    .*plt\.(subplots|figure)\(", code, re.MULTILINE
        )
        if not draws or inside:
            continue  # a function that draws: flipbook asks for its texts
        where = f"{page.name}:{cell.start + 1}"
        about = reading.read_options(text, cell).get("mystnb", {})
        assert len(about.get("figure", {}).get("caption", "")) > 20, where
        assert len(about.get("image", {}).get("alt", "")) > 40, where


@each_page
def test_the_page_says_how_long_it_takes_and_what_it_answers(page):
    text = page.read_text()
    head = re.search(
        rf"^# .+\n\n\*{re.escape(reading.OWN)} minutes to read, "
        r"(\d+) seconds? to run\. Assumes: [^*]+\*$",
        text,
        re.MULTILINE,
    )
    assert head, (
        f"title, then *{reading.OWN} minutes to read, M seconds to run. ...*"
    )
    assert int(head.group(1)) <= 30
    questions = text.partition("You will be able to answer")[2][:1500]
    assert re.search(r"^1\. .+\n2\. .+\n3\. ", questions, re.MULTILINE)


def test_the_introduction_adds_up_the_reading_times():
    parts = reading.count_times(BOOK).parts
    text = (BOOK / "intro.md").read_text()
    said = re.findall(r"\{minutes\}`(Part \w+)`", text)
    assert (
        said
        == list(parts)
        == [f"Part {n}" for n in ("I", "II", "III", "IV")]
    )
    for part, minutes in parts.items():
        assert (
            abs(int(reading.format_number(part, "", BOOK)) - minutes) <= 2.5
        )


def test_of_what_a_page_s_minutes_are_made():
    page = (
        "# A page\n\n" + "word " * 100 + "\n\n$$\na = b\n$$\n\n"
        "```{code-cell}\n:tags: [hide-input]\nunseen = 1\n```\n\n"
        "```{code-cell}\na = 1\n\nb = 2\n```\n"
    )
    words = 3 + 100 + 60 + 2 * 9  # title, prose, the equation, two lines
    assert words > reading.A_MINUTE
    rest = 2 * reading.A_MINUTE - words
    assert reading.count_minutes(page + "word " * rest) == 2
    assert reading.count_minutes(page + "word " * (rest + 1)) == 3
    assert (
        reading.count_minutes(page + "\n## Self-test\n" + "word " * 999)
        == 2
    )
    wrong = '\n\n"Wrong."\n: ' + "word " * 999
    assert reading.count_minutes(page + wrong) == 2


def test_a_prediction_takes_two_minutes_and_a_question_one():
    page = "# A page\n\n"
    box = ":::{predict}\nWhat?\n:::\n"
    given = box.replace("What", ":choices: a | b\n:answer: b\nWhat")
    assert reading.count_words(page + given) == reading.count_words(
        page + box
    )
    asked = ":::{dropdown} 1. Why?\nSo.\n:::\n"
    before = reading.count_words(page)
    for more, minutes in (box, 2), (asked, 1), (box + asked, 3):
        took = reading.count_words(page + more) - before
        assert took == minutes * reading.A_MINUTE + len(more.split())


def test_a_file_that_a_page_prints_is_read_like_code():
    page = "# A page\n\n"
    listing = "```{literalinclude} ../examples/my_cell.py\n```\n"
    lines = (BOOK / "../examples/my_cell.py").read_text().splitlines()
    took = reading.count_words(page + listing) - reading.count_words(page)
    assert took == reading.LINE * len([s for s in lines if s.strip()])


def test_a_page_of_over_forty_minutes_is_named(tmp_path):
    head = f"# A page\n\n*{reading.OWN} minutes to read.*\n\n"
    fits = tmp_path / "fits.md"
    long, silent = tmp_path / "long.md", tmp_path / "silent.md"
    fits.write_text(head + "word " * (40 * reading.A_MINUTE - 7))
    long.write_text(head + "word " * (40 * reading.A_MINUTE - 6))
    silent.write_text("word " * 9_999)  # states no time
    (line,) = reading.too_long([fits, long, silent])
    assert line == (
        "warning: long.md takes 41 minutes to read, over 40: "
        "split it or shorten it"
    )


@each_page
def test_the_reader_decides_before_the_result(page):
    assert ":::{predict}\n" in page.read_text()


@each_page
def test_the_page_ends_with_questions_exercises_and_references(page):
    text = page.read_text()
    places = [
        text.find(f"\n## {heading}")
        for heading in ("Check yourself", "Exercises", "Read next")
    ]
    assert -1 not in places
    assert places == sorted(places)
    questions = text[places[0] : places[1]].count(":::{dropdown}")
    assert questions == 5
    assert "{cite" in text[places[2] :]


def lacks_wrong_answers(text):
    """The numbers of the closing questions without one."""
    asked = text.partition("\n## Check yourself")[2]
    asked = asked.partition("\n## ")[0]
    questions = QUESTION.findall(asked)
    assert len(questions) == asked.count(":::{dropdown}") == 5
    return [
        number
        for number, text in questions
        if not reading.WRONG.search(text)
    ]


@each_page
def test_usual_wrong_answers_to_its_questions_have_replies(page):
    assert lacks_wrong_answers(page.read_text()) == []


@each_page
def test_usual_wrong_answers_stand_at_the_end_of_an_answer(page):
    for _, text in QUESTION.findall(page.read_text()):
        answer, *wrong = reading.WRONG.split(text)
        assert answer.strip()
        assert not wrong or answer.endswith("\n\n")
        between = wrong[2::3]
        assert not "".join(between).strip()
        assert not re.search(r"^: ", answer, re.MULTILINE), (
            'expected "a wrong answer" in quotation marks above each reply'
        )


@each_page
def test_what_a_page_asks_to_try_besides_has_an_answer(page):
    asked = page.read_text().partition("\n## Exercises\n")[2]
    asked, *answers = re.split(
        r"^:::\{dropdown\} An answer$",
        asked.partition("\n## ")[0],
        flags=re.MULTILINE,
    )
    further = re.search(r"(?m:^|[.!?:*] )Also\b", asked)
    assert len(answers) == bool(further)
    assert all(30 < len(text.split()) < 250 for text in answers)


@each_page
def test_the_page_says_what_can_go_wrong(page):
    assert re.search(
        r":::\{admonition\} What can go wrong", page.read_text()
    )


@each_page
def test_one_figure_of_a_page_is_its_picture_to_remember(page):
    text = page.read_text()
    captions = [
        reading.read_options(text, cell)
        .get("mystnb", {})
        .get("figure", {})
        .get("caption", "")
        for cell in weave.find_cells(text)
    ]
    words = "**The picture to remember.** "
    assert [c.startswith(words) for c in captions].count(True) == 1
    assert "to remember" not in "".join(captions).replace(words, "")


def test_no_two_figures_have_one_name():
    names = re.findall(
        r"\bname: (fig-[\w-]+)", "\n".join(p.read_text() for p in PAGES)
    )
    assert sorted(names) == sorted(set(names))


def test_no_arrow_of_the_map_runs_through_a_box():
    text = (BOOK / "intro.md").read_text()
    cell = next(
        c.lines
        for c in weave.find_cells(text)
        if "NEEDED_BY = [" in str(c.lines)
    )
    given = {
        node.targets[0].id: ast.literal_eval(node.value)
        for node in ast.parse("\n".join(cell)).body
        if isinstance(node, ast.Assign)
        and getattr(node.targets[0], "id", "") in ("CHAPTERS", "NEEDED_BY")
    }
    at = {k: np.array(box[:2]) for k, box in given["CHAPTERS"].items()}
    assert len({tuple(place) for place in at.values()}) == len(at) == 23
    half = np.array([0.43, 0.3])  # of a box
    for start, end in given["NEEDED_BY"]:
        line = at[start] + np.linspace(0, 1, 400)[:, None] * (
            at[end] - at[start]
        )
        for k in at.keys() - {start, end}:
            inside = (np.abs(line - at[k]) < half).all(axis=1)
            assert not inside.any(), f"{start} to {end} runs through {k}"
