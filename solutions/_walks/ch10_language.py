# %% carried_perplexity: right, plainly
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: right, last row read too
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids), window):
            stop = start + window
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: state None in each call
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, _ = read(ids[start:stop], None)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: state set once, before all texts
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    state = None
    for ids in texts:
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: state set inside the inner loop
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        for start in range(0, len(ids) - 1, window):
            state = None
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: returns the mean surprisal
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return nats / count

# %% carried_perplexity: minus forgotten
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats += float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: no log_softmax
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = logits
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: softmax, no log
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: softmax over the batch axis
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, 1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: softmax over time
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, 0)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: targets are what is read
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start:stop]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: counts rows, not tokens
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += len(targets)
    return math.exp(nats / count)

# %% carried_perplexity: counts the first row too
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
        count += ids.numel()
    return math.exp(nats / count)

# %% carried_perplexity: counts window times B in each window
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += window * ids.shape[1]
    return math.exp(nats / count)

# %% carried_perplexity: counts windows, sums means
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.mean())
            count += 1
    return math.exp(nats / count)

# %% carried_perplexity: mean of the windows' perplexities
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats += math.exp(-float(picked.mean()))
            count += 1
    return nats / count

# %% carried_perplexity: two to the nats
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return 2 ** (nats / count)

# %% carried_perplexity: exp of bits
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / math.log(2) / count)

# %% carried_perplexity: last short window dropped [so told: short window dropped]
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - window, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: window's first token not predicted
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids), window):
            part = ids[start : start + window]
            if len(part) < 2:
                continue
            logits, state = read(part[:-1], state)
            targets = part[1:]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: windows overlap by a row
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, max(window - 1, 1)):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: reads window and one more row
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window + 1, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: whole text in one call
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, 1):
            stop = len(ids) - 1
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: begins at row one
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(1, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: shift the wrong way
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start + 1 : stop + 1], state)
            targets = ids[start:stop]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: range to the end, an empty window
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids), window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: a tensor comes back
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats = nats - picked.sum()
            count += targets.numel()
    return torch.exp(nats / count)

# %% carried_perplexity: gather without the last axis
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets)
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: picks with plain indexing
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p[..., targets]
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: mean probability
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return -count / nats

# %% carried_perplexity: entropy of the model in the target's place
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p * log_p.exp()
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: texts one after another as one
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in [torch.cat(list(texts))]:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: state only handed back after the first
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 1, window):
            stop = min(start + window, len(ids) - 1)
            logits, new = read(ids[start:stop], state)
            state = new if state is None else state
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: last token never predicted [so told: last row left out]
def carried_perplexity(read, texts, window):
    nats, count = 0.0, 0
    for ids in texts:
        state = None
        for start in range(0, len(ids) - 2, window):
            stop = min(start + window, len(ids) - 2)
            logits, state = read(ids[start:stop], state)
            targets = ids[start + 1 : stop + 1]
            log_p = torch.log_softmax(logits, -1)
            picked = log_p.gather(-1, targets[..., None])
            nats -= float(picked.sum())
            count += targets.numel()
    return math.exp(nats / count)

# %% carried_perplexity: mean over the texts' means
def carried_perplexity(read, texts, window):
    means = []
    for ids in texts:
        state, nats = None, []
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            log_p = torch.log_softmax(logits, -1)
            nats.append(-log_p.gather(-1, part[1:, :, None]).flatten())
        means.append(float(torch.cat(nats).mean()))
    return math.exp(sum(means) / len(means))

# %% carried_perplexity: mean over the texts' perplexities
def carried_perplexity(read, texts, window):
    each = []
    for ids in texts:
        state, nats = None, []
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            log_p = torch.log_softmax(logits, -1)
            nats.append(-log_p.gather(-1, part[1:, :, None]).flatten())
        each.append(math.exp(float(torch.cat(nats).mean())))
    return sum(each) / len(each)

