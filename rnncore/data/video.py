"""Short films: moving digits, and figures that act.

Drawn frame by frame from a seeded generator. The actions come in pairs;
one is the other, run backward. A film begins anywhere in its loop, with
holds of random length, so that a single frame, or all frames without
their order, says nothing about which of the two it is.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

PAIRS = (
    ("sit down", "stand up"),
    ("raise the arms", "lower the arms"),
    ("bow", "straighten up"),
    ("walk right", "walk left"),
)
ACTIONS = tuple(name for pair in PAIRS for name in pair)
DIRECTIONS = {
    "left": (-1, 0),
    "right": (1, 0),
    "up": (0, -1),
    "down": (0, 1),
}
DIGITS = (
    *("zero", "one", "two", "three", "four"),
    *("five", "six", "seven", "eight", "nine"),
)
ENDS = "", " and stops", " and bounces"
LEG, TORSO, ARM, HEAD = 4.2, 6.5, 5.5, 1.8  # LEG: a thigh, or a shin
SIDE = 8  # pixels of a digit
# scikit-learn's 1,797 digits are forms, filled in one after the other; with
# one form a writer, no writer is on both sides. The form between the two is
# in neither: the first edition's split cut it in two.
TRAIN_IMAGES, HELD_OUT_IMAGES = slice(0, 1287), slice(1415, 1797)


class Films(NamedTuple):
    """Films, what each shows as a number, and in words."""

    frames: np.ndarray  # (N, T, S, S) float32, from 0 to 1
    labels: np.ndarray  # (N,)
    captions: list[str]


class Figure(NamedTuple):
    """Where the parts of a body are; angles in radians, 0 is down."""

    hip: np.ndarray  # (T, 2), x to the right and y down, in pixels
    size: float  # pixels a unit of the lengths below
    torso: np.ndarray  # (T,) 0 is upright
    arms: np.ndarray  # (T, 2)
    thighs: np.ndarray  # (T, 2)
    shins: np.ndarray  # (T, 2)


def stick_figures(
    rng: np.random.Generator,
    count: int,
    T: int = 16,
    S: int = 24,
    noise: float = 0.05,
) -> Films:
    """Films of stick figures, all actions equally often; labels say which.

    Size, place, thickness, facing, speed and holds are drawn for each
    film.

    Raises ValueError where count, T or S is too small.
    """
    _check_sizes(count, T, S, 16)
    labels = rng.permutation(np.arange(count) % len(ACTIONS))
    frames = np.empty((count, T, S, S), np.float32)
    for k, label in enumerate(labels):
        pair, backward = divmod(int(label), 2)
        film = _draw(_act(rng, pair, T, S), rng.uniform(0.2, 0.6), S)
        film = film[::-1] if backward else film
        film = film + rng.normal(0, noise, film.shape)
        frames[k] = np.clip(film, 0, 1)
    return Films(frames, labels, [ACTIONS[k] for k in labels])


def twins(films: Films) -> Films:
    """Films of actions, each followed by the same run backward.

    That is a film of the other action of its pair, made of the very same
    frames: a model that ignores their order is wrong on one of the two.
    """
    N, T, S, _ = films.frames.shape
    both = np.stack([films.frames, films.frames[:, ::-1]], axis=1)
    labels = np.stack([films.labels, films.labels ^ 1], axis=1).ravel()
    return Films(
        both.reshape(2 * N, T, S, S), labels, names_of(labels.tolist())
    )


def moving_digits(
    rng: np.random.Generator,
    count: int,
    T: int = 12,
    S: int = 24,
    held_out: bool = False,
) -> Films:
    """Films of two different digits: one moves, and the label says which.

    The caption says more: "the three moves left and bounces". Where a
    film is held out its digits are written by hands on no other film.

    Raises ValueError where count, T or S is too small.
    """
    _check_sizes(count, T, S, 2 * SIDE)
    images, names = _handwriting(held_out)
    frames = np.zeros((count, T, S, S), np.float32)
    labels, captions = np.empty(count, int), []
    for k in range(count):
        moves, stays = _draw_two_digits(rng, names)
        path, words = _path(rng, T, S - SIDE)
        still = np.broadcast_to(rng.integers(0, S - SIDE + 1, 2), (T, 2))
        for image, places in (moves, path), (stays, still):
            for t, place in enumerate(places):
                _draw_image(frames[k, t], images[image], place)
        labels[k] = names[moves]
        captions.append(f"the {DIGITS[labels[k]]} moves {words}")
    return Films(frames, labels, captions)


def still_digits(
    rng: np.random.Generator,
    count: int,
    S: int = 24,
    held_out: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Single frames of two different digits: which two, and where.

    The frames are (N, S, S). What is seen is (N, 2, 10, 6): 1 where a
    digit stands in that sixth of the width, and in that of the height.

    Raises ValueError where count or S is too small.
    """
    _check_sizes(count, 6, S, 2 * SIDE)
    images, names = _handwriting(held_out)
    frames = np.zeros((count, S, S), np.float32)
    seen = np.zeros((count, 2, 10, 6), np.float32)
    places = S - SIDE + 1
    for k in range(count):
        for image in _draw_two_digits(rng, names):
            place = rng.integers(0, places, 2)
            _draw_image(frames[k], images[image], place)
            seen[k, [0, 1], names[image], 6 * place // places] = 1
    return frames, seen


def _handwriting(held_out: bool) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 8, 8) from 0 to 1, and the digit that each shows."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    part = HELD_OUT_IMAGES if held_out else TRAIN_IMAGES
    images = (digits.images[part] / 16).astype(np.float32)
    return images, digits.target[part]


