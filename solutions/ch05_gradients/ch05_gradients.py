# %% [markdown]
# # Assignment 5: vanishing and exploding gradients
#
# *The core takes about 80 minutes, all of it about 190 minutes, 32 points. Read the four pages of chapter 5 first.*
#
# You will send noise through a network and watch what it does to the Jacobian, measure at which rate each direction grows and not the fastest alone, fit the readout of a reservoir to a stream of which no
# state is kept, write the few lines that make a comparison of two settings a controlled experiment, and guard Adam with a threshold that follows the gradients. With the book closed you will rebuild the function that chapter 5 measures with. At the end
# stand seven wrong versions of clipping, all of which run.
#
# What you need, in one table (B sequences, H units, T steps):
#
# | letter | shape | meaning |
# | --- | --- | --- |
# | $h_t$ | (B, H) | the state after step t; $h_0$ is the state before the first |
# | $S_t$ | (H, H), diagonal | the slopes at step t: $1 - h_t \odot h_t$ for tanh |
# | $J_k$ | (H, H) | $\partial h_T / \partial h_{T-k}$, the Jacobian at lag k |
# | $\lVert J_k \rVert$ | a number | the largest singular value of $J_k$ |
# | rate | a number | $\lVert J_T \rVert^{1/T}$, the factor per step |
# | $\mathrm{d}q$, in code `d_q` | as q | the gradient of the loss with respect to q |
#
# $$J_k = S_T W_h\; S_{T-1} W_h \cdots S_{T-k+1} W_h$$
#
# The last step stands on the left. A perturbation meets the earliest matrix first.
#
# Each task says whether it is *core* or *extra*, and how long it takes if the subject is new to you. The core alone makes a whole; the extra tasks go further, and none needs another.
#
# ### Before you start: two questions from earlier chapters
#
# <details><summary>Chapter 2: a unit with a weight of 2 onto itself can hold a bit. Why?</summary>
#
# h ↦ tanh(2 h) has two points that attract, near +0.96 and −0.96. Whichever side the state was pushed to, it stays there.
# </details>
#
# <details><summary>Chapter 3: what is the slope of tanh at such a point, and what does it do to a gradient that passes?</summary>
#
# At the point itself, 0.9575, it is 1 − 0.9575², about 0.083; times the weight 2 that is 0.17 per step. What holds the bit safely makes the gradient vanish: after ten steps, 2 · 10⁻⁸ of it is left.
# </details>

# %% parameters
log = (
    {
        "tex": r"\ln",
        "text": "Their logarithms",
        "of": "xp.log",
        "np": "np.log",
        "exp": "xp.exp",
        "odd_name": "base two",
        "odd_says": "base 2; an exponent is made with the natural one",
        "odd": "xp.log2",
    },
    {
        "tex": r"\log_2",
        "text": "Their logarithms, here with base 2,",
        "of": "xp.log2",
        "np": "np.log2",
        "exp": "2.0 ** ",
        "odd_name": "natural logarithm",
        "odd_says": "base e; here an exponent is made with base 2",
        "odd": "xp.log",
    },
)
half = (
    {
        "tex": "N",
        "line": "λ N D",
        "n": "N",
        "at": "λ N D",
        "penalty": "penalty",
        "args": 'args["penalty"]',
        "says": "the derivatives of both terms have a factor of 2, and it cancels",
    },
    {
        "tex": "{2N}",
        "line": "2 λ N D",
        "n": "2N",
        "at": "2λN D",
        "penalty": "2 * penalty",
        "args": '2 * args["penalty"]',
        "says": "the half in front of the mean takes the factor of 2 off one derivative alone",
    },
)
told = (
    {
        "text": "the name of what was changed",
        "list": "[k for k in control if control[k] != treatment[k]]",
        "odd_name": "value for name",
        "odd_says": "the changed setting's value was returned; its name is asked for",
        "was": "    return changed[0], differences, float(np.median(differences)), better",
        "odd": "    return treatment[changed[0]], differences, float(np.median(differences)), better",
    },
    {
        "text": "the value that the treatment has in the place of the control's",
        "list": "[treatment[k] for k in control if control[k] != treatment[k]]",
        "odd_name": "name for value",
        "odd_says": "the changed setting's name was returned; the treatment's value is asked for",
        "was": "[treatment[k] for k in control",
        "odd": "[k for k in control",
    },
)
way = (
    {
        "tex": r"-\,",
        "for": "for a learning rate of 1",
        "m": "-m",
        "odd": "m",
        "scale": "-scale",
        "says": "a step goes against the gradient, and these go along it",
        "name": "uphill",
        "by": "[[1.0, -1.0]]",
    },
    {
        "tex": "",
        "for": "for a learning rate of 1; they are taken off the weights",
        "m": "m",
        "odd": "-m",
        "scale": "scale",
        "says": "they are taken off the weights, so they go along the gradient",
        "name": "sign of the steps",
        "by": "[[-1.0, 1.0]]",
    },
)

# %% [markdown]
# ## Imports, and where to compute
#
# Leave `"numpy"`, or write `"cpu"` or `"cuda"` to run the same notebook on torch. The tests count the same. What you write keeps the library, dtype and device of its arguments, and changes none of them.

# %%
from statistics import median

import numpy as np

from rnncore.backend import array_namespace, to_numpy
from rnncore.backend import device as device_of
from rnncore.bptt import rnn_cell_vjp
from rnncore.data.series import mackey_glass
from rnncore.display import plot_lines
from rnncore.gradient_flow import orthogonal, scaled_gaussian
from rnncore.gradient_flow import state_jacobians as book_state_jacobians
from rnncore.optim import clip_by_global_norm
from rnncore.reservoir import fit_readout, init_reservoir, leaky
from rnncore.rnn import Params, init_params, rnn_cell, unroll, zero_state
from rnncore.testing import black_boxes, mover

device = "numpy"
move = mover(device)

# %% [markdown]
# ## Two steps by hand
#
# Two units, $W_h$ = [[1, 2], [0, 1]]. At step 1 the slopes are 1 and 0.5, at step 2 they are 0.5 and 1. Work out $J_2 = S_2 W_h S_1 W_h$ on paper: multiply from the right. Then run the cell.

# %%
W_h = np.array([[1.0, 2.0], [0.0, 1.0]])
S_1, S_2 = np.diag([1.0, 0.5]), np.diag([0.5, 1.0])
J_1 = S_1 @ W_h  # [[1, 2], [0, 0.5]]: each row times its slope
print(S_2 @ W_h @ J_1, "by hand: [[0.5, 1.5], [0, 0.5]]")

# %% [markdown]
# Now three steps, with slopes 0.2 and 0.4 at step 3. One line is left out. What happens to J at each step? Write the line, and run again.
#
# <details><summary>The missing line</summary>
#
# `J = S @ W_h @ J`: the new step goes to the left.
# </details>

# %%
J = np.eye(2)
for slopes in [[1.0, 0.5], [0.5, 1.0], [0.2, 0.4]]:
    S = np.diag(slopes)
    # (the missing line)
print(J, "by hand: [[0.1, 0.5], [0, 0.2]]")

# %% [markdown]
# The same product with one unit, where a slope and a weight are numbers: press *Next* until the way back is at $h_1$. Which factors has the gradient of step 3 met by then? Set $w$ to 3: the weight grows, so why does what step 3 hands back to $h_2$ shrink?

# %%
from rnncore.display import widgets

widgets.show(
    lambda: widgets.unrolled(
        rnn_cell,
        rnn_cell_vjp,
        w=0.9,
        inputs=[0.8, 0.5, 0.5],
        targets=[0.0, 0.0, 1.0],
    )
)

# %% [markdown]
# ## Task 1: what noise does to the Jacobian (6 points)
#
# *Core, about 25 minutes.*
#
# A network hears nothing but noise, added to each unit: $h_t = \tanh(W_h h_{t-1} + n_t)$. Carry the Jacobian $\partial h_t / \partial h_0$ **forward** along with the state, for each sequence of the batch, and return
# the growth rate $\lVert \partial h_T / \partial h_0 \rVert^{1/T}$ of each.
#
# Forward, the newest step multiplies from the left: $J \leftarrow S_t W_h J$. In a batch, J is (B, H, H), and `@` multiplies the last two axes.
#
# <details><summary>Hint 1</summary>
#
# Three lines in the loop: the new h; its slopes, (B, H); the new J; and nothing else. Start with the identity.
# </details>
#
# <details><summary>Hint 2</summary>
#
# A diagonal matrix on the left multiplies *rows*: `slope[:, :, None] * (W_h @ J)`. States are rows, so W_h h is `h @ W_h.T`; J is a matrix whose columns are pushes, so there it is `W_h @ J`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `xp.linalg.svdvals(J)[..., 0]` is the largest singular value of each; to the power `1 / noise.shape[0]`.
# </details>


# %% solution="noisy_growth_rate"
def noisy_growth_rate(W_h, noise, h_0):
    """The factor per step by which a push of h_0 grows on its way to h_T.

    Shapes: W_h (H, H); noise (T, B, H); h_0 (B, H) -> rate (B,)
    """
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye  # (B, H); (H, H), and (B, H, H) after the first step
    ### BEGIN SOLUTION
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])
    ### END SOLUTION


# %% [markdown]
# Try it: louder and louder noise, one matrix of spectral radius 1.2. Which way does the rate go, and does it stop at a value?

# %%
rng = np.random.default_rng(0)
W_h = move(scaled_gaussian(rng, 50, 1.2))
noise = rng.normal(size=(40, 3, 50))
for loudness in [0.0, 0.1, 0.3, 1.0, 3.0]:
    rate = noisy_growth_rate(
        W_h, move(loudness * noise), move(np.zeros((3, 50)))
    )
    print(f"noise × {loudness}: rates {to_numpy(rate).round(3)}")

# %% test="noisy_growth_rate" points=6 explained="ch05_gradients: What to measure"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_independent,
    mover,
    stored,
)

properties = Properties(values=4, dtype=1, sizes=1)

move = mover(device)


def noisy(rng, T, B, H):
    return {
        "W_h": rng.normal(size=(H, H)) / H**0.5,
        "noise": rng.normal(size=(T, B, H)),
        "h_0": rng.normal(size=(B, H)),
    }


visible = move(noisy(np.random.default_rng(3), 3, 7, 5))
check(
    noisy_growth_rate,
    stored("noisy_growth_rate"),
    [visible],
    outputs="rate",
    by=properties,
)
# by hand: one unit at h_0 = 0 without noise stays at 0, where the slope
# is 1; each step multiplies by the weight
quiet = move(np.zeros((5, 1, 1))), move(np.zeros((1, 1)))
weight = move(np.array([[-0.7]]))
with properties("sizes"):
    assert_close(
        "the rate of one silent unit with weight -0.7",
        noisy_growth_rate(weight, *quiet),
        np.array([0.7]),
    )
check_independent(
    lambda *args: noisy_growth_rate(*args)[None],
    visible,
    {"noise": 1, "h_0": 0},
)
### BEGIN HIDDEN TESTS
from rnncore.bptt import rnn_cell_vjp
from rnncore.gradient_flow import (
    growth_rate,
    jacobian_norms,
    state_jacobians,
)
from rnncore.rnn import Params, rnn_cell, unroll
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    noisy, [(1, 1, 1), (6, 2, 3), (3, 4, 5), (4, 3, 3)], device, rng=rng
)
check(
    noisy_growth_rate,
    reference_noisy_growth_rate,
    hidden,
    outputs="rate",
    by=properties,
)

# the package's way: backward, through the tape
args = noisy(rng, 7, 2, 4)
params = move(Params(np.eye(4), args["W_h"], np.zeros(4), np.zeros(4)))
_, state, tape = unroll(
    rnn_cell, params, move(args["noise"]), (move(args["h_0"]),)
)
norms = jacobian_norms(state_jacobians(rnn_cell_vjp, params, tape, state))
assert_close(
    "the rate, against the backward loop",
    noisy_growth_rate(*move(args).values()),
    growth_rate(norms),
)
### END HIDDEN TESTS
properties.points("Task 1 holds.")

