"""Which submissions of an assignment look alike: winnowed fingerprints.

The method is that of Schleimer, Wilkerson and Aiken, Winnowing: Local
Algorithms for Document Fingerprinting (SIGMOD 2003), which MOSS uses. Code
becomes a row of tokens in which names, numbers and texts of the learner's
own count as one, so that renaming hides nothing; a hash is taken of each
run of K tokens, and of each window of W hashes the smallest is kept. A
passage of K + W - 1 tokens that two submissions share is thus always found.

What the release or the reference solution has, and what many of the class
have, is no evidence and left out.
"""

from __future__ import annotations

import builtins
import io
import keyword
import re
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from nbformat import NotebookNode

from grader.notebook.repair import grade_id, is_test

K, W = 12, 8  # tokens of a run, runs of a window
K_WORDS, W_WORDS = 5, 2  # the same, for answers in words
FEWEST = 4  # shared fingerprints; fewer are chance
SHARE = 0.1  # of the class: what more have is common knowledge
MOST, LEAST = 50, 3  # bounds of that number, for large and small classes
KEPT = set(keyword.kwlist) | set(dir(builtins))
SKIPPED = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
}


@dataclass(frozen=True)
class Pair:
    """Two submissions that look alike.

    `share` is the part of the shorter one's fingerprints that the other
    has too, after what is common has been left out.
    """

    first: str
    second: str
    kind: str  # code, or words
    share: float
    shared: int


def tokens_of(source: str) -> list[str]:
    """The tokens of a cell, without what a copyist would change."""
    found: list[str] = []
    after_dot = False
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type in SKIPPED:
                continue
            found.append(_plain(token, after_dot))
            after_dot = token.string == "."
    except (tokenize.TokenError, SyntaxError):  # what came before counts
        return found
    return found


def _plain(token: tokenize.TokenInfo, after_dot: bool) -> str:
    if token.type == tokenize.NUMBER:
        return "0"
    if token.type == tokenize.STRING:
        return "''"
    if token.type == tokenize.NAME and token.string not in KEPT:
        return token.string if after_dot else "name"
    return token.string


def fingerprints(tokens: list[str], k: int = K, w: int = W) -> set[int]:
    """The winnowed hashes of a row of tokens."""
    hashes = [
        zlib.crc32("\0".join(tokens[i : i + k]).encode("utf-8", "replace"))
        for i in range(len(tokens) - k + 1)
    ]
    if len(hashes) < w:
        return {min(hashes)} if hashes else set()
    return {min(hashes[i : i + w]) for i in range(len(hashes) - w + 1)}


def code_prints(notebook: NotebookNode) -> set[int]:
    """The fingerprints of a notebook's code, without its tests."""
    found: set[int] = set()
    for cell in notebook.cells:
        if cell.cell_type == "code" and not is_test(cell):
            found |= fingerprints(tokens_of(cell.source))
    return found


def word_prints(notebook: NotebookNode) -> set[int]:
    """The fingerprints of the answers in words."""
    found: set[int] = set()
    for cell in notebook.cells:
        meta = cell.metadata.get("nbgrader", {})
        if grade_id(cell) and meta.get("solution") and meta.get("grade"):
            words = re.findall(r"\w+", cell.source.lower())
            found |= fingerprints(words, K_WORDS, W_WORDS)
    return found


def alike(prints: Mapping[str, set[int]], common: set[int], kind: str) -> list[Pair]:
    """Pairs that share what few others have, the closest first."""
    where: dict[int, list[str]] = defaultdict(list)
    for who, found in prints.items():
        for number in found - common:
            where[number].append(who)
    most = min(MOST, max(LEAST, int(SHARE * len(prints))))
    left: Counter[str] = Counter()
    shared: Counter[tuple[str, str]] = Counter()
    for learners in where.values():
        if len(learners) > most:
            continue
        left.update(learners)
        shared.update(combinations(sorted(learners), 2))
    pairs = [
        Pair(a, b, kind, count / min(left[a], left[b]), count)
        for (a, b), count in shared.items()
        if count >= FEWEST
    ]
    return sorted(pairs, key=lambda p: (-p.share, -p.shared, p.first))


def compare(
    notebooks: Mapping[str, NotebookNode], given: Iterable[NotebookNode]
) -> list[Pair]:
    """Pairs of submissions that look alike; `given` are no evidence."""
    given = list(given)
    pairs = []
    for kind, prints in (("code", code_prints), ("words", word_prints)):
        common = set().union(*(prints(notebook) for notebook in given))
        mine = {who: prints(nb) for who, nb in notebooks.items()}
        pairs += alike(mine, common, kind)
    return pairs
