"""The notebooks for the browser: what is chosen, what is put into them."""

import io
import json
import marshal
import re
import sys
import tarfile

import numpy as np
import pytest

from rnncore.checking import client, inprocess
from rnncore.data import series, text
from tests.helpers.checking import check, write
from tests.helpers.grading import NAME, ROOT
from tools.build import book
from tools.publish import unpack
from tools.publish.browser import lite, lite_data, lite_kernel

pytestmark = pytest.mark.slow

WITH = sorted(p.stem for p in book.BOOK.glob("ch0[1-8]_*.md"))
FIRST = ["ch01_sequences", "ch02_cell", "ch03_bptt", "ch04_training"]
FIRST += ["ch05_gradients", "ch06_lstm", "ch07_gru", "ch08_deeper"]


@pytest.fixture
def notebook(tmp_path):
    """A notebook to check, in a folder of its own."""
    (tmp_path / NAME).mkdir()
    return tmp_path / NAME / f"{NAME}.ipynb"


def code(*sources):
    return {"cells": [{"cell_type": "code", "source": s} for s in sources]}


@pytest.mark.parametrize("name", WITH)
def test_the_pages_of_parts_one_and_two_run_in_the_browser(name):
    page = book.read_notebook(book.BOOK / f"{name}.md")
    assert lite.find_lacking(page) == set()


def test_what_needs_numpy_alone_runs_in_the_browser():
    chosen = lite.list_assignments()
    assert set(FIRST) <= set(chosen)
    assert "ch09_torch" not in chosen
    assert "capstone" in chosen


def test_a_notebook_says_what_the_browser_draws_with_and_of_no_torch():
    for name in FIRST:
        own = lite._find_notebook(lite.EXERCISES / name)
        made = lite.for_browser(own)
        says = ["".join(cell["source"]) for cell in made["cells"]]
        assert len(says) == len(own["cells"]) + 1
        assert any("make lab" in s and "Matplotlib" in s for s in says[:2])
        words = [
            s
            for s, c in zip(says, made["cells"], strict=True)
            if c["cell_type"] == "markdown"
        ]
        assert not any('write `"cpu"`' in s for s in words), name


@pytest.mark.parametrize(
    ("source", "missing"),
    [
        ("import math, numpy as np", set()),
        ("import json, lzma", {"lzma"}),
        ("from rnncore.lstm import lstm_cell", set()),
        ("from rnncore import nn", {"torch"}),
        ("from rnncore.nn import LSTM", {"torch"}),
        ("def f():\n    import torch.nn as nn", {"torch"}),
        ("if TYPE_CHECKING:\n    import torch", set()),
        ("from rnncore.data.series import sunspots", set()),
        ("try:\n    import pandas\nexcept ImportError: pass", {"pandas"}),
        ("from matplotlib import pyplot, rcParams", set()),
        ("from matplotlib.patches import Arc", {"matplotlib.patches"}),
    ],
)
def test_what_a_notebook_lacks_is_found_behind_the_package(source, missing):
    assert lite.find_lacking(code(source)) == missing


@pytest.mark.weekly
def test_the_browser_s_data_are_those_of_the_library(monkeypatch):
    there, made = (series.sunspots(), series.co2()), lite_data.make_tables()
    with np.load(lite_data.TABLES) as file:
        assert sorted(file) == sorted(made)
        for name in made:
            assert file[name].tobytes() == made[name].tobytes()
    for name in [*sys.modules]:
        if name.partition(".")[0] in lite_kernel.DATA:
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.syspath_prepend(lite_kernel.DRAWING)
    here = series.sunspots(), series.co2()
    for name in [*sys.modules]:
        if name.partition(".")[0] in lite_kernel.DATA:
            assert str(lite_kernel.DRAWING) in sys.modules[name].__file__
            del sys.modules[name]  # monkeypatch brings the libraries back
    for one, other in zip(here, there, strict=True):
        assert [a.tobytes() for a in one] == [a.tobytes() for a in other]


