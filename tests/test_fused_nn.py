"""Modules of any cell, and the compiled loops in torch's graph."""

import copy
import gc
import warnings
import weakref

import fused_cells
import pytest
import torch
from arrays import assert_close

import rnncore.nn
from rnncore import fused

pytest.importorskip("numba")
from rnncore.fused import autograd, cells
from rnncore.fused import module as cell_module

pytestmark = pytest.mark.usefixtures("kept_loops")
PAIRS = [
    pytest.param(cells.lstm, torch.nn.LSTM, {}, id="lstm"),
    pytest.param(cells.gru, torch.nn.GRU, {}, id="gru"),
    pytest.param(
        cells.rnn, torch.nn.RNN, {}, id="rnn", marks=pytest.mark.slow
    ),
    pytest.param(
        cells.relu,
        torch.nn.RNN,
        {"nonlinearity": "relu"},
        id="relu",
        marks=pytest.mark.slow,
    ),
]


def lstm(*sizes, **options):
    """An LSTM in float64, whose loops other tests have compiled."""
    return cell_module.Cell(cells.lstm, *sizes, **options).double()


def numbers(*shape):
    """A tensor of float64, of the seed that the test has set."""
    return torch.randn(*shape, dtype=torch.float64)


def gradients(module, x, hx, d_y):
    x = x.clone().requires_grad_()
    leaves = [s.clone().requires_grad_() for s in hx]
    y, _ = module(x, leaves[0] if len(leaves) == 1 else tuple(leaves))
    y.backward(torch.as_tensor(d_y).to(y).expand_as(y))
    weights = {n: w.grad for n, w in module.named_parameters()}
    return y.detach(), x.grad, [s.grad for s in leaves], weights


@pytest.mark.parametrize(("function", "module", "options"), PAIRS)
def test_a_module_of_torch_s_cells_is_torch_s(function, module, options):
    torch.manual_seed(0)
    more = dict(num_layers=2, bidirectional=True)
    ours = cell_module.Cell(function, 5, 7, **more).double()
    theirs = module(5, 7, **more, **options).double()
    ours.load_state_dict(theirs.state_dict())
    x, d_y = numbers(6, 3, 5), numbers(6, 3, 14)
    hx = numbers(ours.parts, 4, 3, 7).unbind()
    assert_close(gradients(ours, x, hx, d_y), gradients(theirs, x, hx, d_y))


def test_the_printed_loop_gives_the_same(monkeypatch):
    torch.manual_seed(0)
    module = cell_module.Cell(fused_cells.odd, 5, 7).double()
    x, d_y, hx = numbers(6, 3, 5), numbers(6, 3, 7), numbers(2, 1, 3, 7)
    got = gradients(module, x, hx.unbind(), d_y)
    monkeypatch.setattr(cell_module, "_compiled", lambda: None)
    module.zero_grad()
    assert_close(got, gradients(module, x, hx.unbind(), d_y))


def test_weights_of_a_unit_are_parameters(monkeypatch):
    torch.manual_seed(0)
    module = cell_module.Cell(fused_cells.peephole, 5, 7).double()
    monkeypatch.setattr(cell_module, "_compiled", lambda: None)
    found = gradients(module, numbers(6, 3, 5), numbers(2, 1, 3, 7), 1)
    for name in "w_i", "w_f", "w_o":
        assert found[3][f"weight_{name}_l0"].abs().min() > 0


@pytest.mark.slow
def test_weights_of_a_unit_learn_alike_in_both_loops(monkeypatch):
    torch.manual_seed(0)
    module = cell_module.Cell(fused_cells.peephole, 5, 7).double()
    x, hx = numbers(6, 3, 5), numbers(2, 1, 3, 7).unbind()
    got = gradients(module, x, hx, numbers(6, 3, 7) * 0 + 1)
    monkeypatch.setattr(cell_module, "_compiled", lambda: None)
    module.zero_grad()
    assert_close(got, gradients(module, x, hx, numbers(6, 3, 7) * 0 + 1))


def test_packed_sequences_are_those_alone():
    torch.manual_seed(0)
    module = lstm(5, 7, num_layers=2, bidirectional=True)
    x = [numbers(n, 5) for n in (2, 6, 4)]
    packed = torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(module(packed)[0])
    for k, one in enumerate(x):
        assert_close(y[: len(one), k], module(one)[0])


