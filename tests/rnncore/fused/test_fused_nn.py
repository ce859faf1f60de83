"""Modules of any cell, and the compiled loops in torch's graph."""

import copy
import gc
import inspect
import textwrap
import warnings
import weakref

import pytest
import torch

import rnncore.nn
from grader.isolation import sandbox
from rnncore import fused
from rnncore.nn import STEPS
from tests.helpers import fused_cells
from tests.helpers.arrays import assert_close

pytestmark = pytest.mark.slow

pytest.importorskip("numba")
from rnncore.fused import autograd, cells, thread_pool

PAIRS = [
    pytest.param(cells.lstm, torch.nn.LSTM, {}, id="lstm"),
    pytest.param(cells.gru, torch.nn.GRU, {}, id="gru"),
    pytest.param(
        cells.rnn, torch.nn.RNN, {}, id="rnn", marks=pytest.mark.weekly
    ),
    pytest.param(
        cells.relu,
        torch.nn.RNN,
        {"nonlinearity": "relu"},
        id="relu",
        marks=pytest.mark.weekly,
    ),
]


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    """Compiled from the second step on, so that tests are short."""
    monkeypatch.setattr(rnncore.nn, "STEPS", 2)


def lstm(*sizes, **options):
    """An LSTM in float64, whose loops other tests have compiled."""
    return rnncore.nn.Cell(cells.lstm, *sizes, **options).double()


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
    ours = rnncore.nn.Cell(function, 5, 7, **more).double()
    theirs = module(5, 7, **more, **options).double()
    ours.load_state_dict(theirs.state_dict())
    x, d_y = numbers(6, 3, 5), numbers(6, 3, 14)
    hx = numbers(ours.parts, 4, 3, 7).unbind()
    assert_close(gradients(ours, x, hx, d_y), gradients(theirs, x, hx, d_y))


def test_the_example_of_its_docstring_runs():
    text = inspect.getdoc(rnncore.nn.Cell)
    example = text.partition("::\n")[2].partition("\nOn a")[0]
    names = {"torch": torch, "Cell": rnncore.nn.Cell}
    exec(textwrap.dedent(example), names)  # noqa: S102
    assert names["y"].shape == (5, 2, 4)
    assert names["h"].shape == (1, 2, 4)


def test_the_printed_loop_gives_the_same():
    torch.manual_seed(0)
    module = rnncore.nn.Cell(fused_cells.odd, 5, 7).double()
    x, d_y, hx = numbers(6, 3, 5), numbers(6, 3, 7), numbers(2, 1, 3, 7)
    got = gradients(module, x, hx.unbind(), d_y)
    module.fused = False
    module.zero_grad()
    assert_close(got, gradients(module, x, hx.unbind(), d_y))


def test_weights_of_a_unit_are_parameters():
    torch.manual_seed(0)
    module = rnncore.nn.Cell(fused_cells.peephole, 5, 7).double()
    module.fused = False
    found = gradients(module, numbers(6, 3, 5), numbers(2, 1, 3, 7), 1)
    for name in "w_i", "w_f", "w_o":
        assert found[3][f"weight_{name}_l0"].abs().min() > 0


def of_input(a, h, ih):
    return a + ih * h, ih


def of_state(a, h, hh):
    return a + hh * h, hh


@pytest.mark.parametrize(
    ("cell", "name"), [(of_input, "ih"), (of_state, "hh")]
)
def test_a_weight_that_torch_has_is_refused(cell, name):
    with pytest.raises(ValueError, match=f"{name}: .* weight_{name}_l0"):
        rnncore.nn.Cell(cell, 3, 4)


def test_a_cell_module_says_which_cell_it_is():
    module = rnncore.nn.Cell(fused_cells.lstm, 3, 4, num_layers=2)
    assert repr(module) == (
        "Cell(lstm, 3, 4, num_layers=2, state=(h, c), weights=(), gates=4)"
    )


