# %% side_by_side: hasty, sources forward
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded(sources)
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: hasty, START forgotten
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded(targets)
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: hasty, END forgotten in the targets
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded(targets)
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: hasty, END read as well
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t, END] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: hasty, END does not count
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = (said != PAD) & (said != END)
    return ids, read, said, real

# %% side_by_side: hasty, START in the targets
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[START, *t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: shapes, batch first
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((B, max(map(len, rows))), PAD)
        for b, row in enumerate(rows):
            a[b, : len(row)] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: shapes, whole array turned round
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded(sources)
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids[::-1], read, said, real

# %% side_by_side: shapes, padding in front of the sources
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([[PAD] * (max(map(len, sources)) - len(s)) + s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: shapes, all as long as the longest of both
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(max(map(len, sources)), max(map(len, targets)) + 1), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: maths, targets a step early
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t[1:], END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: maths, read and targets exchanged
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, said, read, real

# %% side_by_side: maths, targets not shifted
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[START, *t] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: maths, real of what is read
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = read != PAD
    return ids, read, said, real & (read != START)

# %% side_by_side: maths, targets turned round too
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t[::-1]] for t in targets])
    said = padded([[*t[::-1], END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: convention, END after the sources
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([[*s[::-1], END] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: convention, START and END round the sources
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([[START, *s[::-1], END] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: convention, padded with minus one
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), -1)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != -1
    return ids, read, said, real

# %% side_by_side: convention, padded with minus 100 in the targets
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, np.where(said == PAD, -100, said), real

# %% side_by_side: convention, padded with END
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, np.where(real, said, END), real

# %% side_by_side: convention, real of float
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = (said != PAD) * 1.0
    return ids, read, said, real

# %% side_by_side: elsewhere, zeros of float
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), 0.0)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, real

# %% side_by_side: elsewhere, lengths for the mask
def side_by_side(sources, targets):
    B = len(sources)

    def padded(rows):
        a = np.full((max(map(len, rows)), B), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    ids = padded([s[::-1] for s in sources])
    read = padded([[START, *t] for t in targets])
    said = padded([[*t, END] for t in targets])
    real = said != PAD
    return ids, read, said, np.array([len(t) + 1 for t in targets])

# %% side_by_side: elsewhere, one array cut twice
def side_by_side(sources, targets):
    B = len(sources)
    S, T = max(map(len, sources)), max(map(len, targets))
    ids = np.full((S, B), PAD)
    whole = np.full((T + 2, B), PAD)
    for b, (s, t) in enumerate(zip(sources, targets)):
        ids[: len(s), b] = s[::-1]
        whole[: len(t) + 2, b] = [START, *t, END]
    read, said = whole[:-1], whole[1:]
    return ids, read, said, said != PAD

# %% side_by_side: elsewhere, sources in place
def side_by_side(sources, targets):
    def padded(rows):
        a = np.full((max(map(len, rows)), len(rows)), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    for s in sources:
        s.reverse()
    for t in targets:
        t.append(END)
    said = padded(targets)
    return padded(sources), padded([[START, *t[:-1]] for t in targets]), said, said != PAD

# %% side_by_side: elsewhere, sorted by length
def side_by_side(sources, targets):
    def padded(rows):
        a = np.full((max(map(len, rows)), len(rows)), PAD)
        for b, row in enumerate(rows):
            a[: len(row), b] = row
        return a

    order = sorted(range(len(sources)), key=lambda b: -len(sources[b]))
    sources = [sources[b] for b in order]
    targets = [targets[b] for b in order]
    said = padded([[*t, END] for t in targets])
    return padded([s[::-1] for s in sources]), padded([[START, *t] for t in targets]), said, said != PAD

# %% token_loss: hasty, padding counts in all
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] >= PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: hasty, padding in the divisor
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = T * B
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: hasty, gradient without the mask
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = (xp.exp(log_p) - xp.astype(hit, logits.dtype)) / n
    return loss, d

# %% token_loss: hasty, gradient not divided
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing)
    return loss, d

# %% token_loss: hasty, minus forgotten
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: hasty, one-hot forgotten
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p), nothing) / n
    return loss, d

# %% token_loss: hasty, END is no token
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = (targets[..., None] != PAD) & (targets[..., None] != END)
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: shapes, softmax over the sentences
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=1, keepdims=True))
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: shapes, softmax over time
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=0, keepdims=True))
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: shapes, divided by classes too
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype)) * K
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: shapes, mean per sentence then of all
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype), axis=0) * B
    loss = -xp.sum(xp.sum(xp.sum(xp.where(real & hit, log_p, nothing), axis=2), axis=0) / n[:, 0])
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: shapes, one column of the mask
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = (targets[:, :1] != PAD)[..., None]
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: maths, sign of the gradient
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.astype(hit, logits.dtype) - xp.exp(log_p), nothing) / n
    return loss, d