# %% mistakes="noisy_growth_rate"
r"""
product in the wrong order: the factors stand in the wrong order: matrices do not commute, and a push of h_0 has met all earlier steps (J) before it meets this W_h, so J stands on the right
~ (W_h @ J) => (J @ W_h)
newest step on the right: the newest step was multiplied from the right; a push of h_0 meets the first step first, so the newest stands on the left
~ slope[:, :, None] * (W_h @ J) => J @ (slope[:, :, None] * W_h)
slope of the step before: the slope was taken at the state before the step; it is 1 - h_t², of the new state
-         h = xp.tanh(h @ W_h.T + noise[t, ...])
-         slope = 1 - h * h
+         slope = 1 - h * h
+         h = xp.tanh(h @ W_h.T + noise[t, ...])
spectral radius taken for the norm: this is the spectral radius of the Jacobian, its largest eigenvalue; its norm is the largest singular value
~ xp.linalg.svdvals(J)[..., 0] => xp.max(abs(xp.linalg.eigvals(J)), axis=-1)
root of the wrong degree: the root was taken of degree B; there are T steps, and time comes first
~ (1 / noise.shape[0]) => (1 / noise.shape[1])
W_h transposed in the Jacobian: this is the rate of a Jacobian with W_h transposed, or of one whose newest step stands on the right, J W_h with the slopes on its columns, which comes to the same rate: entry (i, j) of W_h takes unit j to unit i, and so does entry (i, j) of the Jacobian
~ (W_h @ J) => (W_h.T @ J)
W_h transposed in the state: the state went through W_h transposed: with sequences as rows, W_h h is h @ W_h.T
~ h @ W_h.T => h @ W_h
slopes on the columns: the slopes multiply the columns of W_h J; a diagonal matrix on the left multiplies rows
~ slope[:, :, None] => slope[:, None, :]
no slope: this is the norm of a power of W_h: the slopes of tanh are missing, and with them all that the noise does
~ slope[:, :, None] * (W_h @ J) => 0 * slope[:, :, None] + (W_h @ J)
slope of the first power: the slope of tanh is 1 - h², not 1 - |h|
~ 1 - h * h => 1 - abs(h)
state always zero at the start: the run began at a state of zeros instead of h_0
-     for t in range(noise.shape[0]):
+     h = 0 * h
+     for t in range(noise.shape[0]):
noise not heard: the noise does not reach the state, so the slopes are those of a silent network
~  + noise[t, ...] =>  + 0 * noise[t, ...]
weights of their own, one step only: this is the Jacobian of the last step alone, ∂h_T/∂h_{T-1}: multiply it with what came before
~ (W_h @ J) => (W_h + 0 * J)
norm instead of rate: this is the norm at lag T; the rate is its T-th root
-  ** (1 / noise.shape[0])
divided by T: the norm was divided by T; growth multiplies from step to step, so the factor per step is its T-th root
~ ** (1 / noise.shape[0]) => / noise.shape[0]
smallest instead of largest: singular values come largest first; this is the smallest, the direction that is lost fastest
~ [..., 0] => [..., -1]
root of the sum of squares: this is the Frobenius norm, the root of the sum of all squared entries; asked for is the largest singular value
~ xp.linalg.svdvals(J)[..., 0] => (xp.sum(J * J, axis=(1, 2)) ** 0.5)
norms averaged over the batch: the norms were averaged over the batch; every sequence has a Jacobian of its own
~ xp.linalg.svdvals(J)[..., 0] => (0 * J[:, 0, 0] + xp.mean(xp.linalg.svdvals(J)[..., 0]))
power for the root: the norm was raised to the power T; the rate is its T-th root
~ ** (1 / noise.shape[0]) => ** noise.shape[0]
slope without the square: the slope of tanh is 1 - h², not 1 - h
~ 1 - h * h => 1 - h
tanh taken twice: the slope is 1 - tanh(h)²; h is a tanh already, so it is 1 - h²
~ 1 - h * h => 1 - xp.tanh(h) ** 2
slope of a sigmoid: h (1 - h) is the slope of a sigmoid; that of tanh is 1 - h²
~ 1 - h * h => h * (1 - h)
noise after the tanh: the noise was added after the tanh; it belongs inside, with W_h h
~ xp.tanh(h @ W_h.T + noise[t, ...]) => xp.tanh(h @ W_h.T) + noise[t, ...]
noise after the tanh and its slope: the noise was added after the tanh, and the slope was taken before the noise; the noise belongs inside the tanh
-         h = xp.tanh(h @ W_h.T + noise[t, ...])
-         slope = 1 - h * h
+         h = xp.tanh(h @ W_h.T)
+         slope = 1 - h * h
+         h = h + noise[t, ...]
a logarithm: this is the logarithm of the rate, a Lyapunov exponent; the rate is its exp
~ return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0]) => return xp.log(xp.linalg.svdvals(J)[..., 0]) / noise.shape[0]
norms multiplied: the norms of the steps were multiplied: that is only a bound; the largest push of one step need not be the largest of the next, so multiply the matrices and take one norm
-         J = slope[:, :, None] * (W_h @ J)
-     return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])
+         norm = xp.linalg.svdvals(slope[:, :, None] * W_h)[..., 0]
+         J = norm if t == 0 else J * norm
+     return J ** (1 / noise.shape[0])
norms averaged over time: the norms of the steps were averaged; multiply the matrices of all steps, and take one norm and its root
-         J = slope[:, :, None] * (W_h @ J)
-     return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])
+         norm = xp.linalg.svdvals(slope[:, :, None] * W_h)[..., 0]
+         J = norm if t == 0 else J + norm
+     return J / noise.shape[0]
last step left out: the loop ends a step early: there are T steps
~ in range(noise.shape[0]): => in range(max(1, noise.shape[0] - 1)):
entries multiplied: W_h and J were multiplied entry by entry; a product of matrices is @
~ (W_h @ J) => (W_h * J)
slopes before the matrix: the slopes were multiplied before W_h; a push goes through W_h first, and then through the tanh
~ slope[:, :, None] * (W_h @ J) => W_h @ (slope[:, :, None] * J)
sum of the singular values: this is the sum of the singular values; the norm is the largest
~ xp.linalg.svdvals(J)[..., 0] => xp.sum(xp.linalg.svdvals(J), axis=-1)
root of degree T - 1: the root was taken of degree T - 1; from h_0 to h_T there are T steps
~ (1 / noise.shape[0]) => (1 / max(1, noise.shape[0] - 1))
mean of the singular values: this is the mean of the singular values; the norm is the largest
~ xp.linalg.svdvals(J)[..., 0] => xp.mean(xp.linalg.svdvals(J), axis=-1)
transposed twice: W_h is transposed in both places, in the state and in the Jacobian: with sequences as rows the state takes h @ W_h.T, and the Jacobian W_h @ J
-         h = xp.tanh(h @ W_h.T + noise[t, ...])
-         slope = 1 - h * h
-         J = slope[:, :, None] * (W_h @ J)
+         h = xp.tanh(h @ W_h + noise[t, ...])
+         slope = 1 - h * h
+         J = slope[:, :, None] * (W_h.T @ J)
begins at zero: all rates are 0: the product began with zeros, and whatever is multiplied by them stays zero; it begins with the identity
-     for t in range(noise.shape[0]):
+     J = 0 * J
+     for t in range(noise.shape[0]):
root of degree T + 1: the root was taken of degree T + 1; from h_0 to h_T there are T steps
~ (1 / noise.shape[0]) => (1 / (noise.shape[0] + 1))
Frobenius norm, roots out of order: the root of the sum of all squares was taken, and `a ** 0.5 ** b` is a to the power of 0.5 ** b; the largest singular value is asked for
~     return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0]) =>     return xp.sum(J * J, axis=(1, 2)) ** 0.5 ** (1 / noise.shape[0])
mean over the batch: one number came for all sequences; each has a rate of its own
~     return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0]) =>     return xp.mean(xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0]))
"""

# %% [markdown]
# ## Task 2: all rates, not the largest alone (4 points)
#
# *Extra, about 20 minutes.*
#
# Almost every push ends up growing at the largest rate. But there are H rates: the second is that of what is left of another push when its part along the first has been taken off, and so on. {{log.text}} are the **Lyapunov exponents** of the network. They cannot be read from the product of all Jacobians: after many steps, each of its columns has turned into the fastest direction, and rounding has lost the others. So H pushes, the columns of an
# orthogonal matrix Q, travel with the state, and after each step they are made orthogonal again (Benettin et al. 1980):
#
# $$S_t W_h\, Q_{t-1} = Q_t R_t, \qquad \lambda_i = \frac{1}{T} \sum_{t=1}^{T} {{log.tex}} \bigl\lvert (R_t)_{ii} \bigr\rvert$$
#
# The right side of the first equation is a QR decomposition: $Q_t$ is orthogonal, $R_t$ upper triangular, and $Q_0$ is the identity. The network is $h_t = \tanh(W_h h_{t-1} + n_t)$ with the noise $n_t$, and the slopes $S_t$ are those at $h_t$. Return the exponents of each sequence, in the order of the columns.
#
# <details><summary>Hint 1</summary>
#
# Four lines in the loop: the new h; its slopes, (B, H); Q and R; the logarithms of the diagonal, added to a sum. Of R nothing goes on to the next step, of Q all.
# </details>
#
# <details><summary>Hint 2</summary>
#
# The pushes are columns: `W_h @ Q`, and a diagonal matrix on the left multiplies rows, `slope[:, :, None]`. States are rows: `h @ W_h.T`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# `Q, R = xp.linalg.qr(...)` decomposes a matrix for each sequence, and `xp.linalg.diagonal(R)` is (B, H). Its signs are the library's choice, so take `xp.abs` before `{{log.of}}`. T is `noise.shape[0]`.
# </details>


# %% solution="lyapunov_exponents"
def lyapunov_exponents(W_h, noise, h_0):
    """The logarithms of the factors per step, of H orthogonal pushes.

    Shapes: W_h (H, H); noise (T, B, H); h_0 (B, H) -> exponents (B, H)
    """
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)  # (B, H); (B, H)
    ### BEGIN SOLUTION
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
        total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]
    ### END SOLUTION


# %% [markdown]
# Try it: one matrix of spectral radius 2, as the noise gets louder. How many directions grow at each loudness, and how fast does the last one fade?

# %%
rng = np.random.default_rng(0)
W_h = move(scaled_gaussian(rng, 20, 2.0))
noise = rng.normal(size=(300, 1, 20))
for loudness in [0.0, 0.3, 1.0, 3.0]:
    found = to_numpy(
        lyapunov_exponents(W_h, move(loudness * noise), move(noise[0]))
    )[0]
    some = found[[0, 1, 2, 5, 10, 19]].round(2)
    print(f"noise × {loudness}: {(found > 0).sum()} of 20 grow; {some}")

# %% test="lyapunov_exponents" points=4 explained="ch05_gradients: What to measure"
import numpy as np

from rnncore.backend import to_numpy
from rnncore.testing import (
    Properties,
    assert_close,
    check,
    mover,
    stored,
)

properties = Properties(values=3, dtype=1)

move = mover(device)


def spread_out(rng, T, B, H):
    """A network whose pushes fade at rates of their own."""
    turned, _ = np.linalg.qr(rng.normal(size=(H, H)))
    W_h = turned * np.linspace(0.4, 0.9, H) + 0.1 * rng.normal(size=(H, H))
    noise, h_0 = 0.7 * rng.normal(size=(T, B, H)), rng.normal(size=(B, H))
    return {"W_h": W_h, "noise": noise, "h_0": np.tanh(h_0)}


rng = np.random.default_rng(3)
visible = move([spread_out(rng, *s) for s in [(1, 3, 2), (5, 2, 3)]])
right = stored("lyapunov_exponents")
check(
    lyapunov_exponents,
    right,
    visible,
    outputs="exponents",
    by=properties,
)
# by hand: two silent units stay at 0, where the slope is 1; each push is
# multiplied by its own weight, 400 times
quiet = move(np.zeros((400, 1, 2))), move(np.zeros((1, 2)))
assert_close(
    "the exponents of two silent units with weights 0.9 and 0.1",
    lyapunov_exponents(move(np.diag([0.9, 0.1])), *quiet),
    {{log.np}}([[0.9, 0.1]]),
    why="Is a product of many steps computed? 0.1 to the power 400 is 0.",
)
### BEGIN HIDDEN TESTS
from rnncore.bptt import rnn_cell_vjp
from rnncore.gradient_flow import state_jacobians
from rnncore.rnn import Params, rnn_cell, unroll
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    spread_out, [(1, 1, 1), (5, 2, 3), (60, 3, 2)], device, rng=rng
)
right = reference_lyapunov_exponents
check(lyapunov_exponents, right, hidden, outputs="exponents", by=properties)

