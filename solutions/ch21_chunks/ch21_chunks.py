# %% [markdown]
# # Assignment 21: chunks
#
# *The core takes about 95 minutes, all of it about 210 minutes, 35 points. Read chapters 20 and 21 first.*
#
# You will take a chunk in which every row of the memory forgets at a rate of its own; take a gradient back through a triangular solve; write a loop with a normaliser as all pairs of steps; count where the best size of a chunk comes from; and generate, token by token, with a memory that does not grow. With the book closed you will set up the one linear system that takes the place of C steps, and with it open one of the rounds in which Newton's method finds the states of a nonlinear cell. At the end stand eight wrong versions of `memory_chunks`, all of which run.
#
# What you need, in one table (B sequences, C steps in a chunk, K columns, V rows; here, as in the chapter's chunks, the **sequence comes first**):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $q_t,\ k_t$ | (B, C, K) | the query, which is looked up; the key, under which is written |
# | $v_t,\ u_t$ | (B, C, V) | the value; what step t really writes |
# | $\log \alpha_t$ | (B, C, ...) | `log_a`: the logarithm of the share that step t keeps, at most 0 |
# | $c_t$ | as `log_a` | $\log \alpha_1 + \dots + \log \alpha_t$, summed within the chunk |
# | $S$ | (B, V, K) | the memory before the chunk; $S_t$ after step t |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$S_t = \alpha_t S_{t-1} + u_t k_t^{\mathsf T} \qquad y_t = S_t q_t$$
#
# In code a step is a row, so the reads of a whole chunk are `q @ xp.matrix_transpose(S)`, and row t of `q @ xp.matrix_transpose(k)` has $q_t^{\mathsf T} k_j$ for all j.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 20: what does the delta rule write, and what Hebb's rule?</summary>
#
# The delta rule writes what is missing, $u_t = \beta_t (v_t - M_t k_t)$, where $M_t$ is what is kept of the memory. Hebb's rule writes the value, $u_t = \beta_t v_t$, whatever stands there.
# </details>
#
# <details><summary>Chapter 3: Y = X W. What are d_X and d_W, given d_Y?</summary>
#
# d_X = d_Y W^T and d_W = X^T d_Y.
# </details>

