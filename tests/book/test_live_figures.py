"""The live figures in a browser: keys, words, links, and without script."""

import gzip
import json
import re

import pytest

from tests.helpers.arrays import assert_close
from tests.helpers.live import MODULES, NAMES, each_figure
from tools.build.live import stills
from tools.build.live.stills import STATIC
from tools.site.live import shorten_module

pytestmark = pytest.mark.system
PAGES = {
    tag.removeprefix("live-") for _, tag, _, _ in stills.find_figures()
}


def test_every_figure_stands_in_a_page():
    assert set(NAMES) == PAGES


def test_the_place_of_every_figure_is_known():
    sizes = json.loads(stills.SIZES.read_text("utf8"))
    assert set(sizes) == {name for _, _, name, _ in stills.find_figures()}
    for places in sizes.values():
        widths = [width for width, _ in places]
        assert widths == sorted(set(widths))
        assert widths[0] < 320  # a telephone, to a wide window
        assert widths[-1] > 800


def weight(paths):
    """Bytes of the built book's files, which a host compresses one by one."""
    return sum(
        len(gzip.compress(as_built(p.read_text("utf8"), p).encode()))
        for p in paths
    )


def as_built(text, path):
    return shorten_module(text) if path.suffix == ".mjs" else text


def needed(name):
    """A module's file and those of all that it imports."""
    text = (MODULES / f"{name}.mjs").read_text("utf8")
    found = {MODULES / f"{name}.mjs"}
    for other in re.findall(r'from "\./(\w+)\.mjs"', text):
        found |= needed(other)
    return found


def test_what_a_page_loads_weighs_under_20_kilobytes():
    """The library's bound is for a page: no page needs all its figures."""
    for page in {page for page, *_ in stills.find_figures()}:
        files = {STATIC / "live.js"}
        for where, tag, *_ in stills.find_figures():
            if where == page:
                files |= needed(tag.removeprefix("live-"))
        assert weight(files) < 20_000, page


def test_a_figure_adds_under_2_kilobytes_and_what_all_share_is_under_6():
    assert weight([STATIC / "live.js"]) < 1_000
    assert weight([MODULES / "base.mjs"]) < 6_000
    machines = {"machine", "unrolled", "training"}  # the three large ones
    for name in set(NAMES) - machines:
        assert weight([MODULES / f"{name}.mjs"]) < 2_100, name


def test_chapters_0_to_18_have_a_figure_each_and_the_book_twenty():
    pages = [page for page, *_ in stills.find_figures()]
    assert len(pages) >= 20
    chapters = {int(p[2:4]) for p in pages if p.startswith("ch")}
    assert chapters >= set(range(19))


@each_figure
def test_a_figure_fetches_under_18_kilobytes_of_code(show, name):
    figure = show(name, query="mode=trained")
    fetched = figure.page.evaluate(
        """() => performance.getEntriesByType("resource")
          .map((entry) => new URL(entry.name).pathname)"""
    )
    code = [p for p in fetched if p.endswith(("js", ".mjs"))]
    assert f"/live/{name}.mjs" in code
    assert weight(STATIC / p.lstrip("/") for p in code) < 18_000


def test_no_module_names_another_host():
    for path in [STATIC / "live.js", *MODULES.glob("*.mjs")]:
        text = path.read_text("utf8").replace("http://www.w3.org/", "")
        assert not re.search(r"https?://", text), path.name


@pytest.mark.parametrize(
    ("page", "tag", "name", "rest"), stills.find_figures(), ids=str
)
def test_a_page_gives_a_question_and_a_still(page, tag, name, rest):
    text = (stills.BOOK / f"{page}.md").read_text("utf8")
    inside = text.partition(f'id="{name}"')[2].partition(f"</{tag}>")[0]
    assert re.search(r'class="question">[^<]+\?', inside)
    still = re.search(
        r'<img src="([^"]+)" width="\d+" height="\d+"', inside
    )
    assert still
    assert (stills.BOOK / still[1]).exists()
    assert len(re.search(r'alt="([^"]+)"', inside)[1]) > 60


