# %% fits_the_loop: right, with a recursive look
def fits_the_loop(program):
    lines = {name: arguments for name, _, arguments in program}

    def old(a):
        return a in ("h", "c") or any(old(b) for b in lines.get(a, ()))

    return not any(
        operation == "product" and arguments[0] != "h" and old(arguments[0])
        for _, operation, arguments in program
    )

# %% fits_the_loop: every product of h or x, nothing else
def fits_the_loop(program):
    for name, operation, arguments in program:
        if operation == "product" and arguments[0] not in ("x", "h"):
            return False
    return True

# %% fits_the_loop: c is as good as h
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments not in (("h",), ("c",)):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: c is not in the set [so told: memory with a matrix]
def fits_the_loop(program):
    old = {"h"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: no product of the old state at all
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends:
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: the set never grows [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
    return True

# %% fits_the_loop: all in place of any
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = all(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: only products join the set [so told: mixed with the input]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends and operation == "product":
            old.add(name)
    return True

# %% fits_the_loop: products do not join the set [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends and operation != "product":
            old.add(name)
    return True

# %% fits_the_loop: looks at the first argument only
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = arguments[0] in old
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: answers after the first product [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product":
            return not depends or arguments == ("h",)
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: answers after the first line [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
        return True

# %% fits_the_loop: compares with a string
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != "h":
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: compares with a bracket that is no tuple
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments[0] != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: the answer the wrong way round
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return False

# %% fits_the_loop: a scale counts as a product
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation in ("product", "scale") and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: right, looks for h in the one argument
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and "h" not in arguments:
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: names joined as letters [so told: mixed with the input]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.update(name)
    return True

# %% fits_the_loop: names with h in them [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any("h" in a or "c" in a for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: forgot to return True
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)

# %% fits_the_loop: a word for an answer
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return "no"
        if depends:
            old.add(name)
    return "fits"

# %% fits_the_loop: the set as arguments, not the name [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.update(arguments)
    return True

# %% fits_the_loop: c not in the set and the set never grows [so told: one step back only]
def fits_the_loop(program):
    old = {"h"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
    return True

# %% fits_the_loop: times with the old state is refused too
def fits_the_loop(program):
    old = {"h", "c"}
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation in ("product", "times") and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: arguments of a product unpacked as a line
def fits_the_loop(program):
    old = {"h", "c"}
    for operation, name, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% minimal_step: right, with slices
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    a = x_t @ params.W_x.T + params.b_x
    H = h.shape[1]
    x_f, x_n = a[:, :H], a[:, H:]
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: f is the share that is kept
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = f * h + (1 - f) * n
    return new, (f, n, m, h)

# %% minimal_step: reset before the product, as published
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    _, before = gates((f * h) @ params.W_h.T + params.b_h, 2)
    n = xp.tanh(x_n + before)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: no reset
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: the bias of h outside the reset
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    b = params.b_h[h.shape[1] :]
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * (m - b) + b)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: b_h added after the reset, m without it
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T, 2)
    b_f, b_n = params.b_h[: h.shape[1]], params.b_h[h.shape[1] :]
    f = sigmoid(x_f + h_f + b_f)
    n = xp.tanh(x_n + f * m + b_n)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: m without its bias in the cache
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m - params.b_h[h.shape[1] :], h)

# %% minimal_step: m after the reset in the cache
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, f * m, h)

# %% minimal_step: the new h in the cache
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, new)