# %% parameters
read = (
    {
        "tex": "S_t q_t",
        "text": "",
        "sign": r"\le",
        "le": "≤",
        "hand": "1, then 0.5 + 1 = 1.5, 1.75, 1.875",
        "P": "xp.tril(q @ xp.matrix_transpose(k))",
        "odd": "xp.tril(q @ xp.matrix_transpose(k), k=-1)",
        "k": "",
        "name": "own write not read",
        "says": "step t does not see what it wrote itself; y_t reads S_t, after the write",
        "due": "S_t q_t",
        "S": "S",
        "kept": "S",
        "after": "S_after",
    },
    {
        "tex": r"\operatorname{diag}(\alpha_t)\, S_{t-1} q_t",
        "text": "each read after the decay and **before** the write, ",
        "sign": "<",
        "le": "<",
        "hand": "0, then 0.5 · 1 = 0.5, 0.75, 0.875",
        "P": "xp.tril(q @ xp.matrix_transpose(k), k=-1)",
        "odd": "xp.tril(q @ xp.matrix_transpose(k))",
        "k": ", k=-1",
        "name": "own write read",
        "says": "step t sees what it wrote itself; y_t reads what is left of S_{t-1}, before the write",
        "due": "diag(α_t) S_{t-1} q_t",
        "S": "(S - new)",
        "kept": "(S - a * new)",
        "after": "(S_after - u[:, t, :, None] * k[:, t, None, :])",
    },
)
floor = (
    {
        "note": "",
        "tex": r"\max(|n_t^{\mathsf T} q_t|,\ 1)",
        "hint": "xp.maximum(xp.abs(n), xp.ones_like(n))",
        "loop": "xp.maximum(length, xp.ones_like(length))",
        "it": "xp.maximum(xp.abs(n), xp.ones_like(n))",
        "bare": "xp.maximum(n, xp.ones_like(n))",
        "least": "xp.minimum(xp.abs(n), xp.ones_like(n))",
        "odd": "(xp.abs(n) + xp.ones_like(n))",
        "name": "one added",
        "says": "1 was added to |n·q|; asked for is the larger of the two",
        "use": "compared with 1",
        "means": "|n_t·q_t|, or 1",
        "below": "the maximum holds it from below",
    },
    {
        "note": " (with 1 added where mLSTM takes a maximum)",
        "tex": r"1 + |n_t^{\mathsf T} q_t|",
        "hint": "1 + xp.abs(n)",
        "loop": "(1 + length)",
        "it": "(1 + xp.abs(n))",
        "bare": "(1 + n)",
        "least": "xp.minimum(xp.abs(n), xp.ones_like(n))",
        "odd": "xp.maximum(xp.abs(n), xp.ones_like(n))",
        "name": "maximum with one",
        "says": "the larger of 1 and |n·q| was taken; asked for is their sum",
        "use": "added to 1",
        "means": "1 + |n_t·q_t|",
        "below": "1 is added, so it lies above 1",
    },
)
tie = (
    {
        "which": "first",
        "other": "last",
        "er": "later",
        "it": "costs.index(min(costs))",
        "max": "costs.index(max(costs))",
        "odd": "len(costs) - 1 - costs[::-1].index(min(costs))",
        "hint": "",
        "way": "`index(min)`",
        "why": "takes the first of equals.",
    },
    {
        "which": "last",
        "other": "first",
        "er": "earlier",
        "it": "len(costs) - 1 - costs[::-1].index(min(costs))",
        "max": "len(costs) - 1 - costs[::-1].index(max(costs))",
        "odd": "costs.index(min(costs))",
        "hint": ", the last one",
        "way": "Searched",
        "why": "from the end, `index(min)` finds the last of equals.",
    },
)
by = (
    {
        "text": r"the largest step: the largest $|\delta|$",
        "f": "xp.max",
        "odd": "xp.mean",
        "name": "largest",
        "odd_name": "mean",
        "upward": "the largest step upward was taken",
    },
    {
        "text": r"the mean step: the mean $|\delta|$",
        "f": "xp.mean",
        "odd": "xp.max",
        "name": "mean",
        "odd_name": "largest",
        "upward": "the mean was taken with signs",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import time

import numpy as np

from rnncore.backend import array_namespace
from rnncore.backend import device as device_of
from rnncore.chunks import DELTA, memory_chunks, scores
from rnncore.chunks import delta_writes as book_delta_writes
from rnncore.display import plot_lines
from rnncore.memory import Steps, unit
from rnncore.scan import linear_scan
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two steps by hand
#
# A memory of a single number, S = 0, the delta rule, no decay. Both keys are 1, both rates are 1/2, the values are 4 and 2. Take the two steps on paper, one after the other; then solve the chapter's system for both at once, and compare.

# %%
left_side = np.array([[1, 0], [0.5 * 1, 1]])  # I + diag(beta) A
right_side = np.array([0.5 * 4, 0.5 * 2])  # diag(beta) (V - K S^T)
print("u =", np.linalg.solve(left_side, right_side))
print("by hand: u_1 = (4 - 0)/2 = 2, then u_2 = (2 - 2)/2 = 0")

# %% [markdown]
# Now the same with a decay of 1/2 at both steps. What step 1 wrote has been halved once when step 2 reads it. One line is left out. Which entry of the matrix changes? Write the line, and run again.
#
# <details><summary>The missing line</summary>
#
# `left_side[1, 0] = 0.5 * 0.5`: the rate times what is left, $e^{c_2 - c_1} = \alpha_2$. (S is 0, so nothing changes on the right.)
# </details>

# %%
# (the missing line)
u = np.linalg.solve(left_side, right_side)
print("u =", u, " S after =", 0.5 * u[0] + u[1])
print("by hand: u_2 = (2 - 2/2)/2 = 0.5 and S = 2/2 + 0.5 = 1.5")

# %% [markdown]
# ## Task 1: every row forgets at its own rate (5 points)
#
# *Core, about 25 minutes.*
#
# In the chapter α may differ from column to column. Here it differs from **row** to row: `log_a` is (B, C, V), and
#
# $$S_t = \operatorname{diag}(\alpha_t)\, S_{t-1} + u_t k_t^{\mathsf T} \qquad y_t = {{read.tex}} .$$
#
# What each step writes, u, is given. Write the chunk: all outputs y, {{read.text}}and the memory after the last step. No loop over the steps, which the test tells by the number of lines that run at 300 of them. `kept` below gives you $e^{c_t - c_j}$ for $j \le t$.
#
# <details><summary>Hint 1</summary>
#
# Row v of the memory is a memory of its own, with one number of decay per step. So the decay belongs to what is written, (C, V), and not to keys and queries, (C, K).
# </details>
#
# <details><summary>Hint 2</summary>
#
# $y_t = e^{c_t} \odot (S q_t) + \sum_{j {{read.sign}} t} (q_t^{\mathsf T} k_j)\; e^{c_t - c_j} \odot u_j$. The scores are (B, C, C); with `P[..., None]` they meet `kept(c)`, (B, C, C, V), and `u[:, None, :, :]`. Then sum over j, axis 2.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `left = xp.exp(c[:, -1:, :] - c) * u` is what is left of each write at the end; then `S_after = xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k`.
# </details>


# %%
def kept(c):
    """exp(c_t - c_j) for j <= t, and 1 above: no number above 0 goes in.

    Shapes: c (B, C, V) -> kept (B, C, C, V)
    """
    xp = array_namespace(c)
    between = c[:, :, None, :] - c[:, None, :, :]
    return xp.exp(xp.minimum(between, xp.zeros_like(between)))


# %% solution="row_chunk"
def row_chunk(q, k, u, log_a, S):
    """A chunk whose decay is a vector with one entry for each row of S.

    Shapes: q (B, C, K); k (B, C, K); u (B, C, V); log_a (B, C, V);
        S (B, V, K) -> y (B, C, V); S_after (B, V, K)
    """
    xp = array_namespace(q)
    ### BEGIN SOLUTION
    c = xp.cumulative_sum(log_a, axis=-2)
    P = {{read.P}}
    within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
    left = xp.exp(c[:, -1:, :] - c) * u
    total = xp.exp(c[:, -1, :])[..., None]
    S_after = total * S + xp.matrix_transpose(left) @ k
    ### END SOLUTION
    return y, S_after


# %% [markdown]
# Try it: two rows, one column, every key and query 1, both rows write 1 at each of four steps. The first row keeps all, the second a half.

# %%
ones = move(np.ones((1, 4, 1)))
halves = move(np.log(np.ones((1, 4, 2)) * [1, 0.5]))
y, _ = row_chunk(
    ones, ones, halves * 0 + 1, halves, move(np.zeros((1, 2, 1)))
)
print(y[0])
print("by hand, second row: {{read.hand}}")

# %% test="row_chunk" points=5 explained="ch21_chunks: One linear system"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)
from rnncore.testing.inputs import count_lines

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, S_after"


def rows(rng, B, C, K, V, fast=1.0):
    return {
        "q": rng.normal(size=(B, C, K)),
        "k": rng.normal(size=(B, C, K)),
        "u": rng.normal(size=(B, C, V)),
        "log_a": -fast * rng.uniform(0.1, 1.0, (B, C, V)),
        "S": rng.normal(size=(B, V, K)),
    }


rng = np.random.default_rng(1)
visible = move(rows(rng, 2, 4, 3, 5))
square = move(rows(rng, 4, 3, 2, 2))
strong = move(rows(rng, 4, 3, 2, 3, 1500.0))  # nothing is left of the past
inputs = [visible, square, strong]
with np.errstate(all="ignore"):
    check(
        row_chunk,
        stored("row_chunk"),
        inputs,
        outputs=OUTPUTS,
        by=properties,
    )
batch = {name: 0 for name in visible}
check_independent(row_chunk, visible, batch, axis=0)


def steps_first(u, q, k, log_a, S):
    """The chunk with the steps of what is written on the first axis."""
    y, _ = row_chunk(q, k, u.swapaxes(0, 1), log_a, S)
    return y.swapaxes(0, 1)


writes = {"u": visible["u"].swapaxes(0, 1)}
writes |= {name: visible[name] for name in ("q", "k", "log_a", "S")}
check_causal(steps_first, writes, "u")


def check_no_loop(rng):
    """At 300 steps about as many lines run as at 3."""
    few, many = (
        count_lines(row_chunk, move(rows(rng, 1, C, 2, 2)))
        for C in (3, 300)
    )
    assert_that(
        many - few < 150,
        "no loop over the steps: as many lines run at 300 as at 3",
    )


check_no_loop(rng)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    rows,
    [(1, 1, 1, 1), (3, 5, 2, 4), (2, 3, 4, 4), (2, 6, 2, 3, 300.0)],
    device,
)
with np.errstate(all="ignore"):
    check(
        row_chunk,
        reference_row_chunk,
        hidden,
        outputs=OUTPUTS,
        by=properties,
    )
check_no_loop(np.random.default_rng(2))
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="row_chunk"
r"""
logarithms not summed: the decay of step t alone was used; c_t is the sum of the logarithms of all steps of the chunk up to t
~ c = xp.cumulative_sum(log_a, axis=-2) => c = log_a
summed over the sequences: the logarithms were summed along the batch; the steps are axis 1
~ xp.cumulative_sum(log_a, axis=-2) => xp.cumulative_sum(log_a, axis=0)
summed over the rows: the logarithms were summed along the rows of S; the steps are axis 1
~ xp.cumulative_sum(log_a, axis=-2) => xp.cumulative_sum(log_a, axis=2)
own decay left out: the sum for step t stops before step t; the memory from before the chunk has decayed at step t too when step t reads it
~ c = xp.cumulative_sum(log_a, axis=-2) => c = xp.cumulative_sum(log_a, axis=-2) - log_a
{{read.name}}: {{read.says}}
~ {{read.P}} => {{read.odd}}
later steps seen: step t also reads what later steps write: the scores above the diagonal have to go
~ {{read.P}} => (q @ xp.matrix_transpose(k))
queries and keys exchanged: entry (t, j) of the scores has the key of step t and the query of step j; the step that reads is the row
~ {{read.P}} => xp.tril(k @ xp.matrix_transpose(q){{read.k}})
triangle of the wrong side: the triangle above the diagonal was kept: there steps read what comes after them
~ {{read.P}} => xp.triu(q @ xp.matrix_transpose(k))
no decay between steps: what step j wrote reaches step t undiminished; the factor e^(c_t - c_j) is missing
~ P[..., None] * kept(c) * u => P[..., None] * u
decayed from the start: what step j wrote was multiplied by e^(c_t), as if it had been there before the chunk; it has decayed since step j only
~ P[..., None] * kept(c) * u => P[..., None] * xp.exp(c)[:, :, None, :] * u
old memory read undiminished: what stood in S before the chunk has been multiplied by e^(c_t) when step t reads it
~ y = xp.exp(c) * (q => y = (q
old memory not read: the outputs hold what this chunk has written, and nothing of the S that came before it
~ y = xp.exp(c) * (q => y = 0 * (q
one rate for all rows: the rows were given one common decay, the mean of their logarithms; each row has its own
~ xp.cumulative_sum(log_a, axis=-2) => xp.cumulative_sum(xp.mean(log_a, axis=-1, keepdims=True) + 0 * log_a, axis=1)
shares for logarithms: log_a was exponentiated before it was summed; sum the logarithms first, and exponentiate the differences
~ xp.cumulative_sum(log_a, axis=-2) => xp.cumulative_sum(xp.exp(log_a), axis=1)
product of the shares for c: c is the product of the shares itself, where it should be its logarithm
~ xp.cumulative_sum(log_a, axis=-2) => xp.exp(xp.cumulative_sum(log_a, axis=-2))
S kept whole at the end: S has not decayed on its way through the chunk: it has the factor e^(c_C)
~ total * S => S
one step's decay at the end: S was multiplied by the last step's share alone; on its way through the chunk it meets all of them
~ total = xp.exp(c[:, -1, :]) => total = xp.exp(log_a[:, -1, :])
writes kept whole at the end: what the steps wrote arrives at the end undiminished: step j's write has the factor e^(c_C - c_j)
~ left = xp.exp(c[:, -1:, :] - c) * u => left = u
total decay for all writes: each write was multiplied by e^(c_C), as if it had stood there since before the chunk; step j's has the factor e^(c_C - c_j)
~ xp.exp(c[:, -1:, :] - c) * u => xp.exp(c[:, -1:, :] + 0 * c) * u
written under the query: the memory after the chunk was written under the queries; it is written under the keys
~ xp.matrix_transpose(left) @ k => xp.matrix_transpose(left) @ q
old memory lost: the memory after the chunk holds this chunk alone: what was left of S is missing
~ total * S => 0 * total * S
exponent the wrong way round: the exponent at the end is c_j - c_C, which is positive: writes grow instead of fading
~ xp.exp(c[:, -1:, :] - c) => xp.exp(c - c[:, -1:, :])
decay put on the query: the decay was multiplied with the queries, whose columns are K; it has one entry for each row, V: multiply what was read
~ y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within => y = (xp.exp(c) * q) @ xp.matrix_transpose(S) + within
summed over the readers: the writes were summed over the steps that read; the sum over j runs over the steps that write, axis 2
~ u[:, None, :, :], axis=2) => u[:, None, :, :], axis=1)
write of the step that reads: the u of the step that reads was multiplied in; it is step j's, the one that writes
~ u[:, None, :, :], axis=2) => u[:, :, None, :], axis=2)
multiplied by one write: the weights were divided by e^(c_j) and not multiplied by e^(c_t): what step j wrote has the factor e^(c_t - c_j)
~ xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2) => P @ (u / xp.exp(c))
not a number: after a strong decay the result is NaN: a quotient e^(c_t) / e^(c_j) is 0/0 there, and e^(c_t - c_j) above the diagonal overflows; `kept` subtracts first and takes the minimum with 0
~ xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2) => xp.exp(c) * (P @ (u / xp.exp(c)))
S never decays: S was read and passed on as it stood before the chunk; by step t it has been multiplied by e^(c_t)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
+     y = q @ xp.matrix_transpose(S) + within
+     left = xp.exp(c[:, -1:, :] - c) * u
+     total = 1.0
writes of the chunk lost: the memory after the chunk is what is left of S; what the steps wrote is missing from it
~ total * S + xp.matrix_transpose(left) @ k => total * S + 0 * xp.matrix_transpose(left) @ k
decay on the columns: this is the chapter's chunk, whose decay belongs to the columns, K; here it belongs to the rows, V: multiply what was read and what was written, not queries and keys
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
+     within = xp.tril(scores(q, k, c){{read.k}}) @ u
+     y = (xp.exp(c) * q) @ xp.matrix_transpose(S) + within
chapter's chunk: this is the chapter's chunk, whose decay belongs to the columns, K; here it belongs to the rows, V: multiply what was read and what was written, not queries and keys
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     within = xp.tril(scores(q, k, c){{read.k}}) @ u
+     y = (xp.exp(c) * q) @ xp.matrix_transpose(S) + within
+     last = c[:, -1:, :]
+     S_after = xp.exp(last) * S + xp.matrix_transpose(u) @ (xp.exp(last - c) * k)
read before the write: each step reads before it decays and writes: that is S_{t-1} q_t; y_t is {{read.due}}
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     y = []
+     for t in range(q.shape[1]):
+         a, new = xp.exp(log_a[:, t, :])[..., None], u[:, t, :, None] * k[:, t, None, :]
+         y.append((S @ q[:, t, :, None])[..., 0])
+         S = a * S + new
+     y, S_after = xp.stack(y, axis=1), S
new write decayed: what step t writes was multiplied by its own α as well; a step decays what was there before, and then writes
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     y = []
+     for t in range(q.shape[1]):
+         a, new = xp.exp(log_a[:, t, :])[..., None], u[:, t, :, None] * k[:, t, None, :]
+         S = a * (S + new)
+         y.append(({{read.kept}} @ q[:, t, :, None])[..., 0])
+     y, S_after = xp.stack(y, axis=1), S
logarithm for the share: the memory was multiplied by log α; the share that is kept is α, e to that
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     y = []
+     for t in range(q.shape[1]):
+         a, new = log_a[:, t, :][..., None], u[:, t, :, None] * k[:, t, None, :]
+         S = a * S + new
+         y.append(({{read.S}} @ q[:, t, :, None])[..., 0])
+     y, S_after = xp.stack(y, axis=1), S
no decay at all: nothing decays: log_a was not used
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     y = []
+     for t in range(q.shape[1]):
+         a, new = 1.0, u[:, t, :, None] * k[:, t, None, :]
+         S = a * S + new
+         y.append(({{read.S}} @ q[:, t, :, None])[..., 0])
+     y, S_after = xp.stack(y, axis=1), S
first memory not used: the chunk began with a memory of zeros; S before the chunk counts
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     y = []
+     for t in range(q.shape[1]):
+         a, new = xp.exp(log_a[:, t, :])[..., None], u[:, t, :, None] * k[:, t, None, :]
+         S = a * (S if t else 0 * S) + new
+         y.append(({{read.S}} @ q[:, t, :, None])[..., 0])
+     y, S_after = xp.stack(y, axis=1), S
single logarithms between steps: `kept` got the logarithms of single steps; it needs their running sum c
~ kept(c) => kept(log_a)
last share for the old memory: the old memory was multiplied by step t's share alone when it was read; since the chunk began, all shares up to t have met it
~ y = xp.exp(c) * (q => y = xp.exp(log_a) * (q
sign of the logarithms: the logarithms were turned round: log_a is at most 0 already, and e to it is the share that is kept
~ xp.cumulative_sum(log_a, axis=-2) => xp.cumulative_sum(-log_a, axis=1)
decayed from the start at the end: at the end each write was multiplied by e^(c_j), what has faded before it; what fades after it is e^(c_C - c_j)
~ xp.exp(c[:, -1:, :] - c) * u => xp.exp(c) * u
first step's sum at the end: S was multiplied by e^(c_1) on its way through the chunk; it meets all steps, e^(c_C)
~ total = xp.exp(c[:, -1, :]) => total = xp.exp(c[:, 0, :])
summed from the end: the logarithms were summed from the end of the chunk; c_t is the sum from its beginning to t
~ xp.cumulative_sum(log_a, axis=-2) => xp.flip(xp.cumulative_sum(xp.flip(log_a, axis=1), axis=1), axis=1)
exponentiated scores: e was raised to the scores, as in attention; a matrix memory reads them as they are
~ {{read.P}} => xp.tril(xp.exp(q @ xp.matrix_transpose(k)){{read.k}})
scaled by the root of K: the scores were divided by the root of K, as attention does it; reading a matrix has no such factor
~ {{read.P}} => {{read.P}} / k.shape[-1] ** 0.5
squares of the shares: the decay was applied twice between two steps
~ P[..., None] * kept(c) * u => P[..., None] * kept(c) ** 2 * u
writes left out of the sum: scores and decays were summed without the writes u_j
~ kept(c) * u[:, None, :, :] => kept(c) * (1 + 0 * u[:, None, :, :])
loop over the steps [hidden]: the chunk was computed step by step; its point is that no step waits for the one before
-     c = xp.cumulative_sum(log_a, axis=-2)
-     P = {{read.P}}
-     within = xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
-     y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + within
-     left = xp.exp(c[:, -1:, :] - c) * u
-     total = xp.exp(c[:, -1, :])[..., None]
-     S_after = total * S + xp.matrix_transpose(left) @ k
+     S_after, y = S, []
+     for t in range(q.shape[1]):
+         S_after = xp.exp(log_a[:, t, :])[..., None] * S_after + u[:, t, :, None] * k[:, t, None, :]
+         y.append(xp.sum({{read.after}} * q[:, t, None, :], axis=-1))
+     y = xp.stack(y, axis=1)
"""

# %% [markdown]
# ## Task 2: back through a triangular solve (5 points)
#
# *Extra, about 25 minutes.*
#
# The chapter solves $L U = R$, with the unknown on the right and ones on L's diagonal. Here the unknown stands on the **left** and the diagonal is free:
#
# $$X L = R$$
#
# with X and R (B, V, C) and a lower triangular L (B, C, C). Given $\mathrm{d}X$, X and L, find $\mathrm{d}L$ and $\mathrm{d}R$. Entries of L above the diagonal do not exist for the loss: their gradient is 0.
#
# <details><summary>Hint 1</summary>
#
# X = R L^(-1) is chapter 3's Y = X W, with X for Y, R for X and L^(-1) for W. So d_R = d_X L^(-T): a solve again, from the same side, with the transposed matrix.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `solve(M, Z)` is for M Y = Z, the unknown on the right. From d_R L^T = d_X follows L d_R^T = d_X^T.
# </details>
#
# <details><summary>Hint 3</summary>
#
# A small change of X L = R gives (change of X) L + X (change of L) = 0. So d_L = -X^T d_R, and `xp.tril` takes off what lies above the diagonal. The diagonal stays: it is free here.
# </details>


# %% solution="solve_left_vjp"
def solve_left_vjp(d_X, X, L):
    """Backward through X L = R, solved for X; L is lower triangular.

    Shapes: d_X (B, V, C); X (B, V, C); L (B, C, C)
        -> d_L (B, C, C); d_R (B, V, C)
    """
    xp = array_namespace(X)
    ### BEGIN SOLUTION
    columns = xp.linalg.solve(L, xp.matrix_transpose(d_X))
    d_R = xp.matrix_transpose(columns)
    d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
    ### END SOLUTION
    return d_L, d_R


# %% [markdown]
# Try it: one number. x = r/l with r = 6, l = 2. By hand: dx/dr = 1/2 and dx/dl = -r/l² = -1.5.

# %%
number = move(np.ones((1, 1, 1)))
print(solve_left_vjp(number, 3 * number, 2 * number))

# %% test="solve_left_vjp" points=5 explained="ch21_chunks: One linear system"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_gradient,
    check,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_L, d_R"


def solved(rng, B, V, C):
    L = np.tril(rng.normal(size=(B, C, C)), -1) / C**0.5
    L = L + rng.uniform(1.0, 2.0, (B, 1, C)) * np.eye(C)
    X = rng.normal(size=(B, V, C))
    return {"d_X": rng.normal(size=(B, V, C)), "X": X, "L": L}


rng = np.random.default_rng(2)
drawn = solved(rng, 2, 3, 4)
visible = move([drawn, solved(rng, 4, 3, 3)])
check(
    solve_left_vjp,
    stored("solve_left_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
d_X, R = drawn["d_X"], drawn["X"] @ drawn["L"]


def loss(L):
    return float((d_X * (R @ np.linalg.inv(np.tril(L)))).sum())


d_L, _ = solve_left_vjp(*visible[0].values())
assert_gradient(loss, drawn["L"], d_L, "d_L")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    solved, [(1, 1, 1), (3, 2, 5), (2, 4, 3), (4, 3, 3)], device
)
check(
    solve_left_vjp,
    reference_solve_left_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="solve_left_vjp"
r"""
diagonal taken for ones: the gradient of the diagonal is missing: in the chapter the diagonal is 1 and nobody's variable, here it is free
~ -xp.tril(xp.matrix_transpose(X) @ d_R) => -xp.tril(xp.matrix_transpose(X) @ d_R, k=-1)
above the diagonal too: d_L has entries above the diagonal, where L has no variable: take them off
~ -xp.tril(xp.matrix_transpose(X) @ d_R) => -(xp.matrix_transpose(X) @ d_R)
wrong triangle: the triangle above the diagonal was kept; L is a lower triangle, and so is its gradient
~ -xp.tril( => -xp.triu(
sign lost: d_L has the wrong sign: a larger L makes X = R L^(-1) smaller
~ -xp.tril( => xp.tril(
L transposed: d_R is d_X L^(-1), the solve of the way forward; on the way back L is transposed: d_R L^T = d_X, so L d_R^T = d_X^T
~ xp.linalg.solve(L, xp => xp.linalg.solve(xp.matrix_transpose(L), xp
multiplied, not solved: d_X was multiplied by L^T; backward through a solve is a solve
~ xp.linalg.solve(L, xp.matrix_transpose(d_X)) => L @ xp.matrix_transpose(d_X)
multiplied by L: d_R is d_X L, which takes X back to R; backward through a solve is a solve, with L transposed
~ xp.linalg.solve(L, xp.matrix_transpose(d_X)) => xp.matrix_transpose(L) @ xp.matrix_transpose(d_X)
upstream in d_L: d_L was made of d_X; it is the gradient of the right side, d_R, that meets X
~ xp.matrix_transpose(X) @ d_R => xp.matrix_transpose(X) @ d_X
d_L transposed: d_L is transposed: entry (i, j) of L takes column i of X to column j of R, so row i has X and column j has d_R
~ xp.matrix_transpose(X) @ d_R => xp.matrix_transpose(d_R) @ X
transposed after the triangle: d_L is an upper triangle: it was transposed after the other one had been taken off
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.matrix_transpose(xp.tril(xp.matrix_transpose(X) @ d_R))
upstream passed on: d_R is d_X itself: the solve was left out on the way back
~ d_R = xp.matrix_transpose(columns) => d_R = d_X + 0 * xp.matrix_transpose(columns)
right side for the solution: d_L was made with R = X L; the product rule for X L = R leaves X
~ xp.matrix_transpose(X) @ d_R => xp.matrix_transpose(X @ L) @ d_R
formula of the other side: this is the vjp of L U = R, where the unknown stands on the right: with X L = R the transposes change places
~ xp.linalg.solve(L, xp.matrix_transpose(d_X)) => xp.linalg.solve(xp.matrix_transpose(L), d_X)
averaged over the batch: d_L was averaged over the sequences; each has an L of its own
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.mean(xp.tril(xp.matrix_transpose(X) @ d_R), axis=0) + 0 * L
averaged over the rows: d_L was divided by the number of rows of X; shared gradients add up, they are not averaged
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) / X.shape[1]
half a gradient: d_L was halved, as if L were symmetric
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) / 2
rule of a product: this is the way back through a product X L; R is given and X is solved for, so L's inverse stands there
-     columns = xp.linalg.solve(L, xp.matrix_transpose(d_X))
-     d_R = xp.matrix_transpose(columns)
-     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+     d_R = d_X @ xp.matrix_transpose(L)
+     d_L = xp.tril(xp.matrix_transpose(X) @ d_X)
rule of a product, forward: this is the way back through a product X L, with L not transposed; X is solved for, so L's inverse stands there
-     columns = xp.linalg.solve(L, xp.matrix_transpose(d_X))
-     d_R = xp.matrix_transpose(columns)
-     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+     d_R = d_X @ L
+     d_L = xp.tril(xp.matrix_transpose(X) @ d_X)
solved twice: d_L was made of L^(-1) applied twice; d_R has the inverse in it already
- d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+ again = xp.linalg.solve(L, xp.matrix_transpose(d_R))
+     d_L = -xp.tril(xp.matrix_transpose(X) @ xp.matrix_transpose(again))
diagonal and sign: d_L has the wrong sign, and no diagonal: X = R L^(-1) shrinks as L grows, and the diagonal is free
~ -xp.tril(xp.matrix_transpose(X) @ d_R) => xp.tril(xp.matrix_transpose(X) @ d_R, k=-1)
sign lost above too: d_L has the wrong sign, and entries above the diagonal, where L has no variable
~ -xp.tril(xp.matrix_transpose(X) @ d_R) => xp.matrix_transpose(X) @ d_R
nothing for L: d_L is zero: L moves the solution as R does
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = 0 * L
d_R for X: d_L was made of d_R alone; it is the solution X that meets it
~ xp.matrix_transpose(X) @ d_R => xp.matrix_transpose(d_R) @ d_R
formula of the chapter: this is the chapter's vjp of L U = R: there the unknown stands on the right, and the diagonal is 1; with X L = R the transposes change places, and the diagonal counts
-     columns = xp.linalg.solve(L, xp.matrix_transpose(d_X))
-     d_R = xp.matrix_transpose(columns)
-     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+     d_R = xp.linalg.solve(xp.matrix_transpose(L), d_X)
+     d_L = -xp.tril(d_R @ xp.matrix_transpose(X), k=-1)
signs exchanged: both gradients have the wrong sign: a larger R makes X larger, a larger L makes it smaller
~ d_R = xp.matrix_transpose(columns) => d_R = -xp.matrix_transpose(columns)
sign of d_R: d_R has the wrong sign: a larger R makes X larger
- d_R = xp.matrix_transpose(columns)
-     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+ d_R = -xp.matrix_transpose(columns)
+     d_L = xp.tril(xp.matrix_transpose(X) @ d_R)
inverse on both sides: d_L has L^(-T) on the left too: X has met the inverse already, R has not
~ xp.matrix_transpose(X) @ d_R => xp.linalg.solve(xp.matrix_transpose(L), xp.matrix_transpose(X) @ d_R)
solved with ones on the diagonal: L's diagonal was taken for ones in the solve; here it is free
~ xp.linalg.solve(L, xp => xp.linalg.solve(xp.tril(L, k=-1) + xp.eye(L.shape[-1], dtype=L.dtype, device=device_of(L)), xp
part above the diagonal: only the part above the diagonal was kept; L lives on the diagonal and below
~ -xp.tril(xp.matrix_transpose(X) @ d_R) => -xp.triu(xp.matrix_transpose(X) @ d_R, k=1)
upper part counted below: the part above the diagonal was added to the part below, as if L were symmetric
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.tril(xp.matrix_transpose(X) @ d_R + xp.matrix_transpose(d_R) @ X)
diagonal alone: d_L has a diagonal and nothing below it
~ d_L = -xp.tril(xp.matrix_transpose(X) @ d_R) => d_L = -xp.tril(xp.triu(xp.matrix_transpose(X) @ d_R))
upstream not transposed: the solve got d_X as it is: solve(M, Z) has its unknown on the right, so from L d_R^T = d_X^T both sides are transposed
-     columns = xp.linalg.solve(L, xp.matrix_transpose(d_X))
-     d_R = xp.matrix_transpose(columns)
+     d_R = xp.linalg.solve(L, d_X)
d_R alone not transposed: d_L is right; d_R is d_X L^(-1), and on the way back L is transposed: d_X L^(-T)
-     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+     d_L = -xp.tril(xp.matrix_transpose(X) @ d_R)
+     d_R = d_X @ xp.linalg.inv(L)
"""

# %% [markdown]
# ## Task 3: all pairs, and no loop (5 points)
#
# *Core, about 25 minutes.*
#
# mLSTM divides what it reads by a *normaliser* n, a vector that is written as the memory is, with ones for values. Here is the loop{{floor.note}}, from $S_0 = 0$ and $n_0 = 0$, with one number $\alpha_t$ a step (`log_a` is (B, T)):
#
# $$S_t = \alpha_t S_{t-1} + v_t k_t^{\mathsf T} \qquad n_t = \alpha_t n_{t-1} + k_t \qquad y_t = \frac{S_t q_t}{{{floor.tex}}}$$
#
# Write it as all pairs of steps: **no loop**, neither your own nor the given one, and one (T, T) matrix for each sequence. (The test tells a loop by the number of lines that run at 300 steps.) Decays may be strong: then a product of α's is 0, by which nothing can be divided, and e to the power of a large number overflows.
#
# <details><summary>Hint 1</summary>
#
# $n_t^{\mathsf T} q_t = \sum_{j \le t} e^{c_t - c_j}\, q_t^{\mathsf T} k_j$. Compare with $S_t q_t$: the same weights, with 1 in place of $v_j$.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `between = c[:, :, None] - c[:, None, :]` is (B, T, T). Take its minimum with 0 before `exp`; then `xp.tril` of the weights. A mask that *multiplies* makes NaN of infinity.
# </details>
#
# <details><summary>Hint 3</summary>
#
# With weights A: `n = xp.sum(A, axis=-1, keepdims=True)`, and the result is `A @ v` divided by `{{floor.hint}}`.
# </details>


# %%
def normalised_loop(q, k, v, log_a):
    """The loop, one step after the other."""
    xp = array_namespace(q)
    S = v[:, 0, :, None] * 0 * k[:, 0, None, :]  # zeros (B, V, K)
    n, y = 0 * k[:, 0, :], []
    for t in range(q.shape[1]):
        share = xp.exp(log_a[:, t])[:, None]
        S = share[..., None] * S + v[:, t, :, None] * k[:, t, None, :]
        n = share * n + k[:, t, :]
        read = xp.sum(S * q[:, t, None, :], axis=-1)
        length = xp.abs(xp.sum(n * q[:, t, :], axis=-1, keepdims=True))
        y.append(read / {{floor.loop}})
    return xp.stack(y, axis=1)


# %% solution="all_pairs"
def all_pairs(q, k, v, log_a):
    """The outputs of `normalised_loop`, by one matrix of weights.

    Shapes: q (B, T, K); k (B, T, K); v (B, T, V); log_a (B, T)
        -> y (B, T, V)
    """
    xp = array_namespace(q)
    ### BEGIN SOLUTION
    c = xp.cumulative_sum(log_a, axis=1)
    between = c[:, :, None] - c[:, None, :]
    left = xp.exp(xp.minimum(between, xp.zeros_like(between)))
    A = xp.tril(left * (q @ xp.matrix_transpose(k)))
    n = xp.sum(A, axis=-1, keepdims=True)
    y = (A @ v) / {{floor.it}}
    ### END SOLUTION
    return y


# %% [markdown]
# Try it: the loop and all pairs, on three hundred steps, the best of five runs each. At this length the two may be close, and on a busy machine all pairs the slower one; what has to agree is the sum.

# %%
rng = np.random.default_rng(0)
q, k, v = (move(a) for a in rng.normal(size=(3, 2, 300, 8)))
log_a = move(-rng.uniform(0, 0.1, (2, 300)))
for run in (normalised_loop, all_pairs):
    times = []
    for _ in range(5):
        start = time.perf_counter()
        y = run(q, k, v, log_a)
        times.append(1000 * (time.perf_counter() - start))
    taken = min(times)
    print(f"{run.__name__:16} {taken:6.1f} ms, sum {float(y.sum()):.6f}")

# %% test="all_pairs" points=5 explained="ch21_chunks: One linear system"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    check_independent,
    mover,
    stored,
)
from rnncore.testing.inputs import count_lines

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)


def paired(rng, B, T, K, V, fast=1.0):
    return {
        "q": 2 * rng.normal(size=(B, T, K)),
        "k": rng.normal(size=(B, T, K)),
        "v": rng.normal(size=(B, T, V)),
        "log_a": -fast * rng.uniform(0.1, 1.0, (B, T)),
    }


rng = np.random.default_rng(3)
visible = [
    move(paired(rng, 2, 4, 3, 5)),
    move(paired(rng, 4, 3, 2, 2, 2000.0)),  # nothing is left of the past
]
early = paired(rng, 3, 3, 2, 3)
early["log_a"][:, 0] = -2000.0  # strong at the first step alone
visible.append(move(early))
with np.errstate(all="ignore"):
    check(
        all_pairs,
        stored("all_pairs"),
        visible,
        outputs="y",
        by=properties,
    )
check_independent(all_pairs, visible[0], {n: 0 for n in visible[0]}, axis=0)


def check_no_loop(rng):
    """At 300 steps about as many lines run as at 3."""
    few, many = (
        count_lines(all_pairs, move(paired(rng, 1, T, 2, 2)))
        for T in (3, 300)
    )
    assert_that(
        many - few < 150,
        "no loop, neither your own nor the given one: as many lines run at "
        "300 steps as at 3",
    )


check_no_loop(rng)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(1, 1, 1, 1), (3, 5, 2, 4), (2, 7, 4, 1), (2, 4, 3, 2, 1500.0)]
hidden = hidden_inputs(paired, sizes, device)
with np.errstate(all="ignore"):
    check(
        all_pairs,
        reference_normalised_loop,
        hidden,
        outputs="y",
        by=properties,
    )
