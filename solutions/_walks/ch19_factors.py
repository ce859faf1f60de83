# %% sign_lasts: simulated, whole steps
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    import numpy as _n
    out=[]
    for p,m in zip(a_0,a_1):
        a=min(abs(float(p)),abs(float(m))); s=1.0; t=0
        while s>0 and t<limit and float(p)>0>float(m):
            s=a*s-(1-a)*N; t+=1
        out.append(float(t))
    return xp.asarray(out)

# %% sign_lasts: math.log on arrays
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-math.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size))

# %% sign_lasts: quotient inverted
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, fading / need, xp.zeros_like(size))

# %% sign_lasts: sign of log
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log(N / (1 + N))
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size))

# %% sign_lasts: one for not turning
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.ones_like(size))

# %% sign_lasts: limit for not turning
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.full_like(size, limit))

# %% sign_lasts: first order
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(1 - size, xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size))

# %% sign_lasts: log10 of need
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log10((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size))

# %% sign_lasts: mean over units
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.mean(xp.where(turns, need / fading, xp.zeros_like(size)))

# %% sign_lasts: 1/(1-a0) copied
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, xp.minimum(1 / (1 - xp.abs(a_0) + 1e-9), xp.full_like(size, limit)), xp.zeros_like(size))

# %% sign_lasts: no return
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))

# %% sign_lasts: product of squares
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.abs(a_0 * a_1)
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size))

# %% sign_lasts: integer
def sign_lasts(a_0, a_1, N, limit):
    """For how many steps each unit's sign is right at worst, up to a limit.

    Shapes: a_0 (H,); a_1 (H,) -> steps (H,)
    """
    xp = array_namespace(a_0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    need = math.log((1 + N) / N)
    fading = xp.maximum(-xp.log(size), xp.full_like(size, need / limit))
    turns = (a_0 > 0) & (a_1 < 0)
    return xp.where(turns, need / fading, xp.zeros_like(size)).astype(int)

# %% turns_for: reshape
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.reshape(xp.stack([c, -s, s, c]), (*x.shape, 2, 2))

# %% turns_for: permutation
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    out = np.zeros((*x.shape, M, M))
    for t in range(x.shape[0]):
        for b in range(x.shape[1]):
            out[t, b] = np.roll(np.eye(M), int(x[t, b]), axis=0)
    return out

# %% turns_for: complex
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return c + 1j * s

# %% turns_for: M over x
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = 2 * math.pi * M / x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: M-1 [so told: one part too few]
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / (M - 1)) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: row twice
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([c, s], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: small angle
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.ones_like(angle), angle
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: returns angles
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return angle

# %% turns_for: nested np.array
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return np.array([[c, -s], [s, c]])

# %% turns_for: math.cos
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = math.cos(angle), math.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: permutation 3 always
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / 3) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: quarter turn
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (math.pi / 2) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: rounded
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = xp.round((2 * math.pi / M) * x)
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2)

# %% turns_for: int dtype
def turns_for(x, M):
    """Matrices that turn a plane by the M-th part of a turn at each press.

    Shapes: x (T, B) -> A (T, B, 2, 2)
    """
    xp = array_namespace(x)
    angle = (2 * math.pi / M) * x
    c, s = xp.cos(angle), xp.sin(angle)
    first = xp.stack([c, -s], axis=-1)
    second = xp.stack([s, c], axis=-1)
    return xp.stack([first, second], axis=-2).astype(int)

# %% one_step: returns A only
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A

# %% one_step: u of swapped
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_1 @ u_2[..., None])[..., 0] + u_1
    return A, u

# %% one_step: no column
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = A_2 @ u_1 + u_2
    return A, u

# %% one_step: scaled rows
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 * u_1[..., None]).sum(-1) + u_2
    return A, u

# %% one_step: both cross
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 @ u_1[..., None])[..., 0] + (A_1 @ u_2[..., None])[..., 0]
    return A, u

# %% one_step: inverse
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ np.linalg.inv(A_1)
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% one_step: A2 u2 + u1
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 @ u_2[..., None])[..., 0] + u_1
    return A, u

