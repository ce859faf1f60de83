"""The figures of single chapters: their mathematics, data and keys."""

import json
import re

import numpy as np
import pytest
import torch

from rnncore.bptt import bptt, relu_cell_vjp, rnn_cell_vjp, truncated_bptt
from rnncore.depth import Block, apply_block
from rnncore.forecast.scores import coverage
from rnncore.layers import dropout_mask, variational_dropout_mask
from rnncore.optim import adam, clip_by_global_norm, sgd
from rnncore.rnn import (
    Params,
    Readout,
    readout,
    relu_cell,
    rnn_cell,
    unroll,
)
from rnncore.seq2seq import beam_search, length_penalty, pad
from rnncore.storage.weights import stored
from rnncore.text.corpora import documentation_corpus
from rnncore.text.model import stretches, token_nats
from rnncore.text.storage import load_model
from rnncore.text.vocabulary import split_words
from rnncore.translate.storage import load_translator
from tests.helpers.arrays import assert_close
from tests.helpers.live import assert_same
from tools.build.live import live_data

pytestmark = pytest.mark.system


def data(name):
    return json.loads((live_data.FOLDER / f"{name}.json").read_text("utf8"))


def slide(figure, label, value):
    """Set a slider as its keys do, and tell the figure."""
    figure.page.get_by_label(label, exact=True).evaluate(
        "(s, v) => { s.value = v; s.dispatchEvent(new Event('input')) }",
        value,
    )


def one_unit(w):
    """A layer of one unit that adds its input as it is."""
    one, zero = np.ones((1, 1)), np.zeros(1)
    return Params(one, np.full((1, 1), w), zero, zero)


def test_a_chain_of_products_has_the_packages_gradient(js):
    found = js("chain", "return m.products(0.7, 3, 5)", None)
    x = np.zeros((5, 1, 1))
    y, _, tape = unroll(
        relu_cell, one_unit(0.7), x, (np.full((1, 1), 3.0),)
    )
    last = (np.ones((1, 1)),)
    d, d_x, first = bptt(relu_cell_vjp, one_unit(0.7), tape, 0 * y, last)
    assert_same(found["h"][1:], y)
    assert_same(found["d_h"][0], first[0])
    assert_same(found["d_h"][1:], d_x)
    assert_same(found["d_w"], d.W_h)
    assert_same(sum(found["share"]), d.W_h)


def test_a_chain_with_a_negative_weight_is_a_power(js):
    found = js("chain", "return m.products(-1.3, 2, 4)", None)
    assert_same(found["d_w"], 4 * (-1.3) ** 3 * 2)
    assert_same(found["h"][-1], (-1.3) ** 4 * 2)


@pytest.mark.parametrize("curly", [True, False])
def test_a_window_is_asked_of_every_text(js, curly):
    """What a window cannot say, two texts with that window contradict."""
    N, K = 7, 3
    found = js(
        "latch",
        """
        const [N, K, curly] = arg, out = [];
        for (let n = 0; n < 2 ** N; n++) {
          const marks = Array.from({ length: N }, (_, t) => (n >> t) & 1);
          out.push([marks, m.states(marks), marks.map((_, t) =>
            m.windowSays(marks, t, K, curly))]);
        }
        return out;
        """,
        [N, K, curly],
    )
    answers = {}
    for marks, states, _ in found:
        assert states == (np.cumsum(marks) % 2).tolist()
        for t in range(K, N):
            seen = np.array(marks[t - K + 1 : t + 1])
            kinds = seen * (1 + np.array(states[t - K + 1 : t + 1]) * curly)
            answers.setdefault((t, *kinds), set()).add(states[t])
    for marks, states, says in found:
        for t in range(N):
            seen = np.array(marks[max(t - K + 1, 0) : t + 1])
            if t < K:  # it holds the whole text
                assert says[t] == states[t]
                continue
            kinds = seen * (1 + np.array(states[t - K + 1 : t + 1]) * curly)
            both = len(answers[(t, *kinds)]) == 2
            assert says[t] == (None if both else states[t])


