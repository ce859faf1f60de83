/* <live-memory>: what 8 by 8 numbers still know of what was written. */
import { LiveFigure, make, show } from "./base.mjs";
import { generator } from "./cells.mjs";
import { dot, fittedMatrix, matrixMemory } from "./formulas.mjs";

const D = [0, 1, 2, 3, 4, 5, 6, 7], DRAWS = 99;
const RULES = { hebb: "Hebb’s", delta: "delta", fitted: "least squares" };
const KINDS = { latest: "candidate", older: "input", another: "forget" };

class Memory extends LiveFigure {
  static fields = {
    rule: ["hebb", ["hebb", "delta", "fitted"]], N: [8, 1, 16, 1],
    again: [0, 0, 16, 1], alpha: [1, 0.5, 1, 0.01], seed: [1, 1, DRAWS, 1],
  };

  controls() {
    const row = this.group();
    this.choice(row, "rule", "Rule", RULES);
    this.button(row, "Other keys", () =>
      this.change({ seed: 1 + (this.state.seed % DRAWS) }));
    this.slider(row, "N", "Keys", 0);
    this.slider(row, "again", "Written again", 0, () => `${this.twice}`);
    this.slider(row, "alpha", "Kept per step");
  }

  build() {
    this.marks = make(this.svg, "g");
    return this.narrow ? 356 : 202;
  }

  /* Random keys with random values, and which value each reads then. */
  read(seed) {
    const { rule, N, again, alpha } = this.state, random = generator(seed);
    const keys = Array.from({ length: N }, () => {
      const k = D.map(() => 2 * random() - 1);
      const length = Math.sqrt(dot(k, k)), first = Math.floor(8 * random());
      return { k: k.map((v) => v / length),
        values: [first, (first + 1 + Math.floor(7 * random())) % 8] };
    });
    this.twice = Math.min(again, N);
    const writes = [...keys, ...keys.slice(0, this.twice)];
    const pairs = [writes.map(({ k }) => k), writes.map(({ values }, t) =>
      D.map((j) => Number(values[Number(t >= N)] === j)))]; // one-hot
    const S = rule === "fitted" ? fittedMatrix(...pairs, alpha)
      : matrixMemory(rule, ...pairs, alpha);
    return { S, reads: keys.map(({ k, values }, j) => {
      const y = S.map((row) => dot(row, k));
      const found = y.indexOf(Math.max(...y)), second = j < this.twice;
      return found === values[Number(second)] ? "latest"
        : found === values[0] ? "older" : "another";
    }) };
  }

  draw() {
    const g = this.marks, { S, reads } = this.read(this.state.seed);
    this.reads = reads;
    g.replaceChildren();
    make(g, "text", { class: "small strong", x: 4, y: 14 }, "State S: blue above 0");
    const top = Math.max(...S.flat().map(Math.abs));
    S.forEach((row, i) => row.forEach((s, j) =>
      make(g, "rect", { x: 4 + j * 22, y: 24 + i * 22, width: 22,
        height: 22, stroke: "var(--line)", "fill-opacity":
        Math.abs(s) / top, fill: `var(--${s < 0 ? "forget" : "input"})` })));
    const [x, y] = this.narrow ? [4, 226] : [240, 14];
    make(g, "text", { class: "small strong", x, y },
      "The value that each key reads");
    const step = Math.min(30, (this.width - x - 4) / reads.length);
    Object.entries(KINDS).forEach(([kind, colour], r) => {
      reads.forEach((read, j) => make(g, "rect", { x: x + j * step,
        y: y + 10 + 42 * r, width: step - 3, height: 18,
        stroke: "var(--faint)",
        fill: read === kind ? `var(--${colour})` : "none" }));
      make(g, "text", { class: "small", x, y: y + 41 + 42 * r }, kind);
    });
  }

  says() {
    const { rule, N } = this.state;
    const share = (reads) =>
      reads.filter((read) => read === "latest").length / reads.length;
    const all = Array.from({ length: DRAWS }, (_, k) =>
      this.read(k + 1).reads).flat();
    const name = { ...RULES, delta: "Delta", fitted: "Least squares" }[rule];
    return `${name}${rule === "fitted" ? "" : " rule"}, ${N} keys, ${
      this.twice} of them written again: ${show(N * share(this.reads), 0)} `
      + `read their latest value. Over ${DRAWS} draws of keys it is ${
        show(100 * share(all), 0)} %.`;
  }
}

customElements.define("live-memory", Memory);
