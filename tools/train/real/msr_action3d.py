"""Train a loop on MSR Action3D's poses: 20 actions, by people it has not seen.

A depth camera measured 20 joints of a person; no picture is in the set. People 1,
3, 5, 7 and 9 are trained on, 2, 4, 6, 8 and 10 are the test, all 20 classes at
once. What is read are the joints relative to the hip and how they moved. Sequences
in training are turned, stretched and begin or end elsewhere. Everything was chosen
with person 9 held out of training (the study "held"); the runs then have a fixed
number of updates and look at nothing. Beside the loop: a network that sees all
poses but not their order ("bag"), one that does not see movement either ("still"),
and the nearest sequence by dynamic time warping ("nearest"). Three seeds, about a
minute of one core each. Under "real.msr_action3d.".
"""

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache, partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnncore.application import cooling, seeded
from rnncore.backend import check_shape
from rnncore.data.public.pictures import JOINTS, Motion, msr_action3d
from rnncore.nn import GRU
from rnncore.video.model import FilmBatch
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    fit_module,
    list_measurements,
)

CLASSES, HIP, T = 20, 6, 32
LEARNED, OTHERS = (1, 3, 5, 7, 9), (2, 4, 6, 8, 10)  # people
HELD = 9  # the person of the validation
H, DROPOUT, B, STEPS, RATE, SMOOTH = 128, 0.5, 32, 800, 0.003, 0.1
TURN, SIZE, ENDS, NOISE = 0.6, 0.1, 0.15, 0.01  # radians, share, share, metres
UNITS = {"": "% right", "weights": "weights", "seconds": "s"}


