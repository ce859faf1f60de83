# %% rms_norm: right, cast
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    f = xp.astype(x, xp.float32) if 'float16' in str(x.dtype) else x
    g = xp.astype(w, f.dtype)
    y = g * f / xp.sqrt(xp.mean(f*f, axis=-1, keepdims=True) + eps)
    return xp.astype(y, x.dtype)

# %% rms_norm: max, and a step of zeros
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True)
    s = xp.where(s > 0, s, xp.ones_like(s))
    z = x / s
    return z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + (eps**0.5/s)**2) * w

# %% rms_norm: hasty root of squares, eps
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / xp.sqrt(xp.mean(x**2, axis=-1, keepdims=True) + eps)

# %% rms_norm: hasty no keepdims sum
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.sum(xp.abs(x), axis=-1, keepdims=True) + eps**0.5
    z = x / s
    return w * z / xp.sqrt(xp.sum(z*z, axis=-1, keepdims=True) + (eps**0.5/s)**2)

# %% rms_norm: eps unscaled z, where s 0
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True)
    s = xp.where(s > 0, s, xp.ones_like(s))
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps)

# %% rms_norm: layernorm with naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    m = xp.mean(x, axis=-1, keepdims=True)
    v = xp.mean((x-m)**2, axis=-1, keepdims=True)
    return w * (x-m) / xp.sqrt(v + eps)

# %% rms_norm: shape max over axis 1
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=1, keepdims=True) + eps**0.5
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=1, keepdims=True) + (eps**0.5/s)**2)

# %% rms_norm: no w, naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return x / xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True) + eps)

# %% rms_norm: eps missing naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True))

# %% rms_norm: norm length naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / xp.sqrt(xp.sum(x*x, axis=-1, keepdims=True) + eps)

# %% rms_norm: eps outside naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / (xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True)) + eps)

# %% rms_norm: forgot s in eps, s plus eps
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + eps
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps)

# %% rms_norm: root/s unsquared
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + root / s)

# %% rms_norm: s whole max
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x)) + root
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + (root / s)**2)

# %% rms_norm: s fixed 1000
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    z = x / 1000
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps / 1000**2)

# %% rms_norm: s mean abs
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.mean(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * z / (xp.mean(z*z, axis=-1, keepdims=True) + (root / s)**2)

# %% rms_norm: 2 clip before squaring
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    z = xp.clip(x, -200.0, 200.0)
    return w * x / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps)

# %% rms_norm: 2 std with correction
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / xp.sqrt(xp.var(x, axis=-1, keepdims=True) + eps)

# %% rms_norm: 2 s squared wrong
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True)) + (root / s)**2

# %% rms_norm: 2 eps/s**2
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + eps**0.5
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps / s**2)

# %% rms_norm: 2 s no abs no root
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(x, axis=-1, keepdims=True)
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + (eps**0.5 / s)**2)

# %% rms_norm: 2 forgot eps, s max
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True)
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True))

# %% rms_norm: 2 sum without w [so told: sum for the mean]
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return z / xp.sqrt(xp.sum(z*z, axis=-1, keepdims=True) + (root / s)**2)

# %% rms_norm: 2 times s*
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * x / (s * s * xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + (root / s)**2))

# %% rms_norm: 2 mean abs
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / (xp.mean(xp.abs(x), axis=-1, keepdims=True) + eps)

# %% rms_norm: 2 max norm
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / (xp.max(xp.abs(x), axis=-1, keepdims=True) + eps)

# %% rms_norm: 2 cast forgotten back
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    f = xp.astype(x, xp.float32)
    y = f / xp.sqrt(xp.mean(f*f, axis=-1, keepdims=True) + eps)
    return w * y

# %% rms_norm: 2 axis none naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x / xp.sqrt(xp.mean(x*x) + eps)

# %% rms_norm: axis (1,2)
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=(1, 2), keepdims=True) + (root / s)**2)

# %% rms_norm: forgot the sqrt and eps [so told: no root]
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + eps**0.5
    z = x / s
    return w * z / xp.mean(z*z, axis=-1, keepdims=True)

