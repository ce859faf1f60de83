/* <live-machine cell="lstm"> or "gru": one unit's wiring at one step, and
   its gates and state over a sequence, set by hand or by a network. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { press } from "./holds.mjs";
import { softmax } from "./cells.mjs";
import { network, read } from "./letters.mjs";

const STEPS = 24, FROM = 4, TO = 20, LEVELS = "abcdefghijk";
const W_HAND = 1.5; // the recurrent weight of the unit set by hand

/* What stands in a row: key, name, colour, and whether it is signed. */
const ROWS = {
  lstm: [
    ["f", "forget f", "forget", false], ["i", "input i", "input", false],
    ["g", "candidate g", "candidate", true],
    ["o", "output o", "output", false],
    ["c", "cell state c", "ink", true], ["h", "hidden h", "ink", true],
  ],
  gru: [
    ["z", "update z", "forget", false], ["r", "reset r", "input", false],
    ["x", "what comes in", "candidate", true],
    ["n", "candidate n", "candidate", true],
    ["h", "hidden h", "ink", true],
  ],
};
const SET = { lstm: ["f", "i", "g", "o"], gru: ["z", "r", "x"] };
const TEXT = "the value of the name is bound to it. ";

/* What came in, the same for both cells: a level for each step. */
const INPUT = "fhdiagjbfdkcgeahcjdbigef";

/* One unit over all steps, its gates as the program's letters say. */
export function byHand(cell, program) {
  const value = (row, t, signed) => {
    const level = LEVELS.indexOf(program[row * STEPS + t]);
    return signed ? (level - 5) / 5 : level / 10;
  };
  const steps = [];
  let c = 0, h = 0;
  for (let t = 0; t < STEPS; t++) {
    if (cell === "lstm") {
      const f = value(0, t), i = value(1, t);
      const g = value(2, t, true), o = value(3, t), before = c;
      c = f * c + i * g;
      h = o * Math.tanh(c);
      steps.push({ f, i, g, o, before, c, h });
    } else {
      const z = value(0, t), r = value(1, t), x = value(2, t, true);
      const before = h, n = Math.tanh(2 * x + r * W_HAND * h);
      h = (1 - z) * n + z * h;
      steps.push({ z, r, x, n, before, h });
    }
  }
  return steps;
}

/* A trained network over a text: all units' numbers at each step. */
export function trained(cell, net, text) {
  const { y, tape, logits } = read(cell, net, text);
  const next = logits.map((row) => softmax(row));
  const steps = tape.caches.map((cache, t) => {
    if (cell === "gru") {
      return { ...cache, before: cache.h_before, h: y[t] };
    }
    const c = cache.c_before.map((v, k) =>
      cache.f[k] * v + cache.i[k] * cache.g[k]);
    return { ...cache, before: cache.c_before, c, h: y[t] };
  });
  return { steps, next };
}

class Machine extends LiveFigure {
  static fields = {
    cell: ["lstm", ["lstm", "gru"]], mode: ["hand", ["hand", "trained"]],
    t: [FROM, 1, 40, 1], unit: [0, 0, 24, 1], // 0: the network's own
    text: [TEXT, 40],
    program: ["", 4 * STEPS],
  };

  start() {
    const state = super.start();
    state.cell = this.state?.cell ?? state.cell;
    const even = "f".repeat(STEPS);
    const rows = state.cell === "lstm" ? [even, even, INPUT, even]
      : [even, even, INPUT];
    return { ...state, program: state.program || rows.join("") };
  }

  allowed(read) {
    const found = super.allowed(read);
    delete found[this.state && "cell"]; // the page's, not the address's
    const rows = SET[(this.state ?? found).cell ?? "lstm"].length;
    if (!RegExp(`^[a-k]{${rows * STEPS}}$`).test(found.program)) {
      delete found.program;
    }
    return found;
  }

  controls() {
    const { cell } = this.state;
    const first = this.group();
    this.choice(first, "mode", "The gates are set", {
      hand: "by hand", trained: "by a trained network" });
    this.slider(first, "t", "Step t", 0);
    this.hand = this.group();
    for (const [k, key] of SET[cell].entries()) {
      const [, name, , signed] = ROWS[cell].find(([a]) => a === key);
      const { input, value } = this.range(this.hand, key, `${name} at t`,
        { min: 0, max: 10 });
      input.addEventListener("input", () =>
        this.set(k, this.state.t - 1, Number(input.value)));
      this.syncs.push(() => {
        const level = LEVELS.indexOf(
          this.state.program[k * STEPS + this.state.t - 1]);
        input.value = level;
        value.textContent = signed ? show((level - 5) / 5, 1)
          : show(level / 10, 1);
        input.setAttribute("aria-valuetext", value.textContent);
      });
    }
    this.button(this.hand, "Set the gates of all steps like this one", () => {
      const { program, t } = this.state;
      this.change({ program: SET[cell].map((key, k) =>
        "gx".includes(key) ? program.slice(k * STEPS, (k + 1) * STEPS)
          : program[k * STEPS + t - 1].repeat(STEPS)).join("") });
    });
    this.net = this.group();
    this.text(this.net, "text", "A text to read");
    this.slider(this.net, "unit", "Unit", 0, (v) =>
      `${v} of ${this.units ?? 24}`).min = 1;
  }

