# %% peephole_cell: right, all in another order
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    g = xp.tanh(a_g)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    c = i * g + c_before * f
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the output gate sees the old c
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c_before)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the output gate sees tanh c
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * xp.tanh(c))
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: no peephole on the output gate
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: rows in the order f, i, o
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[1, ...] * c_before)
    f = sigmoid(a_f + p[0, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: one row for all
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[0, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[0, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: p read by columns
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[..., 0] * c_before)
    f = sigmoid(a_f + p[..., 1] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[..., 2] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the gates look at h
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h_before, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * h_before)
    f = sigmoid(a_f + p[1, ...] * h_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the candidate looks at the memory too
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g + p[0, ...] * c_before)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: peepholes on i, f and g by row number
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g + p[2, ...] * c_before)
    c = f * c_before + i * g
    o = sigmoid(a_o)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: peephole outside the sigmoid [so told: peephole outside]
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i) + p[0, ...] * c_before
    f = sigmoid(a_f) + p[1, ...] * c_before
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o) + p[2, ...] * c
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: c without its weight
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + c_before)
    f = sigmoid(a_f + c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the candidate with a sigmoid
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = sigmoid(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the candidate not squashed
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = a_g
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: h without tanh
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * c
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: i and f swapped in c
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = i * c_before + f * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: coupled gates
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + (1 - f) * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: order of blocks i, f, o, g, as elsewhere
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_o, a_g = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: order of blocks f, i, g, o
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_f, a_i, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: peephole a matrix product
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + c_before @ p[0, ...])
    f = sigmoid(a_f + c_before @ p[1, ...])
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + c @ p[2, ...])
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: input gate sees the new c
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + sigmoid(a_i) * g
    i = sigmoid(a_i + p[0, ...] * c)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: tanh where the gates should be squashed by sigmoid
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = xp.tanh(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the old h is added to h
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h_before, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c) + h_before
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: writes into c_before
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c_old = c_before
    c = c_before
    c *= f
    c += i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: old c for the output gate and h without tanh
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c_before)
    h = o * c
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: peepholes with a minus
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i - p[0, ...] * c_before)
    f = sigmoid(a_f - p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o - p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: o gets the whole p
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% vjp_without_gates: right, by a mask
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    zero, one = xp.zeros_like(cache[0]), xp.ones_like(cache[0])
    return d_a_x, d_a_h * xp.concat([zero, zero, one, zero], axis=-1), d_past

# %% vjp_without_gates: both are cut
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_h, d_a_h, d_past

# %% vjp_without_gates: a_x is cut instead of a_h [so told: nothing cut]
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_h, d_a_x, d_past

# %% vjp_without_gates: the candidate cut and the gates kept
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    d_i, d_f, d_g, d_o = gates(d_a_h, 4)
    d_a_h = xp.concat([d_i, d_f, 0 * d_g, d_o], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: all of a_h cut
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    d_a_h = xp.zeros_like(d_a_h)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the output gate goes back still
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, d_o = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, d_o], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the input gate goes back still
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    d_i, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([d_i, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the forget gate goes back still
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, d_f, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, d_f, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: order i, f, o, g
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, _, d_g = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the candidate put in the last place
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, nothing, d_g], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the candidate put first
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([d_g, nothing, nothing, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: d_a_h a single block
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = d_g
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: joined over the batch
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=0)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the carousel cut as well
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, (0.0, 0 * d_past[1])

# %% vjp_without_gates: the forward gates cut, in the cache
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    i, f, g, o, tanh_c, c_before = cache
    zero = xp.zeros_like(i)
    return book.lstm_cell_vjp(d_state, (zero, zero, g, zero, tanh_c, c_before))

# %% vjp_without_gates: the slice taken in the batch [so told: one sequence kept]
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    keep = 0 * d_a_h
    keep[2:3] = d_a_h[2:3]
    d_a_h = keep
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: blocks of a fixed width
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    keep = 0 * d_a_h
    keep[:, 2] = d_a_h[:, 2]
    d_a_h = keep
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: every third column of four
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    keep = 0 * d_a_h
    keep[:, 2::4] = d_a_h[:, 2::4]
    d_a_h = keep
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: written in place, and a_x is the same array
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    H = cache[0].shape[1]
    d_a_h[:, : 2 * H] = 0
    d_a_h[:, 3 * H :] = 0
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: d_g without the slope of tanh
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g / (1 - cache[2] ** 2), nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the exact vjp, nothing cut
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the old state lost
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h

# %% vjp_without_gates: c only, without h, past
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past[1]

# %% vjp_without_gates: both cut and in the order i, f, o, g [so told: the wrong block kept]
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, _, d_g = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_h, d_a_h, d_past

# %% vjp_without_gates: the cut as of 1997, the candidate too and only c
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, nothing, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% lstm_cell_vjp: right, slopes named
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * (i - i * i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g) * (1 + g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the way through h forgotten
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: d_c of the later steps lost
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: no slope of tanh c
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: tanh of tanh c
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - xp.tanh(tanh_c) ** 2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: o forgotten
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: i and g partners swapped
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * i * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * g * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: c instead of tanh c in d_o
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * (f * c_before + i * g) * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: d_o from d_c
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_c * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the slope of i forgotten
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the slopes of all gates forgotten
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g
    d_f = d_c * c_before
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the slope of g forgotten
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the slope of g as of a sigmoid
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * g * (1 - g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: gates with the slope of tanh
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * (1 - i**2)
    d_f = d_c * c_before * (1 - f**2)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * (1 - o**2)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: i for f in d_f
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * i * (1 - i)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: d_f with the new c
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * (f * c_before + i * g) * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: c past without f
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c)

# %% lstm_cell_vjp: c past with i
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * i)

# %% lstm_cell_vjp: the incoming d_c past
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c_in = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c_in + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_in * f)

# %% lstm_cell_vjp: h gets its gradient past the matrix
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (d_h, d_c * f)

# %% lstm_cell_vjp: order of blocks i, f, o, g
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_o, d_g], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: order of blocks f, i, g, o
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_i, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: split between a_x and a_h
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a / 2, d_a / 2, (0.0, d_c * f)

# %% lstm_cell_vjp: adds to d_c in place
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c += d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: stacked
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.stack([d_i, d_f, d_g, d_o])
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: a state in the wrong order
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (d_c * f, 0.0)

# %% lstm_cell_vjp: only d_c returned
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, d_c * f

# %% lstm_cell_vjp: no o and c past without f
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c)