# %% minimal_step: blocks n then f
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_n, x_f = gates(x_t @ params.W_x.T + params.b_x, 2)
    m, h_f = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: the reset on everything
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(f * (x_n + m))
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: the reset on the input
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(f * x_n + m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: tanh before the reset
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n) + f * xp.tanh(m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: candidate with a sigmoid
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = sigmoid(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: candidate not squashed
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = x_n + f * m
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: gate with tanh
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = xp.tanh(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: b_x forgotten
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: b_h forgotten
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: W_h not transposed
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: cut on the batch axis
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    a = x_t @ params.W_x.T + params.b_x
    b = h @ params.W_h.T + params.b_h
    H = h.shape[1]
    f = sigmoid(a[:H] + b[:H])
    n = xp.tanh(a[H:] + f * b[H:])
    return (1 - f) * h + f * n, (f, n, b[H:], h)

# %% minimal_step: columns of both gates in turn
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    a, b = x_t @ params.W_x.T + params.b_x, h @ params.W_h.T + params.b_h
    x_f, x_n = (a[:, k::2] for k in range(2))
    h_f, m = (b[:, k::2] for k in range(2))
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: the gate sees the input alone
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: old state not weighted
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = h + f * n
    return new, (f, n, m, h)

# %% minimal_step: new state without the old
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = f * n
    return new, (f, n, m, h)

# %% minimal_step: tanh around the new state
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = xp.tanh((1 - f) * h + f * n)
    return new, (f, n, m, h)

# %% minimal_step: mixes with m in place of h
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * m + f * n
    return new, (f, n, m, h)

# %% minimal_step: kept and no reset
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + m)
    new = f * h + (1 - f) * n
    return new, (f, n, m, h)

# %% minimal_step: reset with one minus f
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + (1 - f) * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: a tuple for the state
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return (new,), (f, n, m, h)

# %% minimal_step: works in place on h
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    h *= 1 - f
    h += f * n
    new = h
    return new, (f, n, m, h)

# %% minimal_step: each term squashed alone in the gate
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f) + sigmoid(h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step_vjp: right, einsum for the weights
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = xp.sum(d_a_x[:, :, None] * x_t[:, None, :], axis=0), xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = xp.sum(d_a_h[:, :, None] * h[:, None, :], axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: f through n forgotten
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = d_h * (n - h) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: f through h forgotten
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = d_n * m * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the difference the other way round
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (h - n) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: f without the old state
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * n + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: no slope of f
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: no slope of n
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: d_n with one minus f, as a GRU
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * (1 - f) * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: d_n without f
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the reset forgotten in d_a_h
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: one gradient for both biases
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_x, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the reset on both sides
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n * f], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the past without its share
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the past whole
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the past with f
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * f
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: d_h_before through d_a_x
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_x @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: W_h forgotten, blocks added
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_f + d_n * f + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: W_h gradient from d_a_x
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_x.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: weights transposed
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = x_t.T @ d_a_x, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = h.T @ d_a_h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: mean over the batch
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t / d_h.shape[0], xp.mean(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h / d_h.shape[0], xp.mean(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: biases not summed
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, d_a_x
    d_W_h, d_b_h = d_a_h.T @ h, d_a_h
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: biases summed over the units
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=1)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=1)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: blocks n then f
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_n, d_f], axis=-1)
    d_a_h = xp.concat([d_n * f, d_f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: m with f in it
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * f * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: h in place of m
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * h) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: slope of f on one part only
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = d_h * (n - h) * f * (1 - f) + d_n * m
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: slope of f as of tanh
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * (1 - f**2)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: slope of n with the sigmoid
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * n * (1 - n)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: m with d_h f, the slope of n left out there
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_h * f * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: f through n forgotten and the reset too
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = d_h * (n - h) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: W_h gradient with f times h, as reset before
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ (f * h), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: d_h changed in place
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x.T @ x_t, xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h.T @ h, xp.sum(d_a_h, axis=0)
    d_h *= 1 - f
    d_h_before = d_a_h @ params.W_h + d_h
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: last sequence only in the weights
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n**2)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_b_x = d_a_x[-1:].T @ x_t[-1:], xp.sum(d_a_x, axis=0)
    d_W_h, d_b_h = d_a_h[-1:].T @ h[-1:], xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% units_for: right, downwards
