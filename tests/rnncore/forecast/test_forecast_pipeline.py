"""A table from end to end: its plan, its parts, its methods, its figure."""

import numpy as np
import pandas as pd
import pytest

from tests.helpers.arrays import assert_close

torch = pytest.importorskip("torch")

from rnncore.application import Refused, Score
from rnncore.apps.forecast import contest, entrants, pipeline, scales
from rnncore.apps.forecast.ahead import forecast_ahead
from rnncore.apps.forecast.storage import load_forecaster, save_forecaster
from rnncore.forecast.plan import (
    NINE,
    ForecastPlan,
    parts_of,
    plan_for,
    read_seasons,
)
from rnncore.forecast.rivals import Rival, list_rivals
from rnncore.forecast.seasons import season_of, season_waves, two_seasons
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
        size = len(NINE)
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
    found = contest.compare(frame, plan, []).table
    naive = found.loc[("sold", "seasonal naive")]
    assert (plan.period, plan.history) == (12, 6)
    assert_close(naive["MASE"], 0)


def test_a_table_too_short_for_its_plan_is_refused():
    plan_for(table(14 + 5 * 3), 3, history=14)
    assert plan_for(table(51), 8).history == 11  # five horizons are left
    with pytest.raises(Refused, match=r"28 rows: .* least 29: a .*horizon"):
        plan_for(table(28), 3, history=14)
    with pytest.raises(Refused, match="expected at least 1, got 0, 7"):
        plan_for(table(), 0)
    with pytest.raises(Refused, match="history: expected at least 2"):
        plan_for(table(), 3, history=1)


def test_the_last_fifth_is_judged_on_and_a_fifth_before_it_stops():
    split = parts_of(table(100), plan_for(table(100), 3))
    assert [*split.training, *split.validation, *split.test] == [
        *range(100)
    ]
    assert len(split.validation) == len(split.test) == 20


def test_windows_forecast_steps_of_their_part_alone():
    frame = table()
    frame["sold"] = np.arange(120.0)
    plan = tiny(frame, history=5)
    split = parts_of(frame, plan)
    for part in split:
        windows = pipeline.windows_of(frame, plan, part)
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
    longer = pipeline.covariates_of(table(64), 0)
    np.testing.assert_array_equal(pipeline.covariates_of(frame, 4), longer)


def test_a_network_answers_in_the_series_own_units():
    frame = table()
    plan = tiny(frame)
    known = pipeline.covariates_of(frame, 3, plan=plan)
    method = pipeline.network(Flat(), plan, known)
    values = frame["sold"].to_numpy()
    said = method(values[:100], 3)
    assert said.shape == (len(NINE), 3)
    mean = values[100 - plan.history : 100].mean()
    assert_close(said, np.full(said.shape, mean), computed_in="float32")
    with pytest.raises(ValueError, match="horizon: expected 3, got 4"):
        method(values[:100], 4)


def test_a_network_s_forecast_depends_on_its_history_and_on_no_later_row():
    frame = table()
    plan = tiny(frame)
    known = pipeline.covariates_of(frame, 3, plan=plan)
    module = pipeline.build(plan, known.shape[1], 0).double()
    method = pipeline.network(module, plan, known)
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
    split = parts_of(frame, plan)
    known = pipeline.covariates_of(frame, 3, plan=plan)
    method = pipeline.linear(frame, plan, split)(known)
    values = frame["sold"].to_numpy()
    said = method(values[:110], 3)
    assert_close(said[4], values[110:113], within=0.5)


def test_rivals_are_those_that_the_season_allows():
    names = ["persistence", "seasonal naive", "drift", "level x season"]
    names += ["theta", "ETS", "ARIMA"]
    plan = plan_for(table(), 3)
    assert [*list_rivals(plan, True)] == names
    alone = list_rivals(plan._replace(period=1), True)
    assert [*alone] == [n for n in names if "season" not in n]
    values = table()["sold"].to_numpy()
    for name, rival in list_rivals(plan, True).items():
        said = rival.fit(values[:100])(values, 3)
        assert said.shape == (len(NINE), 3), name
        assert np.all(np.diff(said, axis=0) >= 0), name
        assert np.all(said[-1] > said[0]), name  # all have a spread