# %% one_step: diagonal copied
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 * A_1
    u = A_2 * u_1 + u_2

    return A, u

# %% one_step: transposed
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = (A_2 @ A_1).swapaxes(-1, -2)
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% one_step: order in A, rest right
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_1 @ A_2
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% one_step: all through
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 @ A_1 @ u_1[..., None])[..., 0] + (A_2 @ u_2[..., None])[..., 0]
    return A, u

# %% one_step: numbers of einsum
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = np.einsum('bij,bkj->bik', A_2, A_1)
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% one_step: minus
def one_step(first, second):
    """One step that does what two steps do, one after the other.

    Shapes: first ((B, d, d), (B, d)); second ((B, d, d), (B, d))
        -> A (B, d, d); u (B, d)
    """
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_2 @ u_1[..., None])[..., 0] - u_2
    return A, u

# %% reflections_for: pairs
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append([i, j])
    return np.array(found).reshape(-1, d)

# %% reflections_for: only upward
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    for i in range(d):
        if i < order[i]:
            k = np.zeros(d)
            k[i], k[order[i]] = 2**-0.5, -(2**-0.5)
            found.append(k)

    return np.array(found).reshape(-1, d)

# %% reflections_for: one one
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 1.0, 1.0
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: assign to tuple
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = order
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: root 2 times
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**0.5, -(2**0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: order argsort
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(int(np.argsort(order)[i]))
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: first with last
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    for i in range(d - 1):
        k = np.zeros(d)
        k[i], k[i + 1] = 2**-0.5, -(2**-0.5)
        found.append(k)

    return np.array(found).reshape(-1, d)

# %% reflections_for: bubble
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for _ in range(d):
        for i in range(d - 1):
            if order.index(now[i]) > order.index(now[i + 1]):
                now[i], now[i + 1] = now[i + 1], now[i]
                k = np.zeros(d)
                k[i], k[i + 1] = 2**-0.5, -(2**-0.5)
                found.append(k)

    return np.array(found).reshape(-1, d)

# %% reflections_for: matrices
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    found = [np.eye(d)[list(order)]]

    return np.array(found).reshape(-1, d)

# %% reflections_for: nothing
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    found = []

    return np.array(found).reshape(-1, d)

# %% reflections_for: integers
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d, int)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)

    return np.array(found).reshape(-1, d)

# %% reflections_for: right, from the second place on
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(1, d):
        j = now.index(order[i])
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: index error
def reflections_for(order):
    """Unit vectors whose reflections, one by one, bring d things in order.

    Shapes: -> k (R, d)
    """
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now[order[i]]
        if i != j:
            now[i], now[j] = now[j], now[i]
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% turned_vjp: zero before
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t - 1, ...] if t else 0 * y[0, ...]
        d_p.append(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: own only for d_p
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(y_t[:, 0] * d_y[t, :, 1] - y_t[:, 1] * d_y[t, :, 0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: R prime of y_t
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = turn(p[t, ...], y[t, ...])
        d_p.append(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: p of t-1
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0])
        d = turn(-p[t - 1, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: sum over B
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append((y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]).sum())
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: d_h zero
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0])
        d = turn(-p[t, ...], d)
    d = 0 * d
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: axis
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(y_t[0] * d[1] - y_t[1] * d[0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: in place
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d_y[t, ...] += d; d = d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: times p
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(p[t, ...] * (y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]))
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: sin cos
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(-xp.sin(p[t, ...]) * (y_t[:, 0] * d[:, 0] + y_t[:, 1] * d[:, 1]) + xp.cos(p[t, ...]) * (y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]))
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: absolute
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(abs(y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]))
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: half
def turned_vjp(d_y, p, y):
    """Backward through `turned`, whose states y it gets.

    Shapes: d_y (T, B, 2); p (T, B); y (T, B, 2) -> d_p (T, B); d_h (B, 2)
    """
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(0.5 * (y_t[:, 0] * d[:, 1] - y_t[:, 1] * d[:, 0]))
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% min_lstm_layer_vjp: slopes f
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * f, -d * i, (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: quotient rule, no slopes
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) / (f + i) ** 2  # of ln f - ln i
    d_gates = [d * i, -d * f, (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: minus n
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), -(1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: slope on first only
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = d_a * a * (1 - a) - n * d_u  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: W_x.T
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x.T
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: d_x of last
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates[-1, ...] @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: no bias
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.zeros_like(params.b_x)
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: n sum
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: input gate only a
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), d_u * n * i * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: coupled
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), 0 * d, (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: y for a
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * f * (1 - f)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: reversed time
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i), (1 - a) * d_u]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates[::-1]).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: gates two only
def min_lstm_layer_vjp(params, cache, d_y):
    """Backward through `min_lstm_layer`.

    Shapes: d_y (T, B, H) -> d_params; d_x (T, B, D); d_h (B, H)
    """
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d = (d_a - n * d_u) * a * (1 - a)  # of ln f - ln i
    d_gates = [d * (1 - f), -d * (1 - i)]
    d_gates = xp.concat(d_gates, axis=-1)
    d_W_x = rows(d_gates).T @ rows(x)
    d_b_x = xp.sum(d_gates, axis=(0, 1))
    d_x = d_gates @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: right, by the quotient rule
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% sign_lasts: larger of the sizes
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.maximum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: turn if product negative
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = a_0 * a_1 < 0
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: floor
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, xp.floor(need / safe), xp.zeros_like(size))