# the package's way: backward through the tape, and one QR at the end
args = spread_out(rng, 5, 2, 3)
params = move(Params(np.eye(3), args["W_h"], np.zeros(3), np.zeros(3)))
_, state, tape = unroll(
    rnn_cell, params, move(args["noise"]), (move(args["h_0"]),)
)
first = to_numpy(state_jacobians(rnn_cell_vjp, params, tape, state)[-1])
ends = np.linalg.diagonal(np.linalg.qr(first)[1])
assert_close(
    "the exponents, against the backward loop",
    lyapunov_exponents(*move(args).values()),
    {{log.np}}(np.abs(ends)) / 5,
)
### END HIDDEN TESTS
properties.points("Task 2 holds.")

# %% mistakes="lyapunov_exponents"
r"""
multiplied out [hidden]: Q was never made orthogonal on the way: after many steps the product has lost all directions but the fastest
-         Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
-         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         Q = slope[:, :, None] * (W_h @ Q)
+     R = xp.linalg.qr(Q)[1]
+     total = {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
not divided by T: these are the logarithms over all steps; an exponent is one step's share: divide by T
~ return total / noise.shape[0] => return total
divided by H: you divided by the number of units; an exponent is one step's share: divide by T
~ return total / noise.shape[0] => return total / W_h.shape[0]
last step alone: your sum has the last step alone; all steps' logarithms are added
~ total = total + {{log.of}} => total = {{log.of}}
factors for logarithms: you returned the factors per step; an exponent is the logarithm of one
~ return total / noise.shape[0] => return {{log.exp}}(total / noise.shape[0])
{{log.odd_name}}: your logarithm has the {{log.odd_says}}
~ {{log.of}}(xp.abs => {{log.odd}}(xp.abs
Q not carried on: you pushed the columns of the identity at each step; Q_t goes on to step t + 1
~ Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q)) => _, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
Q inverted: your Q was transposed on its way; the columns that come out of one step go into the next
~ (W_h @ Q)) => (W_h @ (Q if Q.ndim == 2 else xp.matrix_transpose(Q))))
wrong order: the factors stand in the wrong order: W_h acts on the columns of Q, so Q stands on the right
~ (W_h @ Q) => (Q @ W_h)
W_h transposed: you pushed the columns with the transpose of W_h, as on the way back; forward it is W_h
~ (W_h @ Q) => (W_h.T @ Q)
state through the columns: your state went through the transpose of W_h; with states as rows it is h @ W_h.T
~ h @ W_h.T => h @ W_h
slopes on columns: your slopes multiplied the columns; from the left a diagonal matrix multiplies rows
~ slope[:, :, None] => slope[:, None, :]
no slopes: the slopes are missing: a push goes through W_h and then through the tanh
~ slope[:, :, None] * (W_h @ Q) => (0 * slope[:, :, None] + 1) * (W_h @ Q)
slopes of the old state: your slopes are those at the state before the step; they belong to the new one
-         h = xp.tanh(h @ W_h.T + noise[t, ...])
-         slope = 1 - h * h
+         slope = 1 - h * h
+         h = xp.tanh(h @ W_h.T + noise[t, ...])
slope of a sigmoid: this is the slope of a sigmoid; the units have tanh, with slope 1 - h²
~ slope = 1 - h * h => slope = h * (1 - h)
slope 1 - h: the slope of tanh is 1 - h²; the square is missing
~ slope = 1 - h * h => slope = 1 - h
no noise: your state has no noise, and so takes another path
-  + noise[t, ...]
always from h_0: each of your steps begins at h_0; the state goes on
~ h = xp.tanh(h @ W_h.T => h = xp.tanh(h_0 @ W_h.T
lengths before they are orthogonal: you took the lengths of the pushed columns; an exponent has what is left of a column when the ones before it are taken off, the diagonal of R
~ {{log.of}}(xp.abs(xp.linalg.diagonal(R))) => {{log.of}}(xp.sqrt(xp.sum(R * R, axis=-2)))
lengths of rows: you took the lengths of the rows of R; an exponent has its diagonal
~ {{log.of}}(xp.abs(xp.linalg.diagonal(R))) => {{log.of}}(xp.sqrt(xp.sum(R * R, axis=-1)))
singular values of each step: you averaged the logarithms of each step's singular values; a direction that one step stretches another may shrink, so follow the same pushes
-         Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
-         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         s = xp.linalg.svdvals(slope[:, :, None] * W_h)
+         total = total + {{log.of}}(s)
singular values of the product: you took the singular values of the whole product; asked for are the diagonals of the R_t
-         Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
-         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         Q = slope[:, :, None] * (W_h @ Q)
+     total = {{log.of}}(xp.linalg.svdvals(Q))
noise after the tanh: your noise was added after the tanh; it is part of the sum that the tanh squashes
~ h = xp.tanh(h @ W_h.T + noise[t, ...]) => h = xp.tanh(h @ W_h.T) + noise[t, ...]
scaled but not orthogonal: you scaled each column to length 1 and left its direction; then all columns turn into the fastest one, so make them orthogonal by QR
-         Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
-         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         Q = slope[:, :, None] * (W_h @ Q)
+         length = xp.sqrt(xp.sum(Q * Q, axis=-2))
+         Q, total = Q / length[:, None, :], total + {{log.of}}(length)
sorted: you sorted the exponents; they stand in the order of the columns
~ return total / noise.shape[0] => return xp.sort(total, axis=-1) / noise.shape[0]
largest first: you sorted the exponents, the largest first; they stand in the order of the columns
~ return total / noise.shape[0] => return xp.sort(total, axis=-1, descending=True) / noise.shape[0]
first sequence for all: all your sequences have the exponents of the first; each has an R of its own
~ xp.linalg.diagonal(R))) => xp.linalg.diagonal(R[:1, ...])))
columns turned round: your exponents stand in the order of the columns turned round; the first column's comes first
~ return total / noise.shape[0] => return xp.flip(total, axis=-1) / noise.shape[0]
diagonal of Q: you took the diagonal of Q; how far a push was stretched stands in R
~ xp.linalg.diagonal(R) => xp.linalg.diagonal(Q)
one for all sequences: your exponents are a mean over the batch; each sequence has its own
~ return total / noise.shape[0] => return 0 * total + xp.mean(total, axis=0) / noise.shape[0]
a step too few: you divided by T - 1; T steps give T factors
~ return total / noise.shape[0] => return total / max(noise.shape[0] - 1, 1)
inverse rates: the sign is turned: a push that fades has an exponent below 0
~ return total / noise.shape[0] => return -total / noise.shape[0]
factors added up: the factors themselves were averaged; an exponent is the mean of their logarithms
~ {{log.of}}(xp.abs(xp.linalg.diagonal(R))) => xp.abs(xp.linalg.diagonal(R))
R carried on: R went on to the next step in place of Q; R has the lengths of the pushes in it, Q their directions
-         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R)))
+         Q = R
mean over the batch: the sequences were averaged; each has exponents of its own
~     return total / noise.shape[0] =>     return xp.mean(total / noise.shape[0], axis=0)
divided by T - 1: you divided by T - 1; T steps give T factors
~     return total / noise.shape[0] =>     return total / (noise.shape[0] - 1)
logarithm of one more: 1 was added before the logarithm: what shrinks then counts as growing
~         total = total + {{log.of}}(xp.abs(xp.linalg.diagonal(R))) =>         total = total + xp.log1p(xp.abs(xp.linalg.diagonal(R)))
"""

# %% [markdown]
# ## Task 3: a readout for a stream (4 points)
#
# *Extra, about 30 minutes.*
#
# The page on reservoirs keeps all states and then fits the readout to them. A stream of a million steps leaves no room for that, and there is no need: with $g_t = (h_t, 1)$, the state with a 1 at its end, **two sums** over
# the steps, $\sum g_t\, g_t^{\mathsf T}$ and $\sum g_t\, z_t^{\mathsf T}$, hold all that ridge regression asks of the states. Find the $W_y$ and $b_y$ with the smallest
#
# $$\frac1{{half.tex}} \sum_t \lVert W_y h_t + b_y - z_t \rVert^2 + \lambda \lVert W_y \rVert^2$$
#
# The state begins at zero, so the first `washout` steps are run, but they count neither in the sums nor in $N$, the number of steps of all sequences that do count. The bias is not penalised. Keep no state but the last.
#
# Given are one step of the reservoir, `with_one`, which makes $g_t$ of a batch of states, and `penalised`, a diagonal matrix with ones for the units and a 0 for the bias. Write about nine lines.
#
# <details><summary>Hint 1</summary>
#
# Put W_y and b_y side by side: W = (W_y, b_y) is (K, H+1), and what the readout says is W g. Set the derivative of the sum by W to zero: what multiplies W on one side is a matrix of (H+1) × (H+1), and W is the solution of a linear system.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Multiplied by N: (Σ g gᵀ + {{half.line}}) Wᵀ = Σ g zᵀ, where D is `penalised`. For a batch of states in rows, one step's share of the first sum is `g.T @ g`, and of the second `g.T @ targets[t, ...]`.
# </details>
#
# <details><summary>Hint 3</summary>
#
# N is `(T - washout) * B`. `xp.linalg.solve(A, C)` solves A X = C, and X is Wᵀ. W_y is `W[:, :H]`, and b_y is `W[:, H]`.
# </details>


# %%
def reservoir_step(params, leak, x, h):
    """The next state, (B, H), from the input, (B, D), and the last."""
    a_x = x @ params.W_x.T + params.b_x
    a_h = h @ params.W_h.T + params.b_h
    (h,), _ = leaky(leak)(a_x, a_h, (h,))
    return h


def with_one(h):
    """The states with a 1 at the end, for the bias: (B, H+1)."""
    xp = array_namespace(h)
    return xp.concat([h, xp.ones_like(h[:, :1])], axis=1)


# %% solution="readout_of_stream"
def readout_of_stream(params, leak, x, targets, washout, penalty):
    """The readout that ridge regression gives, from sums over a stream.

    Shapes: x (T, B, D); targets (T, B, K) -> W_y (K, H); b_y (K,)
    """
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free
    ### BEGIN SOLUTION
    squares, products = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            squares = squares + g.T @ g
            products = products + g.T @ targets[t, ...]
    squares = squares + {{half.penalty}} * (T - washout) * B * penalised
    W = xp.linalg.solve(squares, products).T
    return W[:, :H], W[:, H]
    ### END SOLUTION


# %% [markdown]
# Try it on the Mackey-Glass series: the same readout as `fit_readout` makes of 2,000 states, from 51 × 52 numbers. What your function holds at its peak must not grow with the stream. (The test sees only results, but refuses `fit_readout`.)

# %%
import tracemalloc

x = mackey_glass(np.random.default_rng(0), 2120)[:, None, None]
x, z = move(((x[:-20] - x.mean()) / x.std(), (x[20:] - x.mean()) / x.std()))
params = move(
    init_reservoir(np.random.default_rng(0), 1, 50, 0.8, 0.3, bias=0.3)
)
y, _, _ = unroll(leaky(1.0), params, x, zero_state(params, 1))
for penalty in (1e-2, 1e-6, 1e-10):
    book = fit_readout(y[100:], z[100:], {{half.penalty}})
    W_y, _ = readout_of_stream(params, 1.0, x, z, 100, penalty)
    off = float(abs(W_y - book.W_y).max() / abs(book.W_y).max())
    print(f"penalty {penalty:.0e}: off by {off:.0e} of the largest weight")
params = init_reservoir(np.random.default_rng(0), 1, 50, 0.8, 0.3)
for T in (200, 2000):
    x = np.ones((T, 1, 1))
    tracemalloc.start()
    readout_of_stream(params, 1.0, x, x, 100, 1e-2)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    print(f"{T} steps: {most / 1e3:.0f} kB at the peak")

# %% [markdown]
# <details><summary>Why do the two differ the more, the smaller the penalty?</summary>
#
# The sums hold products of states, so the ratio of the largest to the smallest direction is squared, and with it the loss of digits. `fit_readout` takes the singular values of the states themselves. The penalty lifts the smallest
# directions; where it is tiny, only the states keep the digits.
# </details>

# %% test="readout_of_stream" points=4 explained="ch05_reservoir: Draw, run, solve"
import numpy as np

