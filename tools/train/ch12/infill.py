"""Two bars of a chorale are missing. Which fillings does a judge take for Bach's?

One window of each of the course's own validation and test chorales in 4/4 (never
one that the stored network was trained on): two bars given, two missing, one given.
They are filled in several ways. The judge is a random forest on the plain numbers
of `compute_features`. For each way there is one: it tells true bars from those of this way,
by chorales other than the one that is judged, and nothing about it was tuned. What
is reported is about the test chorales. Two controls bound what the judge can do:
true bars from elsewhere in the same chorale, and those of another chorale. A third
takes the network's own pieces in place of Bach's: a draw from p(missing | given) is
then distributed as the bars that it replaces, so a forest that clearly recognises
it has found a fault of the sampling, not of the network. For this no window has a
note that is held over the gap's end: what is missing is the gap, whatever was in
it, and whether a window is used can be read off what is given. Three seeds, of the
draws and of the forest. About 20 minutes of one core.

"own_more" judges two ways to fill its own pieces with further seeds, which are to
be named: --seeds 3 4 5 6 7, about two minutes each.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from time import process_time
from typing import NamedTuple

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from tqdm import tqdm

from rnncore.data.music import chorales
from rnncore.music.generate import compose
from rnncore.music.habits import FIFTH, OCTAVE, consonance, moves, parallels
from rnncore.music.infill import all_but, fill, log_p_of, revise
from rnncore.music.score import HOLD, REST, Score, encode
from rnncore.music.split import melody, split
from rnncore.music.training import load_voices
from rnncore.music.voices import VoiceModel
from rnncore.storage.weights import stored
from tools.train.runner import Measurement, Options, Training

BAR, BARS = 8, 5
GAP = slice(16, 32)  # of a window's 40 frames
FOLDS, TREES = 10, 200  # of the judge
PARTICLES = (1, 16, 64, 256, 1024)
GIBBS = "Gibbs, one sweep"
OWN = ("1", "256", "1024", GIBBS)  # ways to fill the network's own pieces
PIECES = 101  # of each network, for each seed
NEAR = ("256", "1024")  # those that get more seeds
SWAPS = 3  # relabellings of each
OWN_UNIT = "per cent of answers that are right"
Filler = Callable[[Score, np.ndarray, np.random.Generator], Score]


class Window(NamedTuple):
    """Five bars of a chorale, and what else its gap could hold."""

    score: Score
    elsewhere: Score  # the gap's bars from another place
    tune: str  # the same for two settings of a melody
    test: bool


def cut_excerpt(score: Score, first: int, frames: int = BARS * BAR) -> Score:
    """Frames from `first` on; what was held over begins there."""
    part = slice(first, first + frames)
    pitches, starts = score.pitches[part], score.starts[part].copy()
    starts[0] = pitches[0] != REST
    return score._replace(pitches=pitches, starts=starts, pickup=0)


def cut_windows(limit: int | None, compass: np.ndarray) -> list[Window]:
    """The middle of each chorale in 4/4, of at most `limit` a part.

    Without those that leave the voices' compass, in which the network sings,
    and those in which, here or elsewhere, a note is held over the gap's end.
    """
    parts, found = split(chorales()), []
    for scores, test in ((parts.validation, False), (parts.test, True)):
        fitting = []
        for s in scores:
            if s.bar != BAR:
                continue
            bars = (len(s.pitches) - s.pickup) // BAR
            at = (bars - BARS) // 2
            other = at + 2 if at + 2 + BARS <= bars else at - 2
            here, there = (
                cut_excerpt(s, s.pickup + max(0, k) * BAR) for k in (at, other)
            )
            if not (
                _leaves_compass(here, compass) or held_over(here) or held_over(there)
            ):
                fitting.append(Window(here, there, melody(s), test))
        found += fitting[:limit]
    return found


def held_over(score: Score) -> bool:
    """Whether a note is held over the gap's end."""
    return bool((encode(score)[GAP.stop] == HOLD).any())


