/* <live-unrolled>: the unrolled graph of three steps, a number on every
   edge, forward and then backward, one step at a time. */
import { LiveFigure, judge, line, make, show } from "./base.mjs";
import { drag } from "./grips.mjs";
import { TOLERANCE, exercise, questions, threeSteps } from "./graph.mjs";

const SUB = ["₀", "₁", "₂", "₃"];
const LAST = 22, ASKED = 18; // events; where an exercise stops

/* Two digits, or three where the third is not 0. */
function number(value) {
  const short = Math.abs(100 * value - Math.round(100 * value)) < 1e-6;
  return show(value, short ? 2 : 3);
}

/* When a number is known: the events of step t. */
const SINCE = {
  a: (t) => 3 * t - 2, h: (t) => 3 * t - 1, loss: (t) => 3 * t,
  d_y: (t) => 10 + 4 * (3 - t), d_h: (t) => 11 + 4 * (3 - t),
  d_a: (t) => 12 + 4 * (3 - t), share: (t) => 13 + 4 * (3 - t),
};

class Unrolled extends LiveFigure {
  static fields = {
    w: [0.5, -2, 2, 0.05], h0: [0.2, -0.95, 0.95, 0.05],
    x1: [Math.atanh(0.5) - 0.1, -2, 2, 0.05],
    x2: [Math.atanh(0.6) - 0.25, -2, 2, 0.05],
    x3: [Math.atanh(-0.5) - 0.3, -2, 2, 0.05],
    y1: [0.86, -1, 1, 0.05], y2: [0.25, -1, 1, 0.05],
    y3: [-0.9, -1, 1, 0.05],
    step: [0, 0, LAST, 1], seed: [0, 0, 999999, 1],
  };

  controls() {
    const steps = this.group();
    this.button(steps, "◀ Back", () => this.move(-1));
    this.button(steps, "Next ▶", () => this.move(1));
    this.slider(steps, "step", "Numbers worked out", 0, (k) => `${k}`);
    const values = this.group("Drag a number in the drawing, or type it");
    for (const [name, label] of [["w", "w"], ["h0", "h₀"], ["x1", "x₁"],
      ["x2", "x₂"], ["x3", "x₃"], ["y1", "target 1"], ["y2", "target 2"],
      ["y3", "target 3"]]) this.number(values, name, label);
    this.task = this.group();
    this.button(this.task, "New numbers: an exercise", () => this.change({
      seed: 1 + Math.floor(Math.random() * 999999) }));
    this.form = make(this.panel, "fieldset");
    make(this.form, "legend", {}, "What travels backward through step 1?");
    this.rows = "ABCDE".split("").map((letter, k) => {
      const row = make(this.form, "form", { class: "controls" });
      const label = make(row, "label");
      make(label, "span");
      const input = make(label, "input", { class: "answer",
        autocomplete: "off" });
      make(row, "button", {}, "Check");
      const verdict = make(row, "output",
        { class: "verdict", "aria-live": "polite" });
      row.addEventListener("submit", (event) => {
        event.preventDefault();
        const [, , answer, mistakes] = questions(this.run_)[k];
        verdict.textContent = judge(input.value, answer, mistakes,
          TOLERANCE);
        if (verdict.textContent.startsWith("✓")) this.solved.add(letter);
        this.update();
      });
      return { letter, label: label.firstChild, input, verdict };
    });
  }

  move(by) {
    const most = this.state.seed ? ASKED : LAST;
    const step = Math.min(Math.max(this.state.step + by, 0), most);
    this.change({ step });
  }

  changed(changes) {
    this.solved ??= new Set();
    if (changes.seed) {
      const { w, h0, x, target } = exercise(this.state.seed);
      const [x1, x2, x3] = x, [y1, y2, y3] = target;
      Object.assign(this.state,
        { w, h0, x1, x2, x3, y1, y2, y3, step: ASKED });
      this.solved = new Set();
      for (const { input, verdict } of this.rows) {
        input.value = verdict.textContent = "";
      }
    } else if (Object.keys(changes).some((name) => name !== "step")) {
      this.state.seed = 0;
    }
    if (this.state.seed) {
      this.state.step = Math.min(this.state.step, ASKED);
    }
  }

  /* An exercise's numbers follow from its seed. */
  address() {
    const { seed, step } = this.state;
    return seed ? `#${this.id}?seed=${seed}&step=${step}` : super.address();
  }

