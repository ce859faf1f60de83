# %% without_season: right, plainly
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: right, mean of squares
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].square().mean(0).sqrt()
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: means of the whole series
def without_season(x, training, period):
    past = x
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread of the whole rest
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest.std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: both from all
def without_season(x, training, period):
    past = x
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest.std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: torch's std as it is
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: numpy's std default thought of, unbiased False on variance
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].var(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread of x, not of the rest
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = x[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: one spread for all series [so told: one scale for all series]
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(correction=0) * torch.ones_like(x[0])
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread for each step
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest.std(1, correction=0)[:, None]
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: zero not replaced
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    return rest / spread, means, spread

# %% without_season: epsilon added in place of one
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = spread + 1e-8
    return rest / spread, means, spread

# %% without_season: ones for all below one
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = spread.clamp(min=1.0)
    return rest / spread, means, spread

# %% without_season: where the wrong way round
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, 1.0, spread)
    return rest / spread, means, spread

# %% without_season: season not taken off
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: season added
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x + season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: not divided
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest, means, spread

# %% without_season: multiplied by the spread
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest * spread, means, spread

# %% without_season: training alone comes back
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return (rest / spread)[:training], means, spread

# %% without_season: phase counted from the end of training
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[(torch.arange(len(x), device=x.device) - training) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: phase counted from one
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[(torch.arange(len(x), device=x.device) + 1) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: phase by whole division
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) // period % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: season by repeat, of each phase
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means.repeat_interleave(-(-len(x) // period), 0)[: len(x)]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: right, season by repeat
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means.repeat(-(-len(x) // period), 1)[: len(x)]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: last incomplete period dropped
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[: training // period * period][k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: reshape (period, -1)
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[: training // period * period].reshape(period, -1, x.shape[1])[k].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: means of blocks of a period
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k * period : (k + 1) * period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: means over the series too
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean() * torch.ones_like(x[0]) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: sum for the mean
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].sum(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: median for the mean
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].median(0).values for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: first period only
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k] for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: last period only
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period][-1] for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: sum over the number of periods, rounded down
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].sum(0) / (training // period) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: mean of the series taken off first
def without_season(x, training, period):
    past = x[:training] - x[:training].mean(0)
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: means divided by the spread
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means / spread, spread

# %% without_season: spread kept with its axis
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0, keepdim=True)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread of each phase
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = torch.stack([rest[k:training:period].std(0, correction=0) for k in range(period)]).mean(0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: seasonal difference, a textbook's
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - torch.cat([x[:1].expand(period, -1), x[:-period]])
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread of the scaled rest
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    z = rest / spread
    return z, means, z[:training].std(0, correction=0)

# %% without_season: x changed in place
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    x -= season
    rest = x
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: order of results: means, spread, z
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return means, spread, rest / spread

# %% without_season: numpy array back
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return (rest / spread).numpy(), means.numpy(), spread.numpy()

# %% without_season: spread about zero of everything, mean absolute
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].abs().mean(0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: float32 buffer for the means
def without_season(x, training, period):
    past = x[:training]
    means = torch.zeros(period, x.shape[1])
    for k in range(period):
        means[k] = past[k::period].mean(0)
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: training minus one
def without_season(x, training, period):
    past = x[: training - 1]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: largest minus smallest
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[:training].amax(0) - rest[:training].amin(0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% without_season: spread from the steps after training
def without_season(x, training, period):
    past = x[:training]
    means = torch.stack([past[k::period].mean(0) for k in range(period)])
    season = means[torch.arange(len(x), device=x.device) % period]
    rest = x - season
    spread = rest[training:].std(0, correction=0)
    spread = torch.where(spread > 0, spread, 1.0)
    return rest / spread, means, spread

# %% rolling_errors: right, plainly
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: right, with unfold
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        both = x[first - history : origin].unfold(0, history + horizon, 1)
        past, target = both[:, :history], both[:, history:]
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: targets reach the test by one step
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon + 1
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: windows up to the origin
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: windows up to before the origin
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - 1
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: latest window left out
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon - 1
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: range without the last
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: one window too many
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: one window too few
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 2 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: memory in steps, not windows
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, origin - memory + history)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: memory of origin steps
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, origin - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: memory forgotten
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = history
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: oldest windows kept
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = history
        last = min(last, history + memory - 1)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: first window a step late
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history + 1, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: first from zero
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(0, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: sign
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(said - x[origin : origin + horizon])
    return torch.stack(errors)

# %% rolling_errors: absolute errors
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append((x[origin : origin + horizon] - said).abs())
    return torch.stack(errors)

# %% rolling_errors: squared errors
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append((x[origin : origin + horizon] - said) ** 2)
    return torch.stack(errors)

# %% rolling_errors: relative errors
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append((x[origin : origin + horizon] - said) / x[origin : origin + horizon])
    return torch.stack(errors)

# %% rolling_errors: forecasts, not errors
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(said)
    return torch.stack(errors)

# %% rolling_errors: folds reversed
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (fold + 1) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: origins a step apart
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - horizon - (folds - 1 - fold)
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: origins a history apart
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - horizon - (folds - 1 - fold) * history
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: horizon of the end left out
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold + 1) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: origins from the beginning
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = history + 2 * horizon + fold * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: folds laid from the first possible one
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = history + horizon + memory - 1 + fold * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: forecast from the last training window
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(past[-1:])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: forecast from a step later
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history + 1 : origin + 1])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: forecast from a step earlier
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history - 1 : origin - 1])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: no batch axis
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[origin - history : origin])
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: target begins with the last read
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o - 1 : o - 1 + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: target a step later
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history - 1 : o - 1] for o in range(max(first, history + 1), last + 1)])
        first = max(first, history + 1)
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: windows do not overlap, in steps of the horizon
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1, horizon)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1, horizon)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: newest window first
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past.flip(0), target.flip(0))
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: past with its newest step first
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past.flip(1), target)
        said = predict(x[None, origin - history : origin].flip(1))[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: past and target exchanged
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(target, past)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: transposed windows
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past.T, target.T)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: one step of the target
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target[:, :1])
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: recursive in one step
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target[:, :1])
        seen = x[None, origin - history : origin]
        for _ in range(horizon):
            seen = torch.cat([seen, predict(seen[:, -history:])], 1)
        said = seen[0, history:]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: fitted on each window's mean
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past - past.mean(1, keepdim=True), target - past.mean(1, keepdim=True))
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: mean over the steps ahead
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors).mean(1)

