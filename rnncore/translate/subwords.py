"""From sentences to numbers and back: sub-words of any script."""

from collections.abc import Iterable
from typing import Any

from rnncore.seq2seq import END, PAD, START

SPECIAL = "<pad>", "<start>", "<end>"  # PAD, START, END
BYTES = 256


class SubWords:
    """Pieces of words, from bytes up: no character is unknown to it.

    Raises ValueError where `form` is not what `as_json` gave.
    Source: Sennrich, Haddow & Birch 2016, over bytes.
    """

    def __init__(self, form: str):
        from tokenizers import Tokenizer

        try:
            self._pieces: Any = Tokenizer.from_str(form)
        except Exception as error:  # the library raises no other kind
            raise ValueError(f"form: no sub-words: {error}") from error
        self._pieces.encode_special_tokens = True  # "<end>" is text too
        found = [self._pieces.token_to_id(name) for name in SPECIAL]
        if found != [PAD, START, END]:
            raise ValueError(
                f"form: expected {SPECIAL} to be 0, 1, 2, got {found}"
            )

    @property
    def size(self) -> int:
        """K: how many pieces there are, PAD, START and END among them."""
        return self._pieces.get_vocab_size()

    def encode(self, sentence: str) -> list[int]:
        """The pieces of a sentence, without START and END."""
        return self._pieces.encode(sentence).ids

    def decode(self, ids: Iterable[int]) -> str:
        """The sentence that these pieces spell."""
        return self._pieces.decode(list(ids))

    def pieces(self, sentence: str) -> list[str]:
        """Each piece as text, for the axis of a picture."""
        return [self.decode([k]) for k in self.encode(sentence)]

    def as_json(self) -> str:
        """All that is needed to make it again."""
        return self._pieces.to_str()


def learn_subwords(sentences: Iterable[str], size: int = 400) -> SubWords:
    """Pieces of words: the commonest pair is merged until there are `size`.

    Raises ValueError where size leaves no room for a piece beside bytes.
    """
    from tokenizers import Tokenizer, decoders, models, trainers
    from tokenizers.pre_tokenizers import ByteLevel

    least = BYTES + len(SPECIAL)
    if size < least:
        raise ValueError(f"size: expected at least {least}, got {size}")
    pieces = Tokenizer(models.BPE())
    pieces.pre_tokenizer = ByteLevel(add_prefix_space=False)
    pieces.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(SPECIAL),
        initial_alphabet=ByteLevel.alphabet(),
        show_progress=False,
    )
    pieces.train_from_iterator(sentences, trainer)
    return SubWords(pieces.to_str())
