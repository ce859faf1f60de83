"""The live figures under a finger: what is held moves, what passes does not."""

import pytest

from tests.helpers.browser import settle
from tests.helpers.live import each_figure

pytestmark = pytest.mark.system
TELEPHONE = {
    "viewport": {"width": 390, "height": 800},
    "has_touch": True,
    "is_mobile": True,
}
HELD = {  # what is held, the fields that move with it
    ("attention", ""): ("x", "y"),
    ("ring", ""): ("radius", "angle"),
    ("cliff", ""): ("w", "b"),
    ("descent", ""): ("x", "y"),
}
SIDEWAYS = {
    ("chain", ""): ("h0", "w"),
    ("unrolled", ""): ("w", "x1", "x2", "x3", "y1", "y2", "y3", "h0"),
}


@pytest.fixture
def telephone(show):
    """A function that opens a figure half-way down a telephone's page."""

    def open_figure(name, attributes=""):
        figure = show(name, attributes, **TELEPHONE)
        figure.page.add_style_tag(
            content="body { margin: 0; padding: 900px 24px 1600px; }"
        )
        settle(figure.page)  # drawn anew for this width
        figure.finger = Finger(figure.page)
        return figure

    return open_figure


class Finger:
    """One finger, through the browser's own handling of touches."""

    def __init__(self, page):
        self.page = page
        self.session = page.context.new_cdp_session(page)

    def _send(self, kind, *points):
        self.session.send(
            "Input.dispatchTouchEvent",
            {
                "type": kind,
                "touchPoints": [{"x": x, "y": y} for x, y in points],
            },
        )

    def drag(self, start, by, steps=12):
        """From a place by so much; how far the page scrolled."""
        before = self.page.evaluate("scrollY")
        (x, y), (across, down) = start, by
        self._send("touchStart", (x, y))
        for k in range(1, steps + 1):
            share = k / steps
            self._send("touchMove", (x + share * across, y + share * down))
            self.page.wait_for_timeout(16)
        self._send("touchEnd")
        return self._rest() - before

    def _rest(self):
        """Where the page is once it scrolls no more."""
        last = None
        while last != (now := self.page.evaluate("scrollY")):
            last = now
            self.page.wait_for_timeout(80)
        return now

    def tap(self, x, y):
        self.page.touchscreen.tap(x, y)
        self.page.wait_for_timeout(60)


def middle(locator):
    """Scroll to it, and its middle in the window."""
    locator.evaluate("node => node.scrollIntoView({ block: 'center' })")
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def moved(before, after):
    return {name for name in before if before[name] != after[name]}


def holds(figure, touch):
    """The boxes over a drawing in which a finger may do what `touch` says."""
    return figure.page.locator(
        f'.live .hold[style*="touch-action: {touch}"]'
    )


@pytest.mark.in_turn
@pytest.mark.parametrize(("figure", "fields"), HELD.items(), ids=str)
def test_what_is_held_follows_the_finger_and_the_page_stays(
    telephone, figure, fields
):
    figure = telephone(*figure)
    for field, by in zip(fields, [(50, 0), (0, -50)], strict=True):
        before = figure.state()
        grip = middle(holds(figure, "none").first)
        assert figure.finger.drag(grip, by) == 0
        assert field in moved(before, figure.state())
        if figure.page.locator("live-ring").count() == 0:  # it is bent
            box = holds(figure, "none").first.bounding_box()
            x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
            assert abs(x - grip[0] - by[0]) + abs(y - grip[1] - by[1]) < 10


