"""The three ways ahead, their heads, and their training."""

import numpy as np
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")


from rnncore.application import seeded
from rnncore.forecast.heads import (
    gaussian_head,
    mean_head,
    mixture_head,
    pinball,
    quantile_head,
)
from rnncore.forecast.models import (
    Direct,
    EncoderDecoder,
    Recursive,
)
from rnncore.forecast.training import (
    ask,
    futures,
    next_step,
    train_forecaster,
)
from rnncore.forecast.windows import Windows, cut
from rnncore.optim import Optimizer, adam

T, K, B, F, H, P = 7, 4, 3, 2, 5, 1


def point(out):
    return out[..., 0]


MAKE = {
    "direct": lambda cell="GRU": Direct(cell, F, H, K, P),
    "recursive": lambda cell="GRU": Recursive(cell, F, H, P, point=point),
    "encoder-decoder": lambda cell="GRU": EncoderDecoder(
        cell, F, H, P, point=point
    ),
}
each_way = pytest.mark.parametrize("way", MAKE)


def given(seed=0):
    rng = np.random.default_rng(seed)
    past = torch.as_tensor(rng.normal(size=(T, B, 1 + F)))
    known = torch.as_tensor(rng.normal(size=(K, B, F)))
    return past, known


def made(way, cell="GRU"):
    with seeded(1):
        return MAKE[way](cell).double()


@each_way
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_every_way_gives_every_step_of_every_sequence(way, cell):
    out = made(way, cell)(*given())
    assert out.shape == (K, B, P)
    assert torch.isfinite(out).all()


@each_way
def test_sequences_of_a_batch_do_not_see_each_other(way):
    module, (past, known) = made(way), given()
    alone = module(past[:, 1:2], known[:, 1:2])
    assert_close(module(past, known)[:, 1:2], alone)


@each_way
def test_the_forecast_depends_on_the_first_value_and_the_last(way):
    module, (past, known) = made(way), given()
    for t in (0, T - 1):
        moved = past.clone()
        moved[t, :, 0] += 1
        change = (module(moved, known) - module(past, known)).abs()
        assert (change.amax(dim=(1, 2)) > 1e-6).all()


def test_only_the_direct_way_reads_the_covariates_of_later_steps():
    past, known = given()
    later = known.clone()
    later[2] += 1
    for way, first in [
        ("direct", 0),
        ("recursive", 2),
        ("encoder-decoder", 2),
    ]:
        module = made(way)
        change = (module(past, later) - module(past, known)).abs()
        moved = change.amax(dim=(1, 2)) > 1e-6
        assert moved.tolist() == [k >= first for k in range(K)], way


def test_a_recursive_forecast_is_fed_with_its_own():
    module, (past, known) = made("recursive"), given()
    out = module(past, known)
    step, covariates = past, known
    for k in range(K):
        one = module(step, covariates[:1])
        assert_close(one[0], out[k])
        new = torch.cat([point(one)[..., None], covariates[:1]], dim=-1)
        step, covariates = torch.cat([step, new]), covariates[1:]


def test_one_step_ahead_stands_at_every_step_of_the_past():
    module, (past, known) = made("recursive"), given()
    every = module.one_step(past, known)
    assert every.shape == (T, B, P)
    assert_close(every[-1], module(past, known)[0])
    ahead = torch.cat([past[1:, :, 1:], known[:1]])
    for t in range(1, T):
        early = module(past[:t], ahead[t - 1 : t])
        assert_close(early[0], every[t - 1])


def test_the_decoder_begins_with_the_last_value_seen():
    module, (past, known) = made("encoder-decoder"), given()
    _, state = module.encoder(past)
    first = torch.cat([past[-1:, :, :1], known[:1]], dim=-1)
    y, _ = module.decoder(first, state)
    assert_close(module.readout(y)[0], module(past, known)[0])


@each_way
def test_every_weight_has_a_gradient(way):
    module = made(way)
    module(*given()).square().sum().backward()
    for name, w in module.named_parameters():
        assert w.grad is not None, name
        assert w.grad.abs().max() > 0, name


@each_way
def test_what_does_not_fit_is_named(way):
    module, (past, known) = made(way), given()
    with pytest.raises(ValueError, match=r"past: expected \(T, B, 3\)"):
        module(past[..., :2], known)
    with pytest.raises(ValueError, match=r"known: expected \(K, 3, 2\)"):
        module(past, known[:, :2])
    with pytest.raises(ValueError, match=r"^cell:"):
        MAKE[way]("CNN")
    if way == "direct":
        with pytest.raises(ValueError, match="known: expected 4 steps"):
            module(past, known[:2])


def test_the_pinball_loss_by_hand():
    error = torch.tensor([2.0])  # the target lies 2 above
    assert_close(pinball(error, 0.9), 1.8)
    assert_close(pinball(-error, 0.9), 0.2)


