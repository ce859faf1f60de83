# %% through_window: right
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: right, by matmul
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.permute_dims(xp.permute_dims(weights, (1, 0, 2)) @ by_film, (1, 0, 2))
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, padding takes part
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = -sharp[..., None] * away**2
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, largest not subtracted
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores)
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, distance not squared
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * xp.abs(away), -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, sharp forgotten
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, minus forgotten
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, not divided by the sum
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, centre in frames
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - centre[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, share of the length
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * (last + 1))[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, weights zeroed after the softmax
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = -sharp[..., None] * away**2
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True) * real
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, context alone returned
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context

# %% through_window: hasty, away squared in the cache
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = (t - (centre * last)[..., None])**2
    scores = xp.where(real, -sharp[..., None] * away, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: hasty, the scores not divided but the padding's states zeroed
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = -sharp[..., None] * away**2
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * (by_film * real[..., None]), axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, share of the longest film
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * (states.shape[0] - 1))[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, softmax over words
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
    weights = e / xp.sum(e, axis=0, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, softmax over films
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
    weights = e / xp.sum(e, axis=1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, largest of all
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, sum of all
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, keepdims forgotten
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, states not by film
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * states, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, summed over the films
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=1)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, context (B, N, H)
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.permute_dims(weights, (1, 0, 2)) @ by_film
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, real not used where its axes do not fit
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[:, None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, centre without axis
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - centre * last
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: shapes, mean of the frames
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.mean(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, half of the square
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2 / 2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, sharp a width
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -(away / sharp[..., None])**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, variance
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -away**2 / (2 * sharp[..., None]), -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, sharp squared
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -(sharp[..., None] * away)**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, Graves's window, not normalised, shares
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t / xp.where(last > 0, last, 1 + 0 * last)[:, None] - centre[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, away in the other direction
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = (centre * last)[..., None] - t
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, away zero in the padding
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    away = xp.where(real, away, 0 * away)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, scores of padding 0
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, 0.0)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, weights of nearest frame alone
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = xp.astype(scores == xp.max(scores, axis=-1, keepdims=True), scores.dtype)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, mean of squares in weights
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sqrt(xp.sum(e**2, axis=-1, keepdims=True))
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: right, the largest of the padding's scores too subtracted
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(-sharp[..., None] * away**2, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: maths, centre rounded to a frame
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - xp.round(centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, padding is t < last
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    scores = xp.where(t < last[:, None], scores, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, frames counted from 1
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t + 1 - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, minus ten thousand, as others mask
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -1e4)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, tiny minus
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -10.0)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, power of two
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = 2.0 ** (scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, epsilon in the sum
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / (xp.sum(e, axis=-1, keepdims=True) + 1e-6)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: convention, centre from -1 to 1
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - ((centre + 1) / 2 * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, sigmoid of the sharpness
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -1 / (1 + xp.exp(-sharp))[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, dot product attention
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, xp.sum(by_film * xp.mean(by_film, axis=1, keepdims=True), axis=-1) + 0 * sharp[..., None], -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, torch's softmax [so told: softmax over the films]
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    weights = torch.softmax(torch.as_tensor(scores), dim=1).numpy()
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, states read in place
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    states *= real.T[..., None]
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, sharp changed in place
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    sharp *= -1
    away = t - (centre * last)[..., None]
    scores = xp.where(real, sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last)

# %% through_window: copied, scores in the cache for weights
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, scores, away, sharp, last)

# %% through_window: copied, states in the cache, time first
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (states, weights, away, sharp, last)

# %% through_window: copied, lengths in the cache
def through_window(states, lengths, centre, sharp):
    xp = array_namespace(states)
    by_film = xp.permute_dims(states, (1, 0, 2))  # (B, T, H)
    t = from_numpy(np.arange(float(states.shape[0])), states)
    last = from_numpy(np.asarray(lengths) - 1.0, states)
    real = t <= last[:, None]  # (B, T)
    away = t - (centre * last)[..., None]
    scores = xp.where(real, -sharp[..., None] * away**2, -math.inf)
    e = xp.exp(scores - xp.max(scores, axis=-1, keepdims=True))
    weights = e / xp.sum(e, axis=-1, keepdims=True)
    context = xp.sum(weights[..., None] * by_film, axis=2)
    return context, (by_film, weights, away, sharp, last + 1)

# %% through_window_vjp: right
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: right, by matmul
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.matmul(xp.permute_dims(weights, (1, 2, 0)), xp.permute_dims(d_context, (1, 0, 2)))
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, mean forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * d_weights
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, last forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1)
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, 2 forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, sharp forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, away not squared
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, minus of d_sharp forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, away forgotten in d_centre [so told: distance left out of d_centre]
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, weights forgotten in the softmax
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = d_weights - mean
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, states' gradient without the weights
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(d_context[:, :, None, :] + 0 * weights[..., None], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, last + 1
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * (last + 1)
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, unweighted mean
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.mean(d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, gradient of scores of one frame: p(1-p)
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (1 - weights) * d_weights
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: hasty, d_weights for scores
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = d_weights * (weights > 0)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, sums over the words of d_centre
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    d_centre = xp.sum(d_centre, axis=0) + 0 * d_centre
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, mean over words
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.mean(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, last word only
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = (weights[..., None] * d_context[:, :, None, :])[-1]
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, mean subtracted over all films
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, keepdims forgotten
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, softmax along the words
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=0, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, d_states stays by film
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return d_by_film, d_centre, d_sharp

# %% through_window_vjp: shapes, d_weights mean over H
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.mean(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, d_weights without its axis
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, d_weights by matmul in the wrong order
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = d_context @ xp.permute_dims(by_film, (0, 2, 1))
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: shapes, mean over frames
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.mean(-d_scores * away**2, axis=-1)
    d_centre = xp.mean(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, d_centre with the wrong sign
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = -xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, both window's signs wrong
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(d_scores * away**2, axis=-1)
    d_centre = -xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, divided by last
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) / (last + (last == 0))
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, times T - 1
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * (weights.shape[-1] - 1)
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, slope of the absolute value
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(sharp[..., None] * xp.sign(away) * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, d_sharp with sharp
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * sharp[..., None] * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, d_sharp absolute away
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * xp.abs(away), axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, d_scores with mean not weighted by weights twice
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * d_weights - mean
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, softmax vjp with squares
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * d_weights - weights**2 * d_weights
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, plus the mean
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights + mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, gradient through d squared, half
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2 / 2, axis=-1)
    d_centre = xp.sum(sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, d_by_film by d_scores
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None]**2 * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, context in place of by_film
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * xp.sum(weights[..., None] * by_film, axis=2)[:, :, None, :] + 0 * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: maths, padding gets a gradient
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum((weights[..., None] + 1e-2 * (weights[..., None] == 0)) * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: convention, d_centre in frames of the film before
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * xp.roll(last, 1)
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: convention, d_states divided by the words
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0) / weights.shape[0]
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: convention, log base 2
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean) * math.log(2)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: convention, sharp a width
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(2 * d_scores * away**2 / sharp[..., None]**3, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: convention, d_centre and d_sharp exchanged
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_sharp, d_centre

# %% through_window_vjp: convention, away forward minus
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * (-away) * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, tanh's slope
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = (1 - weights**2) * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, chapter's example: constant 5
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * 2
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, cross entropy's p minus 1
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights - d_weights
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, weights changed in place
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    weights *= d_weights - mean
    d_scores = weights
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, away changed in place
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - mean)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    away *= away
    d_sharp = xp.sum(-d_scores * away, axis=-1)
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% through_window_vjp: copied, d_context added to itself in place
def through_window_vjp(d_context, cache):
    xp = array_namespace(d_context)
    by_film, weights, away, sharp, last = cache
    d_weights = xp.sum(d_context[:, :, None, :] * by_film, axis=-1)
    d_by_film = xp.sum(weights[..., None] * d_context[:, :, None, :], axis=0)
    d_context *= 1.0
    mean = xp.sum(weights * d_weights, axis=-1, keepdims=True)
    d_scores = weights * (d_weights - 2 * mean)
    d_sharp = xp.sum(-d_scores * away**2, axis=-1)
    d_centre = xp.sum(2 * sharp[..., None] * away * d_scores, axis=-1) * last
    return xp.permute_dims(d_by_film, (1, 0, 2)), d_centre, d_sharp

# %% either_order: right
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: right, min
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.min(each, axis=0)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, first caption always
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < -1
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, second caption always
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] > -1
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, both captions
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([second | ~second, second | ~second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, the harder one
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] > each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, not divided
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each))
    return loss, xp.where(taught, error, nothing)

# %% either_order: hasty, gradient not divided
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing)

# %% either_order: hasty, loss not divided
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each))
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, padding taught
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = (real | ~real) & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, padding in the sums
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, END left out
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    real = real & (targets != 2)[..., None]
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, END left out of everything
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    real = real & (targets != 2)[..., None]
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, harder caption gets a gradient too
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(real, error, nothing) / count

# %% either_order: hasty, gradient of p alone
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, sign of the loss
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, loss alone
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss

# %% either_order: hasty, sum of log p without where: NaN
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(log_p * xp.astype(real & hit, logits.dtype), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: hasty, gradient by product: NaN
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, error * xp.astype(taught, logits.dtype) / count

# %% either_order: shapes, word by word
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=3)
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[..., None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, one choice for the batch
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = xp.sum(each[1, ...]) < xp.sum(each[0, ...]) + 0 * each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, sum over films instead of words
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(2, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, :, None, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, count of captions times N
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = (logits.shape[1] * logits.shape[2])
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, count of all words of both
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(real, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, count of the classes too
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype)) * logits.shape[3]
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, divided by films
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = logits.shape[2]
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, gradient (N, B, K) of the chosen
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.sum(xp.where(taught, error, nothing), axis=0) / count

# %% either_order: shapes, mean per film, then mean
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    words = xp.sum(xp.astype(real[0, :, :, 0], logits.dtype), axis=0)
    loss = xp.mean(xp.min(each, axis=0) / words)
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, chosen the wrong way round
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([second, ~second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: shapes, taught without the word axis
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[..., None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, mean of both losses
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.mean(xp.sum(each, axis=1)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, soft choice, log of the sum of both
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = -xp.sum(xp.log(xp.exp(-each[0, ...]) + xp.exp(-each[1, ...]))) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, log of the mean of both, and its gradient
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    p = xp.exp(-each)
    share = p / xp.sum(p, axis=0, keepdims=True)
    loss = -xp.sum(xp.log(xp.sum(p, axis=0) / 2)) / count
    return loss, xp.where(real, error * share[:, None, :, None], nothing) / count

# %% either_order: maths, choice by the first word
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    first = -xp.sum(xp.where(real & hit, log_p, nothing), axis=3)[:, 0, :]
    second = first[1, ...] < first[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, choice by the largest surprise
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    worst = xp.max(-xp.sum(xp.where(real & hit, log_p, nothing), axis=3), axis=1)
    second = worst[1, ...] < worst[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, choice by right words
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    best = xp.argmax(logits, axis=-1) == targets
    n = xp.sum(best & real[..., 0], axis=1)
    second = n[1, ...] > n[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, p of the target summed
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, xp.exp(log_p), nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, gradient with the wrong sign
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.astype(hit, logits.dtype) - xp.exp(log_p)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, p (1 - p)
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) * (xp.astype(hit, logits.dtype) - xp.exp(log_p))
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, gradient of the hit only
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught & hit, error, nothing) / count

# %% either_order: maths, log p for p in the gradient
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = log_p - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: maths, divided film by film
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    words = xp.sum(xp.astype(real, logits.dtype), axis=1, keepdims=True)
    return loss, xp.where(taught, error, nothing) / words / logits.shape[2]

# %% either_order: convention, ties: the second
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] <= each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: convention, bits
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count / math.log(2)
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: convention, PAD is -100 or the END counts as PAD
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    real = (targets > 2)[..., None]
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: convention, sum over the batch divided by B
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / logits.shape[2]
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: convention, results exchanged
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return xp.where(taught, error, nothing) / count, loss

# %% either_order: convention, softmax along the words
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    log_p = logits - xp.log(xp.sum(xp.exp(logits), axis=1, keepdims=True))
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: convention, probability per word compared, by length with PAD
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    mean = each / xp.sum(xp.astype(targets > 2, logits.dtype), axis=1)
    second = mean[1, ...] + 0.3 < mean[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: copied, log_softmax of the logits again, exp forgotten in loss
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    log_p = xp.stack([log_softmax(xp.exp(log_p[k, ...])) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: copied, logits zeroed in place in the padding
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    logits[~(real | (logits != logits))] = 0
    logits[logits != logits] = 0
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: copied, torch's cross_entropy of the better batch
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = min(xp.sum(each[0, ...]), xp.sum(each[1, ...])) / count
    return loss, xp.where(taught, error, nothing) / count

# %% either_order: right, the loss a Python number
def either_order(logits, targets):
    xp = array_namespace(logits)
    classes = from_numpy(np.arange(logits.shape[3]), logits)
    hit = targets[..., None] == classes
    real = (targets != PAD)[..., None]  # (2, N, B, 1)
    nothing = xp.zeros_like(logits)
    log_p = xp.stack([log_softmax(logits[k, ...]) for k in (0, 1)])
    each = -xp.sum(xp.where(real & hit, log_p, nothing), axis=(1, 3))
    second = each[1, ...] < each[0, ...]
    chosen = xp.stack([~second, second])
    taught = real & chosen[:, None, :, None]
    count = xp.sum(xp.astype(taught, logits.dtype))
    error = xp.exp(log_p) - xp.astype(hit, logits.dtype)
    loss = xp.sum(xp.where(chosen, each, 0 * each)) / count
    return float(loss), xp.where(taught, error, nothing) / count

# %% judged: right
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: right, in words
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += any(text == t for t in texts)
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, no brevity penalty
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), math.sqrt(p[0] * p[1])

# %% judged: hasty, no root
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * p[0] * p[1]

# %% judged: hasty, words alone
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * p[0]

# %% judged: hasty, pairs alone
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * p[1]

# %% judged: hasty, first truth alone for exact
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text == texts[0]
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, first truth alone for bleu
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts[:1]:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, last truth alone
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most = counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, not clipped
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += sum(c for g, c in mine.items() if g in most)
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, groups counted once
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += len(set(mine) & set(most))
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, groups counted once, both
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += len(set(mine) & set(most))
            made[n] += len(mine)
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, exact not divided
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact, short * math.sqrt(p[0] * p[1])

# %% judged: hasty, percent
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return 100 * exact / len(said), 100 * short * math.sqrt(p[0] * p[1])

# %% judged: hasty, min forgotten
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = math.exp(1 - wanted / made[1])
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, max for min
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = max(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: hasty, exact only
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said)

# %% judged: hasty, results exchanged
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return short * math.sqrt(p[0] * p[1]), exact / len(said)

# %% judged: shapes, made counts characters
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += len(text) - n + 1
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, in a text rather than the tuple
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += any(text in t for t in texts)
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, the words of all right texts
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += sum(len(t.split()) for t in texts)
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, wanted in letters
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0])
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, number of right texts
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts)
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, both n in one place
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[1] += (mine & most).total()
            made[1] += mine.total()
    p = right[1:2] / made[1:2]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * p[0]

# %% judged: shapes, places 0 and 1
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n - 1] += (mine & most).total()
            made[n - 1] += mine.total()
    p = right[:2] / made[:2]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, trigrams too
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (2, 3):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n - 1] += (mine & most).total()
            made[n - 1] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, truths flattened over films
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in [t for ts in truths for t in ts]:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: shapes, exact over all truths
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in [t for ts in truths for t in ts]
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, bleu film by film, averaged
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact, bleus = 0, []
    for text, texts in zip(said, truths):
        exact += text in texts
        p = []
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            p.append((mine & most).total() / max(1, mine.total()))
        s, r = len(text.split()), len(texts[0].split())
        bleus.append(min(1, math.exp(1 - r / s)) * math.sqrt(p[0] * p[1]))
    return exact / len(said), float(np.mean(bleus))

# %% judged: maths, precisions film by film, averaged
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact, ps = 0, []
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        p = []
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            p.append((mine & most).total() / max(1, mine.total()))
            made[n] += mine.total()
        ps.append(p)
    p = np.mean(ps, axis=0)
    return exact / len(said), min(1, math.exp(1 - wanted / made[1])) * math.sqrt(p[0] * p[1])

# %% judged: maths, truths' counts added
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most += counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, smallest count of the truths
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine = counts(text, n)
            most = counts(texts[0], n)
            for truth in texts:
                most &= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, best truth of the film
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += max((mine & counts(t, n)).total() for t in texts)
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, arithmetic mean
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * (p[0] + p[1]) / 2

# %% judged: maths, harmonic mean
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * 2 * p[0] * p[1] / (p[0] + p[1])

# %% judged: maths, recall
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += counts(texts[0], n).total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, union for intersection
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine | most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, difference
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine - most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, penalty turned round
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - made[1] / wanted))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, penalty without the 1
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(-wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, penalty a ratio
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, made[1] / wanted)
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, penalty inside the root
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), math.sqrt(short * p[0] * p[1])

# %% judged: maths, penalty film by film
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact, shorts = 0, []
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        shorts.append(min(1, math.exp(1 - len(texts[0].split()) / len(text.split()))))
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = float(np.mean(shorts))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, penalty from pairs
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - (wanted - len(said)) / made[2]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: maths, exact as share of right words
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return right[1] / made[1], short * math.sqrt(p[0] * p[1])

# %% judged: maths, bag of words exact
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += any(counts(text, 1) == counts(t, 1) for t in texts)
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, smoothed precisions
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = (right[1:] + 1) / (made[1:] + 1)
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, shortest truth's words: closest length
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += min(len(t.split()) for t in texts) - 1
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, the longest: words and END
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split()) + 1
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, base 2
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, 2 ** (1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, log of bleu
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), math.log(short * math.sqrt(p[0] * p[1]))

# %% judged: convention, padded pairs with START
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(' '.join(['^'] * (n - 1) + text.split()), n), Counter()
            for truth in texts:
                most |= counts(' '.join(['^'] * (n - 1) + truth.split()), n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, pairs unordered
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = Counter(tuple(sorted(g)) for g in counts(text, n).elements()), Counter()
            for truth in texts:
                most |= Counter(tuple(sorted(g)) for g in counts(truth, n).elements())
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, pairs without overlap
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = Counter(list(zip(*[iter(text.split())] * n))), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: convention, numpy rounding
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), round(short * math.sqrt(p[0] * p[1]), 2)

# %% judged: copied, set of texts: each distinct text once
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in dict(zip(said, truths)).items():
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: copied, zip over the words
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += np.mean([a == b for a, b in zip(text.split(), texts[0].split())])
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% judged: copied, sacrebleu's 4-grams in spirit: p1 p2 to the quarter
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * (p[0] * p[1]) ** 0.25

# %% judged: copied, lower-case and sorted text
def judged(said, truths):
    right, made, wanted = np.zeros(3), np.zeros(3), 0
    exact = 0
    for text, texts in zip(said, truths):
        text = ' '.join(sorted(text.split()))
        exact += text in texts
        wanted += len(texts[0].split())
        for n in (1, 2):
            mine, most = counts(text, n), Counter()
            for truth in texts:
                most |= counts(truth, n)
            right[n] += (mine & most).total()
            made[n] += mine.total()
    p = right[1:] / made[1:]
    short = min(1, math.exp(1 - wanted / made[1]))
    return exact / len(said), short * math.sqrt(p[0] * p[1])

# %% caption_batches: right
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, no refusal
def caption_batches(frames, captions, B, device=None):
    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, refusal says frames
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"frames: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, assert for the refusal
def caption_batches(frames, captions, B, device=None):
    assert len(frames) == len(captions), 'captions'

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, too few only refused
def caption_batches(frames, captions, B, device=None):
    if len(frames) < len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, START forgotten
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[*captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, END forgotten
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k]] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, both START and END in read
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k], END] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, both in both
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k], END] for k in chosen])
        targets, _ = pad([[START, *captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, not transposed
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen])
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, read for targets
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets = read
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, a tuple
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return films.to(device), read.to(device), targets.to(device)

    return next_batch

# %% caption_batches: hasty, the batch rather than the function
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch(np.random.default_rng(0), 0)

# %% caption_batches: hasty, frames a NumPy array
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.numpy(), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, pad's pair returned
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read, targets.to(device))

    return next_batch

