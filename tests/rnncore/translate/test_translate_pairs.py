"""Pairs from columns, gettext catalogues and translation memories."""

import pytest

from rnncore.data.translation import Pair
from rnncore.storage.files import Refused
from rnncore.translate.pairs import is_header, read_any_pairs

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
    expected = r"units in en and fr \(--languages\), got de, en"
    with pytest.raises(Refused, match=expected):
        read_any_pairs(path, languages=["en", "fr"])


def test_columns_may_have_another_encoding(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes("café\tcoffee\n".encode("cp1252"))
    expected = [Pair("café", "coffee")]
    assert read_any_pairs(path, encoding="cp1252") == expected
