"""The door for others' files: what is refused, and how soon."""

import os
import socket
import struct
import tarfile
import time
import zipfile

import numpy as np
import pytest

from rnncore.storage import files, intake, limits
from rnncore.storage.files import Refused
from tests.helpers.arrays import assert_close

SDP = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=audio {port} RTP/AVP 0\na=rtpmap:0 PCMU/8000/1\n"
)
PLAYLISTS = {
    "hls": "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:{port}/a.ts\n",
    "concat": "ffconcat version 1.0\nfile http://127.0.0.1:{port}/a.wav\n",
    "sdp": SDP,
}


def is_taken(port):
    """Whether a program of this machine listens to an UDP port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


@pytest.mark.parametrize("text", PLAYLISTS.values(), ids=PLAYLISTS)
@pytest.mark.parametrize("ending", [".mp3", ".mp4", ".sdp", ".m3u8"])
def test_a_text_that_names_addresses_is_no_recording(
    tmp_path, text, ending
):
    from rnncore.apps.speech.sound import read_sound
    from rnncore.video.files import read_video

    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        path = tmp_path / f"voice{ending}"
        path.write_text(text.format(port=port))
        start = time.monotonic()
        for read in (read_sound, read_video):
            with pytest.raises(Refused, match=path.name):
                read(path)
        assert time.monotonic() - start < 5  # it waited for 20 seconds
        assert not is_taken(port)
        with pytest.raises(BlockingIOError):
            server.accept()  # nobody came


@pytest.mark.parametrize(
    "ending", ["wav", "flac", "mp3", "ogg", "mp4", "mkv", "voc"]
)
def test_the_formats_that_are_named_are_read(tmp_path, ending):
    import av

    from rnncore.apps.speech.sound import read_sound

    path, rate = tmp_path / f"a.{ending}", 16_000
    kinds = {"wav": "pcm_s16le", "mp3": "mp3", "mp4": "aac"}
    kinds |= {"voc": "pcm_s16le"}
    with av.open(path, "w") as film:
        stream = film.add_stream(kinds.get(ending, "flac"), rate=rate)
        kind = stream.codec_context.format.name
        count = stream.codec_context.frame_size or 1024
        for k in range(10):
            frame = av.AudioFrame(kind, "mono", count)
            frame.sample_rate, frame.pts = rate, k * count
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            film.mux(stream.encode(frame))
        film.mux(stream.encode())
    samples, found = read_sound(path)
    assert found == rate
    assert abs(len(samples) - 10 * count) <= 3 * count  # encoders pad


def test_a_sound_of_a_corpus_is_read(tmp_path):
    from rnncore.apps.speech.sound import read_sound

    path = tmp_path / "sa1.wav"  # as TIMIT has them
    form = "sample_n_bytes -i 2\nsample_byte_format -s2 01"
    head = f"channel_count -i 1\nsample_rate -i 16000\n{form}\nend_head\n"
    content = f"NIST_1A\n   1024\n{head}".encode().ljust(1024)
    path.write_bytes(content + np.arange(0, 9000, 9, "<i2").tobytes())
    samples, rate = read_sound(path)
    assert rate == 16_000
    assert_close(samples * 32768, np.arange(0, 9000, 9))


def test_a_packed_score_says_how_large_it_becomes(tmp_path):
    import music21  # noqa: F401 - which takes its time

    from rnncore.music.files import read_score

    path = tmp_path / "blanks.mxl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("score.musicxml", b" " * 30_000_000)
    start = time.monotonic()
    with pytest.raises(ValueError, match="30 MB"):
        read_score(path)
    assert time.monotonic() - start < 5


def midi(events):
    track = b"\0\x90\x3c\x40" * events + b"\0\xff\x2f\0"
    return (
        b"MThd"
        + struct.pack(">IHHH", 6, 0, 1, 480)
        + b"MTrk"
        + struct.pack(">I", len(track))
        + track
    )


def test_a_score_of_a_million_events_is_refused_at_once(tmp_path):
    from rnncore.music.files import read_score

    path = tmp_path / "long.mid"
    path.write_bytes(midi(800_000))
    start = time.monotonic()
    with pytest.raises(ValueError, match=r"expected at most 1\.5 MB"):
        read_score(path)
    assert time.monotonic() - start < 5


def test_a_tars_header_may_not_claim_gigabytes(tmp_path):
    path = tmp_path / "a.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        one = tarfile.TarInfo("x")
        one.size, one.type = 1_500_000_000, tarfile.XHDTYPE
        archive.fileobj.write(one.tobuf() + b"x" * 2_000_000)
    with pytest.raises(Refused, match="a header of 1500000000 bytes"):
        intake.open_tar(path, "export").getmembers()


def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert not intake.is_zip(tmp_path / "pipe")
    for opened in (intake.open_zip, intake.open_tar):
        with pytest.raises(Refused, match="expected a file"):
            opened(tmp_path / "pipe", "export")
    with pytest.raises(Refused, match="device"):
        intake.read_beneath(tmp_path, "pipe", 9)


@pytest.mark.parametrize(
    "path",
    [
        *("link", "way/secret", "../secret", "none", "inner"),
        *("/etc/passwd", "//etc/passwd", "///etc/passwd"),
    ],
)
def test_no_part_of_a_path_may_lead_elsewhere(tmp_path, path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (tmp_path / "secret").write_text("secret")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "way").symlink_to(tmp_path)
    with pytest.raises(Refused):
        intake.read_beneath(folder, path, 100)


def test_a_file_beneath_a_folder_is_read_up_to_its_limit(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(b"12345")
    assert intake.read_beneath(tmp_path, "a/b", 5) == b"12345"
    with pytest.raises(Refused, match="at most 4"):
        intake.read_beneath(tmp_path, "a/b", 4)
    with pytest.raises(Refused, match="one of"):
        intake.read_beneath(tmp_path, "a/b", 5, os.getuid() + 1)


def test_a_file_that_is_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setitem(limits.LIMITS, "score", limits.Limit(4))
    (tmp_path / "a").write_bytes(b"12345")
    with pytest.raises(Refused, match="expected at most"):
        files.read_bytes(tmp_path / "a", "score")


def test_lists_in_lists_are_no_traceback():
    with pytest.raises(Refused, match="too deep"):
        intake.parse_json(b"[" * 100_000)
    with pytest.raises(Refused, match="parts"):
        intake.parse_json(b"," * 5_000_001)


def film(path, size=64, count=4):
    from rnncore.video.files import write_video

    write_video(path, np.zeros((count, size, size)), zoom=1)
    return path


@pytest.mark.parametrize(
    ("changed", "said"),
    [({"parts": 100}, "pixels"), ({"seconds": -1}, "not decoded")],
)
def test_a_film_has_limits_of_size_and_time(
    tmp_path, monkeypatch, changed, said
):
    from rnncore.video.files import read_video

    path = film(tmp_path / "a.mp4")
    assert read_video(path).shape == (16, 24, 24)
    limit = limits.LIMITS["film"]._replace(**changed)
    monkeypatch.setitem(limits.LIMITS, "film", limit)
    with pytest.raises(Refused, match=said):
        read_video(path)
