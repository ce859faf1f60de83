"""What the stored networks say, for the figures that step through it.

    python -m tools.build.live.live_data            write all
    python -m tools.build.live.live_data words ...  write these

Each file of book/_static/live/data holds one small case: a stretch of a test
topic, forecasts of sunspots, a chorale's beginning, a translation's
beginnings, a film with its caption, a film with its action, the letters that a
prediction used, the weights of a block. One holds all weights of chapter 10's
network for words, rounded, for a reader's own text.
Three minutes on a quiet core.
"""

import argparse
import contextlib
import itertools
import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from tqdm import tqdm

from rnncore.data.music import chorales
from rnncore.data.translation import draw_numbers, number_in_words
from rnncore.data.video import ACTIONS, moving_digits, stick_figures, twins
from rnncore.forecast.examples import LEVELS, sunspots
from rnncore.forecast.heads import quantile_head
from rnncore.forecast.models import Direct
from rnncore.forecast.training import ask
from rnncore.gradient_flow import scaled_gaussian
from rnncore.music.score import HOLD, SILENCE
from rnncore.music.split import split
from rnncore.music.training import load_voices
from rnncore.music.voices import VoiceModel, facts, masked_logits, together
from rnncore.seq2seq import END, PAD, START, Translator, length_penalty, pad
from rnncore.storage.weights import load_weights, put_weights, stored
from rnncore.text.corpora import documentation_corpus
from rnncore.text.model import stretches, token_nats
from rnncore.text.storage import load_model
from rnncore.translate.storage import load_translator
from rnncore.translate.training import ROOM
from rnncore.video.captions import load_captioner, looks, say
from rnncore.video.model import load_classifier, logits_of
from tools import ROOT
from tools.pages.weave import find_cells

FOLDER = ROOT / "book/_static/live/data"
FIRST, WORDS, LIKELIEST = 1400, 60, 5  # of chapter 10's test text
UNITS = 24  # of chapter 5's matrix
COARSE = 10  # levels on each side of 0, of a rounded weight
WIDTHS, ALPHAS = range(1, 5), np.linspace(0, 1, 11)


def find_likeliest(names: Sequence[str], p: np.ndarray, count: int = LIKELIEST) -> list:
    """The likeliest names with their probabilities."""
    return [[names[k], round(float(p[k]), 4)] for k in np.argsort(-p)[:count]]


def compute_words() -> dict[str, Any]:
    """A stretch of a test topic, and what the words' network expected."""
    model, vocabulary, _ = load_model(stored("text_words"))
    ids = vocabulary.encode(documentation_corpus(seed=0, apart=True).texts()[2])
    ids = ids[: FIRST + WORDS + 1]
    model.eval()
    with torch.no_grad():
        read = torch.as_tensor(ids[:-1])[:, None]
        logits, _ = model(read, model.zero_state(1))
    p = logits[FIRST:, 0].double().softmax(1).numpy()
    came = ids[FIRST + 1 :]
    return {
        "words": [vocabulary.tokens[k] for k in ids[FIRST:]],
        "steps": [find_likeliest(vocabulary.tokens, row) for row in p],
        "bits": [round(-math.log2(row[k]), 3) for row, k in zip(p, came, strict=True)],
    }


def encode_weights(w: torch.Tensor) -> dict[str, Any]:
    """Weights as one letter each, l for 0, with a scale for every row.

    A host's compression then makes some 4.5 bits of a weight. The weights
    become what the letters say.
    """
    rows = w.unsqueeze(0) if w.ndim == 1 else w
    scale = (rows.abs().amax(1, keepdim=True) / COARSE).round(decimals=4)
    levels = (rows / scale).round()
    rows.copy_(levels * scale)
    return {
        "scale": [round(v, 4) for v in scale.flatten().tolist()],
        "levels": "".join(chr(ord("l") + int(k)) for k in levels.flatten()),
    }


def words_network() -> dict[str, Any]:
    """The words' network for a reader's own text, and what rounding costs."""
    model, vocabulary, about = load_model(stored("text_words"))
    model.eval()
    layer = model.layers[0]
    of = {
        "E": model.embedding.weight, "W_x": layer.weight_ih_l0,
        "W_h": layer.weight_hh_l0, "b_x": layer.bias_ih_l0,
        "b_h": layer.bias_hh_l0, "b_y": model.readout.bias,
    }  # fmt: skip
    with torch.no_grad():
        weights = {name: encode_weights(w) for name, w in of.items()}
    test = documentation_corpus(seed=0, apart=True).texts()[2]
    nats = token_nats(model, stretches(vocabulary.encode(test), 1)).mean()
    return {
        "tokens": vocabulary.tokens,
        "H": model.embedding.embedding_dim,
        "nats": round(float(nats), 4),  # a test word, as in `compute_words`
        "exact": round(about["score"], 4),
        "weights": weights,
    }


