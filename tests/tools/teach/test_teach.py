"""What a teacher takes into the room: slides, question bank, exams, tutors' book."""

import contextlib
import copy
import io
import itertools
import random
import re
import shutil
import subprocess
import sys
from datetime import datetime
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET
from zoneinfo import ZoneInfo

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from pypdf import PdfReader

from grader.assignments import source
from grader.course.course_file import CourseFile, Exam, Mark, Week
from rnncore.text.heatmap import heat_map
from tests.helpers.grading import cell_metadata, make_once
from tools.build import book
from tools.teach import slides
from tools.teach.__main__ import TOC, chapters_by_part, main
from tools.teach.bank import VARIANTS, moodle_xml
from tools.teach.choices import Choices, Item, pair
from tools.teach.decks import MOST, make_deck, slides_document
from tools.teach.exam import draw, exam_documents
from tools.teach.numeric import KINDS, draw_some
from tools.teach.pages import (
    Question,
    Unreadable,
    Wrong,
    cut_after,
    find_answered,
    find_questions,
    read_page,
)
from tools.teach.slides import make_slides
from tools.teach.syllabus import syllabus_document
from tools.teach.tutors import collect_parts, tutors_document
from tools.teach.workload import Work, read_work

FORMULA = """<span class="math"><span class="katex"><span class="katex-mathml">
<math xmlns="http://www.w3.org/1998/Math/MathML"><semantics><mrow><mi>h</mi></mrow>
<annotation encoding="application/x-tex">h &lt; 1</annotation></semantics></math></span>
<span class="katex-html" aria-hidden="true">h drawn by KaTeX</span></span></span>"""
DROPDOWN = """<details class="sd-dropdown"><summary class="sd-summary-title">
<span class="sd-summary-text">{number}. {asked}</span>
<span class="sd-summary-state-marker"><svg></svg></span></summary>
<div class="sd-summary-content sd-card-body docutils">
<p class="sd-card-text">{answer}</p>{wrong}</div></details>"""
WRONG = """<dl class="simple myst"><dt>“The other {k}.”</dt><dd><p>It is <em>not</em>
{k}.</p></dd></dl>"""
PAGE = """<!doctype html><html><head><script src="x.js"></script></head><body>
<nav><h1>Elsewhere</h1></nav><article class="bd-article">
<section id="gates"><h1>6. Gates<a class="headerlink" href="#gates">#</a></h1>
<p>You will be able to answer:</p>
<ol class="arabic"><li><p>What is a <a href="glossary.html">gate</a>?</p></li></ol>
<section id="doors"><h2>Doors<a class="headerlink" href="#doors">#</a></h2>
<p>A door opens.</p><p>More words, for readers.</p>
<div class="math"><span class="eqno">(6.1)</span>{formula}</div>
<div class="predict tip admonition" id="predict-1"><p class="admonition-title">Predict</p>
<p>Does it shut?</p><div class="predict-field"><ul><li><p>yes</p></li>
<li><p>no</p></li></ul></div>
<div class="predict-answer" hidden="">it does</div></div>
<div class="predict-result" data-box="predict-1">
<div class="cell"><details class="hide"><summary>Code</summary><pre>x = 1</pre></details>
<div class="cell_output"><pre>it shuts: True</pre></div></div>
<p>It shuts, as all doors do.</p></div>
<div class="cell_output"><figure id="f"><a href="_images/f.svg">
<picture><source media="(max-width: 600px)" srcset="_images/narrow.svg">
<img loading="lazy" alt="A door" src="_images/f.svg"/></picture></a>
<figcaption><p>The picture to remember. The door.</p></figcaption></figure></div>
<figure class="rnn-flipbook"><img data-value="shut" src="_images/f.svg"/>
<img data-value="ajar" hidden="" src="_images/f.svg"/><img data-value="open"
hidden="" src="_images/f.svg"/><label>door: <output>shut</output>
<input type="range" min="0" max="2" value="0" oninput="turn()"/></label></figure>
<live-door id="d" open="half"><p class="question">Can you?</p>
<img alt="Still" src="_images/f.svg?v=1"/></live-door>
</section>
<section id="in-three-sentences"><h2>In three sentences</h2><p>Doors.</p></section>
<section id="check-yourself"><h2>Check yourself</h2>{questions}</section>
<section id="read-next"><h2>Read next</h2><p>Another book.</p></section>
</section></article></body></html>"""
FONTS = book.BOOK / "_static" / "fonts"
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>'


@pytest.fixture
def html(tmp_path):
    """A built book of one page with two closing questions."""
    (tmp_path / "_images").mkdir()
    (tmp_path / "_images" / "f.svg").write_text(SVG)
    live = tmp_path / "_static" / "live"
    (live / "data").mkdir(parents=True)
    shutil.copytree(FONTS, tmp_path / "_static" / "fonts")
    (live / "door.js").write_text('const data = "hinge"; // </script>')
    (live / "data" / "hinge.js").write_text("window.HINGE = 1;")
    (live / "data" / "lock.js").write_text("window.LOCK = 1;")
    asked = "".join(
        DROPDOWN.format(
            number=n,
            asked=f"Which {n}, with {FORMULA}?",
            answer=f"The right {n}: {FORMULA}",
            wrong="".join(WRONG.format(k=f"{n}.{k}") for k in range(n)),
        )
        for n in (1, 2)
    )
    made = PAGE.replace("{formula}", FORMULA).replace("{questions}", asked)
    (tmp_path / "ch06_gates.html").write_text(made, "utf-8")
    return tmp_path


