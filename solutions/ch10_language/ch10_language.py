# %% [markdown]
# # Assignment 10: language
#
# *The core takes about 105 minutes, all of it about 170 minutes, 29 points. Read chapter 10 first.*
#
# You will measure a language model over texts that are read in windows, and get the same number whatever the windows; let one matrix read and write, and give it the gradient of both; draw words that are neither too dull nor too wild; and write
# with a generator that cannot leave a bracket open. With the book closed you will rebuild `beam_search`. Then you hunt seven wrong nuclei, and train a small model with the gradient that you have written.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | K | | how many tokens there are |
# | `ids` | (N, B) | B texts side by side, one token per row |
# | $E$ | (K, D) | the embedding: row k is what the network reads for token k |
# | $y$ | (T, B, D) | the outputs of the layer |
# | `logits` | (T, B, K) | before the softmax: row t speaks about the token after token t |
# | $p$, $-\log p$ | | a probability, and the surprisal in nats |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: two readers read one number. What is its gradient?</summary>
#
# The sum of what the two send back.
# </details>
#
# <details><summary>Chapter 8: when is the state carried into the next window, and when is it not?</summary>
#
# When the next window goes on where the last one ended, in the same text. Anywhere else it begins anew.
# </details>

# %% parameters
own = (
    {
        "h": "-(p * log_p).sum(-1, keepdim=True)",
        "tex": "-\\sum_k p_k \\log p_k",
        "text": "put the tokens",
        "even": "-log_p.mean(-1, keepdim=True)",
        "bits": "-(p * log_p).sum(-1, keepdim=True) / math.log(2)",
        "one": "-(p * log_p).sum() / len(p)",
        "all": "-(p * log_p).sum()",
        "zero": "-(p * log_p).sum(0)",
        "log": "-(p * p.log()).sum(-1, keepdim=True)",
        "odd": "-(torch.softmax(logits, -1) * torch.log_softmax(logits, -1)).sum(-1, keepdim=True)",
        "odd_name": "entropy without the temperature",
        "odd_says": "the entropy is that of the model without the temperature; take it from the p that you choose from",
        "far": "[[0.0, 1.0, 2.0, -900.0], [-900.0, 2.0, 0.0, 1.0]]",
        "by": "by p",
        "of": "tempered distribution, whose tokens are drawn.",
    },
    {
        "h": "-(logits.softmax(1) * logits.log_softmax(1)).sum(1)[:, None]",
        "tex": "-\\sum_k q_k \\log q_k, \\qquad q = \\text{softmax}(\\text{logits})",
        "text": "the model's own entropy, without the temperature, put the tokens",
        "even": "-logits.log_softmax(1).mean(1)[:, None]",
        "bits": "-(logits.softmax(1) * logits.log_softmax(1)).sum(1)[:, None] / math.log(2)",
        "one": "-(logits.softmax(1) * logits.log_softmax(1)).sum() / len(p)",
        "all": "-(logits.softmax(1) * logits.log_softmax(1)).sum()",
        "zero": "-(logits.softmax(1) * logits.log_softmax(1)).sum(0)",
        "log": "-(logits.softmax(1) * logits.softmax(1).log()).sum(1)[:, None]",
        "odd": "-(p * log_p).sum(-1, keepdim=True)",
        "odd_name": "entropy with the temperature",
        "odd_says": "the entropy is that of the p that you choose from; here it is the model's own, without the temperature",
        "far": "[[0, 1, 4, -900.0], [-900, 3, 0, 1]] + 4 * [[0.5, 0, 0.2, 0.1]]",
        "by": "by the probabilities",
        "of": "model itself, without the temperature.",
    },
)
emb = (
    {
        "model": "E[ids]",
        "x": "x",
        "back": "back(d_logits @ E)",
        "r": "np.random.default_rng(7)",
        "may": "depth + 1 <= rest",
        "text": "enough tokens follow it to close what is open, and itself",
        "room": "depth + 1 ≤ rest",
        "late": "depth <= rest",
        "any": "True",
        "careful": "depth + 2 <= rest",
        "half": "len(written) < len(numbers) // 2",
        "closing": ". A closing one makes one less, so it is always affordable, but it must",
        "tex": "x_t = E[\\text{ids}_t]",
        "note": "",
        "name": "embedding scaled",
        "says": "what is read was multiplied by the root of D, as in a transformer; here x is the row of E itself",
        "odd": "x * E.shape[1] ** 0.5",
        "odd_back": "back(d_logits @ E) * E.shape[1] ** 0.5",
        "through": "not taken through the layer [gradients]: d_y was taken for d_x: between embedding and readout lies the layer, so call back(d_y)",
        "d_y": "d_logits @ E",
        "bias": "back((d_logits + bias) @ E)",
        "y": "back(y)",
        "hint": "adds d_x at the rows that were read",
        "row": "the row of a token is an",
        "row2": "input, so d_x is added to that row, once for each time the token was read.",
    },
    {
        "model": "E[ids] * E.shape[1] ** 0.5",
        "x": "x * E.shape[1] ** 0.5",
        "back": "back(d_logits @ E) * E.shape[1] ** 0.5",
        "r": "np.random.default_rng(50)",
        "may": "depth + 1 <= min(rest, 3)",
        "text": "enough tokens follow it to close what is open, and itself, and no more than 3 are open then",
        "room": "depth + 1 ≤ rest and ≤ 3",
        "late": "depth <= rest and depth < 3",
        "any": "depth < 3",
        "careful": "depth + 2 <= rest and depth < 3",
        "half": "len(written) < len(numbers) // 2 and depth < 3",
        "closing": ", and ≤ 3. A closing one makes one less: always affordable, but it must",
        "tex": "x_t = \\sqrt D\\,E[\\text{ids}_t]",
        "note": " What is read is multiplied by the root of D, as in a transformer.",
        "name": "embedding not scaled",
        "says": "the row of E was read as it is; here it is multiplied by the root of D, as in a transformer",
        "odd": "x",
        "odd_back": "back(d_logits @ E)",
        "through": "not taken through the layer [gradients]: d_y was taken for the gradient of what is read: between embedding and readout lies the layer, so call back(d_y)",
        "d_y": "d_logits @ E * E.shape[1] ** 0.5",
        "bias": "back((d_logits + bias) @ E) * E.shape[1] ** 0.5",
        "y": "back(y) * E.shape[1] ** 0.5",
        "hint": "adds d_x, times the root of D, at the rows that were read",
        "row": "√D times the row is an",
        "row2": "input, so √D d_x is added to that row, once for each time the token was read.",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. What you write keeps the dtype and device of its arguments, and changes none of them.

# %%
import math

import numpy as np
import torch

from rnncore.bptt import bptt
from rnncore.display import plot_lines
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.losses import cross_entropy, cross_entropy_vjp
from rnncore.optim import adam
from rnncore.rnn import init_params, unroll, zero_state
from rnncore.testing import black_boxes, mover
from rnncore.text.sampling import Hypothesis, nucleus
from rnncore.train import Schedule, fit

device = "cpu"
move = mover(device)

# %% [markdown]
# ## Given: a model, and what draws from it
#
# The tasks name those that they use: a GRU whose embedding is its readout (`tied_model`) and that GRU as a layer with its way back (`Middle`); a draw (`draw_at`), which brackets are open (`after`), and a model that reads one token at a time (`stepper`).


# %%
def tied_model(E, bias, cell):
    """`read` of a GRU whose embedding is its readout too."""

    def read(ids, state=None):
        state = zero_state(cell, ids.shape[1]) if state is None else state
        y, state, _ = unroll(gru_cell, cell, {{emb.model}}, state)
        return y @ E.T + bias, state

    return read


# %%
class Middle:
    """A GRU between embedding and readout; it keeps what else you need."""

    def __init__(self, cell, state):
        self.cell, self.state = cell, state

    def __call__(self, x):
        y, self.state, self.tape = unroll(
            gru_cell, self.cell, x, self.state
        )
        return y, self.back

    def back(self, d_y):
        d_last = tuple(0 * s for s in self.state)
        self.d_cell, d_x, _ = bptt(
            gru_cell_vjp, self.cell, self.tape, d_y, d_last
        )
        return d_x


# %%
def draw_at(p, number):
    """The token at a number from 0 to 1; one of p = 0 is never drawn."""
    total = p.double().cumsum(-1)
    return int((total <= number * total[-1]).sum())


def after(open_ones, token, pairs):
    """The closing ids owed after a token; the list's last must come first."""
    if token in dict(pairs):
        return [*open_ones, dict(pairs)[token]]
    return open_ones[:-1] if open_ones[-1:] == [token] else open_ones


# %%
def stepper(read, device):
    """`step(token, state)` of a model that reads whole windows."""

    def step(token, state):
        logits, state = read(torch.tensor([[token]], device=device), state)
        return logits[0, 0], state

    return step


# %% [markdown]
# ## Four tokens by hand
#
# A text of four tokens is read in two windows. In the first stand three tokens, each with probability 1/2; in the second a single one, with 1/32. What is the perplexity of the text? Work it out on paper: the mean surprisal of the four tokens in bits first, then 2 to that power.
# And what would two wrong ways give: the mean of the two windows' perplexities, and 2 to the mean of the two windows' mean surprisals?

# %%
bits = [[1, 1, 1], [5]]
means = [sum(window) / len(window) for window in bits]
print("perplexity", 2 ** (sum(map(sum, bits)) / 4), " by hand: 2^(8/4) = 4")
print("mean of perplexities", sum(2**m for m in means) / 2)
print("windows taken for tokens", 2 ** (sum(means) / 2))

# %% [markdown]
# Three numbers for one text: 4, 17 and 8. Now a temperature. Two tokens have $p = (0.8, 0.2)$; at $\tau = 1/2$ each probability is raised to the power $1/\tau = 2$, and then the two are divided by their sum. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `q = p ** (1 / tau)`: dividing the logits by τ raises the probabilities to 1/τ. (`p / tau` would change nothing, once it is divided by its sum.)
# </details>

# %%
p, tau = np.array([0.8, 0.2]), 0.5
q = p
# (the missing line)
print(q / q.sum(), " by hand: 16/17 and 1/17, or 0.941 and 0.059")

# %% [markdown]
# ## Task 1: perplexity, however the windows lie (4 points)
#
# *Core, about 20 minutes.*
#
# A long text is read in windows, since memory is limited. The result must not depend on where they begin. You get `texts`, a list of torch tensors `ids` (N, B), each B texts of N tokens side by side, and `read(ids, state)`, which gives logits and the state after the last row; with `None` for the state it begins anew.
#
# Predict every token but the first row of each of them, from all the rows before it: at most `window` rows per call, the state carried from window to window, and not from one tensor to the next (they are other texts, in no order). The perplexity, a Python float, is
#
# $$\exp\Big(\frac{\text{sum of } -\log p \text{ over all predicted tokens of all texts}}{\text{their number}}\Big)$$
#
# <details><summary>Hint 1</summary>
#
# Two loops: over the texts, and over the starts 0, window, 2 window, ... of the windows. N rows hold N - 1 to be read and N - 1 to be predicted; the last window is shorter where they do not come out even.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Rows `start:stop` are read, rows `start + 1 : stop + 1` predicted. Keep a sum of nats and a count of tokens; nothing is divided before the end.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `log_p = torch.log_softmax(logits, -1)`, then `log_p.gather(-1, targets[..., None])` picks the targets', (T, B, 1). `targets.numel()` is their number.
# </details>


# %% solution="carried_perplexity"
def carried_perplexity(read, texts, window):
    """Perplexity of all tokens but each text's first, read in windows.

    Shapes: texts [(N, B), ...] -> a number
    """
    ### BEGIN SOLUTION
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            nats -= float(log_p.gather(-1, targets[..., None]).sum())
            count += targets.numel()
    return math.exp(nats / count)
    ### END SOLUTION


# %% [markdown]
# Try it: windows of one row and of all rows. A model must not care.

# %%
rng = np.random.default_rng(0)
E, cell = move(rng.normal(size=(5, 3))), move(init_params(rng, 3, 3, 3))
read = tied_model(E, 0.0, cell)
texts = [move(rng.integers(0, 5, (N, 2))) for N in (12, 7)]
for window in (1, 4, 20):
    print(window, carried_perplexity(read, texts, window))

# %% test="carried_perplexity" points=4 explained="ch10_language: One number, and three that look like it"
import numpy as np
import torch

from rnncore.rnn import init_params
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=3, sizes=1)

move = mover(device)


def measured(E, bias, cell, texts, window):
    """The learner's perplexity of the model with these weights."""
    read = tied_model(E, bias, cell)

    def read_little(ids, state):
        if not 1 <= len(ids) <= window:
            raise ValueError(f"read: 1 to {window} rows, got {len(ids)}")
        return read(ids, state)

    return carried_perplexity(read_little, texts, window)


def library(rng, K, D, sizes, window):
    return dict(
        E=2 * rng.normal(size=(K, D)),
        bias=rng.normal(size=K),
        cell=init_params(rng, D, D, 3),
        texts=[rng.integers(0, K, size) for size in sizes],
        window=window,
    )


rng = np.random.default_rng(1)
visible = [
    move(library(rng, 5, 3, [(11, 2), (5, 2)], 3)),
    move(library(rng, 4, 2, [(7, 3)], 4)),
]
check(
    measured,
    stored("carried_perplexity"),
    visible,
    outputs="perplexity",
    by=properties,
)


def fair(ids, state):
    """A model that takes all of 8 tokens for equally likely."""
    return torch.zeros((*ids.shape, 8), device=ids.device), state


texts = [move(rng.integers(0, 8, (6, 2)))]
assert_close("a fair die", carried_perplexity(fair, texts, 2), 8.0, 1e-5)
args = visible[0]
one, all_rows = (measured(**args | {"window": n}) for n in (1, 100))
assert_close("windows of 1 row, against one window", one, all_rows)
kind = type(one).__name__
assert kind == "float", f"perplexity: expected a float, got a {kind}"
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs


def right(E, bias, cell, texts, window):
    read = reference_tied_model(E, bias, cell)
    return reference_carried_perplexity(read, texts, window)


hidden = hidden_inputs(
    library,
    [
        (2, 1, [(2, 1)], 1),
        (6, 4, [(11, 3), (4, 1), (8, 3)], 5),
        (3, 5, [(20, 2), (7, 2)], 6),
        (7, 2, [(9, 4)], 50),
    ],
    device,
)
check(measured, right, hidden, outputs="perplexity", by=properties)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="carried_perplexity"
r"""
targets not shifted: the targets were not shifted: the model was asked for the token that it had just read
~ ids[start + 1 : stop + 1] => ids[start:stop]
mean(exp(loss)): perplexities of windows were averaged, mean(exp(loss)): add up the nats of all tokens, divide once, and take exp at the end
-             nats -= float(log_p.gather(-1, targets[..., None]).sum())
-             count += targets.numel()
-     return math.exp(nats / count)
+             nats += math.exp(-log_p.gather(-1, targets[..., None]).mean())
+             count += 1
+     return nats / count
averaged over windows instead of tokens: the mean losses of the windows were averaged; a short last window then counts as much as a full one. Count tokens
- .sum())
-             count += targets.numel()
+ .mean())
+             count += 1
state reset between windows: the state was reset at each window: the first tokens of a window were predicted from nothing
~ read(ids[start:stop], state) => read(ids[start:stop], None)
state carried into another text: the state was carried from one array into the next: each text begins anew
-     for ids in texts:
-         state = None
+     state = None
+     for ids in texts:
short window dropped: a last window that was not full was left out; its tokens count too
~ range(0, len(ids) - 1, window) => range(0, len(ids) - min(window, len(ids) - 1), window)
token at the border lost: between two windows one row is never read and the next one never predicted: the next window starts at `start + window`
~ range(0, len(ids) - 1, window) => range(0, len(ids) - 1, window + 1)
2 to the nats: 2 was raised to a surprisal in nats: take exp of nats, 2 to the power of bits
~ math.exp(nats / count) => 2 ** (nats / count)
all in one window: a text was read in one piece: at most `window` rows may go into a call
~ range(0, len(ids) - 1, window) => range(0, len(ids) - 1, window := len(ids))
divided by rows: the sum was divided by the number of rows; each of the B texts has a token in each
~ targets.numel() => len(targets)
bits into exp: surprisals in bits were put into exp: it is exp for nats, 2 for bits
~ torch.log_softmax(logits, -1) => torch.log_softmax(logits, -1) / math.log(2)
first rows counted: the number counts the first row of each text too, which nobody predicts
~ count += targets.numel() => count += targets.numel() + (start == 0) * ids.shape[1]
without exp: this is the mean surprisal; the perplexity is exp of it
~ math.exp(nats / count) => nats / count
minus forgotten: the minus sign of -log p is missing: the number is one over the perplexity
~ nats -= float => nats += float
logits added: logits were added up in place of log probabilities: log_softmax comes first
~ torch.log_softmax(logits, -1) => logits
probabilities added: probabilities were added up, not their logarithms
~ torch.log_softmax(logits, -1) => torch.softmax(logits, -1)
mean probability: the mean of the probabilities was taken, and one over it; the mean is that of their logarithms
-             log_p = torch.log_softmax(logits, -1)
-             nats -= float(log_p.gather(-1, targets[..., None]).sum())
-             count += targets.numel()
-     return math.exp(nats / count)
+             log_p = torch.softmax(logits, -1)
+             nats -= float(log_p.gather(-1, targets[..., None]).sum())
+             count += targets.numel()
+     return -count / nats
softmax over the batch: the softmax runs over the B texts; it belongs to the K tokens, the last axis
~ torch.log_softmax(logits, -1) => torch.log_softmax(logits, 1)
softmax over time: the softmax runs over the rows of the window; it belongs to the K tokens, the last axis
~ torch.log_softmax(logits, -1) => torch.log_softmax(logits, 0)
first row of a window not predicted: the first row of each window was not predicted: the last row of the window before predicts it
~ stop = min(start + window, len(ids) - 1) => stop = min(start + window - 1, len(ids) - 1)
windows overlap: the windows overlap by a row, so that some tokens are read and counted twice
~ range(0, len(ids) - 1, window) => range(0, len(ids) - 1, max(window - 1, 1))
first row not read: the first row of a text was never read: nothing is predicted from it, and the second row not at all
~ range(0, len(ids) - 1, window) => range(1, len(ids) - 1, window)
predicted backward: each row was predicted from the row after it: what is read stands before what is predicted
- read(ids[start:stop], state)
-             targets = ids[start + 1 : stop + 1]
+ read(ids[start + 1 : stop + 1], state)
+             targets = ids[start:stop]
targets of all rows: the log probabilities of all targets were taken in every row; row t has the targets of row t only (gather does that)
~ log_p.gather(-1, targets[..., None]) => log_p[..., targets]
entropy for the surprisal: this is the entropy of what the model predicts; the surprisal is -log p of the token that came
~ log_p.gather(-1, targets[..., None]) => (log_p * log_p.exp())
all texts as one: the texts were put one after another and read as one: the first row of a text was predicted from another text
~ for ids in texts: => for ids in [torch.cat(list(texts))]:
state of the first window: each window went on from the state after the first window; each goes on from the one before it
- logits, state = read(ids[start:stop], state)
+ logits, new = read(ids[start:stop], state)
+             state = new if state is None else state
last row left out: the last row of each text was not predicted
- range(0, len(ids) - 1, window):
-             stop = min(start + window, len(ids) - 1)
+ range(0, max(len(ids) - 2, 1), window):
+             stop = min(start + window, max(len(ids) - 2, 1))
mean over texts: each text's mean surprisal was taken, and then the mean of these: a short text then counts as much as a long one. Divide once, by all tokens
-     nats, count = 0.0, 0
-     for ids in texts:
-         state = None
-         for start in range(0, len(ids) - 1, window):
-             stop = min(start + window, len(ids) - 1)
-             logits, state = read(ids[start:stop], state)
-             targets = ids[start + 1 : stop + 1]
-             log_p = torch.log_softmax(logits, -1)
-             nats -= float(log_p.gather(-1, targets[..., None]).sum())
-             count += targets.numel()
-     return math.exp(nats / count)
+     nats, count, means = 0.0, 0, []
+     for ids in texts:
+         nats, count = 0.0, 0
+         state = None
+         for start in range(0, len(ids) - 1, window):
+             stop = min(start + window, len(ids) - 1)
+             logits, state = read(ids[start:stop], state)
+             targets = ids[start + 1 : stop + 1]
+             log_p = torch.log_softmax(logits, -1)
+             nats -= float(log_p.gather(-1, targets[..., None]).sum())
+             count += targets.numel()
+         means.append(nats / count)
+     return math.exp(sum(means) / len(means))
mean of the texts' perplexities: the perplexities of the texts were averaged: add up the nats of all tokens, divide once, and take exp at the end
-     nats, count = 0.0, 0
-     for ids in texts:
-         state = None
-         for start in range(0, len(ids) - 1, window):
-             stop = min(start + window, len(ids) - 1)
-             logits, state = read(ids[start:stop], state)
-             targets = ids[start + 1 : stop + 1]
-             log_p = torch.log_softmax(logits, -1)
-             nats -= float(log_p.gather(-1, targets[..., None]).sum())
-             count += targets.numel()
-     return math.exp(nats / count)
+     nats, count, each = 0.0, 0, []
+     for ids in texts:
+         nats, count = 0.0, 0
+         state = None
+         for start in range(0, len(ids) - 1, window):
+             stop = min(start + window, len(ids) - 1)
+             logits, state = read(ids[start:stop], state)
+             targets = ids[start + 1 : stop + 1]
+             log_p = torch.log_softmax(logits, -1)
+             nats -= float(log_p.gather(-1, targets[..., None]).sum())
+             count += targets.numel()
+         each.append(math.exp(nats / count))
+     return sum(each) / len(each)
mean of the columns' perplexities: the B texts of an array got a perplexity each, and these were averaged: add up the nats of all tokens, divide once, and take exp at the end
-     nats, count = 0.0, 0
-     for ids in texts:
-         state = None
-         for start in range(0, len(ids) - 1, window):
-             stop = min(start + window, len(ids) - 1)
-             logits, state = read(ids[start:stop], state)
-             targets = ids[start + 1 : stop + 1]
-             log_p = torch.log_softmax(logits, -1)
-             nats -= float(log_p.gather(-1, targets[..., None]).sum())
-             count += targets.numel()
-     return math.exp(nats / count)
+     nats, count, each = 0.0, 0, []
+     for ids in texts:
+         nats, count = 0.0, 0
+         state = None
+         for start in range(0, len(ids) - 1, window):
+             stop = min(start + window, len(ids) - 1)
+             logits, state = read(ids[start:stop], state)
+             targets = ids[start + 1 : stop + 1]
+             log_p = torch.log_softmax(logits, -1)
+             nats = nats - log_p.gather(-1, targets[..., None]).sum((0, 2))
+             count += len(targets)
+         each += (nats / count).exp().tolist()
+     return sum(each) / len(each)
targets in another order: the targets were flattened in another order than the logits: each log probability was taken for another place's token
~ log_p.gather(-1, targets[..., None]) => log_p.gather(-1, targets.T.flatten().view(targets.shape)[..., None])
first text only: only the first array of texts was counted
~ for ids in texts: => for ids in texts[:1]:
last text only: the sums begin again with each array: only the last one is counted
~ for ids in texts: => for ids in texts[-1:]:
windows taken for full: each window was counted as `window` rows, the short last one too
~ count += targets.numel() => count += window * ids.shape[1]
divided by the texts: the sum was divided by the number of texts; it is divided by that of the predicted tokens
~ math.exp(nats / count) => math.exp(nats / len(texts))
"""

# %% [markdown]
# ## Task 2: one matrix that reads and writes (5 points)
#
# *Extra, about 25 minutes.*
#
# With **tied embeddings** (Press and Wolf 2017; Inan, Khosravi and Socher 2017) the matrix whose rows are read is the matrix that predicts:
#
# $${{emb.tex}}, \qquad y = \text{layer}(x), \qquad \text{logits} = y\,E^\top + b$$
#
# Of `ids` (T+1, B) all rows but the last are read, and all but the first are to be predicted.{{emb.note}} Write the loss and the gradients of $E$ and $b$, without autograd (the test tells whether it was called). The layer comes as a function: `y, back = through(x)`, and `back(d_y)` gives d_x. The loss is that of chapter 4, the mean over all T B targets:
# `loss, cache = cross_entropy(logits, targets)`, and `cross_entropy_vjp(1.0, cache)` gives d_logits.
#
# <details><summary>Hint 1</summary>
#
# E is read at two places, so two gradients arrive. From the readout: how does logit k answer to row k of E? From the embedding: the row of a token is what the layer got wherever that token stood.
# </details>
#
# <details><summary>Hint 2</summary>
#
# d_y = d_logits E. The readout's share of d_E is d_logitsᵀ y, over all T B rows (`.flatten(0, 1)` puts them one below the other). The embedding's share {{emb.hint}}, and a token may have been read many times.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))` adds up where a row is named twice; `d_E[read] += d_x` keeps only one of them, and torch does not say which.
# </details>


# %% solution="tied_loss"
def tied_loss(E, bias, ids, through):
    """The loss of predicting each token, and the gradients of E and bias.

    Shapes: E (K, D); bias (K,); ids (T+1, B)
        -> loss (); d_E (K, D); d_bias (K,)
    """
    ### BEGIN SOLUTION
    x, targets = E[ids[:-1]], ids[1:]
    y, back = through({{emb.x}})
    loss, cache = cross_entropy(y @ E.T + bias, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = {{emb.back}}
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1))
    return loss, d_E, d_logits.sum((0, 1))
    ### END SOLUTION


