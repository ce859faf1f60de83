"""Executes and builds the book.

    python -m tools.build.book build                    all pages, into _build/html
    python -m tools.build.book build --page ch03_bptt   one page, into _build/page/ch03_bptt
    python -m tools.build.book build --short            the short course's, into _build/short/html

`python -m tools.build.serving` shows it while it is made.

Pages execute in parallel, each in a separate kernel. What a page gave is
kept (jupyter-cache) until its cells, the pinned requirements or one of the
files that it read change: modules, data, weights, its measurements. So a
changed function executes the pages that import its module, and a changed
sentence none. A page fails if a cell raises, asks another machine for
something, or writes to stderr (warnings do): the message names page and
line. HTML is built next to the old one and replaces it when it is complete,
so that an interrupted build leaves the last good book.

A page that fails is shown without its outputs, with a note that says why; a
claim that did not hold on this machine is a note at its place. Both are lines at
the end of the build. With --strict, or STRICT=1 in the environment, as authors
and their checks have it, the build fails then, after all pages have been executed.

A page that takes over 20 minutes to read is named, and built like any other.

A reference to a page that _toc.yml leaves out becomes plain text, so that a
course may have a part of the chapters.

For authors: with --page, references to other pages are plain text too; tqdm writes to stderr: give it file=sys.stdout or leave it out.
"""

import argparse
import atexit
import contextlib
import copy
import errno
import functools
import gc
import hashlib
import html
import importlib.util
import logging
import os
import re
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import psutil
import yaml
from jupyter_book.sphinx import build_sphinx
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from myst_nb.core.read import is_myst_markdown_notebook, read_myst_markdown_notebook
from myst_parser.config.main import MdParserConfig
from nbclient import NotebookClient
from nbclient.exceptions import CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from sphinx_external_toc.parsing import MalformedError, parse_toc_yaml
from traitlets.config import Config

from rnncore.storage.files import locked
from tools import ROOT, measurements, set_up
from tools.build.kernels import OFFLINE, Manager, offline_environment, start_fork_server
from tools.build.short import short_pages
from tools.pages import chapters, contents
from tools.pages.false_claims import FalseClaim, find_false_claims
from tools.site import postprocess, reading

BOOK = ROOT / "book"
BUILD = ROOT / "_build"
CONFIG = ROOT / "_config.yml"
CELL_SECONDS = 300  # of the processor
LOOKS = 30  # seconds between two looks at a cell that runs
AWAKE = 0.1  # seconds of the processor between two looks, for a cell that works
LENIENT = " where warnings do not fail"  # behind the key of what was read so
STAMP = ".made-from"  # in the built book: what it was made from
FALSE_CLAIMS = ".false-claims"  # in the built book: a line for each
EXTENSIONS = [  # of OFFLINE
    "--IPKernelApp.extra_extensions=narrow",
    "--IPKernelApp.extra_extensions=shaken",
]
WORTH_WARMING = 4  # pages: fewer start faster on their own
REFUSED = {errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EROFS}  # by the disk
ANSI = re.compile(r"\x1b\[[0-9;]*m")


GLUED = re.compile(r"\{glue:text\}`([^`]+)`")

NO_NUMBER = re.compile(r'(<span class="pasted-text">)[^<]*nan[^<]*(</span>)')


class BuildError(Exception):
    """Something in the book is wrong; the message says where."""


class TooLong(BuildError):
    """A cell took more of the processor than a page may ask for."""


class Place(NamedTuple):
    """Where a book's sources are, where it is built, and what it is called."""

    book: Path
    build: Path
    title: str = ""  # if it is not the configuration's


def locate_book(*, short: bool = False) -> Place:
    """The place of the long book, or of the short course's."""
    if not short:
        return Place(BOOK, BUILD)
    return Place(BUILD / "short" / "book", BUILD / "short", short_pages.TITLE)


def page_paths(place: Place | None = None) -> list[Path]:
    """A book's pages, in the order of its table of contents."""
    book = (place or locate_book()).book
    try:
        names = parse_toc_yaml(book / "_toc.yml")
    except MalformedError as error:  # such as a part without chapters
        raise BuildError(f"{book / '_toc.yml'}: {error}") from error
    paths = [book / f"{name}.md" for name in names]
    for path in paths:
        if not path.exists():
            raise BuildError(f"_toc.yml names {path.stem}, but no {path}")
    return paths


