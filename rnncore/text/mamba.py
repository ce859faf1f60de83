"""A published Mamba, read into the course's own selective layer.

The file is the model.safetensors of a repository in the form of
state-spaces/mamba-130m-hf: of a network of L layers the tensors::

    backbone.embeddings.weight           (K, D)
    backbone.layers.0.norm.weight        (D,)
    backbone.layers.0.mixer.in_proj.weight   (2*H, D)
    backbone.layers.0.mixer.conv1d.weight    (H, 1, W)
    backbone.layers.0.mixer.conv1d.bias      (H,)
    backbone.layers.0.mixer.x_proj.weight    (R + 2*N, H)
    backbone.layers.0.mixer.dt_proj.weight   (H, R)
    backbone.layers.0.mixer.dt_proj.bias     (H,)
    backbone.layers.0.mixer.A_log            (H, N)
    backbone.layers.0.mixer.D                (H,)
    backbone.layers.0.mixer.out_proj.weight  (D, H)
    backbone.norm_f.weight               (D,)

With mamba-130m K, D, H, N, R, W and L are 50280, 768, 1536, 16, 48, 4 and
24. The published layer computes its steps through R numbers; their product
with what follows is the rows p of `Selective.W_x`. Its use::

    from tokenizers import Tokenizer  # and tokenizer.json beside the file

    model = read_mamba("model.safetensors")
    ids = torch.tensor(Tokenizer.from_file("tokenizer.json")
                       .encode("A recurrent network").ids)
    with torch.no_grad():
        logits, state = model(ids[:, None])
"""

import os
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, silu

from rnncore.backend import check_shape
from rnncore.blocks import Scan, State
from rnncore.diagonal import (
    Selective,
    selective_layer,
    selective_layer_vjp,
)
from rnncore.storage.files import Refused
from rnncore.storage.weights import MANY

NUMBERS = torch.float32, torch.float16, torch.bfloat16


class MambaSize(NamedTuple):
    """The sizes of a published Mamba."""

    K: int  # tokens
    D: int  # channels between the blocks
    H: int  # channels of the selective layer
    N: int  # numbers of state for each of them
    R: int  # through which the steps are computed
    W: int  # steps that the convolution sees
    layers: int


class MambaBlock(nn.Module):
    """A short convolution, the selective layer, and a gate: a correction.

    The state is what the convolution read in its last W - 1 steps, and
    that of the selective layer.

    Shapes: x (T, B, D); state -> y (T, B, D); state
    """

    def __init__(self, size: MambaSize, eps: float = 1e-5):
        super().__init__()
        _, D, H, N, _, W, _ = size
        self.norm = nn.RMSNorm(D, eps)
        self.inputs = nn.Linear(D, 2 * H, bias=False)
        self.taps = nn.Parameter(torch.full((H, 1, W), 1 / W))
        self.shift = nn.Parameter(torch.zeros(H))
        rates = torch.arange(1.0, N + 1).log().repeat(H, 1)
        W_x, b_x = torch.zeros(H + 2 * N, H), torch.zeros(H + 2 * N)
        weights = Selective(W_x, b_x, rates, torch.ones(H))
        self.layer = Scan(
            selective_layer, selective_layer_vjp, weights, H, N
        )
        self.out = nn.Linear(H, D, bias=False)

    def first(self, B: int) -> State:
        """The state before any step: zeros."""
        H, _, W = self.taps.shape
        return self.taps.new_zeros(W - 1, B, H), *self.layer.first(B)

    def forward(self, x: Tensor, state: State) -> tuple[Tensor, State]:
        """All steps, and the state after the last."""
        before, h = state
        u, gate = self.inputs(self.norm(x)).chunk(2, dim=-1)
        u = torch.cat([before, u])
        before = u[len(u) - len(before) :]
        H = u.shape[-1]
        u = conv1d(u.permute(1, 2, 0), self.taps, self.shift, groups=H)
        y, (h,) = self.layer(silu(u.permute(2, 0, 1)), (h,))
        return x + self.out(y * silu(gate)), (before, h)


class Mamba(nn.Module):
    """Tokens in, logits of each next token out, as it was published.

    Shapes: ids (T, B); state -> logits (T, B, K); state
    """

    def __init__(self, size: MambaSize, eps: float = 1e-5):
        super().__init__()
        self.size = size
        self.embedding = nn.Embedding(size.K, size.D)
        blocks = [MambaBlock(size, eps) for _ in range(size.layers)]
        self.layers: Any = nn.ModuleList(blocks)
        self.norm = nn.RMSNorm(size.D, eps)

    def zero_state(self, B: int) -> State:
        """The state before any token was read."""
        return tuple(block.first(B) for block in self.layers)

    def forward(
        self, ids: Tensor, state: State | None = None
    ) -> tuple[Tensor, State]:
        """Logits of the token after each, and the state after the last."""
        check_shape("ids", ids, "T", "B")
        state = self.zero_state(ids.shape[1]) if state is None else state
        x, after = self.embedding(ids), []
        for block, before in zip(self.layers, state, strict=True):
            x, last = block(x, before)
            after.append(last)
        return self.norm(x) @ self.embedding.weight.T, tuple(after)


