"""From one sequence to another: encoder, decoder, attention, search.

Sequences are numbers of tokens, (T, B), padded with PAD, which is 0. A
target begins with START, 1, and ends with END, 2; words are numbers from
3 on. The recurrent layers are those of `rnncore.nn`.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, dropout
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from rnncore.backend import check_lengths, check_shape
from rnncore.nn import GRU

PAD = 0  # stands where a shorter sequence has ended
START = 1
END = 2


class Encoded(NamedTuple):
    """What the decoder may know of the source."""

    states: Tensor  # (S, B, E): one per token, both directions joined
    mask: Tensor  # (S, B): True where a token stands
    summary: Tensor  # (B, E): each direction's last state


class Hypothesis(NamedTuple):
    """A target that a search found, without START and END."""

    tokens: list[int]
    log_p: float
    score: float  # log_p over the length penalty: what the search ranks by


def pad(sequences: Sequence[Sequence[int]]) -> tuple[Tensor, list[int]]:
    """Sequences of different lengths as one array, and their lengths.

    Shapes: -> ids (T, B); lengths

    Raises ValueError where there is no sequence, or an empty one.
    """
    lengths = [len(s) for s in sequences]
    if not lengths or min(lengths) < 1:
        raise ValueError(
            "sequences: expected at least one, each with a token, "
            f"got lengths {lengths}"
        )
    rows = [torch.tensor(s, dtype=torch.long) for s in sequences]
    return nn.utils.rnn.pad_sequence(rows, padding_value=PAD), lengths


class Encoder(nn.Module):
    """Reads a source in both directions.

    Shapes: ids (S, B) -> states (S, B, 2*H); mask (S, B); summary (B, 2*H)
    """

    def __init__(self, K: int, D: int, H: int, rate: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(K, D, padding_idx=PAD)
        self.loop = GRU(D, H, bidirectional=True)
        self.rate = rate

    def forward(self, ids: Tensor, lengths: Sequence[int]) -> Encoded:
        """Encode sequences; padding has no effect on the result."""
        check_shape("ids", ids, "S", "B")
        S, B = ids.shape
        found = torch.tensor(check_lengths(lengths, S, B))
        x = dropout(self.embedding(ids), self.rate, self.training)
        packed = pack_padded_sequence(x, found, enforce_sorted=False)
        y, last = self.loop(packed)
        states, _ = pad_packed_sequence(y, total_length=S)
        step = torch.arange(S, device=ids.device)[:, None]
        mask = step < found.to(ids.device)
        return Encoded(states, mask, torch.cat([last[0], last[1]], dim=1))


class VectorDecoder(nn.Module):
    """Writes a target from one vector, given to it at every step.

    Shapes: ids (T, B); h (1, B, H) -> logits (T, B, K); h (1, B, H)

    Source: Cho et al. 2014.
    """

    def __init__(self, K: int, D: int, H: int, E: int, rate: float = 0.0):
        super().__init__()
        self.embedding = nn.Embedding(K, D, padding_idx=PAD)
        self.first = nn.Linear(E, H)
        self.loop = GRU(D + E, H)
        self.readout = nn.Linear(H, K)
        self.rate = rate

    def start(self, source: Encoded) -> Tensor:
        """The state before the first token."""
        return torch.tanh(self.first(source.summary))[None]

    def forward(
        self, ids: Tensor, h: Tensor, source: Encoded
    ) -> tuple[Tensor, Tensor]:
        """Logits of the token after each of ids, and the last state."""
        check_shape("ids", ids, "T", source.summary.shape[0])
        x = dropout(self.embedding(ids), self.rate, self.training)
        vector = source.summary.expand(len(ids), -1, -1)
        y, h = self.loop(torch.cat([x, vector], dim=2), h)
        return self.readout(dropout(y, self.rate, self.training)), h


class StateDecoder(VectorDecoder):
    """The same, given the vector as its first state alone.

    Shapes: ids (T, B); h (1, B, H) -> logits (T, B, K); h (1, B, H)

    Source: Sutskever, Vinyals & Le 2014.
    """

    def forward(
        self, ids: Tensor, h: Tensor, source: Encoded
    ) -> tuple[Tensor, Tensor]:
        """Where the vector would stand, the loop reads zeros."""
        nothing = torch.zeros_like(source.summary)
        return super().forward(ids, h, source._replace(summary=nothing))


class DotScore(nn.Module):
    """How well a query fits each key: their product, over sqrt(E).

    Shapes: queries (T, B, H); keys (S, B, E) -> scores (T, B, S)

    Source: Luong, Pham & Manning 2015 ("general"); the root: Vaswani et
    al. 2017.
    """

    def __init__(self, H: int, E: int):
        super().__init__()
        self.product = nn.Linear(H, E, bias=False)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """One product for all steps of the target."""
        q = self.product(queries)
        return torch.einsum("tbe,sbe->tbs", q, keys) / keys.shape[2] ** 0.5


class AdditiveScore(nn.Module):
    """How well a query fits each key: v tanh(W_q q + W_k k).

    Shapes: queries (T, B, H); keys (S, B, E) -> scores (T, B, S)

    Source: Bahdanau, Cho & Bengio 2015.
    """

    def __init__(self, H: int, E: int):
        super().__init__()
        self.query = nn.Linear(H, H, bias=False)
        self.key = nn.Linear(E, H)
        self.v = nn.Linear(H, 1, bias=False)

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """(T, S, B, H) numbers stand in memory at once."""
        q, k = self.query(queries)[:, None], self.key(keys)[None]
        return self.v(torch.tanh(q + k))[..., 0].transpose(1, 2)


def attend(
    scores: Tensor, values: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    """The mean of the values, weighted by softmax(scores) where mask holds.

    Shapes: scores (T, B, S); values (S, B, E); mask (S, B)
        -> context (T, B, E); weights (T, B, S)

    Raises ValueError where a shape does not fit.
    """
    check_shape("mask", mask, *values.shape[:2])
    check_shape("scores", scores, "T", values.shape[1], values.shape[0])
    scores = scores.masked_fill(~mask.T[None], -math.inf)
    weights = scores.softmax(dim=2)
    return torch.einsum("tbs,sbe->tbe", weights, values), weights


class AttentionDecoder(nn.Module):
    """Writes a target, and looks at all the source for each of its tokens.

    The loop reads the target alone, so that under teacher forcing all
    steps look at the source in one product.

    Shapes: ids (T, B); h (1, B, H) -> logits (T, B, K); h (1, B, H)

    Source: Luong, Pham & Manning 2015 (global attention, and what they
    call the attentional vector).
    """

    def __init__(
        self,
        K: int,
        D: int,
        H: int,
        E: int,
        score: Callable[[int, int], nn.Module] = DotScore,
        rate: float = 0.0,
    ):
        super().__init__()
        self.embedding = nn.Embedding(K, D, padding_idx=PAD)
        self.first = nn.Linear(E, H)
        self.loop = GRU(D, H)
        self.score = score(H, E)
        self.mix = nn.Linear(H + E, H)
        self.readout = nn.Linear(H, K)
        self.rate = rate

    def start(self, source: Encoded) -> Tensor:
        """The state before the first token."""
        return torch.tanh(self.first(source.summary))[None]

    def look(
        self, ids: Tensor, h: Tensor, source: Encoded
    ) -> tuple[Tensor, Tensor, Tensor]:
        """As forward, and where each step looked: weights (T, B, S)."""
        check_shape("ids", ids, "T", source.summary.shape[0])
        x = dropout(self.embedding(ids), self.rate, self.training)
        y, h = self.loop(x, h)
        scores = self.score(y, source.states)
        context, weights = attend(scores, source.states, source.mask)
        mixed = torch.tanh(self.mix(torch.cat([y, context], dim=2)))
        mixed = dropout(mixed, self.rate, self.training)
        return self.readout(mixed), h, weights

    def forward(
        self, ids: Tensor, h: Tensor, source: Encoded
    ) -> tuple[Tensor, Tensor]:
        """Logits of the token after each of ids, and the last state."""
        logits, h, _ = self.look(ids, h, source)
        return logits, h


class Translator(nn.Module):
    """An encoder and a decoder that fits it."""

    def __init__(self, encoder: Encoder, decoder: Any):
        super().__init__()
        self.encoder, self.decoder = encoder, decoder

    def forward(
        self, ids: Tensor, lengths: Sequence[int], read: Tensor
    ) -> Tensor:
        """Teacher forcing: logits after each true token that was read.

        Shapes: ids (S, B); read (T, B) -> logits (T, B, K)
        """
        source = self.encoder(ids, lengths)
        return self.decoder(read, self.decoder.start(source), source)[0]


def translation_loss(
    logits: Tensor, targets: Tensor, epsilon: float = 0.0
) -> Tensor:
    """The mean of -log p over the tokens of the targets, not the padding.

    With label smoothing the true token has a share of 1 - epsilon; the
    rest is spread evenly over all K tokens.

    Shapes: logits (T, B, K); targets (T, B) -> loss ()

    Raises ValueError where epsilon is not 0 to below 1, or a shape does
    not fit.
    Source: Szegedy et al. 2016, section 7 (smoothing).
    """
    if not 0 <= epsilon < 1:
        raise ValueError(f"epsilon: expected 0 to below 1, got {epsilon}")
    check_shape("targets", targets, *logits.shape[:2])
    return cross_entropy(
        logits.flatten(0, 1),
        targets.flatten(),
        ignore_index=PAD,
        label_smoothing=epsilon,
    )


@torch.no_grad()
def greedy(decoder: Any, source: Encoded, limit: int) -> list[list[int]]:
    """The likeliest token at each step, read again at the next.

    One target for each source; it ends at END, or after `limit` tokens.

    Raises ValueError where the limit is below 1.
    """
    check_search(limit)
    h = decoder.start(source)
    B = h.shape[1]
    read = torch.full((1, B), START, device=h.device)
    done = torch.zeros(B, dtype=torch.bool, device=h.device)
    written: list[list[int]] = [[] for _ in range(B)]
    for _ in range(limit):
        log_p, h = next_token(decoder, read, h, source)
        read = log_p.argmax(dim=1)[None]
        done |= read[0] == END
        if bool(done.all()):
            break
        for b in torch.nonzero(~done)[:, 0].tolist():
            written[b].append(int(read[0, b]))
    return written


def length_penalty(length: int, alpha: float) -> float:
    """((5 + length) / 6)^alpha: 1 for a single token, and for alpha 0.

    Source: Wu et al. 2016, equation 14.
    """
    return ((5 + length) / 6) ** alpha


@torch.no_grad()
def beam_search(
    decoder: Any,
    source: Encoded,
    width: int,
    limit: int,
    alpha: float = 0.6,
) -> list[Hypothesis]:
    """The best targets that keeping `width` beginnings at a time finds.

    One source alone (B = 1). Each step extends all beginnings by all
    tokens and keeps the likeliest. One that ends is set aside, its log p
    divided by the length penalty; END counts as a token. It stops when no
    beginning could still beat the worst of `width` that ended. Best first.

    Raises ValueError where width or limit is below 1, or alpha negative.
    """
    check_search(limit, width, alpha)
    check_shape("source.states", source.states, "S", 1, "E")
    h = decoder.start(source)
    live: list[tuple[list[int], float]] = [([], 0.0)]
    ended: list[Hypothesis] = []
    for n in range(1, limit + 1):
        last = [tokens[-1] if tokens else START for tokens, _ in live]
        read = torch.tensor([last], device=h.device)
        one_each = _repeated(source, len(live))
        log_p, h = next_token(decoder, read, h, one_each)
        so_far = log_p.new_tensor([p for _, p in live])
        total = (log_p + so_far[:, None]).flatten()
        best = total.topk(min(2 * width, len(total)))
        rows: list[int] = []
        longer: list[tuple[list[int], float]] = []
        found = zip(*map(Tensor.tolist, best), strict=True)
        for rank, (p, place) in enumerate(found):
            row, token = divmod(place, log_p.shape[1])
            if token == END and rank < width:
                score = p / length_penalty(n, alpha)
                ended.append(Hypothesis(live[row][0], p, score))
            elif token != END and p > -math.inf and len(longer) < width:
                longer.append(([*live[row][0], token], p))
                rows.append(row)
        live, h = longer, h[:, rows]
        ended = sorted(ended, key=lambda e: -e.score)[:width]
        if not live or is_settled(live[0][1], ended, width, limit, alpha):
            break
    if not ended:  # nothing came to its end: the beginnings, as they are
        ended = [
            Hypothesis(t, p, p / length_penalty(len(t), alpha))
            for t, p in live
        ]
    return ended


def is_settled(
    log_p: float,
    ended: list[Hypothesis],
    width: int,
    limit: int,
    alpha: float,
) -> bool:
    """Whether even the best beginning cannot beat the worst that ended.

    Its log p can only fall; at best it is divided by the largest penalty.
    """
    if len(ended) < width:
        return False
    return log_p / length_penalty(limit, alpha) <= ended[-1].score


def next_token(
    decoder: Any, read: Tensor, h: Tensor, source: Encoded
) -> tuple[Tensor, Tensor]:
    """log p (B, K) of what may follow: no target holds PAD or START."""
    logits, h = decoder(read, h, source)
    log_p = logits[0].log_softmax(dim=1)
    log_p[:, [PAD, START]] = -math.inf
    return log_p, h


def _repeated(source: Encoded, n: int) -> Encoded:
    states, mask, summary = source
    return Encoded(
        states.expand(-1, n, -1), mask.expand(-1, n), summary.expand(n, -1)
    )


def check_search(limit: int, width: int = 1, alpha: float = 0.0) -> None:
    """Raise ValueError where no search can be made by these."""
    if limit < 1:
        raise ValueError(f"limit: expected at least 1, got {limit}")
    if width < 1:
        raise ValueError(f"width: expected at least 1, got {width}")
    if alpha < 0:
        raise ValueError(f"alpha: expected at least 0, got {alpha}")
