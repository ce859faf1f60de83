/* <live-dropout>: which units still hold a memory from the first step. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { generator } from "./cells.mjs";

const T = 30, H = 12;

/* 0 with probability `rate`, else 1 / (1 - rate): T rows of H, new at each
   step or one row for all. */
export function mask(random, T_, H_, rate, each) {
  const draw = () => Array.from({ length: H_ }, () =>
    (random() >= rate ? 1 / (1 - rate) : 0));
  const once = each ? null : draw();
  return Array.from({ length: T_ }, () => once ?? draw());
}

/* Whether each unit was on at every step so far. */
export function holds(rows) {
  let left = rows[0].map(() => true);
  return rows.map((row) => (left = left.map((yes, k) => yes && row[k] > 0)));
}

class Dropout extends LiveFigure {
  static fields = {
    kind: ["step", ["step", "sequence"]], rate: [0.2, 0, 0.9, 0.05],
    seed: [1, 1, 99, 1],
  };

  controls() {
    const row = this.group();
    this.choice(row, "kind", "Mask", { step: "new at every step",
      sequence: "one for the sequence" });
    this.button(row, "Draw again", () => this.change({
      seed: 1 + (this.state.seed % 99) }));
    this.slider(row, "rate", "Rate");
  }

  tall() { return 330; }

  draw() {
    const { kind, rate, seed } = this.state, g = this.sheet();
    const rows = mask(generator(seed), T, H, rate, kind === "step");
    this.left = holds(rows);
    const left = 42, w = (this.width - left - 8) / T;
    make(g, "text", { class: "small strong", x: left, y: 14 },
      this.narrow ? "Full: holds since step 1"
        : "12 units, 30 steps: empty, dropped; full, holds since step 1");
    rows.forEach((row, t) => row.forEach((on, k) => make(g, "rect", {
      x: left + t * w + 0.5, y: 24 + 13 * k, width: w - 1, height: 12,
      stroke: "var(--line)", fill: !on ? "none" : this.left[t][k]
        ? "var(--input)" : "var(--soft)" })));
    const box = { left, top: 214, width: T * w, height: 80 };
    const at = axes(g, box, [0, T], [0, 1], { title:
      this.narrow ? "Share; dotted: expected"
        : "Share that still holds; dotted: expected",
    y: [[0, "0"], [1, "1"]], x: [[0.5, "1"], [T - 0.5, `${T}`]] });
    const expected = (t) => (1 - rate) ** (kind === "step" ? t + 1 : 1);
    line(g, rows.map((_, t) => [at.x(t + 0.5), at.y(expected(t))]),
      { class: "edge", "stroke-dasharray": "3 4" });
    line(g, this.left.map((row, t) => [at.x(t + 0.5),
      at.y(row.filter(Boolean).length / H)]),
    { class: "curve", stroke: "var(--input)" });
    make(g, "text", { class: "small middle", x: left + box.width / 2,
      y: 326 }, "step");
  }

  says() {
    const { kind, rate } = this.state;
    const at = (t) => this.left[t - 1].filter(Boolean).length;
    const share = (1 - rate) ** (kind === "step" ? T : 1);
    return `Rate ${show(rate)}, ${kind === "step" ? "a new mask at every "
      + "step" : "one mask for the sequence"}: of 12 units ${at(1)} hold `
      + `after step 1, ${at(10)} after 10 and ${at(T)} after ${T}. `
      + `Expected at the end: ${show(100 * share, 1)} %.`;
  }
}

customElements.define("live-dropout", Dropout);