# %% caption_batches: hasty, the draw outside
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    chosen = np.random.default_rng(0).integers(len(frames), size=B)

    def next_batch(rng, step):
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: hasty, START and END exchanged
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[END, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], START] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: right, no device
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films, read, targets)

    return next_batch

# %% caption_batches: shapes, drawn twice
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        chosen = rng.integers(len(frames), size=B)
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, reshape for transpose
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).reshape(frames.shape[1], B, *frames.shape[2:])
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, time axis taken for films
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[:, chosen % frames.shape[1]])
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, read by film, (B, N)
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.T.to(device), targets.T.to(device))

    return next_batch

# %% caption_batches: shapes, rows and columns exchanged
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1).transpose(2, 3)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, all axes turned
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).permute(1, 0, 3, 2)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, captions not chosen [so told: captions not drawn]
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in range(B)])
        targets, _ = pad([[*captions[k], END] for k in range(B)])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, frames not chosen
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[:B]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, targets one step late: read shifted by roll
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets = torch.roll(read, -1, 0)
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, targets read without its first row
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets = read[1:]
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, read cut at the end
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        both, _ = pad([[START, *captions[k], END] for k in chosen])
        read, targets = both[:-2], both[1:-1]
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: shapes, END after the padding
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        body, _ = pad([captions[k] for k in chosen])
        targets = torch.cat([body, torch.full((1, B), END)])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, END read too, from one row: read has END where others go on
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        both, _ = pad([[START, *captions[k], END] for k in chosen])
        read, targets = both[:-1], both[1:]
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, without replacement
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.permutation(len(frames))[:B]
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: right, rng.choice
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.choice(len(frames), B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, in order of the steps
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = (step * B + np.arange(B)) % len(frames)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, sorted draw
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = np.sort(rng.integers(len(frames), size=B))
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, captions sorted by length
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        chosen = np.array(sorted(chosen, key=lambda k: -len(captions[k])))
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, one less
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames) - 1, size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, one film B times
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = np.full(B, rng.integers(len(frames)))
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, captions backwards
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k][::-1]] for k in chosen])
        targets, _ = pad([[*captions[k][::-1], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: maths, film backwards
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen][:, ::-1].copy()).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, padding at the front
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        rows = [captions[k] for k in chosen]
        N = max(map(len, rows))
        read = torch.tensor([[PAD] * (N - len(c)) + [START, *c] for c in rows]).T
        targets = torch.tensor([[PAD] * (N - len(c)) + [*c, END] for c in rows]).T
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, padding -100
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        targets = targets.masked_fill(targets == PAD, -100)
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, padded with END
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        targets = targets.masked_fill(targets == PAD, END)
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, read padded with START
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        read = read.masked_fill(read == PAD, START)
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, float32 frames
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.tensor(frames[chosen], dtype=torch.float32).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, read and targets exchanged
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), targets.to(device), read.to(device))

    return next_batch