check_no_loop(np.random.default_rng(2))
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="all_pairs"
r"""
quotient of products: after a strong decay the products of shares are 0, and 0 divided by 0 is NaN: subtract the logarithms, then exponentiate
~ xp.exp(xp.minimum(between, xp.zeros_like(between))) => xp.exp(c)[:, :, None] / xp.exp(c)[:, None, :]
mask that multiplies: above the diagonal the exponent is positive, e to it overflows, and infinity times the mask's 0 is NaN: take the minimum with 0 first
-     left = xp.exp(xp.minimum(between, xp.zeros_like(between)))
-     A = xp.tril(left * (q @ xp.matrix_transpose(k)))
+     left = xp.exp(between)
+     A = left * (q @ xp.matrix_transpose(k)) * xp.tril(xp.ones_like(left))
own step left out: step t does not see what it wrote itself; y_t reads S_t, after the write
~ xp.tril(left * (q @ xp.matrix_transpose(k))) => xp.tril(left * (q @ xp.matrix_transpose(k)), k=-1)
later steps seen: the weights above the diagonal were left in: step t reads what later steps write
~ xp.tril(left * (q @ xp.matrix_transpose(k))) => left * (q @ xp.matrix_transpose(k))
triangle of the wrong side: the triangle above the diagonal was kept: there steps read what comes after them
~ xp.tril(left => xp.triu(left
absolute value forgotten: n·q may be negative; it is its absolute value that is {{floor.use}}
~ {{floor.it}} => {{floor.bare}}
absolute values summed: the weights' absolute values were summed; the normaliser sums first, and then takes one absolute value
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(xp.abs(A), axis=-1, keepdims=True)
sum without a floor: it was divided by |n·q| however small it is; the divisor is at least 1
~ / {{floor.it}} => / xp.abs(n)
at most one: the divisor was held at 1 from above; {{floor.below}}
~ / {{floor.it}} => / {{floor.least}}
{{floor.name}}: {{floor.says}}
~ {{floor.it}} => {{floor.odd}}
no normaliser: the outputs were not divided by the normaliser
~ y = (A @ v) / {{floor.it}} => y = (A @ v)
normaliser without decay: the normaliser was summed without the decay; n decays as S does
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(xp.tril(q @ xp.matrix_transpose(k)), axis=-1, keepdims=True)
normaliser over the readers: the weights were summed over the steps that read, down the columns; n_t·q_t sums over what has been written, along row t
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.matrix_transpose(xp.sum(A, axis=-2, keepdims=True))
softmax: the weights were exponentiated and normalised as in attention; a matrix memory has no softmax
- n = xp.sum(A, axis=-1, keepdims=True)
+ A = xp.tril(xp.exp(A - xp.max(A, axis=-1, keepdims=True)))
+     n = xp.sum(A, axis=-1, keepdims=True); A = A / n; n = 0 * n
queries and keys exchanged: entry (t, j) of the weights has the key of step t and the query of step j; the step that reads is the row
~ (q @ xp.matrix_transpose(k)) => (k @ xp.matrix_transpose(q))
logarithms not summed: the decay between two steps was made of two single steps' logarithms; c_t sums those of all steps up to t
~ c = xp.cumulative_sum(log_a, axis=1) => c = log_a
summed over the sequences: the logarithms were summed along the batch; the steps are axis 1
~ xp.cumulative_sum(log_a, axis=1) => xp.cumulative_sum(log_a, axis=0)
no decay: nothing has decayed: the factor e^(c_t - c_j) is missing, or its exponent has the other sign and the minimum with 0 took it away
~ left * (q @ xp.matrix_transpose(k)) => 0 * left + (q @ xp.matrix_transpose(k))
decayed since the start: each pair got the factor e^(c_t), whenever it was written; what step j wrote has decayed since step j only
~ between = c[:, :, None] - c[:, None, :] => between = c[:, :, None] - 0 * c[:, None, :]
own decay counted: what step j wrote was multiplied by α_j as well; a step decays what was there before it writes
~ between = c[:, :, None] - c[:, None, :] => between = c[:, :, None] - c[:, None, :] + log_a[:, None, :]
sum stops before its step: the sum for step t stops before step t: then what step j wrote has α_j as a factor and lacks α_t; c_t includes step t's own logarithm
~ c = xp.cumulative_sum(log_a, axis=1) => c = xp.cumulative_sum(log_a, axis=1) - log_a
one decay too few: what step j wrote reaches step t without α_t; step t decays the memory before it reads
~ between = c[:, :, None] - c[:, None, :] => between = (c - log_a)[:, :, None] - c[:, None, :]
scaled by the root of K: the scores were divided by the root of K, as attention does it; the loop has no such factor
~ left * (q @ xp.matrix_transpose(k)) => left * (q @ xp.matrix_transpose(k)) / k.shape[-1] ** 0.5
squared root of the sum: the outputs were divided by the length of the weights, the root of their squares' sum, and not by their sum
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(A * A, axis=-1, keepdims=True) ** 0.5
softmax over the steps: scores and logarithms were added and put through a softmax, as in attention; a matrix memory has no softmax
-     A = xp.tril(left * (q @ xp.matrix_transpose(k)))
-     n = xp.sum(A, axis=-1, keepdims=True)
-     y = (A @ v) / {{floor.it}}
+     A = xp.tril(left * xp.exp(q @ xp.matrix_transpose(k)))
+     y = (A @ v) / xp.sum(A, axis=-1, keepdims=True)
largest for the sum: the outputs were divided by the largest weight; the normaliser is the sum of the weights
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.max(xp.abs(A), axis=-1, keepdims=True)
normaliser without scores: the normaliser is the sum of the decays alone; n_t·q_t has the products of keys and query in it
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(xp.tril(left), axis=-1, keepdims=True)
count for the normaliser: the outputs were divided by the number of steps read; the normaliser is {{floor.means}}
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(xp.tril(xp.ones_like(A)), axis=-1, keepdims=True)
axis of the sum lost: the normaliser lost its last axis (keepdims=True keeps it), so it was divided across steps and columns
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(A, axis=-1)
normaliser of the last step: all outputs were divided by the last step's normaliser; each step has its own
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(A, axis=-1, keepdims=True)[:, -1:, :]
normalised per column: each column of the output was divided by the sum of its own values; the normaliser has ones for values
~ n = xp.sum(A, axis=-1, keepdims=True) => n = A @ v
sum over all pairs: the normaliser was summed over all pairs of steps; each step sums its own row
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(A, axis=(-2, -1), keepdims=True)
last share alone: each pair got step t's share alone, whenever it was written; all steps in between count
~ between = c[:, :, None] - c[:, None, :] => between = log_a[:, :, None] + 0 * c[:, None, :]
absolute weights: the absolute values of the weights were taken for the outputs too
~ A = xp.tril(left * (q @ xp.matrix_transpose(k))) => A = xp.abs(xp.tril(left * (q @ xp.matrix_transpose(k))))
weights transposed: the weights were transposed before they met the values: row t has step t's weights
~ (A @ v) => (xp.matrix_transpose(A) @ v)
each weight held: each weight was divided by its own size where that is over 1; the normaliser is one number for a step
~ y = (A @ v) / {{floor.it}} => y = (A / xp.maximum(xp.abs(A), xp.ones_like(A))) @ v + 0 * n
keys with keys: the scores were made of keys with keys; a step reads with its query
~ (q @ xp.matrix_transpose(k)) => (k @ xp.matrix_transpose(k))
sign kept: the outputs were divided by n·q with its sign; it is the absolute value that is {{floor.use}}, and divided by
~ {{floor.it}} => xp.where(xp.abs(n) > 1, n, xp.ones_like(n))
values decayed twice: the decay was applied to the values besides
~ (A @ v) => (A @ (xp.exp(log_a)[:, :, None] * v))
root of the normaliser: the outputs were divided by the root of |n·q|
~ {{floor.it}} => {{floor.it}} ** 0.5
scores squared: the scores were squared
~ (q @ xp.matrix_transpose(k)) => (q @ xp.matrix_transpose(k)) ** 2
exponentiated scores: e was raised to the scores, as in attention; a matrix memory reads them as they are
~ left * (q @ xp.matrix_transpose(k)) => left * xp.exp(q @ xp.matrix_transpose(k))
own key left out of the normaliser: the normaliser lacks the step's own key: it is n_t·q_t, after the write
~ n = xp.sum(A, axis=-1, keepdims=True) => n = xp.sum(xp.tril(A, k=-1), axis=-1, keepdims=True)
the given loop called [hidden]: the given loop was called; its numbers are right, and the way there is what is asked for
~     y = (A @ v) / {{floor.it}} =>     y = normalised_loop(q, k, v, log_a)
"""

