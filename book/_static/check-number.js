/* <check-number label answer tolerance hints>: the reader types a number and
   is told whether it is right; a wrong one that a hint knows is told what it
   is. hints: JSON, [[number, "what it is"], ...]. What stands inside the
   element, the folded answer, stays, and is all there is without JavaScript. */
(() => {
  const STYLE = `
    check-number { display: block; margin: 0.6em 0; padding: 0.5em 0.8em;
      border-left: 4px solid #0072B2; }
    check-number form { display: flex; flex-wrap: wrap; gap: 0.5em;
      align-items: center; margin: 0; }
    check-number label { flex: 1 1 16em; }
    check-number input { width: 6em; padding: 0.15em 0.4em; color: inherit;
      background: transparent; border: 1px solid currentColor;
      border-radius: 4px; font: inherit; }
    check-number button { padding: 0.15em 0.8em; color: inherit;
      background: transparent; border: 1px solid currentColor;
      border-radius: 4px; font: inherit; }
    check-number input:focus-visible, check-number button:focus-visible {
      outline: 3px solid #0072B2; outline-offset: 2px; }
    check-number output { flex: 1 1 100%; }
    check-number output:empty { display: none; }
    check-number details { margin: 0.3em 0 0; }`;

  let count = 0;

  class CheckNumber extends HTMLElement {
    connectedCallback() {
      if (this.querySelector("form")) return;
      const make = (tag, text = "") => {
        const made = document.createElement(tag);
        made.textContent = text;
        return made;
      };
      const form = make("form"), label = make("label");
      const input = make("input"), button = make("button", "Check");
      this.verdict = make("output");
      input.id = `check-number-${++count}`;
      input.inputMode = "text"; // a number pad often has no minus sign
      input.autocomplete = "off";
      label.htmlFor = input.id;
      label.textContent = this.getAttribute("label");
      this.verdict.setAttribute("aria-live", "polite");
      form.noValidate = true;
      form.append(label, input, button, this.verdict);
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        this.verdict.textContent = this.judge(input.value);
      });
      this.prepend(form);
      const summary = this.querySelector("summary");
      if (summary) summary.textContent = "Show the answer";
    }

    judge(typed) {
      const number = Number(
        typed.trim().replace(",", ".").replace(/[\u2212\u2013]/, "-"));
      if (typed.trim() === "" || Number.isNaN(number))
        return "Type a number, such as -0.25.";
      const tolerance = Number(this.getAttribute("tolerance"));
      const near = (value) => Math.abs(number - value) <= tolerance;
      if (near(Number(this.getAttribute("answer"))))
        return "✓ Right.";
      const hints = JSON.parse(this.getAttribute("hints") || "[]");
      const known = hints.find(([value]) => near(value));
      return known ? `✗ Not yet: ${known[1]}` : "✗ Not yet.";
    }
  }

  document.head.append(
    Object.assign(document.createElement("style"), { textContent: STYLE }));
  // Once the page is parsed: a field needs the folded answer inside it.
  const define = () => customElements.define("check-number", CheckNumber);
  if (document.readyState === "loading")
    document.addEventListener("DOMContentLoaded", define);
  else define();
})();
