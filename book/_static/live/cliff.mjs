/* <live-cliff>: walks on a loss with an edge, clipped or not. */
import { show } from "./base.mjs";
import { Surface } from "./surface.mjs";

/* h_t = tanh(w h_{t-1} + b), fifty times from 0.5; loss (h - 0.4)^2. */
export function cliff(w, b, steps = 50) {
  const h = [0.5];
  for (let t = 0; t < steps; t++) h.push(Math.tanh(w * h[t] + b));
  let d_h = 2 * (h[steps] - 0.4), d_w = 0, d_b = 0;
  for (let t = steps; t > 0; t--) {
    const d_a = d_h * (1 - h[t] * h[t]);
    d_w += d_a * h[t - 1];
    d_b += d_a;
    d_h = d_a * w;
  }
  return { loss: (h[steps] - 0.4) ** 2, d: [d_w, d_b] };
}

/* Places, and the length of the gradient at each. */
export function descend(start, limit, steps, rate = 0.05) {
  const path = [start], norms = [];
  for (let k = 0; k <= steps; k++) {
    const { d } = cliff(...path[k]), norm = Math.hypot(...d);
    norms.push(norm);
    const scale = rate * (norm > limit ? limit / norm : 1);
    if (k < steps) path.push(path[k].map((v, j) => v - scale * d[j]));
  }
  return { path, norms };
}

const LIMITS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, Infinity];

class Cliff extends Surface {
  static fields = {
    w: [2, 0.6, 2.4, 0.02], b: [0, -0.6, 0.4, 0.02],
    limit: [8, 0, 8, 1], steps: [300, 1, 600, 1],
  };

  area = [[0.6, 2.4], [-0.6, 0.4]];
  names = ["w", "b"];

  controls() {
    const row = this.group();
    this.slider(row, "w", "Start, w");
    this.slider(row, "b", "Start, b");
    this.slider(row, "limit", "Clip at", 1, (k) =>
      (LIMITS[k] < 99 ? `${LIMITS[k]}` : "none"));
    this.slider(row, "steps", "Steps", 0);
  }

  loss(w, b) {
    return cliff(w, b).loss;
  }

  shade(loss) {
    return Math.sqrt(loss) / 1.5;
  }

  findPath() {
    const { w, b, limit, steps } = this.state;
    const { path, norms } = descend([w, b], LIMITS[limit], steps);
    this.norms = norms;
    return path;
  }

  says() {
    const { limit, steps } = this.state, most = Math.max(...this.norms);
    const at = this.norms.indexOf(most), last = this.path.at(-1);
    const end = cliff(...last).loss, used = Math.min(most, LIMITS[limit]);
    return `${limit < 8 ? `Clipped at ${LIMITS[limit]}` : "Not clipped"}: `
      + `the longest gradient, ${show(most)} at step ${at}, moves the `
      + `weights by ${show(0.05 * used, 3)}. After ${steps} steps w is ${
        show(last[0])}, b is ${show(last[1])} and the loss ${
        show(end, 4)}.` + (this.left < 0 ? ""
        : ` The path left the picture at step ${this.left}.`);
  }
}

customElements.define("live-cliff", Cliff);