# %% [markdown]
# ## Task 4: where the best size comes from (3 points)
#
# *Extra, about 15 minutes.*
#
# Count the multiplications of one chunk of C steps of the delta rule, forward, from the chapter's equations: a product of an (m, n) with an (n, p) matrix takes m·n·p. There are six products: for A, P, $K S^{\mathsf T}$, $Q S^{\mathsf T}$, $P U$ and $U^{\mathsf T} K$. A general solve, as NumPy has it, takes $C^3/3 + C^2 V$ more. Leave out what is done entry by entry.
#
# Starting a chunk's operations costs time too; say as much as `start` multiplications for each chunk. A sequence of T steps has as many chunks as it needs, and the last one is padded to C steps: it costs the same as any other.
#
# Write `best_chunk`: of the sizes in a list, the one that costs least for the whole sequence (the {{tie.which}} of them, if there are several), and that cost.
#
# <details><summary>Hint 1</summary>
#
# K and Q are (C, K), U is (C, V), S is (V, K). A and P are (C, C). Write the six products of three numbers on paper first.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A and P: C·K·C each. K S^T and Q S^T: C·K·V each. P U: C·C·V. U^T K: V·C·K. The number of chunks is T / C, rounded up: `-(-T // C)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `one = start + 2 * C**2 * (K + V) + 3 * C * K * V + C**3 / 3`, the solve included. Then `-(-T // C) * one`, for every C, and the least of them{{tie.hint}}.
# </details>


# %% solution="best_chunk"
def best_chunk(T, K, V, start, sizes):
    """The size of a chunk that costs least, and the cost of T steps."""
    ### BEGIN SOLUTION
    costs = []
    for C in sizes:
        one = 2 * C**2 * K + 3 * C * K * V + C**2 * V
        solve = C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * (start + one + solve))
    best = {{tie.it}}
    ### END SOLUTION
    return sizes[best], costs[best]


# %% [markdown]
# Try it: 64 by 64, and three costs of a start. If nothing is to be paid for a start, which size is best? And is that what the chapter's figure shows?

