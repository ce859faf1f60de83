/* What the theme leaves to the reader's browser. */
document.addEventListener("DOMContentLoaded", () => {
  // The theme's switch has no name for a screen reader; give it one.
  document
    .querySelectorAll("button.theme-switch-button")
    .forEach((b) => b.setAttribute("aria-label", "Light or dark theme"));

  // What scrolls sideways can be reached by keys, and nothing else.
  const wide =
    "pre, .katex-display, .pst-scrollable-table-container, .output.text_html";
  const stop = ({ target }) => {
    if (target.scrollWidth > target.clientWidth + 1) target.tabIndex = 0;
    else target.removeAttribute("tabindex");
  };
  const sizes = new ResizeObserver((changed) => changed.forEach(stop));
  document.querySelectorAll(wide).forEach((part) => sizes.observe(part));
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