# %% sign_lasts: logarithm inverted, no limit
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log(N / (1 + N))
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: until a third is left [so told: rule of thumb]
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = 1.0
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: until N is left
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log(1 / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: mean of sizes
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = (xp.abs(a_0) + xp.abs(a_1)) / 2
    rate = -xp.log(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% sign_lasts: never turns  limit
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.full_like(size, limit))

# %% sign_lasts: log2
def sign_lasts(a_0, a_1, N, limit):
    xp = array_namespace(a_0)
    turns = (a_0 > 0) & (a_1 < 0)
    size = xp.minimum(xp.abs(a_0), xp.abs(a_1))
    rate = -xp.log2(size)
    need = math.log((1 + N) / N)
    safe = xp.where(rate > need / limit, rate, xp.full_like(rate, need / limit))
    return xp.where(turns, need / safe, xp.zeros_like(size))

# %% turns_for: clockwise
def turns_for(x, M):
    xp = array_namespace(x)
    p = 2 * math.pi * x / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, s], axis=-1), xp.stack([-s, c], axis=-1)], axis=-2)

# %% turns_for: half turn
def turns_for(x, M):
    xp = array_namespace(x)
    p = math.pi * x / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, -s], axis=-1), xp.stack([s, c], axis=-1)], axis=-2)

# %% turns_for: cumulated
def turns_for(x, M):
    xp = array_namespace(x)
    p = 2 * math.pi * xp.cumulative_sum(x, axis=0) / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, -s], axis=-1), xp.stack([s, c], axis=-1)], axis=-2)

# %% turns_for: degrees
def turns_for(x, M):
    xp = array_namespace(x)
    p = 360 * x / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, -s], axis=-1), xp.stack([s, c], axis=-1)], axis=-2)

# %% turns_for: axis first
def turns_for(x, M):
    xp = array_namespace(x)
    p = 2 * math.pi * x / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, -s], axis=0), xp.stack([s, c], axis=0)], axis=0)

# %% turns_for: clipped to one press
def turns_for(x, M):
    xp = array_namespace(x)
    p = 2 * math.pi * xp.sign(x) / M
    c, s = xp.cos(p), xp.sin(p)
    return xp.stack([xp.stack([c, -s], axis=-1), xp.stack([s, c], axis=-1)], axis=-2)

# %% one_step: order of A
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_1 @ A_2
    u = (A_2 @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% one_step: u the other way
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A_1 @ u_2[..., None])[..., 0] + u_1
    return A, u

# %% one_step: both other way
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_1 @ A_2
    u = (A_1 @ u_2[..., None])[..., 0] + u_1
    return A, u

# %% one_step: row vector
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (u_1[..., None, :] @ A_2)[..., 0, :] + u_2
    return A, u

# %% one_step: u plain sum
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = u_1 + u_2
    return A, u

