# %% [markdown]
# # Assignment 8: deeper and wider
#
# *The core takes about 115 minutes, all of it about 220 minutes, 34 points. Read both pages of chapter 8 first.*
#
# You will send a gradient down a stack of layers that has a way past each of them; read padded sequences from their own ends; let a forecaster read from both ends without a look at tomorrow; drop units on the way through time without erasing what is remembered; let units of an LSTM keep their value at random; and go backward
# through a cell whose two sums are normalised. With the book closed you will rebuild the wrapping that lets a cell stand still, and then hunt eight wrong versions of a network that reads from both ends.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T, B, D) | the input, time first |
# | $y$ | (T, B, H) | the outputs of a layer: its states $h_1 \dots h_T$ |
# | `lengths` | B numbers | sequence b has `lengths[b]` steps; what stands in x after them is padding |
# | `params` | (G·H, D), (G·H, H), (G·H,), (G·H,) | `W_x, W_h, b_x, b_h` of one layer |
# | `state` | a tuple of (B, H) | `(h,)`, or `(h, c)` for an LSTM |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# The layers come from the package: `unroll(cell, params, x, state)` returns y, the last state and a tape, and `bptt(cell_vjp, params, tape, d_y, d_state)` returns d_params, d_x and the gradient of the first state.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: a number is read by two readers. What is its gradient?</summary>
#
# The sum of what both send back.
# </details>
#
# <details><summary>Chapter 3: truncated BPTT carries the state from window to window. What does it not carry?</summary>
#
# The gradient. The number goes on; that it depends on the weights through earlier windows is forgotten.
# </details>