def read_mamba(path: str | os.PathLike, eps: float = 1e-5) -> Mamba:
    """The network in a published file, in float32 and in eval mode.

    `eps` is layer_norm_epsilon in the config.json beside the file.

    Raises Refused naming the file where it is damaged, or a tensor where
    it is missing, unexpected, of another shape or dtype, or not finite.
    Source: Gu & Dao 2023; names and shapes: state-spaces/mamba-130m-hf.
    """
    path = Path(path)
    tensors = _tensors(path)
    try:
        size = mamba_size(tensors)
        _check(size, tensors)
    except ValueError as error:
        raise Refused(f"{path}: no Mamba: {error}") from error
    model = Mamba(size, eps)
    with torch.no_grad():
        model.embedding.weight.copy_(tensors["backbone.embeddings.weight"])
        model.norm.weight.copy_(tensors["backbone.norm_f.weight"])
        for k, block in enumerate(model.layers):
            _fill(block, size, tensors, f"backbone.layers.{k}.")
    return model.eval()


def published_shapes(size: MambaSize) -> dict[str, tuple[int, ...]]:
    """The names and shapes of a file's tensors, lm_head left out."""
    K, D, H, N, R, W, layers = size
    shapes: dict[str, tuple[int, ...]] = {
        "backbone.embeddings.weight": (K, D),
        "backbone.norm_f.weight": (D,),
    }
    block: dict[str, tuple[int, ...]] = {
        "norm.weight": (D,),
        "mixer.in_proj.weight": (2 * H, D),
        "mixer.conv1d.weight": (H, 1, W),
        "mixer.conv1d.bias": (H,),
        "mixer.x_proj.weight": (R + 2 * N, H),
        "mixer.dt_proj.weight": (H, R),
        "mixer.dt_proj.bias": (H,),
        "mixer.A_log": (H, N),
        "mixer.D": (H,),
        "mixer.out_proj.weight": (D, H),
    }
    for k in range(layers):
        shapes |= {f"backbone.layers.{k}.{n}": s for n, s in block.items()}
    return shapes


def mamba_size(tensors: dict[str, Tensor]) -> MambaSize:
    """The sizes that a file's tensors imply.

    Raises ValueError where one that tells them is missing or of another
    number of dimensions.
    """

    def sizes(name: str, *dims: int | str) -> tuple[int, ...]:
        check_shape(name, tensors.get(name), *dims)
        return tuple(tensors[name].shape)

    first = "backbone.layers.0.mixer."
    K, D = sizes("backbone.embeddings.weight", "K", "D")
    H, N = sizes(f"{first}A_log", "H", "N")
    _, R = sizes(f"{first}dt_proj.weight", H, "R")
    *_, W = sizes(f"{first}conv1d.weight", H, 1, "W")
    names = (re.match(r"backbone\.layers\.(\d{1,4})\.", n) for n in tensors)
    layers = 1 + max(int(match[1]) for match in names if match)
    if layers > MANY:
        raise ValueError(f"layers: expected 1 to {MANY}, got {layers}")
    return MambaSize(K, D, H, N, R, W, layers)


def _tensors(path: Path) -> dict[str, Tensor]:
    """All tensors of a file, by their names in transformers.

    Raises Refused where it is no safetensors file.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if path.is_dir():
        raise Refused(f"{path}: expected a file of weights, got a folder")
    try:
        tensors = load_file(path)
    except FileNotFoundError as error:
        raise Refused(f"{path}: there is no such file") from error
    except (SafetensorError, ValueError) as error:
        raise Refused(f"{path}: damaged: {error}") from error
    older = "backbone.embedding.weight"  # as it was named before that
    if older in tensors:
        tensors["backbone.embeddings.weight"] = tensors.pop(older)
    return tensors


def _check(size: MambaSize, tensors: dict[str, Tensor]) -> None:
    """Raise ValueError unless these are all tensors of such a network."""
    shapes = published_shapes(size)
    head, table = "lm_head.weight", "backbone.embeddings.weight"
    if head in tensors:  # a copy of the table, in some files
        shapes[head] = shapes[table]
    for name in [*shapes, *tensors]:
        if name not in tensors or name not in shapes:
            how = "unexpected" if name in tensors else "missing"
            raise ValueError(f"{name}: it is {how}")
        check_shape(name, tensors[name], *shapes[name])
        dtype = tensors[name].dtype
        if dtype not in NUMBERS:
            known = ", ".join(str(d) for d in NUMBERS)
            raise ValueError(f"{name}: expected {known}, got {dtype}")
        if not tensors[name].isfinite().all():
            raise ValueError(f"{name}: expected finite numbers")
    if head in tensors and not torch.equal(tensors[head], tensors[table]):
        raise ValueError(f"{head}: expected the numbers of {table}")


def _fill(
    block: MambaBlock, size: MambaSize, tensors: dict, prefix: str
) -> None:
    """Put one layer's tensors where the course's block has them."""
    H, R = size.H, size.R

    def given(name: str) -> Tensor:
        return tensors[prefix + name].float()

    block.norm.weight.copy_(given("norm.weight"))
    block.inputs.weight.copy_(given("mixer.in_proj.weight"))
    block.taps.copy_(given("mixer.conv1d.weight"))
    block.shift.copy_(given("mixer.conv1d.bias"))
    block.out.weight.copy_(given("mixer.out_proj.weight"))
    x_proj = given("mixer.x_proj.weight")
    layer = dict(block.layer.named_parameters())
    layer["W_x"][:H] = given("mixer.dt_proj.weight") @ x_proj[:R]
    layer["W_x"][H:] = x_proj[R:]
    layer["b_x"][:H] = given("mixer.dt_proj.bias")
    layer["log_rate"].copy_(given("mixer.A_log"))
    layer["skip"].copy_(given("mixer.D"))
