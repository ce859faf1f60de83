# %% look_or_pass: right, as the hints say
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: right, one more column
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    s = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    s = xp.where(mask.T[None, ...], s, -1e9)
    s = xp.concat([s, passing[..., None]], axis=2)
    e = xp.exp(s - xp.max(s, axis=2, keepdims=True))
    w = (e / xp.sum(e, axis=2, keepdims=True))[..., :-1]
    return xp.einsum("tbs,sbv->tbv", w, values), w

# %% look_or_pass: hasty, no root
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys)
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, mask forgotten
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, passing not moved by the top
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, nothing subtracted
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, top of the scores alone
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.max(scores, axis=2, keepdims=True)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, top is passing alone [so told: overflow]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = passing
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, passing forgotten
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: hasty, weights before context
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return weights, context

# %% look_or_pass: hasty, context alone
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context

# %% look_or_pass: shapes, softmax over the batch
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=1, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, softmax over the steps
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=0, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=0, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, mask reshaped
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(xp.reshape(mask, (1, mask.shape[1], mask.shape[0])), scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, mask not turned
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, root of the source
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / keys.shape[0] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, passing one for a sentence
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[:1, :, None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, top of everything
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores), xp.max(passing))
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, top over the batch as well
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.max(xp.maximum(xp.max(scores, axis=2, keepdims=True), passing), axis=1, keepdims=True)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: shapes, context summed over the steps
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->bv", weights, values)
    return context, weights

# %% look_or_pass: maths, root of the values
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / values.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, divided by E
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2]
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, passing without exponential
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + passing)
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, context a mean of what was looked at [so told: context divided by the weights]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    context = context / xp.sum(weights, axis=2, keepdims=True)
    return context, weights

# %% look_or_pass: maths, a gate instead of a place [so told: a gate]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -1e30)
    e = xp.exp(scores - xp.max(scores, axis=2, keepdims=True))
    weights = e / xp.sum(e, axis=2, keepdims=True)
    weights = weights / (1 + xp.exp(passing[..., None]))
    return xp.einsum("tbs,sbv->tbv", weights, values), weights

# %% look_or_pass: maths, padding scores nothing
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = scores * xp.astype(mask.T[None, ...], scores.dtype)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, masked after the softmax
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    weights = xp.where(mask.T[None, ...], weights, 0.0)
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, root on passing as well
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None] / queries.shape[2] ** 0.5
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, passing added to each score [so told: the place of nothing scores 0]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    scores = scores + passing
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, passing subtracted from each score [so told: never looks away]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = scores - passing[..., None]
    scores = xp.where(mask.T[None, ...], scores, -1e9)
    e = xp.exp(scores - xp.max(scores, axis=2, keepdims=True))
    weights = e / xp.sum(e, axis=2, keepdims=True)
    return xp.einsum("tbs,sbv->tbv", weights, values), weights

# %% look_or_pass: maths, weights clipped to what passes
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    weights = xp.where(scores > passing, weights, 0.0 * weights)
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: maths, sigmoids instead of a softmax [so told: each token for itself]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    gap = xp.clip(passing[..., None] - scores, -80.0, 80.0)
    weights = 1 / (1 + xp.exp(gap))
    weights = xp.where(mask.T[None, ...], weights, 0.0)
    return xp.einsum("tbs,sbv->tbv", weights, values), weights

# %% look_or_pass: convention, mask says padding
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], -math.inf, scores)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: convention, first column dropped at the end
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    s = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    s = xp.where(mask.T[None, ...], s, -1e9)
    s = xp.concat([passing[..., None], s], axis=2)
    e = xp.exp(s - xp.max(s, axis=2, keepdims=True))
    w = (e / xp.sum(e, axis=2, keepdims=True))[..., :-1]
    return xp.einsum("tbs,sbv->tbv", w, values), w

