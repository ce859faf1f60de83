"""The built book in a browser that can reach nothing but the book."""

import functools
import gzip
import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urldefrag, urlsplit

import pytest
from bs4 import BeautifulSoup

from tests.helpers.browser import settle
from tools.build import book
from tools.build.live.stills import serve_folder
from tools.site import search

pytestmark = pytest.mark.system
HTML = book.BUILD / "html"
PAGES = [p.stem for p in book.page_paths()] + ["search", "genindex"]
# A page's tests stand together, so that one process does its only visit.
each_page = pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.in_turn) for name in PAGES],
    scope="module",
)
CHAPTERS = [name for name in PAGES if name.startswith("ch")]
COMPRESSED = ".woff2", ".woff", ".png", ".mp4"  # by themselves
FIRST_VISIT = """localStorage.clear();
window.shifted = 0;
new PerformanceObserver((list) => list.getEntries().forEach((shift) => {
  if (!shift.hadRecentInput) window.shifted += shift.value;
})).observe({ type: "layout-shift", buffered: true });"""
UNFOLD = """() => {
  document.querySelectorAll("details").forEach((d) => { d.open = true; });
  document.querySelectorAll(".predict-result").forEach((result) =>
    result.dispatchEvent(new Event("beforematch", { bubbles: true })));
  for (const fade of document.getAnimations()) { // half seen, it is too pale
    if (fade.effect.getComputedTiming().endTime < Infinity) fade.finish();
  }
}"""
MOST_MOVED = 0.02  # of layout shift, in a visit
WAYS = [  # the width and the theme of a visit; pages take turns
    (1280, "light"),
    (320, "dark"),
    (1280, "dark"),
    (320, "light"),
]


@pytest.fixture(scope="module")
def site():
    """The book's address; the book is built first if anything changed."""
    made = [sys.executable, "-m", "tools.build.book", "build"]
    subprocess.run(made, cwd=book.ROOT, check=True)
    with serve_folder(HTML) as address:
        yield address


@pytest.fixture(scope="module")
def reader(browser, site):
    """One context for all visits, which keeps what pages share.

    It has seen the first page, so that the order of the others says nothing.
    """
    context = browser.new_context()
    context.add_init_script(FIRST_VISIT)
    Visit(context, site, "intro").page.close()
    yield context
    context.close()


class Visit:
    """A page in the browser, and all that went wrong while it loaded."""

    def __init__(self, reader, site, name, width=1200, theme="light"):
        self.site, self.wrong = site, []
        self.page = reader.new_page()
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=theme)
        self.page.on("request", self._on_request)
        self.page.on("console", self._on_console)
        self.page.on(
            "pageerror", lambda e: self.wrong.append(f"error: {e}")
        )
        self.page.on("response", self._on_response)
        self.fetched = set()
        self.page.goto(f"{site}{name}.html", wait_until="load")
        self.page.wait_for_load_state("networkidle")

    def unfold(self):
        """Open what is folded, so that it is looked at too."""
        self.page.evaluate(UNFOLD)

    def _on_request(self, request):
        if not request.url.startswith((self.site, "data:", "blob:")):
            self.wrong.append(f"request: {request.url}")

    def _on_console(self, message):
        if message.type in ("error", "warning"):
            self.wrong.append(f"console {message.type}: {message.text}")

    def _on_response(self, response):
        if response.url.startswith(self.site):
            self.fetched.add(unquote(urlsplit(response.url).path)[1:])
        if response.status >= 400:
            self.wrong.append(f"{response.status}: {response.url}")


@pytest.fixture
def visit(reader, site):
    """A function that opens a page; pages close by themselves."""
    visits = []

    def open_page(name):
        visits.append(Visit(reader, site, name))
        visits[-1].unfold()
        return visits[-1]

    yield open_page
    for opened in visits:
        opened.page.close()


@pytest.fixture(scope="module")
def seen(request, reader, site):
    """A function of a page's name: what a visit found, one visit a page."""
    ways = WAYS if request.config.getoption("--every-way") else None
    return functools.cache(functools.partial(look_at, reader, site, ways))


