# %% adamw_step: L2 in the gradient
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    d_w = d_w + decay * w
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: decay without the rate
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - decay * w - step
    return w, m, s

# %% adamw_step: decay after the step, on the new weight
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - step
    w = w - learning_rate * decay * w
    return w, m, s

# %% adamw_step: no bias correction
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m
    root = s ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: only the mean corrected
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = s ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: only the square corrected
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: corrected means kept
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = (BETA_1 * m + (1 - BETA_1) * d_w) / (1 - BETA_1**k)
    s = (BETA_2 * s + (1 - BETA_2) * d_w**2) / (1 - BETA_2**k)
    w = w * (1 - learning_rate * decay) - learning_rate * m / (s**0.5 + EPSILON)
    return w, m, s

# %% adamw_step: epsilon under the root
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k) + EPSILON) ** 0.5
    step = learning_rate * m_hat / root
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: epsilon forgotten
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / root
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: betas mixed up
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_2 * m + (1 - BETA_2) * d_w
    s = BETA_1 * s + (1 - BETA_1) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: k counted from zero
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1 ** (k - 1))
    root = (s / (1 - BETA_2 ** (k - 1))) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: k one too many
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1 ** (k + 1))
    root = (s / (1 - BETA_2 ** (k + 1))) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: in place
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m *= BETA_1
    m += (1 - BETA_1) * d_w
    s *= BETA_2
    s += (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: weights changed in place as torch does
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w -= learning_rate * decay * w + step
    return w, m, s

# %% adamw_step: no root
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = s / (1 - BETA_2**k)
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: uphill
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w + step
    return w, m, s

# %% adamw_step: decay with plus
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w + learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: correction without the power
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1)
    root = (s / (1 - BETA_2)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: power is a product
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1 * k)
    root = (s / (1 - BETA_2 * k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: mean of d in s, not squared
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: square of the mean
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * m**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: belief, squared distance from the mean
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * (d_w - m) ** 2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: decay inside the fraction
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * (m_hat + decay * w) / (root + EPSILON)
    w = w - step
    return w, m, s

# %% adamw_step: momentum as in SGD, without the share
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: Nesterov
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * (BETA_1 * m_hat + (1 - BETA_1) * d_w / (1 - BETA_1**k)) / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: decay forgotten
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - step
    return w, m, s

# %% adamw_step: only the weight returned
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w

# %% adamw_step: order m s w
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return m, s, w

# %% adamw_step: old means in the step
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    w = w - learning_rate * (decay * w + m_hat / (root + EPSILON))
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    return w, m, s

# %% adamw_step: short form of the paper, epsilon not corrected
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    rate = learning_rate * (1 - BETA_2**k) ** 0.5 / (1 - BETA_1**k)
    w = w - learning_rate * decay * w - rate * m / (s**0.5 + EPSILON)
    return w, m, s

# %% adamw_step: L2 and no correction, two
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    d_w = d_w + decay * w
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m
    root = s ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: decay without the rate and epsilon under the root, two [so told: decay without the rate]
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k) + EPSILON) ** 0.5
    step = learning_rate * m_hat / root
    w = w - decay * w - step
    return w, m, s

# %% adamw_step: shares swapped
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = (1 - BETA_1) * m + BETA_1 * d_w
    s = (1 - BETA_2) * s + BETA_2 * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * m_hat / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: sign of the gradient only
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    m = BETA_1 * m + (1 - BETA_1) * d_w
    s = BETA_2 * s + (1 - BETA_2) * d_w**2
    m_hat = m / (1 - BETA_1**k)
    root = (s / (1 - BETA_2**k)) ** 0.5
    step = learning_rate * abs(m_hat) / (root + EPSILON)
    w = w - learning_rate * decay * w - step
    return w, m, s

# %% adamw_step: right, order of torch
def adamw_step(w, d_w, m, s, k, learning_rate, decay):
    w = w * (1 - learning_rate * decay)
    m = m + (1 - BETA_1) * (d_w - m)
    s = s * BETA_2 + (1 - BETA_2) * d_w * d_w
    denominator = s**0.5 / (1 - BETA_2**k) ** 0.5 + EPSILON
    return w - learning_rate / (1 - BETA_1**k) * m / denominator, m, s

