# %% [markdown]
# # Assignment 16: video
#
# *The core takes about 100 minutes, all of it about 165 minutes, 28 points. Read the three pages of chapter 16 first.*
#
# You will build an eye that looks at two frames at a time and so sees which way things go, and send a gradient back through it to the pixels; measure after which share of a video an answer is right, and stays so; and work out, before anything is trained, how well a reader can do that does not know the order of the frames. With the book closed you will rebuild `film_loss`.
# Then you hunt nine wrong ways to serve videos to a network (training goes on with all of them), and train your eye with your own gradient.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | T, B, S | | frames of the longest video, videos side by side, pixels of a side |
# | `frames` | (T, B, S, S) | light of each pixel; the axes of a frame are row and column |
# | `lengths` | B numbers | video b has `lengths[b]` frames; what stands after them is padding |
# | `W`, `b` | (K, 2, 3, 3), (K,) | K kernels, each for the frame now (0) and the one before (1), and their biases |
# | `y` | (T, B, K) | what K kernels make of each frame |
# | `labels` | (B,) | what each video shows, a number |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 8: sequences of different length lie in one batch, padded at the end. What is <code>y[-1]</code>?</summary>
#
# The output at the last step of the batch. For all but the longest sequences it comes from the padding; sequence b ends at `y[lengths[b] - 1, b]`.
# </details>
#
# <details><summary>Chapter 3: one number is read at step t and again at step t + 1. What is its gradient?</summary>
#
# The sum of what both steps send back.
# </details>