@each_figure
def test_a_figure_says_what_it_shows_and_names_its_controls(show, name):
    figure = show(name)
    assert len(figure.words) > 20
    unnamed = figure.page.evaluate(
        """() => [...document.querySelectorAll(
          '.live input, .live select')].filter((control) =>
          ![...control.labels].some((l) => l.innerText.trim()))
          .map((control) => control.outerHTML)"""
    )
    assert unnamed == []
    assert figure.page.locator(".live svg[aria-label]").count() == 1
    assert figure.page.locator(".live img").count() == 0
    assert (
        figure.page.locator(".live .question").inner_text() == "What now?"
    )


@each_figure
def test_its_link_restores_its_state(show, name):
    figure = show(name)
    for slider in figure.page.locator(".live input[type=range]").all():
        if slider.is_visible() and slider.is_enabled():
            slider.press("ArrowRight")
            slider.press("ArrowRight")
    before, words = figure.state(), figure.words
    link = figure.page.locator(".live .foot a").first.get_attribute("href")
    again = show(name, query=link.partition("?")[2])
    after = again.state()
    assert after.keys() == before.keys()
    for field, value in before.items():
        exact = isinstance(value, str)
        if exact:
            assert after[field] == value
        else:
            assert_close(after[field], value, within=1e-5 * abs(value))
    assert again.words == words


@each_figure
def test_a_hostile_address_changes_nothing(show, name):
    first = show(name).state()
    query = "&".join(
        f"{field}={value}"
        for field in first
        for value in ("NaN", "<img src=x onerror=alert(1)>")
    )
    figure = show(name, query=query)
    state = figure.state()
    assert figure.page.locator("img").count() == 0
    if "text" in first:  # any text may be read, and is shown as text
        first["text"] = state["text"]
    assert state == first


@each_figure
def test_extreme_states_are_cut_to_what_is_allowed(show, name):
    first = show(name).state()
    numbers = [f for f, v in first.items() if isinstance(v, (int, float))]
    for value in ("1e308", "-1e308"):
        figure = show(name, query="&".join(f"{f}={value}" for f in numbers))
        assert "?" not in figure.words.replace("What now?", "")
        assert "NaN" not in figure.page.locator(".live").inner_html()


@each_figure
def test_a_telephone_shows_it_whole(show, name):
    page = show(name, viewport={"width": 320, "height": 800}).page
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@each_figure
def test_paper_shows_the_drawing_and_no_control(show, name):
    figure = show(name)
    figure.page.emulate_media(media="print")
    assert figure.page.locator(".live svg").is_visible()
    for control in figure.page.locator(".live button, .live input").all():
        assert not control.is_visible()


@each_figure
def test_without_script_the_still_picture_stands(show, name):
    figure = show(name, java_script_enabled=False)
    assert figure.page.locator("img").is_visible()
    assert figure.page.locator(".question").is_visible()


def test_a_figure_whose_code_cannot_come_keeps_its_picture_and_no_hole(
    browser, site
):
    page = browser.new_page()
    body = (
        '<script src="live.js"></script><live-unrolled id="it" '
        'style="display: block" data-sizes="[[300, 900]]">'
        '<img src="live/stills/live-forget.svg" alt="A still" height="200">'
        "</live-unrolled>"
    )
    page.route(
        "**/alone.html",
        lambda route: route.fulfill(body=body, content_type="text/html"),
    )
    page.route("**/*.mjs", lambda route: route.abort())
    page.goto(f"{site}alone.html")
    page.get_by_text("did not come").wait_for()
    assert page.get_by_alt_text("A still").is_visible()
    page.set_viewport_size({"width": 500, "height": 600})
    assert page.locator("#it").bounding_box()["height"] < 300
    page.close()


def test_a_figure_far_below_is_not_loaded(browser, site):
    page = browser.new_page(viewport={"width": 800, "height": 600})
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    body = (
        '<script src="live.js"></script><p style="height:5000px">Far.</p>'
        '<live-unrolled id="it"></live-unrolled>'
    )
    page.route(
        "**/far.html",
        lambda route: route.fulfill(body=body, content_type="text/html"),
    )
    page.goto(f"{site}far.html", wait_until="networkidle")
    assert not [url for url in asked if url.endswith(".mjs")]
    page.mouse.wheel(0, 4500)
    page.wait_for_selector(".live .says")
    page.close()


# The unrolled graph


