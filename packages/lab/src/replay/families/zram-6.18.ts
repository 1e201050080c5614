// Traces of a zram device of a live kernel, 6.18: page writes with their compressed lengths, discards and compactions, with
// the pool's pages after every operation and mm_stat now and then.

import { ENOMEM, errnoName } from "@zlab/hw-sim";
import { resolveOptions } from "@zlab/zsmalloc";
import { badFields } from "../allocation-player.ts";
import type { Checker } from "../checker.ts";
import type { Payload } from "../payload.ts";
import { Divergence, TraceError } from "../trace-error.ts";
import type { Stage, TraceFamily, TracePlayer } from "../trace-family.ts";
import { type TraceHeader, headerInteger, pageBytesOf } from "../trace-header.ts";
import { Kind, type TraceLine } from "../trace-line.ts";
import { MM_STAT_COLUMNS, SlotKind, ZramDevice } from "../zram-device.ts";

const WRITE_FIELDS = 4;
const KIND_FIELD = 1;
const COMPRESSED = 0x63; // c
const HUGE = 0x68; // h
const SAME_FILLED = 0x73; // s
const MAX_SLOTS = 2 ** 28;

class ZramPlayer implements TracePlayer {
  refusedCount = 0;
  readonly #stage: Stage;
  readonly #checker: Checker | undefined;
  readonly #payload: Payload | undefined;
  readonly #device: ZramDevice;
  readonly #hugeFromBytes: number; // compressed pages of this length are stored as they are

  constructor(stage: Stage, slotCount: number, hugeFromBytes: number) {
    this.#stage = stage;
    this.#checker = stage.checker;
    this.#payload = stage.payload;
    this.#device = new ZramDevice(stage.pool, stage.pageBytes, slotCount, stage.payload);
    this.#hugeFromBytes = hugeFromBytes;
  }

  play(line: TraceLine): void {
    switch (line.kind) {
      case Kind.write:
        return this.#write(line);
      case Kind.discard:
        if (!line.isIntegers(2)) throw badFields(line, 2);
        this.#device.discard(this.#slotOf(line));
        return this.#checkPages(line, 1);
      case Kind.compact:
        return this.#compact(line);
      case Kind.memory:
        return this.#checkMmStat(line);
      default:
        throw new TraceError(`unknown operation "${line.kindName}"`);
    }
  }

  #write(line: TraceLine): void {
    const isWrite = line.count === WRITE_FIELDS && line.letters === 1 << KIND_FIELD && line.others === 0;
    if (!isWrite)
      throw new TraceError('operation "w" has the fields slot, kind ("c", "h" or "s"), length and memPages');
    const slot = this.#slotOf(line);
    const bytes = line.at(2);
    const { pageBytes } = this.#stage;
    switch (line.at(KIND_FIELD)) {
      case SAME_FILLED:
        this.#checker?.equal("length of a same-filled page", bytes, 0);
        this.#device.storeSameFilled(slot);
        break;
      case HUGE:
        this.#checker?.equal("length of a huge page", bytes, pageBytes);
        this.#store(slot, SlotKind.huge, pageBytes);
        break;
      case COMPRESSED:
        this.#checkCompressedLength(bytes);
        if (bytes < 1 || bytes > pageBytes) throw new TraceError(`length ${bytes} is out of range: 1 to ${pageBytes}`);
        this.#store(slot, SlotKind.compressed, bytes);
        break;
      default:
        throw new TraceError(`unknown kind of page "${String.fromCharCode(line.at(KIND_FIELD))}": use "c", "h" or "s"`);
    }
    this.#checkPages(line, 3);
  }

  #store(slot: number, kind: SlotKind, bytes: number): void {
    const errno = this.#device.storeObject(slot, kind, bytes);
    if (errno === 0) return;
    if (this.#checker !== undefined) throw new Divergence("result", "success", errnoName(errno));
    if (errno === ENOMEM) throw new TraceError("the simulated machine has no page left");
    this.refusedCount++;
  }

  #compact(line: TraceLine): void {
    if (!line.isIntegers(2)) throw badFields(line, 2);
    const pagesFreed = this.#device.compact();
    this.#checker?.equal("pagesCompacted", line.at(0), pagesFreed);
    this.#checkPages(line, 1);
    this.#payload?.verifyAll();
  }

  #checkMmStat(line: TraceLine): void {
    if (!line.isIntegers(MM_STAT_COLUMNS.length)) throw badFields(line, MM_STAT_COLUMNS.length);
    if (this.#checker === undefined) return;
    const columns = this.#device.mmStat();
    for (const [i, name] of MM_STAT_COLUMNS.entries()) this.#checker.equal(`mm_stat ${name}`, line.at(i), columns[i]!);
  }

  /** A page that compresses to the limit or more would have been stored as it is; none compresses to nothing. */
  #checkCompressedLength(bytes: number): void {
    if (this.#checker === undefined) return;
    this.#checker.count++;
    if (bytes >= 1 && bytes < this.#hugeFromBytes) return;
    throw new Divergence("length of a compressed page", bytes, `1 to ${this.#hugeFromBytes - 1}`);
  }

  #checkPages(line: TraceLine, field: number): void {
    this.#checker?.equal("memPages", line.at(field), this.#stage.pool.totalPages());
  }

  #slotOf(line: TraceLine): number {
    const slot = line.at(0);
    if (slot >= 0 && slot < this.#device.slotCount) return slot;
    throw new TraceError(`slot ${slot} is out of range: 0 to ${this.#device.slotCount - 1}`);
  }
}

/** Chains of 8 pages are the kernel's default. */
const DEFAULT_CHAIN_SIZE = 8;

export const zram618: TraceFamily = {
  name: "zram-6.18",
  backend: "zsmalloc",
  recognises: (header) => header["source"] === "live kernel zram",
  settings(header, overrides) {
    const recorded = headerInteger(header, "chainSize", 4, 16);
    const chainSize = overrides.chainSize ?? recorded ?? DEFAULT_CHAIN_SIZE;
    slotCountOf(header);
    return { pageBytes: pageBytesOf(header), poolOptions: { era: "linux-6.12", chainSize } };
  },
  createPlayer(stage) {
    const { plan } = resolveOptions(stage.pageBytes, stage.recordedOptions);
    return new ZramPlayer(stage, slotCountOf(stage.header), plan.hugeClassSizeBytes ?? stage.pageBytes + 1);
  },
};

function slotCountOf(header: TraceHeader): number {
  const slotCount = headerInteger(header, "slots", 1, MAX_SLOTS);
  if (slotCount !== undefined) return slotCount;
  throw new TraceError("the header lacks the number of slots");
}
