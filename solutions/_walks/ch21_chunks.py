# %% row_chunk: right
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    C = q.shape[1]
    c = xp.cumulative_sum(log_a, axis=1)
    y = []
    for t in range(C):
        r = xp.exp(c[:, t, :])[:, :, None] * S
        for j in range(t + 1):
            r = r + (xp.exp(c[:, t, :] - c[:, j, :]) * u[:, j, :])[:, :, None] * k[:, j, None, :]
        y.append((r @ q[:, t, :, None])[..., 0])
    return xp.stack(y, axis=1), r

# %% row_chunk: chapter s chunk copied (decay on q)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(scores(q, k, c))
    y = (xp.exp(c) * q) @ xp.matrix_transpose(S) + P @ u
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: forgot return
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)

# %% row_chunk: returns y only
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    return xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)

# %% row_chunk: sum over axis 1 (the readers)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=1)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: u on the reader axis
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, :, None, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: loop w/out own read
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    y = []
    for t in range(q.shape[1]):
        y.append((S @ q[:, t, :, None])[..., 0])
        S = xp.exp(log_a[:, t, :])[..., None] * S + u[:, t, :, None] * k[:, t, None, :]
    return xp.stack(y, axis=1), S

# %% row_chunk: loop, decays also the new write
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    y = []
    for t in range(q.shape[1]):
        S = xp.exp(log_a[:, t, :])[..., None] * (S + u[:, t, :, None] * k[:, t, None, :])
        y.append((S @ q[:, t, :, None])[..., 0])
    return xp.stack(y, axis=1), S

# %% row_chunk: loop, log_a not exponentiated
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    y = []
    for t in range(q.shape[1]):
        S = log_a[:, t, :][..., None] * S + u[:, t, :, None] * k[:, t, None, :]
        y.append((S @ q[:, t, :, None])[..., 0])
    return xp.stack(y, axis=1), S

# %% row_chunk: divide instead of multiply by kept (normalised u)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    w = u / xp.exp(c)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + P @ w
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: old S not decayed both
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = q @ xp.matrix_transpose(S) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, S + xp.matrix_transpose(left) @ k

# %% row_chunk: S_after transposed
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.matrix_transpose(xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k)

# %% row_chunk: only S s S_after
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    return y, xp.exp(c[:, -1, :])[..., None] * S

# %% row_chunk: not tril
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = q @ xp.matrix_transpose(k)
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: kept(log_a)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(log_a) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: exp(log_a) for the old read
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(log_a) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: log_a treated as alpha cumprod missing c log(log_a)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(-log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: left from first exp(c)*u
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: S_after with exp(c) of the first step
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, 0, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: keys decayed in S_after
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(u) @ k

# %% row_chunk: results exchanged
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k, y

# %% row_chunk: cumsum flipped (from the end)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.flip(xp.cumulative_sum(xp.flip(log_a, axis=1), axis=1), axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: softmaxed scores
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(xp.exp(q @ xp.matrix_transpose(k)))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: scaled
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k)) / q.shape[-1] ** 0.5
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: u ignored in sum
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c), axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: tril -1
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k), k=-1)
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: no decay of S read
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: k q T
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(k @ xp.matrix_transpose(q))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: S_after no decay of S
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, S + xp.matrix_transpose(left) @ k

# %% row_chunk: loop, writes after decays of all y uses S before
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    y = []
    for t in range(q.shape[1]):
        S = xp.exp(log_a[:, t, :])[..., None] * S
        y.append((S @ q[:, t, :, None])[..., 0])
        S = S + u[:, t, :, None] * k[:, t, None, :]
    return xp.stack(y, axis=1), S

# %% row_chunk: loop stacked axis 0
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    y = []
    for t in range(q.shape[1]):
        S = xp.exp(log_a[:, t, :])[..., None] * S + u[:, t, :, None] * k[:, t, None, :]
        y.append((S @ q[:, t, :, None])[..., 0])
    return xp.stack(y), S

# %% row_chunk: decay on wrong kept on axis order (sum with j,t swapped)
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * xp.permute_dims(kept(c), (0, 2, 1, 3)) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: left sign
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c - c[:, -1:, :]) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(left) @ k

# %% row_chunk: u T k only
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.matrix_transpose(left) @ k

# %% row_chunk: k T left shapes
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S)) + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    left = xp.exp(c[:, -1:, :] - c) * u
    return y, xp.exp(c[:, -1, :])[..., None] * S + xp.matrix_transpose(k) @ left

