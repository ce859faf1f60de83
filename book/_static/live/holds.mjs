/* What a pointer can hold of a drawing: boxes of HTML that lie over it. A
   part of an SVG has no say in what a finger does. */
import { make } from "./base.mjs";

const SLIP = 8; // pixels of a finger that are no drag yet

/* A box where `place` says, made once for each key, so that a drawing that
   is made afresh lets go of nothing. `begin` gets what took it and returns
   what each move calls, or nothing; a finger's tap comes as a click. */
export function hold(figure, key, place, begin, style) {
  const holds = figure.holds ??= new Map(), known = holds.get(key);
  if (known) return Object.assign(known, { place, begin });
  const node = make(figure.stage, "div", { class: "hold",
    style: `position: absolute; user-select: none; ${style}` });
  const one = { node, place, begin };
  holds.set(key, one);
  figure.placed = () => placeAll(holds);
  let mouse = false;
  node.addEventListener("pointerdown", (down) => {
    mouse = down.pointerType === "mouse";
    const move = one.begin(down);
    if (move) figure.follow(node, down, move);
  });
  node.addEventListener("click", (event) => {
    if (!mouse) one.begin(event);
  });
  return one;
}

function placeAll(holds) {
  for (const [key, { node, place }] of holds) {
    const at = place();
    if (!at) {
      node.remove();
      holds.delete(key);
      continue;
    }
    for (const [side, pixels] of Object.entries(at)) {
      node.style[side] = `${pixels}px`;
    }
  }
}

/* Press and drag inside a box: `action` gets the place in it, 0 to 1 across
   and 0 to 1 upward. A finger taps; it scrolls the page, but draws along
   what is `sideways`. Returns what calls `action` for an event. */
export function press(figure, box, action, sideways = false) {
  const cut = (v) => Math.min(Math.max(v, 0), 1);
  const go = (event, dx = 0, dy = 0) => {
    const at = figure.stage.getBoundingClientRect();
    action(cut((event.clientX + dx - at.left - box.left) / box.width),
      cut(1 - (event.clientY + dy - at.top - box.top) / box.height));
  };
  const draw = (down) => {
    let along = false;
    return (event) => {
      const across = Math.abs(event.clientX - down.clientX);
      along ||= across > SLIP &&
        across > Math.abs(event.clientY - down.clientY);
      if (along) go(event);
    };
  };
  hold(figure, "press", () => box, (down) => {
    if (down.type !== "click" && down.pointerType !== "mouse") {
      return sideways && draw(down);
    }
    go(down);
    return go;
  }, `cursor: crosshair; touch-action: ${sideways ? "pan-y" : "auto"}`);
  return go;
}
