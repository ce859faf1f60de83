# %% [markdown]
# The author of the answers to `int8_product` had written the first version of
# its catalogue; they were written without another look at it. So had the author
# of those to `scaled_step`. The answers to the other four tasks were written by
# somebody who had read the released notebook and the chapter, not the catalogue.

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

# %% int8_product: zero point, as in asymmetric quantisation [so told: from the least to the largest]
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

# %% LeakyCell: steepness forgotten
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2)
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), None

# %% LeakyCell: 1 - keep forgotten on the way through r
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), None

# %% LeakyCell: no None for the steepness
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0)

# %% LeakyCell: the state gets all of d_h
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h, (d_h * (h - r)).sum(0), None

# %% LeakyCell: keep's second place forgotten
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * h).sum(0), None

# %% LeakyCell: keep's gradient summed over everything
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(), None

# %% LeakyCell: keep's gradient a mean over the batch
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).mean(0), None

# %% LeakyCell: the state's gradient first
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        d_keep = (d_h * (h - r)).sum(0)
        return d_h * keep, d_a, d_a, d_keep, None

# %% LeakyCell: d_h changed in place on the way
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_keep = (d_h * (h - r)).sum(0)
        d_a = d_h.mul_(1 - keep).mul_(1 - r**2).mul_(ctx.steepness)
        return d_a, d_a, d_h * keep, d_keep, None

# %% LeakyCell: saves a, and takes 1 - a² for the derivative [so told: tanh's slope of its argument]
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        a = steepness * (a_x + a_h)
        r = torch.tanh(a)
        ctx.save_for_backward(h, keep, a)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, a = ctx.saved_tensors
        r = torch.tanh(a)
        d_a = d_h * (1 - keep) * (1 - a**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), None

# %% LeakyCell: a gradient for the steepness too
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        d_s = (d_h * (1 - keep) * (1 - r**2) * torch.atanh(r)).sum()
        d_s = d_s / ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), d_s

# %% LeakyCell: the sigmoid's derivative
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * r * (1 - r) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), None

# %% LeakyCell: keep and 1 - keep the other way round
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * keep * (1 - r**2) * ctx.steepness
        d_keep = (d_h * (r - h)).sum(0)
        return d_a, d_a, d_h * (1 - keep), d_keep, None

# %% LeakyCell: the sign of keep's gradient
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (d_h * (r - h)).sum(0), None

# %% LeakyCell: the state through r as well
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep + d_a, (d_h * (h - r)).sum(0), None

# %% LeakyCell: keep's gradient without d_h
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_a = d_h * (1 - keep) * (1 - r**2) * ctx.steepness
        return d_a, d_a, d_h * keep, (h - r).sum(0), None

# %% LeakyCell: the steepness squared into r
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        s = ctx.steepness
        d_a = d_h * (1 - keep) * (1 - (s * r) ** 2) * s
        return d_a, d_a, d_h * keep, (d_h * (h - r)).sum(0), None

# %% LeakyCell: right, torch adds keep's gradients up
class LeakyCell(torch.autograd.Function):
    @staticmethod
    def forward(ctx, a_x, a_h, h, keep, steepness):
        r = torch.tanh(steepness * (a_x + a_h))
        ctx.save_for_backward(h, keep, r)
        ctx.steepness = steepness
        return keep * h + (1 - keep) * r

    @staticmethod
    @once_differentiable
    def backward(ctx, d_h):
        h, keep, r = ctx.saved_tensors
        d_r = d_h - d_h * keep
        d_a = d_r * ctx.steepness * (1 - r * r)
        return d_a, d_a, d_h * keep, d_h * (h - r), None

# %% to_torch: the bias in both
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    b = turned(bias)
    return dict(zip(names, [turned(kernel).T, turned(recurrent).T, b, b]))

# %% to_torch: transposed only, the order left
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    zeros = torch.zeros_like(bias)
    return dict(zip(names, [kernel.T, recurrent.T, bias, zeros]))

# %% to_torch: the bias left in the file's order
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, bias, zeros
    return dict(zip(names, arrays))

