/* <live-sure>: forecasts as bands, and how often a band holds. */
import { LiveFigure, axes, line, make, show } from "./base.mjs";

/* Between the stored quantiles, on straight lines; none lies outside. */
export function quantile(levels, q, p) {
  let k = 1;
  while (k < levels.length - 1 && p > levels[k]) k++;
  const share = (p - levels[k - 1]) / (levels[k] - levels[k - 1]);
  return q[k - 1] + Math.min(Math.max(share, 0), 1) * (q[k] - q[k - 1]);
}

/* Low and high of the interval of so many percent: quantiles[Q][K]. */
export function band({ levels }, quantiles, percent) {
  const half = percent / 200;
  return [0.5 - half, 0.5 + half].map((p) => quantiles[0].map((_, k) =>
    quantile(levels, quantiles.map((row) => row[k]), p)));
}

/* The share of all targets inside their intervals. */
export function covered(data, percent) {
  let inside = 0, all = 0;
  data.quantiles.forEach((quantiles, b) => {
    const [low, high] = band(data, quantiles, percent);
    data.came[b].forEach((v, k) => {
      inside += Number(low[k] <= v && v <= high[k]);
      all++;
    });
  });
  return inside / all;
}

const LEVELS = Array.from({ length: 19 }, (_, k) => 5 * k);

class Sure extends LiveFigure {
  static data = "forecasts";
  static fields = { level: [80, 0, 90, 1], b: [26, 0, 50, 1] };

  controls() {
    const row = this.group();
    this.slider(row, "level", "Promised", 0, (v) => `${v} %`);
    this.slider(row, "b", "From", 0, (b) =>
      `${this.data?.years[b] ?? ""}`);
  }

  tall() { return this.narrow ? 420 : 250; }

  draw() {
    const { level, b } = this.state, g = this.sheet(), { data } = this;
    this.share ??= LEVELS.map((p) => covered(data, p));
    this.held = covered(data, level);
    const wide = this.narrow ? this.width - 66 : this.width - 310;
    const box = { left: 40, top: 24, width: wide, height: 180 };
    const came = data.came[b], [low, high] = band(data, data.quantiles[b],
      level);
    this.inside = came.filter((v, k) => low[k] <= v && v <= high[k]).length;
    const most = 260, year = data.years[b];
    const at = axes(g, box, [0, 9], [0, most], { title: this.narrow ? "Sunspots; dashed: median"
        : "Sunspots; dashed: median; line: what came",
      y: [[0, "0"], [100, "100"], [200, "200"]],
      x: [[0, `${year}`], [9, `${year + 4.5}`]] });
    const points = (row) => row.map((v, k) => [at.x(k), at.y(v)]);
    line(g, [...points(high), ...points(low).reverse()],
      { fill: "var(--input)", "fill-opacity": 0.3 });
    line(g, points(band(data, data.quantiles[b], 0)[0]),
      { class: "curve", stroke: "var(--input)", "stroke-dasharray": "6 4" });
    line(g, points(came), { class: "curve", stroke: "var(--ink)" });
    const side = this.narrow
      ? { left: 40, top: 260, width: this.width - 50, height: 120 }
      : { left: this.width - 200, top: 24, width: 186, height: 180 };
    const to = axes(g, side, [0, 100], [0, 100], {
      title: "Held against promised, %", y: [[0, "0"], [100, "100"]],
      x: [[0, "0"], [50, "50"], [100, "100"]] });
    line(g, [[to.x(0), to.y(0)], [to.x(100), to.y(100)]],
      { class: "grid" });
    line(g, this.share.map((v, k) => [to.x(LEVELS[k]), to.y(100 * v)]),
      { class: "curve", stroke: "var(--forget)" });
    make(g, "circle", { cx: to.x(level), cy: to.y(100 * this.held), r: 6,
      fill: "var(--forget)" });
  }

  says() {
    const { level, b } = this.state, { came, years } = this.data;
    return `Intervals that promise ${level} % hold ${
      show(100 * this.held, 0)} % of the ${came.length * came[0].length} `
      + `targets. From ${years[b]}, ${this.inside} of ${came[b].length} `
      + "half-years lie inside.";
  }
}

customElements.define("live-sure", Sure);
