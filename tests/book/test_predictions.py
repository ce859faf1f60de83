"""The box in which a reader predicts a result before seeing it."""

import gzip
import json
import re
import shutil

import pytest
from docutils import nodes
from myst_parser.parsers.directives import parse_directive_text
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace

from tests.helpers import ROOT
from tools.build.live.stills import serve_folder
from tools.pages import weave
from tools.site import predictions

BOOK = ROOT / "book"
KEY = "rnncore-own-pace"
BOX = re.compile(
    r"^(:{3,})\{predict\}\n(.*?)^\1$", re.MULTILINE | re.DOTALL
)
GLUED = re.compile(r"\{glue:text\}`([^:`]+(?:::[^:`]+)?)")
PAGES = sorted(p for p in BOOK.glob("ch*.md") if BOX.search(p.read_text()))
PAGE = """# A page

## Choices

:::{predict}
:choices: the *first* | the last
:answer: the last
Which is larger?
:::

The last is.

### Below it

It was measured.

## Number

:::{predict}
:number: '%'
:answer: 0.50
How much?
:::

One half of a per cent.

:::{predict-end}
:::

This was never hidden.

## Curve

:::{predict}
:curve: length, 1 to 14 | right, 0 % to 100 %
:answer: it stays level
Where does it go?
:::

Level.

## Free

:::{predict}
Why?
:::

## The reason

So.

:::{predict}
:choices: yes | no
:answer: no
And then?
:::

It was over.
"""
LAYOUT = """<!doctype html><html lang="en" data-theme="light"><head>
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>A page</title><link rel="stylesheet" href="_static/course.css">
<script>const DOCUMENTATION_OPTIONS = { pagename: "{{ pagename }}" };</script>
<script src="_static/predict.js"></script>
<script src="_static/own-pace.js"></script></head><body>
<div id="pst-primary-sidebar"><nav class="bd-links" aria-label="pages"><ul>
<li><a href="#">A page</a></li></ul></nav></div>
<main><article class="bd-article"><p>30 minutes to read</p>{{ body }}
</article></main></body></html>"""


def test_the_script_is_small_and_names_no_other_host():
    script = BOOK / "_static" / "predict.js"
    assert len(gzip.compress(script.read_bytes())) < 4_500
    text = script.read_text()
    assert text.count("http") == text.count("http://www.w3.org/2000/svg")
    for markup in ("innerHTML", "insertAdjacentHTML", "eval("):
        assert markup not in text


