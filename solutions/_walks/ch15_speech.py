# %% spell_frames: right, as the hints say
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: right, a table of paths
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]
    S = emitted.shape[1]
    paths = {s: (emitted[0, s], [s]) for s in range(min(2, S))}
    for t in range(1, len(log_p)):
        new = {}
        for s in range(S):
            found = []
            for d in (0, 1, 2):
                if s - d in paths and (d < 2 or skips[0, s] == 0):
                    found.append(paths[s - d])
            if found:
                v, p = max(found, key=lambda a: a[0])
                new[s] = (v + emitted[t, s], [*p, s])
        paths = new
    v, p = max((paths[s] for s in paths if ends[0, s] == 0), key=lambda a: a[0])
    return np.array([s // 2 if s % 2 else -1 for s in p]), float(v)

# %% spell_frames: hasty, skips forgotten
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2)])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, no skipping
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1)])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, ends forgotten
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int(best.argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, the last state always
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = len(best) - 1
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, the last letter always
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = max(len(best) - 2, 0)
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, begins anywhere
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:] = emitted[0]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, begins in the blank
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:1] = emitted[0, :1]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, frame 0 not counted
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = 0.0
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, frame 0 left at the blank
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, 0, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, without the emissions
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0)
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: hasty, score an array
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = best[s : s + 1]
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, argmax over the states
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = np.resize(ways.argmax(axis=1), ways.shape[1])
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, all classes instead of states
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, np.arange(len(states[0])) % log_p.shape[1]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, notes one frame early
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t - 1] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, skips of the first states
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0, 0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, where turned round
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where[::-1].copy(), score

# %% spell_frames: shapes, even states are letters
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2 == 0 and s < len(best) - 1:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: shapes, score first
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return score, where

# %% spell_frames: maths, sum instead of the largest
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = np.logaddexp.reduce(ways, axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, probabilities that underflow
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    p = np.exp(log_p)[:, states[0]]
    came = np.zeros(p.shape, int)
    best = np.zeros(p.shape[1])
    best[:2] = p[0, :2]
    for t in range(1, len(p)):
        one = np.concatenate([[0], best[:-1]])
        two = np.concatenate([[0, 0], best])[: len(best)] * np.exp(skips[0])
        ways = np.stack([best, one, two])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) * p[t]
    s = int((best * np.exp(ends[0])).argmax())
    score = float(np.log(best[s] + 1e-300))
    where = np.full(len(p), -1)
    for t in range(len(p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, score is the log of all paths
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(-ctc_loss(log_p[:, None], [labels])[0][0])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, score of the mean frame
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s]) / len(log_p)
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, a positive loss
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = -float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, score a probability
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(np.exp(best[s]))
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, the notes used before the letter
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        s -= came[t, s]
        if s % 2:
            where[t] = s // 2
    return where, score

# %% spell_frames: maths, walks one state a time
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= min(came[t, s], 1)
    return where, score

# %% spell_frames: maths, emissions before the choice of another state
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best + emitted[t], moved_on(best + emitted[t], 1), moved_on(best + emitted[t], 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0)
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, skip where letters repeat
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + np.where(skips[0] == 0, -np.inf, 0.0)])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, minimum
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmin(axis=0)
        best = ways.min(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: maths, likeliest in each frame of a state
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]
    s, where, score = 0, [], 0.0
    for e in emitted:
        options = [s, s + 1] + ([s + 2] if s + 2 < len(e) and skips[0, s + 2] == 0 else [])
        options = [o for o in options if o < len(e)]
        s = max(options, key=lambda o: e[o])
        where.append(s // 2 if s % 2 else -1)
        score += float(e[s])
    return np.array(where), score

# %% spell_frames: convention, positions from 1
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2 + 1
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, blank is 0
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), 0)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, the letter itself
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = labels[s // 2]
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, the class at each frame
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.zeros(len(log_p), int)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = labels[s // 2]
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, states returned
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.zeros(len(log_p), int)
    for t in range(len(log_p) - 1, -1, -1):
        where[t] = s
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, a list
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where.tolist(), score

# %% spell_frames: convention, base two
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s]) / float(np.log(2))
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: convention, later state at a tie and blank first [so told: ends in a blank]
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = len(best) - 1 if best[-1] > -np.inf else len(best) - 2
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score

# %% spell_frames: copied, the greedy path
def spell_frames(log_p, labels):
    path = log_p.argmax(axis=1)
    score = float(log_p.max(axis=1).sum())
    where, n, before = [], -1, 0
    for k in path:
        if k != 0 and k != before:
            n += 1
        where.append(n if k != 0 else -1)
        before = k
    return np.array(where), score

