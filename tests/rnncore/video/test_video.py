"""Films: what networks and baselines may know, files, captions."""

import base64
import io
import re
from fractions import Fraction

import av
import numpy as np
import pytest
import torch
from PIL import Image

from rnncore.application import seeded, train_module
from rnncore.data.video import moving_digits, stick_figures, twins
from rnncore.optim import adam
from rnncore.seq2seq import END, PAD, START, VectorDecoder
from rnncore.storage.files import Refused
from rnncore.train import Schedule
from rnncore.video.captions import (
    Captioner,
    FrameBag,
    caption_batches,
    caption_loss,
    looks,
    say,
    words_of,
)
from rnncore.video.files import read_video, watch, write_video
from rnncore.video.model import (
    BagOfFrames,
    FilmClassifier,
    SingleFrame,
    accuracy_by_frame,
    film_batch,
    film_batches,
    film_loss,
    seen_loss,
    within_pairs,
)
from rnncore.video.showing import shown_at
from tests.helpers.arrays import assert_close
from tests.helpers.films import set_matrix, write_at

S, K = 24, 8


def made(kind, *sizes):
    with seeded(0):
        return kind(*sizes).eval()


@pytest.fixture(scope="module")
def films():
    return stick_figures(np.random.default_rng(0), 64, T=8)


@pytest.mark.parametrize(
    "model",
    [
        made(FilmClassifier, S, 16, 16, K),
        made(BagOfFrames, S, 16, 16, K),
        made(SingleFrame, S, 16, 16, K),
    ],
    ids=["loop", "bag", "single"],
)
def test_no_frame_is_judged_by_a_later_one(model, films):
    batch = film_batch(films.frames, films.labels)
    before = model(batch.frames)
    assert before.shape[:2] == (8, 64)
    changed = batch.frames.clone()
    changed[5:] = 0
    after = model(changed)
    assert_close(after[:5], before[:5])
    assert (after[5:] - before[5:]).abs().max() > 0


def test_order_reaches_the_loop_and_no_baseline(films):
    frames = film_batch(films.frames, films.labels).frames
    shuffled = frames[[3, 0, 7, 1, 6, 2, 5, 4]]
    bag = made(BagOfFrames, S, 16, 16, K)
    assert_close(bag(shuffled)[-1], bag(frames)[-1])
    single = made(SingleFrame, S, 16, 16, K)
    assert_close(single(shuffled)[0], single(frames)[3])
    loop = made(FilmClassifier, S, 16, 16, K)
    assert (loop(shuffled)[-1] - loop(frames)[-1]).abs().max() > 1e-4


def test_the_loss_is_a_mean(films):
    batch = film_batch(films.frames, films.labels)
    model = made(FilmClassifier, S, 16, 16, K)
    loss, _ = film_loss(model, batch, None)
    log_p = model(batch.frames).log_softmax(dim=2)
    picked = log_p[:, torch.arange(64), batch.labels]
    assert_close(loss, -picked.mean())


def test_accuracy_after_each_frame_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, frames):
            logits = torch.zeros(2, frames.shape[1], 3)
            logits[0, :, 1] = 1
            logits[1, :, 2] = 1
            return logits

    batch = film_batch(np.zeros((5, 2, S, S)), np.array([1, 1, 2, 0, 1]))
    found = accuracy_by_frame(Fixed(), batch, count=2)
    assert_close(found, [3 / 5, 1 / 5])


def test_a_bag_is_right_on_one_of_two_twins_whatever_its_weights(films):
    both = twins(films)
    batch = film_batch(both.frames, both.labels)
    for seed in range(5):
        with seeded(seed):
            bag, single = BagOfFrames(S, 16, 9, K), SingleFrame(S, 16, 9, K)
        assert within_pairs(bag, batch)[-1] == 0.5
        # frame t of a film is frame 7 - t of its twin
        found = within_pairs(single, batch)
        assert_close(found + found[::-1], 1)


def test_within_pairs_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, frames):
            one = torch.tensor([[0.0, 1, 5, 5], [2, 0, 0, 1]])
            return one[:, None].expand(-1, frames.shape[1], -1)

    batch = film_batch(np.zeros((4, 2, S, S)), np.array([0, 1, 2, 3]))
    # after frame 0: 1 beats 0, and 2 and 3 tie; after frame 1 the others
    assert_close(within_pairs(Fixed(), batch), [0.5, 0.5])
    batch = film_batch(np.zeros((2, 2, S, S)), np.array([1, 3]))
    assert_close(within_pairs(Fixed(), batch), [0.75, 0.5])