# %% solve_left_vjp: right
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    inverse = xp.linalg.inv(L)
    d_R = d_X @ xp.matrix_transpose(inverse)
    d_L = xp.tril(-(xp.matrix_transpose(X) @ d_R))
    return d_L, d_R

# %% solve_left_vjp: copied from chapter
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = xp.linalg.solve(T(L), d_X)
    return -xp.tril(d_R @ T(X), k=-1), d_R

# %% solve_left_vjp: chapter transposed halfway
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(T(L), T(d_X)))
    return -xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: solve(L, d_X T) not transposed back
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = xp.linalg.solve(L, T(d_X))
    return -xp.tril(T(X) @ T(d_R)), d_R

# %% solve_left_vjp: order of results
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return d_R, -xp.tril(T(X) @ d_R)

# %% solve_left_vjp: d_L without sign
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: strict
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(X) @ d_R, k=-1), d_R

# %% solve_left_vjp: full
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -(T(X) @ d_R), d_R

# %% solve_left_vjp: inverse not transposed
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    I = xp.linalg.inv(L)
    d_R = d_X @ I
    return -xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: d_L -X T d_X
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(X) @ d_X), d_R

# %% solve_left_vjp: d_R X T order
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(d_R) @ X), d_R

# %% solve_left_vjp: as a product d_L X T d_X, d_R d_X L T
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    return xp.tril(T(X) @ d_X), d_X @ T(L)

# %% solve_left_vjp: divides L twice
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(X) @ T(xp.linalg.solve(L, T(d_R)))), d_R

# %% solve_left_vjp: solve(L, d_X)
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = xp.linalg.solve(L, d_X)
    return -xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: tril of transposed
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return xp.tril(-T(T(X) @ d_R)), d_R

# %% solve_left_vjp: sign on both
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = -T(xp.linalg.solve(L, T(d_X)))
    return xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: sum over batch
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return xp.sum(-xp.tril(T(X) @ d_R), axis=0), d_R

# %% solve_left_vjp: d_L of inverse -L -T X T d_X L -T
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(xp.linalg.solve(T(L), T(X) @ d_R)), d_R

# %% solve_left_vjp: inverse of tril strict
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(xp.tril(L, k=-1) + xp.eye(L.shape[-1], dtype=L.dtype), T(d_X)))
    return -xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: only d_R
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    return T(xp.linalg.solve(L, T(d_X)))

# %% solve_left_vjp: d_L gradient 0 on diag triu
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.triu(T(X) @ d_R, k=1), d_R

# %% solve_left_vjp: d_X X T
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(d_R @ T(X)), d_R

# %% solve_left_vjp: np inv wrong transposition order
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    I = xp.linalg.inv(L)
    return -xp.tril(T(X) @ (d_X @ T(I))), d_X @ I

# %% solve_left_vjp: elementwise division
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    return -xp.tril(T(X) @ d_X), d_X

# %% solve_left_vjp: mean
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(X) @ d_R) / X.shape[1], d_R

# %% solve_left_vjp: d_L -d_R X T-type using R (X L)
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return -xp.tril(T(X @ L) @ d_R), d_R

# %% solve_left_vjp: returns list zeros for d_L
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return xp.zeros_like(L), d_R

# %% solve_left_vjp: in place d_X
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    d_X[...] = d_R
    return -xp.tril(T(X) @ d_R), d_R

# %% solve_left_vjp: no minus no tril
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return T(X) @ d_R, d_R

# %% solve_left_vjp: strict and no minus
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(xp.linalg.solve(L, T(d_X)))
    return xp.tril(T(X) @ d_R, k=-1), d_R

# %% solve_left_vjp: d_R L d_X T
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    T = xp.matrix_transpose
    d_R = T(L @ T(d_X))
    return -xp.tril(T(X) @ d_R), d_R

# %% all_pairs: right
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=-1)
    d = c[..., :, None] - c[..., None, :]
    T = q.shape[1]
    d = xp.where(xp.tril(xp.ones_like(d)) > 0, d, xp.full_like(d, -float("inf")))
    W = xp.exp(d) * (q @ xp.matrix_transpose(k))
    n = xp.abs(xp.sum(W, axis=-1))[..., None]
    return (W @ v) / xp.where(n > 1, n, xp.ones_like(n))

