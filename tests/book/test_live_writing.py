"""The network of chapter 1 that learns to write in the page."""

import re

import numpy as np
import pytest

from rnncore.bptt import rnn_cell_vjp
from rnncore.characters import Model, next_character
from rnncore.optim import adam, clip_by_global_norm
from rnncore.rnn import Params, Readout, rnn_cell
from tests.helpers.arrays import assert_close
from tests.helpers.live import assert_same

pytestmark = pytest.mark.system
NAMES = "W_x", "W_h", "b_x", "b_h", "W_y", "b_y"
TEXT = re.compile(r"[A-Za-z .\n]+")


def model(found, K, H):
    """The package's model, from what the page's network holds."""
    W_x, W_h, b_x, b_h, W_y, b_y = (np.array(found[n]) for n in NAMES)
    cell = Params(W_x.reshape(H, K), W_h.reshape(H, H), b_x, b_h)
    return Model(cell, Readout(W_y.reshape(K, H), b_y))


def flat(params):
    return np.concatenate([np.ravel(w) for w in (*params[0], *params[1])])


def test_its_gradient_and_its_step_are_the_packages(js):
    """From a state and weights that some updates left."""
    H, B, T = 6, 3, 5
    found = js(
        "writing",
        """
        const [H, B, T] = arg, w = new m.Writer(2, H, B, T);
        for (let n = 0; n < 3; n++) w.step();
        w.memory = {};
        const now = () => [w.layer, w.out].flatMap(({ W_x, W_h, b_x, b_h,
          W_y, b_y }) => Object.entries({ W_x, W_h, b_x, b_h, W_y, b_y }))
          .filter(([, v]) => v).map(([k, v]) => [k, v.slice()]);
        const before = Object.fromEntries(now()), ids = w.window();
        const state = w.state[0].slice();
        const { loss, gradient, state: last } = w.gradient(ids);
        w.step(0.02, 0.3);
        return { before, ids, state, loss, gradient, last: last[0],
          after: Object.fromEntries(now()), carried: w.state[0],
          K: m.ALPHABET.length };
        """,
        [H, B, T],
    )
    K = found["K"]
    params = model(found["before"], K, H)
    ids, state = np.array(found["ids"]), np.reshape(found["state"], (B, H))
    assert ids.shape == (T + 1, B)
    window = next_character(rnn_cell, rnn_cell_vjp)
    loss, gradient, (last,) = window(params, ids, (state,))
    assert_same(found["loss"], loss)
    assert_same(flat(model(found["gradient"], K, H)), flat(gradient))
    assert_same(found["last"], last)
    assert_same(found["carried"], last)
    clipped, norm = clip_by_global_norm(gradient, 0.3)
    assert norm > 0.3
    optimizer = adam(0.02)
    after, _ = optimizer.update(params, clipped, optimizer.init(params))
    assert_close(
        flat(model(found["after"], K, H)), flat(after), within=1e-7
    )


def test_windows_follow_each_other_along_the_lanes(js):
    rows, text = js(
        "writing",
        """
        const w = new m.Writer(1), rows = [w.window()];
        w.step();
        rows.push(w.window());
        return [rows.map((r) => r.map((ids) =>
          ids.map((k) => m.ALPHABET[k]).join(""))), m.TEXT];
        """,
        None,
    )
    first, second = rows
    assert first[-1] == second[0]  # to be predicted, then read
    lane = "".join(row[0] for row in first + second[1:])
    assert lane == text[: len(lane)]
    assert len(text) == 1914  # as the page says
    assert text.endswith("that lay in the house that Jack built.\n")


def test_after_800_updates_it_writes_lines_of_the_rhyme(js):
    bits, written, text, guess = js(
        "writing",
        """
        const w = new m.Writer(1);
        for (let n = 0; n < 800; n++) w.step();
        const random = (() => { let k = 0; return () =>
          (k += 0.618034) % 1; })();
        return [w.bits, w.write(300, random), m.TEXT, m.GUESS];
        """,
        None,
    )
    assert abs(bits[0] - guess) < 0.3
    assert np.mean(bits[80:120]) < guess / 2
    assert np.mean(bits[-50:]) < 0.2
    words = written.split()[1:-1]
    known = [word in text.split() for word in words]
    assert np.mean(known) > 0.75  # of noise, next to none


def test_the_button_teaches_pauses_and_goes_on(show):
    figure = show("write")
    assert "Not taught yet" in figure.words
    button = figure.page.get_by_role("button", name="Teach it to write")
    button.press("Enter")
    figure.page.wait_for_function(
        "document.getElementById('it').state.updates >= 30"
    )
    figure.page.get_by_role("button", name="Pause").press("Enter")
    at = figure.state()["updates"]
    when = max(n for n in (25, 100, 400, 800) if n <= at)  # a slow machine
    assert f"After {when} updates, at " in figure.words
    figure.page.wait_for_timeout(300)
    assert figure.state()["updates"] == at
    figure.page.get_by_role("button", name="Go on").press("Enter")
    figure.page.wait_for_function(
        "n => document.getElementById('it').state.updates > n", arg=at
    )


def test_it_ends_and_can_begin_again(show):
    figure = show("write")
    figure.call("figure => { figure.until = 3; figure.setRun(true); }")
    figure.page.wait_for_function("!document.getElementById('it').run")
    assert figure.state()["updates"] == 3
    figure.call("figure => { figure.state.updates = 1600; figure.draw(); }")
    figure.page.get_by_role("button", name="Once more").press("Enter")
    assert figure.state()["updates"] < 1600


def test_it_rests_while_nobody_sees_it(show):
    figure = show("write", viewport={"width": 800, "height": 600})
    page = figure.page
    page.evaluate(
        """() => {
          const far = document.createElement("div");
          far.style.height = "5000px";
          document.body.append(far);
        }"""
    )
    page.get_by_role("button", name="Teach it to write").press("Enter")
    page.mouse.wheel(0, 4000)
    page.wait_for_function("!document.getElementById('it').run")
    at = figure.state()["updates"]
    page.wait_for_timeout(300)
    assert figure.state()["updates"] == at
    page.mouse.wheel(0, -4000)
    page.wait_for_function(
        "n => document.getElementById('it').state.updates > n", arg=at
    )


def test_with_less_motion_it_is_drawn_twice_a_second(show):
    figure = show("write", reduced_motion="reduce")
    draws = figure.call(
        """figure => new Promise((done) => {
          let draws = 0;
          const draw = figure.draw.bind(figure);
          figure.draw = () => { draws++; draw(); };
          figure.until = 1600;
          figure.setRun(true);
          setTimeout(() => { figure.setRun(false); done(draws); }, 2000);
        })"""
    )
    assert 1 <= draws <= 5


def test_all_that_is_drawn_stays_within_its_width(show):
    for width in (320, 1000):
        figure = show(
            "write",
            query="updates=100",
            viewport={"width": width, "height": 900},
        )
        figure.page.wait_for_function("!document.getElementById('it').run")
        assert (
            figure.page.evaluate("document.documentElement.scrollWidth")
            <= width
        )
        lines = figure.page.locator(
            ".live svg text[style]"
        ).all_text_contents()
        assert all(
            TEXT.fullmatch(line.replace("⏎", "\n")) for line in lines
        )