def test_a_comparison_has_a_row_a_series_and_method(monkeypatch):
    asked = []

    def fit(history):
        def method(values, horizon):
            asked.append((len(history), len(values)))
            return np.full((len(NINE), horizon), values[-1])

        return method

    for module in contest, entrants:
        monkeypatch.setattr(
            module,
            "list_rivals",
            lambda *_: {"persistence": Rival(fit, 1)},
        )
    frame = table(columns=("sold", "visits"))
    plan = tiny(frame)
    networks = [Flat(), Flat()]
    found, errors, losses = contest.compare(frame, plan, networks, most=4)
    assert found.index.names == ["series", "method"]
    for column in ("sold", "visits"):
        assert [*found.loc[column].index] == [
            "persistence", "linear autoregression", "GRU", "GRU, their mean",
        ]  # fmt: skip
        assert found.loc[column, "GRU"]["MASE"].seeds == 2
    # the first, the last, evenly; fitted to what stands before the test
    assert asked == 2 * [(96, t) for t in (96, 103, 110, 117)]
    values = frame["sold"].to_numpy()
    unit = np.abs(values[7:96] - values[:89]).mean()
    by_hand = np.mean(
        [np.abs(values[t : t + 3] - values[t - 1]) for _, t in asked[:4]]
    )
    row = found.loc["sold", "persistence"]
    assert_close(row["MASE"], by_hand / unit)
    assert_close(row["CRPS"], row["MASE"])  # one number at all levels
    rows = contest.list_scores(found)
    assert [(r["series"], r["method"]) for r in rows] == [*found.index]
    assert rows[0]["MASE"] == row["MASE"]
    assert rows[2]["MASE"] == found.loc["sold", "GRU"]["MASE"].mean
    assert errors["persistence"].shape == (2, 4)
    assert_close(errors["persistence"][0].mean(), row["MASE"])
    assert_close(losses["persistence"][0].mean(), row["CRPS"])
    alone = contest.compare(frame, plan, [Flat()], most=4, among=[])
    assert [*alone.table.index] == [("sold", "GRU"), ("visits", "GRU")]
    assert [*alone.errors] == ["GRU"]


class Constant(torch.nn.Module):
    """Says one number, at every quantile."""

    def __init__(self, value):
        super().__init__()
        self.value = torch.nn.Parameter(torch.tensor(float(value)))

    def forward(self, past, known):
        K, B = known.shape[:2]
        return self.value + torch.zeros(K, B, len(NINE))


def test_what_is_scored_is_the_mean_of_the_networks():
    """Of two that err to either side it may be better than both."""
    frame = table()
    frame["sold"] = np.arange(len(frame)) % 2.0  # 0, 1, 0, 1: mean 1/2
    plan = tiny(frame)
    networks = [Constant(3.0), Constant(-3.0)]
    found, errors, _ = contest.compare(frame, plan, networks, among=[])
    mean = found.loc["sold", "GRU, their mean"]["MASE"]
    each = found.loc["sold", "GRU"]["MASE"]
    assert mean < each.mean
    assert_close(errors["GRU, their mean"].mean(), mean)
    one = contest.compare(frame, plan, networks[:1], among=[])
    assert_close(one.errors["GRU"].mean(), one.table["MASE"].iloc[0].mean)


def test_by_default_origins_share_no_step_and_are_at_most_150():
    frame = table(2000)
    plan = plan_for(frame, 5)
    starts = contest.origins_of(frame, plan)
    assert len(starts) == 400 // 5  # of the last fifth
    assert min(np.diff(starts)) >= 4  # the first and the last are in it
    assert len(contest.origins_of(frame, plan_for(frame, 2))) == 150
    assert contest.overlap(frame, plan) <= 2  # the last begins a step early
    assert contest.overlap(frame, plan, 1) == 1
    assert contest.overlap(frame, plan, 396) == 5
    assert len(contest.origins_of(frame, plan, 7)) == 7
    many = pd.concat([frame] * 5, axis=1)
    assert len(contest.origins_of(many, plan)) == 30
    many = pd.concat([frame] * 10, axis=1)
    assert len(contest.origins_of(many, plan)) == 20


def test_differences_by_origin_weigh_every_series_the_same():
    nan = np.nan
    ours = np.array([[1.0, 2.0, 3.0, 4.0], [nan, nan, 8.0, 6.0]])
    theirs = np.array([[1.0, 1.0, 1.0, 1.0], [nan, nan, 1.0, 1.0]])
    apart = contest.differences(ours, theirs)
    assert_close(apart.mean(), (1.5 + 6.0) / 2)
    assert_close(apart[0], 0.0)


