"""Public sets: fetched or taken from the disk, checked, whole or not at all."""

import errno
import http.server
import os
import stat
import tarfile
import threading
import zipfile

import pytest

from rnncore.data.public import archives, store
from rnncore.storage.files import Refused
from tests.helpers.commands import run, shown_help
from tests.helpers.public_sets import known_sets, tar  # noqa: F401 - a fixture

SMALL = {"ETT-small/ETTh1.csv": b"1\n" * 900, "LICENSE": b"CC BY-ND"}
MANY = {f"recordings/{k}_theo_0.wav": b"RIFF" * k for k in range(10)}
MANY |= {"README.md": b"CC BY-SA"}
OLD = {**SMALL, "LICENSE": b"the old one"}


def put(folder, name, files, known, **more):
    """A made set in the table, with its licence accepted."""
    one = known(name, files, **more)
    store.accept(one, folder)
    return one


def content(folder):
    """All that is in a folder, hidden files too."""
    files = (p for p in folder.rglob("*") if p.is_file())
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in files}


def as_zip(path, files, around="", kind=stat.S_IFREG):
    """The files as a zip archive, as if made on Unix."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            info = zipfile.ZipInfo(around + name)
            info.external_attr = (kind | 0o644) << 16
            archive.writestr(info, data)
    return path


def as_folder(path, files, around=""):
    """The same as a folder."""
    for name, data in files.items():
        to = path / (around + name)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(data)
    return path


FORMS = {
    "set.tar": lambda *a: tar(*a, mode="w"),
    "set.tar.gz": lambda *a: tar(*a, mode="w:gz"),
    "set.tar.xz": tar,
    "set.zip": as_zip,
    "set": as_folder,
}


@pytest.mark.parametrize("around", ["", "repository-0123/"])
@pytest.mark.parametrize("form", FORMS)
def test_a_set_is_taken_from_the_disk(tmp_path, known, form, around):
    folder = tmp_path / "data"
    put(folder, "fsdd", MANY, known)
    more = {"metadata.py": b"none of the set's files"}
    path = FORMS[form](tmp_path / form, MANY | more, around)
    assert store.get("fsdd", folder, path)
    assert store.verify("fsdd", folder) == []
    found = content(folder / "fsdd")
    assert found.pop(store.SUMS).count(b"\n") == len(MANY)
    assert found == MANY
    assert sorted(os.listdir(folder)) == ["fsdd", store.LICENCES]
    assert not store.get("fsdd", folder, path)


def test_the_archive_of_its_name_in_a_folder_is_taken(tmp_path, known):
    put(tmp_path / "data", "ett", SMALL, known)
    (tmp_path / "all").mkdir()
    tar(tmp_path / "all/ett.tar.xz", SMALL, "ett/")
    assert store.get("ett", tmp_path / "data", tmp_path / "all")


def test_a_licence_is_accepted_once_and_again_when_it_changes(
    tmp_path, known
):
    one = known("ett", SMALL)
    path = tar(tmp_path / "a.tar.xz", SMALL)
    with pytest.raises(Refused, match=r"not accepted yet: CC BY-ND 4.0"):
        store.get("ett", tmp_path / "data", path)
    assert not (tmp_path / "data").exists()
    store.accept(one, tmp_path / "data")
    store.accept(one, tmp_path / "data")
    assert (tmp_path / "data" / store.LICENCES).read_text().count("\n") == 1
    assert store.get("ett", tmp_path / "data", path)
    assert not store.is_accepted(
        one._replace(licence="other"), tmp_path / "data"
    )


# sources that are refused


def member(name, kind, **facts):
    """A tar archive with the set and one other member."""

    def make(path):
        tar(path, SMALL, mode="w")
        with tarfile.open(path, "a") as archive:
            info = tarfile.TarInfo(name)
            info.type = kind
            for fact, value in facts.items():
                setattr(info, fact, value)
            archive.addfile(info)
        return path

    return make


def cut(mode, left):
    """An archive that ends too early."""

    def make(path):
        whole = tar(path, SMALL, mode=mode).read_bytes()
        path.write_bytes(whole[:left])
        return path

    return make


def flipped(path):
    """A zip archive with another bit in a file."""
    raw = bytearray(as_zip(path, SMALL).read_bytes())
    raw[100] ^= 1
    path.write_bytes(raw)
    return path


def other(**more):
    """An archive with other content, or more."""
    files = {k.replace("_", "/", 1): v for k, v in more.items()}
    return lambda path: tar(path, SMALL | files)


def bomb(path):
    """A file with more bytes than the set has."""
    return tar(path, SMALL | {"LICENSE": bytes(5_000_000)})


def long_header(path):
    """A header that says that a gigabyte of header follows."""
    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 1 << 30
    path.write_bytes(info.tobuf() + bytes(10_240))
    return path


def huge(path):
    """A member that claims eight gigabytes."""
    info = tarfile.TarInfo("unwanted")
    info.size = 8 << 30
    path.write_bytes(info.tobuf() + bytes(10_240))
    return path


def twice(path):
    """The same file inside a folder and outside."""
    return tar(path, SMALL | {"ett/LICENSE": SMALL["LICENSE"]})


def text(path):
    """No archive at all."""
    path.write_text("404: Not Found")
    return path


HOSTILE = {
    "leads-out": (
        lambda p: tar(p, {"../../evil": b"x"} | SMALL),
        "evil: leads out of it",
    ),
    "absolute": (
        lambda p: tar(p, {"/tmp/evil": b"x"} | SMALL),
        "evil: leads out of it",
    ),
    "zip-leads-out": (
        lambda p: as_zip(p, {"../evil": b"x"} | SMALL),
        "evil: leads out of it",
    ),
    "link": (
        member("a/LICENSE", tarfile.SYMTYPE, linkname="/etc/passwd"),
        "a/LICENSE: no plain file",
    ),
    "hard-link": (
        member("a/LICENSE", tarfile.LNKTYPE, linkname="../../x"),
        "a/LICENSE: no plain file",
    ),
    "zip-link": (
        lambda p: as_zip(p, SMALL, kind=stat.S_IFLNK),
        "no plain file",
    ),
    "device": (member("null", tarfile.CHRTYPE), "null: a device"),
    "fifo": (member("pipe", tarfile.FIFOTYPE), "pipe: a device"),
    "bomb": (bomb, "these have more"),
    "long-header": (long_header, "a header of 1073741824 bytes"),
    "huge": (huge, "larger than any of the sets"),
    "twice": (twice, "holds LICENSE twice"),
    "text": (text, "damaged or cut off: file could not be opened"),
    "cut-gz": (cut("w:gz", -40), "damaged or cut off"),
    "cut-xz": (cut("w:xz", 100), "damaged or cut off"),
    "cut-tar": (cut("w", 1000), "damaged or cut off"),
    "flipped": (flipped, "damaged or cut off|differs"),
    "other": (other(LICENSE=b"MIT"), "not the set ett: LICENSE differs"),
    "nothing": (lambda p: tar(p, {"a": b"b"}), "ETTh1.csv is missing"),
    "absent": (lambda p: p, "there is no such file"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_source_that_is_not_the_set_changes_nothing(
    tmp_path, known, name
):
    folder = tmp_path / "data"
    put(folder, "ett", OLD, known)
    store.get("ett", folder, tar(tmp_path / "old.tar.xz", OLD))
    before = content(tmp_path)
    put(folder, "ett", SMALL, known)
    make, why = HOSTILE[name]
    (tmp_path / "in").mkdir()
    path = make(tmp_path / "in/source")
    with pytest.raises(Refused, match=why) as told:
        store.get("ett", folder, path, force=True)
    assert "\n" not in str(told.value)
    path.unlink(missing_ok=True)
    assert content(tmp_path) == before


def test_too_many_members_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "SET", archives.SET._replace(parts=5))
    path = tar(tmp_path / "a.tar", MANY)
    with pytest.raises(Refused, match="larger than any"):
        archives.collect(path, lambda _: None, 9, tmp_path / "to")


def test_a_set_of_many_files_has_to_be_whole(tmp_path, known):
    put(tmp_path, "fsdd", MANY, known)
    fewer = dict(list(MANY.items())[1:])
    with pytest.raises(Refused, match="expected 11 files, got 10"):
        store.get("fsdd", tmp_path, tar(tmp_path / "a.tar", fewer))
    changed = MANY | {"README.md": b"CC BY-XX"}
    with pytest.raises(Refused, match="a file differs"):
        store.get("fsdd", tmp_path, tar(tmp_path / "b.tar", changed))


@pytest.mark.parametrize("what", ["full", "interrupted"])
def test_a_full_disk_or_an_interruption_changes_nothing(
    tmp_path, known, monkeypatch, what
):
    folder = tmp_path / "data"
    put(folder, "ett", OLD, known)
    store.get("ett", folder, tar(tmp_path / "old.tar.xz", OLD))
    before = content(folder / "ett")
    put(folder, "ett", SMALL, known)
    path = tar(tmp_path / "a.tar", SMALL)
    real, seen = archives._copy, []

    def copy(one, to):
        if seen:
            to.write_bytes(b"half of it")
            if what == "interrupted":
                raise KeyboardInterrupt
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(to))
        seen.append(real(one, to))
        return seen[0]

    monkeypatch.setattr(archives, "_copy", copy)
    kind = KeyboardInterrupt if what == "interrupted" else Refused
    with pytest.raises(kind) as told:
        store.get("ett", folder, path, force=True)
    if what == "full":
        assert str(told.value) == (
            "ett: No space left on device; nothing was changed"
        )
    assert content(folder / "ett") == before
    assert sorted(os.listdir(folder)) == ["ett", store.LICENCES]


def test_a_replacement_that_fails_is_taken_back(
    tmp_path, known, monkeypatch
):
    folder = tmp_path / "data"
    put(folder, "ett", OLD, known)
    store.get("ett", folder, tar(tmp_path / "old.tar.xz", OLD))
    before = content(folder / "ett")
    put(folder, "ett", SMALL, known)
    real = type(folder).rename

    def rename(self, to):
        if self.name.endswith(".part"):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return real(self, to)

    monkeypatch.setattr(type(folder), "rename", rename)
    path = tar(tmp_path / "a.tar", SMALL)
    with pytest.raises(Refused, match="nothing was changed"):
        store.get("ett", folder, path, force=True)
    assert content(folder / "ett") == before


def test_what_a_killed_replacement_left_comes_back(tmp_path, known):
    put(tmp_path, "ett", SMALL, known)
    store.get("ett", tmp_path, tar(tmp_path / "a.tar", SMALL))
    (tmp_path / "ett").rename(tmp_path / ".ett.old")
    assert not store.get("ett", tmp_path, tmp_path / "nowhere")
    assert store.verify("ett", tmp_path) == []


def test_verify_names_what_is_wrong(tmp_path, known):
    put(tmp_path, "fsdd", MANY, known)
    path = tar(tmp_path / "a.tar", MANY)
    store.get("fsdd", tmp_path, path)
    place = tmp_path / "fsdd/recordings"
    raw = bytearray((place / "3_theo_0.wav").read_bytes())
    raw[5] ^= 1
    (place / "3_theo_0.wav").write_bytes(raw)
    (place / "4_theo_0.wav").unlink()
    (place / "4_theo_9.wav").touch()
    assert store.verify("fsdd", tmp_path) == [
        "recordings/3_theo_0.wav has changed",
        "recordings/4_theo_0.wav is missing",
        "recordings/4_theo_9.wav does not belong to the set",
    ]
    with pytest.raises(Refused, match=r"has changed; --force replaces it"):
        store.get("fsdd", tmp_path, path)
    store.get("fsdd", tmp_path, path, force=True)
    assert store.verify("fsdd", tmp_path) == []
    sums = tmp_path / "fsdd" / store.SUMS
    sums.write_text(sums.read_text().replace("a", "b"))
    assert "SHA256SUMS is damaged" in store.verify("fsdd", tmp_path)[0]


def test_a_folder_that_is_the_user_s_own_is_not_replaced(tmp_path, known):
    put(tmp_path, "ett", SMALL, known)
    as_folder(tmp_path / "ett", {"my.csv": b"dear to somebody"})
    with pytest.raises(Refused, match="SHA256SUMS is missing; --force"):
        store.get("ett", tmp_path, tar(tmp_path / "a.tar", SMALL))
    assert list(content(tmp_path / "ett")) == ["my.csv"]


# downloads, from a server in this process


@pytest.fixture
def server():
    """A server of `files`; what `cuts` names breaks off that many times."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            if self.path not in files:
                return self.send_error(404)
            body = files[self.path]
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if cuts.get(self.path, 0):
                cuts[self.path] -= 1
                body = body[: len(body) // 2]
            return self.wfile.write(body)

        def log_message(self, *_):
            pass

    files, cuts, asked = {}, {}, []
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=made.serve_forever, args=(0.01,))
    made.handle_error = lambda *_: None  # of a client that hung up
    thread.start()
    made.files, made.cuts, made.asked = files, cuts, asked
    made.address = f"http://127.0.0.1:{made.server_port}/"
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def serve(server, known, folder):
    """A set whose files lie on the server, one by one."""
    server.files |= {f"/{k}": v for k, v in SMALL.items()}
    more = {"raw": server.address, "archive": ""}
    return put(folder, "ett", SMALL, known, **more)


