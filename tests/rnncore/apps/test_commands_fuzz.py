"""Files that are nearly right: each is read or refused, none is a riddle.

A thousand mutations of valid files a format, from a seed. A command turns
a ValueError that a reader raises, of which Refused is one, into a line; an
exception of any other kind would be a traceback.
"""

import json
import wave
from functools import partial

import numpy as np
import pytest
import safetensors.torch
import torch

from rnncore.apps.forecast.panel import make_panel
from rnncore.apps.forecast.tables import Form, read_table
from rnncore.apps.speech.folder import read_folder
from rnncore.apps.speech.sound import read_sound
from rnncore.apps.video.folder import View, read_captions
from rnncore.apps.video.seen import load_film_model
from rnncore.data.translation import read_pairs
from rnncore.data.video import stick_figures
from rnncore.forecast.plan import plan_for
from rnncore.music.files import read_scores, write_midi, write_musicxml
from rnncore.music.score import Score
from rnncore.music.training import load_voices
from rnncore.speech.features import heard, read_wav
from rnncore.speech.model import load_recognizer
from rnncore.storage import weights as weight_files
from rnncore.storage.files import Refused, read_text
from rnncore.storage.weights import load_weights, read_about
from rnncore.text.storage import load_model
from rnncore.text.vocabulary import character_vocabulary, word_vocabulary
from rnncore.translate.storage import load_translator
from rnncore.video.captions import load_captioner
from rnncore.video.files import read_video, write_video

CASES = 1_000
pytestmark = pytest.mark.weekly

SCRAPS = [  # what breaks readers more often than chance does
    b"\x00",
    b"\xff\xff\xff\xff",
    b"\x7f\xff\xff\xff",
    b"\xef\xbb\xbf",
    b"\r\n",
    b"\t",
    b",",
    b'"',
    b"-1",
    b"1e999",
    b"nan",
    b"9" * 30,
    "é\u2028\N{PILE OF POO}".encode(),
    b"<",
    b"&x;",
    b"{",
]


def mutated(rng, content):
    """One to four things that happen to files."""
    content = bytearray(content)
    for _ in range(rng.integers(1, 5)):
        at = int(rng.integers(len(content) + 1))
        some = int(rng.integers(1, 40))
        match rng.integers(7):
            case 0:  # a bit falls over
                if at < len(content):
                    content[at] ^= 1 << int(rng.integers(8))
            case 1:
                content[at : at + 1] = rng.bytes(1)
            case 2:
                del content[at : at + some]
            case 3:
                del content[at:]
            case 4:
                content[at:at] = content[at : at + some] * 2
            case 5:
                content[at:at] = SCRAPS[rng.integers(len(SCRAPS))]
            case _:
                scrap = SCRAPS[rng.integers(len(SCRAPS))]
                content[at : at + len(scrap)] = scrap
    return bytes(content)


def fuzz(path, seeds, read, make=mutated, cases=CASES):
    """Read each mutation, and see it read or refused with a reason."""
    rng = np.random.default_rng(0)
    outcome = {True: 0, False: 0}
    for case in range(cases):
        content = make(rng, seeds[case % len(seeds)])
        path.write_bytes(content)
        try:
            read(path)
        except ValueError as error:
            outcome[False] += bool(str(error))
        except Exception as error:
            error.add_note(f"case {case}: {content[:2000]!r}")
            raise
        else:
            outcome[True] += 1
    assert sum(outcome.values()) == cases  # all refusals have a reason
    assert min(outcome.values()) > 0, outcome  # both happened


def table(step="D", offset="", rows=40):
    import pandas as pd

    dates = pd.date_range("2024-03-30", periods=rows, freq=step)
    lines = [
        f"{d.isoformat()}{offset},{k}.5,{k % 7}"
        for k, d in enumerate(dates)
    ]
    return "\n".join(["day,sold,visits", *lines]).encode()


def test_tables(tmp_path):
    def read(path):
        table = read_table(path, Form("day", ["sold", "visits"]))
        plan_for(make_panel(table.frame).frame, 2)

    seeds = [table(), table("h", "+01:00"), table("MS"), table("h")]
    fuzz(tmp_path / "a.csv", seeds, read)


def score():
    pitches = np.array([[72, 60], [74, 60], [76, 57], [76, 55]] * 2)
    return Score(pitches, np.ones((8, 2), bool), 0.5, 80.0, 8)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what is left out
