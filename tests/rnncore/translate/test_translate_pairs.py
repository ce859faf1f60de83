"""Pairs from columns, gettext catalogues and translation memories."""

import pytest

from rnncore.apps.translate.pairs import is_header, read_any_pairs
from rnncore.data.translation import Pair
from rnncore.storage.files import Refused

PO = r"""
msgid ""
msgstr "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"

msgid "Open file"
msgstr "Datei öffnen"

#, fuzzy
msgid "Close"
msgstr "Zu"

msgid "Save"
msgstr ""

msgid "%d page"
msgid_plural "%d pages"
msgstr[0] "%d Seite"
msgstr[1] "%d Seiten"

#~ msgid "old"
#~ msgstr "alt"
"""
TMX = """<?xml version="1.0"?>
<!DOCTYPE tmx SYSTEM "tmx14.dtd">
<tmx version="1.4"><header srclang="en"/><body>
<tu><tuv xml:lang="en-US"><seg>Press <bpt i="1">&lt;b&gt;</bpt>Start<ept
i="1">&lt;/b&gt;</ept> now.</seg></tuv>
<tuv xml:lang="de"><seg>Jetzt <hi>Start</hi> drücken.</seg></tuv></tu>
<tu><tuv xml:lang="en"><seg>Stop</seg></tuv></tu>{more}
</body></tmx>"""


def write(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, "utf-8")
    return path


def test_a_catalogue_gives_what_is_translated(tmp_path):
    told = []
    pairs = read_any_pairs(write(tmp_path, "a.po", PO), told.append)
    assert pairs == [
        Pair("Open file", "Datei öffnen"),
        Pair("%d page", "%d Seite"),
        Pair("%d pages", "%d Seiten"),
    ]
    assert [line.rpartition(": ")[2] for line in told] == [
        "fuzzy",
        "not translated",
    ]


def test_a_translation_memory_gives_words_without_codes(tmp_path):
    told = []
    path = write(tmp_path, "a.tmx", TMX.format(more=""))
    assert read_any_pairs(path, told.append) == [
        Pair("Press Start now.", "Jetzt Start drücken.")
    ]
    assert "--languages" in told[0]
    assert "unit 2: expected 'en' and 'de'" in told[1]
    back = read_any_pairs(path, languages=["de", "en"])
    assert back == [Pair("Jetzt Start drücken.", "Press Start now.")]


def test_a_third_language_has_to_be_named(tmp_path):
    more = "<tu><tuv xml:lang='fr'><seg>Arrêt</seg></tuv></tu>"
    path = write(tmp_path, "a.tmx", TMX.format(more=more))
    with pytest.raises(Refused, match=r"got de, en, fr: .*--languages"):
        read_any_pairs(path)
    assert len(read_any_pairs(path, languages=["en", "de"])) == 1


BOMB = """<!DOCTYPE tmx [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;">]>
<tmx><tu><tuv lang="en"><seg>&b;</seg></tuv></tu></tmx>"""


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.tmx", BOMB), ("a.tmx", "<tmx>"), ("a.tmx", "<tmx/>"),
     ("a.po", "no catalogue"), ("a.po", 'msgid "a'), ("a.po", "msgid")],
)  # fmt: skip
def test_what_is_none_of_these_is_refused_by_name(tmp_path, name, text):
    with pytest.raises(Refused, match=name.replace(".", r"\.")):
        read_any_pairs(write(tmp_path, name, text))


def test_a_header_is_told_apart(tmp_path):
    path = write(tmp_path, "a.tsv", "english\tgerman\nhello\thallo\n")
    told = []
    assert read_any_pairs(path, told.append) == [Pair("hello", "hallo")]
    assert "line 1: a header" in told[0]
    assert len(read_any_pairs(path, header="no")) == 2
    words = write(tmp_path, "b.tsv", "yes\tja\nno\tnein\n")
    assert len(read_any_pairs(words)) == 2
    assert read_any_pairs(words, header="yes") == [Pair("no", "nein")]


@pytest.mark.parametrize(
    ("sides", "expected"),
    [
        (("English", "Deutsch"), True),
        (("en", "de"), True),
        (("source", "target"), True),
        (("French", "the French"), False),
        (("text", "text"), False),
        (("hello", "hallo"), False),
    ],
)
def test_names_of_languages_and_columns_make_a_header(sides, expected):
    assert is_header(Pair(*sides)) is expected


def test_languages_that_a_memory_lacks_are_told(tmp_path):
    path = write(tmp_path, "a.tmx", TMX.format(more=""))
    expected = r"units in en and fr \(--languages\), got de, en, en-us"
    with pytest.raises(Refused, match=expected):
        read_any_pairs(path, languages=["en", "fr"])


