// The theme's switch has no name for a screen reader; give it one.
document.addEventListener("DOMContentLoaded", () => {
  document
    .querySelectorAll("button.theme-switch-button")
    .forEach((b) => b.setAttribute("aria-label", "Light or dark theme"));
});
