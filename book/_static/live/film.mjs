/* <live-film>: a film of an action, and what a network believes. */
import { LiveFigure, bars, make, show } from "./base.mjs";
import { picture } from "./pixels.mjs";

const T = 16;

class Film extends LiveFigure {
  static data = "action";
  static fields = { t: [8, 1, T, 1], way: ["0", ["0", "1"]] };

  controls() {
    const row = this.group();
    this.choice(row, "way", "The film", { 0: "runs forward",
      1: "runs backward" });
    this.go = this.button(row, "Play", () => {
      if (this.state.t === T) this.state.t = 1;
      this.setRun(!this.run);
      this.update();
    });
    this.slider(row, "t", "Frame", 0);
  }

  tick() {
    const now = performance.now();
    if (now - (this.last ?? 0) < 400) return; // two and a half a second
    this.last = now;
    if (this.state.t >= T) this.setRun(false);
    this.change({ t: Math.min(this.state.t + 1, T) });
  }

  tall() { return this.narrow ? 430 : 264; }

  draw() {
    const { t, way } = this.state, g = this.sheet(), { data } = this;
    this.go.textContent = this.run ? "Pause" : "Play";
    const frames = way === "1" ? data.frames.toReversed() : data.frames;
    this.p = data.p[way];
    const size = this.narrow ? 160 : 190;
    picture(g, frames[t - 1], data.S, 2, 2, size);
    const [x, y] = this.narrow ? [0, 178] : [size + 14, 8];
    const best = data.names.indexOf(data.shows[way]);
    bars(g, x, y, this.width - x, data.names.map((name, k) =>
      [name, this.p[t - 1][k], k === best]), 120);
    const small = (this.width - 4) / T, top = this.narrow ? 370 : 206;
    frames.forEach((frame, k) =>
      picture(g, frame, data.S, 2 + k * small, top, small - 2));
    this.strip(g, { left: 2, top: top - 4, width: T * small,
      height: Math.max(small + 8, 24) }, T, (k) => this.change({ t: k + 1 }));
    make(g, "rect", { x: 1 + (t - 1) * small, y: top - 1, fill: "none",
      width: small, height: small, stroke: "var(--forget)",
      "stroke-width": 3 });
  }

  says() {
    const { t, way } = this.state, { names, shows } = this.data;
    const p = (name) => show(this.p[t - 1][names.indexOf(name)]);
    const twin = shows[1 - way];
    return `Frame ${t} of ${T}. The figure is made to ${shows[way]}; the `
      + `network gives ${shows[way]} ${p(shows[way])} and its twin, ${
        twin}, ${p(twin)}.`;
  }
}

customElements.define("live-film", Film);
