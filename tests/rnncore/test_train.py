"""The training loop: it learns, stops, resumes and refuses as it says."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rnncore import train
from rnncore.backend import (
    array_namespace,
    from_numpy,
    named_leaves,
    to_numpy,
    tree_map,
)
from rnncore.bptt import bptt, readout_vjp, rnn_cell_vjp
from rnncore.losses import squared_error, squared_error_vjp
from rnncore.optim import adam, sgd
from rnncore.rnn import (
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from tests.helpers import ROOT
from tests.helpers.arrays import assert_close
from tests.helpers.oracles import said
from tests.helpers.schedules import planned

fit = planned(train.fit)


def problem(move=lambda tree: tree, dtype=np.float64, seed=0):
    """Arguments for `fit`: a small network that recalls what it saw."""
    rng = np.random.default_rng(seed)
    params = move(
        tree_map(
            lambda a: a.astype(dtype),
            {
                "cell": init_params(rng, 1, 4),
                "out": init_readout(rng, 4, 1),
            },
        )
    )
    like = params["cell"].W_x

    def loss_and_gradient(params, batch, carry):
        x, targets = batch
        cell, out = params["cell"], params["out"]
        y, carry, tape = unroll(rnn_cell, cell, x, carry)
        loss, cache = squared_error(readout(out, y), targets)
        d_out, d_y = readout_vjp(squared_error_vjp(1.0, cache), out, y)
        nothing = tuple(0 * h for h in carry)
        d_cell, _, _ = bptt(rnn_cell_vjp, cell, tape, d_y, nothing)
        return loss, {"cell": d_cell, "out": d_out}, carry

    def next_batch(rng, step):
        x = rng.normal(size=(6, 3, 1))
        targets = np.roll(x, 1, axis=0) * (step + 1) / (step + 2)
        return from_numpy(x, like), from_numpy(targets, like)

    def evaluate(params):
        batch = next_batch(np.random.default_rng(99), 10**9)
        return float(loss_and_gradient(params, batch, start)[0])

    start = zero_state(params["cell"], 3)
    return {
        "loss_and_gradient": loss_and_gradient,
        "params": params,
        "next_batch": next_batch,
        "optimizer": adam(0.02),
        "steps": 25,
        "rng": np.random.default_rng(1),
        "carry": start,
        "clip": 1.0,
        "evaluate": evaluate,
        "evaluate_every": 4,
    }


def same(tree, other):
    """Whether two trees hold the same bits."""
    pairs = zip(named_leaves(tree), named_leaves(other), strict=True)
    return all(
        a == b and to_numpy(x).tobytes() == to_numpy(y).tobytes()
        for (a, x), (b, y) in pairs
    )


class Interrupted(Exception):
    """Raised in the middle of a run."""


def interrupted_at(step, given):
    """The same problem, but the run breaks off at a step."""

    def next_batch(rng, at):
        if at == step:
            raise Interrupted
        return given["next_batch"](rng, at)

    return {**given, "next_batch": next_batch}


@pytest.mark.slow
def test_it_learns_and_keeps_the_best(move):
    given = problem(move)
    given |= {"steps": 200, "evaluate_every": 20}
    first = given["evaluate"](given["params"])
    result = fit(**given)
    assert min(result.history.score) < first / 3
    assert given["evaluate"](result.params) == min(result.history.score)
    assert len(result.history.loss) == len(result.history.norm) == 200
    assert result.history.evaluated == list(range(20, 201, 20))
    assert not result.stopped_early
    xp = array_namespace(given["params"]["out"].b_y)
    assert all(
        array_namespace(a) is xp for _, a in named_leaves(result.params)
    )


def test_one_step_by_hand():
    result = fit(
        lambda params, batch, carry: (
            (params[0] * batch) ** 2,
            (2 * params[0] * batch**2,),
            carry,
        ),
        (np.asarray(3.0),),
        lambda rng, step: 2.0,
        optimizer=sgd(0.125),
        steps=2,
        rng=np.random.default_rng(0),
    )
    assert result.history.loss == [36.0, 0.0]  # 3 - 0.125 * 24 = 0
    assert result.history.norm == [24.0, 0.0]
    assert result.params == result.last_params == (0.0,)


def test_the_last_step_is_evaluated_and_stored_too(tmp_path):
    path = tmp_path / "run.npz"
    result = fit(**problem() | {"steps": 10, "checkpoint": path})
    assert result.history.evaluated == [4, 8, 10]
    assert len(np.load(path)["log:loss"]) == 10


def test_without_evaluation_the_last_weights_come_back():
    given = problem() | {"evaluate": None}
    result = fit(**given)
    assert same(result.params, result.last_params)
    assert result.history.score == []


@pytest.mark.parametrize("broken_at", [1, 3, 10])
def test_a_checkpoint_is_written_by_time_too(
    tmp_path, broken_at, monkeypatch
):
    """Evaluations may be an hour apart; then a run resumes between them."""
    monkeypatch.setattr("time.monotonic", lambda: 1.0)  # a coarse clock
    whole = fit(**problem())
    path = tmp_path / "run.npz"
    given = problem() | {"checkpoint": path, "save_every": 0.0}
    with pytest.raises(Interrupted):
        fit(**interrupted_at(broken_at, given))
    assert len(np.load(path)["log:loss"]) == broken_at
    resumed = fit(**problem() | {"checkpoint": path})
    assert resumed.history == whole.history
    assert same(resumed[2:4], whole[2:4])
    assert same(resumed.params, whole.params)


def test_a_finished_run_that_was_never_evaluated_keeps_its_weights(
    tmp_path,
):
    given = problem() | {"checkpoint": tmp_path / "run.npz"}
    done = fit(**given | {"evaluate": None})
    again = fit(**given)  # nothing is left to do, and to evaluate
    assert same(again.params, done.params)


def test_the_start_is_left_as_it_was(move):
    given = problem(move)
    before = tree_map(lambda a: to_numpy(a).copy(), given["params"])
    fit(**given)
    assert same(tree_map(to_numpy, given["params"]), before)


def test_the_same_seed_gives_the_same_bits(move):
    first, second = fit(**problem(move)), fit(**problem(move))
    assert first.history == second.history
    assert same(first.params, second.params)


@pytest.mark.parametrize("broken_at", [0, 3, 4, 11, 12, 24])
def test_a_resumed_run_has_the_losses_of_an_uninterrupted_one(
    move, tmp_path, broken_at
):
    whole = fit(**problem(move))
    given = problem(move) | {"checkpoint": tmp_path / "run.npz"}
    with pytest.raises(Interrupted):
        fit(**interrupted_at(broken_at, given))
    rest = []
    given = problem(move) | {
        "checkpoint": tmp_path / "run.npz",
        "progress": lambda steps: rest.append(steps) or steps,
    }
    resumed = fit(**given)
    assert rest == [range(broken_at - broken_at % 4, 25)]
    assert resumed.history == whole.history
    assert same(resumed[2:4], whole[2:4])  # last weights and the carry
    assert same(resumed.params, whole.params)
    assert list(tmp_path.iterdir()) == [tmp_path / "run.npz"]


@pytest.mark.parametrize("optimizer", [sgd(0.05), sgd(0.05, momentum=0.9)])
def test_momentum_and_float32_resume_exactly_too(tmp_path, optimizer):
    extra = {"optimizer": optimizer}
    whole = fit(**problem(dtype=np.float32) | extra)
    extra["checkpoint"] = tmp_path / "run.npz"
    with pytest.raises(Interrupted):
        fit(**interrupted_at(9, problem(dtype=np.float32) | extra))
    resumed = fit(**problem(dtype=np.float32) | extra)
    assert resumed.history == whole.history
    assert same(resumed.params, whole.params)


@pytest.mark.parametrize(
    "generator",
    [np.random.MT19937, np.random.Philox, np.random.SFC64],
)
def test_every_generator_resumes(tmp_path, generator):
    def given():
        rng = np.random.Generator(generator(5))
        rng.standard_normal(3, dtype=np.float32)  # half a draw left over
        return problem() | {"rng": rng}

    whole = fit(**given())
    path = {"checkpoint": tmp_path / "run.npz"}
    with pytest.raises(Interrupted):
        fit(**interrupted_at(9, given() | path))
    assert fit(**given() | path).history == whole.history


def test_a_finished_run_goes_on_when_more_steps_are_asked_for(tmp_path):
    path = {"checkpoint": tmp_path / "run.npz"}
    whole = fit(**problem() | {"steps": 40})
    short = fit(**problem() | path | {"steps": 20})
    assert short.history.loss == whole.history.loss[:20]
    assert fit(**problem() | path | {"steps": 20}).history == short.history
    longer = fit(**problem() | path | {"steps": 40})
    assert longer.history == whole.history


def test_early_stopping_keeps_the_best_and_stays_stopped(tmp_path):
    scores = iter([5.0, 3.0, 4.0, 3.0, 2.0])
    seen = []

    def evaluate(params):
        seen.append(params)
        return next(scores)

    given = problem() | {
        "evaluate": evaluate,
        "patience": 2,
        "checkpoint": tmp_path / "run.npz",
    }
    result = fit(**given)
    assert result.history.score == [5.0, 3.0, 4.0, 3.0]
    assert result.stopped_early
    assert len(result.history.loss) == 16
    assert same(result.params, seen[1])
    assert same(result.last_params, seen[3])
    again = fit(**given)
    assert again.stopped_early
    assert again.history == result.history
    assert same(again.params, seen[1])


def test_progress_sees_every_step():
    seen = []

    def progress(steps):
        for step in steps:
            seen.append(step)
            yield step

    fit(**problem() | {"progress": progress})
    assert seen == list(range(25))


def poisoned(given, step, what, value):
    """The same problem, with a value that is not finite at one step."""
    counted = []

    def loss_and_gradient(params, batch, carry):
        loss, d, carry = given["loss_and_gradient"](params, batch, carry)
        counted.append(1)
        if len(counted) == step + 1:
            if what == "loss":
                loss = loss * value
            else:
                d["cell"] = d["cell"]._replace(W_h=d["cell"].W_h * value)
        return loss, d, carry

    return given | {"loss_and_gradient": loss_and_gradient}


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("clip", [None, 1.0])
def test_what_is_not_finite_stops_the_run_by_name(move, value, clip):
    given = problem(move) | {"clip": clip}
    with pytest.raises(
        FloatingPointError, match=r"^step 17: d_cell\.W_h is not finite$"
    ):
        fit(**poisoned(given, 17, "gradient", value))
    with pytest.raises(
        FloatingPointError, match=r"^step 6: loss is not finite$"
    ):
        fit(**poisoned(given, 6, "loss", value))


def test_a_gradient_too_long_for_a_number_stops_the_run():
    def steep(params, batch, carry):  # four entries of 1e308: 2e308 long
        return 0.0, np.full(4, 1e308), carry

    with pytest.raises(
        FloatingPointError,
        match=r"^step 0: the gradient's norm is not finite$",
    ):
        fit(
            steep,
            np.ones(4),
            lambda rng, step: None,
            optimizer=sgd(0.1),
            steps=1,
            rng=np.random.default_rng(0),
        )


def test_a_learning_rate_far_too_large_stops_with_its_name():
    # w: 2, -318, 1.3e9, -8.6e28, 2.6e88; its fourth power overflows
    def bowl(params, batch, carry):
        with np.errstate(over="ignore"):
            return params[0] ** 4, (4 * params[0] ** 3,), carry

    with pytest.raises(
        FloatingPointError, match=r"^step 4: loss is not finite$"
    ):
        fit(
            bowl,
            (np.asarray(2.0),),
            lambda rng, step: None,
            optimizer=sgd(10.0),
            steps=50,
            rng=np.random.default_rng(0),
        )


def test_a_score_that_is_not_finite_stops_the_run():
    given = problem() | {"evaluate": lambda params: np.nan}
    with pytest.raises(FloatingPointError, match="step 3: score is nan"):
        fit(**given)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps: expected at least 1, got 0"),
        ({"evaluate_every": 0}, "evaluate_every: expected at least 1"),
        ({"patience": 0}, "patience: expected at least 1, got 0"),
        ({"patience": 2, "evaluate": None}, "patience: needs evaluate"),
        ({"clip": 0.0}, "limit: expected more than 0, got 0.0"),
        ({"params": ()}, "params: expected at least one array"),
        ({"save_every": -1.0}, "save_every: expected at least 0, got -1"),
        ({"checkpoint": "no/such/run.npz"}, "there is no folder no/such"),
    ],
)
def test_arguments_that_make_no_sense_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        fit(**problem() | change)


def test_a_carry_that_changes_its_form_cannot_be_stored(tmp_path):
    given = problem()
    inner = given["loss_and_gradient"]
    start = given["carry"]

    def from_none(params, batch, carry):
        return inner(params, batch, start if carry is None else carry)

    given |= {"loss_and_gradient": from_none, "carry": None}
    assert len(fit(**given).history.loss) == 25
    with pytest.raises(ValueError, match="carry: a checkpoint needs it"):
        fit(**given | {"checkpoint": tmp_path / "run.npz"})
    given |= {"carry": "text", "checkpoint": tmp_path / "run.npz"}
    given["loss_and_gradient"] = lambda p, b, c: (
        *inner(p, b, start)[:2],
        c,
    )
    with pytest.raises(ValueError, match=r"^carry:"):
        fit(**given)
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A checkpoint's bytes, and the history it holds."""
    path = tmp_path_factory.mktemp("written") / "run.npz"
    result = fit(**problem() | {"steps": 8, "checkpoint": path})
    return path.read_bytes(), result.history


