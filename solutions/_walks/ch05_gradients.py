# %% two_fates: corner is the height
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: multiplied by the largest
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height * (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: r to the k
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r**k).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: k forgotten
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: only ten powers
def two_fates(r, height):
    k = np.arange(1, 11)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: top at k equal r over 1 less r, not rounded
def two_fates(r, height):
    k = r / (1 - r)
    s = height / (k * r ** (k - 1))
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: top where the derivative is zero
def two_fates(r, height):
    k = -1 / np.log(r)
    s = height / (k * r ** (k - 1))
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: growing first
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return growing, fading

# %% two_fates: corner below
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, 0.0], [s, r]])
    return fading, growing

# %% two_fates: turn the other way
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, r], [-r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: fading without a turn
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[r, 0.0], [0.0, r]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: one entry of the turn not shrunk
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -1.0], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: quarter turn with both signs plus
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: height is the largest norm
def two_fates(r, height):
    def top(s):
        W = np.array([[r, s], [0.0, r]])
        return max(np.linalg.norm(np.linalg.matrix_power(W, k), 2) for k in range(1, 201))

    low, high = 0.0, 10 * height
    for _ in range(60):
        s = (low + high) / 2
        low, high = (s, high) if top(s) < height else (low, s)
    return np.array([[0.0, -r], [r, 0.0]]), np.array([[r, s], [0.0, r]])

# %% two_fates: argmax
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).argmax()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: sum of all
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).sum()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: corner on both sides
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [s, r]])
    return fading, growing

# %% two_fates: ones on the diagonal
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[1.0, s], [0.0, 1.0]])
    return fading, growing

# %% two_fates: r taken out of the matrix and the corner too
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = r * np.array([[1.0, s], [0.0, 1.0]])
    return fading, growing

# %% two_fates: nested lists
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = [[0.0, -r], [r, 0.0]]
    growing = [[r, s], [0.0, r]]
    return fading, growing

# %% two_fates: k rounded down
def two_fates(r, height):
    k = int(r / (1 - r))
    s = height / (k * r ** (k - 1))
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: r to the k and growing first, two
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r**k).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return growing, fading

# %% two_fates: spectral radius by its root, fading has r squared
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / (k * r ** (k - 1)).max()
    fading = np.array([[0.0, -(r**2)], [r**2, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: corner without s over r
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / r
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: k less one in front
def two_fates(r, height):
    k = np.arange(1, 201)
    s = height / ((k - 1) * r ** (k - 1)).max()
    fading = np.array([[0.0, -r], [r, 0.0]])
    growing = np.array([[r, s], [0.0, r]])
    return fading, growing

# %% two_fates: right, k rounded up
def two_fates(r, height):
    k = max(1, np.ceil(r / (1 - r)))
    s = height / (k * r ** (k - 1))
    turn, one = np.array([[0.0, -1], [1, 0]]), np.eye(2)
    return r * turn, r * one + np.array([[0, s], [0, 0]])

# %% noisy_growth_rate: W not transposed for the state
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: slope of the old state
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        slope = 1 - h * h
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: slope on the columns
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, None, :] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: new step on the right
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = J @ (slope[:, :, None] * W_h)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: W transposed for J too
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h.T @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: no root
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0]

# %% noisy_growth_rate: to the power T
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** noise.shape[0]

# %% noisy_growth_rate: root of the batch
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[1])

# %% noisy_growth_rate: smallest singular value
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., -1] ** (1 / noise.shape[0])

# %% noisy_growth_rate: first row in place of first value
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: Frobenius norm
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.sum(J * J, axis=(1, 2)) ** 0.5 ** (1 / noise.shape[0])

# %% noisy_growth_rate: largest eigenvalue
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.max(xp.abs(xp.linalg.eigvals(J)), axis=-1) ** (1 / noise.shape[0])

# %% noisy_growth_rate: slope without the square
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: tanh taken twice in the slope
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - xp.tanh(h) ** 2
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: slope forgotten
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = W_h @ J + 0 * slope[:, :, None]
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: noise after the tanh
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T) + noise[t, ...]
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: noise after the tanh, slope of the tanh
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        y = xp.tanh(h @ W_h.T)
        slope = 1 - y * y
        h = y + noise[t, ...]
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: Lyapunov exponent, the log
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.log(xp.linalg.svdvals(J)[..., 0]) / noise.shape[0]

# %% noisy_growth_rate: mean over the sequences
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.mean(xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0]))

