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

# %% noisy_growth_rate: last step left out [so told: last step left out]
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

# %% [markdown]
# readout_of_stream: written after the catalogue, by the task's own author, in five moods: hasty, confused
# about shapes, mathematically wrong, of other conventions, copied from elsewhere.

# %% readout_of_stream: right, sums kept apart and means taken off
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    S_h, S_z, S_hh, S_zh = 0, 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t < washout:
            continue
        z = targets[t, ...]
        S_h, S_z = S_h + xp.sum(h, axis=0), S_z + xp.sum(z, axis=0)
        S_hh, S_zh = S_hh + h.T @ h, S_zh + z.T @ h
    N = (T - washout) * B
    m_h, m_z = S_h / N, S_z / N
    C = S_hh / N - m_h[:, None] * m_h + penalty * penalised[:H, :H]
    W_y = xp.linalg.solve(C, (S_zh / N - m_z[:, None] * m_h).T).T
    return W_y, m_z - W_y @ m_h

# %% readout_of_stream: right, with an inverse
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, N = 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C, N = A + g.T @ g, C + g.T @ targets[t, ...], N + B
    W = xp.linalg.inv(A + penalty * N * penalised) @ C
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, keeps all states for fit_readout
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    states = []
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        states.append(h)
    out = fit_readout(xp.stack(states)[washout:, ...], targets[washout:, ...], penalty)
    return out.W_y, out.b_y

# %% readout_of_stream: hasty, the washout forgotten
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, N = 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        g = with_one(h)
        A, C, N = A + g.T @ g, C + g.T @ targets[t, ...], N + B
    W = xp.linalg.solve(A + penalty * N * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, the washout forgotten in the sums but not in N
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        g = with_one(h)
        A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, begins the loop at the washout
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(washout, T):
        h = reservoir_step(params, leak, x[t, ...], h)
        g = with_one(h)
        A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, later than the washout
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t > washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, N counted with the same slip
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, N = 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t > washout:
            g = with_one(h)
            A, C, N = A + g.T @ g, C + g.T @ targets[t, ...], N + B
    W = xp.linalg.solve(A + penalty * N * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, the penalty as it is
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, N counts steps and not sequences
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, N = 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C, N = A + g.T @ g, C + g.T @ targets[t, ...], N + 1
    W = xp.linalg.solve(A + penalty * N * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, sums overwritten
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = g.T @ g, g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, the state of the loop not kept
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        new = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(new)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: hasty, returns W whole
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    return xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C).T

# %% readout_of_stream: hasty, no penalty at all
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: shapes, not transposed back
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :], W[H, :]

# %% readout_of_stream: shapes, split along the wrong axis
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:, :H], W[:, H]

# %% readout_of_stream: shapes, g @ g.T
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g @ g.T, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: shapes, the bias first
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[1:, :].T, W[0, :]

# %% readout_of_stream: shapes, a one in front while the penalty spares the end
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = xp.concat([xp.ones_like(h[:, :1]), h], axis=1)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[1:, :].T, W[0, :]

# %% readout_of_stream: shapes, the bias as a column
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H:, :].T

