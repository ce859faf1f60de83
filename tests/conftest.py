"""Fixtures that every test folder shares.

`move` puts NumPy arrays (or nested tuples of them) into one backend after
the other, so that one test body describes all of them.
"""

import gc
import os
import zlib

import array_api_strict
import numpy as np
import pytest
from hypothesis import settings

from rnncore import programs
from rnncore.backend import tree_map
from rnncore.storage.files import locked
from tests.helpers import started

gc.disable()  # until all tests are collected: a third of that time

# The same examples in every run; a busy machine is no failure.
settings.register_profile("course", derandomize=True, deadline=None)
settings.register_profile(
    "quick", settings.get_profile("course"), max_examples=10
)
settings.register_profile(
    "weekly", settings.get_profile("course"), max_examples=10_000
)
settings.load_profile("course")

STARTED = pytest.StashKey[list[str]]()
BACKENDS = {
    "numpy": np.asarray,
    "array-api-strict": array_api_strict.asarray,
}
try:
    import torch
except ModuleNotFoundError:  # a Python for which there is no torch
    pass
else:
    BACKENDS["torch-cpu"] = torch.asarray
    if torch.cuda.is_available():
        BACKENDS["torch-cuda"] = lambda a: torch.asarray(a, device="cuda")


def pytest_collection_finish():
    """Freeze collected objects, so that the garbage collector skips them."""
    gc.freeze()
    gc.enable()


@pytest.fixture(params=BACKENDS)
def move(request):
    """A function that moves a tree of NumPy arrays into one backend."""
    convert = BACKENDS[request.param]
    return lambda tree: tree_map(convert, tree)


@pytest.fixture
def rng():
    """A generator that starts alike in every test."""
    return np.random.default_rng(0)


@pytest.fixture
def shell():
    """IPython as `make check` has it; the next test finds none."""
    from rnncore.checking.shell import make_shell

    made = make_shell()
    yield made
    made.restore_sys_module_state()
    made.clear_instance()


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """A function: the folder where an assignment was built.

    A build takes seconds, so that all tests of a run, in all processes,
    share one: they read `grading/source/` and `exercises/` there.
    """
    from grader.assignments.builder import build  # the real one, always

    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent
    course = base / "released"

    def folder(name):
        course.mkdir(exist_ok=True)
        built = course / f"{name}.built"
        with locked(course / "lock"):
            if not built.exists():
                build(name, course)
                built.touch()
        return course

    return folder


@pytest.fixture(scope="session", autouse=True)
def kept_loops(request, tmp_path_factory):
    """The folder where compiled loops are kept, for the next run too.

    A digest of the sources, the versions and the processor finds them, so
    that whatever changes compiles again; `make clean` forgets them all.
    """
    if hasattr(request.config, "cache"):
        folder = request.config.cache.mkdir("kept-loops")
    else:  # -p no:cacheprovider
        folder = tmp_path_factory.getbasetemp()
        if os.environ.get("PYTEST_XDIST_WORKER"):
            folder = folder.parent  # one for all workers
        folder /= "kept-loops"
    with pytest.MonkeyPatch.context() as patch:
        folder.mkdir(exist_ok=True, mode=0o700)
        patch.setenv("RNNCORE_LOOPS", str(folder))
        yield folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """One folder for all the files that a test composes, one by one."""
    return tmp_path_factory.mktemp("composed")


@pytest.fixture(scope="module")
def browser():
    """Chromium, which finds no host but this machine."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        browser = player.chromium.launch(
            executable_path=programs.require("chromium"),
            args=[
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            ],
        )
        yield browser
        browser.close()


def pytest_addoption(parser):
    parser.addoption(
        "--no-skips",
        action="store_true",
        help="a skipped test fails: for machines that have everything",
    )
    parser.addoption(
        "--every-way",
        action="store_true",
        help="each page of the book in both themes at both widths, not in one",
    )
    parser.addoption(
        "--turn",
        type=int,
        metavar="N",
        help="of what takes turns a third: the first where 3 divides N, ...",
    )


@pytest.hookimpl(tryfirst=True)  # before marks select
def pytest_collection_modifyitems(config, items):
    """What a fixture says of a test: a build runs each mistake, and is slow."""
    turn = config.getoption("--turn")
    if turn is not None:
        items[:] = [item for item in items if has_turn(item, turn)]
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if "released" in fixtures:
            item.add_marker(pytest.mark.weekly)
        if "browser" in fixtures:
            item.add_marker(pytest.mark.system)


def has_turn(item, turn):
    """Whether a test takes no turns, or it is its page's or its figure's."""
    if not item.get_closest_marker("in_turn"):
        return True
    return zlib.crc32(item.callspec.id.encode()) % 3 == turn % 3


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item, nextitem):
    """A test that starts a program outside Python is marked `system`."""
    if item.get_closest_marker("system"):
        return (yield)
    with started.refuse() as item.stash[STARTED]:
        return (yield)


def pytest_runtest_setup(item):
    """What `system(why=...)` lacks here skips the test, as it says why."""
    for mark in item.iter_markers("system"):
        if why := mark.kwargs.get("why"):
            pytest.skip(why)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if names := item.stash.get(STARTED, None):  # though it caught the error
        report.outcome = "failed"
        report.longrepr = (
            report.longrepr or f"starts {names}: mark it `system`"
        )
        names.clear()
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
        report.longrepr = f"skipped under --no-skips: {report.longrepr}"
    return report


def pytest_terminal_summary(terminalreporter):
    """The table of known mistakes, from whichever process tested them."""
    rows = sorted(
        value
        for reports in terminalreporter.stats.values()
        for report in reports
        for name, value in getattr(report, "user_properties", ())
        if name == "known mistakes" and report.when == "call"
    )
    if rows:
        line = "{:16} {:>8} {:>6} {:>10}".format
        terminalreporter.section("known mistakes, and what the tests did")
        write = terminalreporter.write_line
        write(line("assignment", "mistakes", "killed", "recognised"))
        for name, mistakes, killed, known, told in rows:
            of = "" if told == mistakes else f" of {told}"
            write(line(name, mistakes, killed, f"{known}{of}"))
