// The simplest codec worth the name: runs of equal bytes become a length and the byte. Copy it, and put your own in its place:
//
//     zlab compare --codec lz4,./runs-codec.js
//     zlab predict memory.bin --codec lz4,./runs-codec.js

/** @type {import("@zlab/codecs").Codec} */
export default {
  name: "runs",
  description: "runs of equal bytes, each in two bytes",
  parameters: {},
  createStream() {
    return { compress, compressedSize: (page) => compress(page).length, decompress };
  },
};

/** @param {Uint8Array} page */
function compress(page) {
  const bytes = [];
  for (let start = 0; start < page.length;) {
    let end = start + 1;
    while (end < page.length && end - start < 255 && page[end] === page[start]) end++;
    bytes.push(end - start, page[start]);
    start = end;
  }
  return Uint8Array.from(bytes);
}

/** @param {Uint8Array} compressed @param {Uint8Array} target */
function decompress(compressed, target) {
  let filled = 0;
  for (let i = 0; i < compressed.length; i += 2) {
    target.fill(compressed[i + 1], filled, filled + compressed[i]);
    filled += compressed[i];
  }
  if (filled !== target.length) throw new Error(`${filled} bytes instead of ${target.length}`);
}
