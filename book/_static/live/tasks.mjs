/* Three tasks with a memory in them, and a small network that trains. */
import { CELLS, adam, bptt, clip, generator, globalNorm, initLayer,
  initReadout, readout, readoutBack, squaredError, unroll, zeroState,
  zeros } from "./cells.mjs";

/* Each gives T inputs (B * 2) and the targets (B) of the last steps, and
   knows the squared error of the best answer that ignores the input. */
export const TASKS = {
  counting: {
    words: "count the events so far",
    batch(T, B, random) { // a quarter of the steps bring an event
      const count = zeros(B), x = [], targets = [];
      for (let t = 0; t < T; t++) {
        const x_t = zeros(2 * B);
        for (let b = 0; b < B; b++) {
          x_t[2 * b] = random() < 0.25 ? 1 : 0;
          count[b] += x_t[2 * b];
        }
        x.push(x_t);
        targets.push(count.map((c) => c / (0.25 * T)));
      }
      return { x, targets };
    },
    baseline: (T) => (0.75 * (T + 1)) / (2 * T * T * 0.25),
  },
  latching: {
    words: "stay where the last pulse pointed, on or off",
    batch(T, B, random) {
      const now = zeros(B), x = [], targets = [];
      for (let t = 0; t < T; t++) {
        const x_t = zeros(2 * B);
        for (let b = 0; b < B; b++) {
          if (t > 0 && random() > 0.12) continue;
          const on = random() < 0.5;
          x_t[2 * b + (on ? 0 : 1)] = 1;
          now[b] = on ? 1 : -1;
        }
        x.push(x_t);
        targets.push(now.slice());
      }
      return { x, targets };
    },
    baseline: () => 1,
  },
  adding: {
    words: "add the two marked numbers at the last step",
    batch(T, B, random) {
      const x = Array.from({ length: T }, () => zeros(2 * B));
      const sum = zeros(B), half = Math.floor(T / 2);
      for (let b = 0; b < B; b++) {
        for (const x_t of x) x_t[2 * b] = random();
        for (const t of [Math.floor(random() * half),
          half + Math.floor(random() * (T - half))]) {
          x[t][2 * b + 1] = 1;
          sum[b] += x[t][2 * b];
        }
      }
      return { x, targets: [sum] };
    },
    baseline: () => 1 / 6,
  },
};

/* What the weights are multiplied by, or set to, before the first step. */
export const STARTS = {
  default: "as torch.nn starts",
  small: "a third of that",
  large: "three times that",
  keep: "to keep: W_h = 1, or gate bias 2",
};

function started(name, layer, start) {
  const { H } = layer, { G } = CELLS[name];
  const scale = { small: 1 / 3, large: 3 }[start] ?? 1;
  for (const W of [layer.W_x, layer.W_h, layer.b_x, layer.b_h]) {
    for (let k = 0; k < W.length; k++) W[k] *= scale;
  }
  if (start !== "keep") return;
  if (G === 1) {
    layer.W_h.fill(0);
    for (let k = 0; k < H; k++) layer.W_h[k * H + k] = 1;
  } else { // the second block is the forget, or the update, gate
    for (let k = H; k < 2 * H; k++) layer.b_x[k] += 2;
  }
}

/* A network of 12 units on one task; its seed decides everything. */
export class Trainer {
  constructor({ cell, task, T, start, seed }, H = 12, B = 16) {
    Object.assign(this, { cell, task: TASKS[task], T, H, B });
    this.random = generator(seed);
    this.layer = initLayer(cell, 2, H, this.random);
    started(cell, this.layer, start);
    this.out = initReadout(H, 1, this.random);
    this.memory = {};
    this.losses = [];
    this.shown = this.task.batch(T, 4, generator(seed + 1));
    const moves = (b) => this.shown.targets.reduce((sum, row, k, all) =>
      sum + (k ? Math.abs(row[b] - all[k - 1][b]) : 0), 0);
    this.column = [0, 1, 2, 3].reduce((best, b) =>
      (moves(b) > moves(best) ? b : best), 0); // where most happens
  }

  forward({ x, targets }, B) {
    const run = unroll(this.cell, this.layer, x,
      zeroState(this.cell, this.H, B));
    const asked = run.y.slice(x.length - targets.length);
    const output = readout(this.out, asked, this.H);
    return { ...run, asked, output };
  }

  /* One update; gives the loss before it, and the gradient's length. */
  step(rate, limit) {
    const drawn = this.task.batch(this.T, this.B, this.random);
    const run = this.forward(drawn, this.B);
    const { loss, d_y } = squaredError(run.output, drawn.targets);
    const back = readoutBack(d_y, this.out, run.asked, this.H);
    const d_h = run.y.map(() => zeros(this.B * this.H));
    d_h.splice(this.T - back.d_y.length, back.d_y.length, ...back.d_y);
    const { d_params } = bptt(this.cell, this.layer, run.tape, d_h,
      zeroState(this.cell, this.H, this.B));
    const gradient = { ...d_params, W_y: back.W_y, b_y: back.b_y };
    const norm = clip(gradient, limit);
    this.losses.push(loss);
    if (!Number.isFinite(norm) || !Number.isFinite(loss)) {
      this.broken = true;
      return { loss, norm };
    }
    adam({ ...this.layer, ...this.out }, gradient, this.memory, rate);
    return { loss, norm };
  }

  /* Targets, outputs and states over one sequence. */
  example() {
    const { y, output } = this.forward(this.shown, 4);
    const { H, column: b } = this, one = (row) => row[b];
    return {
      targets: this.shown.targets.map(one), output: output.map(one),
      x: this.shown.x.map((row) => [row[2 * b], row[2 * b + 1]]),
      states: y.map((row) => row.slice(b * H, (b + 1) * H)),
    };
  }

  /* How long the gradient of the last output is at the state k steps
     before it, all its parts, compared with the last state. */
  flow() {
    const run = this.forward(this.shown, 4), seen = [];
    const d_h = run.y.map(() => zeros(4 * this.H));
    const last = d_h[d_h.length - 1];
    for (let k = 0; k < last.length; k++) {
      last[k] = this.out.W_y[k % this.H];
    }
    bptt(this.cell, this.layer, run.tape, d_h,
      zeroState(this.cell, this.H, 4), seen);
    const norms = seen.map((parts) => globalNorm({ ...parts })).reverse();
    return norms.map((norm) => norm / norms[0]);
  }
}