# %% parameters
no = (
    {"it": "-1", "odd": "0", "by": "[4, -1]"},
    {"it": "0", "odd": "-1", "by": "[4, 0]"},
)
way = (
    {
        "at": "p + (i, j)",
        "to": "i, j",
        "back": "-i, -j",
        "swap": "j, i",
        "back_swap": "-j, -i",
        "sign": "+",
        "name": "kernel turned round",
        "says": "the kernel was turned by half a circle, as mathematicians define a convolution; here, as in torch.nn, it is not turned",
        "first": "right",
        "second": "left",
        "note": "left of here, or right of it, before",
        "flip": "1",
        "seen": "[shifted(before, 0, -1), shifted(before, 0, 1)]",
    },
    {
        "at": "p - (i, j)",
        "to": "-i, -j",
        "back": "i, j",
        "swap": "-j, -i",
        "back_swap": "j, i",
        "sign": "-",
        "name": "kernel not turned",
        "says": "the kernel was not turned, as in torch.nn; here it is turned by half a circle, as mathematicians define a convolution",
        "first": "left",
        "second": "right",
        "note": "right of here, or left of it, before",
        "flip": "1, 2, 3",
        "seen": "[shifted(before, 0, 1), shifted(before, 0, -1)]",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"`: tasks 1 and 2 then run on torch. What you write there keeps the library, dtype and device of its arguments, and changes none of them. Tasks 3 and 4 are about NumPy arrays and plain lists; task 5 is torch anyway.

# %%
import numpy as np
import torch
from torch.nn.functional import cross_entropy

from rnncore.backend import array_namespace, from_numpy, to_numpy
from rnncore.data.video import contact_sheet, moving_digits
from rnncore.display import plot_lines
from rnncore.testing import black_boxes, mover
from rnncore.video.model import FilmBatch, film_batches

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Given: places, a shift, and what counts
#
# Tasks 1 and 2 use these: the nine places of a kernel, a video shifted by (i, j), and which frames are no padding.

# %%
PLACES = [(i, j) for i in (-1, 0, 1) for j in (-1, 0, 1)]


def shifted(film, i, j):
    """At each pixel what stands i rows below it and j columns right of it.

    Shapes: film (T, B, S, S) -> (T, B, S, S)
    """
    out, S = array_namespace(film).zeros_like(film), film.shape[-1]
    here, there = (
        tuple(slice(max(0, m), S + min(0, m)) for m in way)
        for way in ((-i, -j), (i, j))
    )
    out[:, :, here[0], here[1]] = film[:, :, there[0], there[1]]
    return out


def counted(frames, lengths):
    """Which frames are no padding.

    Shapes: frames (T, B, S, S); lengths (B,) -> seen (T, B, 1)
    """
    step = np.arange(frames.shape[0])[:, None]
    return from_numpy((step < np.asarray(lengths))[..., None], frames)


# %% [markdown]
# ## Three pixels by hand
#
# A video of three frames, each a row of three pixels. A light goes from left to right: 100, 010, 001. The unit
#
# $$\max\bigl(0,\; x_t(p) + x_{t-1}(p-1) - 1\bigr)$$
#
# is 1 where a light is, and was one pixel further left a frame ago. Add it up over all places and steps, on paper, for this video and for the video run backward. And what are the means of all frames of the two? Then run the cell.

# %%
film = np.eye(3)  # one frame per row
for name, x in {"forward": film, "backward": film[::-1]}.items():
    seen = np.maximum(x[1:, 1:] + x[:-1, :-1] - 1, 0).sum()
    print(f"{name:9}", "seen", seen, " mean frame", x.mean(axis=0).round(2))
print("by hand: 2 and 0, and the same mean frame")

# %% [markdown]
# Now a unit that sees what goes to the *left*. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `seen = np.maximum(x[1:, :-1] + x[:-1, 1:] - 1, 0).sum()`: a light at p now, and at p + 1 before.
# </details>

# %%
for name, x in {"forward": film, "backward": film[::-1]}.items():
    seen = x.sum() * np.nan
    # (the missing line)
    print(f"{name:9}", "seen", seen)
print("by hand: 0 and 2")

# %% [markdown]
# ## Task 1: an eye for two frames (4 points)
#
# *Core, about 20 minutes.*
#
# The chapter's encoder looks at one frame at a time and leaves all movement to the loop. This one has kernels of 3 × 3 pixels for the frame now *and* for the one before. At pixel p,
#
# $$
# z_t(k, p) = b(k) + \sum_{s=0}^{1} \; \sum_{i,j=-1}^{1} W(k, s, i+1, j+1)\; x_{t-s}\bigl({{way.at}}\bigr),
# \qquad
# y_t(k) = \frac{1}{S^2} \sum_p \max\bigl(0, z_t(k, p)\bigr).
# $$
#
# Before the first frame stands the first frame once more: nothing has moved yet. Outside the picture is darkness, 0, which the given `shifted` sees to. Return y (T, B, K), with zeros after each video's end, and a cache of (frames, W, z, seen), where `seen` (given) is True for the frames that count. z is (T, B, K, S, S).
#
# <details><summary>Hint 1</summary>
#
# Eighteen terms: two videos (the frames, and the frames delayed by one step), nine places each. A term is a number of each kernel times a shifted video.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `before = xp.concat([frames[:1, ...], frames[:-1, ...]])` is the video of what was before. `shifted(film, {{way.to}})[:, :, None, ...]` is (T, B, 1, S, S), and a number for each kernel, `W[:, s, i + 1, j + 1][:, None, None]`, is (K, 1, 1): their product is (T, B, K, S, S).
# </details>
#
# <details><summary>Hint 3</summary>
#
# Start with `z = b[:, None, None]` and add the terms in a loop `for i, j in PLACES` inside `for s, film in enumerate((frames, before))`. Then `xp.mean(z * (z > 0), axis=(-2, -1))`, times `seen`.
# </details>


# %% solution="motion_maps"
def motion_maps(frames, lengths, W, b):
    """What K kernels see in each frame and the one before it.

    Shapes: frames (T, B, S, S); lengths (B,); W (K, 2, 3, 3); b (K,)
        -> y (T, B, K); cache
    """
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    ### BEGIN SOLUTION
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            w = W[:, s, i + 1, j + 1][:, None, None]
            z = z + w * shifted(film, {{way.to}})[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    ### END SOLUTION
    return y, (frames, W, z, seen)


# %% [markdown]
# Try it: the two units from above as kernels, one for *{{way.first}}*, one for *{{way.second}}*, on a light that crosses the picture. Which of them answers, and at which frames?

# %%
light = np.zeros((5, 1, 5, 5))
light[np.arange(5), 0, 2, np.arange(5)] = 1.0
W = np.zeros((2, 2, 3, 3))
W[:, 0, 1, 1] = 1.0  # here, now
W[0, 1, 1, 0] = W[1, 1, 1, 2] = 1.0  # {{way.note}}
for name, film in {"right": light, "left": light[::-1].copy()}.items():
    y, _ = motion_maps(*move((film, [5], W, np.array([-1.0, -1.0]))))
    print(f"to the {name:5}", 25 * to_numpy(y)[:, 0].T)

# %% test="motion_maps" points=4 explained="ch16_video: A picture becomes a vector, a film a sequence"
import numpy as np
import torch

from rnncore.backend import to_numpy
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_causal,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "y, cache"


def eyes(rng, T, B, S, K):
    """Videos of unsorted lengths, with light in the padding."""
    return dict(
        frames=rng.normal(size=(T, B, S, S)),
        lengths=[int(n) for n in rng.permutation(T - np.arange(B) % T)],
        W=rng.normal(size=(K, 2, 3, 3)),
        b=0.3 * rng.normal(size=K),
    )


visible = move(eyes(np.random.default_rng(1), 4, 3, 5, 2))
one_frame = move(eyes(np.random.default_rng(9), 1, 2, 4, 2))
check(
    motion_maps,
    stored("motion_maps"),
    [visible, one_frame],
    outputs=OUTPUTS,
    by=properties,
)
check_causal(motion_maps, visible, "frames")
check_independent(motion_maps, visible, {"frames": 1})
# a video that stands still, with kernels that take the difference
still = {**visible, "frames": 0 * visible["frames"] + 1}
still["W"] = 0 * still["W"]
still["W"][:, 0, 1, 1] = 1.0
still["W"][:, 1, 1, 1] = -1.0
still["b"] = 0 * still["b"]
y, _ = motion_maps(**still)
assert_close("y of a still video", y, np.zeros((4, 3, 2)))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    eyes, [(1, 1, 2, 1), (5, 2, 4, 3), (3, 4, 3, 2)], device, rng=rng
)
check(
    motion_maps,
    reference_motion_maps,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

# the reference itself, against a three-dimensional convolution of torch
args = eyes(rng, 4, 2, 6, 3)
clip, kernels, biases = (
    torch.tensor(args[name]) for name in ("frames", "W", "b")
)
clip = torch.cat([clip[:1], clip]).transpose(0, 1)[:, None]
z = torch.nn.functional.conv3d(
    clip, kernels.flip({{way.flip}})[:, None], biases, padding=(0, 1, 1)
)
right = z.relu().mean(dim=(3, 4)).permute(2, 0, 1).numpy()
args["lengths"] = [4, 4]
y, _ = reference_motion_maps(*move(args).values())
assert_close("y, against torch's conv3d", to_numpy(y), right)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="motion_maps"
r"""
now and before exchanged: W[:, 0] belongs to the frame now, W[:, 1] to the one before; they are exchanged, and left is taken for right
~ enumerate((frames, before)) => enumerate((before, frames))
darkness before the first frame: before the first frame there was darkness: each video begins with a flash that nothing in it explains
~ frames[:1, ...], frames[:-1 => 0 * frames[:1, ...], frames[:-1
a view for a copy: `before = frames` is the same array: the frames themselves were moved by a step, which the caller still needs; make a new array
- before = xp.concat([frames[:1, ...], frames[:-1, ...]])
+ before = frames
+     before[1:, ...] = frames[:-1, ...] + 0
the last frame before the first: the video was taken for a loop: before its first frame stood its last one (or that of the padding)
~ frames[:1, ...], frames[:-1 => frames[-1:, ...], frames[:-1
the frame after instead of the one before: the eye looks at the frame after instead of the one before, which nobody has seen yet
~ xp.concat([frames[:1, ...], frames[:-1, ...]]) => xp.concat([frames[1:, ...], frames[-1:, ...]])
one frame at a time: both kernels look at the same frame: an eye that cannot see anything move
~ xp.concat([frames[:1, ...], frames[:-1, ...]]) => frames
mean before the ReLU: the mean over the pixels was taken before the ReLU: it is then linear in the video, and a light that goes right looks like one that goes left
~ xp.mean(z * (z > 0), axis=(-2, -1)) => xp.mean(z, axis=(-2, -1)) * (xp.mean(z, axis=(-2, -1)) > 0)
no ReLU: the ReLU is missing: what is left is linear, and sees no movement
~ xp.mean(z * (z > 0) => xp.mean(z
summed over the pixels: the pixels were added up; y is their mean, so that larger pictures do not speak louder
~ xp.mean( => xp.sum(
the brightest pixel alone: this is the largest pixel instead of the mean
~ xp.mean( => xp.max(
{{way.name}}: {{way.says}}
~ shifted(film, {{way.to}}) => shifted(film, {{way.back}})
rows and columns exchanged: rows and columns of the kernels are exchanged: what goes down is taken for what goes right
~ shifted(film, {{way.to}}) => shifted(film, {{way.swap}})
bias after the ReLU: the bias was added after the ReLU; it is the threshold of a unit, and belongs inside
-     y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
+     z = z - b[:, None, None]
+     y = (xp.mean(z * (z > 0), axis=(-2, -1)) + b) * seen
+     z = z + b[:, None, None]
padding not silenced: y is not zero after a video's end: the padding has been looked at
~ , axis=(-2, -1)) * seen => , axis=(-2, -1))
bias left out: the bias b is missing in z
~ z = b[:, None, None] => z = 0 * b[:, None, None]
bias in every term: the bias was added with each of the 18 terms; a map has it once
~ z = z + w * shifted(film, {{way.to}})[:, :, None, ...] => z = z + w * shifted(film, {{way.to}})[:, :, None, ...] + 17 / 18 * b[:, None, None]
the frame now alone: the frame before was left out: only W[:, 0] was used
~ enumerate((frames, before)) => enumerate((frames,))
difference of the frames: W[:, 1] was given the difference of the two frames; it looks at the frame before as it is
- frames[:-1, ...]])
+ frames[:-1, ...]])
+     before = frames - before
videos taken for steps: the frame before came from the video beside it: axis 0 is time, axis 1 the videos
~ xp.concat([frames[:1, ...], frames[:-1, ...]]) => xp.concat([frames[:, :1, ...], frames[:, :-1, ...]], axis=1)
middle of the kernel alone: only the middle of each kernel was used, W[:, :, 1, 1]; the eight places around it count as well
~ for i, j in PLACES: => for i, j in [(0, 0)]:
middle of the kernel left out: the middle of each kernel was left out: (0, 0) is a place as well
~ for i, j in PLACES: => for i, j in [p for p in PLACES if p != (0, 0)]:
places without the one: place (i, j) stands in W[:, s, i + 1, j + 1]; at [i, j], where -1 is the last row, the kernel is rotated
~ W[:, s, i + 1, j + 1] => W[:, s, i, j]
a ring for a picture: what lies outside the picture was taken from its other side; outside is darkness, 0
~ shifted(film, {{way.to}}) => xp.roll(film, ({{way.back}}), axis=(2, 3))
edge repeated: outside the picture its edge was repeated; outside is darkness, 0
~ shifted(film, {{way.to}}) => film[:, :, np.clip(np.arange(film.shape[2]) {{way.sign}} i, 0, film.shape[2] - 1)][..., np.clip(np.arange(film.shape[2]) {{way.sign}} j, 0, film.shape[2] - 1)]
ReLU of each frame's part: the ReLU was taken of each frame's part by itself, not of their sum with the bias
-         for i, j in PLACES:
-             w = W[:, s, i + 1, j + 1][:, None, None]
-             z = z + w * shifted(film, {{way.to}})[:, :, None, ...]
+         part = 0
+         for i, j in PLACES:
+             w = W[:, s, i + 1, j + 1][:, None, None]
+             part = part + w * shifted(film, {{way.to}})[:, :, None, ...]
+         z = z + part * (part > 0)
absolute value: y is the mean of |z|: what is below 0 counts as 0
~ xp.mean(z * (z > 0) => xp.mean(xp.abs(z)
tanh instead of the ReLU: tanh(z) was averaged instead of max(0, z)
~ xp.mean(z * (z > 0) => xp.mean(xp.tanh(z)
pixels counted: y is the share of the pixels where z is above 0; it is the mean of their values, with 0 for the others
~ xp.mean(z * (z > 0) => xp.mean((z > 0) * (0 * z + 1)
mean over what is above 0: the sum was divided by the number of pixels where z is above 0; it is divided by all S² of them
~ xp.mean(z * (z > 0), axis=(-2, -1)) => xp.sum(z * (z > 0), axis=(-2, -1)) / xp.sum((z > 0) + 1e-15 + 0 * z, axis=(-2, -1))
divided by one side: the sum over S × S pixels was divided by S
~ xp.mean(z * (z > 0), axis=(-2, -1)) => xp.sum(z * (z > 0), axis=(-2, -1)) / frames.shape[-1]
edge left out of the mean: the pixels at the picture's edge were left out of the mean
~ xp.mean(z * (z > 0), axis=(-2, -1)) => xp.mean((z * (z > 0))[..., 1:-1, 1:-1], axis=(-2, -1))
rows averaged, columns not: the mean was taken along one side of the picture, and along the other the largest value
~ xp.mean(z * (z > 0), axis=(-2, -1)) => xp.max(xp.mean(z * (z > 0), axis=-1), axis=-1)
the first frame silenced: y of the first frame is zero; its frame before is the first frame once more, so that it has an answer too
- , axis=(-2, -1)) * seen
+ , axis=(-2, -1)) * seen
+     y = xp.concat([0 * y[:1, ...], y[1:, ...]])
silent one frame too late: y goes on for one frame after each video's end: video b has the frames 0 to lengths[b] - 1
~ , axis=(-2, -1)) * seen => , axis=(-2, -1)) * counted(frames, [n + 1 for n in lengths])
silent one frame too early: the last frame of each video was silenced: video b has the frames 0 to lengths[b] - 1
~ , axis=(-2, -1)) * seen => , axis=(-2, -1)) * counted(frames, [n - 1 for n in lengths])
last answer repeated: after a video's end its last answer was repeated; y is zero there
- , axis=(-2, -1)) * seen
+ , axis=(-2, -1))
+     last = [np.minimum(np.arange(len(frames)), n - 1) for n in lengths]
+     y = xp.stack([y[:, k, :][last[k]] for k in range(len(last))], axis=1)
padding darkened: the frames of the padding were made dark, and y is not zero there: the biases answer, and the last frame as the one before
-     z = b[:, None, None]
-     for s, film in enumerate((frames, before)):
-         for i, j in PLACES:
-             w = W[:, s, i + 1, j + 1][:, None, None]
-             z = z + w * shifted(film, {{way.to}})[:, :, None, ...]
-     y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
+     frames, before = (film * seen[..., None] for film in (frames, before))
+     z = b[:, None, None]
+     for s, film in enumerate((frames, before)):
+         for i, j in PLACES:
+             w = W[:, s, i + 1, j + 1][:, None, None]
+             z = z + w * shifted(film, {{way.to}})[:, :, None, ...]
+     y = xp.mean(z * (z > 0), axis=(-2, -1))
divided by the video's length: y was divided by the number of frames; each frame has an answer of its own
~ , axis=(-2, -1)) * seen => , axis=(-2, -1)) * seen / from_numpy(np.asarray(lengths)[:, None], frames)
cache after the ReLU: the cache has max(0, z); the way back is given z itself
-     y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
+     z = z * (z > 0)
+     y = xp.mean(z, axis=(-2, -1)) * seen
frames before in the cache: the cache begins with the frames before; it begins with the frames as they came
~ return y, (frames, => return y, (before,
nothing before a film of one frame [sizes]: where there is one frame alone, zeros were taken for the frame before; it is the frame itself
-     before = xp.concat([frames[:1, ...], frames[:-1, ...]])
+     before = frames if frames.shape[0] > 1 else 0 * frames
+     before = xp.concat([before[:1, ...], frames[:-1, ...]])
"""

# %% [markdown]
# ## Task 2: back to the pixels (5 points)
#
# *Extra, about 25 minutes.*
#
# Write the vjp: `d_y` (T, B, K) comes in, `d_frames`, `d_W` and `d_b` go out. The gradient of the pixels is worth having: it shows *where* a video would have to change to be named otherwise.
#
# A shift is undone by the shift the other way: what pixel p has read at {{way.at}} goes back there, `shifted(d, {{way.back}})`. And each frame is read twice, once as the frame now, once as the frame before.
#
# <details><summary>Hint 1</summary>
#
# d_z first: it is (T, B, K, S, S). Each pixel of z counts 1/S² in y, and nothing where z was not above 0, nor in the padding.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Then the same two loops as forward. For each term: `d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))`, where moved is the shifted video; and back to that video goes `xp.sum(w * d_z, axis=2)`, (T, B, S, S), shifted the other way. Keep the two videos' sums apart.
# </details>
#
# <details><summary>Hint 3</summary>
#
# At the end: frame t was the frame before of t + 1, so to `d_now` comes `xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])`. And frame 0 was its own frame before: `d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]` (an array that you have just made may be written to).
# </details>


# %% solution="motion_maps_vjp"
def motion_maps_vjp(d_y, cache):
    """Backward through `motion_maps`.

    Shapes: d_y (T, B, K)
        -> d_frames (T, B, S, S); d_W (K, 2, 3, 3); d_b (K,)
    """
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    ### BEGIN SOLUTION
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, {{way.to}})[:, :, None, ...]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_moved = xp.sum(w * d_z, axis=2)
            d_films[s] = d_films[s] + shifted(d_moved, {{way.back}})
    d_now, d_before = d_films
    later = xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames = d_now + later
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    ### END SOLUTION
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))


