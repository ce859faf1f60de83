"""A back-test as one page with pictures, which needs no other file."""

import io
from collections.abc import Mapping, Sequence
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Scores = Sequence[Mapping[str, Any]]  # as `list_scores` has them
MANY = 200  # rows of a table that are shown
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Forecasts of $name</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; color: #111; background: #fff;
  max-width: 52rem; margin: 0 auto; padding: 1rem; }
figure { margin: 1.5rem 0; }
figure svg { max-width: 100%; height: auto; }
figcaption, .note { color: #444; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { text-align: left; color: #444; padding-bottom: 0.5rem; }
th, td { padding: 0.2rem 0.8rem; border-bottom: 1px solid #bbb; }
td { text-align: right; font-variant-numeric: tabular-nums; }
th { text-align: left; }
</style>
</head>
<body>
<main>
<h1>Forecasts of $name</h1>
$about
<h2>What beats what</h2>
<ul>
$verdicts
</ul>
$ranking
<h2>The last forecast of the back-test, and what came</h2>
$forecast
<h2>How often the truth lay inside</h2>
$inside
<h2>All scores</h2>
$table
</main>
</body>
</html>
""")


def make_report(
    name: str, about: Sequence[str], scores: Scores, network: str, forecast: "Figure"
) -> str:
    """The page, as HTML: scores, baselines, intervals, a forecast.

    `name` is the table's, `about` are lines on model and test, `network`
    is the network's name among the methods. The figure is closed.

    Raises ValueError where the network has no score.
    """
    means = mean_scores(scores, "MASE")
    if network not in means:
        raise ValueError(f"scores: expected one of {network!r}, got {', '.join(means)}")
    covered = next((k for k in scores[0] if k.startswith("inside ")), "")
    inside = {
        method: value
        for method, value in mean_scores(scores, covered).items()
        if not np.isnan(value)
    }
    bars = _draw_bars(means, network, "MASE, lower is better", 1.0)
    share = float(covered.removeprefix("inside ").rstrip("%")) / 100
    what = f"share of values {covered}"
    return PAGE.substitute(
        name=escape(name),
        about="\n".join(f"<p>{escape(line)}</p>" for line in about),
        verdicts="\n".join(
            f"<li>{escape(line)}</li>" for line in compare_all(scores, network)
        ),
        ranking=_figure(
            bars,
            f"Mean MASE of {len(means)} methods. "
            + "; ".join(f"{m} {v:.3f}" for m, v in means.items()),
            "MASE over all series. At the line, 1, a method errs as much "
            "as the same value a season before did, before the test.",
        ),
        forecast=_figure(
            forecast,
            f"The end of the series of {name}, quantiles of the forecast, "
            "and the values that came.",
            "The method saw no value after the last one that is drawn as a line.",
        ),
        inside=_figure(
            _draw_bars(inside, network, what, share),
            "; ".join(f"{m} {v:.0%}" for m, v in inside.items()),
            f"Intervals that are right hold {share:.0%}, the line: fewer "
            "are too narrow, more too wide.",
        ),
        table=_table(scores),
    )


def mean_scores(scores: Scores, name: str) -> dict[str, float]:
    """The mean over series of one score, by method, best MASE first.

    NaN where a method has none.
    """
    by_method: dict[str, list[float]] = {}
    for row in scores:
        value = row.get(name)
        number = float("nan") if value is None else float(value)
        by_method.setdefault(str(row["method"]), []).append(number)
    means = {method: float(np.mean(v)) for method, v in by_method.items()}
    return dict(sorted(means.items(), key=lambda item: item[1]))


def compare_all(scores: Scores, network: str) -> list[str]:
    """In sentences, for each baseline: in how many series it is beaten."""
    mase: dict[str, dict[str, float]] = {}
    for row in scores:
        if row["MASE"] is not None:
            mase.setdefault(row["method"], {})[row["series"]] = row["MASE"]
    own = mase.pop(network)
    found = []
    for method, theirs in mase.items():
        both = own.keys() & theirs.keys()
        won = sum(own[name] < theirs[name] for name in both)
        ratio = np.mean([own[name] for name in both]) / np.mean(
            [theirs[name] for name in both]
        )
        how = "lower" if ratio < 1 else "higher"
        series = "series" if len(both) > 1 else "one series"
        of = (
            f"{won} of {len(both)} {series}"
            if len(both) > 1
            else ("the series" if won else "no series")
        )
        found.append(
            f"The network beats {method} in {of}; its mean MASE is "
            f"{abs(1 - ratio):.0%} {how}."
        )
    return found or ["No baseline was scored: leave out --no-baselines."]


def _draw_bars(
    values: Mapping[str, float], network: str, label: str, line: float
) -> "Figure":
    import matplotlib.pyplot as plt

    from rnncore.display import BLUE, GREY, use_style

    use_style()
    fig, ax = plt.subplots(figsize=(7.6, 0.6 + 0.34 * max(len(values), 1)))
    names = [*values][::-1]
    numbers = [values[name] for name in names]
    own = [name == network for name in names]
    ax.barh(
        names,
        numbers,
        color=[BLUE if mine else GREY for mine in own],
        hatch=["//" if mine else "" for mine in own],
    )
    for k, number in enumerate(numbers):
        ax.annotate(f" {number:.3g}", (number, k), va="center", clip_on=False)
    ax.axvline(line, color="#111111", ls=":")
    ax.set(xlabel=label)
    return fig


def _figure(figure: "Figure", alt: str, caption: str) -> str:
    """A picture within the page, as SVG."""
    import matplotlib.pyplot as plt

    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    plt.close(figure)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    return (
        f'<figure role="img" aria-label="{escape(alt)}">\n{svg}'
        f"<figcaption>{escape(caption)}</figcaption>\n</figure>"
    )


def _table(scores: Scores) -> str:
    names = [k for k in scores[0] if k not in ("series", "method")]
    head = "".join(
        f'<th scope="col">{escape(str(name))}</th>'
        for name in ["series", "method", *names]
    )
    rows = []
    for row in scores[:MANY]:
        cells = "".join(
            f"<td>{'' if row[k] is None else f'{row[k]:.3f}'}</td>" for k in names
        )
        rows.append(
            f"<tr><th>{escape(str(row['series']))}</th>"
            f'<th scope="row">{escape(str(row["method"]))}</th>{cells}</tr>'
        )
    more = len(scores) - MANY
    left = f" The first {MANY} rows of {len(scores)}." if more > 0 else ""
    return (
        '<div class="wide"><table><caption>Of a network, the mean of its '
        f"seeds.{left}</caption>\n<thead><tr>{head}</tr></thead>\n"
        f"<tbody>\n{chr(10).join(rows)}\n</tbody></table></div>"
    )
