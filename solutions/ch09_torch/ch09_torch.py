# %% [markdown]
# # Assignment 9: The loop in torch
#
# *The core takes about 85 minutes, all of it about 205 minutes, 32 points. Read pages 9 and 9.2 of chapter 9 first. This is the first assignment that needs torch; a GPU it does not need.*
#
# You will put a cell of your own into autograd's graph, bring weights from a stranger's file into `torch.nn.LSTM`, multiply by a matrix that is stored in 8 bits, let the scale of a loss in float16 find itself, and time a machine that answers before it has
# finished. Then you rebuild the book's node with the book closed, and hunt seven wrong versions of the loop over packed sequences.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $a_x, a_h$ | (B, H) | what input and state contribute to one step |
# | $h$ | (B, H) | the state before the step |
# | $x$ | (T, B, D) | a batch of sequences; packed: (N, D), all rows of step 1, then of step 2, ... |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: which gradients does bptt take, and which does it give?</summary>
#
# It takes those of every output and of the last state, and gives those of the weights, of the input and of the first state.
# </details>
#
# <details><summary>Chapter 6: in which order do the gates of an LSTM stand in W_x, and is there another order that is right?</summary>
#
# Input, forget, candidate, output, as in torch.nn. Any order is right as long as everybody who reads the weights knows it; a file that says nothing about it is a trap.
# </details>

# %% parameters
unit = (
    {
        "tex": "\\tanh",
        "name": "tanh",
        "fun": "tanh",
        "easily": "s: the steepness is easily forgotten, since",
        "of": "torch.tanh(steepness * (a_x + a_h))",
        "slope": "(1 - r * r)",
        "is": "1 - r²",
        "again": "(1 - torch.tanh(r) ** 2)",
        "again_says": "r is the tanh already: its slope is 1 - r², not 1 - tanh(r)²",
        "odd": "r * (1 - r)",
        "odd_name": "sigmoid",
        "odd_says": "this is the slope of a sigmoid; r is a tanh, with slope 1 - r²",
        "argument": "(1 - torch.atanh(r) ** 2)",
        "argument_says": "tanh's slope is 1 minus the square of the tanh: here the square of its argument was taken",
        "inside": "(1 - (ctx.steepness * r) ** 2)",
        "square": "square",
        "forgotten": "square",
        "hint": "(1 - r²)",
        "less": "tanh's slope is 1 - r², not 1 - r",
        "state": "(1 - h * h)",
        "state_says": "your slope is 1 - h²: in this cell r is the tanh, and h is the state before the step",
        "back": "torch.atanh(r)",
        "torch": "torch.tanh(ctx.steepness * a)",
    },
    {
        "tex": "\\sigma",
        "name": "sigmoid",
        "fun": "σ",
        "easily": "s, which is easily forgotten, since",
        "of": "torch.sigmoid(steepness * (a_x + a_h))",
        "slope": "r * (1 - r)",
        "is": "r (1 - r)",
        "again": "torch.sigmoid(r) * (1 - torch.sigmoid(r))",
        "again_says": "r is the sigmoid already: its slope is r (1 - r), and not taken at r once more",
        "odd": "(1 - r * r)",
        "odd_name": "tanh",
        "odd_says": "this is the slope of a tanh; r is a sigmoid, with slope r (1 - r)",
        "argument": "torch.logit(r) * (1 - torch.logit(r))",
        "argument_says": "a sigmoid's slope is r (1 - r), with r the sigmoid: here its argument was taken",
        "inside": "(ctx.steepness * r) * (1 - ctx.steepness * r)",
        "square": "slope",
        "forgotten": "factor r",
        "hint": "r (1 - r)",
        "less": "a sigmoid's slope is r (1 - r), not 1 - r",
        "state": "h * (1 - h)",
        "state_says": "your slope is h (1 - h): in this cell r is the sigmoid, and h is the state before the step",
        "back": "torch.logit(r)",
        "torch": "torch.sigmoid(ctx.steepness * a)",
    },
)
file = (
    {
        "order": "forget, input, output, candidate",
        "cut": "f, i, o, g = a.chunk(4, -1)",
        "as_it_is": "[f, i, o, g]",
        "fourth": "f, i, o, g = (a[..., k::4] for k in range(4))",
    },
    {
        "order": "candidate, output, input, forget",
        "cut": "g, o, i, f = a.chunk(4, -1)",
        "as_it_is": "[g, o, i, f]",
        "fourth": "g, o, i, f = (a[..., k::4] for k in range(4))",
    },
)
less = (
    {
        "scale": "scale / 2",
        "done": "halved",
        "do": "halve it",
        "whole": "scale // 2",
        "whole_says": "you halved the scale by a whole division",
        "not": "not halved",
        "floor": "max(scale / 2, 1.0)",
        "back": "halves at once",
    },
    {
        "scale": "scale / 4",
        "done": "divided by 4",
        "do": "divide it by 4",
        "whole": "scale // 4",
        "whole_says": "you divided the scale by 4 in a whole division",
        "not": "not divided after an overflow",
        "floor": "max(scale / 4, 1.0)",
        "back": "falls at once",
    },
)
middle = (
    {
        "text": "their median.",
        "of": "statistics.median(times)",
        "works": "[50.0, 40, 9, 3, 28, 20, 14, 6]",
        "hint": "`statistics.median(times)` also knows what to do with an even number of times.",
        "part": "statistics.median(times[warmup:] or times)",
        "odd": "sorted(times)[(len(times) - 1) // 2]",
        "odd_name": "lower of the two in the middle",
        "odd_says": "of an even number of times the median is the mean of the two in the middle; this is the lower one, as torch.median gives",
        "upper": "of an even number of times the median is the mean of the two in the middle; this is the upper one",
    },
    {
        "text": "their median. Of an even number of times take the lower of the two in the middle, as torch.median does: a time that was measured.",
        "of": "statistics.median_low(times)",
        "works": "[44.0, 29, 46, 57, 45.5, 5, 13, 52]",
        "hint": "`statistics.median_low(times)` also knows what to do with an even number of times.",
        "part": "statistics.median_low(times[warmup:] or times)",
        "odd": "statistics.median(times)",
        "odd_name": "mean of the two in the middle",
        "odd_says": "of an even number of times the lower of the two in the middle is asked for; this is their mean",
        "upper": "of an even number of times the lower of the two in the middle is asked for; this is the upper one",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. What you write keeps the dtype and device of its arguments, and changes none of them.

# %%
import statistics
import time

import numpy as np
import torch
from torch.autograd.function import once_differentiable

from rnncore.backend import tree_map
from rnncore.bptt import bptt, rnn_cell_vjp
from rnncore.display import plot_lines
from rnncore.nn import one_direction
from rnncore.optim import clip_by_global_norm
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.testing import black_boxes, mover

device = "cpu"
move = mover(device)

# %% [markdown]
# ## A clock and a queue, by hand
#
# A GPU takes orders and carries them out later. Say that giving an order takes 1 microsecond, and the work that it orders 4. Three orders are given, one after the other, from microsecond 0 on. When has the *last order been given*, and when is the *last work done*?
# Draw two rows on paper, orders and work, then run the cell.

# %%
orders, work_ends = 0.0, 0.0
for _ in range(3):
    orders += 1  # the order has been given ...
    work_ends = max(orders, work_ends) + 4  # ... and waits for its turn
print("orders given:", orders, " work done:", work_ends, " by hand: 3, 13")

# %% [markdown]
# A clock around three calls shows 3, but the work is done at 13. Now the other case: the work takes half a microsecond. When is it done? One line is missing; put it in.
#
# <details><summary>The missing line</summary>
#
# `work_ends = max(orders, work_ends) + 0.5`: each work is done before the next order comes. The last is done at 3.5, and for 2 of those 3.5 microseconds the GPU waits for orders.
# </details>

# %%
orders, work_ends = 0.0, 0.0
for _ in range(3):
    orders += 1
    # (the missing line)
print("work done:", work_ends, " by hand: 3.5")

# %% [markdown]
# ## Task 1: a cell of your own in the graph (5 points)
#
# *Core, about 25 minutes.*
#
# A **leaky** cell keeps a share $k$ of its state (`keep` in the code), one number per unit, and *learns* that share. It has a steepness $s$ too, a plain number that is not learnt:
#
# $$r = {{unit.tex}}\bigl(s\,(a_x + a_h)\bigr), \qquad h_t = k \odot h_{t-1} + (1 - k) \odot r$$
#
# Forward is given. Write `backward`, without autograd: it is autograd that asks. (The test tells whether you call it, or the given step.) It owes one gradient for **each** argument of `forward`, in their order: $a_x$, $a_h$, $h_{t-1}$, $k$, and $s$. Where an argument is not to be learnt, that is `None`.
#
# <details><summary>Hint 1</summary>
#
# `h, keep, r = ctx.saved_tensors`, and `ctx.steepness`. The state has one way to h_t, a_x and a_h go through r, and k stands in two places.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The derivative of h_t with respect to k is h - r, for each sequence. All sequences share k, so its gradient is a sum over the batch: `.sum(0)`. (Here torch would add it up for you too, since it undoes the broadcasting of an argument.)
# </details>
#
# <details><summary>Hint 3</summary>
#
# d_a = d_h (1 - k) {{unit.hint}} s, for a_x and for a_h alike; the state gets d_h k; the last result is None.
# </details>


# %% solution="LeakyCell"
class LeakyCell(torch.autograd.Function):
    """One step of the leaky cell, with a backward of its own.

    Shapes: a_x (B, H); a_h (B, H); h (B, H); keep (H,); steepness a number
        -> h (B, H)
    """

    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = {{unit.of}}
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        ### BEGIN SOLUTION
        h, keep, r = ctx.saved_tensors
        d_r = d_h * (1 - keep)
        d_a = d_r * {{unit.slope}} * ctx.steepness
        d_keep = (d_h * (h - r)).sum(0)
        return d_a, d_a, d_h * keep, d_keep, None
        ### END SOLUTION


# %%
def leaky_step(a_x, a_h, h, keep, steepness):
    """The same step in torch's own operations, for autograd to take apart."""
    r = {{unit.of}}
    return keep * h + (1 - keep) * r


# %% [markdown]
# Try it: torch brings a checker of its own. It works in float64, as ours does.

# %%
given = move(tuple(np.random.default_rng(0).normal(size=(3, 2, 4))))
keep = move(np.array([0.1, 0.5, 0.9, 0.99]))
checked = [a.requires_grad_() for a in (*given, keep)]
print(torch.autograd.gradcheck(LeakyCell.apply, (*checked, 1.5)))

# %% test="LeakyCell" points=5 explained="ch09_torch: One node in autograd's graph"
import numpy as np
import torch

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    mover,
    stored,
)
from rnncore.testing.inputs import list_called

properties = Properties(values=1, gradients=2, dtype=1, arguments=1)

OUTPUTS = "h, d_a_x, d_a_h, d_h_before, d_keep"


def gradients_by(step):
    def gradients(a_x, a_h, h, keep, steepness, d_h):
        leaves = [a.detach().requires_grad_() for a in (a_x, a_h, h, keep)]
        y = step(*leaves, steepness)
        y.backward(d_h)
        return (y.detach(), *(a.grad for a in leaves))

    return gradients


def one_step(rng, B, H, steepness):
    a_x, a_h, h, d_h = rng.normal(size=(4, B, H))
    given = dict(a_x=a_x, a_h=a_h, h=h, keep=rng.uniform(size=H))
    return given | dict(steepness=steepness, d_h=d_h)


visible = mover(device)(one_step(np.random.default_rng(2), 3, 2, 1.5))
mine = gradients_by(LeakyCell.apply)
check(mine, stored("LeakyCell"), [visible], outputs=OUTPUTS, by=properties)


class Context:
    """What torch hands to backward."""

    needs_input_grad = (True, True, True, True, False)

    def __init__(self, a_x, a_h, h, keep, steepness, d_h):
        r = {{unit.of}}
        self.saved_tensors, self.steepness = (h, keep, r), steepness


def check_no_autograd(args):
    """The gradients are written, and not left to autograd."""
    given = {"ctx": Context(**args), "d_h": args["d_h"]}
    called = {
        "torch.autograd.grad",
        "torch.autograd.backward",
        "leaky_step",
    }
    called &= {*list_called(LeakyCell.backward, given)}
    assert_that(
        not called, "without autograd: write the gradients themselves"
    )


with properties("gradients"):
    check_no_autograd(visible)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    one_step, [(1, 1, 1.0), (4, 3, 0.5), (2, 5, 2.0)], device
)
right = gradients_by(reference_leaky_step)
mine = gradients_by(LeakyCell.apply)
check(mine, right, hidden, outputs=OUTPUTS, by=properties)
with properties("gradients"):
    check_no_autograd(hidden[0])
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="LeakyCell"
r"""
steepness dropped [gradients]: the steepness s stands inside the {{unit.name}}, so the chain rule multiplies d_a by it
~ {{unit.slope}} * ctx.steepness => {{unit.slope}}
share of the {{unit.name}} dropped [gradients]: r enters h_t with the factor 1 - k; its gradient has that factor too
~ d_r = d_h * (1 - keep) => d_r = d_h
slope at the argument [gradients]: {{unit.again_says}}
~ {{unit.slope}} => {{unit.again}}
state path dropped [gradients]: h_{t-1} reaches h_t directly, with the factor k, and not through a_h alone: its gradient was lost
~ d_a, d_a, d_h * keep => d_a, d_a, 0 * d_h
state whole [gradients]: the state enters h_t with the factor k, and its gradient has that factor too
~ d_a, d_a, d_h * keep => d_a, d_a, d_h
slope of a {{unit.odd_name}} [gradients]: {{unit.odd_says}}
~ {{unit.slope}} * ctx => {{unit.odd}} * ctx
shares exchanged [gradients]: the state is kept with the factor k, the {{unit.name}} enters with 1 - k; the two were exchanged
~ d_a, d_a, d_h * keep => d_a, d_a, d_h * (1 - keep)
one of two places [gradients]: k stands in two places, k h and (1 - k) r; the second gives - r
~ (h - r) => h
averaged over the batch [gradients]: d_keep was averaged over the batch; shared gradients add up, they are not averaged
~ .sum(0) => .mean(0)
{{unit.name}}'s slope of its argument [gradients]: {{unit.argument_says}}
~ {{unit.slope}} => {{unit.argument}}
steepness in the {{unit.square}} [gradients]: r holds the steepness already: the slope is {{unit.is}}, and s stands before it once, as a factor
~ {{unit.slope}} => {{unit.inside}}
steepness twice [gradients]: the factor s was counted twice
~ {{unit.slope}} * ctx.steepness => {{unit.slope}} * ctx.steepness**2
{{unit.forgotten}} forgotten [gradients]: {{unit.less}}
~ {{unit.slope}} => (1 - r)
share of the state for the {{unit.name}} [gradients]: r enters h_t with the factor 1 - k, and so does its gradient; yours has k in that place
~ d_r = d_h * (1 - keep) => d_r = d_h * keep
state through r [gradients]: d_a was added to the state's gradient; h enters h_t only as k h, and what goes through a_h is counted there
~ d_a, d_a, d_h * keep => d_a, d_a, d_h * keep + d_a
order of the arguments [gradients]: the gradients have another order than forward's arguments: a_x, a_h, h, keep, steepness
~ return d_a, d_a, d_h * keep, d_keep => return d_h * keep, d_a, d_a, d_keep
upstream left out for the share [gradients]: this is the derivative of h_t with respect to k alone; the chain rule multiplies it by d_h
~ (d_h * (h - r)) => (h - r)
difference the other way round [gradients]: the sign of d_keep is turned: a larger k moves h_t towards h_{t-1}
~ (h - r) => (r - h)
recurrent contribution dropped [hidden, gradients]: a_h has no gradient: the recurrent weights would never learn
~ return d_a, d_a, => return d_a, None,
upstream in place [arguments]: the numbers are right, but d_h, which belongs to the caller, was changed on the way
~ d_h * keep, d_keep => d_h.mul_(keep), d_keep
slope at the state [gradients]: {{unit.state_says}}
~ {{unit.slope}} => {{unit.state}}
gradients from autograd [hidden, gradients]: the gradients came from autograd, which took the step apart; the task is to write them
-         d_a = d_r * {{unit.slope}} * ctx.steepness
+         with torch.enable_grad():
+             a = ({{unit.back}} / ctx.steepness).requires_grad_()
+             (d_a,) = torch.autograd.grad({{unit.torch}}, a, d_r)
a_h's gradient doubled [gradients]: the gradient of a_h is twice that of a_x; both enter one sum
~         return d_a, d_a, d_h * keep, d_keep, None =>         return d_a, 2 * d_a, d_h * keep, d_keep, None
"""