def put_into_archive(static, name, files):
    with tarfile.open(static / f"{name}.tar.gz", "w:gz") as tar:
        for file, content in files.items():
            entry = tarfile.TarInfo(f"lib/python3.11/{file}")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return {"name": name, "version": "0", "filename": f"{name}.tar.gz"}


def unpacked(tmp_path, monkeypatch):
    """A kernel of two archives; what is thrown out is in the second."""
    for name in lite_kernel.ADDED:
        (tmp_path / "here" / name).mkdir(parents=True)
    monkeypatch.setattr(
        lite_kernel.sysconfig, "get_path", lambda _: tmp_path / "here"
    )
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / lite_kernel.PROGRAM).write_text(
        " ".join(old for old, _ in lite_kernel.CHANGES)
    )
    ballast = {
        f"{name}/x.py".removeprefix("lib/python3.11/"): b"1"
        for name in lite_kernel.BALLAST
        if name != "conda-meta"
    }
    lexers = {
        f"site-packages/pygments/lexers/{name}.py": b"1"
        for name in ("python", "cobol")
    }
    listed = [
        put_into_archive(folder, "python", {"os.py": b"import sys\n"}),
        put_into_archive(folder, "more", ballast | lexers),
    ]
    (folder / lite_kernel.LISTING).write_text(
        json.dumps({"prefix": "/", "packages": listed})
    )
    monkeypatch.setattr(
        lite_kernel,
        "BALLAST",
        [name for name in lite_kernel.BALLAST if name != "conda-meta"],
    )
    return folder


