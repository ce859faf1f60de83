/* <live-latch>: inside a quotation or not? A window, and one number. */
import { LiveFigure, make } from "./base.mjs";

/* The neuron's state after each character: h <- |h - x|. */
export function states(marks) {
  let h = 0;
  return marks.map((x) => (h = Math.abs(h - x)));
}

/* What the last K characters up to t say: 1 inside, 0 outside, or null
   where both go with the same window. Curly marks open or close. */
export function windowSays(marks, t, K, curly) {
  const first = Math.max(t - K + 1, 0), h = states(marks);
  if (first === 0) return h[t]; // the text begins outside
  for (let k = t; curly && k >= first; k--) {
    if (marks[k]) return h[k];
  }
  return null;
}

const N = 24;

class Latch extends LiveFigure {
  static fields = {
    kind: ["straight", ["curly", "straight"]], K: [6, 1, 14, 1],
    t: [20, 1, N, 1], text: ["..x.....x...x...........", N],
  };

  allowed(read) {
    const found = super.allowed(read);
    if (!/^[.x]{24}$/.test(found.text)) delete found.text;
    return found;
  }

  controls() {
    const row = this.group();
    this.choice(row, "kind", "Marks", { curly: "curly “ ”",
      straight: "straight \" \"" });
    this.button(row, "Mark or no mark here", () =>
      this.turn(this.state.t - 1));
    this.slider(row, "t", "Character", 0);
    this.slider(row, "K", "Window", 0);
  }

  turn(k) {
    const { text } = this.state;
    this.change({ t: k + 1, text: text.slice(0, k) +
      (text[k] === "x" ? "." : "x") + text.slice(k + 1) });
  }

  tall() { return 150; }

  draw() {
    const { kind, K, t, text } = this.state, g = this.sheet();
    const curly = kind === "curly", marks = [...text].map((c) =>
      Number(c === "x"));
    this.h = states(marks);
    this.answer = windowSays(marks, t - 1, K, curly);
    const left = this.narrow ? 4 : 74, w = (this.width - left - 4) / N;
    const row = (words, y) => make(g, "text", { class: "small",
      x: this.narrow ? left : 2, y: this.narrow ? y - 20 : y }, words);
    row("text", 38);
    row("inside", 84);
    row("state h", 130);
    make(g, "rect", { x: left + Math.max(t - K, 0) * w, y: 20, rx: 4,
      width: Math.min(K, t) * w, height: 28, fill: "var(--soft)",
      stroke: "var(--forget)", "stroke-width": 2 });
    marks.forEach((x, k) => {
      const sign = !x ? "." : !curly ? "\"" : this.h[k] ? "“" : "”";
      const at = left + (k + 0.5) * w, seen = k < t;
      make(g, "text", { class: "middle strong", x: at, y: 40,
        opacity: seen ? 1 : 0.4 }, sign);
      make(g, "rect", { x: at - w / 2 + 1, y: 70, width: w - 2,
        height: 18, stroke: "var(--line)",
        fill: this.h[k] && seen ? "var(--candidate)" : "none" });
      make(g, "text", { class: "small middle", x: at, y: 130,
        opacity: seen ? 1 : 0.4 }, this.h[k]);
    });
    this.strip(g, { left, top: 18, width: w * marks.length, height: 34 },
      marks.length, (k) => this.turn(k));
  }

  says() {
    const { kind, K, t } = this.state, { answer } = this;
    const name = (h) => (h ? "inside" : "outside");
    const known = answer === null
      ? "The same window goes with both answers, depending on what stands "
        + `to the left of it${kind === "curly" ? ": no mark is in it." :
          ": a straight mark only turns the answer round."}`
      : `The window shows that it is ${name(answer)}${
        t <= K ? ", for it holds the whole past." : "."}`;
    return `Character ${t}, a window of ${K}. ${known} The state is ${
      this.h[t - 1]}: ${name(this.h[t - 1])}.`;
  }
}

customElements.define("live-latch", Latch);
