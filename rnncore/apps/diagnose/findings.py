"""The rules: each looks at a record for one fault of a training."""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence

import torch

from rnncore.apps.diagnose.finding import Finding
from rnncore.apps.diagnose.measures import (
    compare_with_last,
    count_padding,
    do_sequences_mix,
    find_leak_in,
    goes_on,
    is_last_read,
    jumps,
    list_read,
    measure_constant,
    measure_course,
    measure_growth,
    measure_reach,
    measure_saturation,
    run_again,
)
from rnncore.apps.diagnose.models import has_dropout
from rnncore.apps.diagnose.record import EARLY, LAYERS, LayerCall, Record, Weight

Test = Callable[[Record], Finding | None]


def find_faults(record: Record) -> list[Finding]:
    """All findings, the surest first."""
    found = (test(record) for test in TESTS)
    return [f for f in found if f is not None]


def find_gaps(record: Record) -> list[str]:
    """What could not be looked at, and why."""
    gaps = []
    if not record.updates:
        who = "by no optimizer of torch's" if record.by_hand else "by nothing"
        gaps.append(
            f"weights are changed {who}: rate, mode, clipping and horizon "
            "were not looked at"
        )
    if not record.loss_calls:
        gaps.append(
            "no loss of torch.nn's was called: targets and forecasts were not looked at"
        )
    if record.cells and not record.calls:
        gaps.append("only single cells are called: their sequences were not looked at")
    if record.sparing:
        gaps.append("of a part of the steps only the loss was looked at, to save time")
    if record.stopped:
        gaps.append("the script was stopped: what would have come was not seen")
    return gaps


def find_undetached_state(record: Record) -> Finding | None:
    """A state that carries the graph of steps that are over."""
    if not record.carried:
        return None
    age, line = max(record.carried)
    return Finding(
        "undetached-state",
        "a state that was passed in leads back to the graph of "
        f"{age} backward calls ago",
        "state = state.detach(), of an LSTM both h and c, after each step",
        "ch03_truncated",
        line,
    )


def find_shapes(record: Record) -> Finding | None:
    """A forecast that is compared with more targets than its own."""
    for forecast, target, times, line in record.broadcasts[:1]:
        return Finding(
            "shapes",
            f"forecasts {forecast} are compared with targets {target}: each "
            f"one with {times} targets, by broadcasting",
            "one shape for both: target[:, None], or forecast.squeeze(-1)",
            "ch09_torch",
            line,
        )
    return None


def find_probabilities(record: Record) -> Finding | None:
    """A softmax before a loss that has its own."""
    for name, (count, size, line) in record.probabilities.items():
        calls = min(record.loss_calls[name], EARLY)
        if count == calls and size >= 50:
            wanted = "log-probabilities" if name == "nll_loss" else "logits"
            return Finding(
                "softmax-before-loss",
                f"in {count} of {count} calls {name} got probabilities, "
                f"numbers from 0 to 1; it expects {wanted}",
                "give the loss the output of the last linear layer"
                + (", through log_softmax" * (name == "nll_loss")),
                "ch04_training",
                line,
            )
    return None


def find_no_gradient(record: Record) -> Finding | None:
    """A recurrent layer that is trained, and gets no gradient."""
    if record.backwards < 5:
        return None
    looked = [u for u in record.updates if u.looked]
    if len(looked) >= 5 and not any(u.norm for u in looked):
        return Finding(
            "no-gradient",
            f"at each of {len(looked)} steps all gradients were zero or None, "
            f"after {record.backwards} backward calls",
            "zero_grad before backward, not between backward and step",
            "ch04_training",
            looked[0].line,
        )
    cut = [
        group
        for group in _group(record.weights.values())
        if not any(w.learnt for w in group) and any(w.owned for w in group)
    ]
    layers = [group for group in cut if isinstance(group[0].module, LAYERS)]
    if not layers:
        return None
    return Finding(
        "no-gradient",
        f"in {record.backwards} backward calls no gradient came to "
        + _name([w for group in cut for w in group]),
        "no .data, .detach(), .item() or NumPy between the layer and the "
        "loss; all directions and layers read",
        "ch09_torch",
        layers[0][0].line,
    )


