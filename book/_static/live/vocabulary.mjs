/* Chapter 10's network for words, its weights rounded to a few levels
   (python -m tools.build.live.live_data words-network), and how it reads. */
import { readout, softmax, unroll, zeroState } from "./cells.mjs";
import { readData } from "./data.mjs";

export const UNKNOWN = "\ufffd"; // every word that is not in the vocabulary
const LIKELIEST = 5, WIDEST = 22;
const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
const RUNS = new RegExp(`[${WORD}]+|[^${WORD}\\p{White_Space}]+`, "gu");

/* A text for a reader, to whom that sign looks like a fault. */
export const named = (text) => text.replaceAll(UNKNOWN, "<unk>");

/* Runs of letters, digits and _, and runs of other signs. */
export const split = (text) => text.match(RUNS) ?? [];

/* A word as it fits into a drawing. */
export function short(word) {
  const signs = [...named(word)];
  return signs.length > WIDEST
    ? `${signs.slice(0, WIDEST - 1).join("")}…` : signs.join("");
}

/* What becomes of a text that a reader typed. */
export function understood({ words, ids }, failed) {
  if (failed) return "Type on to have them fetched again.";
  if (!ids.length) return "0.2 megabytes are on their way.";
  const strange = words.filter((_, k) => ids[k] === 0);
  const count = `${words.length} ${words.length === 1 ? "word" : "words"}`;
  if (!strange.length) return `It knows all of your ${count}.`;
  return `Of your ${count} it does not know ${strange.length}, which it `
    + `reads as ${named(UNKNOWN)}: ${strange.join(", ")}`;
}

export async function wordsNetwork() {
  return prepared(await readData("words-network"));
}

/* Each row of weights is a scale and one letter a weight; l is 0. */
export function prepared({ tokens, H, nats, weights }) {
  const net = { tokens, D: H, H, nats };
  for (const [name, { scale, levels }] of Object.entries(weights)) {
    const n = levels.length / scale.length;
    net[name] = Float64Array.from(levels, (letter, k) =>
      (letter.charCodeAt(0) - 108) * scale[Math.floor(k / n)]);
  }
  const place = new Map(tokens.map((token, k) => [token, k]));
  return { ...net, W_y: net.E, place };
}

/* What it expects after each word of a text that it reads from a state of
   zeros, and the bits of each word but the first; 0 is an unknown word. */
export function read(net, words) {
  const { H, E, tokens, place } = net;
  const ids = words.map((word) => place.get(word) ?? 0);
  const x = ids.map((k) => E.subarray(k * H, (k + 1) * H));
  const { y } = unroll("lstm", net, x, zeroState("lstm", H, 1));
  const p = readout(net, y, H).map((row) => softmax(row));
  const steps = p.map((row) => row.map((_, k) => k)
    .sort((i, j) => row[j] - row[i]).slice(0, LIKELIEST)
    .map((k) => [tokens[k], row[k]]));
  const bits = ids.slice(1).map((k, t) => -Math.log2(p[t][k]));
  return { ids, p, steps, bits };
}
