// A device beside the model of what it must hold: performs commands, and looks at everything after each.

import { isSameFilled } from "@zlab/codecs";
import { ENOSPC, GFP_NOWAIT, Machine, type MachineOptions, type Pfn, __GFP_HIGHMEM, isErrno } from "@zlab/hw-sim";
import { type PoolOptions, type ZpoolDriver, ZpoolRegistry } from "@zlab/zpool";
import {
  EIO,
  SlotFlag,
  Zram,
  type ZramEra,
  ZramError,
  memoryBackingOpener,
  resolveZramOptions,
  zramErrnoName,
} from "@zlab/zram";
import { createCodecs } from "../compose.ts";
import type { ZramCommand } from "./zram-commands.ts";
import { contentPages } from "./zram-pages.ts";

/** A device's surroundings and settings. */
export interface ZramSetup {
  readonly machine: MachineOptions;
  readonly driver: ZpoolDriver;
  readonly poolOptions: PoolOptions;
  readonly era: ZramEra;
  readonly slotCount: number;
  /** Blocks of the backing device; 0 for none. */
  readonly backingBlocks: number;
  /** The primary algorithm first. */
  readonly algorithms: readonly string[];
}

/** What the device does wrong. */
class ZramFault extends Error {}

const BLOCK_BYTES = 4096;
const codecs = createCodecs();

export class ZramSession {
  readonly #setup: ZramSetup;
  readonly #machine: Machine;
  readonly #zram: Zram;
  readonly #freePagesAtStart: number;
  readonly #squatter: number;
  readonly #squatted: Pfn[] = [];
  readonly #contents: readonly Uint8Array[];
  readonly #pages = new Map<number, Uint8Array>(); // what each slot must hold; zeros where there is none
  readonly #zeros: Uint8Array;
  readonly #target: Uint8Array;
  #refusal: string | undefined; // of the command just performed

