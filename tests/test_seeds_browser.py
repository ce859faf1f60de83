"""An experiment again in Chromium: another seed beside the printed result."""

import re
import shutil
import subprocess
import sys
import urllib.parse

import pytest
from playwright.sync_api import expect
from test_book_site import FIRST_VISIT
from test_lite_browser import LONGEST, address, folder  # noqa: F401

from grading import make_once
from tools.build import book
from tools.publish.browser import lite

pytestmark = [pytest.mark.system, pytest.mark.slow]
NAME, CELL = (
    "ch02_loop",
    13,
)  # the adder: its numbers are drawn, its weights not
OWN = 2  # the page's seed
RECORDED = "ch05_clipping"  # prints stored results of five seeds


@pytest.fixture(scope="module")
def pages(address, folder, tmp_path_factory):  # noqa: F811
    """Where a page of the book stands, with the browser's Python beside it."""
    made = [sys.executable, "-m", "tools.build.book", "build"]
    subprocess.run(made, cwd=book.ROOT, check=True)

    def make(there):
        html = book.BUILD / "html"
        shutil.copytree(html / "_static", there / "_static")
        for name in "index", NAME, RECORDED:
            shutil.copy(html / f"{name}.html", there)
        lite.put_into(there, folder / "book" / "lite")

    there = make_once(tmp_path_factory, f"{folder.name}/seeds", make)
    return urllib.parse.urljoin(address, f"/{there.name}/{NAME}.html")


class Reader:
    """The page, and what it asked for."""

    def __init__(
        self, browser, pages, name=NAME, which=f'[cell="{CELL}"]', **how
    ):
        self.context = browser.new_context(
            viewport={"width": 1280, "height": 900}, **how
        )
        self.context.set_default_timeout(LONGEST)
        self.page = self.context.new_page()
        self.page.add_init_script(FIRST_VISIT)
        self.site = pages.partition("/seeds/")[0]
        self.asked, self.wrong = [], []
        self.context.on("request", lambda r: self.asked.append(r.url))
        self.page.on("pageerror", lambda e: self.wrong.append(e.stack))
        self.page.goto(pages.replace(NAME, name))
        self.one = self.page.locator(f"another-seed{which}")

    def press(self):
        self.one.locator("[type=submit]").click()

    def asked_for(self, part):
        return [url for url in self.asked if part in url]


@pytest.fixture
def reader(browser, pages):
    """A function that opens the page; nothing goes wrong in it."""
    readers = []

    def make(**how):
        readers.append(Reader(browser, pages, **how))
        return readers[-1]

    yield make
    for one in readers:
        one.context.close()
        assert one.wrong == []
        here = f"{one.site}/", "data:", "blob:"
        assert [url for url in one.asked if not url.startswith(here)] == []


def words(part):
    return [
        t.strip() for t in part.locator(".stream pre").all_text_contents()
    ]


def test_an_experiment_runs_again_with_another_seed_and_with_its_own(
    reader,
):
    one = reader()
    expect(one.one.locator("button")).to_have_text("Another seed")
    assert one.page.evaluate("window.shifted") < 0.02
    assert [u.rpartition("/")[2] for u in one.asked_for("/lite/")] == [
        "another-seed.js"
    ]
    printed = words(one.one.locator("xpath=preceding-sibling::div"))
    assert re.search(r"= \d", printed[0])

    one.press()
    caption, figure = (
        one.one.locator("figcaption"),
        one.one.locator("figure"),
    )
    expect(caption).to_have_text(f"Seed {OWN + 100} in place of {OWN}.")
    assert len(words(figure)) == len(printed)
    assert words(figure) != printed
    expect(figure.locator("li").first).to_contain_text("So here too")

    one.one.locator("input").fill("0")
    one.press()
    expect(caption).to_contain_text(f"The page's own seed, {OWN}")
    expect(caption).to_contain_text("the same as above")
    assert words(figure) == printed


def test_a_recorded_result_is_shown_of_one_seed_alone(reader):
    one = reader(name=RECORDED, which="[recorded]")
    table = one.one.locator("xpath=preceding-sibling::div//table").first
    printed = table.inner_text().replace(",", " ")
    one.press()
    caption = one.one.locator("figcaption")
    expect(caption).to_contain_text("Recorded seed 0 alone")
    expect(caption).to_contain_text("python -m tools.train clipping")
    (alone,) = words(one.one.locator("figure"))
    for line, whole in zip(
        alone.splitlines(), printed.splitlines(), strict=True
    ):
        *setting, error = line.split()
        assert whole.split()[: len(setting)] == setting
        assert error in whole.split()[len(setting) :]
    expect(one.one.locator("input")).to_have_value("1")
    one.one.locator("input").fill("7")
    one.press()
    told = one.one.get_by_role("status")
    expect(told).to_have_text("Recorded are the seeds 0, 1, 2, 3, 4.")


def test_what_is_no_seed_loads_nothing_and_is_told(reader):
    one = reader()
    one.page.evaluate("delete globalThis.WebAssembly")
    one.press()
    expect(one.one.get_by_role("status")).to_contain_text(
        "cannot run WebAss"
    )
    for typed in "-1", "", "0.5", "1e7":
        one.one.locator("input").fill(typed)
        one.press()
        told = one.one.get_by_role("status")
        expect(told).to_contain_text("Expected a whole number from 0")
    assert len(one.asked_for("/lite/")) == 1


def test_without_a_script_and_on_paper_there_is_no_button(reader):
    silent = reader(java_script_enabled=False)
    assert silent.one.count() == 1
    assert silent.one.is_hidden()
    one = reader()
    expect(one.one).to_be_visible()
    one.page.emulate_media(media="print")
    expect(one.one).to_be_hidden()
