"""How far a price may move: Student's distribution, begun at EWMA."""

import numpy as np
import torch
from scipy.stats import t as student

from rnncore.application import seeded
from rnncore.forecast import prices
from rnncore.forecast.windows import split_by_time
from tests.helpers.arrays import assert_close
from tools.train.ch11.methods import widths


def test_windows_of_prices_are_changes_over_what_was_known(rng):
    logs = np.cumsum(0.02 * rng.normal(size=160))
    at = np.array([90, 120])
    found, unit = widths.cut_changes(logs, at, 2)
    assert_close(unit, prices.find_deviations(logs)[at - 1])
    for b, t in enumerate(at):
        steps = np.diff(logs[t - widths.HISTORY - 1 : t]) / unit[b]
        assert_close(found.past[:, b, 0], steps)
        target = (logs[t : t + 2] - logs[t - 1]) / unit[b]
        assert_close(found.target[:, b], target)
    logs[90:] += 3  # no window knows what comes
    other, known = widths.cut_changes(logs, at, 2)
    assert_close(other.past[:, 0], found.past[:, 0])
    assert known[0] == unit[0]


def numbers_of(out):
    """Scale and degrees of freedom, as the head's docstring has them."""
    a, b = out[..., 0], out[..., 1]
    steps = np.arange(1, len(out) + 1)[:, None]
    return np.sqrt(steps * 4 / 6) * np.exp(a), 2 + 4 * np.exp(b)


def test_student_s_loss_is_the_density_of_scipy(rng):
    out, target = rng.normal(size=(4, 5, 2)), 3 * rng.normal(size=(4, 5))
    head = widths.student_head()
    scale, free = numbers_of(out)
    loss = head.loss(torch.tensor(out), torch.tensor(target))
    expected = -student.logpdf(target, free, scale=scale).mean()
    assert_close(float(loss), expected, within=1e-9)


def test_student_s_gradient_is_that_of_finite_differences(rng):
    out, target = rng.normal(size=(3, 2, 2)), 3 * rng.normal(size=(3, 2))
    given = torch.tensor(out, requires_grad=True)
    head = widths.student_head()
    head.loss(given, torch.tensor(target)).backward()
    for at in np.ndindex(out.shape):
        ends = []
        for step in (-1e-5, 1e-5):
            moved = out.copy()
            moved[at] += step
            scale, free = numbers_of(moved)
            ends.append(-student.logpdf(target, free, scale=scale).mean())
        slope = (ends[1] - ends[0]) / 2e-5
        assert_close(float(given.grad[at]), slope, within=1e-7)


def test_student_s_quantiles_are_those_of_scipy_around_today(rng):
    levels = (0.05, 0.5, 0.9)
    out = torch.tensor(rng.normal(size=(4, 5, 2)))
    head = widths.student_head()
    scale, free = numbers_of(out.numpy())
    q = head.quantiles(out, levels).numpy()
    for level, said in zip(levels, q, strict=True):
        expected = student.ppf(level, free, scale=scale)
        assert_close(said, expected, within=1e-9)
    assert np.abs(q[1]).max() == 0
    assert head.point(out).abs().max() == 0


def test_a_loss_of_changes_far_off_is_finite(rng):
    out = torch.tensor([[[200.0, -200.0]], [[-200.0, 200.0]]])
    out.requires_grad_()
    loss = widths.student_head().loss(out, torch.tensor([[0.0], [1e6]]))
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(out.grad).all()


def test_what_no_network_has_learnt_is_what_ewma_says(rng):
    """Over k steps the deviation that is known, times the root of k."""
    logs = np.cumsum(0.02 * rng.normal(size=80))
    with seeded(0):
        module = widths.Widths(8, 4)
    q = widths.say_widths(module)(logs, 4) - logs[-1]
    known = prices.find_deviations(logs)[-1] * np.sqrt(np.arange(1, 5))
    at = student.ppf(0.95, 6, scale=known * np.sqrt(4 / 6))
    assert_close(q[widths.LEVELS.index(0.95)], at, within=1e-6)


def test_a_network_of_prices_is_judged_beside_its_rules(rng):
    """After 200 steps it knows more than that all days are alike."""
    wild = np.tile(np.repeat([1.0, 4.0], 20), 20)
    values = 50 * np.exp(np.cumsum(0.01 * wild * rng.normal(size=800)))
    parts = split_by_time(800, 160, 160)
    module = widths.train_widths(values, parts, 1, seed=0, steps=100)
    starts = np.arange(640, 800)
    came, said = widths.judge_widths(values, [module, module], starts, 1)
    assert_close(came[0], values[640:])
    assert list(said) == ["persistence", "ewma", "student"]
    for one in said.values():
        assert_close(one.point[0], values[639:799])  # today's price
    low, high = (said["student"].quantiles[k, 0] for k in (1, -2))
    wide = np.log(high / low)
    calm = wild[639:799] == 1
    assert wide[~calm].mean() > 1.5 * wide[calm].mean()