# %% [markdown]
# ## Task 2: weights from a stranger's file (4 points)
#
# *Core, about 20 minutes.*
#
# A file holds a trained LSTM in three arrays: `kernel` (D, 4H), `recurrent` (H, 4H) and `bias` (4H,). Its makers multiplied from the other side, $a = x\,K + h\,R + b$, had **one** bias, and the order **{{file.order}}**. Their step is given as code, since no description
# is as clear. Write `to_torch`: the `state_dict` of a `torch.nn.LSTM(D, H)` that computes the same. Its order is input, forget, candidate, output, and it adds two biases.
#
# <details><summary>Hint 1</summary>
#
# Two separate matters: the blocks have another order, and the matrices are transposed. Look at the shapes that torch.nn.LSTM(2, 3).state_dict() has.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `{{file.cut}}` takes any of the three arrays into its blocks; `torch.cat([...], -1)` puts them together in another order.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The keys are weight_ih_l0, weight_hh_l0, bias_ih_l0, bias_hh_l0. Put the bias into one of the two, and zeros into the other. `.T` transposes; `reshape` would only relabel.
# </details>


# %%
def by_the_file(kernel, recurrent, bias, x):
    """What the file's makers computed, from a state of zeros: y, h, c."""
    h = torch.zeros_like(x[0] @ kernel).chunk(4, -1)[0]
    c, y = h, []
    for x_t in x:
        a = x_t @ kernel + h @ recurrent + bias
        {{file.cut}}
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
        y.append(h)
    return torch.stack(y), h[None], c[None]


# %% solution="to_torch"
def to_torch(kernel, recurrent, bias):
    """The state_dict of the torch.nn.LSTM that computes the same.

    Shapes: kernel (D, 4*H); recurrent (H, 4*H); bias (4*H,)
        -> weight_ih_l0 (4*H, D); weight_hh_l0 (4*H, H); bias_ih_l0 (4*H,); bias_hh_l0 (4*H,)
    """
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    ### BEGIN SOLUTION
    ordered = []
    for a in (kernel, recurrent, bias):
        {{file.cut}}
        ordered.append(torch.cat([i, f, g, o], -1))
    K, R, b = ordered
    return dict(zip(names, (K.T, R.T, b, torch.zeros_like(b)), strict=True))
    ### END SOLUTION


# %% [markdown]
# Try it: the file's step and torch's module, on the same input.

