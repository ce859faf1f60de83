# %% onto_the_grid: hasty, rest of the note left standing
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: hasty, no least length
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = last
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: hasty, key without FIRST
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST
    return tokens

# %% onto_the_grid: hasty, HOLD not written
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: hasty, int instead of rint
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = (begin * a_second).astype(int)
    last = (end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: shapes, voices by time, transposed
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((V, T), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[v, f:] = SILENCE
        tokens[v, f:l] = HOLD
        tokens[v, f] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: shapes, one more frame
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max() + 1
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: shapes, all voices silenced
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: shapes, lowest voice first
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, V - 1 - v] = SILENCE
        tokens[f:l, V - 1 - v] = HOLD
        tokens[f, V - 1 - v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: maths, frames a second without the minute
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / frame / 60 * 60
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: maths, frame multiplied
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 * frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: maths, seconds for quarters upside down
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = 60 / tempo / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: maths, length rounded instead of the end
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = first + np.rint((end - begin) * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: maths, former note comes back
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        before = tokens[l:, v].copy()
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: convention, end inclusive
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l + 1, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: convention, ceil for the end and floor for the begin
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.floor(begin * a_second).astype(int)
    last = np.ceil(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: convention, T of the last note
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last[-1]
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        if f < T:
            tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: convention, MIDI numbers as tokens
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q
    return tokens

# %% onto_the_grid: convention, half up
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.floor(begin * a_second + 0.5).astype(int)
    last = np.floor(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: elsewhere, piano roll with key in all frames
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:, v] = SILENCE
        tokens[f:l, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: elsewhere, longer note wins where two overlap
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.rint(end * a_second).astype(int)
    last = np.maximum(last, first + 1)
    T = last.max()
    tokens = np.full((T, V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        for t in range(f, l):
            if tokens[t, v] == SILENCE:
                tokens[t, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% onto_the_grid: elsewhere, a Score and encode
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.maximum(np.rint(end * a_second).astype(int), first + 1)
    pitches = np.full((last.max(), V), REST)
    starts = np.zeros((last.max(), V), bool)
    for f, l, q, v in zip(first, last, pitch, voice):
        pitches[f:l, v] = q
        starts[f, v] = True
    return encode(Score(pitches, starts))

# %% onto_the_grid: elsewhere, cut before rounding
def onto_the_grid(begin, end, pitch, voice, tempo, frame, V):
    end = end.copy()
    for v in range(V):
        mine = np.flatnonzero(voice == v)
        end[mine[:-1]] = np.minimum(end[mine[:-1]], begin[mine[1:]])
    a_second = tempo / 60 / frame
    first = np.rint(begin * a_second).astype(int)
    last = np.maximum(np.rint(end * a_second).astype(int), first + 1)
    tokens = np.full((last.max(), V), SILENCE)
    for f, l, q, v in zip(first, last, pitch, voice):
        tokens[f:l, v] = HOLD
        tokens[f, v] = q - LOWEST + FIRST
    return tokens

# %% chorale_nats: hasty, padding counts
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.ones((T - 1, B), device=logits.device)
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, gradient without the mask
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = (torch.sigmoid(l) - x) / real.sum()
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, gradient not divided
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = real[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, last row forgotten
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, d

# %% chorale_nats: hasty, log of 1 + exp
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.log(1 + torch.exp(l)) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, no shift, masked
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits, roll
    real = torch.arange(T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, d

# %% chorale_nats: shapes, mean over keys as well
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.mean(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x) / K
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: shapes, zero row in front
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([torch.zeros_like(logits[:1]), d])

# %% chorale_nats: shapes, sum over pieces instead of keys
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = cost.sum(2).mean()
    d = (torch.sigmoid(l) - x) / ((T - 1) * B)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: shapes, mean of the pieces' means
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum(0).clamp(min=1) / B).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: shapes, lengths of B last, frames less or equal
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(T - 1, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, x minus sigmoid
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (x - torch.sigmoid(l))
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, slope of the sigmoid
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x) * torch.sigmoid(l) * (1 - torch.sigmoid(l))
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, only the keys that sound
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = x * torch.nn.functional.softplus(-l)
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - 1) * x
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, softmax over the keys
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = -x * torch.log_softmax(l, 2)
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.softmax(l, 2) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, divided by all frames with the first
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / lengths.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: maths, plus l x
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) + l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) + x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: convention, bits
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum() / np.log(2)
    d = w[..., None] * (torch.sigmoid(l) - x) / np.log(2)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: convention, frame t with row t + 1
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[1:], roll[:-1]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([torch.zeros_like(logits[:1]), d])

# %% chorale_nats: convention, mean over pieces of the sum over frames
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / B).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: elsewhere, torch's default mean
def chorale_nats(logits, roll, lengths):
    l = logits.detach().clone().requires_grad_(True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(l[:-1], roll[1:])
    loss.backward()
    return loss.detach(), l.grad

# %% chorale_nats: elsewhere, torch's loss with a weight, keys averaged
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    real = (torch.arange(1, T)[:, None] < lengths.cpu()).to(logits)
    l = logits.detach().clone().requires_grad_(True)
    loss = torch.nn.functional.binary_cross_entropy_with_logits(
        l[:-1], roll[1:], weight=real[..., None], reduction="sum")
    loss = loss / (real.sum() * K)
    loss.backward()
    return loss.detach(), l.grad

# %% chorale_nats: elsewhere, probability clipped
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = -(x * torch.log(torch.sigmoid(l).clamp(min=1e-7)) + (1 - x) * torch.log((1 - torch.sigmoid(l)).clamp(min=1e-7)))
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: elsewhere, logits clipped
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l.clamp(-30, 30)) - l.clamp(-30, 30) * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: elsewhere, probabilities through log of sigmoid
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = -(x * torch.log(torch.sigmoid(l)) + (1 - x) * torch.log(1 - torch.sigmoid(l)))
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, float in the score
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).to(logits.dtype)
    cost = torch.nn.functional.softplus(l) - l * x
    nats = float((w * cost.sum(2)).sum())
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, mask in float32
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = (real / real.sum()).float()
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum().float()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% chorale_nats: hasty, padding multiplied by weights of float32
def chorale_nats(logits, roll, lengths):
    T, B, K = logits.shape
    l, x = logits[:-1], roll[1:]
    real = torch.arange(1, T, device=logits.device)[:, None] < lengths
    w = torch.where(real, 1.0, 0.0) / real.sum()
    cost = torch.nn.functional.softplus(l) - l * x
    nats = (w * cost.sum(2)).sum()
    d = w[..., None] * (torch.sigmoid(l) - x)
    return nats, torch.cat([d, torch.zeros_like(logits[:1])])

# %% legal_chord: hasty, LOWEST forgotten
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, only the neighbour above
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(max(v - 1, 0), v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, only the highest voice
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(min(v, 1)):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, a voice may not stay either
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = now[u] != before[u]
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, the upper need not move
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = keys != before[v]
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, no room below
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= 0
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: hasty, octaves not taken off
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = before[u] - before[v]
            if apart in (0, 7, 12):
                again = now[u] - keys == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: shapes, compass of the columns
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[0, 0]) & (keys <= compass[-1, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: shapes, mask by index of key not pitch
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys - LOWEST >= compass[v, 0]) & (keys - LOWEST <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: shapes, ask without the chord
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, []) * may, number))
    return now

# %% legal_chord: shapes, ask with the whole chord before
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, list(before)) * may, number))
    return now

