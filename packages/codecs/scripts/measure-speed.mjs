// Measures the speed of every codec on the pages of the corpus, in one thread: MB (10^6 bytes of pages) per second of CPU time, the best
// of several passes. Each codec is measured in a process of its own, as otherwise the first ones make the later ones slower.
// Usage: node scripts/measure-speed.mjs [CODEC...]

import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as zlib from "node:zlib";
import { isSameFilled, kernelCodecs } from "@zlab/codecs";

const PAGE_BYTES = 4096;
const PASSES = 5;
const PASS_SECONDS = 0.5;

function readPages() {
  const corpus = new URL("../../lab/corpus/pages.bin.zst", import.meta.url);
  const bytes = new Uint8Array(zlib.zstdDecompressSync(readFileSync(corpus)));
  const pages = Array.from({ length: bytes.length / PAGE_BYTES }, (_, i) =>
    bytes.subarray(i * PAGE_BYTES, (i + 1) * PAGE_BYTES),
  );
  return pages.filter((page) => !isSameFilled(page));
}

/** MB/s of `work` over all items, each of which stands for a page. */
function speedOf(items, work) {
  let best = 0;
  for (let pass = 0; pass < PASSES; pass++) {
    let pageCount = 0;
    const start = process.cpuUsage();
    let seconds = 0;
    do {
      for (const item of items) work(item);
      pageCount += items.length;
      const { user, system } = process.cpuUsage(start);
      seconds = (user + system) / 1e6;
    } while (seconds < PASS_SECONDS);
    best = Math.max(best, (pageCount * PAGE_BYTES) / 1e6 / seconds);
  }
  return best.toFixed(0).padStart(11);
}

function measure(codec) {
  const stream = codec.createStream();
  const pages = readPages();
  const compressed = pages.map((page) => stream.compress(page).slice());
  const target = new Uint8Array(PAGE_BYTES);
  const speeds = [
    speedOf(pages, (page) => stream.compress(page)),
    speedOf(pages, (page) => stream.compressedSize(page)),
    speedOf(compressed, (bytes) => stream.decompress(bytes, target)),
  ];
  console.log(codec.name.padEnd(10) + speeds.join(" "));
}

const [mode, ...names] = process.argv.slice(2);
if (mode === "--one") {
  for (const codec of kernelCodecs().filter(({ name }) => names.includes(name))) measure(codec);
} else {
  const chosen = mode === undefined ? kernelCodecs().map(({ name }) => name) : [mode, ...names];
  console.log("MB/s       compress   size only  decompress");
  for (const name of chosen) {
    spawnSync(process.execPath, [fileURLToPath(import.meta.url), "--one", name], { stdio: "inherit" });
  }
}
