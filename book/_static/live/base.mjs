/* What every live figure shares. A figure is a class with `fields` (what
   its state holds), `build` (once for each width), `draw` (after each
   change) and `says` (for a reader who does not see it). */

import { readData } from "./data.mjs";

const SVG = "http://www.w3.org/2000/svg";

/* Colours: [light theme and paper, dark theme]. The gates keep theirs. */
export const COLOURS = {
  ink: ["#1f2328", "#e6e6e6"],
  faint: ["#6b6f75", "#a0a4aa"],
  line: ["#c4c8cc", "#53575c"],
  paper: ["#ffffff", "#14181e"],
  soft: ["#eef1f4", "#252b33"],
  input: ["#0072B2", "#4DA3D9"],
  forget: ["#D55E00", "#F08A3C"],
  candidate: ["#009E73", "#2DBE94"],
  output: ["#CC79A7", "#DE9CC0"],
  back: ["#A94700", "#FFA466"], // a gradient
};

export const DRAWING = `
  text { font-family: system-ui, sans-serif; font-size: 14px;
    fill: var(--ink); }
  .small { font-size: 12px; } .faint { fill: var(--faint); }
  .middle { text-anchor: middle; } .end { text-anchor: end; }
  .back { fill: var(--back); font-style: italic; font-weight: 600; }
  .strong { font-weight: 700; }
  .box { fill: var(--soft); stroke: var(--faint); }
  .edge { stroke: var(--faint); stroke-width: 1.3; fill: none; }
  .hot { stroke: var(--ink); stroke-width: 3; }
  .axis { stroke: var(--faint); fill: none; }
  .grid { stroke: var(--line); fill: none; }
  .curve { fill: none; stroke-width: 2.2; }
  .dot { fill: var(--ink); }
  .drag { text-decoration: underline dotted; }`;

const variables = (k) => Object.entries(COLOURS)
  .map(([name, pair]) => `--${name}: ${pair[k]};`).join("");

const STYLE = `
  .live { ${variables(0)} display: block; margin: 1.5em 0;
    padding: 0.8em; border: 1px solid var(--line); border-radius: 6px;
    background: var(--paper); color: var(--ink); }
  html[data-theme="dark"] .live { ${variables(1)} }
  .live .question { margin: 0 0 0.6em; font-weight: 600; }
  .live svg { display: block; max-width: 100%; overflow: visible; }
  .live .stage { position: relative; }
  ${DRAWING.replace(/(^|\})\s*(?=[.t])/g, "$1\n  .live svg ")}
  .live .narrow text { font-size: 12px; }
  .live .controls { display: flex; flex-wrap: wrap; gap: 0.3em 1em;
    align-items: center; margin: 0.5em 0 0; }
  .live label { display: inline-flex; gap: 0.5em; align-items: center;
    margin: 0; }
  .live label, .live select, .live input { max-width: 100%; min-width: 0; }
  .live .wide { display: flex; flex: 1 1 15em; min-width: 0;
    gap: 0.5em; align-items: center; }
  .live .pick { display: flex; flex-wrap: wrap; gap: 0.1em 0.5em;
    align-items: center; max-width: 100%; }
  .live .wide > label { min-width: 6.5em; }
  .live input[type="range"] { flex: 1 1 6em; min-width: 5em;
    min-height: 26px; accent-color: var(--input); }
  .live .wide output { min-width: 2.2em; }
  .live input:not([type="range"]), .live select,
  .live button { font: inherit; color: inherit;
    background: var(--paper); border: 1px solid var(--faint);
    border-radius: 4px; padding: 0.15em 0.5em; min-height: 28px; }
  .live input[type="number"], .live input.answer { width: 6em; }
  .live :focus-visible { outline: 3px solid var(--input);
    outline-offset: 2px; }
  .live [hidden] { display: none; }
  .live .says { margin: 0.6em 0 0; overflow-wrap: anywhere; }
  .live .foot { margin: 0.4em 0 0; font-size: 0.85em; }
  .live .foot a { color: inherit; text-decoration: underline;
    display: inline-block; line-height: 24px; }
  .live .foot a + a { margin-left: 1em; }
  .live fieldset { border: 0; margin: 0.6em 0 0; padding: 0; }
  .live legend { font-size: 1em; font-weight: 600; float: none;
    margin: 0; }
  .live .verdict { flex: 1 1 100%; }
  .live .verdict:empty { display: none; }
  @media print {
    .live .controls, .live .foot, .live fieldset { display: none; }
    .live { break-inside: avoid; } }`;