  changed() {
    this.fresh = true;
    if (this.state.mode === "trained" && !this.weights) {
      this.weights = {};
      network(this.state.cell).then((net) => {
        this.weights = net;
        this.state.unit ||= net.unit + 1;
        this.change({});
      });
    }
    this.state.t = Math.min(this.state.t, this.length());
  }

  length() {
    const { mode, text } = this.state;
    return mode === "hand" ? STEPS : Math.max(text.length, 1);
  }

  set(row, t, level) {
    const at = row * STEPS + t, { program } = this.state;
    this.change({ t: t + 1, program: program.slice(0, at)
      + LEVELS[level] + program.slice(at + 1) });
  }

  /* All steps of the unit that is shown, and its row list. */
  work() {
    const { cell, mode, program, text, unit } = this.state;
    this.rows = ROWS[cell];
    if (mode === "hand") {
      this.steps = byHand(cell, program);
      return;
    }
    this.rows = this.rows.filter(([key]) => key !== "x");
    if (!this.weights?.H) {
      this.steps = [...text].map(() => ({}));
      return;
    }
    if (this.read !== text) {
      this.read = text;
      this.all = trained(cell, this.weights, text);
    }
    this.steps = this.all.steps.map((step) => Object.fromEntries(
      Object.entries(step).map(([key, v]) => [key, v[unit - 1]])));
  }

  build() {
    this.work();
    this.wires = make(this.svg, "g");
    const left = this.narrow ? 92 : 104, n = this.steps.length;
    this.plot = { left, width: this.width - left - 8, n };
    let top = 236;
    this.places = this.rows.map(([, name, , signed]) => {
      const height = signed ? 46 : 30;
      const place = { top, height };
      make(this.svg, "text", { class: "small end", x: left - 8,
        y: top + height / 2 + 4 },
      this.narrow ? name.replace("what ", "") : name);
      top += height + 9;
      return place;
    });
    this.bars = make(this.svg, "g");
    const letters = this.state.mode === "trained";
    for (let t = 0; t < n; t++) {
      const words = letters
        ? this.state.text[t].replace(" ", "·")
        : (t + 1) % 4 === 0 ? `${t + 1}` : "";
      make(this.svg, "text", { class: "small middle", y: top + 8,
        x: left + ((t + 0.5) * this.plot.width) / n }, words);
    }
    if (!letters) {
      make(this.svg, "text", { class: "small end", x: left - 8,
        y: top + 8 }, "step");
    }
    this.grip(top);
    return top + 14;
  }

  /* Press and drag in a row: which step, and by hand which value. */
  grip(bottom) {
    const { left, width, n } = this.plot, top = 228;
    press(this, { left, top, width, height: bottom - top }, (across, up) => {
      const t = Math.min(Math.floor(across * n), n - 1);
      const y = bottom - up * (bottom - top);
      const k = this.places.findIndex((place) =>
        y >= place.top - 4 && y <= place.top + place.height + 4);
      const row = SET[this.state.cell].indexOf(this.rows[k]?.[0]);
      if (this.state.mode === "hand" && row >= 0) {
        const place = this.places[k];
        const level = Math.round(10 * (1 - (y - place.top) / place.height));
        this.set(row, t, Math.min(Math.max(level, 0), 10));
      } else {
        this.change({ t: t + 1 });
      }
    }, true);
  }

  draw() {
    this.hand.hidden = this.state.mode !== "hand";
    this.net.hidden = !this.hand.hidden;
    const slider = this.querySelector(`#${CSS.escape(this.id)}-t`);
    slider.max = this.length();
    this.drawRows();
    this.wires.replaceChildren();
    const step = this.steps[this.state.t - 1];
    if (step.h === undefined) return;
    if (this.state.cell === "lstm") this.drawLstm(step);
    else this.drawGru(step);
  }