def refused(path, **change):
    """The message with which a checkpoint is refused; it stays as it was."""
    content = path.read_bytes()
    given = problem() | {"steps": 8, "checkpoint": path} | change
    before = given["rng"].bit_generator.state
    with pytest.raises(ValueError, match=path.name) as caught:
        fit(**given)
    assert path.read_bytes() == content
    assert given["rng"].bit_generator.state == before
    return str(caught.value)


@given(cut=st.floats(0, 1, exclude_max=True))
@settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_truncated_checkpoint_is_refused(written, tmp_path, cut):
    path = tmp_path / "cut.npz"
    path.write_bytes(written[0][: int(cut * len(written[0]))])
    assert "is damaged" in refused(path)


@given(place=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255))
@settings(
    max_examples=100,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_a_flipped_byte_is_refused_or_changes_nothing(
    written, tmp_path, place, flip
):
    content = bytearray(written[0])
    content[int(place * len(content))] ^= flip
    path = tmp_path / "flipped.npz"
    path.write_bytes(content)
    try:  # a date in the zip's directory, for one, has no checksum
        result = fit(**problem() | {"steps": 8, "checkpoint": path})
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017
    else:
        assert result.history == written[1]
    assert path.read_bytes() == content


def test_other_files_are_refused(tmp_path):
    path = tmp_path / "other.npz"
    path.write_text("a letter to a friend")
    assert "is damaged" in refused(path)
    with open(path, "wb") as file:
        np.save(file, np.ones(3))
    assert "is damaged" in refused(path)
    np.savez(path, a=np.ones(3))
    assert "another run: it does not say 'rnncore run" in refused(path)
    np.savez(path, format="rnncore run, version 1")
    assert "another run: params.cell.W_x is missing" in refused(path)
    np.savez(path, a=np.array([{"pickled": 1}], dtype=object))
    assert "is damaged" in refused(path)
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match=r"other\.npz"):
        fit(**problem() | {"checkpoint": path})


