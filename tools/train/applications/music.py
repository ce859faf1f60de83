"""Train the models of chapter 12 and store what they score.

    joint        the voices of a frame one after another
    longer       the same, twice as long, one seed
    original     the same, each piece in its own key only
    independent  the same, no voice told of the others in its frame
    frames       88 independent keys on a piano roll
    shifted      the same, each piece in eleven keys

Else three seeds each; pieces are split by melody, and no test piece is
seen before the score is taken. Into book/measurements.json under "music."
and, of seed 0, into rnncore/weights/ (joint and frames). About fifteen
minutes of one core. --published FILE runs the protocol of published
scores on the file that they are about, and stores nothing.
"""

import argparse
import os
from pathlib import Path
from typing import Any

for _name in "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS":
    os.environ.setdefault(_name, "1")

import torch
from numpy.random import default_rng
from tqdm import tqdm

from rnncore.application import WEIGHTS, origin
from rnncore.data.music import chorales
from rnncore.music.frames import key_chain, key_frequencies, nats_a_frame
from rnncore.music.generate import compose
from rnncore.music.habits import habits
from rnncore.music.markov import Chain
from rnncore.music.published import published_scores, read_published
from rnncore.music.split import Parts, split
from rnncore.music.training import (
    rolls,
    rounded,
    save_model,
    train_frames,
    train_voices,
)
from rnncore.music.voices import moved, score_nats
from tools.measurements import PATH, record

SEEDS = (0, 1, 2)
UNIT = "nats a frame of the test pieces, first frames left out, one a seed"
VOICES: dict[str, dict[str, Any]] = {
    "joint": {},
    "original": {"shifts": 0, "steps": 500, "evaluate_every": 50},
    "independent": {"joint": False},
    "longer": {"steps": 2400},
}
FRAMES: dict[str, dict[str, Any]] = {"frames": {}, "shifted": {"shifts": 5}}


def command(name: str) -> str:
    """How to train this one again."""
    return f"python -m tools.train music --what {name}"


def voices(name: str, parts: Parts, seed: int, folder: Path) -> Any:
    """Train one joint model; its score is that of the stored weights."""
    options = VOICES[name]
    joint = options.get("joint", True)
    model, about = train_voices(
        parts,
        seed=seed,
        progress=lambda s: tqdm(s, desc=f"{name}, seed {seed}"),
        **options,
    )
    rounded(model)
    about["score"] = score_nats(model, parts.test, joint)
    if joint:  # else `compose` would tell it what it never learned to hear
        about["parallels"] = parallels(model, about["compass"], seed)
    if seed == 0 and name == "joint":
        path = folder / "music_voices.safetensors"
        save_model(path, model, about | origin(command(name)))
    return about


def parallels(model: Any, compass: Any, seed: int) -> float:
    """Parallel fifths and octaves a 100 chances, in 48 pieces it draws."""
    told = habits(compose(model, compass, 64, default_rng(seed), B=48))
    both = told["parallel fifths, %"] + told["parallel octaves, %"]
    return round(both, 2)


def frames(name: str, parts: Parts, seed: int, folder: Path) -> Any:
    """Train one frame model."""
    train, validation, test = (rolls(p) for p in parts)
    model, about = train_frames(
        (train, validation),
        seed=seed,
        progress=lambda s: tqdm(s, desc=f"{name}, seed {seed}"),
        **FRAMES[name],
    )
    rounded(model)
    about["score"] = nats_a_frame(model, test)
    if seed == 0 and name == "frames":
        path = folder / "music_frames.safetensors"
        save_model(path, model, about | origin(command(name)))
    return about


def baselines(parts: Parts, path: Path) -> None:
    """What counting alone gives."""
    train, _, test = (rolls(p) for p in parts)
    keys = [moved(s, k) for s in parts.train for k in range(-5, 6)]
    scores = {
        "music.key_frequencies": nats_a_frame(key_frequencies(train), test),
        "music.key_chain": nats_a_frame(key_chain(train), test),
        "music.chain": Chain(keys).nats(parts.test),
        "music.chain_original": Chain(parts.train).nats(parts.test),
    }
    for key, score in scores.items():
        tqdm.write(f"{key}: {score:.3f}")
    record(
        scores,
        unit=UNIT.removesuffix(", one a seed"),
        seed=None,
        command=command("baselines"),
        path=path,
    )


def keep(name: str, told: list[Any], seeds: list[int], path: Path) -> None:
    """Record what the runs of one model gave."""
    about: dict[str, Any] = {
        "seed": seeds,
        "command": command(name),
        "path": path,
    }
    record(
        {f"music.{name}": [round(a["score"], 4) for a in told]},
        unit=UNIT,
        **about,
    )
    record(
        {f"music.{name}.seconds": [a["seconds"] for a in told]},
        unit="s of one core, one a seed",
        **about,
    )
    if "curve" in told[0]:
        record(
            {f"music.{name}.curve": told[0]["curve"]},
            unit="steps, and nats a frame of the validation pieces",
            **about | {"seed": 0},
        )
    if "parallels" in told[0]:
        record(
            {f"music.{name}.parallels": [a["parallels"] for a in told]},
            unit="parallel fifths and octaves a 100 chances, in 48 pieces "
            "drawn at temperature 1, one a seed",
            **about,
        )


def publish(file: Path) -> None:
    """The published protocol on the published file, as a table."""
    parts = read_published(file)
    sizes = ", ".join(str(len(p)) for p in parts)
    print(f"{sizes} pieces; nats a frame of the test pieces:")
    found = published_scores(parts, progress=tqdm)
    for name, score in found.items():
        print(f"{name:32}{score}")


def run(names: list[str], path: Path, folder: Path) -> None:
    """Train and record what is named."""
    parts = split(chorales())
    for name in names:
        if name == "baselines":
            baselines(parts, path)
            continue
        train = voices if name in VOICES else frames
        chosen = SEEDS[:1] if name == "longer" else SEEDS
        told = [train(name, parts, seed, folder) for seed in chosen]
        keep(name, told, list(chosen), path)
        ends = ", ".join(f"{a['score']:.3f}" for a in told)
        tqdm.write(f"{name}: {ends}")


def main() -> None:
    """Train what the command line selects."""
    known = [*VOICES, *FRAMES, "baselines"]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--what", nargs="*", choices=known, default=known)
    parser.add_argument("--published", type=Path, metavar="FILE")
    parser.add_argument("--path", type=Path, default=PATH)
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.published:
        publish(chosen.published)
        return
    chosen.weights.mkdir(exist_ok=True)
    run(chosen.what, chosen.path, chosen.weights)


if __name__ == "__main__":
    main()
