# %% bytes_moved: right
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    total = 0
    for p, names in enumerate(passes):
        read = []
        for n in names:
            for a in lines[n]:
                if a not in names and a not in read:
                    read.append(a)
        for n in names:
            later = False
            for other in passes[p + 1:]:
                for m in other:
                    later = later or n in lines[m]
            if later or n in results:
                total += sizes[n]
        for a in read:
            total += sizes[a]
    return total * width

# %% bytes_moved: all args per line + outputs each line
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for n, args in program:
        t += sizes[n] + sum(sizes[a] for a in args)
    return t * width

# %% bytes_moved: set of args, all written
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = set()
        for n in p:
            r |= set(lines[n])
            r.add(n)
        t += sum(sizes[a] for a in r)
    return t * width

# %% bytes_moved: writes only results
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = [n for n in p if n in results]
        t += sum(sizes[a] for a in [*r, *w])
    return t * width

# %% bytes_moved: writes last of the pass
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        t += sum(sizes[a] for a in [*r, p[-1]])
    return t * width

# %% bytes_moved: no width
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t

# %% bytes_moved: read+write counted once in next pass (cache)
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    seen = set(); t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p) - seen
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        seen |= r | w
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: reads list dup
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = [a for n in p for a in lines[n] if a not in p]
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r) + sum(sizes[a] for a in w)
    return t * width

# %% bytes_moved: float result
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0.0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: only reads
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    return width * sum(sizes[a] for p in passes for a in {a for n in p for a in lines[n]} - set(p))

# %% bytes_moved: distinct arrays of program
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    names = set(lines) | {a for v in lines.values() for a in v}
    return width * sum(sizes[n] for n in names)

# %% bytes_moved: reads not of own pass but writes counted per reader
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        t += sum(sizes[a] for a in {a for n in p for a in lines[n]} - set(p))
        for n in p:
            for q in passes:
                if q != p and any(n in lines[m] for m in q):
                    t += sizes[n]
            if n in results: t += sizes[n]
    return t * width

# %% bytes_moved: inputs and results only
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    given = {a for v in lines.values() for a in v} - set(lines)
    return width * sum(sizes[n] for n in given | set(results))

# %% bytes_moved: reads per line distinct
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        for n in p:
            t += sum(sizes[a] for a in set(lines[n]) if a not in p)
        t += sum(sizes[n] for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q))
    return t * width

# %% bytes_moved: intermediates counted written only
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        t += sum(sizes[a] for a in r) + sum(sizes[n] for n in p)
    return t * width

# %% bytes_moved: results not written
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: next pass only
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for i, p in enumerate(passes):
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or (i + 1 < len(passes) and any(n in lines[m] for m in passes[i + 1]))}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: counts 1 each * width
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += len(r) + len(w)
    return t * width

# %% bytes_moved: reads from inputs only
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(lines)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r) + sum(sizes[a] for a in w)
    return t * width

# %% bytes_moved: returns inside loop
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
        return t * width

# %% bytes_moved: returns a list per pass
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    out = []
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        out.append(width * sum(sizes[a] for a in r | w))
    return out

# %% bytes_moved: width 4 fixed
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * 4

# %% bytes_moved: writes twice (write allocate)
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r) + 2 * sum(sizes[a] for a in w)
    return t * width

# %% bytes_moved: writes all
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r) + sum(sizes[n] for n in p)
    return t * width

# %% bytes_moved: r includes own
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]}
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r) + sum(sizes[a] for a in w)
    return t * width

# %% bytes_moved: r own as set [so told: everything written]
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]}
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: reads forgotten
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in w)
    return t * width

# %% bytes_moved: fuse all
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    passes = [tuple(lines)]
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: split all
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    passes = [(n,) for n in lines]
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: and for or
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results and any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width

# %% bytes_moved: width squared / bits
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)
    return t * width * 8

# %% bytes_moved: no return
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r | w)

# %% bytes_moved: reads counted, results at end only once [so told: results alone written]
def bytes_moved(program, passes, results, sizes, width):
    lines = dict(program)
    t = 0
    for p in passes:
        r = {a for n in p for a in lines[n]} - set(p)
        w = {n for n in p if n in results or any(n in lines[m] for q in passes if q != p for m in q)}
        t += sum(sizes[a] for a in r)
    return (t + sum(sizes[n] for n in results)) * width

