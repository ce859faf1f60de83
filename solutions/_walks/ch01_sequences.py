# %% honest_split: left the scaler as it was, of the whole series
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(x), xp.std(x)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: the test scaled with its own mean and std
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - xp.mean(future)) / xp.std(future), size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: std as pandas does, one less
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past, correction=1)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: average left in, on both sides
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    z = (past - mean) / std
    s = (z[:-2] + z[1:-1] + z[2:]) / 3
    train_x, train_y = windows(s, size)
    z = (future - mean) / std
    s = (z[:-2] + z[1:-1] + z[2:]) / 3
    test_x, test_y = windows(s, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: inputs averaged with the past two, causal, targets raw
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)

    def pairs(a):
        z = (a - mean) / std
        s = (z[:-2] + z[1:-1] + z[2:]) / 3
        inputs, _ = windows(s, size)
        return inputs[:-1, ...], z[size + 2 :]

    return Split(*pairs(past), *pairs(future), mean, std)

# %% honest_split: still every fourth window for the test
def honest_split(x, size, cut):
    xp = array_namespace(x)
    mean, std = xp.mean(x[:cut]), xp.std(x[:cut])
    z = (x - mean) / std
    inputs, targets = windows(z, size)
    test = xp.arange(inputs.shape[0]) % 4 == 3
    return Split(inputs[~test], targets[~test], inputs[test], targets[test], mean, std)

