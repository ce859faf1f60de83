# %% motion_maps: right
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: right, padded by hand
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    pad = [xp.zeros((f.shape[0], f.shape[1], f.shape[2] + 2, f.shape[3] + 2), dtype=f.dtype) for f in (frames, before)]
    S = frames.shape[-1]
    z = b[:, None, None]
    for s, (p, f) in enumerate(zip(pad, (frames, before))):
        p[:, :, 1:-1, 1:-1] = f
        for i in range(3):
            for j in range(3):
                z = z + W[:, s, i, j][:, None, None] * p[:, :, None, i:i + S, j:j + S]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, forgot the bias
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = 0 * b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, no max with zero
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z, axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, padding not zeroed
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1))
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, only the frame now
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    z = b[:, None, None]
    for s, film in enumerate((frames,)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, the frame now twice
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    z = b[:, None, None]
    for s, film in enumerate((frames, frames)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, darkness before the first
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([0 * frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, first output set to zero
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    y = xp.concat([0 * y[:1, ...], y[1:, ...]])
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, bias inside the loop
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = 0
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...] + b[:, None, None]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, only the middle of the picture's kernel
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in [(0, 0)]:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, cache has the rectified map
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    z = z * (z > 0)
    y = xp.mean(z, axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: hasty, returns y alone
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y

# %% motion_maps: hasty, before in the cache in place of frames
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (before, W, z, seen)

# %% motion_maps: hasty, place 0 0 left out
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            if (i, j) == (0, 0):
                continue
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, mean over the kernels' axis and rows
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(2, 3)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, mean over rows only then max
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.max(xp.mean(z * (z > 0), axis=-1), axis=-1) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, i and j exchanged in W
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, j + 1, i + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, i and j exchanged in shifted
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, j, i)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, kernels as first axis of z
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None, None, None] * shifted(film, i, j)[None, ...]
    z = z + 0
    y = xp.permute_dims(xp.mean(z * (z > 0), axis=(-2, -1)), (1, 2, 0)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, before along the films' axis
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:, :1, ...], frames[:, :-1, ...]], axis=1)
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, z without the mean over pixels right, T and B swapped
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.permute_dims(xp.mean(z * (z > 0), axis=(-2, -1)), (1, 0, 2))
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, b without new axes
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, W's number without new axes
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, seen without its last axis
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen[..., 0]
    return y, (frames, W, z, seen)

