"""The modules beside torch.nn's own, which say what is right."""

import copy
import gc
import pickle
import warnings
import weakref

import pytest
import torch
from torch.nn.utils.rnn import (
    PackedSequence,
    pack_padded_sequence,
    pack_sequence,
    pad_packed_sequence,
)

import rnncore.nn
from rnncore.backend import named_leaves
from tests.helpers.arrays import assert_close

NAMES = ["RNN", "LSTM", "GRU"]
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]
D, H = 4, 6
OPTIONS = {
    "plain": {},
    "layers": {"num_layers": 3},
    "bidirectional": {"bidirectional": True},
    "all": {
        "num_layers": 2,
        "bidirectional": True,
        "bias": False,
        "batch_first": True,
        "dropout": 0.4,
    },
}


@pytest.fixture(autouse=True)
def _alike(monkeypatch):
    """The same draws in each test, and full float32 products on a GPU."""
    torch.manual_seed(0)
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


@pytest.fixture(
    autouse=True,
    params=[pytest.param("compiled", marks=pytest.mark.slow), "printed"],
)
def loop(request, monkeypatch):
    """Each test is of both loops."""
    monkeypatch.setattr(rnncore.nn, "STEPS", 2)
    monkeypatch.setattr(
        rnncore.nn.Recurrent, "fused", request.param == "compiled"
    )
    if request.param == "compiled":
        pytest.importorskip("numba")
    return request.param


@pytest.fixture(params=DEVICES)
def device(request):
    return request.param


def pair(name, dtype=torch.float64, device="cpu", **options):
    """torch.nn's module and ours, with the same weights."""
    kind = {"dtype": dtype, "device": device}
    theirs = getattr(torch.nn, name)(D, H, **options, **kind)
    ours = getattr(rnncore.nn, name)(D, H, **options, **kind)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


def start(module, *B):
    """A random first state in the form that a module takes."""
    L = module.num_layers * (2 if module.bidirectional else 1)
    like = module.weight_hh_l0
    widths = [module.proj_size or H, H][: 2 if module.mode == "LSTM" else 1]
    parts = [
        torch.randn(L, *B, width, dtype=like.dtype, device=like.device)
        for width in widths
    ]
    return tuple(parts) if len(parts) == 2 else parts[0]


def leaves(state):
    return state if isinstance(state, tuple) else (state,)


def both_ways(module, x, state):
    """Output, last state, and the gradients of everything.

    The loss weighs every entry differently, so that no two entries can be
    exchanged; torch's dropout draws the same mask for both modules.
    """
    packed = isinstance(x, PackedSequence)
    data = (x.data if packed else x).detach().clone().requires_grad_()
    given = [s.detach().clone().requires_grad_() for s in leaves(state)]
    hx = tuple(given) if len(given) == 2 else given[0]
    torch.manual_seed(1)
    module.zero_grad()
    y, last = module(x._replace(data=data) if packed else data, hx)
    rows = y.data if packed else y
    out = [rows, *leaves(last)]
    loss = sum(
        (a * torch.linspace(1, 2, a.numel()).to(a).reshape(a.shape)).sum()
        for a in out
    )
    loss.backward()
    found = {f"out{k}": a.detach() for k, a in enumerate(out)}
    found |= {"d_x": data.grad}
    found |= {f"d_hx{k}": s.grad for k, s in enumerate(given)}
    return found | {f"d_{k}": w.grad for k, w in module.named_parameters()}


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_torchs(name, options, device):
    theirs, ours = pair(name, device=device, **options)
    for T, B in ((5, 3), (1, 1), (2, 4)):
        size = (B, T) if ours.batch_first else (T, B)
        x = torch.randn(*size, D, dtype=torch.float64, device=device)
        state = start(ours, B)
        if device == "cuda":  # another order of draws
            ours.dropout = theirs.dropout = 0.0
        assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))


@pytest.mark.parametrize("name", NAMES)
def test_evaluation_has_gradients_and_no_dropout(name, device):
    options = {"num_layers": 2, "device": device}
    (plain, _), (_, ours) = (
        pair(name, **options),
        pair(name, dropout=0.9, **options),
    )
    ours.load_state_dict(plain.state_dict())
    x = torch.randn(5, 3, D, dtype=torch.float64, device=device)
    state = start(ours, 3)
    assert_close(
        both_ways(ours.eval(), x, state), both_ways(plain, x, state)
    )