# %% buffers_needed: right
def buffers_needed(program, results):
    names = [n for n, _ in program]
    owner, pool, count = {}, [], 0
    for t, (name, args) in enumerate(program):
        for a in list(owner):
            if a in args and a not in results and not any(a in later for _, later in program[t + 1:]):
                pool.append(owner.pop(a))
        if pool:
            owner[name] = pool.pop()
        else:
            owner[name] = count
            count += 1
    return count

# %% buffers_needed: len(program)
def buffers_needed(program, results):
    return len(program)

# %% buffers_needed: number of results
def buffers_needed(program, results):
    return len(set(results))

# %% buffers_needed: right, max live after each line
def buffers_needed(program, results):
    best = 0
    for t in range(len(program)):
        made = [n for n, _ in program[:t + 1]]
        live = [n for n in made if n in results or any(n in a for _, a in program[t + 1:])]
        best = max(best, len(live))
    return best

# %% buffers_needed: max live incl. args during line
def buffers_needed(program, results):
    best = 0
    for t in range(len(program)):
        made = [n for n, _ in program[:t + 1]]
        live = [n for n in made if n in results or n == program[t][0] or any(n in a for _, a in program[t:])]
        best = max(best, len(live))
    return best

# %% buffers_needed: inputs counted
def buffers_needed(program, results):
    best = 0
    given = {a for _, x in program for a in x} - {n for n, _ in program}
    for t in range(len(program)):
        made = [n for n, _ in program[:t + 1]]
        live = [n for n in made if n in results or any(n in a for _, a in program[t + 1:])]
        best = max(best, len(live) + len(given))
    return best

# %% buffers_needed: results ignored [so told: results written over]
def buffers_needed(program, results):
    best = 0
    for t in range(len(program)):
        made = [n for n, _ in program[:t + 1]]
        live = [n for n in made if any(n in a for _, a in program[t + 1:])]
        best = max(best, len(live))
    return best

# %% buffers_needed: dup frees
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        for a in x:
            if last[a] == t and a in made and a not in results: free += 1
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: only own args
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    count = 0
    for t, (n, x) in enumerate(program):
        if not any(last[a] == t and a in made and a not in results for a in x): count += 1
    return count

# %% buffers_needed: freed after (no in place)
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        if free: free -= 1
        else: count += 1
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
    return count

# %% buffers_needed: inputs overwritten
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a not in results for a in set(x))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: last by line before
def buffers_needed(program, results):
    last = {}
    for t, (_, x) in enumerate(program):
        for a in x: last.setdefault(a, t)
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: KeyError
def buffers_needed(program, results):
    last = {}
    for t, (n, x) in enumerate(program):
        for a in x: last[n] = t
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t for a in set(x))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: results freed
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made for a in set(x))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: never in place and before [so told: own arguments not taken over]
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        if free: free -= 1
        else: count += 1
        free += sum(last[a] == t and a in made for a in set(x))
    return count

# %% buffers_needed: free not reduced
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
        if not free: count += 1
    return count

# %% buffers_needed: returns free+count
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
        if free: free -= 1
        else: count += 1
    return count + free

# %% buffers_needed: two frees count one
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        if any(last[a] == t and a in made and a not in results for a in x): free += 1
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: freed a line early
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last.get(a) == t + 1 and a in made and a not in results for a in list(last))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: results get an own buffer always
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
        if n in results or not free: count += 1
        else: free -= 1
    return count

# %% buffers_needed: inputs need copies
def buffers_needed(program, results):
    inputs = {a for _, x in program for a in x} - {n for n, _ in program}
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in set(x))
        if free: free -= 1
        else: count += 1
    return count + len(inputs)

# %% buffers_needed: number of distinct args max
def buffers_needed(program, results):
    return max(len(set(x)) for _, x in program) + 1

# %% buffers_needed: sum instead of distinct returns set [so told: nothing written over]
def buffers_needed(program, results):
    return len({n for n, _ in program} - set(results)) + len(results)

