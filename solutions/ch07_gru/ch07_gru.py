# %% [markdown]
# # Assignment 7: the gated recurrent unit
#
# *The core takes about 95 minutes, all of it about 200 minutes, 30 points. Read both pages of chapter 7 first.*
#
# You will write a judge that says of any published cell whether it fits the loop, and let it sort six of them. You will build a unit with a single gate, forward and backward, down to its weights; find out how many units a budget
# buys; and look for gates that are stuck. With the book closed you will take a gradient back through a GRU. At the end stand seven wrong GRUs, all of which run, and most of which are wrong only at an edge.
#
# What you need, in one table (B sequences, D inputs, H units):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x_t$ | (B, D) | the input at step t |
# | $h_{t-1}$ | (B, H) | the state before the step, `h` in the code |
# | $W_x,\ W_h$ | (G·H, D), (G·H, H) | one block of H rows per gate; the candidate counts as a gate |
# | $b_x,\ b_h$ | (G·H,) | biases, kept apart as torch keeps them |
# | $z_t$ | (B, H) | update gate of a GRU: the share of the old state that is **kept**, as in Cho et al. 2014 |
# | $r_t$ | (B, H) | reset gate: how much of $W_{hn} h_{t-1} + b_{hn}$ the candidate sees |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$n_t = \tanh(W_{xn} x_t + b_{xn} + r_t \odot (W_{hn} h_{t-1} + b_{hn})) \qquad h_t = (1 - z_t) \odot n_t + z_t \odot h_{t-1}$$
#
# In code a sequence is a row, so the products are `x @ W_x.T` and `h @ W_h.T`.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: y = h W^T + b for a batch. What are d_W, d_b and d_h, given d_y?</summary>
#
# d_W = d_y.T @ h, d_b = the sum of d_y over the batch, d_h = d_y @ W.
# </details>
#
# <details><summary>Chapter 6: an LSTM's f and i may both be near 1. What does c do then, and can a GRU's state do the same?</summary>
#
# It adds up, and can count. A GRU's two shares are z and 1 - z: its state is a mean and, begun between -1 and 1, never leaves that interval.
# </details>

