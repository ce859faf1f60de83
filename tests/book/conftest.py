"""What the tests of the live figures share: where they are served, and opened."""

import pytest

from tests.helpers.live import Figure
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