# %% rms_norm: x*rho
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return w * x * xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True) + eps)

# %% rms_norm: 1+w
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    return (1 + w) * x / xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True) + eps)

# %% rms_norm: w inside square
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    v = w * x
    return v / xp.sqrt(xp.mean(v*v, axis=-1, keepdims=True) + eps)

# %% rms_norm: eps*s**2
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + eps**0.5
    z = x / s
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + eps * s**2)

# %% rms_norm: layer norm scaled
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    z = z - xp.mean(z, axis=-1, keepdims=True)
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True) + (root/s)**2)

# %% rms_norm: forgot divide eps, where
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True)
    z = x / (s + eps)
    return w * z / xp.sqrt(xp.mean(z*z, axis=-1, keepdims=True))

# %% rms_norm: in place
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    x *= w
    return x / xp.sqrt(xp.mean(x*x, axis=-1, keepdims=True) + eps)

# %% rms_norm: sqrt of x first
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = eps**0.5
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    return w * z / (xp.mean(z*z, axis=-1, keepdims=True) + (root / s)**2)

# %% pre_norm_vjp: right, einsum-like
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = xp.tensordot(d_y, n * w, axes=((0, 1), (0, 1)))
    D = x.shape[-1]
    d_n = d_a * w
    d_x = d_n / rho - x * xp.sum(d_n * x, axis=-1, keepdims=True) / (D * rho**3) + d_y
    return d_x, xp.sum(xp.sum(d_a * n, axis=0), axis=0), d_W

# %% pre_norm_vjp: hasty constant norm
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    return d_y + d_a * w / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: softmax-like
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    return d_y + n * (d_n - xp.sum(d_n * n, axis=-1, keepdims=True)), xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: unit vjp sum not mean, no rho
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    return d_y + d_n - n * xp.sum(d_n * n, axis=-1, keepdims=True), xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: residual no, norm const, no w
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    return d_a / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: shape dW W
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), xp.sum(xp.matrix_transpose(w*n) @ d_y, axis=0)

# %% pre_norm_vjp: shape d_w sum axis -1
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=-1), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: order of results
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, rows(d_y).T @ rows(w * n), xp.sum(d_a * n, axis=(0,1))

# %% pre_norm_vjp: maths rho 2
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    return d_y + d_n / rho - x * xp.mean(d_n * x, axis=-1, keepdims=True) / rho**2, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: maths rho 3 sum
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    return d_y + d_n / rho - x * xp.sum(d_n * x, axis=-1, keepdims=True) / rho**3, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: w on d_y after
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    along = xp.mean(d_a * n, axis=-1, keepdims=True)
    return d_y + w * (d_a - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: post norm
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_n = d_y * w
    d_r = (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_r + d_r @ W, xp.sum(d_y * n, axis=(0,1)), rows(d_r).T @ rows(x)

# %% pre_norm_vjp: d_W with d_a and n, d_w of d_n
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_n * n, axis=(0,1)), rows(d_y).T @ rows(n)

# %% pre_norm_vjp: residual missing and sum
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.sum(d_n * n, axis=-1, keepdims=True)
    return (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: W.T and residual missing
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W.T
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 no along, not residual
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    return d_a * w / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 mean over T,B for W
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.mean(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 along without keepdims times x/rho2
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + d_n / rho - along * x / rho**3, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 W swapped both and no w in dW
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W.T
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(n).T @ rows(d_y)

# %% pre_norm_vjp: 2 d_W from d_x
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    d_x = d_y + (d_n - n * along) / rho
    return d_x, xp.sum(d_a * n, axis=(0,1)), rows(d_x).T @ rows(w * n)

# %% pre_norm_vjp: 2 d_W with y input x*w
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(x * w)

# %% pre_norm_vjp: 2 d_w x and d_y
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_y * x, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 residual d_y * w
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y * w + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 mean(d_n)*n
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * xp.mean(d_n, axis=-1, keepdims=True)) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 along rho fwd const + mean x
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + d_n / rho - n * along / rho / 2, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: 2 dW last, dw n only
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: sign plus
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n + n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: missing 1/rho on second, residual
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + d_n / rho - x * along, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: along over all
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * xp.mean(d_n * n)) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: no residual
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: d_W a.T d_a
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(w * n).T @ rows(d_a)

# %% pre_norm_vjp: both sums /T
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    T = x.shape[0]
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)) / T, rows(d_y).T @ rows(w * n) / T