  drawRows() {
    const { left, width, n } = this.plot, svg = this.bars;
    svg.replaceChildren();
    const x = (t) => left + (t * width) / n;
    const { t, cell, mode } = this.state;
    make(svg, "rect", { x: x(t - 1), y: 228, width: width / n,
      height: this.places.at(-1).top + this.places.at(-1).height - 222,
      fill: "var(--soft)" });
    this.rows.forEach(([key, , colour, signed], k) => {
      const { top, height } = this.places[k];
      const values = this.steps.map((step) => step[key]);
      const most = signed
        ? Math.max(1, ...values.map((v) => Math.abs(v) || 0)) : 1;
      axes(svg, { left, top, width, height }, [0, n],
        signed ? [-most, most] : [0, 1]);
      const zero = signed ? top + height / 2 : top + height;
      const scale = signed ? height / 2 / most : height;
      if (signed) {
        line(svg, [[left, zero], [left + width, zero]], { class: "grid" });
      }
      values.forEach((v, s) => {
        if (!Number.isFinite(v)) return;
        make(svg, "rect", { x: x(s) + 1, width: Math.max(width / n - 2, 1),
          y: v > 0 ? zero - v * scale : zero,
          height: Math.max(Math.abs(v) * scale, 0.8),
          fill: `var(--${colour})` });
      });
    });
    if (mode !== "hand") return;
    const key = cell === "lstm" ? "g" : "x";
    const k = this.rows.findIndex(([a]) => a === key);
    for (const [s, row] of [[FROM, k], [TO, this.rows.length - 1]]) {
      const { top, height } = this.places[row];
      make(svg, "rect", { x: x(s - 1), y: top - 3, width: width / n,
        height: height + 6, fill: "none", stroke: "var(--ink)",
        "stroke-width": 2, "stroke-dasharray": "4 3" });
    }
  }

  wire(d, value) {
    make(this.wires, "path", { d, fill: "none", stroke: "var(--faint)",
      "stroke-width": 1 + 6 * Math.min(Math.abs(value), 1) });
  }

  word(x, y, words, kind = "middle") {
    make(this.wires, "text", { x, y, class: kind, "paint-order": "stroke",
      stroke: "var(--paper)", "stroke-width": 4 }, words);
  }

  dot(x, y, sign) {
    make(this.wires, "circle", { cx: x, cy: y, r: 11, class: "box" });
    make(this.wires, "text", { x, y: y + 5, class: "middle" }, sign);
  }

  /* A gate: a valve that is as full as it is open. */
  gate(x, y, name, value, colour) {
    const w = this.narrow ? Math.min(66, 0.23 * this.width) : 84, h = 40;
    const full = Math.abs(value) * w;
    make(this.wires, "rect", { class: "box", x: x - w / 2, y: y - h / 2,
      width: w, height: h, rx: 5 });
    make(this.wires, "rect", { x: x - w / 2, y: y + h / 2 - 6, width: full,
      height: 6, fill: `var(--${colour})` });
    make(this.wires, "rect", { x: x - w / 2, y: y - h / 2, width: w,
      height: h, rx: 5, fill: "none", stroke: `var(--${colour})`,
      "stroke-width": 2 });
    const words = make(this.wires, "text", { class: "middle", x, y: y + 1 });
    words.textContent = `${name} ${show(value)}`;
  }

  drawLstm({ f, i, g, o, before, c, h }) {
    const X = (share) => share * this.width, rail = 40, low = 180;
    const [xf, xp, xo] = [X(0.13), X(0.5), X(0.87)];
    const mid = 112, tanh = X(0.7);
    this.wire(`M4 ${rail}H${xf}`, before);
    this.wire(`M${xf} ${rail}H${xp}`, f * before);
    this.wire(`M${xp} ${rail}H${this.width - 4}`, c);
    this.wire(`M${xf} ${low}V${rail}`, f);
    this.wire(`M${X(0.38)} ${low}L${xp} ${mid}`, i);
    this.wire(`M${X(0.62)} ${low}L${xp} ${mid}`, g);
    this.wire(`M${xp} ${mid}V${rail}`, i * g);
    this.wire(`M${tanh} ${rail}V${mid}H${xo}`, Math.tanh(c));
    this.wire(`M${xo} ${low}V${mid}`, o);
    this.wire(`M${xo} ${mid}H${this.width - 4}`, h);
    make(this.wires, "rect", { class: "box", x: tanh - 22, y: mid - 13,
      width: 44, height: 26, rx: 5 });
    this.word(tanh, mid + 5, "tanh");
    this.dot(xf, rail, "×");
    this.dot(xp, rail, "+");
    this.dot(xp, mid, "×");
    this.dot(xo, mid, "×");
    this.gate(X(0.13), low, "f", f, "forget");
    this.gate(X(0.38), low, "i", i, "input");
    this.gate(X(0.62), low, "g", g, "candidate");
    this.gate(X(0.87), low, "o", o, "output");
    this.word(2, rail - 16, `c before ${show(before)}`, "");
    this.word((xf + xp) / 2 + (this.narrow ? 0 : 12),
      rail + (this.narrow ? 20 : -10),
      `f c = ${show(f * before)}`);
    this.word(xp + (this.narrow ? -10 : 10), (rail + mid) / 2 + 5,
      `i g = ${show(i * g)}`, this.narrow ? "end" : "");
    this.word(this.width - 2, rail - 16, `c = ${show(c)}`, "end");
    this.word(this.width - 2, mid - 18, `h = ${show(h)}`, "end");
  }

