"""What the findings measure in calls that were kept."""

import copy
import math
import random
import statistics
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from rnncore.apps.diagnose.record import LayerCall, LossCall, ModelCall, Record

# what the loss reads


def list_read(call: LayerCall, axis: int) -> list[int] | None:
    """Which indices of y along an axis the loss reads."""
    if call.d_y is None:
        return None
    other = tuple(k for k in range(call.d_y.ndim) if k != axis)
    read = call.d_y.abs().sum(dim=other) > 0
    return [int(k) for k in read.nonzero().flatten()]


def is_last_read(call: LayerCall) -> bool | None:
    """Whether the loss reads the layer's last state, and nothing else."""
    steps = list_read(call, axis=0)
    if not steps:
        return None if call.d_last is None else bool(call.d_last.any())
    return steps == [len(call.x) - 1]


# sequences


def count_padding(calls: Sequence[LayerCall]) -> Tensor:
    """How many steps of padding each sequence of the calls ends with.

    Zeros, or one symbol, are padding where they occur in no sequence but
    at its end, after a content of at least three lengths; zeros only if
    they fill up to the longest sequence. 0 for all where they aren't.
    """
    tails, blank = [], True
    for call in calls:
        read = call.x if call.tokens is None else call.tokens[..., None]
        ends, counts = read[-1].unique(dim=0, return_counts=True)
        pad = ends[counts.argmax()]
        blank = blank and call.tokens is None
        if call.tokens is None and pad.any():
            return torch.zeros(1)
        same = (read == pad).all(dim=2)
        tail = same.flip(0).cumprod(0).sum(0)
        if (same.sum(0) != tail).any():
            return torch.zeros(1)
        tails.append(tail)
    every = torch.cat(tails) if tails else torch.zeros(1)
    few = len(every.unique()) < 4 or every.max() < 3
    if few or (blank and every.min() > 0):
        return torch.zeros(1)
    return every


def goes_on(x: Tensor) -> bool:
    """Whether the sequences of x (T, B, D) are smooth curves."""
    x = _scale(x)
    if not x.numel() or len(x) < 8:
        return False
    wander = x.std(dim=0).mean()
    return bool(x.diff(dim=0).abs().mean() < 0.4 and wander > 0.6)


def jumps(x: Tensor) -> bool:
    """Whether the sequences of x (T, B, D) have no order in time."""
    x = _scale(x)
    return x.numel() > 0 and bool(x.diff(dim=0).abs().mean() > 0.8)


def _scale(x: Tensor) -> Tensor:
    """Columns of x (T, B, D) with deviation 1, without those that stay."""
    x = x.double()
    spread = x.std(dim=(0, 1))
    return x[..., spread > 0] / spread[spread > 0]


# the model again


def run_again(
    call: ModelCall, x: Tensor | None = None, quiet: bool = False
) -> Tensor | None:
    """The model's output, of another input x; quiet: without dropout.

    None where it has none, or cannot be run again.
    """
    states = random.getstate(), np.random.get_state()
    given = list(call.given)
    if x is not None:
        at = next(k for k, v in enumerate(given) if isinstance(v, Tensor))
        given[at] = x
    try:
        module = copy.deepcopy(call.module).train(call.training and not quiet)
        with torch.no_grad(), torch.random.fork_rng(devices=[], enabled=quiet):
            result = module(*given, **call.named)
    except Exception:  # noqa: BLE001 - a model of somebody's own: any
        return None
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
    while isinstance(result, tuple | list) and result:
        result = result[0]
    return result if isinstance(result, Tensor) else None


def do_sequences_mix(call: ModelCall) -> bool:
    """Whether the first sequence's output depends on the others."""
    x = call.x
    if x is None or call.loaded is None or call.loaded != len(x) > 2:
        return False
    if call.output.ndim == 0 or len(call.output) != len(x):
        return False
    other = x.clone()
    other[1:] = x[1:].flip(1) if x.ndim > 1 else x[1:].flip(0)
    one, two = run_again(call, x, True), run_again(call, other, True)
    if one is None or two is None:
        return False
    apart = (one[0] - two[0]).abs().max()
    return bool(apart > 1e-4 * one[0].abs().max())


