"""What the tests of the book share: live figures, opened, and a small book."""

import gc
import weakref

import pytest

from tests.helpers.live import Figure
from tools.build import book
from tools.build.live.stills import STATIC, serve_folder


@pytest.fixture(name="site", scope="module")
def static_site():
    """Where the book's static files are served."""
    with serve_folder(STATIC) as address:
        yield address


@pytest.fixture(name="show")
def opened_figures(browser, site):
    """A function that opens one figure; pages close by themselves."""
    shown = []

    def show(name, attributes="", query="", **how):
        shown.append(Figure(browser, site, name, attributes, query, **how))
        return shown[-1]

    yield show
    for figure in shown:
        figure.page.close()
        assert not figure.wrong, figure.wrong


@pytest.fixture(name="js", scope="module")
def module_runner(browser, site):
    """A function that runs JavaScript with one module's names in `m`."""
    page = browser.new_page()
    page.goto(f"{site}course.css")

    def run(module, body, arg):
        return page.evaluate(
            f"""async (arg) => {{
              const m = await import("{site}live/{module}.mjs");
              const F = (a) => Float64Array.from(a);
              const plain = (v) => v instanceof Float64Array ? [...v]
                : Array.isArray(v) ? v.map(plain)
                : v && typeof v === "object" ? Object.fromEntries(
                    Object.entries(v).map(([k, w]) => [k, plain(w)]))
                : v;
              return plain(await (async () => {{ {body} }})());
            }}""",
            arg,
        )

    yield run
    page.close()


@pytest.fixture
def no_dead_proxies(monkeypatch):
    """sphinx_external_toc asks every object of the process for its type.

    It stumbles over the dead weak proxies that numba leaves behind, where
    tests of compiled loops ran in this process before.
    """
    every = gc.get_objects
    proxies = weakref.ProxyTypes
    monkeypatch.setattr(
        gc,
        "get_objects",
        lambda: [o for o in every() if type(o) not in proxies],
    )


@pytest.fixture
def small(tmp_path, monkeypatch, no_dead_proxies):
    """A project with one page and one source, in place of the real one."""
    for name, path in {
        "ROOT": tmp_path,
        "BOOK": tmp_path / "book",
        "BUILD": tmp_path / "_build",
        "CONFIG": tmp_path / "_config.yml",
    }.items():
        monkeypatch.setattr(book, name, path)
    (tmp_path / "book").mkdir()
    (tmp_path / "rnncore").mkdir()
    (tmp_path / "rnncore" / "rnn.py").write_text("a = 1\n")
    (tmp_path / "requirements.txt").write_text("numpy\n")
    (tmp_path / "requirements").mkdir()
    for name in "requirements/constraints.txt", "CITATION.cff":
        (tmp_path / name).write_text("")
    (tmp_path / "_config.yml").write_text(
        "only_build_toc_files: true\n"
        "execute: {execute_notebooks: cache}\n"
        "parse: {myst_enable_extensions: [dollarmath]}\n"
    )
    (tmp_path / "book" / "_toc.yml").write_text(
        "format: jb-book\nroot: page\n"
    )
    monkeypatch.setattr(book, "what_pages_use", list_small_inputs(tmp_path))
    return tmp_path


def list_small_inputs(root):
    return lambda place: [
        *book.what_all_cells_use(),
        *(root / "book").rglob("*.md"),
    ]
