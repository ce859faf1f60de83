/* <live-looks>: the frames that each word of a caption looked at. */
import { LiveFigure, make, show } from "./base.mjs";
import { picture } from "./pixels.mjs";

class Looks extends LiveFigure {
  static data = "caption";
  static fields = { n: [2, 1, 7, 1] };

  controls() {
    const row = this.group();
    this.slider(row, "n", "Word", 0, (n) =>
      this.data?.words[n - 1] ?? `${n}`);
  }

  tall() { return this.narrow ? 262 : 160; }

  draw() {
    const { n } = this.state, g = this.sheet(), { data } = this;
    const T = data.frames.length, columns = this.narrow ? 6 : T;
    const size = (this.width - 2) / columns, weights = data.weights[n - 1];
    const word = this.width / data.words.length;
    data.words.forEach((text, k) => {
      make(g, "text", { class: `middle${k === n - 1
        ? " strong" : " faint"}`,
      x: (k + 0.5) * word, y: this.narrow && k % 2 ? 34 : 16 }, text);
      if (k === n - 1) {
        make(g, "path", { d: `M${k * word + 4} ${this.narrow && k % 2 ? 38 : 21}h${word - 8}`,
          stroke: "var(--forget)", "stroke-width": 3 });
      }
    });
    this.strip(g, { left: 0, top: 0, width: this.width, height: 40 },
      data.words.length, (k) => this.change({ n: k + 1 }));
    data.frames.forEach((frame, t) => {
      const x = 1 + (t % columns) * size;
      const y = 46 + Math.floor(t / columns) * 112;
      picture(g, frame, data.S, x, y, size - 3);
      make(g, "rect", { x, width: size - 3, fill: "var(--input)",
        y: y + size + 2, height: 40 * weights[t] });
      make(g, "text", { class: "small middle", x: x + size / 2 - 2,
        y: y + size + 14 + 40 * weights[t] }, show(weights[t]));
    });
  }

  says() {
    const { n } = this.state, { words, weights, p } = this.data;
    const row = weights[n - 1], best = row.indexOf(Math.max(...row));
    const mean = row.reduce((sum, w, t) => sum + w * (t + 1), 0);
    return `“${words[n - 1]}” had probability ${show(p[n - 1])} and looked `
      + `most at frame ${best + 1}, with a weight of ${show(row[best])}; `
      + `on average it looked at frame ${show(mean, 1)} of ${row.length}.`;
  }
}

customElements.define("live-looks", Looks);