# %% parameters
sides = (
    {
        "both": "[y, xp.stack(right)]",
        "odd": "[xp.stack(right), y]",
        "text": "what the left reader has after $x_t$ and, beside it, what right reader t has when it arrives at $x_1$",
        "says": "the left reader's outputs come first",
    },
    {
        "both": "[xp.stack(right), y]",
        "odd": "[y, xp.stack(right)]",
        "text": "what right reader t has when it arrives at $x_1$ and, beside it, what the left reader has after $x_t$",
        "says": "what the right readers have comes first",
    },
)
draw = (
    {
        "text": "first $m_x$ for all sequences, then $m_h$",
        "one": "mask_x = draw_mask(rng, x, B, D, rate)",
        "two": "mask_h = draw_mask(rng, x, B, H, rate)",
        "hints": "`draw_mask(rng, x, B, D, rate)` and `draw_mask(rng, x, B, H, rate)`",
        "says": "m_h was drawn before m_x; the tests use the same generator, so draw m_x first",
        "before": "draw m_x once, before the loop, and before m_h",
        "order": "first m_x, then m_h",
    },
    {
        "text": "first $m_h$ for all sequences, then $m_x$",
        "one": "mask_h = draw_mask(rng, x, B, H, rate)",
        "two": "mask_x = draw_mask(rng, x, B, D, rate)",
        "hints": "`draw_mask(rng, x, B, H, rate)` and `draw_mask(rng, x, B, D, rate)`",
        "says": "m_x was drawn before m_h; the tests use the same generator, so draw m_h first",
        "before": "draw m_x once, before the loop, and after m_h",
        "order": "first m_h, then m_x",
    },
)
k = (
    {
        "text": "first for h, then for c",
        "read": "k_h, k_c = (k if isinstance(k, float) else k[t, ...] for k in holds)",
        "odd": "k_c, k_h = (k if isinstance(k, float) else k[t, ...] for k in holds)",
        "power": "k_h, k_c = (k ** (t + 1) if isinstance(k, float) else k[t, ...] for k in holds)",
        "array": "k_h, k_c = (k[t, ...] for k in holds)",
        "names": "k_h, k_c",
        "shares": "share_h, share_c",
        "h": "first",
        "c": "second",
        "at_h": "0",
        "at_c": "1",
        "n": "h never",
        "by_hand": "0.5, 0.25",
    },
    {
        "text": "first for c, then for h",
        "read": "k_c, k_h = (k if isinstance(k, float) else k[t, ...] for k in holds)",
        "odd": "k_h, k_c = (k if isinstance(k, float) else k[t, ...] for k in holds)",
        "power": "k_c, k_h = (k ** (t + 1) if isinstance(k, float) else k[t, ...] for k in holds)",
        "array": "k_c, k_h = (k[t, ...] for k in holds)",
        "names": "k_c, k_h",
        "shares": "share_c, share_h",
        "h": "second",
        "c": "first",
        "at_h": "1",
        "at_c": "0",
        "n": "c never",
        "by_hand": "0.25, 0.5",
    },
)
norm = (
    {
        "text": "a row is divided by its root mean square and by nothing else.",
        "tex": "\\tfrac1H \\textstyle\\sum_j",
        "e": 2.0,
        "of": "xp.mean(a * a, axis=-1, keepdims=True)",
        "nudge": "where the bar is the mean over the units",
        "of_n": "xp.mean(d_n * n, axis=-1, keepdims=True)",
        "odd": "xp.sum(d_n * n, axis=-1, keepdims=True)",
        "odd_name": "sum for the mean",
        "odd_says": "rho has a mean over the units, so what is taken out has a mean too, where you took a sum",
        "batch": "xp.mean(d_n * n, axis=0, keepdims=True)",
        "batch_says": "the mean was taken over the sequences; a row's rho is a mean over the units, the last axis",
        "all": "xp.mean(d_n * n)",
        "all_says": "the mean was taken over the whole batch",
        "eps": "the part along n was divided by the mean of n², so that all of it was taken out; rho has the eps in it, the mean of n² is a little less than 1, and a little of that part stays",
        "of_nn": "xp.mean(n * n, axis=-1, keepdims=True)",
        "a": "xp.mean(d_n * a, axis=-1, keepdims=True)",
        "a_says": "build it from n, whose mean square is about one",
        "alone": "xp.mean(d_n, axis=-1, keepdims=True)",
        "alone_name": "mean without the row",
        "alone_says": "the mean of d_n was multiplied by n; the mean is that of the products d_n n",
        "share": "take the mean of d_n n over the units",
        "over": "r * d_n * (1 - n * n / h.shape[1])",
        "over_name": "each unit alone, over H",
        "softmax": "r * n * (d_n - xp.sum(d_n * n, axis=-1, keepdims=True))",
        "softmax_says": "r (d_n - n times the mean of d_n n)",
        "nx": "xp.mean(n_x * n_x, axis=-1, keepdims=True)",
        "was": "its root mean square",
        "bar": "mean",
    },
    {
        "text": "a row is divided by its root mean square and by nothing else. Here not even the mean in it is left: a row is divided by its length, the root of its sum of squares.",
        "tex": "\\textstyle\\sum_j",
        "e": 0.8,
        "of": "xp.sum(a * a, axis=-1, keepdims=True)",
        "nudge": "where the bar is the sum over the units",
        "of_n": "xp.sum(d_n * n, axis=-1, keepdims=True)",
        "odd": "xp.mean(d_n * n, axis=-1, keepdims=True)",
        "odd_name": "mean for the sum",
        "odd_says": "rho has a sum over the units, so what is taken out has a sum too, where you took a mean",
        "batch": "xp.sum(d_n * n, axis=0, keepdims=True)",
        "batch_says": "the sum was taken over the sequences; a row's rho is a sum over the units, the last axis",
        "all": "xp.sum(d_n * n)",
        "all_says": "the sum was taken over the whole batch",
        "eps": "the part along n was divided by the sum of n², so that all of it was taken out; rho has the eps in it, the sum of n² is a little less than 1, and a little of that part stays",
        "of_nn": "xp.sum(n * n, axis=-1, keepdims=True)",
        "a": "xp.sum(d_n * a, axis=-1, keepdims=True)",
        "a_says": "build it from n, whose sum of squares is about one",
        "alone": "xp.sum(d_n, axis=-1, keepdims=True)",
        "alone_name": "sum without the row",
        "alone_says": "the sum of d_n was multiplied by n; the sum is that of the products d_n n",
        "share": "take the sum of d_n n over the units",
        "over": "r * d_n * (1 - n * n * h.shape[1])",
        "over_name": "each unit alone, times H",
        "softmax": "r * n * (d_n - xp.mean(d_n * n, axis=-1, keepdims=True))",
        "softmax_says": "r (d_n - n times the sum of d_n n)",
        "nx": "xp.sum(n_x * n_x, axis=-1, keepdims=True)",
        "was": "its length",
        "bar": "sum",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import numpy as np

from rnncore.backend import array_namespace, from_numpy, to_numpy
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.display import plot_lines
from rnncore.layers import variational_dropout_mask
from rnncore.lstm import lstm_cell
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two layers by hand
#
# One unit a layer, no tanh, no bias, one step, states of zero. The first layer makes $y_1 = 2x$, the second adds what it makes of that: $y_2 = y_1 + 3\,y_1$. With $x = 1$ the output is 8. The loss is $y_2$. Work out $\mathrm{d}x$ on paper:
# how much arrives at $y_1$, and from which two readers?

# %%
d_y2 = 1.0
d_y1 = 3 * d_y2 + d_y2  # through the second layer, and past it
d_x = 2 * d_y1
print("d_x =", d_x, " by hand: 2 (3 + 1) =", 8.0)

# %% [markdown]
# Now a third layer on top, $y_3 = y_2 + 0.5\,y_2$, and the loss is $y_3$. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_y2 = 0.5 * d_y3 + d_y3`: the third layer and the way past it.
# </details>

# %%
d_y3 = 1.0
# (the missing line)
d_y1 = 3 * d_y2 + d_y2
print("d_x =", 2 * d_y1, " by hand: 2 (3 + 1) (0.5 + 1) =", 12.0)

# %% [markdown]
# ## Task 1: down a residual stack (4 points)
#
# *Core, about 25 minutes.*
#
# A **residual stack** adds to each layer's outputs what the layer has read. Only the lowest layer, whose input has another width, has no way past it:
#
# $$y^{(1)} = \text{layer}_1(x), \qquad y^{(k)} = y^{(k-1)} + \text{layer}_k(y^{(k-1)}) \quad \text{for } k = 2, 3, \dots$$
#
# The way up is given. Write the way down: the gradients of all layers' weights and first states, the lowest layer first, and that of x. What comes in is `d_y`, the gradient of the top's outputs, and `d_states`, that of each layer's last state, the lowest layer first.
#
# <details><summary>Hint 1</summary>
#
# Walk from the top layer to the bottom. `bptt` turns a layer's d_y into its d_x, which belongs to the y of the layer below. Who else has read that y?
# </details>
#
# <details><summary>Hint 2</summary>
#
# For every layer but the lowest, d_y of the layer below is `d_x + d_y`: through the layer and past it. For the lowest it is `d_x` alone, and that is the answer for x.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `for k in reversed(range(len(params))):` then `d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])`. `d_params.insert(0, d_layer)` keeps the order of the layers.
# </details>


# %%
def residual_stack(cell, params, x, states):
    """The way up: outputs, last states and tapes, the lowest layer first."""
    y, last, tapes = x, [], []
    for k, (layer, state) in enumerate(zip(params, states, strict=True)):
        up, state, tape = unroll(cell, layer, y, state)
        y = y + up if k else up
        last.append(state)
        tapes.append(tape)
    return y, last, tapes


# %% solution="residual_stack_bptt"
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    """Backward through `residual_stack`.

    Shapes: d_y (T, B, H)
        -> d_params, one per layer; d_x (T, B, D); d_states, one per layer
    """
    d_params, d_first = [], []
    ### BEGIN SOLUTION
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(
            cell_vjp, params[k], tapes[k], d_y, d_states[k]
        )
        d_y = d_x + d_y if k > 0 else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first
    ### END SOLUTION


# %% [markdown]
# Try it: three layers whose weights are all zero. What the layers make of their input is zero, and so is what comes back through them; but the way past layers 2 and 3 is open.

# %%
layers = [init_params(np.random.default_rng(0), D, 3) for D in (2, 3, 3)]
layers = move([Params(*(0 * w for w in p)) for p in layers])
zeros = [(move(np.zeros((1, 3))),)] * 3
_, _, tapes = residual_stack(
    rnn_cell, layers, move(np.ones((4, 1, 2))), zeros
)
d_layers, _, _ = residual_stack_bptt(
    rnn_cell_vjp, layers, tapes, move(np.ones((4, 1, 3))), zeros
)
print("d_b_x of the lowest layer:", to_numpy(d_layers[0].b_x))

# %% test="residual_stack_bptt" points=4 explained="ch08_deeper: Stacked layers"
import numpy as np

from rnncore.bptt import rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
CELLS = [
    (rnn_cell, rnn_cell_vjp, 1, 1),  # gates, parts of the state
    (lstm_cell, lstm_cell_vjp, 4, 2),
    (gru_cell, gru_cell_vjp, 3, 1),
]


def climbed(rng, T, B, D, H, layers, which, dtype="float64"):
    """Arguments of residual_stack_bptt, from a run of one of the cells."""
    cell, vjp, G, parts = CELLS[which]
    widths = [D] + [H] * (layers - 1)
    params = move([init_params(rng, w, H, G) for w in widths], dtype)
    x = move(rng.normal(size=(T, B, D)), dtype)
    states, d_states = (
        [
            move(tuple(rng.normal(size=(parts, B, H))), dtype)
            for _ in range(layers)
        ]
        for _ in range(2)
    )
    _, _, tapes = residual_stack(cell, params, x, states)
    d_y = move(rng.normal(size=(T, B, H)), dtype)
    return dict(
        cell_vjp=vjp, params=params, tapes=tapes, d_y=d_y, d_states=d_states
    )


rng = np.random.default_rng(1)
visible = [climbed(rng, 4, 3, 2, 2, 3, which) for which in (0, 1)]
visible.append(climbed(rng, 3, 2, 3, 2, 2, 0))  # D is not H
check(
    residual_stack_bptt,
    stored("residual_stack_bptt"),
    visible,
    outputs="d_params, d_x, d_states",
    by=properties,
)
# weights of zero: d_b_x of the lowest layer is the sum of d_y
quiet = climbed(np.random.default_rng(2), 4, 3, 2, 2, 3, 0)
quiet["params"] = [p._replace(W_x=0 * p.W_x) for p in quiet["params"]]
quiet["params"] = [
    p._replace(W_h=0 * p.W_h, b_x=0 * p.b_x, b_h=0 * p.b_h)
    for p in quiet["params"]
]
states = [(0 * d[0],) for d in quiet["d_states"]]
x = quiet["tapes"][0].x
_, _, tapes = residual_stack(rnn_cell, quiet["params"], x, states)
total = quiet["d_y"].sum(0).sum(0)
d_params, _, _ = residual_stack_bptt(
    rnn_cell_vjp, quiet["params"], tapes, quiet["d_y"], states
)
assert_close("d_b_x of the lowest of three zero layers", d_params[0].b_x,
             total)  # fmt: skip
### BEGIN HIDDEN TESTS
from copy import deepcopy

from rnncore.testing import assert_gradient, hidden_rng

rng = hidden_rng()
hidden = [
    climbed(rng, T, B, D, H, layers, which, dtype)
    for T, B, D, H, layers in [
        (1, 1, 1, 1, 1),
        (5, 2, 3, 4, 2),
        (3, 4, 2, 3, 4),
    ]
    for which in (0, 1, 2)
    for dtype in ("float64", "float32")
]
check(
    residual_stack_bptt,
    reference_residual_stack_bptt,
    hidden,
    outputs="d_params, d_x, d_states",
    by=properties,
)

args = climbed(rng, 4, 2, 3, 2, 3, 0)
x = args["tapes"][0].x
states = [(move(rng.normal(size=(2, 2))),) for _ in range(3)]
_, _, args["tapes"] = reference_residual_stack(
    rnn_cell, args["params"], x, states
)


def loss(x):
    y, last, _ = reference_residual_stack(
        rnn_cell, args["params"], x, states
    )
    ends = zip(last, args["d_states"], strict=True)
    rest = sum((s[0] * d[0]).sum() for s, d in ends)
    return float((y * args["d_y"]).sum() + rest)


_, d_x, _ = residual_stack_bptt(**deepcopy(args))
assert_gradient(loss, x, d_x, "d_x")
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="residual_stack_bptt"
r"""
way past dropped: this is what you get when the gradient goes through every layer and never past one; y of the layer below has two readers
~ d_y = d_x + d_y if k > 0 else d_x => d_y = d_x
way past only: what came back through the layer, d_x, was not added to what went past it
~ d_y = d_x + d_y if k > 0 else d_x => d_y = d_y if k > 0 else d_x
past the lowest layer too: the lowest layer has no way past it: x is read by that layer alone (with D other than H it could not even be added)
~ d_y = d_x + d_y if k > 0 else d_x => d_y = d_x + d_y
averaged: the two gradients were averaged; where a value has two readers, what they send back is added
~ d_x + d_y if k > 0 => (d_x + d_y) / 2 if k > 0
weights from the top: d_params begins with the top layer; it must have the order of params, the lowest first
~ d_params.insert(0, d_layer) => d_params.append(d_layer)
states from the top: d_states begins with the top layer; it must have the order of the layers, the lowest first
~ d_first.insert(0, d_state) => d_first.append(d_state)
last states ignored: the gradients of the layers' last states, d_states, were never used
~ d_y, d_states[k] => d_y, tuple(0 * d for d in d_states[k])
states from the other end: each layer got the d_state of another one: d_states[k] belongs to params[k]
~ d_y, d_states[k] => d_y, d_states[-1 - k]
the top's state for all: every layer got the d_state of the top one; each has its own
~ d_y, d_states[k] => d_y, d_states[-1]
upstream in place [arguments]: the numbers are right, but `d_y += ...` changed the caller's d_y
-         d_y = d_x + d_y if k > 0 else d_x
+         if k > 0:
+             d_y += d_x
+         d_y = d_y if k > 0 else d_x
all from the top: weights and states begin with the top layer; both must have the order of params, the lowest first
-         d_params.insert(0, d_layer)
-         d_first.insert(0, d_state)
+         d_params.append(d_layer)
+         d_first.append(d_state)
the top's outputs for all: each layer got the loss's own d_y past it; what goes past a layer is the d_y that arrived at its outputs
-         d_y = d_x + d_y if k > 0 else d_x
+         d_top = d_y if k == len(params) - 1 else d_top
+         d_y = d_x + d_top if k > 0 else d_x
one state of the lowest for all: every layer got the d_state of the lowest one; each has its own
~ d_y, d_states[k] => d_y, d_states[0]
multiplied: what came through the layer and what went past it were multiplied; where a value has two readers, what they send back is added
~ d_x + d_y if k > 0 => d_x * d_y if k > 0
taken off: what came through the layer was taken off what went past it; the two are added
~ d_x + d_y if k > 0 => d_y - d_x if k > 0
no way past the top: the top layer has a way past it too: every layer but the lowest has one
~ if k > 0 else d_x => if 0 < k < len(params) - 1 else d_x
no way past the second: the second layer has a way past it too: every layer but the lowest has one
~ if k > 0 else d_x => if k > 1 else d_x
state handed to the layer below: the gradient of a layer's first state was given to the layer below as that of its last; each layer has one of its own in d_states
-     for k in reversed(range(len(params))):
-         d_layer, d_x, d_state = bptt(
-             cell_vjp, params[k], tapes[k], d_y, d_states[k]
+     d_state = d_states[-1]
+     for k in reversed(range(len(params))):
+         d_layer, d_x, d_state = bptt(
+             cell_vjp, params[k], tapes[k], d_y, d_state
outputs of the lowest returned: weights and states are right; d_x is the gradient of the lowest layer's outputs, and must go on through that layer
~ d_y = d_x + d_y if k > 0 else d_x => d_y = d_x + d_y if k > 0 else d_y
last states returned: the d_states that came in were returned; the gradients of the first states are what bptt gives
~ d_first.insert(0, d_state) => d_first.insert(0, d_states[k])
no way past and order: two things: the gradient never goes past a layer, and weights and states begin with the top one
-         d_y = d_x + d_y if k > 0 else d_x
-         d_params.insert(0, d_layer)
-         d_first.insert(0, d_state)
+         d_y = d_x
+         d_params.append(d_layer)
+         d_first.append(d_state)
past the lowest and one state: two things: the lowest layer has no way past it, and each layer has a d_state of its own, not that of the top
-             cell_vjp, params[k], tapes[k], d_y, d_states[k]
-         )
-         d_y = d_x + d_y if k > 0 else d_x
+             cell_vjp, params[k], tapes[k], d_y, d_states[-1]
+         )
+         d_y = d_x + d_y
all above added: at each layer the loss's own d_y was added once more; the outputs of the layer below get d_x, through the layer, and the d_y that arrived, past it, and nothing else
- d_y = d_x + d_y if k > 0 else d_x
+ d_top = d_y if k == len(params) - 1 else d_top
+         d_y = d_y + d_x + d_top if k > 0 else d_x
tapes from the other end: each layer got the tape of another one: tapes[k] belongs to params[k]
~ tapes[k] => tapes[-1 - k]
from the bottom up: the loop began at the lowest layer; d_y is the gradient of the top one's outputs, so begin there
-     for k in reversed(range(len(params))):
-         d_layer, d_x, d_state = bptt(
-             cell_vjp, params[k], tapes[k], d_y, d_states[k]
-         )
-         d_y = d_x + d_y if k > 0 else d_x
-         d_params.insert(0, d_layer)
-         d_first.insert(0, d_state)
+     for k in range(len(params)):
+         d_layer, d_x, d_state = bptt(
+             cell_vjp, params[k], tapes[k], d_y, d_states[k]
+         )
+         d_y = d_x + d_y if k > 0 else d_x
+         d_params.append(d_layer)
+         d_first.append(d_state)
"""

# %% [markdown]
# ## Task 2: from its own end (5 points)
#
# *Core, about 30 minutes.*
#
# The chapter turns a padded batch round as a block and lets sequences begin late. Do it the other way: turn **each sequence round within its own length**, so that the padding stays behind it; run the plain `unroll`; and turn
# the outputs round again in the same way, so that $y_t$ stands where $x_t$ does.
#
# Return y, with zeros where there is padding, and for each sequence its last state: the one after $x_1$, which it reads last. No number in the padding may reach either.
#
# <details><summary>Hint 1</summary>
#
# Write an inner function that turns every sequence of an array (T, B, anything) round within its length and leaves zeros behind it. You need it twice. With lengths 4 and 2: steps 0 1 2 3 become 3 2 1 0, and 0 1 become 1 0.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `out = xp.zeros_like(a)`, then for b and n in `enumerate(lengths)`: `out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)`. A new array may be written to; an argument may not.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The state that `unroll` returns has walked on through the padding; do not use it. After the outputs have been turned round again, where in y is the state of the sequence's last *read* step, the one at its first letter?
# </details>


# %% solution="read_from_the_end"
def read_from_the_end(cell, params, x, h_0, lengths):
    """A layer that reads each sequence from its own end; state (h,).

    Shapes: x (T, B, D); h_0 (B, H) -> y (T, B, H); h (B, H)
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION

    def turn(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, _, _ = unroll(cell, params, turn(x), (h_0,))
    y = turn(y)
    return y, y[0, ...]
    ### END SOLUTION


# %% [markdown]
# Try it: a network that counts. With $W_h = 1$, $W_x = 1$ and small inputs, tanh is nearly the identity, and y is the sum of all inputs from $x_t$ to the end.

# %%
adds = Params(*move(tuple(np.ones(s) for s in [(1, 1), (1, 1), 1, 1])))
adds = adds._replace(b_x=0 * adds.b_x, b_h=0 * adds.b_h)
x = move(np.array([[[1.0], [1.0]], [[2.0], [99.0]], [[4.0], [99.0]]]) / 1e3)
y, h = read_from_the_end(rnn_cell, adds, x, move(np.zeros((2, 1))), [3, 1])
print("1000 y, one row per sequence:", to_numpy(1e3 * y)[..., 0].T.round(2))

# %% test="read_from_the_end" points=5 explained="ch08_deeper: From both ends"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.gru import gru_cell
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, h"


def padded(rng, T, B, D, H, gru=False):
    """A batch of unsorted lengths, with noise in the padding."""
    lengths = [int(n) for n in rng.permutation(T - np.arange(B) % T)]
    return dict(
        cell=gru_cell if gru else rnn_cell,
        params=init_params(rng, D, H, 3 if gru else 1),
        x=rng.normal(size=(T, B, D)),
        h_0=rng.normal(size=(B, H)),
        lengths=lengths,
    )


visible = move(padded(np.random.default_rng(3), 5, 3, 2, 2))
visible["lengths"] = [3, 4, 2]  # neither sorted nor as long as x
wide = move(padded(np.random.default_rng(5), 4, 3, 3, 2))  # D is not H
check(
    read_from_the_end,
    stored("read_from_the_end"),
    [visible, wide],
    outputs=OUTPUTS,
    by=properties,
)
# a single step: y is one step of the cell, whatever stands behind it
one = move(padded(np.random.default_rng(4), 3, 1, 2, 2)) | {"lengths": [1]}
with properties("sizes"):
    y, h = read_from_the_end(**one)
    p = one["params"]
    a = one["x"][0] @ p.W_x.T + p.b_x + one["h_0"] @ p.W_h.T + p.b_h
    assert_close(
        "y[0] of a sequence of one step", y[0], np.tanh(to_numpy(a))
    )
    assert_close("the padding of y", y[1:], np.zeros((2, 1, 2)))
check_independent(read_from_the_end, visible, {"x": 1, "h_0": 0})
### BEGIN HIDDEN TESTS
from rnncore.layers import bidirectional
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    padded,
    [
        (T, B, D, H, gru)
        for T, B, D, H in [
            (1, 1, 1, 1),
            (5, 3, 2, 4),
            (7, 4, 3, 2),
            (2, 6, 1, 3),
        ]
        for gru in (False, True)
    ],
    device,
    rng=rng,
)
for one in hidden_inputs(padded, [(5, 3, 2, 4)], device, rng=rng):
    hidden.append(one | {"lengths": [3, 1, 4]})  # none as long as x
check(
    read_from_the_end,
    reference_read_from_the_end,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

# the right half of the chapter's layer is the same thing
args = move(padded(rng, 6, 4, 2, 3))
states = ((args["h_0"],), (args["h_0"],))
y, (_, (h,)), _ = bidirectional(
    rnn_cell, (args["params"],) * 2, args["x"], states, args["lengths"]
)
got_y, got_h = read_from_the_end(**args)
assert_close("y beside the chapter's", got_y, y[..., 3:], 1e-6)
assert_close("h beside the chapter's", got_h, h, 1e-6)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="read_from_the_end"
r"""
outputs not turned round again: the outputs were not re-aligned: y[0] stands beside x[0], but it is the output for the sequence's last step
-     y = turn(y)
-     return y, y[0, ...]
+     return y, turn(y)[0, ...]
outputs turned round as a block: the reverse direction was not re-aligned under padding: y was turned round as a block, so a short sequence's outputs lie at the end, beside its padding
-     y = turn(y)
-     return y, y[0, ...]
+     return xp.flip(y, axis=0), turn(y)[0, ...]
whole block turned round: x was turned round as a block, so that short sequences read their padding first, and then begin from a state that is no longer h_0
~ turn(x), (h_0,)) => xp.flip(x, axis=0), (h_0,))
y[-1] taken for the last state: y[-1] is not the last state: this layer reads from the end, so it has read everything at y[0]
~ return y, y[0, ...] => return y, y[-1, ...]
last state after the padding: the state was taken after the loop's last step, where short sequences have walked on through their padding
-     y = turn(y)
-     return y, y[0, ...]
+     return turn(y), y[-1, ...]
read from the left: x was read from its first step; turn each sequence round before the loop, too
~ turn(x), (h_0,)) => x, (h_0,))
state always zero at the start: the layer began at zeros instead of h_0
~ turn(x), (h_0,)) => turn(x), (0 * h_0,))
off by one: each sequence was shifted by one step on its way
~ a[:n, b, ...], axis=0) => xp.roll(a[:n, b, ...], 1, axis=0), axis=0)
padding not silenced: y is not zero in the padding: states that walked on stand there
~ out = xp.zeros_like(a) => out = xp.asarray(a, copy=True)
turned round as a block, and back: x and y were turned round as whole blocks: the reverse direction was not re-aligned under padding, so short sequences read their padding first
-         for b, n in enumerate(lengths):
-             out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
+         out[...] = xp.flip(a, axis=0)
nothing turned back: the outputs were not re-aligned: y[0] still belongs to each sequence's last step, and so does the state that was read there
-     y = turn(y)
-     return y, y[0, ...]
+     return y, y[0, ...]
features turned round: the features were turned round, and not the steps: flip axis 0 of a sequence, which is time
~ xp.flip(a[:n, b, ...], axis=0) => xp.flip(a[:n, b, ...], axis=-1)
state at the last step: the state was taken at each sequence's last step, where the reader has only begun; it has read the first step at y[0]
~ return y, y[0, ...] => return y, xp.stack([y[n - 1, b, ...] for b, n in enumerate(lengths)])
padding in front: the sequences were put behind their padding, so that y stands beside other steps than x
~ out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0) => out[a.shape[0] - n :, b, ...] = xp.flip(a[:n, b, ...], axis=0)
column turned, then cut: the whole column was turned round and then cut: its first steps are the padding; cut to n steps first
~ xp.flip(a[:n, b, ...], axis=0) => xp.flip(a[:, b, ...], axis=0)[:n, ...]
first step never read: only n - 1 steps of each sequence were turned round; a[:n] has all n
~ out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0) => out[: n - 1, b, ...] = xp.flip(a[: n - 1, b, ...], axis=0)
shortest length for all: all sequences were cut to the shortest length; each has its own
~ in enumerate(lengths): => in enumerate([min(lengths)] * len(lengths)):
lengths sorted: the lengths were sorted, and no longer belong to their sequences
~ in enumerate(lengths): => in enumerate(sorted(lengths, reverse=True)):
block of zeroed padding: the padding was set to zero and x turned round as a block: short sequences read zeros first, and each zero moves the state
-     y, _, _ = unroll(cell, params, turn(x), (h_0,))
-     y = turn(y)
-     return y, y[0, ...]
+     y, last, _ = unroll(cell, params, xp.flip(turn(turn(x)), axis=0), (h_0,))
+     return turn(turn(xp.flip(y, axis=0))), last[0]
left reader: this is the reader from the left, and its state after each sequence's last step; turn each sequence round, before the loop and after it
-     y, _, _ = unroll(cell, params, turn(x), (h_0,))
-     y = turn(y)
-     return y, y[0, ...]
+     y, _, _ = unroll(cell, params, x, (h_0,))
+     return turn(turn(y)), turn(y)[0, ...]
padding filled: h_0 stands in the padding of y; zeros are due there
-     return y, y[0, ...]
+     for b, n in enumerate(lengths):
+         y[n:, b, ...] = h_0[b, ...]
+     return y, y[0, ...]
padding kept and state after it: two things: y is not zero in the padding, and the state was taken after the loop's last step, where short sequences have walked on through theirs
-         out = xp.zeros_like(a)
-         for b, n in enumerate(lengths):
-             out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
-         return out
-
-     y, _, _ = unroll(cell, params, turn(x), (h_0,))
-     y = turn(y)
-     return y, y[0, ...]
+         out = a + 0
+         for b, n in enumerate(lengths):
+             out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
+         return out
+
+     y, last, _ = unroll(cell, params, turn(x), (h_0,))
+     return turn(y), last[0]
cut to the longest: x was cut to its longest sequence; y has as many steps as x, with zeros where there is padding
-     def turn(a):
+     x = x[: max(lengths), ...]
+
+     def turn(a):
time and batch exchanged: the steps of a batch's sequences were looked for along the batch: time comes first, a[:n, b]
~ out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0) => out[b % a.shape[0], :n, ...] = xp.flip(a[b % a.shape[0], :n, ...], axis=0)
written into x: the sequences were turned round in x itself, and the padding kept what stood there: make a new array of zeros
~ out = xp.zeros_like(a) => out = a
not turned back, padding cleared: the padding of y was cleared, and the outputs were not turned round again: y[0] stands beside x[0], but it is the output for the sequence's last step
-     y = turn(y)
-     return y, y[0, ...]
+     return turn(turn(y)), turn(y)[0, ...]
first length for all: all sequences were cut to the length of the first; each has its own
~ out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0) => out[: lengths[0], b, ...] = xp.flip(a[: lengths[0], b, ...], axis=0)
lengths sorted, the shortest first: the lengths were sorted: they belong to the sequences in the order that they came in
~ enumerate(lengths) => enumerate(sorted(lengths))
features turned round too: `xp.flip` without an axis turns every axis round, the features as well: name the axis
~ xp.flip(a[:n, b, ...], axis=0) => xp.flip(a[:n, b, ...])
longest length for all: all sequences were turned round within the longest length; each has its own
~ enumerate(lengths) => enumerate([max(lengths)] * len(lengths))
state kept in the padding: in the padding your y goes on with the outputs that the loop made there; it is zero
-     y = turn(y)
+     y, after = turn(y), y
+     for b, n in enumerate(lengths):
+         y[n:, b, ...] = after[n:, b, ...]
"""

# %% [markdown]
# ## Task 3: both ends, and no tomorrow (3 points)
#
# *Extra, about 15 minutes.*
#
# A forecaster stands at step t and has read $x_1 \dots x_t$. To read from both ends is not forbidden to it, as long as both are ends of *that*: for each t a right reader of its own begins at $x_t$ and walks back to $x_1$.
#
# `params` and `states` are pairs, one for the left reader and one for the right; all right readers begin with the same state. Return for each t {{sides.text}}. (The chapter's `bidirectional` has one
# right reader for all t, so that it costs 2 T steps; yours costs T + T (T + 1) / 2. Which of the two may forecast?)
#
# <details><summary>Hint 1</summary>
#
# The left half is one `unroll`. The right half is T of them, each over the first steps of x, turned round. Of each you need one state.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `past = xp.flip(x[: t + 1, ...], axis=0)` ends with $x_1$, so what you need is the state that `unroll` returns: a tuple, h first.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Collect `last[0]`, (B, H), in a list `right`. Then `xp.concat({{sides.both}}, axis=-1)`.
# </details>


# %% solution="both_ends_of_the_past"
def both_ends_of_the_past(cell, params, x, states):
    """Left and right reader at each step, over the steps up to it.

    Shapes: x (T, B, D); states ((B, H), ...) twice -> y (T, B, 2*H)
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        _, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat({{sides.both}}, axis=-1)
    ### END SOLUTION