# %% carried_perplexity: perplexity of each column, then their mean
def carried_perplexity(read, texts, window):
    each = []
    for ids in texts:
        state, nats = None, []
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            log_p = torch.log_softmax(logits, -1)
            nats.append(-log_p.gather(-1, part[1:, :, None])[..., 0])
        each += torch.cat(nats).mean(0).exp().tolist()
    return sum(each) / len(each)

# %% carried_perplexity: torch's cross_entropy on three axes
def carried_perplexity(read, texts, window):
    total, count = 0.0, 0
    for ids in texts:
        state = None
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            total += torch.nn.functional.cross_entropy(
                logits, part[1:], reduction="sum"
            ).item()
            count += part[1:].numel()
    return math.exp(total / count)

# %% carried_perplexity: right, torch's cross_entropy, flattened
def carried_perplexity(read, texts, window):
    total, count = 0.0, 0
    for ids in texts:
        state = None
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            total += torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), part[1:].flatten(), reduction="sum"
            ).item()
            count += part[1:].numel()
    return math.exp(total / count)

# %% carried_perplexity: a blog's: loss.item() of each window, exp of their mean
def carried_perplexity(read, texts, window):
    losses = []
    for ids in texts:
        state = None
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), part[1:].flatten()
            )
            losses.append(loss.item())
    return float(np.exp(np.mean(losses)))

# %% carried_perplexity: a blog's: loss times window over the whole length
def carried_perplexity(read, texts, window):
    total, count = 0.0, 0
    for ids in texts:
        state = None
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            loss = torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), part[1:].flatten()
            )
            total += len(part) * loss.item()
        count += len(ids)
    return math.exp(total / count)

# %% carried_perplexity: flattened in another order than the targets
def carried_perplexity(read, texts, window):
    total, count = 0.0, 0
    for ids in texts:
        state = None
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            total += torch.nn.functional.cross_entropy(
                logits.flatten(0, 1), part[1:].T.flatten(), reduction="sum"
            ).item()
            count += part[1:].numel()
    return math.exp(total / count)

# %% carried_perplexity: only the first text
def carried_perplexity(read, texts, window):
    for ids in texts:
        state, total, count = None, 0.0, 0
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            log_p = torch.log_softmax(logits, -1)
            total -= float(log_p.gather(-1, part[1:, :, None]).sum())
            count += part[1:].numel()
        return math.exp(total / count)

# %% carried_perplexity: sums begun again for each text, so the last one's
def carried_perplexity(read, texts, window):
    for ids in texts:
        state, total, count = None, 0.0, 0
        for t in range(0, len(ids) - 1, window):
            part = ids[t : t + window + 1]
            logits, state = read(part[:-1], state)
            log_p = torch.log_softmax(logits, -1)
            total -= float(log_p.gather(-1, part[1:, :, None]).sum())
            count += part[1:].numel()
    return math.exp(total / count)

# %% tied_loss: right, plainly
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: right, with a one-hot matrix
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    hot = (read[..., None] == torch.arange(len(E), device=E.device)).to(E.dtype)
    d_E = d_E + torch.einsum('tbk,tbd->kd', hot, d_x)
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: readout's share only
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: embedding's share only
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = torch.zeros_like(E)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: last one of a row wins
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E[read] += d_x
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: embedding's share at the targets
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, targets.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: mean of the two shares
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E / 2, d_bias

# %% tied_loss: d_y in the place of d_x
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_y = d_logits @ E
    d_x = d_y
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: readout's share from x
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ E[read].flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: reads after, predicts before
def tied_loss(E, bias, ids, through):
    read, targets = ids[1:], ids[:-1]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: predicts what it reads
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[:-1]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: bias forgotten in the logits
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: divided by T B once more
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1) / read.numel()
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: all gradients divided once more
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    n = read.numel()
    return loss, d_E / n, d_bias / n

