"""The live figures in a served JupyterLab, where a kernel answers them."""

import math
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.helpers import end_server, free_port
from tests.helpers.checking import solved_release

pytestmark = pytest.mark.system
LONGEST = 120_000  # milliseconds, on a machine that does other things too
TOKEN = "figures"
RELEASES = Path(__file__).parents[3] / "exercises"


def up_to_the_figure(name, folder):
    """A solved assignment's code up to its figure, but for the tests."""
    path = solved_release(name, folder)
    for cell in nbformat.read(path, as_version=4).cells:
        graded = cell.metadata.get("nbgrader", {}).get("points")
        if cell.cell_type == "code" and not graded:
            yield new_code_cell(cell.source)
        if "widgets.show" in cell.source:
            return


@contextmanager
def served(folder):
    """JupyterLab's address; it knows no folder but this one."""
    port = free_port()
    own = {f"JUPYTER_{k}_DIR": str(folder / k) for k in ("CONFIG", "DATA")}
    own["IPYTHONDIR"] = str(folder / "ipython")
    log = folder / "jupyterlab.log"
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "rnncore", "lab", "--no-browser"),
            *("--ip=127.0.0.1", f"--port={port}", "--allow-root"),
            *("--ServerApp.port_retries=0", f"--notebook-dir={folder}"),
            f"--IdentityProvider.token={TOKEN}",
            f"--LabApp.user_settings_dir={folder / 'settings'}",
            f"--LabApp.workspaces_dir={folder / 'workspaces'}",
        ],
        env={**os.environ, **own},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}/lab/tree/{{}}?token={TOKEN}"
    except BaseException:
        print(log.read_text()[-10_000:])
        raise
    finally:
        end_server(server, port, LONGEST / 1000)


def wait_for(port, server):
    until = time.monotonic() + LONGEST / 1000
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert server.poll() is None, "JupyterLab ended"
            assert time.monotonic() < until, "JupyterLab did not start"
            time.sleep(0.1)
        else:
            return


def run_all(page, address):
    """Open a notebook, and run it as the menu does."""
    page.goto(address)
    page.locator(".jp-Notebook .jp-Cell").first.wait_for()
    page.get_by_role("button", name="(ipykernel) | Idle").wait_for()
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator('[data-command="runmenu:run-all"]').click()


def test_a_learner_s_first_notebook(browser, tmp_path):
    """As released: what is folded says what it is, and nothing stops."""
    shutil.copytree(RELEASES / "ch02_cell", tmp_path, dirs_exist_ok=True)
    said = []
    with served(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1400, "height": 20_000})
        page.set_default_timeout(LONGEST)
        page.on("console", lambda m: said.append((m.type, m.text)))
        page.on(
            "pageerror", lambda error: said.append(("error", str(error)))
        )
        run_all(page, address.format("ch02_cell.ipynb"))
        page.get_by_role("button", name="(ipykernel) | Busy").wait_for()
        page.get_by_role("button", name="(ipykernel) | Idle").wait_for()
        shown = page.locator(".jp-Notebook")
        for task in range(1, 6):
            folded = shown.get_by_text(f"# Check of task {task}: run")
            expect(folded.first).to_be_attached()
        told = shown.get_by_text("is not written yet")
        expect(told.first).to_be_attached()
        files = page.locator(".jp-DirListing-itemText")
        expect(files.get_by_text("ch02_cell.ipynb")).to_be_visible()
        expect(files.get_by_text("checks.json.gz")).to_have_count(0)
        expect(page.get_by_text("official Jupyter news")).to_have_count(0)
        expect(page.get_by_text("Formgrader")).to_have_count(0)
        page.close()
    assert [m for m in said if m[0] in ("error", "warning")] == []


@pytest.fixture
def page(browser, tmp_path):
    """A notebook whose cells have all been run."""
    cells = [
        cell
        for name in ("ch06_lstm", "ch03_bptt")
        for cell in up_to_the_figure(name, tmp_path)
    ]
    kernel = {"name": "python3", "display_name": "Python 3"}
    notebook = new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "figures.ipynb")
    with served(tmp_path) as address:
        page = browser.new_page(viewport={"width": 1000, "height": 2000})
        page.set_default_timeout(LONGEST)
        run_all(page, address.format("figures.ipynb"))
        yield page
        page.close()


def sigmoid(a):
    return 1 / (1 + math.exp(-a))


def unit(text):
    """What the unit of assignment 6 keeps of a text, and its gate o."""
    c = 0.0
    for letter in text:
        i, g = (sigmoid(8), math.tanh(0.5)) if letter == "x" else (0, 0)
        c = sigmoid(8) * c + i * g
    return f"= {c:.2f}, of which", f"o {sigmoid(-8 + 5 * c):.2f}"


def test_assignments_show_the_learner_s_cell_and_are_answered(page):
    machine, graph = (page.locator(".live").nth(k) for k in (0, 1))
    # while cells run, the notebook takes the focus to the next one
    expect(graph.locator(".says")).to_be_visible(timeout=LONGEST)
    page.get_by_role("button", name="(ipykernel) | Idle").wait_for()

    says, drawn = machine.locator(".says"), machine.locator("svg")
    c, o = unit("x-x-")
    expect(says).to_contain_text("Unit 1 after “x-x-”")
    expect(says).to_contain_text(c)
    expect(drawn).to_contain_text(o)

    machine.get_by_label("Step t").focus()
    page.keyboard.press("ArrowLeft")
    expect(says).to_contain_text("Unit 1 after “x-x”")

    machine.get_by_label("A text to read").fill("xxxx")
    machine.get_by_label("Step t").press("End")
    c, o = unit("xxxx")
    expect(says).to_contain_text("Unit 1 after “xxxx”", timeout=LONGEST)
    expect(says).to_contain_text(c)
    expect(drawn).to_contain_text(o)
    machine.get_by_label("A text to read").fill("xy")
    expect(says).to_have_text(
        "ValueError: text: 'y' is not in the alphabet", timeout=LONGEST
    )

    said = graph.locator(".says")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    graph.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(said).to_contain_text("h₀ + x₁ = −0.50 × 0.00 + 0.80 = 0.80")
    page.keyboard.press("b")  # a notebook's key for a new cell
    page.keyboard.press("Enter")
    expect(said).to_contain_text(f"h₁ = cell(0.80) = {math.tanh(0.8):.2f}")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    graph.get_by_label("x₁", exact=True).fill("-1")
    page.keyboard.press("Enter")
    expect(said).to_contain_text(
        f"h₁ = cell(−1.00) = −{math.tanh(1):.2f}", timeout=LONGEST
    )
