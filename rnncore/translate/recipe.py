"""What translators of real sentences add: tied weights, many beams."""

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from rnncore.seq2seq import (
    END,
    START,
    Encoded,
    Hypothesis,
    check_search,
    is_settled,
    length_penalty,
    next_token,
)


def tie_readout(model: Any, scale: float = 0.1) -> Any:
    """Let the decoder read and write a token by the same D weights.

    They are drawn anew, as normal numbers of this scale: an embedding's
    usual scale of 1 would begin with logits that are far too sure.

    Raises ValueError unless embeddings and the readout are equally wide.
    Source: Press & Wolf 2017.
    """
    embedding, readout = model.decoder.embedding, model.decoder.readout
    if embedding.weight.shape != readout.weight.shape:
        raise ValueError(
            f"readout: expected {tuple(embedding.weight.shape)} weights "
            f"as the embedding, got {tuple(readout.weight.shape)}"
        )
    nn.init.normal_(embedding.weight, std=scale)
    readout.weight = embedding.weight
    return model


def is_tied(model: Any) -> bool:
    """Whether one set of weights reads and writes a token."""
    decoder = model.decoder
    return decoder.readout.weight is decoder.embedding.weight


@torch.no_grad()
def beam_searches(
    decoder: Any,
    source: Encoded,
    width: int,
    limit: int,
    alpha: float = 0.6,
) -> list[Hypothesis]:
    """The best target of `beam_search`, of many sources at a time.

    Raises ValueError as `beam_search` does.
    """
    check_search(limit, width, alpha)
    h = decoder.start(source).repeat_interleave(width, dim=1)
    states, mask, summary = source
    wide = Encoded(
        states.repeat_interleave(width, dim=1),
        mask.repeat_interleave(width, dim=1),
        summary.repeat_interleave(width, dim=0),
    )
    B = len(summary)
    first = width * torch.arange(B, device=h.device)[:, None]
    p = h.new_full((B, width), -math.inf)
    p[:, 0] = 0.0  # all beginnings are alike: one counts
    read = torch.full((1, B * width), START, device=h.device)
    written = read.new_zeros(B * width, 0)
    ended: list[list[Hypothesis]] = [[] for _ in range(B)]
    left = set(range(B))
    for n in range(1, limit + 1):
        log_p, h = next_token(decoder, read, h, wide)
        K = log_p.shape[1]
        total = (log_p + p.flatten()[:, None]).view(B, -1)
        best = total.topk(min(2 * width, total.shape[1]))
        rows, tokens = best.indices // K + first, best.indices % K
        ends = tokens == END
        done = ends[:, :width] & (best.values[:, :width] > -math.inf)
        for b, rank in done.nonzero().tolist():
            if b in left:
                log = float(best.values[b, rank])
                said = written[rows[b, rank]].tolist()
                score = log / length_penalty(n, alpha)
                ended[b].append(Hypothesis(said, log, score))
        p, order = best.values.masked_fill(ends, -math.inf).topk(width)
        chosen = rows.gather(1, order).flatten()
        read = tokens.gather(1, order).flatten()[None]
        written = torch.cat([written[chosen], read.T], dim=1)
        h = h[:, chosen]
        for b in list(left):
            ended[b] = sorted(ended[b], key=lambda e: -e.score)[:width]
            likeliest = float(p[b, 0])
            if is_settled(likeliest, ended[b], width, limit, alpha):
                left.discard(b)
        if not left:
            break
    for b in range(B):
        if not ended[b]:  # nothing came to its end: as far as it got
            log = float(p[b, 0])
            score = log / length_penalty(written.shape[1], alpha)
            said = written[b * width].tolist()
            ended[b].append(Hypothesis(said, log, score))
    return [found[0] for found in ended]


def write_by_beam(
    width: int, alpha: float = 0.6
) -> Callable[[Any, Encoded, int], list[list[int]]]:
    """What `translate` writes with in place of `greedy`: a beam each."""

    def write(decoder: Any, source: Encoded, limit: int) -> list[list[int]]:
        found = beam_searches(decoder, source, width, limit, alpha)
        return [hypothesis.tokens for hypothesis in found]

    return write
