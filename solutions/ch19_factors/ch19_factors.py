# %% [markdown]
# # Assignment 19: what may a factor be?
#
# *The core takes about 100 minutes, all of it about 185 minutes, 30 points. Read chapter 19 first.*
#
# You will work out how many steps a unit carries odd or even, for any squashing; write a factor that counts modulo three, or modulo any number; join two steps into one, so that matrices can be scanned as numbers are; build every permutation from reflections, and from as few as possible; and take a gradient back to an angle. With the book closed you will go back through the minimal LSTM. At the end stand seven wrong versions of Griffin's layer, all of which run.
#
# What you need, in one table (T steps, B sequences, H units, states of d numbers):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $a_t$ | (B, H) | the factors of a diagonal layer at step t |
# | $n_t$ | (B, H) | its candidate; $(1 - \lvert a_t\rvert) \odot n_t$ is written |
# | $A_t$ | (B, d, d) | a factor that is a matrix: $h_t = A_t h_{t-1} + u_t$ |
# | $k_t$ | (B, d) | a vector of length 1; $I - 2 k k^{\mathsf T}$ is a reflection |
# | $p_t$ | (B,) | an angle, in radians |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$h_t = a_t \odot h_{t-1} + (1 - \lvert a_t\rvert) \odot n_t \qquad R(p) = \begin{pmatrix} \cos p & -\sin p \\ \sin p & \cos p \end{pmatrix}$$
#
# $R(p)\,h$ is $h$ turned by the angle $p$ counter-clockwise.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 18: what must hold of a recurrence so that it can be computed by a scan?</summary>
#
# It is linear in its state, and neither its factor nor what it adds depends on the state. Then two steps together are again such a step.
# </details>
#
# <details><summary>Chapter 5: a state is multiplied by 0.99 at every step. What is left of it after 100 steps, and after 1,000?</summary>
#
# 0.99¹⁰⁰ is 0.37, about 1/e; 0.99¹⁰⁰⁰ is 0.00004.
# </details>

# %% parameters
no = (
    {
        "it": "0",
        "code": "xp.zeros_like(size)",
        "odd": "-1",
        "odd_code": "-xp.ones_like(size)",
        "name": "minus one",
    },
    {
        "it": "-1",
        "code": "-xp.ones_like(size)",
        "odd": "0",
        "odd_code": "xp.zeros_like(size)",
        "name": "zero",
    },
)
turns = (
    {
        "text": "",
        "tex": "",
        "angle": "the angle",
        "full": "2π",
        "factor": "2 * math.pi / M",
        "sectors": "2 * np.pi * np.arange(M)",
        "quarter": "[[0.0, -1.0], [1.0, 0.0]]",
        "odd": "clockwise",
        "why": "the minus stands in the first row, -sin p above the diagonal",
    },
    {
        "text": " clockwise",
        "tex": "-",
        "angle": "the turn",
        "full": "-2π",
        "factor": "-2 * math.pi / M",
        "sectors": "-2 * np.pi * np.arange(M)",
        "quarter": "[[0.0, 1.0], [-1.0, 0.0]]",
        "odd": "counter-clockwise",
        "why": "the angle of a press is below 0",
    },
)
rows = (
    {
        "way": "first row to the last",
        "wrong": "last to first",
        "add": "found.append(k)",
        "odd": "found.insert(0, k)",
        "more": "found +=",
        "turn": "k",
        "doc": "one by one",
        "hint": "",
    },
    {
        "way": "last row to the first",
        "wrong": "first to last",
        "add": "found.insert(0, k)",
        "odd": "found.append(k)",
        "more": "found[:0] =",
        "turn": "k[::-1]",
        "doc": "the last row first",
        "hint": "The last row acts first, so each new k is put before the others: `found.insert(0, k)`. ",
    },
)
way = (
    {
        "text": "",
        "minus": "",
        "sign": "-",
        "matrix": r"0 & -1 \\ 1 & 0",
        "at": "(-y_t[1], y_t[0])",
        "hint": "y[t, :, 0] * d[:, 1] - y[t, :, 1] * d[:, 0]",
        "slope": "y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]",
        "odd": "y_t[:, 1] * d[:, 0] - y_t[:, 0] * d[:, 1]",
        "helps": "helps: d_p = 1",
        "turned": "c * x - s * y, s * x + c * y",
        "j": "1j",
        "clock": "counter-clockwise",
        "less": "less",
        "right": "(-y₁, y₀)",
        "product": "y₀ d₁ - y₁ d₀",
    },
    {
        "text": " clockwise",
        "minus": "-",
        "sign": "",
        "matrix": r"0 & 1 \\ -1 & 0",
        "at": "(y_t[1], -y_t[0])",
        "hint": "y[t, :, 1] * d[:, 0] - y[t, :, 0] * d[:, 1]",
        "slope": "y_t[:, 1] * d[:, 0] - y_t[:, 0] * d[:, 1]",
        "odd": "y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]",
        "helps": "makes the second number smaller: d_p = -1",
        "turned": "c * x + s * y, c * y - s * x",
        "j": "-1j",
        "clock": "clockwise",
        "less": "plus",
        "right": "(y₁, -y₀)",
        "product": "y₁ d₀ - y₀ d₁",
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
from rnncore.display import plot_lines
from rnncore.factors import SQUASHINGS, min_lstm_layer, rg_lru_layer
from rnncore.factors import min_lstm_layer_vjp as book_min_lstm_layer_vjp
from rnncore.scan import Minimal, Scanned, linear_scan_vjp
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two steps by hand
#
# A state of two numbers, $h_0 = (1, 0)$, and nothing is written. Each press turns it by a quarter turn, $A = ((0, -1), (1, 0))$. Work out $h_1$ and $h_2$ on paper. After how many presses is the state again what it was? Then run the cell.

# %%
quarter = np.array([[0.0, -1.0], [1.0, 0.0]])
h = np.array([1.0, 0.0])
for _ in range(2):
    h = quarter @ h
    print("h =", h + 0.0)
print("by hand: (0, 1), then (-1, 0); after four presses it is (1, 0)")

# %% [markdown]
# Now three things, (3, 5, 7), and two reflections one after the other: the first swaps the first two places, the second the last two. One line is left out. Write it, and run again. Is what comes out a swap?
#
# <details><summary>The missing line</summary>
#
# `h = h - 2 * (k @ h) * k`. It gives (5, 7, 3): no swap, every thing has moved. Two reflections make a cyclic shift.
# </details>

# %%
h = np.array([3.0, 5.0, 7.0])
for k in ([1, -1, 0], [0, 1, -1]):
    k = np.array(k) / 2**0.5
    # (the missing line)
print(h, "by hand: (5, 3, 7), then (5, 7, 3)")

# %% [markdown]
# ## Task 1: how long does a sign last? (4 points)
#
# *Core, about 20 minutes.*
#
# One unit has to say odd or even. It starts at 1, and its factor is $a_0$ at a bit 0 and $a_1$ at a bit 1. If $a_0 > 0 > a_1$, its sign is right at first. But with $\lvert a\rvert < 1$ it fades, and meanwhile $(1 - \lvert a\rvert)\,n$ is written. Nothing is known about $n$ but its size, at most $N$.
#
# Take the worst case. Let $s_t$ be the state times its right sign, and $a$ the smaller of $\lvert a_0\rvert$ and $\lvert a_1\rvert$. At worst this $a$ comes at every step, and what is written always has the wrong sign:
#
# $$s_t = a\,s_{t-1} - (1 - a)\,N, \qquad s_0 = 1 .$$
#
# Add $N$ on both sides, and find the time $t$ at which $s_t = 0$. It is a real number (do not round it). Return it for each unit, but at most `limit`, for a unit whose sign lasts longer or for ever; and {{no.it}} for a unit that does not turn its sign, because $a_0 > 0 > a_1$ does not hold. No factor is 0, and $N$ is above 0.
#
# <details><summary>Hint 1</summary>
#
# s_t + N = a (s_{t-1} + N). So s_t + N is 1 + N, multiplied t times by a.
# </details>
#
# <details><summary>Hint 2</summary>
#
# s_t = 0 where a^t (1 + N) = N. Take logarithms: t = ln((1 + N)/N) / (-ln a).
# </details>
#
# <details><summary>Hint 3</summary>
#
# With `need = math.log((1 + N) / N)`, do not divide by less than `need / limit`: `xp.maximum(-xp.log(size), xp.full_like(size, need / limit))`. Then nothing exceeds the limit, and a factor of 1 makes no division by zero. Last `xp.where(turns, ..., {{no.code}})`.
# </details>


# %% solution="sign_lasts"
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    ### BEGIN SOLUTION
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, {{no.code}})
    ### END SOLUTION


# %% [markdown]
# Try it: the chapter's squashings, with p at a bit 0 and -p at a bit 1. Which one depends on p, and how?

# %%
p = move(np.array([0.8, 1.5, 3.0, 5.0]))
for name in ("sigmoid", "tanh", "clip"):
    squash = SQUASHINGS[name].forward
    steps = sign_lasts(squash(p), squash(-p), 0.3, 1024.0)
    print(f"{name:8}", *(f"{float(s):8.1f}" for s in steps))

# %% test="sign_lasts" points=4 explained="ch19_factors: Was that the learning rate?"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def two_factors(rng, H, N=0.3, limit=1024.0):
    """Factors near 1 and -1, some of them exactly."""
    a_0 = 1 - 10.0 ** rng.uniform(-2, -0.1, H)
    a_1 = -(1 - 10.0 ** rng.uniform(-2, -0.1, H))
    kind = rng.integers(0, 6, H)
    a_0, a_1 = np.where(kind == 1, 1.0, a_0), np.where(kind == 1, -1.0, a_1)
    a_0 = np.where(kind == 2, -a_0, a_0)
    a_1 = np.where(kind == 3, -a_1, a_1)
    turned = np.where(kind == 4, -1.0, 1.0)
    return {
        "a_0": turned * a_0,
        "a_1": turned * a_1,
        "N": N,
        "limit": limit,
    }


by_name = {
    "a_0": np.array([0.9, 0.99, 0.5, 1.0, 0.8, -0.7, 0.96, 0.9995, -0.75]),
    "a_1": np.array(
        [-0.8, -0.995, -0.6, -1.0, 0.9, -0.9, -1.0, -0.9999, 0.85]
    ),
    "N": 0.4,
    "limit": 600.0,
}
visible = [move(by_name), move({**by_name, "N": 0.7, "limit": 90.0})]
with np.errstate(all="ignore"):
    check(
        sign_lasts,
        stored("sign_lasts"),
        visible,
        outputs="steps",
        by=properties,
    )
# by hand: with a = 1/2 and N = 1 the state goes from 1 to 0 in one step
half = move(np.array([0.5]))
with properties("sizes"):
    steps = sign_lasts(half, -half, 1.0, 9.0)
    assert_close("steps at a = 1/2, N = 1", steps, np.ones(1))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    two_factors,
    [
        (1,),
        (7,),
        (40, 0.05),
        (40, 0.1, 30.0),
        (40, 2.5, 50.0),
        (6, 1.0, 1e5),
    ],
    device,
)
with np.errstate(all="ignore"):
    check(
        sign_lasts,
        reference_sign_lasts,
        hidden,
        outputs="steps",
        by=properties,
    )
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="sign_lasts"
r"""
larger factor: the larger of the two sizes was taken; in the worst case the factor that fades faster comes at every step: take the smaller one
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => xp.maximum(xp.abs(a_0), xp.abs(a_1))
mean of the two: the mean of the two sizes was taken; in the worst case the smaller one comes at every step
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => 0.5 * (xp.abs(a_0) + xp.abs(a_1))
geometric mean of the two: the two sizes were multiplied, as if bits 0 and 1 took turns; in the worst case the smaller one comes at every step
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => xp.sqrt(xp.abs(a_0 * a_1))
bit 0 alone: only the factor at a bit 0 was looked at; the sign fades at a bit 1 as well, and at worst the smaller factor comes at every step
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => xp.abs(a_0)
bit 1 alone: only the factor at a bit 1 was looked at; the sign fades at a bit 0 as well, and at worst the smaller factor comes at every step
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => xp.abs(a_1)
product until N: this is the time until the product of the factors has fallen to N; but what is written takes part: from s_t + N = a^t (1 + N) the product has to fall to N / (1 + N)
~ math.log((1 + N) / N) => math.log(1 / N)
N forgotten below: the logarithm is that of 1 + N; s_t is 0 where a^t (1 + N) = N, so it is that of (1 + N) / N
~ math.log((1 + N) / N) => math.log(1 + N)
half-life: this is the half-life, ln 2 / -ln a; the sign lasts until what is written outweighs the state, and that depends on N
~ math.log((1 + N) / N) => math.log(2)
time to a third: this is 1 / -ln a, the time until the product has fallen to 1/e; how long the sign lasts depends on N as well
~ need / fading => 1 / fading
rule of thumb: this is about 1 / (1 - a), the time until the product has fallen to a third; how long the sign lasts depends on N as well
~ need / fading => xp.minimum(1 / (1 - size + 1e-30), xp.full_like(size, limit))
all of n written: all of n was written at every step; only the share 1 - a of it is
~ need / fading => xp.minimum(xp.log(1 + (1 - size) / N) / (1e-30 - xp.log(size)), xp.full_like(size, limit))
a sign that cannot turn: a unit whose factors do not have both signs was counted: it never turns its sign at a bit 1 (or always does), and is right for 0 steps
~ turns = (a_0 > 0) & (a_1 < 0) => turns = size > 0
one sign asked: only one of the two signs was asked for; the sign must be kept at a bit 0 and turned at a bit 1: a_0 > 0 and a_1 < 0
~ turns = (a_0 > 0) & (a_1 < 0) => turns = a_1 < 0
the other sign asked: only a_0 > 0 was asked for; the sign must be kept at a bit 0 and turned at a bit 1: a_0 > 0 and a_1 < 0
~ turns = (a_0 > 0) & (a_1 < 0) => turns = a_0 > 0
either sign will do: units that turn at a bit 0 and keep at a bit 1 were counted too, or units that do only one of the two: a_0 > 0 and a_1 < 0 must both hold
~ turns = (a_0 > 0) & (a_1 < 0) => turns = (a_0 > 0) | (a_1 < 0)
signs that differ: signs that differ were enough here; at a bit 0 the sign must be kept, so a_0 is the positive one
~ turns = (a_0 > 0) & (a_1 < 0) => turns = a_0 * a_1 < 0
bits exchanged: a_0 is the factor at a bit 0, which keeps the sign, so it is the one above 0; here the two were exchanged, and every good unit got 0
~ turns = (a_0 > 0) & (a_1 < 0) => turns = (a_0 < 0) & (a_1 > 0)
two bases: one logarithm is natural and the other has the base 2; in their quotient both must have the same base
~ -xp.log(size) => -xp.log2(size)
no limit for what fades: a unit whose sign lasts longer than the limit got its own number of steps: return at most the limit
~ xp.full_like(size, need / limit) => xp.full_like(size, need / limit) * xp.where(size < 1, 0 * size, 1 + 0 * size)
no limit at all: a factor of exactly 1 does not fade, and the division by -ln 1 = 0 has no finite result: return at most the limit (and if other units have times below 0: the logarithm is that of (1 + N)/N)
~ need / fading => xp.where(size < 1, need / fading, xp.full_like(size, math.inf))
rounded down: the time was rounded down to whole steps; the text asks for the real number
~ need / fading => xp.floor(need / fading)
rounded up: the time was rounded up to whole steps; the text asks for the real number
~ need / fading => xp.ceil(need / fading)
limit is a step too few: here the limit itself was not reached: at most `limit` includes it
~ need / limit => need / (limit - 1)
quotient turned round: the quotient stands the other way round: the time is what has to be lost, ln((1 + N)/N), divided by what is lost per step, -ln a
~ need / fading => fading / need
time below zero: the time came out negative: both logarithms have a sign, ln a is below 0, and so is ln(N/(1 + N))
~ need / fading => -need / fading
one step for what does not turn: a unit that does not turn its sign got one step; the text asks for {{no.it}}
~ xp.where(turns, need / fading, {{no.code}}) => xp.where(turns, need / fading, xp.ones_like(size))
limit for what does not turn: a unit that does not turn its sign got the limit; its sign is wrong from the start: {{no.it}}
~ xp.where(turns, need / fading, {{no.code}}) => xp.where(turns, need / fading, xp.full_like(size, limit))
{{no.name}} for what does not turn: a unit that does not turn its sign got {{no.odd}}; the text asks for {{no.it}}
~ xp.where(turns, need / fading, {{no.code}}) => xp.where(turns, need / fading, {{no.odd_code}})
first order: 1 - a was taken for -ln a: that is near it where a is near 1, and far from it elsewhere
~ -xp.log(size), => 1 - size,
decimal logarithm: one logarithm is natural and the other decimal; in their quotient both must have the same base
~ math.log((1 + N) / N) => math.log10((1 + N) / N)
product of both sizes: the product of both sizes was taken for one step's factor; in the worst case the smaller one comes, once per step
~ xp.minimum(xp.abs(a_0), xp.abs(a_1)) => xp.abs(a_0 * a_1)
bracket of the logarithm: ln(1 + N) was divided by N; the logarithm is that of the quotient (1 + N) / N
~ math.log((1 + N) / N) => math.log(1 + N) / N
start counted twice: the logarithm is that of (1 + 2 N)/N; the state starts at 1, so that s + N starts at 1 + N
~ math.log((1 + N) / N) => math.log(2 + 1 / N)
rule of thumb for bit 0: this is 1 / (1 - a_0), about the time until the product has fallen to a third; how long the sign lasts depends on N and on the smaller factor
~ need / fading => xp.minimum(1 / (1 - xp.abs(a_0) + 1e-30), xp.full_like(size, limit))
whole steps after: one step too many: the text asks for the time at which s_t = 0, not for the step after it
~ need / fading => (need / fading + 1)
half the time: the time is half of what it should be: one step multiplies s + N by a, once
~ need / fading => 0.5 * need / fading
limit as a floor: need was multiplied by the limit, by which it is divided: -ln a may not be smaller than need / limit
~ need / limit => need * limit
factor N: the logarithm is multiplied by N; N stands inside it
~ math.log((1 + N) / N) => N * math.log((1 + N) / N)
N subtracted: the logarithm is that of (1 - N) / N; s + N starts at 1 + N
~ math.log((1 + N) / N) => math.log((1 - N) / N)
logarithms to two bases: one of the two logarithms is to the base 2; their quotient needs the same base in both
~ math.log((1 + N) / N) => math.log2((1 + N) / N)
a factor of one left out: a unit whose factor is 1 was taken for one that never turns; its other factor decides, or it lasts up to the limit
~ (a_0 > 0) & (a_1 < 0) => (a_0 > 0) & (a_1 < 0) & (size < 1)
"""

