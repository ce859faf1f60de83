/* Own pace: which pages were read, what was answered and predicted, and where
   the reader was, kept in this browser and nowhere else. One key of localStorage, which
   the end of the sidebar exports, imports and deletes. What storage or a file
   holds is checked before it is used, and set as text only. */
(() => {
  const KEY = "rnncore-own-pace";
  const VERSION = 1;
  const MOST = { all: 1e6, bytes: 4e6, pages: 300, answers: 1500, predictions: 1500, answer: 2000,
    question: 500, heading: 200, seconds: 86400, questions: 100 };
  const GLANCE = 5; // seconds before a page is where the reader was
  const NEEDED = 1 / 3; // of the stated reading time, for a page to be read
  const SAVED = 15; // every so many seconds, while a page is not read yet
  const MARKS = { "had it": "I had it", "not yet": "Not yet" };

  /* ------------------------------------------------------ what is kept */

  const empty = () =>
    ({ format: KEY, version: VERSION, last: null, pages: [], answers: [],
      predictions: [], results: "hidden" });

  const expect = (fine, where, what, came) => {
    if (fine) return came;
    const shown = JSON.stringify(came)?.slice(0, 40) ?? "nothing";
    throw new Error(`${where}: expected ${what}, found ${shown}`);
  };
  const text = (came, where, most) => expect(
    typeof came === "string" && came.length <= most,
    where, `a text of at most ${most} characters`, came);
  const name = (came, where) => expect(
    typeof came === "string" && /^\w{1,64}$/.test(came),
    where, "the name of a page", came);
  const count = (came, where, most) => expect(
    Number.isInteger(came) && came >= 0 && came <= most,
    where, `a whole number from 0 to ${most}`, came);
  const record = (came, where) => expect(
    came !== null && typeof came === "object" && !Array.isArray(came),
    where, "an object", came);
  const list = (came, where, most, item) => expect(
    Array.isArray(came) && came.length <= most,
    where, `a list of at most ${most}`, came,
  ).map((one, k) => item(record(one, `${where}[${k}]`), `${where}[${k}]`));

  const place = (came, where) => ({
    page: name(came.page, `${where}.page`),
    section: expect(
      typeof came.section === "string" && /^[\w.:-]{0,200}$/.test(came.section),
      `${where}.section`, "the name of a section", came.section),
    heading: text(came.heading, `${where}.heading`, MOST.heading),
  });
  const page = (came, where) => ({
    page: name(came.page, `${where}.page`),
    read: expect(
      typeof came.read === "boolean", `${where}.read`, "true or false", came.read),
    seconds: count(came.seconds, `${where}.seconds`, MOST.seconds),
    questions: count(came.questions, `${where}.questions`, MOST.questions),
  });
  const answer = (came, where) => ({
    page: name(came.page, `${where}.page`),
    question: text(came.question, `${where}.question`, MOST.question),
    answer: text(came.answer, `${where}.answer`, MOST.answer),
    mark: expect(["", ...Object.keys(MARKS)].includes(came.mark),
      `${where}.mark`, '"had it", "not yet" or ""', came.mark),
  });

  const prediction = (came, where) => ({
    page: name(came.page, `${where}.page`),
    question: text(came.question, `${where}.question`, MOST.question),
    said: text(came.said, `${where}.said`, MOST.answer), // "" if skipped
  });

  /* A state made of what was expected alone; raises an Error if it is not. */
  const checked = (came) => {
    record(came, "the whole");
    expect(came.format === KEY, "format", `"${KEY}"`, came.format);
    expect(came.version === VERSION, "version", VERSION, came.version);
    const state = {
      ...empty(),
      last: came.last === null ? null : place(record(came.last, "last"), "last"),
      pages: list(came.pages, "pages", MOST.pages, page),
      answers: list(came.answers, "answers", MOST.answers, answer),
      predictions: list(came.predictions ?? [], // a file of before they were
        "predictions", MOST.predictions, prediction),
      results: expect(["hidden", "shown"].includes(came.results ?? "hidden"),
        "results", '"hidden" or "shown"', came.results ?? "hidden"),
    };
    const size = JSON.stringify(state).length;
    expect(size <= MOST.all, "the whole", `at most ${MOST.all} characters`, size);
    return state;
  };

  const pageOf = (state, wanted) => state.pages.find((p) => p.page === wanted);
  const given = (list, wanted, question) => list.find(
    (a) => a.page === wanted && a.question === question);

  /* Adds to a state what another has and it has not; the number of answers
     that both have and that differ. */
  const merge = (state, other) => {
    let differ = 0;
    state.last ??= other.last;
    for (const theirs of other.pages) {
      const ours = pageOf(state, theirs.page);
      if (!ours) state.pages.push(theirs);
      else {
        ours.read ||= theirs.read;
        ours.seconds = Math.max(ours.seconds, theirs.seconds);
      }
    }
    for (const kind of ["answers", "predictions"])
      for (const theirs of other[kind]) {
        const ours = given(state[kind], theirs.page, theirs.question);
        if (!ours) state[kind].push(theirs);
        else if (JSON.stringify(ours) !== JSON.stringify(theirs)) differ += 1;
      }
    if (other.results === "shown") state.results = "shown";
    return differ;
  };

  let state = empty();
  let kept = true; // whether storage holds what `state` holds
  let trouble = ""; // why it does not, or could not

  /* What storage holds; null, and `trouble` says why, if it cannot be told. */
  const stored = () => {
    let found;
    try {
      found = localStorage.getItem(KEY);
    } catch {
      trouble = "This browser forbids pages to keep anything.";
      return null;
    }
    if (found === null) return empty();
    try {
      const whole = empty();
      merge(whole, checked(JSON.parse(found)));
      return whole;
    } catch ({ message }) {
      trouble = "What was kept here before cannot be read and is left as it is" +
        ` (${message}). “Delete all” removes it.`;
      return null;
    }
  };

  /* Changes the state and keeps it; whether that worked. An `edit` that raises
     changes nothing. */
  const change = (edit) => {
    const before = stored();
    const next = before && kept ? before : structuredClone(state);
    if (before && !kept) merge(next, before);
    edit(next);
    next.answers = next.answers.filter((a) => a.answer || a.mark);
    state = next;
    kept = false;
    if (before) {
      try {
        localStorage.setItem(KEY, JSON.stringify(checked(next)));
        kept = true;
        trouble = "";
      } catch ({ message }) {
        trouble = `This browser's storage is full or forbidden (${message}).`;
      }
    }
    show();
    return kept;
  };
  const notKept = () => `Not kept: ${trouble} What you do on this page is` +
    " lost when you leave it, unless you export it first.";

  /* ----------------------------------------------------------- elements */

  const make = (tag, properties, ...inside) => {
    const made = Object.assign(document.createElement(tag), properties);
    made.append(...inside);
    return made;
  };
  const button = (words, onclick) =>
    make("button", { type: "button", onclick }, words);
  /* What an element says: a formula as TeX, no link sign. */
  const words = (node, most) => {
    const copy = node.cloneNode(true);
    for (const formula of copy.querySelectorAll(".katex"))
      formula.replaceWith(`$${formula.querySelector("annotation")?.textContent}$`);
    copy.querySelectorAll(".headerlink").forEach((link) => link.remove());
    return copy.textContent.replace(/\s+/g, " ").trim().slice(0, most);
  };
  const shows = []; // functions that show the state
  const show = () => shows.forEach((one) => one());

  /* The book's pages by name, as the sidebar lists them. */
  const contents = (here) => {
    const found = new Map();
    for (const link of document.querySelectorAll("nav.bd-links li > a[href]")) {
      const address = link.getAttribute("href");
      const key = address === "#" ? here : /([^/]+)\.html$/.exec(address)?.[1];
      if (key && !found.has(key))
        found.set(key, { link, title: words(link), address: `${key}.html` });
    }
    return found;
  };

  const markPages = (pages) => shows.push(() => {
    for (const [key, { link }] of pages) {
      const mark = link.querySelector(".own-pace-read");
      const read = Boolean(pageOf(state, key)?.read);
      if (!read) mark?.remove();
      else if (!mark) link.append(
        make("span", { className: "own-pace-read" }, " (read)"));
    }
  });

  const wayBack = (pages) => {
    const line = document.querySelector(".own-pace-back");
    if (line) shows.push(() => {
      const { page: was, section, heading } = state.last ?? {};
      const known = pages.get(was);
      line.hidden &&= !known;
      line.replaceChildren(...(known ? [make(
        "a", { href: known.address + (section && `#${section}`) },
        `Continue with ${known.title}${heading && `, ${heading}`}`,
      )] : []));
    });
  };

  /* ---------------------------------------------------------- questions */

  const asked = () => [...document.querySelectorAll(
    ".bd-article details.sd-dropdown")].filter((folded) => /^\s*\d+\.\s/.test(
    folded.querySelector(".sd-summary-text")?.textContent));

  /* The usual wrong answers, each with the reply folded below it. The list
     that held them ends our answer: from here on, on paper alone. */
  const usual = (inside) => {
    const list = inside.querySelector(":scope > dl");
    if (!list) return [];
    const paper = list.cloneNode(true);
    paper.querySelectorAll("[id]").forEach((one) => one.removeAttribute("id"));
    paper.className = "own-pace-paper";
    list.replaceWith(paper);
    return [make("fieldset", { className: "own-pace-usual" },
      make("legend", {}, "Is yours one of these?"),
      ...[...list.querySelectorAll("dt")].map((said) => make("details", {},
        make("summary", {}, ...said.childNodes),
        ...said.nextElementSibling.childNodes)))];
  };

  /* Below a closing question: a field, the usual wrong answers, then our
     answer, folded once more. */
  const ask = (here, folded, number) => {
    const question = words(
      folded.querySelector(".sd-summary-text"), MOST.question);
    const inside = folded.querySelector(".sd-summary-content");
    const status = make("p", { className: "own-pace-status", role: "status" });
    const put = (part) => {
      const worked = change((next) => {
        const old = given(next.answers, here, question);
        if (old) Object.assign(old, part);
        else next.answers.push(
          { page: here, question, answer: "", mark: "", ...part });
        visited(next, here);
      });
      status.textContent = worked ? "Kept in this browser." : notKept();
    };
    const field = make("textarea", { id: `own-pace-${number}`, rows: 2,
      maxLength: MOST.answer, oninput: () => put({ answer: field.value }) });
    const marks = Object.entries(MARKS).map(([mark, label]) =>
      Object.assign(button(label, () => put({
        mark: given(state.answers, here, question)?.mark === mark ? "" : mark,
      })), { value: mark }));
    const wrong = usual(inside);
    const ours = make("details", { className: "own-pace-ours" },
      make("summary", {}, "Our answer"), ...inside.childNodes,
      make("div", { className: "own-pace-marks", role: "group",
        ariaLabel: "Your answer beside ours" }, ...marks));
    inside.append(
      make("div", { className: "own-pace-answer" },
        make("label", { htmlFor: field.id }, "Your answer"), field, status),
      ...wrong, ours);
    ours.open = Boolean(given(state.answers, here, question));
    shows.push(() => {
      const mine = given(state.answers, here, question);
      const typed = mine?.answer ?? "";
      if (field.value !== typed) field.value = typed;
      if (!mine && kept) status.textContent = ""; // deleted
      for (const mark of marks)
        mark.ariaPressed = String(mine?.mark === mark.value);
    });
  };

  /* For predict.js, which keeps the predictions here. */
  window.ownPace = { get state() { return state; }, change, given, notKept,
    words, watch: (one) => { shows.push(one); one(); } };

  /* ------------------------------------------------------------ reading */

  const visited = (next, here) => {
    const known = pageOf(next, here);
    const questions = Math.min(asked().length, MOST.questions);
    if (known) return Object.assign(known, { questions });
    next.pages.push({ page: here, read: false, seconds: 0, questions });
    return next.pages.at(-1);
  };

  const section = (headings) => {
    const above = headings.filter(
      (h) => h.getBoundingClientRect().top < innerHeight * 0.4).at(-1);
    return above
      ? { section: above.parentElement.id, heading: words(above, MOST.heading) }
      : { section: "", heading: "" };
  };

  const reading = { stopped: false, byHand: false };

  /* A page is read when its end is in view and it was open and visible, in
     all visits together, for a third of the time that it says reading takes:
     of three minutes where it does not say. */
  const watch = (here) => {
    const article = document.querySelector(".bd-article");
    const minutes = /(\d+) minutes? to read/.exec(article.textContent)?.[1] ?? 3;
    const needed = minutes * 60 * NEEDED;
    const headings = [...article.querySelectorAll("section[id] > :is(h2, h3)")];
    let seconds = 0, unsaved = 0, was = null;
    setInterval(() => {
      if (document.hidden || reading.stopped) return;
      seconds += 1;
      unsaved += 1;
      const now = { page: here, ...section(headings) };
      const known = pageOf(state, here);
      const moved = seconds >= GLANCE && now.section !== was;
      const open = !known?.read && !reading.byHand;
      const atEnd = article.getBoundingClientRect().bottom <= innerHeight + 1;
      const done = open && atEnd && (known?.seconds ?? 0) + unsaved >= needed;
      if (!moved && !done && !(open && unsaved >= SAVED)) return;
      change((next) => {
        const mine = visited(next, here);
        mine.seconds = Math.min(mine.seconds + unsaved, MOST.seconds);
        mine.read ||= done;
        if (seconds >= GLANCE) next.last = now;
      });
      unsaved = 0;
      was = now.section;
    }, 1000);
  };
  /* ------------------------------------------------- the sidebar's end */

  const download = () => {
    const file = new Blob(
      [JSON.stringify(state, null, 1)], { type: "application/json" });
    const link = make("a",
      { href: URL.createObjectURL(file), download: "own-pace.json" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    return "Exported as own-pace.json.";
  };

  const bring = async (file) => {
    try {
      expect(file.size <= MOST.bytes, "the file",
        `at most ${MOST.bytes} bytes`, file.size);
      const data = checked(JSON.parse(await file.text()));
      let differ = 0;
      const worked = change((next) => {
        differ = merge(next, data);
        checked(next);
      });
      const different = differ
        ? ` Answers that differ from those here: ${differ}; those here stay.` : "";
      return worked ? `Imported.${different}` : notKept();
    } catch ({ message }) {
      return `Not imported, nothing changed. ${message}`;
    }
  };

  const forget = () => {
    if (!confirm("Delete all that this browser keeps of your reading:" +
        ` pages read, answers (${state.answers.length}),` +
        " predictions, where you were?"))
      return "";
    try {
      localStorage.removeItem(KEY);
      trouble = "";
      kept = true;
    } catch ({ message }) {
      trouble = `This browser forbids it (${message}).`;
    }
    state = empty();
    reading.stopped = true; // until another page is opened
    show();
    return trouble ? `Not deleted. ${trouble}` : "Deleted.";
  };

  const panel = (here, pages) => {
    const side = document.getElementById("pst-primary-sidebar");
    const title = make("summary", {});
    const sums = make("p", {}), chapters = make("ul", {});
    const status = make("p", { role: "status", className: "own-pace-status" });
    const say = (said) => { status.textContent = said; };
    const read = make("input", { type: "checkbox", onchange: () => {
      reading.byHand = true;
      change((next) => { visited(next, here).read = read.checked; });
    } });
    const file = make("input",
      { type: "file", accept: ".json,application/json", onchange: async () => {
        if (file.files.length) say(await bring(file.files[0]));
        file.value = "";
      } });
    const whole = make("details", { className: "own-pace" }, title, sums,
      ...(pages.has(here) ? [make("label", {}, read, " This page is read")] : []),
      chapters,
      make("p", {}, button("Export", () => say(download())), " ",
        button("Delete all", () => say(forget()))),
      make("label", {}, "Import a file ", file), status);
    (side.querySelector(".sidebar-primary-items__end") ?? side).append(whole);
    shows.push(() => {
      const done = [...pages.keys()].filter((key) => pageOf(state, key)?.read);
      title.textContent = `Your progress${trouble ? " (not kept)" : ""}`;
      sums.textContent = `Pages read: ${done.length} of ${pages.size}. ` +
        `Questions answered: ${state.answers.length}. ` + (trouble
          ? notKept() : "This is kept in your browser and sent nowhere.");
      read.checked = done.includes(here);
      chapters.replaceChildren(...[...pages].flatMap(([key, { title: said }]) => {
        const total = pageOf(state, key)?.questions;
        if (!total) return [];
        const given = state.answers.filter((a) => a.page === key);
        const had = given.filter((a) => a.mark === "had it").length;
        return [make("li", {}, `${said}: ${given.length} of ${total} answered` +
          (had ? `, ${had} you had` : ""))];
      }));
    });
  };

  const start = () => {
    const here = DOCUMENTATION_OPTIONS.pagename; // Sphinx sets it
    const pages = contents(here);
    state = stored() ?? state;
    show();
    if (!pages.size) return;
    markPages(pages);
    wayBack(pages);
    panel(here, pages);
    if (pages.has(here)) {
      asked().forEach((folded, k) => ask(here, folded, k + 1));
      watch(here);
    }
    show();
    addEventListener("storage", ({ key }) => {
      if (key !== KEY && key !== null) return;
      if (kept) state = stored() ?? state;
      show();
    });
  };
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", start);
  else start();
})();
