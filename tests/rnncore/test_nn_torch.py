"""What else torch does with a module: the table of the API page, row by row.

A row that says "as torch.nn" is compared with torch.nn's module; a row
that says "refused" is called, and has to name what it refuses.
"""

import copy
import re
import warnings

import pytest
import torch
from torch.func import functional_call

import rnncore.nn
from rnncore import fused
from rnncore.backend import named_leaves
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close

D, H, T, B = 4, 6, 5, 3
NAMES = ["RNN", "LSTM", "GRU"]


def table():
    """Each row of the page: what is done, and what comes of it."""
    text = (ROOT / "book" / "api.md").read_text()
    section = text.partition("### `rnncore.nn`")[2].partition("\n### ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", section, re.MULTILINE)
    return dict(rows[2:])  # without the head and its line


@pytest.fixture(autouse=True)
def _few_steps(monkeypatch):
    """Compiled from the second step on, so that tests are short."""
    monkeypatch.setattr(rnncore.nn, "STEPS", 2)


@pytest.fixture(params=NAMES)
def both(request):
    """torch.nn's module and ours with the same weights, and an input."""
    torch.manual_seed(0)
    kind = {"dtype": torch.float64, "num_layers": 2}
    theirs = getattr(torch.nn, request.param)(D, H, **kind)
    ours = getattr(rnncore.nn, request.param)(D, H, **kind)
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours, torch.randn(T, B, D, dtype=torch.float64)


def leaves(tree):
    """The arrays of a tree of tuples."""
    return [a for _, a in named_leaves(tree)]


def weights(module):
    return dict(module.named_parameters())


def loss(module, params, x):
    return (functional_call(module, params, (x,))[0] ** 2).sum()


class Readout(torch.nn.Module):
    """A network with a recurrent module in it."""

    def __init__(self, core):
        super().__init__()
        self.core, self.out = core, torch.nn.Linear(H, 1).double()

    def forward(self, x):
        y, _ = self.core(x)
        return self.out(y)


def gradients(f, module, x):
    """The value and its gradients by x and by the weights."""
    x = x.clone().requires_grad_()
    module.zero_grad()
    y = f(x)
    (y**2).sum().backward()
    return [y.detach(), x.grad, *(w.grad for w in module.parameters())]


def compiled(theirs, ours, x):
    model, sizes = Readout(ours), []

    def backend(graph, _):
        sizes.append(len(graph.graph.nodes))
        return graph.forward

    torch.compiler.reset()
    fast = torch.compile(model, backend=backend)
    for steps in (T, 60):  # no step of the loop is in a graph
        x = torch.randn(steps, B, D, dtype=torch.float64)
        assert_close(gradients(fast, model, x), gradients(model, model, x))
    assert sum(sizes) < 40, sizes
    assert fast(x[:2]).shape == (2, B, 1)


def exported(theirs, ours, x):
    model = Readout(ours)
    program = torch.export.export(model, (x,))
    assert_close(program.module()(x), model(x))


def func_grad(theirs, ours, x):
    found, expected = (
        torch.func.grad(loss, 1)(m, weights(m), x) for m in (ours, theirs)
    )
    assert_close(found, expected)


def per_sample(theirs, ours, x):
    def of_one(params, x):
        return loss(ours, params, x[:, None])

    gradient = torch.func.vmap(torch.func.grad(of_one), (None, 1))
    found = gradient(weights(ours), x)
    for b in range(B):
        one = torch.func.grad(loss, 1)(theirs, weights(theirs), x[:, b])
        assert_close({k: w[b] for k, w in found.items()}, one)


def jacrev(theirs, ours, x):
    found, expected = (
        torch.func.jacrev(lambda x, m=m: m(x)[0])(x) for m in (ours, theirs)
    )
    assert_close(found, expected)


def hessian(theirs, ours, x):
    x = x[:2, :1]
    found = torch.func.hessian(lambda x: (ours(x)[0] ** 2).sum())(x)
    expected = torch.autograd.functional.hessian(
        lambda x: (theirs(x)[0] ** 2).sum(), x
    )
    assert_close(found, expected)


def jvp(theirs, ours, x):
    v = torch.randn_like(x)
    y, found = torch.func.jvp(lambda x: ours(x)[0], (x,), (v,))
    jacobian = torch.func.jacrev(lambda x: theirs(x)[0])(x)
    assert_close(y, theirs(x)[0])
    assert_close(found, torch.einsum("tbhsed,sed->tbh", jacobian, v))


def twice(theirs, ours, x):
    found = []
    for m in ours, theirs:
        g = torch.autograd.grad(
            (m(x)[0] ** 2).sum(), m.weight_ih_l0, create_graph=True
        )
        found.append(torch.autograd.grad((g[0] ** 2).sum(), m.weight_hh_l1))
    assert_close(*found)


