/* What figures share that go down a loss of two numbers. */
import { LiveFigure, line, make } from "./base.mjs";
import { grips } from "./grips.mjs";

const ACROSS = 112, UP = 80, LEVELS = 9;

/* A figure gives `area` ([low, high] of both), `loss(a, b)`, `shade(loss)`
   from 0 to 1, `findPath()`, a list of [a, b], and `names` of its two fields. */
export class Surface extends LiveFigure {
  build() {
    const height = this.narrow ? 220 : 300;
    this.box = { left: 40, top: 12, width: this.width - 52, height };
    this.ground = make(this.svg, "g");
    this.sheet();
    const [[a0, a1], [b0, b1]] = this.area, [a, b] = this.names;
    const to = (name, low, high, share) => {
      const step = this.constructor.fields[name][3];
      return Math.round((low + share * (high - low)) / step) * step;
    };
    grips(this, this.box, (x, y) => this.change(this.allowed((name) =>
      name === a ? to(a, a0, a1, x) : name === b ? to(b, b0, b1, y)
        : null)), () => [[
      (this.state[a] - a0) / (a1 - a0), (this.state[b] - b0) / (b1 - b0)]]);
    return height + 34;
  }

  paint() {
    const { box, area: [[a0, a1], [b0, b1]] } = this, g = this.ground;
    const w = box.width / ACROSS, h = box.height / UP, tiles = {};
    const level = (i, j) => Math.round(LEVELS * Math.min(Math.max(
      this.shade(this.loss(a0 + ((i + 0.5) / ACROSS) * (a1 - a0),
        b1 - ((j + 0.5) / UP) * (b1 - b0))), 0), 1));
    for (let j = 0; j < UP; j++) {
      const row = Array.from({ length: ACROSS }, (_, i) => level(i, j));
      for (let i = 0, end; i < ACROSS; i = end) { // a run of one shade
        end = row.findIndex((v, k) => k > i && v !== row[i]);
        if (end < 0) end = ACROSS;
        const wide = ((end - i) * w + 0.3).toFixed(1);
        (tiles[row[i]] ??= []).push(`M${(box.left + i * w).toFixed(1)} ${
          (box.top + j * h).toFixed(1)}h${wide}v${(h + 0.3).toFixed(1)}h-${
          wide}z`);
      }
    }
    g.replaceChildren();
    for (const [shade, d] of Object.entries(tiles)) {
      make(g, "path", { d: d.join(""), fill: "var(--ink)",
        "fill-opacity": (0.05 + 0.07 * shade).toFixed(2) });
    }
  }

  draw() {
    if (this.painted !== this.look()) this.ground.replaceChildren();
    this.painted = this.look();
    if (!this.ground.firstChild) this.paint();
    const { box, area: [[a0, a1], [b0, b1]] } = this, g = this.sheet();
    const x = (a) => box.left + (box.width * (a - a0)) / (a1 - a0);
    const y = (b) => box.top + (box.height * (b1 - b)) / (b1 - b0);
    const mark = (words, at, kind) => make(g, "text",
      { class: `small ${kind}`, ...at }, words);
    for (const b of [b0, b1]) {
      mark(`${b}`.replace("-", "−"), { x: 36, y: y(b) + 4 }, "end");
    }
    for (const a of [a0, a1]) {
      mark(`${a}`.replace("-", "−"), { x: x(a),
        y: box.top + box.height + 16 }, a === a1 ? "end" : "");
    }
    this.path = this.findPath();
    const inside = ([a, b]) => a >= a0 && a <= a1 && b >= b0 && b <= b1;
    this.left = this.path.findIndex((at) => !inside(at));
    const seen = this.left < 0 ? this.path : this.path.slice(0, this.left);
    line(g, seen.map(([a, b]) => [x(a), y(b)]), { class: "curve",
      stroke: "var(--forget)" });
    for (const [a, b] of seen) {
      make(g, "circle", { cx: x(a).toFixed(1), cy: y(b).toFixed(1), r: 2.2,
        fill: "var(--forget)" });
    }
    const [a, b] = this.path[0];
    make(g, "circle", { cx: x(a), cy: y(b), r: 7, fill: "var(--paper)",
      stroke: "var(--forget)", "stroke-width": 3 });
    const end = seen.at(-1);
    make(g, "path", { d: `M${x(end[0]) - 6} ${y(end[1]) - 6}l12 12m0 -12`
      + "l-12 12", stroke: "var(--ink)", "stroke-width": 3 });
  }

  /* What the ground depends on. */
  look() {
    return "";
  }
}
