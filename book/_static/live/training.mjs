/* <live-training>: a small network that trains in the page. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";
import { STARTS, TASKS, Trainer } from "./tasks.mjs";

const RATES = [0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3];
const LIMITS = [0.1, 0.3, 1, 3, 10, Infinity];
const MOST = 4000; // updates

/* "0.3.2~120.4.2": from update 0 rate 3 and limit 2, from 120 rate 4. */
function readPlan(text) {
  const plan = text.split("~").map((part) => part.split(".").map(Number));
  const whole = plan.every((entry, k) => entry.length === 3 &&
    entry.every(Number.isInteger) && RATES[entry[1]] !== undefined &&
    LIMITS[entry[2]] !== undefined && entry[0] >= 0 &&
    (k === 0 ? entry[0] === 0 : entry[0] > plan[k - 1][0]));
  return whole ? plan : null;
}

class Training extends LiveFigure {
  static fields = {
    task: ["latching", Object.keys(TASKS)],
    cell: ["rnn", ["rnn", "lstm", "gru"]],
    start: ["default", Object.keys(STARTS)],
    T: [20, 4, 60, 1], seed: [1, 1, 99, 1],
    updates: [0, 0, MOST, 1], plan: ["0.3.2", 400],
  };

  allowed(read) {
    const found = super.allowed(read);
    if (found.plan !== undefined && !readPlan(found.plan)) {
      delete found.plan;
    }
    return found;
  }

  controls() {
    if (!this.brief) this.settings();
    const steps = this.group();
    this.go = this.button(steps, "Train", () => {
      this.until = MOST;
      this.setRun(!this.run);
      this.update();
    });
    this.button(steps, "One update", () => {
      this.until = this.state.updates + 1;
      this.tick();
    });
    this.button(steps, "Other weights", () => this.change({
      seed: 1 + (this.state.seed % 99), updates: 0 }));
    this.begin();
  }

  /* With the attribute `brief`: two panels, and nothing to choose. */
  get brief() { return this.hasAttribute("brief"); }

  settings() {
    const what = this.group();
    this.choice(what, "task", "Task", { counting: "count the events",
      latching: "follow the last pulse", adding: "add the marked numbers" });
    this.choice(what, "cell", "Cell",
      { rnn: "plain (tanh)", lstm: "LSTM", gru: "GRU" });
    this.choice(what, "start", "Initial weights", STARTS);
    this.slider(what, "T", "Steps", 0);
    const how = this.group();
    const pick = (name, label, values, k) => {
      const { input, value } = this.range(how, name, label,
        { min: 0, max: values.length - 1 });
      input.addEventListener("input", () => this.adjust(k,
        Number(input.value)));
      this.syncs.push(() => {
        const entry = this.plan.at(-1)[k];
        input.value = entry;
        value.textContent = Number.isFinite(values[entry])
          ? values[entry] : "none";
        input.setAttribute("aria-valuetext", value.textContent);
      });
    };
    pick("rate", "Learning rate", RATES, 1);
    pick("limit", "Clip at", LIMITS, 2);
  }

  /* A new rate or limit, from this update on. */
  adjust(k, value) {
    const now = this.state.updates, entry = [...this.plan.at(-1)];
    entry[0] = now;
    entry[k] = value;
    const plan = [...this.plan.filter(([at]) => at < now), entry];
    this.plan = plan.slice(0, 1).concat(plan.slice(1).slice(-20));
    this.state.plan = this.plan.map((part) => part.join(".")).join("~");
    this.update();
  }

  begin() {
    this.trainer = new Trainer(this.state);
    this.plan = readPlan(this.state.plan);
    this.made = JSON.stringify(this.key());
  }

  key() {
    const { task, cell, start, T, seed } = this.state;
    return [task, cell, start, T, seed];
  }

