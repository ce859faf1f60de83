/* <live-roll>: a chorale, token by token, and what a network expected. */
import { LiveFigure, bars, make, show } from "./base.mjs";

const VOICES = ["soprano", "alto", "tenor", "bass"], T = 32, LOW = 40;
const COLOURS = ["input", "forget", "candidate", "output"];

class Roll extends LiveFigure {
  static data = "chorale";
  static fields = { k: [24, 1, 4 * T, 1] };

  controls() {
    const row = this.group();
    this.button(row, "◀ Back", () => this.move(-1));
    this.button(row, "Next ▶", () => this.move(1));
    this.slider(row, "k", "Tokens", 0);
  }

  move(by) {
    this.change({ k: Math.min(Math.max(this.state.k + by, 1), 4 * T) });
  }

  tall() { return 350; }

  get place() {
    const k = this.state.k - 1;
    return [Math.floor(k / 4), k % 4];
  }

  draw() {
    const g = this.sheet(), { pitches, starts } = this.data;
    const [now, voice] = this.place, left = 18;
    const w = (this.width - left - 4) / T, y = (pitch) =>
      206 - 5 * (pitch - LOW);
    for (let t = 0; t <= T; t += 8) {
      make(g, "path", { class: "grid", d: `M${left + t * w} 4V212` });
    }
    pitches.forEach((frame, t) => frame.forEach((pitch, v) => {
      if (!pitch || 4 * t + v >= this.state.k) return;
      const gap = starts[t][v] ? 1.5 : -0.3;
      const mine = t === now && v === voice;
      make(g, "rect", { x: left + t * w + gap, y: y(pitch) - 4, height: 8,
        width: w - gap, fill: `var(--${COLOURS[v]})`,
        ...(mine ? { stroke: "var(--ink)", "stroke-width": 2 } : {}) });
    }));
    pitches[0].forEach((pitch, v) => make(g, "text", { class: "small",
      x: 3, y: y(pitch) + 4 + [0, 0, -5, 5][v] }, "SATB"[v]));
    const came = this.data.came[now][voice];
    const rows = this.data.steps[now][voice].map(([name, p]) =>
      [name, p, name === came]);
    if (!rows.some(([, , marked]) => marked)) {
      rows.push([came, this.data.p[now][voice], true]);
    }
    make(g, "text", { class: "small strong", x: 4, y: 228 },
      `Frame ${now + 1}, ${VOICES[voice]}${this.narrow ? ""
        : ": the likeliest, and what came"}`);
    bars(g, 0, 236, this.width, rows, 60);
  }

  says() {
    const [t, v] = this.place, { came, p, steps, title } = this.data;
    const list = steps[t][v].slice(0, 3).map(([name, q]) =>
      `${name} ${show(q)}`).join(", ");
    const frame = p[t].slice(0, v + 1).reduce((sum, q) =>
      sum - Math.log(Math.max(q, 1e-4)), 0);
    return `${title}, frame ${t + 1}. The ${VOICES[v]}, given the past${v
      ? ` and ${VOICES.slice(0, v).join(" and ")}` : ""}: ${list}. What `
      + `came is ${came[t][v]}, with ${show(p[t][v])}; this frame has cost `
      + `${show(frame)} nats so far.`;
  }
}

customElements.define("live-roll", Roll);