# %% tied_loss: mean for the bias
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.mean((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: bias summed over time only
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum(0)
    return loss, d_E, d_bias

# %% tied_loss: bias of the last step
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits[-1].sum(0)
    return loss, d_E, d_bias

# %% tied_loss: bias summed over classes too [so told: bias left at zero]
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum() + 0 * bias
    return loss, d_E, d_bias

# %% tied_loss: loss handed back as upstream
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(loss, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: sum for the mean in the gradients
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(float(read.numel()), cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: sum for the mean in all three
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(float(read.numel()), cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss * read.numel(), d_E, d_bias

# %% tied_loss: readout of the last step
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits[-1].T @ y[-1]
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: readout's share: y in another order
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.transpose(0, 1).flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: ids in another order
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.T.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: reshape for transpose
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.reshape(E.shape[1], E.shape[0]) + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: readout's share transposed
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = y.flatten(0, 1).T @ d_logits.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: d_y through the transpose
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E.T)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: minus: descent in the gradient
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, -d_E, -d_bias

# %% tied_loss: d_x replaces the row
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E[read] = d_x
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: a token's mean
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    for k in read.unique():
        d_E[k] += d_x[read == k].mean(0)
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: zeros of the default dtype
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E + torch.zeros(E.shape, device=E.device).index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: embedding scaled by root D, as in a transformer
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read] * E.shape[1] ** 0.5)
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: embedding scaled, gradient too, as in a transformer
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read] * E.shape[1] ** 0.5)
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E) * E.shape[1] ** 0.5
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: perplexity as loss
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss.exp(), d_E, d_bias

# %% tied_loss: bias and E change places
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_bias, d_E

# %% tied_loss: logits' gradient from the softmax without the target
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = torch.softmax(logits, -1) / read.numel()
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: own softmax gradient, not divided
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = torch.softmax(logits, -1)
    d_logits.scatter_add_(-1, targets[..., None], -torch.ones_like(d_logits))
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: own softmax gradient, over B only
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = torch.softmax(logits, -1)
    d_logits.scatter_add_(-1, targets[..., None], -torch.ones_like(d_logits))
    d_logits = d_logits / ids.shape[1]
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: right, own softmax gradient
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = torch.softmax(logits, -1)
    d_logits.scatter_add_(-1, targets[..., None], -torch.ones_like(d_logits))
    d_logits = d_logits / read.numel()
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: readout's share with the logits
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: embedding's share: first step only
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read[0], d_x[0])
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: row index of T+1 counted
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E) / len(ids)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: detached bias: zeros
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = torch.zeros_like(bias)
    return loss, d_E, d_bias

# %% tied_loss: only new rows: masked with what is read
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    seen = torch.zeros_like(E[:, :1])
    seen[read.flatten()] = 1
    d_E = d_E * seen
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: only targets' rows of the readout
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = torch.zeros_like(E).index_add(0, targets.flatten(), (d_logits.gather(-1, targets[..., None]) * y).flatten(0, 1))
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: gradient added into E
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = E.zero_()
    d_E += d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return loss, d_E, d_bias

# %% tied_loss: right, loss as a plain number
def tied_loss(E, bias, ids, through):
    read, targets = ids[:-1], ids[1:]
    y, back = through(E[read])
    logits = y @ E.T + bias
    loss, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    d_x = back(d_logits @ E)
    d_E = d_logits.flatten(0, 1).T @ y.flatten(0, 1)
    d_E = d_E.index_add(0, read.flatten(), d_x.flatten(0, 1))
    d_bias = d_logits.sum((0, 1))
    return float(loss), d_E, d_bias

# %% locally_typical: right, plainly
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: right, order turned round by a second argsort
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = p * (before.gather(-1, order.argsort(-1)) < mass)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: temperature forgotten
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: multiplied by the temperature
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits * temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy at temperature one
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    q = torch.log_softmax(logits, -1)
    entropy = -(q.exp() * q).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: chosen first, temperature after
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    kept = kept ** (1 / temperature)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: no absolute value
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = -log_p - entropy
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: nucleus, as the chapter prints it
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = p.argsort(-1, descending=True)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: least typical first
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1, descending=True)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: crossing token dropped
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1)
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: one token more after the crossing
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = (ordered.cumsum(-1) - ordered).roll(1, -1)
    before[..., 0] = 0
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: not divided
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept

# %% locally_typical: divided by the sum of the batch
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum()

# %% locally_typical: sum over the batch axis
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(0)

