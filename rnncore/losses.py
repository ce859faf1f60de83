"""Losses over whole sequences, and their backward functions."""

from rnncore.backend import (
    Array,
    array_namespace,
    check_alike,
    check_real,
    check_shape,
    check_targets,
    device,
)


def log_softmax(logits: Array) -> Array:
    """log p of every class: logits minus the logarithm of their sum of exp.

    Shapes: logits (T, B, K) -> log_p (T, B, K)

    Raises ValueError where logits are not (T, B, K), or no real floats.
    """
    xp = array_namespace(logits)
    check_shape("logits", logits, "T", "B", "K")
    check_real("logits", logits)
    logits = logits - xp.max(logits, axis=-1, keepdims=True)  # no overflow
    total = xp.sum(xp.exp(logits), axis=-1, keepdims=True)
    return logits - xp.log(total)


def cross_entropy(
    logits: Array, targets: Array
) -> tuple[Array, tuple[Array, Array]]:
    """The mean of -log p(target) over all steps and sequences, in nats.

    Shapes: logits (T, B, K); targets (T, B) -> loss (); cache

    Raises ValueError where a target is no integer from 0 to K-1 or a
    shape or device does not fit.
    """
    xp = array_namespace(logits)
    log_p = log_softmax(logits)
    check_targets(targets, logits)
    classes = xp.arange(logits.shape[-1], device=device(logits))
    one_hot = xp.astype(targets, xp.int64)[..., None] == classes
    picked = xp.where(one_hot, log_p, xp.zeros_like(log_p))
    loss = -xp.mean(xp.sum(picked, axis=-1))
    return loss, (log_p, one_hot)


def cross_entropy_vjp(d_loss: Array, cache: tuple[Array, Array]) -> Array:
    """Backward through `cross_entropy`: p minus one-hot, over T B.

    Shapes: d_loss (); cache -> d_logits (T, B, K)
    """
    log_p, one_hot = cache
    xp = array_namespace(log_p)
    error = xp.exp(log_p) - xp.astype(one_hot, log_p.dtype)
    return error * (d_loss / (log_p.shape[0] * log_p.shape[1]))


def squared_error(y: Array, targets: Array) -> tuple[Array, Array]:
    """The mean of (y - target)^2 over all steps, sequences and outputs.

    Shapes: y (T, B, D); targets (T, B, D) -> loss (); cache (T, B, D)

    Raises ValueError where a shape, dtype or device does not fit.
    """
    xp = array_namespace(y)
    check_shape("y", y, "T", "B", "D")
    check_shape("targets", targets, *y.shape)
    check_alike("y", y, targets=targets)
    check_real("y", y)
    error = y - targets
    return xp.mean(error * error), error


def squared_error_vjp(d_loss: Array, error: Array) -> Array:
    """Backward through `squared_error`: 2 (y - target), over T B D.

    Shapes: d_loss (); error (T, B, D) -> d_y (T, B, D)
    """
    T, B, D = error.shape
    return error * (2 * d_loss / (T * B * D))