def options_of(text):
    """The options of a page's boxes."""
    return [
        parse_directive_text(predictions.Predict, "", m[2])
        for m in BOX.finditer(text)
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_every_box_of_the_book_has_an_answer_that_exists(page):
    text = page.read_text()
    assert "{admonition} Predict" not in text
    code = "\n".join(
        line for cell in weave.find_cells(text) for line in cell.lines
    )
    for box in options_of(text):
        assert box.warnings == []
        predictions.check(box.options)
        for name in GLUED.findall(box.options.get("answer", "")):
            told = re.escape(name)
            words = re.sub(r"[\d.]+|_+\w*$", ".*", told)
            assert (
                re.search(rf"[\"']{told}[\"']", code)
                or re.search(rf"f[\"']{words}", code)
                or f"{{glue:text}}`{name}" in BOX.sub("", text)
            ), name


@pytest.mark.parametrize(
    "options",
    [
        {"choices": "only one", "answer": "only one"},
        {"choices": "a | a", "answer": "a"},
        {"choices": "a | b"},
        {"choices": "a | b", "answer": "c"},
        {"number": "%", "answer": "much"},
        {"number": ""},
        {"curve": "length | right"},
        {"curve": "length, 1 to 2"},
        {"choices": "a | b", "number": "%", "answer": "a"},
    ],
)
def test_options_that_do_not_go_together_are_refused(options):
    with pytest.raises(ValueError, match=r"expected .* got"):
        predictions.check(options)


def build(folder, page=PAGE, builder="html"):
    """The page as Sphinx writes it."""
    source = folder / "source"
    (source / "templates").mkdir(parents=True)
    (source / "index.md").write_text(page)
    (source / "templates" / "page.html").write_text(LAYOUT)
    with docutils_namespace():
        app = Sphinx(
            source,
            None,
            folder / "out",
            folder / "doctrees",
            builder,
            confoverrides={
                "extensions": ["myst_parser", "tools.site.predictions"],
                # its own: Sphinx would write into what all builds begin with
                "source_suffix": {".md": "markdown"},
                "myst_enable_extensions": ["colon_fence"],
                "html_theme": "basic",
                "templates_path": ["templates"],
            },
            status=None,
            warning=None,
            warningiserror=True,
        )
        app.build()
    return app


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("predict")
    build(folder)
    static = folder / "out" / "_static"
    for name in ("course.css", "predict.js", "own-pace.js"):
        shutil.copy(BOOK / "_static" / name, static / name)
    with serve_folder(folder / "out") as address:
        yield f"{address}index.html"


class Reader:
    """A reader with a browser profile of their own."""

    def __init__(self, browser, site, **how):
        self.context = browser.new_context(accept_downloads=True, **how)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.goto(site)

    def box(self, number):
        return self.page.locator(".admonition.predict").nth(number)

    def told(self, number):
        return self.box(number).locator(".predict-told").inner_text()

    def keep(self, number):
        self.box(number).get_by_text("Keep my prediction").click()

    def sees(self, words):
        """Whether these words of the page are on the screen."""
        return self.page.evaluate(
            """words => [...document.querySelectorAll("article :is(p, h2)")]
              .find((p) => p.textContent.includes(words))
              .checkVisibility({ contentVisibilityAuto: true })
              && !document.evaluate(
                `//*[contains(text(), "${words}")]/ancestor::*[@hidden]`,
                document, null, 9).singleNodeValue""",
            words,
        )

    @property
    def kept(self):
        return json.loads(
            self.page.evaluate(f"localStorage.getItem('{KEY}')")
        )["predictions"]

    def panel(self):
        panel = self.page.locator("details.own-pace")
        if panel.get_attribute("open") is None:
            panel.locator("> summary").click()
        return panel


@pytest.fixture
def reader(browser, site):
    made = []

    def make(**how):
        made.append(Reader(browser, site, **how))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
        assert one.wrong == []


def test_a_choice_opens_what_follows_it_and_stands_beside_the_answer(
    reader,
):
    one = reader()
    assert not one.sees("The last is.")
    assert not one.sees("It was measured.")
    one.keep(0)
    assert not one.sees("The last is.")  # nothing was chosen
    one.box(0).get_by_label("the first").check()
    one.keep(0)
    assert one.sees("The last is.")
    assert one.sees("It was measured.")
    assert one.told(0) == "You said the first; the page says the last."
    assert not one.sees("One half of a per cent.")
    one.box(0).get_by_text("Predict again").click()
    assert not one.sees("The last is.")
    one.box(0).get_by_label("the last").check()
    one.keep(0)
    assert one.told(0) == "You said the last, and so does the page."


def test_a_number_is_one_and_equal_whatever_its_form(reader):
    one = reader()
    field = one.box(1).get_by_label("Your prediction")
    field.fill("a half")
    one.keep(1)
    assert not one.sees("One half of a per cent.")
    assert "expected a number" in one.box(1).inner_text()
    field.fill("0.5")
    one.keep(1)
    assert one.sees("One half of a per cent.")
    assert one.told(1).startswith("You said 0.5 %, and so does")


def test_what_stands_after_the_end_is_always_there(reader):
    assert reader().sees("This was never hidden.")


@pytest.mark.parametrize("touch", [False, True])
def test_a_curve_is_drawn_by_pointer(reader, touch):
    one = reader(has_touch=touch, viewport={"width": 342, "height": 700})
    svg = one.box(2).locator("svg")
    svg.scroll_into_view_if_needed()
    place = svg.bounding_box()
    high = place["y"] + 0.1 * place["height"]
    low = place["y"] + 0.9 * place["height"]
    ends = [place["x"] + share * place["width"] for share in (0.05, 0.95)]
    if touch:
        before = one.page.evaluate("scrollY")
        send = one.context.new_cdp_session(one.page).send
        for kind, points in (
            ("touchStart", [(ends[0], high)]),
            *(
                ("touchMove", [(ends[0], high + k * (low - high) / 8)])
                for k in range(1, 9)
            ),
            ("touchEnd", []),
        ):
            send(
                "Input.dispatchTouchEvent",
                {
                    "type": kind,
                    "touchPoints": [{"x": x, "y": y} for x, y in points],
                },
            )
        assert one.page.evaluate("scrollY") == before
    else:
        mouse = one.page.mouse
        mouse.move(ends[0], low)
        mouse.down()
        mouse.move(ends[1], high, steps=20)
        mouse.up()
    one.keep(2)
    heights = [int(h) for h in one.kept[0]["said"].split()]
    assert heights[0] < 10
    assert touch or heights == sorted(heights)
    assert touch or heights[-1] > 90
    assert one.sees("Level.")
    assert "the page says it stays level" in one.told(2)


def test_a_curve_is_drawn_by_keys_and_its_points_are_large(reader):
    one = reader(viewport={"width": 342, "height": 700})
    points = one.box(2).get_by_role("slider")
    for point in points.all():
        place = point.bounding_box()
        assert min(place["width"], place["height"]) >= 24
    points.first.focus()
    for key in ("End", "ArrowDown", "Tab", "ArrowUp"):
        one.page.keyboard.press(key)
    one.keep(2)
    assert one.kept[0]["said"] == "95 55 50 50 50 50 50"
    one.page.reload()
    assert points.first.get_attribute("aria-valuenow") == "95"
    assert one.sees("Level.")


def test_a_free_text_is_text_and_its_result_is_the_next_section(reader):
    one = reader()
    assert one.sees("The reason")  # the heading
    assert not one.sees("So.")
    said = "<img src=x onerror=alert(1)>"
    one.box(3).get_by_label("Your prediction").fill(said)
    one.keep(3)
    assert one.sees("So.")
    assert said in one.told(3)
    assert not one.sees("It was over.")  # behind the next box


def test_a_skipped_curve_leaves_no_sketch_that_nobody_drew(reader):
    one = reader()
    one.box(2).get_by_text("Skip", exact=True).click()
    assert one.told(2) == "Skipped."
    assert not one.box(2).locator("svg").is_visible()


def test_a_skipped_box_stays_open_after_a_reload_until_forgotten(reader):
    one = reader()
    one.box(0).get_by_text("Skip", exact=True).click()
    assert one.told(0) == "Skipped."
    one.page.reload()
    assert one.sees("The last is.")
    assert one.told(0) == "Skipped."
    one.page.once("dialog", lambda dialog: dialog.accept())
    one.panel().get_by_role("button", name="Delete all").click()
    assert not one.sees("The last is.")
    assert one.box(0).get_by_text("Skip", exact=True).is_visible()


def test_a_box_is_answered_by_keys_alone_and_the_focus_stays_at_it(reader):
    one = reader()
    one.box(0).get_by_label("the first").focus()
    for key in ("ArrowDown", "Tab", "Enter"):
        one.page.keyboard.press(key)
    assert one.told(0) == "You said the last, and so does the page."
    assert one.page.evaluate("document.activeElement.className") == (
        "predict-told"
    )
    one.page.keyboard.press("Tab")
    one.page.keyboard.press("Enter")
    assert not one.sees("The last is.")
    assert one.page.evaluate("document.activeElement.textContent") == (
        "Keep my prediction"
    )


def test_predictions_go_with_the_export_and_come_back(reader):
    one = reader()
    one.box(0).get_by_label("the first").check()
    one.keep(0)
    with one.page.expect_download() as download:
        one.panel().get_by_role("button", name="Export").click()
    exported = download.value.path().read_text()
    other = reader()
    other.panel().get_by_label("Import a file").set_input_files(
        {
            "name": "own-pace.json",
            "mimeType": "application/json",
            "buffer": exported.encode(),
        }
    )
    other.page.get_by_text("Imported.").wait_for()
    assert other.sees("The last is.")
    assert other.told(0) == "You said the first; the page says the last."
    assert other.kept == one.kept


@pytest.mark.parametrize(
    "wrong",
    [
        {"predictions": [{"page": "index", "question": "Why?"}]},
        {"predictions": [{"page": "../", "question": "", "said": ""}]},
        {"results": "never"},
    ],
)
def test_a_file_with_a_wrong_prediction_changes_nothing(reader, wrong):
    one = reader()
    state = {
        "format": KEY,
        "version": 1,
        "last": None,
        "pages": [],
        "answers": [],
    }
    one.panel().get_by_label("Import a file").set_input_files(
        {
            "name": "own-pace.json",
            "mimeType": "application/json",
            "buffer": json.dumps(state | wrong).encode(),
        }
    )
    one.page.get_by_text("Not imported, nothing changed").wait_for()
    assert one.page.evaluate(f"localStorage.getItem('{KEY}')") is None


def test_who_wants_no_question_sees_all_results_from_then_on(reader):
    one = reader()
    always = one.panel().get_by_label("Always show results")
    always.check()
    assert one.sees("The last is.")
    one.page.reload()
    assert one.sees("The last is.")
    assert one.sees("Level.")
    one.panel().get_by_label("Always show results").uncheck()
    assert not one.sees("The last is.")


def test_a_link_into_a_result_opens_it_and_so_does_a_search(reader, site):
    one = reader()
    one.page.evaluate("location.hash = 'below-it'")
    one.page.wait_for_function(
        "!document.getElementById('below-it').closest('[hidden]')"
    )
    assert one.sees("It was measured.")
    other = reader()
    other.page.goto("about:blank")
    other.page.goto(f"{site}#below-it?w=3")  # as a figure's state has it
    assert other.sees("It was measured.")
    assert (
        other.page.evaluate(
            "document.getElementById('below-it').getBoundingClientRect().top"
        )
        < 700
    )
    third = reader()
    third.page.goto("about:blank")
    third.page.goto(f"{site}#:~:text=It%20was%20measured")
    third.page.wait_for_function(
        "!document.getElementById('below-it').closest('[hidden]')"
    )


def test_paper_shows_all(reader):
    one = reader()
    one.page.emulate_media(media="print")
    for words in ("The last is.", "Level.", "So."):
        shown = one.page.get_by_text(words, exact=True)
        assert shown.evaluate("p => p.checkVisibility()")
        assert shown.bounding_box()["height"] > 0
    assert not one.box(0).get_by_text("Skip", exact=True).is_visible()


def test_without_a_script_all_is_there_but_the_answer(reader):
    one = reader(java_script_enabled=False)
    text = one.page.locator("article").inner_text()
    for words in ("Which is larger?", "the first", "The last is.", "So."):
        assert words in text
    assert "it stays level" not in text


def test_nothing_moves_while_it_loads_and_axe_finds_nothing(reader):
    from axe_playwright_python.sync_playwright import Axe

    for width in (342, 1280):
        one = reader(viewport={"width": width, "height": 900})
        for answered in (False, True):
            found = Axe().run(one.page, options={"runOnly": ["wcag2a"]})
            assert found.response["violations"] == []
            if not answered:
                for k in range(5):
                    one.box(k).get_by_text("Skip", exact=True).click()
        wide = one.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width


def test_another_format_has_a_plain_box(tmp_path):
    app = build(tmp_path, builder="text")
    text = (tmp_path / "out" / "index.txt").read_text()
    for words in ("Which is larger?", "the last", "The last is.", "So."):
        assert words in text
    assert "it stays level" not in text
    assert app.env.get_doctree("index").findall(nodes.admonition)
