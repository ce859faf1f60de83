/* The small networks that read letters: python -m tools.build.live.train_figure_networks. */
import { readout, unroll, zeroState, zeros } from "./cells.mjs";
import { readData } from "./data.mjs";

/* The numbers of the "lstm" or the "gru". */
export async function network(cell) {
  return prepared(await readData(`letters-${cell}`));
}

export function prepared(net) {
  for (const name of ["W_x", "W_h", "b_x", "b_h", "W_y", "b_y"]) {
    net[name] = Float64Array.from(net[name]);
  }
  return { ...net, D: net.alphabet.length };
}

/* Read a text; what is not in the alphabet is read as "_". */
export function read(cell, net, text, state) {
  const x = [...text].map((letter) => {
    const one = zeros(net.D), k = net.alphabet.indexOf(letter);
    one[k < 0 ? net.alphabet.indexOf("_") : k] = 1;
    return one;
  });
  const run = unroll(cell, net, x, state ?? zeroState(cell, net.H, 1));
  return { ...run, logits: readout(net, run.y, net.H) };
}
