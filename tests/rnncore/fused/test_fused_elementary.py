"""tanh, sigmoid, exp and log of whole registers, held against mpmath."""

import mpmath
import numpy as np
import pytest

pytest.importorskip("numba")
from numba import njit

from rnncore.fused import jit

NAMES = ["tanh", "sigmoid", "exp", "log"]
EXACT = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "exp": mpmath.exp,
    "log": mpmath.log,
}
# units in the last place, of results that are normal numbers
ULPS = {"tanh": 2.5, "sigmoid": 2, "exp": 1, "log": 2}
SOURCE = """
def every(n, x, out):
    for j in range(0, n, L):
        v = load(nothing(), x, j)
        store(out, j, tanh(v))
        store(out, n + j, sigmoid(v))
        store(out, 2 * n + j, exp(v))
        store(out, 3 * n + j, log(v))
"""


@pytest.fixture(scope="module", params=["float32", "float64"])
def every(request):
    """All four of an array of one dtype, by name."""
    names = dict(jit.shared_names(request.param))
    exec(SOURCE, names)  # noqa: S102
    loop = njit(names["every"])

    def called(x):
        x = np.asarray(x, request.param)
        n = -(-x.size // names["L"]) * names["L"]
        padded = np.zeros(n, x.dtype)
        padded[: x.size] = x
        out = np.empty(4 * n, x.dtype)
        loop(n, padded, out)
        return dict(zip(NAMES, out.reshape(4, n)[:, : x.size]))

    called.dtype = np.dtype(request.param)
    return called


def samples(dtype):
    """Numbers of every size up to where exp ends, of both signs."""
    rng = np.random.default_rng(0)
    most = 87 if dtype == np.float32 else 708
    sizes = 10 ** rng.uniform(-9, np.log10(most), 300)
    near = rng.uniform(-20, 20, 300)
    return np.concatenate([sizes, -sizes, near]).astype(dtype)


def ulps(got, name, x):
    """How far off each result is, in units in its last place."""
    tiny = float(np.finfo(x.dtype).tiny)
    found = []
    with mpmath.workdps(50):
        for y, a in zip(got, x):
            exact = EXACT[name](mpmath.mpf(float(a)))
            unit = np.spacing(
                np.abs(x.dtype.type(max(exact, tiny, -exact)))
            )
            found.append(float(abs(mpmath.mpf(float(y)) - exact) / unit))
    return np.array(found)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_results_are_off_by_a_few_units_in_the_last_place(name, every):
    x = samples(every.dtype)
    if name == "log":
        x = np.abs(x)
        rng = np.random.default_rng(1)
        ends = (
            np.log10(np.finfo(x.dtype).tiny) + 1,
            0.9 * np.log10(np.finfo(x.dtype).max),
        )
        wide = 10 ** rng.uniform(*ends, 300)
        x = np.concatenate([x, 1 + x[:300] / 100, wide.astype(x.dtype)])
    off = ulps(every(x)[name], name, x)
    assert off.max() <= ULPS[name]


@pytest.mark.slow
def test_what_is_no_number_and_has_no_end(every):
    inf, nan = np.inf, np.nan
    x = np.array([nan, inf, -inf, 0.0, -0.0], every.dtype)
    expected = {
        "tanh": [nan, 1, -1, 0, 0],
        "sigmoid": [nan, 1, 0, 0.5, 0.5],
        "exp": [nan, inf, 0, 1, 1],
        "log": [nan, inf, nan, -inf, -inf],
    }
    tiny = float(np.finfo(every.dtype).tiny)
    for name, got in every(x).items():
        given = zip(got.tolist(), expected[name])
        for k, (a, b) in enumerate(given):
            same = a == b or (np.isnan(a) and np.isnan(b))
            # sigmoid ends at the smallest normal numbers, not at 0
            low = name == "sigmoid" and b == 0 and 0 <= a <= 10 * tiny
            assert same or low, (name, x[k], a)


@pytest.mark.slow
def test_the_ends_of_exp_and_of_the_two_that_saturate(every):
    single = every.dtype == np.float32
    low, high = (-90, 89) if single else (-720, 710)
    got = every([low, high, 1000, -1000])
    tiny = float(np.finfo(every.dtype).tiny)
    assert 0 < got["exp"][0] < tiny  # smaller than normal, not yet zero
    assert got["exp"][1:3].tolist() == [np.inf, np.inf]
    assert got["exp"][3] == 0
    assert got["tanh"].tolist() == [-1, 1, 1, -1]
    assert got["sigmoid"][1:3].tolist() == [1, 1]
    assert (got["sigmoid"][[0, 3]] <= 10 * tiny).all()


def test_logs_of_numbers_below_the_normal_ones(every):
    x = np.array([np.finfo(every.dtype).smallest_subnormal], every.dtype)
    off = ulps(every(x)["log"], "log", x)
    assert off.max() <= ULPS["log"]
    assert np.isnan(every([-1.0])["log"][0])