# %% lstm_cell_vjp: d_g with f
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * f * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: a sign, 1 plus
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 + tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% [markdown]
# Written later, with the catalogue known: mistakes of other kinds than those above.

# %% peephole_cell: the memory grows without the forget gate
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: tanh of the candidate and the memory together
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = xp.tanh(f * c_before + i * g)
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: a_h forgotten: gates of a_x alone
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    a_i, a_f, a_g, a_o = gates(a_x, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the peephole of the forget gate sees i's sum
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_i + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(c)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% peephole_cell: the candidate shown in place of the memory
def peephole_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    _, c_before, p = state
    a_i, a_f, a_g, a_o = gates(a_x + a_h, 4)
    i = sigmoid(a_i + p[0, ...] * c_before)
    f = sigmoid(a_f + p[1, ...] * c_before)
    g = xp.tanh(a_g)
    c = f * c_before + i * g
    o = sigmoid(a_o + p[2, ...] * c)
    h = o * xp.tanh(g)
    return (h, c, p), (i, f, g, o, c, c_before, p)

# %% vjp_without_gates: the candidate's block doubled, to make up for the others
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, 4 * d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the candidate's block in all four places
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([d_g, d_g, d_g, d_g], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the gates damped to a tenth, not cut
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = 0.1 * d_a_h + 0.9 * xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, d_past

# %% vjp_without_gates: the candidate's weights cut at the input
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x - d_a_h, d_a_h, d_past

# %% vjp_without_gates: h of the past got what was cut
def vjp_without_gates(d_state, cache):
    xp = array_namespace(cache[0])
    d_a_x, d_a_h, d_past = book.lstm_cell_vjp(d_state, cache)
    _, _, d_g, _ = gates(d_a_h, 4)
    nothing = xp.zeros_like(d_g)
    d_a_h = xp.concat([nothing, nothing, d_g, nothing], axis=-1)
    return d_a_x, d_a_h, (d_state[0], d_past[1])

# %% lstm_cell_vjp: d_c used before it is whole, in d_f alone
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_state[1] * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: o of the wrong power
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: slopes as one minus alone
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * (1 - i)
    d_f = d_c * c_before * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: a_h gets the negative
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, -d_a, (0.0, d_c * f)

# %% lstm_cell_vjp: the road of c with the slope of f
def lstm_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    i, f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f * (1 - f))

# %% [markdown]
# The author of the answers to `spread_clocks` had written the first version of
# its catalogue.

# %% [markdown]
# The author of the answers to `written_by` and `bracket_counter` had written the
# first version of their catalogues. They were written after it, from scratch and
# in other styles: hasty, confused about shapes, mathematically wrong, by other
# conventions, copied from elsewhere.

# %% written_by: right, forward, all terms faded at each step
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms]
        terms.append(i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: right, a whole array carried forward
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = i.shape[0]
    out = xp.zeros((T + 1, *c_0.shape), dtype=c_0.dtype, device=device_of(c_0))
    out[0, ...] = c_0
    for t in range(T):
        out[: t + 1, ...] = out[: t + 1, ...] * f[t, ...]
        out[t + 1, ...] = i[t, ...] * g[t, ...]
    return out

# %% written_by: right, differences of unrolled cell states
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    zero = xp.zeros_like(c_0)
    terms = []
    for s in range(T + 1):
        c = c_0 if s == 0 else zero
        for t in range(T):
            c = f[t, ...] * c + (i[t, ...] * g[t, ...] if t + 1 == s else zero)
        terms.append(c)
    return xp.stack(terms)

# %% written_by: right, a product for each step
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    out = []
    for t in range(-1, T):
        term = c_0 if t < 0 else i[t, ...] * g[t, ...]
        for s in range(t + 1, T):
            term = term * f[s, ...]
        out.append(term)
    return xp.stack(out)

# %% written_by: hasty, range from t instead of t + 1
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    out = []
    for t in range(-1, T):
        term = c_0 if t < 0 else i[t, ...] * g[t, ...]
        for s in range(max(t, 0), T):
            term = term * f[s, ...]
        out.append(term)
    return xp.stack(out)

# %% written_by: hasty, range ends at T - 1
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    out = []
    for t in range(-1, T):
        term = c_0 if t < 0 else i[t, ...] * g[t, ...]
        for s in range(t + 1, T - 1):
            term = term * f[s, ...]
        out.append(term)
    return xp.stack(out)

# %% written_by: hasty, product begins two steps on
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    out = []
    for t in range(-1, T):
        term = c_0 if t < 0 else i[t, ...] * g[t, ...]
        for s in range(t + 2, T):
            term = term * f[s, ...]
        out.append(term)
    return xp.stack(out)

# %% written_by: hasty, c_0 put in front without its gates
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = []
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms]
        terms.append(i[t, ...] * g[t, ...])
    return xp.stack([1 * c_0] + terms)

