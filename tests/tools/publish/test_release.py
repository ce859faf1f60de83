"""The checklist of a release, and archives that are alike twice."""

import io
import tarfile

import pytest

from tools.publish import release, unpack


def archive(path, names, mtime):
    with tarfile.open(path, "w:gz") as made:
        for name in names:
            part = tarfile.TarInfo(name)
            part.size, part.mtime, part.uname = 1, mtime, f"user{mtime}"
            made.addfile(part, io.BytesIO(b"x"))


def test_an_archive_does_not_tell_when_or_by_whom_it_was_made(tmp_path):
    one, other = tmp_path / "1.tar.gz", tmp_path / "2.tar.gz"
    archive(one, ["p/a", "p/b"], 1)
    archive(other, ["p/b", "p/a"], 2)
    assert one.read_bytes() != other.read_bytes()
    for path in one, other:
        release.at_one_time(path, 1_000_000_000)
    assert one.read_bytes() == other.read_bytes()
    with tarfile.open(one) as read:
        assert read.getnames() == ["p/a", "p/b"]
        assert read.extractfile("p/b").read() == b"x"
        assert {m.mtime for m in read} == {1_000_000_000}


@pytest.fixture(params=["filter", "older"])
def python(request, monkeypatch):
    """Also as Pythons before 3.11.4 are, which have no filter."""
    if request.param == "older":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)
        extract = tarfile.TarFile.extractall

        def older(self, path=".", members=None, *, numeric_owner=False):
            return extract(self, path, members, numeric_owner=numeric_owner)

        monkeypatch.setattr(tarfile.TarFile, "extractall", older)


def entry(name, kind=tarfile.REGTYPE, leads=""):
    part = tarfile.TarInfo(name)
    part.type, part.linkname, part.mode = kind, leads, 0o755
    return part


@pytest.mark.parametrize(
    "parts",
    [
        [entry("../out")],
        [entry("a/../../out")],
        [entry("link", tarfile.SYMTYPE, "../out")],
        [entry("link", tarfile.SYMTYPE, "/etc")],
        [entry("link", tarfile.LNKTYPE, "../out")],
        [entry("pipe", tarfile.FIFOTYPE)],
        [
            entry("a", tarfile.SYMTYPE, "b"),
            entry("b", tarfile.SYMTYPE, ".."),
        ],
    ],
)
def test_what_leads_out_of_the_folder_is_not_unpacked(
    tmp_path, python, parts
):
    (tmp_path / "out").write_text("as before")
    path, folder = tmp_path / "a.tar", tmp_path / "folder"
    with tarfile.open(path, "w") as made:
        for part in parts:
            made.addfile(part)
    with tarfile.open(path) as read, pytest.raises(tarfile.TarError):
        unpack(read, folder)
    assert (tmp_path / "out").read_text() == "as before"


def test_files_folders_and_inner_links_are_unpacked(tmp_path, python):
    path, folder = tmp_path / "a.tar", tmp_path / "folder"
    with tarfile.open(path, "w") as made:
        made.addfile(entry("p", tarfile.DIRTYPE))
        text = entry("p/text")
        text.size = 3
        made.addfile(text, io.BytesIO(b"abc"))
        made.addfile(entry("p/soft", tarfile.SYMTYPE, "text"))
        made.addfile(entry("hard", tarfile.LNKTYPE, "p/text"))
    with tarfile.open(path) as read:
        unpack(read, folder)
    for name in "p/text", "p/soft", "hard":
        assert (folder / name).read_bytes() == b"abc"
    assert (folder / "p" / "soft").is_symlink()


def test_the_first_step_that_fails_is_the_last_and_says_why(capsys):
    def fails():
        raise release.ReleaseError("expected one, got none")

    steps = {"a": lambda: "fine", "b": fails, "c": lambda: "never"}
    assert release.run_steps(steps) == 1
    said = capsys.readouterr().out
    assert said == "[x] a: fine\n[ ] b: expected one, got none\n"
    assert release.run_steps({"a": lambda: "fine"}) == 0


def test_a_version_without_its_changes_is_refused(tmp_path, monkeypatch):
    none = tmp_path / "CHANGELOG.md"
    none.write_text("# Changes\n\n## 0.0.1\n")
    monkeypatch.setattr(release, "CHANGES", none)
    with pytest.raises(release.ReleaseError, match="expected a section"):
        release.check_texts()


def test_extras_are_tried_with_the_tests_of_the_source_not_its_package(
    tmp_path, monkeypatch
):
    out = tmp_path / "out"
    out.mkdir()
    (out / "rnncore-1-py3-none-any.whl").touch()
    archive(out / "p-1.tar.gz", ["p/rnncore/nn.py", "p/tests/a"], 1)
    calls = []

    def ran(*words, cwd=None, env=None):
        calls.append([*map(str, words)])
        if "pytest" in words and cwd:
            assert (cwd / "tests/a").exists()
            assert not (cwd / "rnncore").exists()
        return "9 passed in 1s\n"

    monkeypatch.setattr(release, "OUT", out)
    monkeypatch.setattr(release, "run_command", ran)
    said = release.try_extras("python", tmp_path / "work")
    assert said == "9 passed, 9 passed"
    asked = [words[-1] for words in calls if "install" in words]
    assert asked[0].endswith("any.whl[torch,fused]")
    tested = [words[-1] for words in calls if words[-1].endswith(".py")]
    assert [path.rpartition("/")[2] for path in tested] == [
        "test_nn.py",
        "test_recipes.py",
    ]


def test_pythons_are_those_that_are_supported_and_here():
    assert all(path.exists() for path in release.find_pythons().values())
    assert set(release.find_pythons()) <= {"3.11", "3.12", "3.13", "3.14"}