# %% honest_split: first test window may look back over the cut, as forecasters do
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((x[cut - size :] - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: variance
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.var(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: targets left unscaled
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    train_y, test_y = past[size:], future[size:]
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: order of sklearn train_test_split
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, test_x, train_y, test_y, mean, std)

# %% honest_split: windows of all, cut by number of windows
def honest_split(x, size, cut):
    xp = array_namespace(x)
    mean, std = xp.mean(x[:cut]), xp.std(x[:cut])
    inputs, targets = windows((x - mean) / std, size)
    return Split(
        inputs[:cut], targets[:cut], inputs[cut:], targets[cut:], mean, std
    )

# %% honest_split: windows of all, split where the target crosses the cut
def honest_split(x, size, cut):
    xp = array_namespace(x)
    mean, std = xp.mean(x[:cut]), xp.std(x[:cut])
    inputs, targets = windows((x - mean) / std, size)
    n = cut - size
    return Split(inputs[:n], targets[:n], inputs[n:], targets[n:], mean, std)

# %% honest_split: last training target is the first value after the cut
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((x[: cut + 1] - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: centred only, not divided
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows(past - mean, size)
    test_x, test_y = windows(future - mean, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: min max scaling
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.min(past), xp.max(past) - xp.min(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: forgot to scale the test
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows(future, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: cut one too late everywhere
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[: cut + 1], x[cut + 1 :]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: future one value short
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut + 1 :]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: each window scaled by itself
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    train_x = train_x - xp.mean(train_x, axis=1, keepdims=True)
    test_x = test_x - xp.mean(test_x, axis=1, keepdims=True)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: not scaled at all
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows(past, size)
    test_x, test_y = windows(future, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: whole scaler and look back, two
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(x), xp.std(x)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((x[cut - size :] - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: future scaled by itself and pandas std, two
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past, correction=1)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - xp.mean(future)) / xp.std(future), size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: mean and std of the training windows
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.std(past)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    raw, _ = windows(past, size)
    mean, std = xp.mean(raw), xp.std(raw)
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% honest_split: right, windows of all and two slices
def honest_split(x, size, cut):
    xp = array_namespace(x)
    mean, std = xp.mean(x[:cut]), xp.std(x[:cut])
    a, b = windows((x - mean) / std, size)
    n = cut - size
    return Split(a[:n], b[:n], a[cut:], b[cut:], mean, std)

# %% honest_split: right, root of the mean square
def honest_split(x, size, cut):
    xp = array_namespace(x)
    past, future = x[:cut], x[cut:]
    mean, std = xp.mean(past), xp.mean((past - xp.mean(past)) ** 2) ** 0.5
    train_x, train_y = windows((past - mean) / std, size)
    test_x, test_y = windows((future - mean) / std, size)
    return Split(train_x, train_y, test_x, test_y, mean, std)

# %% skip_score: c of u over the whole text
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens.count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: first gap pays already
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount**k * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: bag without discount
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return tokens.count(token) / len(tokens)

# %% skip_score: range stops one early
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: words of before counted from its start
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[k - 1]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: no guard for a short before
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if True:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: largest gap first
def skip_score(tokens, before, token, gaps, discount):
    for k in range(gaps, 0, -1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: best score of all gaps
def skip_score(tokens, before, token, gaps, discount):
    best = discount**gaps * tokens.count(token) / len(tokens)
    for k in range(1, min(gaps, len(before)) + 1):
        u = before[-k]
        seen = sum(a == u and b == token for a, b in zip(tokens, tokens[k:]))
        if seen:
            best = max(best, discount ** (k - 1) * seen / tokens[:-k].count(u))
    return best

# %% skip_score: gaps added up
def skip_score(tokens, before, token, gaps, discount):
    score = 0.0
    for k in range(1, min(gaps, len(before)) + 1):
        u = before[-k]
        seen = sum(a == u and b == token for a, b in zip(tokens, tokens[k:]))
        if seen:
            score += discount ** (k - 1) * seen / tokens[:-k].count(u)
    return score or discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: pair the wrong way round
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[token, u] > 0:
                return discount ** (k - 1) * pairs[token, u] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: divided by the number of tokens
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / len(tokens)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: divided by the number of pairs
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / len(tokens[:-k])
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: bag costs one gap more
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount ** (gaps + 1) * tokens.count(token) / len(tokens)

# %% skip_score: bag costs one gap less
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount ** (gaps - 1) * tokens.count(token) / len(tokens)

# %% skip_score: divided by the count of the token, Bayes upside down
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[k:].count(token)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: bag pays only for gaps that were tried
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount ** min(gaps, len(before)) * tokens.count(token) / len(tokens)

# %% skip_score: within k words instead of exactly k
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(p for j in range(1, k + 1) for p in zip(tokens, tokens[j:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: stops where the word is known, though the pair is not
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if u in tokens[:-k]:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: forgot the bag
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return 0.0

# %% skip_score: slice from the wrong side
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[k:].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: stupid backoff with whole contexts
def skip_score(tokens, before, token, gaps, discount):
    for k in range(gaps, 0, -1):
        if len(before) >= k:
            context = tuple(before[-k:])
            starts = range(len(tokens) - k)
            followed = [tokens[i + k] for i in starts if tuple(tokens[i : i + k]) == context]
            if token in followed:
                return discount ** (gaps - k) * followed.count(token) / len(followed)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: gap means words in between, one too far
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k + 1 :]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: bag with add one
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * (tokens.count(token) + 1) / (len(tokens) + len(set(tokens)))

# %% skip_score: whole count and discount at once, two
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount**k * pairs[u, token] / tokens.count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: linear discount
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return (1 - discount * (k - 1)) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(tokens)

# %% skip_score: bag over kinds of words
def skip_score(tokens, before, token, gaps, discount):
    for k in range(1, gaps + 1):
        if len(before) >= k:
            u = before[-k]
            pairs = Counter(zip(tokens, tokens[k:]))
            if pairs[u, token] > 0:
                return discount ** (k - 1) * pairs[u, token] / tokens[:-k].count(u)
    return discount**gaps * tokens.count(token) / len(set(tokens))

# %% skip_score: right, with generators
def skip_score(tokens, before, token, gaps, discount):
    weight = 1.0
    for k in range(1, gaps + 1):
        if k <= len(before):
            nexts = [b for a, b in zip(tokens, tokens[k:]) if a == before[-k]]
            if token in nexts:
                return weight * nexts.count(token) / len(nexts)
        weight *= discount
    return weight * sum(t == token for t in tokens) / len(tokens)

# %% masked_perplexity: divided by T times B
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / (nats.shape[0] * nats.shape[1]))

# %% masked_perplexity: times the mask
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(nats * mask)
    return exp(float(total) / count)

# %% masked_perplexity: mean of the sequences means
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask is empty")
    real = xp.where(mask, nats, xp.zeros_like(nats))
    means = xp.sum(real, axis=0) / xp.sum(mask, axis=0)
    return exp(float(xp.mean(means)))

# %% masked_perplexity: mean of the sequences perplexities
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask is empty")
    real = xp.where(mask, nats, xp.zeros_like(nats))
    means = xp.sum(real, axis=0) / xp.sum(mask, axis=0)
    return float(xp.mean(xp.exp(means)))

# %% masked_perplexity: one perplexity a sequence
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask is empty")
    real = xp.where(mask, nats, xp.zeros_like(nats))
    return xp.exp(xp.sum(real, axis=0) / xp.sum(mask, axis=0))

# %% masked_perplexity: two to the power
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return 2 ** (float(total) / count)

# %% masked_perplexity: minus, as if log p came in
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(-float(total) / count)

# %% masked_perplexity: mean surprisal, no exp
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return float(total) / count

# %% masked_perplexity: no refusal
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)

# %% masked_perplexity: inf where nothing is real
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        return float("inf")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)

# %% masked_perplexity: message of my own
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("no real tokens")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)

# %% masked_perplexity: where the wrong way round
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, xp.zeros_like(nats), nats))
    return exp(float(total) / count)

# %% masked_perplexity: exp before the mean
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    p = xp.exp(xp.where(mask, nats, xp.zeros_like(nats)))
    return float(xp.sum(xp.where(mask, p, xp.zeros_like(p)))) / count

# %% masked_perplexity: exp of zeros counted too
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    return float(xp.sum(xp.exp(xp.where(mask, nats, xp.zeros_like(nats))))) / count

# %% masked_perplexity: divided by the steps
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / nats.shape[0])

# %% masked_perplexity: divided by the sequences
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / nats.shape[1])

# %% masked_perplexity: nansum of everything [so told: loss over padding]
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = np.nansum(to_numpy(nats))
    return exp(float(total) / count)

# %% masked_perplexity: mean and not sum, then divided again
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.mean(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)

# %% masked_perplexity: mean over where
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask lets no token through")
    return exp(float(xp.mean(xp.where(mask, nats, xp.zeros_like(nats)))))

# %% masked_perplexity: only steps at which all sequences run
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    full = xp.all(mask, axis=1)
    if not bool(xp.any(full)):
        raise ValueError("mask lets no token through")
    return exp(float(xp.mean(nats[full])))

# %% masked_perplexity: mean over time of means over the batch
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask is empty")
    real = xp.where(mask, nats, xp.zeros_like(nats))
    means = xp.sum(real, axis=1) / xp.sum(mask, axis=1)
    return exp(float(xp.mean(means)))

# %% masked_perplexity: all divided and base two, two
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return 2 ** (float(total) / (nats.shape[0] * nats.shape[1]))

# %% masked_perplexity: returns the sum only
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    if count == 0:
        raise ValueError("mask lets no token through")
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total))