def test_files_are_downloaded_and_checked(server, known, tmp_path):
    serve(server, known, tmp_path)
    told = []
    assert store.get("ett", tmp_path, progress=told.append)
    assert store.verify("ett", tmp_path) == []
    assert sorted(server.asked) == sorted(server.files)
    assert sum(told) == 0  # megabytes
    assert sorted(os.listdir(tmp_path)) == ["ett", store.LICENCES]


def test_a_download_goes_on_with_the_file_that_broke_off(
    server, known, tmp_path
):
    serve(server, known, tmp_path)
    server.cuts["/LICENSE"] = 1
    with pytest.raises(
        Refused, match=r"LICENSE: .*; the same command goes"
    ):
        store.get("ett", tmp_path)
    assert not (tmp_path / "ett").exists()
    assert store.get("ett", tmp_path)
    assert server.asked.count("/ETT-small/ETTh1.csv") == 1
    assert server.asked.count("/LICENSE") == 2
    assert sorted(os.listdir(tmp_path)) == ["ett", store.LICENCES]


def test_a_file_with_another_checksum_is_refused(server, known, tmp_path):
    serve(server, known, tmp_path)
    server.files["/LICENSE"] = b"CC BY-XX"
    with pytest.raises(Refused, match="LICENSE: not the file of the table"):
        store.get("ett", tmp_path)
    server.files["/LICENSE"] = bytes(9_000_000)
    with pytest.raises(Refused, match="the server sends more than it has"):
        store.get("ett", tmp_path)
    assert not (tmp_path / "ett").exists()