# %% rolling_errors: transposed result
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors).T

# %% rolling_errors: concatenated result
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds):
        origin = len(x) - (folds - fold) * horizon
        last = origin - horizon
        first = max(history, last + 1 - memory)
        past = torch.stack([x[o - history : o] for o in range(first, last + 1)])
        target = torch.stack([x[o : o + horizon] for o in range(first, last + 1)])
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.cat(errors)

# %% rolling_errors: fitted once, before the first origin
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    start = len(x) - folds * horizon
    last = start - horizon
    first = max(history, last + 1 - memory)
    origins = range(first, last + 1)
    past = torch.stack([x[o - history : o] for o in origins])
    target = torch.stack([x[o : o + horizon] for o in origins])
    predict = fit(past, target)
    for origin in range(start, len(x), horizon):
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: fitted once, on everything
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    start = len(x) - folds * horizon
    origins = range(history, len(x) - horizon + 1)
    past = torch.stack([x[o - history : o] for o in origins])
    target = torch.stack([x[o : o + horizon] for o in origins])
    predict = fit(past, target)
    for origin in range(start, len(x), horizon):
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: fitted at each origin, on windows of the whole series
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    origins = range(history, len(x) - horizon + 1)
    past = torch.stack([x[o - history : o] for o in origins])[-memory:]
    target = torch.stack([x[o : o + horizon] for o in origins])[-memory:]
    for origin in range(len(x) - folds * horizon, len(x), horizon):
        predict = fit(past, target)
        said = predict(x[None, origin - history : origin])[0]
        errors.append(x[origin : origin + horizon] - said)
    return torch.stack(errors)

# %% rolling_errors: right, the horizon of the fold cut from the series first
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds, 0, -1):
        known = x[: len(x) - fold * horizon]
        truth = x[len(known) : len(known) + horizon]
        windows = known.unfold(0, history + horizon, 1)[-memory:]
        predict = fit(windows[:, :history], windows[:, history:])
        errors.append(truth - predict(known[None, -history:])[0])
    return torch.stack(errors)