def look_at(reader, site, ways, name):
    """All that is asked of a page, in one visit or, in every way, in four."""
    first, *others = ways or [WAYS[PAGES.index(name) % len(WAYS)]]
    opened = Visit(reader, site, name, *first)
    page = opened.page
    moved = [(*first, *movements(page))]
    opened.unfold()
    barriers = barriers_of(page, *first)
    found = {
        "wrong": opened.wrong,
        "tex": page.locator(".math:not(:has(.katex))").count(),
        "links": page.eval_on_selector_all(
            "a[href]", "all => all.map(a => a.href)"
        ),
        "pictures": page.eval_on_selector_all(
            "article img, article svg[role=img]",
            "all => all.map(i => [i.alt ?? i.ariaLabel, i.src ?? ''])",
        ),
    }
    page.set_viewport_size({"width": 1200, "height": 900})
    found["media"] = page.evaluate(MEDIA)
    page.evaluate(LOAD_ALL)  # as if all of it was read
    page.wait_for_load_state("networkidle")
    found["weight"] = sum(map(weight, opened.fetched))
    found["cut"] = page.eval_on_selector_all(
        ".cell_input pre, .cell_output pre",
        "all => all.filter(p => p.scrollWidth > p.clientWidth + 1)"
        ".map(p => p.innerText)",
    )
    settle(page)
    found["stops"] = page.evaluate(NEEDLESS_STOPS)
    found["wider"] = []
    for width in (1000, 700, 400, 320):
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found["wider"].append(width)
    page.wait_for_timeout(100)  # live figures fit themselves to the width
    found["past"] = page.evaluate(PAST_THE_EDGE)
    page.close()
    for way in others:
        opened = Visit(reader, site, name, *way)
        moved.append((*way, *movements(opened.page)))
        opened.unfold()
        barriers += barriers_of(opened.page, *way)
        opened.page.close()
    return {**found, "moved": moved, "barriers": barriers}


def movements(page):
    """Layout shift while the page loaded, and in a fast scroll to its end.

    On a busy machine kept typefaces, too, may come after the text, and move
    a title. A page that moved is loaded again: they are at hand then, and
    what moves without them moves once more.
    """
    for again in range(3):
        if again:
            page.reload(wait_until="networkidle")
        page.wait_for_timeout(300)
        loading = page.evaluate("shifted")
        if loading < MOST_MOVED:
            break
    page.evaluate(TO_THE_END)
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(300)
    return loading, page.evaluate("shifted") - loading


TO_THE_END = """async () => {
  const frame = () => new Promise((done) => {
    requestAnimationFrame(done);
    setTimeout(done, 1000); // a busy browser may draw none for a while
  });
  const all = document.documentElement;
  const step = Math.max(450, all.scrollHeight / 40);
  while (scrollY + innerHeight < all.scrollHeight - 2) {
    scrollBy({ top: step, behavior: "instant" });
    await frame();
    await frame();
  }
}"""


def barriers_of(page, width, theme, part="html"):
    """What axe finds: width, theme, rule, number of places, the first one."""
    from axe_playwright_python.sync_playwright import Axe

    settle(page)
    page.evaluate(Axe().axe_script)
    page.evaluate(ONE_OF_EACH_COLOUR)
    found = page.evaluate(
        """async (part) => {
          axe.configure({ rules: [
            { id: "color-contrast", selector: ":not([data-alike])" }] });
          const found = await axe.run(
            { include: [[part]], // axe reads no MathML
              exclude: [["th:has(math)"]] },
            { resultTypes: ["violations"], preload: false });
          return found.violations.map((v) =>
            [v.id, v.nodes.length, v.nodes[0].html.slice(0, 300)]);
        }""",
        part,
    )
    return [(width, theme, *barrier) for barrier in found]


# Contrast takes axe nine tenths of its time, most of it for coloured code:
# of texts that look alike, with all that they stand in, it is asked one.
ONE_OF_EACH_COLOUR = """() => {
  const looks = new Map([[null, ""]]), met = new Set();
  const look = (node) => {
    if (!looks.has(node)) {
      const style = getComputedStyle(node);
      looks.set(node, [look(node.parentElement), node.localName,
        ...["color", "backgroundColor", "backgroundImage", "opacity",
          "filter", "fontSize", "fontWeight", "textShadow"].map(
          (key) => style[key])].join());
    }
    return looks.get(node);
  };
  for (const node of document.body.querySelectorAll(":not(svg, svg *)")) {
    if (![...node.childNodes].some((child) =>
      child.nodeType === 3 && /\\S/.test(child.data))) continue;
    delete node.dataset.alike;
    if (!node.checkVisibility()) continue;
    if (met.has(look(node))) node.dataset.alike = "";
    met.add(look(node));
  }
}"""