def units_for(budget, G, D):
    H = budget
    while G * H * (D + H + 2) > budget:
        H -= 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: one bias only
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 2) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: no biases
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 1) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: less, not at most
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) < budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: one too many
def units_for(budget, G, D):
    H = 1
    while G * H * (D + H + 2) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: one too few
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    H -= 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: one gate only
def units_for(budget, G, D):
    H = 1
    while (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = H * (D + H)
    return H, multiply_adds

# %% units_for: gates forgotten in the work
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = H * (D + H)
    return H, multiply_adds

# %% units_for: biases in the work
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * (D + H + 2)
    return H, multiply_adds

# %% units_for: operations, twice the multiply-adds
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = 2 * G * H * (D + H)
    return H, multiply_adds

# %% units_for: the work is the budget
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = budget
    return H, multiply_adds

# %% units_for: the recurrent product alone
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * H
    return H, multiply_adds

# %% units_for: the input product alone
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * D
    return H, multiply_adds

# %% units_for: gates only on W_h
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = H * D + G * H * H
    return H, multiply_adds

# %% units_for: gates squared
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * D + (G * H) ** 2
    return H, multiply_adds

# %% units_for: W_h as a square of G H
def units_for(budget, G, D):
    H = 1
    while (G * (H + 1) * D + (G * (H + 1)) ** 2 + 2 * G * (H + 1)) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: square root, rounded to the nearest
def units_for(budget, G, D):
    H = round((((D + 2) ** 2 + 4 * budget / G) ** 0.5 - D - 2) / 2)
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: square root, cut off, a float
def units_for(budget, G, D):
    H = (((D + 2) ** 2 + 4 * budget / G) ** 0.5 - D - 2) // 2
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: square root of the recurrent weights alone
def units_for(budget, G, D):
    H = int((budget / G) ** 0.5)
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: biases of one unit, not of all gates
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 1) + 2 * (H + 1) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: two biases once, not per unit
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 1) + 2 * G <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: the order swapped
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return multiply_adds, H

# %% units_for: one bias and biases in the work
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 2) <= budget:
        H += 1
    multiply_adds = G * H * (D + H + 1)
    return H, multiply_adds

# %% units_for: the test with the D grown as well
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + 1 + H + 3) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: the next H only in the first factor, three biases
def units_for(budget, G, D):
    H = 1
    while G * (H + 1) * (D + H + 4) <= budget:
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% gate_report: right, mean over rows
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(xp.reshape(log_z, (-1, log_z.shape[-1])), axis=0)
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: half-life of the arithmetic mean
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.log(xp.mean(xp.exp(log_z), axis=(0, 1)))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the mean of half-lives
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = xp.mean(-float(np.log(2.0)) / log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: half-life of the mean of a_z
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / -xp.logaddexp(xp.zeros_like(a_z[0, 0]), -xp.mean(a_z, axis=(0, 1)))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: sign of the half-life
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: upside down
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -xp.mean(log_z, axis=(0, 1)) / float(np.log(2.0))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: a time constant, no ln two
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -1 / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: log to the base two and ln
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log2(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: z by the sigmoid
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = xp.log(sigmoid(a_z))
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the written share, one minus z [so told: half-life of 1 - z]
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: half-life with the written share only
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z - a_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the mean over the steps alone
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=0)
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=0)
    return half_life, stuck

# %% gate_report: the mean over everything
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z)
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the mean over the last axis
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 2))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 2))
    return half_life, stuck