from rnncore.reservoir import fit_readout, init_reservoir, leaky
from rnncore.rnn import unroll, zero_state
from rnncore.testing import Properties, assert_close, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)
OUTPUTS = "W_y, b_y"


def stream(rng, T, B, D, H, K, washout):
    """A reservoir, and a stream whose targets have a mean of their own."""
    return {
        "params": init_reservoir(rng, D, H, 0.9, 1.0, bias=0.5),
        "leak": float(rng.uniform(0.3, 0.9)),
        "x": rng.normal(size=(T, B, D)),
        "targets": 1.0 + rng.normal(size=(T, B, K)),
        "washout": washout,
        "penalty": float(rng.uniform(0.1, 0.3)),
    }


rng = np.random.default_rng(8)
visible = [
    move(stream(rng, 6, 1, 1, 2, 4, 0)),  # no washout
    move(stream(rng, 7, 5, 1, 2, 4, 2)),
]
check(
    readout_of_stream,
    stored("readout_of_stream"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
# by hand: where no unit moves, W_y is 0 and b_y the mean of the targets
# after the washout, (3 + 5) / 2
still = {k: 0 * w for k, w in visible[0]["params"]._asdict().items()}
_, b_y = readout_of_stream(
    visible[0]["params"]._replace(**still),
    0.5,
    move(np.ones((3, 1, 1))),
    move(np.array([9.0, 3.0, 5.0]).reshape(3, 1, 1)),
    1,
    0.1,
)
assert_close("b_y where no unit moves", b_y, np.array([4.0]))

### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    stream,
    [
        (1, 1, 1, 1, 1, 0),
        (9, 2, 3, 4, 2, 3),
        (5, 4, 2, 3, 1, 4),
        (8, 1, 1, 3, 2, 1),
    ],
    device,
    rng=rng,
)
check(
    readout_of_stream,
    reference_readout_of_stream,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)

# the package's way: all states, and their singular values
args = move(stream(rng, 30, 2, 1, 5, 2, 7))
start = zero_state(args["params"], 2)
y, _, _ = unroll(leaky(args["leak"]), args["params"], args["x"], start)
book = fit_readout(y[7:, ...], args["targets"][7:, ...], {{half.args}})
W_y, b_y = readout_of_stream(**args)
assert_close("W_y, against fit_readout", W_y, book.W_y)
assert_close("b_y, against fit_readout", b_y, book.b_y)
### END HIDDEN TESTS
properties.points("Task 3 holds.")

# %% mistakes="readout_of_stream"
r"""
washout counted: your sums have the states of the washout in them; these steps are run, but they do not count
~         if t >= washout: =>         if t >= 0:
washout one too long: your sums begin a step late: the first `washout` steps are 0 to washout - 1, so step `washout` counts
~ t >= washout => t > washout
washout one too short: your sums begin a step early: the first `washout` steps do not count, and the first step is step 0
~ t >= washout => t >= washout - 1
washout at the end: your sums leave out the last steps; the washout is at the beginning, where the state still depends on the zeros
~ t >= washout => t < T - washout
washout not run: your reservoir begins at zero after the washout; the washout is run too, so that the zeros have faded when the sums begin
~     for t in range(T): =>     for t in range(washout, T):
washout counted everywhere: your sums have the states of the washout in them, and your N counts them; these steps are run, but they do not count
-         if t >= washout:
-             g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
-     squares = squares + {{half.penalty}} * (T - washout)
+         if t >= 0:
+             g = with_one(h)
+             squares = squares + g.T @ g
+             products = products + g.T @ targets[t, ...]
+     squares = squares + {{half.penalty}} * T
washout one too long everywhere: your sums and your N begin a step late: the first `washout` steps are 0 to washout - 1, so step `washout` counts
-         if t >= washout:
-             g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
-     squares = squares + {{half.penalty}} * (T - washout)
+         if t > washout:
+             g = with_one(h)
+             squares = squares + g.T @ g
+             products = products + g.T @ targets[t, ...]
+     squares = squares + {{half.penalty}} * (T - washout - 1)
washout one too short everywhere: your sums and your N begin a step early: the first `washout` steps do not count, and the first step is step 0
-         if t >= washout:
-             g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
-     squares = squares + {{half.penalty}} * (T - washout)
+         if t >= washout - 1:
+             g = with_one(h)
+             squares = squares + g.T @ g
+             products = products + g.T @ targets[t, ...]
+     squares = squares + {{half.penalty}} * (T - max(washout - 1, 0))
washout alone: your sums have the steps of the washout alone, and none after
~ t >= washout => t < max(washout, 1)
state before the step: your g holds the state before the step; the readout at step t reads h_t
-         h = reservoir_step(params, leak, x[t, ...], h)
-         if t >= washout:
-             g = with_one(h)
+         g = with_one(h)
+         h = reservoir_step(params, leak, x[t, ...], h)
+         if t >= washout:
state not carried on: your reservoir begins every step at zero; it goes on from its last state
~ x[t, ...], h) => x[t, ...], 0 * h)
leak forgotten: your reservoir ran with a leak of 1; hand the leak over
~ reservoir_step(params, leak, x => reservoir_step(params, 1.0, x
leak turned round: your reservoir ran with 1 - leak; reservoir_step takes the leak itself
~ reservoir_step(params, leak, x => reservoir_step(params, 1 - leak, x
targets counted from the washout: your step t has the target of step t - washout; states and targets of one step belong together
~ targets[t, ...] => targets[t - washout, ...]
targets one step back: your step t has the target of the step before; states and targets of one step belong together
~ targets[t, ...] => targets[max(t - 1, 0), ...]
targets one step on: your step t has the target of the step after; states and targets of one step belong together
~ targets[t, ...] => targets[min(t + 1, T - 1), ...]
target of the step after, a step less: your step t has the target of the step after, and the last step is left out; states and targets of one step belong together
-     for t in range(T):
-         h = reservoir_step(params, leak, x[t, ...], h)
-         if t >= washout:
-             g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
-     squares = squares + {{half.penalty}} * (T - washout)
+     for t in range(T - 1):
+         h = reservoir_step(params, leak, x[t, ...], h)
+         if t >= washout:
+             g = with_one(h)
+             squares = squares + g.T @ g
+             products = products + g.T @ targets[t + 1, ...]
+     squares = squares + {{half.penalty}} * (T - 1 - washout)
last step left out: your loop ends a step early: the last state and its target count too
~     for t in range(T): =>     for t in range(T - 1):
penalty for one step: your penalty was not multiplied by N: the formula has a mean over N steps, and the sums have none
~ penalty * (T - washout) * B * penalised => penalty * penalised
washout in N: your N counts the washout as well; N is the number of steps that count in the sums
~ (T - washout) * B => T * B
batch forgotten in N: your penalty counts once for each step; N counts the steps of every sequence of the batch
~ (T - washout) * B => (T - washout)
steps forgotten in N: your N is the number of sequences; each has T - washout steps that count
~ (T - washout) * B => B
mean for the squares: your first sum was divided by N before N times the penalty was added, and your second was not; divide neither, or divide both and add the penalty without N
~ squares = squares + {{half.penalty}} => squares = squares / ((T - washout) * B) + {{half.penalty}}
mean for the squares alone: your first sum was divided by N, and your second was not; divide both or none
~     squares = squares + {{half.penalty}} * (T - washout) * B * penalised =>     squares = squares / ((T - washout) * B) + {{half.penalty}} * penalised
batch averaged: your sums were divided by the number of sequences, and your penalty was multiplied by it; N counts the steps of every sequence, and the sums go over all of them
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
+             squares = squares + g.T @ g / B
+             products = products + g.T @ targets[t, ...] / B
penalty over N: your penalty was divided by N; multiplying the formula by N multiplies it
~ penalty * (T - washout) * B * penalised => penalty / ((T - washout) * B) * penalised
targets averaged: your penalty was multiplied by the number of targets K as well; the formula adds the squares over the targets and divides by N alone
~ (T - washout) * B => (T - washout) * B * targets.shape[2]
mean and N: your sums were divided by N, and the penalty was multiplied by it; do one of the two
-     squares = squares + {{half.penalty}}
+     products = products / ((T - washout) * B)
+     squares = squares / ((T - washout) * B) + {{half.penalty}}
half the loss: your penalty counts twice: {{half.says}}
~ squares = squares + {{half.penalty}} => squares = squares + 2 * {{half.penalty}}
half the penalty: your penalty counts half: {{half.says}}
~ squares = squares + {{half.penalty}} => squares = squares + 0.5 * {{half.penalty}}
penalty squared: your penalty was squared; it stands in the formula as it is
~ squares = squares + {{half.penalty}} => squares = squares + {{half.penalty}} * penalty
bias penalised: your bias was penalised too; `penalised` has a 0 for it
~ B * penalised => B * xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
penalty everywhere: your penalty was added to all entries of the first sum; it belongs on the diagonal, of the units alone
~ B * penalised => B
no penalty: your first sum went into the system without the penalty
~ squares = squares + {{half.penalty}} => squares = squares + 0 * {{half.penalty}}
penalty subtracted: your penalty was subtracted; a penalty makes the diagonal larger
~ squares = squares + {{half.penalty}} => squares = squares - {{half.penalty}}
last step alone, both sums: your sums hold the last step alone: add up over the steps
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
+             squares = g.T @ g
+             products = g.T @ targets[t, ...]
last step alone, first sum: your first sum holds the last step alone: add up over the steps
~ squares = squares + g.T @ g => squares = g.T @ g
last step alone, second sum: your second sum holds the last step alone: add up over the steps
~ products = products + g.T => products = g.T
first sequence alone: your sums have the first sequence of the batch alone
- g.T @ g
-             products = products + g.T @ targets[t, ...]
+ g[:1, :].T @ g[:1, :]
+             products = products + g[:1, :].T @ targets[t, :1, :]
sequences averaged: your sums hold the mean state of the batch; each sequence has a state and a target of its own
- g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
+ g = xp.mean(with_one(h), axis=0)[None, :]
+             squares = squares + B * g.T @ g
+             products = products + B * g.T @ xp.mean(targets[t, ...], axis=0)[None, :]
states never squared out: your readout is the second sum by N alone; each unit's weight depends on the others, so solve the system with the first sum
~ W = xp.linalg.solve(squares, products).T => W = products.T / ((T - washout) * B)
each unit by itself: your readout divides by the diagonal of the first sum, as if the units had nothing in common; solve the whole system
~ W = xp.linalg.solve(squares, products).T => W = (products / xp.sum(squares * xp.eye(H + 1, dtype=x.dtype, device=device_of(x)), axis=1)[:, None]).T
multiplied for solved: your readout is the first sum times the second; the system has to be solved
~ W = xp.linalg.solve(squares, products).T => W = (squares @ products).T
bias for the first unit: your W was split at the wrong end: with_one puts the 1 last, so b_y is the last column
~ return W[:, :H], W[:, H] => return W[:, 1:], W[:, 0]
1 in front: your g has the 1 in front, and `penalised` spares the last entry; so your bias was penalised and one unit was not
- g = with_one(h)
-             squares = squares + g.T @ g
-             products = products + g.T @ targets[t, ...]
-     squares = squares + {{half.penalty}} * (T - washout) * B * penalised
-     W = xp.linalg.solve(squares, products).T
-     return W[:, :H], W[:, H]
+ g = xp.concat([xp.ones_like(h[:, :1]), h], axis=1)
+             squares = squares + g.T @ g
+             products = products + g.T @ targets[t, ...]
+     squares = squares + {{half.penalty}} * (T - washout) * B * penalised
+     W = xp.linalg.solve(squares, products).T
+     return W[:, 1:], W[:, 0]
no bias: your W_y was solved without a bias: the 1 has to be in g when the system is solved
-             squares = squares + g.T @ g
+             g = xp.concat([h, 0 * h[:, :1]], axis=1)
+             squares = squares + g.T @ g + (xp.eye(H + 1, dtype=x.dtype, device=device_of(x)) - penalised)
bias lost: your b_y is 0; the last column of W is the bias
~ return W[:, :H], W[:, H] => return W[:, :H], 0 * W[:, H]
mean of the targets left in: your W_y took the mean off the states but not off the targets, in the product of the two
-     squares = squares + {{half.penalty}} * (T - washout) * B * penalised
-     W = xp.linalg.solve(squares, products).T
-     return W[:, :H], W[:, H]
+     squares, products = (s / ((T - washout) * B) for s in (squares, products))
+     mean = squares[H, :H]
+     centred = squares[:H, :H] - mean[:, None] * mean + {{half.penalty}} * penalised[:H, :H]
+     W = xp.linalg.solve(centred, products[:H, :]).T
+     return W, products[H, :] - W @ mean
mean of the targets: your b_y is the mean of the targets; the states have a mean too, and W_y times it is taken off
~ return W[:, :H], W[:, H] => return W[:, :H], xp.mean(targets[washout:, ...], axis=(0, 1))
bias of the wrong sign: your b_y has the wrong sign; it is added in the readout
~ return W[:, :H], W[:, H] => return W[:, :H], -W[:, H]
NumPy's sums [hidden, dtype]: float32 goes in and float64 comes out: the sums began with np.zeros, which is float64
~ squares, products = 0, 0 => squares, products = np.zeros((H + 1, H + 1)), np.zeros((H + 1, targets.shape[2]))
axis lost [hidden, sizes]: with one target the axis of the targets was lost: W_y is (1, H) then
~ return W[:, :H], W[:, H] => return np.squeeze(W[:, :H]), W[:, H]
targets of the row before: your step t has the row t - 1 of the targets; states and targets of one step belong together
~ targets[t, ...] => targets[t - 1, ...]
W not transposed: the solution stands as the solver gives it, one row for each unit; W_y has a row for each output
-     W = xp.linalg.solve(squares, products).T
-     return W[:, :H], W[:, H]
+     W = xp.linalg.solve(squares, products)
+     return W[:H, :], W[H, :]
state reset after the washout: the state was set to 0 where the washout ends; it is washed out in order to be kept
-         if t >= washout:
+         h = 0 * h if t == washout else h
+         if t >= washout:
"""

# %% [markdown]
# ## Task 4: a controlled experiment (4 points)
#
# *Extra, about 15 minutes.*
#
# "With an orthogonal start it worked better." Better than what, changed by what else, and how often? Write the function that answers. It gets
#
# - `score(setting, rng)`, a number, **lower is better**; a setting is a dict such as `{"start": "normal", "radius": 1.0}`,
# - two settings with the same keys, `control` and `treatment`, that must differ in **exactly one** value,
# - a list of seeds.
#
# For each seed, score both settings, each with a *fresh* generator `np.random.default_rng(seed)`, so that the two see the same random numbers. Return
# {{told.text}}, the differences treatment − control as an array, their median, and the number of seeds (an int) at which the treatment was better.
#
# Raise `ValueError` where not exactly one value differs.
#
# <details><summary>Hint 1</summary>
#
# `changed = {{told.list}}` has to have one element.
# </details>
#
# <details><summary>Hint 2</summary>
#
# Why fresh? A generator that has been used goes on where it stopped: the treatment would get other weights and other data, and luck would be counted as effect.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Lower is better, so the treatment was better where the difference is negative: `int((differences < 0).sum())`. The median is a number: `float(np.median(differences))`.
# </details>


# %% solution="compare_settings"
def compare_settings(score, control, treatment, seeds):
    """What one change does, seed by seed, with all else equal.

    Shapes: -> changed; differences (N,), one per seed; median; better
    """
    ### BEGIN SOLUTION
    changed = {{told.list}}
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better
    ### END SOLUTION


# %% [markdown]
# Try it. The score here says how far a start's growth rate is from 1, under noise, over 20 steps. Everything else in the two settings is equal. Did you expect this sign? The experiment at the end lets you look into it.


# %%
def distance_from_one(setting, rng):
    H, T = 30, 20
    if setting["start"] == "orthogonal":
        W_h = setting["radius"] * orthogonal(rng, H)
    else:
        W_h = scaled_gaussian(rng, H, setting["radius"])
    params = Params(np.eye(H), W_h, np.zeros(H), np.zeros(H))
    x = setting["noise"] * rng.normal(size=(T, 1, H))
    _, state, tape = unroll(rnn_cell, params, x, (np.zeros((1, H)),))
    J = book_state_jacobians(rnn_cell_vjp, params, tape, state)
    return abs(np.log(np.linalg.norm(J[-1, 0], 2)) / T)


normal = {"start": "normal", "radius": 1.0, "noise": 0.1}
print(
    compare_settings(
        distance_from_one,
        normal,
        {**normal, "start": "orthogonal"},
        [0, 1, 2],
    )
)

# %% test="compare_settings" points=4 explained="ch05_long_lags: What one rate hides"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    assert_refuses,
    check,
    stored,
)

