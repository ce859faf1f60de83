"""Splits and captions as UCF101, HMDB51, MSVD and MSR-VTT publish them."""

import json

import pytest

from rnncore.apps.video.protocols import group_of, read_said, read_split
from rnncore.storage.files import Refused


def test_a_split_of_ucf101_is_two_lists(tmp_path):
    lists = tmp_path / "ucfTrainTestlist"
    lists.mkdir()
    clip = "Archery/v_Archery_g{:02}_c01.avi".format
    (lists / "trainlist02.txt").write_text(f"{clip(8)} 3\n{clip(9)} 3\n")
    (lists / "testlist02.txt").write_text(f"{clip(1)}\n")
    for name in "trainlist02.txt", "testlist02.txt":
        split = read_split(lists / name)
        assert split.training == {clip(8), clip(9)}
        assert split.test == {clip(1)}
    with pytest.raises(Refused, match=r"trainlist01\.txt"):
        read_split(lists / "testlist01.txt")
    (lists / "testlist02.txt").write_text(f"{clip(8)}\n")
    with pytest.raises(Refused, match=r"_g08_c01\.avi is in both parts"):
        read_split(lists / "trainlist02.txt")


def test_a_split_of_hmdb51_is_a_file_a_class(tmp_path):
    lines = "a b.avi 1 \nc.avi 2 \nd.avi 0 \n"
    for name in "wave", "brush_hair":
        (tmp_path / f"{name}_test_split1.txt").write_text(lines)
        (tmp_path / f"{name}_test_split2.txt").write_text("c.avi 1\n")
    split = read_split(tmp_path / "wave_test_split1.txt")
    assert split.training == {"wave/a b.avi", "brush_hair/a b.avi"}
    assert split.test == {"wave/c.avi", "brush_hair/c.avi"}
    with pytest.raises(Refused, match="the test part has no film"):
        read_split(tmp_path / "wave_test_split2.txt")
    (tmp_path / "wave_test_split2.txt").write_text("c.avi 3\n")
    with pytest.raises(Refused, match="expected a film and 0, 1 or 2, got"):
        read_split(tmp_path / "wave_test_split2.txt")
    with pytest.raises(
        Refused, match=r"expected UCF101's trainlist01\.txt"
    ):
        read_split(tmp_path / "split.csv")


def test_clips_of_one_film_are_a_group():
    first = group_of("films/Archery/v_Archery_g08_c01.avi")
    assert first == group_of("films/Archery/v_Archery_g08_c07.avi")
    assert first != group_of("films/Archery/v_Archery_g09_c01.avi")
    assert group_of("a/1.mp4") != group_of("b/1.mp4")


def test_captions_of_msr_vtt_come_with_their_parts(tmp_path):
    path = tmp_path / "videodatainfo.json"
    parts = "train", "validate", "test"
    content = {
        "info": {},
        "videos": [
            {"video_id": f"video{k}", "split": part, "category": 1}
            for k, part in enumerate(parts)
        ],
        "sentences": [
            {"video_id": f"video{k}", "caption": f"{n} of {k}", "sen_id": n}
            for k in range(3)
            for n in range(2)
        ],
    }
    path.write_text(json.dumps(content))
    said = read_said(path)
    assert said.captions["video2"] == ["0 of 2", "1 of 2"]
    assert said.parts == {"video0": 0, "video1": 1, "video2": 2}
    path.write_text('{"videos": [{"video_id": 1, "split": "other"}]}')
    with pytest.raises(Refused, match="expected videos with video_id"):
        read_said(path)


def test_captions_of_msvd_have_a_film_and_a_sentence_a_line(tmp_path):
    path = tmp_path / "AllVideoDescriptions.txt"
    films = ["mv89psg6zh4_33_46", "_UqyEOLh-7E_0_6", "cBVGvAKIpSs_1_4"]
    lines = [f"{name} a bird in a sink" for name in films]
    path.write_text("# MSVD\n" + "\n".join([*lines, f"{films[0]} birds"]))
    said = read_said(path)
    assert said.captions[films[0]] == ["a bird in a sink", "birds"]
    assert said.parts == {}
    numbers = 1200, 1201, 1301
    mapping = [
        f"{name} vid{k}" for name, k in zip(films, numbers, strict=True)
    ]
    (tmp_path / "youtube_mapping.txt").write_text("\n".join(mapping))
    parts = dict(zip(films, (0, 1, 2), strict=True))
    assert read_said(path).parts == parts


@pytest.mark.parametrize(
    "published", ["Flickr8k.token.txt", "captions.txt"]
)
def test_captions_of_flickr8k_come_with_their_parts(tmp_path, published):
    path, names = tmp_path / published, ["1_a.jpg", "2_b.jpg", "3_c.jpg"]
    said = ["A dog , a cat .", "Two animals"]
    if published == "captions.txt":
        lines = [f'{name},"{text}"' for name in names for text in said]
        path.write_text("\n".join(["image,caption", *lines]))
    else:
        lines = [
            f"{name}#{k}\t{text}"
            for name in names
            for k, text in enumerate(said)
        ]
        path.write_text("\n".join(lines))
    found = read_said(path)
    assert found.captions == dict.fromkeys(names, said)
    assert found.parts == {}
    for part, name in zip(("train", "dev", "test"), names, strict=True):
        listed = tmp_path / f"Flickr_8k.{part}Images.txt"
        listed.write_text(f"{name}\n")
    parts = dict(zip(names, range(3), strict=True))
    assert read_said(path).parts == parts


def test_a_damaged_line_of_flickr8k_is_named(tmp_path):
    path = tmp_path / "Flickr8k.token.txt"
    path.write_text("1_a.jpg#0\tA dog\n2_b.jpg A cat\n")
    with pytest.raises(Refused, match=r"got '2_b\.jpg A cat'"):
        read_said(path)


@pytest.mark.parametrize(
    "text", ["a.mp4\tit moves\n", "a.mp4 it moves\n", "it moves\n"]
)
def test_a_table_of_one_s_own_is_none_of_them(tmp_path, text):
    path = tmp_path / "captions.tsv"
    path.write_text(text)
    assert read_said(path) is None
