// The built pages as one document without anything that needs a screen: run in
// a page that is served from the book's folder, by tools/publish/volume/paper.py.
//
// Every id gets its page's name before it, so that a link to another page
// becomes one within the document. Of a page remain its words, pictures,
// formulas and code; a flipbook gives its first and last picture, a
// live figure its still one. What is folded, and no code, is an answer.
"use strict";

const WITHIN = /^\d+\.\d+\. /; // the title of a chapter's second page and its next
const CODE = "details.hide";
const QUESTION = "details.sd-dropdown";
const GONE = [
  "a.headerlink", "script", "style", "link", "nav", "button", "noscript",
  ".toctree-wrapper", ".sd-summary-state-marker", "[hidden]", "picture > source",
].join(",");

const safe = (id) => id.replace(/[^\w.-]/g, "-");
const anchor = (page, id) => `${page}--${safe(id)}`;

function element(name, attributes = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    made.setAttribute(key, value);
  }
  made.append(...inside);
  return made;
}

function rename(node, name) {
  const inline = node.parentElement.closest("p"); // which may hold no div
  const made = element(inline ? "span" : name, {}, ...node.childNodes);
  for (const key of ["class", "id"]) {
    if (node.hasAttribute(key)) made.setAttribute(key, node.getAttribute(key));
  }
  node.replaceWith(made);
}

async function fetched(page) {
  const answer = await fetch(`${page}.html`);
  if (!answer.ok) throw new Error(`${page}.html: ${answer.status}`);
  const text = await answer.text();
  const read = new DOMParser().parseFromString(text, "text/html");
  const article = read.querySelector("article.bd-article > section");
  if (!article) throw new Error(`${page}.html: expected an article, found none`);
  return document.importNode(article, true);
}

function stills(article, page) {
  for (const book of article.querySelectorAll(".rnn-flipbook")) {
    const frames = [...book.querySelectorAll("img")];
    const label = book.querySelector("label");
    const what = label.textContent.split(":")[0].trim();
    const shown = frames.length > 1 ? [frames[0], frames.at(-1)] : frames;
    const figures = shown.map((img) => {
      img.removeAttribute("hidden");
      return element("figure", {}, img,
        element("figcaption", {}, `${what}: ${img.dataset.value}`));
    });
    book.replaceWith(element("div", { class: "frames" }, ...figures));
  }
  for (const figure of article.querySelectorAll("*")) {
    if (!/^(live|state)-/.test(figure.localName)) continue;
    figure.classList.add("still");
    figure.querySelector("p")?.replaceChildren(
      figure.querySelector("p").textContent.replace(
        /^Here stands an interactive picture.*?JavaScript\./,
        "On the page, a picture that can be changed."));
    rename(figure, "div");
  }
  for (const media of article.querySelectorAll("audio, video")) {
    const verb = media.localName === "audio" ? "heard" : "seen";
    media.replaceWith(element("p", { class: "media" },
      `(To be ${verb} on the page ${page}.html.)`));
  }
}

// Questions stay; what unfolds below them goes to the end of the book.
function unfold(article, page, code) {
  for (const folded of article.querySelectorAll(CODE)) {
    folded.querySelector("summary")?.remove();
    if (code) folded.replaceWith(...folded.childNodes);
    else folded.remove();
  }
  for (const line of article.querySelectorAll(".folded-names")) line.remove();
  for (const cell of article.querySelectorAll("div.cell")) {
    if (!cell.textContent.trim() && !cell.querySelector("img, svg")) cell.remove();
  }
  const answers = [];
  for (const folded of article.querySelectorAll("details")) {
    const summary = folded.querySelector("summary");
    summary.remove();
    const words = element("p", { class: "question" });
    words.append(...(summary.querySelector(".sd-summary-text") ?? summary).childNodes);
    const inside = folded.querySelector(".sd-summary-content") ?? folded;
    const asks = !folded.matches(QUESTION) || /^\s*\d+\.\s/.test(words.textContent);
    if (!asks) {
      folded.replaceWith(
        element("div", { class: "aside" }, words, ...inside.childNodes));
      continue;
    }
    const from = anchor(page, `question-${answers.length + 1}`);
    const to = anchor(page, `answer-${answers.length + 1}`);
    const again = words.cloneNode(true);
    for (const text of [words, again]) {
      const last = text.lastChild; // words; a formula would lose its MathML
      if (last.nodeType !== Node.TEXT_NODE) continue;
      last.data = last.data.replace(/: show the answer$/, "");
    }
    again.append(" ", element("a", { href: `#${from}`, class: "page" }, "Question"));
    words.append(" ", element("a", { href: `#${to}`, class: "page" }, "Answer"));
    words.id = from;
    answers.push(element("div", { id: to, class: "answer" },
      again, ...inside.childNodes));
    folded.replaceWith(words);
  }
  return answers;
}

