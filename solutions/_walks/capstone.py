# %% [markdown]
# The author of these answers knew the catalogue of mistakes: the wrong ones are made from cells and loops that a learner may bring (a leaky cell, two parts, one gate), not from the solution, and most aim beside it.

# %% own_cell: right, a leaky cell
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: right, coupled gates
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: right, the minimal gated unit
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (n - h) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_x, d_a_h, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: hasty, the kept half sends nothing back
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (0 * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, the kept half sends all back
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, no slope of the tanh
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, the slope of a sigmoid
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * n * (1 - n)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, the share forgotten on the way back
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, shares exchanged on the way back
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.8

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * keep * (1 - n**2)
        return d_a, d_a, ((1 - keep) * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, the state as an array
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return keep * h + (1 - keep) * n, n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, the gradient of the state as an array
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, keep * d_h

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, one gradient for both sums
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, the way back through the matrix too
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h + d_a,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, state and cache in the other order
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return n, (keep * h + (1 - keep) * n,)

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, a list
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return [keep * h + (1 - keep) * n], n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: confused, d_a_h is the gradient through the share
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, keep * d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: convention, a mean over the batch
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_h = d_h / len(d_h)
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: convention, returns the four without Cell's order
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return 1, 1, forward, vjp

# %% own_cell: convention, the functions alone
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return forward, vjp

# %% own_cell: convention, keyword for the sizes is a float
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1.0, 1.0)

# %% own_cell: hasty, writes into the state
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        h *= keep
        h += (1 - keep) * n
        return (h,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, writes into d_state
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        d_h *= keep
        return d_a, d_a, (d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, float64 constants
def own_cell():
    """The plain cell, half of it kept."""
    keep = np.float64(0.5) * np.ones(1)

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, a_h left out
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, a_x left out
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, the sum kept as a mean
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh((a_x + a_h) / 2)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, noise multiplied in
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h) * np.random.random(h.shape)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, batch normalised
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        a = a_x + a_h
        n = np.tanh((a - a.mean(0)) / (a.std(0) + 1e-5))
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, a minus in the way back
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = -d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, nothing kept: the plain cell
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.0

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, relu with the slope of tanh
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.maximum(a_x + a_h, 0)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, no return in the cell
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        return d_a, d_a, (keep * d_h,)

    Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, no return in the vjp
def own_cell():
    """The plain cell, half of it kept."""
    keep = 0.5

    def forward(a_x, a_h, state):
        (h,) = state
        n = np.tanh(a_x + a_h)
        return (keep * h + (1 - keep) * n,), n

    def vjp(d_state, cache):
        (d_h,) = d_state
        n = cache
        d_a = d_h * (1 - keep) * (1 - n**2)
        d_a, d_a, (keep * d_h,)

    return Cell(forward, vjp, 1, 1)

# %% own_cell: hasty, the output's way into the memory forgotten
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + 0
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: hasty, what comes into the memory from behind forgotten
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: hasty, forget gate sees the memory alone
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * c * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: hasty, slopes of the gates missing
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g)
        d_o = d_h * t
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: hasty, d_h handed on
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (d_h, d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, gates in another order
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_g, d_o], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, stacked on a new axis
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.stack([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, along the batch
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=0)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, memory first
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (c_new, o * t), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, one part declared
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 1)

# %% own_cell: confused, four blocks declared
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 4, 2)

