# %% [markdown]
# # Assignment 9b: as fast as the machine
#
# *The core takes about 110 minutes, all of it about 180 minutes, 29 points. Read the three pages of chapter 9 first.*
#
# You will count the bytes that a cell moves, pass by pass; find out how few arrays it needs when results are written over what nobody reads any more; trace a cell by hand into its backward step; and make a given loop at least five times as fast, in plain NumPy. With the book closed you will rebuild the cell that the page takes from 22 reads and writes to 7. At the end you hunt seven loops that save memory, each in one place where something is still read.
#
# What you need, in one table (B sequences, T steps, D inputs, H units):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $x$ | (T, B, D) | the input of all steps |
# | $h,\ c$ | (B, H) | the hidden state and the memory before a step |
# | $W_x,\ W_h$ | (G·H, D), (G·H, H) | one block of H rows per gate |
# | $b_x,\ b_h$ | (G·H,) | biases |
# | $a$ | (B, G·H) | the gates' sums, $W_x x_t + b_x + W_h h_{t-1} + b_h$ |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# A **pass** goes once over some arrays: it reads each entry of what it needs, computes, and writes. What it makes and uses itself, entry by entry, stays in registers.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 0: a value is used in two places. What is its gradient?</summary>
#
# The sum of what comes back from both.
# </details>
#
# <details><summary>Chapter 9: a product of (B, H) by (H, 4H) with B = 1. What takes its time, and what with B = 1,000?</summary>
#
# With one sequence each weight is fetched for a single multiplication: the bytes. With a thousand, each fetched weight is used a thousand times: the multiplications.
# </details>

