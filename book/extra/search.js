/* The search page: shows the best pages for the words in the field, with
   excerpts, which come page by page. What a reader types, or a link brings, is
   only ever text here, never markup. */
(() => {
  const MOST = 20; // pages
  const OF_EACH = 3; // sections
  const AROUND = 120; // characters on each side of what was found
  const get = (id) => document.getElementById(`book-search-${id}`);
  const [field, status, term, results] =
    ["field", "status", "term", "results"].map(get);
  const { pages, sections } = window.BOOK_INDEX;
  const find = window.bookSearch(window.BOOK_INDEX, MiniSearch);
  const firstOf = new Map(); // page: the number of its first section
  sections.forEach(([page], id) => {
    if (!firstOf.has(page)) firstOf.set(page, id);
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

  /* What the page's sections say: a script, which a folder gives too. */
  const coming = new Map();
  const textsOf = (page) => {
    const name = pages[page][0];
    if (!coming.has(page)) {
      coming.set(page, new Promise((done) => {
        const script = document.createElement("script");
        script.src = `search/${name}.js`;
        script.onload = () => done(window.BOOK_SAYS[name]);
        script.onerror = () => done([]); // a heading without an excerpt
        document.head.append(script);
      }));
    }
    return coming.get(page);
  };

  /* The text around the first of the words (letters and digits, as the
     index has them), with all of them marked. */
  const excerpt = ([words, code], found) => {
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

  const define = (found) => {
    term.replaceChildren();
    if (found === null) return;
    const [name, anchor, definition] = found;
    const glossary = pages.findIndex(([page]) => page === "glossary");
    term.append(make("dt", link(glossary, anchor, name)),
      make("dd", definition));
  };

  const item = ({ page, hits }) => {
    const lines = hits.slice(0, OF_EACH).map(({ id, terms }) => {
      const [, anchor, heading] = sections[id];
      const start = anchor ? [link(page, anchor, heading), ": "] : [];
      const said = make("span");
      textsOf(page).then((texts) => {
        const text = texts[id - firstOf.get(page)];
        if (text) said.append(...excerpt(text, terms));
      });
      return make("p", ...start, said);
    });
    return make("li", make("h2", link(page, "", pages[page][1])), ...lines);
  };

  const say = (query, { pages: found, words, whole }) => {
    const n = found.length;
    const count = n > MOST ? `the best ${MOST} of ${n} pages`
      : n === 1 ? "1 page" : `${n} pages`;
    const some = n > whole && words.length > 1
      ? whole === 0 ? "No page has all of these words. "
        : whole === 1 ? "One page alone has all of these words. "
          : `${whole} pages alone have all of these words. `
      : "";
    return !query ? ""
      : n ? `${some}Found: ${count} for “${query}”.`
        : `Nothing in the book has “${query}”. `
          + "Fewer words find more, and so does the beginning of a word.";
  };

  const show = (query) => {
    const found = find(query);
    define(found.term);
    results.replaceChildren(...found.pages.slice(0, MOST).map(item));
    status.textContent = say(query, found);
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
