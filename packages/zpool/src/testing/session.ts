// One run of a program: a machine, one or two pools on it, the model of what they must hold, and the protocol of what was done.

import {
  GFP_NOWAIT,
  type Machine,
  type Pfn,
  ZlabError,
  __GFP_DIRECT_RECLAIM,
  __GFP_HIGHMEM,
  errnoName,
  isErrno,
} from "@zlab/hw-sim";
import type { PoolStats } from "../stats.ts";
import { type Capabilities, MapMode, type Mapping, type ZpoolBackend } from "../zpool-driver.ts";
import { FreedPages } from "./freed-pages.ts";
import { type ObjectModel, equalWords, fillPattern } from "./object-model.ts";
import type { ObjectName } from "./step.ts";
import type { Context } from "./subject.ts";

/** A promise was broken; the message is the last line of the counterexample. */
export class Broken extends Error {
  /** The protocol up to here, if the session kept one. */
  readonly lines: readonly string[];

  constructor(message: string, lines: readonly string[]) {
    super(message);
    this.name = "Broken";
    this.lines = lines;
  }
}

/** A mapping that a step opened and none has closed. */
export interface OpenMapping {
  readonly object: ObjectModel;
  readonly mode: MapMode;
  readonly mapping: Mapping;
  /** What an RO mapping shows after bytes were changed through it, when such changes may be lost. */
  changedCopy: Uint8Array | undefined;
  /** The object was written from another CPU meanwhile, so that a mapping which is a copy may show old bytes. */
  outdated: boolean;
}

/** What a session judges beside crashes and wrong results of malloc. A property about one promise judges that one alone,
 * so that a broken promise is named by its own property. */
export type Aspect =
  /** The bytes of objects. */
  | "contents"
  /** That refused and failed calls change nothing. */
  | "state"
  /** That mappings are as long as the object. */
  | "lengths"
  /** That copying calls touch nothing of the caller's buffer but the range. */
  | "buffers"
  /** What `compact` returns. */
  | "compaction"
  /** That a second `compact` finds nothing to do. */
  | "settling"
  /** What `destroy` returns. */
  | "leftovers"
  /** That the space of a freed object can be had again at once. */
  | "reuse"
  /** That pages are left alone once they are given back. */
  | "freed pages";

/** What the program has made one pool count. */
export interface ExpectedCounts {
  mallocs: number;
  frees: number;
  failures: number;
}

export const STAT_FIELDS: readonly (keyof PoolStats)[] = [
  "totalPages",
  "objects",
  "slotBytes",
  "spanningObjects",
  "mallocs",
  "frees",
  "failures",
  "pagesCompacted",
  "objectsMoved",
];

const SQUATTER_SEED = 77;

export interface SessionOptions {
  readonly judge?: readonly Aspect[];
  /** Whether to record lines for a counterexample. */
  readonly keepProtocol?: boolean;
  readonly machine?: Machine;
}

export class Session {
  readonly machine: Machine;
  readonly hasBytes: boolean;
  /** Live objects. */
  readonly objects: Map<ObjectName, ObjectModel> = new Map();
  /** Objects that were freed, with the handle they had. */
  readonly freed: Map<ObjectName, ObjectModel> = new Map();
  readonly counts: readonly ExpectedCounts[] = [newCounts(), newCounts()];
  /** Per CPU. */
  readonly open: (OpenMapping | undefined)[];
  /** Calls and other actions that were begun so far. */
  actions: number = 0;
  /** The result of the latest malloc, for comparisons between sessions. */
  lastResult: number = 0;
  /** Pages free before the pools were made. */
  readonly freePagesAtStart: number;
  #context: Context;
  readonly #judged: ReadonlySet<Aspect>;
  readonly #pools: (ZpoolBackend | undefined)[] = [undefined, undefined];
  readonly #destroyed: boolean[] = [false, false];
  readonly #squattedPages: Pfn[] = [];
  readonly #squatter: number;
  #freedPages: FreedPages | undefined;
  #squatterBytes: Uint8Array = new Uint8Array(0);
  readonly #lines: string[] | undefined;
  readonly #labels = new Map<ObjectName, string>();
  #currentText: (() => string) | undefined;

  constructor(context: Context, { judge = [], keepProtocol = false, machine = context.newMachine() }: SessionOptions) {
    this.#context = context;
    this.#judged = new Set(judge);
    this.machine = machine;
    this.hasBytes = machine.memory.hasBytes;
    this.open = Array.from({ length: machine.cpus.count }, () => undefined);
    this.#lines = keepProtocol ? [] : undefined;
    this.#squatter = machine.registerOwner("conformance kit");
    this.freePagesAtStart = machine.freePageCount();
    if (this.judges("freed pages") && this.hasBytes) this.#freedPages = new FreedPages(machine);
    this.pool(0);
  }

  get context(): Context {
    return this.#context;
  }

