"""What a reader's browser keeps of their reading, in the built book."""

import gzip
import json
import re
import subprocess
import sys

import pytest

from tools.build import book
from tools.build.live.stills import serve_folder

pytestmark = pytest.mark.system
SCRIPT = book.BOOK / "_static" / "own-pace.js"
KEY = "rnncore-own-pace"
CHAPTER = "ch03_bptt"
REPLY = "does not know how many steps there were"  # to a wrong answer
FORBIDDEN = """for (const name of ["getItem", "setItem", "removeItem"])
  Storage.prototype[name] = () => { throw new Error("forbidden"); };"""
FULL = """Storage.prototype.setItem = () => {
  throw new DOMException("no room", "QuotaExceededError"); };"""
SHIFTS = """window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((shift) => {
  if (!shift.hadRecentInput) window.shifted += shift.value;
})).observe({ type: "layout-shift", buffered: true });"""
EMPTY = {
    "format": KEY,
    "version": 1,
    "last": None,
    "pages": [],
    "answers": [],
    "predictions": [],
    "results": "hidden",
}
PAGE = {"page": CHAPTER, "read": True, "seconds": 400, "questions": 5}
LAST = {"page": CHAPTER, "section": "exercises", "heading": "Exercises"}
ANSWER = {
    "page": CHAPTER,
    "question": "Why?",
    "answer": "Because.",
    "mark": "",
}


@pytest.fixture(scope="module")
def site():
    """The book's address; the book is built first if anything changed."""
    made = [sys.executable, "-m", "tools.build.book", "build"]
    subprocess.run(made, cwd=book.ROOT, check=True)
    with serve_folder(book.BUILD / "html") as address:
        yield address


class Reader:
    """A browser profile of its own, whose clock the test moves."""

    def __init__(self, browser, site, width=1280, **how):
        self.site, self.wrong = site, []
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, **how
        )
        self.page = self.context.new_page()
        self.page.on("pageerror", lambda e: self.wrong.append(e.stack))
        self.page.on("request", self._on_request)
        self.page.clock.install(time=0)
        self.page.clock.pause_at(1000)

    def _on_request(self, request):
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.wrong.append(request.url)

    def open(self, name=CHAPTER):
        self.page.goto(f"{self.site}{name}.html", wait_until="load")

    def wait(self, seconds):
        """Let the page's clock go on."""
        self.page.clock.run_for(1000 * seconds)

    def needed(self):
        """A third of the time that the page says, in seconds."""
        text = self.page.locator(".bd-article").inner_text()
        return 20 * int(re.search(r"(\d+) minutes to read", text)[1])

    def to_the_end(self):
        self.page.evaluate("scrollTo(0, document.body.scrollHeight)")

    @property
    def kept(self):
        text = self.page.evaluate(f"localStorage.getItem('{KEY}')")
        return text and json.loads(text)

    def keep(self, state):
        text = state if isinstance(state, str) else json.dumps(state)
        self.page.evaluate(
            f"text => localStorage.setItem('{KEY}', text)", text
        )

    def question(self, number=2):
        """A closing question, unfolded."""
        asked = self.page.locator("article details.sd-dropdown").nth(
            number - 1
        )
        if asked.get_attribute("open") is None:
            asked.locator("> summary").click()
        return asked

    def answer(self, number, words):
        field = self.question(number).get_by_label("Your answer").first
        field.fill(words)
        return field

    @property
    def panel(self):
        """Your progress, unfolded."""
        panel = self.page.locator("details.own-pace")
        if panel.get_attribute("open") is None:
            panel.locator("> summary").click()
        return panel

    @property
    def told(self):
        return self.panel.get_by_role("status").inner_text()

    def export(self):
        with self.page.expect_download() as download:
            self.panel.get_by_role("button", name="Export").click()
        assert download.value.suggested_filename == "own-pace.json"
        return download.value.path().read_text("utf8")

    def bring(self, text):
        """Import a file; what the page says about it."""
        content = text if isinstance(text, str) else json.dumps(text)
        file = {
            "name": "own-pace.json",
            "mimeType": "application/json",
            "buffer": content.encode(),
        }
        self.panel.get_by_label("Import a file").set_input_files(file)
        self.page.wait_for_function(
            "document.querySelector('.own-pace [role=status]').textContent"
        )
        return self.told

    def read_link(self, title="3. Backpropagation through time"):
        return self.page.locator("nav.bd-links").get_by_role(
            "link", name=re.compile(rf"^{re.escape(title)}\b.* \(read\)")
        )


