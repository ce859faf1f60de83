"""What the bench measures on a GPU, tried with a CPU in its place."""

import contextlib
import json
from functools import partial
from types import SimpleNamespace

import pytest
import torch

from rnncore.backend import named_leaves
from tests.helpers.arrays import assert_close
from tools.bench import cuda as bench_cuda
from tools.bench.cuda import Machine, Sizes, compute_shares, spans_of

SMALL = Sizes(
    T=8,
    D=3,
    H=4,
    wide=5,
    traced=(1, 2),
    batches=(1, 2),
    graphs=(1, 2),
    square=8,
    repeats=1,
)


def recorded(run):
    """As a graph: a replay fills the arrays of the first run."""
    results = run()

    def replay():
        pairs = zip(named_leaves(results), named_leaves(run()), strict=True)
        for (_, old), (_, new) in pairs:
            old.copy_(new)

    return replay, results


def cpu_spans(run):
    with torch.profiler.profile() as profile:
        run()
    return spans_of(profile.events(), "CPU")


STAND_IN = Machine("cpu", "a CPU", int, recorded, cpu_spans)


def event(name, begin, end, kind="CUDA", kernels=(), parent=None):
    return SimpleNamespace(
        name=name,
        device_type=SimpleNamespace(name=kind),
        time_range=SimpleNamespace(start=begin, end=end),
        kernels=[SimpleNamespace(name=k) for k in kernels],
        cpu_parent=parent,
    )


def test_a_kernel_is_a_product_where_a_product_launched_it():
    tanh = "void at::native::vectorized_elementwise_kernel<tanh_kernel>"
    copy = "void at::native::elementwise_kernel<copy>"
    events = [
        event("aten::mm", 0, 9, "CPU", ["nvjet_tst_64", "Memset (Device)"]),
        event("aten::addmm", 9, 15, "CPU", ["nvjet_tst_64", copy]),
        event("aten::tanh", 15, 16, "CPU", [tanh]),
        event(tanh, 8, 9),
        event("nvjet_tst_64", 3, 5),
        event("Memset (Device)", 2, 2.5),
        event(copy, 5, 6),
    ]
    assert spans_of(events, "CUDA") == [
        ("other", 2, 2.5),
        ("product", 3, 5),
        ("other", 5, 6),
        ("other", 8, 9),
    ]


@pytest.mark.slow
def test_of_a_real_profile_the_outermost_operators_are_left():
    x = torch.ones(3, 3)
    spans = cpu_spans(lambda: torch.tanh(x @ x) + 1)
    assert [what for what, _, _ in spans] == ["product", "other", "other"]


def test_shares_and_gaps_by_hand():
    spans = [("product", 10, 14), ("other", 16, 17), ("other", 16.5, 20)]
    expected = {
        "product": 0.4,
        "other": 0.4,  # the half that overlaps counts once
        "gap": 0.2,
        "microseconds": 10,
    }
    assert_close(compute_shares(spans), expected)


def test_a_kernel_inside_of_another_adds_nothing():
    spans = [("product", 0, 10), ("other", 2, 3), ("other", 10, 20)]
    assert (
        compute_shares(spans)["product"]
        == compute_shares(spans)["other"]
        == 0.5
    )


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("cuda") / "measurements.json"
    assert bench_cuda.measure(STAND_IN, SMALL, True, path) == []
    return path


@pytest.mark.slow
def test_every_part_is_recorded_with_device_and_command(file):
    known = json.loads(file.read_text())
    for part in (
        *("launches.1", "launches.2"),
        *("batching.4", "batching.5"),
        *(f"graphs.{c}.{B}" for c in bench_cuda.CELLS for B in (1, 2)),
        *("precision.float32", "precision.TF32", "precision.bfloat16"),
    ):
        entry = known.pop(f"cuda.{part}", None) or pytest.fail(part)
        assert entry["device"] == "a CPU"
        assert entry["command"] == "make bench SAVE=1"
        assert entry["unit"]
    launched = json.loads(file.read_text())["cuda.launches.1"]["value"]
    whole = launched["product"] + launched["other"] + launched["gap"]
    assert_close(whole, 1, within=2e-4)  # four digits each
    assert launched["kernels"] > 8 * SMALL.T


@pytest.mark.slow
def test_nothing_is_written_where_nothing_is_to_be_saved(tmp_path):
    path = tmp_path / "measurements.json"
    assert bench_cuda.measure(STAND_IN, SMALL, False, path) == []
    assert not path.exists()


@pytest.mark.slow
def test_a_part_that_fails_is_told_and_does_not_stop_the_others(
    tmp_path, capsys
):
    def stale(run):  # as a graph that was recorded from other arrays
        return int, run()

    path = tmp_path / "measurements.json"
    broken = STAND_IN._replace(recorded=stale)
    assert bench_cuda.measure(broken, SMALL, True, path) == ["graphs"]
    assert (
        "graphs failed: RNN: a replay is off by" in capsys.readouterr().out
    )
    known = json.loads(path.read_text())
    assert "cuda.precision.TF32" in known
    assert not [key for key in known if key.startswith("cuda.graphs")]


class Pretended:
    """torch.cuda's streams and graphs, as far as the order of calls goes."""

    def __init__(self):
        self.done, self.inside = [], []

    def Stream(self):
        return self.a_stream("side")

    def current_stream(self):
        return self.a_stream("main")

    def a_stream(self, name):
        def wait(other):
            self.done.append(f"{name} waits for {other.name}")

        return SimpleNamespace(name=name, wait_stream=wait)

    def CUDAGraph(self):
        return SimpleNamespace(replay=lambda: self.done.append("replay"))

    @contextlib.contextmanager
    def stream(self, stream):
        self.inside.append(stream.name)
        yield
        self.inside.pop()

    @contextlib.contextmanager
    def graph(self, graph, stream):
        self.inside.append(f"capture on {stream.name}")
        yield
        self.inside.pop()


def test_a_graph_is_recorded_on_the_stream_that_was_warmed_up(monkeypatch):
    cuda = Pretended()
    for name in (
        "Stream",
        "current_stream",
        "CUDAGraph",
        "stream",
        "graph",
    ):
        monkeypatch.setattr(torch.cuda, name, getattr(cuda, name))

    def run():
        cuda.done.append(f"run: {cuda.inside[-1]}")
        return "results"

    replay, results = bench_cuda.recorded_graph(run)
    replay()
    assert results == "results"
    assert cuda.done == [
        "side waits for main",
        *["run: side"] * 3,
        "main waits for side",
        "run: capture on side",
        "replay",
    ]


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_graph_replays_the_loop_on_a_gpu():
    machine = bench_cuda.describe_gpu()
    assert bench_cuda.measure(machine, SMALL, False) == []
    for cell in bench_cuda.CELLS:
        given = bench_cuda.make_problem(machine, SMALL, 2, cell)
        run = partial(bench_cuda.train_step, cell, *given)
        replay, results = bench_cuda.recorded_graph(run)
        given[1].mul_(0.5)
        replay()
        torch.cuda.synchronize()
        for (_, a), (_, b) in zip(
            named_leaves(run()), named_leaves(results), strict=True
        ):
            assert_close(a, b)
