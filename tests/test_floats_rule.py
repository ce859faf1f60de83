"""Which comparisons of floats the checks refuse."""

from contextlib import redirect_stdout
from io import StringIO

import pytest

from tools.check import floats


def rule(*paths):
    with redirect_stdout(StringIO()) as out:
        code = floats.main([str(path) for path in paths])
    return code, out.getvalue()


def refused(tmp_path, *lines):
    """The complaints about a test of these lines, without their places."""
    path = tmp_path / "test_a.py"
    body = "\n    ".join(lines)
    path.write_text(f"def test_a(A, B, w, model):\n    {body}\n")
    code, out = rule(path)
    assert code == bool(out)
    assert all(line.startswith(f"{path}:") for line in out.splitlines())
    return [line.split(": ", 1)[1] for line in out.splitlines()]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("np.testing.assert_allclose(A, B)", "np.testing.assert_allclose"),
        ("numpy.testing.assert_almost_equal(A, B)", "assert_almost_equal"),
        ("assert np.allclose(A, B)", "np.allclose"),
        ("assert not np.isclose(A, B).any()", "np.isclose"),
        ("assert torch.allclose(A, B)", "torch.allclose"),
        ("torch.testing.assert_close(A, B)", "torch.testing.assert_close"),
        ("assert math.isclose(A, B)", "math.isclose"),
        ("assert A == pytest.approx(B)", "pytest.approx"),
        ("from numpy.testing import assert_allclose", "assert_allclose"),
        ("from torch import allclose as same", "torch.allclose"),
        (
            "from numpy.testing import assert_array_almost_equal as near",
            "assert_array_almost_equal",
        ),
        ("assert A.allclose(B)", "A.allclose"),
        ("assert xp.isclose(A, B).all()", "xp.isclose"),
    ],
)
def test_another_comparison_than_the_helper_is_refused(
    tmp_path, line, name
):
    (found,) = refused(tmp_path, line)
    assert found.startswith("compare by arrays.assert_close, not by ")
    assert found.endswith(name)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("import numpy.testing as npt", "npt.assert_allclose"),
        ("import numpy", "numpy.testing.assert_allclose"),
        ("import numpy as n", "n.testing.assert_allclose"),
        ("from numpy import testing", "testing.assert_array_max_ulp"),
        ("import torch.testing as tt", "tt.assert_close"),
        ("from torch import testing as tt", "tt.assert_close"),
        ("import math as m", "m.isclose"),
    ],
)
def test_another_name_of_the_library_is_seen_through(tmp_path, given, name):
    (found,) = refused(tmp_path, given, f"{name}(A, B)")
    assert found.endswith(f"not by {name}")


@pytest.mark.parametrize(
    "lines",
    [
        ["assert abs(A - B).max() <= 1e-12"],
        ["assert np.abs(A - B).max() < 1e-6 * np.abs(B).max()"],
        ["assert (abs(A - B) < 1e-6).all()"],
        ["assert (A - B).abs().max().item() < 1e-5"],
        ["assert np.linalg.norm(A - B) / np.linalg.norm(B) < 1e-7"],
        ["assert torch.max(torch.abs(A @ w - B)) < 1e-6"],
        ["assert 1e-9 >= abs(A.sum() - 1)"],
        ["assert A.any() and not not abs(A - B) < 1e-9"],
        ["assert all(abs(a - b) < 1e-9 for a, b in zip(A, B))"],
        ["error = np.abs(A - B)", "assert error.max() < 1e-9 + 1e-8"],
        ["np.all(np.abs(A - B) < 1e-9)"],
    ],
)
def test_a_tolerance_by_hand_is_refused(tmp_path, lines):
    (found,) = refused(tmp_path, *lines)
    assert found.startswith("a tolerance by hand")
    said = "  # exact: the format's last digit"
    assert refused(tmp_path, *lines[:-1], lines[-1] + said) == []


@pytest.mark.parametrize("zero", ["atol=0", "atol=0.0", "abs_tol=0"])
def test_a_tolerance_of_zero_near_zero_is_refused(tmp_path, zero):
    (found,) = refused(tmp_path, f"any_comparison(A, B, {zero})")
    assert "refuses rounding near zero" in found
    assert refused(tmp_path, "any_comparison(A, B, atol=1e-9)") == []


