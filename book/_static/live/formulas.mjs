/* The formulas of the later chapters' figures, as rnncore has them. */

/* Those tokens, the likeliest first, that `goes(rank, mass before)` keeps,
   renormalised; of two equal ones the first comes first. */
function cut(p, goes) {
  const left = p.map(() => 0);
  let before = 0;
  p.map((_, i) => i).sort((i, j) => p[j] - p[i] || i - j)
    .forEach((i, rank) => {
      if (goes(rank, before)) left[i] = p[i];
      before += p[i];
    });
  const sum = left.reduce((a, b) => a + b, 0);
  return left.map((v) => v / sum);
}

export const topK = (p, k) => cut(p, (rank) => rank < k);
export const nucleus = (p, mass) => cut(p, (_, before) => before < mass);

/* The labels a path spells: merge repeats, then drop blanks (0). */
export function readPath(path) {
  return path.filter((k, t) => k !== path[t - 1] && k !== 0);
}

/* CTC: states blank, label, blank, ...; sums[t][s], the probability of all
   paths that are in state s after frame t; and of the whole word. */
export function ctcForward(p, labels) {
  const states = [0, ...labels.flatMap((k) => [k, 0])];
  const sums = [];
  p.forEach((frame, t) => {
    sums.push(states.map((k, s) => {
      if (t === 0) return s < 2 ? frame[k] : 0;
      const last = sums[t - 1], skip = s > 1 && k !== states[s - 2];
      return frame[k] * (last[s] + (s > 0 ? last[s - 1] : 0)
        + (skip && k !== 0 ? last[s - 2] : 0));
    }));
  });
  const end = sums.at(-1), n = states.length;
  const total = end[n - 1] + (n > 1 ? end[n - 2] : 0);
  return { states, sums, total };
}

/* h_t = a_t h_{t-1} + u_t, from h_0 = 0, one step after the other. */
export function linearLoop(a, u) {
  const h = [];
  u.forEach((v, t) => h.push(t ? a[t] * h[t - 1] + v : v));
  return h;
}

/* The same by joining neighbours; rounds[k] lists what round k works out:
   {from, to: the steps joined, h: whether that gives a state}. */
export function linearScan(a, u) {
  const rounds = [];
  const join = (steps) => { // each {from, to, a, u}
    if (steps.length === 1) return [steps[0].u];
    const pairs = [];
    for (let k = 0; k + 1 < steps.length; k += 2) {
      const [one, two] = [steps[k], steps[k + 1]];
      pairs.push({ from: one.from, to: two.to, a: two.a * one.a,
        u: two.a * one.u + two.u });
    }
    rounds.push(pairs.map(({ from, to }) => ({ from, to, h: from === 0 })));
    const even = join(pairs), all = [], round = [];
    steps.forEach((step, k) => {
      if (k === 0) all.push(step.u);
      else if (k % 2) all.push(even[(k - 1) / 2]);
      else {
        all.push(step.a * even[k / 2 - 1] + step.u);
        round.push({ from: step.to, to: step.to, h: true });
      }
    });
    if (round.length) rounds.push(round);
    return all;
  };
  const h = join(u.map((v, t) => ({ from: t, to: t, a: a[t], u: v })));
  return { h, rounds };
}

/* h_t = W h_{t-1} in the plane, W a turn by `angle` times `radius`. */
export function ring(radius, angle, steps) {
  const [c, s] = [radius * Math.cos(angle), radius * Math.sin(angle)];
  const h = [[1, 0]];
  for (let t = 0; t < steps; t++) {
    const [x, y] = h[t];
    h.push([c * x - s * y, s * x + c * y]);
  }
  return h;
}

const SQUASH = {
  sigmoid: (p) => 1 / (1 + Math.exp(-p)),
  tanh: Math.tanh,
  clip: (p) => Math.min(Math.max(p, -1), 1),
};

/* One unit of a diagonal layer, from the state 1: a bit 0 gives the factor
   squash(p), a bit 1 squash(-p); the candidate is n at every step. */
export function factorUnit(squash, p, n, bits) {
  const factors = [p, -p].map(SQUASH[squash]);
  const h = [], product = [], odd = [], right = [];
  let state = 1, size = 1, now = 0;
  for (const bit of bits) {
    const a = factors[bit];
    state = a * state + (1 - Math.abs(a)) * n;
    size *= Math.abs(a);
    now ^= bit;
    h.push(state);
    product.push(size);
    odd.push(now === 1);
    right.push(now === 1 ? state < 0 : state > 0);
  }
  return { factors, h, product, odd, right };
}

/* A matrix after writing values under keys: S <- alpha S + e k^T, with
   e = v (hebb) or e = v - alpha S k (delta). */
export function matrixMemory(rule, keys, values, alpha) {
  const S = values[0].map(() => keys[0].map(() => 0));
  keys.forEach((k, t) => S.forEach((row, i) => {
    row.forEach((s, j) => { row[j] = alpha * s; });
    const e = values[t][i] - (rule === "delta" ? dot(row, k) : 0);
    k.forEach((v, j) => { row[j] += e * v; });
  }));
  return S;
}

/* The matrix that fits all pairs best, the later ones more: G (H + r I)^-1
   with G <- alpha G + v k^T and H <- alpha H + k k^T. */
export function fittedMatrix(keys, values, alpha, ridge = 0.01) {
  const rows = keys[0].map((_, i) => {
    const sums = [...keys[0], ...values[0]].map(() => 0);
    keys.forEach((k, t) => [...k, ...values[t]].forEach((v, j) => {
      sums[j] = alpha * sums[j] + k[i] * v;
    }));
    sums[i] += ridge;
    return sums;
  });
  rows.forEach((row, i) => { // Gauss and Jordan, on H + r I beside G^T
    const pivot = row[i];
    row.forEach((v, j) => { row[j] = v / pivot; });
    rows.forEach((other, r) => {
      const factor = other[i];
      if (r !== i) row.forEach((v, j) => { other[j] -= factor * v; });
    });
  });
  return values[0].map((_, i) => rows.map((row) => row[keys[0].length + i]));
}

export const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);
