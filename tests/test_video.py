"""Films: what networks and baselines may know, files, captions."""

import numpy as np
import pytest
import torch

from rnncore.application import seeded, train_module
from rnncore.data.video import moving_digits, stick_figures
from rnncore.files import Refused
from rnncore.optim import adam
from rnncore.seq2seq import END, PAD, START, greedy
from rnncore.video.captions import (
    Captioner,
    caption_batches,
    caption_loss,
    words_of,
)
from rnncore.video.files import read_video, write_video
from rnncore.video.model import (
    BagOfFrames,
    FilmClassifier,
    NextFrame,
    SingleFrame,
    accuracy_by_frame,
    film_batch,
    film_batches,
    film_loss,
    next_frame_loss,
)

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
        made(BagOfFrames, S, 16, K),
        made(SingleFrame, S, 16, K),
        made(NextFrame, S, 16, 16),
    ],
    ids=["loop", "bag", "single", "next"],
)
def test_no_frame_is_judged_by_a_later_one(model, films):
    batch = film_batch(films.frames, films.labels)
    before = model(batch.frames)
    assert before.shape[:2] == (8, 64)
    changed = batch.frames.clone()
    changed[5:] = 0
    after = model(changed)
    torch.testing.assert_close(after[:5], before[:5])
    assert (after[5:] - before[5:]).abs().max() > 0


def test_order_reaches_the_loop_and_no_baseline(films):
    frames = film_batch(films.frames, films.labels).frames
    shuffled = frames[[3, 0, 7, 1, 6, 2, 5, 4]]
    bag = made(BagOfFrames, S, 16, K)
    torch.testing.assert_close(bag(shuffled)[-1], bag(frames)[-1])
    single = made(SingleFrame, S, 16, K)
    torch.testing.assert_close(single(shuffled)[0], single(frames)[3])
    loop = made(FilmClassifier, S, 16, 16, K)
    assert (loop(shuffled)[-1] - loop(frames)[-1]).abs().max() > 1e-4


def test_an_untrained_next_frame_is_near_the_last(films):
    frames = film_batch(films.frames, films.labels).frames
    guess = made(NextFrame, S, 16, 16)(frames).sigmoid()
    assert ((guess > 0.5) == (frames > 0.5)).float().mean() > 0.95


def test_the_losses_are_means(films):
    batch = film_batch(films.frames, films.labels)
    model = made(FilmClassifier, S, 16, 16, K)
    loss, _ = film_loss(model, batch, None)
    log_p = model(batch.frames).log_softmax(dim=2)
    picked = log_p[:, torch.arange(64), batch.labels]
    torch.testing.assert_close(loss, -picked.mean())
    uniform = made(NextFrame, S, 16, 16)
    with torch.no_grad():
        for weights in uniform.parameters():
            weights.zero_()
    loss, _ = next_frame_loss(uniform, batch, None)
    torch.testing.assert_close(loss, torch.tensor(np.log(2)).float())


def test_accuracy_after_each_frame_by_hand():
    class Fixed(torch.nn.Module):
        def forward(self, frames):
            logits = torch.zeros(2, frames.shape[1], 3)
            logits[0, :, 1] = 1
            logits[1, :, 2] = 1
            return logits

    batch = film_batch(np.zeros((5, 2, S, S)), np.array([1, 1, 2, 0, 1]))
    found = accuracy_by_frame(Fixed(), batch, count=2)
    np.testing.assert_allclose(found, [3 / 5, 1 / 5])


@pytest.mark.slow
def test_the_loop_tells_apart_what_the_bag_cannot():
    rng = np.random.default_rng(0)
    train, test = stick_figures(rng, 1600), stick_figures(rng, 400)
    found = {}
    for kind, sizes in (
        (FilmClassifier, (S, 32, 48, K)),
        (BagOfFrames, (S, 32, K)),
    ):
        with seeded(0):
            model = kind(*sizes)
        train_module(
            model,
            film_loss,
            film_batches(train.frames, train.labels, 32),
            optimizer=adam(0.003),
            steps=400,
            rng=np.random.default_rng(1),
            clip=1.0,
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
        optimizer=adam(0.01),
        steps=200,
        rng=np.random.default_rng(0),
        clip=1.0,
    )
    frames = torch.as_tensor(films.frames).transpose(0, 1)
    with torch.no_grad():
        source = model.encoder(frames)
    said = [words.decode(s) for s in greedy(model.decoder, source, 10)]
    right = sum(a == b for a, b in zip(said, films.captions, strict=True))
    assert right >= 10


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
    with pytest.raises(Refused, match="there is no such file"):
        read_video(tmp_path / "none.mp4")
    with pytest.raises(ValueError, match=r"frames: expected \(T, S, S\)"):
        write_video(path, np.zeros((3, 4)))
    with pytest.raises(
        ValueError, match=r"frames: expected \(T, B, 24, 24"
    ):
        made(SingleFrame, S, 16, K)(torch.zeros(2, 3, 20, 20))