@pytest.fixture
def page(html):
    return read_page(html, "ch06_gates")


def test_a_page_tells_its_title_and_what_it_answers(page):
    assert page.title == "6. Gates"
    assert [
        BeautifulSoup(a, "html.parser").get_text()
        for a in find_answered(page)
    ] == ["What is a gate?"]


def test_a_question_has_its_answer_and_the_usual_wrong_ones(page):
    one, two = find_questions(page)
    assert one.asked.startswith("Which 1")
    assert "The right 1" in one.answer
    assert "other" not in one.answer
    assert one.wrong == [
        Wrong("The other 1.0.", "<p>It is <em>not</em>\n1.0.</p>")
    ]
    assert len(two.wrong) == 2
    assert find_questions(page) == [one, two]  # asking takes nothing away


def test_a_page_without_wrong_answers_or_pictures_is_refused(html):
    path = html / "ch06_gates.html"
    whole = path.read_text("utf-8")
    path.write_text(
        re.sub("<dl.*?</dl>", "", whole, flags=re.DOTALL), "utf-8"
    )
    with pytest.raises(Unreadable, match="ch06_gates"):
        find_questions(read_page(html, "ch06_gates"))
    path.write_text(
        whole.replace("_images/f.svg", "../../etc/passwd"), "utf-8"
    )
    with pytest.raises(Unreadable, match="passwd"):
        read_page(html, "ch06_gates")
    with pytest.raises(Unreadable, match="make book"):
        read_page(html, "ch07_more")


ITEM = "<li>" + "Every door that opens also shuts. " * 9 + "{}</li>"
TALL = {
    "list": "<div class='tip admonition'><p class='admonition-title'>Predict"
    "</p><p>Five of them.</p><ul>{items}</ul></div>",
    "table": "<table><thead><tr><th>Door</th></tr></thead><tbody>{rows}"
    "</tbody></table>",
}


@pytest.fixture(params=TALL)
def tall(html, request):
    """A page with a list or a table of five items that no screen holds."""
    items = [ITEM.format(n) for n in range(5)]
    rows = [f"<tr>{i.replace('li>', 'td>')}</tr>" for i in items]
    made = TALL[request.param].format(
        items="".join(items), rows="".join(rows)
    )
    path = html / "ch06_gates.html"
    text = path.read_text("utf-8")
    path.write_text(
        text.replace('<div class="predict ', made + '<div class="predict ')
    )
    return read_page(html, "ch06_gates")


def test_a_long_list_or_table_goes_on_on_a_second_slide(tall):
    found = [s.body for s in make_slides(tall) if "also shuts" in s.body]
    assert len(found) == 2
    told = "".join(found)
    places = [told.index(f"shuts. {n}<") for n in range(5)]
    assert places == sorted(places)
    assert told.count("Five of them.") <= 1
    assert told.count("<th>Door</th>") in (0, 2)


def test_each_picture_of_several_in_one_figure_has_a_slide(page):
    figure = page.article.figure
    figure.append(copy.copy(figure.img))
    kinds = [s.kind for s in make_slides(page) if s.what == "figure"]
    assert kinds == ["1 of 2", "2 of 2"]


def test_a_marked_text_has_one_slide_without_its_numbers(page):
    tokens = [one for word in ["shut", "open"] * 40 for one in (word, "\n")]
    marked = heat_map(tokens, np.full(len(tokens), 7.0), "A door's text")
    soup = BeautifulSoup(marked.html, "html.parser")
    page.article.figure.replace_with(soup.figure)
    (found,) = [s for s in make_slides(page) if "A door's text" in s.body]
    drawn = BeautifulSoup(found.body, "html.parser").figure
    assert 4 <= drawn.div.get_text().count("\n") < 40
    assert "double" in drawn.div.span["style"]
    assert drawn.find("table") is None
    assert "very surprised" in drawn.figcaption.get_text()


@pytest.mark.system
@pytest.mark.parametrize("size", [(1280, 720), (1024, 768), (1920, 1080)])
def test_no_slide_is_taller_than_the_screen(
    tall, html, tmp_path, browser, size
):
    high = SVG.replace('"9"', '"900"')
    figure = tall.article.figure
    figure.img["src"] = "data:image/svg+xml," + quote(high)
    words = BeautifulSoup("<p>" + "A long caption. " * 40 + "</p>", "lxml")
    figure.figcaption.append(words.p)
    opening = tall.article.find("p", string="A door opens.")
    opening.string = "A door opens, slowly. " * 40
    path = tmp_path / "slides.html"
    made = slides_document(make_slides(tall), tall.title, "A course", html)
    path.write_text(made, "utf-8")
    with browser.new_page(
        viewport={"width": size[0], "height": size[1]}
    ) as screen:
        screen.goto(path.as_uri())
        screen.evaluate(  # after the page's own listener
            "told = 0;"
            " document.addEventListener('toggle', () => told += 1, true)"
        )
        answers = screen.query_selector_all("details")
        for answer in answers:
            answer.evaluate("(one) => one.open = true")
        screen.wait_for_function(f"told === {len(answers)}")
        heights = screen.evaluate(
            "() => [...document.querySelectorAll('section')]"
            ".map((one) => one.scrollHeight)"
        )
        drawn = screen.evaluate(
            "() => document.querySelector('figure img').clientHeight"
        )
    assert len(heights) == len(make_slides(tall))
    assert max(heights) <= size[1] + 1
    assert drawn > size[1] / 4


