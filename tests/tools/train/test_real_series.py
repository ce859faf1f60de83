"""The trainings on public series, on small made ones in the same form."""

import gzip

import numpy as np
import pytest

from tests.helpers.arrays import assert_close
from tests.helpers.public_sets import known_sets, sets_there  # noqa: F401 - fixtures

torch = pytest.importorskip("torch")

from rnncore.data.public.series import Prices, Turnover
from tools.train import runner, shares
from tools.train.ch11 import carparts, ett, exchange, m4, retail, sp500


def checked(module, monkeypatch, capsys, folder, names=()):
    """What a check of a training prints, a line a measurement."""
    monkeypatch.setenv("RNNCORE_DATA", str(folder))
    runner.main(module.TRAINING, [*names, "--check", "--steps", "2"])
    return dict(
        line.split(": ", 1)
        for line in capsys.readouterr().out.splitlines()
        if line.startswith("real.")
    )


def hours(rng, count, level=100.0):
    """A day that repeats, with noise."""
    day = np.sin(2 * np.pi * np.arange(count) / 24)
    return level * (2 + day + 0.1 * rng.normal(size=count))


def quoted(values):
    return ",".join(f'"{v:.3f}"' for v in values)


@pytest.fixture(name="many")
def made_m4(there, rng):
    series = [
        hours(rng, n + 48, 10.0**k) for k, n in enumerate((660, 670, 680))
    ]
    rows = {
        "train": [quoted(s[:-48]) + "," * k for k, s in enumerate(series)],
        "test": [quoted(s[-48:]) for s in series],
    }
    files = {
        f"Dataset/{part.title()}/{kind}-{part}.csv": "\n".join(
            ['"V1"', *(f'"H{k}",{row}' for k, row in enumerate(lines))]
        ).encode()
        for kind in ("Hourly", "Weekly")
        for part, lines in rows.items()
    }
    return there("m4", files)


def test_m4_is_trained_twice_and_judged_beside_its_baselines(
    many, monkeypatch, capsys
):
    still = m4.PLANS["line"]._replace(rate=1e-9)
    monkeypatch.setitem(m4.PLANS, "line", still)
    found = checked(m4, monkeypatch, capsys, many)
    assert float(found["real.m4.naive2.owa"]) == 1
    for name in ("network", "recurrent", "line", "day", "week", "theta"):
        assert 0 < float(found[f"real.m4.{name}.owa"]) < 10
        mase, spread = (
            float(found[f"real.m4.{name}.{score}"])
            for score in ("mase", "crps")
        )
        assert 0.5 * mase < spread < mase  # a number, and its own spread
        assert float(found[f"real.m4.{name}.msis"]) > 0
        assert 0.5 < float(found[f"real.m4.{name}.inside_95"]) <= 1
    day, line = (float(found[f"real.m4.{n}.owa"]) for n in ("day", "line"))
    assert_close(line, day, within=1e-3)  # with no rate, yesterday


def test_a_rate_of_m4_that_diverges_has_no_score(many, monkeypatch):
    monkeypatch.setenv("RNNCORE_DATA", str(many))
    before, _ = m4.read_parts()
    plan = m4.PLANS["line"]._replace(steps=2)
    assert m4.run_tuned("line", before, plan._replace(rate=1e6)) is None
    assert m4.run_tuned("line", before, plan._replace(rate=1e-9)) > 0


@pytest.fixture(name="transformers")
def made_ett(there, rng, monkeypatch):
    columns = np.stack(
        [hours(rng, 14_400, 1 + c) for c in range(7)], axis=1
    )
    lines = ["date,HUFL,HULL,MUFL,MULL,LUFL,LULL,OT"]
    lines += [
        "2016-07-01 00:00:00," + ",".join(f"{v:.3f}" for v in r)
        for r in columns
    ]
    content = "\n".join(lines).encode()
    names = "ETT-small/ETTh1.csv", "ETT-small/ETTh2.csv"
    monkeypatch.setattr(ett, "HORIZONS", (24,))
    monkeypatch.setattr(ett, "PASTS", (48,))
    ett.read_table.cache_clear()
    yield there("ett", {**dict.fromkeys(names, content), "LICENSE": b"x"})
    ett.read_table.cache_clear()


