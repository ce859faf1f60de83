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

  const askBeforeLeaving = () =>
    window.addEventListener("beforeunload", (event) => event.preventDefault());

  const notKept = () => {
    say(
      "This browser does not let the page keep anything: what you write is gone " +
        "when this tab closes. Download the notebook before (File, Download), or " +
        "leave private browsing and allow this site to store data."
    );
    askBeforeLeaving();
  };

  const full = () => {
    say(
      "The browser's storage for this site is full, and what you wrote last is not " +
        "kept. Download the notebook now (File, Download), then delete files that " +
        "you no longer need."
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

  // A download is named after its file alone, not after the folders too, and has
  // what the reader sees: the storage may not have taken what was written last.
  const click = HTMLAnchorElement.prototype.click;
  HTMLAnchorElement.prototype.click = function () {
    if (this.download) {
      this.download = this.download.split("/").at(-1);
      const open = globalThis.jupyterapp?.shell.currentWidget?.context;
      if (open?.path.split("/").at(-1) === this.download) {
        const file = new Blob([open.model.toString()], { type: "application/json" });
        this.href = URL.createObjectURL(file);
      }
    }
    click.call(this);
  };

  // A write fails at once, or in its own event, or with its transaction, which a
  // write that does not fit aborts, whoever asked for it.
  const REFUSED = ["NotAllowedError", "NotReadableError", "SecurityError", "UnknownError"];
  const failed = (error) => {
    if (isFull(error)) full();
    else if (REFUSED.includes(error?.name)) notKept();
  };
  for (const name of ["put", "add"]) {
    const write = globalThis.IDBObjectStore?.prototype[name];
    if (!write) continue;
    IDBObjectStore.prototype[name] = function (...words) {
      try {
        const asked = write.apply(this, words);
        asked.addEventListener("error", () => failed(asked.error));
        return asked;
      } catch (error) {
        failed(error);
        throw error;
      }
    };
  }
  const transaction = globalThis.IDBDatabase?.prototype.transaction;
  if (transaction) {
    IDBDatabase.prototype.transaction = function (...words) {
      try {
        const made = transaction.apply(this, words);
        made.addEventListener("abort", () => failed(made.error));
        return made;
      } catch (error) {
        failed(error);
        throw error;
      }
    };
  }
  const setItem = Storage.prototype.setItem;
  Storage.prototype.setItem = function (...words) {
    try {
      setItem.apply(this, words);
    } catch (error) {
      failed(error);
      throw error;
    }
  };
})();
