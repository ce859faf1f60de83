"""Small translators, one of each decoder."""

import torch

from rnncore.seq2seq import (
    AttentionDecoder,
    DotScore,
    Encoder,
    StateDecoder,
    Translator,
    VectorDecoder,
)

K, D, H = 6, 3, 4


def vector():
    return VectorDecoder(K, D, H, 2 * H)


def dot():
    return AttentionDecoder(K, D, H, 2 * H, DotScore)


def state():
    return StateDecoder(K, D, H, 2 * H)


def translator(decoder, seed=0, sharp=1.0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = Translator(Encoder(K, D, H), decoder()).double().eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights *= sharp
    return model