class PoseClassifier(nn.Module):
    """What a person does: poses read forward and backward.

    Shapes: poses (T, B, D) -> logits (B, K)

    Raises ValueError where the poses have other numbers.
    """

    def __init__(self, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__()
        self.D = D
        self.see = nn.Linear(D, H)
        self.loop = GRU(H, H, bidirectional=True)
        self.drop = nn.Dropout(dropout)
        self.readout = nn.Linear(2 * H, K)

    def read(self, x: Tensor) -> Tensor:
        """One vector for each step."""
        y, _ = self.loop(x)
        return y

    def forward(self, poses: Tensor) -> Tensor:
        """Of the mean of what was read."""
        check_shape("poses", poses, "T", "B", self.D)
        y = self.read(self.drop(self.see(poses).relu()))
        return self.readout(self.drop(y.mean(dim=0)))


class PoseBag(PoseClassifier):
    """The same without a loop: each pose and its movement by themselves.

    Shapes: poses (T, B, D) -> logits (B, K)
    """

    def __init__(self, D: int, H: int, K: int, dropout: float = 0.0):
        super().__init__(D, H, K, dropout)
        seen = nn.Linear(H, 3 * H), nn.ReLU()
        self.loop = nn.Sequential(*seen)  # type: ignore[assignment]
        self.readout = nn.Linear(3 * H, K)

    def read(self, x: Tensor) -> Tensor:
        """Whatever came before."""
        read: nn.Module = self.loop
        return read(x)


class StillBag(PoseBag):
    """The same without the movement: poses as on photographs, shuffled.

    Shapes: poses (T, B, D) -> logits (B, K)
    """

    def forward(self, poses: Tensor) -> Tensor:
        """As if nothing had moved."""
        still = poses.clone()
        still[..., 3 * JOINTS :] = 0
        return super().forward(still)


NETWORKS: dict[str, Callable[..., nn.Module]] = {
    "loop": PoseClassifier,
    "bag": PoseBag,
    "still": StillBag,
}


def normalise_joints(motion: Motion) -> np.ndarray:
    """Joints (N, 20, 3) relative to the hip, without frames that show no person.

    A sequence without a person is two frames of zeros.
    """
    joints = motion.joints[np.abs(motion.joints).sum(axis=(1, 2)) > 0]
    if len(joints) < 2:
        return np.zeros((2, *motion.joints.shape[1:]), np.float32)
    return joints - joints[:, HIP : HIP + 1]


def interpolate_poses(joints: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Poses at places between frames."""
    low = np.minimum(places.astype(int), len(joints) - 2)
    part = (places - low)[:, None, None]
    return joints[low] * (1 - part) + joints[low + 1] * part


def compute_features(
    joints: np.ndarray, first: float = 0.0, last: float = 1.0
) -> np.ndarray:
    """T poses from a share of the sequence to another, and their movement.

    Shapes: joints (N, 20, 3) -> poses (T, 120)
    """
    places = np.linspace(first, last, T).clip(0, 1) * (len(joints) - 1)
    poses = interpolate_poses(joints, places).reshape(T, -1)
    moved = np.diff(poses, axis=0, prepend=poses[:1])
    return np.concatenate([poses, 5 * moved], axis=1).astype(np.float32)


def vary_poses(joints: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As another person might do it, seen from elsewhere: (T, 120)."""
    angle = rng.uniform(-TURN, TURN)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # y is up
    size = 1 + rng.uniform(-SIZE, SIZE, 3)
    shake = rng.normal(0, NOISE, joints.shape[1:])  # the same in all frames
    first, last = rng.uniform(-ENDS, ENDS, 2)
    return compute_features((joints @ turn) * size + shake, first, 1 + last)


@lru_cache(maxsize=1)
def read_motions() -> list[Motion]:
    """All sequences."""
    return msr_action3d()


def select_people(*chosen: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Joints and classes, from 0, of what these people did."""
    own = [m for m in read_motions() if m.person in chosen]
    return [normalise_joints(m) for m in own], np.array([m.action - 1 for m in own])


def train_network(network: str, known: Iterable[int], seed: int, asked: Options) -> Any:
    """A network that learned from these people, and seconds."""
    joints, labels = select_people(*known)

    def next_batch(rng: np.random.Generator, step: int) -> FilmBatch:
        chosen = rng.integers(len(joints), size=B)
        poses = np.stack([vary_poses(joints[k], rng) for k in chosen], axis=1)
        return FilmBatch(torch.as_tensor(poses), torch.as_tensor(labels[chosen]))

    def loss(model: nn.Module, batch: FilmBatch, carry: Any) -> tuple[Tensor, Any]:
        logits = model(batch.frames)
        return cross_entropy(logits, batch.labels, label_smoothing=SMOOTH), carry

    with seeded(seed):
        D = compute_features(joints[0]).shape[1]
        model = NETWORKS[network](D, H, CLASSES, DROPOUT)
    _, seconds = fit_module(
        model,
        loss,
        next_batch,
        RATE,
        asked.steps or STEPS,
        seed,
        network,
        optimizer=partial(cooling, last=1.0),
    )
    return model, seconds


def predict_classes(model: nn.Module, joints: list[np.ndarray]) -> np.ndarray:
    """The likeliest class of each sequence, as it is."""
    poses = torch.as_tensor(np.stack([compute_features(a) for a in joints], axis=1))
    with torch.no_grad():
        return model(poses).argmax(dim=1).numpy()


def measure_right(said: np.ndarray, true: np.ndarray) -> float:
    """Percent."""
    return 100 * float((said == true).mean())


def train(network: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Odd people to learn from, even ones to be judged by."""
    model, seconds = train_network(network, LEARNED, seed, asked)
    joints, true = select_people(*OTHERS)
    said = predict_classes(model, joints)
    facts = {
        "right": measure_right(said, true),
        "weights": sum(w.numel() for w in model.parameters()),
        "seconds": seconds,
    }
    yield from list_measurements(f"real.msr_action3d.{network}", facts, UNITS)


def measure_held(asked: Options) -> Iterator[Measurement]:
    """The network that chose everything: person 9 is not trained on."""
    joints, true = select_people(HELD)
    for network in NETWORKS:
        model, _ = train_network(network, {*LEARNED} - {HELD}, 0, asked)
        value = measure_right(predict_classes(model, joints), true)
        yield Measurement(f"real.msr_action3d.{network}.held", value, UNITS[""], 0)


def warped_distances(a: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Dynamic time warping: the cheapest way to run through a and each other.

    Shapes: a (T, D); others (N, U, D) -> distances (N,)

    Source: Sakoe & Chiba 1978.
    """
    products = np.einsum("td,nud->tun", a, others)
    squares = (a**2).sum(axis=1)[:, None, None] + (others**2).sum(axis=2).T
    cost = np.sqrt(np.maximum(squares - 2 * products, 0))
    T, U, N = cost.shape
    total = np.full((T + 1, U + 1, N), np.inf)
    total[0, 0] = 0
    for d in range(T + U - 1):  # a diagonal needs the two before it
        i = np.arange(max(0, d - U + 1), min(d + 1, T))
        j = d - i
        before = np.minimum(total[i, j + 1], total[i + 1, j])
        total[i + 1, j + 1] = cost[i, j] + np.minimum(before, total[i, j])
    return total[-1, -1]


def measure_nearest(asked: Options) -> Iterator[Measurement]:
    """The class of the most similar sequence of training."""
    learned, labels = select_people(*LEARNED)
    joints, true = select_people(*OTHERS)
    if asked.check:
        joints, true = joints[:2], true[:2]
    n = 3 * JOINTS  # without their movement
    known = np.stack([compute_features(a)[:, :n] for a in learned])
    like = [
        int(warped_distances(compute_features(a)[:, :n], known).argmin())
        for a in joints
    ]
    value = measure_right(labels[like], true)
    yield Measurement("real.msr_action3d.nearest", value, UNITS[""], "none")


TRAINING = Training(
    "msr_action3d",
    __doc__,
    {network: partial(train, network) for network in NETWORKS},
    {"held": measure_held, "nearest": measure_nearest},
    key="real.msr_action3d",
)
