/* <live-depth>: one block, again and again; a bit is flipped when it rests. */
import { LiveFigure, make, show } from "./base.mjs";

const N = 16, FLIP = 32, TIMES = 64; // bits, iterations until the flip, all
const REST = 1e-4; // a change of the states that is none

/* Every state once more; h and what it gives: one list of H per position. */
export function applyBlock({ H, D, W_1, b_1, W_2, b_2 }, bits, h) {
  const F = 3 * H + D, none = Array(H).fill(0);
  return h.map((own, i) => {
    const seen = [...(h[i - 1] ?? none), ...own, ...(h[i + 1] ?? none),
      1 - bits[i], bits[i]];
    const a = b_1.map((b, k) => Math.max(seen.reduce(
      (sum, v, j) => sum + W_1[k * F + j] * v, b), 0));
    return b_2.map((b, k) => Math.tanh(a.reduce(
      (sum, v, j) => sum + W_2[k * a.length + j] * v, b)));
  });
}

/* From ones: after each iteration the answers, 1 for odd, and how much of
   the states' size has changed. From `flip` on the block reads `later`. */
export function iterate(net, bits, later, flip, times) {
  let h = bits.map(() => Array(net.H).fill(1));
  return Array.from({ length: times }, (_, t) => {
    const before = h.flat();
    h = applyBlock(net, t < flip ? bits : later, h);
    const now = h.flat(), size = (a) => Math.hypot(...a);
    return { odd: h.map((state) => Number(net.b_y.map((b, k) =>
      state.reduce((sum, v, j) => sum + net.W_y[k * net.H + j] * v, b))
      .reduce((even, odd) => odd > even))),
    change: size(now.map((v, k) => v - before[k])) / size(now) };
  });
}

const odds = (bits) => bits.map((_, k) =>
  bits.slice(0, k + 1).reduce((a, b) => a ^ b));

class Depth extends LiveFigure {
  static data = "depth";
  static fields = { k: [1, 1, N, 1], t: [40, 1, TIMES, 1],
    text: ["0110100010111010", N] };

  allowed(read) {
    const found = super.allowed(read);
    if (!/^[01]{16}$/.test(found.text)) delete found.text;
    return found;
  }

  controls() {
    const row = this.group();
    this.slider(row, "t", "Iteration", 0);
    this.slider(row, "k", "Bit to flip", 0);
  }

  build() {
    this.row = this.narrow ? 5 : 6;
    return 74 + this.row * TIMES;
  }

  draw() {
    const { k, t, text } = this.state, g = this.sheet();
    const bits = [...text].map(Number);
    const later = bits.map((bit, i) => (i === k - 1 ? 1 - bit : bit));
    this.steps = iterate(this.data, bits, later, FLIP, TIMES);
    const left = 74, w = (this.width - left - 8) / N, top = 44;
    const now = t > FLIP ? later : bits;
    const words = (x, y, said, more = "") => make(g, "text",
      { class: `small ${more}`, x, y }, said);
    words(2, 14, "bits");
    words(2, 34, "iteration");
    now.forEach((bit, i) => words(left + (i + 0.5) * w, 14, bit,
      `middle${i === k - 1 ? " strong" : ""}`));
    this.steps.forEach(({ odd }, step) => {
      const y = top + this.row * step + (step >= FLIP ? 12 : 0);
      const truth = odds(step < FLIP ? bits : later);
      odd.forEach((answer, i) => {
        const right = answer === truth[i];
        make(g, "rect", { x: left + i * w + 1, y, width: w - 2,
          height: (this.row - 1) * (right ? 1 : 0.5), fill: right
            ? `var(--${answer ? "input" : "soft"})` : "var(--forget)",
          "fill-opacity": step < t ? 1 : 0.25 });
      });
      if ((step + 1) % 8 === 0 || !step) {
        words(left - 8, y + this.row, step + 1, "end");
      }
    });
    const y = top + this.row * FLIP;
    words(left, y + 9, `from here on bit ${k} is flipped`);
    const at = top + this.row * (t - 1) + (t > FLIP ? 12 : 0);
    make(g, "rect", { x: left - 2, y: at - 1.5, width: w * N + 4,
      height: this.row + 2, fill: "none", stroke: "var(--ink)" });
    make(g, "text", { class: "small", x: left, y: 34 },
      this.narrow ? "thin: wrong" :
      "blue: odd; pale: even; orange and thin: wrong");
    this.strip(g, { left, top: 0, width: w * N, height: 24 }, N, (i) =>
      this.change({ k: i + 1, t: Math.max(t, FLIP + 1) }));
    this.truth = odds(now);
  }

  says() {
    const { k, t } = this.state, { odd, change } = this.steps[t - 1];
    const right = odd.filter((v, i) => v === this.truth[i]).length;
    const power = show(Math.log10(Math.max(change, 1e-16)), 0);
    const moves = change < REST ? "it rests" : "it moves";
    return `Iteration ${t}${t > FLIP ? `, ${t - FLIP} after bit ${k} was `
      + "flipped" : ""}: ${right} of ${N} answers are right, and the states `
      + `changed by 10^${power} of their size: ${moves}.`;
  }
}

customElements.define("live-depth", Depth);
