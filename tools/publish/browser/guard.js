/* Says what this browser cannot do, and where work would be lost. */
(() => {
  "use strict";

  const say = (text) => {
    let box = document.getElementById("course-guard");
    if (box === null) {
      box = document.createElement("div");
      box.id = "course-guard";
      box.setAttribute("role", "alert");
      box.style.cssText =
        "position:fixed;z-index:100000;bottom:0;left:0;right:0;padding:12px 20px;" +
        "background:#fff4ce;color:#1b1b1b;border-top:3px solid #8a6100;" +
        "font:16px/1.4 sans-serif";
      document.body.append(box);
    }
    if ([...box.children].some((line) => line.textContent === text)) return;
    const line = document.createElement("p");
    line.style.margin = "4px 0";
    line.textContent = text;
    box.append(line);
  };

  // Lines that can be read, and a way back to the page that the notebook is of.
  const style = document.createElement("style");
  style.textContent =
    ".jp-RenderedMarkdown > * { max-width: 44rem; }" +
    "#course-back { position: fixed; z-index: 10000; right: 12px; bottom: 8px;" +
    " padding: 6px 12px; border-radius: 4px; background: #0b5394; color: #fff;" +
    " font: 14px/1.4 sans-serif; }";
  document.head.append(style);
  const page = /^pages\/([\w-]+)\.ipynb$/.exec(
    new URLSearchParams(location.search).get("path") ?? ""
  );
  const back = document.createElement("a");
  back.id = "course-back";
  back.href = new URL(
    `../${page ? page[1] : "exercises"}.html`,
    document.currentScript.src
  ).href;
  back.textContent = "Back to the book";
  const put = () => document.body.append(back);
  if (document.body) put();
  else document.addEventListener("DOMContentLoaded", put);

  let lost = false; // and the reader was told
  const askBeforeLeaving = () => {
    lost = true;
    window.addEventListener("beforeunload", (event) => event.preventDefault());
  };

  const notKept = () => {
    say(
      "This browser does not let the page keep anything: what you write is gone " +
        "when this tab closes. Download the notebook before: File, Download gives it " +
        "as you see it. Or leave private browsing and allow this site to store data."
    );
    askBeforeLeaving();
  };

  const full = () => {
    say(
      "The browser's storage for this site is full, and what you wrote last is not " +
        "kept. Download the notebook now: File, Download gives it as you see it. " +
        "Then delete files that you no longer need."
    );
    askBeforeLeaving();
  };

  const notSaved = () => {
    say(
      "The notebook could not be saved: this browser does not keep what you wrote " +
        "last. Download it now: File, Download gives it as you see it."
    );
    askBeforeLeaving();
  };

  // A kernel reads files through the service worker, which asks all tabs and
  // takes a second tab's answer for that to its next question. Let one answer.
  const CHANNEL = "/api/drive.v1";
  let mine = navigator.locks === undefined;
  navigator.locks?.request("course-drive", () => {
    mine = true;
    return new Promise(() => {}); // until the tab closes; then another's turn
  });
  const post = BroadcastChannel.prototype.postMessage;
  BroadcastChannel.prototype.postMessage = function (message) {
    if (mine || this.name !== CHANNEL) post.call(this, message);
  };

  const isFull = (error) => error?.name === "QuotaExceededError";

  if (typeof WebAssembly !== "object") {
    say(
      "This browser cannot run WebAssembly, and Python runs here by it: no cell " +
        "will run. Try a current Firefox, Chrome, Edge or Safari with its default " +
        "settings, or install the course on your machine."
    );
  }
  if (typeof DecompressionStream !== "function") {
    say(
      "This browser cannot unpack the archive in which Python comes here (it has no " +
        "DecompressionStream): no cell will run. Try a current Firefox, Chrome, Edge " +
        "or Safari, or install the course on your machine."
    );
  }
  if (!("serviceWorker" in navigator)) {
    say(
      "This page has no access to the files beside the notebook, which its tests " +
        "need: the browser has no service workers here. They need an address that " +
        "begins with https, and no private window in some browsers."
    );
  }

  try {
    const probe = indexedDB.open("course-probe");
    probe.onsuccess = () => {
      probe.result.close();
      indexedDB.deleteDatabase("course-probe");
    };
    probe.onerror = () => (isFull(probe.error) ? full() : notKept());
  } catch {
    notKept();
  }

  // JupyterLite's own download saves first and gives what the storage then has:
  // nothing, where the storage takes no more. Ours gives what the reader sees.
  const download = ({ path, model }) => {
    const file = new Blob([model.toString()], { type: "application/octet-stream" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    link.download = path.split("/").at(-1);
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  };

  const attend = ({ commands, shell }) => {
    const open = () => shell.currentWidget?.context;
    commands.addCommand("course:download", {
      label: "Download",
      caption: "Download the file as you see it, saved or not",
      isEnabled: () => open() !== undefined,
      execute: () => download(open()),
    });
    // JupyterLab drops a run, or asks for a kernel, until the notebook has one.
    const execute = commands.execute;
    commands.execute = async function (id, ...args) {
      if (id.startsWith("notebook:run")) await shell.currentWidget?.sessionContext?.ready;
      return execute.call(this, id, ...args);
    };
    const attended = new WeakSet();
    shell.currentChanged?.connect(() => {
      const context = open();
      if (context === undefined || attended.has(context)) return;
      attended.add(context);
      context.saveState.connect((_, state) => {
        if (state === "failed" && !lost) notSaved();
      });
    });
  };

  let app;
  Object.defineProperty(globalThis, "jupyterapp", {
    get: () => app,
    set(made) {
      app = made;
      attend(app);
    },
  });

  // A write that does not fit aborts its transaction, whoever asked for it.
  const transaction = globalThis.IDBDatabase?.prototype.transaction;
  if (transaction) {
    IDBDatabase.prototype.transaction = function (...words) {
      const made = transaction.apply(this, words);
      made.addEventListener("abort", () => isFull(made.error) && full());
      return made;
    };
  }
})();