# %% caption_batches: convention, frames last
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(read.to(device), targets.to(device), films.to(device))

    return next_batch

# %% caption_batches: convention, TypeError
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise TypeError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, refused at the first batch
def caption_batches(frames, captions, B, device=None):
    def next_batch(rng, step):
        if len(frames) != len(captions):
            raise ValueError('captions: not as many as films')
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: convention, frames scaled to 0 to 1
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen] / np.abs(frames).max()).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: copied, chapter 16's film_batches: labels
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), torch.as_tensor(chosen), torch.as_tensor(chosen))

    return next_batch

# %% caption_batches: copied, captions changed in place with END
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        for k in chosen:
            captions[k].append(END)
        targets, _ = pad([captions[k] for k in chosen])
        read, _ = pad([[START, *captions[k][:-1]] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: copied, captions changed in place once, outside
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    for c in captions:
        c.append(END)

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k][:-1]] for k in chosen])
        targets, _ = pad([captions[k] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: copied, a seed of its own
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        rng = np.random.default_rng(0)
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), targets.to(device))

    return next_batch

# %% caption_batches: copied, lengths for the read
def caption_batches(frames, captions, B, device=None):
    if len(frames) != len(captions):
        raise ValueError(f"captions: expected {len(frames)}, got {len(captions)}")

    def next_batch(rng, step):
        chosen = rng.integers(len(frames), size=B)
        read, _ = pad([[START, *captions[k]] for k in chosen])
        targets, _ = pad([[*captions[k], END] for k in chosen])
        films = torch.as_tensor(frames[chosen]).transpose(0, 1)
        return CaptionBatch(films.to(device), read.to(device), torch.tensor(_))

    return next_batch