def test_what_is_seen_shares_the_probability():
    frames = np.zeros((3, 1, S, S), np.float32)
    one, two = np.zeros((2, 3, 5), np.float32)
    one[:, 1] = 1
    two[[0, 1, 2], [0, 1, 2]] = two[:, 4] = 1  # two right answers
    batch = film_batch(frames, np.stack([one, two], axis=1))
    model = made(SingleFrame, S, 16, 16, 2 * 5)
    loss, _ = seen_loss(model, batch, None)
    a, b = model(batch.frames)[0].split(5, dim=1)
    log_a, log_b = a.log_softmax(dim=1), b.log_softmax(dim=1)
    surprise = -(log_b[[0, 1, 2], [0, 1, 2]] + log_b[:, 4]) / 2
    expected = (surprise - log_a[:, 1]).mean() / 2
    assert_close(loss, expected)


@pytest.mark.weekly
def test_the_loop_tells_apart_what_the_bag_cannot():
    rng = np.random.default_rng(0)
    train, test = stick_figures(rng, 1600), stick_figures(rng, 400)
    found = {}
    for kind, sizes in (
        (FilmClassifier, (S, 32, 48, K)),
        (BagOfFrames, (S, 32, 48, K)),
    ):
        with seeded(0):
            model = kind(*sizes)
        train_module(
            model,
            film_loss,
            film_batches(train.frames, train.labels, 32),
            optimizer=adam(0.003),
            schedule=Schedule(400, clip=1.0),
            rng=np.random.default_rng(1),
        )
        batch = film_batch(test.frames, test.labels)
        found[kind] = accuracy_by_frame(model, batch)[-1]
    assert found[FilmClassifier] > 0.8
    assert found[BagOfFrames] < 0.62  # a half, and the luck of 400 films


def test_words_there_and_back():
    words = words_of(["the one moves left", "the two moves up and bounces"])
    ids = words.encode("the two moves left")
    assert min(ids) > END
    assert words.decode(ids) == "the two moves left"
    assert words.size == 8 + 3
    with pytest.raises(ValueError, match="caption: 'three' is not known"):
        words.encode("the three moves")


def test_captions_are_padded_and_shifted(rng):
    frames = rng.random((3, 4, S, S)).astype("f")
    batch = caption_batches(frames, [[5], [6, 7], [8]], 50)(rng, 0)
    assert batch.frames.shape == (4, 50, S, S)
    assert set(batch.read[0].tolist()) == {START}
    for read, target in zip(batch.read.T, batch.targets.T, strict=True):
        said = [k for k in target.tolist() if k not in (PAD, END)]
        assert read[1 : 1 + len(said)].tolist() == said


@pytest.mark.weekly
def test_a_captioner_learns_a_few_films_by_heart():
    films = moving_digits(np.random.default_rng(0), 12)
    words = words_of(films.captions)
    captions = [words.encode(c) for c in films.captions]
    with seeded(0):
        model = Captioner(S, 32, 32, words.size)
    train_module(
        model,
        caption_loss,
        caption_batches(films.frames, captions, 12),
        optimizer=adam(0.004),
        schedule=Schedule(200, clip=1.0),
        rng=np.random.default_rng(0),
    )
    frames = torch.as_tensor(films.frames).transpose(0, 1)
    said = [words.decode(s) for s in say(model, frames)]
    right = sum(a == b for a, b in zip(said, films.captions, strict=True))
    assert right >= 10


def test_a_captioner_needs_the_order_and_its_bag_does_not(films):
    frames = film_batch(films.frames, films.labels).frames
    shuffled = frames[[3, 0, 7, 1, 6, 2, 5, 4]]
    read = torch.tensor([[START, 3, 4]]).T.expand(-1, 64)
    loop = made(Captioner, S, 16, 16, 9)
    assert (loop(shuffled, read) - loop(frames, read)).abs().max() > 1e-4
    bag = made(Captioner, S, 16, 16, 9, FrameBag)
    assert_close(bag(shuffled, read), bag(frames, read))


def test_a_captioner_with_one_vector(films):
    frames = film_batch(films.frames, films.labels).frames
    model = made(Captioner, S, 16, 16, 9, FrameBag, VectorDecoder)
    read = torch.tensor([[START, 3]]).T.expand(-1, 64)
    assert model(frames, read).shape == (2, 64, 9)
    assert len(say(model, frames, limit=3)) == 64