# %% smoothed_cross_entropy: alpha spread over the others only [so told: spread over the others]
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / (K - 1) * (1 - one_hot)
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: alpha not divided by K
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: K less one for all [so told: K - 1 for all]
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / (K - 1)
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: mean over the classes too
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.mean(q * log_p)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient of the plain loss
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - one_hot) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient not divided
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = xp.exp(log_p) - q
    return loss, d_logits

# %% smoothed_cross_entropy: nothing divided
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p)
    d_logits = xp.exp(log_p) - q
    return loss, d_logits

# %% smoothed_cross_entropy: q less p
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (q - xp.exp(log_p)) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: sign of the loss
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: log p in place of p
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (log_p - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: divided by the steps only
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / T
    d_logits = (xp.exp(log_p) - q) / T
    return loss, d_logits

# %% smoothed_cross_entropy: divided by the batch only
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / B
    d_logits = (xp.exp(log_p) - q) / B
    return loss, d_logits

# %% smoothed_cross_entropy: share taken off and not spread
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: share spread and not taken off
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: alpha and 1 less alpha mixed up
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = alpha * one_hot + (1 - alpha) / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: KL divergence, the entropy taken off
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = xp.sum(q * (xp.log(q) - log_p)) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: p log q
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(xp.exp(log_p) * xp.log(q)) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient divided by the classes too
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B * K)
    return loss, d_logits

# %% smoothed_cross_entropy: a loss for each prediction
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p, axis=-1)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient by log p
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = -q / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient by p
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = -q / xp.exp(log_p) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: only the other classes get the share, target keeps 1 less alpha
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K * (1 - one_hot)
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: gradient scaled by 1 less alpha
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (1 - alpha) * (xp.exp(log_p) - one_hot) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: slope of p, as for a squared error
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) * xp.exp(log_p) * (1 - xp.exp(log_p)) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: logits smoothed
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = one_hot
    log_p = (1 - alpha) * log_p + alpha / K
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: others only and gradient not divided, two [so told: spread over the others, gradient of the sum]
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / (K - 1) * (1 - one_hot)
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = xp.exp(log_p) - q
    return loss, d_logits

# %% smoothed_cross_entropy: mean of everything for both, two
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.mean(q * log_p)
    d_logits = (xp.exp(log_p) - q) / (T * B * K)
    return loss, d_logits

# %% smoothed_cross_entropy: loss plain, gradient smoothed
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / K
    loss = -xp.sum(one_hot * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: alpha shared by T in place of K
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    q = (1 - alpha) * one_hot + alpha / T
    loss = -xp.sum(q * log_p) / (T * B)
    d_logits = (xp.exp(log_p) - q) / (T * B)
    return loss, d_logits

# %% smoothed_cross_entropy: right, two terms
def smoothed_cross_entropy(logits, targets, alpha):
    xp = array_namespace(logits)
    T, B, K = logits.shape
    _, (log_p, one_hot) = book.cross_entropy(logits, targets)
    one_hot = xp.astype(one_hot, log_p.dtype)
    plain = xp.sum(one_hot * log_p, axis=-1)
    flat = xp.mean(log_p, axis=-1)
    loss = -xp.mean((1 - alpha) * plain + alpha * flat)
    p = xp.exp(log_p)
    d_logits = ((1 - alpha) * (p - one_hot) + alpha * (p - 1 / K)) / T / B
    return loss, d_logits

# %% rate_at: first step is zero
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * step / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: divided by one more
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / (warmup + 1)
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: less or equal
def rate_at(step, peak, warmup, steps):
    if step <= warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: cosine from the beginning of all steps
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = step / steps
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: cosine over all steps
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / steps
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: warm-up not taken off above
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = step / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: reaches zero at the last step [so told: zero a step too early]
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup - 1)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: half forgotten
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * (1 + math.cos(math.pi * share))

# %% rate_at: degrees
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(180 * share))

# %% rate_at: no pi
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(share))

# %% rate_at: a quarter of the cosine
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * math.cos(math.pi / 2 * share)

# %% rate_at: whole turn
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(2 * math.pi * share))

# %% rate_at: minus
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 - math.cos(math.pi * share))

# %% rate_at: straight down
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * (1 - share)