# %% look_or_pass: convention, powers of two
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = 2.0 ** (scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + 2.0 ** (passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: convention, weights with the place of nothing
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    s = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    s = xp.where(mask.T[None, ...], s, -1e9)
    s = xp.concat([s, passing[..., None]], axis=2)
    e = xp.exp(s - xp.max(s, axis=2, keepdims=True))
    w = e / xp.sum(e, axis=2, keepdims=True)
    return xp.einsum("tbs,sbv->tbv", w[..., :-1], values), w

# %% look_or_pass: convention, cosine instead of product
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    queries = queries / xp.sum(queries**2, axis=2, keepdims=True) ** 0.5
    keys = keys / xp.sum(keys**2, axis=2, keepdims=True) ** 0.5
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: convention, np.sqrt
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / np.sqrt(queries.shape[2])
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: convention, batch first
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("bte,bse->bts", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: copied, softmax plus one from a blog
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(-top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: copied, the chapter's attend [so told: never looks away]
def look_or_pass(queries, keys, values, mask, passing):
    scores = torch.einsum("tbe,sbe->tbs", queries, keys) / keys.shape[2] ** 0.5
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    return torch.einsum("tbs,sbe->tbe", weights, values), weights

# %% look_or_pass: copied, book.attend with passing as a token
def look_or_pass(queries, keys, values, mask, passing):
    scores = torch.einsum("tbe,sbe->tbs", queries, keys) / keys.shape[2] ** 0.5
    scores = torch.cat([scores, passing[..., None]], dim=2)
    values = torch.cat([values, torch.zeros_like(values[:1])])
    mask = torch.cat([mask, torch.ones_like(mask[:1])])
    context, weights = book.attend(scores, values, mask)
    return context, weights[..., :-1]

# %% look_or_pass: copied, torch's scaled dot product [so told: never looks away]
def look_or_pass(queries, keys, values, mask, passing):
    q, k, v = (a.transpose(0, 1) for a in (queries, keys, values))
    context = torch.nn.functional.scaled_dot_product_attention(
        q, k, v, mask.T[:, None]
    ).transpose(0, 1)
    scores = torch.einsum("tbe,sbe->tbs", queries, keys) / keys.shape[2] ** 0.5
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    return context, scores.softmax(dim=2)

# %% look_or_pass: copied, scores clipped [so told: scores clipped]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    top = 0.0
    scores = xp.clip(scores, -50.0, 50.0)
    e = xp.exp(scores)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: copied, minus a thousand on padding
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -1000.0)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: copied, a zero vector as last value but its score is 0
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -math.inf)
    passing = passing[..., None]
    top = xp.maximum(xp.max(scores, axis=2, keepdims=True), passing)
    e = xp.exp(scores - top)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + xp.exp(0.0 * passing - top))
    context = xp.einsum("tbs,sbv->tbv", weights, values)
    return context, weights

# %% look_or_pass: copied, a small number against division by 0 [so told: never looks away]
def look_or_pass(queries, keys, values, mask, passing):
    xp = array_namespace(queries)
    scores = xp.einsum("tbe,sbe->tbs", queries, keys) / queries.shape[2] ** 0.5
    scores = xp.where(mask.T[None, ...], scores, -1e9)
    e = xp.exp(scores - xp.max(scores, axis=2, keepdims=True))
    e = xp.where(mask.T[None, ...], e, 0.0)
    weights = e / (xp.sum(e, axis=2, keepdims=True) + 1e-9)
    return xp.einsum("tbs,sbv->tbv", weights, values), weights

# %% look_or_pass_vjp: right, as the hints say
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: right, the scores sum to zero
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -xp.sum(weights * (d_weights - m[..., None]), axis=2)
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, root forgotten
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None])
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, root on the queries alone
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None])
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores / root, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, root on the keys alone
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None])
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores / root, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, sign of passing
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = (1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, passing without its weight
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, passing with all the looked at weight
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -xp.sum(weights, axis=2) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, no gradient of passing
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = xp.zeros_like(m)
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, mean forgotten
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * d_weights / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: hasty, outputs in another order
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_passing, d_queries, d_keys, d_values

# %% look_or_pass_vjp: shapes, m over the batch
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=1)
    d_passing = -(1 - xp.sum(weights, axis=2)) * xp.sum(m, axis=1, keepdims=True)
    d_scores = weights * (d_weights - m[:, None, :]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, passing with an axis of one
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2))[..., None] * m[..., None]
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, m over the steps
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - xp.sum(weights * d_weights, axis=0, keepdims=True)) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, queries and keys change places
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_keys, d_queries, d_values, d_passing