# %%
rng = np.random.default_rng(0)
file = move(tuple(rng.normal(size=s) for s in [(2, 12), (3, 12), (12,)]))
x = move(rng.normal(size=(4, 2, 2)))
lstm = torch.nn.LSTM(2, 3, dtype=torch.float64, device=x.device)
lstm.load_state_dict(to_torch(*file))
with torch.no_grad():
    y, _ = lstm(x)
print(
    "largest difference:", float((y - by_the_file(*file, x)[0]).abs().max())
)

# %% test="to_torch" points=4 explained="ch09_torch: A drop-in replacement for torch.nn"
import numpy as np
import torch

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

OUTPUTS = "y, h, c"


def loaded(kernel, recurrent, bias, x):
    D, H = kernel.shape[0], recurrent.shape[0]
    lstm = torch.nn.LSTM(D, H, dtype=x.dtype, device=x.device)
    lstm.load_state_dict(to_torch(kernel, recurrent, bias))
    # on a GPU cuDNN's float32 is coarser than the check
    with torch.no_grad(), torch.backends.cudnn.flags(enabled=False):
        y, (h, c) = lstm(x)
    return y, h, c


def from_file(rng, T, B, D, H):
    shapes = dict(kernel=(D, 4 * H), recurrent=(H, 4 * H), bias=(4 * H,))
    shapes["x"] = T, B, D
    return {name: rng.normal(size=s) for name, s in shapes.items()}


visible = mover(device)(from_file(np.random.default_rng(3), 3, 2, 2, 3))
check(loaded, stored("to_torch"), [visible], outputs=OUTPUTS, by=properties)


def as_in_the_file(kernel, recurrent, bias, x):
    """Whether the state_dict has the dtype and device of the file's arrays."""
    arrays = to_torch(kernel, recurrent, bias).values()
    return {(a.dtype, a.device) for a in arrays} == {(x.dtype, x.device)}


KEPT = "all four arrays must have the dtype and device of the file's"
with properties("dtype"):
    for dtype in ("float64", "float32"):
        given = mover(device)(
            from_file(np.random.default_rng(3), 3, 2, 2, 3), dtype
        )
        assert_that(as_in_the_file(**given), KEPT)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    from_file, [(2, 1, 1, 2), (5, 3, 4, 3), (4, 2, 5, 6)], device
)
check(loaded, reference_by_the_file, hidden, outputs=OUTPUTS, by=properties)
with properties("dtype"):
    for given in hidden:
        assert_that(as_in_the_file(**given), KEPT)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="to_torch"
r"""
order left as it was: the blocks still stand in the file's order: {{file.order}}
~ torch.cat([i, f, g, o], -1) => torch.cat({{file.as_it_is}}, -1)
forget and input gate exchanged: the input and the forget gate are exchanged; torch's first block is the input gate
~ torch.cat([i, f, g, o], -1) => torch.cat([f, i, g, o], -1)
candidate and output exchanged: the candidate and the output gate are exchanged; torch has the candidate third
~ torch.cat([i, f, g, o], -1) => torch.cat([i, f, o, g], -1)
candidate second: the candidate stands second, as in TensorFlow's older cells (input, candidate, forget, output); torch has it third
~ torch.cat([i, f, g, o], -1) => torch.cat([i, g, f, o], -1)
order of ONNX: the blocks stand as input, output, forget, candidate; torch's order is input, forget, candidate, output
~ torch.cat([i, f, g, o], -1) => torch.cat([i, o, f, g], -1)
every fourth column: every fourth column was taken for a gate; the file has a gate's H columns next to each other
~ {{file.cut}} => {{file.fourth}}
recurrent matrix not put in order: the kernel is in torch's order, the recurrent matrix is still in the file's
~ (K.T, R.T, b, => (K.T, recurrent.T, b,
kernel not put in order: the kernel is still in the file's order; all three arrays have the four blocks
~ (K.T, R.T, b, => (kernel.T, R.T, b,
recurrent blocks not transposed: the blocks of the recurrent matrix were put below each other as they were; each must be transposed too
~ (K.T, R.T, b, => (K.T, torch.cat(R.chunk(4, -1), 0), b,
one added to the forget gate's bias: 1 was added to the forget gate's bias: some libraries do so in each step, this file's makers did not
- K, R, b = ordered
+ K, R, b = ordered
+     b = torch.cat([c + (k == 1) for k, c in enumerate(b.chunk(4))])
zeros of torch's default [hidden, dtype]: the second bias has torch's default dtype and device, not the file's: zeros_like keeps both
~ torch.zeros_like(b) => torch.zeros(b.shape)
bias twice: torch adds its two biases, so the file's bias was counted twice
~ torch.zeros_like(b) => b
bias forgotten: the file's bias is in neither of torch's two
~ (K.T, R.T, b, => (K.T, R.T, 0 * b,
reshape taken for a transpose: the matrices were reshaped: they have the right shapes, and their numbers stand in wrong places; transpose them
~ (K.T, R.T, => (K.reshape(b.shape[0], -1), R.reshape(b.shape[0], -1),
bias not put in order: the matrices are in torch's order, the bias is still in the file's
~ (K.T, R.T, b, => (K.T, R.T, bias,
no transpose: torch holds a row for each unit that is written, the file a column: transpose both matrices
~ (K.T, R.T, => (K, R,
recurrent matrix relabelled: the recurrent matrix was reshaped; `.T` transposes it, as it does the kernel
~ R.T, b => R.reshape(R.shape[1], -1), b
kernel relabelled: the kernel was reshaped; `.T` transposes it, as it does the recurrent matrix
~ (K.T, R.T => (K.reshape(K.shape[1], -1), R.T
zeros in float64 [hidden, dtype]: the array of zeros is float64 whatever the file's arrays are
~ torch.zeros_like(b)) => torch.zeros(len(b), dtype=torch.float64, device=b.device))
"""

# %% [markdown]
# ## Task 3: eight bits a weight (4 points)
#
# *Extra, about 30 minutes.*
#
# The same matrices are to go into a machine that multiplies 8-bit integers. The chapter let torch do that, with one scale for a whole matrix. Here each **row** has a scale of its own, and so a row of small weights keeps its digits beside a row of large ones:
#
# $$s_k = \frac{\max_j |W_{kj}|}{127}, \qquad q_{kj} = \operatorname{round}\Big(\frac{W_{kj}}{s_k}\Big)$$
#
# so that $W_{kj} \approx s_k\, q_{kj}$, and $q$ lies between -127 and 127. A row of zeros has the scale 1. The rows of $x$, one per sequence, are converted in the same way, with scales $s^x_b$. Then all products and their sums are integers, and only the last line returns to floating point:
#
# $$\text{total}_{bk} = \sum_j q^x_{bj}\, q_{kj}, \qquad y_{bk} = s^x_b\, s_k\, \text{total}_{bk}$$
#
# One product of two 8-bit integers can be 16,129. So the sum needs a wider kind of integer: int32.
#
# <details><summary>Hint 1</summary>
#
# W and x need the same treatment: write an inner function from an array to its scales and integers, and call it twice. With `keepdim=True` the scales are a column, which divides each row by its own number.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `a.abs().amax(1, keepdim=True)` is each row's largest absolute value, `torch.where(largest > 0, largest / 127, 1.0)` its scale. Converting to int8 cuts off the digits, so round first: `(a / scale).round().to(torch.int8)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# A product of int8 arrays is int8, and overflows silently: convert to int32 first. On a CPU `q_x.to(torch.int32) @ q.to(torch.int32).T` will do; on a GPU, where torch has no such product, `(q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)`. The scales of W run along the columns of y: `scale.T`.
# </details>


# %% solution="int8_product"
def int8_product(x, W):
    """x @ W.T in 8-bit integers, with a scale for each row of x and W.

    What is stored of W comes first: its scales, and q in int8. Then the
    sums in int32, and y in the dtype of x.

    Shapes: x (B, D); W (H, D)
        -> scale (H, 1); q (H, D); total (B, H); y (B, H)
    """
    ### BEGIN SOLUTION

    def stored_as(a):
        largest = a.abs().amax(1, keepdim=True)
        scale = torch.where(largest > 0, largest / 127, 1.0)
        return scale, (a / scale).round().to(torch.int8)

    scale_x, q_x = stored_as(x)
    scale, q = stored_as(W)
    terms = q_x.to(torch.int32)[:, None] * q
    total = terms.sum(-1, dtype=torch.int32)
    return scale, q, total, total * scale_x * scale.T
    ### END SOLUTION


# %% [markdown]
# Try it: the rows of W have sizes 1, 0.1 and 0.01. The first two lines leave x as it is, and store W with a scale for each row or with one for the whole matrix. What has become of the last row? The third line is your y, for which x has 8 bits too.

# %%
rng = np.random.default_rng(0)
sizes = np.array([[1.0], [0.1], [0.01]])
x, W = move((rng.normal(size=(200, 50)), sizes * rng.normal(size=(3, 50))))
scale, q, _, y = int8_product(x, W)
one = W.abs().max() / 127
products = {
    "a scale per row": x @ (scale * q).T,
    "one scale": x @ (one * (W / one).round()).T,
    "x in 8 bits too": y,
}
for name, found in products.items():
    off = (found - x @ W.T).std(0) / (x @ W.T).std(0)
    print(f"{name:16} error of each row, %:", 100 * off.cpu().numpy())

# %% test="int8_product" points=4 explained="ch09_precision: Eight bits at inference"
import numpy as np
import torch

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "scale, q, total, y"