# %% rate_at: peak forgotten below
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: peak forgotten in the warm-up
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: steps counted from one in the cosine
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step + 1 - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: factors multiplied
def rate_at(step, peak, warmup, steps):
    up = min(1.0, (step + 1) / warmup) if warmup else 1.0
    return peak * up * 0.5 * (1 + math.cos(math.pi * step / steps))

# %% rate_at: whole division
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * ((step + 1) // warmup)
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: inverse root after the peak
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * (max(warmup, 1) / (step + 1)) ** 0.5

# %% rate_at: bracket lost
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * 1 + math.cos(math.pi * share)

# %% rate_at: stays at the peak
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak

# %% rate_at: warm-up along a cosine too
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * 0.5 * (1 - math.cos(math.pi * (step + 1) / warmup))
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: warm-up of zero divides, min of both [so told: the smaller of the two]
def rate_at(step, peak, warmup, steps):
    up = (step + 1) / warmup
    down = 0.5 * (1 + math.cos(math.pi * (step - warmup) / (steps - warmup)))
    return peak * min(up, down)

# %% rate_at: step over W and less or equal, two
def rate_at(step, peak, warmup, steps):
    if step <= warmup:
        return peak * step / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: first step zero and cosine over all steps, two
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * step / warmup
    share = step / steps
    return peak * 0.5 * (1 + math.cos(math.pi * share))

# %% rate_at: sine
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * 0.5 * (1 + math.sin(math.pi * share))

# %% rate_at: exponential
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return peak * math.exp(-share)

# %% rate_at: never below a tenth of the peak
def rate_at(step, peak, warmup, steps):
    if step < warmup:
        return peak * (step + 1) / warmup
    share = (step - warmup) / (steps - warmup)
    return max(0.1 * peak, peak * 0.5 * (1 + math.cos(math.pi * share)))

# %% rate_at: right, square of a cosine
def rate_at(step, peak, warmup, steps):
    if warmup > step:
        return (step + 1) * (peak / warmup)
    left = (steps - step) / (steps - warmup)
    return peak * math.sin(math.pi / 2 * left) ** 2

# %% by_heart: state handed on
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, state = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: optimiser made in the loop
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        memory = optimizer.init(params)
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: memory thrown away
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, _ = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: loss measured after the update
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        _, d_params, _ = loss_and_gradient(params, batch, state)
        params, memory = optimizer.update(params, d_params, memory)
        loss, _, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
    return losses, params

# %% by_heart: weights first
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return params, losses

# %% by_heart: the last loss only
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses[-1], params

# %% by_heart: one step more
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps + 1):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: from 1, one step less
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(1, steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: gradient computed once
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    loss, d_params, _ = loss_and_gradient(params, batch, state)
    for _ in range(steps):
        params, memory = optimizer.update(params, d_params, memory)
        losses.append(float(loss))
    return losses, params

# %% by_heart: begins from a state of zero
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        zero = tree_map(lambda s: 0 * s, state)
        loss, d_params, _ = loss_and_gradient(params, batch, zero)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: order of optax, gradient first
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(d_params, params, memory)
    return losses, params

# %% by_heart: memory before the weights
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        memory, params = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: plain descent by hand
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params = tree_map(lambda w, d: w - 0.1 * d, params, d_params)
    return losses, params

# %% by_heart: mean loss
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return sum(losses) / len(losses), params

# %% by_heart: gradients added up
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory, total = optimizer.init(params), None
    losses = []
    for _ in range(steps):
        loss, d, _ = loss_and_gradient(params, batch, state)
        total = d if total is None else tree_map(lambda a, b: a + b, total, d)
        losses.append(float(loss))
        params, memory = optimizer.update(params, total, memory)
    return losses, params

# %% by_heart: stops when known by heart
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        if loss < 0.1:
            break
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: memory returned as well
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params, memory

# %% by_heart: running mean of the loss
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(0.9 * losses[-1] + 0.1 * float(loss) if losses else float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: update not assigned, as torch does it in place
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: weights of the best loss
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses, best = [], params
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        if not losses or float(loss) < min(losses):
            best = params
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, best

# %% by_heart: losses added up
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss) + sum(losses))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: state and memory both wrong, two
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, state = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, _ = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: weights before the last step
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        last = params
        params, memory = optimizer.update(params, d_params, memory)
    return losses, last