def test_iterations_are_those_of_the_package(js):
    net = data("depth")
    H, D = net["H"], net["D"]
    shapes = {"W_1": (-1, 3 * H + D), "W_2": (H, -1), "W_y": (2, H)}
    w = {k: np.reshape(v, shapes.get(k, (-1,))) for k, v in net.items()
         if k not in ("H", "D")}  # fmt: skip
    block = Block(w["W_1"], w["b_1"], w["W_2"], w["b_2"])
    bits = [1, 0, 0, 1, 1, 0, 1]
    later = [0, *bits[1:]]
    found = js(
        "depth", "return m.iterate(...arg)", [net, bits, later, 9, 30]
    )
    h = np.ones((len(bits), 1, H))
    for t, step in enumerate(found):
        x = np.eye(2)[bits if t < 9 else later][:, None]
        before, (h, _) = h, apply_block(block, x, h)
        y = readout(Readout(w["W_y"], w["b_y"]), h)
        assert step["odd"] == y.argmax(-1).ravel().tolist()
        change = np.linalg.norm(h - before) / np.linalg.norm(h)
        # a difference of states, which rounding moves where they rest
        assert abs(step["change"] - change) < 1e-9


def test_the_block_of_the_page_is_right_for_every_bit_that_is_flipped(js):
    found = js(
        "depth",
        """
        const bits = [...arg[1]].map(Number);
        return bits.map((_, k) => {
          const later = bits.map((b, i) => (i === k ? 1 - b : b));
          const steps = m.iterate(arg[0], bits, later, 32, 64);
          return [steps[31], steps[63]];
        });
        """,
        [data("depth"), "0110100010111010"],
    )
    odd = np.cumsum([int(b) for b in "0110100010111010"]) % 2
    for k, (first, last) in enumerate(found):
        assert first["odd"] == odd.tolist()
        assert last["odd"] == (odd ^ (np.arange(16) >= k)).tolist()
        assert max(first["change"], last["change"]) < 1e-4


@pytest.mark.parametrize("size", [1, 4, 16, 64])
def test_the_gradient_of_windows_is_the_packages(js, size):
    found = js(
        "angle",
        """
        const given = m.task(1.3, 5);
        const whole = m.windowed(given, 64);
        const part = m.windowed(given, arg);
        const { W_x, W_h, b_x, b_h } = given.layer;
        return { W_x, W_h, b_x, b_h, x: given.x, d_y: given.d_y, part,
          whole, angle: m.angle(part, whole) };
        """,
        size,
    )
    params = Params(
        np.reshape(found["W_x"], (16, 4)),
        np.reshape(found["W_h"], (16, 16)),
        np.array(found["b_x"], float),
        np.array(found["b_h"], float),
    )
    x = np.reshape(found["x"], (64, 2, 4))
    d_y = np.reshape(found["d_y"], (64, 2, 16))
    zero = (np.zeros((2, 16)),)

    def gradient(window):
        d, *_ = truncated_bptt(
            rnn_cell, rnn_cell_vjp, params, x, zero, d_y, window
        )
        return np.concatenate([np.ravel(a) for a in d])

    assert_close(found["part"], gradient(size), within=1e-6)
    whole = gradient(64)
    cosine = whole @ found["part"]
    cosine /= np.linalg.norm(whole) * np.linalg.norm(found["part"])
    assert_same(np.cos(np.radians(found["angle"])), cosine)