def compute_forecasts() -> dict[str, Any]:
    """Quantiles of sunspots from every other test origin, and what came."""
    example = sunspots()
    head = quantile_head(LEVELS)
    network = Direct("GRU", F=0, H=32, K=10, P=head.P)
    weights, _ = load_weights(stored("forecast_sunspots"))
    put_weights(network, weights)
    said = head.quantiles(ask(network, example.test), LEVELS).numpy()
    q = example.back(said)[:, :, ::2]
    first = example.origins[::2]
    return {
        "levels": LEVELS,
        "years": (1749 + first / 2).tolist(),
        "quantiles": q.transpose(2, 0, 1).round().astype(int).tolist(),  # (B, Q, K)
        "came": example.actual[:, ::2].T.round(1).tolist(),  # (B, K)
    }


def token_name(token: int) -> str:
    """What a voice may do: hold, be silent, or strike a key."""
    if token == HOLD:
        return "hold"
    if token == SILENCE:
        return "rest"
    octave, key = divmod(token + 19, 12)  # FIRST is the lowest key, MIDI 21
    names = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
    return names[key] + str(octave - 1)


def compute_chorale() -> dict[str, Any]:
    """The beginning of a test chorale, token by token."""
    model, _ = load_voices(stored("music_voices"))
    score = split(chorales()).test[0]
    known = facts(score)
    p = token_probabilities(model, known)[:32]
    names = [token_name(k) for k in range(p.shape[-1])]
    return {
        "title": score.title,
        "pitches": score.pitches[:32].tolist(),
        "starts": score.starts[:32].astype(int).tolist(),
        "came": [[names[k] for k in row] for row in known.targets[:32]],
        "steps": [[find_likeliest(names, voice, 4) for voice in frame] for frame in p],
        "p": [
            [round(float(p[t, v, k]), 4) for v, k in enumerate(row)]
            for t, row in enumerate(known.targets[:32])
        ],
    }


def token_probabilities(model: VoiceModel, known: Any) -> np.ndarray:
    """Of every token, given the past and the voices above: (T, V, 90)."""
    batch = together([known])
    model.eval()
    with torch.no_grad():
        logits = masked_logits(model(batch.past, batch.slots), batch.may_hold)
    return logits[:, 0].double().softmax(-1).numpy()


class Beginnings:
    """What may follow each beginning of one sentence's translation."""

    def __init__(self, model: Translator, ids: Sequence[int]):
        source, lengths = pad([ids])
        self.model = model.eval()
        with torch.no_grad():
            self.source = model.encoder(source, lengths)
            start = model.decoder.start(self.source)
        self.states: dict[tuple[int, ...], torch.Tensor] = {(): start}
        self.known: dict[tuple[int, ...], list[tuple[int, float]]] = {}
        self.asked: set[tuple[int, ...]] = set()  # what some beam has compared
        self.limit = 2 * len(ids) + ROOM

    def after(self, prefix: tuple[int, ...]) -> list[tuple[int, float]]:
        """The tokens that a beam of the largest width may need: log p."""
        if prefix not in self.known:
            read = torch.tensor([[prefix[-1] if prefix else START]])
            with torch.no_grad():
                logits, h = self.model.decoder(read, self.states[prefix], self.source)
            log_p = logits[0].log_softmax(1)[0]
            log_p[[PAD, START]] = -math.inf
            best = log_p.topk(2 * WIDTHS[-1])
            self.known[prefix] = [
                (int(k), round(float(v), 5)) for v, k in zip(*best, strict=True)
            ]
            for token, _ in self.known[prefix]:
                self.states[*prefix, token] = h
        return self.known[prefix]

    def beam(self, width: int, alpha: float) -> tuple[int, ...]:
        """The best translation that keeping `width` beginnings finds."""
        live: list[tuple[tuple[int, ...], float]] = [((), 0.0)]
        ended: list[tuple[float, tuple[int, ...]]] = []
        for n in range(1, self.limit + 1):
            found = sorted(
                (-p - more, prefix, token)
                for prefix, p in live
                for token, more in self.after(prefix)
            )[: 2 * width]
            self.asked |= {(*prefix, token) for _, prefix, token in found}
            live = []
            for rank, (cost, prefix, token) in enumerate(found):
                if token == END and rank < width:
                    ended.append((cost / length_penalty(n, alpha), prefix))
                elif token != END and len(live) < width:
                    live.append(((*prefix, token), -cost))
            ended = sorted(ended)[:width]
            largest = length_penalty(self.limit, alpha)
            if len(ended) == width and -live[0][1] / largest >= ended[-1][0]:
                break
        return ended[0][1]


def compute_beams() -> dict[str, Any]:
    """The first test number that a beam of two puts right, without a penalty."""
    model, source, target, _ = load_translator(stored("translate_vector_half"))
    for n in draw_numbers(np.random.default_rng(0), 11, 20_000, 1_000)[2]:
        if n < 10**8:
            continue  # hardly one is wrong
        sentence, truth = (number_in_words(int(n), k) for k in ("en", "de"))
        found = Beginnings(model, source.encode(sentence))
        said = (target.decode(list(found.beam(w, 0.0))) == truth for w in (1, 2))
        if not next(said) and next(said):
            break
    for width in WIDTHS:
        for alpha in ALPHAS:
            found.beam(width, alpha)
    after = {
        prefix: [(k, v) for k, v in row if (*prefix, k) in found.asked]
        for prefix, row in found.known.items()
    }
    used = {k for row in after.values() for k, _ in row} - {END}
    return {
        "source": sentence,
        "truth": truth,
        "limit": found.limit,
        "pieces": {str(k): target.decode([k]) for k in sorted(used)},
        "after": {" ".join(map(str, prefix)): row for prefix, row in after.items()},
    }


