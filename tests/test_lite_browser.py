"""An assignment solved in Chromium, where no other host answers."""

import functools
import http.server
import re
import shutil
import subprocess
import sys
import threading

import nbformat
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import expect

from grader.assignments import builder
from grader.commands import grade
from grading import NEEDS_SANDBOX, ROOT, hand_in, make_once
from tools.publish.lite_walk import walk

pytestmark = [pytest.mark.system, pytest.mark.slow]
NAME = "ch02_cell"
WRONG = (
    "def ceiling_cell(a_x, a_h, state):\n    xp = array_namespace(a_x)\n"
)
WRONG += "    h = xp.clip(a_x, 0.0, 1.0)\n    return (h,), h"
SAYS = "a_h was not used: without it the network has no memory"
LONGEST = 60_000  # milliseconds, on a machine that does other things too
expect.set_options(timeout=LONGEST)


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Has the site in it, below a prefix as on a shared host."""

    def make(folder):
        for command in (
            ["make", ".venv/lite/.installed"],
            [sys.executable, "-m", "tools.publish.notebooks"],
        ):
            subprocess.run(command, cwd=ROOT, check=True)
        subprocess.run(
            [
                *(
                    ROOT / ".venv/lite/bin/python",
                    "-m",
                    "tools.publish.lite",
                ),
                *("--alone", "--out", folder / "book" / "lite"),
            ],
            cwd=ROOT,
            check=True,
        )

    return make_once(tmp_path_factory, "lite", make)


@pytest.fixture(scope="module")
def address(folder):
    """Where the site is served."""
    handler = functools.partial(QuietHandler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as s:
        threading.Thread(target=s.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{s.server_port}/book/lite/"
        s.shutdown()


@pytest.fixture
def reader(browser):
    """A browser's profile; it keeps what is written until the test ends."""
    with browser.new_context(
        accept_downloads=True, viewport={"width": 1280, "height": 900}
    ) as context:
        context.set_default_timeout(LONGEST)
        yield context


def visit(reader, address, file, folder=f"assignments/{NAME}"):
    """Open a notebook, and wait until Python is there."""
    page = reader.new_page()
    page.elsewhere = []
    page.on("requestfailed", lambda r: page.elsewhere.append(r.url))
    page.goto(f"{address}notebooks/index.html?path={folder}/{file}")
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.locator(
        '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
    ).wait_for()
    return page


def put(page, first_line, source):
    """Replace the source of the cell that has a line."""
    cell = page.locator(".jp-CodeCell", has_text=first_line).first
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(source)


def save(page, line):
    """Save, and wait until the browser's storage holds a line of it."""
    page.keyboard.press("Control+s")
    path = f"assignments/{NAME}/{NAME}.ipynb"
    page.wait_for_function(STORED, arg=[path, line], polling=300)


STORED = """async ([path, line]) => {
  const done = (asked) => new Promise((yes, no) => {
    asked.onsuccess = () => yes(asked.result);
    asked.onerror = () => no(asked.error);
  });
  for (const {name} of await indexedDB.databases()) {
    const db = await done(indexedDB.open(name));
    try {
      if (!db.objectStoreNames.contains("files")) continue;
      const files = db.transaction("files").objectStore("files");
      const file = await done(files.get(path));
      if (JSON.stringify(file ?? "").includes(line)) return true;
    } finally {
      db.close();
    }
  }
  return false;
}"""


def checked(page):
    """What the checking notebook says of the saved file."""
    cell = page.locator(".jp-CodeCell").first
    cell.locator(".cm-content").click()
    before = cell.locator(".jp-InputPrompt").inner_text()
    page.keyboard.press("Control+Enter")
    done = re.compile(r"\[\d+\]:")
    while True:
        expect(cell.locator(".jp-InputPrompt")).to_have_text(done)
        if cell.locator(".jp-InputPrompt").inner_text() != before:
            return cell.locator(".jp-OutputArea").inner_text()
        page.wait_for_timeout(100)