# %% locally_typical: softmax over the batch
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, 0)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy of the batch
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum() / len(p)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy summed over rows
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(0)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy summed over everything
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum()
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy in bits
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * p.log2()).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy's minus forgotten
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = (p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: surprisal's minus forgotten
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: plain mean of the surprisals
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -log_p.mean(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: mean of p log p
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).mean(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: entropy over log K
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True) / math.log(p.shape[-1])
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: p against the entropy
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: left in the order of distance
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = ordered * (before < mass)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: gathered instead of scattered back
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = (ordered * (before < mass)).gather(-1, order)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: mask not taken back to its places
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = p * (before < mass)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: probabilities not put in order
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: indexed with the order, rows mixed
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p[0][order]
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: right, up to a sum that meets mass exactly
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before <= mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: share of the tokens instead of mass
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = (torch.arange(p.shape[-1], device=p.device) / p.shape[-1]).to(p.dtype)
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: cumulated over the batch
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(0) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: equal share for all kept
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, (before < mass).to(p.dtype))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: mass of the surprise
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    weight = ordered * -ordered.log() / entropy
    before = weight.cumsum(-1) - weight
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: softmax of what is kept, once more
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return torch.softmax(torch.where(kept > 0, kept, -torch.inf), -1)

# %% locally_typical: softmax of what is kept, zeros too
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return torch.softmax(kept, -1)

# %% locally_typical: softmax of the logits kept, temperature left out
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return torch.softmax(torch.where(kept > 0, logits, -torch.inf), -1)

# %% locally_typical: right, softmax of the tempered logits kept
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return torch.softmax(torch.where(kept > 0, logits / temperature, -torch.inf), -1)

# %% locally_typical: temperature twice
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return torch.softmax(torch.where(kept > 0, log_p / temperature, -torch.inf), -1)

# %% locally_typical: temperature on the probabilities
def locally_typical(logits, temperature, mass):
    log_p = torch.log(torch.softmax(logits, -1) / temperature)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: rounded to float
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits / temperature, -1)
    log_p = log_p.float()
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: written back into the logits
def locally_typical(logits, temperature, mass):
    log_p = torch.log_softmax(logits.div_(temperature), -1)
    p = log_p.exp()
    entropy = -(p * log_p).sum(-1, keepdim=True)
    distance = (-log_p - entropy).abs()
    order = distance.argsort(-1)
    ordered = p.gather(-1, order)
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p).scatter(-1, order, ordered * (before < mass))
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: right, as the transformers library does it
def locally_typical(logits, temperature, mass):
    scores = logits / temperature
    normalized = torch.nn.functional.log_softmax(scores, dim=-1)
    p = torch.exp(normalized)
    ent = -(normalized * p).nansum(-1, keepdim=True)
    shifted = torch.abs((-normalized) - ent)
    sorted_scores, sorted_indices = torch.sort(shifted, descending=False)
    sorted_logits = scores.gather(-1, sorted_indices)
    cumulative = sorted_logits.softmax(dim=-1).cumsum(dim=-1)
    last_ind = (cumulative < mass).sum(dim=1)
    last_ind.clamp_(max=sorted_scores.shape[-1] - 1)
    remove = sorted_scores > sorted_scores.gather(1, last_ind.view(-1, 1))
    remove = remove.scatter(1, sorted_indices, remove)
    return scores.masked_fill(remove, -torch.inf).softmax(-1)

# %% locally_typical: the library's, logits come back
def locally_typical(logits, temperature, mass):
    scores = logits / temperature
    normalized = torch.nn.functional.log_softmax(scores, dim=-1)
    p = torch.exp(normalized)
    ent = -(normalized * p).nansum(-1, keepdim=True)
    shifted = torch.abs((-normalized) - ent)
    sorted_scores, sorted_indices = torch.sort(shifted, descending=False)
    sorted_logits = scores.gather(-1, sorted_indices)
    cumulative = sorted_logits.softmax(dim=-1).cumsum(dim=-1)
    last_ind = (cumulative < mass).sum(dim=1)
    last_ind.clamp_(max=sorted_scores.shape[-1] - 1)
    remove = sorted_scores > sorted_scores.gather(1, last_ind.view(-1, 1))
    remove = remove.scatter(1, sorted_indices, remove)
    return scores.masked_fill(remove, -torch.inf)

