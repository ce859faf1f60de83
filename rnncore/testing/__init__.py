"""What the notebooks check with: results, gradients, causality, mistakes.

One function, `check`, serves the visible tests, the hidden tests and the
catalogue of mistakes. A failure names the argument or the output, the
index, the expected and the actual number and, where the wrong result is
the one that a known mistake gives, that mistake.
"""

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
    assert_that,
)
from rnncore.testing.failure import CheckFailure, Failure
from rnncore.testing.fingerprints import (
    Mistake,
    Seen,
    Stored,
    fingerprint_of,
    stored,
)
from rnncore.testing.inputs import hidden_inputs
from rnncore.testing.mutants import black_boxes, edited, hunt
from rnncore.testing.properties import Properties

__all__ = [
    "CheckFailure",
    "Failure",
    "Mistake",
    "Properties",
    "Seen",
    "Stored",
    "assert_close",
    "assert_gradient",
    "assert_refuses",
    "assert_shape",
    "assert_that",
    "black_boxes",
    "check",
    "check_causal",
    "check_independent",
    "edited",
    "fingerprint_of",
    "hidden_inputs",
    "hidden_rng",
    "hunt",
    "lend",
    "mover",
    "observe",
    "stored",
]