# %% pre_norm_vjp: sum over axis 0 for w
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=0), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: d_n from d_y w
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_y * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: d_a residual in norm
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W + d_y
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return (d_n - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% pre_norm_vjp: layernorm vjp
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_n = d_a * w
    along = xp.mean(d_n * n, axis=-1, keepdims=True)
    return d_y + (d_n - xp.mean(d_n, axis=-1, keepdims=True) - n * along) / rho, xp.sum(d_a * n, axis=(0,1)), rows(d_y).T @ rows(w * n)

# %% look_back: right, loop
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = list(xp.unstack(before)) + list(xp.unstack(x))
    out = []
    for t in range(T):
        out.append(sum(w[j, ...] * row[J - 1 + t - j] for j in range(J)))
    after = row[T:]
    return xp.stack(out), (xp.stack(after) if after else 0 * before)

# %% look_back: hasty zip
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[j:j+T, ...] for j in range(J))
    return u, row[T:, ...]

# %% look_back: hasty x -J
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, x[-J:, ...]

# %% look_back: row -J
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[-J:, ...]

# %% look_back: before as newest first
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    u = []
    for t in range(T):
        total = 0 * x[0, ...]
        for j in range(J):
            total = total + w[j, ...] * (x[t-j, ...] if t >= j else before[j-t-1, ...])
        u.append(total)
    return xp.stack(u), xp.concat([before, x])[T:, ...]

# %% look_back: negative index wrap
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    u = []
    for t in range(T):
        total = 0 * x[0, ...]
        for j in range(J):
            total = total + w[j, ...] * x[(t - j) % T, ...]
        u.append(total)
    return xp.stack(u), xp.concat([before, x])[T:, ...]

# %% look_back: skip missing past
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    u = []
    for t in range(T):
        total = 0 * x[0, ...]
        for j in range(J):
            if t >= j:
                total = total + w[j, ...] * x[t - j, ...]
        u.append(total)
    return xp.stack(u), xp.concat([before, x])[T:, ...]

# %% look_back: off by one before t-j
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    u = []
    for t in range(T):
        total = 0 * x[0, ...]
        for j in range(J):
            total = total + w[j, ...] * (x[t-j, ...] if t >= j else before[(J - 2 + t - j) % (J - 1), ...])
        u.append(total)
    return xp.stack(u), xp.concat([before, x])[T:, ...]

# %% look_back: ahead with row
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([x, before])
    u = sum(w[j, ...] * row[j:j+T, ...] for j in range(J))
    return u, row[T:, ...]

# %% look_back: state of u [so told: outputs in the state]
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, u[T-J+1:, ...]

# %% look_back: zeros and state from x
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([0*before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, x[-(J-1):, ...]

# %% look_back: reversed weights and reversed state
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[J-1-j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, xp.flip(row[T:, ...], axis=0)

# %% look_back: J terms from j 1..J [so told: w_0 for the step before]
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j-1, ...] * row[J-1-j:J-1-j+T, ...] for j in range(1, J))
    return u, row[T:, ...]

# %% look_back: matmul w
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(row[J-1-j:J-1-j+T, ...] @ w[j, ...] for j in range(J))
    return u, row[T:, ...]

# %% look_back: J inputs state x T-J
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[T-J+1:, ...]

# %% look_back: 2 conv valid no state T-J+1
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    u = sum(w[j, ...] * x[J-1-j:T-j, ...] for j in range(J))
    return u, x[T-J+1:, ...]

# %% look_back: 2 np.roll with before only first
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * xp.roll(row, j, axis=0)[J-1:, ...] for j in range(J))
    return u, row[:J-1, ...]

# %% look_back: row -(J-1) state forgetting J 1 -visible
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[-(J-1):, ...]