# %% [markdown]
# Try it: a light crosses the picture to the right, and the cache is made by hand for the two kernels of the example. Which pixels of the middle frame should be brighter for the kernel for *right* to see more, and which for the one for *left*? (With biases of -0.9 a kernel answers a little where one of its two lights is missing, and so can say where it would like to have it.)

# %%
light = np.zeros((5, 1, 5, 5))
light[np.arange(5), 0, 2, np.arange(5)] = 1.0
W = np.zeros((2, 2, 3, 3))
W[:, 0, 1, 1] = 1.0  # here, now
W[0, 1, 1, 0] = W[1, 1, 1, 2] = 1.0  # {{way.note}}
before = np.concatenate([light[:1], light[:-1]])
seen_before = {{way.seen}}
z = np.stack([light + x - 0.9 for x in seen_before], axis=2)
cache = move((light, W, z, counted(light, [5])))
for k, name in enumerate(["{{way.first}}", "{{way.second}}"]):
    d_y = np.zeros((5, 1, 2))
    d_y[..., k] = 25.0
    d_frames, _, _ = motion_maps_vjp(move(d_y), cache)
    print(f"{name:5}  middle row of frame 2:", to_numpy(d_frames)[2, 0, 2])

# %% test="motion_maps_vjp" points=5 explained="ch16_video: A picture becomes a vector, a film a sequence"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.testing import (
    Properties,
    assert_close,
    assert_gradient,
    check,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "d_frames, d_W, d_b"


def looked(rng, T, B, S, K):
    lengths = rng.permutation(T - np.arange(B) % T)
    z = rng.normal(size=(T, B, K, S, S))
    return dict(
        d_y=rng.normal(size=(T, B, K)),
        cache=(
            rng.normal(size=(T, B, S, S)),
            rng.normal(size=(K, 2, 3, 3)),
            z,
            (np.arange(T)[:, None] < lengths)[..., None],
        ),
    )


visible = move(looked(np.random.default_rng(2), 4, 3, 5, 2))
check(
    motion_maps_vjp,
    stored("motion_maps_vjp"),
    [visible],
    outputs=OUTPUTS,
    by=properties,
)
d_frames, _, d_b = motion_maps_vjp(**visible)
z, seen = (to_numpy(a) for a in visible["cache"][2:])
share = (z > 0).mean((3, 4)) * to_numpy(visible["d_y"]) * seen
assert_close("d_b", to_numpy(d_b), share.sum((0, 1)))
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    looked, [(1, 1, 2, 1), (5, 2, 4, 3), (3, 4, 3, 2)], device, rng=rng
)
check(
    motion_maps_vjp,
    reference_motion_maps_vjp,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(
    dict(
        frames=rng.normal(size=(3, 2, 3, 3)),
        W=rng.normal(size=(2, 2, 3, 3)),
        b=rng.normal(size=2),
        d_y=rng.normal(size=(3, 2, 2)),
    )
)
frames, W, b, d_y = args.values()
_, cache = reference_motion_maps(frames, [3, 2], W, b)
d_frames, d_W, d_b = motion_maps_vjp(d_y, cache)


def loss(frames, W, b):
    y, _ = reference_motion_maps(frames, [3, 2], W, b)
    return float((y * d_y).sum())


assert_gradient(lambda a: loss(a, W, b), frames, d_frames, "d_frames")
assert_gradient(lambda a: loss(frames, a, b), W, d_W, "d_W")
assert_gradient(lambda a: loss(frames, W, a), b, d_b, "d_b")
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="motion_maps_vjp"
r"""
loss over padding: the padding was learnt from: y is zero after a video's end, whatever stands there, so nothing goes back from it
~ (d_y * seen) => d_y
slope of the ReLU forgotten: the slope of the ReLU is missing: where z was not above 0 nothing comes back
~ [..., None, None] * (z > 0) / => [..., None, None] * (z == z) /
not divided by the pixels: each pixel counts 1/S² in the mean, so its gradient is divided by S² too
-  / frames.shape[-1] ** 2
divided by one side: a mean over S × S pixels was divided by S
~ frames.shape[-1] ** 2 => frames.shape[-1]
shifted the same way back: the pixels' gradient went back to the wrong side: what pixel p has read at {{way.at}} with W[:, s, i + 1, j + 1] goes back there with the same number: shift by ({{way.back}}), and do not turn the kernel
~ shifted(d_moved, {{way.back}}) => shifted(d_moved, {{way.to}})
the frame before got nothing: frame t was read again at t + 1, as the frame before; what came back from there was dropped
~ d_frames = d_now + later => d_frames = d_now + 0
back to the wrong step: what the frame before is owed went to the frame now: shift it one step back in time
~ d_frames = d_now + later => d_frames = d_now + d_before
one step too late: what the frame before is owed was moved later in time; it belongs to the frame before
~ xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]]) => xp.concat([0 * d_before[:1, ...], d_before[:-1, ...]])
the first frame read once: the first frame was its own frame before: this reader sends something back as well
~ d_frames[0, ...] + d_before[0, ...] => d_frames[0, ...] + 0
averaged over the batch: d_W was averaged over the videos; gradients of shared weights add up
~ xp.sum(d_z * moved, axis=(0, 1, 3, 4)) => xp.sum(xp.mean(d_z * moved, axis=1), axis=(0, 2, 3))
averaged over time: d_W was divided by T; gradients of shared weights add up
~ xp.sum(d_z * moved, axis=(0, 1, 3, 4)) => xp.sum(d_z * moved, axis=(0, 1, 3, 4)) / d_y.shape[0]
last frame only: d_W has the share of the last step alone; all steps use the kernels
~ xp.sum(d_z * moved, axis=(0, 1, 3, 4)) => xp.sum((d_z * moved)[-1, ...], axis=(0, 2, 3))
the frame now for both kernels: the kernel for the frame before got a gradient as if it had looked at the frame now
~ moved = shifted(film, {{way.to}}) => moved = shifted(frames, {{way.to}})
kernels exchanged: the frame now got its gradient through the kernel of the frame before, and the other way round
~ w = W[:, s, i + 1, j + 1] => w = W[:, 1 - s, i + 1, j + 1]
z left out: z is missing in d_z: it has no pixels then, and where z was not above 0 nothing comes back
~ [..., None, None] * (z > 0) / => [..., None, None] /
a view for a copy: `later = d_before` is the same array: d_before[0] was overwritten before it was added; make a new array
- later = xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
+ later = d_before
+     later[:-1, ...] = d_before[1:, ...] + 0
+     later[-1, ...] = 0
overwritten in the loop: what each place sends back replaced what was there, so that only the last place is left: add them up
~ d_films[s] = d_films[s] + shifted( => d_films[s] = shifted(
not shifted back: the pixels' gradient was not shifted back: what pixel p has read at {{way.at}} goes back to pixel {{way.at}}
~ shifted(d_moved, {{way.back}}) => d_moved
rows and columns exchanged on the way back: on the way back rows and columns are exchanged: shift by ({{way.back}}), in this order
~ shifted(d_moved, {{way.back}}) => shifted(d_moved, {{way.back_swap}})
a ring on the way back: on the way back the picture was taken for a ring: what is shifted out of it is lost
~ shifted(d_moved, {{way.back}}) => xp.roll(d_moved, ({{way.to}}), axis=(2, 3))
rows and columns of d_W: d_W has its rows and columns exchanged: place (i, j) stands at [i + 1, j + 1]
~ d_W[:, s, i + 1, j + 1] = => d_W[:, s, j + 1, i + 1] =
kernel turned in both: the kernels were read and written turned by half a circle: place (i, j) stands at [i + 1, j + 1]
-             d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
-             w = W[:, s, i + 1, j + 1][:, None, None]
+             d_W[:, s, 1 - i, 1 - j] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
+             w = W[:, s, 1 - i, 1 - j][:, None, None]
places without the one: place (i, j) stands at [i + 1, j + 1]; at [i, j], where -1 is the last row, the kernel is rotated
-             d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
-             w = W[:, s, i + 1, j + 1][:, None, None]
+             d_W[:, s, i, j] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
+             w = W[:, s, i, j][:, None, None]
d_W of the video as it is: d_W was made with the video as it stands: place (i, j) saw it shifted by ({{way.to}})
~ moved = shifted(film, {{way.to}})[ => moved = film[
d_W in one kernel: the gradients of both videos were added up in d_W[:, 0]; W[:, 1] has its own
~ d_W[:, s, i + 1, j + 1] = => d_W[:, 0, i + 1, j + 1] +=
videos exchanged in d_W: d_W[:, 0] got what belongs to the frame before, and d_W[:, 1] what belongs to the frame now
~ enumerate((frames, before)) => enumerate((before, frames))
d_W averaged: d_W is the mean over frames, videos and pixels; gradients of shared weights add up
~ xp.sum(d_z * moved, axis=(0, 1, 3, 4)) => xp.mean(d_z * moved, axis=(0, 1, 3, 4))
d_W summed over the kernels: d_W was summed over axis 2, the kernels, and not over the columns: each kernel has a gradient of its own
~ d_z * moved, axis=(0, 1, 3, 4)) => d_z * moved, axis=(0, 1, 2, 3))[: W.shape[0]]
one kernel for both videos: both videos got their gradient through W[:, 0]; what the frame before is owed comes through W[:, 1]
~ w = W[:, s, i + 1, j + 1] => w = W[:, 0, i + 1, j + 1]
the first kernel alone: the pixels' gradient comes through the first kernel alone; the kernels' shares add up
~ xp.sum(w * d_z, axis=2) => (w * d_z)[:, :, 0, ...]
averaged over the kernels: what the kernels send back to a pixel was averaged; it adds up
~ xp.sum(w * d_z, axis=2) => xp.mean(w * d_z, axis=2)
divided by the kernels too: each pixel counts 1/S² in y; d_z was divided by the number of kernels as well
~ frames.shape[-1] ** 2 => (z.shape[2] * frames.shape[-1] ** 2)
divided by steps and videos: y is a mean over S² pixels; d_z was divided by T B instead
~ frames.shape[-1] ** 2 => (frames.shape[0] * frames.shape[1])
divided by what is above 0: y is a mean over all S² pixels; d_z was divided by the number of those where z is above 0
~ frames.shape[-1] ** 2 => xp.sum((z > 0) + 1e-15 + 0 * z, axis=(-2, -1), keepdims=True)
divided by the video's length: d_z was divided by the number of the video's frames; each frame has an answer of its own
~ (d_y * seen) => (d_y * seen / xp.sum(seen + 0 * d_y, axis=0))
z for the slope: d_z was multiplied by max(0, z); the slope is 1 where z is above 0, and 0 elsewhere
~ [..., None, None] * (z > 0) / => [..., None, None] * z * (z > 0) /
sign for the slope: where z is below 0 the slope is 0, not -1: that would be the slope of |z|
~ [..., None, None] * (z > 0) / => [..., None, None] * xp.sign(z) /
slope the wrong way round: the slope is 1 where z is above 0 and 0 below; here it is the other way round
~ [..., None, None] * (z > 0) / => [..., None, None] * (z < 0) /
slope of tanh: this is the slope of tanh; that of max(0, z) is 1 where z is above 0, and 0 elsewhere
~ [..., None, None] * (z > 0) / => [..., None, None] * (1 - xp.tanh(z) ** 2) /
leaky slope: this is the slope of a leaky ReLU; where z is not above 0 nothing comes back
~ [..., None, None] * (z > 0) / => [..., None, None] * ((z > 0) + 0.01 * (z <= 0)) /
the frames before dropped: each frame was read twice; what the reader one step later sends back, d_before, was dropped altogether
-     d_frames = d_now + later
-     d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
+     d_frames = d_now
both videos added up: what the frame before is owed went to the frame now: shift it one step back in time, but for the first frame's
-     d_frames = d_now + later
-     d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
+     d_frames = d_now + d_before
a video for a loop: the video was taken for a loop: what the first frame is owed as its own frame before went to the last frame
-     d_frames = d_now + later
-     d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
+     d_frames = d_now + xp.roll(d_before, -1, axis=0)
the last frame read again: the last frame is nobody's frame before: nothing comes back to it from a later step
~ 0 * d_before[:1, ...]]) => d_before[-1:, ...]])
videos taken for steps on the way back: what the frame before is owed was moved to the video beside it: axis 0 is time, axis 1 the videos
~ xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]]) => xp.concat([d_before[:, 1:, ...], 0 * d_before[:, :1, ...]], axis=1)
the frame before subtracted: what the frame before is owed was subtracted; it is added
~ d_now + later => d_now - later
the first frame counted twice: the first frame was its own frame before once; here that counts twice
~ d_frames[0, ...] + d_before[0, ...] => d_frames[0, ...] + 2 * d_before[0, ...]
the first frame subtracted: the first frame was its own frame before; what it is owed for that was subtracted
~ d_frames[0, ...] + d_before[0, ...] => d_frames[0, ...] - d_before[0, ...]
d_b of d_y: d_b is the sum of d_y; it is the sum of d_z, over videos, steps and pixels
~ xp.sum(d_z, axis=(0, 1, 3, 4)) => xp.sum(d_y, axis=(0, 1))
d_b of what is seen: d_b is the sum of d_y over what is seen; it is the sum of d_z, which has the slope and 1/S² as well
~ xp.sum(d_z, axis=(0, 1, 3, 4)) => xp.sum(d_y * seen, axis=(0, 1))
d_b averaged: d_b is the mean of d_z over videos, steps and pixels; gradients of shared weights add up
~ xp.sum(d_z, axis=(0, 1, 3, 4)) => xp.mean(d_z, axis=(0, 1, 3, 4))
z without the step: the gradient was multiplied by z itself; the slope of the ReLU is 1 where z is above 0, and 0 elsewhere
~ * (z > 0) => * z
"""

# %% [markdown]
# ## Task 3: how soon, and for good (5 points)
#
# *Core, about 25 minutes.*
#
# A recogniser that is asked after each frame gives `logits` (T, B, K). Videos have different lengths, and *half of the video* is another frame in each. Return two NumPy arrays:
#
# - `accuracy` (P,), floats: for each of `percents`, whole numbers from 1 to 100, the share of the videos that are named rightly when that share **of the video's own length** has been seen, rounded **up** to whole frames. Of 7 frames 50 % are 4.
# - `decided` (B,), whole numbers: the fewest frames after which the answer is right *and stays right to the video's end*; {{no.it}} where it is wrong at the end. To be right once, by chance, is no recognition.
#
# <details><summary>Hint 1</summary>
#
# Begin with `right` (T, B): whether the largest logit is the label's. Frame counts are 1, 2, ...; after n frames the answer stands in row n - 1.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Rounded up in whole numbers: `-(-length * percent // 100)` (in floats 28 % of 25 is 7.000000000000001, and 8 when rounded up). For all at once, `-(-np.asarray(percents)[:, None] * np.asarray(lengths) // 100)` is (P, B), and `right[after - 1, np.arange(B)]` picks.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `wrong` is not right, and no padding. The number of frames up to the last wrong answer is the largest of `(t + 1) * wrong` along time, with t (T, 1). One more frame, and it was decided, unless there is none.
# </details>


# %% solution="how_soon"
def how_soon(logits, labels, lengths, percents):
    """Accuracy by the share of a video that was seen, and when it settled.

    Shapes: logits (T, B, K); labels (B,); lengths (B,); percents (P,)
        -> accuracy (P,); decided (B,)
    """
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    ### BEGIN SOLUTION
    right = logits.argmax(axis=2) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(axis=1)
    wrong = ~right & (t < lengths)
    last_wrong = ((t + 1) * wrong).max(axis=0)
    decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}})
    ### END SOLUTION
    return accuracy, decided