# %% to_torch: the recurrent matrix left in the file's order
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, recurrent.T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: not transposed
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    arrays = turned(kernel), turned(recurrent), turned(bias)
    return dict(zip(names, [*arrays, torch.zeros_like(bias)]))

# %% to_torch: reshaped
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    D, H4 = kernel.shape
    w_ih = turned(kernel).reshape(H4, D)
    w_hh = turned(recurrent).reshape(H4, -1)
    zeros = torch.zeros_like(bias)
    return dict(zip(names, [w_ih, w_hh, turned(bias), zeros]))

# %% to_torch: one bias, three keys
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias)
    return dict(zip(names, arrays))

# %% to_torch: a list of the arrays
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    zeros = torch.zeros_like(bias)
    return [turned(kernel).T, turned(recurrent).T, turned(bias), zeros]

# %% to_torch: transposed first, then the last axis taken into blocks
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel.T), turned(recurrent.T), turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: the recurrent blocks below each other, as they are
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    f, i, o, g = recurrent.chunk(4, -1)
    w_hh = torch.cat([i, f, g, o], 0)
    zeros = torch.zeros_like(bias)
    return dict(zip(names, [turned(kernel).T, w_hh, turned(bias), zeros]))

# %% to_torch: a new axis by stack
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.stack([i, f, g, o])

    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: only input and forget changed places
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, o, g], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: only output and candidate changed places
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([f, i, g, o], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: the old TensorFlow order, i, j, f, o
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, g, f, o], -1)
    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: one added to the forget gate's bias
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    f, i, o, g = bias.chunk(4)
    b = torch.cat([i, f + 1.0, g, o])
    w = []
    for a in (kernel, recurrent):
        f, i, o, g = a.chunk(4, -1)
        w.append(torch.cat([i, f, g, o], -1).T)
    return dict(zip(names, [*w, b, torch.zeros_like(b)]))

# %% to_torch: four numbers a unit next to each other
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        a = a.reshape(*a.shape[:-1], -1, 4)  # units, then gates
        a = a[..., [1, 0, 3, 2]]
        return a.transpose(-1, -2).reshape(*a.shape[:-2], -1)

    zeros = torch.zeros_like(bias)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: zeros in float32
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    zeros = torch.zeros(bias.shape)
    arrays = turned(kernel).T, turned(recurrent).T, turned(bias), zeros
    return dict(zip(names, arrays))

# %% to_torch: right, half of the bias in each
def to_torch(kernel, recurrent, bias):
    names = "weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"
    def turned(a):
        f, i, o, g = a.chunk(4, -1)
        return torch.cat([i, f, g, o], -1)
    half = turned(bias) / 2
    arrays = turned(kernel).T, turned(recurrent).T, half, half.clone()
    return dict(zip(names, arrays))