# %% look_back: 2 w.T
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[J-1-j, ...] * row[j+1:j+1+T, ...] for j in range(J-1)) + w[0, ...] * x
    return u, row[T:, ...]

# %% look_back: 2 x_ t+j over row
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x, xp.zeros_like(before)])
    u = sum(w[j, ...] * row[J-1+j:J-1+j+T, ...] for j in range(J))
    return u, row[T:T+J-1, ...]

# %% look_back: 2 all before, no x in state
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, before

# %% look_back: 2 J-2 [so told: w_0 for the step before]
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-2-j:J-2-j+T, ...] for j in range(J-1))
    return u, row[T:, ...]

# %% look_back: 2 start at 0
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[j:j+T, ...] for j in range(J))
    return u, xp.flip(row[T:, ...], axis=0)

# %% look_back: 2 whole row, reversed weights
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[j:j+T, ...] for j in range(J))
    return u, row

# %% look_back: 2 tanh
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u / J, row[T:, ...]

# %% look_back: 2 present plus past
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = x + sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(1, J))
    return u, row[T:, ...]

# %% look_back: no state at all
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([0*before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, before

# %% look_back: reversed before
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before[::-1, ...] if False else xp.flip(before, axis=0), x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, xp.flip(row[T:, ...], axis=0)

# %% look_back: flip x too
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.flip(xp.concat([before, x]), axis=0)
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[T:, ...]

# %% look_back: range J-1 [so told: last term left out]
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J-1))
    return u, row[T:, ...]

# %% look_back: state row T+1
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[T+1:, ...]

# %% look_back: u fed back
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    out = list(xp.unstack(before))
    for t in range(T):
        total = w[0, ...] * x[t, ...]
        for j in range(1, J):
            total = total + w[j, ...] * out[J - 1 + t - j]
        out.append(total)
    return xp.stack(out[J-1:]), xp.concat([before, x])[T:, ...]

# %% look_back: w one channel
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, 0] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, row[T:, ...]

# %% look_back: shift batch
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * xp.roll(x, j, axis=1) for j in range(J))
    return u, row[T:, ...]

# %% look_back: all windows u
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, xp.concat([before, u])[T:, ...]

# %% look_back: state zeros
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = sum(w[j, ...] * row[J-1-j:J-1-j+T, ...] for j in range(J))
    return u, xp.zeros_like(before)

# %% widest: right, roots
def widest(weights, K, L, rows, times):
    a = L * (rows + 2 + 2 * times)
    b = L * (rows + times + 7) + K + 1
    D = int((-b + (b * b + 4 * a * (weights - K)) ** 0.5) / (2 * a)) if weights > K else 0
    D -= D % 4
    if D < 4:
        raise ValueError(f'weights: expected more, got {weights}')
    return D, a * D * D + b * D + K

# %% widest: no norms no shift no biases
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (0) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: only D2 and embeddings
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (0) * D) + K * D
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: two norms
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 6) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: shift per step 2D
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 8) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: head untied with norm missing
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + 2 * K * D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: biases only of readout missing, tie twice
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + 2 * K * D + D
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: mixer out only D
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((1 + 2 + 2 * times) * D * D + (1 + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: mlp one matrix
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: gate out one
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 1 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: strict
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) < weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: norms in L and last in L
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 8) * D) + K * D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: mlp times 2
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: shift is a matrix
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 3 + 2 * times) * D * D + (rows + times + 6) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: norm per token
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + K * D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: weights and biases of mixer D*rows + D
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (times + 8) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: readout K biases missing
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: float division sqrt estimate
def widest(weights, K, L, rows, times):
    D = int((weights / (L * (rows + 2 + 2 * times))) ** 0.5) // 4 * 4
    return D, L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K

# %% widest: round nearest multiple
def widest(weights, K, L, rows, times):
    a = L * (rows + 2 + 2 * times)
    b = L * (rows + times + 7) + K + 1
    D = round((-b + (b * b + 4 * a * (weights - K)) ** 0.5) / (2 * a) / 4) * 4
    return D, a * D * D + b * D + K