# %% locally_typical: distance above a threshold is cut
def locally_typical(logits, temperature, mass):
    p = torch.softmax(logits / temperature, -1)
    entropy = -(p * p.log()).sum(-1, keepdim=True)
    distance = (-p.log() - entropy).abs()
    kept = p * (distance <= mass)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: first row's order for all rows
def locally_typical(logits, temperature, mass):
    p = torch.softmax(logits / temperature, -1)
    entropy = -(p * p.log()).sum(-1, keepdim=True)
    order = (-p.log() - entropy).abs().argsort(-1)[0]
    ordered = p[:, order]
    before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(p)
    kept[:, order] = ordered * (before < mass)
    return kept / kept.sum(-1, keepdim=True)

# %% locally_typical: number kept is the batch's largest
def locally_typical(logits, temperature, mass):
    p = torch.softmax(logits / temperature, -1)
    entropy = -(p * p.log()).sum(-1, keepdim=True)
    order = (-p.log() - entropy).abs().argsort(-1)
    ordered = p.gather(-1, order)
    n = int((ordered.cumsum(-1) < mass).sum(-1).max()) + 1
    kept = torch.zeros_like(p).scatter(-1, order[:, :n], ordered[:, :n])
    return kept / kept.sum(-1, keepdim=True)

# %% balanced_text: right, plainly
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: right, masked after the softmax
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(logits, -1) * may
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: first token read again and again
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        drawn = draw_at(p, number)
        open_ones = after(open_ones, drawn, pairs)
        written.append(drawn)
    return written

# %% balanced_text: state not carried
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, _ = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: plain only if depth < behind
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth < behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: opening like a plain one
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: opening needs one more
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 2 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: opening strictly
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 < behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: this token counted among those that follow
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: behind one less
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 2
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: left counted from t + 1
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t - 1, len(open_ones)
        behind = left
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind - 1, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: any open bracket may close
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = closing in open_ones
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: first opened closes first
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[:1] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: any closing where something is open
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = depth > 0
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: closing always
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = True
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: closing only when it must
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing] and depth > behind
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: closing needs a depth that fits
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing] and depth <= behind
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: logits times the mask
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(logits * may, -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: logits not masked
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(logits, -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: where the wrong way round
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, -torch.inf, logits), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: minus one in place of minus infinity
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -1.0), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: zero in place of minus infinity
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, 0.0), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: likeliest, not drawn
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = int(p.argmax())
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: the same number each time
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, numbers[0])
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: numbers from the end
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, numbers[-1 - t])
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: drawn by torch
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = int(torch.multinomial(p, 1))
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: one minus the number
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, 1 - number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: begins with the first token
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], [token]
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: one token short
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers[:-1]):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: first token written, last not
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        written.append(token)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
    return written

# %% balanced_text: brackets accounted before the draw
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        open_ones = after(open_ones, token, pairs)
        token = draw_at(p, number)
        written.append(token)
    return written

# %% balanced_text: nothing accounted
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        written.append(token)
    return written

# %% balanced_text: after's result thrown away
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: only the last kind of bracket overwritten
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        opening, closing = pairs[-1]
        may[opening] = depth + 1 <= behind
        may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: mask begun again for each kind
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        for opening, closing in pairs:
            may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: pairs read as closing, opening
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for closing, opening in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: openings not overwritten
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: depth of the kinds, not of the brackets
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(set(open_ones))
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: softmax left out
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.where(may, logits, 0.0)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: mask on the softmax's exponent
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.log_softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: closing forced when left equals depth, openings free
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth < left
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: half of the text opens, half closes
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        left, depth = len(numbers) - t, len(open_ones)
        behind = left - 1
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = t < len(numbers) // 2
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: drawn freely, owed brackets at the end
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        logits, state = step(token, state)
        if len(open_ones) >= len(numbers) - t:
            token = open_ones[-1]
        else:
            token = draw_at(torch.softmax(logits, -1), number)
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: drawn, and what may not come is the likeliest that may
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        behind, depth = len(numbers) - t - 1, len(open_ones)
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        token = draw_at(torch.softmax(logits, -1), number)
        if not may[token]:
            token = int(torch.where(may, logits, -torch.inf).argmax())
        open_ones = after(open_ones, token, pairs)
        written.append(token)
    return written

