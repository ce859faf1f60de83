"""What test_shapes.py hands to a function beside arrays of random numbers.

`OTHERS` holds the arguments that are no arrays, `NUMBERS` those arrays
whose numbers are not just any, `MODULES` a module of each class, `LETTERS`
the sizes that a function has of its own. A package's table comes before
the common one.
"""

from pathlib import Path
from tempfile import mkdtemp

import numpy as np
import pandas as pd
import torch

from rnncore import (
    blocks,
    chunks,
    depth,
    factors,
    fused,
    memory,
    newton,
    norm,
    rtrl,
    seq2seq,
    tracking,
)
from rnncore.apps.forecast import beside
from rnncore.apps.video.changes import ChangeClassifier
from rnncore.backend import tree_map
from rnncore.diagonal import Selective
from rnncore.forecast import (
    classical,
    counts,
    covariates,
    heads,
    models,
    volatility,
)
from rnncore.forecast.backtest import Outcome
from rnncore.forecast.plan import ForecastPlan
from rnncore.forecast.rivals import Theta
from rnncore.forecast.windows import Windows
from rnncore.fused import cells
from rnncore.gru import unroll_reset_before
from rnncore.layers import unroll_padded
from rnncore.music import chords, frames, score, voices
from rnncore.rnn import init_readout, unroll
from rnncore.scan import Minimal
from rnncore.speech import model as speech
from rnncore.speech.letters import Letters
from rnncore.text.blocks import BlockModel
from rnncore.text.model import LanguageModel
from rnncore.video import captions, files
from rnncore.video import model as video
from tests.helpers.music import any_tokens
from tests.helpers.oracles import KINDS, problem

SIZES = {"T": 7, "B": 2, "D": 4, "H": 5, "K": 6, "S": 5, "E": 3}
SIZES |= {"F": 3, "V": 4, "P": 2, "Q": 3, "A": 6, "C": 4}
SIZES["N"] = 50  # samples of a sound, values of a series
LEVELS = (0.1, 0.5, 0.9)  # Q of them
DAYS = pd.date_range("2020-01-01", periods=SIZES["N"], freq="D")
ANY = None  # a size that the arguments do not tell

LETTERS = {
    "data.tasks.bits_problem": {"bits": 3},
    "data.tasks.swap_problem": {"things": 2},
    "diagonal.selective_layer": {"N": 2},
    "diagonal.selective_layer_vjp": {"N": 2},
    "factors.turning_layer": {"H": 4},
    "factors.turning_layer_vjp": {"H": 4},
    "factors.reflecting_layer": {"N": 2, "d": 3},
    "factors.reflecting_layer_vjp": {"N": 2, "d": 3},
    "forecast.covariates.calendar": {"F": 7 + 4},  # days have no hour
    "forecast.counts.count_probabilities": {"most": 9},
    "forecast.training.futures": {"paths": 4},
    "forecast.volatility.fit_garch": {"N": 120},
    "music.chords.ChordModel": {"N": 4},
    "newton.newton_rounds": {"n": SIZES["H"]},
    "music.infill.log_p_of": {"S": SIZES["T"]},
    "music.infill.resample": {"B": SIZES["N"]},
    "music.sound.pipe": {"samples": 100},
    "music.sound.synthesise": {"N": ANY},
    "music.voices.facts": {"A": SIZES["V"] + 2},
    "music.voices.independent_nats": {"N": SIZES["T"] - 1},
    "music.voices.past_rows": {"A": SIZES["V"] + 2},
    "slow_points.find_slow_points": {"N": ANY},
    "speech.cepstra.back_to_cepstra": {"U": 5, "count": 13},
    "speech.cepstra.cosines": {"count": 13},
    "speech.cepstra.varied_cepstra": {"U": ANY},
    "speech.features.heard": {"T": 1},
    "speech.recordings.heard_level": {"T": 1},
    "speech.recordings.heard_speech": {"T": 1},
    "speech.features.log_mel": {"T": 1},
    "speech.features.mel_bands": {"count": 40},
    "speech.features.power_spectra": {"T": 1},
    "speech.features.read_wav": {"N": ANY},
    "speech.sound.read_sound": {"N": ANY},
    "speech.features.stacked": {"k": 2},
    "reservoir.memory_curve": {"lags": 3, "T": 40},  # more than unknowns
    "rtrl.step_jacobians": {"n": SIZES["H"]},
    "rtrl.unit_gradients": {"n": SIZES["H"]},
    **{  # the transcripts of `labels` have two
        f"transducer.{name}": {"U": 3}
        for name in (
            *("transducer_loss", "transducer_loss_vjp", "arcs"),
            *("diagonals", "by_frame", "sums_before", "sums_after"),
        )
    },
    "tracking.states": {"D": 2, "H": tracking.NUMBERS},
}
GATES = {name: kind.G for name, kind in KINDS.items()}