# %% written_by: hasty, c_0 left out
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = []
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms]
        terms.append(i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: hasty, the new term fades at once
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms.append(i[t, ...] * g[t, ...])
        terms = [f[t, ...] * term for term in terms]
    return xp.stack(terms)

# %% written_by: hasty, c_0 appended last
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = []
    left = xp.ones_like(c_0)
    for t in reversed(range(f.shape[0])):
        terms.insert(0, left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    terms.append(left * c_0)
    return xp.stack(terms)

# %% written_by: hasty, never turned round
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = []
    left = xp.ones_like(c_0)
    for t in reversed(range(f.shape[0])):
        terms.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    return xp.stack(terms + [left * c_0])

# %% written_by: hasty, the candidate without its gate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [g[t, ...]]
    return xp.stack(terms)

# %% written_by: shapes, summed over the steps
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    c = c_0
    for t in range(f.shape[0]):
        c = f[t, ...] * c + i[t, ...] * g[t, ...]
    return c

# %% written_by: shapes, joined and not stacked
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    return xp.concat(terms, axis=0)

# %% written_by: shapes, time on the last axis
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    return xp.stack(terms, axis=-1)

# %% written_by: shapes, gates counted along the batch
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[1]):
        terms = [f[:, t, ...] * term for term in terms]
        terms.append(i[:, t, ...] * g[:, t, ...])
    return xp.stack(terms)

# %% written_by: shapes, a mean over the batch
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    return xp.mean(xp.stack(terms), axis=1)

# %% written_by: shapes, a list
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    return terms

# %% written_by: maths, product of the gates so far
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    terms = []
    for t in range(f.shape[0]):
        left = left * f[t, ...]
        terms.append(left * i[t, ...] * g[t, ...])
    return xp.stack([left * c_0] + terms)

# %% written_by: maths, cumprod of the reversed gates, not turned back
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    weights = []
    for t in range(f.shape[0]):
        weights.append(left)
        left = left * f[f.shape[0] - 1 - t, ...]
    terms = [a * i[t, ...] * g[t, ...] for t, a in enumerate(weights)]
    return xp.stack([left * c_0] + terms)

# %% written_by: maths, cumprod divided
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    total, upto = xp.ones_like(c_0), []
    for t in range(f.shape[0]):
        total = total * f[t, ...]
        upto.append(total)
    terms = [total / u * i[t, ...] * g[t, ...] for t, u in enumerate(upto)]
    return xp.stack([total * c_0] + terms)

# %% written_by: maths, logarithms of the gates
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    logs = xp.log(f)
    terms = [xp.exp(xp.sum(logs, axis=0)) * c_0]
    upto = xp.zeros_like(c_0)
    total = xp.sum(logs, axis=0)
    for t in range(f.shape[0]):
        upto = upto + logs[t, ...]
        terms.append(xp.exp(total - upto) * i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, only the next gate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    terms = [f[0, ...] * c_0]
    for t in range(T):
        w = f[t + 1, ...] if t + 1 < T else xp.ones_like(c_0)
        terms.append(w * i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, a power of the mean gate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    mean = xp.mean(f, axis=0)
    terms = [mean**T * c_0]
    for t in range(T):
        terms.append(mean ** (T - 1 - t) * i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, a power of the step's own gate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    terms = [f[0, ...] ** T * c_0]
    for t in range(T):
        terms.append(f[t, ...] ** (T - 1 - t) * i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, shares that add up to one
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    terms = xp.stack(terms)
    return terms / xp.sum(terms, axis=0)

# %% written_by: maths, shares of the lengths
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * term for term in terms] + [i[t, ...] * g[t, ...]]
    terms = xp.abs(xp.stack(terms))
    return terms / xp.sum(terms, axis=0)

# %% written_by: maths, the cell states
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms.append(f[t, ...] * terms[-1] + i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, the changes
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    c = c_0
    for t in range(f.shape[0]):
        new = f[t, ...] * c + i[t, ...] * g[t, ...]
        terms.append(new - c)
        c = new
    return xp.stack(terms)

# %% written_by: convention, forget gate says what goes
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [(1 - f[t, ...]) * a for a in terms] + [i[t, ...] * g[t, ...]]
    return xp.stack(terms)

# %% written_by: convention, coupled gates
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * a for a in terms] + [(1 - f[t, ...]) * g[t, ...]]
    return xp.stack(terms)

# %% written_by: convention, the input gate keeps
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [i[t, ...] * a for a in terms] + [f[t, ...] * g[t, ...]]
    return xp.stack(terms)

# %% written_by: convention, latest step first after c_0
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms, left = [], xp.ones_like(c_0)
    for t in range(f.shape[0] - 1, -1, -1):
        terms.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    return xp.stack([left * c_0] + terms)

# %% written_by: copied, running sums
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * a for a in terms] + [i[t, ...] * g[t, ...]]
    return xp.cumulative_sum(xp.stack(terms), axis=0) if hasattr(xp, "cumulative_sum") else xp.cumsum(xp.stack(terms), 0)

# %% written_by: copied, the gates alone as in a vjp of c
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left, weights = xp.ones_like(c_0), []
    for t in range(f.shape[0] - 1, -1, -1):
        weights.append(left)
        left = left * f[t, ...]
    return xp.stack([left] + weights[::-1])

# %% written_by: copied, weights without the candidate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left, weights = xp.ones_like(c_0), []
    for t in range(f.shape[0] - 1, -1, -1):
        weights.append(left * i[t, ...])
        left = left * f[t, ...]
    return xp.stack([left * c_0] + weights[::-1])

# %% written_by: copied, candidate squashed again
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * a for a in terms] + [i[t, ...] * xp.tanh(g[t, ...])]
    return xp.stack(terms)

# %% written_by: copied, all of it squashed
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        terms = [f[t, ...] * a for a in terms] + [i[t, ...] * g[t, ...]]
    return xp.tanh(xp.stack(terms))

# %% written_by: copied, in place
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    terms = [c_0]
    for t in range(f.shape[0]):
        for a in terms:
            a *= f[t, ...]
        terms.append(i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: copied, an array of zeros filled
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T, B, H = f.shape
    terms = np.zeros((T + 1, B, H), dtype="float32")
    left = xp.ones_like(c_0)
    for t in range(T - 1, -1, -1):
        terms[t + 1] = left * i[t, ...] * g[t, ...]
        left = left * f[t, ...]
    terms[0] = left * c_0
    return terms

# %% [markdown]
# From here to the next task: written later, from the released notebook alone, before a look
# at the catalogue. It was mended with them in view, so that they do not measure
# what it says of new answers. Answers that are told, word for word, what one
# above is told were left out.

# %% written_by: hasty, forgot to return
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    terms = xp.stack(parts[::-1])

# %% written_by: hasty, the return stands in the loop
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
        parts.append(left * c_0)
        return xp.stack(parts[::-1])

# %% written_by: hasty, left appended for c_0 itself
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left)
    return xp.stack(parts[::-1])

# %% written_by: hasty, parts shadowed by a reverse in place
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    parts = parts.reverse()
    return xp.stack(parts)

# %% written_by: shapes, stacked on the batch axis
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1], axis=1)

