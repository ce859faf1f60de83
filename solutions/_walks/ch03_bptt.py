# %% residual_cell_vjp: right, by factors
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r) * (1 + r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: the way past forgotten
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (0 * d_h,)

# %% residual_cell_vjp: zero as a number, as for the plain cell
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (0.0,)

# %% residual_cell_vjp: both ways added
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (d_h + d_a,)

# %% residual_cell_vjp: what passes the tanh goes to h
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (d_a,)

# %% residual_cell_vjp: the state is not a tuple
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, d_h

# %% residual_cell_vjp: slope without the square
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: the slope of the sigmoid
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * r * (1 - r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: tanh taken again
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - array_namespace(r).tanh(r) ** 2)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: no slope
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: the slope of a sum, one plus
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (2 - r**2)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: d_h is shared between the two ways
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h / 2 * (1 - r**2)
    return d_a, d_a, (d_h / 2,)

# %% residual_cell_vjp: d_a halved between x and h
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a / 2, d_a / 2, (d_h,)

# %% residual_cell_vjp: bracket squared
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r) ** 2
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: sign
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (r**2 - 1)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: slope applied twice
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2) ** 2
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: the tuple times the slope
def residual_cell_vjp(d_state, r):
    d_a = d_state * (1 - r**2)
    return d_a, d_a, d_state

# %% residual_cell_vjp: one d_a too few
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, (d_h,)

# %% residual_cell_vjp: a_h gets the way past as well
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a + d_h, (d_h,)

# %% residual_cell_vjp: a_h gets d_h and nothing past
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_h, (0 * d_h,)

# %% residual_cell_vjp: in place
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_h *= 1 - r**2
    return d_h, d_h, (d_h,)

# %% residual_cell_vjp: the way past carries r
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (d_h * r,)

# %% residual_cell_vjp: no slope and no way past
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h
    return d_a, d_a, (0 * d_h,)

# %% residual_cell_vjp: what is left of the slope goes past
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r**2)
    return d_a, d_a, (d_h * r**2,)

