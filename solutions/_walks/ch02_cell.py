# %% ceiling_cell: right, minimum of maximum
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.minimum(xp.maximum(a_x + a_h, 0 * a_x), 0 * a_x + 1)
    return (h,), h

# %% ceiling_cell: right, with where
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.where(a_x + a_h > 1, xp.ones_like(a_x), xp.where(a_x + a_h < 0, xp.zeros_like(a_x), a_x + a_h))
    return (h,), h

# %% ceiling_cell: the state is not a tuple
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 1.0)
    return h, h

# %% ceiling_cell: each term clipped alone
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x, 0.0, 1.0) + xp.clip(a_h, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: hard tanh, from minus one
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, -1.0, 1.0)
    return (h,), h

# %% ceiling_cell: relu copied, the ceiling forgotten
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.where(a_x + a_h > 0, a_x + a_h, 0 * a_x)
    return (h,), h

# %% ceiling_cell: only the ceiling, no floor
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.minimum(a_x + a_h, xp.ones_like(a_x))
    return (h,), h

# %% ceiling_cell: the input alone
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: adds to the old state, like an integrator
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(state[0] + a_x + a_h, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: min and max the wrong way round
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.maximum(xp.ones_like(a_x), xp.minimum(xp.zeros_like(a_x), a_x + a_h))
    return (h,), h

# %% ceiling_cell: a switch is on or off, so a step
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.where(a_x + a_h > 0, xp.ones_like(a_x), xp.zeros_like(a_x))
    return (h,), h

# %% ceiling_cell: a step at one half
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.where(a_x + a_h > 0.5, xp.ones_like(a_x), xp.zeros_like(a_x))
    return (h,), h

# %% ceiling_cell: a smooth ceiling, tanh of relu
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.tanh(xp.where(a_x + a_h > 0, a_x + a_h, 0 * a_x))
    return (h,), h

# %% ceiling_cell: sigmoid instead
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = 1 / (1 + xp.exp(-a_x - a_h))
    return (h,), h

# %% ceiling_cell: hard sigmoid of Keras
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(0.2 * (a_x + a_h) + 0.5, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: relu6 of another library
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 6.0)
    return (h,), h

# %% ceiling_cell: the cache is the sum before clipping
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    a = a_x + a_h
    return (xp.clip(a, 0.0, 1.0),), a

# %% ceiling_cell: the cache is the old state
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 1.0)
    return (h,), state[0]

# %% ceiling_cell: the cache is a tuple too
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 1.0)
    return (h,), (h,)

# %% ceiling_cell: no cache
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 1.0)
    return (h,)

# %% ceiling_cell: nothing returned
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h, 0.0, 1.0)

# %% ceiling_cell: works in place
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    a_x += a_h
    a_x[a_x < 0] = 0
    a_x[a_x > 1] = 1
    return (a_x,), a_x

# %% ceiling_cell: Python min and max
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = min(1.0, max(0.0, a_x + a_h))
    return (h,), h

# %% ceiling_cell: the product of the two, a gate
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x * a_h, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: clipped alone and no tuple
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x, 0.0, 1.0) + xp.clip(a_h, 0.0, 1.0)
    return h, h

# %% ceiling_cell: hard tanh, cache the sum
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    a = a_x + a_h
    return (xp.clip(a, -1.0, 1.0),), a

# %% ceiling_cell: a_h times the state, as if weights
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h * state[0], 0.0, 1.0)
    return (h,), h

