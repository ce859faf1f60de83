"""Chapter 3's number fields judge what a reader types."""

import pytest

from tests.helpers import ROOT

pytestmark = pytest.mark.system
STATIC = ROOT / "book" / "_static"
SCRIPT = STATIC / "check-number.js"
FIELD = """
<check-number label="The share of w" answer="-0.0300" tolerance="0.006"
    hints='[[-0.075, "w gets the other factor."]]'>
  <details><summary>The share of w: show the answer</summary>
  <p>-0.03</p></details>
</check-number>"""


@pytest.fixture
def page(browser):
    page = browser.new_page()
    page.set_content(FIELD)
    page.add_script_tag(path=str(SCRIPT))
    yield page
    page.close()


def verdict(page, typed):
    page.get_by_label("The share of w").fill(typed)
    page.get_by_role("button", name="Check").click()
    return page.locator("output").inner_text()


@pytest.mark.parametrize(
    "typed", ["-0.03", " -.03 ", "-0,03", "\N{MINUS SIGN}0.03", "-0.0295"]
)
def test_the_right_number_is_right_however_it_is_written(page, typed):
    assert verdict(page, typed) == "✓ Right."


@pytest.mark.parametrize("typed", ["0.03", "-0.3", "-0.04", "0", "-0.02"])
def test_another_number_is_wrong(page, typed):
    assert verdict(page, typed) == "✗ Not yet."


def test_a_known_mistake_is_named(page):
    assert verdict(page, "-0.075") == "✗ Not yet: w gets the other factor."


@pytest.mark.parametrize("typed", ["", "  ", "one", "1 2"])
def test_what_is_no_number_is_asked_for_again(page, typed):
    assert verdict(page, typed).startswith("Type a number")


def test_enter_checks_too_and_the_verdict_is_announced(page):
    page.get_by_label("The share of w").fill("-0.03")
    page.keyboard.press("Enter")
    assert page.locator("output").inner_text() == "✓ Right."
    assert page.locator("output").get_attribute("aria-live") == "polite"


def test_the_answer_stays_folded_until_it_is_asked_for(page):
    assert not page.get_by_text("-0.03").is_visible()
    page.get_by_text("Show the answer").click()
    assert page.get_by_text("-0.03").is_visible()


def test_a_script_in_the_head_finds_the_answer_that_comes_later(browser):
    page = browser.new_page()
    script = SCRIPT.read_text("utf8")
    page.set_content(f"<head><script>{script}</script></head>{FIELD}")
    assert page.locator("summary").inner_text() == "Show the answer"
    assert verdict(page, "-0.03") == "✓ Right."
    page.close()