def test_ett_has_the_network_and_the_line_beside_the_last_day(
    transformers, monkeypatch, capsys
):
    names = ["ETTh1-one", "baselines"]
    found = checked(ett, monkeypatch, capsys, transformers, names)
    key = "real.ett.ETTh1-one.24"
    line, day, hour = (
        float(found[f"{key}.{kind}.mse"])
        for kind in ("line", "day", "hour")
    )
    assert line < day < hour  # of a day with noise
    assert float(found[f"{key}.mse"]) > 0
    for name in ("", ".line", ".day", ".hour"):
        score, off, inside = (
            float(found[f"{key}{name}.{kind}"])
            for kind in ("crps", "mae", "inside_90")
        )
        assert score < off
        assert 0.85 < inside < 0.95  # all hours are alike
    t = ett.read_table("ETTh1", "one")
    assert_close(t.values[:8640].mean(), 0, within=1e-5)
    test = ett.cut_windows(t, "test", 336, 24)
    assert test.target.shape == (24, 2880 - 24 + 1)  # no window is left out
    assert_close(test.target[:, -1], t.values[-24:, 0])


def test_the_line_of_ett_is_that_of_least_squares(
    transformers, monkeypatch, rng
):
    monkeypatch.setenv("RNNCORE_DATA", str(transformers))
    monkeypatch.setattr(ett, "PENALTIES", np.array([1e-6]))
    t = ett.read_table("ETTh2", "one")
    solved = ett.solve(t, 2)
    w = ett.cut_windows(t, "train", 48, 2)
    x, last = ett.split_seen(w)
    expected = np.linalg.lstsq(
        x.astype(float), (w.target - last).T, rcond=None
    )[0]
    assert_close(x @ solved.w, x @ expected, within=1e-2)


def test_a_walk_at_random_is_best_forecast_by_where_it_is(
    there, rng, monkeypatch, capsys
):
    walk = 1 + 0.001 * rng.normal(size=(1000, 8)).cumsum(0)
    rows = "\n".join(",".join(f"{v:.6f}" for v in row) for row in walk)
    path = "exchange_rate/exchange_rate.txt.gz"
    folder = there("exchange_rate", {path: gzip.compress(rows.encode())})
    found = checked(exchange, monkeypatch, capsys, folder)
    for ahead in exchange.HORIZONS:
        key = f"real.exchange.{ahead}"
        assert float(found[f"{key}.last.rse"]) > 0
        assert 0.7 < float(found[f"{key}.last.inside_90"]) < 1
        assert 0 < float(found[f"{key}.crps"]) < 2  # percent
        assert float(found[f"{key}.last.rse"]) < float(
            found[f"{key}.mean.rse"]
        )
    test = walk[800:]
    by_hand = np.sqrt(((test - walk[797:-3]) ** 2).sum())
    by_hand /= np.sqrt(((test - test.mean()) ** 2).sum())
    last = float(found["real.exchange.3.last.rse"])
    assert_close(last, by_hand, within=1e-4)


def test_car_parts_are_scored_beside_simple_methods(
    there, rng, monkeypatch, capsys
):
    months = [f"{1998 + k // 12}-{k % 12 + 1:02}-01" for k in range(51)]
    sold = rng.poisson(rng.exponential(0.7, 30), (51, 30))
    rows = [
        f"{month},{part},{sold[k, part]}"
        for part in range(30)
        for k, month in enumerate(months)
    ]
    text = "\n".join(["month,part,sold", *rows])
    folder = there("carparts", {"carparts.csv": text.encode()})
    carparts.read_parts.cache_clear()
    found = checked(carparts, monkeypatch, capsys, folder)
    carparts.read_parts.cache_clear()
    silent = float(found["real.carparts.zeros"])
    assert silent == round((sold[-8:] == 0).mean(), 4)
    assert "'bias': -1.0," in found["real.carparts.always 0"]