# %% language: right, a count of letters b too
def language():
    W_x = [[1, 0], [1, 0], [0, 0], [0, 1]]
    W_h = [[0, 0, 0, 0], [1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    b = [0, -1, 0, 0]
    W_y = [[0, -1, -1, 0]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: right, larger readout
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -10, -10]]
    b_y = [5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the letters the wrong way round
def language():
    W_x = [[0, 1], [0, 1], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: W_h by columns, who writes to whom
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 1, 0], [0, 0, 1], [0, 0, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: s does not keep itself
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 0]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: s does not read u
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 0, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the readout looks at s only
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, 0, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the readout looks at u only
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, 0]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the readout with the signs of a detector
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, 1, 1]]
    b_y = [-0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: minus one forgotten in the and
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, 0, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: no bias in the readout
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: right, readout bias one, so exactly zero for a bad word
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [1]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: two units, no memory of the violation
def language():
    W_x = [[1, 0], [1, 0]]
    W_h = [[0, 0], [1, 0]]
    b = [0, -1]
    W_y = [[0, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: W_y as a flat list
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [0, -1, -1]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: b as a row
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [[0, -1, 0]]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: b_y a scalar
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = 0.5
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: W_x inputs by units, as in Keras
def language():
    W_x = [[1, 1, 0], [0, 0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: p keeps itself, so any two letters a
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[1, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: s reads p instead of u
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [1, 0, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: threshold a half in the and
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -0.5, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: s has the bias too
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, -1]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: b_y far too large [so told: accepts everything]
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the readout too weak
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -0.25, -0.25]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: u does not look at the letter
def language():
    W_x = [[1, 0], [0, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: u reads itself, and not p
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [0, 1, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: u keeps itself in place of a third unit [so told: no latch]
def language():
    W_x = [[1, 0], [1, 0]]
    W_h = [[0, 0], [1, 1]]
    b = [0, -1]
    W_y = [[0, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: p read by the readout as well [so told: or instead of and]
def language():
    W_x = [[1, 0], [1, 0], [0, 0]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[-1, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: W_h by columns and letters swapped
def language():
    W_x = [[0, 1], [0, 1], [0, 0]]
    W_h = [[0, 1, 0], [0, 0, 1], [0, 0, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: s forgets at a letter b
def language():
    W_x = [[1, 0], [1, 0], [0, -1]]
    W_h = [[0, 0, 0], [1, 0, 0], [0, 1, 1]]
    b = [0, -1, 0]
    W_y = [[0, -1, -1]]
    b_y = [0.5]
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% ragged_unroll: right, with a weighted sum
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None]
        state = tuple(on * n + (1 - on) * s for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: right, product inside the loop
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(x[t, ...] @ params.W_x.T + params.b_x, a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: y gets the new h, before the choice
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(new[0])
    return xp.stack(y), state

# %% ragged_unroll: where the wrong way round
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, s, n) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: mask forgotten
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = new
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: state set to zero at filling
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, 0 * s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: new state times the mask
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None]
        state = tuple(on * n for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: only h is kept, the rest goes on
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = (xp.where(on, new[0], state[0]), *new[1:])
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: only y is masked, the state runs on
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        h = xp.where(on, new[0], state[0])
        state = new
        y.append(h)
    return xp.stack(y), state

# %% ragged_unroll: y is zero at filling, as packed sequences give it
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(xp.where(on, state[0], 0 * state[0]))
    return xp.stack(y), state

# %% ragged_unroll: mask without a new axis
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: mask with the batch first
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[:, t, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: the new axis in front
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, None, :] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: takes a state of one array
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        (h,) = state
        state = (xp.where(on, new[0], h),)
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: b_h forgotten
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: b_x forgotten
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: W_h not transposed
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: W_x not transposed
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: the input is masked instead of the state
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = (x * mask[..., None]) @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = new
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: a_h once, before the loop
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    a_h = state[0] @ params.W_h.T + params.b_h
    for t in range(x.shape[0]):
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: y appended before the step
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        y.append(state[0])
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
    return xp.stack(y), state

# %% ragged_unroll: stops when the first sequence ends
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        if not bool(xp.all(mask[t] > 0)):
            break
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: returns the new state of the last step
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), new

# %% ragged_unroll: stacked with the batch first
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y, axis=1), state

# %% ragged_unroll: returns h instead of the tuple
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state[0]

# %% ragged_unroll: returns a list of states
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return y, state

# %% ragged_unroll: right, a list in place of the tuple
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = [xp.where(on, n, s) for n, s in zip(new, state)]
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: the state written in place
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        for n, s in zip(new, state):
            s[...] = xp.where(on, n, s)
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: x runs over the batch
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[1]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[:, t, :], a_h, state)
        on = mask[:, t, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: mask of the step before
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t - 1, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: the cell gets x, not a_x
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: y gets the new h and b_h forgotten [so told: bias forgotten]
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state))
        y.append(new[0])
    return xp.stack(y), state

# %% ragged_unroll: where swapped and y the new h [so told: mask inverted]
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, s, n) for n, s in zip(new, state))
        y.append(new[0])
    return xp.stack(y), state

# %% ragged_unroll: h and c kept by the wrong partner
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a_x[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(xp.where(on, n, s) for n, s in zip(new, state[::-1]))
        y.append(state[0])
    return xp.stack(y), state

# %% multiply_adds: right, a loop over layers
def multiply_adds(T, B, D, H, L, K):
    early = waiting = 0
    reads = D
    for _ in range(L):
        early += T * B * reads * H
        waiting += T * B * H**2
        reads = H
    shown = B * K * H
    return early, waiting, shown

# %% multiply_adds: every layer reads D
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * D * L
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: the first layer alone
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * D
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: L layers of H beside the first
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + L * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: early without the steps, one go
def multiply_adds(T, B, D, H, L, K):
    early = B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: early without the batch
def multiply_adds(T, B, D, H, L, K):
    early = T * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: a missing bracket
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * D + (L - 1) * H
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: a missing bracket, H squared
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * D + (L - 1) * H * H
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: waiting for one layer
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: waiting in the upper layers alone
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * (L - 1) * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: waiting without the batch
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: waiting without the steps
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: the first step has no state to read
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = (T - 1) * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: H once
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: the readout at every step
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = T * B * H * K
    return early, waiting, shown

# %% multiply_adds: the readout for one sequence
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = H * K
    return early, waiting, shown

# %% multiply_adds: the readout of every layer
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = L * B * H * K
    return early, waiting, shown

# %% multiply_adds: operations, two for each multiply-add
def multiply_adds(T, B, D, H, L, K):
    early = 2 * T * B * H * (D + (L - 1) * H)
    waiting = 2 * T * B * L * H * H
    shown = 2 * B * H * K
    return early, waiting, shown

# %% multiply_adds: biases counted
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + 1 + (L - 1) * (H + 1))
    waiting = T * B * L * H * (H + 1)
    shown = B * (H + 1) * K
    return early, waiting, shown

# %% multiply_adds: four gates as in an LSTM
def multiply_adds(T, B, D, H, L, K):
    early = 4 * T * B * H * (D + (L - 1) * H)
    waiting = 4 * T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: early and waiting swapped
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return waiting, early, shown

# %% multiply_adds: both in early
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H) + T * B * L * H * H
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: the weights counted, not the work
def multiply_adds(T, B, D, H, L, K):
    early = H * D + (L - 1) * H * H
    waiting = L * H * H
    shown = H * K
    return early, waiting, shown

# %% multiply_adds: every layer reads D and the readout at every step
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * D * L
    waiting = T * B * L * H * H
    shown = T * B * H * K
    return early, waiting, shown

# %% multiply_adds: D squared
def multiply_adds(T, B, D, H, L, K):
    early = T * B * D * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: W_h reads D in the first layer
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * H * (D + (L - 1) * H)
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: floats, by a division
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H) / 1
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: a list with the total
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * L * H * H
    shown = B * H * K
    return early, waiting, shown, early + waiting + shown

# %% unroll: right, with an index
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x[t, ...], a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: right, product in the loop
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    for x_t in xp.unstack(x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(x_t @ params.W_x.T + params.b_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: h_before written after the step
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        tape.h_before.append(state[0])
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: y written before the step
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        y.append(state[0])
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
    return xp.stack(y), state, tape

# %% unroll: W_h not transposed
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: W_x not transposed
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: b_h forgotten
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: b_x forgotten
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: one bias used twice
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_x
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: both biases in a_x
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x + params.b_h
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the arguments of the cell swapped
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_h, a_x_t, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the sum handed to the cell
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t + a_h, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: a_h once, before the loop
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    a_h = state[0] @ params.W_h.T + params.b_h
    for a_x_t in xp.unstack(a_x):
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the caches forgotten
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: h_before forgotten
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: h_before gets the whole state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state)
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: caches get the state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(state)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: y gets the whole state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state)
    return xp.stack(y), state, tape

# %% unroll: y gets the last part of the state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[-1])
    return xp.stack(y), state, tape

# %% unroll: runs over the batch
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x, axis=1):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: stacked batch first, as Keras does
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y, axis=1), state, tape

# %% unroll: from the end
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x)[::-1]:
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the cell gets h, not the tuple
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state[0])
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the state of the start kept, never updated
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        new, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(new[0])
    return xp.stack(y), state, tape

# %% unroll: the last step left out
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x)[:-1]:
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: one more h_before at the end
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    tape.h_before.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the tape turned round for the way back
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    tape.caches.reverse()
    tape.h_before.reverse()
    return xp.stack(y), state, tape

# %% unroll: the tape not returned
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state

# %% unroll: the last h returned, not the state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state[0], tape

# %% unroll: h_before after the step and b_h forgotten
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        tape.h_before.append(state[0])
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: W_h not transposed and y before the step
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        y.append(state[0])
        a_h = state[0] @ params.W_h + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
    return xp.stack(y), state, tape

# %% unroll: a tape of its own with the last state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    tape = Tape(x, state, tape.h_before, tape.caches)
    return xp.stack(y), state, tape

# %% unroll: always starts from zero
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    state = tuple(0 * s for s in state)
    a_x = x @ params.W_x.T + params.b_x
    for a_x_t in xp.unstack(a_x):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x_t, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% [markdown]
# Written later, with the catalogue known: mistakes of other kinds than those above.

# %% ceiling_cell: a small number added, to be safe
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.clip(a_x + a_h + 1e-3, 0.0, 1.0)
    return (h,), h

# %% ceiling_cell: scaled into the range by the largest sum [so told: divided by the largest]
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    a = xp.maximum(a_x + a_h, 0 * a_x)
    h = a / xp.max(a)
    return (h,), h

# %% ceiling_cell: the sign of the absolute value, folded up
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = xp.minimum(xp.abs(a_x + a_h), 1 + 0 * a_x)
    return (h,), h

# %% ceiling_cell: beyond the ceiling it falls back to zero
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    a = a_x + a_h
    h = xp.where((a > 0) & (a < 1), a, 0 * a)
    return (h,), h

# %% ceiling_cell: the new state averaged with the old
def ceiling_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h = (xp.clip(a_x + a_h, 0.0, 1.0) + state[0]) / 2
    return (h,), h

# %% language: the bias of the and on the wrong unit
def language():
    W_x = np.array([[1.0, 0], [1, 0], [0, 0]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    b = np.array([-1.0, 0, 0])
    W_y, b_y = np.array([[0.0, -1, -1]]), np.array([0.5])
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: right, half of the last letter is enough
def language():
    W_x = np.array([[1.0, 0], [1, 0], [0, 0]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [0.5, 0, 0], [0, 1, 1]])
    b = np.array([0.0, -1, 0])
    W_y, b_y = np.array([[0.0, -1, -1]]), np.array([0.5])
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: the letter b wipes the latch out
def language():
    W_x = np.array([[1.0, 0], [1, 0], [0, -1]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    b = np.array([0.0, -1, 0])
    W_y, b_y = np.array([[0.0, -1, -1]]), np.array([0.5])
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: readout sees the latch with a plus
def language():
    W_x = np.array([[1.0, 0], [1, 0], [0, 0]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    b = np.array([0.0, -1, 0])
    W_y, b_y = np.array([[0.0, -1, 1]]), np.array([0.5])
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% language: p never forgets a b either, starts at minus
def language():
    W_x = np.array([[1.0, -1], [1, -1], [0, 0]])  # p, u, s
    W_h = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 1]])
    b = np.array([0.0, 0, 0])
    W_y, b_y = np.array([[0.0, -1, -1]]), np.array([0.5])
    given = (W_x, W_h, b, W_y, b_y)
    W_x, W_h, b, W_y, b_y = (np.asarray(a, dtype=float) for a in given)
    return Params(W_x, W_h, b, 0 * b), Readout(W_y, b_y)

# %% ragged_unroll: once ended, a sequence is marked by the last step alone
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a[t, ...], a_h, state)
        on = mask[-1, :, None] > 0
        state = tuple(
            xp.where(on, n, s) for n, s in zip(new, state, strict=True)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: everybody stops as soon as one has ended
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a[t, ...], a_h, state)
        on = xp.min(mask[t, :]) > 0
        state = tuple(
            xp.where(on, n, s) for n, s in zip(new, state, strict=True)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: right, what the step reads is masked as well
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a[t, ...] * mask[t, :, None], a_h * mask[t, :, None], state)
        on = mask[t, :, None] > 0
        state = tuple(
            xp.where(on, n, s) for n, s in zip(new, state, strict=True)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: a mixture, half new and half old, at filling
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h
        new, _ = cell(a[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(
            xp.where(on, n, (n + s) / 2) for n, s in zip(new, state, strict=True)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% ragged_unroll: b_x added at every step once more
def ragged_unroll(cell, params, x, mask, state):
    xp = array_namespace(x)
    y = []
    a = x @ params.W_x.T + params.b_x
    for t in range(x.shape[0]):
        a_h = state[0] @ params.W_h.T + params.b_h + params.b_x
        new, _ = cell(a[t, ...], a_h, state)
        on = mask[t, :, None] > 0
        state = tuple(
            xp.where(on, n, s) for n, s in zip(new, state, strict=True)
        )
        y.append(state[0])
    return xp.stack(y), state

# %% multiply_adds: the hidden size of the output counted into the first layer
def multiply_adds(T, B, D, H, L, K):
    early = T * B * (D * H + (L - 1) * H * K)
    waiting = T * B * H * H * L
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: the last step needs no recurrent product
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = (T - 1) * B * H * H * L
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: only the last layer waits
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * H * H
    early = early + (L - 1) * T * B * H * H
    shown = B * H * K
    return early, waiting, shown

# %% multiply_adds: additions counted apart from products in the readout
def multiply_adds(T, B, D, H, L, K):
    early = T * B * H * (D + (L - 1) * H)
    waiting = T * B * H * H * L
    shown = B * K * (2 * H - 1)
    return early, waiting, shown

# %% multiply_adds: powers in place of products
def multiply_adds(T, B, D, H, L, K):
    early = T * B * (H * D + H ** L)
    waiting = T * B * H ** (L + 1)
    shown = B * H * K
    return early, waiting, shown

# %% unroll: the tape of states from the start, one late
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(y[-2] if len(y) > 1 else tape.state[0])
        state, cache = cell(a_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: the loop variable shadows: the first input at every step
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a[0, ...], a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: W_h applied twice to the state
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape

# %% unroll: outputs summed up as they come
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T + params.b_h
        tape.h_before.append(state[0])
        state, cache = cell(a_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0] + (y[-1] if y else 0))
    return xp.stack(y), state, tape

# %% unroll: b_h only at the first step
def unroll(cell, params, x, state):
    xp = array_namespace(x)
    y, tape = [], Tape(x, state, [], [])  # x, state, h_before, caches
    a = x @ params.W_x.T + params.b_x
    for a_x in xp.unstack(a):
        a_h = state[0] @ params.W_h.T + (0 if y else params.b_h)
        tape.h_before.append(state[0])
        state, cache = cell(a_x, a_h, state)
        tape.caches.append(cache)
        y.append(state[0])
    return xp.stack(y), state, tape
