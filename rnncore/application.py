"""What the applications share: training a module, weights, devices, splits.

The networks are torch modules made of `rnncore.nn`; the loop that trains
them is `rnncore.train.fit`, the update one of `rnncore.optim`. torch is
imported where it is needed, so that a refusal does not wait for it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import math
import os
import platform
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

import rnncore
from rnncore.backend import check_shape, tree_map
from rnncore.files import Refused, whole_file
from rnncore.optim import Optimizer, adam
from rnncore.train import Fit, Schedule, fit

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WEIGHTS = Path(__file__).parent / "weights"  # what comes with the package
FORMAT = "rnncore weights, version 1"
MANY = 1_000  # layers, or networks, that a file may hold


class Score(NamedTuple):
    """What several seeds gave: "1.84 ± 0.04 (3 seeds)"."""

    mean: float
    spread: float  # the sample's standard deviation
    seeds: int

    def __str__(self) -> str:
        if self.seeds == 1:
            return f"{self.mean:.4g} (1 seed)"
        if self.spread < 1e-12 * max(1.0, abs(self.mean)):  # rounding
            return f"{self.mean:.4g} ± 0 ({self.seeds} seeds)"
        # one digit of the spread, as many of the mean
        digits = max(0, -math.floor(math.log10(self.spread)))
        return (
            f"{self.mean:.{digits}f} ± {self.spread:.{digits}f} "
            f"({self.seeds} seeds)"
        )


def spread_of(values: Sequence[float]) -> Score:
    """Mean and standard deviation of one score per seed.

    Raises ValueError where there is none.
    """
    if not len(values):
        raise ValueError("values: expected at least one, got none")
    some = len(values) > 1
    spread = float(np.std(values, ddof=1)) if some else 0.0
    return Score(float(np.mean(values)), spread, len(values))


def check_device(name: str) -> None:
    """Raise Refused unless there is a device of this name.

    torch is imported only where a GPU is asked for by name.
    """
    kind, _, number = name.partition(":")
    known = name in ("auto", "cpu", "cuda")
    if not known and not (kind == "cuda" and number.isdecimal()):
        raise Refused(
            f"device: expected auto, cpu, cuda or cuda:0, got {name!r}"
        )
    if name in ("auto", "cpu"):
        return
    import torch

    if not torch.cuda.is_available():
        raise Refused(f"device: torch finds no GPU here, got {name!r}")
    last = torch.cuda.device_count() - 1
    if number and int(number) > last:
        raise Refused(
            f"device: expected cuda:0 to cuda:{last}, got {name!r}"
        )


def choose_device(name: str = "auto") -> torch.device:
    """The device of this name; "auto" is a GPU where there is one.

    Raises Refused where there is no such device.
    """
    import torch

    check_device(name)
    if name == "cpu" or (name == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    torch.cuda.init()  # from now on `seeded` knows of its generators
    return torch.device("cuda" if name == "auto" else name)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Inside, torch draws from this seed; then from where it was before.

    That holds on the CPU and on each GPU in use: for first weights,
    and for dropout.
    """
    import torch

    before = torch.random.get_rng_state()
    on_gpu = torch.cuda.is_initialized()
    others = torch.cuda.get_rng_state_all() if on_gpu else []
    torch.default_generator.manual_seed(seed)
    if on_gpu:
        torch.cuda.manual_seed_all(seed)
    try:
        yield
    finally:
        torch.random.set_rng_state(before)
        if others:
            torch.cuda.set_rng_state_all(others)


def cooling(rate: float, steps: int, last: float = 0.4) -> Optimizer:
    """Adam whose rate falls in a straight line to 0 over the last part."""

    def update(params, d_params, state):
        left = (steps - state.steps) / (last * steps)
        now = rate * min(1.0, max(left, 0.0))
        return adam(now).update(params, d_params, state)

    return Optimizer(adam(rate).init, update)