@pytest.mark.parametrize(
    ("way", "optimizer"),
    [
        ("sgd", sgd(0.013)),
        ("momentum", sgd(0.013, 0.9)),
        ("adam", adam(0.013)),
    ],
)
def test_a_descent_in_the_valley_is_the_packages(js, way, optimizer):
    turn = 0.6
    found = js(
        "descent",
        """const A = m.valley(arg[1]);
        return { A, path: m.descend(arg[0], 0.013, A, [-1, 0.25], 30),
          height: m.height(A, [-1, 0.25]) };""",
        [way, turn],
    )
    c, s = np.cos(turn), np.sin(turn)
    R = np.array([[c, -s], [s, c]])
    A = R @ np.diag([1.0, 100.0]) @ R.T
    assert_same(found["A"], A)
    w = (np.array([-1.0, 0.25]),)
    assert_same(found["height"], w[0] @ A @ w[0] / 2)
    state = optimizer.init(w)
    for place in found["path"]:
        assert_close(place, w[0], within=1e-6)
        w, state = optimizer.update(w, (A @ w[0],), state)


@pytest.mark.parametrize("limit", [0.5, 1e9])
def test_a_walk_at_the_cliff_is_the_packages(js, limit):
    found = js("cliff", "return m.descend([2, 0], arg, 30)", limit)
    at = np.array([2.0, 0.0])
    for place, norm in zip(found["path"], found["norms"], strict=True):
        assert_close(place, at, within=1e-6)
        params = one_unit(at[0])._replace(b_x=at[1:])
        y, (h,), tape = unroll(
            rnn_cell, params, np.zeros((50, 1, 1)), (np.full((1, 1), 0.5),)
        )
        d, *_ = bptt(rnn_cell_vjp, params, tape, 0 * y, (2 * (h - 0.4),))
        step, length = clip_by_global_norm(
            np.array([d.W_h.item(), d.b_x.item()]), limit
        )
        assert_close(norm, length, within=1e-6 * length)
        at = at - 0.05 * step


@pytest.mark.parametrize(
    ("gain", "moving"), [(0, True), (0, False), (0.6, False)]
)
def test_the_length_of_a_gradient_is_the_packages(js, gain, moving):
    about = data("matrix")
    H, W = about["H"], 1.4 * np.array(about["W_h"])
    found = js(
        "fates",
        "return m.flow(F(arg[0]), arg[1], arg[2], arg[3], 3)",
        [W.tolist(), H, gain, moving],
    )
    params = Params(np.eye(H), W.reshape(H, H), np.zeros(H), np.zeros(H))
    x = np.reshape(found["x"], (100, 1, H)).astype(float)
    first = (np.reshape(found["first"], (1, H)).astype(float),)
    assert moving == (np.abs(first[0]).max() > 0.1)
    y, _, _ = unroll(rnn_cell, params, x, first)
    assert_close(found["y"], y[:, 0], within=1e-6)
    assert_close(found["slope"], ((1 - y**2) ** 2).mean(), within=1e-6)
    d = np.full((1, H), H**-0.5)
    for lag, norm in enumerate(found["norms"][:20], start=1):
        _, state, _ = unroll(rnn_cell, params, x[: 100 - lag], first)
        _, _, rest = unroll(rnn_cell, params, x[100 - lag :], state)
        none = np.zeros((lag, 1, H))
        _, _, (back,) = bptt(rnn_cell_vjp, params, rest, none, (d,))
        length = np.linalg.norm(back)
        assert_close(norm, length, within=1e-6 * length)
    assert len(found["norms"]) == 100


def test_the_eigenvalues_are_those_of_the_matrix():
    about = data("matrix")
    W = np.reshape(about["W_h"], (about["H"], -1))
    found = np.array(about["eigenvalues"]) @ [1, 1j]
    expected = np.linalg.eigvals(W)
    assert_close(abs(expected).max(), 1, within=1e-3)
    for one in found:
        nearest = expected[abs(expected - one).argmin()]
        assert_close(one, nearest, within=1e-5)


