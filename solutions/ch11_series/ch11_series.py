# %% [markdown]
# # Assignment 11: time series
#
# *The core takes about 105 minutes, all of it about 165 minutes, 28 points. Read chapter 11 first.*
#
# You will take the season out of series without a look at the test; roll an origin through time, refitting at each stop on what was known then; forecast in blocks, from one step at a time to all at once; and judge quantiles, with the gradient that trains them. With the book closed you will rebuild `cut`.
# Then you hunt seven wrong back-tests, and find out what becomes of a network that reads its own forecasts.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | N | | steps of a series |
# | $x$ | (N,) or (N, S) | one series, or S of them side by side |
# | T, K | | steps that a forecast reads (its history), steps that it looks ahead (its horizon) |
# | origin | | the first step that is forecast: everything before it is known, nothing from it on |
# | $y$ | (K, B) | what came: K steps, B forecasts |
# | $q$ | (K, B, Q) | quantiles of it at Q levels |
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
# Task 2 fits it anew at each origin, and the experiment compares it with networks.


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
# With the second scaling the network has been told that something large will come. Now a quantile. A forecast says: with probability 0.9 it will be at most 10. Then 14 comes, and on another day 6. The **pinball loss** charges 0.9 for each unit above the quantile, and 0.1 for each below. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `loss = max(level * error, (level - 1) * error)`: 0.9 · 4 = 3.6 and 0.1 · 4 = 0.4.
# </details>

# %%
level = 0.9
for actual in (14.0, 6.0):
    error = actual - 10.0
    loss = abs(error)
    # (the missing line)
    print(actual, round(loss, 2), end="  ")
print("by hand: 3.6 and 0.4")

# %% [markdown]
# ## Task 1: out with the season, without a leak (4 points)
#
# *Core, about 20 minutes.*
#
# Sales have a December. Take it out before a network sees the series, S series at once: x (N, S), a tensor. Step t has the phase t mod `period`, counted from the first step. The first `training` steps are training; they hold each phase at least once. Whatever is *estimated* comes from them; what is estimated is *applied* to all N steps:
#
# 1. `means` (period, S): each series' mean at each phase;
# 2. the rest: x minus the mean of its phase;
# 3. `spread` (S,): the standard deviation of the rest, with 1 for a series whose rest never moves; then divide the rest by it.
#
# Divide by the number of values in the standard deviation, not by one less.
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
# `rest[:training].std(0, correction=0)` is the spread; `torch.where(spread > 0, spread, 1.0)` replaces zeros.
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
    spread = rest[:training].std(0, correction=0)
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
- past = x[:training]
+ past = x

spread fitted on all data: the scaler was fitted on all data: the spread comes from the training steps alone
- rest[:training].std
+ rest.std

spread of the series, not of the rest: the spread is that of x itself, with its season; it is that of the rest, without
- rest[:training].std
+ past.std

one scale for all series: all series share one spread; each has its own
- spread = torch.where(spread > 0, spread, 1.0)
+ spread = (rest[:training].square().mean() ** 0.5).expand(x.shape[1])

phases not counted from the first step: the phases were counted from the end of training; the season of training and that of the rest then do not fit
- torch.arange(len(x), device=x.device) % period
+ (torch.arange(len(x), device=x.device) - training) % period

season not taken out: the mean over all phases was subtracted: the season is still there
- rest = x - means[phases]
+ rest = x - past.mean(0)

one less: the standard deviation was divided by the number of values less one; here it is by their number
- correction=0
+ correction=1

divided by nothing: the rest of a series that never moves was divided by zero: its spread is to be 1
- torch.where(spread > 0, spread, 1.0)
+ spread

the last season instead of the mean: the last season was subtracted, as seasonal naive does; here it is the mean of all seasons of training
- past[k::period].mean(0)
+ past[k::period][-1]

in place [arguments]: the numbers are right, but x, which belongs to the caller, was changed
- rest = x - means[phases]
+ rest = x.sub_(means[phases])

all from all data: means and spread were both estimated from all steps; the steps after training are not known yet
-     past = x[:training]
-     means = torch.stack([past[k::period].mean(0) for k in range(period)])
-     phases = torch.arange(len(x), device=x.device) % period
-     rest = x - means[phases]
-     spread = rest[:training].std(0, correction=0)
+     past = x
+     means = torch.stack([past[k::period].mean(0) for k in range(period)])
+     phases = torch.arange(len(x), device=x.device) % period
+     rest = x - means[phases]
+     spread = rest.std(0, correction=0)

spread from the test: the spread is that of the steps after training, which are not known yet
- rest[:training].std
+ rest[training:].std

variance for the spread: the spread is the variance; the standard deviation is its root
- std(0, correction=0)
+ var(0, correction=0)

mean absolute value: the spread is the mean of the absolute values; it is the root of the mean square
- rest[:training].std(0, correction=0)
+ rest[:training].abs().mean(0)