# %% written_by: shapes, time and batch swapped on the way in
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    i, f, g = (xp.permute_dims(q, (1, 0, 2)) for q in (i, f, g))
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: shapes, the first unit alone
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])[:, :, 0]

# %% written_by: shapes, product of everything
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    wrote = xp.concat([c_0[None, ...], i * g], axis=0)
    return xp.stack([xp.prod(f[t:, ...]) * wrote[t, ...] for t in range(T + 1)])

# %% written_by: shapes, product over the units
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    wrote = xp.concat([c_0[None, ...], i * g], axis=0)
    return xp.stack([xp.prod(f[t:, ...], axis=-1) * wrote[t, ...] for t in range(T + 1)])

# %% written_by: shapes, product over the units, kept
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    wrote = xp.concat([c_0[None, ...], i * g], axis=0)
    terms = []
    for t in range(T + 1):
        left = xp.prod(xp.prod(f[t:, ...], axis=0), axis=-1, keepdims=True)
        terms.append(left * wrote[t, ...])
    return xp.stack(terms)

# %% written_by: shapes, product over the batch
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    wrote = xp.concat([c_0[None, ...], i * g], axis=0)
    terms = []
    for t in range(T + 1):
        left = xp.prod(xp.prod(f[t:, ...], axis=0), axis=0)
        terms.append(left * wrote[t, ...])
    return xp.stack(terms)