@pytest.mark.parametrize("each", [True, False])
def test_a_dropout_mask_is_the_packages(js, each):
    found = js(
        "dropout",
        """
        const { generator } = await import(
          document.baseURI.replace("course.css", "live/cells.mjs"));
        const again = generator(4);
        const drawn = Array.from({ length: 60 }, () => again());
        const rows = m.mask(generator(4), 10, 6, 0.3, arg);
        return { drawn, rows, holds: m.holds(rows) };
        """,
        each,
    )

    class Drawn:
        def random(self, shape):
            return np.reshape(found["drawn"][: np.prod(shape)], shape)

    if each:
        expected = dropout_mask(Drawn(), 10, 1, 6, 0.3)[:, 0]
    else:
        once = variational_dropout_mask(Drawn(), 1, 6, 0.3)
        expected = np.repeat(once, 10, axis=0)
    assert_same(found["rows"], expected)
    held = np.cumprod(expected > 0, axis=0) > 0
    assert found["holds"] == held.tolist()


@pytest.mark.parametrize("H", [64, 256, 2048])
def test_a_products_bound_is_that_of_the_roofline(js, H):
    flops, size = 60.0, 12.0
    batches = list(range(1, 130))
    found = js(
        "roof",
        "return arg[0].map((B) => m.bound(B, arg[1], arg[2], arg[3]))",
        [batches, H, flops, size],
    )
    reached = []
    for B, one in zip(batches, found, strict=True):
        intensity = 2 * B * H**2 / (4 * (H**2 + 2 * B * H))
        assert_same(one["intensity"], intensity)
        speed = min(flops, size * intensity)
        assert_same(one["speed"], speed)
        assert_same(one["time"], 2 * B * H**2 / speed / 1e3)
        if intensity >= flops / size:
            reached.append(B)
    assert found[0]["enough"] == min(reached)


@pytest.mark.parametrize("percent", [0, 30, 50, 77, 80, 90])
def test_coverage_is_the_packages(js, percent):
    about = data("forecasts")
    found = js(
        "sure",
        """return { share: m.covered(arg[0], arg[1]),
          band: m.band(arg[0], arg[0].quantiles[26], arg[1]) }""",
        [about, percent],
    )
    q = np.array(about["quantiles"])  # (B, Q, K)
    ends = [
        np.apply_along_axis(
            lambda row, p=p: np.interp(p, about["levels"], row), 1, q
        )
        for p in (0.5 - percent / 200, 0.5 + percent / 200)
    ]
    assert_same(found["band"], [end[26] for end in ends])
    assert_same(found["share"], coverage(np.array(about["came"]), *ends))


@pytest.mark.parametrize("width", live_data.WIDTHS)
@pytest.mark.parametrize("tenths", [0, 6, 10])
def test_a_beam_search_is_the_packages(js, width, tenths):
    about = data("beams")
    steps = js(
        "beam",
        "return m.search(arg[0].after, arg[1], arg[0].limit, arg[2] / 10)",
        [about, width, tenths],
    )
    model, source, target, _ = load_translator(
        stored("translate_vector_half")
    )
    ids, lengths = pad([source.encode(about["source"])])
    model.eval()
    read = model.encoder(ids, lengths)
    found = beam_search(
        model.decoder, read, width, about["limit"], tenths / 10
    )
    ended = steps[-1]["ended"]
    assert [one["tokens"] for one in ended] == [h.tokens for h in found]
    rounding = 5e-6 * 20  # five digits for each of up to twenty tokens
    for one, h in zip(ended, found, strict=True):
        assert_close(one["p"], h.log_p, within=rounding)
        assert_close(one["score"], h.score, within=rounding)
    text = target.decode(found[0].tokens)
    pieces = [about["pieces"][str(k)] for k in found[0].tokens]
    assert text == "".join(pieces)
    # the wrong one is longer: any of these penalties prefers it
    assert (text == about["truth"]) == (width > 1 and tenths == 0)


def test_a_length_penalty_is_the_packages(js):
    for length, alpha in (1, 0.6), (9, 0.6), (9, 0), (4, 1):
        found = js("beam", "return m.penalty(...arg)", [length, alpha])
        assert_same(found, length_penalty(length, alpha))


