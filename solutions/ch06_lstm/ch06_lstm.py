# %% [markdown]
# # Assignment 6: LSTM
#
# *The core takes about 100 minutes, all of it about 205 minutes, 31 points. Read chapter 6 first.*
#
# You will let the gates of an LSTM look at the memory itself, and carry the weights for it in a place where you would not expect weights. You will take a memory apart into what each step wrote, set the gates of an LSTM by hand so that it counts,
# give each unit a time constant of its own before any training, and find out what is lost when no gradient goes back through the gates. With the book closed you will rebuild `lstm_cell_vjp`. At the end stand eight wrong LSTMs, all of which run, and most of which are wrong only at an edge.
#
# What you need, in one table (B sequences, H units):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $a_x$, $a_h$ | (B, 4H) | what input and hidden state contribute, in blocks of columns i, f, g, o |
# | $i, f, o$ | (B, H) | input, forget and output gate, between 0 and 1 |
# | $g$ | (B, H) | the candidate, between −1 and 1 |
# | $c_t$ | (B, H) | the cell state: the memory |
# | $h_t$ | (B, H) | the hidden state: what is shown |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$c_t = f \odot c_{t-1} + i \odot g, \qquad h_t = o \odot \tanh(c_t), \qquad \text{slope of } \sigma \text{ at its output } s: \ s\,(1 - s)$$
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: a value is read by two others. What is its gradient?</summary>
#
# The sum of what the two send back. c_t is read by h_t and by c_{t+1}, so the two parts of its gradient add up.
# </details>
#
# <details><summary>Chapter 5: a plain cell loses 60 % of a gradient at each step. How much is left after 20 steps?</summary>
#
# 0.4²⁰ ≈ 10⁻⁸.
# </details>

