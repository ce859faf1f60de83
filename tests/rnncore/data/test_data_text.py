"""The texts that come with the course or its packages."""

import platform
import pydoc_data.topics
from collections import Counter

import pytest

from rnncore.data.text import (
    checksum,
    documentation,
    documentation_topics,
    python_source,
)


def joined(files):
    return "".join(files.values())


def test_documentation_is_english_in_topics():
    topics = documentation_topics()
    assert list(topics) == sorted(topics)
    assert len(topics) > 70
    assert all(text in documentation() for text in topics.values())
    words = Counter(documentation().lower().split())
    assert words.most_common(1)[0][0] == "the"


def test_the_documentation_is_the_recorded_one_whichever_python_runs():
    assert checksum(documentation()).startswith("2a95af4ac93f5b71")


@pytest.mark.skipif(
    platform.python_version() != "3.11.7", reason="another Python"
)
def test_the_documentation_is_that_of_the_python_it_comes_from():
    assert documentation_topics() == pydoc_data.topics.topics


def test_source_is_split_by_file_and_stays_equal():
    source = python_source()
    assert (source.package, source.version) == ("pytest", "9.2.0")
    assert not set(source.train) & set(source.held_out)
    train, held_out = joined(source.train), joined(source.held_out)
    assert (len(train), len(held_out)) == (1_109_626, 108_802)
    assert checksum(train).startswith("6f2946bb17af6128")
    assert checksum(held_out).startswith("0edffacf3eb7367b")


def test_source_holds_no_copies_no_stumps_and_only_ascii():
    source = python_source()
    texts = [*source.train.values(), *source.held_out.values()]
    assert len(set(texts)) == len(texts)
    assert all(text.isascii() and len(text) >= 200 for text in texts)
    assert max(map(len, source.held_out.values())) <= 20_000


def test_the_parts_share_no_held_out_file():
    parts = [python_source("tqdm", 4, part).held_out for part in range(4)]
    paths = [path for part in parts for path in part]
    assert len(paths) == len(set(paths)) > 20


def test_a_missing_package_or_part_is_named():
    with pytest.raises(ValueError, match="'no-such-thing' is not inst"):
        python_source("no-such-thing")
    with pytest.raises(ValueError, match="part: expected 0 to 2, got 3"):
        python_source(part=3)
    with pytest.raises(ValueError, match="one_in: expected at least 1"):
        python_source(one_in=0)


def test_a_package_without_source_is_named(tmp_path, monkeypatch):
    record = tmp_path / "hollow-1.0.dist-info"
    record.mkdir()
    (record / "METADATA").write_text("Name: hollow\nVersion: 1.0\n")
    (record / "RECORD").write_text("hollow/data.csv,,\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="no Python source in 'hollow'"):
        python_source("hollow")
