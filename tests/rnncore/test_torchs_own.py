"""The cases that torch tests its own RNN, LSTM, GRU and cells with.

An installed torch ships their arguments, inputs and errors, its "module
database", but not the tests that it runs on them; those here ask for the
same. `UNLIKE` has what differs on purpose, as the page *Drop-in* says.
"""

import copy
import itertools
import pickle
import re
import subprocess
import sys
import warnings

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

import rnncore.nn
from rnncore.backend import named_leaves, tree_map
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close

pytestmark = [
    pytest.mark.slow,  # the database takes seconds to import
    pytest.mark.filterwarnings("ignore:LSTM with projections"),  # torch's
]
NAMES = ["RNN", "LSTM", "GRU"]
CELLS = [f"{name}Cell" for name in NAMES]
DTYPES = [torch.float32, torch.float64]

# In a process of its own: what it imports changes torch's settings, and
# hypothesis's. Of expecttest it needs a base class of tests that don't run.
READ = """
import sys, types, unittest
stub = types.ModuleType("expecttest")
stub.TestCase = unittest.TestCase
sys.modules["expecttest"] = stub

import torch
from torch.testing._internal.common_modules import ModuleErrorEnum, module_db

def plain(call):
    return call and (call.args, call.kwargs)

def read(info, dtype, training):
    torch.manual_seed(0)
    given = info, "cpu", dtype, False, training
    cases = [
        (plain(case.constructor_input), plain(case.forward_input))
        for case in info.module_inputs_func(*given, with_packed_sequence=True)
    ]
    errors = []
    for error in info.module_error_inputs_func(*given):
        made = error.error_on is ModuleErrorEnum.FORWARD_ERROR
        case = error.module_error_input
        calls = plain(case.constructor_input), plain(case.forward_input)
        errors.append((*calls, made, error.error_type, error.error_regex))
    return cases, errors

path, *names = sys.argv[1:]
torch.save(
    {
        (name, dtype, training): read(info, dtype, training)
        for name in names
        for info in module_db
        if info.module_cls is getattr(torch.nn, name)
        for dtype in (torch.float32, torch.float64)
        for training in (True, False)
    },
    path,
)
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory):
    """Cases and errors by a module's name, dtype and mode."""
    path = tmp_path_factory.mktemp("torchs_own") / "cases.pt"
    command = [sys.executable, "-W", "ignore", "-c", READ, path]
    subprocess.run([*command, *NAMES, *CELLS], check=True)
    return torch.load(path, weights_only=False)


@pytest.fixture(params=["compiled", "printed"])
def loop(request, monkeypatch):
    """Both loops; the compiled one from the second step on."""
    monkeypatch.setattr(rnncore.nn, "STEPS", 2)
    compiled = request.param == "compiled"
    monkeypatch.setattr(rnncore.nn.Recurrent, "fused", compiled)
    if compiled:
        pytest.importorskip("numba")


@pytest.fixture(params=[True, False], ids=["training", "evaluation"])
def training(request):
    return request.param


@pytest.fixture(params=DTYPES, ids=str)
def dtype(request):
    return request.param


def pairs(database, name, dtype, training=True):
    """Of each case torch's module, ours with its weights, and inputs."""
    cases, _ = database[name, dtype, training]
    assert len(cases) > 10  # eight or more sets of options, hx and none
    for (args, options), (inputs, rest) in cases:
        assert not rest
        options = options | {"dtype": dtype}
        theirs = getattr(torch.nn, name)(*args, **options).train(training)
        ours = getattr(rnncore.nn, name)(*args, **options).train(training)
        ours.load_state_dict(theirs.state_dict())
        yield theirs, ours, inputs


def floats(tree):
    """The arrays of a tree that have gradients, by their paths."""
    return {
        key: a
        for key, a in named_leaves(tree)
        if isinstance(a, torch.Tensor) and a.is_floating_point()
    }


def fresh(tree, change=torch.clone):
    """A tree with new leaves in the place of those that have gradients."""
    return tree_map(
        lambda a: (
            change(a.detach()).requires_grad_()
            if isinstance(a, torch.Tensor) and a.is_floating_point()
            else a
        ),
        tree,
    )


def apart(a):
    """The same numbers, with another between each two."""
    return torch.stack([a, torch.full_like(a, 7.0)], -1)[..., 0]