@pytest.fixture
def reader(browser, site):
    """A function that makes readers; nothing goes wrong in their pages."""
    readers = []

    def make(**how):
        readers.append(Reader(browser, site, **how))
        return readers[-1]

    yield make
    for one in readers:
        one.context.close()
        assert one.wrong == []


def test_the_script_is_small_and_names_no_other_host():
    # 300 bytes of them keep what predict.js asks
    assert len(gzip.compress(SCRIPT.read_bytes())) < 6_300
    text = SCRIPT.read_text("utf8")
    assert "http" not in text
    for markup in ("innerHTML", "insertAdjacentHTML", "eval("):
        assert markup not in text


def test_a_page_is_read_after_its_end_and_a_third_of_its_time(reader):
    one = reader()
    one.open()
    one.wait(one.needed() + 10)
    assert one.read_link().count() == 0  # its end was not seen
    one.open("ch04_training")
    one.to_the_end()
    one.wait(60)
    assert one.read_link("4. Training").count() == 0  # too fast
    one.open()
    one.to_the_end()
    one.wait(2)  # the earlier visit counts
    assert one.read_link().count() == 1
    one.page.reload()
    assert one.read_link().count() == 1
    one.open("ch04_training")
    assert one.read_link().count() == 1
    assert one.read_link("4. Training").count() == 0


def test_a_reader_says_what_is_read_with_keys_alone(reader):
    one = reader()
    one.open()
    one.page.locator("details.own-pace > summary").focus()
    for key in ("Enter", "Tab", "Space"):
        one.page.keyboard.press(key)
    box = one.panel.get_by_role("checkbox", name="This page is read")
    assert box.is_checked()
    assert one.read_link().count() == 1
    one.page.keyboard.press("Space")
    assert one.read_link().count() == 0
    one.to_the_end()
    one.wait(one.needed() + 20)
    assert one.read_link().count() == 0  # the reader's word stands
    for name in ("Export", "Delete all"):
        one.page.keyboard.press("Tab")
        focused = one.page.evaluate("document.activeElement.textContent")
        assert focused == name


def test_the_first_page_alone_leads_back_to_page_and_section(reader):
    one = reader()
    one.open("index")
    back = one.page.locator(".own-pace-back")
    assert back.count() == 1
    assert back.bounding_box() is None  # and no empty place for it
    one.open()
    one.page.locator("#from-numbers-to-arrays").scroll_into_view_if_needed()
    one.page.evaluate(
        "document.getElementById('from-numbers-to-arrays')"
        ".scrollIntoView({ behavior: 'instant' })"
    )
    one.wait(3)
    assert one.kept is None  # a glance
    one.wait(4)
    one.open("ch07_gru")
    assert one.page.locator(".own-pace-back").count() == 0
    one.open("index")
    link = one.page.locator(".own-pace-back a")
    assert link.is_visible()
    words = link.inner_text()
    assert "3. Backpropagation through time, From numbers to" in words
    link.click()
    one.page.wait_for_url(f"**/{CHAPTER}.html#from-numbers-to-arrays")


def test_a_typed_answer_is_kept_and_shown_beside_ours(reader):
    one = reader()
    one.open()
    ours = one.question(2).get_by_text("Because a change of the weight")
    assert not ours.is_visible()
    typed = "Effects add up. <img src=x onerror=alert(1)>"
    one.answer(2, typed)
    assert "Kept in this browser." in one.question(2).inner_text()
    one.question(2).get_by_text("Our answer", exact=True).click()
    assert ours.is_visible()
    one.question(2).get_by_role("button", name="I had it").click()
    one.answer(3, "All of them.")
    assert "2 of 5 answered, 1 you had" in one.panel.inner_text()
    one.page.reload()
    again = one.question(2)
    assert again.get_by_label("Your answer").first.input_value() == typed
    assert ours.is_visible()
    had = again.get_by_role("button", name="I had it")
    assert had.get_attribute("aria-pressed") == "true"
    not_yet = again.get_by_role("button", name="Not yet")
    not_yet.click()
    assert had.get_attribute("aria-pressed") == "false"
    one.open("ch07_gru")
    assert "2 of 5 answered" in one.panel.inner_text()
    assert one.kept["answers"][0]["question"].startswith("2. Why is the")
    assert one.kept["answers"][0]["mark"] == "not yet"