# %% spell_frames: copied, an HMM without blanks
def spell_frames(log_p, labels):
    emitted = log_p[:, labels]
    S = len(labels)
    came = np.zeros(emitted.shape, int)
    best = np.full(S, -np.inf)
    best[:1] = emitted[0, :1]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1)])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = S - 1
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        where[t] = s
        s -= came[t, s]
    return where, score

# %% spell_frames: copied, forward of the loss and the largest state each frame
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    where = [int(best.argmax())]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        best = ways.max(axis=0) + emitted[t]
        where.append(int(best.argmax()))
    score = float((best + ends[0]).max())
    return np.array([s // 2 if s % 2 else -1 for s in where]), score

# %% spell_frames: copied, torchaudio's scores too
def spell_frames(log_p, labels):
    states, skips, ends = lattice([labels])
    emitted = log_p[:, states[0]]  # (T, S)
    came = np.zeros(emitted.shape, int)
    best = np.full(emitted.shape[1], -np.inf)
    best[:2] = emitted[0, :2]
    for t in range(1, len(log_p)):
        ways = np.stack([best, moved_on(best, 1), moved_on(best, 2) + skips[0]])
        came[t] = ways.argmax(axis=0)
        best = ways.max(axis=0) + emitted[t]
    s = int((best + ends[0]).argmax())
    score = float(best[s])
    where = np.full(len(log_p), -1)
    for t in range(len(log_p) - 1, -1, -1):
        if s % 2:
            where[t] = s // 2
        s -= came[t, s]
    return where, score, best

# %% listed_loss: right, as the hints say
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: right, a loop over paths
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.zeros((n, K))
        for q, w in zip(paths, log_w):
            share[np.arange(n), q] += np.exp(w - total)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, not divided
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss), d_logits

# %% listed_loss: hasty, gradient not divided
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits

# %% listed_loss: hasty, loss not divided
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss), d_logits / letters

# %% listed_loss: hasty, sign of the loss
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss += total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, lengths ignored
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate([len(logits)] * len(lengths)):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, the last recording alone
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss = -total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, all paths
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n)]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, share alone
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = -share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, log p for p
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = log_p - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, no gradient
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
    return float(loss / letters), d_logits / letters

# %% listed_loss: hasty, gradient of padding
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
        d_logits[n:, b] = np.exp(log_softmax(logits[:, b : b + 1])[n:, 0])
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, softmax over the frames
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b].T[:, None])[:, 0].T
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, softmax over the batch
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits.transpose(0, 2, 1)).transpose(0, 2, 1)[:n, b]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, log w over the paths
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum()
        total = log_w
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.full(len(paths), 1 / len(paths)), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, gradient of all frames mean
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = (np.exp(log_p) - share).mean(axis=0)
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, frames of the wrong end
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[-n:, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: shapes, last frames
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[-n:, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[-n:, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, mean over recordings
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / len(labels)), d_logits / len(labels)

# %% listed_loss: maths, each recording by its letters [so told: each recording averaged by itself]
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total / len(labels[b])
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = (np.exp(log_p) - share) / len(labels[b])
    return float(loss / len(labels)), d_logits / len(labels)

# %% listed_loss: maths, divided by frames
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = int(np.sum(lengths))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, paths weigh alike
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.full(len(paths), 1 / len(paths)), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, weights not normalised
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, share minus p
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = share - np.exp(log_p)
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, the likeliest path alone
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = log_w.max()
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot((log_w == total) * 1.0, says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, the mean of the paths
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w) - np.log(len(log_w))
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, sum of log w
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = log_w.sum()
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - np.logaddexp.reduce(log_w)), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, no logarithms
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.log(np.exp(log_w).sum())
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, softmax by hand without maximum
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = np.log(np.exp(logits[:n, b]) / np.exp(logits[:n, b]).sum(axis=1, keepdims=True))
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, logits for log p
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = logits[:n, b]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, gradient through p again
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) * (np.exp(log_p) - share)
    return float(loss / letters), d_logits / letters

# %% listed_loss: maths, share over frames
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1) / n
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: convention, blank is the last class
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path([(k + 1) % K for k in q]) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: convention, blanks dropped before repeats merged
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path([k for k in q if k]) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: convention, repeats not merged
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if [k for k in q if k] == list(labels[b])]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: convention, bits
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters / np.log(2)), d_logits / letters