# %% written_by: shapes, a pair of results
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    return left * c_0, xp.stack(parts[::-1])

# %% written_by: shapes, c_0's term with an axis too many
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])[:, None, ...]

# %% written_by: shapes, a vector of sums
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack([xp.sum(part) for part in parts[::-1]])

# %% written_by: maths, product of the gates before
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = [c_0]
    for t in range(i.shape[0]):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts[0] = left * c_0
    return xp.stack(parts)

# %% written_by: maths, divided, a small number added
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = f.shape[0]
    whole = xp.prod(f, axis=0)
    terms, kept = [whole * c_0], xp.ones_like(c_0)
    for t in range(T):
        kept = kept * f[t, ...]
        terms.append(whole / (kept + 1e-12) * i[t, ...] * g[t, ...])
    return xp.stack(terms)

# %% written_by: maths, a cleared gate skipped
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * xp.where(f[t, ...] == 0, xp.ones_like(c_0), f[t, ...])
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, gates kept off zero
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * xp.where(f[t, ...] < 1e-3, 1e-3 + 0 * c_0, f[t, ...])
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, gates added up
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left + f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, input and candidate added
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * (i[t, ...] + g[t, ...]))
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, powers of the last gate
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[-1, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, the first gate left out of c_0
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        before, left = left, left * f[t, ...]
    parts.append(before * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, gate of the step before
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t - 1, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, input gate in the product
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * i[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, i of the next step
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[min(t + 1, i.shape[0] - 1), ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: maths, what came in at each step
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    return xp.concat([c_0[None, ...], i * g], axis=0)

# %% written_by: conventions, sizes without sign
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.abs(xp.stack(parts[::-1]))

# %% written_by: conventions, gates given before their sigmoid
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    i, f, g = sigmoid(i), sigmoid(f), xp.tanh(g)
    left = xp.ones_like(c_0)
    parts = []
    for t in range(i.shape[0] - 1, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: copied, an array of zeros from NumPy
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T, B, H = i.shape
    out = np.zeros((T + 1, B, H))
    left = np.ones((B, H))
    for t in range(T - 1, -1, -1):
        out[t + 1] = left * i[t] * g[t]
        left = left * f[t]
    out[0] = left * c_0
    return out

# %% written_by: copied, products in place
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = i.shape[0]
    left = f[-1, ...]
    parts = [i[-1, ...] * g[-1, ...]]
    for t in range(T - 2, -1, -1):
        parts.append(left * i[t, ...] * g[t, ...])
        left *= f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: copied, the same array appended and changed
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    parts, left = [], xp.ones_like(c_0)
    term = xp.zeros_like(c_0)
    for t in range(i.shape[0] - 1, -1, -1):
        term[...] = left * i[t, ...] * g[t, ...]
        parts.append(term)
        left = left * f[t, ...]
    parts.append(left * c_0)
    return xp.stack(parts[::-1])

# %% written_by: copied, cumprod from the end along the batch
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    left = np.cumprod(f[:, ::-1], axis=1)[:, ::-1]
    return np.concatenate([(left[0] * c_0)[None], left * i * g])

# %% written_by: copied, one-based indices of the equation
def written_by(i, f, g, c_0):
    xp = array_namespace(c_0)
    T = i.shape[0]
    parts = [c_0]
    for t in range(1, T + 1):
        left = xp.ones_like(c_0)
        for s in range(t + 1, T + 1):
            left = left * f[s, ...]
        parts.append(left * i[t, ...] * g[t, ...])
    return xp.stack(parts)

# %% bracket_counter: right, by a table
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: right, biases split over b_x and b_h
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.zeros((4, 5))
    W_x[0, :2] = 80
    W_x[1, 2] = -80
    W_x[2, :2] = a, -a
    W_x[3, 3] = 80
    b = np.array([-20.0, 20, 0, -20])
    return Params(W_x, np.zeros((4, 1)), b, b.copy())

# %% bracket_counter: right, a plain tuple
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4)

# %% bracket_counter: right, shown at the line break as well, where c is 0
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, 40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: right, a bias of 100 for the forget gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    b_x[1] = 100; W_x[1] = [0, 0, -200, 0, 0]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: right, the input gate always open
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 1, 1, 1]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: right, worth in the input gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [40, -40, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[0, :2] = math.log(worth / (1 - worth))
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, other characters clear
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 0]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, the line break forgotten
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 1, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, the same sign twice
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, output gate open throughout
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[1, 1, 1, 1, 1])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, forget gate like input gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 0, 0]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, asking clears
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 0, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, worth as it is
def bracket_counter(worth):
    a = worth
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, ones and minus ones
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [1 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, gates of 5
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [5 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, gates of 10
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [10 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, gates 1 and 0
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[[0, 1, 3]] = [[1, 1, 0, 0, 0], [1, 1, 0, 1, 1], [0, 0, 0, 1, 0]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, columns in the order line break after question
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[:, [0, 1, 3, 2, 4]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: hasty, a bias of 1 as usual
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[1] = [0, 0, -40, 0, 0]; b_x[1] = 1
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: shapes, transposed
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x.T
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: shapes, biases of (1,)
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    b_x = b_h = np.zeros(1)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: shapes, W_h of (4,)
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_h = np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: shapes, four symbols
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[:, :4]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: shapes, blocks side by side
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x.reshape(1, 20)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, bias 40 against weight -40 at the line break
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[1] = [0, 0, -40, 0, 0]; b_x[1] = 40
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, bias -40 and weight 40 at the input gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[0] = [40, 40, 0, 0, 0]; b_x[0] = -40
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, bias -40 and weight 40 at the output gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[3] = [0, 0, 0, 40, 0]; b_x[3] = -40
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, all three biased
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = np.array([[40, 40, 0, 0, 0], [0, 0, -40, 0, 0], [a, -a, 0, 0, 0], [0, 0, 0, 40, 0.0]]); b_x = np.array([-40, 40, 0, -40.0])
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, zero taken for shut
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[[0, 1, 3]] = np.maximum(W_x[[0, 1, 3]], 0)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, the sigmoid undone for the candidate
def bracket_counter(worth):
    a = math.log(worth / (1 - worth))
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, tanh of worth
def bracket_counter(worth):
    a = math.tanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, atan
def bracket_counter(worth):
    a = math.atan(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, candidate saturated
def bracket_counter(worth):
    a = 40
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, worth in gate and candidate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[0, :2] = math.log(worth / (1 - worth))
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, a closing bracket closes the forget gate
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 0, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, the line break subtracts
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 1, 0, 0]), gate(*[1, 1, 1, 1, 1]), [a, -a, -a, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, each bracket replaces
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[0, 0, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, every other symbol lowers
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 1, 1, 1]), gate(*[1, 1, 0, 1, 1]), [a, -a, -a, -a, -a], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, the shown value is fed back
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_h[2] = 1
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, input gate half open by zeros
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[0] = 0
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: maths, forget gate half open by zeros
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x[1] = 0
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, rows i, f, o, g
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[[0, 1, 3, 2]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, rows i, g, f, o
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[[0, 2, 1, 3]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, rows f, i, g, o
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[[1, 0, 2, 3]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, rows f, i, o, g
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    W_x = W_x[[1, 0, 3, 2]]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, a forget gate that forgets
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[0, 0, 1, 0, 0]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, closing raises
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [-a, a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: convention, coupled
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[0, 0, 1, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: copied, biases in both
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[0, 0, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    b_x[1] = b_h[1] = 20; W_x[1] = [0, 0, -40, 0, 0]
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: copied, output gate shut at the question
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[1, 1, 1, 0, 1])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: copied, output gate open after a bracket too
def bracket_counter(worth):
    a = math.atanh(worth)
    def gate(*open):
        return [40 * (2 * k - 1) for k in open]
    W_x = np.array([gate(*[1, 1, 0, 0, 0]), gate(*[1, 1, 0, 1, 1]), [a, -a, 0, 0, 0], gate(*[1, 1, 0, 1, 0])], dtype=float)
    W_h, b_x, b_h = np.zeros((4, 1)), np.zeros(4), np.zeros(4)
    return Params(W_x, W_h, b_x, b_h)

# %% bracket_counter: copied, a dictionary
def bracket_counter(worth):
    return {'W_x': np.zeros((4, 5)), 'W_h': np.zeros((4, 1)), 'b_x': np.zeros(4), 'b_h': np.zeros(4)}

# %% bracket_counter: copied, random weights
def bracket_counter(worth):
    return init_params(np.random.default_rng(0), 5, 1, 4)

# %% bracket_counter: copied, three results
def bracket_counter(worth):
    return np.zeros((4, 5)), np.zeros((4, 1)), np.zeros(4)

# %% [markdown]
# From here on: written later, from the released notebook alone, before a look
# at the catalogue. It was mended with them in view, so that they do not measure
# what it says of new answers. Answers that are told, word for word, what one
# above is told were left out.

# %% bracket_counter: hasty, closing not counted
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, 0, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: hasty, worth fixed at 0.1
def bracket_counter(worth):
    a = math.atanh(0.1)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: hasty, output gate at the question mark alone, others 0
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [0, 0, 0, 40, 0],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: hasty, no return
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    params = Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: hasty, only W_x
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return W_x

# %% bracket_counter: hasty, c cleared at the question mark
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, 40, -40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: shapes, W_h a row
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((1, 4)), np.zeros(4), np.zeros(4))

# %% bracket_counter: shapes, W_h square
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 4)), np.zeros(4), np.zeros(4))

# %% bracket_counter: shapes, biases as columns
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros((4, 1)), np.zeros((4, 1)))

# %% bracket_counter: shapes, biases as rows
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros((1, 4)), np.zeros((1, 4)))

# %% bracket_counter: shapes, biases are numbers
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), 0.0, 0.0)

# %% bracket_counter: shapes, lists
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = ([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, [[0.0]] * 4, [0.0] * 4, [0.0] * 4)

# %% bracket_counter: shapes, biases None
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), None, None)

# %% bracket_counter: shapes, two units
def bracket_counter(worth):
    params = init_params(np.random.default_rng(0), 5, 2, 4)
    a = math.atanh(worth)
    W_x = np.repeat(np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ]), 2, axis=0)
    return Params(W_x, np.zeros((8, 2)), np.zeros(8), np.zeros(8))