def rows_of(rng, rows, D, empty):
    """Rows that begin with their largest entry; none is halfway."""
    k = rng.integers(-126, 127, (rows, D)).astype(float)
    k[-1] = rng.integers(100, 127, D)  # of one sign: a large sum
    k += rng.uniform(-0.4, 0.4, (rows, D))
    k[:, 0] = 127 * (-1.0) ** np.arange(1, rows + 1)
    k[-1, 0] = 127
    k[0] *= 1 - empty
    return 3 * 2.0 ** rng.integers(-8, 0, (rows, 1)) * k  # 127 is exact


def product(rng, B, D, H, empty=False):
    x, W = rows_of(rng, B, D, empty), rows_of(rng, H, D, empty)
    return dict(x=x, W=W)


rng = np.random.default_rng(57)
visible = [product(rng, 2, 6, 3, k < 1) for k in (0, 1)]


def large_sum(rng, D=1500):
    """One row of each, whose sum is odd and beyond 2^24, float32's last."""
    x, W = (rng.integers(100, 127, (1, D)).astype(float) for _ in "xW")
    x[0, :2] = W[0, :2] = 127, 1
    W[0, 1] += 1 - (x * W).sum() % 2
    return dict(x=x, W=W)


visible = move([*visible, large_sum(rng)])
right = stored("int8_product")
check(int8_product, right, visible, outputs=OUTPUTS, by=properties)


def kinds_of(results):
    return [r.dtype for r in results[1:3]]


SAYS = "q is stored in 8 bits, torch.int8, and total in torch.int32"
with properties("dtype"):
    kinds = kinds_of(int8_product(**visible[1]))
    assert_that(kinds == [torch.int8, torch.int32], SAYS)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    product,
    [(4, 3, 5), (1, 1, 1), (3, 40, 2), (2, 7, 4, True), (5, 1, 3)],
    device,
)
hidden += hidden_inputs(large_sum, [()], device)
right = reference_int8_product
check(int8_product, right, hidden, outputs=OUTPUTS, by=properties)
with properties("dtype"):
    kinds = kinds_of(int8_product(**hidden[1]))
    assert_that(kinds == [torch.int8, torch.int32], SAYS)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="int8_product"
r"""
one scale for the matrix: the whole matrix has one scale; each row has its own, so take the largest entry along the row
~ a.abs().amax(1, keepdim=True) => a.abs().max() + 0 * a[:, :1]
a scale for each column: the scales belong to columns; each row has its own, so take the largest entry along axis 1
~ a.abs().amax(1, keepdim=True) => a.abs().amax(0, keepdim=True)
largest without its sign: the largest entry was looked for without absolute values; a row's largest may be negative
~ a.abs().amax(1, keepdim=True) => a.amax(1, keepdim=True)
128 for 127: the scale divides by 128, which int8 does not have: its largest integer is 127
~ largest / 127 => largest / 128
255 for 127: the scale divides by 255, the number of steps from end to end; from 0 to the largest there are 127
~ largest / 127 => largest / 255
digits cut off: the digits were cut off; converting to int8 does not round, so round first
~ (a / scale).round() => (a / scale)
rounded down: the quotients were rounded down; round to the nearest integer
~ (a / scale).round() => (a / scale).floor()
overflow in int8: the products or their sum stayed in int8, where a result above 127 overflows; convert to int32 first
-     terms = q_x.to(torch.int32)[:, None] * q
-     total = terms.sum(-1, dtype=torch.int32)
+     total = (q_x[:, None] * q).sum(-1, dtype=torch.int8).to(torch.int32)
terms overflow in int8: each product of two integers stayed in int8 and overflowed before it was summed; convert to int32 first
~ q_x.to(torch.int32)[:, None] * q => q_x[:, None] * q
sum overflows in int16: 16 bits hold one product, up to 32,767, and not a sum of several: use int32
~     total = terms.sum(-1, dtype=torch.int32) =>     total = terms.sum(-1, dtype=torch.int16).to(torch.int32)
scale of x forgotten: y lacks the scales of x: the integers of both were multiplied, so both scales come back
~ total * scale_x * scale.T => total * scale.T
scale of W forgotten: y lacks the scales of W: the integers of both were multiplied, so both scales come back
~ total * scale_x * scale.T => total * scale_x
no scale: y is still in integers' units: multiply by both scales
~ total * scale_x * scale.T => total * scale_x / scale_x
divided by the scales: y was divided by the scales; an entry is its scale times its integer
~ total * scale_x * scale.T => total / scale_x / scale.T
zero row divided by zero: the scale of a row of zeros is 0, or next to it; give it the scale 1, and nothing is divided by 0
~ torch.where(largest > 0, largest / 127, 1.0) => largest / 127
one scale for x: all sequences share one scale, so that one of them changes what the others become; each row of x has its own
- scale_x, q_x = stored_as(x)
+ scale_x, q_x = stored_as(x.reshape(1, -1))
+     q_x = q_x.reshape(x.shape)
scales multiplied in: scale is the number that an integer is multiplied by, so largest / 127; you gave its inverse
~ return scale, q, total, => return 1 / scale, q, total,
256 for 127: the scale divides by 256, the number of integers in int8; from 0 to the largest there are 127
~ largest / 127 => largest / 256
7 for 127: the scale divides by 7, the largest integer of 4 bits; that of 8 bits is 127
~ largest / 127 => largest / 7
mean for the largest: the scale was made from the mean of the absolute values: larger entries do not fit then; take the largest
~ a.abs().amax(1, keepdim=True) => a.abs().mean(1, keepdim=True)
spread for the largest: the scale was made from the standard deviation: larger entries do not fit then; take the largest absolute value
~ a.abs().amax(1, keepdim=True) => a.std(1, keepdim=True)
from the least to the largest: the scale spans from a row's least entry to its largest, as with a zero point; here 0 is stored as 0, and the largest absolute value as 127
~ torch.where(largest > 0, largest / 127, 1.0) => torch.where(largest > 0, (a.amax(1, keepdim=True) - a.amin(1, keepdim=True)) / 255, 1.0)
power of two: the scale was rounded up to a power of two; it is the largest absolute value over 127
~ torch.where(largest > 0, largest / 127, 1.0) => torch.where(largest > 0, 2 ** torch.ceil(torch.log2(largest / 127)), 1.0)
multiplied by its scale: W was multiplied by its scale; its integers are W divided by it
~ (a / scale).round() => (a * scale).round()
rounded up: the quotients were rounded up; round to the nearest integer
~ (a / scale).round() => (a / scale).ceil()
half added: a half was added and the digits cut off, which gives one too much below zero: round
~ (a / scale).round() => (a / scale + 0.5)
shifted by 128: q was shifted to positive numbers; it lies between -127 and 127
-     return scale, q, total,
+     q = (q.to(torch.int32) + 128).to(torch.uint8)
+     return scale, q, total,
x in floating point: x was multiplied as it is; it gets scales and integers too, so that total is a sum of products of integers
-     terms = q_x.to(torch.int32)[:, None] * q
-     total = terms.sum(-1, dtype=torch.int32)
-     return scale, q, total, total * scale_x * scale.T
+     total = x @ q.to(x.dtype).T
+     return scale, q, total.to(torch.int32), total * scale.T
scale of W for x: x was divided by a scale of W; each row of x has its own
- scale_x, q_x = stored_as(x)
+ scale_x = W.abs().max() / 127
+     q_x = (x / scale_x).round().clamp(-127, 127).to(torch.int8)
scales added: the two scales were added; each stands for a factor, so both multiply total
~ total * scale_x * scale.T => total * (scale_x + scale.T)
scale of W twice: the scale of W was multiplied in twice, and that of x not at all
~ total * scale_x * scale.T => total * scale.T * scale.T
y from the floats: y is the product of the floats; it is to be total, multiplied by both scales
~ return scale, q, total, total * scale_x * scale.T => return scale, q, total, x @ W.T
q kept as floats [hidden, dtype]: q holds floats, four times the bytes; convert what has been rounded to int8
~ return scale, q, total, => return scale, q.to(x.dtype), total,
wide integers for q [hidden, dtype]: q is stored in int32, four times the bytes; what is stored is int8
~ return scale, q, total, => return scale, q.to(torch.int32), total,
int64 for the sum [hidden, dtype]: total is int64: torch sums integers in 64 bits unless it is told a dtype; int32 is due
~ terms.sum(-1, dtype=torch.int32) => terms.sum(-1)
sums in float32 [hidden, dtype]: the sums were made in float32, which holds no odd number above 2^24: sum in int32
-     terms = q_x.to(torch.int32)[:, None] * q
-     total = terms.sum(-1, dtype=torch.int32)
+     total = (q_x.float() @ q.float().T).to(torch.int32)
"""

# %% [markdown]
# ## Task 4: a scale that finds itself (4 points)
#
# *Extra, about 25 minutes.*
#
# The chapter multiplied the loss by 16,384, a number that had been tried out. In training the scale is found on the way, and then it is a state that each step hands on to the next: the `scale`, and `good`, the number of good steps since it changed last.
# Write one such step. It is given the weights, and the gradients of the *scaled* loss in float16.
#
# An **overflow** is an entry that is not finite, an infinity or a nan, in any of the arrays. (Large finite entries are none, even if their sum would be.) After one, no weight moves, the scale is {{less.done}}, and `good` is 0.
#
# Otherwise the step is a good one. The gradients are converted to the dtype of their weights, divided by the scale, and clipped: `clip_by_global_norm(grads, limit)` of chapter 4 returns the clipped gradients and their norm before. Then comes a step of gradient descent, $w - \text{rate} \cdot \mathrm{d}w$. When `good` reaches
# `patience`, the scale is doubled and `good` is 0 again.
#
# <details><summary>Hint 1</summary>
#
# Look for an overflow before anything else, in all arrays: one entry is enough, and then all weights stay as they are, those with finite gradients too.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `d.isfinite().all()` says it of one array. The order of the rest matters: a quotient in float16 loses what the scale has saved, so convert first; and `limit` is meant for the norm of the true gradient, so divide before you clip. All of that with the scale that the gradients were made with.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `zip(d_weights, weights, strict=True)` runs over both, and `d.to(w.dtype) / scale` is one true gradient. Count last: `good + 1`, and if that is `patience`, return `2 * scale, 0`. `weights` belongs to the caller: make new arrays, no `-=`.
# </details>