range for the spread: the spread is the largest value minus the smallest; it is the standard deviation
- rest[:training].std(0, correction=0)
+ (rest[:training].amax(0) - rest[:training].amin(0))

spread of each phase: the spread is the mean of the phases' own spreads; it is that of the whole rest
- rest[:training].std(0, correction=0)
+ torch.stack([rest[k:training:period].std(0, correction=0) for k in range(period)]).mean(0)

a little added to the spread: a small number was added to the spread, which makes the rest of a series that never moves huge; 1 takes the place of a zero
- torch.where(spread > 0, spread, 1.0)
+ spread + 1e-8

small spreads raised: each spread below 1 became 1; only a zero does
- torch.where(spread > 0, spread, 1.0)
+ spread.clamp(min=1.0)

where the wrong way round: the spreads other than zero became 1; it is the zeros that do
- torch.where(spread > 0, spread, 1.0)
+ torch.where(spread > 0, 1.0, spread)

x scaled with its season: nothing was subtracted from x; the rest is x minus the mean of its phase
- rest = x - means[phases]
+ rest = x

season added: the season was added; the rest is x minus the mean of its phase
- rest = x - means[phases]
+ rest = x + means[phases]

difference to the season before: each step is the difference to the step one period earlier; subtract the mean of its phase
- rest = x - means[phases]
+ rest = x - torch.cat([x[:1].expand(period, -1), x[:-period]])

not divided: z is the rest itself; it is divided by the spread
- return rest / spread
+ return rest

multiplied by the spread: the rest was multiplied by the spread; it is divided by it
- return rest / spread
+ return rest * spread

spread after scaling: the spread comes from z, after the division, where it is always 1; it is that of the rest
- return rest / spread, means, spread
+ z = rest / spread
+     return z, means, z[:training].std(0, correction=0)

scaled means: the means were divided by the spread too; they are in the unit of x
- spread, means, spread
+ spread, means / spread, spread

phases from one: step 0 has phase 1 here; it has phase 0
- torch.arange(len(x), device=x.device) % period
+ (torch.arange(len(x), device=x.device) + 1) % period

phase by whole division: the number of the period was taken for the phase: it is t mod `period`, the remainder
- torch.arange(len(x), device=x.device) % period
+ torch.arange(len(x), device=x.device) // period % period

each phase repeated: each mean was laid out for many steps in a row; the phases follow one another step by step
- means[phases]
+ means.repeat_interleave(-(-len(x) // period), 0)[: len(x)]

incomplete period dropped: the last, incomplete period of training was left out of the means; all training steps count
- past[k::period]
+ past[: training // period * period][k::period]

means of periods: these are the means of whole periods; a phase has the steps k, k + period, k + 2 period, ...
- past[k::period].mean(0)
+ past[k * period : (k + 1) * period].mean(0)

one mean for all series: the means run over all series too; each series has its own
- past[k::period].mean(0)
+ past[k::period].mean() * torch.ones_like(x[0])

sums for means: these are the sums of the phases, not their means
- past[k::period].mean(0)
+ past[k::period].sum(0)

sum over whole periods: the sum of a phase was divided by the number of whole periods; some phases have a value more
- past[k::period].mean(0)
+ past[k::period].sum(0) / (training // period)

median: these are the medians of the phases, not their means
- past[k::period].mean(0)
+ past[k::period].median(0).values

first period alone: the first season was subtracted; it is the mean of all seasons of training
- past[k::period].mean(0)
+ past[k]

centred first: the mean of the series was taken off before the means of the phases: these hold it too
- past = x[:training]
+ past = x[:training] - x[:training].mean(0)

last training step left out: the last step of training was left out of the means
- past = x[:training]
+ past = x[: training - 1]

one step of the test: the first step after training was used for the means: it is not known yet
- past = x[:training]
+ past = x[: training + 1]

blocks for phases: the mean of a phase was taken over steps in a row; a phase has the steps k, k + period, k + 2 period, ...
- past[k::period].mean(0)
+ past[k * (training // period) : (k + 1) * (training // period)].mean(0)

a floor for the spread: a tiny floor under the spread makes the rest of a series that never moved huge as soon as it does; 1 takes the place of a zero
- torch.where(spread > 0, spread, 1.0)
+ spread.clamp(min=1e-12)

thousandths taken for nothing: a spread of a thousandth or less was taken for zero; such a series moves, only in small numbers
- torch.where(spread > 0, spread, 1.0)
+ torch.where(spread > 1e-3, spread, 1.0)

one mean for all phases: the mean of all phases was taken off; each step loses the mean of its own phase
- x - means[phases]
+ x - means.mean(0)
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
# Then the model forecasts from the `history` steps before the origin. Return the errors, what came minus what was said, (folds, horizon).
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
        errors.append(x[origin : origin + horizon] - said)
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
assert_close("errors of `latest`", found, said_again, why=why)
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
- last = origin - horizon
+ last = origin - 1

one window too few: the latest training window was left out: its target may end right before the origin
- last = origin - horizon
+ last = origin - horizon - 1

an origin that sees the future: every fold was trained on the latest windows of the whole series, its own future among them
- last = origin - horizon
+ last = len(x) - horizon

fitted once: the model was fitted at the first origin only; it is to be fitted anew at each
- predict = fit(past, target)
+ predict = predict if k else fit(past, target)

folds overlap: the origins are one step apart; their horizons are to follow one another
- len(x) - (folds - k) * horizon
+ len(x) - horizon - (folds - 1 - k)

memory ignored: all windows were used, not the `memory` latest
- max(history, last + 1 - memory)
+ history

the oldest ones kept: of the windows the oldest were kept, and the latest forgotten
- range(max(history, last + 1 - memory), last + 1)
+ range(history, min(last + 1, history + memory))

input reaches past the origin: the forecast read the step at the origin, the first that it is to forecast
- x[None, origin - history : origin]
+ x[None, origin - history + 1 : origin + 1]

sign of the error: the error is what came minus what was said; here it is the other way round
- x[origin : origin + horizon] - said
+ said - x[origin : origin + horizon]

the latest window missing: the latest training window is missing: its target ends with the step before the origin, and `range` leaves out its end
- range(max(history, last + 1 - memory), last + 1)
+ range(max(history, last + 1 - memory), last)

one window too many: one window more than `memory` was used
- last + 1 - memory)
+ last - memory)

folds in reverse: the folds are in reverse order: the first begins folds · horizon steps before the end
- len(x) - (folds - k) * horizon
+ len(x) - (k + 1) * horizon

the earliest window missing: the earliest training window is missing: its origin is `history`, so that it reads from step 0 on
- max(history, last
+ max(history + 1, last

trained on the test: the target of the last training window is the very horizon that is forecast
- last = origin - horizon
+ last = origin

targets a step over the origin: the target of the latest training window ends with the step at the origin, which is not known yet: it must end with the step before
- last = origin - horizon
+ last = origin - horizon + 1

fitted once, on everything: the model was fitted once, on all windows of the series, the future of every origin among them
-         trained = range(max(history, last + 1 - memory), last + 1)
+         trained = range(history, len(x) - horizon + 1)

one window less: one window less than `memory` was used
- last + 1 - memory)
+ last + 2 - memory)

memory in steps: the memory was counted in steps of the series; it is a number of windows
- last + 1 - memory)
+ origin - memory + history)

memory from the origin: the memory was counted back from the origin, not from the latest training window
- last + 1 - memory)
+ origin - memory)