# %% parameters
work = (
    {
        "need": "does one step of one sequence then need",
        "steps": "one step",
        "why": "One step multiplies",
        "G": "G",
        "x": "",
        "count": "G·H·(D + H)",
    },
    {
        "need": "do ten steps of one sequence then need",
        "steps": "ten steps",
        "why": "Ten steps multiply",
        "G": "10 * G",
        "x": "10 * ",
        "count": "10·G·H·(D + H)",
    },
)
reset = (
    {
        "it": "f",
        "f": "f",
        "odd": "1 - f",
        "odd_f": "(1 - f)",
        "tex": "f",
        "text": "",
        "sum": "(d_h * (n - h) + d_n * m)",
        "sum_text": "(d_h (n - h) + d_n m)",
        "part": "d_n m",
        "mean": "(d_n * m)",
        "one": "d_h * (n - h) * f * (1 - f) + d_n * m",
        "by": "(-0.4 + 0.4) / 4 = 0",
        "db": "[0, 0.5] and [0, 0.25]",
        "also": "f also stands in n's argument, beside m: d_n m.",
        "before": "Reset before the product would be W_hn (f ⊙ h): another cell, since a matrix mixes units",
        "blocks": "Then the blocks: x_n enters n's argument directly, so d_a_x has d_n. m enters times f,",
        "so": "f. That is why",
    },
    {
        "it": "1 - f",
        "f": "(1 - f)",
        "odd": "f",
        "odd_f": "f",
        "tex": "(1 - f)",
        "text": ", and by 1 - f: the more a unit writes, the less its candidate sees of the old state",
        "sum": "(d_h * (n - h) - d_n * m)",
        "sum_text": "(d_h (n - h) - d_n m)",
        "part": "-d_n m",
        "mean": "(-d_n * m)",
        "one": "d_h * (n - h) * f * (1 - f) - d_n * m",
        "by": "(-0.4 - 0.4) / 4 = -0.2",
        "db": "[-0.2, 0.5] and [-0.2, 0.25]",
        "also": "1 - f is in n's argument too, beside m: -d_n m.",
        "before": "Reset before the product, W_hn ((1 - f) ⊙ h), is another cell: a matrix mixes units",
        "blocks": "Then the blocks: x_n is in n's argument itself, so d_a_x has d_n. m is times 1 - f,",
        "so": "(1 - f). So",
    },
)
at = (
    {
        "l": "low",
        "slope": "",
        "text": "`low`",
        "fixed": "0.01",
        "is": "the argument `low`",
        "odd": "2 * low",
        "odd_says": "twice `low`; the limit is `low` itself",
    },
    {
        "l": "low / 4",
        "slope": " The largest slope is 1/4.",
        "text": "`low` times its largest value, 1/4",
        "fixed": "0.0025",
        "is": "a quarter of the argument `low`",
        "odd": "low",
        "odd_says": "`low` itself; the limit is that share of the largest slope, `low / 4`",
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
from rnncore.gru import gru_cell
from rnncore.gru import gru_cell_vjp as book_gru_cell_vjp
from rnncore.lstm import gates, sigmoid
from rnncore.rnn import Params, init_params
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two steps by hand
#
# One unit, no input. The gates are given: $z = 0.75$ at both steps; the candidates are $n_1 = 1$ and $n_2 = -1$; $h_0 = 0.4$. Work out $h_1$ and $h_2$ on paper, then run the cell.

# %%
h = 0.4
for n in (1.0, -1.0):
    h = 0.25 * n + 0.75 * h
    print("h =", h)
print("by hand: 0.25 + 0.3 = 0.55, then -0.25 + 0.4125 = 0.1625")

# %% [markdown]
# Now backward. The loss is $h_2$. How much of it goes to $n_1$, and how much to $h_0$? One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_h *= 0.75`: what is kept goes on to the step before.
# </details>

# %%
d_h, d_n = 1.0, {}
for t in (2, 1):
    d_n[t] = 0.25 * d_h
    # (the missing line)
print(d_n, d_h, " by hand: d_n_2 = 0.25, d_n_1 = 0.1875, d_h_0 = 0.5625")

# %% [markdown]
# ## Task 1: does it fit the loop? (5 points)
#
# *Core, about 20 minutes.*
#
# The loop multiplies by weight matrices *before* the cell: all that is made of inputs alone, for all steps at once, and $W_h h_{t-1}$ once per step. What is left for the cell must be pointwise. So a cell fits if **every product with a weight matrix reads either something
# that does not depend on the old state, or the old $h$ itself.**
#
# Here a cell is written as a *program*: a tuple of lines `(name, operation, arguments)`. The operation `"product"` is one with a weight matrix, of its single argument; all others are pointwise: `"sigmoid"`, `"tanh"`, `"relu"`, `"one minus"`, `"add"`, `"times"`
# (of arrays), and `"scale"` (by a vector of weights, one per unit). `"x"` is the input, `"h"` the old state, `"c"` an old memory beside it; every other argument is the name of an earlier line.
#
# Write the judge: `True` if the cell fits, else `False`. A program without a line fits.
#
# <details><summary>Hint 1</summary>
#
# Go through the lines from the first to the last, and keep a set of the names that depend on the old state. Which two are in it before the first line?
# </details>
#
# <details><summary>Hint 2</summary>
#
# A line depends on the old state if any of its arguments does: `any(a in old for a in arguments)`. Then its name joins the set.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The answer is False as soon as a product depends on the old state and its arguments are not `("h",)`. The loop has no matrix for c.
# </details>


# %% solution="fits_the_loop"
def fits_the_loop(program):
    """Whether the loop of chapter 2 can run a cell: True or False."""
    old = {"h", "c"}  # the names that depend on the old state
    ### BEGIN SOLUTION
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True
    ### END SOLUTION


# %% [markdown]
# Try it: six published cells. **Sort them yourself first**, with a pencil: F for fits.

# %%
PUBLISHED = {
    "update gate alone (Collins et al. 2017)": (
        ("W h for z", "product", ("h",)),
        ("U x for z", "product", ("x",)),
        ("a", "add", ("W h for z", "U x for z")),
        ("z", "sigmoid", ("a",)),
        ("W h for n", "product", ("h",)),
        ("U x for n", "product", ("x",)),
        ("b", "add", ("W h for n", "U x for n")),
        ("n", "tanh", ("b",)),
        ("kept", "times", ("z", "h")),
        ("1 - z", "one minus", ("z",)),
        ("written", "times", ("1 - z", "n")),
        ("new h", "add", ("kept", "written")),
    ),
    "minimal gated unit (Zhou et al. 2016)": (
        ("W h for f", "product", ("h",)),
        ("U x for f", "product", ("x",)),
        ("a", "add", ("W h for f", "U x for f")),
        ("f", "sigmoid", ("a",)),
        ("f h", "times", ("f", "h")),
        ("W f h", "product", ("f h",)),
        ("U x for n", "product", ("x",)),
        ("b", "add", ("W f h", "U x for n")),
        ("n", "tanh", ("b",)),
        ("written", "times", ("f", "n")),
        ("1 - f", "one minus", ("f",)),
        ("kept", "times", ("1 - f", "h")),
        ("new h", "add", ("kept", "written")),
    ),
    "independent units (Li et al. 2018)": (
        ("u h", "scale", ("h",)),
        ("U x", "product", ("x",)),
        ("a", "add", ("u h", "U x")),
        ("new h", "relu", ("a",)),
    ),
    "multiplicative network (Sutskever et al. 2011)": (
        ("W h", "product", ("h",)),
        ("V x", "product", ("x",)),
        ("m", "times", ("W h", "V x")),
        ("W m", "product", ("m",)),
        ("U x", "product", ("x",)),
        ("a", "add", ("W m", "U x")),
        ("new h", "tanh", ("a",)),
    ),
    "recurrent highway, the gate in layer two (Zilly et al. 2017)": (
        ("W h", "product", ("h",)),
        ("U x", "product", ("x",)),
        ("a", "add", ("W h", "U x")),
        ("s", "tanh", ("a",)),
        ("W s for z", "product", ("s",)),
        ("z", "sigmoid", ("W s for z",)),
        ("W s for n", "product", ("s",)),
        ("n", "tanh", ("W s for n",)),
        ("written", "times", ("z", "n")),
        ("1 - z", "one minus", ("z",)),
        ("kept", "times", ("1 - z", "s")),
        ("new h", "add", ("kept", "written")),
    ),
    "memory of the simple recurrent unit (Lei et al. 2018)": (
        ("U x for f", "product", ("x",)),
        ("v c", "scale", ("c",)),
        ("a", "add", ("U x for f", "v c")),
        ("f", "sigmoid", ("a",)),
        ("U x for n", "product", ("x",)),
        ("kept", "times", ("f", "c")),
        ("1 - f", "one minus", ("f",)),
        ("written", "times", ("1 - f", "U x for n")),
        ("new c", "add", ("kept", "written")),
    ),
}
for name, program in PUBLISHED.items():
    print(f"{name:50}", fits_the_loop(program))

# %% test="fits_the_loop" points=5 whole="one verdict on each cell" explained="ch07_gru: The side of the product"
import numpy as np

from rnncore.testing import check, stored

POINTWISE = ("sigmoid", "tanh", "relu", "one minus", "scale")
OPERATIONS = ("product", "add", "times", *POINTWISE)


def any_program(rng, lines):
    """Lines with random operations on random earlier names."""
    names, program = ["x", "x", "h", "c"], []
    for k in range(lines):
        operation = str(rng.choice(OPERATIONS))
        count = 2 if operation in ("add", "times") else 1
        arguments = tuple(str(a) for a in rng.choice(names, count))
        program.append((f"line {k}", operation, arguments))
        names.append(f"line {k}")
    return {"program": tuple(program)}


by_name = [
    (("a", "product", ("c",)),),
    (("a", "product", ("h",)), ("b", "product", ("x",))),  # fits
    (("a", "product", ("x",)), ("b", "product", ("a",))),  # x alone: fits
    (("a", "product", ("h",)), ("b", "product", ("a",))),
    (("a", "scale", ("c",)), ("b", "tanh", ("a",))),  # fits
    (
        ("a", "tanh", ("h",)),
        ("b", "add", ("a", "x")),
        ("c2", "tanh", ("b",)),
        ("d", "product", ("c2",)),
    ),
    (("a", "times", ("x", "h")), ("b", "product", ("a",))),
    (("a", "times", ("c", "h")), ("b", "add", ("a", "h"))),  # fits
    (
        ("a", "product", ("h",)),
        ("b", "product", ("h",)),
        ("c2", "add", ("a", "b")),
    ),  # fits: two blocks of W_h
    *(
        (("a", operation, (old,)), ("b", "product", ("a",)))
        for operation in POINTWISE
        for old in ("h", "c")
    ),
    (
        ("a", "product", ("x",)),
        ("b", "add", ("c", "a")),
        ("d", "product", ("b",)),
    ),
    (
        ("a", "product", ("h",)),
        ("b", "one minus", ("a",)),
        ("d", "scale", ("b",)),
        ("e", "product", ("d",)),
    ),
    *(
        (("a", operation, ("x",)), ("b", "product", ("a",)))
        for operation in POINTWISE
    ),  # fit: made of x alone
    (),  # fits: no line asks for anything
    (("a", "product", ("x",)), ("b", "product", ("c",))),
    (("a", "product", ("h",)), ("b", "product", ("c",))),
]
visible = [{"program": program} for program in by_name]
check(fits_the_loop, stored("fits_the_loop"), visible, outputs="fits")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [any_program(rng, n) for n in (1, 2, 3, 4, 6, 8) for _ in range(9)]
for first in ("h", "x"), ("x", "c"), ("x", "x"):
    for length in (0, 1, 3):
        program, last = (
            [("a 0", str(rng.choice(["add", "times"])), first)],
            0,
        )
        for last in range(1, length + 1):
            way = str(rng.choice(POINTWISE))
            program.append((f"a {last}", way, (f"a {last - 1}",)))
        program.append(("end", "product", (f"a {last}",)))
        hidden.append({"program": tuple(program)})
both = [(f"W h {k}", "product", ("h",)) for k in (1, 2)]
hidden.append({"program": (*both, ("a", "add", ("W h 1", "W h 2")))})
hidden.append({"program": ()})
twice = ("W h", "product", ("h",)), ("W W h", "product", ("W h",))
hidden.append({"program": twice})
check(fits_the_loop, reference_fits_the_loop, hidden, outputs="fits")
### END HIDDEN TESTS
print("Task 1 holds.")

# %% mistakes="fits_the_loop"
r"""
one step back only: a product of something that is made of the old state was let through, such as a second product behind W_h h: everything that is made of the old state depends on it, over any number of lines
~ if depends: => if depends and operation == 'times':
inputs must be raw: a product of something that is made of x alone was refused; it can be computed for all steps before the loop, however many layers it has
~ and depends and arguments => and arguments != ('x',) and arguments
memory with a matrix: a product with the old c was let through; the loop multiplies W_h by h, the first part of the state, and by nothing else
~ != ("h",) => not in (("h",), ("c",))
nothing let through: no cell was let through, not even one whose products read the input alone
~ return True => return False
everything let through: every cell was let through: your `return False` was never reached
~ return False => pass
vector taken for a matrix: a cell was refused that has no product at all: `scale`, a vector of weights with one per unit, is pointwise, and so is `tanh`; both may read the old state
~ operation == "product" => operation in ("product", "scale")
mixed with the input: a product was let through that reads a sum with the old state in it, some lines on: one argument that depends on the old state is enough, and what is made of it depends on it too
~ any(a in old for a in arguments) => all(a in old for a in arguments)
any product of the state: a product with the old h itself was refused; that is what the loop's W_h is for
-  and arguments != ("h",)
first argument alone: a product was let through that reads x times h: the second argument may be the one that depends on the old state, so look at all of them
~ any(a in old for a in arguments) => arguments[0] in old
pointwise operations refused: a cell was refused that has no product at all: `times` and `add` join two arrays number by number, and may read the old state; only a product needs the loop
~ operation == "product" => operation in ("product", "times")
only some operations pass it on: a product was let through that reads what a `scale`, a `sigmoid`, a `relu` or a `one minus` made of the old state: every operation passes the dependence on, not only some
~ if depends: => if depends and operation in ('product', 'add', 'times', 'tanh'):
nothing joins the set: a product was let through that reads what an earlier line made of the old state: the names of all such lines have to join the set. Ask for each single argument whether it is in there; the tuple of them never is
-         if depends:
-             old.add(name)
the first product decides: a product was let through that comes after a first one, of the old h: one that fits is not the end, and what it makes depends on the old state like the result of any other line
-         if operation == "product" and depends and arguments != ("h",):
-             return False
+         if operation == "product" and depends:
+             return arguments == ("h",)
one product of h: a cell with two products of the old h was refused; each has a block of rows in the loop's W_h, so there may be any number
-             return False
+             return False
+         if operation == "product" and depends and "W_h" in old:
+             return False
+         if operation == "product" and depends:
+             old.add("W_h")
first line decides: True came back after the first line that fits, or before all were looked at: `return True` stands behind the loop
-     return True
+         return True
+     return True
True and False exchanged: True and False are exchanged: True is for the cell that fits
-             return False
-         if depends:
-             old.add(name)
-     return True
+             return True
+         if depends:
+             old.add(name)
+     return False
memory forgotten: a product of the old c, or of what is made of it, was let through: c is old state too, and the loop has no matrix for it
-     for name, operation, arguments in program:
+     old = {"h"}
+     for name, operation, arguments in program:
empty program refused: a program without a line was refused: it asks for nothing, so it fits
~ return True => return len(program) > 0
products hand nothing on: a product was let through that comes after a first one, of the old h: one that fits is not the end, and what it makes depends on the old state like the result of any other line
~ if depends: => if depends and operation != "product":
products alone depend: only the result of a product was taken to depend on the old state; whatever is made from it does
~         if depends: =>         if depends and operation == "product":
nothing returned at the end: where every line fits, nothing was returned; True is
~     return True =>     return None
"""

# %% [markdown]
# ## Task 2: one gate is enough? (4 points)
#
# *Core, about 20 minutes.*
#
# The **minimal gated unit** of Zhou et al. has a single gate that is reset and update at once. As published it resets before its product (Task 1). Build the variant that resets **after** it, as cuDNN does for the GRU, so that it would fit the loop{{reset.text}}:
#
# $$f = \sigma(W_{xf} x_t + b_{xf} + W_{hf} h_{t-1} + b_{hf}) \qquad n = \tanh(W_{xn} x_t + b_{xn} + {{reset.tex}} \odot (W_{hn} h_{t-1} + b_{hn})) \qquad h_t = (1 - f) \odot h_{t-1} + f \odot n$$
#
# Here f is the share that is **written**, as with Zhou (and Chung), and unlike the chapter's z. `params` holds two blocks, f then n: $W_x$ is (2H, D). Return the new state, and a cache of what the way back will need: `(f, n, m, h)` with $m = W_{hn} h_{t-1} + b_{hn}$.
#
# <details><summary>Hint 1</summary>
#
# Two products, both blocks at once: `a_x = x_t @ params.W_x.T + params.b_x`, and the same for h. Then `gates(a_x, 2)` cuts each in two.
# </details>
#
# <details><summary>Hint 2</summary>
#
# b_hn is in `a_h` already. So `m` is its second block, and {{reset.it}} multiplies all of it.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `n = xp.tanh(x_n + {{reset.f}} * m)`, `new = (1 - f) * h + f * n`.
# </details>


# %% solution="minimal_step"
def minimal_step(params, x_t, h):
    """One step of the minimal gated unit, reset after the product.

    Shapes: x_t (B, D); h (B, H) -> h_new (B, H); cache
    """
    xp = array_namespace(x_t)
    ### BEGIN SOLUTION
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + {{reset.f}} * m)
    new = (1 - f) * h + f * n
    ### END SOLUTION
    return new, (f, n, m, h)


# %% [markdown]
# Try it: all weights zero, h = 1. Then f is one half, n is 0, and the new state is 0.5.

# %%
nothing = move(Params(*(np.zeros(s) for s in [(4, 1), (4, 2), 4, 4])))
new, _ = minimal_step(nothing, move(np.ones((1, 1))), move(np.ones((1, 2))))
print(new)

# %% test="minimal_step" points=4 explained="ch07_gru: Fewer parts"
import numpy as np

from rnncore.rnn import Params, init_params
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
OUTPUTS = "h_new, cache"


def a_step(rng, B, D, H):
    params = Params(*(2 * w for w in init_params(rng, D, H, 2)))
    x_t, h = rng.normal(size=(B, D)), rng.normal(size=(B, H))
    return {"params": params, "x_t": x_t, "h": h}


visible = move(a_step(np.random.default_rng(1), 3, 5, 2))


def cache_first(*args):
    """The results in the order in which they come about."""
    new, (f, n, m, h) = minimal_step(*args)
    return f, m, n, h, new


check(
    cache_first,
    stored("minimal_step"),
    [visible],
    outputs="f, m, n, h in the cache, h_new",
    by=properties,
)
zero = move(Params(*(np.zeros(s) for s in [(4, 1), (4, 2), 4, 4])))
with properties("sizes"):
    new, _ = minimal_step(
        zero, move(np.ones((1, 1))), move(np.ones((1, 2)))
    )
    assert_close(
        "h_new with all weights zero, h = 1", new, np.full((1, 2), 0.5)
    )
check_independent(minimal_step, visible, {"x_t": 0, "h": 0}, axis=0)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    a_step, [(1, 1, 1), (4, 2, 3), (2, 5, 4), (3, 3, 3)], device
)
check(
    minimal_step,
    reference_minimal_step,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="minimal_step"
r"""
reset before the product: the gate was applied to h, before the product with W_hn: that is the convention of Zhou et al. (and of Cho and Chung for the GRU); here it is applied after the product, as in cuDNN and torch
~ n = xp.tanh(x_n + {{reset.f}} * m) => n = xp.tanh(x_n + ({{reset.f}} * h) @ params.W_h[h.shape[-1] :, ...].T + params.b_h[h.shape[-1] :])
b_h outside the reset: b_hn was added outside the gate; here the gate multiplies W_hn h + b_hn, the bias included, as in torch
~ n = xp.tanh(x_n + {{reset.f}} * m) => n = xp.tanh(x_n + {{reset.f}} * (m - params.b_h[h.shape[-1] :]) + params.b_h[h.shape[-1] :])
z and 1 - z exchanged: the gate was taken for the share that is kept: that is the convention of Cho et al. for z, and of the chapter; with Zhou, and in this task, f is the share that is written
~ (1 - f) * h + f * n => f * h + (1 - f) * n
reset of the whole candidate: the gate multiplied what the input contributes as well; it stands in front of the state's share only
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh({{reset.f}} * (x_n + m))
no reset: the candidate sees all of the old state: the gate in front of m is missing
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh(x_n + m)
gate order swapped: the blocks of W_x were taken in the order n, f; here f comes first, in W_x and in W_h alike
~ x_f, x_n = gates => x_n, x_f = gates
each term squashed alone: input and state must be added before the sigmoid, not after it
~ sigmoid(x_f + h_f) => sigmoid(x_f) + sigmoid(h_f)
gate order swapped in both: both blocks were read in the order n, f; f comes first, in W_x and in W_h
-     x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
-     h_f, m = gates(
+     x_n, x_f = gates(x_t @ params.W_x.T + params.b_x, 2)
+     m, h_f = gates(
reset of the input: your {{reset.it}} multiplies what the input contributes to the candidate; it stands in front of the state's share
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh({{reset.f}} * x_n + m)
tanh of each: your tanh was taken of input and state apart; it is taken once, of x_n + {{reset.f}} m
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh(x_n) + {{reset.f}} * xp.tanh(m)
candidate a sigmoid: your candidate went through a sigmoid; it is a tanh
~ n = xp.tanh(x_n + {{reset.f}} * m) => n = sigmoid(x_n + {{reset.f}} * m)
candidate not squashed: your candidate was not squashed; its tanh is missing
~ n = xp.tanh(x_n + {{reset.f}} * m) => n = x_n + {{reset.f}} * m
gate a tanh: your gate went through a tanh; it is a sigmoid, between 0 and 1
~ f = sigmoid(x_f + h_f) => f = xp.tanh(x_f + h_f)
b_x forgotten: your step does not use b_x
~ x_t @ params.W_x.T + params.b_x => x_t @ params.W_x.T
b_h forgotten: your step does not use b_h
~ h @ params.W_h.T + params.b_h => h @ params.W_h.T
columns in turn: you took every second column for a gate; a block is H columns side by side
-     f = sigmoid(x_f + h_f)
+     a_x, a_h = xp.concat([x_f, x_n], axis=-1), xp.concat([h_f, m], axis=-1)
+     x_f, x_n, h_f, m = a_x[:, 0::2], a_x[:, 1::2], a_h[:, 0::2], a_h[:, 1::2]
+     f = sigmoid(x_f + h_f)
gate blind to the state: your gate sees the input alone; W_hf h + b_hf is missing in its sum
~ sigmoid(x_f + h_f) => sigmoid(x_f)
old state whole: the old state went into your new one whole; its share is 1 - f
~ new = (1 - f) * h + f * n => new = h + f * n
old state dropped: the old state is missing in your new one; its share is 1 - f
~ new = (1 - f) * h + f * n => new = f * n
squashed once more: your new state was squashed by a tanh; it is the mean of h and n itself
~ new = (1 - f) * h + f * n => new = xp.tanh((1 - f) * h + f * n)
m kept for h: your new state keeps a share of m, the product; what is kept is h itself
~ (1 - f) * h + f * n => (1 - f) * m + f * n
reset by {{reset.odd}}: your reset multiplied m by {{reset.odd}}; in this unit it is {{reset.it}}
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh(x_n + {{reset.odd_f}} * m)
m without its bias: the m in your cache lacks b_hn; m = W_hn h + b_hn, all that {{reset.it}} multiplies
-     new = (1 - f) * h + f * n
+     new = (1 - f) * h + f * n
+     m = m - params.b_h[h.shape[-1] :]
m after the reset: the m in your cache was multiplied by {{reset.it}}; it is what {{reset.it}} multiplies, W_hn h + b_hn
-     new = (1 - f) * h + f * n
+     new = (1 - f) * h + f * n
+     m = {{reset.f}} * m
new state in the cache: your cache holds the new state; the way back needs the old one, h
-     new = (1 - f) * h + f * n
+     new = (1 - f) * h + f * n
+     h = new
reset twice: your {{reset.it}} multiplies m twice; once is what the equation has
~ {{reset.f}} * m) => {{reset.f}} * {{reset.f}} * m)
b_x of the candidate left out: your candidate lacks b_xn
~ xp.tanh(x_n + {{reset.f}} * m) => xp.tanh(x_n - params.b_x[h.shape[-1] :] + {{reset.f}} * m)
half and half: your new state is the plain mean of h and n; their shares are 1 - f and f
~ (1 - f) * h + f * n => (h + n) / 2
added on top: your new state adds f (n + h) to h; it moves h towards n, h + f (n - h)
~ (1 - f) * h + f * n => h + f * (n + h)
input kept for h: your new state keeps a share of x_n, the input's block; what is kept is h itself
~ (1 - f) * h + f * n => (1 - f) * x_n + f * n
reset inside the product: the gate multiplied h before the product with W_hn; here it multiplies what comes out, W_hn h + b_hn
-     n = xp.tanh(x_n + {{reset.f}} * m)
+     _, m = gates(({{reset.f}} * h) @ params.W_h.T + params.b_h, 2)
+     n = xp.tanh(x_n + m)
b_x twice: b_x was added to what comes from h as well; b_h belongs there
~ h @ params.W_h.T + params.b_h => h @ params.W_h.T + params.b_x
"""

# %% [markdown]
# ## Task 3: and back (6 points)
#
# *Extra, about 40 minutes.*
#
# Take a gradient back through that step, down to the weights: given $\mathrm{d}h_t$ and the cache `(f, n, m, h)`, return the gradients of the weights, of $x_t$ and of $h_{t-1}$. (For one step; the sum over steps would be the loop's.)
#
# Two of its results look alike, and are not: $\mathrm{d}b_x$ and $\mathrm{d}b_h$.
#
# <details><summary>Hint 1</summary>
#
# h_t has three arguments: h directly, n, and f. And f has two ways in: through h_t, and through n.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With d_n = d_h f (1 - n²), the gradient at tanh's argument: d_f = {{reset.sum_text}} f (1 - f), at sigmoid's argument.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_a_x = xp.concat([d_f, d_n], axis=-1)` and `d_a_h = xp.concat([d_f, d_n * {{reset.f}}], axis=-1)`. Each goes to its own weights and bias; `d_h_before = d_a_h @ W_h + d_h (1 - f)`.
# </details>


# %% solution="minimal_step_vjp"
def minimal_step_vjp(d_h, params, x_t, cache):
    """Backward through `minimal_step`.

    Shapes: d_h (B, H); x_t (B, D)
        -> d_params; d_x_t (B, D); d_h_before (B, H)
    """
    xp = array_namespace(d_h)
    f, n, m, h = cache
    ### BEGIN SOLUTION
    d_n = d_h * f * (1 - n * n)
    d_f = {{reset.sum}} * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * {{reset.f}}], axis=-1)
    d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    ### END SOLUTION
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before