# %% masked_perplexity: assert in place of an error
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    count = int(xp.sum(mask))
    assert count > 0, "mask lets no token through"
    total = xp.sum(xp.where(mask, nats, xp.zeros_like(nats)))
    return exp(float(total) / count)

# %% masked_perplexity: right, with boolean indexing
def masked_perplexity(nats, mask):
    xp = array_namespace(nats)
    if not bool(xp.any(mask)):
        raise ValueError("mask is False everywhere")
    return float(xp.exp(xp.mean(nats[mask])))

# %% seasonal_mase: ruler of one step, as in the chapter
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[1:, ...] - training[:-1, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: one number for all series
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted))
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps)
    return error / ruler

# %% seasonal_mase: one ruler for all series
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps)
    return error / ruler

# %% seasonal_mase: one error for all series
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted))
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: batch first, axis 1
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=1)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=1)
    return error / ruler

# %% seasonal_mase: sums in place of means
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.sum(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.sum(steps, axis=0)
    return error / ruler

# %% seasonal_mase: ruler divided by T
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.sum(steps, axis=0) / training.shape[0]
    return error / ruler

# %% seasonal_mase: ruler divided by T less one
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.sum(steps, axis=0) / (training.shape[0] - 1)
    return error / ruler

# %% seasonal_mase: squared and rooted, RMSSE
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean((actual - predicted) ** 2, axis=0) ** 0.5
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps**2, axis=0) ** 0.5
    return error / ruler