def test_slides_have_sections_figures_predictions_and_questions(page):
    found = make_slides(page)
    assert [slide.what for slide in found] == [
        *("title", "equations", "prediction", "output", "picture"),
        *("animation", "live", "summary", "question", "question"),
    ]
    assert {slide.page for slide in found} == {"6. Gates"}
    opening, predict, output, figure, turned, live = found[1:7]
    assert "A door opens." in opening.body
    assert "More words" not in opening.body
    assert "More words, for readers." in opening.notes
    assert "<math" in opening.body
    assert "Does it shut?" in predict.body
    shown = BeautifulSoup(predict.body, "html.parser")
    folded = shown.details.extract()
    assert "it does" in folded.get_text()
    assert "it does" not in shown.get_text()
    assert [one.get_text() for one in shown.find_all("li")] == ["yes", "no"]
    assert "it shuts: True" in output.body
    assert output.box == predict.box == "predict-1"
    assert "as all doors do" in output.notes
    assert "x = 1" not in output.body
    assert "The door." in figure.body
    drawn = BeautifulSoup(figure.body, "html.parser").img
    assert drawn["alt"] == "A door"
    pages = BeautifulSoup(turned.body, "html.parser")
    assert [one.has_attr("hidden") for one in pages.find_all("img")] == [
        *(False, True, True)
    ]
    assert pages.input["oninput"] == "turn()"
    assert "Can you?" in live.body
    acts = BeautifulSoup(live.body, "html.parser").find("live-door")
    assert (acts["open"], acts.p) == ("half", None)


def test_a_drawing_keeps_its_own_style(html):
    path = html / "ch06_gates.html"
    whole = path.read_text("utf-8")
    score = "<svg><style>#s path {stroke: #000}</style></svg>"
    style = "<style>p {color: red}</style>"
    path.write_text(
        whole.replace("<figcaption>", f"{score}<figcaption>{style}")
    )
    text = str(read_page(html, "ch06_gates").article)
    assert "#s path" in text
    assert "color: red" not in text


def test_a_prediction_that_no_result_follows_is_not_in_the_deck(page):
    page.article.select_one(".predict-result").decompose()
    del page.article.select_one(".predict")["id"]
    kinds = {slide.what for slide in make_deck([page])}
    assert "prediction" not in kinds
    assert "picture" in kinds


def test_a_small_table_with_formulas_is_one_slide(html):
    cell = f"<td><p>{FORMULA}</p></td>" * 3
    rows = f"<tr>{cell}</tr>" * 11
    path = html / "ch06_gates.html"
    text = path.read_text("utf-8")
    table = f"<table><tbody>{rows}</tbody></table>"
    path.write_text(
        text.replace('<div class="predict ', table + '<div class="predict ')
    )
    found = make_slides(read_page(html, "ch06_gates"))
    assert [slide.what for slide in found].count("table") == 1


def test_notes_have_what_the_slide_leaves_out(page):
    long = "A door opens, and then it shuts. " * 30
    page.article.find("p", string="A door opens.").string = long
    page.article.figcaption.p.append(long)
    (
        opening,
        *_,
    ) = [s for s in make_slides(page) if s.what == "equations"]
    shown = BeautifulSoup(opening.body, "html.parser").p.get_text()
    assert 100 < len(shown) < 320
    assert shown.endswith(".")
    assert long in opening.notes
    [picture] = [s for s in make_slides(page) if s.what == "picture"]
    assert long in picture.notes
    assert long not in picture.body


DOOR = "A door opens slowly and for all who want to pass."


@pytest.mark.parametrize(
    ("most", "text", "expected"),
    [
        (55, DOOR + " It shuts.", DOOR),
        (
            80,
            DOOR + " It shuts. All leave.",
            DOOR + " It shuts. All leave.",
        ),
        (10, DOOR + " It shuts.", DOOR),
        (55, "Short. " + DOOR, "Short. " + DOOR),
        (60, f"As Fig. 3.1 says, e.g. here, {DOOR}", None),
        (20, "no end at all, in " + "many words " * 9, None),
    ],
)
def test_a_text_is_cut_at_the_end_of_a_sentence(most, text, expected):
    made = BeautifulSoup(f"<p>{text}</p>", "html.parser").p
    assert cut_after(made, most).get_text() == (expected or text)


