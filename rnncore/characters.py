"""A network that reads and writes text, one character at a time."""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from rnncore.backend import (
    Array,
    check_shape,
    from_numpy,
    to_numpy,
)
from rnncore.bptt import bptt, readout_vjp
from rnncore.losses import cross_entropy, cross_entropy_vjp, log_softmax
from rnncore.rnn import (
    Params,
    Readout,
    State,
    init_params,
    init_readout,
    readout,
    unroll,
    zero_state,
)


class Model(NamedTuple):
    """A recurrent layer, and the readout that predicts from its state."""

    cell: Params
    readout: Readout


def init_model(rng: np.random.Generator, K: int, H: int) -> Model:
    """Weights of a plain cell that reads and predicts K characters."""
    return Model(init_params(rng, K, H), init_readout(rng, H, K))


def encode(text: str, alphabet: str) -> np.ndarray:
    """The index of each character in the alphabet.

    Raises ValueError where a character is not in the alphabet.
    """
    place = {character: k for k, character in enumerate(alphabet)}
    unknown = set(text) - place.keys()
    if unknown:
        raise ValueError(f"text: {min(unknown)!r} is not in the alphabet")
    return np.array([place[character] for character in text], dtype=int)


def lanes(ids: np.ndarray, B: int) -> np.ndarray:
    """A long sequence cut into B lanes, side by side.

    What does not fill a last row is left out.

    Raises ValueError where ids is not a vector, or shorter than B.
    """
    check_shape("ids", ids, "T")
    rows = len(ids) // B
    if rows < 1:
        raise ValueError(f"ids: expected at least {B}, got {len(ids)}")
    return ids[: rows * B].reshape(B, rows).T


def one_hot(ids: Array, like: Array) -> Array:
    """Each index as K numbers: a one there and zeros elsewhere.

    Shapes: ids (T, B); like (H, K) -> x (T, B, K)
    """
    K = like.shape[1]
    return from_numpy(np.eye(K)[to_numpy(ids)], like)


def next_character(cell: Callable, cell_vjp: Callable) -> Callable:
    """The `loss_and_gradient` of predicting each next character.

    A batch is (T+1, B) characters: all but the last are read, all but the
    first are to be predicted. What is carried is the state, not its
    gradient: truncated BPTT.
    """

    def loss_and_gradient(
        model: Model, ids: np.ndarray, state: State
    ) -> tuple[Array, Model, State]:
        x = one_hot(ids[:-1], model.cell.W_x)
        targets = from_numpy(to_numpy(ids[1:]), x)
        y, state, tape = unroll(cell, model.cell, x, state)
        loss, cache = cross_entropy(readout(model.readout, y), targets)

        d_logits = cross_entropy_vjp(1.0, cache)
        d_readout, d_y = readout_vjp(d_logits, model.readout, y)
        nothing = zero_state(model.cell, ids.shape[1], len(state))
        d_cell, _, _ = bptt(cell_vjp, model.cell, tape, d_y, nothing)
        return loss, Model(d_cell, d_readout), state

    return loss_and_gradient


def held_out_bits(
    cell: Callable, model: Model, ids: np.ndarray, state: State
) -> float:
    """Bits per character of a text in lanes, read from its first row on."""
    x = one_hot(ids[:-1], model.cell.W_x)
    y, _, _ = unroll(cell, model.cell, x, state)
    logits = readout(model.readout, y)
    targets = from_numpy(to_numpy(ids[1:]), x)
    loss, _ = cross_entropy(logits, targets)
    return float(loss) / math.log(2)


def sample(
    rng: np.random.Generator,
    cell: Callable,
    model: Model,
    state: State,
    prompt: np.ndarray,
    length: int,
    temperature: float = 1.0,
) -> np.ndarray:
    """Characters drawn one by one, each read before the next is drawn.

    Raises ValueError unless the temperature is positive.
    """
    if not temperature > 0:
        raise ValueError(
            f"temperature: expected more than 0, got {temperature}"
        )
    drawn: list[int] = []
    ids = prompt[:, None]
    for _ in range(length):
        x = one_hot(ids, model.cell.W_x)
        y, state, _ = unroll(cell, model.cell, x, state)
        logits = readout(model.readout, y[-1:, ...]) / temperature
        p = np.exp(to_numpy(log_softmax(logits))[0, 0].astype(float))
        drawn.append(int(rng.choice(len(p), p=p / p.sum())))
        ids = np.array([[drawn[-1]]])
    return np.array(drawn, dtype=int)