# %% buffers_needed: inputs overwritten and results
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t for a in set(x))
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: x x freed twice
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] == t and a in made and a not in results for a in x)
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: len program + results
def buffers_needed(program, results):
    return len(program) + len(results)

# %% buffers_needed: len minus results [so told: lines without results]
def buffers_needed(program, results):
    return len(program) - len(results)

# %% buffers_needed: distinct names incl inputs
def buffers_needed(program, results):
    return len({n for n, _ in program} | {a for _, x in program for a in x})

# %% buffers_needed: 2 (ping-pong)
def buffers_needed(program, results):
    return 2

# %% buffers_needed: 1
def buffers_needed(program, results):
    return 1

# %% buffers_needed: only first arg reused
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += last[x[0]] == t and x[0] in made and x[0] not in results
        if free: free -= 1
        else: count += 1
    return count

# %% buffers_needed: boolean True
def buffers_needed(program, results):
    return len(program) > 1

# %% buffers_needed: last reader excluded t
def buffers_needed(program, results):
    last = {a: t for t, (_, x) in enumerate(program) for a in x}
    made = {n for n, _ in program}
    free = count = 0
    for t, (n, x) in enumerate(program):
        free += sum(last[a] < t and a in made and a not in results for a in set(last) - {None})
        if free: free -= 1
        else: count += 1
    return count

# %% peak_vjp: right
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    d_out = d_h * o + d_m
    kept = xp.astype(k > g, f.dtype)
    da_f = d_out * kept * m * f * (1 - f)
    da_g = d_out * (1 - kept) * (1 - g ** 2)
    da_o = (d_h * peak - d_h * h) * o * (1 - o)
    return xp.concat([da_f, da_g, da_o], axis=1), (1 - o) * d_h, d_out * kept * f

# %% peak_vjp: d_m only
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    d_k = xp.where(k > g, d_m, 0 * d_m)
    d_g = (d_m - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: order o,g,f (f,o,g)
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_o, d_g], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: three arrays instead of one
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return d_k * m * f * (1 - f), d_g, d_o, d_h * (1 - o), d_k * f

