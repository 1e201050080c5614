// One peer on one workload, in a process of its own: `node --expose-gc peer-case.mjs PEER WORKLOAD_FILE`. Reads the workload as the C
// program of the benchmarks does (the tables are described in benchmarks/src/workload.ts) and prints the samples as JSON.

import { readFileSync } from "node:fs";
import { PerformanceObserver, constants, performance } from "node:perf_hooks";
import { setTimeout } from "node:timers/promises";
import { stores } from "./stores.mjs";

const MAGIC = 0x7a6c_6162;
const HEADER_WORDS = 7;
const FNV_BASIS = 0x811c_9dc5;
const FNV_PRIME = 0x0100_0193;

const [name, path] = process.argv.slice(2);
const workload = readWorkload(path);
const { make, mostOperations = () => Infinity } = stores[name];
const most = mostOperations(workload.live);
const counts = { scavenges: 0, otherCollections: 0 };
const observer = new PerformanceObserver((list) => {
  for (const { detail } of list.getEntries()) {
    if (detail.kind === constants.NODE_PERFORMANCE_GC_MINOR) counts.scavenges++;
    else counts.otherCollections++;
  }
});

const result = await measure();
process.stdout.write(JSON.stringify(result));

async function measure() {
  const { live, sizes, order, picks, newSizes, warmUps, samples } = workload;
  const operations = Math.min(workload.operations, most);
  const perCycle = Math.min(live, most);
  const sizeOf = sizes.slice();
  const handles = new Float64Array(live);
  const storedBytes = sizes.reduce((sum, bytes) => sum + bytes, 0);
  globalThis.gc();
  const emptyBytes = process.memoryUsage.rss();
  const store = await make(live, storedBytes);

  const { storeSome, storeFreed, pairs, loads, frees } = loopsOf(store, handles, sizeOf);

  /** Nanoseconds per operation of `count` of them from `from` on, in batches. */
  const nsOf = (action, from, count) => {
    const start = performance.now();
    for (let first = from; first < from + count; first += store.batchLength) {
      const end = Math.min(from + count, first + store.batchLength);
      store.batch(() => action(first, end));
    }
    return ((performance.now() - start) * 1e6) / count;
  };

  nsOf(storeSome, 0, live);
  globalThis.gc();
  const filledBytes = process.memoryUsage.rss();
  observer.observe({ entryTypes: ["gc"] });
  const sampled = (measureOne) => Array.from({ length: warmUps + samples }, (_, n) => measureOne(n)).slice(warmUps);
  const pairNs = sampled((n) => nsOf(pairs, n * workload.operations, operations));
  const loadNs = sampled((n) => nsOf(loads, n * workload.operations, operations));
  const cycles = sampled(() => {
    let freeNs = 0;
    let storeNs = 0;
    for (let n = 0; n < workload.cycles; n++) {
      freeNs += nsOf(frees, 0, perCycle);
      storeNs += nsOf(perCycle === live ? storeSome : storeFreed, 0, perCycle);
    }
    return [storeNs / workload.cycles, freeNs / workload.cycles];
  });
  const rssBytes = process.memoryUsage.rss();
  await setTimeout(20); // the entries of collections come a turn later
  store.close();
  const checksum = [sizes, order, picks, newSizes, sizeOf].reduce(hashWords, FNV_BASIS) >>> 0;
  return {
    samples: { pair: pairNs, load: loadNs, store: cycles.map(([ns]) => ns), free: cycles.map(([, ns]) => ns) },
    facts: { emptyBytes, filledBytes, storedBytes, ...(most === Infinity ? { checksum } : {}) },
    ...counts,
    rssBytes,
  };
}

/** The operations over the indexes from `from` to `end` of the workload's tables. */
function loopsOf(store, handles, sizeOf) {
  const { order, picks, newSizes } = workload;
  const payload = Buffer.alloc(4096, 7);
  const buffer = Buffer.alloc(4096);
  const storeSome = (from, end) => {
    for (let i = from; i < end; i++) handles[i] = store.store(payload, sizeOf[i]);
  };
  const storeFreed = (from, end) => {
    for (let i = from; i < end; i++) handles[order[i]] = store.store(payload, sizeOf[order[i]]);
  };
  const pairs = (from, end) => {
    for (let i = from; i < end; i++) {
      const pick = picks[i];
      store.free(handles[pick]);
      handles[pick] = store.malloc(newSizes[i]);
      sizeOf[pick] = newSizes[i];
    }
  };
  const loads = (from, end) => {
    for (let i = from; i < end; i++) {
      const pick = picks[i];
      store.read(handles[pick], buffer, sizeOf[pick]);
    }
  };
  const frees = (from, end) => {
    for (let i = from; i < end; i++) store.free(handles[order[i]]);
  };
  return { storeSome, storeFreed, pairs, loads, frees };
}

function readWorkload(file) {
  const bytes = readFileSync(file);
  const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
  const [magic, live, operations, warmUps, samples, cycles, stream] = words;
  if (magic !== MAGIC) throw new Error(`${file} is no workload`);
  let at = HEADER_WORDS;
  const next = (count) => words.slice(at, (at += count));
  return {
    live,
    operations,
    warmUps,
    samples,
    cycles,
    sizes: next(live),
    order: next(live),
    picks: next(stream),
    newSizes: next(stream),
  };
}

function hashWords(hash, words) {
  for (let i = 0; i < words.length; i++) hash = Math.imul(hash ^ words[i], FNV_PRIME);
  return hash;
}
