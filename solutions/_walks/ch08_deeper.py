# %% residual_stack_bptt: way past forgotten
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: past the lowest layer too
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: top layer first
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.append(d_layer)
        d_first.append(d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: states in the wrong order only
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.append(d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: from the bottom up
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in range(len(params)):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.append(d_layer)
        d_first.append(d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: top state gradients for all
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[-1])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: lowest state gradients for all
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[0])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: state gradients ignored
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, [0 * d for d in d_states[k]])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: in place [so told: upstream in place]
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        if k:
            d_y += d_x
        else:
            d_y = d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: product
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x * d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: no way past the top layer
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if 0 < k < len(params) - 1 else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: no way past the second layer
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k > 1 else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: halved
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = (d_x + d_y) / 2 if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: loss gradient of the top added at each layer
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first, top = [], [], d_y
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + top if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: same d y for each layer
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_x, d_first

# %% residual_stack_bptt: only past, not through
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: state gradient handed to the layer below
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    d_state = d_states[-1]
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_state)
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: minus
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_y - d_x if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: lowest layer left out
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in range(len(params) - 1, 0, -1):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: one list of pairs
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return list(zip(d_params, d_first)), d_y

# %% residual_stack_bptt: tapes from the other end
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[-1 - k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: no way past and order, two
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x
        d_params.append(d_layer)
        d_first.append(d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: past the lowest too and states of the top, two
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[-1])
        d_y = d_x + d_y
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: dense, all above added
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    total = d_y
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], total, d_states[k])
        total = total + d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, total, d_first

# %% residual_stack_bptt: d x of the top returned
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        if k:
            d_y = d_x + d_y
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_first

# %% residual_stack_bptt: given state gradients returned
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    d_params, d_first = [], []
    for k in reversed(range(len(params))):
        d_layer, d_x, d_state = bptt(cell_vjp, params[k], tapes[k], d_y, d_states[k])
        d_y = d_x + d_y if k else d_x
        d_params.insert(0, d_layer)
        d_first.insert(0, d_state)
    return d_params, d_y, d_states

# %% residual_stack_bptt: right, recursive
def residual_stack_bptt(cell_vjp, params, tapes, d_y, d_states):
    top = len(params) - 1
    layer, d_x, state = bptt(cell_vjp, params[top], tapes[top], d_y, d_states[top])
    if top == 0:
        return [layer], d_x, [state]
    below, d_x, states = residual_stack_bptt(
        cell_vjp, params[:top], tapes[:top], d_y + d_x, d_states[:top]
    )
    return [*below, layer], d_x, [*states, state]

# %% read_from_the_end: turned as a block
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        return xp.flip(a, axis=0)

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: state that unroll returns
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, last[0]

# %% read_from_the_end: outputs not turned back
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    return y, y[-1, ...]

# %% read_from_the_end: outputs not turned back, padding cleared
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    h = turned(y)[0, ...]
    return turned(turned(y)), h

# %% read_from_the_end: last row of y
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[-1, ...]

