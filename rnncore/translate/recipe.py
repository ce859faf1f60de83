"""What translators of real sentences add: smoothing, ties, many beams."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from rnncore.backend import check_shape
from rnncore.seq2seq import (
    END,
    PAD,
    START,
    Encoded,
    Hypothesis,
    Translator,
    _check_limit,
    _next_token,
    _settled,
    length_penalty,
    pad,
)
from rnncore.translate.subwords import SubWords
from rnncore.translate.training import ROOM, Batch


def smoothed(logits: Tensor, targets: Tensor, epsilon: float) -> Tensor:
    """`translation_loss` of targets that are not quite sure.

    The true token's share is 1 - epsilon; the rest is spread evenly over
    all K tokens.

    Shapes: logits (T, B, K); targets (T, B) -> loss ()

    Raises ValueError where epsilon is not 0 to below 1, or a shape does
    not fit.
    Source: Szegedy et al. 2016, section 7.
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


def smoothed_loss(
    epsilon: float,
) -> Callable[[Translator, Batch, Any], tuple[Tensor, Any]]:
    """The loss of a translator for `train_module`: `smoothed`."""

    def loss(
        model: Translator, batch: Batch, carry: Any
    ) -> tuple[Tensor, Any]:
        logits = model(batch.ids, batch.lengths, batch.read)
        return smoothed(logits, batch.targets, epsilon), carry

    return loss


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


@torch.no_grad()
def beam_searches(
    decoder: Any,
    source: Encoded,
    width: int,
    limit: int,
    alpha: float = 0.6,
) -> list[Hypothesis]:
    """The best target of `beam_search`, of many sources at a time.

    Raises ValueError where width or limit is below 1.
    """
    _check_limit(limit)
    if width < 1:
        raise ValueError(f"width: expected at least 1, got {width}")
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
        log_p, h = _next_token(decoder, read, h, wide)
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
            if _settled(likeliest, ended[b], width, limit, alpha):
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


@torch.no_grad()
def search_all(
    model: Translator,
    source: SubWords,
    target: SubWords,
    sentences: Sequence[str],
    width: int,
    alpha: float = 0.6,
    B: int = 64,
) -> list[str]:
    """The best translations that a beam finds, in the sentences' order.

    Raises ValueError where a sentence is empty, or as `beam_searches`.
    """
    device = next(model.parameters()).device
    encoded = [source.encode(s) for s in sentences]
    order = np.argsort([len(e) for e in encoded], kind="stable")
    said = [""] * len(sentences)
    model.eval()
    for start in range(0, len(order), B):
        chosen = order[start : start + B]
        ids, lengths = pad([encoded[k] for k in chosen])
        read = model.encoder(ids.to(device), lengths)
        limit = 2 * max(lengths) + ROOM
        found = beam_searches(model.decoder, read, width, limit, alpha)
        for k, hypothesis in zip(chosen, found, strict=True):
            said[k] = target.decode(hypothesis.tokens)
    return said
