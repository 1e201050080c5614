// The peers behind one set of calls, as a careful user of each would write them:
//
//   malloc(bytes)          makes room for an object, without touching it where that is possible, and returns its handle
//   store(source, bytes)   makes room, copies the first bytes of `source` there and returns the handle
//   read(handle, target, bytes)
//   free(handle)
//   batch(action)          runs the calls as one transaction, where there are transactions
//   batchLength            so many calls go into a batch
//   close()

import { mkdtempSync, readFileSync, rmSync } from "node:fs";

/** Arena bytes / stored bytes, for peers that want to know beforehand. */
const HEAP_SPARE = 1.6;
/** Operations in a transaction of lmdb: more make it slower, since it keeps its dirty pages sorted. */
const TRANSACTION_LENGTH = 1_000;

const untransacted = { batch: (action) => action(), batchLength: Infinity, close: () => {} };

/** Each peer by its name in the table: `make(live, storedBytes)` returns its calls. `mostOperations(live)` shortens the samples of a peer
 * that is slow beyond measure. */
export const stores = {
  "Map of Buffers": { make: () => buffersIn(new Map()) },
  "lru-cache of Buffers": { make: lruCache },
  "@thi.ng/malloc": { make: thingMalloc, mostOperations: (live) => (live > 10_000 ? 20 : 2_000) },
  "lmdb on tmpfs": { make: lmdbStore },
  "WebAssembly malloc": { make: wasmMalloc },
};

/** `allocUnsafeSlow` is what Node's documentation advises for buffers that are kept: the pooled ones hold on to their whole slab. */
function buffersIn(map) {
  let last = 0;
  return {
    malloc(bytes) {
      map.set(++last, Buffer.allocUnsafeSlow(bytes));
      return last;
    },
    store(source, bytes) {
      const buffer = Buffer.allocUnsafeSlow(bytes);
      source.copy(buffer, 0, 0, bytes);
      map.set(++last, buffer);
      return last;
    },
    read: (handle, target, bytes) => map.get(handle).copy(target, 0, 0, bytes),
    free: (handle) => map.delete(handle),
    ...untransacted,
  };
}

async function lruCache(live) {
  const { LRUCache } = await import("lru-cache");
  return buffersIn(new LRUCache({ max: live + 1 }));
}

async function thingMalloc(live, storedBytes) {
  const { MemPool } = await import("@thi.ng/malloc");
  const buf = new ArrayBuffer(Math.ceil((HEAP_SPARE * storedBytes) / 8) * 8 + 65_536);
  const pool = new MemPool({ buf });
  const heap = Buffer.from(buf);
  return addressedStore(
    (bytes) => pool.malloc(bytes),
    (address) => pool.free(address),
    () => heap,
  );
}

/** Without a payload there is nothing that lmdb could store, so that malloc puts a buffer of the right length. */
async function lmdbStore() {
  const { open } = await import("lmdb");
  const path = mkdtempSync("/dev/shm/zlab-peers-");
  const db = open({ path, encoding: "binary", keyEncoding: "uint32", noSync: true, compression: false });
  const blank = Buffer.alloc(4096);
  let last = 0;
  const store = (source, bytes) => {
    db.putSync(++last, source.subarray(0, bytes));
    return last;
  };
  return {
    malloc: (bytes) => store(blank, bytes),
    store,
    read: (handle, target, bytes) => db.getBinaryFast(handle).copy(target, 0, 0, bytes),
    free: (handle) => db.removeSync(handle),
    batch: (action) => db.transactionSync(action),
    batchLength: TRANSACTION_LENGTH,
    close() {
      void db.close();
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** The malloc of Emscripten (dlmalloc), which sql.js brings along in its module and shows. */
async function wasmMalloc() {
  const { default: initSqlJs } = await import("sql.js");
  const file = new URL("sql-wasm.wasm", import.meta.resolve("sql.js"));
  const { promise, resolve } = Promise.withResolvers();
  const module = await initSqlJs({
    instantiateWasm(imports, receive) {
      void WebAssembly.instantiate(readFileSync(file), imports).then(({ instance, module: compiled }) => {
        resolve(Object.values(instance.exports).find((entry) => entry instanceof WebAssembly.Memory));
        receive(instance, compiled);
      });
      return {};
    },
  });
  const memory = await promise;
  let heap = Buffer.from(memory.buffer);
  const malloc = (bytes) => {
    const address = module._malloc(bytes);
    if (heap.buffer !== memory.buffer) heap = Buffer.from(memory.buffer);
    return address;
  };
  return addressedStore(malloc, module._free, () => heap);
}

/** A store over a malloc that returns addresses in a heap, 0 for none. */
function addressedStore(malloc, free, heap) {
  const allocate = (bytes) => {
    const address = malloc(bytes);
    if (address === 0) throw new Error(`a heap of ${heap().length} bytes has no room for ${bytes}`);
    return address;
  };
  return {
    malloc: allocate,
    store(source, bytes) {
      const address = allocate(bytes);
      source.copy(heap(), address, 0, bytes);
      return address;
    },
    read: (address, target, bytes) => heap().copy(target, 0, address, address + bytes),
    free,
    ...untransacted,
  };
}