# %% by_heart: optimiser called like a function
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: perplexity in the list
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(math.exp(float(loss)))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: state handed on and one step more, two
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps + 1):
        loss, d_params, state = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    return losses, params

# %% by_heart: a loss of the end added
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    memory = optimizer.init(params)
    losses = []
    for _ in range(steps):
        loss, d_params, _ = loss_and_gradient(params, batch, state)
        losses.append(float(loss))
        params, memory = optimizer.update(params, d_params, memory)
    losses.append(float(loss_and_gradient(params, batch, state)[0]))
    return losses, params

# %% by_heart: right, with a while loop
def by_heart(loss_and_gradient, params, batch, state, optimizer, steps):
    seen, memory = [], optimizer.init(params)
    while len(seen) < steps:
        result = loss_and_gradient(params, batch, state)
        seen += [float(result[0])]
        params, memory = optimizer.update(params, result[1], memory)
    return seen, params

# %% cross_entropy: largest not taken off
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: log of the softmax
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    e = xp.exp(shifted)
    log_p = xp.log(e / xp.sum(e, axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: softmax with a small number in the log
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    e = xp.exp(shifted)
    log_p = xp.log(e / xp.sum(e, axis=-1, keepdims=True) + 1e-9)
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: one largest for the whole batch
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: softmax over time
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=0, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: softmax over the batch
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: softmax over everything
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted)))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: mean over the classes too
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.where(one_hot, log_p, xp.zeros_like(log_p))
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: sum in place of mean
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.sum(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: sign
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: p in the cache
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (xp.exp(log_p), one_hot)

# %% cross_entropy: bits
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked) / xp.log(xp.asarray(2.0, dtype=logits.dtype, device=logits.device))
    return loss, (log_p, one_hot)

# %% cross_entropy: no keepdims
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: largest taken off inside the exp only
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = logits - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: log of the sum of logs, sum outside [so told: log before the sum]
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.sum(xp.log(xp.exp(shifted)), axis=-1, keepdims=True)
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: exp forgotten in the sum
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(shifted, axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: smallest taken off
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.min(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: mean of exp in place of the sum
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.mean(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: picked in the cache
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (picked, one_hot)

# %% cross_entropy: one hot as numbers
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, xp.astype(one_hot, log_p.dtype))

# %% cross_entropy: sum over the batch, mean over time
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(xp.sum(picked, axis=1))
    return loss, (log_p, one_hot)

# %% cross_entropy: binary, the other classes too [so told: other classes scored too]
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.log(1 - xp.exp(log_p))), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: p of the target, no log
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(xp.exp(picked))
    return loss, (log_p, one_hot)

# %% cross_entropy: logits of the target and not log p
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, logits, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: perplexity
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = xp.exp(-xp.mean(picked))
    return loss, (log_p, one_hot)

# %% cross_entropy: picks the likeliest
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.max(log_p, axis=-1)
    loss = -xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: no largest and a sum, two [so told: sum instead of mean]
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.sum(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: softmax over time and sign, two
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=0, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = xp.mean(picked)
    return loss, (log_p, one_hot)

# %% cross_entropy: one loss a prediction
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -picked
    return loss, (log_p, one_hot)

# %% cross_entropy: cache the other way round
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    shifted = logits - xp.max(logits, axis=-1, keepdims=True)
    log_p = shifted - xp.log(xp.sum(xp.exp(shifted), axis=-1, keepdims=True))
    picked = xp.sum(xp.where(one_hot, log_p, xp.zeros_like(log_p)), axis=-1)
    loss = -xp.mean(picked)
    return loss, (one_hot, log_p)

# %% cross_entropy: right, largest put back
def cross_entropy(logits, targets):
    xp = array_namespace(logits)
    classes = xp.asarray(range(logits.shape[-1]), device=logits.device)
    one_hot = targets[..., None] == classes
    top = xp.max(logits, axis=-1, keepdims=True)
    log_z = top + xp.log(xp.sum(xp.exp(logits - top), axis=-1, keepdims=True))
    log_p = logits - log_z
    loss = -xp.mean(log_p[one_hot])
    return loss, (log_p, one_hot)
