"""A file is written whole, or stays as it was."""

import io
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Thread

import pytest

from rnncore.storage.files import (
    Refused,
    escape_output,
    lines_of,
    locked,
    read_text,
    whole_file,
)
from rnncore.storage.weights import read_about


def test_the_old_file_stands_until_the_new_one_is_whole(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with whole_file(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"


@pytest.mark.parametrize("trouble", [OSError, KeyboardInterrupt])
def test_what_is_broken_off_leaves_no_trace(tmp_path, trouble):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(trouble):
        _broken_off(path, trouble)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def _broken_off(path, trouble):
    with whole_file(path) as file:
        file.write(b"ne")
        raise trouble


def test_two_writers_do_not_mix(tmp_path):
    path = tmp_path / "a.txt"
    with whole_file(path) as one, whole_file(path) as other:
        one.write(b"one")
        other.write(b"other")
    assert path.read_text() == "one"  # the last to end
    contents = [str(k) * 100_000 for k in range(8)]

    def write(content):
        with whole_file(path) as file:
            file.write(content.encode())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert path.read_text() in contents
    assert list(tmp_path.iterdir()) == [path]


def test_a_lock_is_held_by_one_at_a_time(tmp_path):
    path, later = tmp_path / "lock", Refused("later")
    with locked(path):
        with pytest.raises(TimeoutError), locked(path, seconds=0.1):
            pass
        with pytest.raises(Refused), locked(path, 0, held=later):
            pass
    with locked(path, seconds=0):
        pass


def test_the_file_is_on_the_disk_before_it_takes_its_name(
    tmp_path, monkeypatch
):
    calls = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noted(*args, name=name, real=real):
            calls.append(name)
            return real(*args)

        monkeypatch.setattr(os, name, noted)
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"new")
    assert calls == ["fsync", "replace"]


def test_who_may_read_it_stays(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    path.chmod(0o600)
    with whole_file(path) as file:
        file.write(b"new")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_text_is_read_as_it_is(tmp_path):
    path = tmp_path / "a.txt"
    path.write_bytes("für\r\nElise\n".encode())
    assert read_text(path) == "für\nElise\n"
    path.write_bytes("für\rElise\r".encode())  # as an old Mac wrote it
    assert read_text(path) == "für\nElise\n"
    path.write_bytes("\N{BYTE ORDER MARK}für\N{BYTE ORDER MARK}".encode())
    assert read_text(path) == "für"
    for encoding in "utf-16", "utf-16-be", "utf-32":  # with its mark
        mark = "" if encoding[-2:] != "be" else "\N{BYTE ORDER MARK}"
        path.write_bytes(f"{mark}für\r\nElise".encode(encoding))
        assert read_text(path) == "für\nElise"
    path.write_bytes("fu\N{COMBINING DIAERESIS}r".encode())
    assert read_text(path) == "für"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"a\.txt: the file is empty"),
        (b" \n\t\n", r"a\.txt: the file has nothing but white space"),
        (
            b"one\ntwo \xe9\n",
            r"a\.txt: expected text in UTF-8, got byte 0xE9 at place 8 \(line 2\): ",
        ),
        (
            b"\xef\xbb\xbfab\xff",
            r"a\.txt: expected text in UTF-8, got byte 0xFF at place 5 \(line 1\): ",
        ),
        (
            "\n\ufeffa".encode("utf-16")[:-1],
            "text in UTF-16-LE, got byte 0x61",
        ),
        ("a\nb\0".encode("utf-16"), r"got byte 0x00 at place 8 \(line 2\)"),
    ],
)
def test_what_is_no_text_is_refused_with_its_place(
    tmp_path, content, message
):
    path = tmp_path / "a.txt"
    path.write_bytes(content)
    with pytest.raises(Refused, match=message):
        read_text(path)


def test_a_text_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(Refused, match="b: there is no such file"):
        read_text(tmp_path / "b")
    with pytest.raises(Refused, match="expected a file, got a folder"):
        read_text(tmp_path)


def test_what_came_in_a_file_s_place_is_named(tmp_path):
    """A pointer of Git LFS, a server's page, weights of another kind."""
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
    page = b"\n<!doctype html><title>404 Not Found</title>"
    for path in tmp_path / "a.txt", tmp_path / "m.safetensors":
        read = read_text if path.suffix == ".txt" else read_about
        for content, message in (pointer, "Git LFS"), (page, "HTML"):
            path.write_bytes(content)
            with pytest.raises(Refused, match=message):
                read(path)
    (tmp_path / "page.html").write_bytes(page)
    assert "404" in read_text(tmp_path / "page.html")
    path.write_bytes(b"PK\3\4archive/data.pkl")
    with pytest.raises(Refused, match=r"what torch\.save wrote"):
        read_about(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_pipe_is_read_as_often_as_it_is_asked_for(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = Thread(target=path.write_bytes, args=("für\r\n".encode(),))
    writer.start()
    assert read_text(path) == read_text(path) == "für\n"
    writer.join()


def test_lines_end_where_editors_show_it():
    inside = "".join("\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029")
    assert lines_of(f"a{inside}b\r\nc\rd\n") == [f"a{inside}b", *"cd", ""]


def test_a_terminal_that_lacks_a_letter_shows_its_number(monkeypatch):
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, "ascii"))
    escape_output()
    print("fünf", flush=True)
    assert raw.getvalue() == b"f\\xfcnf\n"


@pytest.mark.parametrize("program", ["rnncore", "grader"])
def test_the_command_lines_begin_with_that(program):
    code = (
        f"import sys, runpy, rnncore.storage.files as f; f.escape_output = lambda: "
        f"sys.exit(7); sys.argv[1:] = ['--help']; "
        f"runpy.run_module({program!r}, run_name='__main__')"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=False
    )
    assert run.returncode == 7
