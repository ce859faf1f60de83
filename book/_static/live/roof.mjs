/* <live-roof>: how long one step's product takes at least. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";

/* h W_h^T for B states of H numbers in float32, on a machine of so many
   GFLOP/s and GB/s: what it does, moves and needs at least, in
   microseconds; and the least batch that reaches the roof. */
export function bound(B, H, flops, bytes) {
  const work = 2 * B * H * H, moved = 4 * (H * H + 2 * B * H);
  const compute = work / flops / 1e3, memory = moved / bytes / 1e3;
  const ridge = flops / bytes; // of operations a byte
  const room = H - 4 * ridge;
  return { work, moved, intensity: work / moved, compute, memory,
    time: Math.max(compute, memory),
    speed: Math.min(flops, (bytes * work) / moved),
    enough: room > 0 ? Math.ceil((2 * ridge * H) / room) : Infinity };
}

const MACHINES = { core: [60, 12], gpu: [50000, 3000] };

class Roof extends LiveFigure {
  static fields = {
    b: [0, 0, 10, 1], h: [8, 5, 13, 1],
    machine: ["core", Object.keys(MACHINES)],
  };

  controls() {
    const row = this.group(), power = (k) => `${2 ** k}`;
    this.choice(row, "machine", "Machine", {
      core: "a core: 60 GFLOP/s, 12 GB/s",
      gpu: "a GPU: 50,000 GFLOP/s, 3,000 GB/s" });
    this.slider(row, "b", "Batch B", 0, power);
    this.slider(row, "h", "Units H", 0, power);
  }

  tall() { return 250; }

  draw() {
    const { b, h, machine } = this.state, g = this.sheet();
    const [flops, bytes] = MACHINES[machine], top = Math.log10(flops);
    this.found = bound(2 ** b, 2 ** h, flops, bytes);
    const box = { left: 56, top: 24, width: this.width - 68, height: 176 };
    const low = Math.log10(bytes) - 0.7, log = Math.log10;
    const at = axes(g, box, [-0.7, 3.2], [low, top + 0.2], {
      title: this.narrow ? "GFLOP/s, at most; dots: B"
        : "GFLOP/s, at most; dots: B = 1, 2, 4, …",
      x: [[0, "1"], [1, "10"], [2, "100"], [3, "1000"]], y: [[log(bytes / 2), `${bytes / 2}`],
        [top, `${flops}`]] });
    line(g, [[at.x(-0.7), at.y(log(bytes) - 0.7)],
      [at.x(log(flops / bytes)), at.y(top)], [at.x(3.2), at.y(top)]],
    { class: "curve", stroke: "var(--ink)" });
    for (let k = 0; k <= 10; k++) {
      const other = bound(2 ** k, 2 ** h, flops, bytes), here = k === b;
      make(g, "circle", { cx: at.x(log(other.intensity)),
        cy: at.y(log(other.speed)), r: here ? 8 : 4,
        fill: here ? "var(--forget)" : "var(--input)" });
    }
    make(g, "text", { class: "small middle", x: box.left + box.width / 2,
      y: 236 }, "operations per byte");
  }

  says() {
    const { b, h } = this.state, f = this.found;
    const limit = f.memory > f.compute
      ? `the memory is the limit, and multiplying takes only ${
        show((100 * f.compute) / f.time, 0)} % of it`
      : "multiplying is the limit";
    const enough = f.enough < Infinity
      ? ` From B = ${f.enough} on multiplying is the limit.`
      : " With so few units no batch makes multiplying the limit.";
    return `B = ${2 ** b}, H = ${2 ** h}: ${show(f.work / 1e6, 1)} million `
      + `operations and ${show(f.moved / 1e6, 2)} MB, ${
        show(f.intensity, 1)} operations per byte. One step takes at least `
      + `${show(f.time, f.time < 1 ? 3 : 1)} µs: ${limit}.${enough}`;
  }
}

customElements.define("live-roof", Roof);