def read_notebook(path: Path) -> NotebookNode | None:
    """The page as a notebook, or None if it is none.

    Raises BuildError if its head says that it is one, and it has no code.
    """
    text = path.read_text("utf8")
    if not is_myst_markdown_notebook(text):
        return None
    parse = yaml.safe_load(CONFIG.read_text("utf8"))["parse"]
    extensions = set(parse["myst_enable_extensions"])
    notebook = read_myst_markdown_notebook(
        text,
        config=MdParserConfig(enable_extensions=extensions),
        add_source_map=True,
        path=path,
    )
    if not any(cell.cell_type == "code" for cell in notebook.cells):
        raise BuildError(
            f"{path.name}: expected a code cell, since its head has jupytext, got none"
        )
    return notebook


def compute_digest(paths: Iterable[Path]) -> str:
    """A key that changes with any of the files, or with Python (3.11, not 3.11.2)."""
    key = hashlib.sha256(str(sys.implementation.cache_tag).encode())
    for path in sorted(paths):
        content = path.read_bytes() if path.is_file() else b""
        key.update(f"{os.path.relpath(path, ROOT)} {len(content)}\n".encode())
        key.update(content)
    return key.hexdigest()[:16]


def what_all_cells_use() -> list[Path]:
    """The files that decide what the cells of every page give."""
    narrow = Path(OFFLINE) / "narrow.py"
    return [ROOT / "requirements.txt", ROOT / "requirements/constraints.txt", narrow]


def what_pages_use(place: Place) -> list[Path]:
    """The files that decide what the HTML is."""
    package = (ROOT / "rnncore").rglob("*")
    book = [p for p in package if p.is_file() and p.suffix != ".pyc"]
    book += [p for p in place.book.rglob("*") if p.is_file()]
    book += (ROOT / "examples").rglob("*.py")  # which pages print
    return [*book, *what_all_pages_use(place)]


def what_all_pages_use(place: Place) -> list[Path]:
    """The files that decide how Sphinx reads every page."""
    tools = [Path(__file__)]
    for folder in "pages", "site":
        tools += (ROOT / "tools" / folder).rglob("*.py")
    works = [CONFIG, ROOT / "CITATION.cff", *place.book.glob("*.bib")]
    return [*what_all_cells_use(), *tools, *works]


def how_pages_are_read(toc: Path, place: Place) -> str:
    """Return a key of what Sphinx reads in every page, whatever its own text.

    That is the code that reads, the contents, and what a page may say of
    another: its number, its label and, where the contents lack it, its title.
    """
    others = (
        chapters.read(place.book, toc),
        contents.find_absent(place.book, contents.list_pages(toc.read_text("utf8"))),
    )
    read = compute_digest([*what_all_pages_use(place), toc])
    return f"{read} {others} {find_addresses()}"


def find_addresses() -> list[str]:
    """Return where the book is read and where it is made, if that is known."""
    return [os.environ.get(f"BOOK_{name}", "") for name in ("ADDRESS", "SOURCE")]