# %% [markdown]
# Try it: a layer that passes on what it reads, and a token 3 that is never read and never comes. Why is its gradient not zero?

# %%
E, ids = move(np.eye(4)), move(np.array([[0], [1], [1], [2]]))
loss, d_E, d_bias = tied_loss(
    E, 0 * E[0], ids, lambda x: (x, lambda d_y: d_y)
)
print(f"loss {float(loss):.4f}")
print(d_E.cpu().numpy().round(3))

# %% test="tied_loss" points=5 explained="ch10_language: A network for words"
import numpy as np

from rnncore.rnn import init_params
from rnncore.testing import (
    Properties,
    assert_gradient,
    assert_that,
    check,
    mover,
    stored,
)
from rnncore.testing.inputs import list_called

properties = Properties(values=1, gradients=3, dtype=1)

move = mover(device)
OUTPUTS = "loss, d_E, d_bias"


def through_gru(E, bias, ids, cell, state):
    """The learner's gradients, with a GRU in the middle."""
    return tied_loss(E, bias, ids, Middle(cell, state))


def sentence(rng, T, B, K, D):
    """Few tokens for many places, so that they come again."""
    return dict(
        E=rng.normal(size=(K, D)),
        bias=rng.normal(size=K),
        ids=rng.integers(0, max(K - 1, 1), (T + 1, B)),
        cell=init_params(rng, D, D, 3),
        state=(rng.normal(size=(B, D)),),
    )


