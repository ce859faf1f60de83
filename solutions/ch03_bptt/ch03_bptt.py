# %% [markdown]
# # Assignment 3: backpropagation through time
#
# *The core takes about 110 minutes, all of it about 195 minutes, 30 points. Read the three pages of chapter 3 first.*
#
# You will send gradients back through loops that the chapter does not print: a cell with a way past its tanh, and sequences that end at different
# steps. You will send one forward, along a stream that has no end. You will build a checker that finds a wrong number in somebody else's gradient, rebuild `bptt` with the book
# closed, and hunt seven wrong versions of truncated BPTT that all run without an error.
#
# What you need, in one table (B sequences, H units, T steps):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T, B, D) | the input, time first |
# | $h_t$ | (B, H) | the state after step t; $h_0$ is the state before the first |
# | $y$ | (T, B, H) | all states $h_1 \dots h_T$: the output of `unroll` |
# | $a_x = W_x x_t + b_x$ | (B, H) | what the input contributes to step t |
# | $a_h = W_h h_{t-1} + b_h$ | (B, H) | what the state contributes |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# Going back one step, for one sequence, with $\mathrm{d}h_t$ made of what comes from $y_t$ and of what comes from step t+1 (in code a batch lies in rows, so the products are `d_a @ W_h` and `d_a.T @ h`):
#
# $$\mathrm{d}a_t = \mathrm{d}h_t \odot \text{slope of the cell at } a_t \qquad \mathrm{d}h_{t-1} = W_h^{\mathsf T}\, \mathrm{d}a_t + \text{(what went past } W_h) \qquad \mathrm{d}W_h = \sum_t \mathrm{d}a_t\, h_{t-1}^{\mathsf T}$$
#
# The last is a **sum**: the weights are shared by all steps, and where a value is used many times, its gradients add up.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 0: what is the vjp of y = tanh(a), given d_y and y?</summary>
#
# d_a = d_y (1 - y²). The slope of tanh can be had from its output alone, so a need not be kept.
# </details>
#
# <details><summary>Chapter 2: why is W_x x_t computed for all steps before the loop, and W_h h_{t-1} inside it?</summary>
#
# All inputs are known from the start, and one large product is faster than T small ones. The state h_{t-1} is known only when step t-1 is done.
# </details>

