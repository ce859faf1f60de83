"""People's joints, frame by frame: the network that reads poses.

Published as a depth camera measured them, such as MSR Action3D (Li et al.
2010): people with odd numbers are learned from, the others judge.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnncore.application import cooling, seeded, train_module
from rnncore.backend import check_shape
from rnncore.data.public.pictures import JOINTS, Motion
from rnncore.nn import GRU
from rnncore.train import Schedule
from rnncore.video.model import FilmBatch

HIP = 6  # of the joints
SMOOTH = 0.1  # of a label's probability that all classes share
TURN, SIZE, ENDS = 0.6, 0.1, 0.15  # radians, share, share
NOISE = 0.01  # metres
QUICK = 5  # by how much more a movement counts than a place


class PosePlan(NamedTuple):
    """What a network of poses is made with; the defaults are the recipe.

    Its updates are a fixed number: it looks at no validation part.
    """

    frames: int = 32  # poses of a sequence
    hidden: int = 128  # units
    batch: int = 32  # sequences an update
    steps: int = 800
    rate: float = 0.003  # falls to 0 from the first step on
    dropout: float = 0.5  # of what the loop reads, and of what it says
    seed: int = 0


class Sequences(NamedTuple):
    """What some people did."""

    joints: list[np.ndarray]  # (N, 20, 3) each, relative to the hip
    labels: np.ndarray


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


def normalise_joints(motion: Motion) -> np.ndarray:
    """Joints (N, 20, 3) relative to the hip, where a person is seen.

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
    joints: np.ndarray, T: int, first: float = 0.0, last: float = 1.0
) -> np.ndarray:
    """T poses from a share of the sequence to another, and their movement.

    Shapes: joints (N, 20, 3) -> poses (T, 120)
    """
    places = np.linspace(first, last, T).clip(0, 1) * (len(joints) - 1)
    poses = interpolate_poses(joints, places).reshape(T, -1)
    moved = np.diff(poses, axis=0, prepend=poses[:1])
    return np.concatenate([poses, QUICK * moved], axis=1).astype(np.float32)


def vary_poses(joints: np.ndarray, T: int, rng: np.random.Generator) -> np.ndarray:
    """As another person might do it, seen from elsewhere.

    Shapes: joints (N, 20, 3) -> poses (T, 120)
    """
    angle = rng.uniform(-TURN, TURN)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, 0, -s], [0, 1, 0], [s, 0, c]])  # y is up
    size = 1 + rng.uniform(-SIZE, SIZE, 3)
    shake = rng.normal(0, NOISE, joints.shape[1:])  # the same in all frames
    first, last = rng.uniform(-ENDS, ENDS, 2)
    moved = (joints @ turn) * size + shake
    return compute_features(moved, T, first, 1 + last)


def name_classes(motions: Iterable[Motion]) -> list[str]:
    """The actions, as the files' names have them: a01, a02, ..."""
    return sorted({f"a{one.action:02}" for one in motions})


def select_sequences(
    motions: Sequence[Motion], keep: Callable[[int], bool]
) -> Sequences:
    """What was done by the people whose numbers are to be kept."""
    classes = name_classes(motions)
    own = [one for one in motions if keep(one.person)]
    labels = [classes.index(f"a{one.action:02}") for one in own]
    return Sequences([*map(normalise_joints, own)], np.array(labels))


def is_learned(person: int) -> bool:
    """Whether the published protocol trains on this person."""
    return person % 2 == 1


def is_asked(person: int) -> bool:
    """Whether the published protocol tests on this person."""
    return not is_learned(person)


def train_poses(
    learned: Sequences,
    plan: PosePlan,
    classes: int,
    make: type[PoseClassifier] = PoseClassifier,
    progress: Callable[[Iterable[int]], Iterable[int]] | None = None,
) -> PoseClassifier:
    """A network that has learned these sequences, which are varied."""
    joints, labels = learned

    def next_batch(rng: np.random.Generator, step: int) -> FilmBatch:
        chosen = rng.integers(len(joints), size=plan.batch)
        poses = [vary_poses(joints[k], plan.frames, rng) for k in chosen]
        return FilmBatch(
            torch.as_tensor(np.stack(poses, axis=1)), torch.as_tensor(labels[chosen])
        )

    with seeded(plan.seed):
        model = make(6 * JOINTS, plan.hidden, classes, plan.dropout)
    train_module(
        model,
        pose_loss,
        next_batch,
        optimizer=cooling(plan.rate, plan.steps, 1.0),
        schedule=Schedule(plan.steps, 1.0, progress=progress),
        rng=np.random.default_rng(plan.seed),
    )
    return model


def pose_loss(model: nn.Module, batch: FilmBatch, carry: Any) -> tuple[Tensor, Any]:
    """The surprise of the label, which has a small chance to be wrong."""
    logits = model(batch.frames)
    loss = cross_entropy(logits, batch.labels, label_smoothing=SMOOTH)
    return loss, carry


def predict_actions(
    model: nn.Module, joints: Sequence[np.ndarray], T: int
) -> np.ndarray:
    """The likeliest class of each sequence, as it is."""
    poses = np.stack([compute_features(a, T) for a in joints], axis=1)
    with torch.no_grad():
        logits = model(torch.as_tensor(poses))
    found: np.ndarray = logits.argmax(dim=1).numpy()
    return found


def nearest_actions(
    learned: Sequences, joints: Iterable[np.ndarray], T: int
) -> np.ndarray:
    """For each sequence the class of the most similar one learned.

    By dynamic time warping of what the networks read: poses and movement.
    """
    rows = np.stack([compute_features(a, T) for a in learned.joints])
    like = [
        int(warped_distances(compute_features(a, T), rows).argmin()) for a in joints
    ]
    return learned.labels[like]


def warped_distances(a: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Dynamic time warping: the cheapest way through a and each other.

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