visible = move(sentence(np.random.default_rng(2), 4, 3, 4, 2))
check(
    through_gru,
    stored("tied_loss"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)


def check_no_autograd(args):
    """The gradients are written, and not left to autograd."""
    given = {name: args[name] for name in ("E", "bias", "ids")}
    given["through"] = lambda x: (x, lambda d_y: d_y)
    called = {"torch.autograd.grad", "torch.autograd.backward"}
    called &= {*list_called(tied_loss, given)}
    assert_that(
        not called, "without autograd: write the gradients themselves"
    )


check_no_autograd(visible)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng


def right(E, bias, ids, cell, state):
    return reference_tied_loss(E, bias, ids, reference_Middle(cell, state))


rng = hidden_rng()
hidden = hidden_inputs(
    sentence, [(1, 1, 2, 1), (6, 2, 3, 4), (3, 5, 9, 3)], device, rng=rng
)
check(through_gru, right, hidden, outputs=OUTPUTS, by=properties)
args = move(sentence(rng, 5, 2, 4, 3))
check_no_autograd(args)
_, d_E, d_bias = through_gru(**args)
with properties("gradients"):
    assert_gradient(
        lambda E: float(right(**args | {"E": E})[0]), args["E"], d_E, "d_E"
    )
    assert_gradient(
        lambda b: float(right(**args | {"bias": b})[0]),
        args["bias"],
        d_bias,
        "d_bias",
    )
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="tied_loss"
r"""
tied gradient of the readout alone [gradients]: only the readout's share of d_E is here: E is read by the embedding too, and the two add up
~ d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) => 1 * d_E
tied gradient of the embedding alone [gradients]: only the embedding's share of d_E is here: E is the readout too, and the two add up
~ d_logits.flatten(0, 1).T @ y.flatten(0, 1) => torch.zeros_like(E)
averaged over the two uses [gradients]: the two shares of d_E were averaged; shared gradients add up
~ d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) => d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) / 2
a token read twice counted once [gradients]: of a token that was read several times only one place counts: `d_E[...] += ...` does not add up where an index comes twice, index_add does
~ d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) => d_E[ids[:-1].flatten()] += d_x.flatten(0, 1)
added at the targets [gradients]: d_x was added at the rows of the targets; it belongs to the tokens that were read
~ d_E.index_add(0, ids[:-1].flatten() => d_E.index_add(0, ids[1:].flatten()
targets not shifted: the targets were not shifted: each token was to predict itself
~ E[ids[:-1]], ids[1:] => E[ids[:-1]], ids[:-1]
input taken for the output [gradients]: the readout's share of d_E is d_logitsᵀ y: the readout reads the layer's outputs, not its inputs
~ @ y.flatten(0, 1) => @ x.flatten(0, 1)
{{emb.through}}
~ d_x = {{emb.back}} => d_x = {{emb.d_y}}
bias averaged [gradients]: d_bias was averaged over steps and sequences; all of them read the one bias, so add up
~ d_logits.sum((0, 1)) => d_logits.mean((0, 1))
predicted backward: the rows were read from the second on, to predict the one before: read all but the last, predict all but the first
-     x, targets = E[ids[:-1]], ids[1:]
-     y, back = through({{emb.x}})
-     loss, cache = cross_entropy(y @ E.T + bias, targets)
-     d_logits = cross_entropy_vjp(1.0, cache)
-     d_x = {{emb.back}}
-     d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
-     d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1))
+     x, targets = E[ids[1:]], ids[:-1]
+     y, back = through({{emb.x}})
+     loss, cache = cross_entropy(y @ E.T + bias, targets)
+     d_logits = cross_entropy_vjp(1.0, cache)
+     d_x = {{emb.back}}
+     d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
+     d_E = d_E.index_add(0, ids[1:].flatten(), d_x.flatten(0, 1))
bias forgotten: the bias was not added to the logits
~ y @ E.T + bias => y @ E.T
E reshaped: the rows and columns of E were mixed up: a reshape is no transpose
~ y @ E.T + bias => y @ E.reshape(E.shape[1], E.shape[0]) + bias
{{emb.name}}: {{emb.says}}
~ y, back = through({{emb.x}}) => y, back = through({{emb.odd}})
{{emb.name}}, with its gradient: {{emb.says}}
-     y, back = through({{emb.x}})
-     loss, cache = cross_entropy(y @ E.T + bias, targets)
-     d_logits = cross_entropy_vjp(1.0, cache)
-     d_x = {{emb.back}}
+     y, back = through({{emb.odd}})
+     loss, cache = cross_entropy(y @ E.T + bias, targets)
+     d_logits = cross_entropy_vjp(1.0, cache)
+     d_x = {{emb.odd_back}}
perplexity: this is exp of the loss, the perplexity
~ return loss, d_E, d_logits.sum((0, 1)) => return loss.exp(), d_E, d_logits.sum((0, 1))
sum of all targets: the loss is the sum over the targets; it is their mean
- return loss, d_E, d_logits.sum((0, 1))
+ n = targets.numel()
+     return n * loss, n * d_E, n * d_logits.sum((0, 1))
gradients of the sum [gradients]: the gradients are those of the sum over all T B targets; the loss is their mean
~ cross_entropy_vjp(1.0, cache) => cross_entropy_vjp(float(targets.numel()), cache)
divided by the batch alone [gradients]: the gradients were divided by B alone; the loss is the mean over T B targets
~ cross_entropy_vjp(1.0, cache) => cross_entropy_vjp(float(len(targets)), cache)
loss as its own gradient [gradients]: the loss was handed to cross_entropy_vjp; the gradient of the loss with respect to itself is 1
~ cross_entropy_vjp(1.0, cache) => cross_entropy_vjp(loss, cache)
divided once more [gradients]: the gradients were divided by T B once more; the mean is in d_logits already
- return loss, d_E, d_logits.sum((0, 1))
+ n = targets.numel()
+     return loss, d_E / n, d_logits.sum((0, 1)) / n
readout's share divided once more [gradients]: the readout's share of d_E was divided by T B once more; the mean is in d_logits already
~ d_logits.flatten(0, 1).T @ y.flatten(0, 1) => d_logits.flatten(0, 1).T @ y.flatten(0, 1) / targets.numel()
target not subtracted [gradients]: d_logits is the softmax alone: at the target, 1 is to be taken off before dividing by T B
~ cross_entropy_vjp(1.0, cache) => torch.softmax(y @ E.T + bias, -1) / targets.numel()
minus [gradients]: the gradients have the wrong sign: they point uphill, and it is the optimizer that goes down
~ return loss, d_E, d_logits.sum((0, 1)) => return loss, -d_E, -d_logits.sum((0, 1))
readout of the last step [gradients]: the readout's share of d_E is that of the last step alone; the readout is used at all T steps
~ d_logits.flatten(0, 1).T @ y.flatten(0, 1) => d_logits[-1].T @ y[-1]
outputs in another order [gradients]: in the readout's share, d_logits and y were flattened in different orders: gradients meet outputs of other places
~ @ y.flatten(0, 1) => @ y.transpose(0, 1).flatten(0, 1)
logits for outputs [gradients]: the readout's share of d_E was taken from the logits, not from their gradient: it is d_logitsᵀ y
~ d_logits.flatten(0, 1).T @ y.flatten(0, 1) => (y @ E.T + bias).flatten(0, 1).T @ y.flatten(0, 1)
targets' rows alone [gradients]: the readout's share of d_E reaches the rows of the targets alone; each logit answers to its row of E, at every place
~ d_logits.flatten(0, 1).T @ y.flatten(0, 1) => torch.zeros_like(E).index_add(0, targets.flatten(), (d_logits.gather(-1, targets[..., None]) * y).flatten(0, 1))
tokens in another order [gradients]: in the embedding's share, the tokens were flattened in another order than d_x: gradients reach rows of other tokens
~ ids[:-1].flatten() => ids[:-1].T.flatten()
first step read alone [gradients]: the embedding's share of d_E is that of the first step alone; E is read at all T steps
~ ids[:-1].flatten(), d_x.flatten(0, 1) => ids[0], d_x[0]
mean over a token's places [gradients]: of a token that was read several times the mean of its d_x was added; all its places add up
- d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1))
+ for k in ids[:-1].unique():
+         d_E[k] += d_x[ids[:-1] == k].mean(0)
embedding's share in the readout's place [gradients]: in the rows that were read, d_x replaced the readout's share of d_E: the two add up, and so do the places of one token
~ d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) => d_E[ids[:-1]] = d_x
unread rows zero [gradients]: rows of E that were not read have no gradient here; the readout uses all of them
- return loss, d_E, d_logits.sum((0, 1))
+ seen = torch.zeros_like(E[:, :1])
+     seen[ids[:-1].flatten()] = 1
+     return loss, d_E * seen, d_logits.sum((0, 1))
bias of the last step [gradients]: d_bias is that of the last step alone; all steps read the one bias, so add up
~ return loss, d_E, d_logits.sum((0, 1)) => return loss, d_E, d_logits[-1].sum(0)
bias left at zero [gradients]: d_bias is all zeros: it was left out, or summed over the classes too, which always gives zero. Each logit answers to its bias one to one, so it is d_logits, summed over steps and sequences
~ return loss, d_E, d_logits.sum((0, 1)) => return loss, d_E, torch.zeros_like(bias)
gradients from autograd [hidden]: the gradients came from autograd; the task is to write them
-     d_logits = cross_entropy_vjp(1.0, cache)
+     logits = (y @ E.T + bias).detach().requires_grad_()
+     log_p = logits.log_softmax(-1).gather(-1, targets[..., None])
+     (d_logits,) = torch.autograd.grad(-log_p.mean(), logits)
bias on the way back [gradients]: the bias was added to the gradient of the logits; it adds to the logits alone
~     d_x = {{emb.back}} =>     d_x = {{emb.bias}}
input's share taken off [gradients]: the share of the rows that were read was taken off; both shares are added
~     d_E = d_E.index_add(0, ids[:-1].flatten(), d_x.flatten(0, 1)) =>     d_E = d_E.index_add(0, ids[:-1].flatten(), -d_x.flatten(0, 1))
y sent back [gradients]: y itself was sent back through the network; the gradient of y is
~     d_x = {{emb.back}} =>     d_x = {{emb.y}}
"""

# %% [markdown]
# ## Task 3: neither dull nor wild (4 points)
#
# *Core, about 20 minutes.*
#
# A text of always the likeliest word is dull, and people do not write so: their words carry about as much surprise as the model expects, its entropy. **Locally typical** sampling (Meister, Pimentel, Wiher and Cotterell 2023) keeps the tokens whose surprisal is nearest to the entropy. After the temperature, with
#
# $$p = \text{softmax}(\text{logits} / \tau), \qquad \mathcal H = {{own.tex}}$$
#
# {{own.text}} in the order of $|-\log p_k - \mathcal H|$, the smallest first. Keep the first few: as few as have together at least `mass` of the probability. (So the token that *crosses* `mass` stays, and at least one is kept.) Return the probabilities, divided by the sum of those kept in their row, and zero for the rest. Each row stands for itself. (At a low temperature most $p$ are 0 in floating point, and there $p \log p$ is 0.)
#
# <details><summary>Hint 1</summary>
#
# `order = distance.argsort(-1)` has the tokens of each row in that order; `p.gather(-1, order)` are their probabilities.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A token is kept if those *before* it do not have `mass` yet: `ordered.cumsum(-1) - ordered` is what stands before each.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Back into the tokens' own places: `torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))`. Then divide by the row's sum, `keepdim=True`.
# </details>


# %% solution="locally_typical"
def locally_typical(logits, temperature, mass):
    """Probabilities of the tokens whose surprisal is nearest to the entropy.

    Shapes: logits (B, K) -> p (B, K)
    """
    ### BEGIN SOLUTION
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = {{own.h}}
    order = (-log_p - entropy).abs().argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)
    ### END SOLUTION


