"""Scores heard, engraved, and guessed at."""

import base64
import io
import re
import wave
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from rnncore.display import play
from rnncore.music.engrave import chord, described, engrave, pitch_name
from rnncore.music.listening_test import who_wrote_it
from rnncore.music.sound import pipe, synthesise
from tests.helpers.arrays import assert_close
from tests.helpers.music import score

RATE = 11_025


def loudest(samples, rate=RATE):
    """The frequency with the most energy."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(power) * rate / len(samples)


def test_a_pipe_sounds_at_its_pitch_and_begins_and_ends_silent():
    tone = pipe(69, RATE, RATE)
    assert_close(loudest(tone), 440, within=1)
    assert tone[0] == 0
    assert abs(tone[-1]) < 1e-9
    high = pipe(108, RATE, RATE)  # its second overtone would fold back
    assert_close(loudest(high), 4186, within=1)


def test_all_voices_sound_together_as_long_as_the_tempo_says():
    s = score([[76, 60], ["-", "-"]] * 2, frame=0.5, tempo=60.0)
    samples = synthesise(s)
    assert len(samples) == 2 * RATE
    assert_close(np.abs(samples).max(), 0.95)
    power = np.abs(np.fft.rfft(samples[:RATE]))
    for frequency in (261.6, 659.3):
        near = power[round(frequency) - 3 : round(frequency) + 4].max()
        assert near > 20 * np.median(power)


def test_a_note_struck_again_is_heard_again():
    held = synthesise(score([[60], ["-"]], tempo=60.0))
    twice = synthesise(score([[60], [60]], tempo=60.0))
    middle = slice(RATE // 2 - 50, RATE // 2 + 50)
    assert np.abs(twice[middle]).max() < 0.3 * np.abs(held[middle]).max()


def test_rests_are_silent_and_a_silent_score_is_refused():
    samples = synthesise(score([[60], ["."]], tempo=60.0))
    assert np.abs(samples[RATE // 2 :]).max() == 0
    with pytest.raises(ValueError, match="got silence"):
        synthesise(score([["."]]))
    with pytest.raises(ValueError, match=r"^tempo:"):
        synthesise(score([[60]], tempo=1e7))


def test_an_engraving_is_an_svg_in_the_pages_ink_with_words_for_it():
    s = score([[72, 48], ["-", 50], [74, 55]], bar=4, pickup=1)
    html = engrave(s, "Two <voices>").html
    (svg,) = re.findall(r"<svg.*</svg>", html, re.DOTALL)
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == (
        "Two <voices> 2 voices, 1 bars; it begins with C3, C5 and ends "
        "with G3, D5."
    )
    assert 'color="black"' not in svg
    assert "<figcaption>Two &lt;voices&gt;</figcaption>" in html
    links = re.findall(r"(?:href|url)\s*[=(]\s*[\"']?([^\"')]+)", svg)
    assert all(link.startswith("#") for link in links)
    assert len(svg) < 40_000


def test_a_staff_is_legible_on_a_telephone_and_not_huge_elsewhere():
    s = score([[72, 48], ["-", 50], [74, 55], [72, 52]] * 8, bar=4)
    html = engrave(s).html
    lines = re.search(
        r'<g[^>]*class="staff">((?:\s*<path d="M\d+ \d+ L\d+ \d+".*?/>){5})',
        html,
    )[1]
    ups = [int(y) for y in re.findall(r'd="M\d+ (\d+) ', lines)]
    inner = float(re.search(r'-scale"[^>]*viewBox="0 0 (\d+)', html)[1])
    share = (max(ups) - min(ups)) / inner
    assert share * 356 >= 24  # the column of a window of 400 pixels
    limit = float(re.search(r"max-width:(\d+)rem", html)[1]) * 16
    assert share * limit <= 40
    assert html.count('class="system"') > 1  # it goes on below


def test_the_same_score_is_engraved_the_same():
    s = score([[72, 48]])
    assert engrave(s).html == engrave(s).html


def test_a_score_in_words():
    s = score([[60, "."], [".", "."]])
    assert chord(s, 0) == "C4"
    assert described(s).endswith("begins with C4 and ends with silence.")
    assert [pitch_name(p) for p in (21, 61, 108)] == ["A0", "C♯4", "C8"]


def quiz():
    sounds = [play(np.zeros(8), 8000, f"Excerpt {k}") for k in (1, 2)]
    return who_wrote_it(
        sounds, ["Bach", "the network"], ["Bach", "the network"],
        ["BWV 1, 2.1 nats.", 'It said "no".'],
    )  # fmt: skip


def test_the_blind_test_has_a_choice_a_sound_and_a_label_each():
    html = quiz().html
    root = ET.fromstring(
        html.replace("controls ", 'controls="" ').replace(
            "</noscript>", "</noscript>"
        )
    )
    sets = root.findall("fieldset")
    assert [s.get("data-answer") for s in sets] == ["bach", "the-network"]
    for s in sets:
        inputs = s.findall(".//label/input")
        assert [i.get("value") for i in inputs] == ["bach", "the-network"]
        assert len({i.get("name") for i in inputs}) == 1
        assert "excerpt" in s.find("legend").text
        assert s.find("output").get("aria-live") == "polite"
    assert sets[0].find(".//input").get("name") != (
        sets[1].find(".//input").get("name")
    )
    assert [li.text for li in root.iter("li")] == [
        "Bach. BWV 1, 2.1 nats.",
        'the network. It said "no".',
    ]
    assert "http" not in html


def test_a_blind_test_without_an_answer_is_refused():
    sound = play(np.zeros(8), 8000, "a")
    with pytest.raises(ValueError, match="expected one of"):
        who_wrote_it([sound], ["Telemann"], ["Bach"], ["x"])
    with pytest.raises(ValueError, match="expected one per sound"):
        who_wrote_it([sound], [], ["Bach"], [])


@pytest.mark.parametrize(("bits", "kind"), [(8, "u1"), (16, "<i2")])
def test_a_player_holds_the_samples_it_was_given(bits, kind):
    samples = np.array([0.0, 1.0, -1.0, 0.5])
    html = play(samples, 8000, "a", bits=bits).html
    raw = base64.b64decode(html.split("base64,")[1].split('"')[0])
    with wave.open(io.BytesIO(raw)) as file:
        assert file.getsampwidth() == bits // 8
        heard = np.frombuffer(file.readframes(4), kind).astype(float)
    middle, top = (128, 127) if bits == 8 else (0, 32767)
    assert_close((heard - middle) / top, samples, within=0.5 / top)


def test_a_player_of_other_bits_is_refused():
    with pytest.raises(ValueError, match="bits: expected 8 or 16"):
        play(np.zeros(4), 8000, "a", bits=12)
