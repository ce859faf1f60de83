/* <live-clocks cell="lstm"> or "gru": how long a gate's bias keeps what
   came in; of the GRU two units, of the LSTM one. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { sigmoid } from "./cells.mjs";
import { SHUT, halfLife, kept } from "./keeping.mjs";

const T = 60;

class Clocks extends LiveFigure {
  static fields = {
    cell: ["lstm", ["lstm", "gru"]], b: [1, -2, 6, 0.1],
    b2: [3, -2, 6, 0.1], z: ["stays", ["stays", "falls"]],
    t: [20, 1, T, 1], marks: ["....x".padEnd(T, "."), T],
  };

  start() {
    const state = super.start(); // the cell is the page's
    return { ...state, cell: this.state?.cell ?? state.cell };
  }

  allowed(read) {
    const found = super.allowed(read);
    if (this.state) delete found.cell;
    if (!/^[.x]{60}$/.test(found.marks)) delete found.marks;
    return found;
  }

  controls() {
    const row = this.group(), z = (b) => show(sigmoid(b), 3);
    if (this.state.cell === "lstm") {
      this.slider(row, "b", "Forget bias", 1);
    } else {
      this.slider(row, "b", "Unit 1, z", 3, z);
      this.slider(row, "b2", "Unit 2, z", 3, z);
      this.choice(row, "z", "At an input, z", { stays: "stays",
        falls: `falls to ${show(sigmoid(SHUT), 3)}` });
    }
    this.slider(row, "t", "Step", 0);
    this.button(row, "Input or none here", () => this.turn(this.state.t));
  }

  turn(t) {
    const { marks } = this.state, other = marks[t - 1] === "x" ? "." : "x";
    this.change({ t, marks: marks.slice(0, t - 1) + other + marks.slice(t) });
  }

  build() {
    const left = 40, width = this.width - left - 10;
    this.box = { left, width, top: 62, height: 150 };
    this.marks = make(this.svg, "g");
    this.strip(this.svg, { left, top: 4, width, height: 208 }, T,
      (k) => this.turn(k + 1));
    return this.state.cell === "lstm" ? 266 : 298;
  }

  draw() {
    const { cell, b, b2, z, t, marks } = this.state, g = this.sheet();
    const { left, width, top, height } = this.box, gru = cell === "gru";
    const biases = gru ? [b, b2] : [b], on = [...marks].map((c) =>
      Number(c === "x"));
    this.rows = kept(cell, biases, on, gru && z === "falls");
    const most = Math.max(1, ...this.rows.flat()), step = width / T;
    make(g, "rect", { x: left + (t - 1) * step, y: 4, width: step,
      height: top + height - 4, fill: "var(--soft)" });
    make(g, "text", { class: "small end", x: left - 5, y: 22 }, "input");
    on.forEach((x, k) => make(g, "rect", { x: left + k * step + 0.5,
      y: x ? 8 : 21, width: step - 1, height: x ? 18 : 5,
      fill: `var(--${x ? "candidate" : "line"})` }));
    const at = axes(g, this.box, [0.5, T + 0.5], [0, most], {
      title: gru ? "State h; unit 2 dashed" : "Cell state c",
      y: [[0, "0"], [most, show(most, 1)]],
      x: [1, 20, 40, 60].map((k) => [k, `${k}`]) });
    const last = marks.lastIndexOf("x") + 1;
    this.rows.forEach((row, k) => {
      line(g, row.map((v, s) => [at.x(s + 1), at.y(v)]), { class: "curve",
        stroke: "var(--ink)", "stroke-dasharray": k ? "6 4" : "none" });
      const y = 244 + 20 * k, end = last + halfLife(biases[k]);
      if (gru) {
        make(g, "text", { class: "small end", x: left - 5, y: y + 4 },
          `unit ${k + 1}`);
      }
      if (!last) return;
      line(g, [[at.x(last), y], [at.x(Math.min(end, T + 0.5)), y]],
        { stroke: "var(--forget)", "stroke-width": 6 });
      if (end > T) return;
      const x = at.x(end), half = at.y(row[last - 1] / 2);
      for (const [from, to] of [[half, top + height], [232, y]]) {
        line(g, [[x, from], [x, to]], // not through the numbers of the axis
          { class: "edge", "stroke-dasharray": "3 3" });
      }
    });
    const lives = biases.map((bias) => show(halfLife(bias), 1));
    make(g, "text", { class: "small", x: left, y: gru ? 288 : 262 },
      `half-life ${lives.join(" and ")} steps`);
  }

  says() {
    const { cell, b, b2, z, t } = this.state;
    const clock = (name, bias) => `${name} = ${show(sigmoid(bias), 3)}, `
      + `half-life ${show(halfLife(bias), 1)} steps`;
    const now = this.rows.map((row) => show(row[t - 1], 3)).join(" and ");
    if (cell === "lstm") {
      return `Forget bias ${show(b, 1)}: ${clock("f", b)}. At step ${t} c is ${
        now}.`;
    }
    const unit = (k, bias) => `Unit ${k}: ${clock("z", bias)}; an input is ${
      show(100 * sigmoid(-(z === "falls" ? SHUT : bias)), 1)} % written. `;
    return `${unit(1, b)}${unit(2, b2)}At step ${t} h is ${now}.`;
  }
}

customElements.define("live-clocks", Clocks);
