/* What the theme leaves to the reader's browser. */
document.addEventListener("DOMContentLoaded", () => {
  // The theme's switch has no name for a screen reader; give it one.
  document
    .querySelectorAll("button.theme-switch-button")
    .forEach((b) => b.setAttribute("aria-label", "Light or dark theme"));

  // What scrolls sideways can be reached by keys, and nothing else.
  const wide =
    "pre, .katex-display, .pst-scrollable-table-container, .output.text_html";
  const parts = document.querySelectorAll(wide);
  const stop = (part) => {
    if (part.scrollWidth > part.clientWidth + 1) part.tabIndex = 0;
    else part.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((all) => all.forEach((one) => stop(one.target)));
  parts.forEach((part) => sizes.observe(part));
  // A letter's own font may widen a line and leave the box as it was.
  document.fonts.addEventListener("loadingdone", () => parts.forEach(stop));
});

// The rest of a docstring comes and goes.
document.addEventListener("click", ({ target }) => {
  if (!target.matches?.(".doc-more")) return;
  const shown = target.getAttribute("aria-expanded") === "true";
  target.setAttribute("aria-expanded", String(!shown));
});

// The frames of a flipbook come when its slider is about to move.
for (const kind of ["focusin", "pointerover"]) {
  document.addEventListener(kind, ({ target }) => {
    const book = target.closest?.(".rnn-flipbook");
    book?.querySelectorAll("img[loading=lazy]").forEach((frame) => {
      frame.loading = "eager";
    });
  });
}

// On a telephone a flipbook's next page is scrolled as far as the one before.
document.addEventListener("input", ({ target }) => {
  const book = target.closest?.(".rnn-flipbook");
  const pages = [...(book?.querySelectorAll("a.enlarge") ?? [])];
  const left = Math.max(0, ...pages.map((page) => page.scrollLeft));
  if (left) {
    requestAnimationFrame(() => pages.forEach((page) => {
      page.scrollLeft = left;
    }));
  }
}, true);

// A slider jumps to a finger before it is known where the finger goes: if the
// page scrolls then, the slider is again where it was. A live figure does so
// itself.
document.addEventListener("pointerdown", ({ target, pointerId }) => {
  if (target.type !== "range" || target.closest(".live")) return;
  const { value } = target, over = new AbortController();
  const end = (kind, action) => target.addEventListener(kind, (event) => {
    if (event.pointerId !== pointerId) return;
    over.abort();
    action?.();
  }, { signal: over.signal });
  end("pointerup");
  end("pointercancel", () => {
    target.value = value;
    target.dispatchEvent(new Event("input", { bubbles: true }));
  });
});