def find_leak_in(call: ModelCall, x: Tensor, target: Tensor) -> str:
    """What was found, in words; nothing where there is no leak."""
    time = 1 if call.batch_first else 0
    if x.ndim < 2 or x.shape[time] < 3 or target.dtype.is_complex:
        return ""
    T, B = x.shape[time], x.shape[1 - time]
    x_t = x.transpose(0, 1) if time else x
    columns = x_t[..., None] if x.ndim == 2 else x_t
    steps = _to_steps(target, T, B, time)
    if steps is None:
        flat = target.flatten()
        if len(flat) != B or not flat.dtype.is_floating_point:
            return ""
        equal = (columns[-1] == flat[:, None]).all(dim=0)
        if equal.any() and flat.unique().numel() > 2:
            return f"the target of all {B} sequences is the value of the last input"
        return ""
    ahead = (columns[1:] == steps[:-1, :, None]).float().mean(dim=(0, 1))
    if ahead.max() < 0.99:
        return ""
    later = x_t.clone()
    later[T // 2 :] = x_t[T // 2 :].flip(0)
    changed = later.transpose(0, 1) if time else later
    if _does_start_move(call, x, changed, T // 2, time):
        return (
            "the target is the next input, and changing inputs from step "
            f"{T // 2} on changes outputs before it"
        )
    return ""


def _to_steps(target: Tensor, T: int, B: int, time: int) -> Tensor | None:
    """A target for each step as (T, B), None where there is one a row."""
    if target.numel() != T * B:
        return None
    shaped = target.reshape(B, T) if time else target.reshape(T, B)
    return shaped.T if time else shaped


def _does_start_move(
    call: ModelCall, x: Tensor, changed: Tensor, t: int, time: int
) -> bool:
    """Whether there are outputs before t, and they differ."""
    one, two = run_again(call, x, True), run_again(call, changed, True)
    if one is None or two is None or one.shape[:2] != x.shape[:2]:
        return False
    one, two = one.narrow(time, 0, t), two.narrow(time, 0, t)
    return bool((one - two).abs().max() > 1e-5 * one.abs().max())


# gates and gradients


def measure_saturation(call: LayerCall) -> float:
    """The share of gates, or of units, that no input moves."""
    layer, y = call.layer, call.y
    if layer.mode == "RNN_RELU":
        return 0.0
    if layer.mode == "RNN_TANH":
        return (y.abs() > 0.99).float().mean().item()
    a = call.x @ call.weights["weight_ih_l0"].T
    if layer.bias:
        a = a + call.weights["bias_ih_l0"] + call.weights["bias_hh_l0"]
    gates = list(a.chunk(4 if layer.mode == "LSTM" else 3, dim=-1))
    del gates[2]  # the candidate
    return (torch.cat(gates).abs() > 6).float().mean().item()


def _profile(call: LayerCall) -> Tensor | None:
    """The size of the loss's gradient at each step of the input."""
    if call.d_x is None or call.d_x.shape[:2] != call.x.shape[:2]:
        return None
    return call.d_x.norm(dim=2).mean(dim=1)


def measure_growth(call: LayerCall) -> float:
    """How much larger the gradient is at the start than at the end."""
    profile = _profile(call)
    if profile is None or len(profile) < 8:
        return 0.0
    part = len(profile) // 4
    start, end = profile[:part].mean(), profile[-part:].mean()
    return (start / end).item() if end > 0 else 0.0


def measure_reach(call: LayerCall) -> int | None:
    """The steps back at which the gradient is below a thousandth.

    None where the loss reads other steps than the last.
    """
    profile = _profile(call)
    if profile is None or not is_last_read(call):
        return None
    near = (profile > 1e-3 * profile.max()).nonzero()
    return len(profile) - int(near.min()) if len(near) else 0


# losses


def measure_course(record: Record) -> tuple[float, float, float]:
    """The loss at the start, at the end, and by how much these scatter."""
    losses = [u.loss for u in record.updates]
    start, end = losses[: max(3, len(losses) // 10)], losses[-(len(losses) // 4) :]
    parts = [p for p in (start, end) if all(map(math.isfinite, p))]
    scatter = math.hypot(*(statistics.pstdev(p) / len(p) ** 0.5 for p in parts))
    return statistics.fmean(start), statistics.fmean(end), scatter


def measure_constant(record: Record) -> float | None:
    """The last training losses of the best constant answer.

    None where the targets, or what the loss makes of them, are unknown.
    """
    late = [c for c in record.late[True] if c.plain]
    if not late or len({(c.name, c.target.shape[1:]) for c in late}) > 1:
        return None
    target = torch.cat([c.target.reshape(-1, *c.target.shape[1:]) for c in late])
    if len(target) < 20:
        return None
    if late[0].name == "mse_loss":
        return target.double().var(dim=0, unbiased=False).mean().item()
    if late[0].name in ("cross_entropy", "nll_loss") and not target.is_floating_point():
        counts = target[target >= 0].unique(return_counts=True)[1].double()
        shares = counts / counts.sum()
        return -(shares * shares.log()).sum().item()
    return None


def compare_with_last(calls: Sequence[LossCall]) -> tuple[float, float, float] | None:
    """Squared errors of forecasts, of the last values, and of a constant.

    None where the targets don't go on from a column of the inputs.
    """
    parts = [p for p in map(_find_last, calls) if p is not None]
    if not parts or len({p[2].shape[1:] for p in parts}) > 1:
        return None
    forecast, target, last = (torch.cat(k).double() for k in zip(*parts, strict=True))
    if len(target) < 20:
        return None
    naive = ((last - target[..., None]) ** 2).mean(dim=tuple(range(target.ndim)))
    own = ((forecast - target) ** 2).mean().item()
    flat = target.var(dim=0, unbiased=False).mean().item()
    return own, naive.min().item(), flat


def _find_last(call: LossCall) -> tuple[Tensor, Tensor, Tensor] | None:
    """Forecasts and targets (B, H), and last inputs (B, 1, D)."""
    model = call.model
    x = model.x if model is not None else None
    if model is None or x is None or x.ndim not in (2, 3):
        return None
    if not x.is_floating_point() or not call.target.is_floating_point():
        return None
    columns = x[..., None] if x.ndim == 2 else x
    if not model.batch_first and x.ndim == 3:
        columns = x.transpose(0, 1)
    B, forecast, target = len(columns), call.forecast, call.target
    if target.shape != forecast.shape or not len(target) == B > 0:
        return None
    if target.numel() >= B * columns.shape[1]:
        return None  # a target for each step, not of what comes after the last
    return forecast.reshape(B, -1), target.reshape(B, -1), columns[:, -1:]