def test_the_checkpoint_of_another_run_is_refused(written, tmp_path):
    path = tmp_path / "run.npz"
    path.write_bytes(written[0])
    message = refused(path, optimizer=sgd(0.1))
    assert "of another run: optimizer." in message
    bigger = tree_map(
        lambda a: np.zeros((5,) * a.ndim), problem()["params"]
    )
    message = refused(path, params=bigger)
    assert "params.cell.W_x: expected float64 (5, 5), got" in message
    message = refused(path, params=problem(dtype=np.float32)["params"])
    assert "expected float32 (4, 1), got float64 (4, 1)" in message
    other = np.random.Generator(np.random.MT19937(0))
    before = other.bit_generator.state["state"]["pos"]
    with pytest.raises(
        ValueError, match="rng: expected MT19937, got PCG64"
    ):
        fit(**problem() | {"checkpoint": path, "rng": other})
    assert other.bit_generator.state["state"]["pos"] == before


def test_a_run_moves_between_backends(move, tmp_path):
    path = {"checkpoint": tmp_path / "run.npz"}
    whole = fit(**problem())
    with pytest.raises(Interrupted):
        fit(**interrupted_at(13, problem() | path))
    resumed = fit(**problem(move) | path)
    assert resumed.history.loss[:12] == whole.history.loss[:12]
    # another library rounds otherwise
    assert_close(resumed.history.loss, whole.history.loss)