# %% peak_vjp: no slopes at all
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = p - d_k
    d_o = d_h * (peak - h)
    return xp.concat([d_k * m, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_o with peak only
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * peak * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: sigmoid slope on all
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * g * (1 - g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: concat axis 0
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=0), d_h * (1 - o), d_k * f

# %% peak_vjp: both branches
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_g = p * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([p * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), p * f

# %% peak_vjp: h path plus o
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h, d_k * f

# %% peak_vjp: state swapped
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_k * f, d_h * (1 - o)

# %% peak_vjp: d_f uses slope of k f(1-f) without m
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_h with o*(1-o) missing and d_m + d_h
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: through (1-o) also into peak
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o + d_h * (1 - o)
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    return xp.concat([d_k * m * f * (1 - f), d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_h*o only
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: maximum on m
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(m > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: k g
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k < g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: right, peak g
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(peak > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: right, d_f with peak
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * k * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_m_before d_k
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k

# %% peak_vjp: d_h_before d_h * o
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * o, d_k * f

# %% peak_vjp: 1-f for m
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * (1 - f)

# %% peak_vjp: d_o sign
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (h - peak) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: order g,f,o
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_g, d_f, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: returns only d_a
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1)

# %% peak_vjp: d_peak * o for both
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = (d_m + d_h) * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: right, tanh of peak slope
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - peak * peak)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_g gets all
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = p * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_k half
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = p / 2
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: no (1-o) on h
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h, d_k * f

# %% peak_vjp: zero h
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), 0 * d_h, d_k * f

# %% peak_vjp: d_f no slope
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: d_o no slope
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: in place d_m
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    d_m += d_h * o
    p = d_m
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: python if
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = p if k > g else 0 * p
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_f, d_g, d_o], axis=-1), d_h * (1 - o), d_k * f

# %% peak_vjp: order o f g
def peak_vjp(d_h, d_m, cache):
    f, g, o, h, m, k, peak = cache
    xp = array_namespace(f)
    p = d_m + d_h * o
    d_k = xp.where(k > g, p, 0 * p)
    d_g = (p - d_k) * (1 - g * g)
    d_o = d_h * (peak - h) * o * (1 - o)
    d_f = d_k * m * f * (1 - f)
    return xp.concat([d_o, d_f, d_g], axis=-1), d_h * (1 - o), d_k * f

# %% fast_loop: right
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    pre = (x.reshape(T * B, D) @ params.W_x.T + params.b_x).reshape(T, B, 3 * H)
    outs = []
    for t in range(T):
        a = pre[t] + h @ params.W_h.T + params.b_h
        f, o, g = logistic(a[:, :H]), logistic(a[:, H:2 * H]), np.tanh(a[:, 2 * H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        outs.append(h)
    return np.stack(outs), h, c

# %% fast_loop: returns slow_loop
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    return slow_loop(params, x, h, c)

# %% fast_loop: per sequence, pre product
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    h, c = h.copy(), c.copy()
    for t in range(T):
        for b in range(B):
            s = a[t, b] + params.W_h @ h[b]
            f, o, g = logistic(s[:H]), logistic(s[H:2*H]), np.tanh(s[2*H:])
            c[b] = f * c[b] + (1 - f) * g
            h[b] = o * np.tanh(c[b])
        y[t] = h
    return y, h, c

# %% fast_loop: order f,g,o
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, g, o = logistic(s[:, :H]), np.tanh(s[:, H:2*H]), logistic(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: only b_x
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: float32 buffer
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), np.float32)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: no loop at all
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    s = x @ params.W_x.T + params.b_x + params.b_h + h @ params.W_h.T
    f, o, g = logistic(s[..., :H]), logistic(s[..., H:2*H]), np.tanh(s[..., 2*H:])
    c = f * c + (1 - f) * g
    y = o * np.tanh(c)
    return y, y[-1], c[-1]

# %% fast_loop: in place h (y all same)
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = []
    h, c = h.copy(), c.copy()
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c *= f; c += (1 - f) * g
        np.multiply(o, np.tanh(c), out=h)
        y.append(h)
    return np.array(y), h, c

# %% fast_loop: writes over caller s c
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c *= f
        c += (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: returns y only
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y

# %% fast_loop: y is list
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = []
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y.append(h)
    return y, h, c

# %% fast_loop: batch first loop over T wrong axis
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(B):
        s = a[:, t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: input gate f (1-f swapped)
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = (1 - f) * c + f * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: h + no W_h.T
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h[:H].T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: bias b_h on each twice
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + 2 * params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: tanh(c) missing
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * c
        y[t] = h
    return y, h, c

# %% fast_loop: returns y -1 , y -1
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, h

# %% fast_loop: c keeps old for h
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        h = o * np.tanh(c)
        c = f * c + (1 - f) * g
        y[t] = h
    return y, h, c

# %% fast_loop: starts from zeros
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    h = np.zeros_like(h); c = np.zeros_like(c)
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: y t-1
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t - 1] = h
    return y, h, c

# %% fast_loop: g gate unsquashed
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), s[:, 2*H:]
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: one logistic for all
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), logistic(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: f*c + g
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: threads python lists
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    out = [slow_loop(params, x[:, b:b+1], h[b:b+1], c[b:b+1]) for b in range(B)]
    return tuple(np.concatenate([p[i] for p in out], axis=1 if i == 0 else 0) for i in range(3))

# %% fast_loop: transposed W_x reshape
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.reshape(D, 3 * H) + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: x W_x
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: f o swapped
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        o, f, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: in place h
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h[...] = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: stack wrong axis
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    ys = []
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        ys.append(h)
    return np.stack(ys, axis=1), h, c

# %% fast_loop: h_0 all
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    h_0 = h
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h_0 @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: c_0 all
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    c_0 = c
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c_0 + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = h
    return y, h, c

# %% fast_loop: y has state before
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        y[t] = h
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
    return y, h, c

# %% fast_loop: per gate slow but batched ok speed
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    y = []
    for t in range(T):
        rows = []
        for b in range(B):
            s = []
            for k in range(3):
                W_x, b_x = params.W_x[k*H:(k+1)*H], params.b_x[k*H:(k+1)*H]
                W_h, b_h = params.W_h[k*H:(k+1)*H], params.b_h[k*H:(k+1)*H]
                s.append(W_x @ x[t, b] + b_x + W_h @ h[b] + b_h)
            rows.append(np.concatenate(s))
        s = np.stack(rows)
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y.append(h)
    return np.stack(y), h, c

# %% fast_loop: c returned
def fast_loop(params, x, h, c):
    T, B, D = x.shape
    H = h.shape[1]
    a = x @ params.W_x.T + params.b_x + params.b_h
    y = np.empty((T, B, H), x.dtype)
    for t in range(T):
        s = a[t] + h @ params.W_h.T
        f, o, g = logistic(s[:, :H]), logistic(s[:, H:2*H]), np.tanh(s[:, 2*H:])
        c = f * c + (1 - f) * g
        h = o * np.tanh(c)
        y[t] = c
    return y, h, c

# %% lstm_cell: right
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c0 = state
    a = a_x + a_h
    H = a.shape[1] // 4
    i = sigmoid(a[:, :H]); f = sigmoid(a[:, H:2*H]); g = xp.tanh(a[:, 2*H:3*H]); o = sigmoid(a[:, 3*H:])
    c1 = i * g + f * c0
    t = xp.tanh(c1)
    return (o * t, c1), (i, f, g, o, t, c0)

# %% lstm_cell: order f,i
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    f, i, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: i f o g
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, o, g = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: returns c first
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (n, o * t), (i, f, g, o, t, c)

# %% lstm_cell: no cache
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    return o * xp.tanh(n), n

# %% lstm_cell: cache new c
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    c = f * c + i * g
    t = xp.tanh(c)
    return (o * t, c), (i, f, g, o, t, c)

# %% lstm_cell: forgot nonlin on f
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, g, o = sigmoid(i), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: squash apart
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(xp.tanh(a_x) + xp.tanh(a_h), 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: uses h in c
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * h + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: o * c
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * n, n), (i, f, g, o, t, c)

# %% lstm_cell: cache order
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, c, t)

# %% lstm_cell: adds h again
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (h + o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: g sigmoid, all gates
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = (sigmoid(p) for p in gates(a_x + a_h, 4))
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: forget 1-f
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = (1 - f) * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: n f*c + (1-f)*g
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + (1 - f) * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: state tanh
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, t), (i, f, g, o, t, c)

# %% lstm_cell: only a_x
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: flat return
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return o * t, n, (i, f, g, o, t, c)

# %% lstm_cell: h list
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, n, c)

# %% lstm_cell: cache of h
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, h)