def projected(theirs, ours, x):
    options = {"proj_size": 2, "dtype": torch.float64}
    theirs = torch.nn.LSTM(D, H, **options)
    ours = rnncore.nn.LSTM(D, H, **options)
    ours.load_state_dict(theirs.state_dict())
    expected, found = (
        gradients(lambda x, m=m: m(x)[0], m, x) for m in (theirs, ours)
    )
    assert_close(found, expected)


def traced(theirs, ours, x):
    model, traced = Readout(theirs), Readout(ours)
    traced.out = model.out
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # T is a number in the trace
        found = torch.jit.trace(traced, x)
    other = torch.randn_like(x)
    assert_close(found(other), model(other))
    with pytest.raises(RuntimeError):
        found(torch.randn(T + 1, B, D, dtype=torch.float64))


def in_fx(theirs, ours, x):
    model = Readout(ours)
    graph = torch.fx.symbolic_trace(model)
    assert "core" in [n.target for n in graph.graph.nodes]
    assert_close(gradients(graph, model, x), gradients(model, model, x))


def empty_batch(theirs, ours, x):
    nothing = torch.zeros(T, 0, D, dtype=torch.float64)
    found, expected = (
        gradients(lambda x, m=m: m(x)[0], m, nothing)
        for m in (ours, theirs)
    )
    for a, b in zip(found, expected, strict=True):
        assert a.shape == b.shape
        assert torch.equal(a, b)
    (_, a), (_, b) = ours(nothing), theirs(nothing)
    assert [p.shape for p in a] == [p.shape for p in b]
    first = copy.deepcopy(ours)
    first.batch_first = True
    assert first(nothing.transpose(0, 1))[0].shape == (0, T, H)


def old_norms(theirs, ours, x):
    for norm in "weight_norm", "spectral_norm":
        pair = copy.deepcopy(theirs), copy.deepcopy(ours)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            for m in pair:
                torch.manual_seed(1)
                getattr(torch.nn.utils, norm)(m, "weight_hh_l0")
        for m in pair:
            m.eval()(x)
        pair[1].load_state_dict(pair[0].state_dict())
        assert_close(pair[1](x)[0], pair[0](x)[0])


def new_norms(theirs, ours, x):
    for norm in "weight_norm", "orthogonal", "spectral_norm":
        pair = copy.deepcopy(theirs), copy.deepcopy(ours)
        for m in pair:
            torch.manual_seed(1)
            getattr(torch.nn.utils.parametrizations, norm)(
                m, "weight_hh_l0"
            )
            m.eval()
        pair[1].load_state_dict(pair[0].state_dict())
        assert_close(pair[1](x)[0], pair[0](x)[0])


def assigned(theirs, ours, x):
    kept = ours.weight_ih_l0
    before = kept.detach().clone()
    new = {k: w.detach() + 1 for k, w in theirs.state_dict().items()}
    with pytest.raises(RuntimeError, match="Unexpected key"):
        ours.load_state_dict(new | {"more": x}, assign=True)
    assert ours.weight_ih_l0 is kept
    ours.load_state_dict(new, assign=True)
    assert torch.equal(kept, before)
    assert ours.weight_ih_l0.data_ptr() == new["weight_ih_l0"].data_ptr()
    theirs.load_state_dict(new)
    assert_close(ours(x)[0], theirs(x)[0])


def half(theirs, ours, x):
    for dtype in torch.float16, torch.bfloat16:
        y, _ = ours.to(dtype)(x.to(dtype))
        expected, _ = theirs.to(dtype)(x.to(dtype))
        assert y.dtype == expected.dtype
        scale = torch.finfo(dtype).eps * 20  # two layers of five steps
        assert (y.float() - expected.float()).abs().max() < scale


AS_TORCH = {
    "`torch.compile`, for any number of steps": compiled,
    "`torch.export.export`": exported,
    "`torch.func.grad`": func_grad,
    "`torch.func.vmap` of `torch.func.grad`: a gradient per sequence": (
        per_sample
    ),
    "`torch.func.jacrev`": jacrev,
    "`torch.func.hessian`": hessian,
    "`torch.func.jvp`": jvp,
    "a gradient with `create_graph=True`": twice,
    "`proj_size` of an LSTM": projected,
    "`torch.jit.trace`, for the T of the example": traced,
    "`torch.fx.symbolic_trace` of a network that holds the module": in_fx,
    "an empty batch, (T, 0, D)": empty_batch,
    "`torch.nn.utils.weight_norm` and `spectral_norm`": old_norms,
    "`torch.nn.utils.parametrizations`": new_norms,
    "`load_state_dict(assign=True)`": assigned,
    "float16 and bfloat16": half,
}


def scripted(module):
    with warnings.catch_warnings():  # torch's own: it gives up TorchScript
        warnings.filterwarnings(
            "ignore", ".*torch.jit.script", DeprecationWarning
        )
        return torch.jit.script(module)


def complex_of(ours):
    with pytest.warns(UserWarning, match="Complex modules are a new"):
        return ours.to(torch.complex64)