def test_a_usual_wrong_answer_is_answered_with_keys_alone(reader):
    one = reader()
    one.open()
    asked = one.question(2)
    usual = asked.get_by_role("group", name="Is yours one of these?")
    said = usual.locator("summary")
    reply = asked.get_by_text(REPLY)
    shown = reply.locator("visible=true")
    assert said.count() == 2
    assert shown.count() == 0
    asked.get_by_label("Your answer").first.focus()
    for key in ("Tab", "Tab", "Enter"):
        one.page.keyboard.press(key)
    assert "Because the optimiser" in one.page.evaluate(
        "document.activeElement.textContent"
    )
    assert shown.count() == 1
    ours = asked.get_by_text("Because a change of the weight")
    assert not ours.is_visible()
    below = asked.get_by_text("Our answer", exact=True)
    group = usual.bounding_box()
    assert below.bounding_box()["y"] >= group["y"] + group["height"]
    below.click()
    assert ours.is_visible()
    assert shown.count() == 1  # not below ours once more
    assert not (one.kept or EMPTY)["answers"]  # unfolding is no answer


def test_two_tabs_lose_nothing_of_each_other(reader):
    one = reader()
    one.open()
    other = one.context.new_page()
    other.goto(f"{one.site}ch07_gru.html")
    asked = other.locator("#check-yourself details.sd-dropdown").first
    asked.locator("> summary").click()
    asked.get_by_label("Your answer").first.fill("in the other tab")
    one.answer(1, "in this tab")
    assert {a["answer"] for a in one.kept["answers"]} == {
        "in this tab",
        "in the other tab",
    }


def test_export_then_delete_then_import_restores(reader):
    one = reader()
    one.open()
    one.answer(1, "All fifty, “of course”.")
    one.panel.get_by_label("This page is read").check()
    one.wait(6)
    before = one.kept
    assert before["last"]["page"] == CHAPTER
    exported = one.export()
    assert json.loads(exported) == before
    delete = one.panel.get_by_role("button", name="Delete all")
    one.page.once("dialog", lambda dialog: dialog.dismiss())
    delete.click()
    assert one.kept == before
    one.page.once("dialog", lambda dialog: dialog.accept())
    delete.click()
    assert one.told == "Deleted."
    assert one.kept is None
    assert one.read_link().count() == 0
    field = one.question(1).get_by_label("Your answer").first
    assert field.input_value() == ""
    one.wait(60)
    assert one.kept is None  # nothing comes back by itself
    one.page.reload()
    assert one.bring(exported) == "Imported."
    assert one.kept == before
    assert field.input_value() == "All fifty, “of course”."
    assert one.read_link().count() == 1


def test_an_import_adds_and_never_replaces(reader):
    one = reader()
    one.open()
    one.keep({**EMPTY, "answers": [ANSWER]})
    other = {**ANSWER, "answer": "No reason."}
    more = {**ANSWER, "question": "How?"}
    said = one.bring({**EMPTY, "pages": [PAGE], "answers": [other, more]})
    assert said == (
        "Imported. Answers that differ from those here: 1; those here stay."
    )
    assert one.kept["answers"] == [ANSWER, more]
    assert one.read_link().count() == 1


def with_first(name, **changes):
    first = {"pages": PAGE, "answers": ANSWER}[name]
    return {**EMPTY, name: [{**first, **changes}]}