# %% seasonal_mase: squared errors
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean((actual - predicted) ** 2, axis=0)
    steps = (training[period:, ...] - training[:-period, ...]) ** 2
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: no abs in the error
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean((actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: no abs in the ruler
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = training[period:, ...] - training[:-period, ...]
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: less in place of not more
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] < period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: no refusal
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: upside down
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return ruler / error

# %% seasonal_mase: medians
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = np.median(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = np.median(steps, axis=0)
    return error / ruler

# %% seasonal_mase: ruler is the spread about the mean
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training - xp.mean(training, axis=0))
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: mean of the scores at the end
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return xp.mean(error / ruler)

# %% seasonal_mase: forgot the minus in the slice
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: percentage error
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs((actual - predicted) / actual), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: diff of order m
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(np.diff(training, n=period, axis=0))
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: roll wraps around
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training - xp.roll(training, period, axis=0))
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: message begins otherwise
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError("not enough training data")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: season on the last axis
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[..., period:] - training[..., :-period])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: abs of the mean
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.abs(xp.mean(actual - predicted, axis=0))
    steps = xp.abs(training[period:, ...] - training[:-period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: seasonal naive on the test [so told: ruler from the test]
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(actual[1:, ...] - actual[:-1, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: one step and one ruler, two
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[1:, ...] - training[:-1, ...])
    ruler = xp.mean(steps)
    return error / ruler

# %% seasonal_mase: last season only as ruler
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[-period:, ...] - training[-2 * period : -period, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: ruler has one step too few
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    if training.shape[0] <= period:
        raise ValueError(f"training has only {training.shape[0]} steps")
    error = xp.mean(xp.abs(actual - predicted), axis=0)
    steps = xp.abs(training[period + 1 :, ...] - training[: -period - 1, ...])
    ruler = xp.mean(steps, axis=0)
    return error / ruler

# %% seasonal_mase: right, with sums
def seasonal_mase(actual, predicted, training, period):
    xp = array_namespace(actual)
    K, T = actual.shape[0], training.shape[0]
    if T - period < 1:
        raise ValueError("training: too short")
    top = xp.sum(xp.abs(predicted - actual), axis=0) / K
    old, new = training[: T - period, ...], training[period:, ...]
    return top * (T - period) / xp.sum(xp.abs(old - new), axis=0)

# %% probability: forgot that tokens may be short
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(model.order):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: begins at 1
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1.0
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: begins at 0
def probability(model, tokens):
    last = len(tokens) - 1
    p = 0.0
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: empty context left out
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(1, min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: range one short
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last)):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: contexts up to order tokens [so told: deeper than the order]
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: order ignored, all the tokens there are
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(last + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: no stop at an unseen context
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: unseen context gives zero
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            return 0.0
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: add one smoothing
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + 1) / (model.total[context] + len(model.vocabulary))
    return p

# %% probability: kinds of the gram
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[gram]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: from the longest to the shortest
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last), -1, -1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: kinds missing below
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / model.total[context]
    return p

# %% probability: kinds missing above
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + p) / (model.total[context] + kinds)
    return p

# %% probability: one pseudo count for every context
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = 1
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: maximum likelihood of the longest
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = model.seen[gram] / model.total[context]
    return p

# %% probability: weights swapped
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (kinds * model.seen[gram] / model.total[context] + model.total[context] * p) / (model.total[context] + kinds)
    return p

# %% probability: 1 over the kinds that were seen
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / model.kinds[tokens[:0]]
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: stops where the gram is unseen
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.seen[gram] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: log probability
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return log(p)

# %% probability: context with the last token in it
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k :], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: context from the front
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[:k], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: vocabulary in place of kinds
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = len(model.vocabulary)
        p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
    return p

# %% probability: discount subtracted, Kneser and Ney from memory
def probability(model, tokens):
    last = len(tokens) - 1
    p = 1 / len(model.vocabulary)
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (max(model.seen[gram] - 0.75, 0) + 0.75 * kinds * p) / model.total[context]
    return p

# %% probability: begins at 0 and kinds missing below, two
def probability(model, tokens):
    last = len(tokens) - 1
    p = 0.0
    for k in range(min(model.order - 1, last) + 1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.total[context] == 0:
            break
        kinds = model.kinds[context]
        p = (model.seen[gram] + kinds * p) / model.total[context]
    return p

# %% probability: back off in place of interpolation
def probability(model, tokens):
    last = len(tokens) - 1
    for k in range(min(model.order - 1, last), -1, -1):
        context, gram = tokens[last - k : last], tokens[last - k :]
        if model.seen[gram] > 0:
            return model.seen[gram] / (model.total[context] + model.kinds[context])
    return 1 / len(model.vocabulary)

# %% probability: product over the whole text
def probability(model, tokens):
    result = 1.0
    for last in range(len(tokens)):
        p = 1 / len(model.vocabulary)
        for k in range(min(model.order - 1, last) + 1):
            context, gram = tokens[last - k : last], tokens[last - k : last + 1]
            if model.total[context] == 0:
                break
            kinds = model.kinds[context]
            p = (model.seen[gram] + kinds * p) / (model.total[context] + kinds)
        result *= p
    return result

# %% probability: right, recursive
def probability(model, tokens):
    def p(context, w):
        lower = p(context[1:], w) if len(context) else 1 / len(model.vocabulary)
        c, k = model.total[context], model.kinds[context]
        return (model.seen[context + w] + k * lower) / (c + k) if c else lower

    w, before = tokens[-1:], tokens[:-1]
    return p(before[max(0, len(before) - model.order + 1) :], w)
