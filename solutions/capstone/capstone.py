# %% [markdown]
# # Capstone: bring your own cell
#
# *180 to 300 minutes, 32 points: 18 by tests, 14 by a reader with the rubric below. Chapters 1 to 7 are enough; read the page "A cell of your own" first.*
#
# You ask one question about recurrent cells, make the cell that can answer it, show that its gradient is right, and measure how long it remembers, how far it learns to copy, and what a step costs. In the end it has a dot on the course's poster, and you say in half a page what the dot means and what it does not.
#
# | what | points | who counts |
# | --- | --- | --- |
# | the cell and its vjp | 6 | tests |
# | the four instruments: gradient, half-life, copy limit, speed | 12 | tests |
# | the question | 4 | a reader |
# | the finding | 6 | a reader |
# | the limits | 4 | a reader |
#
# ### The rubric
#
# | | full | half | none |
# | --- | --- | --- | --- |
# | **Question** (4) | One change against a named cell; a number predicted before measuring, with the reason it should come; what outcome would refute it | A change and an expectation, but no number, no reason, or several changes at once | "A better LSTM", or a question that the measurements cannot answer |
# | **Finding** (6): 2 for the measurements, 2 for the comparison, 2 for the reading | All three numbers, over all seeds, with spread; beside the cell *without* the change; the reading says whether the prediction held, and what in the equations or the other numbers explains it | One seed, or no spread; beside the poster's cells only; the result is told and not explained | Numbers without the check of the gradient; a figure that is not from this cell; a claim that the numbers do not carry |
# | **Limits** (4) | Names what was held equal and what was not; a cause that the experiment cannot exclude; the next experiment, with the outcome that would decide | General caution ("more seeds would be good") | None, or a claim about other tasks and sizes |
#
# A refuted prediction costs nothing. A cell that remembers less than the plain one can earn all points.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: why must finite differences be taken in float64?</summary>
#
# With a step of 10⁻⁶, the difference of two losses has about six digits fewer than the losses. float64 has sixteen and keeps ten; float32 has seven in all and keeps one.
# </details>
#
# <details><summary>Chapter 7: "A is better than B" is half a sentence. What is the other half?</summary>
#
# What was held equal (steps, time, weights, units), and how much of it there was.
# </details>