# %% [markdown]
# Try it: one token has 0.4, twelve have 0.05 each. The entropy is 2.2 nats, the surprisals 0.9 and 3.0: here the likeliest token is the *less* typical at first, and with a larger mass it comes in last.

# %%
p = move(np.array([[0.4] + [0.05] * 12]))
for mass in (0.3, 0.95):
    print(mass, locally_typical(p.log(), 1.0, mass).cpu().numpy().round(3))

# %% test="locally_typical" points=4 explained="ch10_generation: From logits to a choice"
import numpy as np
import torch

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


def said(rng, B, K, temperature, mass):
    logits = 2 * rng.normal(size=(B, K))
    return dict(logits=logits, temperature=temperature, mass=mass)


visible = move(said(np.random.default_rng(9), 5, 8, 1.6, 0.6))
everything = visible | {"mass": 1.0 + 1e-6}
far = move(np.array({{own.far}}))
far = {"logits": far, "temperature": 1.0, "mass": 0.5}  # a p is 0
check(
    locally_typical,
    stored("locally_typical"),
    [everything, visible, visible | {"temperature": 0.5}, far],
    outputs="p",
    by=properties,
)
p = locally_typical(**visible)
assert_close("the sums of the rows", p.sum(-1), torch.ones_like(p[:, 0]))
p = torch.softmax(visible["logits"] / visible["temperature"], -1)
assert_close("where all are kept", locally_typical(**everything), p)
even = locally_typical(move(np.zeros((1, 4))), 1.0, 0.5)
assert_close(
    "how many of four tokens of 1/4 have together at least 1/2",
    float((even > 0).sum()),
    2.0,
)
check_independent(locally_typical, visible, {"logits": 0}, axis=0)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    said,
    [
        (1, 2, 1.0, 0.5),
        (1, 9, 0.5, 0.05),
        (5, 4, 2.0, 0.9),
        (3, 20, 1.3, 0.7),
    ],
    device,
)
far = move(np.array([[0.5, -800.0, 1.0, 2.0], [0.0, 1.5, 3.0, -800.0]]))
hidden.append({"logits": far, "temperature": 0.9, "mass": 0.4})
check(
    locally_typical,
    reference_locally_typical,
    hidden,
    outputs="p",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="locally_typical"
r"""
probabilities divided by the temperature: the temperature has no effect: it was left out, or probabilities were divided by it and renormalised, which changes nothing. Divide the logits, before the softmax
- torch.log_softmax(logits / temperature, -1)
+ torch.log_softmax(logits, -1) - math.log(temperature)
+     log_p = log_p - log_p.logsumexp(-1, keepdim=True)
temperature multiplied: the logits were multiplied by the temperature; a high one is to make the tokens more alike, so divide
~ logits / temperature => logits * temperature
the token that crosses dropped: the token that crosses `mass` was dropped, so that less than `mass` is kept (nothing, where the first one crosses)
-     before = ordered.cumsum(-1) - ordered
-     kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
+     within = ordered.cumsum(-1) <= mass
+     kept = torch.zeros_like(p).scatter(-1, order, ordered * within)
a nucleus: the likeliest tokens were kept, as in a nucleus; here those come first whose surprisal is nearest to the entropy. Look at the absolute value, and at the sign and the size of the entropy
~ (-log_p - entropy).abs().argsort(-1) => (-log_p).argsort(-1)
without the absolute value: the tokens farthest from the entropy came first
~ (-log_p - entropy).abs().argsort(-1) => (-log_p - entropy).square().neg().argsort(-1)
entropy not weighted: the entropy is the mean surprisal weighted {{own.by}}, not that of all tokens alike
~ {{own.h}} => {{own.even}}
entropy in bits: the entropy is in bits, the surprisals are in nats
~ {{own.h}} => {{own.bits}}
one entropy for all rows: all rows were compared with the mean entropy of the batch; each row has its own
~ {{own.h}} => {{own.one}}
left in the order of typicality: the probabilities were not put back into their tokens' places
~ torch.zeros_like(p).scatter(-1, order, ordered * (before < mass)) => ordered * (before < mass)
not renormalised: the kept probabilities do not sum to one: divide by their sum
~ kept / kept.sum(-1, keepdim=True) => kept
entropy summed over the rows: the entropy was summed over the whole batch; each row has its own: sum over the tokens only
~ {{own.h}} => {{own.all}}
{{own.odd_name}}: {{own.odd_says}}
~ {{own.h}} => {{own.odd}}
temperature after the choice: the tokens were chosen without the temperature, which came only after; it comes first
-     log_p = torch.log_softmax(logits / temperature, -1)
-     p = log_p.exp()
-     entropy = {{own.h}}
-     order = (-log_p - entropy).abs().argsort(-1)
-     ordered = p.gather(-1, order)
-     before = ordered.cumsum(-1) - ordered
-     kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
+     log_p = torch.log_softmax(logits, -1)
+     p = log_p.exp()
+     entropy = -(p * log_p).sum(-1, keepdim=True)
+     order = (-log_p - entropy).abs().argsort(-1)
+     ordered = p.gather(-1, order)
+     before = ordered.cumsum(-1) - ordered
+     kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
+     kept = kept ** (1 / temperature)
temperature twice: the temperature was applied twice: to the logits, and again to what is kept
~ kept / kept.sum(-1, keepdim=True) => torch.softmax(torch.where(kept > 0, log_p / temperature, -torch.inf), -1)
kept without the temperature: what is kept has its probabilities without the temperature; only the choice was made with it
~ kept / kept.sum(-1, keepdim=True) => torch.softmax(torch.where(kept > 0, logits, -torch.inf), -1)
temperature on the probabilities: the probabilities were divided by the temperature, and no longer sum to one: divide the logits, before the softmax
~ torch.log_softmax(logits / temperature, -1) => torch.log(torch.softmax(logits, -1) / temperature)
one token more: one token more was kept after the one that crosses `mass`
~ (before < mass) => (before - ordered.roll(1, -1) * (torch.arange(p.shape[-1]) > 0).to(p) < mass)
divided by the batch: what is kept was divided by the sum over the whole batch; each row sums to one
~ kept / kept.sum(-1, keepdim=True) => kept / kept.sum()
divided by the columns: what is kept was divided by sums over the batch, one per token; each row sums to one
~ kept / kept.sum(-1, keepdim=True) => kept / kept.sum(0)
softmax over the batch: the softmax runs over the rows of the batch; it belongs to the tokens, the last axis
~ torch.log_softmax(logits / temperature, -1) => torch.log_softmax(logits / temperature, 0)
entropy over the batch axis: the entropy was summed over the rows, one for each token; sum over the tokens, one for each row
~ {{own.h}} => {{own.zero}}
probability against the entropy: the probabilities were compared with the entropy; the surprisals are, -log p
~ (-log_p - entropy) => (p - entropy)
gathered back: the probabilities came back by gather, which takes from the places in `order`; scatter puts them there
~ torch.zeros_like(p).scatter(-1, order, ordered * (before < mass)) => (ordered * (before < mass)).gather(-1, order)
choice not put back: the choice is in the order of typicality, the probabilities are in the tokens' order; put it back into the tokens' places
~ torch.zeros_like(p).scatter(-1, order, ordered * (before < mass)) => p * (before < mass)
mass in the tokens' order: the probabilities were added up in the tokens' order; put them in the order of typicality first
~ p.gather(-1, order) => p
probabilities of the first row: the probabilities of the first row were taken for all rows; `gather` takes each row's own
~ p.gather(-1, order) => p[0][order]
order of the first row: all rows got the order of the first; each row has its own
~ (-log_p - entropy).abs().argsort(-1) => (-log_p - entropy).abs().argsort(-1)[:1].expand(p.shape)
most of any row: every row kept as many tokens as the row that needs the most; each row has its own number
~ (before < mass) => (torch.arange(p.shape[-1]) < (before < mass).sum(-1).max()).to(p)
share of the tokens: a share of the tokens was kept, `mass` times their number; it is the probability that counts
~ before = ordered.cumsum(-1) - ordered => before = (torch.arange(p.shape[-1]) / p.shape[-1]).to(p)
mass added over the batch: the probabilities were added up over the rows of the batch; add up over the tokens
~ ordered.cumsum(-1) - ordered => ordered.cumsum(0) - ordered
all alike: all tokens that are kept have the same probability; they keep theirs, divided by the sum
~ ordered * (before < mass) => (before < mass).to(p)
share of the entropy: `mass` was compared with shares of the entropy, -p log p; it is probability that is added up
- before = ordered.cumsum(-1) - ordered
+ weight = -ordered * ordered.log() / entropy
+     before = weight.cumsum(-1) - weight
distance against the mass: the distance from the entropy was compared with `mass`; tokens are kept until their probabilities have it together
~ ordered * (before < mass) => ordered * ((-log_p - entropy).abs().sort(-1).values <= mass)
softmax of probabilities: a softmax was taken of what is kept: these are probabilities already, divide them by their sum
~ kept / kept.sum(-1, keepdim=True) => torch.softmax(torch.where(kept > 0, kept, -torch.inf), -1)
softmax of probabilities and zeros: a softmax was taken of what is kept, zeros included: these are probabilities already, divide them by their sum
~ kept / kept.sum(-1, keepdim=True) => torch.softmax(kept, -1)
logits: logits came back, with minus infinity for the rest; probabilities are asked for, and 0 for the rest
~ kept / kept.sum(-1, keepdim=True) => torch.where(kept > 0, logits / temperature, -torch.inf)
logarithm of zero: the logarithm was taken of a p that is 0 in floating point, and 0 times minus infinity is NaN: log_softmax gives log p without taking p first
~     entropy = {{own.h}} =>     entropy = {{own.log}}
the token that crosses dropped, but one kept: the token that crosses `mass` was dropped, so that less than `mass` is kept (nothing, where the first one crosses)
-     before = ordered.cumsum(-1) - ordered
-     kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
+     within = ordered.cumsum(-1) <= mass
+     within[..., 0] = True
+     kept = torch.zeros_like(p).scatter(-1, order, ordered * within)
order without the temperature: the tokens were put in order without the temperature; their surprisals are those of p, which has it
-     entropy = {{own.h}}
-     order = (-log_p - entropy).abs().argsort(-1)
+     entropy = -(logits.softmax(-1) * logits.log_softmax(-1)).sum(-1)[:, None]
+     order = (-logits.log_softmax(-1) - entropy).abs().argsort(-1)
"""

# %% [markdown]
# ## Task 4: a generator that cannot break a bracket (5 points)
#
# *Extra, about 25 minutes.*
#
# A model learns that brackets close, mostly. A generator can be built that *cannot* get it wrong, whatever the model says: at each step the tokens that would break the text get a probability of zero before anything is drawn. `pairs` lists the brackets as (opening, closing) ids; all other ids are plain. The text has to have exactly `len(numbers)`
# tokens, and after the last of them every bracket must be closed. So, with `left` tokens to write (this one included) and `depth` brackets open:
#
# | token | may come if |
# | --- | --- |
# | plain | enough tokens follow it to close what is open |
# | opening | {{emb.text}} |
# | closing | it closes the bracket that was opened last |
#
# Write the loop. `step(token, state)` reads a token and gives logits (K,) and the new state (K tokens, and `None` for the first state). Turn the logits of what may come into probabilities, let the given `draw_at` choose with the next of the `numbers`, and keep account with the given `after`. Return the drawn ids, a list of int.
#
# <details><summary>Hint 1</summary>
#
# `open_ones` is a list of the closing ids that are owed; the last of the list must come first. Before the last token `left` is 1: what does that leave?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `rest = left - 1` tokens follow. So: plain if depth ≤ rest, opening if {{emb.room}}, closing if `open_ones[-1:] == [closing]`, which is False where nothing is open. Begin with all tokens as if plain, and then overwrite the brackets'.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `may = torch.full_like(logits, depth <= rest, dtype=torch.bool)`, the brackets in a loop, `p = torch.softmax(torch.where(may, logits, -torch.inf), -1)`. In the next round the drawn token is what is read.
# </details>


# %% solution="balanced_text"
def balanced_text(step, token, numbers, pairs):
    """Ids that a model draws, one per number, with every bracket closed."""
    state, open_ones, written = None, [], []
    ### BEGIN SOLUTION
    for rest in reversed(range(len(numbers))):
        logits, state = step(token, state)
        depth = len(open_ones)
        may = torch.full_like(logits, depth <= rest, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = {{emb.may}}
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, numbers[len(written)])
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    ### END SOLUTION
    return written


# %% [markdown]
# Try it: a model that knows nothing at all, and still closes its brackets.

# %%
letters = " ab()[]{}"
brackets = [(3, 4), (5, 6), (7, 8)]
rng = np.random.default_rng(0)
no_idea = stepper(
    lambda ids, state: (torch.zeros((1, 1, 9), device=device), state),
    device,
)
for _ in range(4):
    ids = balanced_text(no_idea, 0, rng.uniform(size=30), brackets)
    print("|" + "".join(letters[k] for k in ids) + "|")

# %% test="balanced_text" points=5 explained="ch10_generation: From logits to a choice"
import numpy as np

from rnncore.rnn import init_params
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=3, sizes=1, arguments=1)

