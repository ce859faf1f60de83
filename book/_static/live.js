/* Loads a live figure, an element named <live-NAME>, from live/NAME.mjs
   when it is about to be seen. Until then, in print of a page that was
   never scrolled, and without JavaScript, its still picture stands there. */
(() => {
  const here = document.currentScript.src;
  const load = (figure) => {
    const name = figure.localName.slice("live-".length);
    import(new URL(`live/${name}.mjs`, here).href).catch(() => still(figure));
  };
  // No module comes from a folder that is opened without a server.
  const still = (figure) => {
    figure.dataset.sizes = "[]";
    figure.style.minHeight = 0;
    figure.append("This figure needs the book from a server.");
  };
  // The place that it will take was measured, at some widths: the nearest.
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