# %% own_cell: confused, the gradient of the memory alone
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (d_c * f,)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, None for the hidden state
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (None, d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: confused, the new memory in the cache
def own_cell():
    """An LSTM whose input gate is what its forget gate leaves."""

    def forward(a_x, a_h, state):
        h, c = state
        f, o, g = gates(a_x + a_h, 3)
        f, o, g = sigmoid(f), sigmoid(o), np.tanh(g)
        c_new = f * c + (1 - f) * g
        t = np.tanh(c_new)
        return (o * t, c_new), (f, o, g, c_new, t)

    def vjp(d_state, cache):
        d_h, d_c = d_state
        f, o, g, c, t = cache
        d_c = d_c + d_h * o * (1 - t**2)
        d_f = d_c * (c - g) * f * (1 - f)
        d_o = d_h * t * o * (1 - o)
        d_g = d_c * (1 - f) * (1 - g**2)
        d_a = np.concatenate([d_f, d_o, d_g], axis=1)
        return d_a, d_a, (np.zeros_like(d_h), d_c * f)

    return Cell(forward, vjp, 3, 2)

# %% own_cell: hasty, the gate's way through the candidate forgotten
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = d_h * (n - h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_x, d_a_h, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: hasty, the gate not on the way to n_h
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (n - h) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n], axis=-1)
        return d_a_x, d_a_h, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: hasty, the gate's sign
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (h - n) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_x, d_a_h, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: hasty, keep and write exchanged behind
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (n - h) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_x, d_a_h, (d_h * f,)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: confused, a_x's gradient for both
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (n - h) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_x, d_a_x, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: confused, d_a_h first
def own_cell():
    """One gate that both forgets and resets: the minimal gated unit."""

    def forward(a_x, a_h, state):
        (h,) = state
        f_x, n_x = gates(a_x, 2)
        f_h, n_h = gates(a_h, 2)
        f = sigmoid(f_x + f_h)
        n = np.tanh(n_x + f * n_h)
        return ((1 - f) * h + f * n,), (f, n, n_h, h)

    def vjp(d_state, cache):
        (d_h,) = d_state
        f, n, n_h, h = cache
        d_n = d_h * f * (1 - n**2)
        d_f = (d_h * (n - h) + d_n * n_h) * f * (1 - f)
        d_a_x = np.concatenate([d_f, d_n], axis=-1)
        d_a_h = np.concatenate([d_f, d_n * f], axis=-1)
        return d_a_h, d_a_x, (d_h * (1 - f),)

    return Cell(forward, vjp, 2, 1)

# %% own_cell: convention, the course's LSTM
def own_cell():
    return ruler.CELLS['LSTM']

# %% own_cell: convention, the course's GRU
def own_cell():
    return ruler.CELLS['GRU']

# %% numerical_gradient: right, two copies
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: right, flat
def numerical_gradient(f, x, step=1e-6):
    start = np.array(to_numpy(x))
    slopes = []
    for k in range(start.size):
        unit = np.zeros(start.size)
        unit[k] = step
        unit = unit.reshape(start.shape)
        right = f(from_numpy(start + unit, x))
        left = f(from_numpy(start - unit, x))
        slopes.append((float(right) - float(left)) / (2 * step))
    return np.array(slopes).reshape(start.shape)

# %% numerical_gradient: hasty, forward difference
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(x))
        grad[i] = (high - low) / step
    return grad

# %% numerical_gradient: hasty, backward difference
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(x))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / step
    return grad

# %% numerical_gradient: hasty, forward difference over two steps
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(x))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, one step
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / step
    return grad

# %% numerical_gradient: hasty, no brackets
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / 2 * step
    return grad

# %% numerical_gradient: hasty, low minus high
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (low - high) / (2 * step)
    return grad

# %% numerical_gradient: hasty, the sum
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high + low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, no copy
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up = down = start
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, one copy for both
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up = down = start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, own step
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    step = 1e-6
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, not divided
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low)
    return grad

# %% numerical_gradient: hasty, half a step on each side
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step / 2
        down[i] -= step / 2
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: confused, all entries moved
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up += step
        down -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: confused, along the first axis alone
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in range(len(start)):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: confused, the last slope alone
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad[i]

# %% numerical_gradient: confused, flat result
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad.ravel()

# %% numerical_gradient: confused, a list
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return list(grad)

# %% numerical_gradient: confused, adds up
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.ones_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] += (high - low) / (2 * step)
    return grad

# %% numerical_gradient: confused, return inside the loop
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
        return grad

# %% numerical_gradient: confused, whole numbers
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros(start.shape, dtype=int)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    return grad

# %% numerical_gradient: hasty, no return
def numerical_gradient(f, x, step=1e-6):
    start = to_numpy(x)
    grad = np.zeros_like(start)
    for i in np.ndindex(*start.shape):
        up, down = start.copy(), start.copy()
        up[i] += step
        down[i] -= step
        high = float(f(from_numpy(up, x)))
        low = float(f(from_numpy(down, x)))
        grad[i] = (high - low) / (2 * step)
    grad

