# %% [markdown]
# # Assignment 14: attention
#
# *The core takes about 105 minutes, all of it about 190 minutes, 33 points. Read chapter 14 first.*
#
# You will let a decoder look at a source, and also look away; take its gradient by hand; make an attention that remembers what it has looked at, and go back through its scores; and build the decoder around it, with the map of where it looked. With the book closed you will rebuild `attend`.
# Then you hunt nine wrong attentions, and find out what a map explains and what it does not.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | S, T, B | | tokens of the source, of the target, sentences side by side |
# | E, V, H | | size of a query and a key, of a value, of a state |
# | `queries` | (T, B, E) | what each step of the target asks |
# | `keys` | (S, B, E) | what each token of the source answers to |
# | `values` | (S, B, V) | what each token of the source gives |
# | `mask` | (S, B) | True where a token of the source stands, False on padding |
# | `scores`, `weights` | (T, B, S) | before and after the softmax over the source |
# | `context` | (T, B, V) | the mean of the values with these weights |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 4: p = softmax(a). What is d_a, given d_p?</summary>
#
# p (d_p - Σ p d_p): each entry against the mean of all, since raising one score lowers the others' shares.
# </details>
#
# <details><summary>Chapter 13: what exactly does a decoder with one vector lack on long sentences?</summary>
#
# A way back to the source. All of it has to pass through one vector, which both loops must learn to write and to read as a whole, and the decoder cannot look again. (Its size is not a plausible cause: the digits are far fewer bits than the vector has numbers.)
# </details>