properties = Properties(values=3, refusals=1)

OUTPUTS = "changed, differences, median, better"


def chancy(setting, rng):
    """A score that is mostly luck, and a little the setting's doing."""
    luck = rng.normal(size=setting["draws"]).mean()
    return luck * (1 + setting["gain"]) + 0.1 * setting["cost"]


def trial(change, seeds):
    control = {"draws": 3, "gain": 0.0, "cost": 2.0, "note": 0}
    return {
        "score": chancy,
        "control": control,
        "treatment": {**control, **change},
        "seeds": seeds,
    }


visible = [
    trial({"gain": 0.5}, [0, 1, 2, 3, 4, 5, 6]),
    trial({"cost": 1.5}, [4, 8]),
    trial({"draws": 2}, [4, 8, 2, 11]),
    trial({"note": 1}, [3, 5]),  # changes nothing in the score
]
check(
    compare_settings,
    stored("compare_settings"),
    visible,
    outputs=OUTPUTS,
    by=properties,
)
# with the same luck on both sides, a cheaper setting is better by 0.05
_, differences, _, better = compare_settings(**visible[1])
assert_close("the differences", differences, np.full(2, -0.05))
two = trial({"gain": 0.5, "cost": 1.0}, [0, 1])
with properties("refusals"):
    assert_refuses(compare_settings, two, "with two changes at once")
with properties("refusals"):
    assert_refuses(compare_settings, trial({}, [0, 1]), "with no change")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    trial(change, [int(s) for s in rng.integers(0, 1000, count)])
    for change, count in [
        ({"gain": -0.3}, 5),
        ({"draws": 2}, 8),
        ({"cost": 3.0}, 1),
        ({"gain": 2.0}, 9),
        ({"note": 1}, 4),
    ]
]
check(
    compare_settings,
    reference_compare_settings,
    hidden,
    outputs=OUTPUTS,
    by=properties,
)
with properties("refusals"):
    for change in ({"draws": 5, "cost": 0.0}, {}):
        assert_refuses(
            compare_settings,
            trial(change, [0, 1]),
            f"with {len(change)} changes",
        )
### END HIDDEN TESTS
properties.points("Task 4 holds.")

# %% mistakes="compare_settings"
r"""
not paired: the control had another seed than the treatment: luck is counted as effect
~ - score(control, np.random.default_rng(seed)) => - score(control, np.random.default_rng(seed + 1))
one generator for both, control first: both settings drew from one generator: the second goes on where the first stopped, and luck is counted as effect; make a fresh one for each
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
-             for seed in seeds
+             -(score(control, rng) - score(treatment, rng))
+             for rng in map(np.random.default_rng, seeds)
one generator for both, treatment first: both settings drew from one generator: the second goes on where the first stopped, and luck is counted as effect; make a fresh one for each
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
-             for seed in seeds
+             score(treatment, rng) - score(control, rng)
+             for rng in map(np.random.default_rng, seeds)
one seed for all: every pair had the first seed: many copies of one run, not many runs
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
+             score(treatment, np.random.default_rng(seeds[0]))
+             - score(control, np.random.default_rng(seeds[0]))
control minus treatment: the differences have the wrong sign: treatment minus control was asked for
~ differences = np.array( => differences = -np.array(
higher taken for better: seeds were counted at which the treatment scored higher; lower is better here
~ (differences < 0) => (differences > 0)
mean instead of median: this is the mean; one lucky seed can move a mean anywhere, and the median was asked for
~ np.median( => np.mean(
only the sign kept: the median of the signs does not tell how large the effect is
~ float(np.median(differences)) => float(np.median(np.sign(differences)))
two changes at once [hidden, refusals]: settings that differ in two things were compared; then nobody knows which of them did it
~ len(changed) != 1 => not changed
nothing changed [hidden, refusals]: settings that do not differ were compared
-     if len(changed) != 1:
+     changed = changed or list(control)
+     if len(changed) > 3:
seed zero for all: every pair had the seed 0, whatever the list says: many copies of one run, not many runs
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
+             score(treatment, np.random.default_rng(0))
+             - score(control, np.random.default_rng(0))
one generator for all seeds: the generators were made once, with the first seed, and went on drawing; make fresh ones for every seed
-     differences = np.array(
-         [
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
-             for seed in seeds
-         ]
-     )
+     a, b = np.random.default_rng(seeds[0]), np.random.default_rng(seeds[0])
+     differences = np.array([score(treatment, a) - score(control, b) for _ in seeds])
treatment with another seed: the treatment had another seed than the control: luck is counted as effect
~ score(treatment, np.random.default_rng(seed)) => score(treatment, np.random.default_rng(seed + 1))
places for seeds: the runs were seeded with 0, 1, 2, ...; the list holds the seeds themselves
~ for seed in seeds => for seed in range(len(seeds))
old generator: the runs drew from NumPy's old generator, RandomState; asked for is np.random.default_rng(seed)
-             score(treatment, np.random.default_rng(seed))
-             - score(control, np.random.default_rng(seed))
+             score(treatment, np.random.RandomState(seed))
+             - score(control, np.random.RandomState(seed))
sizes: the signs of the differences were lost; treatment minus control says who was better
-             - score(control, np.random.default_rng(seed))
+             - score(control, np.random.default_rng(seed))
+             if score(treatment, np.random.default_rng(seed)) > score(control, np.random.default_rng(seed))
+             else score(control, np.random.default_rng(seed)) - score(treatment, np.random.default_rng(seed))
sorted: the differences were sorted; entry i belongs to seed i
-     better = int
+     differences = np.sort(differences)
+     better = int
relative: each difference was divided by the control's score; treatment minus control was asked for
-             - score(control, np.random.default_rng(seed))
+             / score(control, np.random.default_rng(seed))
+             - 1
middle of an unsorted list: the difference in the middle of the list was taken; a median is the middle of the sorted ones
~ float(np.median(differences)) => float(differences[len(differences) // 2])
losses counted: seeds were counted at which the treatment was not better
~ better = int((differences < 0).sum()) => better = int((differences >= 0).sum())
mean and higher: two things: this is the mean, not the median, and the seeds were counted at which the treatment scored higher
-     better = int((differences < 0).sum())
-     return changed[0], differences, float(np.median(differences)), better
+     better = int((differences > 0).sum())
+     return changed[0], differences, float(np.mean(differences)), better
equal counts: seeds at which both scored alike were counted as better; the treatment is better where it scores lower
~ (differences < 0) => (differences <= 0)
difference of medians: the median of the control was taken off that of the treatment; pairs are compared, so take the median of the differences
- float(np.median(differences))
+ float(
+         np.median([score(treatment, np.random.default_rng(s)) for s in seeds])
+         - np.median([score(control, np.random.default_rng(s)) for s in seeds])
+     )
control minus treatment, counted right: the differences have the wrong sign: treatment minus control was asked for (the seeds were counted right)
-     return changed[0], differences, float(np.median(differences)), better
+     differences = -differences
+     return changed[0], differences, float(np.median(differences)), better
seeds counted: your last number counts the seeds; count those at which the treatment scored lower
~ int((differences < 0).sum()) => len(differences)
over the control: the differences were divided by the control's score; they are treatment minus control
-     better = int((differences < 0).sum())
+     differences = differences / np.abs([score(control, np.random.default_rng(s)) for s in seeds])
+     better = int((differences < 0).sum())
share for number: the share of the seeds was returned; how many they are is asked for
~     better = int((differences < 0).sum()) =>     better = float((differences < 0).mean())
{{told.odd_name}}: {{told.odd_says}}
~ {{told.was}} => {{told.odd}}
median of the sizes: the median was taken of the absolute differences; a difference keeps its sign
~     return changed[0], differences, float(np.median(differences)), better =>     return changed[0], differences, float(np.median(abs(differences))), better
control with the first seed: the control was scored with the first seed each time; both settings get the same seed
~             - score(control, np.random.default_rng(seed)) =>             - score(control, np.random.default_rng(seeds[0]))
"""