# %% parameters
kept = (
    {
        "text": "keeps its state",
        "tex": r"(1 - m_t)\,",
        "past": "(1 - on)",
        "doc": "h stays",
        "is": "1 - m_t",
        "share": "d_h (1 - m_t)",
        "shown": "y repeats the state there",
        "hands": "a sequence that keeps its state hands on d_h as it is",
        "last": "y repeats the last states there, so it reaches them",
        "m": "(1 - m)",
        "back": "d_h·(1 -",
        "until": "unchanged",
    },
    {
        "text": "keeps half of its state at each step",
        "tex": r"\tfrac12 (1 - m_t)\,",
        "past": "(1 - on) / 2",
        "doc": "h halves",
        "is": "(1 - m_t) / 2",
        "share": "d_h (1 - m_t) / 2",
        "shown": "y shows what is left of the state there",
        "hands": "a sequence that has ended hands on half of d_h",
        "last": "y shows what is left of the last states there, so it reaches them",
        "m": "(1-m)/2",
        "back": "½d_h·(1 -",
        "until": "by halves",
    },
)
part = (
    {
        "text": "the sum of all entries of `d_y * y`",
        "M": "M",
        "step": "d_y[t, ..., None, None] * M",
        "sum": "xp.sum(M, axis=0)",
        "total": "total",
        "odd_name": "averaged over the batch",
        "odd_says": "was divided by the number of sequences; shared gradients add up",
        "odd": "M, axis=(0, 1)) / h.shape[0]",
        "hint": "",
        "loss": "is linear in h_t: its d_W_h is the sum over b and i of d_y·M.",
    },
    {
        "text": "the sum of all entries of `d_y * y`, divided by the number of sequences B",
        "M": "M / len(h)",
        "step": "d_y[t, ..., None, None] * M / len(h)",
        "sum": "xp.mean(M, axis=0)",
        "total": "total / 2",
        "odd_name": "not divided by the sequences",
        "odd_says": "was not divided by the number of sequences; this part's loss is",
        "odd": "M, axis=(0, 1))",
        "hint": " The loss is divided by B.",
        "loss": "is linear in h_t: its d_W_h is the sum over b and i of d_y·M/B.",
    },
)
found = (
    {
        "text": 'the name of the weight and the index of the wrong entry, such as `("W_h", (1, 0))`',
        "doc": "Name and index",
        "outputs": "name, index",
        "it": "name, np.unravel_index(error.argmax(), error.shape)",
        "turned": "name, np.unravel_index(error.argmax(), error.shape)[::-1]",
        "one": "name, tuple(int(k) + 1 for k in np.unravel_index(error.argmax(), error.shape))",
    },
    {
        "text": 'the index of the wrong entry and the name of the weight, such as `((1, 0), "W_h")`',
        "doc": "Index and name",
        "outputs": "index, name",
        "it": "np.unravel_index(error.argmax(), error.shape), name",
        "turned": "np.unravel_index(error.argmax(), error.shape)[::-1], name",
        "one": "tuple(int(k) + 1 for k in np.unravel_index(error.argmax(), error.shape)), name",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.backend import device as device_of
from rnncore.bptt import bptt as book_bptt
from rnncore.bptt import numerical_gradient, rnn_cell_vjp, rows
from rnncore.display import plot_lines
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## A gradient by hand
#
# One unit, no tanh, no bias: $h_t = w\,h_{t-1} + x_t$, with $w = 0.5$, $h_0 = 1$ and $x = (1, 2, 0)$. The loss is $h_3$. Forward: $h = 1.5,\ 2.75,\ 1.375$.
# Work out $\mathrm{d}w$ on paper, then run the cell.

# %%
w, x, h = 0.5, [1.0, 2.0, 0.0], [1.0]
for x_t in x:
    h.append(w * h[-1] + x_t)

d_h, d_w = 1.0, 0.0  # the loss is h_3
for t in (3, 2, 1):
    d_w += d_h * h[t - 1]  # what the weight does at this step, added up
    d_h *= w  # on to h_{t-1}
print("d_w =", d_w, " by hand: 3 w² + 2 w + 2 =", 3 * w**2 + 2 * w + 2)

# %% [markdown]
# Now the loss is $h_1 + h_2 + h_3$. One line is left out. What must happen to `d_h` at each step, before it is used? Write the line, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_h += 1.0`: h_t reaches the loss directly, through its own output, and through step t+1. Both add up.
# </details>

# %%
d_h, d_w = 0.0, 0.0
for t in (3, 2, 1):
    # (the missing line)
    d_w += d_h * h[t - 1]
    d_h *= w
print("d_w =", d_w, " by hand: 1 + (2 w + 1) + (3 w² + 2 w + 2) =", 6.75)

# %% [markdown]
# ## A cell with a way past the tanh
#
# A cell with a **residual connection** adds to the state instead of replacing it:
#
# $$h_t = h_{t-1} + r_t, \qquad r_t = \tanh(a_x + a_h)$$


# %%
def residual_cell(a_x, a_h, state):
    """h_t = h_{t-1} + tanh(a_x + a_h); the cache is the tanh."""
    r = array_namespace(a_x).tanh(a_x + a_h)
    return (state[0] + r,), r


# %% [markdown]
# ## Task 1: a way past the tanh (3 points)
#
# *Core, about 10 minutes.*
#
# Write the vjp of `residual_cell`. It returns what goes to $a_x$, what goes to $a_h$, and what reaches $h_{t-1}$ **without** passing through $a_h$: the loop
# multiplies by $W_h$ by itself.
#
# <details><summary>Hint 1</summary>
#
# Draw the cell: how many arrows lead from h_{t-1} to h_t? Which of them go through a_h?
# </details>
#
# <details><summary>Hint 2</summary>
#
# d_h arrives at a plus sign. A plus sign hands the same gradient to both of its inputs: to r_t and to h_{t-1}.
# </details>
#
# <details><summary>Hint 3</summary>
#
# From r_t to its argument: multiply by 1 - r². That is d_a_x, and d_a_h too. The third result is `(d_h,)`.
# </details>


# %% solution="residual_cell_vjp"
def residual_cell_vjp(d_state, r):
    """Backward through `residual_cell`.

    Shapes: d_state ((B, H),); r (B, H) -> d_a_x (B, H); d_a_h (B, H); d_state ((B, H),)
    """
    ### BEGIN SOLUTION
    (d_h,) = d_state
    d_a = d_h * (1 - r * r)
    return d_a, d_a, (d_h,)
    ### END SOLUTION


# %% [markdown]
# Try it: with d_h = 1 everywhere, a unit at r = 0 has slope 1, and one at r = 0.8 has slope 0.36.

# %%
d_h, r = move(np.ones((1, 2))), move(np.array([[0.0, 0.8]]))
print(residual_cell_vjp((d_h,), r))

# %% test="residual_cell_vjp" points=3 explained="ch03_bptt: From numbers to arrays"
import numpy as np

from rnncore.bptt import bptt as book_bptt
from rnncore.rnn import init_params, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    assert_gradient,
    check,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "d_a_x, d_a_h, d_state"


def cell_input(rng, B, H):
    return {
        "d_state": (rng.normal(size=(B, H)),),
        "r": np.tanh(rng.normal(size=(B, H))),
    }


visible = move(cell_input(np.random.default_rng(1), 3, 2))
check(
    residual_cell_vjp,
    stored("residual_cell_vjp"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
one, r = move(np.ones((1, 2))), move(np.array([[0.0, 0.8]]))
d_a_x, _, (d_h,) = residual_cell_vjp((one,), r)  # slopes 1 and 0.36
assert_close("d_a_x at r = 0 and 0.8", d_a_x, np.array([[1.0, 0.36]]))
assert_close("what reaches h past the tanh", d_h, np.ones((1, 2)))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    cell_input, [(1, 1), (4, 3), (2, 7)], device, rng=rng
)
check(
    residual_cell_vjp,
    reference_residual_cell_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

params = move(init_params(rng, 2, 3))
x = move(rng.normal(size=(4, 2, 2)))
h_0 = move(rng.normal(size=(2, 3)))
d_y = move(rng.normal(size=(4, 2, 3)))


def loss(h_0):
    y, _, _ = unroll(reference_residual_cell, params, x, (h_0,))
    return float((y * d_y).sum())


y, _, tape = unroll(reference_residual_cell, params, x, (h_0,))
_, _, d_state = book_bptt(residual_cell_vjp, params, tape, d_y, (0 * h_0,))
assert_gradient(loss, h_0, d_state[0], "d_h_0 of a loop with your vjp")
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="residual_cell_vjp"
r"""
shared by two ways: d_h was halved, a half for each of two ways; what a sum receives goes whole to both
~ return d_a, d_a, (d_h,) => return d_a / 2, d_a / 2, (d_h / 2,)
path past dropped: this is what you get when h_{t-1} is reached through a_h alone; the plus sign hands d_h to it directly, too
~ return d_a, d_a, (d_h,) => return d_a, d_a, (0 * d_h,)
path past squashed: the way past the tanh is multiplied by the slope of the tanh; nothing squashes h_{t-1} on its way past
~ return d_a, d_a, (d_h,) => return d_a, d_a, (d_a,)
past added to a_h: the way past went into d_a_h, where the loop multiplies it by W_h; it belongs in the third result
~ return d_a, d_a, (d_h,) => return d_a, d_a + d_h, (0 * d_h,)
both ways in one: what goes through a_h was added to the way past; the loop sends d_a_h through W_h by itself, so d_state holds the way past alone
~ d_a, (d_h,) => d_a, (d_h + d_a,)
slope of the first power: the slope of tanh is 1 - r², not 1 - r
~ (1 - r * r) => (1 - r)
slope of the sigmoid: r (1 - r) is the slope of the sigmoid; that of tanh is 1 - r²
~ (1 - r * r) => (r * (1 - r))
no slope: the slope of tanh, 1 - r², is missing
~ d_h * (1 - r * r) => d_h
upstream in place: `d_h *= ...` changes the caller's array, and the way past then is squashed as well; make a new array: d_a = d_h * ...
-     d_a = d_h * (1 - r * r)
+     d_h *= 1 - r * r
+     d_a = d_h
tanh twice: r is the tanh already; in your slope its tanh was taken again
~ d_a = d_h * (1 - r * r) => d_a = d_h * (1 - array_namespace(r).tanh(r) ** 2)
way past in the slope: in your d_a_x the way past was added to the slope: it is the slope of the whole cell, and d_a_x takes the tanh's alone, 1 - r²
~ (1 - r * r) => (2 - r * r)
halved: your d_a_x is half of what it should be: a sum hands the whole gradient to each of its terms
~ d_a = d_h * (1 - r * r) => d_a = d_h * (1 - r * r) / 2
bracket squared: your slope is (1 - r)²; that of tanh is 1 - r²
~ (1 - r * r) => (1 - r) ** 2
sign: your d_a_x has the wrong sign: the slope of tanh is 1 - r², and never negative
~ (1 - r * r) => (r * r - 1)
slope twice: your d_a_x has the slope of tanh twice
~ (1 - r * r) => (1 - r * r) ** 2
d_h for a_h: your d_a_h is d_h; a_h stands inside the tanh, so it gets what a_x gets
~ return d_a, d_a, (d_h,) => return d_a, d_h, (d_h,)
past through r: your way past was multiplied by r; h_{t-1} reaches h_t with the factor 1
~ return d_a, d_a, (d_h,) => return d_a, d_a, (d_h * r,)
past with the rest: your way past got r² of d_h; a plus sign hands the whole gradient to both of its inputs
~ return d_a, d_a, (d_h,) => return d_a, d_a, (d_h * r * r,)
past to both: the way past went into d_a_h as well, where the loop multiplies it by W_h; it belongs in the third result alone
~ return d_a, d_a, (d_h,) => return d_a, d_a + d_h, (d_h,)
divided by the slope: you divided by the slope of the tanh; d_h is multiplied by it
~ d_h * (1 - r * r) => d_h / (1 - r * r)
slope added: you added the slope to d_h; d_h is multiplied by it
~ d_h * (1 - r * r) => d_h + (1 - r * r)
sign of a_h: your d_a_h has the wrong sign: a_x and a_h are added, so both get the same
~ return d_a, d_a, (d_h,) => return d_a, -d_a, (d_h,)
slope alone: your d_a_x is the slope of the tanh, without d_h: the chain rule multiplies the two
~ d_h * (1 - r * r) => 1 - r * r
one past: your third result is 1: the slope of the way past; what is returned is d_h times it
~ return d_a, d_a, (d_h,) => return d_a, d_a, (0 * d_h + 1,)
"""

# %% [markdown]
# See your vjp at work: press *Next* until step 3 is done, and find what goes past the weight $w$ on its way to $h_2$; then change the 1 in your vjp's slope to 2, run both cells again, and see what the figure says of $\mathrm{d}x_3$.

# %%
from rnncore.display import widgets

widgets.show(
    lambda: widgets.unrolled(
        residual_cell,
        residual_cell_vjp,
        w=-0.5,
        inputs=[0.8, -0.3, 0.5],
        targets=[1.0, 0.0, 0.5],
    )
)

# %% [markdown]
# ## Task 2: sequences that end early (6 points)
#
# *Core, about 40 minutes.*
#
# The sequences of a batch seldom have one length. With a **mask** of ones and zeros, (T, B), a sequence that has ended {{kept.text}}:
#
# $$h_t = m_t \tanh(a_t) + {{kept.tex}} h_{t-1}, \qquad a_t = W_x x_t + W_h h_{t-1} + b_x + b_h$$
#
# The forward loop is given; it returns all states, $h_0$ first. Write the loop back: about nine lines, between those that are there.
#
# <details><summary>Hint 1</summary>
#
# At each step d_h is made of two parts, as in the chapter. Then it splits at the mask: one share goes into the tanh, the other past it.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `on = mask[t, :, None]` has shape (B, 1) and fits (B, H). The share of the tanh is `d_h * on`; its slope is 1 - h² at the state that the step wrote, `h[t + 1, ...]`, as the loop's t counts from 0.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_h = d_a_t @ params.W_h + d_h * {{kept.past}}`. After the loop, stack the d_a_t in the order of time; d_W_h is `rows(d_a).T @ rows(h[:-1, ...])`, and d_b is the sum over steps and
# sequences.
# </details>


# %%
def masked_unroll(params, x, mask, h_0):
    """All states (T+1, B, H), h_0 first; where the mask is 0, {{kept.doc}}."""
    xp = array_namespace(x)
    h = [h_0]
    for t in range(x.shape[0]):
        a = x[t, ...] @ params.W_x.T + params.b_x
        a = a + h[-1] @ params.W_h.T + params.b_h
        on = mask[t, :, None]
        h.append(on * xp.tanh(a) + {{kept.past}} * h[-1])
    return xp.stack(h)


# %% solution="masked_bptt"
def masked_bptt(params, x, mask, h, d_y):
    """Backward through `masked_unroll`; h is what that returned.

    Shapes: x (T, B, D); mask (T, B); h (T+1, B, H); d_y (T, B, H)
        -> d_params; d_x (T, B, D); d_h_0 (B, H)
    """
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    ### BEGIN SOLUTION
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}}
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    ### END SOLUTION
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h


# %% [markdown]
# Try it: two sequences of 4 and of 2 steps. The input of a step that is masked cannot matter, so its gradient must be zero.

# %%
rng = np.random.default_rng(0)
params = move(init_params(rng, 1, 3))
x = move(rng.normal(size=(4, 2, 1)))
mask = move(np.array([[1.0, 1], [1, 1], [1, 0], [1, 0]]))
h = masked_unroll(params, x, mask, move(rng.normal(size=(2, 3))))
_, d_x, _ = masked_bptt(params, x, mask, h, move(np.ones((4, 2, 3))))
print(d_x[..., 0])

# %% test="masked_bptt" points=6 explained="ch03_bptt: From numbers to arrays"
import numpy as np

from rnncore.bptt import bptt as book_bptt
from rnncore.bptt import rnn_cell_vjp
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, arguments=1, sizes=1)

move = mover(device)
OUTPUTS = "d_params, d_x, d_h_0"


def ragged(rng, T, B, D, H, nobody=0):
    """Arguments with sequences of all lengths, gradients at every step.

    At the last `nobody` steps no sequence runs.
    """
    params = init_params(rng, D, H)
    longest = T - nobody
    lengths = rng.permutation(longest - np.arange(B) % longest)
    mask = (np.arange(T)[:, None] < lengths).astype(float)
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    h = masked_unroll(params, x, mask, np.tanh(rng.normal(size=(B, H))))
    return dict(params=params, x=x, mask=mask, h=h, d_y=d_y)


visible = move(ragged(np.random.default_rng(5), 6, 3, 5, 2, nobody=2))
full = move(ragged(np.random.default_rng(7), 4, 2, 3, 3))
check(
    masked_bptt,
    stored("masked_bptt"),
    [visible, full],
    outputs=OUTPUTS,
    by=properties,
)

# where nothing is masked, it is the chapter's bptt
rng = np.random.default_rng(6)
params = move(init_params(rng, 2, 3))
x, d_y = move(rng.normal(size=(5, 2, 2))), move(rng.normal(size=(5, 2, 3)))
h_0 = move(rng.normal(size=(2, 3)))
y, _, tape = unroll(rnn_cell, params, x, (h_0,))
h = move(np.zeros((6, 2, 3)))
h[0], h[1:] = h_0, y
got = masked_bptt(params, x, move(np.ones((5, 2))), h, d_y + 0)
book = book_bptt(rnn_cell_vjp, params, tape, d_y, (0 * h_0,))
assert_close("d_W_h with a mask of ones", got[0].W_h, book[0].W_h)
assert_close("d_x with a mask of ones", got[1], book[1])

check_independent(
    lambda *args: masked_bptt(*args)[1],  # d_x
    visible,
    {"x": 1, "d_y": 1, "h": 1},
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    ragged,
    [
        (1, 1, 1, 1),
        (5, 3, 2, 4),
        (9, 4, 3, 2, 1),
        (2, 6, 1, 3),
    ],
    device,
    rng=rng,
)
check(
    masked_bptt,
    reference_masked_bptt,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

args = move(ragged(rng, 5, 3, 2, 4))
params, x, mask, d_y = (args[k] for k in ("params", "x", "mask", "d_y"))
h_0 = move(rng.normal(size=(3, 4)))


def loss(W_h):
    h = reference_masked_unroll(params._replace(W_h=W_h), x, mask, h_0)
    return float((h[1:] * d_y).sum())


h = reference_masked_unroll(params, x, mask, h_0)
d_params, _, _ = masked_bptt(params, x, mask, h, d_y + 0)
assert_gradient(loss, params.W_h, d_params[1], "d_W_h")
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="masked_bptt"
r"""
recurrent term dropped: this is what you get when d_h does not go back through W_h: every step then sees its own output only
~ d_a[-1] @ params.W_h + d_h * {{kept.past}} => d_h * {{kept.past}}
W_h transposed: forward multiplies by W_h.T, so backward multiplies by W_h itself, not by W_h.T
~ @ params.W_h + => @ params.W_h.T +
last step only: only the last step's d_y was used; the loss reads every step's output, so every d_y[t] must be added
~ d_h = d_h + d_y[t, ...] => d_h = d_h + (t == x.shape[0] - 1) * d_y[t, ...]
a step counted twice: each d_y[t] was added twice
~ d_h = d_h + d_y[t, ...] => d_h = d_h + 2 * d_y[t, ...]
later steps forgotten: what comes from step t+1 was overwritten by d_y[t]; the two must be added
~ d_h = d_h + d_y[t, ...] => d_h = d_y[t, ...]
upstream in place [arguments]: the numbers are right, but the caller's d_y was changed on the way; a second call with it would be wrong
-         d_h = d_h + d_y[t, ...]
+         d_y[t, ...] += d_h
+         d_h = d_y[t, ...]
mask forgotten at the tanh: the tanh of a step that is masked got a gradient; multiply its share by the mask
~ d_h * on * ( => d_h * (
path past dropped: the state of a sequence that has ended is carried on, and so is its gradient: the share {{kept.share}} was lost, or the d_y of steps that are masked was left out ({{kept.shown}}, and the loss reads it)
~ @ params.W_h + d_h * {{kept.past}} => @ params.W_h
path past for all: a running step replaces its state: d_h goes past the tanh only where the mask is 0
~ + d_h * {{kept.past}} => + d_h
slope at the state before: the slope 1 - h² was taken at the state before the step: h[0] is the state before the first step, and the loop's t counts from 0, so step t wrote h[t + 1]
~ h[t + 1, ...] ** 2 => h[t, ...] ** 2
time not turned back: the d_a were gathered from the last step to the first and stacked in that order; turn them round first
~ d_a[::-1] => d_a
gradient averaged over steps: d_W_h was divided by T; the steps share one weight, and shared gradients add up, they are not averaged
~ rows(d_a).T @ rows(h[:-1, ...]) => rows(d_a).T @ rows(h[:-1, ...]) / x.shape[0]
weights of their own: this is d_W_h of the first step alone, as if each step had weights of its own; sum over all steps
~ rows(d_a).T @ rows(h[:-1, ...]) => d_a[0, ...].T @ h[0, ...]
gradient transposed: this is the transpose of d_W_h: a gradient has its weight's shape, and W_h has a row for each unit that is written
~ rows(d_a).T @ rows(h[:-1, ...]) => rows(h[:-1, ...]).T @ rows(d_a)
state after the step: d_W_h pairs d_a_t with the state that step t read, h_{t-1}, not with the one it wrote
~ rows(h[:-1, ...]) => rows(h[1:, ...])
no slope: in your d_a the slope of tanh, 1 - h², is missing
~ d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2)) => d_a.append(d_h * on)
bias averaged: your d_b is a mean over steps and sequences; shared gradients add up
~ d_b = xp.sum( => d_b = xp.mean(
slope of the first power: in your d_a stands 1 - h; the slope of tanh is 1 - h²
~ (1 - h[t + 1, ...] ** 2) => (1 - h[t + 1, ...])
mask of the next step: your step t used the mask of step t+1
~ on = mask[t, :, None] => on = mask[min(t + 1, x.shape[0] - 1), :, None]
slope on the way past: your way past the tanh was multiplied by the tanh's slope; {{kept.hands}}
~ d_h * {{kept.past}} => d_h * {{kept.past}} * (1 - h[t + 1, ...] ** 2)
inputs' weight averaged over steps: your d_W_x was divided by T; the steps share one weight, and shared gradients add up
~ rows(d_a).T @ rows(x) => rows(d_a).T @ rows(x) / x.shape[0]
weights averaged over the mask: your d_W_x was divided by the number of real steps; shared gradients add up
~ rows(d_a).T @ rows(x) => rows(d_a).T @ rows(x) / xp.sum(mask)
last d_a alone: your d_W_x is that of the last step alone; all steps share the weight
~ rows(d_a).T @ rows(x) => d_a[-1].T @ x[-1]
forward in time: your loop ran from the first step to the last; a gradient comes back from the last
-     for t in reversed(range(x.shape[0])):
-         d_h = d_h + d_y[t, ...]
-         on = mask[t, :, None]
-         d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
-         d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}}
-     d_a = xp.stack(d_a[::-1])
+     for t in range(x.shape[0]):
+         d_h = d_h + d_y[t, ...]
+         on = mask[t, :, None]
+         d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
+         d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}}
+     d_a = xp.stack(d_a)
d_y a step too late: your step t used d_h before d_y[t] was in it; y_t is h_t, so d_y[t] is added first
-         d_h = d_h + d_y[t, ...]
-         on = mask[t, :, None]
-         d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
-         d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}}
+         on = mask[t, :, None]
+         d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
+         d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}} + d_y[t, ...]
mask inverted: your mask is read the wrong way round: where it is 1 the gradient goes into the tanh, where it is 0 past it
~ on = mask[t, :, None] => on = 1 - mask[t, :, None]
mask behind the loop: your loop is that of a network without a mask, and its d_a were masked afterwards; the mask also decides what goes on to the step before
-         d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
-         d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}}
-     d_a = xp.stack(d_a[::-1])
+         d_a.append(d_h * (1 - h[t + 1, ...] ** 2))
+         d_h = d_a[-1] @ params.W_h
+     d_a = xp.stack(d_a[::-1]) * mask[..., None]
slope of the step before on the way: your d_h went through W_h without the slope of its own step and got that of the step before; what goes back through W_h is d_a_t
~ d_a[-1] @ params.W_h + d_h * {{kept.past}} => (d_h * on) @ params.W_h * (1 - h[t, ...] ** 2) + d_h * {{kept.past}}
mask forgotten on the way: what you send back through W_h is not masked: it is d_a_t, with the mask in it
~ d_a[-1] @ params.W_h + d_h * {{kept.past}} => (d_h * (1 - h[t + 1, ...] ** 2)) @ params.W_h + d_h * {{kept.past}}
first d_y twice: your d_h_0 has the first d_y in it once more; h_0 is no output
- d_a = xp.stack(d_a[::-1])
+ d_h = d_h + d_y[0, ...]
+     d_a = xp.stack(d_a[::-1])
states two steps back: your d_W_h pairs d_a with the state of two steps before; the loop's t counts from 0, and step t read h[t] and wrote h[t + 1]
~ rows(d_a).T @ rows(h[:-1, ...]) => rows(d_a[1:, ...]).T @ rows(h[:-2, ...])
one plus the mask: your way past has the factor 1 + m_t; it is {{kept.is}}
~ d_h * {{kept.past}} => d_h * (1 + on)
stopped where nobody runs: your loop skips the steps at which no sequence runs; their d_y reaches the last states all the same, and d_a has a row of zeros there
~ in reversed(range(x.shape[0])): => in reversed(range(int(mask.sum(0).max()))):
skipped where nobody runs: your loop leaves out the d_y of the steps at which no sequence runs: {{kept.last}}
~         d_h = d_h + d_y[t, ...] =>         d_h = d_h + d_y[t, ...] * (mask[t, :].max() > 0)
mask a step early: your step t used the mask of step t - 1; it is mask[t]
~ on = mask[t, :, None] => on = mask[t - 1, :, None]
first state a product early: d_h_0 is what arrived at h_1; it has to go through the first step to h_0
~ d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}} => d_h = d_a[-1] @ params.W_h + d_h * {{kept.past}} if t else d_h
biases averaged over the batch: d_b was averaged over the sequences; gradients of what all share add up
~ d_b = xp.sum(d_a, axis=(0, 1)) => d_b = xp.sum(d_a, axis=(0, 1)) / x.shape[1]
"""

# %% [markdown]
# ## Task 3: a gradient that travels with the stream (5 points)
#
# *Extra, about 40 minutes.*
#
# A sensor never stops. Its signal comes in parts, and after each part you want the gradient of $W_h$, exact through everything before, although nothing but the last state of the earlier parts is left. So the
# **influence** is carried along with the state: $M_t = \partial h_t / \partial W_h$ has the shape (B, H, H, H), and its entry (b, i, j, k) says how unit i of sequence b reacts to the weight $W_{jk}$.
# The cell has a **leak** $\lambda$, a number between 0 and 1:
#
# $$h_t = (1 - \lambda)\, h_{t-1} + \lambda\, r_t, \qquad r_t = \tanh(a_t), \qquad a_t = a_{x,t} + W_h h_{t-1}$$
#
# Given are the forward step, and `direct(h)`: the derivative of $a_t$ by $W_h$ while $h_{t-1}$ is held fixed. Work out the recurrence of $M_t$, then write the loop: about seven lines, all of them forward. The loss
# of a part is {{part.text}}, where y is the states $h_1 \dots h_T$ of the part. Return the last state and its influence, for the next part, and the `d_W_h` of this part's loss.
#
# <details><summary>Hint 1</summary>
#
# Differentiate the cell's equation by W_jk, term by term. h_{t-1} stands in it twice: in the leak's term, and inside a_t. And W_jk itself stands inside a_t: that is `direct`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# a_t has the derivative `direct(h_{t-1})` plus W_h times M_{t-1}. All of it is multiplied by λ (1 - r_t²), the slope of unit i. Past the tanh goes (1 - λ) M_{t-1}.
# </details>
#
# <details><summary>Hint 3</summary>
#
# W_h acts on the axis i: `xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape)`. A slope of shape (B, H) fits M as `slope[..., None, None]`, and so does `d_y[t, ...]`; for d_W_h, sum their product with M over b and i.{{part.hint}}
# </details>


# %%
def leaky_step(W_h, a_x, h, leak):
    """The next state, (B, H), and the tanh that went into it, (B, H)."""
    r = array_namespace(h).tanh(a_x + h @ W_h.T)
    return (1 - leak) * h + leak * r, r


def direct(h):
    """The derivative of W_h h by W_h, with h fixed: (B, H, H, H).

    Entry (b, i, j, k) is h_k of sequence b where i = j, and 0 elsewhere.
    """
    xp = array_namespace(h)
    eye = xp.eye(h.shape[-1], dtype=h.dtype, device=device_of(h))
    return eye[:, :, None] * h[:, None, None, :]


# %% solution="stream_gradient"
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    """One part of a stream: state and influence go on, d_W_h comes out.

    Shapes: W_h (H, H); a_x (T, B, H); d_y (T, B, H); h (B, H);
        M (B, H, H, H) -> h (B, H); M (B, H, H, H); d_W_h (H, H)
    """
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    ### BEGIN SOLUTION
    for t in range(a_x.shape[0]):
        used = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        through = xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape)
        slope = (leak * (1 - r * r))[..., None, None]
        M = (1 - leak) * M + slope * (used + through)
        d_W_h = d_W_h + xp.sum({{part.step}}, axis=(0, 1))
    ### END SOLUTION
    return h, M, d_W_h


# %% [markdown]
# Try it: 600 steps at once, and the same in six parts of 100. The gradients of the parts add up to that of the whole.

# %%
rng = np.random.default_rng(0)
H, T, part = 4, 600, 100
W_h = move(rng.normal(size=(H, H)) / 2)
a_x, d_y = move(tuple(rng.normal(size=(2, T, 1, H))))
nothing = move(np.zeros((1, H))), move(np.zeros((1, H, H, H)))
_, _, whole = stream_gradient(W_h, a_x, d_y, 0.3, *nothing)

(h, M), total = nothing, 0 * W_h
for t in range(0, T, part):
    now = slice(t, t + part)
    h, M, d_W_h = stream_gradient(W_h, a_x[now], d_y[now], 0.3, h, M)
    total = total + d_W_h
print("largest difference:", float(abs(total - whole).max()))

kept = int(np.prod(to_numpy(M).shape))
print("numbers carried on:", kept, " states on a tape:", T * H)

# %% [markdown]
# <details><summary>From which length on does the influence need less memory than a tape of states? And what does one step of it cost?</summary>
#
# The influence has H³ numbers for each sequence at any length, a tape has T H: they are equal at T = H², here after 16 steps, for 100 units after 10,000. But one step multiplies W_h by H² columns, about H⁴ products, where
# one step back takes about H².
# </details>

# %% test="stream_gradient" points=5 explained="ch03_forward: A layer"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=3, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "h, M, d_W_h"


def stream(rng, T, B, H):
    """A part of a stream; something has come before."""
    return {
        "W_h": rng.normal(size=(H, H)),
        "a_x": rng.normal(size=(T, B, H)),
        "d_y": rng.normal(size=(T, B, H)),
        "leak": float(rng.uniform(0.2, 0.8)),
        "h": np.tanh(rng.normal(size=(B, H))),
        "M": rng.normal(size=(B, H, H, H)),
    }


rng = np.random.default_rng(3)
first = stream(rng, 1, 3, 2)  # one step, and nothing before it
visible = move([{**first, "M": 0 * first["M"]}, stream(rng, 4, 3, 2)])
check(
    stream_gradient,
    stored("stream_gradient"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
# by hand: one unit, W_h = 0.5 and leak 0.5, both a_t are 0: M is 0.5 after
# the first step, and 0.5 · 0.5 + 0.5 (0.5 + 0.5 · 0.5) = 0.625 then
by_hand = stream_gradient(
    move(np.full((1, 1), 0.5)),
    move(np.array([-0.5, -0.25]).reshape(2, 1, 1)),
    move(np.array([0.0, 1.0]).reshape(2, 1, 1)),
    0.5,
    move(np.ones((1, 1))),
    move(np.zeros((1, 1, 1, 1))),
)
assert_close("d_W_h of one unit", by_hand[2], np.full((1, 1), 0.625))
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    stream, [(1, 1, 1), (5, 2, 3), (2, 4, 3), (6, 1, 2)], device, rng=rng
)
check(
    stream_gradient,
    reference_stream_gradient,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

args = move({**stream(rng, 7, 2, 3), "M": np.zeros((2, 3, 3, 3))})


def loss(W_h):
    h, total = args["h"], 0.0
    for t in range(7):
        a_x = args["a_x"][t, ...]
        h, _ = reference_leaky_step(W_h, a_x, h, args["leak"])
        total += float((args["d_y"][t, ...] * h).sum())
    return {{part.total}}


h, M, d_W_h = args["h"], args["M"], 0
for part in (slice(0, 3), slice(3, 7)):  # two parts make the whole
    given = {**args, "h": h, "M": M}
    given |= {k: args[k][part] for k in ("a_x", "d_y")}
    h, M, more = stream_gradient(**given)
    d_W_h = d_W_h + more
assert_gradient(loss, args["W_h"], d_W_h, "d_W_h of two parts together")
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="stream_gradient"
r"""
leak's path dropped: your M lost what goes past the tanh: h_{t-1} reaches h_t through the leak as well, so (1 - leak) M_{t-1} is added
~ M = (1 - leak) * M + slope => M = slope
leak's path in full: your M keeps all of M_{t-1} past the tanh; the cell keeps the share 1 - leak of the state, so M keeps that share
~ M = (1 - leak) * M + slope => M = M + slope
shares exchanged: your M keeps the share leak of M_{t-1}; the cell keeps the share 1 - leak of the state
~ (1 - leak) * M => leak * M
leak missing at the tanh: in your M the leak is missing in front of the slope: h_t takes only the share leak of the tanh
~ (leak * (1 - r * r)) => (1 - r * r)
shares wrong in both places: your M has leak and 1 - leak the wrong way round: the tanh gets leak, the old influence 1 - leak
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope
+         slope = ((1 - leak) * (1 - r * r))[..., None, None]
+         M = leak * M + slope
no slope: in your M the slope of tanh, 1 - r², is missing
~ leak * (1 - r * r) => leak * (1 + 0 * r)
slope of the first power: in your M stands 1 - r; the slope of tanh is 1 - r²
~ 1 - r * r => 1 - r
slope at the state: in your M the slope is 1 - h_t²; h_t is a mixture, and the slope belongs to the tanh: 1 - r_t²
~ 1 - r * r => 1 - h * h
slope of the share: in your M the slope is 1 - (leak r_t)²; the leak multiplies the slope of the tanh, 1 - r_t², and does not stand in it
~ 1 - r * r => 1 - (leak * r) ** 2
slope at the old state: in your M the slope is 1 - h_{t-1}²; it belongs to this step's tanh: 1 - r_t²
-         used = direct(h)
-         h, r = leaky_step(W_h, a_x[t, ...], h, leak)
+         used, r = direct(h), h
+         h, _ = leaky_step(W_h, a_x[t, ...], h, leak)
tanh twice: in your M the tanh of r was taken; r is the tanh already, so its slope is 1 - r²
~ 1 - r * r => 1 - xp.tanh(r) ** 2
slope of the sigmoid: in your M stands r (1 - r), the slope of a sigmoid; that of tanh is 1 - r²
~ (1 - r * r) => (r * (1 - r))
W_h transposed: in your M the carried part went through W_h transposed: unit i gets W_ij from unit j, so it is W_h @ M, over the axis i
~ W_h @ xp.reshape => W_h.T @ xp.reshape
state after the step: in your M `direct` got h_t; the step multiplied W_h by h_{t-1}, so call it before the state goes on
-         used = direct(h)
-         h, r = leaky_step(W_h, a_x[t, ...], h, leak)
+         h, r = leaky_step(W_h, a_x[t, ...], h, leak)
+         used = direct(h)
use of this step dropped: in your M the weights' use at this step, direct(h), is missing
~ (used + through) => through
carried part dropped: in your M nothing went through W_h: the earlier uses reach h_t through h_{t-1} inside the tanh as well, W_h M_{t-1}
~ (used + through) => used
carried part unsquashed: in your M the carried part W_h M_{t-1} was not multiplied by the slope; it stands inside the tanh, like direct(h)
~ slope * (used + through) => slope * used + leak * through
carried part without slope and leak: in your M the carried part W_h M_{t-1} was added as it is; it stands inside the tanh, so slope and leak belong to it
~ slope * (used + through) => slope * used + through
use unsquashed: in your M direct(h) was not multiplied by the slope; it stands inside the tanh, like the carried part
~ slope * (used + through) => slope * through + leak * used
use without slope and leak: in your M direct(h) was added as it is; it stands inside the tanh, so slope and leak belong to it
~ slope * (used + through) => slope * through + used
all of it squashed: your whole M was multiplied by the slope; what goes past the tanh, (1 - leak) M_{t-1}, is not
~ M = (1 - leak) * M + slope * (used + through) => M = ((1 - leak) * M + leak * (used + through)) * slope / leak
slope of the wrong unit: in your M the slope stands on the axis j of the weights; it is that of unit i, the axis after the batch
~ (leak * (1 - r * r))[..., None, None] => (leak * (1 - r * r))[:, None, :, None]
slope on the last axis: in your M the slope stands on the last axis, k; it is that of unit i, the axis after the batch
~ (leak * (1 - r * r))[..., None, None] => (leak * (1 - r * r))[:, None, None, :]
W_h on the last axis: in your M the product M @ W_h sums over the axis k; W_h takes the states' derivatives, so it acts on the axis i
~ xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape) => M @ W_h
W_h.T on the last axis: in your M the product M @ W_h.T sums over the axis k; W_h takes the states' derivatives, so it acts on the axis i
~ xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape) => M @ W_h.T
W_h on the axis j: in your M the product W_h @ M sums over the axis j, since @ takes the last two axes; W_h acts on the axis i, so flatten j and k first
~ xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape) => W_h @ M
entries multiplied: in your M W_h and M were multiplied entry by entry; W_h M is a product of matrices, over the axis i
~ xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape) => W_h * M
leak twice: in your M the leak stands in front of the slope twice
~ + slope * (used + through) => + leak * slope * (used + through)
influence begins at zero: your M forgot the influence that came in: this part goes on where the last one stopped
-     for t in range(a_x.shape[0]):
+     M = 0 * M
+     for t in range(a_x.shape[0]):
influence begins anew at every step: your M is that of a single step: M_{t-1} reaches M_t through the leak and through W_h
~         M = (1 - leak) * M + slope * (used + through) =>         M = slope * used
uses added up: your M only adds the single steps up; M_{t-1} loses a share by the leak and goes through W_h at every step
~ M = (1 - leak) * M + slope * (used + through) => M = M + slope * used
influence in place [arguments]: the numbers are right, but the caller's M was changed on the way: make a new array, M = (1 - leak) * M + ...
-         M = (1 - leak) * M + slope * (used + through)
+         M *= 1 - leak
+         M += slope * (used + through)
state not carried on: your h never changed: each step begins with the state of the step before
~ h, r = leaky_step( => _, r = leaky_step(
tanh for the state: your h is the tanh alone; the state is the mixture that leaky_step returns first
-         through =
+         h = r
+         through =
state begins at zero: your h began at zero; this part goes on where the last one stopped
-     for t in range(a_x.shape[0]):
+     h = 0 * h
+     for t in range(a_x.shape[0]):
last step left out: your loop ends a step early: there are T steps
~ range(a_x.shape[0]) => range(a_x.shape[0] - 1)
last step only: your d_W_h is that of the last step's loss alone: every step has a d_y, and their gradients add up
~ d_W_h = d_W_h + xp.sum => d_W_h = xp.sum
influence of the step before: your d_W_h pairs d_y[t] with M_{t-1}; y_t is h_t, so the influence goes on first
-         M = (1 - leak) * M + slope * (used + through)
-         d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1))
+         d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1))
+         M = (1 - leak) * M + slope * (used + through)
last influence for all: your d_W_h pairs every d_y with the last influence; the influence at step t belongs to d_y[t]
~         d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) =>     d_W_h = xp.sum(xp.sum(d_y, axis=0)[..., None, None] * {{part.M}}, axis=(0, 1))
{{part.odd_name}}: your d_W_h {{part.odd_says}}
~ * {{part.M}}, axis=(0, 1)) => * {{part.odd}}
averaged over the steps: your d_W_h was divided by T; shared gradients add up
~ d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) / a_x.shape[0]
batch summed too early: your d_W_h comes from the sum of all sequences' d_y and the sum of their influences; each sequence's d_y belongs to its own influence
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(xp.sum(d_y[t, ..., None, None], axis=0) * {{part.sum}}, axis=0)
d_y not used: your d_W_h is the sum of the influences; each is multiplied by d_y first
~ d_y[t, ..., None, None] * {{part.M}} => {{part.M}}
gradient transposed: your d_W_h is the transpose: W_jk has j in its rows
~ d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)).T
d_y on the weight's axis: your d_W_h pairs d_y with the axis j; d_y is the gradient of the state, so it belongs to the axis i
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(d_y[t, :, None, :, None] * {{part.M}}, axis=(0, 1))
d_y on the last axis: your d_W_h pairs d_y with the axis k; d_y is the gradient of the state, so it belongs to the axis i
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(d_y[t, :, None, None, :] * {{part.M}}, axis=(0, 1))
later losses too: your d_W_h pairs M_t with d_y of all later steps too, as on a way back; each later loss meets M_t inside its own influence, so d_y[t] alone is due
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(xp.sum(d_y[t:, ...], axis=0)[..., None, None] * {{part.M}}, axis=(0, 1))
summed over i and j: your d_W_h was summed over the wrong axes: sum over the sequences and over the units i of the state, and j and k stay
~ d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => d_y[t, ..., None, None] * {{part.M}}, axis=(0, 2))
d_y from the other end: your d_W_h pairs step t with the d_y of the step as far from the other end
~ d_y[t, ..., None, None] => d_y[a_x.shape[0] - 1 - t, ..., None, None]
single steps alone: your d_W_h has each weight's use at the very step of the loss alone; multiply d_y by the whole influence M
~ d_y[t, ..., None, None] * {{part.M}}, axis => d_y[t, ..., None, None] * slope * used, axis
slope once more: your d_W_h has the slope of the tanh in front of M; it is in M already
~ d_y[t, ..., None, None] * {{part.M}}, axis => d_y[t, ..., None, None] * slope * {{part.M}}, axis
plain cell's rule: in your M the leak stands nowhere: that is the chapter's rule for the plain cell; here the share 1 - leak of M_{t-1} goes past the tanh, and the rest has leak in front
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope
+         slope = (1 - r * r)[..., None, None]
+         M = slope
plain cell's rule, slope at the state: in your M the leak stands nowhere and the slope is 1 - h_t²: that is the chapter's rule for the plain cell; here 1 - leak of M_{t-1} goes past the tanh, and leak (1 - r_t²) is in front of the rest
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope
+         slope = (1 - h * h)[..., None, None]
+         M = slope
residual cell's rule: in your M the leak stands nowhere: that is the rule of task 1's cell, which keeps all of its state; here the share 1 - leak goes past the tanh, and the rest has leak in front
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope
+         slope = (1 - r * r)[..., None, None]
+         M = M + slope
slope before W_h: in your M the slope was multiplied in before W_h, on the columns of the Jacobian; the derivative of a_t, W_h M_{t-1}, comes first, and the slope of unit i is in front of it
- through = xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape)
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope * (used + through)
+ slope = (leak * (1 - r * r))[..., None, None]
+         through = xp.reshape(W_h @ xp.reshape(slope * M, (*h.shape, -1)), M.shape)
+         M = (1 - leak) * M + slope * used + through
influence as it came: your M came back as it was given; it goes on at every step, for the part that follows
~ M = (1 - leak) * M + slope => _ = (1 - leak) * M + slope
summed over j: your d_W_h was summed over the axis j; d_y is the gradient of the state, so multiply and sum over i, and j and k stay
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(d_y[t, :, None, :, None] * {{part.M}}, axis=(0, 2))
summed over k: your d_W_h was summed over the axis k; d_y is the gradient of the state, so multiply and sum over i, and j and k stay
~ xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1)) => xp.sum(d_y[t, :, None, None, :] * {{part.M}}, axis=(0, 3))
this part alone: your d_W_h is that of this part alone, as from a loop back to its first step, and your M came back as it was given; carry M forward through each step and take d_W_h from it
-     for t in range(a_x.shape[0]):
-         used = direct(h)
-         h, r = leaky_step(W_h, a_x[t, ...], h, leak)
-         through = xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape)
-         slope = (leak * (1 - r * r))[..., None, None]
-         M = (1 - leak) * M + slope * (used + through)
-         d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1))
+     given, M = M, 0 * M
+     for t in range(a_x.shape[0]):
+         used = direct(h)
+         h, r = leaky_step(W_h, a_x[t, ...], h, leak)
+         through = xp.reshape(W_h @ xp.reshape(M, (*h.shape, -1)), M.shape)
+         slope = (leak * (1 - r * r))[..., None, None]
+         M = (1 - leak) * M + slope * (used + through)
+         d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * {{part.M}}, axis=(0, 1))
+     M = given
NumPy's zeros [hidden, dtype]: float32 goes in and float64 comes out: the sum began with np.zeros; begin with xp.zeros_like(W_h)
-     for t in range(a_x.shape[0]):
+     d_W_h = np.zeros(W_h.shape)
+     for t in range(a_x.shape[0]):
"""

# %% [markdown]
# ## Task 4: find the planted error (5 points)
#
# *Core, about 25 minutes.*
#
# Somebody hands you the gradient of a plain network's weights. **One number in it may be wrong.** The loss is the sum of all entries of `d_y * y`, where y comes from `unroll(rnn_cell, ...)`, so
# that d_y is the gradient of y.
#
# Return {{found.text}}, or None where every entry is right. An entry is wrong when it is off by more
# than 1e-5. All arrays are float64. Change none of them, not even for a moment: a weight that is moved and moved back is off by a rounding.
#
# <details><summary>Hint 1</summary>
#
# Finite differences need no backward pass: move one weight, run forward, look at the loss. `numerical_gradient(f, w)` of the chapter does it for a whole array, for any function f
# of that array.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `params._replace(**{name: moved})` is params with one array replaced; `params._asdict().items()` gives the names and arrays; `getattr(d_params, name)` is the gradient to be judged. On torch: `numerical_gradient` gives a NumPy array, and `to_numpy` makes one of the gradient.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Compare by absolute value. `np.unravel_index(error.argmax(), error.shape)` turns the place of the largest error into an index, as many numbers as the array has axes.
# </details>


# %% solution="find_planted_error"
def find_planted_error(params, x, state, d_y, d_params):
    """{{found.doc}} of the wrong entry of d_params, or None.

    Shapes: x (T, B, D); state ((B, H),); d_y (T, B, H)
    """
    ### BEGIN SOLUTION
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
        )
        if error.max() > 1e-5:
            return {{found.it}}
    return None
    ### END SOLUTION


# %% [markdown]
# Try it on the chapter's own gradient: nobody has tampered with it.

# %%
rng = np.random.default_rng(0)
params = move(init_params(rng, 2, 3))
x, d_y = move(rng.normal(size=(4, 2, 2))), move(rng.normal(size=(4, 2, 3)))
state = (move(rng.normal(size=(2, 3))),)
_, _, tape = unroll(rnn_cell, params, x, state)
d_params, _, _ = book_bptt(rnn_cell_vjp, params, tape, d_y, (0 * state[0],))
print(find_planted_error(params, x, state, d_y, d_params))

# %% test="find_planted_error" points=5 explained="ch03_bptt: Trust nothing: the numerical check"
import numpy as np

from rnncore.bptt import bptt as book_bptt
from rnncore.bptt import rnn_cell_vjp
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import Properties, check, mover, stored
from rnncore.testing.failure import CheckFailure

properties = Properties(values=3, sizes=1, arguments=1)

move = mover(device)


def tampered(rng, T, B, D, H, name=None, index=(), by=0.0):
    """Arguments whose gradient is off by `by` in one entry.

    The entry is that of the index, or "least" or "largest" by size.
    """
    params = init_params(rng, D, H)
    x, d_y = rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))
    state = (rng.normal(size=(B, H)),)
    _, _, tape = unroll(rnn_cell, params, x, state)
    d_params, _, _ = book_bptt(
        rnn_cell_vjp, params, tape, d_y, (0 * state[0],)
    )
    if name:
        d_w = getattr(d_params, name)
        size = np.abs(d_w)
        places = {"least": size.argmin(), "largest": size.argmax()}
        if isinstance(index, str):
            index = np.unravel_index(places[index], size.shape)
        d_w[index] += by
    return dict(params=params, x=x, state=state, d_y=d_y, d_params=d_params)