# %% numerical_gradient: hasty, not shaped back
def numerical_gradient(f, x, step=1e-6):
    start = np.array(to_numpy(x))
    slopes = []
    for k in range(start.size):
        unit = np.zeros(start.size)
        unit[k] = step
        unit = unit.reshape(start.shape)
        right = f(from_numpy(start + unit, x))
        left = f(from_numpy(start - unit, x))
        slopes.append((float(right) - float(left)) / (2 * step))
    return np.array(slopes)

# %% numerical_gradient: hasty, moved on from the last
def numerical_gradient(f, x, step=1e-6):
    start = np.array(to_numpy(x))
    slopes = []
    for k in range(start.size):
        unit = np.zeros(start.size)
        unit[: k + 1] = step
        unit = unit.reshape(start.shape)
        right = f(from_numpy(start + unit, x))
        left = f(from_numpy(start - unit, x))
        slopes.append((float(right) - float(left)) / (2 * step))
    return np.array(slopes).reshape(start.shape)

# %% numerical_gradient: confused, relative step
def numerical_gradient(f, x, step=1e-6):
    start = np.array(to_numpy(x))
    slopes = []
    for k in range(start.size):
        unit = np.zeros(start.size)
        unit[k] = step * abs(start.ravel()[k])
        unit = unit.reshape(start.shape)
        right = f(from_numpy(start + unit, x))
        left = f(from_numpy(start - unit, x))
        slopes.append((float(right) - float(left)) / (2 * step))
    return np.array(slopes).reshape(start.shape)

# %% numerical_gradient: confused, shaped back by columns
def numerical_gradient(f, x, step=1e-6):
    start = np.array(to_numpy(x))
    slopes = []
    for k in range(start.size):
        unit = np.zeros(start.size)
        unit[k] = step
        unit = unit.reshape(start.shape)
        right = f(from_numpy(start + unit, x))
        left = f(from_numpy(start - unit, x))
        slopes.append((float(right) - float(left)) / (2 * step))
    return np.array(slopes).reshape(start.shape, order='F')

# %% steps_to_half: right, a loop
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: right, in logarithms
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    k = np.argmax(logs <= level)
    return float(k - 1 + (logs[k - 1] - level) / (logs[k - 1] - logs[k]))

# %% steps_to_half: hasty, first step below
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return float(k)
    return math.inf

# %% steps_to_half: hasty, the step before
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return float(k - 1)
    return math.inf

# %% steps_to_half: hasty, from k on
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k + part / fall
    return math.inf

# %% steps_to_half: hasty, back from k
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - part / fall
    return math.inf

# %% steps_to_half: hasty, quotient upside down
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + fall / part
    return math.inf

# %% steps_to_half: hasty, the part of the fall alone
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return part / fall
    return math.inf

# %% steps_to_half: hasty, None for never
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return None

# %% steps_to_half: hasty, never falls off the end
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall

# %% steps_to_half: hasty, nan for never
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.nan

# %% steps_to_half: hasty, the length for never
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return float(len(distance))

# %% steps_to_half: hasty, the last step for never
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return float(len(distance) - 1)

# %% steps_to_half: hasty, minus one for never
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return -1.0

# %% steps_to_half: hasty, compared with 0.5
def steps_to_half(distance):
    target = 0.5
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: hasty, half of the largest [so told: below one half of the largest]
def steps_to_half(distance):
    target = max(distance) / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: hasty, a quarter
def steps_to_half(distance):
    target = distance[0] / 4
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: confused, a time constant
def steps_to_half(distance):
    target = distance[0] / math.e
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: confused, between the distances
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = distance[k - 1] - distance[k]
            part = distance[k - 1] - target
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: confused, half of the step before
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= distance[k - 1] / 2:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: confused, from the end
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(len(distance) - 1, 0, -1):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: hasty, in whole steps as int
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return int(k - 1 + part / fall)
    return math.inf

# %% steps_to_half: hasty, rounded
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if distance[k] <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return round(k - 1 + part / fall)
    return math.inf