def find_no_optimizer(record: Record) -> Finding | None:
    """Weights that get a gradient, and that no optimizer changes."""
    if len(record.updates) < 10 or record.by_hand:
        return None
    left = [
        w
        for w in record.weights.values()
        if w.learnt and not w.owned and w.module.training
    ]
    if not left:
        return None
    return Finding(
        "no-optimizer",
        f"in no optimizer, though they get a gradient: {_name(left)}",
        "all parameters to the optimizer; requires_grad_(False) where they are to stay",
        "ch04_training",
        left[0].line,
    )


def find_swapped_axes(record: Record) -> Finding | None:
    """The time axis taken for the axis of the batch."""
    told = [(_tell_swapped(call), call.line) for call in record.layers]
    mixed = (
        "changing the other sequences of a batch changes what the model says "
        "of the first"
    )
    told += [(mixed, m.line) for m in record.models if do_sequences_mix(m)]
    for evidence, line in told:
        if evidence:
            return Finding(
                "batch-first",
                evidence,
                "batch_first=True where x is (B, T, D); read y[:, -1] then, and "
                "y[-1] without it; swap axes by transpose, never by view",
                "ch09_torch",
                line,
            )
    return None


def _tell_swapped(call: LayerCall) -> str:
    T, B, _ = call.x.shape
    if call.loaded is not None and call.loaded == T != B and (B > 1 or call.shuffled):
        return (
            f"the loader gives {call.loaded} sequences, the layer takes "
            f"them for {T} steps of {B} sequences"
        )
    if B > 1 and list_read(call, axis=1) == [B - 1] and is_last_read(call) is False:
        return (
            f"of {B} sequences in the layer's batch the loss reads the "
            "last alone, at all of its steps"
        )
    if call.learnt:
        return ""
    if jumps(call.x) and goes_on(call.x.transpose(0, 1)):
        return (
            f"the {T} steps of a sequence jump; from sequence to sequence "
            "the numbers go on"
        )
    return ""


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
                call.line,
            )
    return None


def find_padding(record: Record) -> Finding | None:
    """The state after the padding, of sequences that ended before."""
    calls = [c for c in record.layers if is_last_read(c)]
    for layer in {id(c.layer): c.layer for c in calls}.values():
        own = [
            c
            for c in calls
            if c.layer is layer and (c.tokens is not None or not c.learnt)
        ]
        tails = count_padding(own)
        padded = int((tails > 0).sum())
        if padded * 3 < len(tails) or not padded:
            continue
        return Finding(
            "padding",
            f"{padded} of {len(tails)} sequences end with padding, up to "
            f"{int(tails.max())} steps; the loss reads the state after it",
            "pack_padded_sequence and h_n, or y at the step length - 1",
            "ch09_torch",
            own[0].line,
        )
    return None


def find_leak(record: Record) -> Finding | None:
    """What is to be predicted is in what the prediction may read."""
    for call in record.models:
        if call.x is None or call.target is None or not call.learnt:
            continue
        told = find_leak_in(call, call.x, call.target)
        if told:
            return Finding(
                "leak",
                told,
                "a target one step after the last input that its "
                "prediction may read; one direction only",
                "ch11_forecasting",
                call.line,
            )
    return None


def find_single_step(record: Record) -> Finding | None:
    """Sequences of one step: no recurrence is left."""
    trained = [c for c in record.layers if c.d_y is not None]
    if record.longest != 1 or record.untouched < record.calls or not trained:
        return None
    return Finding(
        "single-step",
        f"in all {record.calls} calls each sequence has 1 step, of "
        f"{trained[0].x.shape[-1]} features, and begins at zero",
        "x as (T, B, D): the steps on the time axis, not among the features",
        "ch09_torch",
        trained[0].line,
    )


