"""The live figures' mathematics is the package's, to twelve digits."""

import itertools
import json

import numpy as np
import pytest
import torch

from rnncore.bptt import bptt, readout_vjp, rnn_cell_vjp
from rnncore.characters import Model, encode, held_out_bits, lanes, one_hot
from rnncore.ctc import ctc_loss, forward_variables, lattice, read_path
from rnncore.data.tasks import loss_at_the_end
from rnncore.factors import SQUASHINGS, diagonal_layer
from rnncore.gru import gru_cell, gru_cell_vjp
from rnncore.losses import (
    cross_entropy,
    cross_entropy_vjp,
    log_softmax,
    squared_error,
    squared_error_vjp,
)
from rnncore.lstm import lstm_cell, lstm_cell_vjp
from rnncore.memory import Steps, delta, hebb, memory_loop
from rnncore.optim import adam, clip_by_global_norm, global_norm
from rnncore.rnn import (
    Params,
    Readout,
    init_params,
    init_readout,
    readout,
    rnn_cell,
    unroll,
    zero_state,
)
from rnncore.scan import Minimal, joined
from rnncore.seq2seq import attend
from rnncore.text.sampling import nucleus, top_k
from tests.helpers.arrays import assert_close
from tests.helpers.live import assert_same, flat

pytestmark = pytest.mark.system
T, B, D, H, K = 7, 3, 4, 5, 6
CELLS = {
    "rnn": (rnn_cell, rnn_cell_vjp, 1, 1),
    "lstm": (lstm_cell, lstm_cell_vjp, 4, 2),
    "gru": (gru_cell, gru_cell_vjp, 3, 1),
}