# %% bracket_counter: shapes, one row a symbol, reshaped
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, a, -40],
        [40, 40, -a, -40],
        [-40, -40, 0, -40],
        [-40, 40, 0, 40],
        [-40, 40, 0, -40],
    ]).reshape(4, 5)
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: shapes, W_h first
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return np.zeros((4, 1)), W_x, np.zeros(4), np.zeros(4)

# %% bracket_counter: maths, one over tanh
def bracket_counter(worth):
    a = 1 / math.tanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, half of the logarithm forgotten
def bracket_counter(worth):
    a = math.log((1 + worth) / (1 - worth))
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, candidate saturated, again
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [40, -40, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, gates of 20
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [20, 20, -20, -20, -20],
        [20, 20, -20, 20, 20],
        [a, -a, 0, 0, 0],
        [-20, -20, -20, 20, -20],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, only the forget gate weakly open
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [4, 4, -40, 4, 4],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, infinity
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [np.inf, np.inf, -np.inf, -np.inf, -np.inf],
        [np.inf, np.inf, -np.inf, np.inf, np.inf],
        [a, -a, 0, 0, 0],
        [-np.inf, -np.inf, -np.inf, np.inf, -np.inf],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: maths, a candidate bias that is taken off at closing
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, 40, 40, 40],
        [40, 40, -40, 40, 40],
        [0, -2 * a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.array([0, 0, a, 0]), np.zeros(4))

