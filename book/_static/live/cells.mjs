/* rnncore's cells, loop, losses and optimisers, for arrays in the page.

   A layer is {D, H, W_x, W_h, b_x, b_h}, weights row by row in one
   Float64Array each. A sequence x is a list of T arrays (B * D). Names,
   order of gates and signs are those of the Python package. */

export const zeros = (n) => new Float64Array(n);
export const sigmoid = (a) => 0.5 * (1 + Math.tanh(0.5 * a));

/* Numbers that look random and are the same for the same seed. */
export function generator(seed) {
  let a = seed >>> 0;
  return () => { // mulberry32
    a = (a + 0x6d2b79f5) >>> 0;
    let t = a;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/* y += x W^T: x (B, n), W (m, n), y (B, m). */
function product(y, x, W, B, m, n) {
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < m; k++) {
      let sum = 0;
      for (let j = 0; j < n; j++) sum += W[k * n + j] * x[b * n + j];
      y[b * m + k] += sum;
    }
  }
}

/* x += y W: the way back through `product`. */
function productBack(x, y, W, B, m, n) {
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < m; k++) {
      const d = y[b * m + k];
      if (d === 0) continue;
      for (let j = 0; j < n; j++) x[b * n + j] += d * W[k * n + j];
    }
  }
}

/* W += y^T x, b += the sum of y. */
function outer(W, b_, y, x, B, m, n) {
  for (let b = 0; b < B; b++) {
    for (let k = 0; k < m; k++) {
      const d = y[b * m + k];
      if (b_) b_[k] += d;
      if (d === 0) continue;
      for (let j = 0; j < n; j++) W[k * n + j] += d * x[b * n + j];
    }
  }
}

const same = (d_a, d_memory) => ({ d_a_x: d_a, d_a_h: d_a, d_memory });

/* Each cell: gates G, states `parts`, one step and its way back. */
export const CELLS = {
  rnn: {
    G: 1, parts: 1,
    step(a_x, a_h) {
      const h = a_x.map((a, k) => Math.tanh(a + a_h[k]));
      return { state: [h], cache: h };
    },
    back([d_h], h) {
      const none = zeros(h.length);
      return same(d_h.map((d, k) => d * (1 - h[k] * h[k])), [none]);
    },
  },
  lstm: {
    G: 4, parts: 2,
    step(a_x, a_h, [, c_before], H) {
      const n = c_before.length;
      const [h, c, i, f, g, o, tanh_c] =
        Array.from({ length: 7 }, () => zeros(n));
      for (let k = 0; k < n; k++) {
        const at = Math.floor(k / H) * 4 * H + (k % H);
        const a = (gate) => a_x[at + gate * H] + a_h[at + gate * H];
        i[k] = sigmoid(a(0));
        f[k] = sigmoid(a(1));
        g[k] = Math.tanh(a(2));
        o[k] = sigmoid(a(3));
        c[k] = f[k] * c_before[k] + i[k] * g[k];
        tanh_c[k] = Math.tanh(c[k]);
        h[k] = o[k] * tanh_c[k];
      }
      return { state: [h, c], cache: { i, f, g, o, tanh_c, c_before } };
    },
    back([d_h, d_c_after], cache, H) {
      const { i, f, g, o, tanh_c, c_before } = cache;
      const n = d_h.length, d_a = zeros(4 * n), d_before = zeros(n);
      for (let k = 0; k < n; k++) {
        const at = Math.floor(k / H) * 4 * H + (k % H);
        const d_c = d_c_after[k] +
          d_h[k] * o[k] * (1 - tanh_c[k] * tanh_c[k]);
        d_a[at] = d_c * g[k] * i[k] * (1 - i[k]);
        d_a[at + H] = d_c * c_before[k] * f[k] * (1 - f[k]);
        d_a[at + 2 * H] = d_c * i[k] * (1 - g[k] * g[k]);
        d_a[at + 3 * H] = d_h[k] * tanh_c[k] * o[k] * (1 - o[k]);
        d_before[k] = d_c * f[k];
      }
      return same(d_a, [zeros(n), d_before]);
    },
  },
  gru: {
    G: 3, parts: 1,
    step(a_x, a_h, [h_before], H) {
      const size = h_before.length;
      const [h, r, z, n, r_h] = Array.from({ length: 5 },
        () => zeros(size));
      for (let k = 0; k < size; k++) {
        const at = Math.floor(k / H) * 3 * H + (k % H);
        r[k] = sigmoid(a_x[at] + a_h[at]);
        z[k] = sigmoid(a_x[at + H] + a_h[at + H]);
        r_h[k] = r[k] * a_h[at + 2 * H];
        n[k] = Math.tanh(a_x[at + 2 * H] + r_h[k]);
        h[k] = n[k] + z[k] * (h_before[k] - n[k]);
      }
      return { state: [h], cache: { r, z, n, r_h, h_before } };
    },
    back([d_h], { r, z, n, r_h, h_before }, H) {
      const size = d_h.length, d_memory = zeros(size);
      const d_a_x = zeros(3 * size), d_a_h = zeros(3 * size);
      for (let k = 0; k < size; k++) {
        const at = Math.floor(k / H) * 3 * H + (k % H);
        const d_n = d_h[k] * (1 - z[k]) * (1 - n[k] * n[k]);
        const d_z = d_h[k] * (h_before[k] - n[k]) * z[k] * (1 - z[k]);
        const d_r = d_n * r_h[k] * (1 - r[k]);
        d_a_x[at] = d_a_h[at] = d_r;
        d_a_x[at + H] = d_a_h[at + H] = d_z;
        d_a_x[at + 2 * H] = d_n;
        d_a_h[at + 2 * H] = d_n * r[k];
        d_memory[k] = d_h[k] * z[k];
      }
      return { d_a_x, d_a_h, d_memory: [d_memory] };
    },
  },
};