def made_turnover(rng):
    """Four series of months that grow in percent; the last one ends."""
    months = np.arange("2007-01", "2019-01", dtype="datetime64[M]")
    t = np.arange(len(months))[:, None]
    season = 0.2 * np.sin(2 * np.pi * t / 12)
    noise = 0.02 * rng.normal(size=(len(t), 4))
    values = np.exp(4 + 0.004 * t + season + noise).round(1)
    values[40:, 3] = np.nan
    names = [f"A{k}" for k in range(4)]
    kinds = ["Shoes", "Food", "Food", "Shoes"]
    return Turnover(months, names, kinds, values)


def test_networks_see_what_stood_before_a_year(rng):
    table = made_turnover(rng)
    frame, known = retail.read_before(table, 2018)
    assert frame.shape == (132, 4)
    assert str(frame.index[-1])[:10] == "2017-12-01"
    assert np.array_equal(frame, table.values[:132], equal_nan=True)
    never = table._replace(values=table.values.copy())
    never.values[:, 3] = np.nan
    assert [*retail.read_before(never, 2018)[0]] == ["A0", "A1", "A2"]
    assert known.names == ["A0", "A1", "A2"]
    assert known.industries == ["Shoes", "Food", "Food"]
    assert_close(known.came, table.values[132:, :3])
    before = table.values[:132, 0]
    assert_close(known.unit[0], np.abs(before[12:] - before[:-12]).mean())


def test_industries_are_drawn_whole_for_their_interval(rng):
    apart = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
    found = retail.find_intervals(apart, ["Shoes"] * 3 + ["Food"] * 3)
    assert found["industries"] == [-1, 1]
    assert -1 < found["series"][0] < 0 < found["series"][1] < 1
    same = retail.find_intervals(np.full(4, 0.5), ["Shoes", "Food"] * 2)
    assert same == {"series": [0.5, 0.5], "industries": [0.5, 0.5]}


@pytest.mark.slow
def test_retail_is_forecast_and_scored_beside_its_parts(
    there, rng, monkeypatch, capsys
):
    table = made_turnover(rng)
    rows = ["Month,State,Industry,Series ID,Turnover"]
    rows += [
        f"{month}-01,Victoria,{kind},{name},{table.values[t, k]}"
        for k, (name, kind) in enumerate(
            zip(table.names, table.industries, strict=True)
        )
        for t, month in enumerate(table.months)
        if not np.isnan(table.values[t, k])
    ]
    content = "\n".join(rows).encode()
    folder = there("aus_retail", {"aus_retail.csv": content})
    found = checked(retail, monkeypatch, capsys, folder, ["2018"])
    assert found["real.retail.2018.scale"] in ("levels", "season")
    for name in retail.OURS, retail.PART, *retail.RIVALS:
        assert "'mase': " in found[f"real.retail.2018.{name}"]


def made_prices(rng):
    """Twelve shares, one with a split, over five years of weekdays."""
    days = np.arange("2015-01-12", "2020-01-11", dtype="datetime64[D]")
    days = days[np.is_busday(days)]
    names = ["NFLX", "DHR", "COL", "BHF", *"ABCDEFGH"]
    market = 0.005 * rng.normal(size=(len(days), 1))
    moves = market + 0.01 * rng.standard_t(5, (len(days), len(names)))
    close = 50 * np.exp(np.cumsum(moves, axis=0))
    volume = np.exp(14 + 0.3 * rng.normal(size=close.shape))
    return Prices(days, names, close, 0.9 * close, volume)


