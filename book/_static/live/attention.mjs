/* <live-attention>: a query in the plane, four keys, their weights. */
import { LiveFigure, axes, make, show } from "./base.mjs";
import { grips } from "./grips.mjs";
import { softmax } from "./cells.mjs";

const WORDS = ["the", "black", "cat", "slept"];
const KEYS = [[-0.7, -0.5], [0.75, 0.5], [0.4, 0.85], [-0.6, 0.7]];
const COLOURS = ["input", "forget", "candidate", "output"];

/* Weights of the keys, and the context: the keys' weighted mean. */
export function attend(query, keys, scale) {
  const weights = softmax(keys.map((key) =>
    scale * (key[0] * query[0] + key[1] * query[1])));
  const context = [0, 1].map((d) =>
    keys.reduce((sum, key, k) => sum + weights[k] * key[d], 0));
  return { weights, context };
}

class Attention extends LiveFigure {
  static fields = {
    x: [0.4, -1, 1, 0.05], y: [0.1, -1, 1, 0.05], scale: [2, 0, 12, 0.5],
  };

  controls() {
    const row = this.group();
    this.slider(row, "x", "Query, across");
    this.slider(row, "y", "Query, up");
    this.slider(row, "scale", "Length of the keys", 1);
  }

  build() {
    const size = Math.min(this.narrow ? this.width : this.width * 0.5, 330);
    this.box = { left: 12, top: 14, width: size - 24, height: size - 24 };
    this.marks = make(this.svg, "g");
    grips(this, this.box, (across, up) => this.change({
      x: Math.round(40 * across) / 20 - 1,
      y: Math.round(40 * up) / 20 - 1 }), () =>
      [[(this.state.x + 1) / 2, (this.state.y + 1) / 2]]);
    return this.narrow ? size + 150 : size;
  }

  draw() {
    const { x, y, scale } = this.state, g = this.marks, { box } = this;
    this.found = attend([x, y], KEYS, scale);
    g.replaceChildren();
    const px = (v) => box.left + (box.width * (v + 1)) / 2;
    const py = (v) => box.top + (box.height * (1 - v)) / 2;
    make(g, "rect", { class: "axis", x: box.left, y: box.top,
      width: box.width, height: box.height });
    make(g, "path", { class: "grid", d: `M${px(0)} ${box.top}v${box.height}`
      + `M${box.left} ${py(0)}h${box.width}` });
    KEYS.forEach(([kx, ky], k) => {
      make(g, "path", { class: "curve", stroke: `var(--${COLOURS[k]})`,
        d: `M${px(0)} ${py(0)}L${px(kx)} ${py(ky)}`,
        "stroke-width": 1 + 9 * this.found.weights[k] });
      make(g, "text", { class: "middle", x: px(kx),
        y: py(ky) + (ky > 0 ? -7 : 17) }, WORDS[k]);
    });
    const [cx, cy] = this.found.context;
    make(g, "path", { d: `M${px(cx) - 6} ${py(cy)}h12m-6 -6v12`,
      stroke: "var(--ink)", "stroke-width": 3 });
    make(g, "circle", { cx: px(x), cy: py(y), r: 8, fill: "none",
      stroke: "var(--ink)", "stroke-width": 3 });
    make(g, "text", { class: "small", x: px(x) + 12, y: py(y) + 4 },
      "query");
    const bars = this.narrow
      ? { left: 34, top: box.top + box.height + 40, width: this.width - 46,
        height: 70 }
      : { left: box.left + box.width + 60, top: 40,
        width: this.width - box.width - 90, height: box.height - 60 };
    const at = axes(g, bars, [0, 4], [0, 1], { title: "Weights",
      y: [[0, "0"], [1, "1"]],
      x: WORDS.map((word, k) => [k + 0.5, word]) });
    this.found.weights.forEach((w, k) => {
      make(g, "rect", { x: at.x(k + 0.15), y: at.y(w),
        width: at.x(0.7) - at.x(0), height: at.y(0) - at.y(w),
        fill: `var(--${COLOURS[k]})` });
      make(g, "text", { class: "small middle", x: at.x(k + 0.5),
        y: at.y(w) - 4 }, show(w));
    });
  }

  says() {
    const { weights, context } = this.found;
    const best = weights.indexOf(Math.max(...weights));
    return `The query stands at (${show(this.state.x)}, `
      + `${show(this.state.y)}). The weights are `
      + `${WORDS.map((w, k) => `${w} ${show(weights[k])}`).join(", ")}; `
      + `“${WORDS[best]}” has the largest. The context, the cross, is their `
      + `weighted mean, (${show(context[0])}, ${show(context[1])}).`;
  }
}

customElements.define("live-attention", Attention);