# %% rolling_errors: memory cuts the series to so many steps [so told: memory in steps]
def rolling_errors(x, fit, history, horizon, folds, memory):
    errors = []
    for fold in range(folds, 0, -1):
        known = x[: len(x) - fold * horizon]
        truth = x[len(known) : len(known) + horizon]
        windows = known[-max(memory, history + horizon) :].unfold(0, history + horizon, 1)
        predict = fit(windows[:, :history], windows[:, history:])
        errors.append(truth - predict(known[None, -history:])[0])
    return torch.stack(errors)

# %% in_blocks: right, plainly
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: unit of the first window
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    unit = window.abs().mean(0)
    while sum(map(len, said)) < K:
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: mean without absolute values
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: absolute value of the mean
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.mean(0).abs()
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: one unit for all series
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean()
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: unit along the series
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(1, keepdim=True)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: standard deviation
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.std(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: largest absolute value
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().amax(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: sum of absolute values
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().sum(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: root of the mean square
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.square().mean(0).sqrt()
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: last value as unit
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window[-1].abs()
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: median
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().median(0).values
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: unit of all that is known
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = x[:origin].abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: unit of the whole x
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = x.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: not scaled
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = predict(window)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: not scaled back
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: scaled back, not divided
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: multiplied twice, divided never
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = predict(window * unit) / unit
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: scaled values fed back
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = predict(window / unit)
        said.append(unit * ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: scaled window goes on
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window := window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: truth fed in
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        n = sum(map(len, said))
        window = x[origin + n - T : origin + n]
    return torch.cat(said)[:K]

# %% in_blocks: same window each time
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
    return torch.cat(said)[:K]

# %% in_blocks: first of the block appended
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead[:1]])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: last of the block appended
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead[-1:]])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: oldest not dropped
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])
    return torch.cat(said)[:K]

# %% in_blocks: newest dropped
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[:T]
    return torch.cat(said)[:K]

# %% in_blocks: appended in front
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([ahead, window])[:T]
    return torch.cat(said)[:K]

# %% in_blocks: only one dropped
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window[1:], ahead])
    return torch.cat(said)[:K]

# %% in_blocks: block reversed when appended
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead.flip(0)])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: first step of each block kept
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead[:1])
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: first step of each block, both
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = (unit * predict(window / unit))[:1]
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: last step of each block kept
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead[-1:])
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: too many not cut off
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)

# %% in_blocks: cut from the front
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[-K:]

# %% in_blocks: K blocks asked for, cut
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    for _ in range(K):
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)

# %% in_blocks: right, K blocks asked for, then cut
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    for _ in range(K):
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: one block only
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    for _ in range(1):
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: blocks rounded down
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    m = len(predict(window))
    for _ in range(max(K // m, 1)):
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: counts blocks as steps
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while len(said) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.stack([a[0] for a in said])

# %% in_blocks: window a step early
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T - 1 : origin - 1], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: window with the origin
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T + 1 : origin + 1], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: window from the end of x
def in_blocks(predict, x, origin, T, K):
    window, said = x[-T:], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: first T steps
def in_blocks(predict, x, origin, T, K):
    window, said = x[:T], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: all before the origin