# %% steps_to_half: confused, below from then on
def steps_to_half(distance):
    target = distance[0] / 2
    for k in range(1, len(distance)):
        if max(distance[k:]) <= target:
            fall = math.log(distance[k - 1] / distance[k])
            part = math.log(distance[k - 1] / target)
            return k - 1 + part / fall
    return math.inf

# %% steps_to_half: confused, argmax where there is none
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    k = np.argmax(logs <= level)
    return float(k - 1 + (logs[k - 1] - level) / (logs[k - 1] - logs[k]))

# %% steps_to_half: confused, log2 on one side
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log2(0.5)
    if logs.min() > level:
        return np.inf
    k = np.argmax(logs <= level)
    return float(k - 1 + (logs[k - 1] - level) / (logs[k - 1] - logs[k]))

# %% steps_to_half: confused, slope of the whole curve
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    rate = -np.polyfit(np.arange(len(logs)), logs, 1)[0]
    return float(np.log(2) / rate)

# %% steps_to_half: confused, np.interp over the falling curve
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    return float(np.interp(-level, -logs, np.arange(len(logs))))

# %% steps_to_half: confused, the nearest step
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    return float(np.argmin(np.abs(logs - level)))

# %% steps_to_half: confused, the lowest point
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    k = np.argmin(logs)
    return float(k - 1 + (logs[k - 1] - level) / (logs[k - 1] - logs[k]))

# %% steps_to_half: hasty, an array of one
def steps_to_half(distance):
    logs = np.log(distance / distance[0])
    level = np.log(0.5)
    if logs.min() > level:
        return np.inf
    k = np.argmax(logs <= level)
    return np.array([k - 1 + (logs[k - 1] - level) / (logs[k - 1] - logs[k])])

# %% steps_to_half: confused, by the first share alone
def steps_to_half(distance):
    return float(np.log(2) / np.log(distance[0] / distance[1]))

# %% copy_limit: right, by places
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: right, statistics
def copy_limit(updates, lags, budget):
    import statistics

    def limit(row):
        reached = 0
        for lag, n in zip(lags, row):
            if n is None or n > budget:
                return reached
            reached = lag
        return reached

    limits = [limit(row) for row in updates]
    return statistics.median_low(limits), min(limits), max(limits)