def test_next_walks_forward_and_then_backward(show):
    figure = show("unrolled")
    said = [figure.words]
    for _ in range(22):
        figure.page.get_by_role("button", name="Next").press("Enter")
        said.append(figure.words)
    assert len(set(said)) == 23
    assert "a₁ = w h₀ + x₁ = 0.50 × 0.20 + 0.45 = 0.55" in said[1]
    assert "dh₃ = 0.40" in said[11]
    assert (
        "0.35 from the loss plus 0.15 from step 3: dh₂ = 0.50" in said[15]
    )
    assert "-0.03 + 0.16 + 0.18 = 0.31" in said[22]


def test_a_typed_weight_changes_every_number_after_it(show):
    figure = show("unrolled", query="step=22")
    before = figure.words
    field = figure.page.get_by_label("w", exact=True)
    field.fill("-0.5")
    field.press("Enter")
    assert figure.state()["w"] == -0.5
    assert figure.words != before


def test_a_number_can_be_dragged(show):
    figure = show("unrolled")
    box = figure.page.locator(".drag", has_text="w = ").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    figure.page.mouse.move(x, y)
    figure.page.mouse.down()
    figure.page.mouse.move(x + 60, y)
    figure.page.mouse.up()
    assert_close(figure.state()["w"], 1.5)


def test_an_exercise_names_every_known_mistake(show):
    figure = show("unrolled", query="seed=7")
    asked = figure.call(
        """async (figure) => (await import('./live/graph.mjs'))
        .questions(figure.run_)"""
    )
    rows = figure.page.locator(".live form")
    assert rows.count() == len(asked) == 5
    for row, (letter, _, right, mistakes) in zip(rows.all(), asked):
        shown = figure.page.locator(".live svg").get_by_text(
            letter, exact=True
        )
        assert shown.count() >= 1

        def answer(value, row=row):
            row.locator("input").fill(f"{value:.3f}".replace("-", "−"))
            row.locator("input").press("Enter")
            return row.locator("output").inner_text()

        for value, words in mistakes:
            assert answer(value) == f"✗ Not yet: {words}"
        assert answer(right) == "✓ Right."
        assert shown.count() == 0  # the number takes the letter's place
    row = rows.first
    row.locator("input").fill("a lot")
    row.locator("input").press("Enter")
    assert row.locator("output").inner_text().startswith("Type a number")


def test_new_numbers_are_new_and_their_link_gives_them_again(show):
    figure = show("unrolled")
    button = figure.page.get_by_role("button", name="New numbers")
    button.click()
    first = figure.state()
    button.click()
    then = figure.state()  # of x1 alone there are some two hundred
    names = "w", "h0", "x1", "x2", "x3", "y1", "y2", "y3"
    assert [then[n] for n in names] != [first[n] for n in names]
    again = show("unrolled", query=f"seed={first['seed']:.0f}")
    assert_close(again.state(), first)


# The LSTM and the GRU


def move_to(figure, label, value):
    """Set a slider as its keys do, and tell the figure."""
    figure.page.get_by_label(label, exact=True).evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }",
        value,
    )


def test_a_gru_that_starts_again_is_still_a_gru(show):
    figure = show("machine", 'cell="gru"')
    before = figure.state()
    figure.page.get_by_role("button", name="Start again").click()
    assert figure.state() == before


def test_an_lstm_set_by_hand_carries_a_value(show):
    figure = show("machine", 'cell="lstm"')
    assert "Not yet" in figure.words
    everywhere = figure.page.get_by_role("button", name="all steps like")
    for label, value in ("forget f", 10), ("input i", 0), ("output o", 0):
        move_to(figure, f"{label} at t", value)
    everywhere.click()
    move_to(figure, "Step t", 4)
    move_to(figure, "input i at t", 10)
    assert "Not yet" in figure.words
    move_to(figure, "Step t", 20)
    move_to(figure, "output o at t", 10)
    assert "step 4 brought in what should show as 0.54" in figure.words
    assert "It arrived." in figure.words
    move_to(figure, "Step t", 10)
    move_to(figure, "output o at t", 10)
    assert "shown before its time" in figure.words


