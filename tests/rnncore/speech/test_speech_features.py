"""From sound to features: scipy's transform, tones, rates, real files."""

import os
import warnings
from threading import Thread

import numpy as np
import pytest
from scipy.io import wavfile
from scipy.signal import ShortTimeFFT, resample_poly
from scipy.signal.windows import hann

from rnncore.speech.features import (
    FFT,
    HOP,
    RATE,
    WINDOW,
    heard,
    log_mel,
    mel,
    mel_bands,
    power_spectra,
    read_wav,
    resample,
    stacked,
    standardised,
)
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close


def tone(hertz, seconds=0.5, rate=RATE):
    return np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)


def test_the_spectra_are_scipys(rng):
    samples = rng.normal(size=5000)
    theirs = ShortTimeFFT(
        hann(WINDOW, sym=False), HOP, fs=RATE, mfft=FFT, phase_shift=None
    )
    expected = np.abs(theirs.stft(samples)) ** 2
    ours = power_spectra(samples).T
    # scipy's first window is centred on sample 0, and so is ours.
    first = -theirs.p_min
    assert_close(ours, expected[:, first : first + ours.shape[1]])


def test_a_second_has_a_hundred_windows():
    assert len(power_spectra(np.zeros(RATE))) == 101
    assert len(power_spectra(np.zeros(1))) == 1


@pytest.mark.parametrize("hertz", [200, 1000, 3000])
def test_a_tone_is_loudest_in_its_own_band(hertz):
    features = log_mel(tone(hertz))
    centres = np.linspace(0, mel(RATE / 2), 42)[1:-1]
    nearest = int(np.argmin(np.abs(centres - mel(hertz))))
    assert abs(int(features[20].argmax()) - nearest) <= 1


def test_a_thousand_hertz_are_a_thousand_mel():
    assert abs(mel(1000) - 1000) < 0.5
    assert mel(0) == 0


def test_every_frequency_between_two_centres_counts_once():
    bands = mel_bands()
    assert bands.shape == (40, 257)
    inside = slice(int(bands[0].argmax()) + 1, int(bands[-1].argmax()))
    assert_close(bands.sum(axis=0)[inside], 1)


def test_twice_as_loud_is_log_4_more():
    quiet, loud = log_mel(tone(500)), log_mel(2 * tone(500))
    band = quiet[20].argmax()
    more = loud[20, band] - quiet[20, band]
    assert_close(more, np.log(4), within=1e-6)


def test_loudness_and_colour_do_not_reach_the_network(rng):
    sound = rng.normal(size=8000) * tone(3)[:8000]
    features = log_mel(sound)
    other = features + rng.normal(size=40)  # a filter, in logarithms
    assert_close(standardised(other), standardised(features))
    assert np.isfinite(standardised(log_mel(np.zeros(4000)))).all()


def test_frames_are_stacked_in_order():
    features = np.arange(10.0).reshape(5, 2)
    assert stacked(features, 2).tolist() == [
        [0, 1, 2, 3],
        [4, 5, 6, 7],
        [8, 9, 8, 9],
    ]
    with pytest.raises(ValueError, match="k: expected at least 1, got 0"):
        stacked(features, 0)


def test_another_rate_sounds_the_same():
    features = [log_mel(tone(700, rate=r), r) for r in (16_000, 22_050)]
    assert_close(
        features[0][10:40, 5:25], features[1][10:40, 5:25], within=0.3
    )
    assert len(resample(np.zeros(22_050), 22_050)) == RATE
    assert heard(tone(300), RATE).shape == (26, 80)


@pytest.mark.parametrize("kind", ["float32", "float64"])
def test_the_filter_that_is_kept_is_scipys_own(kind):
    sound = np.random.default_rng(0).normal(size=3_000).astype(kind)
    expected = resample_poly(sound, 320, 441)
    for _ in range(2):  # made, then kept
        assert_close(resample(sound, 22_050), expected)
        assert resample(sound, 22_050).dtype == kind


@pytest.mark.parametrize("kind", ["uint8", "int16", "int32", "float32"])
def test_a_wav_file_of_any_kind(tmp_path, kind):
    sound = np.stack([0.5 * tone(400), 0.3 * tone(400)], axis=1)
    if kind == "uint8":
        raw = np.round(sound * 127 + 128).astype(kind)
    elif kind == "float32":
        raw = sound.astype(kind)
    else:
        raw = (sound * np.iinfo(kind).max).astype(kind)
    wavfile.write(tmp_path / "a.wav", 11_025, raw)
    samples, rate = read_wav(tmp_path / "a.wav")
    assert rate == 11_025
    assert_close(samples, sound.mean(axis=1), within=0.01)


SOUND = (8_000 * tone(300, 0.1)).astype("<i2")


def test_a_header_that_cannot_be_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    wavfile.write(path, RATE, SOUND)
    whole = path.read_bytes()
    for at, why in (
        (4, "header is damaged or cut off"),  # no size of all
        (40, "says that it holds no sound"),  # no size of it
    ):
        path.write_bytes(whole[:at] + bytes(4) + whole[at + 4 :])
        with pytest.raises(Refused, match=why):
            read_wav(path)


def test_channels_that_cancel_out_are_no_sound(tmp_path):
    wavfile.write(tmp_path / "a.wav", RATE, np.stack([SOUND, -SOUND], 1))
    with pytest.raises(Refused, match="its channels are opposite"):
        read_wav(tmp_path / "a.wav")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_wav_file_may_come_through_a_pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    wavfile.write(tmp_path / "a.wav", RATE, SOUND)
    content = (tmp_path / "a.wav").read_bytes()
    writer = Thread(target=path.write_bytes, args=(content,))
    writer.start()
    assert len(read_wav(path)[0]) == len(SOUND)
    writer.join()


def test_what_is_no_sound_is_refused(tmp_path):
    path = tmp_path / "a.wav"
    for content, message in [
        (b"", "no WAV file"),
        (b"RIFF????WAVEfmt ", "no WAV file"),
        (b"not a wav file at all", "no WAV file"),
    ]:
        path.write_bytes(content)
        with pytest.raises(Refused, match=message):
            read_wav(path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        wavfile.write(path, 8000, np.zeros(0, np.int16))
        with pytest.raises(Refused, match="holds no sound"):
            read_wav(path)
    wavfile.write(path, 8000, np.full(9, np.nan, np.float32))
    with pytest.raises(Refused, match="a sample is not a number"):
        read_wav(path)
    with pytest.raises(Refused, match="there is no such file"):
        read_wav(tmp_path / "none.wav")
    with pytest.raises(ValueError, match=r"samples: expected \(N,\)"):
        power_spectra(np.zeros((2, 3)))