# %% masked_bptt: right, with where
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = xp.where(on > 0, d_h, 0 * d_h) * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + xp.where(on > 0, 0 * d_h, d_h)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: right, with einsum sums
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = sum(d_a[t].T @ x[t] for t in range(x.shape[0]))
    d_W_h = sum(d_a[t].T @ h[t] for t in range(x.shape[0]))
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: slope at the state before
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mask forgotten in d_a
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the way past forgotten
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the way past for all
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_a in backward order
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a)
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the state after in d_W_h
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[1:, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_y masked too
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...] * mask[t, :, None]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: W_h transposed
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h.T + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: no slope
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the loop runs forward
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in range(x.shape[0]):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a)
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_y in place of d_h plus d_y
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_y forgotten after the last step
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + (d_y[t, ...] if t == x.shape[0] - 1 else 0)
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_y added after the way back
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on) + d_y[t, ...]
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mask the wrong way round
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * (1 - on) * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * on
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_b a mean
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.mean(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_b summed over steps only
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=0)
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_b summed over the batch only
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=1)
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_W_x transposed
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(x).T @ rows(d_a)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_W_h transposed
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(h[:-1, ...]).T @ rows(d_a)
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: divided by the steps
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x) / x.shape[0]
    d_W_h = rows(d_a).T @ rows(h[:-1, ...]) / x.shape[0]
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mean over the real steps
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x) / xp.sum(mask)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...]) / xp.sum(mask)
    d_b = xp.sum(d_a, axis=(0, 1)) / xp.sum(mask)
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: adds into d_y
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_y[t] += d_h
        d_h = d_y[t]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mask with the batch first
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[:, t, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mask without a new axis
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: slope without the square
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...])
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: mask of the next step
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[min(t + 1, x.shape[0] - 1), :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the slope on the way past
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on) * (1 - h[t + 1, ...] ** 2)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: last step only in the weights
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = d_a[-1].T @ x[-1]
    d_W_h = d_a[-1].T @ h[-2]
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: W_x in the way back
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_x + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: slope at the state before and the way past forgotten
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: backward order and the state after
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a)
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[1:, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the first step left out
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(1, x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_h passes the matrix before the slope
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * on * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = (d_h * on) @ params.W_h * (1 - h[t, ...] ** 2) + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: the plain bptt copied, then d_x masked
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a_t = d_h * (1 - h[t + 1, ...] ** 2)
        d_a.append(d_a_t)
        d_h = d_a_t @ params.W_h
    d_a = xp.stack(d_a[::-1])
    d_a = d_a * mask[..., None]
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% find_planted_error: right, against the book bptt
def find_planted_error(params, x, state, d_y, d_params):
    _, _, tape = unroll(rnn_cell, params, x, state)
    right, _, _ = book_bptt(rnn_cell_vjp, params, tape, d_y, (0 * state[0],))
    for name in params._fields:
        error = abs(to_numpy(getattr(right, name)) - to_numpy(getattr(d_params, name)))
        for index in np.ndindex(*error.shape):
            if error[index] > 1e-5:
                return name, index
    return None

# %% find_planted_error: no absolute value
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = to_numpy(getattr(d_params, name)) - right
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: no absolute value, the other sign
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = right - to_numpy(getattr(d_params, name))
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: compares exactly
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 0:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: always answers with the largest
def find_planted_error(params, x, state, d_y, d_params):
    worst, answer = 0.0, None
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        error = np.abs(to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w))
        if error.max() > worst:
            worst = error.max()
            place = np.unravel_index(error.argmax(), error.shape)
            answer = name, tuple(int(i) for i in place)
    return answer

# %% find_planted_error: threshold far too large
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 0.1:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: looks at W_h alone
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in [('W_h', params.W_h)]:

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: looks at the matrices alone
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in [('W_x', params.W_x), ('W_h', params.W_h)]:

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: skips b_h, as it equals b_x
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in list(params._asdict().items())[:3]:

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: the flat index
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            return name, int(error.argmax())
    return None

# %% find_planted_error: loss without d_y
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float(y.sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: loss a mean
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).mean())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: loss of the last step
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y[-1] * y[-1]).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: squared loss
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y**2).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: False where all is right
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return False

# %% find_planted_error: a pair of None where all is right
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None, None

# %% find_planted_error: an empty name where all is right
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return '', ()

# %% find_planted_error: index and name swapped
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return tuple(int(i) for i in place), name
    return None

# %% find_planted_error: the name alone
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name
    return None

# %% find_planted_error: gives up after the first weight
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
        return None

# %% find_planted_error: starts from a state of zeros
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, (0 * state[0],))
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: the smallest error
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmin(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: the largest gradient, not the largest error
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(np.abs(right).argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: the index column by column
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape, order='F')
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: right, index as a list
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, [int(i) for i in place]
    return None

# %% find_planted_error: a rough step of its own
def find_planted_error(params, x, state, d_y, d_params):
    def loss(p):
        y, _, _ = unroll(rnn_cell, p, x, state)
        return float((d_y * y).sum())

    start = loss(params)
    for name, w in params._asdict().items():
        for index in np.ndindex(*w.shape):
            moved = w + 0.0
            moved[index] = moved[index] + 0.01
            right = (loss(params._replace(**{name: moved})) - start) / 0.01
            if abs(float(getattr(d_params, name)[index]) - right) > 1e-5:
                return name, index
    return None

# %% find_planted_error: compares the sums alone
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if abs(error.sum()) < 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: by the relative error
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right) / np.abs(right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: error above, without abs, and the last bias skipped [so told: biases not looked at]
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in list(params._asdict().items())[:3]:

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = to_numpy(getattr(d_params, name)) - right
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: W by name with transposition
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.T.shape)
            return name, tuple(int(i) for i in place)
    return None