def test_parts_of_shares_never_share_a_target(rng):
    panel = shares.make_panel(shares.repair(made_prices(rng)))
    assert "COL" not in panel.names
    ends = {}
    for part in ("train", "validation", "test"):
        at = np.flatnonzero(getattr(panel, part).any(axis=1))
        ends[part] = at[0], at[-1]
    assert ends["train"][1] + shares.WEEK < panel.starts[0]
    assert ends["validation"][0] >= panel.starts[0] - 1
    assert ends["validation"][1] + shares.WEEK < panel.starts[1]
    assert ends["test"][0] >= panel.starts[1] - 1
    t, k = ends["test"][0], 0
    assert_close(panel.next_day[t, k], panel.changes[t + 1, k])
    later = panel.changes[t + 1 : t + 6, k] ** 2
    assert_close(panel.size[t, k], np.log(later.mean()))


def test_what_is_read_of_a_share_does_not_know_the_next_day(rng):
    prices = shares.repair(made_prices(rng))
    panel, t = shares.make_panel(prices), 900
    before = shares.describe_sizes(panel)
    close = prices.close.copy()
    close[t + 2 :] *= 1.5  # changes of steps t + 1 and later
    other = shares.make_panel(
        prices._replace(close=close, adjusted=0.9 * close)
    )
    after = shares.describe_sizes(other)
    for name in "har", "market":
        assert_close(after[name][:t], before[name][:t])
    usual = before["ideas"].shape[-1] - 1  # fitted before the test alone
    assert_close(
        after["ideas"][:t, :, :usual], before["ideas"][:t, :, :usual]
    )


def test_a_rule_that_knows_tomorrow_gains_and_pays_for_its_trades(rng):
    panel = shares.make_panel(shares.repair(made_prices(rng)))
    gains, traded = shares.trade(panel, panel.next_day, panel.test)
    assert (gains > 0).mean() > 0.9
    assert_close(traded[0], 2.0)
    same = np.zeros_like(panel.changes) + np.arange(len(panel.names))
    held, still = shares.trade(panel, same, panel.test)
    assert np.abs(still[1:]).max() < 1e-12
    assert abs(held.mean()) < gains.mean() / 5


def test_an_adjustment_that_is_done_twice_is_taken_back(rng):
    prices = made_prices(rng)
    adjusted = prices.adjusted.copy()
    adjusted[:500, 0] *= 0.7
    found = shares.find_changes(prices._replace(adjusted=adjusted))
    assert_close(found, np.diff(np.log(prices.close), axis=0), terms=100)


def test_a_split_is_found_by_its_change(rng):
    changes = 0.01 * rng.normal(size=200)
    changes[50], changes[90] = -np.log(7), 0.5
    assert sp500.find_large(changes) == [[50, -1.9459, 7], [90, 0.5, 0]]


@pytest.mark.slow
def test_shares_are_asked_where_what_for_and_how_far(
    there, rng, monkeypatch, capsys
):
    prices = made_prices(rng)
    rows = ["date,symbol,close,adjusted,volume"]
    rows += [
        f"{day},{name},{prices.close[t, k]:.6f},{prices.adjusted[t, k]:.6f},"
        f"{prices.volume[t, k]:.0f}"
        for k, name in enumerate(prices.names)
        for t, day in enumerate(prices.days)
    ]
    folder = there("sp500", {"sp500.csv": "\n".join(rows).encode()})
    sp500.read_panel.cache_clear()
    found = checked(sp500, monkeypatch, capsys, folder)
    sp500.read_panel.cache_clear()
    assert found["real.sp500.chosen"] in ("[0]", "[2]")
    for name in (
        "course",
        "returns.ridge",
        "money.held",
        "rules",
        "size.GRU",
    ):
        assert f"real.sp500.{name}" in found
    assert found["real.sp500.split.found"].count("7]") == 1
    for name in "last 250 days", "EWMA, past residuals", "GARCH", "GRU":
        assert f"real.sp500.law.{name}" in found