def test_a_gru_set_by_hand_carries_a_value(show):
    figure = show("machine", 'cell="gru"')
    everywhere = figure.page.get_by_role("button", name="all steps like")
    move_to(figure, "update z at t", 10)
    move_to(figure, "reset r at t", 0)
    everywhere.click()
    assert "Not yet" in figure.words
    move_to(figure, "update z at t", 0)
    assert "It arrived." in figure.words


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_trained_network_reads_what_the_reader_types(show, cell):
    figure = show("machine", f'cell="{cell}"', query="mode=trained&t=3")
    figure.page.get_by_text("The whole network now expects").wait_for()
    before = figure.words
    figure.page.get_by_label("A text to read").fill("object Q?")
    assert "after “obj”" in figure.words
    assert figure.words != before
    move_to(figure, "Unit", 1)
    link = figure.page.locator(".foot a").first.get_attribute("href")
    again = show("machine", f'cell="{cell}"', query=link.split("?")[1])
    again.page.get_by_text("after “obj”").wait_for()
    assert again.words == figure.words


def test_a_gate_can_be_drawn(show):
    figure = show("machine", 'cell="lstm"')
    box = figure.page.locator(".live svg").bounding_box()
    figure.page.mouse.click(
        box["x"] + box["width"] - 12, box["y"] + 236 + 29
    )
    assert figure.state()["t"] == 24
    assert figure.state()["program"][23] == "a"


def toggle_input(figure, step):
    """Go to a step by its slider's keys, and press the button."""
    move_to(figure, "Step", step)
    figure.page.get_by_role("button", name="Input or none").press("Enter")


def test_a_forget_bias_sets_a_half_life(show):
    figure = show("clocks", 'cell="lstm"')
    for bias, f, life in (0, "0.500", "1.0"), (5, "0.993", "103.2"):
        move_to(figure, "Forget bias", bias)
        assert f"f = {f}, half-life {life} steps" in figure.words
    assert "At step 20 c is 0.904" in figure.words  # of step 5: f^15
    toggle_input(figure, 20)
    assert "At step 20 c is 1.904" in figure.words
    move_to(figure, "Forget bias", 0)
    toggle_input(figure, 20)
    assert "At step 20 c is 0.000" in figure.words


def test_a_slow_unit_writes_little_unless_its_gate_falls(show):
    figure = show("clocks", 'cell="gru"')
    move_to(figure, "Unit 1, z", 0)
    move_to(figure, "Unit 2, z", 5)
    move_to(figure, "Step", 5)
    assert "half-life 1.0 steps; an input is 50.0 %" in figure.words
    assert "half-life 103.2 steps; an input is 0.7 %" in figure.words
    assert "At step 5 h is 0.500 and 0.007" in figure.words
    figure.page.get_by_label("At an input, z").select_option("falls")
    assert "At step 5 h is 0.993 and 0.993" in figure.words
    figure.page.get_by_role("button", name="Start again").click()
    assert figure.page.get_by_label("Unit 2, z").count() == 1


# Words through which a line runs, unless a box hides the line there.
CROSSED = """([lines, words]) => {
  const found = [], box = (node) => node.getBoundingClientRect();
  const all = [...document.querySelectorAll(words)].filter((text) =>
    !/^(tanh|W h|×|[+])$/.test(text.textContent));
  for (const path of document.querySelectorAll(lines)) {
    const at = box(path.ownerSVGElement), long = path.getTotalLength();
    for (let k = 0; k <= long; k++) {
      const { x, y } = path.getPointAtLength(k);
      for (const text of all) {
        const { left, right, top, bottom } = box(text);
        if (left < at.x + x && at.x + x < right && top + 2 < at.y + y
          && at.y + y < bottom - 2) found.push(text.textContent);
      }
    }
  }
  return [...new Set(found)];
}"""


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("query", ["b=1", "b=2.5&b2=3", "b=3.2&b2=2.2"])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_no_dashed_line_of_a_half_life_runs_through_words(
    show, cell, query, width
):
    viewport = {"width": width, "height": 800}
    figure = show("clocks", f'cell="{cell}"', query, viewport=viewport)
    crossed = figure.page.evaluate(CROSSED, ["path.edge", "svg text"])
    assert crossed == []


