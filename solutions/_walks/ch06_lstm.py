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

# %% peephole_cell: peephole outside the sigmoid
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

# %% peephole_cell_vjp: right, with a loop for p
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    parts = []
    for d_a, seen in ((d_i, c_before), (d_f, c_before), (d_o, c)):
        parts.append((d_a * seen).sum(0))
    d_p = xp.stack(parts) + d_p
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: c without the output gate
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: c_before without the peepholes
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: c_before without the input gate
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: c_before gets the output gate too
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...] + d_o * p[2, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: output gate handed to the old c instead
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...] + d_o * p[2, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p not added to what came
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p not summed over the batch
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([d_i * c_before, d_f * c_before, d_o * c])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p summed over the units
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=-1), xp.sum(d_f * c_before, axis=-1), xp.sum(d_o * c, axis=-1)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p a mean over the batch
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.mean(d_i * c_before, axis=0), xp.mean(d_f * c_before, axis=0), xp.mean(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: row o with the old c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c_before, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: rows of d_p in the order f, i, o
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_f * c_before, axis=0), xp.sum(d_i * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_o without its slope
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_o from c, not tanh c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_c from above lost
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: no slope of tanh c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: slope of tanh with c itself
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: o forgotten in the way to c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: the LSTM vjp copied, p untouched
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: partners of i and g swapped
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * i * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * g * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_f with the new c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_g with the slope of a sigmoid
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * g * (1 - g)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: slopes of i and f forgotten
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g
    d_f = d_c * c_before
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_c made before d_o by another order, old d_c in the gates
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: p rows one further
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[0, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[1, ...] + d_f * p[2, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p with the gates instead of their gradients
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(i * c_before, axis=0), xp.sum(f * c_before, axis=0), xp.sum(o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: f forgotten on the road of c
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: c without the output gate and d_p not added
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p concatenated
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.concat([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_o added without its weight
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p = d_p + xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: adds into d_p in place
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g**2)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    d_p += xp.stack([xp.sum(d_i * c_before, axis=0), xp.sum(d_f * c_before, axis=0), xp.sum(d_o * c, axis=0)])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% coupled_cell_vjp: right, f in two parts
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = (d_c * c_before - d_c * g) * (f - f**2)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: f of the keeping alone
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: f of the writing alone
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * -g * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: the difference the other way round
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (g - c_before) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: the two parts added
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before + g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_g with f
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * f * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_g with slope f (1 - f)
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * f * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_g without one minus f
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_g without slope
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_f without slope
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_o without slope
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: the way through h forgotten
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_c from above lost
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: no slope of tanh c
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: o forgotten
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: c_before gets one minus f
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * (1 - f))

# %% coupled_cell_vjp: c_before gets d_c whole
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c)

# %% coupled_cell_vjp: four blocks, as in the LSTM
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([-d_f, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: blocks in the order f, o, g
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_o, d_g], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: stacked blocks
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.stack([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: blocks side by side on the batch
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=0)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_h goes on to the state
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (d_h, d_c * f)

# %% coupled_cell_vjp: the old d_c in the road
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_s = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_s * (c_before - g) * f * (1 - f)
    d_g = d_s * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: tanh taken of tanh c
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * xp.tanh(tanh_c) * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_c + d_h in the wrong place
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * tanh_c * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: f of the keeping alone and d_g with f
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * f * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: slope of tanh at c_before
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - c_before**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: no zero for h
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g**2)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (d_c * f,)

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

# %% vjp_without_gates: a_x is cut instead of a_h
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

# %% vjp_without_gates: the slice taken in the batch
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

# %% vjp_without_gates: both cut and in the order i, f, o, g
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

# %% peephole_cell_vjp: d_o with d_c instead of d_h
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_c * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    looked_at = ((d_i, c_before), (d_f, c_before), (d_o, c))
    d_p = d_p + xp.stack([xp.sum(d * m, axis=0) for d, m in looked_at])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: d_p summed over everything
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    looked_at = ((d_i, c_before), (d_f, c_before), (d_o, c))
    d_p = d_p + xp.stack([xp.sum(d * m) + 0 * p[0, ...] for d, m in looked_at])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: the output gate's look with a minus
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) - d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    looked_at = ((d_i, c_before), (d_f, c_before), (d_o, c))
    d_p = d_p + xp.stack([xp.sum(d * m, axis=0) for d, m in looked_at])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: the forget gate's look twice, the input gate's never
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i)
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_c_before = d_c * f + d_f * p[1, ...] + d_f * p[1, ...]
    looked_at = ((d_i, c_before), (d_f, c_before), (d_o, c))
    d_p = d_p + xp.stack([xp.sum(d * m, axis=0) for d, m in looked_at])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% peephole_cell_vjp: slope of i squared
def peephole_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c, d_p = d_state
    i, f, g, o, c, c_before, p = cache
    tanh_c = xp.tanh(c)
    d_o = d_h * tanh_c * o * (1 - o)
    d_c = d_c + d_h * o * (1 - tanh_c**2) + d_o * p[2, ...]
    d_i = d_c * g * i * (1 - i) ** 2
    d_f = d_c * c_before * f * (1 - f)
    d_g = d_c * i * (1 - g * g)
    d_c_before = d_c * f + d_i * p[0, ...] + d_f * p[1, ...]
    looked_at = ((d_i, c_before), (d_f, c_before), (d_o, c))
    d_p = d_p + xp.stack([xp.sum(d * m, axis=0) for d, m in looked_at])
    d_a = xp.concat([d_i, d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c_before, d_p)

# %% coupled_cell_vjp: the old memory's gradient plus the candidate's
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f + d_g)

# %% coupled_cell_vjp: d_f without the gate's second half
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_f = d_c * (c_before - g) * f * f
    d_g = d_c * (1 - f) * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_o with the new memory's gradient
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g * g)
    d_o = d_c * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: d_h subtracted from d_c
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_c = d_c - d_h * o * (1 - tanh_c * tanh_c)
    d_f = d_c * (c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

# %% coupled_cell_vjp: absolute difference of memory and candidate
def coupled_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    d_h, d_c = d_state
    f, g, o, tanh_c, c_before = cache
    d_c = d_c + d_h * o * (1 - tanh_c * tanh_c)
    d_f = d_c * xp.abs(c_before - g) * f * (1 - f)
    d_g = d_c * (1 - f) * (1 - g * g)
    d_o = d_h * tanh_c * o * (1 - o)
    d_a = xp.concat([d_f, d_g, d_o], axis=-1)
    return d_a, d_a, (0.0, d_c * f)

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

# %% spread_clocks: time constant one over n
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

# %% spread_clocks: one minus one over n
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

# %% spread_clocks: half a step: one minus half over n
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

# %% spread_clocks: log2 of the odds
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
