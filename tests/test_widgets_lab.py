"""The live figures in a served JupyterLab, where a kernel answers them."""

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

pytestmark = pytest.mark.system
LONGEST = 30_000  # milliseconds, on a machine that does other things too
TOKEN = "figures"
CELL = """
import numpy as np
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import Params, Readout, init_params, init_readout

def my_cell(a_x, a_h, state):  # forgets nothing, whatever f says
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
    c = c + i * g
    h = o * np.tanh(c)
    return (h, c), (i, f, g, o)

rng = np.random.default_rng(0)
params = init_params(rng, 3, 5, 4)
"""
MACHINE = """
from rnncore.widgets import live, machine, unrolled
machine(my_cell, params, "abcabc", alphabet="abc", unit=2)
"""
UNROLLED = """
def squared(a_x, a_h, state):
    a = a_x + a_h
    return (a * a,), a

def squared_vjp(d_state, a):
    d_a = d_state[0] * a  # the 2 is missing
    return d_a, d_a, (0.0,)

one = Params(np.ones((1, 1)), np.array([[0.5]]), np.zeros(1), np.zeros(1))
unrolled(squared, squared_vjp, one, [0.5, 0.25, -0.5], [0.5, 0.2, 0.1])
"""
PAGES = """
from IPython.display import display
display(live("words"), live("ring", radius=7))
"""


@contextmanager
def served(folder):
    """JupyterLab's address; it knows no folder but this one."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {f"JUPYTER_{k}_DIR": str(folder / k) for k in ("CONFIG", "DATA")}
    own["IPYTHONDIR"] = str(folder / "ipython")
    with subprocess.Popen(
        [
            *(sys.executable, "-m", "jupyterlab", "--no-browser"),
            *("--ip=127.0.0.1", f"--port={port}", "--allow-root"),
            *("--ServerApp.port_retries=0", f"--notebook-dir={folder}"),
            *(f"--IdentityProvider.token={TOKEN}", "--LabApp.news_url=None"),
            "--LabApp.check_for_updates_class="
            "jupyterlab.NeverCheckForUpdate",
            f"--LabApp.user_settings_dir={folder / 'settings'}",
            f"--LabApp.workspaces_dir={folder / 'workspaces'}",
        ],
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
    ) as server:
        wait_for(port)
        yield f"http://127.0.0.1:{port}/lab/tree/figures.ipynb?token={TOKEN}"
        server.terminate()


def wait_for(port):
    until = time.monotonic() + LONGEST / 1000
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            assert time.monotonic() < until, "JupyterLab did not start"
            time.sleep(0.1)
        else:
            return


@pytest.fixture(scope="module")
def page(browser, tmp_path_factory):
    """A notebook whose cells have all been run."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [
        new_code_cell(source) for source in (CELL, MACHINE, UNROLLED, PAGES)
    ]
    notebook = new_notebook(cells=cells)
    notebook.metadata["kernelspec"] = {
        "name": "python3",
        "display_name": "Python 3",
    }
    nbformat.write(notebook, folder / "figures.ipynb")
    with served(folder) as address:
        page = browser.new_page(viewport={"width": 1000, "height": 3000})
        page.set_default_timeout(LONGEST)
        page.goto(address)
        page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.locator(
            '[role="menuitem"][data-command="runmenu:run-all"]'
        ).click()
        yield page
        page.close()


def words(figure):
    return figure.locator(".says").first


def test_the_machine_says_what_the_cell_of_the_notebook_made(page):
    named = {}
    exec(CELL, named)
    np, params = named["np"], named["params"]
    figure = page.locator(".live").nth(0)
    print(words(figure).inner_text())
    page.screenshot(path="/tmp/lab.png")