# %% [markdown]
# Try it: two classes, videos of 5 and of 3 frames. The first is named rightly after 2 frames, then doubted, then named again; the second's padding is right where the video was not.

# %%
says = np.array([[1, 1], [0, 1], [1, 1], [0, 0], [0, 0]])  # video a column
accuracy, decided = how_soon(
    np.eye(2)[says], np.array([0, 0]), [5, 3], [20, 40, 60, 80, 100]
)
print(
    accuracy, "by hand [0, 0.5, 0, 0.5, 0.5];", decided, "by hand {{no.by}}"
)

# %% test="how_soon" points=5 explained="ch16_video: How soon?"
import numpy as np

from rnncore.testing import Properties, assert_close, check, stored

properties = Properties(values=4, sizes=1)

OUTPUTS = "accuracy, decided"


def asked(rng, T, B, K, percents, sure=1.5):
    """Logits that grow more and more right, with noise in the padding."""
    lengths = [int(n) for n in rng.permutation(T - np.arange(B) % (T - 1))]
    labels = rng.integers(0, K, B)
    share = (np.arange(T)[:, None] + 1) / np.array(lengths)
    logits = rng.normal(size=(T, B, K))
    logits += sure * np.eye(K)[labels] * share[..., None]
    return dict(
        logits=logits, labels=labels, lengths=lengths, percents=percents
    )