def letters(name):
    """The sizes of a function, given its name within the package."""
    module = name.split(".")[-2]
    own = LETTERS.get(name, {})
    return {**SIZES, "G": GATES.get(module, 1), **own}


def _network(module, sizes):
    kind = KINDS.get(module, KINDS["rnn"])
    p = problem(kind, *(sizes[k] for k in "TBDH"))
    return kind, p


def _tape(f, module, sizes):
    kind, p = _network(module, sizes)
    if f.__name__.endswith("_reset_before"):
        return unroll_reset_before(p.params, p.x, p.state)[2]
    return unroll(kind.cell, p.params, p.x, p.state)[2]


def _two(one):
    """A pair of it, for a layer in both directions; elsewhere a list."""

    def value(f, module, sizes):
        args = f, module, sizes
        if module != "layers" or "padded" in f.__name__:
            return one(*args)
        if "bidirectional" in f.__name__:
            return one(*args), one(*args)
        return [one(*args)]

    return value


def _padded(f, module, sizes):
    """The tape of a padded batch: each sequence a step shorter."""
    _, p = _network(module, sizes)
    T, B = sizes["T"], sizes["B"]
    rest = [0] * B, [T - k for k in range(B)]
    return unroll_padded(KINDS["rnn"].cell, p.params, p.x, p.state, *rest)[
        2
    ]


def _state(f, module, sizes):
    return _network(module, sizes)[1].state


def _file(name):
    return Path(mkdtemp()) / name


def _language(f, module, s):
    return LanguageModel(s["K"], s["H"])


def _music_model(f, m, s):
    if f is chords.key_chances:
        return chords.ChordModel(4, 3)
    return voices.VoiceModel(s["V"], 5, 3)


def _score(f, module, s):
    """Any score of T frames; where it is to be heard, with a note."""
    tokens = any_tokens(np.random.default_rng(0), s["T"], s["V"])
    return score.decode(tokens)


def _windows(f, module, s):
    rng = np.random.default_rng(0)
    T, B, K, F = (s[k] for k in "TBKF")
    shapes = (T, B, 1 + F), (K, B, F), (K, B)
    return Windows(*(rng.normal(size=shape) for shape in shapes))


def _counts(f, module, s):
    return counts.read_counts(torch.zeros(s["K"], s["B"], 2))


def _recognised(f, module, s):
    T, B, D = (s[k] for k in "TBD")
    return speech.Batch(torch.ones(T, B, D), [T] * B, [[1]] * B)


def _sound():
    from scipy.io import wavfile

    path = _file("sound.wav")
    wavfile.write(path, 16_000, np.ones(100, np.int16))
    return path


def _film(f, module, s):
    """A film to be read, or the place for one to be written."""
    path = _file("film.mp4")
    if f.__name__ == "read_video":
        files.write_video(path, np.zeros((16, 24, 24), np.uint8))
    return path


def _source(f, module, s):
    """What an encoder made of S tokens."""
    S, B, E = s["S"], s["B"], s["E"]
    mask = torch.ones(S, B, dtype=torch.bool)
    return seq2seq.Encoded(torch.ones(S, B, E), mask, torch.ones(B, E))


def _minimal(f, module, s):
    weights = np.random.default_rng(0).normal(size=(2 * s["H"], s["D"]))
    return Minimal(weights, np.zeros(2 * s["H"]))


def _normed(f, module, s):
    """The weights, an input and a state."""
    rng = np.random.default_rng(0)
    params = norm.init_normed(rng, s["D"], s["H"])
    state = tuple(rng.normal(size=(2, s["B"], s["H"])))
    return params, rng.normal(size=(s["T"], s["B"], s["D"])), state


def _steps(f, module, s):
    T, B, K, V = (s[k] for k in "TBKV")
    rng = np.random.default_rng(0)
    sizes = K, K, V, 1, 1
    q, k, v, a, beta = (rng.normal(size=(T, B, n)) for n in sizes)
    return memory.Steps(q, k, v, -np.abs(a), beta)