def test_a_text_is_cut_between_formulas():
    text = (
        f"<p>With {FORMULA}: {DOOR} Then {FORMULA} and <em>more</em>.</p>"
    )
    made = cut_after(BeautifulSoup(text, "html.parser").p, 70)
    assert len(made.find_all("math")) == 1
    assert made.em is None
    assert " ".join(made.get_text().split()).endswith(DOOR)


def test_a_chapter_has_a_deck_with_each_kind_once(page):
    other = read_page_again(page, "6.1. More gates")
    deck = make_deck([page, other])
    assert [slide.what for slide in deck] == [
        *("title", "equations", "prediction", "output", "picture"),
        *("animation", "live", "title", "equations", "picture"),
        *("animation", "live", "summary", "question"),
    ]
    assert [s.page for s in deck if s.what == "picture"] == [
        *("6. Gates", "6.1. More gates")
    ]
    assert deck[-1].page == "6. Gates"
    many = make_deck([read_page_again(page, f"6.{k}") for k in range(12)])
    assert len(many) == MOST
    kinds = [slide.what for slide in many]
    assert kinds.count("picture") == 12
    assert kinds[-2:] == ["summary", "question"]
    assert "prediction" in kinds


def read_page_again(page, title):
    return page._replace(title=title, article=copy.copy(page.article))


def test_a_deck_has_nothing_in_place_of_what_its_page_lacks(page):
    for part in page.article.select(
        ".predict, .predict-result, .math, live-door, figure"
    ):
        part.decompose()
    kinds = {slide.what for slide in make_deck([page])}
    assert kinds == {"title", "summary", "question"}


def test_slides_need_no_other_file(page, html):
    text = slides_document(
        make_slides(page), page.title, "Ours & <b>theirs</b>", html
    )
    made = BeautifulSoup(text, "html.parser")
    assert {one["src"][:19] for one in made.find_all("img")} == {
        "data:image/svg+xml;"
    }
    assert text.count("data:font/woff2;base64,") == 3
    assert not made.find_all(["link", "a", "iframe"])
    assert not [one for one in made.find_all("script") if one.get("src")]
    scripts = [one.string for one in made.find_all("script")]
    assert scripts[0] == "window.HINGE = 1;"
    assert scripts[1].startswith('const data = "hinge"; // <')
    assert "LOCK" not in text
    assert "drawn by KaTeX" not in text  # which needs its fonts
    assert "Ours &amp; &lt;b&gt;theirs&lt;/b&gt;" in text
    last = made.find_all("section")[-2:]
    assert all(one.find("details") for one in last)
    places = [one.get_text() for one in made.select(".place")]
    assert places[-1].split()[-3:] == ["10", "/", "10"]


def test_slides_have_the_books_typefaces_and_colours(page, html):
    css = (book.BOOK / "_static" / "course.css").read_text("utf-8")
    template = Path(slides.__file__).with_name("slides.html")
    told = template.read_text("utf-8")
    assert {*re.findall(r"#[0-9a-f]{6}\b", told)} <= {
        *re.findall(r"#[0-9a-f]{6}\b", css)
    }
    for face in ("Course Text", "Course Heading"):
        assert f'font-family: "{face}"' in css
        made = slides_document(make_slides(page), "", "", html)
        assert f'font-family: "{face}"' in made


def test_a_live_figure_without_its_script_is_refused(page, html):
    (html / "_static" / "live" / "door.js").unlink()
    with pytest.raises(Unreadable, match=r"door\.js"):
        slides_document(make_slides(page), "", "", html)


def check_moodle(data):
    """Raise if it is not what docs.moodle.org says of Moodle's XML format."""
    quiz = ET.fromstring(data)
    assert data.startswith(b"<?xml")
    assert quiz.tag == "quiz"
    category, *rest = quiz
    assert category.get("type") == "category"
    for one in quiz:
        if one.get("type") == "category":
            assert one.findtext("category/text").startswith("$course$/top/")
            continue
        assert one.get("type") in ("multichoice", "numerical")
        assert one.findtext("name/text").strip()
        assert one.find("questiontext").get("format") == "html"
        assert one.findtext("questiontext/text").strip()
        if one.get("type") == "numerical":
            [answer] = one.findall("answer")
            assert answer.get("fraction") == "100"
            allowed = float(answer.findtext("tolerance"))
            assert 0 <= allowed <= abs(float(answer.findtext("text"))) / 50
            continue
        assert one.findtext("single") == "true"
        assert one.findtext("shuffleanswers") in ("true", "false", "0", "1")
        assert one.findtext("answernumbering") in (
            "abc",
            "ABCD",
            "123",
            "none",
        )
        assert 0 <= float(one.findtext("penalty")) <= 1
        shares = [float(a.get("fraction")) for a in one.findall("answer")]
        assert sorted(shares, reverse=True) == [100] + [0] * (
            len(shares) - 1
        )
        assert len(shares) > 1
        for answer in one.findall("answer"):
            assert answer.findtext("text").strip()
            assert answer.find("feedback/text") is not None
    return rest


def choices(asked):
    return Choices(asked, f"{asked} <b>", ("p & q", "0 < 1", "r"))