  build() {
    const left = this.narrow ? 30 : 38, column = (this.width - left - 16) / 3;
    const X = [0, 1, 2, 3].map((t) => left + column * (t - 0.5));
    const Y = { loss: 62, h: 148, tanh: 228, box: 322, x: 404, w: 468 };
    this.edges = {};
    this.texts = {};
    const svg = this.svg;
    const edge = (name, d) => {
      this.edges[name] = make(svg, "path", { class: "edge", d });
    };
    const text = (name, x, y, kind = "") => {
      this.texts[name] = make(svg, "text",
        { x, y, class: kind, "paint-order": "stroke",
          stroke: "var(--paper)", "stroke-width": 5 });
      return this.texts[name];
    };
    const box = (x, y, wide, words) => {
      make(svg, "rect", { class: "box", x: x - wide / 2, y: y - 15,
        width: wide, height: 30, rx: 5 });
      make(svg, "text", { class: "middle", x, y: y + 5 }, words);
    };
    const w = [X[2] - 16, Y.w];
    for (const t of [1, 2, 3]) {
      const x = X[t];
      edge(`w${t}`, `M${w}H${x - 16}V${Y.box + 16}`);
      edge(`x${t}`, `M${x + 14} ${Y.x - 14}V${Y.box + 16}`);
      edge(`a${t}`, `M${x} ${Y.box - 15}V${Y.tanh + 16}`);
      edge(`h${t}`, `M${x} ${Y.tanh - 15}V${Y.h}`);
      edge(`y${t}`, `M${x} ${Y.h}V${Y.loss + 16}`);
      const from = t === 1 ? [4, Y.h] : [X[t - 1], Y.h];
      const bend = x - column / 2;
      edge(`r${t}`, `M${from}C${bend} ${Y.h} ${bend} ${Y.h} ${bend} `
        + `${Y.tanh}S${bend} ${Y.box} ${x - 29} ${Y.box}`);
    }
    for (const t of [1, 2, 3]) {
      const x = X[t], bend = x - column / 2;
      const y = (a, b) => (a + b) / 2 + 5;
      box(x, Y.loss, 46, "loss");
      box(x, Y.tanh, 46, this.cell ?? "tanh");
      box(x, Y.box, 58, "wh + x");
      make(svg, "circle", { class: "dot", cx: x, cy: Y.h, r: 4 });
      text(`x${t}`, x - (this.narrow ? 8 : 4), Y.x + 2);
      text(`dx${t}`, x + 19, y(Y.x, Y.box), "back");
      const both = (name, at) => { // beside an edge, or one below the other
        text(name, x + (this.narrow ? 6 : -6), at - 14 * this.narrow,
          this.narrow ? "" : "end");
        text(`d${name}`, x + 6, at, "back");
      };
      both(`a${t}`, y(Y.tanh, Y.box) - 10 * this.narrow);
      both(`h${t}`, y(Y.tanh, Y.h) + 7 * this.narrow);
      text(`l${t}`, x, Y.loss - 22, "middle");
      text(`y${t}`, x, Y.loss - 42, "middle");
      text(`dy${t}`, x + 6, y(Y.loss, Y.h), "back");
      const turn = Y.tanh + (this.narrow ? 58 : -2);
      if (t === 1) text("r1", 4, Y.h - 9);
      else text(`r${t}`, bend, turn, "middle");
      text(`dr${t}`, bend, turn + 16, "middle back");
      text(`share${t}`, x - 21, Y.w - 18, "back end");
    }
    make(svg, "circle", { class: "dot", cx: w[0], cy: w[1], r: 5 });
    text("w", w[0] + 10, Y.w + 20);
    text("dw", w[0] - 10, Y.w + 20, "back end");
    for (const name of ["w", "x1", "x2", "x3", "y1", "y2", "y3"]) {
      drag(this, this.texts[name], name);
    }
    drag(this, this.texts.r1, "h0");
    return 496;
  }

  /* All numbers of the three steps. */
  numbers() {
    const s = this.state;
    return threeSteps({ w: s.w, h0: s.h0, x: [s.x1, s.x2, s.x3],
      target: [s.y1, s.y2, s.y3] });
  }

  /* The way back through the cell, and past its product, in words. */
  slope(t) {
    return `times the slope of tanh, 1 − h${SUB[t]}² = `
      + number(1 - this.run_.h[t] ** 2);
  }

  past() { return ""; }

