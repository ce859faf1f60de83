"""What is drawn at random, moved in its last digits."""

import subprocess
import sys

import numpy as np
import pytest

from tests.helpers.pages import cells
from tools.build import book, kernels
from tools.build.offline import shaken
from tools.check import shakes


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_move_is_small_and_a_function_of_number_and_shake(dtype):
    values = np.random.default_rng(0).normal(size=(20, 50)).astype(dtype)
    moved = shaken.move(values, 3)
    assert moved.dtype == dtype
    assert moved.shape == values.shape
    assert abs(moved / values - 1).max() < 2.2e-7
    assert np.mean(moved != values) > 0.4
    np.testing.assert_array_equal(moved, shaken.move(values, 3))
    assert (moved != shaken.move(values, 4)).any()
    away = moved.astype(float) / values - 1
    assert abs(away.mean()) < 2e-8  # as often up as down


def test_integers_and_zeros_stay():
    assert shaken.move(3, 1) == 3
    assert shaken.move(0.0, 1) == 0.0
    assert isinstance(shaken.move(0.5, 1), float)
    np.testing.assert_array_equal(
        shaken.move(np.arange(4), 1), np.arange(4)
    )


DRAW = """
import copy, os
import numpy as np, torch
from torch import nn


def numbers(seed):
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    drawn = [rng.normal(size=3), rng.uniform(size=3), rng.random(3)]
    twin = copy.deepcopy(rng)
    drawn += [rng.standard_normal(2), rng.integers(9, size=3)]
    assert (twin.standard_normal(2) == drawn[-2]).all()
    drawn += [rng.spawn(1)[0].normal(size=2), np.float64(rng.normal())]
    drawn += [torch.randn(3).numpy(), torch.rand(3).numpy()]
    drawn += [nn.Linear(3, 2).weight.detach().numpy().ravel()]
    drawn += [torch.empty(3).normal_().numpy()]
    return np.concatenate([np.ravel(d).astype(float) for d in drawn])


same = (numbers(1) == numbers(1)).all() and (numbers(1) != numbers(2)).any()
print(same, *map(repr, numbers(0).tolist()))
"""


def test_a_kernel_draws_other_last_digits_and_equal_seeds_stay_equal(
    tmp_path,
):
    page = tmp_path / "page.md"
    page.write_text(cells(DRAW))
    drawn = []
    for shake in None, 1, 1, 2:
        notebook = book.read_notebook(page)
        book.execute(page, notebook, kernels.Manager, shake=shake)
        same, *numbers = notebook.cells[1].outputs[0].text.split()
        assert same == "True"
        drawn.append(np.array(numbers, float))
    plain, one, again, two = drawn
    np.testing.assert_array_equal(one, again)
    assert (abs(one - plain) <= 3e-7 * abs(plain)).all()
    kinds = [0, 3, 6, 9, 14, 16]  # the first of NumPy's, of each method
    assert (
        np.add.reduceat(one[:17] != plain[:17], kinds)[[0, 1, 2, 3]] > 0
    ).all()
    assert (one[17:] != plain[17:]).any()
    assert (one != two).any()


def test_the_claims_that_a_shake_makes_false_are_listed(
    monkeypatch, capsys, tmp_path
):
    page = tmp_path / "page.md"
    bet = (
        "import numpy as np\n"
        "from rnncore.comparison import claim\n"
        "seen = np.random.default_rng(0).normal()\n"
        'claim("a bet", repr(float(seen)) == "0.1257302210933933")\n'
        'claim("no bet", abs(seen - 0.12573) < 1e-4)'
    )
    page.write_text(cells(bet))
    monkeypatch.setattr(book, "page_paths", lambda: [page])
    assert (
        shakes.main(
            ["page", "--shakes", "2", "--first", "5", "--jobs", "2"]
        )
        == 1
    )
    page, claim = capsys.readouterr().out.splitlines()[-2:]
    assert page == "page: 1 claims false, 2 runs"
    assert (
        claim == "  book/page.md:13: false in 2 of 2 shakes (5, 6): a bet"
    )


def test_each_page_has_its_turn_where_a_share_of_them_is_shaken(
    monkeypatch,
):
    pages = [book.BOOK / f"{name}.md" for name in "abcde"]
    seen = []
    monkeypatch.setattr(book, "page_paths", lambda: pages)
    monkeypatch.setattr(book, "read_notebook", lambda page: page)
    monkeypatch.setattr(
        shakes,
        "shake_pages",
        lambda pages, *_: seen.append([page.stem for page in pages]) or [],
    )
    for first in "6", "7", "8":
        assert shakes.main(["--third", "--first", first]) == 0
    assert seen == [["a", "d"], ["b", "e"], ["c"]]


def test_an_unknown_page_is_refused():
    run = subprocess.run(
        [sys.executable, "-m", "tools.check.shakes", "ch99_none"],
        cwd=book.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "expected pages with code, got ch99_none" in run.stderr