# %% [markdown]
# ## Task 2: a factor that counts modulo three (4 points)
#
# *Core, about 20 minutes.*
#
# A sign counts modulo two. To count modulo $M$ a state needs $M$ different directions, and a plane has them: turn it by the $M$-th part of a full turn{{turns.text}} at each press. At step $t$ a number $x_t$ says how often the button was pressed: 0, 1, several times, or −1 where a press is taken back. Return the factors $A_t = R({{turns.tex}}2\pi x_t / M)$ of all steps and sequences.
#
# The result has two axes more than x: entry `[t, b]` is a 2 × 2 matrix which multiplies a column from the left.
#
# <details><summary>Hint 1</summary>
#
# First the angles, (T, B), in radians. All else is the cosine and the sine of them, set into places.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `xp.stack([c, -s], axis=-1)` is the first row of all matrices, (T, B, 2). The second is `xp.stack([s, c], axis=-1)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `xp.stack([first, second], axis=-2)` sets rows below each other.
# </details>


# %% solution="turns_for"
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION
    angle = ({{turns.factor}}) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)
    ### END SOLUTION


# %% [markdown]
# Try it: the given `counted` runs the state (1, 0) through your factors and reads the count off as the nearest of the M directions.


# %%
def counted(A, M):
    """The count after every step: the direction nearest to the state.

    Shapes: A (T, B, 2, 2) -> count (T, B)
    """
    angles = {{turns.sectors}} / M
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    A = to_numpy(A)
    h, counts = np.eye(2)[np.zeros(A.shape[1], int)], []
    for A_t in A:
        h = (A_t @ h[..., None])[..., 0]
        counts.append((h @ directions.T).argmax(axis=-1))
    return np.stack(counts)


presses = np.array([1, 1, 1, 0, 1, 2, -1, 1])[:, None]
print("presses  ", *presses[:, 0])
for M in (2, 3, 5):
    found = counted(turns_for(move(presses * 1.0), M), M)
    print(f"modulo {M} ", *found[:, 0])