def both_ways(module, inputs):
    """Outputs, and gradients of inputs and weights.

    The loss weighs every entry differently.
    """
    out = floats(module(*inputs))
    loss = sum(
        (a * torch.linspace(1, 2, a.numel()).to(a).reshape(a.shape)).sum()
        for a in out.values()
    )
    given = floats(inputs) | dict(module.named_parameters())
    gradients = torch.autograd.grad(loss, list(given.values()))
    return {k: a.detach() for k, a in out.items()} | {
        f"d_{key}": d for key, d in zip(given, gradients, strict=True)
    }


def assert_alike(found, expected, inputs):
    """What `both_ways` found differs by rounding alone.

    torch draws inputs up to 9, so units saturate: of their small slope,
    1 - h^2, the rounding is that of 1, times what a gradient sums.
    """
    summed = max(a.abs().max().item() for a in floats(inputs).values())
    assert found.keys() == expected.keys()
    for key, a in found.items():
        scale = summed if key.startswith("d_") else 0.0
        assert_close(a, expected[key], scale=scale, name=key)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_torchs(
    name, database, dtype, training, loop
):
    for theirs, ours, inputs in pairs(database, name, dtype, training):
        found, expected = (
            both_ways(module, fresh(inputs)) for module in (ours, theirs)
        )
        assert_alike(found, expected, inputs)


@pytest.mark.parametrize("name", NAMES)
def test_inputs_and_weights_may_lie_apart(name, database, dtype, loop):
    for _, ours, inputs in pairs(database, name, dtype):
        expected = both_ways(ours, fresh(inputs))
        spread = fresh(inputs, apart)
        assert not any(a.is_contiguous() for a in floats(spread).values())
        assert_alike(both_ways(ours, spread), expected, inputs)
        for key, w in list(ours.named_parameters()):
            setattr(ours, key, torch.nn.Parameter(apart(w.detach())))
        assert not ours.weight_hh_l0.is_contiguous()
        assert_alike(both_ways(ours, spread), expected, inputs)


def check_gradients(module, inputs, check, **options):
    """One of torch's own checks, of the inputs and of all weights."""
    names, weights = zip(*module.named_parameters(), strict=True)
    inputs = fresh(inputs)
    paths, given = zip(*floats(inputs).items(), strict=True)

    def call(*changed):
        found = dict(zip(paths, changed, strict=False))
        keys = (key for key, _ in named_leaves(inputs))
        filled = tree_map(lambda a: found.get(next(keys), a), inputs)
        params = dict(zip(names, changed[len(paths) :], strict=True))
        out = torch.func.functional_call(module, params, filled)
        return tuple(floats(out).values())

    return check(call, (*given, *weights), fast_mode=True, **options)


@pytest.mark.parametrize("check", [gradcheck, gradgradcheck])
@pytest.mark.parametrize("name", NAMES)
def test_gradients_pass_torchs_own_checks(name, database, check, loop):
    cases = pairs(database, name, torch.float64)  # a fifth has each option
    for _, ours, inputs in itertools.islice(cases, 0, None, 5):
        assert check_gradients(ours, inputs, check)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_written_kept_and_copied_as_torchs(
    name, database, dtype, training
):
    for theirs, ours, inputs in pairs(database, name, dtype, training):
        assert repr(ours) == repr(theirs)
        weights = theirs.state_dict()
        assert list(ours.state_dict()) == list(weights)
        y = floats(ours(*inputs))
        kept = pickle.loads(pickle.dumps(ours))
        other = type(ours)(**arguments(ours))
        other.load_state_dict(weights)
        other.train(training)
        for again in kept, copy.deepcopy(ours), other:
            assert again.training == training
            assert_close(floats(again(*inputs)), y)
        theirs.load_state_dict(kept.state_dict())
        assert_close(floats(theirs(*inputs)), y)


def arguments(module):
    """What a module was made with."""
    names = "input_size hidden_size num_layers bias batch_first dropout"
    more = ["bidirectional", "proj_size"]
    if module.mode.startswith("RNN"):
        more.append("nonlinearity")
    own = {key: getattr(module, key) for key in names.split() + more}
    return own | {"dtype": module.weight_ih_l0.dtype}