# %% find_planted_error: index reversed
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        right = to_numpy(numerical_gradient(loss, w))
        error = np.abs(to_numpy(getattr(d_params, name)) - right)
        if error.max() > 1e-5:
            place = np.unravel_index(error.argmax(), error.shape)
            return name, tuple(int(i) for i in place)[::-1]
    return None

# %% find_planted_error: a list of all wrong ones
def find_planted_error(params, x, state, d_y, d_params):
    wrong = []
    for name, w in params._asdict().items():

        def loss(moved):
            y, _, _ = unroll(rnn_cell, params._replace(**{name: moved}), x, state)
            return float((d_y * y).sum())

        error = np.abs(to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w))
        wrong += [(name, tuple(map(int, i))) for i in np.argwhere(error > 1e-5)]
    return wrong

# %% bptt: right, inserting in front
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y never added
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h, *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y in place of the sum
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_past forgotten
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: W_h transposed
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h.T + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_a_x through W_h
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_x_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: W_h forgotten on the way
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: not turned round
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_a_h not turned round
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: from the first to the last
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in range(d_y.shape[0]):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_a_x in d_W_h
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_x).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_a_h in d_W_x
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_h).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_W_h transposed
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(xp.stack(tape.h_before)).T @ rows(d_a_h)
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: both transposed, as x comes first
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(tape.x).T @ rows(d_a_x)
    d_W_h = rows(xp.stack(tape.h_before)).T @ rows(d_a_h)
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: h_before of the next step
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before[1:] + tape.h_before[:1]))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: one state only
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        (d_h,) = d_state
        d_state = (d_h + d_y[t, ...],)
        d_a_x_t, d_a_h_t, (d_past,) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past,)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_memory of the cell dropped, the old one goes on
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *_) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_memory forgotten after the first step
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *(0 * d for d in d_memory))
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y added to the memory too
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = tuple(d + d_y[t, ...] for d in (d_h, *d_memory))
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_state from outside ignored
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    d_state = tuple(0 * d for d in d_state)
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: the cache of the step before
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t - 1])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: weights divided by the steps
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x) / d_y.shape[0]
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before)) / d_y.shape[0]
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: mean over the batch
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x) / d_y.shape[1]
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before)) / d_y.shape[1]
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: only the last d_a counts for W_h
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = d_a_h[-1].T @ tape.h_before[-1]
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: only the first d_a counts, left over by the loop
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = d_a_h_t.T @ tape.h_before[0]
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y added after the cell as well
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past + d_y[t, ...], *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y added in place
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h += d_y[t, ...]
        d_state = (d_h, *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_y popped in the wrong order
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[d_y.shape[0] - 1 - t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_h once more past the matrix, as in a residual cell
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past + d_h, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_h counted twice at every step
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp((d_state[0] + d_h, *d_memory), tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_past forgotten and W_h transposed
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h.T, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: the loop stops before the first step
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(1, d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_state returned is h alone
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h[::-1])
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state[0]

# %% bptt: d_a_h not turned round and d_past forgotten [so told: d_a_h alone not turned round]
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_state = (d_h + d_y[t, ...], *d_memory)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(d_state, tape.caches[t])
        d_a_x.append(d_a_x_t)
        d_a_h.append(d_a_h_t)
        d_state = (d_a_h_t @ params.W_h, *d_memory)
    d_a_x, d_a_h = xp.stack(d_a_x[::-1]), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% [markdown]
# Written later, with the catalogue known: mistakes of other kinds than those above.

# %% residual_cell_vjp: slope of the inverse, one over
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h / (1 - r * r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: d_h minus what the tanh took
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r * r)
    return d_a, d_a, (d_h - d_a,)

# %% residual_cell_vjp: a sum where the product belongs
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h + (1 - r * r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: exponential of minus r squared, from another formula
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * array_namespace(r).exp(-r * r)
    return d_a, d_a, (d_h,)

# %% residual_cell_vjp: d_a_h negative, by a minus for the other side
def residual_cell_vjp(d_state, r):
    (d_h,) = d_state
    d_a = d_h * (1 - r * r)
    return d_a, -d_a, (d_h,)

# %% masked_bptt: the product with W_h before the mask, d_a unmasked on the way only
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = (d_h * (1 - h[t + 1, ...] ** 2)) @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: d_h_0 also gets the first d_y
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = d_a[-1] @ params.W_h + d_h * (1 - on)
    d_h = d_h + d_y[0, ...]
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: inputs of the mask weighted in d_W_x
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = d_a[-1] @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a * mask[..., None]).T @ rows(x * (1 - mask[..., None]))
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: h shifted one too far, the last state twice
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = d_a[-1] @ params.W_h + d_h * (1 - on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a[1:, ...]).T @ rows(h[:-2, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% masked_bptt: plus in the way past, one plus the mask
def masked_bptt(params, x, mask, h, d_y):
    xp = array_namespace(d_y)
    d_h, d_a = xp.zeros_like(h[0, ...]), []
    for t in reversed(range(x.shape[0])):
        d_h = d_h + d_y[t, ...]
        on = mask[t, :, None]
        d_a.append(d_h * on * (1 - h[t + 1, ...] ** 2))
        d_h = d_a[-1] @ params.W_h + d_h * (1 + on)
    d_a = xp.stack(d_a[::-1])
    d_W_x = rows(d_a).T @ rows(x)
    d_W_h = rows(d_a).T @ rows(h[:-1, ...])
    d_b = xp.sum(d_a, axis=(0, 1))
    return Params(d_W_x, d_W_h, d_b, d_b), d_a @ params.W_x, d_h

# %% find_planted_error: the name of the last weight looked at
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
        )
        if error.max() > 1e-5:
            found = np.unravel_index(error.argmax(), error.shape)
        else:
            found = None
    return name, found

# %% find_planted_error: compares with the mean of the error [so told: limit too large]
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
        )
        if error.mean() > 1e-5:
            return name, np.unravel_index(error.argmax(), error.shape)
    return None

# %% find_planted_error: a step of a thousandth to both sides [so told: step too large]
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w, 1e-3)
        )
        if error.max() > 1e-5:
            return name, np.unravel_index(error.argmax(), error.shape)
    return None

# %% find_planted_error: right, the errors of an array added up
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
        )
        if error.sum() > 1e-5:
            return name, np.unravel_index(error.argmax(), error.shape)
    return None