# %% [markdown]
# Try it on a cache by hand: f = 0.5, n = 0, m = 0.8, h = 0.4, d_h = 1. Then d_n = 0.5 and d_f = {{reset.by}}.

# %%
half, zero = move(np.full((1, 1), 0.5)), move(np.zeros((1, 1)))
m, h = move(np.full((1, 1), 0.8)), move(np.full((1, 1), 0.4))
weights = move(Params(*(np.ones(s) for s in [(2, 1), (2, 1), 2, 2])))
d_params, _, _ = minimal_step_vjp(
    2 * half, weights, zero, (half, zero, m, h)
)
print(d_params.b_x, d_params.b_h, "by hand: {{reset.db}}")

# %% test="minimal_step_vjp" points=6 explained="ch07_gru: One gate, two clocks"
import numpy as np

from rnncore.rnn import Params, init_params
from rnncore.testing import (
    Properties,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_params, d_x_t, d_h_before"


def a_step_back(rng, B, D, H):
    """Arguments with any numbers that a step may leave."""
    params = Params(*(2 * w for w in init_params(rng, D, H, 2)))
    f = 1 / (1 + np.exp(-rng.normal(size=(B, H))))
    n = np.tanh(rng.normal(size=(B, H)))
    cache = f, n, rng.normal(size=(B, H)), rng.normal(size=(B, H))
    d_h, x_t = rng.normal(size=(B, H)), rng.normal(size=(B, D))
    return {"d_h": d_h, "params": params, "x_t": x_t, "cache": cache}


visible = move(a_step_back(np.random.default_rng(2), 3, 5, 2))
check(
    minimal_step_vjp,
    stored("minimal_step_vjp"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
check_independent(
    lambda *args: minimal_step_vjp(*args)[2],  # d_h_before
    visible,
    {"d_h": 0, "x_t": 0},
    axis=0,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    a_step_back,
    [(1, 1, 1), (4, 2, 3), (2, 5, 4), (3, 3, 3)],
    device,
    rng=rng,
)
check(
    minimal_step_vjp,
    reference_minimal_step_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

args = move(a_step_back(rng, 3, 2, 4))
params, x_t, d_h = args["params"], args["x_t"], args["d_h"]
h = args["cache"][3]


def loss(**changed):
    """A weighted sum of the new state, with one weight changed."""
    new, _ = reference_minimal_step(params._replace(**changed), x_t, h)
    return float((new * d_h).sum())


_, cache = reference_minimal_step(params, x_t, h)
d_params, _, _ = minimal_step_vjp(d_h, params, x_t, cache)
for k, name in enumerate(Params._fields):
    assert_gradient(
        lambda w, name=name: loss(**{name: w}),
        params[k],
        d_params[k],
        f"d_{name}",
    )
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="minimal_step_vjp"
r"""
one gradient for both biases: d_b_h is a copy of d_b_x; b_hn stands inside the reset, so its gradient is multiplied by {{reset.it}}
~ xp.sum(d_a_h, axis=0) => xp.sum(d_a_x, axis=0)
d_b split between b_x and b_h: the gradient of the bias was shared out, half to b_x and half to b_h; each of two addends gets the whole gradient of their sum
~ d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0) => d_b_x = d_b_h = 0.5 * xp.sum(d_a_x, axis=0)
reset forgotten on the way back: d_a_h has no {{reset.it}} in the block of n: on the way forward {{reset.it}} multiplied W_hn h + b_hn, so it multiplies their gradient too
~ [d_f, d_n * {{reset.f}}] => [d_f, d_n]
gate through the candidate dropped: f acts twice, on the mean and on the candidate; the part that comes back through the candidate, {{reset.part}}, is missing
~ {{reset.sum}} => (d_h * (n - h))
z and 1 - z exchanged: the way past W_h was multiplied by f, which is right where the gate is the share kept (Cho's z); here f is the share written, and 1 - f is kept
~ + d_h * (1 - f) => + d_h * f
path past dropped: what goes back past the matrix, d_h (1 - f), is missing: the very path that a gate is for
~ d_a_h @ params.W_h + d_h * (1 - f) => d_a_h @ params.W_h
W_h transposed: each block of W_h was transposed; forward multiplies by W_h.T, backward by W_h
~ d_a_h @ params.W_h + => gates(d_a_h, 2)[0] @ params.W_h[: h.shape[-1], ...].T + gates(d_a_h, 2)[1] @ params.W_h[h.shape[-1] :, ...].T +
candidate kept: the sign of f's gradient is that of a gate which keeps; this one writes, so a larger f moves the state towards n
~ d_h * (n - h) => d_h * (h - n)
averaged over the batch: the biases' gradients were averaged over the batch; shared gradients add up
~ xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0) => xp.mean(d_a_x, axis=0), xp.mean(d_a_h, axis=0)
one bias averaged: d_b_x was averaged over the batch; shared gradients add up
~ xp.sum(d_a_x, axis=0), xp.sum => xp.mean(d_a_x, axis=0), xp.sum
mean dropped: in your d_f only the part through the candidate counts; f also weighs h against n, which gives d_h (n - h)
~ {{reset.sum}} => {{reset.mean}}
without the old state: in your d_f stands d_h n; a larger f takes from h too, so it is d_h (n - h)
~ d_h * (n - h) => d_h * n
no slope of f: in your d_f the slope of the sigmoid, f (1 - f), is missing
~ {{reset.sum}} * f * (1 - f) => {{reset.sum}}
no slope of n: in your d_n the slope of the tanh, 1 - n², is missing
~ d_n = d_h * f * (1 - n * n) => d_n = d_h * f
candidate's share 1 - f: in your d_n stands 1 - f; here f is the share of n that is written
~ d_n = d_h * f * (1 - n * n) => d_n = d_h * (1 - f) * (1 - n * n)
candidate's share dropped: in your d_n the factor f is missing: h_t holds f n
~ d_n = d_h * f * (1 - n * n) => d_n = d_h * (1 - n * n)
reset on the input too: in your d_a_x the block of n was multiplied by {{reset.it}}; the input stands outside the reset
~ d_a_x = xp.concat([d_f, d_n], axis=-1) => d_a_x = xp.concat([d_f, d_n * {{reset.f}}], axis=-1)
the past whole: you sent d_h past the matrix whole; what was kept is 1 - f of h
~ + d_h * (1 - f) => + d_h
h through a_x: your d_h_before was made of d_a_x; h went through a_h
~ d_h_before = d_a_h @ params.W_h => d_h_before = d_a_x @ params.W_h
reset and way past forgotten: your d_a_h has no {{reset.it}} in the block of n, and what goes back past the matrix, d_h (1 - f), is missing
-     d_a_h = xp.concat([d_f, d_n * {{reset.f}}], axis=-1)
-     d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
-     d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
-     d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
+     d_a_h = xp.concat([d_f, d_n], axis=-1)
+     d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
+     d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
+     d_h_before = d_a_h @ params.W_h
W_h from a_x: in your d_W_h the block of n lacks the factor {{reset.it}}: it was made of d_a_x, or of a d_a_h without the reset; W_h made a_h
~ d_a_h.T @ h => d_a_x.T @ h
blocks n, f: the blocks of your d_a_x and d_a_h stand in the order n, f; the order is f, n
-     d_a_x = xp.concat([d_f, d_n], axis=-1)
-     d_a_h = xp.concat([d_f, d_n * {{reset.f}}], axis=-1)
+     d_a_x = xp.concat([d_n, d_f], axis=-1)
+     d_a_h = xp.concat([d_n * {{reset.f}}, d_f], axis=-1)
m with the reset: in your d_f stands d_n {{reset.f}} m; {{reset.it}} multiplied m itself, so its part is {{reset.part}}
~ d_n * m) => d_n * {{reset.f}} * m)
h for m: in your d_f, d_n was multiplied by h; the reset multiplied m, the product with W_hn and its bias
~ d_n * m) => d_n * h)
slope on one part: in your d_f the slope f (1 - f) is missing on the part through the candidate
~ {{reset.sum}} * f * (1 - f) => {{reset.one}}
slope of f a tanh's: in your d_f stands 1 - f², the slope of a tanh; f is a sigmoid, with slope f (1 - f)
~ d_n * m) * f * (1 - f) => d_n * m) * (1 - f * f)
slope of n a sigmoid's: in your d_n stands n (1 - n), the slope of a sigmoid; n is a tanh, with slope 1 - n²
~ (1 - n * n) => n * (1 - n)
candidate without its slope in d_f: in your d_f the part through the candidate lacks the slope of the tanh: it is {{reset.part}}, with d_n at the tanh's argument
~ d_n * m) => d_h * f * m)
reset before the product: your d_W_h was made with f h; W_h multiplied h itself, and the reset came after
~ d_a_h.T @ h => d_a_h.T @ ({{reset.f}} * h)
weights averaged too: all gradients of your weights were divided by the batch; shared gradients add up
-     d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
-     d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
+     d_W_x, d_W_h = d_a_x.T @ x_t / len(d_h), d_a_h.T @ h / len(d_h)
+     d_b_x, d_b_h = xp.mean(d_a_x, axis=0), xp.mean(d_a_h, axis=0)
W_h forgotten on the way: your d_h_before has the blocks of d_a_h without W_h: h went through the matrix, and its gradient comes back through it
~ d_a_h @ params.W_h + d_h * (1 - f) => gates(d_a_h, 2)[0] + gates(d_a_h, 2)[1] + d_h * (1 - f)
one sequence's weights: your d_W_x is that of the last sequence alone; all sequences share the weights, and their gradients add up
~     d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h =>     d_W_x, d_W_h = d_a_x[-1:].T @ x_t[-1:], d_a_h[-1:].T @ h[-1:]
m for h in the mean: in your d_f stands d_h (n - m); the mean is between n and h, so it is d_h (n - h)
~ d_h * (n - h) => d_h * (n - m)
biases exchanged: your d_b_x and d_b_h have changed places: b_h stands inside the reset, so its block of n has the factor {{reset.it}}
~ d_b_x, d_b_h = => d_b_h, d_b_x =
candidate past the matrix: you added d_n to what goes past the matrix; it goes through W_hn, in d_a_h
~ + d_h * (1 - f) => + d_h * (1 - f) + d_n
slope of f at n: in your d_f stands n (1 - n); the slope of the gate is f (1 - f)
~ d_n * m) * f * (1 - f) => d_n * m) * n * (1 - n)
W_x from a_h: your d_W_x was made of d_a_h; W_x made a_x
~ d_a_x.T @ x_t => d_a_h.T @ x_t
one sequence's biases: the biases have the gradient of the first sequence alone; all sequences read them, so add up over the batch
~ xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0) => d_a_x[0, :], d_a_h[0, :]
weights averaged: the gradients of both matrices were averaged over the batch; shared gradients add up
~ d_a_x.T @ x_t, d_a_h.T @ h => d_a_x.T @ x_t / d_h.shape[0], d_a_h.T @ h / d_h.shape[0]
d_W_x transposed: d_W_x is the transpose of what it is to be: a row for each entry of a_x
~     d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h =>     d_W_x, d_W_h = x_t.T @ d_a_x, d_a_h.T @ h
"""

# %% [markdown]
# ## Task 4: what a budget buys (3 points)
#
# *Extra, about 15 minutes.*
#
# A budget of numbers is given. How many units can a layer with $G$ gates and $D$ inputs have, if all its weights and **both** biases together may not exceed the budget? And how many multiply-adds {{work.need}} in its products with $W_x$ and $W_h$? (Additions of biases and the gates' own
# arithmetic do not count.)
#
# Return two integers, the most units H (at least 1 fits, you may rely on that) and the multiply-adds.
#
# <details><summary>Hint 1</summary>
#
# W_x has G·H rows of D numbers, W_h G·H rows of H numbers, and there are two biases of G·H.
# </details>
#
# <details><summary>Hint 2</summary>
#
# G H (D + H + 2) ≤ budget. Count H up while the next one still fits; no square root, no rounding.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `while G * (H + 1) * (D + H + 1 + 2) <= budget: H += 1`. A product of a (G·H, D) matrix with a vector takes G·H·D multiply-adds.
# </details>


# %% solution="units_for"
def units_for(budget, G, D):
    """The most units with at most `budget` numbers, and their work.

    Returns two integers: H, and the multiply-adds of {{work.steps}}.
    """
    ### BEGIN SOLUTION
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + 2):
        H += 1
    multiply_adds = {{work.G}} * H * (D + H)
    ### END SOLUTION
    return H, multiply_adds


# %% [markdown]
# Try it: the same budget for a plain cell, the minimal unit, a GRU and an LSTM.

# %%
for name, G in [("plain", 1), ("minimal", 2), ("GRU", 3), ("LSTM", 4)]:
    print(f"{name:8}", units_for(50_000, G, 32))

# %% test="units_for" points=3 explained="ch07_compared: What each cell costs"
from rnncore.testing import check, stored

visible = [
    {"budget": budget, "G": G, "D": D}
    for budget, G, D in [
        (72, 3, 2),
        (84, 3, 2),
        (63, 3, 2),
        (50_000, 4, 32),
        (2 * 20 * (9 + 20 + 1), 2, 9),  # for one bias
        (2 * 20 * (9 + 20), 2, 9),  # for none
        (4 * 20 * (9 + 20) + 2 * 20, 4, 9),  # for those of one gate
        (4 * 20 * (9 + 20) + 2 * 4, 4, 9),  # for those of one unit
        (2 * 20 * (9 + 20 + 3) - 1, 2, 9),
        (1293, 2, 9),  # 20.51 units, not 21
        (62, 3, 2),  # one less than 3 units take
        (2 * 20 * (9 + 20 + 1) + 1, 2, 9),  # one more than with one bias
        (2 * 20 * (9 + 20) + 1, 2, 9),  # and than with none
        (3 * 7 * (5 + 7 + 2) - 1, 3, 5),
        (3 * 7 * (5 + 7 + 2), 3, 5),
    ]
]  # 63 = 3 * 3 * (2 + 3 + 2) is used up exactly
check(units_for, stored("units_for"), visible, outputs="H, multiply_adds")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = []
for G in (1, 2, 3, 4):
    for _ in range(6):
        D, H = int(rng.integers(1, 60)), int(rng.integers(1, 90))
        exact = G * H * (D + H + 2)
        hidden += [
            {"budget": exact, "G": G, "D": D},
            {"budget": G * (H + 1) * (D + H + 3) - 1, "G": G, "D": D},
        ]
check(units_for, reference_units_for, hidden, outputs="H, multiply_adds")
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="units_for"
r"""
biases forgotten: the biases are missing in the budget: two of G·H numbers each
~ (D + (H + 1) + 2) => (D + (H + 1))
one unit too many: one unit too many: it is the first H that no longer fits
-     multiply_adds = {{work.G}} * H * (D + H)
+     H += 1
+     multiply_adds = {{work.G}} * H * (D + H)
budget must not be used up: a layer that uses up the budget exactly was refused; it may not exceed it, but it may reach it
~ budget >= => budget >
a gate forgotten: the candidate has weights as well: G counts it
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}((G - 1) * H * (D + H))
recurrent product forgotten: only the product with W_x was counted; the one with W_h takes G·H·H more
~ {{work.G}} * H * (D + H) => {{work.G}} * H * D
one unit too few: your H is one too small: one unit more still fits
-     multiply_adds = {{work.G}} * H * (D + H)
+     H -= 1
+     multiply_adds = {{work.G}} * H * (D + H)
gates not in the work: in your multiply_adds the factor G is missing: each gate has rows of its own in both matrices
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(H * (D + H))
biases in the work: your multiply_adds count the biases; they are added, not multiplied
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.G}} * H * (D + H + 2)
additions apart: your multiply_adds are twice too many; a product and its addition count as one
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(2 * G * H * (D + H))
budget for work: you returned the budget as the work; only the products count, for the units that fit
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = budget
input product forgotten: in your multiply_adds only W_h counts; the product with W_x takes G·H·D more
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.G}} * H * H
gates of W_h alone: in your multiply_adds the factor G is missing for W_x: each gate reads the input too
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(H * D + G * H * H)
W_h a square of G·H: in your multiply_adds W_h has G·H columns; each of its G·H rows reads H numbers
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(G * H * D + (G * H) ** 2)
gates not in the budget: the budget was asked for the numbers of one gate, and the work for all; each of the G gates has its weights
~ budget >= G * (H + 1) => budget >= (H + 1)
one gate only: you counted the numbers and the work of a single gate; a layer has G of them
-     while budget >= G * (H + 1) * (D + (H + 1) + 2):
-         H += 1
-     multiply_adds = {{work.G}} * H
+     while budget >= (H + 1) * (D + (H + 1) + 2):
+         H += 1
+     multiply_adds = {{work.x}}(H)
exchanged: your two results are in the wrong order: H comes first
-     multiply_adds = {{work.G}} * H * (D + H)
+     multiply_adds = {{work.G}} * H * (D + H)
+     H, multiply_adds = multiply_adds, H
W_h a square of G·H in the budget: your budget has (G·H)² numbers for W_h; each of its G·H rows has H
~ G * (H + 1) * (D + (H + 1) + 2) => G * (H + 1) * (D + 2) + (G * (H + 1)) ** 2
input's weights forgotten: your H is the root of budget / G, as if W_h were all; W_x and both biases are in the budget too
~     while budget >= G * (H + 1) * (D + (H + 1) + 2): =>     while budget >= G * (H + 1) ** 2:
one bias, and in the work: two things: only one bias is in your budget, and there are two; and it is in your multiply_adds, where only products count
-     while budget >= G * (H + 1) * (D + (H + 1) + 2):
-         H += 1
-     multiply_adds = {{work.G}} * H * (D + H)
+     while budget >= G * (H + 1) * (D + (H + 1) + 1):
+         H += 1
+     multiply_adds = {{work.G}} * H * (D + H + 1)
biases of one gate: your biases are 2·H numbers; each gate has its own, so they are 2·G·H
~ G * (H + 1) * (D + (H + 1) + 2) => G * (H + 1) * (D + (H + 1)) + 2 * (H + 1)
one bias: your budget has one number too few for each row: either one bias is missing, b_x or b_h, or H stands in the bracket where H + 1 was meant
~ (D + (H + 1) + 2) => (D + (H + 1) + 1)
biases of one unit: your biases are the same for any H; each unit of each gate has two
~ G * (H + 1) * (D + (H + 1) + 2) => G * (H + 1) * (D + (H + 1)) + 2 * G
three biases: three biases are in your budget; there are two, of G·H numbers each
~ (D + (H + 1) + 2) => (D + (H + 1) + 3)
one bias and below: two things: one bias of G·H numbers is missing in your budget, where there are two, and the budget may be used up exactly: `<=`, not `<`
~ budget >= G * (H + 1) * (D + (H + 1) + 2) => budget > G * (H + 1) * (D + (H + 1) + 1)
no bias and below: two things: both biases are missing in your budget, and the budget may be used up exactly: `<=`, not `<`
~ budget >= G * (H + 1) * (D + (H + 1) + 2) => budget > G * (H + 1) * (D + (H + 1))
twice, without the gates: your multiply_adds are 2 H (D + H): a product and its addition count as one, and each of the G gates has rows of its own
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(2 * H * (D + H))
rounded to the nearest: your H was rounded, up or down; its weights may not exceed the budget, so round down
-     multiply_adds = {{work.G}} * H * (D + H)
+     H = round((((D + 2) ** 2 + 4 * budget / G) ** 0.5 - (D + 2)) / 2)
+     multiply_adds = {{work.G}} * H * (D + H)
next size's work: your multiply_adds are those of H + 1 units; the work is that of the H that fit
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(G * (H + 1) * (D + H + 1))
sizes added up: your multiply_adds add G H to D + H; each of the G H rows reads D + H numbers
~ multiply_adds = {{work.G}} * H * (D + H) => multiply_adds = {{work.x}}(G * H + D + H)
a bias for each input: your budget counts a bias for each input; b_x and b_h have G·H numbers each
~ (D + (H + 1) + 2) => (D + (H + 1) + D + 1)
no D in the budget: W_x is missing in the budget: G·H rows of D numbers each
~ (D + (H + 1) + 2) => ((H + 1) + 2)
H squared once: the recurrent weights were counted for one gate only
~     multiply_adds = {{work.G}} * H * (D + H) =>     multiply_adds = {{work.x}}(G * H * D + H * H)
a float for the count: a count is a whole number
~     multiply_adds = {{work.G}} * H * (D + H) =>     multiply_adds = float({{work.G}} * H * (D + H))
"""

# %% [markdown]
# ## Task 5: a gate that is stuck (4 points)
#
# *Extra, about 20 minutes.*
#
# In the chapter, z is the share that is kept. Two numbers say how a trained update gate lives, for each unit, from what stands in front of its sigmoid, $a_z$ (T, B, H):
#
# - its **half-life**: with $g$ the *geometric* mean of $z = \sigma(a_z)$ over steps and sequences, $\ln\frac12 / \ln g$ steps;
# - its **stuck share**: the share of steps and sequences at which the gate's slope $z (1 - z)$ is below {{at.text}}. There the gate passes hardly any gradient to its own weights: saturated, at 1 or at 0.
#
# In float32, $\sigma(20)$ is exactly 1, its logarithm 0, and the half-life infinite. But $\ln z = -\ln(1 + e^{-a})$ can be computed without that loss. `xp.logaddexp(p, q)` is $\ln(e^p + e^q)$ without overflow.
#
# <details><summary>Hint 1</summary>
#
# The logarithm of a geometric mean is the mean of the logarithms. So you never need z itself.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)`, and ln(1 - z) = ln z - a_z.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The slope is `xp.exp(2 * log_z - a_z)`. To count: `xp.where(slope < {{at.l}}, xp.ones_like(a_z), xp.zeros_like(a_z))`, and the mean over axes 0 and 1.
# </details>


# %% solution="gate_report"
def gate_report(a_z, low=0.01):
    """Half-life, and share of moments with a flat gate, of each unit.

    Shapes: a_z (T, B, H) -> half_life (H,); stuck (H,)
    """
    xp = array_namespace(a_z)
    ### BEGIN SOLUTION
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < {{at.l}}, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    ### END SOLUTION
    return half_life, stuck


# %% [markdown]
# Try it: four units whose gate never moves, at 0, 5, 20 and -20.

# %%
half_life, stuck = gate_report(move(np.full((6, 2, 4), [0.0, 5, 20, -20])))
print(half_life, stuck)

# %% test="gate_report" points=4 explained="ch07_gru: One gate, two clocks"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "half_life, stuck"


def gate(rng, T, B, H, size=4.0):
    return {"a_z": size * rng.normal(size=(T, B, H)) + 2, "low": 0.05}


visible = [
    move(gate(np.random.default_rng(5), 5, 2, 3)),
    move({"a_z": np.full((3, 2, 1), 18.0), "low": 0.01}),
    # z is 0.051 and 0.0126: a little above a limit, and their slopes below
    move({"a_z": np.full((2, 1, 2), [-2.9236, -4.3613]), "low": 0.05}),
]
check(
    gate_report,
    stored("gate_report"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
# by hand: z = 1/2 halves at each step, and its slope is 1/4
with properties("sizes"):
    half_life, stuck = gate_report(move(np.zeros((4, 2, 1))))
    assert_close("half-life at a_z = 0", half_life, np.ones(1))
    assert_close("stuck share at a_z = 0", stuck, np.zeros(1))
    half_life, _ = gate_report(move(np.full((4, 2, 1), 18.0), "float32"))
    lost = move(np.ones(1), "float32") * float(np.log(2) * np.exp(18))
    assert_close(
        "half_life over ln 2 · e^18, at a_z = 18 in float32, where z is "
        "rounded to 1 (take ln z from a_z, not from z)",
        half_life / lost,
        np.ones(1),
        1e-5,
    )
WHY = "xp.logaddexp computes ln(1 + e^-a) where e^-a is infinite"
half_life, stuck = gate_report(move(np.full((4, 2, 3), -800.0)))
assert_close(
    "half-life · 800 / ln 2 at a_z = -800, where e^800 is infinite",
    half_life * float(800 / np.log(2)),
    np.ones(3),
    why=WHY,
)
assert_close("stuck share at a_z = -800", stuck, np.ones(3))
with properties("dtype"):
    half_life, _ = gate_report(move(np.full((4, 2, 1), -100.0), "float32"))
    assert_close(
        "half-life at a_z = -100 in float32, where e^100 is too large",
        half_life,
        move(np.full(1, float(np.log(2) / 100)), "float32"),
        why=WHY,
    )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(gate, [(1, 1, 1), (6, 3, 2), (4, 5, 3)], device)
hidden.append(move({"a_z": np.full((2, 3, 2), 19.0)}, "float32"))
hidden.append(move({"a_z": np.full((2, 3, 2), -60.0)}))
hidden.append(move({"a_z": np.full((2, 3, 2), -900.0)}))
near = np.full((3, 2, 2), [-4.3654, -2.9133])  # z is 0.01255 and 0.0515
hidden.append(move({"a_z": near, "low": 0.05}))
check(
    gate_report,
    reference_gate_report,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="gate_report"
r"""
arithmetic mean: the plain mean of z was taken; a memory is multiplied by one z after the other, and T such factors multiply to the T-th power of their geometric mean
~ xp.mean(log_z, axis=(0, 1)) => xp.log(xp.mean(xp.exp(log_z), axis=(0, 1)))
overflow [hidden]: e^-a was computed by itself: where a_z is -800 it is infinite, and the half-life 0; `xp.logaddexp(0, -a)` gives ln(1 + e^-a) without it
~ log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z) => log_z = -xp.log1p(xp.exp(-a_z))
half-life of 1 - z: this is the half-life where z is the share written, the convention of Chung et al.; here z is the share kept, as with Cho et al. and in torch
~ xp.mean(log_z, axis=(0, 1)) => xp.mean(log_z - a_z, axis=(0, 1))
z in float32 [hidden]: the logarithm was taken of sigma(a) itself, which is rounded: in float32 it is exactly 1 from about 17 on, and the half-life comes out infinite
~ log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z) => log_z = xp.log(sigmoid(a_z))
open taken for stuck: only gates near 0 were counted; a gate near 1 is just as flat: what counts is the slope z (1 - z)
~ slope < {{at.l}} => xp.exp(log_z) < {{at.l}}
slope of tanh: 1 - z² is the slope of tanh; that of the sigmoid is z (1 - z)
~ slope = xp.exp(2 * log_z - a_z) => slope = 1 - xp.exp(2 * log_z)
over steps alone: the share was taken over the steps of the first sequence only, not over all sequences
~ stuck = xp.mean(flat, axis=(0, 1)) => stuck = xp.mean(flat, axis=0)[0, ...]
only gates near 1: only gates near 1 were counted; a gate near 0 is just as flat: what counts is the slope z (1 - z)
~ slope < {{at.l}} => xp.exp(log_z) > 1 - {{at.l}}
mean of half-lives: the half-lives were averaged, so that a few open moments count for nearly all; average ln z, and divide once
~ -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) => xp.mean(-float(np.log(2)) / log_z, axis=(0, 1))
sign of the half-life: your half-life has the wrong sign: ln 1/2 and the mean of ln z are both negative
~ half_life = -float => half_life = float
half-life upside down: your half-life is upside down: it is ln 1/2 over the mean of ln z
~ half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) => half_life = -xp.mean(log_z, axis=(0, 1)) / float(np.log(2))
time constant: your number is the steps until 1/e is left; a half-life has the factor ln 2
~ half_life = -float(np.log(2)) / => half_life = -1 /
gate of the mean: your half-life is that of a gate at the mean of a_z; average ln z, not what stands before the sigmoid
~ half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) => half_life = float(np.log(2)) / xp.logaddexp(xp.zeros_like(a_z[0, 0, ...]), -xp.mean(a_z, axis=(0, 1)))
not stuck: your share is that of the moments that are not stuck: count the slopes below `{{at.l}}`
~ slope < {{at.l}} => slope > {{at.l}}
near 0 or 1: you counted where z or 1 - z is below `{{at.l}}`; what counts is their product, the slope
~ slope < {{at.l}} => (xp.exp(log_z) < {{at.l}}) | (xp.exp(log_z) > 1 - {{at.l}})
slope of the sum: you took a_z for the gate in the slope; it is z (1 - z) with z the sigmoid of a_z
~ slope = xp.exp(2 * log_z - a_z) => slope = a_z * (1 - a_z)
plus in the slope: your slope is z² e^a; ln(1 - z) is ln z - a, so it is z² e^-a
~ 2 * log_z - a_z => 2 * log_z + a_z
low fixed: you compared with {{at.fixed}}; the limit is {{at.is}}
~ slope < {{at.l}} => slope < {{at.fixed}}
a count: your number is the count of the moments; the share is their mean
~ stuck = xp.mean( => stuck = xp.sum(
sum of logarithms: your half-life divides by the sum of ln z; the geometric mean takes their mean
~ xp.mean(log_z, axis=(0, 1)) => xp.sum(log_z, axis=(0, 1))
worst sequence: your share is that of the sequence that is stuck most; it is the mean over all sequences
~ stuck = xp.mean(flat, axis=(0, 1)) => stuck = xp.max(xp.mean(flat, axis=0), axis=0)
slope of the mean: you judged the mean slope of each unit; count the moments whose slope is below `{{at.l}}`
-     stuck = xp.mean(flat, axis=(0, 1))
+     slope = xp.mean(slope, axis=(0, 1))
+     stuck = xp.where(slope < {{at.l}}, xp.ones_like(slope), xp.zeros_like(slope))
exchanged: your two results are in the wrong order: the half-life comes first
-     stuck = xp.mean(flat, axis=(0, 1))
+     stuck = xp.mean(flat, axis=(0, 1))
+     half_life, stuck = stuck, half_life
a_z for z: your half-life was made of the logarithm of |a_z|; z is the sigmoid of a_z, and ln z = -ln(1 + e^-a)
~     log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z) =>     log_z = xp.log(xp.abs(a_z))
median: your half-life is that of the median of ln z; the geometric mean takes the mean
-     half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1))
+     middle = xp.sort(xp.reshape(log_z, (-1, log_z.shape[2])), axis=0)
+     n = middle.shape[0]
+     middle = middle[(n - 1) // 2 : n // 2 + 1, ...]
+     half_life = -float(np.log(2)) / xp.mean(middle, axis=0)
last step alone: your half-life is that of the last step; the mean runs over all steps and sequences
~ xp.mean(log_z, axis=(0, 1)) => xp.mean(log_z[-1, ...], axis=0)
logarithm of base ten: your half-life has the logarithm of base ten above, and the natural one below
~ float(np.log(2)) => float(np.log10(2))
another limit: you compared with {{at.odd_says}}
~ slope < {{at.l}} => slope < {{at.odd}}
limit from the top: you compared with 1/4 - {{at.l}}; a gate is stuck where its slope is below `{{at.l}}`
~ slope < {{at.l}} => slope < 0.25 - {{at.l}}
sum over the steps: your half-life divides by the sum of ln z over the steps; the geometric mean takes their mean
~ xp.mean(log_z, axis=(0, 1)) => xp.mean(xp.sum(log_z, axis=0), axis=0)
over the steps alone: means were taken over the steps alone; each unit has one number, over steps and sequences
~     half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) =>     half_life = -float(np.log(2)) / xp.mean(log_z, axis=0)
over the units as well: one number came for all units; each has its own
~     half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) =>     half_life = -float(np.log(2)) / xp.mean(log_z)
smallest for the mean: the smallest logarithm was taken for their mean
~     half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1)) =>     half_life = -float(np.log(2)) / xp.min(log_z, axis=(0, 1))
"""

# %% [markdown]
# ## Task 6, closed book: `gru_cell_vjp` (4 points)
#
# *Core, about 30 minutes.*
#
# Close the chapter. Take a gradient back through the GRU's pointwise cell: $r = \sigma(x_r + h_r)$, $z = \sigma(x_z + h_z)$, $n = \tanh(x_n + r \odot h_n)$, $h_t = (1 - z) \odot n + z \odot h_{t-1}$, where $x_r, x_z, x_n$ are the blocks of $a_x$ and $h_r, h_z, h_n$ those of $a_h$.
#
# The cache is `(r, z, n, r_h, h_before)` with $r_h = r \odot h_n$; a reset gate may be shut, $r = 0$. Return $\mathrm{d}a_x$, $\mathrm{d}a_h$, both (B, 3·H), and as a tuple of one what reaches $h_{t-1}$ past the matrix.
#
# <details><summary>Hint 1</summary>
#
# Begin at the end: d_n and d_z from h_t, each times the slope of its own nonlinearity.
# </details>
#
# <details><summary>Hint 2</summary>
#
# r's gradient is d_n h_n, times r (1 - r). The cache has no h_n, but r_h = r h_n: one factor r is in it already.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_r = d_n * r_h * (1 - r)`. In d_a_h the block of n is `d_n * r`. Past the matrix goes `d_h * z`.
# </details>


# %% solution="gru_cell_vjp" closed_book=true
def gru_cell_vjp(d_state, cache):
    """Backward through `gru_cell`.

    Shapes: d_state ((B, H),)
        -> d_a_x (B, 3*H); d_a_h (B, 3*H); d_state ((B, H),)
    """
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    ### BEGIN SOLUTION
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)
    ### END SOLUTION


# %% [markdown]
# Try it: the same gradients as the book's.

# %%
rng = np.random.default_rng(0)
a_x, a_h = move(rng.normal(size=(2, 2, 6)))
_, cache = gru_cell(a_x, a_h, (move(rng.normal(size=(2, 2))),))
d_state = (move(rng.normal(size=(2, 2))),)
mine, book = gru_cell_vjp(d_state, cache), book_gru_cell_vjp(d_state, cache)
print("largest difference:", float(abs(mine[1] - book[1]).max()))

# %% test="gru_cell_vjp" points=4 explained="ch07_gru: One gate, two clocks"
import numpy as np

from rnncore.gru import gru_cell
from rnncore.gru import gru_cell_vjp as book_gru_cell_vjp
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

OUTPUTS = "d_a_x, d_a_h, d_state"


def gru_back(rng, B, H, dtype="float64"):
    move = mover(device)
    a_x, a_h = move(rng.normal(size=(2, B, 3 * H)), dtype)
    _, cache = gru_cell(a_x, a_h, (move(rng.normal(size=(B, H)), dtype),))
    return {
        "d_state": (move(rng.normal(size=(B, H)), dtype),),
        "cache": cache,
    }


def shut(args):
    """The same, with a reset gate that is shut to the last digit."""
    r, z, n, r_h, h_before = args["cache"]
    return {**args, "cache": (0 * r, z, n, 0 * r_h, h_before)}


visible = [gru_back(np.random.default_rng(3), 3, 2)]
visible.append(shut(gru_back(np.random.default_rng(5), 2, 3)))
check(
    gru_cell_vjp,
    stored("gru_cell_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    gru_back(rng, B, H, dtype)
    for B, H in [(1, 1), (4, 3), (2, 5)]
    for dtype in ("float64", "float32")
]
hidden.append(shut(gru_back(rng, 3, 2)))
check(
    gru_cell_vjp, book_gru_cell_vjp, hidden, outputs=OUTPUTS, by=properties
)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="gru_cell_vjp"
r"""
reset forgotten on the way back: d_a_h has no r in the block of n, so d_b_h would be a copy of d_b_x; r multiplies W_hn h + b_hn forward, and their gradient backward
~ [d_r, d_z, d_n * r] => [d_r, d_z, d_n]
reset of the input: the block of n in d_a_x was multiplied by r; the input's share stands outside the reset
~ [d_r, d_z, d_n], axis => [d_r, d_z, d_n * r], axis
z and 1 - z exchanged: the candidate got the share z: that is the convention of Chung et al., where z is the share written; here, as with Cho et al. and in torch, it is the share kept
~ d_n = d_h * (1 - z) * (1 - n * n) => d_n = d_h * z * (1 - n * n)
r twice: r_h is r h_n, so one factor r is in it already; with a second one you multiply by r² (1 - r), where the slope of r's sigmoid is r (1 - r)
~ d_n * r_h * (1 - r) => d_n * r_h * r * (1 - r)
gate order swapped: the blocks of d_a_x stand in the order z, r, n; the order is r, z, n in all arrays
~ [d_r, d_z, d_n], axis => [d_z, d_r, d_n], axis
path past dropped: what reaches h_{t-1} past the matrix, d_h z, is missing
~ (d_h * z,) => (0 * d_h,)
update gate pulls the wrong way: the sign of d_z is that of a gate which writes; here a larger z moves h_t towards h_{t-1}
~ d_h * (h_before - n) => d_h * (n - h_before)
gate order swapped in both: the blocks stand in the order z, r, n, as some libraries have them; here it is r, z, n
-     d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
-     d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
+     d_a_x = xp.concat([d_z, d_r, d_n], axis=-1)
+     d_a_h = xp.concat([d_z, d_r, d_n * r], axis=-1)
what is written goes back: d_h went back to h_{t-1} with the factor 1 - z: that is the share written; z is the share kept
~ (d_h * z,) => (d_h * (1 - z),)
z without n: your d_z is made of h_{t-1} alone; a larger z takes from n too: d_h (h_{t-1} - n)
~ d_h * (h_before - n) => d_h * h_before
z without h: your d_z is made of n alone; a larger z gives more of h_{t-1}: d_h (h_{t-1} - n)
~ d_h * (h_before - n) => d_h * -n
no slope of r: in your d_r the factor 1 - r is missing: the slope is r (1 - r), and only the r is in r_h
~ d_r = d_n * r_h * (1 - r) => d_r = d_n * r_h
r with h: in your d_r stands h_{t-1}; r multiplied W_hn h + b_hn, and r_h holds r times that
~ d_r = d_n * r_h * (1 - r) => d_r = d_n * h_before * r * (1 - r)
the past whole: you sent d_h past the matrix whole; z of h_{t-1} was kept
~ (d_h * z,) => (d_h,)
no slope of n: in your d_n the slope of the tanh, 1 - n², is missing
~ d_n = d_h * (1 - z) * (1 - n * n) => d_n = d_h * (1 - z)
slope of n a sigmoid's: in your d_n stands n (1 - n), the slope of a sigmoid; n is a tanh, with slope 1 - n²
~ (1 - n * n) => n * (1 - n)
no slope of z: in your d_z the slope of the sigmoid, z (1 - z), is missing
~ d_h * (h_before - n) * z * (1 - z) => d_h * (h_before - n)
r from d_h: your d_r was made of d_h; r acts inside the tanh, so it is made of d_n
~ d_r = d_n * r_h => d_r = d_h * r_h
slope of z a tanh's: in your d_z stands 1 - z², the slope of a tanh; z is a sigmoid, with slope z (1 - z)
~ (h_before - n) * z * (1 - z) => (h_before - n) * (1 - z * z)
reset past the matrix: you added d_n r to what goes past the matrix; it goes through W_hn, in d_a_h
~ (d_h * z,) => (d_h * z + d_n * r,)
r with n: in your d_r stands n; r multiplied W_hn h + b_hn, and r_h holds r times that
~ d_r = d_n * r_h * (1 - r) => d_r = d_n * n * r * (1 - r)
Chung's z throughout: your vjp is that of h_t = (1 - z) h_{t-1} + z n, the convention of Chung et al., where z is the share written; here, as with Cho et al. and in torch, it is the share kept
-     d_n = d_h * (1 - z) * (1 - n * n)
-     d_z = d_h * (h_before - n) * z * (1 - z)
-     d_r = d_n * r_h * (1 - r)
-     d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
-     d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
-     return d_a_x, d_a_h, (d_h * z,)
+     d_n = d_h * z * (1 - n * n)
+     d_z = d_h * (n - h_before) * z * (1 - z)
+     d_r = d_n * r_h * (1 - r)
+     d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
+     d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
+     return d_a_x, d_a_h, (d_h * (1 - z),)
slope of n twice: your d_r has the slope of the tanh twice: it is in d_n already
~ d_r = d_n * r_h * (1 - r) => d_r = d_n * (1 - n * n) * r_h * (1 - r)
n less r_h: in your d_r stands n - r_h; r multiplied W_hn h + b_hn, and r_h holds r times that
~ d_r = d_n * r_h * (1 - r) => d_r = d_n * (n - r_h) * (1 - r)
reset on the past: what you sent past the matrix was multiplied by r; it is d_h z, the reset acts on the candidate alone
~ (d_h * z,) => (d_h * z * r,)
share 1 - z²: in your d_n stands 1 - z²; the share of n is 1 - z
~ d_h * (1 - z) * (1 - n * n) => d_h * (1 - z * z) * (1 - n * n)
reset on every block: all blocks of your d_a_h were multiplied by r; only n's share of h stands behind the reset
~ [d_r, d_z, d_n * r] => [d_r * r, d_z * r, d_n * r]
divided by r [hidden]: r_h was divided by r to have h_n; where the reset gate is shut that is 0 / 0. It takes no division: d_n r_h (1 - r)
~ d_n * r_h * (1 - r) => d_n * (r_h / r) * r * (1 - r)
z with r's slope: the slope in d_z is r's
~     d_z = d_h * (h_before - n) * z * (1 - z) =>     d_z = d_h * (h_before - n) * r * (1 - r)
slope of r_h: the slope of the candidate was taken at r_h; it is 1 - n * n
~     d_n = d_h * (1 - z) * (1 - n * n) =>     d_n = d_h * (1 - z) * (1 - r_h * r_h)
"""

# %% [markdown]
# See your vjp at work on a unit whose three blocks all get the same sum $w h + x$: press *Next* as far as the way back through a cell. Which part of a gradient reaches $h_2$ past $w$, and what becomes of it if you set $x_3$ to 4, so that z is near 1?

# %%
from rnncore.display import widgets

widgets.show(
    lambda: widgets.unrolled(
        gru_cell,
        gru_cell_vjp,
        G=3,
        w=0.5,
        inputs=[0.8, -0.3, 0.5],
        targets=[1.0, 0.0, 0.5],
    )
)

# %% [markdown]
# ## The mutant hunt (2 points)
#
# *Extra, about 15 minutes.*
#
# `gru_cell(a_x, a_h, state)` of the chapter has seven wrong relatives. Each is one small edit away from it, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `steps_that_tell()`: a list of `(a_x, a_h, state)`, float64 NumPy arrays, state a tuple of one, on which the boxes give themselves away. What counts is all that the function returns. Points are for the boxes that some probe
# tells apart; the last point is for all of them with a single probe. Random numbers of a usual size tell fewer than half of the boxes: they are right in the middle, and wrong at an edge.
#
# <details><summary>Hint 1</summary>
#
# Which values does a program meet that `rng.normal` never draws? Think of the first step, of a gate that is shut, and of a gate that is open to the last digit.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A first step has h = 0 exactly. A sum of 12 or of -12 in front of a gate is usual in a trained network. And a state need not stay between -1 and 1 if it did not begin there.
# </details>
#
# <details><summary>Hint 3</summary>
#
# One probe can hold all of it, each in a sequence of its own: random rows; a row with h = 0; rows with 12 and with -12 in front of r and z; a row with h = 40; a row with a candidate's sum of 12.
# </details>


# %% solution="steps_that_tell"
def steps_that_tell():
    """A list of (a_x, a_h, state); state is a tuple of one array."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    a_x, a_h = rng.normal(size=(2, 12, 6))
    h = rng.normal(size=(12, 2))
    h[3] = 0.0  # the first step
    h[4] = 40.0, -40.0  # beyond what a GRU reaches by itself
    a_x[5, :4], a_x[6, :4] = 12.0, -12.0  # both gates open, both shut
    a_x[7, 4:], a_x[8, 4:] = 12.0, -12.0  # a candidate at its ends
    a_h[9], a_h[10, 4:] = 0.0, 30.0
    return [(a_x, a_h, (h,))]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("steps_that_tell")
rng = np.random.default_rng(0)
hasty = (*rng.normal(size=(2, 3, 6)), (rng.normal(size=(3, 2)),))
(right,), _ = gru_cell(*hasty)
for name, box in boxes.items():
    (wrong,), _ = box(*hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="steps_that_tell" points=2 explained="ch07_gru: The side of the product"
from rnncore.gru import gru_cell
from rnncore.testing import black_boxes, hunt

hunt(
    gru_cell,
    black_boxes("steps_that_tell"),
    steps_that_tell(),
    few=1,
    points=2,
)

# %% mutants="steps_that_tell" of="rnncore.gru.gru_cell"
r"""
z and 1 - z exchanged: Chung's convention: z is the share written
~ h = n + z * (h_before - n) => h = h_before + z * (n - h_before)
gate deaf to the state: z reads the input twice and the state never: unseen where a_x equals a_h
~ sigmoid(x_z + h_z) => sigmoid(x_z + x_z)
nothing written at the first step: where the old state is exactly 0 only half of the candidate is written: unseen where no state is 0
~ h = n + z * (h_before - n) => h = n + z * (h_before - n) - 0.5 * n * (h_before == 0)
a gate that never shuts: z stays above 0.001: unseen until a sum in front of it is below -7
~ sigmoid(x_r + h_r), sigmoid(x_z + h_z) => sigmoid(x_r + h_r), xp.clip(sigmoid(x_z + h_z), 1e-3, 1.0)
a reset that never opens: r stays below 0.999: unseen until a sum in front of it is above 7
~ sigmoid(x_r + h_r), sigmoid(x_z + h_z) => xp.clip(sigmoid(x_r + h_r), 0.0, 0.999), sigmoid(x_z + h_z)
state held between -5 and 5: the old state is cut off: unseen where it is small
~ z * (h_before - n) => z * (xp.clip(h_before, -5.0, 5.0) - n)
candidate by a straight line: a tanh that stays a little below 1: unseen until its sum is beyond 5
~ xp.tanh(x_n + r_h) => xp.clip(xp.tanh(x_n + r_h), -0.9999, 0.9999)
"""

# %% [markdown]
# ## Experiment: keep or write
#
# *Extra, about 15 minutes, after Tasks 2 and 5.*
#
# One unit of your minimal gated unit, and one event. Two sliders: the bias of its gate, and how strongly the event opens it. The plot shows the state; below it stands the half-life from your `gate_report`, of the moments after the event.
#
# **Predict**, before you run anything: the event comes at moment 5. Which setting leaves most of it at moment 60: (a) bias 0 and opening 0; (b) bias −5 and opening 0; (c) bias −5 and opening 10? Write the letter `"a"`, `"b"` or `"c"`. Nothing is graded here; your word is kept in the notebook for you to come back to.

# %%
my_prediction = ""


# %% experiment
def one_event(bias, opening):
    """The state over 60 moments, and the gate's half-life of keeping."""
    params = move(
        Params(
            np.array([[opening], [5.0]]),
            np.zeros((2, 1)),
            np.array([bias, 0.0]),
            np.zeros(2),
        )
    )
    h, states, gate = move(np.zeros((1, 1))), [], []
    for t in range(60):
        x_t = move(np.full((1, 1), float(t == 4)))
        h, _ = minimal_step(params, x_t, h)
        states.append(float(to_numpy(h).item()))
        gate.append(-bias - opening * float(t == 4))  # 1 - f is kept
    half_life, _ = gate_report(move(np.array(gate[5:])[:, None, None]))
    return np.array(states), float(to_numpy(half_life).item())


def show(bias=-5.0, opening=10.0):
    print("You predicted", my_prediction or "nothing")
    states, half_life = one_event(bias, opening)
    plot_lines(
        {"state": states},
        "moment",
        "h",
        f"bias {bias}, opening {opening}",
        x=np.arange(1, 61),
    )
    print(f"left at moment 60: {states[-1]:.4f}; half-life {half_life:.1f}")


from ipywidgets import FloatSlider, interact

_ = interact(
    show,
    bias=FloatSlider(-5, min=-8, max=2, step=0.5, description="bias"),
    opening=FloatSlider(10, min=0, max=12, step=0.5, description="opening"),
)

# %% [markdown]
# Explain what you saw. Why does (b) keep so long and have so little? What would an LSTM do, with a forget bias of 5 and an input gate of its own? And what does the gate's slope say about how fast a network learns to open it?
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# In (a) half of the state is lost at each moment, and nothing is left. In (b) the gate writes less than 1 % of each moment's candidate, so that the half-life is 103 moments, but the event writes less than 1 % of itself too: 0.005 is left at moment 60. In (c) the event opens its own gate, writes 0.99, and 0.69 is left. The minimal unit has one gate for both: what keeps well writes badly, unless the input opens it. An LSTM with a forget bias of 5 keeps as well and writes with an input gate of its own, half open at a bias of 0. At a bias of -5 the gate's slope is f (1 - f), about 0.007: so little gradient reaches its weights that it is slow to learn to open.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# You are handed the weights of a GRU from another program. All shapes fit torch's, but its outputs are not yours. Its manual says: blocks in the order z, r, n; z is the share that is written; the reset gate is applied before the product. In four to six sentences: which of the three differences can you undo by changing the
# stored numbers, exactly and how; which can you not, and why; and how would you find out, without a manual, that something is wrong?
#
# When your answer is saved, `make answer 7` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="other_conventions" points=2 explained="ch07_gru: The side of the product"
# The order is undone by exchanging the first two blocks of rows in W_x, W_h, b_x and b_h. The meaning of z is undone by changing the sign of z's rows in all four arrays, since 1 - σ(a) = σ(-a). The side of the reset cannot be undone: r ⊙ (W h) and W (r ⊙ h) are different functions of h, and for a general W no fixed numbers turn one into the other; they agree only where all entries of r are the same (always 1, say, or H = 1).
# For that one needs the other loop, `unroll_reset_before`. To find out I would run one step with a state other than zero and random inputs through both programs and compare; from h_0 = 0 the side of the reset does not show in the first step (apart from the bias).
#
# Rubric: 1 point for both exact repairs (permuting the blocks; changing the sign of z's rows and biases). 1 point for "the side of the product cannot be converted", with a reason, and a check that would notice it (a state other than zero, or more than one step).