  /** From now on the pools can do what their backend, another than before, can do. */
  adoptCapabilities(capabilities: Capabilities): void {
    this.#context = { ...this.#context, capabilities };
  }

  judges(aspect: Aspect): boolean {
    return this.#judged.has(aspect) && (aspect !== "contents" || this.hasBytes);
  }

  /** Pool 0 is made at the start, pool 1 when it is first used. */
  pool(index: number): ZpoolBackend {
    const made = this.#pools[index];
    if (made !== undefined) return made;
    const name = index === 0 ? "pool" : "pool2";
    const pool = this.call(
      0,
      () => `create("${name}")`,
      () => this.context.newPool(this.machine, name),
    );
    if (index === 0) this.retract();
    this.#pools[index] = pool;
    return pool;
  }

  /** The pools that exist and haven't been destroyed, with their numbers. */
  livePools(): { index: number; pool: ZpoolBackend }[] {
    return this.#pools.flatMap((pool, index) =>
      pool === undefined || this.#destroyed[index] ? [] : [{ index, pool }],
    );
  }

  isDestroyed(pool: number): boolean {
    return this.#destroyed[pool]!;
  }

  markDestroyed(pool: number): void {
    this.#destroyed[pool] = true;
    for (const object of this.liveObjects(pool)) this.objects.delete(object.name);
  }

  liveObjects(pool: number): ObjectModel[] {
    return Array.from(this.objects.values()).filter((object) => object.pool === pool);
  }

  /** Whether a handle names a live object of the pool. */
  isLiveHandle(pool: number, handle: number): boolean {
    for (const object of this.objects.values()) if (object.pool === pool && object.handle === handle) return true;
    return false;
  }

  isMapped(object: ObjectModel): boolean {
    return this.open.some((mapping) => mapping?.object === object);
  }

  /** The flags, without those that the CPU's state forbids (no sleeping while preemption is off) or the backend refuses. */
  usableGfp(cpu: number, gfp: number): number {
    const allowed = this.#context.capabilities.movable ? gfp : gfp & ~__GFP_HIGHMEM;
    return this.open[cpu] === undefined ? allowed : allowed & ~__GFP_DIRECT_RECLAIM;
  }

  /** Page requests that the machine refused so far. */
  refusedPageRequests(): number {
    return this.machine.failedRequestsByOrder().reduce((sum, count) => sum + count, 0);
  }

  /** Pages that the pools must own, if nobody else took any: all that are gone from the machine but the kit's own. */
  pagesTaken(): number {
    return this.freePagesAtStart - this.machine.freePageCount() - this.#squattedPages.length;
  }

  /** Everything that a call which "changes nothing" must leave alone, in words; `failures` are left out. */
  stateOf(pool: number): string[] {
    const backend = this.pool(pool);
    const stats = backend.stats();
    const fields = STAT_FIELDS.filter((name) => name !== "failures").map((name) => `stats().${name} is ${stats[name]}`);
    const pages = [
      `totalPages() is ${backend.totalPages()}`,
      `the pages taken from the machine are ${this.pagesTaken()}`,
    ];
    return [...fields, ...pages, ...this.cpuState()];
  }

  /** Preemption counts and temporary mappings of all CPUs. */
  cpuState(): string[] {
    return this.open.flatMap((_, cpu) => [
      `the preemption count of CPU ${cpu} is ${this.preemptCount(cpu)}`,
      `the temporary mappings of CPU ${cpu} are ${this.machine.kmap.depthOf(cpu)}`,
    ]);
  }

  preemptCount(cpu: number): number {
    return this.machine.cpus.runOn(cpu, () => this.machine.cpus.preemptCount());
  }

  /** Free pages of the HIGHMEM zone. */
  highmemFreePages(): number {
    const zone = this.machine.zones.find(({ kind }) => kind === "HIGHMEM");
    return zone?.freePages ?? 0;
  }

  /** The physical address of mapped bytes; undefined if they are a copy. */
  physicalPlace(bytes: Uint8Array, offset: number): number | undefined {
    const { memory, endPfn, pageBytes } = this.machine;
    const pagesPerChunk = memory.chunkBytes / pageBytes;
    const firstPfn = this.machine.zones[0]!.startPfn;
    for (let pfn = firstPfn - (firstPfn % pagesPerChunk); pfn < endPfn; pfn += pagesPerChunk) {
      if (memory.chunkOf(pfn as Pfn).buffer === bytes.buffer) return pfn * pageBytes + bytes.byteOffset + offset;
    }
    return undefined;
  }

  /** Takes pages until only `leavePages` are free, and marks their bytes. */
  squat(leavePages: number): void {
    while (this.machine.freePageCount() > leavePages) {
      const pfn = this.machine.allocPages(0, GFP_NOWAIT | __GFP_HIGHMEM, this.#squatter);
      if (isErrno(pfn)) return;
      this.#squattedPages.push(pfn);
      if (this.hasBytes) this.machine.memory.copyIn(pfn, 0, this.#squatterPage(), 0, this.context.pageBytes);
    }
  }

  /** Gives up to `pages` of the pages taken by `squat` back. */
  release(pages: number): void {
    for (const pfn of this.#squattedPages.splice(0, pages)) this.machine.freePages(pfn, 0);
  }

  /** A page that was written to after it was given back in the present step; undefined if there is none. */
  pageWrittenAfterFree(): number | undefined {
    return this.#freedPages?.firstChanged();
  }

  /** First byte of the kit's own pages that somebody else has written to; undefined if there is none. */
  damagedSquat(): { page: number; byte: number } | undefined {
    if (!this.hasBytes) return undefined;
    const expected = this.#squatterPage();
    for (const page of this.#squattedPages) {
      const start = this.machine.memory.offsetOf(page);
      const got = this.machine.memory.chunkOf(page);
      if (equalWords(expected, got, start, expected.length) === expected.length) continue;
      for (let byte = 0; byte < expected.length; byte++) {
        if (got[start + byte] !== expected[byte]) return { page, byte };
      }
    }
    return undefined;
  }

  #squatterPage(): Uint8Array {
    if (this.#squatterBytes.length > 0) return this.#squatterBytes;
    this.#squatterBytes = new Uint8Array(this.context.pageBytes);
    fillPattern(this.#squatterBytes, 0, this.context.pageBytes, SQUATTER_SEED);
    return this.#squatterBytes;
  }

  // --- protocol ---

  /** An object's name in the protocol: a to z, then a1, b1 … in the order in which they appear. */
  label(name: ObjectName): string {
    let label = this.#labels.get(name);
    if (label === undefined) {
      const count = this.#labels.size;
      label = String.fromCharCode(97 + (count % 26)) + (count < 26 ? "" : Math.floor(count / 26));
      this.#labels.set(name, label);
    }
    return label;
  }

  /** Performs a call of the backend on a CPU. Anything thrown is a broken promise. */
  call<T>(cpu: number, text: () => string, action: () => T): T {
    this.begin(cpu, text);
    try {
      return this.machine.cpus.runOn(cpu, action);
    } catch (error) {
      if (error instanceof Broken) throw error;
      return this.fail(`threw ${describeError(error)}`);
    }
  }

  /** Performs a call that must throw a `ZPoolError` with one of `codes`. */
  expectThrow(cpu: number, text: () => string, codes: readonly string[], action: () => unknown): void {
    this.begin(cpu, text);
    let result: unknown;
    try {
      result = this.machine.cpus.runOn(cpu, action);
    } catch (error) {
      if (codes.some((code) => ZlabError.is(error, code))) return;
      this.fail(`threw ${describeError(error)}, expected ${codes.join(" or ")}`);
    }
    this.fail(`was accepted${describeResult(result)}, expected ${codes.join(" or ")} to be thrown`);
  }

  /** Notes what is being done, for the protocol. */
  begin(cpu: number, text: () => string): void {
    this.actions++;
    const line = cpu === 0 ? text : () => `on CPU ${cpu}: ${text()}`;
    this.#currentText = line;
    this.#lines?.push(line());
  }

  /** Adds to the line of the call just made. */
  note(result: string): void {
    if (this.#lines === undefined) return;
    this.#lines.push(`${this.#lines.pop() ?? ""}${result}`);
  }

  /** Takes the line of the call just made back: nothing worth telling. */
  retract(): void {
    this.#lines?.pop();
  }

  /** Reports that the call just made broke the promise. */
  fail(problem: string): never {
    const line = `${this.#currentText?.() ?? ""}: ${problem}`;
    throw new Broken(line, [...(this.#lines?.slice(0, -1) ?? []), line]);
  }

  /** Reports a broken promise seen afterwards, by a look of the kit's own described by `text`. */
  failAt(text: string): never {
    throw new Broken(text, [...(this.#lines ?? []), text]);
  }
}

function newCounts(): ExpectedCounts {
  return { mallocs: 0, frees: 0, failures: 0 };
}

/** "ZLAB_RANGE (message)" for zlab's own errors, "TypeError: message" for a crash. */
export function describeError(error: unknown): string {
  if (ZlabError.is(error)) return `${error.code} (${error.message})`;
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function describeResult(result: unknown): string {
  return typeof result === "number" ? ` and returned ${describeNumber(result)}` : "";
}

/** A result of malloc in words: "ENOMEM", or the number. */
export function describeNumber(result: number): string {
  return result < 0 ? errnoName(result) : String(result);
}

/** RW, RO or WO. */
export function modeName(mode: MapMode): string {
  return mode === MapMode.RW ? "RW" : mode === MapMode.RO ? "RO" : "WO";
}