def _leaves_compass(score: Score, compass: np.ndarray) -> bool:
    """Whether a note is outside its voice's compass."""
    low, high = compass.T
    out = (score.pitches < low) | (score.pitches > high)
    return bool((out & (score.pitches != REST)).any())


def transplant_gap(score: Score, other: Score) -> Score:
    """The score with the gap of another, moved to the soprano's register."""
    key = int(np.median(score.pitches[:, 0]) - np.median(other.pitches[:, 0]))
    bars = cut_excerpt(other, GAP.start, GAP.stop - GAP.start)
    pitches, starts = score.pitches.copy(), score.starts.copy()
    pitches[GAP] = bars.pitches + key * (bars.pitches != REST)
    starts[GAP] = bars.starts
    return score._replace(pitches=pitches, starts=starts)


def compute_features(score: Score) -> list[float]:
    """What a judge sees: the gap's notes, its seams and its bars' habits."""
    p, starts = score.pitches, score.starts
    gap, wide = p[GAP], slice(GAP.start - 1, GAP.stop + 1)
    around = np.concatenate([p[: GAP.start], p[GAP.stop :]])
    near = score._replace(pitches=p[wide], starts=starts[wide])
    steps = np.diff(p[wide], axis=0) * ((p[wide][1:] > 0) & (p[wide][:-1] > 0))
    moved = steps != 0
    struck = starts[GAP]
    chords = [frozenset(row[row != REST] % 12) for row in gap]
    frames = [score._replace(pitches=row[None]) for row in gap]
    triads = np.array([consonance(f) for f in frames])
    known = set((around[around > 0] % 12).tolist())
    inside = gap[gap > 0] % 12
    apart = np.diff(-gap, axis=1)
    found = [
        *np.abs(p[GAP.start] - p[GAP.start - 1]),  # the seams, voice by voice
        *np.abs(p[GAP.stop] - p[GAP.stop - 1]),
        *struck.mean(0),
        *struck[::2].mean(0),  # on the beat
        *np.abs(steps).mean(0),
        *(np.abs(steps) > 4).mean(0),
        *(np.abs(steps) > 7).mean(0),
        *np.abs(steps.sum(0)),
        *(gap.mean(0) - around.mean(0)),
        *gap.std(0),
        *(steps == 0).mean(0),
        parallels(near, FIFTH),
        parallels(near, OCTAVE),
        moves(near),
        triads.mean(),
        triads[::2].mean(),
        triads[::8].mean(),
        *triads[-2:],
        np.mean([len(c) for c in chords]),
        np.mean([a == b for a, b in pairwise(chords)]),
        np.mean([a == b for a, b in pairwise(chords[::2])]),
        len(set(chords)),
        np.mean([int(k) in known for k in inside]) if len(inside) else 0,
        *(apart < 0).mean(0),
        *apart.mean(0),
        (moved.sum(1) == 4).mean(),
        (moved.sum(1) == 1).mean(),
        (gap == REST).mean(),
        *_count_signs(steps),
    ]
    return [float(x) for x in found]


def _count_signs(steps: np.ndarray) -> list[float]:
    """How often outer voices move alike, and a leap is turned back."""
    outer = steps[:, 0] * steps[:, -1]
    turned = []
    for voice in steps.T:
        moves_ = voice[voice != 0]
        leaps = np.abs(moves_[:-1]) > 4
        turned.append(float((leaps & (moves_[:-1] * moves_[1:] > 0)).sum()))
    return [float((outer > 0).mean()), float((outer < 0).mean()), *turned]


def judge(
    true: np.ndarray, made: np.ndarray, tunes: Sequence[str], seed: int
) -> np.ndarray:
    """Which are recognised, by forests trained on other chorales.

    Shapes: true (N, F); made (N, F) -> right (N, 2)
    """
    known, tune = np.unique(tunes, return_inverse=True)
    folds = min(FOLDS, len(known))
    fold = np.random.default_rng(seed).permutation(len(known))[tune] % folds
    right = np.zeros((len(true), 2), bool)
    for k in range(folds):
        out = fold == k
        x = np.concatenate([true[~out], made[~out]])
        y = np.repeat([1, 0], (~out).sum())
        forest = RandomForestClassifier(TREES, random_state=seed).fit(x, y)
        right[out, 0] = forest.predict(true[out]) == 1
        right[out, 1] = forest.predict(made[out]) == 0
    return right