rng = np.random.default_rng(6)
visible = [
    move(tampered(rng, 9, 4, 4, 6)),  # nothing is wrong here
    move(tampered(rng, 4, 2, 6, 7, "W_h", (2, 1), 0.012)),
    move(tampered(rng, 4, 2, 2, 3, "b_h", (2,), 0.5)),
    move(tampered(rng, 4, 2, 2, 3, "b_x", (1,), -0.5)),
    move(tampered(rng, 4, 2, 2, 3, "W_x", (2, 0), 0.12)),
    # off by less than 1e-5, where that is much of the entry
    move(tampered(rng, 4, 2, 2, 3, "W_h", "least", 6e-6)),
    # off by more, where that is little of it
    move(tampered(rng, 6, 4, 2, 3, "W_x", "largest", 2e-5)),
]
NO_ERROR = (
    "Every entry of this gradient is right, so None is due. Two-sided "
    "differences with a step of 1e-6 are as near as that; one-sided ones, or "
    "a large step, are not. And only what is off by more than 1e-5 is wrong."
)
try:
    check(
        find_planted_error,
        stored("find_planted_error"),
        visible,
        outputs="{{found.outputs}}",
        by=properties,
    )
except CheckFailure as error:
    found = error.failure
    if found.mistake or not found.expected.startswith("None"):
        raise
    raise CheckFailure(found._replace(why=NO_ERROR)) from None
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    move(tampered(rng, *sizes_and_place))
    for sizes_and_place in [
        (3, 2, 1, 2, "W_x", (1, 0), 1e-3),
        (5, 1, 2, 3, "W_h", (0, 2), -1e-3),
        (3, 2, 2, 4, "W_x", (3, 0), 1e-2),
        (2, 4, 2, 2, "b_h", (1,), -0.1),
        (6, 3, 1, 3, "b_x", (2,), 5.0),
        (4, 3, 2, 2, None, (), 0.0),
        (1, 1, 1, 1, None, (), 0.0),
        (3, 2, 2, 3, "W_x", "least", -5e-6),
        (5, 4, 2, 4, "b_x", "largest", 2e-5),
    ]
]
check(
    find_planted_error,
    reference_find_planted_error,
    hidden,
    outputs="{{found.outputs}}",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="find_planted_error"
r"""
signed difference: an entry that is too small was not found: compare by absolute value
~ error = abs( => error = (
biases not looked at: an error in a bias was not found: all four arrays are weights
~ params._asdict().items() => [*params._asdict().items()][:2]
sign kept, the other way round: an entry that is too large was not found: compare by absolute value
-         error = abs(
-             to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
-         )
+         error = numerical_gradient(loss, w) - to_numpy(getattr(d_params, name))
flat index: the index counts all entries in one row; W_h has two axes, so its index has two numbers
~ np.unravel_index(error.argmax(), error.shape) => (error.argmax(),)
last step only: the loss was taken from the last step only, so that right gradients look wrong; it sums over all steps
~ (d_y * y) => (d_y * y)[-1]
d_y not used: the loss is the sum of d_y * y, not of y: with another loss, right gradients look wrong
~ (d_y * y) => y
state always zero at the start: the network was run from a state of zeros instead of the given one
~ x, state) => x, (0 * state[0],))
rounding taken for an error [hidden]: finite differences are never exact: a difference of 1e-9 is rounding, so a right gradient was called wrong
~ error.max() > 1e-5 => error.max() > 0
step too large: the weights were moved so far that the loss is no longer a straight line there; keep the step near 1e-6
~ numerical_gradient(loss, w) => numerical_gradient(loss, w, 0.3)
first entry: the weight is right, but the index is that of its first entry, not of the largest error
~ error.argmax() => 0
smallest error [hidden]: your index is that of the smallest error; the wrong entry has the largest
~ error.argmax() => error.argmin()
columns counted first: your index counts down the columns; argmax counts along the rows
~ error.shape) => error.shape, order="F")
shape turned: your index was made with the shape of the transposed weight
~ error.shape) => error.T.shape)
index turned: your index has the column before the row
~ return {{found.it}} => return {{found.turned}}
mean for a sum: your loss is the mean of d_y * y; it is their sum
~ float((d_y * y).sum()) => float((d_y * y).mean())
relative error: you judged errors relative to the gradient; an entry is wrong when it is off by more than 1e-5, however large it is
-         if error.max() > 1e-5:
+         error = error / abs(numerical_gradient(loss, w))
+         if error.max() > 1e-5:
limit too small: an entry that is off by less than 1e-5 was called wrong
~ error.max() > 1e-5 => error.max() > 1e-6
limit too large: an entry that is off by 2e-5 was not found, and larger errors were: the limit is 1e-5 for every entry, and no share of the gradient is added to it (np.isclose adds one, rtol)
~ error.max() > 1e-5 => error.max() > 1e-3
limit far too large: an entry that is off by 0.012 was not found, and larger errors were: the limit is 1e-5
~ error.max() > 1e-5 => error.max() > 0.05
limit of a tenth or more: an entry that is off by 0.12 was not found, and larger errors were: the limit is 1e-5
~ error.max() > 1e-5 => error.max() > 0.2
first weight alone: errors in W_x alone were found: the loop has to go on to the other three arrays, and to return None behind them
~ params._asdict().items() => [*params._asdict().items()][:1]
one matrix alone: errors in W_h alone were found: all four arrays are weights
~ params._asdict().items() => [*params._asdict().items()][1:2]
last bias not looked at: an error in b_h was not found, one in b_x was: they are two arrays, and each may be wrong
~ params._asdict().items() => [*params._asdict().items()][:3]
square of y: your loss has the square of y; it is the sum of d_y * y
~ (d_y * y) => (d_y * y**2)
largest gradient: your index is that of the largest gradient; it is that of the largest error
~ np.unravel_index(error.argmax(), error.shape) => np.unravel_index(abs(numerical_gradient(loss, w)).argmax(), error.shape)
counted from one: your index counts from one; Python counts from zero
~ return {{found.it}} => return {{found.one}}
a difference to one side [hidden]: the difference to one side is too coarse: it is off by about the step, and right gradients look wrong; move the weight both ways, and divide by twice the step
-         error = abs(
-             to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
-         )
+         numbers, start = np.zeros(tuple(w.shape)), loss(w)
+         for at in np.ndindex(*numbers.shape):
+             moved = w + 0
+             moved[at] += 1e-4
+             numbers[at] = (loss(moved) - start) / 1e-4
+         error = abs(to_numpy(getattr(d_params, name)) - numbers)
step of a hundredth: the weights were moved so far that the loss is no longer a straight line there; keep the step near 1e-6
~ numerical_gradient(loss, w) => numerical_gradient(loss, w, 1e-2)
moved and put back [arguments]: the weights were moved in place and put back only up to rounding
-         def loss(moved, name=name):
+         w += 0.1
+         w -= 0.1
+         def loss(moved, name=name):
"""

# %% [markdown]
# ## Task 5, closed book: `bptt` (5 points)
#
# *Core, about 25 minutes.*
#
# Close the chapter. Rebuild the loop that runs any cell backward, under its own name. What you need to remember is in the table at the top of this notebook, and in the shapes below.
#
# A cell's vjp takes `(d_state, cache)` and returns `d_a_x, d_a_h, d_state`. The state is a tuple: `(h,)`, or `(h, c)` for cells that come later; your loop must serve both. The first part of
# the state it returns is what went past $W_h$ (0.0 where nothing does).
#
# <details><summary>Hint 1</summary>
#
# Two loops meet in one: d_h collects from y_t, the cell turns it into d_a_x and d_a_h, and W_h carries d_a_h to the step before.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `d_h, *d_memory = d_state` takes the state apart, whatever its length. The cell gets `((d_h + d_y[t, ...], *d_memory), tape.caches[t])`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)`. Keep every step's d_a_x and d_a_h, in the order of time, and stack them after the loop. `tape.h_before` is a list of the states that the steps read.
# </details>


# %% solution="bptt" closed_book=true
def bptt(cell_vjp, params, tape, d_y, d_state):
    """Backpropagation through time, for any cell.

    Shapes: d_y (T, B, H); d_state ((B, H), ...)
        -> d_params; d_x (T, B, D); d_state ((B, H), ...)
    """
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    ### BEGIN SOLUTION
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    ### END SOLUTION
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state


# %% [markdown]
# Try it: the same gradient as the book's.

# %%
rng = np.random.default_rng(0)
params = move(init_params(rng, 2, 3))
x, d_y = move(rng.normal(size=(4, 2, 2))), move(rng.normal(size=(4, 2, 3)))
state = (move(rng.normal(size=(2, 3))),)
_, _, tape = unroll(rnn_cell, params, x, state)
zero = (0 * state[0],)
theirs, _, _ = book_bptt(rnn_cell_vjp, params, tape, d_y, zero)
mine, _, _ = bptt(rnn_cell_vjp, params, tape, d_y, zero)
print("largest difference:", float(abs(mine.W_h - theirs.W_h).max()))

# %% test="bptt" points=5 explained="ch03_bptt: From numbers to arrays"
import numpy as np

from rnncore.bptt import bptt as book_bptt
from rnncore.bptt import rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1, sizes=1)