# %% [markdown]
# ## Task 5: a threshold from the past (4 points)
#
# *Core, about 20 minutes.*
#
# Chapter 5 advises a threshold at the upper end of the usual lengths, and shows that Adam needs it for its memory: one outlier stays in the mean of squares for thousands of steps. Usual lengths change during training, though. So let the threshold follow them.
#
# The gradients of all steps are given, one row $d_t$ per step. At step t, counted from 1:
#
# $$\tau_t = \text{factor} \times \text{median of } \lVert d_k \rVert \text{ over the last } \text{window} \text{ steps before } t, \qquad a_t = \min\Bigl(1, \frac{\tau_t}{\lVert d_t\rVert}\Bigr), \qquad \hat d_t = a_t\, d_t$$
#
# $$m_t = \beta_1 m_{t-1} + (1-\beta_1)\, \hat d_t, \qquad s_t = \beta_2 s_{t-1} + (1-\beta_2)\, \hat d_t^2, \qquad \Delta_t = {{way.tex}}\frac{m_t / (1-\beta_1^t)}{\sqrt{s_t / (1-\beta_2^t)} + 10^{-8}}$$
#
# The lengths are those **before** clipping, and the gradient that is being judged is not among them. Where fewer than `window` steps have passed, take those that have; the first gradient is not clipped ($a_1 = 1$). No gradient is zero. Return the scales $a_t$ and the steps $\Delta_t$ ({{way.for}}).
#
# <details><summary>Hint 1</summary>
#
# Judge first, remember afterwards: the length of $d_t$ joins the list once $a_t$ is known. `lengths[-window:]` is a list of at most `window` numbers, and `median` takes a list.
# </details>
#
# <details><summary>Hint 2</summary>
#
# `float(xp.linalg.vector_norm(d))` is the length as a number. Both means, m and s, take the clipped gradient.
# </details>
#
# <details><summary>Hint 3</summary>
#
# Row number t of the array is step t + 1, so the two corrections are `1 - beta_1 ** (t + 1)` and `1 - beta_2 ** (t + 1)`.
# </details>


# %% solution="guarded_steps"
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    """Adam's steps where a gradient is clipped to what has been usual.

    Shapes: gradients (T, n) -> scales (T,), steps (T, n)
    """
    xp = array_namespace(gradients)
    m = xp.zeros_like(gradients[0, ...])
    s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        ### BEGIN SOLUTION
        length, scale = float(xp.linalg.vector_norm(d)), 1.0
        if lengths:
            usual = median(lengths[-window:])
            scale = min(1.0, factor * usual / length)
        lengths.append(length)
        m = beta_1 * m + (1 - beta_1) * scale * d
        s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
        size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
        step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
        ### END SOLUTION
        scales.append(scale)
        steps.append(step)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)


# %% [markdown]
# Try it: three weights, gradients of about 1, and one that is a thousand times as long. How long are steps before it, at it and 50 steps later, with a factor that never clips and with a factor of 2?

# %%
stream = 1 + 0.1 * np.random.default_rng(0).normal(size=(151, 3))
stream[100] *= -1000
for factor in (float("inf"), 2.0):
    scales, steps = guarded_steps(move(stream), 20, factor)
    sizes = np.linalg.norm(to_numpy(steps), axis=1)
    print(
        f"factor {factor}: before {sizes[99]:.2f}, at it {sizes[100]:.2f}, "
        f"50 steps later {sizes[150]:.2f}; "
        f"its scale {float(scales[100]):.4f}"
    )

# %% test="guarded_steps" points=4 explained="ch05_clipping: Adam: a bound it already has"
import numpy as np

from rnncore.testing import (
    Properties,
    assert_close,
    check,
    check_causal,
    mover,
    stored,
)

properties = Properties(values=2, dtype=1, sizes=1)

move = mover(device)


def uneven(rng, T, n, window):
    """Gradients whose lengths differ, and what guards them."""
    long = np.exp(rng.normal(size=(T, 1)))
    return {
        "gradients": long * (0.5 + rng.normal(size=(T, n))),
        "window": window,
        "factor": 1.3,
        "beta_1": 0.8,
        "beta_2": 0.95,
    }


drawn = uneven(np.random.default_rng(39), 12, 3, 4)
visible = move(drawn)
tiny = {**drawn, "gradients": 1e-7 * drawn["gradients"]}  # as 10^-8 is
check(
    guarded_steps,
    stored("guarded_steps"),
    [visible, move(drawn, "float32"), move(tiny)],
    outputs="scales, steps",
    by=properties,
)
# by hand: whatever its length, the first gradient is not clipped, and
# Adam's first step has the size of the rate
first = move(np.array([[-5000.0, 200.0]]))
with properties("sizes"):
    scales, steps = guarded_steps(first, 3, 2.0)
    assert_close("the only scale", scales, np.array([1.0]))
    assert_close("the only step", steps, np.array({{way.by}}))
check_causal(lambda *args: guarded_steps(*args)[1], visible, "gradients")
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_inputs, hidden_rng

rng = hidden_rng()
hidden = hidden_inputs(
    uneven, [(1, 1, 1), (9, 2, 3), (6, 4, 1), (5, 3, 20)], device, rng=rng
)
tiny = uneven(rng, 7, 2, 3)
tiny["gradients"] = 1e-7 * tiny["gradients"]
hidden.append(move(tiny))
check(
    guarded_steps,
    reference_guarded_steps,
    hidden,
    outputs="scales, steps",
    by=properties,
)
# another unit of the loss multiplies every gradient, and no scale changes
args = uneven(rng, 8, 3, 3)
more = {**args, "gradients": 1000 * args["gradients"]}
assert_close(
    "scales of gradients a thousand times as long",
    guarded_steps(**move(more))[0],
    guarded_steps(**move(args))[0],
)
### END HIDDEN TESTS
properties.points("Task 5 holds.")

