# %% [markdown]
# # Assignment 13: translation
#
# *The core takes about 100 minutes, all of it about 180 minutes, 33 points. Read chapter 13 first.*
#
# You will lay sentences of different length side by side, so that nothing looks at the padding; write the loss and its gradient; run a decoder that hears its teacher at some steps and itself at others; search with a beam and rank what ended by a fair score; and find out up to which length a decoder with one vector is right. With the book closed you will rebuild `greedy`.
# Then you hunt eight wrong beam searches, and see where your own small translator loses the thread.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | S, T, B | | tokens of the source, of the target, sentences side by side |
# | K, D, H, V | | tokens there are; size of an embedding, of the state, of the source's vector |
# | `read` | (T, B) | what the decoder reads under teacher forcing: START, then the target |
# | `targets` | (T, B) | what it should say: the target, then END |
# | `logits` | (T, B, K) | row t was computed from rows 0 to t of `read`, and speaks about row t of `targets` |
# | `h` | (B, H) | the decoder's state |
# | `vector` | (B, V) | all that the decoder knows of the source |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# PAD is token 0, START 1, END 2; words have the numbers from 3 on.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 10: a model's loss is low on the text that it reads. Why can what it writes be poor all the same?</summary>
#
# The loss is measured after true tokens. When the model writes, it reads its own tokens, and after a first mistake its input is unlike any that it met in training.
# </details>
#
# <details><summary>Chapter 8: why must a loop that reads backward know where each sequence ends?</summary>
#
# Otherwise it starts in the padding, and carries what it read there into every step.
# </details>