def in_blocks(predict, x, origin, T, K):
    window, said = x[:origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: window past the origin comes back too
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat([x[:origin], *said])[: origin + K]

# %% in_blocks: stacked
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.stack(said)[:K]

# %% in_blocks: transposed window
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict((window / unit).T)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: change from the last value
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = window[-1] + unit * predict(window / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: unit of the newest window for the step before
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        window = torch.cat([window, ahead])[-T:]
        said.append(ahead / unit * window.abs().mean(0))
    return torch.cat(said)[:K]

# %% in_blocks: x written into
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        ahead = unit * predict(window / unit)
        said.append(ahead)
        n = sum(map(len, said))
        x[origin + n - len(ahead) : origin + n] = ahead[: len(x) - origin - n + len(ahead)]
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% in_blocks: subtracts the mean too
def in_blocks(predict, x, origin, T, K):
    window, said = x[origin - T : origin], []
    while sum(map(len, said)) < K:
        unit = window.abs().mean(0)
        mean = window.mean(0)
        ahead = mean + unit * predict((window - mean) / unit)
        said.append(ahead)
        window = torch.cat([window, ahead])[-T:]
    return torch.cat(said)[:K]

# %% quantile_report: right, plainly
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: right, by where
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.where(error < 0, (levels - 1) * error, levels * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: error the other way round
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = q - y[..., None]
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: error the other way round, d_q made to fit
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = q - y[..., None]
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = (levels - (error < 0).to(q.dtype)) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: minimum for maximum
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.minimum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: absolute error
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = error.abs().mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: half the weight, as in a quantile score of twice the size
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = 2 * torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: sum of all
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).sum()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: sum over levels, mean over the rest
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).sum(-1).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: sum over levels, gradient too
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).sum(-1).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / y.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: mean over batch, sum over steps
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean((1, 2)).sum()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: loss for each level
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean((0, 1))
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: levels turned: 1 - level above
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum((1 - levels) * error, -levels * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: levels turned in loss and gradient
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum((1 - levels) * error, -levels * error).mean()
    d_q = ((error < 0).to(q.dtype) - 1 + levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: one plus level minus missing: 1 - level without the sign
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (1 - levels) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: pinball with relu, level on both
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = (levels * error.clamp(min=0) + levels * (-error).clamp(min=0)).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: not divided
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = (error < 0).to(q.dtype) - levels
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: divided by the batch only
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / y.shape[1]
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: divided by K B
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / y.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: divided by levels
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / len(levels)
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: sign of the gradient: of the error
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = (levels - (error < 0).to(q.dtype)) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: tie taken for below
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error <= 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: tie gives zero
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = torch.where(error == 0, 0.0, (error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: tie gives half
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) + 0.5 * (error == 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: above and below exchanged in d_q
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error > 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: times the error
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) * error / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: minus level only
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = -levels * torch.ones_like(q) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: sign function of the absolute error
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = -error.sign() / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: level times sign
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = -levels * error.sign() / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: summed over the levels
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = (((error < 0).to(q.dtype) - levels) / q.numel()).sum(-1)
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: at least
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error >= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: strictly
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error < 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: count
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).sum((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: over all levels
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean()
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: over the batch only
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean(1)
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: over the last axis
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((1, 2))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: minus the levels
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1)) - levels
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: between one level and the next
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    below = torch.cat([below[:1], below.diff()])
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: below: as float32
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).float().mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside strictly
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] > 0) & (error[..., -1] < 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: the lowest strictly
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] > 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: the highest strictly
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] < 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: or
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) | (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: outside
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] < 0) | (error[..., -1] > 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: signs exchanged
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] <= 0) & (error[..., -1] >= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: first two levels [so told: second quantile for the highest]
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., 1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: first step's axis
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[0] >= 0) & (error[-1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: inside: difference of below
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, below[-1] - below[0]

# %% quantile_report: inside: difference of levels
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, levels[-1] - levels[0]

# %% quantile_report: inside: a count
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).sum()

# %% quantile_report: inside: for each step
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean(1)

# %% quantile_report: inside: a python number
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, float(inside.to(q.dtype).mean())

# %% quantile_report: levels left in float32
def quantile_report(q, y, levels):
    levels = torch.tensor(levels)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: levels as percent
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device) / 100
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: median for all
def quantile_report(q, y, levels):
    levels = torch.full((len(levels),), 0.5, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: y against the wrong axis
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[None].mT - q.mT
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: levels along the steps
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error)[:, 0].mean()
    d_q = ((error < 0).to(q.dtype) - levels) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% quantile_report: gradient by the mean error
def quantile_report(q, y, levels):
    levels = torch.as_tensor(levels, dtype=q.dtype, device=q.device)
    error = y[..., None] - q
    loss = torch.maximum(levels * error, (levels - 1) * error).mean()
    d_q = (torch.where(error < 0, 1 - levels, -levels) * loss) / q.numel()
    below = (error <= 0).to(q.dtype).mean((0, 1))
    inside = (error[..., 0] >= 0) & (error[..., -1] <= 0)
    return loss, d_q, below, inside.to(q.dtype).mean()