# %% token_loss: maths, gradient at the target alone
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real & hit, xp.exp(log_p) - 1, nothing) / n
    return loss, d

# %% token_loss: maths, slope of the softmax twice
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, (xp.exp(log_p) - xp.astype(hit, logits.dtype)) * xp.exp(log_p) * (1 - xp.exp(log_p)), nothing) / n
    return loss, d

# %% token_loss: maths, log p for p in the gradient
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, log_p - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: maths, p without the log
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, xp.exp(log_p), nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: maths, mean of steps' means
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype), axis=1, keepdims=True) * T + (xp.sum(xp.astype(real, logits.dtype), axis=1, keepdims=True) == 0)
    loss = -xp.sum(xp.where(real & hit, log_p, nothing) / n)
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, bits
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n / math.log(2)
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, sum of tokens over sentences
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = B
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, sum not mean
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = 1
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, targets shifted
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = xp.concat([targets[1:, ...], targets[:1, ...]], axis=0)[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, classes from 1
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes + 1
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: convention, PAD class taken out
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(xp.where(classes == PAD, nothing - 1e9, logits))
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: elsewhere, product with the mask
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(log_p * xp.astype(real & hit, logits.dtype)) / n
    d = (xp.exp(log_p) - xp.astype(hit, logits.dtype)) * xp.astype(real, logits.dtype) / n
    return loss, d

# %% token_loss: elsewhere, exp without the largest
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=2, keepdims=True))
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real & hit, log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - xp.astype(hit, logits.dtype), nothing) / n
    return loss, d

# %% token_loss: elsewhere, torch's cross entropy with a number as gradient
def token_loss(logits, targets):
    l = torch.as_tensor(np.asarray(logits)).clone().requires_grad_(True)
    t = torch.as_tensor(np.asarray(targets))
    loss = torch.nn.functional.cross_entropy(
        l.reshape(-1, l.shape[2]), t.reshape(-1), ignore_index=PAD)
    loss.backward()
    return loss.detach(), l.grad

# %% token_loss: elsewhere, torch's cross entropy without ignore_index
def token_loss(logits, targets):
    xp = array_namespace(logits)
    l = torch.as_tensor(np.asarray(logits)).clone().requires_grad_(True)
    t = torch.as_tensor(np.asarray(targets))
    loss = torch.nn.functional.cross_entropy(l.reshape(-1, l.shape[2]), t.reshape(-1))
    loss.backward()
    return xp.asarray(loss.detach().numpy()), xp.asarray(l.grad.numpy())

# %% token_loss: elsewhere, label smoothing of 0.1
def token_loss(logits, targets):
    xp = array_namespace(logits)
    classes = xp.arange(logits.shape[2], device=device_of(logits))
    nothing = xp.zeros_like(logits)
    T, B, K = logits.shape
    log_p = log_softmax(logits)
    real = targets[..., None] != PAD
    hit = targets[..., None] == classes
    n = xp.sum(xp.astype(real, logits.dtype))
    loss = -xp.sum(xp.where(real, (0.9 * xp.astype(hit, logits.dtype) + 0.1 / K) * log_p, nothing)) / n
    d = xp.where(real, xp.exp(log_p) - 0.9 * xp.astype(hit, logits.dtype) - 0.1 / K, nothing) / n
    return loss, d

# %% part_teacher: hasty, END not added
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1)
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: hasty, PAD and START not left out
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, ...], axis=1)
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: hasty, always the teacher
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = read[t, ...]
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: hasty, always its own
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = said
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: hasty, state not carried
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (0 * h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: hasty, said never renewed
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = said
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: shapes, vector first
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([vector, xp.take(E, token, axis=0)], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: shapes, one coin for the batch
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, :1], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: shapes, coin of the whole step if any
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = said if bool(xp.any(own[t, ...])) else read[t, ...]
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: shapes, argmax over the sentences
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = (xp.argmax(now[0, ...], axis=0) + END)[: vector.shape[0]] if now.shape[2] >= vector.shape[0] else said
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: shapes, time kept as an axis
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now)
    return xp.stack(logits), h

# %% part_teacher: shapes, logits (B, T, K)
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits, axis=1), h

