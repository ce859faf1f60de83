"""The live figures in a served JupyterLab, where a kernel answers them."""

import inspect
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from playwright.sync_api import expect

from rnncore.lstm import gates, sigmoid
from rnncore.rnn import init_params, unroll, zero_state

pytestmark = pytest.mark.system
LONGEST = 120_000  # milliseconds, on a machine that does other things too
TOKEN = "figures"


def my_cell(a_x, a_h, state):  # forgets nothing, whatever f says
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = c + i * g
    h = o * np.tanh(c)
    return (h, c), (i, f, g, o)


CELL = f"""
import numpy as np
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import Params, init_params

{inspect.getsource(my_cell)}
params = init_params(np.random.default_rng(0), 3, 5, 4)
"""
MACHINE = """
from rnncore.widgets import machine, unrolled
machine(my_cell, params, "abcabc", alphabet="abc", unit=2)
"""
GRAPH = """
from rnncore.bptt import rnn_cell_vjp
from rnncore.rnn import rnn_cell

one = Params(np.ones((1, 1)), np.array([[0.5]]), np.zeros(1), np.zeros(1))
unrolled(rnn_cell, rnn_cell_vjp, one, [0.5, 0.25, -0.5], [0.5, 0.2, 0.1])
"""


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
    cells = [new_code_cell(source) for source in (CELL, MACHINE, GRAPH)]
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


def expected(text, t, unit):
    """What the notebook's cell makes of a text, after t letters."""
    params = init_params(np.random.default_rng(0), 3, 5, 4)
    x = np.eye(3)[["abc".index(letter) for letter in text[:t]]][:, None]
    state = zero_state(params, 1, 2)
    _, (h, c), tape = unroll(my_cell, params, x, state)
    f = tape.caches[-1][1]
    return {k: a[0, unit - 1] for k, a in (("h", h), ("c", c), ("f", f))}


def test_figures_of_a_notebook_show_its_cell_and_are_answered(page):
    machine, graph = (page.locator(".live").nth(k) for k in (0, 1))
    says = machine.locator(".says")
    made = expected("abcabc", 4, 2)
    expect(says).to_contain_text("Unit 2 after “abca”", timeout=LONGEST)
    expect(says).to_contain_text(f"your cell made c = {made['c']:.4f};")
    expect(machine.locator("svg")).to_contain_text(f"f {made['f']:.2f}")

    # while cells run, the notebook takes the focus to the next one
    expect(graph.locator(".says")).to_be_visible(timeout=LONGEST)
    page.get_by_role("button", name="(ipykernel) | Idle").wait_for()

    machine.get_by_label("Step t").focus()
    page.keyboard.press("ArrowLeft")
    made = expected("abcabc", 3, 2)
    expect(says).to_contain_text("Unit 2 after “abc”")
    expect(says).to_contain_text(f"your cell made c = {made['c']:.4f};")

    machine.get_by_label("A text to read").fill("cb")
    made = expected("cb", 2, 2)
    expect(says).to_contain_text("Unit 2 after “cb”", timeout=LONGEST)
    expect(says).to_contain_text(f"your cell made c = {made['c']:.4f};")
    machine.get_by_label("A text to read").fill("cx")
    expect(says).to_have_text(
        "ValueError: text: 'x' is not in the alphabet", timeout=LONGEST
    )

    said = graph.locator(".says")
    cells = page.locator(".jp-Notebook .jp-Cell").count()
    graph.get_by_role("button", name="Next").focus()
    page.keyboard.press("Enter")
    expect(said).to_contain_text("h₀ + x₁ = 0.50 × 0.00 + 0.50 = 0.50")
    page.keyboard.press("b")  # a notebook's key for a new cell
    page.keyboard.press("Enter")
    expect(said).to_contain_text("h₁ = cell(0.50) = 0.46")
    assert page.locator(".jp-Notebook .jp-Cell").count() == cells

    graph.get_by_label("x₁", exact=True).fill("-1")
    page.keyboard.press("Enter")
    expect(said).to_contain_text(
        f"h₁ = cell(−1.00) = −{np.tanh(1):.2f}", timeout=LONGEST
    )