  drawGru({ z, r, n, before, h }) {
    const X = (share) => share * this.width, rail = 40, low = 196;
    const [xz, xn] = [X(0.3), X(0.84)], mid = 112, xr = X(0.52);
    this.wire(`M4 ${rail}H${xz}`, before);
    this.wire(`M${xz} ${rail}H${xn}`, z * before);
    this.wire(`M${xn} ${rail}H${this.width - 4}`, h);
    this.wire(`M${X(0.05)} ${rail}V${low}H${xr}`, before);
    this.wire(`M${xr} ${low}H${xn}`, r * before);
    this.wire(`M${xr} 152V${low}`, r);
    this.wire(`M${xz} ${mid}V${rail}`, z);
    this.wire(`M${xz} ${mid}H${xn}`, 1 - z);
    this.wire(`M${xn} ${low}V${mid}`, n);
    this.wire(`M${xn} ${mid}V${rail}`, (1 - z) * n);
    make(this.wires, "rect", { class: "box", x: X(0.2) - 20, y: low - 13,
      width: 40, height: 26, rx: 5 });
    this.word(X(0.2), low + 5, "W h");
    this.dot(xz, rail, "×");
    this.dot(xn, rail, "+");
    this.dot(xn, mid, "×");
    this.dot(xr, low, "×");
    this.gate(xz, mid, "z", z, "forget");
    this.gate(xr, 152, "r", r, "input");
    this.gate(xn, low, "n", n, "candidate");
    this.word(2, rail - 16, `h before ${show(before)}`, "");
    this.word((xz + xn) / 2, rail + (this.narrow ? 20 : -10),
      `z h = ${show(z * before)}`);
    this.word((xr + xn) / 2 - 6, mid - 9, `1 − z = ${show(1 - z)}`);
    this.word(xn - 16, (rail + mid) / 2 + 5,
      `(1 − z) n = ${show((1 - z) * n)}`, "end");
    this.word(this.width - 2, rail - 16, `h = ${show(h)}`, "end");
  }

  /* What the step adds up, in numbers. */
  sum(step) {
    return this.state.cell === "lstm"
      ? `c = f c + i g = ${show(step.f)} × ${show(step.before)} + `
        + `${show(step.i)} × ${show(step.g)} = ${show(step.c)}, of which `
        + `${show(step.h)} is shown.`
      : `h = z h + (1 − z) n = ${show(step.z)} × ${show(step.before)} + `
        + `${show(1 - step.z)} × ${show(step.n)} = ${show(step.h)}.`;
  }

  says() {
    const { mode, t, text, unit } = this.state;
    const step = this.steps[t - 1];
    if (step.h === undefined) return "The network's numbers are loading …";
    const sum = this.sum(step);
    if (mode === "hand") return `Step ${t}: ${sum} ${this.goal()}`;
    const next = this.all.next[t - 1], best = next.indexOf(
      Math.max(...next));
    const letter = this.weights.alphabet[best].replace(" ", "a space");
    return `Unit ${unit} after “${text.slice(0, t)}”: ${sum} The whole `
      + `network now expects ${letter} `
      + `(${(100 * next[best]).toFixed(0)} %). Over unseen text it needs `
      + `${show(this.weights.bits)} bits per character; pairs of `
      + `characters need ${show(this.weights.pairs)}.`;
  }

  goal() {
    const lstm = this.state.cell === "lstm";
    const steps = this.steps, from = steps[FROM - 1];
    const wanted = Math.tanh(lstm ? from.g : 2 * from.x);
    const got = steps[TO - 1].h;
    const quiet = !lstm || steps.slice(FROM, TO - 1).every((s) =>
      Math.abs(s.h) < 0.02);
    const reached = Math.abs(wanted - got) < 0.02;
    const so = `Step ${TO} shows ${show(got)}; step ${FROM} brought in `
      + `what should show as ${show(wanted)}.`;
    if (reached && quiet) return `${so} It arrived.`;
    return reached ? `${so} It arrived, but was shown before its time.`
      : `${so} Not yet.`;
  }
}

customElements.define("live-machine", Machine);