# %% read_from_the_end: x not turned
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, x, (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: padding keeps what stood there
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = a + 0
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: batch axis turned
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=-1)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: begins at zero
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (0 * h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: state at the end of each sequence
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, xp.stack([y[n - 1, b, ...] for b, n in enumerate(lengths)])

# %% read_from_the_end: state as a tuple
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, (y[0, ...],)

# %% read_from_the_end: written into x
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = a
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: sequences put at the end, padding in front
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[a.shape[0] - n :, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: time and batch mixed up [so told: time and batch exchanged]
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[b, :n, ...] = xp.flip(a[b, :n, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: outputs turned as a block
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = xp.flip(y, axis=0)
    return y, y[0, ...]

# %% read_from_the_end: whole column turned, then cut
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:, b, ...], axis=0)[:n, ...]
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: only y returned
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y

# %% read_from_the_end: one step short
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[: n - 1, b, ...] = xp.flip(a[: n - 1, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: state of the unturned outputs
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    return turned(y), y[0, ...]

# %% read_from_the_end: block turned and last state of unroll, two
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        return xp.flip(a, axis=0)

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, last[0]

# %% read_from_the_end: padding keeps and last state, two
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = a + 0
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, last[0]

# %% read_from_the_end: packed by the shortest
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        n = min(lengths)
        out[:n, ...] = xp.flip(a[:n, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: sorted lengths as pack wants them
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(sorted(lengths, reverse=True)):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    return y, y[0, ...]

# %% read_from_the_end: block turned, padding zeroed in x
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)
    mask = xp.zeros_like(x[:, :, :1])
    for b, n in enumerate(lengths):
        mask[:n, b, ...] = 1.0
    y, last, _ = unroll(cell, params, xp.flip(x * mask, axis=0), (h_0,))
    return xp.flip(y, axis=0) * mask, last[0]

# %% read_from_the_end: forward reading, masked
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)
    y, last, _ = unroll(cell, params, x, (h_0,))
    out, h = xp.zeros_like(y), []
    for b, n in enumerate(lengths):
        out[:n, b, ...] = y[:n, b, ...]
        h.append(y[n - 1, b, ...])
    return out, xp.stack(h)

# %% read_from_the_end: padding filled with the last state
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)

    def turned(a):
        out = xp.zeros_like(a)
        for b, n in enumerate(lengths):
            out[:n, b, ...] = xp.flip(a[:n, b, ...], axis=0)
        return out

    y, last, _ = unroll(cell, params, turned(x), (h_0,))
    y = turned(y)
    for b, n in enumerate(lengths):
        y[n:, b, ...] = h_0[b, ...]
    return y, y[0, ...]

# %% read_from_the_end: right, one sequence at a time
def read_from_the_end(cell, params, x, h_0, lengths):
    xp = array_namespace(x)
    y = xp.zeros((*x.shape[:2], h_0.shape[1]), dtype=h_0.dtype, device=h_0.device)
    h = []
    for b, n in enumerate(lengths):
        one = xp.flip(x[:n, b : b + 1, :], axis=0)
        out, (state,), _ = unroll(cell, params, one, (h_0[b : b + 1, :],))
        y[:n, b, :] = xp.flip(out, axis=0)[:, 0, :]
        h.append(state[0, :])
    return y, xp.stack(h)

# %% both_ends_of_the_past: step t left out of the past
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[:t, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: not turned
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = x[: t + 1, ...]
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: the future
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[t:, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: the future, forward
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = x[t:, ...]
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: first output of the right reader
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(out[0, ...])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: left weights for both
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[0], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: left state for both
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[0])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: weights mixed up
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[1], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[0], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: weights and states mixed up
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[1], x, states[1])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[0], past, states[0])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: state handed on from reader to reader
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right, state = [], states[1]
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        _, state, _ = unroll(cell, params[1], past, state)
        right.append(state[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: the right half first
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([xp.stack(right), y], axis=-1)

# %% both_ends_of_the_past: added
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return y + xp.stack(right)

# %% both_ends_of_the_past: stacked on axis 1
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right, axis=1)], axis=-1)

# %% both_ends_of_the_past: joined along time
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=0)

# %% both_ends_of_the_past: one right reader, as in the chapter
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    left, _, _ = unroll(cell, params[0], x, states[0])
    right, _, _ = unroll(cell, params[1], xp.flip(x, axis=0), states[1])
    return xp.concat([left, xp.flip(right, axis=0)], axis=-1)

# %% both_ends_of_the_past: one right reader, not turned back
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    left, _, _ = unroll(cell, params[0], x, states[0])
    right, _, _ = unroll(cell, params[1], xp.flip(x, axis=0), states[1])
    return xp.concat([left, right], axis=-1)

# %% both_ends_of_the_past: batch turned
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=1)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: features turned
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=2)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: last part of the state
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[-1])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: mean of the right outputs
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(xp.mean(out, axis=0))
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: one step of tomorrow
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 2, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: joined on the batch
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=1)

