"""Recordings of several kinds: the same sound from each."""

import numpy as np
import pytest
from scipy.io import wavfile

from rnncore.apps.speech.sound import read_sound
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close

av = pytest.importorskip("av")

RATE = 16_000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) / 2
CODECS = {".flac": "flac", ".mp3": "mp3", ".ogg": "libvorbis"}


def encode(path, samples=TONE, rate=RATE):
    """Write a recording with ffmpeg."""
    codec = CODECS[path.suffix]
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec}")
    raw = (samples * 32767).astype(np.int16)[None]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(raw, "s16", "mono")
        frame.sample_rate = rate
        to = av.AudioResampler(
            stream.format, "mono", rate, stream.frame_size
        )
        for part in [*to.resample(frame), *to.resample(None)]:
            file.mux(stream.encode(part))
        file.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("ending", CODECS)
def test_a_compressed_recording_is_heard_as_its_wave(tmp_path, ending):
    samples, rate = read_sound(encode(tmp_path / f"a{ending}"))
    assert rate == RATE
    assert abs(len(samples) - RATE) < RATE / 10  # codecs pad
    middle = samples[4000:12000]
    spectrum = np.abs(np.fft.rfft(middle))
    assert abs(spectrum.argmax() * RATE / len(middle) - 440) < 5
    assert abs(np.sqrt((middle**2).mean()) - 0.5 / np.sqrt(2)) < 0.02


def test_a_wave_is_read_as_before(tmp_path):
    path = tmp_path / "a.wav"
    wavfile.write(path, RATE, TONE.astype("f"))
    samples, rate = read_sound(path)
    assert (len(samples), rate) == (RATE, RATE)


@pytest.mark.parametrize("content", [b"", b"ID3 no sound", b"fLaC" * 99])
def test_what_is_no_sound_is_refused_by_name(tmp_path, content):
    path = tmp_path / "a.mp3"
    path.write_bytes(content)
    with pytest.raises(Refused, match=r"a\.mp3: "):
        read_sound(path)


def test_a_sound_that_is_cut_off_is_read_as_far_as_it_goes(tmp_path):
    path = encode(tmp_path / "a.flac")
    path.write_bytes(path.read_bytes()[:-2000])
    samples, _ = read_sound(path)
    assert RATE / 4 < len(samples) <= RATE


def test_a_recording_under_another_ending_is_heard(tmp_path):
    path = encode(tmp_path / "a.mp3")
    wanted, _ = read_sound(path)
    samples, rate = read_sound(path.rename(tmp_path / "b.wav"))
    assert rate == RATE
    assert_close(samples, wanted)
