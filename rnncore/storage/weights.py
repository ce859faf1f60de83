"""Files of weights: written whole, and refused if they are damaged.

torch is imported where it is needed: a refusal does not wait for it.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rnncore
from rnncore.backend import check_shape
from rnncore.storage.files import Refused, check_stand_in, whole_file

if TYPE_CHECKING:
    import torch
    from torch import Tensor

WEIGHTS = Path(rnncore.__file__).parent / "weights"  # the package's own
FORMAT = "rnncore weights, version 1"
MANY = 1_000  # layers, or networks, that a file may hold


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
        for name, tensor in tensors_of(module).items()
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
    return _read_header(Path(path), kind)[0]


def load_weights(
    path: str | os.PathLike, kind: str | None = None
) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """What `save_weights` wrote: tensors by name, and what they are.

    Raises Refused naming the file where it is damaged, holds no weights
    of this course, or is of another kind than asked for.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    about, metadata = _read_header(path, kind)
    try:
        with safe_open(path, framework="pt") as file:
            names = file.keys()
            tensors = {name: file.get_tensor(name) for name in names}
    except (SafetensorError, ValueError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    if metadata.get("checksum") != _checksum(tensors, metadata["about"]):
        raise Refused(f"{path}: damaged: its checksum differs")
    return tensors, about


def _read_header(
    path: Path, kind: str | None
) -> tuple[dict[str, Any], dict[str, str]]:
    """What a file's header says: of the model, and all of it."""
    from safetensors import SafetensorError, safe_open

    if path.is_dir():
        raise Refused(f"{path}: expected a file of weights, got a folder")
    try:
        with path.open("rb") as file:  # which a log of what is read sees
            begin = file.read(200)
        check_stand_in(path, begin)
        if begin.startswith(b"PK\3\4"):
            raise Refused(
                f"{path}: expected safetensors, got what torch.save wrote"
            )
        with safe_open(path, framework="np") as file:
            metadata = file.metadata() or {}
    except FileNotFoundError as error:
        raise Refused(f"{path}: there is no such file") from error
    except (SafetensorError, ValueError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    found, ours = metadata.get("format", ""), FORMAT.rpartition(" ")[0]
    if found != FORMAT and found.startswith(f"{ours} "):
        raise Refused(
            f"{path}: expected {FORMAT}, got {found}: another version of "
            "rnncore wrote it"
        )
    if found != FORMAT:
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
        for name, tensor in tensors_of(module).items():
            tensor.copy_(weights[name])


def check_weights(
    module: torch.nn.Module, weights: dict[str, Tensor]
) -> None:
    """Raise ValueError unless these are all weights of the module."""
    own = tensors_of(module)
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


def place(given: dict[str, Any], params: dict[str, Tensor]) -> None:
    """Let the module's parameters be these tensors.

    On a GPU they are copied: cuDNN wants a layer's weights side by side.
    """
    for name, parameter in given.items():
        if parameter.is_cuda:
            parameter.data.copy_(params[name])
        else:
            parameter.data = params[name]


def tensors_of(module: torch.nn.Module) -> dict[str, Tensor]:
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