SLOW_RUN = """
import sys, time
from tests.rnncore.test_train import fit, problem
given = problem()
quick = given["next_batch"]
def next_batch(rng, step):
    print(step, flush=True)
    time.sleep(0.005)
    return quick(rng, step)
fit(**given | {"next_batch": next_batch, "steps": 10**6,
    "evaluate_every": 3, "checkpoint": sys.argv[1]})
"""


@pytest.mark.slow
def test_a_killed_run_resumes_exactly(tmp_path):
    path = tmp_path / "run.npz"
    for at_least in (20, 40, 60):  # killed three times, wherever it is
        run = subprocess.Popen(
            [sys.executable, "-c", SLOW_RUN, str(path)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        steps = iter(run.stdout.readline, "")
        assert any(int(step) >= at_least for step in steps)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        run.stdout.close()
    done = len(np.load(path)["log:loss"])
    assert done >= 57
    goal = {"steps": done + 9, "evaluate_every": 3}
    resumed = fit(**problem() | goal | {"checkpoint": path})
    whole = fit(**problem() | goal)
    assert resumed.history == whole.history
    assert same(resumed.params, whole.params)


@pytest.mark.slow
def test_whoever_looks_sees_a_complete_file(tmp_path):
    path = tmp_path / "run.npz"
    run = subprocess.Popen(
        [sys.executable, "-c", SLOW_RUN, str(path)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
    )
    lengths = []
    try:
        while len(set(lengths)) < 20:
            assert run.poll() is None
            if path.exists():
                with np.load(path) as file:
                    lengths.append(len(file["log:loss"]))
            time.sleep(0)
    finally:
        run.kill()
        run.wait()
    assert lengths == sorted(lengths)


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "run.npz"
    fit(**problem() | {"steps": 8, "checkpoint": path})
    content = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half of it")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space"):
        fit(**problem() | {"steps": 16, "checkpoint": path})
    assert path.read_bytes() == content
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"steps": 0}, "steps: expected at least 1, got 0"),
        (
            {"evaluate_every": 0},
            "evaluate_every: expected at least 1, got 0",
        ),
        ({"patience": 0}, "patience: expected at least 1, got 0"),
        (
            {"patience": 1, "evaluate": None},
            "patience: needs evaluate, got None",
        ),
        (
            {"checkpoint": "no/such/run.npz"},
            "checkpoint: there is no folder no/such",
        ),
    ],
)
def test_a_plan_that_makes_no_sense_is_told_in_full(change, message):
    assert said(fit, **problem() | change) == message