absolute errors: these are absolute errors; their sign is asked for, what came minus what was said
- x[origin : origin + horizon] - said
+ (x[origin : origin + horizon] - said).abs()

squared errors: these are squared errors; asked for is what came minus what was said
- x[origin : origin + horizon] - said
+ (x[origin : origin + horizon] - said) ** 2

relative errors: these are errors as shares of what came; asked for is what came minus what was said
- x[origin : origin + horizon] - said
+ 1 - said / x[origin : origin + horizon]

forecasts: these are the forecasts; asked for is what came minus what was said
- x[origin : origin + horizon] - said
+ said

history between the origins: the origins are `history` steps apart; they are `horizon` steps apart, so that the horizons follow one another
- len(x) - (folds - k) * horizon
+ len(x) - horizon - (folds - 1 - k) * history

last horizon left out: the last forecast ends a horizon before the end of the series
- len(x) - (folds - k) * horizon
+ len(x) - (folds - k + 1) * horizon

origins from the beginning: the origins were counted from the beginning of the series; the last forecast ends with the series
- len(x) - (folds - k) * horizon
+ history + (2 + k) * horizon

forecast from a training window: the forecast was made from the latest training window, whose own target is known; it reads the steps before the origin
- predict(x[None, origin - history : origin])
+ predict(past[-1:])

forecast a step early: the forecast reads up to one step before the last known one
- predict(x[None, origin - history : origin])
+ predict(x[None, origin - history - 1 : origin - 1])

target with the last step read: the targets of the training windows begin with the last step that was read; they begin after it
- x[o : o + horizon]
+ x[o - 1 : o - 1 + horizon]

windows a horizon apart: the training windows are a horizon apart; there is one for each step
- range(max(history, last + 1 - memory), last + 1)
+ range(max(history, last + 1 - memory), last + 1, horizon)

one step of the target: the model was fitted on the first step of the targets alone
- fit(past, target)
+ fit(past, target[:, :1])

one step at a time: the model was fitted on one step, and read its own forecasts; it is to say all `horizon` steps at once
-         predict = fit(past, target)
-         said = predict(x[None, origin - history : origin])[0]
+         predict = fit(past, target[:, :1])
+         seen = x[None, origin - history : origin]
+         for _ in range(horizon):
+             seen = torch.cat([seen, predict(seen[:, -history:])], 1)
+         said = seen[0, history:]

changes against the window's mean: the windows' means were taken off before the fit, but not before the forecast
- fit(past, target)
+ fit(past - past.mean(1, keepdim=True), target - past.mean(1, keepdim=True))