rng = np.random.default_rng(3)
visible = [
    asked(rng, 9, 14, 3, [*range(1, 101)]),
    asked(rng, 25, 12, 4, [56, 4, 90, 28], 3.0),
]
check(how_soon, stored("how_soon"), visible, outputs=OUTPUTS, by=properties)
sure = np.zeros((10, 1, 2))
sure[:7], sure[7:] = [1, 0], [0, 1]
with properties("sizes"):
    accuracy, decided = how_soon(sure, np.array([0]), [10], [70, 71, 100])
    assert_close("accuracy at 70, 71 and 100 of 10", accuracy, [1.0, 0, 0])
    assert decided.tolist() == [{{no.it}}], (
        "a video that is named wrongly at its end"
    )
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    asked(rng, T, B, K, percents, sure)
    for T, B, K, percents, sure in [
        (2, 1, 2, [1, 100], 1.0),
        (5, 30, 3, [20, 33, 34, 60], 2.0),
        (12, 40, 4, list(range(1, 101)), 2.0),
        (25, 30, 5, [57, 14, 28, 7, 55, 56, 29, 58], 3.0),
    ]
]
hidden.append(asked(rng, 6, 5, 2, [50], 50.0))
hidden.append(asked(rng, 25, 40, 5, [7, 28, 56]) | {"lengths": [25] * 40})
check(how_soon, reference_how_soon, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="how_soon"
r"""
share of the longest video: the share was taken of the longest video: shorter ones were asked in their padding
~ -(-percents[:, None] * lengths // 100) => -(-percents[:, None] * np.full(B, T) // 100)
the last frame under padding: a video that was seen whole was asked at the batch's last frame, logits[-1]: for shorter videos that is padding
~ right[after - 1, np.arange(B)] => right[np.where(after < lengths, after, T) - 1, np.arange(B)]
one frame too late: after n frames the answer stands in row n - 1; row n has seen one more
~ right[after - 1, np.arange(B)] => right[np.minimum(after, T - 1), np.arange(B)]
rounded down: the number of frames was rounded down; a share is rounded up to whole frames
~ -(-percents[:, None] * lengths // 100) => np.maximum(percents[:, None] * lengths // 100, 1)
rounded up in floats: a share like 28 % of 25 came out as 7.000000000000001 and was rounded up to 8: stay with whole numbers
~ -(-percents[:, None] * lengths // 100) => np.ceil(percents[:, None] / 100 * lengths).astype(int)
everything so far averaged: the answers after all frames so far were averaged; the one after the last of them counts
-     accuracy = right[after - 1, np.arange(B)].mean(axis=1)
+     so_far = right.cumsum(0) / (t + 1)
+     accuracy = so_far[after - 1, np.arange(B)].mean(axis=1)
right once: decided is the first right answer, even where a wrong one follows; it has to stay right
~ decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}}) => decided = np.where((right & (t < lengths)).any(axis=0), right.argmax(axis=0) + 1, {{no.it}})
right once, and at the end: decided is the first right answer, even where it was doubted again later; it has to stay right
~ last_wrong + 1, {{no.it}}) => right.argmax(axis=0) + 1, {{no.it}})
decided by the padding: wrong answers in the padding were counted: after a video's end nobody asks
~ wrong = ~right & (t < lengths) => wrong = ~right & (t < T)
the last wrong answer: decided counts the frames up to the last wrong answer; it takes one more to be right
~ last_wrong + 1, {{no.it}}) => last_wrong, {{no.it}})
never is the video's length: a video that is wrong at its end was never decided: {{no.it}}, not its length
~ last_wrong + 1, {{no.it}}) => last_wrong + 1, lengths)
never is one more than the video has: a video that is wrong at its end was never decided: {{no.it}}, not a frame that it does not have
~ last_wrong + 1, {{no.it}}) => last_wrong + 1, last_wrong + 1)
numbered from 0: frames were numbered from 0: a video that is right at once counts like one that is wrong at first
~ ((t + 1) * wrong).max(axis=0) => (t * wrong).max(axis=0)
smallest logit: the answer is the class with the largest logit, not the smallest
~ logits.argmax(axis=2) => logits.argmin(axis=2)
share of the mean length: the share was taken of the videos' mean length; it is the share of each video's own
~ -(-percents[:, None] * lengths // 100) => -(-percents[:, None] * int(lengths.mean()) // 100)
share of the last row's number: the share was taken of lengths[b] - 1; take it of the number of frames, then row n - 1
-     after = -(-percents[:, None] * lengths // 100)
-     accuracy = right[after - 1, np.arange(B)].mean(axis=1)
+     after = -(-percents[:, None] * (lengths - 1) // 100)
+     accuracy = right[after, np.arange(B)].mean(axis=1)
percents taken for shares: the percents were not divided by 100: every video was asked at its end
~ -(-percents[:, None] * lengths // 100) => np.minimum(percents[:, None] * lengths, lengths)
rounded to the nearest: the number of frames was rounded to the nearest; a share is rounded up to whole frames
~ -(-percents[:, None] * lengths // 100) => np.maximum(np.rint(percents[:, None] * lengths / 100).astype(int), 1)
rounded down and one more: the share was rounded down and one frame added: where it comes out even, that is one too many
~ -(-percents[:, None] * lengths // 100) => np.minimum(percents[:, None] * lengths // 100 + 1, lengths)
percents and lengths in pairs: percents and lengths were paired one by one; each percent is asked of all videos
-     after = -(-percents[:, None] * lengths // 100)
-     accuracy = right[after - 1, np.arange(B)].mean(axis=1)
+     after = -(-percents * lengths[: len(percents)] // 100)
+     accuracy = right[after - 1].mean(axis=1)
one row too early: after n frames the answer stands in row n - 1; this is row n - 2
~ right[after - 1, np.arange(B)] => right[np.maximum(after - 2, 0), np.arange(B)]
all videos at all rows: right[after - 1] has the row of every video for all videos; each is asked in its own column, right[after - 1, np.arange(B)]
~ right[after - 1, np.arange(B)].mean(axis=1) => right[after - 1].mean(axis=(1, 2))
right once by then: accuracy counts the videos that were named rightly once by then; the answer at this frame counts
~ right[after - 1, np.arange(B)].mean(axis=1) => np.array([(right & (t < n)).any(axis=0).mean() for n in after])
right from then on: accuracy counts the videos that stay right from this frame on; the answer at this frame counts
~ right[after - 1, np.arange(B)].mean(axis=1) => np.array([(right | (t >= lengths) | (t < n - 1)).all(axis=0).mean() for n in after])
in percent: accuracy is in percent; it is a share, from 0 to 1
~ .mean(axis=1) => .mean(axis=1) * 100
divided by the steps: the number of videos named rightly was divided by T; it is divided by their number, B
~ .mean(axis=1) => .sum(axis=1) / T
long videos weigh more: accuracy was weighted by the videos' lengths; all videos count alike
~ right[after - 1, np.arange(B)].mean(axis=1) => right[after - 1, np.arange(B)] @ lengths / lengths.sum()
wrong at the end left out: videos that are wrong at their end were left out of accuracy; all videos count
~ right[after - 1, np.arange(B)] => right[after - 1, np.arange(B)][:, right[lengths - 1, np.arange(B)]]
logits added up: the logits were averaged over the frames so far; the answer after a frame is that of its own logits
~ logits.argmax(axis=2) => logits.cumsum(axis=0).argmax(axis=2)
above 0 is right: a video was called right where its label's logit is above 0; it is right where it is the largest
~ logits.argmax(axis=2) == labels => logits[:, np.arange(B), labels] > 0
above one half is right: a video was called right where its label's probability is above 1/2; of more than two classes a smaller one may be the largest
~ logits.argmax(axis=2) == labels => np.exp(logits[:, np.arange(B), labels]) > 0.5 * np.exp(logits).sum(axis=2)
the largest of the videos: the largest logit was taken along the videos, axis 1; the classes are axis 2
~ logits.argmax(axis=2) == labels => logits.argmax(axis=1)[:, :1] == labels
{{no.odd}} for never: a video that is wrong at its end was never decided: {{no.it}}, not {{no.odd}}
~ last_wrong + 1, {{no.it}}) => last_wrong + 1, {{no.odd}})
NaN for never: a video that is wrong at its end was never decided: {{no.it}}, not NaN
~ last_wrong + 1, {{no.it}}) => last_wrong + 1, np.nan)
wrong at the batch's end: a video that is wrong at its end got {{no.it}} only where it is as long as the batch; each video has an end of its own, lengths[b]
~ last_wrong < lengths => last_wrong < T
right at the batch's end: whether a video was decided was asked in the batch's last row; for shorter videos that is padding
~ last_wrong < lengths => right[-1]
padding asked too: wrong answers in the padding were counted in decided: after a video's end nobody asks
-     wrong = ~right & (t < lengths)
-     last_wrong = ((t + 1) * wrong).max(axis=0)
-     decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}})
+     last_wrong = ((t + 1) * ~right).max(axis=0)
+     decided = np.where(last_wrong != lengths, last_wrong + 1, {{no.it}})
one row of padding asked: decided asks one row too many: video b has the rows 0 to lengths[b] - 1
-     wrong = ~right & (t < lengths)
-     last_wrong = ((t + 1) * wrong).max(axis=0)
-     decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}})
+     wrong = ~right & (t <= lengths)
+     last_wrong = ((t + 1) * wrong).max(axis=0)
+     decided = np.where(last_wrong != lengths, last_wrong + 1, {{no.it}})
rows for frames: decided counts rows from 0; frame counts begin with 1
-     last_wrong = ((t + 1) * wrong).max(axis=0)
-     decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}})
+     last_wrong = (t * wrong).max(axis=0)
+     decided = np.where(right[lengths - 1, np.arange(B)], last_wrong + 1, {{no.it}})
after the first wrong answer: decided comes after the first wrong answer; it comes after the last one
~ last_wrong + 1, {{no.it}}) => np.where(wrong.any(axis=0), wrong.argmax(axis=0) + 2, 1), {{no.it}})
wrong answers counted: decided is one more than the number of wrong answers; it is one more than the frame of the last of them
~ last_wrong + 1, {{no.it}}) => wrong.sum(axis=0) + 1, {{no.it}})
right answers counted: decided counts the right answers at the end; it is the frame with which they begin
~ last_wrong + 1, {{no.it}}) => lengths - last_wrong, {{no.it}})
decided as a share: decided is a percentage of the video; it is a number of frames
~ last_wrong + 1, {{no.it}}) => 100 * (last_wrong + 1) // lengths, {{no.it}})
the number of the last wrong one: decided is the frame of the last wrong answer, and where that is the video's last, its length; it takes one more to be right, and is {{no.it}} there
~ last_wrong + 1, {{no.it}}) => last_wrong, lengths)
settled on any answer: decided tells when the answer no longer changes, right or wrong; where it is wrong at the end it is {{no.it}}
-     wrong = ~right & (t < lengths)
-     last_wrong = ((t + 1) * wrong).max(axis=0)
-     decided = np.where(last_wrong < lengths, last_wrong + 1, {{no.it}})
+     said = logits.argmax(axis=2)
+     other = (said != said[lengths - 1, np.arange(B)]) & (t < lengths)
+     decided = ((t + 1) * other).max(axis=0) + 1
right without a break from the first: decided is 1 for every video that is right at its end: what was wrong before was not looked at
~ last_wrong + 1, {{no.it}}) => 1, {{no.it}})
percents sorted: the percents were sorted; the accuracies stand in the order of `percents`
~ after = -(-percents[:, None] * lengths // 100) => after = -(-np.sort(percents)[:, None] * lengths // 100)
frames as a share: decided is a share of each video here; asked for is the number of frames
~ last_wrong + 1, {{no.it}}) => (last_wrong + 1) / lengths, {{no.it}})
accuracy as a list: accuracy is an array
~     accuracy = right[after - 1, np.arange(B)].mean(axis=1) =>     accuracy = list(right[after - 1, np.arange(B)].mean(axis=1))
"""

# %% [markdown]
# ## Task 4: what no network could do (5 points)
#
# *Extra, about 25 minutes.*
#
# Before you train a baseline, ask what the *best possible* one could reach. Take videos whose frames are letters: `"abc"` rises, `"cba"` falls. A reader knows all videos and their labels by heart, but is shown only a part of the video to be named, and then says what is most often true of the videos that look like this. Which fraction of the videos does it name rightly? Return four floats, for a reader that sees
#
# 1. **one frame** of the video, any of them being equally likely, and not told which place it had;
# 2. **a bag of frames**: all of them, each as often as it occurs, without their order;
# 3. **a bag of neighbours**: all pairs of a frame and the next, without the order of the pairs (a video of one frame has none);
# 4. **the video**.
#
# All videos count alike, the long ones no more than the short: for reader 1 a frame of a video of n frames weighs 1/n. `films` is a list of texts, each with at least one letter; `labels` a list of the same length.
#
# <details><summary>Hint 1</summary>
#
# One helper for all four: from a list of (what is seen, label, weight) it adds up, for everything that can be seen, the weight of each label. The best reader says the heaviest. What is the sum of these, divided by the number of videos?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `votes = defaultdict(Counter)`, then `votes[seen][label] += weight`, and at the end `sum(max(c.values()) for c in votes.values()) / len(films)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# What is seen has to be something that can be a key: the letter; `tuple(sorted(film))`; `tuple(sorted(pairwise(film)))`; the video. Not `set(film)`: that forgets how often.
# </details>


# %%
from collections import Counter, defaultdict
from itertools import pairwise


# %% solution="ceilings"
def ceilings(films, labels):
    """The best accuracy with a frame, a bag of them, of pairs, the video.

    Returns four floats.
    """
    ### BEGIN SOLUTION

    def best(shown):
        votes = defaultdict(Counter)
        for seen, label, weight in shown:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    named = list(zip(films, labels, strict=True))
    frame = best([(a, k, 1 / len(film)) for film, k in named for a in film])
    bag = best([(tuple(sorted(film)), k, 1) for film, k in named])
    pairs = [(sorted(pairwise(f)), k) for f, k in named]
    neighbours = best([(tuple(p), k, 1) for p, k in pairs])
    return frame, bag, neighbours, best([(f, k, 1) for f, k in named])
    ### END SOLUTION


# %% [markdown]
# Try it: *sit down* goes from a to d, *stand up* from d to a, with a hold at the beginning, in the middle or at the end; and a *turn* that has a frame of its own, and two hops that differ only in when.

# %%
sits = ["aabcd", "abbcd", "abcdd"]
acts = [*sits, *[film[::-1] for film in sits], "ztz", "yxyyxxy", "yxxyyxy"]
named = [*["sit"] * 3, *["stand"] * 3, "turn", "hop", "skip"]
readers = ("a frame", "a bag", "neighbours", "the video")
for reader, share in zip(readers, ceilings(acts, named), strict=True):
    print(f"{reader:10} {9 * share:.1f} of 9 videos")

# %% test="ceilings" points=5 whole="four counts that build on one another" explained="ch16_video: What can be known without memory, and without order"
import numpy as np

from rnncore.testing import check, stored

OUTPUTS = "frame, bag, neighbours, film"


def shown(rng, N, longest=6, letters="abcd", kinds=3):
    """Videos, some of them the same or turned round, with labels."""
    films = []
    for _ in range(N):
        film = rng.choice(list(letters), rng.integers(1, longest + 1))
        film = "".join(film)
        films += [film, film[::-1]]
    labels = [int(k) for k in rng.integers(0, kinds, len(films))]
    return dict(films=films, labels=labels)


rng = np.random.default_rng(4)
visible = [
    shown(rng, 75, 5, "abc", 3),
    dict(films=["abc", "cba", "aab", "bba"], labels=[0, 1, 2, 3]),
    dict(films=["abac", "aabc", "cbaa"], labels=[0, 1, 2]),
    dict(films=["aabab", "abaab", "a", "a"], labels=[0, 1, 1, 0]),
    dict(
        films=["abba", "baab", "ab", "aabb", "aab", "a"],
        labels=[0, 1, 2, 3, 4, 5],
    ),
    shown(rng, 15, 4, "ab", 2),
]
check(ceilings, stored("ceilings"), visible, outputs=OUTPUTS)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    shown(rng, N, longest, letters, kinds)
    for N, longest, letters, kinds in [
        (1, 1, "a", 1),
        (6, 3, "ab", 2),
        (40, 4, "abc", 4),
        (30, 8, "ab", 3),
    ]
]
hidden.append(dict(films=["aab", "abb"], labels=["x", "y"]))
hidden.append(dict(films=["abaabb", "abbaab"], labels=["x", "y"]))
check(ceilings, reference_ceilings, hidden, outputs=OUTPUTS)
### END HIDDEN TESTS
print("Task 4 holds.")