# Words beyond the window, or a live figure's card, where nothing scrolls.
PAST_THE_EDGE = """() => {
  const scrolls = (node) => node && (/auto|scroll/.test(
    getComputedStyle(node).overflowX) || scrolls(node.parentElement));
  const walker = document.createTreeWalker(
    document.querySelector("main") ?? document.body, NodeFilter.SHOW_TEXT);
  const past = [];
  while (walker.nextNode()) {
    const text = walker.currentNode, at = text.parentElement;
    if (!/\\S/.test(text.data) || !at.checkVisibility()
      || at.closest(".katex-mathml, .visually-hidden, script, style")) {
      continue;
    }
    const range = document.createRange();
    range.selectNodeContents(text);
    const card = at.closest(".live")?.getBoundingClientRect().right;
    const edge = Math.min(card ?? Infinity, innerWidth);
    if (range.getBoundingClientRect().right > edge + 1 && !scrolls(at)) {
      past.push(text.data.slice(0, 80));
    }
  }
  return past;
}"""
MEDIA = """() => [...document.querySelectorAll("article img")]
  .filter((i) => !(i.width && i.height && i.getAttribute("width")
    && i.loading === "lazy") && i.checkVisibility())
  .map((i) => i.outerHTML.slice(0, 200))
  .concat([...document.querySelectorAll("audio, video")]
    .filter((m) => !/\\S/.test(m.closest("figure")
      ?.querySelector("figcaption")?.textContent ?? "")
      || m.preload !== "none")
    .map((m) => m.outerHTML.slice(0, 200)))
  .concat([...document.querySelectorAll("[src^='data:']")]
    .map((m) => m.outerHTML.slice(0, 200)))"""
LOAD_ALL = """() => document.querySelectorAll("img[loading=lazy]")
  .forEach((i) => { if (i.checkVisibility()) i.loading = "eager"; })"""
NEEDLESS_STOPS = """() => [...document.querySelectorAll(
  ".math, .math *, article pre")]
  .filter((e) => e.tabIndex >= 0 && e.localName !== "a"
    && e.scrollWidth <= e.clientWidth + 1)
  .map((e) => e.outerHTML.slice(0, 200))"""


@functools.cache
def weight(path):
    """Bytes of a file as a host sends it."""
    content = (HTML / path).read_bytes()
    packed = path.endswith(COMPRESSED)
    return len(content if packed else gzip.compress(content))


class Anchors(HTMLParser):
    """All ids of a page."""

    def __init__(self, text):
        super().__init__()
        self.ids = {""}
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.ids |= {value for key, value in attrs if key in ("id", "name")}


@functools.cache
def anchors(path):
    return Anchors(path.read_text("utf8")).ids


def broken_links(site, links):
    """Those links into the book that lead to no file or no anchor.

    What follows a question mark behind an anchor is a live figure's state.
    """
    broken = []
    for link in links:
        url, anchor = urldefrag(link)
        if not url.startswith(site):
            continue
        path = HTML / unquote(urlsplit(url).path).lstrip("/")
        path = path / "index.html" if path.is_dir() else path
        is_page = path.suffix == ".html"
        there = path.exists() and (
            not is_page
            or unquote(anchor).partition("?")[0] in anchors(path)
        )
        if not there:
            broken.append(link)
    return broken


@each_page
def test_page_loads_without_a_request_elsewhere_or_an_error(seen, name):
    assert seen(name)["wrong"] == []


def test_a_request_elsewhere_is_found(visit):
    opened = visit("intro")
    opened.page.evaluate("fetch('https://example.org/').catch(() => 0)")
    assert "request: https://example.org/" in opened.wrong


@each_page
def test_every_internal_link_leads_somewhere(seen, site, name):
    links = seen(name)["links"]
    assert links
    assert broken_links(site, links) == []


def test_a_link_to_nowhere_is_found(site):
    gone = [f"{site}gone.html", f"{site}intro.html#no-such-heading?a=1"]
    state = f"{site}intro.html#live-start?updates=300"
    fine = [f"{site}intro.html", state, site, "https://example.org/"]
    assert broken_links(site, gone + fine) == gone


@each_page
def test_every_picture_has_words_of_its_own(seen, name):
    for words, source in seen(name)["pictures"]:
        assert words, f"no alternative text: {source[:80]}"
        is_file_name = " " not in words and Path(words).suffix
        assert not is_file_name, f"alternative text is missing: {words}"