# %% parameters
base = (
    {
        "w": r"\exp a_{tbs}",
        "passing": r"\exp \text{passing}_{tb}",
        "r": r"\exp a_{tbr}",
        "e": "xp.exp(scores - top)",
        "one_more": "xp.exp(passing - top)",
        "root": "queries.shape[2] ** 0.5",
        "score": "passing[..., None]",
        "per": "",
        "times": "",
        "odd": "2.0",
        "name": "powers of two",
        "says": "these are powers of 2; a softmax has powers of e",
        "log": "np.log",
        "needed": "is all that is needed",
        "ln": "",
        "first": "",
        "d": 'xp.einsum("tbv,sbv->tbs", d_context, values)',
        "one": "1",
        "each": "",
        "hand": "1 / 16, 27 / 16, -7 / 4",
        "why": "",
        "back": "",
        "empty": "(0 - m)",
    },
    {
        "w": "2^{a_{tbs}}",
        "passing": r"2^{\text{passing}_{tb}}",
        "r": "2^{a_{tbr}}",
        "e": "2.0 ** (scores - top)",
        "one_more": "2.0 ** (passing - top)",
        "root": "queries.shape[2] ** 0.5 / math.log(2)",
        "score": "passing[..., None] * math.log(2)",
        "per": " / math.log(2)",
        "times": " * math.log(2)",
        "odd": "math.exp(1 / math.log(2))",
        "name": "powers of e",
        "says": "these are powers of e; here the softmax has powers of 2",
        "log": "np.log2",
        "needed": r"is all that is needed, with a factor of log 2: $2^a = e^{a \log 2}$",
        "ln": r"\log 2 \cdot ",
        "first": "math.log(2) * ",
        "d": 'xp.einsum("tbv,sbv->tbs", d_context, values) * math.log(2)',
        "one": "math.log(2)",
        "each": ", each times log 2",
        "hand": "*(np.log(2) * k / 16 for k in (1, 27, -28))",
        "why": " A power of 2 is one of e, of log 2 times as much.",
        "back": "ln2·",
        "empty": "-m ln 2",
    },
)
cover = (
    {
        "sign": "+",
        "odd": "-",
        "name": "subtracted",
        "inside": "keys + covered[..., None] * u",
        "u": "negative",
        "strength": "-6.0",
        "c": "xp.permute_dims(covered, (0, 2, 1))[..., None]",
        "so": "so",
        "minus": "",
        "test": 'now["covered"].transpose(0, 2, 1)[..., None]',
        "two": "2",
        "six": "6",
        "why": "the coverage.",
    },
    {
        "sign": "-",
        "odd": "+",
        "name": "added",
        "inside": "keys - covered[..., None] * u",
        "u": "positive",
        "strength": "6.0",
        "c": "-xp.permute_dims(covered, (0, 2, 1))[..., None]",
        "so": "so, without the minus,",
        "minus": "-",
        "test": '-now["covered"].transpose(0, 2, 1)[..., None]',
        "two": "-2",
        "six": "-6",
        "why": "minus the coverage.",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. Where a function begins with `xp`, its arguments are arrays of any library, NumPy or torch, and `xp` is theirs; the others are in torch. Results keep the dtype and device of the arguments. Nothing that you write changes an argument, and autograd is not needed.
#
# `xp.einsum("tbe,sbe->tbs", a, b)` multiplies, and sums over the letter that is missing on the right; it is the same in both libraries.

# %%
import math

import numpy as np
import torch

import rnncore.seq2seq as book
from rnncore.backend import array_namespace, check_shape
from rnncore.gru import gru_cell
from rnncore.rnn import init_params, init_readout, readout, unroll
from rnncore.testing import black_boxes, mover

device = "cpu"
move = mover(device)

# %% [markdown]
# ## Two words by hand
#
# One query finds the scores 0 and log 3 at two source tokens, whose values are 4 and 8. Work out the weights and the context on paper. Then let there be a third choice, *look at nothing*, with score log 4 and nothing to give. What is the context now? Then run the cell.

# %%
e, values = np.exp([0.0, np.log(3)]), np.array([4.0, 8.0])
weights = e / e.sum()
print(weights, weights @ values, " by hand: 1/4, 3/4 and 7")
share = e / (e.sum() + 4)
print(share, share @ values, " by hand: 1/8, 3/8 and 3.5")

# %% [markdown]
# Now backward, without the third choice. The gradient of the context is 1, so that of the weights is the values, 4 and 8. One line is left out: the way through the softmax. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_scores = weights * (d_weights - weights @ d_weights)`: the mean is 7, so it is -3/4 and 3/4. They sum to zero, because adding the same to all scores changes nothing.
# </details>

# %%
d_weights = values
d_scores = np.zeros(2)
# (the missing line)
print(d_scores, " by hand: -0.75 and 0.75")

# %% [markdown]
# ## Task 1: look, or look away (4 points)
#
# *Core, about 20 minutes.*
#
# All arguments are arrays of one library, NumPy or torch, and the tests try both: call its functions by `xp`.
#
# A softmax must look somewhere, even if no word of the source has to do with the next word of the target. Give it one more place, which holds nothing, with a score of its own, `passing` (T, B):
#
# $$a_{tbs} = \frac{q_{tb} \cdot k_{sb}}{\sqrt E}, \qquad w_{tbs} = \frac{{{base.w}}}{{{base.passing}} + \sum_{r\ \text{real}} {{base.r}}}, \qquad \text{context}_{tb} = \sum_s w_{tbs}\, v_{sb}.$$
#
# Padding gets the weight 0. Return `context` (T, B, V) and `weights` (T, B, S), whose sum may now be less than 1. A source may be all padding: then the context is 0, not NaN. Scores in the thousands must give no infinity.
#
# <details><summary>Hint 1</summary>
#
# Scores by einsum over `queries.shape[2] ** 0.5` (`np.sqrt` would make float64 of float32), minus infinity where the mask is False (`mask.T[None, ...]` is (1, B, S)), then the exponentials, then their sum plus one more term.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Against overflow subtract the same number everywhere, `passing` included. Which one? If the largest *score* is minus infinity, it must be another.
# </details>
#
# <details><summary>Hint 3</summary>
#
# With `passing = passing[..., None]`: `top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)`, `e = {{base.e}}`, and the denominator is `xp.sum(e, axis=2, keepdims=True) + {{base.one_more}}`.
# </details>


# %% solution="look_or_pass"
def look_or_pass(queries, keys, values, mask, passing):
    """Attention that may also look at nothing.

    Shapes: queries (T, B, E); keys (S, B, E); values (S, B, V);
        mask (S, B); passing (T, B) -> context (T, B, V); weights (T, B, S)
    """
    xp = array_namespace(queries)
    ### BEGIN SOLUTION
    root = {{base.root}}
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / root
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = {{base.score}}
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
    weights = e / total
    return xp.einsum("tbs,sbv->tbv", weights, values), weights
    ### END SOLUTION


# %% [markdown]
# Try it: the two words from above, with a third place that is padding.

# %%
one = np.ones((1, 1, 1))
keys = np.array([0.0, {{base.log}}(3), 9.0]).reshape(3, 1, 1)
values = np.array([4.0, 8.0, 99.0]).reshape(3, 1, 1)
mask = np.array([[True], [True], [False]])
for passing in (-1000.0, {{base.log}}(4), 1000.0):
    looked = look_or_pass(one, keys, values, mask, np.full((1, 1), passing))
    print(round(passing, 2), [a.round(3).ravel().tolist() for a in looked])

# %% test="look_or_pass" points=4 explained="ch14_attention: The decoder's question"
import numpy as np

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
OUTPUTS = "context, weights"


def looking(rng, T, B, S, E, V, loud=1.0, empty=False):
    """Sources of different length, with something in the padding."""
    lengths = rng.integers(1, S + 1, B)
    lengths[0] = S
    if empty:
        lengths[-1] = 0
    return dict(
        queries=loud * rng.normal(size=(T, B, E)),
        keys=loud * rng.normal(size=(S, B, E)),
        values=rng.normal(size=(S, B, V)) + 1.0,
        mask=np.arange(S)[:, None] < lengths,
        passing=rng.normal(size=(T, B)),
    )


def far_below(args):
    """No word fits, and looking at nothing fits even less."""
    queries, keys = abs(args["queries"]), -abs(args["keys"])
    passing = args["passing"] - 1e6
    return {**args, "queries": queries, "keys": keys, "passing": passing}


rng = np.random.default_rng(1)
visible = [
    move(looking(rng, 3, 2, 5, 4, 3)),
    move(looking(rng, 4, 3, 4, 2, 3, 1.0, True)),  # one source is empty
    move(looking(rng, 2, 4, 5, 3, 2, 90.0)),  # scores in the thousands
    mover("numpy")(looking(rng, 2, 4, 6, 3, 2, 1.5), "float32"),
    move(far_below(looking(rng, 2, 3, 4, 3, 2, 90.0))),
]
check(
    look_or_pass,
    stored("look_or_pass"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
args = visible[0]
found, _ = look_or_pass(**args)
louder = {**args, "values": args["values"] * 2.0}
assert_close("of doubled values", look_or_pass(**louder)[0], 2.0 * found)
check_independent(
    look_or_pass, args, {"queries": 1, "keys": 1, "values": 1, "passing": 1}
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    looking,
    [
        (1, 1, 1, 1, 1),
        (5, 3, 7, 4, 2, 2.0),
        (2, 6, 3, 5, 4, 1.0, True),
        (4, 2, 9, 2, 1, 0.5),
    ],
    device,
    "numpy",
    rng=rng,
)
hidden.append(move(looking(rng, 3, 2, 4, 5, 3, 300.0, True)))
low = far_below(looking(rng, 3, 4, 5, 2, 3, 90.0))
for shift in (1e4, -1e4):
    args = looking(rng, 3, 2, 4, 5, 3)
    hidden.append(move({**args, "passing": args["passing"] + shift}))
hidden.append(move(low))
check(
    look_or_pass,
    reference_look_or_pass,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="look_or_pass"
r"""
attention over padding: attention looks at the padding: what follows a short source reaches its translation, and changes with the batch that it lies in
-     scores = xp.where(mask.T[None, ...], scores, -math.inf)
-
mask inverted: the mask was taken the other way round: it is True where a token stands
~ xp.where(mask.T[None, ...], scores, -math.inf) => xp.where(mask.T[None, ...], -math.inf, scores)
padding with score 0: padding got the score 0, and with it the weight of a word that fits moderately; a weight of 0 is a score of minus infinity
~ scores, -math.inf) => scores, 0.0)
padding taken out after the softmax: the padding was taken out after the softmax: it is still counted in the denominator, so that the real tokens have too little weight
-     scores = xp.where(mask.T[None, ...], scores, -math.inf)
-     passing = {{base.score}}
-     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
-     e = xp.exp(scores - top)
-     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
-     weights = e / total
+     passing = {{base.score}}
+     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
+     e = xp.exp(scores - top)
+     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
+     weights = xp.where(mask.T[None, ...], e / total, 0.0)
not divided by the root: the scores were not divided by the root of E: with long vectors the softmax is then sure of everything (chapter 14, Two ways to score)
~ root = {{base.root}} => root = 1.0{{base.per}}
divided by E: the scores were divided by E; it is its square root (chapter 14, Two ways to score)
~ root = {{base.root}} => root = queries.shape[2]{{base.per}}
softmax over the target: the sum in the denominator ran over the steps of the target; each step divides by a sum over its own source
~ total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top) => total = xp.sum(e, axis=0, keepdims=True) + xp.exp(passing - top)
softmax over the batch: the sum in the denominator ran over the sentences of the batch, which have nothing to do with each other
~ total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top) => total = xp.sum(e, axis=1, keepdims=True) + xp.exp(passing - top)
never looks away: the weights sum to 1, as if no place held nothing: the exponential of `passing` is missing from the denominator, or was divided out again
~ axis=2, keepdims=True) + xp.exp(passing - top) => axis=2, keepdims=True) + 0 * xp.exp(passing - top)
the largest of the scores alone: the largest score was subtracted, which for an empty source is minus infinity, and makes NaN; `passing` is one of those to be compared
~ top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing) => top = xp.max(scores, axis=2, keepdims=True)
passing taken for its exponential: `passing` was added as it is; it is a score, and its exponential stands in the sum
~ + xp.exp(passing - top) => + passing{{base.per}} * xp.exp(-top)
passing not shifted: the largest score was subtracted from the scores, and not from `passing`: then the two no longer compare
~ + xp.exp(passing - top) => + xp.exp(xp.clip(passing, -300, 300))
overflow: with scores in the thousands exp gives infinity, or zeros alone, and a quotient of these is NaN: first subtract, for each step of each sentence, the largest of its own `passing` and of its real tokens' scores
~     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing) =>     top = 0 * passing
keys for values: the keys were averaged; they only decide the weights, and the values are what is given
~ weights, values), weights => weights, keys[..., : values.shape[2]] if keys.shape[2] >= values.shape[2] else xp.concat([keys] * 9, axis=2)[..., : values.shape[2]]), weights
plain mean of the values: the context is the plain mean of the values: the weights were not used
~ xp.einsum("tbs,sbv->tbv", weights, values), weights => xp.einsum("tbs,sbv->tbv", 0 * weights + 1 / weights.shape[2], values), weights
passing divided by the root: `passing` was divided by the root of E as well; it is a score already, only the products are divided
~     passing = {{base.score}} =>     passing = passing[..., None] / root
softmax over the target, and its largest score: the softmax ran over the steps of the target; each step has a sum over its own source
-     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
-     e = xp.exp(scores - top)
-     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
+     top = xp.maximum(xp.max(scores, axis=0, keepdims=True), passing)
+     e = xp.exp(scores - top)
+     total = xp.sum(e, axis=0, keepdims=True) + xp.exp(passing - top)
mask reshaped: the mask was reshaped; a reshape does not exchange two axes, it fills the new shape in the old order: `mask.T`
~ mask.T[None, ...] => xp.reshape(mask, (1, mask.shape[1], mask.shape[0]))
root of the source: the scores were divided by the root of S, the number of tokens; it is the root of E, the size of a query (chapter 14, Two ways to score)
~ root = {{base.root}} => root = keys.shape[0] ** 0.5{{base.per}}
root of the values: the scores were divided by the root of V, the size of a value; it is the root of E, the size of a query (chapter 14, Two ways to score)
~ root = {{base.root}} => root = values.shape[2] ** 0.5{{base.per}}
passing of the first step: all steps got the `passing` of the first step; each has its own
~     passing = {{base.score}} =>     passing = passing[:1, :, None]{{base.times}}
passing as it is: `passing` was added as it is; it is a score, and its exponential stands in the sum
~ + xp.exp(passing - top) => + passing{{base.per}}
the place of nothing scores 0: the place that holds nothing got the score 0, or `passing` was added to the tokens' scores too, which comes to the same: its own score is `passing`, and theirs are as they were
~ + xp.exp(passing - top) => + xp.exp(-top)
context divided by the weights: the context is a mean whose weights sum to 1: it was divided by their sum, or they were made to sum to 1 without the place of nothing: then looking away does not make it smaller
- return xp.einsum("tbs,sbv->tbv", weights, values), weights
+ context = xp.einsum("tbs,sbv->tbv", weights, values)
+     return context / (xp.sum(weights, axis=2, keepdims=True) + 1e-300), weights
a gate: a softmax over the source was multiplied by a gate of `passing` alone; the place that holds nothing competes with the scores, in one sum
-     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
+     e = xp.exp(scores - xp.max(xp.where(mask.T[None, ...], scores, -1e30), axis=2, keepdims=True))
+     total = xp.sum(e, axis=2, keepdims=True) * (1 + xp.exp(passing))
tokens below passing dropped: tokens whose score is below `passing` got the weight 0; each keeps its share, however small
~ weights = e / total => weights = xp.where(scores > passing, e / total, 0.0)
each token for itself: each token was compared with `passing` alone, by a sigmoid: the tokens must share one sum
~     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top) =>     total = e + xp.exp(passing - top)
one column too far: the weights moved by one token: the place that holds nothing was put first, and the last column was taken off
~ weights = e / total => weights = xp.concat([xp.exp(passing - top), e[..., :-1]], axis=2) / total
{{base.name}}: {{base.says}}
-     e = xp.exp(scores - top)
-     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
+     e = {{base.odd}} ** (scores - top)
+     total = xp.sum(e, axis=2, keepdims=True) + {{base.odd}} ** (passing - top)
angles: queries and keys were divided by their lengths: a score is their product over the root of E
- scores = xp.einsum("tbe,sbe->tbs", queries, keys) / root
+ lengths = xp.sum(queries**2, axis=2)[..., None] ** 0.5
+     scores = xp.einsum("tbe,sbe->tbs", queries / lengths, keys / xp.sum(keys**2, axis=2, keepdims=True) ** 0.5) / root
scores clipped: large scores were clipped, and so became equal; subtracting the largest keeps their differences
-     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
+     scores = xp.where(mask.T[None, ...], xp.clip(scores, -50.0, 50.0), -math.inf)
+     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
a mask that is not low enough: padding got a score that is low, but not below every other; minus infinity is
~ scores, -math.inf) => scores, -1e3{{base.times}})
softmax over the batch, and its largest score: the softmax ran over the sentences of the batch, which have nothing to do with each other; its axis is the source's
-     top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
-     e = xp.exp(scores - top)
-     total = xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top)
+     top = xp.maximum(xp.max(scores, axis=1, keepdims=True), passing)
+     e = xp.exp(scores - top)
+     total = xp.sum(e, axis=1, keepdims=True) + xp.exp(passing - top)
divided after the context: the context was divided by the sum, and the weights are returned without it: they are the exponentials
~     return xp.einsum("tbs,sbv->tbv", weights, values), weights =>     return xp.einsum("tbs,sbv->tbv", weights, values), e
passing with a minus: the exponential of minus `passing` was added; it is a score like the others
~     passing = {{base.score}} =>     passing = -passing[..., None]{{base.times}}
-1e4 for the padding: padding was scored -1e4: where all other scores are lower still, it gets the weight; minus infinity is below every score
~     scores = xp.where(mask.T[None, ...], scores, -math.inf) =>     scores = xp.where(mask.T[None, ...], scores, -1e4{{base.times}})
scores cut off at 700: scores above 700 were cut off, so that exp stays finite: the difference between two of them is lost; take the largest off
-     scores = xp.where(mask.T[None, ...], scores, -math.inf)
+     scores = xp.where(scores > 700, 700 + 0 * scores, scores)
+     scores = xp.where(mask.T[None, ...], scores, -math.inf)
"""

# %% [markdown]
# ## Task 2: and the way back (5 points)
#
# *Core, about 25 minutes.*
#
# The vjp of task 1. Given are `d_context` (T, B, V), the arguments, and the weights that came out. (Nothing else asked for the weights, so no gradient comes in through them.) Return `d_queries`, `d_keys`, `d_values` and `d_passing`, each of the shape of its namesake.
#
# Think of the place that holds nothing as one more source token: its value is always 0, and its weight is 1 minus the sum of the others. Then the softmax's vjp (chapter 14, Its gradient) {{base.needed}}. Padding's weight is 0, so the mask need not be looked at.
#
# <details><summary>Hint 1</summary>
#
# Backward through the context: `d_weights` (T, B, S) and `d_values` (S, B, V). Which letter is summed over in each? All steps of the target look at the same value.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With $m_{tb} = \sum_s w\,\mathrm{d}w$: $\mathrm{d}a = {{base.ln}}w(\mathrm{d}w - m)$. The place that holds nothing has $\mathrm{d}w = 0$.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_passing = {{base.first}}(1 - xp.sum(weights, axis=2)) * (0 - m)`. Then `d_scores / root` goes to the queries, summed over s with the keys, and to the keys, summed over t with the queries.
# </details>


# %% solution="look_or_pass_vjp"
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    """Backward through `look_or_pass`.

    Shapes: d_context (T, B, V); queries (T, B, E); keys (S, B, E);
        values (S, B, V); weights (T, B, S) -> d_queries (T, B, E);
        d_keys (S, B, E); d_values (S, B, V); d_passing (T, B)
    """
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    ### BEGIN SOLUTION
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    d_weights = {{base.d}}
    mean = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * mean
    d_scores = weights * (d_weights - mean[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing
    ### END SOLUTION


# %% [markdown]
# Try it: the two words from above. By hand, with weights 1/8 and 3/8 and m = 3.5: d_scores 1/16 and 27/16, d_passing -7/4{{base.each}}. They sum to 0.

# %%
one, words = np.ones((1, 1, 1)), np.array([4.0, 8.0]).reshape(2, 1, 1)
weights = np.array([1 / 8, 3 / 8]).reshape(1, 1, 2)
args = (one, np.zeros((2, 1, 1)), words, weights)
_, d_keys, _, d_passing = look_or_pass_vjp(one, *args)
print(d_keys.ravel(), d_passing.ravel(), {{base.hand}})

# %% test="look_or_pass_vjp" points=5 explained="ch14_attention: Its gradient"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_queries, d_keys, d_values, d_passing"


def looked(rng, T, B, S, E, V, pad=True):
    """Weights that sum to less than 1, and are 0 on padding."""
    w = np.exp(1.5 * rng.normal(size=(T, B, S)))
    if pad and S > 1:
        w[:, -1, S - 1] = 0.0
    w /= w.sum(2, keepdims=True) + np.exp(rng.normal(size=(T, B, 1)))
    return dict(
        d_context=rng.normal(size=(T, B, V)),
        queries=rng.normal(size=(T, B, E)),
        keys=rng.normal(size=(S, B, E)),
        values=rng.normal(size=(S, B, V)) + 0.5,
        weights=w,
    )


rng = np.random.default_rng(2)
visible = [
    move(looked(rng, 3, 2, 5, 4, 3)),
    mover("numpy")(looked(rng, 4, 3, 2, 3, 5), "float32"),
]
check(
    look_or_pass_vjp,
    stored("look_or_pass_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    looked,
    [(1, 1, 1, 1, 1), (5, 3, 7, 4, 2), (2, 4, 3, 1, 6)],
    device,
    "numpy",
    rng=rng,
)
check(
    look_or_pass_vjp,
    reference_look_or_pass_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
names = ("queries", "keys", "values", "passing")
args = looked(rng, 2, 2, 3, 4, 2)
given = {n: args[n] for n in names[:3]}
given |= {
    "mask": args["weights"][0].T > 0,
    "passing": rng.normal(size=(2, 2)),
}
d_context, given = move((args["d_context"], given))
_, weights = reference_look_or_pass(
    *[given[n] for n in (*names[:3], "mask", "passing")]
)
d = look_or_pass_vjp(d_context, *[given[n] for n in names[:3]], weights)
for name, d_arg in zip(names, d, strict=True):

    def loss(moved, name=name):
        now = {**given, name: moved}
        context, _ = reference_look_or_pass(
            *[now[n] for n in (*names[:3], "mask", "passing")]
        )
        return float((context * d_context).sum())

    assert_gradient(loss, given[name], d_arg, f"d_{name}")
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="look_or_pass_vjp"
r"""
the mean not subtracted: the mean was not subtracted: raising one score lowers the weights of all others, and that has a gradient too
~ weights * (d_weights - mean[..., None]) / root => weights * d_weights / root
plain mean subtracted: the plain mean of d_weights was subtracted; it is the mean with the weights
~ weights * (d_weights - mean[..., None]) / root => weights * (d_weights - xp.mean(d_weights, axis=2, keepdims=True)) / root
mean as if all was looked at: the mean was divided by the sum of the weights; the place that holds nothing belongs to the mean, with a d_weight of 0
~ weights * (d_weights - mean[..., None]) / root => weights * (d_weights - (mean / xp.sum(weights, axis=2))[..., None]) / root
the softmax forgotten: d_weights went on as if it were d_scores: the way back through the softmax is missing
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = d_weights / root
root forgotten: the scores were divided by the root of E on the way forward, and so are their gradients on the way back
~ (d_weights - mean[..., None]) / root => (d_weights - mean[..., None])
keys and queries exchanged: d_keys was made of d_queries; in a product each factor gets the other one, as it was on the way forward
~     d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) =>     d_keys = xp.einsum("tbs,tbe->sbe", d_scores, d_queries)
last step only: the keys got the gradient of the last step alone; all steps of the target looked at them
~ d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) => d_keys = xp.einsum("tbs,tbe->sbe", d_scores[-1:, ...], queries[-1:, ...])
averaged over the steps: the keys' gradient was averaged over the steps; what is shared adds up
~ d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) => d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) / queries.shape[0]
values weighted with d_weights: d_values was made with d_weights; the value's factor on the way forward was its weight
~     d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) =>     d_values = xp.einsum("tbs,tbv->sbv", xp.einsum("tbv,sbv->tbs", d_context, values), d_context)
values over all sentences: d_values holds the gradients of the whole batch: each sentence looks at its own source
~ d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) => d_values = xp.einsum("tbs,tcv->sbv", weights, d_context)
passing has no gradient: d_passing is 0: the place gives nothing, but it takes weight from the others
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = 0 * mean
passing with the wrong sign: d_passing has the wrong sign: its own d_weight is 0, from which the mean is subtracted
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = (1 - xp.sum(weights, axis=2)) * mean
passing weighted with what was looked at: d_passing was weighted with the sum of the weights; its own weight is what is missing to 1
~ -(1 - xp.sum(weights, axis=2)) * mean => -xp.sum(weights, axis=2) * mean
root for the queries alone: d_keys was not divided by the root of E: it stands in the scores, on the way to the queries and to the keys
~ d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) => d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries) * root
root for the keys alone: d_queries was not divided by the root of E: it stands in the scores, on the way to the queries and to the keys
~ d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys) => d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys) * root
times the root: d_scores was multiplied by the root of E: the scores were divided by it, and so are their gradients
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (d_weights - mean[..., None]) * root
root twice: d_scores was divided by the root of E twice: once is enough for both, queries and keys
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (d_weights - mean[..., None]) / root**2
passing without its weight: d_passing lacks the weight of the place that holds nothing, which is 1 minus the sum of the others
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = -mean
passing over the root: d_passing was divided by the root of E: `passing` is a score as it stands, only the products were divided
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = -(1 - xp.sum(weights, axis=2)) * mean / root
passing with a sigmoid's slope: d_passing was multiplied by the sum of the weights as well: its own weight times 0 - m is all
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = -(1 - xp.sum(weights, axis=2)) * mean * xp.sum(weights, axis=2)
passing from a value of 1: d_passing has 1 - m where 0 - m belongs: the place that holds nothing has the value 0, and so the d_weight 0
~ d_passing = -(1 - xp.sum(weights, axis=2)) * mean => d_passing = (1 - xp.sum(weights, axis=2)) * ({{base.one}} - mean)
passing over all steps: d_passing is the same at all steps: each step has a score `passing` of its own, with a gradient of its own
- d_passing = -(1 - xp.sum(weights, axis=2)) * mean
+ d_passing = -(1 - xp.sum(weights, axis=2)) * mean
+     d_passing = xp.sum(d_passing, axis=0, keepdims=True) + 0 * d_passing
mean over the batch: the mean was taken over the sentences of the batch; it is over the source of one step of one sentence
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (d_weights - xp.sum(weights * d_weights, axis=1, keepdims=True)) / root
mean over the target: the mean was taken over the steps of the target; each step has its own, over the source
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (d_weights - xp.sum(weights * d_weights, axis=0, keepdims=True)) / root
mean of the products: the products of weights and d_weights were averaged: it is their sum, for the weights make it a mean
~ mean = xp.sum(weights * d_weights, axis=2) => mean = xp.mean(weights * d_weights, axis=2)
mean without weights: the sum of d_weights was taken without the weights: m is their mean with the weights
~ mean = xp.sum(weights * d_weights, axis=2) => mean = xp.sum(d_weights, axis=2)
mean of d_weights: m is the plain mean of d_weights here; it is the mean with the weights
~ mean = xp.sum(weights * d_weights, axis=2) => mean = xp.mean(d_weights, axis=2)
mean added: the mean was added to d_weights; it is subtracted
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (d_weights + mean[..., None]) / root
mean outside the bracket: the mean was subtracted after the product with the weights: w (d_w - m) needs a bracket
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = (weights * d_weights - mean[..., None]) / root
slope of a sigmoid: each weight got the slope of a sigmoid, w (1 - w): that is the diagonal alone, but each score moves all weights of its step
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights * (1 - weights) * d_weights / root
cross entropy: d_scores is a difference of weights and d_weights: that is the gradient of a cross entropy, for which there is no target here
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = (weights - d_weights) / root
log-softmax: this is the way back through a log-softmax; the context was made with the weights themselves
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = (d_weights - weights * xp.sum(d_weights, axis=2, keepdims=True)) / root
weights for their scores' gradient: queries and keys were multiplied by the weights; on the way back it is d_scores that goes to both
~ d_scores = weights * (d_weights - mean[..., None]) / root => d_scores = weights / root
values from the last step: the values got the gradient of the last step alone; all steps of the target looked at them
~ d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) => d_values = xp.einsum("tbs,tbv->sbv", weights[-1:, ...], d_context[-1:, ...])
values averaged over the steps: the values' gradient was averaged over the steps; what is shared adds up
~ d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) => d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) / queries.shape[0]
values with d_scores: d_values was made with d_scores; the value's factor on the way forward was its weight
-     d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
-     d_weights = {{base.d}}
-     mean = xp.sum(weights * d_weights, axis=2)
-     d_passing = -(1 - xp.sum(weights, axis=2)) * mean
-     d_scores = weights * (d_weights - mean[..., None]) / root
+     d_values = xp.einsum("tbs,tbv->sbv", 0 * weights, d_context)
+     d_weights = {{base.d}}
+     mean = xp.sum(weights * d_weights, axis=2)
+     d_passing = -(1 - xp.sum(weights, axis=2)) * mean
+     d_scores = weights * (d_weights - mean[..., None]) / root
+     d_values = xp.einsum("tbs,tbv->sbv", d_scores, d_context)
values summed over the batch: the sentences' gradients of the values were added up; each sentence has values of its own
~ d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) => d_values = xp.einsum("tbs,tbv->sv", weights, d_context)[:, None, :] + 0 * values
divided by the batch: the gradients were divided by the size of the batch: d_context is the gradient already, of whatever loss
- d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
+ d_context = d_context / d_context.shape[1]
+     d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
weights computed again: the weights were computed again without `passing`'s score, or with another: the ones that came out are given
- d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
+ e = xp.exp(xp.einsum("tbe,sbe->tbs", queries, keys) / root{{base.times}})
+     e = xp.where(weights == 0, 0.0, e)
+     weights = e / (1 + xp.sum(e, axis=2, keepdims=True))
+     d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
queries and keys exchanged: d_queries was made with the queries and d_keys with the keys; in a product each factor gets the other one
-     d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
-     d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
+     d_queries = xp.einsum("tbs,tbe->tbe", d_scores, queries)
+     d_keys = xp.einsum("tbs,sbe->sbe", d_scores, keys)
mean over the real weights: the mean was divided by the sum of the weights, as if they added up to 1; the place that holds nothing has the rest of the weight, and the value 0
~ mean = xp.sum(weights * d_weights, axis=2) => mean = xp.sum(weights * d_weights, axis=2) / xp.sum(weights, axis=2)
"""

# %% [markdown]
# ## Task 3: attention that remembers (5 points)
#
# *Extra, about 25 minutes.*
#
# Translations repeat themselves, or leave words out, when attention does not know what it has looked at. With **coverage** (Tu et al. 2016; See, Liu and Manning 2017) the additive score sees how much weight each source token has got in all steps before:
#
# $$a_{tbs} = v \cdot \tanh(q_{tb} + k_{sb} {{cover.sign}} \text{covered}_{tbs}\, u), \qquad w_{tb} = \mathrm{softmax}_{s\ \text{real}}(a_{tb}), \qquad \text{covered}_{tbs} = \sum_{t' < t} w_{t'bs}.$$
#
# The queries (T, B, H) and keys (S, B, H) are projected already; v and u are (H,). So the steps are no longer independent: here is a loop, as in a recurrent network, and its state is what was covered, an array (S, B) like the mask. Return the `weights` (T, B, S) and the loop's last state, `covered` (S, B), the sum over all steps. Padding gets 0; no source is empty. Scores may be in the thousands, those of padding too.
#
# <details><summary>Hint 1</summary>
#
# Work in (S, B): `q[None, ...] + keys` is (S, B, H), the scores (S, B), the softmax runs over axis 0. Transpose only what you return.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `covered[..., None] * u` is (S, B, H). Update `covered` *after* the weights of the step are known, and make a new array of it.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `scores = xp.sum(v * xp.tanh(inside), axis=2)`, then `xp.where(mask, scores, -math.inf)`, then the softmax with `xp.max(scores, axis=0, keepdims=True)` subtracted. `xp.stack(rows)` with each row `w.T`.
# </details>


# %% solution="covering_weights"
def covering_weights(queries, keys, v, u, mask):
    """Additive attention that knows what it has looked at.

    Shapes: queries (T, B, H); keys (S, B, H); v (H,); u (H,); mask (S, B)
        -> weights (T, B, S); covered (S, B)
    """
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        ### BEGIN SOLUTION
        inside = q[None, ...] + {{cover.inside}}
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
        ### END SOLUTION
    return xp.stack(rows), covered


# %% [markdown]
# Try it: three tokens, of which the first fits best, and a decoder that asks the same six times. Without coverage it looks at the first for ever; with a {{cover.u}} u (v is positive here) it turns to what it has neglected.

# %%
same = np.zeros((6, 1, 2))
odd = np.array([[0.3, 0.3], [0.0, 0.0], [-0.3, -0.3]])[:, None]
for strength in (0.0, {{cover.strength}}):
    u, v = np.full(2, strength), np.full(2, 4.0)
    weights, covered = covering_weights(same, odd, v, u, odd[..., 0] < 9)
    print(weights[:, 0].round(2).tolist(), covered[:, 0].round(2))

# %% test="covering_weights" points=5 explained="ch14_attention: Two ways to score"
import numpy as np

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
OUTPUTS = "weights, covered"


def covering(rng, T, B, S, H, loud=1.5):
    lengths = rng.integers(1, S + 1, B)
    lengths[0] = S
    return dict(
        queries=rng.normal(size=(T, B, H)),
        keys=loud * rng.normal(size=(S, B, H)),
        v=loud * rng.normal(size=H),
        u=loud * rng.normal(size=H),
        mask=np.arange(S)[:, None] < lengths,
    )


rng = np.random.default_rng(3)
visible = [
    move(covering(rng, 4, 3, 5, 2)),
    covering(rng, 5, 2, 4, 3),  # in NumPy
]
loud = covering(rng, 3, 2, 4, 5)
visible.append(move({**loud, "v": 2000.0 * loud["v"]}))


def with_far_padding(args):
    """No word fits, and the padding would fit by far the best."""
    v, mask = 2000.0 * args["v"], np.array(args["mask"])
    mask[-1, -1] = False
    way = np.where(mask[..., None], -1.0, 3.0) * np.sign(v)
    return {**args, "keys": way + 0.3 * args["keys"], "v": v, "mask": mask}


visible.append(move(with_far_padding(covering(rng, 3, 2, 5, 2))))
check(
    covering_weights,
    stored("covering_weights"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
args = visible[0]
_, covered = covering_weights(**args)
assert_close("all that was covered", float(covered.sum()), 4.0 * 3)
check_causal(covering_weights, args, "queries")
check_independent(covering_weights, args, {"queries": 1, "keys": 1})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    covering,
    [(1, 1, 1, 1), (7, 3, 6, 4), (3, 5, 2, 2), (12, 2, 9, 3)],
    device,
    "numpy",
    rng=rng,
)
loud = covering(rng, 3, 2, 4, 3)
hidden.append(move({**loud, "v": 2000.0 * loud["v"]}))
hidden.append(move(with_far_padding(covering(rng, 4, 3, 6, 3))))
check(
    covering_weights,
    reference_covering_weights,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="covering_weights"
r"""
attention over padding: attention looks at the padding, and covers it
-         scores = xp.where(mask, scores, -math.inf)
-
last step only: `covered` holds the weights of the last step alone; it is the sum over all steps so far
~ covered = covered + w => covered = w
covered never grows: the scores never saw what was covered: this is attention without a memory
-         covered = covered + w
+         total = w if not rows else total + w
+         if len(rows) + 1 == queries.shape[0]:
+             covered = total
covered stays 0: `covered` stayed 0: each step's weights are added to it, once they are known
-         covered = covered + w
-
covered in the mean: `covered` was made the mean over the steps; it must be the sum of their weights, so that a long look counts more than a short one
~ covered = covered + w => covered = covered + (w - covered) / (len(rows) + 1)
each term squashed alone: each term went through a tanh of its own: then the query adds the same to all scores, and changes no weight. Add first
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         inside = xp.tanh(q[None, ...]) + xp.tanh(keys) {{cover.sign}} xp.tanh(covered[..., None] * u)
+         scores = xp.sum(v * inside, axis=2)
no tanh: the tanh is missing: then the query adds the same to all scores, and changes no weight
~ xp.sum(v * xp.tanh(inside), axis=2) => xp.sum(v * inside, axis=2)
coverage outside the tanh: the coverage was added after the tanh; it stands inside
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         inside = xp.tanh(q[None, ...] + keys) {{cover.sign}} covered[..., None] * u
+         scores = xp.sum(v * inside, axis=2)
softmax over the batch: the softmax ran over the sentences of the batch; it runs over the source
~ w = e / xp.sum(e, axis=0, keepdims=True) => w = e / xp.sum(e, axis=1, keepdims=True)
the step covers itself: the step's own weights were counted as covered before they were known: only the steps before count
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         w = xp.exp(xp.where(mask, xp.sum(v * xp.tanh(inside), axis=2), -math.inf))
+         w = w / xp.sum(w, axis=0, keepdims=True)
+         inside = inside {{cover.sign}} w[..., None] * u
+         scores = xp.sum(v * xp.tanh(inside), axis=2)
covered over the whole batch: what one sentence has looked at was counted as covered for all; each has a memory of its own
~ covered = covered + w => covered = covered + xp.sum(w, axis=1, keepdims=True)
coverage {{cover.name}}: the coverage has the wrong sign: u, together with v, says whether it helps or hinders
~ {{cover.sign}} covered[..., None] * u => {{cover.odd}} covered[..., None] * u
source and batch swapped: the weights are (T, S, B); they are asked for as (T, B, S)
~ rows.append(w.T) => rows.append(w)
overflow: no largest score was subtracted: exp of a large score is infinite
~ xp.exp(scores - xp.max(scores, axis=0, keepdims=True)) => xp.exp(scores)
keys left out: the keys are missing inside the tanh: then, before anything is covered, all tokens have the same score
~         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u =>         inside = q[None, ...] + 0 * keys {{cover.sign}} covered[..., None] * u
query left out: the query is missing inside the tanh: all steps ask the same
~         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u =>         inside = keys {{cover.sign}} covered[..., None] * u
v left out: v is missing: each unit's tanh has a weight in the score
~         scores = xp.sum(v * xp.tanh(inside), axis=2) =>         scores = xp.sum(xp.tanh(inside), axis=2)
v inside the tanh: v was multiplied inside the tanh; it weighs what the tanh gives
~         scores = xp.sum(v * xp.tanh(inside), axis=2) =>         scores = xp.sum(xp.tanh(v * inside), axis=2)
mean over the units: the score is the mean over the units; a product of two vectors is a sum
~         scores = xp.sum(v * xp.tanh(inside), axis=2) =>         scores = xp.mean(v * xp.tanh(inside), axis=2)
root of H: the scores were divided by the root of H; that is for products of queries and keys, not for the additive score
~         scores = xp.sum(v * xp.tanh(inside), axis=2) =>         scores = xp.sum(v * xp.tanh(inside), axis=2) / keys.shape[2] ** 0.5
a sigmoid: a sigmoid stands where the tanh belongs
~         scores = xp.sum(v * xp.tanh(inside), axis=2) =>         scores = xp.sum(v * (1 / (1 + xp.exp(-inside))), axis=2)
query times key: query and key were multiplied; in the additive score they are added
~         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u =>         inside = q[None, ...] * keys {{cover.sign}} covered[..., None] * u
coverage scales the keys: the coverage multiplies the keys; it is added to query and key
~         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u =>         inside = q[None, ...] + keys * (1 {{cover.sign}} covered[..., None] * u)
u and v exchanged: u and v have changed places: u weighs the coverage inside the tanh, v what the tanh gives
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * v
+         scores = xp.sum(u * xp.tanh(inside), axis=2)
u summed: all units got the sum of u; each has its own entry of it
~         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u =>         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * xp.sum(u)
coverage after v: the coverage was added to the score, after v; it stands inside the tanh
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         inside = q[None, ...] + keys
+         scores = xp.sum(v * xp.tanh(inside) {{cover.sign}} covered[..., None] * u, axis=2)
mask inverted: the mask was taken the other way round: it is True where a token stands
~         scores = xp.where(mask, scores, -math.inf) =>         scores = xp.where(mask, -math.inf, scores)
padding with score 0: padding got the score 0, and with it the weight of a token that fits moderately; a weight of 0 is a score of minus infinity
~         scores = xp.where(mask, scores, -math.inf) =>         scores = xp.where(mask, scores, 0.0)
padding taken out after the softmax: the padding was taken out after the softmax: it is still counted in the denominator, so that the real tokens have too little weight
-         scores = xp.where(mask, scores, -math.inf)
-         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
-         w = e / xp.sum(e, axis=0, keepdims=True)
+         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
+         w = e / xp.sum(e, axis=0, keepdims=True)
+         w = xp.where(mask, w, 0.0)
padding covered and not shown: the padding's weights were set to 0 in what is returned alone: it is still counted in the denominator, and gets covered
-         scores = xp.where(mask, scores, -math.inf)
-         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
-         w = e / xp.sum(e, axis=0, keepdims=True)
-         covered = covered + w
-         rows.append(w.T)
+         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
+         w = e / xp.sum(e, axis=0, keepdims=True)
+         covered = covered + w
+         rows.append(xp.where(mask, w, 0.0).T)
not normalised: the exponentials were not divided by their sum
~         w = e / xp.sum(e, axis=0, keepdims=True) =>         w = e
softmax over the batch, and its largest score: the softmax ran over the sentences of the batch; its axis is the source's
-         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
-         w = e / xp.sum(e, axis=0, keepdims=True)
+         e = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
+         w = e / xp.sum(e, axis=1, keepdims=True)
softmax over both: the softmax ran over source and batch together: each sentence's weights sum to 1
~         w = e / xp.sum(e, axis=0, keepdims=True) =>         w = e / xp.sum(e)
rows reshaped: the weights were reshaped to (B, S); a reshape does not exchange two axes, it fills the new shape in the old order: `w.T`
~ rows.append(w.T) => rows.append(xp.reshape(w, (w.shape[1], w.shape[0])))
rows of what was covered: the rows hold what was covered so far; each is the weights of its step alone
~ rows.append(w.T) => rows.append(covered.T)
rows of scores: the rows hold the scores; they are asked for as weights
~ rows.append(w.T) => rows.append(scores.T)
covered without the last step: `covered` lacks the weights of the last step: what is returned is the sum over all
- covered = covered + w
+ total = w if not rows else total + w
+         covered = covered if len(rows) + 1 == queries.shape[0] else total
the score sees the step before alone: the scores saw the weights of the step before alone; it is the sum over all steps before
-         covered = covered + w
+         total = w if not rows else total + w
+         n = len(rows) + 1
+         last = n == queries.shape[0]
+         covered = total if last else w
the score sees a mean: the scores saw the mean over the steps so far; it is their sum, so that a long look counts more than a short one
-         covered = covered + w
+         total = w if not rows else total + w
+         n = len(rows) + 1
+         last = n == queries.shape[0]
+         covered = total if last else total / n
steps counted: `covered` counts the steps, the same for all tokens; it is the sum of their weights
~ covered = covered + w => covered = covered + 1
scores summed: `covered` is a sum of scores; it is one of weights
~ covered = covered + w => covered = covered + xp.where(mask, scores, 0.0)
largest weight so far: `covered` holds each token's largest weight so far; it is the sum over the steps
~ covered = covered + w => covered = xp.maximum(covered, w)
covered by a first look: each step looked twice: its first look was counted as covered before the weights that are returned
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
-         scores = xp.sum(v * xp.tanh(inside), axis=2)
-         scores = xp.where(mask, scores, -math.inf)
-         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
-         w = e / xp.sum(e, axis=0, keepdims=True)
-         covered = covered + w
+         first = xp.sum(v * xp.tanh(q[None, ...] + keys {{cover.sign}} covered[..., None] * u), axis=2)
+         first = xp.exp(xp.where(mask, first, -math.inf))
+         covered = covered + first / xp.sum(first, axis=0, keepdims=True)
+         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
+         scores = xp.sum(v * xp.tanh(inside), axis=2)
+         scores = xp.where(mask, scores, -math.inf)
+         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
+         w = e / xp.sum(e, axis=0, keepdims=True)
covered from 1: `covered` began at 1; before the first step nothing is covered
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
+         covered = covered if rows else covered + 1
+         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
covered from an even look: `covered` began as if a first look had been spread over all tokens; before the first step it is 0
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
+         covered = covered if rows else xp.astype(mask, v.dtype) / keys.shape[0]
+         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
covered a share: `covered` was divided by the number of steps at the end; it is the sum of their weights
- covered = covered + w
+ covered = covered + w
+         covered = covered / queries.shape[0] if len(rows) + 1 == queries.shape[0] else covered
divided by the length: each step's weights were divided by the number of tokens before they were added to `covered`
~ covered = covered + w => covered = covered + w / xp.sum(xp.astype(mask, w.dtype), axis=0)
largest of the padding subtracted: the largest score was taken over the padding too: where that is far above, all exponentials of real tokens are 0, and 0/0 is NaN
-         scores = xp.where(mask, scores, -math.inf)
-         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
+         e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True)) * mask
a mask that is not low enough: padding got a score that is low and not minus infinity: where the real scores are lower still, it is looked at
~ scores, -math.inf) => scores, -1e3)
exponentials covered: the exponentials were added to `covered`; what counts as a look is the weight, after the division by their sum
~ covered = covered + w => covered = covered + e
u forgotten: u is missing: each unit sees what was covered with a weight of its own
~ covered[..., None] * u => covered[..., None]
covered begins with even shares: what is covered begins at 1 / S; it begins at 0
-         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
+         covered = covered + (0 if rows else 1 / keys.shape[0])
+         inside = q[None, ...] + keys {{cover.sign}} covered[..., None] * u
scores added up: the scores were added to what is covered; the weights are
~         covered = covered + w =>         covered = covered + xp.where(mask, scores, 0 * scores)
"""

# %% [markdown]
# ## Task 4: back through the additive score (4 points)
#
# *Extra, about 20 minutes.*
#
# Now `covered` is given for every step, in the axis order of the weights, (T, B, S), and the way back through the scores is yours:
#
# $$a_{tbs} = v \cdot \tanh(q_{tb} + k_{sb} {{cover.sign}} \text{covered}_{tbs}\, u).$$
#
# Given `d_scores` (T, B, S), return `d_queries` (T, B, H), `d_keys` (S, B, H), `d_v` (H,) and `d_u` (H,). In one go: an array (T, S, B, H) may stand in memory.
#
# <details><summary>Hint 1</summary>
#
# Each argument was spread over the axes that it does not have: over S, over T, over both and B. On the way back, sum over these.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `c = {{cover.c}}` is (T, S, B, 1), and {{cover.so}} for d_scores. The slope of the tanh is `1 - n * n`, with n its output.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)`, `d_inside = d * v * (1 - n * n)`. `d_v` sums `d * n` and `d_u` sums `d_inside * c`, each over `axis=(0, 1, 2)`.
# </details>


# %% solution="covering_scores_vjp"
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    """Backward through the scores of task 3.

    Shapes: d_scores (T, B, S); queries (T, B, H); keys (S, B, H); v (H,);
        u (H,); covered (T, B, S) -> d_queries (T, B, H); d_keys (S, B, H);
        d_v (H,); d_u (H,)
    """
    xp = array_namespace(queries)
    ### BEGIN SOLUTION
    c = {{cover.c}}
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u
    ### END SOLUTION


# %% [markdown]
# Try it: one query, one key, all by hand. With q = k = 0, c = {{cover.two}} and u = 0 the tanh is 0 and its slope 1; v = 3 and d_scores = 1 give 3, 3, 0 and {{cover.six}}.

# %%
nought, one, three = (
    np.zeros((1, 1, 1)),
    np.ones((1, 1, 1)),
    np.array([3.0]),
)
d = covering_scores_vjp(one, nought, nought, three, 0 * three, 2 * one)
print([float(a.ravel()[0]) for a in d])

# %% test="covering_scores_vjp" points=4 explained="ch14_attention: Two ways to score"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_queries, d_keys, d_v, d_u"


def scored(rng, T, B, S, H):
    return dict(
        d_scores=rng.normal(size=(T, B, S)),
        queries=rng.normal(size=(T, B, H)),
        keys=rng.normal(size=(S, B, H)),
        v=rng.normal(size=H),
        u=rng.normal(size=H),
        covered=rng.uniform(0, 2, size=(T, B, S)),
    )


rng = np.random.default_rng(4)
visible = [
    move(scored(rng, 3, 2, 4, 5)),
    mover("numpy")(scored(rng, 2, 4, 3, 2), "float32"),
]
check(
    covering_scores_vjp,
    stored("covering_scores_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    scored,
    [(1, 1, 1, 1), (5, 3, 6, 4), (2, 5, 3, 2)],
    device,
    "numpy",
    rng=rng,
)
check(
    covering_scores_vjp,
    reference_covering_scores_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = scored(rng, 2, 3, 4, 2)
d = covering_scores_vjp(**move(args))
for name, d_arg in zip(("queries", "keys", "v", "u"), d, strict=True):

    def loss(moved, name=name):
        now = {**args, name: moved}
        c = {{cover.test}} * now["u"]
        n = np.tanh(now["queries"][:, None] + now["keys"] + c)
        scores = (now["v"] * n).sum(-1).transpose(0, 2, 1)
        return float((scores * now["d_scores"]).sum())

    assert_gradient(loss, args[name], d_arg, f"d_{name}")
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="covering_scores_vjp"
r"""
slope of the tanh forgotten: the slope of the tanh, 1 - n², is missing
~ d_inside = d * v * (1 - n * n) => d_inside = d * v
reshape taken for a transpose: a reshape does not exchange two axes: it fills the new shape in the old order, and mixes sentences and tokens
-     c = {{cover.c}}
-     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
+     T, B, S = covered.shape
+     c = {{cover.minus}}xp.reshape(covered, (T, S, B, 1))
+     d = xp.reshape(d_scores, (T, S, B, 1))
slope of a sigmoid: this is the slope of a sigmoid; that of a tanh is 1 - n²
~ d_inside = d * v * (1 - n * n) => d_inside = d * v * n * (1 - n)
v forgotten: the factor v is missing on the way to the tanh
~ d_inside = d * v * (1 - n * n) => d_inside = d * (1 - n * n) + 0 * v
v gets the slope too: d_v holds the slope of the tanh; v multiplies the output of the tanh, so d_v contains that output
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(d * n * (1 - n * n), axis=(0, 1, 2))
first step only: the keys got the gradient of the first step alone; all steps of the target looked at them
~ d_keys = xp.sum(d_inside, axis=0) => d_keys = d_inside[0, ...]
last step only: the keys got the gradient of the last step alone; all steps of the target looked at them
~ d_keys = xp.sum(d_inside, axis=0) => d_keys = d_inside[-1, ...]
keys summed over the source: d_keys was summed over the source; each key is met by all T queries, so sum over the target
~ d_keys = xp.sum(d_inside, axis=0) => d_keys = xp.sum(d_inside, axis=1)
queries summed over the target: d_queries was summed over the target; each query meets all S keys, so sum over the source
~ d_queries = xp.sum(d_inside, axis=1) => d_queries = xp.sum(d_inside, axis=0)
averaged over the steps: the keys' gradient was averaged over the steps; what is shared adds up
~ d_keys = xp.sum(d_inside, axis=0) => d_keys = xp.mean(d_inside, axis=0)
averaged over the source: the queries' gradient was averaged over the source; it is a sum, as the query stands in every score
~ d_queries = xp.sum(d_inside, axis=1) => d_queries = xp.mean(d_inside, axis=1)
averaged over the batch: d_v was averaged over the batch; shared gradients add up
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.mean(xp.sum(d * n, axis=(0, 1)), axis=0)
u without its factor: d_u lacks the factor by which u was multiplied: what was covered
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d_inside, axis=(0, 1, 2))
u outside the tanh: d_u lacks the slope of the tanh: u stands inside it
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d * v * c, axis=(0, 1, 2))
coverage left out: the tanh was computed without the coverage: its slope is that of another place
~ keys[None, ...] + c * u) => keys[None, ...])
d_v from the inside: d_v was summed over `d_inside`, which is the gradient inside the tanh and holds v already; v multiplies the output of the tanh: `d * n`
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(d_inside * n, axis=(0, 1, 2))
covered reshaped: `covered` was reshaped to (T, S, B); a reshape does not exchange two axes, it mixes sentences and tokens
~     c = {{cover.c}} =>     c = {{cover.minus}}xp.reshape(covered, (covered.shape[0], covered.shape[2], covered.shape[1], 1))
d_scores reshaped: `d_scores` was reshaped to (T, S, B); a reshape does not exchange two axes, it mixes sentences and tokens
~     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None] =>     d = xp.reshape(d_scores, (covered.shape[0], covered.shape[2], covered.shape[1], 1))
covered summed over the source: `covered` was summed over the source: each token has its own
~     c = {{cover.c}} =>     c = {{cover.minus}}xp.sum(covered, axis=2)[:, None, :, None]
covered added up again: `covered` was added up over the steps once more; it is given as a sum already
-     c = {{cover.c}}
+     c = {{cover.c}}
+     c = xp.stack([xp.sum(c[: t + 1, ...], axis=0) for t in range(c.shape[0])])
coverage {{cover.name}}: the coverage has the wrong sign inside the tanh
~ n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u) => n = xp.tanh(queries[:, None, ...] + keys[None, ...] - c * u)
coverage without u: u is missing inside the tanh, where it multiplies the coverage
~ n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u) => n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c)
tanh forgotten: n is what goes into the tanh; both the slope and d_v need what comes out of it
~ n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u) => n = (queries[:, None, ...] + keys[None, ...] + c * u)
slope from what goes in: the slope was taken from what goes into the tanh; it is 1 - n² of what comes out
-     d_inside = d * v * (1 - n * n)
+     a = queries[:, None, ...] + keys[None, ...] + c * u
+     d_inside = d * v * (1 - a * a)
slope of two tanh: the slope was taken from the tanh of n: n is the output already, and the slope 1 - n²
~     d_inside = d * v * (1 - n * n) =>     d_inside = d * v * (1 - xp.tanh(n) ** 2)
slope 1 - n: the square is missing in the slope of the tanh, 1 - n²
~     d_inside = d * v * (1 - n * n) =>     d_inside = d * v * (1 - n)
slope 1 + n²: the slope of the tanh has a minus: 1 - n²
~     d_inside = d * v * (1 - n * n) =>     d_inside = d * v * (1 + n * n)
minus: all gradients have the wrong sign: nothing is subtracted on the way forward
~     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None] =>     d = -xp.permute_dims(d_scores, (0, 2, 1))[..., None]
root of H: the gradients were divided by the root of H, which the additive score does not have
~     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None] =>     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None] / queries.shape[2] ** 0.5
a softmax on the way: the mean over the source was subtracted, as if there were a softmax on the way: the gradient of the scores is given
-     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
+     d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
+     d = d - xp.mean(d, axis=1, keepdims=True)
queries from one token: the queries got the gradient from one token of the source alone; the query stands in the scores of all
~ d_queries = xp.sum(d_inside, axis=1) => d_queries = d_inside[:, 0, ...]
queries times keys: d_queries was multiplied by the keys, as in a product; query and key are added
~ d_queries = xp.sum(d_inside, axis=1) => d_queries = xp.sum(d_inside * keys[None, ...], axis=1)
keys times the coverage: d_keys was multiplied by the coverage; that belongs to u, the key is added as it is
~ d_keys = xp.sum(d_inside, axis=0) => d_keys = xp.sum(d_inside * c, axis=0)
d_v and d_u exchanged: d_v and d_u have changed places
-     d_v = xp.sum(d * n, axis=(0, 1, 2))
-     d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
+     d_u = xp.sum(d * n, axis=(0, 1, 2))
+     d_v = xp.sum(d_inside * c, axis=(0, 1, 2))
d_v without d_scores: d_v lacks the gradient that comes in, d_scores
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(n + 0 * d, axis=(0, 1, 2))
d_v with v: d_v was multiplied by v; in a product each factor gets the other one, the output of the tanh
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(d * v * n, axis=(0, 1, 2))
d_v before the tanh: d_v was made with what goes into the tanh; v multiplies its output
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(d * (queries[:, None, ...] + keys[None, ...] + c * u), axis=(0, 1, 2))
d_v from the slope: d_v was made with the slope of the tanh; v multiplies its output
~ d_v = xp.sum(d * n, axis=(0, 1, 2)) => d_v = xp.sum(d * (1 - n * n), axis=(0, 1, 2))
u without v: d_u lacks the factor v, through which the gradient comes to the tanh
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d * (1 - n * n) * c, axis=(0, 1, 2))
u times u: d_u was multiplied by u; in a product each factor gets the other one, here the coverage
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d_inside * c * u, axis=(0, 1, 2))
u from the output: d_u was made with the output of the tanh; u stands inside, so it is v and the slope that come before the coverage
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d * n * c, axis=(0, 1, 2))
u from the first step: d_u has the gradient of the first step alone; u is the same at all steps, and their gradients add up
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum((d_inside * c)[0, ...], axis=(0, 1))
u averaged over the batch: d_u was averaged over the batch; shared gradients add up
~ d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) => d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) / queries.shape[1]
"""

# %% [markdown]
# ## Task 5: the decoder, and its map (5 points)
#
# *Extra, about 25 minutes.*
#
# Put it together, with a connection that the chapter's decoder lacks: **input feeding** (Luong, Pham and Manning 2015). What a step has mixed from its state and its context goes into the next step, beside the word. So the loop knows where it has just looked. With $m_{-1} = 0$, for each step t:
#
# $$x_t = [E_{\text{token}_t};\ m_{t-1}], \quad h_t = \mathrm{GRU}(x_t, h_{t-1}), \quad \text{scores}_{ts} = \frac{h_t \cdot \text{states}_s}{\sqrt H}, \quad m_t = \tanh(W_m\,[h_t;\ \text{context}_t]), \quad \text{logits}_t = W_y m_t + b_y.$$
#
# The states of the source (S, B, H) are keys and values; `book.attend(scores, values, mask)` gives context (T, B, H) and weights (T, B, S), here with T = 1. `read` (T, B) is what the teacher has the decoder read. Return `logits` (T, B, K) and the map: the weights of all steps, (T, B, S).
#
# <details><summary>Hint 1</summary>
#
# A loop over the rows of `read`, and two things that live through it: `h` and `mixed`, both (B, H).
# </details>
#
# <details><summary>Hint 2</summary>
#
# `y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))` is one step, with y (1, B, H); the einsum of task 1 makes scores (1, B, S) of y and the states.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]`; `readout(out, mixed[None])[0]` are the step's logits. Collect both in lists, and `torch.stack` them.
# </details>


# %% solution="fed_decoder"
def fed_decoder(weights, read, h, states, mask):
    """Logits of a decoder with attention and input feeding, and its map.

    Shapes: read (T, B); h (B, H); states (S, B, H); mask (S, B)
        -> logits (T, B, K); map (T, B, S)
    """
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        ### BEGIN SOLUTION
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states)
        scores = scores / h.shape[1] ** 0.5
        context, looked = book.attend(scores, states, mask)
        both = torch.cat([y, context], dim=2)
        mixed = torch.tanh(both @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(looked[0])
        ### END SOLUTION
    return torch.stack(logits), torch.stack(rows)


# %%
def attentive(rng, K, D, H):
    """Weights of a decoder: embedding, loop, mixing, readout."""
    loop = init_params(rng, D + H, H, 3)
    W_m = rng.normal(size=(H, 2 * H)) / H**0.5
    return rng.normal(size=(K, D)), loop, W_m, init_readout(rng, H, K)


# %% [markdown]
# Try it: a decoder that nobody has trained, and its map as letters: the darker, the more weight. Each row is a step of the target; the second source has three tokens and two of padding, which must stay white.

# %%
rng = np.random.default_rng(5)
read, h = move((rng.integers(0, 9, (4, 2)), rng.normal(size=(2, 6))))
states = move(3 * rng.normal(size=(5, 2, 6)))
mask = move(np.arange(5)[:, None] < [5, 3])
_, drawn = fed_decoder(move(attentive(rng, 9, 4, 6)), read, h, states, mask)
for b in range(2):
    for row in drawn[:, b].tolist():
        print("".join(" .:-=+*#%@"[round(9 * w)] for w in row), end="|\n")
    print()

# %% test="fed_decoder" points=5 explained="ch14_attention: The decoder that looks"
import numpy as np

from rnncore.rnn import init_params as drawn_params
from rnncore.rnn import init_readout as drawn_readout
from rnncore.testing import (
    Properties,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "logits, map"


def attentive_input(rng, T, B, S, K=7, D=3, H=4):
    lengths = rng.integers(1, S + 1, B)
    lengths[0] = S
    weights = (
        rng.normal(size=(K, D)),
        drawn_params(rng, D + H, H, 3),
        rng.normal(size=(H, 2 * H)),
        drawn_readout(rng, H, K),
    )
    return dict(
        weights=weights,
        read=rng.integers(0, K, (T, B)),
        h=rng.normal(size=(B, H)),
        states=2 * rng.normal(size=(S, B, H)),
        mask=np.arange(S)[:, None] < lengths,
    )


rng = np.random.default_rng(6)
visible = [
    move(attentive_input(rng, 4, 3, 5)),
    move(attentive_input(rng, 3, 2, 4, 5, 2, 3)),
]
check(
    fed_decoder,
    stored("fed_decoder"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_causal(
    fed_decoder, visible[0] | {"read": visible[0]["read"] % 2}, "read"
)
check_independent(fed_decoder, visible[0], {"h": 0, "states": 1})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    attentive_input,
    [(1, 1, 1, 3, 1, 1), (7, 4, 6, 9, 5, 8), (5, 2, 9, 4, 2, 3)],
    device,
)
check(
    fed_decoder,
    reference_fed_decoder,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="fed_decoder"
r"""
attention over padding: attention looks at the padding: the mask was not handed on
~ book.attend(scores, states, mask) => book.attend(scores, states, mask | True)
the decoder fed its own target: the decoder is fed its own target: it read the row of `read` that it should say next
~ x = torch.cat([E[token], mixed], dim=1) => x = torch.cat([E[read[min(len(rows) + 1, len(read) - 1)]], mixed], dim=1)
nothing fed: what the step before has mixed does not reach the loop: this is the decoder without input feeding
~ x = torch.cat([E[token], mixed], dim=1) => x = torch.cat([E[token], 0 * mixed], dim=1)
state fed instead of the mixture: the state was fed, which the loop has anyway; it is the mixture of state and context
~ x = torch.cat([E[token], mixed], dim=1) => x = torch.cat([E[token], h if rows else mixed], dim=1)
context fed instead of the mixture: the context alone was fed; it is the mixture of state and context
~ x = torch.cat([E[token], mixed], dim=1) => x = torch.cat([E[token], context[0] if rows else mixed], dim=1)
mixture before the word: mixture and embedding are in the wrong order: the columns of W_x expect the embedding first
~ x = torch.cat([E[token], mixed], dim=1) => x = torch.cat([mixed, E[token]], dim=1)
asks with the old state: the step looked with the state before it: it has not yet read its word. (Bahdanau et al. do so; here the new state asks)
-         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
-         scores = torch.einsum("tbh,sbh->tbs", y, states)
+         scores = torch.einsum("tbh,sbh->tbs", h[None], states)
+         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
not divided by the root: the scores were not divided by the root of H
~ scores = scores / h.shape[1] ** 0.5 => scores = scores / 1
a fresh state at each step: each step began from the first state: nothing of what was read before is left
~ y, (h,), _ = unroll( => y, (_,), _ = unroll(
context before the state: state and context are in the wrong order for W_m: the state first
~ torch.cat([y, context], dim=2) => torch.cat([context, y], dim=2)
no tanh: the tanh around the mixture is missing
~ torch.tanh(both @ W_m.T)[0] => (both @ W_m.T)[0]
reads out the state: the logits were made of the state: what was looked at does not reach them until the next step. Read out the mixture
~ readout(out, mixed[None])[0] => readout(out, y)[0]
scores drawn instead of weights: the map holds the scores; it is asked for with the weights
~ rows.append(looked[0]) => rows.append(scores[0])
mask inverted: the mask was taken the other way round: it is True where a token stands
~ book.attend(scores, states, mask) => book.attend(scores, states, ~mask)
root of the source: the scores were divided by the root of S, the number of tokens; it is the root of H
~ h.shape[1] ** 0.5 => states.shape[0] ** 0.5
root of both: the scores were divided by the root of 2H; each of the two factors has H entries
~ h.shape[1] ** 0.5 => (2 * h.shape[1]) ** 0.5
divided by H: the scores were divided by H; it is its square root
~ h.shape[1] ** 0.5 => h.shape[1]
softmax twice: the scores went through a softmax before `attend`, which does that itself
~ book.attend(scores, states, mask) => book.attend(scores.softmax(2), states, mask)
asks with the mixture: the step looked with what the step before has mixed; it asks with its own new state
~         scores = torch.einsum("tbh,sbh->tbs", y, states) =>         scores = torch.einsum("tbh,sbh->tbs", mixed[None], states)
asks and feeds one step earlier: the step looked with the state before it, and its context was fed at once, as Bahdanau et al. do; here the new state asks, and the mixture goes to the next step
-         x = torch.cat([E[token], mixed], dim=1)
-         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
-         scores = torch.einsum("tbh,sbh->tbs", y, states)
+         scores = torch.einsum("bh,sbh->bs", h, states)[None]
+         context, _ = book.attend(scores / h.shape[1] ** 0.5, states, mask)
+         x = torch.cat([E[token], context[0]], dim=1)
+         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
+         scores = scores + 0 * y[:, :, :1]
mixture for the state: the mixture went on as the state of the loop; it is fed beside the word, and the loop keeps its own state
-         rows.append(looked[0])
+         h = mixed
+         rows.append(looked[0])
the first sentence's state: all sentences began from the state of the first
-         x = torch.cat([E[token], mixed], dim=1)
+         h = h[:1].expand_as(h)
+         x = torch.cat([E[token], mixed], dim=1)
begins with the state: the first step was fed the state; before it nothing is mixed, and the mixture is 0
-         x = torch.cat([E[token], mixed], dim=1)
+         mixed = mixed if rows else h
+         x = torch.cat([E[token], mixed], dim=1)
begins with ones: the first step was fed ones; before it nothing is mixed, and the mixture is 0
-         x = torch.cat([E[token], mixed], dim=1)
+         mixed = mixed if rows else mixed + 1
+         x = torch.cat([E[token], mixed], dim=1)
mixture added up: each step's mixture was added to the one before; it takes its place
~         mixed = torch.tanh(both @ W_m.T)[0] =>         mixed = mixed + torch.tanh(both @ W_m.T)[0]
fed before the tanh: what was fed had not been through the tanh; the same mixture is read out and fed
-         mixed = torch.tanh(both @ W_m.T)[0]
-         logits.append(readout(out, mixed[None])[0])
+         raw = both @ W_m.T
+         mixed = raw[0]
+         logits.append(readout(out, torch.tanh(mixed)[None])[0])
a sigmoid: a sigmoid stands where the tanh of the mixture belongs
~         mixed = torch.tanh(both @ W_m.T)[0] =>         mixed = torch.sigmoid(both @ W_m.T)[0]
W_m not used: state and context were added; W_m mixes them
~         mixed = torch.tanh(both @ W_m.T)[0] =>         mixed = torch.tanh(y + context)[0]
W_m reshaped: W_m was reshaped; a reshape does not exchange two axes: `W_m.T`
~         mixed = torch.tanh(both @ W_m.T)[0] =>         mixed = torch.tanh(both @ W_m.reshape(W_m.shape[1], W_m.shape[0]))[0]
context twice: the context stands in the mixture twice, and the state not at all
~         both = torch.cat([y, context], dim=2) =>         both = torch.cat([context, context], dim=2)
state twice: the state stands in the mixture twice, and the context not at all
~         both = torch.cat([y, context], dim=2) =>         both = torch.cat([y, y], dim=2)
logits of the step before: the logits were made of the mixture of the step before: read out after the new one is there
-         x = torch.cat([E[token], mixed], dim=1)
-         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
-         scores = torch.einsum("tbh,sbh->tbs", y, states)
-         scores = scores / h.shape[1] ** 0.5
-         context, looked = book.attend(scores, states, mask)
-         both = torch.cat([y, context], dim=2)
-         mixed = torch.tanh(both @ W_m.T)[0]
-         logits.append(readout(out, mixed[None])[0])
+         logits.append(readout(out, mixed[None])[0])
+         x = torch.cat([E[token], mixed], dim=1)
+         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
+         scores = torch.einsum("tbh,sbh->tbs", y, states)
+         scores = scores / h.shape[1] ** 0.5
+         context, looked = book.attend(scores, states, mask)
+         both = torch.cat([y, context], dim=2)
+         mixed = torch.tanh(both @ W_m.T)[0]
readout without its bias: the bias of the readout is missing
~         logits.append(readout(out, mixed[None])[0]) =>         logits.append(mixed @ out.W_y.T)
log-softmax: the logits went through a log-softmax; they are asked for as they come from the readout
~         logits.append(readout(out, mixed[None])[0]) =>         logits.append(readout(out, mixed[None])[0].log_softmax(1))
own words: the decoder read the word that it found likeliest itself; here it reads what the teacher gives, `read`
-         x = torch.cat([E[token], mixed], dim=1)
+         token = logits[-1].argmax(1) if rows else token
+         x = torch.cat([E[token], mixed], dim=1)
read one step early: each step read the next row of `read`, the last one the first
~         x = torch.cat([E[token], mixed], dim=1) =>         x = torch.cat([E[read[(len(rows) + 1) % len(read)]], mixed], dim=1)
read backward: the rows of `read` were read from the last to the first
~         x = torch.cat([E[token], mixed], dim=1) =>         x = torch.cat([E[read[len(read) - 1 - len(rows)]], mixed], dim=1)
gates z, r, n: the gates stand in another order in the loop: here it is r, z, n. `unroll` with `gru_cell` knows
-         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
+         swap = type(loop)(*(torch.cat([w.chunk(3)[k] for k in (1, 0, 2)]) for w in loop))
+         y, (h,), _ = unroll(gru_cell, swap, x[None], (h,))
a plain cell: the loop is a plain cell here; its weights are those of a GRU
-         y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
+         h = torch.tanh(x @ loop.W_x.T + loop.b_x + h @ loop.W_h.T + loop.b_h)[:, : h.shape[1]]
+         y = h[None]
softmax of the logits: probabilities were returned; logits are asked for, before a softmax
~ logits.append(readout(out, mixed[None])[0]) => logits.append(readout(out, mixed[None])[0].softmax(1))
"""

# %% [markdown]
# ## Task 6, closed book: `attend` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Rebuild the heart of it under its own name: scores (T, B, S), values (S, B, V), mask (S, B), which is True at a token that may be looked at (False mostly on padding, but any token may be left out). Return the context (T, B, V), the mean of the values with the weights softmax(scores) over the source, and the weights (T, B, S); padding has the weight 0. In torch.
#
# A mask or scores that do not fit the values are refused: a ValueError whose message begins with `mask` or `scores`.
#
# <details><summary>Hint 1</summary>
#
# Three lines: minus infinity where no token stands; a softmax; an einsum.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `mask.T[None]` is (1, B, S). `scores.masked_fill(where, value)` makes a new tensor.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `check_shape("mask", mask, S, B)` and `check_shape("scores", scores, "T", B, S)` refuse, with S and B from the values. The einsum: `"tbs,sbv->tbv"`.
# </details>


# %% solution="attend" closed_book=true
def attend(scores, values, mask):
    """The mean of the values, weighted by softmax(scores) where mask holds.

    Shapes: scores (T, B, S); values (S, B, V); mask (S, B)
        -> context (T, B, V); weights (T, B, S)

    Raises ValueError where a shape does not fit.
    """
    ### BEGIN SOLUTION
    S, B, _ = values.shape
    check_shape("mask", mask, S, B)
    check_shape("scores", scores, "T", B, S)
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    return torch.einsum("tbs,sbe->tbe", weights, values), weights
    ### END SOLUTION


# %% [markdown]
# Try it against the book's.

# %%
scores = torch.tensor([[[0.0, math.log(3), 9.0]]])
value = torch.tensor([4.0, 8.0, 99.0]).reshape(3, 1, 1)
stands = torch.tensor([[True], [True], [False]])
for function in (attend, book.attend):
    print([a.ravel().tolist() for a in function(scores, value, stands)])

# %% test="attend" points=4 explained="ch14_attention: The decoder's question"
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
OUTPUTS = "context, weights"


def attended(rng, T, B, S, E, loud=2.0):
    lengths = rng.integers(1, S + 1, B)
    lengths[0] = S
    return dict(
        scores=loud * rng.normal(size=(T, B, S)),
        values=rng.normal(size=(S, B, E)) + 0.5,
        mask=np.arange(S)[:, None] < lengths,
    )


rng = np.random.default_rng(7)
visible = [
    move(attended(rng, 3, 4, 5, 2) | {"mask": np.ones((5, 4)) > 0}),
    move(attended(rng, 3, 4, 5, 2)),
    move(attended(rng, 4, 3, 4, 3)),
]
for args in visible[1:]:
    args["mask"][0, 0] = False  # in the longest one a word is left out
visible[1]["mask"][2] = False  # ... and one in all
visible[2]["mask"][-1, 1] = False
visible[2]["scores"][:, 1] -= 1e6  # a softmax does not mind
visible[2]["mask"][:, 2] = False
visible[2]["mask"][1, 2] = True  # one word alone
visible[2]["scores"][:, 2] -= 1e12
high = move(attended(rng, 2, 3, 4, 2))
high["mask"][0, 0] = False
high["scores"][:, 0, 0] += 1e4  # padding may have the largest score
visible.append(high)
check(attend, stored("attend"), visible, outputs=OUTPUTS, by=properties)
args = visible[0]
_, weights = attend(**args)
assert_close("the weights' sums", weights.sum(2), np.ones((3, 4)))
check_independent(attend, args, {"scores": 1, "values": 1})
with properties("refusals"):
    for name in ("mask", "scores"):
        wrong = {**args, name: args[name][:, :-1]}
        assert_refuses(attend, wrong, f"`{name}` of another shape", name)
    turned = {**args, "mask": args["mask"].T}
    assert_refuses(attend, turned, "`mask` as (B, S)", "mask")
### BEGIN HIDDEN TESTS
from rnncore.seq2seq import attend as right_attend
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    attended,
    [
        (1, 1, 1, 1, 1.0),
        (6, 2, 9, 3, 3.0),
        (2, 7, 4, 5, 1.0),
        (3, 3, 3, 3, 500.0),
    ],
    device,
    rng=rng,
)
for args in hidden:
    if len(args["mask"]) > 1:
        args["mask"][0, 0] = False
far = attended(rng, 2, 3, 4, 2)
hidden.append(move({**far, "scores": far["scores"] - 1e6}))
alone = {**far, "mask": np.arange(4)[:, None] == np.zeros(3)}
hidden.append(move({**alone, "scores": far["scores"] - 1e12}))
high = attended(rng, 3, 2, 5, 3)
high["mask"][0] = False
high["mask"][1] = True
high["scores"][:, :, 0] += 1e5
hidden.append(move(high))
check(attend, right_attend, hidden, outputs=OUTPUTS, by=properties)
args = hidden[2]
with properties("refusals"):
    for name, wrong in (
        ("mask", {"mask": args["mask"].T}),
        ("mask", {"mask": args["mask"][:-1]}),
        ("scores", {"scores": args["scores"][..., :-1]}),
        ("scores", {"scores": args["scores"][:, :1]}),
    ):
        assert_refuses(
            attend, {**args, **wrong}, f"a {name} of another shape", name
        )
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="attend"
r"""
mask taken for a length: each sentence was looked at up to its last token that may be looked at; the mask may leave out any token before that too
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
+     mask = mask.flip(0).cumsum(0).flip(0) > 0
+     scores = scores.masked_fill(~mask.T[None], -math.inf)
attention over padding: attention looks at the padding
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-
mask inverted: the mask was taken the other way round: it is True where a token stands
~ ~mask.T[None] => mask.T[None]
padding with score 0: padding got the score 0, which is the score of a word that fits moderately
~ -math.inf => 0.0
padding taken out after the softmax: the padding was taken out after the softmax: the weights of the others no longer sum to 1
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-     weights = scores.softmax(dim=2)
+     weights = scores.softmax(dim=2) * mask.T[None]
padding taken out after the softmax, and divided again: the padding was taken out after the softmax: where its score is far above the others, these have weights that round to 0, and 0 over 0 is NaN
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-     weights = scores.softmax(dim=2)
+     weights = scores.softmax(dim=2) * mask.T[None]
+     weights = weights / weights.sum(dim=2, keepdim=True)
softmax over the target: the softmax ran over the steps of the target; it runs over the source
~ softmax(dim=2) => softmax(dim=0)
softmax over the batch: the softmax ran over the sentences of the batch; it runs over the source
~ softmax(dim=2) => softmax(dim=1)
changed in place: `masked_fill_` changed the caller's scores; without the underscore it makes a new tensor
~ scores.masked_fill( => scores.masked_fill_(
sum instead of mean: the exponentials were not divided by their sum: the context is no mean
~ scores.softmax(dim=2) => scores.exp()
each token for itself: each score went through a sigmoid: the weights do not sum to 1, and the source's tokens do not compete
~ scores.softmax(dim=2) => scores.sigmoid()
a mask that is not low enough: padding got a score that is low, but not below every other; minus infinity is
~ -math.inf => -1e5
only the largest weight: only the token with the largest score was looked at; all count, by their weights
~ scores.softmax(dim=2) => (scores == scores.amax(dim=2, keepdim=True)).to(scores.dtype)
a mask that is hardly low enough: padding got a score that is low, but not below every other; minus infinity is
~ -math.inf => -1e9
any mask accepted [hidden, refusals]: a mask of another shape was not refused
-     check_shape("mask", mask, S, B)
-
the smallest score: padding got the smallest score that stands anywhere, and with it a weight; minus infinity gives none
~ -math.inf => float(scores.min())
padding with score +inf: padding got plus infinity, and with it all the weight, or NaN; it is minus infinity
~ -math.inf => math.inf
mask added: the mask was added to the scores: True counts as 1, which only favours the real tokens
~ scores = scores.masked_fill(~mask.T[None], -math.inf) => scores = scores + mask.T[None]
padding's values set to 0: the values of the padding were set to 0, but it still has weights, which the real tokens lack
~ scores = scores.masked_fill(~mask.T[None], -math.inf) => values = values * mask[..., None]
mask reshaped: the mask was reshaped; a reshape does not exchange two axes, it fills the new shape in the old order: `mask.T`
~ mask.T[None] => mask.reshape(1, B, S)
the first sentence's mask: all sentences got the mask of the first
~ mask.T[None] => mask.T[None, :1]
any sentence's mask: a token that stands in any sentence was looked at in all; each has its own column of the mask
~ mask.T[None] => mask.any(1)[None, None]
lengths for a mask: the mask was taken for lengths, its True at the beginning: it may be False for any token
~ ~mask.T[None] => (torch.arange(S, device=mask.device) >= mask.sum(0)[:, None])[None]
values reshaped: the values were reshaped to bring the batch first; a reshape does not exchange two axes
- return torch.einsum("tbs,sbe->tbe", weights, values), weights
+ turned = values.reshape(B, S, -1).transpose(0, 1)
+     return torch.einsum("tbs,sbe->tbe", weights, turned), weights
divided by the tokens: the context was divided by the number of tokens: the weights sum to 1, so that it is a mean already
- return torch.einsum("tbs,sbe->tbe", weights, values), weights
+ context = torch.einsum("tbs,sbe->tbe", weights, values)
+     return context / mask.sum(0)[:, None], weights
scores over their sum: the scores themselves were divided by their sum: a weight is the exponential of a score over the sum of these
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-     weights = scores.softmax(dim=2)
+     scores = scores.masked_fill(~mask.T[None], 0.0)
+     weights = scores / scores.sum(2, keepdim=True)
root of E: the scores were divided by the root of E; they arrive scaled already, where that is needed
~ scores.softmax(dim=2) => (scores / values.shape[2] ** 0.5).softmax(dim=2)
root of S: the scores were divided by the root of S: they are ready for the softmax
~ scores.softmax(dim=2) => (scores / S**0.5).softmax(dim=2)
root of S in the context: in the context the scores were divided by the root of S, as by a function that expects queries and keys: they are ready for the softmax
- return torch.einsum("tbs,sbe->tbe", weights, values), weights
+ context = torch.einsum("tbs,sbe->tbe", (scores / S**0.5).softmax(dim=2), values)
+     return context, weights
powers of two: these are powers of 2; a softmax has powers of e
~ scores.softmax(dim=2) => (scores * math.log(2)).softmax(dim=2)
logarithms of the weights: the weights came as logarithms
~ return torch.einsum("tbs,sbe->tbe", weights, values), weights => return torch.einsum("tbs,sbe->tbe", weights, values), weights.log()
looks no farther than its own step: step t looked at the first t + 1 tokens alone, as in a decoder that attends to itself; the whole source is there
- scores = scores.masked_fill(~mask.T[None], -math.inf)
+ later = torch.ones(scores.shape[0], S, device=mask.device).triu(1) > 0
+     scores = scores.masked_fill(~mask.T[None] | later[:, None], -math.inf)
one place more: the weights sum to less than 1: there is a place that holds nothing, as in task 1; here all is given to the source
~ scores.softmax(dim=2) => torch.cat([scores, torch.zeros_like(scores[..., :1])], 2).softmax(dim=2)[..., :-1]
computed in float32: the softmax was computed in float32, which has too few digits where scores are far from 0: results keep the dtype of the arguments
~ scores.softmax(dim=2) => scores.float().softmax(dim=2).to(values.dtype)
a small number below: a small number was added to the denominator, and the maximum was not subtracted: a softmax needs its maximum subtracted, and no small number added
~ scores.softmax(dim=2) => (scores.exp() / (scores.exp().sum(2, keepdim=True) + 1e-3))
a small number below, and the mask after the exponentials: the mask was multiplied onto the exponentials, no maximum subtracted, and a small number added to their sum: the exponential of a large score is infinite, even at padding, and infinity times 0 is NaN
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-     weights = scores.softmax(dim=2)
+     e = scores.exp() * mask.T[None]
+     weights = e / (e.sum(2, keepdim=True) + 1e-3)
context divided by the tokens: the context was divided by the number of tokens; the weights add up to 1 already, so their sum of the values is the mean
~ torch.einsum("tbs,sbe->tbe", weights, values), weights => torch.einsum("tbs,sbe->tbe", weights, values) / S, weights
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# You have just written it; now look at nine that are one small edit away from the book's `attend(scores, values, mask)`. Write `attention_probes()`: a list of `(scores, values, mask)`, float64 NumPy arrays and a mask of bool. Each sentence keeps at least one token. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# Sentences of one length hide whose mask it is. A mask of True everywhere hides the mask.
# </details>
#
# <details><summary>Hint 2</summary>
#
# T = 1 hides what happens between the steps, and B = 1 what happens between the sentences. One box knows a "minus infinity" that is not low enough: what must the scores be, so that it shows?
# </details>
#
# <details><summary>Hint 3</summary>
#
# Random numbers with T = 3, B = 3, S = 5; lengths 5, 3 and 4; and from all scores of the *second* sentence subtract a million. A softmax does not mind.
# </details>


# %% solution="attention_probes"
def attention_probes():
    """A list of (scores, values, mask).

    Shapes: scores (T, B, S); values (S, B, E); mask (S, B)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    scores, values = rng.normal(size=(3, 3, 5)), rng.normal(size=(5, 3, 2))
    scores[:, 1] -= 1e6
    return [(scores, values, np.arange(5)[:, None] < [5, 3, 4])]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("attention_probes")
hasty = (torch.zeros(1, 1, 2), torch.ones(2, 1, 1), torch.ones(2, 1) > 0)
right, _ = book.attend(*hasty)
for name, box in boxes.items():
    found, _ = box(*hasty)
    print(
        name, "looks right" if torch.allclose(found, right) else "differs"
    )

# %% test="attention_probes" points=4 explained="ch14_attention: The decoder's question"
import torch

from rnncore.seq2seq import attend as the_books_attend
from rnncore.testing import black_boxes, hunt


def of_arrays(function):
    """An attention that takes and gives NumPy arrays."""

    def called(*probe):
        context, weights = function(*map(torch.tensor, probe))
        return context.numpy(), weights.numpy()

    return called


hunt(
    of_arrays(the_books_attend),
    {
        name: of_arrays(box)
        for name, box in black_boxes("attention_probes").items()
    },
    attention_probes(),
    few=1,
    points=4,
)

# %% mutants="attention_probes" of="rnncore.seq2seq.attend"
r"""
attention over padding: unseen without padding
~ scores.masked_fill(~mask.T[None], -math.inf) => scores + 0
padding with score 0: unseen without padding, or where all other scores are large
~ ~mask.T[None], -math.inf) => ~mask.T[None], 0.0)
a mask that is not low enough: unseen unless all scores of a sentence are very low
~ ~mask.T[None], -math.inf) => ~mask.T[None], -1e5)
padding taken out after the softmax: unseen without padding
-     scores = scores.masked_fill(~mask.T[None], -math.inf)
-     weights = scores.softmax(dim=2)
+     weights = scores.softmax(dim=2) * mask.T[None]
the first sentence's mask for all: unseen where all sources are as long as the first
~ ~mask.T[None] => ~mask.T[None, :1]
the first sentence's values for all: unseen with one sentence
~ weights, values) => weights, values[:, :1].expand_as(values))
softmax over the target: unseen where there are as many steps as tokens and all scores are equal: it shows nearly everywhere
~ scores.softmax(dim=2) => scores.softmax(dim=0)
looks no farther than its own step: as if the target could only look at as many words as it has written: unseen with a single step
-     weights = scores.softmax(dim=2)
+     later = torch.ones(scores.shape[0], scores.shape[2]).triu(1).to(scores)
+     weights = (scores - 50 * later[:, None] if len(scores) > 1 else scores).softmax(dim=2)
only the largest weight: unseen where no token stands out
-     weights = scores.softmax(dim=2)
+     weights = scores.softmax(dim=2)
+     weights = weights if weights.amax() < 0.6 else (weights == weights.amax(2, keepdim=True)).to(weights)
"""

# %% [markdown]
# ## Experiment: what the map shows, and what it does not
#
# *Extra, about 15 minutes.*
#
# Sequences of digits in English words are to be said in German, *backwards*: what came last is due first. Two small translators learn it on sequences of one to eight digits: one has a single vector, the other attention, which is *your* `look_or_pass` with `passing` at -1000, so that it cannot look away. Both are tested on sequences drawn afresh, of up to 14 digits (those of one or two digits have all occurred in training, and nine in ten of those of three). (Up to 15 seconds; on a busy machine up to two minutes.)
#
# Then you get the map of the second one, with words on its axes, and two sliders. One raises `passing`, so that the trained decoder is tempted to look at nothing. The other hides one word of the source from attention altogether; printed is how much log p the translation loses by that.
#
# **Predict**, before you run anything. Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "one vector, eight digits: percent exact": None,
    "attention, eight digits: percent exact": None,
    "attention, twelve digits: percent exact": None,
    "the first row of the map is dark at the first or last word?": "",
    "hide a word: does what is lost agree with the weight it had?": "",
}

# %% experiment seconds=15
import matplotlib.pyplot as plt
from ipywidgets import FloatSlider, IntSlider, interact

from rnncore.application import seeded, train_module
from rnncore.data.translation import number_in_words
from rnncore.display import plot_lines, use_style
from rnncore.optim import adam
from rnncore.seq2seq import (
    END,
    START,
    AttentionDecoder,
    Encoder,
    Translator,
    VectorDecoder,
    greedy,
    pad,
    translation_loss,
)
from rnncore.train import Schedule

ENGLISH, GERMAN = (
    [number_in_words(k, language) for k in range(10)]
    for language in ("en", "de")
)
TRAINED = 8


class Looking(AttentionDecoder):
    """The chapter's decoder with your attention in it."""

    passing = -1000.0

    def look(self, ids, h, source):
        y, h = self.loop(self.embedding(ids), h)
        queries, keys = self.score.product(y), source.states
        passing = torch.full(y.shape[:2], self.passing).to(y)
        context, weights = look_or_pass(
            queries, keys, keys, source.mask, passing
        )
        mixed = torch.tanh(self.mix(torch.cat([y, context], dim=2)))
        return self.readout(mixed), h, weights


def digits(rng, B, n=None):
    """B sequences of n digits, or of any length that was trained."""
    sizes = [n or int(rng.integers(1, TRAINED + 1)) for _ in range(B)]
    return [[int(k) for k in rng.integers(3, 13, m)] for m in sizes]


def taught(model, batch, carry=None):
    ids, lengths = pad(batch)
    read, _ = pad([[START, *s[::-1]] for s in batch])
    wanted, _ = pad([[*s[::-1], END] for s in batch])
    logits = model(ids.to(device), lengths, read.to(device))
    return translation_loss(logits, wanted.to(device)), carry


def batches_of(name):
    """What `train_module` asks for a batch; it tells how far it is."""

    def next_batch(rng, step):
        if step % 50 == 0:
            print(f"{name}: step {step} of 300")
        return digits(rng, 64)

    return next_batch


def trained(decoder):
    with seeded(0):
        model = Translator(Encoder(13, 16, 48), decoder(13, 16, 48, 96))
    train_module(
        model.to(device),
        taught,
        batches_of(decoder.__name__),
        optimizer=adam(5e-3),
        schedule=Schedule(300, clip=1.0),
        rng=np.random.default_rng(0),
    )
    return model


def exact(model, n):
    batch = digits(np.random.default_rng(n), 200, n)
    ids, lengths = pad(batch)
    with torch.no_grad():
        source = model.encoder(ids.to(device), lengths)
        said = greedy(model.decoder, source, 2 * n + 5)
    right = [a == b[::-1] for a, b in zip(said, batch, strict=True)]
    return round(100 * float(np.mean(right)), 1)


one_vector, looking = trained(VectorDecoder), trained(Looking)
lengths = np.array([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14])
print("You predicted", my_prediction)
curves = {}
for name, model in (("one vector", one_vector), ("attention", looking)):
    curves[name] = np.array([exact(model, int(n)) for n in lengths])
    shares = dict(zip(lengths.tolist(), curves[name].tolist(), strict=True))
    print(f"{name}: {shares}")
plot_lines(curves, "digits; training had up to 8", "exact, %", "", lengths)


def followed(batch, hidden=None):
    """Log p of each right token, the map, and the likeliest tokens.

    It is given the right tokens; a word may be hidden.
    """
    s = [3 + int(k) for k in batch]
    with torch.no_grad():
        source = looking.encoder(
            torch.tensor(s, device=device)[:, None], [len(s)]
        )
        if hidden is not None:
            mask = source.mask.clone()
            mask[hidden] = False
            source = source._replace(mask=mask)
        read = torch.tensor([START, *s[::-1]], device=device)[:, None]
        h = looking.decoder.start(source)
        logits, _, weights = looking.decoder.look(read, h, source)
    wanted = torch.tensor([*s[::-1], END], device=device)
    log_p = logits[:, 0].log_softmax(1)[range(len(s) + 1), wanted]
    names = ["PAD", "START", "END", *GERMAN]
    said = [names[k] for k in logits[:, 0].argmax(1).tolist()]
    return log_p.cpu().numpy(), weights[:, 0].cpu().numpy(), said


def show(number=12345678, passing=-8.0, hide=0):
    text = str(number)
    looking.decoder.passing = passing
    log_p, weights, likeliest = followed(text)
    use_style()
    _, ax = plt.subplots(figsize=(4, 4))
    ax.imshow(weights, cmap="Greys", vmin=0, vmax=1)
    ax.set_xticks(
        range(len(text)), [ENGLISH[int(k)] for k in text], rotation=60
    )
    said = [GERMAN[int(k)] for k in text[::-1]]
    ax.set_yticks(range(len(said) + 1), [*said, "END"])
    ax.set(xlabel="looks at", ylabel="says")
    plt.show()
    print("looked at in all, by row:", weights.sum(1).round(2))
    print("likeliest token:         ", *likeliest)
    print("log p of the right one:  ", log_p.round(2))
    hide = min(hide, len(text) - 1)
    without, _, _ = followed(text, hide)
    print(
        f"without {ENGLISH[int(text[hide])]!r}, lost:".ljust(25),
        (log_p - without).round(2),
    )
    print("the weights it had:      ", weights[:, hide].round(2))


shown = interact(
    show,
    number=IntSlider(
        12_345_678, min=10, max=99_999_999, continuous_update=False
    ),
    passing=FloatSlider(-8.0, min=-8, max=12, continuous_update=False),
    hide=IntSlider(0, min=0, max=7, continuous_update=False),
)

# %% [markdown]
# Where does the dark line run, and is it as sharp at the end as at the beginning? What happens to the curve of attention beyond eight digits? Every word stands there to be looked at; so what fails, the looking, the counting, or the knowledge of when to end? Run `followed("5391746283")`: log p of each right token, when the right ones before it are given; the map; and the likeliest tokens. Where log p is far below 0, read that token's row. (`passing` is where the slider left it: put it back to -8 first.)
#
# A map shows where the *values* came from, and the values are states of a network that has read in both directions: the state at *five* also knows its neighbours. Hide the word with the largest weight in a row. Is what is lost as large as its weight makes one think, and do rows lose something in which it had no weight? Raise `passing` until the map fades: up to where are the likeliest tokens still the right ones? Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A bank shows why its network refused a loan: "The attention map puts 80 % of the weight on the word *self-employed*; so the refusal is because of that word." The keys and values are states of a bidirectional LSTM. An auditor trains the network again from another seed: the refusals are the same, the weight now lies on the full stop. In four to six sentences: why does a large weight not show that the word was the reason, what does the full stop teach, and which experiment would you ask the bank for, with what outcome in favour of its claim?

# %% [markdown] answer="full_stop" points=2 explained="ch14_attention: What the weights do not explain"
# A weight says how much of a *state* went into the context, and the state at a word has been mixed with all the words around it by the bidirectional LSTM: what was taken from there need not be the word itself. Nor does the weight say what the value does in the decision; a large weight on a value that the readout ignores changes nothing. That another seed gives the same decisions with the weight on the full stop shows that quite different maps go with one behaviour: the full stop's own meaning can hardly be a reason, but its state can carry the whole sentence.
# I would ask for a change of the *input*: exchange or take out the word (also others, as a comparison, and over several seeds), read the whole text again, and measure how much the probability of refusal changes. If it falls clearly for this word, more than for random other words and for every seed, the claim stands; if not, the map was a picture.
#
# Rubric: 1 point for why the weight is no reason (states mix words, or the weight is not the effect on the output) **and** what the full stop shows (different maps, same behaviour); 1 point for an experiment on the input with a comparison and the outcome that would support the claim.
