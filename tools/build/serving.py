"""Serves the book on this machine while it is made: python -m tools.build.serving.

All pages are there at once, with the outputs that an earlier build left. The
pages without them are executed in the background, the one that is open first,
and show themselves anew when they are done. With --read nothing is executed.
"""

import argparse
import contextlib
import functools
import http.server
import io
import json
import os
import sys
import threading
import time
import warnings
import webbrowser
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import BinaryIO
from urllib.parse import urlsplit

from tools.build import book
from tools.build.book import BuildError, Executions, Place, Turns

WAITING = "/-/waiting"  # the address that says which pages are still to be executed
REPLACED = 0.5  # seconds after which a replaced book is there
EVERY = 60  # seconds between two renderings, unless the page that is open is done
NOTE = """<div class="admonition note"><p class="admonition-title">Being computed: \
page {number} of {all}</p><p>Numbers and pictures come by themselves.</p></div>
<script>(function ask() {{
  fetch({address}).then((reply) => reply.json()).then((waiting) => {{
    if (waiting.includes({name})) setTimeout(ask, 2000);
    else location.reload();
  }}, () => setTimeout(ask, 5000));
}})();</script>"""
UNREAD = """<div class="admonition note"><p class="admonition-title">Without its \
numbers and pictures</p><p>Nothing was executed: <code>make serve</code> without \
<code>READ=1</code> computes them.</p></div>"""


class State:
    """What is shown, and what is still to come."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.waiting = [page.stem for page in turns.left]  # as shown
        self.executed: list[str] = []  # and not shown yet
        self.news = threading.Event()

    def tell(self, page: Path) -> None:
        """Note that a page has been executed."""
        self.executed.append(page.stem)
        self.news.set()

    def shows_open_page(self) -> bool:
        """Return whether the page that is open waits for being rendered alone."""
        return self.turns.asked in self.executed

    def write_notes(self, waiting: Iterable[str]) -> dict[str, str]:
        """The notes of the pages without outputs, in HTML."""
        names = list(waiting)
        about = {"all": len(names), "address": json.dumps(WAITING)}
        return {
            name: NOTE.format(number=number, name=json.dumps(name), **about)
            for number, name in enumerate(names, 1)
        }


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves the built book, and says which pages are still to be executed."""

    def __init__(self, *args: object, state: State, **kwargs: object) -> None:
        self.state = state
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Send a file of the book, or the pages that wait."""
        path = Path(urlsplit(self.path).path)
        if path.as_posix() != WAITING:
            if path.suffix == ".html":
                self.state.turns.asked = path.stem
            super().do_GET()
            return
        content = json.dumps(self.state.waiting).encode()
        self.send_response(http.HTTPStatus.OK)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        with contextlib.suppress(OSError):  # the page is gone
            self.wfile.write(content)

    def end_headers(self) -> None:
        """Let no browser keep a page: it may be another one soon."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def send_head(self) -> io.BytesIO | BinaryIO | None:
        """Open a file, a moment later if the book is just being replaced."""
        if not os.path.exists(self.translate_path(self.path)):
            time.sleep(REPLACED)
        return super().send_head()

    def log_message(self, *args: object) -> None:
        """Say nothing of what is asked for."""


def open_server(port: int, html: Path, state: State) -> http.server.ThreadingHTTPServer:
    """A server of the book, which a thread serves. BuildError if the port is taken."""
    handler = functools.partial(Handler, directory=str(html), state=state)
    try:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", port), handler)
    except OSError as error:
        raise BuildError(
            f"cannot serve at port {port}: {error.strerror}; "
            ".venv/bin/python -m tools.build.serving --port 0 takes a free one"
        ) from error
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def serve(
    port: int,
    ready: Callable[[str], object],
    *,
    jobs: int,
    short: bool = False,
    read: bool = False,
) -> http.server.ThreadingHTTPServer:
    """Serve the book, and make it; the server, once all pages are there.

    `ready` gets its address as soon as there is something to read. With `read`,
    nothing is executed. Raises BuildError if the port is taken or a page cannot
    be read.
    """
    place = book.locate_book(short=short)
    html = place.build / "html"
    with book.lock_folder(place.build):
        if short:
            book.write_short_book(place)
        executions = Executions(place.build / "executed")
        pages = book.page_paths(place)
        notebooks, todo = book.find_unexecuted(pages, executions)
        state = State(Turns([] if read else todo))
        server = open_server(port, html, state)
        if not book.is_current(executions, place):
            for page in todo:
                executions.keep_without_outputs(page, notebooks[page])
            unread = dict.fromkeys([page.stem for page in todo], UNREAD) if read else {}
            print(f"rendering {len(pages)} pages ...", flush=True)
            show_book(place, executions, state, jobs=jobs, notes=unread)
        ready(f"http://127.0.0.1:{server.server_port}/")
        if todo and not read:
            _execute_and_show(place, pages, notebooks, executions, state, jobs)
    return server


def open_browser(address: str) -> None:
    """Open a browser at the book, if there is a screen to open one on."""
    screens = "DISPLAY", "WAYLAND_DISPLAY"
    if sys.platform in ("darwin", "win32") or any(map(os.environ.get, screens)):
        webbrowser.open(address)


def show_book(
    place: Place,
    executions: Executions,
    state: State,
    *,
    jobs: int = 1,
    notes: dict[str, str] | None = None,
) -> None:
    """Render the book as far as it is executed, and serve that from now on."""
    shown = list(state.executed)
    waiting = [name for name in state.waiting if name not in shown]
    new, toc = place.build / "html.new", place.book / "_toc.yml"
    notes = {**(notes or {}), **state.write_notes(waiting)}
    book.render(toc, new, executions, place, strict=False, jobs=jobs, notes=notes)
    book.put_in_place(new, place.build / "html")
    state.waiting = waiting
    state.executed = [name for name in state.executed if name not in shown]


def _execute_and_show(
    place: Place,
    pages: list[Path],
    notebooks: dict[Path, book.NotebookNode],
    executions: Executions,
    state: State,
    jobs: int,
) -> None:
    """Execute what waits; render it every minute, and the open page at once."""

    last = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        failures = pool.submit(
            book.execute_all, notebooks, executions, jobs, state.turns, state.tell
        )
        while not failures.done():
            state.news.wait(1)
            state.news.clear()
            late = bool(state.executed) and time.monotonic() - last > EVERY
            if late or state.shows_open_page():
                show_book(place, executions, state)
                last = time.monotonic()
    book.put_book_together(place, pages, notebooks, executions, failures.result())
    state.waiting, state.executed = [], []
    print("all pages are there", flush=True)


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--short", action="store_true", help="the short course")
    parser.add_argument("--read", action="store_true", help="execute nothing")
    parser.add_argument("--port", type=int, default=8000, help="0: any")
    parser.add_argument("--no-browser", action="store_true", help="open none")
    parser.add_argument("--jobs", type=int, default=book.count_jobs())
    given = parser.parse_args()
    warnings.filterwarnings("ignore", ".*torch.distributed.reduce_op", FutureWarning)

    def ready(address: str) -> None:
        print(f"{address} (Ctrl-C ends)", flush=True)
        if not given.no_browser:
            open_browser(address)

    try:
        serve(given.port, ready, jobs=given.jobs, short=given.short, read=given.read)
        threading.Event().wait()
    except BuildError as error:
        sys.exit(f"{error}\nThe book was not served.")
    except KeyboardInterrupt:
        sys.stdout.flush()
        os._exit(130)  # kernels end when their parent is gone


if __name__ == "__main__":
    main()