class Executions:
    """The outputs of executed pages, each with the files that its cells read."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / compute_digest(what_all_cells_use())
        for other in folder.glob("*"):
            if other != self.path:
                shutil.rmtree(other)
        self.cache = get_cache(str(self.path))
        self.doctrees = self.path / "doctrees"  # the pages as Sphinx read them
        self.written = self.path / "written"  # and as it wrote them

    def holds(self, notebook: NotebookNode) -> bool:
        """Return whether complete, current outputs exist; drop damaged ones."""
        try:
            record = self.cache.match_cache_notebook(notebook)
        except KeyError:
            return False
        uses = record.data.get("uses")
        if uses is None:  # executed while it was rendered, as it had changed
            return False
        if any(digest_file(ROOT / name) != was for name, was in uses.items()):
            return False
        try:
            self.cache.get_cache_bundle(record.pk)
        except (KeyError, ValueError):  # interrupted while it was written
            shutil.rmtree(self.path)
            self.cache = get_cache(str(self.path))
            return False
        return True

    def list_uses(self) -> set[Path]:
        """Return the files that the cells of all pages read."""
        records = self.cache.list_cache_records()
        uses = (record.data.get("uses", ()) for record in records)
        return {ROOT / name for names in uses for name in names}

    def find_false_claims(self, pages: dict[Path, NotebookNode]) -> list[FalseClaim]:
        """The claims that did not hold when these pages were executed, whenever."""
        found = []
        for page, notebook in pages.items():
            key = self.cache.match_cache_notebook(notebook).pk
            executed = self.cache.get_cache_bundle(key).nb
            found += find_false_claims(page, notebook, executed)
        return found

    def keep(self, page: Path, notebook: NotebookNode, run: "PageRun") -> None:
        """Store the outputs."""
        data = {"execution_seconds": run.seconds, "uses": run.uses}
        self.cache.cache_notebook_bundle(
            CacheBundleIn(notebook, str(page), data=data),
            check_validity=False,
            overwrite=True,
        )
        (self.doctrees / f"{page.stem}.doctree").unlink(missing_ok=True)

    def keep_without_outputs(self, page: Path, notebook: NotebookNode) -> None:
        """Have a page rendered that has not been executed.

        Where an earlier version of what its cells read was executed, it is shown.
        """
        with contextlib.suppress(KeyError):
            self.cache.match_cache_notebook(notebook)
            return
        blank = copy.deepcopy(notebook)
        last = [cell for cell in blank.cells if cell.cell_type == "code"][-1]
        names = set(GLUED.findall(page.read_text("utf8")))
        names = {name.partition(":")[0] for name in names}
        last.outputs = [_glue_nothing(name) for name in sorted(names)]
        language = {"name": "python", "pygments_lexer": "ipython3"}
        blank.metadata["language_info"] = language  # which a kernel would have said
        data = {"execution_seconds": 0.0, "uses": None}  # so `holds` says no
        self.cache.cache_notebook_bundle(
            CacheBundleIn(blank, str(page), data=data),
            check_validity=False,
            overwrite=True,
        )
        (self.doctrees / f"{page.stem}.doctree").unlink(missing_ok=True)

    def drop_others(self, notebooks: Iterable[NotebookNode]) -> None:
        """Forget the outputs of earlier versions of the pages."""
        ours = {self.cache.match_cache_notebook(notebook).pk for notebook in notebooks}
        for record in self.cache.list_cache_records():
            if record.pk not in ours:
                self.cache.remove_cache(record.pk)


def _glue_nothing(name: str) -> NotebookNode:
    """The output of `glue(name, nan)`: a number that any form can take."""
    prefix = "application/papermill.record/"
    return new_output(
        "display_data",
        data={f"{prefix}text/plain": "nan"},
        metadata={"scrapbook": {"name": name, "mime_prefix": prefix}},
    )


def digest_file(path: Path) -> str:
    """Return a key that changes with a file; "" if there is none."""
    if not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


class PageRun(NamedTuple):
    """What a page's cells took, and the files that they read, by digest."""

    seconds: float
    uses: dict[str, str]


def read_uses(log: Path, begun: float) -> dict[str, str]:
    """Return the project's files in a log of what was read, by digest.

    One that changed after `begun` has none: which version was read is unknown.
    """
    uses = {}
    for line in set(log.read_text("utf8").splitlines() if log.exists() else []):
        path = Path(line)
        if path.suffix == ".pyc":
            path = Path(importlib.util.source_from_cache(line))
        name = path.relative_to(ROOT)
        if name.parts[0] == BUILD.name or name.parts[0].startswith("."):
            continue
        late = path.is_file() and path.stat().st_mtime > begun
        uses[name.as_posix()] = (
            "changed while it was read" if late else digest_file(path)
        )
    return dict(sorted(uses.items()))


class Client(NotebookClient):
    """A client that stops a cell by what it took of the processor.

    Other work on the machine is not counted. A cell whose kernel asks for no
    processor at all between two looks waits for something that does not come.
    """

    begun = 0.0

    async def async_execute_cell(self, *args: Any, **kwargs: Any) -> NotebookNode:
        """Execute a cell."""
        self.begun = self.seen = self.measure_seconds()
        return await super().async_execute_cell(*args, **kwargs)

    def measure_seconds(self) -> float:
        """What the kernel and its processes took of the processor, in seconds."""
        started = self.km.provisioner if self.km else None
        try:
            kernel = psutil.Process(getattr(started, "pid", None))
            times = [p.cpu_times() for p in (kernel, *kernel.children(recursive=True))]
        except psutil.Error:  # it has ended
            return self.begun
        return sum(t.user + t.system for t in times)

    async def _async_handle_timeout(
        self, timeout: int, cell: NotebookNode | None = None
    ) -> None:
        before, self.seen = self.seen, self.measure_seconds()
        if self.seen - self.begun > CELL_SECONDS or self.seen - before < AWAKE:
            await super()._async_handle_timeout(timeout, cell)