/* A new child; SVG names become SVG inside an SVG. */
export function make(parent, name, attributes = {}, text) {
  const inside = name === "svg" || parent instanceof SVGElement;
  const node = inside
    ? document.createElementNS(SVG, name)
    : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    node.setAttribute(key, value);
  }
  if (text !== undefined) node.textContent = text;
  parent.append(node);
  return node;
}

/* A path through points. */
export function line(parent, points, attributes) {
  const d = points.map(([x, y], k) =>
    `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
  return make(parent, "path", { d, ...attributes });
}

/* A number with a real minus sign, and no minus before zero. */
export function show(value, digits = 2) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "?" : "∞";
  const text = value.toFixed(digits);
  return text.replace("-", Number(text) ? "−" : "");
}

/* What a reader typed, as a number; NaN where it is none. */
export function typed(text) {
  const plain = text.trim().replace(",", ".").replace(/[−–]/, "-");
  return plain === "" ? NaN : Number(plain);
}

/* A place for a curve: scales, axes, ticks. */
export function axes(parent, box, x, y, labels = {}) {
  const { left, top, width, height } = box;
  const at = {
    x: (v) => left + (width * (v - x[0])) / (x[1] - x[0]),
    y: (v) => top + height -
      (height * (Math.min(Math.max(v, y[0]), y[1]) - y[0])) /
        (y[1] - y[0]),
  };
  line(parent, [[left, top], [left, top + height],
    [left + width, top + height]], { class: "axis" });
  for (const [v, words] of labels.y ?? []) {
    make(parent, "text", { class: "small end", x: left - 5,
      y: at.y(v) + 4 }, words);
  }
  for (const [v, words] of labels.x ?? []) {
    make(parent, "text", { class: "small middle", x: at.x(v),
      y: top + height + 17 }, words);
  }
  if (labels.title) {
    const title = make(parent, "text", { class: "small strong", x: left,
      y: top - 7 }, labels.title);
    const past = left + title.getComputedTextLength() -
      parent.closest("svg")?.getAttribute("width");
    if (past > 0) { // it begins above the numbers at the side
      title.setAttribute("x", Math.max(0, left - past));
      title.setAttribute("y", top - 12);
    }
  }
  return at;
}

export class LiveFigure extends HTMLElement {
  static fields = {};
  static data = null; // the name of a file that must be there to draw

  connectedCallback() {
    if (this.state) return;
    if (this.constructor.data && !this.data) return this.load();
    if (!document.getElementById("live-style")) {
      make(document.head, "style", { id: "live-style" }, STYLE);
    }
    this.state = this.start();
    this.setRun(false);
    this.classList.add("live");
    this.calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.syncs = [];
    const still = this.querySelector("img");
    this.stage = make(this, "div", { class: "stage" });
    this.svg = make(this.stage, "svg", { role: "img" });
    if (still) still.replaceWith(this.stage);
    this.panel = make(this, "div");
    this.words = make(this, "p", { class: "says", "aria-live": "polite" });
    const foot = make(this, "p", { class: "foot" });
    this.link = make(foot, "a", { href: "#" }, "Link to this state");
    make(foot, "a", { href: `#${this.id}`, role: "button" }, "Start again")
      .addEventListener("click", (event) => {
        event.preventDefault();
        this.change(this.start());
      });
    this.controls();
    this.panel.addEventListener("pointerdown", (down) => {
      if (down.target.type === "range") this.follow(down.target, down);
    });
    this.restore();
    addEventListener("hashchange", this.onhash = () => this.restore());
    this.watch = new ResizeObserver(() => this.fit());
    this.watch.observe(this);
    this.fit();
    if (this.asked) this.scrollIntoView();
  }

  /* The still picture stays until the data are there. */
  async load() {
    this.data = await readData(this.constructor.data);
    if (this.isConnected) this.connectedCallback();
  }

  disconnectedCallback() {
    this.setRun(false);
    removeEventListener("hashchange", this.onhash);
    this.watch?.disconnect();
  }

  /* The state at the start: what the attributes say, or the fields. */
  start() {
    const state = {};
    for (const [name, [value]] of Object.entries(this.constructor.fields)) {
      state[name] = value;
    }
    return { ...state, ...this.allowed((name) => this.getAttribute(name)) };
  }

  /* Of texts, those that are a value of their field. */
  allowed(read) {
    const found = {};
    for (const [name, field] of Object.entries(this.constructor.fields)) {
      const text = read(name);
      if (text === null || text.trim?.() === "") continue;
      const [first, low, high] = field;
      if (Array.isArray(low)) {
        if (low.includes(text)) found[name] = text;
      } else if (typeof first === "string") {
        if (text.length <= low) found[name] = text;
      } else if (Number.isFinite(Number(text))) {
        const number = Math.min(Math.max(Number(text), low), high);
        found[name] = field[3] === 1 ? Math.round(number) : number;
      }
    }
    return found;
  }

  /* The state that the address names, if it names this figure. */
  restore() {
    const [id, query] = location.hash.slice(1).split("?");
    this.asked = Boolean(this.id) && id === this.id;
    if (!this.asked || query === undefined) return;
    const query_ = new URLSearchParams(query);
    this.change(this.allowed((name) => query_.get(name)));
  }

  address() {
    const query = new URLSearchParams();
    const first = this.start();
    for (const [name, value] of Object.entries(this.state)) {
      if (value === first[name]) continue;
      query.set(name, typeof value === "number"
        ? Number(value.toPrecision(6)) : value);
    }
    return `#${this.id}?${query}`;
  }

  change(changes) {
    Object.assign(this.state, changes);
    this.changed?.(changes);
    if (this.width) this.update();
  }

  fit() {
    const style = getComputedStyle(this);
    const room = this.clientWidth - parseFloat(style.paddingLeft) -
      parseFloat(style.paddingRight);
    const width = Math.max(260, Math.min(820, Math.floor(room)));
    if (width === this.width) return;
    this.width = width;
    this.narrow = width < 560;
    this.update(true);
  }

  update(afresh = false) {
    this.fresh ||= afresh;
    if (this.fresh) {
      this.svg.replaceChildren();
      this.svg.classList.toggle("narrow", this.narrow);
      this.svg.setAttribute("width", this.width);
      const height = this.build();
      this.svg.setAttribute("height", height);
      this.svg.setAttribute("viewBox", `0 0 ${this.width} ${height}`);
      this.fresh = false;
    }
    this.draw();
    this.placed?.();
    for (const sync of this.syncs) sync();
    const words = this.says();
    const now = performance.now();
    if (!this.run || !(now - this.said < 2000)) { // else it never rests
      this.words.textContent = words;
      this.said = now;
    }
    this.svg.setAttribute("aria-label", words);
    this.link.setAttribute("href", this.address());
  }

  build() {
    return this.tall();
  }

  tall() {
    return 10;
  }

  /* The place of all that is drawn again at each change, emptied. */
  sheet() {
    if (this.marks?.parentNode !== this.svg) {
      this.marks = make(this.svg, "g");
    }
    this.marks.replaceChildren();
    return this.marks;
  }

  /* Run `tick` once a frame; calmly, twice a second. */
  setRun(on) {
    this.run = on;
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    if (!on) return;
    const later = () => {
      if (this.calm) this.timer = setTimeout(again, 500);
      else this.frame = requestAnimationFrame(again);
    };
    const again = () => {
      if (!this.run || !this.isConnected) return;
      this.tick();
      later();
    };
    later();
  }

  group(legend) {
    const set = make(this.panel, legend ? "fieldset" : "div");
    if (legend) make(set, "legend", {}, legend);
    return make(set, "div", { class: "controls" });
  }

  slider(parent, name, label, digits = 2, format) {
    const [, min, max, step] = this.constructor.fields[name];
    const { input, value } = this.range(parent, name, label,
      { min, max, step });
    const words = format ?? ((v) => show(v, digits));
    input.addEventListener("input", () =>
      this.change({ [name]: Number(input.value) }));
    this.syncs.push(() => {
      input.value = this.state[name];
      value.textContent = words(this.state[name]);
      input.setAttribute("aria-valuetext", value.textContent);
    });
    return input;
  }

  /* A labelled range and the place of its value. */
  range(parent, name, label, limits) {
    const row = make(parent, "div", { class: "wide" });
    const id = `${this.id}-${name}`;
    make(row, "label", { for: id }, label);
    const input = make(row, "input", { type: "range", id, ...limits });
    return { input, value: make(row, "output", { for: id }) };
  }

  number(parent, name, label) {
    const [, min, max, step] = this.constructor.fields[name];
    const row = make(parent, "label");
    make(row, "span", {}, label);
    const input = make(row, "input", { type: "number", min, max, step });
    input.addEventListener("change", () =>
      this.change(this.allowed((n) => (n === name ? input.value : null))));
    this.syncs.push(() => {
      if (document.activeElement !== input || Number(input.value) !==
        this.state[name]) input.value = +this.state[name].toFixed(4);
    });
    return input;
  }

  choice(parent, name, label, options) {
    const row = make(parent, "div", { class: "pick" });
    const id = `${this.id}-${name}`;
    make(row, "label", { for: id }, label);
    const select = make(row, "select", { id });
    for (const [value, words] of Object.entries(options)) {
      make(select, "option", { value }, words);
    }
    select.addEventListener("change", () =>
      this.change({ [name]: select.value }));
    this.syncs.push(() => { select.value = this.state[name]; });
    return select;
  }

  button(parent, words, action) {
    const node = make(parent, "button", { type: "button" }, words);
    node.addEventListener("click", action);
    return node;
  }

  /* Each move of a pointer until it lets go. If the browser takes it, to
     scroll, the state is again what it was: a slider jumps to a finger
     before it is known where the finger goes. */
  follow(node, { pointerId }, move) {
    const before = { ...this.state }, over = new AbortController();
    if (move) node.setPointerCapture(pointerId);
    const on = (kind, action) => node.addEventListener(kind, (event) => {
      if (event.pointerId === pointerId) action(event);
    }, { signal: over.signal });
    if (move) on("pointermove", move);
    on("pointerup", () => over.abort());
    on("pointercancel", () => {
      over.abort();
      this.change(before);
    });
  }

  /* A row of `n` places: a click tells `action` which, from 0. */
  strip(parent, box, n, action) {
    const area = make(parent, "rect", { x: box.left, y: box.top,
      width: box.width, height: box.height, fill: "transparent",
      style: "cursor: pointer" });
    area.addEventListener("click", ({ clientX }) => {
      const { left, width } = area.getBoundingClientRect();
      action(Math.min(Math.floor((n * (clientX - left)) / width), n - 1));
    });
  }

  /* A field for a text that a network reads. */
  text(parent, name, label) {
    const row = make(parent, "label");
    make(row, "span", {}, label);
    const input = make(row, "input", { type: "text", size: 15,
      maxlength: this.constructor.fields[name][1] });
    input.addEventListener("input", () =>
      this.change({ [name]: input.value || " " }));
    this.syncs.push(() => {
      if (document.activeElement !== input) input.value = this.state[name];
    });
  }
}

