/* The browser's Python, for the experiments of one page (another-seed.js). */
importScripts("xpython_wasm.js");
console.log = () => {}; // it tells of each file that it unpacks

const attempt = (code) => {
  try {
    return code();
  } catch (error) {
    if (typeof error !== "number") throw error;
    throw new Error(Module.get_exception_message(error));
  }
};

const ready = (async () => {
  globalThis.Module = await createXeusModule({});
  await Module.bootstrap_from_empack_packed_environment(
    "./empack_env_meta.json", ".", false);
  const answer = await fetch("another_seed.py");
  if (!answer.ok) throw new Error(`another_seed.py: ${answer.status}`);
  Module.FS.writeFile("/another_seed.py", await answer.text());
  attempt(() => Module.exec(
    "import sys\nsys.path.insert(0, '/')\nfrom another_seed import Rerun"));
})();

const python = (name, ...values) => attempt(() => Module.eval(
  `${name}(${values.map((value) => JSON.stringify(value)).join(", ")})`));

onmessage = async ({ data: { shift, recorded, cells } }) => {
  try {
    await ready;
    const one = recorded === null ? "None" : Number(recorded);
    attempt(() => Module.exec(`rerun = Rerun(${Number(shift)}, ${one})`));
    for (const [k, { source, part }] of cells.entries()) {
      postMessage({ says: `Running cell ${k + 1} of ${cells.length}` });
      if (!python("rerun.cell", source, part)) break;
    }
    postMessage({ result: python("rerun.result") });
  } catch (error) {
    postMessage({ error: `Python stopped: ${error?.message ?? error}` });
  }
};