def execute(
    page: Path,
    notebook: NotebookNode,
    manager: type[Manager] = Manager,
    *,
    shake: int | None = None,
) -> PageRun:
    """Run a page's cells, outputs into the notebook.

    With `shake`, what is drawn at random is moved in its last digits, as
    tools/build/offline/shaken.py says. A page whose kernel dies is tried once
    more. Raises BuildError where a cell raises, writes to stderr, takes too
    long or asks for another machine.
    """
    try:
        return _execute_once(page, notebook, manager, shake)
    except DeadKernelError as error:
        print(f"{page.name}: {error}; once more", flush=True)
    try:
        return _execute_once(page, notebook, manager, shake)
    except DeadKernelError as error:
        raise BuildError(f"{page.name}: {error}, twice") from error


def _execute_once(
    page: Path, notebook: NotebookNode, manager: type[Manager], shake: int | None
) -> PageRun:
    start, begun = time.monotonic(), time.time()
    client = Client(
        notebook,
        timeout=LOOKS,
        startup_timeout=180,
        allow_errors=True,  # the hook below names page and line instead
        record_timing=False,  # would change the cells' metadata, and the key
        coalesce_streams=True,  # as sent; MyST-NB breaks lines between pieces
        kernel_name="python3",
        extra_arguments=EXTENSIONS,
        kernel_manager_class=manager,
        resources={"metadata": {"path": str(BOOK)}},  # for its measurements
        config=Config({"KernelManager": {"transport_encryption": "auto"}}),
    )
    stop = functools.partial(_stop_at_trouble, page, notebook)
    client.on_cell_executed = stop
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "reads"
        env = {"READS_LOG": str(log), "READS_BELOW": f"{ROOT}{os.sep}"}
        if shake is not None:
            env["SHAKE"] = str(shake)
        client.km = kernel = client.create_kernel_manager()
        assert isinstance(kernel, Manager)
        kernel.connect_within(folder)
        try:
            client.execute(env=offline_environment() | env)
        except DeadKernelError as error:
            raise DeadKernelError(kernel.say_how_it_ended()) from error
        except CellTimeoutError as error:
            said = str(error).partition("cell started with")[2]
            raise TooLong(
                f"{page.name}: expected a cell to take at most {CELL_SECONDS} s of "
                f"the processor, got more, or one that waits: {said.strip() or error}"
            ) from error
        except RuntimeError as error:  # it did not start
            atexit.unregister(client._cleanup_kernel)  # it has nothing to end
            raise DeadKernelError(f"{error}; {kernel.say_how_it_ended()}") from error
        uses = read_uses(log, begun)
    return PageRun(time.monotonic() - start, uses)


def _stop_at_trouble(
    page: Path, notebook: NotebookNode, cell_index: int, **_: Any
) -> None:
    cell = notebook.cells[cell_index]
    for output in cell.outputs:
        stderr = output.get("name") == "stderr"
        if output.output_type != "error" and not stderr:
            continue
        line = notebook.metadata["source_map"][cell_index] + 1
        text = output.text if stderr else "\n".join(output.traceback)
        what = "wrote to stderr" if stderr else "raised"
        raise BuildError(
            f"{page.name}, the cell at line {line} {what}:\n" + ANSI.sub("", text)
        )


class Turns:
    """Pages that are to be executed: first the one that is asked for, if any."""

    def __init__(self, pages: Iterable[Path]) -> None:
        self.left = list(pages)
        self.lock = threading.Lock()
        self.asked = ""

    def take(self) -> Path:
        """Return the next, which is then no longer left."""
        with self.lock:
            first = (k for k, page in enumerate(self.left) if page.stem == self.asked)
            return self.left.pop(next(first, 0))