def test_a_film_is_packed_without_loss(js):
    film = np.random.default_rng(0).integers(0, 16, (3, 24, 24)) / 15
    film[film < 0.8] = 0
    for text, frame in zip(
        live_data.encode_pixels(film), film, strict=True
    ):
        found = js("pixels", "return m.unpack(arg)", text)
        assert_close(np.divide(found, 15), frame.ravel(), within=1e-9)


def assert_alike(found, expected, within):
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for key, value in expected.items():
            assert_alike(found[key], value, within)
    elif isinstance(expected, (list, tuple)):
        assert len(found) == len(expected)
        for a, b in zip(found, expected, strict=True):
            assert_alike(a, b, within)
    elif isinstance(expected, str):
        assert found == expected
    else:
        assert_close(found, expected, within=within)


@pytest.mark.parametrize("name", live_data.FILES)
def test_stored_data_is_what_the_networks_say(name):
    """Within a unit of the last digit that is stored."""
    made = json.loads(json.dumps(live_data.FILES[name]()))
    within = {"words": 1.1e-3, "forecasts": 1.1}.get(name, 1.1e-4)
    assert_alike(data(name), made, within)
    size = (live_data.FOLDER / f"{name}.json").stat().st_size
    assert size < (440_000 if name == "words-network" else 20_000)


TYPED = [
    "The value of the object is returned.",
    "naïve café_2 ... (x)==[1]\t\n“a”",
    "банан １２ ٣ e\u0301 a\u200db \u0085x\ufeffy 日本語、😀!",
    "<img src=x onerror=alert(1)>",
    " \u00a0 ",
    "",
]


@pytest.mark.parametrize("text", TYPED, ids=ascii)
def test_a_typed_text_is_split_as_the_package_splits_it(js, text):
    found = js("vocabulary", "return m.split(arg)", text)
    assert found == split_words(text)


def rounded_network():
    """The words' network with the weights that the page fetches."""
    about = data("words-network")
    model, vocabulary, _ = load_model(stored("text_words"))
    assert about["tokens"] == list(vocabulary.tokens)
    own = dict(model.named_parameters())
    names = {"E": "embedding.weight", "W_x": "layers.0.weight_ih_l0",
             "W_h": "layers.0.weight_hh_l0", "b_x": "layers.0.bias_ih_l0",
             "b_h": "layers.0.bias_hh_l0", "b_y": "readout.bias"}  # fmt: skip
    assert set(names.values()) == set(own)
    with torch.no_grad():
        for short, long in names.items():
            part = about["weights"][short]
            levels = np.array([ord(k) - ord("l") for k in part["levels"]])
            scale = np.array(part["scale"])[:, None]
            assert abs(levels).max() == live_data.COARSE
            w = (levels.reshape(len(scale), -1) * scale).reshape(
                own[long].shape
            )
            assert abs(w - own[long].numpy()).max() <= scale.max() / 1.99
            own[long].copy_(torch.tensor(w))
    return model, vocabulary, about


def test_rounded_weights_score_what_their_file_says():
    model, vocabulary, about = rounded_network()
    test = documentation_corpus(seed=0, apart=True).texts()[2]
    rows = stretches(vocabulary.encode(test), 1)
    assert_close(token_nats(model, rows).mean(), about["nats"], within=2e-4)
    _, _, known = load_model(stored("text_words"))
    assert_close(known["score"], about["exact"], within=2e-4)
    assert about["nats"] < about["exact"] + 0.01  # a hundredth


