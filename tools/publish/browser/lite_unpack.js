/* Unpacks a .tar.gz into the kernel's file system, with the browser's gunzip. */
async function unpackInto(FS, packed) {
  const flow = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  const tar = new Uint8Array(await new Response(flow).arrayBuffer());
  const words = new TextDecoder();
  const made = new Set();
  for (let at = 0; at + 512 <= tar.length && tar[at] !== 0; ) {
    const name = words.decode(tar.subarray(at, at + 100)).split("\0")[0];
    const size = parseInt(words.decode(tar.subarray(at + 124, at + 136)), 8);
    const folder = `/${name}`.replace(/\/[^/]*$/, "");
    if (!made.has(folder)) FS.mkdirTree(folder);
    made.add(folder);
    FS.writeFile(`/${name}`, tar.subarray(at + 512, at + 512 + size), { canOwn: true });
    at += 512 + 512 * Math.ceil(size / 512);
  }
}
