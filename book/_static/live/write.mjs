/* <live-write>: a network that learns to write while one watches. */
import { LiveFigure, axes, line, make } from "./base.mjs";
import { generator } from "./cells.mjs";
import { GUESS, Writer } from "./writing.mjs";

const MOST = 1600; // updates
const SAMPLES = [0, 25, 100, 400, 800, MOST], LENGTH = 70;

class Write extends LiveFigure {
  static fields = { seed: [1, 1, 99, 1], updates: [0, 0, MOST, 1] };

  controls() {
    const row = this.group();
    this.go = this.button(row, "Teach it to write", () => {
      if (this.state.updates === MOST) this.begin();
      this.until = MOST;
      this.setRun(!this.run);
      this.update();
    });
    this.button(row, "Other weights", () => this.change({
      seed: 1 + (this.state.seed % 99), updates: 0 }));
    this.begin();
    this.seen = new IntersectionObserver(([{ isIntersecting }]) => {
      if (isIntersecting === !this.away) return;
      this.away = !isIntersecting; // it rests while nobody sees it
      if (this.away) this.goes = this.run;
      if (this.goes) this.setRun(!this.away);
    });
    this.seen.observe(this);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.seen?.disconnect();
  }

  begin() {
    this.writer = new Writer(this.state.seed);
    this.texts = [];
    this.state.updates = 0;
    this.sample();
  }

  changed({ updates = 0 }) {
    this.until = updates;
    this.begin();
    this.setRun(updates > 0);
  }

  sample() {
    const now = this.state.updates;
    if (!SAMPLES.includes(now)) return;
    this.texts.push([now, this.writer.write(LENGTH, generator(3))]);
  }

  /* As many updates as a frame has time for. */
  tick() {
    const end = performance.now() + (this.calm ? 300 : 14);
    do {
      if (this.state.updates >= this.until) break;
      this.writer.step();
      this.state.updates += 1;
      this.sample();
    } while (performance.now() < end);
    if (this.state.updates >= this.until) this.setRun(false);
    this.update();
  }

  build() {
    this.size = this.narrow ? 7.3 : 8.5; // of a letter
    this.signs = Math.floor((this.width - 8) / this.size);
    this.rows = Math.ceil(LENGTH / this.signs);
    this.box = { left: 42, top: 24, width: this.width - 60, height: 100 };
    return 170 + SAMPLES.length * (16 * this.rows + 20);
  }

  draw() {
    this.go.textContent = this.run ? "Pause"
      : this.state.updates ? "Go on" : "Teach it to write";
    if (this.state.updates === MOST) this.go.textContent = "Once more";
    const sheet = this.sheet(), { bits } = this.writer;
    const n = Math.max(bits.length, 50);
    const at = axes(sheet, this.box, [0, n], [0, 5], {
      title: `Bits per character${this.narrow ? "" : ", over the updates"}`,
      x: [[0, "0"], [n, `${n}`]],
      y: [[0, "0"], [2.5, "2.5"], [5, "5"]] });
    line(sheet, [[at.x(0), at.y(GUESS)], [at.x(n), at.y(GUESS)]],
      { class: "axis", "stroke-dasharray": "5 4" });
    make(sheet, "text", { class: "small faint end", y: at.y(GUESS) + 14,
      x: at.x(n) }, "guessing");
    const every = Math.ceil(n / this.box.width);
    const points = bits.filter((_, k) => k % every === 0)
      .map((v, k) => [at.x(k * every), at.y(v)]);
    if (points.length) {
      line(sheet, points, { class: "curve", stroke: "var(--input)" });
    }
    SAMPLES.forEach((when, k) => {
      const y = 165 + k * (16 * this.rows + 20);
      const text = this.texts[k]?.[1] ?? "";
      make(sheet, "text", { class: `small ${text ? "strong" : "faint"}`,
        x: 4, y }, `After ${when} updates it writes${text ? "" : " …"}`);
      for (let row = 0; text && row < this.rows; row++) {
        const part = text.replaceAll("\n", "⏎")
          .slice(row * this.signs, (row + 1) * this.signs);
        make(sheet, "text", { x: 4, y: y + 16 * (row + 1),
          textLength: part.length * this.size,
          style: `font: ${this.size / 0.62}px monospace; white-space: pre` }, part);
      }
    });
  }

  says() {
    const [when, text] = this.texts.at(-1);
    const late = this.writer.bits.slice(Math.max(0, when - 20), when);
    const mean = late.reduce((a, b) => a + b, 0) / late.length;
    return `${when ? `After ${when} updates, at ${mean.toFixed(2)} bits per `
      + "character," : "Not taught yet,"} it writes: `
      + `“${text.replaceAll("\n", " ").trim()}”`;
  }
}

customElements.define("live-write", Write);