# %% widest: 2 emb only once each layer
def widest(weights, K, L, rows, times):
    def count(D):
        return L * (((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D) + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 three linear layers (rows only)
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 no mixer bias, no hidden bias
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 norms as 2D with 3 norms
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 10) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 gate and out without biases and last
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 4) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 shift forgotten, last norm too
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 6) * D) + K * D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 count as times both
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + times) * D * D + (rows + times + 6) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 embedding K*K
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * K + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: 2 round up
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D + 4, count(D + 4)

# %% widest: 2 return only D
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D

# %% widest: 2 multiples of 4 wrong start
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D) - K

# %% widest: 2 //4 of max D float
def widest(weights, K, L, rows, times):
    a = L * (rows + 2 + 2 * times)
    b = L * (rows + times + 7) + K + 1
    D = (-b + (b * b + 4 * a * (weights - K)) ** 0.5) / (2 * a)
    D = int(D)
    return D, a * D * D + b * D + K

# %% widest: gate, out, norm bias none
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 5) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: only one big norm
def widest(weights, K, L, rows, times):
    def count(D):
        return ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: rows twice (recurrent)
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((2 * rows + 2 + 2 * times) * D * D + (2 * rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: no tail
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D)
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: mlp both times*D bias
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + 2 * times + 6) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: tie twice
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + 2 * K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% widest: ret weights
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 4) <= weights:
        D += 4
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, weights

# %% widest: step 8
def widest(weights, K, L, rows, times):
    def count(D):
        return L * ((rows + 2 + 2 * times) * D * D + (rows + times + 7) * D) + K * D + D + K
    D = 0
    while count(D + 8) <= weights:
        D += 8
    if D == 0:
        raise ValueError(f'weights: expected {count(4)}, got {weights}')
    return D, count(D)

# %% bits_after: right, mask
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    p = to_numpy(xp.cumulative_sum(seconds, axis=1))
    idx = (p <= budget).sum(1) - 1
    if (idx < 0).any():
        raise ValueError('budget: expected more')
    got = xp.stack([nats[s, int(i)] for s, i in enumerate(idx)])
    return got / math.log(2) * tokens / characters

# %% bits_after: log2 of e inverse
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log2(2))

# %% bits_after: right, log2(e) right variant
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters * math.log2(math.e))

# %% bits_after: per token bits
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (1 / math.log(2))

# %% bits_after: characters per token
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (characters / tokens / math.log(2))

# %% bits_after: nats per char
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters)

# %% bits_after: best so far
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.min(nats[s, :done]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: lowest of whole
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.min(nats[s, :]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: done index clip
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, min(done, E - 1)])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: no cumsum
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = seconds
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: cumsum axis 0
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=0)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: mean of last within
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.mean(nats[s, :done]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: nats per char best [so told: nats]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.min(nats[s, :done]))
    return xp.stack(out) * (tokens / characters)

# %% bits_after: per token bits, last [so told: per token]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, -1])
    return xp.stack(out) * (1 / math.log(2))

# %% bits_after: nats per char no cumsum [so told: nats]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = seconds
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters)

# %% bits_after: exp
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.exp(nats[s, done - 1]))
    return xp.stack(out) * (1.0)

# %% bits_after: 2**
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(2 ** nats[s, done - 1])
    return xp.stack(out) * (tokens / characters)

# %% bits_after: per char, times ln2
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters * math.log(2))

# %% bits_after: only chars
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (1 / characters / math.log(2))

# %% bits_after: mean time [so told: same time for each test]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.mean(seconds, axis=1, keepdims=True) * xp.asarray([1.0, 2, 3, 4, 5, 6][: nats.shape[1]], dtype=nats.dtype)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: single index for all seeds
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(xp.sum(seconds, axis=0), axis=0)
    done = sum(float(t) <= budget for t in passed)
    if not done:
        raise ValueError('budget: expected more')
    return nats[:, done - 1] * tokens / characters / math.log(2)