export function zeroState(name, H, B) {
  return Array.from({ length: CELLS[name].parts }, () => zeros(B * H));
}

/* Run a cell over a sequence; the tape is what `bptt` needs. */
export function unroll(name, layer, x, state) {
  const { G, step } = CELLS[name], { D, H } = layer, B = state[0].length / H;
  const tape = { x, h_before: [], caches: [], B }, y = [];
  for (const x_t of x) {
    const a_x = zeros(B * G * H), a_h = zeros(B * G * H);
    for (let k = 0; k < a_x.length; k++) {
      a_x[k] = layer.b_x[k % (G * H)];
      a_h[k] = layer.b_h[k % (G * H)];
    }
    product(a_x, x_t, layer.W_x, B, G * H, D);
    product(a_h, state[0], layer.W_h, B, G * H, H);
    tape.h_before.push(state[0]);
    const made = step(a_x, a_h, state, H);
    state = made.state;
    tape.caches.push(made.cache);
    y.push(state[0]);
  }
  return { y, state, tape };
}

/* The same loop from the last step back. `seen`, where given, gets the
   gradient that stands at each step's state, all its parts. */
export function bptt(name, layer, tape, d_y, d_state, seen = []) {
  const { G, back } = CELLS[name], { D, H } = layer, { B } = tape;
  const d_params = { W_x: zeros(layer.W_x.length),
    W_h: zeros(layer.W_h.length), b_x: zeros(G * H), b_h: zeros(G * H) };
  const d_x = [];
  for (let t = d_y.length - 1; t >= 0; t--) {
    const [d_h, ...d_memory] = d_state;
    d_state = [d_h.map((d, k) => d + d_y[t][k]), ...d_memory];
    seen[t] = d_state;
    const { d_a_x, d_a_h, d_memory: direct } =
      back(d_state, tape.caches[t], H);
    const d_before = direct[0];
    productBack(d_before, d_a_h, layer.W_h, B, G * H, H);
    d_x[t] = zeros(B * D);
    productBack(d_x[t], d_a_x, layer.W_x, B, G * H, D);
    outer(d_params.W_x, d_params.b_x, d_a_x, tape.x[t], B, G * H, D);
    outer(d_params.W_h, d_params.b_h, d_a_h, tape.h_before[t], B, G * H, H);
    d_state = [d_before, ...direct.slice(1)];
  }
  return { d_params, d_x, d_state };
}

/* W_y h + b_y for each step. */
export function readout({ W_y, b_y }, y, H) {
  const K = b_y.length;
  return y.map((h) => {
    const B = h.length / H, logits = zeros(B * K);
    for (let k = 0; k < logits.length; k++) logits[k] = b_y[k % K];
    product(logits, h, W_y, B, K, H);
    return logits;
  });
}