  constructor(setup: ZramSetup) {
    this.#setup = setup;
    this.#machine = new Machine(setup.machine);
    let now = 1_000_000;
    const openBacking = memoryBackingOpener({ disk: setup.backingBlocks });
    const { driver, poolOptions, era } = setup;
    const config = { era, backend: driver.type, poolOptions, openBacking, clock: () => (now += 400_000) };
    const pools = new ZpoolRegistry(this.#machine, [driver]);
    this.#zram = new Zram(0, resolveZramOptions({ pools, codecs }, config));
    this.#squatter = this.#machine.registerOwner("campaign");
    this.#freePagesAtStart = this.#machine.freePageCount();
    this.#contents = contentPages(this.#machine.pageBytes);
    this.#zeros = this.#contents[0]!;
    this.#target = new Uint8Array(this.#machine.pageBytes);
    this.#initialise();
  }

  /** Performs a command and looks at everything. Returns the name of the error with which the device refused it, if it did. Throws
   * `ZramFault`, or whatever the device throws that it must not. */
  perform(command: ZramCommand): string | undefined {
    this.#refusal = undefined;
    this.#do(command);
    this.#look();
    return this.#refusal;
  }

  /** Fails the n-th page allocation from now. */
  failNth(nth: number): void {
    this.#machine.faults.failNth(nth);
  }

  /** Whether the failure asked for by `failNth` is still to come. */
  get isFailurePending(): boolean {
    return this.#machine.faults.nthPending;
  }

  /** Compares all pages of the device with what they must be. */
  compareAll(): void {
    for (let index = 0; index < this.#setup.slotCount; index++) this.#compare(index);
  }

  /** Compares all pages and resets the device: every page of the machine must be free again. */
  finish(): void {
    this.#machine.faults.failPageAlloc(undefined);
    this.#machine.faults.failNth(0);
    this.compareAll();
    this.#squat(0);
    this.#zram.reset();
    const missing = this.#freePagesAtStart - this.#machine.freePageCount();
    if (missing !== 0) throw new ZramFault(`after the reset ${missing} pages were not given back`);
    this.#machine.check();
  }

  #initialise(): void {
    const { slotCount, backingBlocks, algorithms } = this.#setup;
    const write = (name: string, text: string): unknown => this.#zram.attributes.write(name, text);
    if (backingBlocks > 0) write("backing_dev", "disk");
    write("comp_algorithm", algorithms[0]!);
    algorithms.slice(1).forEach((name, i) => write("recomp_algorithm", `algo=${name} priority=${i + 1}`));
    write("disksize", String(slotCount * this.#machine.pageBytes));
  }

  #do(command: ZramCommand): void {
    switch (command.do) {
      case "write":
        return this.#write(command.index, command.contents);
      case "write-part":
        return this.#writePart(command.index, command.block, command.content);
      case "read":
        return this.#compare(command.index);
      case "discard":
        return this.#discard(command.index, command.count);
      case "slot-free":
        this.#zram.notifySlotFree(command.index);
        this.#pages.delete(command.index);
        return undefined;
      case "attribute":
        return this.#writeAttribute(command.name, command.text);
      case "fail-backing":
        return this.#zram.backingFaults.failNext(command.count);
      case "inject":
        return this.#machine.faults.failPageAlloc(
          command.percent === 0 ? undefined : { probability: command.percent, seed: command.seed },
        );
      case "fail-nth":
        return this.#machine.faults.failNth(command.nth);
      case "squat":
        return this.#squat(command.leavePages);
      case "misuse":
        return this.#misuse();
      case "reset":
        this.#zram.reset();
        this.#pages.clear();
        return this.#initialise();
    }
  }

  /** Pages are written in ascending order: if the request fails, those before the failure are new and the others as they were. */
  #write(index: number, contents: readonly number[]): void {
    const { pageBytes } = this.#machine;
    const pages = contents.map((content) => this.#contents[content]!);
    const request = pages.length === 1 ? pages[0]! : new Uint8Array(Buffer.concat(pages));
    const result = this.#guarded(() => this.#zram.write(index * pageBytes, request));
    if (result === 0) {
      pages.forEach((page, i) => this.#pages.set(index + i, page));
      return;
    }
    if (!this.#keepsBytes || pages.length === 1) return;
    for (let i = 0; i < pages.length - 1 && this.#holds(index + i, pages[i]!); i++)
      this.#pages.set(index + i, pages[i]!);
    for (let i = 0; i < pages.length; i++) this.#compare(index + i);
  }

  #writePart(index: number, block: number, content: number): void {
    const { pageBytes } = this.#machine;
    if (!this.#keepsBytes && pageBytes > BLOCK_BYTES) return; // reading what is to be changed needs contents
    const part = this.#contents[content]!.subarray(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES);
    const result = this.#guarded(() => this.#zram.write(index * pageBytes + block * BLOCK_BYTES, part));
    if (result !== 0) return;
    const page = (this.#pages.get(index) ?? this.#zeros).slice();
    page.set(part, block * BLOCK_BYTES);
    this.#pages.set(index, page);
  }

  /** A write may fail for a reason only: a page refused, the limit, a page that the backend can't take, the backing device. */
  #guarded(write: () => number): number {
    const refusedBefore = this.#refusedRequests();
    const failuresBefore = this.#zram.ioStat()[1]!;
    const result = write();
    const failures = this.#zram.ioStat()[1]! - failuresBefore;
    if (failures !== (result === 0 ? 0 : 1)) throw new ZramFault(`returned ${result}, but io_stat counts ${failures}`);
    if (result === 0) return result;
    const store = this.#zram.store!;
    const hasReason =
      this.#refusedRequests() > refusedBefore ||
      store.limitPages > 0 ||
      store.backend.capabilities.maxBytes < this.#machine.pageBytes ||
      this.#setup.backingBlocks > 0;
    if (result !== EIO) throw new ZramFault(`returned ${zramErrnoName(result)}, expected 0 or EIO`);
    if (!hasReason) throw new ZramFault("returned EIO for no reason");
    this.#refusal = "EIO";
    return result;
  }

  #compare(index: number): void {
    if (!this.#keepsBytes) return;
    const expected = this.#pages.get(index) ?? this.#zeros;
    if (!this.#holds(index, expected)) throw new ZramFault(`page ${index} is not what was written to it`);
  }

  /** Whether a page of the device is equal. A failure of the backing device that was asked for may hit the read; then it is repeated. */
  #holds(index: number, expected: Uint8Array): boolean {
    const { pageBytes } = this.#machine;
    const isWrittenBack = this.#zram.store!.slots.has(index, SlotFlag.writtenBack);
    let result = this.#zram.read(index * pageBytes, this.#target);
    if (result !== 0 && isWrittenBack) {
      this.#zram.backingFaults.failNext(0);
      result = this.#zram.read(index * pageBytes, this.#target);
    }
    if (result !== 0) throw new ZramFault(`reading page ${index} returned ${zramErrnoName(result)}`);
    return Buffer.compare(this.#target, expected) === 0;
  }

  #discard(index: number, count: number): void {
    const { pageBytes } = this.#machine;
    const result = this.#zram.discard(index * pageBytes, count * pageBytes);
    if (result !== 0) throw new ZramFault(`discard returned ${zramErrnoName(result)}`);
    for (let i = index; i < index + count; i++) this.#pages.delete(i);
  }

  /** Attributes may refuse with an error number, and change no page whatever they answer. */
  #writeAttribute(name: string, text: string): void {
    try {
      this.#zram.attributes.write(name, text);
    } catch (error) {
      if (!(error instanceof ZramError)) throw error;
      this.#refusal = error.errnoName;
    }
  }

  #squat(leavePages: number): void {
    if (leavePages === 0) for (const pfn of this.#squatted.splice(0)) this.#machine.freePages(pfn, 0);
    else if (this.#machine.totalPageCount() <= 1024) {
      while (this.#machine.freePageCount() > leavePages) {
        const pfn = this.#machine.allocPages(0, GFP_NOWAIT | __GFP_HIGHMEM, this.#squatter);
        if (isErrno(pfn)) return;
        this.#squatted.push(pfn);
      }
    }
  }

  #misuse(): void {
    const { disksizeBytes } = this.#zram;
    const page = this.#target;
    const results = [
      this.#zram.read(disksizeBytes, page),
      this.#zram.write(disksizeBytes, page),
      this.#zram.discard(disksizeBytes, page.length),
    ];
    if (results.some((result) => result !== ENOSPC)) throw new ZramFault(`beyond the end: ${results.join(", ")}`);
    let refusal: unknown;
    try {
      this.#zram.attributes.write("disksize", "1M");
    } catch (error) {
      refusal = error;
    }
    const name = refusal instanceof ZramError ? refusal.errnoName : String(refusal);
    if (name !== "EBUSY") throw new ZramFault(`a second disksize: ${name}, expected EBUSY`);
  }

  get #keepsBytes(): boolean {
    return this.#machine.memory.hasBytes;
  }

  #refusedRequests(): number {
    return this.#machine.failedRequestsByOrder().reduce((sum, count) => sum + count, 0);
  }

  /** The device's own check, the pool's to level 3, the machine's, and the statistics against the model. */
  #look(): void {
    const zram = this.#zram;
    const { backend } = zram.store!;
    zram.check();
    backend.check(3);
    this.#machine.check();
    const [original, compressed, used, , , same] = zram.mmStat() as [number, number, number, ...number[]];
    const { pageBytes } = this.#machine;
    const sameCount = [...this.#pages.values()].filter((page) => isSameFilled(page)).length;
    const taken = this.#freePagesAtStart - this.#machine.freePageCount() - this.#squatted.length;
    const equal = (what: string, got: number | undefined, expected: number): void => {
      if (got !== expected) throw new ZramFault(`afterwards ${what} is ${got}, expected ${expected}`);
    };
    if (this.#keepsBytes) {
      equal("orig_data_size", original, this.#pages.size * pageBytes);
      equal("same_pages", same, sameCount);
    }
    equal("mem_used_total", used, backend.totalPages() * pageBytes);
    equal("the pages taken from the machine", taken, backend.totalPages());
    if (compressed > used) throw new ZramFault(`afterwards ${compressed} bytes are stored in ${used}`);
  }
}
