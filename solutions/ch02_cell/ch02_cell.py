# %% [markdown]
# # Assignment 2: the recurrent cell
#
# *The core takes about 95 minutes, all of it about 160 minutes, 28 points. Read both pages of chapter 2 first.*
#
# You will write a step with a ceiling, set the weights of a cell by hand so that it recognises a language, run sequences of different lengths side by side, count what the loop costs, rebuild `unroll` with
# the book closed, and hunt seven loops that are almost right.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T, B, D) | the input, time first: T steps, B sequences, D numbers |
# | $h_t$ | (B, H) | the state after step t; $h_0$ is the state before the first |
# | $y$ | (T, B, H) | all states $h_1 \dots h_T$ |
# | $W_x,\ W_h$ | (H, D), (H, H) | row j belongs to unit j: what it reads |
# | $b_x,\ b_h$ | (H,) | biases |
#
# $$h_t = f(a_x + a_h), \qquad a_x = W_x x_t + b_x, \qquad a_h = W_h h_{t-1} + b_h$$
#
# In code a sequence is a row, so the products are `x @ W_x.T` and `h @ W_h.T`.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 0: y = W h, and the gradient d_y comes back. What is the gradient of h?</summary>
#
# Wᵀ d_y: each entry of h acts on all entries of y, and what comes back from them adds up.
# </details>
#
# <details><summary>Chapter 1: a model gives each of four symbols the same probability, at every step. What is its perplexity?</summary>
#
# 4: it is as unsure as somebody who must choose among four equally likely symbols.
# </details>

