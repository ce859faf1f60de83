# %% [markdown]
# # Assignment 17: captioning
#
# *The core takes about 100 minutes, all of it about 165 minutes, 28 points. Read chapter 17 first.*
#
# You will look at a video through a window that moves in time, and send a gradient back to where it stood and how wide it was; teach a decoder that may tell of two things in either order; and judge captions twice, by exact match and by BLEU. With the book closed you will rebuild `caption_batches`.
# Then you hunt nine wrong reports of where a word looked, and train a captioner with your own loss and your own gradients, to see in which order it tells.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | T, N, B | | frames of the longest video, words of the longest caption, videos side by side |
# | `states` | (T, B, H) | the encoder's state at each frame; after a video's end it is padding |
# | `lengths` | B numbers | video b has `lengths[b]` frames |
# | `centre` | (N, B) | where word n looks, as a share of its video: 0 is the first frame, 1 the last |
# | `sharp` | (N, B) | above 0: the larger, the narrower the window |
# | `weights` | (N, B, T) | how much word n looks at each frame |
# | `context` | (N, B, H) | what word n sees |
# | `logits` | (2, N, B, K) | what the decoder says when it is fed each of two captions |
# | `targets` | (2, N, B) | what it should say then: words, END (2), then PAD (0) |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 14: why are scores of padding set to minus infinity before the softmax, and not the weights to zero after it?</summary>
#
# The softmax divides by the sum over all places. What the padding has taken is then missing: the weights of the real places no longer add up to 1.
# </details>
#
# <details><summary>Chapter 16: a reader sees all frames, but not their order. Which word of <em>the three moves left</em> can it not know?</summary>
#
# Whether it is *left* or *right*: the video run backward has the same frames. That it moves along a line from side to side, it can know.
# </details>