last step left out: the last fold ends a step before the series does: it ends with it
- origin = len(x) - (folds
+ origin = len(x) - 1 - (folds
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
seen = []
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
- window = torch.cat([window, ahead])[-T:]
+ window = 1 * window

forecast in the wrong unit: what predict says is in units of its window: multiply by `unit`
- ahead = unit * predict(window / unit)
+ ahead = predict(window / unit)

window not scaled: predict was given the window as it is; divide it by `unit`
- predict(window / unit)
+ predict(window)

one unit for all: all series share one unit; each has that of its own window
- unit = window.abs().mean(0)
+ unit = window.abs().mean()

unit of the first window kept: the unit is that of the first window; each block takes it from the window that it reads
- unit = window.abs().mean(0)
+ unit = x[origin - T : origin].abs().mean(0)

unit of the whole series: the unit was taken from all of x, the future included; it is that of the window
- unit = window.abs().mean(0)
+ unit = x.abs().mean(0)

mean for mean absolute value: the unit is the mean of the absolute values, not the mean
- window.abs().mean(0)
+ window.mean(0)

one step of each block kept: of each block only the first step was used, which makes every model recursive
- ahead = unit * predict(window / unit)
+ ahead = unit * predict(window / unit)[:1]

window begins at the origin: the first window holds the step at the origin, the first that is to be forecast
- window = x[origin - T : origin]
+ window = x[origin - T + 1 : origin + 1]

no unit at all: predict was given the values as they are; it sees the window divided by its unit, and speaks in that unit
- ahead = unit * predict(window / unit)
+ ahead = predict(window)

unit of all that is known: the unit was taken from all that is known at the origin; it is that of the window, T steps
- unit = window.abs().mean(0)
+ unit = x[:origin].abs().mean(0)

fed back in another unit: what was put back is in the unit of its window; x is not, so multiply by `unit` first
- window = torch.cat([window, ahead])[-T:]
+ window = torch.cat([window, ahead / unit])[-T:]

not cut to K: the last block went beyond K steps; cut off what is too much
-     return said[:K]
+     return said

absolute value of the mean: the unit is the mean of the absolute values, not the absolute value of the mean
- window.abs().mean(0)
+ window.mean(0).abs()

standard deviation for the unit: the unit is the mean of the absolute values, not the standard deviation
- window.abs().mean(0)
+ window.std(0)

root mean square for the unit: the unit is the mean of the absolute values, not the root of the mean square
- window.abs().mean(0)
+ window.square().mean(0).sqrt()

largest value for the unit: the unit is the mean of the absolute values, not the largest of them
- window.abs().mean(0)
+ window.abs().amax(0)

sum for the unit: the unit is the mean of the absolute values, not their sum
- window.abs().mean(0)
+ window.abs().sum(0)

median for the unit: the unit is the mean of the absolute values, not their median
- window.abs().mean(0)
+ window.abs().median(0).values

last value for the unit: the unit is the mean of the absolute values of the whole window, not its last value
- window.abs().mean(0)
+ window[-1].abs()

multiplied before, divided after: the window was multiplied by the unit, and the forecast divided by it; it is the other way round
- unit * predict(window / unit)
+ predict(window * unit) / unit

scaled window kept: the window stayed divided by its unit, and the forecast was appended in the unit of x: the window is in two units
- unit * predict(window / unit)
+ unit * predict(window := window / unit)

mean taken off: the mean of the window was taken off before the forecast, and added after it; the window is only divided
- unit * predict(window / unit)
+ window.mean(0) + unit * predict((window - window.mean(0)) / unit)

forecast taken for a change: the last value was added to the forecast; what predict says is the value itself
- unit * predict(window / unit)
+ window[-1] + unit * predict(window / unit)

unit of the next window: the forecast was put into the unit of the window that holds it already; it is in the unit of the window that was read
-         said = torch.cat([said, ahead])
-         window = torch.cat([window, ahead])[-T:]
+         window = torch.cat([window, ahead])[-T:]
+         said = torch.cat([said, ahead / unit * window.abs().mean(0)])

first of a block fed back: only the first step of each block was appended to the window; all its m steps are
- torch.cat([window, ahead])
+ torch.cat([window, ahead[:1]])

last of a block fed back: only the last step of each block was appended to the window; all its m steps are
- torch.cat([window, ahead])
+ torch.cat([window, ahead[-1:]])

first of a block returned: only the first step of each block is in the result; all its m steps are
- torch.cat([said, ahead])
+ torch.cat([said, ahead[:1]])

last of a block returned: only the last step of each block is in the result; all its m steps are
- torch.cat([said, ahead])
+ torch.cat([said, ahead[-1:]])

appended in front: what was said was put before the window; it follows it
- torch.cat([window, ahead])[-T:]
+ torch.cat([ahead, window])[:T]

block turned round: the steps of a block were appended in reverse order
- torch.cat([window, ahead])
+ torch.cat([window, ahead.flip(0)])

end of the blocks kept: the last K steps were kept of all that was said; it is the first K
- return said[:K]
+ return said[-K:]

window a step early: the first window ends one step before the last known one
- window = x[origin - T : origin]
+ window = x[origin - T - 1 : origin - 1]

window from the end of x: the first window is the end of x, after the origin: nothing from the origin on is known
- window = x[origin - T : origin]
+ window = x[-T:]

window from the beginning of x: the first window is the beginning of x; it is the T steps before the origin
- window = x[origin - T : origin]
+ window = x[:T]

asked once too often [hidden]: `predict` was asked once more after all K steps were there
- while len(said) < K:
+ while len(said) <= K:
"""

# %% [markdown]
# ## Task 4: quantiles, their loss and their honesty (5 points)
#
# *Extra, about 25 minutes.*
#
# A network says Q quantiles, at `levels` that rise, for each of K steps and B forecasts: q (K, B, Q). Then y (K, B) comes. Four results, without autograd (the test tells whether it was called):
#
# * the **loss**, the mean over all K B Q of the pinball loss $\max\big(\ell\,e,\ (\ell - 1)\,e\big)$, with the error $e = y - q$ and the level $\ell$;
# * its gradient `d_q` (K, B, Q); where y = q exactly, take the error for positive;
# * `below` (Q,): for each level the share of all y that are at most their quantile. An honest forecaster has `below` near `levels`;
# * `inside`: the share of y from the lowest to the highest quantile, both included. A 0-d tensor.
#
# <details><summary>Hint 1</summary>
#
# `error = y[..., None] - q` is (K, B, Q), and levels as an array (Q,) fit it. How does the loss change when q goes up by a little: where y lies above q, and where below?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Above, e falls and the loss by ℓ: the gradient is -ℓ. Below it is 1 - ℓ. Both in one: (1 if e < 0 else 0) - ℓ, over the number of entries.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)`; a share is the mean of a comparison: `(error <= 0).to(q.dtype).mean((0, 1))`. Inside: `error[..., 0] >= 0` and `error[..., -1] <= 0`.
# </details>


# %% solution="quantile_report"
def quantile_report(q, y, levels):
    """Pinball loss, its gradient, and how often y lay where.

    Shapes: q (K, B, Q); y (K, B)
        -> loss (); d_q (K, B, Q); below (Q,); inside ()
    """
    ### BEGIN SOLUTION
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    within = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, within.to(q.dtype).mean()
    ### END SOLUTION


# %% [markdown]
# Try it: walk down the gradient from zero, and the quantiles of a sample come out. Nobody has told the loss what a quantile is.

# %%
y = move(np.random.default_rng(0).exponential(size=(1, 500)))
q = torch.zeros((1, 500, 3), dtype=y.dtype, device=y.device)
for _ in range(400):
    _, d_q, _, _ = quantile_report(q, y, (0.1, 0.5, 0.9))
    q = q - 0.5 * d_q.sum(1, keepdim=True)
print("found ", q[0, 0].cpu().numpy().round(2))
print("sample", np.quantile(y.cpu().numpy(), (0.1, 0.5, 0.9)).round(2))

# %% test="quantile_report" points=5 explained="ch11_forecasting: Heads"
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
OUTPUTS = "loss, d_q, below, inside"


def forecast_and_truth(rng, K, B, levels):
    q = np.sort(2 * rng.normal(size=(K, B, len(levels))), -1)
    return dict(q=q, y=rng.normal(size=(K, B)) + 0.3, levels=levels)


rng = np.random.default_rng(4)
met = dict(q=np.zeros((2, 2, 3)), y=np.array([[0.0, 0.0], [1.0, 1.0]]))
ends = dict(
    q=np.tile([-1.0, 0.0, 1.0], (2, 4, 1)),
    y=np.array([[-1.0, -1.0, 1.0, 5.0], [-1.0, -1.0, 1.0, 5.0]]),
)
visible = [
    move(forecast_and_truth(rng, 5, 4, (0.1, 0.3, 0.8))),
    move(met | {"levels": (0.2, 0.5, 0.9)}),  # y meets q exactly
    move(ends | {"levels": (0.2, 0.5, 0.9)}),  # the lowest, or the highest
]
check(
    quantile_report,
    stored("quantile_report"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
with properties("gradients"):
    _, d_q, _, inside = quantile_report(**visible[1])
    assert_close(
        "d_q by hand, where y lies above all quantiles",
        d_q[1, 0],
        -np.array([0.2, 0.5, 0.9]) / 12,
    )
kind = type(inside).__name__
assert kind == "Tensor", f"inside: expected a Tensor, got a {kind}"


def check_no_autograd(args):
    """The gradient is written, and not left to autograd."""
    called = {"torch.autograd.grad", "torch.autograd.backward"}
    called &= {*list_called(quantile_report, args)}
    assert_that(not called, "without autograd: write the gradient itself")


with properties("gradients"):
    check_no_autograd(visible[0])
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    forecast_and_truth,
    [
        (1, 1, (0.5,)),
        (7, 3, (0.05, 0.95)),
        (2, 9, (0.01, 0.2, 0.4, 0.7, 0.75)),
    ],
    device,
    rng=rng,
)
for args in hidden[:4]:  # whole numbers meet each other
    hidden.append(args | {"q": args["q"].round(), "y": args["y"].round()})
check(
    quantile_report,
    reference_quantile_report,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(forecast_and_truth(rng, 3, 4, (0.25, 0.6)))
_, d_q, _, _ = quantile_report(**args)
with properties("gradients"):
    check_no_autograd(args)
    assert_gradient(
        lambda q: float(reference_quantile_report(**args | {"q": q})[0]),
        args["q"],
        d_q,
        "d_q",
    )
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="quantile_report"
r"""
error with the wrong sign: the error was taken as q - y: with that sign a level of 0.9 trains the quantile of 0.1
- error = y[..., None] - q
+ error = q - y[..., None]

levels exchanged in the loss: the pinball loss has the level on the wrong side: where y lies *above* the quantile it costs ℓ per unit
- torch.maximum(levels * error, (levels - 1) * error)
+ torch.maximum((1 - levels) * error, -levels * error)

minimum for maximum: the smaller of the two lines was taken: that loss is never positive
- torch.maximum(levels
+ torch.minimum(levels

gradient with the wrong sign [gradients]: d_q is the gradient with respect to the error; q enters the error with a minus
- ((error < 0).to(q.dtype) - levels)
+ (levels - (error < 0).to(q.dtype))

gradient summed [gradients]: the loss is a mean: its gradient is divided by the number of entries
- - levels) / error.numel()
+ - levels)

gradient of the absolute error [gradients]: this is the gradient at level 0.5 for all levels: with it every quantile becomes the median
- ((error < 0).to(q.dtype) - levels)
+ (-error.sign() / 2)

kink on the other side [gradients]: where y meets q the error was taken for negative; the text takes it for positive
- (error < 0).to(q.dtype) - levels
+ (error <= 0).to(q.dtype) - levels

share above: `below` is the share of y at or above the quantile; asked for is at or below
- below = (error <= 0)
+ below = (error >= 0)

met not counted: a y that meets its quantile exactly was not counted as at most the quantile
- below = (error <= 0)
+ below = (error < 0)

the interval's sides exchanged: the sides of the interval are exchanged: y was to be above the highest quantile and below the lowest
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ (error[..., -1] >= 0) & (error[..., 0] <= 0)

one side only: `inside` looks at the upper end alone; y may have fallen below the lowest quantile
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ error[..., -1] <= 0

loss summed: the loss was summed; it is the mean over all K B Q entries
- (levels - 1) * error).mean()
+ (levels - 1) * error).sum()