# %% cut: right, plainly
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: origin is the last step read [so told: origin taken for the last step read]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history + 1, 1)[:, None]
    after = origins + 1 + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: target a step late [so told: target a step late]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + 1 + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: target a step early
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins - 1 + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: past with the origin
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history + 1, 1)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: past a step early
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history - 1, -1)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: origin where the past begins
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(history)[:, None]
    after = origins + history + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: past backward
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins - 1 - np.arange(history)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: covariates first
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([covariates[before], values[before][..., None]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: values left out of the past
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = covariates[before]
    return Windows(past, covariates[after], values[after])

# %% cut: covariates left out of the past
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = values[before][..., None]
    return Windows(past, covariates[after], values[after])

# %% cut: covariates of the horizon in the past
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before + horizon]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: known from the past
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[before], values[after])

# %% cut: known from the last steps read [so told: covariates of the past for those to come]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after - horizon], values[after])

# %% cut: known a step early
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after - 1], values[after])

# %% cut: known of the origin at every step
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[origins + 0 * after], values[after])

# %% cut: known with the values: a leak
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, np.concatenate([values[after][..., None], covariates[after]], -1), values[after])

# %% cut: target with a last axis
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after][..., None])

# %% cut: fields in another order
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, values[after], covariates[after])

# %% cut: a plain tuple
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return (past, covariates[after], values[after])

# %% cut: batch first
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins[:, None] + np.arange(-history, 0)
    after = origins[:, None] + np.arange(horizon)
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: batch first, reshaped
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = (origins[:, None] + np.arange(-history, 0)).reshape(history, -1)
    after = (origins[:, None] + np.arange(horizon)).reshape(horizon, -1)
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: origins sorted
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.sort(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: origins each once [so told: origins sorted]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.unique(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: first origin and the following [so told: first origin and those that follow]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins[0] + np.arange(len(origins)) + np.arange(-history, 0)[:, None]
    after = origins[0] + np.arange(len(origins)) + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: float64 whatever came
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1).astype(float)
    return Windows(past, covariates[after], values[after])

# %% cut: float32 as networks like it
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1).astype(np.float32)
    return Windows(past, covariates[after], values[after])

# %% cut: horizon one longer
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon + 1)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: history one longer
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history - 1, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: scaled by the window's mean
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after] - values[before].mean(0))

# %% cut: difference of the last value
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after] - values[origins - 1])

# %% cut: horizon for history
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-horizon, 0)[:, None]
    after = origins + np.arange(history)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: empty covariates of one column
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.zeros((N, 1), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: torch comes back
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(*map(torch.as_tensor, (past, covariates[after], values[after])))

# %% cut: no check
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: target from the covariates
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], covariates[after][..., 0])

# %% cut: stack in place of concatenate
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.stack([values[before], *np.moveaxis(covariates[before], -1, 0)], 0)
    return Windows(past, covariates[after], values[after])

# %% cut: right, stack and transpose
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.stack([values[before], *np.moveaxis(covariates[before], -1, 0)], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: index wraps: modulo N [so told: target a step late]
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = (origins + np.arange(1, horizon + 1)[:, None]) % N
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: covariates of the step after
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before + 1]], -1)
    return Windows(past, covariates[after], values[after])

# %% cut: loop, batch first
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    both = np.concatenate([values[:, None], covariates], 1)
    return Windows(
        np.stack([both[o - history : o] for o in origins]),
        np.stack([covariates[o : o + horizon] for o in origins]),
        np.stack([values[o : o + horizon] for o in origins]),
    )

# %% cut: right, loop, stacked along the second axis
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    both = np.concatenate([values[:, None], covariates], 1)
    return Windows(
        np.stack([both[o - history : o] for o in origins], 1),
        np.stack([covariates[o : o + horizon] for o in origins], 1),
        np.stack([values[o : o + horizon] for o in origins], 1),
    )

# %% cut: sliding windows, all of them
def cut(values, origins, history, horizon, covariates=None):
    N = len(values)
    if covariates is None:
        covariates = np.empty((N, 0), values.dtype)
    origins = np.asarray(origins)
    if origins.min() < history or origins.max() > N - horizon:
        raise ValueError("origins: a window leaves the series")
    origins = np.arange(history, N - horizon + 1)
    before = origins + np.arange(-history, 0)[:, None]
    after = origins + np.arange(horizon)[:, None]
    past = np.concatenate([values[before][..., None], covariates[before]], -1)
    return Windows(past, covariates[after], values[after])