# %%
powers = [2**k for k in range(12)]
for start in (0, 100_000, 1_000_000):
    print(f"start {start:9,}: {best_chunk(2048, 64, 64, start, powers)}")

# %% test="best_chunk" points=3 explained="ch21_chunks: Time"
import numpy as np

from rnncore.testing import assert_close, check, stored

OUTPUTS = "C, cost"
visible = [
    dict(T=3, K=1, V=2, start=1.0, sizes=[2]),
    dict(T=50, K=4, V=6, start=900.0, sizes=[1, 5, 6, 8, 25, 50]),
    dict(T=64, K=8, V=4, start=0.0, sizes=[64, 16, 4]),
    dict(T=6, K=1, V=1, start=126.0, sizes=[6, 3, 1]),  # 6 and 3 cost 360
    dict(T=6, K=1, V=1, start=126.0, sizes=[1, 3, 6]),
]
check(best_chunk, stored("best_chunk"), visible, outputs=OUTPUTS)
# by hand: one step, one number: six products and 1/3 + 1 for the solve
_, cost = best_chunk(1, 1, 1, 0.0, [1])
assert_close("the cost of one step of one number", cost, 6 + 4 / 3)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = []
for _ in range(30):
    T, K, V = (int(n) for n in rng.integers(1, [400, 50, 50]))
    sizes = [int(n) for n in rng.permutation(np.arange(1, T + 1))[:12]]
    start = float(rng.integers(0, 10**6))
    hidden.append(dict(T=T, K=K, V=V, start=start, sizes=sizes))
hidden.append(dict(T=12, K=1, V=1, start=126.0, sizes=[12, 3, 6]))
check(best_chunk, reference_best_chunk, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="best_chunk"
r"""
last chunk forgotten: the number of chunks was rounded down; the steps that are left over need a chunk too
~ -(-T // C) => (T // C)
part of a chunk: a part of a chunk was paid for; the last one is padded, and costs as much as any other
~ -(-T // C) => T / C
one chunk too many: where C divides T, a chunk was counted that is not there: T / C is rounded up, not raised by 1
~ -(-T // C) => (T // C + 1)
started once: the start was paid for once; every chunk starts its own operations
~ -(-T // C) * (start + one + solve) => start + -(-T // C) * (one + solve)
start forgotten: the cost of starting a chunk is missing
~ (start + one + solve) => (one + solve)
cost of one chunk: this is the cost of a single chunk; the sequence has many
~ -(-T // C) * (start + one + solve) => (start + one + solve)
start paid by each step: the start was paid for at each step; a chunk starts its operations once for all its steps
~ (start + one + solve) => (C * start + one + solve)
one matrix of scores: one matrix of scores was counted; there are two, A of keys with keys and P of queries with keys
~ 2 * C**2 * K => C**2 * K
products with S forgotten: one product of C · K · V was left out; there are three: K S^T, Q S^T and U^T K
~ 3 * C * K * V => 2 * C * K * V
one product with S: two products of C · K · V were left out; there are three: K S^T, Q S^T and U^T K
~ 3 * C * K * V => C * K * V
one product with U forgotten: one product of C² V was left out; there are two, P U in the outputs and the solve's right sides
-  + C**2 * V
-         solve
+
+         solve
elimination forgotten: of the solve the right sides alone were counted; the elimination's C³/3 is missing
~ C**3 / 3 + C**2 * V => C**2 * V
solve forgotten: the multiplications of the solve are missing
~ (start + one + solve) => (start + one)
whole cube: the elimination was counted with C³; it takes a third of that
~ C**3 / 3 => C**3
rounded down: C³/3 was rounded down; take the quotient as it is
~ C**3 / 3 => C**3 // 3
counted two for one: each multiplication was counted as two operations; asked for are multiplications alone
~ (start + one + solve) => (start + 2 * one + 2 * solve)
largest for least: this is the size that costs most
~ {{tie.it}} => {{tie.max}}
triangles alone: half of the scores were counted, those at and below the diagonal; the products compute all of them, and the rest is thrown away
~ 2 * C**2 * K + 3 => C * (C + 1) * K + 3
cost a step: this is the cost of one step, T times less than that of the sequence
~ -(-T // C) * (start + one + solve) => (-(-T // C) * (start + one + solve)) / T
proportional count: this is the chapter's T C d + T d², which the cost is proportional to; count the six products and the solve themselves
-     costs = []
-     for C in sizes:
-         one = 2 * C**2 * K + 3 * C * K * V + C**2 * V
-         solve = C**3 / 3 + C**2 * V
-         costs.append(-(-T // C) * (start + one + solve))
+     costs = [T * C * K + T * K * V for C in sizes]
proportional count and starts: this is T C d + T d² with starts added; count the six products and the solve themselves
-     costs = []
-     for C in sizes:
-         one = 2 * C**2 * K + 3 * C * K * V + C**2 * V
-         solve = C**3 / 3 + C**2 * V
-         costs.append(-(-T // C) * (start + one + solve))
+     costs = [-(-T // C) * start + T * C * K + T * K * V for C in sizes]
last chunk cut short: the last chunk was counted with the steps that are left; it is padded, and costs as much as any other
-         one = 2 * C**2 * K + 3 * C * K * V + C**2 * V
-         solve = C**3 / 3 + C**2 * V
-         costs.append(-(-T // C) * (start + one + solve))
+         parts = [C] * (T // C) + [T % C] * (T % C > 0)
+         ones = (
+             start + 2 * n * n * (K + V) + 3 * n * K * V + n**3 / 3
+             for n in parts
+         )
+         costs.append(sum(ones))
place for the size: this is the place of the size in the list; asked for is the size itself
~ best = {{tie.it}} => best = {{tie.it}}; sizes = range(len(sizes))
whole number: the cost was rounded down to a whole number; take it as it is
~ best = {{tie.it}} => best = {{tie.it}}; costs = [int(cost) for cost in costs]
scores in proportion to C: a matrix of scores was counted with C · K; it has C² entries, and each is a sum over K
~ 2 * C**2 * K => 2 * C * K
solve's right sides with K: the solve was counted with K right sides; U has V columns
~ C**3 / 3 + C**2 * V => C**3 / 3 + C**2 * K
a solve of C² only: the solve was counted as C² V twice and no elimination; elimination takes C³/3
~ C**3 / 3 + C**2 * V => 2 * C**2 * V
half a cube: the elimination was counted with C³/2; it takes C³/3
~ C**3 / 3 => C**3 / 2
each kind once: one product of each kind was counted, C² K, C K V and C² V; there are six: two, three and one
~ one = 2 * C**2 * K + 3 * C * K * V + C**2 * V => one = C**2 * K + C * K * V + C**2 * V
four products: four of the six products were counted
~ one = 2 * C**2 * K + 3 * C * K * V + C**2 * V => one = C**2 * K + 2 * C * K * V + C**2 * V
cost of a chunk returned: the cost is that of one chunk; asked for is that of the sequence
~ best = {{tie.it}} => best = {{tie.it}}; costs = [cost / -(-T // C) for cost, C in zip(costs, sizes, strict=True)]
start paid by each operation: the start was paid for seven times in a chunk, for the six products and the solve; it stands for all operations of a chunk together
~ (start + one + solve) => (7 * start + one + solve)
start paid by each product: the start was paid for once for each of the six products; it stands for all operations of a chunk together
~ (start + one + solve) => (6 * start + one + solve)
products of d² only: K V was counted for each product, whatever its sizes; a matrix of scores takes C · K · C
~ one = 2 * C**2 * K + 3 * C * K * V + C**2 * V => one = 6 * C * K * V
a product with S too many: four products of C · K · V were counted; there are three: K S^T, Q S^T and U^T K
~ 3 * C * K * V => 4 * C * K * V
half of the substitution: the solve's right sides were counted with C² V / 2, its triangle alone; the task counts C² V
~ C**3 / 3 + C**2 * V => C**3 / 3 + C**2 * V / 2
backward too: three times the products were counted, as for forward and backward; asked for is forward alone
~ (start + one + solve) => (start + 3 * (one + solve))
K and V taken for one: all sizes were taken for K
~ one = 2 * C**2 * K + 3 * C * K * V + C**2 * V => one = 2 * C**2 * K + 3 * C * K * K + C**2 * K
the {{tie.other}} of several: of two sizes that cost the same the {{tie.er}} one was taken; it is the {{tie.which}} of them
~ {{tie.it}} => {{tie.odd}}
cost of a step: the cost is that of one step; asked for is that of the whole sequence
~ costs.append(-(-T // C) * (start + one + solve)) => costs.append((start + one + solve) / C)
one chunk alone: the sizes were compared by the cost of one chunk; a smaller chunk is cheaper, and there are more of them
- best = {{tie.it}}
+ one_each = [c / -(-T // C) for c, C in zip(costs, sizes)]
+     best = one_each.index(min(one_each))
"""

# %% [markdown]
# ## Task 5: generate in constant memory (5 points)
#
# *Extra, about 25 minutes.*
#
# A network that generates takes one step at a time. Reading and rewriting the whole matrix for every token is one way. Another keeps the last few keys and values, as attention does, and **folds** them into the matrix when there are C of them: then the matrix is rewritten once in C steps, and the memory never grows.
#
# For one sequence, Hebb's rule, one share per step: the `memory` is `(S, keys, values, logs)`, where S (V, K) is the matrix as it was at the last fold, and keys (n, K), values (n, V) and logs (n, 1) are those of the n steps since, n < C. Write one step: append k, v and `log_a` (1,) to them, compute, with n now counting the new step too,
#
# $$y = e^{c_n} S q + \sum_{j \le n} e^{c_n - c_j} (k_j^{\mathsf T} q)\, v_j ,$$
#
# and, if there are C steps now, fold. Return y and the new memory. Do not change the old memory: a caller may want to continue from it a second time. Decays may be strong here too: a product of shares is then 0, by which nothing can be divided.
#
# <details><summary>Hint 1</summary>
#
# Append first, with `xp.concat([keys, k[None, :]])`: a step reads what it writes itself. Then c is the cumulative sum of the n logarithms, (n, 1), and its last entry is `c[-1, :]`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `left = xp.exp(c[-1, :] - c) * values` is what is left of each value. The sum over j is `xp.matrix_transpose(left) @ (keys @ q)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Folding is the chunk's last line: `S = xp.exp(c[-1, :]) * S + xp.matrix_transpose(left) @ keys`. Then keys, values and logs are empty: `keys[:0, ...]`.
# </details>


# %% solution="write_on"
def write_on(memory, q, k, v, log_a, C):
    """One step with a matrix and at most C - 1 steps beside it.

    Shapes: memory (S (V, K), keys (n, K), values (n, V), logs (n, 1));
        q (K,); k (K,); v (V,); log_a (1,) -> y (V,); memory
    """
    xp = array_namespace(q)
    S, keys, values, logs = memory
    ### BEGIN SOLUTION
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
    y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1, :]) * S + left @ keys
        keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
    ### END SOLUTION
    return y, (S, keys, values, logs)


# %% [markdown]
# Try it: one number, all keys and queries 1, a value of 1 at every step, a share of one half, folds of two steps. The numbers in memory go up and down, and never beyond.

# %%
one = move(np.ones(1))
nothing = move(np.zeros((0, 1)))
memory = (move(np.zeros((1, 1))), nothing, nothing, nothing)
for t in range(5):
    y, memory = write_on(memory, one, one, one, one * float(np.log(0.5)), 2)
    held = sum(int(np.prod(a.shape)) for a in memory)
    print(f"step {t + 1}: y = {float(y[0]):.4f}, numbers held: {held}")
print("by hand: 1, 1.5, 1.75, 1.875, 1.9375")

# %% test="write_on" points=5 explained="ch21_chunks: Generating text"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, S, held"


def asked(rng, T, K, V, C, fast=1.0):
    """What T steps ask, and a memory that holds a step already."""
    held = min(1, C - 1)
    start = rng.normal(size=(V, K)), rng.normal(size=(held, K))
    start += rng.normal(size=(held, V)), -rng.uniform(size=(held, 1))
    steps = [
        (
            *rng.normal(size=(2, K)),
            rng.normal(size=V),
            -fast * rng.uniform(0.1, 1.0, 1),
        )
        for _ in range(T)
    ]
    return {"start": start, "steps": steps, "C": C}


def has_arrays(memory):
    return all(len(getattr(a, "shape", ())) == 2 for a in memory)