# %% parameters
never = (
    {
        "it": "math.inf",
        "odd": "-1.0",
        "name": "minus one",
        "came": "-1",
        "word": "infinity",
        "says": "it is infinite, or at least not known",
        "answer": "infinite",
    },
    {
        "it": "0.0",
        "odd": "math.inf",
        "name": "infinite",
        "came": "infinity",
        "word": "0",
        "says": "0 is asked for",
        "answer": "0",
    },
)
middle = (
    {
        "name": "lower",
        "other": "upper",
        "it": "(len(limits) - 1) // 2",
        "odd": "len(limits) // 2",
        "place": "(n - 1)//2",
        "hidden": "",
        "says": "the lower one is the more careful",
    },
    {
        "name": "upper",
        "other": "lower",
        "it": "len(limits) // 2",
        "odd": "(len(limits) - 1) // 2",
        "place": "n//2",
        "hidden": " [hidden]",
        "says": "the upper one is asked for",
    },
)
warm = (
    {
        "text": "first turn warms up",
        "do": "does",
        "first": "first turn",
        "n": 1,
        "odd": 2,
        "before": "",
        "was": "was",
        "be": "is",
        "it": "it",
        "them": "it",
        "pay": "pays",
        "one": "first one",
        "sizes": "[(2, 3.0), (21, 4.0), (10, 1.0)]",
        "quotients": "own[1:] / plain[1:]",
        "off_own": "the first turn was left out of `own` alone",
        "off_plain": "the first turn was left out of `plain` alone",
        "which": "the first one is that which warms up",
        "name": "two turns left out",
        "says": "two turns were left out; the first one alone warms up",
    },
    {
        "text": "first two turns warm up",
        "do": "do",
        "first": "first two turns",
        "n": 2,
        "odd": 1,
        "before": 1,
        "was": "were",
        "be": "are",
        "it": "they",
        "them": "them",
        "pay": "pay",
        "one": "first two",
        "sizes": "[(3, 3.0), (21, 4.0), (10, 1.0)]",
        "quotients": "own[2:] / plain[2:]",
        "off_own": "one turn more was left out of `own` than of `plain`",
        "off_plain": "one turn more was left out of `plain` than of `own`",
        "which": "the first two are those which warm up",
        "name": "one turn left out",
        "says": "the first turn alone was left out; the first two warm up",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# The memory ruler measures in NumPy, so your cell may use NumPy and `rnncore` alone. (Task 2 keeps the library of its arguments; `"cpu"` or `"cuda"` runs its tests on torch.) Nothing that you write changes an argument.

# %%
import math

import numpy as np

from rnncore.backend import from_numpy, to_numpy
from rnncore.comparison import ruler
from rnncore.comparison.ruler import Cell
from rnncore.lstm import gates, sigmoid
from rnncore.testing import mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## A half-life by hand
#
# A cell keeps the share 0.8 of its state at each step, and nothing else happens. After how many steps is half of a change left? Work it out on paper, then run the cell.

# %%
print(math.log(0.5) / math.log(0.8), " by hand: log 2 / log 1.25 = 3.106")

# %% [markdown]
# Now the distance of two runs was measured, 1.0, 0.8, 0.64, 0.512, 0.41, ..., and is below one half after step 4 for the first time. Where in between was it one half? On a straight line in its *logarithm*. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `at = 3 + math.log(2 * 0.512) / math.log(0.512 / 0.4096)`: how far it still had to fall, over how far it fell in this step.
# </details>

# %%
at = math.nan
# (the missing line)
print(at, " by hand: 3.106 again")

# %% [markdown]
# ## The question (4 points)
#
# Before any code. A template; replace the brackets, and keep it under 150 words.
#
# > **My cell** is [a cell of the course] with one change: [the equation that differs].
# > **I ask** whether [half-life / copy limit / time per step] becomes [longer / shorter / the same], because [the reason, in terms of the equations].
# > **I predict** [a number or a factor], against [the number of the cell without the change].
# > **I would take it back** if [an outcome].

# %% [markdown] answer="question" points=4 explained="capstone: What is asked"
# My cell is the minimal gated unit without a reset: one gate z, and h_t = z h_{t-1} + (1 - z) tanh(a_n). Against the GRU one thing is gone, the reset gate. I ask whether the copy limit becomes shorter, because the reset is the GRU's only means to make its candidate forget, and copying one symbol over blanks asks for keeping, not for forgetting: everything it needs is z. I predict the same limit as the GRU's, lag 32 in the median of three seeds, at about two thirds of its time per step, since two of three blocks of columns are left. I would take it back if the median limit were half of the GRU's or less with no overlap of the seeds.
#
# Rubric: 1 for a single change against a named cell, 1 for a predicted number, 1 for a reason in the equations, 1 for an outcome that would refute it.

# %% [markdown]
# ## Task 1: the cell, and its way back (6 points)
#
# `own_cell()` returns `Cell(forward, vjp, G, parts)`, two functions and two numbers:
#
# - `forward(a_x, a_h, state)` gives `(state, cache)`. a_x and a_h are (B, G · H), what the input and the hidden state contribute; the state is a tuple of `parts` arrays (B, H), the hidden state first. The cache is whatever the way back needs.
# - `vjp(d_state, cache)` gives `(d_a_x, d_a_h, d_state)`: the gradients of the sums, (B, G · H) each, and what goes past the matrix, a tuple of `parts` arrays (B, H).
#
# It must not be the plain cell, the GRU or the LSTM: the test refuses what gives their numbers, with blocks in any order. (Whether a change is one that can answer a question is for the reader of your report.) The same arguments give the same result, no sequence of the batch reaches another, both a_x and a_h are read, the vjp has formulas of its own (finite differences of `forward` earn nothing for the gradients: the test counts the lines that run), float32 stays float32 (an array of constants that you make has the `dtype` of a_x), and no argument is changed (the vjp may overwrite its cache).
#
# Where to look for one: a constant that the course has set, and you set otherwise; two gates made one, or one made two; a gate that sees something else; another squashing function; half of the units slow; a published cell (chapter 7's exercise names some). One change is worth more than three.
#
# <details><summary>Hint 1</summary>
#
# Begin with a cell that you have: copy the equations of its forward way, make the one change, and write the cache last.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Every value that two others read gets the sum of what they send back. For the change alone, ask: what does it read, and who reads it?
# </details>
#
# <details><summary>Hint 3</summary>
#
# If the test says that a gradient is wrong, set parts of your cell to constants (a gate to 1/2) on both ways, until it is right. The part that you freed last is to blame.
# </details>


# %% solution="own_cell"
def own_cell():
    """A cell of your own: forward, vjp, G, parts."""

    ### BEGIN SOLUTION
    def forward(a_x, a_h, state):
        z, n = gates(a_x + a_h, 2)
        z, n = sigmoid(z), np.tanh(n)
        return (z * state[0] + (1 - z) * n,), (z, n, state[0])

    def vjp(d_state, cache):
        (d_h,), (z, n, h) = d_state, cache
        d_z = d_h * (h - n) * z * (1 - z)
        d_n = d_h * (1 - z) * (1 - n * n)
        d_a = np.concatenate([d_z, d_n], axis=-1)
        return d_a, d_a, (d_h * z,)

    return Cell(forward, vjp, 2, 1)
    ### END SOLUTION


# %% [markdown]
# Try it: the ruler's own check, through a loop of five steps. It names the first output that is wrong.

# %%
print("largest relative error:", ruler.check_cell(Cell(*own_cell())))

# %% test="own_cell" points=6 explained="ch07_gru: Fewer parts"
from itertools import permutations

import numpy as np

from rnncore.backend import tree_map
from rnncore.bptt import bptt
from rnncore.comparison.ruler import CELLS
from rnncore.rnn import init_params, unroll
from rnncore.testing import Properties, assert_that, check, observe, stored
from rnncore.testing.failure import CheckFailure
from rnncore.testing.inputs import count_lines

properties = Properties(values=2, gradients=3, dtype=1)

OUTPUTS = (
    "G and parts are numbers, the state has its form, "
    "the cell changes no argument, the vjp changes no argument, "
    "the same twice, sequences apart, reads a_x, reads a_h, "
    "a cell of its own, d_a_x, d_a_h, d_state"
)
NOTHING_RIGHT = ("no",) * 12


def numbers(seed, G, parts, B, H, size=1.0):
    rng = np.random.default_rng(seed)
    a_x, a_h = size * rng.normal(size=(2, B, G * H))
    return {
        "a_x": a_x,
        "a_h": a_h,
        "state": tuple(rng.normal(size=(parts, B, H))),
    }, tuple(rng.normal(size=(parts, B, H)))


def kind_of(found, expected):
    """What a gradient is, next to the one by finite differences."""
    found = np.asarray(found, dtype=float)
    if found.ndim == 0:
        found = np.full(expected.shape, float(found))
    if found.shape != expected.shape:
        return "of another shape"
    if not np.isfinite(found).all():
        return "not a number"
    near = 1e-6 * max(1.0, np.abs(expected).max())
    for words, factor in (
        ("right", 1),
        ("zero", 0),
        ("of the opposite sign", -1),
        ("half of it", 0.5),
        ("twice as large", 2),
        ("averaged over the batch", 1 / len(expected)),
    ):
        if np.abs(found - factor * expected).max() < near:
            return words
    return "wrong"


def in_blocks(found, expected, H):
    """The same of a gradient of sums: where in its blocks it is wrong."""
    way = kind_of(found, expected)
    blocks = range(0, expected.shape[1], H)
    if way != "wrong" or len(blocks) == 1:
        return way
    near = 1e-6 * max(1.0, np.abs(expected).max())

    def same(k, j):
        pair = found[:, k : k + H], expected[:, j : j + H]
        return np.abs(pair[0] - pair[1]).max() < near

    if all(any(same(k, j) for k in blocks) for j in blocks):
        return "right in each block, in another order"
    bad = [str(k // H + 1) for k in blocks if not same(k, k)]
    if len(bad) == len(blocks):
        return "wrong"
    which = f"block{'s' * (len(bad) > 1)} {' and '.join(bad)}"
    return f"wrong in {which} of {len(blocks)} alone"


REASONS = {
    "G and parts are numbers": "own_cell returns Cell(forward, vjp, G, "
    "parts): two functions, then two ints of at least 1.",
    "the same twice": "Two calls with the same arguments gave two results.",
    "sequences apart": "The state of one sequence moved when only "
    "another's a_x or a_h did: something is taken over axis 0.",
    "reads a_x": "The new state stays as it is, whatever a_x is.",
    "reads a_h": "The new state stays as it is, whatever a_h is.",
    "a cell of its own": "It gives what a cell of the course gives.",
    "zero": "Nothing comes back on this way, although the state depends "
    "on it.",
    "of the opposite sign": "It is right except for its sign.",
    "half of it": "It is right except for a factor of 2: a share that the "
    "way forward does not have?",
    "twice as large": "It is right except for a factor of 2: a share of one "
    "half forgotten, or one way counted twice?",
    "averaged over": "It was divided by the size of the batch.",
    "of another shape": "A gradient has the shape of what it belongs to.",
    "not a number": "None or NaN was returned; the gradient of what affects "
    "nothing is zeros.",
    "not zero": "Nothing of this old part goes past the matrix, so its "
    "gradient is zeros.",
    "right in each": "The blocks of columns on the way back are in another "
    "order than gates() cuts them on the way forward.",
    "wrong in blocks": "The other blocks are right, so look at what these "
    "have in common: a value that all of them send their gradients through.",
    "wrong in block": "The other blocks are right, so look at this one "
    "alone: the slope of its function, and everything that reads it.",
    "with d_a_h": "What goes through a_h was added; the loop takes that "
    "through W_h. Here only what goes past the matrix is asked for.",
    "wrong, though d_a_x": "It is d_a_x. Yet a_h enters in another way "
    "than a_x: through a gate, perhaps.",
}


def with_reason(failure):
    """What words such as "twice as large" say about the cell."""
    if failure.mistake:
        return failure
    words = failure.got.strip("'"), failure.what
    for begins, why in REASONS.items():
        if any(word.startswith(begins) for word in words):
            return failure._replace(why=why)
    return failure


def slopes(forward, args, d_state, name, k=None):
    """The gradient of sum(d_state * state), by finite differences."""
    start = args[name] if k is None else args[name][k]
    d = np.zeros(start.shape)
    for index in np.ndindex(*start.shape):
        for sign in (1, -1):
            moved = start.copy()
            moved[index] += sign * 1e-6
            if k is not None:
                moved = (*args[name][:k], moved, *args[name][k + 1 :])
            new, _ = forward(*{**args, name: moved}.values())
            total = sum(
                float((a * b).sum())
                for a, b in zip(d_state, new, strict=True)
            )
            d[index] += sign * total / 2e-6
    return d


def yes(holds):
    return "yes" if holds else "no"


def examined(seed, B, H, size):
    """What the learner's cell is like, in words."""
    forward, vjp, G, parts = own_cell()
    if type(G) is not int or type(parts) is not int or min(G, parts) < 1:
        return NOTHING_RIGHT
    args, d_state = numbers(seed, G, parts, B, H, size)
    first, again = observe(forward, args), observe(forward, args)
    for call in (first, again):
        if call.error:
            raise call.error
    result = first.result
    if not isinstance(result, tuple) or len(result) != 2:
        return ("yes", *NOTHING_RIGHT[1:])
    new, cache = result
    if not (
        isinstance(new, tuple)
        and len(new) == parts
        and all(np.shape(part) == (B, H) for part in new)
    ):
        return ("yes", *NOTHING_RIGHT[1:])
    same = all(
        np.array_equal(a, b)
        for a, b in zip(new, again.result[0], strict=True)
    )

    def moved(name, rows):
        """How far new states move when rows of an argument do."""
        other = {**args, name: args[name] + 0.0}
        other[name][rows] += 0.7
        after, _ = forward(*other.values())
        return [
            np.abs(a - b).max(1) for a, b in zip(after, new, strict=True)
        ]

    if first.changed:  # then nothing else can be judged
        return ("yes",) * 2 + ("no",) * 10
    if not same:
        return ("yes",) * 4 + ("no",) * 8
    apart = not any(
        far[1:].max() > 0
        for name in ("a_x", "a_h")
        for far in moved(name, [0])
    )
    reads = [
        any(far.max() > 0 for far in moved(name, range(B)))
        for name in ("a_x", "a_h")
    ]
    kin = ""
    for known_name, known in CELLS.items():
        if (known.G, known.parts) == (G, parts):
            for order in permutations(np.split(np.arange(H * G), G)):
                columns = np.concatenate(order)
                sums = (args[name][:, columns] for name in ("a_x", "a_h"))
                theirs, _ = known.forward(*sums, args["state"])
                if np.allclose(theirs, new):
                    kin = known_name
    call = observe(vjp, {"d_state": d_state, "cache": cache})
    if call.error:
        raise call.error
    d_a_x, d_a_h, d_before = call.result
    due = [slopes(forward, args, d_state, name) for name in ("a_x", "a_h")]
    ways = [in_blocks(d_a_x, due[0], H), in_blocks(d_a_h, due[1], H)]
    if ways[0] == "right" != ways[1] and kind_of(d_a_h, due[0]) == "right":
        ways[1] = "wrong, though d_a_x would be it"
    past = []
    for k in range(parts):
        expected = slopes(forward, args, d_state, "state", k)
        way = kind_of(d_before[k], expected)
        if way == "wrong" and np.abs(expected).max() < 1e-6:
            way = "not zero"
        alike = np.shape(d_a_h) == np.shape(d_before[k])
        rest = d_before[k] - d_a_h if way == "wrong" and alike else None
        if alike and kind_of(rest, expected) == "right":
            way = "with d_a_h added"
        if way != "right":
            past.append(way)
    changed = [name for name in call.changed if "cache" not in name]
    return (
        "yes",
        "yes",
        "yes",
        yes(not changed),
        yes(same),
        yes(apart),
        *map(yes, reads),
        f"no: the {kin}" if kin else "yes",
        *ways[:2],
        past[0] if past else "right",
    )


def check_float32(seed, B, H):
    """float32 stays what it is, and other sizes hold."""
    forward, vjp, G, parts = own_cell()
    args, d_state = numbers(seed, G, parts, B, H)
    args, d_state = tree_map(lambda a: a.astype("float32"), (args, d_state))
    new, cache = forward(*args.values())
    d_a_x, d_a_h, before = vjp(d_state, cache)
    for name, a, shape in (
        *(("state", part, (B, H)) for part in new),
        *(("d_state", part, np.shape(part)) for part in before),
        ("d_a_x", d_a_x, (B, G * H)),
        ("d_a_h", d_a_h, (B, G * H)),
    ):
        assert a.shape == shape, f"{name}: expected {shape}, got {a.shape}"
        assert a.dtype == np.float32, f"{name}: float32 became {a.dtype}"


def check_own_formulas(seed, B=3, H=4):
    """The vjp does not run the way forward for each number."""
    forward, vjp, G, parts = own_cell()
    args, d_state = numbers(seed, G, parts, B, H)
    _, cache = forward(*args.values())
    way = {"d_state": d_state, "cache": cache}
    assert_that(
        count_lines(vjp, way) < 20 * count_lines(forward, args),
        "the vjp has formulas of its own: finite differences of forward "
        "run it again for each number of its arguments",
    )


try:
    check(
        examined,
        stored("own_cell"),
        [
            {"seed": 1, "B": 3, "H": 4, "size": 1.0},
            {"seed": 2, "B": 4, "H": 5, "size": 4.0},  # gates wide open
        ],
        outputs=OUTPUTS,
        by=properties,
    )
except CheckFailure as error:
    raise CheckFailure(with_reason(error.failure)) from None
for name, failure in properties.lost.items():
    properties.lost[name] = with_reason(failure)
with properties("gradients"):
    check_own_formulas(1)
with properties("dtype"):
    check_float32(1, 3, 4)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_close, hidden_rng

rng = hidden_rng()
check(
    examined,
    lambda seed, B, H, size: ("yes",) * 9 + ("right",) * 3,
    [
        {"seed": int(rng.integers(1000)), "B": B, "H": H, "size": size}
        for B, H, size in ((2, 3, 1.0), (3, 6, 1.0), (5, 2, 4.0))
    ],
    outputs=OUTPUTS,
    by=properties,
)
with properties("gradients"):
    check_own_formulas(int(rng.integers(1000)))
with properties("dtype"):
    for B, H in ((1, 1), (4, 2), (3, 6)):
        check_float32(int(rng.integers(1000)), B, H)
forward, vjp, G, parts = own_cell()
# through the loop: the slope along random directions, five steps
params = init_params(rng, 3, 4, G)
x, d_y = rng.normal(size=(5, 2, 3)), rng.normal(size=(5, 2, 4))
state = tuple(rng.normal(size=(parts, 2, 4)))
d_last = tuple(rng.normal(size=(parts, 2, 4)))
y, last, tape = unroll(forward, params, x, state)
with properties("gradients"):
    d_params, d_x, d_first = bptt(vjp, params, tape, d_y, d_last)
    for _ in range(4):
        ways = [rng.normal(size=a.shape) for a in (*params, x, *state)]
        totals = []
        for sign in (1, -1):
            a = [
                b + sign * 1e-6 * w
                for b, w in zip((*params, x, *state), ways, strict=True)
            ]
            y, last, _ = unroll(
                forward, type(params)(*a[:4]), a[4], tuple(a[5:])
            )
            pairs = [(d_y, y), *zip(d_last, last, strict=True)]
            totals.append(sum(float((d * b).sum()) for d, b in pairs))
        slope = (totals[0] - totals[1]) / 2e-6
        mine = sum(
            float((np.asarray(d) * w).sum())
            for d, w in zip((*d_params, d_x, *d_first), ways, strict=True)
        )
        assert_close("the slope through five steps", mine, slope, 1e-5)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="own_cell"
r"""
upstream in place: the gradients are right, but the caller's d_state was changed in place: the loop still needs it
-         return d_a, d_a, (d_h * z,)
+         d_h *= z
+         return d_a, d_a, (d_h,)
the way past the matrix dropped [gradients]: nothing goes past the matrix: what the cell keeps of its state sends its gradient back directly, and that is what a memory lives on
~ (d_h * z,) => (0 * d_h,)
gradient of the state not in a tuple [gradients]: the third result of the vjp is no tuple of `parts` arrays (B, H): for one part it is (d_h,), with a comma
~ (d_h * z,) => d_h * z
split between a_x and a_h [gradients]: the gradient was split between a_x and a_h; a sum hands the whole gradient to each of its terms
~ return d_a, d_a, (d_h * z,) => return d_a / 2, d_a / 2, (d_h * z,)
nothing for a_h [gradients]: a_h got no gradient: then W_h never learns
~ return d_a, d_a, (d_h * z,) => return d_a, 0 * d_a, (d_h * z,)
all signs wrong [gradients]: all gradients have the opposite sign: the cell would climb its loss
~ return d_a, d_a, (d_h * z,) => return -d_a, -d_a, (-d_h * z,)
averaged over the batch [gradients]: the gradients of the sums were divided by the size of the batch; the loss does that, once
~ return d_a, d_a, (d_h * z,) => return d_a / len(d_a), d_a / len(d_a), (d_h * z,)
noise in the cell: the same arguments gave two results: whatever is random must come in from outside, or no gradient can be checked
~ z, n = sigmoid(z), np.tanh(n) => z, n = sigmoid(z), np.tanh(n + np.random.normal(size=n.shape))
sequences mixed: one sequence of the batch reaches another (a mean over axis 0?); a result would depend on its neighbours
-         return (z * state[0] + (1 - z) * n,), (z, n, state[0])
+         n = n - np.mean(n, axis=0, keepdims=True)
+         return (z * state[0] + (1 - z) * n,), (z, n, state[0])
a_h not read: the cell does not read a_h: its gates cannot see the state, and its vjp sends a gradient all the same
~ gates(a_x + a_h, 2) => gates(a_x + 0 * a_h, 2)
the course's LSTM: this is the LSTM; a cell of your own is asked for
~ return Cell(forward, vjp, 2, 1) => return ruler.CELLS['LSTM']
a_x not read: the cell does not read a_x: nothing of the input can reach its state
~ gates(a_x + a_h, 2) => gates(0 * a_x + a_h, 2)
a cell of the course: this is the plain cell; a cell of your own is asked for
~ return Cell(forward, vjp, 2, 1) => return ruler.CELLS['plain']
the course's GRU: this is the GRU; a cell of your own is asked for
~ return Cell(forward, vjp, 2, 1) => return ruler.CELLS['GRU']
state not in a tuple: the new state is no tuple of `parts` arrays (B, H): for one part it is (h,), with a comma
~ return (z * state[0] + (1 - z) * n,), (z, n, state[0]) => return z * state[0] + (1 - z) * n, (z, n, state[0])
argument changed in place: the cell changed one of its arguments, a_x, a_h or the state, which the caller still has: make a new array
-         return (z * state[0] + (1 - z) * n,), (z, n, state[0])
+         h = state[0] + 0
+         state[0][...] = z * h + (1 - z) * n
+         return (state[0] + 0,), (z, n, h)
slope of the tanh forgotten [hidden, gradients]: the slope of the tanh, 1 - n², is missing
~ d_n = d_h * (1 - z) * (1 - n * n) => d_n = d_h * (1 - z)
gate without a gradient [hidden, gradients]: the gate got no gradient: it never learns when to keep
~ d_z = d_h * (h - n) * z * (1 - z) => d_z = 0 * d_h
float64 made [hidden, dtype]: float32 became float64
~ z, n = sigmoid(z), np.tanh(n) => z, n = sigmoid(z).astype(float), np.tanh(n)
finite differences of its own forward [hidden, gradients]: the way back was found by moving each number of the arguments, which costs a way forward for each
-         d_z = d_h * (h - n) * z * (1 - z)
-         d_n = d_h * (1 - z) * (1 - n * n)
-         d_a = np.concatenate([d_z, d_n], axis=-1)
-         return d_a, d_a, (d_h * z,)
+         a = np.concatenate([np.log(z / (1 - z)), np.arctanh(n)], axis=-1)
+         d = []
+         for start in (a, h):
+             d.append(np.zeros_like(start))
+             for index in np.ndindex(*start.shape):
+                 for k, weight in ((1, 8), (-1, -8), (2, -1), (-2, 1)):
+                     moved = start.copy()
+                     moved[index] += k * 1e-3
+                     pair = (moved, h) if start is a else (a, moved)
+                     (new,), _ = forward(pair[0], 0 * pair[0], (pair[1],))
+                     d[-1][index] += weight * (d_h * new).sum() / 12e-3
+         return d[0], d[0], (d[1],)
slope lost near the ends [hidden, gradients]: the gradient is right for small sums alone: the slope of the tanh was left out where the tanh is near its ends
~ d_n = d_h * (1 - z) * (1 - n * n) => d_n = d_h * (1 - z) * np.where(abs(n) > 0.99, 0.0, 1 - n * n)
"""

# %% [markdown]
# See your cell at work: one unit, whose blocks all get the same sum $w h + x$. Press *Next* through the three steps and back, and compare what goes past $w$ with what goes through it; where your vjp is wrong, the figure says what finite differences give.

# %%
from rnncore.display import widgets

widgets.show(
    lambda: widgets.unrolled(
        *own_cell(),
        w=0.5,
        inputs=[0.8, -0.3, 0.5],
        targets=[1.0, 0.0, 0.5],
    )
)

# %% [markdown]
# ## Task 2, closed book: `numerical_gradient` (3 points)
#
# The instrument that your cell was just judged by. Close the book and rebuild it under its own name: for each entry of x, (f(x + step) - f(x - step)) / (2 step), with that entry alone moved. `f` takes an array like x, of its library, dtype and device, and gives a number. x is never changed; the result is a NumPy array of x's shape.
#
# <details><summary>Hint 1</summary>
#
# `np.ndindex(*shape)` goes through all indices. Each needs two calls of f, with a fresh copy each.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `start = to_numpy(x)` once; `moved = start.copy()`, and `from_numpy(moved, x)` is what f gets.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `for sign in (1, -1):` move by `sign * step`, and add `sign * float(f(...)) / (2 * step)` to the entry of the result.
# </details>


# %% solution="numerical_gradient" closed_book=true
def numerical_gradient(f, x, step=1e-6):
    """(f(x + step) - f(x - step)) / (2 step), one entry of x at a time.

    The array is moved, not changed: `f` gets a copy each time.
    """
    ### BEGIN SOLUTION
    start = to_numpy(x)
    d_x = np.zeros(start.shape)
    for index in np.ndindex(*start.shape):
        for sign in (1, -1):
            moved = start.copy()
            moved[index] += sign * step
            value = float(f(from_numpy(moved, x)))
            d_x[index] += sign * value / (2 * step)
    return d_x
    ### END SOLUTION


# %% [markdown]
# Try it: the gradient of the sum of squares is 2x.

# %%
print(numerical_gradient(lambda a: (a**2).sum(), move(np.arange(3.0))))

# %% test="numerical_gradient" points=3 explained="ch03_bptt: Trust nothing: the numerical check"
import numpy as np

from rnncore.testing import Properties, assert_that, check, mover, stored

properties = Properties(values=2, sizes=1)

move = mover(device)


def cubic(a):
    """Curved, so that a one-sided difference shows."""
    weight = 1.0 + 0 * a
    return ((a + 0.3) ** 3 * weight).sum() + (a.ravel()[0] * a.ravel()[-1])


def sloped(x, step):
    """The learner's gradient, moved to where x lies, as check wants it."""
    return move(numerical_gradient(cubic, x, step))


rng = np.random.default_rng(2)
visible = [
    move({"x": rng.normal(size=(2, 3)), "step": 1e-2}),
    move({"x": rng.normal(size=4), "step": 1e-1}),
]
check(
    sloped,
    stored("numerical_gradient"),
    visible,
    outputs="d_x",
    by=properties,
)


def check_calls(rng):
    """How often f is called, how far from x, and with what."""
    seen, x = [], move(rng.normal(size=3))
    before = x + 0

    def watched(a):
        seen.append((type(a), a.dtype, float(abs(a - before).max())))
        return float(a.sum())

    kind = type(numerical_gradient(watched, x))
    assert_that(kind is np.ndarray, "a NumPy array is expected")
    assert_that(len(seen) == 6, "6 calls of f are expected for 3 entries")
    for kind, dtype, far in seen:
        assert_that(kind is type(x), "f gets another kind of array than x")
        assert_that(dtype == x.dtype, "f gets another dtype than x has")
        assert_that(0.9e-6 < far < 1.1e-6, "the default step is 1e-6")
    assert_that(float(abs(x - before).max()) == 0, "x was changed")


check_calls(rng)
### BEGIN HIDDEN TESTS
from rnncore.bptt import numerical_gradient as book_numerical_gradient
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    move({"x": rng.normal(size=shape), "step": step})
    for shape, step in [((1,), 1e-1), ((2, 2, 3), 1e-2), ((5,), 0.3)]
]
check(
    sloped,
    lambda x, step: move(book_numerical_gradient(cubic, x, step)),
    hidden,
    outputs="d_x",
    by=properties,
)
check_calls(rng)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="numerical_gradient"
r"""
one side only: the difference was taken on one side: its error is of the order of the step, that of both sides of its square
-         for sign in (1, -1):
-             moved = start.copy()
-             moved[index] += sign * step
-             value = float(f(from_numpy(moved, x)))
-             d_x[index] += sign * value / (2 * step)
+         moved = start.copy()
+         moved[index] += step
+         d_x[index] = (float(f(from_numpy(moved, x))) - float(f(x))) / step
divided by one step: the two points are two steps apart: divide by 2 step
~ (2 * step) => step
all entries moved: all entries were moved at once: this is one slope, the sum of all, in every entry
~ moved[index] += sign * step => moved += sign * step
entries stay moved: an entry stayed where it was moved to while the next one was measured; make a copy each time
-             moved = start.copy()
-             moved[index] += sign * step
+             moved = moved if index != (0,) * start.ndim else start.copy()
+             moved[index] += sign * step * (1 if sign > 0 else 2)
x changed: of the two points one is x itself: move a copy up and another copy down, each by `step`
~ moved = start.copy() => moved = start
sign lost: the two values were added; their difference is the slope
~ d_x[index] += sign * value => d_x[index] += value
step fixed: the entries were not moved by `step`
~ sign * step => sign * 1e-6
one side only, below: the difference was taken on one side, downwards: its error is of the order of the step
-         for sign in (1, -1):
-             moved = start.copy()
-             moved[index] += sign * step
-             value = float(f(from_numpy(moved, x)))
-             d_x[index] += sign * value / (2 * step)
+         moved = start.copy()
+         moved[index] -= step
+         d_x[index] = (float(f(x)) - float(f(from_numpy(moved, x)))) / step
all slopes are zero: every slope is 0: were both points one array, moved up and down again, or was nothing written into the result?
~ d_x[index] += sign * value => d_x[index] += 0 * value
low minus high: all slopes have the opposite sign: f(x + step) comes first
~ d_x[index] += sign * value => d_x[index] -= sign * value
step of its own: x was moved by 1e-6, and not by the `step` that came
~ start = to_numpy(x) => start, step = to_numpy(x), 1e-6
not divided: the difference of the two values was not divided by how far apart they are
~ sign * value / (2 * step) => sign * value
half a step: the slopes are about half as large: the two points lie one step apart, and the difference was divided by two steps
~ sign * step => sign * step / 2
does not begin with zeros: the slopes are one too large: the result to which they are added began with ones
~ np.zeros(start.shape) => np.ones(start.shape)
first entry alone: only the first entry has its slope: does the `return` stand inside the loop?
~     return d_x =>         return d_x
whole rows moved: whole rows were moved at once; np.ndindex(*shape) goes through every single entry
~ np.ndindex(*start.shape) => np.ndindex(len(start))
other order of entries: the slopes are right, but stand in another order: by columns instead of by rows
~ return d_x => return d_x.ravel().reshape(d_x.shape, order="F")
no brackets: divided by 2 and then multiplied by the step: / 2 * step goes from left to right; brackets are missing
~ (2 * step) => 2 * step
relative step: each entry was moved by a share of its own size, and not by `step`
~ moved[index] += sign * step => moved[index] += sign * step * abs(start[index])
those before moved too: with each entry all those before it were moved, too
~ moved[index] += sign * step => moved.ravel()[: np.ravel_multi_index(index, start.shape) + 1] += sign * step
one copy for all: the copy was made once, before the loop: an entry that was moved stays moved while the next ones are measured
-     for index in np.ndindex(*start.shape):
-         for sign in (1, -1):
-             moved = start.copy()
+     moved = start.copy()
+     for index in np.ndindex(*start.shape):
+         for sign in (1, -1):
flat: the gradient is flat; it has the shape of x
~     return d_x =>     return d_x.ravel()
a list: the gradient is a list; it is an array
~     return d_x =>     return d_x.tolist()
"""

# %% [markdown]
# ## Task 3: the half-life of a curve (3 points)
#
# Two runs differ in one symbol; `distance` (N,) is how far their states are apart after 0, 1, 2, ... steps of waiting, all positive. Return the *first* time at which it is half of `distance[0]`, a float. Between two steps the *logarithm* of the distance lies on a straight line. If it never gets so low, `{{never.it}}`. (A curve may rise before it falls, and come back after.)
#
# <details><summary>Hint 1</summary>
#
# Find the first step k at which the distance is at most one half of the first. The time lies between k - 1 and k.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `np.flatnonzero(distance <= distance[0] / 2)` lists all such steps; an empty list means never.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Of the fall from k - 1 to k, log(before / now), the part above one half is log(before / half): the time is k - 1 + their quotient.
# </details>


# %% solution="steps_to_half"
def steps_to_half(distance):
    """Steps until the distance of two runs is half of the first.

    Shapes: distance (N,) -> a number
    """
    ### BEGIN SOLUTION
    half = distance[0] / 2
    below = np.flatnonzero(distance <= half)
    if not len(below):
        return {{never.it}}
    k = int(below[0])
    before, now = distance[k - 1], distance[k]
    return float(k - 1 + np.log(before / half) / np.log(before / now))
    ### END SOLUTION


# %% [markdown]
# Try it: a share of 0.8 per step, and a memory that loses nothing.

# %%
print(steps_to_half(0.8 ** np.arange(9)), steps_to_half(np.ones(9)))

# %% test="steps_to_half" points=3 explained="ch06_lstm: A forget gate is a time constant"
import numpy as np

from rnncore.testing import assert_close, check, stored


def fading(rng, N, share, noise, rise=0.0):
    t = np.arange(N)
    steps = share * np.exp(noise * rng.normal(size=N))
    curve = 3.0 * np.cumprod(steps) * (1 + rise * t * np.exp(-t))
    return {"distance": curve}


rng = np.random.default_rng(3)
visible = [
    fading(rng, 12, 0.7, 0.3),
    fading(rng, 20, 0.9, 0.2, 2.0),
    {"distance": np.array([2.0, 1.5, 0.9, 1.6, 0.8, 0.1])},
    {"distance": np.array([4.0, 3.0, 2.0, 1.0])},
    {"distance": np.array([1.0, 2.0, 3.0])},
    {"distance": np.array([4.0, 1.2, 0.5, 1.5])},
    {"distance": np.array([4.0, 3.0, 2.0])},  # ends at the half
    # below the half, above it again for long, and below
    {"distance": np.array([8, 3.9, 8.5, 9, 7, 3, 2, 1, 0.5])},
    {"distance": np.array([8, 7.5, 7, 6, 3, 3.5, 6, 7, 5, 3, 2.0])},
]
check(steps_to_half, stored("steps_to_half"), visible, outputs="half-life")
assert_close("of half a step", steps_to_half(np.array([1.0, 0.25])), 0.5)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    fading(rng, N, share, noise, rise)
    for N, share, noise, rise in [
        (2, 0.3, 0.0, 0.0),
        (200, 0.97, 0.1, 1.0),
        (30, 0.8, 0.5, 0.0),
        (40, 0.85, 0.2, 3.0),
        (5, 1.2, 0.0, 0.0),
    ]
]
hidden.append({"distance": np.array([8.0, 9.0, 5.0, 4.0])})
check(steps_to_half, reference_steps_to_half, hidden, outputs="half-life")
### END HIDDEN TESTS
print("Task 3 holds.")

# %% mistakes="steps_to_half"
r"""
straight line in the distance: the line was drawn through the distances; a fading is straight in their logarithms
~ np.log(before / half) / np.log(before / now) => (before - half) / (before - now)
whole steps: this is the first whole step below one half; the time lies between it and the one before
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return float(k)
the last time: the last time was taken; the first one was asked for
~ below[0] => below[-1]
below one half of the largest: half of the largest distance was looked for; asked for is half of the first
~ half = distance[0] / 2 => half = distance.max() / 2
below one half of the largest, after the start: half of the largest distance was looked for from step 1 on; asked for is half of the first
- half = distance[0] / 2
-     below = np.flatnonzero(distance <= half)
+ half = distance.max() / 2
+     below = 1 + np.flatnonzero(distance[1:] <= half)
below 0.5: the distance was compared with 0.5; it is half of the first distance
~ half = distance[0] / 2 => half = 0.5
below 1/e: this is the time to 1/e, a time constant; the half-life is the time to 1/2
~ half = distance[0] / 2 => half = distance[0] / np.e
one step late: the time is one step too late: it lies between k - 1 and k
~ k - 1 + np.log => k + np.log
never is not infinite: a distance that never falls to one half got a finite half-life; {{never.says}}
~ return {{never.it}} => return float(len(distance))
the step before: this is the last whole step above one half; the time lies between it and the next
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return float(k - 1)
counted back from k: the part of the fall above one half was counted back from k; it goes forward from k - 1
~ k - 1 + np.log => k - np.log
quotient upside down: the quotient stands upside down: the part above one half is divided by the whole fall, so it is at most 1
~ np.log(before / half) / np.log(before / now) => np.log(before / now) / np.log(before / half)
steps before not counted: this is only the part of the last step; the k - 1 whole steps before it count too
~ k - 1 + np.log => np.log
never is the last step: for a distance that never falls to one half the last step came; `{{never.it}}` is asked for
~ return {{never.it}} => return float(len(distance) - 1)
never is {{never.name}}: for a distance that never falls to one half {{never.came}} came; `{{never.it}}` is asked for
~ return {{never.it}} => return {{never.odd}}
never is not looked for: where no step is below one half, a search such as argmax still gives place 0; look first whether there is one
~ return {{never.it}} => below = [0]
a quarter: this is the time to a quarter of the first distance: it was halved twice
~ distance[0] / 2 => distance[0] / 4
half of the step before: each distance was compared with half of the one before it; half of the first is meant
~ np.flatnonzero(distance <= half) => 1 + np.flatnonzero(distance[1:] <= distance[:-1] / 2)
below for good: the step from which the distance stays below one half was taken; the first time is asked for, though it comes back
~ int(below[0]) => int(np.flatnonzero(distance > half)[-1]) + 1
rounded down: the time was rounded down to whole steps; it lies between two
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return int(k - 1 + np.log(before / half) / np.log(before / now))
rounded: the time was rounded to whole steps; it lies between two
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return round(k - 1 + np.log(before / half) / np.log(before / now))
one line through all: one straight line was drawn through the whole curve; only the two steps around one half count
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return float(-np.log(2) / np.polyfit(np.arange(len(distance)), np.log(distance), 1)[0])
first share alone: the share that the first step keeps was taken for all steps
-     if not len(below):
-         return {{never.it}}
-     k = int(below[0])
-     before, now = distance[k - 1], distance[k]
-     return float(k - 1 + np.log(before / half) / np.log(before / now))
+     return float(np.log(2) / np.log(distance[0] / distance[1]))
the nearest step: this is the whole step nearest to one half; the time lies between two
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return float(np.argmin(np.abs(np.log(distance / half))))
the lowest point: the lowest distance of all was looked for; the first at or below one half is meant
~ int(below[0]) => int(np.argmin(distance))
exactly one half passed over: a distance of exactly one half was passed over; at most one half is enough
~ distance <= half => distance < half
nan for never [hidden]: a curve that never gets so low gave NaN; it is {{never.word}}
~ return {{never.it}} => return math.nan
from the first step alone: the half-life was worked out from the first two distances, as if each step kept the same share; look where the curve meets one half
~ return float(k - 1 + np.log(before / half) / np.log(before / now)) => return float(np.log(2) / np.log(distance[0] / distance[1]))
"""

# %% [markdown]
# ## Task 4: the copy limit (3 points)
#
# A cell was trained to copy one symbol over each of some `lags`, from several seeds. `updates[s][k]` says after how many updates seed s had learned `lags[k]`, or None where it never did; a row may be shorter than `lags` (what is missing was not learned).
#
# The *limit* of a seed is the longest lag such that it *and all shorter ones* took at most `budget` updates; 0 where not even the first did. Return three ints: the median of the seeds' limits (of an even number the {{middle.name}} one in the middle), the lowest, and the highest.
#
# <details><summary>Hint 1</summary>
#
# For each seed walk through the lags from the shortest, and stop at the first that was not learned in time. A lucky longer one does not count.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `zip(lags, row, strict=False)` ends with the shorter of both. Check for None before you compare.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Sort the limits: the median is number `{{middle.it}}`.
# </details>


# %% solution="copy_limit"
def copy_limit(updates, lags, budget):
    """The seeds' longest lags within the budget: median, lowest, highest."""
    ### BEGIN SOLUTION
    limits = []
    for row in updates:
        limits.append(0)
        for lag, needed in zip(lags, row, strict=False):
            if needed is None or needed > budget:
                break
            limits[-1] = lag
    limits.sort()
    return limits[{{middle.it}}], limits[0], limits[-1]
    ### END SOLUTION


# %% [markdown]
# Try it on the course's cells, with the whole budget and with a quarter of it.

# %%
for name, updates in ruler.stored_lags()["value"].items():
    for budget in (ruler.BUDGET, ruler.BUDGET // 4):
        print(name, budget, copy_limit(updates, ruler.LAGS, budget))

# %% test="copy_limit" points=3 explained="ch07_compared: How far back"
import numpy as np

from rnncore.testing import check, stored

OUTPUTS = "median, lowest, highest"


def runs(rng, seeds, budget=300, lags=(1, 2, 4, 8, 16, 32)):
    updates = []
    for _ in range(seeds):
        hard = 20 * np.exp(rng.uniform(0.2, 1.1) * np.arange(len(lags)))
        row = [
            int(n) for n in hard * np.exp(0.4 * rng.normal(size=len(lags)))
        ]
        row = [n if n < 1.6 * budget else None for n in row]
        updates.append(row[: int(rng.integers(3, len(lags) + 1))])
    return dict(updates=updates, lags=list(lags), budget=budget)


rng = np.random.default_rng(4)
visible = [
    dict(
        updates=[
            [30, 40, 90, 200, None, 150],
            [25, 300, 301, 20],
            [20, 30, 50, 60, 70],
            [None, 10, 10],
        ],
        lags=[1, 2, 3, 5, 9, 12],
        budget=300,
    ),
    dict(
        updates=[[9, 20, 400, 20], [9, 20, 30, 40], [9, 400], [350, 20, 9]],
        lags=[1, 2, 4, 8],
        budget=300,
    ),
    runs(rng, 5),
]
check(copy_limit, stored("copy_limit"), visible, outputs=OUTPUTS)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    runs(rng, seeds, budget) for seeds, budget in [(1, 300), (3, 100)]
]
hidden += [runs(rng, 8, 250), runs(rng, 7, 400, (3, 10, 30, 100))]
hidden.append(dict(updates=[[], [5]], lags=[7, 9], budget=5))
hidden.append(
    dict(updates=[[5, None, 5], [5, 9, 9]], lags=[2, 3, 4], budget=8)
)
check(copy_limit, reference_copy_limit, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="copy_limit"
r"""
a lucky lag counts: the longest lag that was learned was taken, although a shorter one was not; all shorter ones must hold too
~                 break =>                 continue
below the budget{{middle.hidden}}: a lag that took just the budget was not counted; at most `budget` is within
~ needed > budget => needed >= budget
budget ignored: the budget was not looked at: who trains longer remembers longer
~ needed is None or needed > budget => needed is None
places instead of lags: the lags were counted; asked for is the longest lag itself
~ limits[-1] = lag => limits[-1] += 1
mean of the seeds: the mean of the seeds was taken; the lags grow by factors, so that one lucky seed would decide. The median was asked for
~ limits[{{middle.it}}] => sum(limits) // len(limits)
the {{middle.other}} one in the middle: of an even number of seeds the {{middle.other}} one in the middle was taken; {{middle.says}}
~ limits[{{middle.it}}] => limits[{{middle.odd}}]
the best seed: the best seed was reported as if it were typical
~ limits[{{middle.it}}] => limits[-1]
the first that fails: the first lag that fails was taken; asked for is the one before it
-             if needed is None or needed > budget:
-                 break
-             limits[-1] = lag
+             limits[-1] = lag
+             if needed is None or needed > budget:
+                 break
not sorted: the seeds' limits were not sorted, and stand in the order of the seeds
~ limits.sort() => limits = list(limits)
places from zero: the place of the lag in `lags` was taken; asked for is the lag itself
~ limits[-1] = lag => limits[-1] = lags.index(lag)
highest before lowest: lowest and highest have changed places
~ return limits[{{middle.it}}], limits[0], limits[-1] => return limits[{{middle.it}}], limits[-1], limits[0]
lowest before median: the lowest stands first; the median comes first, then the lowest
~ return limits[{{middle.it}}], limits[0], limits[-1] => return limits[0], limits[{{middle.it}}], limits[-1]
the worst seed: the lowest was given as the median, too
~ limits[{{middle.it}}] => limits[0]
zero left out: a seed that did not learn even the first lag was left out; its limit is 0, and counts
~ limits.sort() => limits = sorted(filter(None, limits))
seeds and lags exchanged: updates[s][k] is seed s at lag k; here the rows were taken for lags
~ for row in updates => for row in zip(*updates)
begins at the first lag: a seed that did not learn even the first lag got it as its limit; it is 0
~ limits.append(0) => limits.append(lags[0])
first seed alone: only the first seed was looked at
~ limits.sort() => limits = limits[:1]
updates instead of lags: this is how many updates the lag took; asked for is the lag
~ limits[-1] = lag => limits[-1] = needed
between the middle ones: of an even number of seeds the mean of the two in the middle was taken (np.median does so); the lower one is asked for
~ limits[{{middle.it}}] => int(np.median(limits))
the budget is shared: the updates of the lags were added up; each lag has the whole budget
-         for lag, needed in zip(lags, row, strict=False):
-             if needed is None or needed > budget:
-                 break
+         used = 0
+         for lag, needed in zip(lags, row, strict=False):
+             if needed is None or used + needed > budget:
+                 break
+             used += needed
median of the updates first: the median of the updates was taken at each lag, and then one limit; each seed has a limit of its own
-     limits = []
-     for row in updates:
-         limits.append(0)
-         for lag, needed in zip(lags, row, strict=False):
-             if needed is None or needed > budget:
-                 break
-             limits[-1] = lag
-     limits.sort()
+     limits = [0]
+     for k, lag in enumerate(lags):
+         column = [row[k] if k < len(row) else None for row in updates]
+         column = sorted(math.inf if n is None else n for n in column)
+         if column[(len(column) - 1) // 2] > budget:
+             break
+         limits = [lag]
not sorted for the median: the limits were not sorted, so that the one in the middle is no median
-     limits.sort()
-     return limits[{{middle.it}}], limits[0], limits[-1]
+     return limits[{{middle.it}}], min(limits), max(limits)
never taken for learned: None was taken for learned in time, or what took more than the budget was: None means never
~ if needed is None or needed > budget: => if needed is not None and needed > budget:
rounded mean of the seeds: the mean of the limits was taken; the median was asked for
~ return limits[{{middle.it}}], limits[0], limits[-1] => return round(sum(limits) / len(limits)), limits[0], limits[-1]
row sorted: the updates of a seed were sorted: each belongs to its lag
-     for row in updates:
+     for row in updates:
+         row = sorted(row, key=lambda n: (n is None, n))
floats for lags: a lag is a whole number of steps
~     return limits[{{middle.it}}], limits[0], limits[-1] =>     return float(limits[{{middle.it}}]), limits[0], limits[-1]
"""

# %% [markdown]
# ## Task 5: what it costs (3 points)
#
# `own` and `plain` (N,) are the milliseconds of N turns; in each turn both cells ran, one after the other, so that a busy moment of the machine meets both. The {{warm.text}}, and {{warm.do}} not count. Return three floats: the *median*, the lowest and the highest over the turns of the quotient own / plain. A quotient of two runs in the same turn, that is: not one of means.
#
# <details><summary>Hint 1</summary>
#
# Without the {{warm.first}} there are N - {{warm.n}} quotients.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `own[{{warm.n}}:] / plain[{{warm.n}}:]`, turn by turn; nothing is sorted before.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `np.median` of an even number takes the mean of the two in the middle, which is right here. `float(...)` makes floats.
# </details>


# %% solution="times_the_plain"
def times_the_plain(own, plain):
    """What a step costs beside the plain cell: median, lowest, highest.

    Shapes: own (N,); plain (N,) -> three numbers
    """
    ### BEGIN SOLUTION
    quotients = {{warm.quotients}}
    return (
        float(np.median(quotients)),
        float(quotients.min()),
        float(quotients.max()),
    )
    ### END SOLUTION


# %% [markdown]
# Try it: the GRU beside the plain cell, here and now.

# %%
clock = ruler.step_times(
    {"GRU": ruler.CELLS["GRU"], "plain": ruler.CELLS["plain"]}
)
print(
    times_the_plain(*(np.array(clock[name]) for name in ("GRU", "plain")))
)

# %% test="times_the_plain" points=3 explained="ch07_compared: What each cell costs"
import numpy as np

from rnncore.testing import assert_close, check, stored

OUTPUTS = "median, lowest, highest"


def turns(rng, N, factor):
    busy = np.exp(rng.exponential(0.5, size=N))
    own = factor * busy * np.exp(0.1 * rng.normal(size=N))
    plain = busy * np.exp(0.1 * rng.normal(size=N))
    own[0], plain[0] = 9 * own[0], 2 * plain[0]
    return dict(own=own, plain=plain)


rng = np.random.default_rng(5)
visible = [turns(rng, 8, 2.5), turns(rng, 5, 0.8)]
check(times_the_plain, stored("times_the_plain"), visible, outputs=OUTPUTS)
args = visible[0]
same = times_the_plain(args["own"], args["own"])
assert_close("a cell beside itself", np.array(same), np.ones(3))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [turns(rng, N, factor) for N, factor in {{warm.sizes}}]
check(times_the_plain, reference_times_the_plain, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 5 holds.")

# %% mistakes="times_the_plain"
r"""
warm-up counted: the {{warm.first}} {{warm.was}} counted, which {{warm.pay}} for warming up
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own / plain
upside down: the quotient stands upside down: own over plain
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => plain[{{warm.n}}:] / own[{{warm.n}}:]
quotient of means: the quotient of the means was taken: the busiest turn decides it
~ float(np.median(quotients)) => float(own[{{warm.n}}:].mean() / plain[{{warm.n}}:].mean())
mean of the quotients: the mean of the quotients was taken; the median was asked for
~ np.median(quotients) => np.mean(quotients)
quotient of the best runs: the best run of each was compared, whichever turns they were from (the ruler does so); asked for is the median over the turns
~ float(np.median(quotients)) => float(own[{{warm.n}}:].min() / plain[{{warm.n}}:].min())
sorted apart: the runs were sorted before they were divided: each must meet the run of its own turn
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => np.sort(own[{{warm.n}}:]) / np.sort(plain[{{warm.n}}:])
plain one turn late: each run was divided by the plain cell's of the turn before: {{warm.off_own}}
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.n}}:] / plain[{{warm.before}}:-1]
own one turn late: each run was divided by the plain cell's of the turn after: {{warm.off_plain}}
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.before}}:-1] / plain[{{warm.n}}:]
last turn left out: the last turn was left out; {{warm.which}}
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.before}}:-1] / plain[{{warm.before}}:-1]
{{warm.name}}: {{warm.says}}
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.odd}}:] / plain[{{warm.odd}}:]
lowest left out: what is lowest was left out; what warms up comes first in time, whatever its quotient
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => np.sort(own / plain)[{{warm.n}}:]
difference: the times were subtracted; the quotient was asked for
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.n}}:] - plain[{{warm.n}}:]
per cent: these are per cent; the quotient itself was asked for
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => 100 * own[{{warm.n}}:] / plain[{{warm.n}}:]
how much more: this says how much more a step costs; the quotient itself is larger by 1
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.n}}:] / plain[{{warm.n}}:] - 1
geometric mean: the mean of the logarithms was taken; the median was asked for
~ np.median(quotients) => np.exp(np.mean(np.log(quotients)))
highest before lowest: lowest and highest have changed places
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(np.median(quotients)), float(quotients.max()), float(quotients.min())
lowest before median: the lowest stands first; the median comes first, then the lowest
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(quotients.min()), float(np.median(quotients)), float(quotients.max())
the upper one in the middle: of an even number of turns the upper quotient in the middle was taken; their mean is the median here
~ np.median(quotients) => np.sort(quotients)[len(quotients) // 2]
the lower one in the middle: of an even number of turns the lower quotient in the middle was taken; their mean is the median here
~ np.median(quotients) => np.sort(quotients)[(len(quotients) - 1) // 2]
the turn in the middle: the quotient of the turn in the middle was taken: they were not sorted
~ np.median(quotients) => quotients[len(quotients) // 2]
quartiles: the quartiles were given; lowest and highest were asked for
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(np.median(quotients)), float(np.percentile(quotients, 25)), float(np.percentile(quotients, 75))
one standard deviation: the median less and plus one standard deviation was given; lowest and highest were asked for
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(np.median(quotients)), float(np.median(quotients) - quotients.std()), float(np.median(quotients) + quotients.std())
rounded: the quotients were rounded to whole numbers
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => np.round(own[{{warm.n}}:] / plain[{{warm.n}}:])
divided with //: the quotients were cut to whole numbers: // divides without the rest
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.n}}:] // plain[{{warm.n}}:]
quotient of medians: the medians were divided; the median of the quotients was asked for
~ np.median(quotients) => np.median(own[{{warm.n}}:]) / np.median(plain[{{warm.n}}:])
three quotients: median, lowest and highest of each were divided; asked for are those of the quotients, turn by turn
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(np.median(own[{{warm.n}}:]) / np.median(plain[{{warm.n}}:])), float(own[{{warm.n}}:].min() / plain[{{warm.n}}:].min()), float(own[{{warm.n}}:].max() / plain[{{warm.n}}:].max())
lowest over highest: the bounds mix turns: the lowest of one over the highest of the other; the quotients' own lowest and highest were asked for
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     return float(np.median(quotients)), float(own[{{warm.n}}:].min() / plain[{{warm.n}}:].max()), float(own[{{warm.n}}:].max() / plain[{{warm.n}}:].min())
over one plain time: all of `own` was divided by one number, the median of `plain`; each run is divided by the plain cell's run of the same turn
~ own[{{warm.n}}:] / plain[{{warm.n}}:] => own[{{warm.n}}:] / np.median(plain[{{warm.n}}:])
sums of all turns: the sums of all turns were divided, the {{warm.one}} included; the median of the quotients was asked for, without {{warm.them}}
-     quotients = own[{{warm.n}}:] / plain[{{warm.n}}:]
-     return (
-         float(np.median(quotients)),
-         float(quotients.min()),
-         float(quotients.max()),
-     )
+     q = own / plain
+     return float(own.sum() / plain.sum()), float(q.min()), float(q.max())
best over best: the lowest is the quotient of the two best times, which need not be of one turn; it is the lowest of the quotients
~         float(quotients.min()), =>         float(own[{{warm.n}}:].min() / plain[{{warm.n}}:].min()),
"""

# %% [markdown]
# ## The measurement
#
# **Predict** once more, in numbers; your answers are kept in the notebook for you to come back to. Then run. `full = False` takes one seed and half of the budget. (Up to 60 seconds.) One seed says little: on the poster the plain cell's ten reach from lag 6 to 64. For your report set it to `True` (all seeds: a few minutes). Put the cell *without* your change beside it, if it is not one of the course's: `without`. (The shortest way: give `own_cell` an argument with a default, say `shift=2.0`, and write `without = own_cell(shift=0.0)`.)

# %%
my_prediction = {
    "half-life, steps": 0.0,
    "copy limit, median of the seeds": 0,
    "times the plain cell's time": 0.0,
}

# %% experiment seconds=60
from IPython.display import display
from tqdm.auto import tqdm

full = False
without = None  # another Cell, such as the same one with the change undone
budget = ruler.BUDGET if full else ruler.QUICK_BUDGET
seeds = ruler.SEEDS if full else ruler.QUICK_SEEDS
print("You predicted", my_prediction)
found = []
for name, cell in (("mine", own_cell()), ("without", without)):
    if cell is None:
        continue
    with tqdm(total=len(ruler.LAGS) * len(seeds), desc=name) as bar:
        r = ruler.measure(
            *cell, budget=budget, seeds=seeds, progress=bar.update
        )
    found.append(r._replace(name=name))
    clock = ruler.step_times(
        {"own": Cell(*cell), "plain": ruler.CELLS["plain"]}
    )
    cost = times_the_plain(np.array(clock["own"]), np.array(clock["plain"]))
    print(
        f"{name}: largest relative error of the gradient {r.gradient_error:.1e}"
    )
    print(f"  half-life without training {r.half_life:.1f} steps")
    print(f"  copy limits, by seed: {r.copy_lags}; median {r.copy_lag}")
    print(
        "  times the plain cell:", np.round(cost, 2), "(median, low, high)"
    )
for name, rows in ruler.stored_lags()["value"].items():
    rows = [rows[s] for s in seeds]
    middle, low, high = copy_limit(rows, ruler.LAGS, budget)
    print(f"{name}: copy limit, median {middle}, from {low} to {high}")
    print(f"  half-life {ruler.half_life(ruler.CELLS[name]):.1f} steps")
display(ruler.draw(*found))

# %% [markdown]
# ## The finding (6 points)
#
# A template; half a page, with the figures of the run with all seeds.
#
# > **Measured** (seeds [..], budget [..] updates): gradient error [..]; half-life [..] steps; copy limits [.., .., ..], median [..]; time [..] ([..] to [..]) times the plain cell's.
# > **Beside it**, [the cell without the change], measured alike: [the same three].
# > **The prediction** [held / did not]: [predicted] against [found].
# > **Because** [what in the equations, or which of the other numbers, says so]. [What surprised you.]

# %% [markdown] answer="finding" points=6 explained="capstone: A good report: 32 of 32"
# Measured with seeds 0, 1, 2 and 400 updates: the gradient's largest relative error is below 10⁻⁸; half-life, copy limits with their median, and the time in multiples of the plain cell's, as the run above prints them; beside it the GRU, the cell with the reset gate, half-life, limits and time from the same run. The prediction held if the seeds' ranges overlap and the medians are the same or neighbours on the ruler; else it did not, and that is said first. Because: without training z keeps about one half in both cells, but the GRU's reset, half open too, halves what its candidate reads of the state: the half-life is 1.1 steps with it and 1.4 without. What the copy limit adds is learned by z alone. The time falls with the blocks of columns, 2 instead of 3, but not in proportion, since a part of each step does not depend on G.
#
# Rubric: measurements 2 (all three, all seeds, spread; 1 for one seed or no spread; 0 without a gradient check that passed), comparison 2 (the cell without the change, measured alike; 1 for the poster's cells only), reading 2 (says whether the prediction held **and** explains it by equations or numbers; 1 for one of the two). A claim that the numbers do not carry costs the points of the reading.

# %% [markdown]
# ## The limits (4 points)
#
# > **Held equal** were [..]; **not equal** were [..].
# > **This could also be explained by** [another cause that the experiment does not exclude].
# > **Next I would** [an experiment]; [this outcome] would decide for [..], [that one] for [..].

# %% [markdown] answer="limits" points=4 explained="capstone: A good report: 32 of 32"
# Held equal: units (32), updates, learning rate, the way weights are drawn, seeds, batches. Not equal: the number of weights (two blocks against three) and so the time per step, and the effect of a learning rate that was chosen for neither. That the limits are alike could also be explained by the budget: at 400 updates both may be stopped by the optimiser and not by the cell. Next I would give both ten times the updates, and a second task in which forgetting is needed (copy the *last* of several symbols): if the GRU then pulls ahead on the second and not on the first, the reset gate is for forgetting; if on both, it helps training as such.
#
# Rubric: 1 for what was equal, 1 for what was not (weights or time at least), 1 for a cause that is not excluded, 1 for a next experiment with the outcome that decides. General caution without any of these: at most 1.
