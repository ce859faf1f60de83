"""A table from end to end: its plan, its parts, its methods, its figure."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.application import Refused, Score
from rnncore.forecast import study
from rnncore.forecast.models import Direct
from rnncore.forecast.plan import plan_for, season_of
from rnncore.storage.weights import save_weights

WEEK = np.array([3.0, 4.0, 4.0, 5.0, 7.0, 9.0, 1.0])


def table(rows=120, freq="D", columns=("sold",), seed=0):
    """A rhythm of seven steps with noise, and a freq that is known."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", periods=rows, freq=freq, name="day")
    values = {
        name: 10 * (k + 1) * WEEK[np.arange(rows) % 7]
        + rng.normal(size=rows)
        for k, name in enumerate(columns)
    }
    return pd.DataFrame(values, index=index)


def tiny(frame, **others):
    return plan_for(frame, 3, units=4, steps=6, **others)


class Flat(torch.nn.Module):
    """Forecasts nothing: the window's own mean, at every level."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, past, known):
        size = len(study.LEVELS)
        return torch.zeros(len(known), past.shape[1], size)


@pytest.mark.parametrize(
    ("freq", "period"),
    [
        *(("h", 24), ("30min", 48), ("D", 7), ("B", 5), ("W", 52)),
        *(("MS", 12), ("ME", 12), ("QS", 4), ("YS", 1)),
        *(("2D", 1), ("10D", 1), ("14D", 1), ("36h", 1), ("7h", 1)),
        *(("28D", 13), ("30D", 12), ("91D", 4), ("365D", 1)),
        *(("2MS", 6), ("6ME", 2), ("18MS", 1), ("SMS", 24), ("BME", 12)),
    ],
)
def test_the_season_is_told_by_the_step(freq, period):
    assert season_of(table(40, freq)) == period


def test_rows_that_are_steps_have_no_season_and_no_calendar():
    frame = table().iloc[::2].iloc[[0, 1, 3, 4, 7, 8, 9]]
    assert frame.index.freq is None
    assert season_of(frame) == 1
    assert study.covariates_of(frame, 5).shape == (12, 0)


def test_what_is_not_given_is_chosen_by_the_table():
    plan = plan_for(table(120), 3)
    assert (plan.period, plan.history) == (7, 14)  # two seasons
    assert plan_for(table(400), 20).history == 40  # two horizons
    assert plan_for(table(40), 3).history == 10  # a quarter
    assert plan_for(table(120), 3, history=5, period=9).period == 9


def test_a_season_is_the_calendar_s_or_none_whatever_the_history():
    months = table(36, "MS")
    plan = plan_for(months, 1)
    assert (plan.period, plan.history) == (12, 9)
    assert plan_for(months, 1, period=18).period == 18
    assert plan_for(months.iloc[:23], 1).period == 1  # no two seasons
    with pytest.raises(
        Refused, match="36 rows: a season of 19 steps needs 38"
    ):
        plan_for(months, 1, period=19)


def test_baselines_see_a_season_that_is_longer_than_the_history():
    frame = table(24, "MS")
    frame["sold"] = np.arange(24.0) % 12
    plan = plan_for(frame, 1, units=4, steps=6)
    naive = study.compare(frame, plan, []).loc[("sold", "seasonal naive")]
    assert (plan.period, plan.history) == (12, 6)
    assert_close(naive["MASE"], 0)


def test_a_table_too_short_for_its_plan_is_refused():
    plan_for(table(14 + 5 * 3), 3, history=14)
    with pytest.raises(Refused, match=r"28 rows: .* need at least 29"):
        plan_for(table(28), 3, history=14)
    with pytest.raises(Refused, match="expected at least 1, got 0, 7"):
        plan_for(table(), 0)
    with pytest.raises(Refused, match="history: expected at least 2"):
        plan_for(table(), 3, history=1)


def test_the_last_fifth_is_judged_on_and_a_fifth_before_it_stops():
    split = study.parts_of(table(100), plan_for(table(100), 3))
    assert [*split.training, *split.validation, *split.test] == [
        *range(100)
    ]
    assert len(split.validation) == len(split.test) == 20


def test_windows_forecast_steps_of_their_part_alone():
    frame = table()
    frame["sold"] = np.arange(120.0)
    plan = tiny(frame, history=5)
    split = study.parts_of(frame, plan)
    for part in split:
        windows = study.windows_of(frame, plan, part)
        past = windows.past[..., 0]
        spread = np.std(np.arange(5.0))  # of every window
        # the centre lies two steps before the window's end
        ahead = np.arange(3, 6)[:, None] + np.zeros(len(windows.target[0]))
        assert_close(windows.target * spread, ahead)
        first = max(part.start, 5)
        assert windows.target.shape[1] == part.stop - 3 - first + 1
        assert_close(past.mean(axis=0), 0)


def test_the_calendar_goes_on_beyond_the_last_row():
    frame = table(60)
    longer = study.covariates_of(table(64), 0)
    np.testing.assert_array_equal(study.covariates_of(frame, 4), longer)


def test_a_network_answers_in_the_series_own_units():
    frame = table()
    plan = tiny(frame)
    known = study.covariates_of(frame, 3)
    method = study.network(Flat(), plan, known)
    values = frame["sold"].to_numpy()
    said = method(values[:100], 3)
    assert said.shape == (len(study.LEVELS), 3)
    mean = values[100 - plan.history : 100].mean()
    assert_close(said, np.full(said.shape, mean), computed_in="float32")
    with pytest.raises(ValueError, match="horizon: expected 3, got 4"):
        method(values[:100], 4)


def test_a_network_s_forecast_depends_on_its_history_and_on_no_later_row():
    frame = table()
    plan = tiny(frame)
    known = study.covariates_of(frame, 3)
    module = study.build(plan, known.shape[1], 0).double()
    method = study.network(module, plan, known)
    values = frame["sold"].to_numpy()
    said = method(values[:90], 3)
    moved = values[:90].copy()
    moved[90 - plan.history] += 5
    assert np.abs(method(moved, 3) - said).max() > 1e-3
    assert np.all(np.diff(said, axis=0) >= 0)  # quantiles rise


def test_a_linear_autoregression_repeats_an_exact_rhythm():
    frame = table()
    frame["sold"] = 10 * WEEK[np.arange(120) % 7]
    plan = tiny(frame)
    split = study.parts_of(frame, plan)
    known = study.covariates_of(frame, 3)
    method = study.linear(frame, plan, split, known)
    values = frame["sold"].to_numpy()
    said = method(values[:110], 3)
    assert_close(said[3], values[110:113], within=0.5)


def test_baselines_are_those_that_the_season_allows():
    names = ["persistence", "seasonal naive", "drift", "ETS", "ARIMA"]
    plan = plan_for(table(), 3)
    assert [*study.baselines(plan)] == names
    methods = study.baselines(plan._replace(period=1))
    assert [*methods] == [n for n in names if n != "seasonal naive"]
    values = table()["sold"].to_numpy()
    for name, method in study.baselines(plan).items():
        said = np.asarray(method(values, 3))
        assert said.shape in {(3,), (len(study.LEVELS), 3)}, name


def test_a_comparison_has_a_row_a_series_and_method(monkeypatch):
    asked = []

    def persistence(values, horizon):
        asked.append(len(values))
        return np.full(horizon, values[-1])

    monkeypatch.setattr(
        study, "baselines", lambda plan: {"persistence": persistence}
    )
    frame = table(columns=("sold", "visits"))
    plan = tiny(frame)
    found = study.compare(frame, plan, [Flat(), Flat()], most=4)
    assert found.index.names == ["series", "method"]
    for column in ("sold", "visits"):
        assert [*found.loc[column].index] == [
            "persistence", "linear autoregression", "GRU",
        ]  # fmt: skip
        assert found.loc[column, "GRU"]["MASE"].seeds == 2
    assert asked == 2 * [96, 103, 110, 117]  # the first, the last, evenly
    values = frame["sold"].to_numpy()
    unit = np.abs(np.diff(values[: 120 - 48])).mean()
    by_hand = np.mean(
        [np.abs(values[t : t + 3] - values[t - 1]) for t in asked[:4]]
    )
    mase = found.loc["sold", "persistence"]["MASE"]
    assert_close(mase, by_hand / unit)
    rows = study.list_scores(found)
    assert [(r["series"], r["method"]) for r in rows] == [*found.index]
    assert rows[0]["MASE"] == mase
    assert rows[2]["MASE"] == found.loc["sold", "GRU"]["MASE"].mean
    alone = study.compare(frame, plan, [Flat()], most=4, among=[])
    assert [*alone.index] == [("sold", "GRU"), ("visits", "GRU")]


def test_training_never_reads_the_part_that_judges():
    frame = table()
    plan = tiny(frame)
    split = study.parts_of(frame, plan)
    spoilt = frame.copy()
    spoilt.iloc[split.test.start :] = 1e6
    weights = [
        torch.nn.utils.parameters_to_vector(
            study.train(one, plan, split, seed=1)[0].parameters()
        )
        for one in (frame, spoilt)
    ]
    assert torch.equal(*weights)
    other, _ = study.train(frame, plan, split, seed=2)
    assert not torch.equal(
        weights[0], torch.nn.utils.parameters_to_vector(other.parameters())
    )


def test_a_forecast_follows_the_table():
    frame = table(columns=("sold", "visits"))
    plan = tiny(frame)
    said = study.forecast_ahead(frame, plan, Flat())
    assert [*said] == ["sold", "visits"]
    assert [str(d.date()) for d in said["sold"].index] == [
        "2024-04-30", "2024-05-01", "2024-05-02",
    ]  # fmt: skip
    assert [*said["sold"].columns] == [f"{q:g}" for q in study.LEVELS]
    frame.index.freq = None
    ahead = study.forecast_ahead(frame, plan, Flat())["sold"]
    assert [*ahead.index] == [120, 121, 122]


def test_networks_come_back_with_their_plan(tmp_path):
    frame, path = table(), tmp_path / "a.safetensors"
    plan = tiny(frame)
    F = study.covariates_of(frame, 0).shape[1]
    modules = [study.build(plan, F, seed) for seed in (0, 1)]
    study.save(path, modules, plan, frame, {"seed": 0})
    back, same, about = study.load(path)
    assert (same, about["networks"], about["F"]) == (plan, 2, F)
    for one, other in zip(modules, back, strict=True):
        for name, w in one.state_dict().items():
            assert torch.equal(w, other.state_dict()[name])
    save_weights(path, modules[0], {"kind": "text"})
    with pytest.raises(Refused, match=r"a\.safetensors"):
        study.load(path)


def test_networks_of_a_version_without_the_line_are_read(tmp_path):
    frame, path = table(), tmp_path / "a.safetensors"
    plan = tiny(frame)
    F = study.covariates_of(frame, 0).shape[1]
    P = len(study.LEVELS)
    module = Direct(plan.cell, F, plan.units, plan.horizon, P)
    about = {
        "kind": "forecast",
        "plan": plan._asdict(),
        "F": F,
        "networks": 1,
    }
    save_weights(path, torch.nn.ModuleList([module]), about)
    (back,), _, _ = study.load(path)
    assert isinstance(back, Direct)
    assert torch.equal(back.readout.weight, module.readout.weight)


def test_a_table_for_a_terminal_shows_spreads_and_leaves_gaps():
    frame = pd.DataFrame(
        {"MASE": [1.23456, Score(0.5, 0.01, 3)], "inside": [np.nan, 0.9]},
        index=["drift", "GRU"],
    )
    lines = study.as_text(frame).splitlines()
    assert lines[1].split() == ["drift", "1.235"]
    assert lines[2].split() == ["GRU", "0.500", "±", "0.010", "0.900"]


@pytest.mark.parametrize("freq", ["D", None])
def test_a_figure_has_a_panel_a_series_and_says_what_came(freq):
    frame = table(columns=("sold", "visits"))
    frame.index.freq = freq
    plan = tiny(frame)
    before, came = frame.iloc[:-3], frame.iloc[-3:]
    before.index.freq = freq
    said = study.forecast_ahead(before, plan, Flat())
    figure = study.draw(before, said, 20, came)
    assert [ax.get_ylabel() for ax in figure.axes] == ["sold", "visits"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["seen", "median", "what came"]
    seen, median, dots = figure.axes[0].lines
    assert len(seen.get_xdata()) == 20
    assert len(median.get_xdata()) == len(dots.get_xdata()) == 3
    np.testing.assert_array_equal(dots.get_ydata(), came["sold"])
    import matplotlib.pyplot as plt

    plt.close(figure)