@pytest.mark.parametrize("name", CELLS)
def test_a_loop_and_its_gradient_are_the_packages(js, rng, name):
    cell, vjp, G, parts = CELLS[name]
    params = init_params(rng, D, H, G)
    x = rng.normal(size=(T, B, D))
    state = tuple(rng.normal(size=(B, H)) for _ in range(parts))
    d_y = rng.normal(size=(T, B, H))
    d_state = tuple(rng.normal(size=(B, H)) for _ in range(parts))

    y, last, tape = unroll(cell, params, x, state)
    d_params, d_x, d_first = bptt(vjp, params, tape, d_y, d_state)

    found = js(
        "cells",
        """
        const layer = { D: arg.D, H: arg.H };
        for (const [k, v] of Object.entries(arg.params)) layer[k] = F(v);
        const run = m.unroll(arg.name, layer, arg.x.map(F),
          arg.state.map(F));
        const seen = [];
        const back = m.bptt(arg.name, layer, run.tape, arg.d_y.map(F),
          arg.d_state.map(F), seen);
        return { y: run.y, last: run.state, ...back,
          seen: seen.map((s) => s[0]) };
        """,
        dict(
            name=name, D=D, H=H, params=flat(params), x=flat(x),
            state=flat(state), d_y=flat(d_y), d_state=flat(d_state),
        ),
    )  # fmt: skip
    assert_same(found["y"], y)
    assert_same(found["last"], last)
    assert_same(found["d_x"], d_x)
    assert_same(found["d_state"], d_first)
    for key, value in d_params._asdict().items():
        assert_same(found["d_params"][key], value)

    for t in (0, T // 2):  # what arrives at h_t: the loop cut there
        _, middle, _ = unroll(cell, params, x[: t + 1], state)
        _, _, rest = unroll(cell, params, x[t + 1 :], middle)
        _, _, d_middle = bptt(vjp, params, rest, d_y[t + 1 :], d_state)
        assert_same(found["seen"][t], d_middle[0] + d_y[t])


def test_the_readout_and_the_losses_are_the_packages(js, rng):
    weights = init_readout(rng, H, K)
    y, targets = rng.normal(size=(T, B, H)), rng.integers(0, K, (T, B))
    wanted = rng.normal(size=(T, B, K))
    logits = readout(weights, y)
    entropy, cache = cross_entropy(logits, targets)
    d_logits = cross_entropy_vjp(1.0, cache)
    square, error = squared_error(logits, wanted)
    d_square = squared_error_vjp(1.0, error)
    d_weights, d_y = readout_vjp(d_logits, weights, y)

    found = js(
        "cells",
        """
        const weights = { W_y: F(arg.W_y), b_y: F(arg.b_y) };
        const y = arg.y.map(F), logits = m.readout(weights, y, arg.H);
        const entropy = m.crossEntropy(logits, arg.targets);
        const square = m.squaredError(logits, arg.wanted.map(F));
        return { logits, entropy, square, p: m.softmax(logits[0].slice(0, 6)),
          back: m.readoutBack(entropy.d_logits, weights, y, arg.H) };
        """,
        dict(
            flat(weights), H=H, y=flat(y), targets=targets.tolist(),
            wanted=flat(wanted),
        ),
    )  # fmt: skip
    assert_same(found["logits"], logits)
    assert_same(found["entropy"]["loss"], entropy)
    assert_same(found["entropy"]["d_logits"], d_logits)
    assert_same(found["square"]["loss"], square)
    assert_same(found["square"]["d_y"], d_square)
    assert_same(found["back"]["W_y"], d_weights.W_y)
    assert_same(found["back"]["b_y"], d_weights.b_y)
    assert_same(found["back"]["d_y"], d_y)
    e = np.exp(logits[0, 0])
    assert_same(found["p"], e / e.sum())


def test_adam_and_clipping_are_the_packages(js, rng):
    params = {"W": rng.normal(size=12), "b": rng.normal(size=3)}
    steps = [
        {"W": rng.normal(size=12), "b": rng.normal(size=3)}
        for _ in range(5)
    ]
    expected = {}
    for name, optimizer in {"adam": adam(0.05)}.items():
        w, memory = params, optimizer.init(params)
        for d in steps:
            d, _ = clip_by_global_norm(d, 2.0)
            w, memory = optimizer.update(w, d, memory)
        expected[name] = w
    found = js(
        "cells",
        """
        const out = {};
        for (const name of ["adam"]) {
          const w = { W: F(arg.params.W), b: F(arg.params.b) }, memory = {};
          out.norms = [];
          for (const d of arg.steps) {
            const g = { W: F(d.W), b: F(d.b) };
            out.norms.push(m.clip(g, 2));
            m.adam(w, g, memory, 0.05);
          }
          out[name] = w;
        }
        return out;
        """,
        {"params": flat(params), "steps": [flat(d) for d in steps]},
    )
    assert_same(found["norms"], [global_norm(d) for d in steps])
    for name, w in expected.items():
        for key in w:
            assert_same(found[name][key], w[key])


def test_a_gradient_that_is_no_number_is_not_scaled(js):
    found = js(
        "cells",
        """
        const bad = { W: F([1, NaN]) }, huge = { W: F([3e300, 4e300]) };
        return [String(m.clip(bad, 1)), m.clip(huge, 1), huge.W];
        """,
        None,
    )
    assert found[0] == "NaN"
    assert_same(found[1], 5e300)
    assert_same(found[2], [0.6, 0.8])


def test_three_steps_are_the_packages(js, rng):
    w, h0 = 0.7, -0.4
    x, target = rng.normal(size=3), rng.uniform(-1, 1, 3)
    params = init_params(rng, 1, 1)._replace(
        W_x=np.ones((1, 1)), W_h=np.full((1, 1), w),
        b_x=np.zeros(1), b_h=np.zeros(1),
    )  # fmt: skip
    y, _, tape = unroll(
        rnn_cell, params, x[:, None, None], (np.full((1, 1), h0),)
    )
    d_y = y - target[:, None, None]
    zero = (np.zeros((1, 1)),)
    d_params, d_x, d_first = bptt(rnn_cell_vjp, params, tape, d_y, zero)
    run = js(
        "graph",
        "return m.threeSteps(arg)",
        {"w": w, "h0": h0, "x": x.tolist(), "target": target.tolist()},
    )
    assert_same(run["h"][1:], y)
    assert_same(run["loss"], (d_y**2).sum() / 2)
    assert_same(run["d_w"], d_params.W_h)
    assert_same(run["d_a"][1:], d_x)
    assert_same(run["back"][1], d_first[0])


def test_no_exercise_confuses_two_mistakes(js):
    answers = js(
        "graph",
        """
        return Array.from({ length: 300 }, (_, k) => {
          const drawn = m.exercise(k + 1);
          const asked = m.questions(m.threeSteps(drawn));
          return { drawn, asked: asked.map(([, , right, wrong]) =>
            [right, ...wrong.map(([value]) => value)]) };
        });
        """,
        None,
    )
    assert len({str(a["drawn"]) for a in answers}) == 300
    for answer in answers:
        assert all(abs(y) <= 1 for y in answer["drawn"]["target"])
        for values in answer["asked"]:
            gaps = np.diff(np.sort(values))
            assert gaps.min() > 0.0132  # twice the tolerance, and more


LEVELS = "abcdefghijk"


def logit(p):
    return np.log(p / (1 - p))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_unit_set_by_hand_is_the_packages_cell(js, rng, cell):
    rows = 4 if cell == "lstm" else 3
    levels = rng.integers(1, 10, (rows, 24))  # no gate quite shut
    program = "".join(LEVELS[k] for k in levels.ravel())
    steps = js(
        "machine", "return m.byHand(arg[0], arg[1])", [cell, program]
    )
    gates, signed = levels / 10, (levels[2] - 5) / 5
    zero, w = np.zeros((1, 1)), 1.5
    state = (zero, zero) if cell == "lstm" else (zero,)
    for t in range(24):
        a, b = logit(gates[0, t]), logit(gates[1, t])
        if cell == "lstm":  # rows f, i, g, o
            a_x = [b, a, np.arctanh(signed[t]), logit(gates[3, t])]
            a_h = np.zeros((1, 4))
            state, _ = lstm_cell(np.array([a_x]), a_h, state)
            assert_same(steps[t]["c"], state[1])
        else:  # rows z, r, x
            a_h = np.array([[0, 0, w * state[0][0, 0]]])
            a_x = np.array([[b, a, 2 * signed[t]]])
            state, _ = gru_cell(a_x, a_h, state)
        assert_same(steps[t]["h"], state[0])


def with_biases(cell, biases, falls):
    """Units whose candidate is 1 at a mark, else 0; a gate keeps."""
    b, one, zero = np.array(biases), np.ones(2), np.zeros(2)
    keep = (-5 - b if falls else zero, b)
    kinds = {
        "lstm": [
            (zero, 40 * one),
            keep,
            (40 * one, zero),
            (zero, 40 * one),
        ],
        "gru": [(zero, zero), keep, (40 * one, zero)],
    }  # i, f, g, o; r, z, n
    W_x, b_x = (np.concatenate(a) for a in zip(*kinds[cell]))
    return Params(
        W_x[:, None], np.zeros((len(b_x), 2)), b_x, np.zeros(len(b_x))
    )


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("falls", [False, True])
def test_what_two_units_keep_is_the_packages(js, rng, cell, falls):
    marks, biases = rng.integers(0, 2, 30), [0.3, 4.0]
    found = js(
        "keeping", "return m.kept(...arg)",
        [cell, biases, marks.tolist(), falls],
    )  # fmt: skip
    params = with_biases(cell, biases, falls)
    step = {"lstm": lstm_cell, "gru": gru_cell}[cell]
    state = zero_state(params, 1, 2 if cell == "lstm" else 1)
    for t, mark in enumerate(marks):
        x = np.full((1, 1, 1), float(mark))
        _, state, _ = unroll(step, params, x, state)
        assert_same([row[t] for row in found], state[-1])


@pytest.mark.parametrize("steps", [1, 3, 20])
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_half_is_left_after_a_half_life(js, cell, steps):
    f = 0.5 ** (1 / steps)  # keeps half over so many steps
    marks = [1] + [0] * 2 * steps
    life, (row,) = js(
        "keeping",
        "return [m.halfLife(arg[1]), m.kept(arg[0], [arg[1]], arg[2])]",
        [cell, logit(f), marks],
    )
    assert_same(life, steps)
    wrote = 1 if cell == "lstm" else 1 - f
    assert_same([row[0], row[steps], row[-1]], wrote * 0.5 ** np.arange(3))


@pytest.mark.parametrize("name", ["lstm", "gru"])
def test_the_trained_network_is_read_as_the_package_reads_it(js, name):
    from tools.build.live import train_figure_networks as training

    net = json.loads((training.FOLDER / f"letters-{name}.json").read_text())
    cell, _, G, parts = training.CELLS[name]
    H, K = net["H"], len(net["alphabet"])
    shapes = dict(
        W_x=(G * H, K), W_h=(G * H, H), b_x=G * H, b_h=G * H,
        W_y=(K, H), b_y=K,
    )  # fmt: skip
    arrays = {k: np.reshape(net[k], shape) for k, shape in shapes.items()}
    model = Model(
        Params(*(arrays[k] for k in Params._fields)),
        Readout(arrays["W_y"], arrays["b_y"]),
    )
    _, unseen = training.read_texts()
    exam = lanes(encode(unseen, net["alphabet"]), training.LANES)
    zero = zero_state(model.cell, training.LANES, parts)
    bits = held_out_bits(cell, model, exam, zero)
    assert_close(bits, net["bits"], within=6e-4)
    assert training.space_unit(name, model, exam, K) == net["unit"]

    words = "the name is bound."
    x = one_hot(encode(words, net["alphabet"])[:, None], model.cell.W_x)
    y, _, tape = unroll(
        cell, model.cell, x, zero_state(model.cell, 1, parts)
    )
    p = np.exp(log_softmax(readout(model.readout, y)))
    found = js(
        "machine",
        """
        for (const k of ["W_x", "W_h", "b_x", "b_h", "W_y", "b_y"]) {
          arg[1][k] = F(arg[1][k]);
        }
        return m.trained(arg[0], { ...arg[1],
          D: arg[1].alphabet.length }, arg[2]);
        """,
        [name, net, words],
    )
    assert_same([step["h"] for step in found["steps"]], y)
    keep = "f" if name == "lstm" else "z"
    assert_same(
        [step[keep] for step in found["steps"]],
        np.stack([cache[1] for cache in tape.caches]),
    )
    assert_same(found["next"], p)


@pytest.mark.parametrize("task", ["counting", "latching", "adding"])
@pytest.mark.parametrize("cell", CELLS)
def test_training_in_the_page_is_the_packages(js, task, cell):
    found = js(
        "tasks",
        """
        const about = { ...arg, T: 9, start: "keep", seed: 5 };
        const one = new m.Trainer(about), drawn = [];
        const weights = { ...one.layer, ...one.out };
        const before = Object.fromEntries(Object.entries(weights)
          .map(([k, v]) => [k, v.slice?.() ?? v]));
        const { batch } = m.TASKS[arg.task];
        one.task = { batch: (T, B, random) => {
          drawn.push(batch(T, B, random));
          return drawn.at(-1);
        } };
        for (let k = 0; k < 3; k++) one.step(0.05, 0.2);
        one.task = m.TASKS[arg.task];
        return { before, after: weights, drawn, losses: one.losses,
          shown: one.shown, flow: one.flow() };
        """,
        {"task": task, "cell": cell},
    )
    forward, vjp, G, parts = CELLS[cell]
    H, B = 12, 16
    shapes = dict(
        W_x=(G * H, 2), W_h=(G * H, H), b_x=G * H, b_h=G * H,
        W_y=(1, H), b_y=1,
    )  # fmt: skip

    def tree(which):
        a = {
            k: np.reshape(found[which][k], s).astype(float)
            for k, s in shapes.items()
        }
        names = Params._fields
        return Params(*(a[k] for k in names)), Readout(a["W_y"], a["b_y"])

    rule = loss_at_the_end(
        forward, vjp, squared_error, squared_error_vjp, parts
    )
    params, optimizer = tree("before"), adam(0.05)
    memory = optimizer.init(params)
    for drawn, expected in zip(found["drawn"], found["losses"]):
        x = np.reshape(drawn["x"], (9, B, 2)).astype(float)
        targets = np.reshape(drawn["targets"], (-1, B, 1)).astype(float)
        loss, d, _ = rule(params, (x, targets), None)
        assert_same(expected, loss)
        d, _ = clip_by_global_norm(d, 0.2)
        params, memory = optimizer.update(params, d, memory)
    for theirs, ours in zip(tree("after"), params):
        for a, b in zip(theirs, ours):
            assert_close(a, b, within=1e-6)  # three updates of Adam

    layer, out = tree("after")
    x = np.reshape(found["shown"]["x"], (9, 4, 2)).astype(float)
    zero = zero_state(layer, 4, parts)
    norms = []
    for lag in range(9):
        _, middle, _ = unroll(forward, layer, x[: 9 - lag], zero)
        d_last = (
            np.tile(out.W_y, (4, 1)),
            *[np.zeros((4, H))] * (parts - 1),
        )
        if lag:
            _, _, rest = unroll(forward, layer, x[9 - lag :], middle)
            none = np.zeros((lag, 4, H))
            _, _, d_last = bptt(vjp, layer, rest, none, d_last)
        norms.append(np.sqrt(sum((d**2).sum() for d in d_last)))
    assert_same(found["flow"], np.array(norms) / norms[0])


@pytest.mark.parametrize("task", ["counting", "latching", "adding"])
def test_a_tasks_targets_and_baseline_are_what_it_says(js, task):
    T, B = 12, 4000
    drawn = js(
        "tasks",
        """
        const { generator } = await import(
          document.baseURI.replace("course.css", "live/cells.mjs"));
        const task = m.TASKS[arg[0]];
        return { ...task.batch(arg[1], arg[2], generator(3)),
          baseline: task.baseline(arg[1]) };
        """,
        [task, T, B],
    )
    x = np.reshape(drawn["x"], (T, B, 2))
    targets = np.reshape(drawn["targets"], (-1, B))
    if task == "counting":
        assert_close(targets, np.cumsum(x[..., 0], 0) / 3)
    elif task == "latching":
        now = np.zeros(B)
        for t in range(T):
            on, off = x[t].T
            now = np.where(on, 1, np.where(off, -1, now))
            np.testing.assert_array_equal(targets[t], now)
    else:
        assert (x[: T // 2, :, 1].sum(0) == 1).all()
        assert (x[T // 2 :, :, 1].sum(0) == 1).all()
        assert_close(targets[0], x.prod(-1).sum(0))
    blind = targets.var(axis=1).mean()
    assert_close(blind, drawn["baseline"], within=0.05 * blind)  # a sample


def test_cutting_a_distribution_is_the_packages(js, rng):
    p = rng.dirichlet(np.ones(20) * 0.3)
    p[3] = p[7]  # of two equal ones the first
    p /= p.sum()
    for k in (1, 4, 20):
        found = js(
            "formulas", "return m.topK(arg[0], arg[1])", [list(p), k]
        )
        assert_same(found, top_k(p[None], k))
    for mass in (0.05, 0.5, 0.9, 1.0):
        found = js(
            "formulas", "return m.nucleus(arg[0], arg[1])", [list(p), mass]
        )
        assert_same(found, nucleus(p[None], mass))


@pytest.mark.parametrize("labels", [[1], [1, 2], [1, 1], [2, 1, 2]])
def test_the_sum_over_paths_is_the_packages(js, rng, labels):
    logits = rng.normal(size=(6, 1, 3))
    loss, _ = ctc_loss(logits, [labels])
    p = np.exp(log_softmax(logits))[:, 0]
    found = js(
        "formulas",
        "return m.ctcForward(arg[0], arg[1])",
        [p.tolist(), labels],
    )
    assert_same(found["total"], np.exp(-loss))
    states, skips, _ = lattice([labels])
    sums = forward_variables(np.log(p)[:, None, states[0]], skips)
    assert_same(found["sums"], np.exp(sums))


def test_a_path_is_read_as_the_package_reads_it(js):
    for path in itertools.product(range(3), repeat=4):
        found = js("formulas", "return m.readPath(arg)", list(path))
        assert found == read_path(path)


@pytest.mark.parametrize("T", [2, 3, 7, 8, 16])
def test_a_scan_gives_the_states_of_the_loop(js, rng, T):
    a, u = rng.uniform(-1, 1, T), rng.normal(size=T)
    found = js(
        "formulas",
        """return { loop: m.linearLoop(arg[0], arg[1]),
          ...m.linearScan(arg[0], arg[1]) }""",
        [a.tolist(), u.tolist()],
    )
    expected = joined(a[:, None, None], u[:, None, None])
    assert_same(found["h"], expected)
    assert_same(found["loop"], expected)
    known = {0} | {
        step["to"] for r in found["rounds"] for step in r if step["h"]
    }
    assert known == set(range(T))


@pytest.mark.parametrize("squash", ["sigmoid", "tanh", "clip"])
@pytest.mark.parametrize("p", [0.0, 0.7, 2.3])
def test_one_unit_with_a_factor_is_the_packages(js, rng, squash, p):
    bits, n = rng.integers(0, 2, 40), 0.3
    found = js(
        "formulas",
        "return m.factorUnit(...arg)",
        [squash, p, n, bits.tolist()],
    )
    params = Minimal(np.array([[p, -p], [n, n]]), np.zeros(2))
    x = np.eye(2)[bits][:, None]
    y, (_, _, a, _) = diagonal_layer(
        params, SQUASHINGS[squash], x, np.ones((1, 1))
    )
    odd = np.cumsum(bits) % 2 == 1
    assert_same(found["h"], y)
    assert_same(found["product"], np.abs(np.cumprod(a)))
    assert found["odd"] == odd.tolist()
    says = np.where(odd, y[:, 0, 0] < 0, y[:, 0, 0] > 0)
    assert found["right"] == says.tolist()


@pytest.mark.parametrize("rule", [hebb, delta])
@pytest.mark.parametrize("alpha", [1.0, 0.8])
def test_a_matrix_memory_is_the_packages(js, rng, rule, alpha):
    k, v = rng.normal(size=(9, 4)), rng.normal(size=(9, 3))
    found = js(
        "formulas",
        "return m.matrixMemory(...arg)",
        [rule.__name__, k.tolist(), v.tolist(), alpha],
    )
    one = np.ones((9, 1, 1))
    k, v = k[:, None], v[:, None]
    steps = Steps(k, k, v, np.log(alpha) * one, one)
    _, S = memory_loop(rule, steps, np.zeros((1, 3, 4)))
    assert_same(found, S[0])


@pytest.mark.parametrize("alpha", [1.0, 0.8])
@pytest.mark.parametrize("T", [3, 9])
def test_the_fitted_matrix_is_that_of_least_squares(js, rng, alpha, T):
    k, v = rng.normal(size=(T, 4)), rng.normal(size=(T, 3))
    found = js(
        "formulas",
        "return m.fittedMatrix(...arg)",
        [k.tolist(), v.tolist(), alpha],
    )
    # the ridge as four further pairs: unit keys with values of 0
    root = np.sqrt(alpha ** np.arange(T)[::-1])[:, None]
    keys = np.concatenate([root * k, 0.1 * np.eye(4)])
    values = np.concatenate([root * v, np.zeros((4, 3))])
    S = np.linalg.lstsq(keys, values, rcond=None)[0].T
    assert_same(found, S)


def test_attention_is_the_packages(js, rng):
    query, keys = rng.normal(size=2), rng.normal(size=(4, 2))
    found = js(
        "attention",
        "return m.attend(arg[0], arg[1], arg[2])",
        [query.tolist(), keys.tolist(), 1.7],
    )
    scores = torch.tensor(1.7 * keys @ query)[None, None]
    context, weights = attend(
        scores, torch.tensor(keys)[:, None], torch.ones(4, 1, dtype=bool)
    )
    assert_same(found["weights"], weights)
    assert_same(found["context"], context)


def test_a_ring_is_a_product_of_matrices(js):
    r, angle = 0.93, 0.7
    found = js("formulas", "return m.ring(arg[0], arg[1], 30)", [r, angle])
    W = np.array(
        [[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]
    )
    for t, h in enumerate(found):
        assert_same(h, np.linalg.matrix_power(r * W, t) @ [1, 0])
