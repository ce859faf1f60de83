/* Shows one of the pages' live figures as a widget of a notebook. In front
   of it stand, put there by figures.py, the pages' modules as $base and so
   on, NAME and VERSION of the figure, and `figures`, where its class is. */

const { COLOURS, make, show } = $base;

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
      const does = this.otherwise() || this.sum(this.steps[t - 1]);
      return `Unit ${unit} after “${text.slice(0, t)}”: ${does}`;
    }

    /* Where the cell does not do what the wiring says. */
    otherwise() {
      const { f, i, g, o, before, c, h } = this.steps[this.state.t - 1];
      const rules = [["c", "f c + i g", c, f * before + i * g],
        ["h", "o tanh(c)", h, o * Math.tanh(c)]];
      return rules.map(([name, rule, got, wired]) =>
        (Math.abs(got - wired) <= 1e-4 * Math.max(1, Math.abs(wired)) ? ""
          : `your cell made ${name} = ${show(got, 4)}; ${rule} would be ${
            show(wired, 4)}. `)).join("").trim();
    }

  },

  unrolled: (Unrolled) => class extends Unrolled {
    static fields = Object.fromEntries(Object.entries(Unrolled.fields).map(
      ([name, [first, low, high, step]]) => [name, ["step", "seed"].includes(
        name) ? [first, low, high, step] : [first, -5, 5, step]]));

    cell = "cell";

    controls() {
      super.controls();
      this.task.hidden = true; // its mistakes are those of tanh
    }

    changed(changes) {
      super.changed(changes);
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
    if (again) this.watch.observe(this);
    else this.link.remove();
  }

  /* A page's address gives a state; here the attributes do. */
  restore() { this.change(this.allowed((name) => this.getAttribute(name))); }
};

/* The element's name; it is defined once in a page, for all widgets. */
function tagOf() {
  const tag = `live-${NAME}-${VERSION}`;
  if (!globalThis.customElements.get(tag)) {
    globalThis.customElements.define(tag,
      inNotebook(OWN[NAME](figures[`live-${NAME}`])));
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
  const figure = document.createElement(tagOf());
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