# %% noisy_growth_rate: norms of the steps multiplied
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    h, norm = h_0, 1.0
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        J = (1 - h * h)[:, :, None] * W_h
        norm = norm * xp.linalg.svdvals(J)[..., 0]
    return norm ** (1 / noise.shape[0])

# %% noisy_growth_rate: last step left out
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0] - 1):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: elementwise product
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h * J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: J begins at zero
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, 0 * eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: both transposes wrong, two
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h.T @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: slope before the matrix
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = W_h @ (slope[:, :, None] * J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: mean of the singular values
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.mean(xp.linalg.svdvals(J), axis=-1) ** (1 / noise.shape[0])

# %% noisy_growth_rate: begins at zero, not at the given state
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = 0 * h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: noise by sequence, axes mixed up
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[:, t, :])
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: noise on the slopes only forgotten in h
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T)
        slope = 1 - h * h
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: sigmoid slope
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = h * (1 - h)
        J = slope[:, :, None] * (W_h @ J)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: backward product and slope on columns, two
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        slope = 1 - h * h
        J = J @ (slope[:, None, :] * W_h)
    return xp.linalg.svdvals(J)[..., 0] ** (1 / noise.shape[0])

# %% noisy_growth_rate: spectral radius a step, mean of them
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    h, total = h_0, 0.0
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        J = (1 - h * h)[:, :, None] * W_h
        total = total + xp.linalg.svdvals(J)[..., 0]
    return total / noise.shape[0]

# %% noisy_growth_rate: right, with diagonal matrices and a norm
def noisy_growth_rate(W_h, noise, h_0):
    xp = array_namespace(W_h)
    eye = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, J = h_0, eye[None, ...]
    T = noise.shape[0]
    for t in range(T):
        h = xp.tanh(noise[t, ...] + h @ W_h.T)
        S = eye * (1 - h**2)[:, None, :]
        J = S @ W_h @ J
    return xp.linalg.matrix_norm(J, ord=2) ** (1 / T)

# %% cosines_of_clipping: no min, short ones stretched
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * limit / length(a)

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: max in place of min
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * max(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: not divided by the clipped length
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: divided by the square of the original length
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(flat) ** 2

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: dot product only
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: clipped from above only
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, None, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: clipped to zero and limit
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, 0.0, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: clipped arrays returned
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return by_norm, by_array, by_entry

# %% cosines_of_clipping: angle
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(np.arccos(min(1.0, float(c @ flat) / length(c) / length(flat))))

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: cosine distance
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return 1 - float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: sign lost
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(xp.abs(flat), 0.0, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: entries scaled by the largest of them
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = flat * min(1.0, limit / float(xp.max(xp.abs(flat))))
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: limit shared among the arrays
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([a * min(1.0, limit / len(arrays) / length(a)) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: mean of the arrays cosines
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    
    each = [float(short(a) @ a) / length(short(a)) / length(a) for a in arrays]
    return cosine(by_norm), sum(each) / len(each), cosine(by_entry)

# %% cosines_of_clipping: order array, norm, entry
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_array), cosine(by_norm), cosine(by_entry)

# %% cosines_of_clipping: by array with the length of the whole
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([a * min(1.0, limit / length(flat)) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: sign of the entries only
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = limit * xp.sign(flat)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: too large entries dropped
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.where(xp.abs(flat) > limit, xp.zeros_like(flat), flat)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: right, compared with the one clipped by norm, which has not turned
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ by_norm) / length(c) / length(by_norm)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: by array over the longest array
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([a * min(1.0, limit / max(map(length, arrays))) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: by array for each row of a matrix
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(d[i, ...]) if d.ndim > 1 else short(d) for d in d_params for i in range(d.shape[0] if d.ndim > 1 else 1)])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: squared length
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a) ** 2)

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: root mean square in place of length
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / (length(a) / a.shape[0] ** 0.5))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: no min and order, two
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * limit / length(a)

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_array), cosine(by_norm), cosine(by_entry)

# %% cosines_of_clipping: clip above and not divided, two
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, None, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: clipped around the mean
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, xp.mean(flat) - limit, xp.mean(flat) + limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: clipped all three in a row
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays]) * min(1.0, limit / length(flat))
    by_entry = xp.clip(by_array, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: by norm clipped entries first
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(by_norm, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: limit of the entries shared over their number
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return float(c @ flat) / length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit / flat.shape[0] ** 0.5, limit / flat.shape[0] ** 0.5)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: ratio of lengths
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)

    def short(a):
        return a * min(1.0, limit / length(a))

    def cosine(c):
        return length(c) / length(flat)

    by_norm = short(flat)
    by_array = xp.concat([short(a) for a in arrays])
    by_entry = xp.clip(flat, -limit, limit)
    return cosine(by_norm), cosine(by_array), cosine(by_entry)