gradient averaged over K B [gradients]: the gradient was divided by K B; the loss is a mean over K B Q entries
- / error.numel()
+ / y.numel()

the interval's ends left out: a y that meets the lowest or the highest quantile exactly was left out of `inside`
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ (error[..., 0] > 0) & (error[..., -1] < 0)

levels exchanged throughout: the level is on the wrong side, in the loss and in d_q: where y lies *above* the quantile it costs ℓ per unit
-     loss = torch.maximum(levels * error, (levels - 1) * error).mean()
-     d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
+     loss = torch.maximum((1 - levels) * error, -levels * error).mean()
+     d_q = ((error < 0).to(q.dtype) - 1 + levels) / error.numel()

error the other way round throughout: e is q - y here, in the loss, `below` and `inside`; it is y - q
-     error = y[..., None] - q
-     loss = torch.maximum(levels * error, (levels - 1) * error).mean()
-     d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
+     error = q - y[..., None]
+     loss = torch.maximum(levels * error, (levels - 1) * error).mean()
+     d_q = (levels - (error < 0).to(q.dtype)) / error.numel()

level less one, without its sign: below the quantile the loss is (ℓ - 1) e, and so positive; with (1 - ℓ) e it is not
- (levels - 1) * error)
+ (1 - levels) * error)

