"""The tests: each looks at a record for one fault of a training."""

import copy
import math
import statistics
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from rnncore.apps.diagnose.record import LayerCall, ModelCall, Record


class Finding(NamedTuple):
    """A fault: its name, what was measured, the cure, where it is told."""

    name: str
    evidence: str
    cure: str
    section: str


Test = Callable[[Record], Finding | None]


def find_faults(record: Record) -> list[Finding]:
    """All findings, the surest first."""
    found = (test(record) for test in TESTS)
    return [f for f in found if f is not None]


def find_undetached_state(record: Record) -> Finding | None:
    """A state that carries the graph of steps that are over."""
    if not record.carried:
        return None
    return Finding(
        "undetached-state",
        "a state that was passed in leads back to the graph of "
        f"{max(record.carried)} backward calls ago",
        "state = state.detach(), of an LSTM both h and c, after each step",
        "ch03_truncated",
    )


def find_probabilities(record: Record) -> Finding | None:
    """A softmax before a loss that has its own."""
    for name, count in record.probabilities.items():
        if count == record.loss_calls:
            wanted = "log-probabilities" if name == "nll_loss" else "logits"
            return Finding(
                "softmax-before-loss",
                f"in {count} of {count} calls {name} got probabilities, "
                f"numbers from 0 to 1; it expects {wanted}",
                "give the loss the output of the last linear layer"
                + (", through log_softmax" * (name == "nll_loss")),
                "ch04_training",
            )
    return None


def find_swapped_axes(record: Record) -> Finding | None:
    """The time axis taken for the axis of the batch."""
    cure = (
        "batch_first=True where x is (B, T, D); read y[:, -1] then, and "
        "y[-1] without it; swap axes by transpose, never by view"
    )
    for call in record.layers:
        T, B = call.x.shape[:2]
        if call.loaded is not None and call.loaded == T != B:
            what = (
                f"the loader gives {call.loaded} sequences, the layer "
                f"takes them for {T} steps of {B} sequences"
            )
            return Finding("batch-first", what, cure, "ch09_torch")
        rows = _list_read(call, axis=1)
        if B > 1 and rows == [B - 1] and _is_last_read(call) is False:
            what = (
                f"of {B} sequences in the layer's batch the loss reads "
                "the last alone, at all of its steps"
            )
            return Finding("batch-first", what, cure, "ch09_torch")
    for model in record.models:
        if _do_sequences_mix(model):
            what = (
                "changing the other sequences of a batch changes what "
                "the model says of the first"
            )
            return Finding("batch-first", what, cure, "ch09_torch")
    return None


def find_short_backward(record: Record) -> Finding | None:
    """The last output of the direction that begins there."""
    for call in record.layers:
        if call.d_y is None or not call.layer.bidirectional:
            continue
        half = call.d_y.shape[-1] // 2
        reads = call.d_y[..., half:].abs().sum(dim=(1, 2)) > 0
        if len(reads) > 1 and reads[-1] and not reads[:-1].any():
            return Finding(
                "backward-direction",
                "the backward direction is read at the last step alone, "
                f"where it has seen 1 of {len(reads)} steps",
                "h_n[-2] and h_n[-1], the ends of both directions",
                "ch08_deeper",
            )
    return None


def find_padding(record: Record) -> Finding | None:
    """The state after the padding, of sequences that ended before."""
    for call in record.layers:
        tails = _count_padding(call.x)
        padded = int((tails > 0).sum())
        if padded * 3 < len(tails) or not _is_last_read(call):
            continue
        return Finding(
            "padding",
            f"{padded} of {len(tails)} sequences end with padding, up to "
            f"{int(tails.max())} steps; the loss reads the state after it",
            "pack_padded_sequence and h_n, or y at the step length - 1",
            "ch09_torch",
        )
    return None


def find_leak(record: Record) -> Finding | None:
    """What is to be predicted is in what the prediction may read."""
    for call in record.models:
        x = next((v for v in call.given if isinstance(v, Tensor)), None)
        if x is None or call.target is None or not call.learnt:
            continue
        told = _find_leak(call, x, call.target)
        if told:
            return Finding(
                "leak",
                told,
                "a target one step after the last input that its "
                "prediction may read; one direction only",
                "ch11_forecasting",
            )
    return None