def test_columns_may_have_another_encoding(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes("café\tcoffee\n".encode("cp1252"))
    expected = [Pair("café", "coffee")]
    assert read_any_pairs(path, encoding="cp1252") == expected


def unit(**said):
    """A unit of a translation memory; en_US is en-US."""
    inner = "".join(
        f'<tuv xml:lang="{code.replace("_", "-")}"><seg>{text}</seg></tuv>'
        for code, text in said.items()
    )
    return f"<tu>{inner}</tu>"


def memory(tmp_path, *units):
    text = (
        f"<tmx version='1.4'><header/><body>{''.join(units)}</body></tmx>"
    )
    return write(tmp_path, "m.tmx", text)


def test_countries_and_scripts_tell_languages_apart(tmp_path):
    path = memory(tmp_path, unit(pt_PT="autocarro", pt_BR="ônibus"))
    expected = [Pair("autocarro", "ônibus")]
    assert read_any_pairs(path) == expected
    assert read_any_pairs(path, languages=["pt-PT", "pt_br"]) == expected
    back = read_any_pairs(path, languages=["pt-BR", "pt-PT"])
    assert back == [Pair("ônibus", "autocarro")]
    path = memory(tmp_path, unit(zh_Hans="网络", zh_Hant="網絡"))
    assert read_any_pairs(path, languages=["zh-Hant", "zh-Hans"]) == [
        Pair("網絡", "网络")
    ]


def test_the_named_country_is_read_and_no_other(tmp_path):
    both = unit(en_US="bus", pt_BR="ônibus", pt_PT="autocarro")
    path = memory(tmp_path, both, unit(en_US="train", pt_BR="trem"))
    told = []
    found = read_any_pairs(path, told.append, languages=["en", "pt-PT"])
    assert found == [Pair("bus", "autocarro")]
    assert "unit 2: expected 'en' and 'pt-pt'" in told[0]
    with pytest.raises(Refused, match="pt may be pt-br or pt-pt"):
        read_any_pairs(path, languages=["en", "pt"])


def test_one_language_twice_is_refused(tmp_path):
    path = memory(tmp_path, unit(en="a", de="b"))
    with pytest.raises(Refused, match="expected two, got 'en' twice"):
        read_any_pairs(path, languages=["en", "EN"])
    with pytest.raises(Refused, match="both languages are 'en'"):
        read_any_pairs(path, languages=["en", "en-US"])


def test_a_language_with_and_without_country_is_one(tmp_path):
    path = memory(
        tmp_path, unit(en_US="a", de="b"), unit(en="c", de_AT="d")
    )
    assert read_any_pairs(path) == [Pair("a", "b"), Pair("c", "d")]


ROWS = [(k, f"house {k}", 10 + k, f"Haus {k}") for k in range(30)]


def rows(*columns, first=""):
    """Rows with these columns of ROWS, or with a text in each."""
    return first + "".join(
        "\t".join(str(row[c]) if isinstance(c, int) else c for c in columns)
        + "\n"
        for row in ROWS
    )


def test_numbers_and_codes_beside_sentences_are_no_sentences(tmp_path):
    path = write(tmp_path, "a.tsv", rows(0, 1, 2, 3))
    with pytest.raises(Refused, match=r"expected --columns 2 4"):
        read_any_pairs(path)
    pairs = read_any_pairs(path, columns=[2, 4])
    assert pairs[1] == Pair("house 1", "Haus 1")
    assert read_any_pairs(path, columns=[4, 2])[1] == Pair(
        "Haus 1", "house 1"
    )
    assert read_any_pairs(path, columns=[1, 2])[1] == Pair("1", "house 1")
    path = write(tmp_path, "b.tsv", rows(0, 1, 3, first="id\ten\tde\n"))
    with pytest.raises(Refused, match=r"expected --columns 2 3"):
        read_any_pairs(path)
    assert read_any_pairs(path, columns=[2, 3])[0] == Pair(
        "house 0", "Haus 0"
    )
    path = write(tmp_path, "c.tsv", rows(0, "eng", 1))
    with pytest.raises(Refused, match=r"\(3 may be\)"):
        read_any_pairs(path)
    with pytest.raises(Refused, match="line 1: expected 4 columns"):
        read_any_pairs(path, columns=[2, 4])


def test_what_else_has_columns_is_read_as_before(tmp_path):
    """Two columns, one of numbers; authors in a third."""
    path = write(tmp_path, "a.tsv", rows(0, 3))
    assert read_any_pairs(path)[2] == Pair("2", "Haus 2")
    path = write(tmp_path, "b.tsv", rows(1, 3, "CC-BY"))
    assert read_any_pairs(path)[2] == Pair("house 2", "Haus 2")


def test_a_template_s_placeholder_is_no_encoding(tmp_path):
    path = tmp_path / "a.po"
    header = (
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=CHARSET\\n"\n'
    )
    path.write_text(
        f'{header}\nmsgid "café"\nmsgstr "Kaffee, süß"\n', "utf-8"
    )
    assert read_any_pairs(path) == [Pair("café", "Kaffee, süß")]
    path.write_text(f'{header}\nmsgid "café"\nmsgstr "süß"\n', "cp1252")
    with pytest.raises(Refused, match="no gettext catalogue"):
        read_any_pairs(path)
