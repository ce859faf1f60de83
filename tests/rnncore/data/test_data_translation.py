"""Numbers and dates in words, and files of pairs."""

import datetime

import numpy as np
import pytest

from rnncore.data.translation import (
    DAYS,
    FIRST_DAY,
    Pair,
    date_in_words,
    date_pairs,
    draw_numbers,
    number_in_words,
    number_pairs,
    read_pairs,
)


@pytest.mark.parametrize(
    ("n", "language", "words"),
    [
        (0, "en", "zero"),
        (84, "en", "eighty-four"),
        (84, "de", "vierundachtzig"),
        (84, "fr", "quatre-vingt-quatre"),
        (1234, "de", "eintausendzweihundertvierunddreißig"),
        (20015, "en", "twenty thousand and fifteen"),
    ],
)
def test_numbers_in_words(n, language, words):
    assert number_in_words(n, language) == words


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "the twentieth of November, twenty twenty-six"),
        ("de", "der zwanzigste November zweitausendsechsundzwanzig"),
        ("fr", "le vingt novembre deux mille vingt-six"),
    ],
)
def test_dates_in_words(language, words):
    assert date_in_words(datetime.date(2026, 11, 20), language) == words


def test_the_first_of_a_month_is_an_ordinal_in_french():
    day = datetime.date(1984, 3, 1)
    assert date_in_words(day, "fr").startswith("le premier mars mille neuf")


@pytest.mark.slow
def test_no_number_of_a_test_is_seen_in_training():
    found = number_pairs(
        np.random.default_rng(0), "en", "de", 4, train=3000, held_out=400
    )
    parts = [{p.source for p in part} for part in found]
    assert [len(p) for p in parts] == [3000, 400, 400, 400]
    for k, part in enumerate(parts):
        for other in parts[k + 1 :]:
            assert not part & other


def test_zero_stays_in_training():
    for seed in range(8):
        known, *others = draw_numbers(
            np.random.default_rng(seed), 3, train=600, held_out=200
        )
        assert 0 in known
        assert len(known) == 600
        assert [len(part) for part in others] == [200] * 3


@pytest.mark.slow
def test_all_lengths_are_there_and_the_longer_ones_are_longer():
    known = {number_in_words(n, "en"): n for n in range(10_000)}
    tens = {number_in_words(n, "en") for n in range(10, 100)}
    found = number_pairs(
        np.random.default_rng(0), "en", "fr", 4, train=1000, held_out=100
    )
    digits = [len(str(known[p.source])) for p in found.train]
    shares = np.bincount(digits, minlength=6) / len(digits)
    assert shares[3] > 0.3  # of drawn numbers below 10^4 it were 0.09
    assert shares[4] < 0.7
    for pair in found.longer:  # of five digits
        thousands, *rest = pair.source.split(" thousand")
        assert thousands in tens
        assert len(rest) == 1


def test_the_same_seed_draws_the_same_pairs():
    a, b = (
        number_pairs(np.random.default_rng(7), "de", "en", 3, 100, 20)
        for _ in range(2)
    )
    assert a == b
    a, b = (
        date_pairs(np.random.default_rng(7), "de", "en", 50, 10)
        for _ in range(2)
    )
    assert a == b
    assert len(set(a.train) | set(a.validation) | set(a.test)) == 70
    assert a.longer == []


def test_the_days_end_with_the_year_2099():
    last = FIRST_DAY + datetime.timedelta(DAYS - 1)
    assert last == datetime.date(2099, 12, 31)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (dict(source="xx"), "source: expected en, de, fr, got 'xx'"),
        (dict(target="en"), "target: expected another one than 'en'"),
        (dict(digits=0), "digits: expected 1 to 17, got 0"),
        (dict(digits=18), "digits: expected 1 to 17, got 18"),
        (dict(digits=2), "expected 1 to 100 numbers of up to 2 digits"),
    ],
)
def test_numbers_that_cannot_be_drawn_are_refused(change, message):
    args = dict(source="en", target="de", digits=3, train=90, held_out=9)
    with pytest.raises(ValueError, match=message):
        number_pairs(np.random.default_rng(0), **(args | change))
    with pytest.raises(ValueError, match="n: expected at least 0"):
        number_in_words(-1, "en")
    with pytest.raises(ValueError, match="expected 1 to 109573 days"):
        date_pairs(np.random.default_rng(0), "en", "de", DAYS, 1)


def test_a_file_of_pairs(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(
        "\ufeffGood  day\tGuten Tag\r\n"
        "\n"
        'Say "hi"\tSag "Hallo"\n'
        "peace\tשלום\n"
        "Nothing\t \n"
        "naïve\u2028café\télève\n".encode()
    )
    told = []
    assert read_pairs(path, lambda *why: told.append(why)) == [
        Pair("Good day", "Guten Tag"),
        Pair('Say "hi"', 'Sag "Hallo"'),
        Pair("peace", "שלום"),
        Pair("naïve café", "élève"),
    ]
    assert told == [("line 5", "with an empty side")]


def test_which_of_more_columns_are_a_pair_has_to_be_said(tmp_path):
    """A score, an address or a number of a line is no sentence."""
    path = tmp_path / "pairs.tsv"
    path.write_text("1.07\tone\tun\n1.05\ttwo\tdeux\n")
    with pytest.raises(
        ValueError, match=r"line 1: .* got 3 columns.*--col"
    ):
        read_pairs(path)
    wanted = [Pair("one", "un"), Pair("two", "deux")]
    assert read_pairs(path, columns=(2, 3)) == wanted
    with pytest.raises(ValueError, match="line 1: expected 4 columns"):
        read_pairs(path, columns=(2, 4))


def test_a_pair_may_be_long(tmp_path):
    path = tmp_path / "pairs.tsv"
    path.write_text(f"a\t{'b' * 200_000}\n")
    assert [len(p.target) for p in read_pairs(path)] == [200_000]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"a\tb\nno tab here\n", "line 2: expected source, tab, target"),
        (
            b"a\tb\ncaf\xe9\tc\n",
            r"expected text in UTF-8, got byte 0xE9 .* \(line 2\)",
        ),
        (b" \t \n", "nothing but white space"),
        (b"a\t \n", "expected lines of source, tab, target, got none"),
    ],
)
def test_a_file_that_holds_no_pairs_is_refused(tmp_path, content, message):
    path = tmp_path / "pairs.tsv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_pairs(path)