# %% mistakes="guarded_steps"
r"""
epsilon under the root: 10⁻⁸ was added under the root; it stands outside, and counts only where the root itself is about as small
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)) + 1e-8)
+         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / size
judged by itself: the length of the gradient that is judged was among those of the threshold: an outlier then raises its own limit; remember a length after its scale is known
-         if lengths:
-             usual = median(lengths[-window:])
-             scale = min(1.0, factor * usual / length)
-         lengths.append(length)
+         lengths.append(length)
+         usual = median(lengths[-window:])
+         scale = min(1.0, factor * usual / length)
clipped lengths remembered: the list of lengths holds those after clipping; the threshold can then never follow gradients that have become longer
~ lengths.append(length) => lengths.append(scale * length)
whole past: the median ran over all steps so far; take the last `window` of them
~ lengths[-window:] => lengths
first of the past: the median ran over the first `window` steps; take the last ones, lengths[-window:]
~ lengths[-window:] => lengths[:window]
one too few: the median ran over window - 1 steps, without the one just before
~ median(lengths[-window:]) => median(lengths[-window:-1] or lengths)
waits until the window is full: nothing was clipped until `window` steps had passed; where fewer have, take those that have
~ if lengths: => if len(lengths) >= window:
mean for median: the mean of the lengths was taken; one outlier in the window raises it, the median hardly
~ median(lengths[-window:]) => sum(lengths[-window:]) / len(lengths[-window:])
longest of the window: the longest of the last lengths was taken for the usual one; the median was asked for
~ median(lengths[-window:]) => max(lengths[-window:])
upper of two middles: with an even number of lengths the median is the mean of the two in the middle; the upper one was taken
~ median(lengths[-window:]) => sorted(lengths[-window:])[len(lengths[-window:]) // 2]
factor left out: the threshold is `factor` times the median, not the median
~ factor * usual / length => usual / length
divided by the factor: the median was divided by `factor`; it is multiplied by it
~ factor * usual / length => usual / factor / length
stretched: gradients shorter than the threshold were stretched to it; a scale is at most 1
~ min(1.0, factor * usual / length) => factor * usual / length
scale upside down: the scale is length / threshold; it must make a gradient that is too long shorter: threshold / length
~ min(1.0, factor * usual / length) => min(1.0, length / (factor * usual))
length squared: the lengths are squares: the root of the sum was not taken
~ length, scale = float(xp.linalg.vector_norm(d)), 1.0 => length, scale = float(xp.sum(d * d)), 1.0
sum of absolute values: the length is the sum of the entries' absolute values; it is the root of the sum of their squares
~ length, scale = float(xp.linalg.vector_norm(d)), 1.0 => length, scale = float(xp.sum(xp.abs(d))), 1.0
largest entry: the length is the largest entry's absolute value; it is the root of the sum of the squares
~ length, scale = float(xp.linalg.vector_norm(d)), 1.0 => length, scale = float(xp.max(xp.abs(d))), 1.0
entry by entry: scales are right, but each entry was clipped to the threshold by itself, so that the direction changes; multiply all of d by the one scale
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
+         d = xp.clip(d, -scale * length, scale * length)
+         m = beta_1 * m + (1 - beta_1) * d
+         s = beta_2 * s + (1 - beta_2) * d**2
squares not clipped: scales are right, and m has the clipped gradient, but s the long one: its memory of the outlier is just what clipping is to prevent
~ (1 - beta_2) * (scale * d) ** 2 => (1 - beta_2) * d**2
mean not clipped: scales are right, and s has the clipped gradient, but m the long one; both take the same gradient
~ (1 - beta_1) * scale * d => (1 - beta_1) * d
nothing clipped: scales are right, but neither m nor s has the clipped gradient
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
+         m = beta_1 * m + (1 - beta_1) * d
+         s = beta_2 * s + (1 - beta_2) * d**2
step clipped instead: scales are right, but it is Adam's step that was multiplied by the scale; clip the gradient before it enters m and s
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}}
+         m = beta_1 * m + (1 - beta_1) * d
+         s = beta_2 * s + (1 - beta_2) * d**2
+         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
+         step = {{way.scale}} * m
scale not squared in s: s took scale × d²; the clipped gradient is squared as a whole, so its scale is squared too
~ (scale * d) ** 2 => scale * d**2
clipped twice in m: m took the scale twice
~ (1 - beta_1) * scale * d => (1 - beta_1) * scale**2 * d
{{way.name}}: scales are right, but the steps have the wrong sign: {{way.says}}
~ step = {{way.m}} => step = {{way.odd}}
no corrections: scales are right, but m and s were not corrected for their beginning at 0, so that the first steps have the wrong length
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         size = xp.sqrt(s)
+         step = {{way.m}} / (size + 1e-8)
m not corrected: scales are right, but m was not divided by 1 - beta_1 ** t
~ {{way.m}} / (1 - beta_1 ** (t + 1)) / => {{way.m}} /
s not corrected: scales are right, but s was not divided by 1 - beta_2 ** t
~ xp.sqrt(s / (1 - beta_2 ** (t + 1))) => xp.sqrt(s)
s corrected after the root: scales are right, but the root of s was divided by 1 - beta_2 ** t; the correction belongs under the root
~ xp.sqrt(s / (1 - beta_2 ** (t + 1))) => xp.sqrt(s) / (1 - beta_2 ** (t + 1))
corrected as one step later: scales are right, but the corrections count from 2: row 0 is step 1
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         size = xp.sqrt(s / (1 - beta_2 ** (t + 2)))
+         step = {{way.m}} / (1 - beta_1 ** (t + 2)) / (size + 1e-8)
corrected as one step earlier: scales are right, but from the second step on the corrections are those of the step before: row t is step t + 1
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         size = xp.sqrt(s / (1 - beta_2 ** max(t, 1)))
+         step = {{way.m}} / (1 - beta_1 ** max(t, 1)) / (size + 1e-8)
root forgotten: scales are right, but m was divided by s itself; its root was asked for
~ xp.sqrt(s / (1 - beta_2 ** (t + 1))) => s / (1 - beta_2 ** (t + 1))
betas swapped: scales are right, but beta_1 and beta_2 have changed places: beta_1 belongs to m, beta_2 to s
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         m = beta_2 * m + (1 - beta_2) * scale * d
+         s = beta_1 * s + (1 - beta_1) * (scale * d) ** 2
+         size = xp.sqrt(s / (1 - beta_1 ** (t + 1)))
+         step = {{way.m}} / (1 - beta_2 ** (t + 1)) / (size + 1e-8)
new and old swapped: scales are right, but in both means the new gradient has the large weight and the past the small one
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
+         m = (1 - beta_1) * m + beta_1 * scale * d
+         s = (1 - beta_2) * s + beta_2 * (scale * d) ** 2
gradient in place of its mean: scales are right, but the clipped gradient itself was divided by the root of s; its running mean m was asked for
~ step = {{way.m}} / (1 - beta_1 ** (t + 1)) / => step = {{way.scale}} * d /
corrected with the other beta: scales are right, but s was divided by 1 - beta_1 ** t; its own beta is beta_2
~ xp.sqrt(s / (1 - beta_2 ** (t + 1))) => xp.sqrt(s / (1 - beta_1 ** (t + 1)))
m corrected with the other beta: scales are right, but m was divided by 1 - beta_2 ** t; its own beta is beta_1
~ {{way.m}} / (1 - beta_1 ** (t + 1)) / => {{way.m}} / (1 - beta_2 ** (t + 1)) /
corrections swapped: scales are right, but the corrections have changed places: m is divided by 1 - beta_1 ** t, s by 1 - beta_2 ** t
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         size = xp.sqrt(s / (1 - beta_1 ** (t + 1)))
+         step = {{way.m}} / (1 - beta_2 ** (t + 1)) / (size + 1e-8)
corrected means carried on: scales are right, but the corrected means were stored in m and s, so that the next step begins with them and corrects again; give them names of their own
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         m = m / (1 - beta_1 ** (t + 1))
+         s = s / (1 - beta_2 ** (t + 1))
+         step = {{way.m}} / (xp.sqrt(s) + 1e-8)
sum in place of a mean: scales are right, but m adds the whole gradient: the factor 1 - beta_1 is missing
~ (1 - beta_1) * scale * d => scale * d
sum of squares: scales are right, but s adds the whole square: the factor 1 - beta_2 is missing
~ (1 - beta_2) * (scale * d) ** 2 => (scale * d) ** 2
largest square kept: scales are right, but s never falls: the larger of the old and the new one was kept, as in AMSGrad; here s is a plain running mean
~ s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2 => s = xp.maximum(s, beta_2 * s + (1 - beta_2) * (scale * d) ** 2)
all scales 1: every scale is 1, though some gradients are longer than their thresholds: look whether `lengths` is filled, and whether each length is that of one row
-         lengths.append(length)
-
one too few, first pair free: the median ran over window - 1 steps, without the one just before
-         if lengths:
-             usual = median(lengths[-window:])
+         if lengths[-window:-1]:
+             usual = median(lengths[-window:-1])
one too many: the median ran over window + 1 steps; lengths[-window:] has the last `window`
~ lengths[-window:] => lengths[-window - 1 :]
one for all steps: one threshold, from the lengths of all rows, was used at every step; at step t only the last `window` lengths before it are known
~ median(lengths[-window:]) => median(float(xp.linalg.vector_norm(g)) for g in gradients)
one for all steps and the first: one threshold, from the lengths of all rows, was used at every step; at step t only the last `window` lengths before it are known
-         if lengths:
-             usual = median(lengths[-window:])
-             scale = min(1.0, factor * usual / length)
+         usual = median(float(xp.linalg.vector_norm(g)) for g in gradients)
+         scale = min(1.0, factor * usual / length)
lower of two middles: with an even number of lengths the median is the mean of the two in the middle; the lower one was taken, as torch.median does
~ median(lengths[-window:]) => sorted(lengths[-window:])[(len(lengths[-window:]) - 1) // 2]
high percentile: the 90th percentile of the last lengths was taken for the usual one; the median was asked for
~ median(lengths[-window:]) => float(np.quantile(lengths[-window:], 0.9))
running mean: a running mean of the lengths was taken for the usual one; the median of the last `window` was asked for
-             usual = median(lengths[-window:])
+             usual = lengths[0]
+             for one in lengths[1:]:
+                 usual = usual + (one - usual) / window
running mean with beta_1: a running mean of the lengths, with beta_1, was taken for the usual one; the median of the last `window` was asked for
-             usual = median(lengths[-window:])
+             usual = lengths[0]
+             for one in lengths[1:]:
+                 usual = beta_1 * usual + (1 - beta_1) * one
running mean with beta_2: a running mean of the lengths, with beta_2, was taken for the usual one; the median of the last `window` was asked for
-             usual = median(lengths[-window:])
+             usual = lengths[0]
+             for one in lengths[1:]:
+                 usual = beta_2 * usual + (1 - beta_2) * one
dropped: gradients longer than the threshold got a scale of 0; shorten them to it: threshold / length
~ min(1.0, factor * usual / length) => float(length <= factor * usual)
lengths of the steps: the lengths are those of Adam's steps, and these were clipped; take the lengths of the gradients, and clip before m and s
-         length, scale = float(xp.linalg.vector_norm(d)), 1.0
-         if lengths:
-             usual = median(lengths[-window:])
-             scale = min(1.0, factor * usual / length)
-         lengths.append(length)
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         m = beta_1 * m + (1 - beta_1) * d
+         s = beta_2 * s + (1 - beta_2) * d**2
+         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
+         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         length, scale = float(xp.linalg.vector_norm(step)), 1.0
+         if lengths:
+             usual = median(lengths[-window:])
+             scale = min(1.0, factor * usual / length)
+         lengths.append(length)
+         step = scale * step
divided before it is clipped: the gradient was divided by the root of s before its length was taken; clip the gradient itself, before m and s
-         length, scale = float(xp.linalg.vector_norm(d)), 1.0
-         if lengths:
-             usual = median(lengths[-window:])
-             scale = min(1.0, factor * usual / length)
-         lengths.append(length)
-         m = beta_1 * m + (1 - beta_1) * scale * d
-         s = beta_2 * s + (1 - beta_2) * (scale * d) ** 2
-         size = xp.sqrt(s / (1 - beta_2 ** (t + 1)))
-         step = {{way.m}} / (1 - beta_1 ** (t + 1)) / (size + 1e-8)
+         s = beta_2 * s + (1 - beta_2) * d**2
+         d = d / (xp.sqrt(s / (1 - beta_2 ** (t + 1))) + 1e-8)
+         length, scale = float(xp.linalg.vector_norm(d)), 1.0
+         if lengths:
+             usual = median(lengths[-window:])
+             scale = min(1.0, factor * usual / length)
+         lengths.append(length)
+         m = beta_1 * m + (1 - beta_1) * scale * d
+         step = {{way.m}} / (1 - beta_1 ** (t + 1))
NumPy's zeros [hidden, dtype]: float32 goes in and float64 comes out: the means began with np.zeros; begin with xp.zeros_like
-     m = xp.zeros_like(gradients[0, ...])
-     s = xp.zeros_like(gradients[0, ...])
+     m = np.zeros(gradients.shape[1])
+     s = np.zeros(gradients.shape[1])
limit for scale: the scale is the length or its limit; it is what the gradient is multiplied by, at most 1
~             scale = min(1.0, factor * usual / length) =>             scale = min(length, factor * usual)
larger of both: the larger of 1 and the quotient was taken: gradients grow, and none is shortened
~             scale = min(1.0, factor * usual / length) =>             scale = max(1.0, factor * usual / length)
"""

# %% [markdown]
# ## Task 6, closed book: `state_jacobians` (4 points)
#
# *Extra, about 30 minutes.*
#
# Close the chapter. Rebuild the function that hands a loop the rows of an identity matrix and takes home a Jacobian at every lag, for any cell.
#
# The rows are given: `d_state` is a tuple with one array for each part of the state, (n, 1, H) each, where n counts all units of all parts. With an axis in front of the batch, a cell's vjp carries all n
# gradients at once. What is left is the loop.
#
# - `cell_vjp(d_state, cache)` returns `d_a_x, d_a_h, d_state`; the first part of that state is what went past $W_h$ (0.0 where nothing does).
# - `tape.caches` has one cache per step, the first step first.
# - The result's entry k − 1 is lag k. Its axes are lag, sequence, unit of the last state, unit of the earlier state.
#
# <details><summary>Hint 1</summary>
#
# It is the loop of `bptt` without d_y and without weights: from the last cache to the first.
# </details>
#
# <details><summary>Hint 2</summary>
#
# After each step, put the parts of d_state side by side: `xp.concat(d_state, axis=-1)` is (n, B, n).
# </details>
#
# <details><summary>Hint 3</summary>
#
# `d_state = (d_a_h @ params.W_h + d_past, *d_memory)`. Stacked, the axes are (T, n, B, n); `xp.permute_dims(..., (0, 2, 1, 3))` brings the batch forward.
# </details>


# %% solution="state_jacobians" closed_book=true
def state_jacobians(cell_vjp, params, tape, state):
    """The Jacobian of the last state by the state k steps before it.

    Shapes: state ((B, H), ...) -> jacobians (T, B, n, n)
    """
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    ### BEGIN SOLUTION
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))
    ### END SOLUTION


# %% [markdown]
# Try it: the same Jacobians as the book's.

# %%
rng = np.random.default_rng(0)
params = move(init_params(rng, 2, 3))
_, state, tape = unroll(
    rnn_cell,
    params,
    move(rng.normal(size=(4, 2, 2))),
    (move(rng.normal(size=(2, 3))),),
)
mine = state_jacobians(rnn_cell_vjp, params, tape, state)
book = book_state_jacobians(rnn_cell_vjp, params, tape, state)
print("largest difference:", float(abs(mine - book).max()))

# %% test="state_jacobians" points=4 explained="ch05_gradients: What to measure"
import numpy as np

from rnncore.bptt import rnn_cell_vjp
from rnncore.gradient_flow import state_jacobians as book_state_jacobians
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.rnn import init_params, rnn_cell, unroll
from rnncore.testing import Properties, check, mover, stored

properties = Properties(values=2, dtype=1, sizes=1)

CELLS = [
    (rnn_cell, rnn_cell_vjp, 1, 1),  # gates, parts of the state
    (lstm_cell, lstm_cell_vjp, 4, 2),  # chapter 6: a second part
    (gru_cell, gru_cell_vjp, 3, 1),  # chapter 7: a way past W_h
]


def taped(rng, T, B, D, H, which, dtype="float64"):
    """Arguments of state_jacobians, from a run of one of the cells."""
    move = mover(device)
    cell, vjp, G, parts = CELLS[which]
    params = move(init_params(rng, D, H, G), dtype)
    x = move(rng.normal(size=(T, B, D)), dtype)
    start = move(tuple(rng.normal(size=(parts, B, H))), dtype)
    _, state, tape = unroll(cell, params, x, start)
    return dict(cell_vjp=vjp, params=params, tape=tape, state=state)


rng = np.random.default_rng(4)
visible = [taped(rng, 3, 2, 5, 2, which) for which in (0, 1, 2)]
check(
    state_jacobians,
    stored("state_jacobians"),
    visible,
    outputs="jacobians",
    by=properties,
)
### BEGIN HIDDEN TESTS
from rnncore.testing import hidden_rng

rng = hidden_rng()
hidden = [
    taped(rng, T, B, D, H, which, dtype)
    for T, B, D, H in [(1, 1, 1, 1), (5, 2, 3, 4), (6, 3, 1, 3)]
    for which in (0, 1, 2)
    for dtype in ("float64", "float32")
]
check(
    state_jacobians,
    book_state_jacobians,
    hidden,
    outputs="jacobians",
    by=properties,
)
### END HIDDEN TESTS
properties.points("Task 6 holds.")