@pytest.mark.parametrize("name", NAMES)
def test_the_call_for_a_gpu_has_torchs_numbers_and_its_dropout(name):
    theirs, ours = pair(name, num_layers=2, bidirectional=True)
    x, state = torch.randn(5, 3, D, dtype=torch.float64), start(ours, 3)
    rows = x.flatten(0, 1)
    expected, _ = theirs(x, state)
    for runs in [(5, 3)], [(3, 3), (2, 3)]:
        y, _ = ours.by_cudnn(rows, runs, leaves(state))
        assert_close(y.unflatten(0, (5, 3)), expected)
    ours.dropout = 0.5
    with torch.no_grad():
        first, again = (
            ours.by_cudnn(rows, [(5, 3)], leaves(state))[0]
            for _ in range(2)
        )
    assert not torch.equal(first, again)


def test_a_cell_of_ones_own_runs_where_its_weights_are(device):
    kind = {"dtype": torch.float64, "device": device}
    plain = rnncore.nn.RNN(D, H, **kind)
    own = rnncore.nn.Cell(rnncore.nn.EQUATIONS["RNN_RELU"], D, H, **kind)
    own.load_state_dict(plain.state_dict())
    x = torch.randn(9, 3, D, **kind)
    expected = rnncore.nn.RNN(D, H, nonlinearity="relu", **kind)
    expected.load_state_dict(plain.state_dict())
    assert_close(own(x), expected(x))
    assert (own(x)[0] >= 0).all()


@pytest.mark.skipif("cuda" not in DEVICES, reason="needs a GPU")
@pytest.mark.parametrize("name", NAMES)
def test_a_gpu_runs_torchs_loop_unless_the_printed_is_asked_for(name):
    _, ours = pair(name, device="cuda")
    x = torch.randn(50, 3, D, dtype=torch.float64, device="cuda")
    with torch.profiler.profile() as profile:
        ours(x)
    calls = {event.name for event in profile.events()}
    assert ("aten::_cudnn_rnn" in calls) == ours.fused
    assert ("aten::tanh" in calls) != ours.fused


def test_relu_is_torchs(device):
    theirs, ours = pair(
        "RNN", device=device, nonlinearity="relu", num_layers=2
    )
    x = torch.randn(5, 3, D, dtype=torch.float64, device=device)
    state = start(ours, 3)
    assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_one_sequence_needs_no_batch(name, options, device):
    theirs, ours = pair(name, device=device, **options)
    x = torch.randn(5, D, dtype=torch.float64, device=device)
    state = start(ours)
    if device == "cuda":  # another order of draws
        ours.dropout = theirs.dropout = 0.0
    assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))


LENGTHS = {
    "sorted": ([5, 4, 4, 1], True),
    "unsorted": ([2, 5, 1, 5, 3], False),
    "equal": ([4, 4], True),
    "alone": ([3], True),
    "one step": ([1, 1, 1], False),
}


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_packed_sequences_are_torchs(name, options, lengths, device):
    lengths, in_order = lengths
    theirs, ours = pair(name, device=device, **options)
    kind = {"dtype": torch.float64, "device": device}
    x = pack_sequence(
        [torch.randn(n, D, **kind) for n in lengths],
        enforce_sorted=in_order,
    )
    state = start(ours, len(lengths))
    if device == "cuda":  # another order of draws
        ours.dropout = theirs.dropout = 0.0
    assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))


@pytest.mark.parametrize("name", NAMES)
def test_a_packed_batch_gives_what_each_sequence_gives_alone(name):
    _, ours = pair(name, num_layers=2, bidirectional=True)
    lengths = [2, 5, 3]
    x = torch.randn(5, 3, D, dtype=torch.float64)
    packed = pack_padded_sequence(x, lengths, enforce_sorted=False)
    y, state = ours(packed)
    padded, sizes = pad_packed_sequence(y)
    assert sizes.tolist() == lengths
    for k, n in enumerate(lengths):
        alone, last = ours(x[:n, k])
        assert_close(padded[:n, k], alone)
        for a, b in zip(leaves(state), leaves(last)):
            assert_close(a[:, k], b)


@pytest.mark.parametrize("name", NAMES)
def test_without_a_state_it_starts_at_zero(name):
    _, ours = pair(name, num_layers=2)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    zero = start(ours, 3)
    zero = tuple(s * 0 for s in zero) if name == "LSTM" else zero * 0
    y, last = ours(x)
    expected, last_expected = ours(x, zero)
    assert_close((y, last), (expected, last_expected))


def test_a_step_worked_out_by_hand():
    module = rnncore.nn.RNN(1, 1, nonlinearity="relu")
    for weight, value in zip(module.parameters(), (2.0, 0.5, 1.0, -0.5)):
        torch.nn.init.constant_(weight, value)
    x = torch.tensor([[[3.0]], [[1.0]]], requires_grad=True)
    y, h = module(x)  # 2*3 + 1 - 0.5, then 2*1 + 0.5*6.5 + 1 - 0.5
    assert y.flatten().tolist() == [6.5, 5.75]  # exact: quarters
    assert h.item() == 5.75  # exact: quarters
    h.backward()
    assert x.grad.flatten().tolist() == [1.0, 2.0]
    assert module.weight_hh_l0.grad.item() == 6.5


