/* The content of a file in data/: held by the page, or fetched, or brought by
   a script if the page is a file itself, from which nothing can be fetched. */
export async function readData(name) {
  const held = window.LIVE_DATA?.[name];
  if (held) return structuredClone(held);
  const url = new URL(`data/${name}.json`, import.meta.url);
  if (url.protocol !== "file:") return (await fetch(url)).json();
  const script = document.createElement("script");
  script.src = url.href.replace(/json$/, "js");
  await new Promise((came, failed) => {
    Object.assign(script, { onload: came, onerror: failed });
    document.head.append(script);
  });
  return structuredClone(window.LIVE_DATA[name]);
}