# %% test="turns_for" points=4 explained="ch19_factors: Three things"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def some_presses(rng, T, B, M):
    return {"x": rng.integers(-2, 4, (T, B)) * 1.0, "M": M}


visible = [
    move(
        {
            "x": np.array([[1.0, 0, 2], [2, -1, 0], [1, 3, 1], [-2, 1, 1]]),
            "M": 3,
        }
    ),
    move({"x": np.array([[1.0, 2, 0], [0, 1, 3]]), "M": 4}),
    move(some_presses(np.random.default_rng(4), 3, 2, 5)),
]
check(turns_for, stored("turns_for"), visible, outputs="A", by=properties)
with properties("sizes"):
    A = turns_for(move(np.ones((1, 1))), 4)[0, 0, ...]
    by_hand = np.array({{turns.quarter}})
    assert_close("one press modulo 4, a quarter turn", A, by_hand)
    A = turns_for(move(np.ones((1, 1))), 3)[0, 0, ...]
    assert_close("three presses modulo 3", A @ A @ A, np.eye(2))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    some_presses,
    [(1, 1, 3), (5, 2, 3), (3, 4, 7), (2, 5, 2), (4, 4, 1)],
    device,
    rng=rng,
)
check(turns_for, reference_turns_for, hidden, outputs="A", by=properties)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="turns_for"
r"""
{{turns.odd}}: the plane was turned {{turns.odd}}: {{turns.why}}, or the rows were set as columns
-     first = xp.stack([c, -s], axis=-1)
-     second = xp.stack([s, c], axis=-1)
+     first = xp.stack([c, s], axis=-1)
+     second = xp.stack([-s, c], axis=-1)
mirror: this is a reflection, with determinant -1: done twice it is undone, so it counts modulo two and never modulo three; a turn has cos p twice on its diagonal, and sin p with both signs
~     second = xp.stack([s, c], axis=-1) =>     second = xp.stack([-s, -c], axis=-1)
mirror with the other sign: this is a reflection, with determinant -1: done twice it is undone, so it counts modulo two and never modulo three; a turn has cos p twice on its diagonal, and sin p with both signs
-     first = xp.stack([c, -s], axis=-1)
-     second = xp.stack([s, c], axis=-1)
+     first = xp.stack([c, s], axis=-1)
+     second = xp.stack([s, -c], axis=-1)
both sines alike: both sines have the same sign: such a matrix is no turn, and stretches the plane; R(p) has -sin p above the diagonal and sin p below it
~     first = xp.stack([c, -s], axis=-1) =>     first = xp.stack([c, s], axis=-1)
both sines below zero: both sines have the same sign: such a matrix is no turn, and stretches the plane; R(p) has -sin p above the diagonal and sin p below it
~     second = xp.stack([s, c], axis=-1) =>     second = xp.stack([-s, c], axis=-1)
sine and cosine exchanged: sine and cosine have changed places: no press has to be the identity, so the cosines, which are 1 there, stand on the diagonal
~     c, s = xp.cos(angle), xp.sin(angle) =>     s, c = xp.cos(angle), xp.sin(angle)
half a turn in M parts: half a turn was cut into M parts; a full turn has 2 pi
~ 2 * math.pi / M => math.pi / M
no circle: x / M was taken as the angle itself; a full turn is 2 pi radians
~ 2 * math.pi / M => 1 / M
degrees: the angle is in degrees; cosine and sine take radians, where a full turn is 2 pi
~ 2 * math.pi / M => 360 / M
M times too far: each press turned by M full turns, which is no turn at all; the full turn is divided by M
~ 2 * math.pi / M => 2 * math.pi * M
a turn at every step: every step turns, pressed or not; the angle is x_t times the M-th part, so 0 presses leave the state alone
~ ({{turns.factor}}) * x => ({{turns.factor}}) + 0 * x
presses only counted once: two presses were taken for one, or a press taken back for a press; the angle is proportional to x_t, with its sign
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.where(x == 0, x, 1 + 0 * x)
sign lost: a press taken back was counted as a press: the angle has the sign of x_t
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.abs(x)
presses by their sign: several presses at a step were taken for one; the angle is proportional to x_t
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.sign(x)
presses at most one: several presses at a step were taken for one, and a press taken back for none
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.where(x > 0, 1 + 0 * x, 0 * x)
sums in place of steps: each factor turns by all presses up to its step; it is the state that adds them up, the factor of a step knows x_t alone
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.cumulative_sum(x, axis=0)
numbers in place of a matrix: the sines are missing: a diagonal factor stretches each axis by itself and turns nothing
~ c, s = xp.cos(angle), xp.sin(angle) => c, s = xp.cos(angle), 0 * angle
matrix axes in front: the axes of the matrix stand in front, as (2, 2, T, B); time comes first, and entry [t, b] is the matrix of that step and sequence
-     first = xp.stack([c, -s], axis=-1)
-     second = xp.stack([s, c], axis=-1)
-     return xp.stack([first, second], axis=-2)
+     return xp.stack([xp.stack([c, -s]), xp.stack([s, c])])
time and batch exchanged: the first two axes are exchanged: time comes first
~ xp.stack([first, second], axis=-2) => xp.permute_dims(xp.stack([first, second], axis=-2), (1, 0, 2, 3))
columns and cells: the four numbers stand in one axis, (T, B, 4); a matrix has two axes
~ xp.stack([first, second], axis=-2) => xp.concat([first, second], axis=-1)
reshaped: the four numbers were stacked in front and then reshaped: a reshape does not move axes, so numbers of other steps stand in each matrix; stack them along new last axes
-     first = xp.stack([c, -s], axis=-1)
-     second = xp.stack([s, c], axis=-1)
-     return xp.stack([first, second], axis=-2)
+     return xp.reshape(xp.stack([c, -s, s, c]), (*x.shape, 2, 2))
one part too few: the full turn was cut into M - 1 parts; M presses make a full turn
~ 2 * math.pi / M => 2 * math.pi / max(M - 1, 0.5)
one part too many: the full turn was cut into M + 1 parts; M presses make a full turn
~ 2 * math.pi / M => 2 * math.pi / (M + 1)
first row twice: the second row repeats the first with another sign: it is (sin p, cos p)
~     second = xp.stack([s, c], axis=-1) =>     second = xp.stack([c, s], axis=-1)
both rows alike: both rows are (cos p, -sin p); the second is (sin p, cos p)
~     second = xp.stack([s, c], axis=-1) =>     second = xp.stack([c, -s], axis=-1)
small angles: 1 and p were taken for cos p and sin p: that is right only for very small angles, and stretches the plane
~ c, s = xp.cos(angle), xp.sin(angle) => c, s = xp.ones_like(angle), angle
always three: the angle is a third of a turn whatever M is
~ 2 * math.pi / M => 2 * math.pi / 3
always a quarter: the angle is a quarter turn whatever M is, as in the example by hand
~ 2 * math.pi / M => math.pi / 2
two full turns: two full turns were cut into M parts; a full turn is 2 pi
~ 2 * math.pi / M => 4 * math.pi / M
a press too many: each step turns by one part more than was pressed: 0 presses leave the state alone
~ ({{turns.factor}}) * x => ({{turns.factor}}) * (x + 1)
angle rounded: the angle was rounded; a third of a turn is no whole number of radians
~ ({{turns.factor}}) * x => xp.round(({{turns.factor}}) * x)
matrix rounded: the matrix has whole numbers only; a third of a turn has cosine -1/2
~ xp.stack([first, second], axis=-2) => xp.round(xp.stack([first, second], axis=-2))
sums from the end: each factor turns by the presses of other steps as well; the factor of a step knows x_t alone
- c, s = xp.cos(angle), xp.sin(angle)
+ angle = xp.cumulative_sum(xp.flip(angle, axis=0), axis=0)
+     c, s = xp.cos(angle), xp.sin(angle)
presses squared: the angle grows with the square of the presses; it is proportional to them
~ ({{turns.factor}}) * x => ({{turns.factor}}) * x * xp.abs(x)
presses squared, without their sign: the angle grows with the square of the presses; it is proportional to them
~ ({{turns.factor}}) * x => ({{turns.factor}}) * x * x
tangent: the tangent was taken for the sine
~ xp.cos(angle), xp.sin(angle) => xp.cos(angle), xp.sin(angle) / xp.cos(angle)
quarter turn in M parts: a quarter turn was cut into M parts; a full turn has 2 pi
~ 2 * math.pi / M => math.pi / (2 * M)
last cosine with a minus: the second row is (sin p, -cos p); both cosines have a plus in R(p)
~     second = xp.stack([s, c], axis=-1) =>     second = xp.stack([s, -c], axis=-1)
first cosine with a minus: the first row is (-cos p, -sin p); both cosines have a plus in R(p)
~     first = xp.stack([c, -s], axis=-1) =>     first = xp.stack([-c, -s], axis=-1)
presses modulo two: the presses were counted modulo two; each of them turns
~ ({{turns.factor}}) * x => ({{turns.factor}}) * (x % 2)
a press taken back is none: a press taken back was counted as none; it turns the other way
~ ({{turns.factor}}) * x => ({{turns.factor}}) * xp.where(x > 0, x, xp.zeros_like(x))
"""

# %% [markdown]
# ## Task 3: two steps are one (3 points)
#
# *Core, about 15 minutes.*
#
# The scan of chapter 18 joined two steps with numbers as factors. Do it for matrices: the first step is $h \mapsto A_1 h + u_1$, the second $h \mapsto A_2 h + u_2$. What single pair $(A, u)$ does both, first the first, then the second?
#
# Steps come as tuples `(A, u)`, whose arrays may have any axes in front: $A$ is (..., d, d), $u$ is (..., d).
#
# <details><summary>Hint 1</summary>
#
# Put A_1 h + u_1 in the place of h in A_2 h + u_2, and multiply out.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A = A_2 A_1, and u = A_2 u_1 + u_2.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `@` multiplies matrices, so make a column of u_1 and take it back: `(A_2 @ u_1[..., None])[..., 0]`.
# </details>