# %% parameters
write = (
    {
        "text": "all bytes read and written.",
        "sum": "sum(sizes[n] for n in writes)",
        "by": "22 numbers for nine passes and 7 for one",
        "odd": "2 * sum(sizes[n] for n in writes)",
        "name": "written twice",
        "says": "what is written was counted twice, as if it were read before it is written over",
        "none": "sum(sizes[n] for n in lines)",
        "lens": "len(writes)",
        "hint": "Add `sizes[n]` over both sets, and at the end multiply by `width`.",
        "why": "",
    },
    {
        "text": "all bytes moved. This memory fetches what stands at a place before it is written over, so that each array that is **written counts twice**.",
        "sum": "2 * sum(sizes[n] for n in writes)",
        "by": "22 numbers for nine passes and 7 for one, each written array once; here they are 31 and 9",
        "odd": "sum(sizes[n] for n in writes)",
        "name": "written once",
        "says": "what is written was counted once; its place is fetched before it is written over, which counts as well",
        "none": "2 * sum(sizes[n] for n in lines)",
        "lens": "2 * len(writes)",
        "hint": "Add `sizes[n]` over both sets, those that are written twice, and at the end multiply by `width`.",
        "why": " A write counts twice.",
    },
)
own = (
    {
        "text": "that of one of its **own arguments** too, ",
        "hint": "first count the arguments that become free *here*, then give the line a buffer: a free one if there is one, else a new one.",
        "free": "sum(last[a] == t for a in set(args) & mine)",
        "also": "s",
        "again": "sum(last[a] < t for a in set(last) & mine)",
        "f": '("x",)',
        "of": "set(args)",
        "odd": "sum(last[a] == t - 1 for a in set(last) & mine)",
        "name": "own arguments not taken over",
        "says": "a line was not given the buffer of its own argument; entry by entry the old number is read before the new one is written",
        "first": "sum(last[a] == t for a in set(args[:1]) & mine)",
        "early": "an array was written over one line before the last that reads it",
        "each": "sum(last[a] == t for a in args if a in mine)",
        "any": "any(last[a] == t for a in set(args) & mine)",
        "why": "first the arguments that end *at this",
        "then": "line* become free, then the line takes a buffer. In this order a line may write over its",
        "end": "own argument, which entry-by-entry work allows.",
    },
    {
        "text": "but not that of one of its **own arguments**, which it reads while it writes, ",
        "hint": "first give the line a buffer: a free one if there is one, else a new one. Then count the arguments that become free *here*, for the lines to come.",
        "free": "sum(last[a] == t - 1 for a in set(last) & mine)",
        "also": "x",
        "again": "sum(last[a] < t - 1 for a in set(last) & mine)",
        "f": '("r", "o")',
        "of": "set(last)",
        "odd": "sum(last[a] == t for a in set(args) & mine)",
        "name": "own arguments taken over",
        "says": "a line was given the buffer of one of its own arguments, which it reads while it writes; it is free from the next line on",
        "first": "sum(last[a] == t - 1 for a in set(program[t - 1][1][:1]) & mine)",
        "early": "an array was written over two lines before it became free",
        "each": "sum(last[a] == t - 1 for a in program[t - 1][1] if a in mine)",
        "any": "any(last[a] == t - 1 for a in set(last) & mine)",
        "why": "what ended *at the line before* is",
        "then": "free, then the line takes a buffer. In this order no line writes over its own",
        "end": "argument, which it reads while it writes.",
    },
)
top = (
    {
        "peak": "peak",
        "max": "maximum",
        "is": "larger",
        "isnt": "smaller",
        "tex": "max",
        "of": "xp.maximum(k, g)",
        "fused": "fused.maximum(fused.sigmoid(f) * m, fused.tanh(g))",
        "units": "the first has its maximum in g, the second in k",
        "by": "k > g",
        "odd": "k < g",
        "zero": "k > 0",
        "sign": "positive",
        "size": "abs(k) > abs(g)",
        "old": "m > g",
        "where": "`where(k > g,",
    },
    {
        "peak": "peak downwards",
        "max": "minimum",
        "is": "smaller",
        "isnt": "larger",
        "tex": "min",
        "of": "xp.minimum(k, g)",
        "fused": "fused.minimum(fused.sigmoid(f) * m, fused.tanh(g))",
        "units": "the first has its minimum in k, the second in g",
        "by": "k < g",
        "odd": "k > g",
        "zero": "k < 0",
        "sign": "negative",
        "size": "abs(k) < abs(g)",
        "old": "m < g",
        "where": "`where(k < g,",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them. (Task 4 is about NumPy, wherever the rest runs.)

# %%
import time
from copy import deepcopy

import numpy as np

from rnncore import fused
from rnncore.backend import array_namespace
from rnncore.display import plot_lines
from rnncore.lstm import gates, sigmoid
from rnncore.lstm import lstm_cell as book_lstm_cell
from rnncore.rnn import Params, init_params, rnn_cell, unroll
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# the LSTM's cell after its sums, as a program: a name and its arguments
LSTM = (
    ("i", ("a_i",)),
    ("f", ("a_f",)),
    ("g", ("a_g",)),
    ("o", ("a_o",)),
    ("kept", ("f", "c")),
    ("written", ("i", "g")),
    ("new c", ("kept", "written")),
    ("tanh c", ("new c",)),
    ("new h", ("o", "tanh c")),
)

# %% [markdown]
# ## Two small cases by hand
#
# $y = a \odot b + c$, four arrays of 1,000 numbers in float32. As two passes, product and sum, and as a single one: how many bytes are read and written? Count on paper, then run the cell.

# %%
two_passes = (2 + 1) + (2 + 1)  # a, b, t; then t, c, y
one_pass = 3 + 1  # t stays in a register
print(4000 * two_passes, 4000 * one_pass, " by hand: 24000, 16000")

# %% [markdown]
# Now backward. $p = x y$, then $z = p + x$, with x = 2 and y = 3. The tape is gone through from its end. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_x += d_z`: x is used in two places, and the sum passes its gradient on as it is.
# </details>

# %%
d_z = 1.0
d_p = d_z
d_x, d_y = d_p * 3.0, d_p * 2.0
# (the missing line)
print(d_x, d_y, " by hand: 4, 2, since z = x (y + 1)")

# %% [markdown]
# ## Task 1: the bytes that a cell moves (5 points)
#
# *Core, about 25 minutes.*
#
# A cell is written as a *program*: a tuple of lines `(name, arguments)`, each of which makes one array from others, entry by entry. Arrays that no line makes are in memory before the first pass. `passes` says which lines run together, as a tuple of tuples of names, in order. `results` are the names that must stand in memory at the end. `sizes` has the number of entries of every array, `width` the bytes of an entry.
#
# A pass reads each array that it needs from outside **once**, however many of its lines use it. It writes what it makes if a **later pass** reads it or if it is a result; everything else stays in registers. Write `bytes_moved`: {{write.text}}
#
# <details><summary>Hint 1</summary>
#
# Two sets for each pass: what it reads, and what it writes. Sets, so that nothing counts twice. `dict(program)` gives a line's arguments by its name.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A pass reads the arguments of all its lines, less the names that it makes itself: `{a for n in names for a in lines[n]} - set(names)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# It writes those of its names that are in `results` or among the arguments of a line outside this pass: `any(n in lines[m] for m in lines if m not in names)`. {{write.hint}}
# </details>


# %% solution="bytes_moved"
def bytes_moved(program, passes, results, sizes, width):
    """The bytes that the passes of a program read and write: a number."""
    lines = dict(program)
    ### BEGIN SOLUTION
    numbers = 0
    for names in passes:
        reads = {a for n in names for a in lines[n]} - set(names)
        outside = {a for m in lines if m not in names for a in lines[m]}
        writes = {n for n in names if n in outside or n in results}
        numbers += sum(sizes[n] for n in reads)
        numbers += {{write.sum}}
    return width * numbers
    ### END SOLUTION


# %% [markdown]
# Try it: `LSTM` of the first cell, the LSTM's cell after its sums. The page counts {{write.by}}, in units of B·H.

# %%
names = tuple(name for name, _ in LSTM)
one_each = dict.fromkeys([*names, "a_i", "a_f", "a_g", "a_o", "c"], 1)
for passes in (tuple((name,) for name in names), (names,)):
    print(
        len(passes),
        "passes:",
        bytes_moved(LSTM, passes, ("new c", "new h"), one_each, 1),
    )

# %% test="bytes_moved" points=5 whole="it counts: right, or not" explained="ch09_fused: Memory touched once"
import numpy as np

from rnncore.testing import check, stored


def counted(rng, lines):
    """Lines with random arguments, cut into passes at random places."""
    known, program = ["x", "c"], []
    for k in range(lines):
        count = int(rng.integers(1, 3))
        arguments = tuple(str(a) for a in rng.choice(known, count))
        program.append((f"line {k}", arguments))
        known.append(f"line {k}")
    made = [name for name, _ in program]
    cuts = np.flatnonzero(rng.uniform(size=lines - 1) < 0.4) + 1
    passes = tuple(
        tuple(str(n) for n in p) for p in np.split(np.array(made), cuts)
    )
    return {
        "program": tuple(program),
        "passes": passes,
        "results": (made[-1], made[lines // 2]),
        "sizes": {n: int(rng.integers(1, 50)) for n in known},
        "width": int(rng.choice([2, 4, 8])),
    }


small = (
    ("s", ("x", "c")),
    ("t", ("s", "x")),
    ("m", ("s", "c")),
    ("h", ("t", "m", "m")),
)
entries = {"x": 10, "c": 3, "s": 7, "t": 20, "m": 100, "h": 31}
visible = [
    dict(
        program=small,
        passes=passes,
        results=results,
        sizes=entries,
        width=width,
    )
    for passes, results, width in [
        ((("s", "t", "m", "h"),), ("h", "m"), 4),
        ((("s", "t"), ("m", "h")), ("h", "m"), 4),
        ((("s",), ("t",), ("m",), ("h",)), ("h",), 8),
        ((("s",), ("t", "m", "h")), ("h", "s"), 2),
    ]
]
check(bytes_moved, stored("bytes_moved"), visible, outputs="bytes")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [counted(rng, n) for n in (1, 2, 3, 5, 8, 9) for _ in range(6)]
check(bytes_moved, reference_bytes_moved, hidden, outputs="bytes")
### END HIDDEN TESTS
print("Task 1 holds.")

# %% mistakes="bytes_moved"
r"""
read once per use: an array that two lines of one pass use was read twice; a pass goes over it once, and keeps the entry in a register
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = [a for n in names for a in lines[n] if a not in names]
read once per line: an array that several lines of one pass use was counted once for each line; a pass goes over it once
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = [a for n in names for a in set(lines[n]) - set(names)]
registers read: what the pass made itself was counted as read; it is in a register still
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = {a for n in names for a in lines[n]}
everything written: all that a pass makes was counted, as written or as read; what only lines of its own pass read, and is no result, never leaves the registers
~ {n for n in names if n in outside or n in results} => set(names)
results not written: what is a result, and is read by no later pass, was not counted as written
~ n in outside or n in results => n in outside
results alone written: results alone were written; what a later pass reads has to stand in memory too
~ n in outside or n in results => n in results
results written twice: a result that a later pass reads was counted as written twice; it is written once, and read there
~ writes = {n for n in names if n in outside or n in results} => writes = [n for n in names if n in outside] + [n for n in names if n in results]
written where both: a name was written only if it is a result and is read later; one of the two is enough
~ n in outside or n in results => n in outside and n in results
width forgotten: these are entries, not bytes: multiply by the width
~ width * numbers => numbers
arrays instead of entries: every array was counted as one; they have different numbers of entries
-         numbers += sum(sizes[n] for n in reads)
-         numbers += {{write.sum}}
+         numbers += len(reads) + {{write.lens}}
writes forgotten: what is written was not counted
-         numbers += {{write.sum}}
-
+
reads forgotten: what is read was not counted
-         numbers += sum(sizes[n] for n in reads)
-
+
no pass counted alone: the passes were not looked at: every line was taken for a pass of its own
~ for names in passes: => for names in [(n,) for part in passes for n in part]:
all in one pass: the passes were not looked at: all lines were taken for one, and what one pass hands to another was not counted
~ for names in passes: => for names in [tuple(lines)]:
last pass only: this is what the last pass moves; all of them count
~         numbers += sum(sizes[n] for n in reads) =>         numbers = sum(sizes[n] for n in reads)
read once for all passes: an array was counted as read once in the whole program; each pass that needs it reads it again
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = {a for n in names for a in lines[n]} - set(names); reads = {a for a in reads if not any(a in lines[n] for p in passes[:passes.index(names)] for n in p)}
given arrays alone: only arrays that no line makes were counted as read; what an earlier pass wrote has to be read as well
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = {a for n in names for a in lines[n]} - set(lines)
program's last line the result: the last line was taken for the only result
~ n in outside or n in results => n in outside or n == program[-1][0]
every use counted: every use of an array was counted, line by line; within a pass an array is read once, and what it makes and uses itself stays in registers
-     numbers = 0
-     for names in passes:
-         reads = {a for n in names for a in lines[n]} - set(names)
-         outside = {a for m in lines if m not in names for a in lines[m]}
-         writes = {n for n in names if n in outside or n in results}
-         numbers += sum(sizes[n] for n in reads)
-         numbers += {{write.sum}}
+     numbers = {{write.none}}
+     numbers += sum(sizes[a] for arguments in lines.values() for a in arguments)
each array once: each array of the program was counted once; every pass reads what it needs again, and what stays in registers is not moved at all
-     numbers = 0
-     for names in passes:
-         reads = {a for n in names for a in lines[n]} - set(names)
-         outside = {a for m in lines if m not in names for a in lines[m]}
-         writes = {n for n in names if n in outside or n in results}
-         numbers += sum(sizes[n] for n in reads)
-         numbers += {{write.sum}}
-     return width * numbers
+     arrays = set(lines) | {a for n in lines for a in lines[n]}
+     return width * sum(sizes[n] for n in arrays)
last line of each pass: the last line of each pass was taken for all that it writes; a later pass, or the caller, may need others
~ {n for n in names if n in outside or n in results} => {names[-1]}
kept between passes: what an earlier pass read or wrote was not counted again; only the registers of one pass keep anything
- reads = {a for n in names for a in lines[n]} - set(names)
+ before = {a for p in passes[: passes.index(names)] for n in p for a in (n, *lines[n])}
+         reads = {a for n in names for a in lines[n]} - set(names) - before
written once per reader: an array was written again for each line that reads it; it is written once, however many read it
- writes = {n for n in names if n in outside or n in results}
+ writes = [n for n in names for m in lines if m not in names and n in lines[m]]
+         writes += [n for n in names if n in results]
written again by each pass: an array was written again for each pass that reads it; it is written once, however many read it
- writes = {n for n in names if n in outside or n in results}
+ writes = [n for n in names for p in passes if p != names and any(n in lines[m] for m in p)]
+         writes += [n for n in names if n in results]
read or written: what a pass reads was counted, or what it writes where that is more; both are moved
-         numbers += sum(sizes[n] for n in reads)
-         numbers += {{write.sum}}
+         numbers += max(sum(sizes[n] for n in reads), {{write.sum}})
next pass only: an array was written only if the very next pass reads it; any later one may
- outside = {a for m in lines if m not in names for a in lines[m]}
+ after = passes[passes.index(names) + 1 :][:1]
+         outside = {a for p in after for m in p for a in lines[m]}
first pass alone: this is what the first pass moves; all of them count
~         numbers += {{write.sum}} =>         numbers += {{write.sum}}; break
{{write.name}}: {{write.says}}
~         numbers += {{write.sum}} =>         numbers += {{write.odd}}
four bytes always: an entry was taken for four bytes; it has `width` of them
~ width * numbers => 4 * numbers
bits for bytes: these are bits: `width` is in bytes already
~ width * numbers => 8 * width * numbers
read once in the whole program: an array was counted as read once in the whole program; each pass that needs it reads it again
~ reads = {a for n in names for a in lines[n]} - set(names) => reads = {a for n in names for a in lines[n]} - set(names) - {a for p in passes[: passes.index(names)] for n in p for a in lines[n] if a not in p}
"""

# %% [markdown]
# ## Task 2: written over when nobody reads it any more (4 points)
#
# *Extra, about 25 minutes.*
#
# The same kind of program, one line after the other, each array with the same number of entries. Every line needs a buffer for what it makes. It may take over any buffer, {{own.text}}if the array in it
#
# - was made by a line (what was there before belongs to the caller),
# - is read by no later line, and
# - is no result.
#
# Write `buffers_needed`: the smallest number of buffers that the program can do with. Every line's array is read later or is a result.
#
# <details><summary>Hint 1</summary>
#
# Go through the program twice. First note the number of the last line that reads each name. A dictionary does it, since later entries replace earlier ones.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The second time, at each line, {{own.hint}}
# </details>
#
# <details><summary>Hint 3</summary>
#
# `set(arguments)`, because x ⊙ x frees x once. Free are those with `last[a] == t and a in made and a not in results`, where `made` holds the names of earlier lines.
# </details>


# %% solution="buffers_needed"
def buffers_needed(program, results):
    """The fewest buffers that hold what a program makes: a number."""
    ### BEGIN SOLUTION
    last = {a: t for t, (_, args) in enumerate(program) for a in args}
    made, free, count = set(results), 0, 0
    mine = {name for name, _ in program} - made
    for t, (_, args) in enumerate(program):
        free += {{own.free}}
        if free:
            free -= 1
        else:
            count += 1
    return count
    ### END SOLUTION


# %% [markdown]
# Try it: `LSTM` of the first cell. Nine lines make nine arrays. How many buffers do you expect?

# %%
print(buffers_needed(LSTM, ("new c", "new h")))

# %% test="buffers_needed" points=4 whole="it counts: right, or not" explained="ch09_fused: Memory touched once"
import numpy as np

from rnncore.testing import check, stored


def planned(rng, lines):
    """Lines with random arguments; what nobody reads is a result."""
    known, program = ["x", "c"], []
    for k in range(lines):
        count = int(rng.integers(1, 4))
        recent = known[-4:] if rng.uniform() < 0.7 else known
        arguments = tuple(str(a) for a in rng.choice(recent, count))
        program.append((f"line {k}", arguments))
        known.append(f"line {k}")
    read = {a for _, arguments in program for a in arguments}
    ends = [name for name, _ in program if name not in read]
    if lines > 2:
        ends.append(program[lines // 2][0])
    return {"program": tuple(program), "results": tuple(ends)}


visible = [
    dict(program=program, results=results)
    for program, results in [
        # x is the caller's: it may not be written over
        ((("s", ("x",)), ("t", ("s", "c")), ("h", ("t",))), ("h",)),
        # s and u are results: nobody writes over them
        (
            (
                ("s", ("x",)),
                ("t", ("s",)),
                ("u", ("t", "{{own.also}}")),
                ("h", ("u",)),
            ),
            ("s", "u", "h"),
        ),
        # one result, and two arrays that wait for each other
        (
            (
                ("s", ("x",)),
                ("t", ("x",)),
                ("u", ("s", "c")),
                ("v", ("u", "t")),
                ("h", ("v", "u")),
            ),
            ("h",),
        ),
        # s is read until the end, and squared
        (
            (
                ("s", ("x", "x")),
                ("t", ("s", "s")),
                ("u", ("t", "t")),
                ("m", ("u", "s")),
                ("h", ("m", "x")),
            ),
            ("h",),
        ),
        # three of x alone, that wait for each other
        (
            (
                ("s", ("x",)),
                ("t", ("x",)),
                ("u", ("x",)),
                ("m", ("s", "t")),
                ("h", ("m", "u")),
            ),
            ("h",),
        ),
        # two become free at m, and are taken one after the other
        (
            (
                ("p", ("x",)),
                ("q", ("x",)),
                ("m", ("p", "q", "q")),
                ("n", ("x",)),
                ("o", ("m", "x")),
                ("r", ("x",)),
                ("h", ("n", "o", "r", "r")),
                ("g", ("x", "h")),
                ("f", {{own.f}}),
            ),
            ("h", "g", "f"),
        ),
    ]
]
check(buffers_needed, stored("buffers_needed"), visible, outputs="buffers")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [planned(rng, n) for n in (1, 2, 4, 6, 9, 12) for _ in range(8)]
check(buffers_needed, reference_buffers_needed, hidden, outputs="buffers")
### END HIDDEN TESTS
print("Task 2 holds.")

# %% mistakes="buffers_needed"
r"""
caller's arrays written over: an array that was there before the program was written over; it belongs to the caller, who may read it again
~ {{own.of}} & mine) => {{own.of}} - set(results))
results written over: a result was written over because no later line reads it; the caller reads it at the end
~ mine = {name for name, _ in program} - made => mine = {name for name, _ in program}
{{own.name}}: {{own.says}}
~ {{own.free}} => {{own.odd}}
first argument alone: only a line's first argument gave its buffer back; all arguments that no later line reads do
~ {{own.free}} => {{own.first}}
freed a line early: {{own.early}}
~ {{own.free}} => sum(last[a] == t + 1 for a in set(last) & mine)
freed twice: an argument that a line uses twice was freed twice; it has one buffer
~ {{own.free}} => {{own.each}}
free after the first reader: an array was written over after the first line that reads it; others read it later
- last = {a: t for t, (_, args) in enumerate(program) for a in args}
+ last = {}
+     for t, (_, args) in enumerate(program):
+         for a in args:
+             last.setdefault(a, t)
nothing written over: every line was given a buffer of its own: nothing was written over
~         if free: =>         if False:
one at a time: of several arrays that become free at one line only one served; the other buffers are free for later lines
~ free += {{own.free}} => free += {{own.any}}
never taken: a free buffer was given to a line and stayed on the list: two arrays stand in one place
~             free -= 1 =>             pass
results counted apart: a buffer was counted for each result besides; they have theirs already, from the lines that made them
~ return count => return count + len(results)
results not counted: the buffers of the results were taken off; they are needed too
~ return count => return count - len(results)
caller's arrays counted: the arrays that were there before were counted; asked for is what the program needs besides
~ return count => return count + len(set(last) - {name for name, _ in program})
lines left over counted: the lines that found a free buffer were counted, and not those that needed a new one
~ return count => return len(program) - count
most arguments: this is the largest number of arguments, with the line's own array; arrays that wait for later lines need room too
~ return count => return 1 + max(len(set(args)) for _, args in program)
results alone: only the results were counted; what stands between needs room too
~ return count => return len(set(results))
free buffers counted besides: the buffers that are free at the end were counted again; each was counted when it was made
~ return count => return count + free
results never take over: a result was always given a new buffer; it may take over a free one as well as any other line
~ if free: => if free and program[t][0] not in results:
nothing is anybody's: results and the caller's arrays were both written over; neither may be
~ {{own.of}} & mine) => {{own.of}})
lines and results: the lines and the results were added up; a result's buffer is that of its line, and lines share buffers
~ return count => return len(program) + len(results)
lines without results: every line was counted that is no result; lines share buffers, and results need one too
~ return count => return len(program) - len(set(results))
all names: all names were counted, the caller's among them; lines share buffers, and the caller's are not counted
~ return count => return len({name for name, _ in program} | set(last))
always two: it was taken for two, one to read and one to write; what waits for a later line needs room besides
~ return count => return 2
freed by earlier lines alone: an array that an earlier line read last was counted as free again at every later line
~ {{own.free}} => {{own.again}}
room for results besides: lines that are results were given room of their own besides the buffers they took
~ return count => return count + len(set(results)) - 1
one buffer too few: one buffer was not counted
~     return count =>     return count - 1
"""

# %% [markdown]
# ## Task 3: a cell traced by hand (5 points)
#
# *Core, about 30 minutes.*
#
# The unit below keeps the **{{top.peak}}** of what it has seen, lets it fade, and shows it slowly:
#
# $$k = \sigma(a_f) \odot m \qquad g = \tanh(a_g) \qquad m' = \{{top.tex}}(k, g) \qquad h' = \sigma(a_o) \odot m' + (1 - \sigma(a_o)) \odot h$$
#
# `peak_step` is given, with its cache. Write the tape down, line by line, and go through it from its end. Given $\mathrm{d}h'$ and $\mathrm{d}m'$, return $\mathrm{d}a$ (B, 3·H), in the order f, g, o, and what reaches the old h and the old m. `rnncore.fused` traces and differentiates such a cell for you; here you are the tracer.
#
# <details><summary>Hint 1</summary>
#
# m' is used in two places: in h', and as the new state. Its gradient is the sum of both: `d_m + d_h * o`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Of a {{top.max}} only the {{top.is}} one gets a gradient, and it gets all of it: `xp.where({{top.by}}, d_peak, 0 * d_peak)` goes to k, the rest to g.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The slopes are taken at the gates, which the cache has: f (1 - f) and o (1 - o) for the sigmoids, 1 - g² for tanh. o stands in two places: d_o = d_h (m' - h) o (1 - o).
# </details>


# %%
def peak_step(a, h, m):
    """One step of the peak unit: the new h, the new m, and a cache.

    Shapes: a (B, 3*H); h (B, H); m (B, H) -> h (B, H); m (B, H); cache
    """
    xp = array_namespace(a)
    a_f, a_g, a_o = gates(a, 3)
    f, g, o = sigmoid(a_f), xp.tanh(a_g), sigmoid(a_o)
    k = f * m
    peak = {{top.of}}
    return o * peak + (1 - o) * h, peak, (f, g, o, h, m, k, peak)


# %% solution="peak_vjp"
def peak_vjp(d_h, d_m, cache):
    """Backward through `peak_step`.

    Shapes: d_h (B, H); d_m (B, H)
        -> d_a (B, 3*H); d_h_before (B, H); d_m_before (B, H)
    """
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    ### BEGIN SOLUTION
    d_o = d_h * (peak - h) * o * (1 - o)
    d_peak = d_m + d_h * o
    d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
    d_g = (d_peak - d_k) * (1 - g * g)
    d_f = d_k * m * f * (1 - f)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_h * (1 - o), d_k * f
    ### END SOLUTION


# %% [markdown]
# Try it: `rnncore.fused` traces the same equations and writes their vjp itself. When your numbers agree with its numbers, print its text, `fused.vjp_source(peak)`, and find your lines in it. Of the two units {{top.units}}.


# %%
def peak(a, h, m):
    f, g, o = a
    m = {{top.fused}}
    o = fused.sigmoid(o)
    return o * m + (1 - o) * h, m


a, ones = np.array([[1.0, 1, 0.5, 0.5, -1, -1]]), np.ones((1, 2))
state = (ones, np.array([[0.2, 2.0]]))
cell, cell_vjp = fused.pair(peak)
_, cache = cell(a, 0 * a, state)
d_a, _, d_state = cell_vjp((ones, ones), cache)
print("traced: ", d_a, *d_state)
_, _, cache = peak_step(move(a), *move(state))
print("by hand:", *peak_vjp(*move((ones, ones)), cache))

# %% test="peak_vjp" points=5 explained="ch09_fused: A cell of your own"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_gradient,
    check,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, arguments=1, sizes=1)

move = mover(device)
OUTPUTS = "d_a, d_h_before, d_m_before"


def traced(rng, B, H):
    a, (h, d_h, d_m) = (
        rng.normal(size=(B, 3 * H)),
        rng.normal(size=(3, B, H)),
    )
    m = 1.5 * rng.normal(size=(B, H))
    return {"d_h": d_h, "d_m": d_m, "a": a, "h": h, "m": m}


def through(vjp, step):
    """The vjp, with the cache that the step leaves."""

    def gradients(d_h, d_m, a, h, m):
        return vjp(d_h, d_m, step(a, h, m)[-1])

    return gradients


drawn = traced(np.random.default_rng(3), 3, 4)
mine = through(peak_vjp, peak_step)
check(
    mine,
    stored("peak_vjp"),
    [move(drawn)],
    outputs=OUTPUTS,
    by=properties,
)
d_a, _, _ = mine(**move(drawn))


def loss(a):
    h, m, _ = peak_step(a, drawn["h"], drawn["m"])
    return float((drawn["d_h"] * h + drawn["d_m"] * m).sum())


assert_gradient(loss, drawn["a"], d_a, "d_a")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(traced, [(1, 1), (2, 5), (4, 2)], device)
right = through(reference_peak_vjp, reference_peak_step)
mine = through(peak_vjp, reference_peak_step)
check(mine, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="peak_vjp"
r"""
one of two uses: the new m is used twice, in h' and as the state; what comes back through h' was left out
~ d_peak = d_m + d_h * o => d_peak = d_m
state's gradient dropped: the new m is used twice, in h' and as the state; what comes back from the next step, d_m, was left out
~ d_peak = d_m + d_h * o => d_peak = d_h * o
share of the output forgotten: m' enters h' with the factor o, and its gradient has that factor too
~ d_peak = d_m + d_h * o => d_peak = d_m + d_h
both sides of the {{top.max}}: both sides of the {{top.max}} got the gradient; only the {{top.is}} one moves the result
~ d_g = (d_peak - d_k) * (1 - g * g) => d_g = d_peak * (1 - g * g)
{{top.max}} taken for a sum: both sides of the {{top.max}} got the whole gradient, as if they were added
-     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
-     d_g = (d_peak - d_k) * (1 - g * g)
+     d_k = d_peak
+     d_g = d_peak * (1 - g * g)
gradient shared out: each side of the {{top.max}} got a half; the {{top.is}} one gets all, the other nothing
~ d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak)) => d_k = d_peak / 2
{{top.isnt}} side: the {{top.isnt}} side of the {{top.max}} got the gradient
~ xp.where({{top.by}}, => xp.where({{top.odd}},
sign for the {{top.max}}: the gradient went where k is {{top.sign}}; the {{top.max}} compares k with g
~ xp.where({{top.by}}, => xp.where({{top.zero}},
compared by size: k and g were compared without their signs; the {{top.max}} looks at the signed values
~ xp.where({{top.by}}, => xp.where({{top.size}},
old m compared: the old m was compared with g; it has faded to k before
~ xp.where({{top.by}}, => xp.where({{top.old}},
slope of f forgotten: the slope f (1 - f) of the sigmoid is missing
~ d_f = d_k * m * f * (1 - f) => d_f = d_k * m
slope of g forgotten: the slope 1 - g² of tanh is missing
~ (d_peak - d_k) * (1 - g * g) => (d_peak - d_k)
slope at the argument: g is the tanh already: its slope is 1 - g², not 1 - tanh(g)²
~ (1 - g * g) => (1 - xp.tanh(g) ** 2)
slope of a sigmoid for tanh: g (1 - g) is the slope of a sigmoid; g is a tanh, whose slope is 1 - g²
~ (1 - g * g) => g * (1 - g)
slope of o forgotten: the slope o (1 - o) of the sigmoid is missing
~ d_h * (peak - h) * o * (1 - o) => d_h * (peak - h)
slope of o where it is linear: 1 - o² is the slope of a tanh; o is a sigmoid, whose slope is o (1 - o)
~ (peak - h) * o * (1 - o) => (peak - h) * (1 - o * o)
slope of f for a tanh: 1 - f² is the slope of a tanh; f is a sigmoid, whose slope is f (1 - f)
~ d_k * m * f * (1 - f) => d_k * m * (1 - f * f)
one of two places: o stands in two places, o m' and (1 - o) h; the second gives - h
~ d_h * (peak - h) * o => d_h * peak * o
difference the other way round: the sign of d_o is turned: a larger o moves h' towards m'
~ d_h * (peak - h) * o => d_h * (h - peak) * o
new m for the old: f multiplies the old m; its gradient has that factor, and not k or the new m, in which f stands already
~ d_f = d_k * m * f * (1 - f) => d_f = d_k * peak * f * (1 - f)
d_o from the state: d_o has d_m in it; o does not reach the new m, but h' alone
~ d_o = d_h * (peak - h) => d_o = (d_h + d_m) * (peak - h)
shares exchanged: the old h stays with the factor 1 - o, and goes back with it
~ d_h * (1 - o), d_k * f => d_h * o, d_k * f
old h dropped: the old h reaches h' past the peak, with the factor 1 - o; that path was lost
~ d_h * (1 - o), d_k * f => 0 * d_h, d_k * f
old h whole: the old h goes back with the factor 1 - o, not whole
~ d_h * (1 - o), d_k * f => d_h, d_k * f
m without its gate: the old m enters with the factor f, and its gradient has that factor too
~ d_h * (1 - o), d_k * f => d_h * (1 - o), d_k
m past the {{top.max}}: the old m got the peak's gradient where g was {{top.is}} too; there it did not reach the result
~ d_h * (1 - o), d_k * f => d_h * (1 - o), d_peak * f
gate order swapped: the blocks of d_a stand in another order; it is f, g, o, as in a
~ [d_f, d_g, d_o] => [d_g, d_f, d_o]
order of the blocks turned: the blocks of d_a stand in the order o, g, f; it is f, g, o, as in a
~ [d_f, d_g, d_o] => [d_o, d_g, d_f]
states exchanged: the gradients of the old h and the old m are exchanged
~ return d_a, d_h * (1 - o), d_k * f => return d_a, d_k * f, d_h * (1 - o)
upstream in place [arguments]: the numbers are right, but d_m, which belongs to the caller, was changed on the way
-     d_peak = d_m + d_h * o
+     d_m += d_h * o
+     d_peak = d_m
order f, o, g: the blocks of d_a stand in the order f, o, g; it is f, g, o, as in a
~ [d_f, d_g, d_o] => [d_f, d_o, d_g]
old m forgotten: f multiplies the old m, and f's gradient has that factor; it is missing
~ d_f = d_k * m * f * (1 - f) => d_f = d_k * f * (1 - f)
no slopes: the slopes of the sigmoids and of tanh are all missing: these are the gradients of f, g and o, not of a
-     d_o = d_h * (peak - h) * o * (1 - o)
-     d_peak = d_m + d_h * o
-     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
-     d_g = (d_peak - d_k) * (1 - g * g)
-     d_f = d_k * m * f * (1 - f)
+     d_o = d_h * (peak - h)
+     d_peak = d_m + d_h * o
+     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
+     d_g = d_peak - d_k
+     d_f = d_k * m
slopes of the sigmoids forgotten: the slopes f (1 - f) and o (1 - o) of both sigmoids are missing
-     d_o = d_h * (peak - h) * o * (1 - o)
-     d_peak = d_m + d_h * o
-     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
-     d_g = (d_peak - d_k) * (1 - g * g)
-     d_f = d_k * m * f * (1 - f)
+     d_o = d_h * (peak - h)
+     d_peak = d_m + d_h * o
+     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
+     d_g = (d_peak - d_k) * (1 - g * g)
+     d_f = d_k * m
one slope for all: all three slopes were taken as 1 - q²; that is tanh's, and a sigmoid's is q (1 - q)
-     d_o = d_h * (peak - h) * o * (1 - o)
-     d_peak = d_m + d_h * o
-     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
-     d_g = (d_peak - d_k) * (1 - g * g)
-     d_f = d_k * m * f * (1 - f)
+     d_o = d_h * (peak - h) * (1 - o * o)
+     d_peak = d_m + d_h * o
+     d_k = xp.where({{top.by}}, d_peak, xp.zeros_like(d_peak))
+     d_g = (d_peak - d_k) * (1 - g * g)
+     d_f = d_k * m * (1 - f * f)
two states dropped: the old h and the old m got no gradient: they reach the new state without a matrix
~ return d_a, d_h * (1 - o), d_k * f => return d_a, 0 * d_h, 0 * d_k
old m dropped: the old m got no gradient; it reaches the new one with the factor f, where k is the {{top.is}}
~ d_h * (1 - o), d_k * f => d_h * (1 - o), 0 * d_k
old m goes back whole: d_m itself went back to the old m; it passes the {{top.max}} and the factor f, and d_h reaches it too
~ d_h * (1 - o), d_k * f => d_h * (1 - o), d_m
old h for the new: o's gradient compares m' with the new h; the equation has the old one
~ d_h * (peak - h) * o => d_h * (peak - (o * peak + (1 - o) * h)) * o
shares of the new m: m' got the share 1 - o; that is the old h's, and m' has the share o
~ d_peak = d_m + d_h * o => d_peak = d_m + d_h * (1 - o)
what is forgotten: your gradient of the old m has the factor 1 - f; the factor is f, the share that is kept
~ d_h * (1 - o), d_k * f => d_h * (1 - o), d_k * (1 - f)
state through the output gate: d_m was multiplied by o too; the new m is the next state whole, and o shows it in h' alone
~ d_peak = d_m + d_h * o => d_peak = (d_m + d_h) * o
output's gradient alone whole: d_h reaches the new m whole and d_m with the factor o; it is the other way round
~ d_peak = d_m + d_h * o => d_peak = d_m * o + d_h
order o, f, g: the blocks of d_a stand in the order o, f, g; it is f, g, o, as in a
~ [d_f, d_g, d_o] => [d_o, d_f, d_g]
order g, o, f: the blocks of d_a stand in the order g, o, f; it is f, g, o, as in a
~ [d_f, d_g, d_o] => [d_g, d_o, d_f]
d_m twice on the way past: the gradient of m was added once more on the way past
~     return d_a, d_h * (1 - o), d_k * f =>     return d_a, d_h * (1 - o), d_k * f + d_m * f
"""

# %% [markdown]
# ## Task 4: five times as fast (6 points)
#
# *Core, about 30 minutes.*
#
# `slow_loop` runs an LSTM whose gates share one budget: what it does not keep it overwrites. The blocks stand in the order f, o, g.
#
# $$f = \sigma(a_f) \qquad o = \sigma(a_o) \qquad g = \tanh(a_g) \qquad c_t = f \odot c_{t-1} + (1 - f) \odot g \qquad h_t = o \odot \tanh(c_t)$$
#
# It was written one equation after the other, for one sequence at a time. Write `fast_loop`, with the same results in **at most a fifth of its time**, in NumPy alone. Sums may be in the hundreds, where an exponential overflows; the given `logistic` has none. Here "fast" is judged with T = 200, B = 8, D = 8, H = 16, by the best of several runs of each, taken in turns, so that a busy machine costs you no points; a good solution is ten times as fast or more. The arguments belong to the caller: change none of them.
#
# <details><summary>Hint 1</summary>
#
# With arrays as small as these, the time is the number of calls. Count the NumPy calls of one step of slow_loop: how many are there for each sequence, and for each gate? Which of them could be one?
# </details>
#
# <details><summary>Hint 2</summary>
#
# All sequences at once: `h @ W_h.T` is (B, 3H). All gates at once: one product, one sigmoid for f and o together. All steps at once: `x @ W_x.T + (b_x + b_h)` before the loop. The output: one array made before the loop, `y[t] = h`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# In the loop: `a = a_all[t] + h @ W_h.T`; `s = logistic(a[:, : 2 * H])`; `f, o = s[:, :H], s[:, H:]`; then c and h, two lines. `c` must be a new array at each step, or at least not the caller's.
# </details>


# %%
def logistic(a):
    """1 / (1 + exp(-a)), without an exponential that overflows."""
    return 0.5 * np.tanh(0.5 * a) + 0.5


def slow_loop(params, x, h, c):
    """The outputs of all steps, and the last state; a step at a time.

    Shapes: x (T, B, D); h (B, H); c (B, H)
        -> y (T, B, H); h (B, H); c (B, H)
    """
    H = h.shape[1]
    y = np.zeros((0, *h.shape), x.dtype)
    for x_t in x:
        rows_h, rows_c = [], []
        for x_b, h_b, c_b in zip(x_t, h, c, strict=True):
            sums = []
            for gate in range(3):
                block = slice(gate * H, (gate + 1) * H)
                from_x = params.W_x[block] @ x_b + params.b_x[block]
                from_h = params.W_h[block] @ h_b + params.b_h[block]
                sums.append(from_x + from_h)
            f, o, g = logistic(sums[0]), logistic(sums[1]), np.tanh(sums[2])
            rows_c.append(f * c_b + (1 - f) * g)
            rows_h.append(o * np.tanh(rows_c[-1]))
        h, c = np.stack(rows_h), np.stack(rows_c)
        y = np.concatenate([y, h[None]])
    return y, h, c


# %% solution="fast_loop"
def fast_loop(params, x, h, c):
    """What `slow_loop` returns, in at most a fifth of its time.

    Shapes: x (T, B, D); h (B, H); c (B, H)
        -> y (T, B, H); h (B, H); c (B, H)
    """
    ### BEGIN SOLUTION
    H = h.shape[1]
    a_x = x @ params.W_x.T + (params.b_x + params.b_h)
    W = params.W_h.T
    y = np.zeros((*x.shape[:2], H), x.dtype)
    for t in range(x.shape[0]):
        a = a_x[t] + h @ W
        s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :])
        c = g + s[:, :H] * (c - g)
        h = s[:, H:] * np.tanh(c)
        y[t] = h
    return y, h, c
    ### END SOLUTION


# %% [markdown]
# Try it: the same numbers, and the time of each. Times of a single run are good to a factor of two; run the cell again.

# %%
rng = np.random.default_rng(0)
weights, x = init_params(rng, 8, 16, 3), rng.normal(size=(200, 8, 8))
first = rng.normal(size=(2, 8, 16))
seconds = []
for loop in (slow_loop, fast_loop):
    start = time.perf_counter()
    y, _, _ = loop(weights, x, *first)
    seconds.append(time.perf_counter() - start)
    print(f"{loop.__name__}: {1000 * seconds[-1]:6.1f} ms, {y.sum():.6f}")
print(f"times as fast: {seconds[0] / seconds[1]:.1f}")

# %% test="fast_loop" points=6 explained="ch09_fused: One product for all steps"
import math
import time

import numpy as np

from rnncore.rnn import init_params
from rnncore.testing import (
    Properties,
    assert_that,
    check,
    check_causal,
    check_independent,
    stored,
)

properties = Properties(values=3, dtype=1, arguments=1, sizes=1)

OUTPUTS = "y, h, c"


def sequences(rng, T, B, D, H):
    return {
        "params": init_params(rng, D, H, 3),
        "x": rng.normal(size=(T, B, D)),
        "h": rng.normal(size=(B, H)),
        "c": rng.normal(size=(B, H)),
    }


def least_seconds(loop, runs, *args):
    """The time of the shortest of some runs: other work lengthens one."""
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        loop(*args)
        times.append(time.perf_counter() - start)
    return min(times)


def times_as_fast(loop, slow, enough, *args):
    """slow's best time over loop's, in turns, until it is enough.

    One run of slow against `enough` runs of loop: a busy machine
    interrupts long runs more than short ones.
    """

    def several(*args):
        for _ in range(enough):
            loop(*args)

    mine, theirs = math.inf, math.inf
    for turn in range(12):
        theirs = min(theirs, least_seconds(slow, 1, *args))
        mine = min(mine, least_seconds(several, 1, *args))
        if turn > 1 and theirs > mine:
            break
    return enough * theirs / mine


def why_slow(loop, rng):
    """What the time of a loop grows with, as a hint."""
    few, many = (
        least_seconds(loop, 5, *sequences(rng, 50, B, 8, 16).values())
        for B in (2, 16)
    )
    if many > 4 * few:
        return (
            "with eight times as many sequences it takes several times as "
            "long: it goes over the sequences one by one; take all of them "
            "in one operation"
        )
    return (
        "count the NumPy calls of a step: one product and one sigmoid will "
        "do for all gates, and all of x needs one product before the loop"
    )


def check_speed(loop, slow, rng):
    given = sequences(rng, 200, 8, 8, 16).values()
    if times_as_fast(loop, slow, 5, *given) < 4:  # a margin
        why = why_slow(loop, rng)
        assert_that(
            False,
            "the results are right, but fast_loop takes too long: more than a "
            "fifth of slow_loop's time, by the best of many runs of each, "
            f"and more than noise explains; {why}",
        )


visible = sequences(np.random.default_rng(6), 4, 3, 2, 5)
loud = {**visible, "x": 1000 * visible["x"]}
check(
    fast_loop,
    stored("fast_loop"),
    [visible, loud],
    outputs=OUTPUTS,
    by=properties,
)
check_causal(fast_loop, visible, "x")
check_independent(fast_loop, visible, {"x": 1, "h": 0, "c": 0})
check_speed(fast_loop, slow_loop, np.random.default_rng(7))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
sizes = [(1, 1, 1, 1), (6, 2, 3, 4), (3, 5, 4, 2)]
hidden = hidden_inputs(sequences, sizes, "numpy", rng=rng)
hidden.append({**hidden[2], "x": 1000 * hidden[2]["x"]})
check(
    fast_loop,
    reference_slow_loop,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
check_speed(fast_loop, reference_slow_loop, rng)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="fast_loop"
r"""
given loop called [hidden]: fast_loop takes more than a fifth of slow_loop's time; it calls slow_loop itself
~ H = h.shape[1] => return slow_loop(params, x, h, c)
other dtype [hidden, dtype]: the outputs are float64 whatever the input is
~ np.zeros((*x.shape[:2], H), x.dtype) => np.zeros((*x.shape[:2], H))
caller's memory changed [arguments]: the results are right, but c, which belongs to the caller, was changed on the way: the first step wrote over it
~ c = g + s[:, :H] * (c - g) => c[...] = g + s[:, :H] * (c - g)
caller's state changed [arguments]: the results are right, but h, which belongs to the caller, was changed on the way: the first step wrote over it
~ h = s[:, H:] * np.tanh(c) => h[...] = s[:, H:] * np.tanh(c)
outputs in one place: all outputs are the last one: the same array was written over at each step, and its rows are one and the same
~ y[t] = h => y[:] = h
states not carried: every step started from the state before the first one: h has to go from step to step
- h = s[:, H:] * np.tanh(c)
-         y[t] = h
+ y[t] = s[:, H:] * np.tanh(c)
memory not carried: every step started from the memory before the first one: c has to go from step to step
- c = g + s[:, :H] * (c - g)
-         h = s[:, H:] * np.tanh(c)
+ h = s[:, H:] * np.tanh(g + s[:, :H] * (c - g))
one output for all later steps: from the second step on, every step read the first output, y[0], as its old state; each step reads the h of the step before it
~ a = a_x[t] + h @ W => a = a_x[t] + (h if t == 0 else y[0]) @ W
state always zero at the start: the state before the first step was taken for zeros
~ H = h.shape[1] => H = h.shape[1]; h = 0 * h
memory always zero at the start: the memory before the first step was taken for zeros
~ H = h.shape[1] => H = h.shape[1]; c = 0 * c
one of two biases: one of the two biases was left out: b_h
~ (params.b_x + params.b_h) => params.b_x
other bias: one of the two biases was left out: b_x
~ (params.b_x + params.b_h) => params.b_h
no bias: both biases were left out
~  + (params.b_x + params.b_h) =>  + 0 * (params.b_x + params.b_h)
bias twice: b_x was added twice, and b_h not at all
~ (params.b_x + params.b_h) => (params.b_x + params.b_x)
blocks in another order: the blocks were read in the order o, f, g; they stand in the order f, o, g
-         c = g + s[:, :H] * (c - g)
-         h = s[:, H:] * np.tanh(c)
+         c = g + s[:, H:] * (c - g)
+         h = s[:, :H] * np.tanh(c)
order f, g, o: the blocks were read in the order f, g, o; here both sigmoids come first: f, o, g
~         s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :]) =>         s, g = logistic(a[:, [*range(H), *range(2 * H, 3 * H)]]), np.tanh(a[:, H : 2 * H])
order g, f, o: the candidate was read from the first block; it stands last: f, o, g
~         s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :]) =>         s, g = logistic(a[:, H:]), np.tanh(a[:, :H])
shares exchanged: the old memory is kept with the factor f, and the candidate enters with 1 - f; the two were exchanged
~ c = g + s[:, :H] * (c - g) => c = c + s[:, :H] * (g - c)
sum not a mean: g was added whole; it enters with the factor 1 - f
~ c = g + s[:, :H] * (c - g) => c = g + s[:, :H] * c
factor f for both: the candidate entered with the factor f; it enters with 1 - f
~ c = g + s[:, :H] * (c - g) => c = s[:, :H] * (c + g)
output without tanh: the output is o times the tanh of c, not o times c
~ h = s[:, H:] * np.tanh(c) => h = s[:, H:] * c
output gate not used: the output gate does not multiply what is shown
~ h = s[:, H:] * np.tanh(c) => h = 0 * s[:, H:] + np.tanh(c)
candidate through a sigmoid: all three blocks went through the sigmoid; the candidate's goes through tanh
~ np.tanh(a[:, 2 * H :]) => logistic(a[:, 2 * H :])
gates through tanh: all three blocks went through tanh; f and o go through the sigmoid
~ logistic(a[:, : 2 * H]) => np.tanh(a[:, : 2 * H])
memory shown: the outputs hold the memory c; they are the hidden states h
~ y[t] = h => y[t] = c
state before the step: output t is the state before step t; it is the one after it
-         h = s[:, H:] * np.tanh(c)
-         y[t] = h
+         y[t] = h
+         h = s[:, H:] * np.tanh(c)
last state forgotten: what was returned as h is the first output; it is the h after the last step (your c is right)
~ return y, h, c => return y, y[0], c
states exchanged at the end: the last h and the last c are exchanged
~ return y, h, c => return y, c, h
W_h reshaped: W_h was reshaped: it has the right shape, and its numbers stand in wrong places; transpose it
~ W = params.W_h.T => W = params.W_h.reshape(H, -1)
new memory for the step before: h was made of the memory before the step; it shows the new one
-         c = g + s[:, :H] * (c - g)
-         h = s[:, H:] * np.tanh(c)
+         h = s[:, H:] * np.tanh(c)
+         c = g + s[:, :H] * (c - g)
a step ahead: each step read the next step's input
~ a = a_x[t] + h @ W => a = a_x[min(t + 1, x.shape[0] - 1)] + h @ W
inputs not read: every step read the first step's input
~ a = a_x[t] + h @ W => a = a_x[0] + h @ W
product without the state: the gates read the input alone: the product with W_h is missing
~ a = a_x[t] + h @ W => a = a_x[t] + 0 * (h @ W)
no loop over the steps: all steps were computed at once from the first state; step t needs the state after step t - 1, so this loop stays
-     a_x = x @ params.W_x.T + (params.b_x + params.b_h)
-     W = params.W_h.T
-     y = np.zeros((*x.shape[:2], H), x.dtype)
-     for t in range(x.shape[0]):
-         a = a_x[t] + h @ W
-         s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :])
-         c = g + s[:, :H] * (c - g)
-         h = s[:, H:] * np.tanh(c)
-         y[t] = h
-     return y, h, c
+     a = x @ params.W_x.T + params.b_x + params.b_h + h @ params.W_h.T
+     s, g = logistic(a[..., : 2 * H]), np.tanh(a[..., 2 * H :])
+     c = g + s[..., :H] * (c - g)
+     y = s[..., H:] * np.tanh(c)
+     return y, y[-1], c[-1]
memory carried, state not: the gates of all steps were computed at once, from the first h; only c was carried: h has to go from step to step as well
-     a_x = x @ params.W_x.T + (params.b_x + params.b_h)
-     W = params.W_h.T
-     y = np.zeros((*x.shape[:2], H), x.dtype)
-     for t in range(x.shape[0]):
-         a = a_x[t] + h @ W
-         s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :])
+     a = x @ params.W_x.T + params.b_x + params.b_h + h @ params.W_h.T
+     y = np.zeros((*x.shape[:2], H), x.dtype)
+     for t in range(x.shape[0]):
+         s, g = logistic(a[t, :, : 2 * H]), np.tanh(a[t, :, 2 * H :])
second bias twice: b_h was added twice
~ (params.b_x + params.b_h) => (params.b_x + 2 * params.b_h)
both biases twice: both biases were added twice
~ (params.b_x + params.b_h) => 2 * (params.b_x + params.b_h)
h for the last memory: the last h was returned in place of the last c
~ return y, h, c => return y, h, h
both zero at the start: the state and the memory before the first step were taken for zeros
~ H = h.shape[1] => H = h.shape[1]; h, c = 0 * h, 0 * c
outputs a step early: output t stands at step t - 1, and the first at the end
~ y[t] = h => y[t - 1] = h
candidate without tanh: the candidate was used as a sum, without its tanh
~ np.tanh(a[:, 2 * H :]) => a[:, 2 * H :]
gates without their sigmoid: f and o were used as sums, without their sigmoids
~ logistic(a[:, : 2 * H]) => a[:, : 2 * H]
reshape taken for a transpose: W_x was reshaped: it has the right shape, and its numbers stand in wrong places; transpose it
~ params.W_x.T => params.W_x.reshape(-1, params.W_x.shape[0])
both reshaped: both matrices were reshaped: they have the right shapes, and their numbers stand in wrong places; transpose them
-     a_x = x @ params.W_x.T + (params.b_x + params.b_h)
-     W = params.W_h.T
+     a_x = x @ params.W_x.reshape(-1, params.W_x.shape[0]) + (params.b_x + params.b_h)
+     W = params.W_h.reshape(H, -1)
old memory lost: the old memory does not reach the new one
~ c = g + s[:, :H] * (c - g) => c = (1 - s[:, :H]) * g + 0 * c
first memory kept at every step: each step kept f times the very first memory; c has to go from step to step
-     for t in range(x.shape[0]):
+     c_0 = c
+     for t in range(x.shape[0]):
+         c = c_0
exponential that overflows [hidden]: at sums in the hundreds your exponential overflows, and inf / inf is nan: use the given `logistic`
- s, g = logistic(a[:, : 2 * H]), np.tanh(a[:, 2 * H :])
+ e = np.exp(a[:, : 2 * H])
+         s, g = e / (1 + e), np.tanh(a[:, 2 * H :])
"""

# %% [markdown]
# ## Task 5, closed book: `lstm_cell` (4 points)
#
# *Extra, about 15 minutes.*
#
# Close the book. This is the cell that the page fuses. From `a_x` and `a_h`, both (B, 4·H) with the gates in the order i, f, g, o, and the state `(h, c)`, compute the new state $c_t = f \odot c_{t-1} + i \odot g$, $h_t = o \odot \tanh c_t$, and the cache `(i, f, g, o, tanh_c, c_before)`, with the gates after their nonlinearities. The arguments belong to the caller: write over none of them.
#
# <details><summary>Hint 1</summary>
#
# `gates(a_x + a_h, 4)` cuts the sums into four blocks.
# </details>
#
# <details><summary>Hint 2</summary>
#
# i, f and o go through the sigmoid, g through tanh. The old h is in a_h already: the cell reads the old c only.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The last line is `return (o * tanh_c, c), (i, f, g, o, tanh_c, c_before)`.
# </details>


# %% solution="lstm_cell" closed_book=true
def lstm_cell(a_x, a_h, state):
    """c_t = f c_{t-1} + i g and h_t = o tanh(c_t): forget, write, show.

    Shapes: a_x (B, 4*H); a_h (B, 4*H); state ((B, H), (B, H))
        -> state ((B, H), (B, H)); cache
    """
    xp = array_namespace(a_x)
    _, c_before = state
    ### BEGIN SOLUTION
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    c = f * c_before + i * g
    tanh_c = xp.tanh(c)
    return (o * tanh_c, c), (i, f, g, o, tanh_c, c_before)
    ### END SOLUTION


# %% [markdown]
# Try it: the book's, and yours.

# %%
rng = np.random.default_rng(0)
a_x, a_h = move(tuple(rng.normal(size=(2, 2, 12))))
state = move(tuple(rng.normal(size=(2, 2, 3))))
(mine, _), _ = lstm_cell(a_x, a_h, state)
(book, _), _ = book_lstm_cell(a_x, a_h, state)
print("largest difference:", float(abs(mine - book).max()))

# %% test="lstm_cell" points=4 explained="ch06_lstm: Three doors"
import numpy as np

from rnncore.lstm import lstm_cell as book_lstm_cell
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, arguments=1)

move = mover(device)
OUTPUTS = "state, cache"


def cell_inputs(rng, B, H):
    a_x, a_h = rng.normal(size=(2, B, 4 * H))
    return {
        "a_x": a_x,
        "a_h": a_h,
        "state": tuple(rng.normal(size=(2, B, H))),
    }


visible = move(cell_inputs(np.random.default_rng(8), 3, 2))
check(
    lstm_cell,
    stored("lstm_cell"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(cell_inputs, [(1, 1), (2, 5), (4, 3)], device)
check(lstm_cell, book_lstm_cell, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="lstm_cell"
r"""
input and forget gate exchanged: the input and the forget gate are exchanged: the order is i, f, g, o
~ i, f, g, o = gates(a_x + a_h, 4) => f, i, g, o = gates(a_x + a_h, 4)
candidate and output exchanged: the candidate and the output gate are exchanged: the order is i, f, g, o
~ i, f, g, o = gates(a_x + a_h, 4) => i, f, o, g = gates(a_x + a_h, 4)
candidate through a sigmoid: the candidate went through the sigmoid; it goes through tanh, to be able to take away
~ sigmoid(f), xp.tanh(g), sigmoid(o) => sigmoid(f), sigmoid(g), sigmoid(o)
gates through tanh: the output gate went through tanh; a gate is a share between 0 and 1, a sigmoid
~ xp.tanh(g), sigmoid(o) => xp.tanh(g), xp.tanh(o)
gate of the input alone: a_h was left out: the gates do not see the state
~ gates(a_x + a_h, 4) => gates(a_x + 0 * a_h, 4)
gate of the state alone: a_x was left out: the gates do not see the input
~ gates(a_x + a_h, 4) => gates(a_h + 0 * a_x, 4)
forget gate inverted: the memory is kept with the factor f, not 1 - f
~ f * c_before + i * g => (1 - f) * c_before + i * g
shares that add up to one: the candidate entered with 1 - f, as in a GRU; the LSTM has an input gate of its own
~ f * c_before + i * g => f * c_before + (1 - f) * g + 0 * i
nothing forgotten: the old memory is kept whole: that is the LSTM of 1997, before it had a forget gate
~ f * c_before + i * g => c_before + i * g
old memory dropped: the old memory does not reach the new one
~ f * c_before + i * g => 0 * f * c_before + i * g
hidden state for memory: the old h was kept in place of the old c: the memory is the second part of the state
~ f * c_before + i * g => f * state[0] + i * g
memory shown without tanh: the output is o times the tanh of c, not o times c
~ return (o * tanh_c, c) => return (o * c, c)
memory through tanh: the memory itself was put through tanh: it has no bound; only what is shown of it has one
~ return (o * tanh_c, c) => return (o * tanh_c, tanh_c)
old memory shown: what is shown is made of the old memory; it shows the new one
~ tanh_c = xp.tanh(c) => tanh_c = xp.tanh(c_before)
state the wrong way round: the new state is (c, h); it is (h, c), the hidden state first
~ return (o * tanh_c, c) => return (c, o * tanh_c)
new memory in the cache: the cache holds the new memory in place of the old one, which d_f needs
~ tanh_c, c_before) => tanh_c, c)
memory in the cache without tanh: the cache holds c where tanh(c) belongs
~ (i, f, g, o, tanh_c, c_before) => (i, f, g, o, c, c_before)
sums in the cache: the cache holds the gates before their nonlinearities; the way back needs them after
-     i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
-     c = f * c_before + i * g
-     tanh_c = xp.tanh(c)
-     return (o * tanh_c, c), (i, f, g, o, tanh_c, c_before)
+     c = sigmoid(f) * c_before + sigmoid(i) * xp.tanh(g)
+     tanh_c = xp.tanh(c)
+     return (sigmoid(o) * tanh_c, c), (i, f, g, o, tanh_c, c_before)
each term squashed alone: input and state were squashed apart and then added; a gate is the sigmoid of the sum
~ sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o) => (s(p) + s(q) for s, p, q in zip([sigmoid, sigmoid, xp.tanh, sigmoid], gates(a_x, 4), gates(a_h, 4), strict=True))
caller's sums written over [arguments]: the results are right, but a_x, which belongs to the caller, was changed on the way: the sum was written over it
-     i, f, g, o = gates(a_x + a_h, 4)
+     a_x += a_h
+     i, f, g, o = gates(a_x, 4)
caller's memory written over: c, which belongs to the caller, was changed on the way: the new memory was written over it, and the cache holds the new one too
-     c = f * c_before + i * g
+     c_before *= f
+     c_before += i * g
+     c = c_before
forget gate without its sigmoid: the forget gate was used as a sum, without its sigmoid: it is a share between 0 and 1
~ sigmoid(i), sigmoid(f), xp.tanh(g) => sigmoid(i), f, xp.tanh(g)
input gate without its sigmoid: the input gate was used as a sum, without its sigmoid: it is a share between 0 and 1
~ sigmoid(i), sigmoid(f), xp.tanh(g) => i, sigmoid(f), xp.tanh(g)
output gate without its sigmoid: the output gate was used as a sum, without its sigmoid: it is a share between 0 and 1
~ xp.tanh(g), sigmoid(o) => xp.tanh(g), o
candidate without tanh: the candidate was used as a sum, without its tanh
~ xp.tanh(g), sigmoid(o) => g, sigmoid(o)
all through tanh: all four blocks went through tanh; i, f and o are shares, sigmoids
~ i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o) => i, f, g, o = (xp.tanh(p) for p in (i, f, g, o))
squashed twice: a_x and a_h were squashed by tanh before they were added; the gates see the plain sum
~ gates(a_x + a_h, 4) => gates(xp.tanh(a_x) + xp.tanh(a_h), 4)
product for sum: a_x and a_h were multiplied; they are added
~ gates(a_x + a_h, 4) => gates(a_x * a_h, 4)
cache in another order: the cache ends with c_before and tanh_c in the wrong order: it is (i, f, g, o, tanh_c, c_before)
~ (i, f, g, o, tanh_c, c_before) => (i, f, g, o, c_before, tanh_c)
old state added: the old h was added to the new one: it is in a_h already
~ return (o * tanh_c, c) => return (state[0] + o * tanh_c, c)
order f, i, o, g: the blocks were read in the order f, i, o, g; it is i, f, g, o
~ i, f, g, o = gates(a_x + a_h, 4) => f, i, o, g = gates(a_x + a_h, 4)
order i, g, f, o: the blocks were read in the order i, g, f, o; it is i, f, g, o
~ i, f, g, o = gates(a_x + a_h, 4) => i, g, f, o = gates(a_x + a_h, 4)
forget and output gate exchanged: the forget and the output gate are exchanged: the order is i, f, g, o
~ i, f, g, o = gates(a_x + a_h, 4) => i, o, g, f = gates(a_x + a_h, 4)
old h in the cache: the cache holds the old h in place of the old c, which d_f needs
~ tanh_c, c_before) => tanh_c, state[0])
output gate inside tanh: tanh was taken of o times c; it is taken of c, and o multiplies what comes out
-     return (o * tanh_c, c), (i, f, g, o, tanh_c, c_before)
+     tanh_c = xp.tanh(o * c)
+     return (tanh_c, c), (i, f, g, o, tanh_c, c_before)
output gate not used: the output gate does not multiply what is shown
~ return (o * tanh_c, c) => return (tanh_c, c)
input gate not used: the candidate is written whole: the input gate is missing
~ f * c_before + i * g => f * c_before + g
candidate not written: nothing new is written into the memory
~ f * c_before + i * g => f * c_before + 0 * i * g
i and f exchanged in c: the input gate decides what is kept, and the forget gate what is written
~     c = f * c_before + i * g =>     c = i * c_before + f * g
minus forgotten: in your sigmoid the minus is missing, 1 / (1 + e^(-a)): each gate is open where it is to be closed
~ sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o) => sigmoid(-i), sigmoid(-f), xp.tanh(g), sigmoid(-o)
"""

# %% [markdown]
# ## The hunt: who reads that any more? (3 points)
#
# *Extra, about 20 minutes.*
#
# `unroll(cell, params, x, state)` of chapter 2 makes new arrays all the time. Seven boxes save memory: each writes one thing over another, and each does it where someone still reads. That is *aliasing*: two names, one memory.
#
# Write `runs_that_tell()`: a list of `(which, W_x, W_h, b_x, b_h, x, state)` in float64 NumPy arrays, on which the boxes give themselves away. `which` names a cell: `"plain"` is `rnn_cell`, `"lstm"` is `lstm_cell` (four gates, state `(h, c)`), and `"noting"` is a plain cell whose cache holds the very `a_x` and `a_h` that it was given. What counts: the outputs, the last state, all of the tape, and whether an argument was changed. Points are for the boxes that some probe tells apart; the last point is for all of them with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# With a single step nothing is written over twice. With a state of zeros that stays zero, nobody sees that it was written over.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Some boxes show only if the cell keeps what it was given; one only if the state has a second part; one only if what is computed happens to have the shape of the input: D = G·H.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Two probes, T = 3, B = 2: "noting" with D = H = 2, and "lstm".
# </details>


# %%
def noting_cell(a_x, a_h, state):
    """A plain cell that keeps what it was given, as cells may."""
    xp = array_namespace(a_x)
    return (xp.tanh(a_x + a_h),), (a_x, a_h)


def run_of(unroll):
    """A loop as a probe calls it: outputs, last state, tape."""
    cells = {
        "plain": rnn_cell,
        "noting": noting_cell,
        "lstm": book_lstm_cell,
    }

    def run(which, W_x, W_h, b_x, b_h, x, state):
        if which not in ("plain", "noting", "lstm"):
            raise ValueError('which: expected "plain", "noting" or "lstm"')
        params = Params(W_x, W_h, b_x, b_h)
        y, last, tape = unroll(cells[which], params, x, state)
        return y, last, tuple(tape.h_before), tuple(tape.caches)

    return run


# %% solution="runs_that_tell"
def runs_that_tell():
    """A list of (which, W_x, W_h, b_x, b_h, x, state)."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    plain, lstm = init_params(rng, 2, 2), init_params(rng, 2, 2, 4)
    x, state = rng.normal(size=(3, 2, 2)), tuple(rng.normal(size=(2, 2, 2)))
    return [("noting", *plain, x, state[:1]), ("lstm", *lstm, x, state)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry, looking at the outputs alone:

# %%
boxes = black_boxes("runs_that_tell")
hasty = (
    "plain",
    *init_params(np.random.default_rng(0), 3, 2),
    np.ones((1, 1, 3)),
    (np.zeros((1, 2)),),
)
right, *_ = run_of(unroll)(*hasty)
for name, box in boxes.items():
    wrong, *_ = run_of(box)(*deepcopy(hasty))  # it may write over them
    print(name, "looks right" if np.allclose(wrong, right) else "differs")

# %% test="runs_that_tell" points=3 explained="ch09_fused: Memory touched once"
from rnncore.rnn import unroll
from rnncore.testing import black_boxes, hunt

hunt(
    run_of(unroll),
    {n: run_of(box) for n, box in black_boxes("runs_that_tell").items()},
    runs_that_tell(),
    few=2,
    points=3,
)

# %% mutants="runs_that_tell" of="rnncore.rnn.unroll"
r"""
one buffer for the products with h: all steps share one array for a_h: unseen unless the cell keeps it
~ a_h = h @ params.W_h.T => a_h = np.matmul(h, params.W_h.T, out=a_h if y else None)
input written over: the sums are written over the input where they fit: unseen unless D = G H
~ a = x @ params.W_x.T + params.b_x => a = np.add(x @ params.W_x.T, params.b_x, out=x if x.shape[2] == params.b_x.shape[0] else None)
state written over: each new h is written over the old one, from the caller's on
- state, cache = cell(a_x, a_h, state)
+ new, cache = cell(a_x, a_h, state)
+         state[0][...] = new[0]
+         state = (state[0], *new[1:])
memory written over: each new c is written over the old one: unseen where the state has one part
- state, cache = cell(a_x, a_h, state)
+ new, cache = cell(a_x, a_h, state)
+         for old, part in zip(state[1:], new[1:]):
+             old[...] = part
+         state = (new[0], *state[1:])
outputs over the sums: h is written over the sums of its step: unseen unless the cell keeps them
~ y.append(state[0]) => a_x[:, : h.shape[1]] = state[0]; y.append(state[0])
one place on the tape: the tape's states all lie in one array: unseen in the outputs
~ tape.h_before.append(h) => tape.h_before.append(np.add(h, 0, out=tape.h_before[-1] if y else None))
one place for the outputs: all outputs lie in one array: unseen with a single step
~ y.append(state[0]) => y.append(np.add(state[0], 0, out=y[-1] if y else None))
"""

# %% [markdown]
# ## Experiment: how many times as fast?
#
# *Extra, about 10 minutes, after Task 4.*
#
# Your `fast_loop` beside `slow_loop`, for batches of several sizes. The slider changes the number of units.
#
# **Predict**, before you run anything: how many times as fast is yours with one sequence, and with 32? And does the advantage grow or shrink with more units? Nothing is graded here; your words are kept in the notebook for you to come back to.

# %%
my_prediction = {"1 sequence": None, "32 sequences": None, "more units": ""}


# %% experiment
from ipywidgets import IntSlider, interact

batches = [1, 2, 4, 8, 16, 32]


def advantage(B, H):
    """slow_loop's time over fast_loop's, each the best of seven runs."""
    rng = np.random.default_rng(0)
    params, x = init_params(rng, 8, H, 3), rng.normal(size=(40, B, 8))
    h, c = rng.normal(size=(2, B, H))
    best = {}
    for loop in (slow_loop, fast_loop) * 7:
        start = time.perf_counter()
        loop(params, x, h, c)
        taken = time.perf_counter() - start
        best[loop] = min(taken, best.get(loop, taken))
    return best[slow_loop] / best[fast_loop]


def show(H=16):
    print("You predicted", my_prediction)
    plot_lines(
        {
            "slow_loop's time over fast_loop's": [
                advantage(B, H) for B in batches
            ]
        },
        "log2 of the batch",
        "times as fast",
        f"H = {H}",
        np.log2(batches),
    )


_ = interact(
    show, H=IntSlider(16, min=16, max=256, step=48, description="H")
)

# %% [markdown]
# Explain what you saw. With one sequence there is no loop over sequences to save: what is left of the advantage, and where does it come from? Why does it shrink when H grows? (Which part of the time depends on H in both loops, and which in neither?)
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# With one sequence what is left comes from fewer calls in each step: one product and one sigmoid for all gates in place of three and two, one product for the inputs of all steps, and no array that is copied at every step. The gain over sequences is added with the batch, so the factor rises with it. With more units the products take longer in both loops, by about the same amount; the time of starting a call, which is what `fast_loop` saves, does not depend on H, so its share falls and the factor with it.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A colleague's recurrent layer, written in NumPy, takes 40 ms for 1,000 steps of one sequence, and 44 ms for 16 sequences. They plan two changes: weights in half as many bytes, and results written over old arrays. In four to six sentences: will these help at these sizes, and why or why not? What would you change first? At which sizes would their two changes pay, and how would you measure that, on a machine on which other programs run?
#
# When your answer is saved, `make answer ch09_fused` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="where_it_goes" points=2 explained="ch09_fused: The roof of your machine"
# Sixteen times the arithmetic and the bytes of the state cost a tenth more time, so at these sizes the time is spent in starting some forty operations per step, of one microsecond each, and neither on bytes nor on multiplications. Half the bytes for the weights and fewer new arrays change little then. First I would make fewer calls: one product for the inputs of all steps, one for all gates, one nonlinearity for several gates, or a compiled loop that fuses them. Their changes pay where bytes bind: weights that do not fit in the near cache and are used for few sequences (the left side of the roofline), and sums and states of large batches, which are written to memory and read again. I would run both versions in turns, several times, and compare their least times (or the median of the ratios, or processor time), with and without each change, over a range of B and H, after a warm-up.
#
# Rubric: 1 point for: the time hardly depends on the batch, so it is spent in starting operations, and fewer calls come first. 1 point for both: sizes where bytes bind (large weights and few sequences, or large arrays of many), and a fair measurement (in turns, best or median of several).