# %% all_pairs: exp products ratio
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    a = xp.exp(xp.cumulative_sum(log_a, axis=1))
    W = xp.tril(a[:, :, None] / a[:, None, :] * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: loop with S
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    return normalised_loop(q, k, v, log_a[:, ::1] * 1) * 2

# %% all_pairs: softmax
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    W = q @ T(k) + xp.minimum(c[:, :, None] - c[:, None, :], 0 * c[:, None, :])
    W = xp.where(xp.tril(xp.ones_like(W)) > 0, W, -xp.inf * xp.ones_like(W))
    E = xp.exp(W - xp.max(W, axis=-1, keepdims=True))
    return E @ v / xp.sum(E, axis=-1, keepdims=True)

# %% all_pairs: no keepdims
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: abs of the sum of abs and no min
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(xp.abs(W), axis=-1, keepdims=True)
    return W @ v / xp.maximum(n, xp.ones_like(n))

# %% all_pairs: divides by n + 1e-6
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / (xp.abs(n) + 1e-6)

# %% all_pairs: maximum of n over all
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.max(xp.abs(W), axis=-1, keepdims=True)
    return W @ v / xp.maximum(n, xp.ones_like(n))

# %% all_pairs: n keys only, without q
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    D = xp.tril(xp.exp(xp.minimum(b, 0 * b)))
    n = xp.sum(D, axis=-1, keepdims=True)
    return (D * (q @ T(k))) @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: strict
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)), k=-1)
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: decay only in S not n
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    P = xp.tril(q @ T(k))
    W = xp.exp(xp.minimum(b, 0 * b)) * P
    n = xp.sum(P, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: mask mult
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.exp(b) * (q @ T(k)) * xp.tril(xp.ones_like(b))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: time axis 0
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=0)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: exclusive cumsum for key
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - (c - log_a)[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: exp(log_a) only
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    W = xp.tril(xp.exp(log_a)[:, :, None] * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: no norm no max
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    return xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k))) @ v

# %% all_pairs: clip at 1 both
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.minimum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: max outside abs max(n,1)
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(n, xp.ones_like(n))

# %% all_pairs: abs of y too
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.abs(xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k))))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(n, xp.ones_like(n))

# %% all_pairs: sum axis -2 keepdims
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = T(xp.sum(W, axis=-2, keepdims=True))
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: v summed
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return T(W) @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: weights normalised first by max then abs (each)
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    return (W / xp.maximum(xp.abs(W), xp.ones_like(W))) @ v

# %% all_pairs: decay scores by k k T
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (k @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: loop form, S decays after write
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    S = v[:, 0, :, None] * 0 * k[:, 0, None, :]
    n, y = 0 * k[:, 0, :], []
    for t in range(q.shape[1]):
        a = xp.exp(log_a[:, t])[:, None]
        S = a[..., None] * (S + v[:, t, :, None] * k[:, t, None, :])
        n = a * (n + k[:, t, :])
        l = xp.abs(xp.sum(n * q[:, t, :], axis=-1, keepdims=True))
        y.append(xp.sum(S * q[:, t, None, :], axis=-1) / xp.maximum(l, xp.ones_like(l)))
    return xp.stack(y, axis=1)

# %% all_pairs: exp of c_t only
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    W = xp.tril(xp.exp(c)[:, :, None] * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: swap between
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, None, :] - c[:, :, None]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: 1 + n
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / (1 + xp.abs(n))

# %% all_pairs: no tril
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: scaled by sqrt K
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k))) / q.shape[-1] ** 0.5
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: c not cumsum
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = log_a
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: no decay
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    W = xp.tril(q @ T(k))
    n = xp.sum(W, axis=-1, keepdims=True)
    return W @ v / xp.maximum(xp.abs(n), xp.ones_like(n))

# %% all_pairs: divide by T count
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.cumulative_sum(xp.ones_like(c), axis=1)[..., None]
    return W @ v / n

# %% all_pairs: norm (L2) of W
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    T = xp.matrix_transpose
    c = xp.cumulative_sum(log_a, axis=1)
    b = c[:, :, None] - c[:, None, :]
    W = xp.tril(xp.exp(xp.minimum(b, 0 * b)) * (q @ T(k)))
    n = xp.sum(W * W, axis=-1, keepdims=True) ** 0.5
    return W @ v / xp.maximum(n, xp.ones_like(n))