def test_the_bank_is_moodles_format_with_explanations_and_tex(page):
    items = pair(
        find_questions(page), [choices("a < b?"), choices("two")], "p"
    )
    one, _ = check_moodle(
        moodle_xml("A/B", [(page.name, page.title, items)], 1)
    )
    assert one.findtext("questiontext/text") == "a &lt; b?"
    assert {
        answer.findtext("text"): answer.get("fraction")
        for answer in one.findall("answer")
    } == {
        "a &lt; b? &lt;b&gt;": "100",
        "p &amp; q": "0",
        "0 &lt; 1": "0",
        "r": "0",
    }
    told = one.findtext("generalfeedback/text")
    assert "The right 1" in told
    assert r"\(h &lt; 1\)" in told
    assert "<dt>“The other 1.0.”</dt>" in told
    assert "<em>not</em>" in told
    assert "<math" not in ET.tostring(one, "unicode")


def test_the_bank_has_variants_of_the_numeric_questions_of_its_pages():
    def make(seed):
        return moodle_xml("A", [("ch07_gru", "B", [])], seed)

    category, *rest = check_moodle(make(1))
    assert category.findtext("category/text").endswith("a step of a GRU")
    assert {one.get("type") for one in rest} == {"numerical"}
    asked = {one.findtext("questiontext/text") for one in rest}
    assert VARIANTS / 2 < len(asked) <= VARIANTS == len(rest)
    assert make(1) == make(1) != make(2)


def test_the_bank_shows_the_right_choice_at_each_place_as_often():
    [of] = some("p", 1)
    items = [Item(of.question, choices(str(k))) for k in range(400)]
    places = [
        [a.get("fraction") for a in one.findall("answer")].index("100")
        for one in check_moodle(moodle_xml("A", [("b", "B", items)], 1))
    ]
    assert all(70 < places.count(place) < 130 for place in range(4))


def test_an_exam_has_the_right_choice_at_each_letter_as_often():
    letters = [
        one.letter
        for seed in range(50)
        for one in draw([some("a", 8)], seed, "Part I")
    ]
    assert all(70 < letters.count(letter) < 130 for letter in "ABCD")


def test_a_course_whose_title_has_a_slash_or_no_text_stays_one_category():
    question = Question("p", "a\x00b & <", "right", [Wrong("wrong", "no")])
    item = Item(question, choices("a\x00b & <"))
    data = moodle_xml("A/B", [("p", "1/2", [item])], 1)
    check_moodle(data)
    assert b"$course$/top/A//B/1//2" in data


def some(page, count):
    """Items of a page that is so called."""
    return [
        Item(
            Question(
                page, f"{page} {k}", "<p>because</p>", [Wrong("no", "why")]
            ),
            choices(f"{page} {k}"),
        )
        for k in range(count)
    ]


def test_an_exam_is_the_same_for_the_same_seed_and_spread_over_the_pages():
    pages = [some("a", 5), some("b", 5), some("c", 1)]
    first = draw(pages, 7, "Part I")
    assert first == draw(pages, 7, "Part I")
    assert first != draw(pages, 8, "Part I")
    of = [one.page for one in first]
    assert of == sorted(of)
    assert len(of) == 8
    assert of.count("c") == 1
    assert abs(of.count("a") - of.count("b")) <= 1
    assert len({one.asked for one in first}) == 8


def test_the_key_says_which_letter_is_right_and_why_and_the_exam_does_not():
    asked = draw([some("a", 3)], 1, "Part I")
    numbers = draw_some(["ch06_lstm"], 2, random.Random(1))
    exam, key = (
        BeautifulSoup(text, "html.parser")
        for text in exam_documents("Ours", "Part I", asked, numbers, 1)
    )
    *shown_choices, fourth, fifth = exam.find_all("article")
    assert fourth.h2.get_text() == f"4. {numbers[0].asked}"
    assert numbers[1].why in key.get_text()
    assert numbers[1].why not in fifth.get_text()
    for one, shown in zip(asked, shown_choices, strict=True):
        told = [item.get_text() for item in shown.find_all("li")]
        assert told == one.choices
        assert told["ABCD".index(one.letter)] == f"{one.asked} <b>"
    letters = re.findall(r"Right: ([A-D])", key.get_text())
    assert letters == [one.letter for one in asked]
    assert "Right:" not in exam.get_text()
    assert "because" not in exam.get_text()
    assert key.get_text().count("because") == len(asked)
    head = [term.get_text() for term in exam.dl.find_all("dt")]
    assert head == ["Name", "Number", "Time", "Aids", "Points"]
    assert "25 minutes" in exam.dl.get_text()


def test_tutors_get_solutions_rubrics_and_mistakes():
    assignment = source.read("ch03_bptt")
    kinds = {(part.kind, part.name) for part in collect_parts(assignment)}
    assert {("solution", "bptt"), ("answer", "truncation")} <= kinds
    assert ("mistakes", "masked_bptt") in kinds
    text = tutors_document("Ours", ["ch03_bptt"])
    words = " ".join(BeautifulSoup(text, "html.parser").get_text().split())
    assert "Rubric: 1 point for" in words
    assert "h_{t-1} is reached through a_h alone" in words
    assert "A plus sign copies the gradient that arrives" in words
    assert "BEGIN SOLUTION" not in text
    assert "<math" in text
    assert "<details>" not in text


