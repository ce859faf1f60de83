"""Tables, texts and dates composed from what is allowed, read as meant."""

import calendar
import csv
import io
import re
import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import note

from grader import untrusted
from rnncore.apps.forecast.tables import Form, read_table
from rnncore.apps.speech.folder import read_folder
from rnncore.apps.video.folder import View, read_captions
from rnncore.data.translation import read_pairs
from rnncore.storage.files import lines_of, read_text
from rnncore.video.files import write_video
from tests.helpers.fuzzing import composed, some

# What no editor shows as the end of a line, Unicode's forms, and more.
SCRAPS = [
    "a",
    "B",
    "é",
    "e\u0301",
    "ﬁ",
    "\u1e9b\u0323",
    "猫",
    "🎻",
    "İ",
    "ß",
]
SCRAPS += ["\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\xa0", "\u3000", " "]
SCRAPS += ['"', "'", ",", ";", "#", "\\", "\u200d", "-", "1", "|"]


def nfc(text):
    return unicodedata.normalize("NFC", text)


# ---------------------------------------------------------------------- dates


def months_on(day, count):
    """The first of a month, so many months later."""
    total = day.year * 12 + day.month - 1 + count
    return day.replace(year=total // 12, month=total % 12 + 1, day=1)


def last_day(day):
    return calendar.monthrange(day.year, day.month)[1]


def regular(rng, start, rows):
    """Dates that go by one of the steps that a table may have."""
    kind = rng.choice(
        ["days", "hours", "minutes", "business", "months", "months"]
    )
    if kind == "business":
        week = start - timedelta(start.weekday())
        return [week + timedelta(k // 5 * 7 + k % 5) for k in range(rows)]
    if kind != "months":
        count = {"days": [1, 2, 7, 14, 28], "hours": [1, 2, 3, 6, 12]}
        step = timedelta(
            **{kind: rng.choice(count.get(kind, [1, 5, 15, 30]))}
        )
        return [start + k * step for k in range(rows)]
    every = rng.choice([1, 2, 3, 6, 12])
    months = [months_on(start, k * every) for k in range(rows)]
    day = rng.randrange(1, 32)
    return [m.replace(day=min(day, last_day(m))) for m in months]


FORMS = ["%d.%m.%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d %b %Y %H:%M"]
FORMS += ["%Y%m%d %H%M", "%d/%m/%Y %I:%M %p", "%A, %d %B %Y %H:%M"]
DAY_FORMS = ["%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d-%b-%Y", "%B %d, %Y"]


def dates_of_a_table(rng, rows):
    """Dates, how they are written, their format."""
    start = datetime(rng.randrange(1700, 2200), rng.randrange(1, 13), 1)
    start += timedelta(rng.randrange(28))
    dates = regular(rng, start, rows)
    if rng.randrange(3) == 0:
        dates = [d + timedelta(hours=7, minutes=30) for d in dates]
    days = all(d.hour == d.minute == 0 for d in dates)
    if rng.randrange(3) == 0:
        form = rng.choice(DAY_FORMS if days else FORMS)
        return dates, [d.strftime(form) for d in dates], form
    if days and rng.randrange(2):
        return dates, [f"{d:%Y-%m-%d}" for d in dates], None
    between, spec = (
        rng.choice(["T", " "]),
        rng.choice(["minutes", "seconds"]),
    )
    shift, offset = rng.choice(
        [
            (None, ""),
            (0, "Z"),
            (2, "+02:00"),
            (-5, "-0500"),
            (5.5, "+05:30"),
        ]
    )
    texts = [d.isoformat(between, spec) + offset for d in dates]
    if shift is not None:
        dates = [d - timedelta(hours=shift) for d in dates]
    return dates, texts, None


def shown(rng, value):
    return rng.choice(
        [repr(value), f"{value:.17e}", f" {value!r}", f"{value:+.17g}"]
    )


def name_of(rng, taken):
    text = re.sub(r"^[\s\ufeff]+", "", "".join(some(rng, SCRAPS, 6)))
    text += str(len(taken))
    return rng.choice([text, nfc(text)])


def table_file(rng):
    """A table's bytes, how to read it, and its dates and values."""
    dates, texts, form = dates_of_a_table(rng, rng.randrange(12, 40))
    columns = {name_of(rng, "d"): texts}
    values = {}
    for k in range(rng.randrange(1, 4)):
        numbers = [
            rng.choice([0, k, -1.5, 1e-7, 123456.789]) for _ in texts
        ]
        name = name_of(rng, "vv" + "v" * k)
        values[name] = numbers
        columns[name] = [shown(rng, n) for n in numbers]
    columns["said"] = ["".join(some(rng, SCRAPS, 4)) for _ in texts]
    order = rng.sample([*columns], len(columns))
    separator, quoting = (
        rng.choice(",;\t|"),
        rng.choice([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    )
    end, file = rng.choice(["\n", "\r\n"]), io.StringIO(newline="")
    writer = csv.writer(
        file, delimiter=separator, quoting=quoting, lineterminator=end
    )
    more = [""] * (not rng.randrange(4))  # a separator that ends each line
    writer.writerow([*order, *more])
    for row in zip(*(columns[name] for name in order), strict=True):
        writer.writerow([*row, *more])
    text = file.getvalue()
    encoding = rng.choice(["utf-8", "utf-8", "utf-8-sig", "utf-16"])
    reading = {
        "date": rng.choice([nfc, str])(next(iter(columns))),
        "value": [rng.choice([nfc, str])(name) for name in values],
        "separator": separator,
        "date_format": form,
    }
    return text.encode(encoding), reading, dates, [*values.values()]


@composed
def test_tables(folder, rng):
    content, reading, dates, values = table_file(rng)
    note(repr((content, reading)))
    path = folder / "a.csv"
    path.write_bytes(content)
    frame = read_table(path, Form(**reading)).frame
    assert frame.index.to_pydatetime().tolist() == dates
    assert frame.to_numpy().T.tolist() == np.array(values, float).tolist()


ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "Asia/Tokyo",
]
ZONES += [
    "America/Sao_Paulo",
    "Africa/Casablanca",
    "UTC",
    "EST",
    "CET",
    "GMT",
]
ZONES += ["America/Argentina/Buenos_Aires", "Asia/Kolkata", "Europe/Dublin"]


def as_handed_in(rng, when):
    """A moment as the exchange, or a service, may write it; None as UTC."""
    kind = rng.choice(["zone", "offset", "plain"])
    zone = UTC
    if kind == "zone":
        zone = ZoneInfo(rng.choice(ZONES))
    elif kind == "offset":
        zone = timezone(timedelta(minutes=15 * rng.randrange(-48, 57)))
    clock = when.replace(tzinfo=UTC).astimezone(zone)
    fraction = rng.choice(["", ".%f"]) if kind != "plain" else ".%f"
    form = rng.choice(
        ["%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y%m%d %H%M%S"]
    )
    text = clock.strftime(form + fraction)
    if kind == "zone":
        ambiguous = clock.utcoffset() != clock.replace(fold=0).utcoffset()
        return (f"{text} {zone.key}", ambiguous)
    if kind == "offset":
        offset = f"{clock:%z}"
        offset = rng.choice([offset, offset[:3] + ":" + offset[3:]])
        return text + rng.choice(["", " "]) + offset, False
    return text + rng.choice(["", "Z", " UTC"]), False


@composed
def test_moments(rng):
    second = rng.randrange(86_400, 7_258_000_000)  # 1970 to 2199
    when = datetime(1970, 1, 1) + timedelta(seconds=second)
    text, ambiguous = as_handed_in(rng, when)
    found = untrusted.parse_moment(text)
    note(f"{text!r} {when} {found}")
    assert found == when or (
        ambiguous and found == when - timedelta(hours=1)
    )


# ------------------------------------------------- texts, pairs, transcripts


def a_cell(rng, least=1):
    """A text without tabs and ends of lines that is not blank."""
    return "".join(
        [*some(rng, SCRAPS, 8), *"xyz"[:least], *some(rng, SCRAPS, 8)]
    )


SIGNS = "".join(
    letter
    for letter in map(chr, range(0x110000))
    if unicodedata.category(letter)[0] == "P" and letter not in "%&@#‰"
)


def without_signs(text):
    """Lower case, one blank between words, no signs beside them."""
    straight = re.sub("[’ʼ＇]", "'", nfc(text.lower()))
    return " ".join(
        filter(None, (w.strip(SIGNS) for w in straight.split()))
    )


def bytes_of(rng, rows):
    """Rows as a file of columns with tabs between; blank lines too."""
    end = rng.choice(["\n", "\r\n", "\r"])
    lines = []
    for row in rows:
        lines += ["\t".join(row), *[""] * (not rng.randrange(6))]
    text = end.join(lines) + rng.choice(["", end])
    return text.encode(rng.choice(["utf-8", "utf-8-sig"]))


def by_csv(content):
    """The cells of such a file, as Python's csv module splits them."""
    text = nfc(content.decode("utf-8-sig"))
    rows = csv.reader(
        io.StringIO(text, newline=""), "excel-tab", quoting=csv.QUOTE_NONE
    )
    return [row for row in rows if any(cell.strip() for cell in row)]


@composed
def test_texts(folder, rng):
    encoding = rng.choice(["utf-8", "utf-8-sig", "utf-16", "utf-32"])
    pieces = some(rng, [*SCRAPS, "\n", "\r\n", "\t", "\ufeff"], 30)
    text = "x" + "".join(pieces)
    path = folder / "a.txt"
    path.write_bytes(text.encode(encoding))
    found = read_text(path)
    text = text.replace("\ufeff", "")  # as where files were joined
    assert found == nfc(text.replace("\r\n", "\n"))
    assert lines_of(found) == nfc(text).replace("\r\n", "\n").split("\n")


@composed
def test_pairs(folder, rng):
    rows = [
        [a_cell(rng), a_cell(rng), *some(rng, ["CC-BY", ""], 2)]
        for _ in range(rng.randrange(1, 8))
    ]
    path = folder / "a.tsv"
    path.write_bytes(content := bytes_of(rng, rows))
    note(repr(content))
    expected = [
        tuple(" ".join(c.split()) for c in r[:2]) for r in by_csv(content)
    ]
    assert read_pairs(path, columns=(1, 2)) == expected


@pytest.fixture(scope="module")
def sounds(folder):
    """A folder of recordings whose names have spaces and accents."""
    from scipy.io import wavfile

    made = folder / "sounds"
    made.mkdir()
    for k, name in enumerate(
        ["a b.wav", "e\u0301.wav", "猫.WAV", "sub/#.wav"]
    ):
        (made / name).parent.mkdir(exist_ok=True)
        wavfile.write(
            made / name, 8_000, np.arange(k, k + 10, dtype=np.int16)
        )
    return made


@composed
def test_transcripts(sounds, rng):
    names = ["a b.wav", "é.wav", "猫.WAV", "sub/#.wav"]
    rows = [
        [
            rng.choice([n, unicodedata.normalize("NFD", n)]),
            a_cell(rng),
            *some(rng, ["ann", "Zoë", ""], 1),
        ]
        for n in rng.sample(names, rng.randrange(1, 5))
    ]
    path = sounds / "transcripts.tsv"
    path.write_bytes(content := bytes_of(rng, rows))
    note(repr(content))
    expected = {}
    for name, words, *speaker in by_csv(content):
        said = without_signs(words)
        expected[name] = said, ("".join(speaker).strip() or name)

    def listen(samples, rate):  # with time for any number of letters
        return np.resize(samples, 1000)

    found = read_folder(sounds, listen)
    assert {
        r.name: (r.text, r.speaker) for r in found.recordings
    } == expected
    assert set(found.left_out) == {*names} - {*expected}


@pytest.fixture(scope="module")
def films(folder):
    made = folder / "films"
    made.mkdir()
    for k, name in enumerate(["a  b.avi", "e\u0301.mp4"]):
        film = np.random.default_rng(k).random((2, 4, 4))
        write_video(made / name, film, zoom=4)
    return made


@composed
def test_captions(films, rng):
    names = ["a b.avi", "é.mp4"]
    rows = [[rng.choice(names), a_cell(rng, 2)] for _ in range(5)]
    path = films / "captions.tsv"
    path.write_bytes(content := bytes_of(rng, rows))
    note(repr(content))
    expected = {name: [] for name in names}
    for name, caption in by_csv(content):
        expected[name].append(without_signs(caption))
    found = read_captions(films, View(2, 4))
    assert found.said == [c for c in expected.values() if c]
