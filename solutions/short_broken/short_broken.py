# %% [markdown] kind="short"
# # What breaks networks that run
#
# *The core takes about 80 minutes, 20 points. Read “What breaks a network that runs” in the short course first, or chapters 3, 8 and 9 of the long book.*
#
# Six pieces of torch code that run, or nearly, and are wrong. Each is one that people write again and again; each comes with its symptom, as one meets it. You write the cure, one to six lines. All of it is torch's own; `rnncore.nn` has the same layers under the same names.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | T, B, D, H | | steps, sequences side by side, numbers a step, units |
# | `x` | (T, B, D) | the input, time first |
# | `y` | (T, B, H), from both ends (T, B, 2 H) | the outputs of the layer |
# | `state` | a pair of (1, B, H) | h and c, as torch.nn.LSTM takes and gives them |
# | `lengths` | (B,) | sequence b has `lengths[b]` steps; what follows is padding |
# | `weights` | a tuple | the weights of an LSTM, in torch's order: four arrays, or eight if it reads from both ends |
#
# On your own network, a program looks for these faults, and more: `python -m rnncore diagnose train.py`; the long book's page *My network ...* goes by symptom.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 3: what does a detached state keep, and what does it lose?</summary>
#
# It keeps its value, so the outputs are the same. It loses its history: the gradient ends there.
# </details>
#
# <details><summary>Chapter 8: when may a network read from both ends?</summary>
#
# When the sequence is complete and what is asked is not in it: a label of the whole, or what comes after all of it.
# </details>