def find_unexecuted(
    pages: list[Path], executions: Executions
) -> tuple[dict[Path, NotebookNode], list[Path]]:
    """The pages that have code, as they were read, and those to be executed."""
    notebooks = {page: read_notebook(page) for page in pages}
    found = {page: nb for page, nb in notebooks.items() if nb is not None}
    return found, [page for page, nb in found.items() if not executions.holds(nb)]


def execute_all(
    notebooks: dict[Path, NotebookNode],
    executions: Executions,
    jobs: int,
    turns: Turns,
    tell: Callable[[Path], None] = lambda page: None,
) -> dict[Path, str]:
    """Execute the pages whose turn comes, `jobs` at a time; `tell` of each that ran.

    A page that took too long runs once more at the end, alone. The failures:
    pages, with what went wrong.
    """
    todo = len(turns.left)
    kept = len(notebooks) - todo
    print(
        f"{len(notebooks)} pages with code: {kept} unchanged, "
        f"{todo} to execute, {min(jobs, todo)} at a time{estimate(todo)}",
        flush=True,
    )
    if todo:  # a new machine makes its list of fonts once, with a warning
        importlib.import_module("matplotlib.font_manager")
    failures: dict[Path, str] = {}
    late: list[Path] = []

    def run_next(done: int) -> None:
        page = turns.take()
        where = f"  [{done}/{todo}] {page.stem:24}"
        try:
            run = execute(page, notebooks[page], manager)
        except BuildError as error:
            failures[page] = str(error)
            late.extend([page] if isinstance(error, TooLong) else [])
            print(f"{where} FAILED", flush=True)
            return
        with keeping:
            executions.keep(page, notebooks[page], run)
        failures.pop(page, None)
        print(f"{where} {run.seconds:6.1f} s", flush=True)
        tell(page)

    keeping = threading.Lock()
    with contextlib.ExitStack() as stack:
        few = todo < WORTH_WARMING or not hasattr(os, "fork")
        manager = Manager if few else stack.enter_context(start_fork_server())
        with ThreadPoolExecutor(jobs) as pool:
            for run in [pool.submit(run_next, k) for k in range(1, todo + 1)]:
                run.result()
        if late and jobs > 1 and todo > 1:
            turns.left, again = list(late), len(late)
            for _ in range(again):
                run_next(todo)
    return failures


def estimate(pages: int) -> str:
    """What so many pages take, from what all took when that was measured."""
    known = measurements.read().get("times.make book")
    if pages < WORTH_WARMING or known is None:
        return ""
    minutes = known["value"] / 60 * pages / len(page_paths())
    return f"; about {max(1, round(minutes))} min on two cores that do nothing else"


def _list_false(executions: Executions, pages: dict[Path, NotebookNode]) -> list[str]:
    """A line for each false claim of those pages that were executed."""
    ran = {page: nb for page, nb in pages.items() if executions.holds(nb)}
    return list(map(str, executions.find_false_claims(ran)))


def refuse_false_claims(lines: list[str]) -> None:
    """Raise BuildError if there are any."""
    if lines:
        raise BuildError("\n".join([*lines, f"{len(lines)} claims did not hold."]))


def render(
    toc: Path,
    out: Path,
    executions: Executions,
    place: Place,
    *,
    strict: bool,
    warn_again: bool = False,
    jobs: int = 1,
    notes: dict[str, str] | None = None,
) -> None:
    """Write all pages with Sphinx into `out`; its progress goes to stdout.

    A page that has changed neither its text nor its outputs is not read again,
    nor written where no page shows what changed in another; with `warn_again` all
    are, so that warnings that didn't fail come again. Those of `notes` say at their
    top why they lack outputs, in HTML.
    """
    doctrees, key = executions.doctrees, how_pages_are_read(toc, place)
    read_so = doctrees / ".read-so"
    before = read_so.read_text("utf8") if read_so.exists() else ""
    kept = before == key or (not strict and before == key + LENIENT)
    if warn_again or not kept:
        shutil.rmtree(doctrees, ignore_errors=True)
        shutil.rmtree(executions.written, ignore_errors=True)
    shutil.rmtree(out, ignore_errors=True)
    read_so.unlink(missing_ok=True)  # until all is well: warnings come again
    gc.set_threshold(200_000, 20, 100)  # large trees, no garbage: a third less time
    result = build_sphinx(
        str(place.book),
        str(executions.written),
        noconfig=True,
        path_config=str(CONFIG),
        doctreedir=str(doctrees),
        confoverrides={
            "external_toc_path": str(toc),
            "nb_execution_cache_path": str(executions.path),
            "latex_individualpages": False,
            **name_book(place.title),
            **({"suppress_warnings": ["mystnb.glue"]} if notes else {}),
        },
        warningiserror=strict,
        keep_going=True,
        quiet=True,
        jobs=jobs,
    )
    logging.getLogger().setLevel(logging.WARNING)  # a part of the theme changed it
    if isinstance(result, Exception):
        raise BuildError(f"Sphinx stopped: {result}") from result
    if result:
        raise BuildError("Sphinx found what stands above; nothing replaced")
    shutil.copytree(executions.written, out)
    postprocess.finish(out)
    for name, note in (notes or {}).items():
        page = out / f"{name}.html"
        before, begins, article = page.read_text("utf8").partition("<article")
        article = article.replace("</h1>", f"</h1>{note}", 1)
        article = NO_NUMBER.sub(r"\1…\2", article)
        page.write_text(f"{before}{begins}{article}", "utf8")
    read_so.write_text(key if strict else key + LENIENT, "utf8")


