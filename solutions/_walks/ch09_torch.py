# %% [markdown]
# The author of the answers to `int8_product` had written the first version of
# its catalogue; they were written without another look at it. So had the author
# of those to `scaled_step`.

# %% int8_product: one scale for a matrix, as in the chapter
def int8_product(x, W):
    def quantise(a):
        s = a.abs().max() / 127
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s_x * s

# %% int8_product: no round
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s_x * s.T

# %% int8_product: rows of zeros forgotten
def int8_product(x, W):
    def quantise(a):
        s = a.abs().amax(1, keepdim=True) / 127
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s_x * s.T

# %% int8_product: product in int8
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x @ q.T).to(torch.int32)
    return s, q, total, total * s_x * s.T

# %% int8_product: scales of x not multiplied back
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s.T

# %% int8_product: only y
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return total * s_x * s.T

# %% int8_product: x left in floating point
def int8_product(x, W):
    m = W.abs().amax(1, keepdim=True)
    s = torch.where(m > 0, m / 127, 1.0)
    q = (W / s).round().to(torch.int8)
    total = x @ q.to(x.dtype).T
    return s, q, total.to(torch.int32), total * s.T

# %% int8_product: scales of columns
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(0, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, x @ W.T

# %% int8_product: scales without an axis
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s[:, None]).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s_x[:, None] * s

# %% int8_product: scale of W not transposed
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(-1, dtype=torch.int32)
    return s, q, total, total * s_x * s

# %% int8_product: W not transposed
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32)
    return s, q, total, total * s_x * s.T

# %% int8_product: total turned round
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q.to(torch.int32) @ q_x.to(torch.int32).T
    return s, q, total, total.T * s_x * s.T

# %% int8_product: q turned round, ready for the product
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q.T, total, total * s_x * s.T

# %% int8_product: amax with its tuple, as max gives
def int8_product(x, W):
    def quantise(a):
        m = a.abs().max(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: sum over the batch of the terms
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32)[:, None] * q).sum(0, dtype=torch.int32)
    return s, q, total, total * s.T

# %% int8_product: 128 levels
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 128, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: 128 levels, clamped
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 128, 1.0)
        return s, (a / s).round().clamp(-128, 127).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: 256 levels
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 256, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: max without abs
def int8_product(x, W):
    def quantise(a):
        m = a.amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: mean of the absolute values
def int8_product(x, W):
    def quantise(a):
        m = a.abs().mean(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().clamp(-127, 127).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: standard deviation for the scale
def int8_product(x, W):
    def quantise(a):
        m = a.std(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().clamp(-127, 127).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: scale is 127 over the largest
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, 127 / m, 1.0)
        return s, (a * s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total / s_x / s.T

# %% int8_product: scale is 127 over the largest, and multiplied back
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, 127 / m, 1.0)
        return s, (a * s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: multiplied by the scale
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a * s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: scales added
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * (s_x + s.T)

# %% int8_product: scale of W alone, squared
def int8_product(x, W):
    def quantise(a, s=None):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0) if s is None else s
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s.T**2

# %% int8_product: ceil
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).ceil().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: half added and cut off
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s + 0.5).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: zero point, as in asymmetric quantisation
def int8_product(x, W):
    def quantise(a):
        low, high = a.amin(1, keepdim=True), a.amax(1, keepdim=True)
        s = torch.where(high > low, (high - low) / 255, 1.0)
        zero = (-128 - low / s).round()
        return s, (a / s + zero).round().clamp(-128, 127).to(torch.int8), zero
    s_x, q_x, z_x = quantise(x)
    s, q, z = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    y = ((q_x - z_x) * s_x) @ ((q - z) * s).T
    return s, q, total, y

# %% int8_product: unsigned
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, ((a / s).round() + 128).to(torch.uint8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.to(torch.int32) - 128) @ (q.to(torch.int32) - 128).T
    return s, q, total, total * s_x * s.T

# %% int8_product: zero rows get a small scale
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = m.clamp(min=1e-8) / 127
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: eps added to the largest
def int8_product(x, W):
    def quantise(a):
        s = (a.abs().amax(1, keepdim=True) + 1e-5) / 127
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: power of two scales
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, 2 ** torch.ceil(torch.log2(m / 127)), 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: y first
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return total * s_x * s.T, s, q, total