def quantised(ours, spec):
    model = torch.nn.Sequential(ours.float())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return torch.ao.quantization.quantize_dynamic(model, spec)


def batched(ours, x):
    x = x.clone().requires_grad_()
    for y in leaves(ours(x)):
        many = torch.ones(2, *y.shape, dtype=y.dtype)
        with pytest.raises(RuntimeError, match=r"^is_grads_batched:"):
            torch.autograd.grad(
                y, x, many, retain_graph=True, is_grads_batched=True
            )
    torch.autograd.grad(y, x, many, is_grads_batched=True)


def whole_graph(ours, x):
    torch.compiler.reset()
    with pytest.raises(RuntimeError, match="support RNN, GRU, or LSTM"):
        torch.compile(Readout(ours), backend="eager", fullgraph=True)(x)
    torch.compiler.reset()
    torch.compile(ours, backend="eager", fullgraph=True)(x)


REFUSED = {
    "`torch.compile(fullgraph=True)`": (
        whole_graph,
        "expected fullgraph=False",
    ),
    "a gradient with `is_grads_batched=True`": (
        batched,
        "is_grads_batched: expected False, got True: .*torch.func",
    ),
    "`torch.jit.script`": (
        lambda ours, x: scripted(ours),
        r"torch.jit.script: .* got rnncore.nn.\w+: torch.jit.trace",
    ),
    "`torch.fx.symbolic_trace` of the module itself": (
        lambda ours, x: torch.fx.symbolic_trace(ours),
        r"torch.fx: expected a module that holds a rnncore.nn.\w+, got it",
    ),
    "no steps, (0, B, D)": (
        lambda ours, x: ours(x[:0]),
        "input: expected .* every size at least 1, got",
    ),
    "`quantize_dynamic` that names the module": (
        lambda ours, x: quantised(ours, {type(ours)}),
        "quantisation: expected torch.nn's modules, got rnncore.nn",
    ),
    "`proj_size` of another": (
        lambda ours, x: rnncore.nn.GRU(D, H, proj_size=2),
        "proj_size: expected 0, got 2",
    ),
    "complex weights": (
        lambda ours, x: complex_of(ours)(x.to(torch.complex64)),
        "weight_ih_l0: expected real floats, got torch.complex64",
    ),
}


def left_alone(ours):
    with pytest.warns(UserWarning, match="rnncore.nn.* stays as it is"):
        other = quantised(ours, None)
    assert type(other[0]) is type(ours)


ON_A_GPU = {  # test_nn.py tries them where there is one
    "`RNN`, `LSTM` and `GRU` on a GPU",
    "a `Cell` on a GPU",
}
TOLD = {"`quantize_dynamic` of a network that holds it": left_alone}


def test_the_table_has_a_row_for_each_test():
    rows = table()
    assert len(rows) > 20
    assert {k for k, v in rows.items() if v.startswith("as torch.nn")} == (
        set(AS_TORCH)
    )
    refused = {k for k, v in rows.items() if v.startswith("refused")}
    assert refused == set(REFUSED)
    assert rows.keys() - set(AS_TORCH) - refused == set(TOLD) | ON_A_GPU


@pytest.mark.slow
@pytest.mark.parametrize("row", AS_TORCH)
def test_as_torch_nn(row, both):
    AS_TORCH[row](*both)


@pytest.mark.parametrize("row", REFUSED)
def test_refused_by_name(row, both):
    _, ours, x = both
    call, message = REFUSED[row]
    with pytest.raises(Exception, match=message) as caught:
        call(ours, x)
    assert not isinstance(caught.value, AttributeError | AssertionError)


@pytest.mark.parametrize("row", TOLD)
def test_told_by_name(row, both):
    TOLD[row](both[1])


def test_a_module_of_any_cell_is_transformed_as_torchs():
    pytest.importorskip("numba")
    from rnncore.fused import cells
    from rnncore.nn import Cell

    assert fused.available()
    torch.manual_seed(0)
    theirs, ours = torch.nn.LSTM(D, H).double(), Cell(cells.lstm, D, H)
    ours.double().load_state_dict(theirs.state_dict())
    x = torch.randn(T, B, D, dtype=torch.float64)
    func_grad(theirs, ours, x)
    per_sample(theirs, ours, x)
    empty_batch(theirs, ours, x)
    for call, message in map(REFUSED.get, list(REFUSED)[1:3]):
        with pytest.raises(Exception, match=message.replace("nn.", ".*")):
            call(ours, x)
    torch.compiler.reset()
    held = torch.compile(
        Readout(Cell(cells.lstm, D, H).double()),
        backend="eager",
        fullgraph=True,
    )
    with pytest.raises(RuntimeError, match="expected fullgraph=False"):
        held(x)
    with pytest.raises(ValueError, match="proj_size: expected 0, got 2"):
        Cell(cells.lstm, D, H, proj_size=2)
