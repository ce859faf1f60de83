/* <live-used>: which letters of a sentence a network used to predict one. */
import { LiveFigure, bars, make, show } from "./base.mjs";

const WIDE = 26, HIGH = 30, ROW = 46; // a letter's place, a finger's
const COLOURS = ["input", "forget"]; // for, against

const SIGNS = { " ": ["·", "a space"], "\n": ["¶", "a new line"],
  _: ["_", "another sign"] };
const shown = (letter) => SIGNS[letter]?.[0] ?? letter;
const said = (letter) => SIGNS[letter]?.[1] ?? `“${letter}”`;

class Used extends LiveFigure {
  static data = "used";
  static fields = { t: [31, 2, 38, 1], by: ["gradient",
    ["gradient", "replacing"]] };

  controls() {
    const row = this.group();
    this.slider(row, "t", "Letter to predict", 0,
      (t) => `${t}, ${said(this.data.letters[t - 1])}`);
    this.choice(row, "by", "Measured by", { gradient: "gradient times input",
      replacing: "replacing the letter" });
  }

  /* Words stay whole if a row has room for them. */
  build() {
    const columns = Math.floor(this.width / WIDE);
    this.places = [];
    let x = 0, y = 0;
    for (const word of this.data.letters.match(/\S+\s*/g)) {
      if (x + word.trim().length > columns) [x, y] = [0, y + (x > 0)];
      for (let k = 0; k < word.length; k++) {
        if (x === columns) [x, y] = [0, y + 1];
        this.places.push([WIDE * x++, ROW * y]);
      }
    }
    this.end = ROW * (y + 1);
    return this.end + 148;
  }

  draw() {
    const { t, by } = this.state, { data } = this, g = this.sheet();
    this.row = data[by][t - 2];
    const sizes = this.row.map(Math.abs), most = Math.max(...sizes);
    this.best = sizes.indexOf(most);
    const mark = (parent, x, y, width, sign) => make(parent, "rect", { x, y,
      width, height: 6, stroke: `var(--${COLOURS[sign]})`,
      fill: sign ? "none" : `var(--${COLOURS[sign]})` });
    this.places.forEach(([x, y], k) => {
      const all = make(g, "g", k ? { style: "cursor: pointer" } : {});
      const share = (sizes[k] ?? 0) / most || 0, sign = +(this.row[k] < 0);
      const box = { x: x + 1, y: y + 1, width: WIDE - 2, height: HIGH, rx: 3 };
      make(all, "rect", { ...box, fill: "var(--soft)" });
      make(all, "rect", { ...box, fill: `var(--${COLOURS[sign]})`,
        "fill-opacity": 0.6 * share,
        ...(k === t - 1 ? { stroke: "var(--ink)", "stroke-width": 2 } : {}) });
      make(all, "text", { class: `middle${k === t - 1 ? " strong" : ""}`,
        x: x + WIDE / 2, y: y + 21, opacity: k < t ? 1 : 0.75 },
      shown(data.letters[k]));
      if (share > 0.02) {
        mark(all, x + 2, y + HIGH + 4, (WIDE - 4) * share, sign);
      }
      if (k) all.addEventListener("click", () => this.change({ t: k + 1 }));
    });
    const came = data.letters[t - 1], y = this.end + 16;
    let x = 2;
    for (const [sign, words] of ["speaks for", "against"].entries()) {
      mark(g, x, y - 8, 16, sign);
      const text = make(g, "text", { class: "small", x: x + 22, y },
        `${words} “${shown(came)}”`);
      x += 36 + text.getComputedTextLength();
    }
    const rows = data.likeliest[t - 2].map(([letter, p]) =>
      [shown(letter), p, letter === came]);
    if (!rows.some(([, , marked]) => marked)) {
      rows.push([shown(came), data.came[t - 2], true]);
    }
    make(g, "text", { class: "small strong", x: 2, y: y + 28 },
      "Likeliest letters; bold: what came");
    bars(g, 0, y + 36, this.width, rows, 30);
  }

  says() {
    const { t, by } = this.state, { letters, likeliest, came } = this.data;
    const value = this.row[this.best], size = show(Math.abs(value));
    const back = t - 1 - this.best;
    const where = `${said(letters[this.best])}, ${back} letter${
      back > 1 ? "s" : ""} back,`;
    const counts = by === "gradient"
      ? `By gradient times input, ${where} counts most: it ${value < 0
        ? `takes ${size} from` : `adds ${size} to`} the logit of ${
        said(letters[t - 1])}.`
      : `Of all letters, replacing ${where} changes most: the logit of ${
        said(letters[t - 1])} ${value < 0 ? "rises" : "falls"} by ${size}.`;
    return `After “${letters.slice(0, t - 1)}” the network expects ${
      likeliest[t - 2].map(([l, p]) => `${said(l)} ${show(p)}`).join(", ")}. `
      + `What came, ${said(letters[t - 1])}, had ${show(came[t - 2])}. `
      + counts;
  }
}

customElements.define("live-used", Used);
