# %% capacity: float fits
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + limit * keys.shape[1]
    return ratio, fits

# %% capacity: elementwise
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.mean((rest / values) ** 2, axis=-1)
    ratio = squares
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: overlap only
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = xp.sum((k @ k.T) ** 2, axis=-1) - 1
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: theory
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = 0 * squares + (keys.shape[0] - 1) / keys.shape[1]
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: one scaled
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ keys.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: other scaled
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = keys @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: rounded [so told: rounded to the nearest]
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = round(1 + limit * keys.shape[1])
    return ratio, fits

# %% capacity: minus one
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = -1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: times N
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = int(limit * keys.shape[0])
    return ratio, fits

# %% capacity: twice removed
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = (k @ k.T - np.eye(len(k))) @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: wrong product
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k.T @ k @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: columns in place
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    keys /= xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True)); k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: max
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = xp.max(squares / xp.sum(values * values, axis=-1))
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: 2 numbers swapped
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1, keepdims=True))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return fits, ratio

# %% capacity: no keepdims
def capacity(keys, values, limit):
    """What other pairs add to each reading, and how many pairs fit.

    Shapes: keys (N, K); values (N, V) -> ratio (N,); fits
    """
    xp = array_namespace(keys)
    k = keys / xp.sqrt(xp.sum(keys * keys, axis=-1))
    rest = k @ k.T @ values - values
    squares = xp.sum(rest * rest, axis=-1)
    ratio = squares / xp.sum(values * values, axis=-1)
    fits = 1 + int(limit * keys.shape[1])
    return ratio, fits

# %% replace_step: erase value
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * v, r) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: chapter
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S + outer(erase * (v - looked_up(S, k)), k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: decay all
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S * (1 - erase[..., None]) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: in place
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S -= outer(erase * old, r); S_new = S + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: order of results
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    y = looked_up(S_new, q)
    return y, S_new

# %% replace_step: erase outside
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - erase * outer(old, r) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: S q
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    y = S_new @ q
    return S_new, y

# %% replace_step: delta with r
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(erase * (v - old), r)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: erase r missing outer
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, q) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: written under q
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, q)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: value read under k erased
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) - outer(erase * looked_up(S, k), k) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: v squared
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v - erase * v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step: kept
def replace_step(S, r, k, v, q, erase):
    """Erase under one key, write under another, then read.

    Shapes: S (B, V, K); r (B, K); k (B, K); v (B, V); q (B, K);
        erase (B, 1) -> S_new (B, V, K); y (B, V)
    """
    old = looked_up(S, r)
    S_new = S - outer(old / erase, r) + outer(v, k)
    y = looked_up(S_new, q)
    return S_new, y

# %% replace_step_vjp: d_q zero
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = 0 * q
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_v erase
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = erase * looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_v arrived
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(d_S_new, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_k arrived
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(d_S_new, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_r arrived
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(d_S_new, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_u arrived
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(d_S_new, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: in place
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_S_new += outer(d_y, q); D = d_S_new
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: no keepdims
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: D outer q d_y
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(q, d_y)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_k S
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(S_new, d_u)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_S one minus erase
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = (1 - erase[..., None]) * D
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_v rows
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_back(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_old without D
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * old
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_k erased value
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, old)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_y for D
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, r)
    d_q = looked_back(S_new, d_y)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_k with S only
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    """Backward through `replace_step`, whose arguments it gets.

    Shapes: d_S_new (B, V, K); d_y (B, V); S (B, V, K); r (B, K); k (B, K);
        v (B, V); q (B, K); erase (B, 1) -> d_S (B, V, K); d_r (B, K);
        d_k (B, K); d_v (B, V); d_q (B, K); d_erase (B, 1)
    """
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    D = d_S_new + outer(d_y, q)
    d_q = looked_back(S_new, d_y) + looked_back(d_S_new, v)
    d_v, d_k = looked_up(D, k), looked_back(D, v)
    d_u = looked_up(D, r)
    d_old = -erase * d_u
    d_erase = -xp.sum(old * d_u, axis=-1, keepdims=True)
    d_r = looked_back(S, d_old) - looked_back(D, erase * old)
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% weights_read: power
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * alpha[t, ...] ** (same.shape[0] - 1 - t))
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: normalised
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    by_hebb = [b / sum(by_hebb) for b in by_hebb]
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: additive
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] - written
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: sum over t
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.sum(xp.stack(by_hebb), axis=0), xp.stack(by_delta[::-1])

# %% weights_read: not reversed one
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb), xp.stack(by_delta[::-1])

