/* Proposes headings and terms below the field of the dialog that searches, while
   a reader types. The headings come when the field is first used. */
(() => {
  const MOST = 7;
  const here = document.currentScript;
  const dialog = document.getElementById("pst-search-dialog");
  const field = dialog?.querySelector("input[type=search]");
  if (!field) return;
  const root = new URL(".", here.src);
  const list = document.createElement("ul");
  list.id = "book-suggestions";
  list.setAttribute("aria-label", "Suggestions");
  const status = document.createElement("p");
  status.id = "book-suggested";
  status.setAttribute("role", "status");
  dialog.append(list, status);

  let coming;
  const headings = () => {
    coming ??= new Promise((done) => {
      const script = document.createElement("script");
      script.src = new URL("search-headings.js", root).href;
      script.onload = () => done(places(window.BOOK_HEADINGS));
      script.onerror = () => done([]); // the search page finds it all the same
      document.head.append(script);
    });
    return coming;
  };
  /* Words, where they lead, and what stands beside them. */
  const places = ({ pages, headings: all, terms }) => [
    ...pages.map(([page, title]) => [title, `${page}.html`, ""]),
    ...Object.entries(terms).map(([term, anchor]) =>
      [term, `glossary.html#${anchor}`, "Glossary"]),
    ...all.map(([page, anchor, heading]) =>
      [heading, `${pages[page][0]}.html#${anchor}`, pages[page][1]]),
  ];

  const words = (text) => text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  /* Those that have all words, the last one perhaps begun: first those that
     begin so, then the shorter ones. */
  const fitting = (all, typed) => {
    const last = typed.at(-1);
    const fits = ([heading]) => {
      const has = words(heading);
      return typed.slice(0, -1).every((word) => has.includes(word))
        && has.some((word) => word.startsWith(last));
    };
    const rank = ([heading]) =>
      (words(heading).join(" ").startsWith(typed.join(" ")) ? 0 : 1000)
      + heading.length;
    return all.filter(fits).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
  };

  const show = async () => {
    const typed = words(field.value);
    const all = typed.length ? fitting(await headings(), typed) : [];
    if (words(field.value).join() !== typed.join()) return; // typed on
    list.replaceChildren(...all.map(([heading, address, beside]) => {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = new URL(address, root).href;
      link.textContent = heading;
      link.addEventListener("click", () => dialog.close());
      item.append(link);
      if (beside) {
        const small = document.createElement("small");
        small.textContent = beside;
        link.append(" ", small);
      }
      return item;
    }));
    status.textContent = all.length
      ? `${all.length} suggestions; Enter searches all of the book.` : "";
  };
  field.addEventListener("focus", headings);
  field.addEventListener("input", show);
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const stops = [field, ...list.querySelectorAll("a")];
    const at = stops.indexOf(document.activeElement);
    if (!step || at < 0 || stops.length < 2) return;
    event.preventDefault();
    stops[(at + step + stops.length) % stops.length].focus();
  });
})();