# %% bits_after: mean over seeds returned float
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    out = []
    for s in range(nats.shape[0]):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(float(nats[s, done - 1]))
    return sum(out) / len(out) * tokens / characters / math.log(2)

# %% bits_after: list of floats
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    out = []
    for s in range(nats.shape[0]):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(float(nats[s, done - 1]) * tokens / characters / math.log(2))
    return out

# %% bits_after: 2 first test after
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done] if done < E else nats[s, -1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 min at any, nats [so told: nats]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.min(nats[s, :]))
    return xp.stack(out) * (tokens / characters)

# %% bits_after: 2 log10
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log10(2))

# %% bits_after: 2 exp(nats)/ln2
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.exp(nats[s, done - 1]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 last of all
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, -1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 max within
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.max(nats[s, :done]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 sum of nats within
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.sum(nats[s, :done]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 cumsum from 0 (without own)
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1) - seconds
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: 2 log2(nats)
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.log2(nats[s, done - 1]))
    return xp.stack(out) * (tokens / characters)

# %% bits_after: 2 tokens only
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / math.log(2))

# %% bits_after: 2 chars inverted, nats
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (characters / tokens)

# %% bits_after: 2 no tokens, last [so told: divided by characters alone]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, -1])
    return xp.stack(out) * (1 / characters / math.log(2))

# %% bits_after: 2 median over seeds
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    out = []
    for s in range(nats.shape[0]):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(float(nats[s, done - 1]))
    return sorted(out)[len(out) // 2] * tokens / characters / math.log(2)

# %% bits_after: done - 2
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, max(done - 2, 0)])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: first
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, 0])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: mean over seeds
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.mean(nats[:, done - 1]))
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: nats/tokens
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (1 / tokens / math.log(2))

# %% bits_after: no factor
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (1.0)

# %% bits_after: nats mean nats/char [so told: nats]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.mean(nats[s, :done]))
    return xp.stack(out) * (tokens / characters)

# %% bits_after: best, per token [so told: per token]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.min(nats[s, :done]))
    return xp.stack(out) * (1 / math.log(2))

# %% bits_after: strict [so told: equality refused]
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, sum(float(t) < budget for t in passed[s, :]) - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% bits_after: exp then chars
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(xp.exp(nats[s, done - 1] * tokens / characters))
    return xp.stack(out) * (1.0)

# %% bits_after: seconds mean of seeds
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(xp.mean(seconds, axis=0, keepdims=True) + 0 * seconds, axis=1)
    S, E = nats.shape
    out = []
    for s in range(S):
        done = sum(float(t) <= budget for t in passed[s, :])
        if done == 0:
            raise ValueError('budget: expected more')
        out.append(nats[s, done - 1])
    return xp.stack(out) * (tokens / characters / math.log(2))

# %% selective_layer: right,
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    y = []
    for t in range(T):
        s = softplus(p[t, :, :H])
        b, c = p[t, :, H:H+N], p[t, :, H+N:]
        h = h * xp.exp(-s[:, :, None] * xp.exp(params.log_rate)) + (s * x[t, ...])[:, :, None] * b[:, None, :]
        y.append(xp.sum(h * c[:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: order c b
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H+N:], p[..., H:H+N]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: order b c p
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., 2*N:])
    b, c = p[..., :N], p[..., N:2*N]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: order p in the middle
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., N:N+H])
    b, c = p[..., :N], p[..., N+H:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: rate not exp
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * params.log_rate)
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: rate negative log (S6 A -exp)
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: rate as sigmoid of step
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None]) * xp.exp(-xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: zoh b
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = ((1 - a) / xp.exp(params.log_rate)) * x[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: u without s
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = x[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: all through softplus
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = softplus(x @ params.W_x.T + params.b_x)
    s = p[..., :H]
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: y read with b
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * b[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: no skip
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1))
    return xp.stack(y), h

# %% selective_layer: no skip, u without s [so told: no step in the input]
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = x[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1))
    return xp.stack(y), h

# %% selective_layer: mean over N
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.mean(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: skip times p
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * s[t, ...])
    return xp.stack(y), h

# %% selective_layer: decay after
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * (h + u[t, ...])
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 1-a write
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (1 - a) * (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: no bias
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: log softplus
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = -softplus(-p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: states returned
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), y[-1]

# %% selective_layer: only y
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y)

# %% selective_layer: gate out
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) * params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 c b swapped usage
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * c[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * b[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 exp(-rate) only
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-xp.exp(params.log_rate)) + 0 * s[..., None]
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 s missing in a sign raw [so told: rate for its logarithm]
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-params.log_rate * s[..., None])
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1))
    return xp.stack(y), h