# %% both_ends_of_the_past: left reader turned too
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], xp.flip(x, axis=0), states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: states of the right put in front of the list
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.insert(0, last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: outputs of the right readers added up
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0] + right[-1] if right else last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: both parts of the state
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[: t + 1, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(xp.concat(last, axis=-1))
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: not turned and left weights, two
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = x[: t + 1, ...]
        out, last, _ = unroll(cell, params[0], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: future and first output, two
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(x[t:, ...], axis=0)
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(out[0, ...])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: the right readers read the left outputs
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    y, _, _ = unroll(cell, params[0], x, states[0])
    right = []
    for t in range(x.shape[0]):
        past = xp.flip(y[: t + 1, ...], axis=0)[..., : x.shape[2]]
        out, last, _ = unroll(cell, params[1], past, states[1])
        right.append(last[0])
    return xp.concat([y, xp.stack(right)], axis=-1)

# %% both_ends_of_the_past: right, last output
def both_ends_of_the_past(cell, params, x, states):
    xp = array_namespace(x)
    (left, right), (s_left, s_right) = params, states
    y = unroll(cell, left, x, s_left)[0]
    rows = []
    for t in range(1, x.shape[0] + 1):
        back = unroll(cell, right, xp.flip(x[:t, ...], axis=0), s_right)[0]
        rows.append(xp.concat([y[t - 1, ...], back[-1, ...]], axis=1))
    return xp.stack(rows)

# %% variational_rnn: new masks at every step
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    h, y = h_0, []
    for t in range(T):
        mask_x = draw_mask(rng, x, B, D, rate)
        mask_h = draw_mask(rng, x, B, H, rate)
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: masked state written
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h * mask_h)
    return xp.stack(y)

# %% variational_rnn: state mask drawn first
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_h = draw_mask(rng, x, B, H, rate)
    mask_x = draw_mask(rng, x, B, D, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: drops while testing too
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: training the wrong way round
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: input mask only
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + h @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: state mask only
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = x[t, ...] @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: mask on the sum before tanh
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = x[t, ...] @ params.W_x.T + params.b_x
        a = a + h @ params.W_h.T + params.b_h
        h = xp.tanh(a * mask_h)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: scaled once more
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    mask_x, mask_h = mask_x / (1 - rate), mask_h / (1 - rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: zeros and ones, not scaled
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    mask_x, mask_h = mask_x * (1 - rate), mask_h * (1 - rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: zeros and ones, testing scaled as in the first dropout
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if training:
        mask_x = draw_mask(rng, x, B, D, rate) * (1 - rate)
        mask_h = draw_mask(rng, x, B, H, rate) * (1 - rate)
    else:
        mask_x = mask_h = 1 - rate
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: one mask for all sequences
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, 1, D, rate)
    mask_h = draw_mask(rng, x, 1, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: input mask new at each step
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        mask_x = draw_mask(rng, x, B, D, rate)
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: mask behind the input matrix
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, H, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = mask_x * (x[t, ...] @ params.W_x.T) + params.b_x
        a = a + mask_h * (h @ params.W_h.T) + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: mask behind the state matrix only
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + mask_h * (h @ params.W_h.T) + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: second bias forgotten
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: W not transposed
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: rate is what is kept
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    rate = 1 - rate if training else 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: written state dropped and carried on
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + h @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        h = h * mask_h
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: first state not masked
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h if t else h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: begins at zero
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = 0 * h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: zoneout, dropped units keep the old state
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + h @ params.W_h.T + params.b_h
        h = xp.where(mask_h > 0, xp.tanh(a), h)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: only outputs dropped
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + h @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.appendh
    return xp.stack(y)

# %% variational_rnn: no tanh
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = a
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: sigmoid
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = 1 / (1 + xp.exp(-a))
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: biases masked too
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T
        a = a + (h * mask_h) @ params.W_h.T + mask_h * (params.b_x + params.b_h)
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: masks per step and masked written, two
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    h, y = h_0, []
    for t in range(T):
        mask_x = draw_mask(rng, x, B, D, rate)
        mask_h = draw_mask(rng, x, B, H, rate)
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h * mask_h)
    return xp.stack(y)

# %% variational_rnn: state mask first and no switch, two [so told: masks drawn in the other order]
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    mask_h = draw_mask(rng, x, B, H, rate)
    mask_x = draw_mask(rng, x, B, D, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: same mask for the input, cut from the state mask [so told: one draw for both]
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_h = draw_mask(rng, x, B, H, rate)
    mask_x = mask_h[:, :D]
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return xp.stack(y)

# %% variational_rnn: last state only
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    if not training:
        rate = 0.0
    mask_x = draw_mask(rng, x, B, D, rate)
    mask_h = draw_mask(rng, x, B, H, rate)
    h, y = h_0, []
    for t in range(T):
        a = (x[t, ...] * mask_x) @ params.W_x.T + params.b_x
        a = a + (h * mask_h) @ params.W_h.T + params.b_h
        h = xp.tanh(a)
        y.append(h)
    return y[-1]

# %% variational_rnn: right, masked beforehand and no masks while testing
def variational_rnn(rng, params, x, h_0, rate, training):
    xp = array_namespace(x)
    T, B, D = x.shape
    H = h_0.shape[1]
    keep = None
    if training:
        x = x * draw_mask(rng, x, B, D, rate)[None, ...]
        keep = draw_mask(rng, x, B, H, rate)
    bias = params.b_x + params.b_h
    y = [h_0]
    for t in range(T):
        read = y[-1] if keep is None else keep * y[-1]
        y.append(xp.tanh(x[t, ...] @ params.W_x.T + read @ params.W_h.T + bias))
    return xp.stack(y[1:])

# %% [markdown]
# The author of the answers to `rms_cell_vjp` had written the first version of
# its catalogue; they were written without another look at it.

# %% zoneout_lstm: mask read as what is let through
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h_new + (1 - k_h) * h
        c = k_c * c_new + (1 - k_c) * c
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: overwritten before it is held
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h, c), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h
        c = k_c * c + (1 - k_c) * c
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: held against the first state
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    h_0, c_0 = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h_0 + (1 - k_h) * h_new
        c = k_c * c_0 + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: dropout, what is held becomes zero
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h, c), _ = lstm_cell(a_x, a_h, (h, c))
        h = h * (1 - k_h)
        c = c * (1 - k_c)
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: y has what the cell computed
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        ys.append(h_new)
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: the plain LSTM unrolled, then mixed afterwards
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    y, (h, c), _ = unroll(lstm_cell, params, x, state)
    before = xp.concat([state[0][None, ...], y[:-1, ...]], axis=0)
    y = holds[0] * before + (1 - holds[0]) * y
    return y, (y[-1, ...], c)

# %% zoneout_lstm: first row of the masks for all steps
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    k_h, k_c = [k if isinstance(k, float) else k[0] for k in holds]
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: floats not thought of
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    k_h, k_c = holds
    ys = []
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h[t] * h + (1 - k_h[t]) * h_new
        c = k_c[t] * c + (1 - k_c[t]) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: the whole mask array at each step
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    k_h, k_c = holds
    ys = []
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: testing as with dropout, nothing is held
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        if isinstance(holds[0], float):
            h, c = h_new, c_new
        else:
            h = holds[0][t] * h + (1 - holds[0][t]) * h_new
            c = holds[1][t] * c + (1 - holds[1][t]) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: testing scales the new state by what is kept
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        if isinstance(holds[0], float):
            h, c = (1 - holds[0]) * h_new, (1 - holds[1]) * c_new
        else:
            h = holds[0][t] * h + (1 - holds[0][t]) * h_new
            c = holds[1][t] * c + (1 - holds[1][t]) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: drawn while testing
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    rng = np.random.default_rng()
    ys = []
    for t in range(x.shape[0]):
        ks = []
        for k in holds:
            if isinstance(k, float):
                drawn = (rng.random(tuple(h.shape)) < k).astype(float)
                ks.append(from_numpy(drawn, h))
            else:
                ks.append(k[t])
        k_h, k_c = ks
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: one mask for the two
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k = holds[0] if isinstance(holds[0], float) else holds[0][t]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k * h + (1 - k) * h_new
        c = k * c + (1 - k) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: pair unpacked as c, h
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_c, k_h = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: state unpacked as c, h
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    c, h = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: shows the held c
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (_, c_new), cache = lstm_cell(a_x, a_h, (h, c))
        c = k_c * c + (1 - k_c) * c_new
        h = k_h * h + (1 - k_h) * cache[3] * xp.tanh(c)
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: zeros in place of the first state
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    T, B, D = x.shape
    h = xp.zeros_like(state[0])
    c = xp.zeros_like(state[1])
    ys = []
    for t in range(T):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: only h is held
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h = holds[0] if isinstance(holds[0], float) else holds[0][t]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: cell called with last step's computed state
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    h_new, c_new = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h_new @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h_new, c_new))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: divided by the share that moves, as dropout [so told: scaled by all the masks' share]
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        p_h, p_c = [0.0 if isinstance(k, float) else xp.mean(k) for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) / (1 - p_h) * h_new
        c = k_c * c + (1 - k_c) / (1 - p_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: a third of the loop, difference form with a wrong sign
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = h_new + k_h * (h_new - h)
        c = c_new + k_c * (c_new - c)
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: in place, with a boolean index [so told: changed in place, y too]
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        if isinstance(holds[0], float):
            h = holds[0] * h + (1 - holds[0]) * h_new
            c = holds[1] * c + (1 - holds[1]) * c_new
        else:
            moves = holds[0][t] == 0
            h[moves] = h_new[moves]
            moves = holds[1][t] == 0
            c[moves] = c_new[moves]
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: where with the float as a condition
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = xp.where(xp.asarray(k_h > 0.5), h, h_new)
        c = xp.where(xp.asarray(k_c > 0.5), c, c_new)
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: floats made into float64 arrays
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    T, B, _ = x.shape
    h, c = state
    holds = [np.full((T, B, h.shape[1]), k) if isinstance(k, float) else k for k in holds]
    ys = []
    for t in range(T):
        k_h, k_c = holds[0][t], holds[1][t]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: returns y alone
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys)

# %% zoneout_lstm: y, h and c as three results
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), h, c