one price on both sides: a unit below the quantile costs ℓ here, as much as one above; it costs 1 - ℓ
- torch.maximum(levels * error, (levels - 1) * error)
+ (levels * error.abs())

absolute error: this is the mean absolute error, without the levels
- torch.maximum(levels * error, (levels - 1) * error)
+ error.abs()

twice the loss: this is twice the pinball loss
- torch.maximum(levels * error, (levels - 1) * error)
+ 2 * torch.maximum(levels * error, (levels - 1) * error)

levels added up: the loss was summed over the levels, and averaged over the rest; it is the mean over all K B Q entries
- (levels - 1) * error).mean()
+ (levels - 1) * error).sum(-1).mean()

levels added up, gradient too: loss and gradient are sums over the levels, and means over the rest; they belong to the mean over all K B Q entries
-     loss = torch.maximum(levels * error, (levels - 1) * error).mean()
-     d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
+     loss = torch.maximum(levels * error, (levels - 1) * error).sum(-1).mean()
+     d_q = ((error < 0).to(q.dtype) - levels) / y.numel()

steps added up: the loss was summed over the K steps, and averaged over the rest; it is the mean over all K B Q entries
- (levels - 1) * error).mean()
+ (levels - 1) * error).mean((1, 2)).sum()

median for all: every quantile was treated as the median: the levels are not used
- torch.as_tensor(levels, dtype=q.dtype, device=q.device)
+ torch.full((len(levels),), 0.5, dtype=q.dtype, device=q.device)

