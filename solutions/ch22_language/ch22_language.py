# %% [markdown]
# # Assignment 22: a language model without attention
#
# *The core takes about 85 minutes, all of it about 190 minutes, 32 points. Read chapter 22 first.*
#
# You will scale the numbers inside a block to one size, in float16, where their squares overflow; take a gradient back through a block with a residual connection; look back four steps instead of one, across the edges of windows; find the width at which a network has as many weights as another; and compare losses after equal time, in bits per character. With the book closed you will write the selective layer. At the end stand eight wrong vjps of it, all of which run.
#
# What you need, in one table (T steps, B sequences, D channels):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T, B, D) | what goes into a block |
# | $\rho$ | (T, B, 1) | the root of $\varepsilon$ and the mean of the squares of x, added |
# | $w$ | (D,) | what each channel is multiplied by, after the scaling |
# | $W$ | (D, D) | weights of a linear layer |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$\rho = \sqrt{\operatorname{mean}(x^2) + \varepsilon} \qquad \operatorname{norm}(x) = w \odot \frac{x}{\rho}$$
#
# The mean runs over the D channels of one step of one sequence. This is `nn.RMSNorm`, which stands three times in the chapter's block.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 8: why does a residual connection help a gradient through many layers?</summary>
#
# The gradient of y = x + f(x) is d_y and what f passes back. Even where that is nearly zero, d_y arrives whole.
# </details>
#
# <details><summary>Chapter 10: what is a perplexity, and when may two of them be compared?</summary>
#
# e to the mean loss in nats per token. Only for the same tokens of the same text: with longer tokens there are fewer of them, and each is harder to guess.
# </details>

