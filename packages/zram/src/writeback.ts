// Writeback: pages leave the pool for the backing device, decompressed.

import { EINVAL, ENOSPC, type Errno } from "@zlab/hw-sim";
import { type BackingStore, NO_BLOCK } from "./backing-store.ts";
import { Candidates } from "./candidates.ts";
import { EIO, ERANGE } from "./errno.ts";
import { ZramError } from "./errors.ts";
import type { PageStore } from "./page-store.ts";
import { type Argument, U64_MAX, parseArguments, parseInteger, show, valueOf, withoutNewline } from "./parse.ts";
import { LOGICAL_BLOCK_BYTES } from "./requests.ts";
import { SlotFlag } from "./slot-table.ts";

/** A range of slots, and the flags that a slot must all have. */
export interface WritebackScan {
  readonly first: number;
  /** Included. */
  readonly last: number;
  readonly flags: readonly number[];
}

/** How much may be written back yet. */
export interface WritebackBudget {
  isEnabled: boolean;
  /** In blocks of 4 KiB. */
  blocks: bigint;
}

const TYPES: Readonly<Record<string, readonly number[]>> = {
  idle: [SlotFlag.idle],
  huge: [SlotFlag.huge],
  huge_idle: [SlotFlag.idle, SlotFlag.huge],
  incompressible: [SlotFlag.incompressible],
};

const NEVER = SlotFlag.same | SlotFlag.writtenBack;

/** Reads the text written to `writeback` as 6.18 does: arguments from left to right, of which a type is the last. Throws EINVAL or
 * ERANGE. */
export function parseWriteback(text: string, slotCount: number): WritebackScan[] {
  const scans: WritebackScan[] = [];
  let range = { first: 0, last: slotCount - 1 };
  for (const argument of parseArguments(text)) {
    if (argument.value === undefined) return [...scans, { ...range, flags: typeOf(argument.key) }];
    const value = valueOf("writeback", argument);
    if (argument.key === "type") return [...scans, { ...range, flags: typeOf(value) }];
    if (argument.key !== "page_index" && argument.key !== "page_indexes") continue;
    range = argument.key === "page_index" ? pageRange(argument, [value, value]) : pageRange(argument, value.split("-"));
    if (range.last >= slotCount || range.first > range.last) {
      throw new ZramError(ERANGE, `writeback: ${show(value)} is no range of the ${slotCount} pages`);
    }
    scans.push({ ...range, flags: [] });
  }
  return scans;
}

/** Reads the text as 6.12 does: one word. Throws EINVAL. */
export function parseWriteback612(text: string, slotCount: number): WritebackScan {
  const word = withoutNewline(text);
  const [, index] = /^page_index=([+-]?[0-9]+)$/.exec(word) ?? [];
  if (index === undefined) return { first: 0, last: slotCount - 1, flags: typeOf(word) };
  const first = Number(index);
  if (first < 0 || first >= slotCount) throw new ZramError(EINVAL, `writeback: the device has no page ${index}`);
  return { first, last: first, flags: [] };
}

function typeOf(word: string): readonly number[] {
  const flags = Object.hasOwn(TYPES, word) ? TYPES[word] : undefined;
  if (flags === undefined) throw new ZramError(EINVAL, `writeback: no type ${show(word)}`);
  return flags;
}

function pageRange({ key }: Argument, ends: readonly string[]): { first: number; last: number } {
  const [first, last] = ends.map((end) => Number(parseInteger(`writeback: ${key}`, end, { min: 0n, max: U64_MAX })));
  if (first === undefined || last === undefined || ends.length > 2) {
    throw new ZramError(EINVAL, `writeback: ${key} is FIRST-LAST`);
  }
  return { first, last };
}

/** Writes back as 6.18 does, the largest first. Returns 0, or the error that stopped it or came last: EIO (the budget, the device),
 * ENOSPC. */
export function writeBackLargestFirst(
  store: PageStore,
  backing: BackingStore,
  budget: WritebackBudget,
  scans: readonly WritebackScan[],
): 0 | Errno {
  const candidates = new Candidates(store);
  for (const scan of scans) {
    for (let index = scan.first; index <= scan.last; index++) {
      if (isCandidate(store, index, scan.flags)) candidates.add(index);
    }
  }
  const run = new Writeback(store, backing, budget);
  candidates.process((index) => run.prepare() && run.write(index));
  return run.finish();
}

/** Writes back as 6.12 does, in the order of the slots. Budget and room are asked for at every slot, candidate or not. */
export function writeBackInSlotOrder(
  store: PageStore,
  backing: BackingStore,
  budget: WritebackBudget,
  { first, last, flags }: WritebackScan,
): 0 | Errno {
  const run = new Writeback(store, backing, budget);
  for (let index = first; index <= last && run.prepare(); index++) {
    if (!isCandidate(store, index, flags)) continue;
    store.slots.set(index, SlotFlag.selected);
    run.write(index);
    // A page that stays, since the write failed, loses both marks.
    if (!store.slots.has(index, SlotFlag.writtenBack)) store.slots.unset(index, SlotFlag.selected | SlotFlag.idle);
  }
  return run.finish();
}

function isCandidate({ slots }: PageStore, index: number, flags: readonly number[]): boolean {
  if (!slots.isAllocated(index) || slots.has(index, NEVER)) return false;
  return flags.every((flag) => slots.has(index, flag));
}

class Writeback {
  readonly #store: PageStore;
  readonly #backing: BackingStore;
  readonly #budget: WritebackBudget;
  readonly #page: Uint8Array;
  readonly #blocksPerPage: bigint;
  #block: number = NO_BLOCK; // in hand
  #result: 0 | Errno = 0;

  constructor(store: PageStore, backing: BackingStore, budget: WritebackBudget) {
    this.#store = store;
    this.#backing = backing;
    this.#budget = budget;
    this.#page = new Uint8Array(store.pageBytes);
    this.#blocksPerPage = BigInt(store.pageBytes / LOGICAL_BLOCK_BYTES);
  }

  /** Sees that there is budget, and a block in hand; false ends the run. */
  prepare(): boolean {
    if (this.#budget.isEnabled && this.#budget.blocks === 0n) return this.#stop(EIO);
    if (this.#block === NO_BLOCK) this.#block = this.#backing.allocate();
    return this.#block !== NO_BLOCK || this.#stop(ENOSPC);
  }

  /** Writes a selected page to the block in hand. A page that can't be written stays where it is, and the run goes on. */
  write(index: number): boolean {
    const { slots, counters } = this.#store;
    const failed = this.#store.load(index, this.#page) || this.#backing.write(this.#block, this.#page);
    if (failed !== 0) {
      this.#result = failed;
      return true;
    }
    counters.backingWrites++;
    if (!slots.has(index, SlotFlag.selected)) return true;
    this.#store.replaceWrittenBack(index, this.#block);
    this.#block = NO_BLOCK;
    this.#spend();
    return true;
  }

  /** Releases the block that is still in hand. */
  finish(): 0 | Errno {
    if (this.#block !== NO_BLOCK) this.#backing.release(this.#block);
    return this.#result;
  }

  #spend(): void {
    if (!this.#budget.isEnabled) return;
    const left = this.#budget.blocks - this.#blocksPerPage;
    this.#budget.blocks = left < 0n ? 0n : left;
  }

  #stop(errno: Errno): false {
    this.#result = errno;
    return false;
  }
}