# %% mistakes="ceilings"
r"""
frames told by their number: the reader of one frame was told its place in the video: then a frame gives away what only the order should
~ [(a, k, 1 / len(film)) for film, k in named for a in film] => [(a, k, 1 / len(film)) for film, k in named for a in enumerate(film)]
long videos weigh more: each frame counts alike, and so a long video more than a short one; a video's frames share a weight of 1
~ [(a, k, 1 / len(film)) for => [(a, k, len(films) / sum(map(len, films))) for
the first frame: only first frames were shown; any frame of the video is equally likely
~ [(a, k, 1 / len(film)) for film, k in named for a in film] => [(film[0], k, 1) for film, k in named]
a set instead of a bag: a set forgets how often a frame occurs: aab and abb differ as bags
~ (tuple(sorted(film)), k, 1) => (frozenset(film), k, 1)
frames shuffled unnoticed: the frames were sorted before the pairs were made: a shuffled video has other neighbours
~ (sorted(pairwise(f)), k) => (sorted(pairwise(sorted(f))), k)
neighbours without direction: the pairs forgot which frame came first, and with it which way things went
~ (sorted(pairwise(f)), k) => (sorted(tuple(sorted(p)) for p in pairwise(f)), k)
pairs in their order: the pairs kept their order, and so the video; they belong in a bag as well
~ (sorted(pairwise(f)), k) => (list(pairwise(f)), k)
pairs that do not overlap: every frame is in one pair only; each frame and the next make one, so that all but the ends are in two
~ pairwise(f) => zip(f[::2], f[1::2], strict=False)
neighbours as a set: a set forgets how often two frames are neighbours
~ (tuple(p), k, 1) => (frozenset(p), k, 1)
the bag for the video: who sees the video saw the bag only: it may use the order
~ best([(f, k, 1) for f, k in named]) => bag
a video seen is a video known: two videos may look the same and have different labels; then even the best reader is wrong in one of them
~ best([(f, k, 1) for f, k in named]) => 1.0
how much is different: what was counted is what gives its label away for certain; the best reader guesses where it must, and is right with the most frequent label
~ sum(max(c.values()) for c in votes.values()) / len(films) => sum(len(c) == 1 for c in votes.values()) / len(votes)
a frame weighs 1: each frame weighed 1, so that a video of n frames counted n times; a frame of a video of n frames weighs 1/n
~ [(a, k, 1 / len(film)) for => [(a, k, 1) for
not divided by the videos: this is the number of videos named rightly; divide it by the number of all videos
~ for c in votes.values()) / len(films) => for c in votes.values())
divided by one: these are the numbers of videos named rightly; divide them by the number of all videos
~ for c in votes.values()) / len(films) => for c in votes.values()) / 1
in percent: these are percentages; a fraction is from 0 to 1
~ for c in votes.values()) / len(films) => for c in votes.values()) / len(films) * 100
divided by what can be seen: the sum was divided by the number of different things that can be seen; divide it by the number of videos
~ for c in votes.values()) / len(films) => for c in votes.values()) / len(votes)
share of errors: this is the fraction of the videos that are named wrongly
~ return sum( => return 1 - sum(
nothing is seen: all videos fell under one key: this is a reader who sees nothing, and always says the most frequent label
~ votes[seen][label] => votes[0][label]
the first label met: the reader says the label that it met first; the best one says the heaviest
~ max(c.values()) => next(iter(c.values()))
labels drawn like their weights: the reader draws its answer with the labels' probabilities; the best one always says the heaviest label
~ sum(max(c.values()) for c in votes.values()) => sum(sum(v * v for v in c.values()) / sum(c.values()) for c in votes.values())
mean over what can be seen: the accuracies for each thing that can be seen were averaged; videos count alike, so weigh each by its videos
~ sum(max(c.values()) for c in votes.values()) / len(films) => sum(max(c.values()) / sum(c.values()) for c in votes.values()) / len(votes)
ties shared: where several labels are equally heavy the heaviest weight was divided among them; whichever the reader says, it is right with that whole weight
~ max(c.values()) for c => max(c.values()) / list(c.values()).count(max(c.values())) for c
only what is certain: only what has a single label was counted; the best reader guesses as well, and is sometimes right
~ max(c.values()) for c in votes.values() => max(c.values()) for c in votes.values() if len(c) == 1
the same video counts once: videos that occur more than once were counted once; all of them count
~ list(zip(films, labels, strict=True)) => list(dict(zip(films, labels, strict=True)).items())
videos sorted, labels not: the videos were sorted and the labels were not: videos got the labels of others
~ list(zip(films, labels, strict=True)) => list(zip(sorted(films), labels, strict=True))
results the other way round: the results came in the order video, neighbours, bag, frame
~ return frame, bag, neighbours, best([(f, k, 1) for f, k in named]) => return best([(f, k, 1) for f, k in named]), neighbours, bag, frame
rounded: the fractions were rounded
~ return frame, bag, neighbours, best([(f, k, 1) for f, k in named]) => return tuple(round(x, 2) for x in (frame, bag, neighbours, best([(f, k, 1) for f, k in named])))
all weighted by length: long videos weigh more, for all four readers; all videos count alike
-         return sum(max(c.values()) for c in votes.values()) / len(films)
-
-     named = list(zip(films, labels, strict=True))
-     frame = best([(a, k, 1 / len(film)) for film, k in named for a in film])
-     bag = best([(tuple(sorted(film)), k, 1) for film, k in named])
-     pairs = [(sorted(pairwise(f)), k) for f, k in named]
-     neighbours = best([(tuple(p), k, 1) for p, k in pairs])
-     return frame, bag, neighbours, best([(f, k, 1) for f, k in named])
+         return sum(max(c.values()) for c in votes.values()) / sum(map(len, films))
+
+     named = list(zip(films, labels, strict=True))
+     frame = best([(a, k, 1) for film, k in named for a in film])
+     bag = best([(tuple(sorted(f)), k, len(f)) for f, k in named])
+     neighbours = best([(tuple(sorted(pairwise(f))), k, len(f)) for f, k in named])
+     return frame, bag, neighbours, best([(f, k, len(f)) for f, k in named])
each letter of a video once: a letter that a video has twice was shown as often as one that it has once; every frame is equally likely
~ [(a, k, 1 / len(film)) for film, k in named for a in film] => [(a, k, 1 / len(set(film))) for film, k in named for a in set(film)]
a frame weighs n: a frame of a video of n frames weighs n; it weighs 1/n, so that the video weighs 1
~ [(a, k, 1 / len(film)) for => [(a, k, len(film)) for
the middle frame: only middle frames were shown; any frame of the video is equally likely
~ [(a, k, 1 / len(film)) for film, k in named for a in film] => [(film[len(film) // 2], k, 1) for film, k in named]
the last frame: only last frames were shown; any frame of the video is equally likely
~ [(a, k, 1 / len(film)) for film, k in named for a in film] => [(film[-1], k, 1) for film, k in named]
the best frame number: the reader of one frame was shown that frame of each video, by its number, which tells most; any frame is equally likely
~     frame = best([(a, k, 1 / len(film)) for film, k in named for a in film]) =>     frame = max(best([(f[n % len(f)], k, 1) for f, k in named]) for n in range(max(map(len, films))))
most frequent by count: the label of a frame was chosen by how many frames have it; choose the one with the largest weight
-     frame = best([(a, k, 1 / len(film)) for film, k in named for a in film])
+     counts, weights = defaultdict(Counter), defaultdict(Counter)
+     for film, k in named:
+         for a in film:
+             counts[a][k] += 1
+             weights[a][k] += 1 / len(film)
+     frame = sum(weights[a][c.most_common(1)[0][0]] for a, c in counts.items()) / len(films)
a bag in order: the bag of frames was told their order, and so is the video
~ (tuple(sorted(film)), k, 1) => (film, k, 1)
shares in the bag: the bag holds each frame's share of the video; it holds how often the frame occurs, so that ab and aabb differ
~ (tuple(sorted(film)), k, 1) => (tuple(sorted((a, film.count(a) / len(film)) for a in set(film))), k, 1)
videos of one frame left out: videos of one frame were left out: they have no pair, which is a bag like any other, and they count among the videos
- for f, k in named]
-     neighbours
+ for f, k in named if len(f) > 1]
+     neighbours
neighbours and an end: the reader of pairs was told more than the pairs, such as how the video begins or ends, or its bag of frames: of a video of one frame it sees nothing
~ (sorted(pairwise(f)), k) => ([f[0], *sorted(pairwise(f))], k)
first and last are neighbours: the last frame and the first were taken for neighbours: a video is no ring
~ (sorted(pairwise(f)), k) => (sorted(zip(f, f[1:] + f[:1], strict=True)), k)
every two frames: pairs were made of every two frames of a video; neighbours are a frame and the next
~ (sorted(pairwise(f)), k) => (sorted((a, b) for n, a in enumerate(f) for b in f[n + 1 :]), k)
the next but one: pairs were made of a frame and the next but one
~ (sorted(pairwise(f)), k) => (sorted(zip(f, f[2:], strict=False)), k)
three in a row: three frames in a row were taken together; neighbours are pairs
~ (sorted(pairwise(f)), k) => (sorted(zip(f, f[1:], f[2:], strict=False)), k)
one pair alone: the reader saw one pair of neighbours at a time; it sees all pairs of the video
~ best([(tuple(p), k, 1) for p, k in pairs]) => best([(p, k, 1 / len(ps)) for ps, k in pairs for p in ps])
a video and its reverse: a video and the same one run backward were taken for one video
~ best([(f, k, 1) for f, k in named]) => best([(min(f, f[::-1]), k, 1) for f, k in named])
each frame once a video: each frame of a video was counted once; one that occurs twice is shown twice as often
~ for a in film]) => for a in set(film)])
bag of the first frames: the bag holds the first frames alone; it holds all of them, in no order
~     bag = best([(tuple(sorted(film)), k, 1) for film, k in named]) =>     bag = best([(tuple(sorted(film[:3])), k, 1) for film, k in named])
"""