@pytest.mark.parametrize("name", NAMES)
def test_float32_is_torchs(name, device):
    theirs, ours = pair(
        name, dtype=torch.float32, device=device, num_layers=2
    )
    x = torch.randn(9, 3, D, device=device)
    state = start(ours, 3)
    assert_close(
        both_ways(ours, x, state),
        both_ways(theirs, x, state),
        amplified=4.0 if device == "cuda" else 1.0,  # cuDNN's own tanh
    )


@pytest.mark.parametrize("name", NAMES)
def test_autocast_computes_in_bfloat16_and_keeps_weights_in_float32(
    name, device
):
    _, ours = pair(name, dtype=torch.float32, device=device, num_layers=2)
    x, state = torch.randn(9, 3, D, device=device), start(ours, 3)
    exact = both_ways(ours, x, state)
    with torch.autocast(device, dtype=torch.bfloat16):
        rounded = both_ways(ours, x, state)
    kept = name == "GRU" and device == "cpu"  # as torch.nn.GRU does there
    by_cudnn = ours.fused and device == "cuda"  # which has but one half
    half = torch.float16 if by_cudnn else torch.bfloat16
    dtype = torch.float32 if kept else half
    assert rounded["out0"].dtype == rounded["out1"].dtype == dtype
    for key, a in rounded.items():
        if key.startswith("d_"):
            assert a.dtype == torch.float32, key
        # bfloat16 holds 8 bits; errors of 18 steps add up, as a whole.
        error = (a.float() - exact[key]).norm() / exact[key].norm()
        assert 0 < error < 0.03, (key, float(error))


@pytest.mark.parametrize(
    "start_dtype", [None, torch.float32, torch.bfloat16]
)
@pytest.mark.parametrize("name", NAMES)
def test_autocast_gives_the_types_that_torchs_gives(
    name, start_dtype, device
):
    types = []
    kind = {"dtype": torch.float32, "device": device, "num_layers": 2}
    for module in pair(name, bidirectional=True, **kind):
        x, hx = torch.randn(9, 3, D, device=device), None
        if start_dtype:
            parts = start(module, 3)
            with_type = [
                part.to(start_dtype)
                for part in (parts if name == "LSTM" else [parts])
            ]
            hx = tuple(with_type) if name == "LSTM" else with_type[0]
        try:
            with torch.autocast(device, dtype=torch.bfloat16):
                y, last = module(x, hx)
                z, ends = module(pack_padded_sequence(x, [9, 5, 2]), hx)
        except RuntimeError as error:
            if type(module) is not getattr(torch.nn, name):
                raise
            pytest.skip(f"torch's own layer has no bfloat16 here: {error}")
        ends = [*last, *ends] if name == "LSTM" else [last, ends]
        types.append([y.dtype, z.data.dtype, *(s.dtype for s in ends)])
    theirs, ours = types
    if device == "cuda" and not module.fused:  # cuDNN has but one half
        assert set(ours) == {torch.bfloat16}
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_a_backward_inside_of_autocast_is_that_of_its_forward(name):
    _, module = pair(name, dtype=torch.float32)
    x = torch.randn(5, 3, D)
    found = []
    for inside in False, True:
        module.zero_grad()
        y, _ = module(x)  # in float32
        with torch.autocast("cpu", torch.bfloat16, enabled=inside):
            y.backward(torch.ones_like(y))
        found.append([p.grad.clone() for p in module.parameters()])
    for outside, inside in zip(*found, strict=True):
        assert_close(outside, inside)


@pytest.mark.parametrize("name", NAMES)
def test_autocast_leaves_float64_alone_as_torch_does(name):
    theirs, ours = pair(name)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, expected = ours(x)[0], theirs(x)[0]
        with pytest.raises(ValueError, match=r"input: .*got torch.int64"):
            ours.float()(torch.zeros(5, 3, D, dtype=torch.int64))
    assert y.dtype == expected.dtype == torch.float64


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_a_state_dict_goes_both_ways(name, options):
    theirs = getattr(torch.nn, name)(D, H, **options)
    ours = getattr(rnncore.nn, name)(D, H, **options)
    shapes = [
        [(k, v.shape) for k, v in m.state_dict().items()]
        for m in (theirs, ours)
    ]
    assert shapes[0] == shapes[1]
    ours.load_state_dict(theirs.state_dict(), strict=True)
    again = getattr(torch.nn, name)(D, H, **options)
    again.load_state_dict(ours.state_dict(), strict=True)
    for a, b in zip(theirs.parameters(), again.parameters()):
        assert torch.equal(a, b)