def written_by(step):
    def written(start, steps, C):
        """Each output, the matrix, and how many steps lie beside it."""
        memory, y, held = start, [], []
        for q, k, v, log_a in steps:
            out = step(memory, q, k, v, log_a, C)
            whole = isinstance(out, tuple | list) and len(out) == 2
            if not whole or len(out[1]) != 4 or not has_arrays(out[1]):
                raise ValueError(
                    "write_on: expected y and a memory of four arrays, "
                    "(S, keys, values, logs), empty ones with shape (0, ...)"
                )
            y.append(out[0])
            memory = tuple(out[1])
            held.append([int(a.shape[0]) for a in memory[1:]])
            if len(set(held[-1])) > 1:
                raise ValueError(
                    "write_on: keys, values and logs hold different numbers "
                    "of steps: append to all three, and empty all three"
                )
        return tuple(y), memory[0], tuple(tuple(h) for h in held)

    return written


rng = np.random.default_rng(4)
visible = [
    move(asked(rng, 5, 2, 3, 3)),
    move(asked(rng, 2, 3, 2, 1)),
    move(asked(rng, 6, 2, 3, 3, 2e4)),  # nothing is left of the past
]
mine = written_by(write_on)
with np.errstate(all="ignore"):
    check(mine, stored("write_on"), visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(9, 3, 2, 4), (4, 1, 1, 2), (3, 2, 5, 1), (5, 2, 2, 20)]
