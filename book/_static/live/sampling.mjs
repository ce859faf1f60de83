/* <live-sampling>: a trained network's next character, and what
   temperature, top-k and top-p make of it. */
import { LiveFigure, axes, make, show } from "./base.mjs";
import { generator, softmax } from "./cells.mjs";
import { nucleus, topK } from "./formulas.mjs";
import { network, read } from "./letters.mjs";

const LENGTH = 60;

class Sampling extends LiveFigure {
  static fields = {
    text: ["the value of th", 40], temperature: [0.7, 0.1, 2, 0.05],
    k: [33, 1, 33, 1], mass: [0.9, 0.05, 1, 0.05],
    seed: [33, 1, 999, 1], // a draw of letters alone; many hold "_"
  };

  controls() {
    const row = this.group();
    this.text(row, "text", "The text so far");
    this.slider(row, "temperature", "Temperature");
    this.slider(row, "k", "Top k", 0);
    this.slider(row, "mass", "Top p");
    this.button(row, "Draw again", () => this.change({
      seed: 1 + (this.state.seed % 999) }));
    network("lstm").then((net) => {
      this.net = net;
      this.change({});
    });
  }

  choose(logits) {
    const { temperature, k, mass } = this.state;
    return nucleus(topK(softmax(logits, temperature), k), mass);
  }

  work() {
    if (!this.net) return;
    let run = read("lstm", this.net, this.state.text);
    const logits = run.logits.at(-1);
    this.plain = softmax(logits);
    this.p = this.choose(logits);
    const random = generator(this.state.seed);
    this.written = "";
    for (let t = 0; t < LENGTH; t++) {
      const p = this.choose(run.logits.at(-1));
      let u = random(), k = 0;
      while (k < p.length - 1 && u >= p[k]) u -= p[k++];
      while (p[k] === 0) k--; // rounding never draws what is cut
      this.written += this.net.alphabet[k];
      run = read("lstm", this.net, this.net.alphabet[k], run.state);
    }
  }

  build() {
    this.bars = make(this.svg, "g");
    return this.narrow ? 218 : 206;
  }

  draw() {
    this.work();
    this.bars.replaceChildren();
    if (!this.net) return;
    const K = this.net.D, box = { left: 38, top: 24,
      width: this.width - 46, height: 160 };
    const most = Math.max(...this.p, ...this.plain);
    const at = axes(this.bars, box, [0, K], [0, most], {
      title: this.narrow ? "Network (outline), after cuts"
        : "The next character: network (outline), after the cuts (full)",
      y: [[0, "0"], [most, show(most)]] });
    const w = box.width / K, bottom = box.top + box.height;
    for (let k = 0; k < K; k++) {
      const x = at.x(k) + 1;
      make(this.bars, "rect", { x, width: w - 2, y: at.y(this.p[k]),
        height: bottom - at.y(this.p[k]), fill: "var(--input)" });
      make(this.bars, "rect", { x, width: w - 2, y: at.y(this.plain[k]),
        height: bottom - at.y(this.plain[k]), fill: "none",
        stroke: "var(--ink)" });
      make(this.bars, "text", { class: "small middle", x: x + w / 2 - 1,
        y: bottom + 16 + (this.narrow ? 12 * (k % 2) : 0) }, this.net.alphabet[k].replace(" ", "·"));
    }
  }

  says() {
    if (!this.net) return "The network's numbers are loading …";
    const left = this.p.filter((v) => v > 0).length;
    const best = this.p.indexOf(Math.max(...this.p));
    const letter = this.net.alphabet[best].replace(" ", "a space");
    return `After “${this.state.text}” ${left} of ${this.net.D} characters `
      + `can be drawn; ${letter} is the likeliest, with `
      + `${show(this.p[best])} instead of ${show(this.plain[best])}. One `
      + `continuation: “${this.written}”${this.written.includes("_")
        ? " (_ is any other character)" : ""}`;
  }
}

customElements.define("live-sampling", Sampling);
