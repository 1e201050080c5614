// The simplest allocator that keeps the zpool contract: every object gets a page of its own. Try it with
//
//     zlab compare --driver ./page-per-object.js
//     zlab conformance ./page-per-object.js
import { EINVAL, ENOSPC, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { CpuMappings, ZPoolError, assertCopyRange, badHandle } from "@zlab/zpool";

const TYPE = "page-per-object";

const capabilitiesFor = (pageBytes) => ({
  maxBytes: pageBytes,
  movable: false, // objects stay where they are, so pages must be reachable at any time: no HIGHMEM
  sleepMapped: true,
  compact: false,
  crossPage: false, // every mapping is the page itself
  maxPageOrder: 0,
});

class PagePerObjectPool {
  type = TYPE;
  #machine;
  #owner;
  #mappings;
  #live = new Set(); // a handle is the number of the object's page
  #mallocs = 0;
  #frees = 0;
  #failures = 0;
  #destroyed = false;

  constructor(machine, name) {
    this.name = name;
    this.capabilities = capabilitiesFor(machine.pageBytes);
    this.#machine = machine;
    this.#owner = machine.registerOwner(`${TYPE} ${name}`);
    this.#mappings = new CpuMappings(machine, name);
  }

  malloc(bytes, gfp) {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: malloc of a destroyed pool`);
    const result = this.#allocate(bytes, gfp);
    if (isErrno(result)) this.#failures++;
    else this.#mallocs++;
    return result;
  }

  #allocate(bytes, gfp) {
    if (!(bytes > 0) || (gfp & __GFP_HIGHMEM) !== 0) return EINVAL;
    if (bytes > this.capabilities.maxBytes) return ENOSPC;
    const page = this.#machine.allocPages(0, gfp, this.#owner); // a page, or ENOMEM
    if (!isErrno(page)) this.#live.add(page);
    return page;
  }

  free(handle) {
    this.#assertLive(handle, "free");
    this.#mappings.assertNotMapped(handle, "free");
    this.#live.delete(handle);
    this.#machine.freePages(handle, 0);
    this.#frees++;
  }

  map(handle, mode) {
    this.#assertLive(handle, "map");
    const mapping = this.#mappings.available();
    mapping.bytes = this.#machine.memory.chunkOf(handle);
    mapping.offset = this.#machine.memory.offsetOf(handle);
    mapping.length = this.#machine.pageBytes;
    this.#mappings.begin(mapping, handle, mode);
    return mapping;
  }

  unmap(handle) {
    this.#mappings.end(handle);
  }

  read(handle, target, targetOffset, length) {
    this.#assertLive(handle, "read");
    assertCopyRange(this.name, this.#machine.pageBytes, target, targetOffset, length);
    this.#machine.memory.copyOut(handle, 0, target, targetOffset, length);
  }

  write(handle, source, sourceOffset, length) {
    this.#assertLive(handle, "write");
    assertCopyRange(this.name, this.#machine.pageBytes, source, sourceOffset, length);
    this.#machine.memory.copyIn(handle, 0, source, sourceOffset, length);
  }

  totalPages() {
    return this.#live.size;
  }

  stats() {
    return {
      totalPages: this.#live.size,
      objects: this.#live.size,
      slotBytes: this.#live.size * this.#machine.pageBytes,
      spanningObjects: 0,
      mallocs: this.#mallocs,
      frees: this.#frees,
      failures: this.#failures,
      pagesCompacted: 0,
      objectsMoved: 0,
    };
  }

  check() {
    for (const page of this.#live) {
      if (this.#machine.pages.ownerOf(page) === this.#owner) continue;
      throw new ZPoolError("ZLAB_CORRUPT", `${this.name}: page ${page} belongs to somebody else`);
    }
  }

  destroy() {
    if (this.#destroyed) throw new ZPoolError("ZLAB_DESTROYED", `${this.name}: destroyed already`);
    this.#mappings.assertNoneMapped("destroy");
    const leftovers = this.#live.size;
    for (const page of this.#live) this.#machine.freePages(page, 0);
    this.#live.clear();
    this.#frees += leftovers;
    this.#destroyed = true;
    return leftovers;
  }

  #assertLive(handle, operation) {
    if (!this.#live.has(handle)) throw badHandle(this.name, operation, handle);
  }
}

function refuseOptions(options = {}) {
  const [unknown] = Object.keys(options).filter((option) => options[option] !== undefined);
  if (unknown !== undefined) throw new ZPoolError("ZLAB_POOL_OPTIONS", `${TYPE} has no option "${unknown}"`);
}

/** @type {import("@zlab/zpool").ZpoolDriver} */
export default {
  type: TYPE,
  description: "a page for every object",

  capabilities(pageBytes, options) {
    refuseOptions(options);
    return capabilitiesFor(pageBytes);
  },

  create(machine, name, options) {
    refuseOptions(options);
    return new PagePerObjectPool(machine, name);
  },
};