# %% listed_loss: convention, torch's mean [so told: each recording averaged by itself]
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total / max(len(labels[b]), 1) / len(labels) * letters
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = (np.exp(log_p) - share) / len(labels[b]) / len(labels) * letters
    return float(loss / letters), d_logits / letters

# %% listed_loss: convention, a loss for each recording
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    loss = np.zeros(len(labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss[b] = -total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return loss / letters, d_logits / letters

# %% listed_loss: convention, probability
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(np.exp(-loss)), d_logits / letters

# %% listed_loss: copied, the book's ctc_loss without lengths
def listed_loss(logits, labels, lengths):
    loss, cache = ctc_loss(logits, labels)
    letters = sum(map(len, labels))
    d = ctc_loss_vjp(np.full(len(labels), 1 / letters), cache)
    return float(loss.sum() / letters), d

# %% listed_loss: copied, the book's loss and a gradient of ones
def listed_loss(logits, labels, lengths):
    loss, cache = ctc_loss(logits, labels, lengths)
    letters = sum(map(len, labels))
    d = ctc_loss_vjp(np.ones(len(labels)), cache)
    return float(loss.sum() / letters), d

# %% listed_loss: copied, cross entropy of the likeliest path
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = says[log_w.argmax()]
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% listed_loss: copied, writes into the logits
def listed_loss(logits, labels, lengths):
    d_logits, loss, K = np.zeros_like(logits), 0.0, logits.shape[2]
    letters = sum(map(len, labels))
    for b, n in enumerate(lengths):
        log_p = log_softmax(logits[:n, b][:, None])[:, 0]
        logits[n:, b] = 0.0
        paths = [q for q in product(range(K), repeat=n) if read_path(q) == labels[b]]
        paths = np.array(paths)
        log_w = log_p[np.arange(n), paths].sum(axis=1)
        total = np.logaddexp.reduce(log_w)
        loss -= total
        says = paths[..., None] == np.arange(K)
        share = np.tensordot(np.exp(log_w - total), says, 1)
        d_logits[:n, b] = np.exp(log_p) - share
    return float(loss / letters), d_logits / letters

# %% rates_by: right, as the hints say
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: right, a whole table
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        d = np.zeros((len(a) + 1, len(b) + 1))
        d[:, 0], d[0] = range(len(a) + 1), range(len(b) + 1)
        for i in range(len(a)):
            for j in range(len(b)):
                d[i + 1, j + 1] = min(
                    d[i, j + 1] + 1, d[i + 1, j] + 1, d[i, j] + (a[i] != b[j])
                )
        row = d[-1].tolist()
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, letters instead of words
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, last recording of a condition
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = row[-1]
        words[c] = len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, words of the last recording
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, no substitutions for free
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + 1))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, missing words free
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j], new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, extra words free
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1], row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, empty texts skipped
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        if not a:
            continue
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, new row from zero
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [0]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, row not kept
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
        row = new if a else row
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, first row zeros
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [0] * (len(b) + 1)
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: hasty, counts of errors returned
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: float(errors[c]) for c in words}

# %% rates_by: shapes, last but one
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[len(a) - 1 if a else -1] if len(row) >= len(a) else row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, the largest of the row
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + max(row)
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, the smallest of the row
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + min(row)
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, said and heard change places in the count
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(b)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, one rate for all
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    e, w = sum(errors.values()), sum(words.values())
    return {c: e / w for c in words}
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, diagonal from the new row
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, new[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: shapes, diagonal one too far
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, the mean of rates
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1] / max(len(a), 1)
        words[c] = words.get(c, 0) + 1
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, the mean of rates without empty ones
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        if not a:
            continue
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1] / len(a)
        words[c] = words.get(c, 0) + 1
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, substitution costs two
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + 2 * (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, divided by the longer text
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + max(len(a), len(b))
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, divided by both
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a) + len(b)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, percent
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: 100 * errors[c] / words[c] for c in words}

# %% rates_by: maths, accuracy
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: 1 - errors[c] / words[c] for c in words}

# %% rates_by: maths, rate at most 1
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: min(1.0, errors[c] / words[c]) for c in words}