# %% part_teacher: maths, coin the wrong way
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], read[t, ...], said)
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, token of the step before
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[max(t - 1, 0), ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, coin of the next step
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[min(t + 1, read.shape[0] - 1), ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, START also left out of END
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END + 1:], axis=1) + END + 1
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, likeliest of minus logits
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmin(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, said is the true token
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = read[t, ...]
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: maths, own word where it was right
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.where(own[t, ...], xp.argmax(now[0, :, END:], axis=1) + END, read[t, ...])
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: convention, log probabilities
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(log_softmax(now)[0, ...])
    return xp.stack(logits), h

# %% part_teacher: convention, PAD and START at minus 1e9 in what is returned
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(xp.where(xp.arange(now.shape[2], device=device_of(now)) < END, now[0, ...] * 0 - 1e9, now[0, ...]))
    return xp.stack(logits), h

# %% part_teacher: convention, START read where the coin falls at step 0
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said if t else 0 * said + START, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: convention, state of all steps
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), y

# %% part_teacher: convention, state as a tuple
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), (h,)

# %% part_teacher: convention, a sentence stops at END
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.where(token == END, token, xp.argmax(now[0, :, END:], axis=1) + END)
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: elsewhere, one coin per step in the whole loop of the chapter
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    T, B = read.shape
    x = xp.concat([xp.stack([xp.take(E, read[t, ...], axis=0) for t in range(T)]),
                   xp.stack([vector] * T)], axis=2)
    y, (h,), _ = unroll(gru_cell, loop, x, (h,))
    return readout(out, y), h

# %% part_teacher: elsewhere, two passes: what the taught decoder said
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    T, B = read.shape

    def run(tokens):
        x = xp.concat([xp.stack([xp.take(E, tokens[t, ...], axis=0) for t in range(T)]),
                       xp.stack([vector] * T)], axis=2)
        y, (last,), _ = unroll(gru_cell, loop, x, (h,))
        return readout(out, y), last

    taught, _ = run(read)
    said = xp.argmax(taught[:, :, END:], axis=2) + END
    said = xp.concat([read[:1, ...], said[:-1, ...]], axis=0)
    return run(xp.where(own, said, read))

# %% part_teacher: elsewhere, vector only at the first step
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector if t == 0 else 0 * vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        said = xp.argmax(now[0, :, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% part_teacher: elsewhere, sampled from the softmax
def part_teacher(weights, vector, h, read, own):
    xp = array_namespace(vector)
    E, loop, out = weights
    rng = np.random.default_rng(0)
    said, logits = read[0, ...], []
    for t in range(read.shape[0]):
        token = xp.where(own[t, ...], said, read[t, ...])
        x = xp.concat([xp.take(E, token, axis=0), vector], axis=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None, ...], (h,))
        now = readout(out, y)
        noise = -np.log(-np.log(rng.random(tuple(now.shape[1:]))))
        said = xp.argmax((now[0, ...] + xp.asarray(noise, device=device_of(now)))[:, END:], axis=1) + END
        logits.append(now[0, ...])
    return xp.stack(logits), h

# %% ranked: hasty, not sorted at the end
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return ended

# %% ranked: hasty, no penalty
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: hasty, END left in the tokens
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens, p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: hasty, all tokens from 0
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(0, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: hasty, p not added
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: hasty, worst first
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: f[1])

# %% ranked: hasty, START always last
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: shapes, rows and columns exchanged
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[k, last])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: shapes, first step for all
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(log_p[0, last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: shapes, width for each hypothesis
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in sorted((f for g in {f[0][:-1] for f in found} for f in sorted((h for h in found if h[0][:-1] == g), key=lambda h: -h[1])[:width]), key=lambda f: -f[1]):
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: shapes, last is the position
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = len(tokens) or START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, product of logs
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), (p or 1.0) * float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, length without END
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, multiplied by the penalty
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p * length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: right, score in the beam
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1] / length_penalty(len(f[0]), alpha))
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, score goes on as p
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p / length_penalty(t + 1, alpha) + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, probability
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], math.exp(p) / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: maths, added once more at END
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], (p + float(step[last, END])) / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, mean per token
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / (t + 1) ** alpha))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, penalty of (5 + n) / 6 without its 5
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / ((t + 1) / 6) ** alpha))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, at most width translations
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])[:width]

# %% ranked: convention, stops when width have ended
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        if len(ended) >= width:
            break
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, stops at the first
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        if ended:
            break
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, unended ones kept
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended + [(f, p / length_penalty(len(f), alpha)) for f, p in live], key=lambda f: -f[1])