function withoutControls(article) {
  for (const node of article.querySelectorAll("form, fieldset")) rename(node, "div");
  for (const node of article.querySelectorAll("legend")) rename(node, "p");
  for (const node of article.querySelectorAll("label")) rename(node, "span");
  for (const node of article.querySelectorAll("input, output")) node.remove();
  for (const node of article.querySelectorAll("*")) {
    if (node.namespaceURI === document.documentElement.namespaceURI &&
        node.localName.includes("-")) {
      rename(node, "div");
    }
  }
}

function addresses(root, page, pages) {
  const seen = new Set();
  const renamed = (list) => list.split(/\s+/).map((id) => anchor(page, id)).join(" ");
  for (const node of [root, ...root.querySelectorAll("*")]) {
    if (!node.id) continue;
    if (node.id.startsWith(`${page}--`)) continue; // a question's, an answer's
    const id = anchor(page, node.id);
    if (seen.has(id)) node.removeAttribute("id");
    else node.id = id;
    seen.add(id);
  }
  for (const key of ["aria-labelledby", "aria-describedby", "for", "headers"]) {
    for (const node of root.querySelectorAll(`[${key}]`)) {
      node.setAttribute(key, renamed(node.getAttribute(key)));
    }
  }
  for (const use of root.querySelectorAll("svg *")) {
    for (const { name, value } of [...use.attributes]) {
      if (name === "href" || name === "xlink:href" || value.includes("url(#")) {
        use.setAttribute(name, value.replace(
          /(^|url\()#([\w-]+)/g, (_, before, id) => `${before}#${anchor(page, id)}`));
      }
    }
  }
  for (const link of root.querySelectorAll("a[href]:not(.page)")) {
    const url = new URL(link.getAttribute("href"), new URL(`${page}.html`, location));
    const name = url.pathname.slice(new URL(".", location).pathname.length);
    const target = name.replace(/\.html$/, "");
    const id = decodeURIComponent(url.hash.slice(1));
    if (url.origin !== location.origin) {
      link.classList.add("external");
    } else if (pages.has(target)) {
      link.setAttribute("href", id ? `#${anchor(target, id)}` : `#${target}`);
    } else {
      link.replaceWith(...link.childNodes); // a file, the index
    }
  }
}

// A section's first anchor is its own; a link to what is gone leads to the page.
function fix(pages) {
  for (const link of document.querySelectorAll('a[href^="#"]')) {
    const id = link.getAttribute("href").slice(1);
    if (document.getElementById(id)) continue;
    const page = id.split("--")[0];
    if (!pages.has(page)) throw new Error(`a link leads nowhere: #${id}`);
    link.setAttribute("href", `#${page}`);
  }
}

async function chapter(page, pages, code) {
  const article = await fetched(page);
  stills(article, page);
  const answers = unfold(article, page, code);
  for (const node of article.querySelectorAll(GONE)) node.remove();
  withoutControls(article);
  const title = article.querySelector("h1").textContent.trim();
  const collected = element("section", { class: "answers" },
    element("h2", {}, title), ...answers);
  for (const node of collected.querySelectorAll(GONE)) node.remove();
  withoutControls(collected);
  for (const root of [article, collected]) {
    addresses(root, page, pages);
    for (const img of root.querySelectorAll("img")) {
      img.removeAttribute("loading");
      if (!img.src.startsWith("data:")) img.src = new URL(img.src, location).href;
    }
  }
  article.querySelectorAll("h2").forEach((head, k) => { head.id = `${page}--head-${k}`; });
  const kind = WITHIN.test(title) ? "chapter goes-on" : "chapter";
  const whole = element("section", { id: page, class: `${kind} bd-article` }, article);
  return { page, title, whole, collected, answers: answers.length };
}

// Returns the contents: of every page its title and its sections.
window.paper = async function paper(names, code) {
  const pages = new Set(names);
  const body = document.querySelector("main");
  const answers = element("section", { id: "answers", class: "chapter bd-article" },
    element("h1", {}, "Answers"));
  const contents = [];
  for (const name of names) {
    const made = await chapter(name, pages, code);
    body.append(made.whole);
    if (made.answers) answers.append(made.collected);
    contents.push({ page: name, title: made.title,
      sections: [...made.whole.querySelectorAll("h2")].map((head) => (
        { id: head.id, title: head.textContent.trim() })) });
  }
  if (answers.querySelector("h2")) {
    body.append(answers);
    contents.push({ page: "answers", title: "Answers", sections: [] });
  }
  fix(new Set([...names, "answers"]));
  for (const formula of body.querySelectorAll(".math")) {
    if (formula.querySelector("math")) continue;
    throw new Error(`a formula is left as TeX: ${formula.textContent.trim()}`);
  }
  await Promise.all([...document.images].map((img) => img.decode().catch(() => {
    throw new Error(`a picture cannot be shown: ${img.src.slice(0, 80)}`);
  })));
  return contents;
};

// What is wider than the paper is set smaller.
window.fit = async function fit() {
  document.body.getBoundingClientRect(); // a layout asks for the fonts
  await document.fonts.ready;
  for (const node of document.querySelectorAll(".katex-display, table")) {
    const room = node.parentElement.clientWidth;
    const needed = Math.max(node.scrollWidth, node.getBoundingClientRect().width);
    if (room && needed > room + 1) {
      const size = parseFloat(getComputedStyle(node).fontSize);
      node.style.fontSize = `${((size * room) / needed) * 0.98}px`;
    }
  }
};

// The title and the contents; `listed`: pairs of an entry and its part.
window.front = async function front(title, lines, listed, picture) {
  const list = element("ol");
  const line = (kind, id, words) => list.append(element("li", { class: kind },
    element("a", { href: `#${id}` }, element("span", {}, words),
      element("span", { class: "dots" }), element("span", { class: "number" }, "0"))));
  let last = "";
  for (const [entry, part] of listed) {
    if (part && part !== last) list.append(element("li", { class: "part" }, part));
    last = part || last;
    line("of-chapter", entry.page, entry.title);
    for (const section of entry.sections) line("of-section", section.id, section.title);
  }
  document.querySelector("main").prepend(
    element("section", { id: "title" }, element("h1", {}, title),
      ...(picture ? [element("img", { src: picture,
        alt: "A network learns: its loss falls, and its output meets the target." })]
        : []),
      ...lines.map((words) => element("p", {}, words))),
    element("section", { id: "contents", class: "chapter" },
      element("h1", {}, "Contents"), list));
  for (const link of document.querySelectorAll("a.page")) {
    link.append(", page ", element("span", { class: "number" }, "0"));
  }
  let head = ""; // a chapter's pages share it: another one begins a sheet
  const heads = listed.map(([{ page, title }]) => {
    if (WITHIN.test(title) && head) return `#${page} { page: ${head}; }`;
    head = page;
    return `#${page} { page: ${page}; }
      @page ${page} { @top-right { content: ${JSON.stringify(title)};
        font: 8pt "DejaVu Sans", sans-serif; color: #555; } }`;
  });
  document.head.append(element("style", {}, heads.join("\n")));
  await Promise.all([...document.querySelectorAll("#title img")].map((i) => i.decode()));
};

window.number = function number(places) {
  for (const link of document.querySelectorAll("#contents a, a.page")) {
    const id = link.getAttribute("href").slice(1);
    if (!(id in places)) throw new Error(`no page holds ${id}`);
    link.querySelector(".number").textContent = places[id];
  }
};