# %% gate_report: the share that is not stuck
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope > low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: saturated at one only
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(1 - xp.exp(log_z) < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: saturated at zero only
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(xp.exp(log_z) < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: near zero or one, not by the slope
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where((xp.exp(log_z) < low) | (1 - xp.exp(log_z) < low), xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: slope of tanh
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = 1 - xp.exp(2 * log_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: slope of a_z itself
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = a_z * (1 - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: slope without the two
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: slope with a plus
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z + a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the mean slope judged
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    slope = xp.mean(slope, axis=(0, 1))
    stuck = xp.where(slope < low, xp.ones_like(slope), xp.zeros_like(slope))
    return half_life, stuck

# %% gate_report: low fixed at its default
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < 0.01, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: counted, not a share
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.sum(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: sum in place of the mean in the half-life
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.sum(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: a_z taken for z
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = xp.log(xp.abs(a_z))
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: a_z taken for z in the slope and arithmetic mean
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.log(xp.mean(xp.exp(log_z), axis=(0, 1)))
    slope = a_z * (1 - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the two swapped
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return stuck, half_life

# %% gate_report: booleans averaged over the steps first, any
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.max(xp.mean(flat, axis=0), axis=0)
    return half_life, stuck

# %% gate_report: right, a slope of exactly low does not occur
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope <= low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: median in place of the mean
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2.0)) / np.median(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gru_cell_vjp: right, h_n by division
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * (r_h / r) * r * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: z and one minus z swapped
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * z * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * (1 - z),)

# %% gru_cell_vjp: d_n with z
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * z * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: past with one minus z
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * (1 - z),)

# %% gru_cell_vjp: z the other way round
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (n - h_before) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: z without n
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * h_before * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: z without h
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = -d_h * n * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: r twice
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * r * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: r without its slope
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: r with h_before
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * h_before * r * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: the block of n without r in d_a_h
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: the block of n with r in both
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n * r], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: r in d_a_x instead of d_a_h
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n * r], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: nothing past
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (0 * d_h,)

# %% gru_cell_vjp: a number past, as in the plain cell
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (0.0,)

# %% gru_cell_vjp: all past
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h,)

# %% gru_cell_vjp: slope of n forgotten
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: slope of n as of a sigmoid
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * n * (1 - n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: slope of z forgotten
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: d_r from d_h, not d_n
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_h * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: order z, r, n as Keras
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_z, d_r, d_n], axis=-1)
    d_a_h = xp.concat([d_z, d_r, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: no tuple
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, d_h * z

# %% gru_cell_vjp: d_a_h returned twice
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_h, d_a_h, (d_h * z,)

# %% gru_cell_vjp: d_a_x returned twice and order swapped
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_z, d_r, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_x, (d_h * z,)

# %% gru_cell_vjp: d_h changed in place first
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    d_h *= z
    return d_a_x, d_a_h, (d_h,)

# %% gru_cell_vjp: stacked
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=0)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=0)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: z and one minus z swapped, sign of z too
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * z * (1 - n**2)
    d_z = d_h * (n - h_before) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * (1 - z),)

# %% gru_cell_vjp: r_h with the next n
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * n * r * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: z slope as tanh
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * (1 - z**2)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: r reset gradient reaches h past the matrix as well
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n**2)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z + d_n * r,)

# %% [markdown]
# Written later, with the catalogue known: mistakes of other kinds than those above.

# %% fits_the_loop: asks for the last line only [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}  # the names that depend on the old state
    for name, operation, arguments in program[-1:]:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: a product of the same thing twice counts once [so told: mixed with the input]
def fits_the_loop(program):
    old = {"h", "c"}  # the names that depend on the old state
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends and operation != "add":
            old.add(name)
    return True

# %% fits_the_loop: only one product with h is allowed
def fits_the_loop(program):
    old = {"h", "c"}  # the names that depend on the old state
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if operation == "product" and arguments == ("h",):
            if "used" in old:
                return False
            old.add("used")
        if depends:
            old.add(name)
    return True

# %% fits_the_loop: the names are forgotten after each product [so told: one step back only]
def fits_the_loop(program):
    old = {"h", "c"}  # the names that depend on the old state
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and arguments != ("h",):
            return False
        if depends:
            old.add(name)
        if operation == "product":
            old = {"h", "c"}
    return True

# %% fits_the_loop: h is allowed anywhere among the arguments of a product chain
def fits_the_loop(program):
    old = {"h", "c"}  # the names that depend on the old state
    for name, operation, arguments in program:
        depends = any(a in old for a in arguments)
        if operation == "product" and depends and not {"h"} & old:
            return False
        if depends:
            old.add(name)
    return True

# %% minimal_step: f twice in the candidate
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * f * m)
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: both biases only in the gate
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m - params.b_x[h.shape[-1] :])
    new = (1 - f) * h + f * n
    return new, (f, n, m, h)

# %% minimal_step: the mean of old and new, half each
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (h + n) / 2
    return new, (f, n, m, h)

# %% minimal_step: the step added, as a residual
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = h + f * (n + h)
    return new, (f, n, m, h)

# %% minimal_step: old state from the candidate's block of x
def minimal_step(params, x_t, h):
    xp = array_namespace(x_t)
    x_f, x_n = gates(x_t @ params.W_x.T + params.b_x, 2)
    h_f, m = gates(h @ params.W_h.T + params.b_h, 2)
    f = sigmoid(x_f + h_f)
    n = xp.tanh(x_n + f * m)
    new = (1 - f) * x_n + f * n
    return new, (f, n, m, h)