# %% bracket_counter: maths, line break written into
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, 40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, -1, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: conventions, other characters first
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [-40, 40, 40, -40, -40],
        [40, 40, 40, -40, 40],
        [0, a, -a, 0, 0],
        [-40, -40, -40, -40, 40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: conventions, the count never below 0, so ) shuts
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, -40, -40, -40, -40],
        [40, -40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: copied, float32
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ], dtype=np.float32)
    return Params(W_x, np.zeros((4, 1)), np.zeros(4), np.zeros(4))

# %% bracket_counter: copied, biases of init_params
def bracket_counter(worth):
    params = init_params(np.random.default_rng(0), 5, 1, 4)
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return params._replace(W_x=W_x, W_h=np.zeros((4, 1)))

# %% bracket_counter: copied, a bias for the candidate
def bracket_counter(worth):
    a = math.atanh(worth)
    W_x = np.array([
        [40, 40, -40, -40, -40],
        [40, 40, -40, 40, 40],
        [a, -a, 0, 0, 0],
        [-40, -40, -40, 40, -40],
    ])
    return Params(W_x, np.zeros((4, 1)), np.array([0.0, 0, a, 0]), np.zeros(4))

# %% spread_clocks: right, gates in a formula of their own
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = xp.exp(math.log(shortest) + (k + 0.5) / H * math.log(longest / shortest))
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: right, by log1p of 1 - f
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = -xp.expm1(-math.log(2) / n)  # 1 - f
    b_f = xp.log1p(-f) - xp.log(f)
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: odds of a rounded gate
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = xp.log(f / (1 - f))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: linspace with both ends
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** (k / (H - 1)) if H > 1 else shortest + 0 * k
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: linspace without the last end
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** (k / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: evenly spread in steps
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest + (k + 0.5) * (longest - shortest) / H
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: middle of each piece in steps
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * ((longest / shortest) ** (k / H) + (longest / shortest) ** ((k + 1) / H)) / 2
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: evenly spread biases between the two ends
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = xp.log(xp.expm1(xp.asarray(math.log(2) / shortest, **like))) * ((k + 0.5) / H - 1) - xp.log(xp.expm1(xp.asarray(math.log(2) / longest, **like))) * (k + 0.5) / H
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: k counted from one
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 1) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: chrono as it is published, log of n minus one, input the negative
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = xp.log(n - 1 + 1e-6) if shortest > 1 else xp.log(xp.abs(n - 1))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: time constant one over n [so told: a third for a half]
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = xp.exp(-1 / n)
    b_f = xp.log(f / (1 - f))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: one minus one over n [so told: logarithm of the half-life]
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 1 - 1 / (n + 1)
    b_f = xp.log(f / (1 - f))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: half a step: one minus half over n [so told: straight line for a power]
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 1 - 0.5 / n
    b_f = xp.log(f / (1 - f))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: gate in place of its bias
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = f
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: both gates with the same bias
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the input gate left as it came
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = params.b_x[:H]
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the input gate's value
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = 1 - f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the input gate's logarithm
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = xp.log(1 - f)
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the input gate by one minus
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = 1 - b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: blocks f, i
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_f, b_i, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: in both vectors
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([b_i, b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: b_h not looked at
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = params.b_h
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: b_h all zero
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = 0 * params.b_h
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: half in each vector
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i / 2, b_f / 2, params.b_x[2 * H:]])
    b_h = xp.concat([b_i / 2, b_f / 2, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the old b_h taken off b_x
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i - params.b_h[:H], b_f - params.b_h[H:2 * H], params.b_x[2 * H:]])
    b_h = params.b_h
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: all four blocks
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, 0 * b_f, 0 * b_f])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: four blocks, o like i
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:3 * H], b_i])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the forget gate alone in a pair
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return b_x, b_h