def test_an_address_that_is_gone_is_told(server, known, tmp_path):
    serve(server, known, tmp_path)
    del server.files["/LICENSE"]
    with pytest.raises(Refused, match=r"HTTPError; .*--from takes a copy"):
        store.get("ett", tmp_path)
    known("ett", SMALL, raw="http://127.0.0.1:9/", archive="")
    with pytest.raises(Refused, match=r"127.0.0.1:9/.*: ConnectionError"):
        store.get("ett", tmp_path)


@pytest.mark.parametrize("damage", ["transfer", "archive", "content"])
def test_an_archive_that_was_damaged_is_fetched_anew(
    server, known, tmp_path, damage
):
    more = {"archive": f"{server.address}a.tar.gz", "raw": ""}
    put(tmp_path / "data", "fsdd", MANY, known, **more)
    path = tar(tmp_path / "a", MANY, "repository-0123/", "w:gz")
    whole = server.files["/a.tar.gz"] = path.read_bytes()
    if damage == "transfer":
        server.cuts["/a.tar.gz"] = 1
    elif damage == "archive":
        server.files["/a.tar.gz"] = whole[: len(whole) // 2]
    else:
        changed = tar(path, MANY | {"README.md": b"x"}, mode="w:gz")
        server.files["/a.tar.gz"] = changed.read_bytes()
    with pytest.raises(Refused):
        store.get("fsdd", tmp_path / "data")
    assert not (tmp_path / "data/fsdd").exists()
    server.files["/a.tar.gz"] = whole
    assert store.get("fsdd", tmp_path / "data")
    assert store.verify("fsdd", tmp_path / "data") == []


def test_a_set_without_an_address_says_so(known, tmp_path):
    put(tmp_path, "ett", SMALL, known, raw="", origin="from a friend")
    with pytest.raises(Refused, match=r"--from takes it .*from a friend"):
        store.get("ett", tmp_path)


# the table, and the command


@pytest.mark.parametrize("name", store.table())
def test_a_row_of_the_table_is_complete(name):
    one = store.table()[name]
    assert one.title
    assert one.terms.startswith("http")
    assert one.licence
    assert one.cite
    assert one.split_source
    assert 10 <= one.chapter <= 17
    assert bool(one.files) != bool(one.patterns)
    assert one.files or (len(one.sha256) == 64 and one.total)
    assert all(len(known) == 64 for known in one.files.values())
    assert not (one.raw and one.archive)
    assert one.raw or one.archive or one.origin
    for path in one.files:
        assert one.place(path) == path
        assert one.place(f"around/{path}") == path
        assert one.place(f"around/it/{path}") is None


@pytest.mark.parametrize(
    "path", ["recordings/a/b.wav", "recordings/.wav", "recordings/a\0.wav"]
)
def test_strange_names_are_none_of_a_set_s(path):
    assert store.find("fsdd").place(path) is None


def test_the_folder_is_the_option_s_the_environment_s_or_the_cache(
    monkeypatch, tmp_path
):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path))
    assert store.home() == tmp_path
    assert store.home(tmp_path / "a") == tmp_path / "a"
    monkeypatch.delenv(store.VARIABLE)
    assert "rnncore" in str(store.home())


