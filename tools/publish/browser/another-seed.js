/* <another-seed cell>: runs the cell above it again, with another seed, in the
   browser's Python, and shows the result below the printed one. Where the cell
   shows what is `recorded`, it runs on one recorded seed alone. Nothing is
   loaded before the first press. */
(() => {
  "use strict";
  const HERE = new URL(".", document.currentScript.src);
  const KERNEL = new URL(
    "../extensions/@jupyterlite/xeus-python-kernel/static/", HERE);
  const MOST = 1_000_000;
  const STEP = 100; // more than a page has seeds: 0 to 9 become 100 to 109
  const STYLE = `
    another-seed { margin: 0.4em 0 1em; }
    another-seed form { align-items: center; display: flex; flex-wrap: wrap;
      gap: 0.5em; margin: 0; min-height: 2.4em; }
    another-seed :is(button, input) { background: transparent;
      border: 1px solid currentColor; border-radius: 4px; color: inherit;
      font: inherit; min-height: 1.8em; padding: 0.1em 0.7em; }
    another-seed input { width: 7em; }
    another-seed :is(button, input):focus-visible { outline: 3px solid #0072B2;
      outline-offset: 2px; }
    another-seed button:disabled { opacity: 0.6; }
    another-seed p { margin: 0.3em 0; }
    another-seed figure { border-left: 4px solid #0072B2; margin: 0.5em 0;
      padding-left: 0.8em; }
    another-seed figcaption { font-weight: 600; margin: 0.3em 0; }
    another-seed ul { list-style: none; margin: 0.3em 0; padding: 0; }`;

  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };

  /* ---------------------------------------------------------- Python */

  let python = null; // the worker, from the first press on
  let stop = null; // what ends the run in progress

  const lacks = () => {
    if (typeof WebAssembly !== "object")
      return "This browser cannot run WebAssembly, and Python runs here by it." +
        " Try a current Firefox, Chrome, Edge or Safari with its default settings.";
    if (location.protocol === "file:")
      return "Python runs here only where a web server gives the page:" +
        " not in a page that was opened as a file.";
    return "";
  };

  /* Runs cells, and says how far it is; raises an Error with the reason. */
  const run = (job, say) => new Promise((done, fail) => {
    const end = (reason) => {
      python?.terminate();
      python = null;
      fail(new Error(reason));
    };
    stop = () => end("Stopped.");
    python ??= new Worker(new URL("another-seed-worker.js", KERNEL));
    python.onmessage = ({ data }) => {
      if (data.says) say(data.says);
      else if (data.error) end(data.error);
      else done(JSON.parse(data.result));
    };
    python.onerror = ({ message }) =>
      end(`Python could not be loaded (${message ?? "no answer"}).`);
    python.postMessage(job);
  }).finally(() => { stop = null; });

  let asked = null;
  /* The page's cells, and what each experiment needs. */
  const cells = () => asked ??= fetch(
    new URL(`${DOCUMENTATION_OPTIONS.pagename}.json`, HERE), // Sphinx sets it
  ).then((answer) => {
    if (!answer.ok) throw new Error(`The page's cells: ${answer.status}.`);
    return answer.json();
  }).catch((error) => {
    asked = null;
    throw error;
  });

  const jobFor = async (cell, seed) => {
    const { sources, experiments } = await cells();
    const { before, after } = experiments[cell];
    const part = (k) => k === cell ? "shown"
      : after.includes(k) ? "after" : "before";
    const order = [...before, cell, ...after].sort((a, b) => a - b);
    return { ...seed,
      cells: order.map((k) => ({ source: sources[k], part: part(k) })) };
  };

  /* ------------------------------------------------------- its result */

  const shown = (output) => {
    if ("printed" in output)
      return make("div", { className: "output stream" },
        make("pre", {}, output.printed));
    if ("text/html" in output) // the page's own figure or table
      return make("div",
        { className: "output text_html", innerHTML: output["text/html"] });
    return make("div", { className: "output text_plain" },
      make("pre", {}, output["text/plain"] ?? ""));
  };

  /* What is printed, as words: the page's, and what was found here. */
  const text = (whole) => [...whole.querySelectorAll(
    ":is(.stream, .text_plain) pre",
  )].map((pre) => pre.textContent.trim()).join("\n");

  const caption = (seeds, shift, printed, here) => {
    const plural = seeds.length > 1 ? "s" : "";
    const list = (k) => seeds.map((pair) => pair[k]).join(", ");
    const used = shift === 0
      ? `The page's own seed${plural}, ${list(0)}`
      : `Seed${plural} ${list(1)} in place of ${list(0)}`;
    if (printed !== "" && printed === here)
      return `${used}: what is printed is the same as above.`;
    // Where a rounding grows, another machine's last digit is enough.
    return used + (shift === 0 && printed !== ""
      ? ": what is printed is not in all digits the same as above." : ".");
  };

  const fromRecords = (seed, { seeds, commands }) => [
    `Recorded seed ${seed} alone; above are all that were recorded. Settings that` +
      ` were chosen with all of them stay. ${commands.join(" and ")} trained them,` +
      " too long for a page, and trains others with --seeds.",
  ];

  const whyNot = ({ seeds, commands }) => seeds.length > 0
    ? `Recorded are the seeds ${seeds.join(", ")}.`
    : "No other seed can be shown: these are sizes or times that" +
      ` ${commands.join(" and ")} recorded once.`;

  const claims = (made) => {
    const lines = new Set(made.map(([sentence, holds]) =>
      `${holds ? "✓ So here too" : "✗ Not so here"}: ${sentence}`));
    return lines.size === 0 ? [] : [make("ul", {},
      ...[...lines].map((line) => make("li", {}, line)))];
  };

  class AnotherSeed extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("form")) return;
      this.recorded = this.hasAttribute("recorded");
      this.button = make("button", { type: "submit" }, "Another seed");
      this.form = make("form", { noValidate: true, onsubmit: (event) => {
        event.preventDefault();
        this.again();
      } }, this.button);
      this.append(this.form);
    }

    /* At the first press: the field, and where words and result will be. */
    unfold() {
      this.field = make("input",
        { type: "number", min: 0, max: MOST, value: this.recorded ? 0 : STEP });
      this.halt = make("button",
        { type: "button", hidden: true, onclick: () => stop?.() }, "Stop");
      this.form.append(
        make("label", {}, this.recorded ? "recorded seed: "
          : "added to each seed: ", this.field), this.halt);
      this.status = make("p", { role: "status" });
      this.figure = make("figure", { hidden: true });
      this.append(this.status, this.figure);
    }

    async again() {
      if (!this.status) this.unfold();
      const shift = this.field.value === "" ? NaN : Number(this.field.value);
      if (!Number.isInteger(shift) || shift < 0 || shift > MOST)
        return this.say("Expected a whole number from 0" +
          (this.recorded ? "" : ", which gives the printed numbers,") +
          ` to ${MOST.toLocaleString("en")}.`);
      if (lacks()) return this.say(lacks());
      if (stop)
        return this.say("Another experiment of this page is running: wait, or" +
          " stop it.");
      const begun = performance.now();
      let now = "Loading the browser's Python, some 20 MB at the first press";
      const tell = () => this.say(
        `${now} … ${Math.round((performance.now() - begun) / 1000)} s`);
      const clock = setInterval(tell, 1000);
      tell();
      stop = () => {};
      this.button.disabled = true;
      this.halt.hidden = false;
      try {
        const job = await jobFor(Number(this.getAttribute("cell")), this.recorded
          ? { shift: 0, recorded: shift } : { shift, recorded: null });
        const found = await run(job, (says) => { now = says; tell(); });
        const { seeds } = found.recorded;
        if (this.recorded && !found.stopped && !seeds.includes(shift))
          throw new Error(whyNot(found.recorded));
        this.show(shift, found);
        this.field.value = this.recorded
          ? seeds[(seeds.indexOf(shift) + 1) % seeds.length] ?? 0
          : Math.min(shift + STEP, MOST);
        this.say("");
      } catch ({ message }) {
        this.say(message);
      } finally {
        stop = null;
        clearInterval(clock);
        this.button.disabled = false;
        this.halt.hidden = true;
      }
    }

    say(words) {
      this.status.textContent = words;
    }

    show(shift, { seeds, recorded, outputs, claims: made, stopped }) {
      const results = make("div", { className: "cell_output" },
        ...outputs.map(shown));
      const printed = text(this.parentElement.querySelector(".cell_output"));
      this.figure.hidden = false;
      this.figure.replaceChildren(
        make("figcaption", {}, ...(this.recorded ? fromRecords(shift, recorded)
          : [caption(seeds, shift, printed, text(results))])),
        results,
        ...claims(made),
        ...(stopped ? [make("p", {}, `It stops here: ${stopped}`)] : []));
      for (const pre of results.querySelectorAll("pre"))
        if (pre.scrollWidth > pre.clientWidth + 1) pre.tabIndex = 0;
    }
  }

  document.head.append(make("style", {}, STYLE));
  customElements.define("another-seed", AnotherSeed);
})();
