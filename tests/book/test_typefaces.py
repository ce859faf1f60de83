"""The typefaces of a first visit: over HTTP and from a folder, in two browsers."""

import subprocess
import sys
import time
from contextlib import ExitStack

import pytest

from tests.helpers.firefox import FIREFOX, Firefox
from tools.build import book
from tools.build.live.stills import serve_folder
from tools.site.typefaces import ask_for_typefaces

HEAD = "<head><!-- Loaded before other Sphinx assets --></head>"
PAGES = "intro", "ch02_cell"
SETTLED = "document.fonts.ready.then(() => true)"
LATE = 0.5  # seconds: five times what font-display: optional waits
LOADED = """[...document.fonts].filter((f) => f.status === "loaded")
  .map((f) => f.family.replaceAll('"', ""))"""
WIDTHS = """["Course Text", "Course Heading", "Text Fallback", "Heading Fallback"]
  .map((family) => ["400", "700"].map((weight) => {
    const pen = document.createElement("canvas").getContext("2d");
    pen.font = `${weight} 100px "${family}"`;
    return pen.measureText("the state of the cell, step by step").width;
  }))"""
DRAWN = {"h1": "Course Heading", "section p": "Course Text"}


def test_only_a_page_with_formulas_asks_for_their_typefaces():
    plain = ask_for_typefaces(HEAD, "a.html")
    assert "_static/fonts/text.woff2" in plain
    assert "katex" not in plain
    page = HEAD + '<span class="katex"></span>'
    typeset = ask_for_typefaces(page, "folder/a.html")
    assert '"../vendor/katex/fonts/KaTeX_Main-Regular.woff2"' in typeset
    assert typeset.index("<script") < typeset.index("<!-- Loaded before")


@pytest.fixture(scope="module")
def folders():
    """Where each page is built, by its name."""
    for name in PAGES:
        made = [sys.executable, "-m", "tools.build.book", "build"]
        subprocess.run([*made, "--page", name], cwd=book.ROOT, check=True)
    return {name: book.BUILD / "page" / name / "html" for name in PAGES}


@pytest.fixture(params=["file", "http"])
def address_of(request, folders):
    """A function: a page's address, as a file or on a server."""
    if request.param == "file":
        yield lambda name: (folders[name] / f"{name}.html").as_uri()
        return
    with ExitStack() as open_servers:
        yield (
            lambda name: (
                open_servers.enter_context(serve_folder(folders[name]))
                + f"{name}.html"
            )
        )


@pytest.fixture(scope="module")
def firefox(tmp_path_factory):
    if FIREFOX is None:
        pytest.skip("Firefox is not installed")
    started = Firefox(tmp_path_factory.mktemp("firefox"))
    yield started
    started.close()


def expected(name):
    """The families that a page draws with: the first one has no letters in formulas."""
    used = {"Course Text", "Course Heading", "KaTeX_Main"}
    return used if name == "intro" else used | {"KaTeX_Math"}


@pytest.mark.system
@pytest.mark.parametrize("name", PAGES)
def test_in_chromium_the_typefaces_come_and_the_console_is_empty(
    browser, address_of, name
):
    context, wrong = browser.new_context(), []
    page = context.new_page()
    page.on(
        "console",
        lambda said: (
            wrong.append(said.text)
            if said.type in ("error", "warning")
            else None
        ),
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("requestfailed", lambda request: wrong.append(request.url))
    page.goto(address_of(name), wait_until="networkidle")
    page.evaluate(SETTLED)
    page.wait_for_timeout(4000)  # a preload that was of no use is told late
    assert wrong == []
    assert expected(name) <= set(page.evaluate(LOADED))
    for selector, family in DRAWN.items():
        assert drawn_with(context, page, f"article {selector}") == {family}
    context.close()


def drawn_with(context, page, selector):
    """The families whose letters Chromium has drawn in the first such place."""
    tools = context.new_cdp_session(page)
    for domain in ("DOM", "CSS"):
        tools.send(f"{domain}.enable")
    root = tools.send("DOM.getDocument")["root"]["nodeId"]
    asked = {"nodeId": root, "selector": selector}
    node = tools.send("DOM.querySelector", asked)["nodeId"]
    used = tools.send("CSS.getPlatformFontsForNode", {"nodeId": node})
    return {font["familyName"] for font in used["fonts"]}


@pytest.mark.system
@pytest.mark.parametrize("name", PAGES)
def test_in_firefox_the_typefaces_come_and_the_console_is_empty(
    firefox, address_of, name
):
    tab = firefox.open_page(address_of(name))
    firefox.evaluate(tab, SETTLED)
    assert expected(name) <= set(firefox.evaluate(tab, LOADED))
    widths = firefox.evaluate(tab, WIDTHS)
    assert widths[:2] != widths[2:]  # the letters are those of the faces
    wrong = [
        event["params"].get("text") or event["params"].get("errorText")
        for event in firefox.events
        if event["params"].get("level") not in ("info", "debug")
    ]
    assert wrong == []


@pytest.mark.system
def test_typefaces_that_come_late_are_used_and_move_nothing(
    browser, folders
):
    """Their stand-ins have their widths, plain and bold, to a twentieth."""
    with serve_folder(folders["intro"]) as address:
        context = browser.new_context(
            viewport={"width": 1280, "height": 900}
        )
        context.route(
            "**/*.woff2", lambda way: (time.sleep(LATE), way.continue_())
        )
        page = context.new_page()
        page.add_init_script(
            "window.shifted = 0; new PerformanceObserver((list) =>"
            " list.getEntries().forEach((s) => { shifted += s.value; }))"
            ".observe({ type: 'layout-shift', buffered: true });"
        )
        page.goto(f"{address}intro.html", wait_until="networkidle")
        page.evaluate(SETTLED)
        assert drawn_with(context, page, "article section p") == {
            "Course Text"
        }
        assert page.evaluate("shifted") < 0.02
        text, heading, *stand_ins = page.evaluate(WIDTHS)
        for faces, others in zip([text, heading], stand_ins, strict=True):
            for face, other in zip(faces, others, strict=True):
                assert abs(face / other - 1) < 0.05
        context.close()
