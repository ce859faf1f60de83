"""Questions whose answer is a number, with parameters drawn for each learner."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import NamedTuple

SHARE = 0.01  # of an answer that is not whole: what rounding may cost


class Kind(NamedTuple):
    """A question with parameters: {name} in `asked` and `why` stands for one.

    `drawn` has the values of each, of which one is drawn; `solve` takes them by
    their names.
    """

    page: str
    asked: str
    drawn: dict[str, tuple[float, ...]]
    solve: Callable[..., float]
    why: str


class Numeric(NamedTuple):
    """A question with a number as its answer, off by at most `off`; plain text."""

    kind: str
    page: str
    asked: str
    answer: float
    off: float
    why: str


SIZES: dict[str, tuple[float, ...]] = {
    "D": (8, 10, 12, 20, 24),
    "H": (16, 32, 48, 64, 96),
}
KINDS = {
    "perplexity from nats": Kind(
        "ch01_sequences",
        "A model's mean surprisal on a text is {l} nats per token. What is its perplexity?",
        {"l": (0.9, 1.2, 1.5, 1.8, 2.1, 2.4, 2.7)},
        lambda l: math.exp(l),
        "exp({l}); a base of 2 would belong to bits.",
    ),
    "bits per character": Kind(
        "ch01_baselines",
        "A text of {words} words and {chars} characters has a perplexity of {p} per word."
        " How many bits per character is that?",
        {
            "words": (1000, 1200, 1500),
            "chars": (5000, 6600, 7800),
            "p": (32, 64, 100, 128, 200),
        },
        lambda words, chars, p: words * math.log2(p) / chars,
        "{words} · log₂ {p} bits in all, over {chars} characters.",
    ),
    "weights of a plain cell": Kind(
        "ch02_loop",
        "How many weights has a plain recurrent layer with D = {D} inputs and H = {H}"
        " units, b_x and b_h included?",
        SIZES,
        lambda D, H: H * D + H * H + 2 * H,
        "H · D for W_x, H² for W_h, 2 H for the two biases.",
    ),
    "slope of tanh": Kind(
        "ch03_bptt",
        "h = tanh(a) is {h}, and the loss's gradient at h is {d}. What is it at a?",
        {"h": (-0.9, -0.8, -0.6, 0.5, 0.7, 0.9), "d": (-2, -0.5, 0.4, 1.5, 3)},
        lambda h, d: d * (1 - h * h),
        "{d} · (1 − h²) with h = {h}.",
    ),
    "size of a tape": Kind(
        "ch03_truncated",
        "A tanh cell with {H} units reads {B} sequences of {T} steps in float32. How many"
        " megabytes (of 10⁶ bytes) has a tape that keeps each state once?",
        {"H": (64, 128, 256), "B": (16, 32, 64), "T": (500, 1000, 2000)},
        lambda H, B, T: 4 * H * B * T / 1e6,
        "{T} · {B} · {H} numbers of 4 bytes.",
    ),
    "loss at the start": Kind(
        "ch04_training",
        "A network with {V} outputs knows nothing yet and gives each the same probability."
        " What is its mean loss in nats?",
        {"V": (10, 26, 40, 64, 90, 128, 1000)},
        lambda V: math.log(V),
        "−ln(1/{V}) = ln {V}.",
    ),
    "norm after steps": Kind(
        "ch05_gradients",
        "A gradient of norm {g} goes back through {n} steps of a linear network whose W_h"
        " is {s} times an orthogonal matrix. What is its norm then?",
        {"g": (0.5, 2, 3), "n": (10, 20, 30, 50), "s": (0.9, 0.95, 1.02, 1.05)},
        lambda g, n, s: g * s**n,
        "An orthogonal matrix keeps the norm, so {g} · {s} to the power of {n}.",
    ),
    "clipping by norm": Kind(
        "ch05_clipping",
        "The gradient ({a}, {b}) is clipped to a norm of {t}. What is its first entry then?",
        {"a": (3, 5, 8), "b": (4, 6, 12), "t": (0.5, 1, 2)},
        lambda a, b, t: a * t / math.hypot(a, b),
        "{a} · {t} divided by the norm of ({a}, {b}).",
    ),
    "product of gates": Kind(
        "ch06_lstm",
        "An LSTM's forget gate is {f} for {n} steps and {g} for {m} more; the input gate is"
        " shut. Which share of c is left?",
        {
            "f": (0.9, 0.95, 0.98),
            "n": (10, 20, 30),
            "g": (0.5, 0.8, 0.99),
            "m": (2, 3, 5),
        },
        lambda f, n, g, m: f**n * g**m,
        "The gates multiply: {f} to the power of {n}, times {g} to the power of {m}.",
    ),
    "half-life of a gate": Kind(
        "ch06_lstm",
        "A forget gate stands at {f}, the input gate at 0. After how many steps is half of c"
        " left? (Steps need not be whole.)",
        {"f": (0.8, 0.9, 0.95, 0.98, 0.99, 0.995)},
        lambda f: math.log(0.5) / math.log(f),
        "ln 0.5 / ln {f}.",
    ),
    "weights of an LSTM": Kind(
        "ch06_lstm",
        "How many weights has an LSTM layer with D = {D} inputs and H = {H} units, with two"
        " biases per row as in torch?",
        SIZES,
        lambda D, H: 4 * (H * D + H * H + 2 * H),
        "Four blocks of H · D + H² + 2 H.",
    ),
    "a step of a GRU": Kind(
        "ch07_gru",
        "A GRU's unit has the state {h} and the candidate {n}; its update gate z, the share"
        " that is kept, is {z}. What is its new state?",
        {"h": (-0.6, 0.2, 0.8), "n": (-0.9, 0.1, 0.5), "z": (0.1, 0.3, 0.75)},
        lambda h, n, z: z * h + (1 - z) * n,
        "z · h + (1 − z) · n = {z} · {h} + (1 − {z}) · {n}.",
    ),
}


def draw_numeric(name: str, rng: random.Random) -> Numeric:
    """A question of a kind, with parameters drawn."""
    kind = KINDS[name]
    given = {key: rng.choice(values) for key, values in kind.drawn.items()}
    answer = kind.solve(**given)
    whole = isinstance(answer, int)
    off = 0.0 if whole else SHARE * abs(answer)
    shown = {key: f"{value}".replace("-", "−") for key, value in given.items()}
    asked = kind.asked.format(**shown)
    if not whole:
        asked += " Give three digits."
    return Numeric(name, kind.page, asked, answer, off, kind.why.format(**shown))


def draw_some(pages: list[str], count: int, rng: random.Random) -> list[Numeric]:
    """Questions of different kinds that belong to pages: `count`, or all there are."""
    kinds = [name for name, kind in KINDS.items() if kind.page in pages]
    chosen = rng.sample(kinds, min(count, len(kinds)))
    return [draw_numeric(name, rng) for name in sorted(chosen, key=kinds.index)]