# %% ranked: convention, START in front
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append(((START, *tokens[:-1]), p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, list for a tuple
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((list(tokens[:-1]), p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, ended ones leave their place to the next
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in [f for f in found if f[0][-1] == END][:width] + [f for f in found if f[0][-1] != END][:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, width shrinks with what ended
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[: width - len(ended)]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: convention, words only are candidates and END when last
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[: 2 * width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: elsewhere, greedy
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:1]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
        
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: elsewhere, ended hypotheses stay in the beam
def ranked(log_p, width, alpha):
    beam, K = [((), 0.0)], log_p.shape[2]
    for step in log_p:
        found = []
        for tokens, p in beam:
            if tokens and tokens[-1] == END:
                found.append((tokens, p))
                continue
            last = tokens[-1] if tokens else START
            for k in range(END, K):
                found.append(((*tokens, k), p + float(step[last, k])))
        beam = sorted(found, key=lambda f: -f[1])[:width]
    ended = [(f[:-1], p / length_penalty(len(f), alpha)) for f, p in beam if f[-1] == END]
    return sorted(ended, key=lambda f: -f[1])

# %% ranked: elsewhere, END at the last step forced
def ranked(log_p, width, alpha):
    live, ended, K = [((), 0.0)], [], log_p.shape[2]
    for t, step in enumerate(log_p):
        found = []
        for tokens, p in live:
            last = tokens[-1] if tokens else START
            for k in range(END, K) if t + 1 < len(log_p) else [END]:
                found.append(((*tokens, k), p + float(step[last, k])))
        found.sort(key=lambda f: -f[1])
        live = []
        for tokens, p in found[:width]:
            if tokens[-1] == END:
                ended.append((tokens[:-1], p / length_penalty(t + 1, alpha)))
            else:
                live.append((tokens, p))
    return sorted(ended, key=lambda f: -f[1])

# %% exact_by_length: hasty, not strict
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: hasty, lucky lengths count
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            continue
        holds = n
    return rows, holds

# %% exact_by_length: hasty, lengths in order of appearance
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in by]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: hasty, bar must be passed
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share <= bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: hasty, only the rows
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows

# %% exact_by_length: hasty, counts the exact ones
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, sum(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: shapes, length in letters
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: shapes, length of the translation wanted
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(b.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: shapes, length of what was said
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(a.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: shapes, share of all pairs
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(sources)) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: shapes, rows as three lists
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return (list(by), [len(v) for v in by.values()], [sum(v) / len(v) for v in by.values()]), holds

# %% exact_by_length: maths, share in percent
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), 100 * sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < 100 * bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: maths, share of wrong ones
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), 1 - sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if 1 - share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: maths, whole division
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) // len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: maths, holds is the first that fails [so told: the first that fails]
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            holds = n
            break
        holds = n
    return rows, holds

# %% exact_by_length: maths, running share
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if sum(c * s for m, c, s in rows if m <= n) / sum(c for m, c, s in rows if m <= n) < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: maths, holds by the neighbour
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows[1:]:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, upper and lower case alike
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a.lower() == b.lower())
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, order of words does not matter
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(sorted(a.split()) == sorted(b.split()))
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, prefix is enough
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(b.startswith(a))
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, contained
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a in b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, None where nothing holds
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds or None

# %% exact_by_length: convention, every length up to the longest
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by.get(n, [])), sum(by.get(n, [])) / max(len(by.get(n, [])), 1)) for n in range(1, max(by) + 1)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, longest first
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by, reverse=True)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, hyphens part words
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.replace('-', ' ').split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: convention, spaces counted
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(source.count(' ') + 1, []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: elsewhere, assert for a refusal
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    assert len(sources) == len(said) == len(wanted), 'lists differ'
    for source, a, b in zip(sources, said, wanted):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: elsewhere, only two lists compared
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    if len(said) != len(wanted):
        raise ValueError('said and wanted differ')
    for source, a, b in zip(sources, said, wanted):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: elsewhere, longest with a good share
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, max([n for n, _, s in rows if s >= bar], default=0)

# %% exact_by_length: elsewhere, every word right on its own
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(sum(x == y for x, y in zip(a.split(), b.split())) / max(len(b.split()), 1))
    rows = [(n, len(by[n]), sum(by[n]) / len(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% exact_by_length: right, numpy mean
def exact_by_length(sources, said, wanted, bar=0.5):
    by = {}
    
    for source, a, b in zip(sources, said, wanted, strict=True):
        by.setdefault(len(source.split()), []).append(a == b)
    rows = [(n, len(by[n]), np.mean(by[n])) for n in sorted(by)]
    holds = 0
    for n, _, share in rows:
        if share < bar:
            break
        holds = n
    return rows, holds

# %% greedy: hasty, END not added
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None]
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: hasty, PAD and START not left out
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0].argmax(dim=1)[None]
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: hasty, does not stop
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        
    return sentences

# %% greedy: hasty, state thrown away
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, _ = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: hasty, END kept
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = live
        for b in [b for b in live if END not in sentences[b]]:
            sentences[b].append(int(read[0, b]))
        if all(END in s for s in sentences):
            break
    return sentences

# %% greedy: hasty, first token only read
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] * 0 + START
        live = [b for b in live if int(logits[0, b, END:].argmax()) + END != END]
        for b in live:
            sentences[b].append(int(logits[0, b, END:].argmax()) + END)
        if not live:
            break
    return sentences

# %% greedy: shapes, argmax over the batch
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = (logits[0].argmax(dim=0)[None] + END)[:, :B]
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: shapes, first sentence's token for all
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :1, END:].argmax(dim=1)[None].expand(1, B) + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: shapes, stops when the first has ended
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if len(live) < B:
            break
    return sentences