# %% legal_chord: maths, unison forgotten
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (7,):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, fourth with the fifth, any direction
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 5, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, lower minus upper
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[v] - before[u]) % 12
            if apart in (0, 7):
                again = (keys - now[u]) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, either moves [so told: the upper voice need not move]
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) | (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, sevenths of scale steps
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 4):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, crossing with what the upper sang before
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= before[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: maths, any fifth or octave after another
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = np.isin((now[u] - keys) % 12, (0, 7))
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: convention, range without its upper end
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys < compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: convention, crossing, the same pitch not allowed
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= (keys < now[v - 1]) | (keys == before[v])
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: convention, room below strict
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= (keys > before[v + 1]) | (keys == before[v])
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: convention, same direction only
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] - before[u]) * (keys - before[v]) > 0
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: convention, upward only
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] > before[u]) & (keys > before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% legal_chord: elsewhere, likeliest instead of drawn
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + int(np.argmax(ask(v, now) * may)))
    return now

# %% legal_chord: elsewhere, softmax again over the masked
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(np.exp(ask(v, now)) * may, number))
    return now

# %% legal_chord: elsewhere, draw until legal, with other numbers
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    rng = np.random.default_rng(0)
    for v, number in enumerate(numbers):
        p = ask(v, now)
        while True:
            q = LOWEST + draw_at(p, number)
            good = compass[v, 0] <= q <= compass[v, 1]
            good = good and (v == 0 or q <= now[v - 1])
            good = good and (v + 1 == len(before) or q >= before[v + 1])
            for u in range(v):
                a = (before[u] - before[v]) % 12
                if a in (0, 7) and now[u] != before[u] and q != before[v]:
                    good = good and (now[u] - q) % 12 != a
            if good:
                break
            number = rng.random()
        now.append(q)
    return now

# %% legal_chord: elsewhere, one number for all
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, numbers[0]))
    return now

# %% legal_chord: elsewhere, minus infinity on probabilities
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = (now[u] - keys) % 12 == apart
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(np.where(may, ask(v, now), 1e-3), number))
    return now