# %% solution="scaled_step"
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    """One step of gradient descent, from the gradients of a scaled loss.

    Shapes: weights (any, ...); d_weights the same, float16; scale a number;
        good, patience whole numbers -> scale; good; weights
    """
    ### BEGIN SOLUTION
    if not all(d.isfinite().all() for d in d_weights):
        return {{less.scale}}, 0, weights
    pairs = list(zip(d_weights, weights, strict=True))
    true = [d.to(w.dtype) / scale for d, w in pairs]
    true, _ = clip_by_global_norm(true, limit)
    moved = [w - rate * d for w, d in zip(weights, true, strict=True)]
    good = good + 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(moved)
    ### END SOLUTION


# %% [markdown]
# Try it: a gradient of 10⁻⁸ w, which is 0 in float16, and a scale that begins far too high. How far down does it go, and why does it not stay there?

# %%
start = move((np.array([1.0, -2.0]),), "float32")
for patience, scale in [(5, 2.0**48), (1000, 1.0)]:
    w, good = start, 0
    print(f"a scale that begins at 2^{np.log2(scale):.0f}")
    for step in range(31):
        d_w = [(scale * 1e-8 * a).half() for a in w]
        if step % 5 == 0:
            print(f"  step {step:2}: 2^{np.log2(scale):.0f}", end="")
            print("  w:", w[0].cpu().numpy().round(4))
        scale, good, w = scaled_step(
            w, d_w, scale, good, 1e7, 1e3, patience
        )

# %% test="scaled_step" points=4 explained="ch09_precision: Gradients too small for float16"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "scale, good, weights"
PLAIN = dict(scale=1.0, good=0, rate=0.5, limit=1e3, patience=9)


def one_of(rng, B, D, size=1.0, planted=(), **state):
    """Weights, and gradients; a value is planted in n columns of one."""
    shapes = (B, D), (D,), (1, B)
    state = PLAIN | state
    d_weights = [size * rng.normal(size=s) for s in shapes]
    for k, n, value in planted:
        d_weights[k][..., -n:] = value
    weights = tuple(rng.normal(size=s) for s in shapes)
    return dict(weights=weights, d_weights=tuple(d_weights), **state)


def all_kinds(rng, B, D):
    """A step of each kind: plain, scaled, clipped, counted, skipped."""
    return [
        one_of(rng, B, D),
        one_of(rng, B, D, 30, scale=512.0, good=2),
        one_of(rng, B, D, 0.01, scale=2.0**14, rate=1e6),
        one_of(rng, B, D, 20, scale=64.0, good=7),
        one_of(rng, B, D, 20, scale=64.0, good=8),
        one_of(rng, B, D, 900, scale=256.0, limit=1.5),
        one_of(rng, B, D, 9, [(1, 1, np.inf)], scale=32.0, good=3),
        one_of(rng, B, D, 9, [(0, 1, np.nan)], scale=32.0, good=8),
        one_of(rng, B, D, 9, [(1, D, np.nan)], scale=32.0, good=5),
        one_of(rng, B, D, 9, [(k, 1, np.inf) for k in range(3)], scale=8.0),
        one_of(rng, B, D, 9, [(2, 1, -np.inf)], scale=0.5, good=0),
        one_of(rng, B, D, 9, [(1, 1, 5e4)], scale=2.0**13),
        one_of(rng, B, D, 9, [(0, 1, 4e4)], scale=2.0**13),
        one_of(rng, B, D, 9, [(2, 1, -65504.0)], scale=2.0**13),
        one_of(rng, B, D, 0, scale=128.0, good=1),
        one_of(rng, B, D, 3, scale=16.0, good=0, patience=1),
        one_of(rng, B, D, 3, scale=16.0, good=8, patience=30),
    ]


def in_half(inputs, dtype):
    """Weights of a dtype; the gradients in float16, as a list."""
    moved = move(inputs, dtype)
    return moved | dict(d_weights=[d.half() for d in moved["d_weights"]])


