/* Shows one of the pages' live figures as a widget of a notebook. In front
   of it stand, put there by widgets.py, the pages' modules as _base and so
   on, NAME and VERSION of the figure, and `figures`, where its class is. */

const { COLOURS, make, show } = _base;

/* Notebooks tell their theme in another way than the pages do. */
const DARK = `[data-jp-theme-light="false"] .live { ${
  Object.entries(COLOURS).map(([name, [, dark]]) => `--${name}: ${dark};`)
    .join("")} }`;

const WAITING = "Python is working out these numbers. (Where they never "
  + "come, the notebook's kernel is not running.)";

/* Numbers that JSON has no word for came as Python's names of them. */
const NOT_FINITE = { nan: NaN, inf: Infinity, "-inf": -Infinity };
const finite = (v) => (Array.isArray(v) ? v.map(finite)
  : typeof v === "string" ? NOT_FINITE[v] ?? v : v);

/* What a figure does otherwise where a reader's cell works it out. */
const OWN = {
  machine: (Machine) => class extends Machine {
    static fields = { ...Machine.fields, unit: [1, 1, 1e6, 1],
      mode: ["trained", ["trained"]] };

    weights = {}; // so that none are fetched

    get units() { return this.given.H; }

    controls() {
      super.controls();
      this.querySelector("select").parentNode.hidden = true;
      this.querySelector(`#${this.id}-unit`).max = this.units;
      this.querySelector("input[type=text]").parentNode.hidden =
        !this.given.letters;
    }

    changed(changes) {
      super.changed(changes);
      const { text } = this.state;
      if (changes.text !== undefined && !this.fits()) this.ask({ text });
    }

    fits() { return !this.given.error && this.given.text === this.state.text; }

    work() {
      const { text } = this.state, { H, steps } = this.given;
      this.weights = this.fits() ? { H } : {};
      this.read = text; // the page's own network does not read it
      this.all = { steps: steps.map((step) => Object.fromEntries(
        Object.entries(step).map(([k, v]) => [k, finite(v)]))) };
      super.work();
    }

    says() {
      const { text, t, unit } = this.state, { given } = this;
      if (!this.fits()) return given.error ?? WAITING;
      const where = given.letters ? `after “${text.slice(0, t)}”`
        : `at step ${t}`;
      const does = this.otherwise() || this.sum(this.steps[t - 1]);
      return `Unit ${unit} ${where}: ${does}${this.expects()}`;
    }

    /* Where the cell does not do what the wiring says. */
    otherwise() {
      const { f, i, g, o, z, n, before, c, h } =
        this.steps[this.state.t - 1];
      const lstm = this.state.cell === "lstm";
      const rules = lstm
        ? [["c", "f c + i g", c, f * before + i * g],
          ["h", "o tanh(c)", h, o * Math.tanh(c)]]
        : [["h", "z h + (1 − z) n", h, z * before + (1 - z) * n]];
      return rules.map(([name, rule, got, wired]) =>
        (Math.abs(got - wired) <= 1e-4 * Math.max(1, Math.abs(wired)) ? ""
          : `your cell made ${name} = ${show(got, 4)}; ${rule} would be ${
            show(wired, 4)}. `)).join("").trim();
    }

    expects() {
      const next = finite(this.given.next[this.state.t - 1] ?? []);
      if (!next.length) return "";
      const best = next.indexOf(Math.max(...next));
      const name = this.given.alphabet[best]?.replace(" ", "a space")
        ?? `output ${best}`;
      return ` The whole network now expects ${name} (${
        show(100 * next[best], 0)} %).`;
    }
  },

  unrolled: (Unrolled) => class extends Unrolled {
    static fields = Object.fromEntries(Object.entries(Unrolled.fields).map(
      ([name, [first, low, high, step]]) => [name, ["step", "seed"].includes(
        name) ? [first, low, high, step] : [first, -5, 5, step]]));

    cell = "cell";

    get last() { return this.given.run.d_w === undefined ? 9 : 22; }

    controls() {
      super.controls();
      this.task.hidden = true; // its mistakes are those of tanh
      this.querySelector(`#${this.id}-step`).max = this.last;
    }

    changed(changes) {
      super.changed(changes);
      this.state.step = Math.min(this.state.step, this.last);
      const other = Object.keys(changes).some((name) =>
        name in this.given.inputs);
      if (other && !this.fits()) {
        this.ask(Object.fromEntries(Object.keys(this.given.inputs).map(
          (name) => [name, this.state[name]])));
      }
    }

    fits() {
      return !this.given.error && Object.entries(this.given.inputs).every(
        ([name, value]) => this.state[name] === value);
    }

    numbers() {
      const run = this.fits() ? this.given.run : {};
      const lists = ["a", "h", "losses", "d_y", "d_h", "d_a", "d_x",
        "share", "back"].map((name) =>
        [name, finite(run[name] ?? Array(5).fill(NaN))]);
      const single = ["w", "loss", "d_w"].map((name) =>
        [name, finite(run[name] ?? NaN)]);
      return Object.fromEntries([...lists, ...single]);
    }

    slope() { return "through the cell, by its vjp"; }

    past(t) {
      const past = finite(this.given.run.past[t]);
      return past ? ` and with the ${show(past)} that go past w` : "";
    }

    says() {
      if (!this.fits()) return this.given.error ?? WAITING;
      return super.says() + this.differs();
    }

    /* What finite differences say of the gradient just shown. */
    differs() {
      const { step } = this.state, { run } = this.given;
      const t = 3 - Math.floor((step - 10) / 4);
      const [got, right] = finite(step === 22 ? [run.d_w, run.check.w]
        : step > 9 && (step - 10) % 4 === 2
          ? [run.d_x[t], run.check[`x${t}`]] : [0, 0]);
      const near = Math.abs(got - right) <=
        1e-4 * Math.max(1, Math.abs(right));
      return near || !Number.isFinite(right) ? ""
        : ` Finite differences give ${show(right, 4)}, not ${
          show(got, 4)}: the vjp is not that of the cell.`;
    }
  },
};

