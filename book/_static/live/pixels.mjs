/* Small grey pictures: a digit a pixel, g to z for 2 to 21 zeros. */
import { make } from "./base.mjs";

export function unpack(text) {
  const all = text.replace(/[g-z]/g, (letter) =>
    "0".repeat(parseInt(letter, 36) - 14));
  return [...all].map((digit) => parseInt(digit, 16));
}

/* One path a grey, on black. */
export function picture(parent, text, S, x, y, size) {
  const unit = size / S, paths = {};
  unpack(text).forEach((v, k) => {
    if (v) {
      (paths[v] ??= []).push(`M${(x + (k % S) * unit).toFixed(1)} ${
        (y + Math.floor(k / S) * unit).toFixed(1)}`);
    }
  });
  const u = (unit + 0.2).toFixed(1), all = make(parent, "g");
  make(all, "rect", { x, y, width: size, height: size, fill: "#000" });
  for (const [v, d] of Object.entries(paths)) {
    make(all, "path", { fill: "#fff", "fill-opacity": (v / 15).toFixed(2),
      d: d.map((m) => `${m}h${u}v${u}h-${u}z`).join("") });
  }
  return all;
}