def find_single_step(record: Record) -> Finding | None:
    """Sequences of one step: no recurrence is left."""
    trained = [c for c in record.layers if c.d_y is not None]
    if record.longest != 1 or record.untouched < len(record.layers):
        return None
    if not trained:
        return None
    D = trained[0].x.shape[-1]
    return Finding(
        "single-step",
        f"each sequence has 1 step of {D} features, and begins at zero",
        "x as (T, B, D): the steps on the time axis, not among the features",
        "ch09_torch",
    )


def find_mode(record: Record) -> Finding | None:
    """Dropout in use, or none in training."""
    late = [u.training for u in record.updates]
    noisy = [m for m in record.models if _has_dropout(m.module)]
    if noisy and late and late[0] and late.count(False) * 2 > len(late):
        return Finding(
            "train-forgotten",
            f"{late.count(False)} of {len(late)} steps were made in "
            "evaluation mode, without the dropout of the model",
            "model.train() at the start of each epoch",
            "ch08_deeper",
        )
    for call in noisy:
        if call.learnt or not call.training or not record.updates:
            continue
        one, two = _rerun(call), _rerun(call)
        if one is None or two is None or torch.equal(one, two):
            continue
        apart = (one - two).abs().mean().item()
        return Finding(
            "eval-forgotten",
            "used without a gradient, the model gives the same input two "
            f"answers, {apart:.2g} apart: dropout is on",
            "model.eval() before the model is used, model.train() after",
            "ch08_deeper",
        )
    return None


def find_shuffling(record: Record) -> Finding | None:
    """An order that says what was to be predicted, or none at all."""
    seen = record.overlaps
    if len(seen) >= 10 and sum(seen) > 0.6 * len(seen):
        return Finding(
            "shuffled",
            f"{sum(seen)} of {len(seen)} sequences in evaluation overlap "
            "by half with one that was trained on",
            "split by time: train on what is before a date, test on what is after it",
            "ch11_series",
        )
    jump = statistics.median(record.jumps) if record.jumps else 0.0
    if record.passed_on >= 3 and (record.shuffles or jump > 4):
        return Finding(
            "shuffled",
            "the state of a batch goes into the next, which does not go "
            f"on: the jump between them is {jump:.1f} times a step",
            "batches in the order of time, or a state of zeros for each",
            "ch03_truncated",
        )
    return None


def find_uncleared_gradient(record: Record) -> Finding | None:
    """Gradients of steps that were made already."""
    if record.uncleared * 2 <= len(record.updates):
        return None
    return Finding(
        "gradient-kept",
        f"in {record.uncleared} of {len(record.updates)} steps the "
        "gradient of the step before was still there",
        "optimizer.zero_grad() before each backward",
        "ch04_training",
    )


def find_saturation(record: Record) -> Finding | None:
    """Gates that are shut or open for all inputs, units at the rail."""
    for call in record.layers[:1]:
        share = _measure_saturation(call)
        if share > 0.5:
            size = call.x.abs().mean().item()
            return Finding(
                "saturated",
                f"{share:.0%} of the gates or units are at an end of "
                f"their range, or dead; the mean input is {size:.3g}",
                "inputs with mean 0 and standard deviation 1, by the training part",
                "ch11_series",
            )
    return None


def find_explosion(record: Record) -> Finding | None:
    """A gradient that grows on its way back, and isn't clipped."""
    if record.clipped or not record.updates:
        return None
    norms = [u.norm for u in record.updates]
    growth = max((_measure_growth(c) for c in record.layers[:2]), default=0)
    finite = [n for n in norms if math.isfinite(n)] or [0.0]
    largest = max(norms, key=lambda n: n if math.isfinite(n) else math.inf)
    if growth < 10 or largest < 5 * min(1.0, statistics.median(finite)):
        return None
    return Finding(
        "not-clipped",
        f"the gradient is {growth:.3g} times as large at the first steps "
        f"as at the last, its norm up to {largest:.3g}, and never clipped",
        "clip_grad_norm_(model.parameters(), 1.0) before each step",
        "ch05_clipping",
    )


