/* A small network that learns a rhyme, character by character. */
import {
  adam, bptt, clip, crossEntropy, generator, initLayer, initReadout,
  readout, readoutBack, softmax, unroll, zeroState, zeros,
} from "./cells.mjs";

const HOUSE = ["house that Jack built", "malt that lay in the",
  "rat that ate the", "cat that killed the", "dog that worried the",
  "cow with the crumpled horn that tossed the",
  "maiden all forlorn that milked the",
  "man all tattered and torn that kissed the",
  "priest all shaven and shorn that married the",
  "cock that crowed in the morn that woke the",
  "farmer sowing his corn that kept the"];

/* The House That Jack Built (1755): each verse repeats the ones before. */
export const TEXT = HOUSE.map((_, n) =>
  `This is the ${HOUSE.slice(0, n + 1).reverse().join(" ")}.\n`).join("");
export const ALPHABET = [...new Set(TEXT)].sort();
const K = ALPHABET.length, IDS = [...TEXT].map((c) => ALPHABET.indexOf(c));
export const GUESS = Math.log2(K); // bits of the next of K characters

/* Windows of T characters in B lanes; the state is carried along a lane. */
export class Writer {
  constructor(seed, H = 48, B = 4, T = 24) {
    const random = generator(seed);
    Object.assign(this, { H, B, T, at: 0, memory: {}, bits: [],
      layer: initLayer("rnn", K, H, random),
      out: initReadout(H, K, random), state: zeroState("rnn", H, B) });
  }

  /* T + 1 rows of B characters, from the place that was reached. */
  window() {
    const { B, T, at } = this, lane = Math.floor(IDS.length / B);
    return Array.from({ length: T + 1 }, (_, t) => Array.from({ length: B },
      (_, b) => IDS[(b * lane + at + t) % IDS.length]));
  }

  gradient(ids) {
    const { layer, out, H, B } = this;
    const x = ids.slice(0, -1).map((row) => {
      const one = zeros(B * K);
      row.forEach((k, b) => { one[b * K + k] = 1; });
      return one;
    });
    const run = unroll("rnn", layer, x, this.state);
    const { loss, d_logits } =
      crossEntropy(readout(out, run.y, H), ids.slice(1));
    const { d_y, ...d_out } = readoutBack(d_logits, out, run.y, H);
    const { d_params } = bptt("rnn", layer, run.tape, d_y,
      zeroState("rnn", H, B));
    return { loss, gradient: { ...d_params, ...d_out }, state: run.state };
  }

  /* One update, and one window further. */
  step(rate = 0.005, limit = 1) {
    const { loss, gradient, state } = this.gradient(this.window());
    clip(gradient, limit);
    adam({ ...this.layer, ...this.out }, gradient, this.memory, rate);
    this.state = state;
    this.at = (this.at + this.T) % IDS.length;
    this.bits.push(loss / Math.LN2);
  }

  /* Characters drawn one by one, each read before the next. */
  write(length, random, temperature = 0.7) {
    let state = zeroState("rnn", this.H, 1), text = "", k = 0; // a new line
    while (text.length < length) {
      const one = zeros(K);
      one[k] = 1;
      const run = unroll("rnn", this.layer, [one], state);
      state = run.state;
      const p = softmax(readout(this.out, run.y, this.H)[0], temperature);
      let left = random();
      k = p.findIndex((share) => (left -= share) < 0);
      text += ALPHABET[k < 0 ? (k = K - 1) : k];
    }
    return text;
  }
}
