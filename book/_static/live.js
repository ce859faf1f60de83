/* Loads a live figure, an element named <live-NAME>, from live/NAME.mjs
   when it is about to be seen; before that its still picture stands there. */
(() => {
  const here = document.currentScript.src;
  const load = (figure) => {
    const name = figure.localName.slice("live-".length);
    const code = (suffix) => new URL(`live/${name}.${suffix}`, here).href;
    const lost = () => still(figure);
    if (location.protocol !== "file:") return import(code("mjs")).catch(lost);
    document.head.append(Object.assign(document.createElement("script"),
      { src: code("js"), onerror: lost })); // a folder gives no modules
  };
  const still = (figure) => {
    figure.dataset.sizes = "[]";
    figure.style.minHeight = 0;
    figure.append("The code of this figure did not come.");
  };
  // The place that it will take, measured at the nearest width.
  const reserve = (figure) => {
    const sizes = JSON.parse(figure.dataset.sizes ?? "[]");
    const off = ([width]) => Math.abs(width - figure.offsetWidth);
    const [, height] = sizes.sort((a, b) => off(a) - off(b))[0] ?? [];
    if (height) figure.style.minHeight = `${height}px`;
  };
  const start = () => {
    const figures = [...document.body.querySelectorAll("*")]
      .filter((node) => node.localName.startsWith("live-"));
    figures.forEach(reserve);
    addEventListener("resize", () => figures.forEach(reserve));
    const near = new IntersectionObserver((seen) => {
      for (const { isIntersecting, target } of seen) {
        if (!isIntersecting) continue;
        near.unobserve(target);
        load(target);
      }
    }, { rootMargin: "600px" });
    const linked = location.hash.slice(1).split("?")[0];
    for (const figure of figures) {
      if (figure.id && figure.id === linked) load(figure);
      else near.observe(figure);
    }
    addEventListener("beforeprint", () => figures.forEach((figure) =>
      figure.querySelectorAll("img").forEach((still) => {
        still.loading = "eager";
      })));
  };
  if (document.readyState === "loading") {
    document.addEventListener("DOMContentLoaded", start);
  } else {
    start();
  }
})();