def train_module(
    module: torch.nn.Module,
    loss: Callable[[Any, Any, Any], tuple[Tensor, Any]],
    next_batch: Callable[[np.random.Generator, int], Any],
    *,
    optimizer: Optimizer,
    schedule: Schedule,
    rng: np.random.Generator,
    carry: Any = None,
    evaluate: Callable[[Any], float] | None = None,
) -> Fit:
    """`rnncore.train.fit` around a torch module, in place.

    `loss(module, batch, carry)` gives a scalar and the next carry, which
    is detached for it; `evaluate(module)` a held-out score, without
    gradients and dropout. The seed of each step's dropout comes from
    `rng`, so that a run resumed from its checkpoint has the same losses.
    Then the module holds the best weights and is in evaluation mode.

    Raises what `fit` raises; ValueError where the module has nothing to
    train or the loss is no scalar.
    """
    import torch

    def detached(leaf: Any) -> Any:
        return leaf.detach() if isinstance(leaf, torch.Tensor) else leaf

    given = {n: p for n, p in module.named_parameters() if p.requires_grad}
    if not given:
        raise ValueError("module: expected a parameter to train, got none")

    def loss_and_gradient(params, batch, carry):
        _place(given, params)
        module.train()
        with torch.enable_grad(), seeded(int(rng.integers(2**62))):
            value, carry = loss(module, batch, carry)
            check_shape("loss", value)
            d = torch.autograd.grad(
                value, list(given.values()), materialize_grads=True
            )
        d_params = dict(zip(given, d, strict=True))
        return value.detach(), d_params, tree_map(detached, carry)

    def looked(params):
        _place(given, params)
        return evaluated(module, evaluate)

    result = fit(
        loss_and_gradient,
        {n: p.detach().clone() for n, p in given.items()},
        next_batch,
        optimizer=optimizer,
        schedule=schedule,
        rng=rng,
        carry=carry,
        evaluate=looked if evaluate else None,
    )
    _place(given, {n: w.clone() for n, w in result.params.items()})
    module.eval()
    return result


def evaluated(module: torch.nn.Module, evaluate: Callable) -> float:
    """`evaluate(module)` without gradients, dropout and chance."""
    import torch

    module.eval()
    with torch.no_grad(), seeded(0):
        return evaluate(module)


def split(count: int, *shares: float) -> list[range]:
    """0 to count - 1 in parts, in order: the rest first, then each share.

    No part is empty. To shuffle, take these parts of a permutation.

    Raises ValueError where that cannot be.
    """
    if not all(0 < s < 1 for s in shares) or not sum(shares) < 1:
        raise ValueError(
            "shares: expected positive numbers with a sum below 1, "
            f"got {shares}"
        )
    if count <= len(shares):
        raise ValueError(
            f"count: expected at least {len(shares) + 1}, got {count}"
        )
    sizes = [max(1, round(s * count)) for s in shares]
    while sum(sizes) >= count:
        sizes[sizes.index(max(sizes))] -= 1
    ends = [*np.cumsum([count - sum(sizes), *sizes]).tolist()]
    return [range(a, b) for a, b in zip([0, *ends], ends, strict=False)]


def origin(command: str) -> dict[str, str]:
    """What to write beside a result: command, date and versions."""
    import torch

    return {
        "command": command,
        "date": datetime.date.today().isoformat(),
        "machine": platform.machine(),
        "python": platform.python_version(),
        "rnncore": rnncore.__version__,
        "torch": torch.__version__,
    }


def save_weights(
    path: str | os.PathLike,
    module: torch.nn.Module,
    about: dict[str, Any],
    dtype: torch.dtype | None = None,
) -> None:
    """One safetensors file of the module's weights and what they are.

    A weight that is used twice is written once; floats in another
    precision where `dtype` asks for it. The file is written whole.

    Raises ValueError where `about` is no JSON.
    """
    from safetensors.torch import save

    tensors = {
        name: _stored(tensor, dtype)
        for name, tensor in _tensors(module).items()
    }
    try:
        text = json.dumps(about, sort_keys=True, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"about: {error}") from error
    metadata = {
        "about": text,
        "checksum": _checksum(tensors, text),
        "format": FORMAT,
    }
    content = _sorted_header(save(tensors, metadata))
    with whole_file(path) as file:
        file.write(content)


def halved(module: Any) -> Any:
    """The module with its weights as a file in half precision has them."""
    import torch

    with torch.no_grad():
        for weights in module.parameters():
            weights.copy_(weights.half())
    return module


def read_about(
    path: str | os.PathLike, kind: str | None = None
) -> dict[str, Any]:
    """What a file of weights says of itself, without reading the weights.

    Raises Refused as `load_weights` does, but for damaged weights.
    """
    return _about(Path(path), kind)[0]