def find_mode(record: Record) -> Finding | None:
    """Dropout in use, or none in training."""
    late = [u.training for u in record.updates]
    noisy = any(has_dropout(m.module) for m in record.models)
    if noisy and late and late[0] and late.count(False) * 2 > len(late):
        return Finding(
            "train-forgotten",
            f"{late.count(False)} of {len(late)} steps were made in "
            "evaluation mode, without the dropout of the model",
            "model.train() at the start of each epoch",
            "ch08_deeper",
            record.updates[late.index(False)].line,
        )
    often = record.used_intervals * 2 > record.backwards
    for call in record.uses:
        if (call.grad and often) or record.repeats > 1 or not has_dropout(call.module):
            continue
        one, two = run_again(call), run_again(call)
        if one is None or two is None or torch.equal(one, two):
            continue
        apart = (one - two).abs().mean().item()
        return Finding(
            "eval-forgotten",
            "used without a step of training, the model gives the same "
            f"input two answers, {apart:.2g} apart: dropout is on",
            "model.eval() before the model is used, model.train() after",
            "ch08_deeper",
            call.line,
        )
    return None


def find_shuffling(record: Record) -> Finding | None:
    """An order that says what was to be predicted, or none at all."""
    asked = [a for a in record.asked if a[0] not in record.rows]
    known = [a for a in asked if record.windows.issuperset(a[1:3])]
    if len(asked) >= 10 and len(known) > 0.6 * len(asked):
        return Finding(
            "shuffled",
            f"{len(known)} of {len(asked)} sequences in evaluation overlap "
            "by half, before and after, with those that were trained on",
            "split by time: train on what is before a date, test on what is after it",
            "ch11_series",
            known[0][3],
        )
    breaks = [line for follows, line in record.follows if not follows]
    if len(record.follows) >= 5 and len(breaks) * 2 > len(record.follows):
        return Finding(
            "shuffled",
            "the state of a batch goes into the next; in "
            f"{len(breaks)} of {len(record.follows)} the next does not begin with "
            "what was to be predicted last",
            "batches in the order of time, or a state of zeros for each",
            "ch03_truncated",
            breaks[0],
        )
    return None


def find_uncleared_gradient(record: Record) -> Finding | None:
    """Gradients of steps that were made already."""
    steps, kept = len(record.updates) + record.by_hand, len(record.uncleared)
    if steps < 3 or kept * 2 <= steps:
        return None
    return Finding(
        "gradient-kept",
        f"in {kept} of {steps} steps the gradient of the step before was still there",
        "optimizer.zero_grad() before each backward",
        "ch04_training",
        record.uncleared[0],
    )


def find_saturation(record: Record) -> Finding | None:
    """Gates that are shut or open for all inputs, units at the rail."""
    for call in record.layers[:1]:
        share = measure_saturation(call)
        if share > 0.5:
            size = call.x.abs().mean().item()
            return Finding(
                "saturated",
                f"{share:.0%} of the gates or units are at an end of "
                f"their range; the mean input is {size:.3g}",
                "inputs with mean 0 and standard deviation 1, by the training part",
                "ch11_series",
                call.line,
            )
    return None


def find_explosion(record: Record) -> Finding | None:
    """A gradient that grows on its way back, and isn't clipped."""
    norms = [u.norm for u in record.updates if u.looked]
    if record.clipped or not norms:
        return None
    growth = max((measure_growth(c) for c in record.layers[:2]), default=0)
    finite = [n for n in norms if math.isfinite(n)] or [0.0]
    largest = max(norms, key=lambda n: n if math.isfinite(n) else math.inf)
    if growth < 10 or largest < 5 * max(1.0, statistics.median(finite)):
        return None
    return Finding(
        "not-clipped",
        f"the gradient is {growth:.3g} times as large at the first steps "
        f"as at the last, its norm up to {largest:.3g}, and never clipped",
        "clip_grad_norm_(model.parameters(), 1.0) before each step",
        "ch05_clipping",
        record.updates[0].line,
    )