kinds = all_kinds(np.random.default_rng(4), 3, 2)
visible = [in_half(inputs, "float32") for inputs in kinds]
right = stored("scaled_step")
check(scaled_step, right, visible, outputs=OUTPUTS, by=properties)
with properties("dtype"):  # by hand: 1 - 0.1 · 1, in float64
    ones = move((np.ones(2),))
    _, _, (w,) = scaled_step(ones, [ones[0].half()], 1.0, 0, 0.1, 1e3, 9)
    assert_close("weights in float64", w, np.full(2, 0.9))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    in_half(inputs, dtype)
    for dtype in ("float32", "float64")
    for B, D in [(4, 3), (2, 5)]
    for inputs in all_kinds(rng, B, D)
]
right = reference_scaled_step
check(scaled_step, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="scaled_step"
r"""
not divided: your weights moved by the gradient of the scaled loss; divide it by the scale before the step
~ d.to(w.dtype) / scale => d.to(w.dtype)
multiplied once more: your gradients were multiplied by the scale; the loss was multiplied already, so divide
~ d.to(w.dtype) / scale => d.to(w.dtype) * scale
divided in float16: your gradients were divided while they were still in float16, where the quotient is rounded to 0 or to a few bits; convert first
~ d.to(w.dtype) / scale => (d / scale).to(w.dtype)
divided by the next scale: your gradients were divided by the scale of the next step; they were made with the present one, so change the scale last
-     pairs = list
+     if good + 1 == patience:
+         scale, good, patience = 2 * scale, -1, -1
+     pairs = list
clipped before dividing: you clipped the gradient of the scaled loss, whose norm is larger by the scale; divide first, then clip
-     true = [d.to(w.dtype) / scale for d, w in pairs]
-     true, _ = clip_by_global_norm(true, limit)
+     true = [d.to(w.dtype) for d, w in pairs]
+     true, _ = clip_by_global_norm(true, limit)
+     true = [d / scale for d in true]
not clipped: your gradients were not clipped: where their norm is above the limit, they are shortened to it
-     true, _ = clip_by_global_norm(true, limit)
each array by its own norm: you clipped each array by its own norm, which turns the gradient; all arrays have one norm and one factor
~     true, _ = clip_by_global_norm(true, limit) =>     true = [clip_by_global_norm([d], limit)[0][0] for d in true]
by value: you cut each entry off at the limit; clip_by_global_norm shortens all arrays by one factor
~     true, _ = clip_by_global_norm(true, limit) =>     true = [d.clamp(-limit, limit) for d in true]
uphill: your weights moved along the gradient, uphill; a step goes against it
~ w - rate * d for => w + rate * d for
rate forgotten: your step does not use the rate: it is rate times the gradient
~ w - rate * d for => w - d for
nan for overflow: you looked for nan alone; an infinity is not finite either
~ not all(d.isfinite().all() for d in d_weights) => any(d.isnan().any() for d in d_weights)
infinity for overflow: you looked for infinities alone; a nan is not finite either
~ not all(d.isfinite().all() for d in d_weights) => any(d.isinf().any() for d in d_weights)
infinities above alone: you looked for entries that are inf, or nan; -inf is an overflow too
~ not all(d.isfinite().all() for d in d_weights) => any((d.isnan() | d.isposinf()).any() for d in d_weights)
first array alone: you looked for an overflow in the first array alone; any of them may have one
~ for d in d_weights) => for d in d_weights[:1])
one finite array is enough: you went on as soon as one array was finite; all of them have to be
~ if not all(d.isfinite().all() for => if not any(d.isfinite().all() for
one finite entry is enough: you went on as soon as an array had one finite entry; all of its entries have to be finite
~ d.isfinite().all() for => d.isfinite().any() for
sum for its terms: you asked whether a sum or a norm of the entries is finite; in float16 it can be infinite where every entry is finite, and that is no overflow
~ d.isfinite().all() for => d.sum().isfinite() for
squares for their roots: you asked for the squares of the entries, or a norm made of them, in float16; there the square of 300 is infinite, and 300 is no overflow
~ d.isfinite().all() for => (d * d).isfinite().all() for
never looked: you never looked for an overflow; where an entry is not finite, no weight moves and the scale is {{less.done}}
-     if not all(d.isfinite().all() for d in d_weights):
-         return {{less.scale}}, 0, weights
large for infinite: you took large entries for an overflow; what counts is whether an entry is finite
~ d.isfinite().all() for => (d.abs() < 3e4).all() for
moved all the same: after an overflow the scale was {{less.done}}, and your weights took the step all the same; they stay as they are
-         return {{less.scale}}, 0, weights
+         moved = [w - rate * d / scale for w, d in zip(weights, d_weights)]
+         return {{less.scale}}, 0, tuple(moved)
replaced by a number: you replaced what is not finite and took the step; its true value is unknown, so no weight moves
-         return {{less.scale}}, 0, weights
+         d_weights = [d.nan_to_num() for d in d_weights]
+         true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
+         true, _ = clip_by_global_norm(true, limit)
+         moved = [w - rate * d for w, d in zip(weights, true)]
+         return {{less.scale}}, 0, tuple(moved)
replaced by zero: you put zeros in the place of what is not finite and took the step; the whole step is skipped
-         return {{less.scale}}, 0, weights
+         true = [
+             d.nan_to_num(0, 0, 0).to(w.dtype) / scale
+             for d, w in zip(d_weights, weights)
+         ]
+         true, _ = clip_by_global_norm(true, limit)
+         moved = [w - rate * d for w, d in zip(weights, true)]
+         return {{less.scale}}, 0, tuple(moved)
finite arrays moved: after an overflow you left out the arrays that have one, and moved the others; the whole step is skipped
-         return {{less.scale}}, 0, weights
+         fine = [d.isfinite().all() for d in d_weights]
+         moved = [
+             w - rate * d.to(w.dtype) / scale if ok else w
+             for w, d, ok in zip(weights, d_weights, fine)
+         ]
+         return {{less.scale}}, 0, tuple(moved)
scale {{less.not}}: after an overflow your scale stayed as it was, and the next step will overflow too; {{less.do}}
~ return {{less.scale}}, 0, weights => return scale, 0, weights
scale doubled after an overflow: after an overflow you doubled the scale; it was too large, so {{less.do}}
~ return {{less.scale}}, 0, weights => return scale * 2, 0, weights
scale a tenth: after an overflow you took a tenth of the scale; {{less.do}} (powers of two change no digit of a gradient)
~ return {{less.scale}}, 0, weights => return scale / 10, 0, weights
not below 1: your scale does not go below 1; nothing was said of such a limit: {{less.do}} after each overflow
~ return {{less.scale}}, 0, weights => return {{less.floor}}, 0, weights
whole division: {{less.whole_says}}, which makes 0 of a scale of 0.5, for good; use `/`
~ return {{less.scale}}, 0, weights => return {{less.whole}}, 0, weights
good steps kept: after an overflow `good` stayed as it was; it counts the good steps since the scale changed, so it is 0
~ return {{less.scale}}, 0, weights => return {{less.scale}}, good, weights
skipped step counted: after an overflow you counted one more good step; that was none, and `good` is 0
~ return {{less.scale}}, 0, weights => return {{less.scale}}, good + 1, weights
one good step fewer: after an overflow you counted `good` down by one; it begins again at 0
~ return {{less.scale}}, 0, weights => return {{less.scale}}, max(good - 1, 0), weights
never counted: you did not count the good step: `good` is one more after it
~ good = good + 1 => good = good
a step too late: you doubled the scale one step too late: as soon as `good` reaches patience, this step counted
~ if good == patience: => if good > patience:
a step too early: you doubled the scale one step too early: `good` has to reach patience, not patience - 1
~ if good == patience: => if good == patience - 1:
not begun again: you doubled the scale and left `good` at patience; it begins again at 0
~ scale, good = 2 * scale, 0 => scale, good = 2 * scale, good
begun again at 1: after doubling, your `good` is 1; no step has been made yet with the new scale, so it is 0
~ scale, good = 2 * scale, 0 => scale, good = 2 * scale, 1
doubled each time: your scale was doubled after each good step; it is doubled when there have been `patience` of them
~ if good == patience: => if good:
a little each time: your scale grows a little after each good step; it is doubled when there have been `patience` of them, and otherwise stays as it is
-     if good == patience:
-         scale, good = 2 * scale, 0
+     scale = scale * 2 ** (1 / patience)
zeros for an underflow: you doubled the scale because all entries are 0; a gradient may be 0, and that is a good step like others
-     pairs = list
+     if not any(d.any() for d in d_weights):
+         return scale * 2, 0, weights
+     pairs = list
never doubled: your scale is never doubled, so one bad step would keep it low for good
~ scale, good = 2 * scale, 0 => scale, good = scale, 0
halved when all is well: you halved the scale after many good steps; then a larger one may be tried, so double it
~ scale, good = 2 * scale, 0 => scale, good = scale / 2, 0
weights in place [arguments]: the numbers are right, but you changed the caller's weights in place; make new arrays
~     moved = [w - rate * d for w, d in zip(weights, true, strict=True)] =>     moved = [w.sub_(rate * d) for w, d in zip(weights, true, strict=True)]
gradients in place [arguments]: the numbers are right, but you put other arrays into the caller's list of gradients; make a list of your own
-     true, _ = clip_by_global_norm(true, limit)
+     d_weights[:] = true
+     true, _ = clip_by_global_norm(d_weights, limit)
float32 for all [hidden, dtype]: your gradients were converted to float32, whatever their weights are
~ d.to(w.dtype) / scale for d => d.float() / scale for d
the largest number taken for an overflow: 65504, the largest number of float16, is finite: no overflow
~ d.isfinite().all() for => (d.abs() < 65504).all() for
"""

# %% [markdown]
# ## Task 5: an honest clock (4 points)
#
# *Core, about 15 minutes.*
#
# The machine is the one that you drew: `run()` gives an order and comes back; `wait()` comes back when all work is done (`torch.cuda.synchronize`, on a GPU); `clock()` reads the time. Write `median_seconds`: some runs to warm up, not timed; then `repeats` timed runs, each from an **idle** machine to an
# **idle** machine; {{middle.text}}
#
# <details><summary>Hint 1</summary>
#
# What is in the queue when the first timed run starts? And when the clock is read after a run?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Each timed run ends with a wait, before the second reading of the clock. Before the first reading the machine must be idle too: what is in its queue after the warm-up?
# </details>
#
# <details><summary>Hint 3</summary>
#
# {{middle.hint}}
# </details>


# %%
class Machine:
    """A make-believe GPU: an order takes 1, the works take what is given."""

    def __init__(self, works):
        self.works = [float(w) for w in works]
        self.now = self.work_ends = 0.0

    def run(self):
        self.now += 1
        self.work_ends = max(self.now, self.work_ends) + self.works.pop(0)

    def wait(self):
        self.now = max(self.now, self.work_ends)

    def clock(self):
        return self.now


# %% solution="median_seconds"
def median_seconds(run, wait, clock, warmup, repeats):
    """The median time of a run, from an idle machine to an idle machine."""
    ### BEGIN SOLUTION
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return {{middle.of}}
    ### END SOLUTION


# %% [markdown]
# Try it: the first run has to load what the others find ready, and one was disturbed. By hand: 1 + 4.

# %%
gpu = Machine([50, 4, 4, 30, 4, 4])
print(median_seconds(gpu.run, gpu.wait, gpu.clock, 1, 5))

# %% test="median_seconds" points=4 whole="one number from a clock that the test sets" explained="ch09_torch: On a GPU"
import numpy as np

from rnncore.testing import assert_close, assert_that, check, stored


def timed(works, warmup, repeats):
    gpu, readings = Machine(works), []

    def clock():
        readings.append(gpu.clock())
        return readings[-1]

    found = median_seconds(gpu.run, gpu.wait, clock, warmup, repeats)
    assert_that(readings, "`clock` was never called: read it, no other")
    return found


def timed_busy(works, warmup, repeats):
    """The same with a machine that has something to do already."""
    gpu = Machine([70.0, *works])
    gpu.run()
    return median_seconds(gpu.run, gpu.wait, gpu.clock, warmup, repeats)


works = np.array({{middle.works}})
visible = [
    dict(works=works, warmup=2, repeats=6),
    dict(works=np.array([30.0, 5.0]), warmup=1, repeats=1),
    dict(works=np.array([3.0, 5.0, 6.0]), warmup=0, repeats=3),
]
check(timed, stored("median_seconds"), visible, outputs="the median")
busy = timed_busy(**visible[-1])
why = "the machine was busy when the call began: wait before the first run"
assert_close("the median without warm-up", busy, 6.0, why=why)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng


def right(works, warmup, repeats):
    gpu = Machine(works)
    return reference_median_seconds(
        gpu.run, gpu.wait, gpu.clock, warmup, repeats
    )


rng = hidden_rng()
hidden = [
    dict(works=rng.uniform(2, 90, size=w + r), warmup=w, repeats=r)
    for w, r in [(1, 1), (3, 5), (0, 4), (2, 6), (1, 2)]
]
check(timed, right, hidden, outputs="the median")
assert_close(
    "the median without warm-up", timed_busy(**visible[-1]), 6.0, why=why
)
### END HIDDEN TESTS
print("Task 5 holds.")

# %% mistakes="median_seconds"
r"""
no wait after the run: the clock was read when the order had been given, not when the work was done
-         run()
-         wait()
+         run()
no wait before the run: what the warm-up had left in the queue was counted in the first timed run
-         wait()
-         start
+         start
warm-up among the times: the runs to warm up were timed too, and stand among the times
-     for _ in range(warmup):
-         run()
-     times = []
-     for _ in range(repeats):
+     times = []
+     for _ in range(warmup + repeats):
warm-up taken from the repeats: the first of the `repeats` runs were taken for the warm-up; those come before, in runs of their own
-     for _ in range(warmup):
-         run()
-     times = []
-     for _ in range(repeats):
-         wait()
-         start = clock()
-         run()
-         wait()
-         times.append(clock() - start)
-     return {{middle.of}}
+     times = []
+     for _ in range(repeats):
+         wait()
+         start = clock()
+         run()
+         wait()
+         times.append(clock() - start)
+     return {{middle.part}}
clock started after the order: the clock was started when the order had been given; giving it belongs to the run
-         start = clock()
-         run()
+         run()
+         start = clock()
nothing ordered: no order was given between the two readings: `run` alone names the function, `run()` calls it
-         start = clock()
-         run()
+         start = clock()
one reading around all: the clock ran once around all runs, and the time was divided: a mean, and of runs whose orders and works overlapped
-     for _ in range(repeats):
-         wait()
-         start = clock()
-         run()
-         wait()
-         times.append(clock() - start)
-     return {{middle.of}}
+     wait()
+     start = clock()
+     for _ in range(repeats):
+         run()
+     wait()
+     return (clock() - start) / repeats
{{middle.odd_name}}: {{middle.odd_says}}
~ {{middle.of}} => {{middle.odd}}
the most for the median: this is the longest of the times; asked for is the median
~ {{middle.of}} => max(times)
warm-up left out: the runs to warm up were not made, so slow first runs are among the times
~ range(warmup) => range(0)
one run to warm up: the machine was warmed up once, not as often as was asked for
~ range(warmup) => range(min(warmup, 1))
no wait without warm-up [hidden]: where nothing warms the machine up, your first run starts while it is busy: wait before each reading
-         wait()
-         start
+         if warmup or times:
+             wait()
+         start
the least for the median: this is the least of the times, which says what the machine can do at best; asked for is the median
~ {{middle.of}} => min(times)
mean for the median: this is the mean: one disturbed run moves it as far as it likes
~ {{middle.of}} => statistics.mean(times)
not sorted: this is the time of the run in the middle of the row, not the median of the times
~ {{middle.of}} => times[len(times) // 2]
upper of the two in the middle: {{middle.upper}}
~ {{middle.of}} => sorted(times)[len(times) // 2]
warm-up timed [hidden]: more runs were made than were asked for
~ range(repeats) => range(repeats + warmup)
warm-up one run short: one run fewer than asked was made to warm up
~ range(warmup) => range(warmup - 1)
whole seconds: the median was rounded
~     return {{middle.of}} =>     return round({{middle.of}})
"""

# %% [markdown]
# ## Task 6, closed book: the node (5 points)
#
# *Extra, about 30 minutes.*
#
# Close the chapter. `Loop` is one node of autograd's graph: `unroll` forward, `bptt` backward, for any cell. The first lines of `forward` are given. Write the rest of it, and the static method `backward(ctx, d_y, *d_state)`. Weights and tape go through `save_for_backward`, so that torch frees
# them after use; and a second derivative raises a `RuntimeError`, also where the loss is linear in y.
#
# <details><summary>Hint 1</summary>
#
# `save_for_backward` takes a flat list of arrays. `tree_map(leaves.append, (params, tape))` fills such a list, and what it returns has the same form with None in each place: keep it on ctx.
# </details>
#
# <details><summary>Hint 2</summary>
#
# On the way back: `leaves = iter(ctx.saved_tensors)`, and `tree_map(lambda _: next(leaves), ctx.form)` puts the tree together again. Then `bptt(cell_vjp, params, tape, d_y, d_state)` gives d_params, d_x, d_state.
# </details>
#
# <details><summary>Hint 3</summary>
#
# forward returns `y, *state`; backward has `@staticmethod` above it and returns `None, None, d_x, *d_params, *d_state`. Where a second derivative is wanted, `torch.is_grad_enabled()` is true inside backward: raise there.
# </details>


# %% solution="Loop" closed_book=true
class Loop(torch.autograd.Function):
    """`unroll` forward, `bptt` backward: one node of autograd's graph."""

    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ### BEGIN SOLUTION
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("Loop has no second derivatives")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        grads = bptt(ctx.cell_vjp, params, tape, d_y, d_state)
        return None, None, grads[1], *grads[0], *grads[2]
        ### END SOLUTION


# %% [markdown]
# Try it: three training steps with torch's own optimiser, through your node; then somebody asks for a second derivative.

# %%
rng = np.random.default_rng(0)
params = [w.requires_grad_() for w in move(init_params(rng, 2, 3))]
x, h_0 = move(rng.normal(size=(6, 4, 2))), move(np.zeros((4, 3)))
adam = torch.optim.Adam(params, 0.05)
for _ in range(3):
    adam.zero_grad()
    y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, x, *params, h_0)
    loss = ((y - 0.5) ** 2).mean()
    loss.backward()
    adam.step()
    print(f"loss {float(loss.detach()):.4f}")