def name_book(title: str) -> dict[str, str]:
    """The configuration's settings that hold a book's title."""
    return dict.fromkeys(("project", "html_title"), title) if title else {}


def put_in_place(new: Path, place: Path) -> None:
    """Make `new` the folder at `place`."""
    old = place.with_suffix(".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        place.rename(old)
    new.rename(place)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def lock_folder(folder: Path) -> Iterator[None]:
    """Wait until no other build uses the folder; the system frees the lock."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = folder / ".lock"
    with contextlib.ExitStack() as stack:
        try:
            stack.enter_context(locked(lock, seconds=0))
        except TimeoutError:
            print("another build is running; waiting for it", flush=True)
            stack.enter_context(locked(lock))
        yield


def made_from(executions: Executions, place: Place) -> str:
    """Return a key of everything that the book depends on."""
    files = {*what_pages_use(place), *executions.list_uses()}
    return " ".join([compute_digest(files), *find_addresses()])


def is_current(executions: Executions, place: Place) -> bool:
    """Return whether the book that was built last is the one that would be now."""
    stamp = place.build / "html" / STAMP
    return stamp.exists() and stamp.read_text("utf-8") == made_from(executions, place)


def build_book(jobs: int, *, strict: bool = False, short: bool = False) -> Path:
    """Execute and build all pages; the path of the book's first page.

    The short course's book is cut from the long one first.

    A claim that did not hold is a note on its page, and a line at the end; if
    `strict`, BuildError is raised once all pages have been executed.
    """
    place = locate_book(short=short)
    html = place.build / "html"
    with lock_folder(place.build):
        if short:
            write_short_book(place)
        executions = Executions(place.build / "executed")
        if is_current(executions, place):
            false = (html / FALSE_CLAIMS).read_text("utf-8").splitlines()
            if strict:
                refuse_false_claims(false)
            print("nothing changed since the last build")
            print(*false, sep="\n", end="\n" if false else "")
            return html / "index.html"
        pages = page_paths(place)
        notebooks, todo = find_unexecuted(pages, executions)
        failures = execute_all(notebooks, executions, jobs, Turns(todo))
        put_book_together(
            place, pages, notebooks, executions, failures, strict=strict, jobs=jobs
        )
    return html / "index.html"


def put_book_together(
    place: Place,
    pages: list[Path],
    notebooks: dict[Path, NotebookNode],
    executions: Executions,
    failures: dict[Path, str],
    *,
    strict: bool = False,
    jobs: int = 1,
) -> None:
    """Render what was executed, in place of the last book; list what is wrong.

    Raises BuildError if that is anything and `strict`.
    """
    false = _list_false(executions, notebooks)
    if strict and failures:
        raise BuildError("\n\n".join([*failures.values(), *false]))
    if strict:
        refuse_false_claims(false)
    for page in failures:
        executions.keep_without_outputs(page, notebooks[page])
    executions.drop_others(notebooks.values())
    print(f"rendering {len(pages)} pages ...", flush=True)
    start = time.monotonic()
    new, toc = place.build / "html.new", place.book / "_toc.yml"
    notes = {page.stem: explain_failure(said) for page, said in failures.items()}
    whole = not failures
    render(toc, new, executions, place, strict=whole, jobs=jobs, notes=notes)
    if whole:  # else the next build tries again
        (new / FALSE_CLAIMS).write_text("\n".join(false), "utf-8")
        (new / STAMP).write_text(made_from(executions, place), "utf-8")
    put_in_place(new, place.build / "html")
    print(f"rendered in {time.monotonic() - start:.1f} s", flush=True)
    _name_long_ones(pages)
    lines = [*failures.values(), *false]
    print(*lines, sep="\n", end="\n" if lines else "", flush=True)


def explain_failure(said: str) -> str:
    """The note of a page whose code failed: the first and the last line of why."""
    lines = [line for line in said.splitlines() if line.strip()]
    why = lines[0] if len(lines) == 1 else f"{lines[0]} {lines[-1]}"
    return (
        '<div class="admonition warning"><p class="admonition-title">Without its '
        "numbers and pictures</p><p>The code of this page could not be run here: "
        f"{html.escape(why)}</p></div>"
    )


def write_short_book(place: Place) -> None:
    """Cut the short course's book. Raises BuildError where that cannot be."""
    course = ROOT / "schedules" / short_pages.COURSE
    if not course.exists():
        raise BuildError(f"the short course needs {course}, which is not there")
    try:
        assigned = short_pages.read_assigned(course)
        short_pages.write_book(BOOK, assigned, place.book)
        shutil.copytree(  # which a page prints
            ROOT / "examples", place.build / "examples", dirs_exist_ok=True
        )
    except short_pages.ShortError as error:
        raise BuildError(str(error)) from error


def build_page(name: str, *, strict: bool = False) -> Path:
    """Execute and build one page, as build_book; references to others are words."""
    page = BOOK / f"{name.removesuffix('.md')}.md"
    if not page.exists():
        raise BuildError(f"there is no {page}")
    folder = BUILD / "page" / page.stem
    with lock_folder(folder):
        executions = Executions(folder / "executed")
        notebooks, todo = find_unexecuted([page], executions)
        failures = execute_all(notebooks, executions, 1, Turns(todo))
        if failures:
            raise BuildError(failures[page])
        false = _list_false(executions, notebooks)
        if strict:
            refuse_false_claims(false)
        toc = folder / "_toc.yml"
        toc.write_text(
            f"format: jb-book\nroot: {page.stem}\nchapters:\n- file: bibliography\n",
            "utf-8",
        )
        new, place = folder / "html.new", locate_book()
        render(toc, new, executions, place, strict=False, warn_again=True)
        put_in_place(folder / "html.new", folder / "html")
        _name_long_ones([page])
        print(*false, sep="\n", end="\n" if false else "", flush=True)
    return folder / "html" / f"{page.stem}.html"


def _name_long_ones(pages: list[Path]) -> None:
    for line in reading.too_long(pages):
        print(line, flush=True)


def count_jobs() -> int:
    """How many pages are executed at a time, unless somebody says it."""
    return min(os.cpu_count() or 1, 4)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    building = commands.add_parser("build", help="execute and build")
    building.add_argument("--page", metavar="NAME", help="this page only")
    building.add_argument(
        "--jobs", type=int, default=count_jobs(), help="pages executed at a time"
    )
    building.add_argument(
        "--strict",
        action="store_true",
        default=os.environ.get("STRICT", "0") not in ("", "0"),
        help="for authors, or STRICT=1: fail if a claim did not hold",
    )
    building.add_argument("--short", action="store_true", help="the short course")
    args = parser.parse_args()
    try:
        if args.page:
            print(build_page(args.page, strict=args.strict))
        else:
            start = time.monotonic()
            index = build_book(args.jobs, strict=args.strict, short=args.short)
            print(f"{index}  ({time.monotonic() - start:.0f} s)")
    except BuildError as error:
        sys.exit(f"{error}\nThe book was not built.")
    except OSError as error:
        if error.errno not in REFUSED:
            raise
        sys.exit(f"{set_up.explain(str(error))}\nThe book was not built.")
    except KeyboardInterrupt:
        print("\nInterrupted: the next build goes on with the pages that are left.")
        sys.stdout.flush()
        os._exit(130)  # kernels end when their parent is gone


if __name__ == "__main__":
    main()