# %% weights_read: kept with beta
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...] * beta[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: left includes own beta only
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * (1 - beta[t, ...]) * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: one minus alpha
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * (1 - alpha[t, ...])
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: last step index
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[-1, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: delta last only
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left if t == same.shape[0] - 1 else 0 * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: alpha when other
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * xp.where(same[t, ...] > 0, 0 * kept + 1, alpha[t, ...])
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: no return
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    

# %% weights_read: one minus same
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * (1 - same[t, ...])
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: sums
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept + alpha[t, ...]
        left = left * alpha[t, ...] * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: cumulative both
def weights_read(same, alpha, beta):
    """With what weight each write is read at the end, by two rules.

    Shapes: same (T, B); alpha (T, B); beta (T, B)
        -> by_hebb (T, B); by_delta (T, B)
    """
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        written = beta[t, ...] * same[t, ...]
        by_hebb.append(written * kept)
        by_delta.append(written * left)
        kept = kept * alpha[t, ...]
        left = kept * (1 - written)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% two_rows: tuples
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = (q, k, v, log_kept)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: s size over
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s * size / (1 + s * size))
    return mamba, longhorn

# %% two_rows: euler
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = xp.log(abs(1 - rate * xp.exp(decay)) + 1e-9)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: no beta above
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), 1 / (1 + s * size))
    return mamba, longhorn

# %% two_rows: v size
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(v * v, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: q size
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(q * q, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: softplus decay
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.logaddexp(decay, 0 * decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: no keepdims
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: log_a K
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay) + 0 * k
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: e p in s
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = xp.exp(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: p in s
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = p, xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: log of beta
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), xp.log(s / (1 + s * size)))
    return mamba, longhorn

# %% two_rows: mamba alpha on value
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate * xp.exp(log_kept))
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: log softplus
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.log1p(xp.exp(-p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), s / (1 + s * size))
    return mamba, longhorn

# %% two_rows: longhorn same rate
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), rate)
    return mamba, longhorn

# %% two_rows: one minus
def two_rows(q, k, v, p, decay):
    """The steps of Mamba-2, for Hebb's rule, and Longhorn, for the delta rule.

    Shapes: q (T, B, K); k (T, B, K); v (T, B, V); p (T, B, 1); decay (1,)
        -> mamba; longhorn
    """
    xp = array_namespace(q)
    rate = xp.logaddexp(p, xp.zeros_like(p))
    log_kept = -rate * xp.exp(decay)
    mamba = Steps(q, k, v, log_kept, rate)
    s, size = sigmoid(p), xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), 1 - s / (1 + s * size))
    return mamba, longhorn

# %% merged: exp F after
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    m = xp.maximum(m_1, m_2)
    first, second = xp.exp(m_1 - m) * xp.exp(log_f), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: only S
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S

# %% merged: python max
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = max(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: no axis
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first * S_1 + second * S_2
    return S, m

# %% merged: log exp
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.log(xp.exp(late) + xp.exp(m_2))
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: softmax
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    first, second = first / (first + second), second / (first + second)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: m abs
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(abs(late), abs(m_2))
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: m zero at least
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(xp.maximum(late, m_2), 0 * late)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: S times e m
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S * xp.exp(m)[..., None], m

# %% merged: in place
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S_1 *= first[..., None]; S = S_1 + second[..., None] * S_2
    return S, m

# %% merged: halves minus
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 - second[..., None] * S_2
    return S, m

# %% merged: one minus
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), 1 - xp.exp(late - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% merged: F on the sum
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = xp.exp(log_f)[..., None] * (first[..., None] * S_1 + second[..., None] * S_2)
    return S, m

# %% merged: fade of m too
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = xp.exp(late - m), xp.exp(m_2 - m)
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m + log_f

# %% merged: no exp
def merged(S_1, m_1, S_2, m_2, log_f):
    """The memory of a sequence from those of its halves, in units of e^m.

    Shapes: S_1 (B, V, K); m_1 (B, 1); S_2 (B, V, K); m_2 (B, 1);
        log_f (B, 1) -> S (B, V, K); m (B, 1)
    """
    xp = array_namespace(S_1)
    late = m_1 + log_f
    m = xp.maximum(late, m_2)
    first, second = late - m, m_2 - m
    S = first[..., None] * S_1 + second[..., None] * S_2
    return S, m

# %% gated_delta_cell: y before
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    S_before, _ = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: no cache
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S)

