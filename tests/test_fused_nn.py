"""Modules of any cell, and the fused loops beneath torch's modules."""

import copy
import gc
import weakref

import fused_cells
import pytest
import torch

import rnncore.nn
from rnncore import fused

pytest.importorskip("numba")
from rnncore.fused import autograd


def gradients(module, x, hx, d_y):
    x = x.clone().requires_grad_()
    leaves = [s.clone().requires_grad_() for s in hx]
    y, _ = module(x, leaves[0] if len(leaves) == 1 else tuple(leaves))
    y.backward(d_y)
    weights = {n: w.grad for n, w in module.named_parameters()}
    return y.detach(), x.grad, [s.grad for s in leaves], weights


def test_a_cell_module_of_the_lstm_is_torch_s():
    torch.manual_seed(0)
    options = dict(num_layers=2, bidirectional=True)
    ours = rnncore.nn.Cell(fused_cells.lstm, 5, 7, **options)
    theirs = torch.nn.LSTM(5, 7, **options)
    ours.load_state_dict(theirs.state_dict())
    x, d_y = torch.randn(6, 3, 5), torch.randn(6, 3, 14)
    hx = torch.randn(2, 4, 3, 7).unbind()
    for a, b in zip(
        gradients(ours, x, hx, d_y)[:2], gradients(theirs, x, hx, d_y)[:2]
    ):
        torch.testing.assert_close(a, b, atol=2e-6, rtol=2e-6)


def test_the_printed_loop_gives_the_same(monkeypatch):
    torch.manual_seed(0)
    module = rnncore.nn.Cell(fused_cells.peephole, 5, 7).double()
    x, d_y = torch.randn(2, 6, 3, 5).double().unbind()
    d_y = torch.randn(6, 3, 7).double()
    hx = torch.randn(2, 1, 3, 7).double().unbind()
    got = gradients(module, x, hx, d_y)
    assert {"weight_w_i_l0", "weight_w_f_l0", "weight_w_o_l0"} <= set(
        got[3]
    )
    monkeypatch.setattr(rnncore.nn, "_fused", lambda: None)
    module.zero_grad()
    expected = gradients(module, x, hx, d_y)
    torch.testing.assert_close(got, expected, atol=1e-12, rtol=1e-12)


def test_packed_sequences_and_dropout():
    torch.manual_seed(0)
    module = rnncore.nn.Cell(
        fused_cells.coupled, 5, 7, num_layers=2, bidirectional=True
    )
    x = [torch.randn(n, 5) for n in (2, 6, 4)]
    packed = torch.nn.utils.rnn.pack_sequence(x, enforce_sorted=False)
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(module(packed)[0])
    for k, one in enumerate(x):
        expected, _ = module(one)
        torch.testing.assert_close(y[: len(one), k], expected)


def test_backward_twice_gives_the_same():
    torch.manual_seed(0)
    module = rnncore.nn.LSTM(5, 7)
    y, _ = module(torch.randn(6, 3, 5))
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
    module = rnncore.nn.LSTM(5, 7)
    gc.disable()
    try:
        y, state = module(torch.randn(6, 3, 5))
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
    module, x = rnncore.nn.LSTM(5, 7), torch.randn(6, 3, 5)
    with torch.no_grad():
        y, _ = module(x)
    assert seen == [None]
    assert y.grad_fn is None
    assert torch.equal(y, module(x)[0])


def test_an_output_that_was_changed_is_noticed():
    module = rnncore.nn.LSTM(5, 7)
    y, _ = module(torch.randn(6, 3, 5))
    with torch.no_grad():
        y.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_a_second_derivative_is_refused():
    module = rnncore.nn.GRU(5, 7)
    y, _ = module(torch.randn(6, 3, 5))
    with pytest.raises(RuntimeError, match="no second derivatives"):
        torch.autograd.grad(y.sum(), module.weight_hh_l0, create_graph=True)


def test_a_cell_module_can_be_copied_and_keeps_its_weights():
    module = rnncore.nn.Cell(fused_cells.peephole, 5, 7)
    other = copy.deepcopy(module)
    other.load_state_dict(module.state_dict())
    x = torch.randn(6, 3, 5)
    assert torch.equal(module(x)[0], other(x)[0])


def test_without_numba_it_is_said_once_and_the_printed_loops_run(
    monkeypatch,
):
    rnncore.nn._fused.cache_clear()
    monkeypatch.setattr(fused, "available", lambda: False)
    try:
        with pytest.warns(UserWarning, match="numba is not installed"):
            rnncore.nn.LSTM(5, 7)(torch.randn(6, 3, 5))
        rnncore.nn.LSTM(5, 7)(torch.randn(6, 3, 5))
    finally:
        rnncore.nn._fused.cache_clear()