def test_the_command_gets_lists_and_verifies(
    tmp_path, known, capsys, monkeypatch
):
    monkeypatch.setenv(store.VARIABLE, str(tmp_path / "data"))
    known("ett", SMALL)
    path = tar(tmp_path / "a.tar.xz", SMALL)
    words = "data", "get", "ett", "--from", path
    code, out, err = run(capsys, *words)
    assert code == 2
    assert "licence: CC BY-ND 4.0" in out
    assert err == (
        "data get: ett: its licence was not accepted; --accept accepts it\n"
    )
    assert not (tmp_path / "data").exists()
    assert " no    CC BY-ND" in run(capsys, "data", "list")[1]
    assert run(capsys, *words, "--accept")[0] == 0
    assert " yes   CC BY-ND" in run(capsys, "data", "list")[1]
    code, _, err = run(capsys, *words)  # accepted once
    assert code == 0
    assert "it is there already" in err
    verify = "data", "verify", "ett"
    assert run(capsys, *verify)[:2] == (
        0,
        "ett: all files are as published\n",
    )
    (tmp_path / "data/ett/LICENSE").write_text("MIT")
    assert run(capsys, *verify)[:2] == (1, "ett: LICENSE has changed\n")
    code, _, err = run(capsys, "data", "get", "mnist")
    assert code == 2
    assert "mnist: no public set; expected one of tinysh" in err


@pytest.mark.parametrize(
    ("answer", "code"), [("yes", 0), ("y", 2), ("", 2)]
)
def test_on_a_terminal_yes_is_typed(
    tmp_path, known, capsys, monkeypatch, answer, code
):
    known("ett", SMALL)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    path = tar(tmp_path / "a.tar.xz", SMALL)
    words = "--from", path, "--folder", tmp_path / "data"
    assert run(capsys, "data", "get", "ett", *words)[0] == code


def test_help_says_what_is_checked(capsys):
    assert "goes on" in shown_help(capsys, "data")
    assert "licence" in shown_help(capsys, "data", "get")
