# %% [markdown]
# # Assignment 12: music
#
# *The core takes about 100 minutes, all of it about 165 minutes, 28 points. Read chapter 12 first (all three pages).*
#
# You will put what somebody has played onto a grid of tokens; measure a model of piano rolls in the unit of the published scores, with its gradient; draw chords that keep the rules of voice leading, whatever the model wants; and move chorales into other keys without showing the model its examination. With the book closed you will rebuild `decode`.
# Then you hunt seven wrong readings of a piano roll, find out what eleven more keys are worth, and hear what the rules do.
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | T, V | | frames of a score, its voices (the highest first) |
# | `tokens` | (T, V) | HOLD (0), SILENCE (1), or a key that is struck (2 to 89) |
# | pitch | | a MIDI number: 60 is middle C, 12 make an octave, the lowest key of a piano is 21 |
# | `roll` | (T, B, K) | 1 where a key sounds, else 0: B pieces, K keys (88 on a piano; often fewer in the tests) |
# | `logits` | (T, B, K) | row t speaks about the keys of frame t + 1, each on its own |
# | `compass` | (V, 2) | the lowest and the highest pitch of each voice |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 10: texts of different length are read in windows. What is added up, and what is it divided by?</summary>
#
# The nats of all predicted tokens of all texts, divided once by their number. A mean of means gives a short text the weight of a long one.
# </details>
#
# <details><summary>Chapter 11: what makes a test score worthless, although no test value was trained on?</summary>
#
# A test that training knows all the same: windows that overlap, a scaler fitted on all data, or a copy in another guise.
# </details>