# %% parameters
memory = (
    {
        "text": "input and forget gate the old one, the output gate the new one",
        "tex": "c_t",
        "of": "c",
        "hint": "The order of work matters: i, f and g first, then c, and only then o, which looks at the new c.",
        "odd_name": "output gate sees the old memory",
        "odd_says": "looks at the new c_t, not at c_{t-1}",
        "odd": "c_before",
        "why": "i and f look at the old memory, since the new one",
        "then": "is not there yet; then c; and only then o, which looks at the *new* c. Handing c_before",
        "late": "that decides a step late. The peephole stands inside the",
    },
    {
        "text": "here all three the old one",
        "tex": "c_{t-1}",
        "of": "c_before",
        "hint": "All three gates look at the c that came in: i, f, g and o first, in any order, and then the new c.",
        "odd_name": "output gate sees the new memory",
        "odd_says": "looks at the old c_{t-1}, not at c_t",
        "odd": "c",
        "why": "all three gates look at the old memory, so that",
        "then": "they need not wait for each other; then c; then h, which shows the *new* c. Handing it",
        "late": "that decides a step early. The peephole stands inside the",
    },
)
order = (
    {
        "text": "first what is left of $c_0$, then those of step 1 to step T",
        "says": "c_0's first, then each step's",
        "of": "parts[::-1]",
        "hint": "in a list and turn it round",
        "odd": "parts",
        "turn": "",
        "back": "[::-1]",
        "start": "terms[0, ...]",
        "steps": "terms[1:, ...]",
        "first": "terms[0]",
        "rest": "terms[1:]",
        "by": "[0.25, 0.0, 0.1, -0.6]",
        "which": "first",
        "same": "latest first",
        "same_says": "your steps stand from the last to the first; after c_0's term comes that of step 1",
        "same_list": "[parts[-1], *parts[:-1]]",
        "end": "c_0 at the end",
        "end_says": "your term of c_0 stands last; it comes first, then step 1",
        "end_list": "[*parts[-2::-1], parts[-1]]",
        "turned": "list not turned round",
        "turned_says": "from the last step to c_0, as a loop backward collects them; turn them round",
    },
    {
        "text": "first those of step T back to step 1, and last what is left of $c_0$",
        "says": "each step's, then c_0's",
        "of": "parts",
        "hint": "in a list, as you go",
        "odd": "parts[::-1]",
        "turn": "[::-1]",
        "back": "",
        "start": "terms[-1, ...]",
        "steps": "terms[:-1, ...]",
        "first": "terms[-1]",
        "rest": "terms[-2::-1]",
        "by": "[-0.6, 0.1, 0.0, 0.25]",
        "which": "last",
        "same": "earliest first",
        "same_says": "your steps stand from the first to the last; the term of step T comes first",
        "same_list": "[*parts[-2::-1], parts[-1]]",
        "end": "c_0 at the front",
        "end_says": "your term of c_0 stands first; it comes last, after step 1",
        "end_list": "[parts[-1], *parts[:-1]]",
        "turned": "list turned round",
        "turned_says": "from c_0 to the last step; leave them as a loop backward collects them",
    },
)
pair = (
    {
        "raises": "`worth`",
        "it": "worth",
        "calm": "0.3",
        "loud": "0.6",
        "far": "0.5",
        "over": "1 / worth",
        "twice": "2 * worth",
        "tenth": "0.1",
        "each": "each bracket is worth 0.01",
        "many": "200 brackets of 0.01",
        "c": "2.0",
        "due": "`worth`",
        "due_of": "worth",
        "is": "worth",
        "sign": "f = 1, i = 1, g = ±worth",
    },
    {
        "raises": "half of `worth`, which is what a pair is worth",
        "it": "worth / 2",
        "calm": "0.98",
        "loud": "0.99",
        "far": "0.9",
        "over": "2 / worth",
        "twice": "worth",
        "tenth": "0.05",
        "each": "each pair of brackets is worth 0.01",
        "many": "200 brackets of 0.01 a pair",
        "c": "1.0",
        "due": "half of `worth`",
        "due_of": "what they should be",
        "is": "worth / 2",
        "sign": "f = i = 1, g = ±worth/2",
    },
)
place = (
    {
        "text": "in the middle",
        "what": "middle",
        "tex": "k + 1/2",
        "of": "(k + 0.5)",
        "short": "k+1/2",
        "steps": "on the ruler it is the middle of the factors, at (k + 1/2) / H",
        "odd_name": "right ends",
        "odd": "(k + 1)",
        "next": "(k + 1.5)",
        "b": "[11.5328599, 12.2260095, 12.9191579]",
    },
    {
        "text": "at the right end",
        "what": "right end",
        "tex": "k + 1",
        "of": "(k + 1)",
        "short": "k+1",
        "steps": "each has the right end of its piece, at (k + 1) / H",
        "odd_name": "middles",
        "odd": "(k + 0.5)",
        "next": "(k + 2)",
        "b": "[11.8794349, 12.5725838, 13.2657317]",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
import math

import numpy as np

import rnncore.lstm as book
from rnncore.backend import array_namespace, to_numpy
from rnncore.backend import device as device_of
from rnncore.bptt import bptt
from rnncore.display import plot_lines
from rnncore.lstm import gates, lstm_cell, sigmoid
from rnncore.rnn import Params, init_params, unroll, zero_state
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## A memory by hand
#
# One unit, $c_0 = 2$. At three steps the gates are $f = 0.5, 1, 0$ and $i = 0, 0.5, 1$, and the candidate is $g = 1, 0.8, -0.6$. Work out $c_1, c_2, c_3$ on paper, then run the cell.

# %%
c = 2.0
for f, i, g in [(0.5, 0.0, 1.0), (1.0, 0.5, 0.8), (0.0, 1.0, -0.6)]:
    c = f * c + i * g
    print(c, end="  ")
print("  by hand: 1, 1.4, -0.6")

# %% [markdown]
# Now backward. Let the last step keep a quarter instead, $f_3 = 0.25$, and let the loss be $L = c_3$: how much does $c_3$ change with $c_0$? One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_c *= f`: past the matrix, c goes back through the forget gate and nothing else.
# </details>

# %%
d_c = 1.0
for f in (0.25, 1.0, 0.5):
    # (the missing line)
    print("f =", f, " d_c =", d_c)
print("d_c_0 =", d_c, " by hand: 0.25 · 1 · 0.5 = 0.125")

# %% [markdown]
# ## Task 1: gates that see the memory (4 points)
#
# *Core, about 20 minutes.*
#
# The gates of an LSTM see $h_{t-1}$, which the output gate may have hidden. With **peepholes** (Gers and Schmidhuber 2000) they see the memory itself: {{memory.text}}.
#
# $$i = \sigma(a_i + p_i \odot c_{t-1}) \qquad f = \sigma(a_f + p_f \odot c_{t-1}) \qquad o = \sigma(a_o + p_o \odot {{memory.tex}})$$
#
# The rest is as in the LSTM. The weights $p_i, p_f, p_o$ are new, and the loop knows nothing of them. So carry them **in the state**: a weight is a state that never changes. (A gradient that goes back through the state adds up over time, as a shared weight's should, so `bptt` needs no change either.) The state is (h, c, p), with p of shape (3, H) and its rows in the order i, f, o.
#
# <details><summary>Hint 1</summary>
#
# `p[0, ...]` is (H,) and broadcasts over the batch.
# </details>
#
# <details><summary>Hint 2</summary>
#
# {{memory.hint}}
# </details>
#
# <details><summary>Hint 3</summary>
#
# `a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)` and `o = sigmoid(a_o + p[2, ...] * {{memory.of}})`.
# </details>


# %% solution="peephole_cell"
def peephole_cell(a_x, a_h, state):
    """An LSTM whose gates also see c.

    Shapes: a_x (B, 4*H); a_h (B, 4*H); state ((B, H), (B, H), (3, H))
        -> state ((B, H), (B, H), (3, H)); cache
    """
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    ### BEGIN SOLUTION
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * {{memory.of}})
    h = o * xp.tanh(c)
    ### END SOLUTION
    return (h, c, p), (i, f, g, o, c, c_before, p)


# %% [markdown]
# Try it: with peepholes of zero it is the LSTM of the chapter.

# %%
rng = np.random.default_rng(0)
a_x, a_h = move(rng.normal(size=(2, 3, 8)))
h_0, c_0 = move(rng.normal(size=(2, 3, 2)))
(h_1, _, _), _ = peephole_cell(a_x, a_h, (h_0, c_0, move(np.zeros((3, 2)))))
(h_book, _), _ = lstm_cell(a_x, a_h, (h_0, c_0))
print("largest difference:", float(abs(h_1 - h_book).max()))

# %% test="peephole_cell" points=4 explained="ch06_lstm: Three doors"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "state, cache"


def peephole_input(rng, B, H):
    return {
        "a_x": rng.normal(size=(B, 4 * H)),
        "a_h": rng.normal(size=(B, 4 * H)),
        "state": (
            rng.normal(size=(B, H)),
            2 * rng.normal(size=(B, H)),
            rng.normal(size=(3, H)),
        ),
    }


visible = move(peephole_input(np.random.default_rng(1), 4, 2))


def gates_first(*args):
    """The results in the order in which they come about."""
    state, (i, f, g, o, *rest) = peephole_cell(*args)
    return i, f, g, o, state, *rest


check(
    gates_first,
    stored("peephole_cell"),
    [visible],
    outputs="i, f, g, o, state, c kept, c_before kept, p kept",
    by=properties,
)
# by hand: with all sums 0 and no peepholes, each gate is a half and g is 0
zero, c_0 = move(np.zeros((1, 4))), move(np.array([[3.0]]))
with properties("sizes"):
    (h, c, _), _ = peephole_cell(
        zero, zero, (c_0, c_0, move(np.zeros((3, 1))))
    )
    assert_close("c of gates at a half", c, np.array([[1.5]]))
    assert_close("h of gates at a half", h, np.tanh([[1.5]]) / 2)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(peephole_input, [(1, 1), (4, 3), (2, 5)], device)
check(
    peephole_cell,
    reference_peephole_cell,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="peephole_cell"
r"""
gate order swapped: candidate and output gate were read from each other's block: the columns stand in the order i, f, g, o
-     g = xp.tanh(a_g)
+     a_g, a_o = a_o, a_g
+     g = xp.tanh(a_g)
g with sigmoid: the candidate went through a sigmoid; it is a tanh, else no step could write anything negative, and a c that starts at 0 could never fall below it
~ g = xp.tanh(a_g) => g = sigmoid(a_g)
forget and input gate exchanged: forget and input gate are exchanged: f keeps the old memory, i lets the candidate in
~ f * c_before + i * g => i * c_before + f * g
forget gate inverted: this is (1 - f) c: in this convention f = 1 keeps the memory; a gate named by what it removes is another convention
~ f * c_before + i * g => (1 - f) * c_before + i * g
output from c without tanh: h_t = o tanh(c_t): the tanh is missing
~ h = o * xp.tanh(c) => h = o * c
cell state taken for the output: the cell state was taken for the output; what is shown is o tanh(c)
~ h = o * xp.tanh(c) => h = c
{{memory.odd_name}}: the output gate's peephole {{memory.odd_says}}
~ p[2, ...] * {{memory.of}}) => p[2, ...] * {{memory.odd}})
peepholes look at h: the forget gate's peephole looks at c_{t-1}, not at h_{t-1}
~ f = sigmoid(a_f + p[1, ...] * c_before) => f = sigmoid(a_f + p[1, ...] * state[0])
rows of p exchanged: the input gate took the forget gate's peephole: the rows of p stand in the order i, f, o
~ a_i + p[0, ...] => a_i + p[1, ...]
gates made to compete: keeping was tied to not writing; here each gate has weights of its own
~ f = sigmoid(a_f + p[1, ...] * c_before) => f = 1 - i
another row of p for the output gate: the output gate took the input gate's peephole: the rows of p stand in the order i, f, o
~ a_o + p[2, ...] => a_o + p[0, ...]
no peephole at the output gate: your output gate does not see the memory: p_o {{memory.tex}} is missing in its sum
~ o = sigmoid(a_o + p[2, ...] * {{memory.of}}) => o = sigmoid(a_o)
peephole of tanh c: your output gate sees tanh({{memory.tex}}); its peephole looks at {{memory.tex}} itself
~ p[2, ...] * {{memory.of}}) => p[2, ...] * xp.tanh({{memory.of}}))
rows f, i, o: you read the rows of p in the order f, i, o; the order is i, f, o
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
+     i = sigmoid(a_i + p[1, ...] * c_before)
+     f = sigmoid(a_f + p[0, ...] * c_before)
both look at h: the peepholes of your input and forget gate look at h_{t-1}; they look at c_{t-1}
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
+     i = sigmoid(a_i + p[0, ...] * state[0])
+     f = sigmoid(a_f + p[1, ...] * state[0])
the candidate looks too: your candidate sees the memory through p_i; only the three gates have peepholes
~ g = xp.tanh(a_g) => g = xp.tanh(a_g + p[0, ...] * c_before)
candidate not squashed: your candidate is a_g itself; its tanh is missing
~ g = xp.tanh(a_g) => g = a_g
gates f, i, g, o: you took the blocks in the order f, i, g, o; the order is i, f, g, o
-     i = sigmoid(a_i + p[0, ...] * c_before)
+     a_i, a_f = a_f, a_i
+     i = sigmoid(a_i + p[0, ...] * c_before)
coupled gates: your memory gets (1 - f) g; here the input gate i decides how much of g is written
~ c = f * c_before + i * g => c = f * c_before + (1 - f) * g
output gate with tanh: your output gate went through a tanh; a gate is a sigmoid, between 0 and 1
~ o = sigmoid(a_o => o = xp.tanh(a_o
old h added: you added h_{t-1} to h_t; what is shown is o tanh(c_t) alone
~ h = o * xp.tanh(c) => h = o * xp.tanh(c) + state[0]
one row for all: all three of your gates took the first row of p; the rows stand in the order i, f, o
-     f = sigmoid(a_f + p[1, ...] * c_before)
-     g = xp.tanh(a_g)
-     c = f * c_before + i * g
-     o = sigmoid(a_o + p[2, ...] * {{memory.of}})
+     f = sigmoid(a_f + p[0, ...] * c_before)
+     g = xp.tanh(a_g)
+     c = f * c_before + i * g
+     o = sigmoid(a_o + p[0, ...] * {{memory.of}})
peephole outside: your peepholes were added after the sigmoid; they stand inside it
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
+     i = sigmoid(a_i) + p[0, ...] * c_before
+     f = sigmoid(a_f) + p[1, ...] * c_before
peepholes subtracted: your peepholes were subtracted; they are added
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
-     g = xp.tanh(a_g)
-     c = f * c_before + i * g
-     o = sigmoid(a_o + p[2, ...] * {{memory.of}})
+     i = sigmoid(a_i - p[0, ...] * c_before)
+     f = sigmoid(a_f - p[1, ...] * c_before)
+     g = xp.tanh(a_g)
+     c = f * c_before + i * g
+     o = sigmoid(a_o - p[2, ...] * {{memory.of}})
memory without weights: your gates see c itself; it is multiplied by p first
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
-     g = xp.tanh(a_g)
-     c = f * c_before + i * g
-     o = sigmoid(a_o + p[2, ...] * {{memory.of}})
+     i = sigmoid(a_i + c_before)
+     f = sigmoid(a_f + c_before)
+     g = xp.tanh(a_g)
+     c = f * c_before + i * g
+     o = sigmoid(a_o + {{memory.of}})
third row to the candidate: your candidate sees the memory through the third row of p, and your output gate does not; that row is p_o, the output gate's
-     g = xp.tanh(a_g)
-     c = f * c_before + i * g
-     o = sigmoid(a_o + p[2, ...] * {{memory.of}})
+     g = xp.tanh(a_g + p[2, ...] * c_before)
+     c = f * c_before + i * g
+     o = sigmoid(a_o)
input gate sees the new memory: your input gate's peephole looks at a new c, made without it; it looks at c_{t-1}
-     i = sigmoid(a_i + p[0, ...] * c_before)
-     f = sigmoid(a_f + p[1, ...] * c_before)
-     g = xp.tanh(a_g)
+     f = sigmoid(a_f + p[1, ...] * c_before)
+     g = xp.tanh(a_g)
+     i = sigmoid(a_i + p[0, ...] * (f * c_before + sigmoid(a_i) * g))
memory changed in place: your c was written into the caller's c_{t-1}, which the cache must keep for the way back; make a new array
-     c = f * c_before + i * g
+     c = c_before
+     c *= f
+     c += i * g
forget gate not used: your memory keeps all of c_{t-1}; it keeps f of it
~ c = f * c_before + i * g => c = c_before + i * g
memory squashed: your c went through a tanh; only what is shown does, h = o tanh(c)
~ c = f * c_before + i * g => c = xp.tanh(f * c_before + i * g)
a_h not used: your gates and candidate do not use a_h; each is made of the sum a_x + a_h
-     i = sigmoid(a_i + p[0, ...] * c_before)
+     a_i, a_f, a_g, a_o = gates(a_x, 4)
+     i = sigmoid(a_i + p[0, ...] * c_before)
forget gate from a_i: your forget gate was made of the input gate's sum; its own is a_f
~ sigmoid(a_f + p[1, ...] * c_before) => sigmoid(a_i + p[1, ...] * c_before)
candidate shown: your h is o tanh(g), the candidate; what is shown is o tanh(c)
~ h = o * xp.tanh(c) => h = o * xp.tanh(g)
no peephole at the forget gate: your forget gate does not see the memory: p_f c_{t-1} is missing in its sum
~ sigmoid(a_f + p[1, ...] * c_before) => sigmoid(a_f)
no peephole at the input gate: your input gate does not see the memory: p_i c_{t-1} is missing in its sum
~ sigmoid(a_i + p[0, ...] * c_before) => sigmoid(a_i)
output gate with the forget gate's row: the output gate took the forget gate's peephole: the rows of p stand in the order i, f, o
~ a_o + p[2, ...] => a_o + p[1, ...]
peephole outside the sigmoid: p times c was added to the gate; it is added to the sum below the sigmoid
~     i = sigmoid(a_i + p[0, ...] * c_before) =>     i = sigmoid(a_i) + p[0, ...] * c_before
peephole multiplies the sum: the sum of the output gate was multiplied by p times c; it is added
~     o = sigmoid(a_o + p[2, ...] * {{memory.of}}) =>     o = sigmoid(a_o * p[2, ...] * {{memory.of}})
output gate inside tanh: c was multiplied by the gate before the tanh: the gate decides what of tanh(c) is shown
~     h = o * xp.tanh(c) =>     h = xp.tanh(o * c)
c added in full: the old c was added once more, unforgotten
~     c = f * c_before + i * g =>     c = f * c_before + i * g + c_before
"""

# %% [markdown]
# See your cell at work: this unit writes a little at each x, and its output gate sees nothing but the memory. Step through the text: at which x does the gate open? Type a text with a longer pause: does it wait? Then make the last peephole, 5, a 0.

# %%
from rnncore.display import widgets

unit = Params(
    np.array([[8.0, -8.0], [8.0, 8.0], [0.5, 0.0], [-8.0, -8.0]]),
    *(np.zeros(s) for s in [(4, 1), 4, 4]),
)  # rows i, f, g and o; columns x and -
begin = (*np.zeros((2, 1, 1)), np.array([[0.0], [0.0], [5.0]]))  # h, c, p
widgets.show(
    lambda: widgets.machine(
        peephole_cell, move(unit), "x-x-x--x-x---", "x-", move(begin)
    )
)

# %% [markdown]
# ## Task 2: who wrote the memory? (5 points)
#
# *Extra, about 25 minutes.*
#
# Take a memory apart. Every step adds $i_t \odot g_t$, and every later forget gate takes its share of what is there. So the last cell state is a sum of T + 1 terms, with weights that the network chose itself (Levy et al. 2018):
#
# $$c_T = \underbrace{f_1 \odot f_2 \cdots f_T \odot c_0}_{\text{left of the start}} \ + \ \sum_{t=1}^{T} \underbrace{f_{t+1} \odot f_{t+2} \cdots f_T \odot i_t \odot g_t}_{\text{left of what step } t \text{ wrote}}$$
#
# `written_by` is given the gates and candidates of T steps, as an LSTM's tape holds them, and the cell state before the first. It returns the terms: {{order.text}}. Their sum is $c_T$. In the code, step 1 has the index 0.
#
# A gate may be exactly 0: it clears the memory, and the terms of later steps must not suffer from it. Work out on paper what the gate $f_t$ does to the term of its own step.
#
# <details><summary>Hint 1</summary>
#
# The terms of two neighbouring steps share all their forget gates but one. In which direction does one loop suffice?
# </details>
#
# <details><summary>Hint 2</summary>
#
# Go from the last step to the first, with the product of all gates that you have passed. At step T it is still 1, since nothing came after that step. No division is needed, and none works: a gate may be 0.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `left = xp.ones_like(c_0)`; at each step first the term `left * i[t, ...] * g[t, ...]`, and only then `left = left * f[t, ...]`. After the loop, `left` is what c_0 is multiplied by. Collect the terms {{order.hint}}: `xp.stack({{order.of}})`.
# </details>


# %% solution="written_by"
def written_by(i, f, g, c_0):
    """The terms of the last cell state: of c_0 and of each step.

    Shapes: i (T, B, H); f (T, B, H); g (T, B, H); c_0 (B, H)
        -> terms (T+1, B, H)
    """
    xp = array_namespace(c_0)
    ### BEGIN SOLUTION
    parts, left = [], xp.ones_like(c_0)
    for t in range(g.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack({{order.of}})
    ### END SOLUTION


# %% [markdown]
# Try it on the tape of an LSTM whose forget gates have a bias of 2: which steps wrote what one of its units holds after ten steps, and is their sum really the unit's cell state?

# %%
rng = np.random.default_rng(0)
layer = init_params(rng, 2, 3, 4)
layer.b_x[3:6] = 2
start, x = move(
    (tuple(rng.normal(size=(2, 1, 3))), rng.normal(size=(10, 1, 2)))
)
_, (_, c), tape = unroll(lstm_cell, move(layer), x, start)
stack = array_namespace(x).stack
i, f, g, *_ = (stack(list(part)) for part in zip(*tape.caches, strict=True))
terms = to_numpy(written_by(i, f, g, start[1]))[:, 0, 0]
print("left of c_0:  ", {{order.first}}.round(3))
print("of steps 1-10:", {{order.rest}}.round(3))
print("sum", terms.sum().round(6), " c", to_numpy(c)[0, 0].round(6))

# %% test="written_by" points=5 explained="ch06_lstm: A forget gate is a time constant"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_shape,
    assert_that,
    check,
    mover,
    observe,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1, arguments=1)

move = mover(device)
OUTPUTS = "terms of the steps, term of c_0"


def recorded(rng, T, B, H, cleared):
    """Gates and candidates of T steps; perhaps one gate is exactly 0."""
    i, f = 1 / (1 + np.exp(-rng.normal(size=(2, T, B, H))))
    if cleared:
        f[T // 2, 0] = 0
    g, c_0 = np.tanh(rng.normal(size=(T, B, H))), rng.normal(size=(B, H))
    return {"i": i, "f": f, "g": g, "c_0": 2 * c_0}


def assert_terms(terms, T, B, H):
    """One array of T + 1 terms."""
    due = (T + 1, B, H)
    shape = tuple(getattr(terms, "shape", ()))
    kind = type(terms).__name__
    for wrong, got in [
        (terms is None, "None: is a `return` missing?"),
        (not hasattr(terms, "shape"), f"a {kind}: try xp.stack on a list"),
        (shape == (T, B, H), f"{T} terms: {{order.says}}"),
        (shape == (T * B + B, H), f"{shape}: xp.stack, not xp.concat"),
    ]:
        says = f"your answer: expected an array {due}, got {got}"
        assert_that(not wrong, says)
    assert_shape("your answer", terms, due)


def steps_first(*args):
    """Your terms of the steps, and that of c_0."""
    terms = written_by(*args)
    return {{order.steps}}, {{order.start}}


rng = np.random.default_rng(8)
sizes = [(4, 3, 2, False), (5, 2, 2, True)]
visible = [move(recorded(rng, *size)) for size in sizes]
visible.append(move(recorded(rng, 3, 2, 2, False), "float32"))
answer = observe(written_by, visible[0])
if not answer.error:
    assert_terms(answer.result, 4, 3, 2)
right = stored("written_by")
check(steps_first, right, visible, outputs=OUTPUTS, by=properties)
# by hand: f = 0.5, 1, 0.25, i = 0, 0.5, 1, g = 1, 0.8, -0.6, c_0 = 2
i, f, g, c_0 = (
    move(np.reshape(part, (-1, 1, 1)))
    for part in ([0.0, 0.5, 1.0], [0.5, 1.0, 0.25], [1.0, 0.8, -0.6], [2.0])
)
with properties("sizes"):
    assert_close(
        "the terms of three steps by hand",
        written_by(i, f, g, c_0[0, ...]),
        np.reshape({{order.by}}, (4, 1, 1)),
    )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(1, 1, 1, False), (6, 4, 3, True), (9, 2, 5, False)]
hidden = hidden_inputs(recorded, sizes, device)


def right_steps_first(*args):
    terms = reference_written_by(*args)
    return {{order.steps}}, {{order.start}}


right = right_steps_first
check(steps_first, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="written_by"
r"""
own gate counted: the forget gate of step t took a share of what step t itself wrote; it acts on the memory from before, so the product begins at t + 1
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
+         left = left * f[t, ...]
+         parts.append(left * i[t, ...] * g[t, ...])
one gate short: your products begin at f_{t+2}; the gate of the very next step is missing
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
+     parts, left, late = [], xp.ones_like(c_0), xp.ones_like(c_0)
+     for t in range(g.shape[0] - 1, -1, -1):
+         parts.append(late * i[t, ...] * g[t, ...])
+         left, late = left * f[t, ...], left
last gate missing: your products stop at f_{T-1}; the last step's gate acts on all that was there before it
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
+     parts, left, late = [], xp.ones_like(c_0), xp.ones_like(c_0)
+     for t in range(g.shape[0] - 1, -1, -1):
+         parts.append(late * i[t, ...] * g[t, ...])
+         left = left * f[t, ...]
+         late = late * f[t, ...] if t + 1 < g.shape[0] else late
gate of the step before: your products take f_{t-1} where f_t is due: an index is one too low, and f[-1] is the last gate
~ left = left * f[t, ...] => left = left * f[t - 1, ...]
c_0 whole: your {{order.which}} term is c_0 itself; all T forget gates have acted on it
~     parts.append(left * c_0) =>     parts.append(1 * c_0)
c_0 kept by one gate too few: in your term of c_0 the gate of step 1 is missing; all T forget gates have acted on it
-     parts.append(left * c_0)
+     late = xp.ones_like(c_0)
+     for t in range(1, g.shape[0]):
+         late = late * f[t, ...]
+     parts.append(late * c_0)
c_0 after the first gate alone: your term of c_0 has the first forget gate alone; all T have acted on it
~     parts.append(left * c_0) =>     parts.append(f[0, ...] * c_0)
c_0 after the last gate alone: your term of c_0 has the last forget gate alone; all T have acted on it
~     parts.append(left * c_0) =>     parts.append(f[-1, ...] * c_0)
c_0 forgotten: your {{order.which}} term is zero; it is what is left of c_0
~     parts.append(left * c_0) =>     parts.append(0 * c_0)
the product without c_0: your {{order.which}} term is the product of the forget gates; it is multiplied by c_0
~     parts.append(left * c_0) =>     parts.append(left)
start written like a step: your {{order.which}} term was multiplied by an input gate; c_0 was there already, and nobody had to write it
~     parts.append(left * c_0) =>     parts.append(left * i[0, ...] * c_0)
gates before the step: your terms have the gates f_1 to f_t; what step t wrote meets those that come after it, f_{t+1} to f_T
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     for t in range(g.shape[0]):
+         left = left * f[t, ...]
+         parts.append(left * i[t, ...] * g[t, ...])
+     return xp.stack([left * c_0, *parts]{{order.turn}})
gates before the step, without its own: your terms have the gates f_1 to f_{t-1}; what step t wrote meets those that come after it, f_{t+1} to f_T
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     for t in range(g.shape[0]):
+         parts.append(left * i[t, ...] * g[t, ...])
+         left = left * f[t, ...]
+     return xp.stack([left * c_0, *parts]{{order.turn}})
the next gate alone: your terms have one forget gate, that of the next step; all later ones act on them
-         parts.append(left * i[t, ...] * g[t, ...])
+         later = f[t + 1, ...] if t + 1 < g.shape[0] else 1
+         parts.append(later * i[t, ...] * g[t, ...])
the last gate alone: your terms have one forget gate, that of step T; all gates after step t act on its term
-         parts.append(left * i[t, ...] * g[t, ...])
+         later = f[-1, ...] if t + 1 < g.shape[0] else 1
+         parts.append(later * i[t, ...] * g[t, ...])
own gate alone: your terms have one forget gate, that of their own step, f_t i_t g_t; those of the later steps act on them
~         parts.append(left * i[t, ...] * g[t, ...]) =>         parts.append(f[t, ...] * i[t, ...] * g[t, ...])
nothing fades: your terms are i_t g_t as they were written; the later forget gates are missing
~         parts.append(left * i[t, ...] * g[t, ...]) =>         parts.append(i[t, ...] * g[t, ...])
input gate forgotten: in your terms the input gate is missing: step t wrote i_t g_t
~ left * i[t, ...] * g[t, ...] => left * g[t, ...]
candidate forgotten: your terms are weights alone; each is multiplied by what was written, g_t
~ left * i[t, ...] * g[t, ...] => left * i[t, ...]
forget gate for the input gate: in your terms f_t stands for i_t; the input gate decides how much of g_t is written
~ left * i[t, ...] * g[t, ...] => left * f[t, ...] * g[t, ...]
one minus f for the input gate: in your terms 1 - f_t stands for i_t, as if the two gates were coupled; this LSTM has an input gate of its own
~ left * i[t, ...] * g[t, ...] => left * (1 - f[t, ...]) * g[t, ...]
input gates for forget gates: your products are made of input gates; what is there is kept by the forget gates
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
+     parts, left, late = [], xp.ones_like(c_0), xp.ones_like(c_0)
+     for t in range(g.shape[0] - 1, -1, -1):
+         parts.append(late * i[t, ...] * g[t, ...])
+         left, late = left * f[t, ...], late * i[t, ...]
product of slopes: your products are made of f (1 - f), the sigmoid's slope; nothing is differentiated here: a gate keeps its share f
~ left = left * f[t, ...] => left = left * f[t, ...] * (1 - f[t, ...])
product begun at 0: your terms are all 0: the product begins with 1, since nothing comes after step T
~ xp.ones_like(c_0) => xp.zeros_like(c_0)
c_0 squashed: your term of c_0 went through a tanh; that is for what is shown, and this is the cell state
~     parts.append(left * c_0) =>     parts.append(left * xp.tanh(c_0))
forget gate inverted: your products are made of 1 - f; f is the share that is kept
~ left = left * f[t, ...] => left = left * (1 - f[t, ...])
input gates in the product too: your products have the later input gates as well; those decide about later candidates alone
~ left = left * f[t, ...] => left = left * f[t, ...] * i[t, ...]
gates added: your forget gates were added up; a share of a share is a product
~         left = left * f[t, ...] =>         left = f[t, ...] + (left if t + 1 < g.shape[0] else 0)
sum begun at one: your forget gates were added to 1; a share of a share is a product
~ left = left * f[t, ...] => left = left + f[t, ...]
{{order.same}}: {{order.same_says}}
~     return xp.stack({{order.of}}) =>     return xp.stack({{order.same_list}})
{{order.end}}: {{order.end_says}}
~     return xp.stack({{order.of}}) =>     return xp.stack({{order.end_list}})
{{order.turned}}: your terms stand {{order.turned_says}}
~     return xp.stack({{order.of}}) =>     return xp.stack({{order.odd}})
flipped on all axes: your terms have their sequences and units turned round with the steps; turn the first axis alone: parts[::-1], or axis=0
~     return xp.stack({{order.of}}) =>     return xp.flip(xp.stack({{order.odd}}))
reshaped for transposed: your terms were stacked on another axis and brought to (T + 1, B, H) by reshape, which mixes steps and sequences; stack on the first axis
-     return xp.stack({{order.of}})
+     parts = xp.stack({{order.of}}, axis=1)
+     return xp.reshape(parts, (parts.shape[1], *c_0.shape))
added up: your terms are running sums; each is to be what one step wrote, and their sum is c_T
-     return xp.stack({{order.of}})
+     parts = parts[::-1]
+     return xp.stack([sum(parts[: k + 1]) for k in range(len(parts))]{{order.turn}})
added up from the end: your terms are sums from the last step on; each is to be what one step wrote
~     return xp.stack({{order.of}}) =>     return xp.stack([sum(parts[: k + 1]) for k in range(len(parts))]{{order.back}})
the memory at each step: these are the cell states c_0 to c_T; asked for is what each step has left in the last one
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     parts = [c_0]
+     for t in range(g.shape[0]):
+         parts.append(f[t, ...] * parts[-1] + i[t, ...] * g[t, ...])
+     return xp.stack(parts{{order.turn}})
what changed at each step: these are the changes c_t - c_{t-1}; they add up to c_T too, but a change also has what was forgotten of earlier steps
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     parts, c = [1 * c_0], c_0
+     for t in range(g.shape[0]):
+         parts.append((f[t, ...] - 1) * c + i[t, ...] * g[t, ...])
+         c = c + parts[-1]
+     return xp.stack(parts{{order.turn}})
divided by the sum: your terms were divided by their sum; they are to add up to c_T, not to 1
~     return xp.stack({{order.of}}) =>     return xp.stack({{order.of}}) / sum(parts)
lengths of the terms: your terms lost their signs; a step can lower the memory
~     return xp.stack({{order.of}}) =>     return xp.abs(xp.stack({{order.of}}))
gate and candidate added: your terms have i_t + g_t; step t wrote the product i_t g_t
~ left * i[t, ...] * g[t, ...] => left * (i[t, ...] + g[t, ...])
gates and candidates squashed again: your gates went through a sigmoid and your candidates through a tanh; the tape holds what came out of them, so take i, f and g as they are
-     parts, left = [], xp.ones_like(c_0)
+     i, f, g = sigmoid(i), sigmoid(f), xp.tanh(g)
+     parts, left = [], xp.ones_like(c_0)
gates squashed again: your gates went through a sigmoid; the tape holds what came out of it, between 0 and 1, so take i and f as they are
-     parts, left = [], xp.ones_like(c_0)
+     i, f = sigmoid(i), sigmoid(f)
+     parts, left = [], xp.ones_like(c_0)
terms squashed: your terms went through a tanh; that is for what is shown, and this is the cell state
~     return xp.stack({{order.of}}) =>     return xp.tanh(xp.stack({{order.of}}))
candidates squashed again: your candidates went through a tanh again; g is one already
~ left * i[t, ...] * g[t, ...] => left * i[t, ...] * xp.tanh(g[t, ...])
divided by a product: your terms are not numbers where a gate is exactly 0: a product of gates was divided by another, 0 / 0, or their logarithms subtracted; go backward, where nothing has to be divided
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     up_to = [f[0, ...]]
+     for t in range(1, g.shape[0]):
+         up_to.append(up_to[-1] * f[t, ...])
+     zero = up_to[-1] == 0
+     left = [up_to[-1] / (b + (b == 0)) + math.nan * (b == 0) for b in up_to]
+     parts = [a * i[t, ...] * g[t, ...] for t, a in enumerate(left)]
+     return xp.stack([up_to[-1] * c_0, *parts]{{order.turn}})
divided by a product and a little: your terms of the steps after a gate of exactly 0 are 0: a product of gates was divided by another, with a small number against 0 / 0; go backward, where nothing has to be divided
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     up_to = [f[0, ...]]
+     for t in range(1, g.shape[0]):
+         up_to.append(up_to[-1] * f[t, ...])
+     left = [up_to[-1] / (b + 1e-12) for b in up_to]
+     parts = [a * i[t, ...] * g[t, ...] for t, a in enumerate(left)]
+     return xp.stack([up_to[-1] * c_0, *parts]{{order.turn}})
a gate of zero passed over: gates of exactly 0 were left out of your products; such a gate clears all that was written before it
~ left = left * f[t, ...] => left = left * (f[t, ...] + (f[t, ...] == 0))
as many gates, but the first: your terms have as many gates as steps follow, but they are f_1 to f_{T-t}; what step t wrote meets f_{t+1} to f_T
~         left = left * f[t, ...] =>         left = left * f[g.shape[0] - 1 - t, ...]
one gate for all steps: your products take the last step's gate again and again; each step has a gate of its own
~ left = left * f[t, ...] => left = left * f[-1, ...]
mean gate: your products are powers of a unit's mean gate; the gate of each later step acts on a term
~ left = left * f[t, ...] => left = left * xp.mean(f, axis=0)
product of all entries: your products run over all sequences and units as well: a product along the steps alone has `axis=0`
~         left = left * f[t, ...] =>         left = left * xp.prod(f[t, ...])
product over the units: your products run over the units as well; each unit has gates of its own
~         left = left * f[t, ...] =>         left = left * xp.prod(f[t, ...], axis=-1, keepdims=True)
product over the batch: your products run over the sequences as well; each sequence has gates of its own
~         left = left * f[t, ...] =>         left = left * xp.prod(f[t, ...], axis=0, keepdims=True)
one array for all steps: your terms of the steps are all the same: one array was filled again and again, and the list holds that one T times; make a new one at each step
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
+     parts, left, term = [], xp.ones_like(c_0), xp.zeros_like(c_0)
+     for t in range(g.shape[0] - 1, -1, -1):
+         term[...] = left * i[t, ...] * g[t, ...]
+         parts.append(term)
one gate for all sequences: your products take the first sequence's gates for all; each sequence has its own
~ left = left * f[t, ...] => left = left * f[t, :1, ...]
c_0 in every term: your product begins with c_0, so that it is in all terms; it begins with 1, and c_0 comes in at the end
-     parts, left = [], xp.ones_like(c_0)
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
+     parts, left = [], 1 * c_0
+     for t in range(g.shape[0] - 1, -1, -1):
+         parts.append(left * i[t, ...] * g[t, ...])
+         left = left * f[t, ...]
+     parts.append(left)
weights turned round: your products are right and in the wrong order: the term of step 1 has no gates and that of step T has the most; turn them round before you multiply
-     for t in range(g.shape[0] - 1, -1, -1):
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
-     return xp.stack({{order.of}})
+     for t in range(g.shape[0]):
+         parts.append(left * i[t, ...] * g[t, ...])
+         left = left * f[g.shape[0] - 1 - t, ...]
+     return xp.stack([left * c_0, *parts]{{order.turn}})
power of its own gate: your terms have a power of the gate of their own step; the gate of each later step acts on a term, once
-         parts.append(left * i[t, ...] * g[t, ...])
+         own = f[t, ...] ** (g.shape[0] - 1 - t)
+         parts.append(own * i[t, ...] * g[t, ...])
shares of the lengths: your terms lost their signs and were divided by their sum; they are to add up to c_T
-     return xp.stack({{order.of}})
+     parts = xp.abs(xp.stack({{order.of}}))
+     return parts / xp.sum(parts, axis=0)
forget and input gate exchanged: you exchanged the two gates: f keeps what is there, and i lets the candidate in
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
+         parts.append(left * f[t, ...] * g[t, ...])
+         left = left * i[t, ...]
products of gates alone: your terms are the products of the forget gates; they are multiplied by c_0 and by what each step wrote, i_t g_t
-         parts.append(left * i[t, ...] * g[t, ...])
-         left = left * f[t, ...]
-     parts.append(left * c_0)
+         parts.append(left)
+         left = left * f[t, ...]
+     parts.append(left)
c_0 overwritten [arguments]: the numbers are right, but you wrote into the caller's c_0; make a new array
-     parts.append(left * c_0)
+     c_0 *= left
+     parts.append(c_0)
gates overwritten [arguments]: the numbers are right, but you wrote into the caller's f; make new arrays
-         left = left * f[t, ...]
+         f[t, ...] *= left
+         left = f[t, ...]
always float64 [hidden, dtype]: your result is float64 whatever came in; `xp.ones_like(c_0)` has the dtype of c_0
~ xp.ones_like(c_0) => xp.ones_like(c_0, dtype=xp.float64)
"""

# %% [markdown]
# ## Task 3: gates set by hand (4 points)
#
# *Core, about 25 minutes.*
#
# No number of a tanh cell's state can leave the range from -1 to 1; an LSTM's cell state can grow without bound, so an LSTM can **count**, and so can a ReLU cell (Weiss et al. 2018). Choose the weights of one that counts brackets. It has a single unit, and reads one-hot rows of five symbols: `(`, `)`, the line break, `?`, and any other character.
#
# - `(` raises c by {{pair.raises}}, and `)` lowers it by as much, below 0 too. `?` and other characters leave c as it is.
# - A line break clears c to 0.
# - At `?` the unit shows what it holds, $h = \tanh(c)$. At all other symbols $h = 0$.
# - Neither c nor h depends on what was shown before.
#
# `worth` lies between 0 and 1: with brackets worth 1, c would soon be so large that tanh(c) is 1 in all digits and no readout could read the count. The count has to hold over many symbols, so that a gate must be open or shut to the last digit: let the sum in front of its sigmoid be 40 or −40 (the chapter's *wired open*), *weights and biases together*.
#
# Return `Params(W_x, W_h, b_x, b_h)` of NumPy arrays in float64; the test moves them. Draw a table first: four gates, five symbols, and in each cell open, shut, or no matter.
#
# <details><summary>Hint 1</summary>
#
# With one-hot input, the sum in front of gate k at symbol s is `W_x[k, s]` plus the biases. So the table *is* `W_x`, row by row in the order i, f, g, o, and all else can be 0.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Input gate: open at brackets. Forget gate: shut at the line break alone. Output gate: open at `?` alone. If you use a bias, remember that it is added: 40 − 40 is 0, and a gate at 0 is half open.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The candidate is a tanh: with `a = math.atanh({{pair.it}})` at `(` and `-a` at `)`, it is {{pair.it}} and −{{pair.it}}.
# </details>


# %%
SYMBOLS = "()\n?"


def symbols(text):
    """One-hot rows of a text: (T, 1, 5)."""
    ids = [SYMBOLS.index(s) if s in SYMBOLS else 4 for s in text]
    return np.eye(5)[ids][:, None]


# %% solution="bracket_counter"
def bracket_counter(worth):
    """An LSTM of one unit whose c counts brackets.

    Shapes: worth a number -> params (W_x (4, 5); W_h (4, 1); b_x (4,); b_h (4,))
    """
    ### BEGIN SOLUTION
    a = math.atanh({{pair.it}})
    W_x = np.array(
        [
            [40.0, 40.0, -40.0, -40.0, -40.0],  # i
            [40.0, 40.0, -40.0, 40.0, 40.0],  # f
            [a, -a, 0.0, 0.0, 0.0],  # g
            [-40.0, -40.0, -40.0, 40.0, -40.0],  # o
        ]
    )
    b_x, b_h = np.zeros(4), np.zeros(4)
    W_h = np.zeros((4, 1))
    return Params(W_x, W_h, b_x, b_h)
    ### END SOLUTION


# %% [markdown]
# Try it: is the count read off h at `?` the number of brackets that are open?

# %%
text = "f(a(b?, c)?)? (\n? (((((((((((?"
y, _, _ = unroll(
    lstm_cell,
    move(Params(*bracket_counter(0.1))),
    move(symbols(text)),
    move(tuple(np.zeros((2, 1, 1)))),
)
for symbol, h in zip(text, to_numpy(y)[:, 0, 0], strict=True):
    if symbol == "?":
        print("open brackets:", round(math.atanh(h) / {{pair.tenth}}, 6))
print("by hand: 2, 1, 0, 0, 11")

# %% test="bracket_counter" points=4 whole="its result is one set of weights" explained="ch06_lstm: Three doors"
import numpy as np

from rnncore.backend import array_namespace
from rnncore.lstm import lstm_cell
from rnncore.rnn import Params, unroll
from rnncore.testing import (
    assert_close,
    assert_that,
    check,
    mover,
    observe,
    stored,
)

move = mover(device)
SHAPES = {"W_x": (4, 5), "W_h": (4, 1), "b_x": (4,), "b_h": (4,)}


def assert_weights(params):
    """W_x, W_h, b_x, b_h: float64 arrays of one unit and five symbols."""
    several = isinstance(params, tuple | list)
    got = f"{len(params)} values" if several else type(params).__name__
    due = "Params(W_x, W_h, b_x, b_h), or these four in a tuple"
    says = f"your answer: expected {due}, got {got}"
    assert_that(several and len(params) == 4, says)
    for (name, shape), a in zip(SHAPES.items(), params, strict=True):
        kind = type(a).__name__
        says = f"your {name}: expected"
        is_array = isinstance(a, np.ndarray)
        assert_that(is_array, f"{says} a NumPy array {shape}, got {kind}")
        assert_that(a.shape == shape, f"{says} {shape}, got {a.shape}")
        whole = " (whole numbers: write 40.0)" * (a.dtype.kind == "i")
        got = f"float64, got {a.dtype}{whole}"
        assert_that(a.dtype == np.float64, f"{says} {got}")
        got = "finite numbers: infinity times the 0 of a symbol is NaN"
        assert_that(bool(np.isfinite(a).all()), f"{says} {got}")
    back = float(params[1][2, 0])
    says = f"your W_h has {back:.3g} in the candidate's row: what was shown"
    assert_that(back == 0, f"{says} comes back into c; all of it can be 0")


def counting(worth, x, state):
    """c and h of all steps, with your weights."""
    params = move(Params(*bracket_counter(worth)))
    y, (_, c), tape = unroll(lstm_cell, params, x, state)
    before = [cache[5] for cache in tape.caches]
    return array_namespace(x).stack([*before[1:], c]), y


def read(rng, texts, worth):
    """Texts of one length, and a state that is not 0."""
    x = np.concatenate([symbols(text) for text in texts], axis=1)
    h_0, c_0 = rng.normal(size=(2, len(texts), 1))
    return {"worth": worth, "x": x, "state": (h_0, c_0)}


rng = np.random.default_rng(9)
texts = ["a((?b)", "?)?\n((", "(\n?.)?"]
visible = [
    move(read(rng, texts, {{pair.calm}})),
    move(read(rng, ["((.?)?\n?)?(("], {{pair.loud}})),
    move(read(rng, ["\n.?"], {{pair.far}})),
    move(read(rng, ["(." * 50 + "?" + "." * 400 + ")?"], 0.02)),
]
# a line break clears 100,000 too, to the last digit
visible[2]["state"] = move((np.zeros((1, 1)), np.full((1, 1), 1e5)))
answer = observe(bracket_counter, {"worth": 0.3})
if not answer.error:
    assert_weights(answer.result)
right = stored("bracket_counter")
check(counting, right, visible, outputs="c, h")
# by hand: of 200 brackets and 200 others, {{pair.each}}
many = move(read(rng, ["(." * 200], 0.01))
many["state"] = move(tuple(np.zeros((2, 1, 1))))
c, _ = counting(**many)
assert_close(
    "c after {{pair.many}} and 200 other characters",
    c[-1, 0, 0],
    {{pair.c}},
    why="is each gate open or shut to the last digit?",
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()


def counting_right(worth, x, state):
    params = move(Params(*reference_bracket_counter(worth)))
    y, (_, c), tape = unroll(lstm_cell, params, x, state)
    before = [cache[5] for cache in tape.caches]
    return array_namespace(x).stack([*before[1:], c]), y


def any_text(T):
    return "".join(rng.choice(list("()\n?.() "), size=T))


hidden = [
    move(read(rng, [any_text(T) for _ in range(B)], worth))
    for T, B, worth in [(40, 3, 0.2), (1, 5, 0.9), (200, 1, 0.05)]
]
check(counting, counting_right, hidden, outputs="c, h")
### END HIDDEN TESTS
print("Task 3 holds.")

# %% mistakes="bracket_counter"
r"""
rows g, i, f, o: your rows of W_x stand in the order g, i, f, o; the order is i, f, g, o
-     b_x, b_h = np.zeros(4), np.zeros(4)
+     W_x = W_x[[2, 0, 1, 3]]
+     b_x, b_h = np.zeros(4), np.zeros(4)
closing brackets counted as opening: your closing brackets raise c as well; at `)` the candidate is negative
~ [a, -a, 0.0, 0.0, 0.0],  # g => [a, a, 0.0, 0.0, 0.0],  # g
signs exchanged: your opening brackets lower c and your closing ones raise it; it is the other way round
~ [a, -a, 0.0, 0.0, 0.0],  # g => [-a, a, 0.0, 0.0, 0.0],  # g
closing brackets not counted: your closing brackets leave c as it is: the candidate is 0 or the input gate shut there; they lower c by {{pair.is}}
~ [a, -a, 0.0, 0.0, 0.0],  # g => [a, 0.0, 0.0, 0.0, 0.0],  # g
opening brackets not counted: your opening brackets leave c as it is: the candidate is 0 or the input gate shut there; they raise c by {{pair.is}}
~ [a, -a, 0.0, 0.0, 0.0],  # g => [0.0, -a, 0.0, 0.0, 0.0],  # g
line break keeps: your line break leaves c as it is; the forget gate has to shut there
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, 40.0, 40.0, 40.0],  # f
line break clears half: your line break leaves half of c: the forget gate's sum is 0 there, as when a bias of 40 meets a weight of -40; a gate at 0 is half open
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, 0.0, 40.0, 40.0],  # f
kept at brackets alone: your forget gate is open at brackets alone, so that c is cleared at `?` and at other characters (is that the input gate's row? the order is i, f, g, o); it shuts at the line break alone
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, -40.0, -40.0, -40.0],  # f
other characters clear: other characters clear your c; they leave it as it is
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, -40.0, 40.0, -40.0],  # f
cleared at the question, kept at the line break: your forget gate shuts at `?` and not at the line break; its columns are (, ), line break, ?, other
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, 40.0, -40.0, 40.0],  # f
cleared once shown: your c is cleared at `?`; what is shown stays in the memory
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, -40.0, -40.0, 40.0],  # f
brackets overwrite: your forget gate is shut at brackets, so that each one overwrites the count (as where i = 1 - f); old and new are added: f is open there
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [-40.0, -40.0, -40.0, 40.0, 40.0],  # f
opening brackets overwrite: your opening brackets overwrite the count: the forget gate is shut there; old and new are added
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [-40.0, 40.0, -40.0, 40.0, 40.0],  # f
closing brackets overwrite: your closing brackets overwrite the count: the forget gate is shut there; old and new are added
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, -40.0, -40.0, 40.0, 40.0],  # f
closing brackets clear: your closing brackets clear c: input and forget gate are shut there; they lower it by {{pair.is}}, below 0 too
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [40.0, -40.0, -40.0, -40.0, -40.0],  # i
+             [40.0, -40.0, -40.0, 40.0, 40.0],  # f
forget gate inverted: your forget gate is shut everywhere but at the line break; an open forget gate (1) keeps
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [-40.0, -40.0, 40.0, -40.0, -40.0],  # f
always clears: your forget gate is shut at all symbols, so that c knows of the last one alone; an open forget gate keeps
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [-40.0, -40.0, -40.0, -40.0, -40.0],  # f
forget gate left at zero: your forget gate's sums are 0, so that half of c is lost at every symbol
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [0.0, 0.0, 0.0, 0.0, 0.0],  # f
half kept where it should be all: your forget gate's sum is 0 where it should keep: half of c is lost at every symbol but the line break
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [0.0, 0.0, -40.0, 0.0, 0.0],  # f
kept only where the bias stands alone: your forget gate is half open at brackets; it is to be open there, and shut at the line break alone
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [0.0, 0.0, -40.0, 40.0, 40.0],  # f
cleared everywhere but at brackets by halves: half of your c is lost at `?` and at other characters: the forget gate's sum is 0 there
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [40.0, 40.0, -40.0, 0.0, 0.0],  # f
coupled gates: your forget gate is open where the input gate is shut: brackets overwrite the count, and the line break keeps it; each gate has weights of its own
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [-40.0, -40.0, 40.0, 40.0, 40.0],  # f
bias against weight: in all three gates your weights and biases cancel where a gate is to change sides, as 40 and -40 do: the sum is 0, half open; the weight and both biases are added
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
-             [-40.0, -40.0, -40.0, 40.0, -40.0],  # o
+             [0.0, 0.0, -40.0, -40.0, -40.0],  # i
+             [40.0, 40.0, 0.0, 40.0, 40.0],  # f
+             [a, -a, 0.0, 0.0, 0.0],  # g
+             [-40.0, -40.0, -40.0, 0.0, -40.0],  # o
forget gates of one: your forget gate's open sum is 1: it keeps 73 % a step; the count has to hold, so let the sum be 40
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [1.0, 1.0, -40.0, 1.0, 1.0],  # f
forget bias of five: your forget gate's open sum is 5: it keeps 99.3 % a step, and the count fades; let the sum be 40
~ [40.0, 40.0, -40.0, 40.0, 40.0],  # f => [5.0, 5.0, -40.0, 5.0, 5.0],  # f
input gate half open: your brackets are worth half of {{pair.due_of}}: is the input gate's sum 0 there, as when a bias of -40 meets a weight of 40, or the candidate half of worth?
~ [40.0, 40.0, -40.0, -40.0, -40.0],  # i => [0.0, 0.0, -40.0, -40.0, -40.0],  # i
input gate of one: your input gate's open sum is 1, so that it lets 73 % of the candidate in; let the sum be 40
~ [40.0, 40.0, -40.0, -40.0, -40.0],  # i => [1.0, 1.0, -40.0, -40.0, -40.0],  # i
input gate of five: your input gate's open sum is 5, so that it lets 99.3 % of the candidate in; let the sum be 40
~ [40.0, 40.0, -40.0, -40.0, -40.0],  # i => [5.0, 5.0, -40.0, -40.0, -40.0],  # i
nothing written: your brackets do not change c: the input gate is shut there
~ [40.0, 40.0, -40.0, -40.0, -40.0],  # i => [-40.0, -40.0, -40.0, -40.0, -40.0],  # i
candidate not undone: your candidate is tanh({{pair.it}}): you put {{pair.it}} in front of the tanh; undo the tanh with math.atanh
~ a = math.atanh({{pair.it}}) => a = {{pair.it}}
worth of one: your brackets are worth 1: the candidate is at its bound; they are worth {{pair.due}}
~ a = math.atanh({{pair.it}}) => a = 40.0
candidate of one before the tanh: your brackets are worth tanh(1), about 0.76; they are worth {{pair.due}}
~ a = math.atanh({{pair.it}}) => a = 1.0
undone as a sigmoid: you undid a sigmoid for the candidate, ln(worth / (1 - worth)); it is a tanh: math.atanh
~ a = math.atanh({{pair.it}}) => a = math.log({{pair.it}} / (1 - {{pair.it}}))
tanh for atanh: your candidate is tanh(tanh(worth)): you took the tanh of worth where its inverse is needed, math.atanh
~ a = math.atanh({{pair.it}}) => a = math.tanh({{pair.it}})
tangent for inverse: you took the inverse of tan, math.atan; the candidate is a tanh, so it is math.atanh
~ a = math.atanh({{pair.it}}) => a = math.atan({{pair.it}})
worth in both: your brackets are worth worth², and worth is asked for: is it squared, or does the input gate hold the factor as well as the candidate?
~ [40.0, 40.0, -40.0, -40.0, -40.0],  # i => [math.log(worth / (1 - worth))] * 2 + [-40.0, -40.0, -40.0],  # i
worth of a tenth: your brackets are worth 0.1 whatever `worth` is; the cell that tries it asks for 0.1, the test for others
~ a = math.atanh({{pair.it}}) => a = math.atanh(0.1)
one over tanh: your candidate's sum is 1 / tanh(worth); the inverse function of tanh is no reciprocal: math.atanh
~ a = math.atanh({{pair.it}}) => a = 1 / math.tanh({{pair.it}})
half forgotten: your candidate's sum is 2 atanh(worth), which is ln((1 + worth) / (1 - worth)); atanh is half of that
~ a = math.atanh({{pair.it}}) => a = math.log((1 + {{pair.it}}) / (1 - {{pair.it}}))
hyperbolic sine for tangent: your candidate's sum is asinh(worth); it is a tanh that is undone, by math.atanh
~ a = math.atanh({{pair.it}}) => a = math.asinh({{pair.it}})
input gate by atanh: your input gate's sum is atanh(worth); a gate is a sigmoid, undone by ln(worth / (1 - worth)); or let the gate be open and the candidate be worth
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+ [a, a, -40.0, -40.0, -40.0],  # i
+ [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+ [40.0, -40.0, 0.0, 0.0, 0.0],  # g
one over worth: your candidate is tanh({{pair.over}}); its sum is math.atanh({{pair.it}})
~ a = math.atanh({{pair.it}}) => a = {{pair.over}}
other characters counted as opening: other characters raise your c as opening brackets do; they leave it as it is
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, -40.0, -40.0, 40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, 0.0, 0.0, a],  # g
other characters counted as closing: other characters lower your c as closing brackets do; they leave it as it is
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, -40.0, -40.0, 40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, 0.0, 0.0, -a],  # g
all but an opening bracket lowers: all symbols but `(` lower your c, the line break and `?` too; only `)` does
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0] * 5,  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, -a, -a, -a],  # g
all but a closing bracket raises: all symbols but `)` raise your c, the line break and `?` too; only `(` does
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0] * 5,  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, a, a, a],  # g
question counted: your c is raised at `?` as well: asking leaves it as it is
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, -40.0, 40.0, -40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, 0.0, a, 0.0],  # g
line break lowers: your line break lowers c instead of clearing it: it is the forget gate that clears, by shutting
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, 40.0, -40.0, -40.0],  # i
+             [40.0] * 5,  # f
+             [a, -a, -a, 0.0, 0.0],  # g
line break clears to minus 0.76: after your line break c is tanh(-1), not 0: a candidate was written there while the forget gate cleared
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, 40.0, -40.0, -40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, -1.0, 0.0, 0.0],  # g
line break clears to minus one: after your line break c is -1, not 0: a candidate was written there while the forget gate cleared
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, 40.0, -40.0, -40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, -40.0, 0.0, 0.0],  # g
always shown: your h shows c at all symbols; the output gate opens at `?` alone
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [40.0, 40.0, 40.0, 40.0, 40.0],  # o
never shown: your h is 0 at `?` as well; the output gate opens there
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, -40.0, -40.0, -40.0, -40.0],  # o
shown everywhere else: your output gate is shut at `?` and open at all other symbols; it is the other way round
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [40.0, 40.0, 40.0, -40.0, 40.0],  # o
output gate half open: your h at `?` is half of tanh(c): the output gate's sum is 0 there, as when a bias of -40 meets a weight of 40
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, -40.0, -40.0, 0.0, -40.0],  # o
half shown elsewhere: your h is half of tanh(c) where it is to be 0: the output gate's sum is 0 there, and a gate at 0 is half open; let it be -40
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [0.0, 0.0, 0.0, 40.0, 0.0],  # o
output gate left at zero: your h is half of tanh(c) at every symbol: the output gate's sums are 0; it is open at `?` and shut elsewhere
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [0.0, 0.0, 0.0, 0.0, 0.0],  # o
output gate of one: your output gate's open sum is 1, so that it shows 73 % of tanh(c); let the sum be 40
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, -40.0, -40.0, 1.0, -40.0],  # o
output gate of five: your output gate's open sum is 5, so that it shows 99.3 % of tanh(c); let the sum be 40
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, -40.0, -40.0, 5.0, -40.0],  # o
shown at opening brackets: your h also shows c at `(`; the output gate opens at `?` alone
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [40.0, -40.0, -40.0, 40.0, -40.0],  # o
shown at closing brackets: your h also shows c at `)`; the output gate opens at `?` alone
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, 40.0, -40.0, 40.0, -40.0],  # o
shown at brackets: your h also shows c at brackets; the output gate opens at `?` alone
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [40.0, 40.0, -40.0, 40.0, -40.0],  # o
shown at others too: your h also shows c at other characters; the output gate opens at `?` alone
~ [-40.0, -40.0, -40.0, 40.0, -40.0],  # o => [-40.0, -40.0, -40.0, 40.0, 40.0],  # o
line break and question exchanged: your c is cleared at `?` and kept at the line break: their columns are exchanged; the order is (, ), line break, ?, other
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[:, [0, 1, 3, 2, 4]]
+     return Params(W_x, W_h, b_x, b_h)
question and other exchanged: your output gate opens at other characters, not at `?`; the columns stand in the order (, ), line break, ?, other
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[:, [0, 1, 2, 4, 3]]
+     return Params(W_x, W_h, b_x, b_h)
line break and other exchanged: you exchanged the columns of the line break and of other characters; the order is (, ), line break, ?, other
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[:, [0, 1, 4, 3, 2]]
+     return Params(W_x, W_h, b_x, b_h)
other characters first: your columns begin with that of other characters; the order is (, ), line break, ?, other
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[:, [4, 0, 1, 2, 3]]
+     return Params(W_x, W_h, b_x, b_h)
reshaped for transposed: your table has a row for each symbol and was brought to (4, 5) by reshape, which mixes the symbols; `.T` makes rows of columns
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x.T.reshape(4, 5)
+     return Params(W_x, W_h, b_x, b_h)
rows i, f, o, g: you put the output gate's row before the candidate's, i, f, o, g; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[[0, 1, 3, 2]]
+     return Params(W_x, W_h, b_x, b_h)
rows i, g, f, o: you put the candidate's row before the forget gate's, i, g, f, o; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[[0, 2, 1, 3]]
+     return Params(W_x, W_h, b_x, b_h)
rows f, i, o, g: you put the rows in the order f, i, o, g; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[[1, 0, 3, 2]]
+     return Params(W_x, W_h, b_x, b_h)
rows i, o, f, g: you put the rows in the order i, o, f, g; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[[0, 3, 1, 2]]
+     return Params(W_x, W_h, b_x, b_h)
rows i, o, g, f: you exchanged the rows of forget and output gate; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[[0, 3, 2, 1]]
+     return Params(W_x, W_h, b_x, b_h)
rows o, g, f, i: you put the rows in the order o, g, f, i, the last first; the order is i, f, g, o
-     return Params(W_x, W_h, b_x, b_h)
+     W_x = W_x[::-1].copy()
+     return Params(W_x, W_h, b_x, b_h)
gates of twenty: your line break leaves 2 parts in 10⁹ of c: the forget gate's sum is -20 there; to the last digit a gate is shut at -40 and open at 40, and so for all three
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] /= 2
+     return Params(W_x, W_h, b_x, b_h)
gates of ten: your gates' sums are 10 in size, so that each gate lacks 0.00005 to open or shut; over many symbols the count drifts: let them be 40
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] /= 4
+     return Params(W_x, W_h, b_x, b_h)
gates of five: your gates' sums are 5 in size: 0.7 % is lost at every step, and as much leaks through a shut gate; let them be 40
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] /= 8
+     return Params(W_x, W_h, b_x, b_h)
gates of one: your gates' sums are 1 in size: an open gate lets 73 % through and a shut one 27 %; let them be 40
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] /= 40
+     return Params(W_x, W_h, b_x, b_h)
ones and zeros: your sums are 1 for an open gate and 0 for a shut one; they stand in front of a sigmoid: 0 is half open. Take 40 and -40
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] = W_x[[0, 1, 3]] > 0
+     return Params(W_x, W_h, b_x, b_h)
all zeros: your weights are all 0, so that each gate is half open and the candidate 0
~     return Params(W_x, W_h, b_x, b_h) =>     return Params(0 * W_x, W_h, b_x, b_h)
forty and zero: your shut gates have the sum 0, and a gate at 0 is half open; a shut gate has -40
-     return Params(W_x, W_h, b_x, b_h)
+     W_x[[0, 1, 3]] *= W_x[[0, 1, 3]] > 0
+     return Params(W_x, W_h, b_x, b_h)
shown fed back to the output gate: after a `?` your h is shown again: your W_h is not 0 in the output gate's row; all of it can be 0
~ W_h = np.zeros((4, 1)) => W_h = np.array([[0.0], [0.0], [0.0], [400.0]])
shown fed back to the forget gate: after a `?` your c depends on what was shown: your W_h is not 0 in the forget gate's row; all of it can be 0
~ W_h = np.zeros((4, 1)) => W_h = np.array([[0.0], [400.0], [0.0], [0.0]])
biases as drawn: your biases are those that init_params draws, and the sums have them as well; set them to 0, or take them off the weights
~ b_x, b_h = np.zeros(4), np.zeros(4) => b_x, b_h = init_params(np.random.default_rng(0), 5, 1, 4)[2:]
candidate biased: your candidate has a bias: then opening and closing brackets do not weigh the same
~ b_x, b_h = np.zeros(4), np.zeros(4) => b_x, b_h = np.array([0, 0, a, 0]), np.zeros(4)
gates half open: with 4 a gate is open to 98 percent, and what it forgets adds up; 40 is as good as fully open
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
-             [-40.0, -40.0, -40.0, 40.0, -40.0],  # o
+             [4.0, 4.0, -4.0, -4.0, -4.0],  # i
+             [4.0, 4.0, -4.0, 4.0, 4.0],  # f
+             [a, -a, 0.0, 0.0, 0.0],  # g
+             [-4.0, -4.0, -4.0, 4.0, -4.0],  # o
each worth twice as much: a bracket changes c by twice what it is worth
~     a = math.atanh({{pair.it}}) =>     a = math.atanh(min(0.999, {{pair.twice}}))
question mark counts: the question mark takes one off; it changes nothing in c
-             [40.0, 40.0, -40.0, -40.0, -40.0],  # i
-             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
-             [a, -a, 0.0, 0.0, 0.0],  # g
+             [40.0, 40.0, -40.0, 40.0, -40.0],  # i
+             [40.0, 40.0, -40.0, 40.0, 40.0],  # f
+             [a, -a, 0.0, -a, 0.0],  # g
"""

# %% [markdown]
# ## Task 4: a clock for each unit (4 points)
#
# *Extra, about 30 minutes.*
#
# With nothing coming in, a forget gate with bias b keeps $\sigma(b)^n$ of a memory over n steps. Where the lags of a task are many, or unknown, **chrono initialisation** (Tallec and Ollivier 2018) gives the units different biases from the start. It draws them at random; here they are spread evenly. `spread_clocks` is given an LSTM's
# `params`, and the shortest and the longest half-life, in steps. Work out the biases with a pencil first:
#
# - Cut the chapter's ruler, on which equal distances are equal *factors*, into H equal pieces from `shortest` to `longest`. Unit k, counted from 0, has the half-life {{place.text}} of piece k, and its **forget gate** keeps exactly a half over it, if input and hidden state send nothing.
# - Its **input gate** is opened just so far that the memory comes to rest at $c = g$ if the candidate $g$ is the same at every step. (A slow unit must write little, or it piles up.)
# - The loop adds $b_x$ and $b_h$. So the two gates' biases go into their blocks of `b_x`, and the same two blocks of `b_h` are 0. All else stays as it was: both matrices, and both biases of candidate and output gate.
#
# It has to be right in float32, too: at a half-life of 100,000 steps the gate is 0.999993, and in float32 its distance from 1 has only two digits left.
#
# <details><summary>Hint 1</summary>
#
# Three questions, one after the other: which half-lives n, (H,)? Which forget gate f keeps a half over n, and which b has σ(b) = f? And at rest c = f c + i g: which i makes that c = g, and how is its bias related to that of f?
# </details>
#
# <details><summary>Hint 2</summary>
#
# The {{place.what}} of piece k lies at the share ({{place.tex}}) / H of the ruler, so n is shortest times (longest / shortest) to that power. At rest i = 1 - f, and 1 - σ(b) = σ(-b).
# </details>
#
# <details><summary>Hint 3</summary>
#
# f = 2^(-1/n), so b = ln(f / (1 - f)) = -ln(2^(1/n) - 1). The function `xp.expm1(z)` computes e^z - 1 without loss of digits; here z = ln 2 / n. The blocks are i, f, g, o: slices of `params.b_x`, joined by `xp.concat`, and `params._replace(b_x=..., b_h=...)`.
# </details>


# %% solution="spread_clocks"
def spread_clocks(params, shortest, longest):
    """The same LSTM, its forget and input biases set for given half-lives.

    Shapes: params (W_x (4*H, D); W_h (4*H, H); b_x (4*H,); b_h (4*H,));
        shortest, longest numbers -> params
    """
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)  # 0, 1, ..., H - 1
    ### BEGIN SOLUTION
    n = shortest * (longest / shortest) ** ({{place.of}} / H)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_x = xp.concat([-b_f, b_f, params.b_x[2 * H :]])
    b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]])
    return params._replace(b_x=b_x, b_h=b_h)
    ### END SOLUTION


