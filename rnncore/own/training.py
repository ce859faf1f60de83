"""The reader's network learns: characters of chapter 4, and chorales.

All that runs in the loops is what `install` has put there: the
reader's functions, and the course's for what is not written yet.
"""

import math
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncore import bptt, characters, lstm, rnn
from rnncore.backend import tree_map
from rnncore.characters import Model
from rnncore.data.music import chorales
from rnncore.data.text import python_source
from rnncore.music.score import HOLD, SILENCE, Score, decode, encode
from rnncore.music.split import split
from rnncore.optim import adam
from rnncore.own.tasks import course_function
from rnncore.sequence import bits_per_character, count_ngrams, surprisal
from rnncore.train import History, Schedule, fit

T, B = 32, 32  # steps of a window, lanes
MOST = 4000  # updates, if the time suffices
LANES = 16  # of the held-out part


class Learnt(NamedTuple):
    """A network that was trained, and how well it predicts."""

    model: Model
    alphabet: str
    updates: int
    bits: float  # per held-out character, of the best weights
    untrained: float  # the same of the first weights
    counted: float  # the same of 3-grams, from the same training text
    losses: list[float]  # bits of each update's window

    def is_lost(self) -> bool:
        """Whether counting 3-grams predicts better."""
        return not self.bits < self.counted


class Melodies(NamedTuple):
    """A network that has learnt chorales, and a piece of its own."""

    learnt: Learnt
    piece: Score


def install(functions: dict[str, Callable]) -> None:
    """Put functions in the place of the course's, in all loaded modules.

    It holds for the whole process and cannot be undone in it.
    """
    courses = {id(course_function(name)): name for name in functions}
    for module_name, module in list(sys.modules.items()):
        if module_name.split(".")[0] != "rnncore" or module is None:
            continue
        if module_name.startswith("rnncore.own"):
            continue  # it tells which is whose
        for name, value in list(vars(module).items()):
            if task := courses.get(id(value)):
                setattr(module, name, functions[task])


def learn_characters(seconds: float = 60.0, H: int = 128) -> Learnt:
    """Train a plain network on chapter 4's text for some seconds.

    Raises ValueError unless the seconds are positive.
    """
    source = python_source()
    text, unseen = (
        "".join(part.values()) for part in (source.train, source.held_out)
    )
    alphabet = "".join(sorted(set(text)))
    unseen = "".join(c for c in unseen if c in alphabet)
    rng = np.random.default_rng(0)
    model = characters.init_model(rng, len(alphabet), H)
    cell = rnn.rnn_cell, bptt.rnn_cell_vjp
    ids = [characters.encode(part, alphabet) for part in (text, unseen)]
    learnt = _learn(rng, cell, 1, model, ids[0], ids[1], seconds)
    return learnt._replace(
        alphabet=alphabet, counted=_counted(text, unseen[:50_000])
    )


def learn_chorales(seconds: float = 60.0, H: int = 128) -> Melodies:
    """Train an LSTM on chapter 12's chorales, one voice after the other.

    A frame is four symbols, from soprano to bass; each voice has symbols
    of its own, so that the network knows whose turn it is.

    Raises ValueError unless the seconds are positive.
    """
    parts = split(chorales())
    train, unseen = _tokens(parts.train), _tokens(parts.validation)
    kinds = sorted(set(train))
    place = {token: k for k, token in enumerate(kinds)}
    alphabet = "".join(chr(0x4E00 + k) for k in range(len(kinds)))
    ids = [
        np.array([place[t] for t in tokens if t in place])
        for tokens in (train, unseen)
    ]
    rng = np.random.default_rng(0)
    model = Model(
        rnn.init_params(rng, len(kinds), H, 4),
        rnn.init_readout(rng, H, len(kinds)),
    )
    cell = lstm.lstm_cell, lstm.lstm_cell_vjp
    learnt = _learn(rng, cell, 2, model, ids[0], ids[1], seconds)
    texts = ["".join(alphabet[k] for k in part) for part in ids]
    learnt = learnt._replace(alphabet=alphabet, counted=_counted(*texts))
    return Melodies(learnt, _compose(learnt.model, kinds))


def _learn(
    rng: np.random.Generator,
    cell: tuple,
    parts: int,
    model: Model,
    ids: np.ndarray,
    unseen: np.ndarray,
    seconds: float,
) -> Learnt:
    """Train until the time is over, windows in their order."""
    if not seconds > 0:
        raise ValueError(f"seconds: expected more than 0, got {seconds:g}")
    grid = characters.lanes(ids, B)
    held_out = characters.lanes(unseen[:40_000], LANES)
    windows = (len(grid) - 1) // T
    model = tree_map(np.float32, model)
    start, cold = (rnn.zero_state(model.cell, n, parts) for n in (B, LANES))
    begun = time.monotonic()

    def next_window(rng: np.random.Generator, step: int) -> np.ndarray:
        first = step % windows * T
        return grid[first : first + T + 1]

    def evaluate(model: Model) -> float:
        return characters.held_out_bits(cell[0], model, held_out, cold)

    def is_late(history: History) -> bool:
        return time.monotonic() - begun > seconds

    untrained = evaluate(model)
    result = fit(
        characters.next_character(*cell),
        model,
        next_window,
        optimizer=adam(0.005),
        schedule=Schedule(MOST, clip=1.0, evaluate_every=400, stop=is_late),
        rng=rng,
        carry=start,
        evaluate=evaluate,
    )
    history = result.history
    losses = [loss / math.log(2) for loss in history.loss]
    bits = min(history.score)
    updates = len(losses)
    return Learnt(result.params, "", updates, bits, untrained, 0.0, losses)


def _counted(text: str, unseen: str) -> float:
    """Bits per held-out character of 3-grams of the training text."""
    grams = count_ngrams(text, 3, sorted(set(text)))
    return bits_per_character(surprisal(grams, unseen), len(unseen))


def _tokens(pieces: list[Score]) -> list[tuple[int, int]]:
    """Voice and token of all frames, a voice after the other."""
    return [
        (v, token)
        for piece in pieces
        for frame in encode(piece).tolist()
        for v, token in enumerate(frame)
    ]


def _compose(
    model: Model, kinds: list[tuple[int, int]], frames: int = 64
) -> Score:
    """A piece that the network draws; a voice draws its own symbols.

    A voice that is silent, or has not begun, has nothing to hold.
    """
    rng = np.random.default_rng(1)
    voice = np.array([v for v, _ in kinds])
    token = np.array([t for _, t in kinds])
    state = rnn.zero_state(model.cell, 1, 2)
    x = np.zeros((1, 1, len(kinds)), dtype=np.float32)
    drawn: list[int] = []
    silence = [True] * 4
    for k in range(4 * frames):
        y, state, _ = rnn.unroll(lstm.lstm_cell, model.cell, x, state)
        logits = rnn.readout(model.readout, y)[0, 0].astype(float)
        holds = token == HOLD
        allowed = (voice == k % 4) & ~(holds & silence[k % 4])
        logits = np.where(allowed, logits / 0.8, -np.inf)
        p = np.exp(logits - logits.max())
        chosen = int(rng.choice(len(p), p=p / p.sum()))
        drawn.append(int(token[chosen]))
        if drawn[-1] != HOLD:
            silence[k % 4] = drawn[-1] == SILENCE
        x = np.zeros_like(x)
        x[0, 0, chosen] = 1
    return decode(np.reshape(drawn, (frames, 4)))
