"""A published Mamba, against its equations and on made files."""

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from rnncore.storage.files import Refused
from rnncore.text.mamba import MambaSize, published_shapes, read_mamba
from tests.helpers.arrays import assert_close

SIZE = MambaSize(K=11, D=6, H=10, N=3, R=2, W=4, layers=2)
PUBLISHED = MambaSize(50280, 768, 1536, 16, 48, 4, 24)  # mamba-130m
TABLE = "backbone.embeddings.weight"
FIRST = "backbone.layers.0.mixer."


@pytest.fixture
def tensors():
    """What a file of the published form holds, but small."""
    torch.manual_seed(3)
    return {
        name: torch.randn(shape) * 0.7
        for name, shape in published_shapes(SIZE).items()
    }


@pytest.fixture
def written(tmp_path):
    """Write tensors into a file."""

    def write(tensors):
        path = tmp_path / "model.safetensors"
        save_file({n: t.contiguous() for n, t in tensors.items()}, path)
        return path

    return write


def silu(a):
    return a / (1 + np.exp(-a))


def normed(x, weight):
    return x / np.sqrt(np.mean(x * x) + 1e-5) * weight


def one_token(tensors, token, states):
    """One step of one sequence, as the published code takes it."""
    w = {name: t.double().numpy() for name, t in tensors.items()}
    x = w[TABLE][token]
    for k, (conv, h) in enumerate(states):
        layer = f"backbone.layers.{k}."
        m = f"{layer}mixer."
        both = w[f"{m}in_proj.weight"] @ normed(x, w[f"{layer}norm.weight"])
        u, z = both[: SIZE.H], both[SIZE.H :]
        conv[:, :-1] = conv[:, 1:].copy()
        conv[:, -1] = u
        taps = w[f"{m}conv1d.weight"][:, 0]
        u = silu((conv * taps).sum(1) + w[f"{m}conv1d.bias"])
        dt, b, c = np.split(
            w[f"{m}x_proj.weight"] @ u, [SIZE.R, SIZE.R + SIZE.N]
        )
        dt = w[f"{m}dt_proj.weight"] @ dt + w[f"{m}dt_proj.bias"]
        dt = np.log1p(np.exp(dt))
        h *= np.exp(dt[:, None] * -np.exp(w[f"{m}A_log"]))
        h += dt[:, None] * b * u[:, None]
        y = h @ c + w[f"{m}D"] * u
        x = x + w[f"{m}out_proj.weight"] @ (y * silu(z))
    return w[TABLE] @ normed(x, w["backbone.norm_f.weight"])


def test_it_computes_what_the_published_steps_compute(tensors, written):
    model = read_mamba(written(tensors)).double()
    rng = np.random.default_rng(0)
    ids = rng.integers(0, SIZE.K, (9, 2))
    with torch.no_grad():
        logits, _ = model(torch.tensor(ids))
    for b in range(2):
        states = [
            (np.zeros((SIZE.H, SIZE.W)), np.zeros((SIZE.H, SIZE.N)))
            for _ in range(SIZE.layers)
        ]
        expected = [
            one_token(tensors, token, states) for token in ids[:, b]
        ]
        # the product of dt_proj and x_proj was rounded to float32
        assert_close(logits[:, b].numpy(), np.stack(expected), within=1e-5)


def test_token_by_token_it_gives_what_it_gives_at_once(tensors, written):
    model = read_mamba(written(tensors)).double()
    ids = torch.tensor([[1, 4], [2, 2], [10, 0], [3, 3], [7, 1]])
    with torch.no_grad():
        whole, last = model(ids)
        state, parts = None, []
        for piece in ids[:1], ids[1:4], ids[4:]:
            logits, state = model(piece, state)
            parts.append(logits)
    assert_close(torch.cat(parts), whole)
    for one, other in zip(state, last, strict=True):
        for a, b in zip(one, other, strict=True):
            assert_close(a, b)


def test_a_gradient_reaches_every_weight(tensors, written):
    model = read_mamba(written(tensors))
    logits, _ = model(torch.arange(6)[:, None])
    logits.square().mean().backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.any(), name


def test_the_published_sizes_make_the_published_file():
    shapes = published_shapes(PUBLISHED)
    # as listed with the checkpoint
    assert shapes[f"{FIRST}x_proj.weight"] == (80, 1536)
    assert shapes[f"{FIRST}in_proj.weight"] == (3072, 768)
    count = sum(int(np.prod(shape)) for shape in shapes.values())
    assert round(4 * count / 1e6) == 517  # megabytes of float32


def test_half_precision_and_the_older_name_are_read(tensors, written):
    expected = read_mamba(written(tensors))
    older = {
        name.replace("embeddings", "embedding"): t
        for name, t in tensors.items()
    }
    found = read_mamba(written(older))
    assert torch.equal(found.embedding.weight, expected.embedding.weight)
    half = {name: t.bfloat16() for name, t in tensors.items()}
    found = read_mamba(written(half))
    assert torch.equal(
        found.norm.weight, half["backbone.norm_f.weight"].float()
    )


def test_a_head_may_be_there_if_it_is_the_table(tensors, written):
    copy = {**tensors, "lm_head.weight": tensors[TABLE].clone()}
    read_mamba(written(copy))
    copy["lm_head.weight"] = 2 * tensors[TABLE]
    with pytest.raises(Refused, match=r"lm_head\.weight"):
        read_mamba(written(copy))


@pytest.mark.parametrize("name", published_shapes(SIZE))
def test_each_tensor_is_needed_in_its_shape(name, tensors, written):
    whole = tensors.pop(name)
    with pytest.raises(Refused, match=r"model\.safetensors.*expected|miss"):
        read_mamba(written(tensors))
    wrong = torch.cat([whole, whole])[: len(whole) + 1]
    if name == TABLE:  # any number of tokens may be known
        wrong = whole[:, :-1]
    with pytest.raises(Refused, match="expected"):
        read_mamba(written({**tensors, name: wrong}))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        (f"{FIRST}in_proj.bias", lambda t: torch.zeros(20)),
        (f"{FIRST}A_log", lambda t: t.to(torch.int32)),
        (f"{FIRST}D", lambda t: t * float("nan")),
        (f"{FIRST}conv1d.weight", lambda t: t[..., :0]),
        ("backbone.layers.9999.norm.weight", lambda t: torch.zeros(6)),
    ],
)
def test_what_is_not_of_the_published_form_is_refused(
    name, change, tensors, written
):
    tensors[name] = change(tensors.get(name))
    with pytest.raises(Refused, match=r"model\.safetensors: no Mamba: "):
        read_mamba(written(tensors))


def test_a_damaged_file_or_none_is_refused(tensors, written, tmp_path):
    path = written(tensors)
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(Refused, match="damaged"):
        read_mamba(path)
    path.write_bytes(b"PK\x03\x04 a pickle of pytorch_model.bin")
    with pytest.raises(Refused, match="damaged"):
        read_mamba(path)
    for wrong in tmp_path, tmp_path / "none.safetensors":
        with pytest.raises(Refused, match=str(wrong)):
            read_mamba(wrong)