# %% look_or_pass_vjp: shapes, values from the last step
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("bs,bv->sbv", weights[-1, ...], d_context[-1, ...])
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, keys from the last step
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("bs,be->sbe", d_scores[-1, ...], queries[-1, ...])
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, passing summed over the steps
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    d_passing = xp.sum(d_passing, axis=0, keepdims=True) + 0 * d_passing
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: shapes, values of the whole batch
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sv", weights, d_context)[:, None, :] + 0 * values
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, slope of a sigmoid
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (1 - weights) * d_weights / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, weight times gradient less the mean
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = (weights * d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, m of a softmax without the place of nothing
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - (m / xp.sum(weights, axis=2))[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, m an unweighted mean
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.mean(d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, m an average of products
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.mean(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, root on passing as well
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m / root
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, passing the negative sum of scaled scores
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_scores = weights * (d_weights - m[..., None]) / root
    d_passing = -xp.sum(d_scores, axis=2)
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, slope of passing as a sigmoid
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * xp.sum(weights, axis=2) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, weights in place of their gradient for values
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", d_weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, scores' gradient for values
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_values = xp.einsum("tbs,tbv->sbv", d_scores, d_context)
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, gradient of weights straight to the scores
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = d_weights / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, values averaged over steps
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context) / d_context.shape[0]
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, the sum of gradients without weights
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, m added
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights + m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: maths, passing by weight of the values
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = (1 - xp.sum(weights, axis=2)) * (1 - m)
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, times the root
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) * root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, root taken twice
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root**2
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, np.sqrt
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = np.sqrt(queries.shape[2])
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, gradient of the mean of all losses
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_context = d_context / d_context.shape[1]
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, autograd [so told: weights computed again]
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    q, k, v = (a.detach().clone().requires_grad_() for a in (queries, keys, values))
    scores = torch.einsum("tbe,sbe->tbs", q, k) / q.shape[2] ** 0.5
    scores = scores.masked_fill(weights == 0, -math.inf)
    p = torch.zeros_like(weights[..., 0]).requires_grad_()
    w = torch.cat([scores, p[..., None]], dim=2).softmax(2)[..., :-1]
    context = torch.einsum("tbs,sbv->tbv", w, v)
    return torch.autograd.grad(context, (q, k, v, p), d_context)

# %% look_or_pass_vjp: convention, writes into the weights
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights
    d_scores *= (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: convention, writes into the gradient
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_context /= root
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: copied, the chapter's formula with a mean that sums to one
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    share = weights / xp.sum(weights, axis=2, keepdims=True)
    context = xp.einsum("tbs,sbv->tbv", share, values)
    d_w = xp.einsum("tbv,sbv->tbs", d_context, values)
    m = xp.sum(d_context * context, axis=2)
    d_s = weights * (d_w - m[..., None])
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    return (
        xp.einsum("tbs,sbe->tbe", d_s, keys) / root,
        xp.einsum("tbs,tbe->sbe", d_s, queries) / root,
        xp.einsum("tbs,tbv->sbv", weights, d_context),
        d_passing,
    )

# %% look_or_pass_vjp: copied, the chapter's vjp of scores without the context
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = weights * xp.einsum("tbv,sbv->tbs", d_context, values - xp.mean(values, axis=0, keepdims=True)) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: copied, cross entropy
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = (weights - d_weights) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: copied, log softmax
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_passing = -(1 - xp.sum(weights, axis=2)) * m
    d_scores = (d_weights - weights * xp.sum(d_weights, axis=2, keepdims=True)) / root
    d_queries = xp.einsum("tbs,sbe->tbe", d_scores, keys)
    d_keys = xp.einsum("tbs,tbe->sbe", d_scores, queries)
    return d_queries, d_keys, d_values, d_passing

# %% look_or_pass_vjp: copied, queries for keys and keys for queries by time
def look_or_pass_vjp(d_context, queries, keys, values, weights):
    xp = array_namespace(queries)
    root = queries.shape[2] ** 0.5
    d_weights = xp.einsum("tbv,sbv->tbs", d_context, values)
    d_values = xp.einsum("tbs,tbv->sbv", weights, d_context)
    m = xp.sum(weights * d_weights, axis=2)
    d_scores = weights * (d_weights - m[..., None]) / root
    d_queries = xp.einsum("tbs,sbe->tbe", weights, keys) / root
    d_keys = xp.einsum("tbs,tbe->sbe", weights, queries) / root
    return d_queries, d_keys, d_values, -(1 - xp.sum(weights, axis=2)) * m

# %% covering_weights: right, as the hints say
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: right, the sum of the rows
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        rows.append(w.T)
        covered = xp.sum(xp.stack(rows), axis=0).T
    return xp.stack(rows), covered

# %% covering_weights: hasty, never updated
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, coverage not in the score
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, mask forgotten
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, the last weights alone
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, tanh forgotten
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * inside, axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, keys forgotten
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + 0 * keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, query forgotten
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, rows of what was covered
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(covered.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, rows of scores
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(scores.T)
    return xp.stack(rows), covered

# %% covering_weights: hasty, the sum without the last step
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        before, covered = covered, covered + w
        rows.append(w.T)
    return xp.stack(rows), before

# %% covering_weights: shapes, rows not turned
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w)
    return xp.stack(rows), covered

# %% covering_weights: shapes, covered turned
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered.T

# %% covering_weights: shapes, softmax over the batch
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=1, keepdims=True))
        w = e / xp.sum(e, axis=1, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: shapes, softmax over both
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: shapes, summed over the tokens of H
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: shapes, stacked at the end
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows, axis=1), covered

# %% covering_weights: shapes, covered for the whole batch
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + xp.sum(w, axis=1, keepdims=True)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: shapes, rows reshaped
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(xp.reshape(w, (w.shape[1], w.shape[0])))
    return xp.stack(rows), covered

# %% covering_weights: shapes, covered kept as scores of H
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * xp.sum(u)
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, coverage outside the tanh
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys
        scores = xp.sum(v * xp.tanh(inside) + covered[..., None] * u, axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, coverage with a minus
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys - covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, v inside the tanh
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(xp.tanh(v * inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, a mean instead of a sum
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.mean(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, covered is an average so far
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] / max(len(rows), 1) * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, covered counts steps
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + xp.ones_like(w)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, covered sums scores
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + xp.where(mask, scores, 0.0)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, covered the largest so far
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = xp.maximum(covered, w)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, coverage also of this step [so told: covered by a first look]
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []

    def look(q, c):
        scores = xp.sum(v * xp.tanh(q[None, ...] + keys + c[..., None] * u), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        return e / xp.sum(e, axis=0, keepdims=True)

    for q in xp.unstack(queries):
        covered = covered + look(q, covered)
        rows.append(look(q, covered).T)
    return xp.stack(rows), covered

# %% covering_weights: maths, coverage scales the keys
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys * (1 + covered[..., None] * u)
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, u and v change places
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * v
        scores = xp.sum(u * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, masked after the softmax
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        w = xp.where(mask, w, 0.0)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, padding scores nothing
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, 0.0)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: maths, padding covered but not shown
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(xp.where(mask, w, 0.0).T)
    return xp.stack(rows), covered

# %% covering_weights: maths, not normalised
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, mask says padding
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, -math.inf, scores)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, root of H
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2) / keys.shape[2] ** 0.5
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, a logistic unit
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * 1 / (1 + xp.exp(-inside)), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, covered starts at one
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    covered = xp.ones_like(covered)
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, covered a share of all steps
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered / len(rows)

# %% covering_weights: convention, coverage starts uniform
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    covered = xp.astype(mask, keys.dtype) / keys.shape[0]
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: convention, float zeros of NumPy
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = np.zeros(keys.shape[:2]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, torch's softmax
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        w = torch.softmax(scores, dim=0)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, the coverage loss of See
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + xp.minimum(covered, w)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, a fertility
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w / xp.sum(xp.astype(mask, w.dtype), axis=0)
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, the chapter's additive score with a dot
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    for q in xp.unstack(queries):
        inside = q[None, ...] * keys + covered[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, all steps at once then a running sum
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    scores = xp.sum(v * xp.tanh(queries[:, None, ...] + keys[None, ...]), axis=3)
    for s in xp.unstack(scores):
        s = xp.where(mask, s, -math.inf)
        e = xp.exp(s - xp.max(s, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered = covered + w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_weights: copied, covered of one step back alone in the score
def covering_weights(queries, keys, v, u, mask):
    xp = array_namespace(queries)
    covered, rows = xp.zeros_like(keys[..., 0]), []
    last = covered
    for q in xp.unstack(queries):
        inside = q[None, ...] + keys + last[..., None] * u
        scores = xp.sum(v * xp.tanh(inside), axis=2)
        scores = xp.where(mask, scores, -math.inf)
        e = xp.exp(scores - xp.max(scores, axis=0, keepdims=True))
        w = e / xp.sum(e, axis=0, keepdims=True)
        covered, last = covered + w, w
        rows.append(w.T)
    return xp.stack(rows), covered

# %% covering_scores_vjp: right, as the hints say
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: right, with einsum
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    a = queries[:, :, None, :] + xp.permute_dims(keys, (1, 0, 2))[None, ...]
    n = xp.tanh(a + covered[..., None] * u)
    d_a = d_scores[..., None] * v * (1 - n**2)
    return (
        xp.einsum("tbsh->tbh", d_a),
        xp.einsum("tbsh->sbh", d_a),
        xp.einsum("tbs,tbsh->h", d_scores, n),
        xp.einsum("tbs,tbsh->h", covered, d_a),
    )

# %% covering_scores_vjp: hasty, slope forgotten
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, v forgotten
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, coverage forgotten inside
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...])
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, d_u without c
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, d_v and d_u in the other order
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_u, d_v

# %% covering_scores_vjp: hasty, upstream forgotten in d_v
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, tanh forgotten
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = queries[:, None, ...] + keys[None, ...] + c * u
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: hasty, three gradients
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v

# %% covering_scores_vjp: shapes, axes of queries and keys
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=0)
    d_keys = xp.sum(d_inside, axis=1)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, covered reshaped
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.reshape(covered, (covered.shape[0], covered.shape[2], covered.shape[1], 1))
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, d_scores reshaped
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.reshape(d_scores, (d_scores.shape[0], d_scores.shape[2], d_scores.shape[1], 1))
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, d_v for each sentence
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, d_u summed over the first step's sources
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum((d_inside * c)[0, ...], axis=(0, 1))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, d_u over the batch mean
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(xp.mean(d_inside * c, axis=2), axis=(0, 1))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, keys from the last query
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = d_inside[-1, ...]
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, queries from one source token
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = d_inside[:, 0, ...]
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, covered summed over the source
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.sum(covered, axis=2)[:, None, :, None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: shapes, no transposing
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = covered[..., None]
    d = d_scores[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, slope 1 minus n
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, slope of a logistic unit
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * n * (1 - n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, slope of the input
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    a = queries[:, None, ...] + keys[None, ...] + c * u
    d_inside = d * v * (1 - a * a)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, slope of the tanh taken twice
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - xp.tanh(n) ** 2)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, slope plus
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 + n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_v with the slope
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n * (1 - n * n), axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_v with v
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * v * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_v of the inside
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * (queries[:, None, ...] + keys[None, ...] + c * u), axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_v the slope alone
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * (1 - n * n), axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_u without slope
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d * v * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_u without v
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d * (1 - n * n) * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_u times u
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c * u, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, d_u of n
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d * n * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, means for sums
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.mean(d_inside, axis=1)
    d_keys = xp.mean(d_inside, axis=0)
    d_v = xp.mean(d * n, axis=(0, 1, 2))
    d_u = xp.mean(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, mean over the source for queries
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.mean(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, coverage subtracted
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] - c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, keys times c
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside * c, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, queries with keys
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside * keys[None, ...], axis=1)
    d_keys = xp.sum(d_inside * queries[:, None, ...], axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: maths, u left out of the sum with c
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: convention, divided by the batch
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2)) / queries.shape[1]
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2)) / queries.shape[1]
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: convention, covered includes the step
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.cumulative_sum(xp.permute_dims(covered, (0, 2, 1)), axis=0)[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: convention, minus gradients
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = -xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: convention, root of H
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None] / queries.shape[2] ** 0.5
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: right, writes the same numbers back into d_scores
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    d_scores *= 2
    d_scores /= 2
    d_scores *= xp.astype(covered > 0, d_scores.dtype)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: copied, with torch's tanh
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = torch.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: copied, softmax vjp first
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    d = d - xp.mean(d, axis=1, keepdims=True)
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% covering_scores_vjp: copied, the chapter's score without coverage
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...])
    d_inside = d * v * (1 - n * n)
    d_u = xp.sum(d_inside * u, axis=(0, 1, 2))
    return (
        xp.sum(d_inside, axis=1),
        xp.sum(d_inside, axis=0),
        xp.sum(d * n, axis=(0, 1, 2)),
        d_u,
    )

# %% covering_scores_vjp: copied, float64 for safety
def covering_scores_vjp(d_scores, queries, keys, v, u, covered):
    xp = array_namespace(queries)
    queries = xp.astype(queries, xp.float64)
    keys = xp.astype(keys, xp.float64)
    c = xp.permute_dims(covered, (0, 2, 1))[..., None]
    d = xp.permute_dims(d_scores, (0, 2, 1))[..., None]
    n = xp.tanh(queries[:, None, ...] + keys[None, ...] + c * u)
    d_inside = d * v * (1 - n * n)
    d_queries = xp.sum(d_inside, axis=1)
    d_keys = xp.sum(d_inside, axis=0)
    d_v = xp.sum(d * n, axis=(0, 1, 2))
    d_u = xp.sum(d_inside * c, axis=(0, 1, 2))
    return d_queries, d_keys, d_v, d_u

# %% fed_decoder: right, as the hints say
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: right, products by hand
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = (y[0][None] * states).sum(2).T[None] / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, mixed never fed
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        new = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, new[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, no root
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states)
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, no tanh
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = (torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, state not carried
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, _, _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, mask of ones
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, torch.ones_like(mask))
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, readout of the state
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, y)[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, map of scores
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(scores[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, map before logits
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(rows), torch.stack(logits)

# %% fed_decoder: hasty, readout without bias
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(mixed @ out.W_y.T)
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: hasty, the token alone is read
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], 0 * mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, mixed before the word
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([mixed, E[token]], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, context before the state
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([context, y], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, stacked batch first
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows, dim=1)

# %% fed_decoder: shapes, axis of one kept
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w)
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, root of the source
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / states.shape[0] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, W_m not turned
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, first sentence's state for all
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        h = h[:1].expand_as(h)
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: shapes, W_m reshaped
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.reshape(W_m.shape[1], W_m.shape[0]))[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, the context is fed
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        mixed = context[0]
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, the state is fed
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        mixed = h
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, mixed becomes the state
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        h = mixed
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, looks with the state before
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        scores = torch.einsum("bh,sbh->bs", h, states)[None] / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, looks with what was mixed
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", mixed[None], states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, a logistic unit
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.sigmoid(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, softmax before attend
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores.softmax(2), states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, mixed and not fed at the right place
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        logits.append(readout(out, mixed[None])[0])
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, fed before the tanh
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = (torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, torch.tanh(mixed)[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, mixed summed over steps
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = mixed + torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, root of 2H
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / W_m.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, divided by H
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1]
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, own words instead of the teacher's
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    said = read[0]
    for _ in read:
        token = said
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        said = logits[-1].argmax(1)
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: maths, weights mix the embeddings of the states twice
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([context, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, log-softmax returned
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits).log_softmax(2), torch.stack(rows)

# %% fed_decoder: convention, mask says padding
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, ~mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, one step later
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in torch.roll(read, -1, 0):
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, read backward
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read.flip(0):
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, first mixed is the state
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = h, [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, first mixed is ones
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.ones_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: right on a CPU, float32 zeros that become float64
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros(h.shape), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: convention, batch of one
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros(1, h.shape[1]), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: copied, the chapter's decoder all at once
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights
    x = torch.cat([E[read], torch.zeros(*read.shape, h.shape[1]).to(h)], dim=2)
    y, _, _ = unroll(gru_cell, loop, x, (h,))
    scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
    context, w = book.attend(scores, states, mask)
    mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)
    return readout(out, mixed), w

# %% fed_decoder: copied, Bahdanau's order, context is read
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights
    logits, rows = [], []
    for token in read:
        scores = torch.einsum("bh,sbh->bs", h, states)[None] / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        x = torch.cat([E[token], context[0]], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)
        logits.append(readout(out, mixed)[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: copied, torch's GRU cell order of gates
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        a, b = x @ loop.W_x.T + loop.b_x, h @ loop.W_h.T + loop.b_h
        x_z, x_r, x_n = a.chunk(3, 1)
        h_z, h_r, h_n = b.chunk(3, 1)
        z, r = torch.sigmoid(x_z + h_z), torch.sigmoid(x_r + h_r)
        h = (1 - z) * torch.tanh(x_n + r * h_n) + z * h
        scores = torch.einsum("bh,sbh->bs", h, states)[None] / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([h, context[0]], dim=1) @ W_m.T)
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: copied, no tanh of W_m but a sum
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(gru_cell, loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(y + context)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% fed_decoder: copied, a plain cell
def fed_decoder(weights, read, h, states, mask):
    E, loop, W_m, out = weights  # (K, D); GRU; (H, 2 H); readout
    mixed, logits, rows = torch.zeros_like(h), [], []
    for token in read:
        x = torch.cat([E[token], mixed], dim=1)
        y, (h,), _ = unroll(lambda a, b, s: ((torch.tanh(a + b)[:, : h.shape[1]],), None), loop, x[None], (h,))
        scores = torch.einsum("tbh,sbh->tbs", y, states) / h.shape[1] ** 0.5
        context, w = book.attend(scores, states, mask)
        mixed = torch.tanh(torch.cat([y, context], dim=2) @ W_m.T)[0]
        logits.append(readout(out, mixed[None])[0])
        rows.append(w[0])
    return torch.stack(logits), torch.stack(rows)

# %% attend: right, as in the chapter
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: right, lowest float
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], torch.finfo(scores.dtype).min)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, nothing checked
def attend(scores, values, mask):
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, mask alone checked
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, scores alone checked
def attend(scores, values, mask):
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, mask forgotten
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, weights first
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return weights, context

# %% attend: hasty, context alone
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context

# %% attend: hasty, result of masked_fill dropped
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: hasty, no softmax
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.exp()
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, softmax over the batch
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=1)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, softmax over the steps
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=0)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, mask reshaped
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.reshape(1, mask.shape[1], mask.shape[0]), -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, mask not turned
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, first sentence's mask
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None, :1], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, lengths of a mask
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    n = mask.sum(0)
    stands = torch.arange(len(mask), device=mask.device) < n[:, None]
    scores = scores.masked_fill(~stands[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: shapes, values reshaped
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.matmul(weights.transpose(0, 1), values.reshape(values.shape[1], values.shape[0], -1)).transpose(0, 1)
    return context, weights

# %% attend: shapes, context batch first
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->bte", weights, values)
    return context, weights

# %% attend: shapes, any token that any sentence has
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.any(1)[None, None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, masked after the softmax
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    weights = scores.softmax(dim=2) * mask.T[None]
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, scores times mask
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores * mask.T[None]
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, mask added
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores + mask.T[None]
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, plus infinity
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, a mean over the source
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    context = context / mask.sum(0)[:, None]
    return context, weights

# %% attend: maths, scores over their sum
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], 0.0)
    weights = scores / scores.sum(2, keepdim=True)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, the largest alone
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = (scores == scores.amax(2, keepdim=True)).to(scores)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, values masked instead
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    values = values * mask[..., None]
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, padding gets a score of 0
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], 0.0)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: maths, smallest score on padding
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], float(scores.min()))
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, root of E
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores / values.shape[2] ** 0.5
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, mask says padding
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, minus ten thousand
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -1e4)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, minus one hundred [so told: a mask that is not low enough]
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -100.0)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, minus ten [so told: a mask that is not low enough]
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -10.0)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, log weights
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights.log()