def test_a_cell_module_says_what_is_state_and_what_is_a_weight():
    leaky = rnncore.nn.Cell(fused_cells.leaky, 3, 4)
    assert "state=(h), weights=(leak), gates=1" in repr(leaky)
    changed = rnncore.nn.Cell(lambda a, h, rate: (h + a, rate / 2), 3, 4)
    assert "state=(h, rate), weights=(), gates=1" in repr(changed)


def test_gate_k_has_its_rows():
    def second(a, h):
        r, z = a
        return z + 0 * r

    module = rnncore.nn.Cell(second, 3, 4)
    x = torch.randn(1, 1, 3)
    with torch.no_grad():
        rows = module.weight_ih_l0[4:8] @ x[0, 0]
        biases = (module.bias_ih_l0 + module.bias_hh_l0)[4:8]
        assert_close(module(x)[0][0, 0], rows + biases)


@pytest.mark.weekly
def test_weights_of_a_unit_learn_alike_in_both_loops():
    torch.manual_seed(0)
    module = rnncore.nn.Cell(fused_cells.peephole, 5, 7).double()
    x, hx = numbers(6, 3, 5), numbers(2, 1, 3, 7).unbind()
    got = gradients(module, x, hx, numbers(6, 3, 7) * 0 + 1)
    module.fused = False
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
    monkeypatch.setattr("rnncore.fused.thread_pool.SMALL", 0)
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


@pytest.mark.parametrize("name", ["RNN", "GRU", "LSTM"])
@pytest.mark.parametrize("T", [5, 20])
def test_an_output_may_be_changed_in_place_as_torchs(name, T):
    ours = getattr(rnncore.nn, name)(5, 7, num_layers=2)
    x = numbers(T, 3, 5).float().requires_grad_()
    y, _ = ours(x)
    expected = torch.autograd.grad(y.relu().sum(), [x, *ours.parameters()])
    y, _ = ours(x)
    torch.relu_(y)
    found = torch.autograd.grad(
        y.sum(), [x, *ours.parameters()], retain_graph=True
    )
    again = torch.autograd.grad(y.sum(), [x, *ours.parameters()])
    for a, b, c in zip(expected, found, again, strict=True):
        assert_close(a, b)
        assert_close(a, c)
    y, _ = ours(x)
    with torch.no_grad():
        y[0].zero_()  # behind the graph's back, through a view
    found = torch.autograd.grad(y.sum(), [*ours.parameters()])
    expected = torch.autograd.grad(ours(x)[0].sum(), [*ours.parameters()])
    for a, b in zip(expected, found, strict=True):
        assert_close(a, b)


def test_what_a_loop_read_may_not_be_changed():
    module = lstm(5, 7)
    x = numbers(20, 3, 5)
    y, _ = module(x)
    with torch.no_grad():
        x.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


def test_a_cell_of_ones_own_has_second_derivatives():
    def leaky(a, h, rate):
        keep = fused.sigmoid(rate)
        return keep * h + (1 - keep) * fused.tanh(a), rate

    module = rnncore.nn.Cell(leaky, 2, 3).double()
    x = numbers(4, 2, 2).double().requires_grad_()

    def f(x, *weights):
        given = dict(zip(names, weights, strict=True))
        return torch.func.functional_call(module, given, (x,))[0]

    names = [name for name, _ in module.named_parameters()]
    torch.autograd.gradgradcheck(f, (x, *module.parameters()))


def test_a_cell_module_can_be_copied_and_keeps_its_weights():
    module = lstm(5, 7, num_layers=2)
    other = copy.deepcopy(module)
    other.load_state_dict(module.state_dict())
    x = numbers(6, 3, 5)
    assert torch.equal(module(x)[0], other(x)[0])


def with_peephole(**options):
    torch.manual_seed(0)
    return rnncore.nn.Cell(fused_cells.peephole, 5, 7, **options).double()


@pytest.mark.parametrize("way", ["compiled", "printed"])
def test_a_weight_of_a_unit_in_another_dtype_is_refused(way):
    module = with_peephole()
    module.fused = way == "compiled"
    module.weight_w_f_l0.data = module.weight_w_f_l0.data.float()
    with pytest.raises(ValueError, match=r"expected torch\.float64 on cpu"):
        module(numbers(6, 3, 5))