HOSTILE = {
    "no JSON": ("<script>alert(1)</script>", "not valid JSON"),
    "another file": ({"cells": []}, f'expected "{KEY}", found nothing'),
    "a later version": ({**EMPTY, "version": 2}, "expected 1, found 2"),
    "a list": ([], "expected an object, found []"),
    "nested": ("[" * 200_000, "Not imported"),
    "an address": (
        with_first("pages", page="https://example.org/"),
        "pages[0].page: expected the name of a page",
    ),
    "a script's address": (
        {
            **EMPTY,
            "last": {
                "page": CHAPTER,
                "section": "javascript:alert(1)//",
                "heading": "",
            },
        },
        "last.section: expected the name of a section",
    ),
    "a negative time": (
        with_first("pages", seconds=-1),
        "pages[0].seconds: expected a whole number",
    ),
    "a long answer": (
        with_first("answers", answer="x" * 2001),
        "answers[0].answer: expected a text of at most 2000 characters",
    ),
    "an unknown mark": (
        with_first("answers", mark="<b>"),
        'answers[0].mark: expected "had it", "not yet" or ""',
    ),
    "too many": (
        {**EMPTY, "pages": [PAGE] * 301},
        "pages: expected a list of at most 300",
    ),
    "too large": (" " * 4_000_001, "the file: expected at most 4000000"),
}


def test_a_hostile_file_is_refused_with_a_message(reader):
    one = reader()
    one.open()
    one.keep({**EMPTY, "answers": [ANSWER]})
    before = one.kept
    for why, (file, message) in HOSTILE.items():
        said = one.bring(file)
        assert said.startswith("Not imported, nothing changed."), why
        assert message in said, why
        assert one.kept == before, why
    assert one.page.locator(".own-pace :is(b, script)").count() == 0


def test_what_a_file_adds_by_itself_is_left_out_and_text_stays_text(
    reader,
):
    one = reader()
    one.open()
    text = json.dumps(
        {
            **EMPTY,
            "last": {
                "page": CHAPTER,
                "section": "exercises",
                "heading": "<img src=x onerror=alert(1)>",
                "href": "https://example.org/",
            },
            "pages": [{**PAGE, "page": "constructor"}],
        }
    ).replace('"version"', '"__proto__": {"read": true}, "version"')
    assert one.bring(text) == "Imported."
    assert one.kept.keys() == EMPTY.keys()
    assert set(one.kept["last"]) == {"page", "section", "heading"}
    assert one.page.evaluate("({}).read") is None
    one.open("index")
    link = one.page.locator(".own-pace-back a")
    assert "<img src=x" in link.inner_text()
    assert link.locator("img").count() == 0


@pytest.mark.parametrize("trouble", [FORBIDDEN, FULL], ids=["no", "full"])
def test_storage_that_keeps_nothing_is_told_and_nothing_is_lost(
    reader, trouble
):
    one = reader()
    one.page.add_init_script(trouble)
    one.open()
    one.wait(20)
    one.answer(2, "Effects add up.")
    status = one.question(2).get_by_role("status").first.inner_text()
    assert status.startswith("Not kept: This browser")
    assert "unless you export it first" in status
    one.answer(3, "All forward numbers.")
    assert "(not kept)" in one.panel.inner_text()
    assert "Not kept: This browser" in one.panel.inner_text()
    answers = json.loads(one.export())["answers"]
    assert [a["answer"] for a in answers] == [
        "Effects add up.",
        "All forward numbers.",
    ]
    # The theme's scripts ask storage too, and complain.
    one.wrong[:] = [stack for stack in one.wrong if "own-pace" in stack]