# %% zoneout_lstm: a list of outputs
def zoneout_lstm(params, x, state, holds):
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return ys, (h, c)

# %% zoneout_lstm: last state as the cell computed it
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h_new, c_new)

# %% zoneout_lstm: the new c used to hold h, a slip of the pen
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * c_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: without the biases
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        (h_new, c_new), _ = lstm_cell(x[t] @ params.W_x.T, h @ params.W_h.T, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: weights not transposed, W_x untouched
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x + params.b_x
        a_h = h @ params.W_h + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: both sums in one argument
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a = x[t] @ params.W_x.T + h @ params.W_h.T + params.b_x + params.b_h
        (h_new, c_new), _ = lstm_cell(a, a, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: read masks of the step before
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t - 1] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: inputs of held units frozen, cell state goes on
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = (k_h * h) @ params.W_h.T + params.b_h
        (h, c), _ = lstm_cell(a_x, a_h, (k_h * h, k_c * c))
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: h held by both masks, c too
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        k = k_h * k_c
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k * h + (1 - k) * h_new
        c = k * c + (1 - k) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: probability squared over time
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k ** (t + 1) if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: the chapter's wrapper handed the pair
def zoneout_lstm(params, x, state, holds):
    from rnncore.norm import zoneout

    y, last, _ = unroll(zoneout(lstm_cell, iter(holds)), params, x, state)
    return y, last

# %% zoneout_lstm: y begins with the first state
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        ys.append(h)
        k_h, k_c = [k if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: a probability of 0.5 for both while testing
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [0.5 if isinstance(k, float) else k[t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: time and batch of the masks mixed up
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = [k if isinstance(k, float) else k[:, t] for k in holds]
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        (h_new, c_new), _ = lstm_cell(a_x, a_h, (h, c))
        h = k_h * h + (1 - k_h) * h_new
        c = k_c * c + (1 - k_c) * c_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: float tells the whole pair, c first held then h
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    h, c = state
    ys = []
    for t in range(x.shape[0]):
        k_h, k_c = holds if isinstance(holds[0], float) else (holds[0][t], holds[1][t])
        a_x = x[t] @ params.W_x.T + params.b_x
        a_h = h @ params.W_h.T + params.b_h
        c_new = lstm_cell(a_x, a_h, (h, c))[0][1]
        c = k_c * c + (1 - k_c) * c_new
        h_new = lstm_cell(a_x, a_h, (h, c))[0][0]
        h = k_h * h + (1 - k_h) * h_new
        ys.append(h)
    return xp.stack(ys), (h, c)

# %% zoneout_lstm: right, by where in training
def zoneout_lstm(params, x, state, holds):
    xp = array_namespace(x)
    state, y = tuple(state), []
    for t in range(x.shape[0]):
        a_x = x[t, ...] @ params.W_x.T + params.b_x
        a_h = state[0] @ params.W_h.T + params.b_h
        after, _ = lstm_cell(a_x, a_h, state)
        now = [k if isinstance(k, float) else k[t, ...] for k in holds]
        state = tuple(
            k * b + (1 - k) * a if isinstance(k, float) else xp.where(k == 1, b, a)
            for k, b, a in zip(now, state, after)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% zoneout_lstm: right, in one line with the chapter's wrapper
def zoneout_lstm(params, x, state, holds):
    from rnncore.norm import zoneout

    xp = array_namespace(x)
    T = x.shape[0]
    rows = [
        [k * xp.ones_like(h) for _ in range(T)] if isinstance(k, float) else [k[t, ...] for t in range(T)]
        for k, h in zip(holds, state)
    ]
    y, last, _ = unroll(zoneout(lstm_cell, zip(*rows)), params, x, state)
    return y, last

# %% rms_cell_vjp: rho held constant
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    return d_n * r_x, d_n * r_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: one gradient for both sums
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    return d_a, d_a, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: gain's gradient only of this step
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_z * (n_x + n_h))

# %% rms_cell_vjp: tanh forgotten
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_n = d_h * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_gain + d_h * (n_x + n_h))

# %% rms_cell_vjp: gain forgotten on the way to the sums
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_a_x = r_x * (d_z - n_x * xp.mean(d_z * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_z - n_h * xp.mean(d_z * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: no r in front
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True)
    d_a_h = d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True)
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: d_gain left as it came
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_gain)

# %% rms_cell_vjp: only d_h in the state
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0,)

# %% rms_cell_vjp: plus
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n + n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n + n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: mean without keepdims
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: mean over axis 0
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=0))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=0))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: mean over everything
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: gain summed over the batch as in layer_norm_vjp
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, xp.sum(d_gain + d_z * (n_x + n_h), axis=0))