# %% find_planted_error: adds one, as in mathematics
def find_planted_error(params, x, state, d_y, d_params):
    for name, w in params._asdict().items():

        def loss(moved, name=name):
            other = params._replace(**{name: moved})
            y, _, _ = unroll(rnn_cell, other, x, state)
            return float((d_y * y).sum())

        error = abs(
            to_numpy(getattr(d_params, name)) - numerical_gradient(loss, w)
        )
        if error.max() > 1e-5:
            return name, tuple(int(i) + 1 for i in np.unravel_index(error.argmax(), error.shape))
    return None

# %% bptt: clips the gradient on the way
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (xp.clip(d_a_h_t @ params.W_h + d_past, -1.0, 1.0), *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_W_h from the states that came out
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack([*tape.h_before[1:], tape.h_before[-1]]))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: d_past subtracted
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (d_a_h_t @ params.W_h - d_past, *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: the state's gradient of the last step added at every step
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    last = d_state
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...] + (last[0] if t < d_y.shape[0] - 1 else 0)
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x)
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% bptt: weights' gradient of the input with x turned round
def bptt(cell_vjp, params, tape, d_y, d_state):
    xp = array_namespace(d_y)
    d_a_x, d_a_h = [], []  # one array (B, G*H) a step
    for t in reversed(range(d_y.shape[0])):
        d_h, *d_memory = d_state
        d_h = d_h + d_y[t, ...]
        d_a_x_t, d_a_h_t, (d_past, *d_memory) = cell_vjp(
            (d_h, *d_memory), tape.caches[t]
        )
        d_state = (d_a_h_t @ params.W_h + d_past, *d_memory)
        d_a_x.insert(0, d_a_x_t)
        d_a_h.insert(0, d_a_h_t)
    d_a_x, d_a_h = xp.stack(d_a_x), xp.stack(d_a_h)
    d_W_x = rows(d_a_x).T @ rows(tape.x[::-1, ...])
    d_W_h = rows(d_a_h).T @ rows(xp.stack(tape.h_before))
    d_b_x, d_b_h = xp.sum(d_a_x, axis=(0, 1)), xp.sum(d_a_h, axis=(0, 1))
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_state