# %% parameters
share = (
    {
        "of": "the mean over all real steps",
        "it": "error.square().sum()",
        "half": "",
        "name": "The mean",
        "hand": "(1 + 1 + 16) / 3",
        "by": '"by hand: 6"',
        "odd": "0.5 * error.square().sum()",
        "odd_name": "half of it",
        "odd_says": "this is half the mean of the squares",
    },
    {
        "of": "half the mean over all real steps",
        "it": "0.5 * error.square().sum()",
        "half": "0.5 * ",
        "name": "Half the mean",
        "hand": "half of (1 + 1 + 16) / 3",
        "by": '"by hand: 3"',
        "odd": "error.square().sum()",
        "odd_name": "not halved",
        "odd_says": "this is the mean of the squares, not half of it",
    },
)
ends = (
    {
        "it": "left[:, :H], y[0, :, H:]",
        "odd": "y[0, :, H:], left[:, :H]",
        "own": "y[0, :, :H], left[:, H:]",
        "whole": "y[-1] + 0",
        "mean": "y.mean(0)",
        "first": "left",
        "order": "",
    },
    {
        "it": "y[0, :, H:], left[:, :H]",
        "odd": "left[:, :H], y[0, :, H:]",
        "own": "left[:, H:], y[0, :, :H]",
        "whole": "torch.cat([y[-1, :, H:], y[-1, :, :H]], 1)",
        "mean": "torch.cat([y.mean(0)[:, H:], y.mean(0)[:, :H]], 1)",
        "first": "right",
        "order": "; the reader from the right comes first",
    },
)
last = (
    {
        "it": "h",
        "read": "y, (h, _) = lstm(packed)",
        "trial": "y, h = read_packed(W, move(np.ones((4, 2, 1))), move(np.array([2, 3])))",
        "ask": "which two numbers are equal",
        "name": "the state",
        "index": "h[0]",
        "show": "h[:, 0].cpu().numpy().round(3)",
        "odd": "c",
        "odd_read": "y, (_, h) = lstm(packed)",
        "padded": "y, (h, _) = lstm(x)",
        "why": "so `y[lengths - 1]` is not needed",
    },
    {
        "it": "c",
        "read": "y, (_, c) = lstm(packed)",
        "trial": "y, c = read_packed(W, move(np.ones((4, 2, 1))), move(np.array([2, 3])))",
        "ask": "why is no number of c among those of y",
        "name": "the cell state",
        "index": "c[0]",
        "show": "c[:, 0].cpu().numpy().round(3)",
        "odd": "h",
        "odd_read": "y, (c, _) = lstm(packed)",
        "padded": "y, (_, c) = lstm(x)",
        "why": "while `y[lengths - 1]` is h",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. What you write keeps the dtype and device of its arguments, and changes none of them.

# %%
import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncore.testing import mover

device = "cpu"
move = mover(device)


def make_lstm(weights):
    """torch.nn.LSTM with these weights; of eight, from both ends."""
    D, H = weights[0].shape[1], weights[1].shape[1]
    lstm = nn.LSTM(D, H, bidirectional=len(weights) == 8).to(weights[0])
    with torch.no_grad():
        for p, w in zip(lstm.parameters(), weights, strict=True):
            p.copy_(w)
    return lstm


def draw_weights(rng, D, H, directions=1):
    """Weights of an LSTM, drawn."""
    shapes = [(4 * H, D), (4 * H, H), (4 * H,), (4 * H,)] * directions
    return tuple(rng.normal(size=shape) / np.sqrt(H) for shape in shapes)


# %% [markdown]
# ## Task 1: trying to backward through the graph a second time (3 points)
#
# *Core, about 10 minutes.*
#
# A long text is read in windows, several lanes side by side, and the state goes on from one window to the next:
#
# ```python
# state = None
# for x in windows:
#     y, state = lstm(x, state)
#     loss = y.square().mean()
#     loss.backward()
# ```
#
# **Symptom:** the second window ends with *Trying to backward through the graph a second time*. With `retain_graph=True` it runs, each window takes longer than the one before it, and memory fills up.
#
# The state leads back into the graph of a window that is over. And there is a second fault, which gives no message: a lane may begin a new text, and then its state belongs to another one. Write the line or two that make the state fit for the next window: its value, without its history; and zeros in each lane where `new` (B,) is True. Lanes that go on keep their state.
#
# <details><summary>Hint 1</summary>
#
# h and c both lead back; `s.detach()` has the value of s and no history. `state` is a tuple, so make a new tuple.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `~new` is True where a lane goes on. A state is (1, B, H), and `new` has shape (B,): `~new[:, None]`, (B, 1), fits it.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `state = tuple(s.detach() * ~new[:, None] for s in state)`.
# </details>


# %% solution="window_gradients"
def window_gradients(weights, windows, begins):
    """The loss of each window, and its gradient for the recurrent matrix.

    Shapes: weights as above; windows (N, T, B, D); begins (N, B)
        -> losses (N,); gradients (N, 4*H, H)
    """
    lstm, losses, gradients = make_lstm(weights), [], []
    zero = windows.new_zeros(1, windows.shape[2], lstm.hidden_size)
    state = zero, zero
    for x, new in zip(windows, begins, strict=True):
        ### BEGIN SOLUTION
        state = tuple(s.detach() * ~new[:, None] for s in state)
        ### END SOLUTION
        y, state = lstm(x, state)
        loss = y.square().mean()
        losses.append(loss.detach())
        gradients += torch.autograd.grad(loss, lstm.weight_hh_l0)
    return torch.stack(losses), torch.stack(gradients)


# %% [markdown]
# Try it: two windows of equal input in two lanes, of which the second begins a new text.

# %%
W = move(draw_weights(np.random.default_rng(0), 2, 3))
same = move(np.ones((2, 4, 2, 2)))
new_texts = move(np.array([[True, True], [False, True]]))
losses, gradients = window_gradients(W, same, new_texts)
print("losses:", losses.cpu().numpy().round(4))
print("size of the gradients:", gradients.norm(dim=(1, 2)).cpu().numpy())

# %% test="window_gradients" points=3 explained="ch03_truncated: Carried, detached, reset"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "losses, gradients"


def windows_of(rng, N, T, B, D, H, never=False):
    begins = rng.random((N, B)) < 0.4
    begins[0], begins[1:, 0] = True, False
    begins[-1, -1] = not never
    return dict(
        weights=draw_weights(rng, D, H),
        windows=rng.normal(size=(N, T, B, D)),
        begins=begins & (not never),
    )


rng = np.random.default_rng(1)
visible = [move(windows_of(rng, 4, 3, 4, 2, 3))]
visible.append(move(windows_of(rng, 3, 2, 3, 3, 2)))
right = stored("window_gradients")
check(window_gradients, right, visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(3, 4, 3, 3, 2), (2, 1, 2, 2, 4), (5, 2, 2, 1, 3), (3, 2, 2, 2, 2)]
hidden = hidden_inputs(windows_of, sizes, device)
hidden += hidden_inputs(windows_of, [(3, 3, 2, 2, 3, True)], device)
right = reference_window_gradients
check(window_gradients, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="window_gradients"
r"""
not detached: the state was not detached: it leads back into the graph of the window before, which is freed. `s.detach()` for h and for c
~ s.detach() * ~new[:, None] for s in state => s * ~new[:, None] for s in state
never reset: the state went on in a lane that begins a new text: it starts from the state of another one
~ s.detach() * ~new[:, None] for s in state => s.detach() for s in state
always reset: every window starts from zeros: that cuts the graph too, but the lanes that go on have forgotten what they read
~ s.detach() * ~new[:, None] for s in state => torch.zeros_like(s) for s in state
turned round: lanes that go on were reset, and those that begin a new text kept the old one's state: `~new`
~ ~new[:, None] => new[:, None]
all lanes with one: as soon as one lane began a new text, all were reset; each lane is a text of its own
~ ~new[:, None] => (~new).all()
h alone is reset: h was reset, and c, in which an LSTM keeps what it remembers, was not
-         state = tuple(s.detach() * ~new[:, None] for s in state)
+         h, c = state
+         state = h.detach() * ~new[:, None], c.detach()
c alone is reset: c was reset, and h, which the gates read, was not
-         state = tuple(s.detach() * ~new[:, None] for s in state)
+         h, c = state
+         state = h.detach(), c.detach() * ~new[:, None]
c taken for h: h and c have changed places
~ for s in state => for s in state[::-1]
h for both: h was handed on twice; an LSTM's state is h and c
~ for s in state => for s in (state[0], state[0])
"""

# %% [markdown]
# ## Task 2: a loss that counts what is not there (3 points)
#
# *Core, about 10 minutes.*
#
# A network predicts a number at each step of sequences of different lengths, which lie in one padded batch:
#
# ```python
# loss = {{share.half}}(y - targets).square().mean()
# ```
#
# **Symptom:** the loss of a batch changes with the longest sequence in it. Training looks good, since padding is easy, and the network gives small numbers on real steps. Where the padding holds NaN, as with missing values, the loss is NaN.
#
# Write `real_loss`: {{share.of}} of all sequences of (y - target)², where every *step* counts alike: a long sequence weighs more than a short one. What stands in the padding, of y or of the targets, may be anything, NaN too, and must reach neither the loss nor its gradient. A sequence may have no step; if none has any, the loss is 0.
#
# <details><summary>Hint 1</summary>
#
# `torch.arange(len(y), device=y.device)[:, None] < lengths` is True at real steps, (T, B).
# </details>
#
# <details><summary>Hint 2</summary>
#
# 0 times NaN is NaN, so multiplying by a mask does not help. Choose instead: `torch.where(mask, a, 0)`, or `a[mask]`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `{{share.half}}(y[mask] - targets[mask]).square().sum() / lengths.sum().clamp(min=1)`: choosing comes before the square, so the gradient of padding is 0 as well.
# </details>


# %% solution="real_loss"
def real_loss(y, targets, lengths):
    """{{share.name}} squared error over the real steps of a padded batch.

    Shapes: y (T, B); targets (T, B); lengths (B,) -> loss ()
    """
    ### BEGIN SOLUTION
    mask = torch.arange(len(y), device=y.device)[:, None] < lengths
    error = y[mask] - targets[mask]
    return {{share.it}} / lengths.sum().clamp(min=1)
    ### END SOLUTION


# %% [markdown]
# Try it: both real steps of the first sequence are off by 1, and the one of the second by 4. By hand: {{share.hand}}.

# %%
guesses = move(np.array([[1.0, 4.0], [1.0, np.nan], [7.0, 0.0]]))
print(real_loss(guesses, 0 * guesses, move(np.array([2, 1]))), {{share.by}})

# %% test="real_loss" points=3 explained="ch08_deeper: Three words, one batch"
import numpy as np
import torch

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=1, gradients=1, dtype=1)

move = mover(device)
OUTPUTS = "loss, d_y"


def with_gradient(y, targets, lengths):
    """The loss, and what it sends back to y."""
    leaf = y.clone().requires_grad_()
    loss = real_loss(leaf, targets, lengths)
    (d_y,) = torch.autograd.grad(loss, leaf)
    return loss.detach(), d_y


def padded(rng, T, B, missing=False, empty=False):
    lengths = rng.integers(1, T + 1, B)
    lengths[0], lengths[-1] = T, (0 if empty else 1)
    y, targets = rng.normal(size=(2, T, B)) + 0.5
    if missing:
        targets[np.arange(T)[:, None] >= lengths] = np.nan
    return dict(y=y, targets=targets, lengths=lengths)


rng = np.random.default_rng(2)
visible = [move(padded(rng, 5, 3)), move(padded(rng, 4, 6))]
visible.append(move(padded(rng, 6, 4, missing=True)))
nothing = {**padded(rng, 3, 2), "lengths": np.array([0, 0])}
visible.append(move(nothing))  # no sequence has a step
right = stored("real_loss")
check(with_gradient, right, visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng


def right_with_gradient(y, targets, lengths):
    leaf = y.clone().requires_grad_()
    loss = reference_real_loss(leaf, targets, lengths)
    (d_y,) = torch.autograd.grad(loss, leaf)
    return loss.detach(), d_y


rng = hidden_rng()
sizes = [(3, 4), (7, 2, True), (5, 5, True, True), (2, 3, False, True)]
hidden = hidden_inputs(padded, sizes, device, rng=rng)
nothing = {**padded(rng, 2, 3), "lengths": np.array([0, 0, 0])}
hidden.append(move(nothing))
check(
    with_gradient,
    right_with_gradient,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="real_loss"
r"""
padding counts: the mean ran over the padding as well: then short sequences have a small loss, and it changes with the longest neighbour
-     mask = torch.arange(len(y), device=y.device)[:, None] < lengths
-     error = y[mask] - targets[mask]
-     return {{share.it}} / lengths.sum().clamp(min=1)
+     return {{share.half}}(y - targets).square().mean()
divided by all places: the sum is right, but it was divided by all places of the block, the padding included: divide by the number of real steps
~ / lengths.sum().clamp(min=1) => / y.numel()
mean of means: the mean of each sequence was taken first, and then the mean of these: a step of a short sequence then weighs more; every step counts alike
-     error = y[mask] - targets[mask]
-     return {{share.it}} / lengths.sum().clamp(min=1)
+     error = torch.where(mask, y - torch.where(mask, targets, 0 * y), 0 * y)
+     return {{share.half}}(error.square().sum(0) / lengths.clamp(min=1)).mean()
sum, not mean: the squares were added up; divide by the number of real steps
~ {{share.it}} / lengths.sum().clamp(min=1) => {{share.it}}
times the mask: multiplied by a mask: 0 times NaN is NaN, so missing values still reach the loss; choose, before the square
~     error = y[mask] - targets[mask] =>     error = (y - targets) * mask
chosen after the square [gradients]: the loss is right, but its gradient is not: NaN was squared first and put away later, and its gradient is NaN times 0; choose before you compute
-     error = y[mask] - targets[mask]
-     return {{share.it}} / lengths.sum().clamp(min=1)
+     squares = torch.where(mask, (y - targets) * (y - targets), 0 * y)
+     return {{share.half}}squares.sum() / lengths.sum().clamp(min=1)
one step too many: the first step of the padding counts as a real one: `<`, as steps begin at 0
~ [:, None] < lengths => [:, None] <= lengths
one step too few: the last real step is left out: steps begin at 0, so the last one is lengths - 1
~ [:, None] < lengths => [:, None] < lengths - 1
mask turned round: this is the loss of the padding
~ [:, None] < lengths => [:, None] >= lengths
absolute errors: the absolute values were added up; it is the squares
~ error.square().sum() => error.abs().sum()
{{share.odd_name}}: {{share.odd_says}}
~ {{share.it}} / => {{share.odd}} /
divided by no step: a batch without any real step makes 0 / 0: its loss is 0
~ lengths.sum().clamp(min=1) => lengths.sum()
"""

# %% [markdown]
# ## Task 3: the last state that is none (3 points)
#
# *Core, about 10 minutes.*
#
# A layer that reads from both ends is to give one vector for each sequence of a padded batch. It was given the lengths (packed, as in Task 5), so y is right at every real step:
#
# ```python
# summary = y[-1]  # (B, 2 H): the last outputs
# ```
#
# **Symptom:** good on the longest sequences, and poor on all others; and even on the longest, half of the vector knows nothing but one step.
#
# The first H numbers of y belong to the reader from the left, which has read all of sequence b at its last *real* step. The other H belong to the reader from the right. At which step has that one read all? Write `summary` (B, 2 H): of each reader the output at which it has read the whole sequence{{ends.order}}. Every sequence has a step at least.
#
# <details><summary>Hint 1</summary>
#
# Steps begin at 0, so the last real step of sequence b is `lengths[b] - 1`. The reader from the right begins there, and ends at step 0.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two index tensors pick pairs: `y[lengths - 1, torch.arange(B)]` has row b of step `lengths[b] - 1`, (B, 2 H).
# </details>
#
# <details><summary>Hint 3</summary>
#
# `torch.cat([{{ends.it}}], 1)`, where `left` is what Hint 2 gives.
# </details>


# %% solution="read_summary"
def read_summary(y, lengths):
    """Of each reader the output at which it has read all of a sequence.

    Shapes: y (T, B, 2*H); lengths (B,) -> summary (B, 2*H)
    """
    B, H = y.shape[1], y.shape[2] // 2
    ### BEGIN SOLUTION
    sequences = torch.arange(B, device=y.device)
    left = y[lengths - 1, sequences]
    return torch.cat([{{ends.it}}], 1)
    ### END SOLUTION


# %% [markdown]
# Try it: outputs that say where they come from, 100 for the right reader, tens for the sequence, ones for the step.

# %%
step, place = np.arange(4.0)[:, None], 10 * np.arange(3.0)
said = np.stack([step + place, 100 + step + place], 2)
print(read_summary(move(said), move(np.array([4, 1, 2]))).cpu().numpy())

# %% test="read_summary" points=3 explained="ch08_deeper: From both ends"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)


def outputs_of(rng, T, B, H):
    lengths = rng.integers(1, T + 1, B)
    lengths[0], lengths[-1] = max(1, T - 2), max(1, T - 1)
    return dict(y=rng.normal(size=(T, B, 2 * H)), lengths=lengths)


rng = np.random.default_rng(3)
visible = [move(outputs_of(rng, 6, 4, 3)), move(outputs_of(rng, 4, 5, 2))]
right = stored("read_summary")
check(read_summary, right, visible, outputs="summary", by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    outputs_of, [(5, 3, 4), (1, 1, 1), (3, 6, 1), (8, 2, 5)], device
)
check(read_summary, reference_read_summary, hidden, by=properties)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="read_summary"
r"""
the last of the block: y[-1] was read: for all sequences but the longest that is padding, and the reader from the right has read one step there
-     left = y[lengths - 1, sequences]
-     return torch.cat([{{ends.it}}], 1)
+     return {{ends.whole}}
left at the end of the block: the reader from the left was read at the last step of the block, which is padding for all but the longest: at lengths - 1
~ left[:, :H] => y[-1, :, :H]
both at the last real step: both halves come from the last real step: there the reader from the right has read one step alone; it has read all at step 0
~ y[0, :, H:] => left[:, H:]
both at the first step: both halves come from step 0, where the reader from the left has read one step alone
~ left[:, :H] => y[0, :, :H]
right at the end of the block: the reader from the right was read at the end of the block, where it begins; it has read all at step 0
~ y[0, :, H:] => y[-1, :, H:]
one step too far: the first step of the padding was read: steps begin at 0, so the last real one is lengths - 1
~ y[lengths - 1, sequences] => y[lengths.clamp(max=len(y) - 1), sequences]
one step too early: the step before the last real one was read: steps begin at 0, so it is lengths - 1
~ y[lengths - 1, sequences] => y[lengths - 2, sequences]
halves exchanged: the halves have changed places: the reader from the {{ends.first}} comes first
~ {{ends.it}} => {{ends.odd}}
each reads the other's end: the reader from the left was read at step 0, and the one from the right at the last real step: each where it begins
~ {{ends.it}} => {{ends.own}}
the first sequence's length for all: all sequences were read at the last step of the first one
~ y[lengths - 1, sequences] => y[lengths[0] - 1]
the longest one's length for all: all sequences were read at the last step of the longest one
~ y[lengths - 1, sequences] => y[lengths.max() - 1]
mean over the steps: the outputs were averaged over all steps; asked is one step of each reader
-     left = y[lengths - 1, sequences]
-     return torch.cat([{{ends.it}}], 1)
+     return {{ends.mean}}
"""

# %% [markdown]
# ## Task 4: a forecast that has read the answer (3 points)
#
# *Core, about 15 minutes.*
#
# Somebody makes a network larger, and gives it both directions:
#
# ```python
# lstm = nn.LSTM(D, H, bidirectional=True)
# guess = readout(lstm(x[:-1])[0])  # of x[1:]
# ```
#
# **Symptom:** in training and in validation the loss is near 0 at every step but the last. In use, where tomorrow is not among the inputs, the forecast is worse than before.
#
# The cure is one direction, or a forecast of what comes after all that was read. But first one must notice; no shape and no message tells. Write the test that does: change the input **from step t on**, and tell the **earliest** step whose output moves, as an int. An honest reader gives t. Given is `read`, which reads from both ends where `weights` has eight arrays, but only within pieces of `piece` steps, as those do that cut a stream into pieces.
#
# <details><summary>Hint 1</summary>
#
# `moved = x.clone()`, as x is not yours; then `moved[t:] += 1`. Any change will do.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `differs = (read(weights, moved, piece) - read(weights, x, piece)).abs() > 1e-9` is (T, B, H). A step has moved if any of its numbers has.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `differs.flatten(1).any(1)` has one value for each step; `.nonzero()[0]` is the first that is True. `int(...)` makes a number of it.
# </details>


# %%
def read(weights, x, piece):
    """Outputs of an LSTM that starts from zero every `piece` steps."""
    lstm = make_lstm(weights)
    with torch.no_grad():
        return torch.cat([lstm(part)[0] for part in x.split(piece)])


# %% solution="find_first_moved"
def find_first_moved(weights, x, piece, t):
    """The earliest step that notices a change from step t on; an int.

    Shapes: weights as above; x (T, B, D)
    """
    ### BEGIN SOLUTION
    moved = x.clone()
    moved[t:] += 1
    apart = read(weights, moved, piece) - read(weights, x, piece)
    steps = (apart.abs() > 1e-9).flatten(1).any(1)
    return int(steps.nonzero()[0])
    ### END SOLUTION


# %% [markdown]
# Try it: who sees how far ahead? Each line is one reader, asked at the steps 0 to 7.

# %%
x = move(np.random.default_rng(0).normal(size=(8, 1, 2)))
for directions, piece in ((1, 8), (2, 8), (2, 3)):
    W = move(draw_weights(np.random.default_rng(1), 2, 3, directions))
    found = [find_first_moved(W, x, piece, t) for t in range(8)]
    print(f"{directions} direction(s), pieces of {piece}: {found}")

# %% test="find_first_moved" points=3 explained="ch08_deeper: What may be looked at"
import numpy as np

from rnncore.testing import check, mover, stored

move = mover(device)


def reader(rng, T, B, D, H, directions, piece, t):
    return dict(
        weights=draw_weights(rng, D, H, directions),
        x=rng.normal(size=(T, B, D)),
        piece=piece,
        t=t,
    )


def deafened(args):
    """One whose reader from the right gives 0, whatever it reads."""
    W = args["weights"]
    return {**args, "weights": (*W[:4], *(0 * w for w in W[4:]))}


rng = np.random.default_rng(5)
visible = [
    move(reader(rng, 7, 2, 2, 3, *case))
    for case in (
        (1, 7, 3),
        (2, 7, 5),
        (2, 3, 4),
        (1, 2, 5),
        (2, 2, 6),
        (1, 7, 0),
    )
]
visible.append(move(deafened(reader(rng, 7, 2, 2, 3, 2, 3, 4))))
right = stored("find_first_moved")
check(find_first_moved, right, visible, outputs="the step")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
cases = [(1, 9, 0), (1, 9, 8), (2, 9, 8), (2, 4, 6), (2, 1, 5), (2, 5, 5)]
hidden = hidden_inputs(
    reader, [(9, 3, 1, 2, *case) for case in cases], device, rng=rng
)
hidden.append(move(deafened(reader(rng, 9, 3, 1, 2, 2, 4, 6))))
check(find_first_moved, reference_find_first_moved, hidden)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="find_first_moved"
r"""
the answer of an honest reader: this is t, whatever the reader does: the outputs have to be compared, and a step has moved if any of its numbers has
~ return int(steps.nonzero()[0]) => return t
x itself changed: nothing moves: x itself was changed, and so compared with itself; change a copy, `x.clone()`
~ moved = x.clone() => moved = x
from the number of arrays: this is t for four arrays and 0 for eight; a reader from both ends sees no farther than the piece that it reads: compare the outputs
~ return int(steps.nonzero()[0]) => return t if len(weights) == 4 else 0
from the pieces: this is t for four arrays, and where the piece begins for eight; how far a reader sees depends on its weights too: compare the outputs
~ return int(steps.nonzero()[0]) => return t if len(weights) == 4 else t // piece * piece
the last that moves: this is the last step that moves; asked is the earliest
~ steps.nonzero()[0] => steps.nonzero()[-1]
counted from 1: steps begin at 0; here the first is 1
~ int(steps.nonzero()[0]) => int(steps.nonzero()[0]) + 1
how many move: this is how many steps move; asked is the earliest of them
~ int(steps.nonzero()[0]) => int(steps.sum())
how far ahead: this is how many steps ahead the reader sees; asked is the step at which it notices
~ int(steps.nonzero()[0]) => t - int(steps.nonzero()[0])
changed before t: the input was changed before step t; an honest reader notices that too
~ moved[t:] += 1 => moved[:t] += 1
one step late: the input was changed from step t + 1 on
~ moved[t:] += 1 => moved[t + 1 :] += 1
one step early: the input was changed from step t - 1 on
~ moved[t:] += 1 => moved[max(t - 1, 0) :] += 1
all of it changed: the whole input was changed, so this is 0 for every reader; change only the steps from t on
~ moved[t:] += 1 => moved += 1
"""

# %% [markdown]
# ## Task 5: packed, and back in order (3 points)
#
# *Core, about 12 minutes.*
#
# So that a layer knows the lengths, a padded batch is packed:
#
# ```python
# packed = pack_padded_sequence(x, lengths)
# y, (h, c) = lstm(packed)
# y, _ = pad_packed_sequence(y)
# ```
#
# **Symptom:** *`lengths` array must be sorted in decreasing order*. On a GPU, before that: *'lengths' argument should be a 1D CPU int64 tensor*. If you sort x by hand, the outputs come in another order than the targets, without a message. If no sequence of a batch is as long as x, the output has fewer steps than x; the loss refuses it or, worse, broadcasts.
#
# Write the three lines so that they work for lengths in any order, on any device, and y has as many steps as x, with zeros in the padding. Return y (T, B, H) and {{last.it}} (B, H), {{last.name}} after the last real step of each sequence, both in the order of x.
#
# <details><summary>Hint 1</summary>
#
# `enforce_sorted=False` lets torch sort, and put back in order whatever comes out: y, h and c. `lengths.cpu()` costs nothing where they are there already.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `pad_packed_sequence(y, total_length=len(x))` fills up to the steps of x.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The state that comes with a packed sequence is that after each one's last real step: `{{last.index}}` of (1, B, H) is all that is needed.
# </details>


# %% solution="read_packed"
def read_packed(weights, x, lengths):
    """Outputs and last states of an LSTM over sequences of any lengths.

    Shapes: weights as above; x (T, B, D); lengths (B,)
        -> y (T, B, H); {{last.it}} (B, H)
    """
    lstm = make_lstm(weights)
    with torch.no_grad():
        ### BEGIN SOLUTION
        n = lengths.cpu()
        packed = pack_padded_sequence(x, n, enforce_sorted=False)
        {{last.read}}
        y, _ = pad_packed_sequence(y, total_length=len(x))
        ### END SOLUTION
    return y, {{last.index}}


# %% [markdown]
# Try it: equal sequences of lengths 2 and 3 in a block of four steps. Where must the zeros be, and {{last.ask}}?

# %%
W = move(draw_weights(np.random.default_rng(0), 1, 1))
{{last.trial}}
print(y[..., 0].T.cpu().numpy().round(3), {{last.show}})

# %% test="read_packed" points=3 explained="ch09_torch: A drop-in replacement for torch.nn"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "y, {{last.it}}"


def unsorted(rng, T, B, D, H, full=False):
    lengths = rng.integers(1, T, B) if T > 1 else np.ones(B, int)
    if full:
        lengths[-1] = T
    if B > 1:
        lengths[0], lengths[1] = 1, max(T - 1, 1)  # the longer one later
    return dict(
        weights=draw_weights(rng, D, H),
        x=rng.normal(size=(T, B, D)),
        lengths=lengths,
    )


rng = np.random.default_rng(6)
visible = [move(unsorted(rng, 5, 4, 2, 3)), move(unsorted(rng, 4, 3, 3, 2))]
right = stored("read_packed")
check(read_packed, right, visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(6, 3, 1, 2), (3, 5, 2, 2, True), (1, 1, 1, 1), (4, 2, 3, 1, True)]
hidden = hidden_inputs(unsorted, sizes, device)
right = reference_read_packed
check(read_packed, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="read_packed"
r"""
said to be sorted: the lengths are in no order: `enforce_sorted=False`, and torch sorts them, and puts the results back
~ enforce_sorted=False) => enforce_sorted=True)
lengths alone sorted: the lengths were sorted and x was not: then sequences are read to the length of others
~ n = lengths.cpu() => n = lengths.cpu().sort(descending=True).values
left in sorted order: x and the lengths were sorted, and the results left so: they stand in another order than the targets
-         n = lengths.cpu()
+         order = lengths.cpu().argsort(descending=True, stable=True)
+         n, x = lengths.cpu()[order], x[:, order]
put back by the same order: x and the lengths were sorted, and the results were put back by the order that sorted them; what puts them back is its inverse, `order.argsort()`
-         n = lengths.cpu()
-         packed = pack_padded_sequence(x, n, enforce_sorted=False)
-         {{last.read}}
-         y, _ = pad_packed_sequence(y, total_length=len(x))
+         order = lengths.cpu().argsort(descending=True, stable=True)
+         packed = pack_padded_sequence(x[:, order], lengths.cpu()[order])
+         {{last.read}}
+         y, _ = pad_packed_sequence(y, total_length=len(x))
+         y, {{last.it}} = y[:, order], {{last.it}}[:, order]
steps missing: y ends with the longest sequence; `total_length=len(x)` gives it the steps of x
~ pad_packed_sequence(y, total_length=len(x)) => pad_packed_sequence(y)
not packed: x was read as it is, padding too: y is not zero behind a sequence's end, and the last state has read the padding
-         packed = pack_padded_sequence(x, n, enforce_sorted=False)
-         {{last.read}}
-         y, _ = pad_packed_sequence(y, total_length=len(x))
+         {{last.padded}}
{{last.odd}} for {{last.it}}: what came back as {{last.it}} is {{last.odd}}: the state is (h, c)
~ {{last.read}} => {{last.odd_read}}
the last outputs of the block: {{last.it}} was read from the end of the block, where y is zero for all sequences that ended; the state that comes with packed sequences is the right one
-         y, _ = pad_packed_sequence(y, total_length=len(x))
+         y, _ = pad_packed_sequence(y, total_length=len(x))
+         {{last.it}} = y[-1:]
batch first: `batch_first=True` takes the steps for the sequences: here time comes first
~         packed = pack_padded_sequence(x, n, enforce_sorted=False) =>         packed = pack_padded_sequence(x, n, True, enforce_sorted=False)
padding of one: the padding of y was filled with another number than 0
~ total_length=len(x)) => total_length=len(x), padding_value=1.0)
"""

# %% [markdown]
# ## Task 6: one answer, and another one (3 points)
#
# *Core, about 15 minutes.*
#
# A network with dropout is looked at after each epoch:
#
# ```python
# valid = loss(network(x), targets)
# ```
#
# **Symptom:** the same input gives another answer each time, and the validation loss is too high. After `network.eval()` was put above it, it no longer is, but from the second epoch on the network overfits as if it had no dropout. And memory grows when the losses are kept in a list.
#
# Write the lines that give `y`: without dropout, without a graph, and with the network afterwards in the mode in which it was, whichever that was.
#
# (`nn.LSTM(..., dropout=0.5)` with one layer drops nothing, and warns: its dropout lies *between* layers. A layer `nn.Dropout` behind it does what was meant.)
#
# <details><summary>Hint 1</summary>
#
# `network.training` is True or False. Keep it before you call `network.eval()`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `with torch.no_grad():` makes no graph. It does not turn dropout off, and `eval()` does not turn off the graph: they are two matters.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `network.train(was)` sets the mode back, for True as for False.
# </details>


# %%
class WithDropout(nn.Module):
    """An LSTM, dropout behind it, and a number for each step."""

    def __init__(self, weights):
        super().__init__()
        self.lstm = make_lstm(weights)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        return self.drop(self.lstm(x)[0]).sum(2)


# %% solution="look_without_dropout"
def look_without_dropout(weights, x, training):
    """What a network gives in use, and what is left of its mode.

    Shapes: weights as above; x (T, B, D); training True or False
        -> y (T, B); whether y has a graph; the mode afterwards
    """
    network = WithDropout(weights).train(training)
    torch.manual_seed(0)
    ### BEGIN SOLUTION
    was = network.training
    network.eval()
    with torch.no_grad():
        y = network(x)
    network.train(was)
    ### END SOLUTION
    return y.detach(), y.requires_grad, network.training


# %% [markdown]
# Try it: a network in training and one in use must give the same; the last value is the mode in which they are afterwards.

# %%
W = move(draw_weights(np.random.default_rng(0), 1, 2))
for training in (True, False):
    print(look_without_dropout(W, move(np.ones((3, 1, 1))), training))

# %% test="look_without_dropout" points=3 explained="ch08_deeper: Dropout: where, and how often"
import numpy as np

from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1)

move = mover(device)
OUTPUTS = "y, whether y has a graph, the mode afterwards"


def at_work(rng, T, B, D, H, training):
    return dict(
        weights=draw_weights(rng, D, H),
        x=rng.normal(size=(T, B, D)),
        training=training,
    )


rng = np.random.default_rng(7)
visible = [
    move(at_work(rng, 4, 3, 2, 3, True)),
    move(at_work(rng, 3, 2, 3, 4, False)),
]
right = stored("look_without_dropout")
check(look_without_dropout, right, visible, outputs=OUTPUTS, by=properties)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

sizes = [(5, 2, 1, 2, True), (2, 4, 2, 3, False), (3, 2, 2, 2, True)]
hidden = hidden_inputs(at_work, sizes, device)
right = reference_look_without_dropout
check(look_without_dropout, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="look_without_dropout"
r"""
dropout on: dropout was on: `no_grad` does not turn it off, `network.eval()` does
-     network.eval()
-
left in evaluation: the network is in evaluation afterwards, whatever it was before, and would be trained on without dropout: read its mode before `eval()`, and put it back
-     network.train(was)
-
always back to training: the network was put into training afterwards, though it was not before
~ network.train(was) => network.train()
with a graph: y has a graph, which is kept as long as y is: `torch.no_grad()`
-     with torch.no_grad():
-         y = network(x)
+     y = network(x)
halved as well: y was multiplied by the share that is kept; torch's dropout divides by it in training, so nothing is left to do in use
~ y = network(x) => y = 0.5 * network(x)
mode turned round: the mode afterwards is the other one than before
~ network.train(was) => network.train(not was)
mode alone restored: neither dropout nor graph was turned off, and the mode is as it was because nobody touched it
-     was = network.training
-     network.eval()
-     with torch.no_grad():
-         y = network(x)
-     network.train(was)
+     y = network(x)
a mean over draws: the mean of some draws was taken: it comes near, but in use the network has all its units, and one answer
-     network.eval()
-     with torch.no_grad():
-         y = network(x)
+     with torch.no_grad():
+         y = sum(network(x) for _ in range(20)) / 20
"""

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 8 minutes.*
#
# A colleague classifies recordings of 20 to 400 steps. Their network reads from both ends; batches are padded with zeros and not packed; the answer comes from `y[-1]`; dropout is 0.5. The validation loss jumps from call to call, and accuracy is fine on long recordings and at chance on short ones. In four to six sentences: which two faults explain which symptom, how would you show each in a few lines *before* you repair it, and is reading from both ends a third fault here?

# %% [markdown] answer="two_faults" points=2 explained="my_network: ... learns in training, and fails in use"
# The loss that jumps is dropout in evaluation: call the network twice on one batch, and the answers differ; after `network.eval()` they are equal. Chance on short recordings is `y[-1]`: for a short one that is the output after hundreds of steps of padding from the left, and from the right a reader that has read one step. To show it, append zeros to a batch and see whether the answers move, or change the first real step of a short recording and see that the answer hardly does. The cure is to pack, and to read the left reader at `lengths - 1` and the right one at step 0 (which is what `h_n` holds). Reading from both ends is no fault here: the recording is complete when it is classified, and the label is not among the inputs; a forecast would be another matter.
#
# Rubric: 1 point for both faults with the right symptom; 1 point for a test of each that can fail (the same input twice; padding appended, or a real step changed) **and** that both ends are allowed here, with the reason. No point is lost for another cure than packing.