# %% median_seconds: no wait before the first reading
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: no wait after the run
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: no wait at all
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: no warm-up
def median_seconds(run, wait, clock, warmup, repeats):
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: the warm-up runs counted
def median_seconds(run, wait, clock, warmup, repeats):
    times = []
    for _ in range(warmup + repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: the clock read before the second wait
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        end = clock()
        wait()
        times.append(end - start)
    return statistics.median(times)

# %% median_seconds: Python's clock
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = time.perf_counter()
        run()
        wait()
        times.append(time.perf_counter() - start)
    return statistics.median(times)

# %% median_seconds: waits around all runs together
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    wait()
    times = []
    for _ in range(repeats):
        start = clock()
        run()
        times.append(clock() - start)
    wait()
    return statistics.median(times)

# %% median_seconds: run named, not called
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run
        wait()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: torch's median
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return float(torch.tensor(times).median())

# %% median_seconds: the mean
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return sum(times) / len(times)

# %% median_seconds: the fastest
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    best = float("inf")
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        best = min(best, clock() - start)
    return best

# %% median_seconds: the upper middle
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return sorted(times)[repeats // 2]

# %% median_seconds: the middle of what is not sorted
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = np.zeros(repeats)
    for k in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times[k] = clock() - start
    return float(times[repeats // 2])

# %% median_seconds: the clock started after the order
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    times = []
    for _ in range(repeats):
        wait()
        run()
        start = clock()
        wait()
        times.append(clock() - start)
    return statistics.median(times)

# %% median_seconds: one reading around all, divided
def median_seconds(run, wait, clock, warmup, repeats):
    for _ in range(warmup):
        run()
    wait()
    start = clock()
    for _ in range(repeats):
        run()
    wait()
    return (clock() - start) / repeats

# %% median_seconds: the first of the repeats are the warm-up
def median_seconds(run, wait, clock, warmup, repeats):
    times = []
    for _ in range(repeats):
        wait()
        start = clock()
        run()
        wait()
        times.append(clock() - start)
    return statistics.median(times[warmup:] or times)

# %% median_seconds: right, each warm-up waited for
def median_seconds(run, wait, clock, warmup, repeats):
    def one():
        run()
        wait()

    for _ in range(warmup):
        one()
    wait()
    times = []
    for _ in range(repeats):
        start = clock()
        one()
        times.append(clock() - start)
    return float(np.median(times))

# %% Loop: a second derivative is not refused
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: once_differentiable, as in task 1
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    @once_differentiable
    def backward(ctx, d_y, *d_state):
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: one None for the two functions
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, d_x, *d_params, *d_state

# %% Loop: right, without @staticmethod, which torch does not miss
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: no gradient for the first state
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params

# %% Loop: the tree given to save_for_backward
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.save_for_backward(params, tape)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        params, tape = ctx.saved_tensors
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: kept on ctx, without save_for_backward
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.params, ctx.tape = params, tape
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        params, tape = ctx.params, ctx.tape
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: one part of the state, as the plain cell has
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, (d_state,)
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: a new iterator for each leaf
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        params, tape = tree_map(
            lambda _: next(iter(ctx.saved_tensors)), ctx.form
        )
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: the state returned as a tuple
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: d_params and d_state returned as they are
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, d_params, d_state

# %% Loop: the last state's gradient taken for zero
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        nothing = tuple(torch.zeros_like(d) for d in d_state)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, nothing
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: None for the first state, which is a constant
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *[None for _ in d_state]

# %% Loop: the weights' gradients a mean over the batch
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        d_params = [d / d_y.shape[1] for d in d_params]
        return None, None, d_x, *d_params, *d_state

# %% Loop: d_y turned round, since time runs back
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y.flip(0), d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: the last state's gradient added to the last d_y too
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_y = d_y.clone()
        d_y[-1] += d_state[0]
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: refuses where d_y needs a gradient
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if d_y.requires_grad:
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: the condition the wrong way round
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if not torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: a ValueError
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.form = tree_map(leaves.append, (params, tape))
        ctx.save_for_backward(*leaves)
        ctx.cell_vjp = cell_vjp
        return y, *state

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise ValueError("no second derivative")
        leaves = iter(ctx.saved_tensors)
        params, tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return None, None, d_x, *d_params, *d_state

# %% Loop: right, the form and the leaves by hand
class Loop(torch.autograd.Function):
    @staticmethod
    def forward(ctx, cell, cell_vjp, x, *rest):
        params, state = Params(*rest[:4]), rest[4:]
        y, state, tape = unroll(cell, params, x, state)
        leaves = []
        ctx.cell_vjp = cell_vjp
        ctx.count = len(params)
        ctx.form = tree_map(leaves.append, tape)
        ctx.save_for_backward(*params, *leaves)
        return (y, *state)

    @staticmethod
    def backward(ctx, d_y, *d_state):
        if torch.is_grad_enabled():
            raise RuntimeError("no second derivative")
        saved = ctx.saved_tensors
        params = Params(*saved[: ctx.count])
        leaves = iter(saved[ctx.count :])
        tape = tree_map(lambda _: next(leaves), ctx.form)
        d_params, d_x, d_state = bptt(
            ctx.cell_vjp, params, tape, d_y, d_state
        )
        return (None, None, d_x) + tuple(d_params) + tuple(d_state)
