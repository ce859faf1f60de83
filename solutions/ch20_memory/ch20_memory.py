# %% [markdown]
# # Assignment 20: a memory that is a matrix
#
# *The core takes about 105 minutes, all of it about 205 minutes, 34 points. Read chapter 20 first.*
#
# You will work out how many pairs a matrix holds before they disturb each other; write a step that erases under one key and writes under another, and its gradients; follow every write to the moment at which it is read, under decay and under the delta rule; add two rows to the chapter's table; and join two halves of an mLSTM's memory so that it works in float16. With the book closed you will write the gated delta rule's cell. At the end stand seven wrong versions of sLSTM, all of which run, and look right on almost any numbers.
#
# What you need, in one table (T steps, B sequences):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $S_t$ | (B, V, K) | the memory after step t |
# | $k_t,\ q_t$ | (B, K) | key and query |
# | $v_t$ | (B, V) | value |
# | $\alpha_t$ | (B, 1) or (B, K) | the share that is kept, before anything is written |
# | $\beta_t$ | (B, 1) or (B, V) | the rate of writing |
# | $\mathrm{d}a$, in code `d_a` | as a | the gradient of the loss with respect to $a$, whichever letter stands there |
#
# $$S_t = S_{t-1}\operatorname{diag}(\alpha_t) + u_t k_t^{\mathsf T} \qquad y_t = S_t\, q_t$$
#
# Three functions of the chapter are imported, each for all sequences at once: `looked_up(S, k)` is $S k$, `looked_back(S, u)` is $S^{\mathsf T} u$, `outer(u, k)` is $u k^{\mathsf T}$.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: y = W h. What are dW and dh, given dy?</summary>
#
# dW = dy hᵀ, an outer product, and dh = Wᵀ dy. A memory that is read is such a product, with S in the place of W.
# </details>
#
# <details><summary>Chapter 7: a GRU's update gate, called z there, keeps, and 1 - z writes. Which of the chapter's memories ties its two rates together like that?</summary>
#
# The delta rule with keys of length 1: under the key 1 - β is kept and β is written. Hebb's rule with decay does not: it keeps α and writes all.
# </details>

