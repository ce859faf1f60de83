"""What the fuzz of formats shares: how many files, and where they lie.

A test composes valid files by a generator that Hypothesis plays, so that a
failure shrinks, and compares what is read with what was meant.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

FEW = 30  # the weekly profile composes 10,000


def composed(test):
    """The test with a generator `rng` (random.Random) that shrinks."""
    usual = settings.get_current_profile_name() == "course"
    run = settings(max_examples=FEW) if usual else settings()
    return run(given(rng=st.randoms(use_true_random=False))(test))


def some(rng, items, most):
    """Up to `most` of these, each as often as it comes."""
    return [rng.choice(items) for _ in range(rng.randrange(most + 1))]
