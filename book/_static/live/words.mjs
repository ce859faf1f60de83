/* <live-words>: a text, and what a network expected after each word. */
import { LiveFigure, bars, make, show } from "./base.mjs";

class Words extends LiveFigure {
  static data = "words";
  static fields = { t: [18, 1, 60, 1] };

  controls() {
    const row = this.group();
    this.slider(row, "t", "Words read", 0);
  }

  build() {
    this.places = [];
    const letter = this.narrow ? 7.3 : 8.5;
    let x = 0, y = 0;
    for (const word of this.data.words) {
      const wide = word.length * letter + 8;
      if (x + wide > this.width) [x, y] = [0, y + 24];
      this.places.push([x, y, wide]);
      x += wide;
    }
    this.end = y + 34;
    return this.end + 22 * 6 + 26;
  }

  draw() {
    const { t } = this.state, g = this.sheet(), { words, bits } = this.data;
    words.forEach((word, k) => {
      const [x, y, wide] = this.places[k], cost = k ? bits[k - 1] : 0;
      const all = make(g, "g", { style: "cursor: pointer" });
      make(all, "rect", { x: x + 1, y, width: wide - 2, height: 22, rx: 3,
        fill: "var(--forget)", "fill-opacity": Math.min(cost / 20, 0.6),
        ...(k === t ? { stroke: "var(--ink)", "stroke-width": 2 } : {}) });
      make(all, "text", { x: x + 4, y: y + 16, textLength: wide - 8,
        lengthAdjust: "spacingAndGlyphs",
        opacity: k > t ? 0.75 : 1 }, word);
      if (k) all.addEventListener("click", () => this.change({ t: k }));
    });
    const came = words[t], rows = this.data.steps[t - 1].map(([w, p]) =>
      [w, p, w === came]);
    if (!rows.some(([, , marked]) => marked)) {
      rows.push([came, 2 ** -bits[t - 1], true]);
    }
    make(g, "text", { class: "small strong", x: 4, y: this.end + 12 },
      `After “${words[t - 1]}”${this.narrow ? "" : ": the likeliest words, "
        + "and what came"}`);
    bars(g, 0, this.end + 20, this.width, rows, 110);
  }

  says() {
    const { t } = this.state, { words, bits, steps } = this.data;
    const list = steps[t - 1].map(([w, p]) => `${w} ${show(p)}`).join(", ");
    return `After “${words.slice(Math.max(t - 5, 0), t).join(" ")}” the `
      + `network expects ${list}. What came, “${words[t]}”, had ${
        show(2 ** -bits[t - 1], 4)}: ${show(bits[t - 1], 1)} bits.`;
  }
}

customElements.define("live-words", Words);