@pytest.mark.in_turn
@pytest.mark.parametrize(("figure", "fields"), SIDEWAYS.items(), ids=str)
def test_a_number_is_dragged_sideways_by_a_finger(
    telephone, figure, fields
):
    figure = telephone(*figure)
    seen = set()
    for hold in holds(figure, "pan-y").all():
        before = figure.state()
        assert figure.finger.drag(middle(hold), (40, 0)) == 0
        changed = moved(before, figure.state())
        assert len(changed) == 1
        seen |= changed
        figure.change(**before)
    assert seen == set(fields)


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_finger_draws_gates_along_a_row(telephone, cell):
    figure = telephone("machine", f'cell="{cell}"')
    before = figure.state()["program"]
    box = holds(figure, "pan-y")
    _, y = middle(box)
    left = box.bounding_box()["x"]
    y = box.bounding_box()["y"] + 14
    assert figure.finger.drag((left + 40, y), (160, 0)) == 0
    after = figure.state()["program"]
    assert sum(a != b for a, b in zip(before, after, strict=True)) > 8


@pytest.mark.in_turn
@pytest.mark.parametrize(
    ("name", "attributes"),
    [(name, "") for name, _ in HELD]
    + [("machine", 'cell="lstm"'), ("machine", 'cell="gru"')],
    ids=str,
)
def test_a_tap_puts_it_there(telephone, name, attributes):
    figure = telephone(name, attributes)
    before = figure.state()
    area = figure.page.locator('.live .hold[style*="crosshair"]')
    middle(area)
    box = area.bounding_box()
    figure.finger.tap(
        box["x"] + 0.8 * box["width"], box["y"] + 0.1 * box["height"]
    )
    assert moved(before, figure.state())


@pytest.mark.in_turn
@each_figure
def test_a_finger_that_scrolls_past_changes_nothing(telephone, name):
    """From each control, and from places all over the drawing."""
    figure = telephone(name)
    before = figure.state()
    drawing = figure.page.locator(".live svg")
    for across in (0.2, 0.7):
        for down in (0.15, 0.5, 0.85):
            middle(drawing)
            box = drawing.bounding_box()
            at = (
                box["x"] + across * box["width"],
                box["y"] + down * box["height"],
            )
            if figure.page.evaluate(
                "([x, y]) => document.elementFromPoint(x, y)"
                "?.style.touchAction === 'none'",
                at,
            ):
                continue  # what is held
            assert figure.finger.drag(at, (2, -120), 5) > 60
            assert figure.state() == before
    for control in figure.page.locator(".live .controls *").all():
        if control.is_visible() and control.evaluate(
            "node => node.matches('input, select, button')"
        ):
            assert figure.finger.drag(middle(control), (2, -120), 5) > 60
            assert figure.state() == before


SMALL = """() => [...document.querySelectorAll(
    ".live :is(a, button, input, select, .hold, [style*='pointer'])")]
  .map((node) => [node, node.closest("label") ?? node])
  .filter(([node]) => node.getClientRects().length)
  .map(([node, target]) => [node, target.getBoundingClientRect()])
  .filter(([, { width, height }]) => Math.min(width, height) < 24)
  .map(([node, { width, height }]) => `${node.outerHTML.slice(0, 80)} ${
    width.toFixed(1)} x ${height.toFixed(1)}`)"""


@each_figure
def test_what_a_finger_is_to_hit_has_24_pixels_each_way(telephone, name):
    assert telephone(name).page.evaluate(SMALL) == []


def test_a_slider_of_the_page_is_left_where_it_was(browser, site):
    page = browser.new_page(**TELEPHONE)
    page.route(
        "**/slider.html",
        lambda route: route.fulfill(
            body='<meta name="viewport" content="width=device-width">'
            '<script src="course.js"></script><body style="padding: 900px 0">'
            '<input type="range" value="10" style="width: 300px">',
            content_type="text/html",
        ),
    )
    page.goto(f"{site}slider.html")
    slider = page.locator("input")
    finger = Finger(page)
    assert finger.drag(middle(slider), (2, -120), 5) > 60
    assert slider.input_value() == "10"
    x, y = middle(slider)
    assert finger.drag((x, y), (60, 0), 5) == 0
    assert int(slider.input_value()) > 55
    page.close()
