"""A back-test as one page: what it says, and that it stands alone."""

from html.parser import HTMLParser

import pytest

pytest.importorskip("matplotlib")

from rnncore.apps.forecast.report import (
    compare_all,
    make_report,
    mean_scores,
)


def row(series, method, mase, inside=None):
    found = {"series": series, "method": method, "MASE": mase}
    return found | {"CRPS": mase, "inside 90%": inside}


SCORES = [
    row("a", "drift", 2.0),
    row("a", "ETS", 0.5, 0.8),
    row("a", "GRU", 1.0, 0.9),
    row("b<", "drift", 2.0),
    row("b<", "ETS", 1.5, 0.9),
    row("b<", "GRU", 1.0, 1.0),
]


class Page(HTMLParser):
    """The tags of a page that are open, and all it refers to."""

    def __init__(self, text):
        super().__init__()
        self.open, self.links, self.count = [], [], {}
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.count[tag] = self.count.get(tag, 0) + 1
        self.links += [
            value
            for name, value in attributes
            if name in ("src", "href", "xlink:href")
        ]


def test_means_are_over_series_the_best_first():
    means = mean_scores(SCORES, "MASE")
    assert means == {"ETS": 1.0, "GRU": 1.0, "drift": 2.0}
    assert [*means][-1] == "drift"


def test_each_baseline_is_told_with_the_series_it_loses():
    drift, ets = compare_all(SCORES, "GRU")
    assert "drift in 2 of 2 series" in drift
    assert "50% lower" in drift
    assert "ETS in 1 of 2 series" in ets
    assert "--no-baselines" in compare_all(SCORES[2:3], "GRU")[0]


def test_the_page_stands_alone_and_what_it_shows_is_escaped():
    import matplotlib.pyplot as plt

    figure = plt.figure()
    text = make_report("a&b.csv", ["<3"], SCORES, "GRU", figure)
    page = Page(text)
    assert page.count["svg"] == page.count["figure"] == 3
    assert page.count["tr"] == 7
    assert not [link for link in page.links if not link.startswith("#")]
    assert "a&amp;b.csv" in text
    assert "&lt;3" in text
    assert "<th>b&lt;</th>" in text
    assert "script" not in page.count
    with pytest.raises(ValueError, match="expected one of 'LSTM'"):
        make_report("a", [], SCORES, "LSTM", plt.figure())
    plt.close("all")