def test_one_step_one_evaluation_and_a_patience_of_one_are_a_plan():
    scores = iter([3.0, 2.0, 2.0, 1.0])
    given = problem() | {
        "evaluate": lambda params: next(scores),
        "evaluate_every": 1,
        "patience": 1,
    }
    result = fit(**given)
    assert result.history.score == [3.0, 2.0, 2.0]
    assert len(fit(**problem() | {"steps": 1}).history.loss) == 1


def test_every_100_steps_are_evaluated_unless_asked():
    given = problem() | {"steps": 250}
    del given["evaluate_every"]
    assert fit(**given).history.evaluated == [100, 200, 250]


def test_of_equally_good_weights_the_first_are_kept():
    seen = []

    def evaluate(params):
        seen.append(params)
        return 1.0

    result = fit(**problem() | {"evaluate": evaluate, "steps": 12})
    assert len(seen) == 3
    assert same(result.params, seen[0])
    assert not same(result.params, seen[1])


def test_all_that_is_not_finite_is_named_together():
    given = problem()

    def poison(params, batch, carry):
        loss, d, carry = given["loss_and_gradient"](params, batch, carry)
        cell = d["cell"]._replace(W_x=d["cell"].W_x * np.nan)
        return loss * np.inf, d | {"cell": cell}, carry

    text = said(
        fit,
        **given | {"loss_and_gradient": poison},
        error=FloatingPointError,
    )
    assert text == "step 0: loss, d_cell.W_x are not finite"