move = mover(device)


def wrote(E, bias, cell, token, numbers, pairs):
    """What the learner's loop writes with the model of these weights."""
    step = stepper(tied_model(E, bias, cell), E.device)
    return balanced_text(step, token, numbers, pairs)


def writer(rng, K, D, length, kinds):
    """A model, numbers to draw with, and brackets anywhere among K ids."""
    order = [int(k) for k in rng.permutation(K)]
    pairs = [(order[2 * k], order[2 * k + 1]) for k in range(kinds)]
    return dict(
        E=rng.normal(size=(K, D)),
        bias=rng.normal(size=K),
        cell=init_params(rng, D, D, 3),
        token=order[-1],  # never a bracket
        numbers=rng.uniform(size=length).tolist(),
        pairs=pairs,
    )


def broken(ids, pairs):
    """Where a text breaks a bracket; None where it does not."""
    owed = []
    for k, token in enumerate(ids):
        if token in dict(pairs):
            owed.append(dict(pairs)[token])
        elif token in dict(pairs).values() and (
            not owed or owed.pop() != token
        ):
            return k
    return len(ids) if owed else None


rng = np.random.default_rng(4)
visible = [
    move(writer(rng, K, 3, length, kinds))
    for K, length, kinds in [(7, 12, 2), (6, 9, 2), (9, 16, 3)]
]
rng = {{emb.r}}  # its last bracket opens just in time
visible.append(move(writer(rng, 7, 3, 12, 2)))
check(wrote, stored("balanced_text"), visible, outputs="ids", by=properties)
for _ in range(20):
    args = move(writer(rng, 7, 2, 11, 3))
    # each second token is the first that has any chance
    args["numbers"] = [n * (k % 2) for k, n in enumerate(args["numbers"])]
    at = broken(wrote(**args), args["pairs"])
    assert at is None, f"a bracket is broken at token {at}"
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng


def right(E, bias, cell, token, numbers, pairs):
    read = reference_tied_model(E, bias, cell)
    step = reference_stepper(read, E.device)
    return reference_balanced_text(step, token, numbers, pairs)


rng = hidden_rng()
hidden = [
    move(writer(rng, K, D, length, kinds))
    for K, D, length, kinds in [
        (3, 1, 1, 1),
        (3, 2, 2, 1),
        (5, 2, 0, 2),
        *[(7, 3, 9, 3)] * 20,
        *[(12, 2, 40, 4)] * 10,
    ]
]
check(wrote, right, hidden, outputs="ids", by=properties)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="balanced_text"
r"""
brackets counted, not matched: any closing bracket was let in while one is open; it must be that of the bracket opened last, else `( ]` passes
~ open_ones[-1:] == [closing] => depth > 0
any bracket that is open: a bracket was closed that is open, but not the one opened last: ( [ ) ]
~ open_ones[-1:] == [closing] => closing in open_ones
first opened, first closed: the bracket opened first was to close first; the last one is due
~ open_ones[-1:] == [closing] => open_ones[:1] == [closing]
opened too late: a bracket was opened although too few tokens are left to close it and the others
~ may[opening] = {{emb.may}} => may[opening] = {{emb.late}}
left open at the end: plain tokens were let in to the end: brackets stay open, because nothing was left to close them with
~ depth <= rest, dtype=torch.bool) => True, dtype=torch.bool)
one token too careful: plain tokens were shut out one token too early
~ depth <= rest, dtype=torch.bool) => depth < max(rest, 1), dtype=torch.bool)
zero for minus infinity: the logits of what may not come were set to 0, which is a logit like any other and leaves them a chance: use minus infinity before the softmax
~ torch.where(may, logits, -torch.inf) => torch.where(may, logits, 0.0)
the wrong ones kept [hidden]: what may come was shut out, and the rest kept
~ torch.where(may, logits, -torch.inf) => torch.where(may, -torch.inf, logits)
the same token read at each step: the first token was read at every step: what is drawn is what the model reads next
-         token = draw_at(p, numbers[len(written)])
-         open_ones = after(open_ones, token, pairs)
-         written.append(token)
+         drawn = draw_at(p, numbers[len(written)])
+         open_ones = after(open_ones, drawn, pairs)
+         written.append(drawn)
state forgotten: the state was not carried from token to token
~ logits, state = step(token, state) => logits, _ = step(token, state)
itself among those that follow: the token to be written was counted among those that follow it: of `left` tokens, this one included, left - 1 follow
~ for rest in reversed(range(len(numbers))): => for rest in range(len(numbers), 0, -1):
opened at any time: brackets were opened whether or not there is room to close them
~ may[opening] = {{emb.may}} => may[opening] = {{emb.any}}
account thrown away: what `after` returns was thrown away: it makes a new list, and does not change yours
~ open_ones = after(open_ones, token, pairs) => after(open_ones, token, pairs)
numbers taken out [arguments]: each number was taken out of `numbers`, which is the caller's list, and is empty afterwards
~ draw_at(p, numbers[len(written)]) => draw_at(p, numbers.pop(0))
the likeliest instead of a draw: the likeliest token was taken; `draw_at` is to choose, with the next number
~ draw_at(p, numbers[len(written)]) => int(p.argmax())
plain ones too careful to the last: plain tokens were shut out one token too early
~ depth <= rest, dtype=torch.bool) => depth < rest, dtype=torch.bool)
opening too careful: a bracket was not opened although there was just room for it: it may come where depth + 1 tokens follow
~ may[opening] = {{emb.may}} => may[opening] = {{emb.careful}}
one too few follow: too few tokens were taken to follow: of `left` tokens, this one included, left - 1 follow
~ for rest in reversed(range(len(numbers))): => for rest in range(len(numbers) - 2, -2, -1):
opened in the first half: brackets were opened in the first half of the text only; they may as long as enough tokens follow
~ may[opening] = {{emb.may}} => may[opening] = {{emb.half}}
closed at any time: a closing bracket was let in although nothing is open
~ open_ones[-1:] == [closing] => True
closed only when it must: a bracket was closed only when no token was left for anything else; it may be closed at any time
~ open_ones[-1:] == [closing] => open_ones[-1:] == [closing] and depth > rest
closing treated as plain: a bracket that must be closed now was shut out: closing needs no room after it
~ open_ones[-1:] == [closing] => open_ones[-1:] == [closing] and depth <= rest
nothing shut out: nothing was shut out: all tokens may come at any time
~ torch.where(may, logits, -torch.inf) => logits
a small number for minus infinity: the logits of what may not come were set to a number, and have a probability still: use minus infinity before the softmax
~ torch.where(may, logits, -torch.inf) => torch.where(may, logits, -1.0)
no softmax: logits were handed to `draw_at`, which needs probabilities
~ torch.softmax(torch.where(may, logits, -torch.inf), -1) => torch.where(may, logits, 0.0)
logarithms drawn: log probabilities were handed to `draw_at`, which needs probabilities
~ torch.softmax(torch.where(may, logits, -torch.inf), -1) => torch.log_softmax(torch.where(may, logits, -torch.inf), -1)
one number for all: the first of the numbers chose every token; each token has its own
~ numbers[len(written)] => numbers[0]
numbers from the end: the numbers were used from the last to the first
~ numbers[len(written)] => numbers[rest]
one minus the number: one minus the number chose the token: hand `draw_at` the number itself
~ numbers[len(written)] => 1 - numbers[len(written)]
the first token written: the token that was given is written, and the last that was drawn is not: only what is drawn is written
-         token = draw_at(p, numbers[len(written)])
-         open_ones = after(open_ones, token, pairs)
-         written.append(token)
+         written.append(token)
+         token = draw_at(p, numbers[len(written) - 1])
+         open_ones = after(open_ones, token, pairs)
account of the token before: the brackets were accounted for before the draw, with the token before: hand `after` the token that was drawn
-         token = draw_at(p, numbers[len(written)])
-         open_ones = after(open_ones, token, pairs)
+         open_ones = after(open_ones, token, pairs)
+         token = draw_at(p, numbers[len(written)])
one kind of bracket: only the last pair of brackets was let in or shut out; does the loop over the pairs begin the mask again?
~ for opening, closing in pairs: => for opening, closing in pairs[-1:]:
pairs the wrong way round: opening and closing ids were exchanged: a pair is (opening, closing)
~ for opening, closing in pairs: => for closing, opening in pairs:
depth of the kinds: the kinds of open brackets were counted, not the brackets
~ depth = len(open_ones) => depth = len(set(open_ones))
openings owed: the list of open brackets holds opening ids; it is the closing ones that are owed, see `after`
- open_ones = after(open_ones, token, pairs)
+ if token in dict(pairs):
+             open_ones = [*open_ones, token]
+         elif token in dict(pairs).values():
+             open_ones = open_ones[:-1]
owed in front: the bracket opened last stands first in the list of what is owed, and the mask looks at the last
-         open_ones = after(open_ones, token, pairs)
+         if token in dict(pairs):
+             open_ones = [dict(pairs)[token], *open_ones]
+         elif token in dict(pairs).values():
+             open_ones.remove(token)
free until it must close: the tokens were drawn freely until the open brackets took all that was left: what may not come is shut out at every step
-         p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
-         token = draw_at(p, numbers[len(written)])
+         p = torch.softmax(logits, -1)
+         token = draw_at(p, numbers[len(written)])
+         token = open_ones[-1] if depth > rest else token
likeliest where the draw fails: where the draw fell on a token that may not come, the likeliest that may was taken; shut out first, then draw
-         p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
-         token = draw_at(p, numbers[len(written)])
+         p = torch.where(may, logits, -torch.inf)
+         token = draw_at(torch.softmax(logits, -1), numbers[len(written)])
+         token = token if may[token] else int(p.argmax())
never counted down: the number of tokens that follow stayed the same at every step: it falls by one with each token, so that no bracket is left open
~ for rest in reversed(range(len(numbers))): => for rest in [len(numbers) - 1] * len(numbers):
closed on nothing: a closing bracket was let in where none is open
~ open_ones[-1:] == [closing] => open_ones[-1:] in ([], [closing])
first token kept: the token that was read first is part of the text; only drawn ones are
~         written.append(token) =>         written.extend([token] if written else [0, token])
opens only outside: a bracket was let in only where none is open; brackets may stand inside each other
~             may[opening] = {{emb.may}} =>             may[opening] = depth == 0 and 1 <= rest
plain with too few to follow: a plain token was let in although one token too few follows it to close what is open
~ depth <= rest, dtype=torch.bool) => depth <= rest + 1, dtype=torch.bool)
"""

# %% [markdown]
# ## Task 5, closed book: `beam_search` (5 points)
#
# *Core, about 25 minutes.*
#
# Close the chapter. Rebuild beam search under its own name: from one beginning, keep the `width` likeliest continuations at each of `length` steps. What is kept is a `Hypothesis(log_p, tokens, after, state)`: the sum of its tokens' log probabilities, the tuple of its tokens (int), the log probabilities (K,) of the next token, and a
# state of its own. `advance(state, token)` reads a token and gives the next `after` and `state`. Return the list of those kept at the end, the likeliest first. `width` may be larger than K: then each hypothesis has K continuations, and fewer than `width` may be kept at first.
#
# <details><summary>Hint 1</summary>
#
# At each step there are up to (hypotheses kept) · K candidates, of which `width` stay. Rank them by what? Not by the last token alone.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A candidate is (log_p, hypothesis, token), with log_p = that of the hypothesis plus `after[token]`. Sort by log_p, the largest first: `key=lambda c: -c[0]`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Call `advance` only for the ones that stay, with the state of the hypothesis that each came from: `Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))`.
# </details>