@each_page
def test_nothing_is_wider_than_a_tablet_or_a_telephone(seen, name):
    assert not seen(name)["wider"]


@each_page
def test_no_words_run_past_the_edge_of_a_telephone(seen, name):
    assert seen(name)["past"] == []


@each_page
def test_code_is_not_cut_off(seen, name):
    assert seen(name)["cut"] == []


def test_the_theme_switch_has_a_name_and_switches(visit):
    page = visit("intro").page
    switch = page.get_by_role("button", name="Light or dark theme").first
    before = page.evaluate("document.documentElement.dataset.theme")
    for _ in range(2):  # three modes, two looks
        switch.click()
        if (
            page.evaluate("document.documentElement.dataset.theme")
            != before
        ):
            return
    pytest.fail(f"the theme stayed {before}")


def test_a_key_turns_the_pages_of_every_flipbook(visit):
    turned = 0
    for name in PAGES:
        source = HTML / f"{name}.html"
        if "rnn-flipbook" not in source.read_text("utf8"):
            continue
        page = visit(name).page
        for flipbook in page.locator(".rnn-flipbook").all():
            assert flipbook.locator("img:visible").count() == 1
            before = flipbook.locator("img:visible").get_attribute("alt")
            value = flipbook.locator("output").inner_text()
            flipbook.locator("input").press("ArrowRight")
            assert flipbook.locator("img:visible").count() == 1
            after = flipbook.locator("img:visible").get_attribute("alt")
            shown = flipbook.locator("output").inner_text()
            assert (after, shown) != (before, value)
            turned += 1
    assert turned


class Searching:
    """The search page, in a browser that finds no server at all."""

    def __init__(self, browser):
        self.wrong = []
        self.page = browser.new_page()
        self.page.on("pageerror", lambda e: self.wrong.append(str(e)))
        self.page.on("request", self._on_request)
        self.address = (HTML / "search.html").as_uri()

    def _on_request(self, request):
        if not request.url.startswith("file://"):
            self.wrong.append(request.url)

    def ask(self, words):
        """Titles of the pages found, after these words were typed."""
        self.page.fill("#book-search-field", words)
        self.page.keyboard.press("Enter")
        return self.page.locator(
            "#book-search-results h2"
        ).all_inner_texts()

    @property
    def status(self):
        return self.page.locator("#book-search-status").inner_text()


@pytest.fixture(scope="module")
def searching(browser, site):
    opened = Searching(browser)
    yield opened
    opened.page.close()


def test_a_folder_without_a_server_is_searched_with_excerpts(searching):
    page = searching.page
    page.goto(f"{searching.address}?q=BPTT")
    first = page.locator("#book-search-results li").first
    first.locator("mark").first.wait_for()  # excerpts come by page
    assert first.locator("h2").inner_text().startswith("3. Backprop")
    assert first.locator("mark").first.inner_text().lower() == "bptt"
    assert (
        "Backpropagation through time"
        in page.locator("#book-search-term dd").inner_text()
    )
    for _ in range(3):  # past the term in the glossary
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.closest('li')"):
            break
    page.keyboard.press("Enter")
    page.wait_for_url("**/ch03_bptt.html*")
    assert searching.wrong == []


def test_a_folder_without_a_server_has_live_figures_and_keeps_answers(
    browser, site
):
    context = browser.new_context()  # no earlier test's reading
    page, wrong = context.new_page(), []
    page.on("pageerror", lambda e: wrong.append(str(e)))
    address = (HTML / "ch00_backpropagation.html").as_uri()
    page.goto(f"{address}#live-chain?w=3")
    says = page.locator("#live-chain .says")
    says.wait_for()
    link = page.locator("#live-chain .foot a").first
    assert link.get_attribute("href") == "#live-chain?w=3"
    before = says.inner_text()
    page.locator("#live-chain input[type=range]").first.press("ArrowLeft")
    assert says.inner_text() != before
    # On a machine with ten times too much to do, Chromium gives one in fifty
    # of such pages a storage of its own, which is lost with the page.
    for _ in range(3):
        field = page.locator(".own-pace-answer textarea").first
        field.evaluate(
            """field => {
              field.value = "A sum over paths";
              field.dispatchEvent(new Event("input"));
            }"""
        )
        page.goto((HTML / "bibliography.html").as_uri())
        page.goto(address)
        if field.input_value() == "A sum over paths":
            break
    else:
        raise AssertionError("three answers were not kept")
    assert wrong == []
    context.close()