@pytest.mark.parametrize("width", [320, 400, 1280])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_no_wire_runs_through_the_words_beside_it(show, cell, width):
    viewport = {"width": width, "height": 800}
    figure = show("machine", f'cell="{cell}"', viewport=viewport)
    beside = "svg text[paint-order]"
    crossed = figure.page.evaluate(CROSSED, ["path[stroke-width]", beside])
    assert crossed == []


def test_an_input_is_put_where_the_pointer_presses(show):
    figure = show("clocks")
    box = figure.page.locator(".live svg > rect").bounding_box()
    at = box["x"] + box["width"] * 29.5 / 60, box["y"] + box["height"] / 2
    figure.page.mouse.click(*at)
    assert figure.state()["t"] == 30
    assert figure.state()["marks"][29] == "x"
    figure.page.mouse.click(*at)
    assert "x" not in figure.state()["marks"][5:]


# Training


def trained(figure):
    """What the figure says once it has stopped training."""
    figure.page.wait_for_function(
        "!document.getElementById('it').run", timeout=60_000
    )
    return figure.words


def loss_said(words):
    return float(re.search(r"batches is ([\d.e-]+)", words)[1])


def test_a_network_learns_while_one_watches(show):
    figure = show("training", query="updates=300")
    assert loss_said(trained(figure)) < 0.02
    assert "After 300 updates" in figure.words


def test_one_update_is_one_update(show):
    figure = show("training")
    assert "Not trained yet" in figure.words
    figure.page.get_by_role("button", name="One update").press("Enter")
    assert "After 1 update the mean" in trained(figure)
    assert figure.state()["updates"] == 1


def test_train_runs_and_pauses_and_what_changed_is_in_the_link(show):
    figure = show("training", query="T=8")
    button = figure.page.get_by_role("button", name="Train", exact=True)
    button.press("Enter")
    figure.page.wait_for_function(
        "document.getElementById('it').state.updates > 20"
    )
    move_to(figure, "Learning rate", 4)
    now = figure.state()["updates"]
    figure.page.wait_for_function(
        "n => document.getElementById('it').state.updates > n + 5", arg=now
    )
    figure.page.get_by_role("button", name="Pause").press("Enter")
    state, words = figure.state(), figure.words
    assert re.fullmatch(r"0\.3\.2~\d+\.4\.2", state["plan"])
    link = figure.page.locator(".foot a").first.get_attribute("href")
    again = show("training", query=link.split("?")[1])
    assert trained(again) == words
    assert again.state() == state


def test_a_rate_that_is_too_large_is_told(show):
    figure = show("training")
    figure.call(
        """figure => {
          figure.trainer.layer.W_x.fill(NaN);
          figure.until = 5;
          figure.tick();
        }"""
    )
    assert "no longer a finite number" in figure.words
    assert figure.state()["updates"] == 1


def test_other_settings_start_again(show):
    figure = show("training", query="updates=5")
    trained(figure)
    figure.page.get_by_label("Cell").select_option("gru")
    assert "Not trained yet" in figure.words
    assert figure.state()["updates"] == 0


def test_reduced_motion_trains_without_flicker(show):
    figure = show("training", reduced_motion="reduce")
    draws = figure.call(
        """figure => new Promise((done) => {
          let draws = 0;
          const draw = figure.draw.bind(figure);
          figure.draw = () => { draws++; draw(); };
          figure.until = 4000;
          figure.setRun(true);
          setTimeout(() => { figure.setRun(false); done(draws); }, 2000);
        })"""
    )
    assert 1 <= draws <= 5


# Later chapters


def test_sampling_cuts_what_it_says_and_writes_a_text(show):
    figure = show("sampling", query="k=1")
    assert "1 of 33 characters can be drawn" in figure.words
    once = figure.words.rpartition("continuation:")[2]
    figure.page.get_by_role("button", name="Draw again").click()
    assert figure.words.rpartition("continuation:")[2] == once  # greedy
    move_to(figure, "Top k", 33)
    move_to(figure, "Top p", 1)
    assert "33 of 33" in figure.words
    free = figure.words
    figure.page.get_by_role("button", name="Draw again").click()
    assert figure.words != free


def test_a_path_is_read_and_its_word_summed(show):
    figure = show("ctc")
    assert "reads “ab”, with probability 0.021" in figure.words
    assert "one of the paths" in figure.words
    figure.page.get_by_label("Frame 4").select_option("b")
    assert figure.state()["path"] == "-aabb-"
    figure.page.get_by_label("The word", exact=True).select_option("aa")
    assert "none of the paths" in figure.words
    figure.page.locator(".live g > g").nth(0).click()
    assert figure.state()["path"][0] == "-"