def _chunks(f, module, s):
    S = np.ones((s["B"], s["V"], s["K"]))
    steps = _steps(f, module, s)
    return chunks.memory_chunks(chunks.DELTA, steps, S, s["C"])[2]


def _chunk(f, module, s):
    """One chunk of C steps."""
    return _chunks(f, module, {**s, "T": s["C"]})[0]


def _block(f, module, s):
    rng = np.random.default_rng(0)
    single = depth.init_iterated(rng, s["D"], s["H"], s["K"], 2).block
    return tree_map(lambda w: w.astype(float), single)


def _caches(f, module, s):
    x, h = (
        np.ones((s["T"], s["B"], s["D"])),
        np.ones((s["T"], s["B"], s["H"])),
    )
    return depth.iterate(_block(f, module, s), x, h, 2)[1]


def _diagonal(f, module, s):
    G, H, D = 1, s["H"], s["D"]
    W_x, w_h, b = np.ones((G * H, D)), np.ones((G, H)), np.ones(G * H)
    return newton.Diagonal(W_x, w_h, b, b)


def _solved(f, module, s):
    kind, p = _network(module, s)
    solve = newton.solve_states
    return solve(kind.cell, kind.vjp, *p[:3])[2]


def _selective(f, module, s):
    rng, H, N = np.random.default_rng(0), s["H"], s["N"]
    W_x, b_x = rng.normal(size=(H + 2 * N, H)), np.zeros(H + 2 * N)
    return Selective(W_x, b_x, np.zeros((H, N)), np.ones(H))


def _first(f, module, s):
    return f.__self__.first(s["B"])


def _factors(f, module, s):
    """As many rows as the layer has; one kind has a vector more."""
    name = f.__name__.removesuffix("_vjp")
    if name == "rg_lru_layer":
        H = s["H"]
        W_x = np.random.default_rng(0).normal(size=(2 * H, H))
        return factors.RealGated(W_x, np.zeros(2 * H), np.zeros(H))
    rows = {
        "diagonal_layer": 2 * s["H"],
        "min_lstm_layer": 3 * s["H"],
        "turning_layer": 2 * s["H"],
        "reflecting_layer": (s.get("d", 0) + 2) * s["N"],
    }[name]
    W_x = np.random.default_rng(0).normal(size=(rows, s["D"]))
    return Minimal(W_x, np.zeros(rows))


def _tracker(f, module, s):
    contender, rng = tracking.CONTENDERS["clip"], np.random.default_rng(0)
    single = tracking.first_tracker(contender, tracking.swapping(2), rng)
    return tree_map(lambda w: w.astype(float), single)


def _methods(f, module, s):
    return {"drift": classical.drift}


def _before_any_token(f, module, s):
    if f.__qualname__.startswith("MambaBlock."):
        return _first(f, module, s)
    return _language(f, module, s).zero_state(s["B"])