# %% one_step: A u_1
def one_step(first, second):
    (A_1, u_1), (A_2, u_2) = first, second
    A = A_2 @ A_1
    u = (A @ u_1[..., None])[..., 0] + u_2
    return A, u

# %% reflections_for: inverse order
def reflections_for(order):
    d, found = len(order), []
    order = tuple(np.argsort(order)); now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
            now[i], now[j] = now[j], now[i]
    return np.array(found).reshape(-1, d)

# %% reflections_for: rows reversed
def reflections_for(order):
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
            now[i], now[j] = now[j], now[i]
    return np.array(found[::-1]).reshape(-1, d)

# %% reflections_for: length not 1
def reflections_for(order):
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            k = np.zeros(d)
            k[i], k[j] = 1.0, -1.0
            found.append(k)
            now[i], now[j] = now[j], now[i]
    return np.array(found).reshape(-1, d)

# %% reflections_for: list not swapped
def reflections_for(order):
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
    return np.array(found).reshape(-1, d)

# %% reflections_for: plus
def reflections_for(order):
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if i != j:
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, 2**-0.5
            found.append(k)
            now[i], now[j] = now[j], now[i]
    return np.array(found).reshape(-1, d)

# %% reflections_for: a row of zeros for places already right
def reflections_for(order):
    d, found = len(order), []
    now = list(range(d))
    for i in range(d):
        j = now.index(order[i])
        if True:
            k = np.zeros(d)
            k[i], k[j] = 2**-0.5, -(2**-0.5)
            found.append(k)
            now[i], now[j] = now[j], now[i]
    return np.array(found).reshape(-1, d)

# %% turned_vjp: turn forward
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 1] * y_t[..., 0] - d[..., 0] * y_t[..., 1])
        d = turn(p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: y before
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t - 1, ...] if t else turn(-p[0, ...], y[0, ...])
        d_p.append(d[..., 1] * y_t[..., 0] - d[..., 0] * y_t[..., 1])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: d_y not added
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 1] * y_t[..., 0] - d[..., 0] * y_t[..., 1])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: sign
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 0] * y_t[..., 1] - d[..., 1] * y_t[..., 0])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: dot with y
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 0] * y_t[..., 0] + d[..., 1] * y_t[..., 1])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p[::-1]), d

# %% turned_vjp: not reversed
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 1] * y_t[..., 0] - d[..., 0] * y_t[..., 1])
        d = turn(-p[t, ...], d)
    return xp.stack(d_p), d

# %% turned_vjp: wrong p on the way
def turned_vjp(d_y, p, y):
    xp = array_namespace(d_y)
    d, d_p = xp.zeros_like(d_y[0, ...]), []
    for t in reversed(range(p.shape[0])):
        d = d + d_y[t, ...]
        y_t = y[t, ...]
        d_p.append(d[..., 1] * y_t[..., 0] - d[..., 0] * y_t[..., 1])
        d = turn(-p[t - 1, ...], d)
    return xp.stack(d_p[::-1]), d

# %% min_lstm_layer_vjp: u forgotten
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: i sign
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: sigmoid of f forgotten
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: n gets a
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = a * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: order
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_i, d_f, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: s not squared
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s * f * (1 - f)
    d_i = -d_a * f / s * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=(0, 1))
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h

# %% min_lstm_layer_vjp: bias over time only
def min_lstm_layer_vjp(params, cache, d_y):
    x, f, i, n, *scanned = cache
    a = scanned[0]
    xp = array_namespace(d_y)
    d_a, d_u, d_h = linear_scan_vjp(d_y, Scanned(*scanned))
    d_a = d_a - n * d_u
    d_n = (1 - a) * d_u
    # a = f/(f+i): da/df = i/(f+i)^2, da/di = -f/(f+i)^2
    s = f + i
    d_f = d_a * i / s**2 * f * (1 - f)
    d_i = -d_a * f / s**2 * i * (1 - i)
    d = xp.concat([d_f, d_i, d_n], axis=-1)
    d_W_x = rows(d).T @ rows(x)
    d_b_x = xp.sum(d, axis=0)
    d_x = d @ params.W_x
    return Minimal(d_W_x, d_b_x), d_x, d_h