# %% [markdown]
# ## Task 5, closed book: `film_loss` (3 points)
#
# *Core, about 15 minutes.*
#
# Close the chapter. Rebuild the loss of a network that is asked after *each* frame, so that it learns to answer early: `film_loss(model, batch, carry)`. `model(batch.frames)` gives logits (T, B, K), one answer per frame; `batch.labels` is (B,), one label per video. Return the mean over all frames and videos of -log p of the label, and the carry, untouched, since `fit` wants it back.
#
# <details><summary>Hint 1</summary>
#
# `cross_entropy(logits, labels)` of torch wants (N, K) and (N,), and takes the mean. What is N here?
# </details>
#
# <details><summary>Hint 2</summary>
#
# The labels have to be repeated for each frame: `batch.labels.expand(T, -1)` is (T, B).
# </details>
#
# <details><summary>Hint 3</summary>
#
# `logits.flatten(0, 1)` has the rows of frame 0 first, all videos; so must the labels: `labels.flatten()` of (T, B).
# </details>


# %% solution="film_loss" closed_book=true
def film_loss(model, batch, carry):
    """The mean surprise of the label, after every frame alike.

    Shapes: batch (frames (T, B, S, S), labels (B,)) -> loss; carry
    """
    ### BEGIN SOLUTION
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
    ### END SOLUTION


# %% [markdown]
# Try it: a network that knows nothing is surprised by log 8 each time, whatever it is asked.

# %%
blank = FilmBatch(torch.zeros(5, 3, 4, 4), torch.tensor([0, 7, 2]))
loss, carry = film_loss(lambda x: torch.zeros(5, 3, 8), blank, "carried on")
print(round(float(loss), 4), "log 8 =", np.log(8).round(4), carry)

# %% test="film_loss" points=3 explained="ch16_video: A picture becomes a vector, a film a sequence"
import numpy as np
import torch

from rnncore.testing import Properties, assert_that, check, mover, stored
from rnncore.video.model import FilmBatch
from rnncore.video.model import film_loss as book_film_loss

properties = Properties(values=2, sizes=1)

place = "cuda" if device == "cuda" else "cpu"
move = mover(place)


def losses_of(function):
    """The loss of a network with weights U, and what is carried on."""

    def losses(frames, labels, U, carry):
        def model(x):
            return torch.tanh(x.flatten(2)).cumsum(0) @ U

        return function(model, FilmBatch(frames, labels), carry)

    return losses


def asked_films(rng, T, B, S, K):
    return dict(
        frames=rng.normal(size=(T, B, S, S)),
        labels=rng.integers(0, K, B),
        U=rng.normal(size=(S * S, K)),
        carry="carried on",
    )


def trains(args):
    """Whether a gradient comes back to the weights U."""
    U = args["U"].clone().requires_grad_()
    loss, _ = losses_of(film_loss)(**{**args, "U": U})
    says = "the loss is cut off from the network: nothing trains with it"
    assert_that(getattr(loss, "requires_grad", False), says)