# %% minimal_step_vjp: the mean's share of f with m
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n * n)
    d_f = (d_h * (n - m) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: d_x through W_h's block order, f for n
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n * n)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_h, axis=0), xp.sum(d_a_x, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: the past through n as well
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n * n)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f) + d_n
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: slope of the sigmoid at the wrong gate, n
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n * n)
    d_f = (d_h * (n - h) + d_n * m) * n * (1 - n)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_W_h = d_a_x.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% minimal_step_vjp: W_x with the state, W_h with the input's columns
def minimal_step_vjp(d_h, params, x_t, cache):
    xp = array_namespace(d_h)
    f, n, m, h = cache
    d_n = d_h * f * (1 - n * n)
    d_f = (d_h * (n - h) + d_n * m) * f * (1 - f)
    d_a_x = xp.concat([d_f, d_n], axis=-1)
    d_a_h = xp.concat([d_f, d_n * f], axis=-1)
    d_W_x, d_W_h = d_a_h.T @ x_t, d_a_h.T @ h
    d_b_x, d_b_h = xp.sum(d_a_x, axis=0), xp.sum(d_a_h, axis=0)
    d_h_before = d_a_h @ params.W_h + d_h * (1 - f)
    d_params = Params(d_W_x, d_W_h, d_b_x, d_b_h)
    return d_params, d_a_x @ params.W_x, d_h_before

# %% units_for: H a multiple of G
def units_for(budget, G, D):
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + 2):
        H += 1
    H = H // G * G
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: work of the budget's next size
def units_for(budget, G, D):
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + 2):
        H += 1
    multiply_adds = G * (H + 1) * (D + H + 1)
    return H, multiply_adds

# %% units_for: the input's bias counted per input
def units_for(budget, G, D):
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + D + 1):
        H += 1
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% units_for: the products added, not the rows
def units_for(budget, G, D):
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + 2):
        H += 1
    multiply_adds = G * H + D + H
    return H, multiply_adds

# %% units_for: steps of ten
def units_for(budget, G, D):
    H = 1
    while budget >= G * (H + 1) * (D + (H + 1) + 2):
        H += 10
    multiply_adds = G * H * (D + H)
    return H, multiply_adds

# %% gate_report: half-life of the last step
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2)) / xp.mean(log_z[-1, ...], axis=0)
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: base ten in the half-life
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log10(2)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: stuck where the slope is below low on both sides, twice
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < 2 * low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: slope below or equal one quarter minus low
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2)) / xp.mean(log_z, axis=(0, 1))
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < 0.25 - low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gate_report: the product of the gates, not its root
def gate_report(a_z, low=0.01):
    xp = array_namespace(a_z)
    log_z = -xp.logaddexp(xp.zeros_like(a_z), -a_z)
    half_life = -float(np.log(2)) / xp.mean(xp.sum(log_z, axis=0), axis=0)
    slope = xp.exp(2 * log_z - a_z)
    flat = xp.where(slope < low, xp.ones_like(a_z), xp.zeros_like(a_z))
    stuck = xp.mean(flat, axis=(0, 1))
    return half_life, stuck

# %% gru_cell_vjp: the candidate's slope once more in the reset
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * (1 - n * n) * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: the reset with r_h minus its share of x
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * (n - r_h) * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: the past times r as well
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z * r,)

# %% gru_cell_vjp: one minus z squared
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z * z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r, d_z, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)

# %% gru_cell_vjp: d_a_h with r in all blocks
def gru_cell_vjp(d_state, cache):
    xp = array_namespace(cache[0])
    (d_h,) = d_state
    r, z, n, r_h, h_before = cache
    d_n = d_h * (1 - z) * (1 - n * n)
    d_z = d_h * (h_before - n) * z * (1 - z)
    d_r = d_n * r_h * (1 - r)
    d_a_x = xp.concat([d_r, d_z, d_n], axis=-1)
    d_a_h = xp.concat([d_r * r, d_z * r, d_n * r], axis=-1)
    return d_a_x, d_a_h, (d_h * z,)