@pytest.mark.parametrize("level", [0.1, 0.5, 0.8])
def test_the_least_pinball_loss_is_at_the_quantile(level):
    targets = torch.as_tensor(np.random.default_rng(0).gamma(2, size=999))
    tried = torch.linspace(0, 8, 801)
    losses = [pinball(targets - q, level) for q in tried]
    best = tried[int(torch.stack(losses).argmin())]
    expected = torch.quantile(targets, level)
    assert_close(best, float(expected), within=0.02)  # the grid's step


def test_the_gaussian_head_is_that_of_torch():
    head = gaussian_head(least=0.01)
    rng = np.random.default_rng(0)
    out = torch.as_tensor(rng.normal(size=(K, B, 2)))
    target = torch.as_tensor(rng.normal(size=(K, B)))
    spread = 0.01 + torch.nn.functional.softplus(out[..., 1])
    normal = torch.distributions.Normal(out[..., 0], spread)
    constant = 0.5 * np.log(2 * np.pi)
    assert_close(
        head.loss(out, target) + constant,
        float(-normal.log_prob(target).mean()),
    )
    said = head.quantiles(out, (0.1, 0.5, 0.9))
    assert_close(normal.cdf(said[2]), 0.9)
    assert_close(said[1], head.point(out))


def test_the_mixture_head_is_that_of_torch():
    head = mixture_head(3, least=0.01)
    rng = np.random.default_rng(0)
    out = torch.as_tensor(rng.normal(size=(K, B, 9)))
    target = torch.as_tensor(rng.normal(size=(K, B)))
    torch_has = torch.distributions
    mixture = torch_has.MixtureSameFamily(
        torch_has.Categorical(logits=out[..., :3]),
        torch_has.Normal(
            out[..., 3:6],
            0.01 + torch.nn.functional.softplus(out[..., 6:]),
        ),
    )
    constant = 0.5 * np.log(2 * np.pi)
    assert_close(
        head.loss(out, target) + constant,
        float(-mixture.log_prob(target).mean()),
    )
    assert_close(head.point(out), mixture.mean)
    levels = (0.05, 0.5, 0.9)
    said = head.quantiles(out, levels)
    for level, quantile in zip(levels, said, strict=True):
        assert_close(mixture.cdf(quantile), level)


def test_a_mixture_of_one_is_the_gaussian_head():
    rng = np.random.default_rng(0)
    out = torch.as_tensor(rng.normal(size=(K, B, 3)))
    target = torch.as_tensor(rng.normal(size=(K, B)))
    one, gaussian = mixture_head(1), gaussian_head()
    assert_close(one.loss(out, target), gaussian.loss(out[..., 1:], target))
    assert_close(
        one.quantiles(out, (0.1, 0.9)),
        gaussian.quantiles(out[..., 1:], (0.1, 0.9)),
    )
    with pytest.raises(ValueError, match="M: expected at least 1, got 0"):
        mixture_head(0)


def test_quantiles_never_cross_and_are_found_by_their_level():
    head = quantile_head((0.1, 0.5, 0.9))
    out = torch.tensor([[[3.0, 2.0, 1.0]]])
    low, high = head.quantiles(out, (0.1, 0.9))
    assert (low.item(), high.item()) == (1, 3)
    with pytest.raises(ValueError, match=r"^levels:"):
        head.quantiles(out, (0.2,))


@pytest.mark.parametrize(
    "levels", [(0.9, 0.5, 0.1), (0.1, 0.9), (0.5, 1.0), (0.5, 0.5)]
)
def test_levels_that_are_none_are_refused(levels):
    with pytest.raises(ValueError, match=r"^levels:"):
        quantile_head(levels)
    with pytest.raises(
        ValueError, match=r"levels: expected a list, got 0\.5"
    ):
        quantile_head(0.5)


def test_a_mean_knows_no_quantiles():
    head = mean_head()
    out, target = torch.zeros(K, B, 1), torch.full((K, B), 3.0)
    assert head.loss(out, target) == 9
    with pytest.raises(ValueError, match="levels: this head knows a mean"):
        head.quantiles(out, (0.5,))
    with pytest.raises(ValueError, match=r"target: expected \(4, 3\)"):
        head.loss(out, target[:2])


def wave(origins_):
    t = np.arange(400)
    return cut(np.sin(2 * np.pi * t / 16), origins_, 12, 4)


@pytest.mark.slow
@pytest.mark.parametrize("way", ["direct", "recursive", "encoder-decoder"])
def test_each_way_learns_a_wave(way):
    head = mean_head()
    with seeded(0):
        module = {
            "direct": lambda: Direct("GRU", 0, 12, 4),
            "recursive": lambda: Recursive("GRU", 0, 12, point=head.point),
            "encoder-decoder": lambda: EncoderDecoder(
                "GRU", 0, 12, point=head.point
            ),
        }[way]()
    train_forecaster(
        module,
        head,
        wave(np.arange(12, 300)),
        wave(np.arange(300, 340)),
        rng=np.random.default_rng(0),
        steps=150,
        rate=0.01,
        batch=32,
    )
    test = wave(np.arange(340, 390))
    said = head.point(ask(module, test)).numpy()
    still = np.abs(test.past[-1, :, 0] - test.target).mean()
    assert np.abs(said - test.target).mean() < 0.2 * still