# %% selective_layer: 2 b also times a
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = a * (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 1-a only
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (1 - a) * x[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 relu step
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = xp.clip(p[..., :H], min=0.0)
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 p raw step
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = p[..., :H]
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 h0 zero
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * (h if t else 0 * h) + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 skip of one
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 h not accumulating
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 cumulative no decay
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 y times c missing sum over h
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h, axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 W not transposed
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 a at -1
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t - 1, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 2 step per b s*b without x
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: rate exp minus
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(-params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: 1 - s r
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = 1 - s[..., None] * xp.exp(params.log_rate)
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: s sigmoid
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = 1 / (1 + xp.exp(-p[..., :H]))
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: s exp
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = xp.exp(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: no x in u
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = s[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: c for b
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * c[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: skip only weights
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip)
    return xp.stack(y), h

# %% selective_layer: last a
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[-1, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: first rate only
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate[:, :1])) + 0 * params.log_rate
    u = (s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: h squared step
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    s = softplus(p[..., :H])
    b, c = p[..., H:H+N], p[..., H+N:]
    a = xp.exp(-s[..., None] * xp.exp(params.log_rate))
    u = (s * s * x)[..., None] * b[..., None, :]
    y = []
    for t in range(T):
        h = a[t, ...] * h + u[t, ...]
        y.append(xp.sum(h * c[t, :, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% bits_after: right, test by test
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% selective_layer: right, sums in place of products
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% rms_norm: naive
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.ones_like(x[..., :1])
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: max no abs
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max((x), axis=-1, keepdims=True) + root
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: sum
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    y = w * z / xp.sqrt(xp.sum(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: eps outside
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    y = w * z / (xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True)) + eps / s)
    return y

# %% rms_norm: eps unscaled
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps)
    return y

# %% rms_norm: layer norm
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s; z = z - xp.mean(z, axis=-1, keepdims=True)
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: no w
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    y = z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: eps over s squared
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True) + root
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + eps / s**2)
    return y

# %% rms_norm: no root of eps added
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), axis=-1, keepdims=True)
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% rms_norm: max over all
def rms_norm(x, w, eps):
    xp = array_namespace(x)
    root = math.sqrt(eps)
    s = xp.max(xp.abs(x), keepdims=True) + root
    z = x / s
    y = w * z / xp.sqrt(xp.mean(z * z, axis=-1, keepdims=True) + (root / s) ** 2)
    return y

# %% pre_norm_vjp: no residual, once more
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: W transposed
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W.T
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: d_W transposed
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(w * n).T @ rows(d_y)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: d_W of n
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: d_W of x
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(x)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: rho constant
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: sum for mean
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.sum(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: d_w of d_y
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_y * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: no w in d_n
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a
    d_x = d_y + (d_n - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% pre_norm_vjp: as in layer norm
def pre_norm_vjp(d_y, x, w, W, eps):
    xp = array_namespace(x)
    rho = xp.sqrt(xp.mean(x * x, axis=-1, keepdims=True) + eps)
    n = x / rho
    d_a = d_y @ W
    d_W = rows(d_y).T @ rows(w * n)
    d_w = xp.sum(d_a * n, axis=(0, 1))
    d_n = d_a * w
    d_x = d_y + (d_n - xp.mean(d_n, axis=-1, keepdims=True) - n * xp.mean(d_n * n, axis=-1, keepdims=True)) / rho
    return d_x, d_w, d_W

# %% look_back: w reversed
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[J - 1 - j, ...] * row[a : a + T, ...]
    after = row[T:, ...]
    return u, after

# %% look_back: after from x alone
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[j, ...] * row[a : a + T, ...]
    after = x[-(J - 1):, ...]
    return u, after

# %% look_back: after by a negative index
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[j, ...] * row[a : a + T, ...]
    after = row[-(J - 1):, ...]
    return u, after

# %% look_back: after newest first
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[j, ...] * row[a : a + T, ...]
    after = xp.flip(row[T:, ...], axis=0)
    return u, after

# %% look_back: before ignored
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([0 * before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[j, ...] * row[a : a + T, ...]
    after = row[T:, ...]
    return u, after

# %% look_back: after the first
def look_back(x, w, before):
    xp = array_namespace(x)
    T, J = x.shape[0], w.shape[0]
    row = xp.concat([before, x])
    u = xp.zeros_like(x)
    for j in range(J):
        a = J - 1 - j
        u = u + w[j, ...] * row[a : a + T, ...]
    after = row[:J - 1, ...]
    return u, after

# %% widest: no readout biases
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: embedding twice
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return 2 * K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: no last norm
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: less than
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) < weights:
        D += 4
    return D, count(D)

# %% widest: step 1
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 1) <= weights:
        D += 1
    return D, count(D)

# %% widest: no biases in linear
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: one norm too few
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: shift forgotten
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: message
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if count(D) > weights:
        raise ValueError(f"too few weights: {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% widest: no refusal
def widest(weights, K, L, rows, times):
    def count(D):
        def linear(m, n):
            return m * n + n
        block = 2 * D + D + linear(D, rows * D) + 2 * linear(D, D) + D
        block += linear(D, times * D) + linear(times * D, D)
        return K * D + D + K + L * block
    D = 4
    if False:
        raise ValueError(f"weights: expected at least {count(D)}, got {weights}")
    while count(D + 4) <= weights:
        D += 4
    return D, count(D)

# %% bits_after: best
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e] if last is None else min(last, nats[s, e])
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: strict, once more
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] < budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: no cumsum, once more
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = seconds
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: nats
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters)
    bits = xp.stack(bits)
    return bits

# %% bits_after: per token
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: inverted
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * characters / tokens / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: times ln2
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters * math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: first beyond
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            last = nats[s, e]
            if passed[s, e] > budget:
                break
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: last test
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1)
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if True:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% bits_after: common test for all
def bits_after(nats, seconds, budget, tokens, characters):
    xp = array_namespace(nats)
    passed = xp.cumulative_sum(seconds, axis=1); passed = 0 * passed + passed[:1, :]
    bits = []
    for s in range(nats.shape[0]):
        last = None
        for e in range(nats.shape[1]):
            if passed[s, e] <= budget:
                last = nats[s, e]
        if last is None:
            raise ValueError(f"budget: expected a test within {budget} seconds, seed {s} has none")
        bits.append(last * tokens / characters / math.log(2))
    bits = xp.stack(bits)
    return bits

# %% selective_layer: no softplus
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = p
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: b and c swapped
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, c, b = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: no skip, once more
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1))
    return xp.stack(y), h

# %% selective_layer: log_rate for rate
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = params.log_rate
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: s not in write
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: writes what is not kept
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + (1 - xp.exp(-s_t * r)) * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: x not in write
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-s_t * r) * h + s_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: sign
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(s_t * r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: gate sigmoid
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = 1 / (1 + xp.exp(-s_t * r)) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h

# %% selective_layer: s not in factor
def selective_layer(params, x, h):
    xp = array_namespace(x)
    T, H, N = x.shape[0], *h.shape[1:]
    p = x @ params.W_x.T + params.b_x
    p, b, c = p[..., :H], p[..., H : H + N], p[..., H + N :]
    s = softplus(p)
    r = xp.exp(params.log_rate)
    y = []
    for t in range(T):
        s_t, x_t = s[t, ...][..., None], x[t, ...][..., None]
        h = xp.exp(-r) * h + s_t * x_t * b[t, ...][:, None, :]
        y.append(xp.sum(h * c[t, ...][:, None, :], axis=-1) + params.skip * x[t, ...])
    return xp.stack(y), h
