"""The blind test in a browser: choices are judged, gaps are named."""

import numpy as np
import pytest

from rnncore.display import play
from rnncore.music.listening_test import who_wrote_it

pytestmark = pytest.mark.system


@pytest.fixture
def page(browser, tmp_path):
    sounds = [play(np.zeros(80), 8000, f"Excerpt {k}") for k in (1, 2, 3)]
    html = who_wrote_it(
        sounds,
        ["Bach", "The network", "Bach"],
        ("Bach", "The network"),
        ['BWV 1 "so", 2.1 nats', "it's 2.0", "<b>3.0</b>"],
    ).html
    path = tmp_path / "quiz.html"
    path.write_text(f'<!doctype html><meta charset="utf-8">{html}')
    page = browser.new_page()
    page.goto(path.as_uri())
    yield page
    page.close()


def test_the_reader_is_told_what_was_right_and_what_was_not_answered(page):
    fields = page.locator("fieldset")
    fields.nth(0).get_by_label("Bach", exact=True).check()
    fields.nth(1).get_by_label("Bach", exact=True).check()
    page.get_by_role("button", name="Tell me").click()
    told = [fields.nth(k).locator("output").inner_text() for k in range(3)]
    assert told == [
        '✓ Right: Bach. BWV 1 "so", 2.1 nats',
        "✗ No: The network. it's 2.0",
        "Not answered yet.",
    ]
    verdict = page.locator(".rnn-verdict")
    assert verdict.inner_text() == "1 of 3 right, 1 not answered."
    fields.nth(2).get_by_label("Bach", exact=True).check()
    page.get_by_role("button", name="Tell me").click()
    third = fields.nth(2).locator("output")
    assert third.inner_text() == "✓ Right: Bach. <b>3.0</b>"
    assert page.url.endswith("quiz.html")  # nothing was sent


def test_the_keyboard_is_enough(page):
    page.locator("fieldset").nth(0).locator("input").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Enter")
    verdict = page.locator(".rnn-verdict")
    assert verdict.inner_text() == "1 of 3 right, 2 not answered."