# %% parameters
short = (
    {"least": 1, "word": "one", "frames": "one frame", "fewer": "none"},
    {
        "least": 2,
        "word": "two",
        "frames": "two frames",
        "fewer": "fewer than two",
    },
)
second = (
    {
        "rule": "not the same number again",
        "hint": "as far apart from now[u] again",
        "of": "(now[u] - keys) % 12 == apart",
        "up": "(keys - now[u]) % 12 == apart",
        "whole": "now[u] - keys == apart",
        "octave": "now[u] - keys == apart",
        "breach": "apart in ((0, 0), (7, 7))",
        "odd": "np.isin((now[u] - keys) % 12, (0, 7))",
        "odd_name": "any fifth after an octave",
        "odd_says": "a fifth followed by an octave was forbidden; only the same interval again is",
        "any": "the same interval again was forbidden whatever it is; only fifths and octaves are",
        "why": "it is the same again",
    },
    {
        "rule": "neither 7 nor 0",
        "hint": "a fifth or an octave from now[u], whichever of the two it was before",
        "of": "np.isin((now[u] - keys) % 12, (0, 7))",
        "up": "np.isin((keys - now[u]) % 12, (0, 7))",
        "whole": "np.isin(now[u] - keys, (0, 7))",
        "octave": "np.isin(now[u] - keys, (0, 7, 12))",
        "breach": "{*apart} <= {0, 7}",
        "odd": "(now[u] - keys) % 12 == apart",
        "odd_name": "an octave after a fifth",
        "odd_says": "only the same interval again was forbidden; an octave after a fifth is as well, and a fifth after an octave",
        "any": "a fifth or an octave was forbidden after whatever interval; only after a fifth or an octave it is",
        "why": "one of them follows",
    },
)
low = (
    {
        "n": 5,
        "add": "7 * s + 5",
        "odd_n": 6,
        "range": "-5 to 6",
        "odd": "-6 to 5",
        "dots": "-5 ... 6",
        "code": "-5, 7",
        "all": "range(-5, 7)",
        "six": "6",
    },
    {
        "n": 6,
        "add": "7 * s + 6",
        "odd_n": 5,
        "range": "-6 to 5",
        "odd": "-5 to 6",
        "dots": "-6 ... 5",
        "code": "-6, 6",
        "all": "range(-6, 6)",
        "six": "-6",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"cpu"`, or write `"cuda"` where there is a GPU. The tests count the same. Scores are NumPy arrays, as in the chapter; task 2 is in torch, and keeps the dtype and device of its arguments. Nothing that you write changes an argument.

# %%
import numpy as np
import torch

from rnncore.display import play, plot_lines
from rnncore.music.score import (
    FIRST,
    HOLD,
    KEYS,
    LOWEST,
    REST,
    SILENCE,
    TOKENS,
    Score,
    encode,
    from_piano_roll,
)
from rnncore.music.sound import synthesise
from rnncore.testing import black_boxes, mover

device = "cpu"
move = mover(device)

# %% [markdown]
# ## Six frames by hand
#
# A voice sings middle C for two frames, strikes it again for one, is silent for one, and sings D for two. Middle C is pitch 60, and pitch 21 has the token 2. Write down the six tokens, then run the cell.

# %%
sung = Score(
    pitches=np.array([[60], [60], [60], [REST], [62], [62]]),
    starts=np.array([[True], [False], [True], [False], [True], [False]]),
)
print(encode(sung)[:, 0], " by hand: 41 0 41 1 43 0")

# %% [markdown]
# Now a piano with three keys. A model says that in the next frame they sound with probability 1/2, 1/4 and 1/4, each on its own. What sounds is the first alone. The frame's probability is a product, so its nats are a sum. One line is left out. Write it, and run again.
#
# <details><summary>The missing line</summary>
#
# `nats = -np.log(np.where(came == 1, p, 1 - p)).sum()`: a key that is silent costs too. The product is 1/2 · 3/4 · 3/4 = 9/32.
# </details>

# %%
p, came = np.array([1 / 2, 1 / 4, 1 / 4]), np.array([1, 0, 0])
nats = 0.0
# (the missing line)
print(nats, " by hand: log(32/9) = 1.2685; their mean, 0.4228, is no nats")

# %% [markdown]
# ## Task 1: from fingers to tokens (4 points)
#
# *Core, about 20 minutes.*
#
# A keyboard reports N notes, in the order in which they begin: `begin` and `end` in *seconds* (N,), `pitch` and `voice` (N,). The piece goes at `tempo` quarter notes a minute, and a frame is `frame` quarter notes long. Nobody plays on the grid. So:
#
# 1. `begin` and `end` move to the nearest frame, each by itself; a note that would be left with {{short.fewer}} gets {{short.frames}};
# 2. a voice sings one note at a time: where a note begins, the voice's former note is over, for good; of two that begin in the same frame the one listed later is heard;
# 3. a note is its key's token and then HOLDs; where a voice sings nothing, SILENCE;
# 4. T is the largest `end` after step 1, even of a note that step 2 cuts short: the piece then ends in SILENCE.
#
# <details><summary>Hint 1</summary>
#
# How many quarter notes are in a second? And how many frames? At tempo 120 and frames of half a quarter note there are four.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `np.rint(t * a_second).astype(int)` for both; `np.maximum(last, first + {{short.least}})`. Begin with `np.full((last.max(), V), SILENCE)`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# For each note three lines: SILENCE from its first frame to the very end of the piece; then HOLD from its first frame to its end; then its key at the first frame.
# </details>


# %% solution="onto_the_grid"
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    """Tokens of notes that were played, with times in seconds.

    Shapes: begin (N,); end (N,); pitch (N,); voice (N,) -> tokens (T, V)
    """
    ### BEGIN SOLUTION
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + {{short.least}})
    tokens = np.full((last.max(), V), SILENCE)
    for b, e, q, v in zip(first, last, pitch, voice, strict=True):
        tokens[b:, v] = SILENCE
        tokens[b:e, v] = HOLD
        tokens[b, v] = q - LOWEST + FIRST
    return tokens
    ### END SOLUTION


# %% [markdown]
# Try it: two voices, a bit late and a bit early. Tempo 60 and frames of half a quarter note: two frames a second.

# %%
played = dict(
    begin=np.array([0.02, 0.05, 0.97, 2.04]),
    end=np.array([0.93, 2.9, 1.55, 2.95]),
    pitch=np.array([72, 55, 74, 76]),
    voice=np.array([0, 1, 0, 0]),
)
print(onto_the_grid(**played, tempo=60, frame=0.5, V=2).T)

# %% test="onto_the_grid" points=4 explained="ch12_music: Two bars in four voices"
import numpy as np

from rnncore.music.score import FIRST, HOLD, LOWEST, SILENCE, TOKENS
from rnncore.music.score import decode as book_decode
from rnncore.testing import Properties, assert_close, check, stored

properties = Properties(values=3, sizes=1)
words = {HOLD: "HOLD", SILENCE: "SILENCE"}
words |= {k: f"pitch {k - FIRST + LOWEST}" for k in range(FIRST, TOKENS)}


def performance(rng, N, V, tempo, frame):
    """Notes off the grid, some short, some that a later one cuts."""
    a_second = tempo / 60 / frame
    begin = np.sort(rng.uniform(0, 2 * N, N)).round()
    length = rng.integers(0, 7, N)
    off = rng.uniform(-0.45, 0.45, (2, N))
    order = np.argsort(begin + off[0], kind="stable")
    begin, length, off = begin[order], length[order], off[:, order]
    return dict(
        begin=np.maximum(begin + off[0], 0) / a_second,
        end=np.maximum(begin + length + off[1], begin + 0.46) / a_second,
        pitch=rng.integers(21, 109, N),
        voice=rng.integers(0, V, N),
        tempo=tempo,
        frame=frame,
        V=V,
    )


rng = np.random.default_rng(1)
visible = [
    performance(rng, 7, 2, 96.0, 0.5),
    performance(rng, 5, 3, 45.0, 0.25),
    dict(  # the second cuts the first, which would end last
        begin=np.array([0.1, 0.9]),
        end=np.array([3.1, 1.55]),
        pitch=np.array([60, 64]),
        voice=np.array([0, 0]),
    )
    | dict(tempo=72.0, frame=0.5, V=1),
    dict(  # the second would be left with no frame
        begin=np.array([0.1, 4.3]),
        end=np.array([1.55, 4.35]),
        pitch=np.array([64, 67]),
        voice=np.array([0, 0]),
    )
    | dict(tempo=72.0, frame=0.5, V=1),
    dict(  # both begin in one frame, and the first would end last
        begin=np.array([1.0, 1.05]),
        end=np.array([3.0, 2.0]),
        pitch=np.array([60, 64]),
        voice=np.array([0, 0]),
    )
    | dict(tempo=60.0, frame=0.5, V=3),  # two voices have nothing to sing
]
check(
    onto_the_grid,
    stored("onto_the_grid"),
    visible,
    outputs="tokens",
    by=properties,
    words=words,
)
tokens = onto_the_grid(**visible[0])
score = book_decode(tokens)  # raises where a voice holds what is not there
slower = visible[0] | {"tempo": 48.0}
slower |= {name: 2 * slower[name] for name in ("begin", "end")}
assert_close(
    "at half the speed", onto_the_grid(**slower), tokens, words=words
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    performance(rng, N, V, tempo, frame)
    for N, V, tempo, frame in [
        (1, 1, 60.0, 1.0),
        (12, 3, 132.0, 0.25),
        (30, 4, 72.0, 0.5),
        (30, 2, 50.0, 0.125),
        (9, 5, 200.0, 1.0),
    ]
]
for short in (0.01, 0.04):
    hidden.append(
        dict(
            begin=np.array([0.0, 1.03]),
            end=np.array([1.2, 1.03 + short]),
            pitch=np.array([50, 70]),
            voice=np.array([1, 0]),
        )
        | dict(tempo=60.0, frame=0.25, V=2)
    )
hidden.append(
    dict(
        begin=np.array([0.0, 0.52, 0.8]),
        end=np.array([4.1, 1.02, 2.2]),
        pitch=np.array([50, 70, 52]),
        voice=np.array([1, 0, 1]),
    )
    | dict(tempo=60.0, frame=0.25, V=2)
)
hidden.append(performance(rng, 6, 2, 80.0, 0.5) | dict(V=4))
check(
    onto_the_grid,
    reference_onto_the_grid,
    hidden,
    outputs="tokens",
    by=properties,
    words=words,
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="onto_the_grid"
r"""
tempo lost: the tempo was lost: seconds were taken for quarter notes, which is right at tempo 60 alone
~ a_second = tempo / 60 / frame => a_second = 1 / frame
tempo upside down: the tempo stands upside down: the faster it is, the more quarter notes go into a second
~ a_second = tempo / 60 / frame => a_second = 60 / tempo / frame
multiplied by the frame: the quarter notes were multiplied by the length of a frame; the shorter a frame, the more of them there are, so divide
~ a_second = tempo / 60 / frame => a_second = tempo / 60 * frame
a held note struck again at every frame: a held note is struck again at every frame: after the first comes HOLD
~ tokens[b:e, v] = HOLD => tokens[b:e, v] = q - LOWEST + FIRST
a held note falls silent: a note falls silent after its first frame: HOLD goes on, SILENCE ends it
~ tokens[b:e, v] = HOLD => tokens[b:e, v] = SILENCE
rests filled: notes go on until the next one begins: their end was not looked at, and the rests are gone
~ tokens[b:e, v] = HOLD => tokens[b:, v] = HOLD
a former note comes back: where a short note cuts a long one, the long one goes on after it; HOLD then holds the wrong pitch
~ tokens[b:, v] = SILENCE => tokens[b:e, v] = SILENCE
begins cut off instead of rounded: begins were rounded down: a note a hair too early falls into the frame before; take the nearest
~ first = np.rint(begin * a_second) => first = np.floor(begin * a_second)
length rounded instead of the end: the length was rounded, and not the end: notes that touch then overlap, or leave a gap
~ last = np.rint(end * a_second).astype(int) => last = first + np.rint((end - begin) * a_second).astype(int)
a short note lost: a note shorter than half a frame was left out; it gets {{short.frames}}
-     for b, e, q, v in zip(first, last, pitch, voice, strict=True):
+     for b, e, q, v in zip(first, np.rint(end * a_second), pitch, voice, strict=True):
+         e = int(e)
+         if e <= b:
+             continue
keys counted from HOLD: the lowest key got token 0, which is HOLD: the keys begin at FIRST
~ q - LOWEST + FIRST => q - LOWEST
no frame left: a note whose begin and end move to one frame is left without any: it gets {{short.word}}
-     last = np.maximum(last, first + {{short.least}})
-
begins and ends cut off: begins and ends were rounded down, as `int` does: take the nearest frame
-     first = np.rint(begin * a_second).astype(int)
-     last = np.rint(end * a_second).astype(int)
+     first = (begin * a_second).astype(int)
+     last = (end * a_second).astype(int)
ends cut off: ends were rounded down, so notes end a frame too early: take the nearest frame
~ np.rint(end * a_second) => np.floor(end * a_second)
begins down and ends up: begins were rounded down and ends up, so notes grow at both sides: take the nearest frame for both
-     first = np.rint(begin * a_second).astype(int)
-     last = np.rint(end * a_second).astype(int)
+     first = np.floor(begin * a_second).astype(int)
+     last = np.ceil(end * a_second).astype(int)
quarter notes a minute: the tempo is in quarter notes a minute, and the times are in seconds: a division by 60 is missing
~ tempo / 60 / frame => tempo / frame
all voices silenced: where a note begins, all voices fell silent; only its own voice's former note is over
~ tokens[b:, v] = SILENCE => tokens[b:] = SILENCE
voices upside down: the voices stand in the opposite order: voice v belongs in column v
~ return tokens => return tokens[:, ::-1]
end inside the note: notes are a frame too long: `end` is the first frame in which they no longer sound
~ tokens[b:e, v] = HOLD => tokens[b : e + 1, v] = HOLD
T after the cuts: T is the largest `end` after the cuts of step 2; it is the largest after step 1, even of a note that is cut short
- tokens = np.full((last.max(), V), SILENCE)
+ cut = [min([e, *first[k + 1 :][voice[k + 1 :] == voice[k]]]) for k, e in enumerate(last)]
+     tokens = np.full((max(cut), V), SILENCE)
T from the last note: T is the `end` of the note that begins last; another may end later: it is the largest `end` after step 1
~ last.max() => last[-1]
pitches for tokens: a struck key was written as its pitch; its token is q - LOWEST + FIRST
~ q - LOWEST + FIRST => q
voices counted from the notes: V was not used: there are V voices, also where the last ones have no note
~ np.full((last.max(), V), SILENCE) => np.full((last.max(), max(voice) + 1), SILENCE)
the first of two is heard: of two notes that begin in one frame the one listed first was heard; it is the one listed later
-     for b, e, q, v in zip(first, last, pitch, voice, strict=True):
+     for n, (b, e, q, v) in enumerate(zip(first, last, pitch, voice, strict=True)):
+         if any(c == b and w == v for c, w in zip(first[:n], voice[:n], strict=True)):
+             continue
HOLD where nothing sounds: HOLD stands before a voice's first note, where nothing sounds: that is SILENCE
~ np.full((last.max(), V), SILENCE) => np.full((last.max(), V), HOLD)
key a frame late: the first frame of a note says HOLD, and its key is struck one frame later
~     tokens[b, v] = q - LOWEST + FIRST =>     tokens[min(b + 1, len(tokens) - 1), v] = q - LOWEST + FIRST
earlier note wins: where two notes of a voice overlap, the one that was listed first is kept; the later one takes its place
~ for b, e, q, v in zip(first, last, pitch, voice, strict=True): => for b, e, q, v in [*zip(first, last, pitch, voice, strict=True)][::-1]:
an octave lower: each key is twelve half steps from the one that was played
~     tokens[b, v] = q - LOWEST + FIRST =>     tokens[b, v] = q - LOWEST + FIRST - 12
an octave higher: each key is twelve half steps above the one that was played
~     tokens[b, v] = q - LOWEST + FIRST =>     tokens[b, v] = q - LOWEST + FIRST + 12
voice first: the grid is turned: it has a row for each frame
~     return tokens =>     return tokens.T
one frame more: there is an empty frame at the end
~     tokens = np.full((last.max(), V), SILENCE) =>     tokens = np.full((last.max() + 1, V), SILENCE)
ends rounded up: where a note ends was rounded up; begin and end are rounded alike
~     last = np.rint(end * a_second).astype(int) =>     last = np.ceil(end * a_second).astype(int)
one frame each: every note lasts one frame
~     last = np.maximum(last, first + {{short.least}}) =>     last = first + 1
"""

# %% [markdown]
# ## Task 2: nats per frame, and their gradient (4 points)
#
# *Core, about 20 minutes.*
#
# B pieces lie side by side, padded at their end: logits and roll (T, B, K), `lengths` (B,) frames each. Row t of the logits was computed from frames 0 to t and speaks about frame t + 1; with $\ell$ for a logit and $x$ for what came, a key costs
#
# $$-\log p = \log(1 + e^{\ell}) - \ell x$$
#
# The score of the published comparisons: the cost of a frame is *summed* over its K keys; it is averaged over *all frames of all pieces together* that have a frame before them in their piece. So each piece's first frame is left out, and its padding. Return the score, a 0-d tensor, and `d_logits` (T, B, K), its gradient, without autograd. A network may be very sure of itself: a logit of 800 must give no infinity.
#
# <details><summary>Hint 1</summary>
#
# Pair `logits[:-1]` with `roll[1:]`. Of those T - 1 rows, which count in a piece of n frames? How many are these over all pieces?
# </details>
#
# <details><summary>Hint 2</summary>
#
# `torch.arange(1, T, device=...)[:, None] < lengths` is (T-1, B). Divided by its sum, it is each frame's weight, in the score and in the gradient. `torch.nn.functional.softplus` is $\log(1 + e^\ell)$ without overflow.
# </details>
#
# <details><summary>Hint 3</summary>
#
# The gradient of one key's cost is $\sigma(\ell) - x$: `torch.sigmoid`. The last row of the logits has said nothing that counts: `torch.cat([d, torch.zeros_like(logits[:1])])`.
# </details>


# %% solution="chorale_nats"
def chorale_nats(logits, roll, lengths):
    """Nats a frame over padded pieces, and the gradient of the logits.

    Shapes: logits (T, B, K); roll (T, B, K); lengths (B,)
        -> nats (); d_logits (T, B, K)
    """
    ### BEGIN SOLUTION
    told, came = logits[:-1], roll[1:]
    t = torch.arange(1, len(roll), device=roll.device)[:, None]
    counts = (t < lengths).to(logits.dtype)
    weight = counts / counts.sum()
    each = torch.nn.functional.softplus(told) - told * came
    nats = (each.sum(-1) * weight).sum()
    d_told = (torch.sigmoid(told) - came) * weight[..., None]
    return nats, torch.cat([d_told, torch.zeros_like(logits[:1])])
    ### END SOLUTION


# %% [markdown]
# Try it: a model that gives each of 88 keys the probability 1/2 pays 88 log 2 = 61 nats per frame. One that is nearly certain that what sounds goes on is much better in this piece, until it is wrong.

# %%
roll = np.zeros((4, 1, 88))
roll[:3, 0, [27, 39, 43]] = 1
roll[3, 0, [27, 39, 44]] = 1
for doubt in (np.inf, 1.0, 0.2):
    logits, x = move(((2 * roll - 1) / doubt * 4, roll))
    nats, _ = chorale_nats(logits, x, move(np.array([4])))
    print(f"doubt {doubt}: {float(nats):.2f} nats per frame")

# %% test="chorale_nats" points=4 explained="ch12_music: 88 switches"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_that,
    check,
    mover,
    stored,
)
from rnncore.testing.inputs import list_called

properties = Properties(values=2, gradients=1, dtype=1)

move = mover(device)
OUTPUTS = "nats, d_logits"


def pieces_and_model(rng, T, B, K, scale=2.0):
    lengths = np.concatenate([[T], rng.integers(1, T + 1, B - 1)])
    return dict(
        logits=scale * rng.normal(size=(T, B, K)),
        roll=1.0 * (rng.random((T, B, K)) < 0.3),
        lengths=lengths,
    )


rng = np.random.default_rng(2)
visible = [
    move(pieces_and_model(rng, 5, 3, 4) | {"lengths": np.array([5, 2, 3])}),
    move(
        pieces_and_model(rng, 3, 2, 3, 3000.0)
        | {"lengths": np.array([3, 3])}
    ),
    move(
        pieces_and_model(rng, 4, 2, 5) | {"lengths": np.array([4, 1])},
        "float32",
    ),
    move(pieces_and_model(rng, 6, 2, 3) | {"lengths": np.array([4, 2])}),
]
check(
    chorale_nats,
    stored("chorale_nats"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
logits, roll = move((np.zeros((6, 2, 88)), np.zeros((6, 2, 88))))
nats, _ = chorale_nats(logits, roll, move(np.array([6, 3])))
assert_close("a coin for each of 88 keys", nats, 88 * np.log(2), 1e-6)
with properties("dtype"):
    assert_that(hasattr(nats, "dtype"), "nats: a 0-d tensor is asked for")


def check_no_autograd(args):
    """The gradient is written, and not left to autograd."""
    called = {"torch.autograd.grad", "torch.autograd.backward"}
    called &= {*list_called(chorale_nats, args)}
    assert_that(not called, "without autograd: write the gradient itself")


check_no_autograd(visible[0])
### BEGIN HIDDEN TESTS
from rnncore.testing import assert_gradient, hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    pieces_and_model,
    [(2, 1, 1, 1.0), (9, 4, 5, 2.0), (4, 6, 88, 3.0), (5, 2, 7, 500.0)],
    device,
    rng=rng,
)
args = pieces_and_model(rng, 7, 3, 3) | {"lengths": np.array([2, 5, 1])}
hidden.append(move(args))  # padded beyond its longest piece
sure = 800.0 * np.array([[[1, -1]], [[-1, 1]], [[1, 1]]])
args = {"logits": sure, "roll": 1.0 * (sure < 0), "lengths": np.array([3])}
hidden += [move(args, dtype) for dtype in ("float64", "float32")]
check(
    chorale_nats,
    reference_chorale_nats,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
args = move(pieces_and_model(rng, 4, 3, 3))
check_no_autograd(args)
_, d_logits = chorale_nats(**args)
with properties("gradients"):
    assert_gradient(
        lambda a: float(reference_chorale_nats(**args | {"logits": a})[0]),
        args["logits"],
        d_logits,
        "d_logits",
    )
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="chorale_nats"
r"""
first frame counted: the first frame was counted, with a coin for each key: nothing comes before it, and it is left out
-     told, came = logits[:-1], roll[1:]
-     t = torch.arange(1, len(roll), device=roll.device)[:, None]
-     counts = (t < lengths).to(logits.dtype)
-     weight = counts / counts.sum()
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
-     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])])
+     told, came = torch.cat([0 * logits[:1], logits[:-1]]), roll
+     t = torch.arange(len(roll), device=roll.device)[:, None]
+     counts = (t < lengths).to(logits.dtype)
+     weight = counts / counts.sum()
+     each = torch.nn.functional.softplus(told) - told * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     return nats, torch.cat([d_told[1:], torch.zeros_like(logits[:1])])
first frames in the divisor: the sum was divided by all frames, the first ones too, which nobody had to predict
~ weight = counts / counts.sum() => weight = counts / lengths.sum()
averaged over keys instead of summed: the loss was averaged over the keys instead of summed: on a piano it is then 88 times too small
~ weight = counts / counts.sum() => weight = counts / counts.sum() / logits.shape[-1]
averaged over pieces instead of frames: each piece was averaged first, then the pieces: a short one counts as much as a long one. Divide once, by the number of all frames
~ weight = counts / counts.sum() => weight = counts / counts.sum(0).clamp_min(1) / counts.shape[1]
padding counted: the padding after the end of the shorter pieces was counted
~ counts = (t < lengths).to(logits.dtype) => counts = (t < len(roll) + 0 * lengths).to(logits.dtype)
one frame beyond the end: one frame after the end of each shorter piece was counted
~ (t < lengths) => (t <= lengths)
targets not shifted: the targets were not shifted: each frame was asked for from the frame itself
~ logits[:-1], roll[1:] => logits[:-1], roll[:-1]
silent keys cost nothing: only the keys that sounded were charged; one that stays silent was predicted too
~ torch.nn.functional.softplus(told) - told * came => torch.nn.functional.softplus(-told) * came
keys made to compete: a softmax ran over the keys: it shares one unit among them, and a chord has several. Each key is a question of its own
~ torch.nn.functional.softplus(told) - told * came => -torch.log_softmax(told, -1) * came
logarithm of a sigmoid: where the network is sure, this is infinite: the logarithm of a probability that was rounded to zero, or exp of a large logit. softplus takes neither
~ torch.nn.functional.softplus(told) - told * came => -(came * torch.sigmoid(told).log() + (1 - came) * (1 - torch.sigmoid(told)).log())
gradient with the wrong sign [gradients]: d_logits has the wrong sign: a key that was expected and did not come must be pulled down
~ (torch.sigmoid(told) - came) * weight => (came - torch.sigmoid(told)) * weight
gradient not averaged [gradients]: the score is a mean over frames, and d_logits is the gradient of the sum
~ * weight[..., None] => * counts[..., None]
gradient a frame late [gradients]: the gradient stands at the frame that was predicted; it belongs to the logits that predicted it, one frame before
~ torch.cat([d_told, torch.zeros_like(logits[:1])]) => torch.cat([torch.zeros_like(logits[:1]), d_told])
the score alone averaged over keys: the score was averaged over the keys instead of summed: on a piano it is then 88 times too small
~ (each.sum(-1) * weight).sum() => (each.mean(-1) * weight).sum()
gradient of the padding [gradients]: the padding has a gradient: a frame that does not count in the score has none, so d_logits needs the mask too
~ * weight[..., None] => / counts.sum()
no shift at all: row t of the logits was compared with frame t, from which it was computed; it speaks about frame t + 1
-     told, came = logits[:-1], roll[1:]
-     t = torch.arange(1, len(roll), device=roll.device)[:, None]
-     counts = (t < lengths).to(logits.dtype)
-     weight = counts / counts.sum()
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
-     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])])
+     told, came = logits, roll
+     t = torch.arange(len(roll), device=roll.device)[:, None]
+     counts = (t < lengths).to(logits.dtype)
+     weight = counts / counts.sum()
+     each = torch.nn.functional.softplus(told) - told * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     return nats, d_told
shifted the wrong way: row t + 1 of the logits was compared with frame t, which it had already read; row t speaks about frame t + 1
-     told, came = logits[:-1], roll[1:]
-     t = torch.arange(1, len(roll), device=roll.device)[:, None]
-     counts = (t < lengths).to(logits.dtype)
-     weight = counts / counts.sum()
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
-     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])])
+     told, came = logits[1:], roll[:-1]
+     t = torch.arange(1, len(roll), device=roll.device)[:, None]
+     counts = (t < lengths).to(logits.dtype)
+     weight = counts / counts.sum()
+     each = torch.nn.functional.softplus(told) - told * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     return nats, torch.cat([torch.zeros_like(logits[:1]), d_told])
slope of the sigmoid twice [gradients]: d_logits has the sigmoid's slope as a factor; with this cost it cancels, and sigmoid minus x is left
~ (torch.sigmoid(told) - came) * weight => (torch.sigmoid(told) - came) * torch.sigmoid(told) * torch.sigmoid(-told) * weight
silent keys cost nothing and have no gradient: only the keys that sounded were charged; one that stays silent was predicted too
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     each = torch.nn.functional.softplus(-told) * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) - 1) * came * weight[..., None]
keys made to compete with their gradient: a softmax ran over the keys: it shares one unit among them, and a chord has several. Each key is a question of its own
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     each = -torch.log_softmax(told, -1) * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.softmax(told, -1) - came) * weight[..., None]
logit of what came added: the logit of a key that sounds was added to its cost: it is subtracted
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     each = torch.nn.functional.softplus(told) + told * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) + came) * weight[..., None]
bits: the score is in bits: nats take the natural logarithm, so nothing is divided by log 2
~ weight = counts / counts.sum() => weight = counts / counts.sum() / np.log(2)
divided by the number of pieces: the sum was divided by the number of pieces: that is nats per piece; divide by the frames that count
~ weight = counts / counts.sum() => weight = counts / counts.shape[1]
mean over everything: the mean ran over everything, as a loss of torch does by default: over the keys, which are to be summed, and over the padding, which does not count
~ weight = counts / counts.sum() => weight = torch.ones_like(counts) / roll[1:].numel()
probability clipped: a probability was kept away from 0: a network that is sure and wrong then pays less than it owes. softplus needs no such bound
~ torch.nn.functional.softplus(told) - told * came => -(came * torch.sigmoid(told).clamp(min=1e-7).log() + (1 - came) * (1 - torch.sigmoid(told)).clamp(min=1e-7).log())
against its own frame, the first row dropped: row t of the logits was compared with frame t, from which it was computed; row t speaks about frame t + 1, so the roll alone loses its first row
~     told, came = logits[:-1], roll[1:] =>     told, came = logits[1:], roll[1:]
against its own frame, with its gradient there: row t of the logits was compared with frame t, from which it was computed; row t speaks about frame t + 1, so the roll alone loses its first row
-     told, came = logits[:-1], roll[1:]
-     t = torch.arange(1, len(roll), device=roll.device)[:, None]
-     counts = (t < lengths).to(logits.dtype)
-     weight = counts / counts.sum()
-     each = torch.nn.functional.softplus(told) - told * came
-     nats = (each.sum(-1) * weight).sum()
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
-     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])])
+     told, came = logits[1:], roll[1:]
+     t = torch.arange(1, len(roll), device=roll.device)[:, None]
+     counts = (t < lengths).to(logits.dtype)
+     weight = counts / counts.sum()
+     each = torch.nn.functional.softplus(told) - told * came
+     nats = (each.sum(-1) * weight).sum()
+     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     return nats, torch.cat([torch.zeros_like(logits[:1]), d_told])
float64 inside [hidden, dtype]: the mask was made in float64, and a result took its dtype: make it in the dtype of the logits
~ counts = (t < lengths).to(logits.dtype) => counts = (t < lengths).to(torch.float64)
bits, in the score alone: the score is in bits, and its gradient is in nats; a nat is a logarithm to the base e
~ nats = (each.sum(-1) * weight).sum() => nats = (each.sum(-1) * weight).sum() / np.log(2)
last frame left out: the last frame of each piece was left out; only the first is, and the padding
~ (t < lengths) => (t < lengths - 1)
divided by all places: the sum was divided by all places, the padding too; divide by the frames that count
~ counts / counts.sum() => counts / counts.numel()
no clamp over the pieces: each piece was averaged first, then the pieces: a short one counts as much as a long one. Divide once, by the number of all frames
~ counts / counts.sum() => counts / counts.sum(0) / counts.shape[1]
gradient from autograd [hidden]: the gradient came from autograd; the task is to write it
-     d_told = (torch.sigmoid(told) - came) * weight[..., None]
+     free = told.detach().requires_grad_()
+     free_each = torch.nn.functional.softplus(free) - free * came
+     (d_told,) = torch.autograd.grad((free_each.sum(-1) * weight).sum(), free)
target turned round: the cost counts what does not sound: said is multiplied by 1 - x in place of x
~     each = torch.nn.functional.softplus(told) - told * came =>     each = torch.nn.functional.softplus(told) - told * (1 - came)
relu for softplus: the larger of a and 0 was taken for log(1 + e^a)
~     each = torch.nn.functional.softplus(told) - told * came =>     each = torch.relu(told) - told * came
epsilon beside the probability: the logarithm was taken of p plus a small number: where p is smaller than that, the cost is too; from the logit it comes without one
-     each = torch.nn.functional.softplus(told) - told * came
+     each = torch.where(came > 0, torch.sigmoid(told), torch.sigmoid(-told))
+     each = -torch.log(each + 1e-9)
epsilon of 1e-12 beside the probability: the logarithm was taken of p plus a small number: where p is smaller than that, the cost is too; from the logit it comes without one
-     each = torch.nn.functional.softplus(told) - told * came
+     each = torch.where(came > 0, torch.sigmoid(told), torch.sigmoid(-told))
+     each = -torch.log(each + 1e-12)
longest length for all: every piece was taken for as long as the longest: what comes after its own end counts too
~     counts = (t < lengths).to(logits.dtype) =>     counts = (t < lengths.max()).to(logits.dtype)
cut to the longest piece [gradients]: the logits were cut to the longest piece, and their gradient has its frames alone; what is padding in all pieces has a gradient too: 0
-     told, came = logits[:-1], roll[1:]
+     logits, roll = logits[: lengths.max()], roll[: lengths.max()]
+     told, came = logits[:-1], roll[1:]
gradient of the last row copied [gradients]: the last row of logits says nothing that is checked, so its gradient is 0; yours repeats the row before
~     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])]) =>     return nats, torch.cat([d_told, d_told[-1:]])
two frames ahead: each row was compared with the frame after the next
~     told, came = logits[:-1], roll[1:] =>     told, came = logits[:-1], roll.roll(-2, 0)[:-1]
last row missing [gradients]: the gradient has a row less than the logits: the last one's is 0
~     return nats, torch.cat([d_told, torch.zeros_like(logits[:1])]) =>     return nats, d_told
"""

# %% [markdown]
# ## Task 3: a chord that keeps the rules (5 points)
#
# *Extra, about 25 minutes.*
#
# Left to itself, the chapter's network writes more parallel fifths and octaves than Bach does (page 12.1). A generator can be built that *cannot* write them: at each voice all pitches that break a rule get the probability zero before one is drawn. The chord `before` (V,), each voice in its compass and none crossing, was sung; now voice after voice is chosen, from the highest. Pitch q of voice v is legal if all of this holds:
#
# | rule | |
# | --- | --- |
# | range | q lies in the voice's `compass`, both ends included |
# | no crossing | q is not above what the voice over it sings *now* (the same pitch is fine) |
# | room below | q is not below what the voice under it sang *before* |
# | no parallels | with *each* voice u above: let `(before[u] - before[v]) % 12` be 7 (a fifth) or 0 (an octave). If both voices move, each to another pitch, `(now[u] - q) % 12` is {{second.rule}} |
#
# Parallels are forbidden downward as well as upward, and also where a fifth becomes a twelfth. A voice that stays makes none.
#
# `ask(v, now)` gives the model's probabilities (88,) of the keys 21 to 108 for voice v, where `now` is a list of the pitches chosen so far in this chord. Draw with the given `draw_at` and the voice's random number, `numbers[v]`, which lies between 0 and 1. Return the list of V pitches, int. (Why is there always one? To stay is legal for each voice, whatever the voices above did. Which rule sees to that?)
#
# <details><summary>Hint 1</summary>
#
# `keys = np.arange(LOWEST, LOWEST + KEYS)`, and a mask over them that starts with the range and loses a few at each rule. The highest voice has nobody above, the lowest nobody below.
# </details>
#
# <details><summary>Hint 2</summary>
#
# For each u in range(v): `apart = (before[u] - before[v]) % 12`. If it is 0 or 7, forbidden are the keys that move and are {{second.hint}}; but only if u itself has moved.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `again = {{second.of}}`, `both = (now[u] != before[u]) & (keys != before[v])`, `may &= ~(both & again)`. At last `draw_at(ask(v, now) * may, number)` is an index: add LOWEST.
# </details>


# %%
def draw_at(p, number):
    """The index at a number from 0 to 1; one of p = 0 is never drawn.

    The p need not sum to one.
    """
    total = np.cumsum(p)
    return int((total <= number * total[-1]).sum())


# %% solution="legal_chord"
def legal_chord(ask, before, compass, numbers):
    """The next chord, one pitch a voice, none of which breaks a rule.

    Shapes: before (V,); compass (V, 2); numbers (V,) -> [V pitches]
    """
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        ### BEGIN SOLUTION
        low, high = compass[v]
        may = (keys >= low) & (keys <= high)
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            again = {{second.of}}
            both = (now[u] != before[u]) & (keys != before[v])
            may &= ~(both & again & (apart in (0, 7)))
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
        ### END SOLUTION
    return now


# %%
def hand_made(before, steps, intervals):
    """An `ask` that wants to move by `steps`, and likes some intervals.

    Shapes: before (V,); steps (V,); intervals (12,), all positive
    """
    keys = np.arange(LOWEST, LOWEST + KEYS)

    def ask(v, now):
        p = np.exp(-(((keys - before[v] - steps[v]) / 3) ** 2))
        for other in now:
            p = p * intervals[(other - keys) % 12]
        return p

    return ask


# %% [markdown]
# Try it: a "model" that wants fifths and octaves more than anything, and all voices up and down together. Then listen to it.

# %%
SINGERS = np.array([[60, 81], [54, 74], [48, 69], [36, 64]])
hollow = np.full(12, 0.01)
hollow[[0, 7]] = 1.0
rng = np.random.default_rng(0)
chords = [np.array([67, 62, 55, 43])]
for t in range(15):
    steps = np.full(4, 3.0 if t % 4 < 2 else -3.0)
    ask = hand_made(chords[-1], steps, hollow)
    chord = legal_chord(ask, chords[-1], SINGERS, rng.random(4))
    chords.append(np.array(chord))
chords = np.stack(chords)
print(chords.T)
organum = Score(chords, np.ones_like(chords, bool), frame=1.0, tempo=100.0)
play(synthesise(organum), 11_025, "All want fifths, none may have two")

# %% test="legal_chord" points=5 explained="ch12_generation: What an ear would count"
import numpy as np

from rnncore.testing import Properties, check, stored

properties = Properties(values=4, sizes=1)


def breach(before, now, compass):
    """The rule that a chord breaks, in words."""
    for v, q in enumerate(now[: len(before)]):
        if not compass[v][0] <= q <= compass[v][1]:
            return f"voice {v} leaves its range"
        if v and q > now[v - 1]:
            return f"voice {v} crosses the one above"
        if v + 1 < len(before) and q < before[v + 1]:
            return f"voice {v} leaves the one below no room"
        for u in range(v):
            apart = (before[u] - before[v]) % 12, (now[u] - q) % 12
            moved = now[u] != before[u] and q != before[v]
            if moved and {{second.breach}}:
                return f"voices {u} and {v} move in parallel"
    return "none"


def next_chord(before, steps, intervals, compass, numbers):
    """The learner's chord, with hand-made probabilities."""
    ask = hand_made(before, steps, intervals)
    chord = legal_chord(ask, before, compass, list(numbers))
    return breach(before, chord, compass), [int(q) for q in chord]


def situation(rng, V):
    """A legal chord full of fifths and octaves, and a wish to move on."""
    before = 76 - np.concatenate(
        [[0], rng.choice([0, 5, 7, 12], V - 1).cumsum()]
    )
    before = np.maximum(before + rng.integers(-2, 3), 24)
    compass = (
        before[:, None] + np.array([-5, 5]) + rng.integers(-2, 3, (V, 2))
    )
    intervals = rng.uniform(0.05, 0.2, 12)
    intervals[[0, 7]] = 1.0
    return dict(
        before=before,
        steps=rng.choice([-2.0, 2.0], 1) + rng.normal(size=V),
        intervals=intervals,
        compass=compass,
        numbers=rng.random(V),
    )  # fmt: skip


def meeting(rng):
    """Two voices a twelfth apart that want to meet at a fifth."""
    args = situation(rng, 2)
    before = args["before"][0] - np.array([0, 19])
    around = before[:, None] + np.array([-8, 8])
    steps = np.array([-6.0, 6.0])
    return args | dict(before=before, steps=steps, compass=around)


def octave(*steps):
    """Two voices an octave apart: one wants to leap, the other to stay."""
    before = np.array([72, 60])
    intervals = np.full(12, 0.05)
    intervals[0] = 1.0
    return dict(
        before=before,
        steps=np.array(steps),
        intervals=intervals,
        compass=before[:, None] + np.array([-20, 20]),
        numbers=np.array([0.5, 0.5]),
    )


def touching(number):
    """Two voices; the upper one wants to go where the lower one was."""
    before = np.array([67, 60])
    return dict(
        before=before,
        steps=np.array([-7.0, -5.0]),
        intervals=np.full(12, 0.5),
        compass=before[:, None] + np.array([-15, 15]),
        numbers=np.array([number, 0.5]),
    )


rng = np.random.default_rng(3)
visible = [situation(np.random.default_rng(31), 5)]
visible += [situation(rng, V) for V in [4] * 14 + [2, 3, 5]]
visible += [meeting(rng), meeting(rng)]
visible += [octave(0.0, -12.0), octave(12.0, 0.0)]
visible += [touching(0.1), touching(0.9)]
OUTPUTS = "broken rule, chord"
check(
    next_chord,
    stored("legal_chord"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
for _ in range(100):
    broken, _ = next_chord(**situation(rng, 4))
    assert broken == "none", broken
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng


def right(before, steps, intervals, compass, numbers):
    ask = reference_hand_made(before, steps, intervals)
    return "none", reference_legal_chord(
        ask, before, compass, list(numbers)
    )


rng = hidden_rng()
hidden = [situation(rng, V) for V in [1] + [2, 3, 4, 5] * 40]
hidden += [meeting(rng) for _ in range(30)]
hidden += [octave(0.0, 12.0 * k) for k in (-1, 0)]
hidden += [octave(12.0, 0.0)]
hidden += [touching(number) for number in (0.05, 0.3, 0.7)]
check(next_chord, right, hidden, outputs=OUTPUTS, by=properties)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="legal_chord"
r"""
neighbours only: parallels were looked for between neighbours only; soprano and bass have them too, so take all pairs
~ for u in range(v): => for u in range(max(v - 1, 0), v):
upward only: parallels are forbidden on all pairs of voices, but only upward: downward they are as bad
~ both = (now[u] != before[u]) & (keys != before[v]) => both = (now[u] > before[u]) & (keys > before[v])
same direction only: a fifth that becomes a twelfth, or a twelfth a fifth, by voices that move in opposite directions, was let through
~ both = (now[u] != before[u]) & (keys != before[v]) => both = (now[u] - before[u]) * (keys - before[v]) > 0
fifths only: parallel octaves were let through
~ apart in (0, 7) => apart == 7
octaves only: parallel fifths were let through
~ apart in (0, 7) => apart == 0
fourths for fifths: the interval was counted from the upper voice down: 7 semitones are then a fourth, and fifths pass as 5
-             apart = (before[u] - before[v]) % 12
-             again = {{second.of}}
+             apart = (before[v] - before[u]) % 12
+             again = {{second.up}}
octaves not taken off: the octaves were not taken off: a twelfth is a fifth, and two octaves are an octave
-             apart = (before[u] - before[v]) % 12
-             again = {{second.of}}
+             apart = before[u] - before[v]
+             again = {{second.whole}}
voices that stay counted: a fifth or an octave that two voices hold, or strike again, was forbidden; parallels need two voices that move
~ both = (now[u] != before[u]) & (keys != before[v]) => both = True
{{second.odd_name}}: {{second.odd_says}}
~ again = {{second.of}} => again = {{second.odd}}
unison forbidden: two voices may sing the same pitch: that is no crossing
~ may &= keys <= now[v - 1] => may &= keys < now[v - 1]
crossing let through: a voice was kept from rising above what the one above sang before; it must not be above what that one sings now
~ may &= keys <= now[v - 1] => may &= keys <= before[v - 1]
no room below: a voice went below the former pitch of the voice under it, which then may have no legal pitch left
~ if v + 1 < len(before): => if v + 1 < 0 * len(before):
the first voice's range for all: all voices were given one range, from the lowest pitch of any to the highest; each has its own
~ low, high = compass[v] => low, high = compass.min(0)[0], compass.max(0)[1]
highest pitch shut out: the highest pitch of a voice was shut out: both ends of the range belong to it
~ (keys <= high) => (keys < high)
the model told of the chord before: the model was told what the voices above sang before, and not what they sing now: then the voices are independent
~ ask(v, now) => ask(v, list(before[:v]))
the upper voice need not move: a leap of an octave was forbidden while the other voice stays; parallels need two voices that move
~ both = (now[u] != before[u]) & (keys != before[v]) => both = keys != before[v]
the lower voice need not move: a voice was forbidden to stay, because the one above leaps an octave: to stay is always legal
~ both = (now[u] != before[u]) & (keys != before[v]) => both = np.full(KEYS, now[u] != before[u])
index for a pitch: the number that was drawn is an index from 0 to 87: the pitch is LOWEST more
~ LOWEST + draw_at => draw_at
range of indices: the compass holds pitches, and was compared with indices from 0 to 87
~ (keys >= low) & (keys <= high) => (keys - LOWEST >= low) & (keys - LOWEST <= high)
lowest pitch shut out: the lowest pitch of a voice was shut out: both ends of the range belong to it
~ (keys >= low) => (keys > low)
the highest voice only: parallels were looked for with the highest voice only: they are forbidden with each voice above
~ for u in range(v): => for u in range(min(v, 1)):
intervals of one octave: only intervals of 0, 7 and 12 semitones were looked at: take the octaves off with `% 12`, since a twelfth is a fifth
-             apart = (before[u] - before[v]) % 12
-             again = {{second.of}}
-             both = (now[u] != before[u]) & (keys != before[v])
-             may &= ~(both & again & (apart in (0, 7)))
+             apart = before[u] - before[v]
+             again = {{second.octave}}
+             both = (now[u] != before[u]) & (keys != before[v])
+             may &= ~(both & again & (apart in (0, 7, 12)))
fourths as well: parallel fourths, 5 semitones, were forbidden: the rule is about fifths and octaves alone
~ apart in (0, 7) => apart in (0, 5, 7)
unison forbidden to a voice that moves: a voice that moves may reach the pitch of the voice above: that is no crossing
~ may &= keys <= now[v - 1] => may &= (keys < now[v - 1]) | (keys == before[v])
no touching below: the former pitch of the voice below was shut out: a voice may go down to it, and no further
~ may &= keys >= before[v + 1] => may &= (keys > before[v + 1]) | (keys == before[v])
the model told nothing: the model was told of no voice above: it gets the list of all pitches chosen so far in this chord
~ ask(v, now) => ask(v, [])
the model told of the whole chord before: the model was told the whole chord before: it gets the pitches chosen so far in this one
~ ask(v, now) => ask(v, list(before))
the likeliest pitch: the likeliest legal pitch was taken: draw one, with `draw_at` and the voice's number
~ draw_at(ask(v, now) * may, number) => int(np.argmax(ask(v, now) * may))
probabilities taken for logits: exp was taken of what the model gives: those are probabilities already
~ ask(v, now) * may => np.exp(ask(v, now)) * may
one number for all: all voices were drawn with the first number: each has its own
~ may, number) => may, numbers[0])
above the voice below: the former pitch of the voice below was shut out, and even a voice that sang it may then not stay: it may go down to it, and no further
~ may &= keys >= before[v + 1] => may &= keys > before[v + 1]
former interval upside down: the former interval was counted from the upper voice up: a fifth is 7 semitones as `before[u] - before[v]`, and 5 the other way round
~ apart = (before[u] - before[v]) % 12 => apart = (before[v] - before[u]) % 12
new interval upside down: the new interval was counted the other way round than the former one: both are upper minus lower, `now[u] - q`
~ again = {{second.of}} => again = {{second.up}}
any interval: {{second.any}}
~ may &= ~(both & again & (apart in (0, 7))) => may &= ~(both & again)
the highest voice's range for all: all voices were given the range of the highest; each has its own
~ low, high = compass[v] => low, high = compass[0]
rising only: parallels were forbidden only where the upper voice rises; falling together is as bad
~             both = (now[u] != before[u]) & (keys != before[v]) =>             both = (now[u] > before[u]) & (keys != before[v])
interval with the new chord: the interval was measured from the upper voice's new key to the lower one's old key: both are those of the chord before
~             apart = (before[u] - before[v]) % 12 =>             apart = (now[u] - before[v]) % 12
small steps only: keys further than a third were refused: no rule of this task says so
~         may = (keys >= low) & (keys <= high) =>         may = (keys >= low) & (keys <= high) & (abs(keys - before[v]) < 5)
one number for all voices: the last number drew every voice: each voice has its own
~         now.append(LOWEST + draw_at(ask(v, now) * may, number)) =>         now.append(LOWEST + draw_at(ask(v, now) * may, numbers[-1]))
"""

# %% [markdown]
# ## Task 4: all keys, and no cheating (5 points)
#
# *Extra, about 25 minutes.*
#
# A chorale in another key is a chorale. So eleven more copies of each, one per key that it is not in, cost nothing, if three things are looked after. You get `pieces`, a list of tokens (T, V) (other T, same V), `keys`, their key signatures (fifths: 1 is one sharp, -1 one flat, from {{low.range}}), `held_out`, the numbers of the pieces for the test, and the `compass`.
#
# * **train**: every piece in all twelve keys, from 6 semitones down to 5 up, its own among them, in this order, piece after piece; but only where *each voice* stays within its own compass. HOLD and SILENCE are in no key.
# * the **key signature** goes along. It is counted in fifths, steps of 7 semitones. Seven of them are 49 semitones: 4 octaves and 1 semitone. So a semitone up is 7 fifths up; and 12 fifths are 7 octaves, which change nothing. Write it from {{low.range}}.
# * **no leak**: neither a piece of the test nor any piece that is one of them *in another key* is trained on. (Bach's set holds some chorales twice, in two keys.)
# * **test**: the pieces of `held_out` as they are, in the order of `held_out`.
#
# Both are lists of `(tokens, key)`.
#
# <details><summary>Hint 1</summary>
#
# `np.where(piece >= FIRST, piece + s, piece)` moves what is struck. As a function `up(piece, s)` it has a second use.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Two pieces are the same up to a transposition if they are equal once both are moved so that their highest notes are equal: `up(piece, TOKENS - piece.max()).tobytes()` is such an outline, and fits into a set.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `pitch = other - FIRST + LOWEST` is nonsense for HOLD and SILENCE: `fits = (piece < FIRST) | (pitch >= low) & (pitch <= high)` forgives them, and not a note that was moved below the keyboard. The signature is `(key + {{low.add}}) % 12 - {{low.n}}`.
# </details>


# %% solution="in_all_keys"
def in_all_keys(pieces, keys, held_out, compass):
    """Training pieces in every key that can be sung, and the test.

    Shapes: pieces [(T, V), ...]; compass (V, 2) -> train, test
    """
    low, high = compass.T
    train, test = [], [(pieces[k], keys[k]) for k in held_out]

    ### BEGIN SOLUTION
    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    secret = {outline(pieces[k]) for k in held_out}
    for piece, key in zip(pieces, keys, strict=True):
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (piece < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all() and outline(piece) not in secret:
                train.append((other, (key + {{low.add}}) % 12 - {{low.n}}))
    ### END SOLUTION
    return train, test


# %% [markdown]
# Try it: three pieces of two frames for two voices. The third is the first, a tone higher; the first is held out.

# %%
three = [np.array([[53, 41], [55, 0]]), np.array([[48, 1], [0, 43]])]
three.append(three[0] + [[2, 2], [2, 0]])
train, test = in_all_keys(
    three, [0, -1, 2], [0], np.array([[60, 72], [55, 66]])
)
for tokens, key in train:
    print("train", tokens.tolist(), "key", key)
print("test ", test[0][0].tolist(), "key", test[0][1])

# %% test="in_all_keys" points=5 explained="ch12_music: No piece on two sides"
import numpy as np

from rnncore.music.score import FIRST, HOLD, LOWEST, SILENCE, TOKENS
from rnncore.testing import Properties, check, stored

properties = Properties(values=4, sizes=1)
words = {HOLD: "HOLD", SILENCE: "SILENCE"}
words |= {k: f"pitch {k - FIRST + LOWEST}" for k in range(FIRST, TOKENS)}


def singable(rng, T, V, compass):
    """A piece with holds and rests that fits its voices."""
    middle = compass.mean(1).astype(int)
    pitches = middle + rng.integers(-3, 4, (T, V))
    tokens = pitches - LOWEST + FIRST
    going_on = rng.random((T, V))
    tokens = np.where(going_on < 0.2, SILENCE, tokens)
    tokens[1:][going_on[1:] > 0.75] = HOLD
    for t in range(1, T):  # what holds must hold something
        ends = (tokens[t] == HOLD) & (tokens[t - 1] == SILENCE)
        tokens[t][ends] = SILENCE
    tokens[0, 0] = middle[0] - LOWEST + FIRST
    return tokens


def collection(rng, n, V):
    """n pieces; one that is held out comes again in another key."""
    low = 70 - 9 * np.arange(V) - rng.integers(0, 4, V)
    compass = np.stack([low, low + rng.integers(11, 15, V)], 1)
    pieces = [
        singable(rng, int(rng.integers(3, 6)), V, compass) for _ in range(n)
    ]
    held_out = [int(k) for k in rng.permutation(n)[: max(1, n // 3)]]
    again = pieces[held_out[0]]
    s = int(rng.choice([-2, -1, 1, 2]))
    pieces.append(np.where(again >= FIRST, again + s, again))
    keys = [int(k) for k in rng.integers({{low.code}}, n + 1)]
    return dict(
        pieces=pieces, keys=keys, held_out=held_out, compass=compass
    )  # fmt: skip


rng = np.random.default_rng(4)
visible = [collection(rng, 4, 3), collection(rng, 3, 2)]
visible.append(
    dict(  # the second is the first but for an octave in the bass
        pieces=[
            np.array([[45, 29], [47, HOLD], [48, 24]]),
            np.array([[45, 29], [47, HOLD], [48, 36]]),
            np.array([[50, 34], [47, 31]]),
            np.array([[51, 37], [53, 39]]),
            np.array([[50, 36], [47, 31]]),
            np.array([[52, 36], [49, 33]]),  # the third, higher
            np.array([[50, 34], [HOLD, HOLD], [47, 31]]),  # and held
        ],
        keys=[1, -3, 0, {{low.six}}, -2, 2, 3],
        held_out=[2, 0],
        compass=np.array([[50, 76], [36, 62]]),
    )
)
visible.append(
    dict(  # a bass on the piano's lowest keys, 21 and 23
        pieces=[
            np.array([[45, 4], [47, HOLD], [44, 6]]),
            np.array([[44, 2], [HOLD, SILENCE]]),
            np.array([[42, 9], [43, 8]]),
        ],
        keys=[-4, 3, 5],
        held_out=[2],
        compass=np.array([[55, 70], [22, 31]]),
    )
)
visible.append(
    dict(  # the first voice begins with a rest; two in training are alike
        pieces=[
            np.array([[SILENCE, 34], [47, HOLD]]),
            np.array([[SILENCE, 36], [49, HOLD]]),  # the first, higher
            np.array([[46, 33], [45, 31]]),
            np.array([[47, 34], [46, 32]]),  # the third, higher
        ],
        keys=[0, 2, -1, {{low.six}}],
        held_out=[0],
        compass=np.array([[58, 72], [45, 60]]),
    )
)
OUTPUTS = "train, test"
check(
    in_all_keys,
    stored("in_all_keys"),
    visible,
    outputs=OUTPUTS,
    by=properties,
    words=words,
)


def steps(tokens):
    """What a piece has in common with its transpositions."""
    struck = tokens >= FIRST
    return np.where(struck, tokens - tokens.max(), 1000 + tokens).tolist()


train, test = in_all_keys(**visible[0])
secret = [steps(np.asarray(tokens)) for tokens, _ in test]
leaks = sum(steps(np.asarray(tokens)) in secret for tokens, _ in train)
assert not leaks, f"{leaks} training pieces are test pieces in some key"
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    collection(rng, n, V) for n, V in [(2, 1), (6, 4), (9, 2), (5, 3)]
]
hidden.append(collection(rng, 4, 2) | {"held_out": []})
several = collection(rng, 7, 2)
an_octave_off = several["pieces"][0].copy()
an_octave_off[0, 0] -= 12
another_bass = several["pieces"][3].copy()
another_bass[:, 1] = SILENCE
several["pieces"] += [an_octave_off, another_bass]
several["keys"] += [2, -4]
several["compass"][:, 0] -= 12
hidden.append(several | {"held_out": [5, 3, 0]})
for lowest in (22, 23):
    hidden.append(
        dict(
            pieces=[
                np.array([[46, 4], [45, 3], [47, 5]]),
                np.array([[44, 2], [43, SILENCE]]),
                np.array([[40, 9], [42, 6]]),
            ],
            keys=[1, -2, 4],
            held_out=[2],
            compass=np.array([[55, 70], [lowest, 31]]),
        )
    )
hidden.append(
    dict(  # the first voice begins with a rest
        pieces=[
            np.array([[SILENCE, 31], [44, 33], [46, 29]]),
            np.array([[SILENCE, 30], [43, 32], [45, 28]]),
            np.array([[42, 30], [41, 29]]),
        ],
        keys=[3, -4, 2],
        held_out=[1],
        compass=np.array([[55, 70], [40, 58]]),
    )
)
held = collection(rng, 3, 2)  # one that is held longer is another piece
again = held["pieces"][held["held_out"][0]]
held["pieces"].append(np.concatenate([again, again[:1] * 0 + HOLD]))
held["pieces"][-1][-1][again[-1] == SILENCE] = SILENCE
held["keys"].append(0)
hidden.append(held)
check(
    in_all_keys,
    reference_in_all_keys,
    hidden,
    outputs=OUTPUTS,
    by=properties,
    words=words,
)
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="in_all_keys"
r"""
transposed copies split across train and test: a piece of the test was trained on in another key: two pieces are to be compared up to a transposition
~ return up(piece, TOKENS - piece.max()).tobytes() => return piece.tobytes()
only the test's own key left out: the split came after the transposition: of the test's pieces only the copies in their own key were kept out of training, the others are in it
-     def outline(piece):
-         return up(piece, TOKENS - piece.max()).tobytes()
-
-     secret = {outline(pieces[k]) for k in held_out}
-     for piece, key in zip(pieces, keys, strict=True):
-         for s in range(-6, 6):
-             other = up(piece, s)
-             pitch = other - FIRST + LOWEST
-             fits = (piece < FIRST) | (pitch >= low) & (pitch <= high)
-             if fits.all() and outline(piece) not in secret:
+     secret = {pieces[k].tobytes() for k in held_out}
+     for piece, key in zip(pieces, keys, strict=True):
+         for s in range(-6, 6):
+             other = up(piece, s)
+             pitch = other - FIRST + LOWEST
+             fits = (piece < FIRST) | (pitch >= low) & (pitch <= high)
+             if fits.all() and other.tobytes() not in secret:
trained on the test: the pieces that are held out were trained on
~ if fits.all() and outline(piece) not in secret: => if fits.all():
test transposed as well: the test holds pieces in other keys; it stays as it is
~ [(pieces[k], keys[k]) for k in held_out] => [(np.where(pieces[k] >= FIRST, pieces[k] + s, pieces[k]), keys[k]) for k in held_out for s in (0, 1)]
one range for all voices: one range was taken for all voices, from the lowest pitch of any to the highest: each voice has its own
~ (pitch >= low) & (pitch <= high) => (pitch >= low.min()) & (pitch <= high.max())
the first voice alone: only the first voice's range was looked at
~ if fits.all() and => if fits[:, 0].all() and
rests out of range: HOLD and SILENCE were taken for pitches out of range, and their pieces thrown away
~ fits = (piece < FIRST) | (pitch >= low) & (pitch <= high) => fits = (pitch >= low) & (pitch <= high)
moved before it was looked at: no copy was left out because of the compass: ask it of the pitches after they are moved, and of all of them (`all`, not `any`)
~ pitch = other - FIRST + LOWEST => pitch = piece - FIRST + LOWEST
rests in another key: SILENCE was moved with the keys, and became another token
~ np.where(piece >= FIRST, piece + s, piece) => np.where(piece > HOLD, np.maximum(piece + s, 0), piece)
a semitone taken for a fifth: the signature was moved by as many fifths as the piece by semitones; a semitone is seven fifths
~ (key + {{low.add}}) % 12 - {{low.n}} => (key + s + {{low.n}}) % 12 - {{low.n}}
the signature stays behind: the signature stayed that of the old key
~ (key + {{low.add}}) % 12 - {{low.n}} => key + 0 * s
forty-two sharps: the signature was not brought back to {{low.dots}}: twelve fifths are none
~ (key + {{low.add}}) % 12 - {{low.n}} => key + 7 * s
an octave twice: 6 semitones up are among the copies, and 6 down are the same key again: twelve keys, from -6 to 5
~ range(-6, 6) => range(-6, 7)
own key left out: the pieces in their own key are missing
~ range(-6, 6) => (*range(-6, 0), *range(1, 6))
six up instead of down: the keys go from 5 semitones down to 6 up; they are to go from 6 down to 5 up
~ range(-6, 6) => range(-5, 7)
ends of the compass shut out: the lowest and the highest pitch of each voice were shut out: both belong to its compass
~ (pitch >= low) & (pitch <= high) => (pitch > low) & (pitch < high)
signature from 0 to 11: the signature is written from 0 to 11; it is to be written from {{low.range}}
~ (key + {{low.add}}) % 12 - {{low.n}} => (key + 7 * s) % 12
rests and holds moved: HOLD and SILENCE were moved with the keys, and became other tokens
~ np.where(piece >= FIRST, piece + s, piece) => piece + s
tokens for pitches: the compass holds pitches, and was compared with tokens: a pitch is token - FIRST + LOWEST
~ pitch = other - FIRST + LOWEST => pitch = other
pitches two too high: the pitches were taken two semitones too high: the lowest key's token is FIRST, not 0
~ pitch = other - FIRST + LOWEST => pitch = other + LOWEST
highest pitch shut out: the highest pitch of each voice was shut out: it belongs to its compass
~ (pitch <= high) => (pitch < high)
signature the other way: the signature went the wrong way round the circle: a semitone up is seven fifths up, not down
~ (key + {{low.add}}) % 12 - {{low.n}} => (key - 7 * s + {{low.n}}) % 12 - {{low.n}}
signature from {{low.odd}}: the signature is written from {{low.odd}}; it is to be written from {{low.range}}
~ (key + {{low.add}}) % 12 - {{low.n}} => (key + 7 * s + {{low.odd_n}}) % 12 - {{low.odd_n}}
the chapter's eleven keys: the key 6 semitones down is missing: the chapter sings in eleven keys, from 5 down to 5 up; here it is all twelve
~ range(-6, 6) => range(-5, 6)
own key first: the piece in its own key was put first; the keys go from 6 semitones down to 5 up, its own among them
~ range(-6, 6) => (0, *range(-6, 0), *range(1, 6))
SILENCE moved: SILENCE was moved with the keys, and became another token: only tokens from FIRST on are keys
~ np.where(piece >= FIRST, piece + s, piece) => np.where(piece > HOLD, piece + s, piece)
eleven keys up: the keys go from 0 to 11 semitones up; they are to go from 6 down to 5 up
~ range(-6, 6) => range(12)
key after key: all pieces stand in the lowest key first; the order is piece after piece, each in all its keys
-     for piece, key in zip(pieces, keys, strict=True):
-         for s in range(-6, 6):
+     for s in range(-6, 6):
+         for piece, key in zip(pieces, keys, strict=True):
test put into order: the test stands in the order of the pieces; it is to stand in the order of `held_out`
~ for k in held_out] => for k in sorted(held_out)]
octaves taken off in the comparison: a piece was left out of training that differs from one of the test by an octave in one note: pitches an octave apart were taken for the same
~ return up(piece, TOKENS - piece.max()).tobytes() => return np.where(piece >= FIRST, (piece - piece.max()) % 12 + FIRST, piece).tobytes()
rests moved in the comparison: the comparison moved HOLD and SILENCE with the keys: a test piece that has them was trained on in another key. Compare up to a transposition, which moves only tokens from FIRST on
~ return up(piece, TOKENS - piece.max()).tobytes() => return (piece - piece.max()).tobytes()
first voices compared: a piece was left out of training whose first voice alone is that of a test piece: compare all voices
~ return up(piece, TOKENS - piece.max()).tobytes() => return up(piece, TOKENS - piece[:, 0].max())[:, 0].tobytes()
notes below the keyboard: a note that was moved below the lowest key was taken for a HOLD or a rest: which places are in no key is seen before they are moved
~ fits = (piece < FIRST) => fits = (other < FIRST)
lowest key stays: the piano's lowest key, whose token is FIRST itself, was not moved with the others
~ np.where(piece >= FIRST, piece + s, piece) => np.where(piece > FIRST, piece + s, piece)
lowest key in no key: the piano's lowest key, whose token is FIRST itself, was let through like a HOLD or a rest
~ fits = (piece < FIRST) => fits = (other <= FIRST)
rhythm left out: pieces were compared by their struck pitches alone: one that is held longer is another piece, and may be trained on
~ return up(piece, TOKENS - piece.max()).tobytes() => return np.diff(piece[piece >= FIRST]).tobytes()
first notes compared: a piece of the test was trained on in another key: the pieces were moved so that their first tokens agree, and where the first voice begins with a rest that is no note. Take the highest note
~ TOKENS - piece.max() => TOKENS - piece[0, 0]
key times seven: the key was multiplied by 7 and s added: each half step moves the key by seven fifths, so it is s that is multiplied
~                 train.append((other, (key + {{low.add}}) % 12 - {{low.n}})) =>                 train.append((other, (key * 7 + s + {{low.n}}) % 12 - {{low.n}}))
compass not asked: pieces were kept that leave the compass of their voices
~             fits = (piece < FIRST) | (pitch >= low) & (pitch <= high) =>             fits = np.array(True)
only the lowest key is asked: pieces were kept that go above the compass
~             fits = (piece < FIRST) | (pitch >= low) & (pitch <= high) =>             fits = (piece < FIRST) | (pitch >= low)
eleven keys: one key is missing: there are twelve
~         for s in range(-6, 6): =>         for s in range(-6, 5):
test pieces in other keys: the test has a piece in more than its own key; only training pieces are moved
-     secret = {outline(pieces[k]) for k in held_out}
+     test.extend((up(pieces[k], 1), keys[k]) for k in held_out)
+     secret = {outline(pieces[k]) for k in held_out}
rests and holds moved in the copies: HOLD and SILENCE were moved with the keys, and became other tokens
~ train.append((other, => train.append((piece + s,
"""

# %% [markdown]
# ## Task 5, closed book: `decode` (4 points)
#
# *Core, about 20 minutes.*
#
# Close the chapter. Rebuild the way back: from tokens (T, V) to a `Score`, under its own name. HOLD goes on with the voice's note, SILENCE ends it, another token strikes a key. `pitches` (T, V) are MIDI numbers with REST (0) where a voice is silent, `starts` (T, V) is true where a note begins. What else is known of the piece (`tempo`, `bar`, ...) comes in `about`, and belongs in the score.
#
# No score has a token below 0 or above 89, nor a HOLD where nothing sounds: a ValueError is due, whose message begins with `tokens`.
#
# <details><summary>Hint 1</summary>
#
# Go through the frames and keep what sounds in each voice. Before the first frame nothing does.
# </details>
#
# <details><summary>Hint 2</summary>
#
# For a row of tokens: `np.where(row == HOLD, before, row - FIRST + LOWEST)`, and then REST where it is SILENCE. When is a row wrong? Ask before you overwrite what sounded.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)`. At the end `Score(pitches, tokens >= FIRST, **about)`.
# </details>


# %% solution="decode" closed_book=true
def decode(tokens, **about):
    """The score that `encode` made tokens of; `about`: tempo and the like.

    Shapes: tokens (T, V) -> score
    """
    ### BEGIN SOLUTION
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        hangs = (row == HOLD) & (before == REST)
        if ((row < 0) | (row >= TOKENS) | hangs).any():
            raise ValueError(f"tokens: no score has these at frame {t}")
        before = np.where(row == HOLD, before, row - FIRST + LOWEST)
        before = np.where(row == SILENCE, REST, before)
        pitches[t] = before
    return Score(pitches, tokens >= FIRST, **about)
    ### END SOLUTION


# %% [markdown]
# Try it: what you put onto the grid in task 1, or what you should have, at the tempo at which it was played.

# %%
again = decode(
    np.array([[53, 36], [0, 0], [55, 0], [1, 0], [57, 0], [0, 0]]),
    tempo=60.0,
)
print(again.pitches.T, again.tempo)
play(synthesise(again), 11_025, "Four notes for two voices")

# %% test="decode" points=4 explained="ch12_music: Two bars in four voices"
import numpy as np

from rnncore.music.score import FIRST, HOLD, REST, SILENCE
from rnncore.music.score import decode as book_decode
from rnncore.testing import Properties, assert_refuses, check, stored

properties = Properties(values=2, refusals=1, sizes=1)


def decoded(tokens, about):
    """The learner's score of some tokens."""
    return decode(tokens, **about)


def written(rng, T, V, **about):
    """Tokens of a score that can be sung, with repeated notes and rests."""
    tokens = rng.choice([HOLD, HOLD, SILENCE, 41, 44, 50], (T, V))
    tokens += (tokens >= FIRST) * rng.integers(0, 3, (T, V))
    sounds = np.zeros(V, bool)
    for row in tokens:
        row[(row == HOLD) & ~sounds] = SILENCE
        sounds = (row >= FIRST) | (row == HOLD)
    tokens[0, 0] = 41
    return dict(tokens=tokens, about=about)


rng = np.random.default_rng(5)
visible = [
    written(rng, 9, 2, tempo=132.0, bar=6, title="a dance"),
    written(rng, 6, 3, frame=0.25),
    {
        "tokens": np.array(
            [[41, 50], [41, 0], [0, 1], [1, 89], [2, 50], [0, 0], [0, 0]]
        ),
        "about": {"tempo": 60.0},
    },
]
check(
    decoded,
    stored("decode"),
    visible,
    outputs="score",
    by=properties,
    words={REST: "REST"},
)
with properties("refusals"):
    for wrong, why in [
        ([[HOLD], [41]], "a HOLD in the first frame"),
        ([[41], [SILENCE], [HOLD]], "a rest that is held"),
        ([[41, 90]], "a token above 89"),
        ([[41], [-1]], "a token below 0"),
    ]:
        args = {"tokens": np.array(wrong), "about": {}}
        assert_refuses(decoded, args, why, "tokens")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng


def right(tokens, about):
    return book_decode(tokens, **about)


rng = hidden_rng()
hidden = [
    written(rng, 1, 1),
    written(rng, 25, 4, tempo=50.0, pickup=2, bar=8),
    written(rng, 12, 1, frame=1.0, title="alone"),
    written(rng, 7, 6, tempo=60.0),
]
hidden[3]["tokens"][0] = [2, 89, 2, 89, 1, 1]
hidden[3]["tokens"][1] = [0, 0, 1, 2, 1, 50]
hidden[3]["tokens"][2:] = [1, 1, 50, 51, 52, 53]
check(
    decoded,
    right,
    hidden,
    outputs="score",
    by=properties,
    words={REST: "REST"},
)
with properties("refusals"):
    for wrong, why in [
        ([[41, 0]], "a HOLD in the first frame"),
        ([[0, 41], [50, 0], [53, 1]], "a HOLD in the first frame"),
        ([[41, 50], [1, 0], [0, 0]], "a HOLD after a rest"),
        ([[41, 90]], "a token above 89"),
        ([[41, 50], [-1, 0]], "a token below 0"),
    ]:
        args = {"tokens": np.array(wrong), "about": {}}
        assert_refuses(decoded, args, why, "tokens")
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="decode"
r"""
tempo lost in decoding: tempo, bar and title were lost: what stands in `about` belongs in the score
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, tokens >= FIRST)
a held note struck again at every frame: a held note begins again at every frame: `starts` is true only where a key is struck
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, pitches != REST, **about)
repeated notes joined: a note that is struck again at the same pitch was taken for one that is held
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, (np.diff(pitches, axis=0, prepend=REST) != 0) & (pitches != REST), **about)
rests begin: a rest was said to begin: `starts` is for notes
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, tokens != HOLD, **about)
silence sounds: SILENCE became pitch 20, a key below the lowest: it is REST
~ before = np.where(row == SILENCE, REST, before) => before = np.where(row == SILENCE, LOWEST - 1, before)
silence does not end a note: SILENCE was taken for HOLD: the note goes on through the rest
-         before = np.where(row == HOLD, before, row - FIRST + LOWEST)
-         before = np.where(row == SILENCE, REST, before)
+         before = np.where(row <= SILENCE, before, row - FIRST + LOWEST)
HOLD continues one frame: a note with several HOLDs lost its pitch after the first: HOLD goes on with the note, however long that has been going on
-         pitches[t] = before
+         pitches[t] = before
+         before = np.where((row == HOLD) & (tokens[min(t + 1, len(tokens) - 1)] == HOLD), LOWEST, before)
keys counted from HOLD: the pitches are two semitones too high: the lowest key's token is FIRST, not 0
~ row - FIRST + LOWEST => row + LOWEST
held on from the voice above: HOLD went on with the first voice's note; each voice holds its own
~ np.where(row == HOLD, before, row => np.where(row == HOLD, before[0], row
hangs on nothing [hidden, refusals]: a HOLD where nothing sounds was let through
~ hangs = (row == HOLD) & (before == REST) => hangs = row != row
unknown tokens let through [hidden, refusals]: tokens below 0 or above 89 were let through
~ (row < 0) | (row >= TOKENS) | hangs => hangs
HOLD read as a key: HOLD was read as a key: it goes on with the voice's note
~ before = np.where(row == HOLD, before, row - FIRST + LOWEST) => before = row - FIRST + LOWEST
pitches counted from 0: the pitches are 21 semitones too low: the lowest key is LOWEST, a MIDI number
~ row - FIRST + LOWEST => row - FIRST
FIRST added: the pitches are four semitones too high: FIRST is subtracted from a token, and LOWEST added
~ row - FIRST + LOWEST => row + FIRST + LOWEST
starts where the pitch changes: `starts` was taken from changes of pitch: a rest then begins too, and a note struck again at the same pitch does not
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, np.diff(pitches, axis=0, prepend=REST) != 0, **about)
lowest key not struck: the lowest key, whose token is FIRST itself, does not begin
~ Score(pitches, tokens >= FIRST, **about) => Score(pitches, tokens > FIRST, **about)
rest of minus one: a silent voice has the pitch -1: it is REST
~ pitches[t] = before => pitches[t] = np.where(row == SILENCE, -1, before)
what sounded never kept: HOLD found nothing: what sounds in a frame was not kept for the next one
-         hangs = (row == HOLD) & (before == REST)
-         if ((row < 0) | (row >= TOKENS) | hangs).any():
-             raise ValueError(f"tokens: no score has these at frame {t}")
-         before = np.where(row == HOLD, before, row - FIRST + LOWEST)
-         before = np.where(row == SILENCE, REST, before)
-         pitches[t] = before
+         now = np.where(row == HOLD, before, row - FIRST + LOWEST)
+         pitches[t] = np.where(row == SILENCE, REST, now)
first frame holds the last [hidden, refusals]: a HOLD in the first frame went on with the last frame's note: there is no frame before the first, and in Python index -1 is the last
~     before = np.full(tokens.shape[1], REST) =>     before = np.where(tokens[-1] < FIRST, REST, tokens[-1])
something before the first frame [hidden, refusals]: a HOLD in the first frame was let through: before it nothing sounds, and that is REST
~     before = np.full(tokens.shape[1], REST) =>     before = np.full(tokens.shape[1], SILENCE)
HOLD reads the row before alone: HOLD was given the token of the row before, which may be HOLD itself: it lasts as long as it is held
~         before = np.where(row == HOLD, before, row - FIRST + LOWEST) =>         before = np.where(row == HOLD, tokens[t - 1] - FIRST + LOWEST, row - FIRST + LOWEST)
voices turned round: the columns of the score stand in the reverse order
~     return Score(pitches, tokens >= FIRST, **about) =>     return Score(pitches[:, ::-1], tokens[:, ::-1] >= FIRST, **about)
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 15 minutes.*
#
# A piano roll does not know which voice sings what. `from_piano_roll(sounds, struck, voices, tempo=...)` of the chapter makes voices of it: new notes go to free voices, the highest first, and a held note stays where it is. Seven boxes are one small edit away from it, and for most chords all of them do the same.
#
# Write `roll_probes()`: a list of `(sounds, struck, voices, tempo)`, with sounds and struck (T, 88) of bool. The given `drawn` makes the two from lists of pitches, a frame each: a pitch that is struck bears a minus. Points are for the boxes that some probe tells apart; the last point is for all of them with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# What does a roll of a single chord not show? Let notes be held, struck again, end before others, and come back after a rest.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Rolls are not always clean: one that was cut out of a longer piece begins in the middle of a note, which sounds and was never struck. And what may `voices` and `tempo` be, so that it matters?
# </details>
#
# <details><summary>Hint 3</summary>
#
# Also a key that is marked as struck and does not sound. All of it in one probe: `[[60, 67], [-60, 67], [67], [60], [64]]`, three voices, tempo 100, and by hand `struck[4, 30] = True`.
# </details>


# %%
def drawn(frames):
    """A roll from lists of pitches; what is struck bears a minus.

    Shapes: frames [[pitch, ...], ...] -> sounds (T, 88); struck (T, 88)
    """
    sounds = np.zeros((len(frames), KEYS), bool)
    struck = sounds.copy()
    for t, pitches in enumerate(frames):
        for q in pitches:
            sounds[t, abs(q) - LOWEST] = True
            struck[t, abs(q) - LOWEST] = q < 0
    return sounds, struck


# %% solution="roll_probes"
def roll_probes():
    """A list of (sounds, struck, voices, tempo).

    Shapes: sounds (T, 88); struck (T, 88)
    """
    ### BEGIN SOLUTION
    sounds, struck = drawn([[60, 67], [-60, 67], [67], [60], [64]])
    struck[4, 30] = True
    return [(sounds, struck, 3, 100.0)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("roll_probes")
hasty = drawn([[-60, -67], [60, 67]])
right = from_piano_roll(*hasty, 2)
for name, box in boxes.items():
    score = box(*hasty, 2)
    same = np.array_equal(score.pitches, right.pitches)
    same &= np.array_equal(score.starts, right.starts)
    print(name, "looks right" if same else "differs")

# %% test="roll_probes" points=4 explained="ch12_music: Two bars in four voices"
from rnncore.music.score import from_piano_roll
from rnncore.testing import black_boxes, hunt


def read_by(function):
    """What a function makes of a roll: pitches, starts and tempo."""

    def reading(sounds, struck, voices, tempo):
        score = function(sounds, struck, voices, tempo=tempo)
        return score.pitches, score.starts, score.tempo

    return reading


hunt(
    read_by(from_piano_roll),
    {
        name: read_by(box)
        for name, box in black_boxes("roll_probes").items()
    },
    roll_probes(),
    few=2,
    points=4,
)

# %% mutants="roll_probes" of="rnncore.music.score.from_piano_roll"
r"""
repeated notes joined: a note that is struck again is held: unseen where nothing is repeated
~ if pitch in new and not struck[t, pitch - LOWEST]: => if pitch in new:
remembers through a rest: a note that comes back after a rest is taken for held: unseen where it is marked as struck
~ before = pitches[t] => before = np.where(pitches[t] == REST, before, pitches[t])
lowest first: the lowest key goes to the first voice
~ np.flatnonzero(keys)[::-1] => np.flatnonzero(keys)
begins only where struck: a note that sounds and was never struck does not begin: unseen where the roll is clean
~ pitches[t, v], starts[t, v] = pitch, True => pitches[t, v], starts[t, v] = pitch, struck[t, pitch - LOWEST]
voices not asked for: there are never more voices than keys at once
~ V = max(voices, int(sounds.sum(1).max(initial=1))) => V = int(sounds.sum(1).max(initial=1))
tempo lost: the tempo is lost: unseen at 80
~ Score(pitches, starts, **about) => Score(pitches, starts)
struck is enough: a key that is marked as struck and does not sound is sung
~ for t, keys in enumerate(sounds): => for t, keys in enumerate(sounds | struck):
"""

# %% [markdown]
# ## Experiment: eleven more keys, and four rules
#
# *Extra, about 15 minutes.*
#
# First: a Markov chain that counts (the chapter's baseline) is trained on 5, 10, 20 and 40 chorales, and always judged by the same 20 others, once as the pieces are, once in all keys with *your* `in_all_keys`, and once carelessly: transposed first, split afterwards, so that training holds the test in other keys.
#
# Then the chapter's network composes, alone and with *your* `legal_chord`, which shuts out what breaks a rule. Counted are parallel fifths and octaves in 100 chances (two voices that move at once), and how surprising the network finds what it has written, in nats per frame. Then you listen. (Up to 40 seconds.)
#
# **Predict**, before you run anything. Nothing is graded here; your answers are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "10 chorales in all keys are worth so many in their own": None,
    "nats per frame that carelessness seems to save, 10 chorales": None,
    "parallels in 100 chances: Bach, the network, with rules": None,
    "nats per frame of its own music: without rules, with them": None,
    "will you hear a difference, yes or no?": "",
}

# %% experiment seconds=40
from IPython.display import display
from ipywidgets import Checkbox, FloatSlider, IntSlider, interact

from rnncore.data.music import chorales
from rnncore.music.generate import Frame
from rnncore.music.habits import moves, parallels
from rnncore.music.markov import Chain
from rnncore.music.split import compass, split
from rnncore.music.training import load_voices
from rnncore.music.voices import score_nats
from rnncore.storage.weights import stored

bach = [
    s
    for s in chorales()
    if (s.pitches != REST).all() and s.bar % 2 == s.pickup % 2 == 0
]
reach, parts = compass(bach), split(bach)
examined = parts.test[:20]
MAJOR = np.array([0, 2, 4, 5, 7, 9, 11])


def signature(tokens):
    """The key signature whose scale holds most of the notes, in fifths."""
    notes = (tokens[tokens >= FIRST] - FIRST + LOWEST) % 12
    fit = [np.isin(notes, (MAJOR + 7 * k) % 12).sum() for k in {{low.all}}]
    return int(np.argmax(fit)) - {{low.n}}


def nats_of(known):
    return Chain([decode(tokens) for tokens, _ in known]).nats(examined)


sizes = (5, 10, 20, 40)
curves = {"own key": [], "all keys": [], "all keys, careless": []}
for n in sizes:
    pieces = [encode(s) for s in [*examined, *parts.train[:n]]]
    keys = [signature(tokens) for tokens in pieces]
    train, test = in_all_keys(pieces, keys, list(range(20)), reach)
    everything, _ = in_all_keys(pieces, keys, [], reach)
    secret = {tokens.tobytes() for tokens, _ in test}
    leaky = [(x, k) for x, k in everything if x.tobytes() not in secret]
    own = list(zip(pieces, keys, strict=True))[20:]
    for name, known in zip(curves, (own, train, leaky), strict=True):
        curves[name].append(nats_of(known))
        print(
            f"{n} chorales, {name}: {curves[name][-1]:.2f} nats per frame"
        )
plot_lines(
    {name: np.array(nats) for name, nats in curves.items()},
    "chorales in training",
    "nats per frame, on 20 others",
    "",
    np.array(sizes, float),
)
agree = np.mean([signature(tokens) == key for tokens, key in train])
print(f"{agree:.0%} of your signatures are found again in the notes")

network, about = load_voices(stored("music_voices"))
network.to(device)
reach = np.array(about["compass"])


def sung_by(seed, rules, temperature=1.0, frames=48):
    """A chorale by the network, with the rules of task 3 or without."""
    rng = np.random.default_rng(seed)
    frame = Frame(network, reach, 1)
    tokens, likes = np.zeros((frames, 4), int), np.zeros(TOKENS)
    before = np.array([67, 62, 55, 43])

    def sing(v, pitch):
        key = pitch - LOWEST + FIRST
        hold = pitch == before[v] and likes[HOLD] > likes[key]
        tokens[t, v] = HOLD if hold else key
        frame.sing(v, tokens[t, v : v + 1])

    def ask(v, now):
        nonlocal likes
        if v > 0:
            sing(v - 1, now[-1])
        likes = frame.log_p(v, temperature).exp().numpy()[0]
        p = likes[FIRST:].copy()
        p[before[v] - LOWEST] += likes[HOLD]
        return p

    def any_chord(numbers):
        now = []
        for v, number in enumerate(numbers):
            now.append(LOWEST + draw_at(ask(v, now), number))
        return now

    for t in range(frames):
        frame.listen(t % 8, 8)
        if rules:
            now = legal_chord(ask, before, reach, rng.random(4))
        else:
            now = any_chord(rng.random(4))
        sing(3, now[3])
        before = np.array(now)
    return decode(tokens, tempo=88.0)


def in_100_chances(scores):
    found = sum(parallels(s, i) for s in scores for i in (0, 7))
    return 100 * found / sum(moves(s) for s in scores)


print("You predicted", my_prediction)
print(f"Bach: {in_100_chances(bach):.2f} parallels in 100 chances")
for rules in (False, True):
    name = "network with rules" if rules else "network"
    print(f"{name} composes eight pieces")
    scores = [sung_by(seed, rules) for seed in range(8)]
    nats = score_nats(network, scores)
    print(
        f"{name}: {in_100_chances(scores):.2f}, {nats:.2f} nats per frame"
    )


def hear(seed=0, rules=True, temperature=1.0):
    score = sung_by(seed, rules, temperature)
    label = f"The network, seed {seed}, {'with' if rules else 'no'} rules"
    display(play(synthesise(score), 11_025, label))
    print(f"{in_100_chances([score]):.2f} parallels in 100 chances")


shown = interact(
    hear,
    seed=IntSlider(0, min=0, max=20, continuous_update=False),
    rules=Checkbox(True),
    temperature=FloatSlider(
        1.0, min=0.3, max=2.0, step=0.1, continuous_update=False
    ),
)

# %% [markdown]
# How many chorales in their own key are as good as 10 in all keys? Look for the line's height in the other line, and think of what a chain that knows absolute pitches can learn from C major about E flat major. Then the careless line: its gift is largest where there is least to learn from. Why is so little of it left with 40 chorales, when every test piece is still in training, in some other key? (How far back does this chain look?) Would that be so for a network with a long memory?
#
# Bach himself is not at zero. With the rules the network is, by construction. What does it pay, in its own nats? Eight pieces are few, so try other seeds: `scores = [sung_by(seed, True) for seed in range(8, 16)]` and `score_nats(network, scores)`, the same with False for the rules, and both for `range(16, 24)` (a second or so each). Is the price larger than the differences from group to group, and does it keep its sign? And do you hear that something has been forbidden? Raise the temperature: which faults do the rules not know? Compare with your predictions.

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 10 minutes.*
#
# "Published LSTMs need 8 nats per frame on Bach's chorales. Ours needs 0.09!", says a page. In its code every chorale is transposed into twelve keys, all copies are shuffled and split 80 : 20; the loss is `binary_cross_entropy_with_logits(model(roll[:-1]), roll[1:])`, whose default is a mean over everything, and pieces are padded with silence to the longest. In four to six sentences: name three reasons why the two
# numbers cannot be compared, and say for each in which direction it moves the number; then say what would have to be the same before one model may be called better.

# %% [markdown] answer="eight_nats" points=2 explained="ch12_music: On real data"
# A mean over everything is also a mean over the 88 keys: the same model scores 88 times as much when they are summed, so 0.09 is about 8 nats per frame, no progress at all. The padding is counted: silence after silence is nearly free, which pulls the mean down further, the more the shorter the pieces are. The split comes after the transposition, so that nearly every test piece stands in training in another key: a model with a memory recites it, and the number is too low
# again. (Also the set may be another, with another grid: shorter frames mean more frames that only go on, and fewer nats in each.) To compare, take the same pieces, frames and split, made before any transposition; sum over keys; leave out the first frame and the padding; average over all frames of the test.
#
# Rubric: 1 point for the mean over keys with its factor of 88, or 0.09 · 88 ≈ 8; 1 point for two more with their direction (padding counted: lower; copies on both sides of the split: lower; other data or grid) **and** the remedy: same pieces and split, keys summed, frames averaged.
