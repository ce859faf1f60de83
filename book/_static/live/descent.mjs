/* <live-descent>: three optimisers in a valley, one start and rate. */
import { show } from "./base.mjs";
import { adam } from "./cells.mjs";
import { Surface } from "./surface.mjs";

/* The loss w^T A w / 2, a hundred times steeper one way, turned. */
export function valley(turn) {
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return [[c * c + 100 * s * s, -99 * c * s],
    [-99 * c * s, s * s + 100 * c * c]];
}

const times = (A, [x, y]) => A.map(([a, b]) => a * x + b * y);
export const height = (A, w) => {
  const [a, b] = times(A, w);
  return (w[0] * a + w[1] * b) / 2;
};

/* All places of a descent: sgd, momentum (0.9) or adam. */
export function descend(way, rate, A, start, steps) {
  const path = [start], memory = {}, mu = way === "momentum" ? 0.9 : 0;
  let w = start, v = [0, 0];
  for (let k = 0; k < steps; k++) {
    const d = times(A, w);
    w = [...w];
    if (way === "adam") adam({ w }, { w: d }, memory, rate);
    else {
      v = v.map((old, j) => mu * old + d[j]);
      w = w.map((old, j) => old - rate * v[j]);
    }
    path.push(w);
  }
  return path;
}

class Descent extends Surface {
  static fields = {
    way: ["sgd", ["sgd", "momentum", "adam"]],
    log: [-1.8, -4, 1, 0.1], turn: [0, 0, 45, 5], steps: [60, 1, 200, 1],
    x: [-1, -1.2, 1.2, 0.05], y: [0.25, -0.6, 0.6, 0.05],
  };

  area = [[-1.2, 1.2], [-0.6, 0.6]];
  names = ["x", "y"];

  controls() {
    const row = this.group();
    this.choice(row, "way", "Optimiser", { sgd: "gradient descent",
      momentum: "momentum 0.9", adam: "Adam" });
    this.slider(row, "log", "Learning rate", 1, (k) =>
      `${Number((10 ** k).toPrecision(2))}`);
    this.slider(row, "steps", "Steps", 0);
    this.slider(row, "turn", "Valley turned", 0, (v) => `${v}°`);
    this.slider(row, "x", "Start, across");
    this.slider(row, "y", "Start, up");
  }

  get A() {
    return valley((this.state.turn * Math.PI) / 180);
  }

  loss(x, y) {
    return height(this.A, [x, y]);
  }

  shade(loss) {
    return Math.sqrt(loss) / 5;
  }

  look() {
    return `${this.state.turn}`;
  }

  findPath() {
    const { way, log, steps, x, y } = this.state;
    return descend(way, 10 ** log, this.A, [x, y], steps);
  }

  says() {
    const { way, log, steps, x, y } = this.state, { A } = this;
    const first = height(A, [x, y]), all = this.path.map((w) =>
      height(A, w) / (first || 1));
    const late = all.findLastIndex((v) => !(v < 0.001)) + 1;
    const end = all.at(-1);
    const fate = !Number.isFinite(end) || end > 100
      ? "it has diverged." : `the loss is ${end < 0.001
        ? "below 0.001" : show(end, 3)} of what it was at the start${
        late <= steps ? `, and below a thousandth from step ${late} on`
          : ""}.`;
    return `${{ sgd: "Gradient descent", momentum: "Momentum",
      adam: "Adam" }[way]} with rate ${Number((10 ** log).toPrecision(2))}:`
      + ` after ${steps} steps ${fate}`;
  }
}

customElements.define("live-descent", Descent);