# %% legal_chord: elsewhere, exact interval only
def legal_chord(ask, before, compass, numbers):
    now = []
    keys = np.arange(LOWEST, LOWEST + KEYS)
    for v, number in enumerate(numbers):
        may = (keys >= compass[v, 0]) & (keys <= compass[v, 1])
        if v > 0:
            may &= keys <= now[v - 1]
        if v + 1 < len(before):
            may &= keys >= before[v + 1]
        for u in range(v):
            apart = (before[u] - before[v]) % 12
            if apart in (0, 7):
                again = now[u] - keys == before[u] - before[v]
                both = (now[u] != before[u]) & (keys != before[v])
                may &= ~(both & again)
        now.append(LOWEST + draw_at(ask(v, now) * may, number))
    return now

# %% in_all_keys: hasty, held out by number only
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if k in held_out:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: hasty, no leak looked for
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if False:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: hasty, signature stays
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, key))
    return train, test

# %% in_all_keys: hasty, holds and rests moved too
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return piece + s

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: hasty, rests must fit as well
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: hasty, no compass
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if True:
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: hasty, without its own key
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in [s for s in range(-6, 6) if s]:
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: shapes, fits if any note does
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.any():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: shapes, compass of all voices together
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low.min()) & (pitch <= high.max())
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: shapes, low and high of two rows
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low[0]) & (pitch <= high[-1])
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: shapes, outline of the first voice
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return (piece[:, 0] - piece[:, 0].max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: maths, signature one fifth a semitone
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: maths, signature minus
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key - 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: maths, signature not wrapped
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, key + 7 * s))
    return train, test

# %% in_all_keys: maths, compass against tokens
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (other >= low) & (other <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: maths, pitch without FIRST
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (other + LOWEST >= low) & (other + LOWEST <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: convention, from 5 down to 6 up
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-5, 7):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: convention, twelve up
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(12):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: convention, six down to six up
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 7):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: convention, signature from 0 to 11
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s) % 12))
    return train, test

# %% in_all_keys: convention, signature from -6 to 5
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 6) % 12 - 6))
    return train, test

# %% in_all_keys: convention, high end excluded
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch < high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: convention, test sorted
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in sorted(held_out)]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, the test in all keys too
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(up(pieces[k], s), (keys[k] + 7 * s + 5) % 12 - 5) for k in held_out for s in range(-6, 6)]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, pieces of equal notes only
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return piece.tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, outline from the lowest token, rests and all
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return (piece - piece.min()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, outline by the pitch classes
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    def outline(piece):
        return up(piece, 0).tobytes() if piece.max() < FIRST else np.where(piece >= FIRST, (piece - piece.max()) % 12, 0).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if fits.all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, key by key
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T
    train, test = [], [(pieces[k], keys[k]) for k in held_out]

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    secret = {up(pieces[k], TOKENS - pieces[k].max()).tobytes() for k in held_out}
    for s in range(-6, 6):
        for piece, key in zip(pieces, keys):
            if up(piece, TOKENS - piece.max()).tobytes() in secret:
                continue
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            if ((other < FIRST) | (pitch >= low) & (pitch <= high)).all():
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, notes clipped into the range
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T

    def up(piece, s):
        return np.where(piece >= FIRST, np.clip(piece + s, FIRST, TOKENS - 1), piece)

    def outline(piece):
        return up(piece, TOKENS - piece.max()).tobytes()

    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {outline(pieces[k]) for k in held_out}
    for k, (piece, key) in enumerate(zip(pieces, keys)):
        if outline(piece) in secret:
            continue
        for s in range(-6, 6):
            other = up(piece, s)
            pitch = other - FIRST + LOWEST
            fits = (other < FIRST) | (pitch >= low) & (pitch <= high)
            if True:
                train.append((other, (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% in_all_keys: elsewhere, octave folded into the compass
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T
    train, test = [], [(pieces[k], keys[k]) for k in held_out]

    def up(piece, s):
        return np.where(piece >= FIRST, piece + s, piece)

    secret = {up(pieces[k], TOKENS - pieces[k].max()).tobytes() for k in held_out}
    for piece, key in zip(pieces, keys):
        if up(piece, TOKENS - piece.max()).tobytes() in secret:
            continue
        for s in range(-6, 6):
            for octave in (0, 12, -12):
                other = up(piece, s + octave)
                pitch = other - FIRST + LOWEST
                if ((other < FIRST) | (pitch >= low) & (pitch <= high)).all():
                    train.append((other, (key + 7 * s + 5) % 12 - 5))
                    break
    return train, test

# %% in_all_keys: hasty, piece changed in place
def in_all_keys(pieces, keys, held_out, compass):
    low, high = compass.T
    train, test = [], [(pieces[k], keys[k]) for k in held_out]
    secret = {np.where(pieces[k] >= FIRST, pieces[k] - pieces[k].max(), pieces[k]).tobytes() for k in held_out}
    for piece, key in zip(pieces, keys):
        if np.where(piece >= FIRST, piece - piece.max(), piece).tobytes() in secret:
            continue
        for s in range(-6, 6):
            other = piece
            other[other >= FIRST] += s
            pitch = other - FIRST + LOWEST
            if ((other < FIRST) | (pitch >= low) & (pitch <= high)).all():
                train.append((other.copy(), (key + 7 * s + 5) % 12 - 5))
    return train, test

# %% decode: hasty, about forgotten
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST)

# %% decode: hasty, silence not set
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = now
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: hasty, no refusal
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = row < -1000
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: hasty, before never moved on
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = before
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: hasty, hold is silence
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, REST, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: shapes, first voice's row for all
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before[0], row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: shapes, transposed pitches
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches.T, (tokens >= FIRST).T, **about)

# %% decode: shapes, forward fill over the wrong axis
def decode(tokens, **about):
    if ((tokens < 0) | (tokens >= TOKENS)).any():
        raise ValueError("tokens: out of range")
    pitches = np.zeros(tokens.shape, int)
    for t in range(tokens.shape[0]):
        before = REST
        for v in range(tokens.shape[1]):
            k = tokens[t, v]
            if k == SILENCE:
                before = REST
            elif k != HOLD:
                before = k - FIRST + LOWEST
            pitches[t, v] = before
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: shapes, any hold after any rest is wrong
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | ((row == HOLD).any() & (before == REST).any())
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: maths, pitch without LOWEST
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: maths, pitch without FIRST
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: maths, plus FIRST
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row + FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: maths, starts where the pitch changes
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, np.diff(pitches, axis=0, prepend=0) != 0, **about)

# %% decode: maths, starts is what sounds
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, pitches != REST, **about)