# %% rms_cell_vjp: share of the gain summed over the units
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    here = xp.sum(d_z * (n_x + n_h), axis=-1, keepdims=True)
    return d_a_x, d_a_h, (0.0, d_gain + here)

# %% rms_cell_vjp: four results, no tuple for the state
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, 0.0, d_gain + d_z * (n_x + n_h)

# %% rms_cell_vjp: whole Jacobian with an outer product, 1 / H forgotten
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    outs = []
    for n, r in ((n_x, r_x), (n_h, r_h)):
        J = -n[:, :, None] * n[:, None, :]
        outs.append(r * (d_n + (J @ d_n[:, :, None])[..., 0]))
    return outs[0], outs[1], (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: unpacked in another order
def rms_cell_vjp(d_state, cache):
    n_x, n_h, r_x, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_a_x = r_x * (d_n - n_x * xp.mean(d_n * n_x, axis=-1, keepdims=True))
    d_a_h = r_h * (d_n - n_h * xp.mean(d_n * n_h, axis=-1, keepdims=True))
    return d_a_x, d_a_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: r cubed as for the variance
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * d_n - r**3 * n * xp.mean(d_n * n, axis=-1, keepdims=True)
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: divided by rho twice
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: multiplied by rho
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / r
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: a in place of n in the projection
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        a = n / r
        return r * (d_n - a * xp.mean(d_n * a, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: a inside the mean, n outside
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        a = n / r
        return r * (d_n - n * xp.mean(d_n * a, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: projected onto the mean of n, not the mean of the product
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: n squared, entry by entry
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * d_n * (1 - n * n)
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: n squared over H, entry by entry
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * d_n * (1 - n * n / h.shape[1])
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: half the projection, from the root
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - 0.5 * n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: projection twice as large, from the square
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - 2 * n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: the sum of the rows projected out
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    n = n_x + n_h
    d = d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)
    return r_x * d, r_h * d, (0.0, d_gain + d_z * n)

# %% rms_cell_vjp: upstream shared out, half to each sum
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain / 2
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: slope of the tanh at the sum
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    z = gain * (n_x + n_h)
    d_z = d_h * (1 - z**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: slope 1 - tanh(h)^2
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - xp.tanh(h) ** 2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: slope h (1 - h)
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * h * (1 - h)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: projection before the gain
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    def back(n, r):
        return gain * r * (d_z - n * xp.mean(d_z * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: share of the gain from d_n
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_n * (n_x + n_h))

# %% rms_cell_vjp: product rule for the gain: n_x times n_h
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * n_x * n_h)

# %% rms_cell_vjp: incoming gradient of the gain used as upstream too
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = (d_h + d_gain) * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: weights' gradients last: gain's gradient times the gain, as for log gains
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, gain * (d_gain + d_z * (n_x + n_h)))

# %% rms_cell_vjp: gain stored as 1 + g, as some libraries do
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * (1 + gain)
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: gain's gradient averaged over the batch
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    here = xp.mean(d_z * (n_x + n_h), axis=0, keepdims=True)
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + here)

# %% rms_cell_vjp: state first
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return (0.0, d_gain + d_z * (n_x + n_h)), back(n_x, r_x), back(n_h, r_h)

# %% rms_cell_vjp: gain before h in the state
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (d_gain + d_z * (n_x + n_h), 0.0)

# %% rms_cell_vjp: gradient of the gain given in front, taken for d_h
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_gain * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_h + d_z * (n_x + n_h))

# %% rms_cell_vjp: accumulates in place, as a framework does
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    d_gain += d_z * (n_x + n_h)
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain)

# %% rms_cell_vjp: a_h's gradient returned as that of h
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    d_a_h = back(n_h, r_h)
    return back(n_x, r_x), d_a_h, (d_a_h, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: d_z handed on to h before
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (d_z, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: d_h handed on to h before, as past a layer
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h**2)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (d_h, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: standardise_vjp of the chapter
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    from rnncore.norm import standardise_vjp
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    return standardise_vjp(d_n, (n_x, r_x)), standardise_vjp(d_n, (n_h, r_h)), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: rnn_cell_vjp of chapter 3
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_a = d_h * (1 - h * h)
    return d_a, d_a, (0.0, d_gain)

# %% rms_cell_vjp: lstm_normed_vjp adapted, two gains
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * n_x, d_gain + d_z * n_h)

# %% rms_cell_vjp: softmax's projection
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    def back(n, r):
        return r * n * (d_n - xp.sum(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: batch norm's formula: summed over the batch
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - xp.mean(d_n, axis=0) - n * xp.mean(d_n * n, axis=0))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: unit norm: sum, not mean, as for a / |a|
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.sum(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: rho constant and gain forgotten, two
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    return d_z * r_x, d_z * r_h, (0.0, d_gain + d_z * (n_x + n_h))

# %% rms_cell_vjp: sum in the mean's place and later steps dropped, two
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    def back(n, r):
        return r * (d_n - n * xp.sum(d_n * n, axis=-1, keepdims=True))
    return back(n_x, r_x), back(n_h, r_h), (0.0, d_z * (n_x + n_h))

# %% rms_cell_vjp: rho constant and later steps dropped, two
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    return d_n * r_x, d_n * r_h, (0.0, d_z * (n_x + n_h))

# %% rms_cell_vjp: right, with the rows' length
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    d_n = d_z * gain
    H = h.shape[-1]
    out = []
    for n, r in ((n_x, r_x), (n_h, r_h)):
        s = xp.sum(n * d_n, axis=-1, keepdims=True)
        out.append(r / H * (H * d_n - n * s))
    return out[0], out[1], (xp.zeros_like(h), d_z * n_x + d_z * n_h + d_gain)

# %% rms_cell_vjp: right, with a in the cache made again
def rms_cell_vjp(d_state, cache):
    n_x, r_x, n_h, r_h, gain, h = cache
    xp = array_namespace(h)
    d_h, d_gain = d_state
    d_z = d_h * (1 - h * h)
    out = []
    for n, r in ((n_x, r_x), (n_h, r_h)):
        a = n / r
        d_n = d_z * gain
        d_r = xp.sum(d_n * a, axis=-1, keepdims=True)
        out.append(d_n * r - d_r * r**3 * a / a.shape[1])
    return out[0], out[1], (0.0, d_gain + d_z * (n_x + n_h))

# %% masked: begins one late
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] < 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: ends one late
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] >= 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: beginning ignored
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = counters[:, 1:] > 0
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: end ignored
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = counters[:, :1] <= 0
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: or
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) | (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: old and new mixed up
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, old, new) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: zero outside
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, xp.zeros_like(new)) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: counters not counted down
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters), (runs, cache)

    return masked_cell

