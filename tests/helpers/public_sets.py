"""Small archives in the form of the public sets, made by the tests."""

import hashlib
import io
import tarfile

import pytest

from rnncore.data.public import store


def row(name, files):
    """The table's row of a set, for other files in its form."""
    one = store.table()[name]
    sums = {k: hashlib.sha256(v).hexdigest() for k, v in files.items()}
    listed = hashlib.sha256(store._listed(sums).encode()).hexdigest()
    size = sum(map(len, files.values()))
    if one.files:
        return one._replace(files=sums, bytes=size)
    return one._replace(total=len(files), sha256=listed, bytes=size)


def tar(path, files, around="", mode="w:xz"):
    """An archive of these files, with a folder around them."""
    with tarfile.open(path, mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(around + name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture(name="known")
def known_sets(monkeypatch):
    """A function that puts made sets in the table's place."""
    rows = {}

    def put(name, files, **more):
        rows[name] = row(name, files)._replace(**more)
        return rows[name]

    real = store.table()
    monkeypatch.setattr(store, "table", lambda: {**real, **rows})
    return put


@pytest.fixture(name="there")
def sets_there(known, tmp_path):
    """A function that makes a set, its archive, and gets it: the folder."""

    def get(name, files):
        one = known(name, files)
        store.accept(one, tmp_path / "data")
        path = tar(tmp_path / f"{name}.tar.xz", files, f"{name}/")
        store.get(name, tmp_path / "data", path)
        return tmp_path / "data"

    return get