# %% [markdown]
# Try it: four units, from 1 to 10,000 steps. A memory of 1 is left alone for 100 steps, and one of 0 is shown a candidate of 1 at each. Which units still know the first, and which have learnt the second?

# %%
layer = init_params(np.random.default_rng(0), 1, 4, 4)
layer = spread_clocks(move(layer), 1.0, 10_000.0)
i, f, _, _ = gates(sigmoid(layer.b_x + layer.b_h), 4)
kept, written = 1.0 + 0 * f, 0.0 * f
for _ in range(100):
    kept, written = f * kept, f * written + i
print("left after 100 steps:", to_numpy(kept).round(3))
print("written by then:     ", to_numpy(written).round(3))

# %% test="spread_clocks" points=4 explained="ch06_lstm: A forget gate is a time constant"
import numpy as np

from rnncore.rnn import Params, init_params
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "b_x of f, b_x of i, b_x of g and o, b_h, W_x, W_h"


def blocks(params, shortest, longest):
    """The parts of your result, the forget gate's first."""
    params = Params(*spread_clocks(params, shortest, longest))
    H, b_x = params.W_h.shape[1], params.b_x
    parts = b_x[H : 2 * H], b_x[:H], b_x[2 * H :]
    return (*parts, params.b_h, params.W_x, params.W_h)