export function readoutBack(d_logits, { W_y, b_y }, y, H) {
  const K = b_y.length, d_W_y = zeros(W_y.length), d_b_y = zeros(K);
  const d_y = y.map((h, t) => {
    const B = h.length / H, d_h = zeros(h.length);
    productBack(d_h, d_logits[t], W_y, B, K, H);
    outer(d_W_y, d_b_y, d_logits[t], h, B, K, H);
    return d_h;
  });
  return { W_y: d_W_y, b_y: d_b_y, d_y };
}

/* softmax of one row of logits, at a temperature. */
export function softmax(logits, temperature = 1) {
  const top = Math.max(...logits);
  const e = Array.from(logits, (z) => Math.exp((z - top) / temperature));
  const sum = e.reduce((a, b) => a + b, 0);
  return e.map((v) => v / sum);
}

/* The mean of -log p(target), and its gradient: p minus one-hot. */
export function crossEntropy(logits, targets) {
  const K = logits[0].length / targets[0].length;
  const count = targets.length * targets[0].length;
  let loss = 0;
  const d_logits = logits.map((row, t) => {
    const d = zeros(row.length);
    targets[t].forEach((target, b) => {
      const z = row.subarray(b * K, (b + 1) * K), top = Math.max(...z);
      const sum = z.reduce((s, v) => s + Math.exp(v - top), 0);
      loss -= (z[target] - top - Math.log(sum)) / count;
      for (let k = 0; k < K; k++) {
        const p = Math.exp(z[k] - top) / sum;
        d[b * K + k] = (p - (k === target ? 1 : 0)) / count;
      }
    });
    return d;
  });
  return { loss, d_logits };
}

/* The mean of (y - target)^2, and its gradient. */
export function squaredError(y, targets) {
  const count = y.length * y[0].length;
  let loss = 0;
  const d_y = y.map((row, t) => row.map((v, k) => {
    const error = v - targets[t][k];
    loss += (error * error) / count;
    return (2 * error) / count;
  }));
  return { loss, d_y };
}

/* Weights uniform in +-1/sqrt(H), drawn by `random()`. */
const drawn = (n, H, random) =>
  zeros(n).map(() => H ** -0.5 * (2 * random() - 1));

export function initLayer(name, D, H, random) {
  const { G } = CELLS[name], draw = (n) => drawn(n * G * H, H, random);
  return { D, H, W_x: draw(D), W_h: draw(H), b_x: draw(1), b_h: draw(1) };
}

export function initReadout(H, K, random) {
  return { W_y: drawn(K * H, H, random), b_y: drawn(K, H, random) };
}

/* The length of a gradient, {name: array}. */
export function globalNorm(gradient) {
  let largest = 0;
  for (const d of Object.values(gradient)) {
    for (const v of d) {
      if (Number.isNaN(v)) return NaN;
      largest = Math.max(largest, Math.abs(v));
    }
  }
  if (largest === 0 || largest === Infinity) return largest;
  let sum = 0;
  for (const d of Object.values(gradient)) {
    for (const v of d) sum += (v / largest) ** 2;
  }
  return largest * Math.sqrt(sum);
}

/* Scale all of a gradient, in place, where it is longer than `limit`. */
export function clip(gradient, limit) {
  const norm = globalNorm(gradient);
  if (!(norm > limit && norm < Infinity)) return norm;
  for (const d of Object.values(gradient)) {
    for (let k = 0; k < d.length; k++) d[k] *= limit / norm;
  }
  return norm;
}

/* One step of Adam, in place; `memory` starts as {}. */
export function adam(params, gradient, memory, rate,
  beta_1 = 0.9, beta_2 = 0.999, epsilon = 1e-8) {
  memory.steps = (memory.steps ?? 0) + 1;
  const bias_1 = 1 - beta_1 ** memory.steps;
  const bias_2 = 1 - beta_2 ** memory.steps;
  for (const [name, d] of Object.entries(gradient)) {
    const w = params[name];
    const m = (memory[`m ${name}`] ??= zeros(w.length));
    const s = (memory[`s ${name}`] ??= zeros(w.length));
    for (let k = 0; k < w.length; k++) {
      m[k] = beta_1 * m[k] + (1 - beta_1) * d[k];
      s[k] = beta_2 * s[k] + (1 - beta_2) * d[k] * d[k];
      w[k] -= (rate * (m[k] / bias_1)) /
        (Math.sqrt(s[k] / bias_2) + epsilon);
    }
  }
}