def test_a_cell_of_an_empty_batch_has_gradients_of_zero():
    module = with_peephole(num_layers=2)
    y, state = module(numbers(6, 0, 5))
    assert y.shape == (6, 0, 7)
    assert [s.shape for s in state] == [(2, 0, 7)] * 2
    y.sum().backward()
    for w in module.parameters():
        assert not w.grad.any()
    with pytest.raises(ValueError, match="every size at least 1"):
        module(numbers(0, 3, 5))


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.float32])
def test_an_input_of_another_dtype_is_refused(dtype):
    with pytest.raises(ValueError, match=r"input: expected torch\.float64"):
        lstm(5, 7)(torch.ones(6, 3, 5, dtype=dtype))


def test_a_state_of_another_number_of_parts_is_refused():
    module = with_peephole()
    for hx in (numbers(1, 3, 7), tuple(numbers(3, 1, 3, 7))):
        with pytest.raises(ValueError, match=r"hx: expected 2 part\(s\)"):
            module(numbers(6, 3, 5), hx)


def test_what_asks_for_no_gradient_gets_none():
    module, x = lstm(5, 7), numbers(6, 3, 5)
    module.weight_hh_l0.requires_grad_(False)
    module(x)[0].sum().backward()
    assert module.weight_hh_l0.grad is None
    assert x.grad is None
    assert module.weight_ih_l0.grad.abs().min() > 0


@pytest.fixture
def calls(monkeypatch):
    """How often each kind of loop has run."""
    found = {"fused": 0, "printed": 0}
    for kind, module in (("fused", autograd), ("printed", rnncore.nn)):
        unroll = module.unroll

        def spy(*given, kind=kind, unroll=unroll, **options):
            found[kind] += 1
            return unroll(*given, **options)

        monkeypatch.setattr(module, "unroll", spy)
    return found


def test_without_numba_it_is_said_once_and_the_printed_loop_runs(
    monkeypatch, calls
):
    rnncore.nn._compiles.cache_clear()
    monkeypatch.setattr(fused, "available", lambda: False)
    try:
        with pytest.warns(UserWarning, match="numba is not installed"):
            lstm(5, 7)(numbers(6, 3, 5))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lstm(5, 7)(numbers(6, 3, 5))
            rnncore.nn.LSTM(5, 7)(torch.randn(6, 3, 5))
    finally:
        rnncore.nn._compiles.cache_clear()
    assert calls == {"fused": 0, "printed": 3}


@pytest.mark.parametrize(
    ("T", "B", "D", "way"),
    [
        (7, 9, 5, "printed"),  # few steps
        (8, 1, 5, "fused"),
        (8, 1, 57, "fused"),
        (8, 1, 58, "printed"),  # few rows: 8 * 8 < 58 + 7
        (8, 2, 58, "fused"),
    ],
)
def test_the_compiled_loop_runs_where_it_pays_for_packing(
    T, B, D, way, calls, monkeypatch
):
    monkeypatch.setattr(rnncore.nn, "STEPS", STEPS)
    lstm(D, 7)(numbers(T, B, D))
    assert calls == {"fused": 0, "printed": 0} | {way: 1}


def test_where_learners_code_is_graded_nothing_is_compiled(
    monkeypatch, calls
):
    env = sandbox.make_environment("/tmp")
    monkeypatch.setenv("RNNCORE_LOOPS", env["RNNCORE_LOOPS"])
    rnncore.nn._compiles.cache_clear()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            lstm(5, 7)(numbers(8, 3, 5))
    finally:
        rnncore.nn._compiles.cache_clear()
    assert calls == {"fused": 0, "printed": 1}