def test_one_step_training_compares_each_step_with_the_next():
    windows = wave(np.array([20, 30, 40]))
    batch = Windows(*(torch.as_tensor(a) for a in windows))

    class Perfect:
        @staticmethod
        def one_step(past, known):
            after = torch.cat([past[1:, :, 0], batch.target[:1]])
            return after[..., None]

    loss, carry = next_step(mean_head())(Perfect, batch, None)
    assert loss == 0
    assert carry is None


def test_the_seed_decides_the_outcome():
    def run(seed):
        head = mean_head()
        with seeded(seed):
            module = Direct("GRU", 0, 4, 4)
        fit = train_forecaster(
            module,
            head,
            wave(np.arange(12, 99)),
            wave(np.arange(99, 120)),
            rng=np.random.default_rng(seed),
            steps=6,
            evaluate_every=3,
        )
        return fit.history.loss

    assert run(0) == run(0)
    assert run(0) != run(1)


def test_an_optimizer_that_is_given_takes_the_place_of_adam():
    def run(optimizer):
        with seeded(0):
            module = Direct("GRU", 0, 4, 4)
        parts = wave(np.arange(12, 99)), wave(np.arange(99, 120))
        train_forecaster(
            module,
            mean_head(),
            *parts,
            rng=np.random.default_rng(0),
            optimizer=optimizer,
            steps=2,
        )
        return torch.nn.utils.parameters_to_vector(module.parameters())

    assert torch.equal(run(None), run(adam(3e-3)))
    still = Optimizer(lambda w: None, lambda w, d_w, state: (w, state))
    with seeded(0):
        first = Direct("GRU", 0, 4, 4).parameters()
    vector = torch.nn.utils.parameters_to_vector(first)
    assert torch.equal(run(still), vector)


def test_a_run_goes_on_from_its_checkpoint(tmp_path):
    def run(steps, checkpoint):
        head = quantile_head((0.1, 0.5, 0.9))
        with seeded(0):
            module = Direct("GRU", 0, 4, 4, head.P)
        return train_forecaster(
            module,
            head,
            wave(np.arange(12, 99)),
            wave(np.arange(99, 120)),
            rng=np.random.default_rng(0),
            steps=steps,
            evaluate_every=5,
            checkpoint=checkpoint,
        ).history.loss

    whole = run(20, None)
    run(10, tmp_path / "run.npz")
    assert run(20, tmp_path / "run.npz") == whole


class Walk(torch.nn.Module):
    """A random walk that knows it: mean the last value, spread 1."""

    def __init__(self, point):
        super().__init__()
        self.point = point
        raw = float(np.log(np.expm1(1.0 - 1e-3)))  # softplus of it is 0.999
        self.raw = torch.nn.Parameter(torch.tensor(raw, dtype=torch.double))

    def forward(self, past, known):
        value, out = past[-1:, :, 0], []
        for k in range(known.shape[0]):
            if k:
                value = self.point(out[-1])
            out.append(
                torch.stack([value, self.raw.expand(value.shape)], -1)
            )
        return torch.cat(out)


def test_the_doubt_of_drawn_futures_adds_up_and_that_of_medians_does_not():
    head = gaussian_head()
    walk = Walk(head.point)
    windows = Windows(
        np.full((3, 2, 1), 5.0), np.zeros((9, 2, 0)), np.zeros((9, 2))
    )
    levels = tuple((np.arange(199) + 1) / 200)
    said = head.quantiles(ask(walk, windows), (0.1, 0.9)).numpy()
    assert_close(said[1] - said[0], np.full((9, 2), 2.563), within=1e-3)
    values = futures(
        walk, head, windows, levels, 4000, np.random.default_rng(0)
    )
    assert values.shape == (4000, 9, 2)
    spread = values.std(axis=0)
    expected = np.sqrt(np.arange(1, 10))[:, None]
    # 4,000 draws: a spread is known to about 1 %; the tails beyond the
    # outer levels are cut off, which costs about as much
    assert_close(
        spread,
        np.repeat(expected, 2, 1),
        within=0.05 * np.abs(np.repeat(expected, 2, 1)),
    )
    assert_close(values.mean(), 5, within=0.1)
    assert walk.point is head.point  # as it was


def test_a_forecast_without_doubt_has_one_future():
    head = quantile_head((0.1, 0.5, 0.9))
    with seeded(0):
        module = Recursive("GRU", 0, 5, head.P, point=head.point)
    torch.nn.init.constant_(module.readout.weight, 0.1)
    torch.nn.init.zeros_(module.readout.bias)  # three equal quantiles
    windows = wave(np.array([20, 30]))
    values = futures(
        module, head, windows, (0.1, 0.5, 0.9), 5, np.random.default_rng(0)
    )
    expected = head.point(ask(module, windows)).numpy()
    for path in values:
        assert_close(path, expected, computed_in="float32")
