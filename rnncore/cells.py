"""The table of cells: whatever compares or names them reads it here."""

from collections.abc import Callable
from typing import NamedTuple

from rnncore.bptt import relu_cell_vjp, rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import relu_cell, rnn_cell
from rnncore.scan import minimal_cell, minimal_cell_vjp
from rnncore.xlstm import slstm_cell, slstm_cell_vjp


class Cell(NamedTuple):
    """A cell, its vjp, and what the loop has to know of them."""

    forward: Callable
    vjp: Callable
    G: int = 1  # gates
    parts: int = 1  # of the state


CELLS = {  # by the class of torch.nn that has it, if any
    "RNN_TANH": Cell(rnn_cell, rnn_cell_vjp),
    "RNN_RELU": Cell(relu_cell, relu_cell_vjp),
    "LSTM": Cell(lstm_cell, lstm_cell_vjp, 4, 2),
    "GRU": Cell(gru_cell, gru_cell_vjp, 3),
    "minimal": Cell(minimal_cell, minimal_cell_vjp, 2),
    "sLSTM": Cell(slstm_cell, slstm_cell_vjp, 4, 4),
}