@pytest.fixture
def static(tmp_path, monkeypatch):
    """A kernel as it is released."""
    return unpacked(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    """Such a kernel, packed: that takes a second, and tests only read it."""
    with pytest.MonkeyPatch.context() as patch:
        folder = unpacked(tmp_path_factory.mktemp("kernel"), patch)
        lite_kernel.pack(folder)
    return folder


def packed(static):
    (file,) = static.glob("*.tar.gz")
    return file


def test_the_kernel_s_archives_become_one_with_the_course_in_it(kernel):
    (listed,) = json.loads((kernel / lite_kernel.LISTING).read_text())[
        "packages"
    ]
    assert packed(kernel).name == listed["filename"]
    with tarfile.open(packed(kernel)) as archive:
        names = archive.getnames()
        assert not [n for n in names if "weights/" in n or "cobol" in n]
        assert not [n for n in names if "idlelib" in n]
        root = "lib/python3.11/site-packages"
        assert f"{root}/rnncore/rnn.py" in names
        assert f"{root}/rnncore/data/chorales.npz" in names
        kept = f"{root}/pygments/lexers/python.py"
        if sys.version_info[:2] != lite_kernel.VERSION:
            assert {kept, "lib/python3.11/os.py"} <= {*names}
            return
        assert f"{kept}c" in names
        assert "lib/python3.11/os.py" not in names
        compiled = f"{root}/rnncore/__pycache__/rnn.cpython-311.pyc"
        code = archive.extractfile(compiled).read()
    assert code[4:8] == b"\1\0\0\0"  # whatever the source's date
    assert marshal.loads(code[16:]).co_filename == f"/{root}/rnncore/rnn.py"
    program = (kernel / lite_kernel.PROGRAM).read_text()
    assert program.startswith(lite_kernel.UNPACK.read_text())


def test_the_kernel_s_archive_is_the_same_twice(static, kernel):
    lite_kernel.pack(static)
    assert packed(static).name == packed(kernel).name


def test_the_browser_reads_the_text_that_this_python_reads(
    kernel, tmp_path, monkeypatch
):
    here = text.python_source()
    with tarfile.open(packed(kernel)) as archive:
        unpack(archive, tmp_path / "there")
    packages = tmp_path / "there" / lite_kernel.TARGET
    monkeypatch.setattr(sys, "path", [str(packages)])
    there = text.python_source()
    (found,) = packages.glob("pytest-*.dist-info")
    assert found.name == f"pytest-{here.version}.dist-info"
    assert there == here


def test_the_browser_s_text_is_of_the_release_that_is_pinned():
    pinned = [
        re.search(r"^pytest==\S+", (ROOT / name).read_text(), re.MULTILINE)
        for name in ("requirements.txt", "requirements/lite.txt")
    ]
    assert pinned[0][0] == pinned[1][0]


def test_another_kernel_is_refused(static):
    (static / lite_kernel.PROGRAM).write_text("another")
    with pytest.raises(lite.LiteError, match="another JupyterLite"):
        lite_kernel.pack(static)


def test_a_kernel_without_what_is_left_out_is_refused(static):
    lite_kernel.BALLAST.append("lib/python3.11/new")
    with pytest.raises(lite.LiteError, match=r"no lib/python3\.11/new"):
        lite_kernel.pack(static)


def test_pages_link_the_assignments_that_they_name():
    named = (
        '<p>folder <code class="docutils"><span class="pre">'
        "exercises/{}/</span></code>.</p>"
    )
    page = named.format("ch02_cell") + '<p id="in-browser"></p>'
    linked = lite.with_links(page, ["ch02_cell"])
    folder = "lite/notebooks/index.html?path=assignments/ch02_cell"
    both = [f"{folder}/ch02_cell.ipynb", f"{folder}/check.ipynb"]
    assert re.findall('href="([^"]*)"', linked) == both * 2
    assert lite.with_links(linked, ["ch02_cell"]) == linked
    other = named.format("ch09_torch")
    assert lite.with_links(other, ["ch02_cell"]) == other


def test_a_page_links_its_own_notebook_below_its_title():
    page = (
        "<h1>in the header</h1><section><h1>2. The cell"
        '<a class="headerlink" href="#the-cell">#</a></h1><p>Text.</p>'
    )
    linked = lite.with_links(page, [], "ch02_cell")
    address = "lite/notebooks/index.html?path=pages/ch02_cell.ipynb"
    assert linked.count(f'</h1><!--lite--><p><a href="{address}">') == 1
    assert lite.with_links(linked, [], "ch02_cell") == linked
    slow = lite.with_links(linked, [], "ch02_cell", seconds=200)
    assert "All its cells take about 3 minutes there." in slow
    assert lite.with_links(slow, [], "ch02_cell", seconds=60) == linked


def test_without_a_book_it_says_what_to_do(tmp_path):
    with pytest.raises(lite.LiteError, match="make book"):
        lite.put_into(tmp_path, tmp_path)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"double": "def double(x): return 3 * x"},
        {"double": "raise NotImplementedError()"},
        {"double": "1 / 0"},
        {"double": "def double(x) return x"},
    ],
)
def test_a_check_in_the_kernel_says_what_make_check_says(
    notebook,
    capsys,
    changes,
):
    write(notebook, **changes)
    _, there = check(notebook, capsys)
    inprocess.check(notebook)
    took = re.compile(r"\d+\.\d s")
    assert took.sub("", capsys.readouterr().out) == took.sub("", there)


def test_a_check_in_the_kernel_leaves_no_trace(notebook, capsys):
    import sys

    write(notebook, double="mine = 1\ndef double(x): return 2 * x")
    main, hook = sys.modules["__main__"], sys.excepthook
    for _ in range(2):
        inprocess.check(notebook)
    assert "2 of 2 hold" in capsys.readouterr().out
    assert sys.modules["__main__"] is main
    assert sys.excepthook is hook
    assert not hasattr(main, "mine")


def test_a_check_in_the_kernel_refuses_what_is_no_assignment(tmp_path):
    path = tmp_path / f"{NAME}.ipynb"
    path.write_text("{}")
    with pytest.raises(client.NotebookError, match="not a notebook"):
        inprocess.check(path)
    with pytest.raises(client.NotebookError, match="no notebook"):
        inprocess.check(tmp_path / "none.ipynb")