def encode_pixels(film: np.ndarray) -> list[str]:
    """Frames of 16 greys, a digit each; g to z stand for 2 to 21 zeros."""
    rows = ["".join(f"{v:x}" for v in f.ravel()) for f in (15 * film + 0.5).astype(int)]
    for run in range(21, 1, -1):
        rows = [row.replace("0" * run, "ghijklmnopqrstuvwxyz"[run - 2]) for row in rows]
    return rows


def compute_action() -> dict[str, Any]:
    """A film of two actions, forward and backward, and the belief."""
    some = twins(stick_figures(np.random.default_rng(1000), 400))
    model, _ = load_classifier(stored("video_actions"))
    moved = np.abs(np.diff(some.frames, axis=1)).max(axis=(2, 3)) > 0.35
    k = next(
        b for b in range(0, len(some.frames), 2)
        if some.captions[b] == "stand up" and moved[b].argmax() == 5
    )  # fmt: skip
    frames = torch.as_tensor(some.frames[k : k + 2]).transpose(0, 1)
    p = logits_of(model, frames).double().softmax(2).numpy()
    return {
        "S": 24,
        "frames": encode_pixels(some.frames[k]),
        "names": ACTIONS,
        "shows": some.captions[k : k + 2],
        "p": p.transpose(1, 0, 2).round(4).tolist(),  # (2, T, 8)
    }


def compute_caption() -> dict[str, Any]:
    """A film with a right caption, and where each of its words looked."""
    films = moving_digits(np.random.default_rng(1000), 400, held_out=True)
    model, known, _ = load_captioner(stored("video_captions"))
    frames = torch.as_tensor(films.frames).transpose(0, 1)
    said = say(model, frames)
    k = next(
        b for b, text in enumerate(films.captions)
        if "bounces" in text and known.decode(said[b]) == text
    )  # fmt: skip
    weights, p = looks(model, frames[:, k : k + 1], said[k])
    return {
        "S": 24,
        "frames": encode_pixels(films.frames[k]),
        "words": [*films.captions[k].split(), "(end)"],
        "weights": weights.double().numpy().round(4).tolist(),
        "p": p.double().numpy().round(4).tolist(),
    }


def compute_matrix() -> dict[str, Any]:
    """A random matrix of spectral radius 1, and its eigenvalues.

    The largest two are a complex pair: with one real number the state would
    come to rest, and the gradient fade in its own motion too.
    """
    for seed in itertools.count():
        W_h = scaled_gaussian(np.random.default_rng(seed), UNITS).round(4)
        found = np.sort_complex(np.linalg.eigvals(W_h).round(6))
        if found[abs(found).argmax()].imag:
            break
    return {
        "H": UNITS,
        "W_h": W_h.ravel().tolist(),
        "eigenvalues": np.stack([found.real, found.imag], 1).tolist(),
    }


def run_page(name: str, until: str) -> Any:
    """What a page's cells define under a name; those after it are not run."""
    page = (ROOT / f"book/{name}.md").read_text("utf8")
    names: dict[str, Any] = {}
    with contextlib.chdir(ROOT / "book"):  # where a page finds its measurements
        for cell in find_cells(page):
            exec("\n".join(cell.lines), names)  # noqa: S102 - our own page
            if until in names:
                break
    return names[until]


def train_block() -> dict[str, Any]:
    """Chapter 21's block, which is applied again and again, rounded."""
    net = run_page("ch21_depth", "net")
    weights = net.block._asdict() | net.out._asdict()
    H = net.block.W_2.shape[0]
    return {"H": H, "D": net.block.W_1.shape[1] - 3 * H} | {
        name: [round(float(v), 3) for v in w.ravel()] for name, w in weights.items()
    }


FILES: dict[str, Callable[[], dict[str, Any]]] = {
    "words": compute_words, "forecasts": compute_forecasts, "chorale": compute_chorale,
    "beams": compute_beams, "action": compute_action, "caption": compute_caption, "matrix": compute_matrix,
    "words-network": words_network, "depth": train_block,
}  # fmt: skip


def main() -> None:
    """Read the command line and do what it says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", choices=[*FILES, []])
    for name in parser.parse_args().names or FILES:
        path = FOLDER / f"{name}.json"
        made = json.dumps(FILES[name](), separators=(",", ":"), ensure_ascii=False)
        path.write_text(made + "\n", "utf8")
        tqdm.write(f"{path.name}: {len(made.encode())} bytes")


if __name__ == "__main__":
    main()