OTHERS = {
    "fused": {
        "cell": lambda f, m, s: cells.rnn,
        "lanes": lambda f, m, s: 5,
        "tape": lambda f, m, s: fused.unroll(
            cells.rnn, _network(m, s)[1].params, *_network(m, s)[1][1:3]
        )[2],
    },
    "garch": lambda f, m, s: volatility.Garch(0.0, 0.1, 0.1, 0.8, 5.0),
    "cell": lambda f, m, s: _network(m, s)[0].cell,
    "cell_vjp": lambda f, m, s: _network(m, s)[0].vjp,
    "params": _two(lambda f, m, s: _network(m, s)[1].params),
    "state": _state,
    "states": _two(_state),
    "d_states": _two(_state),
    "tape": lambda f, m, s: (_padded if m == "layers" else _tape)(f, m, s),
    "tapes": _two(_padded),
    "begins": lambda f, m, s: [0] * s["B"],
    "ends": lambda f, m, s: list(range(1, s["B"] + 1)),
    "reset": lambda f, m, s: [k % 2 == 0 for k in range(s["B"])],
    "rate": lambda f, m, s: 0.5,
    "weights": lambda f, m, s: init_readout(
        np.random.default_rng(0), s["H"], s["K"]
    ),
    "rng": lambda f, m, s: np.random.default_rng(0),
    "window": lambda f, m, s: 2,
    "period": lambda f, m, s: 2,
    "order": lambda f, m, s: s["K"],
    "labels": lambda f, m, s: [[1, 2]] * s["B"],  # S = 2 + 2 + 1
    "lengths": lambda f, m, s: [s["T"]] * s["B"],
    "frames": lambda f, m, s: [s["T"]] * s["B"],
    "sequences": lambda f, m, s: [[3] * s["T"]] * s["B"],
    "signal_to_noise": lambda f, m, s: 10.0,
    "width": lambda f, m, s: 4,
    "horizon": lambda f, m, s: s["K"],
    "characters": lambda f, m, s: 100,
    "source": _source,
    **{letter: lambda f, m, s, k=letter: s[k] for letter in "TBDHGK"},
    "rtrl": {
        "cache": lambda f, m, s: _tape(f, m, s).caches[-1],
        "influence": lambda f, m, s: tree_map(
            np.ones_like, rtrl.no_influence(*_network(m, s)[1][:3:2])
        ),
    },
    "reservoir": {
        "lags": lambda f, m, s: 3,
        "penalty": lambda f, m, s: 0.1,
        "radius": lambda f, m, s: 0.9,
        "scale": lambda f, m, s: 0.5,
    },
    "lstm": {"longest": lambda f, m, s: 20.0},
    "norm": {
        "params": lambda f, m, s: _normed(f, m, s)[0],
        "tape": lambda f, m, s: norm.unroll_normed(*_normed(f, m, s))[2],
    },
    "scan": {"params": _minimal},
    "newton": {"weights": _diagonal, "solved": _solved},
    "depth": {
        "block": _block,
        "cache": lambda f, m, s: _caches(f, m, s)[0],
        "caches": _caches,
        "times": lambda f, m, s: 3,
        "most": lambda f, m, s: 1000,
    },
    "memory": {"rule": lambda f, m, s: memory.delta, "steps": _steps},
    "chunks": {
        "rule": lambda f, m, s: chunks.DELTA,
        "steps": _steps,
        "chunk": _chunk,
        "chunks": _chunks,
        "C": lambda f, m, s: s["C"],
    },
    "xlstm": {"steps": _steps, "d_steps": _steps},
    "diagonal": {"params": _selective},
    "blocks": {"state": _first},
    "factors": {
        "params": _factors,
        "squashing": lambda f, m, s: factors.SQUASHINGS["tanh"],
    },
    "tracking": {
        "contender": lambda f, m, s: tracking.CONTENDERS["clip"],
        "tracker": _tracker,
    },
    "seq2seq": {"lengths": lambda f, m, s: [s["S"]] * s["B"]},
    "translate": {
        "decoder": lambda f, m, s: module("seq2seq.VectorDecoder", s),
        "share": lambda f, m, s: 0.5,
    },
    "text": {
        "model": _language,
        "shape": lambda f, m, s: lambda a: np.full(a.shape, 1 / s["K"]),
        "temperature": lambda f, m, s: 0.5,
        "carry": lambda f, m, s: None,
        "k": lambda f, m, s: 2,
        "mass": lambda f, m, s: 0.5,
        "p": lambda f, m, s: 0.5,
        "learning_rate": lambda f, m, s: 0.1,
        "draws": lambda f, m, s: 3,
        "state": _before_any_token,
    },
    "music": {
        "model": _music_model,
        "generator": lambda f, m, s: torch.Generator(),
        "score": _score,
        "frames": lambda f, m, s: 2,
        "scores": lambda f, m, s: [_score(f, m, s)],
        "rolls": lambda f, m, s: [np.zeros((s["T"], 88))] * s["B"],
        "batch": lambda f, m, s: voices.together(
            [voices.facts(_score(f, m, s))] * s["B"]
        ),
        "semitones": lambda f, m, s: 2,
        "draws": lambda f, m, s: 3,
        "pitch": lambda f, m, s: 60,
        "samples": lambda f, m, s: 100,
        "rate": lambda f, m, s: 8000,
        "bar": lambda f, m, s: 8,
        "compass": lambda f, m, s: np.array([[21, 108]] * s["V"]),
        "t": lambda f, m, s: 2,
        "v": lambda f, m, s: 1,
    },
    "forecast": {
        "place": lambda f, m, s: "DE",
        "how": lambda f, m, s: "linear",
        "period": lambda f, m, s: 5,
        "periods": lambda f, m, s: (3, 7),
        "windows": _windows,
        "methods": _methods,
        "outcomes": lambda f, m, s: {
            "one": Outcome(np.ones((s["K"], s["B"])), None)
        },
        "levels": lambda f, m, s: LEVELS,
        "climate": lambda f, m, s: covariates.Climate(np.ones(7)),
        "history": lambda f, m, s: s["T"],
        "level": lambda f, m, s: 0.5,
        "rate": lambda f, m, s: 0.1,
        "paths": lambda f, m, s: 4,
        "head": lambda f, m, s: heads.gaussian_head(),
        "model": lambda f, m, s: classical.fit_linear(_windows(f, m, s)),
        "plan": lambda f, m, s: ForecastPlan(s["K"], s["T"], 3),
        "theta": lambda f, m, s: Theta(0.5, np.zeros(3)),
        "module": lambda f, m, s: module("forecast.models.Recursive", s),
        "counts": _counts,
        "K": lambda f, m, s: s["K"],
        "most": lambda f, m, s: s["most"],
        "origins": lambda f, m, s: [30],
    },
    "speech": {
        "path": lambda f, m, s: _sound(),
        "rate": lambda f, m, s: 16_000,
        "count": lambda f, m, s: s["count"],
        "words": lambda f, m, s: ["a"],
        "true": lambda f, m, s: ["a b"] * s["N"],
        "read": lambda f, m, s: ["a"] * s["N"],
        "letters": lambda f, m, s: Letters("abcdefghij"[: s["K"] - 1]),
        "model": lambda f, m, s: module("speech.model.Recognizer", s),
        "batch": _recognised,
    },
    "video": {
        "path": _film,
        "said": lambda f, m, s: ["a b"] * s["N"],
        "references": lambda f, m, s: [["a", "a b"]] * s["N"],
        "model": lambda f, m, s: module(
            {
                "say": "video.captions.Captioner",
                "looks": "video.captions.Captioner",
            }.get(f.__name__, "video.model.SingleFrame"),
            s,
        ),
        "caption": lambda f, m, s: [3] * (s["N"] - 1),  # and END
        "captions": lambda f, m, s: [[3]] * s["N"],
        "count": lambda f, m, s: s["N"],
        "label": lambda f, m, s: "a film",
        "description": lambda f, m, s: "what it shows",
        "batch": lambda f, m, s: video.FilmBatch(
            torch.ones(s["T"], s["B"], s["S"], s["S"]),
            torch.zeros(s["B"], dtype=torch.long),
        ),
    },
}