def load_weights(
    path: str | os.PathLike, kind: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_weights` wrote: tensors by name, and what they are.

    Raises Refused naming the file where it is damaged, holds no weights
    of this course, or is of another kind than asked for.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    about, metadata = _about(path, kind)
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, ValueError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    if metadata.get("checksum") != _checksum(tensors, metadata["about"]):
        raise Refused(f"{path}: damaged: its checksum differs")
    return tensors, about


def _about(
    path: Path, kind: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a file's header says: of the model, and all of it."""
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        raise Refused(f"{path}: expected a file of weights, got a folder")
    try:
        path.open("rb").close()  # which a log of what is read can see
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError as error:
        raise Refused(f"{path}: there is no such file") from error
    except (SafetensorError, ValueError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    if metadata.get("format") != FORMAT:
        raise Refused(f"{path}: these are no weights of this course")
    try:
        about = json.loads(metadata.get("about", ""))
    except (ValueError, RecursionError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    if not isinstance(about, dict):
        raise Refused(f"{path}: damaged: it does not say what it is")
    if kind is not None and about.get("kind") != kind:
        raise Refused(
            f"{path}: expected a model of {kind!r}, "
            f"got one of {about.get('kind')!r}"
        )
    return about, metadata


def put_weights(
    module: torch.nn.Module, weights: dict[str, Tensor]
) -> None:
    """Set all weights of a module, in its precision and on its device.

    Raises ValueError naming a weight that is missing, unexpected or of
    another shape; then the module is as it was.
    """
    import torch

    check_weights(module, weights)
    with torch.no_grad():
        for name, tensor in _tensors(module).items():
            tensor.copy_(weights[name])


def check_weights(
    module: torch.nn.Module, weights: dict[str, Tensor]
) -> None:
    """Raise ValueError unless these are all weights of the module."""
    own = _tensors(module)
    for name in [*own, *weights]:
        if name not in weights or name not in own:
            how = "unexpected" if name in weights else "missing"
            raise ValueError(f"{name}: it is {how}")
        check_shape(name, weights[name], *own[name].shape)


def load_module(
    path: str | os.PathLike,
    kind: str,
    make: Callable[[dict[str, Any]], torch.nn.Module],
    what: str,
) -> tuple[Any, dict[str, Any]]:
    """The module that a file of weights holds, and what is known of it.

    `make(about)` builds it with any weights; it comes back in eval mode.

    Raises Refused naming the file where it is damaged, of another kind,
    or does not say enough to be what is wanted: `what`, in words.
    """
    import torch

    weights, about = load_weights(path, kind)
    try:
        _check_counts(about)
        with torch.device("meta"):  # no memory is taken for hostile sizes
            check_weights(make(about), weights)
        module = make(about)
        put_weights(module, weights)
    except Exception as error:  # as many kinds as about has places
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise Refused(f"{path}: no {what}: {reason}") from error
    return module.eval(), about


def _check_counts(about: Any) -> None:
    """Raise ValueError where a model says that it has very many layers.

    A layer with wrong sizes is seen when it is made; a billion of them
    would never be done.
    """
    inner = about.values() if isinstance(about, dict) else []
    for found in (about, *(v for v in inner if isinstance(v, dict))):
        for name in "layers", "networks":
            count = found.get(name, 1)
            if not isinstance(count, int) or not 0 < count <= MANY:
                raise ValueError(
                    f"{name}: expected 1 to {MANY}, got {count!r}"
                )


def stored(name: str) -> Path:
    """The weights of this name that come with the package.

    Raises Refused where there are none.
    """
    path = WEIGHTS / f"{name}.safetensors"
    if not path.exists():
        known = sorted(p.stem for p in WEIGHTS.glob("*.safetensors"))
        raise Refused(
            f"there is no {name!r} among the package's weights: "
            f"{', '.join(known) or 'there are none'}"
        )
    return path


def _place(given: dict[str, Any], params: dict[str, Tensor]) -> None:
    """Let the module's parameters be these tensors."""
    for name, parameter in given.items():
        parameter.data = params[name]


def _tensors(module: torch.nn.Module) -> dict[str, Tensor]:
    """Parameters and buffers, each once, under its first name."""
    return dict(module.named_parameters()) | dict(module.named_buffers())


def _stored(tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    import torch

    tensor = tensor.detach().cpu()
    if dtype is not None and tensor.is_floating_point():
        tensor = tensor.to(dtype)
    # a copy, as what has one entry is contiguous whatever its strides are
    return tensor.clone(memory_format=torch.contiguous_format)


def _checksum(tensors: dict[str, Tensor], text: str) -> str:
    """SHA-256 over names, shapes, types and bytes of all, and the text."""
    import torch

    total = hashlib.sha256(text.encode())
    for name, a in sorted(tensors.items()):
        total.update(f"\n{name} {a.dtype} {tuple(a.shape)}\n".encode())
        total.update(a.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()


def _sorted_header(content: bytes) -> bytes:
    """A safetensors file whose header stands in one order.

    The library writes the metadata in an order that varies from run to
    run. Eight bytes give the header's length; it is JSON.
    """
    end = 8 + int.from_bytes(content[:8], "little")
    header = json.loads(content[8:end])
    text = json.dumps(header, sort_keys=True, separators=(",", ":"))
    raw = text.encode()
    raw += b" " * (-len(raw) % 8)  # tensors begin at a multiple of 8
    return len(raw).to_bytes(8, "little") + raw + content[end:]