# %% best_chunk: right
def best_chunk(T, K, V, start, sizes):
    import math
    best = None
    for C in sizes:
        A = P = C * K * C
        reads = 2 * C * K * V
        out = C * C * V + V * C * K
        cost = math.ceil(T / C) * (A + P + reads + out + C**3 / 3 + C * C * V + start)
        if best is None or cost < best[1]:
            best = (C, cost)
    return best

# %% best_chunk: chapter s count T C d + T d2
def best_chunk(T, K, V, start, sizes):
    cost = [T * C * K + T * K * V for C in sizes]
    i = cost.index(min(cost))
    return sizes[i], cost[i]

# %% best_chunk: floor
def best_chunk(T, K, V, start, sizes):
    cost = [(T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: ratio
def best_chunk(T, K, V, start, sizes):
    cost = [(T / C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: index
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return cost.index(min(cost)), min(cost)

# %% best_chunk: only size
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))]

# %% best_chunk: one C2V
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*K + C*C*V + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: solve C3
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: scores C*K
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*K + 2*C*C*V + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: start once
def best_chunk(T, K, V, start, sizes):
    cost = [start + -(-T // C) * (2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: two S products
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 2*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: last chunk not padded
def best_chunk(T, K, V, start, sizes):
    one = lambda C: start + 2*C*C*(K+V) + 3*C*K*V + C**3/3
    cost = [(T // C) * one(C) + (one(T % C) if T % C else 0) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: int result
def best_chunk(T, K, V, start, sizes):
    cost = [int(-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3)) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: T/C + 1
def best_chunk(T, K, V, start, sizes):
    cost = [(T // C + 1) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: no start
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: solve wrong K
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 3*C*C*K + C*C*V + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: no solve
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*K + C*C*V + 3*C*K*V) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: four products
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + C*C*K + C*K*V + C*C*V + C*K*V + C**3/3 + C*C*V) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: sorted sizes (tie/first)
def best_chunk(T, K, V, start, sizes):
    sizes = sorted(sizes, reverse=True)
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost) / -(-T // sizes[cost.index(min(cost))])

# %% best_chunk: order swapped
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return min(cost), sizes[cost.index(min(cost))]

# %% best_chunk: all costs
def best_chunk(T, K, V, start, sizes):
    return [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]

# %% best_chunk: start per operation x6
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (7 * start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: max
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(max(cost))], max(cost)

# %% best_chunk: start*C
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (C * start + 2*C*C*(K+V) + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: half scores
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + C*C*K + 2*C*C*V + 3*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: 2 flops
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2 * (2*C*C*(K+V) + 3*C*K*V + C**3/3)) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: C 3/3 missing
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 3*C*K*V) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: 4 CKV (solve right side too)
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*(K+V) + 4*C*K*V + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: forgets T/C
def best_chunk(T, K, V, start, sizes):
    cost = [start + 2*C*C*(K+V) + 3*C*K*V + C**3/3 for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: C 2 in solve only (C2/2)
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 2*C*C*K + C*C*V + 3*C*K*V + C*C*V/2 + C**3/3) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% best_chunk: backward too x3
def best_chunk(T, K, V, start, sizes):
    cost = [-(-T // C) * (start + 3 * (2*C*C*(K+V) + 3*C*K*V + C**3/3)) for C in sizes]
    return sizes[cost.index(min(cost))], min(cost)

# %% write_on: right
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, K, V, L = memory
    K, V, L = (xp.concat([old, xp.reshape(new, (1, -1))]) for old, new in ((K, k), (V, v), (L, log_a)))
    n = K.shape[0]
    total = xp.sum(L, axis=0)
    c = xp.cumulative_sum(L, axis=0)
    w = xp.exp(total - c)
    now = xp.exp(total) * S + (w * V).T @ K
    y = now @ q
    if n < C:
        return y, (S, K, V, L)
    return y, (now, K[:0, ...], V[:0, ...], L[:0, ...])

# %% write_on: plain loop, never caches
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    S = xp.exp(log_a) * S + v[:, None] * k[None, :]
    return S @ q, (S, keys, values, logs)

# %% write_on: read before append
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    c = xp.cumulative_sum(logs, axis=0)
    y = S @ q
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = xp.exp(c[-1]) * y + left[:, :-1] @ (keys[:-1] @ q)
    if keys.shape[0] == C:
        return y, (xp.exp(c[-1]) * S + left @ keys, keys[:0], values[:0], logs[:0])
    return y, (S, keys, values, logs)

# %% write_on: no fold
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    return xp.exp(c[-1]) * (S @ q) + left @ (keys @ q), (S, keys, values, logs)

# %% write_on: sliding window
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])[-C:]
    values = xp.concat([values, v[None]])[-C:]
    logs = xp.concat([logs, log_a[None]])[-C:]
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    return xp.exp(c[-1]) * (S @ q) + left @ (keys @ q), (S, keys, values, logs)

# %% write_on: fold before reading (y from folded and cache)
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    fold = keys.shape[0] == C
    if fold:
        S = xp.exp(c[-1]) * S + left @ keys
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if fold:
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: S decayed each step and total
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    S = S * xp.exp(log_a)
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = S @ q + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: append in place
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S *= xp.exp(c[-1])
        S += left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: forgets memory
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    return xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)

# %% write_on: clears the logs only not
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: off by one
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] > C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: empties to None/lists
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = (xp.exp(c[-1] - c) * values).T
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = [], [], []
    return y, (S, keys, values, logs)

# %% write_on: shape k not row
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k])
    values = xp.concat([values, v])
    logs = xp.concat([logs, log_a])
    return S @ q, (S, keys, values, logs)