# %% int8_product: q before the scale
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return (a / s).round().to(torch.int8), s
    q_x, s_x = quantise(x)
    q, s = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return q, s, total, total * s_x * s.T

# %% int8_product: what is stored of x returned
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s_x, q_x, total, total * s_x * s.T

# %% int8_product: q kept as floats
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round()
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x @ q.T
    return s, q, total, total * s_x * s.T

# %% int8_product: int16 for the sum
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int16) @ q.to(torch.int16).T
    return s, q, total, total * s_x * s.T

# %% int8_product: int64 for the sum
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.long() @ q.long().T
    return s, q, total, total * s_x * s.T

# %% int8_product: y in float32 always
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x.float())
    s, q = quantise(W.float())
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: the scale of W for x too
def int8_product(x, W):
    m = W.abs().amax(1, keepdim=True)
    s = torch.where(m > 0, m / 127, 1.0)
    q = (W / s).round().to(torch.int8)
    q_x = (x / s.max()).round().to(torch.int8)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s.max() * s.T

# %% int8_product: a static scale of x, for the batch
def int8_product(x, W):
    def quantise(a, m):
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x, x.abs().max())
    s, q = quantise(W, W.abs().amax(1, keepdim=True))
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: weights only, made floats again before the product
def int8_product(x, W):
    m = W.abs().amax(1, keepdim=True)
    s = torch.where(m > 0, m / 127, 1.0)
    q = (W / s).round().to(torch.int8)
    y = x @ (s * q).T
    return s, q, (y / s.T).to(torch.int32), y

# %% int8_product: int4's levels
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 7, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: in place
def int8_product(x, W):
    def quantise(a):
        m = a.abs_().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: divided in place
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, a.div_(s).round_().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: y the exact product
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, x @ W.T

# %% int8_product: one scale and digits cut off, two
def int8_product(x, W):
    def quantise(a):
        s = a.abs().max() / 127 + 0 * a[:, :1]
        return s, (a / s).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s_x * s.T

# %% int8_product: digits cut off and product in int8, two
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, (a / s).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x @ q.T).to(torch.int32)
    return s, q, total, total * s_x * s.T

# %% int8_product: zero rows forgotten and scale of x forgotten, two
def int8_product(x, W):
    def quantise(a):
        s = a.abs().amax(1, keepdim=True) / 127
        return s, (a / s).round().to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * s.T

# %% int8_product: right, with the matrix product
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        s = torch.where(m > 0, m / 127, 1.0)
        return s, torch.round(a / s).to(torch.int8)
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = q_x.to(torch.int32) @ q.to(torch.int32).T
    return s, q, total, total * (s_x * s.T)

# %% int8_product: right, by the inverse scale and in float64
def int8_product(x, W):
    def quantise(a):
        m = a.abs().amax(1, keepdim=True)
        m = torch.where(m > 0, m, 127.0)
        return m / 127, torch.round(a * (127 / m)).clamp(-127, 127).char()
    s_x, q_x = quantise(x)
    s, q = quantise(W)
    total = (q_x.double() @ q.double().T).int()
    return s, q, total, (total * s_x.double() * s.T).to(x.dtype)

# %% scaled_step: right, the limit scaled along with the gradient
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    for d in d_weights:
        if torch.isnan(d).any() or torch.isinf(d).any():
            return scale / 2, 0, tuple(weights)
    wide = tuple(d.to(w.dtype) for d, w in zip(d_weights, weights))
    wide, _ = clip_by_global_norm(wide, limit * scale)
    new = tuple(w - rate * (d / scale) for w, d in zip(weights, wide))
    if good + 1 >= patience:
        return scale * 2, 0, new
    return scale, good + 1, new

# %% scaled_step: right, what is not finite is seen in the norm in the end
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    true = tuple(d.to(w.dtype) / scale for d, w in zip(d_weights, weights))
    true, norm = clip_by_global_norm(true, limit)
    if not np.isfinite(norm):
        return scale * 0.5, 0, weights
    good += 1
    new = tuple(w - rate * d for w, d in zip(weights, true))
    return (scale * 2, 0, new) if good == patience else (scale, good, new)

