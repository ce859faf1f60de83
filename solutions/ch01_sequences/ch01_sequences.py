# %% [markdown]
# # Assignment 1: sequences
#
# *The core takes about 95 minutes, all of it about 125 minutes, 24 points. Read both pages of chapter 1 first.*
#
# You will mend an experiment whose result is too good, count words with gaps between them, measure perplexity where sequences have different lengths and MASE where the
# series has a season, and rebuild the $n$-gram's probability with the book closed. At the end your mended experiment plays against the leaky one on a series that nobody can forecast.
#
# What you need, in one table:
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T,) or (T, B) | a series, or B of them: time comes first |
# | $-\log p$ | (T, B) | surprisal in nats, of token t of sequence b |
# | mask | (T, B) | True where there is a token, False where a shorter sequence was filled up |
# | $c(u, w)$, $c(u)$ | numbers | how often token $w$ came after context $u$, and how often any did |
#
# $$\text{perplexity} = \exp\Bigl(\frac1T \sum_t -\log p_t\Bigr) \qquad \text{MASE} = \frac{\text{mean } |x - \hat x| \text{ on the test}}{\text{mean } |x_t - x_{t-1}| \text{ in training}}$$
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from the prelude
#
# <details><summary>Chapter 0: a value is used in two places of a computation. What is its gradient?</summary>
#
# The sum of the gradients that come back from the two places. Nothing is averaged.
# </details>
#
# <details><summary>Chapter 0: h_t = w h_{t-1} with h_0 = 1. What is the derivative of h_3 with respect to w?</summary>
#
# h_3 = w³, so 3 w²: one w² from each of the three places where w is used.
# </details>