@pytest.mark.parametrize("word", ["ab", "aa", "ba", "a", "aba"])
def test_every_path_of_a_word_runs_through_its_lattice(show, word):
    figure = show("ctc", query=f"word={word}")
    wrong = figure.call(
        """(figure) => {
          const wrong = [];
          for (let n = 0; n < 729; n++) {
            const path = Array.from({ length: 6 }, (_, t) =>
              "-ab"[Math.floor(n / 3 ** t) % 3]).join("");
            figure.state.path = path;
            figure.work();
            const on = figure.states();
            if (on === null) continue;
            const { states } = figure.forward;
            const fits = on.every((s, t) => states[s] === figure.path[t])
              && on[0] < 2 && on.at(-1) >= states.length - 2
              && on.every((s, t) => t === 0 || (s - on[t - 1] >= 0 &&
                s - on[t - 1] <= 2));
            if (!fits) wrong.push(path);
          }
          return wrong;
        }"""
    )
    assert wrong == []


def test_the_query_is_dragged_in_the_plane(show):
    figure = show("attention")
    box = figure.page.locator(".live .hold").first.bounding_box()
    figure.page.mouse.click(
        box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.1
    )
    assert_close(figure.state()["x"], 0.5, within=0.051)
    assert_close(figure.state()["y"], 0.8, within=0.051)
    assert "“cat” has the largest" in figure.words


def test_sampling_begins_with_letters_and_says_what_else_it_writes(show):
    figure = show("sampling")
    other = "(_ is any other character)"
    assert "_" not in figure.words
    figure.change(seed=1)
    assert "____" in figure.words
    assert figure.words.endswith(other)


def test_a_scan_begins_with_its_last_state_and_some_of_the_loop(show):
    figure = show("scan")
    assert "After time 3 the loop has 3 states" in figure.words
    last = figure.words.rpartition("state is ")[2].split()[0]
    shown = figure.page.locator(".live svg").text_content()
    assert last in shown.replace("−", "-")


def test_a_scan_has_its_last_state_before_the_loop(show):
    figure = show("scan", query="T=16&round=4")
    assert "the loop has 4 states" in figure.words
    figure.page.get_by_role("slider", name="Time").press("End")
    assert "the loop has 16 states and the scan 16" in figure.words


def test_the_sign_tells_parity_as_long_as_the_squashing_lets_it(show):
    figure = show("factor", query="k=10")
    right = r"rightly after (\d+) of 1024 steps"
    fades = int(re.search(right, figure.words)[1])
    assert 300 < fades < 800
    assert "by 0.964, a 1 by -0.964" in figure.words
    figure.page.get_by_label("Squashing").select_option("clip")
    assert "rightly after 1024 of 1024 steps." in figure.words
    figure.page.get_by_label("Squashing").select_option("sigmoid")
    assert "the sign never turns" in figure.words
    figure.page.get_by_label("Squashing").select_option("tanh")
    figure.page.get_by_role("slider", name="Number p").press("End")
    assert "rightly after 1024 of 1024 steps." in figure.words


def test_the_delta_rule_replaces_and_hebbs_rule_adds(show):
    def share(**state):
        figure.change(**state)
        return int(re.search(r"it is (\d+) %", figure.words)[1])

    figure = show("memory", query="N=8")
    assert share(rule="hebb") > share(rule="delta") + 5  # each key once
    assert share(rule="delta", again=8) > share(rule="hebb") + 20
    assert "8 keys, 8 of them written again" in figure.words
    # what is solved with decay holds both, where neither rule does
    both = max(share(rule=rule, alpha=0.9) for rule in ("hebb", "delta"))
    assert share(rule="fitted", alpha=0.9) > both + 10


def test_eigenvalues_say_how_long_and_how_fast(show):
    figure = show("ring", query="radius=0.5&angle=90")
    assert "One round takes 4.0 steps" in figure.words
    assert "half is left after 1.0 steps" in figure.words
    figure.page.get_by_role("slider", name="Radius").press("End")
    assert "It grows" in figure.words