  draw() {
    const s = this.state;
    this.run_ = this.numbers();
    const run = this.run_, asked = s.seed > 0 && s.step >= ASKED;
    const is = this.narrow ? "=" : " = ";
    const put = (name, since, value, prefix = "", words = number) => {
      this.texts[name].textContent =
        s.step >= since ? prefix + words(value) : "";
    };
    put("w", 0, s.w, "w = ");
    for (const t of [1, 2, 3]) {
      put(`y${t}`, 0, s[`y${t}`], this.narrow ? "ĥ " : "target ", show);
      put(`x${t}`, 0, s[`x${t}`], `x${SUB[t]}${is}`, show);
      put(`r${t}`, t === 1 ? 0 : SINCE.h(t - 1), run.h[t - 1],
        t === 1 ? `h₀${is}` : "", show);
      put(`a${t}`, SINCE.a(t), run.a[t], "", show);
      put(`h${t}`, SINCE.h(t), run.h[t], "", show);
      put(`l${t}`, SINCE.loss(t), run.losses[t]);
      put(`dy${t}`, SINCE.d_y(t), run.d_y[t]);
      put(`dh${t}`, SINCE.d_h(t), run.d_h[t]);
      put(`da${t}`, SINCE.d_a(t), run.d_a[t]);
      put(`dx${t}`, SINCE.share(t), (run.d_x ?? run.d_a)[t]);
      put(`share${t}`, SINCE.share(t), run.share[t]);
      put(`dr${t}`, SINCE.share(t), run.back[t]);
    }
    put("dw", LAST, run.d_w);
    if (asked) this.drawLetters();
    this.form.hidden = s.seed === 0;
    questions(run).forEach(([letter, what], k) => {
      this.rows[k].label.textContent = `${letter}. ${what}`;
    });
    const [, hot] = this.event();
    for (const [name, node] of Object.entries(this.edges)) {
      node.classList.toggle("hot", hot.includes(name));
    }
  }

  drawLetters() {
    const places = { A: "dh1", B: "da1", C: "share1", D: "dr1", E: "dw" };
    for (const [, [letter, , answer]] of
      questions(this.run_).entries()) {
      const shown = this.solved.has(letter) ? number(answer) : letter;
      this.texts[places[letter]].textContent = shown;
      if (letter === "B") this.texts.dx1.textContent = shown;
    }
  }

  /* What the last event did: words, and the edges it went along. */
  event() {
    const { step, seed, w } = this.state, run = this.run_;
    const n = number;
    if (step === 0) return ["Nothing is worked out yet.", []];
    if (step === LAST) {
      return ["Add: the dot w is read three times, so its gradient is "
        + `${[1, 2, 3].map((t) => n(run.share[t])).join(" + ")} = `
        + `${n(run.d_w)}.`, ["w1", "w2", "w3"]];
    }
    if (step < 10) {
      const t = Math.ceil(step / 3), at = SUB[t];
      return [
        [`Forward, step ${t}: a${at} = w h${SUB[t - 1]} + x${at} = `
          + `${n(w)} × ${show(run.h[t - 1])} + `
          + `${show(this.state[`x${t}`])} = ${show(run.a[t])}.`, [`r${t}`, `w${t}`, `x${t}`]],
        [`Forward, step ${t}: h${at} = ${this.cell ?? "tanh"}(`
          + `${show(run.a[t])}) = ${show(run.h[t])}.`, [`a${t}`]],
        [`The loss of step ${t}: half the square of ${show(run.h[t])} minus `
          + `${show(this.state[`y${t}`])}, ${n(run.losses[t])}.`,
        [`h${t}`, `y${t}`]],
      ][(step - 1) % 3];
    }
    const t = 3 - Math.floor((step - 10) / 4), at = SUB[t];
    if (seed && step === ASKED) {
      return ["Steps 3 and 2 are done, and the loss of step 1 sends "
        + `${n(run.d_y[1])}. The letters A to E are yours.`, ["y1"]];
    }
    const later = t < 3
      ? `${n(run.d_y[t])} from the loss plus ${n(run.back[t + 1])} from `
        + `step ${t + 1}`
      : "only the loss reads it";
    return [
      [`Backward: the loss of step ${t} sends h${at} minus its target, `
        + `${n(run.d_y[t])}.`, [`y${t}`]],
      [`Backward: at h${at}, ${later}: dh${at} = ${n(run.d_h[t])}.`,
        t < 3 ? [`y${t}`, `r${t + 1}`] : [`y${t}`]],
      [`Backward: ${this.slope(t)}: da${at} = ${n(run.d_a[t])}.`,
        [`h${t}`]],
      [`Backward: ${n((run.d_x ?? run.d_a)[t])} goes to x${at}; `
        + `${n(run.d_a[t])} times h${SUB[t - 1]} is w's share, `
        + `${n(run.share[t])}; times w${this.past(t)} it goes back to `
        + `h${SUB[t - 1]}, ${n(run.back[t])}.`,
      [`a${t}`, `w${t}`, `x${t}`, `r${t}`]],
    ][(step - 10) % 4];
  }

  says() {
    const total = this.state.step >= 9 ?
      ` The loss of all three steps is ${number(this.run_.loss)}.` : "";
    return this.event()[0] + total;
  }
}

customElements.define("live-unrolled", Unrolled);