# %% parameters
cache = (
    {
        "it": "h",
        "text": "h",
        "doc": "h_t",
        "odd": "a_x + a_h",
        "name": "sum",
        "told": "the sum before the floor and the ceiling",
    },
    {
        "it": "a_x + a_h",
        "text": "the sum $a_x + a_h$",
        "doc": "a_x + a_h",
        "odd": "h",
        "name": "h",
        "told": "h, the sum after the floor and the ceiling",
    },
)
out = (
    {
        "who": "A readout with K outputs looks at",
        "name": "readout",
        "hint": "shown happens",
        "rows": "B",
        "by": "2 5 6 = 60",
    },
    {
        "who": "Three readouts with K outputs each look at",
        "name": "readouts",
        "hint": "shown has three products,",
        "rows": "3 * B",
        "by": "3 2 5 6 = 180",
    },
)
ended = (
    {
        "text": "repeats it",
        "it": "state[0]",
        "odd": "on * state[0]",
        "odd_name": "only y masked",
        "odd_says": "y is zero where a sequence has ended; y_t is to repeat its last state there",
        "lets": "let y repeat it",
        "keeps": "and y_t repeats it",
        "longest": "repeats the last states when all have ended",
        "still": "Its state must stand still from then on.",
        "as": "return the one that was chosen, as in your y",
        "why": "so an ended sequence repeats its last real output",
    },
    {
        "text": "is zero from then on",
        "it": "on * state[0]",
        "odd": "state[0]",
        "odd_name": "y repeated",
        "odd_says": "y repeats the last state where a sequence has ended; y_t is to be zero there",
        "lets": "let y be zero there",
        "keeps": "and y_t is zero there",
        "longest": "is zero when all have ended",
        "still": "Its y must be zero from then on.",
        "as": "return the one that was chosen",
        "why": "times the mask: zero after the end",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.display import plot_lines
from rnncore.rnn import (
    Params,
    Readout,
    Tape,
    init_params,
    readout,
    relu_cell,
    rnn_cell,
    zero_state,
)
from rnncore.rnn import unroll as book_unroll
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## A unit that says *both*
#
# A word of a's and b's comes in, letter by letter. Two ReLU units: $p_t$ is 1 when letter t is an a; $u_t$ is to be 1 when letter t is an a **and** letter t-1 was one, too.
#
# $$p_t = \max(0, x_t) \qquad u_t = \max(0,\; x_t + p_{t-1} - 1)$$
#
# where $x_t$ is 1 for an a and 0 for a b. By hand, for the word *a b a a*:
#
# | t | letter | $x_t$ | $p_{t-1}$ | $x_t + p_{t-1} - 1$ | $u_t$ |
# | --- | --- | --- | --- | --- | --- |
# | 1 | a | 1 | 0 | 0 | 0 |
# | 2 | b | 0 | 1 | 0 | 0 |
# | 3 | a | 1 | 0 | 0 | 0 |
# | 4 | a | 1 | 1 | 1 | **1** |
#
# A sum of two, minus one, cut off at zero: that is *and*.

# %%
p = 0.0
for letter in "abaa":
    x_t = float(letter == "a")
    u = max(0.0, x_t + p - 1)
    p = max(0.0, x_t)
    print(letter, "p =", p, "u =", u)

# %% [markdown]
# Now *or*: 1 when at least one of two numbers is 1. It takes two units and a readout: $\max(0, s) - \max(0, s - 1)$ with $s$ the sum of the two. One line below is left out (it stands as `second = 0.0`). Write it, and run again: the last column must be 0 1 1 1.
#
# <details><summary>The missing line</summary>
#
# `second = max(0.0, s - 1)`
# </details>

# %%
for left, right in [(0, 0), (0, 1), (1, 0), (1, 1)]:
    s = left + right
    first = max(0.0, s)
    second = 0.0  # (the line left out)
    print(left, "or", right, "=", first - second)

# %% [markdown]
# ## Task 1: a step with a ceiling (3 points)
#
# *Core, about 10 minutes.*
#
# A ReLU counts without end. A unit that is to be a *switch* should stop at 1:
#
# $$h_t = \min(1, \max(0, a_x + a_h))$$
#
# Write it in the form of the chapter's cells: it takes what the input and the state contribute, and the state; it returns the new state, a tuple, and a cache. Let the cache be {{cache.text}}.
#
# <details><summary>Hint 1</summary>
#
# Look at `relu_cell` in the chapter: what differs is one function.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The squashing comes after the sum, once: not on each term alone.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `xp.clip(a, 0.0, 1.0)` holds an array between two numbers. Return `(h,), {{cache.it}}`.
# </details>


# %% solution="ceiling_cell"
def ceiling_cell(a_x, a_h, state):
    """h_t = min(1, max(0, a_x + a_h)); the cache is {{cache.doc}}.

    Shapes: a_x (B, H); a_h (B, H); state ((B, H),)
        -> state ((B, H),); cache (B, H)
    """
    xp = array_namespace(a_x)
    ### BEGIN SOLUTION
    h = xp.clip(a_x + a_h, 0.0, 1.0)
    return (h,), {{cache.it}}
    ### END SOLUTION


# %% [markdown]
# Try it: sums of -1, 0.5 and 3.

# %%
a_x, a_h = (
    move(np.array([[1.0, 0.2, 1.0]])),
    move(np.array([[-2.0, 0.3, 2.0]])),
)
print(ceiling_cell(a_x, a_h, (0 * a_x,)))

# %% test="ceiling_cell" points=3 explained="ch02_cell: One line of mathematics"
import numpy as np

from rnncore.rnn import init_params, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1)

move = mover(device)


def sums(rng, B, H):
    a_x, a_h, h = rng.normal(size=(3, B, H))
    return {"a_x": a_x, "a_h": a_h, "state": (np.abs(h),)}


visible = move(sums(np.random.default_rng(1), 4, 3))
check(
    ceiling_cell,
    stored("ceiling_cell"),
    [visible],
    outputs="state, cache",
    by=properties,
)
by_hand = move(np.array([[-1.0, 0.5, 3.0]]))
(h,), _ = ceiling_cell(by_hand, 0 * by_hand, (by_hand,))
assert_close("h for sums of -1, 0.5 and 3", h, np.array([[0, 0.5, 1]]))


def loop(params, x, h_0):
    return unroll(ceiling_cell, params, x, (h_0,))[0]


rng = np.random.default_rng(2)
run = {
    "params": init_params(rng, 2, 3),
    "x": rng.normal(size=(5, 4, 2)),
    "h_0": rng.uniform(size=(4, 3)),
}
check_causal(loop, move(run), "x")
check_independent(loop, move(run), {"x": 1, "h_0": 0})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(sums, [(1, 1), (5, 2), (3, 8)], device)
check(
    ceiling_cell,
    reference_ceiling_cell,
    hidden,
    outputs="state, cache",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="ceiling_cell"
r"""
no ceiling: this is a plain ReLU: the ceiling at 1 is missing
~ 0.0, 1.0 => 0.0, None
no floor: the floor at 0 is missing: negative sums come through
~ 0.0, 1.0 => None, 1.0
the range of tanh: the floor is at -1; it belongs at 0
~ 0.0, 1.0 => -1.0, 1.0
each term squashed alone: each term was squashed by itself; add first, then squash once, for apart a negative term cannot cancel a positive one, and the two can add up to 2
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(a_x, 0.0, 1.0) + xp.clip(a_h, 0.0, 1.0)
each term squashed, and the sum: each term was squashed before they were added, and the sum once more; add first, then squash once, for apart a negative term cannot cancel a positive one
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(xp.clip(a_x, 0.0, 1.0) + xp.clip(a_h, 0.0, 1.0), 0.0, 1.0)
squashed by tanh as well: tanh bends what lies between 0 and 1; the step with a ceiling is a straight line there
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.tanh(xp.clip(a_x + a_h, 0.0, None))
state added again: the state was added once more: it is in a_h already, through W_h
~ clip(a_x + a_h => clip(a_x + a_h + state[0]
state ignored: a_h was not used: without it the network has no memory
~ clip(a_x + a_h => clip(a_x
argument changed in place: `a_x += a_h` changes the caller's array: all steps' a_x are slices of one array that the loop made
-     h = xp.clip(a_x + a_h, 0.0, 1.0)
+     a_x += a_h
+     h = xp.clip(a_x, 0.0, 1.0)
min and max exchanged: your h is 1 everywhere: the smaller of 0 and the sum comes nowhere above 1; the floor is a maximum with 0, the ceiling a minimum with 1
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.maximum(xp.ones_like(a_x), xp.minimum(xp.zeros_like(a_x), a_x + a_h))
on or off: your h is only 0 or 1; between 0 and 1 it is the sum itself
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.where(a_x + a_h > 0, xp.ones_like(a_x), xp.zeros_like(a_x))
on from a half: your h is only 0 or 1, with a threshold of 0.5; between 0 and 1 it is the sum itself
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.where(a_x + a_h > 0.5, xp.ones_like(a_x), xp.zeros_like(a_x))
sigmoid: your h is a sigmoid of the sum; this step is the sum itself between 0 and 1
~ xp.clip(a_x + a_h, 0.0, 1.0) => 1 / (1 + xp.exp(-a_x - a_h))
hard sigmoid: your h is clipped from 0.2 a + 0.5, the hard sigmoid of Keras; here the sum itself is clipped
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(0.2 * (a_x + a_h) + 0.5, 0.0, 1.0)
{{cache.name}} in the cache: your cache is {{cache.told}}; it is to be {{cache.it}}
~ return (h,), {{cache.it}} => return (h,), {{cache.odd}}
old state in the cache: your cache is the old state; it is to be the new h
~ return (h,), {{cache.it}} => return (h,), state[0]
a product of the two: you multiplied a_x by a_h; they are added
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(a_x * a_h, 0.0, 1.0)
state as a weight: you multiplied a_h by the state; the loop has put it through W_h already
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(a_x + a_h * state[0], 0.0, 1.0)
folded up: your negative sums came through with their sign turned; below 0 the state is 0
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(xp.abs(a_x + a_h), 0.0, 1.0)
back to zero: above the ceiling your h falls back to 0; it stays at 1
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.where(a_x + a_h < 1, xp.clip(a_x + a_h, 0.0, None), xp.zeros_like(a_x))
mean with the old state: your h is the mean of the new state and the old one; the old one counts through a_h alone
~ xp.clip(a_x + a_h, 0.0, 1.0) => (xp.clip(a_x + a_h, 0.0, 1.0) + state[0]) / 2
divided by the largest: your h was divided by the largest sum; the ceiling cuts off, and what lies below it stays as it is
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(a_x + a_h, 0.0, None) / xp.max(a_x + a_h)
taken off: a_h was taken off a_x; the two are added
~ clip(a_x + a_h => clip(a_x - a_h
input squashed alone: a_x was squashed before a_h was added; add first, then squash once
~ xp.clip(a_x + a_h, 0.0, 1.0) => xp.clip(a_x, 0.0, 1.0) + a_h
old state returned: the state came back as it was: the new one is h, in a tuple
~ return (h,), {{cache.it}} => return state, h
"""

# %% [markdown]
# ## Task 2: a language, by hand (5 points)
#
# *Core, about 30 minutes.*
#
# Take all words of a's and b's in which **no two a's stand together**: *b*, *abba*, *babab*; not *aab*, not *baa*. Choose the weights of a ReLU cell (the chapter's `relu_cell`) and of a readout, so that after any number of letters
# the output is positive when the word so far is in the language, and zero or negative when it is not.
#
# A letter is two numbers, (1, 0) for a and (0, 1) for b. The state starts at zero. Use as many units as you like; three are enough. No training: think.
#
# <details><summary>Hint 1</summary>
#
# What must be remembered of the past? Two things: whether the last letter was an a, and whether two a's have ever met. The worked example has the first, and half of the second.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Units: p (this letter is an a), u (it is, and so was the last one), s (a u has happened before now). A unit that keeps what it has reads itself with weight 1.
# </details>
#
# <details><summary>Hint 3</summary>
#
# s reads itself and u, both with weight 1: $s_t = \max(0, s_{t-1} + u_{t-1})$, so it is one step late. The readout is 0.5 - u - s.
# </details>


# %% solution="language"
def language():
    """The weights (Params, Readout) of a cell that knows the language.

    Shapes: -> W_x (H, 2); W_h (H, H); b (H,); W_y (1, H); b_y (1,)
    """
    ### BEGIN SOLUTION
    W_x = np.array([[1.0, 0], [1, 0], [0, 0]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    b = np.array([0.0, -1, 0])
    W_y, b_y = np.array([[0.0, -1, -1]]), np.array([0.5])
    ### END SOLUTION
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)


# %% [markdown]
# Try it: the output after each letter.


# %%
def outputs(word, cell, params, weights):
    """The output after each letter of a word."""
    x = np.array([[[c == "a", c == "b"]] for c in word], dtype=float)
    params, weights = move((params, weights))
    y, _, _ = book_unroll(cell, params, move(x), zero_state(params, 1))
    return to_numpy(readout(weights, y))[:, 0, 0]


for word in ("abba", "abaab"):
    print(list(word), outputs(word, relu_cell, *language()))

# %% test="language" points=5 whole="one language, judged by its words" explained="ch02_cell: A cell that latches"
import itertools

import numpy as np

from rnncore.backend import to_numpy
from rnncore.rnn import readout, relu_cell, unroll, zero_state
from rnncore.testing import assert_shape, check, mover, stored


def language_accepts(word):
    """Whether the output of the learner's cell is positive at the end."""
    move = mover(device)
    params, weights = move(language())
    H = params.W_h.shape[0]
    for name, array, *shape in [
        ("W_x", params.W_x, H, 2),
        ("W_h", params.W_h, H, H),
        ("b", params.b_x, H),
        ("W_y", weights.W_y, 1, H),
        ("b_y", weights.b_y, 1),
    ]:
        assert_shape(name, array, tuple(shape))
    letters = [[[c == "a", c == "b"]] for c in word]
    x = move(np.array(letters, dtype=float))
    y, _, _ = unroll(relu_cell, params, x, zero_state(params, 1))
    last = to_numpy(readout(weights, y[-1:, ...]))
    return bool(last[0, 0, 0] > 0)


words = [
    {"word": "".join(letters)}
    for length in range(1, 6)
    for letters in itertools.product("ba", repeat=length)
]
words += [{"word": "ba" * 20}, {"word": "aa" + "bab" * 13}]  # long ones
words += [{"word": "aa" + "b" * 5000}]  # a memory that fades slowly
check(language_accepts, stored("language"), words, outputs="accepted")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
every = [{"word": "".join(w)} for w in itertools.product("ab", repeat=7)]
# long words: some break the rule once, early, late or never
for length in (50, 200):
    for place in (None, 3, length // 2, length - 2):
        gaps = rng.integers(1, 4, size=length)
        word = "".join("a" + "b" * gap for gap in gaps)[:length]
        if place is not None:
            word = word[:place] + "aa" + word[place + 2 :]
        every.append({"word": word})
every.append({"word": "aa" + "b" * 5000})  # a memory that fades slowly
check(
    language_accepts,
    lambda word: "aa" not in word,
    every,
    outputs="accepted",
)
### END HIDDEN TESTS
print("Task 2 holds.")

# %% mistakes="language"
r"""
no latch: two a's that met are forgotten two letters later: once out of the language, a word stays out, so some unit must keep what it has
~ [0, 1, 1]] => [0, 1, 0]]
memory that fades: long after two a's have met the word is accepted again: the unit that keeps what it has reads itself with weight 1, or its memory fades
~ [0, 1, 1]] => [0, 1, 0.9]]
or instead of and: a single a is enough to be refused: only two that stand together may push the output to zero or below (*and* is the sum of both, minus one)
~ b = np.array([0.0, -1, 0]) => b = np.array([0.0, 0, 0])
any two a's: words with two a's are refused even when a b stands between them: the unit for the last letter must not keep older ones
~ W_h = np.array([[0.0, 0, 0] => W_h = np.array([[1.0, 0, 0]
a step late: the verdict comes a step late: the second a is noticed only when another letter follows
~ [[0.0, -1, -1]] => [[0.0, 0, -1]]
this step only: your verdict hangs on the last two letters alone: some unit must keep that two a's have met before, and the output must read it
~ [[0.0, -1, -1]] => [[0.0, -1, 0]]
letters swapped: this is the language without two b's in a row: the first input is 1 for an a
~ [[1.0, 0], [1, 0], [0, 0]] => [[0.0, 1], [0, 1], [0, 0]]
accepts nothing: every word is refused: when no unit is on, the output is the readout's bias alone, which must be above zero
~ np.array([0.5]) => np.array([-0.5])
the wrong way round: the words of the language are refused, and the others accepted: two a's push your output up, and must push it down
~ np.array([[0.0, -1, -1]]), np.array([0.5]) => np.array([[0.0, 1, 1]]), np.array([-0.5])
accepts everything: every word is accepted: some unit must notice two a's (row j of W_h is what unit j reads), and push the output to zero or below
~ np.array([[0.0, -1, -1]]) => np.array([[0.0, 1, 1]])
one a, a letter late: a word is refused as soon as a letter follows an a: the unit that keeps what it has must read the unit for two a's, not the one for a single a
~ [0, 1, 1]] => [1, 0, 1]]
too weak: words are accepted in which two a's have met only once: a unit at 1 must be enough to push the output to zero or below, whatever the readout's bias is
~ [[0.0, -1, -1]] => [[0.0, -0.25, -0.25]]
latch with a plus: the unit that keeps what it has pushes your output up; both units that notice two a's must push it down
~ [[0.0, -1, -1]] => [[0.0, -1, 1]]
latch wiped: each b takes away some of what your unit has kept, so that some words come back; once out of the language, a word stays out
~ [[1.0, 0], [1, 0], [0, 0]] => [[1.0, 0], [1, 0], [0, -1]]
refused while an a stands last: a word that ends in a single a is refused: the unit for the last letter is there for the other units, and the output reads only those that notice two a's
~ [[0.0, -1, -1]] => [[-1.0, -1, -1]]
memory that fades slowly: thousands of letters after two a's have met the word is accepted again: a unit that reads itself with a weight just below 1 forgets too, only later; let it be 1
~ [0, 1, 1]] => [0, 1, 0.99]]
"""

# %% [markdown]
# ## Task 3: sequences of different lengths (5 points)
#
# *Core, about 25 minutes.*
#
# Short sequences of a batch are filled up with any finite numbers, and a **mask** (T, B) tells: 1 where a step is real, 0 where it is filling (numbers, not True and False). A sequence that has ended keeps its state, so that the last state of *every* sequence is the one
# after its own last real step, and $y_t$ {{ended.text}}. The batch may go on after its longest sequence has ended: y has as many steps as x.
#
# Write the loop for any cell, with a state of any number of arrays. `cell(a_x, a_h, state)` returns the new state and a cache that you do not need.
#
# <details><summary>Hint 1</summary>
#
# Run the step for everybody, then decide for each sequence whether the new state or the old one counts.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `on = mask[t, :, None] > 0` is (B, 1) and fits (B, H). `xp.where(on, new, old)` takes one or the other.
# </details>
#
# <details><summary>Hint 3</summary>
#
# For a state of several arrays: `tuple(xp.where(on, n, s) for n, s in zip(new, state))`. Append `{{ended.it}}` after that, not before.
# </details>


# %% solution="ragged_unroll"
def ragged_unroll(cell, params, x, mask, state):
    """Run a cell; where the mask is 0 a sequence keeps its state.

    Shapes: x (T, B, D); mask (T, B); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...)
    """
    xp = array_namespace(x)
    y = []
    ### BEGIN SOLUTION
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(
            xp.where(on, n, s) for n, s in zip(new, state, strict=True)
        )
        y.append({{ended.it}})
    ### END SOLUTION
    return xp.stack(y), state


# %% [markdown]
# Try it: the first sequence has three steps, the second one. {{ended.still}}

# %%
rng = np.random.default_rng(0)
params = move(init_params(rng, 2, 2))
x, mask = (
    move(rng.normal(size=(3, 2, 2))),
    move(np.array([[1.0, 1], [1, 0], [1, 0]])),
)
y, _ = ragged_unroll(rnn_cell, params, x, mask, zero_state(params, 2))
print(to_numpy(y)[:, 1].round(3))

# %% test="ragged_unroll" points=5 explained="ch02_loop: What must wait, and what need not"
import numpy as np

from rnncore.gru import gru_cell
from rnncore.lstm import lstm_cell
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)


def ragged(rng, T, B, D, H, cell=rnn_cell, G=1, parts=1, nobody=0):
    """Arguments: every length once, the filling far from zero.

    At the last `nobody` steps no sequence runs.
    """
    longest = T - nobody
    lengths = rng.permutation(longest - np.arange(B) % longest)
    mask = (np.arange(T)[:, None] < lengths).astype(float)
    return {
        "cell": cell,
        "params": init_params(rng, D, H, G),
        "x": rng.normal(size=(T, B, D)) + 3 * (1 - mask[..., None]),
        "mask": mask,
        "state": tuple(rng.normal(size=(parts, B, H))),
    }


rng = np.random.default_rng(3)
plain = move(ragged(rng, 6, 3, 5, 2, nobody=2))
# the cell of chapter 6 has a state of two arrays; both are kept
paired = move(ragged(rng, 4, 3, 5, 2, lstm_cell, 4, 2))
# that of chapter 7 treats what input and state contribute unlike
gated = move(ragged(rng, 4, 3, 5, 2, gru_cell, 3))


def state_first(*args):
    y, *rest = ragged_unroll(*args)
    return *rest, y


check(
    state_first,
    stored("ragged_unroll"),
    [plain, paired, gated],
    outputs="state, y",
    by=properties,
)
ones = {**plain, "mask": 0 * plain["mask"] + 1}
y, _ = ragged_unroll(*ones.values())
book, _, _ = unroll(rnn_cell, plain["params"], plain["x"], plain["state"])
assert_close("y with a mask of ones", y, book)
check_causal(ragged_unroll, plain, "x")
check_independent(ragged_unroll, plain, {"x": 1, "mask": 1, "state": 0})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    ragged,
    [
        (T, B, D, H, cell, G, parts, nobody)
        for T, B, D, H, nobody in [
            (1, 1, 1, 1, 0),
            (6, 4, 3, 2, 0),
            (5, 2, 3, 2, 1),
            (2, 5, 1, 4, 0),
        ]
        for cell, G, parts in [
            (rnn_cell, 1, 1),
            (lstm_cell, 4, 2),
            (gru_cell, 3, 1),
        ]
    ],
    device,
)
check(
    ragged_unroll,
    reference_ragged_unroll,
    hidden,
    outputs="y, state",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="ragged_unroll"
r"""
contributions added up: input and state were added before the cell, and the cell got one sum and zeros: a plain cell and an LSTM do not mind, but a cell may treat the two unlike, as that of chapter 7 does
~ cell(a[t, ...], a_h, state) => cell(a[t, ...] + a_h, 0 * a_h, state)
output masked instead of state: y was multiplied by the mask and the state went on changing; it is the state that is kept, {{ended.keeps}}
-         on = mask[t, :, None] > 0
-         state = tuple(
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
-         y.append({{ended.it}})
+         state = new
+         y.append(state[0] * mask[t, :, None])
mask ignored: the mask changes nothing: short sequences went on reading their filling, and y[-1] is not their last state
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
-         y.append({{ended.it}})
+             n + 0 * s for n, s in zip(new, state, strict=True)
+         )
+         y.append(new[0])
reset instead of kept: a sequence that has ended was set to zero instead of keeping its state
~ xp.where(on, n, s) for => xp.where(on, n, 0 * s) for
mask inverted: the mask is read the wrong way round: 1 is a real step
~ xp.where(on, n, s) for => xp.where(on, s, n) for
a step late: the mask of the step before was used, so each sequence reads one step of filling
~ mask[t, :, None] > 0 => mask[max(t - 1, 0), :, None] > 0
y from the new state: the states are right, but y shows what the cell made of the filling: append after choosing between new and old
~ y.append({{ended.it}}) => y.append(new[0])
{{ended.odd_name}}: {{ended.odd_says}}
~ y.append({{ended.it}}) => y.append({{ended.odd}})
only x masked: the filling was set to zero, but a step with zeros is still a step: the state goes on changing through W_h and the biases
-     a = x @ params.W_x.T + params.b_x
+     a = (x * mask[..., None]) @ params.W_x.T + params.b_x
+     mask = 0 * mask + 1
memory not kept: only the first array of the state was kept; the second (c) went on changing
-         state = tuple(
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
+         state = (xp.where(on, new[0], state[0]), *new[1:])
state always zero at the start: the state that was handed in was not used: the run began at zero
-     a = x @ params.W_x.T + params.b_x
+     a = x @ params.W_x.T + params.b_x
+     state = tuple(0 * s for s in state)
W_h not transposed: a state is a row, (B, H), so the product is h @ W_h.T
~ params.W_h.T => params.W_h
bias forgotten: b_h was not added
-  + params.b_h
input bias forgotten: your states do not use b_x
~ x @ params.W_x.T + params.b_x => x @ params.W_x.T
one state read by all: each step of yours reads the state of the start through W_h; it reads that of the step before
-     for t in range(x.shape[0]):
-         a_h = state[0] @ params.W_h.T + params.b_h
+     a_h = state[0] @ params.W_h.T + params.b_h
+     for t in range(x.shape[0]):
the state runs on: your y stands still where a sequence has ended, but the state went on changing; keep the state, and {{ended.lets}}
-         state = tuple(
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
-         y.append({{ended.it}})
+         y.append(xp.where(on, new[0], state[0]))
+         state = new
y before the step: your y holds the state that a step read; y_t is the one after step t
-         a_h = state[0] @ params.W_h.T + params.b_h
-         new, _ = cell(a[t, ...], a_h, state)
-         on = mask[t, :, None] > 0
-         state = tuple(
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
-         y.append({{ended.it}})
+         y.append(state[0])
+         a_h = state[0] @ params.W_h.T + params.b_h
+         new, _ = cell(a[t, ...], a_h, state)
+         on = mask[t, :, None] > 0
+         state = tuple(
+             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
+         )
what the last step made: the state that you return is what the cell made at the last step, filling or not; {{ended.as}}
- y.append({{ended.it}})
+ y.append({{ended.it}})
+     state = new
written into the state: your loop writes into the arrays of the state that it was handed; make new arrays, or the caller's state is lost and all y_t are one array
-         state = tuple(
-             xp.where(on, n, s) for n, s in zip(new, state, strict=True)
-         )
+         for n, s in zip(new, state, strict=True):
+             s[...] = xp.where(on, n, s)
mask of another step: your step t used the mask of step t-1, and the first step that of the last; it is mask[t]
~ mask[t, :, None] > 0 => mask[t - 1, :, None] > 0
parts exchanged: where a sequence has ended, your h was kept from the old c and your c from the old h; each part keeps its own
~ zip(new, state, strict=True) => zip(new, state[::-1], strict=True)
stopped with the shortest: your loop stops as soon as one sequence has ended; the others go on, and y has T steps
-         a_h = state[0] @ params.W_h.T + params.b_h
+         if not bool(xp.all(mask[t] > 0)):
+             break
+         a_h = state[0] @ params.W_h.T + params.b_h
mask of the last step: all your steps used the mask of the last one; step t has mask[t]
~ mask[t, :, None] > 0 => mask[-1, :, None] > 0
all stop with the first: your state stands still for the whole batch as soon as one sequence has ended; each has a mask of its own
~ mask[t, :, None] > 0 => xp.min(mask[t, :]) > 0
input bias twice: b_x was added twice
~ params.W_h.T + params.b_h => params.W_h.T + params.b_h + params.b_x
stopped when nobody ran: your loop ends with the longest sequence: y has as many steps as x, and {{ended.longest}}
~ in range(x.shape[0]): => in range(int(mask.sum(0).max())):
both biases early: b_h was added to a_x; it belongs to a_h, as a cell of chapter 7 multiplies a_h by a gate
-     a = x @ params.W_x.T + params.b_x
-     for t in range(x.shape[0]):
-         a_h = state[0] @ params.W_h.T + params.b_h
+     a = x @ params.W_x.T + params.b_x + params.b_h
+     for t in range(x.shape[0]):
+         a_h = state[0] @ params.W_h.T
"""

# %% [markdown]
# ## Task 4: what does it cost? (4 points)
#
# *Extra, about 15 minutes.*
#
# Stack L plain layers: the output y of one is the input x of the next, all have H units, the first reads D numbers. {{out.who}} the **last** step of the top layer only.
# Count the **multiply-adds** of one forward run, those of matrix products (a product of (m, n) with (n, k) takes m n k); biases and tanh do not count. Sort them into three numbers:
#
# 1. `early`: all products with a $W_x$. A layer can do its own in one go, before its loop.
# 2. `waiting`: all products with a $W_h$. Each has to wait for the step before.
# 3. `shown`: the {{out.name}}.
#
# <details><summary>Hint 1</summary>
#
# One product x_t W_x.T at one step of one sequence: how many multiply-adds? Then how many such steps and sequences are there?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Only the first layer reads D numbers. The other L - 1 read H.
# </details>
#
# <details><summary>Hint 3</summary>
#
# early = T B H (D + (L - 1) H); waiting has an H squared for every layer; {{out.hint}} once for each sequence, not at every step.
# </details>


# %% solution="multiply_adds"
def multiply_adds(T, B, D, H, L, K):
    """Three integers: early, waiting, shown."""
    ### BEGIN SOLUTION
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * H * H * L
    shown = {{out.rows}} * H * K
    ### END SOLUTION
    return early, waiting, shown


# %% [markdown]
# Try it. Twice as many units: what happens to each of the three? And twice as many steps?

# %%
print(multiply_adds(T=100, B=32, D=64, H=128, L=2, K=10))
print(multiply_adds(T=100, B=32, D=64, H=256, L=2, K=10))

# %% test="multiply_adds" points=4 whole="it counts: right, or not" explained="ch02_loop: What must wait, and what need not"
from rnncore.testing import check, stored

sizes = [
    (3, 2, 4, 5, 1, 6),  # by hand: 3 2 5 4 = 120, 3 2 5 5 = 150, {{out.by}}
    (7, 2, 9, 4, 3, 5),  # D is not next to H: one for the other is no slip
]
check(
    multiply_adds,
    stored("multiply_adds"),
    [dict(zip("TBDHLK", s, strict=True)) for s in sizes],
    outputs="early, waiting, shown",
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    dict(zip("TBDHLK", map(int, row), strict=True))
    for row in [*rng.integers(1, 40, size=(5, 6)), [1] * 6]
]
check(
    multiply_adds,
    reference_multiply_adds,
    hidden,
    outputs="early, waiting, shown",
)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="multiply_adds"
r"""
every layer reads D: only the first layer reads D numbers; the others read the H units below them
~ (D + (L - 1) * H) => (D * L)
one layer only, early: the products with W_x of the upper layers are missing from `early`
~ (D + (L - 1) * H) => D
one layer only, waiting: every layer has a W_h of its own: `waiting` grows with L
~ H * H * L => H * H
shared weights counted once: the steps share the weights, not the work: W_h is used again at every step
~ waiting = T * B => waiting = B
first step left out: your `waiting` has one step too few: the first step multiplies W_h by h_0, which need not be zero
~ waiting = T * B => waiting = (T - 1) * B
sequences forgotten: each of the B sequences needs its own product with W_x
~ early = T * B => early = T
read out at every step: the readout looks at the last step only, so it does not grow with T
~ shown = {{out.rows}} => shown = T * B
biases counted: biases were counted; only matrix products count
~ T * B * H * H * L => T * B * H * (H + 1) * L
one layer too many: in your `early` L layers read H; the first reads D, so there are L - 1
~ (D + (L - 1) * H) => (D + L * H)
one go, one step: your `early` lacks the T steps; one large product still does the work of all of them
~ early = T * B * H => early = B * H
bracket: in your `early` only the first layer is multiplied by T, B and H; the others need all three too
~ early = T * B * H * (D + (L - 1) * H) => early = T * B * H * D + (L - 1) * H
bracket, H twice: in your `early` only the first layer is multiplied by T and B; the others need both too
~ early = T * B * H * (D + (L - 1) * H) => early = T * B * H * D + (L - 1) * H * H
upper layers wait: in your `waiting` one layer is missing: the first has a W_h as well
~ waiting = T * B * H * H * L => waiting = T * B * H * H * (L - 1)
batch forgotten: your `waiting` lacks the B sequences: each needs its own product with W_h
~ waiting = T * B * H * H * L => waiting = T * H * H * L
one sequence counted: all three are those of one sequence: each of the B sequences needs its own products
- early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
-     shown = {{out.rows}} * H * K
+ early = T * H * (D + (L - 1) * H)
+     waiting = T * H * H * L
+     shown = {{out.rows}} // B * H * K
D for H: your `waiting` has a D; W_h is (H, H), in the first layer too
~ waiting = T * B * H * H * L => waiting = T * B * H * D * L
H once: your `waiting` has H once; W_h is (H, H)
~ waiting = T * B * H * H * L => waiting = T * B * H * L
one sequence shown: your `shown` lacks the B sequences
~ shown = {{out.rows}} * H * K => shown = H * K
each layer shown: your `shown` grows with L; the readout looks at the top layer only
~ shown = {{out.rows}} * H * K => shown = B * H * K * L
operations: your `early` is twice too large; a product and its addition count as one
~ early = T * B * H => early = 2 * T * B * H
gates of an LSTM: your `early` is four times too large; a plain layer has one block, not four
~ early = T * B * H => early = 4 * T * B * H
weights for work: your `early` is the number of weights; each is used at T steps of B sequences
~ early = T * B * H => early = H
D squared: your `early` has D rows for W_x; it is (H, D), a row for each unit
~ early = T * B * H => early = T * B * D
D in W_h: in your `waiting` W_h of the first layer has D columns; it reads the state, (H, H)
~ waiting = T * B * H * H * L => waiting = T * B * H * (D + (L - 1) * H)
exchanged: your `early` is what waits, and your `waiting` what can be done early
- shown = {{out.rows}} * H * K
+ shown = {{out.rows}} * H * K
+     early, waiting = waiting, early
W_h in early: your `early` holds the products with W_h too; these belong to `waiting` alone
~ early = T * B * H * (D + (L - 1) * H) => early = T * B * H * (D + (L - 1) * H) + T * B * H * H * L
all doubled: your three numbers are twice too large; a product and its addition count as one
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
-     shown = {{out.rows}} * H * K
+     early = 2 * T * B * H * (D + (L - 1) * H)
+     waiting = 2 * T * B * H * H * L
+     shown = 2 * B * H * K
four gates: your `early` and `waiting` are four times too large; a plain layer has one block, not four
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
+     early = 4 * T * B * H * (D + (L - 1) * H)
+     waiting = 4 * T * B * H * H * L
weights counted: your three numbers count the weights; those of the layers are used at every step of every sequence, those of the readout once for each sequence
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
-     shown = {{out.rows}} * H * K
+     early = H * (D + (L - 1) * H)
+     waiting = H * H * L
+     shown = H * K
biases everywhere: in all three numbers the biases were counted; only matrix products count
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
-     shown = {{out.rows}} * H * K
+     early = T * B * H * (D + 1 + (L - 1) * (H + 1))
+     waiting = T * B * H * (H + 1) * L
+     shown = B * (H + 1) * K
readout's width in early: your `early` holds K, the readout's outputs; the upper layers have H units
~ early = T * B * H * (D + (L - 1) * H) => early = T * B * (H * D + (L - 1) * H * K)
top layer alone waits: your `waiting` holds one W_h, and your `early` those of the other layers; the W_h of every layer waits for its own state
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
+     waiting = T * B * H * H
+     early = T * B * H * (D + (L - 1) * H) + (L - 1) * waiting
additions apart: your `shown` counts additions beside the products; a product and its addition count as one
~ shown = {{out.rows}} * H * K => shown = B * K * (2 * H - 1)
powers: your numbers have powers of H that grow with L; layers add up, so W_h is counted L times and an upper W_x L - 1 times
-     early = T * B * H * (D + (L - 1) * H)
-     waiting = T * B * H * H * L
+     early = T * B * (H * D + H**L)
+     waiting = T * B * H ** (L + 1)
two layers at least: a second layer was counted where there is one alone
~     early = T * B * H * (D + (L - 1) * H) =>     early = T * B * H * (D + max(L - 1, 1) * H)
a float for a count: a count is a whole number
~     early = T * B * H * (D + (L - 1) * H) =>     early = 1.0 * T * B * H * (D + (L - 1) * H)
"""

# %% [markdown]
# ## Task 5, closed book: `unroll` (5 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Rebuild the loop under its own name. It must serve any cell, `cell(a_x, a_h, state)` → new state, cache, whose state is a tuple with h first. And it keeps a tape for the way back: the h that each step **read**, and each step's cache. (The package's own also checks shapes; yours
# need not.)
#
# <details><summary>Hint 1</summary>
#
# One product for all steps, before the loop. In the loop: the state's contribution, the cell, and three things to write down.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `xp.unstack(a)` gives the T arrays (B, G H) of a; h is `state[0]`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `tape.h_before.append(state[0])` comes before the cell is called, `tape.caches.append(cache)` and `y.append(state[0])` after.
# </details>


# %% solution="unroll" closed_book=true
def unroll(cell, params, x, state):
    """Run a cell over a sequence.

    Shapes: x (T, B, D); state ((B, H), ...)
        -> y (T, B, H); state ((B, H), ...); tape
    """
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    ### BEGIN SOLUTION
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    ### END SOLUTION
    return xp.stack(y), state, tape


# %% [markdown]
# Try it: the book's loop, and yours.

# %%
rng = np.random.default_rng(0)
params, x = move((init_params(rng, 2, 2), rng.normal(size=(3, 2, 2))))
state = zero_state(params, 2)
mine, theirs = (
    f(rnn_cell, params, x, state)[0] for f in (unroll, book_unroll)
)
print("largest difference:", float(abs(mine - theirs).max()))

# %% test="unroll" points=5 explained="ch02_loop: What must wait, and what need not"
import numpy as np

from rnncore.gru import gru_cell
from rnncore.lstm import lstm_cell
from rnncore.rnn import init_params, rnn_cell
from rnncore.rnn import unroll as book_unroll
from rnncore.testing import (
    Properties,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, arguments=1, sizes=1)

move = mover(device)


def run(rng, T, B, D, H, cell=rnn_cell, G=1, parts=1):
    return {
        "cell": cell,
        "params": init_params(rng, D, H, G),
        "x": rng.normal(size=(T, B, D)),
        "state": tuple(rng.normal(size=(parts, B, H))),
    }


rng = np.random.default_rng(4)
plain = move(run(rng, 4, 3, 5, 2))
paired = move(run(rng, 4, 3, 5, 2, lstm_cell, 4, 2))
# the cell of chapter 7 treats what input and state contribute unlike
gated = move(run(rng, 4, 3, 5, 2, gru_cell, 3))


def state_first(*args):
    y, *rest = unroll(*args)
    state, *rest = rest
    return state, y, *rest


check(
    state_first,
    stored("unroll"),
    [plain, paired, gated],
    outputs="state, y, tape",
    by=properties,
)
check_causal(unroll, plain, "x")
check_independent(unroll, plain, {"x": 1, "state": 0})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    run,
    [
        (T, B, D, H, cell, G, parts)
        for T, B, D, H in [(1, 1, 1, 1), (6, 2, 3, 4), (3, 7, 2, 1)]
        for cell, G, parts in [
            (rnn_cell, 1, 1),
            (lstm_cell, 4, 2),
            (gru_cell, 3, 1),
        ]
    ],
    device,
)
check(unroll, book_unroll, hidden, outputs="y, state, tape", by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="unroll"
r"""
state always zero at the start: the state that was handed in was not used: the run began at zero
-     a = x @ params.W_x.T + params.b_x
+     a = x @ params.W_x.T + params.b_x
+     state = tuple(0 * s for s in state)
no recurrence: the state never reaches the next step: each output depends on its own input only
~ a_h = state[0] @ params.W_h.T + params.b_h => a_h = 0 * state[0] @ params.W_h.T + params.b_h
W_h not transposed: a state is a row, (B, H), so the product is h @ W_h.T
~ params.W_h.T => params.W_h
bias forgotten: b_h was not added
~ params.W_h.T + params.b_h => params.W_h.T
bias used twice: b_x was added twice, b_h not at all
~ params.W_h.T + params.b_h => params.W_h.T + params.b_x
each term squashed alone: each term was squashed by itself; the cell gets both at once
-         state, cache = cell(a_x, a_h, state)
+         one, other = cell(a_x, 0 * a_h, state)[0], cell(0 * a_x, a_h, state)[0]
+         state, cache = tuple(p + q for p, q in zip(one, other)), one[0]
time backwards: the sequence was read from its end
~ in xp.unstack(a): => in xp.unstack(a)[::-1]:
time and batch swapped: the steps and the sequences were mixed up: the input is time first, and a reshape is no transpose
~ in xp.unstack(a): => in xp.unstack(xp.reshape(a, (a.shape[1], a.shape[0], -1)), axis=1):
tape of the state after: the tape must hold the state that each step read, h_{t-1}; this one holds what it wrote
-         tape.h_before.append(state[0])
-         state, cache = cell(a_x, a_h, state)
+         state, cache = cell(a_x, a_h, state)
+         tape.h_before.append(state[0])
memory taken for the output: y shows the last array of the state; with two of them that is c, and the output is h, the first
~ y.append(state[0]) => y.append(state[-1])
argument changed in place: x was changed on the way; the caller, and the way back, still need it
-         y.append(state[0])
+         y.append(state[0])
+         x[len(y) - 1, ...] = 0
input bias forgotten: your states do not use b_x
~ x @ params.W_x.T + params.b_x => x @ params.W_x.T
state before the step: your y holds the state that a step read; y_t is the one after step t
-         state, cache = cell(a_x, a_h, state)
-         tape.caches.append(cache)
-         y.append(state[0])
+         y.append(state[0])
+         state, cache = cell(a_x, a_h, state)
+         tape.caches.append(cache)
a_h twice: your cell got a_x + a_h for a_x, and a_h once more; it adds the two by itself
~ cell(a_x, a_h, state) => cell(a_x + a_h, a_h, state)
both in the first place: your cell got a_x + a_h for a_x, and zeros for a_h; a cell of chapter 7 treats the two unlike
~ cell(a_x, a_h, state) => cell(a_x + a_h, 0 * a_h, state)
turned tape: your tape stands from the last step to the first; it is kept in the order of time
-         tape.h_before.append(state[0])
-         state, cache = cell(a_x, a_h, state)
-         tape.caches.append(cache)
+         tape.h_before.insert(0, state[0])
+         state, cache = cell(a_x, a_h, state)
+         tape.caches.insert(0, cache)
arguments exchanged: your cell got a_h for a_x and a_x for a_h; a cell of chapter 7 treats the two unlike
~ cell(a_x, a_h, state) => cell(a_h, a_x, state)
both biases early: you added b_h to a_x; it belongs to a_h, as a cell of chapter 7 multiplies a_h by a gate
-     a = x @ params.W_x.T + params.b_x
-     for a_x in xp.unstack(a):
-         a_h = state[0] @ params.W_h.T + params.b_h
+     a = x @ params.W_x.T + params.b_x + params.b_h
+     for a_x in xp.unstack(a):
+         a_h = state[0] @ params.W_h.T
one state read by all: each step of yours reads the state of the start through W_h; it reads that of the step before
-     for a_x in xp.unstack(a):
-         a_h = state[0] @ params.W_h.T + params.b_h
+     a_h = state[0] @ params.W_h.T + params.b_h
+     for a_x in xp.unstack(a):
state never replaced: what the cell returns never became the state: every step of yours reads the state of the start, and that is returned
-         state, cache = cell(a_x, a_h, state)
-         tape.caches.append(cache)
-         y.append(state[0])
+         new, cache = cell(a_x, a_h, state)
+         tape.caches.append(cache)
+         y.append(new[0])
last state on the tape: the `state` of your tape is the last one; it is the one that the run began with
-         y.append(state[0])
+         y.append(state[0])
+     tape = tape._replace(state=state)
first step left out: your loop begins at the second step: x has T steps, and y too
~ in xp.unstack(a): => in xp.unstack(a)[1:]:
every second step: your loop takes every second step; each of the T steps is one
~ in xp.unstack(a): => in xp.unstack(a)[::2]:
last step left out: your loop leaves the last step out: x has T steps, and y too
~ in xp.unstack(a): => in xp.unstack(a)[:-1]:
tape a step late: your tape's h_before has at step t the state that step t-1 read; it is the one that step t read
~ tape.h_before.append(state[0]) => tape.h_before.append(y[-2] if len(y) > 1 else tape.state[0])
first input for all: your cell got the first step's a_x at every step
~ cell(a_x, a_h, state) => cell(a[0, ...], a_h, state)
W_h twice: your a_h went through W_h twice
~ params.W_h.T + params.b_h => params.W_h.T @ params.W_h.T + params.b_h
running sum: your y is a running sum of the states; y_t is h_t itself
~ y.append(state[0]) => y.append(state[0] + (y[-1] if y else 0))
bias at the first step alone: your steps but the first lack b_h
~ params.W_h.T + params.b_h => params.W_h.T + (0 if y else params.b_h)
caches turned: the caches of your tape stand from the last step to the first; they are kept in the order of time
~ tape.caches.append(cache) => tape.caches.insert(0, cache)
sums for caches: your tape's caches hold a_x; they hold what the cell returned beside its state
~ tape.caches.append(cache) => tape.caches.append(a_x)
input bias added again: your cell got b_x once more: it is in a_x already, from the product for all steps
~ cell(a_x, a_h, state) => cell(a_x + params.b_x, a_h, state)
whole state noted: the tape notes h, the state's first part, before each step; yours notes the tuple
~         tape.h_before.append(state[0]) =>         tape.h_before.append(state)
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Extra, about 15 minutes.*
#
# Seven relatives of the chapter's `unroll`, each one small edit away, each running without an error. They are **boxes**: you see what goes in and what comes out. (You could open them; then the puzzle is over.)
#
# Write `probes()`: a list of `(params, x, state)` for the plain cell, float64 NumPy arrays of sizes of your choice, on which the boxes give themselves away in y or in the last state. Each box that some probe tells apart earns a part of three points; the fourth is for telling all of them apart with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# What must a probe have for a mistake to stay unseen? Zeros hide much; so does symmetry; so does having only one of a thing.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Weights from `init_params` are unsymmetric, with biases. A state other than zero, two sequences or more, inputs of both signs.
# </details>
#
# <details><summary>Hint 3</summary>
#
# One of the boxes behaves for seven steps.
# </details>


# %% solution="probes"
def probes():
    """A list of (params, x, state).

    Shapes: x (T, B, D); state ((B, H),)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x, state = rng.normal(size=(12, 2, 2)), (rng.normal(size=(2, 3)),)
    return [(init_params(rng, 2, 3), x, state)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("probes")
w = np.eye(2)
hasty = (
    Params(w, w, np.ones(2), np.zeros(2)),
    np.ones((3, 1, 2)),
    (np.zeros((1, 2)),),
)
right, _, _ = book_unroll(rnn_cell, *hasty)
for name, box in boxes.items():
    wrong, _, _ = box(rnn_cell, *hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="probes" points=4 explained="ch02_loop: What must wait, and what need not"
from rnncore.rnn import rnn_cell
from rnncore.rnn import unroll as book_unroll
from rnncore.testing import black_boxes, hunt


def seen(function):
    return lambda *probe: function(rnn_cell, *probe)[:2]  # y, last state


hunt(
    seen(book_unroll),
    {name: seen(box) for name, box in black_boxes("probes").items()},
    probes(),
    few=2,
    points=4,
)

# %% mutants="probes" of="rnncore.rnn.unroll"
r"""
W_h not transposed: unseen with a symmetric W_h
~ h @ params.W_h.T => h @ params.W_h
b_h forgotten: unseen when b_h is zero
~ a_h += params.b_h => a_h += 0 * params.b_h
state always zero at the start: unseen when the state is zero
-     tape = Tape(x, state, [], [])
+     tape = Tape(x, state, [], [])
+     state = tuple(xp.zeros_like(s) for s in state)
sequences mixed: unseen with one sequence
~ h = state[0] => h = xp.mean(state[0], axis=0, keepdims=True) + 0 * state[0]
sign of the input lost: unseen when all inputs are positive
~ a = x @ => a = xp.abs(x) @
forgets after seven steps: unseen in short sequences
~ h = state[0] => h = state[0] * (len(y) != 7)
state before the last step: unseen when only y is looked at, or nothing changes any more
~ return xp.stack(y), state, tape => return xp.stack(y), (tape.h_before[-1],), tape
"""

# %% [markdown]
# ## Experiment: noise, and why a ceiling helps
#
# *Extra, about 20 minutes, after Tasks 1 and 2.*
#
# Your language cell computes with exact ones and zeros. Let noise fall on every input (a normal number of size *noise*), and see how often it is still right about words of 50 letters, half of which are in the language. Three cells: the ReLU; your
# cell with a ceiling; and your cell with a ceiling and **sharpened** weights: all weights times a *gain* g, and each bias moved so that a sum of 0.5 stays where it is. Then sums below 0.5 are pushed towards 0 and sums above 0.5 towards 1, at
# every step.
#
# **Predict**, before you run: with noise of 0.15, which share of words does each get right, 0.5 (guessing) to 1? Nothing is graded here; your numbers are kept in the notebook.

# %%
my_prediction = {"relu": None, "ceiling": None, "ceiling, gain 3": None}


# %% experiment
from ipywidgets import FloatSlider, interact


def sharpened(params, gain):
    """All weights times gain; a sum of 0.5 stays 0.5."""
    W_x, W_h, b_x, b_h = params
    b = gain * (b_x + b_h - 0.5) + 0.5
    return Params(gain * W_x, gain * W_h, b, 0 * b)


def some_words(rng, T, B):
    """(T, B), 1 for an a: no two a's together, but once in every second."""
    is_a = np.zeros((T, B))
    for t in range(1, T):
        is_a[t] = (rng.uniform(size=B) < 0.5) * (1 - is_a[t - 1])
    for b in range(0, B, 2):
        t = rng.integers(1, T)
        is_a[t - 1 : t + 1, b] = 1
    return is_a


def share_right(cell, params, weights, noise, T=50, B=400):
    """The share of words that are judged rightly at their end."""
    rng = np.random.default_rng(0)
    is_a = some_words(rng, T, B)
    x = np.stack([is_a, 1 - is_a], axis=-1)
    x = x + noise * rng.normal(size=x.shape)
    params, weights = move((params, weights))
    y, _, _ = book_unroll(cell, params, move(x), zero_state(params, B))
    accepted = to_numpy(readout(weights, y[-1:, ...]))[0, :, 0] > 0
    truth = (is_a[1:] * is_a[:-1]).sum(0) == 0
    return float((accepted == truth).mean())


def show(gain=3.0):
    print("You predicted", my_prediction)
    params, weights = language()
    noises = np.linspace(0, 0.3, 13)
    cells = {
        "relu": (relu_cell, params),
        "ceiling": (ceiling_cell, params),
        f"ceiling, gain {gain}": (ceiling_cell, sharpened(params, gain)),
    }
    plot_lines(
        {
            name: [share_right(*cell, weights, noise) for noise in noises]
            for name, cell in cells.items()
        },
        "noise",
        "share of words judged rightly",
        "words of 50 letters",
        x=noises,
    )


gain = FloatSlider(3.0, min=1.0, max=8.0, step=0.5, description="gain")
shown = interact(show, gain=gain)

# %% [markdown]
# Move the gain. Why does the ceiling alone help so little? What does sharpening do to a state of 0.9 and to one of 0.1, step after step? And could the ReLU be sharpened in the same way? (If your own language cell counts beyond 1, the ceiling changes what
# it computes; then set its units so that 0 and 1 are enough.) And which errors can no sharpening mend, because the noise of a single step makes them? This is how every digital machine keeps a bit: not by being exact, but by mending it at each step. The next chapters ask whether such weights can be *learnt*.
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# At a noise of 0.15 the ReLU and the ceiling alone are right about half of the words, as guessing would be, and with a gain of 3 the ceiling is right about 99 of 100. The ceiling holds what is above 1, and leaves a state of 0.9 or 0.1 where it is, so that small errors add up. Sharpened, 0.9 becomes 1 and 0.1 becomes 0 at the next step: an error is mended before the next one comes. A ReLU with a gain of 3 would make 3 of a state of 1, then 9: it has nothing to stop at. No sharpening mends a single step's noise that takes a sum across 0.5: then the wrong digit is kept as carefully as the right one.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Extra, about 15 minutes.*
#
# Somebody fills short sequences up with zeros at the end, runs a plain tanh cell with biases over the batch without a mask, and hands `y[-1]` to a classifier. "The zeros add nothing," they say. In four to six sentences: what is wrong
# with that, when would it do little harm, and what are two ways to mend it?
#
# When your answer is saved, `make answer 2` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="padding" points=2 explained="ch02_loop: Sequence to one: only the last state is read"
# A zero input is still a step: h becomes tanh(W_h h + b), so the state of a short sequence goes on changing (fading, drifting towards a resting point) for as long as the filling lasts. The classifier then sees a mixture of what the
# sequence said and of how long the filling was; two equal sequences in different batches get different answers. It does little harm when lengths hardly differ or when the cell holds its state by itself (a latch at its resting point). To mend it: keep the
# state where the mask is 0 (task 3), or pick each sequence's own last step, y[length - 1, b]; filling up at the front changes the start instead of the end and needs a mask as well, strictly speaking.
#
# Rubric: 1 point for "a step without input still changes the state" (through W_h and the biases), with a consequence; 1 point for two working repairs (mask, picking each last step; sorting by length into batches of one length counts).