# %% spread_clocks: the four gates of a unit side by side
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_x = xp.stack([-b_f, b_f, params.b_x[2::4], params.b_x[3::4]], axis=1)
    b_h = xp.stack([0 * b_f, 0 * b_f, params.b_h[2::4], params.b_h[3::4]], axis=1)
    return params._replace(b_x=xp.reshape(b_x, (-1,)), b_h=xp.reshape(b_h, (-1,)))

# %% spread_clocks: the middle of the ruler for all
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    n = (shortest * longest) ** 0.5 + 0 * xp.arange(H, **like)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_x = xp.concat([-b_f, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_f, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: drawn at random, as published
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** xp.asarray(np.random.default_rng(0).uniform(size=H), **like)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: written into the caller's b_x
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = params.b_x
    b_x[:H], b_x[H:2 * H] = b_i, b_f
    params.b_h[:2 * H] = 0.0
    return params

# %% spread_clocks: fast and slow turned round
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = longest * (shortest / longest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = -xp.log(xp.expm1(math.log(2) / n))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: log2 of the odds [so told: base two]
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = xp.log2(f / (1 - f))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)

# %% spread_clocks: the ruler's approximation
def spread_clocks(params, shortest, longest):
    xp = array_namespace(params.b_x)
    H = params.W_h.shape[1]
    like = {"dtype": params.b_x.dtype, "device": device_of(params.b_x)}
    k = xp.arange(H, **like)
    n = shortest * (longest / shortest) ** ((k + 0.5) / H)
    f = 2 ** (-1 / n)
    b_f = xp.log(xp.abs(n / 0.7 - 0.5))
    b_i = -b_f
    b_x = xp.concat([b_i, b_f, params.b_x[2 * H:]])
    b_h = xp.concat([0 * b_i, 0 * b_f, params.b_h[2 * H:]])
    return params._replace(b_x=b_x, b_h=b_h)