@pytest.mark.parametrize("name", NAMES)
def test_it_moves_between_types_and_devices(name, database, dtype):
    other = next(d for d in DTYPES if d is not dtype)
    for theirs, ours, inputs in pairs(database, name, dtype):
        expected = floats(theirs(*inputs))
        bare = type(ours)(**arguments(ours), device="meta")
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            bare.load_state_dict(theirs.state_dict(), assign=True)
        assert_close(floats(bare(*inputs)), expected)
        bare = type(ours)(**arguments(ours), device="meta")
        bare.to_empty(device="cpu").load_state_dict(theirs.state_dict())
        assert_close(floats(bare(*inputs)), expected)
        ours.to(other)
        assert {w.dtype for w in ours.parameters()} == {other}
        changed = fresh(inputs, lambda a: a.to(other))
        expected = floats(theirs.to(other)(*changed))
        assert_close(floats(ours(*changed)), expected)


@pytest.mark.parametrize("name", NAMES)
def test_errors_have_torchs_class(name, database, dtype):
    _, errors = database[name, dtype, True]
    assert len(errors) > 2
    for (args, options), forward, made, error, _ in errors:
        if not made:
            with pytest.raises(error):
                getattr(rnncore.nn, name)(*args, **options)
            continue
        inputs, _ = forward
        ours = getattr(rnncore.nn, name)(*args, **options)
        with pytest.raises(error):
            ours(*inputs)


def one_step(cell, args, options, inputs):
    """Our module's call in the place of a cell's; and its class's name."""
    name = cell.removesuffix("Cell")
    module = getattr(rnncore.nn, name)(*args[:2], **options)
    return module, tree_map(lambda a: a[None], inputs)


@pytest.mark.parametrize("cell", CELLS)
def test_one_step_is_that_of_torchs_cell(cell, database, dtype, loop):
    cases, errors = database[cell, dtype, True]
    for (args, options), (inputs, _) in cases:
        options = options | {"dtype": dtype}
        theirs = getattr(torch.nn, cell)(*args, **options)
        ours, given = one_step(cell, args, options, inputs)
        weights = theirs.state_dict().items()
        ours.load_state_dict({f"{key}_l0": w for key, w in weights})
        _, last = ours(*given)
        found = tree_map(lambda a: a[0], last)
        assert_close(found, theirs(*inputs))
    for (args, options), (inputs, _), _, error, _ in errors:
        ours, given = one_step(cell, args, options, inputs)
        with pytest.raises(error):
            ours.to(dtype)(*given)


def batched(database):
    for name in NAMES:
        _, ours, inputs = next(pairs(database, name, torch.float64))
        with pytest.raises(Exception, match="is_grads_batched"):
            check_gradients(
                ours, inputs, gradcheck, check_batched_grad=True
            )


def words(database):
    for name in NAMES:
        _, errors = database[name, torch.float32, True]
        for (args, options), forward, made, error, message in errors:
            if made:
                ours = getattr(rnncore.nn, name)(*args, **options)
                with pytest.raises(error, match=r"^input: exp") as told:
                    ours(*forward[0])
                assert not re.search(message, str(told.value))


def loaded(database):
    for name in NAMES:
        theirs, ours, _ = next(pairs(database, name, torch.float64))
        weights = {k: w + 1 for k, w in theirs.state_dict().items()}
        before = ours.weight_hh_l0.detach().clone()
        for module in theirs, ours:
            with pytest.raises(RuntimeError, match="Unexpected key"):
                module.load_state_dict(weights | {"more": before})
        assert torch.equal(ours.weight_hh_l0, before)
        assert torch.equal(theirs.weight_hh_l0, weights["weight_hh_l0"])


def cells(database):
    assert not set(CELLS) & set(vars(rnncore.nn))


UNLIKE = {
    "a gradient with `is_grads_batched=True`": batched,
    "the words of an error": words,
    "a `state_dict` that doesn't fit": loaded,
    "`RNNCell`, `LSTMCell`, `GRUCell`": cells,
}


def test_the_page_has_a_row_for_each_difference():
    text = (ROOT / "book" / "drop_in.md").read_text()
    rows = re.findall(r"^\| (.+?) \| .+ \|$", text, re.MULTILINE)
    assert rows[2:] == list(UNLIKE)


@pytest.mark.parametrize("row", UNLIKE)
def test_it_differs_from_torch_as_the_page_says(row, database):
    UNLIKE[row](database)