# %% readout_of_stream: shapes, the targets batch first
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[:, t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: shapes, the batch averaged
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g / B, C + g.T @ targets[t, ...] / B
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: shapes, the mean state of the batch
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = xp.mean(with_one(h), axis=0)
            z = xp.mean(targets[t, ...], axis=0)
            A, C = A + g[:, None] * g, C + g[:, None] * z
    W = xp.linalg.solve(A + penalty * (T - washout) * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, the bias penalised with the rest
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    eye = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    W = xp.linalg.solve(A + penalty * (T - washout) * B * eye, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, one sum divided by N
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A / ((T - washout) * B) + penalty * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, means and N both
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    N = (T - washout) * B
    W = xp.linalg.solve(A / N + penalty * N * penalised, C / N)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, penalty over N
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty / ((T - washout) * B) * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, without a bias, then the mean of the targets
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, s = 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            A, C = A + h.T @ h, C + h.T @ targets[t, ...]
            s = s + xp.sum(targets[t, ...], axis=0)
    N = (T - washout) * B
    W = xp.linalg.solve(A + penalty * N * penalised[:H, :H], C)
    return W.T, s / N

# %% readout_of_stream: mathematics, centred states but the bias is the targets' mean
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, s, z = 0, 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            A, C = A + h.T @ h, C + h.T @ targets[t, ...]
            s, z = s + xp.sum(h, axis=0), z + xp.sum(targets[t, ...], axis=0)
    N = (T - washout) * B
    s, z = s / N, z / N
    A, C = A / N - s[:, None] * s, C / N - s[:, None] * z
    W = xp.linalg.solve(A + penalty * penalised[:H, :H], C)
    return W.T, z

# %% readout_of_stream: mathematics, the covariance without the mean of the targets
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, s, z = 0, 0, 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            A, C = A + h.T @ h, C + h.T @ targets[t, ...]
            s, z = s + xp.sum(h, axis=0), z + xp.sum(targets[t, ...], axis=0)
    N = (T - washout) * B
    s, z = s / N, z / N
    W = xp.linalg.solve(A / N - s[:, None] * s + penalty * penalised[:H, :H], C / N)
    return W.T, z - W.T @ s

# %% readout_of_stream: mathematics, a product in place of the solution
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = (A + penalty * (T - washout) * B * penalised) @ C
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, divided entry by entry
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + xp.sum(g * g, axis=0), C + g.T @ targets[t, ...]
    W = C / (A + penalty * (T - washout) * B)[:, None]
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: mathematics, penalty taken off the diagonal
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A - penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, half of the squared error
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + 2 * penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, the penalty is a root
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty**2 * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, mean over the targets too
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C, K = 0, 0, targets.shape[2]
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * K * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, leak as what is kept
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, 1 - leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, predicts the next step's target
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T - 1):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t + 1, ...]
    W = xp.linalg.solve(A + penalty * (T - 1 - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, the state that was there before the input
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
        h = reservoir_step(params, leak, x[t, ...], h)
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: conventions, targets given without the washout
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t - washout, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, fit_readout with all states, washout left in
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    states = []
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        states.append(h)
    out = fit_readout(xp.stack(states), targets, penalty)
    return out.W_y, out.b_y

# %% readout_of_stream: copied, unroll and fit_readout with a leak of 1
def readout_of_stream(params, leak, x, targets, washout, penalty):
    y, _, _ = unroll(leaky(1.0), params, x, zero_state(params, x.shape[1]))
    out = fit_readout(y[washout:, ...], targets[washout:, ...], penalty)
    return out.W_y, out.b_y

# %% readout_of_stream: copied, recursive least squares with a forgetting of its own
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = 0.99 * A + g.T @ g, 0.99 * C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, recursive least squares, the penalty added at every step
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g + penalty * penalised, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, a pseudoinverse without a penalty [so told: no penalty]
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.pinv(A) @ C
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, inputs in the readout as well
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = 0, 0
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = xp.concat([x[t, ...], with_one(h)], axis=1)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = xp.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% readout_of_stream: copied, gradient descent on each step
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    W = xp.zeros((targets.shape[2], H + 1), dtype=x.dtype, device=device_of(x))
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            miss = g @ W.T - targets[t, ...]
            W = W - 0.1 * (miss.T @ g + penalty * W @ penalised)
    return W[:, :H], W[:, H]

# %% readout_of_stream: conventions, all in NumPy's float64
def readout_of_stream(params, leak, x, targets, washout, penalty):
    xp = array_namespace(x)
    (T, B, _), H = x.shape, params.W_h.shape[0]
    (h,) = zero_state(params, B)  # (B, H)
    penalised = xp.eye(H + 1, dtype=x.dtype, device=device_of(x))
    penalised[H, H] = 0  # the bias is free

    A, C = np.zeros((H + 1, H + 1)), np.zeros((H + 1, targets.shape[2]))
    for t in range(T):
        h = reservoir_step(params, leak, x[t, ...], h)
        if t >= washout:
            g = with_one(h)
            A, C = A + g.T @ g, C + g.T @ targets[t, ...]
    W = np.linalg.solve(A + penalty * (T - washout) * B * penalised, C)
    return W[:H, :].T, W[H, :]

# %% [markdown]
# The author of the answers to `lyapunov_exponents` had written the first version
# of its catalogue.

# %% lyapunov_exponents: right, with the Jacobian first
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        J = (1 - h * h)[..., None] * W_h
        Q, R = xp.linalg.qr(J @ Q)
        total += xp.log(xp.abs(xp.linalg.diagonal(R))) / noise.shape[0]
    return total

# %% lyapunov_exponents: one QR of the whole product
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q = (1 - h**2)[:, :, None] * (W_h @ Q)
    _, R = xp.linalg.qr(Q)
    return xp.log(xp.abs(xp.linalg.diagonal(R))) / noise.shape[0]

# %% lyapunov_exponents: singular values of the whole product
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q = (1 - h**2)[:, :, None] * (W_h @ Q)
    return xp.log(xp.linalg.svdvals(Q)) / noise.shape[0]

# %% lyapunov_exponents: singular values of each step
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        J = (1 - h**2)[:, :, None] * W_h
        total = total + xp.log(xp.linalg.svdvals(J))
    return total / noise.shape[0]

# %% lyapunov_exponents: Q thrown away
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        R = xp.linalg.qr(A)[1]
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: only the last R
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
    return xp.log(xp.abs(xp.linalg.diagonal(R))) / noise.shape[0]

# %% lyapunov_exponents: not divided
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total

# %% lyapunov_exponents: growth rates
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return xp.exp(total / noise.shape[0])

# %% lyapunov_exponents: no absolute value
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.linalg.diagonal(R))
    return total / noise.shape[0]

# %% lyapunov_exponents: slope before the step
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        slope = 1 - h**2
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q, R = xp.linalg.qr(slope[:, :, None] * (W_h @ Q))
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: slope on the wrong axis
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q, R = xp.linalg.qr((1 - h**2)[:, None, :] * (W_h @ Q))
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: slope by a matrix product with h
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q, R = xp.linalg.qr((1 - h**2)[:, :, None] * (W_h.T @ Q))
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: no slope
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q, R = xp.linalg.qr(W_h @ Q + 0 * h[:, :, None])
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: Q on the left
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        Q, R = xp.linalg.qr((1 - h**2)[:, :, None] * (Q @ W_h))
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: h by W_h
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: noise added after the tanh
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T) + noise[t, ...]
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total / noise.shape[0]

# %% lyapunov_exponents: lengths of the columns, which are then scaled to 1 and not made orthogonal
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        n = xp.sqrt(xp.sum(A * A, axis=-2))
        Q = A / n[:, None, :]
        total = total + xp.log(n)
    return total / noise.shape[0]

# %% lyapunov_exponents: sorted
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return xp.sort(total / noise.shape[0], axis=-1)

# %% lyapunov_exponents: mean over all
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return xp.mean(total, axis=0) / noise.shape[0]

# %% lyapunov_exponents: diagonal over batch and row
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(R[0, ...].diagonal()))
    return total / noise.shape[0]

