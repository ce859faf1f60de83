"""A run on disk: one .npz file, complete or not there at all."""

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from rnncore.backend import from_numpy, named_leaves, to_numpy, tree_map
from rnncore.storage.files import whole_file

FORMAT = "rnncore run, version 1"


def write_checkpoint(
    path: str | os.PathLike,
    tree: Any,
    log: dict[str, list[float]],
    rng: np.random.Generator,
) -> None:
    """Write a tree of arrays and numbers, a log and a generator's state.

    A reader sees the old file or the new one, never a part.

    Raises ValueError naming a leaf that is no number and no array of them.
    """
    state = rng.bit_generator.state
    content: dict[str, Any] = {
        "format": np.asarray(FORMAT),
        "rng": np.asarray(json.dumps(state, default=np.ndarray.tolist)),
        **{f"log:{k}": np.asarray(v, float) for k, v in log.items()},
        **_arrays(tree),
    }
    with whole_file(path) as file:
        np.savez(file, **content)


def read_checkpoint(
    path: str | os.PathLike,
    like: Any,
    log_like: dict[str, list[float]],
    rng: np.random.Generator,
) -> tuple[Any, dict[str, list[float]]]:
    """What `write_checkpoint` wrote; sets the generator to where it was.

    Every array goes to the library and the device of its place in `like`.

    Raises ValueError naming the file where it is damaged or of another run.
    """
    raw = Path(path).read_bytes()  # an OSError names the file itself
    try:
        with np.load(io.BytesIO(raw), allow_pickle=False) as file:
            content = {name: file[name] for name in file.files}
    except Exception as error:  # numpy and zipfile raise a dozen kinds
        raise ValueError(
            f"checkpoint: {path} is damaged: {error}"
        ) from error
    try:
        if str(content.get("format")) != FORMAT:
            raise ValueError(f"it does not say {FORMAT!r}")
        tree = _fitted(content, like)
        log = {k: content[f"log:{k}"].tolist() for k in log_like}
        state = json.loads(str(content["rng"]))
        kind = rng.bit_generator.state["bit_generator"]
        if state["bit_generator"] != kind:
            raise ValueError(
                f"rng: expected {kind}, got {state['bit_generator']}"
            )
        rng.bit_generator.state = state
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(
            f"checkpoint: {path} is of another run: {error}"
        ) from error
    return tree, log


def _arrays(tree: Any) -> dict[str, np.ndarray]:
    """Each leaf that is not None as an array, under its name."""
    arrays = {
        f"tree:{name}": to_numpy(leaf)
        for name, leaf in named_leaves(tree)
        if leaf is not None
    }
    for name, a in arrays.items():
        if a.dtype.kind not in "fiub":
            raise ValueError(
                f"{name.removeprefix('tree:')}: expected an array of "
                f"numbers, got {a.dtype}"
            )
    return arrays


def _fitted(content: dict[str, np.ndarray], like: Any) -> Any:
    """The stored arrays in the form of `like`."""
    expected = _arrays(like)
    stored = [name for name in content if name.startswith("tree:")]
    for name in [*expected, *stored]:
        if name not in stored or name not in expected:
            where = "unexpected" if name in stored else "missing"
            raise ValueError(f"{name.removeprefix('tree:')} is {where}")
    for name, a in expected.items():
        found = content[name]
        if (found.shape, found.dtype) != (a.shape, a.dtype):
            raise ValueError(
                f"{name.removeprefix('tree:')}: expected {a.dtype} "
                f"{a.shape}, got {found.dtype} {found.shape}"
            )
    values = iter([content[name] for name in expected])
    return tree_map(
        lambda a: None if a is None else _restored(next(values), a), like
    )


def _restored(value: np.ndarray, like: Any) -> Any:
    """An array as `like` is one, or a plain number as `like` is one."""
    if isinstance(like, int | float):
        return type(like)(value)
    return from_numpy(value, like)