# %% cosines_of_clipping: right, by norm is no turn
def cosines_of_clipping(d_params, limit):
    xp = array_namespace(d_params[0])
    arrays = [xp.reshape(d, (-1,)) for d in d_params]
    flat = xp.concat(arrays)
    parts = xp.concat([a / max(1.0, length(a) / limit) for a in arrays])
    entries = xp.where(xp.abs(flat) > limit, limit * xp.sign(flat), flat)
    a, b = (float(xp.sum(c / length(c) * flat)) / length(flat) for c in (parts, entries))
    return 1.0, a, b

# %% compare_settings: one generator for both
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        a = score(control, rng)
        b = score(treatment, rng)
        differences.append(b - a)
    differences = np.array(differences)
    return changed[0], differences, float(np.median(differences)), int((differences < 0).sum())

# %% compare_settings: one generator for both, treatment first
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        differences.append(score(treatment, rng) - score(control, rng))
    differences = np.array(differences)
    return changed[0], differences, float(np.median(differences)), int((differences < 0).sum())

# %% compare_settings: control less treatment
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    new = [score(treatment, np.random.default_rng(s)) for s in seeds]
    old = [score(control, np.random.default_rng(s)) for s in seeds]
    differences = np.array(old) - np.array(new)
    return changed[0], differences, float(np.median(differences)), int((differences > 0).sum())

# %% compare_settings: higher taken for better
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences > 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: mean
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
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
    return changed[0], differences, float(np.mean(differences)), better

# %% compare_settings: seed zero for all
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(0))
            - score(control, np.random.default_rng(0))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: no refusal
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: refuses only more than one
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) > 1:
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

# %% compare_settings: refuses only none
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if not changed:
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

# %% compare_settings: assert
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    assert len(changed) == 1, changed
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: list of what was changed
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
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
    return changed, differences, float(np.median(differences)), better

# %% compare_settings: share of the seeds
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = float((differences < 0).mean())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: size of the differences
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.abs(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: difference of the medians
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    new = np.array([score(treatment, np.random.default_rng(s)) for s in seeds])
    old = np.array([score(control, np.random.default_rng(s)) for s in seeds])
    median = float(np.median(new) - np.median(old))
    return changed[0], new - old, median, int((new < old).sum())

# %% compare_settings: one generator for all seeds
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    a, b = np.random.default_rng(seeds[0]), np.random.default_rng(seeds[0])
    differences = np.array([score(treatment, a) - score(control, b) for _ in seeds])
    return changed[0], differences, float(np.median(differences)), int((differences < 0).sum())

# %% compare_settings: unpaired, another seed for the treatment
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed + 1))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: no seed
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng())
            - score(control, np.random.default_rng())
            for seed in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: value of the change
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
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
    return treatment[changed[0]], differences, float(np.median(differences)), better

# %% compare_settings: equal counts as better
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences <= 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: a list
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
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
    return changed[0], list(differences), float(np.median(differences)), better

# %% compare_settings: better as a truth value
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = bool(np.median(differences) < 0)
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: sorted
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    differences = np.sort(differences)
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: relative differences
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    new = np.array([score(treatment, np.random.default_rng(s)) for s in seeds])
    old = np.array([score(control, np.random.default_rng(s)) for s in seeds])
    d = (new - old) / old
    return changed[0], d, float(np.median(d)), int((d < 0).sum())

# %% compare_settings: number of the seed in place of the seed
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in range(len(seeds))
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: control less treatment, higher better kept, two
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    new = [score(treatment, np.random.default_rng(s)) for s in seeds]
    old = [score(control, np.random.default_rng(s)) for s in seeds]
    differences = np.array(old) - np.array(new)
    return changed[0], differences, float(np.median(differences)), int((differences < 0).sum())

# %% compare_settings: mean and higher better, two
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = int((differences > 0).sum())
    return changed[0], differences, float(np.mean(differences)), better

# %% compare_settings: middle one without sorting
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
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
    return changed[0], differences, float(differences[len(differences) // 2]), better

# %% compare_settings: old seeding of numpy
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = []
    for seed in seeds:
        a = score(treatment, np.random.RandomState(seed))
        b = score(control, np.random.RandomState(seed))
        differences.append(a - b)
    differences = np.array(differences)
    return changed[0], differences, float(np.median(differences)), int((differences < 0).sum())

# %% compare_settings: counts where the control won
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds
        ]
    )
    better = len(seeds) - int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: all pairs of seeds