# %% gated_delta_cell: gates 4
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 4)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: by square
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = k / (k * k).sum(-1, keepdims=True), unit(k)[1]
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: tanh
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = np.tanh(alpha), np.tanh(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: alpha not squashed
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = alpha + 0, sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: beta not squashed
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), beta + 0
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: two beta
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), 2 * sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: fade after
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    e = delta(v, S_before, k)
    S = (S_before + outer(beta * e, k)) * alpha[:, None, :]
    y = looked_up(S, q)

    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: write under q
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, q)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: v scaled
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    v, _ = unit(v)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: exp alpha
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = np.exp(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: a_h read
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_h, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: value with rate
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = beta * v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: all sigmoids
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(sigmoid(k))
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: minus
def gated_delta_cell(a_x, a_h, state):
    """A matrix memory as a cell of the loop, which never looks at a_h.

    Shapes: a_x (B, 5*H); a_h (B, 5*H); state ((B, H), (B, H, H))
        -> state ((B, H), (B, H, H)); cache
    """
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = delta(v, M, k)
    S = M - outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% capacity: keys as they are
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k = keys
    rest = k @ k.T @ values - values
    ratio = xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1)
    fits = int(limit * keys.shape[1]) + 1
    return ratio, fits

# %% capacity: one too few
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values - values
    ratio = xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1)
    fits = int(limit * keys.shape[1])
    return ratio, fits

# %% capacity: lengths not squared
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values - values
    ratio = (xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1))**0.5
    fits = int(limit * keys.shape[1]) + 1
    return ratio, fits

# %% capacity: own value left in
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values
    ratio = xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1)
    fits = int(limit * keys.shape[1]) + 1
    return ratio, fits

# %% capacity: V for K
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values - values
    ratio = xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1)
    fits = int(limit * values.shape[1]) + 1
    return ratio, fits

# %% capacity: sum over pairs
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values - values
    ratio = xp.sum(rest**2, axis=0) / xp.sum(values**2, axis=0)
    fits = int(limit * keys.shape[1]) + 1
    return ratio, fits

# %% capacity: rounded, once more [so told: rounded to the nearest]
def capacity(keys, values, limit):
    xp = array_namespace(keys)
    k, _ = unit(keys)
    rest = k @ k.T @ values - values
    ratio = xp.sum(rest**2, axis=1) / xp.sum(values**2, axis=1)
    fits = round(limit * keys.shape[1] + 1)
    return ratio, fits

# %% replace_step: delta v-o
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(erase * o, r) + outer(v - o, k)
    return S_new, looked_up(S_new, q)

# %% replace_step: erase also on v
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(erase * o, r) + outer(erase * v, k)
    return S_new, looked_up(S_new, q)

# %% replace_step: no erase rate
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(o, r) + outer(v, k)
    return S_new, looked_up(S_new, q)

# %% replace_step: erased under k
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(erase * o, k) + outer(v, k)
    return S_new, looked_up(S_new, q)

# %% replace_step: outer swapped
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(r, erase * o) + outer(v, k)
    return S_new, looked_up(S_new, q)

# %% replace_step: reads old
def replace_step(S, r, k, v, q, erase):
    o = looked_up(S, r)
    S_new = S - outer(erase * o, r) + outer(v, k)
    return S_new, looked_up(S, q)

# %% replace_step: unit r
def replace_step(S, r, k, v, q, erase):
    r, _ = unit(r); o = looked_up(S, r)
    S_new = S - outer(erase * o, r) + outer(v, k)
    return S_new, looked_up(S_new, q)

# %% replace_step_vjp: no d_S_new
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: no d_y in D
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_r one way
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_S directly only
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_q from S
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: erase sign
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(-d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_old no erase
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: no keepdims, once more
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, v)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% replace_step_vjp: d_k from r
def replace_step_vjp(d_S_new, d_y, S, r, k, v, q, erase):
    xp = array_namespace(S)
    old = looked_up(S, r)
    S_new = S - outer(erase * old, r) + outer(v, k)
    d_q = looked_back(S_new, d_y)
    D = d_S_new + outer(d_y, q)
    d_v = looked_up(D, k)
    d_k = looked_back(D, old)
    d_w = -looked_up(D, r)   # of erase * old
    d_r = -looked_back(D, erase * old)
    d_erase = xp.sum(d_w * old, axis=-1, keepdims=True)
    d_old = erase * d_w
    d_S = D + outer(d_old, r)
    d_r = d_r + looked_back(S, d_old)
    return d_S, d_r, d_k, d_v, d_q, d_erase