def _whole(low, high):
    return lambda rng, shape: rng.integers(low, high, shape)


def _share(rng, shape):
    return rng.dirichlet(np.ones(shape[-1]), shape[:-1])


def _bool(rng, shape):
    return np.ones(shape, bool)


def _unit(rng, shape):
    return rng.uniform(size=shape)


_tokens = _whole(0, SIZES["K"])
_pitches = _whole(score.LOWEST, score.LOWEST + score.KEYS)
NUMBERS = {
    "ids": _tokens,
    "read": _tokens,
    "mask": _bool,
    "norms": _unit,
    "text": {
        "prompts": _tokens,
        "p": _share,
        "counts": _whole(1, 9),
        "drawn": _tokens,
        "included": _unit,
        "targets": _tokens,
    },
    "music": {
        "before": _pitches,
        "compass": lambda rng, shape: np.broadcast_to([21, 108], shape),
        "log_p": lambda rng, shape: np.log(_share(rng, shape)),
        "may_hold": _bool,
        "now": _pitches,
        "past": _whole(0, 5),
        "pitches": _pitches,
        "position": _whole(0, 8),
        "roll": lambda rng, shape: rng.integers(0, 2, shape) * 1.0,
        "rows": _whole(0, 5),
        "slots": _whole(0, 5),
        "sounds": _bool,
        "starts": _bool,
        "struck": _bool,
        "targets": lambda rng, shape: np.full(shape, chords.END),
        "tokens": _whole(score.FIRST, score.TOKENS),
    },
    "forecast": {
        "index": lambda rng, shape: DAYS,
        "origins": lambda rng, shape: rng.integers(10, 20, shape),
        "spread": _unit,
        "values": lambda rng, shape: rng.uniform(size=shape).cumsum(0),
        "y": _whole(0, 4),
        "p": _share,
        "chosen": _whole(0, 2),
        "start": _whole(0, 5),
        "anchors": _whole(5, 9),
    },
    "video": {"labels": _tokens, "frames": _unit},
}


def _point(out):
    return out[..., 0]


def _forecaster(cls, *K):
    return lambda s: cls(
        "GRU", s["F"], s["H"], *(s[k] for k in K), P=s["P"], point=_point
    )