def test_a_score_that_is_not_finite_is_told_with_its_step():
    for value in (np.nan, -np.inf):
        given = problem() | {"evaluate": lambda params, v=value: v}
        text = said(fit, **given, error=FloatingPointError)
        assert text == f"step 3: score is {value}"


def test_a_carry_of_another_form_is_told_in_full(tmp_path):
    given = problem() | {"checkpoint": tmp_path / "run.npz"}
    inner = given["loss_and_gradient"]

    def longer(params, batch, carry):
        loss, d, carry = inner(params, batch, carry[:1])
        return loss, d, (*carry, carry[0])

    assert said(fit, **given | {"loss_and_gradient": longer}) == (
        "carry: a checkpoint needs it in one form throughout; "
        "hand fit one as the first step returns it"
    )


def test_a_gradient_is_clipped_to_the_length_asked_for():
    moved = {}
    for clip in (None, 1.0):
        result = fit(
            lambda params, batch, carry: (0.0, (np.array([4.0]),), carry),
            (np.array([0.0]),),
            lambda rng, step: None,
            optimizer=sgd(0.5),
            steps=1,
            rng=np.random.default_rng(0),
            clip=clip,
        )
        moved[clip] = result.params[0][0]
        assert result.history.norm == [4.0]
        assert not result.stopped_early
    assert moved == {None: -2.0, 1.0: -0.5}


def test_a_run_in_the_folder_it_stands_in_is_kept(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    first = fit(**problem() | {"checkpoint": "run.npz", "steps": 8})
    assert Path("run.npz").exists()
    again = fit(**problem() | {"checkpoint": "run.npz", "steps": 8})
    assert again.history == first.history


def test_the_carry_goes_from_step_to_step_and_comes_back():
    seen = []

    def count(params, batch, carry):
        seen.append(carry)
        return 0.0, (np.zeros(1),), carry + 1

    result = fit(
        count,
        (np.zeros(1),),
        lambda rng, step: None,
        optimizer=sgd(0.1),
        steps=3,
        rng=np.random.default_rng(0),
        carry=7,
    )
    assert seen == [7, 8, 9]
    assert result.carry == 10


def test_a_run_that_is_stopped_looks_once_more_and_goes_on(tmp_path):
    path = tmp_path / "run.npz"
    given = problem() | {"checkpoint": path, "evaluate_every": 4}
    asked = []

    def stop(history):
        asked.append(len(history.loss))
        return len(history.loss) == 6

    result = fit(**given | {"stop": stop, "steps": 12})
    assert result.stopped_early
    assert asked == [1, 2, 3, 4, 5, 6]
    assert result.history.evaluated == [4, 6]
    again = fit(**given | {"steps": 12})
    assert not again.stopped_early
    assert again.history.evaluated == [4, 6, 8, 12]
    whole = fit(**problem() | {"evaluate_every": 4, "steps": 12})
    assert again.history.loss == whole.history.loss
    assert same(again.last_params, whole.last_params)


def test_each_best_is_handed_on_and_no_other():
    scores = iter([5.0, 6.0, 4.0, 4.0, 3.0])
    seen, kept = [], []

    def evaluate(params):
        seen.append(params)
        return next(scores)

    given = {"evaluate": evaluate, "keep": kept.append, "steps": 5}
    fit(**problem() | given | {"evaluate_every": 1})
    assert len(kept) == 3
    for params, k in zip(kept, (0, 2, 4)):
        assert same(params, seen[k])


def test_patience_counts_from_the_best_evaluation():
    scores = iter([5.0, 4.0, 6.0, 6.0, 6.0, 1.0])
    given = problem() | {
        "evaluate": lambda params: next(scores),
        "evaluate_every": 1,
        "patience": 3,
    }
    result = fit(**given)
    assert result.history.score == [5.0, 4.0, 6.0, 6.0, 6.0]
    assert result.stopped_early
