/* <live-beam>: a beam search grows, over stored log probabilities. */
import { LiveFigure, make, show } from "./base.mjs";

const END = 2, STEPS = 30;

export const penalty = (length, alpha) => ((5 + length) / 6) ** alpha;

/* `after` gives [token, log p] for each beginning, "" or "305 317". Each
   step holds the beginnings that live and those that ended, best first;
   `from` is the row of the step before. */
export function search(after, width, limit, alpha) {
  let live = [{ tokens: [], p: 0 }], ended = [];
  const steps = [{ live, ended }];
  for (let n = 1; n <= limit; n++) {
    const found = live.flatMap((one, from) =>
      after[one.tokens.join(" ")].map(([token, more]) =>
        ({ from, token, before: one.tokens, p: one.p + more })))
      .sort((a, b) => b.p - a.p).slice(0, 2 * width);
    const more = found.filter(({ token }, rank) =>
      token === END && rank < width).map(({ before, p }) =>
      ({ tokens: before, p, score: p / penalty(n, alpha) }));
    live = found.filter(({ token }) => token !== END).slice(0, width)
      .map(({ from, token, before, p }) =>
        ({ from, tokens: [...before, token], p }));
    ended = [...ended, ...more].sort((a, b) => b.score - a.score)
      .slice(0, width);
    steps.push({ live, ended });
    if (ended.length === width &&
      live[0].p / penalty(limit, alpha) <= ended.at(-1).score) break;
  }
  return steps;
}

class Beam extends LiveFigure {
  static data = "beams";
  static fields = {
    width: [2, 1, 4, 1], alpha: [6, 0, 10, 1], n: [4, 0, STEPS, 1],
  };

  controls() {
    const row = this.group();
    this.button(row, "Next step", () => this.change({ n: this.now + 1 }));
    this.button(row, "To the end", () => this.change({ n: STEPS }));
    this.slider(row, "width", "Beam width", 0);
    this.slider(row, "alpha", "Length penalty", 1, (a) => show(a / 10, 1));
  }

  tall() { return 330; }

  text(tokens) {
    return tokens.map((k) => this.data.pieces[k]).join("");
  }

  draw() {
    const { width, alpha, n } = this.state, { after, limit } = this.data;
    this.steps = search(after, width, limit, alpha / 10);
    this.now = Math.min(n, this.steps.length - 1);
    const g = this.sheet(), last = this.steps[this.now];
    const gap = Math.min((this.width - 40) / this.steps.length, 40);
    const apart = Math.min(72 / Math.max(width - 1, 1), 36);
    const x = (k) => 14 + gap * k, y = (row) => 26 + apart * row;
    make(g, "text", { class: "small strong", x: 4, y: 12 },
      `Beginnings kept${this.narrow ? "" : ", step by step, the likeliest "
        + "on top"}`);
    for (let k = 1; k <= this.now; k++) {
      this.steps[k].live.forEach((one, row) => make(g, "path", {
        class: "edge", d: `M${x(k - 1)} ${y(one.from)}L${x(k)} ${y(row)}` }));
    }
    this.steps.forEach(({ live }, k) => live.forEach((_, row) =>
      make(g, "circle", { cx: x(k), cy: y(row), r: k > this.now ? 2 : 5,
        fill: `var(--${k > this.now ? "line" : k < this.now ? "input"
          : "forget"})` })));
    const room = Math.floor((this.width - 70) / (this.narrow ? 9.4 : 8.4));
    const row = (one, value, at, kind) => {
      const words = this.text(one.tokens) || "(nothing yet)";
      make(g, "text", { class: `small end ${kind}`, x: 54, y: at },
        show(value));
      make(g, "text", { class: `small ${kind}`, x: 62, y: at },
        words.length > room ? `…${words.slice(1 - room)}` : words);
    };
    const lists = [["log p, and the beginning", last.live, "p"],
      ["score, and what has ended", last.ended, "score"]];
    lists.forEach(([title, list, key], part) => {
      const top = 134 + 104 * part;
      make(g, "text", { class: "small strong", x: 4, y: top }, title);
      if (!list.length) {
        make(g, "text", { class: "small faint", x: 20, y: top + 20 },
          "nothing yet");
      }
      list.forEach((one, k) => row(one, one[key], top + 20 + 19 * k,
        part && this.text(one.tokens) === this.data.truth ? "strong" : ""));
    });
  }

  says() {
    const { width, alpha } = this.state, { live, ended } =
      this.steps[this.now], { source, truth } = this.data;
    const done = this.now === this.steps.length - 1;
    const text = this.text((done ? ended : live)[0].tokens).trim();
    return `“${source}”, a beam of ${width}, length penalty ${
      show(alpha / 10, 1)}, step ${this.now} of ${this.steps.length - 1}: ${done
      ? `it found “${text}”, ${text === truth ? "which is right"
        : `where “${truth}” is right`}.`
      : `${live.length} ${live.length === 1 ? "beginning is" :
        "beginnings are"} kept, the likeliest “${text}”, and ${
        ended.length} ended.`}`;
  }
}

customElements.define("live-beam", Beam);