# %% balanced_text: tensors in the list
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    for t, number in enumerate(numbers):
        behind, depth = len(numbers) - t - 1, len(open_ones)
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        open_ones = after(open_ones, token, pairs)
        written.append(torch.tensor(token))
    return torch.stack(written)

# %% balanced_text: own account, with the openings on the list
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    openings, closings = zip(*pairs)
    for t, number in enumerate(numbers):
        behind, depth = len(numbers) - t - 1, len(open_ones)
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        if token in openings:
            open_ones.append(token)
        elif token in closings:
            open_ones.pop()
        written.append(token)
    return written

# %% balanced_text: own account, the owed one put in front
def balanced_text(step, token, numbers, pairs):
    state, open_ones, written = None, [], []
    closes = dict(pairs)
    for t, number in enumerate(numbers):
        behind, depth = len(numbers) - t - 1, len(open_ones)
        logits, state = step(token, state)
        may = torch.full_like(logits, depth <= behind, dtype=torch.bool)
        for opening, closing in pairs:
            may[opening] = depth + 1 <= behind
            may[closing] = open_ones[-1:] == [closing]
        p = torch.softmax(torch.where(may, logits, -torch.inf), -1)
        token = draw_at(p, number)
        if token in closes:
            open_ones.insert(0, closes[token])
        elif token in closes.values():
            open_ones.remove(token)
        written.append(token)
    return written

# %% beam_search: right, plainly
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: ranked by the last token alone
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[1].after[c[2]])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: sum forgotten, the last token's log p [so told: last token alone]
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: product of log probabilities
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            ((h.log_p or 1.0) * float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: probabilities added
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(np.exp(h.after[k])), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: unlikeliest first
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: sort key without the minus, reversed at the end
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[-width:]
        ]
    return kept

# %% beam_search: width forgotten
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer
        ]
    return kept

# %% beam_search: no sort
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: one step less [so told: one step short]
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length - 1):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: one step more
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length + 1):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: width plus one
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[: width + 1]
        ]
    return kept