def test_before_training_the_loss_is_that_of_the_first_weights():
    frame = table()
    plan = tiny(frame)
    split = parts_of(frame, plan)
    begun = pipeline.untrained_loss(frame, plan, split, seed=1)
    few = plan._replace(steps=1, rate=1e-12)
    _, fit = pipeline.train(frame, few, split, seed=1, evaluate_every=1)
    assert_close(fit.history.score[0], begun, computed_in="float32")


def test_training_never_reads_the_part_that_judges():
    frame = table()
    plan = tiny(frame)
    split = parts_of(frame, plan)
    spoilt = frame.copy()
    spoilt.iloc[split.test.start :] = 1e6
    weights = [
        torch.nn.utils.parameters_to_vector(
            pipeline.train(one, plan, split, seed=1)[0].parameters()
        )
        for one in (frame, spoilt)
    ]
    assert torch.equal(*weights)
    other, _ = pipeline.train(frame, plan, split, seed=2)
    assert not torch.equal(
        weights[0], torch.nn.utils.parameters_to_vector(other.parameters())
    )


def test_a_forecast_follows_the_table():
    frame = table(columns=("sold", "visits"))
    plan = tiny(frame)
    said = forecast_ahead(frame, plan, "GRU", [Flat()])[0]
    assert [*said] == ["sold", "visits"]
    assert [str(d.date()) for d in said["sold"].index] == [
        "2024-04-30", "2024-05-01", "2024-05-02",
    ]  # fmt: skip
    assert [*said["sold"].columns] == [f"{q:g}" for q in NINE]


def test_networks_come_back_with_their_plan(tmp_path):
    frame, path = table(), tmp_path / "a.safetensors"
    plan = tiny(frame)
    F = pipeline.covariates_of(frame, 0).shape[1]
    modules = [pipeline.build(plan, F, seed) for seed in (0, 1)]
    read = {"step": "1 day", "known": [], "series": ["sold"], "rows": 120}
    read |= {"units": None, "form": {"date": "day", "value": ["sold"]}}
    save_forecaster(path, modules, plan, {"seed": 0} | read)
    back, same, about = load_forecaster(path)
    assert (same, about["networks"], about["F"]) == (plan, 2, F)
    for one, other in zip(modules, back, strict=True):
        for name, w in one.state_dict().items():
            assert torch.equal(w, other.state_dict()[name])
    save_weights(path, modules[0], {"kind": "text"})
    with pytest.raises(Refused, match=r"a\.safetensors"):
        load_forecaster(path)


def test_a_table_for_a_terminal_shows_spreads_and_leaves_gaps():
    frame = pd.DataFrame(
        {"MASE": [1.23456, Score(0.5, 0.01, 3)], "inside": [np.nan, 0.9]},
        index=["drift", "GRU"],
    )
    lines = contest.as_text(frame).splitlines()
    assert lines[1].split() == ["drift", "1.235"]
    assert lines[2].split() == ["GRU", "0.500", "±", "0.010", "0.900"]


def test_a_figure_has_a_panel_a_series_and_says_what_came():
    frame = table(columns=("sold", "visits"))
    plan = tiny(frame)
    before, came = frame.iloc[:-3], frame.iloc[-3:]
    said = forecast_ahead(before, plan, "GRU", [Flat()])[0]
    figure = pipeline.draw(before, said, 20, came)
    assert [ax.get_ylabel() for ax in figure.axes] == ["sold", "visits"]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels[:3] == ["seen", "median", "what came"]
    seen, median, dots = figure.axes[0].lines
    assert len(seen.get_xdata()) == 20
    assert len(median.get_xdata()) == len(dots.get_xdata()) == 3
    figure.canvas.draw()  # the month stands once, below all
    corners = [ax.xaxis.get_offset_text().get_text() for ax in figure.axes]
    assert corners[0] == "" != corners[1]
    np.testing.assert_array_equal(dots.get_ydata(), came["sold"])
    import matplotlib.pyplot as plt

    plt.close(figure)


def test_a_day_and_a_week_are_two_seasons():
    hours = table(24 * 7 * 4, "h")
    plan = plan_for(hours, 3)
    assert (plan.period, plan.longer) == (24, 168)
    assert plan_for(hours.iloc[: 24 * 14], 3).longer == 1
    assert plan_for(hours, 3, period=24).longer == 1
    names = [*list_rivals(plan, True)]
    assert [names[1], names[2], names[-3]] == [
        "seasonal naive", "seasonal naive, 168", "both seasons and ETS",
    ]  # fmt: skip
    F = pipeline.covariates_of(hours, 3).shape[1]
    assert pipeline.covariates_of(hours, 3, 168).shape == (
        24 * 28 + 3,
        F + 4,
    )