# %% rates_by: maths, word by word
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [sum(x != y for x, y in zip(a, b)) + abs(len(a) - len(b))]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, word by word up to the shorter
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [sum(x != y for x, y in zip(a, b))]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, bags of words
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        from collections import Counter

        common = sum((Counter(a) & Counter(b)).values())
        row = [max(len(a), len(b)) - common]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, sets of words
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [len(set(a) ^ set(b))]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, wrong or right recordings
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [int(a != b)]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + 1
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, the difference in length
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = [abs(len(a) - len(b))]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, longest common run
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        from difflib import SequenceMatcher

        same = SequenceMatcher(None, a, b, autojunk=False).get_matching_blocks()
        row = [max(len(a), len(b)) - sum(m.size for m in same)]
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: maths, missing and extra words alone
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (3 if x != y else 0)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: convention, integer division
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: float(errors[c] // words[c]) for c in words}

# %% rates_by: convention, rounded
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: round(errors[c] / words[c], 1) for c in words}

# %% rates_by: convention, a list
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return [errors[c] / words[c] for c in words]

# %% rates_by: convention, split at every space
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(" "), b.split(" ")
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: convention, empty said counts as one word
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + max(len(a), 1)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: convention, edits of heard cut to said
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        b = b[: len(a)]
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: copied, letter error rate
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = list(a), list(b)
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: copied, letters' errors over words
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        a, n = list(" ".join(a)), len(a)
        b = list(" ".join(b))
        row = list(range(len(b) + 1))
        for i, x in enumerate(a, 1):
            new = [i]
            for j, y in enumerate(b, 1):
                new.append(min(row[j] + 1, new[-1] + 1, row[j - 1] + (x != y)))
            row = new
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + n
    return {c: errors[c] / words[c] for c in words}

# %% rates_by: copied, swaps of neighbours for one
def rates_by(said, heard, conditions):
    errors, words = {}, {}
    for a, b, c in zip(said, heard, conditions, strict=True):
        a, b = a.split(), b.split()
        d = np.zeros((len(a) + 1, len(b) + 1))
        d[:, 0], d[0] = range(len(a) + 1), range(len(b) + 1)
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                d[i, j] = min(
                    d[i - 1, j] + 1,
                    d[i, j - 1] + 1,
                    d[i - 1, j - 1] + (a[i - 1] != b[j - 1]),
                )
                if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                    d[i, j] = min(d[i, j], d[i - 2, j - 2] + 1)
        row = d[-1].tolist()
        errors[c] = errors.get(c, 0) + row[-1]
        words[c] = words.get(c, 0) + len(a)
    return {c: errors[c] / words[c] for c in words}

# %% with_change: right, as the hints say
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: right, recording by recording
def with_change(features, lengths, reach=2):
    T, B, D = features.shape
    out = torch.zeros(T, B, 3 * D, dtype=features.dtype, device=features.device)

    def slope(x):
        p = torch.cat([x[:1]] * reach + [x] + [x[-1:]] * reach)
        N = len(x)
        s = sum(n * (p[reach + n : reach + n + N] - p[reach - n : reach - n + N]) for n in range(1, reach + 1))
        return s / (2 * sum(n * n for n in range(1, reach + 1)))

    for b, n in enumerate(lengths.tolist()):
        x = features[:n, b]
        d = slope(x)
        out[:n, b] = torch.cat([x, d, slope(d)], dim=1)
    return out

# %% with_change: hasty, factor 2 forgotten
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, n not squared below
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, not weighted with n
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, not divided
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, padding not zeroed
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return both

# %% with_change: hasty, a product with the mask
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return both * (t < lengths)[..., None]

# %% with_change: hasty, one frame too few
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, reach ignored
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    reach = 2

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, slopes twice
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, d], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, two parts
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, lengths forgotten at the end
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, 0 * lengths + T - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, start not repeated
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths) % T, lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: hasty, n from 0
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(reach):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, concatenated over time
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2).reshape(T, len(lengths), -1, 3).transpose(2, 3).reshape(T, len(lengths), -1)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, slope over the batch
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features.mean(1, keepdim=True).expand_as(features))
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, slope over the bands
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = (features.roll(-1, 2) - features.roll(1, 2)) / 2
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, features last
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([slope(d), d, features], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, the longest length for all
def with_change(features, lengths, reach=2):
    T = len(features)
    lengths = lengths.max() + 0 * lengths
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: shapes, zeros over the bands
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths.max())[..., None], both, 0.0)