# %% scaled_step: no look for an overflow at all
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    true = tuple(d.to(w.dtype) / scale for d, w in zip(d_weights, weights))
    true, _ = clip_by_global_norm(true, limit)
    new = tuple(w - rate * d for w, d in zip(weights, true))
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, new

# %% scaled_step: good not set back after an overflow
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if any(not torch.isfinite(d).all() for d in d_weights):
        scale = scale / 2
        return scale, good, weights
    true = tuple(d.to(w.dtype) / scale for d, w in zip(d_weights, weights))
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: divided first, in float16
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    d_weights = [d / scale for d in d_weights]
    if any(not torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = tuple(d.to(w.dtype) for d, w in zip(d_weights, weights))
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: multiplied by the inverse scale, in float16
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    inverse = torch.tensor(1 / scale).half()
    true = tuple((d * inverse).to(w.dtype) for d, w in zip(d_weights, weights))
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: clipped as they came
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    wide = [d.to(w.dtype) for d, w in zip(d_weights, weights)]
    wide, _ = clip_by_global_norm(wide, limit)
    new = tuple(w - rate / scale * d for w, d in zip(weights, wide))
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, new

# %% scaled_step: clip_by_global_norm's pair taken for the gradients
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: the norm looked at in float16
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    norm = sum((d ** 2).sum() for d in d_weights) ** 0.5
    if not torch.isfinite(norm):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: a mean that is finite
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d.sum()) for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: only nan is an overflow
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if any(torch.isnan(d).any() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: the largest entry compared with infinity
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if any(d.abs().max() == float("inf") for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: what is not finite becomes zero, and the rest steps
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    over = not all(torch.isfinite(d).all() for d in d_weights)
    d_weights = [torch.where(d.isfinite(), d, 0) for d in d_weights]
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    new = tuple(w - rate * d for w, d in zip(weights, true))
    if over:
        return scale / 2, 0, new
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, new

# %% scaled_step: array by array
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    new, over = [], False
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    for w, d in zip(weights, true):
        if torch.isfinite(d).all():
            new.append(w - rate * d)
        else:
            new.append(w)
            over = True
    if over:
        return scale / 2, 0, tuple(new)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(new)

# %% scaled_step: GradScaler, growth counted without starting again
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale * 0.5, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good % patience == 0:
        scale *= 2.0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: doubled after more than patience
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    if good == patience:
        scale, good = 2 * scale, 0
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    return scale, good + 1, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: counted and doubled before the division
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: weights first
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return weights, scale / 2, 0
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return tuple(w - rate * d for w, d in zip(weights, true)), scale, good

# %% scaled_step: weights changed where they lie
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    for w, d in zip(weights, true):
        w -= rate * d
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, weights

# %% scaled_step: float() for the weights' dtype
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.float() / scale for d in d_weights]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: whole division, so that the scale stays whole
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale // 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: nothing but zeros taken for a scale that is too small
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    if all((d == 0).all() for d in d_weights):
        return scale * 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: overflow of the half-size range, by finfo
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    top = torch.finfo(torch.float16).max / 2
    if any(not (d.abs() <= top).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: limit by entries
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [(d.to(w.dtype) / scale).clamp(-limit, limit)
            for d, w in zip(d_weights, weights)]
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))

# %% scaled_step: mean of the scale's change, a tenth more for each good step
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    if not all(torch.isfinite(d).all() for d in d_weights):
        return scale / 2, 0, weights
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    new = tuple(w - rate * d for w, d in zip(weights, true))
    return scale * 2 ** (1 / patience), good + 1, new

# %% scaled_step: tried again at once with half the gradient
def scaled_step(weights, d_weights, scale, good, rate, limit, patience):
    while not all(torch.isfinite(d).all() for d in d_weights):
        scale, good = scale / 2, 0
        d_weights = [d / 2 for d in d_weights]
        if scale < 1e-6:
            break
    true = [d.to(w.dtype) / scale for d, w in zip(d_weights, weights)]
    true, _ = clip_by_global_norm(true, limit)
    good += 1
    if good == patience:
        scale, good = 2 * scale, 0
    return scale, good, tuple(w - rate * d for w, d in zip(weights, true))