@NEEDS_SANDBOX
def test_an_assignment_is_solved_in_the_browser_and_graded(
    reader, address, tmp_path
):
    answers = {
        task: cell.source
        for task, cell in builder.read(NAME).of("solution").items()
    }
    page = visit(reader, address, f"{NAME}.ipynb")
    put(page, "def ceiling_cell(", WRONG)
    save(page, "xp.clip(a_x, 0.0, 1.0)")
    checker = visit(reader, address, "check.ipynb")
    said = checked(checker)
    assert SAYS in said
    assert "0 of 6 hold" in said
    for task, source in answers.items():
        put(page, f"def {task}(", source)
    save(page, "xp.clip(a_x + a_h, 0.0, 1.0)")
    assert "6 of 6 hold" in checked(checker)

    page.reload()  # the work was kept
    page.locator(".jp-CodeCell", has_text="clip(a_x + a_h").first.wait_for()
    page.get_by_role("menuitem", name="File").first.click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download").first.click()
    assert download.value.suggested_filename == f"{NAME}.ipynb"
    file = tmp_path / f"{NAME}.ipynb"
    download.value.save_as(file)
    assert not [u for u in page.elsewhere if not u.startswith(address)]

    root = tmp_path / "course"
    root.mkdir()
    shutil.copy(ROOT / "nbgrader_config.py", root)
    builder.build(NAME, root)
    hand_in(root, "reader", nbformat.read(file, 4), NAME)
    assert grade.main(["--root", str(root)]) == 0
    with Gradebook(f"sqlite:///{root}/grading/gradebook.db") as book:
        (submission,) = book.assignment_submissions(NAME)
        (notebook,) = submission.notebooks
        got = {
            g.name: (g.auto_score, g.max_score)
            for g in notebook.grades
            if g.cell.cell_type == "code"
        }
    assert got
    assert all(score == most for score, most in got.values())


def test_a_cell_run_at_once_waits_for_its_folder(reader, address):
    page = reader.new_page()
    folder = f"assignments/{NAME}"
    page.goto(f"{address}notebooks/index.html?path={folder}/check.ipynb")
    put(page, "check(", "import os\n\nos.getcwd()")
    page.keyboard.press("Control+Enter")
    shown = page.locator(".jp-CodeCell .jp-OutputArea").first
    expect(shown).to_have_text(re.compile(f"'/drive/{folder}'"))
    assert page.get_by_role("alert").count() == 0


@pytest.mark.parametrize("name", ["ch02_cell"])
def test_a_page_computes_and_draws_in_the_browser(reader, address, name):
    seen = walk(reader, address, f"pages/{name}.ipynb")
    assert seen.mistakes == []
    assert seen.pictures >= 3


def test_a_browser_without_webassembly_is_told_so(reader, address):
    reader.add_init_script("delete globalThis.WebAssembly")
    page = reader.new_page()
    page.goto(
        f"{address}notebooks/index.html?path=assignments/{NAME}/check.ipynb"
    )
    told = page.get_by_role("alert").filter(
        has_text="cannot run WebAssembly"
    )
    told.wait_for()


def test_a_browser_that_keeps_nothing_is_told_so(reader, address):
    reader.add_init_script(
        "Object.defineProperty(globalThis, 'indexedDB', {get() {"
        "throw new DOMException('forbidden', 'SecurityError')}})"
    )
    page = reader.new_page()
    page.goto(
        f"{address}notebooks/index.html?path=assignments/{NAME}/check.ipynb"
    )
    page.get_by_role("alert").filter(has_text="gone").wait_for()


def test_a_full_storage_is_told(reader, address):
    page = reader.new_page()
    reader.new_cdp_session(page).send(
        "Storage.overrideQuotaForOrigin",
        {"origin": address.split("/book")[0], "quotaSize": 1000},
    )
    page.goto(
        f"{address}notebooks/index.html?path=assignments/{NAME}/{NAME}.ipynb"
    )
    page.get_by_role("alert").filter(has_text="is full").wait_for()