# %% parameters
base = (
    {
        "w": r"\exp(-s_{nb}\, d_{nbt}^2)",
        "sum": r"\exp(-s_{nb}\, d_{nbt'}^2)",
        "of": "xp.exp",
        "odd": "2.0 ** ",
        "name": "powers of two",
        "says": "the scores are exponents of 2; they are exponents of e",
        "hint": "",
        "film": "by_film",
        "log_name": "log 2 left in",
        "log_says": "log 2 belongs to the example, where it is `sharp`",
        "sharp": "np.log(2)",
        "hand": "1.25 - 1.75",
        "zero": "exp(0)",
        "back": "",
    },
    {
        "w": r"2^{-s_{nb}\, d_{nbt}^2}",
        "sum": r"2^{-s_{nb}\, d_{nbt'}^2}",
        "of": "2.0 ** ",
        "odd": "xp.exp",
        "name": "powers of e",
        "says": "the scores are exponents of e; they are exponents of 2",
        "hint": r", and log 2 times that, as $2^a = e^{a \log 2}$",
        "film": "by_film * math.log(2)",
        "log_name": "log 2 twice",
        "log_says": "log 2 is there twice; the slope of a power of 2 has it once",
        "sharp": "1.0",
        "hand": "log 2 times 1.25 - 1.75",
        "zero": "2**0",
        "back": "ln2·",
    },
)
unit = (
    {
        "text": "",
        "hint": "",
        "words": "xp.sum(xp.astype(taught, logits.dtype))",
        "log": "log",
        "six": "6",
        "right": "sums.amin(0).sum() / (goal[0] != 0).sum()",
        "odd": "bits",
        "says": "log is the natural logarithm",
        "turn": " / math.log(2)",
        "per": "",
        "of": "nats",
        "why": "",
    },
    {
        "text": "; in bits, with logarithms to the base 2",
        "hint": " and over log 2, as in the loss",
        "words": "xp.sum(xp.astype(taught, logits.dtype)) * math.log(2)",
        "log": "log2",
        "six": "6, 2",
        "right": "sums.amin(0).sum() / (goal[0] != 0).sum() / np.log(2)",
        "odd": "nats",
        "says": "log is to the base 2, so divide by log 2",
        "turn": " * math.log(2)",
        "per": " / math.log(2)",
        "of": "bits",
        "why": " Bits divide both by log 2, which goes into the words' number.",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"`: tasks 1 to 3 then run on torch. With `"numpy"` one of their inputs is torch's all the same, since the experiment trains there. What you write there keeps the library, dtype and device of its arguments, and changes none of them. Task 4 is about texts, task 5 about NumPy arrays that become torch's.

# %%
import math
from collections import Counter

import numpy as np
import torch

from rnncore.application import seeded
from rnncore.backend import array_namespace, from_numpy, to_numpy
from rnncore.losses import log_softmax
from rnncore.seq2seq import END, PAD, START, pad
from rnncore.testing import black_boxes, mover
from rnncore.video.captions import CaptionBatch, Captioner, looks

device = "numpy"
move = mover(device)

# %% [markdown]
# ## A window by hand
#
# A video of three frames lies in a batch with a longer one, so two frames of padding follow it. Its states are 0, 4, 12 (and 99, 99). A word looks at the middle, `centre` 0.5, with `sharp` = log 2: a frame at distance d from the window's centre has the score $-d^2 \log 2$. On paper: the three weights, and what the word sees. What would it see if the padding took part? Then run the cell.

# %%
film = np.array([0.0, 4.0, 12.0, 99.0, 99.0])
for n in (3, 5):
    score = -np.log(2) * (np.arange(n) - 0.5 * (3 - 1)) ** 2
    w = np.exp(score) / np.exp(score).sum()
    print(n, "frames: weights", w.round(4), " sees", w @ film[:n])
print("by hand: 1/4, 1/2, 1/4, and 0/4 + 4/2 + 12/4 = 5")

# %% [markdown]
# Now backward. The loss is what the word sees, 5. How does it answer to the centre? A score gets $\mathrm{d}e_t = w_t (x_t - 5)$ through the softmax, and a score's slope along the centre, counted in frames, is $2 \log 2 \cdot d_t$ with $d = -1, 0, 1$. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `d_scores = w * (film[:3] - w @ film[:3])`: it is -1.25, -0.5, 1.75. Counted in frames the gradient is 6 log 2 = 4.1589; the centre is a share of 2 frames, so 12 log 2.
# </details>

# %%
w, away = np.array([0.25, 0.5, 0.25]), np.array([-1.0, 0.0, 1.0])
d_scores = np.zeros(3)
# (the missing line)
d_centre = 2 * (2 * np.log(2) * d_scores * away).sum()
print("d_centre", d_centre, " by hand: 12 log 2 =", 12 * np.log(2))

# %% [markdown]
# ## Task 1: a window over the video (4 points)
#
# *Core, about 20 minutes.*
#
# The chapter's decoder compares its state with that of every frame. Here it only says *when* to look and how precisely (Graves 2013 reads a text so, to write it by hand). The centre is a share of the video's **own** length, so that 0.5 is the middle of a short video and of a long one. With $n_b$ frames in video b,
#
# $$
# d_{nbt} = t - c_{nb}\,(n_b - 1), \qquad
# w_{nbt} = \frac{{{base.w}}}{\sum_{t' < n_b} {{base.sum}}} \ \text{ for } t < n_b, \text{ else } 0,
# $$
#
# and the context is $\sum_t w_{nbt}\, x_{tb}$, with x the states. Return the context (N, B, H), and a cache of (by_film, weights, away, sharp, last), where `away` is d. A very sharp window must give no NaN: at worst it looks at the nearest frame alone, or at two that are equally near.
#
# <details><summary>Hint 1</summary>
#
# `t`, `last` = $n_b - 1$ and `real` are given, with shapes (T,), (B,) and (B, T). `(centre * last)[..., None]` is (N, B, 1), and so is `sharp[..., None]`.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The padding's scores are minus infinity: `xp.where(real, scores, -math.inf)`. And a softmax does not change when the largest score is taken from all of them first: then the largest is 0, and its exponential 1.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))`, `weights = e / xp.sum(e, axis=-1, keepdims=True)`, and the context is `xp.sum(weights[..., None] * by_film, axis=2)`.
# </details>


# %% solution="through_window"
def through_window(states, lengths, centre, sharp):
    """What each word sees of its video through a window in time.

    Shapes: states (T, B, H); lengths (B,); centre (N, B); sharp (N, B)
        -> context (N, B, H); cache
    """
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    ### BEGIN SOLUTION
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    ### END SOLUTION
    return context, (by_film, weights, away, sharp, last)


# %% [markdown]
# Try it: two videos whose states are the frames' own numbers, one of 9 frames, one of 5. Four words look at the start, at a quarter, at the middle, at the end.

# %%
numbers = np.repeat(np.arange(9.0)[:, None, None], 2, axis=1)
shares = np.repeat(np.array([0.0, 0.25, 0.5, 1.0])[:, None], 2, axis=1)
context, _ = through_window(
    *move((numbers, [9, 5], shares, 0 * shares + 9))
)
print(to_numpy(context)[..., 0].T.round(3), "by hand: 0 2 4 8, and 0 1 2 4")

# %% test="through_window" points=4 explained="ch17_captioning: The decoder stays as it is"
import numpy as np

from rnncore.backend import to_numpy
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
OUTPUTS = "context, cache"


def windows(rng, T, N, B, H, sharpest=1.0):
    """Videos of unsorted lengths, and windows anywhere over them."""
    lengths = [int(n) for n in rng.permutation(T - np.arange(B) % T)]
    return dict(
        states=rng.normal(size=(T, B, H)),
        lengths=lengths,
        centre=rng.uniform(size=(N, B)),
        sharp=sharpest * rng.uniform(0.05, 1.0, size=(N, B)),
    )


def between(rng, T, N, B, H):
    """Windows as sharp as can be, at the middle of each video."""
    args = windows(rng, T, N, B, H)
    args["centre"], args["sharp"] = np.full((2, N, B), [[[0.5]], [[1e12]]])
    return args


visible = move(windows(np.random.default_rng(1), 5, 2, 4, 3))
narrow = windows(np.random.default_rng(6), 6, 2, 4, 3, 1e5)
narrow["centre"] = 0.49 + 0.02 * narrow["centre"]  # near the middle
narrow = move(narrow)
check(
    through_window,
    stored("through_window"),
    [
        visible,
        narrow,
        move(between(np.random.default_rng(7), 5, 2, 4, 3)),
        mover("cpu")(windows(np.random.default_rng(8), 4, 3, 3, 2)),
    ],
    outputs=OUTPUTS,
    by=properties,
)
check_independent(
    through_window, visible, {"states": 1, "centre": 1, "sharp": 1}
)
# a window as narrow as can be looks at one frame
args = move(windows(np.random.default_rng(2), 5, 2, 4, 3))
args["centre"], args["sharp"] = (
    0 * args["centre"] + 1,
    0 * args["sharp"] + 1e6,
)
context, _ = through_window(**args)
ends = [
    to_numpy(args["states"])[n - 1, b]
    for b, n in enumerate(args["lengths"])
]
assert_close("context of the last frames", context, np.stack([ends] * 2))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    windows,
    [
        (1, 1, 1, 1, 1.0),
        (7, 3, 2, 4, 3.0),
        (4, 2, 6, 2, 0.1),
        (30, 4, 3, 2, 900.0),
    ],
    device,
)
check(
    through_window,
    reference_through_window,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
check(
    through_window,
    reference_through_window,
    hidden_inputs(between, [(6, 1, 3, 2), (4, 3, 2, 1)], device),
    outputs=OUTPUTS,
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="through_window"
r"""
attention over padding: attention over padding: frames after a video's end took part, and a word at the end of a short video looks past it
~ xp.where(real, -sharp[..., None] * away**2, -math.inf) => -sharp[..., None] * away**2
padding silenced after the softmax: the padding's weights were set to zero after the softmax: what is left no longer adds up to 1
- xp.where(real, -sharp[..., None] * away**2, -math.inf)
-     e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
-     weights = e / xp.sum(e, axis=-1, keepdims=True)
+ -sharp[..., None] * away**2
+     e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
+     weights = e / xp.sum(e, axis=-1, keepdims=True) * real
scores of padding set to zero: the padding's scores were set to 0, which is the highest score there is; minus infinity is no score
~ away**2, -math.inf) => away**2, 0.0)
share of the longest video: the centre was taken as a share of the longest video: in shorter ones the middle lies too late, or in the padding
~ (centre * last)[..., None] => (centre * (t.shape[0] - 1))[..., None]
one frame too far: the centre 1 lies one frame after the last: a video of n frames reaches from 0 to n - 1
~ (centre * last)[..., None] => (centre * (last + 1))[..., None]
distance without the square: the score is minus the distance; it is its square that counts, so that the window is round at its centre
~ away**2 => xp.abs(away)
far frames count most: the sign is missing: the window looks everywhere but at its centre
~ -sharp[..., None] * away**2 => sharp[..., None] * away**2
halved as in a normal density: the score is -s d², not half of it
~ -sharp[..., None] * away**2 => -sharp[..., None] * away**2 / 2
distance with the opposite sign: `away` is t - c (n - 1); what is kept here has the opposite sign, and so would d_centre
~ t - (centre * last)[..., None] => (centre * last)[..., None] - t
divided by the sharpness: `sharp` divides instead of multiplying: the larger, the narrower
~ -sharp[..., None] * away**2 => -(away**2) / sharp[..., None]
averaged over frames instead of summed: averaged over the frames instead of summed: the weights add up to 1 already, and the mean divides by T once more
~ xp.sum(weights[..., None] * by_film, axis=2) => xp.mean(weights[..., None] * by_film, axis=2)
softmax over the words: the weights add up to 1 over the words; each word shares its look among the frames
~ xp.sum(e, axis=-1, keepdims=True) => (xp.sum(e, axis=0, keepdims=True) + (e == 0))
the largest weight alone: only the frame with the largest weight was looked at, and with its own weight, which is less than 1
-     context = xp.sum(weights[..., None] * by_film, axis=2)
+     hard = xp.where(weights == xp.max(weights, axis=-1, keepdims=True), weights, 0 * weights)
+     context = xp.sum(hard[..., None] * by_film, axis=2)
no softmax: the weights were not divided by their sum
~ weights = e / xp.sum(e, axis=-1, keepdims=True) => weights = e
too sharp for the exponential [hidden]: in a sharp window that stands between two frames all exponentials are 0, and 0/0 is NaN; take the largest of its scores from all of them first
~ {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True)) => {{base.of}}(scores)
padding's states set to zero: the padding's states were set to 0, and its frames still have a weight: then those of the video add up to less than 1
- xp.where(real, -sharp[..., None] * away**2, -math.inf)
-     e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
-     weights = e / xp.sum(e, axis=-1, keepdims=True)
-     context = xp.sum(weights[..., None] * by_film, axis=2)
+ -sharp[..., None] * away**2
+     e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
+     weights = e / xp.sum(e, axis=-1, keepdims=True)
+     context = xp.sum(weights[..., None] * (by_film * real[..., None]), axis=2)
ten thousand for infinity: the padding's score is -10,000: in a sharp window the nearest frame may have less, and the padding is looked at; minus infinity is below all
~ -math.inf => -1e4
ten for infinity: the padding's score is -10, and frames of the video have less; minus infinity is below all
~ -math.inf => -10.0
the last frame left out: the last frame of each video was taken for padding: video b has the frames 0 to last[b]
~ xp.where(real, => xp.where(t < last[:, None],
sharpness left out: `sharp` is missing in the scores: all windows are equally wide
~ -sharp[..., None] * away**2 => -(away**2) + 0 * sharp[..., None]
sharpness taken for a width: the distance was divided by `sharp`, as if it were a width: the larger, the narrower
~ -sharp[..., None] * away**2 => -((away / sharp[..., None]) ** 2)
sharpness taken for a variance: `sharp` was taken for a variance; the score is -s d²
~ -sharp[..., None] * away**2 => -(away**2) / (2 * sharp[..., None])
sharpness squared: `sharp` was squared along with the distance; the score is -s d²
~ -sharp[..., None] * away**2 => -((sharp[..., None] * away) ** 2)
sharpness through a sigmoid: `sharp` went through a sigmoid; it is above 0 already
~ -sharp[..., None] * away**2 => -(away**2) / (1 + xp.exp(-sharp[..., None]))
centre taken for a frame: the centre was taken for the number of a frame; it is a share of the video: multiply it by n - 1
~ (centre * last)[..., None] => centre[..., None]
distance as a share: the distance was measured in shares of the video; d counts frames
~ t - (centre * last)[..., None] => t / xp.where(last > 0, last, 0 * last + 1)[:, None] - centre[..., None]
frames numbered from 1: frames are numbered from 0: with 1 for the first, every window lies one frame too early
~ t - (centre => t + 1 - (centre
centre from -1 to 1: the centre was taken for a number from -1 to 1; 0 is the first frame
~ (centre * last)[..., None] => ((centre + 1) / 2 * last)[..., None]
centre rounded: the centre was rounded to a frame; a window may stand between two
~ (centre * last)[..., None] => xp.round(centre * last)[..., None]
squared in the cache: what is kept as `away` is its square; the way back needs its sign
-     away = t - (centre * last)[..., None]
-     scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
+     away = (t - (centre * last)[..., None]) ** 2
+     scores = xp.where(real, -sharp[..., None] * away, -math.inf)
away changed in the padding: `away` was set to 0 in the padding before it was kept; it is t - c (n - 1) everywhere
-     e = {{base.of}}(
+     away = xp.where(real, away, 0 * away)
+     e = {{base.of}}(
scores in the cache: the scores were kept in the place of the weights
~ (by_film, weights, => (by_film, scores,
lengths in the cache: the numbers of frames were kept; `last` is one less, as given
~ sharp, last) => sharp, last + 1)
{{base.name}}: {{base.says}}
~ {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True)) => {{base.odd}}(scores - xp.max(scores, axis=-1, keepdims=True))
softmax over the videos: the weights add up to 1 over the videos; each word shares its look among the frames
-     e = {{base.of}}(scores - xp.max(scores, axis=-1, keepdims=True))
-     weights = e / xp.sum(e, axis=-1, keepdims=True)
+     e = {{base.of}}(scores - xp.max(scores, axis=1, keepdims=True))
+     weights = e / xp.sum(e, axis=1, keepdims=True)
divided by the sum of all: the weights of all words and videos together add up to 1; those of each word do
~ xp.sum(e, axis=-1, keepdims=True) => xp.sum(e)
divided by their length: the squares of the weights add up to 1; the weights themselves do
~ e / xp.sum(e, axis=-1, keepdims=True) => e / xp.sum(e**2, axis=-1, keepdims=True) ** 0.5
the nearest frame alone: only the nearest frame has a weight; the others share in it, the less the further away
~ weights = e / xp.sum(e, axis=-1, keepdims=True) => weights = xp.astype(e == xp.max(e, axis=-1, keepdims=True), e.dtype)
-1e9 for padding: padding was scored -1e9: where a frame is further away than that, the padding gets the weight; minus infinity is below every score
~     scores = xp.where(real, -sharp[..., None] * away**2, -math.inf) =>     scores = xp.where(real, -sharp[..., None] * away**2, -1e9)
"""

# %% [markdown]
# ## Task 2: when to look, learnt (5 points)
#
# *Extra, about 25 minutes.*
#
# Write the vjp: `d_context` (N, B, H) comes in; `d_states`, `d_centre` and `d_sharp` go out. Nothing may reach the padding: its weights are 0.
#
# <details><summary>Hint 1</summary>
#
# First the weights' gradient: how much each frame's state points along d_context, `d_weights` (N, B, T). Then through the softmax, as in the example above: $w_t (\mathrm{d}w_t - \sum_{t'} w_{t'} \mathrm{d}w_{t'})${{base.hint}}.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The score is $-s\,d^2$. Its slope along s is $-d^2$; along d it is $-2 s d$, and d falls by (n - 1) when the centre grows by 1.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)`. All words look at the same states: `xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)` is (B, T, H), and `xp.permute_dims(..., (1, 0, 2))` puts time first.
# </details>


# %% solution="through_window_vjp"
def through_window_vjp(d_context, cache):
    """Backward through `through_window`.

    Shapes: d_context (N, B, H)
        -> d_states (T, B, H); d_centre (N, B); d_sharp (N, B)
    """
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    ### BEGIN SOLUTION
    d_word = d_context[:, :, None, :]
    d_weights = xp.sum(d_word * {{base.film}}, axis=-1)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = -xp.sum(d_scores * away**2, axis=-1)
    d_centre = 2 * sharp * last * xp.sum(d_scores * away, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_word, axis=0)
    ### END SOLUTION
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp


# %% [markdown]
# Try it on the example from above: three frames of five, the loss is what the word sees.

# %%
film = np.array([0.0, 4.0, 12.0, 99.0, 99.0])[:, None, None]
cache = (  # by_film, weights, away, sharp, last
    film.transpose(1, 0, 2),
    np.array([[[0.25, 0.5, 0.25, 0.0, 0.0]]]),
    np.array([[[-1.0, 0.0, 1.0, 2.0, 3.0]]]),
    np.array([[{{base.sharp}}]]),
    np.array([2.0]),
)
d_states, d_centre, d_sharp = through_window_vjp(
    move(np.ones((1, 1, 1))), move(cache)
)
print("d_states", to_numpy(d_states).ravel(), " by hand: the weights")
print("d_centre", to_numpy(d_centre), " by hand", 12 * np.log(2))
print("d_sharp ", to_numpy(d_sharp), " by hand: {{base.hand}}")

# %% test="through_window_vjp" points=5 explained="ch17_captioning: The decoder stays as it is"
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
OUTPUTS = "d_states, d_centre, d_sharp"


def seen_through(rng, T, N, B, H):
    """What through_window keeps, of videos of unsorted lengths."""
    last = rng.permutation(T - np.arange(B) % T) - 1.0
    sharp = rng.uniform(0.05, 1.0, size=(N, B))
    away = np.arange(T) - (rng.uniform(size=(N, B)) * last)[..., None]
    e = np.exp(-sharp[..., None] * away**2) * (
        np.arange(T) <= last[:, None]
    )
    return dict(
        d_context=rng.normal(size=(N, B, H)),
        cache=(
            rng.normal(size=(B, T, H)),
            e / e.sum(-1, keepdims=True),
            away,
            sharp,
            last,
        ),
    )


visible = [
    move(seen_through(np.random.default_rng(3), 5, 2, 4, 3)),
    mover("cpu")(seen_through(np.random.default_rng(8), 4, 3, 3, 2)),
]
check(
    through_window_vjp,
    stored("through_window_vjp"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    seen_through,
    [(1, 1, 1, 1), (7, 3, 2, 4), (4, 2, 6, 2)],
    device,
    rng=rng,
)
check(
    through_window_vjp,
    reference_through_window_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
x, c, s, d_c = move(
    (
        rng.normal(size=(5, 2, 3)),
        rng.uniform(size=(2, 2)),
        rng.uniform(0.1, 1.0, size=(2, 2)),
        rng.normal(size=(2, 2, 3)),
    )
)


def loss_of(x, c, s):
    seen, _ = reference_through_window(x, [5, 3], c, s)
    return float((seen * d_c).sum())


_, cache = reference_through_window(x, [5, 3], c, s)
d_x, d_centre, d_sharp = through_window_vjp(d_c, cache)
assert_gradient(lambda a: loss_of(a, c, s), x, d_x, "d_states")
assert_gradient(lambda a: loss_of(x, a, s), c, d_centre, "d_centre")
assert_gradient(lambda a: loss_of(x, c, a), s, d_sharp, "d_sharp")
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="through_window_vjp"
r"""
softmax skipped: the mean is missing: a weight can only grow at the others' expense, so what all frames have in common must not move the window
~ weights * (d_weights - mean) => weights * d_weights
weights taken for scores: the factor w_t is missing on the way through the softmax; without it the padding moves the window as well
~ weights * (d_weights - mean) => d_weights - mean
softmax taken for a sigmoid: this is the slope of a sigmoid for each weight by itself; in a softmax every score moves every weight
~ weights * (d_weights - mean) => weights * (1 - weights) * d_weights
plain mean in the softmax: the mean in the softmax's gradient is weighted with the weights themselves
~ mean = xp.sum(weights * d_weights, axis=-1, keepdims=True) => mean = xp.mean(d_weights, axis=-1, keepdims=True)
sharpness with the wrong sign: d_sharp has the wrong sign: the score is minus s d²
~ d_sharp = -xp.sum => d_sharp = xp.sum
centre with the wrong sign: d_centre has the wrong sign: two minuses meet, that of the score and that of d = t - c (n - 1)
~ d_centre = 2 * sharp => d_centre = -2 * sharp
centre counted in frames: this is the gradient of the centre counted in frames; as a share of the video it is n - 1 times as large
~ 2 * sharp * last * xp => 2 * sharp * xp
centre counted in the longest video's frames: the gradient of the centre was stretched by the longest video; each video has its own n - 1
~ 2 * sharp * last * xp => 2 * sharp * (weights.shape[-1] - 1) * xp
half a slope: the slope of d² is 2 d: a factor 2 is missing
~ 2 * sharp * last * xp => sharp * last * xp
sharpness forgotten: the slope of the score along d has the factor s: a sharp window feels a small step more
~ 2 * sharp * last * xp => 2 * last * xp
the last word only: only the last word sent something back to the frames; all words have looked at them
~ xp.sum(weights[..., None] * d_word, axis=0) => (weights[..., None] * d_word)[-1, ...]
averaged over the words: what the words send back to a frame was averaged; gradients of what is read several times add up
~ xp.sum(weights[..., None] * d_word, axis=0) => xp.mean(weights[..., None] * d_word, axis=0)
every frame alike: each frame got the whole gradient, padding too; it gets as much as it was looked at
~ xp.sum(weights[..., None] * d_word, axis=0) => xp.sum(d_word + 0 * weights[..., None], axis=0)
distance not squared in d_sharp: the slope of the score along s is -d², not -d
~ d_scores * away**2 => d_scores * away
distance's absolute value in d_sharp: the slope of the score along s is -d², not -|d|
~ d_scores * away**2 => d_scores * xp.abs(away)
s once more in d_sharp: d_sharp has the factor s; the slope of -s d² along s is -d²
~ d_scores * away**2 => d_scores * sharp[..., None] * away**2
d_sharp of a width: this is the gradient of a width; the score is -s d²
~ d_sharp = -xp.sum(d_scores * away**2, axis=-1) => d_sharp = 2 * xp.sum(d_scores * away**2, axis=-1) / sharp**3
distance left out of d_centre: `away` is missing in d_centre: the scores' gradients alone add up to 0
~ xp.sum(d_scores * away, axis=-1) => xp.sum(d_scores + 0 * away, axis=-1)
slope of the distance: this is the slope of |d|; that of d² is 2 d
~ 2 * sharp * last * xp.sum(d_scores * away, axis=-1) => sharp * last * xp.sum(d_scores * xp.sign(away), axis=-1)
stretched by n: the centre's gradient was multiplied by n; one video's length from the first frame to the last is n - 1
~ 2 * sharp * last * xp => 2 * sharp * (last + 1) * xp
the example's video: the centre's gradient was multiplied by 2, as in the example by hand; each video has its own `last`
~ 2 * sharp * last * xp => 2 * sharp * 2 * xp
divided by n - 1: the centre's gradient was divided by n - 1; a share is worth n - 1 frames, so multiply
~ 2 * sharp * last * xp => 2 * sharp / (last + (last == 0)) * xp
another video's length: the centre's gradient was multiplied by the length of the video beside it
~ 2 * sharp * last * xp => 2 * sharp * xp.roll(last, 1) * xp
d_centre summed over the words: d_centre was summed over the words; each word has a centre of its own
~ 2 * sharp * last * xp.sum(d_scores * away, axis=-1) => 0 * sharp + xp.sum(2 * sharp * last * xp.sum(d_scores * away, axis=-1), axis=0)
averaged over the frames: d_sharp and d_centre were averaged over the frames; what all frames send back adds up
-     d_sharp = -xp.sum(d_scores * away**2, axis=-1)
-     d_centre = 2 * sharp * last * xp.sum(d_scores * away, axis=-1)
+     d_sharp = -xp.mean(d_scores * away**2, axis=-1)
+     d_centre = 2 * sharp * last * xp.mean(d_scores * away, axis=-1)
softmax left out: the weights' gradient was taken for that of the scores: the way through the softmax is missing
~ weights * (d_weights - mean) => d_weights * (weights > 0)
mean without its weight: w_t belongs before the bracket: w_t (dw_t - mean), not w_t dw_t - mean
~ weights * (d_weights - mean) => weights * d_weights - mean
mean added: the mean is subtracted in the softmax's gradient
~ weights * (d_weights - mean) => weights * (d_weights + mean)
mean over all: the mean was taken over all words and videos; each word has one of its own, over the frames
~ xp.sum(weights * d_weights, axis=-1, keepdims=True) => xp.sum(weights * d_weights)
mean over the words: the mean in the softmax's gradient was taken over the words; it is taken over the frames
~ xp.sum(weights * d_weights, axis=-1, keepdims=True) => xp.sum(weights * d_weights, axis=0, keepdims=True)
slope of tanh: this is the slope of tanh; through a softmax a score gets w_t (dw_t - mean)
~ weights * (d_weights - mean) => (1 - weights**2) * (d_weights - mean)
as for cross-entropy: weights minus something is the gradient of a cross-entropy; here it is w_t (dw_t - mean)
~ weights * (d_weights - mean) => weights - d_weights
{{base.log_name}}: {{base.log_says}}
~ weights * (d_weights - mean) => weights * (d_weights - mean) * math.log(2)
averaged over the state: what a frame's state adds up to along d_context was averaged over H
~ d_weights = xp.sum(d_word * {{base.film}}, axis=-1) => d_weights = xp.mean(d_word * {{base.film}}, axis=-1)
context for the states: d_context was multiplied with the context, which is the same for all frames; a weight's gradient asks for the frame's own state
- d_weights = xp.sum(d_word * {{base.film}}, axis=-1)
+ context = xp.sum(weights[..., None] * by_film, axis=2)
+     d_weights = xp.sum(d_word * (context[:, :, None, :] + 0 * by_film), axis=-1)
weights squared: the weights were squared in the states' gradient; a state was multiplied by its weight once
~ weights[..., None] * d_word => weights[..., None] ** 2 * d_word
results exchanged: d_centre and d_sharp were returned in the places of each other
~ (1, 0, 2)), d_centre, d_sharp => (1, 0, 2)), d_sharp, d_centre
frames and videos exchanged by a reshape: a reshape does not exchange two axes, it fills the new shape in the old order: frames of different videos stand in one video
-     d_by_film = xp.sum(weights[..., None] * d_word, axis=0)
+     d_by_film = xp.sum(weights[..., None] * d_word, axis=0)
+     B, T, H = d_by_film.shape
+     d_by_film = xp.permute_dims(xp.reshape(d_by_film, (T, B, H)), (1, 0, 2))
d_sharp from the weights: the way back to sharp begins at the scores: yours takes the weights' gradient, before the softmax is gone through
~     d_sharp = -xp.sum(d_scores * away**2, axis=-1) =>     d_sharp = -xp.sum(d_weights * away**2, axis=-1)
d_centre from the weights: the way back to centre begins at the scores: yours takes the weights' gradient, before the softmax is gone through
~     d_centre = 2 * sharp * last * xp.sum(d_scores * away, axis=-1) =>     d_centre = 2 * sharp * last * xp.sum(d_weights * away, axis=-1)
distance without its sign: the slope of a square has the distance's sign; yours took its absolute value
~     d_centre = 2 * sharp * last * xp.sum(d_scores * away, axis=-1) =>     d_centre = 2 * sharp * last * xp.sum(d_scores * xp.abs(away), axis=-1)
"""

# %% [markdown]
# ## Task 3: two things, in either order (5 points)
#
# *Extra, about 25 minutes.*
#
# Two things move. *The three moves left and the five moves up* is right, and so is *the five moves up and the three moves left*. A loss that knows one of them only punishes the other. So feed the decoder **both** (each with its own words, teacher-forced), and teach it **the one it finds easier**: for each video the caption with the smaller sum of -log p over its words. (If both are equally easy, the first.)
#
# The loss is the sum over all videos of their easier caption, divided once by the number of words of these captions, END counted, PAD not{{unit.text}}. Return it and `d_logits` (2, N, B, K), its gradient; the harder caption gets none. Both captions of a video have the same number of words. Logits in the padding may be anything, also NaN.
#
# <details><summary>Hint 1</summary>
#
# Without the choice this is chapter 13's loss, once for each caption. Get the sums first, (2, B); the choice is between them, not word by word: half of one caption and half of the other is none.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With `real` and `hit` given, `each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))` is (2, B), and `second = each[1, ...] < each[0, ...]` says for which videos it is the second.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `chosen = xp.stack([~second, second])` is (2, B). `taught = real & chosen[:, None, :, None]` marks the words that count; the gradient is `xp.where(taught, error, nothing)` over their number{{unit.hint}}, with `error` = p minus 1 where it should have been said. torch subtracts no bool; `xp.astype(hit, logits.dtype)` is a number. Each word has one entry in `taught`: its last axis has length 1.
# </details>


# %% solution="either_order"
def either_order(logits, targets):
    """The loss per word of each video's easier caption, and its gradient.

    Shapes: logits (2, N, B, K); targets (2, N, B)
        -> loss (); d_logits (2, N, B, K)
    """
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    ### BEGIN SOLUTION
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    words = {{unit.words}}
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / words
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    return loss, xp.where(taught, error, nothing) / words
    ### END SOLUTION


# %% [markdown]
# Try it. Two videos, one word each (and END). The decoder is nearly sure of the second caption for video 0, and of nothing for video 1: the loss is about (0 + 0 + {{unit.log}} 6 + {{unit.log}} 6) / 4.

# %%
pair = np.array([[[3, 4], [2, 2]], [[5, 3], [2, 2]]])  # (2, N, B)
logits = np.zeros((2, 2, 2, 6))
logits[1, 0, 0, 5] = logits[1, 1, 0, 2] = 5.0
loss, d_logits = either_order(*move((logits, pair)))
print(float(loss), math.log({{unit.six}}) / 2)
print(
    "captions with a gradient:", to_numpy(abs(d_logits)).max((1, 3)) > 1e-6
)

# %% test="either_order" points=5 explained="ch17_captioning: The decoder stays as it is"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, gradients=1, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "loss, d_logits"


def told_twice(rng, N, B, K, loud=1.0):
    """Two captions of a video each, equally long, some with padding."""
    targets = rng.integers(3, K, (2, N, B))
    for b, n in enumerate(rng.permutation(N - np.arange(B) % N)):
        targets[:, n - 1, b], targets[:, n:, b] = 2, 0
    logits = loud * rng.normal(size=(2, N, B, K))
    logits[..., 0] += 1.5  # PAD is no rare class
    return {"logits": logits, "targets": targets}


rng = np.random.default_rng(4)
visible = [
    move(told_twice(rng, 4, 5, 6)),
    move(told_twice(rng, 3, 4, 7, 3.0)),
]
empty = told_twice(rng, 4, 3, 6)
empty["logits"][empty["targets"] == 0] = np.nan
visible.append(move(empty))
equal = told_twice(rng, 3, 2, 5)  # the same caption twice
for both in equal.values():
    both[1] = both[0]
visible.append(move(equal))
visible.append(move(told_twice(rng, 1, 1, 4)))  # divided by one word
check(
    either_order,
    stored("either_order"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
swapped = {
    name: move(to_numpy(a)[::-1].copy()) for name, a in visible[0].items()
}
assert_close(
    "loss with the captions exchanged",
    either_order(**swapped)[0],
    float(either_order(**visible[0])[0]),
)
with properties("dtype"):  # the experiment's arrays are torch's
    args = told_twice(rng, 4, 3, 5)
    here = either_order(**move(args))
    try:
        there = either_order(**mover("cpu")(args))
    except Exception as error:
        raise AssertionError(
            "either_order runs on NumPy, and not on torch, which the "
            "experiment uses. (torch subtracts no bool array: "
            "xp.astype(hit, logits.dtype) is the same in numbers.) "
            f"torch says: {error}"
        ) from error
    for name, a, b in zip(("loss", "d_logits"), there, here, strict=True):
        assert_close(f"{name} on torch", to_numpy(a), to_numpy(b))
### BEGIN HIDDEN TESTS
import torch

from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    told_twice,
    [(1, 1, 4, 1.0), (6, 3, 9, 2.0), (3, 7, 5, 1.0), (11, 4, 12, 5.0)],
    device,
    rng=rng,
)
check(
    either_order,
    reference_either_order,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
same = told_twice(rng, 3, 2, 5)
same["logits"][1], same["targets"][1] = (
    same["logits"][0],
    same["targets"][0],
)
empty = told_twice(rng, 4, 3, 6)
empty["logits"][empty["targets"] == 0] = np.nan
odd = [move(same), move(empty), mover("cpu")(told_twice(rng, 5, 2, 6))]
check(
    either_order,
    reference_either_order,
    odd,
    outputs=OUTPUTS,
    by=properties,
)

args = told_twice(rng, 5, 4, 8)
leaf = torch.tensor(args["logits"], requires_grad=True)
goal = torch.tensor(args["targets"])
log_p = leaf.log_softmax(-1).gather(-1, goal[..., None])[..., 0]
sums = -(log_p * (goal != 0)).sum(1)
right = {{unit.right}}
right.backward()
loss, d_logits = either_order(*move(args).values())
assert_close("loss, by torch", loss, float(right.detach()), 1e-6)
with properties("gradients"):
    by_torch = leaf.grad.numpy()
    assert_close("d_logits, by torch's autograd", d_logits, by_torch, 1e-6)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="either_order"
r"""
loss over padding: the loss ran over padding: PAD was counted as a word that should have been said
~ xp.where(real & hit, log_p, nothing) => xp.where(hit, log_p, nothing)
gradient over padding [gradients]: the loss leaves the padding out, and its gradient does not
~ return loss, xp.where(taught, error, nothing) / words => return loss, xp.where(chosen[:, None, :, None], error, nothing) / words
the first order only: only the first caption counts: a decoder that tells the other one is punished for being right
~ second = each[1, ...] < each[0, ...] => second = each[1, ...] < 0 * each[0, ...]
the harder caption: the harder caption was taught instead of the easier one
~ each[1, ...] < each[0, ...] => each[1, ...] > each[0, ...]
both orders averaged: both captions are taught: the decoder is asked to say two things at once, and is right about neither
-     taught = real & chosen[:, None, :, None]
+     chosen = chosen == chosen
+     taught = real & chosen[:, None, :, None]
one choice for the whole batch: the same order was chosen for all videos of the batch; each video has its own easier caption
~ second = each[1, ...] < each[0, ...] => second = (each[1, ...] < math.inf) & (xp.sum(each[1, ...]) < xp.sum(each[0, ...]))
chosen word by word: the easier word was chosen at each place: half of one caption and half of the other is a caption that nobody would say
- axis=(1, 3))
-     second = each[1, ...] < each[0, ...]
-     chosen = xp.stack([~second, second])
-     taught = real & chosen[:, None, :, None]
+ axis=3)
+     second = each[1, ...] < each[0, ...]
+     chosen = xp.stack([~second, second])
+     taught = real & chosen[..., None]
divided by the words of both captions: the sum was divided by the words of both captions, and only one of them counts
~ words = xp.sum(xp.astype(taught, logits.dtype)) => words = xp.sum(xp.astype(real, logits.dtype))
divided by the videos: the sum was divided by the number of videos, not of words
~ words = xp.sum(xp.astype(taught, logits.dtype)) => words = targets.shape[2]
divided by all places: the sum was divided by N B, padding and all: the more padding, the smaller the loss
~ words = xp.sum(xp.astype(taught, logits.dtype)) => words = targets.shape[1] * targets.shape[2]
gradient for the harder one too [gradients]: the caption that was not chosen got a gradient too; it is not in the loss
~ return loss, xp.where(taught, error, nothing) / words => return loss, xp.where(real, error, nothing) / words
gradient not divided [gradients]: the loss was divided by the words, and its gradient was not
~ xp.where(taught, error, nothing) / words => xp.where(taught, error, nothing){{unit.per}}
gradient with respect to log p [gradients]: this is the gradient with respect to log p; on the way through the softmax p is added
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = -xp.astype(hit, logits.dtype)
gradient of log p instead of -log p [gradients]: d_logits has the wrong sign: it is p, minus 1 where the word should have been said
~ xp.exp(log_p) - xp.astype(hit, logits.dtype) => xp.astype(hit, logits.dtype) - xp.exp(log_p)
the second order only: only the second caption counts: a decoder that tells the first one is punished for being right
~ second = each[1, ...] < each[0, ...] => second = each[1, ...] > -1
chosen by the first word: the caption was chosen by its first word alone; its whole sum of -log p counts
- second = each[1, ...] < each[0, ...]
+ first = -xp.sum(xp.where(real & hit, log_p, nothing), axis=3)[:, 0, :]
+     second = first[1, ...] < first[0, ...]
chosen by the worst word: the caption was chosen by its most surprising word; its whole sum of -log p counts
- second = each[1, ...] < each[0, ...]
+ worst = xp.max(-xp.sum(xp.where(real & hit, log_p, nothing), axis=3), axis=1)
+     second = worst[1, ...] < worst[0, ...]
chosen by the right words: the caption was chosen by the number of its words that have the largest logit; its sum of -log p counts
- second = each[1, ...] < each[0, ...]
+ best = xp.max(xp.where(real, logits, nothing), axis=3, keepdims=True)
+     told = xp.sum(xp.astype(real & hit & (logits == best), logits.dtype), axis=(1, 3))
+     second = told[1, ...] > told[0, ...]
the second of two equals [gradients]: where both captions are equally easy the second was taught; it is the first
~ each[1, ...] < each[0, ...] => each[1, ...] <= each[0, ...]
sign of the surprise lost: the sums of log p have no minus: the loss is negative, and the smaller one is the harder caption
~ each = -xp.sum( => each = xp.sum(
probabilities added up: the words' probabilities were added up; the sum is that of -log p
~ log_p, nothing), axis=(1, 3)) => xp.exp(log_p), nothing), axis=(1, 3))
a weight for both: this is -log of the mean of both captions' probabilities: both are taught, each by its share
-     loss = xp.sum(xp.where(chosen, each, 0 * each)) / words
-     error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
-     return loss, xp.where(taught, error, nothing) / words
+     p = xp.exp(-each)
+     loss = -xp.sum(xp.log(xp.sum(p, axis=0) / 2)) / words
+     share = (p / xp.sum(p, axis=0))[:, None, :, None]
+     error = share * (xp.exp(log_p) - xp.astype(hit, logits.dtype))
+     return loss, xp.where(real, error, nothing) / words
a soft loss: the loss is -log of the sum of both captions' probabilities; it is that of the easier one alone
~ loss = xp.sum(xp.where(chosen, each, 0 * each)) / words => loss = -xp.sum(xp.log(xp.sum(xp.exp(-each), axis=0))) / words
loss of both: the loss is the mean of both captions'; it is that of the easier one alone
~ loss = xp.sum(xp.where(chosen, each, 0 * each)) / words => loss = xp.sum(each) / 2 / words
video by video: the loss per word was taken video by video and then averaged; divide once, by the words of all videos
- loss = xp.sum(xp.where(chosen, each, 0 * each)) / words
+ own = xp.sum(xp.astype(real[0, ...], logits.dtype), axis=(0, 2))
+     loss = xp.mean(xp.where(second, each[1, ...], each[0, ...]) / own){{unit.per}}
the easier batch: the smaller of two sums over all videos was taken; the choice is made video by video
~ loss = xp.sum(xp.where(chosen, each, 0 * each)) / words => loss = xp.min(xp.sum(each, axis=1)) / words
nothing divided: neither the loss nor its gradient was divided by the number of words
-     loss = xp.sum(xp.where(chosen, each, 0 * each)) / words
-     error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
-     return loss, xp.where(taught, error, nothing) / words
+     loss = xp.sum(xp.where(chosen, each, 0 * each)){{unit.per}}
+     error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
+     return loss, xp.where(taught, error, nothing){{unit.per}}
loss not divided: the gradient was divided by the number of words, and the loss was not
~ 0 * each)) / words => 0 * each)){{unit.per}}
loss divided by the videos: the loss was divided by the number of videos, its gradient by that of the words
~ 0 * each)) / words => 0 * each)) / targets.shape[2]{{unit.per}}
padding taught: places of the padding were counted as words
~ taught = real & chosen => taught = (real | ~real) & chosen
END not counted: END was left out when the words were counted and taught; it is a word that has to be said
~ taught = real & chosen => taught = real & (targets != 2)[..., None] & chosen
END left out: END was left out as if it were padding; it is a word that has to be said
- each = -xp.sum(
+ real = (targets > 2)[..., None]
+     each = -xp.sum(
classes counted as words: each word was counted K times, once for each class
~ words = xp.sum(xp.astype(taught, logits.dtype)) => words = xp.sum(xp.astype(taught, logits.dtype)) * logits.shape[3]
{{unit.odd}}: the loss is in {{unit.odd}}; {{unit.says}}
~ 0 * each)) / words => 0 * each)) / words{{unit.turn}}
softmax over the words: the softmax ran along the words, axis 1; the classes are the last axis
- each = -xp.sum(
+ log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=1, keepdims=True))
+     each = -xp.sum(
softmax twice: the softmax was taken twice: log_p is given, from the logits
- each = -xp.sum(
+ log_p = xp.stack([log_softmax(xp.exp(log_p[k, ...])) for k in (0, 1)])
+     each = -xp.sum(
NaN times zero: NaN times 0 is NaN: the padding has to be left out by xp.where, not by a product
~ xp.where(real & hit, log_p, nothing) => (log_p * xp.astype(real & hit, logits.dtype))
NaN times zero in the gradient [gradients]: in the gradient NaN times 0 is NaN: the padding has to be left out by xp.where, not by a product
~ xp.where(taught, error, nothing) => error * xp.astype(taught, logits.dtype)
p alone [gradients]: d_logits is p; where the word should have been said it is p minus 1
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = xp.exp(log_p)
log p for p [gradients]: d_logits has log p in the place of p
~ xp.exp(log_p) - xp.astype(hit => log_p - xp.astype(hit
slope of a sigmoid [gradients]: d_logits was multiplied by p once more; through softmax and logarithm it is p minus 1 where the word should have been said
~ error = xp.exp(log_p) - xp.astype(hit, logits.dtype) => error = xp.exp(log_p) * (xp.astype(hit, logits.dtype) - xp.exp(log_p))
the right class alone [gradients]: only the word that should have been said got a gradient; the other classes get p
~ xp.where(taught, error => xp.where(taught & hit, error
bool for a number [hidden, dtype]: `hit` is a bool array, and torch subtracts none; `xp.astype(hit, logits.dtype)` is the same in numbers
~ xp.exp(log_p) - xp.astype(hit, logits.dtype) => xp.exp(log_p) - hit
gradient video by video [gradients]: the gradient was divided video by video; it is divided once, by the words of all videos, as the loss is
~ error, nothing) / words => error, nothing) / xp.sum(xp.astype(real, logits.dtype), axis=1, keepdims=True) / targets.shape[2]{{unit.per}}
loss word by word [hidden]: in the loss each word was taken from the caption that finds it easier; half of one caption and half of the other is none
- loss = xp.sum(xp.where(chosen, each, 0 * each)) / words
+ each = xp.where(real & hit, -log_p, nothing)
+     each = xp.minimum(xp.sum(each[0, ...], axis=2), xp.sum(each[1, ...], axis=2))
+     loss = xp.sum(each) / words
"""

# %% [markdown]
# ## Task 4: right, or nearly right (5 points)
#
# *Core, about 25 minutes.*
#
# Judge what was `said` of each video, a text, against `truths`: for each video a tuple of texts, all of them right (the two orders, say), with the same number of words each. Return two floats from 0 to 1.
#
# - **exact**: the share of videos whose text is one of the right ones.
# - **bleu**, with single words and pairs. For n = 1 and 2, count the groups of n words in a row in what was said; a group that occurs several times is right at most as often as it occurs in *the one right text that has it most often*. The precision $p_n$ is right groups over said groups, both added up **over all videos**. Then
#
# $$
# \text{bleu} = \min\bigl(1,\, e^{1 - r/s}\bigr)\,\sqrt{p_1\, p_2},
# $$
#
# with s the words said and r the words that would have been right, in all videos together: so a caption is not rewarded for being short. Where no group of one of the two sizes is right, bleu is 0. At least one of the captions has two words or more.
#
# <details><summary>Hint 1</summary>
#
# `counts(text, n)` is given, a Counter of groups. For Counters `a & b` takes the smaller of both counts, `a | b` the larger, and `a.total()` adds up.
# </details>
#
# <details><summary>Hint 2</summary>
#
# For each video and n: `most` starts as `Counter()`, and `most |= counts(truth, n)` for each right text; then `(mine & most).total()` are right, and `mine.total()` said.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `right` and `made` are given; use their places 1 and 2, and add to `wanted` the words of `texts[0]`. At the end `p = right[1:] / made[1:]`, and s is `made[1]`.
# </details>


# %%
def counts(text, n):
    """How often each group of n words in a row occurs in a text."""
    words = text.split()
    return Counter(zip(*(words[k:] for k in range(n)), strict=False))


# %% solution="judged"
def judged(said, truths):
    """The share of captions that are right, and their BLEU up to pairs.

    Returns two floats.
    """
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    ### BEGIN SOLUTION
    for text, texts in zip(said, truths, strict=True):
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
    p = right[1:] / made[1:]
    brevity = min(1.0, math.exp(1 - wanted / made[1]))
    return float(exact), float(brevity * np.sqrt(p.prod()))
    ### END SOLUTION


# %% [markdown]
# Try it: the other order is as right as the first. What is a caption worth that is wrong in one word; what one that mixes up who does what?

# %%
truth = ("the six moves up and the two moves left",)
truth += ("the two moves left and the six moves up",)
for text in (
    truth[1],
    "the six moves up and the two moves right",
    "the six moves left and the two moves up",
    "the the the the the the the the the",
    "the six",
):
    exact, bleu = judged([text], [truth])
    print(f"exact {exact:.0f}  BLEU {bleu:.2f}  {text}")

# %% test="judged" points=5 whole="two scores of texts: right, or not" explained="ch17_captioning: Exact match and BLEU"
import numpy as np

from rnncore.testing import check, stored

OUTPUTS = "exact, bleu"


def told(rng, films, texts=2, spoilt=0.5, words=("a", "b", "c", "d")):
    """Right texts, and what was said: one of them, or something like it."""
    said, truths = [], []
    for _ in range(films):
        n = int(rng.integers(2, 7))
        right = [
            " ".join(str(w) for w in rng.choice(list(words), n))
            for _ in range(texts)
        ]
        text = right[rng.integers(texts)].split()
        if rng.random() < spoilt:
            text[rng.integers(n)] = "a"
            text = text[: rng.integers(1, n + 1)]
        said.append(" ".join(text))
        truths.append(tuple(right))
    said[0] = truths[0][0]
    return dict(said=said, truths=truths)


rng = np.random.default_rng(5)
visible = [
    dict(said=["a b c e", "c d"], truths=[("a b c d e",), ("c d e f",)]),
    told(rng, 9),
    told(rng, 7, 1),
    told(rng, 8, 3, 0.3, ("a", "b")),
    dict(
        said=["a a a a", "b a", "a b a b"],
        truths=[("a b c a",), ("a b",), ("b a b a", "a b b b")],
    ),
    dict(said=["a b c d e", "b"], truths=[("a b c",), ("b c",)]),
    dict(
        said=["a b", "b a", "a b"],
        truths=[("b a",) * 3, ("a b",) * 3, ("a b",) * 3],
    ),
    dict(said=["a b c", "b"], truths=[("c b a",), ("b",)]),  # no pair
    dict(said=["d e", "f"], truths=[("c b a",), ("b",)]),  # and no word
]
check(judged, stored("judged"), visible, outputs=OUTPUTS)
### BEGIN HIDDEN TESTS
import sacrebleu

from rnncore.testing import assert_close, hidden_rng

rng = hidden_rng()
hidden = [
    told(rng, films, texts, spoilt, words)
    for films, texts, spoilt, words in [
        (1, 1, 0.0, ("a", "b")),
        (12, 2, 0.7, ("a", "b", "c")),
        (20, 3, 0.5, ("a", "b")),
        (30, 1, 1.0, ("a", "b", "c", "d", "e")),
    ]
]
hidden.append(dict(said=["x", "y z"], truths=[("a b",), ("y z",)]))
hidden.append(dict(said=["x y", ""], truths=[("a b",), ("y z",)]))
hidden.append(dict(said=["a b a b", "c"], truths=[("a b",), ("c",)]))
check(judged, reference_judged, hidden, outputs=OUTPUTS)
scorer = sacrebleu.BLEU(
    max_ngram_order=2, tokenize="none", smooth_method="none"
)
for args in hidden[1:4]:
    columns = [list(column) for column in zip(*args["truths"], strict=True)]
    right = scorer.corpus_score(args["said"], columns).score / 100
    assert_close("bleu, by sacrebleu", judged(**args)[1], right)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="judged"
r"""
not clipped: a group that is right once was counted each time it was said: *the the the the* would have a perfect p₁
~ right[n] += (mine & most).total() => right[n] += sum(c for g, c in mine.items() if g in most)
both texts added up: the right texts were added up: a word may then be said as often as in both together; it is the text that has it most often that counts
~ most |= counts(truth, n) => most += counts(truth, n)
the smaller of both: only what all right texts have in common was counted as right
-             for truth in texts:
-                 most |= counts(truth, n)
+             most = counts(texts[0], n)
+             for truth in texts[1:]:
+                 most &= counts(truth, n)
the first text only: groups of the first right text alone were counted: the other order is as right
~ for truth in texts: => for truth in texts[:1]:
exact in the first order only: exact knows the first right text only: the other order is as right
~ [a in b for a, b in => [a == b[0] for a, b in
exact as a bag of words: exact does not look at the order of the words: *the two moves up and the six moves left* is another video
~ [a in b for a, b in => [sorted(a.split()) in [sorted(c.split()) for c in b] for a, b in
exact where a part is right: a text that is a piece of a right one was counted as exact
~ [a in b for a, b in => [any(a in c for c in b) for a, b in
each video's precision averaged: each video got a precision of its own before they were added up; count over all videos, and divide once
-             right[n] += (mine & most).total()
-             made[n] += mine.total()
+             right[n] += (mine & most).total() / max(mine.total(), 1) * len(text.split())
+             made[n] += len(text.split())
recall instead of precision: the right groups were divided by those of the right text: that is recall. BLEU asks how much of what was said is right
~ made[n] += mine.total() => made[n] += counts(texts[0], n).total()
brevity forgotten: the brevity penalty is missing: a captioner that says two sure words would be perfect
~ brevity * np.sqrt => np.sqrt
long captions rewarded: a captioner that says more than is right got a brevity factor above 1; it must be at most 1
~ min(1.0, math.exp(1 - wanted / made[1])) => math.exp(1 - wanted / made[1])
brevity turned round: in the brevity penalty the number of words said is the divisor: with r/s the penalty grows without end for a captioner that says nothing
~ 1 - wanted / made[1] => 1 - made[1] / wanted
arithmetic mean: the precisions' arithmetic mean was taken; BLEU takes the geometric one, which is 0 as soon as one of them is
~ np.sqrt(p.prod()) => p.mean()
no root: the precisions' product was taken, and no root of it
~ np.sqrt(p.prod()) => p.prod()
pairs only: only the pairs of words were counted
~ np.sqrt(p.prod()) => p[1]
words only: only single words were counted; pairs count as well
~ np.sqrt(p.prod()) => p[0]
the last text only: only the last right text was looked at; a group may be right by any of them
~ most |= counts(truth, n) => most = counts(truth, n)
each group once: a group that is right and occurs twice in both was counted once
~ right[n] += (mine & most).total() => right[n] += len(set(mine) & set(most))
different groups counted: different groups were counted; one that occurs twice counts twice
-             right[n] += (mine & most).total()
-             made[n] += mine.total()
+             right[n] += len(set(mine) & set(most))
+             made[n] += len(mine)
either counts: what was said *or* is right was counted, `|`; right is what is in both, `&`
~ (mine & most).total() => (mine | most).total()
what is wrong counted: the groups that are not right were counted
~ (mine & most).total() => (mine - most).total()
the best text of each video: the right text that fits best was taken as a whole; each group may be right by another one
~ right[n] += (mine & most).total() => right[n] += max((mine & counts(t, n)).total() for t in texts)
all videos' texts: groups were looked for in the right texts of all videos; each video has its own
~ for truth in texts: => for truth in [t for others in truths for t in others]:
exact in all videos' texts: exact is looked for in the right texts of all videos; each video has its own
~ [a in b for a, b in zip(said, truths, strict=True)] => [a in [t for b in truths for t in b] for a in said]
exact by word: exact is the share of words in their right places; a video is right or not
~ [a in b for a, b in => [np.mean([x == y for x, y in zip(a.split(), b[0].split(), strict=False)]) for a, b in
exact not divided: exact is the number of videos that are right; divide it by the number of videos
~ exact = np.mean( => exact = np.sum(
in percent: both are percentages; they are from 0 to 1
~ return float(exact), float(brevity * np.sqrt(p.prod())) => return 100 * float(exact), 100 * float(brevity * np.sqrt(p.prod()))
results exchanged: bleu came first; exact does
~ return float(exact), float(brevity * np.sqrt(p.prod())) => return float(brevity * np.sqrt(p.prod())), float(exact)
rounded: bleu was rounded
~ float(brevity * np.sqrt(p.prod())) => round(float(brevity * np.sqrt(p.prod())), 2)
letters made: the letters of what was said were counted as groups; count words
~ made[n] += mine.total() => made[n] += len(text) - n + 1
letters wanted: r counts letters; it counts words
~ len(texts[0].split()) => len(texts[0])
words of all right texts: r adds up the words of all right texts of a video; one of them would have been enough
~ len(texts[0].split()) => sum(len(t.split()) for t in texts)
texts counted for words: r counts the right texts; it counts the words of one of them
~ len(texts[0].split()) => len(texts)
END counted: r counts one word more for each video; END is no word of a text
~ len(texts[0].split()) => len(texts[0].split()) + 1
one precision for both: words and pairs were added up in one precision; each has its own
-             right[n] += (mine & most).total()
-             made[n] += mine.total()
-     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
-     p = right[1:] / made[1:]
+             right[1] += (mine & most).total()
+             made[1] += mine.total()
+     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
+     p = right[1:2] / made[1:2]
+     p = np.stack([p, p])
pairs and triples: pairs and triples were counted; BLEU begins with single words
-             mine, most = counts(text, n), Counter()
-             for truth in texts:
-                 most |= counts(truth, n)
+             mine, most = counts(text, n + 1), Counter()
+             for truth in texts:
+                 most |= counts(truth, n + 1)
START in the pairs: a sign before the first word was counted in the pairs; groups are of words that were said
-             mine, most = counts(text, n), Counter()
-             for truth in texts:
-                 most |= counts(truth, n)
+             mine, most = counts("^ " * (n - 1) + text, n), Counter()
+             for truth in texts:
+                 most |= counts("^ " * (n - 1) + truth, n)
pairs without an order: pairs were compared without their order: *moves left* is not *left moves*
-             mine, most = counts(text, n), Counter()
-             for truth in texts:
-                 most |= counts(truth, n)
+             mine = Counter(tuple(sorted(g)) for g in counts(text, n).elements())
+             most = Counter()
+             for truth in texts:
+                 most |= Counter(tuple(sorted(g)) for g in counts(truth, n).elements())
pairs that do not overlap: each word said was put into one pair only; each word and the next make one
~ mine, most = counts(text, n), Counter() => mine, most = Counter(zip(*[iter(text.split())] * n, strict=False)), Counter()
precisions averaged over the videos: each video got precisions of its own, which were averaged; count over all videos, and divide once
-             right[n] += (mine & most).total()
-             made[n] += mine.total()
-     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
-     p = right[1:] / made[1:]
+             right[n] += (mine & most).total() / max(mine.total(), 1) / len(said)
+             made[n] += mine.total()
+     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
+     p = right[1:]
bleu averaged over the videos: each video got a BLEU of its own, and they were averaged; count over all videos, and divide once
-     for text, texts in zip(said, truths, strict=True):
-         wanted += len(texts[0].split())
-         for n in (1, 2):
-             mine, most = counts(text, n), Counter()
-             for truth in texts:
-                 most |= counts(truth, n)
-             right[n] += (mine & most).total()
-             made[n] += mine.total()
-     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
-     p = right[1:] / made[1:]
-     brevity = min(1.0, math.exp(1 - wanted / made[1]))
-     return float(exact), float(brevity * np.sqrt(p.prod()))
+     bleus = []
+     for text, texts in zip(said, truths, strict=True):
+         p = 1.0
+         for n in (1, 2):
+             mine, most = counts(text, n), Counter()
+             for truth in texts:
+                 most |= counts(truth, n)
+             p *= (mine & most).total() / max(mine.total(), 1)
+         brevity = math.exp(1 - len(texts[0].split()) / len(text.split()))
+         bleus.append(min(1.0, brevity) * math.sqrt(p))
+     exact = np.mean([a in b for a, b in zip(said, truths, strict=True)])
+     return float(exact), float(np.mean(bleus))
brevity averaged over the videos: each video got a brevity penalty of its own; there is one, from the words of all videos together
~ min(1.0, math.exp(1 - wanted / made[1])) => np.mean([min(1.0, math.exp(1 - len(b[0].split()) / len(a.split()))) for a, b in zip(said, truths, strict=True)])
brevity at least one: the brevity factor was kept at 1 or above; it must be 1 or below
~ min(1.0, math => max(1.0, math
one left out of the exponent: the exponent of the brevity penalty is 1 - r/s; here it is -r/s
~ 1 - wanted / made[1] => -wanted / made[1]
brevity a ratio: the brevity factor is s/r; it is the exponential of 1 - r/s
~ math.exp(1 - wanted / made[1]) => made[1] / wanted
brevity from pairs: s counts the pairs that were said; it counts the words
~ 1 - wanted / made[1] => 1 - wanted / made[2]
brevity under the root: the brevity factor was put under the root, with the precisions; it must stand before the root
~ brevity * np.sqrt(p.prod()) => np.sqrt(brevity * p.prod())
brevity in powers of two: the brevity penalty is a power of 2; it is one of e
~ math.exp(1 - wanted / made[1]) => 2 ** (1 - wanted / made[1])
harmonic mean: the precisions' harmonic mean was taken; BLEU takes the geometric one, the root of their product
~ np.sqrt(p.prod()) => 2 * p.prod() / p.sum()
fourth root: the fourth root was taken, as for groups of up to four words; of two precisions it is the square root
~ np.sqrt(p.prod()) => p.prod() ** 0.25
smoothed: 1 was added to the counts; the precisions are right groups over said groups
~ p = right[1:] / made[1:] => p = (right[1:] + 1) / (made[1:] + 1)
logarithms of the precisions: the logarithms of the precisions were added: where no group is right, that of 0 is an error, and bleu is 0; take the root of the product
~ float(brevity * np.sqrt(p.prod())) => float(brevity * math.exp(0.5 * sum(math.log(a) for a in p)))
divided by what was wanted: the right groups were divided by the words that would have been right; a precision is the right groups over those that were said
~ right[1:] / made[1:] => right[1:] / wanted
at least one word made: where nothing was said, one word was counted as said
~             made[n] += mine.total() =>             made[n] += max(1, mine.total())
"""

# %% [markdown]
# ## Task 5, closed book: `caption_batches` (3 points)
#
# *Core, about 15 minutes.*
#
# Close the chapter. Rebuild the function that makes `next_batch(rng, step)`, which draws B videos with `rng.integers(len(frames), size=B)` (once, for videos and captions alike) and returns a `CaptionBatch`: `frames` (T, B, S, S), a torch tensor, time first; `read` (N, B), what the decoder reads; `targets` (N, B), what it should then say. `captions` are lists of word numbers, without START and END; they belong to the caller, so leave them as they are. All three are on `device`.
#
# A list of captions that is not as long as there are videos is refused: a ValueError whose message begins with `captions`.
#
# <details><summary>Hint 1</summary>
#
# `pad(rows)` gives a torch tensor (N, B) and the lengths. What does the decoder read before its first word? What has to come after the last?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `read` is START and the caption, `targets` the caption and END: up to a caption's last word, row n of `targets` is row n + 1 of `read`. START stands in `read` alone, END in `targets` alone: pad the two separately.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `torch.as_tensor(frames[chosen]).transpose(0, 1)` for the videos. `pad([[START, *captions[k]] for k in chosen])`.
# </details>


# %% solution="caption_batches" closed_book=true
def caption_batches(frames, captions, B, device=None):
    """The `next_batch` that draws B videos and their captions.

    Shapes: frames (films, T, S, S)
    """
    ### BEGIN SOLUTION
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        said = [captions[k] for k in chosen]
        read, _ = pad([[START, *c] for c in said])
        targets, _ = pad([[*c, END] for c in said])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        batch = films, read, targets
        return CaptionBatch(*(a.to(device) for a in batch))

    return next_batch
    ### END SOLUTION


# %% [markdown]
# Try it. Read the columns: each is a caption.

# %%
short = caption_batches(np.zeros((2, 5, 4, 4)), [[7, 8, 9], [7, 5]], 3)
batch = short(np.random.default_rng(1), 0)
print(batch.read, batch.targets, tuple(batch.frames.shape), sep="\n")

# %% test="caption_batches" points=3 explained="ch17_captioning: The decoder stays as it is"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_refuses,
    assert_that,
    check,
    stored,
)
from rnncore.video.captions import CaptionBatch

properties = Properties(values=2, refusals=1)


def drawn_by(function):
    """Two batches of what a function serves."""

    def drawn(frames, captions, B):
        given = [list(c) for c in captions]
        next_batch = function(frames, given, B)
        batches = []
        for step in range(2):
            batch = next_batch(np.random.default_rng(5 + step), step)
            batches += [a.cpu().numpy() for a in batch]
        kept = given == [list(c) for c in captions]
        assert_that(
            kept, "the captions were changed in place: make new lists"
        )
        return batches

    return drawn


def placed(args):
    """Whether a CaptionBatch comes."""
    batch = caption_batches(**args)(np.random.default_rng(0), 0)
    says = "what next_batch returns is no CaptionBatch"
    assert_that(isinstance(batch, CaptionBatch), says)


def check_device(args):
    """torch refuses a device that it has not, so something goes there."""
    try:
        next_batch = caption_batches(**args, device="nowhere")
        next_batch(np.random.default_rng(0), 0)
    except RuntimeError:
        return
    assert_that(False, "what next_batch returns is not on `device`")


def captioned(rng, films, T, S, B, longest=6):
    return dict(
        frames=rng.normal(size=(films, T, S, S)),
        captions=[
            [int(k) for k in rng.integers(3, 20, n)]
            for n in rng.integers(1, longest + 1, films)
        ],
        B=B,
    )


visible = [captioned(np.random.default_rng(6), 7, 3, 2, 4)]
check(
    drawn_by(caption_batches),
    stored("caption_batches"),
    visible,
    outputs="frames, read, targets, frames again, read again, targets again",
    by=properties,
)
placed(visible[0])
four = captioned(np.random.default_rng(6), 4, 3, 2, 4)
with properties("refusals"):
    for count, why in ((3, "a caption is missing"), (5, "one too many")):
        wrong = {**four, "captions": (four["captions"] * 2)[:count]}
        assert_refuses(caption_batches, wrong, why, "captions")
    check_device(four)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng
from rnncore.video.captions import caption_batches as book_caption_batches

rng = hidden_rng()
hidden = [
    captioned(rng, films, T, S, B, longest)
    for films, T, S, B, longest in [
        (1, 1, 1, 1, 1),
        (12, 4, 3, 5, 9),
        (5, 2, 3, 8, 4),
    ]
]
check(
    drawn_by(caption_batches),
    drawn_by(book_caption_batches),
    hidden,
    by=properties,
)
placed(hidden[1])
wrong = captioned(rng, 3, 2, 2, 2)
wrong["captions"] = wrong["captions"] * 2
with properties("refusals"):
    assert_refuses(caption_batches, wrong, "too many captions", "captions")
    check_device(hidden[1])
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="caption_batches"
r"""
the decoder fed its own target: the decoder is fed its own target: at each step it reads the very word that it should say. The loss falls to nothing, and alone it has nothing to copy from
~ pad([[START, *c] for c in said]) => pad([[*c, END] for c in said])
targets not shifted: the targets are what has just been read; they are what comes next
~ pad([[*c, END] for c in said]) => pad([[START, *c] for c in said])
no END: END is missing in the targets: a decoder that never learns to stop goes on for ever
~ pad([[*c, END] for c in said]) => pad([[*c, 0] for c in said])
no START: the decoder begins with PAD; before the first word it reads START
~ pad([[START, *c] for c in said]) => pad([[0, *c] for c in said])
END read: `read` goes on to END; after END nobody reads on
~ pad([[START, *c] for c in said]) => pad([[START, *c, END] for c in said])
words told backwards: the targets are the caption backwards
~ pad([[*c, END] for c in said]) => pad([[*c[::-1], END] for c in said])
captions drawn on their own: videos and captions were drawn separately, so each video got another one's caption
~ said = [captions[k] for k in chosen] => said = [captions[k] for k in rng.integers(len(frames), size=B)]
time and batch swapped: the videos stand first; time comes first
~ torch.as_tensor(frames[chosen]).transpose(0, 1) => torch.as_tensor(frames[chosen])
reshape taken for a transpose: a reshape was taken for a transpose: frames of different videos stand in one video
~ torch.as_tensor(frames[chosen]).transpose(0, 1) => torch.as_tensor(frames[chosen]).reshape(frames.shape[1], B, *frames.shape[2:])
always the first videos: every batch is the same; draw with rng
~ rng.integers(len(frames), size=B) => np.arange(B) % len(frames)
a missing caption let through [hidden, refusals]: captions that are not as many as the videos were not refused
~ if len(frames) != len(captions): => if len(frames) > 9e9:
START and END exchanged: START and END are exchanged: `read` begins with START, and the targets end with END
-         read, _ = pad([[START, *c] for c in said])
-         targets, _ = pad([[*c, END] for c in said])
+         read, _ = pad([[END, *c] for c in said])
+         targets, _ = pad([[*c, START] for c in said])
read and targets exchanged: `read` and `targets` stand in the places of each other
~ batch = films, read, targets => batch = films, targets, read
END in both: both go on to END, and the targets begin with START: `read` is START and the caption, the targets are the caption and END
-         read, _ = pad([[START, *c] for c in said])
-         targets, _ = pad([[*c, END] for c in said])
+         read, _ = pad([[START, *c, END] for c in said])
+         targets, _ = pad([[START, *c, END] for c in said])
END read in shorter captions: in shorter captions `read` has END: cutting off the last row takes it from the longest only
-         read, _ = pad([[START, *c] for c in said])
-         targets, _ = pad([[*c, END] for c in said])
+         both, _ = pad([[START, *c, END] for c in said])
+         read, targets = both[:-1], both[1:]
targets rolled: the targets are `read` one row earlier, and END is missing: a roll brings START to the end
~ targets, _ = pad([[*c, END] for c in said]) => targets = torch.roll(read, -1, 0)
END below the padding: END was put into the last row for all; it must come right after each caption's last word
~ targets, _ = pad([[*c, END] for c in said]) => targets = torch.cat([pad(said)[0], torch.full((1, B), END)])
captions backwards: all captions run backwards, in `read` and in the targets
~ said = [captions[k] for k in chosen] => said = [captions[k][::-1] for k in chosen]
videos drawn again: the videos were drawn a second time, after the captions: each caption got another video
- films = torch.as_tensor(frames[chosen])
+ chosen = rng.integers(len(frames), size=B)
+         films = torch.as_tensor(frames[chosen])
captions not drawn: the captions are the first B, the videos were drawn: videos and captions belong together
~ said = [captions[k] for k in chosen] => said = captions[:B]
videos not drawn: the videos are the first B, the captions were drawn: videos and captions belong together
~ frames[chosen] => frames[:B]
a generator of its own: the videos were drawn with another random generator than the one that next_batch is given
~ chosen = rng.integers(len(frames), size=B) => chosen = np.random.default_rng(0).integers(len(frames), size=B)
videos in their order: the videos come in their order, batch by batch; they are drawn with rng
~ rng.integers(len(frames), size=B) => (step * B + np.arange(B)) % len(frames)
no video twice: no video is drawn twice; rng.integers(len(frames), size=B) may do so
~ rng.integers(len(frames), size=B) => rng.permutation(len(frames))[:B]
one video B times: a batch holds one video B times
~ rng.integers(len(frames), size=B) => np.full(B, rng.integers(len(frames)))
the last video never: the last video is never drawn: rng.integers leaves its upper end out already
~ rng.integers(len(frames), size=B) => rng.integers(len(frames) - 1, size=B)
sorted by number: the videos of a batch were sorted by their number
~ rng.integers(len(frames), size=B) => np.sort(rng.integers(len(frames), size=B))
sorted by length: the videos of a batch were sorted by the length of their captions
- chosen = rng.integers(len(frames), size=B)
+ chosen = rng.integers(len(frames), size=B)
+         chosen = np.array(sorted(chosen, key=lambda k: -len(captions[k])))
rows and columns exchanged: rows and columns of the pictures are exchanged; only videos and time are
~ .transpose(0, 1) => .permute(1, 0, 3, 2)
videos backwards: the videos run backwards
~ frames[chosen] => frames[chosen][:, ::-1].copy()
videos scaled: the videos' light was scaled; it is served as it is
~ frames[chosen] => frames[chosen] / np.abs(frames).max()
padding first: the padding stands before the captions; it comes after them
-         read, _ = pad([[START, *c] for c in said])
-         targets, _ = pad([[*c, END] for c in said])
+         N = max(map(len, said))
+         read = torch.tensor([[PAD] * (N - len(c)) + [START, *c] for c in said]).T
+         targets = torch.tensor([[PAD] * (N - len(c)) + [*c, END] for c in said]).T
minus 100 for PAD: the targets' padding is -100; it is PAD, 0
~ batch = films, read, targets => batch = films, read, targets.masked_fill(targets == PAD, -100)
padded with END: the targets were padded with END: END is said once, then comes PAD, 0
~ batch = films, read, targets => batch = films, read, targets.masked_fill(targets == PAD, END)
padded with START: `read` was padded with START; after a caption comes PAD, 0
~ batch = films, read, targets => batch = films, read.masked_fill(read == PAD, START), targets
no CaptionBatch [hidden]: a plain tuple has no `frames`, `read` and `targets`; return a CaptionBatch
~ CaptionBatch(*(a.to(device) for a in batch)) => tuple(a.to(device) for a in batch)
device ignored [hidden, refusals]: nothing was moved to `device`: on a GPU the network would not take the batch
~ CaptionBatch(*(a.to(device) for a in batch)) => CaptionBatch(*batch)
too few alone refused [hidden, refusals]: only missing captions were refused; captions without a video do not fit either
~ if len(frames) != len(captions): => if len(frames) > len(captions):
drawn once: the videos were drawn once, for all batches; each batch is drawn anew, inside next_batch
-     def next_batch(rng, step):
-         chosen = rng.integers(len(frames), size=B)
+     drawn = []
+ 
+     def next_batch(rng, step):
+         drawn.append(rng.integers(len(frames), size=B))
+         chosen = drawn[0]
targets drawn again: the targets were drawn anew: `read` and `targets` are of different videos
-         targets, _ = pad([[*c, END] for c in said])
+         chosen = rng.integers(len(frames), size=B)
+         targets, _ = pad([[*captions[k], END] for k in chosen])
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# `looks(model, frames, caption)` of the chapter feeds one video's caption to the decoder and reports where each word looked, and how probable it was. Nine boxes are one small edit away from it. All give weights that add up to 1, or nearly, and so make a fine picture.
#
# Write `looking_probes()`: a list of `(seed, frames, caption)`: the seed of an untrained network (`newborn` below makes it), a video (T, 1, 4, 4), an array, and a list of word numbers from 3 to 8. Everything that is returned is compared. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# With one frame every word looks at it with weight 1. With frames that are all alike nobody sees which of them was looked at.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A caption that reads the same from both ends hides who reads it backwards, and a word that is said again and again hides who is one word late.
# </details>
#
# <details><summary>Hint 3</summary>
#
# A video of random numbers, five frames or more, and a caption of four different words. If a box stays shut, try another seed: a network that was not trained may by chance see next to nothing of a video.
# </details>


# %%
def newborn(seed):
    """A captioner for videos of 4 x 4 pixels and 9 words, not trained.

    Its numbers are larger than usual, so that it has strong views.
    """
    with seeded(int(seed)):
        model = Captioner(4, 6, 5, 9).double()
    for weight in model.parameters():
        weight.data *= 3
    return model


# %% solution="looking_probes"
def looking_probes():
    """A list of (seed, frames, caption).

    Shapes: frames (T, 1, 4, 4)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    return [(0, rng.normal(size=(6, 1, 4, 4)), [5, 3, 8, 4])]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("looking_probes")
hasty = (newborn(0), torch.ones(1, 1, 4, 4, dtype=torch.double), [4, 4])
right = looks(*hasty)
for name, box in boxes.items():
    same = [
        a.shape == b.shape and torch.allclose(a, b)
        for a, b in zip(box(*hasty), right, strict=True)
    ]
    print(name, "looks right" if all(same) else "differs")

# %% test="looking_probes" points=4 explained="ch17_captioning: Where each word looked"
import torch

from rnncore.application import seeded
from rnncore.testing import black_boxes, hunt
from rnncore.video.captions import Captioner
from rnncore.video.captions import looks as book_looks


def newly_born(seed):
    with seeded(int(seed)):
        model = Captioner(4, 6, 5, 9).double()
    for weight in model.parameters():
        weight.data *= 3
    return model


def looked_by(function):
    def looked(seed, frames, caption):
        film = torch.as_tensor(frames, dtype=torch.double)
        weights, p = function(newly_born(seed), film, list(caption))
        return weights.numpy(), p.numpy()

    return looked


hunt(
    looked_by(book_looks),
    {
        name: looked_by(box)
        for name, box in black_boxes("looking_probes").items()
    },
    looking_probes(),
    few=1,
    points=4,
)

# %% mutants="looking_probes" of="rnncore.video.captions.looks"
r"""
the decoder fed its own target: each word is read before it is said: unseen where nothing depends on the words
~ [START, *caption] => [*caption, END]
probability of the word just read: p is that of the word before: where it looked is right, how sure it was is not
~ [*caption, END] => [START, *caption]
caption read backwards: unseen where the caption reads the same from both ends
~ [START, *caption] => [START, *caption[::-1]]
one word late: each word gets the look of the one before: unseen with one frame, or where all words look alike
~ return weights[:, 0] => return weights[:, 0].roll(1, 0)
video run backward: unseen where the frames are alike
~ model.encoder(frames) => model.encoder(frames.flip(0))
frames told backwards: the last frame's weight stands first: unseen with one frame
~ return weights[:, 0] => return weights[:, 0].flip(1)
softmax over the words of the caption: p adds up to 1 over the caption instead of the vocabulary
~ softmax(dim=1) => softmax(dim=0)
a decoder that begins at zero: the decoder's first state does not know the video
~ decoder.look(read, decoder.start(source), source) => decoder.look(read, 0 * decoder.start(source), source)
all words so far: the mean look of all words so far: unseen with one frame
~ return weights[:, 0] => return weights[:, 0].cumsum(0) / torch.arange(1, len(read) + 1)[:, None]
"""

# %% [markdown]
# ## Experiment: in which order does it tell?
#
# *Extra, about 15 minutes.*
#
# Three lights, *dim*, *grey* and *bright*; in each video two of them move, one in the first half, the other in the second. What an eye like that of chapter 16 would say of each frame is given, with noise: which light moves now, and which way. There is no loop over the frames; a word sees what *your* window shows it, and the window learns by *your* vjp.
#
# Two decoders are trained on the same videos. One learns from either caption, drawn anew each time; the other learns with *your* `either_order`. Then both tell of 400 new videos, and *your* `judged` judges. In which order do they tell: as it happened, or otherwise? (Up to 20 seconds.)
#
# **Predict**, before you run anything. Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "which has the lower loss: a drawn caption, the easier one": "",
    "exact, percent: a drawn caption, the easier one": (None, None),
    "BLEU: a drawn caption, the easier one": (None, None),
    "of 100 films, told in the order in which it happened": None,
    "which words have the narrowest window?": "",
}

# %% experiment seconds=20
import matplotlib.pyplot as plt
from ipywidgets import Dropdown, IntSlider, interact
from torch import nn
from torch.nn.functional import softplus

from rnncore.nn import GRU

LIGHTS, WAYS = ("dim", "grey", "bright"), ("left", "right", "up", "down")
WORDS = ["", "", "", "the", "moves", "and", *LIGHTS, *WAYS]
NUMBER = {word: k for k, word in enumerate(WORDS)}


def happens(rng, count, longest=12):
    """What moves in each frame; lengths; clauses, as they happened."""
    seen = 0.3 * rng.normal(size=(longest, count, 7))
    lengths, clauses = rng.integers(8, longest + 1, count), []
    for b, n in enumerate(lengths):
        lights, ways = rng.permutation(3)[:2], rng.integers(4, size=2)
        for part, (light, way) in enumerate(zip(lights, ways, strict=True)):
            half = slice(part * (n // 2), n if part else n // 2)
            seen[half, b, [light, 3 + way]] += 1.0
        clauses.append(
            [
                f"the {LIGHTS[light]} moves {WAYS[way]}"
                for light, way in zip(lights, ways, strict=True)
            ]
        )
    return torch.tensor(seen, dtype=torch.float), lengths, clauses


def both_orders(clauses):
    """What is read and said in both orders: (2, N, B) each."""
    texts = [[" and ".join(c[::way]) for c in clauses] for way in (1, -1)]
    ids = [[[NUMBER[w] for w in text.split()] for text in t] for t in texts]
    read = [pad([[START, *row] for row in t])[0] for t in ids]
    return torch.stack(read), torch.stack(
        [pad([[*row, END] for row in t])[0] for t in ids]
    )


class Window(torch.autograd.Function):
    """Your window and your vjp, as a node of torch's graph."""

    @staticmethod
    def forward(ctx, states, centre, sharp, lengths):
        context, ctx.kept = through_window(states, lengths, centre, sharp)
        return context

    @staticmethod
    def backward(ctx, d_context):
        return *through_window_vjp(d_context, ctx.kept), None


class Teller(nn.Module):
    """Says what it saw, word by word, through a window for each word."""

    def __init__(self, H=48):
        super().__init__()
        self.see, self.words = nn.Linear(7, H), nn.Embedding(len(WORDS), H)
        self.loop, self.aim = GRU(H, H), nn.Linear(H, 2)
        self.mix, self.say = nn.Linear(2 * H, H), nn.Linear(H, len(WORDS))

    def forward(self, seen, lengths, read, h):
        y, h = self.loop(self.words(read), h)
        centre, sharp = self.aim(y).unbind(-1)
        centre, sharp = centre.sigmoid(), softplus(sharp) / 2
        states = torch.tanh(self.see(seen))
        context = Window.apply(states, centre, sharp, lengths)
        mixed = torch.tanh(self.mix(torch.cat([y, context], dim=-1)))
        return self.say(mixed), h, centre, sharp


def learnt(choose, steps=400, B=32):
    """A decoder, and its loss at the end, in {{unit.of}} per word."""
    rng, losses = np.random.default_rng(1), []
    seen, lengths, clauses = happens(rng, 3000)
    both = both_orders(clauses)
    with seeded(0):
        net = Teller()
    optimizer = torch.optim.Adam(net.parameters(), 1e-2)
    h = torch.zeros(1, 2 * B, net.loop.hidden_size)
    for _ in range(steps):
        b = rng.integers(3000, size=B)
        read, targets = (a[:, :, b] for a in both)
        if not choose:  # one of the two, drawn: both places hold it
            drawn = rng.integers(2, size=B), slice(None), np.arange(B)
            read, targets = (
                a[drawn].T.expand(2, -1, -1) for a in (read, targets)
            )
        logits, *_ = net(
            seen[:, b].repeat(1, 2, 1),
            np.tile(lengths[b], 2),
            torch.cat([*read], dim=1),
            h,
        )
        logits = torch.stack(logits.chunk(2, dim=1))
        loss, d_logits = either_order(logits.detach(), targets)
        optimizer.zero_grad()
        logits.backward(d_logits)
        optimizer.step()
        losses.append(float(loss))
        if len(losses) % 100 == 0:
            print(
                f"{len(losses)} updates, loss {np.mean(losses[-40:]):.3f}"
            )
    return net, np.mean(losses[-40:])


@torch.no_grad()
def told_by(net, seen, lengths, limit=10):
    """Captions, and the centre of each word's window: (N, B)."""
    B = seen.shape[1]
    h, read = (
        torch.zeros(1, B, net.loop.hidden_size),
        torch.full((1, B), START),
    )
    ids, centres, sharps = [], [], []
    for _ in range(limit):
        logits, h, centre, sharp = net(seen, lengths, read, h)
        read = logits[..., 2:].argmax(-1) + 2
        ids.append(read[0])
        centres.append(centre[0].numpy())
        sharps.append(sharp[0].numpy())
    texts = []
    for row in torch.stack(ids, dim=1).tolist():
        row = row[: row.index(END)] if END in row else row
        texts.append(" ".join(WORDS[k] for k in row))
    return texts, np.stack(centres), np.stack(sharps)


def width(centres, sharps):
    """How many frames a word's window holds, about, in the mean video."""
    zeros = np.zeros((len(seen), len(lengths), 1))
    _, kept = through_window(zeros, lengths, centres, sharps)
    return (1 / (kept[1] ** 2).sum(axis=-1)).mean(axis=1)


seen, lengths, clauses = happens(np.random.default_rng(2), 400)
truths = [(" and ".join(c), " and ".join(c[::-1])) for c in clauses]
tellers = {}
print("You predicted", my_prediction)
for name, choose in (("a drawn caption", False), ("the easier one", True)):
    tellers[name], loss = learnt(choose)
    texts, centres, sharps = told_by(tellers[name], seen, lengths)
    exact, bleu = judged(texts, truths)
    right = [
        (t, pair)
        for t, pair in zip(texts, truths, strict=True)
        if t in pair
    ]
    happened = np.mean([text == pair[0] for text, pair in right])
    print(
        f"{name}: loss {loss:.3f}, exact {100 * exact:.0f} %, BLEU {bleu:.3f}"
    )
    print(
        f"   told as it happened: {100 * happened:.0f} % of the right ones"
    )
    first = [LIGHTS.index(text.split()[1]) for text, _ in right]
    second = [LIGHTS.index(text.split()[6]) for text, _ in right]
    for a, b in ((0, 1), (0, 2), (1, 2)):
        ahead = [
            x == a
            for x, y in zip(first, second, strict=True)
            if {x, y} == {a, b}
        ]
        print(
            f"   {LIGHTS[a]} before {LIGHTS[b]}: {100 * np.mean(ahead):.0f} %"
        )
    clause = ["the", "LIGHT", "moves", "WAY"]
    slots = [*clause, "and", *clause, "END"]
    held = zip(slots, width(centres, sharps), strict=True)
    print("   frames seen:", *(f"{word} {n:.1f}" for word, n in held))


def show(decoder="the easier one", film=0):
    """A video, what is said of it, and where each word looked."""
    part = seen[:, film : film + 1], lengths[film : film + 1]
    texts, centres, sharps = told_by(tellers[decoder], *part)
    zeros = np.zeros((lengths[film], 1, 1))
    _, kept = through_window(zeros, part[1], centres, sharps)
    _, axes = plt.subplots(1, 2, figsize=(8, 3.2))
    axes[0].imshow(part[0][: lengths[film], 0].T, cmap="gray")
    axes[0].set_yticks(range(7), [*LIGHTS, *WAYS])
    axes[1].imshow(kept[1][:, 0], cmap="gray", aspect="auto")
    axes[1].set_yticks(
        range(10), [*texts[0].split(), "END", *[""] * 9][:10]
    )
    for ax, title in zip(
        axes, ("what moves", "where it looked"), strict=True
    ):
        ax.set(xlabel="frame", title=title)
        ax.grid(False)
    plt.tight_layout()
    plt.show()
    print("as it happened:", truths[film][0])


shown = interact(
    show,
    decoder=Dropdown(options=list(tellers)),
    film=IntSlider(0, min=0, max=399, continuous_update=False),
)

# %% [markdown]
# A decoder that is given a drawn caption cannot know which of the two lights comes first: what does that cost at least, in {{unit.of}} per caption, and per word (10 words)? Compare with the difference of the two losses. And why are its captions so much worse, when its own order would have been right as well?
#
# BLEU is close to 1 for both. Which mistakes does it not see? (The third text of task 4's try-it had one: *left* and *up* exchanged. Look for its pairs of words in the two right texts.) What would triples of words change?
#
# In which order did the better one tell: that of time, or one of its own? The lines *dim before grey*, and so on, say which of two lights it names first. Start from another seed (`seeded(0)` in `learnt`) and look again, at the windows too. Nobody taught it an order; why does it settle on one, and why need it not be that of time?
#
# Last, the windows. Which words have the narrowest, and which look at nearly the whole video? Which of them *need* to see anything? Each frame says which light moves now, and which way, with noise: what does a word that needs a light or a way gain from many frames, and what would it lose by a narrow window? Then judge a heat map by how sharp it is. Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# "Our captioner reaches BLEU 0.93 on videos of a car park, and knows what it says: when it says *car*, the heat map shows that it looks at the frame in which the car drives in. Its loss is 0.002 nats per word." All captions are of the form *a car drives in* or *a car drives out, then a person walks away*; the encoder is a recurrent network over the frames; the scores were computed on what the network says when it is fed the true caption; and in the code stands `logits = decoder(targets, state, frames)`. In four to six sentences: name three faults, say for each what it does to which of the claims, and what you would measure instead.

# %% [markdown] answer="heat_map" points=2 explained="ch17_captioning: Where each word looked"
# The decoder is fed its own target: at each step it reads the very word that it should say, so 0.002 nats measure copying, and say nothing about videos; it should read START and the caption, shifted by one. Scored under the true caption, the words are those of a decoder that is set right after each of them; let it run on its own words, greedily, and score those. BLEU of captions that are all built alike is high for whatever is built alike: give exact match, each part that matters (who, in or out), and the score of the most frequent caption said of every video. And the heat map: a state of a recurrent encoder holds all frames until then, so a weight on a frame does not say that the word came from it, and one video is an anecdote; take the frame, or the states, away and see whether the word changes.
#
# Rubric: 1 point for the decoder that reads its own target, found in the line of code, with what it does to the loss (worthless, near 0) and the remedy; 1 point for two more with the claim they touch **and** a measurement: scored while fed the true caption (too good: run freely), BLEU of captions built alike (high for nothing: exact match, parts, the most frequent caption), attention taken for evidence (states hold the past: take it away and see).