def test_midi(tmp_path):
    write_midi(tmp_path / "seed.mid", score())
    seeds = [(tmp_path / "seed.mid").read_bytes()]
    fuzz(tmp_path / "a.mid", seeds, read_scores, cases=CASES // 4)  # slow


def test_musicxml(tmp_path):
    write_musicxml(tmp_path / "seed.xml", score())
    seeds = [(tmp_path / "seed.xml").read_bytes()]
    fuzz(tmp_path / "a.musicxml", seeds, read_scores)


@pytest.mark.filterwarnings("ignore::UserWarning")  # what is left out
def test_abc(tmp_path):
    seeds = [
        b"X:1\nT:Air\nM:3/4\nL:1/8\nQ:1/4=90\nK:Dm\n|:A2 d>e f2|[df]4 z2:|\n",
        b"X:1\nM:4/4\nK:C\nCDEF|GABc|\n\nX:2\nK:G\n(3GAB c/2d/2|e4-|e4|]\n",
    ]
    fuzz(tmp_path / "a.abc", seeds, read_scores)


def sound(path, width, channels, rate=8000):
    with wave.open(str(path), "wb") as file:
        file.setsampwidth(width)
        file.setnchannels(channels)
        file.setframerate(rate)
        file.writeframes(np.random.default_rng(0).bytes(800 * width))
    return path.read_bytes()


def test_recordings(tmp_path):
    path = tmp_path / "a.wav"
    kinds = [(1, 1), (2, 2), (3, 1), (4, 1)]
    seeds = [sound(path, *kind) for kind in kinds]
    head = partial(np.random.Generator.integers, low=0, high=60)

    def make(rng, content):  # half of them in the header
        if rng.random() < 0.5:
            return mutated(rng, content)
        at = int(head(rng))
        return content[:at] + rng.bytes(2) + content[at + 2 :]

    for read in read_sound, read_wav:
        fuzz(path, seeds, lambda path, read=read: heard(*read(path)), make)


def test_films(tmp_path):
    frames = stick_figures(np.random.default_rng(0), 1).frames[0][:4]
    seeds = []
    for ending in "mp4", "avi", "mkv":
        path = tmp_path / f"seed.{ending}"
        write_video(path, frames, zoom=1)
        seeds.append(path.read_bytes())
    fuzz(tmp_path / "a.mp4", seeds, partial(read_video, T=4, S=12))


def test_pairs(tmp_path):
    seeds = ["".join(f"the {k}\tder {k} ü\n" for k in range(20)).encode()]
    fuzz(tmp_path / "a.tsv", seeds, lambda p: read_pairs(p, {}.setdefault))


def test_transcripts(tmp_path):
    sound(tmp_path / "a.wav", 2, 1)
    sound(tmp_path / "b.wav", 1, 1)
    seeds = [b"a.wav\tone two\tann\nb.wav\tthree\tbob\n"]
    fuzz(
        tmp_path / "transcripts.tsv",
        seeds,
        lambda path: read_folder(path.parent, heard),
        cases=CASES,
    )


def test_captions(tmp_path):
    films = tmp_path / "films"
    films.mkdir()
    for k in range(2):
        film = np.random.default_rng(k).random((2, 8, 8))
        write_video(films / f"{k}.mp4", film, zoom=1)
    seeds = [b"0.mp4\ta cat sits\n1.mp4\tThe dog.\n1.mp4\ta dog\n"]
    fuzz(
        films / "captions.tsv",
        seeds,
        lambda path: read_captions(path.parent, View(2, 4)),
        cases=CASES,
    )


def test_texts(tmp_path):
    def read(path):
        text = read_text(path)
        for make in character_vocabulary, word_vocabulary:
            make(text).encode(text)

    seeds = ["Der Fuß — “the cat”, 猫.\r\nIt slept.\n".encode() * 3]
    fuzz(tmp_path / "a.txt", seeds, read)


LOADERS = {
    "text_python": load_model,
    "music_voices": load_voices,
    "speech_digits": load_recognizer,
    "translate_dot": load_translator,
    "video_actions": load_film_model,
    "video_captions": load_captioner,
}


def test_model_files(tmp_path):
    path = tmp_path / "seed.safetensors"
    weight_files.save_weights(
        path, torch.nn.Linear(2, 2), {"kind": "text", "sizes": {"H": 3}}
    )
    seeds = [path.read_bytes()]

    def make(rng, content):
        return content if rng.random() < 0.05 else mutated(rng, content)

    def read(path):
        read_about(path, "text")
        load_weights(path, "text")

    fuzz(tmp_path / "a.safetensors", seeds, read, make)


VALUES = [None, -1, 0, 3, 10**12, 1.5, "x", [], {}, [[]], True, 2**70]


def forged(rng, about):
    """What a model says of itself, with one thing in it replaced."""
    about = json.loads(json.dumps(about))
    place = about
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = keys[rng.integers(len(keys))]
        inner = place[key]
        deeper = isinstance(inner, dict | list) and inner
        if not deeper or rng.random() < 0.5:
            break
        place = inner
    if rng.random() < 0.2:
        del place[key]
    else:
        place[key] = VALUES[rng.integers(len(VALUES))]
    return about


@pytest.mark.parametrize("name", LOADERS)
def test_models_that_say_something_else(tmp_path, name, monkeypatch):
    """Their checksum is right: somebody made them so."""
    tensors, about = load_weights(weight_files.stored(name))
    known = {"kind", "sizes", "vocabulary", "pieces", "letters", "classes"}
    known |= {"words", "V", "H", "D", "T", "S", "width", "hidden", "drop"}
    known |= {"compass", "layers", "dropout", "decoder"}
    kept = {k: v for k, v in about.items() if k in known}
    path = tmp_path / "a.safetensors"
    rng = np.random.default_rng(0)
    refused = 0
    for _ in range(CASES // len(LOADERS)):
        text = json.dumps(forged(rng, kept))
        metadata = {
            "about": text,
            "checksum": weight_files._checksum(tensors, text),
            "format": weight_files.FORMAT,
        }
        safetensors.torch.save_file(tensors, path, metadata)
        try:
            LOADERS[name](path)
        except Refused:
            refused += 1
    assert refused > CASES / len(LOADERS) / 10