def plain_numbers(scores: list[Score]) -> dict[str, float]:
    """Statistics that no method of filling optimises, in per cent."""
    wide = slice(GAP.start - 1, GAP.stop + 1)
    near = [s._replace(pitches=s.pitches[wide]) for s in scores]
    chances = sum(moves(s) for s in near)
    kept = [(np.diff(s.pitches[wide], axis=0) == 0).all(1).mean() for s in scores]
    inside = [s._replace(pitches=s.pitches[GAP]) for s in scores]
    both = sum(parallels(s, k) for s in near for k in (FIFTH, OCTAVE))
    return {
        "parallels": 100 * both / chances,
        "repeated": 100 * float(np.mean(kept)),
        "triads": 100 * float(np.mean([consonance(s) for s in inside])),
        "leaps_in": _count_leaps(scores, GAP.start),
        "leaps_out": _count_leaps(scores, GAP.stop),
    }


def _count_leaps(scores: list[Score], t: int) -> float:
    """Of the voices that move into frame t, how many leap, in per cent."""
    a, b = np.array([s.pitches[t - 1 : t + 1] for s in scores]).swapaxes(0, 1)
    moved = (a != REST) & (b != REST) & (a != b)
    return 100 * float(np.mean(np.abs(a - b)[moved] > 4))


def make_fillers(model: VoiceModel, compass: np.ndarray) -> dict[str, Filler]:
    """The ways to fill, by name."""

    def particles(B: int) -> Filler:
        return lambda s, g, rng: fill(model, compass, s, g, rng, B)[0]

    def gibbs(score: Score, known: np.ndarray, rng: np.random.Generator) -> Score:
        plain, _ = fill(model, compass, score, known, rng, 1)
        return revise(model, compass, plain, known, rng)

    return {str(B): particles(B) for B in PARTICLES} | {GIBBS: gibbs}


def fill_gaps(
    name: str, way: Filler, scores: list[Score], rng: np.random.Generator
) -> tuple[list[Score], float]:
    """The scores with their gaps filled, and the seconds of each."""
    begin = process_time()
    found = [
        way(s, all_but(s, GAP.start, GAP.stop), rng) for s in tqdm(scores, desc=name)
    ]
    return found, (process_time() - begin) / len(scores)


def measure(asked: Options) -> Iterator[Measurement]:
    """Score each way to fill the gaps, once a seed."""
    model, about = load_voices(stored("music_voices"))
    compass = np.array(about["compass"])
    todo = cut_windows(asked.steps, compass)
    bach = [w.score for w in todo]
    test = np.array([w.test for w in todo])
    tunes = [w.tune for w in todo]

    def after(score: Score) -> float:
        log_p = log_p_of(model, compass, encode(score)[:, None], since=GAP.stop)
        return float(-log_p.sum())

    true = np.array([compute_features(s) for s in bach])
    found: dict[str, dict[str, list[float]]] = {}
    for seed in asked.seeds:
        rng = np.random.default_rng(seed)
        made, seconds = {"true": bach}, {}
        made["elsewhere"] = [w.elsewhere for w in todo]
        made["transplanted"] = [
            transplant_gap(s, bach[k])
            for s, k in zip(bach, _choose_others(test, rng), strict=True)
        ]
        for name, way in make_fillers(model, compass).items():
            made[name], seconds[name] = fill_gaps(name, way, bach, rng)
        for name, scores in made.items():
            shown = [s for s, t in zip(scores, test, strict=True) if t]
            values = plain_numbers(shown)
            if name not in ("elsewhere", "transplanted"):
                values["after"] = float(np.mean([after(s) for s in shown]))
            if name != "true":
                seen = np.array([compute_features(s) for s in scores])
                right = judge(true, seen, tunes, seed)[test]
                values["judge"] = 100 * float(right.mean())
            if name in seconds:
                values["seconds"] = seconds[name]
            for key, value in values.items():
                found.setdefault(name, {}).setdefault(key, []).append(round(value, 3))
            tqdm.write(f"{name} {seed}: {values}")
    counts = {"windows": len(todo), "test": int(test.sum()), "features": true.shape[1]}
    unit = "per cent; nats of the bar after the gap; seconds a window"
    yield Measurement("infill.ways", found, unit, list(asked.seeds))
    yield Measurement(
        "infill.windows", counts, "windows; what a judge sees of one", None
    )


