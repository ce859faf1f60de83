/* The search page: ranks the book's sections for the words in the field and
   shows the best pages with excerpts. What a reader types, or a link brings,
   is only ever text here, never markup. */
(() => {
  const MOST = 20; // pages
  const OF_EACH = 3; // sections
  const AROUND = 120; // characters on each side of what was found
  const BEFORE = 1e6; // the chapter that explains a term stands first
  const WEIGHT = { ch: 1, ap: 0.1 }; // chapters; the API reference
  const get = (id) => document.getElementById(`book-search-${id}`);
  const [field, status, term, results] =
    ["field", "status", "term", "results"].map(get);
  const { pages, sections, terms } = window.BOOK_TEXTS;
  const chapterOf = ([name]) => Number(/^ch(\d\d)_/.exec(name)?.[1] ?? NaN);

  const index = new MiniSearch({
    fields: ["heading", "title", "name", "words", "code"],
    tokenize: (text) => text.match(/[\p{L}\p{M}\p{N}]+/gu) ?? [],
    searchOptions: {
      boost: { heading: 4, title: 3, name: 3, words: 1, code: 0.5 },
      boostDocument: (id) =>
        WEIGHT[pages[sections[id][0]][0].slice(0, 2)] ?? 0.3,
      prefix: (word) => word.length > 2,
      fuzzy: (word) => (word.length > 4 ? 0.2 : false),
    },
  });
  sections.forEach(([page, anchor, heading, words, code], id) => {
    const [name, title] = pages[page];
    index.add({ id, heading, words, code, title, name: anchor ? "" : name });
  });

  const make = (tag, ...inside) => {
    const node = document.createElement(tag);
    node.append(...inside);
    return node;
  };
  const link = (page, anchor, words) => {
    const node = make("a", words);
    node.href = `${pages[page][0]}.html${anchor && `#${anchor}`}`;
    return node;
  };

  /* The text around the first of the words (letters and digits, as the
     index has them), with all of them marked. */
  const excerpt = ([, , , words, code], found) => {
    const any = new RegExp(
      `(?<![\\p{L}\\p{N}])(?:${found.join("|") || "$.^"})`, "giu");
    const text = words.search(any) < 0 && code.search(any) >= 0 ? code : words;
    const at = Math.max(text.search(any), 0);
    let from = Math.max(at - AROUND, 0);
    let to = Math.min(at + AROUND, text.length);
    if (from) from = text.indexOf(" ", from) + 1 || from;
    if (from > at) from = at;
    if (to < text.length) to = Math.max(text.lastIndexOf(" ", to), at + 1);
    const line = text.slice(from, to);
    const inside = [];
    let end = 0;
    for (const { 0: word, index: k } of line.matchAll(any)) {
      inside.push(line.slice(end, k), make("mark", word));
      end = k + word.length;
    }
    return [from ? "… " : "", ...inside, line.slice(end),
      to < text.length ? " …" : ""];
  };

  /* Page numbers with their hits, the best first. */
  const ranked = (hits, explainedIn) => {
    const found = new Map();
    for (const hit of hits) {
      const page = sections[hit.id][0];
      if (!found.has(page)) {
        const first = chapterOf(pages[page]) === explainedIn;
        found.set(page, { score: hit.score + (first ? BEFORE : 0), hits: [] });
      }
      found.get(page).hits.push(hit);
    }
    const order = [...found].sort(([, a], [, b]) => b.score - a.score);
    if (explainedIn >= 0 && !(order[0]?.[1].score > BEFORE)) { // other words
      const page = pages.findIndex((p) => chapterOf(p) === explainedIn);
      const id = sections.findIndex((section) => section[0] === page);
      if (id >= 0) order.unshift([page, { hits: [{ id, terms: [] }] }]);
    }
    return order;
  };

  const define = (query) => {
    const word = query.toLowerCase();
    const known = [word, word.replace(/s$/, "")]
      .find((w) => Object.hasOwn(terms, w));
    term.replaceChildren();
    if (known === undefined) return NaN;
    const [anchor, definition, chapter] = terms[known];
    const glossary = pages.findIndex(([name]) => name === "glossary");
    term.append(make("dt", link(glossary, anchor, known)),
      make("dd", definition));
    return chapter === "" ? NaN : Number(chapter);
  };

  const show = (query) => {
    const explainedIn = define(query);
    let hits = index.search(query, { combineWith: "AND" });
    let some = "";
    if (!hits.length && /\s/.test(query)) {
      hits = index.search(query);
      some = hits.length ? "No section has all of these words. " : "";
    }
    const found = ranked(hits, explainedIn);
    results.replaceChildren(...found.slice(0, MOST).map(([page, { hits }]) =>
      make("li", make("h2", link(page, "", pages[page][1])),
        ...hits.slice(0, OF_EACH).map(({ id, terms: words }) => {
          const [, anchor, heading] = sections[id];
          const start = anchor ? [link(page, anchor, heading), ": "] : [];
          return make("p", ...start, ...excerpt(sections[id], words));
        }))));
    const n = found.length;
    const count = n > MOST ? `the best ${MOST} of ${n} pages`
      : n === 1 ? "1 page" : `${n} pages`;
    status.textContent = !query ? ""
      : n ? `${some}Found: ${count} for “${query}”.`
        : `Nothing in the book has “${query}”. `
          + "Fewer words find more, and so does the beginning of a word.";
  };

  const asked = () => field.value.trim().slice(0, field.maxLength);
  field.form.hidden = false;
  field.value = new URLSearchParams(location.search).get("q") ?? "";
  field.focus();
  show(asked());
  let pause;
  field.addEventListener("input", () => {
    clearTimeout(pause);
    pause = setTimeout(() => show(asked()), 150);
  });
  field.form.addEventListener("submit", (event) => {
    event.preventDefault();
    clearTimeout(pause);
    show(asked());
    history.replaceState(null, "", `?${new URLSearchParams({ q: asked() })}`);
  });
})();
