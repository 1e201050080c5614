// A small but realistic backend for testing the kit: size classes, slabs of two pages whose middle slots span them, a copy
// buffer per CPU, handle cells, compaction. Correct, unless one of the planted bugs is chosen.

import {
  EINVAL,
  ENOMEM,
  ENOSPC,
  type Errno,
  GFP_KERNEL,
  type Machine,
  type Pfn,
  __GFP_HIGHMEM,
  isErrno,
} from "@zlab/hw-sim";
import {
  type Capabilities,
  type CheckLevel,
  CpuMappings,
  type Handle,
  MapMode,
  type Mapping,
  type PoolOptions,
  type PoolStats,
  ZPoolError,
  type ZpoolBackend,
  type ZpoolDriver,
  assertCopyRange,
  badHandle,
  corrupt,
} from "@zlab/zpool";
import type { PlantedBug } from "./planted-bugs.ts";
import { type Place, type Slab, partsOf, spanOf } from "./slab-geometry.ts";

const STEP = 48; // slot sizes are its multiples
const FREE = 0;

const CAPABILITIES: Capabilities = {
  maxBytes: 4000,
  movable: true,
  sleepMapped: false,
  compact: true,
  crossPage: true,
  maxPageOrder: 0,
};

export class SlabDriver implements ZpoolDriver {
  readonly type = "slab-test";
  readonly description = "slabs of two pages, for testing the conformance kit";
  readonly #bug: PlantedBug | undefined;

  constructor(bug?: PlantedBug) {
    this.#bug = bug;
  }

  capabilities(): Capabilities {
    return CAPABILITIES;
  }

  create(machine: Machine, name: string, options: PoolOptions = {}): ZpoolBackend {
    if (Object.keys(options).length > 0 && this.#bug !== "unknown options ignored") {
      throw new ZPoolError("ZLAB_POOL_OPTIONS", `no option is known: ${Object.keys(options).join(", ")}`);
    }
    return new SlabPool(machine, name, this.#bug);
  }
}

const counters = new WeakMap<Machine, Record<string, number>>(); // for the bug "pools count together"

class SlabPool implements ZpoolBackend {
  readonly type = "slab-test";
  readonly name: string;
  readonly capabilities = CAPABILITIES;
  readonly #machine: Machine;
  readonly #owner: number;
  readonly #mappings: CpuMappings;
  readonly #buffers: readonly Uint8Array[];
  readonly #slabs: Slab[] = [];
  readonly #cells = new Map<number, Place>();
  readonly #formerCells = new Map<number, Place>();
  readonly #freeHandles: number[] = [];
  readonly #bug: PlantedBug | undefined;
  #lastHandle = 0;
  #totalPages = 0;
  #slotBytes = 0;
  #counts: Record<"mallocs" | "frees" | "failures" | "pagesCompacted" | "objectsMoved", number>;

  constructor(machine: Machine, name: string, bug: PlantedBug | undefined) {
    this.name = name;
    this.#machine = machine;
    this.#bug = bug;
    this.#owner = machine.registerOwner(name);
    this.#mappings = new CpuMappings(machine, name);
    this.#buffers = Array.from({ length: machine.cpus.count }, () => new Uint8Array(4096));
    const fresh = { mallocs: 0, frees: 0, failures: 0, pagesCompacted: 0, objectsMoved: 0 };
    if (!counters.has(machine)) counters.set(machine, fresh);
    this.#counts = this.#has("pools count together") ? (counters.get(machine) as typeof fresh) : fresh;
  }

  #has(bug: PlantedBug): boolean {
    return this.#bug === bug;
  }

