/* <live-chain>: one weight used again and again, values and gradients. */
import { LiveFigure, line, make, show } from "./base.mjs";
import { drag } from "./grips.mjs";

/* h_t = w h_{t-1}; the last h's gradients, and what each use gives w. */
export function products(w, h0, T) {
  const h = [h0];
  for (let t = 1; t <= T; t++) h[t] = w * h[t - 1];
  const d_h = h.map((_, t) => w ** (T - t));
  const share = h.slice(1).map((_, t) => d_h[t + 1] * h[t]);
  return { h, d_h, share, d_w: share.reduce((a, b) => a + b, 0) };
}

const digit = ["₀", "₁", "₂", "₃", "₄", "₅"];

/* As many digits as fit beside an edge. */
const short = (v) => (Math.abs(v) >= 1e4 ? v.toExponential(0)
  : show(v, Math.abs(v) >= 100 ? 0 : Math.abs(v) >= 10 ? 1 : 2))
  .replace(/\.?0+$/, (end) => (end.includes(".") ? "" : end));

class Chain extends LiveFigure {
  static fields = {
    w: [2, -3, 3, 0.1], h0: [3, -4, 4, 0.5], T: [3, 1, 5, 1],
    back: [0, 0, 5, 1],
  };

  controls() {
    const steps = this.group();
    this.button(steps, "One operation back", () => this.change({
      back: this.state.back < this.state.T ? this.state.back + 1 : 0 }));
    const row = this.group();
    this.slider(row, "w", "Weight w", 1);
    this.slider(row, "h0", "First value", 1);
    this.slider(row, "T", "Products", 0);
  }

  changed(changes) {
    if (changes.T) this.state.back = Math.min(this.state.back, changes.T);
    this.state.back = Math.min(this.state.back, this.state.T);
  }

  tall() { return 190; }

  draw() {
    const { w, h0, T, back } = this.state, g = this.sheet();
    this.found = products(w, h0, T);
    const { h, d_h, share } = this.found, step = (this.width - 60) / T;
    const x = (t) => 26 + step * t, known = (t) => t >= T - back;
    const put = (words, at, y, kind = "") => make(g, "text",
      { class: `small middle ${kind}`, x: at, y }, words);
    h.forEach((value, t) => {
      put(`h${digit[t]}`, x(t), 124);
      const node = put(short(value), x(t), 102, "strong");
      if (t === 0) drag(this, node, "h0");
      if (known(t)) put(short(d_h[t]), x(t), 146, "back");
      if (t === T) return;
      const mid = x(t + 0.5);
      line(g, [[x(t) + 14, 120], [mid - 15, 120]], { class: "edge" });
      line(g, [[mid + 15, 120], [x(t + 1) - 14, 120]], { class: "edge" });
      line(g, [[mid, 105], [mid, 62]], { class: "edge" });
      make(g, "circle", { class: "box", cx: mid, cy: 120, r: 14 });
      put("×", mid, 125);
      const weight = put(`w ${this.narrow ? "" : `= ${show(w, 1)}`}`,
        mid, 54);
      drag(this, weight, "w", `w${t}`);
      if (known(t)) put(short(share[t]), mid, 32, "back");
    });
    put("gradient of w", 46, 12, "faint");
    put("gradient", 28, 168, "faint");
  }

  says() {
    const { w, T, back } = this.state, { h, d_h, share, d_w } = this.found;
    const forward = `Forward: ${h.map(short).join(", ")}.`;
    if (back === 0) {
      return `${forward} Of the gradients only that of the last value is `
        + "known, 1.";
    }
    const t = T - back;
    return `${forward} At product ${t + 1} the gradient ${short(d_h[t + 1])}`
      + ` is multiplied by w = ${show(w, 1)} and goes on as ${short(d_h[t])}`
      + `; multiplied by the value ${short(h[t])} it goes to w as ${
        short(share[t])}.` + (t === 0 ? ` The sum over all uses, ${
        share.map(short).join(" + ")}, is ${short(d_w)}.` : "");
  }
}

customElements.define("live-chain", Chain);