# %% parameters
gain = (
    {
        "text": "",
        "tex": "w",
        "w": "w",
        "plain": "w",
        "odd": "(1 + w)",
        "name": "weights plus one",
        "says": "x was multiplied by 1 + w, as in some published networks; here it is w",
        "ones": "np.ones",
        "arg": "ones",
    },
    {
        "text": " with 1 + w in the place of w, as some published networks have it (then w is 0 where nothing is to change)",
        "tex": "(1 + w)",
        "w": "(1 + w)",
        "plain": "1 + w",
        "odd": "w",
        "name": "weights without the one",
        "says": "x was multiplied by w; here it is 1 + w",
        "ones": "np.zeros",
        "arg": "0 * ones",
    },
)
lag = (
    {
        "tex": "j",
        "now_tex": "w_0",
        "w": "w_0",
        "next": "w_1",
        "far": "w_(J-1)",
        "zero": r"1 - \mu",
        "one": r"\mu",
        "order": "1, 10 and 100",
        "weights": "[[1.0], [10.0], [100.0]]",
        "at": "w[j, ...]",
        "odd": "w[J - 1 - j, ...]",
        "now": "w[0, ...]",
        "first": "w[j, :1]",
        "says": "the weights were used in the order of the row, the oldest input with w_0; w_0 belongs to the present step",
    },
    {
        "tex": "{J-1-j}",
        "now_tex": "w_{J-1}",
        "w": "w_(J-1)",
        "next": "w_(J-2)",
        "far": "w_0",
        "zero": r"\mu",
        "one": r"1 - \mu",
        "order": "100, 10 and 1",
        "weights": "[[100.0], [10.0], [1.0]]",
        "at": "w[J - 1 - j, ...]",
        "odd": "w[j, ...]",
        "now": "w[-1, ...]",
        "first": "w[J - 1 - j, :1]",
        "says": "the weights were used from the present step on; w_0 belongs to the oldest input, and the last weight to the present step",
    },
)
most = (
    {
        "text": "at most",
        "doc": "at most",
        "more": "more",
        "fits": "count(D + 4) <= weights",
        "odd": "count(D + 4) < weights",
        "op": "<=",
        "name": "equality refused",
        "says": "a width with exactly as many weights was refused; at most includes as many",
        "enough": 206,
        "hidden": "least",
        "few": "least - 1",
        "counted": "counted",
        "needed": "{least} or more",
        "may": "may",
        "how": "exactly",
    },
    {
        "text": "fewer than",
        "doc": "fewer than",
        "more": "as many or more",
        "fits": "count(D + 4) < weights",
        "odd": "count(D + 4) <= weights",
        "op": "<",
        "name": "equality allowed",
        "says": "a width with exactly as many weights was taken; fewer are asked for",
        "enough": 207,
        "hidden": "least + 1",
        "few": "least",
        "counted": "counted + 1",
        "needed": "more than {least}",
        "may": "may not",
        "how": "with one to spare",
    },
)
spent = (
    {
        "text": "no more than",
        "op": "<=",
        "within": "float(t) <= budget",
        "odd": "float(t) < budget",
        "name": "equality refused",
        "says": "a test at which exactly the budget had passed was left out; no more than the budget includes as much",
        "two": "2.0",
    },
    {
        "text": "less than",
        "op": "<",
        "within": "float(t) < budget",
        "odd": "float(t) <= budget",
        "name": "equality allowed",
        "says": "a test at which exactly the budget had passed was taken; less than the budget leaves it out",
        "two": "2.25",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import math

import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.bptt import rows
from rnncore.diagonal import Selective, selective_layer_vjp, softplus
from rnncore.diagonal import selective_layer as book_selective_layer
from rnncore.display import plot_lines
from rnncore.testing import black_boxes, mover
from rnncore.text.blocks import BlockModel

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two numbers by hand
#
# A step has two channels, x = (3, 4), and ε is 0. What is ρ, and what x/ρ? What are they for 10 x? Work it out on paper, then run the cell.

# %%
x = np.array([3.0, 4.0])
for scale in (1, 10):
    rho = np.sqrt(np.mean((scale * x) ** 2))
    print("rho", rho, " x / rho", scale * x / rho)
print("by hand: the root of 12.5, 3.536; the quotient is the same twice")

# %% [markdown]
# Now a block in small: y = x + u with u = norm(x), w = 1. Given is d_y = (1, 0). One part of d_x is what the sum passes on. One line is left out; write it, and run again. What is d_x, and why is its second number not 0?
#
# <details><summary>The missing line</summary>
#
# `d_x = d_x + d_y`: the residual connection passes d_y on whole, beside what comes back through the norm. The second number comes from ρ, which all channels share: a larger x_2 makes ρ larger, and so the first output smaller.
# </details>

# %%
d_y, rho = np.array([1.0, 0.0]), np.sqrt(12.5)
n = x / rho
d_x = (d_y - n * np.mean(d_y * n)) / rho
# (the missing line)
print("d_x =", d_x.round(4), " by hand: (1.181, -0.136)")

# %% [markdown]
# ## Task 1: one size, in float16 (4 points)
#
# *Core, about 20 minutes.*
#
# Write the norm of the table{{gain.text}}: ${{gain.tex}} \odot x / \rho$, with $\varepsilon$ as an argument. In float16 the largest number is 65,504, so a channel of 300 has a square that is infinite, and one of 0.0001 has a square that is 0. **Neither may happen.** Divide first, by a number s that is about as large as the largest channel of that step:
#
# $$z = \frac{x}{s} \qquad \frac{x}{\rho} = \frac{z}{\sqrt{\operatorname{mean}(z^2) + \varepsilon / s^2}} .$$
#
# A step whose channels are all 0 gives zeros, as by the formula at the top. (Another way, which most libraries take, is to compute float16 in float32 and to return float16; float32 and float64 are computed as they are. That will do too.)
#
# <details><summary>Hint 1</summary>
#
# The largest absolute value of each step is `xp.max(xp.abs(x), axis=-1, keepdims=True)`. For a step of zeros s must not be 0: add the root of ε.
# </details>
#
# <details><summary>Hint 2</summary>
#
# ε / s² divides by a square that may overflow too. Written as (√ε / s)² it cannot: √ε is not larger than s.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root` with `root = eps**0.5`; then `{{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)`.
# </details>


# %% solution="rms_norm"
def rms_norm(x, w, eps):
    """Channels of each step scaled to one size, without overflow.

    Shapes: x (T, B, D); w (D,); eps (number) -> y (T, B, D)
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    squares = xp.mean(z * z, axis=-1, keepdims=True)
    y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
    ### END SOLUTION
    return y


# %% [markdown]
# Try it: the step (3, 4), 10,000 times as large, and 10,000 times as small, in two dtypes. With ε = 10⁻⁸ the last one is not scaled to the size of the others. Why?

# %%
for scale in (1.0, 1e4, 1e-4):
    x = scale * np.array([[[3.0, 4.0]]])
    for dtype in ("float64", "float16"):
        y = rms_norm(*move((x, {{gain.ones}}(2)), dtype), 1e-8)
        print(f"{scale:7g} {dtype}", to_numpy(y)[0, 0])

# %% test="rms_norm" points=4 explained="ch22_language: One block"
import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, agreement in float16 (1 or 0) at step"


def sized(rng, T, B, D, small=1.0, large=1.0, eps=1e-6):
    """Steps whose size lies anywhere between two bounds."""
    size = np.exp(rng.uniform(np.log(small), np.log(large), (T, B, 1)))
    x = size * rng.uniform(-0.6, 1.0, (T, B, D))
    x[0, 0] = -abs(x[0, 0])  # a step without a positive channel
    return {"x": x, "w": rng.uniform(0.5, 2.0, D), "eps": eps}


def in_half(a):
    """The same numbers in float16."""
    xp = array_namespace(a)
    return xp.astype(a, xp.float16)


def in_both(x, w, eps):
    """What the learner's function gives, and where float16 will do."""
    with np.errstate(all="ignore"):
        y = rms_norm(x, w, eps)
        half = rms_norm(in_half(x), in_half(w), eps)
        if not all(a.shape == x.shape for a in (y, half)):
            return y, ()
        half, whole = (to_numpy(a).astype(float) for a in (half, y))
        near = (abs(half - whole) <= 0.02 * abs(whole).max()).all(axis=-1)
    return y, tuple(map(tuple, near.astype(int).tolist()))


rng = np.random.default_rng(1)
bare = sized(rng, 3, 2, 4, 0.5, 2.0, 1e-12)  # first neither w nor ε
bare = move({**bare, "w": {{gain.ones}}(4)})
plain = sized(rng, 4, 2, 3, 0.5, 2.0, 0.25)
plain["x"][2, 1] = 0.0
plain = move(plain)
square = sized(rng, 3, 2, 2, 1.0, 3.0, 0.5)
square = move({**square, "w": {{gain.ones}}(2)})  # then not w
wide = sized(rng, 4, 3, 5, 1e-3, 3e4, 1e-8)
wide["x"][1, 0] = 2e4 * np.array([1.0, -0.5, 3e-4, 0.2, 0.9])
wide["x"][1, 1] = 2e-5 * np.array([0.4, -0.5, 1.0, 0.2, 0.9])
wide["x"][2, :2] = -abs(wide["x"][1, :2])  # without a positive channel
wide = move(wide)
tiny = move(sized(rng, 2, 4, 2, 1e-4, 1e-3, 1e-8))  # ε counts here
inputs = [bare, square, plain, wide, tiny]
check(
    in_both,
    stored("rms_norm"),
    inputs,
    outputs=OUTPUTS,
    by=properties,
)
with properties("dtype"):
    y = rms_norm(in_half(plain["x"]), in_half(plain["w"]), plain["eps"])
    kept = "float16" in str(y.dtype)
    assert_that(kept, "y of float16 arguments is float16")
with np.errstate(all="ignore"):
    still = in_half(0 * plain["x"]), in_half(plain["w"]), 1e-8
    assert_close(
        "y of zeros in float16", rms_norm(*still), np.zeros((4, 2, 3))
    )
check_causal(rms_norm, plain, "x")
check_independent(rms_norm, plain, {"x": 1})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    sized,
    [
        (2, 3, 4, 0.5, 2.0, 0.1),
        (1, 1, 1, 0.5, 2.0, 0.1),
        (5, 2, 7, 1e-3, 5e4),
        (2, 4, 2, 1e-4, 1e-3, 1e-8),
    ],
    device,
    rng=rng,
)
zeros = sized(rng, 2, 3, 3, eps=1e-8)
zeros["x"][0, 1] = 0.0
uneven = sized(rng, 2, 3, 5, eps=1e-8)  # one channel much smaller
uneven["x"][1, 0] = 2e4 * np.array([1.0, -0.5, 3e-4, 0.2, 0.9])
uneven["x"][1, 1] = -abs(uneven["x"][1, 0])
hidden += [move(zeros), move(zeros, "float32"), move(uneven)]


def due_in_both(*args):
    """The same of the reference, for which float16 does."""
    y = reference_rms_norm(*args)
    T, B, _ = y.shape
    return y, ((1,) * B,) * T


check(in_both, due_in_both, hidden, outputs=OUTPUTS, by=properties)
args = hidden[0]
with properties("dtype"):
    y = rms_norm(in_half(args["x"]), in_half(args["w"]), args["eps"])
    kept = "float16" in str(y.dtype)
    assert_that(kept, "y of float16 arguments is float16")
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="rms_norm"
r"""
squares of x itself: the formula was taken as it stands: in float16 the squares of large channels are infinite and those of small ones 0; divide by the size first
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     squares = xp.mean(x * x, axis=-1, keepdims=True)
+     y = {{gain.w}} * x / xp.sqrt(squares + eps)
mean subtracted: this is layer norm, which takes the mean off first; here x is divided, and its mean stays
~     z = x / s =>     z = (x - xp.mean(x, axis=-1, keepdims=True)) / s
mean subtracted below: the variance was taken in place of the mean square: there the mean is subtracted before squaring; in the root mean square nothing is
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = xp.var(z, axis=-1, keepdims=True, correction=0)
sum for the mean: the squares were added and not averaged: ρ is the root of their mean
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = xp.sum(z * z, axis=-1, keepdims=True)
over the steps: the mean ran over the steps: later steps then reach earlier ones; it runs over the channels of one step
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = xp.mean(z * z, axis=0, keepdims=True)
mean over the steps: the mean of x's squares ran over the steps; it runs over the channels of one step
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * x / xp.sqrt(xp.mean(x * x, axis=0, keepdims=True) + eps)
over the sequences: the mean ran over the batch: sequences then know of each other; it runs over the channels of one step
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * x / xp.sqrt(xp.mean(x * x, axis=1, keepdims=True) + eps)
one size for all: one mean was taken of the whole array; each step of each sequence has its own
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * x / xp.sqrt(xp.mean(x * x) + eps)
one scale for all: s is the largest number of the whole array: beside it small steps have squares of 0 in float16; take the largest of each step
~ xp.max(xp.abs(x), axis=-1, keepdims=True) => xp.max(xp.abs(x))
scale by the largest step: the largest value was taken over the steps and sequences; each step has its own: axis=-1
~ xp.max(xp.abs(x), axis=-1, keepdims=True) => xp.max(xp.abs(x), axis=(0, 1), keepdims=True)
no root: x was divided by the mean square; ρ is its root
~ xp.sqrt(squares + (root / s) ** 2) => (squares + (root / s) ** 2)
multiplied: x was multiplied by ρ; it is divided
~ {{gain.w}} * z / xp.sqrt => {{gain.w}} * z * xp.sqrt
weights forgotten: w was not used: each channel is multiplied by its own weight after the scaling
~ y = {{gain.w}} * z => y = z
weights before the scaling: w was multiplied in before ρ was computed; it comes after
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     z = {{gain.w}} * x / s
+     squares = xp.mean(z * z, axis=-1, keepdims=True)
+     y = z / xp.sqrt(squares + (root / s) ** 2)
{{gain.name}}: {{gain.says}}
~ y = {{gain.w}} * z => y = {{gain.odd}} * z
epsilon forgotten: ε was left out: a step of zeros is then 0/0, and small steps get the size of large ones
~ xp.sqrt(squares + (root / s) ** 2) => xp.sqrt(squares)
epsilon not scaled: ε was added to the mean of z², in whose units it is ε/s²
~ (root / s) ** 2 => eps
epsilon divided once: ε was divided by s and not by its square: squares are in units of s²
~ (root / s) ** 2 => eps / s
epsilon outside the root: ε was added to the root; it is added to the mean of the squares
~ xp.sqrt(squares + (root / s) ** 2) => (xp.sqrt(squares) + eps / s)
root of epsilon added: the root of ε was added to the root of the mean; a root of a sum is not the sum of the roots
~ xp.sqrt(squares + (root / s) ** 2) => (xp.sqrt(squares) + root / s)
epsilon at the end: ε was added to what is divided by, after z was divided by s: it is in other units, and outside the root
~ xp.sqrt(squares + (root / s) ** 2) => (xp.sqrt(squares) + eps)
scale not 0 by epsilon alone: a step of zeros was divided by zero: s is 0 there; add the root of ε
~ keepdims=True) + root => keepdims=True)
square of s overflows: ε was divided by s², as the formula is printed: in float16 s² is infinite or 0, and ε may be 0 by itself; (√ε / s)² is neither
~ (root / s) ** 2 => eps / (s * s)
scaled back: the result is s times too large: z, and not x, stands over the root of z's squares, and nothing is multiplied by s again
~ y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2) => y = s * {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
divided by the largest: x was divided by its largest channel and by nothing else; ρ is the root of the mean of the squares
~ y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2) => y = {{gain.w}} * z
largest without its sign: the largest number was taken without its absolute value: where all large ones are negative it is too small
~ xp.max(xp.abs(x), axis=-1, keepdims=True) => xp.max(x, axis=-1, keepdims=True)
mean of the absolute values: the mean of |x| was taken; it is the root of the mean of the squares
~     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2) =>     y = {{gain.w}} * z / xp.sqrt(xp.mean(xp.abs(z), axis=-1, keepdims=True) ** 2 + (root / s) ** 2)
argument changed in place: x was divided in place: the caller's array is changed
-     z = x / s
+     x /= s
+     z = x
squares clipped: large numbers were cut off so that their squares are finite; the step has lost its values
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     z = xp.clip(x, -200.0, 200.0)
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps)
computed and returned in float32 [hidden, dtype]: the result has another dtype than x: after computing in float32, return it in the dtype of x
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = xp.astype(y, xp.float64 if y.dtype == xp.float64 else xp.float32)
one step's channels only: ρ was taken of the first channel; the mean runs over all of them
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = (z * z)[..., :1]
squares of the mean: the mean was squared; it is the mean of the squares
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = xp.mean(z, axis=-1, keepdims=True) ** 2
divided twice by s: both x and the root were divided by s, so that s is not gone
~ y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2) => y = {{gain.w}} * (z / s) / xp.sqrt(squares + (root / s) ** 2)
divided by the square of s: both x and the root were divided by s, so that s is not gone
~ y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2) => y = {{gain.w}} * x / (s * s * xp.sqrt(squares + (root / s) ** 2))
epsilon in other units: ε was added to the mean of z², in whose units it is ε/s²
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = xp.where(xp.max(xp.abs(x), axis=-1, keepdims=True) > 0, xp.max(xp.abs(x), axis=-1, keepdims=True), 0 * x[..., :1] + 1)
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps)
epsilon twice, in other units: ε was added to s and to the mean of z²: to s belongs its root, and to the mean ε/s²
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + eps
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps)
root of epsilon, not squared: √ε/s was added to the mean of the squares; it is squared first
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + root / s)
one scale for everything, 1000: x was divided by the same number at every step: in float16 the squares of small steps are then 0, and those of very large ones infinite; take a number of the step's own size
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1000.0
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps / 1e6)
one scale for everything, 100: x was divided by the same number at every step: in float16 the squares of small steps are then 0, and those of very large ones infinite; take a number of the step's own size
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 100.0
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps / 1e4)
no root, of x: x was divided by the mean of its squares; ρ is the root of that
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / (xp.mean(z * z, axis=-1, keepdims=True) + eps)
nothing but epsilon's root outside: √ε was added to the root of the mean of the squares; ε is added to the mean, inside the root
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / (xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True)) + root)
mean taken off x only: the mean was taken off x above, and not below; here no mean is taken off at all
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * (z - xp.mean(z, axis=-1, keepdims=True)) / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
weights squared: x was multiplied by {{gain.plain}} twice
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
divided by the weights: x was divided by {{gain.plain}}; it is multiplied
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = z / {{gain.w}} / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
cut off below alone: large numbers were cut off before they were squared, so that ρ is too small for them
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(xp.clip(x, -200.0, 200.0) ** 2, axis=-1, keepdims=True) + eps)
largest without its sign, no root: the largest number was taken without its absolute value: where all are negative the sign is lost
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = xp.max(x, axis=-1, keepdims=True)
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
largest without its sign, no root, by its reciprocal: the largest number was taken without its absolute value: where all are negative the sign is lost
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = xp.max(x, axis=-1, keepdims=True)
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root * (1 / s)) ** 2)
mean of absolute values: the mean of |x| was taken; ρ is the root of the mean of the squares, with ε inside
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / (xp.mean(xp.abs(z), axis=-1, keepdims=True) + eps)
largest and epsilon: x was divided by its largest channel; ρ is the root of the mean of the squares
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / (xp.max(xp.abs(x), axis=-1, keepdims=True) + eps)
epsilon added to the result: ε over s² was added to the result; it is added to the mean of the squares, inside the root
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True)) + (root / s) ** 2
one for a scale of 0 [hidden]: a step of zeros is 0/0 in float16: (√ε/s)² is 0 there unless s is √ε itself, so add √ε to s
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = xp.where(xp.max(xp.abs(x), axis=-1, keepdims=True) > 0, xp.max(xp.abs(x), axis=-1, keepdims=True), 0 * x[..., :1] + 1)
+     z = x / s
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
mean over the sequences too: the mean of the squares ran over the sequences as well; it runs over the channels of one step of one sequence
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=(1, 2), keepdims=True) + (root / s) ** 2)
x times rho: x was multiplied by ρ; it is divided
-     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
-     z = x / s
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     s = 0 * x[..., :1] + 1.0
+     z = x / s
+     y = {{gain.w}} * z / (1 / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps))
epsilon times s: ε was multiplied by s²; in the units of z² it is ε/s²
-     squares = xp.mean(z * z, axis=-1, keepdims=True)
-     y = {{gain.w}} * z / xp.sqrt(squares + (root / s) ** 2)
+     y = {{gain.w}} * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps * s**2)
divided by D once more: the mean of the squares was divided by D once more; a mean has that in it
~     squares = xp.mean(z * z, axis=-1, keepdims=True) =>     squares = xp.mean(z * z, axis=-1, keepdims=True) / x.shape[-1]
size by squares: the step's size was computed with its squares: those overflow in float16, which is what s is for; take the largest absolute value
~     s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root =>     s = xp.sqrt(xp.sum(x * x, axis=-1, keepdims=True)) + root
smallest for largest: x was divided by its smallest channel: the squares of the others overflow in float16; take the largest
~ s = xp.max(xp.abs(x) => s = xp.min(xp.abs(x)
mean over the batch: the mean ran over the sequences; each step of each sequence has its own, over the channels
~ squares = xp.mean(z * z, axis=-1, keepdims=True) => squares = xp.mean(z * z, axis=1, keepdims=True)
weights before and after: x was multiplied by w before its size was taken, and once more after; it comes once, after
~ z = x / s => z = {{gain.w}} * x / s
"""

# %% [markdown]
# ## Task 2: back through a block (6 points)
#
# *Extra, about 30 minutes.*
#
# The block in short is a norm, a linear layer, and a residual connection around both:
#
# $$n = x / \rho \qquad a = w \odot n \qquad y = x + a\,W^{\mathsf T} .$$
#
# Given $\mathrm{d}y$, $x$, $w$, $W$ and ε, find $\mathrm{d}x$, $\mathrm{d}w$ and $\mathrm{d}W$. All steps of all sequences share $w$ and $W$. (Ordinary float32 and float64; no need to divide first.)
#
# <details><summary>Hint 1</summary>
#
# Two ways lead from x to y. The residual connection passes d_y on as it is; add what comes through the linear layer and the norm.
# </details>
#
# <details><summary>Hint 2</summary>
#
# d_a = d_y W, d_w is the sum of d_a n over steps and sequences, d_n = d_a w. For d_W, `rows(a)` makes (T·B, D) of (T, B, D), as in chapter 3.
# </details>
#
# <details><summary>Hint 3</summary>
#
# ρ depends on every channel of its step: dρ/dx = x/(Dρ) = n/D. So through the norm comes `(d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho`.
# </details>


# %% solution="pre_norm_vjp"
def pre_norm_vjp(d_y, x, w, W, eps):
    """Backward through y = x + norm(x) W^T.

    Shapes: d_y (T, B, D); x (T, B, D); w (D,); W (D, D); eps (number)
        -> d_x (T, B, D); d_w (D,); d_W (D, D)
    """
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    ### BEGIN SOLUTION
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    d_x = d_y + (d_n - n * along) / rho
    ### END SOLUTION
    return d_x, d_w, d_W


# %% [markdown]
# Try it: the block of the worked example, with W = 1 (the unit matrix) and w = 1.

# %%
example = move((np.array([[[1.0, 0.0]]]), np.array([[[3.0, 4.0]]])))
unit_w, unit_W = move((np.ones(2), np.eye(2)))
d_x, d_w, d_W = pre_norm_vjp(*example, unit_w, unit_W, 0.0)
print("d_x", d_x[0, 0], "by hand: (1.181, -0.136)")
print("d_w", d_w, "by hand: (3/3.536, 0) = (0.849, 0)")

# %% test="pre_norm_vjp" points=6 explained="ch22_language: One block"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_gradient,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_x, d_w, d_W"


def a_block(rng, T, B, D, eps=0.1):
    d_y, x = rng.normal(size=(2, T, B, D))
    return {
        "d_y": d_y,
        "x": x + 0.3,
        "w": rng.uniform(0.5, 2.0, D),
        "W": rng.normal(size=(D, D)),
        "eps": eps,
    }


rng = np.random.default_rng(2)
drawn = a_block(rng, 3, 2, 4)
visible = move([drawn, a_block(rng, 2, 3, 3, 0.5), a_block(rng, 2, 2, 2)])
check(
    pre_norm_vjp,
    stored("pre_norm_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_independent(pre_norm_vjp, visible[0], {"d_y": 1, "x": 1})


def block_loss(x, w, W):
    rho = np.sqrt((x * x).mean(-1, keepdims=True) + drawn["eps"])
    return float((drawn["d_y"] * (x + (w * x / rho) @ W.T)).sum())


d_x, d_w, d_W = pre_norm_vjp(*visible[0].values())
_, x, w, W, _ = drawn.values()
assert_gradient(lambda a: block_loss(a, w, W), x, d_x, "d_x")
assert_gradient(lambda a: block_loss(x, a, W), w, d_w, "d_w")
assert_gradient(lambda a: block_loss(x, w, a), W, d_W, "d_W")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    a_block, [(1, 1, 1), (4, 1, 3), (2, 5, 2), (3, 3, 6, 1e-6)], device
)
check(
    pre_norm_vjp,
    reference_pre_norm_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="pre_norm_vjp"
r"""
residual forgotten: d_x is what comes through the norm alone; the residual connection passes d_y on as well
~ d_x = d_y + (d_n => d_x = (d_n
norm taken for a constant: ρ was taken for a constant; it depends on every channel of its step, and takes off n times the mean of d_n n
~ (d_n - n * along) / rho => d_n / rho
norm a constant and no residual: ρ was taken for a constant, and the residual connection was forgotten
~ d_x = d_y + (d_n - n * along) / rho => d_x = d_n / rho
sum for the mean: the products d_n n were added and not averaged: ρ is the root of a mean, so 1/D comes in
~ along = xp.mean(d_n * n, axis=-1, keepdims=True) => along = xp.sum(d_n * n, axis=-1, keepdims=True)
along all steps: the products d_n n were averaged over the whole array; each step has its own ρ
~ along = xp.mean(d_n * n, axis=-1, keepdims=True) => along = xp.mean(d_n * n)
along the steps: the products d_n n were averaged over the steps; ρ is the same for all channels of one step, so the mean runs over the channels
~ along = xp.mean(d_n * n, axis=-1, keepdims=True) => along = xp.mean(d_n * n, axis=0, keepdims=True)
sign of what is taken off: what comes back through ρ was added; a larger ρ makes n smaller, so it is taken off
~ (d_n - n * along) => (d_n + n * along)
x for n: what is taken off is ρ times too large: it is n · mean(d_n n) / ρ, with n and not x at both places, and divided by ρ as d_n is
~ (d_n - n * along) => (d_n - x * along)
x for n at both places: what comes back through ρ was computed with x in the place of n = x/ρ
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.mean(d_n * x, axis=-1, keepdims=True)
+     d_x = d_y + (d_n - x * along) / rho
not divided by rho: what comes back through the norm was not divided by ρ: n is x/ρ
~ (d_n - n * along) / rho => (d_n - n * along)
divided by the square: the second term has x, n and ρ in other powers: it is n · mean(d_n n) / ρ
~ (d_n - n * along) / rho => d_n / rho - n * along / (rho * rho)
multiplied by rho: what comes back was multiplied by ρ; n = x/ρ, so it is divided
~ (d_n - n * along) / rho => (d_n - n * along) * rho
weights forgotten on the way back: d_n is d_a w: the weights were left out
~ d_n = d_a * w => d_n = d_a
weights left out of d_W: d_W was made with n; what W multiplies is a = w n
~ rows(d_y).T @ rows(w * n) => rows(d_y).T @ rows(n)
weights left out twice: w was left out of d_n and of the input of W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
-     d_n = d_a * w
+     d_W = rows(d_y).T @ rows(n)
+     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_n = d_a
x in d_W: d_W was made with x; what W multiplies is a = w x/ρ
~ rows(d_y).T @ rows(w * n) => rows(d_y).T @ rows(x)
weighted x in d_W: d_W was made with w x; what W multiplies is a = w x/ρ
~ rows(d_y).T @ rows(w * n) => rows(d_y).T @ rows(w * x)
W transposed on the way back: d_a is d_y W: forward it is a W^T, so the transpose is gone on the way back
~ d_a = d_y @ W => d_a = d_y @ W.T
d_W transposed: d_W is transposed: W (D, D) has the outputs as rows, so d_y stands on the left
~ rows(d_y).T @ rows(w * n) => rows(w * n).T @ rows(d_y)
d_a in d_W: d_W was made with d_a; the gradient of W's output is d_y
~ rows(d_y).T @ rows(w * n) => rows(d_a).T @ rows(w * n)
d_w of d_n: d_w was made with d_n, which has w in it already; it is the sum of d_a n
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum(d_a * w * n, axis=(0, 1))
d_w with x: d_w was made with x; what w multiplies is n = x/ρ
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum(d_a * x, axis=(0, 1))
d_w of d_y: d_w was made with d_y; the gradient of a is d_y W
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum(d_y * n, axis=(0, 1))
d_w averaged: d_w was averaged; what is shared gets the sum over all steps and sequences
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.mean(d_a * n, axis=(0, 1))
d_W averaged: d_W was divided by the number of steps and sequences; what is shared gets the sum
~ d_W = rows(d_y).T @ rows(w * n) => d_W = rows(d_y).T @ rows(w * n) / rows(d_y).shape[0]
d_W over the steps: d_W was divided by the number of steps; what is shared gets the sum
~ d_W = rows(d_y).T @ rows(w * n) => d_W = rows(d_y).T @ rows(w * n) / d_y.shape[0]
both averaged: d_w and d_W were averaged; what is shared gets the sum over all steps and sequences
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_W = rows(d_y).T @ rows(w * n) / rows(d_y).shape[0]
+     d_w = xp.mean(d_a * n, axis=(0, 1))
d_w for each sequence: d_w was summed over the steps only: it has one number per channel, (D,)
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum(d_a * n, axis=0)
d_w not summed: d_w was not summed: all steps and sequences share w, (D,)
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = d_a * n
d_w of the last step: d_w holds the last step alone; all steps share w
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum((d_a * n)[-1, ...], axis=0)
d_W for each step: d_W was not summed: all steps and sequences share W, (D, D)
~ d_W = rows(d_y).T @ rows(w * n) => d_W = xp.matrix_transpose(d_y) @ (w * n)
d_W of the last step: d_W holds the last step alone; all steps share W
~ d_W = rows(d_y).T @ rows(w * n) => d_W = d_y[-1, ...].T @ (w * n)[-1, ...]
residual of d_a: the residual connection passes d_y on, not d_a
~ d_x = d_y + (d_n => d_x = d_a + (d_n
residual through the norm: the residual was put in front of the norm: d_y was added to d_n, and went back through the norm with it
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_n = d_a * w + d_y
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
linear layer left out: the gradient went into the norm as d_y: it has to go back through W first
~     d_n = d_a * w =>     d_n = d_y * w
residual twice: d_y was added twice
~ d_x = d_y + (d_n => d_x = 2 * d_y + (d_n
layer norm: this is layer norm's vjp, which takes off the mean of d_n too; no mean was taken off on the way forward
~ (d_n - n * along) => (d_n - xp.mean(d_n, axis=-1, keepdims=True) - n * along)
half of what is taken off: the derivative of the root has 1/2, that of the square 2, and they cancel: what is taken off was halved
~ (d_n - n * along) => (d_n - n * along / 2)
twice what is taken off: the derivative of the square has 2, that of the root 1/2, and they cancel: what is taken off was doubled
~ (d_n - n * along) => (d_n - 2 * n * along)
d_a in the mean: the mean was taken of d_a n; the weights w come before: it is d_n n
~ xp.mean(d_n * n, axis=-1, keepdims=True) => xp.mean(d_a * n, axis=-1, keepdims=True)
d_y in the mean: the mean was taken of d_y n; it is the gradient of n, d_n, that counts
~ xp.mean(d_n * n, axis=-1, keepdims=True) => xp.mean(d_y * n, axis=-1, keepdims=True)
epsilon forgotten: the second term was made with the mean of x² instead of ρ², which has ε in it
~ (d_n - n * along) / rho => (d_n - n * along * rho**2 / (rho**2 - eps)) / rho
matrices exchanged: W was transposed in d_a, and d_W came out transposed: this is the block with a W in place of a W^T
-     d_a = d_y @ W
-     d_W = rows(d_y).T @ rows(w * n)
+     d_a = d_y @ W.T
+     d_W = rows(w * n).T @ rows(d_y)
no residual, and a sum: the residual connection was forgotten, and the products d_n n were added where they are averaged
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.sum(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
no residual, and W transposed: the residual connection was forgotten, and d_a is d_y W, not d_y W^T
-     d_a = d_y @ W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_a = d_y @ W.T
+     d_W = rows(d_y).T @ rows(w * n)
+     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_n = d_a * w
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
no residual, no weights: the residual connection was forgotten, and d_n is d_a w
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_n = d_a
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
no residual, not divided: the residual connection was forgotten, and what comes back through the norm is divided by ρ
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = (d_n - n * along)
no residual, x for n: the residual connection was forgotten, and what is taken off is ρ times too large: it is n · mean(d_n n) / ρ
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_n / rho - n * along
constant norm without weights and residual: the residual connection was forgotten, d_n is d_a w, and ρ depends on every channel
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_a / rho
constant norm without weights: ρ was taken for a constant, and d_n is d_a w
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_y + d_a / rho
constant norm, W transposed: ρ was taken for a constant, and d_a is d_y W, not d_y W^T
-     d_a = d_y @ W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_a = d_y @ W.T
+     d_W = rows(d_y).T @ rows(w * n)
+     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_n = d_a * w
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = d_y + d_n / rho
norm left out: d_x was taken around the norm: what comes back through it is divided by ρ, less the part along n
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_y + d_n
softmax's vjp: this is the form of a softmax's vjp, n (d_n - sum): for a norm it is (d_n - n · mean(d_n n)) / ρ
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.sum(d_n * n, axis=-1, keepdims=True)
+     d_x = d_y + n * (d_n - along)
unit vector's vjp: this is the vjp of a vector of length 1, not divided by anything: the mean of the squares is 1 here, so it is the mean of d_n n, and all is divided by ρ
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.sum(d_n * n, axis=-1, keepdims=True)
+     d_x = d_y + d_n - n * along
weights after the norm: d_a went through the norm, and w was multiplied in afterwards: forward w comes after the norm, so on the way back it comes first
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.mean(d_a * n, axis=-1, keepdims=True)
+     d_x = d_y + w * (d_a - n * along) / rho
norm after the sum: this is the way back where the norm comes after the linear layer and the residual; here it comes before the linear layer
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_n = d_y * w
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
+     d_W = rows(d_x).T @ rows(x)
+     d_w = xp.sum(d_y * n, axis=(0, 1))
+     d_x = d_x + d_x @ W
weights in the wrong gradients: w stands in d_w, where it does not belong, and is missing from d_W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_W = rows(d_y).T @ rows(n)
+     d_w = xp.sum(d_a * w * n, axis=(0, 1))
d_w over the channels: d_w was summed over the channels; they are what is kept: the sum runs over steps and sequences
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(d_a * n, axis=-1)
d_w over the sequences: d_w was summed over the sequences only: it has one number per channel, (D,)
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(d_a * n, axis=1)
all of d_w: d_w was summed to a single number: it has one per channel, (D,)
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(d_a * n)
sign of the residual: d_y was taken away; the residual connection adds it
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = (d_n - n * along) / rho - d_y
divided with the residual: the residual was divided by ρ too; it does not go through the norm
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = (d_y + d_n - n * along) / rho
d_y through the norm, no linear layer: the linear layer was left out: d_a is d_y W
~     d_a = d_y @ W =>     d_a = d_y
squared rho: all was divided by ρ²: n is x/ρ, so by ρ
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_y + (d_n - n * along) / rho**2
no weights at all: w was left out of d_W and d_n, and ρ was taken for a constant
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_W = rows(d_y).T @ rows(n)
+     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_n = d_a
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = d_y + d_n / rho
d_W before d_w: d_w and d_W have changed places in what is returned: the order is d_x, d_w, d_W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_w = rows(d_y).T @ rows(w * n)
+     d_W = xp.sum(d_a * n, axis=(0, 1))
matrices exchanged, no weights in d_W: W was transposed in d_a, and d_W came out transposed and without w
-     d_a = d_y @ W
-     d_W = rows(d_y).T @ rows(w * n)
+     d_a = d_y @ W.T
+     d_W = rows(n).T @ rows(d_y)
d_W of d_x: d_W was made with d_x; what W gives meets d_y
-     d_x = d_y + (d_n - n * along) / rho
+     d_x = d_y + (d_n - n * along) / rho
+     d_W = rows(d_x).T @ rows(w * n)
d_w of d_y and x: d_w was made with d_y and x; it is the sum of d_a n
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(d_y * x, axis=(0, 1))
residual with weights: the residual connection was multiplied by w; it passes d_y on as it is
~     d_x = d_y + (d_n - n * along) / rho =>     d_x = d_y * w + (d_n - n * along) / rho
mean of d_n: the mean of d_n was taken, without n
~     along = xp.mean(d_n * n, axis=-1, keepdims=True) =>     along = xp.mean(d_n, axis=-1, keepdims=True)
mean of d_n alone taken off: the mean of d_n was taken off, as behind a subtracted mean; here it is n · mean(d_n n)
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     along = xp.mean(d_n, axis=-1, keepdims=True)
+     d_x = d_y + (d_n - along) / rho
d_w without the gradient: d_w is the sum of n; it is that of d_a n
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(n, axis=(0, 1))
d_w without n: d_w is the sum of d_a; it is that of d_a n
~     d_w = xp.sum(d_a * n, axis=(0, 1)) =>     d_w = xp.sum(d_a, axis=(0, 1))
d_W of d_a, transposed: d_W was made with d_a, and transposed; it is d_y^T a
~     d_W = rows(d_y).T @ rows(w * n) =>     d_W = rows(w * n).T @ rows(d_a)
both divided by the steps: d_w and d_W were divided by the number of steps; what is shared gets the sum
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_W = rows(d_y).T @ rows(w * n) / x.shape[0]
+     d_w = xp.sum(d_a * n, axis=(0, 1)) / x.shape[0]
residual into d_a: the residual's d_y was added to d_a and went through the norm with it; it goes around
-     d_a = d_y @ W
-     d_W = rows(d_y).T @ rows(w * n)
-     d_w = xp.sum(d_a * n, axis=(0, 1))
-     d_n = d_a * w
-     along = xp.mean(d_n * n, axis=-1, keepdims=True)
-     d_x = d_y + (d_n - n * along) / rho
+     d_a = d_y @ W + d_y
+     d_W = rows(d_y).T @ rows(w * n)
+     d_w = xp.sum(d_a * n, axis=(0, 1))
+     d_n = d_a * w
+     along = xp.mean(d_n * n, axis=-1, keepdims=True)
+     d_x = (d_n - n * along) / rho
layer norm's, no residual: this is layer norm's vjp, which takes off the mean of d_n too, and the residual connection's d_y is missing
~ d_x = d_y + (d_n - n * along) / rho => d_x = (d_n - xp.mean(d_n, axis=-1, keepdims=True) - n * along) / rho
w twice: the gradient was multiplied by w twice: once before the mean, and once more at the end
~ (d_n - n * along) / rho => w * (d_n - n * along) / rho
d_w averaged over the batch: d_w was averaged over the sequences; gradients of what all share add up
~ d_w = xp.sum(d_a * n, axis=(0, 1)) => d_w = xp.sum(d_a * n, axis=(0, 1)) / x.shape[1]
"""

# %% [markdown]
# ## Task 3: four steps back, across the edge of a window (5 points)
#
# *Extra, about 25 minutes.*
#
# The chapter's token shift mixes each channel with its value one step before. Mamba looks further back: each channel has J weights of its own,
#
# $$u_t = \sum_{j=0}^{J-1} w_{{lag.tex}} \odot x_{t-j} ,$$
#
# with ${{lag.now_tex}}$ for the present step. (Token shift is J = 2 with $w_0 = {{lag.zero}}$ and $w_1 = {{lag.one}}$.) A text is read in windows, so the inputs from before the window come as a state: `before` (J − 1, B, D) holds the last J − 1 of them, **the oldest first**. Return u, and the state for the next window. A window may be shorter than J − 1 steps; then part of the old state stays in the new one. J may be 1.
#
# <details><summary>Hint 1</summary>
#
# Put the state in front of the window: J − 1 + T inputs in a row. Where in that row is $x_t$, and where is $x_{t-j}$?
# </details>
#
# <details><summary>Hint 2</summary>
#
# $x_t$ is at J − 1 + t, so all $x_{t-j}$ of the window are the T inputs from J − 1 − j on. The sum has J terms, one slice each.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `row = xp.concat([before, x])`, `first = J - 1 - j`, and the term is `{{lag.at}} * row[first : first + T, ...]`. The new state is the last J − 1 of the row, `row[T:, ...]`, which is right for every T and for J = 1.
# </details>


# %% solution="look_back"
def look_back(x, w, before):
    """Each channel's weighted sum of its present and its last inputs.

    Shapes: x (T, B, D); w (J, D); before (J-1, B, D)
        -> u (T, B, D); after (J-1, B, D)
    """
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    ### BEGIN SOLUTION
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
    after = row[T:, ...]
    ### END SOLUTION
    return u, after


# %% [markdown]
# Try it: one channel, inputs 1 to 5, J = 3 with the weights {{lag.order}}; before them stood 0 and 0. Then the same in windows of one step.

# %%
x = move(np.arange(1.0, 6.0).reshape(5, 1, 1))
w = move(np.array({{lag.weights}}))
u, state = look_back(x, w, 0 * x[:2])
print(to_numpy(u).ravel(), "by hand: 1, 12, 123, 234, 345")
state, parts = 0 * x[:2], []
for t in range(5):
    u, state = look_back(x[t : t + 1], w, state)
    parts.append(float(u[0, 0, 0]))
print(parts, "the same")

# %% test="look_back" points=5 explained="ch22_language: One block"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "u, after"


def a_window(rng, T, B, D, J):
    return {
        "x": rng.normal(size=(T, B, D)),
        "w": rng.normal(size=(J, D)),
        "before": rng.normal(size=(J - 1, B, D)),
    }


rng = np.random.default_rng(3)
visible = [
    move(a_window(rng, 5, 2, 4, 4)),
    move(a_window(rng, 3, 4, 2, 5)),
    move(a_window(rng, 3, 2, 3, 3)),
]
check(
    look_back,
    stored("look_back"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_causal(look_back, visible[0], "x")
check_independent(look_back, visible[0], {"x": 1, "before": 1})
with properties("sizes"):
    _, after = look_back(*move(a_window(rng, 3, 2, 3, 1)).values())
    says = "with J = 1 the new state is empty, (0, B, D); row[-0:] is all"
    assert_that(tuple(after.shape) == (0, 2, 3), says)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    a_window,
    [(6, 2, 3, 4), (1, 1, 1, 2), (3, 2, 4, 1), (2, 3, 3, 6), (1, 2, 2, 4)],
    device,
    rng=rng,
)
check(
    look_back, reference_look_back, hidden, outputs=OUTPUTS, by=properties
)
# a sequence in windows of several sizes against the whole
x, w, state = move(a_window(rng, 9, 2, 3, 4)).values()
whole, last = reference_look_back(x, w, state)
for start, stop in (0, 4), (4, 6), (6, 9):
    u, state = look_back(x[start:stop, ...], w, state)
    assert_close("u in windows", u, whole[start:stop, ...], 1e-6)
assert_close("the state after the windows", state, last)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="look_back"
r"""
looks ahead: the sum ran over x_{t+j}: it reads inputs that come later
~ u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] => u = u + {{lag.at}} * xp.concat([x, xp.zeros_like(before)])[j : j + T, ...]
weights the wrong way round: {{lag.says}}
~ {{lag.at}} * row => {{lag.odd}} * row
state at the end of the row: the state was put after the window; it holds what came before
~ row = xp.concat([before, x]) => row = xp.concat([x, before])
state not used: the window began with zeros: the inputs before it are in `before`
~     row = xp.concat([before, x]) =>     row = xp.concat([0 * before, x])
state not read: the sums began with zeros: the inputs before the window are in `before`
~ {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] => {{lag.at}} * xp.concat([0 * before, x])[J - 1 - j : J - 1 - j + T, ...]
state backwards: the state was read with the newest input first; the oldest stands first
~ row = xp.concat([before, x]) => row = xp.concat([xp.flip(before, axis=0), x])
state returned backwards: the new state has the newest input first; the oldest stands first
~ after = row[T:, ...] => after = xp.flip(row[T:, ...], axis=0)
backwards both ways: the state was read and returned with the newest input first; the oldest stands first
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([xp.flip(before, axis=0), x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = xp.flip(row[T:, ...], axis=0)
old state returned: the state was returned as it came, the beginning of the row; the next window needs this one's last inputs
~ after = row[T:, ...] => after = before + 0
window alone returned: the new state was cut from the window alone: in a window shorter than J - 1 steps, part of the old state stays
~ after = row[T:, ...] => after = x[-(J - 1) :, ...]
window's end by T: the new state was cut from the window alone, from T - J + 1 on, which is negative in a short window; cut it from the row, where part of the old state stands
~ after = row[T:, ...] => after = x[T - J + 1 :, ...]
one input too many: the new state has J inputs; J - 1 are needed
~ after = row[T:, ...] => after = row[T - 1 :, ...]
one input too few: the new state has J - 2 inputs; J - 1 are needed
~ after = row[T:, ...] => after = row[T + 1 :, ...]
the whole row returned: the whole row was returned as the state: it grows with every window; its last J - 1 inputs are enough
~ after = row[T:, ...] => after = row
end of the row for J of 1 [hidden, sizes]: with J = 1 the state is empty, but row[-0:] is the whole row; count from the front, row[T:]
~ after = row[T:, ...] => after = row[-(J - 1) :, ...]
state a row off: the state was read one row off: its last row is the input just before x
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([xp.roll(before, 1, axis=0) if J > 1 else before, x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = xp.concat([before, x])[T:, ...]
outputs in the state: the new state holds outputs u; the next window needs inputs
~ after = row[T:, ...] => after = xp.concat([before, u])[T:, ...]
present step left out: the sum began at j = 1: the present input is missing
~ for j in range(J): => for j in range(1, J):
last term left out: the sum ended one term early: w_{J-1} was not used
~ for j in range(J): => for j in range(J - 1):
one step too far back: all inputs were taken one step too early: {{lag.w}} belongs to the present step
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.concat([before[:1, ...], row])[J - 1 - j : J - 1 - j + T, ...]
wrapped around: the inputs were rolled: what falls off the end of the window comes in at its beginning, so that the first steps see the last ones
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.roll(x, j, axis=0)
wrapped around the row: the row was rolled and cut at its beginning: inputs from the end of the window come in there
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.roll(row, j, axis=0)[:T, ...]
rolled the other way: the inputs were rolled towards the beginning: step t sees later ones
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.roll(x, -j, axis=0)
one set of weights: all channels were given the first channel's weights; each has its own
~ {{lag.at}} * row => {{lag.first}} * row
weights averaged: all channels were given the mean of the weights; each has its own
~ {{lag.at}} * row => xp.mean({{lag.at}}) * row
averaged: the sum was divided by J; the weights are taken as they are
-     after = row[T:, ...]
+     after = row[T:, ...]
+     u = u / J
softmax of the weights: the weights were made to add up to 1; they are taken as they are
~ {{lag.at}} * row => (xp.exp(w) / xp.sum(xp.exp(w), axis=0))[j, ...] * row
outputs fed back: the sum reads its own earlier outputs: this is a recurrence; it reads inputs only
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     made = [row[k, ...] for k in range(J - 1)]
+     for t in range(T):
+         made.append({{lag.now}} * x[t, ...])
+         for j in range(1, J):
+             made[-1] = made[-1] + {{lag.at}} * made[J - 1 + t - j]
+     u = xp.stack(made[J - 1 :])
across the sequences: the slices were taken along the batch; steps are the first axis
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.roll(row, j, axis=1)[J - 1 :, ...]
across the channels: the shift ran along the channels; steps are the first axis
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.roll(row, j, axis=2)[J - 1 :, ...]
present step only: each step was multiplied by {{lag.w}} alone, or by the sum of all weights; the earlier inputs are missing
~ row[J - 1 - j : J - 1 - j + T, ...] => x
only the present weight: only {{lag.w}} x_t was computed; the earlier inputs are missing
~ for j in range(J): => for j in range(1):
whole row summed: u has J - 1 + T steps: the sums for the state's inputs were returned too
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     padded = xp.concat([0 * before, row])
+     u = xp.zeros_like(row)
+     for j in range(J):
+         u = u + {{lag.at}} * padded[J - 1 - j : J - 1 - j + T + J - 1, ...]
inside the window only: steps whose past begins before the window have no sum: u is shorter than the window
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     u = 0
+     for j in range(J):
+         u = u + {{lag.at}} * x[J - 1 - j : T - j, ...]
aligned at the start: the kernel was laid at the beginning of the row: the present step got w_{J-1} and the sum looks back with the weights the wrong way round
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.concat([xp.flip(before, axis=0), x])[j : j + T, ...]
only the oldest input: each slice began at the same place, the start of the row
~ row[J - 1 - j : J - 1 - j + T, ...] => row[:T, ...]
token shift only: this is the chapter's token shift, with one step back; J weights look back J - 1 steps
~ for j in range(J): => for j in range(2):
weights squared: the weights were multiplied in twice
~ {{lag.at}} * row => {{lag.at}} * {{lag.at}} * row
centred: the window of the sum was centred on step t: half of it lies ahead
~ row[J - 1 - j : J - 1 - j + T, ...] => xp.concat([row, xp.zeros_like(x)])[J - 1 - j + (J - 1) // 2 : J - 1 - j + (J - 1) // 2 + T, ...]
zeros in the new state: the new state is zeros: the next window needs this one's last inputs
~ after = row[T:, ...] => after = 0 * row[T:, ...]
sum over the channels: the products were added over the channels too: each channel has a sum of its own
-     after = row[T:, ...]
+     after = row[T:, ...]
+     u = xp.sum(u, axis=-1, keepdims=True) + 0 * u
step by step with an old state: the state was never moved on inside the window: each step saw the inputs before the window as its own past
~ row[J - 1 - j : J - 1 - j + T, ...] => (x if j == 0 else before[J - 1 - j : J - j, ...])
ahead into the state: the sum ran over x_{t+j}, and the state was put after the window: it reads what comes later, and the past in the place of the future
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     row = xp.concat([x, before])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[j : j + T, ...]
zeros before and window alone: the window began with zeros, where `before` belongs, and the new state was cut from the window alone
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([0 * before, x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = x[-(J - 1) :, ...]
zeros before and short state: the window began with zeros, where `before` belongs, and the new state was cut from the window by T - J + 1, which may be negative
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([0 * before, x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = x[T - J + 1 :, ...]
weights and state the wrong way round: {{lag.w}} belongs to the present step, and the state has the oldest input first; both were turned round
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.odd}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = xp.flip(row[T:, ...], axis=0)
weights the wrong way round, window alone: {{lag.w}} belongs to the present step, and the new state was cut from the window alone
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.odd}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = x[-(J - 1) :, ...]
weights the wrong way round, old state: {{lag.w}} belongs to the present step, and the state was returned as it came
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.odd}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = before + 0
{{lag.w}} for the step before: {{lag.w}} was given to the step before; it belongs to the present step
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     for j in range(1, J):
+         u = u + w[j - 1, ...] * row[J - 1 - j : J - 1 - j + T, ...]
sum over the channels, too: the products were added over the channels by a matrix product: each channel has a sum of its own
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + (row[J - 1 - j : J - 1 - j + T, ...] @ {{lag.at}})[..., None]
+     after = row[T:, ...]
+     u = u[..., 0]
J of the window: the new state was cut from the window with J inputs, or from a negative place: cut the last J - 1 of the row
~     after = row[T:, ...] =>     after = x[T - J :, ...]
ahead and window alone: the sum ran over x_{t+j}, which comes later, and the new state was cut from the window alone
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.at}} * xp.concat([x, xp.zeros_like(before)])[j : j + T, ...]
+     after = x[-(J - 1) :, ...]
rolled and window alone: the inputs were rolled, so that the first steps see the last ones, and the new state was cut from the window alone
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.at}} * xp.roll(x, j, axis=0)
+     after = x[-(J - 1) :, ...]
state not read, window alone in full: the inputs before the window were not read, and the whole window was returned as the state
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([0 * before, x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = x + 0
whole window returned: the whole window was returned as the state; its length is J - 1
~     after = row[T:, ...] =>     after = x + 0
state shifted by one: the new state leaves out the last input: it ends with the window's last
~     after = row[T:, ...] =>     after = row[T - 1 : T + J - 2, ...]
newest only: every place of the new state holds the last input
~     after = row[T:, ...] =>     after = 0 * before + x[-1:, ...]
product of all: the inputs were multiplied with each other
~         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] =>         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] * x
weights not used: the inputs were added without their weights
~         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] =>         u = u + row[J - 1 - j : J - 1 - j + T, ...]
mean without weights: the inputs were averaged without their weights
~         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] =>         u = u + row[J - 1 - j : J - 1 - j + T, ...] / J
whole row, weights the wrong way round: {{lag.w}} belongs to the present step, and the whole row was returned as the state
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+         u = u + {{lag.odd}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = row
present step without a weight: the present step was taken as it is; it has the weight {{lag.w}}
~         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...] =>         u = u + ({{lag.at}} if j else 1.0) * row[J - 1 - j : J - 1 - j + T, ...]
J inputs of the window: the new state has J inputs, cut from the window alone; J - 1 are needed, and in a short window part of the old state stays
~     after = row[T:, ...] =>     after = x[-J:, ...]
two inputs too many: the row was cut from T - J + 1 on: it has J - 1 + T inputs, so the last J - 1 begin at T
~     after = row[T:, ...] =>     after = row[T - J + 1 :, ...]
state neither read nor renewed: the window began with zeros, where `before` belongs, and the state was returned as it came
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     row = xp.concat([0 * before, x])
+     u = xp.zeros_like(x)
+     for j in range(J):
+         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     after = before + 0
time turned round: the row was turned round: the sum reads what comes later
~     row = xp.concat([before, x]) =>     row = xp.flip(xp.concat([before, x]), axis=0)
SiLU afterwards: the sums went through a SiLU, as in Mamba's code; here they are taken as they are
-     after = row[T:, ...]
+     u = u / (1 + xp.exp(-u))
+     after = row[T:, ...]
one input along: the new state is the old one moved on by one input; the window has T of them, so the last J - 1 of the row are kept
~ after = row[T:, ...] => after = row[1:J, ...]
step by step, newest dropped: step by step, the newest of the kept inputs was dropped; the oldest, which stands first, has to go
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     out = []
+     for t in range(T):
+         total = {{lag.now}} * x[t, ...]
+         for j in range(1, J):
+             total = total + {{lag.at}} * before[J - 1 - j, ...]
+         out.append(total)
+         before = xp.concat([before[: J - 2, ...], x[t : t + 1, ...]])
+     u, after = xp.stack(out), before
step by step, put in front: step by step, each input was put in front of the kept ones; the oldest stands first, so it goes behind them
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     out = []
+     for t in range(T):
+         total = {{lag.now}} * x[t, ...]
+         for j in range(1, J):
+             total = total + {{lag.at}} * before[J - 1 - j, ...]
+         out.append(total)
+         before = xp.concat([x[t : t + 1, ...], before[: J - 2, ...]])
+     u, after = xp.stack(out), before
step by step, read from the front: step by step, {{lag.next}} was given the oldest of the kept inputs, and {{lag.far}} the newest; the oldest stands first
-     row = xp.concat([before, x])
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
-     after = row[T:, ...]
+     out = []
+     for t in range(T):
+         total = {{lag.now}} * x[t, ...]
+         for j in range(1, J):
+             total = total + {{lag.at}} * before[j - 1, ...]
+         out.append(total)
+         before = xp.concat([before[1:, ...], x[t : t + 1, ...]])
+     u, after = xp.stack(out), before
step by step, moved before it was read: step by step, the state was moved on before it was read: {{lag.next}} then gets the present input, as {{lag.w}} does
-     u = xp.zeros_like(x)
-     for j in range(J):
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+     u = {{lag.now}} * x
+     for j in range(1, J):
+         u = u + {{lag.at}} * row[J - j : J - j + T, ...]
one step late: the window ends one step too late, so that the first weight's step is read twice
-         u = u + {{lag.at}} * row[J - 1 - j : J - 1 - j + T, ...]
+         first = max(J - 2 - j, 0)
+         u = u + {{lag.at}} * row[first : first + T, ...]
state from x alone: what is kept was taken from x alone: where x is shorter than the window, what came before it counts as well
~     after = row[T:, ...] =>     after = x[T - J + 1 :, ...] if T >= J - 1 else before
"""

# %% [markdown]
# ## Task 4: equal weights, by width (4 points)
#
# *Extra, about 20 minutes.*
#
# The chapter makes networks equal by the hidden units of the blocks. Often the width D is what has to give way. Count the weights of the chapter's `BlockModel` with L blocks for K tokens:
#
# - an embedding (K, D); a last `RMSNorm` with D weights; a readout, whose matrix **is** the embedding and counts once, with K biases;
# - in each block: an `RMSNorm` before the mixer and one after it, D weights each; the token shift, D numbers; the mixer, which here is one linear layer from D channels to `rows` · D, with biases; two linear layers, gate and out, from D to D, with biases; and for each step alone an `RMSNorm`, a linear layer from D to `times` · D and one back to D, both with biases.
#
# Write `widest`: the largest D, **a multiple of 4**, with which the network has **{{most.text}}** `weights` weights, and how many it has then. Where D = 4 has {{most.more}} already, raise a ValueError whose message begins with `weights: expected`.
#
# (minGRU has rows = 2, minLSTM and attention 3; `times` is 2 unless one says otherwise.)
#
# <details><summary>Hint 1</summary>
#
# A linear layer from m to n with biases has m · n + n weights. Write the block's sum on paper, sorted by D² and D.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A block has (rows + 2 + 2 · times) D² + (rows + times + 7) D. The network has L of these, and K D + D + K.
# </details>
#
# <details><summary>Hint 3</summary>
#
# No formula for the roots is needed: `while {{most.fits}}: D += 4`, from D = 0 on, with an inner function count. If D is still 0 then, refuse.
# </details>


# %% solution="widest"
def widest(weights, K, L, rows, times):
    """The largest width with {{most.doc}} so many weights, and how many it has.

    Raises ValueError where the narrowest network has {{most.more}}.
    """

    ### BEGIN SOLUTION
    def count(D):
        squared = rows + 2 + 2 * times
        block = squared * D * D + (rows + times + 7) * D
        return L * block + K * D + D + K

    D = 0
    while {{most.fits}}:
        D += 4
    if D == 0:
        least = count(4)
        raise ValueError(
            f"weights: expected {{most.needed}}, got {weights}"
        )
    ### END SOLUTION
    return D, count(D)


# %% [markdown]
# Try it: two blocks for the folk tunes' 66 characters, minGRU and attention in 60,000 weights. Are the counts those of torch?

# %%
for mixer, rows_of in ("minGRU", 2), ("attention", 3):
    D, found = widest(60_000, 66, 2, rows_of, 2)
    model = BlockModel(66, D, mixer, 2)
    in_torch = sum(p.numel() for p in model.parameters())
    print(f"{mixer:10} D {D}  counted {found:,}  in torch {in_torch:,}")

# %% test="widest" points=4 explained="ch22_language: What is equal"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_refuses,
    check,
    stored,
)
from rnncore.text.blocks import BlockModel

properties = Properties(values=3, refusals=1)

OUTPUTS = "D, its weights"
visible = [
    dict(weights=61_000, K=66, L=3, rows=5, times=3),
    dict(weights=5_000, K=7, L=1, rows=3, times=4),
    dict(weights=200_123, K=31, L=3, rows=8, times=1),
    dict(weights=3_000, K=200, L=1, rows=2, times=3),
]
# exactly enough for D = 12, which {{most.may}} be used
visible.append(dict(weights=2_645, K=5, L=2, rows=2, times=2))
visible.append(dict(weights=9_000, K=3, L=5, rows=1, times=2))
check(widest, stored("widest"), visible, outputs=OUTPUTS, by=properties)
model = BlockModel(9, 8, "minLSTM", 2)
counted = sum(p.numel() for p in model.parameters())
_, found = widest({{most.counted}}, 9, 2, 3, 2)
assert_close("weights of two blocks of minLSTM, D = 8", found, counted)
with properties("refusals"):
    too_few = dict(weights=100, K=66, L=2, rows=2, times=2)
    why = "where D = 4 has more weights than that"
    assert_refuses(widest, too_few, why, "weights: expected")
    enough = dict(weights={{most.enough}}, K=6, L=1, rows=2, times=2)
    assert_close("D where 4 fits {{most.how}}", widest(**enough)[0], 4)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = []
for _ in range(40):
    K, L, rows, times = (int(n) for n in rng.integers(1, [300, 7, 9, 6]))
    weights = 12_000 + int(rng.integers(0, 300_000))
    case = dict(weights=weights, K=K, L=L, rows=rows, times=times)
    hidden.append(case)
    _, exact = reference_widest(**case)  # and what is just enough
    hidden.append({**case, "weights": exact})
check(widest, reference_widest, hidden, outputs=OUTPUTS, by=properties)
with properties("refusals"):
    least = 4 * 4 * 8 + 4 * 11 + 9 * 4 + 4 + 9  # of one minGRU block
    enough = dict(weights={{most.hidden}}, K=9, L=1, rows=2, times=2)
    assert_close("D where 4 fits {{most.how}}", widest(**enough)[0], 4)
    too_few = {**enough, "weights": {{most.few}}}
    assert_refuses(widest, too_few, why, "weights: expected")
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="widest"
r"""
times taken as 2: the layers at each step were counted with `times` = 2; it is an argument
-         squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+         squared = rows + 2 + 2 * 2
+         block = squared * D * D + (rows + 2 + 7) * D
readout counted: the readout's matrix was counted besides the embedding; the two are one
~ return L * block + K * D + D + K => return L * block + 2 * K * D + D + K
readout's biases forgotten: the readout's K biases are missing
~ return L * block + K * D + D + K => return L * block + K * D + D
biases of the width: the readout was given D biases; it has one for each of the K tokens
~ return L * block + K * D + D + K => return L * block + K * D + D + D
last norm forgotten: the last RMSNorm's D weights are missing
~ return L * block + K * D + D + K => return L * block + K * D + K
last norm and readout's biases forgotten: the last RMSNorm's D weights and the readout's K biases are missing
~ return L * block + K * D + D + K => return L * block + K * D
embedding forgotten: the embedding's K · D weights are missing
~ return L * block + K * D + D + K => return L * block + D + K
blocks alone: only the blocks were counted; the network has an embedding, a last norm and a readout's biases too
~ return L * block + K * D + D + K => return L * block
one block: only one block was counted; the network has L
~ return L * block + K * D => return block + K * D
all times L: embedding, last norm and biases were counted L times; they stand there once
~ return L * block + K * D + D + K => return L * (block + K * D + D + K)
last norm in each block: a last norm was counted for each block; it stands there once, after all blocks
~ return L * block + K * D + D + K => return L * (block + D) + K * D + K
no biases in the blocks: the biases of the blocks' linear layers are missing
~ (rows + times + 7) * D => 4 * D
no biases at all: no linear layer was given biases; all have them
- (rows + times + 7) * D
-         return L * block + K * D + D + K
+ 4 * D
+         return L * block + K * D + D
mixer's biases forgotten: the mixer's biases are missing, rows · D
~ (rows + times + 7) * D => (times + 7) * D
biases of gate and out forgotten: two terms of D are missing in each block: the biases of gate and out, say, or two of the three norms
~ (rows + times + 7) * D => (rows + times + 5) * D
hidden biases forgotten: the biases of the hidden units are missing, times · D
~ (rows + times + 7) * D => (rows + 7) * D
bias of the last layer forgotten: one term of D is missing in each block: a norm (there are three), the token shift, or a linear layer's biases
~ (rows + times + 7) * D => (rows + times + 6) * D
one term of D too many: one term of D is too many in each block: there are three norms, one token shift, and biases of five linear layers
~ (rows + times + 7) * D => (rows + times + 8) * D
no norms: three terms of D are missing in each block: its three norms, say, or the biases of gate, out and the last layer
~ (rows + times + 7) * D => (rows + times + 4) * D
norms and shift forgotten: four terms of D are missing in each block: its three norms and the token shift, say
~ (rows + times + 7) * D => (rows + times + 3) * D
norms with biases: the norms were given biases as layer norm has them; RMSNorm has weights only
- (rows + times + 7) * D
-         return L * block + K * D + D + K
+ (rows + times + 10) * D
+         return L * block + K * D + 2 * D + K
bias of the mixer of size D: the mixer was given D biases; it has one for each of its rows · D outputs
~ (rows + times + 7) * D => (times + 8) * D
last biases of the hidden size: the layer back to D was given times · D biases; it has D outputs
~ (rows + times + 7) * D => (rows + 2 * times + 6) * D
both biases of D: the hidden layer was given D biases; it has times · D
~ (rows + times + 7) * D => (rows + 8) * D
gate forgotten: one D² is missing in each block: gate and out are two linear layers
~ squared = rows + 2 + 2 * times => squared = rows + 1 + 2 * times
gate forgotten with its biases: only one of the two linear layers gate and out was counted
- squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+ squared = rows + 1 + 2 * times
+         block = squared * D * D + (rows + times + 6) * D
gate and out forgotten: the linear layers gate and out are missing
- squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+ squared = rows + 2 * times
+         block = squared * D * D + (rows + times + 5) * D
way back forgotten: only one of the block's own two layers was counted
~ squared = rows + 2 + 2 * times => squared = rows + 2 + times
way back forgotten with its biases: only one of the block's own two layers was counted
- squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+ squared = rows + 2 + times
+         block = squared * D * D + (rows + times + 6) * D
hidden layer squared: the block's own two layers were counted as if they led from times · D to times · D
~ squared = rows + 2 + 2 * times => squared = rows + 2 + 2 * times * times
own layers without times: the block's own two layers were counted as D by D; there are times · D hidden units
~ squared = rows + 2 + 2 * times => squared = rows + 4
mixer of one row: the mixer was counted as D by D; it has rows · D outputs
~ squared = rows + 2 + 2 * times => squared = 3 + 2 * times
mixer counted twice: the mixer was given recurrent weights as well; it is one linear layer
~ squared = rows + 2 + 2 * times => squared = 2 * rows + 2 + 2 * times
mixer forgotten: the mixer is missing
- squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+ squared = 2 + 2 * times
+         block = squared * D * D + (times + 7) * D
{{most.name}}: {{most.says}}
~ while {{most.fits}}: => while {{most.odd}}:
one width too far: the width has more weights than allowed: the first that is too wide was returned
-     return D, count(D)
+     D += 4
+     return D, count(D)
not a multiple of 4: the width is not a multiple of 4
-     while {{most.fits}}:
-         D += 4
+     while count(D + 1) {{most.op}} weights:
+         D += 1
multiple of 8: a wider network is still allowed: the width went up by more than 4 at a time, by 8 or by doubling, say
-     while {{most.fits}}:
-         D += 4
+     while count(D + 8) {{most.op}} weights:
+         D += 8
from 1 on: the width went up in steps of 4 from 1: that gives no multiples of 4
~     D = 0 =>     D = 1
weights of another width: the width is right, and the weights are those that were allowed; asked for is how many it has
~ return D, count(D) => return D, weights
weights that are left: the width is right, and the second number is what is left over; asked for is how many weights it has
~ return D, count(D) => return D, weights - count(D)
weights of the next width: the width is right, and the weights are those of the next one, which is too wide
~ return D, count(D) => return D, count(D + 4)
weights first: the two results changed places: D comes first
~ return D, count(D) => return count(D), D
nearest width: the width nearest to so many weights was taken; it may not have more
-     return D, count(D)
+     if count(D + 4) - weights < weights - count(D):
+         D += 4
+     return D, count(D)
width alone: only the width was returned; its weights are asked for too
~ return D, count(D) => return D
no refusal [hidden, refusals]: where D = 4 has more weights already, no ValueError was raised
-     if D == 0:
-         least = count(4)
-         raise ValueError(
-             f"weights: expected {{most.needed}}, got {weights}"
-         )
-
+
refused with another message [hidden, refusals]: the message of the ValueError does not begin with "weights: expected"
~ f"weights: expected => f"expected
refused by assert [hidden, refusals]: an AssertionError was raised; what is asked for is a ValueError
-         raise ValueError(
-             f"weights: expected {{most.needed}}, got {weights}"
-         )
+         raise AssertionError(f"weights: expected {{most.needed}}")
None for a refusal [hidden, refusals]: None was returned where nothing fits; a ValueError is asked for
-         raise ValueError(
-             f"weights: expected {{most.needed}}, got {weights}"
-         )
+         return None
4 refused [hidden, refusals]: D = 4 was refused although it fits
~     if D == 0: =>     if D <= 4:
squares alone: the blocks' biases, norms and token shifts were left out
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + 0
squares and embedding: biases, norms and token shifts were left out: only matrices and the embedding were counted
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + 0
+         return L * block + K * D
squares, embedding and last norm: the blocks' biases, norms and token shifts were left out, and the readout's biases
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + 0
+         return L * block + K * D + D
squares, embedding and last biases: the blocks' biases, norms and token shifts were left out, and the last norm
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + 0
+         return L * block + K * D + K
matrices with a readout: only matrices were counted, and the readout's was counted besides the embedding, although the two are one matrix
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + 0
+         return L * block + 2 * K * D
readout counted, last norm forgotten: the readout's matrix is the embedding and counts once; the last RMSNorm's D weights are missing
~         return L * block + K * D + D + K =>         return L * block + 2 * K * D + K
readout counted, its biases forgotten: the readout's matrix is the embedding and counts once; its K biases are missing
~         return L * block + K * D + D + K =>         return L * block + 2 * K * D + D
readout counted, the rest forgotten: the readout's matrix is the embedding and counts once; its K biases and the last norm are missing
~         return L * block + K * D + D + K =>         return L * block + 2 * K * D
readout counted, no biases in the blocks: the readout's matrix is the embedding and counts once; the biases of the blocks' linear layers are missing
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + 4 * D
+         return L * block + 2 * K * D + D + K
no norm anywhere: three terms of D are missing in each block (its three norms, say), and the last norm at the end
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + (rows + times + 4) * D
+         return L * block + K * D + K
no norm and no token shift anywhere: four terms of D are missing in each block (its three norms and the token shift, say), and the last norm at the end
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + (rows + times + 3) * D
+         return L * block + K * D + K
no biases and no norms: neither biases nor norms of the blocks were counted
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + D
shift as a matrix: the token shift was counted as D by D; it has D numbers
-         squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+         squared = rows + 3 + 2 * times
+         block = squared * D * D + (rows + times + 6) * D
shift as a linear layer: the token shift was counted as a linear layer; it has D numbers
~         squared = rows + 2 + 2 * times =>         squared = rows + 3 + 2 * times
mixer of one row with its biases: the mixer was counted as one linear layer from D to D; it leads to rows · D
-         squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+         squared = 3 + 2 * times
+         block = squared * D * D + (times + 8) * D
two norms, and no last one: a term of D is missing in each block (three norms, the token shift, biases), and the last norm's D weights at the end
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + (rows + times + 6) * D
+         return L * block + K * D + K
norm with one weight: each norm was given one weight; it has D
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + (rows + times + 4) * D + 3
+         return L * block + K * D + 1 + K
shift with one number: the token shift was given one number; it has one for each channel
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + (rows + times + 6) * D + 1
hidden of the wrong size, in its biases: the biases of the block's own two layers were both given times · D; the second has D, and the readout's K biases are missing
-         block = squared * D * D + (rows + times + 7) * D
-         return L * block + K * D + D + K
+         block = squared * D * D + (rows + 2 * times + 6) * D
+         return L * block + K * D + D
no hidden and last biases: the biases of the block's own two layers are missing
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + (rows + 6) * D
no biases but the mixer's: of the biases only the mixer's were counted
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + (rows + 4) * D
root of the squares alone: the width was taken from the D² of the blocks alone, as a root; the rest makes the network larger than allowed
-     D = 0
-     while {{most.fits}}:
-         D += 4
-     if D == 0:
-         least = count(4)
-         raise ValueError(
-             f"weights: expected {{most.needed}}, got {weights}"
-         )
+     D = int((weights / (L * (rows + 2 + 2 * times))) ** 0.5) // 4 * 4
embedding in each block: an embedding was counted for each block; it stands there once
~         return L * block + K * D + D + K =>         return L * block + L * K * D + D + K
no mixer's and no hidden biases: the biases of the mixer and of the hidden units are missing
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + 7 * D
norms of two weights: the norms of the blocks were given biases as layer norm has them; RMSNorm has weights only
~         block = squared * D * D + (rows + times + 7) * D =>         block = squared * D * D + (rows + times + 10) * D
embedding squared: the embedding was counted as K by K; it is (K, D)
~         return L * block + K * D + D + K =>         return L * block + K * K + D + K
mixer's recurrent weights and biases: the mixer was given recurrent weights and biases as well; it is one linear layer
-         squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+         squared = 2 * rows + 2 + 2 * times
+         block = squared * D * D + (2 * rows + times + 7) * D
blocks' D terms once: the terms of D of only one block were counted; each of the L blocks has its biases, norms and token shift
~         return L * block + K * D + D + K =>         return L * squared * D * D + block - squared * D * D + K * D + D + K
hidden units without D: the hidden layer was given times units; it has times · D
- squared = rows + 2 + 2 * times
-         block = squared * D * D + (rows + times + 7) * D
+ squared = rows + 2
+         block = squared * D * D + (rows + 7 + 2 * times) * D + times
readout and one term: the readout's matrix was counted besides the embedding, which it is; and one term of D is missing in each block (a norm, the token shift, or biases)
- (rows + times + 7) * D
-         return L * block + K * D + D + K
+ (rows + times + 6) * D
+         return L * block + 2 * K * D + D + K
"""

# %% [markdown]
# ## Task 5: bits per character, after equal time (4 points)
#
# *Core, about 20 minutes.*
#
# A network that reads pieces of words is compared with one that reads characters. Its loss is the mean surprisal in nats per **token**; the text it was tested on has `tokens` of its tokens and `characters` characters. Bits per character are all its nats, in bits, divided by the characters: a number that does not depend on how the text is cut. (One bit is ln 2 nats.)
#
# Each of S seeds was tested E times while it trained. `nats` (S, E) holds these losses, and `seconds` (S, E) how long the training took **since the test before** (for the first test, since the start; testing does not count). Return, for each seed, the bits per character at the **last test at which {{spent.text}} `budget` seconds of training had passed**. Not at the best one: if you pick the best of several tests on the test text, you have used it for training.
#
# Where a seed has no test within the budget, raise a ValueError whose message begins with `budget: expected`.
#
# <details><summary>Hint 1</summary>
#
# The seconds that have passed at each test are the running sum along the tests: `xp.cumulative_sum(seconds, axis=1)`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A running sum of times only grows. So the number of tests within the budget says which one is the last of them.
# </details>
#
# <details><summary>Hint 3</summary>
#
# For seed s: `done = int(xp.sum(xp.astype(passed[s, :] {{spent.op}} budget, seconds.dtype)))`, then `nats[s, done - 1]`, and `xp.stack` of all seeds. To bits per character: times tokens, divided by characters and by `math.log(2)`.
# </details>


# %% solution="bits_after"
def bits_after(nats, seconds, budget, tokens, characters):
    """Bits per character at each seed's last test within the budget.

    Shapes: nats (S, E); seconds (S, E) -> bits (S,)

    Raises ValueError where a seed has no test within the budget.
    """
    xp = array_namespace(nats)
    ### BEGIN SOLUTION
    passed = xp.cumulative_sum(seconds, axis=1)
    found = []
    for s in range(nats.shape[0]):
        done = sum({{spent.within}} for t in passed[s, :])
        if not done:
            least = float(passed[s, 0])
            raise ValueError(f"budget: expected {least}, got {budget}")
        found.append(nats[s, done - 1])
    bits = xp.stack(found) * (tokens / (characters * math.log(2)))
    ### END SOLUTION
    return bits


# %% [markdown]
# Try it: a network of pieces of words with 2.8 nats per token, 4 characters a token, and one of characters with 0.75 nats. Which predicts the text better?

# %%
one_test = move((np.array([[2.8]]), np.array([[0.75]]), np.array([[8.0]])))
pieces, letters, seconds = one_test
print("pieces of words", bits_after(pieces, seconds, 9.0, 1000, 4000))
print("characters     ", bits_after(letters, seconds, 9.0, 4000, 4000))

# %% test="bits_after" points=4 explained="ch22_language: What is equal"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_refuses,
    assert_that,
    check,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, refusals=1)

move = mover(device)


def a_contest(rng, S, E, budget=None):
    """Losses that fall and rise again, and times in whole quarters."""
    nats = 2 + rng.uniform(size=(S, E))
    seconds = rng.integers(1, 9, (S, E)) / 4
    whole = float(seconds.sum(axis=1).max())
    first = float(seconds[:, 0].max())
    if budget is None:
        budget = first + (whole - first) * rng.uniform(0.2, 0.8)
    return {
        "nats": nats,
        "seconds": seconds,
        "budget": float(budget),
        "tokens": int(rng.integers(300, 500)),
        "characters": int(rng.integers(1000, 2000)),
    }


rng = np.random.default_rng(5)
visible = [a_contest(rng, 3, 6, 6.5), a_contest(rng, 2, 4, 100.0)]
unit = a_contest(rng, 2, 4, 3.5)  # all tests of a seed alike
unit["nats"][:], unit["seconds"][:] = unit["nats"][:, :1], 1.0
visible[0]["seconds"] = np.array(
    [
        [1.0, 2.0, 1.0, 2.0, 3.0, 1.0],
        [2.0, 0.5, 0.5, 1.0, 1.5, 1.25],
        [4.0, 2.25, 1.0, 7.0, 0.5, 0.5],
    ]
)
exact = a_contest(rng, 3, 5)
exact["seconds"][:, 0] = 0.25
exact["budget"] = float(exact["seconds"][1, :3].sum())
visible = [move(args) for args in (unit, *visible, exact)]
check(
    bits_after,
    stored("bits_after"),
    visible,
    outputs="bits",
    by=properties,
)
# by hand: 1 nat per token, half as many tokens as characters, ln 2 = 0.693
nats, seconds = move((np.array([[1.0]]), np.array([[2.0]])))
half_a_nat = bits_after(nats, seconds, {{spent.two}}, 50, 100)
assert_close("half a nat in bits", half_a_nat, np.array([0.5 / np.log(2)]))
with properties("refusals"):
    why = "where a seed has no test within the budget"
    for budget in (0.125, 1.5):  # no seed has one; one of three has one
        late = {**visible[1], "budget": budget}
        assert_refuses(bits_after, late, why, "budget: expected")
with properties("dtype"):
    kept = hasattr(half_a_nat, "dtype")
    assert_that(kept, "bits: an array like nats is asked for")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    a_contest,
    [(4, 7), (1, 1, {{spent.two}}), (5, 3), (2, 9), (3, 4, {{spent.two}})],
    device,
    rng=rng,
)
fixed = a_contest(np.random.default_rng(6), 3, 5)
fixed["seconds"][:, 0] = 0.25
fixed["budget"] = float(fixed["seconds"][1, :3].sum())  # exactly
hidden.append(move(fixed))
check(
    bits_after,
    reference_bits_after,
    hidden,
    outputs="bits",
    by=properties,
)
with properties("refusals"):  # one seed of three is too slow
    slow = a_contest(rng, 3, 4, 3.0)
    slow["seconds"][2, 0] = 3.25
    assert_refuses(bits_after, move(slow), why, "budget: expected")
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="bits_after"
r"""
nats: these are nats per character; one bit is ln 2 nats, so divide by 0.693
~ tokens / (characters * math.log(2)) => tokens / characters
multiplied by ln 2: the nats were multiplied by ln 2; one bit is ln 2 nats, so there are more bits than nats
~ tokens / (characters * math.log(2)) => tokens * math.log(2) / characters
logarithm to the base 10: the nats were divided by the decimal logarithm of 2; it is the natural one
~ math.log(2) => math.log10(2)
per token: these are bits per token; all of them together, divided by the characters, is asked for
~ tokens / (characters * math.log(2)) => 1 / math.log(2)
nats per token: these are the losses as they came, in nats per token
~ tokens / (characters * math.log(2)) => 1.0
tokens and characters exchanged: the bits were multiplied by the characters and divided by the tokens
~ tokens / (characters * math.log(2)) => characters / (tokens * math.log(2))
divided by characters alone: the mean loss of a token was divided by the characters; all tokens together have tokens times as much
~ tokens / (characters * math.log(2)) => 1 / (characters * math.log(2))
all bits: these are the bits of the whole text; divide by its characters
~ tokens / (characters * math.log(2)) => tokens / math.log(2)
divided by both: the loss was divided by tokens and by characters; it is a mean over the tokens, so multiply by these
~ tokens / (characters * math.log(2)) => 1 / (tokens * characters * math.log(2))
divided by the tokens: the loss was divided by the tokens; it is a mean over them already
~ tokens / (characters * math.log(2)) => 1 / (tokens * math.log(2))
perplexity: e was raised to the loss: that is a perplexity, and not a number of bits
~ bits = xp.stack(found) * (tokens => bits = xp.exp(xp.stack(found)) * (tokens
perplexity per token: these are perplexities per token; bits per character are asked for
~ bits = xp.stack(found) * (tokens / (characters * math.log(2))) => bits = xp.exp(xp.stack(found))
perplexity per character: these are perplexities per character; bits are asked for, their logarithm to the base 2
~ bits = xp.stack(found) * (tokens / (characters * math.log(2))) => bits = xp.exp(xp.stack(found) * (tokens / characters))
logarithm of the loss: the logarithm to the base 2 of the loss was taken; the loss is a logarithm already, and only its unit changes
~ bits = xp.stack(found) * (tokens / (characters * math.log(2))) => bits = xp.log2(xp.stack(found)) * (tokens / characters)
best test: the lowest loss within the budget was taken; asked for is the last one, since picking the best on the test text is training on it
~ found.append(nats[s, done - 1]) => found.append(xp.min(nats[s, :done]))
best of all: the lowest loss of all tests was taken; asked for is the last one within the budget
~ found.append(nats[s, done - 1]) => found.append(xp.min(nats[s, :]))
mean of the tests: the losses within the budget were averaged; asked for is the last one
~ found.append(nats[s, done - 1]) => found.append(xp.mean(nats[s, :done]))
first test: the first test was taken; asked for is the last one within the budget
~ found.append(nats[s, done - 1]) => found.append(nats[s, 0])
last of all: the last test of all was taken, whatever had passed by then; are the seconds added up from test to test?
~ found.append(nats[s, done - 1]) => found.append(nats[s, -1])
one too late: the first test beyond the budget was taken: the last one within it is asked for, and the time before a test counts for that test
~ nats[s, done - 1] => nats[s, min(done, nats.shape[1] - 1)]
one too late, out of range: the index is one too high: with `done` tests within the budget the last of them is done - 1
~ nats[s, done - 1] => nats[s, done + 0 * len(passed[s, :]) if done < nats.shape[1] else nats.shape[1]]
one too early: the test before the last within the budget was taken
~ nats[s, done - 1] => nats[s, max(done - 2, 0)]
times not added up: each time was compared with the budget by itself; they count since the test before, so add them up
~ xp.cumulative_sum(seconds, axis=1) => seconds
added up over the seeds: the times were added up over the seeds; every seed has a clock of its own
~ xp.cumulative_sum(seconds, axis=1) => xp.cumulative_sum(seconds, axis=0)
first time left out: the time before the first test was not counted
~ xp.cumulative_sum(seconds, axis=1) => xp.cumulative_sum(seconds, axis=1) - seconds[:, :1]
{{spent.name}}: {{spent.says}}
~ {{spent.within}} => {{spent.odd}}
nearest test: the test nearest to the budget was taken, which may be beyond it
- found.append(nats[s, done - 1])
+ far = [abs(float(t) - budget) for t in passed[s, :]]
+         found.append(nats[s, far.index(min(far))])
one clock for all: the seeds' times were averaged; every seed has a clock of its own
~ xp.cumulative_sum(seconds, axis=1) => xp.cumulative_sum(xp.mean(seconds, axis=0, keepdims=True) + 0 * seconds, axis=1)
first seed's clock: the first seed's times were used for all; every seed has a clock of its own
~ xp.cumulative_sum(seconds, axis=1) => xp.cumulative_sum(seconds[:1, :] + 0 * seconds, axis=1)
slowest seed's test: all seeds were taken at the test that the slowest of them had reached; each has its own last one
~         done = sum({{spent.within}} for t in passed[s, :]) =>         done = min(sum({{spent.within}} for t in p) for p in passed)
fastest seed's test: all seeds were taken at the test that the fastest of them had reached; each has its own last one
~         done = sum({{spent.within}} for t in passed[s, :]) =>         done = max(sum({{spent.within}} for t in p) for p in passed)
one number: the seeds were averaged; one number for each is asked for
~     bits = xp.stack(found) * (tokens / (characters * math.log(2))) =>     bits = xp.mean(xp.stack(found)) * (tokens / (characters * math.log(2)))
budget divided: the budget was divided among the seeds; each has all of it
~ {{spent.within}} => float(t) * nats.shape[0] {{spent.op}} budget
interpolated: the loss was interpolated at the budget between two tests; asked for is one that was measured
- found.append(nats[s, done - 1])
+ on = min(done, nats.shape[1] - 1)
+         gap = float(passed[s, on] - passed[s, done - 1]) or 1.0
+         part = (budget - float(passed[s, done - 1])) / gap if on == done else 0.0
+         found.append(nats[s, done - 1] + part * (nats[s, on] - nats[s, done - 1]))
list returned [hidden, dtype]: a list was returned, or an array of another library or dtype; an array like nats is asked for
~     bits = xp.stack(found) * (tokens / (characters * math.log(2))) =>     bits = xp.asarray([float(a) * tokens / characters / math.log(2) for a in found], dtype=xp.float64)
divided by the time: the bits were divided by the seconds; equal time is in the choice of the test, and not in its number
~ bits = xp.stack(found) * (tokens / (characters * math.log(2))) => bits = xp.stack(found) * (tokens / (characters * math.log(2))) / budget
no refusal [hidden, refusals]: a seed without a test within the budget was given its first or last one; a ValueError is asked for
-         if not done:
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-
+
refused with another message [hidden, refusals]: the message of the ValueError does not begin with "budget: expected"
~ f"budget: expected {least} => f"expected {least}
only when all are late [hidden, refusals]: it was refused only where no seed has a test within the budget; one seed without is enough
~ if not done: => if not sum({{spent.within}} for p in passed for t in p):
late seeds left out [hidden, refusals]: seeds without a test within the budget were left out; a ValueError is asked for
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
+             continue
infinite for late seeds [hidden, refusals]: seeds without a test within the budget got no number or an infinite one; a ValueError is asked for
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
+             found.append(nats[s, 0] + float("inf"))
+             continue
same time for each test: the mean time was taken for every test; each has its own, and their running sum is what has passed
-     passed = xp.cumulative_sum(seconds, axis=1)
-     found = []
-     for s in range(nats.shape[0]):
-         done = sum({{spent.within}} for t in passed[s, :])
-         if not done:
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
+     passed = xp.cumulative_sum(xp.mean(seconds, axis=1, keepdims=True) + 0 * seconds, axis=1)
+     found = []
+     for s in range(nats.shape[0]):
+         done = sum({{spent.within}} for t in passed[s, :])
+         if not done:
+             raise ValueError(f"budget: expected more, got {budget}")
powers of two: 2 was raised to the losses; a bit is another unit of the same surprisal, so divide by ln 2
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
-     bits = xp.stack(found) * (tokens / (characters * math.log(2)))
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(2.0 ** nats[s, done - 1])
+     bits = xp.stack(found) * (tokens / characters)
powers of two per token: 2 was raised to the losses; a bit is another unit of the same surprisal, so divide by ln 2
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
-     bits = xp.stack(found) * (tokens / (characters * math.log(2)))
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(2.0 ** nats[s, done - 1])
+     bits = xp.stack(found) * (1.0)
seeds' times added: the seeds' times were added to one clock; every seed has a clock of its own
-     passed = xp.cumulative_sum(seconds, axis=1)
-     found = []
-     for s in range(nats.shape[0]):
-         done = sum({{spent.within}} for t in passed[s, :])
-         if not done:
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
+     passed = xp.cumulative_sum(xp.sum(seconds, axis=0, keepdims=True) + 0 * seconds, axis=1)
+     found = []
+     for s in range(nats.shape[0]):
+         done = sum({{spent.within}} for t in passed[s, :])
+         if not done:
+             raise ValueError(f"budget: expected more, got {budget}")
bits per character and nats: the nats were divided by ln 2 twice
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
-     bits = xp.stack(found) * (tokens / (characters * math.log(2)))
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(nats[s, done - 1])
+     bits = xp.stack(found) * (tokens / (characters * math.log(2) ** 2))
characters times tokens: the loss was multiplied by tokens and characters; it is divided by the characters
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
-     bits = xp.stack(found) * (tokens / (characters * math.log(2)))
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(nats[s, done - 1])
+     bits = xp.stack(found) * (tokens * characters / math.log(2))
list of numbers: a list of numbers was returned; an array like nats is asked for: xp.stack
~     bits = xp.stack(found) * (tokens / (characters * math.log(2))) =>     bits = [float(a) * tokens / characters / math.log(2) for a in found]
worst within: the highest loss within the budget was taken; asked for is the last one
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(xp.max(nats[s, :done]))
sum within: the losses within the budget were added; asked for is the last one
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(xp.sum(nats[s, :done]))
exchanged, in nats: tokens and characters changed places, and one bit is ln 2 nats
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
-     bits = xp.stack(found) * (tokens / (characters * math.log(2)))
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(nats[s, done - 1])
+     bits = xp.stack(found) * (characters / tokens)
median: the median of the seeds was returned; one number for each is asked for
~     bits = xp.stack(found) * (tokens / (characters * math.log(2))) =>     bits = sorted(float(a) for a in found)[len(found) // 2] * (tokens / (characters * math.log(2)))
mean of the seeds at each test: the losses were averaged over the seeds; each seed has its own
-             least = float(passed[s, 0])
-             raise ValueError(f"budget: expected {least}, got {budget}")
-         found.append(nats[s, done - 1])
+             raise ValueError(f"budget: expected more, got {budget}")
+         found.append(xp.mean(nats[:, done - 1]))
two nats to a bit: the nats were divided by 2; one bit is ln 2 nats
~ math.log(2) => 2
"""

# %% [markdown]
# ## Task 6, closed book: `selective_layer` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Write the selective layer. Its linear layer makes three parts of $x_t$, in the order $p$ (H rows), $b$ (N), $c$ (N), and for each channel with input $x_t$ and rates $r$ (N,)
#
# $$s_t = \operatorname{softplus}(p_t) \qquad h_t = e^{-s_t r} \odot h_{t-1} + s_t x_t\, b_t \qquad y_t = c_t^{\mathsf T} h_t + w\, x_t .$$
#
# `params` is the chapter's `Selective(W_x, b_x, log_rate, skip)`: the rates are $r = e^{\text{log\_rate}}$, (H, N), and $w$ is `skip`, (H,). Return y and the state after the last step; the cache is left out here. `softplus` is given. A loop over the steps will do.
#
# <details><summary>Hint 1</summary>
#
# First for all steps at once: `p = x @ params.W_x.T + params.b_x`, cut in three, and s (T, B, H).
# </details>
#
# <details><summary>Hint 2</summary>
#
# Factors and inputs have one number per channel and state: a is `xp.exp(-s[..., None] * rate)`, and u is `(s * x)[..., None] * b[..., None, :]`, both (T, B, H, N).
# </details>
#
# <details><summary>Hint 3</summary>
#
# Step by step: `h = a[t, ...] * h + u[t, ...]`, and what is read is `(h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...]`; at the end `xp.stack`.
# </details>


# %% solution="selective_layer" closed_book=true
def selective_layer(params, x, h):
    """A diagonal recurrence whose step, input and reading depend on x.

    Shapes: x (T, B, H); h (B, H, N) -> y (T, B, H); h (B, H, N)
    """
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    ### BEGIN SOLUTION
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
    ### END SOLUTION
    return xp.stack(y), h


# %% [markdown]
# Try it: the same outputs as the book's.

# %%
rng = np.random.default_rng(0)
weights = rng.normal(size=(7, 3)), rng.normal(size=7)
weights += rng.normal(size=(3, 2)), rng.normal(size=3)
params = Selective(*move(weights))
x, h = move((rng.normal(size=(5, 2, 3)), rng.normal(size=(2, 3, 2))))
mine, _ = selective_layer(params, x, h)
book, _, _ = book_selective_layer(params, x, h)
print("largest difference:", float(abs(mine - book).max()))

# %% test="selective_layer" points=4 explained="ch22_language: A selective layer"
import numpy as np

from rnncore.diagonal import Selective
from rnncore.diagonal import selective_layer as book_selective_layer
from rnncore.testing import (
    Properties,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, h"


def a_layer(rng, T, B, H, N):
    params = Selective(
        rng.normal(size=(H + 2 * N, H)),
        rng.normal(size=H + 2 * N),
        0.5 * rng.normal(size=(H, N)),
        rng.normal(size=H),
    )
    x, h = rng.normal(size=(T, B, H)), rng.normal(size=(B, H, N))
    return {"x": x, "params": params, "h": h}


def in_order(x, params, h):
    """The learner's function, with x first for the checks."""
    return selective_layer(params, x, h)


def state_first(x, params, h):
    """The state before the outputs, which are read from it."""
    found = in_order(x, params, h)
    two = isinstance(found, tuple) and len(found) == 2
    return found[::-1] if two else found


rng = np.random.default_rng(7)
visible = [a_layer(rng, 4, 2, 3, 5), a_layer(rng, 3, 2, 4, 4)]
visible.append(a_layer(rng, 2, 3, 3, 2))
lasting = a_layer(rng, 3, 2, 3, 5)  # first what is written alone
slow = np.full((3, 5), -20.0)
lasting["params"] = lasting["params"]._replace(log_rate=slow)
lasting["h"] = 0 * lasting["h"]
visible = [move(args) for args in (lasting, *visible)]
check(
    state_first,
    stored("selective_layer"),
    visible,
    outputs="h, y",
    by=properties,
)
check_causal(in_order, visible[1], "x")
check_independent(in_order, visible[1], {"x": 1, "h": 0})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def book(x, params, h):
    """The book's, without its cache."""
    return book_selective_layer(params, x, h)[:2]


sizes = [(1, 1, 1, 1), (5, 3, 2, 4), (2, 2, 4, 1), (6, 1, 3, 3)]
hidden = hidden_inputs(a_layer, sizes, device)
check(in_order, book, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="selective_layer"
r"""
bias forgotten: the linear layer has a bias, b_x
~ p = x @ params.W_x.T + params.b_x => p = x @ params.W_x.T
no softplus: the step is p itself; it goes through a softplus first
~ s = softplus(p) => s = p
sigmoid for softplus: the step went through a sigmoid; it is a softplus
~ s = softplus(p) => s = 1 / (1 + xp.exp(-p))
exponential for softplus: the step is e to the p; it is a softplus
~ s = softplus(p) => s = xp.exp(p)
ReLU for softplus: negative p were set to 0; the step is a softplus
~ s = softplus(p) => s = xp.maximum(p, 0 * p)
parts in another order, b and c first: the parts stand in the order p, b, c; here p was taken from the end
~ p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :] => p, b, c = p[..., 2 * N :], p[..., :N], p[..., N : 2 * N]
b and c exchanged: b and c have changed places: b is written, c reads
~ p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :] => p, c, b = p[..., :H], p[..., H : H + N], p[..., H + N :]
rate for its logarithm: the rates were taken as they stand; `log_rate` is their logarithm
~ xp.exp(params.log_rate) => params.log_rate
sign of the exponent: the factor is above 1: the exponent is -s r
~ xp.exp(-s[..., None] * xp => xp.exp(s[..., None] * xp
logarithm's sign: the rate was taken as e to the -log_rate
~ xp.exp(params.log_rate) => xp.exp(-params.log_rate)
linear decay: the factor is 1 - s r, the first term of the exponential
~ a = xp.exp(-s[..., None] * xp.exp(params.log_rate)) => a = 1 - s[..., None] * xp.exp(params.log_rate)
no step in the decay: the step s is missing from the factor: it decides how much is forgotten
~ xp.exp(-s[..., None] * xp.exp(params.log_rate)) => xp.exp(-xp.exp(params.log_rate) + 0 * s[..., None])
no rate in the decay: the rates are missing from the factor: each of the N numbers of a channel fades at its own
~ xp.exp(-s[..., None] * xp.exp(params.log_rate)) => xp.exp(-s[..., None] + 0 * params.log_rate)
no step in the input: what is written lacks the step s: a step of length 0 writes nothing
~ (s * x)[..., None] * b => x[..., None] * b
no x in the input: what is written lacks the input x
~ (s * x)[..., None] * b => s[..., None] * b
no b in the input: what is written lacks b, which says into which numbers
~ (s * x)[..., None] * b[..., None, :] => (s * x)[..., None] + 0 * b[..., None, :]
minGRU's write: what is written has the factor 1 - a, as in a minGRU; here it is s
~ u = (s * x)[..., None] * b[..., None, :] => u = (1 - a) * x[..., None] * b[..., None, :]
what is written fades at once: the new input was multiplied by the factor as well; it fades from the next step on
~ h = a[t, ...] * h + u[t, ...] => h = a[t, ...] * (h + u[t, ...])
nothing fades: the state was kept whole
~ h = a[t, ...] * h + u[t, ...] => h = h + u[t, ...]
past lost: the state of the step before was not used
~ h = a[t, ...] * h + u[t, ...] => h = u[t, ...] + 0 * h
state not kept: each step began from the first state
- h = a[t, ...] * h + u[t, ...]
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+ new = a[t, ...] * h + u[t, ...]
+         y.append((new @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
first state not used: the layer began with zeros; h is the state before the first step
~     y = [] =>     y, h = [], 0 * h
factors exchanged: state and input have changed places in front of the factor
~ h = a[t, ...] * h + u[t, ...] => h = h + a[t, ...] * u[t, ...]
read before the write: y was read from the state before the step; it reads the state after it
-         h = a[t, ...] * h + u[t, ...]
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         h = a[t, ...] * h + u[t, ...]
skip forgotten: the input's own way to the output is missing: skip x
~ [..., 0] + params.skip * x[t, ...]) => [..., 0])
skip without x: the weights of the skip were added without the input
~ params.skip * x[t, ...]) => params.skip)
skip of one: the input was added as it is; it is multiplied by skip
~ params.skip * x[t, ...]) => x[t, ...])
read with b: the state was read with b; c reads
~ (h @ c[t, ..., None]) => (h @ b[t, ..., None])
written with c: the input was written with c; b says where
~ b[..., None, :] => c[..., None, :]
summed without c: the N numbers were added up without c
~ (h @ c[t, ..., None])[..., 0] => xp.sum(h, axis=-1)
averaged over N: what was read was averaged over the N numbers; it is a sum
~ (h @ c[t, ..., None])[..., 0] => (h @ c[t, ..., None])[..., 0] / N
states returned: all states were returned; the last one is asked for
-     y = []
-     for t in range(T):
-         h = a[t, ...] * h + u[t, ...]
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+     y, all_h = [], []
+     for t in range(T):
+         h = a[t, ...] * h + u[t, ...]
+         all_h.append(h)
+         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+     h = xp.stack(all_h)
cache returned: three results were returned; the cache is left out here
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+     return xp.stack(y), h, (x, p, b, c)
first state returned: the first state was returned instead of the last
-         h = a[t, ...] * h + u[t, ...]
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         now = a[t, ...] * (now if t else h) + u[t, ...]
+         y.append((now @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
W_x not transposed [hidden]: W_x was not transposed: a step is a row, so it is x @ W_x.T
~ x @ params.W_x.T + params.b_x => x @ params.W_x + params.b_x
steps backwards: the steps were taken from the last to the first
~ for t in range(T): => for t in reversed(range(T)):
softplus of b and c: b and c went through the softplus as well; only p does
~ s = softplus(p) => s, b, c = softplus(p), softplus(b), softplus(c)
softplus on the input: p went through the softplus twice; once is enough
~ s = softplus(p) => s = softplus(softplus(p))
one rate per channel: the first rate of each channel was used for all its N numbers
~ xp.exp(params.log_rate)) => xp.exp(params.log_rate[:, :1] + 0 * params.log_rate))
squared step: the step was multiplied in twice
~ (s * x)[..., None] * b => (s * s * x)[..., None] * b
gate on the output: what was read was multiplied by x; the skip is added
~ [..., 0] + params.skip * x[t, ...]) => [..., 0] * params.skip * x[t, ...])
last step repeated: the last factor and input were used for all steps
~ h = a[t, ...] * h + u[t, ...] => h = a[-1, ...] * h + u[-1, ...]
p in the write: what is written has p x b; the step is softplus(p)
~ (s * x)[..., None] * b => (p * x)[..., None] * b
p in the middle: the parts stand in the order p, b, c; here b was cut first and p after it
~     p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :] =>     b, p, c = p[..., :N], p[..., N : N + H], p[..., N + H :]
c first: the parts stand in the order p, b, c; here c was cut first and b last
~     p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :] =>     c, b, p = p[..., :N], p[..., N : 2 * N], p[..., 2 * N :]
rate beside the step: step and rate fade one after the other, e^(-s) e^(-r); the exponent is their product, -s r
~     a = xp.exp(-s[..., None] * xp.exp(params.log_rate)) =>     a = xp.exp(-s[..., None]) * xp.exp(-xp.exp(params.log_rate))
exact integral: the input was integrated exactly over the step, (1 - e^(-s r))/r; the layer, like Mamba, writes s x b
~     u = (s * x)[..., None] * b[..., None, :] =>     u = (1 - a) / xp.exp(params.log_rate) * x[..., None] * b[..., None, :]
write with 1 - a and s: what is written was multiplied by 1 - a besides s; it has the step alone
~     u = (s * x)[..., None] * b[..., None, :] =>     u = (1 - a) * (s * x)[..., None] * b[..., None, :]
skip of the step: the skip carried the step s; it carries the input x
~         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...]) =>         y.append((h @ c[t, ..., None])[..., 0] + params.skip * s[t, ...])
skip of p: the skip carried p; it carries the input x
~         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...]) =>         y.append((h @ c[t, ..., None])[..., 0] + params.skip * p[t, ...])
log of the sigmoid: the step is negative: -softplus(-p) is the logarithm of a sigmoid; the step is softplus(p)
~     s = softplus(p) =>     s = -softplus(-p)
softplus turned round: the step is softplus(-p), whose sign inside is wrong
~     s = softplus(p) =>     s = softplus(-p)
rate with its sign, as it stands: log_rate was put into the exponent with a plus, as if it were -r; r is e to the log_rate, and the exponent -s r
~     a = xp.exp(-s[..., None] * xp.exp(params.log_rate)) =>     a = xp.exp(s[..., None] * params.log_rate)
last output for the state: the last output was returned as the state; the state is h, (B, H, N)
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+     h = y[-1]
bias twice: the bias was added twice
~     p = x @ params.W_x.T + params.b_x =>     p = x @ params.W_x.T + 2 * params.b_x
bias after the softplus: the softplus went over the linear layer without its bias, which was added afterwards
-     p = x @ params.W_x.T + params.b_x
-     p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
-     s = softplus(p)
+     p = x @ params.W_x.T
+     p, b, c = p[..., :H], p[..., H : H + N] + params.b_x[H : H + N], p[..., H + N :] + params.b_x[H + N :]
+     s = softplus(p) + params.b_x[:H]
sigmoid for the factor: the factor is a sigmoid of p, as in a minimal layer; it is e^(-s r)
~     a = xp.exp(-s[..., None] * xp.exp(params.log_rate)) =>     a = 1 / (1 + xp.exp(-p[..., None])) + 0 * params.log_rate
rate of softplus: the rate is softplus(log_rate); it is e to it
~     a = xp.exp(-s[..., None] * xp.exp(params.log_rate)) =>     a = xp.exp(-s[..., None] * softplus(params.log_rate))
read twice as far: y was read from the state and the skip was given the state's mean; the skip carries x
~         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...]) =>         y.append((h @ c[t, ..., None])[..., 0] + params.skip * xp.mean(h, axis=-1))
b and c added to x: what is written is s (x + b); it is s x b
~     u = (s * x)[..., None] * b[..., None, :] =>     u = s[..., None] * (x[..., None] + b[..., None, :])
tanh of the input: the input went through a tanh before it was written
~     u = (s * x)[..., None] * b[..., None, :] =>     u = (s * xp.tanh(x))[..., None] * b[..., None, :]
step in the reading: what is read was multiplied by the step; s belongs to what is written and forgotten
~         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...]) =>         y.append(s[t, ...] * (h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
outputs alone: only the outputs were returned; the state after the last step is asked for too
-         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+         y.append((h @ c[t, ..., None])[..., 0] + params.skip * x[t, ...])
+     return xp.stack(y)
factor of the step before: the factor of the step before was used; step t forgets by its own s_t
~         h = a[t, ...] * h + u[t, ...] =>         h = a[t - 1, ...] * h + u[t, ...]
last factor for all: the last step's factor was used at every step; step t forgets by its own s_t
~         h = a[t, ...] * h + u[t, ...] =>         h = a[-1, ...] * h + u[t, ...]
input through a SiLU: the input went through a SiLU first, as before the layer in Mamba's block; the layer takes x as it is
-     p = x @ params.W_x.T + params.b_x
+     x = x / (1 + xp.exp(-x))
+     p = x @ params.W_x.T + params.b_x
rates of the first channel: all channels were given the first one's rates; each has N of its own
~ xp.exp(params.log_rate) => xp.exp(params.log_rate[0, :])
"""

# %% [markdown]
# ## The mutant hunt (3 points)
#
# *Extra, about 15 minutes.*
#
# `selective_layer_vjp(params, cache, d_y, d_h)` of the chapter has eight wrong relatives. Each is one small edit away, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `layers_that_tell()`: a list of `(W_x, b_x, log_rate, skip, x, h, d_y, d_h)` in float64 NumPy arrays with the chapter's shapes: W_x (H + 2N, H), b_x (H + 2N,), log_rate (H, N), skip (H,), x and d_y (T, B, H), h and d_h (B, H, N). The right layer runs forward, and each box takes its gradients back. What counts is all gradients. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# One step, one sequence, one number of state: each of these hides a box. So does a gradient of zero where the last state comes in.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With log_rate = 0 all rates are 1, and a factor r is not missed. Where p is positive, a sign that was lost from it is not seen.
# </details>
#
# <details><summary>Hint 3</summary>
#
# T = 4, B = 2, H = 3, N = 2, and every one of the eight arrays random.
# </details>


# %% solution="layers_that_tell"
def layers_that_tell():
    """A list of (W_x, b_x, log_rate, skip, x, h, d_y, d_h)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    T, B, H, N = 4, 2, 3, 2
    shapes = [(H + 2 * N, H), (H + 2 * N,), (H, N), (H,), (T, B, H)]
    shapes += [(B, H, N), (T, B, H), (B, H, N)]
    return [tuple(rng.normal(size=shape) for shape in shapes)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("layers_that_tell")
ones = np.ones((1, 1, 1))
plain = Selective(
    np.ones((3, 1)), np.ones(3), np.zeros((1, 1)), np.zeros(1)
)
_, _, cache = book_selective_layer(plain, ones, ones)
right = selective_layer_vjp(plain, cache, ones, 0 * ones)
for name, box in boxes.items():
    wrong = box(plain, cache, ones, 0 * ones)
    same = all(
        np.allclose(a, b)
        for a, b in zip(
            (*right[0], *right[1:]), (*wrong[0], *wrong[1:]), strict=True
        )
    )
    print(name, "looks right" if same else "differs")

# %% test="layers_that_tell" points=3 explained="ch22_language: A selective layer"
from rnncore.diagonal import (
    Selective,
    selective_layer_vjp,
)
from rnncore.diagonal import selective_layer as book_layer
from rnncore.testing import black_boxes, hunt


def after_forward(vjp):
    """The vjp as a probe calls it, after the right layer's way forward."""

    def called(W_x, b_x, log_rate, skip, x, h, d_y, d_h):
        params = Selective(W_x, b_x, log_rate, skip)
        _, _, cache = book_layer(params, x, h)
        d_params, d_x, d_first = vjp(params, cache, d_y, d_h)
        return *d_params, d_x, d_first

    return called


boxed = black_boxes("layers_that_tell")
hunt(
    after_forward(selective_layer_vjp),
    {name: after_forward(box) for name, box in boxed.items()},
    layers_that_tell(),
    few=1,
    points=3,
)

# %% mutants="layers_that_tell" of="rnncore.diagonal.selective_layer_vjp"
r"""
last state's gradient lost: d_h is dropped: unseen where it is 0
~ last = d_states[-1:, ...] + d_h[None, ...] => last = d_states[-1:, ...] + 0 * d_h[None, ...]
one rate: the first rate is used for all N numbers in the gradient of the step: unseen with one number
~ xp.sum(d_log_a * rate, axis=-1) => xp.sum(d_log_a * rate[:, :1], axis=-1)
read a step early: c's gradient has the states in the wrong order: unseen with one step
~ d_c = (d_y[..., None, :] @ states) => d_c = (d_y[..., None, :] @ xp.flip(states, axis=0))
skip forgotten: the input's own way to the output is missing from d_x: unseen where skip is 0
~ into * s + d_y * params.skip => into * s
slope without its sign: the softplus has the slope of |p|: unseen where p is positive
~ d_s * sigmoid(p) => d_s * sigmoid(xp.abs(p))
rate for its logarithm: the gradient is that of the rate: unseen where it is 1
~ log_rate=-rate * xp.sum => log_rate=-xp.sum
bias of one sequence: b_x learns from the first sequence twice over: unseen with one
~ b_x=xp.sum(d_rows, axis=(0, 1)) => b_x=xp.sum(d_rows[:, :1], axis=(0, 1)) * B
step averaged over the channels: the way from the input to b has one step for all channels: unseen with one channel
~ d_b = ((s * x)[..., None, :] @ d_u) => d_b = ((xp.mean(s, axis=-1, keepdims=True) * x)[..., None, :] @ d_u)
"""

# %% [markdown]
# ## Experiment: a gradient on its way down
#
# *Extra, about 15 minutes.*
#
# A deep stack of blocks, and a random gradient at its top. Three ways to build a block: **residual and norm**, $y = x + \operatorname{norm}(x) W^{\mathsf T}$; **norm alone**, $y = \operatorname{norm}(x) W^{\mathsf T}$; **residual alone**, $y = x + x W^{\mathsf T}$. Your `rms_norm` goes up and your `pre_norm_vjp` comes down. Two sliders: the number of blocks, and the size of the weights (at 1 a random W keeps the length of a vector on average). The plot shows the length of the gradient beneath each block, as a logarithm to the base 10.
#
# **Predict**, before you run anything: 64 blocks, and all weights are made twice as large, from size 1 to size 2. How many times as long is the gradient at the bottom, for each of the three? Nothing is graded here; your numbers are kept in the notebook for you to come back to.

# %%
# how many times as long
my_prediction = {"both": None, "norm": None, "residual": None}


# %% experiment
from ipywidgets import FloatSlider, IntSlider, interact

WAYS = "both", "norm", "residual"


def lengths(way, blocks, size, D=64, eps=1e-12):
    """The gradient's length at the top, and beneath each block."""
    rng = np.random.default_rng(0)
    x, d = move(tuple(rng.normal(size=(2, 1, 4, D))))
    ones = move(np.ones(D))
    tape = []
    for _ in range(blocks):
        W = move(size * rng.normal(size=(D, D)) / D**0.5)
        tape.append((x, W))
        a = x if way == "residual" else rms_norm(x, {{gain.arg}}, eps)
        x = a @ W.T if way == "norm" else x + a @ W.T
    found = [d]
    for x, W in reversed(tape):
        if way == "residual":
            d = d + d @ W
        else:
            below, _, _ = pre_norm_vjp(d, x, ones, W, eps)
            d = below - d if way == "norm" else below
        found.append(d)
    return [float(np.linalg.norm(to_numpy(a))) for a in found]


def show(blocks=32, size=1.0):
    print("You predicted", my_prediction)
    found = {way: np.log10(lengths(way, blocks, size)) for way in WAYS}
    plot_lines(
        {way: found[way] - found[way][0] for way in WAYS},
        "blocks below the top",
        "log10 of the length",
        f"weights of size {size}",
    )
    for way in WAYS:
        print(f"{way:9} at the bottom: 10 to the {found[way][-1]:.2f}")


_ = interact(
    show,
    blocks=IntSlider(32, min=2, max=96, step=2, description="blocks"),
    size=FloatSlider(1, min=0.125, max=4, step=0.125, description="size"),
)

# %% [markdown]
# Explain what you saw. Where does the size of W cancel in the block with the norm alone, and in which one of the 64 blocks does it not? With both, how does the length of x grow on its way up, and what does the norm divide the gradient by in the higher blocks? And why does the residual alone multiply its gradient by about the same number in each block?

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A colleague writes: "We put our new mixer into a block with a convolution over four steps, a gate and RMSNorm. It reads pieces of words, of four characters on average, and reaches 2.9 nats; the LSTM, as it comes from torch, reads characters and reaches 0.85 nats after as many updates. We tested every 100 updates and report the best. So the LSTM wins easily, and recurrent weights are what matters." In four to six sentences: name at least three things that make the comparison unfair or impossible, say what you would compute or run for each, and say whether the conclusion about recurrent weights would follow then.

# %% [markdown] answer="what_is_equal" points=2 explained="ch22_language: What is equal"
# Nats per token and nats per character are different units: with four characters a token 2.9 nats are 1.05 bits per character, and 0.85 nats are 1.23, so on these numbers the new mixer is ahead; I would give both in bits per character of the same text. The two networks differ in all their parts and perhaps in their size, not only in the mixer: I would put the LSTM into the same block, with the same convolution, gate and norm, and choose hidden units or width so that the weights are as many. Equal updates are not equal time, and a token's window covers more text than a character's: I would show equal updates and equal seconds, with the same search for the rate, and several seeds. The best of many tests on the test text is chosen on the test text: I would choose on other text, and test once. Only if the networks differ in nothing but the mixer, and by more than the seeds do, would a difference be the mixer's; that it is due to the recurrent weights would need a further control, such as the same cell without them, and it would hold for this size, text and budget.
#
# Rubric: 1 point for three of: units (bits per character), other parts of the block, number of weights, updates against time, best test on the test text, one seed, tuning; with what is to be done about each. 1 point for "no" with a reason: even a fair difference is the mixer's as a whole, and a control is needed to credit one part of it.
