"""A training of `tools.train`, on a small made set."""

from tools import measurements
from tools.train import runner


def check(training, folder, monkeypatch, capsys, *names):
    """What a training with few steps reports, by key."""
    monkeypatch.setenv("RNNCORE_DATA", str(folder))
    runner.main(training, ["--check", "--steps", "2", *names])
    found = {}
    for line in capsys.readouterr().out.splitlines():
        key, colon, value = line.partition(": ")
        if colon and key.startswith("real."):
            found[key] = value
    pages = {"ch15_speech", "ch16_video"}
    assert {measurements.find_page(key) for key in found} <= pages
    return found