def test_the_words_network_is_read_as_the_package_reads_it(js):
    model, vocabulary, about = rounded_network()
    text = "If the value is a banana, the object is called."
    found = js(
        "vocabulary",
        "return m.read(m.prepared(arg[0]), m.split(arg[1]))",
        [about, text],
    )
    ids = vocabulary.encode(text)
    assert found["ids"] == ids.tolist()
    assert 0 in found["ids"]
    double = model.double().eval()
    with torch.no_grad():
        zero = tuple(
            tuple(h.double() for h in s) for s in double.zero_state(1)
        )
        logits, _ = double(torch.as_tensor(ids)[:, None], zero)
    p = logits[:, 0].softmax(1).numpy()
    assert_close(found["p"], p, within=1e-6)
    for row, five in zip(p, found["steps"], strict=True):
        best = np.argsort(-row)[:5]
        assert [w for w, _ in five] == [vocabulary.tokens[k] for k in best]
        assert_close([share for _, share in five], row[best], within=1e-6)
    bits = -np.log2(p[np.arange(len(ids) - 1), ids[1:]])
    assert_close(found["bits"], bits, within=1e-5)


@pytest.mark.parametrize("radius", [0, 0.5, 0.9995, 1])
def test_a_ring_sounds_as_a_tiny_strike_of_the_package_does(js, radius):
    """Of a strike so small that tanh bends nothing."""
    turns, small = 440.0, 1e-6
    angle = 2 * np.pi * turns / 8000
    found = js(
        "sound",
        """return { ...m.heard(arg[0], arg[1]), rate: m.RATE,
          samples: m.samples(arg[0], arg[1]) };""",
        [radius, angle],
    )
    assert found["rate"] == 8000
    assert_close(found["hertz"], turns, within=1e-9)
    n = len(found["samples"])
    c, s = radius * np.cos(angle), radius * np.sin(angle)
    zero = np.zeros(2)
    params = Params(
        np.zeros((2, 1)), np.array([[c, -s], [s, c]]), zero, zero
    )
    y, _, _ = unroll(
        rnn_cell, params, np.zeros((n, 1, 1)), (np.array([[small, 0]]),)
    )
    assert_close(found["samples"][0], 1.0)
    assert_close(found["samples"][1:], y[:-1, 0, 0] / small, within=1e-6)
    if radius == 1:
        assert n == 2 * 8000 + 1
    else:
        assert radius**n <= 1e-3
        assert n < 3 or radius ** (n - 2) >= 1e-3


# In the page


def test_back_through_the_chain_gives_each_use_its_part(show):
    figure = show("chain")
    back = figure.page.get_by_role("button", name="One operation back")
    for t in (3, 2, 1):
        back.press("Enter")
        assert f"At product {t} " in figure.words
    assert "12 + 12 + 12, is 36" in figure.words
    slide(figure, "Weight w", -1)
    assert "3 + 3 + 3, is 9" in figure.words


def test_a_mark_is_put_and_taken_away(show):
    figure = show("latch", query="t=20&K=6")
    assert "goes with both answers" in figure.words
    assert "The state is 1" in figure.words
    turn = figure.page.get_by_role("button", name="Mark or no mark")
    turn.press("Enter")
    assert "The state is 0" in figure.words
    figure.page.get_by_label("Marks").select_option("curly")
    assert "shows that it is outside" in figure.words
    turn.press("Enter")
    assert "no mark is in it" in figure.words


def test_a_flipped_bit_wakes_the_block_and_it_rests_again(show):
    figure = show("depth", query="t=32&k=3")
    assert "16 of 16 answers are right" in figure.words
    assert "it rests" in figure.words
    slide(figure, "Iteration", 33)
    assert "1 after bit 3 was flipped" in figure.words
    assert "it moves" in figure.words
    slide(figure, "Iteration", 64)
    assert "16 of 16 answers are right" in figure.words
    assert "it rests" in figure.words


def test_clipping_keeps_a_walk_in_the_picture(show):
    figure = show("cliff")
    assert "left the picture" in figure.words
    slide(figure, "Clip at", 2)
    assert "left the picture" not in figure.words
    area = figure.page.locator(".live .hold").first.bounding_box()
    figure.page.mouse.click(
        area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
    )
    assert_close(figure.state()["w"], 1.5, within=0.021)
    assert_close(figure.state()["b"], -0.1, within=0.021)