# %% with_change: maths, backward minus forward
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, before) - frames_at(x, after))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, sum
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) + frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, difference to the frame itself
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - x)
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, difference to the past
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (x - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, the second from the features' second difference
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, frames_at(features, torch.minimum(t + 1, lengths - 1)) - 2 * features + frames_at(features, torch.minimum((t - 1 + 0 * lengths).clamp_min(0), lengths - 1))], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, slope squared
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, d * d], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, mean of the differences
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + (frames_at(x, after) - frames_at(x, before))
        return total / (2 * reach)

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, mean of the slopes
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + (frames_at(x, after) - frames_at(x, before)) / (2 * n)
        return total / reach

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, the farthest frames alone
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in [reach]:
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * reach * reach)

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, all frames 2N plus 1
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * reach + 1)

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, padding set to 0 before
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    features = torch.where((t < true)[..., None], features, 0.0)
    lengths, true = 0 * lengths + T, lengths
    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < true)[..., None], both, 0.0)

# %% with_change: maths, edges have slope 0
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        total = total / (2 * sum(n * n for n in range(1, reach + 1)))
        inside = (t >= reach) & (t + reach < lengths)
        return torch.where(inside[..., None], total, 0.0)

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, zeros before and after
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (torch.where((t + n < lengths)[..., None], frames_at(x, after), 0.0) - torch.where((t >= n + 0 * lengths)[..., None], frames_at(x, before), 0.0))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, mirrored edges [so told: mirrored]
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = (lengths - 1 - (t + n - lengths + 1).abs()).clamp_min(0)
            before = torch.minimum((t - n + 0 * lengths).abs(), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: maths, round and round
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = (t + n) % lengths
            before = (t - n) % lengths
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, lengths inclusive
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths).clamp_max(T - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, mask to the length and one more
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t <= lengths)[..., None], both, 0.0)

# %% with_change: convention, one frame less at the end
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 2).clamp_min(0)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 2).clamp_min(0)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, float64
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x).double()
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, float32
def with_change(features, lengths, reach=2):
    T = len(features)
    features = features.float()
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, normalised
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    d = (d - d.mean(0)) / (d.std(0) + 1e-5)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: convention, writes the padding
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]
    features *= (t < lengths)[..., None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: copied, np.gradient
def with_change(features, lengths, reach=2):
    x = features.cpu().numpy()
    d = np.gradient(x, axis=0)
    both = torch.tensor(np.concatenate([x, d, np.gradient(d, axis=0)], 2)).to(features)
    t = torch.arange(len(features), device=features.device)[:, None]
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: copied, torchaudio's deltas over the batch's length [so told: edges of the batch instead of the recording]
def with_change(features, lengths, reach=2):
    T = len(features)

    def slope(x):
        p = torch.cat([x[:1]] * reach + [x] + [x[-1:]] * reach)
        s = sum(n * (p[reach + n : reach + n + T] - p[reach - n : reach - n + T]) for n in range(1, reach + 1))
        return s / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    both = torch.cat([features, d, slope(d)], dim=2)
    t = torch.arange(T, device=features.device)[:, None]
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: copied, torch.diff
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = torch.diff(features, dim=0, prepend=features[:1])
    both = torch.cat([features, d, torch.diff(d, dim=0, prepend=d[:1])], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% with_change: copied, padding into the second slope
def with_change(features, lengths, reach=2):
    T = len(features)
    t = torch.arange(len(features), device=features.device)[:, None]

    def slope(x):
        total = torch.zeros_like(x)
        for n in range(1, reach + 1):
            after = torch.minimum(t + n, lengths - 1)
            before = torch.minimum((t - n + 0 * lengths).clamp_min(0), lengths - 1)
            total = total + n * (frames_at(x, after) - frames_at(x, before))
        return total / (2 * sum(n * n for n in range(1, reach + 1)))

    d = slope(features)
    def rough(x):
        nonlocal lengths
        kept, lengths = lengths, 0 * lengths + T
        found = slope(x)
        lengths = kept
        return found

    both = torch.cat([features, d, rough(torch.where((t < lengths)[..., None], d, 0.0))], dim=2)
    return torch.where((t < lengths)[..., None], both, 0.0)

# %% power_spectra: right, as in the chapter
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: right, a loop
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = np.stack([padded[s : s + WINDOW] * window for s in starts])
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, no check
def power_spectra(samples):
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, no padding
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = samples
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, no window
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n]
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, magnitude
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return np.abs(z)

# %% power_spectra: hasty, the real part alone
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2

# %% power_spectra: hasty, sum of parts
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real + z.imag) ** 2

# %% power_spectra: hasty, complex returned
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z**2