# %% decode: maths, starts includes silence
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens != HOLD, **about)

# %% decode: maths, starts greater than FIRST
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens > FIRST, **about)

# %% decode: convention, hold remembered through a rest
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = np.where(now == REST, before, now)
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, 0 is silence and 1 is hold
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == 1) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == 1, before, row - FIRST + LOWEST)
        now = np.where(row == 0, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, silence of minus one
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, -1, now)
        pitches[t] = now
        before = np.where(now == -1, REST, now)
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, token 89 refused
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS - 1) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, token 90 allowed
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row > TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, a held rest goes on silently
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, refusal by assert
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise AssertionError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, message says something else
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (before == REST)
        if wrong.any():
            raise ValueError(f"frame {t}: nothing to hold")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: convention, refuses hold only at the beginning
def decode(tokens, **about):
    pitches = np.zeros(tokens.shape, int)
    before = np.full(tokens.shape[1], REST)
    for t, row in enumerate(tokens):
        wrong = (row < 0) | (row >= TOKENS) | (row == HOLD) & (t == 0)
        if wrong.any():
            raise ValueError(f"tokens: wrong at frame {t}")
        now = np.where(row == HOLD, before, row - FIRST + LOWEST)
        now = np.where(row == SILENCE, REST, now)
        pitches[t] = now
        before = now
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: elsewhere, sounding alone
def decode(tokens, **about):
    from rnncore.music.score import sounding

    before = np.full(tokens.shape[1], REST)
    pitches = []
    for row in tokens:
        before = sounding(row, before)
        pitches.append(before)
    return Score(np.stack(pitches), tokens >= FIRST, **about)

# %% decode: elsewhere, pandas-like forward fill of keys
def decode(tokens, **about):
    if ((tokens < 0) | (tokens >= TOKENS)).any():
        raise ValueError("tokens: out of range")
    frames = np.arange(len(tokens))[:, None]
    last = np.maximum.accumulate(np.where(tokens >= FIRST, frames, 0))
    held = np.take_along_axis(tokens, last, axis=0)
    pitches = np.where(tokens == SILENCE, REST, held - FIRST + LOWEST)
    return Score(pitches, tokens >= FIRST, **about)

# %% decode: elsewhere, from a piano roll
def decode(tokens, **about):
    sounds = np.zeros((len(tokens), KEYS), bool)
    struck = np.zeros_like(sounds)
    for v in range(tokens.shape[1]):
        key = None
        for t, k in enumerate(tokens[:, v]):
            if not 0 <= k < TOKENS or (k == HOLD and key is None):
                raise ValueError("tokens: wrong")
            if k == SILENCE:
                key = None
            elif k >= FIRST:
                key = k - FIRST
                struck[t, key] = True
            if key is not None:
                sounds[t, key] = True
    return from_piano_roll(sounds, struck, tokens.shape[1], **about)