def test_every_term_of_the_glossary_finds_its_chapter_first(searching):
    searching.page.goto(searching.address)
    terms = searching.page.evaluate("BOOK_INDEX.terms")
    assert terms["bptt"][2] == "3"
    wrong = {
        term: found[:1]
        for term, (_, _, chapter) in terms.items()
        if chapter
        and (found := searching.ask(term))[0].split(".")[0] != chapter
    }
    assert wrong == {}


# What readers ask, and the pages one of which is to be the first.
ASKED = {
    "how do I install": "setup",
    "exploding loss nan": "my_network ch05_clipping ch05_gradients",
    "learning rate": "ch00_backpropagation ch04_training",
    "GRU vs LSTM": "ch07_compared",
    "vanishing gradient": "ch05_gradients",
    "packed sequence": "ch08_deeper ch09_torch ch09_fused",
    "teacher forcing": "ch13_translation",
    "LSTM forget gate bias": "ch06_lstm",
    "why tanh": "ch05_gradients ch02_cell ch06_lstm",
    "bptt": "ch03_bptt",
    "ctc": "ch15_ctc",
    "attention weights": "ch14_attention",
    "backpropogation": "ch00_backpropagation",
    "gradient clipping": "ch05_clipping ch05_gradients",
    "my loss blows up": "ch05_clipping ch05_gradients",
    "overflow in float16": "ch09_precision",
    "GRU versus LSTM": "ch07_compared",
    "what is perplexity": "ch01_sequences ch01_baselines",
    "how to translate a sentence": "ch13_translation",
    "beam search": "ch13_translation recipes",
    "word embeddings": "ch10_language",
    "dropout": "ch08_deeper",
    "layer normalization": "ch08_steady",
    "bidirectional": "ch08_deeper",
    "echo state network": "ch05_reservoir",
    "truncated backpropagation": "ch03_truncated ch03_bptt",
    "prediction intervals": "ch11_intervals",
    "speech recognition": "ch15_speech",
    "generate music": "ch12_generation",
    "image captioning": "ch17_captioning",
    "using the GPU": "setup ch09_torch",
    "use my own data": "own_data",
    "what symbols are used": "notation",
    "grade assignments": "grading",
    "rnn-t transducer": "ch15_transducer",
    "associative memory": "ch20_memory",
    "attn": "ch14_attention",
}


def test_what_readers_ask_leads_to_the_right_page_first(searching):
    page = searching.page
    page.goto(searching.address)
    wrong = {}
    for query, right in ASKED.items():
        searching.ask(query)
        first = page.locator("#book-search-results h2 a").first
        found = first.get_attribute("href").removesuffix(".html")
        if found not in right.split():
            wrong[query] = found
    assert wrong == {}


def test_the_search_weighs_little(site):
    assert weight(search.INDEX) <= 250_000
    assert weight(search.HEADINGS) <= 25_000


def test_the_last_word_may_be_begun_and_no_other(searching):
    searching.page.goto(searching.address)
    assert searching.ask("teacher forc")[0].startswith("13. ")
    assert searching.ask("loss transd")[0].startswith("15.2. ")
    assert not searching.ask("transd loss")[0].startswith("15.2. ")


def test_few_pages_with_all_words_are_followed_by_those_with_some(
    searching,
):
    searching.page.goto(searching.address)
    assert len(searching.ask("music transducer overflow")) > 3
    assert "of these words" in searching.status


