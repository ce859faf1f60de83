"""What is held out, when documents share passages."""

from collections.abc import Sequence

import numpy as np


def overlapping_groups(
    documents: Sequence[Sequence], length: int = 12
) -> list[list[int]]:
    """Documents in groups: two that share a run of tokens are in one.

    A run has `length` tokens. Sharing goes on from one to the next: two
    documents may be in one group because of a third.

    Raises ValueError where length is below 1.
    """
    if length < 1:
        raise ValueError(f"length: expected at least 1, got {length}")
    from scipy.cluster.hierarchy import DisjointSet

    groups = DisjointSet(range(len(documents)))
    seen: dict[tuple, int] = {}
    for k, tokens in enumerate(documents):
        for t in range(len(tokens) - length + 1):
            run = tuple(tokens[t : t + length])
            groups.merge(k, seen.setdefault(run, k))
    return sorted(map(sorted, groups.subsets()))


def split_groups(
    rng: np.random.Generator,
    groups: Sequence[Sequence[int]],
    sizes: Sequence[int],
    *shares: float,
) -> list[list[int]]:
    """Whole groups in parts: the rest first, then one part a share.

    Drawn at random until the documents of a part have its share of all
    tokens; a group that would exceed a share by half goes to the rest.

    Raises ValueError unless the shares are positive, with a sum below 1.
    """
    if not all(s > 0 for s in shares) or not sum(shares) < 1:
        raise ValueError(
            "shares: expected positive numbers with a sum below 1, "
            f"got {shares}"
        )
    parts: list[list[int]] = [[] for _ in range(1 + len(shares))]
    filled = [0] * len(parts)
    wanted = [0, *(share * sum(sizes) for share in shares)]
    for g in rng.permutation(len(groups)):
        tokens = sum(sizes[k] for k in groups[g])
        part = 0
        for k in range(1, len(parts)):
            fits = filled[k] + tokens <= 1.5 * wanted[k]
            if filled[k] < wanted[k] and fits:
                part = k
                break
        parts[part] += groups[g]
        filled[part] += tokens
    return [sorted(part) for part in parts]
