"""The live figures in a served JupyterLab, where a kernel answers them."""

import math
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from tests.helpers.checking import solved_release

pytestmark = pytest.mark.system
LONGEST = 120_000  # milliseconds, on a machine that does other things too
TOKEN = "figures"


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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{k}_DIR": str(folder / k) for k in ("CONFIG", "DATA")}
    own["IPYTHONDIR"] = str(folder / "ipython")
    log = folder / "jupyterlab.log"
    server = subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            *("--ip=127.0.0.1", f"--port={port}", "--allow-root"),
            *("--ServerApp.port_retries=0", f"--notebook-dir={folder}"),
            *(
                f"--IdentityProvider.token={TOKEN}",
                "--LabApp.news_url=None",
            ),
            (
                "--LabApp.check_for_updates_class="
                "jupyterlab.NeverCheckForUpdate"
            ),
            f"--LabApp.user_settings_dir={folder / 'settings'}",
            f"--LabApp.workspaces_dir={folder / 'workspaces'}",
        ],
        env={**os.environ, **own},
        stdout=log.open("w"),
        stderr=subprocess.STDOUT,
    )
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}/lab/tree/figures.ipynb?token={TOKEN}"
    except BaseException:
        print(log.read_text()[-10_000:])
        raise
    finally:
        server.terminate()
        try:
            server.wait(LONGEST / 1000)
        finally:
            server.kill()


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
        page.goto(address)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_role("button", name="(ipykernel) | Idle").wait_for()
        page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
        page.locator('[data-command="runmenu:run-all"]').click()
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