def compare_settings(score, control, treatment, seeds):
    changed = [k for k in control if control[k] != treatment[k]]
    if len(changed) != 1:
        raise ValueError(f"expected one change, got {changed}")
    differences = np.array(
        [
            score(treatment, np.random.default_rng(seed))
            - score(control, np.random.default_rng(seed))
            for seed in seeds for _ in seeds
        ]
    )
    better = int((differences < 0).sum())
    return changed[0], differences, float(np.median(differences)), better

# %% compare_settings: right, with a loop
def compare_settings(score, control, treatment, seeds):
    names = [name for name, value in treatment.items() if value != control[name]]
    if len(names) != 1:
        raise ValueError("not one change")
    d, better = [], 0
    for seed in seeds:
        a, b = (score(s, np.random.default_rng(seed)) for s in (control, treatment))
        d.append(b - a)
        better += int(b < a)
    return names[0], np.array(d), float(np.quantile(d, 0.5)), better

# %% state_jacobians: from the first step on
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in tape.caches:
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: W transposed
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h.T + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: way past W forgotten
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: memory thrown away
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_memory = [0 * m for m in d_memory]
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: memory left as it was
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_state[1:])
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: axes not permuted
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.stack(jacobians)

# %% state_jacobians: transposed Jacobians
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 3, 1))

# %% state_jacobians: identity first, step after
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        jacobians.append(xp.concat(d_state, axis=-1) + 0 * xp.concat([d_a_h] * len(d_state), axis=-1)[..., :n])
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: earliest step first
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.insert(0, xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: d a x in place of d a h
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        d_a_h, _, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: first part only
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(d_state[0])
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: input weights
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_x + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: each step alone, not multiplied
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        jacobians.append(xp.concat((d_a_h @ params.W_h + d_past, *d_memory), axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: way past W only
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (0 * (d_a_h @ params.W_h) + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: parts joined on axis 0
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=0))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: stacked on axis 1
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians, axis=1), (0, 2, 1, 3))

# %% state_jacobians: first step left out
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches[1:]):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: last step left out
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches[:-1]):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: added to what was there
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = tuple(a + b for a, b in zip(d_state, (d_a_h @ params.W_h + d_past, *d_memory)))
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: d a h not sent through W
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h[..., :H] + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: a list
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return [xp.permute_dims(j, (1, 0, 2)) for j in jacobians]

# %% state_jacobians: what went past W sent through it too
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = ((d_a_h + d_past) @ params.W_h, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: forward and axes, two
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in tape.caches:
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 3, 1))

# %% state_jacobians: past forgotten and memory kept, two
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h, *d_state[1:])
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: mean over the sequences
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.mean(xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3)), axis=1)

# %% state_jacobians: only the last lag
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(jacobians[-1], (1, 0, 2))

# %% state_jacobians: parts in the other order
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_a_h @ params.W_h + d_past, *d_memory)
        jacobians.append(xp.concat(d_state[::-1], axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: state of the vjp taken as it is
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    for cache in reversed(tape.caches):
        _, d_a_h, (d_past, *d_memory) = cell_vjp(d_state, cache)
        d_state = (d_past + 0 * d_a_h @ params.W_h, *d_memory)
        jacobians.append(xp.concat(d_state, axis=-1))
    return xp.permute_dims(xp.stack(jacobians), (0, 2, 1, 3))

# %% state_jacobians: right, with indices and moved axes
def state_jacobians(cell_vjp, params, tape, state):
    xp = array_namespace(state[0])
    n = sum(part.shape[-1] for part in state)
    eye = xp.eye(n, dtype=state[0].dtype, device=device_of(state[0]))
    H = state[0].shape[-1]
    d_state = tuple(eye[:, None, k : k + H] for k in range(0, n, H))
    jacobians = []
    t = len(tape.caches)
    while t > 0:
        t -= 1
        d_a_x, d_a_h, d_before = cell_vjp(d_state, tape.caches[t])
        first = d_before[0] + d_a_h @ params.W_h
        d_state = (first,) + tuple(d_before[1:])
        jacobians.append(xp.moveaxis(xp.concat(d_state, axis=2), 0, 1))
    return xp.stack(jacobians, axis=0)
