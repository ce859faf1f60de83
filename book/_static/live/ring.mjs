/* <live-ring>: one pair of eigenvalues, and what a state does under it. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { grips } from "./grips.mjs";
import { ring } from "./formulas.mjs";
import { inWords, play, samples } from "./sound.mjs";

const STEPS = 60;

/* Within 0.1 of the circle a place stands for a radius nearer to it: what
   can be heard lies there, closer than a pointer can tell apart. */
const NEAR = 0.1;
const bend = (place) => (Math.abs(place - 1) < NEAR
  ? Math.round(1e4 * (1 + (place - 1) ** 3 / NEAR ** 2)) / 1e4
  : Math.round(100 * place) / 100);
const unbend = (radius) => (Math.abs(radius - 1) < NEAR
  ? 1 + Math.cbrt((radius - 1) * NEAR ** 2) : radius);
const digits = (radius) => show(radius,
  Number(radius.toFixed(2)) === radius ? 2 : 4);

class Ring extends LiveFigure {
  static fields = {
    radius: [0.95, 0, 1.1, 0.01], angle: [30, 0, 180, 1],
  };

  controls() {
    const row = this.group();
    const { input, value } = this.range(row, "radius", "Radius",
      { min: 0, max: 1.1, step: 0.01 });
    input.addEventListener("input", () =>
      this.change({ radius: bend(Number(input.value)) }));
    this.slider(row, "angle", "Angle", 0, (v) => `${v.toFixed(0)}°`);
    const listen = this.button(row, "Listen", () => this.listen());
    this.syncs.push(() => {
      const { radius } = this.state;
      input.value = unbend(radius);
      value.textContent = digits(radius);
      input.setAttribute("aria-valuetext", value.textContent);
      listen.disabled = radius > 1;
    });
  }

  listen() {
    this.quiet?.();
    try {
      this.quiet = play(samples(this.state.radius, this.turn));
    } catch {
      this.mute = true;
      this.update();
    }
  }

  disconnectedCallback() {
    this.quiet?.();
    super.disconnectedCallback();
  }

  get turn() { return (this.state.angle * Math.PI) / 180; }

  build() {
    const size = this.narrow ? Math.min(this.width, 260) : 240;
    this.box = { left: 10, top: 26, width: size - 20, height: size - 20 };
    this.marks = make(this.svg, "g");
    grips(this, this.box, (across, up) => {
      const x = 2.4 * across - 1.2, y = Math.abs(2.4 * up - 1.2);
      this.change({
        angle: Math.round((Math.atan2(y, x) * 180) / Math.PI),
        radius: Math.min(bend(Math.hypot(x, y)), 1.1) });
    }, () => [1, -1].map((side) => {
      const r = unbend(this.state.radius);
      return [(1.2 + r * Math.cos(this.turn)) / 2.4,
        (1.2 + side * r * Math.sin(this.turn)) / 2.4];
    }));
    return this.narrow ? size + 210 : size + 26;
  }

  draw() {
    const { radius } = this.state, { box, turn } = this, g = this.marks;
    this.h = ring(radius, turn, STEPS);
    g.replaceChildren();
    const px = (v) => box.left + (box.width * (v + 1.2)) / 2.4;
    const py = (v) => box.top + (box.height * (1.2 - v)) / 2.4;
    make(g, "text", { class: "small strong", x: box.left, y: 14 },
      "The two eigenvalues");
    make(g, "circle", { class: "axis", cx: px(0), cy: py(0),
      r: px(1) - px(0), "stroke-dasharray": "5 4" });
    make(g, "path", { class: "grid", d: `M${px(-1.2)} ${py(0)}H${px(1.2)}`
      + `M${px(0)} ${py(-1.2)}V${py(1.2)}` });
    for (const side of [1, -1]) {
      make(g, "circle", { cx: px(radius * Math.cos(turn)), r: 8,
        cy: py(side * radius * Math.sin(turn)), fill: "var(--forget)" });
    }
    const trace = this.narrow
      ? { left: 38, top: box.top + box.height + 40, width: this.width - 46,
        height: 120 }
      : { left: box.left + box.width + 50, top: 26,
        width: this.width - box.width - 74, height: box.height - 20 };
    const most = Math.max(1, ...this.h.map(([x]) => Math.abs(x)));
    const at = axes(g, trace, [0, STEPS], [-most, most], {
      title: "First unit, step by step", x: [[0, "0"], [30, "30"],
        [60, "60"]], y: [[-most, show(-most, 1)], [0, "0"],
        [most, show(most, 1)]] });
    line(g, this.h.map(([x], t) => [at.x(t), at.y(x)]),
      { class: "curve", stroke: "var(--input)" });
    make(g, "text", { class: "small middle", y: trace.top + trace.height
      + 30, x: trace.left + trace.width / 2 }, "step");
  }

  says() {
    const { radius, angle } = this.state;
    const fate = radius < 1
      ? `It fades: half is left after ${show(Math.log(0.5)
        / Math.log(Math.max(radius, 1e-9)), 1)} steps.`
      : radius > 1 ? `It grows ${show(radius ** STEPS, 1)} times in `
        + `${STEPS} steps.` : "It neither fades nor grows.";
    const turns = angle === 0 ? "The state does not turn."
      : angle === 180 ? "The state changes its sign at every step."
        : `One round takes ${show(360 / angle, 1)} steps.`;
    return `Radius ${digits(radius)}, angle ${angle.toFixed(0)}°. ${turns} `
      + `${fate} ${this.mute ? "This browser plays no sound."
        : inWords(radius, this.turn)}`;
  }
}

customElements.define("live-ring", Ring);