percent: the levels were divided by 100; they are shares already
- torch.as_tensor(levels, dtype=q.dtype, device=q.device)
+ torch.as_tensor(levels, dtype=q.dtype, device=q.device) / 100

gradient divided by the batch [gradients]: the gradient was divided by B alone; the loss is a mean over K B Q entries
- / error.numel()
+ / y.shape[1]

gradient divided by the levels [gradients]: the gradient was divided by Q alone; the loss is a mean over K B Q entries
- / error.numel()
+ / len(levels)

gradient zero at the kink [gradients]: where y meets q the gradient is zero here; the text takes the error for positive there
- ((error < 0).to(q.dtype) - levels)
+ torch.where(error == 0, 0.0, (error < 0).to(q.dtype) - levels)

gradient halfway at the kink [gradients]: where y meets q the gradient lies halfway between its two sides here; the text takes the error for positive there
- ((error < 0).to(q.dtype) - levels)
+ ((error < 0).to(q.dtype) + 0.5 * (error == 0).to(q.dtype) - levels)

gradient's sides exchanged [gradients]: the two sides of d_q are exchanged: where y lies below q it is 1 - ℓ, above it -ℓ
- (error < 0).to(q.dtype) - levels
+ (error > 0).to(q.dtype) - levels

gradient times the error [gradients]: the gradient was multiplied by the error, as that of a square is; the pinball loss has a slope that depends on the side alone
- ((error < 0).to(q.dtype) - levels)
+ ((error < 0).to(q.dtype) - levels) * error

gradient above alone [gradients]: d_q is -ℓ everywhere; where y lies below q it is 1 - ℓ
- ((error < 0).to(q.dtype) - levels)
+ (-levels * torch.ones_like(q))

gradient without the levels [gradients]: d_q is the sign of the error without the levels: -ℓ above, 1 - ℓ below
- ((error < 0).to(q.dtype) - levels)
+ (-error.sign())

gradient with one slope [gradients]: the slope is ℓ on both sides; where y lies below q it is 1 - ℓ
- ((error < 0).to(q.dtype) - levels)
+ (-levels * error.sign())

counts below: `below` holds numbers of values; it is their share
- below = (error <= 0).to(q.dtype).mean((0, 1))
+ below = (error <= 0).to(q.dtype).sum((0, 1))

below against the levels: the levels were subtracted from `below`; it is the share alone
- below = (error <= 0).to(q.dtype).mean((0, 1))
+ below = (error <= 0).to(q.dtype).mean((0, 1)) - levels

between the levels: `below` holds the shares between one quantile and the next; each counts all y that are at most its quantile
- below = (error <= 0).to(q.dtype).mean((0, 1))
+ below = (error <= 0).to(q.dtype).mean((0, 1))
+     below = torch.cat([below[:1], below.diff()])

lower end left out: a y that meets the lowest quantile exactly was left out of `inside`; the difference of two shares of `below` leaves it out too
- (error[..., 0] >= 0)
+ (error[..., 0] > 0)

upper end left out: a y that meets the highest quantile exactly was left out of `inside`
- (error[..., -1] <= 0)
+ (error[..., -1] < 0)

one side is enough: `inside` counts a y that is on the right side of one end alone; it must lie between the two
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ (error[..., 0] >= 0) | (error[..., -1] <= 0)

outside: this is the share outside the interval
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ (error[..., 0] < 0) | (error[..., -1] > 0)

second quantile for the highest: `inside` ends at the second quantile; it goes up to the highest
- (error[..., -1] <= 0)
+ (error[..., 1 % len(levels)] <= 0)

first and last step: `inside` compares the first step and the last; it compares the lowest level and the highest, which are on the last axis
- (error[..., 0] >= 0) & (error[..., -1] <= 0)
+ (error[0] >= 0) & (error[-1] <= 0)

promised share: `inside` is what the levels promise; asked for is how often it was so
- within.to(q.dtype).mean()
+ (levels[-1] - levels[0])

number inside: `inside` is a number of values; it is their share
- within.to(q.dtype).mean()
+ within.to(q.dtype).sum()

gradient from autograd [hidden, gradients]: the gradient came from autograd; the task is to write it
-     d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
+     d_q = ((error < 0).to(q.dtype) - levels) / error.numel()
+     at = q.detach().clone().requires_grad_()
+     e = y[..., None] - at
+     d_q = torch.autograd.grad(torch.where(e < 0, (levels - 1) * e, levels * e).mean(), at)[0]