def test_two_seasons_go_on_as_they_were():
    t = np.arange(24 * 7 * 4)
    values = 5 * np.sin(2 * np.pi * t / 24) + 3 * (t // 24 % 7 == 6)
    said = two_seasons(values[:-12], 12, (24, 168))
    assert np.abs(said - values[-12:]).max() < 0.5
    assert two_seasons(values, 3, (24, 168), [0.1, 0.9]).shape == (2, 3)
    with pytest.raises(ValueError, match="expected 336"):
        two_seasons(values[:300], 3, (24, 168))


@pytest.mark.parametrize(
    ("freq", "words", "expected"),
    [
        ("D", ["week", "year"], (7, 365)),
        ("h", ["week", "day"], (24, 168)),
        ("W", ["year"], (52, 1)),
        ("MS", ["year"], (12, 1)),
        ("B", ["week"], (5, 1)),
        ("D", ["30"], (30, 1)),
    ],
)
def test_seasons_are_given_by_words_or_steps(freq, words, expected):
    found = read_seasons(table(1000, freq), words)
    assert (found["period"], found["longer"]) == expected


@pytest.mark.parametrize(
    ("freq", "words", "message"),
    [
        ("D", ["day"], "--period day: expected two steps in it"),
        ("MS", ["week"], "--period week: expected two steps in it"),
        ("D", ["moon"], "expected a number of steps, day, week, year"),
        ("D", ["7", "week"], "expected one or two different seasons"),
        ("D", ["2", "3", "4"], "expected one or two different seasons"),
    ],
)
def test_what_is_no_season_of_the_table_is_refused(freq, words, message):
    with pytest.raises(Refused, match=message):
        read_seasons(table(200, freq), words)


def test_waves_have_the_same_phase_wherever_a_table_begins():
    index = table(100).index
    assert_close(season_waves(index, 30)[40:], season_waves(index[40:], 30))


def test_what_is_known_ahead_is_read_and_has_to_reach_so_far():
    frame = table()
    plan = tiny(frame)
    rows = np.arange(len(frame) + 3.0)[:, None] % 5
    windows = pipeline.windows_of(
        frame, plan, range(60, 90), {"sold": rows}
    )
    first = windows.known[:, 0, -1]
    assert_close(first, rows[60:63, 0])
    short = {"sold": rows[:-3]}
    with pytest.raises(Refused, match=r"sold: .* 3 steps ahead, got 0"):
        forecast_ahead(frame, plan, "GRU", [Flat()], short)


def test_differences_of_a_season_are_undone(rng):
    values = rng.normal(size=60)
    plan = ForecastPlan(3, 6, 4, scale="season")
    other = values.copy()
    other[30:] += 3  # what comes is not known
    told, same = (
        scales.tell_windows(v, np.array([30]), plan, np.empty((60, 0)))
        for v in (values, other)
    )
    assert_close(told.undo(told.windows.target)[:, 0], values[30:33])
    assert_close(told.base[:, 0], values[26:29])
    assert_close(told.windows.past, same.windows.past)


def test_a_covariate_that_tells_all_makes_the_linear_one_right():
    frame = table()
    rng = np.random.default_rng(3)
    told = rng.normal(size=(123, 1))
    frame["sold"] = 10 * told[:120, 0]
    plan = tiny(frame)
    known = {"sold": told}
    split = parts_of(frame, plan)
    matrix = pipeline.covariates_of(frame, 3, 1, known, "sold", plan)
    method = pipeline.linear(frame, plan, split, known)(matrix)
    values = frame["sold"].to_numpy()
    errors = np.abs(method(values[:110], 3)[4] - values[110:113])
    assert errors.max() < np.abs(values).mean()


def test_a_series_that_begins_later_is_read_from_its_beginning():
    frame = table(columns=("sold", "visits", "new"))
    frame.loc[frame.index[:70], "visits"] = np.nan
    frame.loc[frame.index[:117], "new"] = np.nan
    plan = tiny(frame)
    part = parts_of(frame, plan).training
    alone = pipeline.windows_of(frame[["sold"]], plan, part)
    both = pipeline.windows_of(frame, plan, part)
    assert np.isfinite(both.past).all()
    assert both.target.shape == alone.target.shape  # begins after it
    assert contest.scored(frame, plan) == ["sold", "visits"]
    said, left = forecast_ahead(frame, plan, "GRU", [Flat()])
    assert [*said] == ["sold", "visits"]
    assert left == {"new": "GRU cannot be fitted to 3 rows"}
    with pytest.raises(
        Refused, match="new: GRU cannot be fitted to 3 rows"
    ):
        forecast_ahead(frame[["new"]], plan, "GRU", [Flat()])


def growing(rows=150, series=3):
    """Months that grow by shares that last, with a season in percent."""
    rng = np.random.default_rng(0)
    index = pd.date_range("2001-01-01", periods=rows, freq="MS")
    index.name = "month"
    t = np.arange(rows)
    season = 0.3 * np.sin(2 * np.pi * t / 12)
    found = {}
    for k in range(series):
        level = np.cumsum(0.01 + 0.01 * rng.normal(size=rows))
        noise = 0.01 * rng.normal(size=rows)
        found[f"s{k}"] = np.exp(3 + k + level + season + noise)
    return pd.DataFrame(found, index=index)


def test_the_days_of_a_month_are_known_only_to_who_asks():
    frame = growing(series=1)
    plan = plan_for(frame, 6)
    bare = pipeline.covariates_of(frame, 3)
    more = pipeline.covariates_of(frame, 3, plan=plan)
    assert more.shape[1] == bare.shape[1] + 8
    assert not plan_for(table(60), 3).trading
    assert not plan_for(table(60, "2h"), 3).trading  # twelve a day


def test_networks_of_all_rows_see_the_last_ones():
    frame = table()
    plan = tiny(frame)
    spoilt = frame.copy()
    spoilt.iloc[-4:] += 50
    one, other = (
        torch.nn.utils.parameters_to_vector(
            pipeline.refit(f, plan, 4, seed=1).parameters()
        )
        for f in (frame, spoilt)
    )
    assert not torch.equal(one, other)


@pytest.mark.parametrize(("rows", "known"), [(300, False), (700, True)])
def test_the_time_of_the_year_is_known_only_if_training_has_one(
    rows, known
):
    frame = table(rows)
    plan = plan_for(frame, 3)
    assert plan.year is known
    given = pipeline.covariates_of(frame, 3, plan=plan).shape[1]
    assert given == 7 + 4 * known  # weekdays, and two waves of a year
    assert plan_for(table(20, "YS"), 1).year  # of which nothing is left


def rising(rows=400, series=3):
    """Weekdays that rise week by week, at a rate that turns slowly."""
    rng = np.random.default_rng(0)
    week = np.arange(rows)[:, None] // 7
    turn = week / 6 + 6 * rng.random(series)
    values = (
        60
        + 30 * np.sin(turn)
        + 20 * rng.random((7, series))[np.arange(rows) % 7]
    )
    values += 0.1 * rng.normal(size=values.shape)
    index = pd.date_range("2022-01-03", periods=rows, freq="D", name="day")
    return pd.DataFrame(values, index, [f"s{k}" for k in range(series)])


def test_differences_of_a_season_are_learnt_where_a_line_likes_them():
    """Where changes last; not of a season that stays, under noise."""
    for frame, expected in (
        (rising(), True),
        (table(300, columns=("a", "b")), False),
    ):
        plan = plan_for(frame, 7, history=7, logs=False)
        assert pipeline.prefer_season(frame, plan) == expected
    assert not pipeline.prefer_season(rising(), plan._replace(horizon=8))


def test_the_scale_is_chosen_without_the_rows_that_judge():
    frame = rising()
    plan = plan_for(frame, 7, logs=False)
    split = parts_of(frame, plan)
    spoilt = frame.copy()
    spoilt.iloc[split.test.start :] *= 100
    one, two = (
        pipeline._judge_line(f, plan, split, None) for f in (frame, spoilt)
    )
    assert one == two
    spoilt.iloc[split.test.start - 1] *= 100
    assert pipeline._judge_line(spoilt, plan, split, None) != one


def test_lines_that_choose_a_scale_know_all_that_stands_before():
    """From a step on the series wags twice as often: late lines know."""
    rng = np.random.default_rng(0)
    t = np.arange(350)
    signs = np.where(t < 150, 1, -1)[:, None] ** (t[:, None] // 7)
    values = 50 + signs * 5 + 0.1 * rng.normal(size=(350, 2))
    index = pd.date_range("2022-01-03", periods=350, freq="D", name="day")
    frame = pd.DataFrame(values, index, ["a", "b"])
    plan = plan_for(frame, 7, logs=False)
    errors = [
        np.mean(pipeline._errors_at(frame, plan, stop, 1.0, None))
        for stop in (154, 280)
    ]
    assert errors[1] < errors[0] / 3