def _draw_image(frame: np.ndarray, image: np.ndarray, place: Any) -> None:
    """Draw an image into a frame, in place; the lighter pixel stays."""
    x, y = place
    spot = frame[y : y + SIDE, x : x + SIDE]
    np.maximum(spot, image, out=spot)


def _draw_two_digits(
    rng: np.random.Generator, names: np.ndarray
) -> tuple[int, int]:
    """Images of two different digits; all ten are equally likely."""
    a, b = rng.choice(10, 2, replace=False)
    one, other = (rng.choice(np.flatnonzero(names == d)) for d in (a, b))
    return int(one), int(other)


def _path(
    rng: np.random.Generator, T: int, room: int
) -> tuple[np.ndarray, str]:
    """Places (T, 2) of a digit's corner, and the way in words."""
    way = list(DIRECTIONS)[rng.integers(4)]
    end = ENDS[rng.integers(3)]
    axis = 0 if DIRECTIONS[way][0] else 1
    steps = np.arange(T)
    if end == " and stops":
        last = rng.integers(T // 3, 2 * T // 3 + 1)
        steps = np.minimum(steps, last)
    far = int(steps[-1])
    if end == " and bounces":
        turn = rng.integers(T // 2, 3 * T // 4 + 1)
        steps = np.where(steps <= turn, steps, 2 * turn - steps)
        far = int(turn)
    speed = rng.uniform(0.6, 1.0) * room / max(far, 1)
    gone = np.round(speed * steps).astype(int)
    if end == " and bounces":  # at the wall
        start = room - gone.max()
    else:
        start = rng.integers(0, room - gone.max() + 1)
    along = start + gone
    places = np.empty((T, 2), int)
    places[:, axis] = along if sum(DIRECTIONS[way]) > 0 else room - along
    places[:, 1 - axis] = rng.integers(0, room + 1)
    return places, way + end


def _act(rng: np.random.Generator, pair: int, T: int, S: int) -> Figure:
    """The first action of a pair: how a body moves over T frames."""
    size = S / 24 * rng.uniform(0.85, 1.1)
    floor = S - rng.uniform(2, 4) * S / 24
    facing = rng.choice([-1, 1])
    across = S / 2 + rng.uniform(-3, 3) * S / 24
    s = _loop(rng, T)
    none = np.zeros(T)
    thighs = shins = np.stack([none + 0.2, none - 0.2], axis=1)
    arms = np.stack([none + 0.4, none - 0.4], axis=1)
    torso: np.ndarray = none
    x: np.ndarray = none + across
    if pair == 0:  # thighs turn forward, and the body comes down
        bent = facing * s * np.pi / 2
        thighs = np.stack([bent + 0.1, bent - 0.1], axis=1)
        shins = np.stack([none + 0.1, none - 0.1], axis=1)
    elif pair == 1:
        up = 0.4 + s * 2.4
        arms = np.stack([up, -up], axis=1)
    elif pair == 2:
        torso = facing * s * 1.4
    else:  # nothing tells front from back but where it goes
        speed = rng.uniform(0.8, 1.5) * S / 24
        phase = rng.uniform(0, 2 * np.pi)
        x = (rng.uniform(0, S) + speed * np.arange(T)) % S
        swing = 0.6 * np.sin(phase + 0.9 * speed * 24 / S * np.arange(T))
        thighs = shins = np.stack([swing, -swing], axis=1)
        arms = np.stack([-swing, swing], axis=1)
    reach = LEG * (np.cos(thighs) + np.cos(shins)).max(axis=1)
    y = floor - size * reach
    hip = np.stack([x, y], axis=1)
    return Figure(hip, size, torso, arms, thighs, shins)


def _loop(rng: np.random.Generator, T: int) -> np.ndarray:
    """From 0 to 1 and, with a cut, again; it begins anywhere in that."""
    before, after = rng.integers(1, T // 2 + 1, 2)
    moves = rng.integers(T // 4 + 1, T // 2 + 2)
    ramp = np.linspace(0, 1, moves + 2)[1:-1]
    loop = np.concatenate([np.zeros(before), ramp, np.ones(after)])
    return loop[(rng.integers(len(loop)) + np.arange(T)) % len(loop)]


def _draw(figure: Figure, thickness: float, S: int) -> np.ndarray:
    """Frames (T, S, S): light on dark, with soft edges."""
    hip, unit = figure.hip, figure.size
    neck = hip - TORSO * unit * _compute_path(figure.torso)
    shoulder = hip - 0.85 * TORSO * unit * _compute_path(figure.torso)
    lines = [(hip, neck)]
    for side in (0, 1):
        arm = figure.arms[:, side]
        lines.append((shoulder, shoulder + ARM * unit * _compute_path(arm)))
        knee = hip + LEG * unit * _compute_path(figure.thighs[:, side])
        foot = knee + LEG * unit * _compute_path(figure.shins[:, side])
        lines += [(hip, knee), (knee, foot)]
    head = hip - (TORSO + HEAD) * unit * _compute_path(figure.torso)
    away = _distance(head, head, S) - HEAD * unit
    for a, b in lines:
        away = np.minimum(away, _distance(a, b, S))
    return np.clip(1.0 + thickness * unit - away, 0, 1)


def _compute_path(angle: np.ndarray) -> np.ndarray:
    """Down, turned by the angle: (T, 2)."""
    return np.stack([np.sin(angle), np.cos(angle)], axis=-1)


def _distance(a: np.ndarray, b: np.ndarray, S: int) -> np.ndarray:
    """From each pixel to the line from a to b: (T, S, S)."""
    a, b = a.astype(np.float32), b.astype(np.float32)
    pixel = np.arange(S, dtype=np.float32)
    x = pixel[None, None, :] - a[:, 0, None, None]  # (T, 1, S)
    y = pixel[None, :, None] - a[:, 1, None, None]  # (T, S, 1)
    u, v = (b - a).T[..., None, None]
    length = np.maximum(u * u + v * v, np.float32(1e-9))
    share = np.clip((x * u + y * v) / length, 0, 1)
    x, y = x - share * u, y - share * v
    return np.sqrt(x * x + y * y)


def _check_sizes(count: int, T: int, S: int, smallest: int) -> None:
    for name, value, least in (
        ("count", count, 1),
        ("T", T, 6),
        ("S", S, smallest),
    ):
        if value < least:
            raise ValueError(
                f"{name}: expected at least {least}, got {value}"
            )


def contact_sheet(frames: np.ndarray, columns: int = 8) -> np.ndarray:
    """The frames of one film side by side, in rows, as one picture.

    Shapes: frames (T, S, S) -> picture

    Raises ValueError where there is no frame.
    """
    if frames.ndim != 3 or not len(frames):
        raise ValueError(f"frames: expected (T, S, S), got {frames.shape}")
    T, S, _ = frames.shape
    columns = min(columns, T)
    rows = -(-T // columns)
    sheet = np.zeros((rows * columns, S + 1, S + 1), frames.dtype)
    sheet[:T, :S, :S] = frames
    sheet = sheet.reshape(rows, columns, S + 1, S + 1)
    return sheet.transpose(0, 2, 1, 3).reshape(rows * (S + 1), -1)


def names_of(labels: Sequence[int]) -> list[str]:
    """The actions that these numbers stand for."""
    return [ACTIONS[k] for k in labels]