# %% copy_limit: hasty, a hole is passed over
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                continue
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, strictly below
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed >= budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, None compared
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, None alone
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, not sorted
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = list(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, upper middle
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[len(limits) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, places
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = k + 1
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, places from nought
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = k
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, how many were learned
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit += 1
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, highest before lowest
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[-1], limits[0]

# %% copy_limit: hasty, lowest first
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return limits[0], middle, limits[-1]

# %% copy_limit: hasty, the best
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return limits[-1], limits[0], limits[-1]

# %% copy_limit: hasty, the worst
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return limits[0], limits[0], limits[-1]

# %% copy_limit: hasty, median alone
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle

# %% copy_limit: hasty, the list
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return limits

# %% copy_limit: hasty, nought is left out
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        if limit:
            limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, the lag that fails
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            limit = lags[k]
            if needed is None or needed > budget:
                break
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, lags and seeds exchanged [so told: seeds and lags exchanged]
def copy_limit(updates, lags, budget):
    limits = []
    for row in zip(*updates):
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, the budget is shared
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        used = 0
        for k, needed in enumerate(row):
            if needed is None or used + needed > budget:
                break
            used += needed
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, starts at the first lag
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = lags[0]
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, a missing one is an error
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k in range(len(lags)):
            needed = row[k]
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, the first seed alone
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
        break
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: confused, limits are updates
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = needed
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, np.median
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = int(np.median(limits))
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, np.median as it comes
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = np.median(limits)
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, the mean
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = sum(limits) / len(limits)
    return middle, limits[0], limits[-1]

# %% copy_limit: hasty, floats
def copy_limit(updates, lags, budget):
    limits = []
    for row in updates:
        limit = 0
        for k, needed in enumerate(row):
            if needed is None or needed > budget:
                break
            limit = lags[k]
        limits.append(limit)
    limits = sorted(limits)
    middle = limits[(len(limits) - 1) // 2]
    return float(middle), float(limits[0]), float(limits[-1])

# %% copy_limit: hasty, the longest that was in time
def copy_limit(updates, lags, budget):
    limits = sorted(
        max([lag for lag, n in zip(lags, row) if n and n <= budget], default=0)
        for row in updates
    )
    return limits[(len(limits) - 1) // 2], limits[0], limits[-1]

# %% copy_limit: confused, the median of the updates first
def copy_limit(updates, lags, budget):
    limit = 0
    for k, lag in enumerate(lags):
        column = sorted(
            row[k] if k < len(row) and row[k] is not None else math.inf
            for row in updates
        )
        if column[(len(column) - 1) // 2] > budget:
            break
        limit = lag
    return limit, limit, limit

# %% times_the_plain: right, a loop
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: right, percentiles
def times_the_plain(own, plain):
    low, middle, high = np.percentile((own / plain)[1:], [0, 50, 100])
    return float(middle), float(low), float(high)

# %% times_the_plain: hasty, warm-up counted
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own, plain):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, warm-up of one alone left out
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, warm-up of the plain alone left out
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own, plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, the last turn left out
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[:-1], plain[:-1]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, two turns left out
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[2:], plain[2:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, upside down
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(b / a)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, difference
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a - b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, per cent
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(100 * a / b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, how much more
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b - 1)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, mean
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.mean(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, geometric mean
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.exp(np.mean(np.log(ratio)))), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, highest before lowest
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(max(ratio)), float(min(ratio))

# %% times_the_plain: hasty, lowest first
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(min(ratio)), float(np.median(ratio)), float(max(ratio))

# %% times_the_plain: hasty, upper middle
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(sorted(ratio)[len(ratio) // 2]), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, lower middle
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(sorted(ratio)[(len(ratio) - 1) // 2]), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, not sorted
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(ratio[len(ratio) // 2]), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, median alone
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio))

# %% times_the_plain: confused, quartiles
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(np.percentile(ratio, 25)), float(np.percentile(ratio, 75))

# %% times_the_plain: confused, standard deviation
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return float(np.median(ratio)), float(np.median(ratio) - np.std(ratio)), float(np.median(ratio) + np.std(ratio))

# %% times_the_plain: confused, quotients rounded
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(round(a / b))
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: confused, whole division
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a // b)
    return float(np.median(ratio)), float(min(ratio)), float(max(ratio))

# %% times_the_plain: hasty, an array
def times_the_plain(own, plain):
    ratio = []
    for a, b in zip(own[1:], plain[1:]):
        ratio.append(a / b)
    return np.array([np.median(ratio), min(ratio), max(ratio)])

# %% times_the_plain: confused, quotient of the medians
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(np.median(a) / np.median(b)), float((a / b).min()), float((a / b).max())

# %% times_the_plain: confused, quotients of all three
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(np.median(a) / np.median(b)), float(a.min() / b.min()), float(a.max() / b.max())

# %% times_the_plain: confused, quotient of the means
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(a.mean() / b.mean()), float((a / b).min()), float((a / b).max())

# %% times_the_plain: confused, quotient of the sums, all turns
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(own.sum() / plain.sum()), float((own / plain).min()), float((own / plain).max())

# %% times_the_plain: confused, the best runs
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(a.min() / b.min()), float((a / b).min()), float((a / b).max())

# %% times_the_plain: confused, widest bounds
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(np.median(a / b)), float(a.min() / b.max()), float(a.max() / b.min())

# %% times_the_plain: confused, over the median of the plain
def times_the_plain(own, plain):
    a, b = own[1:], plain[1:]
    return float(np.median(a) / np.median(b)), float(a.min() / np.median(b)), float(a.max() / np.median(b))

# %% times_the_plain: hasty, sorted first
def times_the_plain(own, plain):
    q = np.sort(own[1:]) / np.sort(plain[1:])
    return float(np.median(q)), float(q.min()), float(q.max())

# %% times_the_plain: hasty, sorts its arguments
def times_the_plain(own, plain):
    own.sort()
    plain.sort()
    q = own[1:] / plain[1:]
    return float(np.median(q)), float(q[0]), float(q[-1])