# %% beam_search: state of the beginning
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: state of the best
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(kept[0].state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: distribution of the beginning at each step
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: distribution of the best for all
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(kept[0].after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: tokens not kept, only the last
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (k,), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: tokens in front
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (k, *h.tokens), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: tokens as a list
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, [*h.tokens, k], *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: tokens as numpy's ints
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in np.arange(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: best only
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept[0]

# %% beam_search: best only, in a list
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept[:1]

# %% beam_search: tokens only
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return [h.tokens for h in kept]

# %% beam_search: pairs of tokens and log p
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return [(h.tokens, h.log_p) for h in kept]

# %% beam_search: mean of the log probabilities at the end
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return [h._replace(log_p=h.log_p / length) for h in kept]

# %% beam_search: length-normalised ranking in each step
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            ((h.log_p * len(h.tokens) + float(h.after[k])) / (len(h.tokens) + 1), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: probabilities, not logs, at the end
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return [h._replace(log_p=float(np.exp(h.log_p))) for h in kept]

# %% beam_search: negative log probabilities
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p - float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: at most K kept
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[: min(width, len(after))]
        ]
    return kept

# %% beam_search: advance before the token: old state
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), advance(h.state, k)[0], h.state)
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: after of the parent
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), h.after, advance(h.state, k)[1])
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: probabilities in after
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), np.exp(advance(h.state, k)[0]), advance(h.state, k)[1])
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: argpartition of the width
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in np.argpartition(-h.after, width)[:width].tolist()
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: argsort the wrong way
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in np.argsort(h.after)[:width].tolist()
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: right, best of each first
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in np.argsort(-h.after)[:width].tolist()
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: cut before the sort
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer = longer[:width]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: token 0 left out
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(1, len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: each hypothesis keeps its own best
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in [int(np.argmax(h.after))]
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: right, sort without a key, ties go by tokens
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(reverse=True)
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: one hypothesis for each last token
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        best = {}
        for one in longer:
            best.setdefault(one[2], one)
        longer = list(best.values())
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: stops when token 0 comes
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            if h.tokens[-1:] != (0,)
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: flat index divided by the wrong size
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        total = np.stack([h.log_p + h.after for h in kept])
        best = np.argsort(-total, axis=None)[:width]
        kept = [
            Hypothesis(
                float(total.flat[i]),
                (*kept[i % len(kept)].tokens, int(i // len(kept))),
                *advance(kept[i % len(kept)].state, int(i // len(kept))),
            )
            for i in best
        ]
    return kept

# %% beam_search: right, one flat argsort
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        total = np.stack([h.log_p + h.after for h in kept])
        best = [
            divmod(int(i), len(after))
            for i in np.argsort(-total, axis=None)[:width]
        ]
        kept = [
            Hypothesis(
                float(total[n, k]),
                (*kept[n].tokens, k),
                *advance(kept[n].state, k),
            )
            for n, k in best
        ]
    return kept

# %% beam_search: greedy, width times
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = []
    for first in np.argsort(-after)[:width]:
        h = Hypothesis(float(after[first]), (int(first),), *advance(state, int(first)))
        for _ in range(length - 1):
            k = int(np.argmax(h.after))
            h = Hypothesis(h.log_p + float(h.after[k]), (*h.tokens, k), *advance(h.state, k))
        kept.append(h)
    return sorted(kept, key=lambda h: -h.log_p)

# %% beam_search: no common cut before the end
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        kept = [
            Hypothesis(
                h.log_p + float(h.after[k]),
                (*h.tokens, int(k)),
                *advance(h.state, int(k)),
            )
            for h in kept
            for k in np.argsort(-h.after)[:width]
        ]
    kept.sort(key=lambda h: -h.log_p)
    return kept[:width]

# %% beam_search: sampled instead of ranked
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    rng = np.random.default_rng(0)
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = []
        for h in kept:
            p = np.exp(h.after)
            for k in rng.choice(len(p), min(width, len(p)), False, p / p.sum()):
                longer.append((h.log_p + float(h.after[k]), h, int(k)))
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept

# %% beam_search: in place: one list of tokens for all
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [(0.0, [], after, state)]
    for _ in range(length):
        longer = [
            (log_p + float(p[k]), tokens, s, k)
            for log_p, tokens, p, s in kept
            for k in range(len(p))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = []
        for log_p, tokens, s, k in longer[:width]:
            tokens.append(k)
            kept.append((log_p, tokens, *advance(s, k)))
    return [Hypothesis(a, tuple(t), p, s) for a, t, p, s in kept]

# %% beam_search: not sorted at the end
def beam_search(advance, after, state, width, length):
    if width < 1 or length < 1:
        raise ValueError(
            f"width, length: expected at least 1, got {width}, {length}"
        )
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        total = np.concatenate([h.log_p + h.after for h in kept])
        best = np.sort(np.argsort(-total)[:width])
        kept = [
            Hypothesis(
                float(total[i]),
                (*kept[i // len(after)].tokens, int(i % len(after))),
                *advance(kept[i // len(after)].state, int(i % len(after))),
            )
            for i in best
        ]
    return kept

# %% beam_search: no refusal of width and length
def beam_search(advance, after, state, width, length):
    kept = [Hypothesis(0.0, (), after, state)]
    for _ in range(length):
        longer = [
            (h.log_p + float(h.after[k]), h, k)
            for h in kept
            for k in range(len(h.after))
        ]
        longer.sort(key=lambda c: -c[0])
        kept = [
            Hypothesis(log_p, (*h.tokens, k), *advance(h.state, k))
            for log_p, h, k in longer[:width]
        ]
    return kept