@pytest.mark.parametrize(
    "found", ["{", "7", json.dumps({**EMPTY, "version": 9})]
)
def test_what_cannot_be_read_is_told_and_left_as_it_is(reader, found):
    one = reader()
    one.open()
    one.keep(found)
    one.page.reload()
    one.answer(2, "Effects add up.")
    one.wait(20)
    raw = one.page.evaluate(f"localStorage.getItem('{KEY}')")
    assert raw == found
    said = one.panel.inner_text()
    assert "cannot be read and is left as it is" in said
    one.page.once("dialog", lambda dialog: dialog.accept())
    one.panel.get_by_role("button", name="Delete all").click()
    one.answer(2, "Effects add up, again.")
    assert one.kept["answers"][0]["answer"] == "Effects add up, again."


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_everybody_can_use_it(reader, scheme, width):
    from axe_playwright_python.sync_playwright import Axe

    one = reader(width=width, color_scheme=scheme)
    one.page.clock.resume()  # the checker waits by it
    one.open()
    one.keep(
        {
            **EMPTY,
            "last": LAST,
            "pages": [PAGE],
            "answers": [ANSWER],
        }
    )
    for name, own in (
        ("index", ".own-pace-back"),
        (CHAPTER, "#check-yourself"),
    ):
        one.open(name)
        if width < 1000:
            one.page.locator("button.primary-toggle").click()
            one.wait(1)
        assert one.panel.is_visible()
        assert one.read_link().is_visible()
        one.page.evaluate(
            "document.querySelectorAll('#check-yourself details')"
            ".forEach((folded) => { folded.open = true; })"
        )
        one.wait(2)
        for context in (".bd-sidebar-primary, dialog[open]", own):
            found = Axe().run(one.page, context=context).response
            assert [
                (v["id"], v["nodes"][0]["html"])
                for v in found["violations"]
            ] == []
        wide = one.page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        panel = one.panel.evaluate("p => p.scrollWidth <= p.clientWidth")
        assert panel


@pytest.mark.parametrize("name", ["index", CHAPTER])
@pytest.mark.parametrize("width", [320, 1280])
def test_nothing_moves_for_a_reader_who_was_here(reader, name, width):
    one = reader(width=width)
    one.page.clock.resume()
    one.open()
    one.keep(
        {
            **EMPTY,
            "last": LAST,
            "pages": [PAGE, {**PAGE, "page": "setup"}],
            "answers": [ANSWER],
        }
    )
    one.page.add_init_script(SHIFTS)
    late = []
    one.page.route("**/own-pace.js*", lambda route: late.append(route))
    one.page.goto(f"{one.site}{name}.html", wait_until="commit")
    one.page.locator("footer.bd-footer-content").wait_for(state="attached")
    one.page.wait_for_timeout(500)  # it is drawn; then the script comes
    one.page.evaluate("document.fonts.ready.then(() => true)")
    one.page.wait_for_timeout(200)  # typefaces that came late have moved it
    assert one.page.locator(".own-pace").count() == 0
    before = one.page.evaluate("shifted")
    late[0].continue_()
    one.page.wait_for_load_state("networkidle")
    one.page.wait_for_timeout(500)
    assert one.page.locator(".own-pace-read").count() == 2
    assert one.page.evaluate("shifted") - before < 0.005


def test_paper_shows_nothing_of_it(reader):
    one = reader()
    one.open()
    one.answer(2, "Effects add up.")
    one.panel.get_by_label("This page is read").check()
    assert one.page.locator(".own-pace-answer:visible").count() == 1
    one.question(2).get_by_text("Our answer", exact=True).click()
    one.page.emulate_media(media="print")
    shown = one.page.locator(
        ":is(.own-pace, .own-pace-answer, .own-pace-marks,"
        " .own-pace-ours > summary, .own-pace-read, .own-pace-usual):visible"
    )
    assert shown.count() == 0
    ours = one.page.get_by_text("Because a change of the weight changes")
    reply = one.page.get_by_text(REPLY).locator("visible=true")
    assert reply.count() == 1
    assert reply.bounding_box()["y"] > ours.bounding_box()["y"]


def test_without_javascript_answers_unfold_as_before(reader):
    one = reader(java_script_enabled=False)
    one.open()
    one.question(2)
    ours = one.page.get_by_text("Because a change of the weight changes")
    reply = one.page.get_by_text(REPLY)
    assert reply.bounding_box()["y"] > ours.bounding_box()["y"]
    label = (
        one.question(2)
        .locator("dl")
        .evaluate("list => getComputedStyle(list, '::before').content")
    )
    assert label == '"Usual wrong answers"'
    assert one.page.locator("[class^=own-pace]").count() == 0
    one.open("index")
    assert not one.page.locator(".own-pace-back").is_visible()
