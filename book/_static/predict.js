/* Predict boxes (tools/site/predictions.py): the reader answers or skips, then
   sees the result, which is hidden until then. Search in the page and links
   into a result open it. What was said is kept by own-pace.js. */
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const POINTS = 7, WIDE = 320, HIGH = 160, EDGE = 14, STEP = 5;
  const MOST = 2000; // letters of a text, as own-pace.js keeps
  let own; // own-pace.js's part, which is there when the page is read
  const here = () => DOCUMENTATION_OPTIONS.pagename; // Sphinx sets it

  /* What was said to a question: undefined if nothing yet, "" if skipped. */
  const get = (question) =>
    own.given(own.state.predictions, here(), question)?.said;

  /* Keeps it, or with undefined forgets it; a sentence that says whether. */
  const put = (question, said) => own.change((next) => {
    const old = own.given(next.predictions, here(), question);
    next.predictions = next.predictions.filter((one) => one !== old);
    if (said !== undefined)
      next.predictions.push({ page: here(), question, said });
  }) ? "Kept in this browser." : own.notKept();


  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const draw = (tag, attributes, ...inside) => {
    const made = document.createElementNS(SVG, tag);
    for (const [key, value] of Object.entries(attributes))
      made.setAttribute(key, value);
    made.append(...inside);
    return made;
  };
  const words = (node) => own.words(node, 500);
  const copy = (nodes) => [...nodes].map((node) => node.cloneNode(true));

  /* ------------------------------------------------ the four kinds of field

     Each is { nodes, read, write, said }: what the box shows, what was entered
     ("" if nothing was), how that is entered again, and how it is quoted. */

  const choices = (field, name, label) => {
    const items = [...field.querySelectorAll(":scope > ul > li")];
    const inputs = items.map((item) => make("input", {
      type: "radio", name, value: words(item) }));
    const all = make("fieldset", { className: "predict-choices" },
      make("legend", {}, label),
      ...items.map((item, k) => make("label", {}, inputs[k],
        make("span", {}, ...copy(item.firstElementChild.childNodes)))));
    return {
      nodes: [all],
      read: () => inputs.find((input) => input.checked)?.value ?? "",
      write: (said) => inputs.forEach((input) => {
        input.checked = input.value === said;
      }),
      said: (said) => copy(items.find((item) => words(item) === said)
        ?.firstElementChild.childNodes ?? [said]),
    };
  };

  const number = (field, name, label) => {
    const unit = field.dataset.told ?? "";
    const input = make("input", { type: "text", inputMode: "decimal",
      id: name, maxLength: 20, autocomplete: "off" });
    return {
      nodes: [make("p", {}, make("label", { htmlFor: name }, label), " ",
        input, unit && ` ${unit}`)],
      read: () => {
        const typed = input.value.trim().replace("−", "-").replace(/ ?%$/, "");
        const valid = typed !== "" && Number.isFinite(Number(typed));
        if (typed && !valid)
          throw new Error(`expected a number, such as 0.5, found “${typed}”`);
        return typed;
      },
      write: (said) => { input.value = said; },
      said: (said) => [unit ? `${said} ${unit}` : said],
    };
  };

  const free = (field, name, label) => {
    const input = make("textarea", { id: name, rows: 2, maxLength: MOST });
    return {
      nodes: [make("label", { htmlFor: name }, label), input],
      read: () => input.value.trim(),
      write: (said) => { input.value = said; },
      said: (said) => [said],
    };
  };

  /* Heights in per cent, at places that are equally far apart. A pointer sets
     the nearest, keys the one with the focus. */
  const curve = (field, name, label) => {
    const [across, up] = JSON.parse(field.dataset.told);
    const heights = Array(POINTS).fill(50);
    let touched = false;
    const x = (k) => EDGE + (k * (WIDE - 2 * EDGE)) / (POINTS - 1);
    const y = (height) => HIGH - EDGE - (height / 100) * (HIGH - 2 * EDGE);
    const line = draw("polyline", { class: "predict-line" });
    const handles = heights.map((_, k) => draw("g",
      { role: "slider", tabindex: 0, "aria-orientation": "vertical",
        "aria-valuemin": 0, "aria-valuemax": 100 },
      draw("circle", { r: 19, class: "predict-target" }),
      draw("circle", { r: 5 })));
    const show = () => {
      line.setAttribute("points", heights.map((h, k) => `${x(k)},${y(h)}`).join(" "));
      handles.forEach((handle, k) => {
        handle.setAttribute("transform", `translate(${x(k)} ${y(heights[k])})`);
        handle.setAttribute("aria-valuenow", heights[k]);
        handle.setAttribute("aria-valuetext", `${heights[k]} % of the height`);
        handle.setAttribute("aria-label", `${up.name}, point ${k + 1} of` +
          ` ${POINTS} from ${across.low} to ${across.high}`);
      });
    };
    const set = (k, height) => {
      heights[k] = Math.round(Math.min(100, Math.max(0, height)));
      touched = true;
      show();
    };
    const picture = draw("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "group",
      "aria-label": `${label}: ${up.name} against ${across.name}` },
      draw("path", { class: "predict-axes",
        d: `M${EDGE} ${EDGE / 2}V${HIGH - EDGE}H${WIDE - EDGE / 2}` }),
      line, ...handles);
    const at = ({ clientX, clientY }) => {
      const box = picture.getBoundingClientRect();
      const across = ((clientX - box.left) / box.width) * WIDE;
      const k = Math.round(((across - EDGE) / (WIDE - 2 * EDGE)) * (POINTS - 1));
      const above = HIGH - EDGE - ((clientY - box.top) / box.height) * HIGH;
      set(Math.min(POINTS - 1, Math.max(0, k)), (above / (HIGH - 2 * EDGE)) * 100);
    };
    picture.addEventListener("pointerdown", (event) => {
      picture.setPointerCapture(event.pointerId);
      at(event);
    });
    picture.addEventListener("pointermove", (event) => {
      if (picture.hasPointerCapture(event.pointerId)) at(event);
    });
    handles.forEach((handle, k) => handle.addEventListener("keydown", (event) => {
      const to = { ArrowUp: heights[k] + STEP, ArrowRight: heights[k] + STEP,
        ArrowDown: heights[k] - STEP, ArrowLeft: heights[k] - STEP,
        Home: 0, End: 100 }[event.key];
      if (to === undefined) return;
      event.preventDefault();
      set(k, to);
    }));
    show();
    const ends = (axis) => make("span", {},
      make("span", {}, axis.low), ` ${axis.name} `, make("span", {}, axis.high));
    return {
      nodes: [make("p", {}, `${label} of the ${up.name}, from ${up.low} at the` +
        ` bottom to ${up.high} at the top. Drag the points, or move them with` +
        " the arrow keys."),
      make("div", { className: "predict-curve" }, picture, ends(across))],
      read: () => touched ? heights.join(" ") : "",
      write: (said) => {
        const told = said.split(" ").map(Number);
        const whole = told.length === POINTS && told.every(
          (h) => Number.isInteger(h) && h >= 0 && h <= 100);
        touched = whole;
        heights.forEach((_, k) => { heights[k] = whole ? told[k] : 50; });
        show();
      },
      said: () => ["the line above"],
    };
  };

  const KINDS = { choices, number, curve, text: free };

  /* ------------------------------------------------------------- the box */

  const opened = new Set(); // results that a link or a search opened

  const start = (box, order) => {
    const field = box.querySelector(":scope > .predict-field");
    const answer = box.querySelector(":scope > .predict-answer");
    const result = box.nextElementSibling?.matches(".predict-result")
      ? box.nextElementSibling
      : document.querySelector(`.predict-result[data-box="${box.id}"]`);
    const question = words(make("div", {}, ...copy(
      box.querySelectorAll(":scope > :not(.admonition-title, .predict-field, .predict-answer)"))));
    const input = KINDS[field.dataset.kind](
      field, `predict-field-${order}`, "Your prediction");
    const status = make("p", { className: "own-pace-status", role: "status" });
    const told = make("p", { className: "predict-told", tabIndex: -1 });
    const give = (said, refused = "") => {
      status.textContent = refused || put(question, said);
      if (!refused) (said === undefined ? keep : told).focus();
    };
    const button = (label, onclick) =>
      make("button", { type: "button", onclick }, label);
    const keep = button("Keep my prediction", () => {
      try {
        const said = input.read();
        give(said, said ? "" : "Nothing is predicted yet.");
      } catch ({ message }) {
        give("", `Not kept: ${message}.`);
      }
    });
    const ask = make("div", { className: "predict-ask" }, ...input.nodes);
    const asks = make("p", { className: "predict-buttons" },
      keep, button("Skip", () => give("")));
    const again = make("p", { className: "predict-buttons" },
      button("Predict again", () => give(undefined)));
    field.replaceWith(ask, asks, told, again, status);

    const page = () => answer ? copy(answer.childNodes) : [];
    const compare = (said) => {
      const ours = answer ? words(answer) : "";
      const same = said === ours || (field.dataset.kind === "number" &&
        Number(said) === Number(ours.replaceAll(",", "")));
      told.replaceChildren(...(said === "" ? ["Skipped."] : [
        "You said ", make("strong", {}, ...input.said(said)),
        ...(!answer ? [". Compare it with what follows."]
          : same ? [", and so does the page."]
            : ["; the page says ", make("strong", {}, ...page()), "."])]));
    };
    let before = null;
    own.watch(() => {
      const said = get(question);
      const open = said !== undefined;
      if (result) {
        const visible = open || own.state.results === "shown" || opened.has(result);
        if (visible) result.removeAttribute("hidden");
        else result.setAttribute("hidden", "until-found");
      }
      if (said === before) return;
      before = said;
      input.write(said ?? "");
      asks.hidden = open;
      ask.hidden = open && (said === "" || field.dataset.kind !== "curve");
      ask.inert = open;
      told.hidden = again.hidden = !open;
      if (open) compare(said);
      else status.textContent = "";
    });
  };

  const open = (result) => {
    for (let one = result; one; one = one.parentElement.closest(".predict-result")) {
      opened.add(one);
      one.removeAttribute("hidden");
    }
  };
  const goTo = () => {
    let wanted = null;
    try {
      const place = location.hash.slice(1).split("?")[0]; // a figure's has a state
      wanted = document.getElementById(decodeURIComponent(place));
    } catch { /* no name of a place */ }
    const result = wanted?.closest(".predict-result[hidden]");
    if (!result) return;
    open(result);
    wanted.scrollIntoView();
  };

  /* At the end of "Your progress": who wants no question before a result. */
  const settings = () => {
    const box = make("input", { type: "checkbox", onchange: () =>
      own.change((next) => { next.results = box.checked ? "shown" : "hidden"; }),
    });
    document.querySelector("details.own-pace")?.append(make("label", {}, box,
      " Always show results, without a prediction"));
    own.watch(() => { box.checked = own.state.results === "shown"; });
  };

  const begin = () => {
    own = window.ownPace;
    const boxes = document.querySelectorAll(".bd-article .admonition.predict");
    boxes.forEach((box, k) => start(box, k + 1));
    document.addEventListener("beforematch", ({ target }) => {
      if (target.matches?.(".predict-result")) open(target);
    });
    addEventListener("hashchange", goTo);
    goTo();
    setTimeout(settings); // own-pace.js draws its part after this
  };
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", begin);
  else begin();
})();
