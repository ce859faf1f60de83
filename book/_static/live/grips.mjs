/* What of a drawing follows a finger: places in the plane, and numbers. */
import { hold, press } from "./holds.mjs";

const FINGER = 44; // pixels, the side of what it holds

/* As `press`; and each of the places that `list` gives can be held. */
export function grips(figure, box, action, list) {
  const go = press(figure, box, action);
  list().forEach((_, k) => {
    const centre = () => [box.left + list()[k][0] * box.width,
      box.top + (1 - list()[k][1]) * box.height];
    hold(figure, `grip${k}`, () => {
      const [x, y] = centre();
      return { left: x - FINGER / 2, top: y - FINGER / 2, width: FINGER,
        height: FINGER };
    }, (down) => {
      const at = figure.stage.getBoundingClientRect(), [x, y] = centre();
      const dx = at.left + x - down.clientX, dy = at.top + y - down.clientY;
      return (event) => go(event, dx, dy);
    }, "cursor: move; touch-action: none");
  });
}

/* What is drawn can be dragged sideways: `range` pixels for all of it. A
   figure with several such for one field names each. */
export function drag(figure, node, name, key = name, range = 240) {
  const [, low, high, step] = figure.constructor.fields[name];
  node.classList.add("drag");
  const place = () => {
    if (!node.isConnected) return null;
    const { left, top } = figure.stage.getBoundingClientRect();
    const at = node.getBoundingClientRect();
    const width = Math.max(at.width, 28), height = Math.max(at.height, 28);
    return { left: (at.left + at.right - width) / 2 - left,
      top: (at.top + at.bottom - height) / 2 - top, width, height };
  };
  hold(figure, `drag-${key}`, place, (down) => {
    const from = figure.state[name];
    return (event) => {
      const moved = ((event.clientX - down.clientX) * (high - low)) / range;
      const value = from + Math.round(moved / step) * step;
      figure.change({ [name]: Math.min(Math.max(value, low), high) });
    };
  }, "cursor: ew-resize; touch-action: pan-y");
}
