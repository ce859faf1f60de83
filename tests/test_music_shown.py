"""Scores heard, engraved, and guessed at."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from music import score

from rnncore.display import play
from rnncore.music.engrave import chord, described, engrave, pitch_name
from rnncore.music.quiz import who_wrote_it
from rnncore.music.sound import pipe, synthesise

RATE = 11_025


def loudest(samples, rate=RATE):
    """The frequency with the most energy."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return np.argmax(power) * rate / len(samples)


def test_a_pipe_sounds_at_its_pitch_and_begins_and_ends_silent():
    tone = pipe(69, RATE, RATE)
    assert loudest(tone) == pytest.approx(440, abs=1)
    assert tone[0] == 0
    assert abs(tone[-1]) < 1e-9
    high = pipe(108, RATE, RATE)  # its second overtone would fold back
    assert loudest(high) == pytest.approx(4186, abs=1)


def test_all_voices_sound_together_as_long_as_the_tempo_says():
    s = score([[76, 60], ["-", "-"]] * 2, frame=0.5, tempo=60.0)
    samples = synthesise(s)
    assert len(samples) == 2 * RATE
    assert np.abs(samples).max() == pytest.approx(0.95)
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
    with pytest.raises(ValueError, match="tempo: expected a slower"):
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
        assert s.find("legend").text.startswith("Excerpt")
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
    with pytest.raises(ValueError, match="expected one a sound"):
        who_wrote_it([sound], [], ["Bach"], [])