/* A figure in a notebook: the address is not its own, and the notebook
   takes it out of the page and puts it back. */
const inNotebook = (Figure) => class extends Figure {
  connectedCallback() {
    const again = this.link !== undefined;
    super.connectedCallback();
    if (again) return this.watch.observe(this);
    if (!this.link) return undefined; // it waits for its data
    this.link.remove();
    return this.refuse();
  }

  /* A page's address gives a state; here the attributes do. */
  restore() {
    const found = this.allowed((name) => this.getAttribute(name));
    if (Object.keys(found).length) this.change(found);
  }

  /* Say which attributes have a value that it does not take. */
  refuse() {
    const start = this.start();
    for (const [name, field] of Object.entries(this.constructor.fields)) {
      const value = this.getAttribute(name), taken = start[name];
      const same = typeof taken === "number" ? taken === Number(value)
        : taken === value;
      if (value === null || same) continue;
      const [, low, high, step] = field;
      const wanted = Array.isArray(low) ? `one of ${low.join(", ")}`
        : high === undefined ? `a text of its form, at most ${low} letters`
          : `a ${step === 1 ? "whole " : ""}number from ${low} to ${high}`;
      make(this, "p", { role: "alert" },
        `${name}: expected ${wanted}, got ${value}`);
    }
  }
};

/* The element's name; it is defined once in a page, for all widgets. */
function tagOf(given) {
  const own = Object.keys(given).length > 0;
  const tag = `live-${NAME}-${own ? "own" : "page"}-${VERSION}`;
  if (!globalThis.customElements.get(tag)) {
    const Figure = figures[`live-${NAME}`];
    globalThis.customElements.define(tag,
      inNotebook(own ? OWN[NAME](Figure) : Figure));
  }
  return tag;
}

function render({ model, el }) {
  // JupyterLab has shortcuts even for arrows: not while a control has focus.
  el.addEventListener("focusin", ({ target }) =>
    target.setAttribute("data-lm-suppress-shortcuts", "true"));
  el.addEventListener("keydown", ({ key, target }) => { // a form would
    if (key === "Enter" && target.type === "number") {
      target.dispatchEvent(new Event("change"));
    }
  });
  if (!document.getElementById("live-dark")) {
    make(document.head, "style", { id: "live-dark" }, DARK);
  }
  const attributes = model.get("attributes");
  const figure = document.createElement(tagOf(model.get("given")));
  figure.id = `live-${Math.random().toString(36).slice(2)}`;
  for (const [name, value] of Object.entries(attributes)) {
    figure.setAttribute(name, value);
  }
  figure.given = model.get("given");
  figure.ask = (question) => {
    model.set("asked", question);
    model.save_changes();
  };
  const answered = () => {
    figure.given = model.get("given");
    if (figure.state) figure.change({});
  };
  model.on("change:given", answered);
  el.append(figure);
  return () => {
    model.off("change:given", answered);
    figure.remove();
  };
}

export default { render };