# %% [markdown]
# stream_gradient: written after the catalogue, by the task's own author, in five moods: hasty, confused
# about shapes, mathematically wrong, of other conventions, copied from elsewhere.

# %% stream_gradient: right, with einsum
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = xp.einsum("il,bljk->bijk", W_h, M) + direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[:, :, None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: right, with the Jacobian of a step
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    B, H = h.shape
    d_W_h = xp.zeros_like(W_h)
    eye = xp.eye(H, dtype=h.dtype, device=device_of(h))
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        slope = leak * (1 - r * r)
        J = (1 - leak) * eye + slope[:, :, None] * W_h
        M = xp.reshape(J @ xp.reshape(M, (B, H, H * H)), (B, H, H, H))
        M = M + slope[:, :, None, None] * now
        row = xp.reshape(d_y[t, ...], (1, B * H))
        d_W_h = d_W_h + xp.reshape(row @ xp.reshape(M, (B * H, H * H)), (H, H))
    return h, M, d_W_h

# %% stream_gradient: hasty, the chapter's equation without a leak
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - h**2)[..., None, None] * (now + xp.einsum("il,bljk->bijk", W_h, M))
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, the chapter's equation with the tanh's slope
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - r**2)[..., None, None] * (now + xp.einsum("il,bljk->bijk", W_h, M))
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, the leak's path forgotten
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = leak * (1 - r**2)[..., None, None] * (now + xp.einsum("il,bljk->bijk", W_h, M))
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, direct after the step
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, the gradient overwritten
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, the gradient made after the loop
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
    d_W_h = xp.einsum("tbi,bijk->jk", d_y, M)
    return h, M, d_W_h

# %% stream_gradient: hasty, M changed in place
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M *= 1 - leak
        M += leak * (1 - r**2)[..., None, None] * inside
        d_W_h += xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, the step added to the whole of M
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: hasty, results in another order
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return d_W_h, h, M

# %% stream_gradient: hasty, the tuple of leaky_step kept whole
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - h**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, tensordot leaves the unit in front of the batch
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.tensordot(W_h, M, axes=([1], [1]))
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: shapes, W_h @ M on the last two axes
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + W_h @ M
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: shapes, rows convention kept, M @ W_h.T
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + M @ W_h.T
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: shapes, slope not widened
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2) * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, slope on the weight's row
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[:, None, :, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, slope in front of the batch
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[:, None, None, :] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, summed over the units only
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=1)
    return h, M, d_W_h

# %% stream_gradient: shapes, d_y meets the last axes and i stays
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bk,bijk->ij", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, d_y meets j
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bj,bijk->ik", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: shapes, the mean over the batch
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        step = xp.sum(d_y[t, ..., None, None] * M, axis=1)
        d_W_h = d_W_h + xp.mean(step, axis=0)
    return h, M, d_W_h

# %% stream_gradient: shapes, one influence for the whole batch
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,ijk->jk", d_y[t, ...], xp.sum(M, axis=0))
    return h, M, d_W_h

