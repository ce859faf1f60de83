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
    ],
)
def test_another_comparison_than_the_helper_is_refused(
    tmp_path, line, name
):
    (found,) = refused(tmp_path, line)
    assert found.startswith("compare by arrays.assert_close, not by ")
    assert found.endswith(name)


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
    ],
)
def test_all_else_is_left_alone(tmp_path, lines):
    assert refused(tmp_path, *lines) == []
