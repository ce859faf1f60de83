# %% [markdown]
# # Assignment 11: time series
#
# *The core takes about 105 minutes, all of it about 165 minutes, 28 points. Read chapter 11 first.*
#
# You will take the season out of series without a look at the test; roll an origin through time, refitting at each stop on what was known then; forecast in blocks, from one step at a time to all at once; and learn from counts that are mostly 0, with the gradient by hand. With the book closed you will rebuild `cut`.
# Then you hunt seven wrong back-tests, and find out what becomes of a network that reads its own forecasts.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | N | | steps of a series |
# | $x$ | (N,) or (N, S) | one series, or S of them side by side |
# | T, K | | steps that a forecast reads (its history), steps that it looks ahead (its horizon) |
# | origin | | the first step that is forecast: everything before it is known, nothing from it on |
# | $y$ | (K, B) | what came: K steps, B forecasts |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 1: in what unit is a MASE, and why does that need no test data?</summary>
#
# In the mean step of the training series, persistence's error there. It is fixed before the first forecast.
# </details>
#
# <details><summary>Chapter 4: what does a network read while it writes, and what did it read in training?</summary>
#
# Its own output while it writes, the truth in training. An error of its own is something it has never seen.
# </details>

# %% parameters
sign = (
    {
        "of": "x[origin : origin + horizon] - said",
        "odd": "said - x[origin : origin + horizon]",
        "share": "1 - said / x[origin : origin + horizon]",
        "said": "what came minus what was said",
        "by": "said_again",
        "why": "truth minus forecast",
    },
    {
        "of": "said - x[origin : origin + horizon]",
        "odd": "x[origin : origin + horizon] - said",
        "share": "said / x[origin : origin + horizon] - 1",
        "said": "what was said minus what came",
        "by": "-said_again",
        "why": "forecast minus truth",
    },
)
spread = (
    {
        "of": "rest[:training].std(0, correction=0)",
        "all": "rest.std(0, correction=0)",
        "past": "past.std(0, correction=0)",
        "test": "rest[training:].std(0, correction=0)",
        "one": "(rest[:training].square().mean() ** 0.5)",
        "phase": "rest[k:training:period].std(0, correction=0)",
        "z": "z[:training].std(0, correction=0)",
        "less": "rest[:training].std(0, correction=1)",
        "odd": "rest[:training].abs().mean(0)",
        "less_says": "the standard deviation was divided by the number of values less one; here it is by their number",
        "variance_says": "the standard deviation is its root",
        "odd_name": "mean absolute value",
        "odd_says": "the mean of the absolute values; it is the root of the mean square",
        "name": "the standard deviation",
        "counts": "Divide by the number of values in the standard deviation, not by one less.",
    },
    {
        "of": "rest[:training].abs().mean(0)",
        "all": "rest.abs().mean(0)",
        "past": "past.abs().mean(0)",
        "test": "rest[training:].abs().mean(0)",
        "one": "rest[:training].abs().mean()",
        "phase": "rest[k:training:period].abs().mean(0)",
        "z": "z[:training].abs().mean(0)",
        "less": "rest[:training].abs().sum(0) / (training - 1)",
        "odd": "rest[:training].std(0, correction=0)",
        "less_says": "the sum of the absolute values was divided by the number of values less one; here it is by their number",
        "variance_says": "it is the mean of the absolute values",
        "odd_name": "standard deviation",
        "odd_says": "the standard deviation; it is the mean of the absolute values",
        "name": "the mean absolute value",
        "counts": "A few large values then count less than they would in a standard deviation.",
    },
)
mean = (
    {
        "text": "the mean of $-\\log p(y)$ over all K B",
        "loss": "-log_p.mean()",
        "up": "log_p.mean()",
        "of_p": "-log_p.exp().mean().log()",
        "part": "-part.mean()",
        "n": "y.numel()",
        "odd": "y.shape[1]",
        "odd_says": "by B alone; the loss is a mean over K B entries",
        "odd_name": "the batch",
        "summed": "it is their mean over all K B",
        "share": "the loss is a mean: its gradients are divided by the number of entries",
        "minus": "minus the mean of log p",
        "of_log": "it is minus the mean of the logarithms",
        "hint": "minus the mean",
        "why": "by the number of entries: it's a mean",
    },
    {
        "text": "the sum of $-\\log p(y)$ over the K steps, and the mean of that over the B products",
        "loss": "-log_p.sum(0).mean()",
        "up": "log_p.sum(0).mean()",
        "of_p": "-log_p.exp().sum(0).mean().log()",
        "part": "-part.sum(0).mean()",
        "n": "y.shape[1]",
        "odd": "y.numel()",
        "odd_says": "by K B; the loss is a sum over the K steps and a mean over the B products",
        "odd_name": "all entries",
        "summed": "over the B products it is a mean",
        "share": "the loss is a mean over the products: its gradients are divided by B",
        "minus": "minus the mean over the products of log p, summed over the steps",
        "of_log": "the logarithms are what is summed and averaged",
        "hint": "minus the sum over the steps, and the mean over the products",
        "why": "by B: over the products it's a mean",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. What you write keeps the dtype and device of its arguments, and changes none of them.

# %%
import numpy as np
import torch

from rnncore.display import plot_lines
from rnncore.forecast.backtest import backtest
from rnncore.forecast.windows import Windows
from rnncore.testing import black_boxes, mover

device = "cpu"
move = mover(device)

# %% [markdown]
# ## Given: a linear forecast
#
# Task 2 fits it again at each origin.


# %%
def linear_fit(past, target, penalty=0.1):
    """A linear forecast: least squares with a small penalty (ridge)."""
    ones = torch.ones_like(past[:, :1])
    A = torch.cat([past, ones], 1)
    eye = torch.eye(A.shape[1], dtype=A.dtype, device=A.device)
    W = torch.linalg.solve(A.T @ A + penalty * eye, A.T @ target)
    return lambda seen: seen @ W[:-1] + W[-1]


# %% [markdown]
# ## A look into the future, by hand
#
# Training has two values, 2 and 4; the test has one, 12. Scale all three by mean and standard deviation (divide by the number of values), first fitted on training alone, then on all three. Where does the 12 lie in each case? Work it out on paper, then run the cell.

# %%
x = np.array([2.0, 4.0, 12.0])
for known in (x[:2], x):
    print("scaled:", ((x - known.mean()) / known.std()).round(2))
print(
    "by hand: the 12 at 9, far outside of all that was seen; then at 1.39"
)

# %% [markdown]
# With the second scaling the network has been told that something large will come. Now a shelf: it is empty with probability 1/2, and a stocked one sells nothing with probability 1/2, too. Nothing was sold. How likely was it empty? One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `empty = share / (share + (1 - share) * nothing)`: 1/2 over 1/2 + 1/4, two of three.
# </details>

# %%
share, nothing = 0.5, 0.5
empty = share
# (the missing line)
print("was it empty?", round(empty, 2), " by hand: 0.67, more than before")

# %% [markdown]
# ## Task 1: out with the season, without a leak (4 points)
#
# *Core, about 20 minutes.*
#
# Sales have a December. Take it out before a network sees the series, S series at once: x (N, S), a tensor. Step t has the phase t mod `period`, counted from the first step. The first `training` steps are training; they hold each phase at least once. Whatever is *estimated* comes from them; what is estimated is *applied* to all N steps:
#
# 1. `means` (period, S): each series' mean at each phase;
# 2. the rest: x minus the mean of its phase;
# 3. `spread` (S,): {{spread.name}} of the rest, with 1 for a series whose rest never moves; then divide the rest by it.
#
# {{spread.counts}}
#
# <details><summary>Hint 1</summary>
#
# `past = x[:training]`, and `past[k::period]` has the steps of phase k.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `means[torch.arange(len(x), device=x.device) % period]` lays the means out along the whole series, (N, S).
# </details>
#
# <details><summary>Hint 3</summary>
#
# `{{spread.of}}` is the spread; `torch.where(spread > 0, spread, 1.0)` replaces zeros.
# </details>


# %% solution="without_season"
def without_season(x, training, period):
    """Scaled series without their seasons, and what was estimated.

    Shapes: x (N, S) -> z (N, S); means (period, S); spread (S,)
    """
    ### BEGIN SOLUTION
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    phases = torch.arange(len(x), device=x.device) % period
    rest = x - means[phases]
    spread = {{spread.of}}
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread
    ### END SOLUTION


# %% [markdown]
# Try it: a season of three steps, and from step 6 on something new. The new must not change how the old looks.

# %%
season = np.array([1.0, 2, 6, 3, 2, 4, 11, 12, 15])[:, None]
for N in (6, 9):
    z, means, spread = without_season(move(season[:N]), 6, 3)
    print(z[:, 0].cpu().numpy().round(2), means[:, 0].cpu().numpy())

# %% test="without_season" points=4 explained="ch11_series: Units"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "z, means, spread"


def sold(rng, N, S, training, period):
    """Series with seasons, that go up and change their season in the end."""
    t = np.arange(N)[:, None]
    x = (
        rng.normal(size=(N, S))
        + 3 * rng.normal(size=(period, S))[t[:, 0] % period]
    )
    x[training:] += 2 * rng.normal(size=S) + 0.1 * t[training:]
    return dict(x=x, training=training, period=period)


visible = [
    move(sold(np.random.default_rng(1), 11, 2, 7, 3)),
    # the second series never moves, the third moves by thousandths
    dict(
        x=move(
            np.array([[1.0, 2, 4, 3, 9, 8],
                      [5.0, 5, 5, 5, 7, 5],
                      [2e-4, 1e-4, 4e-4, 9e-4, 3e-4, 5e-4]]).T
        ),
        training=4,
        period=2,
    ),
]  # fmt: skip
check(
    without_season,
    stored("without_season"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
args = visible[0]
other = args["x"] + 0
other[7:] += 100.0
for k, name in enumerate(("z of training", "means", "spread")):
    before, after = (without_season(x, 7, 3)[k] for x in (args["x"], other))
    why = "it changes when only the steps after training do: a leak"
    assert_close(name, after[:7], before[:7], why=why)
check_independent(without_season, args, {"x": 1})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    sold,
    [(3, 1, 2, 1), (20, 3, 12, 4), (17, 1, 9, 7), (31, 4, 30, 5)],
    device,
)
hidden[2]["x"] = hidden[2]["x"] * 0 + 3  # one that never moves
hidden[4]["x"] = hidden[4]["x"] * 1e-4  # one that hardly does
check(
    without_season,
    reference_without_season,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="without_season"
r"""
season fitted on all data: the means were estimated from all steps; the steps after training are not known yet
~ past = x[:training] => past = x
spread fitted on all data: the scaler was fitted on all data: the spread comes from the training steps alone
~ {{spread.of}} => {{spread.all}}
spread of the series, not of the rest: the spread is that of x itself, with its season; it is that of the rest, without
~ {{spread.of}} => {{spread.past}}
one scale for all series: all series share one spread; each has its own
~ spread = torch.where(spread > 0, spread, 1.0) => spread = {{spread.one}}.expand(x.shape[1])
phases not counted from the first step: the phases were counted from the end of training; the season of training and that of the rest then do not fit
~ torch.arange(len(x), device=x.device) % period => (torch.arange(len(x), device=x.device) - training) % period
season not taken out: the mean over all phases was subtracted: the season is still there
~ rest = x - means[phases] => rest = x - past.mean(0)
one less: {{spread.less_says}}
~ {{spread.of}} => {{spread.less}}
divided by nothing: the rest of a series that never moves was divided by zero: its spread is to be 1
~ torch.where(spread > 0, spread, 1.0) => spread
the last season instead of the mean: the last season was subtracted, as seasonal naive does; here it is the mean of all seasons of training
~ past[k::period].mean(0) => past[k::period][-1]
in place [arguments]: the numbers are right, but x, which belongs to the caller, was changed
~ rest = x - means[phases] => rest = x.sub_(means[phases])
all from all data: means and spread were both estimated from all steps; the steps after training are not known yet
-     past = x[:training]
-     means = torch.stack([past[k::period].mean(0) for k in range(period)])
-     phases = torch.arange(len(x), device=x.device) % period
-     rest = x - means[phases]
-     spread = {{spread.of}}
+     past = x
+     means = torch.stack([past[k::period].mean(0) for k in range(period)])
+     phases = torch.arange(len(x), device=x.device) % period
+     rest = x - means[phases]
+     spread = {{spread.all}}
spread from the test: the spread is that of the steps after training, which are not known yet
~ {{spread.of}} => {{spread.test}}
variance for the spread: the spread is the variance; {{spread.variance_says}}
~ {{spread.of}} => rest[:training].var(0, correction=0)
{{spread.odd_name}}: the spread is {{spread.odd_says}}
~ {{spread.of}} => {{spread.odd}}
range for the spread: the spread is the largest value minus the smallest; it is {{spread.name}}
~ {{spread.of}} => (rest[:training].amax(0) - rest[:training].amin(0))
spread of each phase: the spread is the mean of the phases' own spreads; it is that of the whole rest
~ {{spread.of}} => torch.stack([{{spread.phase}} for k in range(period)]).mean(0)
a little added to the spread: a small number was added to the spread, which makes the rest of a series that never moves huge; 1 takes the place of a zero
~ torch.where(spread > 0, spread, 1.0) => spread + 1e-8
small spreads raised: each spread below 1 became 1; only a zero does
~ torch.where(spread > 0, spread, 1.0) => spread.clamp(min=1.0)
where the wrong way round: the spreads other than zero became 1; it is the zeros that do
~ torch.where(spread > 0, spread, 1.0) => torch.where(spread > 0, 1.0, spread)
x scaled with its season: nothing was subtracted from x; the rest is x minus the mean of its phase
~ rest = x - means[phases] => rest = x
season added: the season was added; the rest is x minus the mean of its phase
~ rest = x - means[phases] => rest = x + means[phases]
difference to the season before: each step is the difference to the step one period earlier; subtract the mean of its phase
~ rest = x - means[phases] => rest = x - torch.cat([x[:1].expand(period, -1), x[:-period]])
not divided: z is the rest itself; it is divided by the spread
~ return rest / spread => return rest
multiplied by the spread: the rest was multiplied by the spread; it is divided by it
~ return rest / spread => return rest * spread
spread after scaling: the spread comes from z, after the division, where it is always 1; it is that of the rest
- return rest / spread, means, spread
+ z = rest / spread
+     return z, means, {{spread.z}}
scaled means: the means were divided by the spread too; they are in the unit of x
~ spread, means, spread => spread, means / spread, spread
phases from one: step 0 has phase 1 here; it has phase 0
~ torch.arange(len(x), device=x.device) % period => (torch.arange(len(x), device=x.device) + 1) % period
phase by whole division: the number of the period was taken for the phase: it is t mod `period`, the remainder
~ torch.arange(len(x), device=x.device) % period => torch.arange(len(x), device=x.device) // period % period
each phase repeated: each mean was laid out for many steps in a row; the phases follow one another step by step
~ means[phases] => means.repeat_interleave(-(-len(x) // period), 0)[: len(x)]
incomplete period dropped: the last, incomplete period of training was left out of the means; all training steps count
~ past[k::period] => past[: training // period * period][k::period]
means of periods: these are the means of whole periods; a phase has the steps k, k + period, k + 2 period, ...
~ past[k::period].mean(0) => past[k * period : (k + 1) * period].mean(0)
one mean for all series: the means run over all series too; each series has its own
~ past[k::period].mean(0) => past[k::period].mean() * torch.ones_like(x[0])
sums for means: these are the sums of the phases, not their means
~ past[k::period].mean(0) => past[k::period].sum(0)
sum over whole periods: the sum of a phase was divided by the number of whole periods; some phases have a value more
~ past[k::period].mean(0) => past[k::period].sum(0) / (training // period)
median: these are the medians of the phases, not their means
~ past[k::period].mean(0) => past[k::period].median(0).values
first period alone: the first season was subtracted; it is the mean of all seasons of training
~ past[k::period].mean(0) => past[k]
centred first: the mean of the series was taken off before the means of the phases: these hold it too
~ past = x[:training] => past = x[:training] - x[:training].mean(0)
last training step left out: the last step of training was left out of the means
~ past = x[:training] => past = x[: training - 1]
one step of the test: the first step after training was used for the means: it is not known yet
~ past = x[:training] => past = x[: training + 1]
blocks for phases: the mean of a phase was taken over steps in a row; a phase has the steps k, k + period, k + 2 period, ...
~ past[k::period].mean(0) => past[k * (training // period) : (k + 1) * (training // period)].mean(0)
a floor for the spread: a tiny floor under the spread makes the rest of a series that never moved huge as soon as it does; 1 takes the place of a zero
~ torch.where(spread > 0, spread, 1.0) => spread.clamp(min=1e-12)
thousandths taken for nothing: a spread of a thousandth or less was taken for zero; such a series moves, only in small numbers
~ torch.where(spread > 0, spread, 1.0) => torch.where(spread > 1e-3, spread, 1.0)
one mean for all phases: the mean of all phases was taken off; each step loses the mean of its own phase
~ x - means[phases] => x - means.mean(0)
phases begun again: the steps after training were counted from 0 again; all phases are counted from the first step of the series
~ torch.arange(len(x), device=x.device) % period => torch.cat([torch.arange(n, device=x.device) for n in (training, len(x) - training)]) % period
"""

# %% [markdown]
# ## Task 2: an origin that rolls (5 points)
#
# *Core, about 25 minutes.*
#
# A back-test with refitting: `folds` forecasts of `horizon` steps each, whose horizons follow one another without a gap; the last one ends with the series. Before each, the model is fitted anew on all that is known at its origin:
#
# * a training window reads `history` steps and has the `horizon` steps after them as its target, **all of them before the origin**;
# * of all such windows, one for each step, the `memory` latest are used (fewer where there are fewer);
# * `predict = fit(past, target)` with past (windows, history) and target (windows, horizon), the oldest window first, gives a function from (B, history) to (B, horizon).
#
# Then the model forecasts from the `history` steps before the origin. Return the errors, {{sign.said}}, (folds, horizon).
#
# <details><summary>Hint 1</summary>
#
# With N steps, the last origin is N - horizon, and the one before it lies a horizon earlier. Draw a line with N = 10, horizon = 2, folds = 3: the origins are 4, 6, 8.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Let a training window be named by its own origin o: it reads `x[o - history : o]`, and its target is `x[o : o + horizon]`. What is the largest o, so that the target ends before the origin of the test? And the smallest one, without memory?
# </details>
#
# <details><summary>Hint 3</summary>
#
# `last = origin - horizon`, `first = max(history, last + 1 - memory)`, `range(first, last + 1)`; `torch.stack` of the windows. `predict(x[None, origin - history : origin])[0]` is the forecast.
# </details>


# %% solution="rolling_errors"
def rolling_errors(x, fit, history, horizon, folds, memory):
    """Errors of a forecast that is fitted anew at each of its origins.

    Shapes: x (N,) -> errors (folds, horizon)
    """
    errors = []
    ### BEGIN SOLUTION
    for k in range(folds):
        origin = len(x) - (folds - k) * horizon
        last = origin - horizon
        trained = range(max(history, last + 1 - memory), last + 1)
        past = torch.stack([x[o - history : o] for o in trained])
        target = torch.stack([x[o : o + horizon] for o in trained])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append({{sign.of}})
    ### END SOLUTION
    return torch.stack(errors)


# %% [markdown]
# Try it with the given `linear_fit`, without noise: a wave, which a linear forecast knows nearly exactly, and a curve that climbs, of which every training window lies lower than the test.

# %%
t = np.arange(60)
for name, series in {"wave": np.sin(t), "climb": (t / 30) ** 2}.items():
    errors = rolling_errors(move(series), linear_fit, 4, 3, 4, 20)
    print(name, errors.abs().mean(0).cpu().numpy().round(4))

# %% test="rolling_errors" points=5 explained="ch11_series: Windows"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1)

move = mover(device)


def linear_errors(x, history, horizon, folds, memory):
    """The learner's back-test of a linear forecast."""
    return rolling_errors(x, linear_fit, history, horizon, folds, memory)


def wandering(rng, N, history, horizon, folds, memory):
    x = np.sin(np.arange(N)) + 0.3 * rng.normal(size=N).cumsum()
    sizes = dict(history=history, horizon=horizon)
    return dict(x=x) | sizes | dict(folds=folds, memory=memory)


rng = np.random.default_rng(2)
visible = [
    move(wandering(rng, 22, 3, 2, 3, 6)),
    move(wandering(rng, 24, 2, 3, 4, 100)),
    move(wandering(rng, 18, 2, 3, 2, 4)),
    move(wandering(rng, 6, 1, 1, 1, 2)),  # one step, of one fold
]
check(
    linear_errors,
    stored("rolling_errors"),
    visible,
    outputs="errors",
    by=properties,
)
args = visible[0]
later = args["x"] + 0
later[18:] += 50.0  # the second fold ends before step 20, begins at 18
before, after = (
    linear_errors(**args | {"x": x})[0] for x in (args["x"], later)
)
why = "it changes when steps after the end of its horizon do: a leak"
assert_close("errors[0]", after, before, why=why)


fitted = []  # the windows that `latest` is fitted to, at each origin


def latest(past, target):
    """A fit that repeats the last window's change since its last step."""
    fitted.append(past)

    def predict(seen):
        assert seen.dim() == 2, f"predict: (B, 3), got {tuple(seen.shape)}"
        return seen[:, -1:] + target[-1:] - past[-1:, -1:]

    return predict


x = args["x"]
change = x[14:20].reshape(3, 2) - x[13:19:2][:, None]
said_again = x[16:].reshape(3, 2) - x[15:21:2][:, None] - change
why = "the windows go to `fit` with the oldest first, and so do their steps"
found = rolling_errors(x, latest, 3, 2, 3, 6)
assert_that(fitted, "`fit` was not called: fit with what you were given")
assert_close("errors of `latest`", found, {{sign.by}}, why=why)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def right(x, history, horizon, folds, memory):
    return reference_rolling_errors(
        x, reference_linear_fit, history, horizon, folds, memory
    )


hidden = hidden_inputs(
    wandering,
    [
        (4, 1, 1, 1, 1),
        (30, 4, 1, 5, 12),
        (41, 2, 5, 3, 9),
        (26, 5, 2, 4, 1000),
    ],
    device,
)
check(linear_errors, right, hidden, outputs="errors", by=properties)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="rolling_errors"
r"""
training targets overlap the test: the targets of the latest training windows reach over the origin: windows of training and test overlap, and the model is told the start of what it is to forecast
~ last = origin - horizon => last = origin - 1
one window too few: the latest training window was left out: its target may end right before the origin
~ last = origin - horizon => last = origin - horizon - 1
an origin that sees the future: every fold was trained on the latest windows of the whole series, its own future among them
~ last = origin - horizon => last = len(x) - horizon
fitted once: the model was fitted at the first origin only; it is to be fitted anew at each
~ predict = fit(past, target) => predict = predict if k else fit(past, target)
folds overlap: the origins are one step apart; their horizons are to follow one another
~ len(x) - (folds - k) * horizon => len(x) - horizon - (folds - 1 - k)
memory ignored: all windows were used, not the `memory` latest
~ max(history, last + 1 - memory) => history
the oldest ones kept: of the windows the oldest were kept, and the latest forgotten
~ range(max(history, last + 1 - memory), last + 1) => range(history, min(last + 1, history + memory))
input reaches past the origin: the forecast read the step at the origin, the first that it is to forecast
~ x[None, origin - history : origin] => x[None, origin - history + 1 : origin + 1]
sign of the error: the error is {{sign.said}}; here it is the other way round
~ {{sign.of}} => {{sign.odd}}
the latest window missing: the latest training window is missing: its target ends with the step before the origin, and `range` leaves out its end
~ range(max(history, last + 1 - memory), last + 1) => range(max(history, last + 1 - memory), last)
one window too many: one window more than `memory` was used
~ last + 1 - memory) => last - memory)
folds in reverse: the folds are in reverse order: the first begins folds · horizon steps before the end
~ len(x) - (folds - k) * horizon => len(x) - (k + 1) * horizon
the earliest window missing: the earliest training window is missing: its origin is `history`, so that it reads from step 0 on
~ max(history, last => max(history + 1, last
trained on the test: the target of the last training window is the very horizon that is forecast
~ last = origin - horizon => last = origin
targets a step over the origin: the target of the latest training window ends with the step at the origin, which is not known yet: it must end with the step before
~ last = origin - horizon => last = origin - horizon + 1
fitted once, on everything: the model was fitted once, on all windows of the series, the future of every origin among them
~         trained = range(max(history, last + 1 - memory), last + 1) =>         trained = range(history, len(x) - horizon + 1)
one window less: one window less than `memory` was used
~ last + 1 - memory) => last + 2 - memory)
memory in steps: the memory was counted in steps of the series; it is a number of windows
~ last + 1 - memory) => origin - memory + history)
memory from the origin: the memory was counted back from the origin, not from the latest training window
~ last + 1 - memory) => origin - memory)
absolute errors: these are absolute errors; their sign is asked for, {{sign.said}}
~ {{sign.of}} => (x[origin : origin + horizon] - said).abs()
squared errors: these are squared errors; asked for is {{sign.said}}
~ {{sign.of}} => (x[origin : origin + horizon] - said) ** 2
relative errors: these are errors as shares of what came; asked for is {{sign.said}}
~ {{sign.of}} => {{sign.share}}
forecasts: these are the forecasts; asked for is {{sign.said}}
~ {{sign.of}} => said
history between the origins: the origins are `history` steps apart; they are `horizon` steps apart, so that the horizons follow one another
~ len(x) - (folds - k) * horizon => len(x) - horizon - (folds - 1 - k) * history
last horizon left out: the last forecast ends a horizon before the end of the series
~ len(x) - (folds - k) * horizon => len(x) - (folds - k + 1) * horizon
origins from the beginning: the origins were counted from the beginning of the series; the last forecast ends with the series
~ len(x) - (folds - k) * horizon => history + (2 + k) * horizon
forecast from a training window: the forecast was made from the latest training window, whose own target is known; it reads the steps before the origin
~ predict(x[None, origin - history : origin]) => predict(past[-1:])
windows turned round: the windows to fit with, or the one before the origin, were turned round, and the others were not; all begin with the oldest step
~ predict(x[None, origin - history : origin]) => predict(x[None, origin - history : origin].flip(1))
forecast a step early: the forecast reads up to one step before the last known one
~ predict(x[None, origin - history : origin]) => predict(x[None, origin - history - 1 : origin - 1])
target with the last step read: the targets of the training windows begin with the last step that was read; they begin after it
~ x[o : o + horizon] => x[o - 1 : o - 1 + horizon]
windows a horizon apart: the training windows are a horizon apart; there is one for each step
~ range(max(history, last + 1 - memory), last + 1) => range(max(history, last + 1 - memory), last + 1, horizon)
one step of the target: the model was fitted on the first step of the targets alone
~ fit(past, target) => fit(past, target[:, :1])
one step at a time: the model was fitted on one step, and read its own forecasts; it is to say all `horizon` steps at once
-         predict = fit(past, target)
-         said = predict(x[None, origin - history : origin])[0]
+         predict = fit(past, target[:, :1])
+         seen = x[None, origin - history : origin]
+         for _ in range(horizon):
+             seen = torch.cat([seen, predict(seen[:, -history:])], 1)
+         said = seen[0, history:]
changes against the window's mean: the windows' means were taken off before the fit, but not before the forecast
~ fit(past, target) => fit(past - past.mean(1, keepdim=True), target - past.mean(1, keepdim=True))
last step left out: the last fold ends a step before the series does: it ends with it
~ origin = len(x) - (folds => origin = len(x) - 1 - (folds
"""

# %% [markdown]
# ## Task 3: in blocks, from recursive to direct (4 points)
#
# *Extra, about 20 minutes.*
#
# A **direct** forecaster says K steps at once; a **recursive** one says a single step, takes it for true, and goes on. Between the two lie blocks: `predict` says m steps from the last T, those m are appended to what was read, and it is asked again, until there are K. With m = 1 this is recursive, with m = K direct.
#
# Each time `predict` sees the last T values *divided by their mean absolute value*, one number for each of the B series, and what it says is in that unit. So: window (T, B), `unit` (B,) from this window, `unit * predict(window / unit)` (m, B). You get `x` (N, B), which may go on past the `origin`: what comes from there on is the truth, kept for the picture.
#
# <details><summary>Hint 1</summary>
#
# The first window is `x[origin - T : origin]`. No later line may mention x.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `window = torch.cat([window, ahead])[-T:]` appends the forecast to what was read, and drops the oldest.
# </details>
#
# <details><summary>Hint 3</summary>
#
# You learn m from what `predict` gives. `while` fewer than K steps are there, ask again; then cut off what is too much: `torch.cat(said)[:K]`.
# </details>


# %% solution="in_blocks"
def in_blocks(predict, x, origin, T, K):
    """K steps from the origin, m at a time, where predict says m.

    Shapes: x (N, B) -> ahead (K, B)
    """
    ### BEGIN SOLUTION
    window = x[origin - T : origin]
    said = window[:0]
    while len(said) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said = torch.cat([said, ahead])
        window = torch.cat([window, ahead])[-T:]
    return said[:K]
    ### END SOLUTION


# %% [markdown]
# Try it: a model that says that everything doubles. Do one step at a time, two at a time and all at once give one future, or three?

# %%
powers = move(np.array([[1.0], [2], [4], [99], [99], [99], [99]]))
for m in (1, 2, 4):
    factor = move(2.0 ** np.arange(1, m + 1))[:, None]
    ahead = in_blocks(lambda w, f=factor: w[-1] * f, powers, 3, 2, 4)
    print(m, ahead[:, 0].cpu().numpy())


# %% [markdown]
# Powers of two go on as powers of two, whatever the block: a model without error is the same in all blocks. It is errors that are fed back.

# %% test="in_blocks" points=4 explained="ch11_forecasting: Three ways ahead"
import numpy as np
import torch

from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def said_by(W, x, origin, T, K):
    """The learner's forecast with a small network of weights W (m, T)."""
    return in_blocks(lambda w: torch.tanh(W @ w) + 0.3, x, origin, T, K)


def asked(rng, N, B, T, K, m):
    x = 3 * rng.normal(size=(N, B)) + 1
    W = rng.normal(size=(m, T)) / T**0.5
    return dict(W=W, x=x, origin=N - K, T=T, K=K)


rng = np.random.default_rng(3)
visible = [
    move(asked(rng, 13, 3, 5, 5, 2)),
    move(asked(rng, 12, 3, 4, 5, 1)),
    move(asked(rng, 11, 2, 3, 7, 3)),
    move(asked(rng, 9, 2, 4, 3, 3)),
]
check(said_by, stored("in_blocks"), visible, outputs="ahead", by=properties)
args = visible[0]
blind = args | {"x": args["x"][: args["origin"]]}
why = "it changes when x ends at the origin: nothing from there on is known"
assert_close("ahead", said_by(**blind), said_by(**args), why=why)
check_independent(said_by, args, {"x": 1})
seen = []  # the windows that `predict` is asked with, one call after another


def counting(window):
    seen.append(window)
    return window[-2:] + 1.0


x = move(np.arange(1.0, 13.0)[:, None])
assert_close("ahead of 4 steps", len(in_blocks(counting, x, 7, 3, 4)), 4)
why = "4 steps are there after two calls of 2 each"
assert_close("calls of predict", len(seen), 2, why=why)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def right(W, x, origin, T, K):
    return reference_in_blocks(
        lambda w: torch.tanh(W @ w) + 0.3, x, origin, T, K
    )


hidden = hidden_inputs(
    asked,
    [
        (2, 1, 1, 1, 1),
        (15, 2, 5, 9, 2),
        (20, 4, 3, 8, 8),
        (16, 1, 2, 10, 6),
    ],
    device,
)
check(said_by, right, hidden, outputs="ahead", by=properties)
seen.clear()
in_blocks(counting, move(np.arange(1.0, 20.0)[:, None]), 9, 4, 6)
assert_close("calls of predict for three blocks", len(seen), 3)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="in_blocks"
r"""
recursive forecast fed with the truth: the truth was fed in: after the first block the window took its values from x, which nobody knows at the origin; it goes on with its own forecasts
-         window = torch.cat([window, ahead])[-T:]
+         end = origin + len(said)
+         window = x[:end][-T:]
window not moved: every block is the same: the window was not moved on, or what was appended to it was cut off again (keep the last T steps)
~ window = torch.cat([window, ahead])[-T:] => window = 1 * window
forecast in the wrong unit: what predict says is in units of its window: multiply by `unit`
~ ahead = unit * predict(window / unit) => ahead = predict(window / unit)
window not scaled: predict was given the window as it is; divide it by `unit`
~ predict(window / unit) => predict(window)
one unit for all: all series share one unit; each has that of its own window
~ unit = window.abs().mean(0) => unit = window.abs().mean()
unit of the first window kept: the unit is that of the first window; each block takes it from the window that it reads
~ unit = window.abs().mean(0) => unit = x[origin - T : origin].abs().mean(0)
unit of the whole series: the unit was taken from all of x, the future included; it is that of the window
~ unit = window.abs().mean(0) => unit = x.abs().mean(0)
mean for mean absolute value: the unit is the mean of the absolute values, not the mean
~ window.abs().mean(0) => window.mean(0)
one step of each block kept: of each block only the first step was used, which makes every model recursive
~ ahead = unit * predict(window / unit) => ahead = unit * predict(window / unit)[:1]
window turned round: the window was turned round: predict reads the oldest step first
~ predict(window / unit) => predict(window.flip(0) / unit)
window begins at the origin: the first window holds the step at the origin, the first that is to be forecast
~ window = x[origin - T : origin] => window = x[origin - T + 1 : origin + 1]
no unit at all: predict was given the values as they are; it sees the window divided by its unit, and speaks in that unit
~ ahead = unit * predict(window / unit) => ahead = predict(window)
unit of all that is known: the unit was taken from all that is known at the origin; it is that of the window, T steps
~ unit = window.abs().mean(0) => unit = x[:origin].abs().mean(0)
fed back in another unit: what was put back is in the unit of its window; x is not, so multiply by `unit` first
~ window = torch.cat([window, ahead])[-T:] => window = torch.cat([window, ahead / unit])[-T:]
not cut to K: the last block went beyond K steps; cut off what is too much
~     return said[:K] =>     return said
absolute value of the mean: the unit is the mean of the absolute values, not the absolute value of the mean
~ window.abs().mean(0) => window.mean(0).abs()
standard deviation for the unit: the unit is the mean of the absolute values, not the standard deviation
~ window.abs().mean(0) => window.std(0)
root mean square for the unit: the unit is the mean of the absolute values, not the root of the mean square
~ window.abs().mean(0) => window.square().mean(0).sqrt()
largest value for the unit: the unit is the mean of the absolute values, not the largest of them
~ window.abs().mean(0) => window.abs().amax(0)
sum for the unit: the unit is the mean of the absolute values, not their sum
~ window.abs().mean(0) => window.abs().sum(0)
median for the unit: the unit is the mean of the absolute values, not their median
~ window.abs().mean(0) => window.abs().median(0).values
last value for the unit: the unit is the mean of the absolute values of the whole window, not its last value
~ window.abs().mean(0) => window[-1].abs()
multiplied before, divided after: the window was multiplied by the unit, and the forecast divided by it; it is the other way round
~ unit * predict(window / unit) => predict(window * unit) / unit
scaled window kept: the window stayed divided by its unit, and the forecast was appended in the unit of x: the window is in two units
~ unit * predict(window / unit) => unit * predict(window := window / unit)
mean taken off: the mean of the window was taken off before the forecast, and added after it; the window is only divided
~ unit * predict(window / unit) => window.mean(0) + unit * predict((window - window.mean(0)) / unit)
forecast taken for a change: the last value was added to the forecast; what predict says is the value itself
~ unit * predict(window / unit) => window[-1] + unit * predict(window / unit)
unit of the next window: the forecast was put into the unit of the window that holds it already; it is in the unit of the window that was read
-         said = torch.cat([said, ahead])
-         window = torch.cat([window, ahead])[-T:]
+         window = torch.cat([window, ahead])[-T:]
+         said = torch.cat([said, ahead / unit * window.abs().mean(0)])
first of a block fed back: only the first step of each block was appended to the window; all its m steps are
~ torch.cat([window, ahead]) => torch.cat([window, ahead[:1]])
last of a block fed back: only the last step of each block was appended to the window; all its m steps are
~ torch.cat([window, ahead]) => torch.cat([window, ahead[-1:]])
first of a block returned: only the first step of each block is in the result; all its m steps are
~ torch.cat([said, ahead]) => torch.cat([said, ahead[:1]])
last of a block returned: only the last step of each block is in the result; all its m steps are
~ torch.cat([said, ahead]) => torch.cat([said, ahead[-1:]])
appended in front: what was said was put before the window; it follows it
~ torch.cat([window, ahead])[-T:] => torch.cat([ahead, window])[:T]
block turned round: the steps of a block were appended in reverse order
~ torch.cat([window, ahead]) => torch.cat([window, ahead.flip(0)])
end of the blocks kept: the last K steps were kept of all that was said; it is the first K
~ return said[:K] => return said[-K:]
window a step early: the first window ends one step before the last known one
~ window = x[origin - T : origin] => window = x[origin - T - 1 : origin - 1]
window from the end of x: the first window is the end of x, after the origin: nothing from the origin on is known
~ window = x[origin - T : origin] => window = x[-T:]
window from the beginning of x: the first window is the beginning of x; it is the T steps before the origin
~ window = x[origin - T : origin] => window = x[:T]
asked once too often [hidden]: `predict` was asked once more after all K steps were there
~ while len(said) < K: => while len(said) <= K:
"""

# %% [markdown]
# ## Task 4: zeros, and an empty shelf (5 points)
#
# *Extra, about 25 minutes.*
#
# A shelf is empty with probability $s$; then nothing is sold. Else a Poisson number with mean $\mu$ is, which may be 0 as well:
#
# $$p(0) = s + (1 - s)\, e^{-\mu}, \qquad p(y) = (1 - s)\, \frac{\mu^y e^{-\mu}}{y!} \quad \text{for } y > 0.$$
#
# A network says $a = \log \mu$ and $c = \log \frac{s}{1 - s}$ for each of K steps and B products; then y (K, B) comes, whole numbers in a's dtype. Four results, without autograd (the test tells whether it was called):
#
# * the **loss**, {{mean.text}};
# * its gradients `d_a` and `d_c` (K, B);
# * `empty` (K, B): how likely it is, *now that y is known*, that the shelf was empty.
#
# A count of 300 has a tiny probability; its logarithm is a plain number, and so must the loss be.
#
# <details><summary>Hint 1</summary>
#
# Work with logarithms: of "empty, and y", which is $\log s$ at 0 and $-\infty$ elsewhere, and of "stocked, and y". `torch.logaddexp` gives the logarithm of the sum; `torch.lgamma(y + 1)` is $\log y!$, `torch.nn.functional.logsigmoid(c)` is $\log s$.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `empty` is one of the two parts over their sum: the difference of two logarithms, then `exp`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Of log p: by a it is $y - \mu$ times the chance that the shelf was stocked, by c it is `empty` $- s$, what is now known less what was said before. The loss is {{mean.hint}}.
# </details>


# %% solution="shelf_report"
def shelf_report(a, c, y):
    """-log p of counts from a shelf that may be empty, and its gradients.

    Shapes: a (K, B); c (K, B); y (K, B)
        -> loss (); d_a (K, B); d_c (K, B); empty (K, B)
    """
    ### BEGIN SOLUTION
    mean, s = a.exp(), torch.sigmoid(c)
    none = torch.full_like(c, -torch.inf)
    nothing = torch.where(y == 0, torch.nn.functional.logsigmoid(c), none)
    stocked = torch.nn.functional.logsigmoid(-c)
    stocked = stocked + y * a - mean - torch.lgamma(y + 1)
    log_p = torch.logaddexp(nothing, stocked)
    empty = torch.exp(nothing - log_p)
    d_a = (1 - empty) * (mean - y) / {{mean.n}}
    d_c = (s - empty) / {{mean.n}}
    return {{mean.loss}}, d_a, d_c, empty
    ### END SOLUTION


# %% [markdown]
# Try it: a shelf that is empty on two days of five, and sells 3 on the others. Walk down the gradient, and see what it finds; 1 - (share of zeros) is what one would say who never thinks of the shelf.

# %%
rng = np.random.default_rng(0)
y = move(1.0 * rng.poisson(3.0, (1, 800)) * (rng.random((1, 800)) > 0.4))
a, c = torch.zeros_like(y), torch.zeros_like(y)
for _ in range(300):
    _, d_a, d_c, empty = shelf_report(a, c, y)
    a = a - 0.5 * d_a.sum()
    c = c - 0.5 * d_c.sum()
zeros = y == 0
print("mean", float(a[0, 0].exp()), "empty", float(torch.sigmoid(c)[0, 0]))
print("days without a sale", float(zeros.to(y.dtype).mean()))
print("of a day without, empty", float(empty[zeros][0]))

# %% test="shelf_report" points=5 explained="ch11_zeros: Counts, with a share of zeros"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    mover,
    stored,
)
from rnncore.testing.inputs import list_called

properties = Properties(values=2, gradients=1, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "loss, d_a, d_c, empty"


def said_and_sold(rng, K, B):
    """Shelves of all kinds; the first product sells nothing."""
    a, c = rng.normal(size=(2, K, B))
    y = rng.poisson(1.5, (K, B)) * 1.0
    y[:, 0] = 0
    return dict(a=a, c=c, y=y)


half = np.log(np.log([[2.0, 2.0]]))  # nothing is sold from a stocked one
visible = [
    move(said_and_sold(np.random.default_rng(4), 5, 4)),
    move(dict(a=half, c=np.zeros((1, 2)), y=np.array([[0.0, 1.0]]))),
    move(dict(a=np.ones((3, 1)), c=-np.ones((3, 1)), y=np.arange(2.0, 5)[:, None])),
    move(dict(a=half + 1, c=-np.ones((1, 2)), y=np.array([[250.0, 1.0]]))),
]  # fmt: skip
check(
    shelf_report,
    stored("shelf_report"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
empty = shelf_report(**visible[1])[3]
by_hand = np.array([[2 / 3, 0.0]])
assert_close("empty by hand: two of three, then none", empty, by_hand)


def check_no_autograd(args):
    """The gradient is written, and not left to autograd."""
    called = {"torch.autograd.grad", "torch.autograd.backward"}
    called &= {*list_called(shelf_report, args)}
    assert_that(not called, "without autograd: write the gradient itself")


with properties("gradients"):
    check_no_autograd(visible[0])
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    said_and_sold, [(1, 1), (7, 3), (2, 9)], device, rng=rng
)
large = np.array([[300.0, 0.0, 0.0, 2.0]])
hidden.append(
    move(
        dict(
            a=np.array([[0.0, 6.0, -3.0, 1.0]]),
            c=np.array([[1.0, -40.0, 40.0, -40.0]]),
            y=large,
        )
    )
)
check(
    shelf_report,
    reference_shelf_report,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(said_and_sold(rng, 3, 4))
_, d_a, d_c, _ = shelf_report(**args)
with properties("gradients"):
    check_no_autograd(args)
    for name, d in ("a", d_a), ("c", d_c):
        assert_gradient(
            lambda x, name=name: float(
                reference_shelf_report(**args | {name: x})[0]
            ),
            args[name],
            d,
            f"d_{name}",
        )
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="shelf_report"
r"""
empty shelf left out: a day without a sale counts as one of a stocked shelf; it may have been empty, and both chances add up
~ log_p = torch.logaddexp(nothing, stocked) => log_p = stocked
stocked shelf left out at 0: a day without a sale counts as one of an empty shelf; a stocked one sells nothing at times, and both chances add up
~ log_p = torch.logaddexp(nothing, stocked) => log_p = torch.where(y == 0, nothing, stocked)
empty at every count: an empty shelf is given its chance at every count; it sells nothing, so that the chance is there at 0 alone
~ torch.where(y == 0, torch.nn.functional.logsigmoid(c), none) => torch.nn.functional.logsigmoid(c)
empty where something was sold: the chance of an empty shelf counts where something was sold, and not at 0
~ torch.where(y == 0, torch.nn.functional.logsigmoid(c), none) => torch.where(y > 0, torch.nn.functional.logsigmoid(c), none)
share of stocked left out: the Poisson part lacks its factor 1 - s: the chances of all counts add up to more than 1
~ stocked = torch.nn.functional.logsigmoid(-c) => stocked = torch.zeros_like(c)
shares exchanged: s and 1 - s are exchanged in the Poisson part: a stocked shelf has the chance 1 - s
~ stocked = torch.nn.functional.logsigmoid(-c) => stocked = torch.nn.functional.logsigmoid(c)
factorial left out: log y! is missing: without it the chances of all counts do not add up to 1
~ - mean - torch.lgamma(y + 1) => - mean
factorial of one less: `lgamma(y)` is the logarithm of (y - 1)!; that of y! is `lgamma(y + 1)`
~ torch.lgamma(y + 1) => torch.lgamma(y.clamp(min=1))
factorial added: log y! was added; y! stands below the line
~ - mean - torch.lgamma(y + 1) => - mean + torch.lgamma(y + 1)
mean left out of the exponent: exp(-μ) is missing in the Poisson part
~ y * a - mean - => y * a -
power left out: μ to the power of y is missing in the Poisson part
~ stocked + y * a - mean => stocked - mean
a taken for the mean: a is the logarithm of the mean, which is its exponential
~ mean, s = a.exp() => mean, s = a
log of the mean taken twice: a is log μ already; its logarithm, or that of its size, is no part of the likelihood
~ y * a - mean => y * a.abs().log() - mean
loss summed: the losses were summed; {{mean.summed}}
~ {{mean.loss}} => -log_p.sum()
likelihood for the loss: the loss has a sign too few: it is {{mean.minus}}
~ {{mean.loss}} => {{mean.up}}
mean of p: the loss is minus the logarithm of the mean probability; {{mean.of_log}}
~ {{mean.loss}} => {{mean.of_p}}
gradients summed [gradients]: {{mean.share}}
-     d_a = (1 - empty) * (mean - y) / {{mean.n}}
-     d_c = (s - empty) / {{mean.n}}
+     d_a = (1 - empty) * (mean - y)
+     d_c = s - empty
gradients with the wrong sign [gradients]: these are the gradients of log p; the loss has a minus
-     d_a = (1 - empty) * (mean - y) / {{mean.n}}
-     d_c = (s - empty) / {{mean.n}}
+     d_a = (1 - empty) * (y - mean) / {{mean.n}}
+     d_c = (empty - s) / {{mean.n}}
gradients divided by {{mean.odd_name}} [gradients]: the gradients were divided {{mean.odd_says}}
-     d_a = (1 - empty) * (mean - y) / {{mean.n}}
-     d_c = (s - empty) / {{mean.n}}
+     d_a = (1 - empty) * (mean - y) / {{mean.odd}}
+     d_c = (s - empty) / {{mean.odd}}
gradient as if always stocked [gradients]: d_a is that of a shelf that is never empty; a day on which it was teaches nothing about the mean
~ d_a = (1 - empty) * (mean - y) => d_a = (mean - y)
gradient of what was empty [gradients]: d_a was weighted with the chance that the shelf was empty; it is the chance that it was stocked
~ d_a = (1 - empty) * (mean - y) => d_a = empty * (mean - y)
gradient for the mean [gradients]: d_a is the gradient with respect to μ; a is its logarithm, which brings one more factor μ
~ d_a = (1 - empty) * (mean - y) => d_a = (1 - empty) * (1 - y / mean)
gradient with the share said before [gradients]: d_a was weighted with 1 - s, what was said before; y is known, so that it is 1 - `empty`
~ d_a = (1 - empty) * (mean - y) => d_a = (1 - s) * (mean - y)
gradient for the share [gradients]: d_c has the factor s (1 - s) once more; it is in `empty` - s already
~ d_c = (s - empty) => d_c = (s - empty) * s * (1 - s)
share alone [gradients]: d_c is s alone; what is known of the day, `empty`, is subtracted from it
~ d_c = (s - empty) => d_c = s
what is known alone [gradients]: d_c lacks s: it is what was said before less what is now known
~ d_c = (s - empty) => d_c = (-empty)
share before for what is known: `empty` is the share that was said before; y says more
~ empty = torch.exp(nothing - log_p) => empty = torch.where(y == 0, s, torch.zeros_like(s))
stocked for empty: `empty` holds the chance that the shelf was stocked
~     return {{mean.loss}}, d_a, d_c, empty =>     return {{mean.loss}}, d_a, d_c, 1 - empty
yes or no: `empty` is 0 or 1; it is a chance
~ empty = torch.exp(nothing - log_p) => empty = (y == 0).to(y.dtype)
logarithm of a sum that is 0 [gradients, sizes]: the chances were added up before the logarithm was taken: that of a count of 300 is too small for a number, and its logarithm -inf
~ log_p = torch.logaddexp(nothing, stocked) => log_p = torch.log(nothing.exp() + stocked.exp())
in single precision [hidden, dtype]: a result lost its dtype on the way: it is that of the arguments
~ empty = torch.exp(nothing - log_p) => empty = torch.exp(nothing - log_p).float()
gradient from autograd [hidden, gradients]: the gradient came from autograd; the task is to write it
-     d_a = (1 - empty) * (mean - y) / {{mean.n}}
+     at = a.detach().clone().requires_grad_()
+     part = torch.nn.functional.logsigmoid(-c) + y * at - at.exp()
+     part = torch.logaddexp(nothing, part - torch.lgamma(y + 1))
+     d_a = torch.autograd.grad({{mean.part}}, at)[0]
share before, in the last result: `empty` is the share that was said before; y says more
~     return {{mean.loss}}, d_a, d_c, empty =>     return {{mean.loss}}, d_a, d_c, torch.where(y == 0, s, torch.zeros_like(s))
"""

# %% [markdown]
# ## Task 5, closed book: `cut` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Rebuild the function that cuts windows out of one series, in NumPy, under its own name. For each of the `origins` (B of them, in any order, perhaps overlapping) it takes the `history` steps before it and the `horizon` steps from it on, and gives `Windows(past, known, target)`:
#
# * `past` (T, B, 1+F): the values first, then the F covariates of the same steps;
# * `known` (K, B, F): the covariates of the steps to come, which the calendar knows;
# * `target` (K, B): the values to come.
#
# Without covariates F is 0. A window that would leave the series gets a ValueError; its test is given.
#
# <details><summary>Hint 1</summary>
#
# No loop is needed: an array of integers as an index picks all windows at once, and the result has the shape of the index.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `before = origins + np.arange(-history, 0)[:, None]` is (T, B). How do the steps from the origin on look?
# </details>
#
# <details><summary>Hint 3</summary>
#
# `values[before]` is (T, B), `covariates[before]` (T, B, F). `np.concatenate([values[before][..., None], covariates[before]], axis=-1)` is past.
# </details>


# %% solution="cut" closed_book=true
def cut(values, origins, history, horizon, covariates=None):
    """A window of `history` steps before and `horizon` from each origin.

    Shapes: values (N,); origins (B,); covariates (N, F) -> windows
    """
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    ### BEGIN SOLUTION
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate(
        [values[before][..., None], covariates[before]], axis=-1
    )
    return Windows(past, covariates[after], values[after])
    ### END SOLUTION


# %% [markdown]
# Try it: two windows of a series that counts, with the weekday for a covariate. The second is shown: day 7 is weekday 0 again.

# %%
days = np.arange(12.0)
w = cut(days, np.array([5, 8]), 3, 2, days[:, None] % 7)
print(
    "past",
    *w.past[:, 1],
    " known",
    *w.known[:, 1],
    " target",
    w.target[:, 1],
)

# %% test="cut" points=4 explained="ch11_series: Windows"
import numpy as np

from rnncore.forecast.windows import cut as book_cut
from rnncore.testing import Properties, assert_refuses, check, stored

properties = Properties(values=2, refusals=1, dtype=1)

OUTPUTS = "past, known, target"


def series_to_cut(rng, N, F, B, history, horizon):
    origins = rng.integers(history, N - horizon + 1, B)
    return dict(
        values=rng.normal(size=N),
        origins=origins,
        history=history,
        horizon=horizon,
        covariates=rng.normal(size=(N, F)),
    )


rng = np.random.default_rng(5)
visible = [
    series_to_cut(rng, 14, 2, 3, 4, 2),
    series_to_cut(rng, 9, 0, 2, 3, 3) | {"covariates": None},
    series_to_cut(rng, 5, 1, 1, 1, 1),  # one window, of one step
]
check(cut, stored("cut"), visible, outputs=OUTPUTS, by=properties)
with properties("refusals"):
    for origin in (3, 13):
        outside = visible[0] | {"origins": np.array([5, origin])}
        assert_refuses(
            cut, outside, "a window leaves the series", "origins"
        )
kind = type(cut(**visible[0])).__name__
assert kind == "Windows", f"cut: expected Windows, got a {kind}"
single = {"values": visible[1]["values"].astype(np.float32)}
kind = cut(**visible[1] | single).past.dtype
with properties("dtype"):
    assert kind == np.float32, f"past: expected float32, got {kind}"
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    series_to_cut,
    [(2, 1, 1, 1, 1), (25, 3, 7, 6, 4), (18, 1, 4, 2, 9)],
    "numpy",
    rng=rng,
)
check(cut, book_cut, hidden, outputs=OUTPUTS, by=properties)
args = series_to_cut(rng, 10, 2, 3, 4, 2)
with properties("refusals"):
    for origin in (3, 9):
        outside = args | {"origins": np.array([5, origin])}
        assert_refuses(
            cut, outside, "a window leaves the series", "origins"
        )
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="cut"
r"""
history with the origin: the past holds the step at the origin, which is the first of the target: windows of past and target overlap
~ np.arange(-history, 0) => np.arange(-history + 1, 1)
target a step late: the target begins one step after the origin
~ np.arange(horizon)[:, None] => (np.arange(1, horizon + 1) % len(values))[:, None] - (origins + horizon >= N)
time and batch swapped: time and batch are swapped: time comes first
~ return Windows(past, covariates[after], values[after]) => return Windows(past.swapaxes(0, 1), covariates[after].swapaxes(0, 1), values[after].T)
reshaped: the target was reshaped where a transpose was due: its numbers stand at wrong places
~ return Windows(past, covariates[after], values[after]) => return Windows(past, covariates[after], values[after].T.reshape(horizon, -1))
covariates before the values: in past the values come first, then the covariates
~ [values[before][..., None], covariates[before]] => [covariates[before], values[before][..., None]]
covariates of the past for those to come: known holds covariates of the steps before the origin; it is those of the steps to be forecast
~ covariates[after], values => covariates[np.maximum(after - horizon, 0)], values
covariates of the steps asked for: each step of the past has the next step's covariates; here each has its own
~ covariates[before]] => covariates[before + 1]]
newest first: the past runs backwards: the oldest step comes first
~ np.arange(-history, 0) => np.arange(-1, -history - 1, -1)
origin taken for the last step read: all is one step late: the origin is the first step of the target, not the last of the past
-     before = origins + np.arange(-history, 0)[:, None]
-     after = origins + np.arange(horizon)[:, None]
+     before = origins + np.arange(-history + 1, 1)[:, None]
+     after = origins + np.arange(1, horizon + 1)[:, None]
target a step early: the target begins one step before the origin
~ np.arange(horizon)[:, None] => np.arange(-1, horizon - 1)[:, None]
past a step early: the past ends one step too early: its last step is the one right before the origin
~ np.arange(-history, 0)[:, None] => np.arange(-history - 1, -1)[:, None]
known a step early: known begins one step before the origin; it has the covariates of the target's steps
~ covariates[after], values => covariates[after - 1], values
known of the origin: known has the covariates of the origin at every step; each step has its own
~ covariates[after], values => covariates[origins + 0 * after], values
covariates of the horizon in the past: the past has covariates from a horizon later; each step has its own
~ covariates[before]] => covariates[np.minimum(before + horizon, N - 1)]]
indices reshaped: windows and steps were mixed up by a reshape where a transpose was due
-     before = origins + np.arange(-history, 0)[:, None]
-     after = origins + np.arange(horizon)[:, None]
+     before = (origins[:, None] + np.arange(-history, 0)).reshape(history, -1)
+     after = (origins[:, None] + np.arange(horizon)).reshape(horizon, -1)
origins sorted: the windows stand in the order of time; they stand in the order of the origins
~ origins = np.asarray(origins) => origins = np.sort(np.asarray(origins))
first origin and those that follow: the windows begin at the first origin and the steps right after it; each has its own origin
-     before = origins + np.arange(-history, 0)[:, None]
+     origins = origins[0] + np.arange(len(origins))
+     before = origins + np.arange(-history, 0)[:, None]
target as a change: the last known value was subtracted from the target, which holds the values themselves
~ values[after]) => values[after] - values[origins - 1])
target from the covariates: the target is the first covariate; it is the values
~ values[after]) => covariates[after][..., 0])
target about its mean: the mean of the past was subtracted from the target, which holds the values themselves
~ values[after]) => values[after] - values[before].mean(0))
target and calendar a step late: `target` and `known` begin one step after the origin; they begin at it
~ after = origins + np.arange(horizon)[:, None] => after = origins + np.arange(1, horizon + 1)[:, None]
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# `backtest(values, methods, origins, horizon, levels)` of the chapter asks each method for a forecast at each origin, `method(past, horizon)`, and hands it nothing but the past. Seven boxes are one small edit away from it, and every one of them will give you a table of scores.
#
# Write `backtest_probes()`: a list of `(values, method, origins, horizon)`, with values (N,) in float64 and a method of your own, a function of `(past, horizon)` that returns (horizon,) numbers. It may do anything with its past, so long as it says the same of the same past: the more it tells about what it was given, the better. Points are for the boxes that some probe tells apart; the last point is for all of them
# with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# Persistence looks at the last value alone. What does it not notice? Let a method return something that depends on every value that it was given, and on how many there are.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Must the origins rise? And what if a method writes into what it was given (`past[0] = ...`): whose array is it?
# </details>
#
# <details><summary>Hint 3</summary>
#
# Origins such as 5, 9, 3; random values; a method that computes `(past * np.arange(1, len(past) + 1)).sum()`, then sets `past[:] = 0`, and returns the sum for each step.
# </details>


# %% solution="backtest_probes"
def backtest_probes():
    """A list of (values, method, origins, horizon).

    Shapes: values (N,)
    """

    ### BEGIN SOLUTION
    def spy(past, horizon):
        said = (past * np.arange(1, len(past) + 1)).sum()
        past[:] = 0
        return np.full(horizon, said)

    values = np.random.default_rng(0).normal(size=14)
    return [(values, spy, np.array([5, 9, 3]), 2)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:


# %%
def last_value(past, horizon):
    """Persistence."""
    return np.full(horizon, past[-1])


boxes = black_boxes("backtest_probes")
hasty = np.ones(9), {"it": last_value}, np.array([4, 5, 6]), 2, (0.5,)
actual, outcomes = backtest(*hasty)
for name, box in boxes.items():
    came, said = box(*hasty)
    same = np.array_equal(came, actual)
    same &= np.array_equal(said["it"].point, outcomes["it"].point)
    print(name, "looks right" if same else "differs")

# %% test="backtest_probes" points=4 explained="ch11_many: A back-test"
from rnncore.forecast.backtest import backtest
from rnncore.testing import black_boxes, hunt


def of_one(function):
    """The back-test of a single method: what came, what was said."""

    def tested(values, method, origins, horizon):
        came, said = function(
            values, {"it": method}, origins, horizon, (0.5,)
        )
        return came, said["it"].point

    return tested


hunt(
    of_one(backtest),
    {
        name: of_one(box)
        for name, box in black_boxes("backtest_probes").items()
    },
    backtest_probes(),
    few=2,
    points=4,
)

# %% mutants="backtest_probes" of="rnncore.forecast.backtest.backtest"
r"""
sees the first step of the future: each method is handed the step at the origin: persistence becomes perfect at one step
~ values[:t].copy() => values[: t + 1].copy()
a day late: the latest known value is kept from the methods
~ values[:t].copy() => values[: max(t - 1, 1)].copy()
short memory: a method sees the last three values only: unseen with persistence
~ values[:t].copy() => values[max(t - 3, 0) : t].copy()
shifted onto the truth: forecasts are compared with the day before the one they are for: persistence lies on the truth
~ values[t : t + horizon] => values[t - 1 : t + horizon - 1]
the past itself handed out: a method that writes into its past changes everybody's series
~ values[:t].copy() => values[:t]
origin does not roll: every forecast is made at the first origin
~ values[:t].copy() => values[: origins[0]].copy()
origins in order: forecasts are in the order of time, what came is in the order of the origins: unseen where they rise
~ for name in methods for t in origins => for name in methods for t in sorted(origins)
"""

# %% [markdown]
# ## Experiment: a network that reads itself
#
# *Extra, about 15 minutes.*
#
# The mean number of sunspots, quarter by quarter, from 1749 to 1983 (its root, which makes the high cycles less wild). Three GRUs read 32 quarters, in units of their own mean. One says the next quarter, one the next 6, one the next 24, six years. With *your* `in_blocks` all three forecast six years from every origin of the last sixty years, which none of them has seen. A linear forecast of
# one quarter is put to the same use, and persistence stands by. (Up to 30 seconds.)
#
# **Predict**, before you run anything: by which factor is the error of the first network larger than that of the third, one quarter ahead, and six years ahead? And will the linear forecast, which reads itself too, fare as the first network does? Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "factor, a quarter ahead": None,
    "factor, six years ahead": None,
    "linear, fed with itself: like the network, better or worse?": "",
}

# %% experiment seconds=30
from ipywidgets import IntSlider, interact

from rnncore.data.series import sunspot_months
from rnncore.forecast.heads import mean_head
from rnncore.forecast.models import Direct
from rnncore.forecast.training import train_forecaster

months = sunspot_months().to_numpy()
x = np.sqrt(months.reshape(-1, 3).mean(1))  # 940 quarters
T, K, TRAINED, JUDGED = 32, 24, 600, 700


def windows_of(first, last, m):
    """Windows whose m targets lie from first to last, in their own units."""
    w = cut(x, np.arange(max(first, T), last - m + 1), T, m)
    unit = np.abs(w.past).mean(0)  # (B, 1)
    return Windows(w.past / unit, w.known, w.target / unit[:, 0])


def network(m, seed=0):
    """A GRU that says m quarters; `predict` for in_blocks."""
    print(f"training the network that says {m} at once")
    torch.manual_seed(seed)
    module = Direct("GRU", 0, 24, m).to(device)
    train_forecaster(
        module,
        mean_head(),
        windows_of(0, TRAINED, m),
        windows_of(TRAINED, JUDGED, m),
        rng=np.random.default_rng(seed),
        steps=250,
        rate=5e-3,
    )
    nothing = torch.empty((m, 1, 0), device=device)

    def predict(window):
        with torch.no_grad():
            known = nothing.expand(-1, window.shape[1], -1)
            return module(window[..., None], known)[..., 0]

    return predict


def linear_step():
    """The linear forecast of one quarter."""
    w = windows_of(0, TRAINED, 1)
    past, target = w.past[..., 0].T, w.target.T
    said = linear_fit(*move((past, target), "float32"), 1.0)
    return lambda window: said(window.T).T


origins = np.arange(JUDGED, len(x) - K + 1)
test = cut(x, origins, T, K)
seen = move(test.past[..., 0], "float32")
ahead = {
    f"GRU, {m} at once": in_blocks(network(m), seen, T, T, K)
    for m in (1, 6, 24)
}
ahead["linear, 1 at once"] = in_blocks(linear_step(), seen, T, T, K)
ahead["persistence"] = seen[-1:].expand(K, -1)
ahead = {name: a.cpu().numpy() for name, a in ahead.items()}
by_step = {
    name: np.abs(said - test.target).mean(1) for name, said in ahead.items()
}
plot_lines(
    by_step,
    "quarters ahead",
    "mean absolute error",
    "",
    np.arange(1.0, K + 1),
)
one, _, whole, line, _ = by_step.values()
print("You predicted", my_prediction)
print("one at a time against all at once:", (one / whole)[[0, -1]].round(2))
print("linear against all at once:", (line / whole)[[0, -1]].round(2))

# how far off a linear forecast of a year was, fitted anew each year
past_errors = rolling_errors(move(x), linear_fit, T, 4, 80, 400)
first, then = past_errors[:40].T, past_errors[40:].T  # (4 quarters, 40)


def show(origin=JUDGED + 60, percent=80):
    b = origin - JUDGED
    lines = {"truth": test.target[:, b]}
    lines |= {name: said[:, b] for name, said in ahead.items()}
    year = 1749 + origin / 4
    plot_lines(
        lines, "year", "root of sunspots", "", year + np.arange(K) / 4
    )
    low, high = 0.5 - percent / 200, 0.5 + percent / 200
    levels = torch.tensor([low, high], dtype=first.dtype, device=device)
    q = torch.quantile(first, levels, dim=1).T[:, None].expand(-1, 40, -1)
    inside = (then >= q[..., 0]) & (then <= q[..., 1])
    share = float(inside.to(then.dtype).mean())
    print(f"{percent} % of the first 40 errors: {share:.0%} later")


origin = IntSlider(JUDGED + 60, min=JUDGED, max=len(x) - K)
percent = IntSlider(80, min=10, max=98, step=2)
shown = interact(show, origin=origin, percent=percent)

# %% [markdown]
# One quarter ahead the three networks are the same. What happens to the one that reads itself, and why not to the linear forecast that does the same? (Look at single forecasts with the slider: where does each settle after four years? And what has each been trained to get right?) With another seed, `network(1, seed=1)`, the factor moves; is there one at which it turns round? The line under the picture takes an
# interval from the errors of forty years and counts how many of the next forty it holds. Why fewer than promised, and what would you need to know to promise more? Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# "Our LSTM forecasts the share price with a correlation of 0.99 on unseen data", says a page with a chart on which the forecast lies on the price almost everywhere. In its code the prices are first scaled to 0 ... 1 with the minimum and maximum of the whole series, then cut into windows of 60 days with the next day as the target, then the windows are shuffled and split 80 : 20. In four to six sentences: name two leaks and say what each tells
# the network; say why even without them chart and correlation would look as good; and name the one comparison that would settle it.

# %% [markdown] answer="share" points=2 explained="ch11_series: A chart that sells"
# First leak: the scaler knows the minimum and maximum of the whole series, so a training value near 0 says that the price will not fall much lower, and one at 0.3 that it will rise a good deal. Second: shuffled windows overlap, so almost every test window has neighbours in training that hold its target day and most of its input: the test asks for days that were learnt by heart. Even without both the chart would look perfect, because a
# price moves little in a day compared with its range: yesterday's price, drawn as today's forecast, lies on the curve at the scale of the chart, and correlates with it at 0.99. (Shift the forecast one day to the left, and it lies on the truth.) What settles it is the error beside persistence's, on days after all of training, for instance a MASE, or the correlation of forecast and actual *changes*.
#
# Rubric: 1 point for both leaks with what they tell (the scaler: the coming range; the shuffle: overlapping windows, so the test's days are in training); 1 point for persistence: that a copy of yesterday gives such a chart **and** that the comparison is with persistence (or of changes with changes) on later days.
