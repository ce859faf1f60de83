/* <live-scan>: a linear recurrence as a loop and as a tree of rounds. */
import { LiveFigure, make, show } from "./base.mjs";
import { generator } from "./cells.mjs";
import { linearLoop, linearScan } from "./formulas.mjs";

class Scan extends LiveFigure {
  static fields = { T: [8, 2, 16, 1], round: [3, 0, 16, 1] };

  controls() {
    const row = this.group();
    this.slider(row, "T", "Steps", 0);
    this.slider(row, "round", "Time", 0, (v) => `${v}`);
  }

  changed() {
    this.fresh = true;
  }

  build() {
    const { T } = this.state, random = generator(1);
    const draw = () => Array.from({ length: T }, () =>
      Math.round(20 * (2 * random() - 1)) / 20);
    this.a = draw();
    this.u = draw();
    this.loop = linearLoop(this.a, this.u);
    this.scan = linearScan(this.a, this.u);
    this.most = Math.max(T, this.scan.rounds.length);
    this.state.round = Math.min(this.state.round, this.most);
    this.marks = make(this.svg, "g");
    return 124 + 34 * this.scan.rounds.length;
  }

  draw() {
    const { T, round } = this.state, g = this.marks;
    this.querySelector(`#${CSS.escape(this.id)}-round`).max = this.most;
    g.replaceChildren();
    const left = this.narrow ? 6 : 90, w = (this.width - left - 6) / T;
    const x = (t) => left + t * w;
    const bar = (from, to, y, done, words) => {
      make(g, "rect", { x: x(from) + 1, width: (to - from + 1) * w - 3, y,
        height: 24, rx: 3, fill: done ? "var(--input)" : "var(--soft)",
        stroke: "var(--faint)" });
      if (words && w > 30) {
        make(g, "text", { class: "small middle", x: x(to) + w / 2 - 1,
          y: y + 17, style: `fill: var(${done ? "--paper" : "--ink"})` },
        w < 46 ? words.replace("0.", ".") : words);
      }
    };
    const label = (words, y) => make(g, "text", { class: "small strong",
      x: 4, y }, words);
    label("Loop", 14);
    for (let t = 0; t < T; t++) {
      const done = t < round;
      bar(t, t, 22, done, done ? show(this.loop[t]) : "");
    }
    label("Scan", 70);
    this.known = new Set([0]);
    this.scan.rounds.forEach((list, k) => {
      const y = 78 + 34 * k, done = k < round;
      if (!this.narrow) {
        make(g, "text", { class: "small end", x: left - 8, y: y + 17 },
          `round ${k + 1}`);
      }
      for (const { from, to, h } of list) {
        if (done && h) this.known.add(to);
        bar(from, to, y, done, done && h ? show(this.scan.h[to]) : "");
      }
    });
    const y = 90 + 34 * this.scan.rounds.length;
    for (let t = 0; t < T; t++) {
      make(g, "text", { class: "small middle", x: x(t) + w / 2, y: y + 8 },
        `${t + 1}`);
    }
    make(g, "text", { class: "small middle", x: left + (T * w) / 2,
      y: y + 26 }, "step");
  }

  says() {
    const { T, round } = this.state, n = this.scan.rounds.length;
    const loop = Math.min(round, T);
    const known = round === 0 ? 1 : this.known.size;
    return `${T} steps. After time ${round} the loop has ${loop} `
      + `${loop === 1 ? "state" : "states"} and the scan `
      + `${known}. The loop needs ${T} rounds, the scan ${n}: a bar is a `
      + "run of steps that were joined to one, and a number in it is a "
      + `state. The last state is ${show(this.loop.at(-1))} both ways.`;
  }
}

customElements.define("live-scan", Scan);