# %% stream_gradient: mathematics, the product rule taken for the old state alone
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        inside = xp.einsum("il,bljk->bijk", W_h, M)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, only the leak carries the past
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * now
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, the slope over everything
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - r**2)[..., None, None] * ((1 - leak) * M + leak * inside)
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, leak of the inside with the shares turned
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = leak * M + (1 - leak) * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, slope of the mixture
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - h**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, W_h transposed as on the way back
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("li,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, the leak twice, in the slope and in front
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        slope = 1 - (leak * r) ** 2
        M = (1 - leak) * M + leak * slope[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, the gradient's slope counted again
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_a = d_y[t, ...] * leak * (1 - r**2)
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_a, M)
    return h, M, d_W_h

# %% stream_gradient: mathematics, squared states as weights of the loss
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...] * h, M)
    return h, M, d_W_h

# %% stream_gradient: conventions, the loss is a mean over the steps
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h / a_x.shape[0]

# %% stream_gradient: conventions, weights as columns, the gradient turned
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->kj", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: conventions, batch first
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[1]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[:, t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[:, t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: conventions, a new sequence begins with each part
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    M = xp.zeros_like(M)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: conventions, state and influence both begin at zero
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    h, M = xp.zeros_like(h), xp.zeros_like(M)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: conventions, the loss reads the state before the step
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
    return h, M, d_W_h

# %% stream_gradient: conventions, all in NumPy's float64
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    d_W_h = np.zeros(W_h.shape)
    for t in range(a_x.shape[0]):
        inside = direct(h) + np.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h += np.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: copied, backpropagation within the part
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    states, tanhs = [h], []
    for t in range(a_x.shape[0]):
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        states.append(h)
        tanhs.append(r)
    d_h, d_W_h = xp.zeros_like(h), xp.zeros_like(W_h)
    for t in reversed(range(a_x.shape[0])):
        d_h = d_h + d_y[t, ...]
        d_a = d_h * leak * (1 - tanhs[t] ** 2)
        d_W_h = d_W_h + d_a.T @ states[t]
        d_h = d_a @ W_h + (1 - leak) * d_h
    return h, M, d_W_h

# %% stream_gradient: copied, the page's step with the plain tanh cell
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h = xp.tanh(a_x[t, ...] + h @ W_h.T)
        J = (1 - h * h)[:, :, None] * W_h
        flat = xp.reshape(M, (*M.shape[:2], -1))
        M = xp.reshape(J @ flat, M.shape) + (1 - h * h)[..., None, None] * now
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: copied, the page's Jacobian without the leak's path
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        slope = leak * (1 - r * r)
        J = slope[:, :, None] * W_h
        flat = xp.reshape(M, (*M.shape[:2], -1))
        M = xp.reshape(J @ flat, M.shape) + slope[..., None, None] * now
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: copied, the slopes on the columns of the Jacobian
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    eye = xp.eye(h.shape[1], dtype=h.dtype, device=device_of(h))
    for t in range(a_x.shape[0]):
        now = direct(h)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        slope = leak * (1 - r * r)
        J = (1 - leak) * eye + W_h * slope[:, None, :]
        flat = xp.reshape(M, (*M.shape[:2], -1))
        M = xp.reshape(J @ flat, M.shape) + slope[..., None, None] * now
        d_W_h = d_W_h + xp.sum(d_y[t, ..., None, None] * M, axis=(0, 1))
    return h, M, d_W_h

# %% stream_gradient: copied, the residual cell's path past, in full
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        inside = direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = M + (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + xp.einsum("bi,bijk->jk", d_y[t, ...], M)
    return h, M, d_W_h

# %% stream_gradient: copied, d_W_h as an outer product with the state
def stream_gradient(W_h, a_x, d_y, leak, h, M):
    xp = array_namespace(h)
    d_W_h = xp.zeros_like(W_h)
    for t in range(a_x.shape[0]):
        before, inside = h, direct(h) + xp.einsum("il,bljk->bijk", W_h, M)
        h, r = leaky_step(W_h, a_x[t, ...], h, leak)
        M = (1 - leak) * M + leak * (1 - r**2)[..., None, None] * inside
        d_W_h = d_W_h + (d_y[t, ...] * leak * (1 - r**2)).T @ before
    return h, M, d_W_h