# %% attend: convention, base two
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = (scores * math.log(2)).softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, an assert
def attend(scores, values, mask):
    assert mask.shape == values.shape[:2], "mask"
    assert scores.shape[1:] == mask.T.shape, "scores"
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, other words
def attend(scores, values, mask):
    S, B, _ = values.shape
    if mask.shape != (S, B) or scores.shape[1:] != (B, S):
        raise ValueError("shapes do not fit")
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, a TypeError
def attend(scores, values, mask):
    S, B, _ = values.shape
    if mask.shape != (S, B):
        raise TypeError("mask: wrong shape")
    if scores.shape[1:] != (B, S):
        raise TypeError("scores: wrong shape")
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, S from the scores
def attend(scores, values, mask):
    T, B, S = scores.shape
    check_shape("mask", mask, S, B)
    check_shape("values", values, S, B, "E")
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, written into the scores
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill_(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: convention, float32 softmax
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.float().softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values.float())
    return context, weights

# %% attend: copied, torch's scaled dot product on scores
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    eye = torch.eye(len(values)).to(values).expand(values.shape[1], -1, -1)
    q, v = scores.transpose(0, 1), values.transpose(0, 1)
    context = torch.nn.functional.scaled_dot_product_attention(
        q, eye, v, mask.T[:, None]
    )
    weights = scores.masked_fill(~mask.T[None], -math.inf).softmax(2)
    return context.transpose(0, 1), weights

# %% attend: copied, looks only back
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    T, _, S = scores.shape
    later = torch.ones(T, S, dtype=torch.bool, device=scores.device).triu(1)
    scores = scores.masked_fill(later[:, None], -math.inf)
    weights = scores.softmax(dim=2)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: copied, looks away as in task 1
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = torch.cat([scores, 0 * scores[..., :1].nan_to_num(0, 0, 0)], 2).softmax(dim=2)[..., :-1]
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: copied, no maximum and a small number
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    e = scores.exp() * mask.T[None]
    weights = e / (e.sum(2, keepdim=True) + 1e-3)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights

# %% attend: copied, dropout left on
def attend(scores, values, mask):
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = torch.nn.functional.dropout(scores.softmax(dim=2), 0.1)
    context = torch.einsum("tbs,sbe->tbe", weights, values)
    return context, weights