  changed(changes) {
    const other = JSON.stringify(this.key()) !== this.made;
    const jump = changes.updates ?? (other ? 0 : null);
    if (!other && jump === null && changes.plan === undefined) return;
    const goal = changes.updates ?? 0;
    if (changes.plan === undefined && goal === 0) { // settings stay
      const [, rate, limit] = this.plan.at(-1);
      this.state.plan = `0.${rate}.${limit}`;
    }
    this.state.updates = 0;
    const was = this.run;
    this.begin();
    this.until = goal || (was ? MOST : 0);
    this.setRun(this.until > 0);
    this.fresh = true;
  }

  /* As many updates as a frame has time for. */
  tick() {
    const end = performance.now() + (this.calm ? 300 : 14);
    const { trainer } = this;
    do {
      if (trainer.broken || this.state.updates >= this.until) break;
      const now = this.state.updates;
      const [, rate, limit] = this.plan.findLast(([at]) => at <= now);
      this.norm = trainer.step(RATES[rate], LIMITS[limit]).norm;
      this.state.updates = now + 1;
    } while (performance.now() < end);
    if (trainer.broken || this.state.updates >= this.until) {
      this.setRun(false);
    }
    this.update();
  }

  build() {
    const wide = this.narrow ? this.width - 50 : this.width / 2 - 60;
    const high = 120, gap = high + 60;
    const place = (k) => this.narrow
      ? { left: 42, top: 24 + k * gap, width: wide, height: high }
      : { left: 42 + (k % 2) * (this.width / 2 + 8),
        top: 24 + Math.floor(k / 2) * gap, width: wide, height: high };
    this.boxes = [0, 1, 2, 3].map(place);
    this.panels = make(this.svg, "g");
    return this.boxes[this.brief ? 1 : 3].top + high + 36;
  }

  draw() {
    this.go.textContent = this.run ? "Pause" : "Train";
    this.panels.replaceChildren();
    this.drawLoss(this.boxes[0]);
    const example = this.trainer.example();
    this.drawExample(this.boxes[1], example);
    if (this.brief) return;
    this.drawStates(this.boxes[2], example);
    this.drawFlow(this.boxes[3]);
  }

  label(box, words) {
    make(this.panels, "text", { class: "small middle", x: box.left +
      box.width / 2, y: box.top + box.height + 30 }, words);
  }

  drawLoss(box) {
    const { losses, task } = this.trainer, { T } = this.state;
    const n = Math.max(losses.length, 50), base = task.baseline(T);
    const log = (v) => Math.log10(Math.max(v, 1e-12));
    const at = axes(this.panels, box, [0, n], [-4, 1], {
      title: "Loss of each batch", x: [[0, "0"], [n, `${n}`]],
      y: [[0, "1"], [-2, "0.01"], [-4, "1e−4"]] });
    line(this.panels, [[at.x(0), at.y(log(base))],
      [at.x(n), at.y(log(base))]],
    { class: "axis", "stroke-dasharray": "5 4" });
    make(this.panels, "text", { class: "small faint end",
      x: box.left + box.width, y: at.y(log(base)) - 5 },
    "ignoring the input");
    const every = Math.max(1, Math.ceil(n / box.width)), points = [];
    for (let k = 0; k < losses.length; k += every) {
      const few = losses.slice(k, k + every);
      const mean = few.reduce((a, b) => a + b, 0) / few.length;
      if (Number.isFinite(mean)) points.push([at.x(k), at.y(log(mean))]);
    }
    if (points.length) {
      line(this.panels, points, { class: "curve", stroke: "var(--input)" });
    }
    this.label(box, "updates");
  }