# %% mistakes="state_jacobians"
r"""
W_h transposed: backward multiplies by W_h itself, not by W_h.T
~ d_a_h @ params.W_h + d_past => d_a_h @ params.W_h.T + d_past
forward in time: the loop ran from the first step to the last, so the factors stand in the wrong order: a gradient comes from the future, and lag 1 is the last step
~ reversed(tape.caches) => tape.caches
Jacobian transposed: each Jacobian is transposed: entry (i, j) is the derivative of unit i of the last state by unit j of the earlier one
~ (0, 2, 1, 3) => (0, 2, 3, 1)
batch behind: the axes of batch and last state's unit are swapped: lag, sequence, unit of the last state, unit of the earlier one
~ (0, 2, 1, 3) => (0, 1, 2, 3)
longest lag first: the lags stand in the order of time; entry 0 is to be lag 1, the last step
~ xp.stack(jacobians) => xp.stack(jacobians[::-1])
path past dropped: what the cell returns for h in its third result went past W_h, and must be added to what came through it
~ params.W_h + d_past => params.W_h
memory dropped: the gradient of the second part of the state (c) did not reach the step before: d h / d h alone leaves out what travels in c
~ + d_past, *d_memory) => + d_past, *(0 * m for m in d_memory))
recurrent term dropped: nothing went back through W_h
~ d_a_h @ params.W_h + d_past => 0 * (d_a_h @ params.W_h) + d_past
one step, again and again: every step used the slopes of the last one; each step has a cache of its own
~ cell_vjp(d_state, cache) => cell_vjp(d_state, tape.caches[-1])
memory left as it was: the second part of the state kept the gradient that it came with; take the one that the cell returns
~ + d_past, *d_memory) => + d_past, *d_state[1:])
lags one short: entry 0 is the identity, lag 0: the gradient is to be put down after the step, so that entry 0 is lag 1
-         d_state = (d_a_h @ params.W_h + d_past, *d_memory)
-         jacobians.append(xp.concat(d_state, axis=-1))
+         old = xp.concat(d_state, axis=-1)
+         jacobians.append(old + xp.zeros((n, state[0].shape[0], n), dtype=old.dtype, device=device_of(old)))
+         d_state = (d_a_h @ params.W_h + d_past, *d_memory)
d_a_x for d_a_h: d_a_x was sent back through W_h; d_a_h is what W_h has made, and in a GRU the two differ
~ _, d_a_h, (d_past => d_a_h, _, (d_past
steps alone: each entry is the Jacobian of a single step: the gradient that comes out of a step must go into the one before it
-         d_state = (d_a_h @ params.W_h + d_past, *d_memory)
-         jacobians.append(xp.concat(d_state, axis=-1))
+         alone = (d_a_h @ params.W_h + d_past, *d_memory)
+         jacobians.append(xp.concat(alone, axis=-1))
added to the step after: the gradient of each step was added to that of the step after it; it takes its place
~ d_state = (d_a_h @ params.W_h + d_past, *d_memory) => d_state = tuple(a + b for a, b in zip(d_state, (d_a_h @ params.W_h + d_past, *d_memory), strict=True))
W_h left out: d_a_h is the gradient of W_h's result; send it back through W_h before it is that of the state
~ d_a_h @ params.W_h + d_past => d_a_h[..., :H] + d_past
past sent through W_h: what went past W_h, d_past, was sent through it as well
~ d_a_h @ params.W_h + d_past => (d_a_h + xp.concat([d_past] * (d_a_h.shape[-1] // H), axis=-1)) @ params.W_h
parts in the other order: the parts of the state have changed places: h comes first, then c
~ xp.concat(d_state, axis=-1) => xp.concat(d_state[::-1], axis=-1)
forward and transposed: two things: the loop ran from the first step to the last, and each Jacobian is transposed
-     for cache in reversed(tape.caches):
-         _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
-         d_state = (d_a_h @ params.W_h + d_past, *d_memory)
-         jacobians.append(xp.concat(d_state, axis=-1))
-     return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))
+     for cache in tape.caches:
+         _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
+         d_state = (d_a_h @ params.W_h + d_past, *d_memory)
+         jacobians.append(xp.concat(d_state, axis=-1))
+     return xp.permute_dims(xp.stack(jacobians), (0, 2, 3, 1))
h alone: the jacobians hold h's gradient alone; the whole state's stands side by side
~         jacobians.append(xp.concat(d_state, axis=-1)) =>         jacobians.append(d_state[0])
largest lag left out: the longest way back is missing: one lag for each step
~     for cache in reversed(tape.caches): =>     for cache in reversed(tape.caches[1:]):
"""

# %% [markdown]
# ## The mutant hunt (4 points)
#
# *Core, about 10 minutes.*
#
# `clip_by_global_norm(d_params, limit)` of chapter 4 has seven wrong relatives. Each is one small edit away from it, each runs without an error, and each is a **box** that you cannot look into.
#
# Write `gradients_that_tell()`: a list of `(d_params, limit)` on which the boxes give themselves away. d_params is a tuple of float64 NumPy arrays. What counts is both results: the clipped arrays and the norm. Each box that some probe tells apart earns a part of three points; the fourth is for telling all of them apart with at most two probes.
#
# <details><summary>Hint 1</summary>
#
# A gradient that is too long shows nothing about what happens to one that is not.
# </details>
#
# <details><summary>Hint 2</summary>
#
# With a single array, "by array" is "by norm". With a limit of 1, an answer that forgets to multiply by the limit is right. With matrices only, one that forgets the biases is, too.
# </details>
#
# <details><summary>Hint 3</summary>
#
# One long gradient of a matrix and a vector with entries of several sizes, and a limit such as 2.5; and one short gradient.
# </details>


# %% solution="gradients_that_tell"
def gradients_that_tell():
    """A list of (d_params, limit); d_params is a tuple of arrays."""
    ### BEGIN SOLUTION
    rng = np.random.default_rng(0)
    long = 3 * rng.normal(size=(3, 2)), rng.normal(size=(4,))
    short = 0.1 * rng.normal(size=(2, 2)), 0.1 * rng.normal(size=(2,))
    return [(long, 2.5), (short, 2.5)]
    ### END SOLUTION


# %% [markdown]
# The boxes, to play with. A first probe of the kind that one writes in a hurry:

# %%
boxes = black_boxes("gradients_that_tell")
hasty = (np.array([[3.0, 0.0], [0.0, 4.0]]),), 1.0
right = clip_by_global_norm(*hasty)
for name, box in boxes.items():
    wrong = box(*hasty)
    same = np.allclose(wrong[0][0], right[0][0]) and wrong[1] == right[1]
    print(name, "looks right" if same else "differs")

# %% test="gradients_that_tell" points=4 explained="ch05_long_lags: A cliff"
from rnncore.optim import clip_by_global_norm
from rnncore.testing import black_boxes, hunt

hunt(
    clip_by_global_norm,
    black_boxes("gradients_that_tell"),
    gradients_that_tell(),
    few=2,
    points=4,
)

# %% mutants="gradients_that_tell" of="rnncore.optim.clip_by_global_norm"
r"""
stretches what is short: every gradient is brought to the length of the limit, short ones too
~ if not limit < norm < math.inf: => if not norm < math.inf:
by entry: elementwise clipping: the direction changes
~ d * (limit / norm) => array_namespace(d).clip(d, -limit, limit)
each array by its own norm: arrays are shortened by themselves: the direction changes, unseen with one array
~ d * (limit / norm) => d * min(1.0, limit / global_norm(d))
limit forgotten: clipped gradients get length 1, whatever the limit: unseen at a limit of 1
~ d * (limit / norm) => d * (1 / norm)
norm after clipping: the norm that is told is that of the clipped gradient, so no plot ever shows an explosion
~ d_params), norm => d_params), limit
vectors left out: biases are not clipped: unseen where all arrays are matrices
~ d * (limit / norm) => d * (limit / norm) if d.ndim > 1 else d
sign lost: all entries of a clipped gradient are positive: unseen where they were
~ d * (limit / norm) => abs(d) * (limit / norm)
"""

# %% [markdown]
# ## Experiment: loudness, size, and a controlled comparison
#
# *Extra, about 15 minutes, after Tasks 1, 4 and 6.*
#
# A network of 40 units under noise. You have two sliders: the spectral radius of $W_h$ and the loudness of the noise. The plot shows $\log_{10} \lVert J_k \rVert$ against the lag, from your closed-book function, for a normal and for
# an orthogonal matrix of the same radius. Beneath it, `compare_settings` says over eight seeds which of the two is nearer to a rate of 1.
#
# **Predict**, before you run anything: which start is nearer to rate 1 at radius 1 without noise, at radius 1 with noise of 1, and at radius 1.5 with noise of 1? Write `"normal"` or `"orthogonal"`. Nothing is graded here;
# your words are kept in the notebook for you to come back to.

# %%
my_prediction = {
    "radius 1, no noise": "",
    "radius 1, noise 1": "",
    "radius 1.5, noise 1": "",
}


# %% experiment
def drawn(start, radius, rng, H=40):
    if start == "orthogonal":
        return radius * orthogonal(rng, H)
    return scaled_gaussian(rng, H, radius)


def norm_by_lag(start, radius, loudness, T=50, H=40):
    rng = np.random.default_rng(0)
    W_h = drawn(start, radius, rng)
    params = move(Params(np.eye(H), W_h, np.zeros(H), np.zeros(H)))
    x = move(loudness * rng.normal(size=(T, 1, H)))
    _, state, tape = unroll(rnn_cell, params, x, (move(np.zeros((1, H))),))
    J = to_numpy(state_jacobians(rnn_cell_vjp, params, tape, state))
    norms = np.linalg.norm(J[:, 0], 2, axis=(1, 2))
    return np.log10(np.maximum(norms, 1e-300))


def off_one(setting, rng):
    W_h = move(drawn(setting["start"], setting["radius"], rng))
    noise = move(setting["loudness"] * rng.normal(size=(50, 1, 40)))
    rate = noisy_growth_rate(W_h, noise, move(np.zeros((1, 40))))
    return abs(float(np.log(to_numpy(rate)[0])))


def show(radius=1.0, loudness=0.0):
    print("You predicted", my_prediction)
    plot_lines(
        {
            start: norm_by_lag(start, radius, loudness)
            for start in ("normal", "orthogonal")
        },
        "lag",
        "log10 of the norm",
        f"radius {radius}, loudness {loudness}",
        x=np.arange(1, 51),
    )
    control = dict(start="normal", radius=radius, loudness=loudness)
    treatment = {**control, "start": "orthogonal"}
    _, _, median, better = compare_settings(
        off_one, control, treatment, range(8)
    )
    print(
        f"orthogonal is nearer to rate 1 for {better} of 8 seeds; "
        f"median difference {median:.3f}"
    )


from ipywidgets import FloatSlider, interact

_ = interact(
    show,
    radius=FloatSlider(1, min=0.2, max=2.0, step=0.1, description="radius"),
    loudness=FloatSlider(
        0, min=0.0, max=2.0, step=0.1, description="loudness"
    ),
)

# %% [markdown]
# Explain what you saw. Without noise, which of the two is nearer to 1 at radius 1, and why is the other one above 1 (think of the hump)? With noise, what has become of that, and why is neither start near 1 at this radius? Which one thing was changed between control and treatment,
# and what would have been confounded if the radius had changed with it?
#
# <details><summary>What we saw, and our answers (after your own)</summary>
#
# Without noise, at radius 1, the orthogonal start is nearer to 1 in 8 of 8 seeds: all its singular values are 1, and at h = 0 the slope of tanh is. The normal matrix has singular values of up to 2 at a spectral radius of 1, so the norm first rises, the hump, and 50 steps are too few for it to come down. With noise the units move away from 0, the slopes fall below 1, and both rates fall: with the first seed to logarithms that are 0.45 and 0.43 away from 0, with the orthogonal start ahead in 6 of 8 seeds. At a radius of 1.5 the slopes and the larger weights partly cancel, and both are nearer to 1. Only the start was changed. Had the radius changed with it, nobody could say which of the two had moved the rate.
# </details>

# %% [markdown]
# ## In your own words (2 points)
#
# *Core, about 15 minutes.*
#
# A colleague trains on sequences of 200 steps and reports: "The gradient's norm stays near 1.5 in every step, and I clip at 1. So nothing vanishes and nothing explodes; the network must be too small to learn the long
# lags." In four to six sentences: what does the norm show, what does it hide, what does clipping do for long lags, and which measurement would you ask for?
#
# When your answer is saved, `make answer 5` shows ours, with its rubric, if you study alone.

# %% [markdown] answer="healthy_norm" points=2 explained="ch05_long_lags: What vanishes"
# The norm of the whole gradient is a sum over all lags, and short lags dominate it. So a norm of 1.5 is quite compatible with contributions from lag 100 that are smaller by many powers of ten: vanishing does not mean that the total gradient is
# zero. Clipping at 1 multiplies all of it by one number, about 0.67, long and short lags alike; it protects against a single huge step, and restores nothing that has faded. I would ask for the norm of the Jacobian of the state against lag, or for the
# gradient of W_h split by lag, at the start and during training, and for the score beside that of a constant predictor. Only if the gradient does reach back far enough is the size of the network worth looking at.
#
# Rubric: 1 point for "the total norm is dominated by short lags, so it cannot show vanishing"; 1 point for "clipping scales everything alike and cures no vanishing" together with one fitting measurement by lag. No point is lost for not naming the score.