def test_a_rate_too_large_diverges_and_adam_arrives(show):
    figure = show("descent", query="log=-1.6")
    assert "it has diverged" in figure.words
    figure.page.get_by_label("Optimiser").select_option("adam")
    slide(figure, "Learning rate", -1)
    slide(figure, "Steps", 200)
    assert "below 0.001" in figure.words


def test_one_matrix_explodes_keeps_and_forgets(show):
    figure = show("fates")
    sizes = []
    for state in (
        {"start": "zero", "gain": 0},
        {"start": "moving", "gain": 0},
        {"start": "zero", "gain": 1},
    ):
        figure.change(**state)
        sizes.append(
            figure.call("figure => Math.log10(figure.found.norms[99])")
        )
    assert sizes[0] > 6
    assert abs(sizes[1]) < 3
    assert sizes[2] < -10


def test_a_word_is_chosen_in_the_text(show):
    figure = show("words")
    figure.page.locator(".live svg g > g").nth(5).click()
    assert figure.state()["t"] == 5
    assert "What came, “a”" in figure.words


def type_text(figure, text):
    """Type into the field for a text, and wait for the network."""
    figure.page.get_by_label("Your own text").fill(text)
    figure.page.wait_for_function(
        "!/loading/.test(document.querySelector('.live .says').textContent)"
    )


def own_words(figure):
    """What the figure says about the text that was typed."""
    return figure.page.locator(".live .typed").inner_text()


def test_the_network_reads_a_text_of_the_readers_own(show):
    figure = show("words")
    fetched = []
    figure.page.on("request", lambda r: fetched.append(r.url))
    stored_words = figure.words
    assert "sixty words of the test" in own_words(figure)
    assert not any("words-network" in url for url in fetched)
    type_text(figure, "The instance can")
    assert sum("words-network" in url for url in fetched) == 1
    assert figure.words.startswith("After “The instance can” the network")
    assert "be 0." in figure.words
    assert "What came" not in figure.words
    assert figure.page.locator(".live svg g > g").count() == 3
    assert own_words(figure) == "It knows all of your 3 words."
    figure.page.locator(".live svg g > g").nth(1).click()
    assert figure.state()["t"] == 1
    assert "What came, “instance”" in figure.words
    figure.page.get_by_role("slider", name="Words read").press("End")
    assert figure.state()["t"] == 3
    link = figure.page.locator(".foot a").first.get_attribute("href")
    again = show("words", query=link.split("?")[1])
    again.page.get_by_text("After “The instance can”").first.wait_for()
    assert again.words == figure.words
    type_text(figure, "")
    figure.change(t=18)
    assert figure.words == stored_words


def test_a_hostile_text_is_only_a_text(show):
    figure = show("words")
    type_text(figure, "  \u00a0 ")
    assert "sixty words of the test" in own_words(figure)
    type_text(figure, "<img src=x onerror=alert(1)> qux")
    assert figure.page.locator(".live img").count() == 0
    assert "reads as <unk>:" in own_words(figure)
    assert "onerror" in own_words(figure)
    type_text(figure, "a." * 500)
    assert len(figure.state()["text"]) <= 200
    assert "NaN" not in figure.page.locator(".live").inner_html()
    type_text(figure, "w" * 200)
    assert "reads as <unk>: " in own_words(figure)
    page = figure.page
    page.set_viewport_size({"width": 320, "height": 800})
    page.wait_for_selector(".live svg.narrow")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_network_that_does_not_come_is_told_and_asked_for_again(show):
    figure = show("words")
    away = "**/words-network.json"
    figure.page.route(away, lambda route: route.abort())
    figure.page.get_by_label("Your own text").fill("The")
    figure.page.get_by_text("could not be fetched").first.wait_for()
    figure.page.unroute(away)
    type_text(figure, "The instance")
    assert "After “The instance”" in figure.words