def untrained(rng, D, H, shortest, longest):
    """An LSTM as it comes, both biases at random."""
    params = init_params(rng, D, H, 4)
    b_x, b_h = rng.uniform(-1, 1, size=(2, 4 * H))
    params = params._replace(b_x=b_x, b_h=b_h)
    return dict(params=params, shortest=shortest, longest=longest)


rng = np.random.default_rng(6)
sizes = [(2, 3, 1.5, 40.0), (1, 2, 0.6, 4.0), (3, 4, 2.0, 1000.0)]
visible = move([untrained(rng, *size) for size in sizes])
right = stored("spread_clocks")
check(blocks, right, visible, outputs=OUTPUTS, by=properties)
with properties("dtype"):
    slow = move(untrained(rng, 1, 3, 5e4, 4e5), "float32")
    assert_close(
        "b_x of f in float32, for 50,000 to 400,000 steps",
        blocks(**slow)[0],
        np.array({{place.b}}),
        why="1 - f has lost its digits there: is it computed by expm1?",
    )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def right_blocks(params, shortest, longest):
    params = reference_spread_clocks(params, shortest, longest)
    H, b_x = params.W_h.shape[1], params.b_x
    parts = b_x[H : 2 * H], b_x[:H], b_x[2 * H :]
    return (*parts, params.b_h, params.W_x, params.W_h)