# %% masked: counted up
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters + 1), (runs, cache)

    return masked_cell

# %% masked: first part only held
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, after[0], before[0]), *after[1:]]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: cache without who runs
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), cache

    return masked_cell

# %% masked: cache first
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (cache, runs)

    return masked_cell

# %% masked: counters handed to the cell
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, state)
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: right, a list handed to the cell
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, before)
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: columns without their axis
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, 0] <= 0) & (counters[:, 1] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: counted down before the question
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        counters = counters - 1
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters), (runs, cache)

    return masked_cell

# %% masked: counted down only while it runs
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, xp.where(runs, counters - 1, counters)), (runs, cache)

    return masked_cell

# %% masked: columns mixed up
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, 1:] <= 0) & (counters[:, :1] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: multiplied, not held
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.astype(runs, new.dtype) * new for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: signs of both comparisons
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] > 0) & (counters[:, 1:] <= 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: never below zero
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, xp.where(counters > 0, counters - 1, counters)), (runs, cache)

    return masked_cell

# %% masked: only the end counted down
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, xp.concat([counters[:, :1], counters[:, 1:] - 1], axis=1)), (runs, cache)

    return masked_cell

# %% masked: counters dropped from the state
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return tuple(held), (runs, cache)

    return masked_cell

# %% masked: counters first
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (counters - 1, *held), (runs, cache)

    return masked_cell