# %% lstm_cell: o inside tanh
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(o * n)
    return (t, n), (i, f, g, o, t, c)

# %% lstm_cell: i*g only
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: cache presquash
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    n = sigmoid(f) * c + sigmoid(i) * xp.tanh(g)
    t = xp.tanh(n)
    return (sigmoid(o) * t, n), (i, f, g, o, t, c)

# %% lstm_cell: o tanh
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), xp.tanh(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: tanh of old
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(c)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: in place c
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    c0 = c
    c *= f
    c += i * g
    t = xp.tanh(c)
    return (o * t, c), (i, f, g, o, t, c0)

# %% lstm_cell: in place a_x
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    a_x += a_h
    i, f, g, o = gates(a_x, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: tuple of one
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t,), (i, f, g, o, t, c)

# %% lstm_cell: apart
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = (p(x) + p(y) for p, x, y in zip((sigmoid, sigmoid, xp.tanh, sigmoid), gates(a_x, 4), gates(a_h, 4)))
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t, c)

# %% lstm_cell: gates split of 3
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 3)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    return (n, n), ()

# %% lstm_cell: cache list with c new tanh missing
def lstm_cell(a_x, a_h, state):
    xp = array_namespace(a_x)
    h, c = state
    i, f, g, o = gates(a_x + a_h, 4)
    i, f, g, o = sigmoid(i), sigmoid(f), xp.tanh(g), sigmoid(o)
    n = f * c + i * g
    t = xp.tanh(n)
    return (o * t, n), (i, f, g, o, t)

