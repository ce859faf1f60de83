"""Looking for a quantity in a hidden state, and taking it out again."""

import copy
import io
import tokenize
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from rnncore.application import evaluating
from rnncore.backend import check_shape, to_numpy
from rnncore.text.model import LanguageModel


def bracket_depth(source: str) -> np.ndarray:
    """How many brackets are open after each character of Python source.

    Brackets in strings and comments do not count.

    Raises ValueError where Python's tokeniser does not get to the end.
    """
    starts = np.cumsum([0, *map(len, source.splitlines(keepends=True))])
    change = np.zeros(len(source), dtype=int)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.OP and token.string in "([{)]}":
                line, column = token.start
                step = 1 if token.string in "([{" else -1
                change[starts[line - 1] + column] = step
    except (tokenize.TokenError, SyntaxError) as error:
        raise ValueError(f"source: {error}") from error
    return np.cumsum(change)


def hidden_states(
    model: LanguageModel, ids: np.ndarray, window: int = 256
) -> np.ndarray:
    """The last layer's hidden states while the model reads a text.

    Shapes: ids (T,) -> h (T, H)
    """
    check_shape("ids", ids, "T")
    state = model.zero_state(1)
    found = []
    with evaluating(model), torch.no_grad():
        for t in range(0, len(ids), window):
            tokens = torch.as_tensor(ids[t : t + window, None])
            y, state = model.hidden(tokens, state)
            found.append(to_numpy(y[:, 0]))
    return np.concatenate(found)


def ablated(
    model: LanguageModel, units: Sequence[int], values: np.ndarray
) -> LanguageModel:
    """A copy in which constants replace these units of the last layer.

    Everything that read such a unit (the layer itself at its next step,
    and the readout) reads its constant instead. Only weights change: the
    unit's column becomes zero, and what the constant would have
    contributed is added to the bias. The tied table is untied in the
    copy, because the embedding must stay as it is.

    Raises ValueError unless there is one value per unit.
    """
    check_shape("values", values, len(units))
    copied = copy.deepcopy(model)
    copied.readout.weight = torch.nn.Parameter(
        copied.readout.weight.detach().clone()
    )
    layer: Any = copied.layers[-1]
    constant = torch.as_tensor(values).to(layer.weight_hh_l0)
    with torch.no_grad():
        for W, b in (
            (layer.weight_hh_l0, layer.bias_hh_l0),
            (copied.readout.weight, copied.readout.bias),
        ):
            b += W[:, list(units)] @ constant
            W[:, list(units)] = 0
    return copied.eval()