# %% write_on: y after fold with empty cache (right)
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
        return S @ q, (S, keys, values, logs)
    return xp.exp(c[-1]) * (S @ q) + (values.T @ (keys @ q)), (S, keys, values, logs)

# %% write_on: exp(log_a) on old S only
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(log_a) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(log_a) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: keeps last C-1
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[-1:], values[-1:], logs[-1:]
    return y, (S, keys, values, logs)

# %% write_on: k.q swapped S k
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ k) + left @ (keys @ k)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: order y later
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return (S, keys, values, logs), y

# %% write_on: left without exp
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    left = xp.matrix_transpose((c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: delta rule
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    v = v - S @ k
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: fold one oldest when full
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(logs[0]) * S + values[0][:, None] * keys[0][None, :]
        keys, values, logs = keys[1:], values[1:], logs[1:]
    return y, (S, keys, values, logs)

# %% write_on: new memory not returned
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    return y, memory

# %% write_on: attention softmax
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    w = xp.exp(keys @ q)
    y = xp.exp(c[-1]) * (S @ q) + left @ (w / xp.sum(w))
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: S.T
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S.T @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: C-1 [so told: folded one step early]
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C - 1:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: no S decay at fold
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: drop cache without fold
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: never clears
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
    return y, (S, keys, values, logs)

# %% write_on: scores scaled
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q) / q.shape[0] ** 0.5
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: prepend
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([k[None], keys])
    values = xp.concat([v[None], values])
    logs = xp.concat([log_a[None], logs])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: left from c (exp(c))
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: S not read
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: c over axis 1
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=1)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% write_on: list memory append
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    memory[1].append(k)
    return S @ q, memory

# %% write_on: writes q
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, q[None]])
    values = xp.concat([values, v[None]])
    logs = xp.concat([logs, log_a[None]])
    c = xp.cumulative_sum(logs, axis=0)
    left = xp.matrix_transpose(xp.exp(c[-1] - c) * values)
    y = xp.exp(c[-1]) * (S @ q) + left @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(c[-1]) * S + left @ keys
        keys, values, logs = keys[:0], values[:0], logs[:0]
    return y, (S, keys, values, logs)

# %% delta_writes: right
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    A = scores(k, k, c)
    C = k.shape[1]
    u = []
    for t in range(C):
        read = (S @ (xp.exp(c) * k)[:, t, :, None])[..., 0]
        for j in range(t):
            read = read + A[:, t, j][:, None] * u[j]
        u.append(beta[:, t, :] * (v[:, t, :] - read))
    return xp.stack(u, axis=1)

# %% delta_writes: k 0
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c))
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: no one
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(beta * A, beta * e)

# %% delta_writes: S not transposed
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ S
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: A with v
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, v, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: loop with delta missing decay
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    u = []
    for t in range(k.shape[1]):
        e = v[:, t] - (S @ k[:, t, :, None])[..., 0]
        u.append(beta[:, t] * e)
        S = S + u[-1][:, :, None] * k[:, t, None, :]
    return xp.stack(u, axis=1)

# %% delta_writes: c as step log
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    c = xp.cumulative_sum(c, axis=1)
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: u times beta again
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return beta * xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: beta only right
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + A, beta * e)