# %% parameters
unit = (
    {
        "minus": r"-\log",
        "tex": r"\log",
        "doc": "-log",
        "by": "N",
        "left": "Two masks are all that is left",
        "N": "",
        "count": "xp.sum(xp.astype(real, logits.dtype))",
        "odd": "bits",
        "says": "take the natural logarithm, and divide by no log 2",
        "turn": " / math.log(2)",
        "eight": "log 8",
        "log": "8",
        "why": "",
    },
    {
        "minus": r"-\log_2",
        "tex": r"\log_2",
        "doc": "-log2",
        "by": r"{N \ln 2}",
        "left": "Divided by `math.log(2)`, it is in bits. Two masks are all that is left",
        "N": " * math.log(2)",
        "count": "xp.sum(xp.astype(real, logits.dtype)) * math.log(2)",
        "odd": "nats",
        "says": "take the logarithm to the base 2, so divide by log 2",
        "turn": " * math.log(2)",
        "eight": "3, the bits of 8",
        "log": "8, 2",
        "why": " Bits divide both by log 2, which goes into N.",
    },
)
given = (
    {
        "text": "appends the source's `vector`",
        "tex": r"E_{\text{token}_t};\ \text{vector}",
        "hint": "embedded, vector",
        "joins": "appends",
        "of": "xp.take(E, token, axis=0), vector",
        "odd": "vector, xp.take(E, token, axis=0)",
        "once": "xp.take(E, token, axis=0), vector * (t == 0)",
        "taught": "xp.take(E, read[t, ...], axis=0), vector",
        "name": "vector before the word",
        "first": "embedding",
    },
    {
        "text": "puts the source's `vector` in front of it",
        "tex": r"\text{vector};\ E_{\text{token}_t}",
        "hint": "vector, embedded",
        "joins": "puts it in front",
        "of": "vector, xp.take(E, token, axis=0)",
        "odd": "xp.take(E, token, axis=0), vector",
        "once": "vector * (t == 0), xp.take(E, token, axis=0)",
        "taught": "vector, xp.take(E, read[t, ...], axis=0)",
        "name": "word before the vector",
        "first": "vector",
    },
)
none = {"it": "0"}, {"it": "-1"}
by = (
    {
        "start": 1,
        "last": "len(log_p)",
        "odd": "n - 1",
        "more_n": "n + 1",
        "text": "and END",
        "name": "END not counted",
        "says": "END was not counted in the length: n is the number of factors in p",
        "more": "one",
        "len": "len(e[0]) + 1",
        "t": "t + 1",
        "test": "6 + n",
        "why": "n counts END",
        "too": "as a token: it was predicted, too.",
    },
    {
        "start": 0,
        "last": "len(log_p) - 1",
        "odd": "n + 1",
        "more_n": "n + 2",
        "text": "without END",
        "name": "END counted",
        "says": "END was counted in the length: n is the number of tokens before it",
        "more": "two",
        "len": "len(e[0])",
        "t": "t",
        "test": "5 + n",
        "why": "n leaves END",
        "too": "out: it is no word, though it was predicted.",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. Tasks 1, 4 and 5 are about lists and NumPy arrays. Tasks 2 and 3 take arrays of any library: `xp` is NumPy or torch, as the arguments are, and the results keep their dtype and device. Nothing that you write changes an argument.

# %%
import math

import numpy as np
import torch

from rnncore.backend import array_namespace
from rnncore.backend import device as device_of
from rnncore.display import plot_lines
from rnncore.gru import gru_cell
from rnncore.losses import log_softmax
from rnncore.rnn import init_params, init_readout, readout, unroll
from rnncore.seq2seq import (
    END,
    PAD,
    START,
    Encoded,
    beam_search,
    length_penalty,
)
from rnncore.testing import black_boxes, mover

device = "cpu"
move = mover(device)

# %% [markdown]
# ## Given: a decoder that one can see through
#
# `Toy` is a decoder without training. Task 6 and the hunt search with it, and choose its weights.


# %%
class Toy:
    """A decoder that one can see through.

    Its state counts what it has read, the last token most: half of the
    old state, and one for the new token. W makes logits of that; the
    source adds its own.

    Shapes: W (K, K)
    """

    def __init__(self, W):
        self.W, self.calls = W, 0

    def start(self, source):
        return torch.zeros_like(source.summary)[None]

    def __call__(self, ids, h, source):
        self.calls += 1
        h = 0.5 * h + torch.eye(len(self.W)).to(h)[ids]
        return h @ self.W + source.summary, h


def toy_source(summary):
    """A source of which the decoder knows what it adds to the logits.

    Shapes: summary (B, K)
    """
    states = torch.zeros_like(summary)[None]
    return Encoded(states, states[..., 0] == 0, summary)


# %% [markdown]
# ## Two sentences by hand
#
# Two targets lie side by side. The decoder gives the three tokens of the first (END among them) the probabilities 1/2, 1/4, 1/2, and the one token of the second, END, 1/2. The other two places of the second are padding. What is the loss, the mean of $-\log p$ over all real tokens, in units of log 2? And what would be the mean of the two sentences' means? Then run the cell.

# %%
p = np.array([[0.5, 0.5], [0.25, 0.9], [0.5, 0.9]])  # (T, B)
real = np.array([[True, True], [True, False], [True, False]])
bits = -np.log2(p)
print("loss", bits[real].sum() / real.sum(), " by hand: 5/4")
each = [bits[real[:, b], b].mean() for b in range(2)]
print("mean of means", np.mean(each), " by hand: (4/3 + 1)/2")

# %% [markdown]
# Now a beam has found two translations that end: one of 2 tokens with log p = -2.0, one of 9 tokens with log p = -2.6 (END counted). The longer one has more factors below one. One line is left out: divide by the penalty $((5 + n)/6)^\alpha$. Write it, and run again. Which one wins at which $\alpha$?
#
# <details><summary>The missing line</summary>
#
# `scores = [q / length_penalty(n, alpha) for n, q in found]`. At 0 it is the short one, at 0.6 the long one.
# </details>

# %%
found = [(2, -2.0), (9, -2.6)]
for alpha in (0.0, 0.6):
    scores = [q for n, q in found]
    # (the missing line)
    print(
        alpha, np.round(scores, 3), "the longer" * (scores[1] > scores[0])
    )

# %% [markdown]
# ## Task 1: side by side (4 points)
#
# *Core, about 15 minutes.*
#
# You get B sources and B targets, lists of lists of token numbers, none of them empty, without START and END. Make four NumPy arrays of them; the first three hold integers, and PAD where nothing stands.
#
# - `ids` (S, B): the sources *backwards*, as Sutskever, Vinyals and Le (2014) read them: the last word first, so that the first words of both sentences come close. The padding still comes last.
# - `read` (T, B): START and the target.
# - `targets` (T, B): the target and END.
# - `real` (T, B), of bool: True where `targets` holds a token that counts, END among them.
#
# S is the length of the longest source, T that of the longest target plus one.
#
# <details><summary>Hint 1</summary>
#
# Row t of `read` and row t of `targets` belong together: what has just been read, and what has to come next. So each sentence stands in one of them a step later than in the other; but START stands in `read` only, and END in `targets` only.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Write `padded(rows)` once, and use it three times: `np.full((longest, B), PAD)`, and then a column for each row: `a[: len(row), b] = row`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `padded([s[::-1] for s in sources])`, `padded([[START, *t] for t in targets])`, `padded([[*t, END] for t in targets])`. No token of a sentence is PAD.
# </details>


# %% solution="side_by_side"
def side_by_side(sources, targets):
    """Sentences as arrays: what is read, and what should be said.

    Shapes: -> ids (S, B); read (T, B); targets (T, B); real (T, B)
    """

    ### BEGIN SOLUTION
    def padded(rows):
        a = np.full((max(map(len, rows)), len(rows)), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real
    ### END SOLUTION


# %% [markdown]
# Try it. Read the columns: each is a sentence.

# %%
made = side_by_side([[5, 6, 7], [8]], [[11, 12], [13, 14, 15]])
for name, a in zip(("ids", "read", "targets", "real"), made, strict=True):
    print(name, *np.asarray(a, int), sep="\n  ")

# %% test="side_by_side" points=4 whole="lists of whole numbers: right, or not" explained="ch13_translation: Teacher forcing"
import numpy as np

from rnncore.testing import check, stored

OUTPUTS = "ids, read, targets, real"


def sentences(rng, B, longest):
    """B sources and targets of any length up to the longest."""
    return {
        name: [
            [int(k) for k in rng.integers(3, 20, n)]
            for n in rng.integers(1, longest + 1, B)
        ]
        for name in ("sources", "targets")
    }


visible = [
    dict(
        sources=[[5, 6, 7, 8, 6], [9, 3], [4]],
        targets=[[11, 12], [13, 14, 15], [16]],
    ),
    sentences(np.random.default_rng(1), 5, 6),
]
check(side_by_side, stored("side_by_side"), visible, outputs=OUTPUTS)
made = side_by_side(**visible[0])
for name, a in zip(OUTPUTS.split(", "), made, strict=True):
    kind = type(a).__name__
    assert kind == "ndarray", (
        f"{name}: expected a NumPy array, got a {kind}"
    )
*whole, real = made
for name, a in zip(("ids", "read", "targets"), whole, strict=True):
    assert a.dtype.kind == "i", f"{name}: expected integers, got {a.dtype}"
assert real.dtype.kind == "b", f"real: expected bool, got {real.dtype}"
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    sentences(rng, B, longest)
    for B, longest in [(1, 1), (1, 5), (7, 3), (4, 12), (30, 9)]
]
hidden.append(dict(sources=[[3], [4, 5]], targets=[[2 + 4], [7, 8]]))
check(side_by_side, reference_side_by_side, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 1 holds.")

# %% mistakes="side_by_side"
r"""
the decoder fed its own target: the decoder is fed its own target: row t of `read` is the very token that row t should predict. In training it copies, and the loss is nearly 0; alone it has nothing to copy from. It reads START and then the target
~ read = padded([[START, *t] for t in targets]) => read = padded([[*t, END] for t in targets])
targets not shifted: the targets were not shifted: they begin with START, which nobody has to say, and END is missing
~ padded([[*t, END] for t in targets]) => padded([[START, *t] for t in targets])
END forgotten: END is missing: a decoder that never saw where a sentence ends never stops
~ padded([[*t, END] for t in targets]) => padded([[*t, PAD] for t in targets])
END after the padding: END was put into the last row for all; it must stand right after each sentence's own last token
-     real = said != PAD
+     said[said == END] = PAD
+     said[-1] = END
+     real = said != PAD
padding reversed too: short sources begin with padding, which comes last: turn each sentence round, not the padded array
~ ids = padded([s[::-1] for s in sources]) => ids = padded(sources)[::-1]
sources not reversed: the sources stand as they were; they are to be read backwards
~ [s[::-1] for s in sources] => sources
time and batch swapped: the arrays are (B, T): time comes first
~         return a =>         return a.T
padded in front: the padding stands in front of the sentences; it comes after them
~ a[: len(row), b] = row => a[len(a) - len(row) :, b] = row
padded with END: the places after a sentence hold END instead of PAD: then they look like tokens that count
~ np.full((max(map(len, rows)), len(rows)), PAD) => np.full((max(map(len, rows)), len(rows)), END)
END does not count: END was left out of `real`: the loss would never ask for the end of a sentence
~ real = said != PAD => real = (said != PAD) & (said != END)
mask of what is read: `real` was made from `read`: it leaves out the first token of each target
~     return ids, read, said, real =>     return ids, read, said, (read != PAD) & (read != START)
all places real: `real` is True everywhere, on the padding too: the loss would run over padding
~ real = said != PAD => real = np.ones(said.shape, bool)
cut to the shortest: everything was cut to the shortest sentence; the longest one decides
~         return a =>         return a[: min(map(len, rows))]
read and targets exchanged: `read` and `targets` stand in the opposite order: `read` begins with START
~ return ids, read, said, real => return ids, said, read, real
targets turned round: the targets were turned round as well: the sources alone are read backwards
-     read = padded([[START, *t] for t in targets])
-     said = padded([[*t, END] for t in targets])
+     read = padded([[START, *t[::-1]] for t in targets])
+     said = padded([[*t[::-1], END] for t in targets])
padded with minus one: the places after a sentence hold -1 instead of PAD, which is 0
~ return ids, read, said, real => return *(np.where(a == PAD, -1, a) for a in (ids, read, said)), real
padded with minus 100: the places after a target hold -100, which a loss of torch leaves out; here they hold PAD
~ return ids, read, said, real => return ids, read, np.where(real, said, -100), real
targets padded with END: the places after a target hold END instead of PAD, although `real` is right
~ return ids, read, said, real => return ids, read, np.where(real, said, END), real
END read: `read` holds END where a sentence is shorter than the longest: START and the target are read, and END is never read
~     read = padded([[START, *t] for t in targets]) =>     read = padded([[START, *t, END] for t in targets])[:-1]
sorted by length: the sentences were sorted by length; column b belongs to sentence b
-     return ids, read, said, real
+     order = sorted(range(len(sources)), key=lambda b: -len(sources[b]))
+     return ids[:, order], read[:, order], said[:, order], real[:, order]
START forgotten: START is missing in `read`: the decoder has nothing to begin with
~ read = padded([[START, *t] for t in targets]) => read = padded(targets)
END in the source: END stands after each source: a source is read without it
~ [s[::-1] for s in sources] => [[*s[::-1], END] for s in sources]
one length for both: sources and targets got one length, that of the longest of all: S and T are different
~ np.full((max(map(len, rows)), len(rows)), PAD) => np.full((max(len(row) + (rows_of is targets) for rows_of in (sources, targets) for row in rows_of), len(rows)), PAD)
START and END exchanged: START and END are exchanged: what is read begins with START, and what is to be said ends with END
-     read = padded([[START, *t] for t in targets])
-     said = padded([[*t, END] for t in targets])
+     read = padded([[END, *t] for t in targets])
+     said = padded([[*t, START] for t in targets])
target turned round: what the decoder is to write was turned round; it is the source alone that is read from its end
~     said = padded([[*t, END] for t in targets]) =>     said = padded([[*t[::-1], END] for t in targets])
START is written: the targets begin with START; that is what is read first, and nobody writes it
~     said = padded([[*t, END] for t in targets]) =>     said = padded([[START, *t, END] for t in targets])
END is read: what is read ends with END; after END nothing is written any more
~     read = padded([[START, *t] for t in targets]) =>     read = padded([[START, *t, END] for t in targets])
END is not written: the targets lack END, so that the decoder never learns to stop
~     said = padded([[*t, END] for t in targets]) =>     said = padded([[*t] for t in targets])
sources one longer: the sources have a row of PAD more than the longest of them needs
~     ids = padded([s[::-1] for s in sources]) =>     ids = padded([[*s[::-1], PAD] for s in sources])
real of what follows START: real has a row less: it says of what is to be written, END included, whether it counts
~     real = said != PAD =>     real = padded([[*t] for t in targets]) != PAD
"""

# %% [markdown]
# ## Task 2: the loss of real tokens (5 points)
#
# *Core, about 25 minutes.*
#
# The loss is the mean of ${{unit.minus}} p(\text{target})$ over *all real tokens of all sentences together*; a token is real unless its target is PAD. Return it, and `d_logits`, its gradient, without autograd:
#
# $$L = -\frac1N \sum_{t,b\ \text{real}} {{unit.tex}} p_{tb}(\text{target}_{tb}), \qquad \mathrm{d}\text{logits}_{tbk} = \frac1{{unit.by}}\bigl(p_{tbk} - [k = \text{target}_{tb}]\bigr) \text{ where real, else } 0.$$
#
# N is the number of real tokens. What stands in the logits of the padding reaches nothing, not even if it is NaN.
#
# <details><summary>Hint 1</summary>
#
# `log_softmax` gives $\log p$ for every class. {{unit.left}}: which places are real (T, B, 1), and which class is the target (T, B, K).
# </details>
#
# <details><summary>Hint 2</summary>
#
# `targets[..., None] == classes` is the second one. Count N as a sum of the first one in the logits' dtype: `xp.astype(real, logits.dtype)`. In torch a bool is no number: it cannot be subtracted before `xp.astype` has made one of it.
# </details>
#
# <details><summary>Hint 3</summary>
#
# A product with the mask lets NaN through; `xp.where(real, a, nothing)` does not. With `hit` for the second mask: the loss takes `xp.where(real & hit, log_p, nothing)`, the gradient `xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing)`.
# </details>


# %% solution="token_loss"
def token_loss(logits, targets):
    """The mean of {{unit.doc}} p over real tokens, and its gradient.

    Shapes: logits (T, B, K); targets (T, B) -> loss (); d_logits (T, B, K)
    """
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    ### BEGIN SOLUTION
    log_p = log_softmax(logits)
    real = (targets != PAD)[..., None]
    hit = targets[..., None] == classes
    N = {{unit.count}}
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / N
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    d_logits = xp.where(real, error, nothing) / N
    return loss, d_logits
    ### END SOLUTION


# %% [markdown]
# Try it: a decoder that knows nothing, with 8 tokens. The loss is {{unit.eight}}, however much padding there is.

# %%
targets = np.array([[5, 3], [6, END], [7, PAD], [END, PAD]])  # (T, B)
loss, d_logits = token_loss(np.zeros((4, 2, 8)), targets)
print(float(loss), math.log({{unit.log}}))
print("gradient of the second sentence, row by row:")
print(d_logits[:, 1].round(3))

# %% test="token_loss" points=5 explained="ch13_translation: Two loops"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    mover,
    stored,
)

properties = Properties(values=2, gradients=1, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "loss, d_logits"


def spoken(rng, T, B, K, loud=1.0):
    """Logits and targets; sentences end anywhere, in padding."""
    targets = rng.integers(3, K, (T, B))
    for b, n in enumerate(rng.integers(1, T + 1, B)):
        targets[n - 1, b], targets[n:, b] = 2, 0
    logits = loud * rng.normal(size=(T, B, K))
    logits[..., 0] += 1.5  # PAD is no rare class
    return {"logits": logits, "targets": targets}


def with_padding(args, value):
    """The same input with something else in the logits of the padding."""
    logits = args["logits"] + 0
    logits[args["targets"] == 0] = value
    return {**args, "logits": logits}


rng = np.random.default_rng(2)
visible = [
    move(spoken(rng, 4, 3, 5)),
    move(spoken(rng, 6, 2, 7, 3.0)),
    mover("numpy")(spoken(rng, 5, 4, 6), "float32"),
    move(spoken(rng, 1, 1, 4)),  # one word, by which the sum is divided
]
check(
    token_loss,
    stored("token_loss"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
right = float(token_loss(**visible[0])[0])
loss, _ = token_loss(**with_padding(visible[0], 5.0))
assert_close("with other padding", loss, right)
loss, d_logits = token_loss(**with_padding(visible[0], np.nan))
why = "0 times NaN is NaN: `xp.where` chooses instead of multiplying"
assert_close("loss with NaN in the padding", loss, right, why=why)
with properties("gradients"):
    assert_that(np.isfinite(float(d_logits.sum())), f"d_logits: {why}")
loud = visible[0] | {"logits": visible[0]["logits"] + 1000.0}
why = "exp(1000) overflows: `log_softmax` takes the largest logit off"
assert_close(
    "with all logits 1000 more", token_loss(**loud)[0], right, why=why
)
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    spoken,
    [(1, 1, 4, 1.0), (7, 3, 9, 2.0), (3, 6, 4, 1.0), (12, 2, 30, 1.0)],
    device,
    "numpy",
    rng=rng,
)
check(
    token_loss, reference_token_loss, hidden, outputs=OUTPUTS, by=properties
)
loud = spoken(rng, 5, 3, 6)
loud["logits"][loud["targets"] == 0] = np.nan
loud["logits"][0] = 1e4 * rng.normal(size=(3, 6))
check(
    token_loss,
    reference_token_loss,
    [loud, move(loud)],
    outputs=OUTPUTS,
    by=properties,
)
args = spoken(rng, 3, 2, 5)
with properties("gradients"):
    assert_gradient(
        lambda a: float(reference_token_loss(a, args["targets"])[0]),
        args["logits"],
        token_loss(**args)[1],
        "d_logits",
    )
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="token_loss"
r"""
loss over padding: the loss ran over padding: the decoder is taught to say PAD, and a long sentence in the batch makes every other one look easier
~ real = (targets != PAD)[..., None] => real = (targets == targets)[..., None]
divided by all places: the sum was divided by T B, padding and all: the more padding, the smaller the loss. Divide by the real tokens
~ N = xp.sum(xp.astype(real, logits.dtype)) => N = targets.shape[0] * targets.shape[1]
gradient over padding [gradients]: the loss leaves the padding out, and its gradient does not
~ d_logits = xp.where(real, error, nothing) / N => d_logits = error / N
each sentence averaged by itself: each sentence was averaged by itself, and then the sentences: a token of a short one weighs more. Divide once, by all real tokens
-     loss = -xp.sum(
+     N = xp.sum(xp.astype(real, logits.dtype), axis=0, keepdims=True) * targets.shape[1]{{unit.N}}
+     loss = xp.sum(-xp.where(real & hit, log_p, nothing) / N)
+     _ = -xp.sum(
each sentence averaged by itself, in the loss alone: the loss averages each sentence by itself, and then the sentences; d_logits does not. Divide once, by all real tokens
-     return loss, d_logits
+     each = xp.sum(xp.astype(real, logits.dtype), axis=0, keepdims=True) * targets.shape[1]{{unit.N}}
+     return xp.sum(-xp.where(real & hit, log_p, nothing) / each), d_logits
each step averaged by itself: each step was averaged by itself, and then the steps: the last tokens of the longest sentence weigh most. Divide once, by all real tokens
-     loss = -xp.sum(
+     N = xp.sum(xp.astype(real, logits.dtype), axis=1, keepdims=True) * targets.shape[0]{{unit.N}}
+     N = xp.where(N > 0, N, N + 1)
+     loss = xp.sum(-xp.where(real & hit, log_p, nothing) / N)
+     _ = -xp.sum(
END does not count: END was left out: a decoder that is not asked for it never stops
~ real = (targets != PAD)[..., None] => real = (targets > 2)[..., None]
first row skipped: the first row was left out, as if it were START; `targets` is shifted already, and its first row is the first word
~ real = (targets != PAD)[..., None] => real = xp.concat([targets[:1, ...] < 0, targets[1:, ...] != PAD])[..., None]
targets of the step before: each row was compared with the target of the row before: `targets` is shifted already
~ hit = targets[..., None] == classes => hit = xp.roll(targets, 1, axis=0)[..., None] == classes
summed: this is the sum over the tokens; the mean was asked for
~ N = xp.sum(xp.astype(real, logits.dtype)) => N = xp.sum(xp.astype(real, logits.dtype)) * 0 + 1
gradient not divided [gradients]: the loss was divided by N, and d_logits was not
~ d_logits = xp.where(real, error, nothing) / N => d_logits = xp.where(real, error, nothing)
gradient with the wrong sign [gradients]: d_logits has the wrong sign: going against it makes the targets less likely
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = xp.astype(hit, logits.dtype) - xp.exp(log_p)
gradient at the target alone [gradients]: only the target's logit got a gradient; the others have to go down
~ d_logits = xp.where(real, error, nothing) / N => d_logits = xp.where(real & hit, error, nothing) / N
softmax forgotten in the gradient [gradients]: this is the gradient with respect to log p; on the way through the softmax p is added
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = -xp.astype(hit, logits.dtype)
padding multiplied away [hidden, gradients]: the padding was multiplied by zero: a NaN in it stays one
~ xp.where(real, error, nothing) / N => xp.astype(real, logits.dtype) * error / N
minus forgotten: the loss is negative: log p is below 0, so its minus is asked for
~ loss = -xp.sum( => loss = xp.sum(
p without the logarithm: the probabilities were averaged; average their logarithms
~ -xp.sum(xp.where(real & hit, log_p, nothing)) / N => -xp.sum(xp.where(real & hit, xp.exp(log_p), nothing)) / N
{{unit.odd}}: the loss is in {{unit.odd}}: {{unit.says}}
~ -xp.sum(xp.where(real & hit, log_p, nothing)) / N => -xp.sum(xp.where(real & hit, log_p, nothing)) / N{{unit.turn}}
divided by the classes too: the sum was divided by the number of classes as well: N counts tokens
~ N = xp.sum(xp.astype(real, logits.dtype)) => N = xp.sum(xp.astype(real, logits.dtype)) * logits.shape[2]
divided by the sentences: the sum was divided by the number of sentences: N counts their tokens
~ N = xp.sum(xp.astype(real, logits.dtype)) => N = targets.shape[1]
softmax over the sentences: the softmax ran over the sentences of the batch; it runs over the classes, the last axis
~ log_p = log_softmax(logits) => log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=1, keepdims=True))
softmax over time: the softmax ran over the steps; it runs over the classes, the last axis
~ log_p = log_softmax(logits) => log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=0, keepdims=True))
PAD taken out of the softmax: PAD was taken out of the softmax: it is a class like the others, and only its places are left out
~ log_p = log_softmax(logits) => log_p = log_softmax(xp.where(classes == PAD, nothing - 1e9, logits))
targets of the step after: each row was compared with the target of the row after: `targets` is shifted already
~ hit = targets[..., None] == classes => hit = xp.roll(targets, -1, axis=0)[..., None] == classes
classes counted from 1: the classes were counted from 1: token k is class k
~ hit = targets[..., None] == classes => hit = targets[..., None] == classes + 1
smoothed labels: the targets were smoothed by 0.1: the loss is asked for as it stands
-     loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / N
-     error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
+     soft = 0.9 * xp.astype(hit, logits.dtype) + 0.1 / logits.shape[2]
+     loss = -xp.sum(xp.where(real, soft * log_p, nothing)) / N
+     error = xp.exp(log_p) - soft
target forgotten in the gradient [gradients]: d_logits is p alone: at the target 1 is subtracted
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = xp.exp(log_p)
log p in the gradient [gradients]: d_logits has log p where p belongs
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = log_p - xp.astype(hit, logits.dtype)
slope of the softmax twice [gradients]: d_logits has p (1 - p) as a factor: p minus the target is already the gradient through the softmax
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = (xp.exp(log_p) - xp.astype(hit, logits.dtype)) * xp.exp(log_p) * (1 - xp.exp(log_p))
END not counted in N: N leaves END out, and the sum does not; END is a token that counts
~ N = xp.sum(xp.astype(real, logits.dtype)) => N = xp.sum(xp.astype(real & (targets != 2)[..., None], logits.dtype))
p squared [gradients]: p was squared in the gradient: it is p less the target
~     error = xp.exp(log_p) - xp.astype(hit, logits.dtype) =>     error = xp.exp(2 * log_p) - xp.astype(hit, logits.dtype)
one token too few: the sums were divided by N - 1; the mean over N tokens divides by N
~     N = xp.sum(xp.astype(real, logits.dtype)) =>     N = (xp.sum(xp.astype(real, logits.dtype)) - 1)
"""

# %% [markdown]
# ## Task 3: a teacher who is silent at times (5 points)
#
# *Extra, about 25 minutes.*
#
# The decoder with one vector (Cho et al. 2014). At each step it looks up the embedding of the token that it reads, {{given.text}}, takes one step of a GRU, and computes logits from the new state with the readout:
#
# $$x_t = [{{given.tex}}], \qquad h_t = \mathrm{GRU}(x_t, h_{t-1}), \qquad \text{logits}_t = W_y h_t + b_y.$$
#
# *Which* token does it read? Under teacher forcing the true one, `read[t]`; alone, its own. **Scheduled sampling** (Bengio et al. 2015) tosses a coin: where `own[t, b]` is True, sentence b reads at step t what the decoder itself said at step t - 1, its likeliest token; else the true one. The decoder never says PAD or START, however large their logits. At step 0 there is nothing to repeat: all sentences read `read[0]`, whatever the coin.
#
# Return `logits` (T, B, K), as they are (nothing is taken out of them), and the state after the last step, (B, H). A decoder that has said END simply goes on.
#
# <details><summary>Hint 1</summary>
#
# A loop over t, and one variable that lives through it: what was `said` at the step before, (B,). `xp.where(own[t, ...], said, read[t, ...])` chooses for each sentence.
# </details>
#
# <details><summary>Hint 2</summary>
#
# One step of the book's loop: `unroll(gru_cell, loop, x[None, ...], (h,))` gives y (1, B, H), the state `(h,)` and a tape that you do not need. `xp.take(E, token, axis=0)` looks up, and `xp.concat([{{given.hint}}], axis=1)` {{given.joins}}.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The likeliest word: `xp.argmax(now[0, :, END:], axis=1) + END`, with `now = readout(out, y)`. Collect `now[0, ...]` in a list, and `xp.stack` it at the end.
# </details>


# %% solution="part_teacher"
def part_teacher(weights, vector, h, read, own):
    """The decoder's logits where it reads partly its own words.

    Shapes: vector (B, V); h (B, H); read (T, B); own (T, B)
        -> logits (T, B, K); h (B, H)
    """
    xp = array_namespace(vector)
    E, loop, out = weights  # (K, D); GRU of D + V inputs; readout
    said, logits = read[0, ...], []
    ### BEGIN SOLUTION
    for t in range(read.shape[0]):
        heard = t > 0
        token = xp.where(own[t, ...] & heard, said, read[t, ...])
        x = xp.concat([{{given.of}}], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    ### END SOLUTION
    return xp.stack(logits), h


# %%
def small_decoder(rng, K, D, H, V):
    """Weights of a decoder: embedding, loop, readout."""
    loop = init_params(rng, D + V, H, 3)
    return rng.normal(size=(K, D)), loop, init_readout(rng, H, K)


# %% [markdown]
# Try it: how far apart are the logits with and without the teacher, step by step? At the first step they are the same: both read START. After that the two read different words.

# %%
rng = np.random.default_rng(3)
weights = small_decoder(rng, 9, 4, 6, 5)
weights = (
    weights[0],
    weights[1],
    weights[2]._replace(W_y=2 * weights[2].W_y),
)
vector, h = rng.normal(size=(3, 5)), np.zeros((3, 6))
read = rng.integers(3, 9, (7, 3))
read[0] = START
taught, _ = part_teacher(weights, vector, h, read, read < 0)
alone, _ = part_teacher(weights, vector, h, read, read >= 0)
print(np.abs(taught - alone).max(axis=(1, 2)).round(3))

# %% test="part_teacher" points=5 explained="ch13_translation: Running free"
import numpy as np

from rnncore.rnn import init_params as drawn_params
from rnncore.rnn import init_readout as drawn_readout
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
OUTPUTS = "logits, h"


def lesson(rng, T, B, K=7, D=3, H=4, V=2):
    """A decoder whose readout is loud, and a class that listens at times."""
    loop = drawn_params(rng, D + V, H, 3)
    out = drawn_readout(rng, H, K)
    out = out._replace(W_y=4 * out.W_y)
    out.b_y[:2] += 0.4  # PAD and START would often be said
    read = rng.integers(3, K, (T, B))
    read[0] = 1
    return dict(
        weights=(rng.normal(size=(K, D)), loop, out),
        vector=2 * rng.normal(size=(B, V)),
        h=rng.normal(size=(B, H)),
        read=read,
        own=rng.integers(0, 2, (T, B)) == 1,
    )


rng = np.random.default_rng(4)
visible = [
    lesson(rng, 6, 3),
    lesson(rng, 8, 2, 9, 2, 3, 4),
    lesson(rng, 5, 4, 6),  # the same in NumPy
]
visible[0]["own"][3] = False  # a step at which all hear the teacher
visible[1]["read"][0] = [3, 1]  # another beginning than START
visible[1]["read"][3] = 2  # END is read, and the decoder goes on
visible[1]["own"][[0, 3, 4]] = [[True], [False], [True]]
last_words = lesson(rng, 7, 3, 6, 3, 4, 2)
last_words["weights"][2].b_y[2] += 3.0  # END is said, heard, and no end
visible[:2] = [move(args) for args in visible[:2]]
visible.append(move(last_words))
check(
    part_teacher,
    stored("part_teacher"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
args = visible[0]
first, _ = part_teacher(**args)
later = {**args, "own": args["own"] & (args["read"] < 0)}
taught, _ = part_teacher(**later)
assert_close("logits of step 0", first[0], taught[0])
check_independent(part_teacher, args, {"vector": 0, "h": 0})
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    lesson,
    [(1, 1), (9, 5, 12, 4, 6, 3), (4, 2, 4, 1, 1, 1)],
    device,
    "numpy",
    rng=rng,
)
for coin in (True, False):
    args = lesson(rng, 7, 3)
    args["read"][0] = [1, 4, 5]
    hidden.append(move({**args, "own": np.full((7, 3), coin)}))
check(
    part_teacher,
    reference_part_teacher,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="part_teacher"
r"""
the decoder fed its own target: the decoder is fed its own target: at step t it read the token that step t should predict. `read` begins with START, and is shifted already
~ said, read[t, ...]) => said, read[min(t + 1, read.shape[0] - 1), ...])
the teacher never silent: the coin was not looked at: this is teacher forcing at every step
~ xp.where(own[t, ...] & heard, said, read[t, ...]) => read[t, ...]
the teacher always silent: the coin was not looked at: this decoder hears nobody but itself
~ own[t, ...] & heard => xp.logical_or(own[t, ...], own[t, ...] == own[t, ...]) & heard
coin the other way round: the coin was taken the other way round: True means its own word
~ own[t, ...] & heard, said, read[t, ...]) => own[t, ...] & heard, read[t, ...], said)
coin of the step before: the coin of the step before was taken: own[t] says what is read at step t
~ own[t, ...] & heard => own[max(t - 1, 0), ...] & heard
one coin for all sentences: the first sentence's coin decided for all; each sentence has its own
~ own[t, ...] & heard => own[t, :1] & heard
vector at the first step only: the source's vector was given at the first step only: the state must carry it to the end, and does not. This decoder gets it at every step
~ xp.concat([{{given.of}}], axis=1) => xp.concat([{{given.once}}], axis=1)
{{given.name}}: vector and embedding are in the wrong order: the columns of W_x expect the {{given.first}} first
~ xp.concat([{{given.of}}], axis=1) => xp.concat([{{given.odd}}], axis=1)
a fresh state at each step: each step began from the first state: nothing of what was read before is left
~ y, (h,), _ = unroll( => y, (last,), _ = unroll(
PAD and START are said: the decoder said PAD or START, which stand in no target: look among the tokens from END on
~ xp.argmax(now[0, :, END:], axis=1) + END => xp.argmax(now[0, ...], axis=1)
END is never said: the decoder could not say END; only PAD and START are never said
~ xp.argmax(now[0, :, END:], axis=1) + END => xp.argmax(now[0, :, END + 1 :], axis=1) + END + 1
words two too low: PAD and START were cut off, and then the places were taken for token numbers: they begin at END
~ xp.argmax(now[0, :, END:], axis=1) + END => xp.argmax(now[0, :, END:], axis=1)
the first sentence's word for all: all sentences read what the first one said
~ xp.argmax(now[0, :, END:], axis=1) + END => xp.argmax(now[0, :1, END:], axis=1) + END
one coin for a step: where one sentence heard itself, all did: each sentence has its own coin
~ xp.where(own[t, ...] & heard, said, read[t, ...]) => said if t > 0 and bool(xp.any(own[t, ...])) else read[t, ...]
START at the first step: where the coin fell at step 0, START was read: all sentences read `read[0]`, whatever the coin
~ own[t, ...] & heard, said, read[t, ...]) => own[t, ...], said if t > 0 else 0 * said + START, read[t, ...])
coin of the step after: the coin of the step after was taken: own[t] says what is read at step t
~ own[t, ...] & heard => own[min(t + 1, own.shape[0] - 1), ...] & heard
token of the step before: the teacher was a step late: at step t it gives `read[t]`
~ said, read[t, ...]) => said, read[max(t - 1, 0), ...])
first word said for ever: what the decoder said was never kept: it reads `read[0]` again and again
-         said = xp.argmax(now[0, :, END:], axis=1) + END
-
the teacher's word taken for its own: what was kept as the decoder's own word is the teacher's word of that step, not what the decoder said
~ said = xp.argmax(now[0, :, END:], axis=1) + END => said = read[t, ...]
own word only where it spoke itself: what the decoder said was kept only where it heard itself; it says something at every step
~ said = xp.argmax(now[0, :, END:], axis=1) + END => said = xp.where(own[t, ...], xp.argmax(now[0, :, END:], axis=1) + END, read[t, ...])
least likely word: the least likely word was said
~ said = xp.argmax(now[0, :, END:], axis=1) + END => said = xp.argmin(now[0, :, END:], axis=1) + END
END said for ever: a sentence that had read END says END at all later steps: it simply goes on
~ said = xp.argmax(now[0, :, END:], axis=1) + END => said = xp.where(token == END, token, xp.argmax(now[0, :, END:], axis=1) + END)
state set to zero: each step began from a state of zeros: the state goes on from `h`
~ x[None, ...], (h,)) => x[None, ...], (0 * h,))
log probabilities returned: the logits went through a softmax; they are returned as they are
~ logits.append(now[0, ...]) => logits.append(log_softmax(now)[0, ...])
PAD and START shut out of what is returned: PAD and START were shut out of the logits that are returned; nothing is taken out of them
~ logits.append(now[0, ...]) => logits.append(xp.where(xp.arange(now.shape[2], device=device_of(now)) < END, 0 * now[0, ...] - 1e9, now[0, ...]))
words of a taught decoder: the decoder's own words come from a run with the teacher at every step; it repeats what it says in this run
-     for t in range(read.shape[0]):
-         heard = t > 0
-         token = xp.where(own[t, ...] & heard, said, read[t, ...])
-         x = xp.concat([{{given.of}}], axis=1)
-         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
-         now = readout(out, y)
-         said = xp.argmax(now[0, :, END:], axis=1) + END
+     g = h
+     for t in range(read.shape[0]):
+         heard = t > 0
+         token = xp.where(own[t, ...] & heard, said, read[t, ...])
+         x = xp.concat([{{given.taught}}], axis=1)
+         y, (g,), _ = unroll(gru_cell, loop, x[None, ...], (g,))
+         said = xp.argmax(readout(out, y)[0, :, END:], axis=1) + END
+         x = xp.concat([{{given.of}}], axis=1)
+         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
+         now = readout(out, y)
START said: PAD alone was shut out; the decoder never says START either
~ xp.argmax(now[0, :, END:], axis=1) + END => xp.argmax(now[0, :, START:], axis=1) + START
stops at END: a sentence whose decoder had said END stood still; it simply goes on
-         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
+         old = h
+         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
+         h = xp.where(((said == END) & heard)[:, None], old, h)
minus infinity in what is returned: PAD and START were shut out of the logits that are returned; nothing is taken out of them
~ logits.append(now[0, ...]) => logits.append(xp.where(xp.arange(now.shape[2], device=device_of(now)) < END, 0 * now[0, ...] - math.inf, now[0, ...]))
last word said after a coin: the word that was said was renewed only where the coin chose it: a later coin then reads an old word
-         said = xp.argmax(now[0, :, END:], axis=1) + END
+         new = xp.argmax(now[0, :, END:], axis=1) + END
+         said = new if t == 0 else xp.where(own[t, ...], new, said)
starts at zero: the decoder's state begins at 0; it is to begin at h, the summary of the source
-     for t in range(read.shape[0]):
+     h = 0 * h
+     for t in range(read.shape[0]):
state never carried on: the state that is returned, or read next, is the first step's: each step begins where the one before ended
-         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
+         first = h if t == 0 else first
+         y, _, _ = unroll(gru_cell, loop, x[None, ...], (first,))
+         h = y[0, ...]
first state returned: each step carried its state on, but the state returned is the one from before the first step
~         y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,)) =>         y, (g,), _ = unroll(gru_cell, loop, x[None, ...], (g if t else h,))
"""

# %% [markdown]
# ## Task 4: a beam and a fair score (5 points)
#
# *Extra, about 25 minutes.*
#
# A decoder that looks at its last word only: `log_p[t, a, k]` is the log probability of token k at step t if the last token was a. At step 0 the last token is START. Search with a beam, by these rules.
#
# 1. At each step every live hypothesis (a beginning that has not ended) is extended by every token from END on. These are the candidates; their log p is added up. The `width` likeliest of *all* candidates stay.
# 2. One of these that ends in END is a translation: it is set aside, and scores log p divided by `length_penalty(n, alpha)`, where n counts its tokens {{by.text}}. The others stay alive, even if they are fewer than `width`. (So what ends takes a place in the beam for that step. The chapter's `beam_search` has another rule: it goes on with `width` live ones whenever there are as many.)
# 3. The search ends after T steps, or when no hypothesis is alive. What has not ended by then is dropped.
#
# Return all translations that were set aside, even if they are more than `width`, as a list of `(tokens, score)`, best score first: `tokens` a tuple of int without END, the score a float.
#
# <details><summary>Hint 1</summary>
#
# Two lists: `live`, pairs of tokens and log p, at first `[((), 0.0)]`; and `ended`. The last token of a hypothesis is `tokens[-1]`, or START where there is none.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `found` holds a pair for each live hypothesis and each token: `((*tokens, k), p + float(step[last, k]))`. Sort it by `-p`, and look at the first `width` alone.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `for t, step in enumerate(log_p):` then a translation that ends at step t has n = {{by.t}}. It goes to `ended` as `(tokens[:-1], p / length_penalty({{by.t}}, alpha))`.
# </details>


# %% solution="ranked"
def ranked(log_p, width, alpha):
    """Translations that a beam finds, with their scores, best first.

    Shapes: log_p (T, K, K) -> [(tokens, score), ...]
    """
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    ### BEGIN SOLUTION
    for n, step in enumerate(log_p, start={{by.start}}):
        found = [
            ((*tokens, k), p + float(step[(START, *tokens)[-1], k]))
            for tokens, p in live
            for k in range(END, K)
        ]
        best = sorted(found, key=lambda f: -f[1])[:width]
        live = [f for f in best if f[0][-1] != END]
        over = [f for f in best if f[0][-1] == END]
        ended += [(k[:-1], p / length_penalty(n, alpha)) for k, p in over]
    return sorted(ended, key=lambda e: -e[1])
    ### END SOLUTION


# %%
def wordy(seed, T, K, hurry=0.0):
    """A decoder that knows its last word; hurry makes END likelier.

    Shapes: -> log_p (T, K, K)
    """
    logits = np.random.default_rng(seed).normal(size=(T, K, K))
    logits[..., END] += hurry
    return log_softmax(logits)


# %% [markdown]
# Try it: a decoder in a hurry. What does a wider beam find that a narrow one misses? And what does it prefer, without a penalty and with one?

# %%
for width in (1, 4):
    for alpha in (0.0, 1.0):
        best = ranked(wordy(38, 6, 6, 0.7), width, alpha)[:2]
        print(width, alpha, [(t, round(s, 3)) for t, s in best])

# %% test="ranked" points=5 explained="ch13_translation: Searching for the sentence"
import numpy as np

from rnncore.testing import Properties, assert_close, check, stored

properties = Properties(values=4, sizes=1)


def decoder_of(rng, T, K, width, alpha, hurry=0.0):
    logits = rng.normal(size=(T, K, K))
    logits[..., 2] += hurry
    logits -= np.log(np.exp(logits).sum(2, keepdims=True))
    return dict(log_p=logits, width=width, alpha=alpha)


rng = np.random.default_rng(6)
visible = [
    decoder_of(rng, 5, 6, 3, 0.7),
    decoder_of(rng, 4, 5, 4, 1.2, 0.8),
    decoder_of(rng, 6, 5, 2, 0.4, 0.5),
    decoder_of(rng, 3, 5, 6, 1.0),
]
check(
    ranked, stored("ranked"), visible, outputs="translations", by=properties
)
for tokens, _ in ranked(**visible[0]):
    kind = type(tokens).__name__
    assert kind == "tuple", f"tokens: expected a tuple, got a {kind}"
everything = dict(decoder_of(rng, 3, 5, 999, 0.0))
total = sum(np.exp(score) for _, score in ranked(**everything))
assert total < 1, f"the translations have probability {total:.3f} together"
### BEGIN HIDDEN TESTS
from itertools import product

from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    decoder_of(rng, T, K, width, alpha, hurry)
    for T, K, width, alpha, hurry in [
        (1, 4, 1, 0.6, 1.0),
        (7, 8, 1, 0.6, 0.5),
        (8, 5, 4, 0.0, 0.0),
        (8, 6, 5, 1.5, 1.0),
        (5, 9, 3, 0.6, 2.0),
        (6, 4, 12, 0.9, 0.0),
    ]
    for _ in range(3)
]
check(
    ranked, reference_ranked, hidden, outputs="translations", by=properties
)
args = decoder_of(rng, 3, 5, 999, 0.8)  # so wide that nothing is lost
scores = []
for n in (0, 1, 2):
    for words in product((3, 4), repeat=n):
        path = (1, *words, 2)
        steps = [
            args["log_p"][t, path[t], path[t + 1]] for t in range(n + 1)
        ]
        scores.append(sum(steps) / (({{by.test}}) / 6) ** 0.8)
assert_close(
    "all scores, best first",
    np.array([score for _, score in ranked(**args)]),
    np.array(sorted(scores, reverse=True)),
)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="ranked"
r"""
beam score not normalised: the beam's score was not normalised: log p falls with every token, so that short translations are favoured. Divide by the length penalty
~ p / length_penalty(n, alpha) => p
multiplied by the penalty: log p was multiplied by the penalty: it is negative, so that long translations lose twice. Divide
~ p / length_penalty(n, alpha) => p * length_penalty(n, alpha)
divided by the length itself: this divides by n to the power of alpha, which others do; here it is `length_penalty(n, alpha)`
~ p / length_penalty(n, alpha) => p / max(n, 1) ** alpha
{{by.name}}: {{by.says}}
~ length_penalty(n, alpha) => length_penalty({{by.odd}}, alpha)
END left in the tokens: the translations still hold END
~ (k[:-1], p => (k, p
greedy: one candidate was kept at each step, which is the greedy choice; `width` of them stay
~ [:width] => [:1]
one too many kept: one candidate more than `width` stays
~ [:width] => [: width + 1]
each beginning for itself: each beginning kept its own best tokens; all candidates compete, and a weak beginning may lose its place to two of a strong one
~ for k in range(END, K) => for k in sorted(range(END, K), key=lambda k: -step[(START, *tokens)[-1], k])[: max(1, width // len(live))]
last token alone: candidates were ranked by their last token alone; log p is added up from the first
~ p + float(step[(START, *tokens)[-1], k]) => float(step[(START, *tokens)[-1], k])
probabilities added: probabilities were added; add their logarithms
~ p + float(step[(START, *tokens)[-1], k]) => p + float(np.exp(step[(START, *tokens)[-1], k]))
START read again and again: every token was predicted from START; after a word the decoder reads that word
~ step[(START, *tokens)[-1], k] => step[START, k]
PAD and START are said: PAD or START were extended with, which stand in no target
~ for k in range(END, K) => for k in range(K)
an end keeps its place: ends and beginnings each got `width` places; here they compete for the same ones (the chapter's search lets as many live on, which is its convention)
~ sorted(found, key=lambda f: -f[1])[:width] => sorted([f for f in found if f[0][-1] == END], key=lambda f: -f[1])[:width] + sorted([f for f in found if f[0][-1] != END], key=lambda f: -f[1])[:width]
over at the first end: the search stopped at the first translation; a longer one may have the better score
-  for k, p in over]
+  for k, p in over]
+         if ended:
+             break
ranked by log p: the order is that of log p; asked for is that of the scores
~ sorted(ended, key=lambda e: -e[1]) => sorted(ended, key=lambda e: -e[1] * length_penalty({{by.len}}, alpha))
an end makes the beam narrower: each translation that has ended took a place away from all later steps; it competes at its own step alone
~ [:width] => [: max(0, width - len(ended))]
cut to the width: only the best `width` translations were returned, as the chapter's search does; all that ended are asked for
~     return sorted(ended, key=lambda e: -e[1]) =>     return sorted(ended, key=lambda e: -e[1])[:width]
what did not end returned too: beginnings that never ended were returned; they are dropped
-     return sorted(ended, key=
+     ended += [(k, p / length_penalty(len(k), alpha)) for k, p in live]
+     return sorted(ended, key=
worst first: the worst score comes first; the best one should
~     return sorted(ended, key=lambda e: -e[1]) =>     return sorted(ended, key=lambda e: e[1])
in the order found: the translations stand in the order in which they ended; sort them by their score, best first
~     return sorted(ended, key=lambda e: -e[1]) =>     return ended
rows and columns exchanged: `log_p` was read the wrong way round: the last token is its second axis, the next one its third
~ step[(START, *tokens)[-1], k] => step[k, (START, *tokens)[-1]]
the first step's table: the table of the first step was used at all steps: each has its own
~ step[(START, *tokens)[-1], k] => log_p[0, (START, *tokens)[-1], k]
log p multiplied: logarithms were multiplied: the logarithm of a product is their sum
~ p + float(step[(START, *tokens)[-1], k]) => (p or 1.0) * float(step[(START, *tokens)[-1], k])
probability for log p: the probability was scored: its logarithm is divided by the penalty
~ p / length_penalty(n, alpha) => float(np.exp(p)) / length_penalty(n, alpha)
penalty without its five: the penalty is ((5 + n)/6) to the power of alpha: the 5 is missing
~ length_penalty(n, alpha) => (max(n, 1) / 6) ** alpha
START in the tokens: the translations begin with START, which nobody said
~ (k[:-1], p => ((START, *k[:-1]), p
over when as many have ended as the beam is wide: the search stopped when `width` translations had ended; it goes on while a hypothesis is alive
-  for k, p in over]
+  for k, p in over]
+         if len(ended) >= width:
+             break
twice as many kept: twice `width` candidates stay
~ [:width] => [: 2 * width]
END said at the last step: what had not ended by the last step was made to end there; it is dropped
~ for k in range(END, K) => for k in (range(END, K) if n < {{by.last}} else [END])
divided by the width's penalty: the penalty is that of the width of the beam; a translation's own length decides
~         ended += [(k[:-1], p / length_penalty(n, alpha)) for k, p in over] =>         ended += [(k[:-1], p / length_penalty(width, alpha)) for k, p in over]
one word more in the penalty: the length that divides is {{by.more}} too large
~         ended += [(k[:-1], p / length_penalty(n, alpha)) for k, p in over] =>         ended += [(k[:-1], p / length_penalty({{by.more_n}}, alpha)) for k, p in over]
what has ended takes no place: the best `width` that go on were kept, and what has ended beside them; both share the beam
-         best = sorted(found, key=lambda f: -f[1])[:width]
+         best = sorted(found, key=lambda f: -f[1])
+         rest = [n for n, f in enumerate(best) if f[0][-1] != END]
+         best = best[: rest[width - 1] + 1] if len(rest) >= width else best
width for each beginning: the best `width` of each beginning were kept; the best of all together are
-             for k in range(END, K)
-         ]
-         best = sorted(found, key=lambda f: -f[1])[:width]
+             for k in sorted(range(END, K), key=lambda k: -step[(START, *tokens)[-1], k])[:width]
+         ]
+         best = sorted(found, key=lambda f: -f[1])
begins with END: the first word was looked up in END's row; a translation begins with START
~             ((*tokens, k), p + float(step[(START, *tokens)[-1], k])) =>             ((*tokens, k), p + float(step[(END, *tokens)[-1], k]))
"""

# %% [markdown]
# ## Task 5: how long may it be? (4 points)
#
# *Extra, about 15 minutes.*
#
# One number for a test set hides where a translator fails. You get three lists of texts: `sources`, what was `said`, and what was `wanted`. A translation is *exact* if it is the same text as what was wanted; nothing less counts. The length of a pair is the number of words of its *source*, words standing between spaces.
#
# Return two things: a list of `(length, count, share)` for each length that occurs, shortest first, with `count` pairs of which the `share` (a float, 1.0 for all) is exact; and `holds`, the length up to which the translator holds the sentence: the longest length such that it *and every shorter one that occurs* have a share of at least `bar`. If not even the shortest has, it is {{none.it}}. Lists that differ in length are refused with a ValueError.
#
# <details><summary>Hint 1</summary>
#
# Collect the verdicts by length: a dict of lists of True and False.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `zip(sources, said, wanted, strict=True)` refuses what it should; in the loop `by.setdefault(len(source.split()), []).append(a == b)`. Then `sorted(by)` gives the lengths in order.
# </details>
#
# <details><summary>Hint 3</summary>
#
# For `holds`, go through the rows from the shortest on, and stop at the first whose share is below the bar. A lucky greater length does not count.
# </details>


# %% solution="exact_by_length"
def exact_by_length(sources, said, wanted, bar=0.5):
    """The share of exact translations by length, and how far it holds.

    Raises ValueError where the lists differ in length.
    """
    ### BEGIN SOLUTION
    by = {}
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = {{none.it}}
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds
    ### END SOLUTION


# %% [markdown]
# Try it: by hand, lengths 1, 2 and 3 with shares 1, 0.5 and 0. It holds up to 2 at a bar of 0.5, up to 1 at 0.6.

# %%
pairs = [("one", "un"), ("twenty two", "vingt-deux"), ("a b", "a b")]
sources, wanted = map(list, zip(*pairs, ("x y z", "xyz"), strict=True))
for bar in (0.5, 0.6):
    print(
        exact_by_length(
            sources, ["un", "vingt-deux", "b a", ""], wanted, bar
        )
    )

# %% test="exact_by_length" points=4 explained="ch13_translation: How long a sentence does one vector hold?"
import numpy as np

from rnncore.testing import Properties, assert_refuses, check, stored

properties = Properties(values=3, refusals=1)

WORDS = ["two", "Two", "ten", "six", "and"]


def translated(rng, N, longest, bar, luck=0.8):
    """Pairs that are the harder, the longer they are."""
    sources, said, wanted = [], [], []
    for _ in range(N):
        n = int(rng.integers(1, longest + 1))
        text = [WORDS[k] for k in rng.integers(0, 5, n)]
        target = [WORDS[k] for k in rng.integers(0, 5, rng.integers(2, 6))]
        answer = list(target)
        if rng.uniform() > luck ** (n - 1):
            kind = rng.integers(3)
            if kind == 0:
                answer = answer[::-1]
            elif kind == 1:
                answer[0] = answer[0].swapcase()
            else:
                answer = answer[:-1]
        sources.append(" ".join(text))
        said.append(" ".join(answer))
        wanted.append(" ".join(target))
    return dict(sources=sources, said=said, wanted=wanted, bar=bar)


rng = np.random.default_rng(7)
visible = [
    translated(rng, 40, 7, 0.5),
    translated(rng, 30, 6, 0.75, 0.7),
    dict(  # length 6 fails, 7 does not; the bar is just reached
        sources=["a b c", *["a b c d"] * 2, *["f-g d c b a z"] * 2]
        + ["n " * 7] * 2,
        said=["x y", "x", "y x", "", "z", "x y z w v", "v"],
        wanted=["x y", "x", "x y", "x", "w z", "x y z w v", "v w"],
        bar=0.5,
    ),
    dict(  # of four pairs three are exact, but of length 2 none
        sources=["a", "b", "c", "a b"],
        said=["x", "y", "z", "x"],
        wanted=["x", "y", "z", "x y"],
        bar=0.5,
    ),
    dict(  # the shortest fails
        sources=["a", "a b"], said=["x", "y"], wanted=["y", "y"], bar=0.5
    ),
    dict(  # a space more is another text
        sources=["a", "a b"], said=["x", "y "], wanted=["x", "y"], bar=0.5
    ),
    dict(  # and so is a word more
        sources=["a", "a b"], said=["x", "y z"], wanted=["x", "y"], bar=0.5
    ),
]
check(
    exact_by_length,
    stored("exact_by_length"),
    visible,
    outputs="rows, holds",
    by=properties,
)
with properties("refusals"):
    for short in ("sources", "said", "wanted"):
        args = {**visible[0], short: visible[0][short][:-1]}
        assert_refuses(
            exact_by_length, args, f"with `{short}` one too short"
        )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    translated(rng, N, longest, bar, luck)
    for N, longest, bar, luck in [
        (1, 1, 0.5, 1.0),
        (200, 9, 0.5, 0.85),
        (60, 12, 0.9, 0.9),
        (50, 5, 0.25, 0.5),
        (30, 4, 1.0, 1.0),
    ]
]
hidden.append(dict(sources=["a b"], said=["x"], wanted=["y"], bar=0.5))
hidden.append(dict(sources=["a"], said=[" x"], wanted=["x"], bar=0.5))
hidden.append(dict(sources=["a"], said=["x y"], wanted=["x"], bar=0.5))
hidden.append(
    dict(
        sources=["a-b c ", "d"], said=["x", "y"], wanted=["x", "z"], bar=0.5
    )
)
hidden.append(
    dict(
        sources=["a b", "a b c d", "a b c d e f g"],
        said=["x", "y", "z"],
        wanted=["x", "y", "y"],
        bar=0.9,
    )
)
check(
    exact_by_length,
    reference_exact_by_length,
    hidden,
    outputs="rows, holds",
    by=properties,
)
with properties("refusals"):
    assert_refuses(
        exact_by_length,
        dict(sources=["a", "b"], said=["x"], wanted=["x", "y"], bar=0.5),
        "with a translation too few",
    )
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="exact_by_length"
r"""
length of the translation: the pairs were sorted by the length of the target; it is the source that the vector has to hold
~ len(source.split()) => len(b.split())
length of what was said: the pairs were sorted by the length of what was said: a translator that stops early then looks good on short sentences
~ len(source.split()) => len(a.split())
length in letters: the length was counted in letters; count words
~ len(source.split()) => len(source)
upper case forgiven: upper and lower case were taken for the same; exact is exact
~ append(a == b) => append(a.lower() == b.lower())
order forgiven: the order of the words was not looked at
~ append(a == b) => append(sorted(a.split()) == sorted(b.split()))
the beginning is enough: a translation that stops too early was taken for exact
~ append(a == b) => append(b.startswith(a))
share of right words: this is the share of words that are right; exact match gives a sentence with one wrong word nothing
~ append(a == b) => append(sum(x == y for x, y in zip(a.split(), b.split(), strict=False)) / len(b.split()))
divided by all pairs: the exact ones of a length were divided by the pairs of all lengths
~ sum(by[n]) / len(by[n]) => sum(by[n]) / len(sources)
a lucky length counts: `holds` is the longest length above the bar, although a shorter one is below it; all shorter ones must hold too
~             break =>             continue
the first that fails: `holds` is the first length that fails; asked for is the last one before it
-             break
-         holds = n
+             holds = n
+             break
above the bar: a share that just reaches the bar was taken for a failure; at least `bar` is enough
~ if share < bar: => if share <= bar:
lengths counted: `holds` counts how many lengths hold; it is the length itself, and lengths may be missing
~         holds = n =>         holds = max(holds, 0) + 1
lists cut to the shortest [hidden, refusals]: lists of different length were accepted
~ strict=True => strict=False
hyphens part words: a hyphen was taken for a space: words stand between spaces
~ len(source.split()) => len(source.replace("-", " ").split())
running share: `holds` looks at the share of all pairs up to a length, so that good short ones carry bad long ones; each length counts by itself
~ if share < bar: => if sum(c * s for m, c, s in rows if m <= n) / sum(c for m, c, s in rows if m <= n) < bar:
the shortest not looked at: the shortest length was not looked at: where it fails `holds` is {{none.it}}, and where it alone holds, it is that length
~ for n, _, share in rows: => for n, _, share in rows[1:]:
None where nothing holds: `holds` is None where not even the shortest length has the share: it is {{none.it}}
~ return rows, holds => return rows, holds if holds > 0 else None
in order of appearance: the rows stand in the order in which the lengths occur; the shortest comes first
~ for n in sorted(by)] => for n in by]
longest first: the longest length stands first; the shortest does
~ return rows, holds => return rows[::-1], holds
count of the exact ones: the count is that of the exact ones: it is that of all pairs of a length
~ (n, len(by[n]), sum => (n, sum(by[n]), sum
percent: the share is in percent: 1.0 stands for all
~ return rows, holds => return [(n, c, 100 * share) for n, c, share in rows], holds
share of the wrong ones: the share is that of the wrong translations
~ return rows, holds => return [(n, c, 1 - share) for n, c, share in rows], holds
whole division: the share was rounded down to a whole number: `/` divides, `//` cuts off
~ sum(by[n]) / len(by[n]) => sum(by[n]) // len(by[n])
contained: a translation that is a part of what was wanted was taken for exact
~ append(a == b) => append(a in b)
spaces counted: the spaces were counted: words stand between them, and a space at the end makes no word
~ len(source.split()) => source.count(" ") + 1
spaces at the ends forgiven: spaces at the ends of a text were taken away before the comparison; exact is the same text
~ append(a == b) => append(a.strip() == b.strip())
more is enough: a translation that goes on after all that was wanted was taken for exact
~ append(a == b) => append(a.startswith(b))
percent against the bar: the share is in percent, and so every length holds: 1.0 stands for all
~ sum(by[n]) / len(by[n]) => 100 * sum(by[n]) / len(by[n])
longest to shortest: the lengths run from the longest to the shortest, for `holds` too; the shortest stands first
~ for n in sorted(by)] => for n in sorted(by, reverse=True)]
shortest taken as held: the shortest length was taken as held, whatever its share: where it fails `holds` is {{none.it}}
~ holds = {{none.it}} => holds = min(by)
number of pairs returned: holds is the number of pairs of the last length that held; it is that length
~         holds = n =>         holds = _
"""

# %% [markdown]
# ## Task 6, closed book: `greedy` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Rebuild the simplest search under its own name. `decoder.start(source)` gives the first state h (1, B, H), and `decoder(read, h, source)`, with read (1, B), gives logits (1, B, K) and the next state. At each step each of the B sentences reads its own likeliest token, PAD and START left out, at first START. A sentence ends at END, or after `limit` tokens. Return B lists of int, without START and END.
#
# It must stop as soon as all have ended, and whatever comes after a sentence's END is discarded. The line that refuses a limit below 1 is there already.
#
# <details><summary>Hint 1</summary>
#
# All B run on together until the last has ended. Remember which are done.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `read = logits[0, :, END:].argmax(dim=1)[None] + END`: the next token of each sentence, (1, B), PAD and START left out.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `live`, a list of the sentences that have not ended: after each step `live = [b for b in live if int(read[0, b]) != END]`; then a token for each of these. The first `read` is `torch.full((1, B), START, device=h.device)`.
# </details>


# %% solution="greedy" closed_book=true
def greedy(decoder, source, limit):
    """The likeliest token at each step, read again at the next.

    Raises ValueError where the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    ### BEGIN SOLUTION
    h = decoder.start(source)
    written, live = [[] for _ in range(h.shape[1])], range(h.shape[1])
    read = torch.full((1, h.shape[1]), START, device=h.device)
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            written[b].append(int(read[0, b]))
        if not live:
            break
    return written
    ### END SOLUTION


# %% [markdown]
# Try it with the given `Toy`: a decoder that counts up from 3 and then ends. The second source forbids it to say 4: it gets stuck for a while.

# %%
follows = -9.0 * np.ones((7, 7))
for before, after in [(1, 3), (3, 4), (4, 5), (5, 6), (6, 2)]:
    follows[before, after] = 9.0
skips = np.zeros((2, 7))
skips[1, [2, 4]] = 4.0, -99.0
toy = Toy(move(follows))
print(greedy(toy, toy_source(move(skips)), 9), toy.calls, "calls")

# %% test="greedy" points=4 explained="ch13_translation: Teacher forcing"
import numpy as np
import torch

from rnncore.testing import Properties, assert_refuses, check, mover, stored

properties = Properties(values=2, refusals=1, sizes=1)

move = mover(device)
OUTPUTS = "sentences, calls"


def wrote(W, summary, limit):
    """What the learner's search writes, and how often it asked."""
    toy = Toy(W)
    return greedy(toy, toy_source(summary), limit), toy.calls


def toy_input(rng, K, B, limit, hurry=0.0):
    """A decoder that likes PAD and START, and ends at some time."""
    W, summary = 2 * rng.normal(size=(K, K)), rng.normal(size=(B, K))
    summary[:, :2] += 1.0
    summary[:, 2] += hurry
    return dict(W=W, summary=summary, limit=limit)


rng = np.random.default_rng(8)
visible = [
    move(toy_input(rng, K, B, limit, hurry))
    for K, B, limit, hurry in [
        (9, 4, 12, 1.5),
        (8, 3, 5, 0.0),
        (7, 5, 14, 1.0),
        (9, 2, 30, 5.0),
        (6, 3, 25, 4.0),
    ]
]
check(wrote, stored("greedy"), visible, outputs=OUTPUTS, by=properties)
with properties("refusals"):
    args = {**visible[0], "limit": 0}
    assert_refuses(wrote, args, "with nothing to write", "limit")
### BEGIN HIDDEN TESTS
from rnncore.seq2seq import greedy as book_greedy
from rnncore.testing import hidden_inputs


def right(W, summary, limit):
    toy = reference_Toy(W)
    return book_greedy(toy, reference_toy_source(summary), limit), toy.calls


hidden = hidden_inputs(
    toy_input,
    [
        (4, 1, 1, 0.0),
        (12, 6, 20, 1.0),
        (6, 3, 25, 1.5),
        (9, 8, 4, 0.5),
        (8, 5, 30, 4.5),
        (9, 2, 30, 5.0),
        (5, 1, 9, 1.0),
    ],
    device,
)
check(wrote, right, hidden, outputs=OUTPUTS, by=properties)
with properties("refusals"):
    for limit in (0, -1):
        args = {**hidden[0], "limit": limit}
        assert_refuses(wrote, args, "with nothing to write", "limit")
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="greedy"
r"""
writes on after END: a sentence went on after its END: what comes after it is discarded
~         live = [b for b in live if int(read[0, b]) != END] =>         live = [b for b in range(h.shape[1]) if int(read[0, b]) != END]
END written down: END was written down; the sentences are asked for without it
-         for b in live:
+         for b in range(h.shape[1]):
+             written[b] += [END] * (int(read[0, b]) == END and END not in written[b])
+         for b in live:
all stop with the first: the search stopped where the first sentence ended, and cut the others off
~         if not live: =>         if len(live) < h.shape[1]:
never stops early: the sentences are right, but the decoder was asked on after all of them had ended
-         if not live:
-             break
-
START read at every step: START was read at every step; after it comes the token that was just said
~ logits, h = decoder(read, h, source) => logits, h = decoder(torch.full_like(read, START), h, source)
PAD and START are said: PAD or START were said, which stand in no target
~ logits[0, :, END:].argmax(dim=1)[None] + END => logits[0].argmax(dim=1)[None]
tokens two too low: PAD and START were cut off, and then the places were taken for token numbers: they begin at END
~ logits[0, :, END:].argmax(dim=1)[None] + END => logits[0, :, END:].argmax(dim=1)[None]
a fresh state at each step: every step began from the first state: the decoder forgets what it has written but the last word
~ logits, h = decoder(read, h, source) => logits, _ = decoder(read, h, source)
begins with END: the first token that was read is END; it is START
~ torch.full((1, h.shape[1]), START, device=h.device) => torch.full((1, h.shape[1]), END, device=h.device)
begins with PAD: the first token that was read is PAD; it is START
~ torch.full((1, h.shape[1]), START, device=h.device) => torch.full((1, h.shape[1]), PAD, device=h.device)
one token too many: more than `limit` tokens were written
~ range(limit) => range(limit + 1)
one token short: the sentences that do not end are one token short of `limit`
~ range(limit) => range(limit - 1)
the first sentence's token for all: all sentences said what the first one said
~ logits[0, :, END:].argmax(dim=1)[None] + END => (logits[0, :, END:].argmax(dim=1)[None] + END)[:, :1].expand(1, h.shape[1])
START written down: START was written down; the sentences are asked for without it
~ return written => return [[START, *w] for w in written]
END at every end: END stands at the end of each sentence, also of those that were cut off; they are asked for without it
~ return written => return [[*w, END] for w in written]
padded to the limit: the sentences were filled up to `limit`: each is a list of its own length
~ return written => return [w + [0] * (limit - len(w)) for w in written]
least likely token: the least likely token was taken
~ logits[0, :, END:].argmax(dim=1)[None] + END => logits[0, :, END:].argmin(dim=1)[None] + END
END is never said: END was left out as well, so that no sentence ends: only PAD and START are left out
~ logits[0, :, END:].argmax(dim=1)[None] + END => logits[0, :, END + 1 :].argmax(dim=1)[None] + END + 1
sentence after sentence: the sentences are right, but the decoder was asked for each of them by itself: all B run on together
-     for _ in range(limit):
-         logits, h = decoder(read, h, source)
-         read = logits[0, :, END:].argmax(dim=1)[None] + END
-         live = [b for b in live if int(read[0, b]) != END]
-         for b in live:
-             written[b].append(int(read[0, b]))
-         if not live:
-             break
+     first, begin = h, read
+     for b in live:
+         h, read = first, begin
+         for _ in range(limit):
+             logits, h = decoder(read, h, source)
+             read = logits[0, :, END:].argmax(dim=1)[None] + END
+             if int(read[0, b]) == END:
+                 break
+             written[b].append(int(read[0, b]))
one list for all: `[[]] * B` is one list, B times: all translations were written into it
~     written, live = [[] for _ in range(h.shape[1])], range(h.shape[1]) =>     written, live = [[]] * h.shape[1], range(h.shape[1])
drawn: the next word was drawn; the likeliest is asked for
-         read = logits[0, :, END:].argmax(dim=1)[None] + END
+         p = logits[0, :, END:].softmax(1)
+         read = torch.multinomial(p, 1, generator=torch.Generator().manual_seed(0)).T + END
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# The chapter's `beam_search(decoder, source, width, limit, alpha)` keeps `width` beginnings beside those that ended. Eight boxes are one small edit away from it, and on a decoder that is sure of itself seven of them find the right translation. Random weights alone, of whatever seed, do not open all of them.
#
# Write `beam_probes()`: a list of `(W, summary, width, limit, alpha)`: the weights (K, K) of a `Toy` decoder and its source (1, K), both float64 NumPy arrays. All that is found is compared: the tokens, log p, the scores, their order. Points are for the boxes that some probe tells apart; the last point is for all of them with at most three probes.
#
# <details><summary>Hint 1</summary>
#
# Where does a mistake in the score show? Where translations of different length end. And one in the states? Where the likeliest beginning changes from step to step. A search that stops as soon as `width` translations have ended is wrong only if a longer one would have had a better score: what favours long ones?
# </details>
#
# <details><summary>Hint 2</summary>
#
# One line of the search runs only where nothing comes to its end within `limit`. One condition counts only where the beam is wider than there are sentences to say: then what is impossible, with PAD or START in it, is among the candidates too. Each of the two wants a probe of its own.
# </details>
#
# <details><summary>Hint 3</summary>
#
# First probe: W is `rng.normal(size=(7, 7))`, END likelier by 2 or so in the source, a width of 3, a limit of 8, and a large penalty, alpha 3 or so. Second probe: the same W with END forbidden, -99 in its place of the source, and a limit of 4. Third probe: a width of 60 and a limit of 2. A box that is still closed wants a more even contest in the first probe: smaller weights, or another width.
# </details>


# %% solution="beam_probes"
def beam_probes():
    """A list of (W, summary, width, limit, alpha).

    Shapes: W (K, K); summary (1, K)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(1)
    W, summary = rng.normal(size=(7, 7)), rng.normal(size=(1, 7))
    often = summary + 2.0 * (np.arange(7) == END)
    never = summary - 99.0 * (np.arange(7) == END)
    return [
        (W, often, 3, 8, 3.0),
        (W, never, 3, 4, 1.0),
        (W, summary, 60, 2, 1.0),
    ]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("beam_probes")
follows = -9.0 * np.ones((7, 7))  # it counts up from 3, then ends
for before, after in [(1, 3), (3, 4), (4, 5), (5, 6), (6, 2)]:
    follows[before, after] = 9.0


def first_found(search, W, summary, width, limit, alpha):
    toy, source = Toy(move(W)), toy_source(move(summary))
    best = search(toy, source, width, limit, alpha)[0]
    return best.tokens, round(best.score, 4)


hasty = (follows, np.zeros((1, 7)), 1, 9, 0.0)
right = first_found(beam_search, *hasty)
for name, box in boxes.items():
    found = first_found(box, *hasty)
    print(name, "looks right" if found == right else "differs", *found)

# %% test="beam_probes" points=4 explained="ch13_translation: Searching for the sentence"
import torch

from rnncore.seq2seq import Encoded
from rnncore.seq2seq import beam_search as book_beam_search
from rnncore.testing import black_boxes, hunt


class SeenThrough:
    """The decoder `Toy`, once more: no test takes tools from elsewhere."""

    def __init__(self, W):
        self.W = torch.tensor(W)

    def start(self, source):
        return torch.zeros_like(source.summary)[None]

    def __call__(self, ids, h, source):
        h = 0.5 * h + torch.eye(len(self.W)).to(h)[ids]
        return h @ self.W + source.summary, h


def listed_by(search):
    """What a beam search finds, as plain lists and numbers."""

    def listing(W, summary, width, limit, alpha):
        states = torch.zeros((1, 1, 1))
        source = Encoded(states, states[..., 0] == 0, torch.tensor(summary))
        found = search(SeenThrough(W), source, width, limit, alpha)
        return [(tuple(f.tokens), f.log_p, f.score) for f in found]

    return listing


hunt(
    listed_by(book_beam_search),
    {
        name: listed_by(box)
        for name, box in black_boxes("beam_probes").items()
    },
    beam_probes(),
    few=3,
    points=4,
)

# %% mutants="beam_probes" of="rnncore.seq2seq.beam_search"
r"""
score not normalised: unseen where alpha is 0, or all translations have one length
~ score = p / length_penalty(n, alpha) => score = p
END not counted: END does not count as a token: unseen where alpha is 0
~ score = p / length_penalty(n, alpha) => score = p / length_penalty(n - 1, alpha)
states left behind: the states are not put in the order of their beginnings: unseen while the order stays
~ h[:, rows] => h[:, sorted(rows)]
an end from outside the beam: ends that are not among the best are set aside too: unseen with a width that holds everything
~ if token == END and rank < width: => if token == END:
impossible beginnings: what has no probability lives on as well: unseen with fewer places than words
~ p > -math.inf and len(longer) => len(longer)
last token alone: candidates are ranked by their last token: with a width of 1 the same translation is found
~ total = (log_p + so_far[:, None]).flatten() => total = (log_p + 0 * so_far[:, None]).flatten()
stopped too early: the search stops as soon as `width` have ended: unseen where no later one would be better
~ is_settled(live[0][1], ended, width, limit, alpha) => len(ended) >= width
what did not end keeps its log p: unseen where something comes to its end
~ Hypothesis(t, p, p / length_penalty(len(t), alpha)) => Hypothesis(t, p, p)
"""

# %% [markdown]
# ## Experiment: where the thread is lost
#
# *Extra, about 15 minutes.*
#
# A small translator learns numbers in words, from English to German, up to four digits; none that is tested was in training. All that its decoder gets is one vector of 128 numbers. It learns from *your* `side_by_side` and by *your* gradient, and *your* `exact_by_length` judges it: on new numbers of up to four digits, and on numbers of five. (Up to 40 seconds.)
#
# Then you choose a number, a beam and a penalty, and read what comes.
#
# **Predict**, before you run anything. Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "exact on new numbers of one to four digits, in percent": None,
    "exact on numbers of five digits, in percent": None,
    "on five digits the teacher helps: percent of tokens right": None,
    "in words, up to what length will it hold (at least half exact)?": None,
    "does a wider beam mend the long ones, yes or no?": "",
}

# %% experiment seconds=40
import re

from ipywidgets import FloatSlider, IntSlider, interact

from rnncore.application import seeded, train_module
from rnncore.data.translation import number_in_words, number_pairs
from rnncore.optim import adam
from rnncore.seq2seq import Encoder, Translator, VectorDecoder
from rnncore.train import Schedule

PIECE = re.compile(
    "zwanzig|dreißig|vierzig|fünfzig|sechzig|siebzig|achtzig|neunzig|"
    "sechzehn|siebzehn|hundert|tausend|null|eins|eine|ein|zwei|drei|vier|"
    "fünf|sechs|sieben|acht|neun|zehn|elf|zwölf|und"
)
pairs = number_pairs(
    np.random.default_rng(0), "en", "de", 4, train=2000, held_out=300
)


def words(text):
    return text.replace("-", " ").replace(",", "").split()


def pieces(text):
    return PIECE.findall(text)


def numbered(texts, cut):
    """A token number for each word or piece, from 3 on."""
    return {
        w: k
        for k, w in enumerate(sorted({w for t in texts for w in cut(t)}), 3)
    }


english = numbered([p.source for p in pairs.train], words)
german = numbered([p.target for p in pairs.train], pieces)
spelt = {k: w for w, k in german.items()}
whole = ["".join(pieces(p.target)) == p.target for p in pairs.train]
print(len(english), "words,", len(german), "pieces; whole:", all(whole))


def as_arrays(chosen):
    """Pairs as the translator wants them, by your `side_by_side`."""
    sources = [[english[w] for w in words(p.source)] for p in chosen]
    targets = [[german[w] for w in pieces(p.target)] for p in chosen]
    ids, read, said, real = side_by_side(sources, targets)
    return (*map(torch.tensor, (ids, read, said, real)), sources)


def next_batch(rng, step):
    if step % 50 == 0:
        print(f"update {step} of 300")
    return as_arrays([pairs.train[k] for k in rng.integers(2000, size=64)])


def taught(model, batch):
    ids, read, *_, sources = batch
    return model(ids.to(device), [*map(len, sources)], read.to(device))


def your_gradient(model, batch, carry):
    """A scalar whose gradient is that of `token_loss`, as you wrote it."""
    logits = taught(model, batch)
    _, d_logits = token_loss(logits.detach(), batch[2].to(device))
    return (logits * d_logits).sum(), None


with seeded(0):
    model = Translator(
        Encoder(3 + len(english), 24, 64),
        VectorDecoder(3 + len(german), 24, 64, 128),
    ).to(device)
train_module(
    model,
    your_gradient,
    next_batch,
    optimizer=adam(3e-3),
    schedule=Schedule(300, clip=1.0),
    rng=np.random.default_rng(0),
)


@torch.no_grad()
def judge(chosen):
    """What it says alone, and the share of tokens right when taught."""
    batch = as_arrays(chosen)
    lengths = [*map(len, batch[-1])]
    source = model.encoder(batch[0].to(device), lengths)
    said = [
        "".join(spelt[k] for k in s)
        for s in greedy(model.decoder, source, 40)
    ]
    hits = taught(model, batch).argmax(dim=2).cpu() == batch[2]
    return said, float(hits[batch[3]].float().mean())


print("You predicted", my_prediction)
everything = []
for name, chosen in (
    ("up to four digits", pairs.test),
    ("five digits", pairs.longer),
):
    said, right = judge(chosen)
    sources = [" ".join(words(p.source)) for p in chosen]
    everything += zip(
        sources, said, [p.target for p in chosen], strict=True
    )
    exact = np.mean(
        [a == p.target for a, p in zip(said, chosen, strict=True)]
    )
    print(f"{name}: {100 * exact:.1f} % exact alone,", end=" ")
    print(f"{100 * right:.1f} % of the tokens right with a teacher")
    truths = [p.target for p in chosen]
    by_words, _ = exact_by_length(sources, said, truths)
    print("words, share exact:", [(n, round(s, 3)) for n, _, s in by_words])
rows, holds = exact_by_length(*map(list, zip(*everything, strict=True)))
print(
    "both: words, pairs, share exact:",
    [(n, c, round(s, 3)) for n, c, s in rows],
)
print("holds up to", holds, "words")
plot_lines(
    {"one vector": np.array([100 * s for _, _, s in rows])},
    "words of the source",
    "exact, %",
    "",
    np.array([n for n, _, _ in rows]),
)


@torch.no_grad()
def say(number, width, alpha):
    source = words(number_in_words(number, "en"))
    ids = torch.tensor([[english[w]] for w in source[::-1]], device=device)
    read = model.encoder(ids, [len(source)])
    print(" ".join(source), "->", number_in_words(number, "de"))
    for found in beam_search(model.decoder, read, width, 40, alpha)[:3]:
        print(
            f"{found.score:8.3f}", "".join(spelt[k] for k in found.tokens)
        )


shown = interact(
    say,
    number=IntSlider(4321, min=0, max=99_999, continuous_update=False),
    width=IntSlider(1, min=1, max=8, continuous_update=False),
    alpha=FloatSlider(0.6, min=0, max=2, continuous_update=False),
)

# %% [markdown]
# The curve falls with the number of words, but it mixes two sets of numbers. Look at the printed lines: does the share fall with the words among the numbers of up to four digits, or among those of five? What falls in the curve then, and what is the length up to which it "holds" worth?
#
# Numbers of five digits have words that the translator knows, and not many more of them than some it can do. So what is it that fails: the length, or that no training sentence was like these? Look for a long number of four digits and a short one of five (*twenty thousand*). What would you train on, and what keep aside, to tell the two apart?
#
# With a teacher, what share of the tokens is right on five digits? Suppose it were 90 %: how many sentences of ten tokens could then be exact at best, if mistakes fell independently? And does the beam find better translations of long numbers, or just surer ones? Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A report says: "Under teacher forcing 97 % of the test tokens are right, so 97 % of our translations are. The test sentences were drawn at random from the corpus, in which frequent sentences occur several times. With a beam of 20 we find translations with a higher log p than greedy search does, but users say they are cut short; we conclude that the model is bad." In four to six sentences: name what is wrong with the 97 %, in two ways; say why the beam's translations are short, and what you would change; and what you would report instead.

# %% [markdown] answer="ninety_seven" points=2 explained="ch13_translation: Running free"
# The 97 % are tokens after true words: a translation of ten tokens is right only if all ten are, about 0.97¹⁰ = 74 % if mistakes are independent (more if they cluster), even while the teacher stays; alone, the decoder reads its own mistakes, and goes on from a place where it never was in training. And the test sentences are partly those of the training, since frequent sentences occur several times and were drawn at random: split by distinct sentences, so that none is in both. The beam is ranked by log p, which falls with every token, so among what it finds short ones are favoured, and a wide beam reaches short ends that greedy search passes by;
# that tells about the score, not the model: divide by a length penalty, chosen on validation data. I would report exact match (and chrF or BLEU) of free-running translations on unseen sentences, by length, for greedy search and the beam with its penalty.
#
# Rubric: 1 point for two faults of the 97 % (tokens are not sentences; teacher forcing is not free running; test sentences seen in training); 1 point for the beam's score that is not normalised **with** its remedy, and a report of free-running quality on unseen sentences.
