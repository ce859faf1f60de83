/* <live-factor>: one unit reads bits; its sign is to say odd or even. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { generator } from "./cells.mjs";
import { factorUnit } from "./formulas.mjs";

const LOW = -6; // of the logarithm that is drawn

class Factor extends LiveFigure {
  static fields = {
    squash: ["tanh", ["sigmoid", "tanh", "clip"]],
    p: [2, 0, 6, 0.1], n: [0.1, 0, 1, 0.05], k: [6, 3, 10, 1],
  };

  controls() {
    this.choice(this.group(), "squash", "Squashing", { sigmoid: "sigmoid",
      tanh: "tanh", clip: "clip to −1, 1" });
    const row = this.group();
    this.slider(row, "p", "Number p", 1);
    this.slider(row, "n", "Candidate n");
    this.slider(row, "k", "Steps", 0, (k) => `${2 ** k}`);
  }

  build() {
    this.marks = make(this.svg, "g");
    return 356;
  }

  draw() {
    const { squash, p, n, k } = this.state, g = this.marks, T = 2 ** k;
    const random = generator(1);
    const bits = Array.from({ length: T }, () => Number(random() < 0.5));
    Object.assign(this, factorUnit(squash, p, n, bits));
    g.replaceChildren();
    const left = 52, width = this.width - left - 12, step = width / T;
    const steps = [[0.5, "1"], [T / 2, `${T / 2}`], [T - 0.5, `${T}`]];
    const box = (top, height) => ({ left, top, width, height });
    const at = axes(g, box(24, 110), [0, T], [-1, 1], {
      title: "State h", y: [[-1, "−1"], [0, "0"], [1, "1"]] });
    line(g, [[left, at.y(0)], [left + width, at.y(0)]], { class: "grid" });
    line(g, this.h.map((h, t) => [at.x(t + 0.5), at.y(h)]),
      { class: "curve", stroke: "var(--input)" });
    const strip = (words, y, on, colour, height) => {
      make(g, "text", { class: "small end", x: left - 5, y: y + 4 }, words);
      const d = on.map((yes, t) => yes
        ? `M${(left + t * step).toFixed(2)} ${y}h${step.toFixed(2)}` : "");
      make(g, "path", { d: d.join(""), stroke: `var(--${colour})`,
        "stroke-width": height });
    };
    strip("odd", 156, this.odd, "ink", 12);
    strip("h < 0", 176, this.h.map((h) => h < 0), "input", 12);
    strip("wrong", 196, this.right.map((yes) => !yes), "forget", 6);
    const low = axes(g, box(234, 84), [0, T], [LOW, 0], {
      title: "Size of the product of all factors", x: steps,
      y: [[0, "1"], [-3, "0.001"], [LOW, "10⁻⁶"]] });
    line(g, this.product.map((v, t) =>
      [low.x(t + 0.5), low.y(Math.max(Math.log10(v), LOW))]),
    { class: "curve", stroke: "var(--forget)" });
    make(g, "text", { class: "small middle", x: left + width / 2, y: 350 },
      "step");
  }

  says() {
    const { squash, p, k } = this.state, T = 2 ** k;
    const [zero, one] = this.factors.map((a) => show(a, 3));
    const size = this.product.at(-1), first = this.right.indexOf(false);
    const count = this.right.filter((yes) => yes).length;
    return `${squash}: a 0 multiplies the state by ${zero}, a 1 by ${one}. `
      + `After ${T} steps the product of the factors has the size ${
        size < 1e-6 ? "below 0.000001" : show(size, 6)}. The sign says odd `
      + `or even rightly after ${count} of ${T} steps${first < 0 ? "."
        : `, wrongly for the first time after step ${first + 1}.`}`
      + (squash === "sigmoid" && p > 0
        ? " No factor is negative, so the sign never turns." : "");
  }
}

customElements.define("live-factor", Factor);