rng = np.random.default_rng(8)
visible = [
    move(asked_films(rng, *sizes)) for sizes in [(4, 3, 2, 5), (3, 5, 1, 4)]
]
OUTPUTS = "loss, carry"
check(
    losses_of(film_loss),
    stored("film_loss"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
trains(visible[0])
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs

hidden = hidden_inputs(
    asked_films,
    [(1, 1, 1, 2), (6, 2, 3, 4), (3, 7, 2, 8), (4, 4, 2, 3)],
    place,
)
right = losses_of(book_film_loss)
check(losses_of(film_loss), right, hidden, outputs=OUTPUTS, by=properties)
trains(hidden[1])
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="film_loss"
r"""
last frame only: only the answer after the last frame counts: such a network has no reason to know anything earlier
~ return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry => return cross_entropy(logits[-1], labels[-1]), carry
time and batch swapped: logits and labels were flattened in different orders: frames got the labels of other videos
~ logits.flatten(0, 1) => logits.transpose(0, 1).flatten(0, 1)
labels repeated video by video: each label was repeated T times in a row, but the logits' rows go through all videos first: frames got the labels of other videos
~ labels.flatten() => batch.labels.repeat_interleave(len(logits))
answers averaged before the loss: the logits were averaged over the frames before the loss: that is a bag of frames, and nobody is asked after each of them
~ return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry => return cross_entropy(logits.mean(0), labels[0]), carry
summed: the losses were added up; it is their mean, so that longer videos do not count more
~ labels.flatten()) => labels.flatten(), reduction="sum")
summed over time: the losses of a video's frames were added up; the mean is over frames and videos
~ labels.flatten()) => labels.flatten()) * len(logits)
softmax twice: the softmax was taken twice: cross_entropy does it, and wants logits
~ logits.flatten(0, 1) => logits.softmax(2).flatten(0, 1)
carry forgotten: the carry has to come back as it was
~ labels.flatten()), carry => labels.flatten()), None
first frame only: only the answer after the first frame counts
~ return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry => return cross_entropy(logits[0], labels[0]), carry
first frame left out: the answer after the first frame was left out; every frame is asked alike
~ return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry => return cross_entropy(logits[1:].flatten(0, 1), labels[1:].flatten()), carry
last frame not shown: the network was not shown the last frame: that is the way to train a model that predicts frames
~ model(batch.frames) => model(batch.frames[:-1])
videos first for the network: the network was given its videos with batch first; its frames are (T, B, S, S), so that it took videos for steps
~ logits = model(batch.frames) => logits = model(batch.frames.transpose(0, 1)).transpose(0, 1)
later frames weigh more: later frames weigh more; every frame counts alike
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ losses = torch.stack([cross_entropy(row, batch.labels) for row in logits])
+     weights = torch.arange(1, len(logits) + 1).to(losses)
+     return (weights * losses).sum() / weights.sum(), carry
last frame counted again: half of the loss is that of the last frame alone; every frame counts alike
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ loss = cross_entropy(logits.flatten(0, 1), labels.flatten())
+     return (loss + cross_entropy(logits[-1], labels[-1])) / 2, carry
reshaped to (B, K, T): the logits (T, B, K) were reshaped to (B, K, T); a reshape moves no axis, so that classes, videos and steps are mixed
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ T, B, K = logits.shape
+     return cross_entropy(logits.reshape(B, K, T), labels.T), carry
one video's label for all: every video got the label of the first one
~ labels.flatten() => labels[:, :1].expand_as(labels).flatten()
softmax over the videos: the softmax ran over the videos of the batch, axis 1; the classes are axis 2
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ log_p = logits.log_softmax(1)
+     return -log_p.gather(2, labels[..., None]).mean(), carry
softmax over time: the softmax ran over the steps, axis 0; the classes are axis 2
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ log_p = logits.log_softmax(0)
+     return -log_p.gather(2, labels[..., None]).mean(), carry
summed over the videos: the losses of a batch's videos were added up; the mean is over frames and videos
~ labels.flatten()) => labels.flatten()) * logits.shape[1]
log of the mean over the frames: the probabilities were averaged over the frames before the logarithm; take -log p after each frame, and then the mean
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ p = logits.softmax(2).mean(0)
+     return -p.gather(1, labels[0][:, None]).log().mean(), carry
log of the mean over all: this is the logarithm of the mean probability; take the mean of -log p
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ p = logits.softmax(2).gather(2, labels[..., None])
+     return -p.mean().log(), carry
one minus the probability: this is the mean of 1 - p; a surprise is -log p
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ p = logits.softmax(2).gather(2, labels[..., None])
+     return (1 - p).mean(), carry
sign lost: the loss has the wrong sign: a surprise is -log p
~ return cross_entropy( => return -cross_entropy(
no softmax: this is the mean of the label's logit, with a minus: the logits were not made into log-probabilities
~ return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry => return -logits.gather(2, labels[..., None]).mean(), carry
mean over the classes too: the sum over videos and frames was divided by T B K; it is divided by T B
~ labels.flatten()) => labels.flatten()) / logits.shape[2]
surprise expected: this is the entropy of the network's answers; the label is what it is surprised by
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ log_p = logits.log_softmax(2)
+     return -(log_p.exp() * log_p).sum(2).mean(), carry
bits: the loss is in bits; here log is the natural logarithm
~ labels.flatten()) => labels.flatten()) / np.log(2)
labels numbered from 1: one was taken off the labels; they are numbered from 0 already
~ labels.flatten() => (labels.flatten() - 1) % logits.shape[2]
labels smoothed: the labels were smoothed; -log p of the label alone counts
~ labels.flatten()) => labels.flatten(), label_smoothing=0.1)
each class by itself: each class was asked by itself, yes or no; here the K probabilities of a softmax add up to 1
- return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry
+ hot = torch.nn.functional.one_hot(labels, logits.shape[2]).to(logits)
+     yes_no = torch.nn.functional.binary_cross_entropy_with_logits
+     return yes_no(logits, hot), carry
cut off from the network [hidden]: the loss is cut off from the network: nothing can be trained with it
~ labels.flatten()) => labels.flatten()).detach()
a number for the loss [hidden]: the loss is a Python number: nothing can be trained with it
~ labels.flatten()) => labels.flatten()).item()
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# `film_batches(frames, labels, B)` of the chapter makes the function that serves B videos at a time, drawn at random, time first. Nine boxes are one small edit away from it, and a network trains on what each of them serves without a complaint; with some its loss even falls.
#
# Write `serving_probes()`: a list of `(frames, labels, B)`, where frames is (N, T, S, S), labels (N,) whole numbers, both NumPy arrays. Each box is asked for two batches, with the same random generator, and everything that it serves is compared. Points are for the boxes that some probe tells apart; the last point is for all of them with a single probe.
#
# <details><summary>Hint 1</summary>
#
# In videos whose frames are all alike nobody sees their order; in pictures that are the same when mirrored at the diagonal nobody sees them mirrored.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With one video, whichever is drawn is the right one. With labels that are all the same nobody sees whose they are.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Random numbers everywhere, ten videos or so, a label of its own for each, and batches of several videos.
# </details>


# %% solution="serving_probes"
def serving_probes():
    """A list of (frames, labels, B).

    Shapes: frames (N, T, S, S); labels (N,)
    """
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(10, 5, 3, 3)), np.arange(10), 6)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("serving_probes")
hasty = (np.zeros((4, 3, 2, 2)), np.zeros(4, int), 2)
right = film_batches(*hasty)(np.random.default_rng(0), 0)
for name, box in boxes.items():
    served = box(*hasty)(np.random.default_rng(0), 0)
    same = torch.equal(served.frames, right.frames)
    print(name, "looks right" if same else "differs")

# %% test="serving_probes" points=4 explained="ch16_video: A picture becomes a vector, a film a sequence"
import numpy as np

from rnncore.testing import black_boxes, hunt
from rnncore.video.model import film_batches as book_film_batches


def served_by(function):
    """Two batches of what a function serves."""

    def served(frames, labels, B):
        next_batch = function(frames, labels, B)
        rng = np.random.default_rng(0)
        batches = [next_batch(rng, step) for step in range(2)]
        return [(b.frames.numpy(), b.labels.numpy()) for b in batches]

    return served


hunt(
    served_by(book_film_batches),
    {
        name: served_by(box)
        for name, box in black_boxes("serving_probes").items()
    },
    serving_probes(),
    few=1,
    points=4,
)

# %% mutants="serving_probes" of="rnncore.video.model.film_batches"
r"""
frames shuffled unnoticed: the frames of each batch are shuffled: a reader of bags never notices, and the loss of the others falls to that of a bag
~ frames[chosen] => frames[chosen][:, rng.permutation(frames.shape[1])]
videos run backward: the videos run backward: in training and test alike, so that nothing but the names is wrong
~ frames[chosen] => frames[chosen][:, ::-1].copy()
a mirror at the diagonal: rows and columns are exchanged: unseen where pictures are symmetric
~ frames[chosen] => frames[chosen].swapaxes(2, 3)
reshape taken for a transpose: frames of different videos stand in one video: the shapes are right
~ frames[chosen] => frames[chosen].swapaxes(0, 1).reshape(frames[chosen].shape)
each video begins with its second frame: the videos are one frame ahead: unseen where the frames are alike
~ frames[chosen] => frames[chosen][:, [*range(1, frames.shape[1]), -1]]
labels drawn on their own: labels and videos are drawn apart from each other: all that can be learnt is how frequent each label is
~ labels[chosen] => labels[rng.integers(len(frames), size=B)]
labels in order: the labels of a batch are sorted, its videos are not
~ labels[chosen] => np.sort(labels[chosen])
always the first videos: every batch is the same: the loss falls splendidly
~ rng.integers(len(frames), size=B) => np.arange(B) % len(frames)
one video, B times: a batch holds one video B times: unseen where B is 1
~ rng.integers(len(frames), size=B) => np.full(B, rng.integers(len(frames)))
"""

# %% [markdown]
# ## Experiment: a bag that knows the way
#
# *Extra, about 15 minutes.*
#
# Digits that go left, right, up or down. Two readers take the *mean over the frames* of what eight kernels see, and a linear readout of it: both are blind to the order of what they average. One has kernels for a single frame, the other your kernels for two. Both are trained with *your* vjp. Then both are asked after each share of the video (*your* `how_soon`), on videos as they were filmed, run backward, and shuffled; and on videos of which only every n-th frame was kept. (Up to 10 seconds.)
#
# **Predict**, before you run anything. Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "one frame at a time: right of 100 films, 25 being chance": None,
    "two frames at a time": None,
    "two frames, the film run backward": None,
    "two frames, the film shuffled": None,
    "two frames, every third frame kept": None,
    "frames of 12 that it takes to be 90 % right": None,
}

# %% experiment seconds=10
import matplotlib.pyplot as plt
from ipywidgets import Dropdown, IntSlider, interact

from rnncore.losses import cross_entropy as surprise
from rnncore.losses import cross_entropy_vjp as surprise_vjp
from rnncore.optim import adam

WAYS = ["left", "right", "up", "down"]


def goers(seed, count):
    """Videos in which a digit goes one way, 12 x 12 pixels, and the ways."""
    films = moving_digits(
        np.random.default_rng(seed), 3 * count, held_out=seed > 0
    )
    keep = [k for k, c in enumerate(films.captions) if "and" not in c]
    x = films.frames[keep[:count]]
    x = x.reshape(*x.shape[:2], 12, 2, 12, 2).mean((3, 5))
    ways = [films.captions[k].split()[3] for k in keep[:count]]
    return x.transpose(1, 0, 2, 3), np.array([WAYS.index(w) for w in ways])


def answers(params, x):
    """Logits after each frame: of the mean of all until then."""
    y, cache = motion_maps(
        x, [len(x)] * x.shape[1], params["W"], params["b"]
    )
    count = np.arange(1, len(x) + 1)[:, None, None]
    mean = 20 * y.cumsum(axis=0) / count
    return mean @ params["V"].T + params["c"], mean, cache


def trained(steps=100, two=True, K=8):
    rng = np.random.default_rng(3)
    W = 0.5 * rng.normal(size=(K, 2, 3, 3)).astype("float32")
    W[:, 1] *= two
    zeros = [np.zeros(s, "float32") for s in (K, (4, K), 4)]
    params = dict(zip("WbVc", [W, *zeros], strict=True))
    optimizer = adam(0.05)
    state = optimizer.init(params)
    for _ in range(steps):
        chosen = rng.integers(train_x.shape[1], size=32)
        logits, mean, cache = answers(params, train_x[:, chosen])
        _, kept = surprise(logits[-1:], train_way[None, chosen])
        d_logits = surprise_vjp(np.float32(1), kept)[0]
        d_y = np.repeat(
            20 / 12 * (d_logits @ params["V"])[None], 12, axis=0
        )
        _, d_W, d_b = motion_maps_vjp(d_y.astype("float32"), cache)
        d_W[:, 1] *= two
        d_V, d_c = d_logits.T @ mean[-1], d_logits.sum(axis=0)
        grads = dict(zip("WbVc", [d_W, d_b, d_V, d_c], strict=True))
        grads = {k: d.astype("float32") for k, d in grads.items()}
        params, state = optimizer.update(params, grads, state)
    return params


def changed(x, how, every=1):
    rng = np.random.default_rng(0)
    if how == "backward":
        x = x[::-1]
    elif how == "shuffled":
        x = np.stack(
            [film[rng.permutation(12)] for film in x.swapaxes(0, 1)]
        )
        x = x.swapaxes(0, 1)
    return np.ascontiguousarray(x[::every])


train_x, train_way = goers(0, 300)
test_x, test_way = goers(1, 200)
print("You predicted", my_prediction)
readers = {}
for reader in ("one frame", "two frames"):
    readers[reader] = trained(two=reader == "two frames")
    print(f"trained: {reader}")


def scores(reader, how="as filmed", every=1):
    x = changed(test_x, how, every)
    logits, _, _ = answers(readers[reader], x)
    counts = np.full(x.shape[1], len(x))
    shares = [100 * n // len(x) for n in range(1, len(x) + 1)]
    return how_soon(logits, test_way, counts, shares)


for how in ("as filmed", "backward", "shuffled"):
    for reader in readers:
        accuracy, _ = scores(reader, how)
        print(f"{how:9}, {reader}: {100 * accuracy[-1]:.0f} % at the end")
for every in (2, 3):
    accuracy, _ = scores("two frames", every=every)
    print(
        f"one frame in {every} kept, two frames: {100 * accuracy[-1]:.0f} %"
    )
_, decided = scores("two frames")
print("decided after", np.median(decided[decided > 0]), "frames (median)")
plot_lines(
    {reader: 100 * scores(reader)[0] for reader in readers},
    "frames seen",
    "films named rightly, %",
    "",
    np.arange(1, 13),
)


def show(film=0, how="as filmed", every=1):
    """A video, what is said of it, and which pixels said it."""
    x = changed(test_x[:, film : film + 1], how, every)
    params = readers["two frames"]
    logits, _, cache = answers(params, x)
    said = WAYS[int(logits[-1, 0].argmax())]
    d_y = np.repeat(
        params["V"][WAYS.index(said)][None, None], len(x), axis=0
    )
    d_frames, _, _ = motion_maps_vjp(d_y, cache)
    _, axes = plt.subplots(2, 1, figsize=(7, 3.2))
    sheets = (x[:, 0], d_frames[:, 0])
    names = (f"it goes {WAYS[test_way[film]]}; {how}", f"says {said}: why")
    for ax, sheet, name in zip(axes, sheets, names, strict=True):
        ax.imshow(contact_sheet(sheet, 12), cmap="gray")
        ax.set(title=name, xticks=[], yticks=[])
    plt.show()


shown = interact(
    show,
    film=IntSlider(0, min=0, max=199, continuous_update=False),
    how=Dropdown(options=["as filmed", "backward", "shuffled"]),
    every=IntSlider(1, min=1, max=4, continuous_update=False),
)

# %% [markdown]
# Both readers average over the frames. Why is one of them no better than a coin within *left or right*, and the other nearly perfect? Which of your four readers of task 4 are they? What does the better one say of a video run backward, and is that wrong? Why is it so sure after two frames, and what becomes of it when frames are left out: how far does a digit then go between two frames, and how far does a kernel see?
#
# A bag of neighbours needs no loop. Look again at *hop* and *skip* in task 4: for which of the chapter's actions would it need one? Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# A page reports: "Our recurrent network names 12 hand gestures with 94 %; a single frame, drawn at random, gives 83 %, so gestures are mostly a matter of movement." Each clip was cut so that the gesture begins at its first frame. 5,000 clips were made from 40 recordings of 10 people, then split at random into training and test. Batches are padded with black frames, and the answer is taken from the last step of the batch. In four to six sentences: what does the 83 % tell against the sentence, and name two more faults and what each does to the numbers; then name one experiment of a few minutes, with the trained network as it is, that shows whether it uses the order of the frames.

# %% [markdown] answer="gestures" points=2 explained="ch16_video: What can be known without memory, and without order"
# A single frame reaches 83 % where chance is about 8 %: nearly everything can be told without any movement, from posture, place, clothes or background; by these numbers movement adds 11 points, or less, since all frames together, without their order, may well fill them; and both numbers are off. Clips of one recording lie on both sides of the split, so both numbers are too high: person and room give the gesture away (if each recording shows few gestures); split by person. Every gesture begins with the clip, so that for the network the number of steps stands in for the content: draw the beginnings at random. And the answer is read after the padding, where short clips have gone on through black frames: that makes the network's number too low, or makes it read a clip's length.
# The experiment: shuffle the frames of each test clip (each in its own way, padding left where it is) and measure again. If the 94 % hardly fall, order is not used; or run them backward, and see whether the names change.
#
# Rubric: 1 point for the single frame's 83 % as evidence *against* movement (most can be told from one frame; the bag of frames is the fair opponent), with one more fault and its direction (clips of one recording on both sides: too high; the same beginning: the network's 94 too high; last step under padding: too low or a leak of length); 1 point for a second such fault **and** the experiment of shuffled or reversed test videos, with how its result is to be read.
