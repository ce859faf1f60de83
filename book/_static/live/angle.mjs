/* <live-angle>: the gradient of short windows beside the whole one. */
import { LiveFigure, axes, line, make, normal, show } from "./base.mjs";
import { bptt, generator, unroll, zeroState, zeros } from "./cells.mjs";

const D = 4, H = 16, B = 2, T = 64, LENGTHS = [1, 2, 4, 8, 16, 32, 64];

/* A tanh layer whose W_h has standard deviation g / sqrt(H). */
export function layer(g, random) {
  const draw = (n, scale) => zeros(n).map(() => scale * normal(random));
  return { D, H, W_x: draw(H * D, D ** -0.5), b_x: zeros(H),
    b_h: zeros(H), W_h: draw(H * H, g * H ** -0.5) };
}

/* An input, and the layer's error against another layer's outputs. */
export function task(g, seed) {
  const random = generator(seed), one = layer(g, random);
  const teacher = layer(g, random), zero = zeroState("rnn", H, B);
  const x = Array.from({ length: T }, () =>
    zeros(B * D).map(() => normal(random)));
  const run = unroll("rnn", one, x, zero);
  const { y } = unroll("rnn", teacher, x, zero);
  const d_y = run.y.map((row, t) => row.map((v, k) => v - y[t][k]));
  return { layer: one, x, y, d_y, tape: run.tape };
}

/* The gradient of windows of so many steps, the state carried on. */
export function windowed({ layer: one, d_y, tape }, size) {
  const sum = {}, part = (list, s) => list.slice(s, s + size);
  for (let s = 0; s < d_y.length; s += size) {
    const { d_params } = bptt("rnn", one, { ...tape, x: part(tape.x, s),
      h_before: part(tape.h_before, s), caches: part(tape.caches, s) },
    part(d_y, s), zeroState("rnn", H, B));
    for (const [name, d] of Object.entries(d_params)) {
      sum[name] = sum[name] ? d.map((v, k) => v + sum[name][k]) : d;
    }
  }
  return Object.values(sum).flatMap((d) => [...d]);
}

/* In degrees. */
export function angle(a, b) {
  const dot = (p, q) => p.reduce((sum, v, k) => sum + v * q[k], 0);
  const cosine = dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
  return (Math.acos(Math.min(Math.max(cosine, -1), 1)) * 180) / Math.PI;
}

class Angle extends LiveFigure {
  static fields = {
    g: [1, 0.2, 2.5, 0.1], k: [3, 0, 6, 1], seed: [1, 1, 99, 1],
  };

  controls() {
    const row = this.group();
    this.slider(row, "g", "Stretch g", 1);
    this.slider(row, "k", "Window", 0, (k) => `${LENGTHS[k]}`);
    this.button(row, "Another network", () => this.change({
      seed: 1 + (this.state.seed % 99) }));
  }

  work() {
    const { g, seed } = this.state, key = `${g} ${seed}`;
    if (this.key === key) return;
    this.key = key;
    const given = task(g, seed);
    const found = LENGTHS.map((size) => windowed(given, size));
    this.angles = found.map((one) => angle(one, found.at(-1)));
    this.sizes = found.map((one) => Math.hypot(...one));
  }

  tall() { return this.narrow ? 390 : 220; }

  draw() {
    this.work();
    const { k } = this.state, g = this.sheet();
    const size = this.narrow ? 150 : 190, mid = [size * 0.5, 150];
    const arrow = (turn, colour, words) => {
      const end = [mid[0] + 110 * Math.sin(turn) * (size / 230),
        mid[1] - 110 * Math.cos(turn)];
      line(g, [mid, end], { class: "curve", stroke: `var(--${colour})` });
      make(g, "circle", { cx: end[0], cy: end[1], r: 5,
        fill: `var(--${colour})` });
      const left = words === "whole";
      make(g, "text", { class: `small ${left ? "end" : ""}`, y: end[1] + 4,
        x: end[0] + (left ? -9 : 9) }, words);
    };
    make(g, "circle", { class: "dot", cx: mid[0], cy: mid[1], r: 3 });
    arrow(0, "ink", "whole");
    arrow((this.angles[k] * Math.PI) / 180, "forget", "window");
    const box = this.narrow
      ? { left: 40, top: 250, width: this.width - 50, height: 100 }
      : { left: 260, top: 24, width: this.width - 274, height: 150 };
    const at = axes(g, box, [0, 6], [0, 180], {
      title: `Angle to the whole${this.narrow ? "" : " gradient"}, degrees`,
      y: [[0, "0"], [90, "90"], [180, "180"]],
      x: LENGTHS.map((n, j) => [j, `${n}`]) });
    line(g, [[at.x(0), at.y(90)], [at.x(6), at.y(90)]], { class: "grid" });
    line(g, this.angles.map((a, j) => [at.x(j), at.y(a)]),
      { class: "curve", stroke: "var(--input)" });
    make(g, "circle", { cx: at.x(k), cy: at.y(this.angles[k]), r: 6,
      fill: "var(--forget)" });
    make(g, "text", { class: "small middle", x: box.left + box.width / 2,
      y: box.top + box.height + 32 }, "steps in a window");
  }

  says() {
    const { g, k } = this.state, ratio = this.sizes[6] / this.sizes[k];
    return `g = ${show(g, 1)}, windows of ${LENGTHS[k]} of ${T} steps: the `
      + `gradient is ${show(this.angles[k], 0)}° from the whole one, which `
      + `is ${show(ratio, ratio < 10 ? 2 : 0)} times as long.`;
  }
}

customElements.define("live-angle", Angle);
