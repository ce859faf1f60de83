"""A chain that counts: under what is known, what followed how often?"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from rnncore.music.score import (
    FIRST,
    HOLD,
    LOWEST,
    REST,
    SILENCE,
    TOKENS,
    Score,
    decode,
    encode,
    positions,
)
from rnncore.text.sampling import draw_tokens

Context = tuple[int, ...]


class Past:
    """What a chain can look up when the next voice of a frame is due."""

    def __init__(self, V: int):
        self.place = 0  # of this frame in its bar
        self.before = [REST] * V  # the pitches of the frame before
        self.last = [REST] * V  # in each voice, the pitch before that note
        self.now: list[int] = []  # the pitches of this frame so far
        self.begun: list[int] = []  # twice these, and 1 where one begins

    def sing(self, token: int) -> None:
        """Take in the next voice's token; after the last, go a frame on."""
        v = len(self.now)
        pitch = REST if token == SILENCE else token - FIRST + LOWEST
        if token == HOLD:
            pitch = self.before[v]
        else:
            self.last[v] = self.before[v]
        self.now.append(pitch)
        self.begun.append(2 * pitch + (token != HOLD))
        if len(self.now) == len(self.before):
            self.before, self.now, self.begun = self.now, [], []


FACTS: dict[str, Callable[[Past, int], Sequence[int]]] = {
    "own": lambda past, v: [past.before[v]],
    "beat": lambda past, v: [past.place % 2],
    "place": lambda past, v: [past.place],
    "above": lambda past, v: past.now[::-1],  # the nearest voice first
    "begun": lambda past, v: past.begun[::-1],
    "over": lambda past, v: past.before[:v][::-1],  # above, a frame ago
    "below": lambda past, v: past.before[v + 1 :],  # a frame ago
    "last": lambda past, v: [past.last[v]],
}
CHOSEN = "own", "beat", "begun", "below", "last", "place"
DOUBT = 6.0


class Chain:
    """Counts of tokens by context, the longer ones backed by the shorter.

    A voice's context begins with nothing and grows by one of the `facts`
    after the other. Interpolated as by Witten and Bell (1991): a context
    that was followed by many different tokens trusts the shorter one
    more, here `doubt` times as much. The facts and the doubt are those
    that the validation pieces chose (`python -m tools.train music`).

    Raises ValueError where the scores have not equally many voices.
    """

    def __init__(
        self,
        scores: Sequence[Score],
        facts: Sequence[str] = CHOSEN,
        doubt: float = DOUBT,
    ):
        self.facts = [FACTS[name] for name in facts]
        self.doubt = doubt
        self.counts: dict[Context, dict[int, int]] = defaultdict(dict)
        self.V = scores[0].pitches.shape[1]
        for score in scores:
            if score.pitches.shape[1] != self.V:
                raise ValueError("scores: expected equally many voices")
            for contexts, _, token in self._events(score):
                for context in contexts:
                    seen = self.counts[context]
                    seen[token] = seen.get(token, 0) + 1

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
            back = self.doubt * len(seen)
            total = back + sum(seen.values())
            p *= back / total
            for token, count in seen.items():
                p[token] += count / total
        p[HOLD] *= may_hold
        return p / p.sum()

    def nats(self, scores: Sequence[Score]) -> float:
        """Nats a frame, summed over voices, each first frame left out."""
        total, frames = 0.0, 0
        for score in scores:
            for k, (contexts, may_hold, token) in enumerate(
                self._events(score)
            ):
                if k >= self.V:
                    p = self.p(contexts, may_hold)
                    total -= float(np.log(p[token]))
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
        past = Past(self.V)
        for t in range(frames):
            past.place = (t - pickup) % bar
            for v in range(self.V):
                p = self.p(*self._known(past))
                last = int(np.flatnonzero(p)[-1])
                tokens[t, v] = min(draw_tokens(rng, p), last)
                past.sing(int(tokens[t, v]))
        return decode(tokens, **about)

    def _known(self, past: Past) -> tuple[list[Context], bool]:
        """The next voice's contexts, short to long; whether it may hold."""
        v = len(past.now)
        values = [v, *(x for fact in self.facts for x in fact(past, v))]
        contexts = [tuple(values[:n]) for n in range(1, len(values) + 1)]
        return contexts, past.before[v] != REST

    def _events(
        self, score: Score
    ) -> Iterator[tuple[list[Context], bool, int]]:
        """Each token with what was known, voice by voice."""
        past, encoded = Past(self.V), encode(score).tolist()
        for t, place in enumerate(positions(score).tolist()):
            past.place = place
            for token in encoded[t]:
                contexts, may_hold = self._known(past)
                yield contexts, may_hold, token
                past.sing(token)