# %% solution="one_step"
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((..., d, d), (..., d)); second, likewise
        -> A (..., d, d); u (..., d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    ### BEGIN SOLUTION
    A = A_2 @ A_1
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    ### END SOLUTION
    return A, u


# %% [markdown]
# Try it: `all_states` needs nothing but your function, and finds the states of all steps in log2(T) rounds.


# %%
def all_states(A, u, h):
    """The states after every step, T steps in log2(T) rounds.

    Shapes: A (T, B, d, d); u (T, B, d); h (B, d) -> y (T, B, d)
    """
    xp, reach = array_namespace(A), 1
    while reach < A.shape[0]:
        earlier = A[:-reach, ...], u[:-reach, ...]
        later = A[reach:, ...], u[reach:, ...]
        pairs = one_step(earlier, later)
        A = xp.concat([A[:reach, ...], pairs[0]])
        u = xp.concat([u[:reach, ...], pairs[1]])
        reach *= 2
    return (A @ h[..., None])[..., 0] + u


rng = np.random.default_rng(0)
A, u = move(rng.normal(size=(6, 1, 2, 2))), move(rng.normal(size=(6, 1, 2)))
h = move(np.ones((1, 2)))
fast = all_states(A, u, h)
for t in range(6):
    h = (A[t, ...] @ h[..., None])[..., 0] + u[t, ...]
print("loop:", to_numpy(h), "rounds:", to_numpy(fast[-1, ...]))

# %% test="one_step" points=3 explained="ch19_factors: Three things"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)


def two_steps(rng, B, d):
    def step():
        return rng.normal(size=(B, d, d)), rng.normal(size=(B, d))

    return {"first": step(), "second": step()}


visible = [
    move(two_steps(np.random.default_rng(6), 2, 3)),
    move(two_steps(np.random.default_rng(7), 3, 2)),
    move(two_steps(np.random.default_rng(8), 3, 1)),  # d is 1, B is not
]
more = two_steps(np.random.default_rng(9), 12, 2)  # two axes in front
visible.append(
    {
        name: move(tuple(a.reshape(4, 3, *a.shape[1:]) for a in step))
        for name, step in more.items()
    }
)
check(one_step, stored("one_step"), visible, outputs="A, u", by=properties)
# by hand: turn a quarter, then add (1, 0); and the other way round
turn = np.array([[[0.0, -1.0], [1.0, 0.0]]]), np.zeros((1, 2))
push = np.eye(2)[None], np.array([[1.0, 0.0]])
_, u = one_step(move(turn), move(push))
assert_close("u of turn, then push", u, np.array([[1.0, 0.0]]))
_, u = one_step(move(push), move(turn))
assert_close("u of push, then turn", u, np.array([[0.0, 1.0]]))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    two_steps,
    [(1, 1), (4, 2), (3, 5), (3, 3), (4, 1)],
    device,
    rng=rng,
)
check(one_step, reference_one_step, hidden, outputs="A, u", by=properties)
one, two, three = (two_steps(rng, 2, 3)["first"] for _ in range(3))
one, two, three = move(one), move(two), move(three)
early = one_step(one_step(one, two), three)
late = one_step(one, one_step(two, three))
for name, a, b in zip(("A", "u"), early, late, strict=True):
    assert_close(f"{name} of three steps, joined in either way", a, b, 1e-6)
more = move(two_steps(rng, 4, 2))  # further axes in front
wide = {
    name: tuple(part.reshape(2, 2, *part.shape[1:]) for part in step)
    for name, step in more.items()
}
flat = one_step(**more)
for name, a, b in zip(("A", "u"), one_step(**wide), flat, strict=True):
    assert_close(f"{name} with two axes in front", a.reshape(b.shape), b)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="one_step"
r"""
matrices in the order of time: the product stands in the order of time, A_1 A_2; a column h meets A_1 first, so A_1 stands next to it, on the right
~ A_2 @ A_1 => A_1 @ A_2
what came first not carried on: u_1 was added as it is; the second step multiplies all that it finds, u_1 as well
~ (A_2 @ u_1[..., None])[..., 0] => u_1
the later one multiplied: u_2 was multiplied by A_1, and u_1 not by A_2; what the second step adds meets no factor, and what the first added meets A_2
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => u_1 + (A_1 @ u_2[..., None])[..., 0]
own factor: u_1 was multiplied by A_1, its own step's factor; it is added after A_1 has acted, and meets A_2
~ (A_2 @ u_1[..., None])[..., 0] => (A_1 @ u_1[..., None])[..., 0]
both by A_2: u_2 was multiplied by A_2 too; what the second step adds meets no factor
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_2 @ (u_1 + u_2)[..., None])[..., 0]
steps exchanged: this does the second step first, and then the first
-     A = A_2 @ A_1
-     u = (A_2 @ u_1[..., None])[..., 0] + u_2
+     A = A_1 @ A_2
+     u = (A_1 @ u_2[..., None])[..., 0] + u_1
only A in the order of time: the product stands in the order of time, A_1 A_2, and u_1 was not multiplied by A_2
-     A = A_2 @ A_1
-     u = (A_2 @ u_1[..., None])[..., 0] + u_2
+     A = A_1 @ A_2
+     u = u_1 + u_2
entry by entry: the matrices were multiplied entry by entry, as the factors of a diagonal layer are; `@` is the product of matrices
~ A_2 @ A_1 => A_2 * A_1
transposed: u_1 was multiplied by A_2 transposed: a row on the left, u_1 @ A_2, does that; a column stands on the right, A_2 @ u_1
~ (A_2 @ u_1[..., None])[..., 0] => (u_1[..., None, :] @ A_2)[..., 0, :]
first input lost: what the first step added is missing
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => 0 * u_1 + u_2
second input lost: what the second step adds is missing
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_2 @ u_1[..., None])[..., 0]
product with the joint factor: u_1 was multiplied by A_2 A_1; it is added after A_1 has acted, and meets A_2 alone
~ (A_2 @ u_1[..., None])[..., 0] => (A @ u_1[..., None])[..., 0]
column kept: u has one axis more than u_1: the column was not taken back to a vector
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => A_2 @ u_1[..., None] + u_2[..., None]
factors added: the factors were added; steps that follow each other multiply them
~ A_2 @ A_1 => A_2 + A_1
vector scaled by rows: each entry of u_1 was multiplied by the sum of its row of A_2; a product of matrix and vector is `(A_2 @ u_1[..., None])[..., 0]`, or A_2 times u_1 along the columns, summed over them
~ (A_2 @ u_1[..., None])[..., 0] => (A_2 * u_1[..., None]).sum(-1)
both crossed: u_2 was multiplied by A_1 as well; what the second step adds meets no factor
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_2 @ u_1[..., None])[..., 0] + (A_1 @ u_2[..., None])[..., 0]
inputs exchanged: u_1 and u_2 have changed places: A_2 acts on u_1, which is there when the second step comes
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_2 @ u_2[..., None])[..., 0] + u_1
own factors: each input was multiplied by its own step's factor; A_t acts on the state before u_t is added
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_1 @ u_1[..., None])[..., 0] + (A_2 @ u_2[..., None])[..., 0]
product transposed: the product A_2 A_1 was transposed
~ A_2 @ A_1 => (A_2 @ A_1).swapaxes(-1, -2)
first matrix transposed: A_1 was transposed in the product
~ A_2 @ A_1 => A_2 @ A_1.swapaxes(-1, -2)
second matrix transposed: A_2 was transposed in the product
~ A_2 @ A_1 => A_2.swapaxes(-1, -2) @ A_1
everything through both: u_1 went through both factors and u_2 through A_2: each input meets the factors of later steps only
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_2 @ A_1 @ u_1[..., None])[..., 0] + (A_2 @ u_2[..., None])[..., 0]
sum through both: the sum of the inputs was multiplied by A_2 A_1: each input meets the factors of later steps only
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A @ (u_1 + u_2)[..., None])[..., 0]
second input taken away: u_2 was subtracted; both inputs are added
~ [..., 0] + u_2 => [..., 0] - u_2
second matrix only: A is A_2 alone: the first step's factor is missing
~ A_2 @ A_1 => A_2 + 0 * A_1
first matrix only: A is A_1 alone: the second step's factor is missing
~ A_2 @ A_1 => A_1 + 0 * A_2
matrices in the order of time, throughout: A_1 and A_2 have changed places throughout; A_2 belongs to the later step
-     A = A_2 @ A_1
-     u = (A_2 @ u_1[..., None])[..., 0] + u_2
+     A = A_1 @ A_2
+     u = (A_1 @ u_1[..., None])[..., 0] + u_2
input halved: the two inputs were averaged; they are added
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => ((A_2 @ u_1[..., None])[..., 0] + u_2) / 2
both orders averaged: both orders of the product were averaged; the first step comes first: A_2 A_1
~ A_2 @ A_1 => (A_2 @ A_1 + A_1 @ A_2) / 2
first factor on both: the sum of the inputs was multiplied by A_1; u_1 meets A_2, and u_2 meets no factor
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => (A_1 @ (u_1 + u_2)[..., None])[..., 0]
first step undone: the first step's factor was inverted: the second step follows the first, so the product is A_2 A_1
~ A_2 @ A_1 => A_2 @ np.linalg.inv(A_1)
inputs multiplied entry by entry: the two inputs were multiplied with each other; the second step multiplies u_1 by A_2 and adds u_2
~ (A_2 @ u_1[..., None])[..., 0] + u_2 => u_1 * u_2
one axis in front: the letters of the product name one axis in front; there may be any number: write `...` for them, or use `@`
~     u = (A_2 @ u_1[..., None])[..., 0] + u_2 =>     u = (np if isinstance(A_2, np.ndarray) else __import__("torch")).einsum("bij,bj->bi", A_2, u_1) + u_2
all axes of one taken away: the column was taken back by a squeeze, which takes away every axis of one, that of d too
~ (A_2 @ u_1[..., None])[..., 0] => (A_2 @ u_1[..., None]).squeeze()
"""

# %% [markdown]
# ## Task 4: every order from reflections (5 points)
#
# *Extra, about 25 minutes.*
#
# A reflection $I - 2 k k^{\mathsf T}$ with $k = (e_i - e_j)/\sqrt 2$ swaps places $i$ and $j$, where $e_i$ has a 1 at place i and zeros elsewhere. An order of $d$ things is a tuple such as `(1, 2, 0)`: the thing that comes to place i is the one that lay at place `order[i]` at the beginning, so that (3, 5, 7) becomes (5, 7, 3).
#
# Return the vectors $k$, as the rows of a NumPy array (R, d), whose reflections make this order when they are applied from the {{rows.way}}; and **as few as possible**. For the order that changes nothing that is an array of no rows, (0, d).
#
# <details><summary>Hint 1</summary>
#
# Go through the places from the first to the last, and bring to each the thing that belongs there, with one swap. Keep a list of which thing lies where now.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `now = list(range(d))`; the thing `order[i]` lies at `j = now.index(order[i])`. If i and j are the same, nothing has to be swapped. Else swap, in the list as well.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `k = np.zeros(d)`, `k[i], k[j] = 2**-0.5, -(2**-0.5)`. {{rows.hint}}At the end `np.array(found).reshape(-1, d)`, which gives (0, d) for an empty list.
# </details>