def test_where_the_words_looked(films):
    frames = film_batch(films.frames[:1], films.labels[:1]).frames
    model = made(Captioner, S, 16, 16, 9)
    weights, p = looks(model, frames, [3, 5])
    assert weights.shape == (3, 8)
    assert_close(weights.sum(dim=1), torch.ones(3))
    read = torch.tensor([[START], [3], [5]])
    expected = model(frames, read)[:, 0].softmax(dim=1)
    assert_close(p, expected[[0, 1, 2], [3, 5, END]])


def test_a_player_holds_its_film(tmp_path):
    film = stick_figures(np.random.default_rng(2), 1, noise=0.0).frames[0]
    page = watch(film, "A & B", "somebody <sits>").html
    assert (
        "<figcaption>A &amp; B. <span>somebody &lt;sits&gt;</span>" in page
    )
    assert 'aria-label="A &amp; B: somebody &lt;sits&gt;"' in page
    assert "http" not in page
    data = re.search(r"data:video/mp4;base64,([^\"]+)", page)[1]
    (tmp_path / "a.mp4").write_bytes(base64.b64decode(data))
    read = read_video(tmp_path / "a.mp4")
    assert np.abs(read - film).mean() < 0.05


def test_a_player_shows_its_middle_frame_before_it_plays():
    rng = np.random.default_rng(2)
    film = stick_figures(rng, 1, noise=0.0).frames[0][:, :23]
    page = watch(film, "A film", "somebody sits", zoom=5).html
    assert 'width="120" height="114"' in page  # even, as H.264 asks
    poster = re.search(r' poster="data:image/png;base64,([^"]+)', page)[1]
    assert len(poster) < 2_000  # it is no file of its own
    with Image.open(io.BytesIO(base64.b64decode(poster))) as picture:
        shown = np.asarray(picture) / np.float32(255)
    assert_close(shown, film[len(film) // 2], within=0.5 / 255 + 1e-6)


@pytest.mark.parametrize(
    ("matrix", "turns"),
    [((0, 1, -1, 0), -1), ((0, -1, 1, 0), 1), ((-1, 0, 0, -1), 2)],
)
def test_a_film_that_lies_on_its_side_is_read_upright(
    tmp_path, matrix, turns
):
    film = stick_figures(np.random.default_rng(2), 1, noise=0.0).frames[0]
    path = tmp_path / "a.mp4"
    write_video(path, film)
    straight = read_video(path)
    set_matrix(path, matrix)
    turned = np.rot90(straight, turns, axes=(1, 2))
    assert_close(read_video(path), turned, within=1e-6)


def greys(count):
    """Pictures that are k / 255 grey, to tell them apart."""
    return np.arange(count, dtype=np.uint8)[:, None, None] + np.zeros(
        (1, 16, 16), np.uint8
    )


def numbers(path, T):
    return (read_video(path, T, 2)[:, 0, 0] * 255).round().tolist()


def test_frames_are_chosen_by_the_time_at_which_they_show(tmp_path):
    path = tmp_path / "a.mkv"
    write_at(path, greys(4), [0, 9_800, 9_900, 9_990])
    assert numbers(path, 8) == [0, 0, 0, 0, 0, 0, 0, 3]
    write_at(path, greys(11), [*range(0, 1_000, 100), 8_000])
    assert numbers(path, 5) == [0, 9, 9, 9, 10]
    # 24 frames a second, in milliseconds: a constant rate, as counted
    write_at(path, greys(31), [round(k * 1000 / 24) for k in range(31)])
    assert numbers(path, 7) == [0, 5, 10, 15, 20, 25, 30]
    assert numbers(path, 31) == [*range(31)]


@pytest.mark.parametrize(
    ("times", "chosen"),
    [
        ([0, 1, 2, 3, 10], [0, 3, 3, 3]),  # the last lasts seven
        ([None, 1, 2, 3, 4], [0, 1, 2, 3]),  # it is not told when
        ([0, 1, 2, 3, 4], [0, 1, 2, 3]),
        ([0, 1, 2, 3, 3], [0, 1, 2, 3]),  # nor how long the last lasts
        ([0, 3, 1, 2, 9], [0, 3, 3, 3]),  # time does not go back
    ],
)
def test_what_shows_at_a_time(times, chosen):
    exact = [None if time is None else Fraction(time) for time in times]
    assert shown_at(exact, 4).tolist() == chosen


def test_a_frame_that_begins_when_it_is_asked_for_is_the_one_that_shows():
    """Tenths of a second, none of which is exact in floating point."""
    begins = [Fraction(k, 10) for k in (0, 1, 2, 3, 13, 23)]
    begins.append(begins[-1] + Fraction(7, 10))
    chosen = shown_at(begins, 31).tolist()
    assert [chosen[k] for k in (0, 1, 2, 3, 12, 13, 22, 23, 30)] == [
        *(0, 1, 2, 3, 3, 4, 4, 5, 5)
    ]


MATRICES = {  # what the film's header says, and what is to be shown
    (1, 0, 0, 1): lambda film: film,
    (-1, 0, 0, 1): lambda film: film[:, :, ::-1],
    (1, 0, 0, -1): lambda film: film[:, ::-1],
    (0, 1, 1, 0): lambda film: film.transpose(0, 2, 1),
    (0, -1, -1, 0): lambda film: film[:, ::-1, ::-1].transpose(0, 2, 1),
}


@pytest.mark.parametrize("matrix", MATRICES)
def test_a_mirrored_film_is_read_as_it_is_to_be_shown(tmp_path, matrix):
    film = stick_figures(np.random.default_rng(2), 1, noise=0.0).frames[0]
    path = tmp_path / "a.mp4"
    write_video(path, film)
    straight = read_video(path)
    set_matrix(path, matrix)
    assert_close(read_video(path), MATRICES[matrix](straight), within=1e-6)


def test_a_film_is_read_as_it_was_written(tmp_path):
    films = stick_figures(np.random.default_rng(2), 2, noise=0.0)
    write_video(tmp_path / "a.mp4", films.frames[0])
    read = read_video(tmp_path / "a.mp4")
    assert read.shape == (16, 24, 24)
    assert np.abs(read - films.frames[0]).mean() < 0.05
    half = read_video(tmp_path / "a.mp4", T=8, S=12)
    assert half.shape == (8, 12, 12)
    more = read_video(tmp_path / "a.mp4", T=32)
    assert np.abs(more[0] - read[0]).max() == 0


def test_the_middle_square_of_a_wide_film_is_taken(tmp_path):
    wide = np.zeros((5, 40, 80), np.float32)
    wide[:, :, 36:44] = 1  # 16 to 24 of the middle 40
    write_video(tmp_path / "a.avi", wide, zoom=4)
    read = read_video(tmp_path / "a.avi", T=5, S=10)
    assert read[:, :, 4:6].mean() > 0.8
    assert read[:, :, :4].mean() < 0.1


def test_what_is_no_film_is_refused(tmp_path):
    path = tmp_path / "a.mp4"
    for content in (b"", b"no film at all" * 9):
        path.write_bytes(content)
        with pytest.raises(Refused, match="no film"):
            read_video(path)
    with pytest.raises(Refused, match="expected a file, got a folder"):
        read_video(tmp_path)
    write_video(path, np.zeros((1, 24, 24)))
    with pytest.raises(Refused, match="at least 2 frames, got 1"):
        read_video(path)
    with pytest.raises(Refused, match="there is no such file"):
        read_video(tmp_path / "none.mp4")
    with pytest.raises(ValueError, match=r"frames: expected \(T, S, S\)"):
        write_video(path, np.zeros((3, 4)))
    with pytest.raises(
        ValueError, match=r"frames: expected \(T, B, 24, 24"
    ):
        made(SingleFrame, S, 16, 16, K)(torch.zeros(2, 3, 20, 20))


def test_a_cover_before_the_film_is_not_taken_for_it(tmp_path):
    path = tmp_path / "a.mkv"
    shades = np.arange(9, dtype=np.uint8) * 20
    with av.open(path, "w") as film:
        cover = film.add_stream("mjpeg", rate=1)
        cover.width = cover.height = 32
        cover.pix_fmt = "yuvj420p"
        moving = film.add_stream("ffv1", rate=8)
        moving.width = moving.height = 16
        moving.pix_fmt = "gray"
        black = np.zeros((32, 32, 3), np.uint8)
        still = av.VideoFrame.from_ndarray(black, format="rgb24")
        film.mux(cover.encode(still))
        for shade in shades:
            grey = np.full((16, 16), shade, np.uint8)
            frame = av.VideoFrame.from_ndarray(grey, format="gray")
            film.mux(moving.encode(frame))
        film.mux(cover.encode())
        film.mux(moving.encode())
    frames = read_video(path, 9, 4)
    assert_close(frames[:, 0, 0], shades.astype(np.float32) / 255)