# %% [markdown]
# Try it: change the last of four steps. At which steps does the output move, here and in the chapter's layer?

# %%
from rnncore.layers import bidirectional

rng = np.random.default_rng(0)
both = move((init_params(rng, 2, 3), init_params(rng, 2, 3)))
zero = ((move(np.zeros((1, 3))),),) * 2
x = move(np.ones((4, 1, 2)))
changed = move(np.array([1.0, 1, 1, 2])[:, None, None]) * x
for name, read in {
    "both ends of the past": both_ends_of_the_past,
    "the chapter's layer": lambda *a: bidirectional(*a, [4])[0],
}.items():
    moved = [read(rnn_cell, both, a, zero) for a in (x, changed)]
    moved = abs(to_numpy(moved[1] - moved[0])).max(axis=(1, 2))
    print(f"{name:22}", np.where(moved > 0, "moved", "  -  "))

# %% test="both_ends_of_the_past" points=3 explained="ch08_deeper: What may be looked at"
import numpy as np

from rnncore.gru import gru_cell
from rnncore.lstm import lstm_cell
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import Properties, check, check_causal, mover, stored

properties = Properties(values=2, dtype=1)

CELLS = [(rnn_cell, 1, 1), (lstm_cell, 4, 2), (gru_cell, 3, 1)]


def days(rng, T, B, D, H, which):
    cell, G, parts = CELLS[which]
    return dict(
        cell=cell,
        params=tuple(init_params(rng, D, H, G) for _ in range(2)),
        x=rng.normal(size=(T, B, D)),
        states=tuple(tuple(rng.normal(size=(parts, B, H))) for _ in "lr"),
    )