def test_tutors_get_an_assignment_that_is_nbgraders_notebook(
    tmp_path, monkeypatch
):
    solved = "def f(x):\n    ### BEGIN SOLUTION\n    return 2 * x\n"
    cells = [
        new_markdown_cell("# Own: gates\n\nDouble $x$."),
        new_code_cell(
            solved + "    ### END SOLUTION",
            metadata=cell_metadata("double", solution=True),
        ),
        new_code_cell(
            "assert f(2) == 4",
            metadata=cell_metadata(
                "test_double", grade=True, locked=True, points=3
            ),
        ),
        new_markdown_cell(
            "Because it is *twice*.",
            metadata=cell_metadata(
                "why", grade=True, solution=True, points=2
            ),
        ),
    ]
    (tmp_path / "own").mkdir()
    nbformat.write(
        new_notebook(cells=cells), tmp_path / "own" / "own.ipynb"
    )
    monkeypatch.setattr(source, "folder_of", lambda name: tmp_path / name)
    made = BeautifulSoup(tutors_document("Ours", ["own"]), "html.parser")
    words = " ".join(made.get_text().split())
    assert "Own: gates" in words
    assert "Solution of double (3 points)" in words
    assert "# the learner's part: return 2 * x" in words
    assert "END SOLUTION" not in words
    assert "rubric of why (2 points) Because it is twice." in words
    assert "assert f(2)" not in words  # a test is no solution


def test_a_syllabus_has_dates_questions_points_and_the_late_rule(page):
    week = Week(
        ("ch06_gates",), ("ch03_bptt",), datetime(2026, 10, 18, 21, 59)
    )
    course = CourseFile(
        "Ours",
        ZoneInfo("Europe/Berlin"),
        late_shares=(0.9, 0.8),
        weeks=(week,),
    )
    text = syllabus_document(
        course, "Ours", [page], [read_work("ch03_bptt")]
    )
    made = BeautifulSoup(text, "html.parser")
    words = " ".join(made.get_text().split())
    assert "Sunday 18 October 2026, 23:59" in words
    assert "What is a gate?" in words
    assert "90 % are left on day 1" in words
    assert not made.find_all("a")
    assert "language model may explain" in words
    assert "The mark" not in words  # the course says nothing of one
    line = read_work("ch03_bptt")
    assert (line.points, line.title) == (30, "backpropagation through time")
    assert 60 < line.core < line.minutes
    assert line.core_tasks[0].startswith("Task 1")
    assert not any("In your own words" in task for task in line.core_tasks)


def test_a_syllabus_has_the_weights_and_the_hours_of_each_week(page):
    course = CourseFile(
        "Ours",
        weeks=(Week(("ch03_bptt",), ("ch02_cell", "ch03_bptt")),),
        mark=Mark(passes=50, drop_lowest=1, counts={"ch03_bptt": 3}),
        exams=(Exam("final", 60, 40),),
        policies={"teacher": "Ines <ines@example.org>"},
    )
    works = [read_work(name) for name in course.weeks[0].assignments]
    read = page._replace(name="ch03_bptt")
    text = syllabus_document(course, "Ours", [read], works)
    made = BeautifulSoup(text, "html.parser")
    words = " ".join(made.get_text(" ").split())
    assert "assignment ch02_cell 15 %" in words
    assert "assignment ch03_bptt 45 %" in words
    assert "exam: final 40 %" in words
    assert "You pass with 50 of 100." in words
    assert "the lowest one is left out" in words
    assert "Ines <ines@example.org>" in words
    rows = [
        [cell.get_text() for cell in row.find_all(["td", "th"])]
        for row in made.find("h2", string="Hours").find_next("table")("tr")
    ]
    first, second = works
    reading = int(rows[1][1])
    assert reading > 60
    assert rows[1][2:4] == [
        str(first.core + second.core),
        str(first.minutes + second.minutes),
    ]
    hours = (reading + first.core + second.core) / 60
    assert rows[1][4] == f"{hours:.1f}"
    assert rows[2][1:] == rows[1][1:]  # the sum, of one week


def test_an_own_notebook_and_the_template_tell_their_minutes(
    tmp_path, monkeypatch
):
    assert read_work("_template")[2:5] == (5, 30, 30)
    (tmp_path / "own").mkdir()
    cells = [
        new_markdown_cell("# Own: gates\n\n*About 20 minutes, 3 points.*"),
        new_code_cell(
            "assert True",
            metadata=cell_metadata("t", grade=True, locked=True, points=3),
        ),
    ]
    nbformat.write(
        new_notebook(cells=cells), tmp_path / "own" / "own.ipynb"
    )
    monkeypatch.setattr(source, "folder_of", lambda name: tmp_path / name)
    assert read_work("own") == Work("own", "gates", 3, 20, 20, [])