def test_the_bits_do_not_depend_on_torch_s_threads(monkeypatch):
    monkeypatch.setattr("rnncore.fused.loop.SMALL", 0)
    torch.manual_seed(0)
    module, x = lstm(33, 70), numbers(5, 7, 33)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            module.zero_grad()
            hx = torch.zeros(2, 1, 7, 70, dtype=torch.float64).unbind()
            y, d_x, d_state, weights = gradients(
                module, x, hx, x.new_ones(5, 7, 70)
            )
            found.append([y, d_x, *d_state, *weights.values()])
    finally:
        torch.set_num_threads(before)
    for one, two in zip(*found, strict=True):
        assert torch.equal(one, two)  # exact: one order of sums


def test_backward_twice_gives_the_same():
    torch.manual_seed(0)
    module = lstm(5, 7)
    y, _ = module(numbers(6, 3, 5))
    y.sum().backward(retain_graph=True)
    once = [w.grad.clone() for w in module.parameters()]
    y.sum().backward()
    for w, g in zip(module.parameters(), once):
        assert torch.equal(w.grad, 2 * g)


@pytest.mark.parametrize("backward", [True, False])
def test_the_tape_is_freed_without_a_garbage_collector(
    backward, monkeypatch
):
    kept = []
    unroll = autograd.unroll

    def spy(*given, **options):
        result = unroll(*given, **options)
        tape = result[2]
        kept.extend(map(weakref.ref, (*tape.steps[1:], tape.kept)))
        return result

    monkeypatch.setattr(autograd, "unroll", spy)
    module = lstm(5, 7)
    gc.disable()
    try:
        y, state = module(numbers(6, 3, 5))
        loss = y.sum()
        assert all(ref() is not None for ref in kept)
        if backward:  # frees it even while the outputs are held
            loss.backward()
            with pytest.raises(RuntimeError, match="second time"):
                loss.backward()
        else:
            del y, state, loss
        assert len(kept) == 2
        assert all(ref() is None for ref in kept)
    finally:
        gc.enable()


def test_without_gradients_no_tape_is_kept(monkeypatch):
    seen = []
    unroll = autograd.unroll

    def spy(*given, **options):
        result = unroll(*given, **options)
        seen.append(result[2])
        return result

    monkeypatch.setattr(autograd, "unroll", spy)
    module, x = lstm(5, 7), numbers(6, 3, 5)
    with torch.no_grad():
        y, _ = module(x)
    assert seen == [None]
    assert y.grad_fn is None
    assert torch.equal(y, module(x)[0])


def test_an_output_that_was_changed_is_noticed():
    module = lstm(5, 7)
    y, _ = module(numbers(6, 3, 5))
    with torch.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_a_second_derivative_is_refused():
    module = lstm(5, 7)
    y, _ = module(numbers(6, 3, 5))
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(y.sum(), module.weight_hh_l0, create_graph=True)


def test_a_cell_module_can_be_copied_and_keeps_its_weights():
    module = lstm(5, 7, num_layers=2)
    other = copy.deepcopy(module)
    other.load_state_dict(module.state_dict())
    x = numbers(6, 3, 5)
    assert torch.equal(module(x)[0], other(x)[0])


def test_without_numba_it_is_said_once_and_the_printed_loop_runs(
    monkeypatch,
):
    cell_module._compiled.cache_clear()
    monkeypatch.setattr(fused, "available", lambda: False)
    try:
        with pytest.warns(UserWarning, match="numba is not installed"):
            lstm(5, 7)(numbers(6, 3, 5))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lstm(5, 7)(numbers(6, 3, 5))
            rnncore.nn.LSTM(5, 7)(torch.randn(6, 3, 5))
    finally:
        cell_module._compiled.cache_clear()


def test_torch_s_own_modules_run_the_printed_loops(monkeypatch):
    def called():
        raise AssertionError("compiled loops are asked for")

    monkeypatch.setattr(cell_module, "_compiled", called)
    for name in "RNN", "LSTM", "GRU":
        getattr(rnncore.nn, name)(5, 7)(torch.randn(6, 3, 5))
    with pytest.raises(AssertionError, match="are asked for"):
        lstm(5, 7)(numbers(6, 3, 5))