try:  # a second derivative, of a loss that is linear in y
    y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, x, *params, h_0)
    torch.autograd.grad(y.sum(), params[0], create_graph=True)
    print("No RuntimeError: Loop would give a wrong second derivative.")
except RuntimeError as error:
    print("RuntimeError:", error)

# %% test="Loop" points=5 explained="ch09_torch: One node in autograd's graph"
import numpy as np
import torch

from rnncore.bptt import rnn_cell_vjp
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.nn import Loop as book_loop
from rnncore.rnn import Params, init_params, rnn_cell
from rnncore.testing import (
    Properties,
    assert_that,
    check,
    mover,
    stored,
)
from rnncore.testing.memory import counting_cell, noted_cell

properties = Properties(values=1, gradients=2, dtype=1, sizes=1)

OUTPUTS = "y, state, d_x, d_params, d_state"
CELLS = [
    (rnn_cell, rnn_cell_vjp, 1, 1),  # gates, parts of the state
    (lstm_cell, lstm_cell_vjp, 4, 2),
    (gru_cell, gru_cell_vjp, 3, 1),
]


def results_of(loop):
    def results(which, params, x, state, d_y, d_state):
        cell, vjp, _, _ = CELLS[which]
        leaves = [a.detach().requires_grad_() for a in (x, *params, *state)]
        y, *last = loop.apply(cell, vjp, *leaves)
        torch.autograd.backward([y, *last], [d_y, *d_state])
        last = tuple(s.detach() for s in last)
        d_x, *rest = (a.grad for a in leaves)
        return y.detach(), last, d_x, Params(*rest[:4]), tuple(rest[4:])

    return results


def network(rng, T, B, D, H, which):
    _, _, G, parts = CELLS[which]
    given = dict(which=which, params=init_params(rng, D, H, G))
    given["x"] = rng.normal(size=(T, B, D))
    given["state"] = tuple(rng.normal(size=(parts, B, H)))
    given["d_y"] = rng.normal(size=(T, B, H))
    given["d_state"] = tuple(rng.normal(size=(parts, B, H)))
    return given


rng = np.random.default_rng(5)
visible = mover(device)([network(rng, 3, 2, 1, 2, k) for k in (0, 1, 2)])
mine = results_of(Loop)
check(mine, stored("Loop"), visible, outputs=OUTPUTS, by=properties)


def refused(again):
    """Whether torch refuses to do this a second time."""
    try:
        again()
    except RuntimeError:
        return True
    except ValueError:
        assert_that(False, "a RuntimeError is due, not a ValueError")
    return False


args = mover(device)(network(rng, 4, 2, 3, 2, 0))
x = args["x"].requires_grad_()
inputs = x, *args["params"], *args["state"]


def twice():
    y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, *inputs)
    loss = y.sum() + (x * x).sum()  # linear in y
    (d_x,) = torch.autograd.grad(loss, x, create_graph=True)
    d_x.sum().backward()


NO_SECOND = (
    "a second derivative must be refused: it is not the loop's "
    "(once_differentiable stays silent where the loss is linear in y)"
)
assert_that(refused(twice), NO_SECOND)
KEPT = "weights and tape were not freed: use save_for_backward"
y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, *inputs)
loss = y.sum()
loss.backward()
assert_that(refused(loss.backward), KEPT)


def kept_in_memory():
    """How many caches of a loop live on after its backward pass."""
    y, _ = Loop.apply(noted_cell, rnn_cell_vjp, *inputs)
    y.sum().backward()
    y, _ = Loop.apply(counting_cell, rnn_cell_vjp, *inputs)
    return float(y[0, 0, 0].detach())


HELD = (
    "after backward the tape is still in memory: all of it, the caches too, "
    "goes through save_for_backward, and none of it is kept on ctx"
)
assert_that(kept_in_memory() == 0, HELD)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    network,
    [
        (T, B, D, H, which)
        for T, B, D, H in [(1, 1, 1, 1), (4, 3, 2, 5)]
        for which in (0, 1, 2)
    ],
    device,
    rng=rng,
)
mine = results_of(Loop)
check(mine, results_of(book_loop), hidden, outputs=OUTPUTS, by=properties)