# %% masked: counters expected first
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        counters, *before = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: starts one late and ends one late, two
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] < 0) & (counters[:, 1:] >= 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: zero outside and end ignored, two
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = counters[:, :1] <= 0
        held = [xp.where(runs, new, xp.zeros_like(new)) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: one lane asked for all
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:1, :1] <= 0) & (counters[:1, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: inputs silenced, state not held
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        after, cache = cell(xp.where(runs, a_x, 0 * a_x), a_h, tuple(before))
        held = [new for new, old in zip(after, before)]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: memory held and h set to zero outside
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old if k else 0 * old) for k, (new, old) in enumerate(zip(after, before))]
        return (*held, counters - 1), (runs, cache)

    return masked_cell

# %% masked: who runs as numbers, which holds on NumPy alone
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        *before, counters = state
        after, cache = cell(a_x, a_h, tuple(before))
        runs = (counters[:, :1] <= 0) & (counters[:, 1:] > 0)
        held = [xp.where(runs, new, old) for new, old in zip(after, before)]
        return (*held, counters - 1), (xp.astype(runs, a_x.dtype), cache)

    return masked_cell

# %% masked: right, with numbers
def masked(cell):
    def masked_cell(a_x, a_h, state):
        xp = array_namespace(a_x)
        counters = state[-1]
        begins, ends = counters[:, 0:1], counters[:, 1:2]
        runs = xp.logical_and(begins <= 0, ends > 0)
        after, cache = cell(a_x, a_h, tuple(state[:-1]))
        held = tuple(xp.where(runs, a, b) for a, b in zip(after, state[:-1]))
        return held + (counters - 1,), (runs, cache)

    return masked_cell
