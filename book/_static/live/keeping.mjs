/* What a gate keeps: a unit's memory, and its half-life. */
import { unroll, zeroState, zeros } from "./cells.mjs";

export const SHUT = -5; // the bias that a gate falls to

/* The steps over which a gate sigma(b) keeps half. */
export const halfLife = (b) => Math.LN2 / Math.log1p(Math.exp(-b));

/* For each bias of the gate that keeps, a unit's c (of a GRU, h) after each
   step. The candidate is 1 at a mark, else 0; f, or z, may fall there. */
export function kept(cell, biases, marks, falls) {
  const H = biases.length;
  const keep = (b) => [falls ? SHUT - b : 0, b], open = () => [0, 40];
  const write = () => [40, 0], half = () => [0, 0]; // [W_x, b_x]
  const gates = cell === "lstm" ? [open, keep, write, open]
    : [half, keep, write]; // i, f, g, o; r, z, n
  const all = gates.flatMap((gate) => biases.map(gate));
  const layer = { D: 1, H, W_x: all.map(([w]) => w), W_h: zeros(
    all.length * H), b_x: all.map(([, b]) => b), b_h: zeros(all.length) };
  const { state, tape } = unroll(cell, layer, marks.map((x) => [x]),
    zeroState(cell, H, 1));
  const rows = [...tape.caches.slice(1).map(({ c_before, h_before }) =>
    c_before ?? h_before), state.at(-1)];
  return biases.map((_, k) => rows.map((row) => row[k]));
}