assert_that(refused(twice), NO_SECOND)
y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, *inputs)
y.sum().backward()
assert_that(refused(lambda: y.sum().backward()), KEPT)
assert_that(kept_in_memory() == 0, HELD)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="Loop"
r"""
last state's gradient ignored [gradients]: the gradient of the last state was never used: a loss that reads it would teach nothing
~ d_y, d_state) => d_y, tuple(0 * d for d in d_state))
gradient of the first state dropped [gradients]: the first state got no gradient: nothing before this node would learn
~ *grads[2] => *(0 * d for d in grads[2])
gradient averaged over the batch [gradients]: the weights' gradients were divided by the batch; shared gradients add up, they are not averaged
~ *grads[0] => *(d / d_y.shape[1] for d in grads[0])
upstream turned round [gradients]: d_y was turned round; bptt walks back through the steps by itself and takes d_y in their order
~ d_y, d_state) => d_y.flip(0), d_state)
last state counted twice [gradients]: the last state's gradient was added to the last d_y as well; bptt gets both and adds them
- grads = bptt(
+ d_y = torch.cat([d_y[:-1], d_y[-1:] + d_state[0]])
+         grads = bptt(
a new iterator for each leaf: every place of the tree got the first array: make one iterator, and take each next one from it
~ next(leaves) => next(iter(ctx.saved_tensors))
gradient averaged over steps [gradients]: the weights' gradients were divided by T; shared gradients add up, they are not averaged
~ *grads[0] => *(d / d_y.shape[0] for d in grads[0])
biases exchanged [gradients]: d_b_x and d_b_h are exchanged: gradients are returned in the order of forward's arguments
~ *grads[0] => *grads[0][:2], grads[0][3], grads[0][2]
upstream taken for ones [gradients]: d_y was not used: this is the gradient of the sum of all outputs
~ d_y, d_state) => torch.ones_like(d_y), d_state)
two Nones forgotten: backward owes a gradient for each argument of forward: cell and cell_vjp get None
~ return None, None, grads[1] => return grads[1]
differentiable twice [hidden]: a second derivative must be refused: it is not the loop's
~ if torch.is_grad_enabled(): => if False:
tape kept on ctx [hidden]: the tape stays in memory after backward: it goes through save_for_backward, as the weights do
-         ctx.form = tree_map(leaves.append, (params, tape))
-         ctx.save_for_backward(*leaves)
-         ctx.cell_vjp = cell_vjp
-         return y, *state
-
-     @staticmethod
-     def backward(ctx, d_y, *d_state):
-         if torch.is_grad_enabled():
-             raise RuntimeError("Loop has no second derivatives")
-         leaves = iter(ctx.saved_tensors)
-         params, tape = tree_map(lambda _: next(leaves), ctx.form)
+         ctx.tape, ctx.cell_vjp = tape, cell_vjp
+         ctx.save_for_backward(*params)
+         return y, *state
+
+     @staticmethod
+     def backward(ctx, d_y, *d_state):
+         if torch.is_grad_enabled():
+             raise RuntimeError("Loop has no second derivatives")
+         params, tape = Params(*ctx.saved_tensors), ctx.tape
gradient of y dropped [gradients]: the gradient of y was set to 0: the last state's gradient alone goes back
~         grads = bptt(ctx.cell_vjp, params, tape, d_y, d_state) =>         grads = bptt(ctx.cell_vjp, params, tape, 0 * d_y, d_state)
first state gets none [gradients]: the first state's gradient is missing: it may be learned as well
~         return None, None, grads[1], *grads[0], *grads[2] =>         return None, None, grads[1], *grads[0], *[None for _ in grads[2]]
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Extra, about 20 minutes.*
#
# `one_direction(cells, params, x, runs, first, reverse)` of the chapter goes over packed sequences: `x` (N, D) has all rows of step 1, then of step 2, and so on, `runs` says how many steps have how many rows, `first` is the first state of all sequences. Seven boxes are one small edit away from it each,
# and none raises an error.
#
# Write `probes()`: a list of `(x, runs, first, reverse)` in float64 NumPy arrays, with D = 2 and H = 3. Three sequences of 4, 3 and 1 steps, for instance, are the runs `[(1, 3), (2, 2), (1, 1)]`: one step of three rows, two of two, one of one; N is 3 + 4 + 1 = 8. Points are for the boxes that some
# probe tells apart; the last point is for all of them with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# With one run, all sequences are equally long, and nobody leaves or joins. What can go wrong there?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Some boxes are wrong in one direction only. A first state of zeros hides an answer that forgets it.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The runs of the example, random x and first state, once with reverse=False and once with reverse=True.
# </details>


# %% solution="probes"
def probes():
    """A list of (x, runs, first, reverse).

    Shapes: x (N, 2); first ((B, 3),)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    x, first = rng.normal(size=(8, 2)), rng.normal(size=(3, 3))
    runs = [(1, 3), (2, 2), (1, 1)]
    return [(x, runs, (first,), False), (x, runs, (first,), True)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("probes")
cells = rnn_cell, rnn_cell_vjp
weights = move(init_params(np.random.default_rng(0), 2, 3))
ones, zeros = move(np.ones((8, 2))), (move(np.zeros((2, 3))),)
right, _ = one_direction(cells, weights, ones, [(4, 2)], zeros, False)
for name, box in boxes.items():
    wrong, _ = box(cells, weights, ones, [(4, 2)], zeros, False)
    same = torch.allclose(wrong, right)
    print(name, "looks right" if same else "differs")

# %% test="probes" points=4 explained="ch09_torch: A drop-in replacement for torch.nn"
import numpy as np

from rnncore.backend import to_numpy, tree_map
from rnncore.bptt import rnn_cell_vjp
from rnncore.nn import one_direction
from rnncore.rnn import init_params, rnn_cell
from rnncore.testing import black_boxes, hunt, mover


def in_numpy(function):
    """NumPy in, NumPy out, whatever lies between."""
    move = mover(device)
    weights = move(init_params(np.random.default_rng(0), 2, 3))

    def called(x, runs, first, reverse):
        y, last = function(
            (rnn_cell, rnn_cell_vjp),
            weights,
            move(x),
            runs,
            move(first),
            reverse,
        )
        return tree_map(to_numpy, (y, *last))

    return called


hunt(
    in_numpy(one_direction),
    {name: in_numpy(box) for name, box in black_boxes("probes").items()},
    probes(),
    few=2,
    points=4,
)

# %% mutants="probes" of="rnncore.nn.one_direction"
r"""
input not turned round: the reverse direction reads each run forward
~ x_k = x_k.flip(0) if reverse else x_k => x_k = x_k
output not turned back: outputs of the reverse direction lie at the wrong steps
~ y_k = y_k.flip(0) if reverse else y_k => y_k = y_k
runs in forward order: the reverse direction starts with the first run
~ reversed(order) if reverse else order => order
first state forgotten: every sequence starts from zeros: unseen where the first state is zero
~ new[rows:B] => 0 * new[rows:B]
joined with a stranger's state: sequences that join later get the first states of the longest ones: unseen forward
~ new[rows:B] => new[: max(B - rows, 0)]
last states out of order: the last states of sequences that ended are handed to others: unseen where all are equally long
~ *reversed(left) => *left
ended sequences forgotten: a sequence that ended early has zeros for its last state
~ left.append(tuple(s[B:] for s in state)) => left.append(tuple(0 * s[B:] for s in state))
"""

# %% [markdown]
# ## Experiment: one node against a hundred
#
# *Extra, about 15 minutes, after Tasks 5 and 6.*
#
# Your node and your clock, on this machine: a plain network over 100 steps, forward and backward, once with your `Loop` and once with autograd taking every step apart.
#
# **Predict**, before you run anything: by which factor is the node faster with one sequence in the batch, and with 256? Nothing is graded here; your numbers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "1 sequence": None,  # times as fast
    "256 sequences": None,
}


# %% experiment
from ipywidgets import IntSlider, interact

wait = torch.cuda.synchronize if device == "cuda" else lambda: None
batches = [1, 4, 16, 64, 256]


def faster(B, H):
    """How many times as fast the node is, by the best of three turns."""
    rng = np.random.default_rng(0)
    given = init_params(rng, H, H), rng.normal(size=(100, B, H))
    params, x = move(given, "float32")
    params = [w.requires_grad_() for w in params]
    h_0 = torch.zeros_like(x[0])
    x.requires_grad_()  # the node computes d_x in any case

    def node():
        y, _ = Loop.apply(rnn_cell, rnn_cell_vjp, x, *params, h_0)
        y.sum().backward()

    def step_by_step():
        y, _, _ = unroll(rnn_cell, Params(*params), x, (h_0,))
        y.sum().backward()

    best = {}
    for run in (step_by_step, node) * 3:
        taken = median_seconds(run, wait, time.perf_counter, 1, 3)
        best[run] = min(taken, best.get(run, taken))
    return best[step_by_step] / best[node]


def show(H=32):
    print("You predicted", my_prediction)
    plot_lines(
        {
            "autograd's time over the node's": [
                faster(B, H) for B in batches
            ]
        },
        "log2 of the batch",
        "times as fast",
        f"H = {H}",
        np.log2(batches),
    )


H = IntSlider(32, min=16, max=128, step=16, description="units H")
shown = interact(show, H=H)

# %% [markdown]
# Is the node faster at every batch, and does the factor change with the batch by more than from run to run? (Run the cell again before you answer. Count what the node saves: notes that autograd takes for each operation, and one product for all steps where autograd has one per step. Which of the two costs the same whatever the batch is?) Move H, and compare with your answer.
#
# <details><summary>What we measured</summary>
#
# In the chapter's figure of ratios to torch.nn and to autograd, the node takes half the time of autograd with 8 sequences and 64 units, and three quarters with 64 sequences and 256 units. On two cores that other programs used as well, single points of this experiment lay anywhere between 0.5 and 2, and no trend was to be seen. A factor this close to 1 needs a machine that does nothing else. The notes that autograd takes cost the same whatever the batch is, and so does starting an operation, so what the node saves is a smaller share the larger the batch and H are.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A colleague writes: "One training step of my LSTM takes 0.9 ms on the GPU, for a batch of 8 as for a batch of 2,048. So the GPU has no trouble with large batches, and there is no point in buying one with more GFLOP/s." They read a clock before and after the call. In four to six sentences: name the measurement
# that you would ask for first and why; suppose that it gives the same 0.9 ms, what then keeps the time constant, and is the conclusion about GFLOP/s right for one sequence, and for very large batches?
#
# When your answer is saved, `make answer ch09_torch` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="timing" points=2 explained="ch09_torch: On a GPU"
# A call returns when its kernels are queued, so a clock around it may have measured the launches only: I would ask for a synchronisation before both readings, and for the median of several runs after a warm-up. If it is 0.9 ms all the same, the time goes into launching many small kernels and into the gaps between
# them, which do not depend on the batch; the arithmetic fits into what would be waiting time. For one sequence the conclusion is right, and would be even if launches were free: each step's product uses every weight once, so fetching binds and not multiplying, and the steps are a chain that cannot run side by side. For large enough batches it is wrong:
# beyond some size the products fill the time, which then grows in proportion to the batch, and GFLOP/s are what counts. Where that point is one has to measure.
#
# Rubric: 1 point for the synchronisation (queued against done); 1 point for launches or gaps that do not depend on the batch **and** the change at large batches to a time bound by arithmetic. No point is lost for not naming the roofline.
