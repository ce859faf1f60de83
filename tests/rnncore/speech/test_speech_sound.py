"""Recordings of several kinds: the same sound from each."""

import numpy as np
import pytest
from scipy.io import wavfile

from rnncore.apps.speech.sound import as_samples, read_sound
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close

av = pytest.importorskip("av")

RATE = 16_000
TONE = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE) / 2
CODECS = {".flac": "flac", ".mp3": "mp3", ".ogg": "libvorbis"}
CODECS |= {".webm": "libopus", ".m4a": "aac", ".wma": "wmav2"}
CODECS |= {".aiff": "pcm_s16be", ".au": "pcm_s16be", ".caf": "pcm_s16le"}


def encode(path, samples=TONE, rate=RATE):
    """Write a recording with ffmpeg; opus has another rate of its own."""
    rate = 48_000 if path.suffix == ".webm" else rate
    samples = np.repeat(samples, rate // RATE)
    codec = CODECS[path.suffix]
    if codec not in av.codecs_available:
        pytest.skip(f"no encoder {codec}")
    raw = (samples * 32767).astype(np.int16)[None]
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=rate, layout="mono")
        stream.bit_rate = 64_000
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
    assert rate == (48_000 if ending == ".webm" else RATE)
    assert abs(len(samples) - rate) < rate / 4  # codecs pad
    middle = samples[rate // 4 : 3 * rate // 4]
    spectrum = np.abs(np.fft.rfft(middle))
    assert abs(spectrum.argmax() * rate / len(middle) - 440) < 5
    assert abs(np.sqrt((middle**2).mean()) - 0.5 / np.sqrt(2)) < 0.02


def test_a_wave_is_read_as_it_is(tmp_path):
    path = tmp_path / "a.wav"
    for raw in TONE.astype("f"), (TONE * 2**31).astype(np.int32):
        wavfile.write(path, RATE, raw)
        samples, rate = read_sound(path)
        assert rate == RATE
        assert_close(samples, TONE, within=1e-6)
    content = path.read_bytes()  # of a recorder that was cut off
    path.write_bytes(
        content[:4] + bytes(4) + content[8:40] + bytes(4) + content[44:]
    )
    assert_close(read_sound(path)[0], TONE, within=1e-6)


@pytest.mark.parametrize("rate", [7, 2_000_000])
def test_a_rate_that_no_sound_has_is_refused(tmp_path, rate):
    path = tmp_path / "a.wav"
    wavfile.write(path, rate, np.ones(99, np.int16))
    for sound in path, (np.ones(99), rate):
        with pytest.raises(Refused, match=f"768000 samples .* got {rate}"):
            as_samples(sound)


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
