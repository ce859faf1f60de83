"""Which submissions of an assignment look alike: winnowed fingerprints.

The method is that of Schleimer, Wilkerson and Aiken, Winnowing: Local
Algorithms for Document Fingerprinting (SIGMOD 2003), which MOSS uses. Code
becomes a row of tokens in which names, numbers and texts of the learner's
own count as one, so that renaming hides nothing; a hash is taken of each
run of K tokens, and of each window of W hashes the smallest is kept. A
passage of K + W - 1 tokens that two submissions share is thus always found.

What the release or the reference solution has, and what many of the class
have, is no evidence and left out; unless it is always the same learners, or
most of them, at most half of the class, who have it: they are a group.
"""

from __future__ import annotations

import builtins
import keyword
import re
import tokenize
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import combinations

from nbformat import NotebookNode

from grader.notebook.cells import grade_id, is_manual, is_test

K, W = 12, 8  # tokens of a run, runs of a window
K_WORDS, W_WORDS = 5, 2  # the same, for answers in words
FEWEST = 4  # shared fingerprints; fewer are chance
SHARE = 0.1  # of the class: what more have is common knowledge
GROUP = 0.5  # of what each of a group has, at least, the group alone has
WIDEST = 100  # learners with a passage by which two of a group are compared
MOST, LEAST = 50, 3  # bounds of that number, for large and small classes
BEFORE = {  # what changes nothing before an operator
    *(("0", "or"), ("None", "or"), ("False", "or"), ("1", "and"), ("True", "and")),
    *(("1", "*"), ("1.0", "*"), ("0", "+"), ("0.0", "+")),
}
BEHIND = {
    *(("or", "None"), ("or", "False"), ("and", "True")),
    *((sign, number) for sign in ("+", "-") for number in ("0", "0.0")),
    *((sign, number) for sign in ("*", "/", "**") for number in ("1", "1.0")),
}
STARTS = {*"([{,:=+-", "+=", "-=", "*=", "", "and", "if", "in", "not", "or", "return"}
BRACKETS, WORDS = (")", "]"), set(keyword.kwlist)
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
class Alike:
    """Submissions that look alike: two, or a group.

    `share` is the part of the shortest one's fingerprints that the others
    have too, after what is common has been left out.
    """

    learners: tuple[str, ...]
    kind: str  # code, or words
    share: float
    shared: int


def tokens_of(source: str) -> list[str]:
    """The tokens of a cell, without what a copyist would change."""
    lines = [
        "\n" if line.lstrip().startswith(("%", "!", "?")) else line
        for line in source.splitlines(keepends=True)
    ]
    found: list[tuple[str, str]] = []  # a token, and what of it counts
    start = 0
    while start < len(lines):  # after a line that cannot be read, the next one counts
        after_dot, last = False, 1
        rest = map(lines.__getitem__, range(start, len(lines)))
        try:
            for token in tokenize.generate_tokens(partial(next, rest, "")):
                last = max(last, token.end[0])
                if token.type in SKIPPED:
                    continue
                found.append((token.string, _normalise_token(token, after_dot)))
                after_dot = token.string == "."
        except (tokenize.TokenError, SyntaxError):
            start += last
        else:
            break
    return _drop_neutral(found)


def _drop_neutral(tokens: Iterable[tuple[str, str]]) -> list[str]:
    """The tokens without what changes nothing, as in `1 * (x)`."""
    left: list[tuple[str, str]] = [("", "")]
    for token in _drop_parentheses(tokens):
        pair = left[-1][0], token[0]
        if pair in BEHIND or (pair in BEFORE and left[-2][0] in STARTS):
            left.pop()
        elif token[0] != "+" or left[-1][0] not in STARTS:
            left.append(token)
    return [plain for _, plain in left[1:]]