# %% weights_read: fade too early
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        left = left * (1 - w)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: all erase
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - beta[t, ...])
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: replaced whole
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - same[t, ...])
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: not reversed
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - w)
    return xp.stack(by_hebb), xp.stack(by_delta)

# %% weights_read: no beta
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * alpha[t, ...]
        left = left * alpha[t, ...] * (1 - w)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: delta does not fade
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * alpha[t, ...]
        left = left * (1 - w)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% weights_read: fades only under key
def weights_read(same, alpha, beta):
    xp = array_namespace(same)
    by_hebb, by_delta = [], []
    kept = left = xp.ones_like(
        same[0, ...]
    )  # of Hebb's, of the delta rule's
    for t in reversed(range(same.shape[0])):
        w = same[t, ...] * beta[t, ...]
        by_hebb.append(w * kept)
        by_delta.append(w * left)
        kept = kept * (1 - same[t, ...] * (1 - alpha[t, ...]))
        left = left * alpha[t, ...] * (1 - w)
    return xp.stack(by_hebb[::-1]), xp.stack(by_delta[::-1])

# %% two_rows: Delta sigmoid
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = sigmoid(p)
    mamba = Steps(q, k, v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: alpha for its logarithm
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, xp.exp(-D * xp.exp(decay)), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: decay not exp
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * decay, D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: mamba beta 1
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), xp.ones_like(D))
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: mamba beta 1-alpha
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), 1 - xp.exp(-D * xp.exp(decay)))
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: longhorn sigma
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b)
    return mamba, longhorn

# %% two_rows: longhorn with the length
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n**0.5))
    return mamba, longhorn

# %% two_rows: longhorn without b above
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), 1 / (1 + b * n))
    return mamba, longhorn

# %% two_rows: longhorn alpha 1
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.ones_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% two_rows: step counted twice
def two_rows(q, k, v, p, decay):
    xp = array_namespace(q)
    D = xp.logaddexp(p, xp.zeros_like(p))
    mamba = Steps(q, k, D * v, -D * xp.exp(decay), D)
    b = sigmoid(p)
    n = xp.sum(k * k, axis=-1, keepdims=True)
    longhorn = Steps(q, k, v, xp.zeros_like(p), b / (1 + b * n))
    return mamba, longhorn

# %% merged: m of m_1 and m_2
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1 + log_f
    m = xp.maximum(m_1, m_2)
    S = xp.exp(first - m)[..., None] * S_1 + xp.exp(m_2 - m)[..., None] * S_2
    return S, m

# %% merged: log_f on second
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1; m_2 = m_2 + log_f
    m = xp.maximum(first, m_2)
    S = xp.exp(first - m)[..., None] * S_1 + xp.exp(m_2 - m)[..., None] * S_2
    return S, m

# %% merged: log_f forgotten
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1
    m = xp.maximum(first, m_2)
    S = xp.exp(first - m)[..., None] * S_1 + xp.exp(m_2 - m)[..., None] * S_2
    return S, m

# %% merged: logaddexp m
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1 + log_f
    m = xp.logaddexp(first, m_2)
    S = xp.exp(first - m)[..., None] * S_1 + xp.exp(m_2 - m)[..., None] * S_2
    return S, m

# %% merged: direct
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1 + log_f
    m = xp.maximum(first, m_2)
    S = (xp.exp(first)[..., None] * S_1 + xp.exp(m_2)[..., None] * S_2) / xp.exp(m)[..., None]
    return S, m

# %% merged: weights swapped
def merged(S_1, m_1, S_2, m_2, log_f):
    xp = array_namespace(S_1)
    first = m_1 + log_f
    m = xp.maximum(first, m_2)
    S = xp.exp(m_2 - m)[..., None] * S_1 + xp.exp(first - m)[..., None] * S_2
    return S, m

# %% gated_delta_cell: alpha rows
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, :, None]
    e = v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: e of S_before
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(S_before, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: key raw
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    _, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: beta on columns
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = M + outer(e, beta * k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: y of M
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(M, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: hebb
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: S from S_before
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = S_before + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: order k q v
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    k, q, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)

# %% gated_delta_cell: query unit
def gated_delta_cell(a_x, a_h, state):
    _, S_before = state
    q, k, v, alpha, beta = gates(a_x, 5)
    k, length = unit(k)
    q, _ = unit(q); alpha, beta = sigmoid(alpha), sigmoid(beta)
    M = S_before * alpha[:, None, :]
    e = v - looked_up(M, k)
    S = M + outer(beta * e, k)
    y = looked_up(S, q)
    return (y, S), (q, k, length, alpha, beta, e, S_before)
