"""Chapter 2's live picture computes what the package computes."""

import re

import numpy as np
import pytest

from rnncore.rnn import Params, relu_cell, rnn_cell, unroll
from tests.helpers import ROOT

pytestmark = pytest.mark.system
SCRIPT = ROOT / "book" / "_static" / "state-map.js"
PRESSES = {3: 1, 8: -1, 9: 1, 20: -1, 33: 1}
CELLS = {"tanh": (rnn_cell, 3.0), "relu": (relu_cell, 1.0)}


@pytest.fixture
def picture(browser):
    """A function that shows one <state-map> and returns its page."""
    pages = []

    def show(name):
        _, push = CELLS[name]
        presses = " ".join(f"{t}:{s}" for t, s in PRESSES.items())
        page = browser.new_page()
        page.set_content(
            f'<state-map f="{name}" w="1" push="{push}" '
            f'presses="{presses}"><p>Needs JavaScript.</p></state-map>'
        )
        page.add_script_tag(path=str(SCRIPT))
        pages.append(page)
        return page

    yield show
    for page in pages:
        page.close()


def move(page, which, value):
    """Move slider 0 (W_h), 1 (b) or 2 (t) and return what the words say."""
    slider = page.locator("input[type=range]").nth(which)
    slider.evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }",
        value,
    )
    return said(page)


def said(page):
    return page.locator("p[aria-live]").inner_text().replace("−", "-")


def states(name, w, b, moments=40):
    cell, push = CELLS[name]
    x = np.zeros((moments, 1, 1))
    for t, sign in PRESSES.items():
        x[t - 1] = sign
    params = Params(*(np.array(a) for a in ([[push]], [[w]], [b], [0.0])))
    return unroll(cell, params, x, (np.zeros((1, 1)),))[0][:, 0, 0]


@pytest.mark.parametrize(
    ("name", "w", "b"),
    [
        ("tanh", 2.0, 0.0),
        ("tanh", 0.5, 0.4),
        ("tanh", -1.8, -0.25),
        ("tanh", 0.0, 0.3),
        ("relu", 1.0, 0.0),
        ("relu", 0.95, 0.1),
        ("relu", 1.05, -0.05),
    ],
)
def test_the_state_is_that_of_unroll(picture, name, w, b):
    page = picture(name)
    move(page, 0, w)
    move(page, 1, b)
    h = states(name, w, b)
    for t in (1, 8, 19, 40):
        words = move(page, 2, t)
        shown = float(re.search(rf"moment {t}: (-?\d+\.\d+)", words)[1])
        assert abs(shown - h[t - 1]) <= 0.005 + 1e-9  # two digits


@pytest.mark.parametrize("w", [0.6, 1.0, 1.3, 2.0, 3.5])
def test_the_resting_points_are_those_of_tanh(picture, w):
    words = move(picture("tanh"), 0, w)
    h = 1.0
    for _ in range(20_000):  # at w = 1 it falls like sqrt(3 / (2 n))
        h = np.tanh(w * h)
    if w <= 1:
        assert "One place to rest: 0.00." in words
        assert h < 0.01
    else:
        assert f"Two places to rest: -{h:.2f} and {h:.2f}." in words
        assert "0.00 also maps to itself" in words


def test_a_bias_takes_one_valley_away(picture):
    page = picture("tanh")
    move(page, 0, 2.0)
    assert "Two places" in move(page, 1, 0.5)
    assert "One place" in move(page, 1, 0.55)  # it goes at 0.533


@pytest.mark.parametrize(
    ("w", "b", "words"),
    [
        (1.0, 0.0, "Every state from 0 upwards"),
        (0.9, 0.2, "One place to rest: 2.00."),
        (1.1, 0.2, "runs away"),
        (1.1, -0.2, "One place to rest: 0.00. 2.00 also maps to itself"),
    ],
)
def test_a_count_rests_everywhere_or_hardly_anywhere(picture, w, b, words):
    page = picture("relu")
    move(page, 0, w)
    assert words in move(page, 1, b)


def test_with_a_negative_weight_the_state_swings(picture):
    assert "swings from side to side" in move(picture("tanh"), 0, -2)


def test_buttons_change_the_chosen_moment_and_can_start_again(picture):
    page = picture("tanh")
    move(page, 0, 2.0)
    before = move(page, 2, 15)
    page.get_by_role("button", name="OFF at t").click()
    assert said(page) != before
    page.get_by_role("button", name="nothing at t").click()
    assert said(page) == before
    page.get_by_role("button", name="start again").click()
    assert "moment 40" in said(page)


def test_it_is_moved_by_the_keyboard_and_described_in_words(picture):
    page = picture("tanh")
    page.get_by_label("weight").focus()
    page.keyboard.press("ArrowRight")
    assert page.get_by_label("weight").input_value() == "1.1"
    for k in range(3):
        label = page.locator("svg").nth(k).get_attribute("aria-label")
        assert len(label) > 30
    assert page.get_by_text("Needs JavaScript").count() == 0