def test_a_course_has_its_own_chapters_with_the_pages_below_them():
    toc = TOC.read_text("utf-8")
    course = CourseFile(weeks=(Week(("ch03_bptt",)), Week(("ch06_lstm",))))
    (one, first), (two, second) = chapters_by_part(toc, course).items()
    assert (one, two) == (
        "Part I: one loop",
        "Part II: gates, depth, torch",
    )
    assert first == ["ch03_bptt", "ch03_truncated", "ch03_forward"]
    assert second == ["ch06_lstm"]
    every = chapters_by_part(toc, CourseFile())
    assert "ch22_work" in {
        name for names in every.values() for name in names
    }


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """What is made from the book as it is really built."""

    def make(folder):
        made = [sys.executable, "-m", "tools.build.book", "build"]
        subprocess.run(made, cwd=book.ROOT, check=True)
        assert main(["--to", str(folder)]) == 0

    return make_once(tmp_path_factory, "taught", make)


def list_chapters():
    """The names of the book's chapters' pages, by number."""
    found = {}
    for names in chapters_by_part(
        TOC.read_text("utf-8"), CourseFile()
    ).values():
        for name in names:
            found.setdefault(name[2:4], []).append(name)
    return found


@pytest.mark.system
def test_the_built_book_gives_all_of_it(taught, browser):
    names = [name for of in list_chapters().values() for name in of]
    decks = {f"chapter_{number}" for number in list_chapters()}
    assert {path.stem for path in (taught / "slides").iterdir()} == {
        *names,
        *decks,
    }
    asked = check_moodle((taught / "questions.xml").read_bytes())
    kinds = [one.get("type") for one in asked]
    assert kinds.count("multichoice") == 5 * len(names)
    assert kinds.count("numerical") == VARIANTS * len(KINDS)
    wrong = []
    with open_screen(browser, wrong) as view:
        for path in sorted(taught.glob("**/*.html")):
            if path.parent.name == "slides":
                continue
            view.goto(path.as_uri())
            wide = "document.documentElement.scrollWidth > innerWidth"
            if view.evaluate(wide):
                wrong.append(f"{path.name} is wider than the screen")
            if view.locator("main").count() != 1:
                wrong.append(f"{path.name} has no main part")
    assert wrong == []


@contextlib.contextmanager
def open_screen(browser, wrong):
    """A page of the browser; its errors and what it asks of others are wrong."""
    with browser.new_page(viewport={"width": 1280, "height": 720}) as view:
        view.on("pageerror", lambda error: wrong.append(error.stack))
        view.on(
            "request",
            lambda r: wrong.append(r.url) if r.url[:4] == "http" else 0,
        )
        yield view


def has(page, selector):
    return any(page.select(f"section section:not(#exercises) {selector}"))


@pytest.mark.system
def test_each_chapters_deck_has_what_its_pages_have(taught):
    """Counted in the built pages themselves."""
    counts = dict.fromkeys(WANTED, 0)
    for number, names in list_chapters().items():
        pages = [
            BeautifulSoup(
                (book.BUILD / "html" / f"{name}.html").read_bytes(), "lxml"
            ).article
            for name in names
        ]
        path = taught / "slides" / f"chapter_{number}.html"
        deck = BeautifulSoup(path.read_bytes(), "html.parser")
        shown = deck.find_all("section")
        assert 6 <= len(shown) <= MOST, number
        for what, selector in WANTED.items():
            there = any(has(page, selector) for page in pages)
            kinds = [one["data-what"] for one in shown]
            assert (what in kinds) == there, (number, what)
            counts[what] += there
        captions = sum(
            "The picture to remember" in one.get_text()
            for page in pages
            for one in page.find_all("figcaption")
        )
        assert kinds.count("picture") == captions == len(names)
        assert kinds.count("prediction") == kinds.count("question") == 1
        for name, page in zip(names, pages, strict=True):
            whole = path.with_name(f"{name}.html").read_bytes()
            check_folded(page, BeautifulSoup(whole, "html.parser"))
        k = kinds.index("prediction")
        assert shown[k]["data-box"] == shown[k + 1]["data-box"] != ""
        told = sum(len(one.get_text()) for one in deck.select(".notes"))
        assert told > 1000, number
    assert counts == {
        "picture": 23,
        "prediction": 23,
        "question": 23,
        "equations": 23,
        "live": 22,
        "animation": 3,
    }


def check_folded(page, whole):
    """The answer to each prediction stands in its folded part alone.

    A long prediction has several slides, an open one no answer.
    """
    slides = whole.select("section[data-what=prediction]")
    groups = itertools.groupby(slides, lambda one: one["data-box"])
    asked = [
        BeautifulSoup("".join(map(str, parts)), "html.parser")
        for _, parts in groups
    ]
    answered = [
        len(box.select(".predict-answer"))
        for box in page.select(".predict")
    ]
    assert [len(one.find_all("details")) for one in asked] == answered
    for one in asked:
        if one.details is None:
            continue
        answer = one.details.extract()
        answer.summary.decompose()
        told = answer.get_text(strip=True)
        assert told
        for other in one.select("ol, ul, .notes"):  # the choices have it
            other.decompose()
        open_texts = [
            p.get_text(strip=True) for p in one.find_all(["p", "div"])
        ]
        assert told not in open_texts