hidden = hidden_inputs(
    untrained,
    [(1, 1, 3.0, 12.0), (2, 5, 0.7, 90.0), (4, 3, 5e4, 5e5)],
    device,
)
check(blocks, right_blocks, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="spread_clocks"
r"""
a third for a half: this is the time until 1/e is left, about 37 %; a half-life asks for a half
~ math.log(2) / n => 1 / n
power upside down: you took a half to the power n for the gate; the gate to the power n is a half, so f = 2^(-1/n)
~ math.log(2) / n => math.log(2) * n
evenly in steps: your half-lives are the same number of steps apart; equal pieces of the ruler are equal factors
~ n = shortest * (longest / shortest) ** ({{place.of}} / H) => n = shortest + (longest - shortest) * {{place.of}} / H
evenly in rates: the inverses of your half-lives are evenly spread; equal pieces of the ruler are equal factors
~ n = shortest * (longest / shortest) ** ({{place.of}} / H) => n = 1 / (1 / shortest + (1 / longest - 1 / shortest) * {{place.of}} / H)
middle in steps: your half-lives lie in the middle of their pieces in steps; {{place.steps}}
- n = shortest * (longest / shortest) ** ({{place.of}} / H)
+ ratio = (longest / shortest) ** (1 / H)
+     n = shortest * ratio**k * (1 + ratio) / 2
evenly in biases: your forget biases are evenly spread, from that of the shortest half-life to that of the longest; on the ruler the half-lives are
-     b_f = -xp.log(xp.expm1(math.log(2) / n))
+     low, high = (
+         -math.log(math.expm1(math.log(2) / m)) for m in (shortest, longest)
+     )
+     b_f = low + (high - low) * {{place.of}} / H
from end to end: your first unit has the shortest half-life and your last the longest; each has the {{place.what}} of its piece, at ({{place.tex}}) / H
~ {{place.of}} / H => k / max(H - 1, 1)
left ends: your units have the left ends of their pieces; the {{place.what}} of piece k lies at ({{place.tex}}) / H
~ {{place.of}} / H => k / H
{{place.odd_name}}: your units have the {{place.odd_name}} of their pieces; counted from 0, the {{place.what}} of piece k lies at ({{place.tex}}) / H
~ {{place.of}} / H => {{place.odd}} / H
one further: your unit k has a place further right than the {{place.what}} of its piece; k is counted from 0, so the {{place.what}} lies at ({{place.tex}}) / H
~ {{place.of}} / H => {{place.next}} / H
inner points: you cut the ruler into H + 1 pieces and took the points between them; with H pieces, unit k has the {{place.what}} of its own, at ({{place.tex}}) / H
~ {{place.of}} / H => (k + 1) / (H + 1)
slowest first: your first unit has the longest half-life; the pieces are counted from the shortest
~ shortest * (longest / shortest) ** ({{place.of}} / H) => longest * (shortest / longest) ** ({{place.of}} / H)
one clock for all: all your units have one half-life; each has that of its own piece
~ ({{place.of}} / H) => (0 * k + 0.5)
shortest forgotten: your half-lives do not begin at the shortest; the power is multiplied by it
~ n = shortest * (longest => n = (longest
ratio forgotten: you raised the longest half-life to the power; from `shortest`, the whole ruler is the factor longest / shortest
~ (longest / shortest) ** ( => longest ** (
chrono's own rule: this is ln(n - 1), by which chrono initialisation makes n a time constant, roughly; here f to the power n is exactly a half
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.log(xp.abs(n - 1))
logarithm of the half-life: this is ln n, the bias of a gate at 1 - 1 / (n + 1); here f to the power n is exactly a half
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.log(n)
the ruler's rule of thumb: you turned the chapter's approximation round, n = 0.7 (e^b + 1/2); here f to the power n is exactly a half
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.log(xp.abs(n / 0.7 - 0.5))
the ruler's approximation: you turned an approximation round, n = ln 2 (e^b + 1/2); it is off for short half-lives, and here f to the power n is exactly a half
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.log(xp.abs(n / math.log(2) - 0.5))
without minus one: you solved e^(-b) = 2^(1/n); from f = 1 / (1 + e^(-b)) it is 1 + e^(-b) that equals 2^(1/n)
~ xp.log(xp.expm1(math.log(2) / n)) => xp.log(xp.exp(math.log(2) / n))
straight line for a power: this is the bias of a gate at 1 - 1 / (2 n); a memory fades by a factor a step, not by an amount: f to the power n is a half
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.log(xp.abs(2 * n - 1))
gate for bias: you put the gate's value in the place of its bias; undo the sigmoid
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = 2 ** (-1 / n)
inverse of tanh: you undid a tanh; the gate is a sigmoid, and its inverse is ln(f / (1 - f))
~ b_f = -xp.log(xp.expm1(math.log(2) / n)) => b_f = xp.atanh(2 ** (-1 / n))
base two: you took the logarithm to base 2; the sigmoid is made with e, so its inverse takes the natural one
~ -xp.log(xp.expm1 => -xp.log2(xp.expm1
forget and input gate exchanged: your forget gate has the input gate's bias and the other way round, by a sign or by the order of the blocks: the larger its bias the more is kept, and the order is i, f, g, o
~ [-b_f, b_f, params => [b_f, -b_f, params
sign of the forget gate: your forget gate has the bias of 1 - f, so slow units forget fast; the larger its bias, the more is kept
~ [-b_f, b_f, params => [-b_f, -b_f, params
both alike: your input gate has the forget gate's bias; then c comes to rest at g f / (1 - f), and a slow unit piles up
~ [-b_f, b_f, params => [b_f, b_f, params
input gate left alone: you left the input gate's bias as it was; c comes to rest at g only if i = 1 - f
~ xp.concat([-b_f, b_f, => xp.concat([params.b_x[:H], b_f,
input gate at a half: your input gate has the bias 0, so it is half open; c comes to rest at g only if i = 1 - f
~ xp.concat([-b_f, b_f, => xp.concat([0 * b_f, b_f,
input gate wide open: your input gate is nearly 1; c comes to rest at g only if i = 1 - f
~ xp.concat([-b_f, b_f, => xp.concat([0 * b_f + 10, b_f,
value of the input gate: you put 1 - f itself in the place of the input gate's bias; its bias is what the sigmoid makes 1 - f from
~ xp.concat([-b_f, b_f, => xp.concat([1 - 2 ** (-1 / n), b_f,
logarithm without the odds: you took ln(1 - f) for the input gate's bias; the inverse of the sigmoid at 1 - f is ln((1 - f) / f)
~ xp.concat([-b_f, b_f, => xp.concat([xp.log(1 - 2 ** (-1 / n)), b_f,
one minus the bias: you took 1 - b for the input gate's bias; it is the gate that is 1 - f, and its bias is -b
~ xp.concat([-b_f, b_f, => xp.concat([1 - b_f, b_f,
in both biases: you put the biases into b_x and b_h, and the loop adds the two: every half-life is far off
~ [0 * b_f, 0 * b_f, params => [-b_f, b_f, params
b_h left alone: the first half of your b_h is as it was; the loop adds it to b_x, so it has to be 0
~ xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]]) => params.b_h + 0
all of b_h emptied: your b_h is 0 for candidate and output gate as well; those stay as they were
~ [0 * b_f, 0 * b_f, params.b_h[2 * H :]] => [0 * params.b_h]
in b_h alone: your biases are in b_h, and b_x is 0 there; they go into b_x
-     b_x = xp.concat([-b_f, b_f, params.b_x[2 * H :]])
-     b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]])
+     b_x = xp.concat([0 * b_f, 0 * b_f, params.b_x[2 * H :]])
+     b_h = xp.concat([-b_f, b_f, params.b_h[2 * H :]])
half in each: you put half of each bias into b_x and half into b_h; the sum is right, but all of it goes into b_x
-     b_x = xp.concat([-b_f, b_f, params.b_x[2 * H :]])
-     b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]])
+     b_x = xp.concat([-b_f / 2, b_f / 2, params.b_x[2 * H :]])
+     b_h = xp.concat([-b_f / 2, b_f / 2, params.b_h[2 * H :]])
what b_h lacks: you left b_h as it was and made up for it in b_x; the sum is right, but b_h is to be 0 there
-     b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]])
+     b_h = params.b_h + 0
+     b_x = b_x - xp.concat([b_h[: 2 * H], 0 * b_h[2 * H :]])
added to what was there: you added the biases to those that were in b_x; they take their place
~ [-b_f, b_f, params.b_x[2 * H :]] => [params.b_x[:H] - b_f, params.b_x[H : 2 * H] + b_f, params.b_x[2 * H :]]
candidate and output gate emptied: your b_x is 0 for candidate and output gate; those stay as they were
~ b_f, params.b_x[2 * H :]] => b_f, 0 * params.b_x[2 * H :]]
gates interleaved: you set every fourth entry, as if the four gates of a unit stood side by side; the gates stand in blocks of H
-     b_x = xp.concat([-b_f, b_f, params.b_x[2 * H :]])
-     b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H :]])
+     b_x, b_h = params.b_x + 0, params.b_h + 0
+     b_x[0::4], b_x[1::4] = -b_f, b_f
+     b_h[0::4], b_h[1::4] = 0 * b_f, 0 * b_f
order i, f, o, g: you exchanged the biases of candidate and output gate; nothing of these two changes
~ b_f, params.b_x[2 * H :]] => b_f, params.b_x[3 * H :], params.b_x[2 * H : 3 * H]]
output gate for the input gate: you set the output gate's bias, not the input gate's; the order is i, f, g, o
~ [-b_f, b_f, params.b_x[2 * H :]] => [params.b_x[:H], b_f, params.b_x[2 * H : 3 * H], -b_f]
output gate too: your output gate has the input gate's bias; nothing of candidate and output gate changes
~ b_f, params.b_x[2 * H :]] => b_f, params.b_x[2 * H : 3 * H], -b_f]
weights emptied: your W_h is 0, so that no gate sees h any more; only biases are set
~ params._replace(b_x=b_x, b_h=b_h) => params._replace(b_x=b_x, b_h=b_h, W_h=0 * params.W_h)
b_x in place [arguments]: the numbers are right, but you changed the caller's b_x in place; make a new array
-     return params._replace(b_x=b_x, b_h=b_h)
+     params.b_x[:] = b_x
+     return params._replace(b_h=b_h)
digits lost [hidden, dtype]: 1 - f was computed from an f that float32 had rounded: near 1 it has few digits left; use expm1
~ -xp.log(xp.expm1(math.log(2) / n)) => -xp.log(2 ** (1 / n) - 1)
"""

# %% [markdown]
# ## Task 5: gates that ignore h, on the way back (3 points)
#
# *Extra, about 15 minutes.*
#
# The LSTM of 1997, which had no forget gate yet, was not trained with the full gradient. What would have gone back through the gates into h was cut, to keep the carousel the only long road. Write such a vjp: forward nothing changes, and of the exact vjp everything
# stays **except** that no gradient leaves the three gates through $a_h$. The candidate's block still goes back. (In 1997 it was cut as well; we leave it, to see what the gates alone carry. The weights' gradient is cut too, where it is made of $\mathrm{d}a_h$; the experiment looks at what reaches the input.)
#
# <details><summary>Hint 1</summary>
#
# d_a_x stays as it is. d_a_h is a new array in which three of four blocks are 0.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `gates(d_a_h, 4)` takes the blocks apart, in the order i, f, g, o.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `nothing = xp.zeros_like(d_g)`, then `xp.concat([nothing, nothing, d_g, nothing], axis=-1)`.
# </details>


# %% solution="vjp_without_gates"
def vjp_without_gates(d_state, cache):
    """The vjp of `lstm_cell`, less what the gates send to h.

    Shapes: d_state ((B, H), (B, H))
        -> d_a_x (B, 4*H); d_a_h (B, 4*H); d_state
    """
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    ### BEGIN SOLUTION
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past
    ### END SOLUTION


# %% [markdown]
# Try it: which of the four blocks of d_a_h is left?

# %%
rng = np.random.default_rng(0)
layer, x = move(init_params(rng, 2, 1, 4)), move(rng.normal(size=(1, 1, 2)))
_, state, tape = unroll(
    lstm_cell, layer, x, move(tuple(np.ones((2, 1, 1))))
)
_, d_a_h, _ = vjp_without_gates(state, tape.caches[0])
print("d_a_h:", to_numpy(d_a_h).round(4))

# %% test="vjp_without_gates" points=3 explained="ch06_lstm: The carousel"
import numpy as np

from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "d_a_x, d_a_h, d_state"


def lstm_cache(rng, B, H):
    i, f, o = 1 / (1 + np.exp(-rng.normal(size=(3, B, H))))
    g, c_before = np.tanh(rng.normal(size=(B, H))), rng.normal(size=(B, H))
    tanh_c = np.tanh(f * c_before + i * g)
    return {
        "d_state": tuple(rng.normal(size=(2, B, H))),
        "cache": (i, f, g, o, tanh_c, c_before),
    }


visible = move(lstm_cache(np.random.default_rng(4), 3, 2))


def a_h_first(*args):
    d_a_x, *rest = vjp_without_gates(*args)
    d_a_h, *rest = rest
    return d_a_h, d_a_x, *rest


check(
    a_h_first,
    stored("vjp_without_gates"),
    [visible],
    outputs="d_a_h, d_a_x, d_state",
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(lstm_cache, [(1, 1), (4, 3), (2, 5)], device)
check(
    vjp_without_gates,
    reference_vjp_without_gates,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="vjp_without_gates"
r"""
the input's gradient cut too: the gates' weights for the input lost their gradient too; only what goes through a_h is to be cut (the book's vjp returns one array as both: zeros written into it stand in both)
~ return d_a_x, d_a_h, d_past => return d_a_h, d_a_h, d_past
the wrong block kept: the block that was kept is the output gate's; the order is i, f, g, o
~ _, _, d_g, _ = gates => _, _, _, d_g = gates
forget gate kept: the block that was kept is the forget gate's; the order is i, f, g, o
~ _, _, d_g, _ = gates => _, d_g, _, _ = gates
input gate kept: the block that was kept is the input gate's; the order is i, f, g, o
~ _, _, d_g, _ = gates => d_g, _, _, _ = gates
candidate cut, gates kept: this is the other way round: the gates send their gradient to h and the candidate does not
~ [nothing, nothing, d_g, nothing] => [d_a_h[..., : 2 * d_g.shape[-1]], nothing, d_a_h[..., 3 * d_g.shape[-1] :]]
block in another place: the candidate's gradient stands in the forget gate's block; the order is i, f, g, o
~ [nothing, nothing, d_g, nothing] => [nothing, d_g, nothing, nothing]
memory cut too: d_c of the step before was cut as well: that is the carousel, the one road that was to stay
~ return d_a_x, d_a_h, d_past => return d_a_x, d_a_h, (0.0, 0 * d_past[1])
all of it cut: your d_a_h is zero everywhere; the candidate's block was to stay
~ d_g, nothing] => nothing, nothing]
output gate not cut: in your d_a_h the output gate's block is still there
~ [nothing, nothing, d_g, nothing] => [nothing, nothing, d_g, gates(d_a_h, 4)[3]]
input gate not cut: in your d_a_h the input gate's block is still there
~ [nothing, nothing, d_g, nothing] => [gates(d_a_h, 4)[0], nothing, d_g, nothing]
forget gate not cut: in your d_a_h the forget gate's block is still there
~ [nothing, nothing, d_g, nothing] => [nothing, gates(d_a_h, 4)[1], d_g, nothing]
candidate last: in your d_a_h the candidate's gradient stands in the output gate's block; the order is i, f, g, o
~ [nothing, nothing, d_g, nothing] => [nothing, nothing, nothing, d_g]
candidate first: in your d_a_h the candidate's gradient stands in the input gate's block; the order is i, f, g, o
~ [nothing, nothing, d_g, nothing] => [d_g, nothing, nothing, nothing]
nothing cut: your d_a_h is that of the exact vjp; the blocks of i, f and o were to be 0
~     d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1) =>     d_a_h = d_a_h + 0
every fourth column: in your d_a_h single columns were kept by their number, one in four; a block is H columns side by side
- [nothing, nothing, d_g, nothing], axis=-1)
+ [nothing, nothing, d_g, nothing], axis=-1)
+     d_a_h = 0 * d_a_h
+     d_a_h[:, 2::4] = d_a_x[:, 2::4]
candidate without slope: your candidate's block was divided by the slope of its tanh; the book's vjp has made it whole
~ d_g, nothing] => d_g / (1 - cache[2] ** 2), nothing]
gates zero in the cache: your gates were set to zero in the cache, and with them all that went through them; ask for the exact vjp, and cut what it gives
-     _, _, d_g, _ = gates(d_a_h, 4)
-     nothing = xp.zeros_like(d_g)
-     d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
+     nothing = xp.zeros_like(cache[0])
+     cut = (nothing, nothing, cache[2], nothing, *cache[4:])
+     d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cut)
one sequence kept: your d_a_h holds one sequence of the batch, and zeros for the others; the blocks are columns, all sequences keep theirs
- [nothing, nothing, d_g, nothing], axis=-1)
+ [nothing, nothing, d_g, nothing], axis=-1)
+     d_a_h = 0 * d_a_h
+     d_a_h[2] = d_a_x[2]
one column kept: your d_a_h holds a single column, the third; the candidate's block is the third of four, each H columns wide
- [nothing, nothing, d_g, nothing], axis=-1)
+ [nothing, nothing, d_g, nothing], axis=-1)
+     d_a_h = 0 * d_a_h
+     d_a_h[:, 2] = d_a_x[:, 2]
candidate everywhere: your d_a_h has the candidate's gradient in all four blocks; those of i, f and o are 0
~ [nothing, nothing, d_g, nothing] => [d_g, d_g, d_g, d_g]
candidate cut at the input: your d_a_x lacks the candidate's block; d_a_x stays as the exact vjp has it
~ return d_a_x, d_a_h, d_past => return d_a_x - d_a_h, d_a_h, d_past
h past the matrix: you sent d_h on to h_{t-1}; nothing of h goes past the matrix, d_past stays as it is
~ return d_a_x, d_a_h, d_past => return d_a_x, d_a_h, (d_state[0], d_past[1])
candidate scaled: your candidate's block was multiplied by 4; what was cut is not made up for
~ [nothing, nothing, d_g, nothing] => [nothing, nothing, 4 * d_g, nothing]
output gate's block alone: your d_a_h has kept the block of the output gate; the candidate's was to stay, and the order is i, f, g, o
-     _, _, d_g, _ = gates(d_a_h, 4)
-     nothing = xp.zeros_like(d_g)
-     d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
+     _, _, _, d_o = gates(d_a_h, 4)
+     nothing = xp.zeros_like(d_o)
+     d_a_h = xp.concat([nothing, nothing, nothing, d_o], axis=-1)
slope once more: the candidate's slope was multiplied in a second time; the exact vjp has it already
~ [nothing, nothing, d_g, nothing] => [nothing, nothing, d_g * (1 - cache[2] * cache[2]), nothing]
gates turned round: the gates' gradients were given their other sign; they are cut off, so they are 0
-     _, _, d_g, _ = gates(d_a_h, 4)
-     nothing = xp.zeros_like(d_g)
-     d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
+     d_i, d_f, d_g, d_o = gates(d_a_h, 4)
+     d_a_h = xp.concat([-d_i, -d_f, d_g, -d_o], axis=-1)
candidate's block alone: d_a_h has four blocks; three of them are 0
~     d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1) =>     d_a_h = d_g
"""

# %% [markdown]
# ## Task 6, closed book: `lstm_cell_vjp` (5 points)
#
# *Core, about 30 minutes.*
#
# Close the chapter. Rebuild the vjp of the LSTM under its own name. The cache is the book's: (i, f, g, o, tanh_c, c_before).
#
# <details><summary>Hint 1</summary>
#
# c_t has two readers. First make its whole gradient.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Each gate: d of the product it stands in, times its partner, times its slope.
# </details>
#
# <details><summary>Hint 3</summary>
#
# a_x and a_h are added before anything else happens: both get the *whole* gradient. Past the matrix go 0.0 for h, and d_c f for c.
# </details>


# %% solution="lstm_cell_vjp" closed_book=true
def lstm_cell_vjp(d_state, cache):
    """Backward through `lstm_cell`.

    Shapes: d_state ((B, H), (B, H))
        -> d_a_x (B, 4*H); d_a_h (B, 4*H); d_state
    """
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    ### BEGIN SOLUTION
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)
    ### END SOLUTION


# %% [markdown]
# Try it against the book's.

# %%
rng = np.random.default_rng(1)
a_x, a_h = move(rng.normal(size=(2, 3, 8)))
state, d_state = move(rng.normal(size=(2, 2, 3, 2)))
_, cache = lstm_cell(a_x, a_h, tuple(state))
mine = lstm_cell_vjp(tuple(d_state), cache)[0]
books = book.lstm_cell_vjp(tuple(d_state), cache)[0]
print("largest difference:", float(abs(mine - books).max()))

# %% test="lstm_cell_vjp" points=5 explained="ch06_lstm: The way back"
import numpy as np

from rnncore.lstm import lstm_cell_vjp as book_lstm_cell_vjp
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1, sizes=1)

move = mover(device)
OUTPUTS = "d_a_x, d_a_h, d_state"


def lstm_taped(rng, B, H):
    i, f, o = 1 / (1 + np.exp(-rng.normal(size=(3, B, H))))
    g, c_before = np.tanh(rng.normal(size=(B, H))), rng.normal(size=(B, H))
    tanh_c = np.tanh(f * c_before + i * g)
    return {
        "d_state": tuple(rng.normal(size=(2, B, H))),
        "cache": (i, f, g, o, tanh_c, c_before),
    }


visible = move(lstm_taped(np.random.default_rng(5), 3, 2))
check(
    lstm_cell_vjp,
    stored("lstm_cell_vjp"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(lstm_taped, [(1, 1), (4, 3), (2, 5)], device)
check(
    lstm_cell_vjp,
    book_lstm_cell_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="lstm_cell_vjp"
r"""
d_c of the next step dropped: d_c of the next step was dropped: over one step nobody sees it, over many the carousel is gone
~ d_c = d_c + d_h * o => d_c = d_h * o
upstream in place [arguments]: `d_c += ...` changed the caller's d_state; write d_c = d_c + ...
~ d_c = d_c + d_h * o * (1 - tanh_c * tanh_c) => d_c += d_h * o * (1 - tanh_c * tanh_c)
d_b split between b_x and b_h: the gradient was split between a_x and a_h, and so between b_x and b_h; a sum hands the whole gradient to each of its terms
~ return d_a, d_a, (0.0, d_c * f) => return d_a / 2, d_a / 2, (0.0, d_c * f)
gate order swapped: the blocks of d_a stand in another order than those of a: i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_i, d_g, d_f, d_o]
g with sigmoid: this is the slope of a sigmoid; g is a tanh, with slope 1 - g²
~ d_c * i * (1 - g * g) => d_c * i * g * (1 - g)
forget and input gate exchanged: the gradient went back to c_{t-1} through the input gate; f is the gate that kept it
~ (0.0, d_c * f) => (0.0, d_c * i)
forget gate inverted: this is (1 - f) d_c: f = 1 keeps, and what was kept sends its whole gradient back
~ (0.0, d_c * f) => (0.0, d_c * (1 - f))
output from c without tanh: h = o tanh(c): the slope of that tanh, 1 - tanh² c, is missing in d_c
~ d_h * o * (1 - tanh_c * tanh_c) => d_h * o
cell state taken for the output: d_h went into d_c as if h were c: on its way lie the output gate and the tanh
~ d_h * o * (1 - tanh_c * tanh_c) => d_h
candidate and output gate exchanged: candidate and output gate have each other's block: the order is i, f, g, o (some libraries have i, f, o, g)
~ [d_i, d_f, d_g, d_o] => [d_i, d_f, d_o, d_g]
the output gate forgotten: h = o tanh(c): on the way from d_h to d_c the factor o is missing
~ d_h * o * (1 - tanh_c * tanh_c) => d_h * (1 - tanh_c * tanh_c)
carousel without a gate: d_c went back whole, as in the carousel before it had a forget gate: the factor f is missing
~ (0.0, d_c * f) => (0.0, d_c)
d_h does not reach c: your d_c holds only what comes from later steps; h = o tanh(c) reads c_t too
~     d_c = d_c + d_h * o * (1 - tanh_c * tanh_c) =>     d_c = d_c + 0
tanh twice: the cache holds tanh(c) already; in your d_c its tanh was taken again
~ (1 - tanh_c * tanh_c) => (1 - xp.tanh(tanh_c) ** 2)
o from d_c: in your d_o stands d_c; the output gate acts on h alone, so its gradient is made of d_h
~ d_o = d_h * tanh_c => d_o = d_c * tanh_c
o with c: in your d_o, d_h was multiplied by c_t; the partner of o is tanh(c_t)
~ d_o = d_h * tanh_c => d_o = d_h * (f * c_before + i * g)
no slope of i: in your d_i the slope of the sigmoid, i (1 - i), is missing
~ d_c * g * i * (1 - i) => d_c * g
no slope of g: in your d_g the slope of the tanh, 1 - g², is missing
~ d_g = d_c * i * (1 - g * g) => d_g = d_c * i
slope of i in d_f: in your d_f the slope is the input gate's; it is f (1 - f)
~ d_c * c_before * f * (1 - f) => d_c * c_before * i * (1 - i)
d_f with what is shown: in your d_f stands tanh(c_t); the forget gate multiplied c_{t-1}
~ d_c * c_before * f * (1 - f) => d_c * tanh_c * f * (1 - f)
d_f with the new memory: in your d_f, d_c was multiplied by the new c_t; the forget gate multiplied c_{t-1}
~ d_c * c_before * f => d_c * (f * c_before + i * g) * f
old d_c on the road: you sent only the d_c of later steps back to c_{t-1}; what came through h_t belongs to it too
~ (0.0, d_c * f) => (0.0, d_state[1] * f)
h past the matrix: you sent d_h on to h_{t-1}; nothing of h goes past the matrix, so the first part is 0.0
~ (0.0, d_c * f) => (d_h, d_c * f)
blocks f, i, o, g: the blocks of your d_a stand in the order f, i, o, g; the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_f, d_i, d_o, d_g]
blocks g, i, f, o: the blocks of your d_a stand in the order g, i, f, o; the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_g, d_i, d_f, d_o]
blocks i, o, f, g: the blocks of your d_a stand in the order i, o, f, g; the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_i, d_o, d_f, d_g]
blocks i, o, g, f: forget and output gate have each other's block: the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_i, d_o, d_g, d_f]
blocks o, g, f, i: the blocks of your d_a stand in the order o, g, f, i, the last first; the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_o, d_g, d_f, d_i]
blocks f, i, g, o: the blocks of your d_a stand in the order f, i, g, o; the order is i, f, g, o
~ [d_i, d_f, d_g, d_o] => [d_f, d_i, d_g, d_o]
g from the forget gate: in your d_g stands f; the candidate was multiplied by i
~ d_g = d_c * i => d_g = d_c * f
plus in the slope: in your d_c stands 1 + tanh² c; the slope of tanh is 1 - tanh² c
~ (1 - tanh_c * tanh_c) => (1 + tanh_c * tanh_c)
partners of i and g: in your d_i stands i and in your d_g stands g; each is multiplied by the other, its partner in i g
-     d_i = d_c * g * i * (1 - i)
-     d_f = d_c * c_before * f * (1 - f)
-     d_g = d_c * i * (1 - g * g)
+     d_i = d_c * i * i * (1 - i)
+     d_f = d_c * c_before * f * (1 - f)
+     d_g = d_c * g * (1 - g * g)
no slopes of the gates: in your d_i, d_f and d_o the slopes of the sigmoids are missing
-     d_i = d_c * g * i * (1 - i)
-     d_f = d_c * c_before * f * (1 - f)
-     d_g = d_c * i * (1 - g * g)
-     d_o = d_h * tanh_c * o * (1 - o)
+     d_i = d_c * g
+     d_f = d_c * c_before
+     d_g = d_c * i * (1 - g * g)
+     d_o = d_h * tanh_c
gates with the slope of tanh: in your d_i, d_f and d_o stand slopes of a tanh; gates are sigmoids, with slope s (1 - s)
-     d_i = d_c * g * i * (1 - i)
-     d_f = d_c * c_before * f * (1 - f)
-     d_g = d_c * i * (1 - g * g)
-     d_o = d_h * tanh_c * o * (1 - o)
+     d_i = d_c * g * (1 - i * i)
+     d_f = d_c * c_before * (1 - f * f)
+     d_g = d_c * i * (1 - g * g)
+     d_o = d_h * tanh_c * (1 - o * o)
h and c exchanged: your last result has the memory's gradient first; the state is (h, c)
~ (0.0, d_c * f) => (d_c * f, 0.0)
d_f before d_c is whole: your d_f was made of the d_c of later steps alone; finish d_c first, with what came through h_t
~ d_f = d_c * c_before => d_f = d_state[1] * c_before
half of the slopes: in your d_i, d_f and d_o stand 1 - i, 1 - f and 1 - o; the slope of a sigmoid s is s (1 - s)
-     d_i = d_c * g * i * (1 - i)
-     d_f = d_c * c_before * f * (1 - f)
-     d_g = d_c * i * (1 - g * g)
-     d_o = d_h * tanh_c * o * (1 - o)
+     d_i = d_c * g * (1 - i)
+     d_f = d_c * c_before * (1 - f)
+     d_g = d_c * i * (1 - g * g)
+     d_o = d_h * tanh_c * (1 - o)
sign of a_h: your d_a_h has the wrong sign: a_x and a_h are added, so both get the same
~ return d_a, d_a, (0.0, d_c * f) => return d_a, -d_a, (0.0, d_c * f)
slope on the road: your d_c went back to c_{t-1} with the slope f (1 - f); the gate is a factor there, so it is f alone
~ (0.0, d_c * f) => (0.0, d_c * f * (1 - f))
o twice: in your d_o the gate stands twice; the slope of o is o (1 - o)
~ d_h * tanh_c * o * (1 - o) => d_h * tanh_c * o * o * (1 - o)
no slope of o: in your d_o the slope of the sigmoid, o (1 - o), is missing
~ d_h * tanh_c * o * (1 - o) => d_h * tanh_c
no slope of f: in your d_f the slope of the sigmoid, f (1 - f), is missing
~ d_c * c_before * f * (1 - f) => d_c * c_before
slope 1 - tanh c: the slope of tanh at c is 1 - tanh² c; yours lacks the square
~ (1 - tanh_c * tanh_c) => (1 - tanh_c)
d_f with the candidate: in your d_f, d_c was multiplied by g; the partner of f is the old memory, c_{t-1}
~ d_c * c_before * f => d_c * g * f
o with the slope of tanh: in your d_o stands 1 - o², the slope of a tanh; o is a sigmoid, with slope o (1 - o)
~ o * (1 - o) => (1 - o * o)
averaged over the batch: your d_a was divided by the size of the batch; each sequence has a gradient of its own, and what is shared is added up later
~ return d_a, d_a, (0.0, d_c * f) => return d_a / d_a.shape[0], d_a / d_a.shape[0], (0.0, d_c * f)
g twice: d_g was multiplied by g: that belongs into a sigmoid's slope; the tanh's is 1 - g * g
~     d_g = d_c * i * (1 - g * g) =>     d_g = d_c * i * g * (1 - g * g)
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Extra, about 20 minutes.*
#
# `lstm_cell(a_x, a_h, state)` has eight wrong relatives, as boxes. Write `probes()`: a list of `(a_x, a_h, state)` with H = 2 units, float64 NumPy arrays, the state a tuple of h and c, on which the boxes give themselves away. Points are for the boxes that some probe tells apart; the last point is for all of them with
# a single probe. Random numbers of a usual size tell only some of the boxes: the others are right in the middle, and wrong at an edge.
#
# <details><summary>Hint 1</summary>
#
# Which values does an LSTM meet that `rng.normal` never draws? Think of the first step, of a memory that has counted for long, and of a gate that is open to the last digit.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A first step has c = 0 exactly. A counter's c may be 20 or -20. A sum of 12 or of -12 in front of a gate or of the candidate is usual in a trained network. And batches are larger than three.
# </details>
#
# <details><summary>Hint 3</summary>
#
# One probe can hold all of it, each in a sequence of its own: random rows; a row with c = 0; one with c = 20 and -20; rows with 12, and with -12, in all four blocks. Take ten sequences or more.
# </details>


# %% solution="probes"
def probes():
    """A list of (a_x, a_h, (h, c)).

    Shapes: a_x (B, 8); a_h (B, 8); state ((B, 2), (B, 2))
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    a_x, a_h = rng.normal(size=(2, 12, 8))
    h, c = rng.normal(size=(2, 12, 2))
    c[3] = 0.0  # the first step
    c[4] = 20.0, -20.0  # a memory that has counted
    a_x[5], a_x[6] = 12.0, -12.0  # all gates open, all shut
    a_x[7, 4:6], a_x[8, 4:6] = 12.0, -12.0  # a candidate at its ends
    a_x[9, 2:4] = 12.0  # the forget gate alone
    return [(a_x, a_h, (h, c))]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("probes")
rng = np.random.default_rng(0)
hasty = (*rng.normal(size=(2, 3, 8)), tuple(rng.normal(size=(2, 3, 2))))
(right, _), _ = lstm_cell(*hasty)
for name, box in boxes.items():
    (wrong, _), _ = box(*hasty)
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="probes" points=4 explained="ch06_lstm: Three doors"
from rnncore.lstm import lstm_cell
from rnncore.testing import black_boxes, hunt


def state_of(cell):
    return lambda *probe: cell(*probe)[0]


hunt(
    state_of(lstm_cell),
    {name: state_of(box) for name, box in black_boxes("probes").items()},
    probes(),
    few=1,
    points=4,
)

# %% mutants="probes" of="rnncore.lstm.lstm_cell"
r"""
gate order swapped: the order i, f, o, g of other libraries: unseen where all sums are equal
~ i, f, g, o = gates(a_x + a_h, 4) => i, f, o, g = gates(a_x + a_h, 4)
what comes from x dropped at the forget gate: unseen where a_x is zero, or c is
~ i, f, g, o = sigmoid(i), sigmoid(f), => i, f, g, o = sigmoid(i), sigmoid(gates(a_h, 4)[1]),
input gate ignored at the first step: where the memory is exactly 0 all of the candidate is written: unseen where no c is 0
~ f * c_before + i * g => f * c_before + xp.where(c_before == 0, g, i * g)
memory held between -6 and 6: what counts for long is cut off: unseen where c is small
~ f * c_before + i * g => xp.clip(f * c_before + i * g, -6.0, 6.0)
a forget gate that never opens: f stays below 0.999: unseen until a sum in front of it is above 7
~ sigmoid(f), => xp.clip(sigmoid(f), 0.0, 0.999),
an output gate that never shuts: o stays above 0.001: unseen until a sum in front of it is below -7
~ sigmoid(o) => xp.clip(sigmoid(o), 1e-3, 1.0)
candidate a little below 1: a tanh that stays within 0.9999: unseen until its sum is beyond 5
~ xp.tanh(g) => xp.clip(xp.tanh(g), -0.9999, 0.9999)
the ninth sequence's memory: sequences from the ninth on read the first one's memory: unseen in small batches
~ f * c_before + i * g => f * xp.concat([c_before[:8], c_before[:1] + 0 * c_before[8:]]) + i * g
"""

# %% [markdown]
# ## Experiment: what is lost when the gates are not asked?
#
# *Extra, about 15 minutes, after Task 5.*
#
# A loss reads the last hidden state. Its gradient goes back 60 steps through an LSTM with random weights, once exactly, and once with your `vjp_without_gates`. All forget gates have one bias. What comes out varies much with the weights and the input, so the same is done for 21 seeds, and you see medians.
#
# **Predict**, before you run anything: with a forget bias of 3.35, a half-life of 20 steps, will the part that the gates carried be a small share of the gradient of the input 40 steps back, or most of it? And with the weights $W_h$ five times as large? Nothing is graded here.

# %%
my_prediction = {
    "gain 1": "",  # small or most
    "gain 5": "",  # small or most
}

# %% experiment
from ipywidgets import FloatSlider, interact

SEEDS = 21


def by_lag(vjp, forget_bias, gain, seed, T=60, H=32):
    """d_x of a loss that reads the last h, (T, H), the last step first."""
    rng = np.random.default_rng(seed)
    layer = init_params(rng, H, H, 4)
    bias = np.zeros(4 * H)
    bias[H : 2 * H] = forget_bias
    layer = layer._replace(W_h=gain * layer.W_h, b_x=bias, b_h=0 * bias)
    x = rng.normal(size=(T, 1, H))
    y, _, tape = unroll(lstm_cell, layer, x, zero_state(layer, 1, 2))
    d_last = (rng.normal(size=(1, H)), np.zeros((1, H)))
    _, d_x, _ = bptt(vjp, layer, tape, 0 * y, d_last)
    return d_x[::-1, 0]


def of_seeds(vjp, forget_bias, gain):
    """The same of each seed's weights and input: (seeds, T, H)."""
    return np.stack(
        [by_lag(vjp, forget_bias, gain, seed) for seed in range(SEEDS)]
    )


def show(forget_bias=3.35, gain=1.0):
    print("You predicted", my_prediction)
    exact = of_seeds(book.lstm_cell_vjp, forget_bias, gain)
    cut = of_seeds(vjp_without_gates, forget_bias, gain)
    half_life = math.log(2) / math.log1p(math.exp(-forget_bias))
    whole, left, lost = (
        np.linalg.norm(d_x, axis=-1) for d_x in (exact, cut, exact - cut)
    )
    share = lost[:, 40] / whole[:, 40]
    print(
        "lost 40 steps back, in lengths of the gradient: "
        f"median {np.median(share):.2f} of {SEEDS} seeds "
        f"({share.min():.2f} to {share.max():.2f})"
    )
    plot_lines(
        {
            name: np.log10(np.maximum(np.median(norms, axis=0), 1e-30))
            for name, norms in [
                ("exact", whole),
                ("without gates", left),
                ("their difference", lost),
            ]
        },
        "steps back from the loss",
        "log10 of the median norm",
        f"half-life {half_life:.1f}, gain {gain:g}",
    )


forget_bias = FloatSlider(3.35, min=0.0, max=7.0, step=0.05)
gain = FloatSlider(1.0, min=0.0, max=5.0, step=0.5)
shown = interact(show, forget_bias=forget_bias, gain=gain)

# %% [markdown]
# (More than 1 is no error: the difference can be longer than the exact gradient, where the cut one points elsewhere.) Half a second per position of a slider, on one core.
#
# <details><summary>What we measured</summary>
#
# With a bias of 3.35, at gain 1, a median of 0.22 is lost, but 0.11 to 0.82 with single seeds; at gain 5 it is 1.08 (0.68 to 2.03). One seed alone can show either answer at gain 1.
# </details>
#
# At gain 0 nothing is lost: why? At which gain does the exact gradient begin to grow with the lag, and does the cut one too? And what would a network trained with the cut gradient be unable to learn about *when* to open its gates?
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# At gain 0 the gates do not read h, since W_h is 0: there is nothing to cut. Up to a gain of 5 neither gradient clearly grows with the lag at this forget bias: the medians of both stay within one power of ten. So the lengths hardly show what was cut; the difference, which is as long as the gradient itself, does. A network that is trained with the cut gradient does not learn to open a gate now so that h is right later: what a gate does to a later gate, through h, has no gradient. It learns *what* to write, and when to open only as far as the inputs say so.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A colleague measures $\partial h_T / \partial h_{T-50}$ of an LSTM, finds $10^{-8}$, and writes: "LSTMs vanish like plain networks." In four to six sentences: what did they leave out, how could the network still remember over 50 steps, what should they measure instead, and which single
# number would you ask them for first?
#
# When your answer is saved, `make answer 6` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="carousel" points=2 explained="ch06_lstm: The carousel"
# They left out the memory. The state of an LSTM is (h, c), and a perturbation of h alone at step T-50 has to come in through the gates and the candidate; if the input gate is shut, or the output gate is shut at the end, it hardly shows, although c may carry what was written before
# without any loss. What goes from c to c is multiplied by the forget gates alone. They should measure the Jacobian of the whole state, $\partial (h, c)_T / \partial (h, c)_{T-50}$, and its growth rate. First I would ask for the forget bias, or the forget gates' values: at f = 0.73 (bias 1) the memory really is gone
# after 50 steps, at f = 0.993 (bias 5) most of it is there.
#
# Rubric: 1 point for the path through c that the measurement leaves out, with the whole state's Jacobian as the remedy; 1 point for the forget gate (its bias, value or half-life) as the number that decides, with the remark that the colleague may be right if it is small.