def find_rate(record: Record) -> Finding | None:
    """Steps that are longer than the slope holds, or that lead nowhere."""
    updates = record.updates
    looked = [u for u in updates if u.looked]
    if len(updates) < 20 or len(looked) < 10 or updates[0].loss <= 0:
        return None
    if not any(u.norm for u in looked):
        return None
    first, last = updates[0].loss, measure_course(record)[1]
    early = looked[: len(looked) // 4 + 1]
    share = statistics.median(u.share for u in early)
    promised = statistics.median(u.promised / (abs(u.loss) + 1e-12) for u in early)
    rate, constant = updates[0].rate, measure_constant(record)
    if constant is None:
        constant = first + statistics.pstdev(
            u.loss for u in looked[-len(looked) // 4 :]
        )
    stays = not last < 1.1 * max(first, constant)
    if stays and (share > 0.03 or promised > 0.5):
        return Finding(
            "rate-too-large",
            f"at a rate of {rate:g} a step moves the weights by "
            f"{share:.0%} of their length; the loss went from {first:.3g} "
            f"to {last:.3g}",
            "a tenth of the rate, and again",
            "ch04_training",
            updates[0].line,
        )
    total = statistics.fmean(u.promised for u in looked) * len(updates)
    total /= abs(first) + 1e-12
    if share < 1e-4 and total < 0.01 and abs(first - last) < 0.05 * first:
        return Finding(
            "rate-too-small",
            f"at a rate of {rate:g} all {len(updates)} steps together "
            f"promise to lower the loss by {total:.2%}",
            "ten times the rate, and again",
            "ch04_training",
            updates[0].line,
        )
    return None


def find_horizon(record: Record) -> Finding | None:
    """Steps that the gradient doesn't reach, and a loss that stays."""
    if len(record.updates) < 50:
        return None
    first, last, scatter = measure_course(record)
    constant = measure_constant(record)
    if not last > 0.97 * first or first - last > 2 * scatter:
        return None
    if constant is None or last < 0.95 * constant:
        return None
    for call in record.layers:
        T, reach = len(call.x), measure_reach(call)
        gated = not call.layer.mode.startswith("RNN")
        least = 50 if gated else 20
        if reach is None or not least <= T > reach * 2:
            continue
        return Finding(
            "horizon",
            f"the gradient of the last step falls below a thousandth after "
            f"{reach} of {T} steps, and the loss, {last:.3g}, stays that of "
            "a constant answer",
            ("" if gated else "LSTM or GRU, ")
            + "a forget gate started open (bias 1 and more), or shorter sequences",
            "ch05_gradients",
            call.line,
        )
    return None


def find_last_value(record: Record) -> Finding | None:
    """Forecasts at the end that are no better than the last value."""
    if record.stopped or len(record.updates) < 30:
        return None
    losses = [u.loss for u in record.updates]
    part = len(losses) // 5
    before, end = losses[-2 * part : -part], losses[-part:]
    if statistics.fmean(end) < 0.9 * statistics.fmean(before):
        return None
    half = len(losses) / 2
    used = [c for c in record.late[False] if c.model and c.model.after > half]
    calls = used or list(record.late[True])
    compared = compare_with_last(calls)
    if compared is None:
        return None
    own, naive, flat = compared
    if naive == 0 or naive > 0.5 * flat or own < MARGIN * naive:
        return None
    return Finding(
        "last-value",
        f"the squared error at the end is {own:.3g}, that of the last value "
        f"of the input {naive:.3g}; the loss has stopped falling",
        "forecast the change from the last value, and keep the last value "
        "where the network is no better",
        "ch11_series",
        calls[-1].line,
    )


MARGIN = 1.1  # times the last value's error, from which on it is said
TESTS: tuple[Test, ...] = (
    find_undetached_state,
    find_shapes,
    find_probabilities,
    find_saturation,
    find_no_gradient,
    find_no_optimizer,
    find_swapped_axes,
    find_short_backward,
    find_padding,
    find_leak,
    find_single_step,
    find_mode,
    find_shuffling,
    find_uncleared_gradient,
    find_explosion,
    find_rate,
    find_horizon,
    find_last_value,
)


def _group(weights: Iterable[Weight]) -> list[list[Weight]]:
    """Weights by the module, and by the layer and direction in it."""
    groups: dict[tuple[int, str], list[Weight]] = {}
    for weight in weights:
        groups.setdefault(weight.group, []).append(weight)
    return list(groups.values())


def _name(weights: Sequence[Weight]) -> str:
    names = [w.name for w in weights]
    more = f" and {len(names) - 4} more" if len(names) > 4 else ""
    return ", ".join(names[:4]) + more