def test_headings_are_proposed_while_a_reader_types(visit):
    opened = visit("ch02_cell")
    page = opened.page
    page.keyboard.press("Control+k")
    field = page.locator("#pst-search-dialog input[type=search]")
    field.fill("teacher for")
    proposed = page.locator("#book-suggestions a")
    proposed.first.wait_for()
    assert proposed.first.inner_text().lower().startswith("teacher forc")
    assert 0 < proposed.count() <= 7
    icon = page.locator("#pst-search-dialog .fa-magnifying-glass")
    written = field.evaluate(
        "f => f.getBoundingClientRect().left"
        " + parseFloat(getComputedStyle(f).paddingLeft)"
    )
    box = icon.bounding_box()
    assert box["x"] + box["width"] <= written  # off the first letter
    assert barriers_of(page, 1200, "light", "#pst-search-dialog") == []
    field.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/*#*")
    assert opened.wrong == []


def test_what_is_typed_is_found_misspelt_and_never_markup(searching):
    searching.page.goto(searching.address)
    assert searching.ask("vanishing gradient")[0].startswith("5. ")
    assert searching.ask("gradeint")
    assert searching.ask("gru")[0].startswith("7. ")
    assert searching.ask("") == []
    assert searching.status == ""
    for words in ("zzzzz", "<img src=x onerror=alert(1)>zzzz", "__proto__"):
        searching.ask(words)
        assert f"“{words}”" in searching.status
    assert searching.ask("zzzzz") == []
    assert "Nothing in the book has" in searching.status
    assert searching.page.locator("#book-search img").count() == 0
    searching.page.goto(f"{searching.address}?q=%3Cb%3Ezzzzz")
    assert "“<b>zzzzz”" in searching.status
    assert searching.wrong == []


@pytest.mark.parametrize("place", ["", "latest/"])
def test_a_wrong_address_at_any_depth_leads_to_the_book(browser, place):
    root = "http://host.invalid/some/where/"
    missing = book.BOOK / "extra/404.html"

    def answer(route):
        name = route.request.url.removeprefix(root)
        if name.endswith("search.html"):  # of the book, only this is asked
            route.fulfill(
                status=200 if name == f"{place}search.html" else 404
            )
        else:
            there = book.BOOK / "extra" / name
            route.fulfill(path=there if there.is_file() else missing)

    page = browser.new_page()
    page.route("**", answer)
    page.goto(f"{root}old/er/ch03_bpt.html")
    start = page.get_by_role("link", name="Start")
    assert start.evaluate("a => a.href") == root + place
    search = page.get_by_role("link", name="search")
    found = f"{root}{place}search.html?q=bpt"
    assert search.evaluate("a => a.href") == found
    page.close()


@pytest.mark.parametrize(
    ("name", "own"),
    [
        ("index.html", "article"),
        ("search.html?q=BPTT", "#book-search"),
        ("404.html", "main"),
    ],
)
def test_the_ways_in_are_for_everybody(reader, site, name, own):
    """What is the course's own of the first page, the search and the 404."""
    page = reader.new_page()
    page.goto(site + name, wait_until="networkidle")
    for width, theme in WAYS:
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=theme)
        page.wait_for_timeout(300)  # colours change slowly
        assert barriers_of(page, width, theme, own) == []
        across = page.evaluate("document.documentElement.scrollWidth")
        assert across <= width
    page.close()


def test_the_first_screen_says_where_to_begin_and_trains_by_itself(visit):
    page = visit("index").page
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_function(
        "/[1-9]\\d* update/.test(document.querySelector('.live .says')"
        ".textContent)"
    )
    places = [page.get_by_role("link", name="Begin", exact=True)]
    places += [page.get_by_role("link", name="Try it")]
    places += [page.get_by_role("link", name="12 hours").first]
    places += [page.locator("#live-start .says")]
    for place in places:
        box = place.bounding_box()
        assert box["y"] + box["height"] <= 800  # seen without scrolling
    assert page.locator(".parts .sd-card:has(svg)").count() == 4


def test_the_first_page_is_still_for_who_wishes_less_motion(browser, site):
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{site}intro.html")
    page.wait_for_selector("live-training button")
    page.wait_for_timeout(700)  # a calm figure moves twice a second
    assert (
        page.evaluate("document.querySelector('#live-start').run") is False
    )
    page.close()


def test_the_typefaces_weigh_little_and_are_asked_for_at_once(site, visit):
    fonts = [*(HTML / "_static/fonts").glob("*.woff2")]
    assert 0 < sum(font.stat().st_size for font in fonts) <= 60_000
    assert len([*(HTML / "_static/fonts").glob("LICENSE*")]) == 2
    page = visit("ch02_cell").page
    asked = page.eval_on_selector_all(
        "link[rel=preload][as=font]", "all => all.map((link) => link.href)"
    )
    assert {Path(link).name for link in asked} >= {
        "text.woff2",
        "heading.woff2",
    }
    for place, family in (("article p", "Text"), ("article h1", "Heading")):
        used = page.locator(place).first.evaluate(
            "p => getComputedStyle(p).fontFamily"
        )
        assert used.startswith(f'"Course {family}"')
    loaded = page.evaluate(
        "[...document.fonts].filter((f) => f.status === 'loaded')"
        ".map((f) => f.family.replaceAll('\"', ''))"
    )
    assert {"Course Text", "Course Heading"} <= set(loaded)


def test_the_contents_keep_their_lines_when_the_typefaces_come_late(
    browser, site
):
    lines = []
    for without in ("**/_static/fonts/*", "nothing"):
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.route(without, lambda route: route.abort())
        page.goto(f"{site}intro.html")
        settle(page)
        lines.append(
            page.eval_on_selector_all(
                ".bd-links .toctree-l1 > a",
                "all => all.map((a) => [a.innerText, a.offsetHeight])",
            )
        )
        page.close()
    assert len(lines[0]) > 20
    assert lines[0] == lines[1]


def test_captions_stand_in_the_right_margin_of_a_wide_window(visit):
    page = visit("ch06_lstm").page
    for width, beside in ((1280, True), (1100, False)):
        page.set_viewport_size({"width": width, "height": 800})
        figure = page.locator("figure.popout").first
        caption = figure.locator("figcaption").bounding_box()
        picture = figure.locator("img").bounding_box()
        right = picture["x"] + picture["width"]
        assert (caption["x"] >= right) is beside
        assert caption["x"] + caption["width"] <= width


def test_the_rest_of_a_docstring_comes_with_a_click(visit):
    page = visit("ch06_lstm").page
    rest = page.locator(".doc-rest").first
    assert not rest.is_visible()
    page.locator(".doc-more").first.click()
    assert rest.is_visible()


def test_pages_say_where_they_stand_and_which_edition_they_are(visit):
    page = visit("ch03_truncated").page
    trail = page.get_by_role("navigation", name="Breadcrumb")
    places = trail.locator("li").all_inner_texts()
    assert places == [
        "Start",
        "Part I: one loop",
        "3. Backpropagation through time",
        "3.1. Truncated backpropagation: when the sequence is too long",
    ]
    footer = page.locator(".bd-footer-content")
    footer.get_by_role("link", name="Cite the course").click()
    assert page.locator("#cite-the-course").is_visible()
    words = page.locator("meta[name=description]").get_attribute("content")
    assert len(words) > 40


def test_every_page_is_described_and_names_its_neighbours_with_numbers(
    site,
):
    written = [path.stem for path in book.page_paths()]
    for before, name in pairwise(written):
        page = BeautifulSoup(
            (HTML / f"{name}.html").read_text("utf8"), "html.parser"
        )
        described = page.find("meta", attrs={"name": "description"})
        assert len(described["content"]) > 20, name
        title = page.find(class_="left-prev").find(class_="prev-next-title")
        number = re.match(r"ch(\d+)", before)
        if number:
            assert re.match(rf"{int(number[1])}\.", title.get_text()), name


@each_page
def test_a_page_is_light_with_all_that_it_shows(seen, name):
    limit = 400_000 if name in CHAPTERS else 1_000_000
    assert seen(name)["weight"] < limit


def test_the_weight_counts_what_is_fetched(visit):
    fetched = visit("ch03_bptt").fetched
    endings = {Path(path).suffix for path in fetched}
    assert {".html", ".css", ".js", ".svg", ".woff2"} <= endings
    heavy = ("fontawesome.js", "searchindex.js", "bootstrap.js")
    assert [name for name in heavy if any(name in f for f in fetched)] == [
        "bootstrap.js"
    ]


@pytest.mark.parametrize(
    "path", book.page_paths(), ids=lambda path: path.stem
)
def test_each_picture_with_a_name_is_shown(site, path):
    named = set(
        re.findall(
            r"^ +name: (fig-[\w-]+)$", path.read_text("utf8"), re.MULTILINE
        )
    )
    page = (HTML / f"{path.stem}.html").read_text("utf8")
    assert named <= set(re.findall(r'id="(fig-[\w-]+)"', page))


@each_page
def test_the_formulas_were_typeset_when_the_book_was_built(seen, name):
    assert seen(name)["tex"] == 0


@each_page
def test_what_scrolls_is_a_tab_stop_and_no_other_formula_or_code(
    seen, name
):
    assert seen(name)["stops"] == []


@each_page
def test_media_are_files_with_size_and_words_that_load_late(seen, name):
    assert seen(name)["media"] == []


@each_page
def test_nothing_moves_while_a_page_loads_and_is_scrolled_fast(seen, name):
    moved = seen(name)["moved"]
    assert [way for way in moved if max(way[2:]) >= MOST_MOVED] == []


LATE_BLOCK = """<html lang="en"><title>Late</title>
<p style="height: 500px">Text</p><script>
setTimeout(() => document.querySelector("p").insertAdjacentHTML(
  "beforebegin", "<div style='height: 300px'>Late</div>"), 100);
</script>"""


def test_what_comes_late_on_every_visit_is_found(reader):
    page = reader.new_page()
    page.route("**/*", lambda route: route.fulfill(body=LATE_BLOCK))
    page.goto("http://127.0.0.1/")
    assert movements(page)[0] >= MOST_MOVED
    page.close()