OUTPUTS = "d_params, d_x, d_state"
CELLS = [
    (rnn_cell, rnn_cell_vjp, 1, 1),  # gates, parts of the state
    (lstm_cell, lstm_cell_vjp, 4, 2),  # chapter 6: a second part
    (gru_cell, gru_cell_vjp, 3, 1),  # chapter 7: a way past W_h
]


def taped(rng, T, B, D, H, which, dtype="float64"):
    """Arguments of bptt, from a run of one of the cells."""
    move = mover(device)
    cell, vjp, G, parts = CELLS[which]
    params = move(init_params(rng, D, H, G), dtype)
    x = move(rng.normal(size=(T, B, D)), dtype)
    state = move(tuple(rng.normal(size=(parts, B, H))), dtype)
    _, _, tape = unroll(cell, params, x, state)
    d_y = move(rng.normal(size=(T, B, H)), dtype)
    d_state = move(tuple(rng.normal(size=(parts, B, H))), dtype)
    return dict(
        cell_vjp=vjp, params=params, tape=tape, d_y=d_y, d_state=d_state
    )


rng = np.random.default_rng(4)
visible = [taped(rng, 4, 3, 5, 2, which) for which in (0, 1, 2)]
check(bptt, stored("bptt"), visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    taped(rng, T, B, D, H, which, dtype)
    for T, B, D, H in [(1, 1, 1, 1), (5, 2, 3, 4), (7, 4, 1, 2)]
    for which in (0, 1, 2)
    for dtype in ("float64", "float32")
]
check(bptt, book_bptt, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="bptt"
r"""
recurrent term dropped: this is what you get when d_h does not go back through W_h
~ d_a_h_t @ params.W_h + d_past => d_past + 0 * d_h
W_h transposed: forward multiplies by W_h.T, so backward multiplies by W_h itself, not by W_h.T
~ @ params.W_h + => @ params.W_h.T +
path past dropped: what the cell returns for h in its third result went past W_h, and must be added to what came through it
~ params.W_h + d_past => params.W_h
memory dropped: the gradient of the second part of the state (c) did not reach the step before: pass on what the cell returned
~ + d_past, *d_memory) => + d_past, *(0 * m for m in d_memory))
last step only: this is what you get when the upstream gradient of h is dropped at every step but the last
~ d_h = d_h + d_y[t, ...] => d_h = d_h + (t == d_y.shape[0] - 1) * d_y[t, ...]
later steps forgotten: what comes from step t+1 was overwritten by d_y[t]; the two must be added
~ d_h = d_h + d_y[t, ...] => d_h = d_y[t, ...]
a step counted twice: d_y[t] was added before the cell and once more after it
~ params.W_h + d_past => params.W_h + d_past + d_y[t, ...]
upstream in place [arguments]: `d_h += ...` changed the caller's d_state; write d_h = d_h + ...
~ d_h = d_h + d_y[t, ...] => d_h += d_y[t, ...]
last state's gradient ignored: the gradient of the last state, d_state, was never used: it is where the loop begins
-     for t in reversed(range(d_y.shape[0])):
+     d_state = tuple(0 * d for d in d_state)
+     for t in reversed(range(d_y.shape[0])):
forward in time: the loop ran from the first step to the last; a gradient comes from the future
~ in reversed(range(d_y.shape[0])): => in range(d_y.shape[0]):
not turned round: the d_a were gathered from the last step to the first and stacked in that order; turn them round first
-         d_a_x.insert(0, d_a_x_t)
-         d_a_h.insert(0, d_a_h_t)
+         d_a_x.append(d_a_x_t)
+         d_a_h.append(d_a_h_t)
gradient averaged over steps: d_W_h was divided by T; shared gradients add up, they are not averaged
~ rows(d_a_h).T @ rows(xp.stack(tape.h_before)) => rows(d_a_h).T @ rows(xp.stack(tape.h_before)) / len(tape.caches)
weights of their own: this is d_W_h of the first step alone, as if each step had weights of its own; sum over all steps
~ rows(d_a_h).T @ rows(xp.stack(tape.h_before)) => d_a_h[0, ...].T @ tape.h_before[0]
one gradient for both products: d_W_h was made from d_a_x; in a cell that treats its two products differently, d_a_h is another array
~ d_W_h = rows(d_a_h).T => d_W_h = rows(d_a_x).T
d_a_x through W_h: in your d_h stands d_a_x; the state went through a_h, so d_a_h goes back through W_h
~ d_state = (d_a_h_t @ params.W_h => d_state = (d_a_x_t @ params.W_h
d_a_h for W_x: your d_W_x was made from d_a_h; W_x made a_x
~ d_W_x = rows(d_a_x).T => d_W_x = rows(d_a_h).T
d_a_h alone not turned round: your d_a_h stand from the last step to the first, and your d_a_x in the order of time
~ d_a_h.insert(0, d_a_h_t) => d_a_h.append(d_a_h_t)
averaged over the batch: your d_W_x was divided by the batch; shared gradients add up
~ @ rows(tape.x) => @ rows(tape.x) / d_y.shape[1]
averaged over the steps, W_x: your d_W_x was divided by T; shared gradients add up
~ @ rows(tape.x) => @ rows(tape.x) / d_y.shape[0]
transposed: your d_W_h is the transpose: a gradient has its weight's shape, and d_a_h stands in its rows
~ rows(d_a_h).T @ rows(xp.stack(tape.h_before)) => rows(xp.stack(tape.h_before)).T @ rows(d_a_h)
states one step on: your d_W_h pairs d_a_h with the state of another step; step t read tape.h_before[t]
~ rows(xp.stack(tape.h_before)) => rows(xp.stack(tape.h_before[1:] + tape.h_before[:1]))
cache of the step before: your step t used the cache of another step; it is tape.caches[t]
~ tape.caches[t] => tape.caches[t - 1]
d_y from the other end: your step t added the d_y of the step as far from the other end
~ d_y[t, ...] => d_y[d_y.shape[0] - 1 - t, ...]
last step alone: your d_W_h is that of the last step alone; all steps share the weight
~ rows(d_a_h).T @ rows(xp.stack(tape.h_before)) => d_a_h[-1].T @ tape.h_before[-1]
d_h past every cell: you sent d_h past W_h as well; only what the cell returns in its third result goes past
~ + d_past, *d_memory) => + d_past + d_h, *d_memory)
d_y never added: your d_y was never used: at each step it is added to what comes from step t+1
~ d_h = d_h + d_y[t, ...] => d_h = d_h + 0 * d_y[t, ...]
forward in time, first to last: your loop ran from the first step to the last; a gradient comes back from the last
-     for t in reversed(range(d_y.shape[0])):
-         d_h, *d_memory = d_state
-         d_h = d_h + d_y[t, ...]
-         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
-             (d_h, *d_memory), tape.caches[t]
-         )
-         d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
-         d_a_x.insert(0, d_a_x_t)
-         d_a_h.insert(0, d_a_h_t)
+     for t in range(d_y.shape[0]):
+         d_h, *d_memory = d_state
+         d_h = d_h + d_y[t, ...]
+         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
+             (d_h, *d_memory), tape.caches[t]
+         )
+         d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
+         d_a_x.append(d_a_x_t)
+         d_a_h.append(d_a_h_t)
memory as it came: the gradient of the second part of the state (c) went back as it came; pass on what the cell returned for it
~ d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp( => d_a_x_t, d_a_h_t, (d_past, *_) = cell_vjp(
d_y for the memory too: you added d_y[t] to every part of the state; y is h, the first part
~             (d_h, *d_memory), tape.caches[t] =>             (d_h, *(m + d_y[t, ...] for m in d_memory)), tape.caches[t]
d_h past every cell, without d_y: you sent what came from step t+1 past W_h as well; only what the cell returns in its third result goes past
-         d_h = d_h + d_y[t, ...]
-         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
-             (d_h, *d_memory), tape.caches[t]
-         )
-         d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
+         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
+             (d_h + d_y[t, ...], *d_memory), tape.caches[t]
+         )
+         d_state = (d_a_h_t @ params.W_h + d_past + d_h, *d_memory)
later steps twice: what comes from step t+1 was added twice
~ d_h = d_h + d_y[t, ...] => d_h = 2 * d_h + d_y[t, ...]
clipped on the way: your d_h was cut off at -1 and 1 on its way back; it goes on as it is
~ d_state = (d_a_h_t @ params.W_h + d_past, *d_memory) => d_state = (xp.clip(d_a_h_t @ params.W_h + d_past, -1.0, 1.0), *d_memory)
states that came out: your d_W_h pairs d_a_h with the state that the step wrote, and the last with the one that it read; step t read tape.h_before[t]
~ rows(xp.stack(tape.h_before)) => rows(xp.stack([*tape.h_before[1:], tape.h_before[-1]]))
path past subtracted: you subtracted what the cell returns for h in its third result; it is added
~ params.W_h + d_past => params.W_h - d_past
last state's gradient at every step: the d_state that you were given was added at every step; the loop begins with it, and no more
-     for t in reversed(range(d_y.shape[0])):
-         d_h, *d_memory = d_state
-         d_h = d_h + d_y[t, ...]
+     given, T = d_state, d_y.shape[0]
+     for t in reversed(range(T)):
+         d_h, *d_memory = d_state
+         d_h = d_h + d_y[t, ...] + (given[0] if t < T - 1 else 0)
inputs turned round: your d_W_x pairs d_a_x with the inputs from the last to the first; both stand in the order of time
~ rows(tape.x) => rows(xp.flip(tape.x, axis=0))
d_y added late: your d_y[t] was added after the cell, to what goes on to step t - 1; it belongs to h_t, which is the cell's own
-         d_h = d_h + d_y[t, ...]
-         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
-             (d_h, *d_memory), tape.caches[t]
-         )
-         d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
+         d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
+             (d_h, *d_memory), tape.caches[t]
+         )
+         d_h = d_a_h_t @ params.W_h + d_past + d_y[t, ...]
+         d_state = (d_h, *d_memory)
caches from the first: each step got the cache of another one: going back, step t needs `tape.caches[t]`
~ tape.caches[t] => tape.caches[-1 - t]
d_y twice: the gradient of each output was added twice
~         d_h = d_h + d_y[t, ...] =>         d_h = d_h + 2 * d_y[t, ...]
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Extra, about 15 minutes.*
#
# `truncated_bptt(cell, cell_vjp, params, x, state, d_y, window)` of the chapter has seven wrong relatives. Each is one small edit away from it, each runs without an error, and each
# is a **box** that you cannot look into. (You could; then the puzzle is over.)
#
# Write `probes()`: a list of `(x, state, d_y, window)` on which the boxes give themselves away. The network has D = 2 inputs and H = 3 units, float64 NumPy arrays. Each box that some probe tells apart earns a part of three points; the fourth is for telling all of them apart with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# What does a box have to do with a probe for its mistake to stay unseen? A state of zeros hides an answer that forgets the state. A d_y of ones hides ...?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Think of sizes too: how many windows, and does the last one have to be full?
# </details>
#
# <details><summary>Hint 3</summary>
#
# Random numbers of both signs everywhere, a state other than zero, T = 5 with a window of 2: the last window is short.
# </details>


# %% solution="probes"
def probes():
    """A list of (x, state, d_y, window).

    Shapes: x (T, B, 2); state ((B, 3),); d_y (T, B, 3)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x, d_y = rng.normal(size=(5, 2, 2)), rng.normal(size=(5, 2, 3))
    return [(x, (rng.normal(size=(2, 3)),), d_y, 2)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
from rnncore.bptt import truncated_bptt

boxes = black_boxes("probes")
hasty = (np.ones((4, 1, 2)), (np.zeros((1, 3)),), np.ones((4, 1, 3)), 2)
weights = init_params(np.random.default_rng(0), 2, 3)
right, _ = truncated_bptt(rnn_cell, rnn_cell_vjp, weights, *hasty)
for name, box in boxes.items():
    wrong, _ = box(rnn_cell, rnn_cell_vjp, weights, *hasty)
    print(
        name,
        "looks right" if np.allclose(wrong.W_h, right.W_h) else "differs",
    )

# %% test="probes" points=4 explained="ch03_truncated: Windows"
import numpy as np

from rnncore.bptt import rnn_cell_vjp, truncated_bptt
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import black_boxes, hunt

weights = init_params(np.random.default_rng(0), 2, 3)


def with_weights(function):
    return lambda *probe: function(rnn_cell, rnn_cell_vjp, weights, *probe)


hunt(
    with_weights(truncated_bptt),
    {
        name: with_weights(box)
        for name, box in black_boxes("probes").items()
    },
    probes(),
    few=2,
    points=4,
)

# %% mutants="probes" of="rnncore.bptt.truncated_bptt"
r"""
reset taken for detach: each window starts from zeros: the state was reset where only its gradient should be cut
~ params, x[part, ...], state) => params, x[part, ...], tuple(xp.zeros_like(s) for s in state))
last, short window dropped: steps that do not fill a window are never seen
~ range(0, T, window) => range(0, max(T - window, 0) + 1, window)
averaged over windows: shared gradients averaged instead of added
~ *(a + b for a, b => *(a + b * min(1, window / T) for a, b
last window only: the gradients of earlier windows are overwritten
~ *(a + b for a, b => *(b for a, b
the first window's upstream for all: every window gets the upstream gradient of the first: unseen where all steps weigh alike
~ tape, d_y[part, ...], nothing => tape, d_y[: len(tape.caches), ...], nothing
a step counted twice: windows overlap by one step
~ min(start + window, T) => min(start + window + 1, T)
sign of the upstream lost: a negative upstream gradient pushes the wrong way: unseen where all are positive
~ tape, d_y[part, ...], nothing => tape, xp.abs(d_y[part, ...]), nothing
"""

# %% [markdown]
# ## Experiment: how far back does a gradient reach?
#
# *Extra, about 15 minutes, after Tasks 1 and 5.*
#
# A loss reads the **last** state only. Your vjp and your loop send its gradient back through 60 steps, through a plain cell and through the residual cell, with random weights
# $W_h$ of a chosen size (the *gain*: 1 gives a spectral radius of about one).
#
# **Predict**, before you run anything: with a gain of 0.5, how large is the gradient that arrives 50 steps back, in the plain and in the residual cell? Write one of the three words for each. Nothing is
# graded here; your words are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "plain": "",  # fades, stays, or grows
    "residual": "",  # fades, stays, or grows
}


# %% experiment
from ipywidgets import FloatSlider, IntSlider, interact


def reach(cell, cell_vjp, gain, T=60, H=32):
    """log10 of the norm of d_x_t, for a loss that reads the last state."""
    rng = np.random.default_rng(0)
    W_x, W_h = rng.normal(size=(2, H, H)) / H**0.5
    params = move(Params(W_x, gain * W_h, np.zeros(H), np.zeros(H)))
    x, h_0 = move(rng.normal(size=(T, 1, H))), move(np.zeros((1, H)))
    _, _, tape = unroll(cell, params, x, (h_0,))
    d_last = (move(rng.normal(size=(1, H))),)
    d_y = move(np.zeros((T, 1, H)))  # no output but the last state counts
    _, d_x, _ = bptt(cell_vjp, params, tape, d_y, d_last)
    norms = np.linalg.norm(to_numpy(d_x)[::-1, 0], axis=-1)
    return np.log10(np.maximum(norms, 1e-30))


def show(gain=0.5, T=60):
    print("You predicted", my_prediction)
    plot_lines(
        {
            "plain": reach(rnn_cell, rnn_cell_vjp, gain, T),
            "residual": reach(residual_cell, residual_cell_vjp, gain, T),
        },
        "steps back from the loss",
        "log10 of the gradient's norm",
        f"gain {gain}",
    )


gain = FloatSlider(0.5, min=0.0, max=2.0, step=0.1, description="gain")
T = IntSlider(60, min=10, max=120, step=10, description="steps")
shown = interact(show, gain=gain, T=T)

# %% [markdown]
# Move the gain. Where does the plain cell stop fading? What does the residual cell do at gain 0, and is that what you want of it? Why is its curve so jagged? (Its state is a sum of t numbers between -1 and 1. What does a
# large state, times W_h, do to the slope of the tanh of some steps, and why does that not stop the gradient on its way further back?) Chapter 5 measures such curves carefully; chapter 6 builds a cell around the way past.
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# At a gain of 0.5 the plain cell's gradient has fallen by twenty powers of ten after 50 steps, and the residual cell's stays within two. The plain cell stops fading at a gain of about 2, with this seed. At gain 0 the residual cell passes the whole gradient on and the network is deaf to its own state: it adds up its inputs and computes nothing with what it remembers. Its curve is jagged since its state is a sum and grows: times W_h it saturates the tanh of some steps, whose share of the gradient is then almost 0 at that step; the way past does not go through that tanh, so what comes from later steps goes on.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Extra, about 15 minutes.*
#
# A colleague trains with truncated BPTT: windows of 10 steps, the state carried from window to window. "So the network cannot remember anything for more than 10 steps," they say. In four to six sentences: what is right about
# that, what is wrong, and what would happen if they set the state to zeros at the start of each window instead?
#
# When your answer is saved, `make answer 3` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="truncation" points=2 explained="ch03_truncated: What truncation does not touch"
# Forward, nothing is cut: the state is carried, so a number that was written 100 steps ago can still be in it, and the outputs are those of the whole sequence. What is cut is the gradient: no weight is
# ever told that a change at step 5 would have helped the loss at step 25. So the network can remember for longer than a window (a latch, or what it learnt for short lags, may well hold on), but it is not taught
# to by any single gradient across a longer gap. With zeros at each window's start the memory itself is cut: nothing from before can be used at all, and at test time on longer runs the network sees states it never
# saw in training.
#
# Rubric: 1 point for "carried forward, gradient cut" (the state may hold what is older than a window; learning across a longer gap gets no gradient); 1 point for what the reset changes (forward memory itself is lost, reset is not detach).
# No point is lost for not naming the train/test difference.