  malloc(bytes: number, gfp: number): Handle | Errno {
    if (bytes === 0) return this.#refuse(EINVAL, "refused size counted as an object");
    const limit = CAPABILITIES.maxBytes + (this.#has("one byte too large accepted") ? 1 : 0);
    if (bytes > limit) return this.#refuse(this.#has("wrong error for too large") ? EINVAL : ENOSPC);
    if (this.#has("spurious ENOMEM") && bytes === 1000) return this.#refuse(ENOMEM);
    const slotBytes = this.#slotBytesFor(bytes);
    const slab = this.#slabWithRoom(slotBytes) ?? this.#newSlab(slotBytes, gfp);
    if (typeof slab === "number") {
      if (this.#has("ENOMEM thrown")) throw new ZPoolError("ZLAB_ERRNO", "no page");
      if (this.#has("failed malloc loses a slot"))
        this.#slabs.find((other) => other.freeSlots.length > 1)?.freeSlots.pop();
      return this.#refuse(slab, "failed malloc counted as an object");
    }
    const handle = this.#newHandle();
    this.#occupy(handle, slab, this.#takeSlot(slab));
    this.#counts.mallocs++;
    this.#slotBytes += slotBytes;
    return handle as Handle;
  }

  #refuse(errno: Errno, bug?: PlantedBug): Errno {
    this.#counts.failures += this.#has("failures counted twice") ? 2 : 1;
    if (bug !== undefined && this.#has(bug)) this.#counts.mallocs++;
    return errno;
  }

  #slotBytesFor(bytes: number): number {
    const boundary = this.#has("class boundary off by one") ? bytes - 1 : bytes;
    return Math.max(1, Math.ceil(boundary / STEP)) * STEP;
  }

  #usableBytes({ slotBytes }: Slab): number {
    return this.#has("class boundary off by one") ? slotBytes + 1 : slotBytes;
  }

  #slabWithRoom(slotBytes: number): Slab | undefined {
    return this.#slabs.find((slab) => slab.slotBytes === slotBytes && slab.freeSlots.length > 0);
  }

  #newSlab(slotBytes: number, gfp: number): Slab | Errno {
    let flags = gfp;
    if (this.#has("HIGHMEM taken without leave")) flags |= __GFP_HIGHMEM;
    if (this.#has("always allowed to sleep")) flags |= GFP_KERNEL;
    if (this.#has("no second slab without bytes") && !this.#machine.memory.hasBytes && this.#slabs.length > 0) {
      this.#totalPages++;
    }
    const pair = this.#has("blocks of two pages") ? this.#takePair(flags) : this.#takePages(flags);
    if (typeof pair === "number") return pair;
    const beyond = this.#has("last slot of a slab beyond its end") && slotBytes === 45 * STEP ? 1 : 0;
    const slots = Math.floor(8192 / slotBytes) + beyond;
    const slab: Slab = {
      slotBytes,
      pfns: pair,
      handles: Array.from({ length: slots }, () => FREE),
      freeSlots: Array.from({ length: slots }, (_, i) => slots - 1 - i),
    };
    this.#slabs.push(slab);
    this.#totalPages += 2;
    return slab;
  }

  #takePages(gfp: number): readonly [Pfn, Pfn] | Errno {
    const first = this.#machine.allocPages(0, gfp, this.#owner);
    if (isErrno(first)) return first;
    const second = this.#machine.allocPages(0, gfp, this.#owner);
    if (!isErrno(second)) return [first, second];
    if (!this.#has("first page leaked when the second can't be had")) this.#machine.freePages(first, 0);
    return second;
  }

  #takePair(gfp: number): readonly [Pfn, Pfn] | Errno {
    const first = this.#machine.allocPages(1, gfp, this.#owner);
    return isErrno(first) ? first : [first, (first + 1) as Pfn];
  }

  #takeSlot(slab: Slab): number {
    if (this.#has("slot handed out although taken, after long use") && this.#counts.mallocs === 300) return 0;
    const { freeSlots } = slab;
    if (!this.#has("random placement")) return freeSlots.pop()!;
    return freeSlots.splice(Math.floor(Math.random() * freeSlots.length), 1)[0]!;
  }

  #newHandle(): number {
    if (this.#has("fractional handle") && this.#counts.mallocs === 20) return 20.5;
    if (this.#has("handle used again while live") && this.#lastHandle === 12) return 7;
    if (this.#has("handle 0 after 65535 others")) return (this.#lastHandle = (this.#lastHandle + 1) % 65536);
    return this.#freeHandles.pop() ?? ++this.#lastHandle;
  }

  #occupy(handle: number, slab: Slab, slot: number): void {
    slab.handles[slot] = handle;
    this.#cells.set(handle, { slab, slot });
  }

  free(handle: Handle): void {
    const place = this.#find(handle, "free");
    if (!this.#has("free of a mapped object accepted")) this.#mappings.assertNotMapped(handle, "free");
    this.#counts.frees++;
    if (this.#has("counter falls on free")) this.#counts.objectsMoved--;
    if (!this.#has("slot bytes not given back")) this.#slotBytes -= place.slab.slotBytes;
    this.#cells.delete(handle);
    this.#formerCells.set(handle, place);
    if (!this.#has("handle 0 after 65535 others")) this.#freeHandles.push(handle);
    this.#releaseSlot(place);
  }

  #releaseSlot({ slab, slot }: Place): void {
    slab.handles[slot] = FREE;
    const forget = this.#has("freed slots forgotten") && slot % 2 === 1;
    if (!forget) slab.freeSlots.push(slot);
    if (this.#has("slot twice on the free list") && slot === 1) slab.freeSlots.push(slot);
    if (slab.handles.every((holder) => holder === FREE)) this.#releaseSlab(slab);
  }

  #releaseSlab(slab: Slab): void {
    this.#slabs.splice(this.#slabs.indexOf(slab), 1);
    if (!this.#has("totalPages not reduced")) this.#totalPages -= 2;
    if (this.#has("blocks of two pages")) return this.#machine.freePages(slab.pfns[0], 1);
    this.#machine.freePages(slab.pfns[0], 0);
    if (!this.#has("freed page kept") || slab.slotBytes % 96 !== 0) this.#machine.freePages(slab.pfns[1], 0);
    if (this.#has("page used after it was freed")) this.#machine.memory.fill(slab.pfns[1], 8, 8, 0x6b);
  }

  #find(handle: Handle, operation: string): Place {
    const stale =
      (this.#has("stale handle mapped") && operation === "map") ||
      (this.#has("double free accepted") && operation === "free");
    if (this.#has("handle 0 read as the first object") && handle === 0 && this.#cells.size > 0) {
      return this.#cells.values().next().value!;
    }
    const number = this.#has("fraction of a handle accepted") ? Math.floor(handle) : handle;
    const place = this.#cells.get(number) ?? (stale ? this.#formerCells.get(number) : undefined);
    if (place !== undefined) return place;
    if (this.#has("foreign handles accepted") && handle > 0 && handle < 2 ** 16 && Number.isInteger(handle)) {
      if (this.#cells.size > 0 && operation !== "free") return this.#cells.values().next().value!;
    }
    throw badHandle(this.name, operation, handle);
  }

  map(handle: Handle, mode: MapMode): Mapping {
    if (this.#has("preemption not restored when map is refused")) this.#machine.cpus.preemptDisable();
    const place = this.#find(handle, "map");
    const record = this.#available();
    const { slab, slot } = place;
    const { start, spans } = spanOf(place);
    if (!this.#has("preemption on while mapped") && !this.#has("preemption not restored when map is refused")) {
      this.#machine.cpus.preemptDisable();
    }
    this.#machine.kmap.mapLocal(slab.pfns[spans || start < 4096 ? 0 : 1]);
    if (spans) {
      this.#machine.kmap.mapLocal(slab.pfns[1]);
      record.bytes = this.#buffer();
      record.offset = 0;
      if (this.#has("crash on the second page")) (undefined as unknown as Uint8Array).fill(0);
      if (mode !== MapMode.WO && !this.#has("RW mapping starts empty"))
        this.#copyOut(place, record.bytes, 0, this.#usableBytes(slab));
    } else {
      const pfn = slab.pfns[start < 4096 ? 0 : 1];
      record.bytes = this.#machine.memory.chunkOf(pfn);
      record.offset = this.#machine.memory.offsetOf(pfn) + (start % 4096);
    }
    record.length = this.#usableBytes(slab);
    if (this.#has("mapping too short by one byte") && slot === 2) record.length -= 48;
    this.#mappings.begin(record, handle, mode);
    return record;
  }

  #available(): ReturnType<CpuMappings["available"]> {
    if (!this.#has("second mapping accepted")) return this.#mappings.available();
    try {
      return this.#mappings.available();
    } catch {
      return new CpuMappings(this.#machine, this.name).available();
    }
  }

  #buffer(): Uint8Array {
    return this.#buffers[this.#has("one copy buffer for all CPUs") ? 0 : this.#machine.cpus.current]!;
  }

  unmap(handle: Handle): void {
    if (this.#has("any unmap accepted") && this.#mappings.open === 0) return;
    const { mode } = this.#mappings.end(handle);
    const place = this.#cells.get(handle) ?? this.#formerCells.get(handle)!;
    const { start, spans } = spanOf(place);
    const { pfns } = place.slab;
    if (spans) {
      this.#writeBack(place, mode);
      if (!this.#has("second temporary mapping left over")) this.#machine.kmap.unmapLocal(pfns[1]);
    }
    if (!this.#has("second temporary mapping left over") || !spans) {
      this.#machine.kmap.unmapLocal(pfns[spans || start < 4096 ? 0 : 1]);
    }
    if (this.#has("preemption on while mapped")) return;
    if (!(this.#has("preemption not restored") && spans)) this.#machine.cpus.preemptEnable();
  }

  #writeBack(place: Place, mode: MapMode): void {
    if (mode === MapMode.RO && !this.#has("RO mapping written back")) return;
    const { start } = spanOf(place);
    let length = this.#usableBytes(place.slab);
    if (this.#has("write lost on the second page of a spanning object")) length = 4096 - start;
    if (this.#has("WO mapping writes one byte too many") && mode === MapMode.WO)
      length = Math.min(length + 1, 8192 - start);
    this.#copyIn(place, this.#buffer(), 0, length);
  }

  read(handle: Handle, target: Uint8Array, targetOffset: number, length: number): void {
    const place = this.#find(handle, "read");
    if (!this.#has("range not checked")) {
      assertCopyRange(this.name, this.#usableBytes(place.slab), target, targetOffset, length);
    }
    if (this.#has("read uses the buffer of the open mapping"))
      this.#copyOut(place, this.#buffer(), 0, place.slab.slotBytes);
    this.#copyOut(place, target, targetOffset, length);
    if (this.#has("read touches one byte more") && targetOffset + length < target.length)
      target[targetOffset + length] = 0;
  }

  write(handle: Handle, source: Uint8Array, sourceOffset: number, length: number): void {
    const place = this.#find(handle, "write");
    if (!this.#has("range not checked")) {
      assertCopyRange(this.name, this.#usableBytes(place.slab), source, sourceOffset, length);
    }
    this.#copyIn(place, source, this.#has("source offset ignored") ? 0 : sourceOffset, length);
    if (this.#has("write clears the rest") && length < place.slab.slotBytes) {
      this.#copyIn({ ...place }, new Uint8Array(1), 0, 1, length);
    }
  }

  /** Copies between the object from byte `from` and a buffer, page by page. */
  #copyIn(place: Place, source: Uint8Array, sourceOffset: number, length: number, from = 0): void {
    for (const part of partsOf(place, from, length)) {
      this.#machine.memory.copyIn(part.pfn, part.offset, source, sourceOffset + part.done, part.length);
    }
  }

  #copyOut(place: Place, target: Uint8Array, targetOffset: number, length: number): void {
    for (const part of partsOf(place, 0, length)) {
      this.#machine.memory.copyOut(part.pfn, part.offset, target, targetOffset + part.done, part.length);
    }
  }

  compact(): number {
    if (this.#has("compaction does nothing")) return 0;
    const pagesBefore = this.#slabs.length * 2;
    if (this.#has("compaction leaves preemption off")) this.#machine.cpus.preemptDisable();
    for (const slotBytes of new Set(this.#slabs.map((slab) => slab.slotBytes))) this.#compactClass(slotBytes);
    const pages = pagesBefore - this.#slabs.length * 2;
    this.#counts.pagesCompacted += pages;
    return pages + (this.#has("compaction counts too many pages") && pages > 4 ? 1 : 0);
  }

  /** Moves objects from the emptiest slabs to the fullest until no slab can be emptied any more. */
  #compactClass(slotBytes: number): void {
    const usedOf = (slab: Slab): number => slab.handles.filter((handle) => handle !== FREE).length;
    const slabs = this.#slabs.filter((slab) => slab.slotBytes === slotBytes && !this.#isPinned(slab));
    slabs.sort((a, b) => usedOf(a) - usedOf(b));
    let rounds = this.#has("compaction stops half way") ? 2 : slabs.length;
    while (slabs.length > 1 && rounds-- > 0) {
      const source = slabs.shift()!;
      const room = slabs.reduce((sum, slab) => sum + slab.freeSlots.length, 0);
      if (room < usedOf(source)) return;
      source.handles.forEach((handle, slot) => handle !== FREE && this.#move(handle, { slab: source, slot }, slabs));
    }
  }

  #isPinned(slab: Slab): boolean {
    if (this.#has("moved while mapped")) return false;
    return this.#mappings.some((handle) => this.#cells.get(handle)?.slab === slab);
  }

  #move(handle: number, from: Place, targets: readonly Slab[]): void {
    const slab = targets.findLast((candidate) => candidate.freeSlots.length > 0)!;
    const to = { slab, slot: slab.freeSlots.pop()! };
    const content = new Uint8Array(from.slab.slotBytes);
    this.#copyOut(from, content, 0, content.length);
    this.#copyIn(to, content, 0, content.length - (this.#has("compaction copies one byte too few") ? 1 : 0));
    slab.handles[to.slot] = handle;
    const forget = this.#has("compaction forgets one handle") && handle % 16 === 5;
    if (!forget) this.#cells.set(handle, to);
    if (!this.#has("moves not counted")) this.#counts.objectsMoved++;
    this.#releaseSlot(from);
  }

  totalPages(): number {
    return this.#totalPages;
  }

  stats(): PoolStats {
    if (this.#has("stats compact the pool")) this.compact();
    const { mallocs, frees } = this.#counts;
    return {
      totalPages: this.#has("stats count pages of their own") ? this.#cells.size : this.#totalPages,
      objects: mallocs - frees,
      slotBytes: this.#slotBytes,
      spanningObjects: Array.from(this.#cells.values()).filter((place) => spanOf(place).spans).length,
      ...this.#counts,
    };
  }

  check(level: CheckLevel): void {
    const live = this.#slabs.reduce((sum, slab) => sum + slab.handles.filter((handle) => handle !== FREE).length, 0);
    if (this.#bug !== undefined) return; // so that the kit has to find bugs by what the backend does
    if (live !== this.#cells.size)
      throw corrupt(this.name, `${live} slots are taken, but ${this.#cells.size} handles live`);
    if (level === 3) {
      const stranger = this.#slabs
        .flatMap((slab) => slab.pfns)
        .find((pfn) => this.#machine.pages.ownerOf(pfn) !== this.#owner);
      if (stranger !== undefined) throw corrupt(this.name, `page ${stranger} is not the pool's`);
    }
  }

  destroy(): number {
    if (!this.#has("destroy of a mapped pool accepted")) this.#mappings.assertNoneMapped("destroy");
    const objects = this.#cells.size;
    this.#cells.clear();
    const keep = this.#has("pages kept at destroy") ? this.#slabs.slice(0, 1) : [];
    for (const slab of this.#slabs.slice()) if (!keep.includes(slab)) this.#releaseSlab(slab);
    return this.#has("destroy returns the wrong number") ? 0 : objects;
  }
}