NETWORKS = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu"}),
    ("LSTM", {}),
    ("GRU", {}),
]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize(("name", "options"), NETWORKS)
def test_torchs_networks_run_the_compiled_loops(
    name, options, dtype, calls
):
    torch.manual_seed(0)
    module = getattr(rnncore.nn, name)(5, 7, **options, dtype=dtype)
    x = torch.randn(6, 3, 5, dtype=dtype)
    found = []
    for way in True, False:
        module.fused = way
        module.zero_grad()
        y, _ = module(x)
        y.square().sum().backward()
        found.append([y, *(w.grad for w in module.parameters())])
    assert calls == {"fused": 1, "printed": 1}
    assert_close(*found, terms=8, scale=1.0)


def one(dtype=torch.float64, **kind):
    """A network of any dtype, and an input for it."""
    torch.manual_seed(0)
    module = rnncore.nn.LSTM(5, 7, dtype=dtype, **kind)
    return module, torch.randn(6, 3, 5).to(dtype=dtype, **kind)


class Own(torch.Tensor):
    """A tensor with a class of its own, as libraries make them."""


def of_one_step():
    module, x = one()
    module(x[:1])


def in_bfloat16():
    module, x = one(torch.bfloat16)
    module(x)


def under_autocast():
    module, x = one(torch.float32)
    with torch.autocast("cpu", torch.bfloat16):
        module(x)


def on_meta():
    module, x = one(device="meta")
    module(x)


def of_a_subclass():
    module, x = one()
    module(x.as_subclass(Own))


def under_vmap():
    module, x = one()

    def gradient(x):
        return torch.func.grad(lambda x: module(x)[0].sum())(x)

    torch.func.vmap(gradient, 1)(x)


def under_grad():
    module, x = one()
    torch.func.grad(lambda x: module(x)[0].sum())(x)


def as_dual():
    module, x = one()
    with torch.autograd.forward_ad.dual_level():
        y, _ = module(torch.autograd.forward_ad.make_dual(x, x))
        _, found = torch.autograd.forward_ad.unpack_dual(y)
    _, expected = torch.func.jvp(lambda x: module(x)[0], (x,), (x,))
    assert_close(found, expected)


def as_trace():
    module, x = one()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.trace(module, x, check_trace=False)


def exported():
    module, x = one()
    torch.export.export(module, (x,))


@pytest.mark.parametrize(
    "call",
    [
        of_one_step,
        in_bfloat16,
        under_autocast,
        on_meta,
        of_a_subclass,
        under_vmap,
        under_grad,
        as_dual,
        as_trace,
        exported,
    ],
)
def test_what_the_compiled_loops_cannot_take_runs_the_printed_one(
    call, calls
):
    call()
    assert calls["fused"] == 0
    assert calls["printed"] > 0


def test_torch_compile_runs_the_compiled_loops_beside_its_graph(calls):
    module, x = one()
    torch.compiler.reset()
    fast = torch.compile(module, backend="eager")
    assert torch.equal(fast(x)[0], module(x)[0])
    assert calls == {"fused": 2, "printed": 0}


def test_deterministic_algorithms_are_what_runs_anyway(calls):
    module, x = one(torch.float32)
    found = []
    for flag in False, True:
        torch.use_deterministic_algorithms(flag)
        try:
            module.zero_grad()
            module(x)[0].sum().backward()
        finally:
            torch.use_deterministic_algorithms(False)
        found.append([w.grad for w in module.parameters()])
    assert calls == {"fused": 2, "printed": 0}
    for a, b in zip(*found, strict=True):
        assert torch.equal(a, b)  # exact: one order of sums


class Lengths(torch.utils.data.Dataset):
    """What a loader's process sees: its threads, and a network's output."""

    def __init__(self, module, x):
        self.module, self.x = module, x

    def __len__(self):
        return 2

    def __getitem__(self, k):
        with torch.no_grad():
            return thread_pool.threads(), self.module(self.x)[0]


def test_a_data_loaders_processes_use_one_thread_each():
    module, x = one()
    expected = module(x)[0].detach()  # threads have run before the fork
    loader = torch.utils.data.DataLoader(
        Lengths(module, x),
        num_workers=2,
        batch_size=None,
        multiprocessing_context="fork",
    )
    for threads, y in loader:
        assert threads == 1
        assert torch.equal(y, expected)  # exact: one order of sums
