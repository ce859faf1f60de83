"""A network that learns to write: python examples/min_rnn.py [TEXT]"""

import os
import sys
import time
from collections import Counter
from pydoc_data.topics import topics

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy is loaded
import numpy as np

T, B, H = 32, 32, 128  # steps of a window, lanes of text, units
RATE, CLIP, SECONDS = 0.005, 1.0, 60
LEAST, MOST, KINDS = 2 * B * T, 20_000_000, 200  # characters


def read_text(path):
    """A file, or Python's documentation; "?" for rare characters."""
    lines = "".join(topics.values()).splitlines()
    text = "\n".join(s for s in lines if not s.endswith(("|", "+")))
    if path is not None:
        with open(path, encoding="utf8") as file:
            text = file.read(MOST)
    if len(text) < LEAST:
        raise ValueError(f"expected {LEAST} characters, got {len(text)}")
    kept = {c for c, _ in Counter(text).most_common(KINDS)}
    kept = {c for c in kept if c.isprintable()} | {"\n"}
    return "".join(c if c in kept else "?" for c in text)


def init_params(rng, K):  # W_x, W_h, W_y, b_y
    shapes = (H, K), (H, H), (K, H), (K,)
    return [rng.uniform(-1, 1, s).astype("f4") / H**0.5 for s in shapes]


def softmax(logits):
    p = np.exp(logits - logits.max(-1, keepdims=True))
    return p / p.sum(-1, keepdims=True)


def loss_and_gradient(params, ids, h):
    """Nats per character of ids (T + 1, B), read from the state h."""
    W_x, W_h, W_y, b_y = params
    one_hot = np.eye(len(b_y), dtype=h.dtype)[ids]  # (T + 1, B, K)
    x, target = one_hot[:-1], one_hot[1:]
    states = [h]
    for a_x in x @ W_x.T:  # forward, step by step
        states.append(np.tanh(a_x + states[-1] @ W_h.T))
    before, y = np.stack(states[:-1]), np.stack(states[1:])
    p = softmax(y @ W_y.T + b_y)
    loss = -(target * np.log(p + 1e-30)).sum() / ids[1:].size
    d_logits = (p - target) / ids[1:].size
    d_y, d_a, d_h = d_logits @ W_y, 0 * y, 0 * h  # from later windows: 0
    for t in reversed(range(len(y))):  # backward, step by step
        d_a[t] = (d_y[t] + d_h) * (1 - y[t] ** 2)
        d_h = d_a[t] @ W_h
    pairs = (d_a, x), (d_a, before), (d_logits, y)
    d_params = [np.tensordot(d, v, ([0, 1], [0, 1])) for d, v in pairs]
    return loss, [*d_params, d_logits.sum((0, 1))], y[-1]


def train(params, ids):
    """Change params in place, for ever; the loss of each window."""
    grid = ids[: len(ids) // B * B].reshape(B, -1).T  # (rows, B)
    m, v = ([np.zeros_like(w) for w in params] for _ in range(2))
    h, windows = np.zeros((B, H), "f4"), (len(grid) - 1) // T
    for n in range(1, 10**9):
        rows = grid[n % windows * T :][: T + 1]
        loss, d_params, h = loss_and_gradient(params, rows, h)
        length = sum((d**2).sum() for d in d_params) ** 0.5
        for w, d, m_w, v_w in zip(params, d_params, m, v, strict=True):
            d *= CLIP / max(length, CLIP)
            m_w += 0.1 * (d - m_w)  # Adam
            v_w += 0.001 * (d**2 + 1e-16 - v_w)
            w -= RATE * m_w / (1 - 0.9**n) / (v_w / (1 - 0.999**n)) ** 0.5
        yield loss


def write(params, rng, length, temperature=0.7):
    """Draw characters one by one, and read each before the next."""
    W_x, W_h, W_y, b_y = params
    h, k = np.zeros(H), 0
    for _ in range(length):
        h = np.tanh(W_x[:, k] + W_h @ h)
        p = softmax((W_y @ h + b_y) / temperature)
        k = rng.choice(len(p), p=p / p.sum())
        yield k


def main(path=None):
    alphabet, ids = np.unique([*read_text(path)], return_inverse=True)
    params = init_params(np.random.default_rng(0), len(alphabet))
    losses = train(params, ids)
    bits, samples, seconds, begun = [], 0, 0, time.monotonic()
    while seconds < SECONDS:
        bits.append(next(losses) / np.log(2))
        seconds = time.monotonic() - begun
        if seconds >= samples * SECONDS / 6:
            samples += 1
            text = alphabet[[*write(params, np.random.default_rng(0), 300)]]
            print(f"\n--- {seconds:.0f} s, {np.mean(bits[-99:]):.2f} bits")
            print("".join(text), flush=True)


if __name__ == "__main__":
    try:
        main(*sys.argv[1:2])
    except (OSError, ValueError) as error:
        sys.exit(str(error))