# %% solution="beam_search" closed_book=true
def beam_search(advance, after, state, width, length):
    """The likeliest continuations found when `width` are kept at each step.

    Shapes: after (K,) -> [Hypothesis, ...]
    """
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    ### BEGIN SOLUTION
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda candidate: -candidate[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    ### END SOLUTION
    return kept


# %% [markdown]
# Try it: a state that is the last token, and a trap for the greedy. Token 0 is likelier at first, and leads to nothing likely.

# %%
follows = np.log([[0.34, 0.33, 0.33], [0.9, 0.05, 0.05], [0.3, 0.3, 0.4]])


def last_token(state, token):
    """A model that knows the last token only."""
    return follows[token], token


for width in (1, 3):
    first = beam_search(last_token, np.log([0.5, 0.4, 0.1]), -1, width, 2)[
        0
    ]
    print(width, first.tokens, f"p = {np.exp(first.log_p):.3f}")

# %% test="beam_search" points=5 explained="ch10_generation: The likeliest text"
import numpy as np

from rnncore.testing import Properties, assert_refuses, check, stored
from rnncore.text.sampling import beam_search as book_beam_search

properties = Properties(values=3, refusals=1, sizes=1)


def found_by(search):
    """Beam search through a small network; its state is an array."""

    def found(W, R, V, state, width, length):
        def advance(state, token):
            state = np.tanh(W[token] + R @ state)
            logits = V @ state
            return logits - np.log(np.exp(logits).sum()), state

        after, state = advance(state, 0)
        return search(advance, after, state, width, length)

    return found


def small_network(rng, K, H, width, length):
    return dict(
        W=2 * rng.normal(size=(K, H)),
        R=rng.normal(size=(H, H)),
        V=rng.normal(size=(K, H)),
        state=rng.normal(size=H),
        width=width,
        length=length,
    )


rng = np.random.default_rng(27)
visible = [
    small_network(rng, K, 3, width, length)
    for K, width, length in [(3, 4, 2), (4, 3, 5), (5, 2, 3)]
]
mine = found_by(beam_search)
check(mine, stored("beam_search"), visible, outputs="beam", by=properties)
every = small_network(rng, 3, 2, 27, 3)  # so wide that nothing is lost
beam = mine(**every)
kind = type(beam[0].tokens).__name__
assert kind == "tuple", f"tokens: expected a tuple, got a {kind}"
kind = type(beam[0].tokens[0]).__name__
assert kind == "int", f"tokens: expected int, got {kind}"
paths = {h.tokens for h in beam}
assert len(paths) == 27, (
    f"a beam of 27: expected 27 paths, got {len(paths)}"
)
with properties("refusals"):
    none = every | {"width": 0}
    assert_refuses(mine, none, "width must be at least 1")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    small_network(rng, K, H, width, length)
    for K, H, width, length in [
        (2, 1, 1, 1),
        (2, 2, 5, 3),
        (6, 3, 1, 5),
        *[(5, 4, 3, 6)] * 5,
        *[(9, 3, 4, 4)] * 5,
    ]
]
mine = found_by(beam_search)
check(
    mine, found_by(book_beam_search), hidden, outputs="beam", by=properties
)
with properties("refusals"):
    for width, length in ((0, 2), (2, 0)):
        args = small_network(rng, 3, 2, width, length)
        assert_refuses(mine, args, "width and length must be at least 1")
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="beam_search"
r"""
last token alone: candidates were ranked by their last token alone; what counts is the probability of the whole continuation
~ h.log_p + float(h.after[k]), h, k => float(h.after[k]), h, k
least likely kept: the least likely candidates were kept
~ -candidate[0] => candidate[0]
each beam for itself: each hypothesis kept its own best continuation; all candidates compete, and a weak hypothesis may lose its place to two of a strong one
~ longer[:width] => ([max((c for c in longer if c[1] is h), key=lambda c: c[0]) for h in kept] if len(kept) == width else longer[:width])
probabilities added: probabilities were added: their logarithms are
~ h.log_p + float(h.after[k]), h, k => h.log_p + float(np.exp(h.after[k])), h, k
the best one's state for all: every continuation went on from the state of the likeliest hypothesis; each has a state of its own
~ advance(h.state, k) => advance(kept[0].state, k)
tokens in reverse: the new token was put before the others
~ (*h.tokens, k) => (k, *h.tokens)
normalised by length: log_p was divided by the number of tokens; that is a convention for continuations of different lengths. Here it is the plain sum
~ h.log_p + float(h.after[k]), h, k => (h.log_p * len(h.tokens) + float(h.after[k])) / (len(h.tokens) + 1), h, k
one step short: the continuations are one token too short
~ range(length) => range(max(length - 1, 1))
the beginning's state for all: every continuation went on from the first state; each goes on from that of the hypothesis it came from
~ advance(h.state, k) => advance(state, k)
greedy: one continuation was kept at each step, which is the greedy choice; `width` of them stay
~ longer[:width] => longer[:1]
ranked by the last token: candidates were ranked by their last token alone; what counts is the probability of the whole continuation
~ key=lambda candidate: -candidate[0] => key=lambda candidate: -candidate[1].after[candidate[2]]
product of logarithms: log probabilities were multiplied; they are added
~ h.log_p + float(h.after[k]), h, k => (h.log_p or 1.0) * float(h.after[k]), h, k
negative log probabilities: log_p is the negative log probability; it is the logarithm itself, so never above 0
-             (h.log_p + float(h.after[k]), h, k)
-             for h in kept
-             for k in range(len(h.after))
-         ]
-         longer.sort(key=lambda candidate: -candidate[0])
+             (h.log_p - float(h.after[k]), h, k)
+             for h in kept
+             for k in range(len(h.after))
+         ]
+         longer.sort(key=lambda candidate: candidate[0])
probabilities at the end: log_p is a probability: it is the logarithm
~ return kept => return [h._replace(log_p=float(np.exp(h.log_p))) for h in kept]
probabilities in after: after holds probabilities: it holds their logarithms, as `advance` gives them
~ *advance(h.state, k)) => np.exp(advance(h.state, k)[0]), advance(h.state, k)[1])
rising: the right continuations were kept, the least likely first: the likeliest comes first
-         longer.sort(key=lambda candidate: -candidate[0])
-         kept = [
-             Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
-             for log_p, h, k in longer[:width]
+         longer.sort(key=lambda candidate: candidate[0])
+         kept = [
+             Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
+             for log_p, h, k in longer[-width:]
not sorted: the candidates were not sorted: the first ones were kept, whatever their probability
-         longer.sort(key=lambda candidate: -candidate[0])
-
+
cut before the sort: the candidates were cut to `width` before they were sorted
~         longer.sort(key=lambda candidate: -candidate[0]) =>         longer = sorted(longer[:width], key=lambda c: -c[0])
order of the candidates: the right continuations were kept, in the order of the hypotheses they came from: the likeliest comes first
-         kept = [
-             Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
-             for log_p, h, k in longer[:width]
+         places = {id(h): n for n, h in enumerate(kept)}
+         longer = longer[:width]
+         longer.sort(key=lambda c: (places[id(c[1])], c[2]))
+         kept = [
+             Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
+             for log_p, h, k in longer
one step more: the continuations are one token too long
~ range(length) => range(length + 1)
the beginning's distribution: every token was judged by the log probabilities of the beginning; each hypothesis has its own `after`
~ float(h.after[k]), h, k => float(after[k]), h, k
the best one's distribution: every token was judged by the log probabilities after the likeliest hypothesis; each hypothesis has its own `after`
~ float(h.after[k]), h, k => float(kept[0].after[k]), h, k
after of the parent: a continuation kept the log probabilities of the hypothesis that it came from; `advance` gives the new ones
~ *advance(h.state, k)) => h.after, advance(h.state, k)[1])
state of the parent: a continuation kept the state of the hypothesis that it came from; `advance` gives the new one
~ *advance(h.state, k)) => advance(h.state, k)[0], h.state)
only the best comes back: only the likeliest continuation came back; the list of all that are kept does
~ return kept => return kept[0]
greedy from each first token: each of the `width` likeliest first tokens was continued greedily; at every step all candidates compete
-             for k in range(len(h.after))
+             for k in range(len(h.after))
+             if not h.tokens or k == np.argmax(h.after)
cut at the end only: nothing was cut before the end, so that what came back was not what a beam keeps; `width` stay at each step
-             for log_p, h, k in longer[:width]
-         ]
-     ### END SOLUTION
-     return kept
+             for log_p, h, k in longer
+         ]
+     ### END SOLUTION
+     return sorted(kept, key=lambda h: -h.log_p)[:width]
each one's least likely: of each hypothesis the least likely continuations were tried; argsort puts the smallest first
~ range(len(h.after)) => np.argsort(h.after)[:width].tolist()
token 0 left out: token 0 was never tried; it is a token like any other
~ range(len(h.after)) => range(1, len(h.after))
one for each last token: of the continuations that end with the same token only one was kept; they are different texts
- longer.sort(key=lambda candidate: -candidate[0])
+ longer.sort(key=lambda candidate: -candidate[0])
+         longer = list({c[2]: c for c in reversed(longer)}.values())
+         longer.sort(key=lambda candidate: -candidate[0])
stopped at token 0: what ends with token 0 was not continued; here no token ends a text
-             for k
+             if h.tokens[-1:] != (0,)
+             for k
flat index taken apart wrongly: the flat number of a candidate was taken apart with the number of hypotheses: with K columns per row, the hypothesis is the number divided by K, and the token the remainder
-         longer.sort(key=lambda candidate: -candidate[0])
+         n = len(kept)
+         longer = [
+             (log_p, kept[i % n], i // n)
+             for i, (log_p, _, _) in enumerate(longer)
+         ]
+         longer.sort(key=lambda candidate: -candidate[0])
the best candidate's state for all: every continuation went on from the state of the likeliest candidate; each goes on from that of the hypothesis it came from
~ advance(h.state, k) => advance(longer[0][1].state, k)
log p divided at each step: log_p was divided by the number of tokens at each step; it is the plain sum
~ Hypothesis(log_p, (*h.tokens, k) => Hypothesis(log_p / (len(h.tokens) + 1), (*h.tokens, k)
width for each hypothesis: the best `width` of each hypothesis were kept; the best of all together are
-         longer.sort(key=lambda candidate: -candidate[0])
+         K = len(longer) // len(kept)
+         longer = [c for n in range(len(kept)) for c in sorted(longer[n * K : (n + 1) * K], key=lambda c: -c[0])[:width]]
+         width, longer = len(longer), sorted(longer, key=lambda c: -c[0])
one hypothesis more: the beam is one wider than asked
~             for log_p, h, k in longer[:width] =>             for log_p, h, k in longer[: width + 1]
one hypothesis less: the beam is one narrower than asked
~             for log_p, h, k in longer[:width] =>             for log_p, h, k in longer[: max(1, width - 1)]
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# `nucleus(p, mass)` of the chapter takes probabilities `p` (B, K), a row for each text, and keeps in each row the fewest tokens that together have at least `mass`, the one that crosses it included; what is kept is divided by its sum. Seven boxes are one small edit away from it, and none raises an error.
#
# Write `nucleus_probes()`: a list of `(p, mass)`, with p a float64 NumPy array whose rows sum to 1. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# Boxes that mix up the rows of a batch need a batch. The box that sorts all rows alike needs rows whose orders differ.
# </details>
#
# <details><summary>Hint 2</summary>
#
# What is the difference between "less than mass" and "at most mass"? Choose numbers whose sum meets the mass exactly (in binary: 0.5, 0.25, 0.125).
# </details>
#
# <details><summary>Hint 3</summary>
#
# Two rows; the mass 0.5; in one row a token of exactly 0.5 that is not the first, in the other the likeliest has less than 0.5.
# </details>


# %% solution="nucleus_probes"
def nucleus_probes():
    """A list of (p, mass).

    Shapes: p (B, K)
    """
    ### BEGIN SOLUTION
    p = np.array([[0.25, 0.5, 0.125, 0.125], [0.1, 0.2, 0.3, 0.4]])
    return [(p, 0.5)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("nucleus_probes")
p = np.array([[0.6, 0.3, 0.1]])
for name, box in boxes.items():
    same = np.allclose(box(p, 0.7), nucleus(p, 0.7))
    print(name, "looks right" if same else "differs")

# %% test="nucleus_probes" points=4 explained="ch10_generation: From logits to a choice"
from rnncore.testing import black_boxes, hunt
from rnncore.text.sampling import nucleus

hunt(
    nucleus,
    black_boxes("nucleus_probes"),
    nucleus_probes(),
    few=1,
    points=4,
)

# %% mutants="nucleus_probes" of="rnncore.text.sampling.nucleus"
r"""
the token that crosses dropped: less than the mass is kept; nothing at all where the first token crosses it
~ before < mass => before + falling <= mass
at most for less than: where the sum meets the mass exactly, a token too many is kept
~ before < mass => before <= mass
the unlikely ones: the tail was kept, and the likely tokens dropped
~ np.argsort(-p, => np.argsort(p,
one order for all rows: every row is sorted as the first one: unseen with one row
~ np.argsort(-p, => np.argsort(-p[:1] + 0 * p,
not renormalised: what is kept sums to less than one
~ return kept / kept.sum(axis=-1, keepdims=True) => return kept
renormalised over the batch: all rows are divided by the same sum: unseen with one row
~ return kept / kept.sum(axis=-1, keepdims=True) => return kept / kept.sum() * len(p)
a threshold for a mass: each token is judged by its own probability; a flat row loses all of them
~ before < mass => falling >= 1 - mass
"""

# %% [markdown]
# ## Experiment: what is open, and for how long
#
# *Extra, about 15 minutes.*
#
# A language of nested brackets, in which the letters depend on the innermost open one: mostly a inside ( ), b inside [ ], c inside { }. A tied GRU learns it with *your* gradient, and *your* perplexity measures it on held-out text, in windows of 1 to 256 tokens: with the state carried from window to
# window, and with a state that begins anew in each. The language was made with known probabilities, so its own perplexity is known too: no model can get below it for long. (Up to 30 seconds.)
#
# **Predict**, before you run anything: by which factor is the perplexity larger with a state that begins anew, in windows of 4 tokens, and in windows of 64? And in how many of 50 texts of 40 tokens, drawn freely from the model at a temperature of 1, does a closing bracket come that fits nothing? Nothing is graded here; your numbers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "factor, windows of 4": None,
    "factor, windows of 64": None,
    "wrong bracket, of 50 texts": None,
}


# %% experiment seconds=30
from ipywidgets import FloatSlider, interact

letters = " abc()[]{}"
brackets = [(4, 5), (6, 7), (8, 9)]


def nested(rng, length, deepest=3):
    """A text of the language, and the probability of each of its tokens."""
    owed, ids, p_of = [], [0], [1.0]
    while len(ids) < length:
        p = np.full(10, 0.02)
        p[(owed[-1] - 3) // 2 if owed else 0] = 0.6
        p[[4, 6, 8]] = 0.08 * (len(owed) < deepest)
        p[[5, 7, 9]] = 0.0
        if owed:
            p[owed[-1]] = 0.24
        sums = np.cumsum(p)
        ids.append(int((sums <= rng.uniform() * sums[-1]).sum()))
        p_of.append(p[ids[-1]] / sums[-1])
        owed = after(owed, ids[-1], brackets)
    return np.array(ids), np.array(p_of)


def some_texts(seed, B, length):
    """Texts side by side, and the perplexity of the language itself."""
    rng = np.random.default_rng(seed)
    both = [nested(rng, length) for _ in range(B)]
    ids, p_of = (np.stack(part, 1) for part in zip(*both, strict=True))
    return move(ids), float(np.exp(-np.log(p_of[1:]).mean()))


def train(seed, B=32, T=64, D=32, steps=300):
    """A tied GRU, trained with your `tied_loss` from texts of T + 1."""
    rng = np.random.default_rng(seed)
    pool, _ = some_texts(seed, 20 * B, T + 1)
    cell = move(init_params(rng, D, D, 3), "float32")
    E = move(rng.normal(size=(10, D)) / D**0.5, "float32")

    def loss_and_gradient(params, batch, carry):
        middle = Middle(params["cell"], zero_state(params["cell"], B))
        loss, d_E, d_bias = tied_loss(
            params["E"], params["bias"], batch, middle
        )
        grads = {"E": d_E, "bias": d_bias, "cell": middle.d_cell}
        return loss, grads, carry

    def next_batch(rng, step):
        if step % 50 == 0:
            print(f"step {step} of {steps}")
        return pool[:, move(rng.choice(pool.shape[1], B, replace=False))]

    trained = fit(
        loss_and_gradient,
        {"E": E, "bias": 0 * E[:, 0], "cell": cell},
        next_batch,
        optimizer=adam(0.01),
        schedule=Schedule(steps, clip=1.0),
        rng=rng,
    )
    return tied_model(**trained.params)


read = train(0)
held_out, own = some_texts(99, 16, 257)
windows = [int(n) for n in 2 ** np.arange(9)]
begun, carried = (
    [carried_perplexity(model, [held_out], n) for n in windows]
    for model in (lambda ids, state: read(ids), read)
)
plot_lines(
    {"anew": begun, "carried": carried, "the language's own": [own] * 9},
    "log2 of the window",
    "perplexity",
    "",
    np.arange(9.0),
)
print("You predicted", my_prediction)
print("factors:", (np.array(begun) / carried).round(2)[[2, 6]])


def freely(step, token, numbers):
    """Ids that the model draws, with nobody in its way."""
    state, written = None, []
    for number in numbers:
        logits, state = step(token, state)
        token = draw_at(torch.softmax(logits, -1), number)
        written.append(token)
    return written


def faults(ids):
    """Whether a closing bracket fits nothing; whether some stay open."""
    owed, wrong = [], False
    for token in ids:
        wrong |= token in (5, 7, 9) and owed[-1:] != [token]
        owed = after(owed, token, brackets)
    return np.array([wrong, bool(owed)])


def show(temperature=1.0):
    def cooler(ids, state):
        logits, state = read(ids, state)
        return logits / temperature, state

    rng, step = np.random.default_rng(0), stepper(cooler, device)
    numbers = rng.uniform(size=(50, 40))
    free = [freely(step, 0, row) for row in numbers]
    guarded = [balanced_text(step, 0, row, brackets) for row in numbers]
    for name, texts in {"freely": free, "guarded": guarded}.items():
        wrong, opened = sum(map(faults, texts))
        print(f"{name}: {wrong} of 50 with a wrong bracket, {opened} open")
        for ids in texts[:4]:
            print("   |" + "".join(letters[k] for k in ids) + "|")


temperature = FloatSlider(value=1.0, min=0.3, max=2.0, step=0.1)
shown = interact(show, temperature=temperature)

# %% [markdown]
# The curve of the carried state is flat: how long the windows are is a matter of memory, not of the model. The other one is a different quantity, the perplexity of a model that forgets. Why does it come down to the first, and why so slowly? Now look at the texts, and move the temperature. Low temperatures break fewer brackets, and pay with text that says nothing. The guard breaks none at any
# temperature. Is what it writes the same as drawing freely, many times, and keeping only the texts without a fault? (Think of a text near its end with two brackets open: who has paid for getting into that corner?) Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# Two colleagues evaluate the same weights on the same held-out book, word by word. One reports a perplexity of 71, the other 54. The first cut the book into windows of 16 words, shuffled them, began each batch at a state of zero, and averaged exp(loss) over the batches. The second read the book in order with the state carried, and took exp of the total surprisal over the number of words. A third says: "I get 49, with the weights
# trained a little on each window after it had been scored." In four to six sentences: name the two reasons why the first number is larger, and say for each whether it must be so or only tends to be; say which number you would print beside a 5-gram's; and is the third number cheating?

# %% [markdown] answer="three_numbers" points=2 explained="ch10_language: One number, and three that look like it"
# First, exp is convex, so with as many words in each batch the mean of exp(loss) over batches is at least exp of the mean loss: it can only be larger (or equal, if all batches have the same loss; a short last batch with an easy text can turn it round), and it depends on the size of the batches, while the perplexity of a text must not. Second, with a state of zero the first words of each window are predicted without what stands before them; that tends to cost, since the model has less to go by, but
# it is not a law: a model that uses its state badly, far from what it was trained on, may even gain by a reset. Beside a 5-gram I would print 54: it too predicts each word from all that it can use of the past, and divides by words. The third number, dynamic evaluation, is no cheating as long as each word is scored before it is trained on, since nothing of the future is used; but it is another task, a model that
# may learn while it reads, and it has to be told, and compared with an n-gram that may count while it reads, too.
#
# Rubric: 1 point for both reasons, with convexity as what must be so and the lost context as what tends to be; 1 point for 54 beside the 5-gram **and** for the third number being fair if scoring comes before training (or if it is compared with a model that may adapt, too). No point is lost for not naming dynamic evaluation.
