"""Wide figures on a telephone: legible, and scrolled in their own box."""

import re

import pytest

from tests.helpers.pages import PAGE

pytestmark = pytest.mark.system
TICKS = 10 * 96 / 72  # pixels of a figure's smallest usual letters
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="300" '
    'viewBox="0 0 {0} 300"><rect width="{0}" height="300" fill="#fff"/>'
    "</svg>"
)
LINK = (
    '<a class="enlarge" href="{0}.svg"><img loading="lazy" width="{0}" '
    'height="300" alt="A curve" src="{0}.svg"{1}></a>'
)
FLIPBOOK = (
    '<div class="cell_output"><figure class="rnn-flipbook" '
    f'style="margin: 0">{LINK.format(779, "")}'
    f'{LINK.format(778, " hidden")}<label>Step <input type="range" '
    """oninput="this.closest('figure').querySelectorAll('img').forEach("""
    """(m, i) => { m.hidden = i != this.value; })" min="0" max="1" """
    'value="0"></label></figure></div>'
)


@pytest.fixture
def opened(browser, site):
    """A function that shows figures in a window of a width."""
    pages = []

    def show(body, width, theme="light"):
        page = browser.new_page(viewport={"width": width, "height": 700})
        pages.append(page)
        page.route(
            "**/page.html",
            lambda route: route.fulfill(
                body=PAGE.format(body, theme), content_type="text/html"
            ),
        )
        page.route(
            re.compile(r"\d+\.svg"),
            lambda route: route.fulfill(
                body=SVG.format(re.findall(r"\d+", route.request.url)[-1]),
                content_type="image/svg+xml",
            ),
        )
        page.goto(f"{site}page.html")
        page.wait_for_load_state("networkidle")
        return page

    yield show
    for page in pages:
        page.close()


def figure(width):
    return f'<div class="cell_output">{LINK.format(width, "")}</div>'


@pytest.mark.parametrize("window", [320, 400, 600])
@pytest.mark.parametrize("width", [203, 549, 626, 683, 741, 779, 864])
def test_a_figures_letters_are_legible_and_the_page_stands(
    opened, width, window
):
    page = opened(figure(width), window)
    drawn = page.locator("img").bounding_box()
    assert drawn["width"] <= width  # never enlarged
    assert TICKS * drawn["width"] / width >= 8.9
    assert abs(drawn["height"] / drawn["width"] - 300 / width) < 0.01
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= window


def test_in_a_wide_window_nothing_scrolls(opened):
    page = opened(figure(779), 1280)
    assert page.locator("img").bounding_box()["width"] == 779
    box = "document.querySelector('a.enlarge')"
    assert page.evaluate(f"{box}.scrollLeft = 50, {box}.scrollLeft") == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_keys_scroll_a_wide_figure_and_axe_finds_nothing(opened, theme):
    from axe_playwright_python.sync_playwright import Axe

    body = "<h1>A figure</h1>" + figure(779)
    page = opened(body, 400, theme)
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    moved = "document.querySelector('a.enlarge').scrollLeft > 0"
    page.wait_for_function(moved)
    found = Axe().run(page).response["violations"]
    assert [rule["id"] for rule in found] == []


def test_the_next_page_of_a_flipbook_stays_where_it_was(opened):
    page = opened(FLIPBOOK, 400)
    page.evaluate("document.querySelector('a.enlarge').scrollLeft = 90")
    page.get_by_role("slider").press("ArrowRight")
    page.wait_for_function(
        "document.querySelectorAll('a.enlarge')[1].scrollLeft === 90"
    )
    assert page.locator("a.enlarge:visible").count() == 1


LATE = """async () => {
  const letters = new FontFace("late", "url(fonts/heading.woff2)");
  document.fonts.add(letters);
  await letters.load();
}"""


def test_a_line_that_its_own_letters_make_too_wide_is_reached_by_keys(
    opened,
):
    line = (
        '<span class="katex-display" style="display: block; '
        f'font: 16px late, serif; height: 3em; width: 200px">{"m" * 15}</span>'
    )
    page = opened(line, 400)
    line = page.locator(".katex-display")
    assert line.get_attribute("tabindex") is None
    page.evaluate(LATE)
    page.wait_for_function(
        "document.querySelector('.katex-display').tabIndex === 0"
    )
    assert line.evaluate("line => line.scrollWidth") > 200
    assert line.get_attribute("tabindex") == "0"
