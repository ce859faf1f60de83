"""A page of the reader's network, in one file: it plays, and it writes."""

import base64
import html
import json
from pathlib import Path

import numpy as np

from rnncore.display import BLUE, VERMILLION, play
from rnncore.music.engrave import engrave
from rnncore.music.sound import synthesise
from rnncore.own.loading import Own
from rnncore.own.tasks import TASKS
from rnncore.own.training import Learnt, Melodies
from rnncore.storage.files import whole_file

RATE = 11_025  # samples a second
WRITER = """\
const floats = (text) => new Float32Array(
  Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
const [W_x, W_h, b, W_y, b_y] = NETWORK.weights.map(floats);
const letters = [...NETWORK.alphabet], K = letters.length, H = b.length;
const place = new Map(letters.map((letter, k) => [letter, k]));
const step = (k, h) => h.map((_, i) => {
  let a = b[i] + W_x[i * K + k];
  for (let j = 0; j < H; j++) a += W_h[i * H + j] * h[j];
  return Math.tanh(a);
});
const next = (h, temperature) => {
  const p = letters.map((_, k) => {
    let a = b_y[k];
    for (let j = 0; j < H; j++) a += W_y[k * H + j] * h[j];
    return a / temperature;
  });
  const most = Math.max(...p), e = p.map((a) => Math.exp(a - most));
  let left = Math.random() * e.reduce((a, c) => a + c);
  const k = e.findIndex((share) => (left -= share) < 0);
  return k < 0 ? K - 1 : k;
};
const at = (id) => document.getElementById(id);
at("write").onclick = () => {
  let h = new Float32Array(H), text = at("prompt").value, k = 0;
  for (const c of "\\n" + text) if (place.has(c)) {
    k = place.get(c);
    h = step(k, h);
  }
  while (text.length < at("prompt").value.length + 300) {
    k = next(h, Number(at("temperature").value));
    text += letters[k];
    h = step(k, h);
  }
  at("text").textContent = text;
};
at("write").click();
"""
FORM = """\
<p><label>Begin with <input id="prompt" value="def test_"></label>
<label>temperature <input id="temperature" type="range"
min="0.3" max="1.2" step="0.1" value="0.7"></label>
<button id="write">Write</button></p>"""
STYLE = """\
body { max-width: 44rem; margin: 2rem auto; padding: 0 1rem;
  font: 1rem/1.5 system-ui, sans-serif; color: #222; background: #fff; }
pre { background: #f4f4f4; padding: 1rem; white-space: pre-wrap;
  min-height: 12rem; overflow-wrap: anywhere; }
svg, audio { max-width: 100%; } table { border-collapse: collapse; }
td, th { padding: .2rem .8rem .2rem 0; text-align: left; }
"""


def write_page(path: Path, own: Own, text: Learnt, music: Melodies) -> None:
    """Write the page; it needs no other file and no server."""
    course = [name for name in TASKS if name not in own.functions]
    parts = [
        "<h1>A recurrent network of my own</h1>",
        f"<p>My functions: {_names(list(own.functions))}.</p>",
        f"<p>The course's: {_names(course)}.</p>",
        "<h2>It writes</h2>",
        FORM,
        '<pre id="text" aria-live="polite"></pre>',
        _curve(text, "character"),
        "<h2>It composes</h2>",
        play(synthesise(music.piece, RATE), RATE, "What it drew").html,
        engrave(music.piece, "Drawn from my LSTM.").html,
        _curve(music.learnt, "symbol"),
        f"<script>\nconst NETWORK = {_network(text)};\n{WRITER}</script>",
    ]
    body = "\n".join(parts)
    made = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n'
        '<meta charset="utf-8">\n<title>My recurrent network</title>\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<style>\n{STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n"
        "</html>\n"
    )
    with whole_file(path) as file:
        file.write(made.encode())


def _names(names: list[str]) -> str:
    return ", ".join(f"<code>{name}</code>" for name in names) or "none"


def _network(learnt: Learnt) -> str:
    """Weights and alphabet, as JavaScript that ends no script early."""
    cell, out = learnt.model
    arrays = cell.W_x, cell.W_h, cell.b_x + cell.b_h, out.W_y, out.b_y
    weights = [
        base64.b64encode(np.asarray(a, dtype="<f4").tobytes()).decode()
        for a in arrays
    ]
    made = json.dumps({"weights": weights, "alphabet": learnt.alphabet})
    return made.replace("<", "\\u003c")


def _curve(learnt: Learnt, unit: str) -> str:
    """The loss over the updates, drawn, and what it came to."""
    blocks = np.array_split(
        learnt.losses, min(120, max(1, len(learnt.losses)))
    )
    means = np.array([block.mean() for block in blocks])
    top = max(float(means.max()), learnt.counted, 1e-9)
    xs = np.linspace(40, 590, len(means))
    points = " ".join(
        f"{x:.1f},{150 - 140 * y / top:.1f}"
        for x, y in zip(xs, means, strict=True)
    )
    level = 150 - 140 * learnt.counted / top
    says = (
        f"{learnt.bits:.2f} bits per held-out {unit} after "
        f"{learnt.updates:,} updates; {learnt.untrained:.2f} before them; "
        f"{learnt.counted:.2f} by counting 3-grams."
    )
    if learnt.is_lost():
        says += " The network lost to the 3-grams, which only count."
    return (
        f'<figure><svg viewBox="0 0 600 170" role="img" '
        f'aria-label="{html.escape(says)}">'
        f'<line x1="40" x2="590" y1="150" y2="150" stroke="#888"/>'
        f'<line x1="40" x2="590" y1="{level:.1f}" y2="{level:.1f}" '
        f'stroke="{VERMILLION}" stroke-dasharray="6 4"/>'
        f'<polyline points="{points}" fill="none" stroke="{BLUE}" '
        f'stroke-width="2"/><text x="0" y="14">{top:.1f}</text>'
        '<text x="0" y="155">0</text></svg>'
        f"<figcaption>Bits per {unit} while it learns; dashed: 3-grams on "
        f"held-out data. {says}</figcaption></figure>"
    )