# %% motion_maps: shapes, film without the kernel axis
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, sum instead of mean
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.sum(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, largest of the picture
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.max(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, max after the mean
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    m = xp.mean(z, axis=(-2, -1))
    y = m * (m > 0) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, absolute value
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(xp.abs(z), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, tanh
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(xp.tanh(z), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, the next frame
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[1:, ...], frames[-1:, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, kernels now and before exchanged
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((before, frames)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, shifted the other way
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, -i, -j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, mean over positive places only
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    on = z > 0
    y = xp.sum(z * on, axis=(-2, -1)) / (xp.sum(xp.astype(on, z.dtype), axis=(-2, -1)) + 1e-12) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, rectified film by film
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        part = 0
        for i, j in PLACES:
            part = part + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
        z = z + part * (part > 0)
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, counts pixels above 0
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(xp.astype(z > 0, z.dtype), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, difference of the frames
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    before = frames - before
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: maths, frames zeroed in the padding, y not
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    frames = frames * seen[..., None]
    before = before * seen[..., None]
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1))
    return y, (frames, W, z, seen)

# %% motion_maps: maths, mean over S, not S squared
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.sum(z * (z > 0), axis=(-2, -1)) / frames.shape[-1] * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, index i without + 1
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i, j][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, true convolution, kernel turned
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, 1 - i, 1 - j][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, before is oldest first, s = 0 is before
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, 1 - s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, wrapped around the edge
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * xp.roll(film, (-i, -j), axis=(2, 3))[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, roll in time: last frame before the first
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.roll(frames, 1, axis=0)
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, edge repeated as in padding replicate
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    S = frames.shape[-1]
    for s, film in enumerate((frames, before)):
        big = np.pad(film, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="edge")
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * big[:, :, None, 1 + i:1 + i + S, 1 + j:1 + j + S]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, valid places only in the mean
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    inner = z[..., 1:-1, 1:-1]
    y = xp.mean(inner * (inner > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: convention, seen one frame longer
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * counted(frames, np.asarray(lengths) + 1)
    return y, (frames, W, z, seen)

# %% motion_maps: convention, seen reaches length - 1
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * counted(frames, np.asarray(lengths) - 1)
    return y, (frames, W, z, seen)

# %% motion_maps: convention, last answer kept in the padding
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1))
    y = xp.stack([y[np.minimum(np.arange(len(y)), n - 1), k] for k, n in enumerate(lengths)], axis=1)
    return y, (frames, W, z, seen)

# %% motion_maps: convention, divided by the film's length
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    y = y / np.asarray(lengths)[:, None]
    return y, (frames, W, z, seen)

# %% motion_maps: copied, torch's conv3d, kernel 2 in time
def motion_maps(frames, lengths, W, b):
    seen = counted(frames, lengths)
    x = torch.as_tensor(frames).permute(1, 0, 2, 3)[:, None]
    x = torch.cat([x[:, :, :1], x], dim=2)
    z = torch.nn.functional.conv3d(x, torch.as_tensor(W)[:, None], torch.as_tensor(b), padding=(0, 1, 1))
    z = z.permute(2, 0, 1, 3, 4).numpy()
    y = np.maximum(z, 0).mean((-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: copied, conv2d with two channels, stacked wrongly
def motion_maps(frames, lengths, W, b):
    seen = counted(frames, lengths)
    x = torch.as_tensor(frames)
    before = torch.cat([x[:1], x[:-1]])
    T, B, S = x.shape[:3]
    two = torch.stack([before, x], dim=2).flatten(0, 1)
    z = torch.nn.functional.conv2d(two, torch.as_tensor(W), torch.as_tensor(b), padding=1)
    z = z.unflatten(0, (T, B)).numpy()
    y = np.maximum(z, 0).mean((-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: copied, right, conv2d given back as torch
def motion_maps(frames, lengths, W, b):
    seen = counted(frames, lengths)
    x = torch.as_tensor(frames)
    before = torch.cat([x[:1], x[:-1]])
    two = torch.stack([x, before], dim=2).flatten(0, 1)
    z = torch.nn.functional.conv2d(two, torch.as_tensor(W), torch.as_tensor(b), padding=1)
    z = z.unflatten(0, x.shape[:2])
    y = z.relu().mean((-2, -1)) * torch.as_tensor(seen)
    return y, (frames, W, z, seen)

# %% motion_maps: copied, the chapter's encoder, one frame, stride 2
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    x = torch.as_tensor(frames).flatten(0, 1)[:, None]
    z = torch.nn.functional.conv2d(x, torch.as_tensor(W)[:, :1], torch.as_tensor(b), stride=2, padding=1)
    z = z.unflatten(0, frames.shape[:2]).numpy()
    y = np.maximum(z, 0).mean((-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: copied, in place on the shifted frames
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    frames[1:, ...] = frames[1:, ...]
    before = frames
    before[1:, ...] = frames[:-1, ...] + 0
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps: copied, z made in float64
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = xp.zeros(frames.shape[:2] + (W.shape[0],) + frames.shape[2:])
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z += W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    z += b[:, None, None]
    y = xp.mean(np.maximum(z, 0), axis=(-2, -1))
    y[~seen[..., 0]] = 0
    return y, (frames, W, z, seen)

# %% motion_maps: copied, in place zeros in the frames' padding
def motion_maps(frames, lengths, W, b):
    xp = array_namespace(frames)
    seen = counted(frames, lengths)
    frames *= seen[..., None]
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    z = b[:, None, None]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            z = z + W[:, s, i + 1, j + 1][:, None, None] * shifted(film, i, j)[:, :, None, ...]
    y = xp.mean(z * (z > 0), axis=(-2, -1)) * seen
    return y, (frames, W, z, seen)

# %% motion_maps_vjp: right
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: right, d_before by slices
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_frames = d_films[0]
    d_frames[:-1, ...] = d_frames[:-1, ...] + d_films[1][1:, ...]
    d_frames[0, ...] = d_frames[0, ...] + d_films[1][0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, first frame not its own before
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, no 1 over S squared
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0)
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, 1 over S
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1]
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, no slope of the max
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * xp.ones_like(z) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, padding not masked
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = d_y[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, only d_now returned
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_frames = d_films[0]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, both films added without the step
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_frames = d_films[0] + d_films[1]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, d_films overwritten, not added
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, d_W added for both films at s 0
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, 0, i + 1, j + 1] += xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, d_W from the unshifted film
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = film[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, d_frames not shifted back
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + xp.sum(w * d_z, axis=2)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, y not seen: zeros only in d_frames
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = d_y[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    d_frames = d_frames * seen[..., None]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, W now for both
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, 0, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: hasty, d_b of d_y
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_y, axis=(0, 1))

# %% motion_maps_vjp: hasty, d_b of d_y times seen
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_y * seen, axis=(0, 1))

# %% motion_maps_vjp: hasty, d_b unmasked by the slope, mean
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.mean(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, i j exchanged back
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -j, -i)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, d_W indexed [j, i]
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, j + 1, i + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, d_W summed over kernels
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 2, 3))[:d_W.shape[0]]
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, d_films summed over axis 1 first kernel
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted((w * d_z)[:, :, 0, ...], -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, mean over kernels
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.mean(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, w without new axes
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, d_y without pixel axes
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = d_y * seen * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, moved without the kernel axis
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, 1 over the number of all
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / (z.shape[2] * frames.shape[-1] ** 2)
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, 1 over T and B
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / (frames.shape[0] * frames.shape[1])
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: shapes, wrong concat axis
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[:, 1:, ...], 0 * d_before[:, :1, ...]], axis=1)
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, shifted the same way as forward
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), i, j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, before goes to the next frame
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([0 * d_before[:1, ...], d_before[:-1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, before goes cyclic
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_frames = d_films[0] + xp.roll(d_films[1], -1, axis=0)
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, last frame repeated in place of zeros
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], d_before[-1:, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, first frame twice
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, multiplied by z in place of its sign
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * z * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, slope of tanh
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (1 - xp.tanh(z) ** 2) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, sign of z
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * xp.sign(z) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, slope the wrong way round
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z < 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, d_W mean
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.mean(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, d_W with the frames alone
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(frames, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, d_W with frames of the padding only by z, moved with d_z shifted and film shifted
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]

    def shifted_maps(d, i, j):
        return xp.stack([shifted(d[:, :, k, ...], i, j) for k in range(d.shape[2])], axis=2)

    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(shifted_maps(d_z, -i, -j) * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, d_before of first lost twice (minus)
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] - d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, difference of films
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now - xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, slope from the rectified mean
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    m = xp.mean(z * (z > 0), axis=(-2, -1))
    d_z = (d_y * seen * (m > 0))[..., None, None] * xp.ones_like(z) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: maths, divided by the number of positive pixels
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    on = xp.astype(z > 0, z.dtype)
    d_z = (d_y * seen)[..., None, None] * on / (xp.sum(on, axis=(-2, -1), keepdims=True) + 1e-12)
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, index without + 1
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i, j][:, None, None]
            d_W[:, s, i, j] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, kernel turned
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, 1 - i, 1 - j][:, None, None]
            d_W[:, s, 1 - i, 1 - j] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, kernel turned for the pixels only
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, 1 - i, 1 - j][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, roll for the way back
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + xp.roll(xp.sum(w * d_z, axis=2), (i, j), axis=(2, 3))
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, slope 1 at 0 and half on
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * ((z > 0) + 0.5 * (z <= 0)) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, s exchanged
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((before, frames)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, results in another order
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_W, xp.sum(d_z, axis=(0, 1, 3, 4)), d_frames

# %% motion_maps_vjp: convention, mean over films
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    d_W = d_W / d_y.shape[1]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, leaky slope
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * xp.where(z > 0, 1.0, 0.01) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: convention, divided by lengths
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen / xp.sum(xp.astype(seen, d_y.dtype), axis=0))[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: copied, torch autograd with darkness before the first
def motion_maps_vjp(d_y, cache):
    frames, W, z, seen = cache
    x = torch.tensor(frames, requires_grad=True)
    w = torch.tensor(W, requires_grad=True)
    before = torch.cat([0 * x[:1], x[:-1]])
    two = torch.stack([x, before], dim=2).flatten(0, 1)
    maps = torch.nn.functional.conv2d(two, w, padding=1).unflatten(0, x.shape[:2])
    d_z = torch.tensor((d_y * seen)[..., None, None] * (z > 0) / x.shape[-1] ** 2)
    maps.backward(d_z)
    return x.grad.numpy(), w.grad.numpy(), d_z.sum((0, 1, 3, 4)).numpy()

# %% motion_maps_vjp: copied, torch autograd through a new relu
def motion_maps_vjp(d_y, cache):
    frames, W, z, seen = cache
    x = torch.tensor(frames, requires_grad=True)
    w = torch.tensor(W, requires_grad=True)
    b = torch.zeros(len(W), dtype=w.dtype, requires_grad=True)
    before = torch.cat([x[:1], x[:-1]])
    two = torch.stack([x, before], dim=2).flatten(0, 1)
    maps = torch.nn.functional.conv2d(two, w, b, padding=1).unflatten(0, x.shape[:2])
    y = maps.relu().mean((-2, -1)) * torch.tensor(seen)
    y.backward(torch.tensor(d_y))
    return x.grad.numpy(), w.grad.numpy(), b.grad.numpy()

# %% motion_maps_vjp: copied, conv_transpose for the pixels, films as channels exchanged
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    T, B, S = frames.shape[:3]
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_z = (d_y * seen)[..., None, None] * (z > 0) / S ** 2
    two = torch.tensor(np.stack([before, frames], 2)).flatten(0, 1)
    d = torch.tensor(d_z).flatten(0, 1)
    d_two = torch.nn.functional.conv_transpose2d(d, torch.tensor(W), padding=1)
    d_two = d_two.unflatten(0, (T, B)).numpy()
    d_W = torch.nn.grad.conv2d_weight(two, W.shape, d, padding=1).numpy()
    d_frames = d_two[:, :, 0].copy()
    d_frames[:-1] += d_two[1:, :, 1]
    d_frames[0] += d_two[0, :, 1]
    return d_frames, d_W, d_z.sum((0, 1, 3, 4))

# %% motion_maps_vjp: copied, d_y changed in place
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_y *= seen
    d_z = d_y[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: copied, z changed in place
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    z[z <= 0] = 0
    z[z > 0] = 1
    d_z = (d_y * seen)[..., None, None] * z / frames.shape[-1] ** 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            moved = shifted(film, i, j)[:, :, None, ...]
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * moved, axis=(0, 1, 3, 4))
            d_films[s] = d_films[s] + shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% motion_maps_vjp: copied, d_frames and d_W lists share one array
def motion_maps_vjp(d_y, cache):
    xp = array_namespace(d_y)
    frames, W, z, seen = cache
    before = xp.concat([frames[:1, ...], frames[:-1, ...]])
    d_W = xp.zeros_like(W)
    d_films = [xp.zeros_like(frames), xp.zeros_like(frames)]
    d_z = (d_y * seen)[..., None, None] * (z > 0) / frames.shape[-1] ** 2
    d_films = [xp.zeros_like(frames)] * 2
    for s, film in enumerate((frames, before)):
        for i, j in PLACES:
            w = W[:, s, i + 1, j + 1][:, None, None]
            d_W[:, s, i + 1, j + 1] = xp.sum(d_z * shifted(film, i, j)[:, :, None, ...], axis=(0, 1, 3, 4))
            d_films[s] += shifted(xp.sum(w * d_z, axis=2), -i, -j)
    d_now, d_before = d_films
    d_frames = d_now + xp.concat([d_before[1:, ...], 0 * d_before[:1, ...]])
    d_frames[0, ...] = d_frames[0, ...] + d_before[0, ...]
    return d_frames, d_W, xp.sum(d_z, axis=(0, 1, 3, 4))

# %% how_soon: right
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: right, in loops
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = np.asarray(logits).argmax(-1) == np.asarray(labels)
    accuracy = []
    for p in percents:
        hits = 0
        for b in range(B):
            n = (int(lengths[b]) * int(p) + 99) // 100
            hits += right[n - 1, b]
        accuracy.append(hits / B)
    decided = []
    for b in range(B):
        n = int(lengths[b])
        k = n
        while k > 0 and right[k - 1, b]:
            k -= 1
        decided.append(-1 if k == n else k + 1)
    accuracy, decided = np.array(accuracy), np.array(decided)
    return accuracy, decided

# %% how_soon: hasty, rounded down
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.maximum(1, percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, share of T
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.broadcast_to(-(-percents[:, None] * T // 100), (len(percents), B))
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, row n instead of n - 1
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[np.minimum(after, T - 1), np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, padding counts in decided
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, first right answer
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    ok = right & (t < lengths)
    decided = np.where(ok.any(0), ok.argmax(0) + 1, -1)
    return accuracy, decided

# %% how_soon: hasty, never -1
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = last + 1
    return accuracy, decided

# %% how_soon: hasty, last wrong and not plus one
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last)
    return accuracy, decided

# %% how_soon: hasty, T for the end of the film
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == T, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, right at T - 1 decides
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(~right[-1], -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, zero instead of -1
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, 0, last + 1)
    return accuracy, decided

# %% how_soon: hasty, accuracy in percent
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1) * 100
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, accuracy over all frames until then
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = np.array([np.mean([right[:n, k].mean() for k, n in enumerate(row)]) for row in after])
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: hasty, decided counted from 0
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = (t * wrong).max(0)
    decided = np.where(~right[lengths - 1, np.arange(B)], -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, mean over the percents
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(0)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, no mean
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)]
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, right without the film axis picked
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1].mean((-1, -2))
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, argmax over films
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(1)[:, :1] == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, largest along films' axis
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(-1)[:B] if T >= B else None
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, percents times lengths without an axis, zip [so told: percents and lengths in pairs]
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = [-(-p * n // 100) for p, n in zip(percents, lengths)]
    accuracy = np.array([right[n - 1].mean() for n in after])
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, one film for the mean length
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    n = -(-percents * int(lengths.mean()) // 100)
    accuracy = right[n - 1].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, decided a column
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    decided = decided[:, None]
    return accuracy, decided

# %% how_soon: shapes, percents first axis lost by sum
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].sum(-1) / T
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: shapes, lists returned
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = [float(a) for a in right[after - 1, np.arange(B)].mean(-1)]
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    decided = [int(d) for d in decided]
    return accuracy, decided

# %% how_soon: maths, rounded to the nearest
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.maximum(1, np.rint(percents[:, None] * lengths / 100).astype(int))
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, ceil in floats
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.ceil(percents[:, None] / 100 * lengths).astype(int)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, floor plus one
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.minimum(percents[:, None] * lengths // 100 + 1, lengths)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, right at least once by then
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = np.stack([(right & (t < n)).any(0).mean() for n in after])
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, right from then on
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = np.stack([np.mean(~((~right & (t < lengths) & (t >= n - 1)).any(0))) for n in after])
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, longest run of right ones
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    decided = np.full(B, -1)
    for k in range(B):
        ok = right[: lengths[k], k]
        best = run = start = 0
        for i, o in enumerate(ok):
            run = run + 1 if o else 0
            if run > best:
                best, start = run, i - run + 1
        decided[k] = start + 1 if ok[-1] else -1
    return accuracy, decided

# %% how_soon: maths, number of wrong frames plus one
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    decided = np.where(right[lengths - 1, np.arange(B)], wrong.sum(0) + 1, -1)
    return accuracy, decided

# %% how_soon: maths, number of right frames at the end
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, lengths - last)
    return accuracy, decided

# %% how_soon: maths, first wrong instead of last
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    first = wrong.argmax(0) + 1
    decided = np.where(~wrong.any(0), 1, np.where(wrong[lengths - 1, np.arange(B)], -1, first + 1))
    return accuracy, decided

# %% how_soon: maths, mean of the logits until then
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    mean = logits.cumsum(0) / (t + 1)[..., None]
    right = mean.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, smallest logit
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmin(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, positive logit of the label
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = np.take_along_axis(logits, np.broadcast_to(labels, (T, B))[..., None], -1)[..., 0] > 0
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, probability above one half
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    p = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    right = np.take_along_axis(p, np.broadcast_to(labels, (T, B))[..., None], -1)[..., 0] > 0.5
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, decided as a share
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    decided = np.where(decided > 0, 100 * decided // lengths, -1)
    return accuracy, decided

# %% how_soon: maths, weighted by the lengths
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = (right[after - 1, np.arange(B)] * lengths).sum(-1) / lengths.sum()
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: maths, films that are wrong at the end left out
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    good = right[lengths - 1, np.arange(B)]
    accuracy = right[after - 1, np.arange(B)][:, good].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: convention, percents as shares of 1
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = np.maximum(1, np.ceil(percents[:, None] * lengths).astype(int))
    after = np.minimum(after, lengths)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: convention, decided is the last wrong frame
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    decided = np.where(decided > 0, decided - 1, lengths)
    return accuracy, decided

# %% how_soon: convention, never decided is the length
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, lengths, last + 1)
    return accuracy, decided

# %% how_soon: convention, NaN for undecided
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, np.nan, last + 1)
    return accuracy, decided

# %% how_soon: convention, films by time (B, T)
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = (logits.swapaxes(0, 1).argmax(-1).T == labels)
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(-1)
    wrong = ~right & (t <= lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: convention, lengths counted to the last index
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * (lengths - 1) // 100)
    accuracy = right[after, np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: convention, half-open, frames before the share
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(-1) == labels
    after = -(-percents[:, None] * lengths // 100) - 1
    accuracy = right[np.maximum(after - 1, 0), np.arange(B)].mean(-1)
    wrong = ~right & (t < lengths)
    last = ((t + 1) * wrong).max(0)
    decided = np.where(last == lengths, -1, last + 1)
    return accuracy, decided

# %% how_soon: copied, the chapter's accuracy_by_frame, at the share
def how_soon(logits, labels, lengths, percents):
    T, B = logits.shape[:2]
    best = logits.argmax(2)
    by_frame = (best == labels).mean(1)
    accuracy = np.array([by_frame[-(-T * p // 100) - 1] for p in percents])
    ok = best == labels
    stays = np.logical_and.accumulate(ok[::-1])[::-1]
    decided = np.where(stays.any(0), stays.argmax(0) + 1, -1)
    return accuracy, decided

# %% how_soon: copied, accumulate from the end, padding frozen right
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = (logits.argmax(2) == labels) | (t >= lengths)
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(1)
    stays = np.logical_and.accumulate(right[::-1])[::-1]
    decided = np.where(stays.any(0), stays.argmax(0) + 1, -1)
    return accuracy, decided

# %% how_soon: copied, accumulate from the start
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    right = logits.argmax(2) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(1)
    stays = np.logical_and.accumulate(right)
    decided = np.where(right[lengths - 1, np.arange(B)], stays.argmax(0) + 1, -1)
    return accuracy, decided

# %% how_soon: copied, last answer of the batch decides
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    said = logits.argmax(2)
    right = said == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(1)
    changes = (said != said[-1]) & (t < lengths)
    last = ((t + 1) * changes).max(0)
    decided = np.where(said[-1] == labels, last + 1, -1)
    return accuracy, decided

# %% how_soon: copied, when the answer settles, whatever it is
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    said = logits.argmax(2)
    right = said == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(1)
    final = said[lengths - 1, np.arange(B)]
    last = ((t + 1) * ((said != final) & (t < lengths))).max(0)
    decided = last + 1
    return accuracy, decided

# %% how_soon: copied, padding's logits zeroed in place
def how_soon(logits, labels, lengths, percents):
    lengths, percents = np.asarray(lengths), np.asarray(percents)
    T, B = logits.shape[:2]
    t = np.arange(T)[:, None]
    logits[t >= lengths] = 0
    right = logits.argmax(2) == labels
    after = -(-percents[:, None] * lengths // 100)
    accuracy = right[after - 1, np.arange(B)].mean(1)
    last = ((t + 1) * (~right & (t < lengths))).max(0)
    return accuracy, np.where(last == lengths, -1, last + 1)

# %% ceilings: right
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: right, Counters as frozensets
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((frozenset(Counter(film).items()), k, 1) for film, k in pairs)
    neighbours = best((frozenset(Counter(pairwise(film)).items()), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, frame weighs 1
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, frame weighs 1, divided by the frames
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1) for film, k in pairs for f in film) * len(films) / sum(map(len, films))
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, set for the bag
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(set(film))), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, set for the neighbours
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(set(pairwise(film)))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, neighbours unsorted
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(pairwise(film)), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, bag unsorted
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(film), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, not divided by the films
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values())

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, only the number of labels known: majority for all
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[0][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, divided by the number of views
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(votes)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, letters of each film once
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(set(film))) for film, k in pairs for f in set(film))
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, order of results, film first
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return whole, neighbours, bag, frame

# %% ceilings: hasty, forgot the film
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, 1.0

# %% ceilings: hasty, films of one frame count for nothing in neighbours
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs if len(film) > 1)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: hasty, first label seen wins
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen].setdefault(label, 0)
            if len(votes[seen]) == 1 or label == next(iter(votes[seen])):
                votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, pairs of every two frames
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted((a, b) for n, a in enumerate(film) for b in film[n + 1:])), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, neighbours in steps of two
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(zip(film[::2], film[1::2]))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, neighbours wrap around
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(zip(film, film[1:] + film[:1]))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, one pair at a time
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((p, k, 1 / max(1, len(film) - 1)) for film, k in pairs for p in pairwise(film))
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, bag of pairs joined to letters
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(''.join(sorted(pairwise_text)) for pairwise_text in pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, unordered pair
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(tuple(sorted(p)) for p in pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, zip without the films of one frame
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(zip(film[:-1], film[2:]))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, frame by its place
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best(((n, f), k, 1 / len(film)) for film, k in pairs for n, f in enumerate(film))
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: shapes, labels sorted beside films
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(sorted(films), labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, the best place's frame
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = max(best((film[n % len(film)], k, 1) for film, k in pairs) for n in range(max(map(len, films))))
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, first frame only
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((film[0], k, 1) for film, k in pairs)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, middle frame only
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((film[len(film) // 2], k, 1) for film, k in pairs)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, last frame only
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((film[-1], k, 1) for film, k in pairs)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, probability matching
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(sum(v * v for v in c.values()) / sum(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, mean over views
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) / sum(c.values()) for c in votes.values()) / len(votes)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, chance where a tie
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) if list(c.values()).count(max(c.values())) == 1 else max(c.values()) / list(c.values()).count(max(c.values())) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, only unambiguous views count
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values() if len(c) == 1) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, weights by len
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, mean over frames per film, majority of its frames
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))

    votes = defaultdict(Counter)
    for film, k in pairs:
        for f in film:
            votes[f][k] += 1 / len(film)
    frame = sum(Counter(votes[f].most_common(1)[0][0] for f in film).most_common(1)[0][0] == k for film, k in pairs) / len(films)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, different films count once
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(dict(zip(films, labels)).items())
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, different films once, divided by those
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(set(zip(films, labels)))

    pairs = list(set(zip(films, labels)))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, bag as shares
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted((c, film.count(c) / len(film)) for c in set(film))), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, neighbours and the bag
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best(((tuple(sorted(film)), tuple(sorted(pairwise(film)))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, neighbours and the first frame
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best(((film[0], tuple(sorted(pairwise(film)))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, films' weights by len in all
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / sum(map(len, films))

    pairs = list(zip(films, labels))
    frame = best((f, k, 1) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, len(film)) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, len(film)) for film, k in pairs)
    whole = best((film, k, len(film)) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, leave one out
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) - (max(c.values()) == 1) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: maths, frame weighs 1 / n, most frequent label by count
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))

    counts, weights = defaultdict(Counter), defaultdict(Counter)
    for film, k in pairs:
        for f in film:
            counts[f][k] += 1
            weights[f][k] += 1 / len(film)
    frame = sum(weights[f][c.most_common(1)[0][0]] for f, c in counts.items()) / len(films)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, percent
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films) * 100

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, error instead of accuracy
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return 1 - sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, number of films
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / 1

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, start and end marks for the neighbours
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise('^' + film + '$'))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, film padded to a length
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film.ljust(9)))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, trigrams
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(zip(film, film[1:], film[2:]))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, bag as a sorted set of neighbours twice
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((frozenset(pairwise(film)), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, film up to reversal
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((min(film, film[::-1]), k, 1) for film, k in pairs)
    return frame, bag, neighbours, whole

# %% ceilings: convention, rounded
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return tuple(round(x, 2) for x in (frame, bag, neighbours, whole))

# %% ceilings: copied, a dictionary in place of the list
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    pairs = list(zip(films, labels))
    frame = best((f, k, 1 / len(film)) for film, k in pairs for f in film)
    bag = best((tuple(sorted(film)), k, 1) for film, k in pairs)
    neighbours = best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs)
    whole = best((film, k, 1) for film, k in pairs)
    return {'frame': frame, 'bag': bag, 'neighbours': neighbours, 'film': whole}

# %% ceilings: copied, groupby without sorting
def ceilings(films, labels):
    from itertools import groupby

    def best(keys):
        total = 0
        for _, group in groupby(zip(keys, labels), key=lambda pair: pair[0]):
            total += Counter(k for _, k in group).most_common(1)[0][1]
        return total / len(films)

    votes = defaultdict(Counter)
    for film, k in zip(films, labels):
        for f in film:
            votes[f][k] += 1 / len(film)
    frame = sum(max(c.values()) for c in votes.values()) / len(films)
    bags = ["".join(sorted(film)) for film in films]
    pairs = [tuple(sorted(pairwise(film))) for film in films]
    return frame, best(bags), best(pairs), best(films)

# %% ceilings: copied, naive Bayes from frames for the bag
def ceilings(films, labels):
    votes = defaultdict(Counter)
    for film, k in zip(films, labels):
        for f in film:
            votes[f][k] += 1 / len(film)
    frame = sum(max(c.values()) for c in votes.values()) / len(films)

    def best(keys):
        seen = defaultdict(Counter)
        for key, k in zip(keys, labels):
            seen[key][k] += 1
        return sum(max(c.values()) for c in seen.values()) / len(films)

    right = 0
    for film, k in zip(films, labels):
        scores = Counter()
        for f in film:
            scores.update(votes[f])
        right += scores.most_common(1)[0][0] == k
    return frame, right / len(films), best([tuple(sorted(pairwise(f))) for f in films]), best(films)

# %% ceilings: copied, sorts the lists in place
def ceilings(films, labels):
    def best(cases):
        votes = defaultdict(Counter)
        for seen, label, weight in cases:
            votes[seen][label] += weight
        return sum(max(c.values()) for c in votes.values()) / len(films)

    films.sort()
    pairs = list(zip(films, labels))
    return (best((f, k, 1 / len(film)) for film, k in pairs for f in film),
            best((tuple(sorted(film)), k, 1) for film, k in pairs),
            best((tuple(sorted(pairwise(film))), k, 1) for film, k in pairs),
            best((film, k, 1) for film, k in pairs))

# %% film_loss: right
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: right, by gather
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(-1)
    labels = batch.labels[None, :, None].expand(len(log_p), -1, 1)
    return -log_p.gather(2, labels).mean(), carry

# %% film_loss: hasty, only the last frame
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return cross_entropy(logits[-1], batch.labels), carry

# %% film_loss: hasty, only the first frame
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return cross_entropy(logits[0], batch.labels), carry

# %% film_loss: hasty, the carry forgotten
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten())

# %% film_loss: hasty, carry None
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), None

# %% film_loss: hasty, mean of the logits over time
def film_loss(model, batch, carry):
    logits = model(batch.frames).mean(0)
    return cross_entropy(logits, batch.labels), carry

# %% film_loss: hasty, loss as a number
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()).item(), carry

# %% film_loss: hasty, detached
def film_loss(model, batch, carry):
    with torch.no_grad():
        logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: hasty, loss and carry exchanged
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return carry, cross_entropy(logits.flatten(0, 1), labels.flatten())

# %% film_loss: hasty, logits instead of carry
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), logits

# %% film_loss: hasty, first frame left out
def film_loss(model, batch, carry):
    logits = model(batch.frames)[1:]
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: shapes, labels repeated film by film
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    T = len(logits)
    return cross_entropy(logits.flatten(0, 1), batch.labels.repeat_interleave(T)), carry

# %% film_loss: shapes, logits transposed, labels not
def film_loss(model, batch, carry):
    logits = model(batch.frames).transpose(0, 1)
    T = logits.shape[1]
    return cross_entropy(logits.flatten(0, 1), batch.labels.repeat(T)), carry

# %% film_loss: shapes, logits reshaped as (B, K, T)
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    T, B, K = logits.shape
    return cross_entropy(logits.reshape(B, K, T), batch.labels[:, None].expand(B, T)), carry

# %% film_loss: shapes, view to (B*T) of labels[:, None]
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    T, B, K = logits.shape
    labels = batch.labels[:, None].expand(B, T).reshape(-1)
    return cross_entropy(logits.reshape(T * B, K), labels), carry

# %% film_loss: shapes, logits straight, (T, B, K) and (B,)
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return cross_entropy(logits, batch.labels), carry

# %% film_loss: shapes, classes for time, (T, K) of the first film's label
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return cross_entropy(logits.flatten(0, 1), batch.labels.repeat(1, len(logits))[0][: 1].expand(logits.shape[0] * logits.shape[1])), carry

# %% film_loss: shapes, softmax over the films
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(1)
    labels = batch.labels[None, :, None].expand(len(log_p), -1, 1)
    return -log_p.gather(2, labels).mean(), carry

# %% film_loss: shapes, softmax over time
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(0)
    labels = batch.labels[None, :, None].expand(len(log_p), -1, 1)
    return -log_p.gather(2, labels).mean(), carry

# %% film_loss: shapes, loss per frame
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return torch.stack([cross_entropy(l, batch.labels) for l in logits]), carry

# %% film_loss: shapes, frames batch first for the model
def film_loss(model, batch, carry):
    logits = model(batch.frames.transpose(0, 1)).transpose(0, 1)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: maths, sum
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), reduction='sum'), carry

# %% film_loss: maths, sum over frames, mean over films
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return sum(cross_entropy(l, batch.labels) for l in logits), carry

# %% film_loss: maths, sum over films, mean over frames
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    return sum(cross_entropy(l, batch.labels, reduction='sum') for l in logits) / len(logits), carry

# %% film_loss: maths, softmax before cross_entropy
def film_loss(model, batch, carry):
    p = model(batch.frames).softmax(-1)
    labels = batch.labels.expand(len(p), -1)
    return cross_entropy(p.flatten(0, 1), labels.flatten()), carry

# %% film_loss: maths, log of the mean probability
def film_loss(model, batch, carry):
    p = model(batch.frames).softmax(-1).mean(0)
    return -p[torch.arange(len(p)), batch.labels].log().mean(), carry

# %% film_loss: maths, sign
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(-1)
    labels = batch.labels[None, :, None].expand(len(log_p), -1, 1)
    return log_p.gather(2, labels).mean(), carry

# %% film_loss: maths, mean of 1 - p
def film_loss(model, batch, carry):
    p = model(batch.frames).softmax(-1)
    labels = batch.labels[None, :, None].expand(len(p), -1, 1)
    return (1 - p.gather(2, labels)).mean(), carry

# %% film_loss: maths, minus log of the mean p over all
def film_loss(model, batch, carry):
    p = model(batch.frames).softmax(-1)
    labels = batch.labels[None, :, None].expand(len(p), -1, 1)
    return -p.gather(2, labels).mean().log(), carry

# %% film_loss: maths, minus logit
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels[None, :, None].expand(len(logits), -1, 1)
    return -logits.gather(2, labels).mean(), carry

# %% film_loss: maths, divided by K as well
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(-1)
    hot = torch.nn.functional.one_hot(batch.labels, log_p.shape[-1])
    return -(hot * log_p).mean(), carry

# %% film_loss: maths, entropy of the answer
def film_loss(model, batch, carry):
    log_p = model(batch.frames).log_softmax(-1)
    return -(log_p.exp() * log_p).sum(-1).mean(), carry

# %% film_loss: maths, later frames weigh more
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    T = len(logits)
    w = torch.arange(1, T + 1, dtype=logits.dtype)
    losses = torch.stack([cross_entropy(l, batch.labels) for l in logits])
    return (w * losses).sum() / w.sum(), carry

# %% film_loss: convention, bits
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()) / np.log(2), carry

# %% film_loss: convention, labels counted from 1
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), (labels.flatten() - 1) % logits.shape[-1]), carry

# %% film_loss: convention, label smoothing
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten(), label_smoothing=0.1), carry

# %% film_loss: convention, nll_loss of logits
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return torch.nn.functional.nll_loss(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: convention, binary cross entropy
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    hot = torch.nn.functional.one_hot(batch.labels, logits.shape[-1]).to(logits.dtype).expand_as(logits)
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, hot), carry

# %% film_loss: convention, model returns a state too
def film_loss(model, batch, carry):
    logits, carry = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: convention, model called with carry
def film_loss(model, batch, carry):
    logits = model(batch.frames, carry)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: convention, NumPy's surprise
def film_loss(model, batch, carry):
    logits = model(batch.frames).detach().numpy()
    z = logits - logits.max(-1, keepdims=True)
    log_p = z - np.log(np.exp(z).sum(-1, keepdims=True))
    T, B = log_p.shape[:2]
    return -log_p[:, np.arange(B), batch.labels.numpy()].mean(), carry

# %% film_loss: copied, seen_loss of the chapter: last answer and frame mean
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    first = cross_entropy(logits[-1], batch.labels)
    return 0.5 * (first + cross_entropy(logits.flatten(0, 1), labels.flatten())), carry

# %% film_loss: copied, next_frame_loss: frames but the last
def film_loss(model, batch, carry):
    logits = model(batch.frames[:-1])
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), carry

# %% film_loss: copied, carry grows by one
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = batch.labels.expand(len(logits), -1)
    return cross_entropy(logits.flatten(0, 1), labels.flatten()), (carry, 1)

# %% film_loss: copied, repeats with numpy's repeat
def film_loss(model, batch, carry):
    logits = model(batch.frames)
    labels = torch.as_tensor(np.repeat(batch.labels.numpy(), len(logits)))
    return cross_entropy(logits.flatten(0, 1), labels), carry