divided by the steps [gradients]: the gradient was divided by the K steps alone; the loss is a mean over K B Q entries
- error.numel()
+ error.shape[0]
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
- np.arange(-history, 0)
+ np.arange(-history + 1, 1)

target a step late: the target begins one step after the origin
- np.arange(horizon)[:, None]
+ (np.arange(1, horizon + 1) % len(values))[:, None] - (origins + horizon >= N)

time and batch swapped: time and batch are swapped: time comes first
- return Windows(past, covariates[after], values[after])
+ return Windows(past.swapaxes(0, 1), covariates[after].swapaxes(0, 1), values[after].T)

reshaped: the target was reshaped where a transpose was due: its numbers stand at wrong places
- return Windows(past, covariates[after], values[after])
+ return Windows(past, covariates[after], values[after].T.reshape(horizon, -1))

covariates before the values: in past the values come first, then the covariates
- [values[before][..., None], covariates[before]]
+ [covariates[before], values[before][..., None]]

covariates of the past for those to come: known holds covariates of the steps before the origin; it is those of the steps to be forecast
- covariates[after], values
+ covariates[np.maximum(after - horizon, 0)], values

covariates of the steps asked for: each step of the past has the next step's covariates; here each has its own
- covariates[before]]
+ covariates[before + 1]]

newest first: the past runs backwards: the oldest step comes first
- np.arange(-history, 0)
+ np.arange(-1, -history - 1, -1)

origin taken for the last step read: all is one step late: the origin is the first step of the target, not the last of the past
-     before = origins + np.arange(-history, 0)[:, None]
-     after = origins + np.arange(horizon)[:, None]
+     before = origins + np.arange(-history + 1, 1)[:, None]
+     after = origins + (np.arange(1, horizon + 1) % len(values))[:, None] - (origins + horizon >= N)

target a step early: the target begins one step before the origin
- np.arange(horizon)[:, None]
+ np.arange(-1, horizon - 1)[:, None]

past a step early: the past ends one step too early: its last step is the one right before the origin
- np.arange(-history, 0)[:, None]
+ np.arange(-history - 1, -1)[:, None]

known a step early: known begins one step before the origin; it has the covariates of the target's steps
- covariates[after], values
+ covariates[after - 1], values

known of the origin: known has the covariates of the origin at every step; each step has its own
- covariates[after], values
+ covariates[origins + 0 * after], values

covariates of the horizon in the past: the past has covariates from a horizon later; each step has its own
- covariates[before]]
+ covariates[np.minimum(before + horizon, N - 1)]]

indices reshaped: windows and steps were mixed up by a reshape where a transpose was due
-     before = origins + np.arange(-history, 0)[:, None]
-     after = origins + np.arange(horizon)[:, None]
+     before = (origins[:, None] + np.arange(-history, 0)).reshape(history, -1)
+     after = (origins[:, None] + np.arange(horizon)).reshape(horizon, -1)

origins sorted: the windows stand in the order of time; they stand in the order of the origins
- origins = np.asarray(origins)
+ origins = np.sort(np.asarray(origins))

first origin and those that follow: the windows begin at the first origin and the steps right after it; each has its own origin
- np.asarray(origins)
+ np.minimum(np.asarray(origins)[0] + np.arange(len(origins)), N - horizon)

target as a change: the last known value was subtracted from the target, which holds the values themselves
- values[after])
+ values[after] - values[origins - 1])

target from the covariates: the target is the first covariate; it is the values
- values[after])
+ covariates[after][..., 0])

target about its mean: the mean of the past was subtracted from the target, which holds the values themselves
- values[after])
+ values[after] - values[before].mean(0))

target and calendar a step late: `target` and `known` begin one step after the origin; they begin at it
- after = origins + np.arange(horizon)[:, None]
+ after = origins + np.arange(1, horizon + 1)[:, None]
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

# %% test="backtest_probes" points=4 explained="ch11_many: A year of wine"
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
- values[:t].copy()
+ values[: t + 1].copy()

a day late: the latest known value is kept from the methods
- values[:t].copy()
+ values[: max(t - 1, 1)].copy()

short memory: a method sees the last three values only: unseen with persistence
- values[:t].copy()
+ values[max(t - 3, 0) : t].copy()

shifted onto the truth: forecasts are compared with the day before the one they are for: persistence lies on the truth
- values[t : t + horizon]
+ values[t - 1 : t + horizon - 1]

the past itself handed out: a method that writes into its past changes everybody's series
- values[:t].copy()
+ values[:t]

origin does not roll: every forecast is made at the first origin
- values[:t].copy()
+ values[: origins[0]].copy()

origins in order: forecasts are in the order of time, what came is in the order of the origins: unseen where they rise
- for name in methods for t in origins
+ for name in methods for t in sorted(origins)
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
    inside = quantile_report(q, then, (low, high))[-1]
    print(f"{percent} % of the first 40 errors: {float(inside):.0%} later")


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