def test_an_eigenvalue_is_dragged_and_heard_when_asked(show):
    """Nothing sounds before the button; then it is the plotted state."""
    figure = show("ring")
    figure.page.evaluate(
        """() => {
          window.made = []; window.shut = 0;
          const { createBuffer, close } = AudioContext.prototype;
          BaseAudioContext.prototype.createBuffer = function (...about) {
            const buffer = createBuffer.apply(this, about);
            window.made.push(buffer);
            return buffer;
          };
          AudioContext.prototype.close = function () {
            window.shut++;
            return close.apply(this);
          };
        }"""
    )
    box = figure.page.locator(".live .hold").first.bounding_box()
    mouse = figure.page.mouse
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    unit = box["width"] / 2.4
    mouse.move(middle[0] + 0.5 * unit, middle[1])
    mouse.down()
    mouse.move(middle[0], middle[1] - 0.98 * unit)
    mouse.up()
    assert figure.page.evaluate("made.length") == 0
    state = figure.state()
    assert_close(state["angle"], 90, within=1.1)
    assert 0.998 < state["radius"] < 0.9999
    figure.change(radius=0.9995, angle=20)
    assert "444 Hz" in figure.words
    assert "a thousandth after 1.7 s" in figure.words
    listen = figure.page.get_by_role("button", name="Listen")
    listen.press("Enter")
    assert figure.page.evaluate("made[0].sampleRate") == 8000
    sound = figure.page.evaluate("[...made[0].getChannelData(0)]")
    t = np.arange(len(sound))
    expected = 0.9995**t * np.cos(np.radians(20) * t)
    assert_close(sound, expected, within=1e-6)
    listen.press("Enter")  # the first stops
    assert figure.page.evaluate("[made.length, shut]") == [2, 1]
    slide(figure, "Radius", 1.1)
    assert "not played" in figure.words
    assert listen.is_disabled()
    figure.page.get_by_role("slider", name="Radius").press("Home")
    assert figure.words.startswith("Radius 0.00")


def test_a_browser_without_sound_is_told(show):
    figure = show("ring")
    figure.page.evaluate("delete window.AudioContext")
    figure.page.get_by_role("button", name="Listen").click()
    assert "no sound" in figure.words


def test_a_film_plays_and_stops_at_its_end(show):
    figure = show("film", query="t=14")
    figure.page.get_by_role("button", name="Play").press("Enter")
    figure.page.wait_for_function(
        "document.getElementById('it').state.t === 16"
    )
    figure.page.get_by_role("button", name="Play").wait_for()
    assert "Frame 16 of 16" in figure.words
    figure.page.get_by_label("The film").select_option("1")
    assert "made to sit down" in figure.words


def test_a_wider_beam_finds_the_right_number(show):
    figure = show("beam", query="width=1&alpha=0&n=30")
    assert "where “" in figure.words
    slide(figure, "Beam width", 4)
    assert "which is right" in figure.words
    slide(figure, "Length penalty", 6)
    assert "where “" in figure.words


def test_the_next_token_is_the_next_voice(show):
    figure = show("roll", query="k=24")
    assert "The bass, given the past and soprano" in figure.words
    figure.page.get_by_role("button", name="Next").press("Enter")
    assert "frame 7. The soprano, given the past:" in figure.words


def test_a_promise_is_compared_with_what_was_held(show):
    figure = show("sure")
    held = []
    for promised in (0, 50, 90):
        slide(figure, "Promised", promised)
        said = re.search(
            rf"promise {promised} % hold (\d+) %", figure.words
        )
        held.append(int(said[1]))
    told = data("forecasts")
    came, q = (np.array(told[key]) for key in ("came", "quantiles"))
    for share, end in ((held[1], 2), (held[2], 0)):
        inside = 100 * coverage(came, q[:, end], q[:, 6 - end])
        assert abs(share - inside) <= 0.5  # rounded
    assert held[0] < 3 < held[1] < 50 < held[2] < 90
