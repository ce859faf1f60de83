/* <state-map>: one recurrent unit, h_t = f(W_h h_{t-1} + b + push), live.

   Attributes: f ("tanh" or "relu"), w, b, push (size of one press), steps,
   presses ("2:1 14:-1": moment and sign), up and down (the buttons' names).
   Three pictures share the state h: the map, the landscape whose slope
   each step descends, and the trace over time. What stands inside the
   element is shown where JavaScript is off. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const BLUE = "#0072B2", VERMILLION = "#D55E00";
  const STYLE = `
    state-map { display: block; margin: 1.5em 0; padding: 0.8em;
      border: 1px solid currentColor; border-radius: 6px; }
    state-map .panels { display: grid; gap: 0.4em 1em;
      grid-template-columns: minmax(0, 3fr) minmax(0, 4fr); }
    state-map svg { width: 100%; height: auto; overflow: visible; }
    state-map svg text { font-size: 13px; fill: currentColor; }
    state-map .controls label { display: grid; align-items: center;
      grid-template-columns: 6.5em 1fr 3.2em; gap: 0.5em; margin: 0.2em 0; }
    state-map input[type="range"] { width: 100%; }
    state-map output { text-align: right; }
    state-map button { margin: 0.3em 0.4em 0 0; padding: 0.2em 0.7em;
      color: inherit; background: transparent;
      border: 1px solid currentColor; border-radius: 4px; }
    state-map button:focus-visible, state-map input:focus-visible {
      outline: 3px solid ${BLUE}; outline-offset: 2px; }
    state-map p { margin: 0.5em 0 0; }
    @media (max-width: 600px) {
      state-map .panels { grid-template-columns: minmax(0, 1fr); } }`;

  const FUNCTIONS = {
    tanh: {
      f: Math.tanh,
      slope: (a) => 1 - Math.tanh(a) ** 2,
      integral: (a) => Math.log(Math.cosh(a)),
      low: -1.1, high: 1.1, ticks: [-1, 0, 1],
    },
    relu: {
      f: (a) => Math.max(0, a),
      slope: (a) => (a > 0 ? 1 : 0),
      integral: (a) => Math.max(0, a) ** 2 / 2,
      low: -0.5, high: 8.5, ticks: [0, 2, 4, 6, 8],
    },
  };

  /* Where f(w h + b) = h: [{h, stable}], or "all" for a flat stretch. */
  function restingPoints(kind, w, b) {
    const excess = (h) => kind.f(w * h + b) - h;
    const found = [], n = 997; // odd, so that no grid point is 0
    const low = kind.low - 0.013, high = kind.low === -1.1 ? 1.113 : 60;
    let flat = 0;
    for (let k = 0; k < n; k++) {
      let left = low + ((high - low) * k) / n;
      let right = low + ((high - low) * (k + 1)) / n;
      if (Math.abs(excess(left)) < 1e-12) { flat++; continue; }
      if (excess(left) * excess(right) >= 0) continue;
      const falls = excess(left) > 0;
      for (let i = 0; i < 60; i++) {
        const middle = (left + right) / 2;
        if (excess(middle) > 0 === falls) left = middle;
        else right = middle;
      }
      const h = Math.abs(left) < 1e-9 ? 0 : left;
      const steep = Math.abs(w * kind.slope(w * h + b));
      found.push({ h, stable: steep < 1 + 1e-9 });
    }
    return flat > 5 ? "all" : found;
  }

  /* The height whose slope at h is h - f(w h + b). */
  function height(kind, w, b, h) {
    if (Math.abs(w) < 1e-9) return (h * h) / 2 - kind.f(b) * h;
    return (h * h) / 2 - kind.integral(w * h + b) / w;
  }

  function show(h, digits = 2) {
    const text = h.toFixed(digits); // may be "-0.00"
    return text.replace("-", Number(text) ? "−" : "");
  }

  function make(parent, name, attributes = {}, text = "") {
    const svg = parent instanceof SVGElement || name === "svg";
    const node = svg
      ? document.createElementNS(SVG, name)
      : document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) {
      node.setAttribute(key, value);
    }
    node.textContent = text;
    parent.append(node);
    return node;
  }

  function path(parent, points, attributes) {
    const d = points.map(([x, y], k) =>
      `${k ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
    return make(parent, "path", { d, fill: "none", ...attributes });
  }

  class StateMap extends HTMLElement {
    connectedCallback() {
      if (document.readyState === "loading") { // children not read yet
        document.addEventListener("DOMContentLoaded", () => this.start());
      } else {
        this.start();
      }
    }

    start() {
      if (this.kind) return;
      const number = (name, otherwise) =>
        Number(this.getAttribute(name) ?? otherwise);
      this.name = this.getAttribute("f") ?? "tanh";
      this.kind = FUNCTIONS[this.name];
      this.push = number("push", 3);
      this.steps = number("steps", 40);
      this.first = { w: number("w", 2), b: number("b", 0) };
      this.up = this.getAttribute("up") ?? "ON";
      this.down = this.getAttribute("down") ?? "OFF";
      this.build();
      this.restart();
    }

    build() {
      if (!document.getElementById("state-map-style")) {
        make(document.head, "style", { id: "state-map-style" }, STYLE);
      }
      this.replaceChildren();
      const panels = make(this, "div", { class: "panels" });
      const left = make(panels, "div"), right = make(panels, "div");
      this.map = make(left, "svg", { role: "img", viewBox: "0 0 320 300" });
      this.land = make(left, "svg", { role: "img", viewBox: "0 0 320 165" });
      this.trace = make(right, "svg",
        { role: "img", viewBox: "0 0 427 300" });
      const controls = make(right, "div", { class: "controls" });
      const slider = (label, name, min, max, step) => {
        const row = make(controls, "label");
        make(row, "span").innerHTML = label;
        const input = make(row, "input", { type: "range", min, max, step });
        const value = make(row, "output");
        input.addEventListener("input", () => this.draw());
        this[name] = { input, value };
      };
      const tanh = this.name === "tanh";
      slider("weight <i>W<sub>h</sub></i>", "w",
        tanh ? -2.5 : 0.8, tanh ? 4 : 1.2, tanh ? 0.1 : 0.01);
      slider("bias <i>b</i>", "b",
        tanh ? -1.5 : -0.5, tanh ? 1.5 : 0.5, 0.05);
      slider("moment <i>t</i>", "t", 1, this.steps, 1);
      const button = (label, action) =>
        make(controls, "button", { type: "button" }, label)
          .addEventListener("click", action);
      const set = (sign) => () => {
        this.presses[this.t.input.value - 1] = sign;
        this.draw();
      };
      button(`${this.up} at t`, set(1));
      button(`${this.down} at t`, set(-1));
      button("nothing at t", set(0));
      button("start again", () => this.restart());
      this.words = make(this, "p", { "aria-live": "polite" });
    }

    restart() {
      this.presses = Array(this.steps).fill(0);
      for (const press of (this.getAttribute("presses") ?? "").split(" ")) {
        const [moment, sign] = press.split(":").map(Number);
        if (moment) this.presses[moment - 1] = sign;
      }
      this.w.input.value = this.first.w;
      this.b.input.value = this.first.b;
      this.t.input.value = this.steps;
      this.draw();
    }

    draw() {
      const w = Number(this.w.input.value), b = Number(this.b.input.value);
      const t = Number(this.t.input.value);
      const digits = this.name === "tanh" ? 1 : 2;
      this.w.value.textContent = show(w, digits);
      this.b.value.textContent = show(b);
      this.t.value.textContent = t;
      const h = [0]; // h[t] is the state after moment t
      for (const sign of this.presses) {
        const a = w * h[h.length - 1] + b + sign * this.push;
        h.push(this.kind.f(a));
      }
      const rest = restingPoints(this.kind, w, b);
      this.drawMap(w, b, h, t, rest);
      this.drawLandscape(w, b, h[t], rest);
      this.drawTrace(h, t, rest);
      const says = this.describe(w, rest);
      const far = h[t] > this.kind.high ? ", off the picture" : "";
      const now = `State after moment ${t}: ${show(h[t])}${far}.`;
      this.words.textContent = `${says} ${now}`;
      this.map.setAttribute("aria-label",
        `Map from the state before a step to the state after it. ${says}`);
      this.land.setAttribute("aria-label",
        "Landscape over the state; a ball stands at the state after "
        + `moment ${t}. Each step moves it by minus the slope.`);
      this.trace.setAttribute("aria-label",
        `The state over ${this.steps} moments. ${now}`);
    }

    describe(w, rest) {
      if (rest === "all") {
        return "Every state from 0 upwards is a resting point: "
          + "the ground is flat, and a count stays where it is.";
      }
      const list = (points) => points.map((p) => show(p.h)).join(" and ");
      const stable = rest.filter((p) => p.stable);
      const other = rest.filter((p) => !p.stable);
      if (!rest.length) return "No resting point: the state runs away.";
      if (!stable.length && w < 0) {
        return `No place to stay: around ${list(other)} the state `
          + "swings from side to side for ever.";
      }
      if (!stable.length) {
        return `One resting point, ${list(other)}, and nothing leads back `
          + "to it: the state runs away.";
      }
      const places = stable.length === 1 ? "One place" : "Two places";
      const from = other.length
        ? ` ${list(other)} also maps to itself, `
          + "but the least push leads away." : "";
      return `${places} to rest: ${list(stable)}.${from}`;
    }

    /* Pixel of state h: along x in map and landscape, along y in both. */
    x(h) {
      const { low, high } = this.kind;
      return 40 + (270 * (this.clip(h) - low)) / (high - low);
    }

    y(h) {
      const { low, high } = this.kind;
      return 262 - (240 * (this.clip(h) - low)) / (high - low);
    }

    clip(h) {
      return Math.min(Math.max(h, this.kind.low), this.kind.high);
    }

    axes(svg, bottom, xlabel, ylabel, right) {
      svg.replaceChildren();
      make(svg, "path", { d: `M40 12V${bottom}H${right}`,
        stroke: "currentColor", fill: "none" });
      make(svg, "text", { x: (40 + right) / 2, y: bottom + 32,
        "text-anchor": "middle" }, xlabel);
      make(svg, "text", { x: 44, y: 14 }, ylabel);
    }

    ticksX(svg, bottom) {
      for (const h of this.kind.ticks) {
        make(svg, "text", { x: this.x(h), y: bottom + 16,
          "text-anchor": "middle" }, show(h, 0));
      }
    }

    ticksY(svg) {
      for (const h of this.kind.ticks) {
        make(svg, "text", { x: 34, y: this.y(h) + 4,
          "text-anchor": "end" }, show(h, 0));
      }
    }

    dots(svg, rest, place) {
      for (const { h, stable } of rest === "all" ? [] : rest) {
        if (h < this.kind.low || h > this.kind.high) continue;
        const [cx, cy] = place(h);
        make(svg, "circle", { cx, cy, r: 6, stroke: VERMILLION,
          "stroke-width": 2.5, fill: stable ? VERMILLION : "none" });
      }
    }

    drawMap(w, b, h, t, rest) {
      const { low, high, f } = this.kind, svg = this.map;
      this.axes(svg, 262, "state before the step", "state after", 310);
      this.ticksX(svg, 262);
      this.ticksY(svg);
      path(svg, [[this.x(low), this.y(low)], [this.x(high), this.y(high)]],
        { stroke: "currentColor", "stroke-dasharray": "4 4" });
      const curve = [];
      for (let k = 0; k <= 110; k++) {
        const at = low + ((high - low) * k) / 110, to = f(w * at + b);
        if (to <= high) curve.push([this.x(at), this.y(to)]);
      }
      path(svg, curve, { stroke: BLUE, "stroke-width": 3 });
      const web = [];
      for (let k = t; k > 0 && !this.presses[k - 1]; k--) {
        web.unshift([this.x(h[k - 1]), this.y(h[k - 1])],
          [this.x(h[k - 1]), this.y(h[k])], [this.x(h[k]), this.y(h[k])]);
      }
      path(svg, web, { stroke: "currentColor", "stroke-width": 1.5 });
      this.dots(svg, rest, (at) => [this.x(at), this.y(at)]);
      make(svg, "circle", { cx: this.x(h[t]), cy: this.y(h[t]), r: 4,
        fill: "currentColor" });
    }

    drawLandscape(w, b, now, rest) {
      const { low, high } = this.kind, svg = this.land;
      this.axes(svg, 128, "state h", "height", 310);
      this.ticksX(svg, 128);
      const points = [];
      for (let k = 0; k <= 110; k++) {
        const at = low + ((high - low) * k) / 110;
        points.push([at, height(this.kind, w, b, at)]);
      }
      const heights = points.map((p) => p[1]);
      const least = Math.min(...heights);
      const span = Math.max(Math.max(...heights) - least, 0.05);
      const y = (at) => 120 -
        (95 * (height(this.kind, w, b, this.clip(at)) - least)) / span;
      path(svg, points.map(([at]) => [this.x(at), y(at)]),
        { stroke: BLUE, "stroke-width": 3 });
      this.dots(svg, rest, (at) => [this.x(at), y(at)]);
      make(svg, "circle", { cx: this.x(now), cy: y(now) - 8, r: 7,
        fill: "currentColor" });
    }

    drawTrace(h, t, rest) {
      const svg = this.trace;
      const x = (k) => 40 + (375 * k) / this.steps;
      this.axes(svg, 262, "moment t", "state h", 417);
      this.ticksY(svg);
      for (let k = 10; k <= this.steps; k += 10) {
        make(svg, "text", { x: x(k), y: 278, "text-anchor": "middle" }, k);
      }
      for (const { h: at, stable } of rest === "all" ? [] : rest) {
        if (!stable || at > this.kind.high) continue;
        path(svg, [[40, this.y(at)], [417, this.y(at)]],
          { stroke: VERMILLION, "stroke-dasharray": "2 5" });
      }
      path(svg, [[x(t), 12], [x(t), 262]],
        { stroke: "currentColor", "stroke-dasharray": "2 3" });
      path(svg, h.map((at, k) => [x(k), this.y(at)]),
        { stroke: "currentColor", "stroke-width": 2 });
      make(svg, "circle", { cx: x(t), cy: this.y(h[t]), r: 5,
        fill: "currentColor" });
      this.presses.forEach((sign, k) => {
        if (!sign) return;
        const at = x(k + 1), tip = 262 - sign * 7;
        make(svg, "path", { fill: VERMILLION, d:
          `M${at - 6} ${262 + sign * 5}H${at + 6}L${at} ${tip}Z` });
      });
    }
  }

  customElements.define("state-map", StateMap);
})();