def find_rate(record: Record) -> Finding | None:
    """Steps that are longer than the slope holds, or that lead nowhere."""
    updates = record.updates
    if len(updates) < 10:
        return None
    losses = [u.loss for u in updates]
    quarter = len(losses) // 4
    first, last = losses[0], statistics.fmean(losses[-quarter:])
    share = statistics.median(u.share for u in updates[: quarter + 1])
    promised = statistics.median(
        u.promised / (abs(u.loss) + 1e-12) for u in updates[: quarter + 1]
    )
    rate = updates[0].rate
    if not last < 1.1 * first and (share > 0.03 or promised > 0.5):
        return Finding(
            "rate-too-large",
            f"at a rate of {rate:g} a step moves the weights by "
            f"{share:.0%} of their length; the loss went from {first:.3g} "
            f"to {last:.3g}",
            "a tenth of the rate, and again",
            "ch04_training",
        )
    total = sum(u.promised for u in updates) / (abs(first) + 1e-12)
    if share < 1e-4 and total < 0.01:
        return Finding(
            "rate-too-small",
            f"at a rate of {rate:g} all {len(updates)} steps together "
            f"promise to lower the loss by {total:.2%}",
            "ten times the rate, and again",
            "ch04_training",
        )
    return None


def find_horizon(record: Record) -> Finding | None:
    """Steps that the gradient doesn't reach, and a loss that stays."""
    losses = [u.loss for u in record.updates]
    if len(losses) < 10:
        return None
    last = statistics.fmean(losses[-(len(losses) // 4) :])
    if last < 0.95 * statistics.fmean(losses[: max(1, len(losses) // 10)]):
        return None
    for call in record.layers:
        T = len(call.x)
        reach = _measure_reach(call)
        if T >= 20 and reach is not None and reach * 2 < T:
            return Finding(
                "horizon",
                f"the gradient of the last step falls below a thousandth "
                f"after {reach} of {T} steps, and the loss doesn't fall",
                "LSTM or GRU, its forget gate started open (bias 1 and "
                "more), or shorter sequences",
                "ch05_gradients",
            )
    return None


TESTS: tuple[Test, ...] = (
    find_undetached_state,
    find_probabilities,
    find_swapped_axes,
    find_short_backward,
    find_padding,
    find_leak,
    find_single_step,
    find_mode,
    find_shuffling,
    find_uncleared_gradient,
    find_saturation,
    find_explosion,
    find_rate,
    find_horizon,
)


def _list_read(call: LayerCall, axis: int) -> list[int] | None:
    """Which indices of y along an axis the loss reads."""
    if call.d_y is None:
        return None
    other = tuple(k for k in range(call.d_y.ndim) if k != axis)
    read = call.d_y.abs().sum(dim=other) > 0
    return [int(k) for k in read.nonzero().flatten()]


def _is_last_read(call: LayerCall) -> bool | None:
    """Whether the loss reads the layer's last state, and nothing else."""
    steps = _list_read(call, axis=0)
    if not steps:
        return None if call.d_last is None else bool(call.d_last.any())
    return steps == [len(call.x) - 1]


def _count_padding(x: Tensor) -> Tensor:
    """How many equal steps each sequence of x (T, B, D) ends with.

    0 where the sequences end differently, or all are equally long.
    """
    same = (x == x[-1]).all(dim=2).flip(0).cumprod(0).sum(0)
    ends, counts = x[-1].unique(dim=0, return_counts=True)
    pad = ends[counts.argmax()]
    tails = torch.where((x[-1] == pad).all(dim=1), same, 0)
    tails = torch.where(tails > 1, tails, 0)
    few = len(tails[tails > 0].unique()) < 3
    return torch.zeros_like(tails) if few else tails


def _rerun(
    call: ModelCall, x: Tensor | None = None, quiet: bool = False
) -> Tensor | None:
    """The model's output, of another input x; quiet: without dropout."""
    module = copy.deepcopy(call.module).train(call.training and not quiet)
    given = list(call.given)
    if x is not None:
        at = next(k for k, v in enumerate(given) if isinstance(v, Tensor))
        given[at] = x
    with torch.no_grad(), torch.random.fork_rng(devices=[], enabled=quiet):
        result = module(*given, **call.named)
    while isinstance(result, tuple | list):
        result = result[0]
    return result if isinstance(result, Tensor) else None


def _do_sequences_mix(call: ModelCall) -> bool:
    """Whether the first sequence's output depends on the others."""
    x = next((v for v in call.given if isinstance(v, Tensor)), None)
    if x is None or call.loaded is None or call.loaded != len(x) > 2:
        return False
    if call.output.ndim == 0 or len(call.output) != len(x):
        return False
    other = x.clone()
    other[1:] = x[1:].flip(1) if x.ndim > 1 else x[1:].flip(0)
    one, two = _rerun(call, x, True), _rerun(call, other, True)
    if one is None or two is None:
        return False
    apart = (one[0] - two[0]).abs().max()
    return bool(apart > 1e-4 * one[0].abs().max())


def _find_leak(call: ModelCall, x: Tensor, target: Tensor) -> str:
    """What was found, in words; nothing where there is no leak."""
    layer = next(m for m in call.module.modules() if hasattr(m, "hidden_size"))
    time = 1 if getattr(layer, "batch_first", False) else 0
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
    same = (columns == steps[..., None]).float().mean(dim=(0, 1)).max()
    ahead = (columns[1:] == steps[:-1, :, None]).float().mean(dim=(0, 1))
    if same < 0.99 and ahead.max() < 0.99:
        return ""
    later = x_t.clone()
    later[T // 2 :] = x_t[T // 2 :].flip(0)
    changed = later.transpose(0, 1) if time else later
    moves = _does_start_move(call, x, changed, T // 2, time)
    if ahead.max() >= 0.99 and moves:
        return (
            "the target is the next input, and changing inputs from step "
            f"{T // 2} on changes outputs before it"
        )
    if same >= 0.99 and moves is False:
        return "the target of each step is the input of this step"
    return ""


def _to_steps(target: Tensor, T: int, B: int, time: int) -> Tensor | None:
    """A target for each step as (T, B), None where there is one a row."""
    if target.numel() != T * B:
        return None
    shaped = target.reshape(B, T) if time else target.reshape(T, B)
    return shaped.T if time else shaped


def _does_start_move(
    call: ModelCall, x: Tensor, changed: Tensor, t: int, time: int
) -> bool | None:
    """Whether the outputs before t differ; None where there are none."""
    one, two = _rerun(call, x, True), _rerun(call, changed, True)
    if one is None or two is None or one.ndim < 2:
        return None
    if one.shape[:2] != x.shape[:2]:
        return None
    one, two = one.narrow(time, 0, t), two.narrow(time, 0, t)
    return bool((one - two).abs().max() > 1e-5 * one.abs().max())


def _has_dropout(module: torch.nn.Module) -> bool:
    """Whether a module acts otherwise in training."""
    return any(
        getattr(m, "p", 0) > 0
        if isinstance(m, torch.nn.modules.dropout._DropoutNd)
        else getattr(m, "dropout", 0) and getattr(m, "num_layers", 0) > 1
        for m in module.modules()
    )


def _measure_saturation(call: LayerCall) -> float:
    """The share of gates, or of units, that no input moves."""
    layer, y = call.layer, call.y
    if y is None:
        return 0.0
    if layer.mode == "RNN_RELU":
        return (y.abs().sum(dim=(0, 1)) == 0).float().mean().item()
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


def _measure_growth(call: LayerCall) -> float:
    """How much larger the gradient is at the start than at the end."""
    profile = _profile(call)
    if profile is None or len(profile) < 8:
        return 0.0
    part = len(profile) // 4
    start, end = profile[:part].mean(), profile[-part:].mean()
    return (start / end).item() if end > 0 else 0.0


def _measure_reach(call: LayerCall) -> int | None:
    """The steps back at which the gradient is below a thousandth.

    None where the loss reads other steps than the last.
    """
    profile = _profile(call)
    if profile is None or not _is_last_read(call):
        return None
    near = (profile > 1e-3 * profile.max()).nonzero()
    return len(profile) - int(near.min()) if len(near) else 0