def train(module, steps):
    """A few steps of Adam on a task with a loss that can be lowered."""
    optimizer = torch.optim.Adam(module.parameters(), lr=0.02)
    losses = []
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(8, 5, D, generator=generator, dtype=torch.float64)
    for _ in range(steps):
        optimizer.zero_grad()
        y, _ = module(x)
        loss = (y[..., 0] - x[..., 0]).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("there", ["torch", "ours"])
@pytest.mark.parametrize("name", NAMES)
def test_a_network_trained_in_one_goes_on_alike_in_the_other(name, there):
    theirs, ours = pair(name, num_layers=2)
    trained, other = (theirs, ours) if there == "torch" else (ours, theirs)
    before = copy.deepcopy(other.state_dict())
    losses = train(trained, 5)
    assert losses[-1] < losses[0]
    other.load_state_dict(trained.state_dict(), strict=True)
    assert not torch.equal(other.weight_ih_l0, before["weight_ih_l0"])
    x, state = torch.randn(7, 3, D, dtype=torch.float64), start(ours, 3)
    assert_close(both_ways(other, x, state), both_ways(trained, x, state))
    assert_close(train(other, 3), train(trained, 3))


@pytest.mark.parametrize("strict", [True, False])
def test_of_a_state_dict_of_another_shape_nothing_is_loaded(strict):
    module = rnncore.nn.LSTM(D, H, 2)
    other = torch.nn.LSTM(D + 1, H, 2)  # one weight of eight differs
    before = copy.deepcopy(module.state_dict())
    message = r"weight_ih_l0: .*\[24, 5\].*\[24, 4\]"
    with pytest.raises(RuntimeError, match=message):
        module.load_state_dict(other.state_dict(), strict=strict)
    for key, weight in module.state_dict().items():
        assert torch.equal(weight, before[key]), key


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (torch.nn.LSTM(D, H, 1), 'Missing key.*"bias_hh_l1"'),
        (torch.nn.LSTM(D, H, 3), 'Unexpected key.*"bias_hh_l2"'),
        (torch.nn.LSTM(D, H, 2, bias=False), 'Missing key.*"bias_hh_l0"'),
        (torch.nn.LSTM(D, H, 2, proj_size=3), "Unexpected key.*weight_hr"),
        (torch.nn.GRU(D, H, 2), r"weight_hh_l0: .*\[18, 6\].*\[24, 6\]"),
    ],
)
def test_of_a_state_dict_with_other_keys_nothing_is_loaded(other, message):
    module = rnncore.nn.LSTM(D, H, 2)
    before = copy.deepcopy(module.state_dict())
    with pytest.raises(RuntimeError, match=message):
        module.load_state_dict(other.state_dict())
    for key, weight in module.state_dict().items():
        assert torch.equal(weight, before[key]), key


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_assigned_to_a_module_made_without_memory(name):
    weights = getattr(torch.nn, name)(D, H).state_dict()
    module = getattr(rnncore.nn, name)(D, H, device="meta")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="Unexpected key"):
            module.load_state_dict(weights | {"more": zeros()}, assign=True)
        assert {w.device.type for w in module.parameters()} == {"meta"}
        module.load_state_dict(weights, assign=True)
    for key, w in module.state_dict().items():
        assert w.data_ptr() == weights[key].data_ptr(), key
    assert module(zeros(5, 3, D))[0].shape == (5, 3, H)


def test_a_part_of_a_state_dict_is_loaded_where_that_is_asked_for():
    module, other = rnncore.nn.GRU(D, H, 2), torch.nn.GRU(D, H, 1)
    result = module.load_state_dict(other.state_dict(), strict=False)
    assert "weight_ih_l1" in result.missing_keys
    assert torch.equal(module.weight_ih_l0, other.weight_ih_l0)


def zeros(*shape, **kind):
    return torch.zeros(shape, **kind)


