"""The book while it is made: what is shown, what comes, in what order."""

import json
import re
import socket
import threading
import urllib.request

import pytest

from tests.book.test_book import write, write_all
from tests.helpers.pages import cells
from tools.build import book, serving

pytestmark = pytest.mark.slow


def get(address, name):
    with urllib.request.urlopen(f"{address}{name}", timeout=60) as reply:
        return reply.read().decode()


def test_pages_are_there_at_once_and_their_outputs_come(small):
    glued = "Half is {glue:text}`half:.2f`.\n"
    code = "from myst_nb import glue\nglue('half', 0.5, display=False)"
    write_all(
        small, {"page": cells(code) + glued, "other": cells("print(6 * 7)")}
    )
    first = {}

    def ready(address):
        first["waiting"] = json.loads(get(address, serving.WAITING[1:]))
        for name in "page", "other":
            first[name] = get(address, f"{name}.html")
        first["address"] = address

    with serving.serve(0, ready, jobs=1) as server:
        assert first["waiting"] == ["page", "other"]
        assert "Half is" in first["page"]
        assert "0.50" not in first["page"]
        assert "nan" not in first["page"]
        assert "page 2 of 2" in first["other"]
        assert ">42\n<" not in first["other"]
        assert json.loads(get(first["address"], serving.WAITING[1:])) == []
        assert "0.50" in get(first["address"], "page.html")
        done = get(first["address"], "other.html")
        assert ">42\n<" in done
        assert serving.WAITING not in done
        server.shutdown()
    assert book.build_book(
        jobs=1, strict=True
    ).exists()  # nothing is left to do


def test_what_an_earlier_build_gave_is_shown_until_it_is_computed_again(
    small,
):
    write(small, cells("print(open('data').read())"))
    (small / "book" / "data").write_text("once 17")
    book.build_book(jobs=1)
    (small / "book" / "data").write_text("once 18")
    seen = []

    def ready(address):
        seen.append(get(address, "page.html"))

    with serving.serve(0, ready, jobs=1) as server:
        seen.append(
            get(f"http://127.0.0.1:{server.server_port}/", "page.html")
        )
        server.shutdown()
    assert "once 17" in seen[0]
    assert "once 17" not in seen[1]
    assert "once 18" in seen[1]


def test_to_read_alone_executes_nothing(small):
    write(small, cells("open('ran', 'w').close()"))
    seen = []
    with serving.serve(
        0, lambda at: seen.append(get(at, "page.html")), jobs=1, read=True
    ) as server:
        server.shutdown()
    assert "Nothing was executed" in seen[0]
    assert not (small / "book" / "ran").exists()


def test_the_page_that_is_open_is_executed_next(tmp_path):
    pages = [tmp_path / f"{name}.md" for name in ("one", "two", "three")]
    turns = book.Turns(pages)
    turns.asked = "three"
    assert [turns.take().stem for _ in pages] == ["three", "one", "two"]


def test_a_page_that_fails_is_shown_without_its_outputs(small, capsys):
    write_all(
        small,
        {
            "page": cells("a = 1 / 0") + "Words.\n",
            "other": cells("print(6 * 7)"),
        },
    )
    index = book.build_book(jobs=1)
    page = index.with_name("page.html").read_text()
    article = page.partition("<article")[2]
    assert "Words." in article
    assert "ZeroDivisionError" in article
    assert ">42\n<" in index.with_name("other.html").read_text()
    said = capsys.readouterr().out
    assert re.search(r"page\.md, the cell at line \d+ raised", said)
    with pytest.raises(book.BuildError, match="ZeroDivisionError"):
        book.build_book(jobs=1, strict=True)


@pytest.mark.parametrize(
    "code", ["while True: pass", "import time; time.sleep(99)"]
)
def test_a_cell_is_stopped_by_what_it_takes_or_as_it_waits(
    small, monkeypatch, code
):
    monkeypatch.setattr(book, "CELL_SECONDS", 2)
    monkeypatch.setattr(book, "LOOKS", 2)
    write(small, cells(code))
    page = small / "book" / "page.md"
    with pytest.raises(book.TooLong, match=r"page\.md"):
        book.execute(page, book.read_notebook(page))


def test_a_cell_that_other_work_delays_is_not_stopped(small, monkeypatch):
    monkeypatch.setattr(book, "LOOKS", 1)
    code = "import time\nend = time.process_time() + 2\n"
    code += "while time.process_time() < end: pass\nprint('done')"
    write(small, cells(code))
    page = small / "book" / "page.md"
    notebook = book.read_notebook(page)
    book.execute(page, notebook)
    assert notebook.cells[1].outputs[-1].text == "done\n"


def test_a_port_that_is_taken_is_told(small):
    write(small, "# A page\n\nWords.\n")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(
            book.BuildError, match=f"port {port}: .* in use"
        ):
            serving.serve(port, threading.Event().set, jobs=1)


def test_what_a_reader_is_shown_hides_no_warning_from_a_strict_build(small):
    write_all(
        small,
        {
            "page": "# A page\n\nSee {numref}`gone`.\n",
            "other": cells("a = 1"),
        },
    )
    with serving.serve(0, lambda at: at, jobs=1, read=True) as server:
        server.shutdown()
    with pytest.raises(book.BuildError, match="Sphinx found"):
        book.build_book(jobs=1, strict=True)