@pytest.mark.parametrize(
    "lines",
    [
        ["assert (A @ B == w).all()"],
        ["assert np.array_equal(w, np.einsum('ij->i', A))"],
        ["np.testing.assert_array_equal(A.T @ B, w)"],
        ["assert torch.equal(torch.matmul(A, B), w)"],
        ["assert A.dot(B).tolist() == [1.5]"],
        ["y, _, _ = unroll(model, A, B, w)", "assert (y[1:] == w).all()"],
        [
            "first, again = unroll(A), unroll(B)",
            "for a, b in zip(first, again):",
            "    assert np.array_equal(a, b)",
        ],
        ["y = A @ B", "z = [y, 2 * y]", "assert torch.equal(*z)"],
        ["b = w.copy()", "b += A @ w", "assert (b == B).all()"],
        ["b: Array = A @ w", "assert (b == B).all()"],
        ["b = np.zeros(3)", "b[0] = A @ w", "assert (b == B).all()"],
        ["if (b := A @ w).any():", "    assert (b == B).all()"],
        ["model.out = A @ w", "assert (model.out == B).all()"],
        ["assert not (A @ B != w).any()"],
        ["assert np.array_equal(A @ B, w) and model"],
        ["assert model and not (not np.array_equal(A @ B, w))"],
        ["assert all(torch.equal(a, b) for a, b in zip(A @ B, w))"],
        ["assert (np.matvec(A, w) == B).all()"],
        ["assert (np.vecmat(w, A) == B).all()"],
        ["assert np.array_equal(np.convolve(A, w), B)"],
        ["assert torch.equal(torch.nn.Linear(3, 4)(A), B)"],
        [
            "layer = nn.LSTM(3, 4).double()",
            "y, _ = layer(A)",
            "assert torch.equal(y, B)",
        ],
    ],
)
def test_equality_after_a_product_is_refused(tmp_path, lines):
    (found,) = refused(tmp_path, *lines)
    assert found.startswith("equality after a product")
    assert refused(tmp_path, *lines[:-1], lines[-1] + "  # exact: 0") == []


def test_the_reason_for_exactness_may_stand_above(tmp_path):
    claim = ["np.testing.assert_array_equal(", "    A @ B, w", ")"]
    above = "# exact: sums of whole", "# numbers"
    assert refused(tmp_path, *above, *claim) == []
    assert len(refused(tmp_path, "# exact:", *claim)) == 1
    assert len(refused(tmp_path, *above, *claim, *claim)) == 1


@pytest.mark.parametrize(
    "lines",
    [
        ["assert np.array_equal(A, B)"],
        ["assert (A @ B).shape == (2, 3)"],
        ["assert (A @ B).argmax() == 3"],
        ["y, _ = unroll(A)", "assert y.dtype == A.dtype"],
        ["y, _ = unroll(A)", "assert [a.ndim for a in y] == [2, 2]"],
        ["y, _ = unroll(A)", "assert not torch.equal(y, w)"],
        ["assert np.stack([A, B]).tolist() == w"],
        ["y, _ = unroll(A)", "assert told(y) == 'expected (2, 3)'"],
        ["assert_close(A @ B, w)"],
        ["run('assert np.allclose(A, B, atol=0)')"],
        ["y, _ = unroll(A)", "assert not y.equal(w) and (y != w).any()"],
        ["B += A @ w", "assert np.array_equal(A, w)"],
        ["layer = nn.LSTM(3, 4)", "assert layer(A)[0].shape == (2, 4)"],
        ["layer = nn.LSTM(3, 4)", "assert layer.hidden_size == 4"],
        ["layer = nn.Embedding(3, 4)", "assert torch.equal(layer(A), B)"],
        ["assert abs(A.mean() - 0.5) < 0.01"],
        ["assert abs(A).max() < 1e-9"],
        ["assert abs(A - B).max() > 1e-9"],
        ["assert not abs(A - B).max() < 1e-9"],
        ["assert (A <= B + 1e-12).all()"],
        ["assert abs(A - B) <= 1"],
    ],
)
def test_all_else_is_left_alone(tmp_path, lines):
    assert refused(tmp_path, *lines) == []
