/* <live-fates>: one matrix, its eigenvalues, and the gradient's length. */
import { LiveFigure, axes, line, make, normal, show } from "./base.mjs";
import { bptt, generator, globalNorm, unroll, zeros } from "./cells.mjs";

const T = 100, LOW = -16, HIGH = 8;

/* The gradient of the last state's mean unit at each earlier state, in
   units of its own length, and the mean square of all slopes. W_h has H x H
   numbers; noise of standard deviation `gain` enters every unit. */
export function flow(W_h, H, gain, moving, seed) {
  const random = generator(seed), zero = zeros(H);
  const layer = { D: 1, H, W_h, W_x: zeros(H), b_x: zero, b_h: zero };
  let state = [zeros(H).map(() => (moving ? 0.1 * normal(random) : 0))];
  const steps = (n) => Array.from({ length: n }, () => zeros(1));
  if (moving) ({ state } = unroll("rnn", layer, steps(300), state));
  const eye = { ...layer, D: H, W_x: zeros(H * H) };
  for (let k = 0; k < H; k++) eye.W_x[k * H + k] = 1;
  const x = Array.from({ length: T }, () =>
    zeros(H).map(() => gain * normal(random)));
  const run = unroll("rnn", eye, x, state), seen = [];
  const { d_state } = bptt("rnn", eye, run.tape, run.y.map(() => zero),
    [zeros(H).fill(H ** -0.5)], seen);
  const norms = [...seen.slice(0, -1).reverse(), d_state].map((d) =>
    globalNorm({ d: d[0] }));
  const slope = run.y.reduce((sum, h) => sum + h.reduce((s, v) =>
    s + (1 - v * v) ** 2, 0), 0) / (T * H);
  return { norms, slope, x, first: state[0], y: run.y };
}

class Fates extends LiveFigure {
  static data = "matrix";
  static fields = {
    radius: [1.2, 0.3, 3, 0.05], gain: [0, 0, 2, 0.05],
    start: ["zero", ["zero", "moving"]], seed: [1, 1, 99, 1],
  };

  controls() {
    const row = this.group();
    this.slider(row, "radius", "Spectral radius");
    this.slider(row, "gain", "Input noise");
    this.choice(row, "start", "First state", { zero: "exactly zero",
      moving: "after 300 steps of its own motion" });
    this.button(row, "Other noise", () => this.change({
      seed: 1 + (this.state.seed % 99) }));
  }

  tall() { return this.narrow ? 450 : 260; }

  draw() {
    const { radius, gain, start, seed } = this.state, g = this.sheet();
    const { H, W_h, eigenvalues } = this.data;
    this.found = flow(Float64Array.from(W_h, (v) => radius * v), H, gain,
      start === "moving", seed);
    this.rate = radius * Math.sqrt(this.found.slope);
    const size = this.narrow ? 190 : 220, mid = [size / 2, 30 + size / 2];
    const unit = size / 2.2 / Math.max(1.2, radius, this.rate);
    make(g, "text", { class: "small strong", x: 4, y: 14 },
      "Eigenvalues; dashed: radius 1");
    make(g, "circle", { class: "axis", cx: mid[0], cy: mid[1], r: unit,
      "stroke-dasharray": "5 4" });
    make(g, "circle", { class: "curve", cx: mid[0], cy: mid[1],
      r: this.rate * unit, stroke: "var(--candidate)" });
    for (const [re, im] of eigenvalues) {
      make(g, "circle", { cx: mid[0] + unit * radius * re,
        cy: mid[1] - unit * radius * im, r: 3.5, fill: "var(--forget)" });
    }
    const box = this.narrow
      ? { left: 42, top: 260, width: this.width - 52, height: 140 }
      : { left: 290, top: 26, width: this.width - 304, height: 180 };
    const at = axes(g, box, [0, T], [LOW, HIGH], {
      title: "Length of the gradient", x: [[0, "0"], [50, "50"],
        [100, "100"]], y: [[LOW, "10⁻¹⁶"], [-8, "10⁻⁸"], [0, "1"],
        [HIGH, "10⁸"]] });
    const log = (v) => Math.max(Math.log10(v), LOW);
    line(g, [[at.x(0), at.y(0)], [at.x(T), at.y(0)]], { class: "grid" });
    line(g, [[at.x(0), at.y(0)], [at.x(T), at.y(log(this.rate ** T))]],
      { class: "edge", stroke: "var(--candidate)",
        "stroke-dasharray": "3 4" });
    line(g, [1, ...this.found.norms].map((v, k) =>
      [at.x(k), at.y(log(v))]), { class: "curve", stroke: "var(--input)" });
    make(g, "text", { class: "small middle", x: box.left + box.width / 2,
      y: box.top + box.height + 32 }, "steps back");
  }

  says() {
    const { radius, gain, start } = this.state, { norms, slope } = this.found;
    const end = norms.at(-1), power = Math.round(Math.log10(end));
    const size = end >= 0.01 && end < 1000 ? show(end)
      : end > 0 ? `about 10 to the power ${show(power, 0)}` : "0";
    return `Spectral radius ${show(radius)}, noise ${show(gain)}, first `
      + `state ${start === "zero" ? "zero" : "in its own motion"}: the mean `
      + `squared slope is ${show(slope)}, and the rule of thumb gives `
      + `${show(this.rate)} per step, the green circle. 100 steps back the `
      + `gradient is ${size} times as long.`;
  }
}

customElements.define("live-fates", Fates);