# %% power_spectra: hasty, last window forgotten
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, windows that do not fit
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(samples), HOP)
    padded = np.pad(padded, (0, WINDOW))
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, padded before alone
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, (WINDOW // 2, 0))
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: hasty, transform of the window's length
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames)
    return z.real**2 + z.imag**2

# %% power_spectra: shapes, frequencies first
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2).T

# %% power_spectra: shapes, transform over the windows
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT, axis=0)
    return z.real**2 + z.imag**2

# %% power_spectra: shapes, all frequencies
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.fft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: shapes, first half without the last
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2)[:, : FFT // 2]

# %% power_spectra: shapes, windows that do not overlap
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, WINDOW)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: shapes, windows of FFT samples
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, (WINDOW // 2, WINDOW // 2 + FFT - WINDOW))
    starts = np.arange(0, len(padded) - FFT + 1, HOP)
    n = np.arange(FFT)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: shapes, a reshape to windows
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = np.resize(padded, (len(starts), WINDOW)) * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, Hamming window
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.54 - 0.46 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, plus cosine
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 + 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, half the angle
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, a sine window
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = np.sin(np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, one minus cosine
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 1 - np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, window by samples over FFT
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / FFT)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, window of squares
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window**2
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, power by window's length
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2) / WINDOW

# %% power_spectra: maths, power by FFT
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2) / FFT

# %% power_spectra: maths, power by the window's energy
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2) / (window**2).sum()

# %% power_spectra: maths, one-sided doubled
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return np.concatenate([[1], np.full(FFT // 2 - 1, 2), [1]]) * (z.real**2 + z.imag**2)

# %% power_spectra: maths, logarithm
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return np.log(z.real**2 + z.imag**2 + 1e-10)

# %% power_spectra: maths, decibels
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return 10 * np.log10(z.real**2 + z.imag**2 + 1e-10)

# %% power_spectra: maths, mean removed
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n]
    frames = (frames - frames.mean(axis=1, keepdims=True)) * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, pre-emphasis
def power_spectra(samples):
    check_shape("samples", samples, "N")
    samples = np.append(samples[:1], samples[1:] - 0.97 * samples[:-1])
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: maths, silence of a whole window
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, symmetric Hann
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = np.hanning(WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, n from 1
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * (n + 1) / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, librosa's reflection
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2, mode="reflect")
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, the edges repeated
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2, mode="edge")
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, half an FFT of silence
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, FFT // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: right, the window centred in the FFT, which power does not tell
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(np.pad(frames, ((0, 0), ((FFT - WINDOW) // 2, (FFT - WINDOW) // 2 + 32))), FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, orthonormal
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT, norm="ortho")
    return z.real**2 + z.imag**2

# %% power_spectra: right, the zeros in front, which power does not tell
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(np.pad(frames, ((0, 0), (FFT - WINDOW, 0))), FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, an assert
def power_spectra(samples):
    assert np.ndim(samples) == 1
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, other words
def power_spectra(samples):
    if np.ndim(samples) != 1:
        raise ValueError("expected a row of numbers")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: convention, flattened instead of refused
def power_spectra(samples):
    samples = np.ravel(samples)
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: right, an empty sound accepted
def power_spectra(samples):
    if np.ndim(samples) != 1:
        raise ValueError("samples: expected (N,)")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return z.real**2 + z.imag**2

# %% power_spectra: right, torch.stft with its window in the middle
def power_spectra(samples):
    check_shape("samples", samples, "N")
    z = torch.stft(
        torch.as_tensor(samples), FFT, HOP, WINDOW,
        torch.hann_window(WINDOW, dtype=torch.float64),
        center=True, pad_mode="constant", return_complex=True,
    )
    return (z.abs() ** 2).T.numpy()

# %% power_spectra: copied, scipy's spectrogram
def power_spectra(samples):
    from scipy.signal import spectrogram

    check_shape("samples", samples, "N")
    _, _, p = spectrogram(
        np.pad(samples, WINDOW // 2), RATE, "hann", WINDOW, WINDOW - HOP, FFT,
        detrend=False, mode="psd",
    )
    return p.T

# %% power_spectra: copied, float32 spectrum
def power_spectra(samples):
    check_shape("samples", samples, "N")
    padded = np.pad(samples, WINDOW // 2)
    starts = np.arange(0, len(padded) - WINDOW + 1, HOP)
    n = np.arange(WINDOW)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * n / WINDOW)
    frames = padded[starts[:, None] + n] * window
    z = np.fft.rfft(frames, FFT)
    return (z.real**2 + z.imag**2).astype(np.float32)