def measure_own(asked: Options) -> Iterator[Measurement]:
    """The same judge where the bars that are replaced are the network's."""
    found: dict[str, list[float]] = {name: [] for name in OWN}
    for seed in asked.seeds:
        for name, shares in judged_own(OWN, seed, asked).items():
            found[name] += shares
    yield Measurement("infill.own", found, OWN_UNIT, list(asked.seeds))
    yield Measurement(
        "infill.own_windows", own_count(asked), "windows for each seed", None
    )


def measure_own_more(seed: int, asked: Options) -> Iterator[Measurement]:
    """One more seed of the ways near guessing, and how far guesses scatter."""
    for name, (share, *guesses) in judged_own(NEAR, seed, asked, SWAPS).items():
        yield Measurement(f"infill.own_more.{name}", share, OWN_UNIT)
        unit = f"{OWN_UNIT}, where a lot says which of two is called true"
        yield Measurement(f"infill.own_guesses.{name}", guesses, unit)


def own_count(asked: Options) -> int:
    """How many of a network's pieces are filled."""
    return 2 * asked.steps if asked.steps else PIECES


def judged_own(
    names: Sequence[str], seed: int, asked: Options, swaps: int = 0
) -> dict[str, list[float]]:
    """What the judge gets right of each way; then, what it does by guessing.

    For that the true and the filled piece of a pair change places or not, by
    chance: `swaps` times.
    """
    model, about = load_voices(stored("music_voices"))
    compass = np.array(about["compass"])
    count, rng = own_count(asked), np.random.default_rng(seed)
    pieces = own_pieces(model, compass, count, rng)
    true = np.array([compute_features(s) for s in pieces])
    ways = make_fillers(model, compass)
    found: dict[str, list[float]] = {}
    for name in names:
        scores, _ = fill_gaps(name, ways[name], pieces, rng)
        seen = np.array([compute_features(s) for s in scores])
        lots = [np.zeros((count, 1), bool)]
        lots += [rng.random((count, 1)) < 0.5 for _ in range(swaps)]
        found[name] = []
        for swap in lots:
            pair = np.where(swap, seen, true), np.where(swap, true, seen)
            right = judge(*pair, [str(k) for k in range(count)], seed)
            found[name].append(round(100 * float(right.mean()), 3))
        tqdm.write(f"{name} {seed}: {found[name]}")
    return found


def own_pieces(
    model: VoiceModel, compass: np.ndarray, count: int, rng: np.random.Generator
) -> list[Score]:
    """Windows by the network, with no note held over the gap's end."""
    found: list[Score] = []
    while len(found) < count:
        drawn = compose(model, compass, BARS * BAR, rng, count, bar=BAR, pickup=0)
        found += [s for s in drawn if not held_over(s)]
    return found[:count]


def _choose_others(test: np.ndarray, rng: np.random.Generator) -> list[int]:
    """For each window another one of its part."""
    found = np.zeros(len(test), int)
    for part in (test, ~test):
        (places,) = np.nonzero(part)
        order = rng.permutation(places)
        found[order] = np.roll(order, 1)
    return found.tolist()


RUNS, STUDIES = {"own_more": measure_own_more}, {"ways": measure, "own": measure_own}
TRAINING = Training("infill", __doc__, RUNS, STUDIES)
