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

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from time import process_time
from typing import Any

from torch import nn

from rnncore.data.public.pictures import Motion, msr_action3d
from tools.train.ch16._poses import (
    PoseBag,
    PoseClassifier,
    PosePlan,
    Sequences,
    StillBag,
    is_asked,
    is_learned,
    name_classes,
    nearest_actions,
    predict_actions,
    select_sequences,
    train_poses,
)
from tools.train.runner import (
    Measurement,
    Options,
    Training,
    list_measurements,
    show_progress,
)

PLAN = PosePlan()
HELD = 9  # the person of the validation
UNITS = {"": "% right", "weights": "weights", "seconds": "s"}
NETWORKS: dict[str, type[PoseClassifier]] = {
    "loop": PoseClassifier,
    "bag": PoseBag,
    "still": StillBag,
}


@lru_cache(maxsize=1)
def read_motions() -> list[Motion]:
    """All sequences."""
    return msr_action3d()


def select_people(keep: Callable[[int], bool]) -> Sequences:
    """What these people did."""
    return select_sequences(read_motions(), keep)


def train_network(
    network: str, keep: Callable[[int], bool], seed: int, asked: Options
) -> tuple[Any, float]:
    """A network that learned from these people, and seconds."""
    begun = process_time()
    model = train_poses(
        select_people(keep),
        PLAN._replace(seed=seed, steps=asked.steps or PLAN.steps),
        len(name_classes(read_motions())),
        NETWORKS[network],
        show_progress(f"{network} {seed}"),
    )
    return model, process_time() - begun


def measure_right(model: nn.Module, asked_for: Sequences) -> float:
    """Percent of these sequences that a network names rightly."""
    said = predict_actions(model, asked_for.joints, PLAN.frames)
    return 100 * float((said == asked_for.labels).mean())


def train(network: str, seed: int, asked: Options) -> Iterator[Measurement]:
    """Odd people to learn from, even ones to be judged by."""
    model, seconds = train_network(network, is_learned, seed, asked)
    facts = {
        "right": measure_right(model, select_people(is_asked)),
        "weights": sum(w.numel() for w in model.parameters()),
        "seconds": seconds,
    }
    yield from list_measurements(f"real.msr_action3d.{network}", facts, UNITS)


def measure_held(asked: Options) -> Iterator[Measurement]:
    """The network that chose everything: person 9 is not trained on."""

    def keep(person: int) -> bool:
        return is_learned(person) and person != HELD

    held = select_people(lambda person: person == HELD)
    for network in NETWORKS:
        model, _ = train_network(network, keep, 0, asked)
        value = measure_right(model, held)
        yield Measurement(f"real.msr_action3d.{network}.held", value, UNITS[""], 0)


def measure_nearest(asked: Options) -> Iterator[Measurement]:
    """The class of the most similar sequence of training."""
    joints, true = select_people(is_asked)
    if asked.check:
        joints, true = joints[:2], true[:2]
    said = nearest_actions(select_people(is_learned), joints, PLAN.frames)
    value = 100 * float((said == true).mean())
    yield Measurement("real.msr_action3d.nearest", value, UNITS[""], "none")


TRAINING = Training(
    "msr_action3d",
    __doc__,
    {network: partial(train, network) for network in NETWORKS},
    {"held": measure_held, "nearest": measure_nearest},
    key="real.msr_action3d",
)