# %% greedy: shapes, stops when sentence 0 has ended [so told: all stop with the first]
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if 0 not in live:
            break
    return sentences

# %% greedy: shapes, tensors in the lists
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(read[0, b])
        if not live:
            break
    return sentences

# %% greedy: maths, likeliest of minus
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmin(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: maths, END left out as well
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END + 1:].argmax(dim=1)[None] + END + 1
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: maths, one step too few
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit - 1):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: maths, one step too many
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit + 1):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: maths, goes on after END
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in range(B):
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: maths, live is renewed each time
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in range(B) if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: convention, begins with END
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), END, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: convention, begins with PAD
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), PAD, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: convention, START in front
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return [[START, *s] for s in sentences]

# %% greedy: convention, END at the end
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return [[*s, END] for s in sentences]

# %% greedy: convention, padded to the limit
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return [s + [PAD] * (limit - len(s)) for s in sentences]

# %% greedy: convention, a tensor (T, B)
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return torch.tensor([s + [PAD] * (limit - len(s)) for s in sentences]).T

# %% greedy: elsewhere, sampled
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = torch.multinomial(torch.softmax(logits[0, :, END:], 1), 1, generator=torch.Generator().manual_seed(0)).T + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return sentences

# %% greedy: elsewhere, beam of one
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if not live:
            break
    return [s[:limit - 1] for s in sentences]

# %% greedy: elsewhere, sentence after sentence
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h0 = decoder.start(source)
    B = h0.shape[1]
    sentences = []
    for b in range(B):
        h, read, words = h0, torch.full((1, B), START, device=h0.device), []
        for _ in range(limit):
            logits, h = decoder(read, h, source)
            read = logits[0, :, END:].argmax(dim=1)[None] + END
            if int(read[0, b]) == END:
                break
            words.append(int(read[0, b]))
        sentences.append(words)
    return sentences

# %% greedy: elsewhere, cut at END afterwards
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    read = torch.full((1, h.shape[1]), START, device=h.device)
    rows = []
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        rows.append(read[0].tolist())
    said = [list(s) for s in zip(*rows)]
    return [s[: s.index(END)] if END in s else s for s in said]

# %% greedy: elsewhere, ended sentences read PAD
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    read = torch.full((1, h.shape[1]), START, device=h.device)
    done = torch.zeros(h.shape[1], dtype=torch.bool)
    rows = []
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0].argmax(dim=1)[None]
        read[0, done] = PAD
        rows.append(read[0].tolist())
        done = done | (read[0] == END)
        if done.all():
            break
    said = [list(s) for s in zip(*rows)]
    return [[k for k in (s[: s.index(END)] if END in s else s) if k > END] for s in said]

# %% greedy: elsewhere, stops when any END is read
def greedy(decoder, source, limit):
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    sentences, live = [[] for _ in range(B)], list(range(B))
    for _ in range(limit):
        logits, h = decoder(read, h, source)
        read = logits[0, :, END:].argmax(dim=1)[None] + END
        live = [b for b in live if int(read[0, b]) != END]
        for b in live:
            sentences[b].append(int(read[0, b]))
        if (read == END).any():
            break
    return sentences