  drawExample(box, { targets, output, x }) {
    const n = x.length, all = [...targets, ...output].filter(Number.isFinite);
    const low = Math.min(0, ...all) - 0.1, high = Math.max(1, ...all) + 0.1;
    const at = axes(this.panels, box, [0, n], [low, high], {
      title: "Target (dots) and output (line)",
      y: [[0, "0"], [1, "1"]], x: [[0.5, "1"], [n - 0.5, `${n}`]] });
    const first = n - targets.length;
    const middle = (k) => at.x(first + k + 0.5);
    targets.forEach((v, k) => make(this.panels, "circle", {
      class: "dot", cx: middle(k), cy: at.y(v), r: 3 }));
    const points = output.map((v, k) => [middle(k), at.y(v)])
      .filter(([, y]) => Number.isFinite(y));
    if (points.length) {
      line(this.panels, points, { class: "curve", stroke: "var(--forget)" });
    }
    if (points.length === 1) {
      make(this.panels, "circle", { cx: points[0][0], cy: points[0][1],
        r: 5, fill: "none", stroke: "var(--forget)", "stroke-width": 2 });
    }
    x.forEach(([a, b], k) => { // what comes in, as ticks on the axis
      const mark = this.state.task === "adding" ? b : Math.max(a, b);
      if (!mark) return;
      const down = this.state.task === "latching" && b > 0;
      make(this.panels, "text", { class: "small middle",
        x: at.x(k + 0.5), y: box.top + box.height - 3 },
      down ? "▼" : "▲");
    });
    this.label(box, "step; ▲ ▼ mark what came in");
  }

  drawStates(box, { states }) {
    const n = states.length, H = states[0].length;
    axes(this.panels, box, [0, n], [0, H], {
      title: "States of the 12 units", y: [[0.5, "12"], [H - 0.5, "1"]],
      x: [[0.5, "1"], [n - 0.5, `${n}`]] });
    states.forEach((row, t) => row.forEach((h, k) => {
      if (!Number.isFinite(h)) return;
      make(this.panels, "rect", {
        x: box.left + (t * box.width) / n + 0.5,
        y: box.top + (k * box.height) / H + 0.5,
        width: box.width / n - 0.6, height: box.height / H - 1,
        fill: h > 0 ? "var(--input)" : "var(--forget)",
        opacity: Math.min(Math.abs(h), 1).toFixed(2) });
    }));
    this.label(box, "step; blue above 0, orange below");
  }

  drawFlow(box) {
    const flow = this.trainer.flow(), n = flow.length;
    const at = axes(this.panels, box, [0, n - 1], [-6, 2], {
      title: "Gradient against lag",
      x: [[0, "0"], [n - 1, `${n - 1}`]],
      y: [[0, "1"], [-3, "0.001"], [-6, "1e−6"]] });
    const points = flow.map((v, k) =>
      [at.x(k), at.y(Math.log10(Math.max(v, 1e-12)))])
      .filter(([, y]) => Number.isFinite(y));
    if (points.length) {
      line(this.panels, points, { class: "curve", stroke: "var(--candidate)" });
    }
    this.oldest = flow.at(-1);
    this.label(box, "steps before the last output");
  }

  says() {
    const { trainer, state } = this, n = state.updates;
    const task = TASKS[state.task];
    const base = task.baseline(state.T).toPrecision(2);
    if (trainer.broken) {
      return `After ${n} ${n === 1 ? "update" : "updates"} the loss is no longer a finite number. `
        + "Start again with a smaller rate, or clip.";
    }
    const lately = trainer.losses.slice(-20);
    const mean = lately.reduce((a, b) => a + b, 0) / lately.length;
    const loss = n === 0 ? "Not trained yet." : `After ${n} ${n === 1 ? "update" : "updates"} the `
      + `mean loss of the last ${lately.length} batches is `
      + `${mean.toPrecision(2)}; the last gradient had length `
      + `${this.norm.toPrecision(2)} before clipping.`;
    const start = `To ${task.words}. ${loss} Ignoring the input gives ${base}.`;
    if (this.brief) return start;
    const far = Number.isFinite(this.oldest)
      ? this.oldest.toPrecision(2) : "an unknown part";
    return `${start} Of the last output's gradient, ${far} is left `
      + `${state.T - 1} steps earlier.`;
  }
}

customElements.define("live-training", Training);