# %% parameters
cost = (
    {
        "text": "$d < 1$",
        "up": r"{\,k-1}",
        "up_bag": r"{\,G}",
        "pair": "discount ** (k - 1)",
        "bag": "discount**gaps",
        "power": "k - 1",
        "of": "d",
        "once": "one factor",
        "exact": "k-1",
        "all": "G",
        "each": "a factor",
        "h1": "0.4 * 2 / 3",
        "h2": "0.25 * 4 / 13",
    },
    {
        "text": "$d^2$, where $d < 1$",
        "up": r"{\,2(k-1)}",
        "up_bag": r"{\,2G}",
        "pair": "discount ** (2 * k - 2)",
        "bag": "discount ** (2 * gaps)",
        "power": "2 (k - 1)",
        "of": "d squared",
        "once": "one factor",
        "exact": "2k-2",
        "all": "(2 G)",
        "each": "two factors",
        "h1": "0.4**2 * 2 / 3",
        "h2": "0.5**4 * 4 / 13",
    },
)
spread = (
    {
        "text": "divides by the number of values, as `xp.std` does",
        "of": "xp.std(past)",
        "odd": "xp.std(past, correction=1)",
        "odd_name": "divided by one less",
        "odd_says": "by one less than the number of values, as pandas does",
        "says": "by their number, as xp.std does",
        "one": "1",
        "first": "(-1, 1) with target -1",
        "last": "(4, 6) with target 8",
        "x": "np.array([[4.0, 6]])",
        "y": "np.array([8.0])",
    },
    {
        "text": "divides by one less than the number of values: `correction=1` in `xp.std`",
        "of": "xp.std(past, correction=1)",
        "odd": "xp.std(past)",
        "odd_name": "divided by their number",
        "odd_says": "by the number of values, as xp.std does by itself",
        "says": "by one less, with correction=1",
        "one": "1.155, the root of 4/3",
        "first": "(-0.87, 0.87) with target -0.87",
        "last": "(3.46, 5.20) with target 6.93",
        "x": "np.array([[4.0, 6]]) * 0.75**0.5",
        "y": "np.array([8.0]) * 0.75**0.5",
    },
)
ruler = (
    {
        "of": "its error on the training series as the ruler",
        "count": "T-m",
        "from": "m+1",
        "where": "",
        "hint": "",
        "season": "season",
        "how_many": "T - m",
        "but": "but there are only T - m pairs",
        "odd_name": "last season only",
        "odd_says": "has only the last season's pairs; take all T - m of them",
        "odd_was": "training[period:, ...] - training[:-period, ...]",
        "odd": "training[-period:, ...] - training[max(0, steps - 2 * period) : -period, ...]",
        "mean": "on average 4/3",
        "score": "2 / (4/3) = 1.5",
        "by": "1.5",
        "reason": "on the training series. There are T - m",
        "divides": "and the mean over that axis",
    },
    {
        "of": "its error on the training's last season as the ruler",
        "count": "n",
        "from": "T-n+1",
        "where": " Here $n$ is the number of pairs in the last season: $m$, or $T - m$ where there are not so many.",
        "hint": " The last season's are its last rows, `[-period:, ...]`, which are all of them where there are not so many.",
        "season": "season[-period:, ...]",
        "how_many": "n",
        "but": "but there are only n pairs",
        "odd_name": "all pairs",
        "odd_says": "has all pairs of the training; take the last season's alone",
        "odd_was": "xp.mean(xp.abs(season[-period:, ...]), axis=0)",
        "odd": "xp.mean(xp.abs(season), axis=0)",
        "mean": "in its last season by 2 and 1, on average 3/2",
        "score": "2 / (3/2) = 4/3",
        "by": "4 / 3",
        "reason": "in the last season of training. Of the",
        "divides": "the last m count; the mean",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
from collections import Counter
from math import exp, log
from typing import Any, NamedTuple

import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.display import plot_lines
from rnncore.sequence import count_ngrams, windows
from rnncore.testing import mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two scores by hand
#
# A training series 1, 3, 2, 5; then the truth is 6, 2 and somebody forecast 5, 5. In training the steps are 2, 1 and 3: their mean is the ruler. Work out the MASE on paper, then run the cell.

# %%
training, truth, guess = [1.0, 3.0, 2.0, 5.0], [6.0, 2.0], [5.0, 5.0]
steps = [abs(training[t] - training[t - 1]) for t in (1, 2, 3)]
ruler = sum(steps) / len(steps)  # 2.0
errors = [abs(a - b) for a, b in zip(truth, guess, strict=True)]
print(
    "MASE =", sum(errors) / len(errors) / ruler, " by hand: (1 + 3) / 2 / 2"
)

# %% [markdown]
# Now a perplexity: a model gave the four tokens of a text the probabilities 1/2, 1/8, 1/4 and 1/4. One line is left out. What must be done with the four surprisals before exp is taken, once? Write the line, and run again.
#
# <details><summary>The missing line</summary>
#
# `mean = sum(nats) / len(nats)`: the mean surprisal is 2 bits = 2 log 2 nats.
# </details>

# %%
nats = [-log(p) for p in (1 / 2, 1 / 8, 1 / 4, 1 / 4)]
mean = 0.0
# (the missing line)
print(
    "perplexity =", exp(mean), " by hand: 2 ** ((1 + 3 + 2 + 2) / 4) =", 4
)

# %% [markdown]
# ## A result that is too good
#
# `leaky_split` below cuts a series into windows to train on and windows to test on, scaled to mean 0 and standard deviation 1. Somebody found that a linear model trained on its windows beats persistence on **a random walk**, which is impossible: from one step to the next a random walk moves up or down by
# chance alone, so no forecast is better than its last value.


# %%
class Split(NamedTuple):
    """Windows to train on and to test on, and what undoes the scaling."""

    train_x: Any  # (N, size)
    train_y: Any  # (N,)
    test_x: Any  # (M, size)
    test_y: Any  # (M,)
    mean: Any  # ()
    std: Any  # ()


def leaky_split(x, size, cut):
    """About a quarter of the windows for the test; three leaks."""
    xp = array_namespace(x)
    mean, std = xp.mean(x), xp.std(x)
    z = (x - mean) / std
    smooth = (z[:-2] + z[1:-1] + z[2:]) / 3  # less noise, centred
    inputs, _ = windows(smooth, size)
    targets = z[size + 1 : -1]  # what follows the window's last centre
    test = xp.arange(inputs.shape[0]) % 4 == 3
    return Split(
        inputs[~test],
        targets[~test],
        inputs[test],
        targets[test],
        mean,
        std,
    )


# %% [markdown]
# ## Task 1: three leaks (5 points)
#
# *Core, about 20 minutes.*
#
# There are three leaks in `leaky_split`: three places where the test gets into the training, or the answer into the question. Find them; write down a word for each.
#
# Then write `honest_split`, which does the same job without them:
#
# - mean and standard deviation are those of `x[:cut]`, the past, and scale everything (the standard deviation {{spread.text}});
# - each training window, with its target, lies wholly before `cut`; each test window, with its target, wholly from `cut` on: no value stands on both sides;
# - a window is `size` values in a row, as they are; its target is the value that follows.
#
# `windows(x, size)` of the chapter is at hand: it gives all windows of a series, (N, size), and the value after each, (N,).
#
# <details><summary>Hint 1</summary>
#
# For each number that `leaky_split` returns for the training, ask: would it change if the last value of the series were another one? And for each window: would it change with its own target?
# </details>
#
# <details><summary>Hint 2</summary>
#
# The mean of all values knows the future. A centred average knows the next value, and for a window's last entry the next value is the target. Every fourth window shares all but a few of its values with its neighbours in the training.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Cut the series first: `past, future = x[:cut], x[cut:]`. Take mean and std of `past`. Scale both with them, and call `windows` twice.
# </details>


# %% solution="honest_split"
def honest_split(x, size, cut):
    """Windows before and from `cut`, scaled with what was known then.

    Shapes: x (T,)
        -> train_x (N, size); train_y (N,); test_x (M, size); test_y (M,);
        mean (); std ()
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), {{spread.of}}
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)
    ### END SOLUTION


# %% [markdown]
# Try it: the past is 0, 2, 0, 2, with mean 1 and standard deviation {{spread.one}}; the future is 5, 7, 9. Scaled, the first training window is {{spread.first}}, and the only test window {{spread.last}}.

# %%
print(honest_split(move(np.array([0.0, 2, 0, 2, 5, 7, 9])), 2, 4))

# %% test="honest_split" points=5 explained="ch01_baselines: What counts as unseen?"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=4, dtype=1)

move = mover(device)
OUTPUTS = "train_x, train_y, test_x, test_y, mean, std"


def walk(rng, T, size, cut):
    return {"x": rng.normal(size=T).cumsum() + 3, "size": size, "cut": cut}


visible = move(walk(np.random.default_rng(1), 14, 3, 8))
check(
    honest_split,
    stored("honest_split"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
x = np.array([0.0, 2, 0, 2, 5, 7, 9])
by_hand = honest_split(move(x), 2, 4)
assert_close("test_x of the example", by_hand[2], {{spread.x}})
assert_close("test_y of the example", by_hand[3], {{spread.y}})
moved = x + 100 * (np.arange(7) >= 4)  # another future
after = honest_split(move(moved), 2, 4)
for name, a, b in zip(OUTPUTS.split(", "), by_hand, after, strict=True):
    if not name.startswith("test"):
        assert_close(f"{name}, with another future,", b, a)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    walk, [(4, 1, 2), (30, 4, 21), (25, 7, 12), (40, 2, 9)], device
)
check(
    honest_split,
    reference_honest_split,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="honest_split"
r"""
scaler fitted on all data: the scaler was fitted on all the data: mean and std know the future; take them over x[:cut]
~ xp.mean(past), {{spread.of}} => xp.mean(x), xp.std(x)
scaler fitted on the test: the test was scaled with its own mean and std, which nobody knows when the forecast is made; use those of the past
~ windows((future - mean) / std, size) => windows((future - xp.mean(future)) / xp.std(future), size)
last training window lost: the last training window is missing: its target, x[cut - 1], is still before the cut
~ windows((past - mean) / std, size) => windows((past[:-1] - mean) / std, size)
overlapping windows across the split: the last training windows reach over the cut, so values stand in the training and in the test; cut the series first, then make windows
~ windows((past - mean) / std, size) => windows((x[: cut + size] - mean) / std, size)
test windows begin in the past: the first test windows begin before the cut. That is a usual convention, since the past is known when one forecasts; here no value may stand on both sides
~ windows((future - mean) / std, size) => windows((x[cut - size :] - mean) / std, size)
targets not shifted: the training targets are the last values of their own windows: the question contains the answer; the target is the value after the window
~ return Split(train_x, train_y, => return Split(train_x, train_x[:, -1],
centred average kept: each value was averaged with the one after it, and for the last entry of a window the one after it is the target
~ return Split(train_x, train_y, => return Split((train_x + xp.concat([train_x[:, 1:], train_y[:, None]], axis=1)) / 2, train_y,
not scaled: the training windows were not scaled: take the mean off and divide by the standard deviation, in the past as well as in the future
~ train_x, train_y = windows((past - mean) / std, size) => train_x, train_y = windows(past, size)
{{spread.odd_name}}: std was divided {{spread.odd_says}}; here {{spread.says}}
~ {{spread.of}} => {{spread.odd}}
divided by the variance: the values were divided by the variance; the standard deviation is its root
~ {{spread.of}} => xp.var(past)
smallest and largest: the values were scaled by the smallest and the largest of the past; asked for are its mean and its standard deviation
~ xp.mean(past), {{spread.of}} => xp.min(past), xp.max(past) - xp.min(past)
mean of the windows: mean and std were taken over all training windows, where a value from the middle of the past stands several times; take them over x[:cut]
~ xp.mean(past), {{spread.of}} => xp.mean(windows(past, size)[0]), xp.std(windows(past, size)[0])
centred only: the mean was taken off, but the training was not divided by the standard deviation
-     train_x, train_y = windows((past - mean) / std, size)
-     test_x, test_y = windows((future - mean) / std, size)
+     train_x, train_y = windows(past - mean, size)
+     test_x, test_y = windows(future - mean, size)
windows centred one by one: each window had its own mean taken off; one mean, that of x[:cut], belongs to all of them
~ return Split(train_x, train_y, => return Split(train_x - xp.mean(train_x, axis=1, keepdims=True), train_y,
training targets not scaled: the training windows are scaled and their targets are not; both are values of one scaled series
~ return Split(train_x, train_y, => return Split(train_x, past[size:],
test not scaled: the training was scaled and the test windows were not; scale them with the mean and std of the past
~ windows((future - mean) / std, size) => windows(future, size)
two other divisors: two things: std was divided {{spread.odd_says}}, and the test was scaled with its own mean and std
-     mean, std = xp.mean(past), {{spread.of}}
-     train_x, train_y = windows((past - mean) / std, size)
-     test_x, test_y = windows((future - mean) / std, size)
+     mean, std = xp.mean(past), {{spread.odd}}
+     train_x, train_y = windows((past - mean) / std, size)
+     test_x, test_y = windows((future - xp.mean(future)) / xp.std(future), size)
no target scaled: the windows are scaled and the targets are not, neither in the training nor in the test; all are values of one scaled series
~ return Split(train_x, train_y, test_x, test_y, mean, std) => return Split(train_x, past[size:], test_x, future[size:], mean, std)
mean and std exchanged: mean and std came back in each other's place: first the mean, then the standard deviation
~ test_y, mean, std) => test_y, std, mean)
divided first: the values were divided by std, and then the mean of those before the division was taken off; take it off first, (x - mean) / std
-     train_x, train_y = windows((past - mean) / std, size)
-     test_x, test_y = windows((future - mean) / std, size)
+     train_x, train_y = windows(past / std - mean, size)
+     test_x, test_y = windows(future / std - mean, size)
newest first: your windows have their newest value first; a window is `size` values in a row, as they are
~ return Split(train_x, train_y, test_x, test_y, mean, std) => return Split(xp.flip(train_x, axis=1), train_y, xp.flip(test_x, axis=1), test_y, mean, std)
test a step late: the test begins a step late: x[cut] is its first value
~ x[cut:] => x[cut + 1 :]
test a step early: x[cut - 1] stands on both sides: the test begins at x[cut]
~ x[cut:] => x[cut - 1 :]
centred average: each value was averaged with its neighbours, the one after it too: that is a look ahead, and takes two values from each part
-     train_x, train_y = windows((past - mean) / std, size)
+     past = (past[:-2] + past[1:-1] + past[2:]) / 3
+     future = (future[:-2] + future[1:-1] + future[2:]) / 3
+     train_x, train_y = windows((past - mean) / std, size)
test scaled by all data: the test was scaled with mean and deviation of all data, its own included; both come from the past alone
~     test_x, test_y = windows((future - mean) / std, size) =>     test_x, test_y = windows((future - xp.mean(x)) / xp.std(x), size)
windows one longer: the windows are one value longer than asked
~     train_x, train_y = windows((past - mean) / std, size) =>     train_x, train_y = windows((past - mean) / std, size + 1)
last value for the target: the targets of the test are the last values of their own windows, which the model has seen
~     return Split(train_x, train_y, test_x, test_y, mean, std) =>     return Split(train_x, train_y, test_x, test_x[:, -1], mean, std)
"""

# %% [markdown]
# ## Task 2: words with gaps, and a way back (4 points)
#
# *Extra, about 20 minutes.*
#
# After "the cold" an $n$-gram that has never seen "cold" knows nothing but how often each word occurs. The word before that, "the", still says something: a **skip-gram** counts what came $k$ places after it, whatever stood between.
#
# Score a token $w$ after the words `before` like this. For the gaps $k = 1, 2, \dots, G$ in turn, let $u$ be the $k$-th word from the end of `before`, $c_k(u, w)$ how often $w$ came exactly $k$ places after $u$ in `tokens`, and $c_k(u)$ how often anything did. The **first** gap at which $c_k(u, w) > 0$ decides:
#
# $$s(w) = d^{{cost.up}}\ \frac{c_k(u, w)}{c_k(u)}$$
#
# Each gap that had to be skipped costs a factor {{cost.text}}. If no gap has seen the pair (or `before` is too short for it), back off to the bag: $s(w) = d^{{cost.up_bag}}\, c(w) / T$, where $c(w)$ counts $w$ among all $T$ tokens. (The scores of all tokens do not sum to one: this is a score, not a probability. It is cheap: Brants and others (2007) found a score of this kind, one that backs off to shorter contexts and not to wider gaps, nearly as good as a probability once the text is large enough.)
#
# <details><summary>Hint 1</summary>
#
# All pairs with gap k: `zip(tokens, tokens[k:])`. The first of each pair is u, the second what came k places later. `zip` stops with the shorter one.
# </details>
#
# <details><summary>Hint 2</summary>
#
# c_k(u) counts u only where something stands k places after it: not among the last k tokens. `tokens[:-k].count(u)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# A loop over `k in range(1, gaps + 1)`, inside it `if len(before) >= k:`, count the pairs with a `Counter`, and `return` as soon as the pair was seen. After the loop, the bag.
# </details>


# %% solution="skip_score"
def skip_score(tokens, before, token, gaps, discount):
    """How well `token` fits after `before`, with gaps of 1 to `gaps`.

    tokens and before are two tuples of words, or two strings; the result
    is a number from 0 to 1.
    """
    ### BEGIN SOLUTION
    for k in range(1, gaps + 1):
        if len(before) >= k:
            context = before[-k]
            pairs = Counter(zip(tokens, tokens[k:], strict=False))
            seen = pairs[context, token]
            if seen:
                total = tokens[:-k].count(context)
                return {{cost.pair}} * seen / total
    return {{cost.bag}} * tokens.count(token) / len(tokens)
    ### END SOLUTION


# %% [markdown]
# Try it: after "sat" came "on" each time: 1. After "the cold" (never seen) "cat" falls back to a gap of 2, where it came after "the" in 0 of the cases, and so to the bag; "sat" came two places after "the" in 2 of 3 cases (there are four "the", but two places after the last of them the story has ended).

# %%
story = "the cat sat on the mat and the dog sat on the rug"
story = tuple(story.split())
for before, token in [
    (("sat",), "on"),
    (("the", "cold"), "sat"),
    (("the", "cold"), "cat"),
]:
    score = skip_score(story, before, token, 2, 0.4)
    print(*before, f"-> {token}:", round(score, 4))

# %% test="skip_score" points=4 whole="its arguments and its result are plain numbers" explained="ch01_sequences: A model of order: count what came next"
import numpy as np

from rnncore.testing import assert_close, check, stored


def case(tokens, before, token, gaps=2, discount=0.4):
    return {
        "tokens": tokens,
        "before": before,
        "token": token,
        "gaps": gaps,
        "discount": discount,
    }


text = "abcacbabbcabca"
visible = [
    case(text, "b", "c"),  # decided by the gap of 1
    case(text, "cxa", "a"),  # neither gap: the bag
    case(text, "ax", "b"),  # the gap of 2
    case(text, "aa", "c", 2, 0.9),  # both gaps have seen the pair
    case(text, "bxx", "b", 3, 0.5),
    case(text, "xx", "a"),  # the bag
    case(text, "", "c", 1, 0.25),
    case(text, "cb", "a", 2, 0.3),
    case(text, "c", "z"),
    case(text, "cx", "b"),  # u among all but the last two tokens
]
check(skip_score, stored("skip_score"), visible, outputs="score")
story = "the cat sat on the mat and the dog sat on the rug"
story = tuple(story.split())
by_hand = skip_score(story, ("the", "cold"), "sat", 2, 0.4)
assert_close("the score of sat after the cold", by_hand, {{cost.h1}})
by_hand = skip_score(story, ("a", "b"), "the", 2, 0.5)
assert_close("the score of the after a b", by_hand, {{cost.h2}})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()


def letters(size):
    return "".join(rng.choice(list("abcde"), size))


hidden = [
    case(letters(T), letters(n), letters(1), gaps, rng.uniform(0.1, 0.9))
    for T in (12, 40)
    for n in (0, 1, 2, 5)
    for gaps in (1, 2, 4)
    for _ in range(4)
]
hidden += [
    case(tuple(c["tokens"]), tuple(c["before"]), c["token"], 3)
    for c in hidden
]
check(skip_score, reference_skip_score, hidden, outputs="score")
### END HIDDEN TESTS
print("Task 2 holds.")

# %% mistakes="skip_score"
r"""
counted where nothing follows: c_k(u) was counted over the whole text; at the last k tokens nothing stands k places later
~ tokens[:-k].count(context) => tokens.count(context)
no discount: your gaps cost nothing: each that had to be skipped costs a factor {{cost.of}}, so a score found at gap k has the factor d to the power {{cost.power}}
~ {{cost.pair}} * seen => seen
one discount too many: a gap of 1 costs nothing: the factor is d to the power {{cost.power}}
~ {{cost.pair}} * seen => discount**k * seen
pairs looked at backwards: the pairs are turned round: they count what came before the context instead of after it
~ zip(tokens, tokens[k:], strict=False) => zip(tokens[k:], tokens, strict=False)
targets not shifted far enough: the pairs are one place too close: with k = 1 each token was paired with itself
~ zip(tokens, tokens[k:], strict=False) => zip(tokens, tokens[k - 1 :], strict=False)
gap taken from the start: the k-th word was counted from the start of `before`; what matters is the k-th from its end
~ before[-k] => before[k - 1]
bag without its discount: the bag was reached by skipping all the gaps, and each of them costs a factor {{cost.of}}
~ {{cost.bag}} * tokens => tokens
share of pairs: the pair was counted as a share of all pairs, not of those that begin with the context
~ seen / total => seen / (len(tokens) - k)
context decides: a gap decided although it has seen the context only, never with this token after it; go on until the pair was seen
~ if seen: => if tokens[:-k].count(context):
best gap decides: the largest score was taken; the first gap that has seen the pair decides, even where a wider one would score higher
-     for k in range(1, gaps + 1):
-         if len(before) >= k:
-             context = before[-k]
-             pairs = Counter(zip(tokens, tokens[k:], strict=False))
-             seen = pairs[context, token]
-             if seen:
-                 total = tokens[:-k].count(context)
-                 return {{cost.pair}} * seen / total
-     return {{cost.bag}} * tokens.count(token) / len(tokens)
+     scores = [{{cost.bag}} * tokens.count(token) / len(tokens)]
+     for k in range(1, min(gaps, len(before)) + 1):
+         seen = Counter(zip(tokens, tokens[k:], strict=False))[before[-k], token]
+         if seen:
+             scores.append({{cost.pair}} * seen / tokens[:-k].count(before[-k]))
+     return max(scores)
last gap decides: the widest gap was asked first; the nearest word that has seen the pair decides
~ in range(1, gaps + 1): => in range(gaps, 0, -1):
widest gap left out: your loop does not reach the widest gap: the gaps are 1 to `gaps`, so range(1, gaps + 1)
~ in range(1, gaps + 1): => in range(1, gaps):
gaps added up: the scores of several gaps were added; the first gap that has seen the pair decides alone
-     for k in range(1, gaps + 1):
-         if len(before) >= k:
-             context = before[-k]
-             pairs = Counter(zip(tokens, tokens[k:], strict=False))
-             seen = pairs[context, token]
-             if seen:
-                 total = tokens[:-k].count(context)
-                 return {{cost.pair}} * seen / total
-     return {{cost.bag}} * tokens.count(token) / len(tokens)
+     score = 0.0
+     for k in range(1, min(gaps, len(before)) + 1):
+         seen = Counter(zip(tokens, tokens[k:], strict=False))[before[-k], token]
+         if seen:
+             score += {{cost.pair}} * seen / tokens[:-k].count(before[-k])
+     return score or {{cost.bag}} * tokens.count(token) / len(tokens)
share of all tokens: the pair was counted as a share of all tokens; divide by how often something stood k places after u
~ seen / total => seen / len(tokens)
share of the token: the pair was divided by how often the token came; divide by how often something stood k places after u
~ tokens[:-k].count(context) => tokens[k:].count(token)
counted at the wrong end: u was counted among tokens[k:], the places where the second of a pair stands; the first stands in tokens[:-k]
~ tokens[:-k].count(context) => tokens[k:].count(context)
nearer pairs counted too: pairs that stand nearer than k places were counted with the gap k as well; it counts what stands exactly k places later
~             pairs = Counter(zip(tokens, tokens[k:], strict=False)) =>             pairs = Counter(p for j in range(1, k + 1) for p in zip(tokens, tokens[j:], strict=False))
pairs too far apart: the pairs are one place too far apart: with k = 1 the token stands right behind its context
~ zip(tokens, tokens[k:], strict=False) => zip(tokens, tokens[k + 1 :], strict=False)
no bag: where no gap has seen the pair your score is 0; then the bag speaks, d^G c(w) / T
~ return {{cost.bag}} * tokens.count(token) / len(tokens) => return 0.0
bag one discount too many: the bag costs d^{{cost.all}}, {{cost.each}} for each gap; yours has one more
~ return {{cost.bag}} => return discount ** (gaps + 1)
bag one discount too few: the bag costs d^{{cost.all}}, {{cost.each}} for each gap; yours has one less
~ return {{cost.bag}} => return discount ** (gaps - 1)
bag pays for the words it has: the bag paid only for as many gaps as `before` has words; it costs d^{{cost.all}}, however short `before` is
~ return {{cost.bag}} => return discount ** min(gaps, len(before))
bag with add one: one was added to the counts of the bag; it is c(w) / T
~ tokens.count(token) / len(tokens) => (tokens.count(token) + 1) / (len(tokens) + len(set(tokens)))
bag over different words: the bag was divided by the number of different tokens; T counts all of them
~ tokens.count(token) / len(tokens) => tokens.count(token) / len(set(tokens))
whole contexts: the last words of `before` were looked for as one piece, as an n-gram does; with gap k the word k places back counts, whatever stands between
-     for k in range(1, gaps + 1):
-         if len(before) >= k:
-             context = before[-k]
-             pairs = Counter(zip(tokens, tokens[k:], strict=False))
-             seen = pairs[context, token]
-             if seen:
-                 total = tokens[:-k].count(context)
-                 return {{cost.pair}} * seen / total
+     for k in range(gaps, 0, -1):
+         if len(before) >= k:
+             context = tuple(before[-k:])
+             starts = range(len(tokens) - k)
+             nexts = [tokens[i + k] for i in starts if tuple(tokens[i : i + k]) == context]
+             if token in nexts:
+                 return discount ** (gaps - k) * nexts.count(token) / len(nexts)
both counts too large: two things: a gap of 1 costs nothing (the factor is d to the power {{cost.power}}), and u counts only where something stands k places after it
-                 total = tokens[:-k].count(context)
-                 return {{cost.pair}} * seen / total
+                 total = tokens.count(context)
+                 return discount**k * seen / total
discount by steps: each gap took the same amount off the factor; it is d to the power {{cost.power}}
~ {{cost.pair}} * seen => (1 - discount * (k - 1)) * seen
"""

# %% [markdown]
# ## Task 3: perplexity under a mask (4 points)
#
# *Core, about 10 minutes.*
#
# A batch of B sequences of different lengths is filled up to T steps; a mask, (T, B), says where a real token stands. What lies in the filled places is rubbish, maybe `inf` or `nan`. The perplexity of the batch counts every **real token** once:
#
# $$\exp\Bigl(\frac{\sum_{t,b} m_{tb}\, (-\log p_{tb})}{\sum_{t,b} m_{tb}}\Bigr)$$
#
# Raise a `ValueError` whose message begins with `mask` where no token is real.
#
# <details><summary>Hint 1</summary>
#
# Two sums and one exp. How many tokens are there, and is it T times B?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `nan * 0` is not 0, and neither is `inf * 0`. `xp.where(mask, nats, xp.zeros_like(nats))` puts a zero where the mask is False, whatever stood there.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Count with `int(xp.sum(mask))` (in torch a sum of booleans is an integer too), then `exp(float(total) / count)`.
# </details>


# %% solution="masked_perplexity"
def masked_perplexity(nats, mask):
    """The perplexity of all tokens that the mask lets through.

    Shapes: nats (T, B); mask (T, B) -> perplexity ()

    Raises ValueError where the mask lets no token through.
    """
    xp = array_namespace(nats)
    ### BEGIN SOLUTION
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask: expected at least one token")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)
    ### END SOLUTION


# %% [markdown]
# Try it: a sequence of three tokens, each as unsure as between 2, and one of a single token, unsure as between 16. In bits: (1 + 1 + 1 + 4) / 4 = 1.75, so $2^{1.75} \approx 3.36$.

# %%
nats = move(np.log(np.array([[2.0, 16.0], [2.0, 1e9], [2.0, 1e9]])))
mask = move(np.array([[True, True], [True, False], [True, False]]))
print(masked_perplexity(nats, mask))

# %% test="masked_perplexity" points=4 explained="ch01_sequences: How good is a guess?"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_refuses,
    check,
    mover,
    stored,
)

properties = Properties(values=2, refusals=1, sizes=1)

move = mover(device)


def ragged(rng, T, B, rubbish):
    """Sequences of all lengths, the longest one full."""
    nats = rng.exponential(2.0, size=(T, B))
    lengths = rng.permutation(T - np.arange(B) % T)
    mask = np.arange(T)[:, None] < lengths
    return {"nats": np.where(mask, nats, rubbish), "mask": mask}


rng = np.random.default_rng(2)
visible = [ragged(rng, 4, 3, 5.0), ragged(rng, 5, 2, np.nan)]
visible = move([*visible, ragged(rng, 3, 2, np.inf)])
check(
    masked_perplexity,
    stored("masked_perplexity"),
    visible,
    outputs="perplexity",
    by=properties,
)
nats = np.log(np.array([[2.0, 16.0], [2.0, 1e9], [2.0, 1e9]]))
mask = np.array([[True, True], [True, False], [True, False]])
by_hand = masked_perplexity(move(nats), move(mask))
assert_close("the perplexity of the example", by_hand, 2**1.75)
nats[1:, 1] = np.inf
by_hand = masked_perplexity(move(nats), move(mask))
assert_close("the same, inf in the filled places", by_hand, 2**1.75)
with properties("refusals"):
    assert_refuses(
        masked_perplexity,
        move({"nats": nats, "mask": mask & False}),
        "with a mask that is False everywhere",
        begins="mask",
    )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    ragged,
    [
        (T, B, rubbish)
        for T, B in [(1, 1), (1, 4), (6, 3), (3, 7)]
        for rubbish in (3.0, np.inf, np.nan)
    ],
    device,
)
check(
    masked_perplexity,
    reference_masked_perplexity,
    hidden,
    outputs="perplexity",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="masked_perplexity"
r"""
mean of exp: exp was taken of each token and then the mean: mean(exp(loss)) is always too large; take the mean first and exp once
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     total = xp.sum(xp.where(mask, xp.exp(nats), xp.zeros_like(nats)))
+     return float(total) / count
perplexities averaged: each sequence got a perplexity of its own and these were averaged; average surprisals, over all real tokens at once
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     each = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)), axis=0)
+     return float(xp.mean(xp.exp(each / xp.sum(xp.astype(mask, nats.dtype), axis=0))))
sequences weighted alike: the mean surprisal was taken for each sequence and then over sequences: a short one counts as much as a long one; every token counts once
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     each = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)), axis=0)
+     return exp(float(xp.mean(each / xp.sum(xp.astype(mask, nats.dtype), axis=0))))
padding in the denominator: the sum was divided by T B: filled places are no tokens; divide by the number of True in the mask
~ return exp(float(total) / count) => return exp(float(total) / (mask.shape[0] * mask.shape[1]))
loss over padding: the surprisal of the filled places was added: rubbish counts as text
~ xp.sum(xp.where(mask, nats, xp.zeros_like(nats))) => xp.sum(nats)
mask times rubbish: the surprisals were multiplied by the mask: what lies in the filled places may be nan or inf, and 0 times that is not 0; choose with xp.where
~ xp.where(mask, nats, xp.zeros_like(nats)) => nats * xp.astype(mask, nats.dtype)
mask turned round: the mask was read the wrong way round: True is a token, False is filled up
~ xp.where(mask, nats, xp.zeros_like(nats)) => xp.where(mask, xp.zeros_like(nats), nats)
base two: the surprisals are in nats, so exp undoes the logarithm; 2 to the power belongs to bits
~ return exp(float(total) / count) => return 2.0 ** (float(total) / count)
sign turned: exp was taken of minus the mean; a surprisal is -log p already, so this is one over the perplexity
~ return exp(float(total) / count) => return exp(-float(total) / count)
no exponential: this is the mean surprisal; the perplexity is its exp
~ return exp(float(total) / count) => return float(total) / count
no mean: exp was taken of the sum; divide it by the number of real tokens first
~ return exp(float(total) / count) => return exp(float(total))
divided by the steps: the sum over all tokens was divided by T, the number of steps; divide by the number of True in the mask
~ return exp(float(total) / count) => return exp(float(total) / mask.shape[0])
divided by the sequences: the sum over all tokens was divided by B, the number of sequences; divide by the number of True in the mask
~ return exp(float(total) / count) => return exp(float(total) / mask.shape[1])
divided twice: the sum was divided by T B and by the number of tokens; one division, by the number of tokens, makes the mean
~ return exp(float(total) / count) => return exp(float(total) / count / (mask.shape[0] * mask.shape[1]))
steps weighted alike: the mean surprisal was taken for each step and then over the steps: a step at which few sequences run counts as much as a full one; every token counts once
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     each = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)), axis=1)
+     return exp(float(xp.mean(each / xp.sum(xp.astype(mask, nats.dtype), axis=1))))
full steps only: only the steps at which all sequences run were counted; every real token counts
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     return exp(float(xp.mean(nats[xp.all(mask, axis=1)])))
exp of the zeros: exp was taken before the mean, and of the zeros in the filled places as well, where it is 1; sum first, divide by the number of tokens, and take exp once
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     total = xp.sum(xp.exp(xp.where(mask, nats, xp.zeros_like(nats))))
+     return float(total) / count
base two over all places: two things: the sum was divided by T B, filled places included, and 2 was taken to its power; the surprisals are in nats
~ return exp(float(total) / count) => return 2.0 ** (float(total) / (mask.shape[0] * mask.shape[1]))
mask not looked at: the mean was taken over all places, filled ones too; both sums run over the places where the mask is True
-     total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
-     return exp(float(total) / count)
+     return exp(float(xp.mean(nats)))
nan alone left out: only what is nan was left out; what lies in a filled place may be a number or an infinity as well; only the mask says which places are real
~ xp.where(mask, nats, xp.zeros_like(nats)) => xp.where(xp.isnan(nats), xp.zeros_like(nats), nats)
finite places counted: what lies in a filled place may be a finite number as well; only the mask says which places are real
~ xp.where(mask, nats, => xp.where(xp.isfinite(nats), nats,
exp before the division: exp was taken of the sum, and the result was divided; divide the sum, and take exp once, at the end
~ exp(float(total) / count) => exp(float(total)) / count
"""

# %% [markdown]
# ## Task 4: MASE with a season (4 points)
#
# *Extra, about 10 minutes.*
#
# For a series with a season of $m$ steps the honest baseline is often seasonal-naive: "as one season ago". The **seasonal MASE** takes {{ruler.of}}. Here B series come at once, time first, and each keeps a ruler and a score of its own:
#
# $$\text{MASE}_b = \frac{\frac1K \sum_{k=1}^{K} |x_{T+k,b} - \hat x_{T+k,b}|}{\frac{1}{{{ruler.count}}} \sum_{t={{ruler.from}}}^{T} |x_{t,b} - x_{t-m,b}|}$$
#
# Raise a `ValueError` whose message begins with `training` where there are not more than $m$ training steps.{{ruler.where}}
#
# <details><summary>Hint 1</summary>
#
# The ruler compares each training value with the one m steps before it. How many such pairs are there?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `training[period:, ...] - training[:-period, ...]` is (T - m, B).{{ruler.hint}}
# </details>
#
# <details><summary>Hint 3</summary>
#
# Two means of absolute values over axis 0, each (B,), and one divided by the other.
# </details>


# %% solution="seasonal_mase"
def seasonal_mase(actual, predicted, training, period):
    """One score a series, in units of seasonal-naive's training error.

    Shapes: actual (K, B); predicted (K, B); training (T, B) -> mase (B,)

    Raises ValueError where training has not more than `period` steps.
    """
    xp = array_namespace(actual)
    ### BEGIN SOLUTION
    steps = training.shape[0]
    if steps <= period:
        raise ValueError(
            f"training: expected more than {period} steps, got {steps}"
        )
    season = training[period:, ...] - training[:-period, ...]
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    return error / xp.mean(xp.abs({{ruler.season}}), axis=0)
    ### END SOLUTION


# %% [markdown]
# Try it: with a season of 2 the training series 0, 4, 1, 6, 2 moves by 1, 2 and 1, {{ruler.mean}}. Two forecasts are wrong by 1 and by 3, on average 2. The score is {{ruler.score}}.

# %%
one_series = move(np.array([[0.0], [4], [1], [6], [2]]))
truth, guess = move(np.array([[7.0], [3]])), move(np.array([[6.0], [6]]))
print(seasonal_mase(truth, guess, one_series, 2))

# %% test="seasonal_mase" points=4 explained="ch01_baselines: One ruler for the whole book"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_refuses,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, refusals=1, dtype=1)

move = mover(device)


def seasons(rng, T, B, K, period):
    wave = 5 * np.sin(2 * np.pi * np.arange(T) / period)[:, None]
    size = 1 + np.arange(B)  # some series are larger than others
    return {
        "actual": rng.normal(size=(K, B)) * size,
        "predicted": rng.normal(size=(K, B)) * size,
        "training": (wave + rng.normal(size=(T, B))) * size,
        "period": period,
    }


rng = np.random.default_rng(3)
visible = move([seasons(rng, 9, 3, 4, 4), seasons(rng, 7, 2, 5, 3)])
visible.append(move(seasons(rng, 4, 2, 3, 3)))  # one step over a season
check(
    seasonal_mase,
    stored("seasonal_mase"),
    visible,
    outputs="mase",
    by=properties,
)
one_series = move(np.array([[0.0], [4], [1], [6], [2]]))
truth, guess = move(np.array([[7.0], [3]])), move(np.array([[6.0], [6]]))
by_hand = seasonal_mase(truth, guess, one_series, 2)
assert_close("the score of the example", by_hand, np.array([{{ruler.by}}]))
check_independent(
    seasonal_mase,
    visible[0],
    {"actual": 1, "predicted": 1, "training": 1},
    axis=0,
)
with properties("refusals"):
    for period in (9, 30):
        assert_refuses(
            seasonal_mase,
            {**visible[0], "period": period},
            "with a training of one season or less",
            begins="training",
        )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    seasons,
    [(2, 1, 1, 1), (13, 4, 2, 12), (20, 2, 7, 5), (31, 3, 3, 7)],
    device,
)
check(
    seasonal_mase,
    reference_seasonal_mase,
    hidden,
    outputs="mase",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="seasonal_mase"
r"""
period ignored: the ruler is persistence's step, x_t - x_{t-1}: that is the plain MASE; here each value is compared with the one a season before
~ training[period:, ...] - training[:-period, ...] => training[1:, ...] - training[:-1, ...]
sum divided by T: the ruler's sum was divided by T, {{ruler.but}}
~ error / xp.mean(xp.abs({{ruler.season}}), axis=0) => error / (xp.sum(xp.abs({{ruler.season}}), axis=0) / steps)
one ruler for all series: all series were measured with one ruler, the mean over the batch: a large series then looks worse than a small one; mean over axis 0 only
~ error / xp.mean(xp.abs({{ruler.season}}), axis=0) => error / xp.mean(xp.abs({{ruler.season}}))
one score for all series: the errors were averaged over time and over the series; each series has a score of its own
~ xp.mean(xp.abs(actual - predicted), axis=0) => xp.mean(xp.abs(actual - predicted)) + 0 * actual[0, ...]
ruler from the test: the ruler was taken from the test values: it must be fixed before any forecast is made, in training
~ season = training[period:, ...] - training[:-period, ...] => season = actual[1:, ...] - actual[:-1, ...] if actual.shape[0] > 1 else actual
root of the squares: the error is the root of the mean square; MASE takes the mean of absolute values
~ xp.mean(xp.abs(actual - predicted), axis=0) => xp.mean((actual - predicted) ** 2, axis=0) ** 0.5
sign kept: without the absolute value errors above and below cancel
~ xp.abs(actual - predicted) => (actual - predicted)
season of one step more: the pairs are one step short of a season: with period m, x_t belongs to x_{t-m}
~ training[period:, ...] - training[:-period, ...] => training[period - 1 :, ...] - training[: steps - period + 1, ...]
sums for means: two sums were divided; error and ruler are means, over K and over {{ruler.how_many}} values
~ error / xp.mean(xp.abs({{ruler.season}}), axis=0) => error * actual.shape[0] / xp.sum(xp.abs({{ruler.season}}), axis=0)
sum divided by T - 1: the ruler's sum was divided by T - 1; there are {{ruler.how_many}} pairs
~ error / xp.mean(xp.abs({{ruler.season}}), axis=0) => error / (xp.sum(xp.abs({{ruler.season}}), axis=0) / (steps - 1))
both rooted: error and ruler are roots of mean squares (that is RMSSE); MASE takes means of absolute values
-     error = xp.mean(xp.abs(actual - predicted), axis=0)
-     return error / xp.mean(xp.abs({{ruler.season}}), axis=0)
+     error = xp.mean((actual - predicted) ** 2, axis=0) ** 0.5
+     return error / xp.mean({{ruler.season}}**2, axis=0) ** 0.5
squares: error and ruler are means of squares; MASE takes means of absolute values
-     error = xp.mean(xp.abs(actual - predicted), axis=0)
-     return error / xp.mean(xp.abs({{ruler.season}}), axis=0)
+     error = xp.mean((actual - predicted) ** 2, axis=0)
+     return error / xp.mean({{ruler.season}}**2, axis=0)
sign kept in the ruler: the ruler has no absolute value, so steps up and down cancel
~ xp.mean(xp.abs({{ruler.season}}), axis=0) => xp.mean({{ruler.season}}, axis=0)
abs of the mean: the absolute value was taken of the mean error, where errors above and below have cancelled; take it of each
~ xp.mean(xp.abs(actual - predicted), axis=0) => xp.abs(xp.mean(actual - predicted, axis=0))
abs of the mean in the ruler: the ruler is the absolute value of the mean change, where rise and fall have cancelled; take it of each change
~ xp.mean(xp.abs({{ruler.season}}), axis=0) => xp.abs(xp.mean({{ruler.season}}, axis=0))
upside down: the ruler was divided by the error; the score is the error in units of the ruler
~ error / xp.mean(xp.abs({{ruler.season}}), axis=0) => xp.mean(xp.abs({{ruler.season}}), axis=0) / error
spread for a ruler: the ruler is the mean distance from the training mean; it is that between values one season apart
~ season = training[period:, ...] - training[:-period, ...] => season = training - xp.mean(training, axis=0)
percentages: each error was divided by the value itself, which makes percentages; MASE divides by the ruler alone
~ xp.abs(actual - predicted) => xp.abs((actual - predicted) / actual)
differences of differences: differences were taken m times over; take one, between values m steps apart
-     season = training[period:, ...] - training[:-period, ...]
+     season = training
+     for _ in range(period):
+         season = season[1:, ...] - season[:-1, ...]
wrapped around: the first season was compared with the last values of the series, as roll does; there are {{ruler.how_many}} pairs
~ training[period:, ...] - training[:-period, ...] => training - xp.roll(training, period, axis=0)
{{ruler.odd_name}}: the ruler {{ruler.odd_says}}
~ {{ruler.odd_was}} => {{ruler.odd}}
season of one step less: the pairs are one step more than a season apart: with period m, x_t belongs to x_{t-m}
~ training[period:, ...] - training[:-period, ...] => training[period + 1 :, ...] - training[: -period - 1, ...]
one step and one ruler: two things: the ruler is the mean over all the series, and it compares values one step apart; each series has its own, of values a season apart
-     season = training[period:, ...] - training[:-period, ...]
-     error = xp.mean(xp.abs(actual - predicted), axis=0)
-     return error / xp.mean(xp.abs({{ruler.season}}), axis=0)
+     season = training[1:, ...] - training[:-1, ...]
+     error = xp.mean(xp.abs(actual - predicted), axis=0)
+     return error / xp.mean(xp.abs({{ruler.season}}))
medians: error and ruler are medians; MASE takes means
-     error = xp.mean(xp.abs(actual - predicted), axis=0)
-     return error / xp.mean(xp.abs({{ruler.season}}), axis=0)
+     error = np.median(xp.abs(actual - predicted), axis=0)
+     return error / np.median(xp.abs({{ruler.season}}), axis=0)
errors squared: your errors are squares, and the ruler is made of absolute values; both are means of absolute values
~ xp.mean(xp.abs(actual - predicted), axis=0) => xp.mean((actual - predicted) ** 2, axis=0)
errors added up: your errors were added up and the ruler is a mean; both are means
~ error = xp.mean( => error = xp.sum(
one score for all: one number came for all series; each has a score of its own
~     return error / xp.mean(xp.abs({{ruler.season}}), axis=0) =>     return xp.mean(error) / xp.mean(xp.abs({{ruler.season}}))
root of the score: the root of the quotient was returned; nothing in it is squared
~     return error / xp.mean(xp.abs({{ruler.season}}), axis=0) =>     return (error / xp.mean(xp.abs({{ruler.season}}), axis=0)) ** 0.5
"""

# %% [markdown]
# ## Task 5, book closed: what came next (5 points)
#
# *Core, about 20 minutes.*
#
# Close the book. Rebuild `probability(model, tokens)`: the probability of the last token given those before it. `model` is an `NGrams` with the fields `order`, `vocabulary`, `seen` (gram to count), `total` (context to how many tokens followed it) and `kinds` (context to how many different ones). A gram is a slice: the
# context and the token together. Start beneath the empty context with $1/V$, and let each longer context, up to `order` - 1 tokens, correct the one before:
#
# $$p(w \mid u) = \frac{c(u, w) + k(u)\, p(w \mid u')}{c(u) + k(u)}, \qquad u' = u \text{ without its first token}$$
#
# A context that was never seen adds nothing. The model may have counted contexts longer than `order` - 1 (the chapter uses one model with several orders); those do not speak. Tokens are a text or a tuple.
#
# <details><summary>Hint 1</summary>
#
# Which slices of `tokens` are the context of k tokens and the gram, if the last token's index is `last`? Write them for k = 0, 1, 2.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `context, gram = tokens[last - k : last], tokens[last - k :]`, for k from 0 up to the smaller of `order` - 1 and the number of tokens before the last.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)`, and out of the loop where `total` is 0. A Counter gives 0 for what it has not seen.
# </details>


# %% solution="probability" closed_book=true
def probability(model, tokens):
    """The probability of the last token, given those before it."""
    last = len(tokens) - 1
    ### BEGIN SOLUTION
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order, len(tokens))):
        context, gram = tokens[last - k : last], tokens[last - k :]
        total, kinds = model.total[context], model.kinds[context]
        if total == 0:
            break
        p = (model.seen[gram] + kinds * p) / (total + kinds)
    return p
    ### END SOLUTION


# %% [markdown]
# Try it: the chapter's example. After counting `abab`, b alone has 1/2, and b after a has 5/6.

# %%
tiny = count_ngrams("abab", 2, "ab")
print(probability(tiny, "b"), probability(tiny, "ab"))

# %% test="probability" points=5 whole="it counts words: right, or not" explained="ch01_sequences: A model of order: count what came next"
from rnncore.sequence import count_ngrams
from rnncore.sequence import probability as book_probability
from rnncore.testing import assert_close, check, stored


def asked(text, order, vocabulary, *questions):
    model = count_ngrams(text, order, vocabulary)
    return [{"model": model, "tokens": q} for q in questions]


visible = [
    *asked("abcabcbaacbb", 3, "abcd", "c", "abc", "bd", "cca", "bcbaac"),
    *asked("abcabcbaacbb", 1, "abcd", "ab"),
    *asked("abcabcbaacbb", 4, "abcd", "dabc", "aabca"),
]
deep = visible[1]["model"]  # counted with order 3, now used with less
visible += [
    {"model": deep._replace(order=n), "tokens": "abc"} for n in (2, 1)
]
check(probability, stored("probability"), visible, outputs="p")
tiny = count_ngrams("abab", 2, "ab")
assert_close("p of b after a", probability(tiny, "ab"), 5 / 6)
model = count_ngrams(tuple("abracadabra"), 3, "abcdr")
total = sum(probability(model, ("a", "b", w)) for w in "abcdr")
assert_close("the sum of p over the vocabulary", total, 1.0)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()


def drawn(size, letters):
    return "".join(rng.choice(list(letters), size))


hidden = [
    question
    for T, order in [(3, 1), (20, 2), (60, 3), (90, 5)]
    for question in asked(
        drawn(T, "abcd"),
        order,
        "abcde",
        *(drawn(n, "abcde") for n in (1, 2, 3, 4, 7)),
    )
]
hidden += [
    question
    for question in asked(
        tuple(drawn(50, "abc")), 3, "abcd", tuple("abc"), tuple("dca")
    )
]
hidden += [
    {"model": q["model"]._replace(order=2), "tokens": q["tokens"]}
    for q in hidden
    if q["model"].order > 2
]
check(probability, book_probability, hidden, outputs="p")
### END HIDDEN TESTS
print("Task 5 holds.")

# %% mistakes="probability"
r"""
counts alone: the counts of the longest context speak alone: what it has not seen becomes impossible; mix in the shorter context's p, with the weight k(u)
~ (model.seen[gram] + kinds * p) / (total + kinds) => model.seen[gram] / total
no bottom: beneath the empty context must lie 1/V, or a token that was never seen gets a probability of 0
~ p = 1 / len(model.vocabulary) => p = 0.0
one for every context: the shorter context got the weight 1; its weight is the number of different tokens that followed, k(u)
~ (model.seen[gram] + kinds * p) / (total + kinds) => (model.seen[gram] + p) / (total + 1)
tokens and kinds swapped: c(u) and k(u) are swapped: total counts tokens, kinds counts different ones
~ model.total[context], model.kinds[context] => model.kinds[context], model.total[context]
context from the start: the context was taken from the start of the tokens; it is the k tokens just before the last one
~ tokens[last - k : last], tokens[last - k :] => tokens[:k], tokens[:k] + tokens[last:]
one token too far: the empty context was left out: k begins at 0, where the model is a bag
~ range(min(model.order, len(tokens))) => range(1, min(model.order, len(tokens)))
shortest context only: the longest context was left out: k goes up to order - 1, or to the number of tokens before the last
~ range(min(model.order, len(tokens))) => range(min(model.order, len(tokens)) - 1)
order ignored: only the whole text before the token was used as context; let every length speak, from none to order - 1
~ range(min(model.order, len(tokens))) => range(max(0, len(tokens) - 1), len(tokens))
deeper than the order: contexts of `order` tokens and more were asked, too: a model that has counted them may be used with a smaller order, and then they do not speak
~ range(min(model.order, len(tokens))) => range(len(tokens))
one deeper than the order: contexts of `order` tokens were asked, too; the longest that speaks has `order` - 1
~ range(min(model.order, len(tokens))) => range(min(model.order + 1, len(tokens)))
tokens for kinds: the weight of the shorter context is c(u), the number of tokens that followed; it is the number of different ones, k(u)
~ model.total[context], model.kinds[context] => model.total[context], model.total[context]
gram without its token: the context was counted instead of the gram, which ends with the token itself
~ model.seen[gram] + kinds => model.seen[context] + kinds
bottom of one: beneath the empty context lies 1/V, the same for each token; yours has 1 there
~ p = 1 / len(model.vocabulary) => p = 1.0
bottom of the words that were seen: beneath the empty context each token of the vocabulary has a share, also one that was never seen: 1/V, and V is the size of the vocabulary
~ p = 1 / len(model.vocabulary) => p = 1 / model.kinds[tokens[:0]]
zero where the context is unseen: a context that was never seen gave a probability of 0; it adds nothing, and the shorter ones have spoken
~             break =>             return 0.0
add one: one was added to each count; the share of what was not seen is k(u), and it goes to the shorter context's p
~ (model.seen[gram] + kinds * p) / (total + kinds) => (model.seen[gram] + 1) / (total + len(model.vocabulary))
kinds of the gram: the kinds were looked up for the gram; k(u) belongs to its context, u
~ model.kinds[context] => model.kinds[gram]
longest first: the longest context spoke first, so that the empty one had the last word; begin with the empty one
~ for k in range(min(model.order, len(tokens))): => for k in reversed(range(min(model.order, len(tokens)))):
not normalised: k(u) is missing below the line; what was added above it must be added there, or p does not sum to 1
~ / (total + kinds) => / total
kinds missing above: the shorter context's p has no weight above the line, and k(u) stands below it
~ (model.seen[gram] + kinds * p) => (model.seen[gram] + p)
weights swapped: what was counted got the weight k(u) and the shorter context c(u); it is the other way round
~ (model.seen[gram] + kinds * p) / (total + kinds) => (kinds * model.seen[gram] / total + total * p) / (total + kinds)
stops at an unseen gram: the loop stopped where the gram was unseen; a context that was seen without this token makes it less probable: stop only where the context itself is unseen
~ if total == 0: => if model.seen[gram] == 0:
a logarithm: this is the logarithm of the probability
~ return p => return log(p)
vocabulary for kinds: the weight of the shorter context is the size of the vocabulary; it is the number of different tokens that followed, k(u)
~ model.total[context], model.kinds[context] => model.total[context], len(model.vocabulary)
discount: a discount was taken off the count, as Kneser and Ney do; here the counts stay, and k(u) is added below the line
~ (model.seen[gram] + kinds * p) / (total + kinds) => (max(model.seen[gram] - 0.75, 0) + 0.75 * kinds * p) / total
backed off: the longest context that has seen the token spoke alone; each context corrects the shorter one, so p mixes all of them
-         p = (model.seen[gram] + kinds * p) / (total + kinds)
+         if model.seen[gram]:
+             p = model.seen[gram] / (total + kinds)
product: the probabilities of all tokens were multiplied; asked for is that of the last one alone
-     p = 1 / len(model.vocabulary)
-     for k in range(min(model.order, len(tokens))):
-         context, gram = tokens[last - k : last], tokens[last - k :]
-         total, kinds = model.total[context], model.kinds[context]
-         if total == 0:
-             break
-         p = (model.seen[gram] + kinds * p) / (total + kinds)
-     return p
+     product = 1.0
+     for last in range(len(tokens)):
+         p = 1 / len(model.vocabulary)
+         for k in range(min(model.order, last + 1)):
+             context, gram = tokens[last - k : last], tokens[last - k : last + 1]
+             total, kinds = model.total[context], model.kinds[context]
+             if total == 0:
+                 break
+             p = (model.seen[gram] + kinds * p) / (total + kinds)
+         product *= p
+     return product
no bottom, not normalised: two things: p begins at 0, not at 1/V, and k(u) is missing below the line
-     p = 1 / len(model.vocabulary)
-     for k in range(min(model.order, len(tokens))):
-         context, gram = tokens[last - k : last], tokens[last - k :]
-         total, kinds = model.total[context], model.kinds[context]
-         if total == 0:
-             break
-         p = (model.seen[gram] + kinds * p) / (total + kinds)
+     p = 0.0
+     for k in range(min(model.order, len(tokens))):
+         context, gram = tokens[last - k : last], tokens[last - k :]
+         total, kinds = model.total[context], model.kinds[context]
+         if total == 0:
+             break
+         p = (model.seen[gram] + kinds * p) / total
short tokens forgotten: contexts were asked that are longer than what stands before the last token; there a slice begins at a negative index, and takes other tokens
~ range(min(model.order, len(tokens))) => range(model.order)
token in its own context: the context has the last token in it; it ends just before
~ tokens[last - k : last], tokens[last - k :] => tokens[last - k :], tokens[last - k :]
context alone from the start: the gram is right, and its context was taken from the start of the tokens; it is the k tokens just before the last one
~ tokens[last - k : last], tokens[last - k :] => tokens[:k], tokens[last - k :]
context cut at its end: a shorter context lost its last token; it loses its first, so that those next to the token stay
-         context, gram = tokens[last - k : last], tokens[last - k :]
+         start = max(0, last - model.order + 1)
+         context = tokens[start : start + k]
+         gram = context + tokens[last:]
unseen context forgets: a context that was never seen threw away what the shorter ones had said; it adds nothing, and their p stays
~ break => return 1 / len(model.vocabulary)
"""

# %% [markdown]
# ## Experiment: forecasting what cannot be forecast
#
# *Core, about 20 minutes, after Task 1.*
#
# A random walk: each value is the one before it plus a random push, up or down alike. Nothing beats persistence on it, by construction. A linear model is trained on the windows of `leaky_split` and on those of your `honest_split`, and its test error is divided by the mean step of the walk at the same targets, which is the error of persistence: **1 is persistence, clearly below 1 is too good to be true.**
#
# **Predict**, before you run anything, for windows of 8 values. Nothing is graded here; your words are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "leaky": "",  # below 1, about 1, or above 1
    "honest": "",  # below 1, about 1, or above 1
    "worst of the three leaks": "",  # scaler, average, or overlap
}


# %% experiment
def ratio(split, x, size):
    """Test error of a linear model, in mean steps at its targets."""
    parts = split(move(x), size, 3 * len(x) // 4)
    train_x, train_y, test_x, test_y, mean, std = (
        np.asarray(to_numpy(p)) for p in parts
    )
    with_one = np.c_[train_x, np.ones(len(train_x))]
    w = np.linalg.lstsq(with_one, train_y, rcond=None)[0]
    error = np.abs(np.c_[test_x, np.ones(len(test_x))] @ w - test_y).mean()
    targets = test_y * std + mean
    at = np.abs(x[:, None] - targets).argmin(0)  # where they stand in x
    return error * std / np.abs(x[at] - x[at - 1]).mean()


def show(walk=0, steps=400):
    print("You predicted", my_prediction)
    x = np.random.default_rng(walk).normal(size=steps).cumsum()
    sizes = range(1, 25)
    plot_lines(
        {
            "leaky": [ratio(leaky_split, x, k) for k in sizes],
            "honest": [ratio(honest_split, x, k) for k in sizes],
            "persistence": [1.0 for _ in sizes],
        },
        "values in the window",
        "error / mean step",
        f"random walk {walk}, {steps} steps",
        x=list(sizes),
    )


from ipywidgets import IntSlider, interact

_ = interact(
    show,
    walk=IntSlider(0, min=0, max=20, description="walk"),
    steps=IntSlider(400, min=150, max=2000, step=50, description="steps"),
)

# %% [markdown]
# Move to another walk. Is the honest curve ever clearly below 1? (At 150 steps and 24 values only 14 test windows are left, and chance alone takes it from 0.8 to above 3.) What happens to it as windows grow and the walk is short? Now edit `leaky_split`, one leak at a time (and run the cells again): which of the three makes the impossible possible, and which of them changes nothing on this series? Would
# you leave that one in?
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# On six walks of 400 steps, with windows of 8, the leaky split gives 0.23 to 0.33 and the honest one 0.99 to 1.13: never clearly below 1, and above it the more, the larger the windows are for the length of the walk, since more weights are fitted to few windows. The centred average alone makes the impossible possible: without it the ratio is 0.95 to 1.03. The scaler changes nothing here, since a linear model does not mind a shift or a factor, and the overlap next to nothing. Neither may stay: with another model, or a series whose level moves, each of the two gives the test away.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A report says: "Our network forecasts daily sales a week ahead with a MASE of 0.71, so it beats the naive forecast by 29 %. Windows of 28 days were scaled to mean 0 and standard deviation 1 and divided at random into training and test." In four to six sentences: what do you believe, what not, and which two numbers would you ask for?
#
# When your answer is saved, `make answer 1` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="leaks" points=2 explained="ch01_baselines: What counts as unseen?"
# The windows overlap and were dealt out at random, so almost every test value, targets included, stands in some training window; the scaler was probably fitted before the split as well. The 0.71 is therefore not a score on unseen data, and may shrink or vanish when the series is cut by
# time first. Nor does a MASE of 0.71 mean 29 % better than a naive forecast on the test days: the ruler is the *one-day* step in the *training* series, and for sales with a weekly season the naive forecast to beat is "as a week ago". I would ask for the score after a split by time (with
# nothing taken from the test period), and for the score of seasonal-naive with a period of 7, on the same test days.
#
# Rubric: 1 point for the leak (overlapping windows across a random split; the scaler alone earns half a point); 1 point for the baseline (what a MASE is relative to, or the seasonal-naive score on the same days as one of the two numbers).
