"""What the notebooks check with: results, gradients, causality, mistakes.

One function, `check`, serves the visible tests, the hidden tests and the
catalogue of mistakes. A failure names the argument or the output, the
index, the expected and the actual number and, where the wrong result is
the one that a known mistake gives, that mistake.
"""

from rnncore.testing.boxes import black_boxes, edited, hunt
from rnncore.testing.checks import (
    assert_refuses,
    check,
    check_causal,
    check_independent,
    hidden_rng,
    lend,
    mover,
    observe,
)
from rnncore.testing.compare import (
    assert_close,
    assert_gradient,
    assert_shape,
)
from rnncore.testing.inputs import hidden_inputs
from rnncore.testing.sketches import Mistake, Seen, Stored, sketch, stored

__all__ = [
    "Mistake",
    "Seen",
    "Stored",
    "assert_close",
    "assert_gradient",
    "assert_refuses",
    "assert_shape",
    "black_boxes",
    "check",
    "check_causal",
    "check_independent",
    "edited",
    "hidden_inputs",
    "hidden_rng",
    "hunt",
    "lend",
    "mover",
    "observe",
    "sketch",
    "stored",
]
