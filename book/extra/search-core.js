/* What the search finds, without a page: window.bookSearch(BOOK_INDEX, MiniSearch)
   gives a function from a query to what is found for it. */
window.bookSearch = (data, MiniSearch) => {
  const BEFORE = 1e6; // the chapter that explains a term stands first
  const ALSO = 1e3; // then the others that its definition names
  const FEW = 3; // pages that have all words: with fewer, others are shown too
  const WEIGHT = { // of pages that are no chapters; OTHER is the rest's
    setup: 1, exercises: 0.8, own_data: 0.8, notation: 0.6, glossary: 0.4,
    measured: 0.2, bibliography: 0.15, api: 0.1,
  };
  const OTHER = 0.5;
  const SYNONYM = 0.5; // of the word itself
  const STOP = new Set((
    "a about an and are as at be but by can could did do does for from get go has"
    + " have how i if in into is it its me my of on or our should so that the their"
    + " then there these they this to too use used using was we were what when where which who why"
    + " will with would you your").split(" "));
  /* What readers write, and what the book says for it. A row's first words may
     be several; the others are single. */
  const ALIKE = [
    ["set up", "setup"], ["blows up", "explode"], ["blow up", "explode"],
    ["blowing up", "explode"], ["blew up", "explode"],
    ["compared to", "compared"], ["compared with", "compared"],
    ["difference between", "compared"], ["vs", "compared"],
    ["versus", "compared"],
    ["attn", "attention"], 
    ["truncated backpropagation through time", "truncated bptt"],
    ["truncated backpropagation", "truncated bptt"],
    ["backpropagation through time", "bptt"],
    ["time series", "series"], ["long short term memory", "lstm"],
    ["gated recurrent unit", "gru"], ["mini batch", "batch"],
    ["step size", "learning rate"], ["graphics card", "gpu"],
  ];
  const SYNONYMS = [
    ["install", "installing", "installation", "setup"],
    ["nan", "infinity", "overflow"],
    ["explode", "exploding", "overflow", "clip"],
    ["vanish", "vanishing"],
    ["translate", "translation"],
    ["forecast", "prediction", "predict"],
    ["gpu", "cuda"], ["gpu", "device"],
    ["pytorch", "torch"],
    ["caption", "captioning"],
    ["homework", "assignment"],
    ["lr", "learning"],
    ["minibatch", "batch"],
    ["teacher", "instructor"],
    ["abbreviation", "notation"], ["symbol", "notation"],
  ];
  const chapterOf = ([name]) => Number(/^ch(\d\d)_/.exec(name)?.[1] ?? NaN);
  const weigh = (page) =>
    Number.isNaN(chapterOf(page)) ? WEIGHT[page[0]] ?? OTHER : 1;
  const split = (text) =>
    text.normalize("NFC").toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];

  /* One form for a word's forms: explode, explodes, exploding. */
  const stem = (word) => {
    if (word.length < 5) return word.length === 4 && /[^aious]s$/.test(word)
      ? word.slice(0, -1) : word;
    let cut = word.replace(/([^aious])s$|(ie)s$|(e)s$/, "$1$2$3");
    cut = cut.replace(/i[sz](?:e|ing|ed|ation)$/, "is");
    cut = cut.replace(/(?<=.{3})(?:ing|ed)$/, "").replace(/(?<=.{4}t)ion$/, "");
    if (cut !== word) cut = cut.replace(/([bdgmnprt])\1$/, "$1");
    return cut.length > 4 ? cut.replace(/e$/, "") : cut;
  };

  const texts = (kind) => {
    const words = data[kind][0].split(" ");
    const found = data.sections.map(() => []);
    data[kind][1].forEach((gaps, k) => {
      let id = 0;
      for (const gap of gaps) found[id += gap].push(words[k]);
    });
    return found.map((all) => all.join(" "));
  };
  const [said, often, code] = ["said", "often", "code"].map(texts);
  const index = new MiniSearch({
    fields: ["heading", "title", "name", "said", "often", "code"],
    tokenize: split,
    processTerm: stem,
  });
  data.sections.forEach(([page, anchor, heading], id) => {
    const [name, title] = data.pages[page];
    index.add({ id, heading, said: said[id], often: often[id], code: code[id],
      title, name: anchor ? "" : name.replace(/^ch\d+_/, "") });
  });
  const known = new Set(
    [...said, ...code, ...data.sections.map(([, , h]) => h)].flatMap(split).map(stem));

  const wordsOf = (query) => {
    let text = ` ${split(query).join(" ")} `;
    for (const [from, to] of ALIKE) text = text.replaceAll(` ${from} `, ` ${to} `);
    const all = text.trim().split(" ").filter(Boolean);
    const kept = all.filter((word) => !STOP.has(word));
    return [...new Set(kept.length ? kept : all)];
  };
  const alike = (word) => SYNONYMS
    .filter((row) => row.some((other) => stem(other) === stem(word)))
    .flat().filter((other) => stem(other) !== stem(word));

  /* The hits of one word, by section: how well, and for which of its forms. */
  const hitsOf = (word, last) => {
    const options = {
      boost: { heading: 4, title: 3, name: 3, often: 1, said: 1, code: 0.3 },
      boostDocument: (id) => weigh(data.pages[data.sections[id][0]]),
      prefix: last && word.length > 2,
      fuzzy: !known.has(stem(word)) && word.length > 4 ? 0.2 : false,
    };
    if (known.has(stem(word)) && word.length < 4) options.prefix = false;
    const hits = new Map();
    const take = (term, weight, how) => {
      for (const { id, score, terms } of index.search(term, how)) {
        const hit = hits.get(id) ?? { score: 0, terms: [] };
        hit.score = Math.max(hit.score, score * weight);
        hit.terms.push(...terms);
        hits.set(id, hit);
      }
    };
    take(word, 1, options);
    for (const other of new Set(alike(word))) {
      take(other, SYNONYM, { ...options, prefix: false, fuzzy: false });
    }
    return hits;
  };

  /* Pages, the best first: those with all words, and where they are few, those
     with some. A section is worth the sum of its words' hits, more if it has
     more of the words itself. */
  const ranked = (words) => {
    const sections = new Map();
    const pages = new Map();
    words.forEach((word, k) => {
      for (const [id, { score, terms }] of hitsOf(word, k === words.length - 1)) {
        const one = sections.get(id) ?? { id, score: 0, words: 0, terms: [] };
        one.score += score;
        one.words += 1;
        one.terms.push(...terms);
        sections.set(id, one);
        const at = data.sections[id][0];
        const page = pages.get(at) ?? { page: at, has: new Set(), hits: [] };
        page.has.add(k);
        if (one.words === 1) page.hits.push(one);
        pages.set(at, page);
      }
    });
    for (const page of pages.values()) {
      for (const hit of page.hits) hit.score *= (hit.words / words.length) ** 0.75;
      page.hits.sort((a, b) => b.score - a.score);
      const [first, ...more] = page.hits.map((hit) => hit.score);
      page.all = page.has.size === words.length;
      const rest = more.slice(0, 4).reduce((sum, score) => sum + score, 0);
      page.score = (first + 0.15 * rest) * page.has.size / words.length;
    }
    const order = [...pages.values()].sort((a, b) => b.score - a.score);
    const whole = order.filter((page) => page.all);
    const least = whole[FEW - 1]?.score ?? 0; // of a page that lacks a word
    return order.filter((page) => page.all || page.score > least);
  };

  const namedIn = (definition) => new Set(
    [...definition.matchAll(/chapters? (\d+(?:(?:, | and |, and )\d+)*)/gi)]
      .flatMap(([, numbers]) => numbers.match(/\d+/g).map(Number)));
  const define = (query, words) => {
    const asked = query.trim().toLowerCase();
    const term = [asked, asked.replace(/s$/, ""), words.join(" ")]
      .find((w) => Object.hasOwn(data.terms, w));
    return term === undefined ? null : [term, ...data.terms[term]];
  };

  return (query) => {
    const words = wordsOf(query);
    const term = define(query, words); // name, anchor, definition, chapter
    let pages = words.length ? ranked(words) : [];
    const chapter = term?.[3] ? Number(term[3]) : NaN;
    if (!Number.isNaN(chapter)) {
      const others = namedIn(term[2]);
      for (const page of pages) {
        const own = chapterOf(data.pages[page.page]);
        page.score += own === chapter ? BEFORE : others.has(own) ? ALSO : 0;
      }
      pages.sort((a, b) => b.score - a.score);
      if (!(pages[0]?.score > BEFORE)) { // other words
        const page = data.pages.findIndex((p) => chapterOf(p) === chapter);
        const id = data.sections.findIndex((section) => section[0] === page);
        if (id >= 0) {
          pages = [{ page, all: true, hits: [{ id, terms: [] }] }, ...pages];
        }
      }
    }
    return { pages, words, term, whole: pages.filter((page) => page.all).length };
  };
};