@each_page
def test_no_script_stands_before_the_text(name):
    text = (HTML / f"{name}.html").read_text("utf8")
    if "<main" not in text:  # index.html leads on
        return
    before = re.findall(r"<script[^>]*src=[^>]*>", text.partition("<h1")[0])
    assert before == []


def test_the_text_is_there_while_no_script_has_come(browser, site):
    page = browser.new_page()
    page.route(re.compile(r"\.m?js\b"), lambda route: None)  # no answer
    page.goto(f"{site}ch03_bptt.html", wait_until="commit")
    for part in ("article h1", "article p", "article .katex"):
        page.locator(part).first.wait_for(state="visible", timeout=10_000)
    page.close()


def test_without_javascript_all_is_there_formulas_included(browser, site):
    page = browser.new_page(java_script_enabled=False)
    page.goto(f"{site}ch07_gru.html")
    text = page.locator("article").inner_text()
    assert len(text) > 10_000
    assert page.locator(".math:not(:has(.katex))").count() == 0
    assert page.locator(".katex").first.is_visible()
    page.close()


@each_page
def test_everybody_can_read_a_page(seen, name):
    assert seen(name)["barriers"] == []


BAD_PAGE = """<html lang="en"><title>Bad</title><main><h1>Bad</h1>
<pre><b class="x">fine</b> <b class="x">fine</b>
<b class="x" style="color: #ccc">pale</b></pre><img src="data:,">
<p style="background: #222"><i>dark</i></p><p><i>dark</i></p></main>"""


