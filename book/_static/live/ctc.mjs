/* <live-ctc>: paths through six frames, and the word that they spell. */
import { LiveFigure, line, make, show } from "./base.mjs";
import { ctcForward, readPath } from "./formulas.mjs";

const SIGNS = "-ab"; // 0 is the blank
const WORDS = { ab: "ab", aa: "aa", ba: "ba", a: "a", aba: "aba" };
/* What a network might say of each frame: blank, a, b. */
const P = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.5, 0.4, 0.1],
  [0.3, 0.3, 0.4], [0.2, 0.1, 0.7], [0.6, 0.1, 0.3]];

class Ctc extends LiveFigure {
  static fields = {
    word: ["ab", Object.keys(WORDS)], path: ["-aa-b-", P.length],
  };

  allowed(read) {
    const found = super.allowed(read);
    if (!/^[-ab]{6}$/.test(found.path)) delete found.path;
    return found;
  }

  controls() {
    const row = this.group();
    this.choice(row, "word", "The word", WORDS);
    const path = this.group("One path: a sign for each frame");
    P.forEach((_, t) => {
      const id = `${this.id}-${t}`, row = make(path, "div",
        { class: "pick" });
      make(row, "label", { for: id }, `Frame ${t + 1}`);
      const select = make(row, "select", { id });
      for (const sign of SIGNS) make(select, "option", {}, sign);
      select.addEventListener("change", () => this.put(t, select.value));
      this.syncs.push(() => { select.value = this.state.path[t]; });
    });
  }

  put(t, sign) {
    const { path } = this.state;
    this.change({ path: path.slice(0, t) + sign + path.slice(t + 1) });
  }

  changed(changes) {
    if (changes.word) this.fresh = true;
  }

  work() {
    const labels = [...this.state.word].map((s) => SIGNS.indexOf(s));
    this.path = [...this.state.path].map((s) => SIGNS.indexOf(s));
    this.forward = ctcForward(P, labels);
    this.reads = readPath(this.path).map((k) => SIGNS[k]).join("");
    this.p = this.path.reduce((p, k, t) => p * P[t][k], 1);
  }

  build() {
    this.work();
    this.cells = make(this.svg, "g");
    return 62 + 46 * this.forward.states.length;
  }

  /* The path's states, if it spells the word; else null. */
  states() {
    if (this.reads !== this.state.word) return null;
    let s = -1, last = null;
    return this.path.map((k) => {
      if (k !== last) {
        if (k === 0) s = last === null ? 0 : s + 1;
        else s += last === 0 ? 1 : 2;
      }
      last = k;
      return s;
    });
  }

  draw() {
    this.work();
    const { states, sums } = this.forward, svg = this.cells;
    svg.replaceChildren();
    const left = 44, w = (this.width - left - 6) / P.length;
    const x = (t) => left + (t + 0.5) * w, y = (s) => 62 + 46 * s;
    P.forEach((_, t) => make(svg, "text", { class: "small middle", x: x(t),
      y: 14 }, this.narrow ? `${t + 1}` : `frame ${t + 1}`));
    make(svg, "text", { class: "small", x: 2, y: 34 }, "path");
    this.path.forEach((k, t) => make(svg, "text", { class: "strong middle",
      x: x(t), y: 35 }, SIGNS[k].replace("-", "–")));
    const on = this.states();
    if (on) {
      line(svg, on.map((s, t) => [x(t), y(s) + 8]),
        { class: "curve", stroke: "var(--forget)", "stroke-width": 5 });
    }
    states.forEach((k, s) => {
      make(svg, "text", { x: 20, y: y(s) + 13, class: "middle" },
        k ? SIGNS[k] : "–");
      P.forEach((_, t) => {
        const mine = on?.[t] === s, v = sums[t][s];
        const cell = make(svg, "g");
        make(cell, "rect", { class: "box", x: x(t) - w * 0.42,
          y: y(s) - 7, width: w * 0.84, height: 30, rx: 4,
          ...(mine ? { style: "stroke:var(--forget);stroke-width:3" }
            : {}) });
        make(cell, "text", { class: "small middle", x: x(t), y: y(s) + 12,
          opacity: v ? 1 : 0.6 },
        v === 0 ? "0" : this.narrow ? show(v, 3).replace("0.", ".") : show(v, 4));
        cell.style.cursor = "pointer";
        cell.addEventListener("click", () => this.put(t, SIGNS[k]));
      });
    });
  }

  says() {
    const total = this.forward.total, path = this.state.path;
    const share = this.reads === this.state.word
      ? ` It is one of the paths that spell “${this.state.word}”.`
      : ` It is none of the paths that spell “${this.state.word}”.`;
    return `The path ${path.replaceAll("-", "–")} reads `
      + `“${this.reads}”, with probability ${this.p.toPrecision(2)}.`
      + `${share} All of those together have ${total.toPrecision(3)}, the `
      + "sum of the last two numbers of the last frame.";
  }
}

customElements.define("live-ctc", Ctc);
