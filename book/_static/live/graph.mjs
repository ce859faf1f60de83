/* Three steps of one unit, forward and backward, every number kept. */
import { generator } from "./cells.mjs";

/* h_t = tanh(w h_{t-1} + x_t), loss = the sum of (h_t - target_t)^2 / 2.
   Entry t of each list belongs to step t; h[0] is the first state. */
export function threeSteps({ w, h0, x, target }) {
  const h = [h0], a = [0], losses = [0], d_y = [0];
  for (let t = 1; t <= 3; t++) {
    a[t] = w * h[t - 1] + x[t - 1];
    h[t] = Math.tanh(a[t]);
    d_y[t] = h[t] - target[t - 1];
    losses[t] = (d_y[t] * d_y[t]) / 2;
  }
  const d_h = [0], d_a = [0], share = [0], back = [0, 0, 0, 0, 0];
  for (let t = 3; t >= 1; t--) {
    d_h[t] = d_y[t] + back[t + 1];
    d_a[t] = d_h[t] * (1 - h[t] * h[t]);
    share[t] = d_a[t] * h[t - 1];
    back[t] = d_a[t] * w;
  }
  const d_w = share[1] + share[2] + share[3];
  const loss = losses[1] + losses[2] + losses[3];
  return { w, a, h, losses, loss, d_y, d_h, d_a, share, back, d_w };
}

/* The five questions: letter, what is asked, the answer, and what the
   known mistakes give. */
export function questions(run) {
  const { w, h, d_y, d_h, d_a, share, back } = run;
  const slope = (t) => 1 - h[t] * h[t];
  const steps = [1, 2, 3];
  const sum = (f) => steps.reduce((total, t) => total + f(t), 0);
  const flat = [0, 0, 0, 0, 0]; // the way back without any slope
  for (const t of [3, 2, 1]) flat[t] = d_y[t] + w * flat[t + 1];
  return [
    ["A", "the gradient at h₁", d_h[1], [
      [d_y[1], "that is the loss of step 1 alone. The recurrent term is "
        + "missing: h₁ is read by step 2 as well."],
      [back[2], "that is step 2 alone; the loss of step 1 reads h₁ too."],
      [d_y[1] - back[2], "what two readers send back is added."],
      [d_y[1] + w * d_h[2], "on the way back through step 2 the slope of "
        + "tanh, 1 − h₂², was forgotten."],
      [d_y[1] + d_a[2], "the way back to h₁ leads through the product: "
        + "times w."],
      [-d_h[1], "the sign: the loss sends h − target."],
    ]],
    ["B", "the gradient at a₁", d_a[1], [
      [d_h[1], "that is dh₁: the slope of tanh was forgotten."],
      [d_h[1] * h[1], "the slope is 1 − h₁², not h₁."],
      [d_h[1] * (1 - h[1]), "the slope is 1 − h₁²: the square is missing."],
      [d_h[1] * slope(0), "take the slope at h₁, the output of this tanh, "
        + "not at h₀."],
      [d_y[1] * slope(1), "the recurrent term is missing in dh₁."],
      [-d_a[1], "the sign: the loss sends h − target."],
    ]],
    ["C", "the share of w at step 1", share[1], [
      [d_a[1] * h[1], "w gets the gradient times h₀, the state that "
        + "step 1 read, not h₁, which it wrote."],
      [d_a[1], "that is da₁; the product sends it on times h₀."],
      [d_h[1] * h[0], "the slope of tanh was forgotten."],
      [back[1], "that goes back to h₀; w gets the other factor."],
      [-share[1], "the sign: the loss sends h − target."],
    ]],
    ["D", "the gradient at h₀", back[1], [
      [share[1], "that is the share of w; h₀ gets the other factor, w."],
      [d_a[1], "that is da₁; the product sends it on times w."],
      [d_h[1] * w, "the slope of tanh was forgotten."],
      [-back[1], "the sign: the loss sends h − target."],
    ]],
    ["E", "the gradient of w", run.d_w, [
      [run.d_w / 3, "that is the mean: the three shares were averaged "
        + "instead of summed."],
      [share[3], "that is the share of the last step alone."],
      [sum((t) => d_y[t] * slope(t) * h[t - 1]), "the recurrent term was "
        + "dropped: nothing came back from step to step."],
      [sum((t) => flat[t] * h[t - 1]), "the slope of tanh was forgotten "
        + "at every step."],
      [sum((t) => d_a[t]), "that is the sum of all da, the gradient of a "
        + "bias; each da is first multiplied by the state that was read."],
      [sum((t) => d_a[t] * h[t]), "each da was multiplied by the state "
        + "that its step wrote instead of the one it read."],
      [-run.d_w, "the sign: the loss sends h − target."],
    ]],
  ];
}

export const TOLERANCE = 0.006; // two digits, rounded either way

/* Numbers for a new exercise: round states, and no mistake that gives the
   right answer or another mistake's. */
export function exercise(seed) {
  const random = generator(seed);
  const pick = (list) => list[Math.floor(random() * list.length)];
  const sign = () => (random() < 0.5 ? -1 : 1);
  for (;;) {
    const w = sign() * pick([0.4, 0.5, 0.6, 0.7, 0.8]);
    const h = [sign() * pick([0.2, 0.3, 0.4]), ...[1, 2, 3].map(() =>
      sign() * pick([0.3, 0.4, 0.5, 0.6, 0.7]))];
    const target = [1, 2, 3].map((t) => {
      const y = h[t] + sign() * pick([0.4, 0.5, 0.6, 0.7, 0.8, 0.9]);
      return Math.round(10 * y) / 10;
    });
    if (target.some((y) => Math.abs(y) > 1)) continue;
    const x = [1, 2, 3].map((t) => Math.atanh(h[t]) - w * h[t - 1]);
    const drawn = { w, h0: h[0], x, target };
    const apart = questions(threeSteps(drawn)).every(([, , right, wrong]) => {
      const all = [right, ...wrong.map(([value]) => value)];
      return all.every((p, k) => all.slice(k + 1).every((q) =>
        Math.abs(p - q) > 2.2 * TOLERANCE));
    });
    if (apart) return drawn;
  }
}
