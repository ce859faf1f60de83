"""Words as they are compared: without case and the signs beside them."""

import unicodedata

from rnncore.storage.files import composed

SAID = "%&@#‰"  # signs that are read aloud
APOSTROPHES = str.maketrans(dict.fromkeys("’ʼ＇", "'"))


def plain_words(text: str) -> str:
    """A sentence in lower case, without the signs beside its words.

    Signs are all that Unicode calls punctuation, of any script, but those
    that are read aloud, such as %. Inside a word they stay; a curly
    apostrophe becomes a straight one.
    """
    words = composed(text.lower()).translate(APOSTROPHES).split()
    return " ".join(filter(None, map(_strip_signs, words)))


def _strip_signs(word: str) -> str:
    first, last = 0, len(word)
    while first < last and _is_sign(word[first]):
        first += 1
    while last > first and _is_sign(word[last - 1]):
        last -= 1
    return word[first:last]


def _is_sign(letter: str) -> bool:
    return letter not in SAID and unicodedata.category(letter)[0] == "P"
