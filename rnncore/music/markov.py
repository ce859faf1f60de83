"""A chain without memory: what follows is looked up, and counted."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

import numpy as np

from rnncore.music.score import (
    HOLD,
    REST,
    TOKENS,
    Score,
    decode,
    encode,
    positions,
    sounding,
)
from rnncore.text.sampling import draw_tokens

Context = tuple[int, ...]


class Chain:
    """Counts of tokens by context, the longer ones backed by the shorter.

    A voice's token depends on what the voice sang in the frame before, on
    the place in the beat, and on what the voices above sing now; nothing
    earlier. Interpolated as by Witten and Bell (1991): a context that was
    followed by many different tokens trusts the shorter one more.
    """

    def __init__(self, scores: Sequence[Score]):
        self.counts: dict[Context, Counter] = defaultdict(Counter)
        self.V = scores[0].pitches.shape[1]
        for score in scores:
            if score.pitches.shape[1] != self.V:
                raise ValueError("scores: expected equally many voices")
            for contexts, token in _events(score):
                for context in contexts:
                    self.counts[context][token] += 1

    def p(self, contexts: Sequence[Context], may_hold: bool) -> np.ndarray:
        """Probabilities of all 90 tokens, from the shortest context up.

        Shapes: contexts; may_hold -> p (90,)
        """
        p = np.ones(TOKENS)
        p[HOLD] = may_hold
        p /= p.sum()
        for context in contexts:
            seen = self.counts.get(context)
            if seen is None:
                break
            kinds, total = len(seen), seen.total()
            p = p * (kinds / (kinds + total))
            tokens = np.fromiter(seen.keys(), int, kinds)
            counts = np.fromiter(seen.values(), float, kinds)
            p[tokens] += counts / (kinds + total)
        p[HOLD] *= may_hold
        return p / p.sum()

    def nats(self, scores: Sequence[Score]) -> float:
        """Nats a frame, summed over voices, each first frame left out."""
        total, frames = 0.0, 0
        for score in scores:
            V = self.V
            for k, (contexts, token) in enumerate(_events(score)):
                if k >= V:
                    may_hold = contexts[1][2] != REST
                    total -= float(
                        np.log(self.p(contexts, may_hold)[token])
                    )
            frames += len(score.pitches) - 1
        return total / frames

    def compose(
        self, frames: int, rng: np.random.Generator, **about
    ) -> Score:
        """A new score of so many frames; `about`: tempo, bar, title."""
        if frames < 1:
            raise ValueError(f"frames: expected at least 1, got {frames}")
        bar, pickup = about.get("bar", 8), about.get("pickup", 0)
        tokens = np.zeros((frames, self.V), int)
        before = np.full(self.V, REST)
        for t in range(frames):
            now = np.zeros(self.V, int)
            for v in range(self.V):
                place = (t - pickup) % bar
                contexts = _contexts(v, before, now, place)
                p = self.p(contexts, bool(before[v] != REST))
                last = int(np.flatnonzero(p)[-1])
                tokens[t, v] = min(draw_tokens(rng, p), last)
                now[v] = sounding(tokens[t, v : v + 1], before[v : v + 1])[
                    0
                ]
            before = now
        return decode(tokens, **about)


def _contexts(
    v: int, before: np.ndarray, now: np.ndarray, place: int
) -> list[Context]:
    """Contexts of voice v, short to long; the voices above are known."""
    beat = place % 2
    above = [int(n) for n in now[:v]]
    own = int(before[v])
    return [
        (v,),
        (v, 0, own),
        (v, 1, own, beat),
        *[(v, 2 + k, own, beat, *above[v - k :]) for k in range(1, v + 1)],
    ]


def _events(score: Score) -> Iterator[tuple[list[Context], int]]:
    """Each token with its contexts, frame by frame and voice by voice."""
    tokens, place = encode(score), positions(score)
    before = np.zeros(score.pitches.shape[1], int)
    for t, now in enumerate(score.pitches):
        for v in range(len(now)):
            contexts = _contexts(v, before, now, int(place[t]))
            yield contexts, int(tokens[t, v])
        before = now