def test_barriers_are_found_though_alike_texts_are_asked_once(reader):
    page = reader.new_page()
    page.route("**/*", lambda route: route.fulfill(body=BAD_PAGE))
    page.goto("http://127.0.0.1/")
    barriers = barriers_of(page, 320, "light")
    page.close()
    assert [b[2:4] for b in barriers] == [
        ("color-contrast", 2),
        ("image-alt", 1),
    ]


def test_who_moves_by_keys_sees_where(visit):
    page = visit("ch02_cell").page
    seen = []
    for _ in range(25):
        page.keyboard.press("Tab")
        seen.append(
            page.evaluate(
                """() => {
                  const at = document.activeElement;
                  const look = getComputedStyle(at);
                  const inner = getComputedStyle(at.firstElementChild ?? at);
                  const shown = (s) => parseFloat(s.outlineWidth) > 0
                    && s.outlineStyle !== "none" || s.boxShadow !== "none";
                  return shown(look) || shown(inner) ? ""
                    : at.outerHTML.slice(0, 200);
                }"""
            )
        )
    assert seen == [""] * len(seen)


def test_a_term_shows_its_definition_to_who_moves_by_keys(visit):
    page = visit("ch06_lstm").page
    page.set_viewport_size({"width": 320, "height": 900})
    page.keyboard.press("Tab")  # from now on focus is shown
    terms = [t for t in page.locator("a.term").all() if t.is_visible()]
    assert len(terms) > 10
    for term in terms:
        term.focus()
        shown = term.evaluate("a => getComputedStyle(a, '::after').content")
        assert shown == json.dumps(
            term.get_attribute("title"), ensure_ascii=False
        )
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 320, term.inner_text()


def test_every_slider_has_a_name(visit):
    for name in PAGES:
        text = (HTML / f"{name}.html").read_text("utf8")
        if 'type="range"' in text:
            sliders = visit(name).page.locator("input[type=range]")
            for slider in sliders.all():
                assert re.search('slider "[^"]', slider.aria_snapshot())


def test_a_click_on_a_picture_shows_its_file(visit):
    page = visit("ch07_gru").page
    link = page.locator("a.enlarge").first
    picture = link.locator("img").get_attribute("src")
    link.click()
    page.wait_for_url(f"**/{picture}")