# name of the mistake: input and state for a GRU(4, 6, num_layers=2), and
# what our message says; torch.nn refuses each of them too.
MISTAKES = {
    "4-D input": (zeros(1, 5, 3, D), None, r"input: .*\(1, 5, 3, 4\)"),
    "1-D input": (zeros(D), None, r"input: expected \(T, B, 4\), got"),
    "input size": (
        zeros(5, 3, 7),
        None,
        r"input: expected \(T, B, 4\), got \(5, 3, 7\)",
    ),
    "input size without batch": (
        zeros(5, 7),
        None,
        r"input: expected \(T, 4\), got \(5, 7\)",
    ),
    "no steps": (zeros(0, 3, D), None, r"every size at least 1"),
    "layers of the state": (
        zeros(5, 3, D),
        zeros(1, 3, H),
        r"hx.*: expected \(2, 3, 6\), got \(1, 3, 6\)",
    ),
    "batch of the state": (
        zeros(5, 3, D),
        zeros(2, 4, H),
        r"hx.*: expected \(2, 3, 6\), got \(2, 4, 6\)",
    ),
    "hidden size": (
        zeros(5, 3, D),
        zeros(2, 3, H + 1),
        r"hx.*: expected \(2, 3, 6\), got \(2, 3, 7\)",
    ),
    "state without batch": (
        zeros(5, 3, D),
        zeros(2, H),
        r"hx.*: expected \(2, 3, 6\), got \(2, 6\)",
    ),
    "state with batch": (
        zeros(5, D),
        zeros(2, 1, H),
        r"hx.*: expected \(2, 6\), got \(2, 1, 6\)",
    ),
    "packed input size": (
        pack_sequence([zeros(3, 7), zeros(2, 7)]),
        None,
        r"input.data: expected \(N, 4\), got \(5, 7\)",
    ),
    "packed and batch of the state": (
        pack_sequence([zeros(3, D), zeros(2, D)]),
        zeros(2, 3, H),
        r"hx.*: expected \(2, 2, 6\), got \(2, 3, 6\)",
    ),
    "dtype of the input": (
        zeros(5, 3, D, dtype=torch.float64),
        None,
        r"input: expected torch.float32 on cpu .*got torch.float64",
    ),
    "integers": (
        zeros(5, 3, D, dtype=torch.int64),
        None,
        r"input: expected torch.float32 on cpu .*got torch.int64",
    ),
    "dtype of the state": (
        zeros(5, 3, D),
        zeros(2, 3, H, dtype=torch.float64),
        r"hx.*: expected torch.float32 on cpu .*got torch.float64",
    ),
    "device of the input": (
        zeros(5, 3, D, device="meta"),
        None,
        r"input: expected .* on cpu .*got .* on meta",
    ),
    "device of the state": (
        zeros(5, 3, D),
        zeros(2, 3, H, device="meta"),
        r"hx.*: expected .* on cpu .*got .* on meta",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
@pytest.mark.parametrize("name", NAMES)
def test_bad_input_is_refused_as_torch_does_and_told(name, mistake):
    x, hx, message = mistake
    theirs, ours = pair(name, dtype=torch.float32, num_layers=2)
    if name == "LSTM" and hx is not None:
        hx = (hx, hx)
    with pytest.raises((ValueError, RuntimeError)) as error:
        theirs(x, hx)
    with pytest.raises(ValueError, match=message) as told:
        ours(x, hx)
    assert isinstance(told.value, error.type)


def test_a_state_in_the_form_of_another_network_is_told():
    x, h = zeros(5, 3, D), zeros(1, 3, H)
    with pytest.raises(ValueError, match=r"hx: expected a pair \(h, c\)"):
        rnncore.nn.LSTM(D, H)(x, h)
    with pytest.raises(ValueError, match=r"hx: .*\(1, 3, 6\), got tuple"):
        rnncore.nn.GRU(D, H)(x, (h, h))
    with pytest.raises(ValueError, match=r"hx\[1\]: expected \(1, 3, 6\)"):
        rnncore.nn.LSTM(D, H)(x, (h, zeros(1, 2, H)))


@pytest.mark.parametrize("lengths", [[2, 3], [3, 0]])
def test_lengths_unsorted_or_zero_are_refused_where_torch_packs(lengths):
    with pytest.raises(RuntimeError, match=r"[Ll]ength"):
        pack_padded_sequence(zeros(3, 2, D), lengths)


@pytest.mark.parametrize(
    "options",
    [
        {"num_layers": 0},
        {"dropout": 1.5},
        {"hidden_size": 0},
        {"bias": 1},
        {"hidden_size": 2.5},
        {"proj_size": -1},
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_refused_as_torch_does(name, options):
    options = {"input_size": D, "hidden_size": H} | options
    with pytest.raises((ValueError, TypeError)) as theirs:
        getattr(torch.nn, name)(**options)
    with pytest.raises(theirs.type):
        getattr(rnncore.nn, name)(**options)


@pytest.mark.parametrize("name", ["RNN", "GRU"])
def test_a_smaller_output_is_refused_but_of_an_lstm(name):
    with pytest.raises(ValueError, match="proj_size: expected 0, got 3"):
        getattr(rnncore.nn, name)(D, H, proj_size=3)
    with pytest.raises(ValueError, match="proj_size"):
        getattr(torch.nn, name)(D, H, proj_size=3)


PROJECTED = {k: o | {"proj_size": 2} for k, o in OPTIONS.items()}


@pytest.mark.parametrize("options", PROJECTED.values(), ids=PROJECTED)
def test_a_projected_lstm_is_torchs(options, device):
    theirs, ours = pair("LSTM", device=device, **options)
    if device == "cuda":  # another order of draws
        ours.dropout = theirs.dropout = 0.0
    for T, B in ((5, 3), (1, 1), (2, 4)):
        size = (B, T) if ours.batch_first else (T, B)
        x = torch.randn(*size, D, dtype=torch.float64, device=device)
        state = start(ours, B)
        assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))
    x = torch.randn(7, D, dtype=torch.float64, device=device)
    for m in theirs, ours:
        m.eval()
    assert_close(ours(x), theirs(x))
    nothing = x.new_zeros((0, 2, D) if ours.batch_first else (2, 0, D))
    assert ours(nothing)[0].shape == theirs(nothing)[0].shape
    assert_close(ours.to_torch()(x), theirs(x))
    theirs.load_state_dict(ours.state_dict())
    assert repr(ours) == repr(theirs)


@pytest.mark.parametrize("lengths", LENGTHS.values(), ids=LENGTHS)
@pytest.mark.parametrize("options", PROJECTED.values(), ids=PROJECTED)
def test_packed_sequences_are_projected_as_torchs(options, lengths, device):
    lengths, in_order = lengths
    options = options | {"dropout": 0.0}
    theirs, ours = pair("LSTM", device=device, **options)
    kind = {"dtype": torch.float64, "device": device}
    x = pack_sequence(
        [torch.randn(n, D, **kind) for n in lengths],
        enforce_sorted=in_order,
    )
    state = start(ours, len(lengths))
    assert_close(both_ways(ours, x, state), both_ways(theirs, x, state))
    assert_close(ours(x)[0].data, theirs(x)[0].data)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_a_copy_of_a_projected_lstm_is_projected(copied):
    theirs, ours = pair("LSTM", proj_size=2)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    assert_close(copied(ours)(x), theirs(x))


def test_torch_func_gives_each_sequence_its_gradient_through_a_projection():
    theirs, ours = pair("LSTM", proj_size=2)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    state = start(ours, 3)

    def loss(r, x, c):
        return (ours(x, (r, c))[0] ** 2).sum()

    of_each = torch.func.vmap(torch.func.grad(loss), (1, 1, 1), 1)
    r, c = state
    r.requires_grad_()
    (expected,) = torch.autograd.grad((theirs(x, (r, c))[0] ** 2).sum(), r)
    assert_close(of_each(r.detach(), x, c), expected)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_stand_in_the_order_of_torch(name):
    kind = ["relu"] if name == "RNN" else []
    rest = True, True, 0.5, True, 0, "meta", torch.float64
    theirs = getattr(torch.nn, name)(D, H, 2, *kind, *rest)
    ours = getattr(rnncore.nn, name)(D, H, 2, *kind, *rest)
    for which in "mode", "num_layers", "batch_first", "bidirectional":
        assert getattr(ours, which) == getattr(theirs, which)
    assert ours.weight_hh_l1.is_meta
    assert ours.weight_hh_l1.dtype == torch.float64


def test_what_is_not_offered_is_refused():
    with pytest.raises(ValueError, match="nonlinearity"):
        rnncore.nn.RNN(D, H, nonlinearity="sigmoid")


TWICE = {
    "RNN": ("RNN", {}),
    "relu": ("RNN", {"nonlinearity": "relu"}),
    "LSTM": ("LSTM", {}),
    "GRU": ("GRU", {}),
    "layers": ("LSTM", {"num_layers": 2}),
    "both": ("GRU", {"bidirectional": True, "num_layers": 2}),
    "projected": ("LSTM", {"proj_size": 2, "num_layers": 2, "bias": False}),
    "both projected": ("LSTM", {"proj_size": 2, "bidirectional": True}),
}


def penalty_gradients(module, x, state):
    """Of a loss with the norm of its own gradients, with everything."""
    data = x.data if isinstance(x, PackedSequence) else x
    data = data.detach().clone().requires_grad_()
    given = [s.detach().clone().requires_grad_() for s in leaves(state)]
    hx = tuple(given) if len(given) == 2 else given[0]
    packed = isinstance(x, PackedSequence)
    y, last = module(x._replace(data=data) if packed else data, hx)
    y = y.data if packed else y
    loss = (y**3).sum() + sum((s**2).sum() for s in leaves(last))
    every = [data, *given, *module.parameters()]
    first = torch.autograd.grad(loss, every, create_graph=True)
    return torch.autograd.grad(sum(g.norm() for g in first) + loss, every)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("name", "options"), TWICE.values(), ids=TWICE)
def test_a_gradient_penalty_has_torchs_gradients(name, options, packed):
    theirs, ours = pair(name, **options)
    x = torch.randn(6, 3, D, dtype=torch.float64)
    x = pack_padded_sequence(x, [6, 4, 4]) if packed else x
    state = start(ours, 3)
    found = penalty_gradients(ours, x, state)
    expected = penalty_gradients(theirs, x, state)
    for a, b in zip(found, expected, strict=True):
        assert (a - b).abs().max() <= 1e-10
        assert b.abs().max() > 1e-3


@pytest.mark.parametrize(("name", "options"), TWICE.values(), ids=TWICE)
def test_a_hessian_is_torchs(name, options):
    theirs, ours = pair(name, **options)
    x = torch.randn(4, 2, D, dtype=torch.float64)
    found, expected = (
        torch.autograd.functional.hessian(lambda x, m=m: m(x)[0].sum(), x)
        for m in (ours, theirs)
    )
    assert (found - expected).abs().max() <= 1e-10


def test_the_backward_pass_can_still_be_run_after_one_with_a_graph():
    theirs, ours = pair("LSTM")
    x = torch.randn(5, 3, D, dtype=torch.float64)
    found = []
    for m in ours, theirs:
        y, _ = m(x)
        loss = (y**2).sum()
        torch.autograd.grad(loss, m.weight_hh_l0, create_graph=True)
        found.append(torch.autograd.grad(loss, m.weight_hh_l0))
    assert_close(*found)


def test_a_weight_changed_between_forward_and_backward_is_noticed():
    _, ours = pair("LSTM")
    y, _ = ours(torch.randn(5, 3, D, dtype=torch.float64))
    with torch.no_grad():
        ours.weight_hh_l0.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace"):
        y.sum().backward()


@pytest.fixture
def tapes(loop, monkeypatch):
    """For each call of the loop: is there a tape; weak references to it."""
    seen = []
    module = rnncore.fused.autograd if loop == "compiled" else rnncore.nn
    unroll = module.unroll

    def spy(*given, **options):
        result = unroll(*given, **options)
        tape = result[2]
        if loop == "compiled":
            kept = [*tape.steps[1:], tape.kept] if tape else []
            seen.append((tape is not None, [weakref.ref(a) for a in kept]))
            return result
        kept = [a for _, a in named_leaves(result) if a is not None]
        (any_,) = {cache is not None for cache in tape.caches}
        seen.append((any_, [weakref.ref(a) for a in kept]))
        return result

    monkeypatch.setattr(module, "unroll", spy)
    return seen


@pytest.mark.parametrize("backward", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_the_tape_is_freed_without_a_garbage_collector(
    name, backward, tapes
):
    _, ours = pair(name)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    gc.disable()
    try:
        y, state = ours(x)
        loss = y.sum()
        if backward:  # frees it even while the outputs are held
            loss.backward()
            with pytest.raises(RuntimeError, match="second time"):
                loss.backward()
        else:
            del y, state, loss
        ((_, kept),) = tapes
        held = [ref() for ref in kept]
        weights = {w.data_ptr() for w in ours.parameters()}
        outside = weights | {x.data_ptr()}
        if backward:
            outside |= {y.data_ptr()}
        left = [a for a in held if a is not None]
        assert all(a.data_ptr() in outside for a in left)
    finally:
        gc.enable()


@pytest.mark.parametrize("name", NAMES)
def test_without_gradients_no_tape_is_kept(name, tapes):
    _, ours = pair(name)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    with torch.no_grad():
        y, _ = ours(x)
    assert y.grad_fn is None
    expected, _ = ours(x)
    assert [kept for kept, _ in tapes] == [False, True]
    assert_close(y, expected)
    with torch.inference_mode():
        assert_close(ours(x)[0], expected)


def test_dropout_acts_in_training_alone():
    theirs, ours = pair("GRU", num_layers=2, dropout=0.5)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    assert not torch.equal(ours(x)[0], ours(x)[0])
    ours.eval(), theirs.eval()
    assert_close(ours(x)[0], theirs(x)[0])


def test_frozen_weights_and_an_unused_output_get_what_torch_gives():
    theirs, ours = pair("LSTM", num_layers=2)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    for module in (theirs, ours):
        module.weight_hh_l0.requires_grad_(False)
        _, (h, _) = module(x)  # y and c take no part in the loss
        h[-1].sum().backward()
    for (name, a), b in zip(ours.named_parameters(), theirs.parameters()):
        if name == "weight_hh_l0":
            assert a.grad is None
            continue
        assert_close(a.grad, b.grad)


@pytest.mark.parametrize("name", NAMES)
def test_weights_start_as_torchs_do(name):
    made = []
    for package in (torch.nn, rnncore.nn):
        torch.manual_seed(3)
        module = getattr(package, name)(D, H, 2)
        module.reset_parameters()
        made.append(module)
    for a, b in zip(*(m.parameters() for m in made)):
        assert torch.equal(a, b)
        assert a.abs().max() <= H**-0.5


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
@pytest.mark.parametrize("name", NAMES)
def test_a_copy_is_alike_and_its_own(name, copied):
    _, ours = pair(name, num_layers=2)
    other = copied(ours)
    x = torch.randn(5, 3, D, dtype=torch.float64)
    assert_close(other(x)[0], ours(x)[0])
    with torch.no_grad():
        other.weight_ih_l0.zero_()
    assert not torch.equal(other(x)[0], ours(x)[0])


def test_it_moves_with_its_model_and_trains_there(device):
    model = torch.nn.ModuleDict(
        {"rnn": rnncore.nn.GRU(D, H), "readout": torch.nn.Linear(H, 1)}
    )
    model.to(device).double()
    x = torch.randn(6, 4, D, dtype=torch.float64, device=device)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.2)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        y, _ = model["rnn"](x)
        loss = (model["readout"](y)[..., 0] - x[..., 0]).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.9 * losses[0]


def test_functional_call_uses_the_weights_that_it_is_given():
    theirs, ours = pair("GRU")
    x = torch.randn(5, 3, D, dtype=torch.float64)
    weights = {k: w * 2 for k, w in ours.named_parameters()}
    found, expected = (
        torch.func.functional_call(m, weights, (x,))[0]
        for m in (ours, theirs)
    )
    assert_close(found, expected)
    assert not torch.equal(found, ours(x)[0])


def test_checkpointing_computes_the_same_gradients():
    _, ours = pair("LSTM")
    x = torch.randn(5, 3, D, dtype=torch.float64, requires_grad=True)
    (expected,) = torch.autograd.grad(ours(x)[0].sum(), x)
    y, _ = torch.utils.checkpoint.checkpoint(ours, x, use_reentrant=False)
    (found,) = torch.autograd.grad(y.sum(), x)
    assert_close(found, expected)


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("name", NAMES)
def test_to_torch_gives_torchs_module_with_the_same_weights(name, options):
    _, ours = pair(name, **options)
    ours.eval().weight_hh_l0.requires_grad_(False)
    theirs = ours.to_torch()
    assert type(theirs) is getattr(torch.nn, name)
    assert not theirs.training
    assert not theirs.weight_hh_l0.requires_grad
    assert theirs.weight_ih_l0.requires_grad
    x = torch.randn(5, 3, D, dtype=torch.float64)
    assert_close(ours(x), theirs(x))
    before = ours(x)[0]
    with torch.no_grad():
        for w in theirs.parameters():
            w.zero_()
    assert torch.equal(ours(x)[0], before)  # a copy, not the same


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_the_place_of_torchs_class(name, monkeypatch):
    theirs = getattr(torch.nn, name)
    for place in torch.nn, torch.nn.modules, torch.nn.modules.rnn:
        monkeypatch.setattr(place, name, getattr(rnncore.nn, name))
    module = getattr(torch.nn, name)(D, H, num_layers=2)
    assert type(module) is getattr(rnncore.nn, name)
    assert module(torch.zeros(5, 3, D))[0].shape == (5, 3, H)
    assert type(module.to_torch()) is theirs
    again = pickle.loads(pickle.dumps(module))
    assert_close(again.weight_ih_l1, module.weight_ih_l1)


def test_to_torch_keeps_relu_and_computed_weights():
    ours = rnncore.nn.RNN(D, H, nonlinearity="relu")
    norm = torch.nn.utils.parametrizations.weight_norm
    norm(ours, "weight_hh_l0")
    x = torch.randn(5, 3, D)
    theirs = ours.to_torch()
    assert theirs.nonlinearity == "relu"
    assert set(theirs.state_dict()) == set(torch.nn.RNN(D, H).state_dict())
    assert_close(theirs(x)[0], ours(x)[0])


def test_to_torch_refuses_what_torch_has_not():
    def leak(a, h):
        return 0.9 * h + 0.1 * a

    with pytest.raises(ValueError, match=r"to_torch: .*got a Cell of leak"):
        rnncore.nn.Cell(leak, D, H).to_torch()
    ours = rnncore.nn.GRU(D, H)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        torch.nn.utils.weight_norm(ours, "weight_hh_l0")
    with pytest.raises(ValueError, match=r"to_torch: .*weight_hh_l0_"):
        ours.to_torch()