rng = np.random.default_rng(11)
visible = mover(device)([days(rng, 4, 2, 2, 3, k) for k in (0, 1)])
check(
    both_ends_of_the_past,
    stored("both_ends_of_the_past"),
    visible,
    outputs="y",
    by=properties,
)
check_causal(both_ends_of_the_past, visible[0], "x")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    days,
    [
        (T, B, D, H, which)
        for T, B, D, H in [(1, 1, 1, 1), (5, 3, 2, 4), (3, 1, 4, 2)]
        for which in (0, 1, 2)
    ],
    device,
)
check(
    both_ends_of_the_past,
    reference_both_ends_of_the_past,
    hidden,
    outputs="y",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="both_ends_of_the_past"
r"""
bidirectional used to forecast: this is what a layer that reads from both ends usually gives: the right reader has come down from the last step to x_t. It has read the future, which a forecaster does not have, and none of the past
~ x[: t + 1, ...] => x[t:, ...]
a look at the next step: right reader t began at x_{t+1}, which is what is to be forecast
~ x[: t + 1, ...] => x[: t + 2, ...]
read from the left twice: the right readers read from the left: turn their past round
~ xp.flip(x[: t + 1, ...], axis=0) => x[: t + 1, ...]
first output for the last state: right reader t was asked when it had read x_t alone, not when it had arrived at the first step
~ _, last, _ = unroll => last, _, _ = unroll
one reader's weights for both: the right readers took the left one's weights
~ params[1], past => params[0], past
one reader's state for both: the right readers began with the left one's state
~ past, states[1] => past, states[0]
sides exchanged: left and right are exchanged: {{sides.says}}
~ {{sides.both}} => {{sides.odd}}
state carried from reader to reader: each right reader began with what the one before had left; all begin with states[1]
-         _, last, _ = unroll(cell, params[1], past, states[1])
+         last = states[1] if t == 0 else last
+         _, last, _ = unroll(cell, params[1], past, last)
future from the left: right reader t went forward from x_t to the last step: it has read the future, and none of the past
~ xp.flip(x[: t + 1, ...], axis=0) => x[t:, ...]
weights exchanged: the two readers have each other's weights: params holds the left one's first
-     y, _, _ = unroll(cell, params[0], x, states[0])
-     right = []
-     for t in range(x.shape[0]):
-         past = xp.flip(x[: t + 1, ...], axis=0)
-         _, last, _ = unroll(cell, params[1], past, states[1])
+     y, _, _ = unroll(cell, params[1], x, states[0])
+     right = []
+     for t in range(x.shape[0]):
+         past = xp.flip(x[: t + 1, ...], axis=0)
+         _, last, _ = unroll(cell, params[0], past, states[1])
readers exchanged: the two readers have each other's weights and states: both pairs hold the left one's first
-     y, _, _ = unroll(cell, params[0], x, states[0])
-     right = []
-     for t in range(x.shape[0]):
-         past = xp.flip(x[: t + 1, ...], axis=0)
-         _, last, _ = unroll(cell, params[1], past, states[1])
+     y, _, _ = unroll(cell, params[1], x, states[1])
+     right = []
+     for t in range(x.shape[0]):
+         past = xp.flip(x[: t + 1, ...], axis=0)
+         _, last, _ = unroll(cell, params[0], past, states[0])
one right reader, not turned back: one right reader came down from the last step, and its outputs were not turned back: entry t has read the last t + 1 steps, which is the future for most t
~ past = xp.flip(x[: t + 1, ...], axis=0) => past = xp.flip(x, axis=0)[: t + 1, ...]
batch turned round: the sequences of the batch were turned round, and not the steps: time is axis 0
~ x[: t + 1, ...], axis=0) => x[: t + 1, ...], axis=1)
features turned round: the features were turned round, and not the steps: time is axis 0
~ x[: t + 1, ...], axis=0) => x[: t + 1, ...], axis=2)
last part of the state: the last part of the state was taken, which is c in an LSTM; h comes first
~ right.append(last[0]) => right.append(last[-1])
outputs averaged: the outputs of right reader t were averaged; what counts is what it has when it arrives at the first step
-         _, last, _ = unroll(cell, params[1], past, states[1])
+         out, _, _ = unroll(cell, params[1], past, states[1])
+         last = (xp.mean(out, axis=0),)
left reader turned too: the left reader read from the last step; x is turned round for the right readers only
~ unroll(cell, params[0], x, states[0]) => unroll(cell, params[0], xp.flip(x, axis=0), states[0])
right half backwards: the right half stands in the other order of time: append, so that entry t belongs to step t
~ right.append(last[0]) => right.insert(0, last[0])
right readers added up: what the right readers have was added up over the steps; entry t is reader t's alone
~ right.append(last[0]) => right.append(last[0] + right[-1] if right else last[0])
forward with the left weights: two things: the right readers read from the left, and they took the left one's weights
-         past = xp.flip(x[: t + 1, ...], axis=0)
-         _, last, _ = unroll(cell, params[1], past, states[1])
+         past = x[: t + 1, ...]
+         _, last, _ = unroll(cell, params[0], past, states[1])
last step alone: every right reader was asked after it had read the last step alone: it begins at x_t, and is asked when it has arrived at the first
~         past = xp.flip(x[: t + 1, ...], axis=0) =>         past = xp.flip(x, axis=0)[:1, ...]
outputs read: the right readers read the left reader's outputs; they read x
~ xp.flip(x[: t + 1, ...], axis=0) => xp.flip(y[: t + 1, ...], axis=0)[..., : x.shape[2]]
every axis turned round: `xp.flip` without an axis turns every axis round, sequences and features as well: name the axis
~ xp.flip(x[: t + 1, ...], axis=0) => xp.flip(x[: t + 1, ...])
the whole of x for all: every right reader began at the last step: reader t begins at x_t, and knows nothing of what comes later
~ xp.flip(x[: t + 1, ...], axis=0) => xp.flip(x, axis=0)
one below the other: both directions were put one below the other in the batch; they stand side by side
~     return xp.concat({{sides.both}}, axis=-1) =>     return xp.concat({{sides.both}}, axis=1)
begun a step too early: right reader t began at x_{t-1}; it begins at x_t, which the forecaster has read
~ x[: t + 1, ...] => x[: max(t, 1), ...]
"""

# %% [markdown]
# ## Task 4: dropout on the way through time (4 points)
#
# *Core, about 20 minutes.*
#
# **Variational dropout** puts a mask on what each step reads, the input and the state, and keeps both masks from the first step to the last:
#
# $$h_t = \tanh\big(W_x\,(m_x \odot x_t) + b_x + W_h\,(m_h \odot h_{t-1}) + b_h\big)$$
#
# Each sequence has masks of its own. What a step *writes*, $h_t$, is not masked, only what is read. When the network does not train, nothing is dropped.
#
# Draw with the given `draw_mask`, {{draw.text}}, and no more than that: the tests use the same generator. While testing you may draw at a rate of 0, or not at all.
#
# <details><summary>Hint 1</summary>
#
# How many times is `draw_mask` called in a run of T steps?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Twice, before the loop: {{draw.hints}}. A mask at a rate of 0 holds ones.
# </details>
#
# <details><summary>Hint 3</summary>
#
# In the loop: `a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x`, the same for `h * mask_h`, then `h = xp.tanh(a)`, and h, not `h * mask_h`, is appended.
# </details>


# %%
def draw_mask(rng, like, B, H, rate):
    """A mask (B, H) of 0 and 1 / (1 - rate), where and what `like` is."""
    return from_numpy(variational_dropout_mask(rng, B, H, rate), like)


# %% solution="variational_rnn"
def variational_rnn(rng, params, x, h_0, rate, training):
    """A plain network with one mask a sequence on input and state.

    Shapes: x (T, B, D); h_0 (B, H) -> y (T, B, H)
    """
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    ### BEGIN SOLUTION
    rate = rate if training else 0.0
    {{draw.one}}
    {{draw.two}}
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    ### END SOLUTION
    return xp.stack(y)


# %% [markdown]
# Try it: at the same seed, the same units are off; without training, none.

# %%
params = move(init_params(np.random.default_rng(0), 2, 3))
x, h_0 = move(np.ones((4, 1, 2))), move(np.ones((1, 3)))
for training in True, True, False:
    rng = np.random.default_rng(5)
    y = variational_rnn(rng, params, x, h_0, 0.5, training)
    print("training" if training else "testing ", to_numpy(y)[-1, 0])

# %% test="variational_rnn" points=4 explained="ch08_deeper: Dropout: where, and how often"
import numpy as np

from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_causal,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def drop(seed, T, B, D, H, rate, training):
    rng = np.random.default_rng(seed)
    return dict(
        seed=seed,
        params=init_params(rng, D, H),
        x=rng.normal(size=(T, B, D)),
        h_0=rng.normal(size=(B, H)),
        rate=rate,
        training=training,
    )


def seeded(seed, params, x, h_0, rate, training):
    """The learner's function with a generator that begins at the seed."""
    rng = np.random.default_rng(seed)
    return variational_rnn(rng, params, x, h_0, rate, training)


visible = [
    move(drop(6, 4, 3, 2, 3, 0.4, True)),
    move(drop(7, 4, 2, 2, 3, 0.4, False)),
]
check(
    seeded, stored("variational_rnn"), visible, outputs="y", by=properties
)
args = visible[1]  # not training: it is the chapter's plain network
y, _, _ = unroll(rnn_cell, args["params"], args["x"], (args["h_0"],))
assert_close("y at test time", seeded(**args), y)
check_causal(seeded, visible[0], "x")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng


def expected_seeded(seed, params, x, h_0, rate, training):
    rng = np.random.default_rng(seed)
    return reference_variational_rnn(rng, params, x, h_0, rate, training)


seeds = hidden_rng().integers(1, 1_000_000, 4)
hidden = [
    move(drop(int(seed), T, B, D, H, rate, training), dtype)
    for seed, (T, B, D, H, rate) in zip(
        seeds,
        [
            (1, 1, 1, 1, 0.3),
            (5, 4, 3, 6, 0.5),
            (3, 2, 8, 5, 0.2),
            (6, 3, 2, 9, 0.7),
        ],
        strict=True,
    )
    for training in (True, False)
    for dtype in ("float64", "float32")
]
check(seeded, expected_seeded, hidden, outputs="y", by=properties)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="variational_rnn"
r"""
a new mask each step: a new mask was drawn at each step, so that a memory is erased sooner or later; draw both masks once, before the loop
-     for t in range(T):
+     for t in range(T):
+         if t > 0:
+             {{draw.one}}
+             {{draw.two}}
dropout at test time: units were dropped although training is False
~ rate if training else 0.0 => rate
dropout at test time only: units are dropped while testing, and none while training: the other way round
~ rate if training else 0.0 => 0.0 if training else rate
one mask for the batch: all sequences of the batch share one m_h; each has its own, so draw (B, H)
~ draw_mask(rng, x, B, H, rate) => draw_mask(rng, x, 1, H, rate)
the written state masked: what the step writes was masked too; only what is read is, so y has no zeros
~ h = xp.tanh(a) => h = xp.tanh(a) * mask_h
input not masked: m_x was not used: the input is masked as well
~ (x[t, ...] * mask_x) => x[t, ...]
state not masked: m_h was not used: the state is masked where it is read
~ (h * mask_h) => h
share kept taken for share dropped: the rate is the share that is dropped, not the share that is kept
~ rate if training => 1 - rate if training
state always zero at the start: the loop began at zeros instead of h_0
~ h, y = h_0, [] => h, y = 0 * h_0, []
each term squashed alone: the tanh was taken of a part of the sum; it is taken once, of all of it
~ a = a + (h => a = xp.tanh(a) + (h
masks drawn in the other order: {{draw.says}}
-     {{draw.one}}
-     {{draw.two}}
+     {{draw.two}}
+     {{draw.one}}
masked where written: the mask was put on what the step writes, so y has zeros, and h_0 was read whole; mask the state where it is read
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
-         h = xp.tanh(a)
+         a = a + h @ params.W_h.T + params.b_h
+         h = xp.tanh(a) * mask_h
one input mask for the batch: all sequences of the batch share both masks; each has its own, so draw (B, D) and (B, H)
-     {{draw.one}}
-     {{draw.two}}
+     mask_x = draw_mask(rng, x, 1, D, rate)
+     mask_h = draw_mask(rng, x, 1, H, rate)
new input masks: the input had a new mask at each step; {{draw.before}}
-     {{draw.one}}
-     {{draw.two}}
-     h, y = h_0, []
-     for t in range(T):
+     mask_h = draw_mask(rng, x, B, H, rate)
+     h, y = h_0, []
+     for t in range(T):
+         mask_x = draw_mask(rng, x, B, D, rate)
sum masked: m_h was put on the sum before the tanh; the masks belong on what is read, x_t and the state before
-         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
-         h = xp.tanh(a)
+         a = x[t, ...] @ params.W_x.T + params.b_x
+         a = a + h @ params.W_h.T + params.b_h
+         h = xp.tanh(a * mask_h)
scaled twice: the masks were divided by 1 - rate once more; draw_mask has done it
-     h, y = h_0, []
+     mask_x, mask_h = mask_x / (1 - rate), mask_h / (1 - rate)
+     h, y = h_0, []
scaling undone: the masks are 0 and 1; what is kept is divided by 1 - rate, as draw_mask gives it
-     h, y = h_0, []
+     mask_x, mask_h = mask_x * (1 - rate), mask_h * (1 - rate)
+     h, y = h_0, []
mask behind the matrix: the state was masked behind W_h; the mask belongs on the state, before the product
~ (h * mask_h) @ params.W_h.T => mask_h * (h @ params.W_h.T)
masks behind both matrices: the products with W_x and W_h were masked; the masks belong on x_t and on the state, before the products
-     {{draw.one}}
-     {{draw.two}}
-     h, y = h_0, []
-     for t in range(T):
-         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
+     mask_x = draw_mask(rng, x, B, H, rate)
+     mask_h = draw_mask(rng, x, B, H, rate)
+     h, y = h_0, []
+     for t in range(T):
+         a = mask_x * (x[t, ...] @ params.W_x.T) + params.b_x
+         a = a + mask_h * (h @ params.W_h.T) + params.b_h
second bias missing: b_h is missing
-  + params.b_h
+
W_h transposed: the state went through W_h transposed: with sequences as rows it is h @ W_h.T
~ params.W_h.T => params.W_h
first state not masked: the first state was read unmasked; m_h is put on what every step reads, h_0 too
~ (h * mask_h) => (h * mask_h if t else h)
zoneout: where m_h is 0 the unit kept its old state: that is zoneout; dropout masks what is read
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
-         h = xp.tanh(a)
+         a = a + h @ params.W_h.T + params.b_h
+         h = xp.where(mask_h > 0, xp.tanh(a), h)
outputs masked: m_h was put on the outputs alone, and the steps read whole states; mask the state where it is read
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
-         h = xp.tanh(a)
-         y.append(h)
+         a = a + h @ params.W_h.T + params.b_h
+         h = xp.tanh(a)
+         y.append(h * mask_h)
outputs masked as well: the state was masked where it is read, and once more in the outputs; y holds what the steps write, whole
~ y.append(h) => y.append(h * mask_h)
no tanh: the tanh is missing
~ h = xp.tanh(a) => h = a
sigmoid: the sum went through a sigmoid; a plain network has tanh
~ h = xp.tanh(a) => h = 1 / (1 + xp.exp(-a))
biases masked: m_h was put on the biases as well; only x_t and the state are masked
-         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
+         a = (x[t, ...] * mask_x) @ params.W_x.T
+         a = a + (h * mask_h) @ params.W_h.T + mask_h * (params.b_x + params.b_h)
one draw for both: the input's mask was cut from the state's; draw two masks, {{draw.order}}
-     {{draw.one}}
-     {{draw.two}}
+     mask_h = draw_mask(rng, x, B, H, rate)
+     mask_x = mask_h[:, :D] if D <= H else draw_mask(rng, x, B, D, rate)
new masks, and outputs masked: two things: masks were drawn in the loop, new ones at each step, and the outputs were masked too; draw both once, and put down h as it is written
-     {{draw.one}}
-     {{draw.two}}
-     h, y = h_0, []
-     for t in range(T):
-         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
-         a = a + (h * mask_h) @ params.W_h.T + params.b_h
-         h = xp.tanh(a)
-         y.append(h)
+     h, y = h_0, []
+     for t in range(T):
+         {{draw.one}}
+         {{draw.two}}
+         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
+         a = a + (h * mask_h) @ params.W_h.T + params.b_h
+         h = xp.tanh(a)
+         y.append(h * mask_h)
scaled while testing: the masks are 0 and 1, and while testing all is multiplied by 1 - rate, as the first dropout did it; here what is kept is divided by 1 - rate in training, and testing leaves all as it is
-     rate = rate if training else 0.0
-     {{draw.one}}
-     {{draw.two}}
+     keep = 1 - rate
+     mask_x = draw_mask(rng, x, B, D, rate) * keep if training else keep
+     mask_h = draw_mask(rng, x, B, H, rate) * keep if training else keep
testing scaled: in testing the masks were 1 - rate: the dropout of 2012 scales in testing, this one in training, where the mask holds 1 / (1 - rate)
-     rate = rate if training else 0.0
-     {{draw.one}}
-     {{draw.two}}
+     mask_x = draw_mask(rng, x, B, D, rate) if training else 1 - rate
+     mask_h = draw_mask(rng, x, B, H, rate) if training else 1 - rate
masks of 0 and 1: what the mask keeps has to grow by 1 / (1 - rate), as `draw_mask` gives it; here the state's mask was made 0 and 1 again
~ mask_h = draw_mask(rng, x, B, H, rate) => mask_h = draw_mask(rng, x, B, H, rate) * (1 - rate)
new mask each step: the state's mask was drawn anew at each step; one mask lasts for the whole sequence
-         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
+         mask_h = draw_mask(rng, x, B, H, rate)
+         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
bias masked: the bias was masked like the state
~         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x =>         a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x * mask_h
"""

# %% [markdown]
# ## Task 5: units that keep their value (4 points)
#
# *Extra, about 30 minutes.*
#
# **Zoneout** (Krueger et al., 2017) is noise that erases nothing. At each step the LSTM computes $h'_t$ and $c'_t$ from $x_t$, $h_{t-1}$ and $c_{t-1}$, and each unit takes its new value or keeps its old one:
#
# $$h_t = k^h_t \odot h_{t-1} + (1 - k^h_t) \odot h'_t, \qquad c_t = k^c_t \odot c_{t-1} + (1 - k^c_t) \odot c'_t$$
#
# The hidden state and the cell state have masks of their own, so a unit may keep its h and change its c. As in the paper, $h'_t = o_t \odot \tanh(c'_t)$ is what `lstm_cell` returns; it does not depend on whether c is held.
#
# `holds` is a pair, {{k.text}}. In training it is two arrays (T, B, H) of 0 and 1, with the dtype of x: a mask for each step. In testing it is two floats, the probabilities of being held. Nothing is drawn then: the mean of the mask takes its place at every step.
#
# The chapter wraps a cell and takes its masks from an iterator. Here, write the loop over time around `lstm_cell`, for arrays and for floats. Return y, which has the held $h_t$ of all steps, and the last state, `(h, c)`.
#
# <details><summary>Hint 1</summary>
#
# What does step $t + 1$ read: what the cell has computed at step t, or what zoneout has made of it?
# </details>
#
# <details><summary>Hint 2</summary>
#
# An array has a mask for each step, `k[t, ...]`; a float is the same for all of them. `isinstance(k, float)` tells which it is. After that, one formula is right for both: with 1 it gives the old value, with 0 the new one, and with a probability the mean.
# </details>
#
# <details><summary>Hint 3</summary>
#
# In the loop: `a_x = x[t, ...] @ params.W_x.T + params.b_x`, the same for `a_h` with h, then `(new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))`, `h = k_h * h + (1 - k_h) * new_h`, the same for c, and only then `y.append(h)`.
# </details>


# %% solution="zoneout_lstm"
def zoneout_lstm(params, x, state, holds):
    """An LSTM with zoneout, by masks in training, by their mean in testing.

    Shapes: x (T, B, D); state ((B, H), (B, H));
        holds ((T, B, H), (T, B, H)), or two floats
        -> y (T, B, H); state ((B, H), (B, H))
    """
    xp = array_namespace(x)
    ### BEGIN SOLUTION
    (h, c), y = state, []
    for t in range(x.shape[0]):
        {{k.read}}
        a_x = x[t, ...] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * new_h
        c = k_c * c + (1 - k_c) * new_c
        y.append(h)
    return xp.stack(y), (h, c)
    ### END SOLUTION


# %% [markdown]
# Try it: with weights of zero every gate is 1/2 and the candidate is 0, so a step halves c unless it is held. In training, each sequence takes a step or skips it; in testing, all take the mean. Up to chance, the c of testing is the mean of the c of training. The h of testing is a little larger than the mean: tanh flattens for large c, so the mean of tanh is less than tanh of the mean.

# %%
rng = np.random.default_rng(0)
none = move(Params(*(0 * w for w in init_params(rng, 2, 1, G=4))))
x, one = move(np.zeros((4, 5000, 2))), move(np.ones((5000, 1)))
chance = rng.random(size=(2, 4, 5000, 1))
masks = move(tuple((chance < 0.6).astype(float)))
for name, holds in ("training", masks), ("testing", (0.6, 0.6)):
    _, (h, c) = zoneout_lstm(none, x, (one, one), holds)
    h, c = to_numpy(h), to_numpy(c)
    print(f"{name:8}  c of three sequences: {c[:3, 0].round(4)}"
          f"  means: c {c.mean():.4f}, h {h.mean():.4f}")  # fmt: skip

# %% test="zoneout_lstm" points=4 explained="ch08_noise: Noise that a memory survives"
import numpy as np

from rnncore.lstm import lstm_cell
from rnncore.rnn import Params, init_params, unroll
from rnncore.testing import (
    Properties,
    assert_close,
    assert_shape,
    assert_that,
    check,
    check_causal,
    check_independent,
    mover,
    observe,
    stored,
)

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "y, state"


def zoned(rng, T, B, D, H, rates, training):
    """Masks drawn with these rates, or in testing the rates themselves."""
    draws = [rng.random(size=(T, B, H)) < rate for rate in rates]
    masks = tuple(draw.astype(float) for draw in draws)
    return dict(
        params=init_params(rng, D, H, G=4),
        x=rng.normal(size=(T, B, D)),
        state=tuple(rng.normal(size=(2, B, H))),
        holds=masks if training else rates,
    )


def assert_results(came, T, B, H):
    """y and a pair, before any number is looked at."""
    says = "your answer: expected a pair, y and (h, c), got "
    kind = type(came).__name__
    assert_that(came is not None, says + "None: is a `return` missing?")
    assert_that(not hasattr(came, "shape"), says + "an array alone")
    assert_that(isinstance(came, tuple | list), says + f"a {kind}")
    assert_that(len(came) == 2, says + f"{len(came)} results")
    y, last = came
    says = "your y: expected an array (T, B, H), got a "
    kind = f"{type(y).__name__}: try xp.stack on a list"
    assert_that(hasattr(y, "shape"), says + kind)
    assert_shape("your y", y, (T, B, H))
    says = "your last state: expected a pair of arrays, h and c"
    pair = isinstance(last, tuple | list) and len(last) == 2
    assert_that(pair and all(hasattr(a, "shape") for a in last), says)
    for name, part in zip("hc", last, strict=True):
        assert_shape(f"your last {name}", part, (B, H))


rng = np.random.default_rng(14)
visible = [
    zoned(rng, 4, 3, 2, 2, (0.0, 0.0), True),  # the plain LSTM
    zoned(rng, 4, 3, 2, 2, (0.5, 0.0), True),
    zoned(rng, 4, 3, 2, 2, (0.5, 0.5), True),
    zoned(rng, 4, 3, 2, 2, (0.7, 0.2), False),
]
visible = [*move(visible), move(visible[-1], "float32")]
visible.append(move(zoned(rng, 3, 2, 2, 3, (0.0, 0.4), False)))  # {{k.n}}
for args in visible[2:4]:
    answer = observe(zoneout_lstm, args)
    if not answer.error:
        assert_results(answer.result, 4, 3, 2)
again = observe(zoneout_lstm, args)
if not answer.error and not again.error:
    same = float(abs(answer.result[0] - again.result[0]).max()) == 0
    says = "two calls with the same floats give two answers"
    assert_that(same, f"{says}: in testing, draw nothing")
right = stored("zoneout_lstm")
check(zoneout_lstm, right, visible, outputs=OUTPUTS, by=properties)
# by hand: weights of 0, so that c' is c / 2; held with 1/4, 2 becomes 5/4
none = move(Params(*(np.zeros(s) for s in [(4, 1), (4, 1), (4,), (4,)])))
x = move(np.ones((1, 1, 1)))
first = 1 * x[0, ...], 2 * x[0, ...]
_, (_, c) = zoneout_lstm(none, x, first, ({{k.by_hand}}))
assert_close("c after one step: 1/4 of 2 and 3/4 of 1", c, 1.25 * x[0, ...])
# masks of ones keep the first state for ever; zeros: the plain LSTM
args = visible[2]
ones = tuple(0 * k + 1 for k in args["holds"])
y, last = zoneout_lstm(args["params"], args["x"], args["state"], ones)
h, c = args["state"]
assert_close("y with masks of ones, less h_0", y - h, 0 * y)
assert_close("the last c with masks of ones", last[1], c)
args = visible[0]
y, _, _ = unroll(lstm_cell, args["params"], args["x"], args["state"])
assert_close("y with masks of zeros", zoneout_lstm(**args)[0], y)
check_causal(zoneout_lstm, visible[2], "x")
check_independent(
    zoneout_lstm, visible[2], {"x": 1, "state": 0, "holds": 1}
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [
    (T, B, D, H, rates, training)
    for T, B, D, H, rates in [
        (1, 1, 1, 1, (0.4, 0.7)),
        (6, 5, 3, 4, (0.5, 0.2)),
        (5, 2, 4, 3, (0.25, 0.8)),
        (9, 4, 1, 2, (0.0, 0.5)),
    ]
    for training in (True, False)
]
hidden = hidden_inputs(zoned, sizes, device)
right = reference_zoneout_lstm
check(zoneout_lstm, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="zoneout_lstm"
r"""
inverted: the new value was taken where the mask is 1, and the old one where it is 0; a mask of 1 holds the old value
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h = k_h * new_h + (1 - k_h) * h
+         c = k_c * new_c + (1 - k_c) * c
inverted for h alone: the mask of h is turned round: where it is 1 the old h stays, where it is 0 the new one is taken
~ k_h * h + (1 - k_h) * new_h => k_h * new_h + (1 - k_h) * h
inverted for c alone: the mask of c is turned round: where it is 1 the old c stays, where it is 0 the new one is taken
~ k_c * c + (1 - k_c) * new_c => k_c * new_c + (1 - k_c) * c
masks exchanged: h was held by the {{k.c}} mask and c by the {{k.h}}; the {{k.h}} of the pair is for h
~ {{k.read}} => {{k.odd}}
one for both, that of h: h and c were held by the same mask, the {{k.h}}; c has the {{k.c}}
~ c = k_c * c + (1 - k_c) * new_c => c = k_h * c + (1 - k_h) * new_c
one for both, that of c: h and c were held by the same mask, the {{k.c}}; h has the {{k.h}}
~ h = k_h * h + (1 - k_h) * new_h => h = k_c * h + (1 - k_c) * new_h
one for both, their product: h and c were held where both masks are 1; each is held by its own mask alone
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         k = k_h * k_c
+         h = k * h + (1 - k) * new_h
+         c = k * c + (1 - k) * new_c
h alone: c was never held; it has a mask of its own, the {{k.c}} of the pair
~ c = k_c * c + (1 - k_c) * new_c => c = new_c
c alone: h was never held; it has a mask of its own, the {{k.h}} of the pair
~ h = k_h * h + (1 - k_h) * new_h => h = new_h
nothing held: this is the plain LSTM: no unit was held. Is the old state overwritten before it is mixed with the new one?
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h, c = new_h, new_c
set to zero: where the mask is 1 the state was set to 0, as in dropout; zoneout keeps the value of the step before
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h = (1 - k_h) * new_h
+         c = (1 - k_c) * new_c
h set to zero: where its mask is 1, h was set to 0, as in dropout; zoneout keeps the h of the step before
~ h = k_h * h + (1 - k_h) * new_h => h = (1 - k_h) * new_h
scaled as in dropout: the new values were divided by the mask's share of zeros, as in dropout; zoneout scales nothing, since in testing the mean of the mask is used
-         h = k_h * h + (1 - k_h) * new_h
+         if not isinstance(holds[0], float):
+             new_h = new_h / xp.maximum(xp.mean(1 - k_h), 1e-9 + 0 * xp.mean(k_h))
+             new_c = new_c / xp.maximum(xp.mean(1 - k_c), 1e-9 + 0 * xp.mean(k_c))
+         h = k_h * h + (1 - k_h) * new_h
scaled by all the masks' share: the new values were divided by the share of zeros in all the masks, as in dropout; zoneout scales nothing, since in testing the mean of the mask is used
-         h = k_h * h + (1 - k_h) * new_h
+         if not isinstance(holds[0], float):
+             new_h = new_h / (1 - xp.mean(holds[{{k.at_h}}]) + 1e-9)
+             new_c = new_c / (1 - xp.mean(holds[{{k.at_c}}]) + 1e-9)
+         h = k_h * h + (1 - k_h) * new_h
divided in testing: in testing the new values were divided by 1 - p; zoneout scales nothing: the mean is p times the old value and 1 - p times the new one
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         {{k.shares}} = (1 - k if isinstance(k, float) else 1.0 for k in holds)
+         h = k_h * h + (1 - k_h) * new_h / share_h
+         c = k_c * c + (1 - k_c) * new_c / share_c
masks of the step before: step t used the masks of step t - 1; its own are at index t
~ k[t, ...] => k[t - 1, ...]
masks of the next step: step t used the masks of step t + 1; its own are at index t
~ k[t, ...] => k[(t + 1) % k.shape[0], ...]
first masks for all: every step used the masks of the first step; each has its own, at index t
~ k[t, ...] => k[0, ...]
last masks for all: every step used the masks of the last step; each has its own, at index t
~ k[t, ...] => k[-1, ...]
masks read backwards: the masks were read from the last step to the first; step t has those at index t
~ k[t, ...] => k[k.shape[0] - 1 - t, ...]
one sequence's masks for all: all sequences used the masks of the first sequence; each has its own
~ k[t, ...] => k[t, :1, ...]
output before the hold: y has what the cell computed; it has what zoneout made of it: append h after it is held
~ y.append(h) => y.append(new_h)
output one step late: y begins with the first state and misses the last one: append h at the end of a step
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
-         y.append(h)
+         y.append(h)
+         h = k_h * h + (1 - k_h) * new_h
+         c = k_c * c + (1 - k_c) * new_c
computed state returned: y is right, but your last state is what the cell computed; return the held one
~ return xp.stack(y), (h, c) => return xp.stack(y), (new_h, new_c)
h from the held c: your h' shows the held c; here, as in the paper, it is what `lstm_cell` returns, with the new c
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         c = k_c * c + (1 - k_c) * new_c
+         h = k_h * h + (1 - k_h) * new_h / xp.tanh(new_c) * xp.tanh(c)
gates asked twice: c was held first, and the cell was called again with it for h; call the cell once per step, with the state of the step before
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         c = k_c * c + (1 - k_c) * new_c
+         h = k_h * h + (1 - k_h) * lstm_cell(a_x, a_h, (h, c))[0][0]
c taken for h: h was mixed with the cell's new c; it is mixed with the cell's new h
~ h = k_h * h + (1 - k_h) * new_h => h = k_h * h + (1 - k_h) * new_c
h taken for c: c was mixed with the cell's new h; it is mixed with the cell's new c
~ c = k_c * c + (1 - k_c) * new_c => c = k_c * c + (1 - k_c) * new_h
held state not carried: the cell went on from what it had computed, as if nothing had been held; it reads the held state of the step before
-     for t in range(x.shape[0]):
-         {{k.read}}
-         a_x = x[t, ...] @ params.W_x.T + params.b_x
-         a_h = h @ params.W_h.T + params.b_h
-         (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))
+     new_h, new_c = state
+     for t in range(x.shape[0]):
+         {{k.read}}
+         a_x = x[t, ...] @ params.W_x.T + params.b_x
+         a_h = new_h @ params.W_h.T + params.b_h
+         (new_h, new_c), _ = lstm_cell(a_x, a_h, (new_h, new_c))
mixed after the run: the plain LSTM ran from end to end, and each of its states was mixed with the one before; hold at each step, so that the next one reads the held state
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
-         y.append(h)
-     return xp.stack(y), (h, c)
+         y.append(k_h * h + (1 - k_h) * new_h)
+         last = y[-1], k_c * c + (1 - k_c) * new_c
+         h, c = new_h, new_c
+     return xp.stack(y), last
mixed after the run, h alone: the plain LSTM ran from end to end, and its outputs alone were mixed; hold h and c at each step, so that the next one reads the held state
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
-         y.append(h)
-     return xp.stack(y), (h, c)
+         y.append(k_h * h + (1 - k_h) * new_h)
+         h, c = new_h, new_c
+     return xp.stack(y), (y[-1], c)
held outputs alone: y has the held h, but the cell read its own new h; it reads the held one
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
-         y.append(h)
-     return xp.stack(y), (h, c)
+         y.append(k_h * h + (1 - k_h) * new_h)
+         h, c = new_h, k_c * c + (1 - k_c) * new_c
+     return xp.stack(y), (y[-1], c)
held at the first state: where the mask is 1 the state went back to the first one; it keeps that of the step before
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h = k_h * state[0] + (1 - k_h) * new_h
+         c = k_c * state[1] + (1 - k_c) * new_c
state not carried: every step began at the first state; it begins where the step before ended
~ lstm_cell(a_x, a_h, (h, c)) => lstm_cell(a_x, state[0] @ params.W_h.T + params.b_h, state)
state always zero at the start: the loop began at zeros instead of the given state
~ (h, c), y = state, [] => (h, c), y = (0 * state[0], 0 * state[1]), []
c zero at the start: c began at zeros; it begins at the second part of `state`
~ (h, c), y = state, [] => (h, c), y = (state[0], 0 * state[1]), []
state exchanged: the first part of `state` was taken for c; the order is h, c
~ (h, c), y = state, [] => (c, h), y = state, []
last state exchanged: your last state is (c, h); the order is h, c
~ return xp.stack(y), (h, c) => return xp.stack(y), (c, h)
y of c: y has the cell state; the outputs of a layer are its hidden states h
~ y.append(h) => y.append(c)
signs: the difference of old and new has the wrong sign: `new + k * (old - new)` holds the old value where k is 1
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h = new_h - k_h * (h - new_h)
+         c = new_c - k_c * (c - new_c)
added: the new value was added whole, and the old one beside it where the mask is 1; multiply the new one by 1 - k
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h = k_h * h + new_h
+         c = k_c * c + new_c
what is held is read: the masks were put on what the cell reads, as in dropout; they choose between old and new after the cell has computed
-         a_h = h @ params.W_h.T + params.b_h
-         (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         a_h = (k_h * h) @ params.W_h.T + params.b_h
+         (h, c), _ = lstm_cell(a_x, a_h, (k_h * h, k_c * c))
dropout of what is read: units were dropped from what the cell reads; zoneout chooses between old and new after the cell has computed
-         a_h = h @ params.W_h.T + params.b_h
-         (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         a_h = ((1 - k_h) * h) @ params.W_h.T + params.b_h
+         (h, c), _ = lstm_cell(a_x, a_h, (h, (1 - k_c) * c))
nothing held in testing: in testing nothing was held; the mean of the mask is p, so a step gives p times the old value and 1 - p times the new one
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (0.0 if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
new values scaled in testing: in testing the new values were multiplied by 1 - p and the old ones left out; add p times the old value
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         old_h, old_c = (0.0 if isinstance(k, float) else 1.0 for k in holds)
+         h = old_h * k_h * h + (1 - k_h) * new_h
+         c = old_c * k_c * c + (1 - k_c) * new_c
inverted in testing: in testing the new value was taken with p and the old one with 1 - p; p is the probability of being held
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (1 - k if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
drawn in testing [hidden]: two calls with the same floats give two answers: in testing nothing is drawn, the mean takes the mask's place
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (move((np.random.random(tuple(h.shape)) < k).astype(str(h.dtype).split(".")[-1])) if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
rounded in testing: in testing each unit was held or not by whether p is above 1/2; mix old and new, with p and 1 - p
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (float(k > 0.5) if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
half in testing: in testing 1/2 was taken for both probabilities; they are the two floats of `holds`
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (0.5 if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
p to the power of the step: in testing p was raised to a power that grows with the step; the probability of being held is p at every step
~ {{k.read}} => {{k.power}}
floats taken for arrays: the floats of testing were taken for arrays: a float has no steps, shape or dtype, and is the same at every step
~ {{k.read}} => {{k.array}}
first bias missing: b_x is missing
-  + params.b_x
+
second bias missing: b_h is missing
-  + params.b_h
+
both biases missing: b_x and b_h are missing
-         a_x = x[t, ...] @ params.W_x.T + params.b_x
-         a_h = h @ params.W_h.T + params.b_h
+         a_x = x[t, ...] @ params.W_x.T
+         a_h = h @ params.W_h.T
sums counted twice: `lstm_cell` adds its first two arguments, and was given the whole sum in both
~ lstm_cell(a_x, a_h, (h, c)) => lstm_cell(a_x + a_h, a_x + a_h, (h, c))
h_0 read at every step: W_h read the first h at every step; it reads the held h of the step before
~ h @ params.W_h.T => state[0] @ params.W_h.T
first input for all: every step read the first input; step t reads x[t]
~ x[t, ...] => x[0, ...]
first step left out [hidden]: the first step was left out, so y has one output too few
~ range(x.shape[0]) => range(1, x.shape[0])
concatenated [hidden]: the outputs were put end to end; xp.stack gives (T, B, H)
~ xp.stack(y) => xp.concat(y)
changed in place, y too: h was changed in place, so that every step of y is the last one, and the given state has changed, too; make a new h at each step
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+         h[...] = k_h * h + (1 - k_h) * new_h
+         c[...] = k_c * c + (1 - k_c) * new_c
changed in place [arguments]: the given state was changed in place: the caller still needs it
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
-         y.append(h)
+         h[...] = k_h * h + (1 - k_h) * new_h
+         c[...] = k_c * c + (1 - k_c) * new_c
+         y.append(1 * h)
float64 in testing [hidden, dtype]: in testing your result is float64, whatever x is: leave a probability a float, or give its array the dtype of x
-         h = k_h * h + (1 - k_h) * new_h
+         {{k.names}} = (move(np.full((1, 1), k)) if isinstance(k, float) else now for k, now in zip(holds, ({{k.names}}), strict=True))
+         h = k_h * h + (1 - k_h) * new_h
held outputs, computed state: y has the held h, and the next step and the last state have what the cell computed: what is held is the state, so let `h` and `c` be the held ones from then on
-         y.append(h)
+         y.append(h)
+         h, c = new_h, new_c
c held on the way out alone: your last c is held, and the next step reads the c that the cell computed; it reads the held one
-     for t in range(x.shape[0]):
-         {{k.read}}
-         a_x = x[t, ...] @ params.W_x.T + params.b_x
-         a_h = h @ params.W_h.T + params.b_h
-         (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, c))
-         h = k_h * h + (1 - k_h) * new_h
-         c = k_c * c + (1 - k_c) * new_c
+     read = c
+     for t in range(x.shape[0]):
+         {{k.read}}
+         a_x = x[t, ...] @ params.W_x.T + params.b_x
+         a_h = h @ params.W_h.T + params.b_h
+         (new_h, new_c), _ = lstm_cell(a_x, a_h, (h, read))
+         h = k_h * h + (1 - k_h) * new_h
+         c = k_c * read + (1 - k_c) * new_c
+         read = new_c
"""

# %% [markdown]
# ## Task 6: one size for each of two sums (4 points)
#
# *Extra, about 30 minutes.*
#
# **RMS normalisation** (Zhang and Sennrich, 2019) is layer normalisation without the mean: {{norm.text}} The cell of this task gives each of its two sums a size of its own, so that neither input nor state can drown the other, and one gain $\gamma$ serves both:
#
# $$\rho(a) = \sqrt{{{norm.tex}} a_j^2 + \varepsilon}, \qquad n_x = \frac{a_x}{\rho(a_x)}, \qquad n_h = \frac{a_h}{\rho(a_h)}, \qquad h_t = \tanh\big(\gamma \odot (n_x + n_h)\big)$$
#
# As in the chapter, $\gamma$ travels in the state: `state` is `(h, gain)`, both (B, H), and no step changes the gain. The cell is given; its cache has the rows $n_x$, $n_h$ and the factors $r = 1/\rho$, which are (B, 1). Write its vjp. The gain's gradient from later steps is passed on, with this step's share added.
#
# <details><summary>Hint 1</summary>
#
# Go back through the tanh first, then through the gain. There the path splits: each sum has a row and a factor of its own, and both receive the same $\mathrm{d}n$. Write an inner function for one of them and call it twice.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Every $a_j$ is in $\rho$, so $\rho$ is no constant. Nudge $a$ by $\delta$: $\rho$ moves by $\overline{a\,\delta}/\rho$, {{norm.nudge}}, and so $n$ moves by $\big(\delta - n\,\overline{n\,\delta}\big)/\rho$. This map is symmetric: the vjp has $\mathrm{d}n$ in place of $\delta$.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_z = d_h * (1 - h * h)` and `d_n = d_z * gain`. For each sum: `r * (d_n - n * {{norm.of_n}})`. The gain gets `d_gain + d_z * (n_x + n_h)`, and the h before gets `0.0`: it is reached through $a_h$ alone.
# </details>


# %%
def rms_cell(a_x, a_h, state, eps=0.01):
    """One step; eps is large, so that a test of one unit can see it."""
    xp = array_namespace(a_x)
    _, gain = state

    def normed(a):
        r = 1 / xp.sqrt({{norm.of}} + eps)
        return a * r, r

    (n_x, r_x), (n_h, r_h) = normed(a_x), normed(a_h)
    h = xp.tanh(gain * (n_x + n_h))
    return (h, gain), (n_x, r_x, n_h, r_h, gain, h)


# %% solution="rms_cell_vjp"
def rms_cell_vjp(d_state, cache):
    """Backward through `rms_cell`.

    Shapes: d_state ((B, H), (B, H))
        -> d_a_x (B, H); d_a_h (B, H); d_state ((B, H), (B, H))
    """
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    ### BEGIN SOLUTION
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain

    def through(n, r):
        radial = {{norm.of_n}}
        return r * (d_n - n * radial)

    d_gain = d_gain + d_z * (n_x + n_h)
    return through(n_x, r_x), through(n_h, r_h), (0.0, d_gain)
    ### END SOLUTION


# %% [markdown]
# Try it: make the input's sum ten times as large. Its own gradient falls to about a tenth, that of the other sum changes little, and almost nothing of $\mathrm{d}a_x$ lies along $a_x$: the direction that the normalisation removes.

# %%
rng = np.random.default_rng(0)
a_x, a_h, h, gain, d_h = move(tuple(rng.normal(size=(5, 1, 4))))
for times in (1, 10):
    _, cache = rms_cell(times * a_x, a_h, (h, gain))
    d_a_x, d_a_h, _ = rms_cell_vjp((d_h, 0 * gain), cache)
    print(f"a_x times {times:2}: d_a_x", to_numpy(d_a_x)[0].round(4))
    print("             d_a_h", to_numpy(d_a_h)[0].round(4))
    print("             d_a_x along a_x:", float((d_a_x * a_x).sum()))

# %% test="rms_cell_vjp" points=4 explained="ch08_steady: Its gradient"
import numpy as np

from rnncore.rnn import init_params, unroll
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "d_a_x, d_a_h, d_state"


def one_step(rng, B, H, cell=rms_cell, later=1):
    """What comes back to a step, and its cache; both sums of unlike size.

    With later=0 all gains are one, and no later step gives them a gradient.
    """
    a_x, a_h = rng.normal(size=(2, B, H)) * [[[{{norm.e}}]], [[0.5]]]
    h, gain, d_h, d_gain = rng.normal(size=(4, B, H))
    _, cache = cell(a_x, a_h, (h, 1 + later * gain))
    return dict(d_state=(d_h, later * d_gain), cache=cache)


visible = move(
    [one_step(np.random.default_rng(12), 3, 4, later=k) for k in (0, 1)]
)
right = stored("rms_cell_vjp")
check(rms_cell_vjp, right, visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.bptt import bptt
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng


def right_step(rng, B, H):
    """A step of the given cell, whatever became of the notebook's."""
    return one_step(rng, B, H, reference_rms_cell)


rng = hidden_rng()
sizes = [(4, 3), (1, 1), (2, 6), (3, 1), (1, 5)]
hidden = hidden_inputs(right_step, sizes, device, rng=rng)
right = reference_rms_cell_vjp
check(rms_cell_vjp, right, hidden, outputs=OUTPUTS, by=properties)


def judge_in_the_loop(T, B, D, H):
    """All steps share the gain, and finite differences judge."""
    params = move(init_params(rng, D, H))
    x, d_y = move((rng.normal(size=(T, B, D)), rng.normal(size=(T, B, H))))
    h_0, gain, d_h = move(tuple(rng.normal(size=(3, B, H))))

    def loss(x, h_0, gain):
        y, (h, _), _ = unroll(reference_rms_cell, params, x, (h_0, gain))
        return float((y * d_y).sum() + (h * d_h).sum())

    _, _, tape = unroll(reference_rms_cell, params, x, (h_0, gain))
    _, d_x, (d_first, d_gain) = bptt(
        rms_cell_vjp, params, tape, d_y, (d_h, 0 * gain)
    )
    assert_gradient(lambda a: loss(a, h_0, gain), x, d_x, "d_x")
    assert_gradient(lambda a: loss(x, a, gain), h_0, d_first, "d_h_0")
    assert_gradient(lambda a: loss(x, h_0, a), gain, d_gain, "d_gain")


judge_in_the_loop(4, 2, 3, 3)
judge_in_the_loop(3, 2, 2, 1)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="rms_cell_vjp"
r"""
rho taken for a constant: every a_j is in rho, so rho moves too: the gradient along the row itself is to be taken out
~ r * (d_n - n * radial) => r * d_n
mean taken out too: the constant direction was taken out as well: that is layer normalisation; here no mean was subtracted on the way forward
~ r * (d_n - n * radial) => r * (d_n - n * radial - xp.mean(d_n, axis=-1, keepdims=True))
layer norm's constant alone: the mean of d_n was taken out; what RMS normalisation takes out is the part along n
~ r * (d_n - n * radial) => r * (d_n - xp.mean(d_n, axis=-1, keepdims=True))
{{norm.odd_name}}: {{norm.odd_says}}
~ {{norm.of_n}} => {{norm.odd}}
mean over the batch: {{norm.batch_says}}
~ {{norm.of_n}} => {{norm.batch}}
factor forgotten: the factor r is missing: a row twice as large gets half the gradient
~ r * (d_n - n * radial) => d_n - n * radial
factor on one term: r multiplies both terms, also the one that is taken out
~ r * (d_n - n * radial) => r * d_n - n * radial
added: the part along n was added; it is taken out
~ d_n - n * radial => d_n + n * radial
gain forgotten: d_a_x and d_a_h lack the gain: n is multiplied by it on its way to the tanh
~ d_n = d_z * gain => d_n = d_z
gain after the norm: the gain came in after the part along n was taken out; going backward it comes first
-     d_n = d_z * gain
-
-     def through(n, r):
-         radial = {{norm.of_n}}
-         return r * (d_n - n * radial)
+     d_n = d_z
+
+     def through(n, r):
+         radial = {{norm.of_n}}
+         return gain * r * (d_n - n * radial)
slope forgotten: the slope of the tanh, 1 - h², is missing
~ d_z = d_h * (1 - h * h) => d_z = d_h
slope at the argument: h is the tanh already: its slope is 1 - h², not 1 - tanh(h)²
~ (1 - h * h) => (1 - xp.tanh(h) ** 2)
later steps dropped: the gain's gradient is this step's share alone; what arrives from later steps goes on with it
~ d_gain = d_gain + d_z => d_gain = d_z
share dropped: the gain's gradient went on as it came; add this step's share, d_z (n_x + n_h)
~ d_gain = d_gain + d_z * (n_x + n_h) => d_gain = d_gain + 0
gain times the sums: the share of the gain has the sums a_x and a_h in it; the gain multiplies the normalised rows, n_x + n_h
~ d_z * (n_x + n_h) => d_z * (n_x / r_x + n_h / r_h)
gain within its own gradient: the share of the gain was multiplied by the gain: it is d_z (n_x + n_h), with d_z as the tanh leaves it
~ d_gain + d_z * (n_x + n_h) => d_gain + d_n * (n_x + n_h)
one row's share: the gain multiplies both rows; its share has n_x + n_h, and you have one of them
~ d_z * (n_x + n_h) => d_z * n_x
slope missing in the share: the share of the gain lacks the slope of the tanh
~ d_gain + d_z * (n_x + n_h) => d_gain + d_h * (n_x + n_h)
one rho for both: d_a_h was computed with the row and the factor of a_x; each sum has its own
~ through(n_h, r_h) => through(n_x, r_x)
factors exchanged: each sum got the other one's factor r
~ through(n_x, r_x), through(n_h, r_h) => through(n_x, r_h), through(n_h, r_x)
results exchanged: d_a_x and d_a_h are exchanged
~ through(n_x, r_x), through(n_h, r_h) => through(n_h, r_h), through(n_x, r_x)
rows added: the part along n_x + n_h was taken out of both; each sum is divided by its own rho, so it loses the part along its own row
- radial = {{norm.of_n}}
+ n = n_x + n_h
+         radial = {{norm.of_n}}
h handed on: the h before the step is reached through a_h alone; d_h does not go on beside it
~ (0.0, d_gain) => (d_h, d_gain)
gain averaged over the batch: the gain's gradient was averaged over the sequences; each row of the state has a gain of its own
~ d_z * (n_x + n_h) => xp.mean(d_z * (n_x + n_h), axis=0, keepdims=True)
gain summed over the batch: the gain's gradient was summed over the sequences; here each has a row of its own, and they are summed after the loop
~ d_z * (n_x + n_h) => xp.sum(d_z * (n_x + n_h), axis=0, keepdims=True)
mean over all entries: {{norm.all_says}}; each sequence has a rho of its own, so take it over the last axis
~ {{norm.of_n}} => {{norm.all}}
share summed over the units: the share of the gain was summed over the units; each unit has a gain of its own
~ d_z * (n_x + n_h) => xp.sum(d_z * (n_x + n_h), axis=-1, keepdims=True)
cache in another order: a row was taken for a factor: the cache holds n_x, r_x, n_h, r_h, gain, h, in this order
- return through(n_x, r_x), through(n_h, r_h), (0.0, d_gain)
+ n_x, n_h, r_x, r_h, gain, h = cache
+     d_gain = d_state[1] + d_z * (n_x + n_h)
+     return through(n_x, r_x), through(n_h, r_h), (0.0, d_gain)
factor three times: what is taken out has the factor r once, as the rest has, not three times; r cubed belongs to a, and n is r a already
~ r * (d_n - n * radial) => r * d_n - r**3 * n * radial
factor twice in one term: what is taken out has the factor r once, as the rest has, not twice
~ r * (d_n - n * radial) => r * (d_n - r * n * radial)
all of the row's part: {{norm.eps}}
~ r * (d_n - n * radial) => r * (d_n - n * radial / {{norm.of_nn}})
factor twice: the factor r came in twice; n moves by r times what a moves
~ r * (d_n - n * radial) => r * r * (d_n - n * radial)
divided by the factor: r is 1 / rho: multiply by it, do not divide
~ r * (d_n - n * radial) => (d_n - n * radial) / r
the sum for the row: what was taken out was built from a; {{norm.a_says}}
-         radial = {{norm.of_n}}
-         return r * (d_n - n * radial)
+         a = n / r
+         return r * (d_n - a * {{norm.a}})
{{norm.alone_name}}: {{norm.alone_says}}
~ {{norm.of_n}} => {{norm.alone}}
each unit alone: each unit's part was taken out with its own n alone, d_n (1 - n²); rho is shared, so {{norm.share}}
~ r * (d_n - n * radial) => r * d_n * (1 - n * n)
{{norm.over_name}}: each unit's part was taken out with its own n alone; rho is shared, so every unit's d_n reaches every a
~ r * (d_n - n * radial) => {{norm.over}}
half of it: half of the part along n was taken out: the half from the root and the 2 from the square cancel
~ n * radial) => 0.5 * n * radial)
twice of it: the part along n was taken out twice: the half from the root and the 2 from the square cancel
~ n * radial) => 2 * n * radial)
shared out: both sums got half of d_n; what a sum of two terms receives goes whole to both
~ d_n = d_z * gain => d_n = d_z * gain / 2
slope at the sum: the slope was computed from the argument of the tanh; it is 1 - h², with h its result
~ d_z = d_h * (1 - h * h) => d_z = d_h * (1 - (gain * (n_x + n_h)) ** 2)
slope of a sigmoid: h (1 - h) is the slope of a sigmoid; that of the tanh is 1 - h²
~ d_z = d_h * (1 - h * h) => d_z = d_h * h * (1 - h)
rows multiplied: the share of the gain has the product of the two rows; the gain multiplies their sum
~ d_z * (n_x + n_h) => d_z * n_x * n_h
d_gain into the step: the gradient of the gain that comes from later steps was added to d_h; it goes on to the gain alone
~ d_z = d_h * (1 - h * h) => d_z = (d_h + d_gain) * (1 - h * h)
gain of the gain: the whole gradient of the gain was multiplied by the gain; it is d_gain + d_z (n_x + n_h)
~ d_gain = d_gain + d_z * (n_x + n_h) => d_gain = gain * (d_gain + d_z * (n_x + n_h))
later gradient times the gain: the gain's gradient from later steps was multiplied by the gain; no step changes the gain, so it goes on as it came
~ d_gain = d_gain + d_z => d_gain = d_gain * gain + d_z
one plus the gain: n is multiplied by the gain itself here, not by 1 + gain
~ d_n = d_z * gain => d_n = d_z * (1 + gain)
parts of the state exchanged: the state is (h, gain); the gradient of the gain stands where that of h belongs
~ (0.0, d_gain) => (d_gain, 0.0)
parts of d_state exchanged: d_state is (d_h, d_gain); the two were exchanged
-     d_z = d_h * (1 - h * h)
+     d_h, d_gain = d_gain, d_h
+     d_z = d_h * (1 - h * h)
d_a_h for the state: d_a_h was returned as the gradient of the h before, too: the loop takes d_a_h through W_h, and nothing else reaches that h
~ (0.0, d_gain) => (through(n_h, r_h), d_gain)
d_z for the state: d_z went on to the h before, which is reached through a_h alone; 0.0 is due
~ (0.0, d_gain) => (d_z, d_gain)
plain cell: this is the plain cell's way back; here stand a gain and two norms between the sums and the tanh
~     return through(n_x, r_x), through(n_h, r_h), (0.0, d_gain) =>     return d_z, d_z, (0.0, d_state[1])
softmax's: this is the gradient of a softmax, n (d_n - sum of d_n n); here it is {{norm.softmax_says}}
-         radial = {{norm.of_n}}
-         return r * (d_n - n * radial)
+         return {{norm.softmax}}
batch normalisation: both means were taken over the batch, as in batch normalisation; rho belongs to one sequence, and no mean was subtracted
-         radial = {{norm.of_n}}
-         return r * (d_n - n * radial)
+         radial = {{norm.batch}}
+         return r * (d_n - xp.mean(d_n, axis=0, keepdims=True) - n * radial)
rho constant, later steps dropped: two things: rho was taken for a constant, and the gain lost what arrives from later steps
-         return r * (d_n - n * radial)
-
-     d_gain = d_gain + d_z * (n_x + n_h)
+         return r * d_n
+
+     d_gain = d_z * (n_x + n_h)
upstream in place [arguments]: the numbers are right, but the caller's d_state was changed: `d_gain += ...` writes into it
~ d_gain = d_gain + d_z * (n_x + n_h) => d_gain += d_z * (n_x + n_h)
cache in place [arguments]: the numbers are right, but the cache, which is not yours, was changed: `h *= h` writes into it
- d_z = d_h * (1 - h * h)
+ h *= h
+     d_z = d_h * (1 - h)
row of the other sum: the way back through the second sum took the row of the first: each sum has a row and a factor of its own
~ through(n_h, r_h) => through(n_x, r_h)
normalised once more: n_x was divided by {{norm.was}} again: r_x has the epsilon that was used
-     d_gain = d_gain + d_z * (n_x + n_h)
+     n_x = n_x / xp.sqrt({{norm.nx}})
+     d_gain = d_gain + d_z * (n_x + n_h)
"""

# %% [markdown]
# ## Task 7, closed book: `masked` (4 points)
#
# *Core, about 15 minutes.*
#
# Close the chapter. Rebuild the wrapping that makes any cell stand still outside of its sequence, under its own name. The wrapped cell's state has one part more, the last: `counters` (B, 2), for each sequence
# the steps until it begins and the steps until it ends. A sequence runs while the first is not above 0 and the second is. Every step makes both one less. The wrapped cell returns its new state, counters included, and as its cache a pair: who runs, True or False (B, 1), and the cell's
# own cache.
#
# <details><summary>Hint 1</summary>
#
# `*before, counters = state` takes the clock off; the cell inside must not see it. It wants a tuple.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `counters[:, :1]` has shape (B, 1) and fits (B, H); `counters[:, 0]` does not. `xp.where(runs, new, old)` for every part.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `return (*held, counters - 1), (runs, cache)`, where `held` is a list with one entry per part.
# </details>


# %% solution="masked" closed_book=true
def masked(cell):
    """The cell for sequences that begin late or end early."""

    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        ### BEGIN SOLUTION
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        both = zip(after, before, strict=True)
        held = [xp.where(runs, new, old) for new, old in both]
        return (*held, counters - 1), (runs, cache)
        ### END SOLUTION

    return masked_cell


# %% [markdown]
# Try it: a sequence that begins after one step and ends after three, in a loop of five.

# %%
params = move(init_params(np.random.default_rng(0), 2, 3))
counters = move(np.array([[1.0, 3.0]]))
x, h_0 = move(np.ones((5, 1, 2))), move(np.zeros((1, 3)))
y, _, _ = unroll(masked(rnn_cell), params, x, (h_0, counters))
print(to_numpy(y)[:, 0].round(3))

# %% test="masked" points=4 explained="ch08_deeper: Three words, one batch"
import numpy as np

from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.layers import masked_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import (
    Properties,
    assert_shape,
    assert_that,
    check,
    check_causal,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

CELLS = [
    (rnn_cell, rnn_cell_vjp, 1, 1),
    (lstm_cell, lstm_cell_vjp, 4, 2),
    (gru_cell, gru_cell_vjp, 3, 1),
]
OUTPUTS = "y, state, d_params, d_x, d_state"


def clocked(rng, T, B, D, H, which):
    """A run whose sequences begin and end at steps of their own."""
    _, _, G, parts = CELLS[which]
    begins = rng.integers(0, T, B)
    ends = begins + 1 + rng.integers(0, T, B)  # some go on after the loop
    counters = np.stack([begins, ends], 1).astype(float)
    return dict(
        which=which,
        params=init_params(rng, D, H, G),
        x=rng.normal(size=(T, B, D)),
        state=(*rng.normal(size=(parts, B, H)), counters),
        d_y=rng.normal(size=(T, B, H)),
        d_state=(*rng.normal(size=(parts, B, H)), 0 * counters),
    )


def there_and_back(which, params, x, state, d_y, d_state):
    """The learner's wrapping in the loop; the chapter's on the way back."""
    cell, vjp, _, _ = CELLS[which]
    a_x = x[0, ...] @ params.W_x.T + params.b_x
    after, _ = masked(cell)(a_x, state[0] @ params.W_h.T, state)
    says = f"expected {len(state)} parts, the counters last"
    assert_that(
        len(after) == len(state),
        f"the state after one step: {says}, got {len(after)}",
    )
    y, last, tape = unroll(masked(cell), params, x, state)
    runs = tape.caches[0][0]
    assert_shape("who runs, first in the cache", runs, (x.shape[1], 1))
    return y, last, *bptt(masked_vjp(vjp), params, tape, d_y, d_state)


rng = np.random.default_rng(9)
visible = [clocked(rng, 5, 4, 2, 2, k) for k in (0, 1, 2)]
visible.append(clocked(rng, 4, 3, 3, 2, 0))  # D is not H
visible = mover(device)(visible)
check(
    there_and_back,
    stored("masked"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
check_causal(there_and_back, visible[0], "x")


def told_as_bools(which, params, x, state, d_y, d_state):
    """Whether a step's cache says who runs by True and False."""
    a_x = x[0, ...] @ params.W_x.T + params.b_x
    a_h = state[0] @ params.W_h.T + params.b_h
    _, (runs, _) = masked(CELLS[which][0])(a_x, a_h, state)
    return "bool" in str(getattr(runs, "dtype", ""))


SAYS = "the first part of the cache says who runs: True or False, no number"
with properties("dtype"):
    assert_that(told_as_bools(**visible[0]), SAYS)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def expected_there_and_back(which, params, x, state, d_y, d_state):
    cell, vjp, _, _ = CELLS[which]
    y, last, tape = unroll(reference_masked(cell), params, x, state)
    return y, last, *bptt(masked_vjp(vjp), params, tape, d_y, d_state)


hidden = hidden_inputs(
    clocked,
    [
        (T, B, D, H, which)
        for T, B, D, H in [(1, 1, 1, 1), (6, 5, 3, 4), (8, 7, 1, 2)]
        for which in (0, 1, 2)
    ],
    device,
)
check(
    there_and_back,
    expected_there_and_back,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
with properties("dtype"):
    assert_that(told_as_bools(**hidden[0]), SAYS)
### END HIDDEN TESTS
properties.points("Task 7 holds.")

# %% mistakes="masked"
r"""
begin ignored: a sequence that begins late ran from the first step on: look at the first counter, too
~ (counters[:, :1] <= 0) & (counters[:, 1:] > 0) => counters[:, 1:] > 0
end ignored: a sequence that has ended ran on: look at the second counter, too
~ (counters[:, :1] <= 0) & (counters[:, 1:] > 0) => counters[:, :1] <= 0
one step too many: each sequence ran one step too long: with 0 steps to its end it has ended
~ (counters[:, 1:] > 0) => (counters[:, 1:] >= 0)
one step too few: each sequence ended one step early: with 1 step to its end it still runs
~ (counters[:, 1:] > 0) => (counters[:, 1:] > 1)
one step late: each sequence began one step late: with 0 steps to its begin it runs
~ (counters[:, :1] <= 0) => (counters[:, :1] < 0)
the clock stands still: the counters were returned as they came: every step makes both one less
~ (*held, counters - 1) => (*held, counters)
zeros instead of the held state: where a sequence does not run its state was set to zero; it stands still
~ xp.where(runs, new, old) => xp.where(runs, new, xp.zeros_like(old))
inverted: the state stands still while the sequence runs, and moves outside of it
~ xp.where(runs, new, old) => xp.where(runs, old, new)
h alone: only h was held; every part of the state stands still, c too
~ held = [xp.where(runs, new, old) for new, old in both] => held = [xp.where(runs, *pair) if k == 0 else pair[0] for k, pair in enumerate(both)]
one for all: all sequences of the batch follow the clock of the first; each has its own
-         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
+         runs = (counters[:1, :1] <= 0) & (counters[:1, 1:] > 0)
+         runs = runs | (counters[:, :1] > 1e9)
one of the two: a sequence ran where it has begun or has not ended; both must hold
~ (counters[:, :1] <= 0) & (counters[:, 1:] > 0) => (counters[:, :1] <= 0) | (counters[:, 1:] > 0)
counted up: the counters were counted up: every step makes both one less
~ (*held, counters - 1) => (*held, counters + 1)
counted before the question: the counters were counted down before they were looked at, so every sequence begins and ends one step early
-         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
-         both = zip(after, before, strict=True)
-         held = [xp.where(runs, new, old) for new, old in both]
-         return (*held, counters - 1), (runs, cache)
+         counters = counters - 1
+         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
+         both = zip(after, before, strict=True)
+         held = [xp.where(runs, new, old) for new, old in both]
+         return (*held, counters), (runs, cache)
counted while it runs: the counters were counted down only while the sequence runs: every step makes both one less, or a sequence that is to begin late never does
~ (*held, counters - 1) => (*held, xp.where(runs, counters - 1, counters))
never below zero: the counters were kept from falling below zero: every step makes both one less
~ (*held, counters - 1) => (*held, xp.where(counters > 0, counters - 1, counters))
only the end counted: only the steps to the end were counted down: every step makes both one less
~ (*held, counters - 1) => (*held, counters - xp.asarray([0.0, 1.0], dtype=counters.dtype, device=counters.device))
columns exchanged: the two counters have changed places: a sequence runs while the first is not above 0 and the second is
~ (counters[:, :1] <= 0) & (counters[:, 1:] > 0) => (counters[:, 1:] <= 0) & (counters[:, :1] > 0)
late at both ends: each sequence begins and ends one step late: it runs while the first counter is not above 0 and the second is
~ (counters[:, :1] <= 0) & (counters[:, 1:] > 0) => (counters[:, :1] < 0) & (counters[:, 1:] >= 0)
zeros, end ignored: two things: the end was ignored, and before its beginning a sequence's state was set to zero; it stands still
-         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
-         both = zip(after, before, strict=True)
-         held = [xp.where(runs, new, old) for new, old in both]
+         runs = counters[:, :1] <= 0
+         both = zip(after, before, strict=True)
+         held = [xp.where(runs, new, xp.zeros_like(old)) for new, old in both]
inputs silenced: the input was set to zero outside of the sequence, and the state moved on; hold the state
-         after, cache = cell(a_x, a_h, tuple(before))
-         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
-         both = zip(after, before, strict=True)
-         held = [xp.where(runs, new, old) for new, old in both]
+         runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
+         held, cache = cell(xp.where(runs, a_x, 0 * a_x), a_h, tuple(before))
h set to zero: the first part of the state, h, was set to zero outside of the sequence; it stands still, as the others do
~ held = [xp.where(runs, new, old) for new, old in both] => held = [xp.where(runs, new, old if k else 0 * old) for k, (new, old) in enumerate(both)]
clock first: the counters stand first in the new state; they are its last part
~ (*held, counters - 1) => (counters - 1, *held)
clock taken from the front: the counters were taken from the front of the state; they are its last part
~ *before, counters = state => counters, *before = state
numbers for who runs [hidden, dtype]: who runs stands in your cache as numbers; it is True or False
~ (runs, cache) => (runs * xp.ones_like(counters[:, :1]), cache)
cache first: your cache has the cell's own part first; the pair begins with who runs
~ (runs, cache) => (cache, runs)
cell's cache alone: the cache lacks who runs, which the way back asks for
~         return (*held, counters - 1), (runs, cache) =>         return (*held, counters - 1), cache
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Extra, about 15 minutes.*
#
# `bidirectional(cell, params, x, states, lengths)` of the chapter has eight wrong relatives. Each is one small edit away from it, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `both_ends_probes()`: a list of `(x, states, lengths)` on which the boxes give themselves away. The layer has D = 2 inputs and H = 3 units per direction, plain cells, float64 NumPy arrays; `states` is `((h,), (h,))`, for the left and the right. Points are for the
# boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# A sequence that reads the same from both ends hides every mistake about direction. A batch without padding hides every mistake about lengths.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two states that are equal cannot be mixed up. Does one sequence in the batch tell whether the *batch* was turned round?
# </details>
#
# <details><summary>Hint 3</summary>
#
# Random numbers everywhere, two sequences, five steps, lengths such as 5 and 3.
# </details>


# %% solution="both_ends_probes"
def both_ends_probes():
    """A list of (x, states, lengths).

    Shapes: x (T, B, 2); states (((B, 3),), ((B, 3),))
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    left, right = rng.normal(size=(2, 2, 3))
    return [(rng.normal(size=(5, 2, 2)), ((left,), (right,)), [5, 3])]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with, and a first probe of the kind that one writes in a hurry:

# %%
from rnncore.layers import bidirectional

boxes = black_boxes("both_ends_probes")
rng = np.random.default_rng(0)
weights = init_params(rng, 2, 3), init_params(rng, 2, 3)
zero = ((np.zeros((1, 3)),),) * 2
hasty = (np.ones((4, 1, 2)), zero, [4])
right, _, _ = bidirectional(rnn_cell, weights, *hasty)
for name, box in boxes.items():
    wrong, _, _ = box(rnn_cell, weights, *hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="both_ends_probes" points=4 explained="ch08_deeper: From both ends"
import numpy as np

from rnncore.layers import bidirectional
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import black_boxes, hunt

rng = np.random.default_rng(0)
weights = init_params(rng, 2, 3), init_params(rng, 2, 3)


def with_weights(function):
    return lambda *probe: function(rnn_cell, weights, *probe)[:2]


hunt(
    with_weights(bidirectional),
    {
        name: with_weights(box)
        for name, box in black_boxes("both_ends_probes").items()
    },
    both_ends_probes(),
    few=1,
    points=4,
)

# %% mutants="both_ends_probes" of="rnncore.layers.bidirectional"
r"""
reverse direction not re-aligned: the right half is not turned round again
~ xp.concat([left, xp.flip(right, axis=0)], axis=-1) => xp.concat([left, right], axis=-1)
nobody waits: turned round as a block, short sequences read their padding first
-         [T - n for n in ends],
-         [T] * B,
+         [0] * B,
+         [T] * B,
the clock of the left for the right: the right half reads the padding and leaves out the letters
-         [T - n for n in ends],
-         [T] * B,
+         [0] * B,
+         ends,
one set of weights: both directions use the weights of the left
~ params[1], => params[0],
one first state: both directions begin at the state of the left
~ states[1], => states[0],
batch turned round: the right half reads its neighbour: unseen with one sequence
~ xp.flip(x, axis=0), => xp.flip(xp.flip(x, axis=0), axis=1),
lengths ignored: the padding is read as if it were input
~ ends = check_lengths(lengths, T, B) => ends = check_lengths(None, T, B)
read twice from the left: the second layer reads from the left as well
~ xp.flip(x, axis=0), => x,
"""

# %% [markdown]
# ## Experiment: how deep does a gradient reach?
#
# *Extra, about 15 minutes, after Task 1.*
#
# A loss reads the top of a stack. Your way down sends its gradient through up to 30 layers, with and without a way past each, with random weights of a chosen size above the lowest layer (the *gain*: 1 gives $W_x$ and $W_h$ a spectral radius of about one). What is drawn is the size of the
# gradient that arrives at the bottom.
#
# **Predict**, before you run anything: at a gain of 0.5, what does the gradient do as layers are added? (It stays if 20 layers change it by less than a factor of ten.)

# %%
my_prediction = {
    "plain": "",  # fades, stays, or grows
    "residual": "",  # fades, stays, or grows
}


# %% experiment
from ipywidgets import FloatSlider, IntSlider, interact

from rnncore.layers import stack, stack_bptt


def arrives(residual, gain, layers, T=8, H=24):
    """log10 of the norm of d_x under each number of layers."""
    rng = np.random.default_rng(0)
    draw = rng.normal(size=(30, 2, H, H)) / H**0.5
    draw[1:] *= gain  # the lowest layer keeps a gain of 1
    none = np.zeros(H)
    x = move(rng.normal(size=(T, 1, H)))
    d_y = move(rng.normal(size=(T, 1, H)))
    norms = []
    for count in range(1, layers + 1):
        params = move([Params(*w, none, none) for w in draw[:count]])
        zeros = [(move(np.zeros((1, H))),)] * count
        up, down = (
            (residual_stack, residual_stack_bptt)
            if residual
            else (stack, stack_bptt)
        )
        _, _, tapes = up(rnn_cell, params, x, zeros)
        _, d_x, _ = down(rnn_cell_vjp, params, tapes, d_y, zeros)
        norms.append(np.linalg.norm(to_numpy(d_x)))
    return np.log10(np.maximum(norms, 1e-30))


def show(gain=0.5, layers=20):
    print("You predicted", my_prediction)
    plot_lines(
        {
            "plain": arrives(False, gain, layers),
            "residual": arrives(True, gain, layers),
        },
        "layers",
        "log10 of the gradient's norm",
        f"gain {gain}",
        x=np.arange(1, layers + 1),
    )


gain = FloatSlider(0.5, min=0.0, max=2.0, step=0.1, description="gain")
layers = IntSlider(20, min=2, max=30, description="layers")
shown = interact(show, gain=gain, layers=layers)

# %% [markdown]
# <details><summary>What we measured</summary>
#
# At a gain of 0.5, from 1 layer to 20, the plain stack's gradient falls from 10^1.2 to 10^−4, and the residual stack's rises to 10^1.7: about three times as large, so it stays.
# </details>
#
# Move the gain. Is there one at which the plain stack neither fades nor grows? At gain 0, why does one of the curves fall to the bottom of the picture, and the other not even bend? And what does the residual stack do at a gain of 2: is a
# way past each layer a cure for *both* diseases of chapter 5?
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# At a gain of 1 the plain stack neither fades nor grows: from 1 layer to 30 the logarithm stays between 1.2 and 1.5. It has to be met closely, since a gain of 0.5 costs eight powers of ten over the same layers. At gain 0 a plain layer passes nothing, so its curve falls to the bottom of the picture; the residual stack is its way past alone, and each layer hands the gradient on as it is. At a gain of 2 the residual stack's gradient rises from 10^1.2 to 10^3.7 within 20 layers: what goes through a layer is added to what passes by. A way past is a cure for vanishing, and none for exploding; that takes a normalisation, a small start or clipping.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A blog post predicts tomorrow's share price with a network that reads from both ends, trained on windows of 60 days; the target at each day is the price of the next day. Its error on held-out windows is a tenth of that of "tomorrow is like today".
# In four to six sentences: how can that be, how would you show it with one change to the input, and what may such a network honestly be used for?
#
# When your answer is saved, `make answer 8` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="both_ends" points=2 explained="ch08_deeper: What may be looked at"
# The right half of the network has read the window from its end, so at each day but the last it has already seen the next day's price, which is the target: it copies, and does not forecast. Held-out windows do not help, since the answer is in the input of
# every window. To show it, change the price of one day and look which outputs move: if the output of an *earlier* day does, the network looks into the future (or: score the last day of the windows alone, where the next price is not in the input; the
# advantage is gone). Honestly it may label sequences that are complete when they are read: a sentence, a recording, gaps to be filled in a series of the past.
#
# Rubric: 1 point for the leak (the right half has read the target; held-out data do not reveal it). 1 point for a test that would show it (a change of a later input that moves an earlier output, or the last day alone) together with a fair use. A sentence on
# data split or overfitting alone earns nothing.