hidden = hidden_inputs(asked, [*sizes, (6, 2, 3, 3, 2e4)], device)
right = written_by(reference_write_on)
mine = written_by(write_on)
with np.errstate(all="ignore"):
    check(mine, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="write_on"
r"""
never folded: keys and values were never folded into S: the memory grows with every token, as attention's cache does
~ if keys.shape[0] == C: => if keys.shape[0] < 0:
folded and kept: the steps were folded into S, and stand beside it still: they count twice from now on
~         keys, values, logs = (a[:0, ...] for a in (keys, values, logs)) =>         keys, values, logs = (a[1:, ...] for a in (keys, values, logs))
folded and not emptied: the steps were folded into S and left beside it as well: they count twice from now on, and the memory grows
~         keys, values, logs = (a[:0, ...] for a in (keys, values, logs)) =>         keys, values, logs = (a[:C, ...] for a in (keys, values, logs))
emptied without folding: keys and values were thrown away instead of folded into S: the past is forgotten
~ S = xp.exp(c[-1, :]) * S + left @ keys => S = xp.exp(c[-1, :]) * S
folded one step late: the fold came when there were more than C steps; n stays below C
~ keys.shape[0] == C => keys.shape[0] > C
folded one step early: the fold came with C - 1 steps; there are to be C of them
~ keys.shape[0] == C => keys.shape[0] >= C - 1
S replaced by the fold: the fold put the new steps in S's place; what S held before was lost
~ S = xp.exp(c[-1, :]) * S + left @ keys => S = left @ keys
S not decayed at the fold: S was taken into the fold as it was; it has decayed by e^(c_n) since the last one
~ S = xp.exp(c[-1, :]) * S + left @ keys => S = S + left @ keys
values folded whole: what the steps wrote was folded undiminished; step j's value has the factor e^(c_n - c_j)
~ S = xp.exp(c[-1, :]) * S + left @ keys => S = xp.exp(c[-1, :]) * S + xp.matrix_transpose(values) @ keys
S read undiminished: the matrix has decayed by e^(c_n) since the last fold; it was read as it stood then
~ y = xp.exp(c[-1, :]) * (S @ q) => y = (S @ q)
one step's decay for S: the matrix was multiplied by this step's share alone; it stands as it was at the last fold, and all steps since then count
~ y = xp.exp(c[-1, :]) * (S @ q) => y = xp.exp(log_a) * (S @ q)
no decay beside the matrix: keys and values beside the matrix fade as what is in it does: the factor e^(c_n - c_j) is missing
~ xp.matrix_transpose(xp.exp(c[-1, :] - c) * values) => xp.matrix_transpose(values)
logarithms not summed: the exponents were made of single steps' logarithms; c sums them since the last fold
~ c = xp.cumulative_sum(logs, axis=0) => c = logs
sum stops before its step: the sum for step n stops before step n: the matrix and the older values have decayed at step n too when step n reads them
~ c = xp.cumulative_sum(logs, axis=0) => c = xp.cumulative_sum(logs, axis=0) - logs
decayed since the fold: each value was multiplied by e^(c_n); it has decayed since its own step only
~ xp.exp(c[-1, :] - c) * values => xp.exp(c[-1, :] + 0 * c) * values
own decay counted: each step's value was multiplied by its own share; a step decays what was there before it writes
~ xp.exp(c[-1, :] - c) * values => xp.exp(c[-1, :] - c + logs) * values
own step not read: the step does not read what it writes itself: append first, then read
~ left @ (keys @ q) => left[:, :-1] @ (keys[:-1, ...] @ q)
matrix not read: the output holds the steps since the last fold, and nothing of the matrix
~ y = xp.exp(c[-1, :]) * (S @ q) => y = 0 * (S @ q)
past steps not read: the output holds the matrix and nothing of the steps beside it
~  + left @ (keys @ q) =>  + 0 * left @ (keys @ q)
softmax over the steps: the scores of keys and query were put through a softmax, as in attention; a matrix memory reads them as they are
~ left @ (keys @ q) => left @ (xp.exp(keys @ q) / xp.sum(xp.exp(keys @ q)))
scaled by the root of K: the scores were divided by the root of K, as attention does it; reading a matrix has no such factor
~ left @ (keys @ q) => left @ (keys @ q) / k.shape[0] ** 0.5
looked up by the key: the step looked up its key, where it should look up its query
~ (S @ q) + left @ (keys @ q) => (S @ k) + left @ (keys @ k)
decayed at every step as well: S was multiplied by the step's share at each step, and by e^(c_n) on top: it decays twice
-     y = xp.exp(c[-1, :]) * (S @ q)
+     S = xp.exp(log_a) * S
+     y = xp.exp(c[-1, :]) * (S @ q)
put in front: the new logarithm was put before the older ones, so the decay counts backwards
~ xp.concat([logs, log_a[None, :]]) => xp.concat([log_a[None, :], logs])
rewritten at every step: the matrix was rewritten at every step, and what lay beside it was never read; append, read both, and fold at C steps
-     keys = xp.concat([keys, k[None, :]])
-     values = xp.concat([values, v[None, :]])
-     logs = xp.concat([logs, log_a[None, :]])
-     c = xp.cumulative_sum(logs, axis=0)
-     left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
-         keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
+     S = xp.exp(log_a) * S + v[:, None] * k[None, :]
+     y = S @ q
window instead of a fold: the oldest steps were dropped when there were more than C; they are to be folded into S
-     c = xp.cumulative_sum(logs, axis=0)
-     left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
-         keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
+     keys, values, logs = (a[-C:, ...] for a in (keys, values, logs))
+     c = xp.cumulative_sum(logs, axis=0)
+     left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
+     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
folded before it was read: the steps were folded into S first and then read beside it as well: they count twice in this step's output
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
+     whole = keys.shape[0] == C
+     S = xp.exp(c[-1, :]) * S + left @ keys if whole else S
+     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
+     if whole:
decayed at every step and at the fold: S was multiplied by the step's share at each step, and by e^(c_n) at the fold: it decays twice; leave S as it is until the fold
-     c = xp.cumulative_sum(logs, axis=0)
-     left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
+     S = xp.exp(log_a) * S
+     c = xp.cumulative_sum(logs, axis=0)
+     left = xp.matrix_transpose(xp.exp(c[-1, :] - c) * values)
+     y = S @ q + left @ (keys @ q)
nothing decays: nothing decays: neither what S holds nor what lies beside it was multiplied by its share
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
+     left = xp.matrix_transpose(values)
+     y = S @ q + left @ (keys @ q)
+     if keys.shape[0] == C:
+         S = S + left @ keys
folded every step: every step was folded at once, so nothing lies beside the matrix: fold when there are C steps
-     y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
-         keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
+     S = xp.exp(c[-1, :]) * S + left @ keys
+     y = S @ q
+     keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
decay after the sum: e^(c_n) multiplied the steps beside the matrix too; each has the factor e^(c_n - c_j)
~ y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q) => y = xp.exp(c[-1, :]) * (S @ q + left @ (keys @ q))
decay of the first step: the exponent has the wrong sign, c_j - c_n, so that values grow; what is left of step j's value is e^(c_n - c_j) of it
~ xp.exp(c[-1, :] - c) * values => xp.exp(c - c[-1, :]) * values
written under the query: the step was kept under its query; it is written under its key
~ keys = xp.concat([keys, k[None, :]]) => keys = xp.concat([keys, q[None, :]])
value decayed as it enters: the new value was multiplied by its own share; a step decays what was there before it writes
~ values = xp.concat([values, v[None, :]]) => values = xp.concat([values, (xp.exp(log_a) * v)[None, :]])
last share for S: the matrix was multiplied by the last step's share alone, read and folded; it stands as it was at the last fold, and all steps since then count
- y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
+ y = xp.exp(log_a) * (S @ q) + left @ (keys @ q)
+     if keys.shape[0] == C:
+         S = xp.exp(log_a) * S + left @ keys
one step kept: the last step was folded and left beside the matrix as well: it counts twice from now on
~ keys, values, logs = (a[:0, ...] for a in (keys, values, logs)) => keys, values, logs = (a[-1:, ...] for a in (keys, values, logs))
logarithms not exponentiated: what is left of a value is e to the difference of the logarithms, not the difference
~ xp.exp(c[-1, :] - c) * values => (c[-1, :] - c) * values
delta rule: the value was corrected by what stands there, as the delta rule does; here Hebb's rule writes it whole
~     values = xp.concat([values, v[None, :]]) =>     values = xp.concat([values, (v - S @ k)[None, :]])
oldest folded alone: the oldest step was folded alone, and the others kept; when there are C, all of them are folded
-         S = xp.exp(c[-1, :]) * S + left @ keys
-         keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
+         S = xp.exp(logs[0, :]) * S + values[0, :, None] * keys[0, None, :]
+         keys, values, logs = (a[1:, ...] for a in (keys, values, logs))
old memory returned: the old memory was returned: nothing is remembered
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
-         keys, values, logs = (a[:0, ...] for a in (keys, values, logs))
+     S, keys, values, logs = memory
steps beside read undiminished: the steps beside the matrix were read without their decay; they fade as what is in it does
~  + left @ (keys @ q) =>  + xp.matrix_transpose(values) @ (keys @ q)
S read and folded undiminished: S was read and folded as it stood at the last fold; since then it has decayed by e^(c_n)
- y = xp.exp(c[-1, :]) * (S @ q) + left @ (keys @ q)
-     if keys.shape[0] == C:
-         S = xp.exp(c[-1, :]) * S + left @ keys
+ y = S @ q + left @ (keys @ q)
+     if keys.shape[0] == C:
+         S = S + left @ keys
attention: what came out is attention over the last steps: e to the scores, divided by their sum
~ left @ (keys @ q) => xp.matrix_transpose(values) @ (xp.exp(keys @ q) / xp.sum(xp.exp(keys @ q)))
thrown away: keys and values were thrown away at C steps, and S was left as it was: the past is forgotten, and S does not fade
-         S = xp.exp(c[-1, :]) * S + left @ keys
-
+
all put in front: the new step was put before the older ones, so the decay counts backwards
-     keys = xp.concat([keys, k[None, :]])
-     values = xp.concat([values, v[None, :]])
-     logs = xp.concat([logs, log_a[None, :]])
+     keys = xp.concat([k[None, :], keys])
+     values = xp.concat([v[None, :], values])
+     logs = xp.concat([log_a[None, :], logs])
faded before it was written: each value was multiplied by e^(c_j), what had faded before it; what fades after it is e^(c_n - c_j)
~ xp.exp(c[-1, :] - c) * values => xp.exp(c) * values
quotient of products, for the values: after a strong decay e^(c_n) and e^(c_j) are both 0, and 0/0 is NaN: subtract the logarithms, then exponentiate
~ xp.exp(c[-1, :] - c) * values => (xp.exp(c[-1, :]) / xp.exp(c)) * values
folded when one is missing: the fold came one step too early: there are C steps when it comes, the new one counted
~ if keys.shape[0] == C: => if keys.shape[0] == C - 1:
newest step not folded: the fold left out the newest step, and it was lost: fold all C of them
~ S = xp.exp(c[-1, :]) * S + left @ keys => S = xp.exp(c[-1, :]) * S + left[:, :-1] @ keys[:-1, ...]
chunks of one are never folded: where a chunk has one step, nothing is folded into S
~     if keys.shape[0] == C: =>     if keys.shape[0] == C and C > 1:
"""

# %% [markdown]
# ## Task 6, closed book: `delta_writes` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. What does each step of a chunk write, by the delta rule? Step t would read $S\,(e^{c_t} \odot k_t)$ from the memory before the chunk, and of each earlier step's $u_j$ the share $A_{tj}$. Set up the system for all u of the chunk, and solve it. `scores(k, k, c)` gives the products of keys with their decay between them; at and above the diagonal it has numbers that you do not want. `one` is the unit matrix.
#
# <details><summary>Hint 1</summary>
#
# $u_t = \beta_t (v_t - S(e^{c_t} \odot k_t) - \sum_{j<t} A_{tj} u_j)$. Bring the sum to the left.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A has entries strictly below the diagonal: `xp.tril(..., k=-1)`. β multiplies rows, and `beta` is (B, C, 1): `beta * A` does that.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The right side is `beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))`, the left one `one + beta * A`.
# </details>


# %% solution="delta_writes" closed_book=true
def delta_writes(k, v, c, beta, S):
    """What each step of a chunk writes by the delta rule: one solve.

    Shapes: k (B, C, K); v (B, C, V); c (B, C, K) or (B, C, 1);
        beta (B, C, 1); S (B, V, K) -> u (B, C, V)
    """
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    ### BEGIN SOLUTION
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    u = xp.linalg.solve(one + beta * A, beta * e)
    ### END SOLUTION
    return u


# %% [markdown]
# Try it: the book's, and yours.

# %%
rng = np.random.default_rng(0)
k, _ = unit(move(rng.normal(size=(2, 5, 3))))
v = move(rng.normal(size=(2, 5, 4)))
c = move(-rng.uniform(size=(2, 5, 1)).cumsum(1))
beta, S = move((rng.uniform(size=(2, 5, 1)), rng.normal(size=(2, 4, 3))))
difference = delta_writes(k, v, c, beta, S)
difference = difference - book_delta_writes(k, v, c, beta, S)
print("largest difference:", float(abs(difference).max()))

# %% test="delta_writes" points=4 explained="ch21_chunks: One linear system"
import numpy as np

from rnncore.chunks import delta_writes as book_delta_writes
from rnncore.testing import (
    Properties,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def chunk(rng, B, C, K, V, columns=1):
    return {
        "k": rng.normal(size=(B, C, K)) / K**0.5,
        "v": rng.normal(size=(B, C, V)),
        "c": np.cumsum(-rng.uniform(0.1, 0.6, (B, C, columns)), axis=1),
        "beta": rng.uniform(0.2, 1.0, (B, C, 1)),
        "S": rng.normal(size=(B, V, K)),
    }


rng = np.random.default_rng(5)
visible = move(chunk(rng, 2, 4, 3, 5, 3))
square = move(chunk(rng, 2, 3, 3, 3, 3))
check(
    delta_writes,
    stored("delta_writes"),
    [visible, square],
    outputs="u",
    by=properties,
)
check_independent(delta_writes, visible, {n: 0 for n in visible}, axis=0)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
decays = [  # one for all columns, and one for each: both are ordinary
    [(1, 1, 1, 1), (3, 5, 2, 4), (2, 6, 3, 3)],
    [(2, 3, 4, 2, 4), (1, 6, 3, 3, 3)],
]
for sizes in decays:
    hidden = hidden_inputs(chunk, sizes, device, rng=rng)
    check(
        delta_writes, book_delta_writes, hidden, outputs="u", by=properties
    )
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="delta_writes"
r"""
own write read: step t reads its own write before it has written: A has no diagonal
~ xp.tril(scores(k, k, c), k=-1) => xp.tril(scores(k, k, c))
later writes read: what later steps write stands in the system too: only the part below the diagonal counts
~ xp.tril(scores(k, k, c), k=-1) => scores(k, k, c)
triangle of the wrong side: the triangle above the diagonal was kept: there a step would read what comes after it
~ xp.tril(scores(k, k, c), k=-1) => xp.triu(scores(k, k, c), k=1)
rates on the columns: beta multiplies the columns of A; it is step t's own rate, so it multiplies row t
~ one + beta * A => one + A * xp.matrix_transpose(beta)
rate left out of the matrix: beta stands on the right side only; it multiplies all that step t compares with its value
~ one + beta * A => one + A
rate left out on the right: beta stands in the matrix only; the right side is multiplied by it too
~ beta * e) => e)
rate after the solve: the rates were multiplied with the solution; later steps then subtract what was never written
~ xp.linalg.solve(one + beta * A, beta * e) => beta * xp.linalg.solve(one + A, e)
no rates: beta does not appear at all
~ xp.linalg.solve(one + beta * A, beta * e) => xp.linalg.solve(one + A, e)
sign of A: with the minus each step adds what stands there already; it writes what is missing
~ one + beta * A => one - beta * A
old memory read undiminished: step t reads S after t decays: its key has the factor e^(c_t)
~ (xp.exp(c) * k) @ xp.matrix_transpose(S) => k @ xp.matrix_transpose(S)
old memory not read: what stood in the memory before the chunk was not subtracted
~ e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S) => e = v
old memory added: what S answers was added to the value; the delta rule subtracts it
~ e = v - (xp => e = v + (xp
Hebb's rule: this is what Hebb's rule writes; the delta rule subtracts what stands there already
~ xp.linalg.solve(one + beta * A, beta * e) => beta * v + 0 * e
one round instead of a solve: earlier writes were taken as if nobody had corrected them: u stands on both sides, and needs a solve
~ xp.linalg.solve(one + beta * A, beta * e) => beta * e - beta * A @ (beta * e)
writes of the chunk not read: each step looks at the memory before the chunk only, and not at what earlier steps of the chunk have written
~ xp.linalg.solve(one + beta * A, beta * e) => beta * e
no decay within the chunk: A lacks the decay between two steps; e^(c_t - c_j) stands in its sum
~ scores(k, k, c) => scores(k, k, 0 * c)
exponent the wrong way round: e^(-c_t) grows; what S held has faded by e^(c_t)
~ (xp.exp(c) * k) => (xp.exp(-c) * k)
multiplied, not solved: the right side was multiplied by the matrix; it has to be solved with it
~ xp.linalg.solve(one + beta * A, beta * e) => (one + beta * A) @ (beta * e)
matrix without the one: each earlier step was taken to have written its value v_j; it wrote u_j, which stands on both sides and needs a solve
~ xp.linalg.solve(one + beta * A, beta * e) => beta * e - (beta * A) @ v
transposed system: A is transposed, so that each step reads later ones
~ one + beta * A => one + beta * xp.matrix_transpose(A)
S not transposed: S was not transposed: a step is a row, so S k is k @ S^T
~ @ xp.matrix_transpose(S) => @ S
no decay at all: nothing decays: neither what S holds nor what the chunk's steps wrote
-     A = xp.tril(scores(k, k, c), k=-1)
-     e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
+     A = xp.tril(scores(k, k, 0 * c), k=-1)
+     e = v - k @ xp.matrix_transpose(S)
summed twice: c was summed again; it is the running sum already
~ A = xp.tril(scores(k, k, c), k=-1) => c = xp.cumulative_sum(c, axis=1); A = xp.tril(scores(k, k, c), k=-1)
rate twice: the solution was multiplied by the rates once more; they stand in the system already
~ xp.linalg.solve(one + beta * A, beta * e) => beta * xp.linalg.solve(one + beta * A, beta * e)
rate on the value alone: the rate multiplies the value only; it multiplies all that is missing, and so what S answers too
~ xp.linalg.solve(one + beta * A, beta * e) => xp.linalg.solve(one + beta * A, e - v + beta * v)
decay outside the product: e^(c_t) was multiplied with what was read, whose columns are V; it has one entry for each column of S, K, and multiplies the key
~ (xp.exp(c) * k) @ xp.matrix_transpose(S) => xp.exp(c) * (k @ xp.matrix_transpose(S))
sides exchanged: the two sides of the system were exchanged: solve(M, r) solves M u = r
~ xp.linalg.solve(one + beta * A, beta * e) => xp.linalg.solve(beta * e, one + beta * A)
scores with the values: the scores were made of keys and values; A has the products of keys with keys
~ scores(k, k, c) => scores(k, v, c)
own share as well: what step j wrote was decayed at step j too: A has e^(c_t - c_j), from the step after it on
~ scores(k, k, c), k=-1) => scores(k, k, c), k=-1) * xp.exp(c[:, None, :, 0] - xp.concat([0 * c[:, :1, 0], c[:, :-1, 0]], axis=1)[:, None, :])
decay on the difference: the difference was multiplied by e^(c_t); what fades is the memory, so the factor belongs to the key that reads it
~ e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S) => e = xp.exp(c[..., :1]) * (v - k @ xp.matrix_transpose(S))
decay on the value: the value was multiplied by e^(c_t); it is new, and whole
~ e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S) => e = xp.exp(c[..., :1]) * v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
right side twice: the right side was multiplied by the rates twice
~ beta * e) => beta * beta * e)
memory decayed by the chunk's end: each key got the decay of the chunk's last step; step t reads S as it is at step t
~ (xp.exp(c) * k) => (xp.exp(c[:, -1:, :]) * k)
rates of both steps: A was multiplied by the rates of both steps; β_t multiplies row t, and u_j has its own rate in it already
~ one + beta * A => one + beta * A * xp.matrix_transpose(beta)
key faded twice: the scores have the decay between two steps in them; the keys were multiplied by e^(c) besides
~ scores(k, k, c) => scores(k, xp.exp(c) * k, c)
value without beta: beta multiplies what S answers and not the value: it multiplies the whole difference
~ beta * e) => e + (1 - beta) * (v - e))
"""

# %% [markdown]
# ## Task 7: one of Newton's rounds (4 points)
#
# *Extra, about 20 minutes.*
#
# A cell whose units read themselves alone, and keep a share of what they were (all shapes time first: w and a (H,), u (T, B, H)):
#
# $$h_t = (1 - a) \odot h_{t-1} + a \odot \tanh(u_t + w \odot h_{t-1}) .$$
#
# Given a guess of all states, (T, B, H), and the state before the first step, h (B, H), write one round of Newton's method: linearise every step at the guess before it, solve the linear recurrence by `linear_scan(J, r, h_0)`, which gives all $\delta_t = J_t\,\delta_{t-1} + r_t$ from a first state $h_0$, and add the result to the guess. Return the new guess, cut to the range from −1 to 1, and for each sequence {{by.text}} of all its steps and units, before anything was cut. No loop over the steps: the test tells by the number of lines that run.
#
# <details><summary>Hint 1</summary>
#
# Step t reads the guess of step t − 1, and step 1 reads h: put h in front of the guess, and leave the last one out.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With $n = \tanh(u + w \odot \text{before})$ the slope of a step is $J = (1 - a) + a\,(1 - n^2)\,w$, a number per unit, and its residual is what the step gives, less the guess.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The state before the first step is known, so its own δ is 0: the scan starts at `xp.zeros_like(h)`. Then `xp.clip(guess + step, -1, 1)`, and `{{by.f}}(xp.abs(step), axis=(0, 2))`.
# </details>


# %% solution="newton_round"
def newton_round(w, a, u, guess, h):
    """One of Newton's rounds for all states of a diagonal cell.

    Shapes: w (H,); a (H,); u (T, B, H); guess (T, B, H); h (B, H)
        -> guess (T, B, H); step (B,)
    """
    xp = array_namespace(u)
    ### BEGIN SOLUTION
    before = xp.concat([h[None, ...], guess[:-1, ...]])
    n = xp.tanh(u + w * before)
    after = (1 - a) * before + a * n
    J = 1 - a + a * (1 - n * n) * w
    delta, _ = linear_scan(J, after - guess, xp.zeros_like(h))
    moved = guess + delta
    new, step = xp.clip(moved, -1, 1), {{by.f}}(xp.abs(delta), axis=(0, 2))
    ### END SOLUTION
    return new, step


# %% [markdown]
# Try it: one unit, w = a = 1, no input, a guess of zeros, and 1/2 before the first step.

# %%
one, zeros = move(np.ones(1)), move(np.zeros((3, 1, 1)))
guess, step = newton_round(one, one, zeros, zeros, zeros[0, ...] + 0.5)
print(guess[:, 0, 0], step)
print("by hand: tanh'(0) = 1, so all three are tanh(1/2) = 0.4621...")

# %% test="newton_round" points=4 explained="ch21_nonlinear: Guess, linearise, scan"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_that,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)
from rnncore.testing.inputs import count_lines

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def guessed(rng, T, B, H):
    return {
        "w": rng.uniform(0.3, 1.6, H) * (-1.0) ** np.arange(H),
        "a": rng.uniform(0.3, 0.9, H),
        "u": rng.normal(size=(T, B, H)),
        "guess": rng.uniform(-1, 1, (T, B, H)),
        "h": rng.uniform(-1, 1, (B, H)),
    }


rng = np.random.default_rng(7)
visible = move(guessed(rng, 6, 3, 4))
square = move(guessed(rng, 3, 3, 3))
check(
    newton_round,
    stored("newton_round"),
    [visible, square],
    outputs="guess, step",
    by=properties,
)
batch = {"u": 1, "guess": 1, "h": 0}
check_independent(newton_round, visible, batch, axis=1)
given = {name: visible[name] for name in ("u", "w", "a", "guess", "h")}


def guess_only(u, w, a, guess, h):
    return newton_round(w, a, u, guess, h)[0]


check_causal(guess_only, given, "u")


def check_no_loop(rng):
    """At 3,000 steps hardly more lines run than at 100."""
    few, many = (
        count_lines(newton_round, move(guessed(rng, T, 1, 2)))
        for T in (100, 3000)
    )
    assert_that(
        many - few < 2000,
        "no loop over the steps: the scan runs hardly longer at 3,000",
    )


check_no_loop(rng)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    guessed, [(1, 1, 1), (2, 5, 3), (9, 2, 4), (5, 3, 1)], device
)
check(
    newton_round,
    reference_newton_round,
    hidden,
    outputs="guess, step",
    by=properties,
)
check_no_loop(np.random.default_rng(8))
### END HIDDEN TESTS
properties.points("Task 7 holds.")

# %% mistakes="newton_round"
r"""
a loop's round: every guess was replaced by what its step gives; the tangents hand a change of one state on to all that follow
~ delta, _ = linear_scan(J, after - guess, xp.zeros_like(h)) => delta = after - guess
own guess read: step t was linearised at its own guess; it reads the guess of step t - 1
~ xp.concat([h[None, ...], guess[:-1, ...]]) => guess
next guess read: step t reads the guess of the step after it; the states were shifted the wrong way
~ xp.concat([h[None, ...], guess[:-1, ...]]) => xp.concat([guess[1:, ...], h[None, ...]])
first state forgotten: step 1 reads zeros; it reads the state that is given
~ xp.concat([h[None, ...], guess[:-1, ...]]) => xp.concat([0 * h[None, ...], guess[:-1, ...]])
weight left out of the slope: the derivative of tanh(u + w h) by h has the factor w
~ a * (1 - n * n) * w => a * (1 - n * n)
kept share left out of the slope: (1 - a) h_{t-1} is part of the step, so 1 - a is part of its slope
~ J = 1 - a + a * (1 - n * n) * w => J = a * (1 - n * n) * w
rate left out of the slope: the tanh is multiplied by a, and so is its slope
~ a * (1 - n * n) * w => (1 - n * n) * w
tanh taken as a line: the slope of tanh was taken as 1; it is 1 - n^2
~ a * (1 - n * n) * w => a * w
n not squared: the derivative of tanh is 1 - n^2
~ (1 - n * n) => (1 - n)
slope of the input: the derivative was taken by the sum in the tanh, without the share that is kept and without w
~ J = 1 - a + a * (1 - n * n) * w => J = a * (1 - n * n)
shares exchanged: a and 1 - a are exchanged in the step
~ after = (1 - a) * before + a * n => after = a * before + (1 - a) * n
kept share left out of the step: the step is a tanh alone; it keeps 1 - a of what was
~ after = (1 - a) * before + a * n => after = a * n
residual with the other sign: the residual is what the step gives less the guess; with the other sign, or subtracted, the round moves away
~ after - guess => guess - after
residual left out: the recurrence was given the states, not what is missing from the guess
~ linear_scan(J, after - guess, xp.zeros_like(h)) => linear_scan(J, after, xp.zeros_like(h))
first step moved: the scan began at h; the state before the first step is known, so its delta is 0
~ xp.zeros_like(h)) => h)
step in place of the guess: what is returned is the step; it has to be added to the guess
~ moved = guess + delta => moved = delta
added to the step's result: the step was added to what the cell gives; it moves the guess
~ moved = guess + delta => moved = after + delta
not cut: the new guess leaves the range from -1 to 1, which no state can
~ xp.clip(moved, -1, 1) => moved
cut from below at 0: a state may be negative: the range is from -1 to 1
~ xp.clip(moved, -1, 1) => xp.clip(moved, 0, 1)
squashed, not cut: the new guess went through a tanh, which moves all of it
~ xp.clip(moved, -1, 1) => xp.tanh(moved)
step after the cut: what counts is how far the round would go, before the guess is cut
~ {{by.f}}(xp.abs(delta), axis=(0, 2)) => {{by.f}}(xp.abs(xp.clip(moved, -1, 1) - guess), axis=(0, 2))
sign of the step: {{by.upward}}; a step downward counts as well
~ {{by.f}}(xp.abs(delta), axis=(0, 2)) => {{by.f}}(delta, axis=(0, 2))
residual for the step: the {{by.name}} residual was returned; a small one may stand beside states that are far off
~ {{by.f}}(xp.abs(delta), axis=(0, 2)) => {{by.f}}(xp.abs(after - guess), axis=(0, 2))
{{by.odd_name}} step: the {{by.odd_name}} was taken; the {{by.name}} is asked for
~ {{by.f}}(xp.abs(delta), axis=(0, 2)) => {{by.odd}}(xp.abs(delta), axis=(0, 2))
last step alone: the step of the last state was returned; the {{by.name}} of all is asked for
~ {{by.f}}(xp.abs(delta), axis=(0, 2)) => {{by.f}}(xp.abs(delta[-1, ...]), axis=-1)
"""

# %% [markdown]
# ## The mutant hunt (3 points)
#
# *Extra, about 15 minutes.*
#
# `memory_chunks(rule, steps, S, C)` of the chapter has eight wrong relatives. Each is one small edit away, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `chunks_that_tell()`: a list of `(q, k, v, log_a, beta, S, C)` in float64 NumPy arrays, **time first** as in the loop: q and k (T, B, K), v (T, B, V), log_a (T, B, K) or (T, B, 1), beta (T, B, 1), S (B, V, K), and a whole number C. They are run with the delta rule. What counts is the outputs and the last memory. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# In a single chunk nobody sees what goes from one to the next. With a memory of zeros at the start, nobody sees what is read from it.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Without decay, and with C = 1, six of the eight boxes look right. One box is wrong with more than one column of decay only.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Five steps, C = 2, a log_a of (5, 1, K) that differs from step to step and from column to column, and everything else random.
# </details>


# %% solution="chunks_that_tell"
def chunks_that_tell():
    """A list of (q, k, v, log_a, beta, S, C), time first."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    q, k = rng.normal(size=(2, 5, 1, 3))
    v, S = rng.normal(size=(5, 1, 2)), rng.normal(size=(1, 2, 3))
    log_a = -rng.uniform(0.1, 1.0, (5, 1, 3))
    beta = rng.uniform(0.2, 0.9, (5, 1, 1))
    return [(q, k, v, log_a, beta, S, 2)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("chunks_that_tell")
ones = np.ones((3, 1, 1))
hasty = Steps(ones, ones, ones, 0 * ones, 0.5 * ones), np.zeros((1, 1, 1))
right, _, _ = memory_chunks(DELTA, *hasty, 1)
for name, box in boxes.items():
    wrong, _, _ = box(DELTA, *hasty, 1)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="chunks_that_tell" points=3 explained="ch21_chunks: One linear system"
from rnncore.chunks import DELTA, memory_chunks
from rnncore.memory import Steps
from rnncore.testing import black_boxes, hunt


def flat(function):
    """The function as a probe calls it; its cache is left out."""

    def called(q, k, v, log_a, beta, S, C):
        y, S, _ = function(DELTA, Steps(q, k, v, log_a, beta), S, C)
        return y, S

    return called


hunt(
    flat(memory_chunks),
    {n: flat(box) for n, box in black_boxes("chunks_that_tell").items()},
    chunks_that_tell(),
    few=1,
    points=3,
)

# %% mutants="chunks_that_tell" of="rnncore.chunks.memory_chunks"
r"""
own write not read: no step reads what it writes itself
~ P = xp.tril(scores(q, k, c)) => P = xp.tril(scores(q, k, c), k=-1)
later steps seen: a step reads what later steps of its chunk write: unseen with C = 1
~ P = xp.tril(scores(q, k, c)) => P = scores(q, k, c)
chunks that do not know of each other: every chunk starts from the first memory: unseen in a single chunk
-         S = S_after
-
+
old memory read undiminished: the queries lack their decay: unseen without decay
~ (xp.exp(c) * q) @ xp.matrix_transpose(S) => q @ xp.matrix_transpose(S)
memory passed on whole: S does not decay on its way through a chunk: unseen without decay, and in a single chunk's outputs
~ xp.exp(last) * S => S
writes passed on whole: what a chunk's steps wrote does not decay until its end: unseen with C = 1
~ later = xp.exp(last - c) * k => later = k
decay of single steps: the logarithms are not summed: unseen with C = 1
~ c = xp.cumulative_sum(log_a, axis=1) => c = log_a
one decay for all columns: the first column's decay is used for all of them: unseen with one column
~ c = xp.cumulative_sum(log_a, axis=1) => c = xp.cumulative_sum(log_a[..., :1] + 0 * log_a, axis=1)
"""

# %% [markdown]
# ## Experiment: your machine's best chunk
#
# *Extra, about 15 minutes.*
#
# The delta rule over 512 steps on this machine, for chunks of several sizes, and beside it your `best_chunk`'s count, with a cost of a start that you choose. Both are divided by their least value. The slider opens at d = 16; each new d takes half a second, or up to seven on a busy machine.
#
# **Predict**, before you run anything: where does the measured curve have its lowest point, for d = 16 and for d = 64? Nothing is graded here; your numbers are kept in the notebook for you to come back to.

# %%
my_prediction = {"d = 16": None, "d = 64": None}  # steps in a chunk


# %% experiment
from functools import cache

from ipywidgets import IntSlider, interact

sizes = [2**k for k in range(1, 10)]


@cache
def measured(d):
    """The least of five times for each size of a chunk, in milliseconds."""
    rng = np.random.default_rng(0)
    q, k, v = move(tuple(rng.normal(size=(3, 512, 1, d))), "float32")
    beta, S = move(
        (np.full((512, 1, 1), 0.5), np.zeros((1, d, d))), "float32"
    )
    steps = Steps(q, unit(k)[0], v, beta * 0 - 0.05, beta)
    found = []
    for C in sizes:
        times = []
        for _ in range(5):
            start = time.perf_counter()
            memory_chunks(DELTA, steps, S, C)
            times.append(1000 * (time.perf_counter() - start))
        found.append(min(times))
    return np.array(found)


def show(d=16, log2_start=18):
    print("You predicted", my_prediction)
    counts = [best_chunk(512, d, d, 2.0**log2_start, [C])[1] for C in sizes]
    taken, counts = measured(d), np.array(counts)
    plot_lines(
        {
            "measured": np.log2(taken / taken.min()),
            "counted": np.log2(counts / counts.min()),
        },
        "log2 of C",
        "log2 of the cost over the least",
        f"d = {d}, a start costs 2^{log2_start} multiplications",
        np.log2(sizes),
    )
    print("least time at C =", sizes[int(taken.argmin())])


_ = interact(
    show,
    d=IntSlider(16, min=16, max=64, step=16, description="d"),
    log2_start=IntSlider(18, min=8, max=24, description="log2 start"),
)

# %% [markdown]
# Move the start until the two curves lie as close as you can get them. How many multiplications is a start worth on your machine? Which side of the curve does the start decide, and which the multiplications? And where does the count fail to explain the time? (If it jumps from one size to the next, perhaps NumPy's threads wait for busy cores: on two cores beside other programs, C = 128 took half a second with two threads, and 1.4 milliseconds with one.)
#
# By the chapter's count, the scores and the products with S cost about the same near C = d. Does the best size grow with d on your machine? Does it in your count, if you leave the start where it is? Compare with your predictions.

# %% [markdown]
# ## In your own words (1 point)
#
# *Core, about 10 minutes.*
#
# A colleague says: "On one core chunks take a fraction of the time of torch's loop. So chunks are the better algorithm there, compiled or not." In three to five sentences: what does torch's loop spend its time on, what does the count of multiplications say of a loop that is compiled, and what, in a GRU, stands in the way of chunks?

# %% [markdown] answer="more_work" points=1 explained="ch21_chunks: Time"
# torch's loop starts a handful of small operations at every step, and that takes most of its time; a chunk starts as many once for C steps. The scores and the solve come on top of the products with S, so a chunk multiplies more than C steps of the loop do. A compiled loop starts nothing at each step and is left with the smaller count: on the chapter's page it is faster than chunks on one core. Chunks pay where every step is started from Python, and on a GPU, which one step cannot fill. In a GRU a nonlinearity lies between one state and the next, so the state is not a sum of what was written, and no linear system gives all steps of a chunk at once.
#
# Rubric: 1 point for both: what chunks save is starting operations, which a compiled loop does not have, while they multiply more; and the GRU's nonlinearity between states, which leaves no linear system.