# %% delta_writes: exp(c) outside the product
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - xp.exp(c[..., :1]) * (k @ xp.matrix_transpose(S))
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: v unscaled
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = beta * v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, e)

# %% delta_writes: arguments of solve exchanged
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(beta * e, one + beta * A)

# %% delta_writes: A times beta cols
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + A * xp.matrix_transpose(beta), beta * e)

# %% delta_writes: minus
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one - beta * A, beta * e)

# %% delta_writes: no exp c
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - k @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: scores not tril
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = scores(k, k, c)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: hebb
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    return beta * v

# %% delta_writes: plain k k T
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(k @ xp.matrix_transpose(k), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: explicit iteration once
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    u = beta * e
    return beta * (e - A @ u)

# %% delta_writes: + S read
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v + (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: beta missing everywhere
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + A, e)

# %% delta_writes: triu
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.triu(scores(k, k, c), k=1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: decay on v
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = xp.exp(c[..., :1]) * (v - k @ xp.matrix_transpose(S))
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: no return
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    u = xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: A T
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.matrix_transpose(xp.tril(scores(k, k, c), k=-1))
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: e without S
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    return xp.linalg.solve(one + beta * A, beta * v)

# %% delta_writes: mult
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return (one + beta * A) @ (beta * e)

# %% delta_writes: series 2
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return (one - beta * A) @ (beta * e)

# %% delta_writes: no beta right
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, e)

# %% delta_writes: beta twice in A
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A * xp.matrix_transpose(beta), beta * e)

# %% delta_writes: exp(-c)
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(-c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: scores(k, exp(c) k)
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, xp.exp(c) * k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return xp.linalg.solve(one + beta * A, beta * e)

# %% delta_writes: solve without beta*A rows S k only of first
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    e = v - (xp.exp(c) * k) @ xp.matrix_transpose(S)
    return beta * e

# %% best_chunk: right, product by product
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = start + products + C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% row_chunk: no tril
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = q @ xp.matrix_transpose(k)
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: no cumsum
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = log_a
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: strict tril
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k), k=-1)
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: S not faded in y
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: writes not faded at end
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: S_after old not faded
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: left faded from start
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * kept(c) * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% row_chunk: decay within ignored
def row_chunk(q, k, u, log_a, S):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    P = xp.tril(q @ xp.matrix_transpose(k))
    y = xp.exp(c) * (q @ xp.matrix_transpose(S))
    y = y + xp.sum(P[..., None] * u[:, None, :, :], axis=2)
    last = c[:, -1, :]
    left = xp.exp(last[:, None, :] - c) * u
    S_after = xp.exp(last)[..., None] * S + xp.matrix_transpose(left) @ k
    return y, S_after

# %% solve_left_vjp: transposed L
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(xp.matrix_transpose(L), xp.matrix_transpose(d_X)))
    d_L = xp.tril(-xp.matrix_transpose(X) @ d_R)
    return d_L, d_R

# %% solve_left_vjp: no minus
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(L, xp.matrix_transpose(d_X)))
    d_L = xp.tril(xp.matrix_transpose(X) @ d_R)
    return d_L, d_R

# %% solve_left_vjp: strict, once more
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(L, xp.matrix_transpose(d_X)))
    d_L = xp.tril(-xp.matrix_transpose(X) @ d_R, k=-1)
    return d_L, d_R

# %% solve_left_vjp: no tril
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(L, xp.matrix_transpose(d_X)))
    d_L = -xp.matrix_transpose(X) @ d_R
    return d_L, d_R

# %% solve_left_vjp: d_L transposed
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(L, xp.matrix_transpose(d_X)))
    d_L = xp.tril(-xp.matrix_transpose(d_R) @ X)
    return d_L, d_R

# %% solve_left_vjp: d_X for d_R
def solve_left_vjp(d_X, X, L):
    xp = array_namespace(X)
    d_R = xp.matrix_transpose(xp.linalg.solve(L, xp.matrix_transpose(d_X)))
    d_L = xp.tril(-xp.matrix_transpose(X) @ d_X)
    return d_L, d_R

# %% all_pairs: no abs
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.sum(A, axis=-1, keepdims=True)
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: strict, once more
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)), k=-1)
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: no max
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / n
    return y