WANTED = {
    "picture": "figure figcaption:-soup-contains('The picture to remember')",
    "prediction": ".predict",
    "question": ".sd-dropdown",
    "equations": "div.math",
    "live": "p.question",
    "animation": ".cell_output > .output > .rnn-flipbook",
}
FIND_UNREADABLE = """() => slides.flatMap((one, k) => {
  const found = [], bare = one.cloneNode(true);
  const high = matchMedia("print").matches ? 720 : innerHeight;
  if (one.scrollHeight > high + 1) found.push("is higher than the screen");
  if (one.scrollWidth > one.clientWidth) found.push("is too wide");
  const right = one.getBoundingClientRect().right + 1;
  const texts = document.createTreeWalker(one, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const { textContent, parentElement } = texts.currentNode;
    if (!textContent.trim() || !parentElement.checkVisibility() ||
      parentElement.closest(".kind, .place, svg, .live")) continue;
    if (parentElement.getBoundingClientRect().right > right)
      found.push(`ends outside: ${textContent}`);
    if (!parentElement.closest("math, sup, sub") &&
      parseFloat(getComputedStyle(parentElement).fontSize) < 24)
      found.push(`has small letters: ${textContent}`);
  }
  for (const drawn of one.querySelectorAll("img, video, .live svg")) {
    const { width, height } = drawn.getBoundingClientRect();
    if (drawn.checkVisibility() && Math.min(width, height) < 100)
      found.push(`has a picture of ${width} by ${height} pixels`);
  }
  for (const figure of one.querySelectorAll("figure"))
    if (!figure.querySelector("img, svg, audio, video, .rnn-heat > div > span"))
      found.push("has a figure without its picture");
  for (const open of one.querySelectorAll("details[open]"))
    found.push(`shows what is folded: ${open.textContent}`);
  bare.querySelectorAll(".kind, .place, .notes, h1, h2")
    .forEach((other) => other.remove());
  if (!bare.textContent.trim() &&
    !bare.querySelector("img, svg, audio, video")) found.push("is empty");
  return found.map((what) => `${k + 1} ${what}`);
})"""
SCREENS = [(1280, 720), (1280, 800), (1024, 768)]


@pytest.mark.system
@pytest.mark.timeout(3000)
@pytest.mark.in_turn
@pytest.mark.parametrize("part", range(4))
def test_the_last_row_can_read_each_slide_of_the_built_book(
    taught, browser, part
):
    wrong = []
    with open_screen(browser, wrong) as view:
        for path in sorted((taught / "slides").iterdir())[part::4]:
            view.goto(path.as_uri())
            for width, height in SCREENS:
                view.set_viewport_size({"width": width, "height": height})
                view.evaluate("fitAll()")
                wrong += [
                    f"{path.stem} at {width} by {height}: {one}"
                    for one in view.evaluate(FIND_UNREADABLE)
                ]
            view.emulate_media(media="print")
            view.evaluate("setPaper(true)")
            wrong += [
                f"{path.stem} on paper: {one}"
                for one in view.evaluate(FIND_UNREADABLE)
            ]
            view.emulate_media(media="screen")
    assert wrong == []


@pytest.mark.system
def test_a_deck_is_turned_and_printed_and_has_a_window_of_notes(
    taught, browser
):
    wrong = []
    path = taught / "slides" / "chapter_06.html"
    with open_screen(browser, wrong) as view:
        view.goto(path.as_uri())
        view.keyboard.press("ArrowRight")
        view.wait_for_function("here() === 1")
        count = view.evaluate("slides.length")
        with view.expect_popup() as opened:
            view.keyboard.press("n")
        notes = opened.value
        assert notes.locator("article").count() == count
        now = notes.locator("article.now")
        assert now.locator("h2").inner_text().startswith(f"2 / {count}: ")
        notes.keyboard.press("ArrowRight")
        view.wait_for_function("here() === 2")
        assert now.locator("h2").inner_text().startswith(f"3 / {count}: ")
        assert notes.locator("article:visible").count() == 2
        notes.emulate_media(media="print")
        assert notes.locator("article:visible").count() == count
        notes.close()
        view.set_viewport_size({"width": 800, "height": 600})
        printed = PdfReader(io.BytesIO(view.pdf(prefer_css_page_size=True)))
        assert len(printed.pages) == count
        box = printed.pages[0].mediabox
        assert (round(box.width), round(box.height)) == (960, 540)
        for number, sheet in enumerate(printed.pages, 1):
            assert f"{number} / {count}" in sheet.extract_text()
    assert wrong == []


@pytest.mark.system
def test_an_animation_turns_and_a_live_figure_acts_on_its_slide(
    taught, browser
):
    wrong = []
    with open_screen(browser, wrong) as view:
        view.goto((taught / "slides" / "chapter_03.html").as_uri())
        turned = view.locator(".rnn-flipbook").first
        turned.scroll_into_view_if_needed()
        before = turned.locator("img:visible").get_attribute("src")
        turned.locator("input").focus()
        view.keyboard.press("ArrowRight")
        assert turned.locator("img:visible").get_attribute("src") != before
        live = view.locator("live-unrolled")
        says = live.locator(".says").inner_text()
        live.get_by_role("button", name="Next").click()
        assert live.locator(".says").inner_text() != says
    assert wrong == []