# %% parameters
pairs = (
    {
        "text": "$N$",
        "hint": "1 + int(limit * K)",
        "doc": " pairs",
        "it": "1 + int(limit * keys.shape[1])",
        "few": "int(limit * keys.shape[1])",
        "rows": "int(limit * keys.shape[0])",
        "column": "int(limit * (keys.shape[1] - 1))",
        "real": "1 + limit * keys.shape[1]",
        "bound": "1 + limit · K",
        "few_says": "N - 1 other pairs disturb a reading, not N: (N - 1)/K is at most the limit for N up to 1 + limit · K",
        "up": "1 - int(-limit * keys.shape[1] // 1)",
        "below": "-int(-limit * keys.shape[1] // 1) or 1",
        "nearest": "int(1.5 + limit * keys.shape[1])",
        "two": "-1 + int(limit * keys.shape[1])",
        "two_says": "the bound is that of (N + 1)/K: a pair does not disturb its own reading, so N - 1 others count",
        "many": "2 + int(limit * keys.shape[1])",
        "many_says": "the bound is that of (N - 2)/K: N - 1 other pairs count",
        "answer": "N = 1 + ⌊limit K⌋",
    },
    {
        "text": "number of **other** pairs, $N - 1$,",
        "hint": "int(limit * K)",
        "doc": " others",
        "it": "int(limit * keys.shape[1])",
        "few": "-1 + int(limit * keys.shape[1])",
        "rows": "-1 + int(limit * keys.shape[0])",
        "column": "-1 + int(limit * (keys.shape[1] - 1))",
        "real": "limit * keys.shape[1]",
        "bound": "limit · K others",
        "few_says": "with N - 1 other pairs the mean ratio is (N - 1)/K: it is at most the limit for up to limit · K others",
        "up": "-int(-limit * keys.shape[1] // 1)",
        "below": "max(-int(-limit * keys.shape[1] // 1) - 1, 0)",
        "nearest": "int(0.5 + limit * keys.shape[1])",
        "two": "-2 + int(limit * keys.shape[1])",
        "two_says": "with N - 1 other pairs the mean ratio is (N - 1)/K, and not (N + 1)/K",
        "many": "1 + int(limit * keys.shape[1])",
        "many_says": "this is N, with the pair that is read; asked is how many others there are, N - 1",
        "answer": "N - 1 = ⌊limit K⌋",
    },
)
fade = (
    {
        "text": r"Before each write everything fades by $\alpha_t$; then $\beta_t v_t$ is written by Hebb's rule, or $\beta_t (v_t - M_t k_t)$ by the delta rule.",
        "example": "(0.81, 0, 1), those of the delta rule (0, 0, 1)",
        "last": "nothing",
        "hint": "kept",
        "kept": "kept",
        "left": "left",
        "odd_kept": "kept * alpha[t, ...]",
        "odd_left": "left * alpha[t, ...]",
        "own": "own fading counted",
        "mine": "own fading",
        "own_says": "each write was faded by its own step's alpha too; a step fades first and writes then, so only later steps fade it",
        "delta_says": "each write was faded by its own step's alpha in the delta rule; only later steps fade it",
        "hebb_says": "each write was faded by its own step's alpha in Hebb's rule; only later steps fade it",
        "when": "before",
        "on": "t + 1",
        "step": "1",
        "logs": "np.log(alpha)",
        "due": "S[..., 0].T",
        "why_1": "The last write has faded by nothing, so a write is noted *before* its own factors enter",
        "why_2": "the product: α_t acts on what was there before write t.",
    },
    {
        "text": r"At each step $\beta_t v_t$ is written by Hebb's rule, or $\beta_t (v_t - S_{t-1} k_t)$ by the delta rule; **after** the write everything fades by $\alpha_t$, what was written too.",
        "example": "(0.729, 0, 0.9), those of the delta rule (0, 0, 0.9)",
        "last": "its own α alone",
        "hint": "kept * alpha[t]",
        "kept": "kept * alpha[t, ...]",
        "left": "left * alpha[t, ...]",
        "odd_kept": "kept",
        "odd_left": "left",
        "own": "own fading left out",
        "mine": "own fading left out",
        "own_says": "each write was faded by later steps alone; a step writes first and fades then, so its own alpha acts on it too",
        "delta_says": "each write was faded by later steps alone in the delta rule; its own alpha acts on it too",
        "hebb_says": "each write was faded by later steps alone in Hebb's rule; its own alpha acts on it too",
        "when": "after",
        "on": "t",
        "step": "2",
        "logs": "np.log(np.roll(alpha, 1, axis=0))",
        "due": "S[..., 0].T * alpha[-1, :, 0]",
        "why_1": "The last write has faded by its own α alone: α_t enters the weight of write t, and not",
        "why_2": "its own 1 - β_t, which acts on what was there before write t.",
    },
)
rate = (
    {
        "power": "{d}",
        "own": "of its own",
        "up": "d",
        "d": "decay",
        "odd": "-decay",
        "wrong": "{-d}",
        "self": "d itself",
        "plain": "d",
        "p": "p",
    },
    {
        "power": "{-d}",
        "own": "itself",
        "up": "{-d}",
        "d": "-decay",
        "odd": "decay",
        "wrong": "d",
        "self": "-d",
        "plain": "-d",
        "p": "-p",
    },
)
unit = (
    {
        "text": "as in the chapter",
        "m": "xp.maximum(late, m_2)",
        "hint": "With m the larger of F + m_1 and m_2, neither exponent is above 0, so no exponential is above 1.",
        "by_hand": "$e^{31}$ the sum is $e^{-2} + 1 = 1.135$",
        "larger": "the larger",
        "sum": "as in the chapter, m is the larger",
        "most": "1",
        "why_1": "the",
        "why_2": "larger of F + m₁ and m₂, both exponents are at most 0, and one is exactly 0: nothing",
        "why_3": "overflows, and the larger part keeps all its digits.",
    },
    {
        "text": "**plus 1**, so that no weight is above $1/e$, and a sum of two large numbers does not overflow either",
        "m": "xp.maximum(late, m_2) + 1",
        "hint": "With m one more than the larger of F + m_1 and m_2, neither exponent is above -1, so no exponential is above 1/e.",
        "by_hand": "$e^{32}$ the sum is $e^{-3} + e^{-1} = 0.418$",
        "larger": "one more than the larger",
        "sum": "m is one more than the larger",
        "most": "1/e",
        "why_1": "one",
        "why_2": "more than the larger of F + m₁ and m₂, both exponents are at most -1: nothing overflows,",
        "why_3": "not even the sum, as e^(-1) is below a half.",
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
from rnncore.lstm import gates, sigmoid
from rnncore.memory import (
    Steps,
    delta,
    hebb,
    looked_back,
    looked_up,
    memory_loop,
    outer,
    unit,
)
from rnncore.memory import gated_delta_cell as book_gated_delta_cell
from rnncore.testing import black_boxes, mover
from rnncore.xlstm import mlstm_read, slstm_cell

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two pairs by hand
#
# Keys $k_1 = (1, 0)$ and $k_2 = (0.6, 0.8)$, both of length 1, values 5 and 10 of one number each. Hebb's rule writes both. What is read under $k_1$, and how much of it comes from the other pair? Work it out on paper, then run the cell.

# %%
k_1, k_2 = np.array([1.0, 0.0]), np.array([0.6, 0.8])
S = 5.0 * k_1 + 10.0 * k_2  # one row of two numbers: (11, 8)
print("under k_1:", S @ k_1, "by hand: 5 + 10 · 0.6 = 11")

# %% [markdown]
# Now the delta rule with β = 1: what is missing is written. One line is left out. Write it, and run again. Which of the two keys reads its value exactly?
#
# <details><summary>The missing line</summary>
#
# `S = S + (v - S @ k) * k`. Under k_2, which came last, 10 is read; under k_1 it is 5 + 7 · 0.6 = 9.2, because 7 were missing.
# </details>

# %%
S = np.zeros(2)
for k, v in ((k_1, 5.0), (k_2, 10.0)):
    print("writing", v, "under", k)
    # (the missing line)
print(S @ k_1, S @ k_2, "by hand: 9.2 and 10")

# %% [markdown]
# ## Task 1: how much fits? (5 points)
#
# *Core, about 25 minutes.*
#
# $N$ pairs are written by Hebb's rule into an empty memory, with keys that are **first scaled to length 1**. What is read under key $j$ is $v_j$ and a rest, $\sum_{s \ne j} v_s\,(k_s^{\mathsf T} k_j)$. Return two things:
#
# - **ratio**, for each key: the squared length of that rest, divided by the squared length of $v_j$;
# - **fits**, an integer, by hand: for independent random keys of length 1 the mean of $(k_s^{\mathsf T} k_j)^2$ is $1/K$, and if all values are independent with mean 0 and have the same length, mixed terms cancel on average. So what is the mean ratio with $N$ pairs? Return the largest {{pairs.text}} for which it is at most `limit`.
#
# <details><summary>Hint 1</summary>
#
# All products of two keys at once are the (N, N) matrix `k @ k.T`. What is read under all keys is that matrix times the values.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Its diagonal is 1, so the rest is what is read less the values. By hand: N - 1 other pairs, each with 1/K, make (N - 1)/K.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `rest = k @ k.T @ values - values`; (N - 1)/K ≤ limit gives `fits = {{pairs.hint}}`.
# </details>


# %% solution="capacity"
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many{{pairs.doc}} fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    ### BEGIN SOLUTION
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = {{pairs.it}}
    ### END SOLUTION
    return ratio, fits


# %% [markdown]
# Try it: random pairs in memories of three widths. Is the mean ratio near what you worked out by hand, and at which N is it 1/4?

# %%
rng = np.random.default_rng(0)
for K in (16, 64, 256):
    for N in (5, 17, 65):
        keys, values = rng.normal(size=(N, K)), rng.normal(size=(N, 64))
        ratio, fits = capacity(move(keys), move(values), 0.25)
        mean = to_numpy(ratio).mean()
        print(f"K {K:3}  N {N:2}  mean ratio {mean:6.3f}  fits {fits}")

# %% test="capacity" points=5 explained="ch20_memory: Writing and reading"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "ratio, fits"


def some_pairs(rng, N, K, V, limit):
    keys = rng.normal(size=(N, K)) * rng.uniform(0.3, 3.0, (N, 1))
    values = rng.normal(size=(N, V)) + 0.5
    return {"keys": keys, "values": values, "limit": limit}


rng = np.random.default_rng(1)
visible = [
    move(some_pairs(rng, 4, 3, 2, 0.375)),
    move(some_pairs(rng, 3, 6, 4, 0.5)),
    move(some_pairs(rng, 5, 2, 3, 2.25)),
    move(some_pairs(rng, 3, 3, 2, 0.625)),  # 1.875, and no more
]
check(
    capacity,
    stored("capacity"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
# by hand: keys (1, 0) and (0.6, 0.8), values 5 and 10
keys = move(np.array([[1.0, 0.0], [3.0, 4.0]]))
with properties("sizes"):
    ratio, _ = capacity(keys, move(np.array([[5.0], [10.0]])), 1.0)
    assert_close("ratio of two pairs", ratio, np.array([1.44, 0.09]))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    some_pairs,
    [
        (1, 1, 1, 0.25),
        (3, 2, 5, 0.5),
        (7, 4, 2, 1.375),
        (5, 16, 3, 0.125),
        (2, 3, 3, 0.0),
        (4, 8, 1, 3.0),
    ],
    device,
    rng=rng,
)
check(
    capacity,
    reference_capacity,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="capacity"
r"""
own value counted: this is all that is read under the key, its own value included; the ratio is about the rest, which the other pairs add
~ k @ k.T @ values - values => k @ k.T @ values
keys as they are: the keys were not scaled to length 1 first: long keys then disturb more, and read their own value several times
~ keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True)) => keys
keys as they are, own product left out: the keys were not scaled to length 1 first: long keys then disturb more
-     k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
-     rest = k @ k.T @ values - values
+     rest = keys @ keys.T @ values
+     rest = rest - xp.sum(keys * keys, axis=-1, keepdims=True) * values
one length for all, own product left out: all keys were divided by one length, a mean over them; each is scaled by its own
-     k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
-     rest = k @ k.T @ values - values
+     k = keys / xp.sqrt(xp.mean(xp.sum(keys * keys, axis=-1)))
+     rest = k @ k.T @ values
+     rest = rest - xp.sum(k * k, axis=-1, keepdims=True) * values
scaled along the wrong axis, own product left out: each column of the keys was scaled to length 1; a key is a row
-     k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
-     rest = k @ k.T @ values - values
+     k = keys / xp.sqrt(xp.sum(keys * keys, axis=0, keepdims=True))
+     rest = k @ k.T @ values
+     rest = rest - xp.sum(k * k, axis=-1, keepdims=True) * values
divided by the square: the keys were divided by their squared length: to length 1 leads a division by the length, its root
~ xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True)) => xp.sum(keys * keys, axis=-1, keepdims=True)
one length for all: all keys were divided by one length; each has its own (axis=-1)
~ xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True)) => xp.sqrt(xp.sum(keys * keys))
scaled along the wrong axis: each column of the keys was scaled to length 1; a key is a row
~ xp.sum(keys * keys, axis=-1, keepdims=True) => xp.sum(keys * keys, axis=0, keepdims=True)
values scaled too: the keys alone are scaled to length 1; here the values were scaled as well before they were written
- rest = k @ k.T @ values - values
+ values = values / xp.sqrt(xp.sum(values * values, axis=-1, keepdims=True))
+     rest = k @ k.T @ values - values
mixed terms dropped: the squared lengths of the single disturbances were added; the vectors have to be added first, and may cancel or reinforce each other
~ squares = xp.sum(rest * rest, axis=-1) => squares = (k @ k.T) ** 2 @ xp.sum(values * values, axis=-1) - xp.sum(values * values, axis=-1)
lengths not squared: this is the ratio of the lengths; the squared lengths are asked for
~ squares / xp.sum(values * values, axis=-1) => xp.sqrt(squares / xp.sum(values * values, axis=-1))
values' length not squared: the squared length of the rest was divided by the length of the value; both are squared
~ squares / xp.sum(values * values, axis=-1) => squares / xp.sqrt(xp.sum(values * values, axis=-1))
absolute sum: the sum of absolute values was taken for the length; its square is the sum of squares
-     squares = xp.sum(rest * rest, axis=-1)
-     ratio = squares / xp.sum(values * values, axis=-1)
+     squares = xp.sum(abs(rest), axis=-1)
+     ratio = squares / xp.sum(abs(values), axis=-1)
divided by all values: the rest was divided by the squared length of all values together; each key's by that of its own
~ xp.sum(values * values, axis=-1) => xp.sum(values * values)
divided by the mean value: the rest was divided by the mean squared length; each key's by that of its own value
~ xp.sum(values * values, axis=-1) => xp.mean(xp.sum(values * values, axis=-1))
mean instead of sum: the rest's squares were averaged and the value's added; both squared lengths are sums over V
~ xp.sum(rest * rest, axis=-1) => xp.mean(rest * rest, axis=-1)
not divided: this is the squared length of the rest alone; it is divided by that of the key's own value
~ squares / xp.sum(values * values, axis=-1) => squares
divided by what is read: the rest was divided by all that is read; asked for is its ratio to the value alone
~ squares / xp.sum(values * values, axis=-1) => squares / xp.sum((rest + values) ** 2, axis=-1)
summed over the pairs: the squares were summed over the pairs: there is one ratio for each key, (N,)
-     squares = xp.sum(rest * rest, axis=-1)
-     ratio = squares / xp.sum(values * values, axis=-1)
+     squares = xp.sum(rest * rest, axis=0)
+     ratio = squares / xp.sum(values * values, axis=0)
one pair too few: {{pairs.few_says}}
~ {{pairs.it}} => {{pairs.few}}
values taken for keys: the number of columns is K, the size of a key; here V was taken, the size of a value, which does not matter for the ratio
~ limit * keys.shape[1] => limit * values.shape[1]
pairs taken for columns: K is the size of a key; here the number of the pairs was taken
~ limit * keys.shape[1] => limit * keys.shape[0]
as many as columns: K pairs fit without any disturbance only if their keys are orthogonal; random keys disturb each other, and the mean ratio is (N - 1)/K
~ {{pairs.it}} => keys.shape[1]
rounded up: the number of pairs was rounded up, so that the mean ratio is above the limit
~ {{pairs.it}} => {{pairs.up}}
limit excluded: a mean ratio equal to the limit was refused; at most the limit includes it
~ {{pairs.it}} => {{pairs.below}}
root of 1/K: the mean of the square of a product of keys is 1/K; here its root was taken
~ limit * keys.shape[1] => limit * keys.shape[1] ** 0.5
limit squared: the limit was squared: the ratio is one of squared lengths already
~ limit * keys.shape[1] => limit**2 * keys.shape[1]
later pairs only: only the pairs that came later were counted; all others are in the memory when it is read
~ k @ k.T @ values - values => xp.triu(k @ k.T) @ values - values
earlier pairs only: only the pairs that came earlier were counted; all others are in the memory when it is read
~ k @ k.T @ values - values => xp.tril(k @ k.T) @ values - values
entry by entry: each number of the rest was divided by its own number of the value; the ratio is one of squared lengths
-     squares = xp.sum(rest * rest, axis=-1)
-     ratio = squares / xp.sum(values * values, axis=-1)
+     squares = (rest / values) ** 2
+     ratio = xp.mean(squares, axis=-1)
sum entry by entry: each number of the rest was divided by its own number of the value; the ratio is one of squared lengths
-     squares = xp.sum(rest * rest, axis=-1)
-     ratio = squares / xp.sum(values * values, axis=-1)
+     squares = (rest / values) ** 2
+     ratio = xp.sum(squares, axis=-1)
keys alone: this is the sum of the squared products of the keys, without any values; the ratio is about the values that these keys bring along
~ squares / xp.sum(values * values, axis=-1) => 0 * squares + xp.sum((k @ k.T) ** 2, axis=-1) - 1
mean in place of what is measured: every ratio is (N - 1)/K: that is the mean over random keys, and the way to `fits`; the ratio is asked for of these very keys
~ squares / xp.sum(values * values, axis=-1) => 0 * squares + (keys.shape[0] - 1) / keys.shape[1]
one side scaled: the keys have length 1 where they are read with, and not where they were written
~ k @ k.T @ values => k @ keys.T @ values
other side scaled: the keys have length 1 where they were written, and not where they are read with
~ k @ k.T @ values => keys @ k.T @ values
rounded to the nearest: the number of pairs was rounded to the nearest, and may be one too many: the mean ratio has to be at most the limit
~ {{pairs.it}} => {{pairs.nearest}}
two pairs too few: {{pairs.two_says}}
~ {{pairs.it}} => {{pairs.two}}
one pair too many: {{pairs.many_says}}
~ {{pairs.it}} => {{pairs.many}}
own value removed twice: the products of the keys with themselves were taken out, and then the values once more
~ k @ k.T @ values - values => (k @ k.T) @ values - 2 * values
values added: the values were added to what is read; the rest is what is read less the values
~ k @ k.T @ values - values => k @ k.T @ values + values
absolute products: the products of the keys lost their sign: what is read adds up with its signs
~ k @ k.T @ values => abs(k @ k.T) @ values
squared products: the products of the keys were squared before they weighted the values; the mean of the square is for `fits`
~ k @ k.T @ values => (k @ k.T) ** 2 @ values
squared length of the difference: the rest's numbers were summed and the sum was squared: each is squared first, and then they are summed
~ xp.sum(rest * rest, axis=-1) => xp.sum(rest, axis=-1) ** 2
ratio upside down: the value's squared length was divided by that of the rest
~ squares / xp.sum(values * values, axis=-1) => xp.sum(values * values, axis=-1) / squares
per column: the ratio was divided by K; 1/K is what one other pair adds on average, and it is in the products of the keys already
~ squares / xp.sum(values * values, axis=-1) => squares / xp.sum(values * values, axis=-1) / keys.shape[1]
per pair: the ratio was divided by the N - 1 other pairs; they disturb together
~ squares / xp.sum(values * values, axis=-1) => squares / xp.sum(values * values, axis=-1) / (keys.shape[0] - 1)
divided by the limit: the number of columns was divided by the limit; (N - 1)/K ≤ limit gives N - 1 ≤ limit · K
~ int(limit * keys.shape[1]) => int(keys.shape[1] / max(limit, 1e-9))
number of pairs: `fits` is the number of pairs that came; it is the largest number whose mean ratio is at most the limit
~ {{pairs.it}} => keys.shape[0]
pairs taken for columns, one too few: K is the size of a key; here the number of the pairs was taken, and N - 1 not N disturb
~ {{pairs.it}} => {{pairs.rows}}
limit of K - 1: the mean of the squared product is 1/K; here it was 1/(K - 1)
~ limit * keys.shape[1] => limit * (keys.shape[1] - 1)
one column less: (N - 1)/K ≤ limit gives {{pairs.bound}}; here it was limit · (K - 1)
~ {{pairs.it}} => {{pairs.column}}
half of the value removed: the rest is what is read less the whole value
~ k @ k.T @ values - values => k @ k.T @ values - 0.5 * values
variance for the squared length: the variance of the value's numbers was taken; its squared length is the sum of their squares
~ xp.sum(values * values, axis=-1) => xp.mean((values - xp.mean(values, axis=-1, keepdims=True)) ** 2, axis=-1)
mean squares in both: the squares were averaged below the line and summed above it
~ xp.sum(values * values, axis=-1) => xp.mean(values * values, axis=-1)
largest instead of sum: the largest square was taken for the squared length, which is the sum of all
~ xp.sum(rest * rest, axis=-1) => xp.max(rest * rest, axis=-1)
all rests together: the rests of all keys were summed; each key has its own
~ xp.sum(rest * rest, axis=-1) => xp.sum(rest * rest) + 0 * values[:, 0]
products without values: the rest was made of the products of the keys alone; they weight the values
~ k @ k.T @ values - values => xp.sum(k @ k.T, axis=-1, keepdims=True) * values - values
pairs counted: the pairs whose ratio is at most the limit were counted; `fits` is worked out by hand, from K and the limit, and does not look at the pairs
~ {{pairs.it}} => int(xp.sum(xp.astype(ratio <= limit, ratio.dtype)))
one length for all keys: all keys were divided by one length, a mean over them; each is scaled by its own
~ k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True)) => k = keys / xp.sqrt(xp.mean(xp.sum(keys * keys, axis=-1)))
share for a number: how many fit is a whole number
~     fits = {{pairs.it}} =>     fits = {{pairs.real}}
"""

# %% [markdown]
# ## Task 2: erase here, write there (3 points)
#
# *Core, about 15 minutes.*
#
# The delta rule erases and writes under one key. RWKV-7 (Peng et al. 2025) has two: a **removal key** $r_t$, under which something is erased at the rate $\varepsilon_t$ (in code `erase`, (B, 1)), and a key $k_t$ under which the value is written:
#
# $$o_t = S_{t-1} r_t, \qquad S_t = S_{t-1} - \varepsilon_t\, o_t r_t^{\mathsf T} + v_t k_t^{\mathsf T}, \qquad y_t = S_t q_t .$$
#
# (It has more: it fades its columns, scales the removal key, and has a rate for each column. That is left out.) Neither key is scaled. With $r_t = k_t$ of length 1 and $\varepsilon_t = 1$ this is the delta rule with rate 1.
#
# <details><summary>Hint 1</summary>
#
# First the old value, o, read from S. Both changes are outer products.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `old = looked_up(S, r)`; erased is `outer(erase * old, r)`, with r on the side of the columns.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `S_new = S - outer(erase * old, r) + outer(v, k)`, and y is read from S_new.
# </details>


# %% solution="replace_step"
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    ### BEGIN SOLUTION
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    y = looked_up(S_new, q)
    ### END SOLUTION
    return S_new, y


# %% [markdown]
# Try it: move a value. Under key 1 stands 7. Erase it there and write 7 under key 2.

# %%
S = move(np.array([[[7.0, 0.0]]]))
one, two = move(np.array([[1.0, 0.0]])), move(np.array([[0.0, 1.0]]))
seven, all_of_it = move(np.array([[7.0]])), move(np.ones((1, 1)))
print(
    *replace_step(S, one, two, seven, two, all_of_it), "by hand: (0, 7), 7"
)

# %% test="replace_step" points=3 explained="ch20_memory: Writing and reading"
import numpy as np

from rnncore.memory import Steps, delta, memory_loop, unit
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "S_new, y"


def replacing(rng, B, V, K):
    return {
        "S": rng.normal(size=(B, V, K)),
        "r": rng.normal(size=(B, K)),
        "k": rng.normal(size=(B, K)),
        "v": rng.normal(size=(B, V)),
        "q": rng.normal(size=(B, K)),
        "erase": rng.uniform(0.2, 0.9, (B, 1)),
    }


visible = [
    move(replacing(np.random.default_rng(2), 2, 3, 4)),
    move(replacing(np.random.default_rng(3), 3, 2, 2)),
]
check(
    replace_step,
    stored("replace_step"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_independent(
    replace_step, visible[0], dict.fromkeys(visible[0], 0), axis=0
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    replacing,
    [(1, 1, 1), (4, 2, 5), (2, 5, 3), (3, 3, 3)],
    device,
    rng=rng,
)
check(
    replace_step,
    reference_replace_step,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(replacing(rng, 2, 3, 4))
S, q, v = args["S"], args["q"], args["v"]
key, _ = unit(args["k"])
rate = 0 * args["erase"] + 1
expected = memory_loop(
    delta,
    Steps(*(part[None] for part in (q, key, v, 0 * rate, rate))),
    S,
)
S_new, y = replace_step(S, key, key, v, q, rate)
assert_close(
    "y with r = k of length 1, erase = 1", y[None], expected[0], 1e-6
)
assert_close("S_new with r = k, erase = 1", S_new, expected[1], 1e-6)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="replace_step"
r"""
old value read with q: you used q_t where the old value is read with r_t: the query asks what is read at the end, the removal key what is erased
~ old = looked_up(S, r) => old = looked_up(S, q)
old value read with k: you used k_t where the old value is read with r_t: k_t says where v_t is written
~ old = looked_up(S, r) => old = looked_up(S, k)
erased under k: the old value was taken away under k_t; it was read under r_t, and is erased there
~ outer(erase * old, r) => outer(erase * old, k)
one key for both: this is the chapter's delta rule with one key, k_t; here the old value is read and erased under r_t
-     old = looked_up(S, r)
-     S_new = S - outer(erase * old, r) + outer(v, k)
+     old = looked_up(S, k)
+     S_new = S - outer(erase * old, k) + outer(v, k)
written under r: the value was written under r_t, the removal key; it belongs under k_t
~ outer(v, k) => outer(v, r)
keys exchanged: the two keys have changed places: r_t is where something is erased, k_t where v_t is written
-     old = looked_up(S, r)
-     S_new = S - outer(erase * old, r) + outer(v, k)
+     old = looked_up(S, k)
+     S_new = S - outer(erase * old, k) + outer(v, r)
rate of writing: the value was multiplied by the rate of erasing; v_t is written whole
~ outer(v, k) => outer(erase * v, k)
erased whole: the rate was left out: everything under r_t was erased
~ outer(erase * old, r) => outer(old, r)
rate of keeping: 1 - erase was taken for the rate: `erase` is the share that goes, not the one that stays
~ outer(erase * old, r) => outer((1 - erase) * old, r)
nothing erased: this is Hebb's rule: nothing was erased
~ outer(erase * old, r) => 0 * outer(erase * old, r)
added instead of erased: what should be erased was added
~ S - outer(erase * old, r) => S + outer(erase * old, r)
nothing written: the value is missing: only the erasing was done
~  + outer(v, k) =>  + 0 * outer(v, k)
old memory lost: the new memory holds nothing of S but what was erased: S itself is missing
~ S_new = S - outer => S_new = -outer
read too early: y was read from the memory before the step; it is read after the writing
~ looked_up(S_new, q) => looked_up(S, q)
read before the writing: y was read after the erasing, and before the value was written
~ looked_up(S_new, q) => looked_up(S_new - outer(v, k), q)
read with k: you used k_t where the memory is read with q_t
~ looked_up(S_new, q) => looked_up(S_new, k)
read with r: you used r_t where the memory is read with q_t
~ looked_up(S_new, q) => looked_up(S_new, r)
written first: the value was written first, and part of it erased again: the old value is read from S_{t-1}
~     old = looked_up(S, r) =>     old = looked_up(S + outer(v, k), r)
outer product the wrong way: the outer product k v^T was added, transposed: rows belong to values, columns to keys
~ outer(v, k) => outer(k, v)
what is missing was written: v_t less the old value was written under k_t; here erasing and writing are two acts, and v_t is written whole
~ outer(v, k) => outer(v - old, k)
removal key scaled: the removal key was scaled to length 1; the text leaves both keys as they are
- old = looked_up(S, r)
+ r = unit(r)[0]
+     old = looked_up(S, r)
key scaled: the key was scaled to length 1; the text leaves both keys as they are
~ outer(v, k) => outer(v, unit(k)[0])
both keys scaled: both keys were scaled to length 1; the text leaves them as they are
-     old = looked_up(S, r)
+     r, k = unit(r)[0], unit(k)[0]
+     old = looked_up(S, r)
columns for rows: y = S^T q was read: the query belongs to the columns
~ looked_up(S_new, q) => looked_back(S_new, q)
old value by columns: the old value was read as S^T r: keys belong to the columns, so it is S r
~ looked_up(S, r) => looked_back(S, r)
the new value erased: what was erased under r_t is v_t; it is the old value, which is read from S_{t-1}
~ outer(erase * old, r) => outer(erase * v, r)
the chapter's delta rule: this is the chapter's delta rule with the rate `erase`; here the old value is read and erased under r_t, and v_t written whole under k_t
~ S - outer(erase * old, r) + outer(v, k) => S + outer(erase * (v - looked_up(S, k)), k)
the delta rule under r: this is the chapter's delta rule under the removal key; v_t belongs under k_t, and is written whole
~ S - outer(erase * old, r) + outer(v, k) => S + outer(erase * (v - old), r)
all of it faded: the whole memory was multiplied by 1 - erase: that is a decay; only what stands under r_t is erased
~ S - outer(erase * old, r) => S - erase[..., None] * S
erased under q: the old value was taken away under q_t; it is erased under r_t
~ outer(erase * old, r) => outer(erase * old, q)
written under q: the value was written under q_t; it belongs under k_t
~ outer(v, k) => outer(v, q)
erased under both: what stands under k_t was erased as well; only r_t says what is erased
~ S - outer(erase * old, r) => S - outer(erase * old, r) - outer(erase * looked_up(S, k), k)
rest of the rate written: 1 - erase of the value was written; v_t is written whole
~ outer(v, k) => outer((1 - erase) * v, k)
divided by the rate: the old value was divided by the rate; it is multiplied by it
~ outer(erase * old, r) => outer(old / erase, r)
rate squared: the rate acts twice: once is enough
~ outer(erase * old, r) => outer(erase * erase * old, r)
what is missing, at the rate: v_t less the old value at its rate was written under k_t, and the old value erased as well: erasing and writing are two acts
~ outer(v, k) => outer(v - erase * old, k)
signs exchanged: both signs are turned round: the old value goes, the new one comes
~ S - outer(erase * old, r) + outer(v, k) => S + outer(erase * old, r) - outer(v, k)
value taken away: the value was subtracted; it is written
~ + outer(v, k) => - outer(v, k)
written twice: the value was written under both keys; it belongs under k_t alone
~ + outer(v, k) => + outer(v, k) + outer(v, r)
key for key: all three vectors were taken to be k_t: the query asks with q_t, and r_t erases
-     old = looked_up(S, r)
-     S_new = S - outer(erase * old, r) + outer(v, k)
-     y = looked_up(S_new, q)
+     old = looked_up(S, k)
+     S_new = S - outer(erase * old, k) + outer(v, k)
+     y = looked_up(S_new, k)
erased after the reading: y was read before anything was erased
~ looked_up(S_new, q) => looked_up(S + outer(v, k), q)
old less new: what was erased under r_t is the old value less the new one; only the old value is
~ outer(erase * old, r) => outer(erase * (old - v), r)
more than all of it: 1 + erase of the old value was taken away; the rate alone multiplies it
~ outer(erase * old, r) => outer((1 + erase) * old, r)
memory from nothing: the new memory holds nothing but the new value: S_{t-1} is kept, less what is erased
~ S - outer(erase * old, r) => 0 * S
value added to the reading: v_t was added to y: it is in the memory already where the query finds it
~ looked_up(S_new, q) => looked_up(S_new, q) + v
change read: y was read from the change of the memory; it is read from all of it
~ looked_up(S_new, q) => looked_up(S_new - S, q)
erased under a scaled key: the old value was taken away under r_t scaled to length 1; neither key is scaled
~ outer(erase * old, r) => outer(erase * old, unit(r)[0])
erased and written under r: v_t less the old value was written under r_t, and v_t not under k_t
~ outer(v, k) => outer(v - old, r)
delta rule under r: the old value was erased twice: v_t less the old value at its rate was written under r_t as well
~ outer(v, k) => outer(erase * (v - old), r)
old value by the sum of the key: the value under the key was read as a sum over columns, without the key
~ looked_up(S, r) => looked_up(S, 0 * r + 1)
"""

# %% [markdown]
# ## Task 3: and back (6 points)
#
# *Extra, about 30 minutes.*
#
# Take a gradient back through that step. What arrives is $\mathrm{d}S_t$, from the steps that follow, and $\mathrm{d}y_t$. Return the gradients of all six arguments, in their order. The chapter does it for the gated delta rule, line by line; do the same here, from the last line of the step to the first.
#
# <details><summary>Hint 1</summary>
#
# S_t gets a gradient from two sides: d_S_new, and d_y q^T. Their sum D is what all else is made of, except d_q.
# </details>
#
# <details><summary>Hint 2</summary>
#
# u k^T, given D: d_u = D k and d_k = D^T u. Here u is v once, and -erase · old the other time, with r in the place of k.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_u = looked_up(D, r)`, `d_old = -erase * d_u`. r and S have two ways each: d_r is `looked_back(S, d_old) - looked_back(D, erase * old)`, d_S is `D + outer(d_old, r)`. d_erase is summed over V, with keepdims.
# </details>


# %% solution="replace_step_vjp"
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    ### BEGIN SOLUTION
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    ### END SOLUTION
    return d_S, d_r, d_k, d_v, d_q, d_erase


# %% [markdown]
# Try it: one row, one column, all numbers 1 except erase = 1/2. Then $S_t = 1 - \frac12 + 1 = 1.5$, and with $\mathrm{d}S_t = 0$, $\mathrm{d}y = 1$: dS = 1/2, dr = -1, dk = 1, dv = 1, dq = 1.5, d_erase = -1.

# %%
one, S = move(np.ones((1, 1))), move(np.ones((1, 1, 1)))
found = replace_step_vjp(0 * S, one, S, one, one, one, one, 0.5 * one)
print(*(float(d.sum()) for d in found))

# %% test="replace_step_vjp" points=6 explained="ch20_memory: As a cell of the loop"
import numpy as np

from rnncore.testing import (
    Properties,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_S, d_r, d_k, d_v, d_q, d_erase"


def replacing_back(rng, B, V, K):
    return {
        "d_S_new": rng.normal(size=(B, V, K)),
        "d_y": rng.normal(size=(B, V)),
        "S": rng.normal(size=(B, V, K)),
        "r": rng.normal(size=(B, K)),
        "k": rng.normal(size=(B, K)),
        "v": rng.normal(size=(B, V)),
        "q": rng.normal(size=(B, K)),
        "erase": rng.uniform(0.2, 0.9, (B, 1)),
    }


visible = [
    move(replacing_back(np.random.default_rng(4), 2, 3, 4)),
    move(replacing_back(np.random.default_rng(5), 3, 2, 2)),
]
check(
    replace_step_vjp,
    stored("replace_step_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_independent(
    replace_step_vjp, visible[0], dict.fromkeys(visible[0], 0), axis=0
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    replacing_back,
    [(1, 1, 1), (4, 2, 5), (2, 5, 3), (3, 3, 3)],
    device,
    rng=rng,
)
check(
    replace_step_vjp,
    reference_replace_step_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(replacing_back(rng, 2, 3, 4))
d_S_new, d_y = args.pop("d_S_new"), args.pop("d_y")


def loss(**changed):
    """A weighted sum of the step's two results, with one argument changed."""
    S_new, y = reference_replace_step(**{**args, **changed})
    return float((d_S_new * S_new).sum()) + float((d_y * y).sum())


found = replace_step_vjp(d_S_new, d_y, *args.values())
for (name, value), d in zip(args.items(), found, strict=True):
    assert_gradient(
        lambda a, name=name: loss(**{name: a}), value, d, f"d_{name}"
    )
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="replace_step_vjp"
r"""
output's share dropped: what reaches S_t through y_t, d_y q^T, is missing: y is read from S_t
~ d_S_new + outer(d_y, q) => d_S_new
later steps dropped: what comes from the steps that follow, d_S_new, is missing
~ d_S_new + outer(d_y, q) => outer(d_y, q)
output's share with k: d_y k^T was added; y is read with q_t
~ outer(d_y, q) => outer(d_y, k)
query from the old memory: d_q was computed with S_{t-1}; y is read from S_t
~ looked_back(S_new, d_y) => looked_back(S, d_y)
query from what arrives: d_q was computed from the gradient of S_t; it is S_t^T d_y
~ looked_back(S_new, d_y) => looked_back(D, d_y)
value with the removal key: d_v was read with r_t; v_t was written under k_t
~ looked_up(D, k) => looked_up(D, r)
key from the old value: d_k was computed with the old value; under k_t stands v_t
~ looked_back(D, v) => looked_back(D, v - erase * old)
removal with the key: what reaches the erased value was read with k_t; it was erased under r_t
~ d_u = looked_up(D, r) => d_u = looked_up(D, k)
rate dropped: the factor erase is missing in what reaches the old value
~ d_old = -erase * d_u => d_old = -d_u
sign of the old value: erasing takes away, so what reaches the old value has a minus
~ d_old = -erase * d_u => d_old = erase * d_u
sign of the rate: d_erase has the wrong sign: a larger rate takes away more
~ -xp.sum(old * d_u => xp.sum(old * d_u
rate from v: d_erase was computed with v_t; it multiplies the old value
~ xp.sum(old * d_u, axis => xp.sum(v * d_u, axis
rate in its own gradient: d_erase has the factor erase in it; the derivative of erase · old with respect to erase is old
~ xp.sum(old * d_u, axis => xp.sum(erase * old * d_u, axis
rate averaged: d_erase is a mean over the rows; one rate serves all rows, so their gradients add up
~ -xp.sum( => -xp.mean(
sign of the removal key: both parts of d_r have the wrong sign
~ looked_back(S, d_old) - looked_back(D, erase * old) => looked_back(D, erase * old) - looked_back(S, d_old)
signs within the removal key: the two parts of d_r have different signs here; both belong to what is taken away, and have a minus (d_old has it already)
~ looked_back(S, d_old) - looked_back(D, erase * old) => looked_back(S, d_old) + looked_back(D, erase * old)
removal key once, where it reads: r_t has two parts: it reads the old value and says where to erase it; the second is missing in d_r
~ looked_back(S, d_old) - looked_back(D, erase * old) => looked_back(S, d_old)
removal key once, where it erases: r_t has two parts: it reads the old value and says where to erase it; the first is missing in d_r
~ looked_back(S, d_old) - looked_back(D, erase * old) => -looked_back(D, erase * old)
old value from the new memory: d_r was computed with S_t; the old value is read from S_{t-1}
~ looked_back(S, d_old) => looked_back(S_new, d_old)
rate dropped where it erases: the factor erase is missing in the part of d_r that comes from where is erased
~ looked_back(D, erase * old) => looked_back(D, old)
memory once: S_{t-1} has two ways into S_t: directly, and through the old value that is read from it; the second is missing in d_S
~ D + outer(d_old, r) => D
memory through the old value only: S_{t-1} has two ways into S_t: directly, and through the old value that is read from it; the first is missing in d_S
~ D + outer(d_old, r) => outer(d_old, r)
memory with the key: the old value is read with r_t, so d_S gets d_old r^T; here it was k_t
~ D + outer(d_old, r) => D + outer(d_old, k)
memory with a plus: d_S gets more along r_t instead of less
~ D + outer(d_old, r) => D - outer(d_old, r)
arrived only: d_S was made of d_S_new; what comes through y belongs to it as well
~ D + outer(d_old, r) => d_S_new + outer(d_old, r)
keys exchanged in the result: d_k and d_r have changed places
-     d_S = D + outer(d_old, r)
+     d_S = D + outer(d_old, r)
+     d_r, d_k = d_k, d_r
one key for both: this is the gradient of the delta rule with one key, where d_k has the parts of d_r in it; here r_t and k_t are two arguments
~ looked_back(D, v) => looked_back(D, v - erase * old) - looked_back(S, erase * looked_up(D, r))
query left out: d_q is zero: y_t is read with the query, so d_q = S_t^T d_y
~ looked_back(S_new, d_y) => 0 * looked_back(S_new, d_y)
rate at the value: d_v was multiplied by the rate; v_t is written whole
~ looked_up(D, k), looked => erase * looked_up(D, k), looked
value from later steps only: d_v was made of d_S_new alone; what comes through y_t reaches it too
~ looked_up(D, k), looked => looked_up(d_S_new, k), looked
key from later steps only: d_k was made of d_S_new alone; what comes through y_t reaches it too
~ looked_back(D, v) => looked_back(d_S_new, v)
removal from later steps only: the part of d_r from where is erased was made of d_S_new alone; what comes through y_t reaches it too
~ looked_back(D, erase * old) => looked_back(d_S_new, erase * old)
old value from later steps only: what reaches the old value was made of d_S_new alone; what comes through y_t reaches it too
~ d_u = looked_up(D, r) => d_u = looked_up(d_S_new, r)
the whole faded: d_S is (1 - erase) D: that is for a decay; only along r_t is less kept
~ D + outer(d_old, r) => D - erase[..., None] * D
old value for its gradient: the old value itself was taken for what reaches it
~ d_old = -erase * d_u => d_old = -erase * old
key with the old value: d_k was made with the old value; it is v_t that was written under k_t
~ looked_back(D, v) => looked_back(D, old)
key with what was erased: d_k was made with what was erased; it is v_t that was written under k_t
~ looked_back(D, v) => looked_back(D, -erase * old)
output's share with r: d_y r^T was added; y is read with q_t
~ outer(d_y, q) => outer(d_y, r)
query also writes: d_q has a part from the writing; q_t only reads
~ d_q = looked_back(S_new, d_y) => d_q = looked_back(S_new, d_y) + looked_back(d_S_new, v)
value from the output alone: d_v is made of d_y (k q) alone; what comes from later steps reaches it too
~ looked_up(D, k), looked => looked_up(outer(d_y, q), k), looked
key from the output alone: d_k is made of what comes through y_t alone; what comes from later steps reaches it too
~ looked_back(D, v) => looked_back(outer(d_y, q), v)
rate read with k: d_erase was made with what is read of D under k_t; it was erased under r_t
~ xp.sum(old * d_u, axis => xp.sum(old * looked_up(D, k), axis
rate for rows: d_erase was summed over the batch as well as over the rows; each sequence has a rate of its own, so sum over V alone
~ -xp.sum(old * d_u, axis=-1, keepdims=True) => -xp.sum(old * d_u, keepdims=True) + 0 * erase
sign of the removal key where it reads: the part of d_r through the old value has the wrong sign
~ looked_back(S, d_old) - looked_back => -looked_back(S, d_old) - looked_back
removal key with the value: d_r was made with v_t; what was erased under r_t is the old value
~ looked_back(D, erase * old) => looked_back(D, erase * v)
output's share subtracted: d_y q^T was subtracted; it adds to what comes from later steps
~ d_S_new + outer(d_y, q) => d_S_new - outer(d_y, q)
output's share twice: d_y q^T was counted twice
~ d_S_new + outer(d_y, q) => d_S_new + 2 * outer(d_y, q)
value's sign: d_v has the wrong sign: v_t is added
~ looked_up(D, k), looked => -looked_up(D, k), looked
key's sign: d_k has the wrong sign: what is written under k_t is added
~ looked_back(D, v) => -looked_back(D, v)
rate at the key: d_k was multiplied by the rate; v_t is written whole under k_t
~ looked_back(D, v) => erase * looked_back(D, v)
memory through what is written: the gradient of the value was taken out of d_S; what is written does not depend on S_{t-1}
~ D + outer(d_old, r) => D - outer(d_v, k)
rate squared: the rate stands twice in what reaches the old value
~ d_old = -erase * d_u => d_old = -erase * erase * d_u
old value before it is erased: what reaches the old value was read with q_t; it was erased under r_t
~ d_u = looked_up(D, r) => d_u = looked_up(D, q)
memory as it arrived: d_S is what arrived from later steps: the reading and the erasing are missing
~ D + outer(d_old, r) => d_S_new
removal key twice where it erases: d_r has the part from where is erased twice, and the one from the reading not at all
~ looked_back(S, d_old) - looked_back => -looked_back(D, erase * old) - looked_back
query before the writing: d_q was computed before the value was written; y is read from S_t
~ looked_back(S_new, d_y) => looked_back(S - outer(erase * old, r), d_y)
key of what is missing: d_k was made with v_t less the old value; here v_t is written whole
~ looked_back(D, v) => looked_back(D, v - old)
value by both keys: d_v was read with the difference of the keys; v_t was written under k_t
~ looked_up(D, k), looked => looked_up(D, k - r), looked
what is kept: 1 - erase was taken for the factor of what reaches the old value; it is -erase
~ d_old = -erase * d_u => d_old = (1 - erase) * d_u
rate squared where it erases: the rate stands twice in the part of d_r that comes from where is erased
~ looked_back(D, erase * old) => looked_back(D, erase * erase * old)
rate of the squared value: the old value stands twice in d_erase
~ xp.sum(old * d_u, axis => xp.sum(old * old * d_u, axis
rate from what is kept: d_erase was made with the new value less the old one; the rate multiplies the old one
~ xp.sum(old * d_u, axis => xp.sum((old - v) * d_u, axis
rate from what reaches the old value: d_erase was made of d_old, which has the factor erase in it already; it is made of d_u, what reaches erase · old
~ d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True) => d_erase = -xp.sum(old * d_old, axis=-1, keepdims=True)
"""

# %% [markdown]
# ## Task 4: what fades and what is replaced (4 points)
#
# *Core, about 20 minutes.*
#
# Keys are orthogonal and of length 1. Of each of T writes, one number says whether it goes under the key that will be asked for at the end: `same[t]` is 1, else 0. {{fade.text}} What is read at the end is a sum of the values, $y = \sum_t w_t v_t$. Return the weights $w_t$ of all writes, for **Hebb's rule** and for the **delta rule**.
#
# Example: three writes, the first and the last under the key, α = 0.9, β = 1 throughout. Hebb's weights are {{fade.example}}.
#
# <details><summary>Hint 1</summary>
#
# The last write has faded by {{fade.last}}. So go from the last to the first, and keep the product of what later steps leave over.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Every later step fades, by its α, whatever its key. A later write under the same key leaves 1 - β of what stood there, by the delta rule; one under another key takes nothing: 1 - β · same.
# </details>
#
# <details><summary>Hint 3</summary>
#
# First append `beta[t] * same[t] * {{fade.hint}}`, then `kept = kept * alpha[t]`. For the delta rule the same with `left`, which is also multiplied by `1 - beta[t] * same[t]`. Index as in `beta[t, ...]`, and reverse the lists at the end.
# </details>


# %% solution="weights_read"
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = xp.ones_like(same[0, ...])  # of a write, by Hebb's rule
    left = xp.ones_like(same[0, ...])  # by the delta rule
    ### BEGIN SOLUTION
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * {{fade.kept}})
        by_delta.append(written * {{fade.left}})
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    ### END SOLUTION
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])


# %% [markdown]
# Try it: a key is written at steps 1 and 6 of 8. With which α does Hebb's rule read the old value with less than a tenth of the new one's weight? And what has then become of a value of another key, from step {{fade.step}}, at the end?

# %%
same = np.array([1.0, 0, 0, 0, 0, 1, 0, 0])[:, None]
for alpha in (1.0, 0.9, 0.6):
    args = move((same, 0 * same + alpha, 0 * same + 1))
    by_hebb, by_delta = map(to_numpy, weights_read(*args))
    print(
        f"alpha {alpha}: Hebb {by_hebb[0, 0]:.3f} and {by_hebb[5, 0]:.3f}, "
        f"delta {by_delta[0, 0]:.3f} and {by_delta[5, 0]:.3f}, "
        f"another key's value from step {{fade.step}}: {alpha**7:.3f}"
    )

# %% test="weights_read" points=4 explained="ch20_memory: What the delta rule is for"
import numpy as np

from rnncore.memory import Steps, delta, hebb, memory_loop
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "by_hebb, by_delta"


def writes(rng, T, B):
    same = rng.integers(0, 2, (T, B)) * 1.0
    same[0] = 1.0
    alpha, beta = rng.uniform(0.5, 1, (T, B)), rng.uniform(0.2, 1, (T, B))
    return {"same": same, "alpha": alpha, "beta": beta}


visible = [
    move(writes(np.random.default_rng(6), 5, 3)),
    move(writes(np.random.default_rng(7), 4, 2)),
]
check(
    weights_read,
    stored("weights_read"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_close, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    writes, [(1, 1), (2, 1), (7, 2), (4, 4), (12, 3)], device, rng=rng
)
check(
    weights_read,
    reference_weights_read,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
# the chapter's loop, with T unit vectors as values
args = writes(rng, 6, 2)
same, alpha, beta = (part[..., None] for part in args.values())
key = np.concatenate([same, 1 - same], axis=-1)
values = np.eye(6)[:, None, :] + np.zeros((6, 2, 6))
found = weights_read(**move(args))
for rule, weights in zip((hebb, delta), found, strict=True):
    steps = Steps(key, key, values, {{fade.logs}}, beta)
    _, S = memory_loop(rule, steps, np.zeros((2, 6, 2)))
    name = f"the weights of {rule.__name__}, against the loop"
    assert_close(name, weights, {{fade.due}}, 1e-6)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="weights_read"
r"""
{{fade.own}}: {{fade.own_says}}
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         by_hebb.append(written * {{fade.odd_kept}})
+         by_delta.append(written * {{fade.odd_left}})
no fading in the delta rule: the delta rule's weights do not fade; alpha acts {{fade.when}} each write, whatever the rule
~ left = left * alpha[t, ...] * (1 - written) => left = left * (1 - written)
no fading in Hebb's rule: Hebb's weights do not fade; alpha acts {{fade.when}} each write, whatever the rule
~ kept = kept * alpha[t, ...] => kept = kept
fading under the key only: only steps that write under the asked key fade here; alpha acts on the whole memory at every step
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         fading = 1 - same[t, ...] + same[t, ...] * alpha[t, ...]
+         kept = kept * fading
+         left = left * fading * (1 - written)
replaced by every write: writes under other keys were taken to replace the value as well; the delta rule leaves alone what is orthogonal to its key
~ (1 - written) => (1 - beta[t, ...])
replaced whole: a later write was taken to replace all that stood under the key; with the rate beta it leaves 1 - beta of it
~ (1 - written) => (1 - same[t, ...])
nothing replaced: both rules have the same weights here; by the delta rule a later write under the key leaves 1 - beta of what stood there
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...]
share replaced kept: what a later write leaves was taken to be beta; it leaves 1 - beta, and beta is written
~ (1 - written) => (1 - same[t, ...] + written)
own replacement: each write was multiplied by its own 1 - beta; it is later writes that replace it
~         by_delta.append(written * {{fade.left}}) =>         by_delta.append(written * {{fade.left}} * (1 - written))
Hebb replaces too: Hebb's weights contain 1 - beta of later writes; Hebb's rule takes nothing away
~ kept = kept * alpha[t, ...] => kept = kept * alpha[t, ...] * (1 - written)
rules exchanged: Hebb's weights and those of the delta rule have changed places
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         by_hebb.append(written * {{fade.left}})
+         by_delta.append(written * {{fade.kept}})
rate of writing dropped: the weights have no factor beta: only beta_t of a value is written
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         by_hebb.append(same[t, ...] * {{fade.kept}})
+         by_delta.append(same[t, ...] * {{fade.left}})
rate dropped in Hebb's rule: Hebb's weights have no factor beta: here both rules write with the rate beta
~ by_hebb.append(written * {{fade.kept}}) => by_hebb.append(same[t, ...] * {{fade.kept}})
rate dropped in the delta rule: the delta rule's weights have no factor beta: only beta_t of what is missing is written
~ by_delta.append(written * {{fade.left}}) => by_delta.append(same[t, ...] * {{fade.left}})
other keys counted: writes under other keys have a weight here; nothing of them is read under the asked key
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         by_hebb.append(beta[t, ...] * {{fade.kept}})
+         by_delta.append(beta[t, ...] * {{fade.left}})
from the first to the last: the products run over the earlier steps; a write is faded and replaced by the steps that come after it
~ reversed(range(same.shape[0])) => [*range(same.shape[0])][::1]
order reversed: the weights stand in the order last to first; the loop ran backward, so the lists are reversed once, at the end
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         by_hebb.insert(0, written * {{fade.kept}})
+         by_delta.insert(0, written * {{fade.left}})
one step's fading only: each write was faded by one later step alone; the shares of all later steps are multiplied
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = alpha[t, ...]
+         left = alpha[t, ...] * (1 - written)
one alpha for all: the first step's alpha was used at all steps
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * alpha[0, ...]
+         left = left * alpha[0, ...] * (1 - written)
faded by the step before: the alphas are off by one step: a write at step t is faded from step {{fade.on}} on
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * alpha[t - 1, ...]
+         left = left * alpha[t - 1, ...] * (1 - written)
replaced before it fades: what a later write takes away was not faded with the rest: 1 - beta is a factor, and multiplies what is left
~ left = left * alpha[t, ...] * (1 - written) => left = left * (alpha[t, ...] - written)
one step's alpha to a power: each write's own alpha was raised to the number of later steps; every step has its own
~         by_hebb.append(written * {{fade.kept}}) =>         by_hebb.append(written * alpha[t, ...] ** (same.shape[0] - 1 - t))
both by a power: each write's own alpha was raised to the number of later steps, for both rules; every step has its own
-         by_hebb.append(written * {{fade.kept}})
-         by_delta.append(written * {{fade.left}})
+         power = alpha[t, ...] ** (same.shape[0] - 1 - t)
+         by_hebb.append(written * power)
+         by_delta.append(written * power * {{fade.left}})
weights that sum to 1: Hebb's weights were divided by the sum of the rates of the writes under the key; what is read here is a plain sum
-     for t in reversed
+     total = xp.sum(beta * same, axis=0)
+     kept = kept / total
+     for t in reversed
subtracted: a later write was subtracted from what is left; it leaves the share 1 - beta, a factor
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...] - written
Hebb's order reversed: Hebb's weights stand in the order last to first
~ by_hebb.append(written * {{fade.kept}}) => by_hebb.insert(0, written * {{fade.kept}})
delta's order reversed: the delta rule's weights stand in the order last to first
~ by_delta.append(written * {{fade.left}}) => by_delta.insert(0, written * {{fade.left}})
faded by the rate too: what is kept by Hebb's rule was multiplied by beta as well; beta is the rate of the write, and later writes take nothing away
~ kept = kept * alpha[t, ...] => kept = kept * alpha[t, ...] * beta[t, ...]
what goes taken for what is kept: 1 - alpha was kept; alpha is the share kept
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * (1 - alpha[t, ...])
+         left = left * (1 - alpha[t, ...]) * (1 - written)
what goes, for Hebb's rule: 1 - alpha was kept in Hebb's weights; alpha is the share kept
~ kept = kept * alpha[t, ...] => kept = kept * (1 - alpha[t, ...])
the last alpha for all: the last step's alpha was used at all steps
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * alpha[-1, ...]
+         left = left * alpha[-1, ...] * (1 - written)
the last alpha for Hebb's rule: the last step's alpha was used at all steps, in Hebb's weights
~ kept = kept * alpha[t, ...] => kept = kept * alpha[-1, ...]
the last write alone: only a write at the very last step has a weight by the delta rule; the last one under the key counts, and with a rate below 1 the earlier ones too
~ by_delta.append(written * {{fade.left}}) => by_delta.append(written * {{fade.left}} if t == same.shape[0] - 1 else 0 * left)
fading under other keys only: only steps that write under other keys fade here; alpha acts at every step
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         fading = same[t, ...] + (1 - same[t, ...]) * alpha[t, ...]
+         kept = kept * fading
+         left = left * fading * (1 - written)
the other keys' writes: the weights are those of the writes under other keys: same is 1 where the asked key is written
~ written = beta[t, ...] * same[t, ...] => written = beta[t, ...] * (1 - same[t, ...])
shares added: what is kept is a sum of alphas; shares of later steps are multiplied
~ kept = kept * alpha[t, ...] => kept = kept + alpha[t, ...]
Hebb's share in the delta rule: the delta rule's share was computed from Hebb's share at each step, so only the next write replaces; every later write does
~ left = left * alpha[t, ...] * (1 - written) => left = kept * (1 - written)
rate squared: the rate of writing stands twice in the weights
~ written = beta[t, ...] * same[t, ...] => written = beta[t, ...] * beta[t, ...] * same[t, ...]
fading as a rate: each write has the weight alpha instead of beta
~ written = beta[t, ...] * same[t, ...] => written = alpha[t, ...] * same[t, ...]
not faded at all: neither rule's weights fade; alpha acts {{fade.when}} each write
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         left = left * (1 - written)
replaced at the rate of fading: a later write under the key was taken to leave alpha alone, squared; it leaves 1 - beta of what has faded
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...] * (1 - same[t, ...] + same[t, ...] * alpha[t, ...])
equal weights: every write under the key has its rate as a weight: nothing fades or is replaced by later steps
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept + 0 * alpha[t, ...]
faded what is replaced: what a later write leaves is 1 - alpha beta here; it leaves alpha (1 - beta)
~ left = left * alpha[t, ...] * (1 - written) => left = left * (1 - alpha[t, ...] * written)
strengthened: a later write was taken to add to what stands there: it leaves 1 - beta of it
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...] * (1 + written)
kept by its own key only: what is kept was multiplied by `same`, so that a write under another key wipes out all
~ kept = kept * alpha[t, ...] => kept = kept * alpha[t, ...] * same[t, ...]
kept by its own key, both: what is kept was multiplied by `same`, so that a write under another key wipes out all
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * alpha[t, ...] * same[t, ...]
+         left = left * alpha[t, ...] * same[t, ...] * (1 - written)
faded twice: alpha acts twice at each step
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * alpha[t, ...] ** 2
+         left = left * alpha[t, ...] ** 2 * (1 - written)
faded twice in Hebb's rule: alpha acts twice at each step in Hebb's weights
~ kept = kept * alpha[t, ...] => kept = kept * alpha[t, ...] ** 2
{{fade.mine}} in the delta rule: {{fade.delta_says}}
~ by_delta.append(written * {{fade.left}}) => by_delta.append(written * {{fade.odd_left}})
{{fade.mine}} in Hebb's rule: {{fade.hebb_says}}
~ by_hebb.append(written * {{fade.kept}}) => by_hebb.append(written * {{fade.odd_kept}})
replaced twice: each later write replaces twice
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...] * (1 - written) ** 2
what is written for what is left: beta of what stood there was taken to be left by a later write; it leaves 1 - beta (and all of it under another key)
~ left = left * alpha[t, ...] * (1 - written) => left = left * alpha[t, ...] * written
fading elsewhere, in Hebb's rule: only steps under other keys fade in Hebb's weights; alpha acts at every step
~ kept = kept * alpha[t, ...] => kept = kept * xp.where(same[t, ...] > 0, 0 * kept + 1, alpha[t, ...])
fading under the key, in Hebb's rule: only steps under the asked key fade in Hebb's weights; alpha acts at every step
~ kept = kept * alpha[t, ...] => kept = kept * xp.where(same[t, ...] > 0, alpha[t, ...], 0 * kept + 1)
rate for the fading: what is kept was multiplied by beta at each step; alpha is the share kept
-         kept = kept * alpha[t, ...]
-         left = left * alpha[t, ...] * (1 - written)
+         kept = kept * beta[t, ...]
+         left = left * beta[t, ...] * (1 - written)
other keys counted in Hebb's rule: Hebb's weights have no factor `same`: nothing of a write under another key is read under the asked one
~ by_hebb.append(written * {{fade.kept}}) => by_hebb.append(beta[t, ...] * {{fade.kept}})
decay of the step after: the decay was read one step late
~         kept = kept * alpha[t, ...] =>         kept = kept * alpha[min(t + 1, same.shape[0] - 1), ...]
"""

# %% [markdown]
# ## Task 5: two rows for the table (4 points)
#
# *Extra, about 20 minutes.*
#
# Each row of the chapter's table is a way to make `Steps` of what a network computes from $x_t$. Here are two that it lacks. Both get $q$, $k$, $v$, and a number $p$ for each step, (T, B, 1).
#
# - **Mamba-2** (Dao & Gu 2024) has a step size $\Delta = \ln(1 + e^{p})$. It keeps $\alpha = \exp(-\Delta\, e^{{rate.power}})$ of everything, where $d$ is learned (`decay`, (1,)), and writes $\Delta\, v$ by Hebb's rule. ($p$ may be 800, where $e^{p}$ overflows: compute $\Delta$ without it.)
# - **Longhorn** (Liu et al. 2024) with $\beta = \sigma(p)$ asks which $S$ is best: near to the old one, $\lVert S - S_{t-1} \rVert^2$, and right under the key, $\beta\, \lVert S k - v \rVert^2$, their sum as small as possible. Where the gradient is zero,
#
# $$S = S_{t-1} + \beta\,(v - S k)\, k^{\mathsf T} .$$
#
# This is the delta rule, but with the **new** $S$ on the right and the rate $\beta$. Multiply both sides by $k$, solve for $v - S k$, and put that in. What you get is the chapter's delta rule, which reads the old $S$, with another rate: that is the `beta` to return. It holds for keys of any length; nothing is scaled. (The published network then approximates it, so that it can be scanned; here it is exact.)
#
# Return both as `Steps(q, k, v, log_a, beta)`, whose last two parts are (T, B, 1). `log_a` is the logarithm of the share kept.
#
# <details><summary>Hint 1</summary>
#
# Steps wants the logarithm of α, so Mamba-2 needs no exponential of the whole: log α = -Δ e^{{rate.up}}. Without a decay α is 1, and its logarithm 0.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With e = v - S_{t-1} k: multiplying by k gives v - S k = e - β |k|² (v - S k). So v - S k = e / (1 + β |k|²).
# </details>
#
# <details><summary>Hint 3</summary>
#
# `rate = xp.logaddexp(p, xp.zeros_like(p))` for Δ; `s / (1 + s * size)` with s = sigmoid(p) and size = `xp.sum(k * k, axis=-1, keepdims=True)` for Longhorn.
# </details>


# %% solution="two_rows"
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    ### BEGIN SOLUTION
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp({{rate.d}})
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    ### END SOLUTION
    return mamba, longhorn


# %% [markdown]
# Try it: one key that is five times too long, written ten times with the value 1. What does the delta rule with rate σ(p) make of it, and what Longhorn?

# %%
k, v = np.full((10, 1, 1), 5.0), np.ones((10, 1, 1))
q, p = v / 5, 0 * v
args = move((q, k, v, p, np.zeros(1)))
_, longhorn = two_rows(*args)
plain = longhorn._replace(beta=sigmoid(args[3]))
for name, steps in (("delta rule", plain), ("Longhorn", longhorn)):
    y, _ = memory_loop(delta, steps, move(np.zeros((1, 1, 1))))
    print(f"{name:11}", *(f"{25 * float(a):9.3g}" for a in y[:5, 0, 0]))

# %% test="two_rows" points=4 explained="ch20_memory: One table of choices"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.memory import Steps, delta, memory_loop
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "mamba, longhorn"


def a_row(rng, T, B, K, V, size=1.0):
    return {
        "q": rng.normal(size=(T, B, K)),
        "k": size * rng.normal(size=(T, B, K)),
        "v": rng.normal(size=(T, B, V)),
        "p": 2 * rng.normal(size=(T, B, 1)),
        "decay": rng.normal(size=1),
    }


visible = [
    move(a_row(np.random.default_rng(8), 3, 2, 4, 5)),
    move(a_row(np.random.default_rng(9), 4, 3, 2, 3, 2.0)),
]
far = a_row(np.random.default_rng(10), 2, 3, 4, 2)
far["p"][:, 1] = 800.0  # where exp(p) overflows
far["p"][:, 2] = -800.0
visible.append(move(far))
check(
    two_rows,
    stored("two_rows"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    a_row,
    [(1, 1, 1, 1), (4, 2, 3, 5), (3, 3, 2, 2, 3.0)],
    device,
    rng=rng,
)
far = a_row(rng, 2, 2, 3, 2)  # where exp(p) would overflow
hidden.append(move({**far, "p": np.full((2, 2, 1), 800.0)}))
check(
    two_rows,
    reference_two_rows,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
# what Longhorn solves for: the gradient is zero at the new S
args, S = a_row(rng, 2, 2, 3, 4, 4.0), rng.normal(size=(2, 4, 3))
_, longhorn = two_rows(**move(args))
one = Steps(*(to_numpy(part)[:1] for part in longhorn))  # the first step
_, after = memory_loop(delta, one, S)
key, value = args["k"][0], args["v"][0]
missing = value - (after @ key[..., None])[..., 0]
s = 1 / (1 + 2.718281828459045 ** -args["p"][0])
step = (s * missing)[..., None] * key[..., None, :]
assert_close(
    "the new S, against the equation it solves", after, S + step, 1e-6
)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="two_rows"
r"""
share instead of its logarithm: log_a of Mamba-2 holds the share itself; Steps wants its logarithm
~ log_kept = -rate * xp.exp({{rate.d}}) => log_kept = xp.exp(-rate * xp.exp({{rate.d}}))
growing: log_a of Mamba-2 is positive, so that the memory grows: the share kept is exp(-Δ e^{{rate.up}})
~ -rate * xp.exp({{rate.d}}) => rate * xp.exp({{rate.d}})
decay without its exponential: {{rate.self}} was taken for e^{{rate.up}}: it may have either sign, and the memory would grow
~ -rate * xp.exp({{rate.d}}) => -rate * ({{rate.d}})
decay of the other sign: e^{{rate.wrong}} was taken for e^{{rate.up}}
~ -rate * xp.exp({{rate.d}}) => -rate * xp.exp({{rate.odd}})
step size missing in the decay: log_a of Mamba-2 does not depend on the step size: a larger Δ writes more and forgets more
~ -rate * xp.exp({{rate.d}}) => -xp.exp({{rate.d}}) + 0 * rate
decay alone without the step: the step size was added to the decay; it multiplies it
~ -rate * xp.exp({{rate.d}}) => -rate - xp.exp({{rate.d}})
whole value written: Mamba-2's rate of writing is 1 here; it writes Δ v
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, v, log_kept, xp.ones_like(rate))
what is not kept is written: Mamba-2's rate is 1 - α here, as in a GRU; it writes Δ v
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, v, log_kept, 1 - xp.exp(log_kept))
value scaled twice: Mamba-2's value was multiplied by Δ: v stays as it is, since Δ is its rate of writing, in `beta`
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, rate * v, log_kept, rate)
value scaled instead: Mamba-2's value was multiplied by Δ and its rate left at 1: the same memory, but Δ belongs in `beta`, and v stays as it is
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, rate * v, log_kept, xp.ones_like(rate))
sigmoid for the step size: Mamba-2's Δ was taken to be the sigmoid of p; it is ln(1 + e^p)
~ rate = xp.logaddexp(p, xp.zeros_like(p)) => rate = sigmoid(p)
exponential for the step size: Mamba-2's Δ was taken to be e^p; it is ln(1 + e^p)
~ rate = xp.logaddexp(p, xp.zeros_like(p)) => rate = xp.exp(p)
step size as it is: Mamba-2's Δ was taken to be p itself, which may be negative; it is ln(1 + e^p)
~ rate = xp.logaddexp(p, xp.zeros_like(p)) => rate = p
overflow: ln(1 + e^p) was computed as it is written, and e^p overflows for a large p
-     rate = xp.logaddexp(p, xp.zeros_like(p))
+     with np.errstate(over="ignore"):
+         rate = xp.log(1 + xp.exp(p))
old memory on the right: this is the plain delta rule's rate, σ(p): with the new S on the right the rate is divided by 1 + β |k|²
~ s / (1 + s * size) => s
length forgotten: the rate was divided by 1 + β; for keys of any length it is 1 + β |k|²
~ s / (1 + s * size) => s / (1 + s)
rate forgotten below: the rate was divided by 1 + |k|²; it is 1 + β |k|²
~ s / (1 + s * size) => s / (1 + size)
one forgotten: the rate was divided by β |k|²: that overwrites whole, whatever β; it is 1 + β |k|²
~ s / (1 + s * size) => 1 / size + 0 * s
divided by the length: the rate was divided by |k|²; it is 1 + β |k|²
~ s / (1 + s * size) => s / size
length not squared: |k| was taken for |k|²
~ s / (1 + s * size) => s / (1 + s * xp.sqrt(size))
minus below: the rate was divided by 1 - β |k|²: in v - S k = e - β |k|² (v - S k) the term on the right goes to the left with a plus
~ s / (1 + s * size) => s / (1 - s * size)
multiplied: the rate was multiplied by 1 + β |k|²; it is divided by it
~ s / (1 + s * size) => s * (1 + s * size)
mean of squares: the mean of the key's squares was taken for its squared length, their sum
~ xp.sum(k * k, axis=-1, keepdims=True) => xp.mean(k * k, axis=-1, keepdims=True)
length over time: the squared length was summed over the steps, not over the numbers of the key
~ xp.sum(k * k, axis=-1, keepdims=True) => xp.sum(k * k, axis=(0, 2), keepdims=True)
softplus for the rate: Longhorn's β was taken to be ln(1 + e^p); it is σ(p)
~ s, size = sigmoid(p), => s, size = xp.logaddexp(p, 0 * p),
Longhorn fades: Longhorn keeps everything: log_a is 0, the logarithm of 1
~ xp.zeros_like(p), s / (1 + s * size) => log_kept, s / (1 + s * size)
share one for Longhorn: log_a of Longhorn is 1, which would make the memory grow by the factor e; it is the logarithm of 1, so 0
~ xp.zeros_like(p), s / (1 + s * size) => xp.ones_like(p), s / (1 + s * size)
key scaled: Longhorn's key was scaled to length 1; its rate holds for keys of any length, nothing is scaled
~ longhorn = Steps(q, k, v, => longhorn = Steps(q, k / xp.sqrt(size), v,
rows exchanged: the two rows have changed places: first Mamba-2, then Longhorn
-     longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
+     longhorn = mamba
+     mamba = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
key and query exchanged: q and k have changed places: Steps has the order q, k, v, log_a, beta
-     mamba = Steps(q, k, v, log_kept, rate)
-     s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
-     longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
+     mamba = Steps(k, q, v, log_kept, rate)
+     s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
+     longhorn = Steps(k, q, v, xp.zeros_like(p), s / (1 + s * size))
last two exchanged: log_a and beta have changed places in both: Steps has the order q, k, v, log_a, beta
-     mamba = Steps(q, k, v, log_kept, rate)
-     s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
-     longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
+     mamba = Steps(q, k, v, rate, log_kept)
+     s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
+     longhorn = Steps(q, k, v, s / (1 + s * size), xp.zeros_like(p))
length above as well: Longhorn's rate has |k|² above the line too: β |k|² / (1 + β |k|²) is what is overwritten under the key, not the rate
~ s / (1 + s * size) => s * size / (1 + s * size)
first order: log_a of Mamba-2 is the logarithm of 1 - Δ e^{{rate.up}}; what is kept is exp(-Δ e^{{rate.up}})
~ -rate * xp.exp({{rate.d}}) => xp.log(abs(1 - rate * xp.exp({{rate.d}})) + 1e-12)
share of first order: log_a of Mamba-2 holds 1 - Δ e^{{rate.up}}, not even a logarithm: what is kept is exp(-Δ e^{{rate.up}}), whose logarithm is -Δ e^{{rate.up}}
~ -rate * xp.exp({{rate.d}}) => 1 - rate * xp.exp({{rate.d}})
nothing above the line: Longhorn's rate is 1 / (1 + β |k|²) here: β is missing above the line
~ s / (1 + s * size) => 1 / (1 + s * size)
value's length: the squared length of v_t was taken; it is the key that S is multiplied by
~ xp.sum(k * k, axis => xp.sum(v * v, axis
query's length: the squared length of q_t was taken; it is the key that S is multiplied by
~ xp.sum(k * k, axis => xp.sum(q * q, axis
product of key and query: the product of key and query was taken for the squared length of the key
~ xp.sum(k * k, axis => xp.sum(k * q, axis
decay through a softplus: ln(1 + e^{{rate.up}}) was taken for e^{{rate.up}}
~ xp.exp({{rate.d}}) => xp.logaddexp({{rate.d}}, 0 * decay)
decay through a sigmoid: σ({{rate.plain}}) was taken for e^{{rate.up}}
~ xp.exp({{rate.d}}) => sigmoid({{rate.d}})
exponential for Longhorn's rate: Longhorn's β was taken to be e^p; it is σ(p)
~ s, size = sigmoid(p), => s, size = xp.exp(p),
p for Longhorn's rate: Longhorn's β was taken to be p itself; it is σ(p)
~ s, size = sigmoid(p), => s, size = p,
logarithm of the rate: beta of Longhorn holds a logarithm; of the two only log_a is one
~ s / (1 + s * size) => xp.log(s / (1 + s * size))
logarithm of Mamba's rate: beta of Mamba-2 holds a logarithm; of the two only log_a is one
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, v, log_kept, xp.log(rate))
written, then faded: what Mamba-2 writes was faded as well; a step fades first and writes then
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, v, log_kept, rate * xp.exp(log_kept))
softplus of the wrong sign: Mamba-2's Δ was taken to be ln(1 + e^{-p}); it is ln(1 + e^p)
~ xp.logaddexp(p, xp.zeros_like(p)) => xp.logaddexp(-p, xp.zeros_like(p))
one rate for both: Longhorn got Mamba-2's step size as its rate
~ xp.zeros_like(p), s / (1 + s * size) => xp.zeros_like(p), rate
share left: Longhorn's rate is one less what it should be: 1 - β/(1 + β |k|²)
~ s / (1 + s * size) => 1 - s / (1 + s * size)
what is left under the key: the rate was divided by (1 + β |k|²)²; it is divided by 1 + β |k|², once
~ s / (1 + s * size) => s / (1 + s * size) ** 2
root of the whole: the rate was divided by the root of 1 + β |k|²
~ s / (1 + s * size) => s / (1 + s * size) ** 0.5
sum in place of squares: the numbers of the key were summed, not their squares
~ xp.sum(k * k, axis => xp.sum(k, axis
absolute sum: the absolute values of the key's numbers were summed, not their squares
~ xp.sum(k * k, axis => xp.sum(abs(k), axis
Mamba keeps everything: log_a of Mamba-2 is 0; it keeps exp(-Δ e^{{rate.up}}) of everything
~ log_kept = -rate * xp.exp({{rate.d}}) => log_kept = 0 * rate * xp.exp({{rate.d}})
Longhorn without p: Longhorn's rate does not depend on p, or is 1/(1 + |k|²): β is σ(p), above the line and below it
~ s, size = sigmoid(p), => s, size = 0 * p + 1,
step size from the decay: p and d have changed places in Mamba-2: Δ is ln(1 + e^p), and e^{{rate.up}} multiplies it
~ -rate * xp.exp({{rate.d}}) => -xp.logaddexp(decay, 0 * decay) * xp.exp({{rate.p}})
decay times the rate: log_a holds exp(-Δ d): the logarithm of the share is -Δ e^{{rate.up}}
~ -rate * xp.exp({{rate.d}}) => xp.exp(-rate * ({{rate.d}}))
exponential of the product: the exponential of Δ d was taken; it is Δ times e^{{rate.up}}
~ -rate * xp.exp({{rate.d}}) => -xp.exp(rate * ({{rate.d}}))
only one of both: Longhorn's rate was divided by the key's length: with |k| = 1 it would be plain β; it is divided by 1 + β |k|²
~ s / (1 + s * size) => s / xp.sqrt(size)
rate and size added: the rate was divided by β + |k|²; it is 1 + β |k|²
~ s / (1 + s * size) => s / (s + size)
Longhorn keeps what it does not write: log_a of Longhorn is the logarithm of 1 - β; it keeps everything: 0
~ xp.zeros_like(p), s / (1 + s * size) => xp.log(1 - s + 1e-12), s / (1 + s * size)
sigmoid for Mamba's rate: Mamba-2's rate of writing is σ(p) here; it is Δ = ln(1 + e^p)
~ mamba = Steps(q, k, v, log_kept, rate) => mamba = Steps(q, k, v, log_kept, sigmoid(p))
two below: the rate was divided by 2 + β |k|²; it is 1 + β |k|²
~ s / (1 + s * size) => s / (2 + s * size)
twice below: the rate was divided by 1 + 2 β |k|²; the factor 2 of both gradients cancels
~ s / (1 + s * size) => s / (1 + 2 * s * size)
Mamba's key changed by Longhorn's: the key was divided by its squared length, though it stays as it is in both rows
~ longhorn = Steps(q, k, v, => longhorn = Steps(q, k / size, v,
rate upside down: Longhorn's rate stands upside down: it is β / (1 + β |k|²)
~ s / (1 + s * size) => (1 + s * size) / s
"""

# %% [markdown]
# ## Task 6: two halves of an mLSTM, in float16 (4 points)
#
# *Extra, about 20 minutes.*
#
# In float16 the largest number is 65,504, and $e^{11.1}$ is above it. mLSTM survives because it stores its memory divided by $e^{m}$. Two computers have read one half of a sequence each. The first has $S_1$ and $m_1$, so that its memory is $e^{m_1} S_1$; the second began empty, and has $e^{m_2} S_2$. While the second half was read, the first half's memory would have faded by $e^{F}$, where $F$ is the sum of the second half's $\log f$ (`log_f`, at most 0). The memory of the whole sequence is
#
# $$e^{m} S = e^{F}\, e^{m_1} S_1 + e^{m_2} S_2 .$$
#
# Return $S$ and $m$, where $m$ is the **larger of the two logarithms** of weights that stand on the right, {{unit.text}}. No intermediate result may overflow in float16, though $m_1$ and $m_2$ may be 40 or −40. (What becomes so small that it is 0 does no harm.)
#
# <details><summary>Hint 1</summary>
#
# Divide the equation by e^m, and write each weight as one exponential: exp(F + m_1 - m), exp(m_2 - m).
# </details>
#
# <details><summary>Hint 2</summary>
#
# {{unit.hint}}
# </details>
#
# <details><summary>Hint 3</summary>
#
# `late = m_1 + log_f`, `m = {{unit.m}}`. The weights are (B, 1); `[..., None]` makes them (B, 1, 1), to multiply matrices.
# </details>


# %% solution="merged"
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    ### BEGIN SOLUTION
    late = m_1 + log_f
    m = {{unit.m}}
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    ### END SOLUTION
    return S, m


# %% [markdown]
# Try it: both halves hold the number 1, in units of $e^{30}$ and $e^{31}$, and the first fades by $e^{-1}$. In units of {{unit.by_hand}}. (With e³¹ itself, float16 would be infinite.)

# %%
one = np.ones((1, 1, 1))
halves = one, one[0] * 30, one, one[0] * 31, one[0] * -1
for dtype in ("float64", "float16"):
    S, m = merged(*move(halves, dtype))
    print(dtype, float(S[0, 0, 0]), "in units of e to the", float(m[0, 0]))

# %% test="merged" points=4 explained="ch20_memory: One table of choices"
import numpy as np

from rnncore.backend import array_namespace, to_numpy
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
OUTPUTS = "S, m, for each sequence 1 where S is finite in float16"


def halves_of(rng, B, V, K, size=30.0):
    return {
        "S_1": rng.normal(size=(B, V, K)),
        "m_1": rng.uniform(-size, size, (B, 1)),
        "S_2": rng.normal(size=(B, V, K)),
        "m_2": rng.uniform(-size, size, (B, 1)),
        "log_f": -rng.uniform(0, size / 4, (B, 1)),
    }


def in_half(a):
    """The same numbers in float16."""
    xp = array_namespace(a)
    return xp.astype(a, xp.float16)


def in_both(S_1, m_1, S_2, m_2, log_f):
    """What the learner's function gives, and for whom float16 will do."""
    args = S_1, m_1, S_2, m_2, log_f
    S, m = merged(*args)
    with np.errstate(all="ignore"):
        half, _ = merged(*map(in_half, args))
    finite = np.isfinite(to_numpy(half).astype(float))
    return S, m, [float(each.all()) for each in finite]


rng = np.random.default_rng(10)
visible = [
    move(halves_of(rng, 3, 2, 4, 2.0)),
    move(halves_of(rng, 2, 3, 2, 1.0)),
    move(
        {
            **halves_of(rng, 4, 2, 3),
            "m_1": np.array([[30.0], [-30.0], [2.0], [25.0]]),
            "m_2": np.array([[29.0], [-31.0], [30.0], [-20.0]]),
            "log_f": np.array([[-1.5], [-12.0], [-0.5], [-12.5]]),
        }
    ),
    move(halves_of(rng, 2, 4, 3, 2.0), "float32"),
]
check(
    in_both,
    stored("merged"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_independent(merged, visible[0], dict.fromkeys(visible[0], 0), axis=0)
### BEGIN HIDDEN TESTS
from rnncore.memory import Steps, hebb, memory_loop
from rnncore.testing import assert_that, hidden_inputs, hidden_rng
from rnncore.xlstm import mlstm_read, mlstm_steps

rng = hidden_rng()
hidden = hidden_inputs(
    halves_of,
    [(1, 1, 1), (5, 2, 3, 40.0), (2, 4, 2, 3.0), (3, 3, 3)],
    device,
    rng=rng,
)


def due_in_both(*args):
    """The same of the reference, for which float16 does."""
    return *reference_merged(*args), [1.0] * len(args[0])


check(in_both, due_in_both, hidden, outputs=OUTPUTS, by=properties)
args = move(halves_of(rng, 6, 2, 3, 40.0))
args["log_f"][0, 0] = -13.0  # exp(12) overflows in float16
args["m_1"][0, 0], args["m_2"][0, 0] = 30.0, 15.0
S, m = merged(*map(in_half, args.values()))
rounded = {k: to_numpy(in_half(a)).astype(float) for k, a in args.items()}
expected = reference_merged(*rounded.values())
for name, found, due in zip(("S", "m"), (S, m), expected, strict=True):
    with properties("dtype"):
        kept = "float16" in str(found.dtype)
        assert_that(kept, f"{name} of float16 arguments is float16")
    assert_close(f"{name} in float16", found, due, 0.05)
# the chapter's loop: the whole sequence against its halves
T, B = 6, 2
q, k, v = (rng.normal(size=(T, B, 3)) for _ in range(3))
log_f, log_i = -rng.uniform(0, 1, (T, B, 1)), 3 * rng.normal(size=(T, B, 1))
parts, nothing = (q, k, v, log_f, log_i), np.zeros((B, 4, 3))
steps, m = mlstm_steps(*parts, np.zeros((B, 1)))
y, _ = memory_loop(hebb, steps, nothing)
whole = mlstm_read(y, m)[-1]
halves = []
for half in slice(0, 3), slice(3, 6):
    steps, m = mlstm_steps(*(p[half] for p in parts), np.zeros((B, 1)))
    halves += [memory_loop(hebb, steps, nothing)[1], m[-1]]
S, m = merged(*move((*halves, log_f[3:].sum(axis=0))))
y = (S @ move(q[-1])[..., None])[..., 0]
read = mlstm_read(y[None], m[None])[0]
assert_close("what is read after both halves", read, whole, 1e-6)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="merged"
r"""
no units: the exponentials were taken as they are, and m is 0: in float16 e^12 is infinite already; divide by e^m first, in the exponent
-     m = {{unit.m}}
-     first, second = xp.exp(late - m), xp.exp(m_2 - m)
+     m = 0 * late
+     first, second = xp.exp(late), xp.exp(m_2)
divided too late: both memories were multiplied by e^m of their own and then divided by the new e^m: what overflows before the division stays infinite; subtract in the exponent
-     S = first[..., None] * S_1 + second[..., None] * S_2
+     S = xp.exp(late)[..., None] * S_1 + xp.exp(m_2)[..., None] * S_2
+     S = S / xp.exp(m)[..., None]
not divided: the exponentials were taken as they are, though m says that S is divided by e^m: subtract m in both exponents
~ first, second = xp.exp(late - m), xp.exp(m_2 - m) => first, second = xp.exp(late), xp.exp(m_2)
fading forgotten: the first half did not fade: while the second half was read it was multiplied by e^F
~ late = m_1 + log_f => late = m_1 + 0 * log_f
fading of the second: the second half fades here; its own forget gates are in S_2 already, and F acts on the first half
~     late = m_1 + log_f =>     late, m_2 = m_1, m_2 + log_f
both fade: the second half fades as well; its own forget gates are in S_2 already, and F acts on the first half
-     m = {{unit.m}}
+     m_2 = m_2 + log_f
+     m = {{unit.m}}
fading the wrong way: F was subtracted, so that the first half grows: F is the logarithm of what is left, and at most 0
~ m_1 + log_f => m_1 - log_f
share instead of its logarithm: e^F was added to m_1; m_1 is a logarithm, and so is F
~ m_1 + log_f => m_1 + xp.exp(log_f)
fading multiplied: m_1 was multiplied by F; logarithms of factors are added
~ m_1 + log_f => m_1 * log_f
smaller of the two: m is the smaller of the two logarithms, so that one exponential is above 1, and overflows in float16
~ xp.maximum(late, m_2) => xp.minimum(late, m_2)
larger before fading: m was taken as the larger of m_1 and m_2: the same memory in other units, but not the larger of the weights' logarithms, since the first half has faded: m_1 + F
~ xp.maximum(late, m_2) => xp.maximum(m_1, m_2)
first half's units: m is that of the first half, faded: where the second half's weight is much larger, its exponential overflows
~ xp.maximum(late, m_2) => late
second half's units: m is that of the second half: where the first half's weight is much larger, its exponential overflows
~ xp.maximum(late, m_2) => m_2
first half's old units: m is m_1: where the second half's weight is much larger, its exponential overflows
~ xp.maximum(late, m_2) => m_1
sum of the weights: m was taken as the logarithm of the sum of both weights: the same memory in other units; {{unit.sum}} of the two logarithms
~ xp.maximum(late, m_2) => xp.logaddexp(late, m_2)
logarithms added: m is the sum of both logarithms; it is {{unit.larger}} of the two
~ xp.maximum(late, m_2) => late + m_2
mean of the logarithms: m is the mean of both logarithms; it is {{unit.larger}} of the two, so that no exponential is above {{unit.most}}
~ xp.maximum(late, m_2) => 0.5 * (late + m_2)
one m for the batch: one m was taken for the whole batch: each sequence has its own
~ xp.maximum(late, m_2) => xp.max(xp.maximum(late, m_2), axis=0, keepdims=True) + 0 * m_2
halves exchanged: the weights have changed places: F + m_1 belongs to S_1, m_2 to S_2
~ first, second = xp => second, first = xp
exponents turned round: m was subtracted the wrong way round: exp(m - ...) is above 1, and overflows
~ xp.exp(late - m), xp.exp(m_2 - m) => xp.exp(m - late), xp.exp(m - m_2)
units ignored: the two memories were added as they are, though they are stored in different units
~ first[..., None] * S_1 + second[..., None] * S_2 => S_1 + S_2
second half as it is: S_2 was added as it is: it is in units of e^{m_2} and has to come into those of e^m
~ second[..., None] * S_2 => S_2
first half as it is: S_1 was added without its weight: it is in units of e^{m_1} and has to come into those of e^m
~ first[..., None] * S_1 => S_1
first half by its fading alone: S_1 was multiplied by e^F alone: it also has to come from units of e^{m_1} into those of e^m
~ first, second = xp.exp(late - m), xp.exp(m_2 - m) => first, second = xp.exp(log_f), xp.exp(m_2 - m)
first half not faded in the weight: m has the fading in it, but the first half's weight has not: it is exp(F + m_1 - m)
~ xp.exp(late - m), xp => xp.exp(m_1 - m), xp
mean of the halves: the result was divided by the sum of the weights: that is for the reading; the memory is a sum
- S = first[..., None] * S_1 + second[..., None] * S_2
+ S = first[..., None] * S_1 + second[..., None] * S_2
+     S = S / (first + second)[..., None]
one half alone: only the half with the larger weight was kept; the other one counts with its own weight
~ S = first[..., None] * S_1 + second[..., None] * S_2 => S = xp.where((late > m_2)[..., None], S_1, S_2)
another precision [hidden, dtype]: the sum was computed in float64: what is asked keeps the dtype of its arguments
~ return S, m => return xp.astype(S, xp.float64), m
absolute values: m was taken as the larger of two absolute values; a logarithm below 0 is a small weight
~ xp.maximum(late, m_2) => xp.maximum(abs(late), abs(m_2))
at least zero: m was not allowed below 0: for two small weights that makes S needlessly small; m is {{unit.larger}} of the two
~ xp.maximum(late, m_2) => xp.maximum(xp.maximum(late, m_2), 0 * late)
second half taken away: the second half was subtracted; the memories are added
~ first[..., None] * S_1 + second[..., None] * S_2 => first[..., None] * S_1 - second[..., None] * S_2
weights that sum to 1: the second weight was taken to be 1 less the first; each is the exponential of its own logarithm
~ xp.exp(late - m), xp.exp(m_2 - m) => xp.exp(late - m), 1 - xp.exp(late - m)
all of it faded: the sum of both halves was faded; F acts on the first half alone
~ S = first[..., None] * S_1 + second[..., None] * S_2 => S = xp.exp(log_f)[..., None] * (xp.exp(m_1 - m)[..., None] * S_1 + second[..., None] * S_2)
faded once more: the sum of both halves was faded once more; F is in the first half's weight already, and the second half does not fade
~ S = first[..., None] * S_1 + second[..., None] * S_2 => S = xp.exp(log_f)[..., None] * (first[..., None] * S_1 + second[..., None] * S_2)
first half faded twice: F stands twice in the first half's weight
~ S = first[..., None] * S_1 + second[..., None] * S_2 => S = xp.exp(late + log_f - m)[..., None] * S_1 + second[..., None] * S_2
m faded: m was faded at the end: F belongs to the first half's logarithm, before the larger one is taken
- S = first[..., None] * S_1 + second[..., None] * S_2
+ S = first[..., None] * S_1 + second[..., None] * S_2
+     m = m + log_f
m without the fading: the weights are right, but the m that is returned is the larger of m_1 and m_2: S is in units of {{unit.larger}} of m_1 + F and m_2
- S = first[..., None] * S_1 + second[..., None] * S_2
+ S = first[..., None] * S_1 + second[..., None] * S_2
+     m = xp.maximum(m_1, m_2)
m of the second half returned: the weights are right, but the m that is returned is m_2; S is in units of {{unit.larger}} of m_1 + F and m_2
- S = first[..., None] * S_1 + second[..., None] * S_2
+ S = first[..., None] * S_1 + second[..., None] * S_2
+     m = m_2
m returned as its exponential: e^m was returned in place of m: it is infinite in float16 from 11.1 on
- S = first[..., None] * S_1 + second[..., None] * S_2
+ S = first[..., None] * S_1 + second[..., None] * S_2
+     m = xp.exp(m)
no exponential: differences of logarithms were taken as weights: a weight is the exponential of its logarithm
~ xp.exp(late - m), xp.exp(m_2 - m) => late - m, m_2 - m
powers of two: the weights are powers of 2; the logarithms are natural
~ xp.exp(late - m), xp.exp(m_2 - m) => 2 ** (late - m), 2 ** (m_2 - m)
one exponent turned round: m_2 was subtracted from m: exp(m - m_2) is above 1, and overflows
~ xp.exp(m_2 - m) => xp.exp(m - m_2)
other exponent turned round: m_1 + F was subtracted from m: exp(m - m_1 - F) is above 1, and overflows
~ xp.exp(late - m), xp => xp.exp(m - late), xp
larger by size: the larger absolute value of the memories was looked for; m is about their units
~ xp.maximum(late, m_2) => xp.maximum(late, m_2) + xp.log(xp.max(abs(S_1), axis=(1, 2)))[:, None]
fading after the larger: F was added to the larger of m_1 and m_2; it belongs to m_1 before the larger one is taken
~ xp.maximum(late, m_2) => xp.maximum(m_1, m_2) + log_f
second half at weight 1: the second half was added as it is, and the first with exp(m_1 - m_2): that is in units of the second, overflows where m_1 is much larger, and has no fading
~ first, second = xp.exp(late - m), xp.exp(m_2 - m) => first, second = xp.exp(m_1 - m_2), 1 + 0 * m
second half's units in the weights: the second half was added as it is, and the first with exp(m_1 + F - m_2): that is in units of the second, and overflows where the first is much larger
~ first, second = xp.exp(late - m), xp.exp(m_2 - m) => first, second = xp.exp(late - m_2), 1 + 0 * m
larger number of each pair: the larger of the two numbers was taken in each place; the memories are added
~ first[..., None] * S_1 + second[..., None] * S_2 => xp.maximum(first[..., None] * S_1, second[..., None] * S_2)
halved: the two memories were averaged; they are added
~ first[..., None] * S_1 + second[..., None] * S_2 => 0.5 * (first[..., None] * S_1 + second[..., None] * S_2)
multiplied: the two memories were multiplied; they are added
~ first[..., None] * S_1 + second[..., None] * S_2 => first[..., None] * S_1 * second[..., None] * S_2
m added: m was added in both exponents; S is divided by e^m, so it is subtracted
~ xp.exp(late - m), xp.exp(m_2 - m) => xp.exp(late + m), xp.exp(m_2 + m)
first weight not divided: the first half's weight is exp(m_1 + F), not divided by e^m
~ xp.exp(late - m), xp => xp.exp(late), xp
second weight not divided: the second half's weight is exp(m_2), not divided by e^m
~ xp.exp(m_2 - m) => xp.exp(m_2)
fading by itself: the first half's weight was cut into exp(F) and exp(m_1 - m), and the second factor overflows in float16 where F is small: one exponential of the sum
-     S = first[..., None] * S_1 + second[..., None] * S_2
+     first = xp.exp(log_f) * xp.exp(m_1 - m)
+     S = first[..., None] * S_1 + second[..., None] * S_2
"""

# %% [markdown]
# ## Task 7, closed book: `gated_delta_cell` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Write the gated delta rule as a cell of the loop. Its state is $(y, S)$, and it looks at $a_x$ alone, in five blocks of H numbers: q, k, v, and what stands in front of the sigmoids of α and β.
#
# $$k \leftarrow \frac{k}{\lvert k \rvert} \qquad M = S_{t-1} \operatorname{diag}(\alpha) \qquad e = v - M k \qquad S_t = M + (\beta \odot e)\, k^{\mathsf T} \qquad y_t = S_t\, q$$
#
# α has one number per column of S, and β one per row. Return the new state, `(y, S)`, and the cache `(q, k, length, alpha, beta, e, S_before)`, with k of length 1 and its length before. `unit(a)` gives both; `gates(a, G)` cuts blocks.
#
# <details><summary>Hint 1</summary>
#
# Cut, scale the key, squash the two gates. Then the four equations in their order.
# </details>
#
# <details><summary>Hint 2</summary>
#
# One number per column: `S_before * alpha[:, None, :]`. One per row: `beta * e` before the outer product.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `e = delta(v, M, k)`, which reads the memory after it has faded; `S = M + outer(beta * e, k)`; `looked_up(S, q)`.
# </details>


# %% solution="gated_delta_cell" closed_book=true
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    ### BEGIN SOLUTION
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    ### END SOLUTION
    return (y, S), (q, k, length, alpha, beta, e, S_before)


# %% [markdown]
# Try it: the same state as the book's.

# %%
rng = np.random.default_rng(0)
a_x, S = move(rng.normal(size=(2, 15))), move(rng.normal(size=(2, 3, 3)))
mine, _ = gated_delta_cell(a_x, 0 * a_x, (0 * S[..., 0], S))
book, _ = book_gated_delta_cell(a_x, 0 * a_x, (0 * S[..., 0], S))
print("largest difference:", float(abs(mine[1] - book[1]).max()))

# %% test="gated_delta_cell" points=4 explained="ch20_memory: As a cell of the loop"
import numpy as np

from rnncore.memory import gated_delta_cell as book_gated_delta_cell
from rnncore.testing import (
    Properties,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "state, cache"


def delta_step(rng, B, H):
    state = rng.normal(size=(B, H)), rng.normal(size=(B, H, H))
    a_x, a_h = rng.normal(size=(2, B, 5 * H))
    key = a_x[:, H : 2 * H]
    key += np.sign(key)  # long ones: under the root `unit` adds 1e-12
    return {"a_x": a_x, "a_h": a_h, "state": state}


visible = [
    move(delta_step(np.random.default_rng(11), 2, 3)),
    move(delta_step(np.random.default_rng(12), 3, 2)),
]
check(
    gated_delta_cell,
    stored("gated_delta_cell"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_independent(
    lambda *args: gated_delta_cell(*args)[0][1],
    visible[0],
    {"a_x": 0, "state": 0},
    axis=0,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(delta_step, [(1, 1), (4, 2), (2, 5), (3, 3)], device)
check(
    gated_delta_cell,
    book_gated_delta_cell,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 7 holds.")

# %% mistakes="gated_delta_cell"
r"""
key not scaled: the key was not scaled to length 1
~ k, length = unit(k) => _, length = unit(k)
query scaled too: the query was scaled to length 1 as well; only the key is
~ k, length = unit(k) => (k, length), (q, _) = unit(k), unit(q)
error before fading: what is missing was read from the memory before it faded; it is v - M k
~ e = delta(v, M, k) => e = delta(v, S_before, k)
Hebb's rule: the value was written whole; the delta rule writes what is missing, v - M k
~ e = delta(v, M, k) => e = v
error of the query: you used q_t where the old value is read with k_t: what is missing is v - M k
~ e = delta(v, M, k) => e = delta(v, M, q)
sign of the error: what is missing is v - M k, the value less what stands there
~ e = delta(v, M, k) => e = -delta(v, M, k)
fading by rows: alpha multiplies the rows; it has one number per column of S
~ alpha[:, None, :] => alpha[:, :, None]
rate by columns: beta multiplies the key, one number per column; it has one per row, and multiplies e
~ outer(beta * e, k) => outer(e, beta * k)
no fading: the memory does not fade: alpha is missing
~ S_before * alpha[:, None, :] => S_before + 0 * alpha[:, None, :]
no rate: beta is missing in what is written
~ outer(beta * e, k) => outer(e, k)
written to the old memory: what is written was added to the memory before it faded
~ S = M + outer => S = S_before + outer
rate as what is left: 1 - beta was taken for the rate of writing
~ outer(beta * e, k) => outer((1 - beta) * e, k)
alpha as what goes: 1 - alpha was kept; alpha is the share kept
~ S_before * alpha[:, None, :] => S_before * (1 - alpha)[:, None, :]
read too early: y was read from the memory before the step's writing; it is S_t q
~ looked_up(S, q) => looked_up(M, q)
read from the old memory: y was read from S_{t-1}; it is S_t q
~ looked_up(S, q) => looked_up(S_before, q)
read with the key: you used k_t where the memory is read with q_t
~ looked_up(S, q) => looked_up(S, k)
outer product the wrong way: the outer product k e^T was added, transposed: rows belong to values, columns to keys
~ outer(beta * e, k) => outer(k, beta * e)
read by rows: S^T q was read: the query belongs to the columns
~ looked_up(S, q) => looked_back(S, q)
gates not squashed: alpha and beta did not go through a sigmoid
~ sigmoid(alpha), sigmoid(beta) => alpha + 0, beta + 0
gates exchanged: alpha and beta have changed places: the blocks stand in the order q, k, v, alpha, beta
~ q, k, v, alpha, beta = gates => q, k, v, beta, alpha = gates
key first: the blocks stand in the order q, k, v, alpha, beta; here k comes before q
~ q, k, v, alpha, beta = gates => k, q, v, alpha, beta = gates
value first: the blocks stand in the order q, k, v, alpha, beta; here v comes before k
~ q, k, v, alpha, beta = gates => q, v, k, alpha, beta = gates
a_h added: a_h was added to a_x: this cell never looks at a_h
~ gates(a_x, 5) => gates(a_x + a_h, 5)
rate in the cache's error: e in the cache has beta in it; the cache holds e and beta apart
- e = delta(v, M, k)
-     S = M + outer(beta * e, k)
+ e = beta * delta(v, M, k)
+     S = M + outer(e, k)
faded memory in the cache: the cache holds the memory after it has faded; the way back needs S_before
- y = looked_up(S, q)
+ y = looked_up(S, q)
+     S_before = M
order of the state: the state is (y, S); here the two have changed places
~     y = looked_up(S, q) =>     y, S = S, looked_up(S, q)
divided by the square: the key was divided by its squared length; to length 1 leads a division by the length
- k, length = unit(k)
+ k, length = unit(k)
+     k = k / length
gates through tanh: alpha and beta went through tanh, which may be negative; both are sigmoids
~ sigmoid(alpha), sigmoid(beta) => 2 * sigmoid(2 * alpha) - 1, 2 * sigmoid(2 * beta) - 1
alpha not squashed: alpha did not go through a sigmoid
~ sigmoid(alpha), sigmoid(beta) => alpha + 0, sigmoid(beta)
beta not squashed: beta did not go through a sigmoid
~ sigmoid(alpha), sigmoid(beta) => sigmoid(alpha), beta + 0
rates up to 2: beta was doubled: that is the convention of those who want reflections (Grazzi et al. 2024); here it is a sigmoid, at most 1
~ sigmoid(alpha), sigmoid(beta) => sigmoid(alpha), 2 * sigmoid(beta)
faded at the end: the memory faded after the step's writing; it fades first, and what is missing is read from what is left
-     M = S_before * alpha[:, None, :]
-     e = delta(v, M, k)
-     S = M + outer(beta * e, k)
+     e = delta(v, S_before, k)
+     S = (S_before + outer(beta * e, k)) * alpha[:, None, :]
written under the query: what is missing was written under q_t; it belongs under k_t
~ outer(beta * e, k) => outer(beta * e, q)
value scaled: the value was scaled to length 1; only the key is
~ k, length = unit(k) => (k, length), (v, _) = unit(k), unit(v)
all three scaled: query and value were scaled to length 1 too; only the key is
~ k, length = unit(k) => (k, length), (q, _), (v, _) = unit(k), unit(q), unit(v)
exponential for alpha: alpha was taken to be an exponential, which may be above 1; it is a sigmoid
~ sigmoid(alpha), sigmoid(beta) => 1 / (1 / sigmoid(alpha) - 1), sigmoid(beta)
a_h in place of a_x: the blocks were cut from a_h; this cell looks at a_x alone
~ gates(a_x, 5) => gates(a_h, 5)
rate at the value alone: only the value was multiplied by beta; the rate multiplies all that is missing, v - M k
-     e = delta(v, M, k)
-     S = M + outer(beta * e, k)
+     e = beta * v - looked_up(M, k)
+     S = M + outer(e, k)
rate at the old value alone: only what stands there was multiplied by beta; the rate multiplies all that is missing, v - M k
-     e = delta(v, M, k)
-     S = M + outer(beta * e, k)
+     e = v - beta * looked_up(M, k)
+     S = M + outer(e, k)
taken away: what is missing was taken away; it is added
~ M + outer(beta * e, k) => M - outer(beta * e, k)
rate twice: beta acts twice on what is missing
~ outer(beta * e, k) => outer(beta * beta * e, k)
alpha at the writing: what is written was multiplied by alpha too; alpha is what is kept of the old memory
~ outer(beta * e, k) => outer(alpha * beta * e, k)
old memory not kept: the new memory holds only what was written: the old one is missing
~ S = M + outer => S = 0 * M + outer
key scaled after the step: the old value was read with a key of the wrong length: scale it first
~ e = delta(v, M, k) => e = delta(v, M, k * length)
key of its own length written: what is missing was written under a key of the wrong length: scale it first
~ outer(beta * e, k) => outer(beta * e, k * length)
tanh on the value: the value has no tanh here
~ e = delta(v, M, k) => e = delta(2 * sigmoid(2 * v) - 1, M, k)
last output read: y_t was read with the old output instead of the query
~ looked_up(S, q) => looked_up(S, state[0])
key for the value: key and value have changed places in what is missing: it is v - M k
~ delta(v, M, k) => delta(k, M, v)
query through a sigmoid: the query went through a sigmoid; alpha and beta alone are gates
~ alpha, beta = sigmoid(alpha), sigmoid(beta) => alpha, beta, q = sigmoid(alpha), sigmoid(beta), sigmoid(q)
both gates turned round: 1 less each gate was taken: alpha is the share kept, beta the rate of writing
~ sigmoid(alpha), sigmoid(beta) => 1 - sigmoid(alpha), 1 - sigmoid(beta)
rate tied to the fading: beta was taken to be 1 - alpha; it has a block of its own
~ sigmoid(alpha), sigmoid(beta) => sigmoid(alpha), 1 - sigmoid(alpha)
query last: the blocks stand in the order q, k, v, alpha, beta; here k and v come before q
~ q, k, v, alpha, beta = gates => k, v, q, alpha, beta = gates
gates first: the blocks stand in the order q, k, v, alpha, beta; here the gates come first
~ q, k, v, alpha, beta = gates => alpha, beta, q, k, v = gates
rate at the value, all erased: the value was multiplied by beta, and all that stands there was taken away: the rate multiplies both
~ M + outer(beta * e, k) => M + outer(beta * v, k) - outer(looked_up(M, k), k)
softmax on the key: the key went through a softmax; it is scaled to length 1
- k, length = unit(k)
+ length = unit(k)[1]
+     k = 1 / (1 / sigmoid(k) - 1)
+     k = k / k.sum(-1, keepdims=True)
sigmoid on the key: the key went through a sigmoid before it was scaled
~ k, length = unit(k) => k, length = unit(sigmoid(k))
beta for the value, with the memory kept whole: what is missing was cut as beta v - M k, and multiplied by beta again
~ e = delta(v, M, k) => e = beta * v - looked_up(M, k)
query in place of the key: the query was scaled to length 1 and used as the key
~ k, length = unit(k) => k, length = unit(q)
beta for the fading: the memory fades by beta; alpha is the share kept
~ S_before * alpha[:, None, :] => S_before * beta[:, None, :]
alpha for the rate: what is missing was multiplied by alpha; beta is the rate of writing
~ outer(beta * e, k) => outer(alpha * e, k)
value in place of the query: y was read with v_t; the query reads
~ looked_up(S, q) => looked_up(S, v)
query scaled instead of the key: the query was scaled to length 1, and the key was not
~ k, length = unit(k) => q, length = unit(q)
value written: beta v was written; the delta rule writes what is missing, beta e
~ outer(beta * e, k) => outer(beta * v, k)
query scaled: the query was scaled to length 1; it is the key that is
~ y = looked_up(S, q) => y = looked_up(S, unit(q)[0])
tanh for alpha: alpha went through tanh; a share that is kept is a sigmoid
~ sigmoid(alpha), sigmoid(beta) => array_namespace(alpha).tanh(alpha), sigmoid(beta)
"""

# %% [markdown]
# ## The mutant hunt (2 points)
#
# *Extra, about 15 minutes.*
#
# `slstm_cell(a_x, a_h, state)` of the chapter, whose formulas stand there, has seven wrong relatives. Each is one small edit away from it, each runs without an error, and each is a **box** that you cannot look into. The four gates stand in the order i, f, z, o; the state is $(h, c, n, m)$. Three letters mean something else than elsewhere: z is the *candidate* here, what is written, and no gate that keeps, as in chapter 7, or writes, as in the minimal layer; n counts how strongly was written; m is the greatest logarithm so far.
#
# Write `steps_that_tell()`: a list of `(a_x, a_h, state)`, float64 NumPy arrays, state a tuple of four, on which the boxes give themselves away. What counts is all that the function returns. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# Random numbers near 0 open three boxes. What are they never? They are never exactly 0, as a memory is before its first step, and never large. Go through the formulas, and ask of each function where its numbers end: what do exp, σ and log do far from 0?
# </details>
#
# <details><summary>Hint 2</summary>
#
# exp(710) is infinite, and σ(-750) is rounded to 0, whose logarithm is minus infinity. What a gate far to one side spoils can be seen only where the other logarithm, in the same unit, is smaller still. A unit of its own for each of these cases is enough.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Three sequences of two units, and random numbers everywhere else. In four of the six units: i is 20; o is 800; f is -800 and i -900; n is 0. (Set a_x to these numbers, and a_h there to 0.)
# </details>


# %% solution="steps_that_tell"
def steps_that_tell():
    """A list of (a_x, a_h, state); state is a tuple of four arrays."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(2)
    a_x, a_h = rng.normal(size=(2, 3, 8))  # i, f, z, o of two units
    h, c, m = rng.normal(size=(3, 3, 2))
    n = rng.uniform(0.5, 1.5, (3, 2))
    a_x[0, 0] = 20.0
    a_x[0, 7] = 800.0
    a_x[1, 0], a_x[1, 2], a_h[1, 2] = -900.0, -800.0, 0.0
    n[2, 1] = 0.0
    return [(a_x, a_h, (h, c, n, m))]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("steps_that_tell")
rng = np.random.default_rng(0)
a_x, a_h = rng.normal(size=(2, 3, 8))
hasty = a_x, a_h, tuple(rng.normal(size=(4, 3, 2)))
(right, *_), _ = slstm_cell(*hasty)
for name, box in boxes.items():
    (wrong, *_), _ = box(*hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="steps_that_tell" points=2 explained="ch20_memory: One table of choices"
from rnncore.testing import black_boxes, hunt
from rnncore.xlstm import slstm_cell

hunt(
    slstm_cell,
    black_boxes("steps_that_tell"),
    steps_that_tell(),
    few=1,
    points=2,
)

# %% mutants="steps_that_tell" of="rnncore.xlstm.slstm_cell"
r"""
deaf to the state: the gates read the input twice and the state never: unseen where a_x equals a_h
~ gates(a_x + a_h, 4) => gates(a_x + a_x, 4)
memory without its sign: the old memory loses its sign: unseen where it is positive
~ keep * c_before => keep * abs(c_before)
one count for the batch: the first sequence's n is used for all: unseen with one sequence
~ keep * n_before + write => keep * n_before[:1] + write
an exponent cut off: i is never above 10, as where one fears that its exponential overflows: unseen where it is smaller
~ xp.maximum(log_f, log_i) => xp.maximum(log_f, log_i := xp.minimum(log_i, 0 * log_i + 10))
a sigmoid that overflows: o is e^o / (1 + e^o): unseen below 710
~ sigmoid(o), sigmoid(a_f) => xp.exp(o) / (1 + xp.exp(o)), sigmoid(a_f)
the logarithm of a gate that was rounded: f is 0 below -745, and its logarithm minus infinity: unseen where i has the larger logarithm
~ log_sigmoid(a_f) + m_before => xp.log(f) + m_before
an empty memory counts as one: n = 0 is taken for 1, as where one fears a division by 0: unseen where something was written before
~ keep * n_before + write => keep * xp.where(n_before == 0, 1 + n_before, n_before) + write
"""

# %% [markdown]
# ## Experiment: what is lost, and what is disturbed
#
# *Extra, about 15 minutes.*
#
# The same pairs, written by Hebb's rule and by the delta rule, whose step is your `replace_step` with r = k of length 1 and erase = 1. Two sliders: the numbers K of a key, and how much of one common vector is added to all keys before they are scaled, because keys that a network computes often share a direction. The plot shows the mean ratio of the squared error to the value, against the number of pairs; for Hebb's rule it is from your `capacity`. Beneath it stands, for 32 pairs, what share of its own value each quarter of them still reads, the oldest first.
#
# **Predict**, before you run anything: different random keys, K = 32. Which rule has the smaller mean error with 32 pairs? And which one still reads the whole value of the oldest pairs (with whatever is added to it)? Write `"hebb"` or `"delta"`. Nothing is graded here; your words are kept in the notebook for you to come back to.

# %%
my_prediction = {"smaller mean error": "", "oldest values whole": ""}


# %% experiment
def compared(K, common, most=32, V=32):
    """Mean errors after each number of pairs; shares of the values read."""
    rng = np.random.default_rng(0)
    keys = rng.normal(size=(most, K)) + common * rng.normal(size=K)
    keys, values = unit(move(keys))[0], move(rng.normal(size=(most, V)))
    S, one = move(np.zeros((1, V, K))), move(np.ones((1, 1)))
    size = (to_numpy(values) ** 2).sum(-1)
    by_hebb, by_delta = [], []
    for n in range(1, most + 1):
        ratio, _ = capacity(keys[:n, ...], values[:n, ...], 1.0)
        by_hebb.append(float(to_numpy(ratio).mean()))
        k, v = keys[n - 1 : n, ...], values[n - 1 : n, ...]
        S, _ = replace_step(S, k, k, v, k, one)
        read = to_numpy(keys[:n, ...] @ S[0, ...].T)
        error = ((read - to_numpy(values[:n, ...])) ** 2).sum(-1)
        by_delta.append(float((error / size[:n]).mean()))
    reads = {"Hebb": to_numpy(keys @ keys.T @ values), "delta": read}
    shares = {
        name: (a * to_numpy(values)).sum(-1) / size
        for name, a in reads.items()
    }
    return {"Hebb": np.array(by_hebb), "delta": np.array(by_delta)}, shares


def show(K=32, common=0.0):
    print("You predicted", my_prediction)
    errors, shares = compared(K, common)
    plot_lines(
        {name: np.minimum(error, 4) for name, error in errors.items()},
        "pairs - 1",
        "error (cut at 4)",
        f"K = {K}, common vector of weight {common}",
    )
    for name, share in shares.items():
        quarters = share.reshape(4, -1).mean(axis=1).round(2)
        print(f"{name:5} reads of its values, oldest first: {quarters}")


from ipywidgets import FloatSlider, IntSlider, interact

_ = interact(
    show,
    K=IntSlider(32, min=4, max=128, step=4, description="K"),
    common=FloatSlider(0, min=0, max=3, step=0.25, description="common"),
)

# %% [markdown]
# Explain what you saw. Without a common vector, where does Hebb's error lie beside (N − 1)/K? The delta rule's mean error is smaller, and yet the chapter found that it recalls fewer of different random keys: whose error is it that the mean hides? And what does a common vector do to the products of two keys, and why does that hurt a rule that adds more than one that corrects?
#
# <details><summary>A model answer, to be opened after your own</summary>
#
# With 32 pairs and K = 32 Hebb's mean error is 0.95, close to the 31/32 that you worked out by hand. The delta rule's is 0.67, so its mean is smaller. But the mean hides how it is shared out: from the oldest quarter of the pairs to the newest the errors are 1.35, 0.74, 0.47 and 0.11, since each later write takes something from what lies in its direction. Of their own values the oldest quarter still reads only 0.17; by Hebb's rule it is 0.86, as every pair keeps its own value whole and is disturbed alike. A network that has to name the nearest of 32 values can do so with a whole value and a disturbance, and not with a sixth of a value.
#
# A common vector of weight 1 makes the mean product of two keys 0.54 instead of about 0. Hebb's rule then adds half of each other value to every reading, and its error grows to 9. The delta rule writes only what is missing under the new key: what all keys share was written before and is not written again, so its error stays near 1.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A colleague stores events under keys: each event gets a random key of its own, with 64 numbers, and its vector as a value. She has replaced Hebb's rule by the delta rule, because "it is better in every paper", and finds that fewer events come back. Now she wants to add a decay of 0.95 to make room. In four to six sentences: why did the delta rule not help here, when would it, what would the decay do, and what would you look at before you change the rule?

# %% [markdown] answer="which_rule" points=2 explained="ch20_memory: What the delta rule is for"
# Each key is written once, so nothing is ever to be replaced, and that is what the delta rule is for. With random keys that are not orthogonal it reads its newest value exactly, and every correction takes something from the older ones, so that the oldest are lost first and it can recall less than Hebb's rule, as in the chapter. It gains where a key is written again and the later value counts, or where keys share a direction, so that Hebb's sum would be swamped. A decay of 0.95 leaves less than a tenth of an event after 50 others (0.95⁵⁰ = 0.08): what is old is lost first, which is right only if what is new matters more. I would look at how many events there are beside K = 64, since the mean disturbance of random keys is (N − 1)/K, at whether keys are written again, at the products of the keys (are they as random as she thinks, and of length 1?), and compare both rules on the same events over several draws.
#
# Rubric: 1 point for "each key is written once, the delta rule gains where keys are written again (or are alike), and its corrections disturb older pairs". 1 point for "decay loses the old first" with a number or a reason, together with one thing worth measuring (N beside K, products of keys, lengths, repeated keys).