def _drop_parentheses(tokens: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The tokens without parentheses, unless they are of a call or a definition."""
    last, kept = "", []
    for token in tokens:
        if token[0] == "(":
            kept.append(last in BRACKETS or (last.isidentifier() and last not in WORDS))
        is_kept = token[0] not in ("(", ")") or (kept[-1] if kept else True)
        if token[0] == ")" and kept:
            kept.pop()
        last = token[0]
        if is_kept:
            yield token


def _normalise_token(token: tokenize.TokenInfo, after_dot: bool) -> str:
    if token.type == tokenize.NUMBER:
        return "0"
    if token.type == tokenize.STRING:
        return "''"
    if token.type == tokenize.NAME and token.string not in KEPT:
        return token.string if after_dot else "name"
    return token.string


def compute_fingerprints(tokens: list[str], k: int = K, w: int = W) -> set[int]:
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
            found |= compute_fingerprints(tokens_of(cell.source))
    return found


def word_prints(notebook: NotebookNode) -> set[int]:
    """The fingerprints of the answers in words."""
    found: set[int] = set()
    for cell in notebook.cells:
        if grade_id(cell) and is_manual(cell):
            words = re.findall(r"\w+", cell.source.lower())
            found |= compute_fingerprints(words, K_WORDS, W_WORDS)
    return found


def find_alike(
    prints: Mapping[str, set[int]], common: set[int], kind: str
) -> list[Alike]:
    """Pairs and groups that share what few others have, the closest first."""
    where: dict[int, list[str]] = defaultdict(list)
    for who, found in sorted(prints.items()):
        for number in found - common:
            where[number].append(who)
    most = min(MOST, max(LEAST, int(SHARE * len(prints))))
    left: Counter[str] = Counter()
    shared: Counter[tuple[str, ...]] = Counter()
    for learners in where.values():
        if len(learners) <= most:
            left.update(learners)
            shared.update(combinations(learners, 2))
    pairs = [
        Alike(pair, kind, count / min(left[who] for who in pair), count)
        for pair, count in shared.items()
        if count >= FEWEST
    ]
    groups = _find_groups(where, most, len(prints) // 2, kind)
    return sorted(pairs + groups, key=lambda a: (-a.share, -a.shared, a.learners))


def _find_groups(
    where: Mapping[int, list[str]], most: int, largest: int, kind: str
) -> list[Alike]:
    """Groups of learners with the same passages, too large to list as pairs.

    Passages that more than half of the class have are common knowledge. A
    group has the same passages, or one of its learners shares enough with
    each of the others; what counts is what nobody outside the group has.
    """
    own: Counter[str] = Counter()
    for learners in where.values():
        if len(learners) <= largest:
            own.update(learners)
    sets = Counter(frozenset(w) for w in where.values() if most < len(w) <= largest)
    found = {}
    for group in {*sets, *_find_neighbours(sets, own)}:
        inside = {held: count for held, count in sets.items() if held <= group}
        has = {
            who: sum(n for held, n in inside.items() if who in held) for who in group
        }
        enough = max(FEWEST, GROUP * min(own[who] for who in group))
        members = tuple(sorted(who for who in group if has[who] >= enough))
        if len(members) > most:
            share = max(has[who] / own[who] for who in members)
            shared = min(has[who] for who in members)
            found[members] = Alike(members, kind, share, shared)
    return [*found.values()]


def _find_neighbours(
    sets: Mapping[frozenset[str], int], own: Mapping[str, int]
) -> set[frozenset[str]]:
    """Each learner with those who share enough, in sets that are not too wide."""
    shared: Counter[tuple[str, str]] = Counter()
    for held, count in sets.items():
        if len(held) <= WIDEST:
            for pair in combinations(sorted(held), 2):
                shared[pair] += count
    near: dict[str, set[str]] = defaultdict(set)
    for (one, other), count in shared.items():
        if count >= max(FEWEST, GROUP * min(own[one], own[other])):
            near[one] |= {one, other}
            near[other] |= {one, other}
    return {frozenset(group) for group in near.values()}


def compare(
    notebooks: Mapping[str, NotebookNode], given: Iterable[NotebookNode]
) -> list[Alike]:
    """Submissions that look alike; what `given` ones hold is no evidence."""
    given = list(given)
    found = []
    for kind, prints in (("code", code_prints), ("words", word_prints)):
        common = set().union(*(prints(notebook) for notebook in given))
        mine = {who: prints(nb) for who, nb in notebooks.items()}
        found += find_alike(mine, common, kind)
    return found