/* Horizontal bars, [words, share, whether marked]: a share is 0 to 1. */
export function bars(parent, x, y, width, rows, label = 90) {
  rows.forEach(([words, share, marked], k) => {
    const top = y + 22 * k, room = width - label - 44;
    make(parent, "text", { class: `small end${marked ? " strong" : ""}`,
      x: x + label - 6, y: top + 13 }, words);
    make(parent, "rect", { x: x + label, y: top + 2, height: 15,
      width: Math.max(room * share, 0.5),
      fill: `var(--${marked ? "forget" : "input"})` });
    make(parent, "text", { class: "small", y: top + 13,
      x: x + label + room * share + 5 }, show(share));
  });
}

/* Normal numbers from a uniform generator. */
export function normal(random) {
  return Math.sqrt(-2 * Math.log(1 - random())) *
    Math.cos(2 * Math.PI * random());
}

/* A reader's answer: what is right, what the known mistakes give. */
export function judge(text, answer, mistakes, tolerance) {
  const number = typed(text);
  if (Number.isNaN(number)) return "Type a number, such as −0.25.";
  const near = (value) => Math.abs(number - value) <= tolerance;
  if (near(answer)) return "✓ Right.";
  const known = mistakes.find(([value]) => near(value));
  return known ? `✗ Not yet: ${known[1]}` : "✗ Not yet.";
}