MODULES = {
    "blocks.Attention": lambda s: blocks.Attention(s["D"]),
    "blocks.Block": lambda s: blocks.Block(
        blocks.Shape("minGRU", s["D"], s["H"])
    ),
    "blocks.Cells": lambda s: blocks.MIXERS["sLSTM"](s["D"]),
    "blocks.Memory": lambda s: blocks.Memory(s["D"]),
    "blocks.Without": lambda s: blocks.Without(s["D"]),
    "blocks.MLstm": lambda s: blocks.MLstm(s["D"]),
    "blocks.Scan": lambda s: blocks.min_gru(s["D"]),
    "forecast.models.Direct": lambda s: models.Direct(
        "GRU", s["F"], s["H"], s["K"], s["P"]
    ),
    "forecast.models.EncoderDecoder": _forecaster(models.EncoderDecoder),
    "forecast.models.Recursive": _forecaster(models.Recursive),
    "forecast.beside.Beside": lambda s: beside.Beside(
        models.Direct("GRU", s["F"], s["H"], s["K"], s["P"]),
        *(s[k] for k in "TKP"),
    ),
    "music.chords.ChordModel": lambda s: chords.ChordModel(s["H"], 3),
    "music.frames.FrameModel": lambda s: frames.FrameModel(s["H"]),
    "music.voices.Table": lambda s: voices.Table(5, s["D"]),
    "music.voices.VoiceModel": lambda s: voices.VoiceModel(s["V"], 5, 3),
    "seq2seq.AdditiveScore": lambda s: seq2seq.AdditiveScore(
        s["H"], s["E"]
    ),
    "seq2seq.AttentionDecoder": lambda s: seq2seq.AttentionDecoder(
        s["K"], s["D"], s["H"], s["E"]
    ),
    "seq2seq.DotScore": lambda s: seq2seq.DotScore(s["H"], s["E"]),
    "seq2seq.Encoder": lambda s: seq2seq.Encoder(s["K"], s["D"], s["H"]),
    "seq2seq.StateDecoder": lambda s: seq2seq.StateDecoder(
        s["K"], s["D"], s["H"], s["E"]
    ),
    "seq2seq.VectorDecoder": lambda s: seq2seq.VectorDecoder(
        s["K"], s["D"], s["H"], s["E"]
    ),
    "speech.model.DilatedRecognizer": lambda s: speech.DilatedRecognizer(
        s["D"], s["H"], s["K"]
    ),
    "speech.model.Recognizer": lambda s: speech.Recognizer(
        s["D"], s["H"], s["K"]
    ),
    "speech.model.WindowRecognizer": lambda s: speech.WindowRecognizer(
        s["D"], s["H"], s["K"]
    ),
    "text.blocks.BlockModel": lambda s: BlockModel(
        s["K"], s["D"], "minGRU"
    ),
    "text.model.LanguageModel": lambda s: LanguageModel(s["K"], s["H"]),
    "video.captions.Captioner": lambda s: captions.Captioner(
        s["S"], s["D"], s["H"], s["K"]
    ),
    "video.captions.FilmEncoder": lambda s: captions.FilmEncoder(
        s["S"], s["D"], s["H"]
    ),
    "video.captions.FrameBag": lambda s: captions.FrameBag(
        s["S"], s["D"], s["H"]
    ),
    "video.changes.ChangeClassifier": lambda s: ChangeClassifier(
        s["S"], s["D"], s["H"], s["K"]
    ),
    "video.model.BagOfFrames": lambda s: video.BagOfFrames(
        s["S"], s["D"], s["H"], s["K"]
    ),
    "video.model.FilmClassifier": lambda s: video.FilmClassifier(
        s["S"], s["D"], s["H"], s["K"]
    ),
    "video.model.FrameEncoder": lambda s: video.FrameEncoder(
        s["S"], s["D"]
    ),
    "video.model.SingleFrame": lambda s: video.SingleFrame(
        s["S"], s["D"], s["H"], s["K"]
    ),
}


def module(name, sizes):
    """A module of this class, with small random weights, asked nothing."""
    torch.manual_seed(0)
    return MODULES[name](sizes).eval()


def found(table, name, argument):
    """The entry of a package's own table, or else of the common one."""
    package = table.get(name.split(".")[0], {})
    return (package if isinstance(package, dict) else {}).get(
        argument, table.get(argument)
    )
