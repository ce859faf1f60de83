"""The live figures of a folder that is opened without a server."""

import re
import shutil

import pytest

from rnncore.display.scripts import list_needed
from tests.helpers.live import FIGURE
from tools.build.live import stills
from tools.build.live.stills import STATIC
from tools.site import live

MODULES = {
    "a": 'import { b as one } from "./b.mjs";\nimport { c }  from "./c.mjs";\n'
    "window.found = one + c();\n",
    "b": 'import { c } from "./c.mjs";\nexport const b = 1 + c();\n',
    "c": "/* What\n   all share. */\n  // 1\n  export function c() { return 2; }\n",
}


def test_a_module_comes_after_all_that_it_imports_and_once():
    assert list_needed("a", MODULES) == ["c", "b", "a"]
    script = live.bundle(
        "a", {k: live.shorten_module(v) for k, v in MODULES.items()}
    )
    assert script.count("function c()") == 1


def test_comments_and_indentation_go_and_code_stays():
    assert (
        live.shorten_module(MODULES["c"])
        == "export function c() { return 2; }\n"
    )
    assert live.shorten_module("const a = '/* b */'; // c\n") == (
        "const a = '/* b */'; // c\n"
    )


@pytest.mark.parametrize(
    "code",
    [
        'import x from "./b.mjs";\n',
        'import { b } from "https://example.org/b.mjs";\n',
        "export default 1;\n",
        "export { a };\n",
        'export * from "./b.mjs";\n',
    ],
)
def test_another_form_of_import_or_export_is_refused(code):
    with pytest.raises(ValueError, match=r"^x\.mjs:"):
        live.bundle("x", {**MODULES, "x": code})


def test_a_missing_module_is_named():
    with pytest.raises(ValueError, match=r"^c\.mjs:"):
        live.bundle("a", {k: v for k, v in MODULES.items() if k != "c"})


STATE = "JSON.stringify(document.getElementById('it').state)"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A small built book: each figure of the book, each in a page."""
    out = tmp_path_factory.mktemp("book")
    shutil.copytree(STATIC, out, dirs_exist_ok=True)
    live.write_code(out / "live")
    for _, tag, name, rest in stills.find_figures():
        page = FIGURE.format(
            name=tag.removeprefix("live-"), attributes=rest
        )
        page = page.replace("none.svg", f"{name}.svg")
        (out / f"{name}.html").write_text(page, "utf8")
    return out


def use_a_control(page):
    """A slider, a choice or the button that trains: the state is another then."""
    slider = page.locator(".live input[type=range]:visible:enabled")
    choice = page.locator(".live select:visible")
    was = page.evaluate(STATE)
    if slider.count():
        slider.first.press("End")
        at_end = page.evaluate(STATE)
        slider.first.press("Home")
        was = at_end
    elif choice.count():
        choice.last.select_option(index=1)
    else:
        page.get_by_role("button", name=re.compile("Train|Teach")).click()
    page.wait_for_function(f"was => {STATE} !== was", arg=was)


@pytest.mark.system
@pytest.mark.parametrize("name", [f[2] for f in stills.find_figures()])
def test_a_figure_lives_in_a_page_that_is_a_file(browser, folder, name):
    page = browser.new_page()
    wrong = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "console",
        lambda m: wrong.append(m.text) if m.type == "error" else None,
    )
    page.goto(f"{(folder / name).as_uri()}.html#it?mode=trained")
    page.wait_for_function(
        """() => {
          const says = document.querySelector(".live .says")?.textContent;
          return says && !/loading/.test(says);
        }"""
    )
    assert page.locator(".live svg").is_visible()
    use_a_control(page)
    assert wrong == []
    page.close()


@pytest.mark.system
def test_a_file_that_is_gone_leaves_the_still_picture(browser, folder):
    page = browser.new_page()
    (folder / "gone.html").write_text(
        FIGURE.format(name="gone", attributes=""), "utf8"
    )
    page.goto(f"{(folder / 'gone').as_uri()}.html")
    page.get_by_text("did not come").wait_for()
    assert page.get_by_alt_text("A still picture").count() == 1
    page.close()