# %% all_pairs: sum of abs
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.sum(xp.abs(A), axis=-1, keepdims=True)
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: multiplied mask
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = (xp.exp(d) * xp.tril(xp.ones_like(d)) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: no cumsum
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = log_a
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: quotient
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril((xp.exp(c)[:, :, None] / xp.exp(c)[:, None, :]) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: sum over queries
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-2, keepdims=True))
    y = (A @ v) / xp.maximum(n, xp.ones_like(n))
    return y

# %% all_pairs: 1 added
def all_pairs(q, k, v, log_a):
    xp = array_namespace(q)
    c = xp.cumulative_sum(log_a, axis=1)
    d = c[:, :, None] - c[:, None, :]
    A = xp.tril(xp.exp(xp.minimum(d, xp.zeros_like(d))) * (q @ xp.matrix_transpose(k)))
    n = xp.abs(xp.sum(A, axis=-1, keepdims=True))
    y = (A @ v) / (n + 1)
    return y

# %% best_chunk: no solve, once more
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = start + products
        costs.append(-(-T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: rounded down
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = start + products + C**3 / 3 + C**2 * V
        costs.append((T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: not rounded
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = start + products + C**3 / 3 + C**2 * V
        costs.append((T / C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: start once, once more
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = products + C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * one + start)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: per step start
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = C * start + products + C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: five products
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V
        one = start + products + C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best]

# %% best_chunk: per chunk cost only
def best_chunk(T, K, V, start, sizes):
    costs = []
    for C in sizes:
        products = 2 * C * K * C + 2 * C * K * V + C * C * V + V * C * K
        one = start + products + C**3 / 3 + C**2 * V
        costs.append(-(-T // C) * one)
    best = costs.index(min(costs))
    return sizes[best], costs[best] / -(-T // sizes[best])

# %% write_on: reads before it writes
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left[:-1, :]) @ (keys[:-1, :] @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S + xp.matrix_transpose(left) @ keys
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: folds a step late
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] > C:
        S = xp.exp(last) * S + xp.matrix_transpose(left) @ keys
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: S not faded in fold
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = S + xp.matrix_transpose(left) @ keys
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: S not faded in y
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S + xp.matrix_transpose(left) @ keys
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: logs not emptied
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S + xp.matrix_transpose(left) @ keys
        keys, values = keys[:0, :], values[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: oldest dropped, not folded
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S + xp.matrix_transpose(left) @ keys
        keys, values, logs = keys[1:, :], values[1:, :], logs[1:, :]
    return y, (S, keys, values, logs)

# %% write_on: forgets fold content
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% write_on: unfaded fold
def write_on(memory, q, k, v, log_a, C):
    xp = array_namespace(q)
    S, keys, values, logs = memory
    keys = xp.concat([keys, k[None, :]])
    values = xp.concat([values, v[None, :]])
    logs = xp.concat([logs, log_a[None, :]])
    c = xp.cumulative_sum(logs, axis=0)
    last = c[-1, :]
    left = xp.exp(last - c) * values
    y = xp.exp(last) * (S @ q) + xp.matrix_transpose(left) @ (keys @ q)
    if keys.shape[0] == C:
        S = xp.exp(last) * S + xp.matrix_transpose(values) @ keys
        keys, values, logs = keys[:0, :], values[:0, :], logs[:0, :]
    return y, (S, keys, values, logs)

# %% delta_writes: diag
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c))
    R = beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + beta * A, R)
    return u

# %% delta_writes: beta right missing
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + beta * A, R)
    return u

# %% delta_writes: beta left missing
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + A, R)
    return u

# %% delta_writes: S not faded
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = beta * (v - (k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + beta * A, R)
    return u

# %% delta_writes: minus, once more
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one - beta * A, R)
    return u

# %% delta_writes: beta on columns
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + A * xp.matrix_transpose(beta), R)
    return u

# %% delta_writes: S not transposed order
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(scores(k, k, c), k=-1)
    R = beta * (v + (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + beta * A, R)
    return u

# %% delta_writes: plain keys  products
def delta_writes(k, v, c, beta, S):
    xp = array_namespace(k)
    one = xp.eye(k.shape[1], dtype=k.dtype, device=device_of(k))
    A = xp.tril(k @ xp.matrix_transpose(k), k=-1)
    R = beta * (v - (xp.exp(c) * k) @ xp.matrix_transpose(S))
    u = xp.linalg.solve(one + beta * A, R)
    return u