# %% lyapunov_exponents: largest exponent alone
def lyapunov_exponents(W_h, noise, h_0):
    xp = array_namespace(W_h)
    Q = xp.eye(W_h.shape[0], dtype=W_h.dtype, device=device_of(W_h))
    h, total = h_0, xp.zeros_like(h_0)
    for t in range(noise.shape[0]):
        h = xp.tanh(h @ W_h.T + noise[t, ...])
        A = (1 - h**2)[:, :, None] * (W_h @ Q)
        Q, R = xp.linalg.qr(A)
        total = total + xp.log(xp.abs(xp.linalg.diagonal(R)))
    return total[:, 0] / noise.shape[0]

# %% guarded_steps: the length joins the list first
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        lengths.append(length)
        tau = factor * median(lengths[-window:])
        scale = min(1.0, tau / length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: window forgotten
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        if t == 0:
            scale = 1.0
        else:
            scale = min(1.0, factor * median(lengths) / length)
        lengths.append(length)
        clipped = scale * d
        m = beta_1 * m + (1 - beta_1) * clipped
        s = beta_2 * s + (1 - beta_2) * clipped * clipped
        step = -(m / (1 - beta_1 ** (t + 1))) / (
            xp.sqrt(s / (1 - beta_2 ** (t + 1))) + 1e-8
        )
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: slice of the first steps
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[:window]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: corrections with the row number
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        step = -(m / (1 - beta_1**t)) / (xp.sqrt(s / (1 - beta_2**t)) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: sign forgotten
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: lengths never appended
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        norm = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if len(lengths) > 0:
            tau = factor * median(lengths[-window:])
            scale = min(1.0, tau / norm)
        d = d * scale
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: squares of the gradient as it came
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        past = lengths[-window:]
        scale = min(1.0, factor * median(past) / length) if past else 1.0
        lengths.append(length)
        clipped = scale * d
        m = beta_1 * m + (1 - beta_1) * clipped
        s = beta_2 * s + (1 - beta_2) * d**2
        top = m / (1 - beta_1 ** (t + 1))
        bottom = xp.sqrt(s / (1 - beta_2 ** (t + 1))) + 1e-8
        step = -top / bottom
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: one beta for both corrections
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_1 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: clips only once the window is full
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if t >= window:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: last length left out by the slice
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        past = lengths[-window:-1]
        scale = min(1.0, factor * median(past) / length) if past else 1.0
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: the first step has no list to take a median of
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        tau = factor * median(lengths[-window:])
        scale = min(1.0, tau / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: scale computed and never used
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: means updated in place
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m *= beta_1
        m += (1 - beta_1) * d
        s *= beta_2
        s += (1 - beta_2) * d**2
        step = -(m / (1 - beta_1 ** (t + 1))) / (
            xp.sqrt(s / (1 - beta_2 ** (t + 1))) + 1e-8
        )
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: gradient clipped in place
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d *= scale
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: means from np.zeros
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m, s = np.zeros(gradients.shape[1]), np.zeros(gradients.shape[1])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: a length for every weight
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = xp.abs(d)
        if t == 0:
            scale = xp.ones_like(d)
        else:
            usual = xp.median(xp.stack(lengths[-window:]), axis=0)
            scale = xp.minimum(xp.ones_like(d), factor * usual / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    return xp.stack(scales), xp.stack(steps)

# %% guarded_steps: keepdims for the norm
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = xp.linalg.vector_norm(d, axis=-1, keepdims=True)
        scale = xp.ones_like(length)
        if t > 0:
            tau = factor * median(float(n[0]) for n in lengths[-window:])
            scale = xp.minimum(scale, tau / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    return xp.stack(scales), xp.stack(steps)

# %% guarded_steps: steps as lists of floats
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        step = [
            -float(m[i] / (1 - beta_1 ** (t + 1)))
            / (float(s[i] / (1 - beta_2 ** (t + 1))) ** 0.5 + 1e-8)
            for i in range(d.shape[0])
        ]
        steps.append(step)
        scales.append(scale)
    return np.array(scales), np.array(steps)

# %% guarded_steps: norms along the wrong axis
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    norms = xp.linalg.vector_norm(gradients, axis=0)
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        past = norms[max(0, t - window):t]
        scale = 1.0
        if t > 0:
            tau = factor * median([float(n) for n in past])
            scale = min(1.0, tau / float(norms[t]))
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: xp.min of two numbers
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = xp.linalg.vector_norm(d)
        if t == 0:
            scale = 1.0
        else:
            tau = factor * median(lengths[-window:])
            scale = xp.min(1.0, tau / length)
        lengths.append(float(length))
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: length of the whole array
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(gradients))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: one threshold from all rows
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        norms = xp.linalg.vector_norm(gradients, axis=1)
        tau = factor * median([float(n) for n in norms])
        scale = min(1.0, tau / float(norms[t])) if t > 0 else 1.0
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: the norm as a method
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = d.norm().item()
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: each step a row of its own
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = (-m_hat / (xp.sqrt(s_hat) + 1e-8))[None, :]
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: scales collected by NumPy, in its own dtype
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    return np.array(scales), xp.stack(steps)

# %% guarded_steps: the step is clipped, not the gradient
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        length = float(xp.linalg.vector_norm(step))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        step = scale * step
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: a running mean of the lengths
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        if t == 0:
            scale, usual = 1.0, length
        else:
            scale = min(1.0, factor * usual / length)
            usual = usual + (length - usual) / window
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: mean for median
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        past = lengths[-window:]
        scale = 1.0
        if past:
            scale = min(1.0, factor * sum(past) / len(past) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: lengths after clipping are remembered
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        d = scale * d
        lengths.append(float(xp.linalg.vector_norm(d)))
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: entry by entry at the threshold
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            tau = factor * median(lengths[-window:])
            scale = min(1.0, tau / length)
            d = xp.clip(d, -tau, tau)
        lengths.append(length)
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: correction of s outside its root
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        root = xp.sqrt(s) / (1 - beta_2 ** (t + 1))
        step = -m_hat / (root + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: corrected means are carried on
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m = m / (1 - beta_1 ** (t + 1))
        s = s / (1 - beta_2 ** (t + 1))
        step = -m / (xp.sqrt(s) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: every gradient brought to the threshold
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = factor * median(lengths[-window:]) / length if lengths else 1.0
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: momentum without 1 - beta_1
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: divided by the root first, clipped afterwards
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        s = beta_2 * s + (1 - beta_2) * d**2
        d = d / (xp.sqrt(s / (1 - beta_2 ** (t + 1))) + 1e-8)
        length = float(xp.linalg.vector_norm(d))
        past = lengths[-window:]
        scale = min(1.0, factor * median(past) / length) if past else 1.0
        lengths.append(length)
        m = beta_1 * m + (1 - beta_1) * scale * d
        step = -m / (1 - beta_1 ** (t + 1))
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: the largest mean of squares so far
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = xp.maximum(s, beta_2 * s + (1 - beta_2) * d**2)
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: 90th percentile
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * float(np.quantile(lengths[-window:], 0.9)) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: an outlier is dropped
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.linalg.vector_norm(d))
        scale = 1.0
        if lengths and length > factor * median(lengths[-window:]):
            scale = 0.0
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)

# %% guarded_steps: squared lengths
def guarded_steps(gradients, window, factor, beta_1=0.9, beta_2=0.999):
    xp = array_namespace(gradients)
    m = s = xp.zeros_like(gradients[0, ...])
    lengths, scales, steps = [], [], []
    for t in range(gradients.shape[0]):
        d = gradients[t, ...]
        length = float(xp.sum(d * d))
        scale = 1.0
        if lengths:
            scale = min(1.0, factor * median(lengths[-window:]) / length)
        lengths.append(length)
        d = scale * d
        m = beta_1 * m + (1 - beta_1) * d
        s = beta_2 * s + (1 - beta_2) * d**2
        m_hat = m / (1 - beta_1 ** (t + 1))
        s_hat = s / (1 - beta_2 ** (t + 1))
        step = -m_hat / (xp.sqrt(s_hat) + 1e-8)
        steps.append(step)
        scales.append(scale)
    like = {"dtype": gradients.dtype, "device": device_of(gradients)}
    return xp.asarray(scales, **like), xp.stack(steps)
