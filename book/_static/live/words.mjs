/* <live-words>: a text, and what a network expected after each word. */
import { LiveFigure, bars, make, show } from "./base.mjs";
import { UNKNOWN, named, read, short, split, understood, wordsNetwork } from "./vocabulary.mjs";

class Words extends LiveFigure {
  static data = "words";
  static fields = { t: [18, 1, 200, 1], text: ["", 200] };

  controls() {
    const row = this.group();
    this.t = this.slider(row, "t", "Words read", 0, () => `${this.at}`);
    this.text(row, "text", "Your own text");
    this.field = this.querySelector("input[type=text]");
    this.field.size = 36;
    this.about = make(this.panel, "p", { class: "foot typed",
      style: "overflow-wrap: anywhere" });
    this.work();
  }

  changed({ text, t }) {
    if (text === undefined) return;
    if (!split(text).length) this.state.text = "";
    if (t === undefined && document.activeElement === this.field) {
      this.state.t = Math.max(split(text).length, 1);
    }
    this.work();
  }

  /* The words that are shown: the reader's own, else those of the test. */
  work() {
    const words = split(this.state.text), { net } = this;
    this.fresh = true;
    this.shown = { ...this.data, names: this.data.words };
    if (!words.length) return;
    if (!net) this.load_();
    const found = net ? read(net, words) : { ids: [], steps: [], bits: [] };
    this.shown = { words, ...found,
      names: found.ids.map((k) => net.tokens[k]) };
  }

  /* The weights come when a text is there; a failure may be tried again. */
  async load_() {
    if (this.coming) return;
    this.coming = true;
    this.failed = false;
    try {
      this.net = await wordsNetwork();
    } catch {
      this.failed = true;
    }
    this.coming = false;
    if (!this.failed) this.work();
    if (this.width) this.update();
  }

  /* How many words are read: a short text has fewer than the state asks. */
  get at() {
    const { words, steps } = this.shown;
    return Math.min(this.state.t, steps.length || words.length);
  }

  build() {
    this.places = [];
    const letter = this.narrow ? 7.3 : 8.5;
    this.high = this.narrow ? 28 : 24; // a finger's, in a drawing made smaller
    let x = 0, y = 0;
    for (const word of this.shown.words) {
      const wide = Math.max([...short(word)].length * letter + 8, this.high + 2);
      if (x + wide > this.width) [x, y] = [0, y + this.high + 2];
      this.places.push([x, y, wide]);
      x += wide;
    }
    this.end = y + this.high + 10;
    return this.end + 22 * 6 + 26;
  }

  draw() {
    const { words, names, bits, steps } = this.shown, g = this.sheet();
    this.t.max = steps.length || words.length;
    const t = this.at;
    words.forEach((word, k) => {
      const [x, y, wide] = this.places[k], cost = k ? bits[k - 1] ?? 0 : 0;
      const all = make(g, "g", { style: "cursor: pointer" });
      make(all, "rect", { x: x + 1, y, width: wide - 2, height: this.high, rx: 3,
        fill: "var(--forget)", "fill-opacity": Math.min(cost / 20, 0.6),
        ...(k === t ? { stroke: "var(--ink)", "stroke-width": 2 } : {}) });
      make(all, "text", { class: "middle", x: x + wide / 2,
        y: y + this.high / 2 + 5, style: "font-family: monospace",
        opacity: k > t ? 0.75 : 1 }, short(word));
      if (k) all.addEventListener("click", () => this.change({ t: k }));
    });
    if (!steps.length) return;
    const came = names[t], rows = steps[t - 1].map(([w, p]) =>
      [short(w), p, w === came]);
    if (came !== undefined && !rows.some(([, , marked]) => marked)) {
      rows.push([short(came), 2 ** -bits[t - 1], true]);
    }
    const rest = this.narrow ? "" : `: the likeliest words${
      came === undefined ? "" : ", and what came"}`;
    make(g, "text", { class: "small strong", x: 4, y: this.end + 12 },
      `After “${short(words[t - 1])}”${rest}`);
    bars(g, 0, this.end + 20, this.width, rows, this.narrow ? 110 : 160);
  }

  says() {
    const t = this.at, { words, names, bits, steps } = this.shown;
    this.about.textContent = this.shown.ids
      ? understood(this.shown, this.failed)
      : "No text of your own: these are sixty words of the test text.";
    if (!steps.length) {
      return this.failed ? "The network's numbers could not be fetched."
        : "The network's numbers are loading …";
    }
    const list = steps[t - 1].map(([w, p]) => `${w} ${show(p)}`).join(", ");
    const after = `After “${words.slice(Math.max(t - 5, 0), t).join(" ")}” `
      + `the network expects ${list}.`;
    if (t === names.length) return named(after);
    const read = names[t] === words[t] ? "" : `, read as ${UNKNOWN},`;
    return named(`${after} What came, “${words[t]}”,${read} had ${
      show(2 ** -bits[t - 1], 4)}: ${show(bits[t - 1], 1)} bits.`);
  }
}

customElements.define("live-words", Words);