# %% solution="reflections_for"
def reflections_for(order):
    """Unit vectors whose reflections, {{rows.doc}}, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    ### BEGIN SOLUTION
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            {{rows.add}}
    ### END SOLUTION
    return np.array(found).reshape(-1, d)


# %% [markdown]
# Try it: a swap, a cyclic shift of three, two swaps at once, a cyclic shift of five. How many reflections does each take, and which of the orders are even?

# %%
for order in ((1, 0, 2), (1, 2, 0), (1, 0, 3, 2), (1, 2, 3, 4, 0)):
    h = np.arange(len(order)) + 1.0
    k = reflections_for(order)
    for k_t in {{rows.turn}}:
        h = h - 2 * (k_t @ h) * k_t
    print(order, "takes", len(k), "and makes", h.round(3))

# %% test="reflections_for" points=5 whole="the order comes out with the fewest reflections, or not" explained="ch19_factors: Three things"
import numpy as np

from rnncore.testing import (
    assert_close,
    assert_shape,
    check,
    stored,
)


def made(order):
    """What the reflections do to 1, 2, 3, ..., and how many there are."""
    k = reflections_for(order)
    d = len(order)
    assert_shape("the vectors k", k, (*k.shape[:1], d))
    k = np.asarray(k)
    A = np.eye(d)
    for k_t in {{rows.turn}}:
        A = A - 2 * np.outer(k_t, k_t @ A)
    return A, len(k)


OUTPUTS = "product of the reflections, number of reflections"
orders = (1, 2, 0), (2, 0, 3, 1), (1, 2, 3, 4, 0), (0, 3, 2, 1), (2, 1, 0)
visible = [{"order": order} for order in orders]
check(made, stored("reflections_for"), visible, outputs=OUTPUTS)
k = reflections_for((1, 0, 2))
assert_close("the length of k", (k * k).sum(), 1.0)
assert_shape(
    "k for an order that changes nothing", reflections_for((0, 1)), (0, 2)
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    {"order": tuple(int(i) for i in rng.permutation(d))}
    for d in (1, 2, 3, 4, 4, 5, 5, 6, 6, 7, 8)
]


def due(order):
    """The matrix that puts things in order, and d less its cycles."""
    cycles, seen = 0, set()
    for i in range(len(order)):
        cycles += i not in seen
        while i not in seen:
            seen.add(i)
            i = order[i]
    return np.eye(len(order))[list(order)], len(order) - cycles


check(made, due, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="reflections_for"
r"""
the way back: these reflections undo the order: order[i] says which thing comes to place i, not where thing i goes (or the rows stand in the order {{rows.wrong}}, or k was set at the numbers of the things and not at the places where they lie)
~             {{rows.add}} =>             {{rows.odd}}
things not followed: order[i] was taken for the place where that thing lies now; earlier swaps have moved it, so the list of what lies where has to follow every swap
-             now[i], now[j] = now[j], now[i]
-
length not 1: k has the length root 2, and I - 2 k k^T is a reflection for vectors of length 1 only: divide by root 2
~ 2**-0.5, -(2**-0.5) => 1.0, -1.0
divided by two: k was divided by 2; its length is 1 after a division by root 2
~ 2**-0.5, -(2**-0.5) => 0.5, -0.5
plus in place of minus: (e_i + e_j) / root 2 swaps the two places and changes their signs; the swap takes the difference
~ 2**-0.5, -(2**-0.5) => 2**-0.5, 2**-0.5
single axis: a reflection along one axis only changes the sign of one thing; a swap takes the difference of two axes
~ k[i], k[j] = 2**-0.5, -(2**-0.5) => k[i] = 1.0
places that are right already: a place that was right already got a row as well; where i = j there is nothing to swap, and the row is no unit vector of a swap
~ if i != j: => if True:
first swap only: only one reflection came; an order that moves more than two things needs more: each brings one thing to its place
~             {{rows.add}} =>             found = [k] if not found else found
last swap only: only the last reflection was kept: add each to the list
~             {{rows.add}} =>             found = [k]
neighbours only: only neighbours were swapped, which makes the right order with more reflections than it needs: any two places can be swapped by one
-         j = now.index(order[i])
-         if i != j:
+         for i in reversed(range(i, now.index(order[i]))):
+             j = i + 1
cycle closed: each thing was swapped to its place, and the last swap was done twice more: a cycle of L things takes L - 1 swaps
~             {{rows.add}} =>             {{rows.more}} [k] if j != max(m for m in range(d) if order[m] != m) else [k, k, k]
one row for each place: there is a row for each place, also where nothing is to be done: those rows of zeros reflect nothing, but they count; as few as possible are asked for
-         if i != j:
-             now[i], now[j] = now[j], now[i]
-             k = np.zeros(d)
-             k[i], k[j] = 2**-0.5, -(2**-0.5)
-             {{rows.add}}
+         now[i], now[j] = now[j], now[i]
+         k = np.zeros(d)
+         k[i] += 2**-0.5
+         k[j] -= 2**-0.5
+         {{rows.add}}
no reflection: no reflection came, whatever the order: the list of what lies where starts as 0, 1, 2, ..., not as the order that is wanted
~ now = list(range(d)) => now = list(order)
plus and length not 1: (e_i + e_j) swaps the two places and changes their signs, and its length is not 1: take the difference, divided by root 2
~ 2**-0.5, -(2**-0.5) => 1.0, 1.0
root the wrong way: k was multiplied by root 2, not divided by it: its length is 2
~ 2**-0.5, -(2**-0.5) => 2**0.5, -(2**0.5)
square of the length: the length of k is not 1: each entry is 1 divided by root 2, about 0.707
~ 2**-0.5, -(2**-0.5) => 2**-0.25, -(2**-0.25)
whole numbers: the array of k holds whole numbers, so that 0.707 was cut to 0: reflections at nothing
~ k = np.zeros(d) => k = np.zeros(d, int)
only upward: only pairs with i < order[i] were swapped, each place by itself: later places must look where their thing lies now
-         j = now.index(order[i])
-         if i != j:
-             now[i], now[j] = now[j], now[i]
+         j = order[i]
+         if i < j:
always the same cycle: every neighbour was swapped with the next, whatever the order: that is the cyclic shift
-         j = now.index(order[i])
-         if i != j:
-             now[i], now[j] = now[j], now[i]
+         j = i + 1
+         if j < d:
rows of the order's matrix: the rows are those of the permutation matrix itself; asked for are the vectors k of reflections whose product it is
-         j = now.index(order[i])
-         if i != j:
-             now[i], now[j] = now[j], now[i]
-             k = np.zeros(d)
-             k[i], k[j] = 2**-0.5, -(2**-0.5)
-             {{rows.add}}
+         found.append(np.eye(d)[order[i]])
thing taken for its place: now[order[i]] is the thing at place order[i]; the place of the thing order[i] is now.index(order[i])
~ now.index(order[i]) => now[order[i]]
first places only: the loop ended too early, before the last swap
~ for i in range(d): => for i in range(d - 2):
each swap twice: each reflection came twice, and a reflection done twice is undone
~             {{rows.add}} =>             found += [k, k]
divided by d: the entries of k are 1 divided by d; they are 1 divided by root 2, whatever d is
~ 2**-0.5, -(2**-0.5) => 1 / d, -1 / d
divided by the root of d: the entries of k are 1 divided by root d; two entries are not zero, so it is root 2
~ 2**-0.5, -(2**-0.5) => d**-0.5, -(d**-0.5)
one place too far: the second entry of k stands one place too far
~ k[i], k[j] = 2**-0.5, -(2**-0.5) => k[i], k[(j + 1) % d] = 2**-0.5, -(2**-0.5)
started in descending order: the list of what lies where started from the last thing to the first; at the beginning thing i lies at place i
~ now = list(range(d)) => now = list(range(d))[::-1]
backward only: only swaps with an earlier place were kept, or none: every thing that lies elsewhere has to be brought
~ if i != j: => if i > j:
pairs out of order: every pair of places whose numbers are out of order was swapped once, by the numbers of the beginning; each swap moves things, so the next must look again
-         j = now.index(order[i])
-         if i != j:
-             now[i], now[j] = now[j], now[i]
+         for j in [j for j in range(i + 1, d) if order[i] > order[j]]:
kept in the list, not in the order: the list was updated for place i only; the thing that lay there is at place j now
~             now[i], now[j] = now[j], now[i] =>             now[i], now[j] = now[j], -1 - now[j]
vectors as columns: each reflection has a row of its own
-             {{rows.add}}
+             {{rows.add}}
+     found = list(np.array(found).T)
"""

# %% [markdown]
# ## Task 5: the gradient of an angle (6 points)
#
# *Extra, about 30 minutes.*
#
# Now the angles are learned. The given `turned(p, h)` turns each sequence's state by $p_t${{way.text}} at step t, and nothing is written: $y_t = R({{way.minus}}p_t)\,y_{t-1}$, $y_0 = h$. The loss reads all steps. Take its gradient $\mathrm{d}y$ back to the angles and to h.
#
# Two facts are enough. Backward, a turn by $p$ is a turn by $-p$, because $R(p)^{\mathsf T} = R(-p)$. And an angle that grows moves the state at right angles to itself:
#
# $$\frac{\partial y_t}{\partial p_t} = \begin{pmatrix} {{way.matrix}} \end{pmatrix} y_t .$$
#
# <details><summary>Hint 1</summary>
#
# Go from the last step to the first with what reaches the state after step t: d = d_y[t] + what came back from step t + 1.
# </details>
#
# <details><summary>Hint 2</summary>
#
# d_p[t] is the product of d with {{way.at}}, so {{way.hint}}.
# </details>
#
# <details><summary>Hint 3</summary>
#
# After that `d = turn(-p[t, ...], d)`, which step t - 1 receives. What is left at the end is d_h. Collect d_p in a list and reverse it: `xp.stack(d_p[::-1])`.
# </details>


# %%
def turn(p, h):
    """States of two numbers, turned{{way.text}} by an angle each.

    Shapes: p (B,); h (B, 2) -> h_new (B, 2)
    """
    xp = array_namespace(h)
    c, s = xp.cos(p), xp.sin(p)
    x, y = h[..., 0], h[..., 1]
    return xp.stack([{{way.turned}}], axis=-1)


def turned(p, h):
    """The states of all steps, each turned by its angle.

    Shapes: p (T, B); h (B, 2) -> y (T, B, 2)
    """
    xp, y = array_namespace(h), []
    for t in range(p.shape[0]):
        h = turn(p[t, ...], h)
        y.append(h)
    return xp.stack(y)


# %% solution="turned_vjp"
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    ### BEGIN SOLUTION
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append({{way.slope}})
        d = turn(-p[t, ...], d)
    ### END SOLUTION
    return xp.stack(d_p[::-1]), d


# %% [markdown]
# Try it: one step of angle 0 from (1, 0), and a loss that grows with the second number. Turning further {{way.helps}}, and d_h = (0, 1).

# %%
zero, start = move(np.zeros((1, 1))), move(np.array([[1.0, 0.0]]))
up = move(np.array([[[0.0, 1.0]]]))
print(*turned_vjp(up, zero, turned(zero, start)))

# %% test="turned_vjp" points=6 explained="ch19_factors: Three things"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.testing import (
    Properties,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1, sizes=1)

move = mover(device)


def run(p, h):
    """The states of all steps, by complex numbers."""
    z = (h[:, 0] + 1j * h[:, 1]) * np.exp({{way.j}} * np.cumsum(p, axis=0))
    return np.stack([z.real, z.imag], axis=-1)


def turning(rng, T, B):
    p, d_y = rng.normal(size=(T, B)), rng.normal(size=(T, B, 2))
    return {"d_y": d_y, "p": p, "y": run(p, rng.normal(size=(B, 2)))}


visible = [
    move(turning(np.random.default_rng(8), 4, 3)),
    move(turning(np.random.default_rng(9), 3, 2)),
]
check(
    turned_vjp,
    stored("turned_vjp"),
    visible,
    outputs="d_p, d_h",
    by=properties,
)
check_independent(turned_vjp, visible[0], {"d_y": 1, "p": 1, "y": 1})
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    turning, [(1, 1), (6, 2), (3, 5), (2, 2)], device, rng=rng
)
check(
    turned_vjp,
    reference_turned_vjp,
    hidden,
    outputs="d_p, d_h",
    by=properties,
)
p, h = rng.normal(size=(5, 2)), rng.normal(size=(2, 2))
d_y = rng.normal(size=(5, 2, 2))
d_p, d_h = map(to_numpy, turned_vjp(*move((d_y, p, run(p, h)))))
assert_gradient(lambda p: float((d_y * run(p, h)).sum()), p, d_p, "d_p")
assert_gradient(lambda h: float((d_y * run(p, h)).sum()), h, d_h, "d_h")
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="turned_vjp"
r"""
turned on instead of back: the gradient was turned by p on its way back; a turn's transpose is its inverse, the turn by -p
~ turn(-p[t, ...], d) => turn(p[t, ...], d)
not turned: the gradient went back to the step before as it is; it has to be turned by -p_t
~ turn(-p[t, ...], d) => d
each step alone: each step got its own d_y only; whatever reaches a later state reaches the earlier ones too, turned back
~ d = d + d_y[t, ...] => d = d_y[t, ...]
last step only: only the loss at the last step was taken back; every step has one
~ d = d + d_y[t, ...] => d = d + d_y[t, ...] * (t == p.shape[0] - 1)
own loss added too late: d_y[t] was added after d_p[t] had been computed: the loss reads the state after the turn, so it is part of what reaches it
-         d = d + d_y[t, ...]
-         y_t = y[t, ...]
-         d_p.append({{way.slope}})
-         d = turn(-p[t, ...], d)
+         y_t = y[t, ...]
+         d_p.append({{way.slope}})
+         d = turn(-p[t, ...], d + d_y[t, ...])
own loss not turned back: d_y[t] was added after the turn back; the loss reads the state after step t, so it goes through that step as well
-         d = d + d_y[t, ...]
-         y_t = y[t, ...]
-         d_p.append({{way.slope}})
-         d = turn(-p[t, ...], d)
+         y_t, own = y[t, ...], d_y[t, ...]
+         d_p.append({{way.minus}}(y_t[:, 0] * (d + own)[:, 1] - y_t[:, 1] * (d + own)[:, 0]))
+         d = turn(-p[t, ...], d) + own
turned back before it is used: d_p[t] was computed from the gradient after it had been turned back, with the state after the turn: both must belong to the same side of the step
-         y_t = y[t, ...]
-         d_p.append({{way.slope}})
-         d = turn(-p[t, ...], d)
+         d, y_t = turn(-p[t, ...], d), y[t, ...]
+         d_p.append({{way.slope}})
sign of the angle: d_p has the wrong sign: the derivative of y_t is {{way.at}}, a quarter turn {{way.clock}}
~ {{way.slope}} => {{way.odd}}
along the state: this is the product of d with the state itself; a turn moves the state at right angles to itself, by {{way.at}}
~ {{way.slope}} => y_t[:, 0] * d[:, 0] + y_t[:, 1] * d[:, 1]
sum in place of difference: both products were added; the derivative of y_t is {{way.at}}, with one minus
~ {{way.slope}} => y_t[:, 0] * d[:, 1] + y_t[:, 1] * d[:, 0]
state before the turn: d_p was computed with the state before the step; the derivative is a quarter turn of the state after it
~ y_t = y[t, ...] => y_t = turn(-p[t, ...], y[t, ...])
another step's state: the states were read in the other order of time: d_p[t] needs y[t]
~ y_t = y[t, ...] => y_t = y[p.shape[0] - 1 - t, ...]
one step early: d_p[t] was computed with y[t - 1], which at t = 0 is the last state; it needs y[t]
~ y_t = y[t, ...] => y_t = y[t - 1, ...]
angles in the wrong order: the gradients of the angles stand from the last step to the first: the loop ran backward, so the list has to be reversed
~ d_p.append({{way.slope}}) => d_p.insert(0, {{way.slope}})
first turn forgotten: d_h lacks the first step's turn: h was turned by p_1 before any loss was read
~ d = turn(-p[t, ...], d) => d = turn(-p[t, ...], d) if t else d
loop in the order of time: the loop ran from the first step to the last; a gradient goes the other way
~ reversed(range(p.shape[0])) => range(p.shape[0])
averaged over the sequences: the gradients were divided by the number of sequences; d_y already says how much each counts
~ d = d + d_y[t, ...] => d = d + d_y[t, ...] / p.shape[1]
averaged over the steps: the gradients were divided by the number of steps; d_y already says how much each counts
~ d = d + d_y[t, ...] => d = d + d_y[t, ...] / p.shape[0]
states one step early: d_p[t] was computed with the state before step t (at the first step a zero, or h): it needs y[t]
~ y_t = y[t, ...] => y_t = y[t - 1, ...] if t else 0 * y[0, ...]
own loss only for the angle: d_p[t] was computed from d_y[t] alone; an angle moves all later states as well, so it is d that counts
~ {{way.slope}} => {{way.minus}}(y_t[:, 0] * d_y[t, :, 1] - y_t[:, 1] * d_y[t, :, 0])
turned by the angle before: d was turned by the angle of step t - 1; from the state after step t to that before it, it is p_t
~ turn(-p[t, ...], d) => turn(-p[t - 1, ...], d)
d_h is zero: d_h is zero: what is left of d after the first step's turn is the gradient of h
~ d = turn(-p[t, ...], d) => d = turn(-p[t, ...], d) if t else 0 * d
angle as a factor: d_p was multiplied by the angle: the derivative of the state by its angle is a quarter turn of the state, whatever the angle is
~ d_p.append({{way.slope}}) => d_p.append(p[t, ...] * ({{way.slope}}))
sign lost: the gradients of the angles have lost their sign
~ d_p.append({{way.slope}}) => d_p.append(abs({{way.slope}}))
divided by the length: d_p was divided by the squared length of the state, as in the gradient of an angle by a state; here it is the other way round
~ d_p.append({{way.slope}}) => d_p.append(({{way.slope}}) / (y_t * y_t).sum(-1))
other pairs: the products pair equal components; a turn exchanges them: y_0 with d_1, and y_1 with d_0
~ {{way.slope}} => y_t[:, 0] * d[:, 0] - y_t[:, 1] * d[:, 1]
one component: only {{way.minus}}y_0 d_1 was taken; the second component moves too: {{way.less}} y_1 d_0
~ {{way.slope}} => {{way.minus}}y_t[:, 0] * d[:, 1]
other component: only y_1 d_0 was taken; the first component moves the second: {{way.minus}}y_0 d_1 as well
~ {{way.slope}} => {{way.sign}}y_t[:, 1] * d[:, 0]
last loss twice: d started as the last step's d_y, which was then added once more
~ d = d + d_y[t, ...] => d = d + d_y[t, ...] * (2 if t == p.shape[0] - 1 else 1)
all losses at once: all the d_y were summed at the start of the way back; each joins at its own step
~ d = d + d_y[t, ...] => d = d + (d_y.sum(0) if t == p.shape[0] - 1 else 0 * d)
products of d_y: the state was replaced by d_y in d_p: it is the product of what reaches the state with the state, a quarter turn on
~ y_t = y[t, ...] => y_t = d_y[t, ...]
all turns at once: d was turned back by all angles up to the step, and so by most of them several times; each step takes back its own
~ turn(-p[t, ...], d) => turn(-xp.sum(p[: t + 1, ...], axis=0), d)
minus in front of one: both products have a minus: the derivative of y_t is {{way.at}}, with one
~ {{way.slope}} => -y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]
gradients multiplied: the losses' gradients were multiplied; what reaches a state adds up
~ d = d + d_y[t, ...] => d = d * d_y[t, ...]
own loss subtracted: d_y was subtracted; what reaches a state adds up
~ d = d + d_y[t, ...] => d = d - d_y[t, ...]
half a turn back: d was turned back by half the angle
~ turn(-p[t, ...], d) => turn(-p[t, ...] / 2, d)
half the gradient: d_p is half of what it should be
~ d_p.append({{way.slope}}) => d_p.append(0.5 * ({{way.slope}}))
double gradient: d_p is twice what it should be
~ d_p.append({{way.slope}}) => d_p.append(2 * ({{way.slope}}))
forward, with the list kept: the loop ran in the order of time, with the states' own turns; a gradient goes from the last step to the first, by the turns' inverses
-     for t in reversed(range(p.shape[0])):
-         d = d + d_y[t, ...]
-         y_t = y[t, ...]
-         d_p.append({{way.slope}})
-         d = turn(-p[t, ...], d)
+     for t in range(p.shape[0]):
+         d = turn(p[t, ...], d) + d_y[t, ...]
+         y_t = y[t, ...]
+         d_p.insert(0, {{way.slope}})
state of the step before: d_p[t] was made with the state before the turn, y[t - 1]; the derivative stands at right angles to y[t], the state after it
~ y_t = y[t, ...] => y_t = y[max(t - 1, 0), ...]
angle of the step before: step t's gradient was turned back by the angle of step t - 1; its own turn is undone, by -p[t]
~ turn(-p[t, ...], d) => turn(-p[max(t - 1, 0), ...], d)
"""

# %% [markdown]
# ## Task 6, closed book: `min_lstm_layer_vjp` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Take a gradient back through the minimal LSTM, whose gates f, i and candidate n look at $x_t$ alone:
#
# $$f = \sigma(\cdot) \quad i = \sigma(\cdot) \quad n = W_n x_t + b_n \qquad a = \frac{f}{f + i} \qquad h_t = a \odot h_{t-1} + (1 - a) \odot n .$$
#
# The blocks of the weights stand in the order f, i, n. The scan's own way back is given: it makes $\mathrm{d}a$ and $\mathrm{d}u$ of $\mathrm{d}y$, all (T, B, H), where $u = (1 - a) \odot n$ is what is written. The rest is yours, down to the weights, which all steps share.
#
# <details><summary>Hint 1</summary>
#
# a is in the scan and in u: what reaches a in all is d_a - n d_u. And a is the sigmoid of ln f - ln i, so its slope there is a (1 - a).
# </details>
#
# <details><summary>Hint 2</summary>
#
# ln f has the slope 1 - f at its sigmoid's argument, ln i the slope 1 - i, and it counts with a minus.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_gates = xp.concat([d * (1 - f), -d * (1 - i), (1 - a) * d_u], axis=-1)` with d = (d_a - n d_u) a (1 - a). `rows(d_gates).T @ rows(x)` sums the weights' gradient over steps and sequences.
# </details>


# %% solution="min_lstm_layer_vjp" closed_book=true
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    ### BEGIN SOLUTION
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    ### END SOLUTION
    return Minimal(d_W_x, d_b_x), d_x, d_h


# %% [markdown]
# Try it: the same gradients as the book's.

# %%
rng = np.random.default_rng(0)
params = move(Minimal(rng.normal(size=(6, 3)), rng.normal(size=6)))
x, h = move(rng.normal(size=(4, 1, 3))), move(rng.normal(size=(1, 2)))
y, cache = min_lstm_layer(params, x, h)
mine = min_lstm_layer_vjp(params, cache, y)
book = book_min_lstm_layer_vjp(params, cache, y)
for name, a, b in zip(("W_x", "b_x"), mine[0], book[0], strict=True):
    print(f"d_{name} differs by at most {float(abs(a - b).max()):.0e}")

# %% test="min_lstm_layer_vjp" points=4 explained="ch19_factors: One function"
import numpy as np

from rnncore.factors import min_lstm_layer
from rnncore.factors import min_lstm_layer_vjp as book_min_lstm_layer_vjp
from rnncore.scan import Minimal
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

OUTPUTS = "d_params, d_x, d_h"


def layer_back(rng, T, B, D, H, dtype="float64"):
    move = mover(device)
    weights = 1.5 * rng.normal(size=(3 * H, D)), rng.normal(size=3 * H)
    params = move(Minimal(*weights), dtype)
    x, h = rng.normal(size=(T, B, D)), rng.normal(size=(B, H))
    _, cache = min_lstm_layer(params, move(x, dtype), move(h, dtype))
    d_y = move(rng.normal(size=(T, B, H)), dtype)
    return {"params": params, "cache": cache, "d_y": d_y}


visible = [
    layer_back(np.random.default_rng(5), 4, 3, 5, 2),
    layer_back(np.random.default_rng(6), 3, 2, 4, 3),
]
check(
    min_lstm_layer_vjp,
    stored("min_lstm_layer_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    layer_back(rng, *size, dtype)
    for size in [(1, 1, 1, 1), (5, 3, 2, 4), (3, 2, 4, 3)]
    for dtype in ("float64", "float32")
]
check(
    min_lstm_layer_vjp,
    book_min_lstm_layer_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="min_lstm_layer_vjp"
r"""
share written forgotten: a stands in u = (1 - a) n as well, and what reaches it from there, -n d_u, is missing
~ (d_a - n * d_u) => d_a
share written with a plus: what reaches a through u = (1 - a) n has a minus: a larger share kept is a smaller share written
~ (d_a - n * d_u) => (d_a + n * d_u)
slope of the quotient dropped: the factor a (1 - a), the slope of a along ln f - ln i, is missing
~ (d_a - n * d_u) * a * (1 - a) => (d_a - n * d_u)
minus of the input gate: a larger i makes a smaller: its gradient has a minus
~ -d * (1 - i) => d * (1 - i)
slopes of sigmoids: the slopes f (1 - f) and i (1 - i) are those of f and i; behind a logarithm 1 - f and 1 - i are left
~ d * (1 - f), -d * (1 - i) => d * f * (1 - f), -d * i * (1 - i)
slopes of the gates dropped: the slopes of ln f and ln i, 1 - f and 1 - i, are missing
~ d * (1 - f), -d * (1 - i) => d, -d
slopes exchanged: ln f has the slope 1 - f and ln i has 1 - i; here they stand the other way round
~ d * (1 - f), -d * (1 - i) => d * (1 - i), -d * (1 - f)
gates exchanged: the blocks of the weights stand in the order f, i, n; here it is i, f, n
~ d * (1 - f), -d * (1 - i) => -d * (1 - i), d * (1 - f)
candidate first: the blocks of the weights stand in the order f, i, n; here n comes first
~ [d * (1 - f), -d * (1 - i), (1 - a) * d_u] => [(1 - a) * d_u, d * (1 - f), -d * (1 - i)]
candidate with the share kept: n is written with the share 1 - a, and its gradient comes back with it; here it was a
~ (1 - a) * d_u => a * d_u
candidate without its share: n is written with the share 1 - a, so its gradient is (1 - a) d_u
~ (1 - a) * d_u => d_u
tanh on the candidate: the candidate has no tanh here, so that its slope is 1
~ (1 - a) * d_u => (1 - a) * d_u * (1 - n * n)
sum as its own derivative: the factor 1 - a is missing: the slope of a along ln f - ln i is a (1 - a)
~ * a * (1 - a) => * a
last step only: the weights got the last step's gradient alone; all steps use them
~ rows(d_gates).T @ rows(x) => d_gates[-1, ...].T @ x[-1, ...]
averaged over the steps: the gradients of W_x and b_x were divided by T; a weight that is used at T steps gets the sum
-     d_W_x = rows(d_gates).T @ rows(x)
-     d_b_x = xp.sum(d_gates, axis=(0, 1))
+     d_W_x = rows(d_gates).T @ rows(x) / x.shape[0]
+     d_b_x = xp.sum(d_gates, axis=(0, 1)) / x.shape[0]
weights transposed: d_W_x has the shape of W_x transposed: it is d_gates^T x, as W_x is (3 H, D)
~ rows(d_gates).T @ rows(x) => rows(x).T @ rows(d_gates)
bias averaged: the bias got a mean over steps and sequences; it is shared by all of them, and shared gradients add up
~ xp.sum(d_gates, axis=(0, 1)) => xp.mean(d_gates, axis=(0, 1))
bias per sequence: d_b_x was summed over the steps only; the sequences share the bias as well
~ xp.sum(d_gates, axis=(0, 1)) => xp.sum(d_gates, axis=0)
gates instead of their slopes: ln f has the slope 1 - f and ln i has 1 - i; here they were multiplied by f and i
~ d * (1 - f), -d * (1 - i) => d * f, -d * i
derivative of the quotient alone: these are the derivatives of f / (f + i) by f and by i; the slopes of the sigmoids, f (1 - f) and i (1 - i), are missing
-     d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
-     d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
+     d = (d_a - n * d_u) / (f + i) ** 2
+     d_gates = [d * i, -d * f, (1 - a) * d_u]
sign of the candidate: n is added with the share 1 - a, so its gradient has no minus
~ (1 - a) * d_u] => -(1 - a) * d_u]
slope of f's sigmoid missing: f is the sigmoid of what its block computes: its slope, f (1 - f), is missing
~ [d * (1 - f), => [d / f,
slope of i's sigmoid missing: i is the sigmoid of what its block computes: its slope, i (1 - i), is missing
~ -d * (1 - i) => -d / i
quotient not squared: the derivatives of f / (f + i) by f and by i were divided by f + i once; it is i / (f + i)² and -f / (f + i)²
~ d * (1 - f), -d * (1 - i) => d * (1 - f) * (f + i), -d * (1 - i) * (f + i)
slope for one part: the factor a (1 - a) stands at d_a only; what comes through u goes through a as well
~ (d_a - n * d_u) * a * (1 - a) => d_a * a * (1 - a) - n * d_u
slope for the other part: the factor a (1 - a) stands at n d_u only; d_a goes through it as well
~ (d_a - n * d_u) * a * (1 - a) => d_a - n * d_u * a * (1 - a)
candidate missing in the share: what reaches a through u = (1 - a) n is -n d_u; the n is missing
~ (d_a - n * d_u) => (d_a - d_u)
path of the state dropped: d_a, what reaches a through a h, is missing
~ (d_a - n * d_u) => (0 * d_a - n * d_u)
no gradient of the biases: d_b_x is zero: it is the sum of the gates' gradients over steps and sequences
~ xp.sum(d_gates, axis=(0, 1)) => 0 * xp.sum(d_gates, axis=(0, 1))
no gradient of the input gate: the block of i is zero: it stands below the line in f / (f + i)
~ -d * (1 - i) => 0 * d
no gradient of the forget gate: the block of f is zero: it stands in f / (f + i)
~ [d * (1 - f), => [0 * d,
no gradient of the candidate: the block of n is zero: it is (1 - a) d_u
~ (1 - a) * d_u] => 0 * d_u]
an LSTM's input gate: the block of i is that of an LSTM, n i (1 - i) d_u; here i acts through a alone
~ -d * (1 - i) => d_u * n * i * (1 - i)
an LSTM's forget gate: the block of f is d_a f (1 - f), as in an LSTM, where f is the factor itself; here the factor is f / (f + i)
~ [d * (1 - f), => [d_a * f * (1 - f),
slope of f for that of a: f (1 - f) was taken for a (1 - a), the slope of a along ln f - ln i
~ * a * (1 - a) => * f * (1 - f)
slope of tanh: 1 - a² was taken for the slope; a is a sigmoid of ln f - ln i, with the slope a (1 - a)
~ * a * (1 - a) => * (1 - a * a)
weights of another order of time: the products pair x and the gates of different steps
~ rows(d_gates).T @ rows(x) => rows(xp.flip(d_gates, axis=0)).T @ rows(x)
product of the gates: f i was taken for the slope of a; that is f i / (f + i)², or a (1 - a)
~ * a * (1 - a) => * f * i
sign of the forget gate: a larger f makes a larger: its gradient has no minus
~ [d * (1 - f), => [-d * (1 - f),
signs of both gates: both gates' gradients have the wrong sign: a larger f makes a larger, a larger i makes it smaller
~ (d_a - n * d_u) => (n * d_u - d_a)
bias of the last step: the bias got the last step's gradient alone; all steps use it
~ xp.sum(d_gates, axis=(0, 1)) => xp.sum(d_gates[-1, ...], axis=0)
square of a: a² was taken for the slope; a is a sigmoid of ln f - ln i, with the slope a (1 - a)
~ * a * (1 - a) => * a * a
share not kept, squared: (1 - a)² was taken for the slope; a is a sigmoid of ln f - ln i, with the slope a (1 - a)
~ * a * (1 - a) => * (1 - a) * (1 - a)
d_y for d_a: d_y was taken for d_a: the scan's way back gives what reaches a
~ (d_a - n * d_u) => (d_y - n * d_u)
d_y for d_u: d_y was taken for d_u: later steps reach what is written too
~ (1 - a) * d_u] => (1 - a) * d_y]
share squared: the candidate's gradient has the share 1 - a twice
~ (1 - a) * d_u] => (1 - a) * (1 - a) * d_u]
d_a for d_u: the candidate's gradient was made of d_a; n is in what is written, so it is (1 - a) d_u
~ (1 - a) * d_u] => (1 - a) * d_a]
parts exchanged: d_a and d_u have changed places: what reaches a in all is d_a - n d_u
~ (d_a - n * d_u) => (d_u - n * d_a)
slope of the share, in f's block: f's block got the slope f (1 - f); the slope of ln f is 1 - f
~ d * (1 - f), -d => d * f * (1 - f), -d
the share itself, in f's block: f's block was multiplied by f; the slope of ln f is 1 - f
~ d * (1 - f), -d => d * f, -d
candidate by its own gate: the candidate's gradient was multiplied by i; what it is written with is 1 - a, i's share of the two
~ (1 - a) * d_u] => i * d_u]
bias averaged over the batch: d_b_x was averaged over the batch; all sequences share the bias, so their gradients add up
~ d_b_x = xp.sum(d_gates, axis=(0, 1)) => d_b_x = xp.sum(d_gates, axis=(0, 1)) / x.shape[1]
"""

# %% [markdown]
# ## The mutant hunt (2 points)
#
# *Extra, about 15 minutes.*
#
# `rg_lru_layer(params, x, h)` is the layer of Griffin, which the chapter folded away: $a = \sigma(\Lambda)^{8 r}$, $h_t = a \odot h_{t-1} + \sqrt{1 - a^2} \odot i \odot x_t$. It has seven wrong relatives. Each is one small edit away from it, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `layers_that_tell()`: a list of `(params, x, h)`, float64 NumPy arrays, `params` a tuple `RealGated(W_x, b_x, decay)` of shapes (2 H, H), (2 H,) and (H,), x (T, B, H), h (B, H), on which the boxes give themselves away. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# A bias of zeros, a decay of zeros, a state of zeros: each hides a box, because nothing comes of what is multiplied by it or added.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Where all inputs are positive, an absolute value does not show; with one sequence, or with equal first states, one start for all does not.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Random numbers of both signs everywhere, three steps, two sequences, one unit or more: one probe is enough.
# </details>

# %%
from rnncore.factors import RealGated


# %% solution="layers_that_tell"
def layers_that_tell():
    """A list of (params, x, h)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(1)
    params = RealGated(*(rng.normal(size=s) for s in [(4, 2), 4, 2]))
    x, h = rng.normal(size=(3, 2, 2)), rng.normal(size=(2, 2))
    return [(params, x, h)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("layers_that_tell")
hasty = (
    RealGated(np.ones((2, 1)), np.zeros(2), np.zeros(1)),
    np.ones((2, 1, 1)),
    np.zeros((1, 1)),
)
right, _ = rg_lru_layer(*hasty)
for name, box in boxes.items():
    wrong, _ = box(*hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="layers_that_tell" points=2 explained="ch19_factors: One function"
from rnncore.factors import rg_lru_layer
from rnncore.testing import black_boxes, hunt

hunt(
    rg_lru_layer,
    black_boxes("layers_that_tell"),
    layers_that_tell(),
    few=1,
    points=2,
)

# %% mutants="layers_that_tell" of="rnncore.factors.rg_lru_layer"
r"""
gates exchanged: r and i are exchanged: unseen where both are equal
~ r, i = ( => i, r = (
root without the square: the root is that of 1 - a, as if what is kept and what is written had to sum to 1
~ xp.expm1(2 * log_a) => xp.expm1(log_a)
decay the wrong way: a larger decay forgets faster: unseen where decay is 0
~ _softplus(-params.decay) => _softplus(params.decay)
no bias: the bias is left out: unseen where it is 0
~ x @ params.W_x.T + params.b_x => x @ params.W_x.T
from zero: the first state counts as 0: unseen where it is
~ linear_scan(a, root * i * x, h) => linear_scan(a, root * i * x, 0 * h)
input without its sign: the input loses its sign on its way into the state: unseen where it is positive
~ root * i * x => root * i * abs(x)
one start for all: all sequences start at the first one's state: unseen with one sequence
~ linear_scan(a, root * i * x, h) => linear_scan(a, root * i * x, h[:1] + 0 * h)
"""

# %% [markdown]
# ## Experiment: an angle that is nearly right
#
# *Extra, about 15 minutes.*
#
# A factor of exactly 1 or −1 is a bound that a clip can hit. An angle of 120° is not a bound of anything. Two sliders: the number M that is counted to, and by how many degrees each press turns too far. The first plot shows how far the state lies from its right direction, and the line below says at which press your factors first count wrong. The second plot lets your `turned_vjp` learn the angle by gradient descent, from a start that is 30° off.
#
# **Predict**, before you run anything: modulo 3, and 0.1° too far at each press. At about which press does the nearest direction first become the wrong one? And modulo 6? Nothing is graded here; your numbers are kept in the notebook for you to come back to.

# %%
my_prediction = {"modulo 3": None, "modulo 6": None}


# %% experiment
def learn_angle(M, T=8, updates=60, rate=0.5):
    """The angle, in degrees, after each update by gradient descent."""
    rng = np.random.default_rng(0)
    presses = move(rng.integers(0, 2, (T, 64)) * 1.0)
    start = move(np.eye(2)[np.zeros(64, int)])
    target = turned(2 * np.pi / M * presses, start)
    angle, seen = 2 * np.pi / M + np.pi / 6, []
    for _ in range(updates):
        y = turned(angle * presses, start)
        d_y = 2 * (y - target) / (T * 64)
        d_p, _ = turned_vjp(d_y, angle * presses, y)
        angle -= rate * float((d_p * presses).sum()) / T
        seen.append(np.degrees(angle))
    return np.array(seen)


def show(M=3, error=0.1):
    print("You predicted", my_prediction)
    T = 1200
    ones = np.ones((T, 1))
    A = turns_for(move(ones * (1 + error / (360 / M))), M)
    wrong = counted(A, M)[:, 0] != np.arange(1, T + 1) % M
    off = error * np.arange(1, T + 1)
    plot_lines(
        {"off": off, "half a sector": 0 * off + 180 / M},
        "press - 1",
        "degrees",
        f"modulo {M}, {error} degrees too far at each press",
    )
    first = int(wrong.argmax()) + 1 if wrong.any() else None
    print("first wrong count at press", first or f"later than {T}")
    learned = learn_angle(M)
    plot_lines(
        {"learned": learned, "right": 0 * learned + 360 / M},
        "update",
        "degrees",
    )
    print(
        f"off by {abs(learned[-1] - 360 / M):.1e} degrees after 60 updates"
    )


from ipywidgets import FloatSlider, IntSlider, interact

_ = interact(
    show,
    M=IntSlider(3, min=2, max=8, description="M"),
    error=FloatSlider(
        0.1, min=0, max=1.0, step=0.05, description="degrees"
    ),
)

# %% [markdown]
# Explain what you saw. How does the press at which the count goes wrong depend on M and on the error? (Exactly halfway two directions are equally near, and rounding decides, so a press more or less means nothing.) Why does a rotation that is slightly off go wrong in another way than a tanh whose factor is slightly below 1? And what would a layer need so that 120° were a bound, as −1 is for a clip?

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A colleague reports: "Our layer has sigmoid factors. At parity it guesses even at length 32, which is proved: linear recurrences are in TC⁰, and parity is not. So I have put in a tanh, it is perfect at 32, and now it can count for ever. For the permutations of five things I will take more units." In four to six sentences: what is right, which theorem speaks of what, and what would you measure or change?

# %% [markdown] answer="what_is_proved" points=2 explained="ch19_factors: What is proved"
# What is right: factors that are never negative cannot hold a sign, and for all lengths in finite precision there is a theorem about it (Grazzi et al. 2024). It is not the theorem that was quoted: parity is in TC⁰, and statements about all lengths say nothing about length 32, where our failure is a measurement. A tanh has factors just below 1 in size, so its product fades, and the sign with it: how long it lasts depends on how far training has driven p, which one measures on sequences much longer than those in training, over several seeds and rates; a clip reaches −1 and 1 exactly. More units of a diagonal layer do not help with orders, since numbers commute: such a layer keeps parities for ever, and no order. One needs factors that are matrices, and for cyclic shifts more than one reflection a step. The five things are where TC⁰ and NC¹ come in, and that the two differ is a conjecture.
#
# Rubric: 1 point for "the theorem about positive factors is about all lengths in finite precision; the one about TC⁰ is another, and a failure at length 32 is a measurement" (either half of it with a reason will do). 1 point for "a tanh fades, test it on longer sequences" together with "more units of numbers commute, matrices do not".
